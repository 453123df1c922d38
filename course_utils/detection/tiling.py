"""Where the default detector looks: tiles of a picture, and few round known faces.

A tile is a square: x and y of its corner and its side, in pixels of the picture.
"""

import numpy as np

from course_utils.detection.boxes import sizes

SIDE = 192
"""Pixels: side of the network's input."""

SMALLEST = 12
"""Pixels: the smallest face in the network's input that it finds reliably."""

OVERLAP, BORDER = 0.25, 0.15
"""How far neighbouring tiles overlap, and how far the outer ones reach beyond the picture, in sides
of a tile."""

REACH, ROOM = 0.35, 0.3
"""How far the middles of known faces that share a tile may lie apart, in sides of the tile; and how
much room such a face needs round it, in sides of the face."""


def tiles(height, width, first):
    """Cover a picture with overlapping square tiles, level by level.

    Parameters
    ----------
    height, width : int
        Pixels.
    first : float
        Side of the smallest tiles in pixels; each further level has twice the side of the one
        before.

    Returns
    -------
    list of list of (float, float, float)
        For each level x and y of the corner, and the side. The last level is one tile round the
        whole picture.
    """
    longer = max(height, width)
    levels, side = [], first
    while side < longer:
        rows, columns = (_starts(length, side) for length in (height, width))
        levels.append([(x, y, side) for y in rows for x in columns])
        side *= 2
    whole = longer * (1 + 2 * BORDER)
    return [*levels, [((width - whole) / 2, (height - whole) / 2, whole)]]


def around(boxes, sides):
    """Put few tiles round faces that are known.

    Parameters
    ----------
    boxes : numpy.ndarray
        float, shape (n, 4), pixels.
    sides : sequence of float
        Sides that tiles may have, in pixels, the smallest first; the last one is taken where no
        other will do.

    Returns
    -------
    list of (float, float, float)
        As `tiles` gives them: each box lies well inside one that shows it large enough; one that
        is too small or too large for any of them has none.
    """
    boxes, placed = boxes[np.argsort(sizes(boxes), kind="stable")], []
    while len(boxes):
        fitting = [side for side in [sides[-1], *sides[:-1]] if _fits(side, boxes[:1])[0]]
        boxes, first = boxes[1:], boxes[:1]
        if not fitting:
            continue
        side = fitting[-1]
        near = boxes[np.abs(middles(boxes) - middles(first)[0]).max(axis=1) < REACH * side]
        together = middles(np.concatenate([first, near[_fits(side, near)]]))
        place = (*((together.min(axis=0) + together.max(axis=0)) / 2 - side / 2), side)
        placed.append(place)
        boxes = boxes[~shows(place, boxes)]
    return placed


def middles(boxes):
    """Return the middles of boxes, shape (n, 2)."""
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def shows(place, boxes):
    """Say which boxes a tile shows whole, with some room round them, and large enough."""
    x, y, side = place
    room = ROOM * sizes(boxes)[:, None]
    low, high = boxes[:, :2] - room, boxes[:, 2:] + room
    return (
        _fits(side, boxes)
        & (low >= [x, y]).all(axis=1)
        & (high <= [x + side, y + side]).all(axis=1)
    )


def _fits(side, boxes):
    """Say which boxes a tile of a side shows neither too small nor too large."""
    seen = sizes(boxes) * SIDE / side
    return (seen >= SMALLEST) & (seen <= SIDE / 2)


def _starts(length, side):
    """Return where tiles begin that cover a length with its borders.

    One in the middle when that is enough.
    """
    border = BORDER * side
    if side >= length:
        return np.array([(length - side) / 2])
    count = 1 + int(np.ceil((length + 2 * border - side) / ((1 - OVERLAP) * side)))
    return np.linspace(-border, length + border - side, count)
