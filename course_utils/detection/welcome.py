"""The finished program in a few calls, as chapter 00 runs it.

Find faces, say of each whether a mask is worn, draw it.

It is what `course detect` does with a single picture: faces are found by the default detector of
`course_utils.detection.detectors`, and the network is that of `course_utils.detection.finished`.
Chapter 07 explains every part.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from course_utils.detection import finished
from course_utils.detection.boxes import sizes
from course_utils.detection.classifying import cut_faces, load_classifier
from course_utils.detection.detectors import load_detector
from course_utils.pictures.annotations import Box

SMALLEST = 16
"""Pixels: smaller faces are left out."""

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


@cache
def _detector():
    return load_detector(min_face=SMALLEST)


@cache
def _classifier():
    return load_classifier()


def size():
    """Return the side in pixels of the square that the classifier looks at."""
    return finished.card()["size"]


def find_faces(rgb):
    """Find the faces of a picture.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).

    Returns
    -------
    list of Box
        From brows to chin and from ear to ear, clipped to the picture, from left to right.
    """
    height, width = rgb.shape[:2]
    found, _ = _detector()(rgb)
    found = np.clip(np.round(found), 0, [width, height, width, height]).astype(int)
    boxes = [Box("face", *map(int, box)) for box in found[sizes(found) >= SMALLEST]]
    return sorted(boxes, key=lambda box: (box.x_min, box.y_min))


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


def cut_largest_face(rgb):
    """Cut out the largest face of a picture.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).

    Returns
    -------
    numpy.ndarray or None
        uint8, shape (size, size, 3); None when no face is found.
    """
    boxes = find_faces(rgb)
    return cut_face(rgb, max(boxes, key=lambda box: box.width)) if boxes else None


def cut_face(rgb, box):
    """Cut a face out with the margin that the classifier was trained with.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    box : Box

    Returns
    -------
    numpy.ndarray
        uint8, shape (size, size, 3).
    """
    return cut_faces(rgb, [(box.x_min, box.y_min, box.x_max, box.y_max)], size())[0]


def classify(faces):
    """Return the probability of "with_mask" for each face.

    Parameters
    ----------
    faces : sequence of numpy.ndarray
        uint8, shape (size, size, 3) each, from `cut_face`.

    Returns
    -------
    numpy.ndarray
        float, shape (n,), 0 to 1, rounded to 4 digits: the rest differs between processors.
    """
    classifier = _classifier()
    column = classifier.class_names.index("with_mask")
    return np.round(classifier(faces)[:, column].astype(float), 4)


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
