"""Which files of a folder are pictures, and what the others are: no file vanishes."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.pictures.images import (
    AS_JPEG,
    FOREIGN_NAME,
    FORMATS,
    HEAD,
    HEIC,
    PICTURE_NAME,
    kind_of,
)

SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
}
"""Folders that are no class but a part of the split, in small letters."""

NO_PICTURE = "is no picture"
APPLE_COPIES = "__MACOSX"
"""A folder of the archives that a Mac makes; it holds no pictures, only what the Mac knows of
them."""


@dataclass
class Found:
    """The files of a folder, each in one place.

    Attributes
    ----------
    folder : pathlib.Path
    pictures : list of pathlib.Path
        Of a kind that is read here, by their names or, with another name or none, by their first
        bytes. They may be damaged.
    unreadable : list of (pathlib.Path, str)
        Pictures of other kinds, links that lead nowhere or to a folder that is listed already, and
        folders that can't be opened; each with the rest of a sentence.
    others : list of pathlib.Path
        Files that are no pictures.
    hidden : int
        Files and folders whose names begin with a dot, and what a Mac adds to archives: left alone.
    """

    folder: Path
    pictures: list = field(default_factory=list)
    unreadable: list = field(default_factory=list)
    others: list = field(default_factory=list)
    hidden: int = 0

    @property
    def left_out(self):
        """Every visible file that is no picture to read, with the rest of a sentence."""
        rows = [*self.unreadable, *((path, NO_PICTURE) for path in self.others)]
        return sorted(rows, key=lambda row: row[0].relative_to(self.folder).as_posix())


def split_of(parts, others=None):
    """Return the part of the split that a path names: the first of its folders that is one.

    Parameters
    ----------
    parts : sequence of str
        Names of folders.
    others : dict of str to str, optional
        Names of a set's own, in small letters, besides `SPLITS`.

    Returns
    -------
    str
        "train", "validation", "test", or nothing.
    """
    known = SPLITS | (others or {})
    return next((known[part.lower()] for part in parts if part.lower() in known), "")


def find_files(folder):
    """List the files below a folder.

    A link to a folder is followed, but no folder is listed twice. Pictures with a picture's name
    are not opened.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    Found
        Each list in the same order on every system: by path, with `/` between the parts.

    Raises
    ------
    CourseError
        When the folder does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CourseError(f"{folder} is not a folder: name the folder that holds the pictures.")
    found = Found(folder)
    seen, waiting = set(), [folder]
    while waiting:  # folders first, links when all folders are known: a class keeps its own name
        links = []
        for start in waiting:
            if _identity(start) not in seen:
                _walk(start, found, seen, links)
            elif start is not folder:
                found.unreadable.append((start, "is a link to a folder that is listed already"))
        waiting = sorted(links)
    for paths in (found.pictures, found.others):
        paths.sort(key=lambda path: path.relative_to(folder).as_posix())
    found.unreadable.sort(key=lambda row: row[0].relative_to(folder).as_posix())
    return found


def find_pictures(folder):
    """List the pictures below a folder; see `Found.pictures` and `find_files`."""
    return find_files(folder).pictures


def _walk(start, found, seen, links):
    """Sort what is below a folder; links to folders are added to `links`."""
    waiting = [start]
    while waiting:
        folder = waiting.pop()
        seen.add(_identity(folder))
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            found.unreadable.append((folder, f"can't be opened ({error.strerror})"))
            continue
        for entry in entries:
            path = folder / entry.name
            if entry.name.startswith(".") or entry.name == APPLE_COPIES:
                found.hidden += 1
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif entry.is_symlink() and path.is_dir():
                links.append(path)
            else:
                _sort(path, found)


def _sort(path, found):
    if not path.is_file():
        what = "is a link that leads nowhere" if path.is_symlink() else "is no file"
        found.unreadable.append((path, what))
        return
    if PICTURE_NAME.search(path.name):
        found.pictures.append(path)
        return
    try:
        kind = foreign_or_kind(path)
    except OSError as error:
        found.unreadable.append((path, f"can't be read ({error.strerror})"))
        return
    if kind in FORMATS:
        found.pictures.append(path)
    elif kind:
        found.unreadable.append((path, kind))
    else:
        found.others.append(path)


def foreign_or_kind(path):
    """Tell what picture a file holds that has no picture's name.

    Returns
    -------
    str
        One of the formats that are read here, the rest of a sentence about one that is not, or
        nothing when the file is no picture.
    """
    with open(path, "rb") as stream:
        kind = kind_of(stream.read(HEAD))
    if kind == "HEIC":
        return ": ".join(HEIC)
    foreign = FOREIGN_NAME.search(path.name)
    if foreign:  # before the bytes: a camera's raw file begins like a TIFF
        return f"is a picture of the kind {foreign[1].upper()}, which is not read here: {AS_JPEG}"
    return kind or ""


def _identity(folder):
    state = os.stat(folder)
    return state.st_dev, state.st_ino
