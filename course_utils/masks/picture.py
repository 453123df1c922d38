"""Mask every face of one picture: read it, find the faces, draw, write, and say what was done."""

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from course_utils.errors import CourseError
from course_utils.files import DISK_FULL
from course_utils.masks.choice import MaskOptions, draw_choice, rng_of_face
from course_utils.pictures.images import PICTURE_NAME, BadPicture, read_rgb

MASKED, REFUSED, NO_FACE, UNREADABLE, FAILED = (
    "masked",
    "refused",
    "no face",
    "unreadable",
    "failed",
)

ENCODINGS = {
    "png": ("PNG", {}),
    "webp": ("WEBP", {"lossless": True}),
    "avif": ("AVIF", {"quality": 95, "subsampling": "4:4:4"}),
    "bmp": ("BMP", {}),
    "gif": ("GIF", {}),
    "tif": ("TIFF", {}),
    "tiff": ("TIFF", {}),
}
"""Of a name's ending; any other is written as JPEG, of quality 95 without colour subsampling."""
JPEG = ("JPEG", {"quality": 95, "subsampling": 0})


@dataclass(frozen=True)
class Task:
    """One picture to mask.

    Attributes
    ----------
    picture : str
        Path below the source folder, with `/`: what the random choices depend on.
    source : pathlib.Path
    outputs : tuple of (str or None, str)
        For each masked copy its type (None: the options decide) and its path below `destination`,
        with `/`.
    original : str or None
        Path below `destination` for the untouched copy.
    destination, scratch : pathlib.Path
        The second is a folder on the same disk, for files that are not finished.
    options : MaskOptions
    """

    picture: str
    source: Path
    outputs: tuple
    original: str | None
    destination: Path
    scratch: Path
    options: MaskOptions


def mask_picture(task):
    """Mask the faces of one picture and write its copies.

    Nothing that is wrong with the picture stops the job: it becomes a row.

    Parameters
    ----------
    task : Task

    Returns
    -------
    rows : list of dict
        One for each face and output, with the keys of `ledger.COLUMNS`; one without a face when
        there is none.
    landmarks : list of str
        Of each face the 136 numbers x0 y0 x1 ... in pixels, with blanks between them.

    Raises
    ------
    CourseError
        When a model or a texture is missing.
    OSError
        When the disk is full: going on would be of no use.
    """
    from course_utils import faces

    try:
        rgb = read_rgb(task.source)
        found = [faces.face_of_crop(rgb)] if task.options.crop else faces.find_faces(rgb)
        if not found:
            return [row(task, NO_FACE, "no face was found")], []
        rows = [
            line
            for type_name, output in task.outputs
            for line in _mask_once(task, rgb, found, type_name, output)
        ]
        if task.original and any(line["result"] == MASKED for line in rows):
            _write(task, task.original, lambda path: shutil.copyfile(task.source, path))
        return rows, [
            " ".join(f"{number:.1f}" for number in face.landmarks.ravel().tolist())
            for face in found
        ]
    except BadPicture as error:
        return [row(task, FAILED if error.passing else UNREADABLE, error.reason)], []
    except CourseError:  # a model or a texture is missing: that is not this picture's fault
        raise
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        return [row(task, FAILED, f"can't be read or written ({error.strerror or error})")], []
    except (
        Exception
    ) as error:  # whatever a library raises on one odd picture, the other pictures are still wanted
        words = " ".join(str(error).split())[:200]
        return [row(task, FAILED, f"failed ({type(error).__name__}: {words})")], []


def row(task, result, reason="", **more):
    """Return one line of masks.csv."""
    return {"picture": task.picture, "result": result, "reason": reason} | more


def _mask_once(task, rgb, found, type_name, output):
    """Write one masked copy, unless no face could be masked; return a row for each face."""
    from course_utils import masks

    rows, image = [], rgb
    for number, face in enumerate(found, start=1):
        rng = rng_of_face(task.options.seed, task.picture, number)
        choice = draw_choice(task.options, rng, type_name)
        masked = masks.put_on(image, face, choice, rng)
        about = {"face": number, "found_by": face.found_by, **_box(face), **_described(choice)}
        if masked.quality.ok:
            image = masked.image
            rows.append(row(task, MASKED, output=output, **about))
        else:
            rows.append(row(task, REFUSED, masked.quality.reason, **about))
    if image is not rgb:
        save_format, settings = encoding(output)
        _write(
            task, output, lambda path: Image.fromarray(image).save(path, save_format, **settings)
        )
    return rows


def encoding(name):
    """Return Pillow's name of the format that belongs to a file's name, and its settings."""
    known = PICTURE_NAME.search(name)
    return ENCODINGS.get(known[1].lower(), JPEG) if known else JPEG


def _write(task, output, save):
    """Write a file in the scratch folder and rename it."""
    target, unfinished = task.destination / output, task.scratch / uuid.uuid4().hex
    target.parent.mkdir(parents=True, exist_ok=True)
    save(unfinished)
    os.replace(unfinished, target)


def _box(face):
    box = face.box
    return {"x_min": box.x_min, "y_min": box.y_min, "x_max": box.x_max, "y_max": box.y_max}


def _described(choice):
    """Return a choice as masks.csv shows it."""
    color = "" if choice.color is None else "#{:02x}{:02x}{:02x}".format(*choice.color)
    return {
        "type": Path(choice.type).name,
        "color": color,
        "pattern": Path(choice.pattern or "").name,
        "wear": choice.wear,
    }
