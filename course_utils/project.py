"""Where things are: the course's folder, and the folder that runs write to."""

import os
import sys
from pathlib import Path

from course_utils.errors import CourseError


def root(start=None):
    """Find the course's folder.

    The nearest one upwards that holds `chapters/` and `pyproject.toml`. The environment variable
    `COURSE_ROOT` names it for notebooks that lie elsewhere.

    Parameters
    ----------
    start : path-like, optional
        Where to begin, whatever `COURSE_ROOT` says; the current folder by default.

    Returns
    -------
    pathlib.Path
        An absolute path.

    Raises
    ------
    CourseError
        When no folder upwards is a course, or `COURSE_ROOT` names none.
    """
    named = os.environ.get("COURSE_ROOT") if start is None else None
    if named:
        if not _is_course(Path(named)):
            raise CourseError(
                f"COURSE_ROOT names {named}, which is not the course: set it to the folder that"
                " holds chapters/ and pyproject.toml."
            )
        return Path(named).resolve()
    start = Path(start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if _is_course(folder):
            return folder
    raise CourseError(
        f"{start} is not inside the course: change to the folder that holds chapters/ and try"
        " again, or name it in COURSE_ROOT."
    )


def _is_course(folder):
    return (folder / "chapters").is_dir() and (folder / "pyproject.toml").is_file()


def data_dir():
    """Return `data/`: the embedded pictures and the registry of data sets."""
    return root() / "data"


def work_dir():
    """Return `work/`: everything that a run makes; git ignores it.

    The environment variable `COURSE_WORK` moves it elsewhere.
    """
    return Path(os.environ.get("COURSE_WORK") or root() / "work").absolute()


def put_tools_on_path():
    """Let this process and those that it starts find `course` and the environment's other tools.

    In a notebook `!course run 01` works then, though nobody has activated the environment.
    """
    tools = str(Path(sys.executable).parent)
    paths = os.environ.get("PATH", "").split(os.pathsep)
    if tools not in paths:
        os.environ["PATH"] = os.pathsep.join([tools, *filter(None, paths)])
