"""The small finished detector of chapter 00.

Find faces, say of each whether a mask is worn, draw it.

It is here so that the course can begin with the end. Chapter 07 builds a better one step by step
and explains every line; nothing after chapter 00 uses this module.

Faces are found by dlib's histogram-of-gradients detector (Dalal and Triggs, "Histograms of oriented
gradients for human detection", CVPR 2005; dlib's own training). The classifier is a MobileNetV2
(Sandler et al., CVPR 2018) of width 0.35; `data/welcome_detector/` says how it was made.
"""

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from course_utils import project, quiet
from course_utils.errors import CourseError
from course_utils.pictures.annotations import Box, crop

SIZE = 64
"""Pixels: the side of the square that the classifier looks at."""

MARGIN = 0.2
"""What is added around a found box on every side, as a fraction of its side: forehead, ears and
chin."""

LARGEST = 600
"""Pixels: a single photograph is shrunk until its longer side has this length, before its largest
face is looked for."""

FACE_SCORE = -0.5
"""Boxes that dlib scores lower are left out. Masked faces score low, so 0, its own default, loses
many."""

WORDS = {"with_mask": "mask", "without_mask": "no mask"}


@dataclass(frozen=True)
class Face:
    """A face that was found.

    Attributes
    ----------
    box : Box
        Where; its label is "face".
    label : str
        "with_mask" (over mouth and nose) or "without_mask" (anything else).
    probability : float
        The classifier's probability of "with_mask", 0 to 1.
    """

    box: Box
    label: str
    probability: float


@functools.cache
def _face_finder():
    import dlib

    return dlib.get_frontal_face_detector()


@functools.cache
def load_classifier():
    """Load the trained network.

    Returns
    -------
    keras.Model
        Takes float32 (n, 64, 64, 3), 0 to 255, RGB; gives (n, 1), the probability of "with_mask".

    Raises
    ------
    CourseError
        When the file is missing.
    """
    path = project.data_dir() / "welcome_detector" / "model.keras"
    if not path.exists():
        raise CourseError(
            f"{path} is missing: `git checkout data/welcome_detector` brings it back."
        )
    return quiet.import_keras().models.load_model(path, compile=False)


def find_faces(rgb, enlargements=1):
    """Find faces that look at the camera, of about 40 pixels and more.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    enlargements : int
        How often to double the picture first. dlib's detector knows faces of 80 pixels and more;
        each doubling halves that and takes four times as long.

    Returns
    -------
    list of Box
        Clipped to the picture, from left to right.
    """
    height, width = rgb.shape[:2]
    rectangles, _, _ = _face_finder().run(np.ascontiguousarray(rgb), enlargements, FACE_SCORE)
    boxes = [
        Box(
            "face",
            max(found.left(), 0),
            max(found.top(), 0),
            min(found.right() + 1, width),
            min(found.bottom() + 1, height),
        )
        for found in rectangles
    ]
    return sorted(
        (box for box in boxes if box.width > 0 and box.height > 0),
        key=lambda box: (box.x_min, box.y_min),
    )


def at_most(rgb, longest):
    """Shrink a picture until its longer side has at most `longest` pixels.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    longest : int

    Returns
    -------
    numpy.ndarray
        uint8; the picture itself when it is small enough.
    """
    height, width = rgb.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return rgb
    return cv2.resize(
        rgb,
        (max(round(width * scale), 1), max(round(height * scale), 1)),
        interpolation=cv2.INTER_AREA,
    )


def cut_largest_face(rgb, size=SIZE):
    """Cut out the largest face of a picture, even one that fills the picture.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    size : int
        Pixels: side of the square that is returned.

    Returns
    -------
    numpy.ndarray or None
        uint8, shape (size, size, 3); None when no face is found.
    """
    rgb = at_most(rgb, LARGEST)
    around = round(
        0.25 * max(rgb.shape[:2])
    )  # a detector of faces wants to see what surrounds them
    roomy = cv2.copyMakeBorder(rgb, around, around, around, around, cv2.BORDER_REPLICATE)
    boxes = find_faces(roomy)
    return cut_face(roomy, max(boxes, key=lambda box: box.width), size) if boxes else None


def cut_face(rgb, box, size=SIZE):
    """Cut a face out with the margin that the classifier was trained with.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    box : Box
    size : int
        Pixels: side of the square that is returned.

    Returns
    -------
    numpy.ndarray
        uint8, shape (size, size, 3).
    """
    face = crop(rgb, box, MARGIN)
    shrinking = max(face.shape[:2]) > size
    return cv2.resize(
        face, (size, size), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    )


def classify(faces):
    """Return the probability of "with_mask" for each face.

    Parameters
    ----------
    faces : sequence of numpy.ndarray
        uint8, shape (64, 64, 3) each, from `cut_face`.

    Returns
    -------
    numpy.ndarray
        float, shape (n,), 0 to 1, rounded to 4 digits: the rest differs between processors.
    """
    if len(faces) == 0:
        return np.zeros(0)
    batch = np.stack(faces).astype(np.float32)
    return np.round(load_classifier().predict(batch, verbose=0)[:, 0].astype(float), 4)


def detect(rgb, threshold=0.5):
    """Find the faces of a picture and say of each whether a mask is worn.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    threshold : float
        A face whose probability reaches it is called "with_mask".

    Returns
    -------
    list of Face
        From left to right.
    """
    boxes = find_faces(rgb)
    probabilities = classify([cut_face(rgb, box) for box in boxes])
    return [
        label_face(box, float(probability), threshold)
        for box, probability in zip(boxes, probabilities, strict=True)
    ]


def label_face(box, probability, threshold=0.5):
    """Return a `Face`: "with_mask" when the probability reaches the threshold."""
    return Face(box, "with_mask" if probability >= threshold else "without_mask", probability)
