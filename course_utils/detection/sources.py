"""Where frames come from: a picture, a folder of pictures, a video file, a camera, or an address.

Every source gives `Frame`s and counts what it had to skip. Files wait for whoever reads them; a
camera does not, so a thread reads it and only its newest frame is handed on. A camera that vanishes
is asked again, after 1, 2, 4 ... 30 seconds.
"""

import os
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path

# What FFmpeg and OpenCV say about damaged files goes straight to the error stream; the sentences
# here say it for people.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

import cv2
import numpy as np

from course_utils.errors import CourseError
from course_utils.pictures.finding import find_files, foreign_or_kind
from course_utils.pictures.images import PICTURE_NAME, BadPicture, read_rgb

ADDRESS = re.compile(r"^(rtsp|rtsps|rtmp|http|https|udp|tcp)://", re.IGNORECASE)
ANSWER = 10.0
"""Seconds within which an address must answer, and within which the next frame must come."""

WAITS = (1, 2, 4, 8, 16, 30)
"""Seconds before a vanished camera is asked again; the last one goes on."""

BAD_IN_A_ROW = 50
"""Frames that can't be decoded one after the other, after which a video counts as ended and a
camera as gone."""


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


class Pictures:
    """One picture, or those in and below a folder.

    `problems` holds a sentence for each that can't be read, `others` counts the files of a folder
    that are no pictures; None of a single picture.
    """

    live, moving, fps = False, False, None

    def __init__(self, path):
        self.problems, self.folder, self.others = [], Path(path), None
        if self.folder.is_dir():
            found = find_files(self.folder)
            self._paths, self.others = found.pictures, len(found.others)
            self.problems = [f"{place} {why}" for place, why in found.unreadable]
            if not self._paths:
                first = f" ({self.problems[0]})" if self.problems else ""
                raise CourseError(
                    f"{path} holds no pictures{first}: name a folder with JPEG or PNG files in it"
                    " or below it."
                )
        else:
            self._paths, self.folder = [self.folder], self.folder.parent
        self.single = not Path(path).is_dir()
        self.count = len(self._paths)

    def frames(self):
        """Yield a `Frame` for each picture that can be read.

        A single one that can't raises `BadPicture`.
        """
        for number, path in enumerate(self._paths):
            try:
                image = read_rgb(path)
            except BadPicture as error:
                if self.single:
                    raise
                self.problems.append(str(error))
                continue
            yield Frame(number, 0.0, image, path.relative_to(self.folder).as_posix())


class Video:
    """A video file. After `frames` has ended, `problems` says what was missing."""

    live, moving, single = False, True, True

    def __init__(self, path):
        self.path, self.problems = str(path), []
        if not ADDRESS.match(self.path) and Path(path).stat().st_size == 0:
            raise CourseError(f"{path} is an empty file: record it again, or name another video.")
        self._capture = cv2.VideoCapture(self.path, cv2.CAP_FFMPEG, _timeouts())
        readable, first = self._capture.read() if self._capture.isOpened() else (False, None)
        if not readable:
            raise CourseError(
                f"{path} can't be read as a picture or a video: it is damaged, cut off or something"
                " else; try to play it, then convert it to MP4 or fetch it again."
            )
        self._first = first
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = float(rate) if np.isfinite(rate) and 0.5 <= rate <= 240 else 25.0
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.count = int(count) if 0 < count < 1e8 else None

    def frames(self):
        """Yield the video's frames; those that can't be decoded are skipped."""
        number, bad, skipped, image = 0, 0, 0, self._first
        self._first = None
        while True:
            if image is not None:
                skipped, bad = skipped + bad, 0
                yield Frame(number, number / self.fps, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            number += 1
            if not self._capture.grab():
                bad += 1
                image = None
                if self.count is None or number >= self.count or bad >= BAD_IN_A_ROW:
                    break
                continue
            good, image = self._capture.retrieve()
            if not good:
                bad, image = bad + 1, None
        self._capture.release()
        if skipped:
            self.problems.append(f"{self.path}: {skipped} damaged frames were skipped")
        reached = number - bad
        if self.count is not None and reached < self.count - 1 - self.count // 100:
            self.problems.append(
                f"{self.path} ends after frame {reached} of {self.count}: the file is damaged or"
                " was cut off; what was there is done"
            )


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
        self.name = f"camera {source}" if isinstance(source, int) else _without_password(source)
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
            capture = cv2.VideoCapture(self.source, cv2.CAP_FFMPEG, _timeouts())
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


def open_source(source, say, give_up=300.0):
    """Open whatever a source names.

    Parameters
    ----------
    source : str
        A picture, a folder, a video file, a camera's number, or an address (rtsp://...,
        http://...).
    say : callable
        Gets sentences about a camera that vanishes.
    give_up : float
        Seconds after which a vanished camera is given up.

    Returns
    -------
    Pictures, Video or Camera
        With `frames()`, `problems` (list of str), `fps` (float or None), `count` (int or None),
        `live`, `moving` and `single` (bool).

    Raises
    ------
    CourseError
        When there is nothing, it can't be read, or it does not answer.
    """
    path = Path(source)
    if ADDRESS.match(source):
        camera = Camera(source, say, give_up)
        if camera._capture.get(cv2.CAP_PROP_FRAME_COUNT) > 1 and not source.lower().startswith(
            "rtsp"
        ):
            camera._capture.release()
            return Video(source)  # a file on a server: it ends, and nothing has to hurry
        return camera
    if path.is_dir():
        return Pictures(path)
    if path.is_file():
        if PICTURE_NAME.search(path.name) or _is_picture(path) or foreign_or_kind(path):
            return Pictures(path)
        return Video(path)
    if re.fullmatch(r"\d{1,3}", source):
        return Camera(int(source), say, give_up)
    raise CourseError(
        f"{source} does not exist: give a picture, a folder, a video, a camera's number, or an"
        " address such as rtsp://HOST/PATH."
    )


def _is_picture(path):
    try:
        read_rgb(path)
    except BadPicture:
        return False
    return True


def _timeouts():
    milliseconds = int(ANSWER * 1000)
    return [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        milliseconds,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        milliseconds,
    ]


def _without_password(address):
    """Return an address without what stands before the @: cameras have their passwords there."""
    return re.sub(r"://[^/@]*@", "://", address)
