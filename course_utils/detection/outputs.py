"""What a run leaves behind.

Annotated pictures, an annotated video, and a table with a row for each face of each frame.

Everything is written under a temporary name and renamed at the end, when the run is stopped with
Ctrl-C as well.
"""

import csv
import io
import json
import os
import re
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, PngImagePlugin

from course_utils import files
from course_utils.errors import CourseError, readable

COLUMNS = (
    "frame",
    "time",
    "picture",
    "track",
    "x_min",
    "y_min",
    "x_max",
    "y_max",
    "label",
    "probability",
)
TABLES, PICTURES, VIDEOS = (
    (".csv", ".jsonl"),
    (".jpg", ".jpeg", ".png"),
    (".mp4", ".m4v", ".mov", ".mkv"),
)

MARK = "course detect"
"""Stands as a comment in every picture and video that is written here: the next run knows its own.
"""


def rows_of(frame, faces):
    """Return one dictionary for each face of a frame, with the keys `COLUMNS`.

    Parameters
    ----------
    frame : sources.Frame
    faces : iterable of mask_detector.LabelledFace

    Returns
    -------
    list of dict
        `time` in seconds, boxes in pixels, half open.
    """
    return [
        dict(
            zip(
                COLUMNS,
                (
                    frame.number,
                    round(frame.time, 3),
                    readable(frame.name),
                    face.track,
                    *face.box,
                    face.label,
                    round(face.probability, 4),
                ),
            )
        )
        for face in faces
    ]


class Table:
    """A CSV or JSON Lines file, by its name."""

    def __init__(self, path):
        self._stack = ExitStack()
        self._path = Path(path)
        with files.explaining_disk_errors(path):
            temporary = self._stack.enter_context(files.replacing(path))
            self._stream = open(temporary, "w", encoding="utf-8", newline="")  # noqa: SIM115
            if self._path.suffix == ".csv":
                self._stream.write(",".join(COLUMNS) + "\n")

    def write(self, rows):
        with files.explaining_disk_errors(self._path):
            for row in rows:
                if self._path.suffix == ".csv":
                    line = io.StringIO()
                    csv.DictWriter(line, COLUMNS, lineterminator="\n").writerow(row)
                    self._stream.write(line.getvalue())
                else:
                    self._stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._stream.flush()

    def close(self):
        with files.explaining_disk_errors(self._path):
            self._stream.close()
            self._stack.close()

    def discard(self):
        _discard(self._stack, self._stream.close)


class VideoFile:
    """An H.264 video that browsers play, written by the ffmpeg of `imageio-ffmpeg`.

    Parameters
    ----------
    path : path-like
        Ends in .mp4, .m4v, .mov or .mkv.
    fps : float
        Frames a second.
    """

    def __init__(self, path, fps):
        self._path, self._fps = Path(path), fps
        self._stack, self._process, self._size = ExitStack(), None, None
        with files.explaining_disk_errors(path):
            self._temporary = self._stack.enter_context(files.replacing(path))
        self.frames = 0

    def write(self, image):
        """Add a frame, uint8 (height, width, 3), RGB.

        Later ones are brought to the size of the first.
        """
        if self._process is None:
            height, width = image.shape[:2]
            self._size = (width + width % 2, height + height % 2)  # H.264 halves the colours
            self._process = self._start()
        width, height = self._size
        if image.shape[0] not in (height, height - 1) or image.shape[1] not in (width, width - 1):
            image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        image = np.pad(
            image, ((0, height - image.shape[0]), (0, width - image.shape[1]), (0, 0)), mode="edge"
        )
        try:
            self._process.stdin.write(np.ascontiguousarray(image).data)
        except OSError as error:
            raise CourseError(self._refusal()) from error
        self.frames += 1

    def close(self):
        """Finish the file; a video without a frame leaves none, and so does a full disk."""
        if self._process is None or self._end() != 0:
            failed = self._process is not None
            self.discard()
            if failed:
                raise CourseError(self._refusal())
            return
        with files.explaining_disk_errors(self._path):
            self._stack.close()

    def discard(self):
        _discard(self._stack, self._end)

    def _start(self):
        """Start ffmpeg, which gets no Ctrl-C of ours, so that it can finish the file."""
        import imageio_ffmpeg

        command = [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "quiet"),
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{self._size[0]}x{self._size[1]}"),
            *("-r", f"{self._fps:.6f}", "-i", "-"),
            # what browsers need
            *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart"),
            *("-preset", "veryfast", "-crf", "23", "-metadata", f"comment={MARK}"),
            os.path.abspath(self._temporary),  # a colon in a bare name would be a protocol's
        ]
        own_group = (
            {"start_new_session": True}
            if os.name == "posix"
            else {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        )
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **own_group,
        )

    def _end(self):
        """Let ffmpeg finish; return its status."""
        if self._process is None:
            return 0
        with suppress(OSError):  # it has stopped, and its status says why
            self._process.stdin.close()
        return self._process.wait()

    def _refusal(self):
        return (
            f"{self._path} can't be written: ffmpeg stopped; look whether the disk is full, then"
            " run the command again."
        )


def write_picture(path, image):
    """Write a picture as JPEG or PNG, by its name, whole or not at all."""
    with files.explaining_disk_errors(path), files.replacing(path) as temporary:
        if Path(path).suffix.lower() == ".png":
            note = PngImagePlugin.PngInfo()
            note.add_text("comment", MARK)
            Image.fromarray(image).save(temporary, "PNG", pnginfo=note)
        else:
            Image.fromarray(image).save(temporary, "JPEG", quality=92, comment=MARK)


def made_here(path):
    """Tell whether an earlier run wrote a file: by a table's heading or the `MARK` in it.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    bool
        False for what can't be read.
    """
    path, suffix = Path(path), Path(path).suffix.lower()
    if not path.is_file():
        return False
    try:
        if suffix in TABLES:
            return _is_own_table(path)
        if suffix in PICTURES:
            with Image.open(path, formats=("JPEG", "PNG")) as image:
                return image.info.get("comment") in (MARK, MARK.encode())
        return _comment_of_video(path) == MARK
    except (OSError, ValueError, SyntaxError):
        return False


def _is_own_table(path):
    with open(path, encoding="utf-8") as stream:
        first = stream.readline(1000)
    if path.suffix.lower() == ".csv":
        return first == ",".join(COLUMNS) + "\n"
    return not first or list(json.loads(first)) == list(COLUMNS)


def _comment_of_video(path):
    """Return the comment in a video of our kinds; FFmpeg may open this one file and no other."""
    import imageio_ffmpeg

    only = ["-format_whitelist", "mov,matroska,webm", "-protocol_whitelist", "file"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", *only, "-i", os.path.abspath(path)]
    said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).stderr
    found = re.search(r"^\s*comment\s*: (.*)$", said.decode("utf-8", "replace"), re.M | re.I)
    return found and found[1].strip()


def _discard(stack, close):
    """Remove a temporary file."""
    close()

    def stop():
        raise _Discarded

    stack.callback(stop)
    with suppress(_Discarded):
        stack.close()


class _Discarded(Exception):
    pass
