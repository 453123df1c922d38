"""The classifier as a plain call.

Uint8 faces in, probabilities out.

Whatever has the attributes `size` and `class_names` and takes faces can stand in its place, a
client of a model server too.
"""

from pathlib import Path

import numpy as np

from course_utils import models
from course_utils.data.class_names import all_understood
from course_utils.detection import finished
from course_utils.errors import CourseError, without_secrets
from course_utils.models.kept import kept
from course_utils.models.lite import LiteNetwork, convert
from course_utils.training.pipeline import cut_face

KNOWN = ({"with_mask", "without_mask"}, {"with_mask", "without_mask", "under_nose", "nose_only"})


class Classifier:
    """A trained network that is asked about faces.

    Parameters
    ----------
    network : course_utils.models.lite.LiteNetwork
        Takes pictures of (size, size, 3), 0 to 255; its first output are probabilities.
    class_names : sequence of str
        In the order of its outputs.

    Attributes
    ----------
    size : int
        Side of the network's picture in pixels.
    class_names : tuple of str
    """

    def __init__(self, network, class_names):
        self._network = network
        self.size, self.class_names = network.shape[0], tuple(class_names)

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
        return np.stack([outputs[0] for outputs in self._network(faces)])


def load_classifier(path=None):
    """Read a classifier of masks from a file, or the finished program's.

    The network is converted to TensorFlow Lite when it is read for the first time, which takes some
    seconds, and kept; see `course_utils.models.kept`.

    Parameters
    ----------
    path : path-like, optional
        A `.keras` file of `course train` or of chapter 05. Without one it is the network of
        `course_utils.detection.finished`.

    Returns
    -------
    Classifier

    Raises
    ------
    CourseError
        When the file is missing, is no model, takes no square pictures, or tells other things apart
        than masks.
    """
    if path is None:
        return Classifier(LiteNetwork(finished.network()), finished.class_names())
    class_names = models.loading.read_class_names(path)  # refuses what is no model
    content = kept([Path(path).read_bytes()], lambda: _converted(path))
    class_names = all_understood(class_names)
    refuse_other_classes(path, class_names)
    return Classifier(LiteNetwork(content), class_names)


def _converted(path):
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
    refuse_other_classes(path, all_understood(class_names))
    return convert(model)


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
