"""A camera, by its number or its address.

It does not wait for whoever reads it, so a thread does and only its newest frame is handed on. A
camera that vanishes is asked again, after 1, 2, 4 ... 30 seconds.
"""

import threading
import time

import cv2
import numpy as np

from course_utils.detection.capture import open_capture
from course_utils.detection.frames import Frame
from course_utils.detection.videos import BAD_IN_A_ROW
from course_utils.errors import CourseError, without_secrets

WAITS = (1, 2, 4, 8, 16, 30)
"""Seconds before a vanished camera is asked again; the last one goes on."""


class Camera:
    """A camera by its number, or a stream by its address.

    Parameters
    ----------
    source : int or str
    say : callable
        Gets a sentence when the camera vanishes and when it is back.
    give_up : float
        Seconds without a frame after which `frames` raises CourseError.
    waits : sequence of float
        Seconds before the first, second, ... attempt to reconnect.
    """

    live, moving, single, count = True, True, True, None

    def __init__(self, source, say, give_up=300.0, waits=WAITS):
        self.source, self.problems = source, []
        self.name = f"camera {source}" if isinstance(source, int) else without_secrets(source)
        self._say, self._give_up, self._waits = say, give_up, waits
        self._newest, self._error, self._stop = None, None, threading.Event()
        self._changed = threading.Condition()
        self.lost, self.damaged = 0, 0
        self._capture = self._open()
        if self._capture is None:
            raise CourseError(self._refusal())
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = float(rate) if np.isfinite(rate) and 1 <= rate <= 120 else 25.0

    def frames(self):
        """Yield the newest frame whenever the last one is done with, until `stop` is called."""
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        last = None
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(
                        lambda: self._newest is not last or self._error or self._stop.is_set(),  # noqa: B023
                        timeout=0.5,
                    )
                    newest, error = self._newest, self._error
                if error:
                    raise CourseError(error)
                if self._stop.is_set():
                    return
                if newest is not None and newest is not last:
                    last = newest
                    yield newest
        finally:
            self.stop()
            reader.join(timeout=2)
            if self.damaged:
                self.problems.append(f"{self.name}: {self.damaged} damaged frames were skipped")

    def stop(self):
        """End `frames` soon; may be called from a signal handler or another thread."""
        self._stop.set()

    def _open(self):
        if isinstance(self.source, int):
            capture = cv2.VideoCapture(self.source)
        else:
            capture = open_capture(self.source)
        if capture.isOpened():
            return capture
        capture.release()
        return None

    def _read(self):
        """Read as fast as the camera gives, and reconnect when it gives no more."""
        started, number, silent = time.monotonic(), 0, None
        while not self._stop.is_set():
            if self._capture is not None and self._grab():
                good, image = self._capture.retrieve()
                if not good or image is None:
                    self.damaged += 1
                    continue
                if silent is not None:
                    self._say(f"{self.name} is back.")
                    silent = None
                frame = Frame(
                    number, time.monotonic() - started, cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
                )
                number += 1
                with self._changed:
                    self._newest = frame
                    self._changed.notify_all()
                continue
            if self._capture is not None:
                self._capture.release()
            if silent is None:
                silent, attempt = time.monotonic(), 0
                self.lost += 1
            if time.monotonic() - silent > self._give_up:
                with self._changed:
                    self._error = (
                        f"{self.name} gave no picture for {self._give_up:.0f} s: check it and start"
                        " the command again."
                    )
                    self._changed.notify_all()
                return
            wait = self._waits[min(attempt, len(self._waits) - 1)]
            attempt += 1
            self._say(f"{self.name} gives no picture; trying again in {wait:g} s.")
            if self._stop.wait(wait):
                return
            self._capture = self._open()

    def _grab(self):
        """Go to the next frame that can be decoded and count those that can't.

        False when the camera gives none.
        """
        for damaged in range(BAD_IN_A_ROW):
            asked = time.monotonic()
            if self._capture.grab():
                self.damaged += damaged
                return True
            if (
                self._stop.is_set() or time.monotonic() - asked > 1
            ):  # no answer, which is something else
                break
        return False

    def _refusal(self):
        if isinstance(self.source, int):
            return (
                f"There is no camera {self.source} that gives pictures: connect one, close other"
                " programs that use it, or try another number."
            )
        return (
            f"{self.name} does not answer or sends no video: check the address, the password and"
            " that this computer reaches it."
        )
