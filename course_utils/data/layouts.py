"""Five ways in which data sets lie on disk, each read into scenes.

Every function takes what was found in the folder, the registry's entry and a list to which it adds
a row for whatever it can't use, and yields `Scene`s in a stable order. No picture is opened here.
A file that is in no scene and in no row is named by whoever imports.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from course_utils.data.class_names import understood
from course_utils.data.tables import refused
from course_utils.data.yolo_names import LISTS, ClassNames
from course_utils.pictures.annotations import Box, read_voc
from course_utils.pictures.finding import split_of
from course_utils.pictures.matching import match


@dataclass(frozen=True)
class Scene:
    """A picture and what is known about the faces in it.

    `label` is the set's own label when the picture itself is the face. Otherwise `boxes` takes the
    picture (uint8, height x width x 3) and returns the boxes that carry the labels, and sentences
    about those that can't be read. `described_by` are the files that say so.
    """

    picture: Path
    label: str = ""
    boxes: Callable | None = None
    person: str = ""
    split: str = ""
    described_by: tuple = ()


def class_folders(found, dataset, report):
    """`Train/WithMask/1.png`.

    A folder named after the label, a split above it, a person below it, both optional. Where no
    folder has a label's name, other spellings of the class are understood, such as no_mask.
    """
    exact = {name.lower(): name for name in dataset.labels}
    meant = {ours: name for name, ours in dataset.labels.items()}
    for picture in found.pictures:
        parts = picture.relative_to(found.folder).parts[:-1]
        labels = [exact.get(part.lower()) for part in parts]
        if not any(labels):
            labels = [meant.get(understood(part)) for part in parts]
        if not any(labels):
            reason = f"is in no folder named {' or '.join(dataset.labels)}"
            report.append(refused(_inside(picture, found), reason))
            continue
        place = max(i for i, label in enumerate(labels) if label)
        label, person = labels[place], "/".join(parts[place + 1 :])
        yield Scene(picture, label=label, person=person, split=_split(parts[:place], dataset))


def pascal_voc(found, dataset, report):
    """`images/1.png` and `annotations/1.xml` with boxes; see `match`."""
    for picture, annotation in _matched(found, ".xml", "annotation file", report):
        yield Scene(
            picture,
            boxes=partial(_voc_boxes, annotation, picture),
            split=_split(picture.relative_to(found.folder).parts[:-1], dataset),
            described_by=(annotation,),
        )


def yolo(found, dataset, report):
    """`images/train/1.jpg` and `labels/train/1.txt`, or the text file beside the picture."""
    names = ClassNames(found.others, found.folder, dataset.classes)
    for picture, label_file in _matched(found, ".txt", "label file", report):
        yield Scene(
            picture,
            boxes=partial(_yolo_boxes, label_file, names),
            split=_split(picture.relative_to(found.folder).parts[:-1], dataset),
            described_by=(label_file, *names.files),
        )


def scene_csv(found, dataset, report):
    """`train_meta.csv` with the columns fname and mask, and `images/`.

    One label for all the faces of a scene.
    """
    for table in _named(found, ".csv"):
        with open(table, encoding="utf-8-sig", errors="replace", newline="") as stream:
            rows = csv.DictReader(stream)
            if not {"fname", "mask"} <= set(rows.fieldnames or ()):
                report.append(refused(_inside(table, found), "has no columns fname and mask"))
                continue
            labels = {}
            try:
                _label_scenes(table, rows, found, dataset, report, labels)
            except csv.Error as error:
                report.append(refused(_inside(table, found), f"can't be read to its end ({error})"))
        for picture, label in labels.items():
            if label is None:
                what = f"has two labels in {_inside(table, found)}"
                report.append(refused(_inside(picture, found), what))
            else:
                boxes = partial(_detected_boxes, label)
                yield Scene(picture, boxes=boxes, described_by=(table,))


def person_folders(found, dataset, report):
    """`VN-celeb/17/0.png`: one folder per person; every picture has the set's one label."""
    (label,) = dataset.labels
    for picture in found.pictures:
        home = picture.parent
        if home == found.folder or any(inner.is_dir() for inner in home.iterdir()):
            report.append(refused(_inside(picture, found), "is in no person's folder"))
            continue
        yield Scene(picture, label=label, person=home.name)


LAYOUTS = {
    "class_folders": class_folders,
    "pascal_voc": pascal_voc,
    "yolo": yolo,
    "scene_csv": scene_csv,
    "person_folders": person_folders,
}


def _label_scenes(table, rows, found, dataset, report, labels):
    """Add the label of each scene to `labels`; None where two rows contradict each other."""
    images = table.parent / "images"
    for number, row in enumerate(rows, start=2):
        name, mask = (row["fname"] or "").strip(), (row["mask"] or "").strip()
        label = mask.removesuffix(
            ".0"
        )  # the file was written by pandas, with gaps: 1.0, 0.0 or nothing
        where, picture = f"{_inside(table, found)} line {number}", images / name
        if not name or Path(name).name != name or len(name) > 200:
            report.append(refused(where, f"'{name}' is not a file name"))
        elif not picture.is_file():
            report.append(refused(where, f"names {name}, which is not in {_inside(images, found)}"))
        elif label not in dataset.labels:
            reason = f"has the unknown mask label '{mask}'" if mask else "has no mask label"
            report.append(refused(_inside(picture, found), reason))
        elif picture in labels:
            report.append(refused(where, f"names {name} again"))
            labels[picture] = label if labels[picture] == label else None
        else:
            labels[picture] = label


def _matched(found, suffix, called, report):
    """Return pairs of picture and annotation by picture, and report what has no partner."""
    annotations = [path for path in _named(found, suffix) if path.name.lower() not in LISTS]
    matched = match(found.pictures, annotations, found.folder, called)
    report.extend(refused(_inside(path, found), why) for path, why in matched.refused.items())
    return [(path, matched.pairs[path]) for path in found.pictures if path in matched.pairs]


def _voc_boxes(annotation, picture, rgb):
    return read_voc(annotation, picture=picture)


def _yolo_boxes(label_file, names, rgb):
    height, width = rgb.shape[:2]
    return names.boxes(label_file, width, height)


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


def _split(parts, dataset):
    return split_of(parts, {name.lower(): split for name, split in dataset.splits.items()})


def _named(found, suffix):
    return [path for path in found.others if path.suffix.lower() == suffix]


def _inside(path, found):
    return Path(path).relative_to(found.folder).as_posix()
