"""The two tables of a data set.

`faces.csv`, one row per face, and `report.csv`, what was left out or changed. They are written in
one form, and read in all forms that spreadsheets write.
"""

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import write_rows

DELIMITERS = ",;\t"
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
LONGEST_FIELD = 100_000
"""Characters; a forgotten quotation mark swallows the rest of a table."""

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


@dataclass(frozen=True)
class Table:
    """A table of faces, read.

    Attributes
    ----------
    columns : list of str
    rows : list of dict
        From column to text; `picture` with `/` between its parts.
    skipped : list of str
        A sentence for each row that is blank, or names no picture or no label.
    """

    columns: list
    rows: list
    skipped: list


def read_faces(path, needed=("picture", "label")):
    """Read a `faces.csv`, whichever program wrote it.

    UTF-8 with and without a mark, and UTF-16 with one; commas, semicolons or tabs; folders with
    backslashes.

    Parameters
    ----------
    path : path-like
    needed : tuple of str
        Columns that must be there; a row in which one is empty is skipped.

    Returns
    -------
    Table

    Raises
    ------
    CourseError
        When the file can't be read as such a table: another encoding, no such column, a row with
        too many fields.
    """
    path = Path(path)
    text = _decoded(path)
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count) if head else ","
    try:
        csv.field_size_limit(LONGEST_FIELD)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        columns = [name.strip() for name in next(reader, [])]
        _check_columns(path, columns, needed)
        rows, skipped = [], []
        for fields in reader:
            where = f"{path} line {reader.line_num}"
            if len(fields) > len(columns) and any(fields[len(columns) :]):
                raise CourseError(
                    f"{where} has {len(fields)} fields, and the table {len(columns)} columns:"
                    " correct it, or write the table again."
                )
            row = dict.fromkeys(columns, "") | dict(zip(columns, fields))
            row |= {name: row[name].strip() for name in columns if name != "picture"}
            empty = [name for name in needed if not row[name].strip()]
            if not any(field.strip() for field in fields):
                skipped.append(f"{where} is blank")
            elif empty:
                skipped.append(f"{where} names no {' and no '.join(empty)}")
            else:
                rows.append(row | {"picture": _with_slashes(row["picture"], path.parent)})
    except csv.Error as error:
        raise CourseError(
            f"{path} can't be read as a table ({error}): write it again, or remove it to use the"
            " sub-folders."
        ) from error
    return Table(columns, rows, skipped)


def _check_columns(path, columns, needed):
    lacking = [name for name in needed if name not in columns]
    if lacking:
        there = ", ".join(name for name in columns if name) or "none"
        raise CourseError(
            f"{path} lacks the column {', '.join(lacking)} (it has {there[:200]}): correct it, or"
            " remove it to use the sub-folders."
        )
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise CourseError(f"{path} has the column {twice[0]} twice: remove one.")


def _decoded(path):
    """Return the text of a table; a guess of its encoding could change names without a word."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(
            f"{path} can't be read ({error.strerror}): correct its permissions, or remove it to"
            " use the sub-folders."
        ) from error
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in content:
        raise CourseError(
            f"{path} is UTF-16 without its mark, or no text: save it again as UTF-8 (Excel: CSV"
            " UTF-8)."
        )
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        known = {"utf-8": "no UTF-8, perhaps Windows-1252 (cp1252)"}.get(encoding, f"no {encoding}")
        raise CourseError(
            f"{path} is {known}, see line {line}: save it again as UTF-8 (Excel: CSV UTF-8)."
        ) from error


def _with_slashes(name, folder):
    """Return a path as every system reads it; a backslash that belongs to a name stays."""
    if "\\" not in name or (folder / name).exists():
        return name
    turned = name.replace("\\", "/")
    return turned if (folder / turned).exists() else name


def write_faces(path, rows):
    """Write `faces.csv` from dicts; a column that a row lacks stays empty."""
    write_rows(path, FACE_COLUMNS, rows)


def write_report(path, rows):
    """Write `report.csv` from dicts."""
    write_rows(path, REPORT_COLUMNS, rows)


def refused(picture, reason):
    """A row of the report: something that is not in `faces.csv`."""
    return {"picture": str(picture), "what": "refused", "reason": str(reason)}


def changed(picture, reason):
    """A row of the report: something that is in `faces.csv`, but not as it was labelled."""
    return {"picture": str(picture), "what": "changed", "reason": str(reason)}
