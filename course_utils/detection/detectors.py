"""Four face detectors behind one call: a picture goes in, boxes and scores come out.

    detect = load_detector("blazeface", min_face=16)
    boxes, scores = detect(image)

Each detector draws its boxes in its own way, one from the eyebrows to the lips, another round the
whole head. The classifier was trained on faces cut by the course's annotations (brows to chin, ear
to ear), so every detector's boxes are corrected towards these: shifted and scaled by fixed shares
of the box. `benchmarks/detection.py` measured the shares and compares the detectors, as
`benchmarks/detection_photographs.py` does on photographs; their figures are the reason for the
default.
"""

from functools import cache, partial

import cv2
import numpy as np

from course_utils import quiet
from course_utils.detection.boxes import as_boxes
from course_utils.detection.full_range import FullRange
from course_utils.errors import CourseError
from course_utils.faces.weights import weights

DEFAULT = "blazeface"

CORRECTIONS = {
    "blazeface": (0.0, 0.0, 1.0, 1.0),
    "hog": (0.01, 0.11, 1.03, 1.11),
    "mmod": (0.05, 0.17, 0.96, 1.04),
    "mtcnn": (0.03, 0.15, 1.18, 0.95),
}
"""For each detector how to move its boxes to the right and down, in widths and heights of the box,
and then the factors for width and height. Medians over the training portraits and the first three
scenes: `benchmarks/detection.py --fit`. For "blazeface" `full_range.box_of_points` does it."""

NAMES = tuple(CORRECTIONS)

SMALLEST = 64
"""Pixels: side of the smallest picture that MMOD is given."""


def load_detector(name=DEFAULT, min_face=16, turns=1):
    """Return a face detector.

    Parameters
    ----------
    name : str
        "blazeface": the full-range network of Bazarevsky et al. 2019 on tiles, see `full_range`.
        "hog": dlib's histograms of oriented gradients (Dalal and Triggs, CVPR 2005). "mmod": dlib's
        network with the max-margin loss (King, "Max-margin object detection", 2015,
        arXiv:1502.00046). "mtcnn": three networks in a cascade (Zhang et al., "Joint face detection
        and alignment using multitask cascaded convolutional networks", 2016, arXiv:1604.02878).
    min_face : int
        Pixels: the smallest face to look for. HOG and MMOD, which know faces of 80 and of 40
        pixels, double the picture until such a face is large enough, at four times the cost for
        each doubling.
    turns : int
        For videos, and "blazeface" only: look for small faces in an n-th of the picture at each
        call; see `FullRange`.

    Returns
    -------
    callable
        `detect(image, known=())`: `image` is uint8 (height, width, 3), RGB; `known` are boxes of
        the frame before, which only "blazeface" uses. Gives boxes, float (n, 4), pixels, corrected,
        best first, which may reach beyond the picture; and scores, float (n,), 0 to 1: from 0.6 on
        the detector is sure, but those of two detectors can't be compared. Its attribute
        `looks_again` says whether a known face that it does not give is not there: "blazeface"
        looks for these once more in videos.

    Raises
    ------
    CourseError
        When there is no such detector, or its weights are missing.
    """
    if name not in CORRECTIONS:
        raise CourseError(f"There is no face detector {name!r}: choose one of {', '.join(NAMES)}.")
    if min_face < 1:
        raise CourseError(f"A face of {min_face} pixels can't be found: give 1 or more.")
    makers = {
        "blazeface": partial(FullRange, min_face, turns),
        "hog": partial(_hog, min_face),
        "mmod": partial(_mmod, min_face),
        "mtcnn": partial(_mtcnn, min_face),
    }
    detect = partial(_corrected, makers[name](), CORRECTIONS[name])
    detect.looks_again = name == "blazeface" and turns > 1
    return detect


def correct(boxes, correction):
    """Move and scale boxes by shares of their own width and height.

    Parameters
    ----------
    boxes : array_like, (n, 4)
    correction : (float, float, float, float)
        As in `CORRECTIONS`.

    Returns
    -------
    numpy.ndarray
        float, shape (n, 4).
    """
    boxes, correction = as_boxes(boxes), np.asarray(correction)
    size = boxes[:, 2:] - boxes[:, :2]
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 + size * correction[:2]
    half = size * correction[2:] / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def _corrected(detect, correction, image, known=()):
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise CourseError(
            f"The picture is {image.dtype} of shape {image.shape}: give uint8 of shape (height,"
            " width, 3), RGB."
        )
    boxes, scores = detect(image, known)
    return correct(boxes, correction), scores


def _doublings(known_size, min_face):
    return max(0, int(np.ceil(np.log2(known_size / min_face))))


def _hog(min_face):
    import dlib

    detector, doublings = dlib.get_frontal_face_detector(), _doublings(80, min_face)

    def detect(image, known=()):
        rectangles, scores, _ = detector.run(np.ascontiguousarray(image), doublings, -0.3)
        return _from_dlib(rectangles, scores)

    return detect


def _mmod(min_face):
    import dlib

    detector = dlib.cnn_face_detection_model_v1(
        weights("face_recognition_models", "models/mmod_human_face_detector.dat")
    )
    doublings = _doublings(40, min_face)

    def detect(image, known=()):
        height, width = image.shape[:2]
        room = (
            (0, max(0, SMALLEST - height)),
            (0, max(0, SMALLEST - width)),
            (0, 0),
        )  # below, dlib's pyramid has no level
        found = detector(np.ascontiguousarray(np.pad(image, room, mode="edge")), doublings)
        return _from_dlib([one.rect for one in found], [one.confidence for one in found])

    return detect


def _from_dlib(rectangles, scores):
    """Return boxes and scores, best first.

    Dlib's 0, where it begins to be sure, becomes 0.6, where the tracker does.
    """
    boxes = as_boxes(
        [(one.left(), one.top(), one.right() + 1, one.bottom() + 1) for one in rectangles]
    )
    scores = np.clip(0.6 + 0.4 * np.asarray(scores, float), 0, 1)
    order = np.argsort(-scores, kind="stable")
    return boxes[order], scores[order]


def _mtcnn(min_face):
    networks = _mtcnn_networks()

    # With a min_face_size of more than its own 20 pixels, mtcnn 1.0.0 finds nothing: the picture is
    # resized instead.
    scale = 20 / min_face

    def detect(image, known=()):
        size = [round(length * scale) for length in image.shape[1::-1]]
        if min(size) < 24:  # no level of its pyramid
            return as_boxes([]), np.zeros(0)
        resized = cv2.resize(
            image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        )
        found = networks.detect_faces(resized, box_format="xyxy")
        return as_boxes([face["box"] for face in found]) / scale, np.array(
            [face["confidence"] for face in found], float
        )

    return detect


@cache
def _mtcnn_networks():
    quiet.import_keras()
    from mtcnn import MTCNN

    return MTCNN(device="CPU:0")
