"""Import a data set and hold the result against what every import promises."""

import csv

from course_utils.data.importers import import_dataset
from course_utils.data.registry import find
from course_utils.data.tables import FACE_COLUMNS
from course_utils.data.verify import verify
from course_utils.pictures.images import plain_suffix, read_rgb


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def rows(folder, table):
    with open(folder / table, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def imported(name, source):
    """Import, hold the result against its own promises, and return faces by source, refusals and
    changes.
    """
    done = import_dataset(name, source)
    dataset = find(name)
    assert verify(dataset).exact and not [
        path for path in done.folder.parent.iterdir() if path.name.startswith(".")
    ]
    faces = rows(done.folder, "faces.csv")
    assert tuple(faces[0]) == FACE_COLUMNS and len({face["picture"] for face in faces}) == len(
        faces
    )
    for face in faces:
        path = done.folder / face["picture"]
        assert face["picture"].isascii() and " " not in face["picture"]
        assert (
            face["picture"].startswith(f"faces/{face['label']}/")
            and face["label"] == dataset.labels[face["original_label"]]
        )
        assert plain_suffix(path) == path.suffix
        assert read_rgb(path).shape == (int(face["height"]), int(face["width"]), 3)
    report = rows(done.folder, "report.csv")
    assert done.refused + done.changed == len(report) and sum(done.faces.values()) == len(faces)
    by_source = {}
    for face in faces:
        by_source.setdefault(face["source"], []).append(face)
    reasons = {
        what: [(row["picture"], row["reason"]) for row in report if row["what"] == what]
        for what in ("refused", "changed")
    }
    return by_source, reasons["refused"], reasons["changed"]
