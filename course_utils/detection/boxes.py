"""Boxes as arrays.

How far two of them overlap, which belong together, and which are one face seen several times.

A box is x_min, y_min, x_max, y_max in pixels, half open, here with fractions of pixels: shape (n,
4), float.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

INSIDE = 0.6
"""Share of the smaller box from which on one of two boxes is taken to lie in the other."""


def iou(boxes, others):
    """Return the overlap of every box with every other one: intersection over union, 0 to 1.

    Parameters
    ----------
    boxes : array_like, (n, 4)
    others : array_like, (m, 4)

    Returns
    -------
    numpy.ndarray
        float, shape (n, m).

    References
    ----------
    Jaccard's index; for boxes: Everingham et al., "The PASCAL Visual Object Classes Challenge",
    IJCV 2010, section 4.2.
    """
    boxes, others = as_boxes(boxes)[:, None], as_boxes(others)[None]
    low, high = (
        np.maximum(boxes[..., :2], others[..., :2]),
        np.minimum(boxes[..., 2:], others[..., 2:]),
    )
    common = np.clip(high - low, 0, None).prod(axis=-1)
    union = area(boxes) + area(others) - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def match(boxes, others, least=0.5):
    """Pair boxes with others, each at most once, so that the overlaps sum to as much as possible.

    Parameters
    ----------
    boxes : array_like, (n, 4)
    others : array_like, (m, 4)
    least : float
        Smallest overlap of a pair.

    Returns
    -------
    list of (int, int)
        Numbers of the box and of the other one, in the order of the boxes.

    References
    ----------
    Kuhn, "The Hungarian method for the assignment problem", 1955;
    `scipy.optimize.linear_sum_assignment`.
    """
    overlap = iou(boxes, others)
    wanted = np.where(overlap >= least, overlap, 0.0)
    return [
        (int(one), int(other))
        for one, other in zip(*linear_sum_assignment(wanted, maximize=True))
        if wanted[one, other] > 0
    ]


def merge(boxes, scores, overlap=0.3):
    """Join boxes that show one face.

    The best one, averaged with all that overlap it, then the best of the rest.

    A box that lies mostly in a better one, or holds it, is dropped: there is no face in a face.

    Parameters
    ----------
    boxes : array_like, (n, 4)
    scores : array_like, (n,)
        0 to 1; their fourth powers are the weights of the averages: a box of the right scale counts
        far more than others.
    overlap : float
        From which intersection over union on two boxes are one face.

    Returns
    -------
    boxes : numpy.ndarray
        float, shape (k, 4), best first.
    scores : numpy.ndarray
        float, shape (k,): of each face the highest.

    References
    ----------
    "Blending" in Bazarevsky et al., "BlazeFace", CVPR workshop 2019, section 5.
    """
    boxes, scores = as_boxes(boxes), np.asarray(scores, float)
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    areas, joined, best = area(boxes), [], []
    while len(scores):
        low = np.maximum(boxes[0, :2], boxes[:, :2])
        high = np.minimum(boxes[0, 2:], boxes[:, 2:])
        sides = np.maximum(high - low, 0)
        common = sides[:, 0] * sides[:, 1]
        same = common >= overlap * np.maximum(areas[0] + areas - common, 1e-9)
        same[0] = True
        joined.append(np.average(boxes[same], axis=0, weights=scores[same] ** 4 + 1e-9))
        best.append(scores[0])
        rest = ~same & (common < INSIDE * np.maximum(np.minimum(areas[0], areas), 1e-9))
        boxes, scores, areas = boxes[rest], scores[rest], areas[rest]
    return as_boxes(joined), np.array(best, float)


def as_boxes(boxes):
    """Return boxes as an array of shape (n, 4), also when there are none."""
    return np.asarray(boxes, float).reshape(-1, 4)


def area(boxes):
    """Return the area of boxes in square pixels, shape (...), for boxes of shape (..., 4)."""
    return np.clip(boxes[..., 2:] - boxes[..., :2], 0, None).prod(axis=-1)


def sizes(boxes):
    """Return the shorter side of each box in pixels, shape (n,).

    What the course calls the size of a face.
    """
    boxes = as_boxes(boxes)
    return (boxes[:, 2:] - boxes[:, :2]).min(axis=1) if len(boxes) else np.zeros(0)
