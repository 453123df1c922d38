"""What `course evaluate` does: a model, a folder, and the figures."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from course_utils import files, models
from course_utils.data.class_names import all_understood
from course_utils.errors import CourseError
from course_utils.evaluation.predicting import predict
from course_utils.evaluation.statistics import bootstrap_interval, confusion_matrix, per_class
from course_utils.masks import type_names
from course_utils.training.folders import WORN, find_faces
from course_utils.training.split import source_name


@dataclass(frozen=True)
class Report:
    """How a model did on a folder.

    Attributes
    ----------
    class_names : tuple of str
        The model's.
    pictures, groups : int
        That could be read; a group is a person or a group of the folder, else pictures of one name.
    accuracy : float
    interval : (float, float)
        95 percent, by resampling groups.
    per_class, confusion : pandas.DataFrame
        As `statistics.per_class` and `statistics.confusion_matrix`.
    skipped : list of str
        A sentence for each picture that could not be read, each other file of the class folders and
        each blank row of `faces.csv`.
    settings : dict
        Face sizes, threshold, part and seed.
    """

    class_names: tuple
    pictures: int
    groups: int
    accuracy: float
    interval: tuple
    per_class: pd.DataFrame = field(repr=False)
    confusion: pd.DataFrame = field(repr=False)
    skipped: list = field(repr=False)
    settings: dict

    def to_dict(self):
        """Return all of it as JSON can hold it; null where there is nothing to divide by."""
        each = {
            name: {
                "pictures": int(row.pictures),
                "recall": _or_none(row.recall),
                "precision": _or_none(row.precision),
            }
            for name, row in self.per_class.iterrows()
        }
        return {
            "accuracy": self.accuracy,
            "interval": [_or_none(edge) for edge in self.interval],
            "pictures": self.pictures,
            "groups": self.groups,
            "classes": each,
            "confusion": {
                "classes": list(self.class_names),
                "rows_true_columns_predicted": self.confusion.to_numpy().tolist(),
            },
            "skipped": self.skipped,
            **self.settings,
        }


def evaluate(
    model_path,
    folder,
    face_size=None,
    threshold=None,
    part=None,
    seed=0,
    predictions=None,
    progress=True,
    force=False,
):
    """Evaluate a saved model on a folder.

    Parameters
    ----------
    model_path : path-like
        A `.keras` file of `course train`.
    folder : path-like
        As for `course_utils.training.find_faces`.
    face_size : (int, int), optional
        Shrink each face to a random size in this range of pixels first.
    threshold : float, optional
        Probability from which on a face is said to be of the class `with_mask`; the likelier class
        when not given.
    part : str, optional
        "train", "validation" or "test", where the folder tells.
    seed : int
    predictions : path-like, optional
        A CSV file for the table of `predict`. Neither an input nor, without `force`, a file that
        was not written so is replaced.
    progress : bool
    force : bool

    Returns
    -------
    Report

    Raises
    ------
    CourseError
        When model or folder can't be used, their classes differ, or no picture can be read.
    """
    labelled = find_faces(folder)
    if predictions is not None:
        read = [model_path, labelled.folder / "faces.csv"]
        if os.path.lexists(predictions):
            read += [labelled.folder / name for name in labelled.table["picture"]]
        files.refuse_to_overwrite(predictions, read, _is_predictions, force)
    model, class_names = models.load(model_path)
    _check_model(model, class_names, model_path)
    class_names = all_understood(class_names)
    if threshold is not None and (len(class_names) != 2 or WORN not in class_names):
        raise CourseError(
            f"A threshold needs a model of two classes, one of them {WORN}; {model_path} knows"
            f" {', '.join(class_names)}."
        )
    table = _match_classes(labelled, class_names, model_path)
    if part is not None:
        table = table[table["split"] == part]
        if not len(table):
            raise CourseError(
                f"{folder} has no part {part!r}: leave --part out, or choose among"
                f" {', '.join(sorted(set(labelled.table['split']) - {''})) or 'none'}."
            )
    skipped = list(labelled.skipped)
    said = predict(
        model, class_names, table, labelled.folder, face_size, seed, skipped, progress=progress
    )
    if not len(said):
        raise CourseError(f"No picture of {folder} can be read ({skipped[0]}).")
    if threshold is not None:
        other = next(name for name in class_names if name != WORN)
        said["predicted"] = np.where(said[f"p_{WORN}"] >= threshold, WORN, other)
        said["confidence"] = np.where(
            said["predicted"] == WORN, said[f"p_{WORN}"], said[f"p_{other}"]
        )
    if predictions is not None:
        with files.explaining_disk_errors(predictions):
            files.write_text(
                predictions, said.to_csv(index=False, lineterminator="\n", float_format="%.6g")
            )
    right = (said["predicted"] == said["label"]).to_numpy()
    endings = type_names()
    groups = np.array(
        [group or source_name(name, endings) for group, name in zip(said["group"], said["picture"])]
    )
    settings = {
        "face_size": list(face_size) if face_size else None,
        "threshold": threshold,
        "part": part,
        "seed": seed,
    }
    return Report(
        class_names,
        len(said),
        len(set(groups)),
        float(right.mean()),
        bootstrap_interval(right, groups, seed=seed),
        per_class(said["label"], said["predicted"], class_names),
        confusion_matrix(said["label"], said["predicted"], class_names),
        sorted(skipped),
        settings,
    )


def _is_predictions(path):
    """Tell whether a file is a table that an earlier run wrote."""
    try:
        with open(path, encoding="utf-8") as stream:
            columns = stream.readline(4096).strip().split(",")
    except (OSError, UnicodeDecodeError):
        return False
    return columns[:2] == ["picture", "label"] and {"predicted", "confidence"} <= set(columns)


def _check_model(model, class_names, path):
    shape = model.input_shape
    takes_pictures = (
        isinstance(shape, tuple)
        and len(shape) == 4
        and shape[3] == 3
        and shape[1] is not None
        and shape[1] == shape[2]
    )
    if not takes_pictures or model.output_shape != (None, len(class_names)):
        raise CourseError(
            f"{path} is no classifier of square pictures: give a .keras file that `course train`"
            " wrote."
        )


def _match_classes(labelled, class_names, path):
    """Return the table in the model's classes: its own, or the ways of wearing joined to two."""
    table, unknown = labelled.table, set(labelled.class_names) - set(class_names)
    if not unknown:
        return table
    if set(class_names) == {WORN, "without_mask"} and WORN in labelled.class_names:
        return table.assign(label=table["label"].where(table["label"] == WORN, "without_mask"))
    retry = (
        find_faces(labelled.folder, 4)
        if (Path(labelled.folder) / "faces.csv").is_file() and len(class_names) == 4
        else None
    )
    if retry is not None and set(retry.class_names) <= set(class_names):
        return retry.table
    raise CourseError(
        f"{labelled.folder} holds {', '.join(sorted(unknown))}, which {Path(path).name} does not"
        f" know: it tells {', '.join(class_names)} apart. Rename the sub-folders, or choose another"
        " model."
    )


def _or_none(value):
    return None if np.isnan(value) else float(value)
