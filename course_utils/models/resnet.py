"""ResNet-34, which Keras does not have.

K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", 2015,
https://arxiv.org/abs/1512.03385: table 1, column "34-layer", with projection shortcuts where the
shape changes (option B of section 3.3).
"""

from course_utils import quiet

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Filters and number of residual blocks of each stage."""


def resnet34(size):
    """Build ResNet-34 up to its last feature maps.

    Every convolution is followed by batch normalisation and has no bias of its own; weights start
    as in He et al., "Delving Deep into Rectifiers", 2015. The stem and the first block of each but
    the first stage halve the maps.

    Parameters
    ----------
    size : int
        Side of the square picture in pixels, 32 or more.

    Returns
    -------
    keras.Model
        Named "resnet34". Takes float32 (n, size, size, 3), centred around 0; gives float32
        (n, size / 32, size / 32, 512), rounded up.
    """
    layers = quiet.import_keras().layers

    def convolve(x, filters, kernel, strides, name):
        x = layers.Conv2D(
            filters,
            kernel,
            strides,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"{name}_conv",
        )(x)
        return layers.BatchNormalization(name=f"{name}_bn")(x)

    def residual_block(x, filters, strides, name):
        y = layers.ReLU(name=f"{name}_1_relu")(convolve(x, filters, 3, strides, f"{name}_1"))
        y = convolve(y, filters, 3, 1, f"{name}_2")
        if x.shape != y.shape:
            x = convolve(x, filters, 1, strides, f"{name}_shortcut")
        return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))

    picture = layers.Input((size, size, 3), name="picture")
    x = layers.ReLU(name="stem_relu")(
        convolve(picture, 64, 7, 2, "stem")
    )  # (size / 2, size / 2, 64)
    x = layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(x)  # (size / 4, size / 4, 64)
    for stage, (filters, blocks) in enumerate(STAGES, start=1):
        for block in range(1, blocks + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            x = residual_block(x, filters, strides, f"stage{stage}_block{block}")
    return quiet.import_keras().Model(picture, x, name="resnet34")
