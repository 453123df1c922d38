"""A network of a few thousand weights, for tests of what is around a network."""

from course_utils import quiet


def small_network(size=32, classes=2):
    """Build a classifier that takes pictures as `models.build`'s do; its weights are random."""
    keras = quiet.import_keras()
    layers = keras.layers
    picture = keras.Input((size, size, 3), name="picture")
    x = layers.Conv2D(8, 5, 4, activation="relu")(layers.Rescaling(1 / 127.5, -1)(picture))
    x = layers.Flatten()(layers.BatchNormalization()(x))
    return keras.Model(picture, layers.Dense(classes, activation="softmax")(x))
