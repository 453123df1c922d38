"""What the numbers of YOLO label files mean: `classes.txt`, `data.yaml`, `obj.names` and others."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from course_utils.errors import CourseError
from course_utils.pictures.annotations import read_yolo

LISTS = {"classes.txt", "obj.names", "_darknet.labels"}
"""One name a line; class 0 is the first."""

YAML = (".yaml", ".yml")
DESCRIBES = {"names", "nc", "train", "val"}
"""What a YAML file that describes a data set has, some of it."""

LARGEST = 1_000_000
"""Bytes; a list of names is shorter."""


@dataclass(frozen=True)
class Names:
    """The names of a file, class by class; empty where a class has none.

    There are no names at all when the file should hold some and can't be read.
    """

    path: Path
    names: tuple
    key_points: tuple | None = None

    def name(self, number):
        """Return the name of a class; nothing where it has none."""
        return self.names[number] if number < len(self.names) else ""


class ClassNames:
    """The lists of names in a folder tree, and which of them counts for a label file.

    Parameters
    ----------
    files : iterable of pathlib.Path
        All files of the set.
    folder : pathlib.Path
        The set's.
    usual : sequence of str
        The names where the set brings no list.

    Attributes
    ----------
    files : set of pathlib.Path
        Those that hold names.
    """

    def __init__(self, files, folder, usual):
        self._folder, self._usual, self._lists = Path(folder), tuple(usual), {}
        for path in files:
            listed = _read(path)
            if listed is not None:
                self._lists.setdefault(path.parent, []).append(listed)
        self.files = {listed.path for here in self._lists.values() for listed in here}
        self._above = cache(self._search)

    def boxes(self, label_file, width, height):
        """Read a label file with the names that count for it; see `read_yolo`.

        Raises
        ------
        CourseError
            When two lists give a class that the file uses different names.
        """
        nearest, others = self._above(label_file.parent)
        if nearest is None:
            return read_yolo(label_file, width, height, self._usual)
        for listed in (nearest, *others):
            if not listed.names:
                raise CourseError(
                    f"{self._inside(listed.path)} can't be read as a list of class names: mend it"
                )
        numbers = [str(number) for number in range(len(nearest.names))]
        boxes, problems = read_yolo(label_file, width, height, numbers, nearest.key_points)
        named = []
        for box in boxes:
            label = self._name(int(box.label), nearest, others)
            if label:
                named.append(box.named(label))
            else:
                problems.append(f"class {box.label} has no name in {self._inside(nearest.path)}")
        return named, problems

    def _search(self, folder):
        """Return the nearest list above the label files of a folder, and all that must agree.

        These are the others of its folder, and those of another kind further up: a classes.txt may
        stand for one part of a set, and a data.yaml stands for all of it.
        """
        nearest, others = None, []
        for place in (folder, *folder.parents):
            for listed in self._lists.get(place, ()):
                if nearest is None:
                    nearest = listed
                elif place == nearest.path.parent or listed.path.name != nearest.path.name:
                    others.append(listed)
            if place == self._folder:
                break
        return nearest, others

    def _name(self, number, nearest, others):
        ours = nearest.name(number)
        for other in others:
            if other.name(number) not in ("", ours):
                raise CourseError(
                    f"class {number} is {ours or 'nothing'} in {self._inside(nearest.path)} and"
                    f" {other.name(number)} in {self._inside(other.path)}: remove the one that is"
                    " wrong"
                )
        return ours

    def _inside(self, path):
        return path.relative_to(self._folder).as_posix()


def _read(path):
    """Return the names that a file holds, None when it is no list of names."""
    listed, described = path.name.lower() in LISTS, path.suffix.lower() in YAML
    if not (listed or described):
        return None
    unreadable = Names(path, ())
    if path.stat().st_size > LARGEST:
        return unreadable if listed else None
    text = _text(path.read_bytes())
    if listed:
        names = tuple(line.strip() for line in text.splitlines())
        return Names(path, names) if any(names) else unreadable
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return unreadable
    if not isinstance(content, dict) or not content.keys() & DESCRIBES:
        return None
    names = content.get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not all(map(_is_number, names)):
        return unreadable
    if not all(isinstance(name, (str, int, float)) for name in names.values()):
        return unreadable
    names = {int(number): str(name).strip() for number, name in names.items()}
    names = tuple(names.get(number, "") for number in range(max(names, default=-1) + 1))
    return Names(path, names, _key_points(content.get("kpt_shape")))


def _text(content):
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content.decode(encoding, errors="replace")


def _is_number(number):
    return str(number).isdecimal() and int(number) < 10_000


def _key_points(shape):
    whole = isinstance(shape, list) and all(isinstance(number, int) for number in shape)
    return tuple(shape) if whole and len(shape) == 2 else None
