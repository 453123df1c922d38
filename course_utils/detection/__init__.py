"""Masks on pictures, in videos and before a camera.

Find faces, classify them, follow them, tell somebody.

`detectors` finds faces, `classifying` says what is on them, `mask_detector` joins both with
`tracking` and `labels`; `sources` gives frames, `outputs` writes them, `drawing` marks faces or
paints over them, `alerts` tells somebody, `job` is what `course detect` does, `scoring` holds all
of it against annotations. Importing this package does not load TensorFlow.
"""

from course_utils.detection.classifying import Classifier, cut_faces, load_classifier
from course_utils.detection.detectors import load_detector
from course_utils.detection.labels import NOT_SURE, WORDS, Rule, is_unmasked
from course_utils.detection.mask_detector import LabelledFace, MaskDetector
from course_utils.detection.scoring import recall_and_precision, recall_by_size, score

__all__ = [
    "NOT_SURE",
    "WORDS",
    "Classifier",
    "LabelledFace",
    "MaskDetector",
    "Rule",
    "cut_faces",
    "is_unmasked",
    "load_classifier",
    "load_detector",
    "recall_and_precision",
    "recall_by_size",
    "score",
]
