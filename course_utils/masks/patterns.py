"""Patterns that are printed on a mask: tiles that repeat, drawn here, or a picture of the user."""

from functools import lru_cache

import cv2
import numpy as np

from course_utils.errors import CourseError
from course_utils.pictures.images import read_rgb

TILE = 96  # texture pixels


def pattern_names():
    """List the patterns that the course brings."""
    return tuple(DRAWN)


def _checks(x, y):
    return 0.5 * (x % 1 < 0.5) + 0.5 * (y % 1 < 0.5)


def _stripes(x, y):
    return (y % 1 < 0.5).astype(float)


def _dots(x, y):
    return (np.hypot(x % 1 - 0.5, y % 1 - 0.5) < 0.24).astype(float)


def _flowers(x, y):
    flower = np.zeros_like(x)
    for u, v, turn in ((0.5, 0.5, 0.0), (1.5, 1.5, 0.6)):
        dx, dy = x % 2 - u, y % 2 - v
        angle, radius = np.arctan2(dy, dx) + turn, np.hypot(dx, dy)
        petals = radius < 0.26 + 0.20 * np.sqrt(np.abs(np.cos(2.5 * angle)))
        flower = np.maximum(flower, petals & (radius > 0.12))
    return flower


DRAWN = {
    "checks": (_checks, 4),
    "stripes": (_stripes, 4),
    "dots": (_dots, 5),
    "flowers": (_flowers, 4),
}


@lru_cache(maxsize=64)
def pattern_tile(name):
    """Return a pattern as what is repeated over a texture.

    Parameters
    ----------
    name : str
        One of `pattern_names()`, or the path of a picture.

    Returns
    -------
    ink : numpy.ndarray
        float32, 0 to 1: of a drawn pattern shape (96, 96), how much ink lies where; of a picture
        shape (h, w, 3), RGB.

    Raises
    ------
    CourseError
        When the picture can't be read.
    """
    if name in DRAWN:
        shape, repeats = DRAWN[name]
        y, x = (np.mgrid[0 : TILE * 4, 0 : TILE * 4] + 0.5) / (TILE * 4) * repeats
        return cv2.resize(
            shape(x, y).astype(np.float32), (TILE, TILE), interpolation=cv2.INTER_AREA
        )
    try:
        picture = read_rgb(name)
    except CourseError as error:
        raise CourseError(
            f"The pattern '{name}' is neither one of {', '.join(DRAWN)} nor a picture that can be"
            " read: name one of them."
        ) from error
    factor = 300 / max(picture.shape[:2])
    size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
    return (
        cv2.resize(
            picture, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        ).astype(np.float32)
        / 255
    )
