"""The three networks of the course, what they cost, and how they look.

`classifier` builds, saves and loads a network that takes pictures as they are; `resnet` holds the
one that Keras lacks; `counting` counts parameters and multiply-adds; `drawing` draws a network from
its own layers. Chapter 04 writes the blocks out by hand. Importing this package does not load
TensorFlow.
"""

from course_utils.models.classifier import NAMES, WeightsUnavailable, build, load, save
from course_utils.models.counting import count

__all__ = ["NAMES", "WeightsUnavailable", "build", "count", "load", "save"]
