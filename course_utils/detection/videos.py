"""Videos and animations: frame after frame, each at its own time."""

import time
from pathlib import Path

import cv2
import numpy as np

from course_utils.detection.capture import open_capture
from course_utils.detection.containers import Index, is_playlist, read_index
from course_utils.detection.frames import Clock, Frame
from course_utils.errors import CourseError, without_secrets
from course_utils.pictures.animations import read_frames
from course_utils.pictures.images import BadPicture

BAD_IN_A_ROW = 50
"""Frames that can't be decoded one after the other, after which a video counts as ended and a
camera as gone."""

NO_ANSWER = 1.0
"""Seconds after which a frame that does not come is no damaged one: the server has gone."""

BEGINNING = 12
"""Frames from which the rate of a video is taken."""

ANIMATION_FPS = 25.0
"""Frames a second at which an animation is written as a video; its own frames last 1/100 s or
minutes."""


class Video:
    """A video file, or one on a server. After `frames` has ended, `problems` says what was missing.

    Parameters
    ----------
    path : str or path-like
        A file or an address.
    index : Index, optional
        What the index of an address's file promises, where that is known.
    """

    live, moving, single = False, True, True

    def __init__(self, path, index=None):
        is_file = Path(path).is_file()
        self.problems, self._index = [], read_index(path) if is_file else index or Index()
        self.name = str(path) if is_file else without_secrets(str(path))
        if is_file and Path(path).stat().st_size == 0:
            raise CourseError(f"{path} is an empty file: record it again, or name another video.")
        self._capture = open_capture(path)
        readable, self._first = self._capture.read() if self._capture.isOpened() else (False, None)
        if not readable:
            raise CourseError(
                f"{self.name} is a playlist, which names other files and addresses: name the video"
                " itself."
                if is_file and is_playlist(path)
                else f"{self.name} can't be read as a picture or a video: it is damaged, cut off or"
                " something else; try to play it, then convert it to MP4 or fetch it again."
            )
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = float(rate) if np.isfinite(rate) and 0.5 <= rate <= 240 else 25.0
        if is_file:
            fastest = _fastest(path)  # WebM rounds times to milliseconds: 12.05 is 12
            self.fps = fastest if fastest > 1.1 * self.fps else self.fps
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.count = int(count) if 0 < count < 1e8 else None

    def frames(self):
        """Yield the video's frames; those that can't be decoded are skipped."""
        clock, image, self._first = Clock(self.fps), self._first, None
        number, bad, skipped, now = 0, 0, 0, 0.0
        while True:
            if image is not None:
                skipped, bad = skipped + bad, 0
                now = clock.time_of(number, self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
                yield Frame(number, now, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            number, asked = number + 1, time.monotonic()
            good = self._capture.grab()
            if not good and self._is_over(number, bad + 1, time.monotonic() - asked):
                bad += 1
                break
            good, image = self._capture.retrieve() if good else (False, None)
            if not good:
                bad, image = bad + 1, None
        self._capture.release()
        if skipped:
            self.problems.append(f"{self.name}: {skipped} damaged frames were skipped")
        self._say_what_is_missing(number - bad + 1, now)

    def _is_over(self, number, bad, seconds):
        return (
            bad >= BAD_IN_A_ROW
            or seconds > NO_ANSWER
            or (self._index.counts_frames and number >= (self.count or 0))
        )

    def _say_what_is_missing(self, reached, now):
        """Add a problem where the file itself promises more than there was."""
        promised = self.count if self._index.counts_frames else None
        # AVI counts the moments between uneven frames, too.
        if promised and self._index.rate_is_even and now * self.fps > promised * 0.99 - 1.5:
            promised = None
        if promised and reached < promised - promised // 100:
            self.problems.append(
                f"{self.name} ends after frame {reached} of {promised}: the file is damaged or was"
                " cut off; what was there is done"
            )
        elif self._index.cut_off:
            self.problems.append(
                f"{self.name} ends after frame {reached}: the file was cut off; what was there is"
                " done"
            )


def _fastest(path):
    """Return how many frames a second a video begins with; 0 where that is not known.

    Of a telephone's uneven video OpenCV tells the mean.
    """
    capture = open_capture(path)
    positions = [capture.get(cv2.CAP_PROP_POS_MSEC) for _ in range(BEGINNING) if capture.grab()]
    capture.release()
    step = np.median(np.diff(positions)) if len(positions) > 2 else 0
    rate = round(1000 / step, 2) if np.isfinite(step) and step > 0 else 0
    return rate if 0.5 <= rate <= 60 else 0


class Animation:
    """A moving GIF, PNG, WebP or AVIF: a video in a picture's file.

    Parameters
    ----------
    source : path-like or binary stream
    """

    live, moving, single, count, fps = False, True, True, None, ANIMATION_FPS

    def __init__(self, source):
        self.problems, self._source = [], source

    def frames(self):
        """Yield the frames, each with its time; what follows a damaged one is a problem."""
        now, number = 0.0, 0
        try:
            for image, seconds in read_frames(self._source):
                yield Frame(number, now, image)
                now, number = now + seconds, number + 1
        except BadPicture as error:
            if not number:
                raise
            self.problems.append(f"after frame {number}: {error}")
