"""Five ways in which data sets lie on disk, each read into scenes.

Every function takes the folder, the registry's entry and a list to which it adds a row for whatever
it can't use, and yields `Scene`s in a stable order. No picture is opened here.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from course_utils.data.tables import refused
from course_utils.errors import CourseError
from course_utils.files import files_below
from course_utils.pictures.annotations import Box, read_voc, read_yolo
from course_utils.pictures.finding import find_pictures


@dataclass(frozen=True)
class Scene:
    """A picture and what is known about the faces in it.

    `label` is the set's own label when the picture itself is the face. Otherwise `boxes` takes the
    picture (uint8, height x width x 3) and returns the boxes that carry the labels, and sentences
    about those that can't be read.
    """

    picture: Path
    label: str = ""
    boxes: Callable | None = None
    person: str = ""
    split: str = ""


def class_folders(folder, dataset, report):
    """`Train/WithMask/1.png`.

    A folder named after the label, a split above it, a person below it, both optional.
    """
    labels = {name.lower(): name for name in dataset.labels}
    for picture in find_pictures(folder):
        parts = picture.relative_to(folder).parts[:-1]
        place = next((i for i in reversed(range(len(parts))) if parts[i].lower() in labels), None)
        if place is None:
            report.append(
                refused(
                    _inside(picture, folder), f"is in no folder named {' or '.join(dataset.labels)}"
                )
            )
            continue
        label, person = labels[parts[place].lower()], "/".join(parts[place + 1 :])
        yield Scene(picture, label=label, person=person, split=_split(parts, dataset))


def pascal_voc(folder, dataset, report):
    """`images/1.png` and `annotations/1.xml` with boxes."""
    annotations = {path.stem: path for path in _named(folder, ".xml")}
    for picture in find_pictures(folder):
        annotation = annotations.pop(picture.stem, None)
        if annotation is None:
            report.append(refused(_inside(picture, folder), "has no annotation file"))
            continue
        split = _split(picture.relative_to(folder).parts, dataset)
        yield Scene(picture, boxes=partial(_voc_boxes, annotation), split=split)
    for annotation in annotations.values():
        report.append(refused(_inside(annotation, folder), "names no picture that is there"))


def yolo(folder, dataset, report):
    """Read `images/train/1.jpg` and `labels/train/1.txt`, or the text file beside the picture."""
    names = _class_names(folder, dataset)
    files = {path for path in _named(folder, ".txt") if path.name != "classes.txt"}
    for picture in find_pictures(folder):
        parts = picture.relative_to(folder).with_suffix(".txt").parts
        beside, apart = (
            picture.with_suffix(".txt"),
            Path(folder, *("labels" if p == "images" else p for p in parts)),
        )
        label_file = apart if apart in files else beside
        if label_file not in files:
            report.append(refused(_inside(picture, folder), "has no label file"))
            continue
        files.discard(label_file)
        yield Scene(
            picture, boxes=partial(_yolo_boxes, label_file, names), split=_split(parts, dataset)
        )
    for label_file in sorted(files):
        report.append(refused(_inside(label_file, folder), "belongs to no picture that is there"))


def scene_csv(folder, dataset, report):
    """`train_meta.csv` with the columns fname and mask, and `images/`.

    One label for all the faces of a scene.
    """
    for table in _named(folder, ".csv"):
        with open(table, encoding="utf-8-sig", errors="replace", newline="") as stream:
            rows = csv.DictReader(stream)
            if not {"fname", "mask"} <= set(rows.fieldnames or ()):
                report.append(refused(_inside(table, folder), "has no columns fname and mask"))
                continue
            try:
                yield from _labelled_scenes(table, rows, folder, dataset, report)
            except csv.Error as error:
                report.append(
                    refused(_inside(table, folder), f"can't be read to its end ({error})")
                )


def person_folders(folder, dataset, report):
    """`VN-celeb/17/0.png`: one folder per person; every picture has the set's one label."""
    (label,) = dataset.labels
    for picture in find_pictures(folder):
        home = picture.parent
        if home == Path(folder) or any(inner.is_dir() for inner in home.iterdir()):
            report.append(refused(_inside(picture, folder), "is in no person's folder"))
            continue
        yield Scene(picture, label=label, person=home.name)


LAYOUTS = {
    "class_folders": class_folders,
    "pascal_voc": pascal_voc,
    "yolo": yolo,
    "scene_csv": scene_csv,
    "person_folders": person_folders,
}


def _labelled_scenes(table, rows, folder, dataset, report):
    images = table.parent / "images"
    for number, row in enumerate(rows, start=2):
        name, mask = (row["fname"] or "").strip(), (row["mask"] or "").strip()
        label = mask.removesuffix(
            ".0"
        )  # the file was written by pandas, with gaps: 1.0, 0.0 or nothing
        where = f"{_inside(table, folder)} line {number}"
        if not name or Path(name).name != name or len(name) > 200:
            report.append(refused(where, f"'{name}' is not a file name"))
        elif not (images / name).is_file():
            report.append(
                refused(where, f"names {name}, which is not in {_inside(images, folder)}")
            )
        elif label not in dataset.labels:
            reason = f"has the unknown mask label '{mask}'" if mask else "has no mask label"
            report.append(refused(_inside(images / name, folder), reason))
        else:
            yield Scene(images / name, boxes=partial(_detected_boxes, label))


def _voc_boxes(annotation, rgb):
    return read_voc(annotation)


def _yolo_boxes(label_file, names, rgb):
    height, width = rgb.shape[:2]
    return read_yolo(label_file, width, height, names)


def _detected_boxes(label, rgb):
    """Find faces with dlib's HOG detector (Dalal and Triggs, CVPR 2005).

    A small picture is enlarged once.
    """
    import dlib  # loads for half a second, and only this layout needs it

    enlarge = 1 if max(rgb.shape[:2]) < 1600 else 0
    found = dlib.get_frontal_face_detector()(rgb, enlarge)
    boxes = sorted((box.top(), box.left(), box.bottom() + 1, box.right() + 1) for box in found)
    problems = [] if boxes else ["no face was found in the scene"]
    return [Box(label, left, top, right, bottom) for top, left, bottom, right in boxes], problems


def _class_names(folder, dataset):
    """Take the classes from the set's own `classes.txt`, else from the registry."""
    own = [path for path in _named(folder, ".txt") if path.name == "classes.txt"]
    if not own:
        return dataset.classes
    names = own[0].read_bytes().decode("utf-8-sig", errors="replace").split()
    unknown = [name for name in names if name not in dataset.labels]
    if unknown:
        raise CourseError(
            f"{own[0]} names the unknown class '{unknown[0]}': use {', '.join(dataset.labels)}."
        )
    return names


def _split(parts, dataset):
    splits = {name.lower(): split for name, split in dataset.splits.items()}
    return next((splits[part.lower()] for part in parts if part.lower() in splits), "")


def _named(folder, suffix):
    return [path for path in files_below(folder) if path.suffix.lower() == suffix]


def _inside(path, folder):
    return Path(path).relative_to(folder).as_posix()
