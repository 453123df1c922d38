"""What stands in a model's file, looked at before Keras opens it.

A file of a stranger may hold another format, code in place of layers, or a few bytes that unpack to
gigabytes. Each is told from the file's own table of contents: nothing in it is executed, and no
array is read.

Formats: https://keras.io/api/models/model_saving_apis/ and
https://docs.hdfgroup.org/hdf5/develop/_f_m_t3.html.
"""

import io
import json
import zipfile
import zlib
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.models.unpacking import LARGEST, Layers, declared_bytes, stored_bytes

CLASS_NAMES = "class_names.json"
"""The file inside a `.keras` file that names the classes, in the order of the outputs."""

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
"""The layers, and their numbers, inside a `.keras` file."""

ORDINARY, RATIO = 2**27, 20
"""Bytes that any file may unpack to, and how many times its own size a larger one may have. Numbers
of a network hardly shrink."""

LARGEST_TEXT = 2**24
"""Bytes of a description. That of ResNet-50 has 200 kB."""

HDF5 = b"\x89HDF\r\n\x1a\n"

KERAS = (
    "keras.activations",
    "keras.constraints",
    "keras.dtype_policies",
    "keras.initializers",
    "keras.layers",
    "keras.models",
    "keras.ops",
    "keras.regularizers",
    "keras.src.models",
    "keras.src.ops",
)
"""Where layers and their parts come from. `keras.utils` is not among them: it can fetch files."""

PROGRAMS = {
    "Lambda",
    "__lambda__",
    "TFSMLayer",
    "JaxLayer",
    "FlaxLayer",
    "TorchModuleWrapper",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
}
"""Classes of Keras that execute code of the file, or open other files."""

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    OSError,
    EOFError,
)
"""What the libraries raise when they meet a damaged file."""


def read_class_names(path):
    """Look at a model's file, and return the names of its classes.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    tuple of str or None
        None when the file names none.

    Raises
    ------
    CourseError
        When the file is missing, is none of Keras 3, is damaged, holds code or other things than
        layers of Keras and of this course, or would take far more memory than it has bytes.
    """
    path = Path(path)
    _refuse_other_formats(path)
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            _refuse_large(path, sum(sizes.values()))
            if missing := {CONFIG, WEIGHTS} - set(sizes):
                raise CourseError(
                    f"{path} can't be read as a Keras model: it is an archive without"
                    f" {' and '.join(sorted(missing))}; give the .keras file that was saved."
                )
            if sizes[CONFIG] + sizes.get(CLASS_NAMES, 0) > LARGEST_TEXT:
                raise CourseError(
                    f"{path} can't be read as a Keras model: its description has"
                    f" {(sizes[CONFIG] + sizes.get(CLASS_NAMES, 0)) / 1e6:.0f} MB, and is no"
                    " description of layers."
                )
            if damaged := archive.testzip():
                raise CourseError(
                    f"{path} can't be read as a Keras model: its part {damaged} is damaged; train"
                    " it again or fetch it again."
                )
            description = json.loads(archive.read(CONFIG))
            names = json.loads(archive.read(CLASS_NAMES)) if CLASS_NAMES in sizes else None
            layers = Layers(description)
            _refuse_programs(path, layers)
            _refuse_large(path, stored_bytes(path, io.BytesIO(archive.read(WEIGHTS))))
        _refuse_large(path, declared_bytes(layers, description))
    except UNREADABLE as error:
        raise unreadable(path) from error
    return None if names is None else _checked_names(path, names)


def unreadable(path):
    """Return the sentence for a file that is damaged in a way that nothing more can be said of."""
    return CourseError(
        f"{path} can't be read as a Keras model: it is damaged or something else; train it again or"
        " fetch it again."
    )


def check_outputs(path, model, class_names):
    """Hold a network's outputs against the names of its classes.

    Parameters
    ----------
    path : path-like
    model : keras.Model
    class_names : tuple of str or None

    Raises
    ------
    CourseError
        When it has several outputs, one number only, no names or another number of them.
    """
    shape = model.output_shape
    if not isinstance(shape, tuple) or len(shape) != 2 or not isinstance(shape[1], int):
        raise CourseError(
            f"{path} is a Keras model, but no classifier: it gives {shape}, and a classifier gives"
            " one probability a class, (None, classes)."
        )
    if shape[1] == 1:
        raise CourseError(
            f"{path} gives a single number a picture (a sigmoid), and the course needs a"
            " probability for each class: train it with two outputs and softmax, or build a model"
            " that gives p and 1 - p, and save it with course_utils.models.save."
        )
    if class_names is None:
        raise CourseError(
            f"{path} holds no names of classes: if its network takes RGB pictures of 0 to 255, read"
            " it with keras.models.load_model and save it again with course_utils.models.save and"
            f" {shape[1]} names, in the order of its outputs."
        )
    if len(class_names) != shape[1]:
        raise CourseError(
            f"{path} has {shape[1]} outputs and {len(class_names)} names of classes: save it again"
            " with course_utils.models.save and one name an output."
        )


def _refuse_other_formats(path):
    if path.is_dir():
        if (path / "saved_model.pb").is_file():
            raise CourseError(
                f"{path} is a SavedModel, and a .keras file is needed: a SavedModel is a program,"
                " so serve it only if you trust who made it (put it as folder 1 into an empty"
                " folder, then `course serve` that), or ask for the .keras file."
            )
        raise CourseError(f"{path} is a folder: give the .keras file of a trained model.")
    if not path.is_file():
        raise CourseError(f"{path} is missing: give the .keras file of a trained model.")
    try:
        with open(path, "rb") as stream:
            start = stream.read(len(HDF5))
    except OSError as error:
        raise CourseError(
            f"{path} can't be read ({error.strerror}): correct its permissions."
        ) from error
    if start == HDF5:
        raise CourseError(
            f"{path} is a model in Keras' old format, HDF5: if its network takes RGB pictures of 0"
            " to 255 and you trust who made it, read it with keras.models.load_model and save it as"
            " a .keras file with course_utils.models.save and the names of its classes."
        )
    if not zipfile.is_zipfile(path):
        raise unreadable(path)


def _refuse_large(path, size):
    packed = path.stat().st_size
    if size > min(LARGEST, max(ORDINARY, RATIO * packed)):
        raise CourseError(
            f"{path} has {packed / 1e6:.2f} MB and would take {size / 1e9:.1f} GB of memory, which"
            " no network of that file's size does: it is not loaded; fetch it again from who made"
            " it."
        )


def _refuse_programs(path, layers):
    for module, name, _ in layers.found:
        if name in PROGRAMS:
            raise CourseError(
                f"{path} holds a part {_printable(name)}, which is code of whoever made it or opens"
                " other files: the course executes none; ask for a network of Keras' plain layers"
                " (Rescaling in place of Lambda)."
            )
        known = module in ("", "keras") or any(
            module == place or module.startswith(place + ".") for place in KERAS
        )
        if not known and not module.startswith("course_utils.augmentation."):
            raise CourseError(
                f"{path} needs {_printable(module)}.{_printable(name)}, code that the file does not"
                " hold and the course does not execute: ask for a network of Keras' own layers."
            )


def _checked_names(path, names):
    again = "save it again with course_utils.models.save and one name a class."
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CourseError(
            f"{path} names its classes {_printable(json.dumps(names))}, and names are words:"
            f" {again}"
        )
    for name in names:
        if not name.strip() or not name.isprintable() or len(name) > 100:
            raise CourseError(
                f"{path} names a class {_printable(name)!r}, which can't be shown: {again}"
            )
    if len(set(names)) != len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise CourseError(f"{path} names two classes {double}: {again}")
    return tuple(names)


def _printable(text):
    """Return at most 60 characters of a stranger's text, none of which moves the cursor."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[:60])
    return shown + ("..." if len(text) > 60 else "")
