"""Read mask types: a picture with transparency and a small TOML file.

`textures/README.md` describes the format.
"""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from course_utils.errors import CourseError
from course_utils.masks.warp import spline_basis
from course_utils.masks.wearing import ANCHORS, STRAP_ENDS
from course_utils.pictures.images import FORMATS

FOLDER = Path(__file__).parent / "textures"
LEVELS = 5
MESH_ROWS, MESH_COLUMNS = 15, 17
LARGEST_TEXTURE = 4_000_000


@dataclass(frozen=True, eq=False)
class Texture:
    """A mask type, ready to be bent over faces.

    Attributes
    ----------
    pictures : tuple of tuple of numpy.ndarray
        The drawings of which each mask gets one, each in several sizes: float32, shape (h, w, 4),
        premultiplied RGBA in [0, 1]; each size half of the one before.
    details : tuple of tuple of numpy.ndarray
        float32, shape (h, w): lightness over the mean lightness of the mask; what a new colour is
        multiplied with.
    mesh : numpy.ndarray
        float64, shape (rows, columns, 2): texture pixels of the mesh's corners.
    wanted : numpy.ndarray
        bool, shape (rows - 1, columns - 1): quads that are not wholly transparent.
    drawn : numpy.ndarray
        bool, shape (rows, columns): corners of these quads.
    basis : numpy.ndarray
        float64, shape (rows * columns, anchors), of `spline_basis`.
    anchors : numpy.ndarray
        float64, shape (anchors, 2): texture pixels of the anchors.
    places : numpy.ndarray
        float64, shape (anchors, 3): x, y and lift of the anchors on the head.
    straps : tuple of (numpy.ndarray, str)
        Row of the spline's basis where each strap begins, and the end of `STRAP_ENDS` it leads to.
    strap_color : tuple of float
        Red, green, blue in [0, 1].
    dyed_straps : bool
        Whether a choice's colour is also that of the straps.
    strap_width : float
        In distances of the outer eye corners.
    extent : numpy.ndarray
        float64, shape (4,): left, top, right and bottom of what is painted, texture pixels.
    fibre : float
        Strength of the cloth's grain, 0 to 1.
    creases : float
        Strength of the creases, 0 to 1.
    relief : float
        Strength of the shading by form, 0 to 1.
    """

    pictures: tuple
    details: tuple
    mesh: np.ndarray
    wanted: np.ndarray
    drawn: np.ndarray
    basis: np.ndarray
    anchors: np.ndarray
    places: np.ndarray
    straps: tuple
    strap_color: tuple
    dyed_straps: bool
    strap_width: float
    extent: np.ndarray
    fibre: float
    creases: float
    relief: float


def type_names():
    """List the mask types that the course brings, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def flat_mask(name):
    """Read the picture of one of the course's mask types, and where its anchors lie on it.

    Parameters
    ----------
    name : str
        One of `type_names()`.

    Returns
    -------
    picture : numpy.ndarray
        uint8, shape (h, w, 4): red, green, blue and alpha.
    anchors : dict of str to numpy.ndarray
        float64, shape (2,): x and y in pixels of the picture.
    """
    described = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    picture = _read_rgba(FOLDER / _names(FOLDER / f"{name}.toml", described)[0])
    anchors = {anchor: np.array(place[:2], float) for anchor, place in described["anchors"].items()}
    return np.rint(255 * picture).astype(np.uint8), anchors


@lru_cache(maxsize=32)
def load_texture(name):
    """Read a mask type.

    Parameters
    ----------
    name : str
        One of `type_names()`, or the path of a TOML file.

    Returns
    -------
    Texture

    Raises
    ------
    CourseError
        When the type is unknown, or a file is missing or wrong.
    """
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        path = Path(name)
        if path.suffix != ".toml":
            raise CourseError(
                f"'{name}' is not a mask type: choose one of {', '.join(type_names())}, or name a"
                " TOML file of your own."
            )
    try:
        described = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CourseError(
            f"{path} can't be read ({error.strerror}): name the TOML file of a mask type."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(
            f"{path} is not a TOML file ({error}): compare it with {FOLDER / 'surgical.toml'}."
        ) from error
    return _build(path, described)


def _build(path, described):
    anchors = _table(path, described, "anchors", 2, 3)
    unknown = [name for name in anchors if name not in ANCHORS]
    if unknown:
        raise CourseError(
            f"{path} has an unknown anchor '{unknown[0]}': use names such as nose_bridge, chin,"
            " side_upper_left."
        )
    if len(anchors) < 4:
        raise CourseError(
            f"{path} has {len(anchors)} anchors: give four or more, such as nose_bridge,"
            " under_chin, side_left, side_right."
        )
    pixels = np.array([place[:2] for place in anchors.values()], float)
    places = np.array(
        [
            (*ANCHORS[name][:2], place[2] if len(place) > 2 else ANCHORS[name][2])
            for name, place in anchors.items()
        ]
    )
    pictures = [_read_rgba(path.parent / name) for name in _names(path, described)]
    if len({picture.shape for picture in pictures}) > 1:
        raise CourseError(
            f"The pictures of {path} differ in size: draw them on one canvas, for they share their"
            " anchors."
        )
    paint = np.max([picture[..., 3] for picture in pictures], axis=0)
    opaque = np.argwhere(paint > 0.02)
    (top, left), (bottom, right) = opaque.min(0) - 2, opaque.max(0) + 2
    x, y = np.meshgrid(np.linspace(left, right, MESH_COLUMNS), np.linspace(top, bottom, MESH_ROWS))
    straps = _table(path, described, "straps", 2, 2)
    for name in straps:
        if name not in STRAP_ENDS:
            raise CourseError(f"{path} has an unknown strap '{name}': use {', '.join(STRAP_ENDS)}.")
    starts = np.array(list(straps.values()), float).reshape(-1, 2)
    try:
        basis = spline_basis(pixels, np.stack([x.ravel(), y.ravel()], 1))
        starts = spline_basis(pixels, starts)
    except ValueError as error:
        raise CourseError(f"The anchors of {path} can't be used: {error}.") from error
    sizes = tuple(
        _pyramid(np.concatenate([rgba[..., :3] * rgba[..., 3:], rgba[..., 3:]], axis=2))
        for rgba in pictures
    )
    wanted = _quads_with_paint(paint, x[0], y[:, 0])
    return Texture(
        pictures=sizes,
        details=tuple(tuple(_detail(level) for level in levels) for levels in sizes),
        mesh=np.stack([x, y], 2),
        wanted=wanted,
        drawn=cv2.dilate(
            np.pad(wanted, (0, 1)).astype(np.uint8), np.ones((2, 2), np.uint8), anchor=(1, 1)
        )
        > 0,
        basis=basis,
        anchors=pixels,
        places=places,
        straps=tuple(zip(starts, straps, strict=True)),
        strap_color=_strap_color(path, described),
        dyed_straps=bool(described.get("dyed_straps", False)),
        strap_width=_number(path, described, "strap_width", 0.025),
        extent=np.array([left + 2, top + 2, right - 2, bottom - 2], float),
        fibre=_number(path, described, "fibre", 0.3),
        creases=_number(path, described, "creases", 0.8),
        relief=_number(path, described, "relief", 0.5),
    )


def _names(path, described):
    names = described.get("pictures", [path.stem + ".png"])
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise CourseError(
            f"'pictures' of {path} is not a list of file names: write it as pictures ="
            f' ["{path.stem}.png"].'
        )
    return names


def _number(path, described, key, default):
    number = described.get(key, default)
    if not isinstance(number, (int, float)) or not 0 <= number <= 1:
        raise CourseError(f"'{key}' of {path} is {number!r}: write a number from 0 to 1.")
    return float(number)


def _strap_color(path, described):
    color = described.get("strap_color", [245, 245, 245])
    if (
        not isinstance(color, list)
        or len(color) != 3
        or not all(isinstance(part, (int, float)) and 0 <= part <= 255 for part in color)
    ):
        raise CourseError(
            f"'strap_color' of {path} is {color!r}: write red, green and blue as [245, 245, 245]."
        )
    return tuple(part / 255 for part in color)


def _table(path, described, key, fewest, most):
    """Return a table of short lists of numbers, checked."""
    table = described.get(key, {})
    if not isinstance(table, dict):
        raise CourseError(
            f"[{key}] of {path} is not a table: compare it with {FOLDER / 'surgical.toml'}."
        )
    for name, numbers in table.items():
        good = isinstance(numbers, list) and fewest <= len(numbers) <= most
        if not good or not all(
            isinstance(number, (int, float)) and np.isfinite(number) for number in numbers
        ):
            raise CourseError(
                f"'{name}' in [{key}] of {path} is not a point: write it as {name} = [120, 80], in"
                " pixels of the picture."
            )
    return table


def _read_rgba(path):
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > LARGEST_TEXTURE:
                raise CourseError(
                    f"{path} has {image.width} x {image.height} pixels: reduce it to 1000 x 1000 or"
                    " less."
                )
            rgba = np.asarray(image.convert("RGBA"), np.float32) / 255
    except FileNotFoundError as error:
        raise CourseError(
            f"{path} does not exist: put the mask's picture beside its TOML file."
        ) from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CourseError(
            f"{path} can't be read as a picture ({error}): save it as PNG with transparency."
        ) from error
    if not (rgba[..., 3] > 0.02).any():
        raise CourseError(
            f"{path} is wholly transparent: save the mask with its background cut out."
        )
    return rgba


def _pyramid(rgba):
    levels = [np.ascontiguousarray(rgba, np.float32)]
    while len(levels) < LEVELS and min(levels[-1].shape[:2]) > 24:
        height, width = levels[-1].shape[:2]
        levels.append(
            cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        )
    return tuple(levels)


def _detail(premultiplied):
    alpha = premultiplied[..., 3]
    light = premultiplied[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    mean = light.sum() / max(float(alpha.sum()), 1e-6)
    detail = np.where(alpha > 0.02, light / np.maximum(alpha, 0.02), mean) / max(float(mean), 1e-3)
    return np.clip(detail, 0, 1.6).astype(np.float32)


def _quads_with_paint(alpha, x, y):
    height, width = alpha.shape
    columns, rows = (
        np.clip(np.rint(x).astype(int), 0, width),
        np.clip(np.rint(y).astype(int), 0, height),
    )
    wanted = np.zeros((len(rows) - 1, len(columns) - 1), bool)
    for r in range(len(rows) - 1):
        for c in range(len(columns) - 1):
            wanted[r, c] = (
                alpha[rows[r] : rows[r + 1] + 1, columns[c] : columns[c + 1] + 1] > 0
            ).any()
    return wanted
