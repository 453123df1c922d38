"""Progress bars: on a terminal only, on stderr, and only when the work takes over a second."""

import sys

from tqdm import tqdm

STYLE = {"leave": False, "disable": None, "ncols": 79, "ascii": sys.platform == "win32"}


def progress(iterable, what, total=None):
    """Wrap an iterable in a bar that says `what` is being done."""
    return tqdm(iterable, desc=what, total=total, delay=1, **STYLE)


def notice(sentence):
    """Say on stderr why nothing happens for a while."""
    print(f"course: {sentence}", file=sys.stderr, flush=True)


class ByteProgress(tqdm):
    """A bar that counts bytes; pooch sets its total, where the server says one."""

    def __init__(self, what):
        super().__init__(desc=what, unit="B", unit_scale=True, **STYLE)

    def __bool__(self):
        # pooch asks whether it was given a bar; tqdm answers whether there is something to count
        return True
