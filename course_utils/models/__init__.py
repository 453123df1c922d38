"""The three networks of the course, what they cost, and how they look.

`classifier` builds, saves and loads a network that takes pictures as they are; `imagenet` knows
where a pretrained base comes from; `resnet` holds the one that Keras lacks; `asking` asks and times
a network; `counting` counts parameters and multiply-adds. Chapter 04 writes the blocks out by hand.
Importing this package does not load TensorFlow.
"""

from course_utils.models.asking import compiled, latency
from course_utils.models.classifier import NAMES, WeightsUnavailable, build, load, save
from course_utils.models.counting import count

__all__ = [
    "NAMES",
    "WeightsUnavailable",
    "build",
    "compiled",
    "count",
    "latency",
    "load",
    "save",
]
