"""Training: from a folder with one sub-folder per class to a model in a file.

In reading order: `folders` (which pictures there are, and of which class), `split` (what is held
back to validate), `fitting` (the loop over epochs), `cluster` (several workers), `job` (all of it,
as `course train` does it). Chapter 05 explains the choices. Importing this package does not load
TensorFlow.
"""

from course_utils.training.fitting import Fitted, Settings, class_weights, fit, make_deterministic
from course_utils.training.folders import LabelledFaces, find_faces
from course_utils.training.split import group_alike, hold_back

__all__ = [
    "Fitted",
    "LabelledFaces",
    "Settings",
    "class_weights",
    "find_faces",
    "fit",
    "group_alike",
    "hold_back",
    "make_deterministic",
]
