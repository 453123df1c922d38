"""Percent scripts, the sources of the chapters, read as notebooks."""

import copy
import functools
from pathlib import Path

import jupytext


def read_script(path):
    """Read a script as a notebook without outputs.

    A text that was read before is not taken apart again, which costs fifty times as much as a copy.

    Parameters
    ----------
    path : path-like
        A `.py` file.

    Returns
    -------
    nbformat.NotebookNode
        The caller's own, free to be changed.

    Raises
    ------
    ValueError, jupytext.formats.JupytextFormatError
        When the script is no notebook.
    """
    return copy.deepcopy(_taken_apart(Path(path).read_text(encoding="utf-8")))


@functools.lru_cache(64)
def _taken_apart(text):
    return jupytext.reads(text, {"extension": ".py"})
