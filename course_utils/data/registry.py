"""The data sets that the course knows: `data/registry.toml`, read."""

import csv
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from course_utils import project
from course_utils.errors import CourseError

MANIFEST = "manifest.csv"
"""The list of a folder's files. It is written last: a folder without it is not complete."""


@dataclass(frozen=True)
class Dataset:
    """One entry of the registry; the head of `data/registry.toml` explains the fields."""

    name: str
    title: str
    holds: str
    source: str
    licence: str
    terms: str
    how: str
    layout: str
    embedded: bool = False
    archive: str = ""
    commit: str = ""
    files: str = ""
    person: str = ""
    labels: dict = field(default_factory=dict)
    splits: dict = field(default_factory=dict)
    classes: tuple = ()
    counts: dict = field(default_factory=dict)

    @property
    def folder(self):
        """The folder that holds the set, or will."""
        return project.data_dir() / self.name if self.embedded else dataset_dir(self.name)

    @property
    def present(self):
        """Whether the set is there and was finished; its files may have changed since."""
        return (self.folder / MANIFEST).is_file()


@dataclass(frozen=True)
class ListedFile:
    """A file as a list knows it: its path with `/`, its size in bytes and its SHA-256."""

    path: str
    bytes: int
    sha256: str


def load():
    """Read the registry.

    Returns
    -------
    dict of str to Dataset
        In the order of the file.

    Raises
    ------
    CourseError
        When the file is missing or is no registry.
    """
    path = project.data_dir() / "registry.toml"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["dataset"]
        return {entry["name"]: Dataset(**entry) for entry in entries}
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise CourseError(
            f"{path} can't be read as the registry ({error}): restore it with git."
        ) from error


def find(name):
    """Return one data set of the registry.

    Raises
    ------
    CourseError
        When there is none of that name.
    """
    datasets = load()
    if name not in datasets:
        raise CourseError(f"'{name}' is not a data set: choose one of {', '.join(datasets)}.")
    return datasets[name]


def dataset_dir(name):
    """Return the folder of a data set, `work/datasets/<name>/`, whether it exists or not."""
    return project.work_dir() / "datasets" / name


def read_list(path):
    """Read a list of files: csv with the columns path, bytes and sha256.

    Returns
    -------
    list of ListedFile

    Raises
    ------
    CourseError
        When the file is missing or is no such list.
    """
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return [ListedFile(row["path"], int(row["bytes"]), row["sha256"]) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise CourseError(
            f"{path} can't be read as a list of files ({error}): restore it, or get the set again."
        ) from error


def listed_files(dataset):
    """Return the files that the registry lists for a data set, an empty list when it lists none."""
    return read_list(project.data_dir() / Path(dataset.files)) if dataset.files else []
