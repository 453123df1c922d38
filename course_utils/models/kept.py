"""Networks that were converted to TensorFlow Lite once, and kept.

A conversion takes some seconds and all of TensorFlow, reading what is kept a few milliseconds. A
file is named after the content that it came from: nothing can be out of date, and everything may be
deleted.
"""

import hashlib
import os
from importlib.metadata import version
from pathlib import Path

from course_utils import files, project
from course_utils.errors import CourseError

FORM = "1"
"""Changes when the conversion does."""

MOST = 8
"""Networks kept; the one that was not used for the longest time goes first."""


def kept(made_from, make):
    """Return a converted network, from the folder `work/lite` when it was made before.

    Parameters
    ----------
    made_from : sequence of bytes
        All that decides what the network is.
    make : callable
        Converts it: returns the bytes of a `.tflite` file.

    Returns
    -------
    bytes
        Outside of the course, or where nothing can be written, it is made anew each time.
    """
    digest = hashlib.sha256(f"{FORM} {version('tensorflow')}".encode())
    for part in made_from:
        digest.update(hashlib.sha256(part).digest())
    try:
        path = project.work_dir() / "lite" / f"{digest.hexdigest()[:32]}.tflite"
    except CourseError:
        return make()
    try:
        content = path.read_bytes()
        os.utime(path)
        return content
    except OSError:
        content = make()
    try:
        with files.replacing(path) as temporary:
            Path(temporary).write_bytes(content)
        _forget_old(path.parent)
    except OSError:
        pass
    return content


def _forget_old(folder):
    used = sorted(folder.glob("*.tflite"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in used[MOST:]:
        path.unlink(missing_ok=True)
