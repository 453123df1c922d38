"""Which pictures a folder holds, of which class, and what it tells about groups and splits.

A folder either has a sub-folder for each class, perhaps below `train/`, `validation/` and `test/`,
or a `faces.csv` as `course data` and chapters 01 and 02 write it.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from course_utils.data.class_names import understood
from course_utils.data.tables import read_faces
from course_utils.errors import CourseError
from course_utils.pictures.finding import SPLITS, find_files

BOX = ["x_min", "y_min", "x_max", "y_max"]

WORN = "with_mask"
"""The one class that stays itself when four become two: whoever wears a mask wrongly counts as
without."""

WEARING = {
    "proper": "with_mask",
    "under_nose": "under_nose",
    "nose_only": "nose_only",
    "under_chin": "without_mask",
    "none": "without_mask",
}
"""The four classes by the column `wearing`; a mask below the chin leaves mouth and nose as bare as
none."""

MANY_PEOPLE = 10
"""So many sub-folders of the classes are taken for people; fewer may be anything, such as "images".
"""


@dataclass(frozen=True)
class LabelledFaces:
    """The pictures of a folder.

    Attributes
    ----------
    folder : pathlib.Path
    table : pandas.DataFrame
        One row a picture: `picture` (str, below the folder, with `/`), `label` (str), `group` (str:
        pictures that must stay together; empty when unknown), `split` ("train", "validation",
        "test" or ""), and `x_min`, `y_min`, `x_max`, `y_max` (float, pixels) when a `faces.csv` has
        them.
    class_names : tuple of str
        Sorted.
    skipped : list of str
        A sentence for each file of the class folders, or row of `faces.csv`, that is not in the
        table.
    """

    folder: Path
    table: pd.DataFrame = field(repr=False)
    class_names: tuple
    skipped: list = field(default_factory=list, repr=False)


def find_faces(folder, classes=None):
    """List the labelled pictures of a folder without opening them.

    What other sets call the classes, such as WithMask and no_mask, is understood.

    Parameters
    ----------
    folder : path-like
        Has one sub-folder for each class, or a `faces.csv` with the columns `picture` and `label`;
        `group` or `person`, `split`, `wearing` and the box are used when they are there.
    classes : {None, 2, 4}
        None: as many as there are. 2: `with_mask` against all others. 4: four sub-folders, or the
        ways of wearing of `faces.csv`.

    Returns
    -------
    LabelledFaces

    Raises
    ------
    CourseError
        When there is no such folder, fewer than two classes, or not as many as wanted.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CourseError(
            f"{folder} is not a folder: name the folder that has one sub-folder for each class."
        )
    if (folder / "faces.csv").is_file():
        table, skipped = _read_table(folder, classes)
        origin = f"{folder / 'faces.csv'} labels"
    else:
        table, skipped = _list_folders(folder)
        origin = f"{folder} has sub-folders for"
    table["label"] = table["label"].map(understood)
    names = set(table["label"])
    if len(names) < 2:
        raise CourseError(
            f"{origin} one class only ({names.pop()}): a classifier needs pictures of two classes"
            " or more, such as with_mask/ and without_mask/."
        )
    if classes == 2 and len(names) > 2:
        if WORN not in names:
            raise CourseError(
                f"{origin} {', '.join(sorted(names))}: to make two classes of them, one must be"
                f" called {WORN}."
            )
        table["label"] = table["label"].where(table["label"] == WORN, "without_mask")
    elif classes not in (None, len(names)):
        raise CourseError(
            f"{origin} {len(names)} classes ({', '.join(sorted(names))}), not {classes}: correct"
            " --classes or the folder."
        )
    class_names = tuple(sorted(set(table["label"])))
    for split in ("train", "validation"):
        part = set(table.loc[table["split"] == split, "label"])
        if part and part != set(class_names):
            raise CourseError(
                f"The part {split} of {folder} lacks {', '.join(sorted(set(class_names) - part))}:"
                " every class must be in it."
            )
    return LabelledFaces(folder, table.reset_index(drop=True), class_names, skipped)


def _read_table(folder, classes):
    path = folder / "faces.csv"
    read = read_faces(path)
    if not read.rows:
        first = f" ({read.skipped[0]})" if read.skipped else ""
        raise CourseError(
            f"{path} holds no row{first}: correct it, or remove it to use the sub-folders."
        )
    table = pd.DataFrame(read.rows, columns=read.columns, dtype=str)
    if classes == 4 and "wearing" in table:
        unknown = set(table["wearing"]) - set(WEARING)
        if unknown:
            raise CourseError(
                f"{path} holds unknown ways of wearing ({', '.join(sorted(unknown))}): use"
                f" {', '.join(WEARING)}."
            )
        table["label"] = table["wearing"].map(WEARING)
    chosen = table[["picture", "label"]].copy()
    told = [
        table[name] for name in ("group", "person") if name in table and (table[name] != "").any()
    ]
    chosen["group"] = told[0] if told else ""
    chosen["split"] = (
        [SPLITS.get(name.lower(), "") for name in table["split"]] if "split" in table else ""
    )
    if set(BOX) <= set(table.columns):
        for edge in BOX:
            chosen[edge] = pd.to_numeric(table[edge], errors="coerce").astype(float)
    return chosen, read.skipped


def _list_folders(folder):
    found, rows = find_files(folder), []
    skipped = [f"{path} {why}" for path, why in found.left_out]
    for path in found.pictures:
        parts = path.relative_to(folder).parts
        split = SPLITS.get(parts[0].lower(), "")
        label, *below = parts[1:] if split else parts
        if not below:
            skipped.append(f"{path} lies beside the class folders, so it is of no class")
            continue
        rows.append(
            {
                "picture": "/".join(parts),
                "label": label,
                "group": "/".join(below[:-1]),
                "split": split,
            }
        )
    if not rows:
        first = f" ({skipped[0]})" if skipped else ""
        raise CourseError(
            f"{folder} has no sub-folders with pictures{first}: make one for each class, such as"
            " with_mask/ and without_mask/."
        )
    table = pd.DataFrame(rows)
    if "train" not in set(table["split"]):  # class folders beside validation/ and test/
        table.loc[(table["split"] == "") & table["split"].ne("").any(), "split"] = "train"
    if table["group"].nunique() < MANY_PEOPLE:
        table["group"] = ""
    return table, skipped
