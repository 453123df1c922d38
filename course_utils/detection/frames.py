"""A frame, and when it was."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture and when it was.

    Attributes
    ----------
    number : int
        From 0.
    time : float
        Seconds since the source began; 0 for pictures.
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.
    name : str
        The picture's path below its folder, else empty.
    """

    number: int
    time: float
    image: np.ndarray
    name: str = ""


NEW_BEGINNING = 1.0
"""Seconds by which a container's time falls when it begins anew, as in recordings joined into one
file. Less is jitter."""


class Clock:
    """The time of each frame: the container's while it rises, else counted in frames.

    Telephones and screen recorders write frames when something moves, not at a rate. Raw streams
    hold no time at all, and damaged files a wrong one.

    Parameters
    ----------
    fps : float
        Frames a second where the container has no time to tell.
    """

    def __init__(self, fps):
        self._fps, self._number, self._position, self._time, self._shift = fps, 0, 0.0, 0.0, 0.0

    def time_of(self, number, position):
        """Return when a frame was.

        Parameters
        ----------
        number : int
            From 0, greater than at the call before.
        position : float
            Seconds, as the container says; may be nonsense.

        Returns
        -------
        float
            Seconds since the video began, greater than at the call before.
        """
        if not math.isfinite(position):
            position = self._position
        counted = self._time + (number - self._number) / self._fps
        if position < self._position - NEW_BEGINNING:
            self._shift = counted - position
        told = position + self._shift
        self._time = told if told > self._time or number == 0 == told else counted
        self._number, self._position = number, position
        return self._time
