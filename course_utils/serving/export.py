"""Write a network as a SavedModel for TensorFlow Serving, and read what such a folder holds.

A server watches one folder for each model; in it each version is a folder whose name is a number. A
version is written under another name and renamed when it is complete, so that no server ever sees
half of it.
"""

import json
import logging
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

from course_utils import files, quiet
from course_utils.errors import CourseError

IMAGES, BYTES = "serving_default", "serving_bytes"
"""The signatures: pictures as numbers, and pictures as files."""

LAST = 2**63 - 1
"""The highest number of a version; a server passes over a folder with a higher one."""

SOURCE = "assets.extra/source.txt"
"""Inside a version: the SHA-256 of the `.keras` file that it was exported from, and `FORM`."""

FORM = 2
"""Counts up when `export` writes another graph than before, so that none is reused."""

CLASS_NAMES = "assets.extra/class_names.json"
"""Inside a version: the names of the classes. `assets.extra` is the folder that TensorFlow sets
aside for its users' files."""


LITE = "model.tflite"
"""Inside a version, when asked for: the network for devices at the edge, one picture at a time. The
real server takes it in the place of the graph with `--use_tflite_model`."""


def decode_and_resize(encoded, size):
    """Turn encoded pictures into what the network takes, as a TensorFlow graph.

    JPEG is decoded by the accurate inverse cosine transform, as Pillow does. A picture of another
    size is averaged or interpolated as `pipeline.cut_face` does, and rounded to whole grey levels
    as Pillow does: where the two differ, it is by one level. EXIF rotation is not applied and
    transparency is dropped: send upright pictures.

    Parameters
    ----------
    encoded : tf.Tensor, string, (n,)
        JPEG or PNG files.
    size : int
        Side of the square in pixels.

    Returns
    -------
    tf.Tensor, float32, (n, size, size, 3), RGB, 0 to 255

    Raises
    ------
    tf.errors.InvalidArgumentError
        When one of them is no picture.
    """
    import tensorflow as tf

    def one(content):
        # decode_jpeg reads PNG as well, and unlike decode_image it can be told how exact to be
        picture = tf.cast(
            tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE"), tf.float32
        )
        resized = tf.round(tf.image.resize(picture, (size, size), antialias=True))
        return tf.ensure_shape(tf.clip_by_value(resized, 0, 255), (size, size, 3))

    return tf.map_fn(
        one,
        encoded,
        fn_output_signature=tf.TensorSpec((size, size, 3), tf.float32),
        parallel_iterations=16,
    )


def export(model, base, version, class_names, source=None, lite=False):
    """Write a network as one version of a served model.

    Parameters
    ----------
    model : keras.Model
        Takes float32 (n, size, size, 3), RGB, 0 to 255; gives float32 (n, classes).
    base : path-like
        The folder of the model. Made when missing.
    version : int
        1 or more. What a server answers with is the highest number.
    class_names : sequence of str
        One an output, in their order.
    source : str, optional
        SHA-256 of the file that the network came from, for `same`.
    lite : bool
        Write the network as TensorFlow Lite as well, with weights in float16 (`LITE`): float32 (1,
        size, size, 3), RGB, 0 to 255, in, the probabilities out.

    Returns
    -------
    pathlib.Path
        `base/version`, a SavedModel with two signatures. "serving_default" takes `images`, float32
        (n, size, size, 3), and gives `probabilities`, float32 (n, classes). "serving_bytes" takes
        `image_bytes`, string (n,), JPEG or PNG files, and gives `probabilities` and `classes`,
        string (n, classes): what each probability is of.

    Raises
    ------
    CourseError
        When the version is there already, a number or name does not fit, or a layer has no
        counterpart in TensorFlow Lite.
    """
    base, class_names = Path(base), [str(name) for name in class_names]
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= LAST:
        raise CourseError(
            f"{version!r} is no version of a model: choose a whole number from 1 to {LAST}."
        )
    if len(class_names) != model.output_shape[-1]:
        raise CourseError(
            f"The network has {model.output_shape[-1]} outputs, and there are {len(class_names)}"
            " names of classes: give one name an output."
        )
    target = base / str(version)
    if any(int(folder.name) == version for folder in versions(base)):
        raise CourseError(
            f"{target} is there already: a version never changes, so choose the number"
            f" {max(int(folder.name) for folder in versions(base)) + 1}."
        )
    quiet.import_keras()
    import tensorflow as tf

    from course_utils.models.lite import convert

    size = model.input_shape[1]
    module = tf.Module()
    # saved with the functions; the layers, which nothing reads, would take most of the time
    module.state = [variable.value for variable in model.variables]

    @tf.function(input_signature=[tf.TensorSpec((None, size, size, 3), tf.float32, name="images")])
    def from_images(images):
        return {"probabilities": model(images, training=False)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="image_bytes")])
    def from_bytes(image_bytes):
        probabilities = from_images(decode_and_resize(image_bytes, size))["probabilities"]
        names = tf.tile(tf.constant([class_names]), [tf.shape(image_bytes)[0], 1])
        return {"probabilities": probabilities, "classes": names}

    base.mkdir(parents=True, exist_ok=True)
    temporary = base / f".{version}.partial"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with files.explaining_disk_errors(base), _quiet_saving():
            tf.saved_model.save(
                module, str(temporary), signatures={IMAGES: from_images, BYTES: from_bytes}
            )
            if lite:
                (temporary / LITE).write_bytes(convert(model, half=True))
            files.write_text(temporary / CLASS_NAMES, json.dumps(class_names, ensure_ascii=False))
            if source:
                files.write_text(temporary / SOURCE, f"{source} {FORM}\n")
            temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def same(base, source):
    """Tell whether the newest version was exported from a file with this SHA-256."""
    found = versions(base)
    if not found or not (found[-1] / SOURCE).is_file():
        return False
    return (found[-1] / SOURCE).read_text(encoding="utf-8").split() == [source, str(FORM)]


def versions(base):
    """List the versions of a model, the lowest first.

    Parameters
    ----------
    base : path-like
        A folder; it may be missing.

    Returns
    -------
    list of pathlib.Path
        The folders whose name is a number, as a server sees them: "00000123" is 123, and a number
        above `LAST` is none.
    """
    base = Path(base)
    found = (
        [
            folder
            for folder in base.iterdir()
            if re.fullmatch(r"0*[0-9]{1,19}", folder.name)
            and int(folder.name) <= LAST
            and folder.is_dir()
        ]
        if base.is_dir()
        else []
    )
    return sorted(found, key=lambda folder: int(folder.name))


def describe(version):
    """Say what a SavedModel takes and gives, without loading TensorFlow.

    `saved_model_cli show --all` says the same.

    Parameters
    ----------
    version : path-like
        The folder of one version.

    Returns
    -------
    dict
        For each signature a dictionary with `inputs` and `outputs`; each maps a name to (type,
        shape), such as ("float", (None, 96, 96, 3)). What TensorFlow uses itself is left out.

    Raises
    ------
    CourseError
        When the folder holds no SavedModel, or a damaged one.
    """
    from course_utils.serving import tensors

    def shapes(infos):
        return {
            name: (
                tensors.type_name(info.dtype),
                tuple(dim.size if dim.size >= 0 else None for dim in info.tensor_shape.dim),
            )
            for name, info in sorted(infos.items())
        }

    return {
        name: {"inputs": shapes(signature.inputs), "outputs": shapes(signature.outputs)}
        for name, signature in sorted(signatures(version).items())
        if not name.startswith("__")
    }


def signatures(version):
    """Read the signatures of a SavedModel as they stand in its file.

    A mapping of names to `tensorflow.SignatureDef`.
    """
    from google.protobuf.message import DecodeError

    from course_utils.serving import protos

    path = Path(version) / "saved_model.pb"
    if not path.is_file():
        raise CourseError(
            f"{path} is missing: give the folder of one version, with a number for its name, that"
            " `export` wrote."
        )
    try:
        graphs = protos.load().saved_model.SavedModel.FromString(path.read_bytes()).meta_graphs
    except DecodeError as error:
        raise CourseError(
            f"{path} is damaged: export the model again under a new number."
        ) from error
    if not graphs:
        raise CourseError(f"{path} holds no graph: export the model again under a new number.")
    return dict(graphs[0].signature_def)


@contextmanager
def _quiet_saving():
    """Keep TensorFlow from reporting where it writes the assets, and how it converts."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # loading a part of TensorFlow may set single loggers anew
    try:
        with quiet.native_errors_muted():
            yield
    finally:
        logging.disable(before)
