"""The two tables of a data set.

`faces.csv`, one row per face, and `report.csv`, what was left out or changed.
"""

import csv

from course_utils.files import replacing

FACE_COLUMNS = (
    "picture",
    "label",
    "original_label",
    "person",
    "split",
    "source",
    "x_min",
    "y_min",
    "x_max",
    "y_max",
    "width",
    "height",
)
"""picture: path below the set's folder, with `/`. label: with_mask or without_mask. original_label:
what the set itself says. person, split: empty when unknown. source: the picture that the face was
cut from, as the set names it, and x_min to y_max where (pixels, half open), empty when the picture
is the face. width, height: pixels of `picture`."""

REPORT_COLUMNS = ("picture", "what", "reason")
"""picture: as the set names it. what: `refused` (not in faces.csv) or `changed` (there, but not as
it was labelled)."""


def write_faces(path, rows):
    """Write `faces.csv` from dicts; a column that a row lacks stays empty."""
    _write(path, FACE_COLUMNS, rows)


def write_report(path, rows):
    """Write `report.csv` from dicts."""
    _write(path, REPORT_COLUMNS, rows)


def refused(picture, reason):
    """A row of the report: something that is not in `faces.csv`."""
    return {"picture": str(picture), "what": "refused", "reason": str(reason)}


def changed(picture, reason):
    """A row of the report: something that is in `faces.csv`, but not as it was labelled."""
    return {"picture": str(picture), "what": "changed", "reason": str(reason)}


def _write(path, columns, rows):
    # backslashreplace: on Linux a file's name may hold bytes that are no UTF-8
    with (
        replacing(path) as temporary,
        open(temporary, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream,
    ):
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
