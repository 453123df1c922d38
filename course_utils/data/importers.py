"""Bring a data set that the user obtained into the common layout.

work/datasets/<name>/faces/<label>/<name>.jpg   one upright RGB picture per face
work/datasets/<name>/faces.csv                  one row per face
work/datasets/<name>/report.csv                 what was left out or changed, and why
work/datasets/<name>/manifest.csv               every file with its SHA-256, written last
"""

import hashlib
import re
import shutil
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from course_utils.data.archives import is_archive, unpack
from course_utils.data.layouts import LAYOUTS
from course_utils.data.progress import notice, progress
from course_utils.data.registry import find
from course_utils.data.tables import changed, refused, write_faces, write_report
from course_utils.data.verify import refuse_to_lose_files, write_manifest
from course_utils.errors import CourseError
from course_utils.files import explaining_disk_errors, locked, put_back, replacing_folder
from course_utils.pictures.annotations import clip, crop
from course_utils.pictures.finding import find_files
from course_utils.pictures.images import BadPicture, plain_suffix, read_rgb, write_jpeg


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes
    ----------
    folder : pathlib.Path
    faces : dict
        By label, how many.
    refused, changed : int
        Rows of `report.csv`.
    files : dict
        How many files of the source are `pictures` that were read, `descriptions` (annotations,
        tables, lists of names) that were used, and `refused`: all visible ones. `hidden` are left
        alone.
    """

    folder: Path
    faces: dict
    refused: int
    changed: int
    files: dict


def import_dataset(name, source):
    """Bring a folder or an archive into `work/datasets/<name>/`, in place of what was there.

    A picture, box or label that can't be used is named in `report.csv` and never stops the rest. Of
    two that import into one set the second waits.

    Parameters
    ----------
    name : str
        A data set of the registry; its layout says how `source` is read.
    source : path-like
        What the user downloaded, or took: a folder or an archive.

    Returns
    -------
    Imported

    Raises
    ------
    CourseError
        When the set is not one to import, the source is missing, damaged or unsafe, or holds no
        usable face.
    """
    dataset = find(name)
    if dataset.archive or dataset.embedded:
        raise CourseError(f"{name} is not imported. {dataset.how}")
    faces, report = [], []
    with (
        explaining_disk_errors(dataset.folder),
        locked(dataset.folder, notice),
        _as_folder(source, dataset) as pictures,
        _replaced(dataset) as folder,
    ):
        found, names, account = find_files(pictures), _Names(), _Account()
        scenes = list(LAYOUTS[dataset.layout](found, dataset, report))
        for scene in progress(scenes, "importing", len(scenes)):
            faces.extend(_take(scene, pictures, folder, dataset, report, names, account))
        files = account.close(found, report)
        if not faces:
            raise _no_face(source, dataset, report)
        write_faces(folder / "faces.csv", faces)
        write_report(folder / "report.csv", report)
        write_manifest(folder)
    labels = {
        label: sum(face["label"] == label for face in faces)
        for label in ("with_mask", "without_mask")
    }
    outcomes = [row["what"] for row in report]
    return Imported(
        dataset.folder, labels, outcomes.count("refused"), outcomes.count("changed"), files
    )


class _Account:
    """What became of each file of the source."""

    def __init__(self):
        self.read, self.described = set(), set()

    def close(self, found, report):
        """Name what nothing was said of, and count; returns `Imported.files`."""
        named = {row["picture"] for row in report}
        reasons = dict(found.left_out)
        files = {*found.pictures, *reasons}
        self.read &= files
        self.described &= files - self.read
        refused_files = files - self.read - self.described
        for path in sorted(refused_files):
            inside = path.relative_to(found.folder).as_posix()
            if inside not in named:
                report.append(
                    refused(inside, reasons.get(path, "belongs to nothing that was read"))
                )
        return {
            "pictures": len(self.read),
            "descriptions": len(self.described),
            "refused": len(refused_files),
            "hidden": found.hidden,
        }


class _Names:
    """Names of the files that an import writes: no two alike, whatever the file system."""

    def __init__(self):
        self._taken = {}

    def of(self, source):
        """Return the stable name of a picture of the source, a longer one where it is taken."""
        for digits in (8, 16, 64):
            name = stable_name(source, digits=digits)
            if self._taken.setdefault(name.lower(), source) == source:
                return name
        raise AssertionError(f"{source}: two paths have one SHA-256")


@contextmanager
def _replaced(dataset):
    """Yield the folder to fill, unless the set holds files that no import put there."""
    put_back(dataset.folder)
    refuse_to_lose_files(dataset)
    with replacing_folder(dataset.folder) as folder:
        yield folder


def stable_name(path, number=None, digits=8):
    """Make a short ASCII name of a picture's path in its data set, the same on every machine.

    Parameters
    ----------
    path : str
        With `/` between the parts, in any script.
    number : int, optional
        The face's number in the picture.
    digits : int
        How many digits of the path's SHA-256. With eight, forms of the path that Unicode holds for
        the same have one name, whichever form the system has; with more, each has its own.

    Returns
    -------
    str
        The readable part of the file's name, the digits, and the number; no suffix.
    """
    if digits == 8:
        path = unicodedata.normalize("NFC", path)
    stem = unicodedata.normalize("NFKD", path.rpartition("/")[2].partition(".")[0])
    readable = re.sub(r"[^A-Za-z0-9]+", "-", stem.encode("ascii", "ignore").decode("ascii")).strip(
        "-"
    )[:40]
    digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
    return "-".join(
        part for part in (readable, digest, "" if number is None else f"{number:03d}") if part
    )


def _take(scene, pictures, folder, dataset, report, names, account):
    """Write the faces of one scene and return their rows; add to the report what can't be used."""
    source = scene.picture.relative_to(pictures).as_posix()
    base = {"source": source, "person": scene.person, "split": scene.split}
    account.described.update(scene.described_by)
    try:
        rgb = read_rgb(scene.picture, reduced=bool(scene.label))
        name = names.of(source)
        if scene.label:
            account.read.add(scene.picture)
            return [base | _whole_picture(scene, rgb, name, folder, dataset)]
        boxes, problems = scene.boxes(rgb)
    except BadPicture as error:
        report.append(refused(source, error.reason))
        return []
    except CourseError as error:
        report.append(refused(source, str(error).replace(f"{pictures}/", "")))
        return []
    account.read.add(scene.picture)
    report.extend(refused(source, problem) for problem in problems)
    rows = [
        _cut(box, number, rgb, source, name, folder, dataset, report)
        for number, box in enumerate(boxes)
    ]
    return [base | row for row in rows if row]


def _whole_picture(scene, rgb, name, folder, dataset):
    """Copy a picture that is a face, or rewrite it when it is not a plain upright RGB file."""
    label = dataset.labels[scene.label]
    suffix = plain_suffix(scene.picture)
    picture = f"faces/{label}/{name}{suffix or '.jpg'}"
    if suffix:
        (folder / picture).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(scene.picture, folder / picture)
    else:
        write_jpeg(folder / picture, rgb)
    size = {"width": rgb.shape[1], "height": rgb.shape[0]}
    return {"picture": picture, "label": label, "original_label": scene.label} | size


def _cut(box, number, rgb, source, name, folder, dataset, report):
    """Cut one box out, or say why not."""
    corners = f"box {number} ({box.x_min}, {box.y_min}, {box.x_max}, {box.y_max})"
    height, width = rgb.shape[:2]
    inside = clip(box, width, height)
    if box.label not in dataset.labels:
        report.append(refused(source, f"{corners} has the unknown label '{box.label}'"))
        return None
    if inside is None:
        report.append(
            refused(source, f"{corners} lies outside the picture of {width} x {height} pixels")
        )
        return None
    if inside != box:
        report.append(
            changed(source, f"{corners} was cut to the picture of {width} x {height} pixels")
        )
    label = dataset.labels[box.label]
    picture = f"faces/{label}/{name}-{number:03d}.jpg"
    write_jpeg(folder / picture, crop(rgb, inside))
    edges = {
        "x_min": inside.x_min,
        "y_min": inside.y_min,
        "x_max": inside.x_max,
        "y_max": inside.y_max,
    }
    size = {"width": inside.width, "height": inside.height}
    return {"picture": picture, "label": label, "original_label": box.label} | edges | size


def _no_face(source, dataset, report):
    why = f" ({report[0]['picture']} {report[0]['reason'].rstrip('.')})" if report else ""
    return CourseError(
        f"{source} holds no face in the layout of {dataset.name}{why}. Expected: {dataset.holds}"
    )


@contextmanager
def _as_folder(source, dataset):
    """Yield the folder to read: the source itself, or what its archive unpacks to."""
    source = Path(source)
    if source.is_dir():
        yield source.resolve()
        return
    if not is_archive(source):
        other = source.suffix.lower() in (".rar", ".7z", ".zst", ".gz", ".bz2", ".xz")
        raise CourseError(
            f"{source} is neither a folder nor a zip or tar archive:"
            f" {'unpack it yourself and give the folder' if other else 'name what you downloaded'}."
        )
    unpacked = dataset.folder.with_name(f".{dataset.name}.source")
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir(parents=True)
    try:
        unpack(source, unpacked)
        yield unpacked.resolve()
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
