"""Evaluation: what a model says about pictures, and how sure the figures are.

`predicting` asks the model, at any face size; `statistics` counts, with intervals and
a test between two models; `slices` counts for every part of the people; `calibration` holds
confidence against right answers; `job` does what `course evaluate` does. Importing this package
does not load TensorFlow.
"""

from course_utils.evaluation.calibration import calibration_error, reliability
from course_utils.evaluation.predicting import predict
from course_utils.evaluation.slices import slice_table
from course_utils.evaluation.statistics import (
    Comparison,
    bootstrap_interval,
    confusion_matrix,
    mcnemar,
    per_class,
    scores,
)
from course_utils.models import compiled, latency
from course_utils.training.pipeline import shrink_face

__all__ = [
    "Comparison",
    "bootstrap_interval",
    "calibration_error",
    "compiled",
    "confusion_matrix",
    "latency",
    "mcnemar",
    "per_class",
    "predict",
    "reliability",
    "scores",
    "shrink_face",
    "slice_table",
]
