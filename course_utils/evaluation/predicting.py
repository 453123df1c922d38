"""Ask a model about the faces of a table, at their own size or a smaller one."""

import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from course_utils.data.progress import STYLE
from course_utils.errors import CourseError
from course_utils.models import compiled
from course_utils.pictures import annotations
from course_utils.pictures.images import BadPicture, read_rgb
from course_utils.training import pipeline

CHUNK = 256  # faces in memory at once
BOX = ["x_min", "y_min", "x_max", "y_max"]


def shrink_face(picture, box, pixels, size, method=Image.Resampling.BOX):
    """Show a face as a camera that is farther away would: few pixels, enlarged for the network.

    Parameters
    ----------
    picture : ndarray, uint8, (height, width, 3), RGB
    box : sequence of four numbers or None
        The face's box in pixels, half open; None: the picture is the face.
    pixels : int
        What the face's shorter side is shrunk to, with its aspect kept. A face that is smaller
        already stays as it is.
    size : int
        Side of the square in pixels.
    method : PIL.Image.Resampling
        How it is shrunk; by averaging, as a sensor does, when not given.

    Returns
    -------
    ndarray, uint8, (size, size, 3)
        Cut as `course_utils.training.pipeline.cut_face` does.
    """
    side = min(picture.shape[:2])
    if box is not None:
        found = annotations.Box("", *(round(float(edge)) for edge in box))
        side = min(found.x_max - found.x_min, found.y_max - found.y_min)
        picture = annotations.crop(picture, found, pipeline.MARGIN)
    if pixels < side:
        height, width = (max(1, round(length * pixels / side)) for length in picture.shape[:2])
        picture = np.asarray(Image.fromarray(picture).resize((width, height), method))
    return pipeline.cut_face(picture, None, size)


def random_size(picture, sizes, seed):
    """Draw a face size for a picture by its name, whatever other pictures there are.

    Parameters
    ----------
    picture : str
    sizes : (int, int)
        Smallest and largest, both included.
    seed : int

    Returns
    -------
    int
    """
    name = picture.encode(errors="backslashreplace")  # a name may hold bytes that are no UTF-8
    return int(
        np.random.default_rng([seed, zlib.crc32(name)]).integers(sizes[0], sizes[1], endpoint=True)
    )


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
        Each face is shrunk to a random size in this range of pixels, see `shrink_face` and
        `random_size`.
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
    path, box = (
        folder / rows["picture"][number],
        (None if np.isnan(boxes[number]).any() else boxes[number]),
    )
    try:
        if "face_size" not in rows:
            return pipeline.read_face(path, box, size)
        try:
            picture = read_rgb(path, reduced=box is None)
            return shrink_face(picture, box, rows["face_size"][number], size)
        except CourseError as error:
            raise (
                error if isinstance(error, BadPicture) else CourseError(f"{path}: {error}")
            ) from error
    except CourseError as error:
        if problems is None:
            raise
        problems.append(str(error))
