"""Progress bars: on a terminal only, on stderr, and only when the work takes over a second."""

import sys

from tqdm import tqdm


def progress(iterable, what, total=None):
    """Wrap an iterable in a bar that says `what` is being done."""
    return tqdm(iterable, desc=what, total=total, delay=1, leave=False, disable=None, ncols=79, ascii=sys.platform == "win32")


def byte_progress(what):
    """Return a bar that counts bytes."""
    return tqdm(
        desc=what, unit="B", unit_scale=True, leave=False, disable=None, ncols=79, ascii=sys.platform == "win32"
    )
