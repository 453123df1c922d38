"""Where things are: the course's folder, and the folder that runs write to."""

import os
from pathlib import Path

from course_utils.errors import CourseError


def root(start=None):
    """Find the course's folder.

    The nearest one upwards that holds `chapters/` and `pyproject.toml`.

    Parameters
    ----------
    start : path-like, optional
        Where to begin; the current folder by default.

    Returns
    -------
    pathlib.Path
        An absolute path.

    Raises
    ------
    CourseError
        When no folder upwards is a course.
    """
    start = Path(start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "chapters").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    raise CourseError(
        f"{start} is not inside the course: change to the folder that holds chapters/ and try"
        " again."
    )


def data_dir():
    """Return `data/`: the embedded pictures and the registry of data sets."""
    return root() / "data"


def work_dir():
    """Return `work/`: everything that a run makes; git ignores it.

    The environment variable `COURSE_WORK` moves it elsewhere.
    """
    return Path(os.environ.get("COURSE_WORK") or root() / "work").absolute()
