"""Keras layers that imitate a camera's faults on whole batches.

Those that Keras itself does not have.

Every layer takes and gives float32 (n, height, width, 3), RGB, 0 to 255, and does nothing unless it
is called with `training=True`. Each picture of a batch draws its own numbers. The order in a policy
is that of the light: what stands before the camera, lens, sensor, file.
"""

import math

import numpy as np

from course_utils import quiet

keras = quiet.import_keras()
import tensorflow as tf  # noqa: E402
from keras import ops  # noqa: E402

GREY = np.array(
    [[0.299, 0.587, 0.114]], np.float32
)  # ITU-R BT.601: how much R, G and B weigh in a grey picture


class Fault(keras.layers.Layer):
    """What the layers below share: a seed, and silence outside of training.

    Parameters
    ----------
    seed : int, optional
        The same seed gives the same pictures again, batch for batch.
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(
            **{"dtype": "float32", **kwargs}
        )  # pictures keep their precision under mixed precision, too
        self.seed = seed
        self.random = keras.random.SeedGenerator(seed)

    def call(self, pictures, training=False):
        return self.spoil(pictures) if training else pictures

    def uniform(self, low, high, *shape):
        return keras.random.uniform(shape, low, high, seed=self.random)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable("course")
class RandomWarp(Fault):
    """Flip, turn, zoom, shift, shear and tilt in one step.

    A random homography, and one interpolation.

    Parameters
    ----------
    rotation, shear : float
        Degrees, to either side.
    zoom : float
        Enlarges or shrinks by up to this share; 0.25 means 1 / 1.25 to 1.25.
    shift : float
        To every side, a share of the picture's side. With `zoom` this is crop and pad.
    perspective : float
        How much nearer one side may be than the middle, 0 to below 0.5.
    flip : bool
        Mirror every second picture, left to right.
    """

    def __init__(
        self,
        rotation=0.0,
        shear=0.0,
        zoom=0.0,
        shift=0.0,
        perspective=0.0,
        flip=True,
        seed=None,
        **kwargs,
    ):
        super().__init__(seed, **kwargs)
        self.rotation, self.shear, self.zoom = rotation, shear, zoom
        self.shift, self.perspective, self.flip = shift, perspective, flip

    def homographies(self, count):
        """Draw matrices from a place in the new picture to its place in the old one.

        Returns
        -------
        tensor, float32, (count, 3, 3)
            In coordinates from the middle, -1 to 1 across the longer side.
        """
        turn = self.uniform(-1, 1, count) * math.radians(self.rotation)
        shear = ops.tan(self.uniform(-1, 1, count) * math.radians(self.shear))
        scale = ops.exp(self.uniform(-1, 1, count) * math.log(1 + self.zoom))
        mirror = ops.sign(self.uniform(-1, 1, count)) if self.flip else ops.ones(count)
        x, y, p, q = (
            self.uniform(-1, 1, count) * limit
            for limit in (2 * self.shift, 2 * self.shift, self.perspective, self.perspective)
        )
        cosine, sine = ops.cos(turn) * scale, ops.sin(turn) * scale
        numbers = [
            cosine * mirror,
            cosine * shear - sine,
            x,
            sine * mirror,
            sine * shear + cosine,
            y,
            p * mirror,
            q,
            ops.ones(count),
        ]
        return ops.reshape(ops.stack(numbers, axis=-1), (-1, 3, 3))

    def spoil(self, pictures):
        count, height, width = ops.shape(pictures)[0], *pictures.shape[1:3]
        half = max(height, width) / 2
        middle = np.array(
            [[half, 0, (width - 1) / 2], [0, half, (height - 1) / 2], [0, 0, 1]], np.float32
        )
        pixels = middle @ self.homographies(count) @ np.linalg.inv(middle).astype(np.float32)
        eight = ops.reshape(pixels / pixels[:, 2:, 2:], (-1, 9))[:, :8]
        return ops.image.affine_transform(
            pictures, eight, interpolation="bilinear", fill_mode="reflect"
        )  # TensorFlow's takes all eight

    def get_config(self):
        return {
            **super().get_config(),
            "rotation": self.rotation,
            "shear": self.shear,
            "zoom": self.zoom,
            "shift": self.shift,
            "perspective": self.perspective,
            "flip": self.flip,
        }


@keras.saving.register_keras_serializable("course")
class RandomLight(Fault):
    """Exposure, contrast, saturation and hue: together one affine map of the colours a picture.

    Parameters
    ----------
    exposure : float
        Stops, to either side; one stop doubles or halves every value.
    contrast, saturation : float
        Factor 1 - value to 1 + value; contrast pulls towards the middle grey of 127.5, saturation
        towards the pixel's own grey.
    hue : float
        Share of the colour circle, to either side; 0.5 reaches the opposite colour. A turn about
        the axis of greys.
    """

    def __init__(self, exposure=0.0, contrast=0.0, saturation=0.0, hue=0.0, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.exposure, self.contrast, self.saturation, self.hue = (
            exposure,
            contrast,
            saturation,
            hue,
        )

    def spoil(self, pictures):
        count = ops.shape(pictures)[0]
        angle = self.uniform(-1, 1, count, 1, 1) * (2 * math.pi * self.hue)
        saturation = 1 + self.uniform(-1, 1, count, 1, 1) * self.saturation
        contrast = 1 + self.uniform(-1, 1, count, 1, 1) * self.contrast
        exposure = 2 ** (self.uniform(-1, 1, count, 1, 1) * self.exposure)
        grey = np.full((3, 3), 1 / 3, np.float32)
        quarter = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], np.float32) / math.sqrt(
            3
        )  # across the axis of greys
        turn = (
            grey + ops.cos(angle) * (np.eye(3, dtype=np.float32) - grey) + ops.sin(angle) * quarter
        )  # Rodrigues' formula
        fade = saturation * np.eye(3, dtype=np.float32) + (1 - saturation) * GREY
        colors = (
            ops.swapaxes(fade @ turn, 1, 2) * exposure * contrast
        )  # (n, 3, 3), for pixels as rows
        rows = ops.reshape(pictures, (-1, pictures.shape[1] * pictures.shape[2], 3))
        return ops.reshape(
            ops.clip(rows @ colors + 127.5 * (1 - contrast), 0, 255), ops.shape(pictures)
        )

    def get_config(self):
        return {
            **super().get_config(),
            "exposure": self.exposure,
            "contrast": self.contrast,
            "saturation": self.saturation,
            "hue": self.hue,
        }


@keras.saving.register_keras_serializable("course")
class RandomBlur(Fault):
    """A lens out of focus and a camera or head that moves: a Gaussian drawn along a line.

    Parameters
    ----------
    focus : float
        Largest standard deviation of the Gaussian, a share of the picture's side.
    motion : float
        Longest line, a share of the picture's side.
    """

    def __init__(self, focus=0.0, motion=0.0, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.focus, self.motion = focus, motion

    def kernels(self, count, side):
        """Draw kernels: float32 (count, k, k), each of sum 1.

        k is odd and wide enough for pictures of `side` pixels.
        """
        reach = max(1, math.ceil(side * (2 * self.focus + self.motion / 2)))
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
        angle = self.uniform(0, math.pi, count, 1, 1)
        half = self.uniform(0, 1, count, 1, 1) * self.motion * side / 2
        width = math.sqrt(2) * (
            0.35 + self.uniform(0, 1, count, 1, 1) * self.focus * side
        )  # 0.35: a point stays nearly a point
        along, across = (
            x * ops.cos(angle) + y * ops.sin(angle),
            y * ops.cos(angle) - x * ops.sin(angle),
        )
        half = ops.maximum(half, 0.01)
        kernel = ops.exp(-((across / width) ** 2)) * (
            ops.erf((along + half) / width) - ops.erf((along - half) / width)
        )
        return kernel / ops.sum(kernel, axis=(1, 2), keepdims=True)

    def spoil(self, pictures):
        count, height, width = ops.shape(pictures)[0], *pictures.shape[1:3]
        kernels = self.kernels(count, max(height, width))
        reach = kernels.shape[1] // 2
        padded = ops.pad(pictures, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="reflect")
        # Each picture has its own kernel: the pictures become channels of one.
        channels = ops.reshape(
            ops.transpose(padded, (1, 2, 0, 3)), (1, height + 2 * reach, width + 2 * reach, -1)
        )
        each = ops.reshape(
            ops.repeat(ops.transpose(kernels, (1, 2, 0)), 3, axis=-1),
            (2 * reach + 1, 2 * reach + 1, -1, 1),
        )
        blurred = ops.reshape(ops.depthwise_conv(channels, each), (height, width, -1, 3))
        return ops.transpose(blurred, (2, 0, 1, 3))

    def get_config(self):
        return {**super().get_config(), "focus": self.focus, "motion": self.motion}


@keras.saving.register_keras_serializable("course")
class RandomNoise(Fault):
    """A sensor in bad light: Gaussian noise, for each pixel and channel its own.

    Parameters
    ----------
    deviation : float
        Largest standard deviation, in grey levels of 255.
    """

    def __init__(self, deviation=0.0, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.deviation = deviation

    def spoil(self, pictures):
        deviation = self.uniform(0, self.deviation, ops.shape(pictures)[0], 1, 1, 1)
        noise = keras.random.normal(ops.shape(pictures), seed=self.random)
        return ops.clip(pictures + deviation * noise, 0, 255)

    def get_config(self):
        return {**super().get_config(), "deviation": self.deviation}


@keras.saving.register_keras_serializable("course")
class RandomJpeg(Fault):
    """What JPEG throws away: each picture is encoded and decoded by libjpeg, one after the other.

    On the CPU only.

    Parameters
    ----------
    lowest, highest : int
        Range of the quality, 1 to 100.
    """

    def __init__(self, lowest=30, highest=90, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.lowest, self.highest = lowest, highest

    def spoil(self, pictures):
        quality = ops.cast(
            self.uniform(self.lowest, self.highest + 1, ops.shape(pictures)[0]), "int32"
        )
        eight_bits = tf.cast(ops.round(ops.clip(pictures, 0, 255)), tf.uint8)
        saved = tf.map_fn(
            lambda pair: tf.image.adjust_jpeg_quality(*pair),
            (eight_bits, ops.minimum(quality, self.highest)),
            fn_output_signature=tf.uint8,
        )
        return ops.cast(tf.ensure_shape(saved, pictures.shape), "float32")

    def get_config(self):
        return {**super().get_config(), "lowest": self.lowest, "highest": self.highest}


@keras.saving.register_keras_serializable("course")
class Sometimes(Fault):
    """Apply a layer to a share of a batch's pictures; the others cost nothing.

    Parameters
    ----------
    layer : keras.layers.Layer
    share : float
        0 to 1; of a batch of n pictures the layer gets share * n, rounded up or down at random.
    """

    def __init__(self, layer, share=0.5, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.layer, self.share = layer, share

    def build(self, input_shape):
        if not self.layer.built:
            self.layer.build(input_shape)

    def spoil(self, pictures):
        count = ops.shape(pictures)[0]
        chosen = ops.cast(
            ops.floor(self.share * ops.cast(count, "float32") + self.uniform(0, 1)), "int32"
        )
        numbers = ops.argsort(self.uniform(0, 1, count))[:chosen]
        spoiled = self.layer(ops.take(pictures, numbers, axis=0), training=True)
        return ops.scatter_update(pictures, numbers[:, None], spoiled)

    def get_config(self):
        return {
            **super().get_config(),
            "layer": keras.saving.serialize_keras_object(self.layer),
            "share": self.share,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})
