"""The square of a face: where it is, how large, and how far it leans.

And the picture seen from there.

All detectors and landmark models of this package meet in this form, so that none needs to know
which came before it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from course_utils.faces.mean_face import MEAN_FACE
from course_utils.pictures.annotations import Box

FRONT = MEAN_FACE[:, 0] + 1j * MEAN_FACE[:, 1]
"""The mean face seen from the front, as complex numbers: its middle is 0, the side of its square is
1."""


@dataclass(frozen=True)
class Square:
    """The square that dlib's detector would draw round a face if the head did not lean.

    `x`, `y` is its middle and `side` its side in pixels, `angle` how far it leans in radians,
    clockwise as seen. Pixel centres lie at whole numbers.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    def scaled(self, factor):
        """Return the square in a picture enlarged by a factor."""
        return Square(
            (self.x + 0.5) * factor - 0.5,
            (self.y + 0.5) * factor - 0.5,
            self.side * factor,
            self.angle,
        )

    def moved(self, x, y):
        """Return the square in a picture whose corner lies at -x, -y."""
        return Square(self.x + x, self.y + y, self.side, self.angle)

    def near(self, other):
        """Say whether two squares agree.

        Within a tenth of the size, 6 degrees, and a twentieth of the side in place.
        """
        apart = np.hypot(self.x - other.x, self.y - other.y) / other.side
        return (
            abs(np.log(self.side / other.side)) < 0.1
            and abs(self.angle - other.angle) < 0.1
            and apart < 0.05
        )


def square_of_points(points, model=FRONT):
    """Fit the mean face to points by shift, turn and scale (least squares); return its square.

    Parameters
    ----------
    points : array_like
        Shape (n, 2), pixels.
    model : numpy.ndarray
        complex, shape (n,): where these points lie in the mean face; by default its 68 landmarks.

    Returns
    -------
    Square

    References
    ----------
    Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
    PAMI 1991.
    """
    points = np.asarray(points, float) @ [1, 1j]
    centred = model - model.mean()
    factor = (centred.conj() @ (points - points.mean())) / (centred.conj() @ centred).real
    middle = points.mean() - factor * model.mean()
    return Square(
        float(middle.real), float(middle.imag), float(abs(factor)), float(np.angle(factor))
    )


def square_of_box(box):
    """Return the square of an upright face whose box goes from brows to chin and from ear to ear.

    The factors are means over the embedded portraits that dlib's detector finds.
    """
    size = np.sqrt(box.width * box.height)
    return Square(
        (box.x_min + box.x_max - 1) / 2, (box.y_min + box.y_max - 1) / 2 - 0.09 * size, 1.115 * size
    )


def box_of_landmarks(landmarks):
    """Return the box of 68 landmarks.

    Brows to chin, ear to ear, in whole pixels, not clipped, labelled "face".
    """
    low, high = np.floor(landmarks.min(axis=0) + 0.5), np.ceil(landmarks.max(axis=0) + 0.5)
    return Box("face", int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def upright(image, square, side, size):
    """Turn a face upright and bring it to a fixed size; beyond the picture its border is repeated.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3).
    square : Square
    side : int
        What the square's side becomes, in pixels.
    size : int
        Side of the result in pixels; the square lies in its middle.

    Returns
    -------
    face : numpy.ndarray
        uint8, shape (size, size, 3).
    back : callable
        Takes points of `face`, shape (n, 2), to points of the picture, float32.
    """
    part, shrink, corner = _surroundings(image, square, side, size)
    half = 0.5 + 0.5j
    middle = (complex(square.x, square.y) - corner + half) * shrink - half
    turn = side / (square.side * shrink) * np.exp(-1j * square.angle)
    shift = (size - 1) * half - turn * middle
    matrix = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    face = cv2.warpAffine(
        part, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )

    def back(points):
        points = (
            ((np.asarray(points, float) @ [1, 1j] - shift) / turn + half) / shrink - half + corner
        )
        return np.stack([points.real, points.imag], axis=1).astype(np.float32)

    return face, back


def _surroundings(image, square, side, size):
    """Cut out what `upright` needs.

    Return it, how far it was shrunk, and its corner in the picture.

    Large faces are shrunk by averaging, because warpAffine skips pixels.
    """
    reach = square.side * size / side  # more than half the diagonal of what is seen
    height, width = image.shape[:2]
    left, top = (
        int(np.clip(square.x - reach, 0, width - 1)),
        int(np.clip(square.y - reach, 0, height - 1)),
    )
    right, bottom = (
        int(np.clip(square.x + reach, left + 1, width)),
        int(np.clip(square.y + reach, top + 1, height)),
    )
    part, shrink = np.ascontiguousarray(image[top:bottom, left:right]), side / square.side
    if shrink > 0.7 or min(part.shape[:2]) * shrink < 1:
        return part, 1.0, complex(left, top)
    return (
        cv2.resize(part, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA),
        shrink,
        complex(left, top),
    )
