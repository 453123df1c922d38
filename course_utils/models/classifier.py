"""A network that takes pictures as they are and gives a probability a class.

Everything that a model needs later travels in its one `.keras` file: the picture's size is its
input shape, preprocessing is its first layers, and the names of its classes stand beside the
weights. The file holds Keras' own layers only, so `keras.models.load_model` reads it without this
package; unless a layer of `course_utils.augmentation` was built into the network, for which `load`
knows where to look.
"""

import json
import re
import shutil
import tempfile
import warnings
import zipfile
from pathlib import Path

from course_utils import files, quiet
from course_utils.errors import CourseError
from course_utils.models import imagenet, loading
from course_utils.models.loading import CLASS_NAMES
from course_utils.models.resnet import resnet34

NAMES = ("resnet34", "resnet50", "mobilenetv2")

MOMENTUM = 0.9
"""Of batch normalisation: a batch moves the running statistics by a tenth of the way. Keras' own,
0.99, and 0.999 in MobileNetV2, suit training of many thousand steps; after a few hundred the
statistics would still be near their start."""

IMAGENET_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
"""The widths of MobileNetV2 that Keras has ImageNet weights for."""

SMALLEST = 32
"""Pixels: all three networks halve the picture five times."""


class WeightsUnavailable(CourseError):
    """ImageNet weights were asked for and can't be had here; the caller decides what to do."""


def build(name, size, classes, alpha=1.0, weights=None, dropout=0.2):
    """Build one of the course's three networks.

    The model consists of the layers that preprocess, a model named "backbone" that turns the
    picture into feature maps, their average, dropout, and a dense layer named "probabilities". To
    train the head only, set `model.get_layer("backbone").trainable = False`; batch normalisation
    then keeps its statistics as well.

    Parameters
    ----------
    name : str
        "resnet34" (He et al. 2015), "resnet50" (the same; `keras.applications.ResNet50`) or
        "mobilenetv2" (Sandler et al. 2018, https://arxiv.org/abs/1801.04381;
        `keras.applications.MobileNetV2`).
    size : int
        Side of the square picture in pixels, 32 or more.
    classes : int
        2 or more.
    alpha : float
        Width of MobileNetV2: every layer has this share of its filters. 1 for the others.
    weights : None, "imagenet" or path-like
        Where the backbone's weights come from: random numbers; ImageNet, which the environment
        brings for mobilenetv2 of width 1 (see `course_utils.models.imagenet`), from Keras' cache or
        the network for the others; or a file. A file is a `.keras` file of `save`, or weights of
        such a backbone without a head, in Keras' formats `.weights.h5` and `.h5`. The head always
        starts from random numbers.
    dropout : float
        Share of the averaged features that a training step leaves out, 0 to below 1.

    Returns
    -------
    keras.Model
        Takes float32 (n, size, size, 3), RGB, 0 to 255; gives float32 (n, classes), probabilities
        that sum to 1. The last layer computes in float32 under mixed precision, too.

    Raises
    ------
    WeightsUnavailable
        When ImageNet weights can't be fetched, or there are none for this network.
    CourseError
        When an argument is out of range or the weights' file does not fit.
    """
    _check_arguments(name, size, classes, alpha, dropout)
    keras = quiet.import_keras()
    backbone = (
        _imagenet(name, size, alpha)
        if weights == "imagenet"
        else _backbone(name, size, alpha, None)
    )
    backbone.name = "backbone"
    if weights not in (None, "imagenet"):
        _load_backbone(backbone, Path(weights), name)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    picture = keras.layers.Input((size, size, 3), name="picture")
    x = backbone(_preprocess(picture, name))
    x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    probabilities = keras.layers.Dense(
        classes, activation="softmax", dtype="float32", name="probabilities"
    )(x)
    return keras.Model(picture, probabilities, name=name)


def save(model, path, class_names):
    """Write a model and the names of its classes to one file, whole or not at all.

    Parameters
    ----------
    model : keras.Model
    path : path-like
        Ends in ".keras".
    class_names : sequence of str
        One an output, in their order.

    Raises
    ------
    CourseError
        When the path ends otherwise, or there is not one name an output.
    OSError
        When the folder can't be written to or the disk is full.
    """
    path, class_names = Path(path), list(class_names)
    if path.suffix != ".keras":
        raise CourseError(f"{path} does not end in .keras: choose a name that does.")
    if len(set(class_names)) != model.output_shape[-1] or len(class_names) != len(set(class_names)):
        raise CourseError(
            f"{path}: {model.output_shape[-1]} classes need as many different names; there are"
            f" {len(set(class_names))}."
        )
    with (
        files.replacing(path) as temporary,
        tempfile.TemporaryDirectory(prefix=f".{path.stem[:40]}-", dir=path.parent) as folder,
    ):
        plain = quiet.import_keras().Model(model.input, model.output, name=model.name)
        plain.save(Path(folder, "model"), zipped=False)  # without the optimizer's state
        names = json.dumps(class_names, ensure_ascii=False)
        Path(folder, "model", CLASS_NAMES).write_text(names, encoding="utf-8")
        _pack(Path(folder, "model"), temporary)


def _pack(folder, path):
    """Put a folder's files into a `.keras` archive.

    Keras writes the present time into an archive, which zip allows from 1980 to 2107 only.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for file in files.files_below(folder):
            member = zipfile.ZipInfo(file.relative_to(folder).as_posix())  # of 1980
            member.file_size = file.stat().st_size
            with open(file, "rb") as source, archive.open(member, "w") as target:
                shutil.copyfileobj(source, target, 1 << 20)


def load(path):
    """Read a model and the names of its classes.

    Parameters
    ----------
    path : path-like
        A file that `save` wrote.

    Returns
    -------
    model : keras.Model
        Not compiled, with the weights that it was saved with; `model.input_shape` holds its size.
    class_names : tuple of str
        One an output, in their order.

    Raises
    ------
    CourseError
        When the file is missing, is no model, or holds no names of classes; `loading` says what
        else it refuses.
    """
    path = Path(path)
    from course_utils.augmentation import face_size  # noqa: F401  tells Keras of its layers

    class_names = loading.read_class_names(path)
    try:
        model = quiet.import_keras().models.load_model(path, compile=False)
    except loading.UNREADABLE as error:
        raise loading.unreadable(path) from error
    loading.check_outputs(path, model, class_names)
    return model, class_names


def _check_arguments(name, size, classes, alpha, dropout):
    if name not in NAMES:
        raise CourseError(f"There is no network {name!r}: choose one of {', '.join(NAMES)}.")
    if size < SMALLEST:
        raise CourseError(
            f"A picture of {size} pixels is too small: the networks halve it five times and need"
            f" {SMALLEST} or more."
        )
    if classes < 2:
        raise CourseError(f"A classifier needs two classes or more, not {classes}.")
    if alpha != 1.0 and name != "mobilenetv2":
        raise CourseError(f"alpha is the width of mobilenetv2: leave it out for {name}.")
    if not 0 < alpha <= 2:
        raise CourseError(f"alpha = {alpha} is out of range: choose a width above 0, up to 2.")
    if not 0 <= dropout < 1:
        raise CourseError(f"dropout = {dropout} is out of range: choose a share from 0 to below 1.")


def _preprocess(picture, name):
    """Shift and scale 0 ... 255 to what the backbone was made for."""
    keras = quiet.import_keras()
    if name != "resnet50":
        return keras.layers.Rescaling(1 / 127.5, offset=-1, name="preprocess")(picture)  # -1 ... 1
    # Keras' ResNet-50 got its ImageNet weights from Caffe: blue comes first, and ImageNet's mean is
    # taken off.
    x = keras.layers.Rescaling(1.0, offset=[-123.68, -116.779, -103.939], name="preprocess")(
        picture
    )
    return keras.ops.flip(x, axis=-1)


def _backbone(name, size, alpha, weights):
    applications = quiet.import_keras().applications
    if name == "resnet34":
        return resnet34(size)
    if name == "resnet50":
        return applications.ResNet50(
            include_top=False, weights=weights, input_shape=(size, size, 3)
        )
    with (
        warnings.catch_warnings()
    ):  # that ImageNet weights were made at another size: it is so, and does no harm
        warnings.simplefilter("ignore")
        return applications.MobileNetV2(
            include_top=False, weights=weights, input_shape=(size, size, 3), alpha=alpha
        )


def _imagenet(name, size, alpha):
    """Return a backbone with ImageNet weights: of the environment, of Keras or of the network."""
    if name == "resnet34":
        raise WeightsUnavailable(
            "Keras has no ImageNet weights for resnet34: give a file of weights, or train from"
            " random numbers (weights=None)."
        )
    if name == "mobilenetv2" and alpha not in IMAGENET_ALPHAS:
        raise WeightsUnavailable(
            f"There are no ImageNet weights for alpha = {alpha}: choose one of"
            f" {', '.join(map(str, IMAGENET_ALPHAS))}, or weights=None."
        )
    file = imagenet.weights_file() if (name, alpha) == ("mobilenetv2", 1.0) else None
    if file is not None:
        backbone = _backbone(name, size, alpha, None)
        imagenet.fill(backbone, file)
        return backbone
    try:
        return _backbone(name, size, alpha, "imagenet")
    except Exception as error:  # Keras raises a plain Exception when a download fails
        named = re.search(r"[\w.]+\.h5", str(error))
        file = named[0] if named else "the file"
        raise WeightsUnavailable(
            f"The ImageNet weights of {name} can't be fetched: connect to the internet once, or put"
            f" {file} into .keras/models in your home folder, or train from random numbers"
            " (weights=None)."
        ) from error


def _load_backbone(backbone, path, name):
    """Fill a backbone with the weights of a file."""
    if not path.is_file():
        raise CourseError(
            f"{path} is missing: give a file of weights, or train from random numbers"
            " (weights=None)."
        )
    keras = quiet.import_keras()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings(
                "error", message="Skipping"
            )  # Keras would go on with random numbers where a part is missing
            if path.suffix == ".keras":
                loading.read_class_names(path)
                backbone.set_weights(
                    keras.models.load_model(path, compile=False).get_layer("backbone").get_weights()
                )
            else:
                backbone.load_weights(path)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        raise CourseError(
            f"{path} holds no weights that fit {name}: give the file of the same network and width,"
            " without a head."
        ) from error
