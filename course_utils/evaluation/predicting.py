"""Ask a model about the faces of a table, at their own size or a smaller one."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from course_utils.data.progress import STYLE
from course_utils.errors import CourseError
from course_utils.models import compiled
from course_utils.training import pipeline
from course_utils.training.pipeline import random_size

CHUNK = 256  # faces in memory at once
BOX = ["x_min", "y_min", "x_max", "y_max"]


def predict(
    model, class_names, table, folder, sizes=None, seed=0, problems=None, batch=32, progress=False
):
    """Return what a model says about each face of a table.

    Parameters
    ----------
    model : keras.Model
        As `course_utils.models.load` gives it.
    class_names : sequence of str
        In the order of its outputs.
    table : pandas.DataFrame
        `picture`, `label`, perhaps `group` and the box, as for
        `course_utils.training.pipeline.read_faces`.
    folder : path-like
        What `picture` starts from.
    sizes : (int, int), optional
        Each face is shrunk to a random size in this range of pixels, see
        `course_utils.training.pipeline.shrink_face` and `random_size`.
    seed : int
        Of these sizes.
    problems : list, optional
        Gets a sentence for each face that can't be read, which is left out; without it the first
        one stops.
    batch : int
    progress : bool

    Returns
    -------
    pandas.DataFrame
        The rows of the table that could be read, with `predicted` (str), `confidence` (float, the
        probability of `predicted`), one column `p_CLASS` for each class (float, 0 to 1) and, with
        `sizes`, `face_size` (int, what was drawn).

    Raises
    ------
    course_utils.pictures.images.BadPicture, CourseError
        When a face can't be read and `problems` is not given.
    """
    rows = table.reset_index(drop=True)
    boxes = rows[BOX].to_numpy(float) if set(BOX) <= set(rows) else np.full((len(rows), 4), np.nan)
    if sizes is not None:
        rows["face_size"] = [random_size(name, sizes, seed) for name in rows["picture"]]
    read = partial(
        _read,
        rows=rows,
        folder=Path(folder),
        boxes=boxes,
        size=model.input_shape[1],
        problems=problems,
    )
    probabilities = np.full((len(rows), len(class_names)), np.nan, np.float32)
    ask = compiled(model)
    with (
        ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool,
        tqdm(
            desc="evaluating",
            total=len(rows),
            unit=" pictures",
            delay=1,
            **STYLE | {"disable": None if progress else True},
        ) as bar,
    ):
        for start in range(0, len(rows), CHUNK):
            chunk = range(start, min(start + CHUNK, len(rows)))
            faces = list(pool.map(read, chunk))
            good = [number for number, face in zip(chunk, faces) if face is not None]
            faces = [face for face in faces if face is not None]
            if good:
                probabilities[good] = ask(np.stack(faces), batch)
            bar.update(len(chunk))
    rows = rows.assign(
        predicted=np.asarray(class_names)[np.nan_to_num(probabilities).argmax(axis=1)],
        confidence=probabilities.max(axis=1),
        **{f"p_{name}": probabilities[:, number] for number, name in enumerate(class_names)},
    )
    return rows[~np.isnan(probabilities[:, 0])].reset_index(drop=True)


def _read(number, rows, folder, boxes, size, problems):
    """Return one face, or None and a sentence in `problems`."""
    box = None if np.isnan(boxes[number]).any() else boxes[number]
    pixels = rows["face_size"][number] if "face_size" in rows else None
    try:
        return pipeline.read_face(folder / rows["picture"][number], box, size, pixels)
    except CourseError as error:
        if problems is None:
            raise
        problems.append(str(error))
