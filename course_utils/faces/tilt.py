"""The angles of a head from its landmarks."""

from dataclasses import dataclass

import cv2
import numpy as np

from course_utils.errors import CourseError
from course_utils.faces.mean_face import MEAN_FACE, rotation
from course_utils.faces.squares import square_of_points


@dataclass(frozen=True)
class Tilt:
    """The angles of a head in degrees.

    Turned to the person's left, up, and tilted towards the right shoulder.
    """

    yaw: float
    pitch: float
    roll: float


def head_tilt(landmarks, size):
    """Estimate yaw, pitch and roll of a head.

    Perspective-n-Point between the landmarks and the course's mean face (`mean_face`). The camera
    is taken to look straight at the face, so that the angles say how the face looks from the
    camera, wherever in the picture it is. On the embedded portraits, whose heads turn by up to 35
    degrees, the mean errors are 2 degrees of yaw, 4 of pitch and 1 of roll: a long nose and a
    lowered head look much alike.

    Parameters
    ----------
    landmarks : array_like
        Shape (68, 2), pixels, iBUG order.
    size : (int, int)
        Height and width of the picture in pixels (its `shape` will do). The focal length is taken
        to be the longer one, or five times the face where that is more, because the picture may be
        cut out of a larger one.

    Returns
    -------
    Tilt
        Degrees; to the person's left, up, and towards the right shoulder are positive.

    Raises
    ------
    CourseError
        When the landmarks have another shape, are not finite, or all lie in one place.

    References
    ----------
    OpenCV, "Perspective-n-Point (PnP) pose computation", method SOLVEPNP_ITERATIVE.
    """
    landmarks = np.asarray(landmarks, np.float64)
    if landmarks.shape != (68, 2) or not np.isfinite(landmarks).all() or np.ptp(landmarks) == 0:
        wanted = "give 68 points (x, y) in pixels, as find_faces returns them"
        raise CourseError(f"The landmarks, of shape {landmarks.shape}, are no face: {wanted}.")
    square = square_of_points(landmarks)
    focal = max(size[0], size[1], 5 * square.side)
    camera = np.array([[focal, 0, square.x], [0, focal, square.y], [0, 0, 1]])
    upright, _ = cv2.Rodrigues(rotation(0, 0, -np.degrees(square.angle)))
    place = np.array([[0], [0], [focal / square.side]])
    _, turn, _ = cv2.solvePnP(
        MEAN_FACE, landmarks, camera, None, upright, place, useExtrinsicGuess=True
    )
    return Tilt(*angles(cv2.Rodrigues(turn)[0]))


def angles(turn):
    """Return yaw, pitch and roll in degrees of a rotation, shape (3, 3).

    The inverse of `mean_face.rotation`.

    It is unique for pitches below 90 degrees.
    """
    pitch = np.arcsin(np.clip(-turn[1, 2], -1, 1))
    found = np.arctan2(turn[0, 2], turn[2, 2]), pitch, np.arctan2(turn[1, 0], turn[1, 1])
    return tuple(float(angle) for angle in -np.degrees(found))
