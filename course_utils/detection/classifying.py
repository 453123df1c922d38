"""The classifier as a plain call.

Uint8 faces in, probabilities out, all faces of a frame in one batch.

Whatever has the attributes `size` and `class_names` and takes faces can stand in its place, a
client of a model server too.
"""

import numpy as np

from course_utils import models, quiet
from course_utils.data.class_names import all_understood
from course_utils.errors import CourseError, without_secrets
from course_utils.training.pipeline import cut_face

KNOWN = ({"with_mask", "without_mask"}, {"with_mask", "without_mask", "under_nose", "nose_only"})
LARGEST_BATCH = 32


class Classifier:
    """A trained network, compiled once.

    Parameters
    ----------
    model : keras.Model
        As `course_utils.models.load` gives it.
    class_names : sequence of str
        In the order of its outputs.

    Attributes
    ----------
    size : int
        Side of the network's picture in pixels.
    class_names : tuple of str
    """

    def __init__(self, model, class_names):
        quiet.import_keras()
        import tensorflow as tf

        self.size, self.class_names = model.input_shape[1], tuple(class_names)
        shape = tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)
        compute = tf.function(
            lambda faces: model(tf.cast(faces, tf.float32), training=False),
            input_signature=[shape],
            autograph=False,
        )
        self._compute, self._constant = compute.get_concrete_function(), tf.constant

    def __call__(self, faces):
        """Classify faces.

        Parameters
        ----------
        faces : numpy.ndarray
            uint8, shape (n, size, size, 3), RGB, cut as `course_utils.training.pipeline.cut_face`
            does; n may be 0.

        Returns
        -------
        numpy.ndarray
            float32, shape (n, classes), each row sums to 1.
        """
        if not len(faces):
            return np.zeros((0, len(self.class_names)), np.float32)
        parts = [
            self._batch(faces[start : start + LARGEST_BATCH])
            for start in range(0, len(faces), LARGEST_BATCH)
        ]
        return np.concatenate(parts)

    def _batch(self, faces):
        # Kernels are prepared anew for every size of a batch that was not met before: 1, 2, 4, ...
        # are few.
        padded = np.zeros((1 << (len(faces) - 1).bit_length(), *faces.shape[1:]), np.uint8)
        padded[: len(faces)] = faces
        return self._compute(self._constant(padded)).numpy()[: len(faces)]


def load_classifier(path):
    """Read a classifier of masks from a file.

    Parameters
    ----------
    path : path-like
        A `.keras` file of `course train` or of chapter 05.

    Returns
    -------
    Classifier

    Raises
    ------
    CourseError
        When the file is missing, is no model, takes no square pictures, or tells other things apart
        than masks.
    """
    model, class_names = models.load(path)
    shape = model.input_shape
    square = (
        isinstance(shape, tuple)
        and len(shape) == 4
        and shape[3] == 3
        and shape[1] is not None
        and shape[1] == shape[2]
    )
    if not square or model.output_shape != (None, len(class_names)):
        raise CourseError(
            f"{path} is no classifier of square pictures: give a .keras file that `course train`"
            " wrote."
        )
    class_names = all_understood(class_names)
    refuse_other_classes(path, class_names)
    return Classifier(model, class_names)


def ask_server(address, timeout=10):
    """Return a classifier that asks a model server.

    Parameters
    ----------
    address : str
        As for `course_utils.serving.served.ServedClassifier`.
    timeout : float
        Seconds that an answer may take.

    Returns
    -------
    ServedClassifier

    Raises
    ------
    CourseError
        When nobody answers, or the model tells other things apart than masks.
    """
    from course_utils.serving.served import ServedClassifier

    classifier = ServedClassifier(address, timeout=timeout)
    refuse_other_classes(without_secrets(address), classifier.class_names)
    return classifier


def refuse_other_classes(name, class_names):
    """Raise CourseError when a model, known by its name, does not tell masks apart."""
    if set(class_names) not in KNOWN:
        raise CourseError(
            f"{name} tells {', '.join(class_names)} apart, not masks: give a model whose classes"
            " are with_mask and without_mask, or these with under_nose and nose_only."
        )


def cut_faces(image, boxes, size):
    """Cut faces out of a picture as the classifier was trained on them.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.
    boxes : array_like, (n, 4)
        Pixels, each at least partly in the picture.
    size : int
        Side of the result in pixels.

    Returns
    -------
    numpy.ndarray
        uint8, shape (n, size, size, 3).
    """
    faces = [cut_face(image, box, size) for box in boxes]
    return np.stack(faces) if faces else np.zeros((0, size, size, 3), np.uint8)
