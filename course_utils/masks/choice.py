"""What mask a face gets, and how it is worn.

The user's wishes, and the choice for one face drawn from them.
"""

import hashlib
import math
import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import ImageColor

from course_utils.errors import CourseError
from course_utils.masks.mix import RANDOM
from course_utils.masks.patterns import pattern_names
from course_utils.masks.textures import load_texture, type_names
from course_utils.pictures.images import read_rgb

WEARS = ("proper", "under-nose", "nose-only", "under-chin")
"""Over nose and mouth; over the mouth only; over the nose only; pulled down below the chin."""

MIX = (3.0, 1.0, 1.0, 1.0)
"""Ratios of `WEARS` when `mix` names none: three worn properly for one of each other way, as the
original project had it."""


@dataclass(frozen=True)
class MaskChoice:
    """The mask that one face gets.

    Attributes
    ----------
    type : str
        The name of a mask type, or the path of a user's own TOML file.
    color : tuple of int, or None
        Red, green and blue, 0 to 255; None leaves the type's own colour.
    color_weight : float
        0 (the type's own colour) to 1 (`color` in its place; folds and shading stay).
    pattern : str or None
        The name of a pattern, or the path of a picture.
    pattern_weight : float
        0 (no pattern to be seen) to 1 (the pattern in place of the colour; folds and shading stay).
    wear : str
        One of `WEARS`.
    position : float
        Moves the mask along the face from where `wear` puts it, in distances from the tip of the
        nose to the chin: -1 to 1, positive towards the chin.
    """

    type: str
    color: tuple[int, int, int] | None = None
    color_weight: float = 1.0
    pattern: str | None = None
    pattern_weight: float = 1.0
    wear: str = "proper"
    position: float = 0.0


@dataclass(frozen=True)
class MaskOptions:
    """What the user wishes for a whole folder, as `course mask` takes it. Checked when it is made.

    Attributes
    ----------
    type : str
        The name of a type, the path of an own TOML file, `random` (for each face one of
        `course_utils.masks.mix`) or `all` (an output for each type).
    color : str or None
        Hexadecimal, with or without `#`, or a CSS name.
    color_weight : float
        0 to 1.
    pattern : str or None
        The name of a pattern, or the path of a picture.
    pattern_weight : float
        0 to 1.
    code : str or None
        Formats to choose from for each face, such as `cloth-#e54294, cloth-dots, N95`: a type, then
        a colour, a pattern or both. In place of `type`, `color` and `pattern`. A format that is
        written twice is drawn twice as often.
    wear : str
        One of `WEARS`, or `mix`, or `mix:3,1,1,1` with the ratios of `WEARS`.
    position : float
        -1 to 1, see `MaskChoice`.
    seed : int
        0 or more. All that is random follows from it.
    crop : bool
        Every picture is one face and nothing else.
    keep_original : bool
        Write the picture as it was beside its masked copy.

    Raises
    ------
    CourseError
        When a value is unknown or out of range.
    """

    type: str = "surgical"
    color: str | None = None
    color_weight: float = 1.0
    pattern: str | None = None
    pattern_weight: float = 1.0
    code: str | None = None
    wear: str = "proper"
    position: float = 0.0
    seed: int = 0
    crop: bool = False
    keep_original: bool = False

    def __post_init__(self):
        if self.code is not None and (self.color or self.pattern or self.type != "surgical"):
            raise CourseError(
                "A code names types, colours and patterns itself: leave out the type, the colour"
                " and the pattern."
            )
        for name in ("color_weight", "pattern_weight"):
            if not 0 <= getattr(self, name) <= 1:
                raise CourseError(
                    f"The {name.replace('_', ' ')} {getattr(self, name)} is out of range: choose"
                    " one from 0 to 1."
                )
        if not -1 <= self.position <= 1:
            raise CourseError(
                f"The position {self.position} is out of range: choose one from -1 (up) to 1"
                " (down)."
            )
        if self.seed < 0:
            raise CourseError(f"The seed {self.seed} is negative: choose 0 or more.")
        parse_wear(self.wear)
        formats(self)

    @property
    def outputs(self):
        """The types that each picture is written with.

        Every type for `all`, else None once (the face decides).
        """
        return tuple(type_names()) if self.type == "all" else (None,)


def draw_choice(options, rng, type_name=None):
    """Choose the mask of one face.

    Parameters
    ----------
    options : MaskOptions
    rng : numpy.random.Generator
        Always asked twice, so that what is drawn later does not depend on the options.
    type_name : str, optional
        One of `options.outputs`: sets the type.

    Returns
    -------
    MaskChoice
    """
    which, worn = rng.random(2)
    candidates = formats(options)
    choice = candidates[int(which * len(candidates))]
    shares = np.cumsum(parse_wear(options.wear))
    wear = WEARS[int(np.searchsorted(shares, worn * shares[-1], side="right"))]
    return replace(choice, type=type_name or choice.type, wear=wear)


def choice_in(line):
    """Return the mask that a line of masks.csv names, worn properly.

    Parameters
    ----------
    line : object
        With the attributes `type`, `color` and `pattern`; empty or missing when it has none.

    Returns
    -------
    MaskChoice
    """
    color, pattern = (
        named if isinstance(named, str) and named else None for named in (line.color, line.pattern)
    )
    return MaskChoice(line.type, color=color and parse_color(color), pattern=pattern)


def rng_of_face(seed, picture, face):
    """Return the random generator of one face.

    The same whatever else is masked, in which order, by how many workers.

    Parameters
    ----------
    seed : int
    picture : str
        The picture's path below the source folder, with `/` between the parts.
    face : int
        The face's number in the picture.

    Returns
    -------
    numpy.random.Generator
    """
    text = f"{seed}\0{unicodedata.normalize('NFC', picture)}\0{face}"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


@cache
def formats(options):
    """List the choices, worn properly, of which each face gets one.

    Parameters
    ----------
    options : MaskOptions

    Returns
    -------
    tuple of MaskChoice
        At least one.

    Raises
    ------
    CourseError
        When a type, colour or pattern is unknown.
    """
    common = {
        "color_weight": options.color_weight,
        "pattern_weight": options.pattern_weight,
        "position": options.position,
    }
    if options.code is not None:
        return tuple(MaskChoice(**named, **common) for named in parse_code(options.code))
    color = None if options.color is None else parse_color(options.color)
    pattern = None if options.pattern is None else parse_pattern(options.pattern)
    if options.type == "random":
        given = {
            key: value
            for key, value in (("color", color), ("pattern", pattern))
            if value is not None
        }
        drawn = [(share, named | given) for share, code in RANDOM for named in parse_code(code)]
        return tuple(MaskChoice(**named, **common) for share, named in drawn for _ in range(share))
    types = type_names() if options.type == "all" else (parse_type(options.type),)
    return tuple(MaskChoice(type=name, color=color, pattern=pattern, **common) for name in types)


def parse_code(text):
    """Read formats such as `cloth-#e54294, cloth-dots, N95` into arguments of `MaskChoice`."""
    named = []
    for part in text.split(","):
        if not part.strip():
            raise CourseError(
                f"The code '{text}' has an empty format: write formats with commas between them,"
                " such as 'cloth-red, N95'."
            )
        name, *rest = part.strip().split("-")
        found = {"type": parse_type(name)}
        for word in rest:
            key = "pattern" if word in pattern_names() else "color"
            if key in found:
                raise CourseError(f"The format '{part.strip()}' names two {key}s: leave one out.")
            try:
                found[key] = word if key == "pattern" else parse_color(word)
            except CourseError:
                raise CourseError(
                    f"'{word}' in the format '{part.strip()}' is neither a colour nor a pattern:"
                    " write a colour such as #e54294 or red, or one of"
                    f" {', '.join(pattern_names())}."
                ) from None
        named.append(found)
    return named


def parse_color(text):
    """Return red, green and blue, 0 to 255, of a CSS name or a hexadecimal colour.

    `#` may be there or not.
    """
    hexadecimal = re.fullmatch(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", text)
    if hexadecimal is None and text.lower() not in ImageColor.colormap:
        raise CourseError(
            f"'{text}' is not a colour: write one such as #e54294 or a CSS name such as red."
        )
    return ImageColor.getrgb(f"#{hexadecimal[1]}" if hexadecimal else text)


def parse_wear(text):
    """Return the ratios of `WEARS`, four numbers, that `proper`, `mix:3,1,1,1` and so on mean."""
    if text in WEARS:
        return tuple(float(wear == text) for wear in WEARS)
    if text == "mix":
        return MIX
    if not text.startswith("mix:"):
        raise CourseError(
            f"'{text}' is not a way of wearing a mask: choose one of {', '.join(WEARS)}, mix."
        )
    try:
        ratios = tuple(float(number) for number in text.removeprefix("mix:").split(","))
    except ValueError:
        ratios = ()
    if (
        len(ratios) != len(WEARS)
        or not all(math.isfinite(ratio) and ratio >= 0 for ratio in ratios)
        or sum(ratios) == 0
    ):
        raise CourseError(
            f"'{text}' has no four ratios: write the shares of {', '.join(WEARS)} as in"
            " mix:3,1,1,1."
        )
    return ratios


def parse_type(text):
    """Return a type's name, or the absolute path of a user's own TOML file.

    The file is read to see that it is one.
    """
    if text in type_names():
        return text
    load_texture(text)
    return str(Path(text).resolve())


def parse_pattern(text):
    """Return a pattern's name, or the absolute path of a picture.

    The file is read to see that it is one.
    """
    if text in pattern_names():
        return text
    if not Path(text).is_file():
        raise CourseError(
            f"'{text}' is not a pattern: choose one of {', '.join(pattern_names())}, or name a"
            " picture."
        )
    read_rgb(text)
    return str(Path(text).resolve())
