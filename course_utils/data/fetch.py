"""Fetch a data set.

From GitHub, or from a mirror, with every file checked before the set counts as there.
"""

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course_utils.data.archives import is_archive, unpack
from course_utils.data.download import download
from course_utils.data.progress import notice, progress
from course_utils.data.registry import find, listed_files
from course_utils.data.tables import refused, write_faces, write_report
from course_utils.data.verify import compare, refuse_to_lose_files, verify, write_manifest
from course_utils.errors import CourseError
from course_utils.files import explaining_disk_errors, locked, put_back, replacing_folder
from course_utils.pictures.images import BadPicture, read_rgb

GITHUB = "https://github.com"

ARCHIVE_FACTOR, ARCHIVE_EXTRA = 2, 64 << 20
"""An archive may be so many times as large as the listed files, and so many bytes more: room for
what is not listed, and an end to a download that has none."""


@dataclass(frozen=True)
class Fetched:
    """What a fetch did.

    The folder, whether it was complete before, and the numbers of files, faces and refusals.
    """

    folder: Path
    already_there: bool
    files: int
    faces: int = 0
    refused: int = 0


def fetch(name, mirror=None, timeout=30.0):
    """Make a data set complete in `work/datasets/<name>/`.

    The files are gathered in a temporary folder, each is held against the registry's SHA-256, and
    only then the folder gets its name. A set that is already there is checked the same way and
    fetched again when a file is damaged. Of two that fetch or import one set the second waits.

    Parameters
    ----------
    name : str
    mirror : str, optional
        The environment variable COURSE_MIRROR by default, else GitHub. One of: a folder that holds
        `<name>/` with the files; an archive file; the URL of an archive; a URL that stands in for
        https://github.com and serves the archive at the same path.
    timeout : float
        Seconds without a byte after which the server counts as stalled.

    Returns
    -------
    Fetched

    Raises
    ------
    CourseError
        When the set can't be fetched; nothing that looks complete is left behind.
    """
    dataset = find(name)
    if not dataset.archive:
        raise CourseError(f"{name} can't be fetched by a program. {dataset.how}")
    files = listed_files(dataset)
    mirror = mirror or os.environ.get("COURSE_MIRROR") or GITHUB
    with explaining_disk_errors(dataset.folder), locked(dataset.folder, notice):
        put_back(dataset.folder)
        refuse_to_lose_files(dataset)
        if dataset.present and verify(dataset).exact:
            return Fetched(dataset.folder, True, len(files))
        return _fetch(dataset, files, mirror, timeout)


def _fetch(dataset, files, mirror, timeout):
    """Gather a set and give the folder its name."""
    with replacing_folder(dataset.folder) as folder:
        if "://" not in mirror and not is_archive(mirror):
            _copy(Path(mirror) / dataset.name, folder, files)
            _require_exact(folder, files, mirror)
        else:
            _unpack_download(mirror, dataset, folder, files, timeout)
        faces, problems = describe_pictures(folder, dataset, files)
        write_faces(folder / "faces.csv", faces)
        write_report(folder / "report.csv", problems)
        write_manifest(folder)
    shutil.rmtree(_downloads(dataset), ignore_errors=True)
    return Fetched(dataset.folder, False, len(files), len(faces), len(problems))


def describe_pictures(folder, dataset, files):
    """Read every listed picture whose folder is a label, and describe it as a face.

    Returns
    -------
    faces, problems : list of dict
        Rows of `faces.csv` and `report.csv`.
    """

    def size(listed):
        try:
            return read_rgb(folder / listed.path).shape
        except BadPicture as error:
            return refused(listed.path, error.reason)

    faces, problems = [], []
    with ThreadPoolExecutor() as pool:
        for listed, found in progress(
            zip(files, pool.map(size, files)), "reading pictures", len(files)
        ):
            if isinstance(found, dict):
                problems.append(found)
                continue
            label = PurePosixPath(listed.path).parent.name
            row = {
                "picture": listed.path,
                "label": dataset.labels[label],
                "original_label": label,
                "person": _person(listed.path, dataset),
            }
            faces.append(row | {"source": listed.path, "width": found[1], "height": found[0]})
    return faces, problems


def _person(path, dataset):
    """Return the person that a file's name tells of, or an empty string."""
    match = re.match(dataset.person, path) if dataset.person else None
    return match[1] if match else ""


def _unpack_download(mirror, dataset, folder, files, timeout):
    """Download the archive unless the mirror is one, and unpack the listed files."""
    if "://" in mirror:
        url = mirror if is_archive(mirror) else f"{mirror.rstrip('/')}/{dataset.archive}"
        suffix = ".tar.gz" if url.endswith(("gz", "tar")) else ".zip"
        most = ARCHIVE_FACTOR * sum(file.bytes for file in files) + ARCHIVE_EXTRA
        archive = download(url, _downloads(dataset) / f"archive{suffix}", timeout, most)
    else:
        archive = Path(mirror)
    listed = {file.path for file in files}
    try:
        unpack(archive, folder, lambda name: _listed_path(name, listed))
        _require_exact(folder, files, mirror)
    except CourseError:
        shutil.rmtree(_downloads(dataset), ignore_errors=True)
        raise


def _listed_path(name, listed):
    """Find an archive's file in the list.

    GitHub puts everything into one folder named after the commit.
    """
    for path in (name, name.partition("/")[2]):
        if path in listed:
            return path
    return None


def _copy(source, folder, files):
    """Copy the listed files from a folder."""
    if not source.is_dir():
        raise CourseError(
            f"The mirror has no folder {source}: set COURSE_MIRROR to a folder that holds"
            f" {source.name}/."
        )
    for listed in progress(files, "copying", len(files)):
        original, copy = source / listed.path, folder / listed.path
        copy.parent.mkdir(parents=True, exist_ok=True)
        if original.is_file():
            shutil.copyfile(original, copy)


def _require_exact(folder, files, mirror):
    comparison = compare(folder, files)
    if not comparison.exact:
        raise CourseError(
            f"{comparison.sentence(mirror)}: nothing of it is kept, run the command again or use"
            " another mirror."
        )


def _downloads(dataset):
    return dataset.folder.with_name(f".{dataset.name}.download")
