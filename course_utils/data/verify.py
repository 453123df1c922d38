"""Check every file of a data set against its SHA-256."""

import csv
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from course_utils.data.progress import notice, progress
from course_utils.data.registry import MANIFEST, listed_files, read_list
from course_utils.errors import CourseError
from course_utils.files import files_below, locked, put_back, replacing, sha256


@dataclass(frozen=True)
class Comparison:
    """A folder held against a list; every field is a sorted list of paths."""

    ok: list
    missing: list
    different: list
    extra: list

    @property
    def exact(self):
        return not (self.missing or self.different or self.extra)

    def sentence(self, name):
        """Say what is wrong, naming the first file of each kind."""
        faults = []
        for kind in ("missing", "different", "extra"):
            paths = getattr(self, kind)
            if paths:
                faults.append(f"{len(paths):,} {kind} (first: {paths[0]})")
        found = "; ".join(faults) or "all as listed"
        listed = len(self.ok) + len(self.missing) + len(self.different)
        return f"{name}: {len(self.ok):,} of {listed:,} files match, {found}"


def compare(folder, files):
    """Hash the files of a folder and hold them against a list.

    Parameters
    ----------
    folder : path-like
    files : sequence of ListedFile

    Returns
    -------
    Comparison
        Hidden files, `manifest.csv` and `README.md` are not counted as extra.
    """
    folder = Path(folder)
    with ThreadPoolExecutor() as pool:
        states = pool.map(lambda listed: _state(folder / listed.path, listed), files)
        found = {"ok": [], "missing": [], "different": []}
        for listed, state in progress(zip(files, states), "checking", len(files)):
            found[state].append(listed.path)
    known = {listed.path for listed in files} | {MANIFEST, "README.md"}
    there = [path.relative_to(folder).as_posix() for path in files_below(folder)]
    extra = [path for path in there if path not in known]
    return Comparison(
        *(sorted(found[kind]) for kind in ("ok", "missing", "different")), sorted(extra)
    )


def verify(dataset):
    """Check a data set that was fetched, imported or comes with the course.

    Fetched sets are held against the registry's list, imported ones against the list that the
    import wrote. A picture that `faces.csv` names and neither list does counts as missing.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    Comparison

    Raises
    ------
    CourseError
        When the set is not there, or was never finished.
    """
    if not dataset.present and dataset.folder.parent.is_dir():
        with locked(dataset.folder, notice):
            put_back(dataset.folder)
    if not dataset.present:
        raise CourseError(f"{dataset.folder} holds no complete data set. {dataset.how}")
    expected = {listed.path: listed for listed in read_list(dataset.folder / MANIFEST)}
    expected.update((listed.path, listed) for listed in listed_files(dataset))
    comparison = compare(dataset.folder, list(expected.values()))
    unlisted = set(_faces(dataset.folder)) - set(expected)
    return replace(comparison, missing=sorted({*comparison.missing, *unlisted}))


def refuse_to_lose_files(dataset):
    """Stop before a set's folder is replaced when it holds files that no fetch or import put there.

    Raises
    ------
    CourseError
        Naming the first such file.
    """
    listed = read_list(dataset.folder / MANIFEST) if dataset.present else []
    known = {file.path for file in listed} | {MANIFEST}
    there = [path.relative_to(dataset.folder).as_posix() for path in files_below(dataset.folder)]
    foreign = [path for path in there if path not in known]
    if foreign:
        raise CourseError(
            f"{dataset.folder} would be replaced but holds {len(foreign):,} files of your own"
            f" (first: {foreign[0]}): move them elsewhere, then run the command again."
        )


def write_manifest(folder):
    """List every file of a folder in its `manifest.csv`: what makes the folder complete.

    Raises
    ------
    CourseError
        When `faces.csv` names a picture that is not there, or one picture twice: a list of what
        happens to be there would hide that.
    """
    folder = Path(folder)
    faces = Counter(_faces(folder))
    lost = sorted(name for name in faces if not (folder / name).is_file())
    shared = sorted(name for name, count in faces.items() if count > 1)
    if lost or shared:
        fault = f"has no file {lost[0]}" if lost else f"has two faces in {shared[0]}"
        raise CourseError(
            f"{folder} {fault}, though faces.csv names it: nothing of it is kept, run the command"
            " again."
        )
    paths = [path for path in files_below(folder) if path != folder / MANIFEST]
    with ThreadPoolExecutor() as pool:
        hashes = list(pool.map(sha256, paths))
    with (
        replacing(folder / MANIFEST) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("path", "bytes", "sha256"))
        for path, digest in zip(paths, hashes):
            writer.writerow((path.relative_to(folder).as_posix(), os.path.getsize(path), digest))


def _faces(folder):
    """Return the pictures that `faces.csv` names, an empty list when there is none to read."""
    try:
        with open(folder / "faces.csv", encoding="utf-8", newline="") as stream:
            return [row["picture"] for row in csv.DictReader(stream)]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError):
        return []  # a damaged table differs from its hash, which says it


def _state(path, listed):
    if not path.is_file():
        return "missing"
    same = path.stat().st_size == listed.bytes and sha256(path) == listed.sha256
    return "ok" if same else "different"
