"""A network of a few thousand weights in the place of the three: for tests of what is around it."""

import runpy
import sys

from course_utils import models, quiet


def small_network(size=32, classes=2, name="small"):
    """Build a classifier in the form of `models.build`'s, with random weights."""
    keras = quiet.import_keras()
    layers = keras.layers
    inside, shown = keras.Input((size, size, 3)), keras.Input((size, size, 3), name="picture")
    maps = layers.ReLU()(
        layers.BatchNormalization(momentum=0.9)(layers.Conv2D(8, 5, 4, use_bias=False)(inside))
    )
    x = layers.Flatten()(
        keras.Model(inside, maps, name="backbone")(layers.Rescaling(1 / 127.5, -1)(shown))
    )
    return keras.Model(
        shown, layers.Dense(classes, activation="softmax", name="probabilities")(x), name=name
    )


def build(name, size, classes, alpha=1.0, weights=None, dropout=0.2):
    """Take the arguments of `models.build`."""
    return small_network(size, classes, name)


if __name__ == "__main__":  # python small_network.py -m MODULE ARGUMENT
    models.build = build
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
