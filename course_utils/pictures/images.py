"""Read any picture as one kind of array: upright, RGB, eight bits.

Photographs from the web come rotated, transparent, with a palette, in CMYK, in sixteen bits or
animated. Everything after this module sees `uint8 (height, width, 3)` and nothing else.
"""

import contextlib
import os
import re
import threading
import warnings

import numpy as np
from PIL import Image, UnidentifiedImageError

from course_utils import quiet
from course_utils.errors import CourseError
from course_utils.files import replacing

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "GIF", "TIFF")
"""What Pillow may take a file for. Left to itself it asks the bytes, and hands an EPS that calls
itself photo.jpg to Ghostscript, which runs the program inside."""

LARGEST_PICTURE = 100_000_000
"""Pixels. A few kilobytes can unpack to gigabytes."""

LARGEST_JPEG = 210_000_000
"""Pixels. Telephones take 108 and 200 million; a JPEG can be decoded at half its width and height
without ever being whole in memory."""

LARGE_PICTURE = 25_000_000
"""Pixels. Larger ones are decoded one at a time, however many threads read pictures."""

_one_large = threading.Lock()

PART = 1 << 22
"""Pixels that are brought to eight bits at once: what a conversion needs besides the picture."""

SMALLER = (
    f"save it again with fewer than {LARGEST_PICTURE:,} pixels, such as at half its width and"
    " height or less"
)
NO_MEMORY = ("needs more memory than is free", "close other programs, or save it smaller")
FIRST_BYTES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
HEAD = 48
"""Bytes from the beginning that tell what a file is."""

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}

# Pillow warns of what it tolerates: large pictures, odd EXIF. What matters, read_rgb says in a
# sentence of its own.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
Image.MAX_IMAGE_PIXELS = LARGEST_JPEG // 2  # Pillow refuses twice as many, whatever the format

PICTURE_NAME = re.compile(
    r"\.(jpe?g|jpe|jfif|png|webp|avif|bmp|gif|tiff?)([_?:][^.]*)?$", re.IGNORECASE
)
"""Names that browsers and social networks give count too: a.jpg_large, a.jpg?w=800."""

FOREIGN_NAME = re.compile(
    r"\.(hei[cf]s?|hif|dng|cr[23]|nef|arw|orf|rw2|raf|pef|srw|psd|xcf|svg|eps|jxl|jp2|j2k|ico|tga"
    r"|p[bgpn]m|pcx)$",
    re.IGNORECASE,
)
"""Pictures of kinds that are not read here."""

AS_JPEG = "save it again as JPEG or PNG"
HEIC = (
    "is a HEIC picture, which is not read here",
    f"{AS_JPEG} (iPhone: Settings, Camera, Formats, Most Compatible; Mac: Preview, Export)",
)

UPRIGHT = {
    2: lambda rgb: rgb[:, ::-1],
    3: lambda rgb: rgb[::-1, ::-1],
    4: lambda rgb: rgb[::-1],
    5: lambda rgb: rgb.swapaxes(0, 1),
    6: lambda rgb: np.rot90(rgb, -1),
    7: lambda rgb: rgb[::-1, ::-1].swapaxes(0, 1),
    8: lambda rgb: np.rot90(rgb),
}
"""Orientation tag of EXIF 2.3, section 4.6.4: what to do to see the picture upright."""


class BadPicture(CourseError):
    """A file that can't be read as a picture.

    `path` names it, `reason` says why and, where there is a particular remedy, what to do.
    """

    def __init__(self, path, reason, remedy=""):
        super().__init__(path, reason, remedy)
        self.path = path
        self.reason = f"{reason}: {remedy}" if remedy else reason
        self._has_remedy = bool(remedy)

    @property
    def passing(self):
        """Whether the system stood in the way, not the file: another try may succeed."""
        cause = self.__cause__
        return isinstance(cause, MemoryError) or getattr(cause, "errno", None) is not None

    def __str__(self):
        usual = "" if self._has_remedy else f"; remove the file or {AS_JPEG}"
        return f"{self.path}: {self.reason}{usual}."


def read_rgb(source, reduced=False):
    """Read a picture of one of the `FORMATS`.

    The file's content decides about its format, not its name. EXIF rotation is applied.
    Transparency is laid on white, as a page would show it. Sixteen bits are scaled to eight
    (divided by 257). Of an animation the first frame is taken.

    Parameters
    ----------
    source : path-like or binary stream
        The picture.
    reduced : bool
        Read a JPEG of more than `LARGEST_PICTURE` pixels, up to `LARGEST_JPEG`, at half its width
        and height: for callers that know no places in the picture.

    Returns
    -------
    numpy.ndarray
        uint8, shape (height, width, 3), RGB, 0 to 255.

    Raises
    ------
    BadPicture
        When the file is missing, empty, truncated, in none of the `FORMATS`, or holds more
        than `LARGEST_PICTURE` pixels.
    """
    with _opened(source, reduced) as image, _alone(image):
        try:
            # libtiff and its like report damage to the process's error stream as well.
            with (
                quiet.native_errors_muted() if image.format == "TIFF" else contextlib.nullcontext()
            ):
                image.load()
            turn, rgb = UPRIGHT.get(_orientation(image)), _eight_bit_rgb(image)
        except MemoryError as error:
            raise BadPicture(_name(source), *NO_MEMORY) from error
        # Pillow's decoders raise almost anything on damaged bytes, struct.error and IndexError
        # included.
        except Exception as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise BadPicture(_name(source), f"can't be read ({error.strerror})") from error
            raise BadPicture(_name(source), f"is damaged or truncated ({error})") from error
    del image  # a large one is 400 MB, and turning needs as much again
    return rgb if turn is None else np.ascontiguousarray(turn(rgb))


def shapes(path):
    """Return a picture's size as it is stored and as it is seen upright, from its header.

    Returns
    -------
    stored, upright : (int, int)
        Width and height in pixels.
    orientation : int
        Of EXIF, 1 to 8; 1 when the file does not tell.

    Raises
    ------
    BadPicture
        As `read_rgb`, except that damage behind the header is not noticed.
    """
    with _opened(path, any_size=True) as image:
        orientation = _orientation(image)
        orientation = orientation if orientation in UPRIGHT else 1
        stored = image.size
    return stored, stored[::-1] if orientation >= 5 else stored, orientation


def plain_suffix(path):
    """Return ".jpg" or ".png" when the file can be used as it is, None when it must be rewritten.

    As it is means: JPEG or PNG, eight-bit RGB, upright, one frame, nothing transparent, no more
    than `LARGEST_PICTURE` pixels.

    Raises
    ------
    BadPicture
        As `read_rgb`, except that damage behind the header is not noticed.
    """
    with _opened(path, any_size=True) as image:
        suffix = {"JPEG": ".jpg", "PNG": ".png"}.get(image.format)
        frames = getattr(image, "n_frames", 1)
        plain = image.mode == "RGB" and frames == 1 and not image.has_transparency_data
        plain = plain and image.width * image.height <= LARGEST_PICTURE
        return suffix if plain and _orientation(image) in (None, 1) else None


def write_jpeg(path, rgb, quality=95):
    """Write a picture as JPEG, whole or not at all, without colour subsampling.

    Parameters
    ----------
    path : path-like
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    quality : int
        1 to 100.

    Raises
    ------
    ValueError
        When `rgb` has another type or shape, or no pixel.
    """
    rgb = np.asarray(rgb)
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
        raise ValueError(
            f"expected uint8 of shape (height, width, 3), got {rgb.dtype} of shape {rgb.shape}"
        )
    with replacing(path) as temporary:
        Image.fromarray(rgb).save(temporary, "JPEG", quality=quality, subsampling=0)


def _name(source):
    return os.fspath(source) if isinstance(source, (str, os.PathLike)) else "the picture"


def _opened(source, reduced=False, any_size=False):
    """Open a picture as far as its header and refuse what is no picture or too large."""
    name = _name(source)
    try:
        if isinstance(source, (str, os.PathLike)) and os.path.getsize(source) == 0:
            raise BadPicture(name, "is an empty file")
        image = Image.open(source, formats=FORMATS)
    except FileNotFoundError as error:
        raise BadPicture(name, "does not exist") from error
    except UnidentifiedImageError as error:
        raise BadPicture(name, *_what_else(source)) from error
    except Image.DecompressionBombError as error:
        raise BadPicture(name, f"holds more than {LARGEST_PICTURE:,} pixels", SMALLER) from error
    except MemoryError as error:
        raise BadPicture(name, *NO_MEMORY) from error
    except OSError as error:
        raise BadPicture(name, f"can't be read ({error.strerror or error})") from error
    except (ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError) as error:
        raise BadPicture(name, f"is damaged in its header ({error})") from error
    if image.width * image.height > LARGEST_PICTURE and not any_size:
        # a progressive JPEG is whole in memory, at whatever size it is asked for
        if reduced and image.format == "JPEG" and not image.info.get("progressive"):
            image.draft(None, (image.width // 2, image.height // 2))
        else:
            image.close()
            raise BadPicture(name, f"holds more than {LARGEST_PICTURE:,} pixels", SMALLER)
    return image


def _alone(image):
    """Keep other threads from decoding a large picture at the same time."""
    return _one_large if image.width * image.height > LARGE_PICTURE else contextlib.nullcontext()


def _what_else(source):
    """Say what a file is that is none of the `FORMATS`; with a remedy, where there is one."""
    start = _first_bytes(source)
    if kind_of(start) == "HEIC":
        return HEIC
    if start.lstrip()[:5].lower() in (b"<!doc", b"<html", b"<?xml"):
        return "is a web page or other text, not a picture", "get the picture itself"
    return ("is not a JPEG, PNG, WebP, AVIF, BMP, GIF or TIFF picture",)


def kind_of(start):
    """Name a picture's format by its first bytes.

    Parameters
    ----------
    start : bytes
        `HEAD`, where there are so many.

    Returns
    -------
    str or None
        One of the `FORMATS`, "HEIC", or None.
    """
    if start[4:8] == b"ftyp":
        brands = {start[place : place + 4] for place in (8, *range(16, len(start), 4))}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        return "HEIC" if brands & HEIC_BRANDS else None
    if start[:4] == b"RIFF":
        return "WEBP" if start[8:12] == b"WEBP" else None
    if start[:2] == b"BM":  # two letters may be a text: the size of the second header tells
        return "BMP" if int.from_bytes(start[14:18], "little") in BMP_HEADERS else None
    return next((name for first, name in FIRST_BYTES.items() if start.startswith(first)), None)


def _first_bytes(source):
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as stream:
            return stream.read(HEAD)
    source.seek(0)
    return source.read(HEAD)


def _orientation(image):
    try:
        return image.getexif().get(0x0112)
    except Exception:  # a broken EXIF block is no reason to refuse the pixels
        return None


def _eight_bit_rgb(image):
    """Convert a loaded picture part by part: whole copies of a large one would take gigabytes."""
    rgb = np.empty((image.height, image.width, 3), np.uint8)
    parts = _parts(*image.size)
    if image.mode != "F" and not image.mode.startswith("I"):
        for left, top, right, bottom in parts:
            rgb[top:bottom, left:right] = _part(image, (left, top, right, bottom))
        return rgb
    brightest = max(_values(image, part).max(initial=0) for part in parts)
    for left, top, right, bottom in parts:
        values = _values(image, (left, top, right, bottom))
        rgb[top:bottom, left:right] = _eight_bit_grey(values, brightest)[:, :, None]
    return rgb


def _parts(width, height):
    """Cut a picture into parts of at most `PART` pixels: left, top, right, bottom."""
    across = min(width, PART)
    down = max(1, PART // across)
    return [
        (left, top, min(left + across, width), min(top + down, height))
        for top in range(0, height, down)
        for left in range(0, width, across)
    ]


def _part(image, edges):
    part = image.crop(edges)
    if image.has_transparency_data:
        white = Image.new("RGBA", part.size, (255, 255, 255, 255))
        part = Image.alpha_composite(white, part.convert("RGBA"))
    return np.asarray(part.convert("RGB"))


def _values(image, edges):
    """Return a part of a picture of one channel of numbers, float64."""
    return np.nan_to_num(np.asarray(image.crop(edges)).astype(np.float64))


def _eight_bit_grey(values, brightest):
    """Scale one channel of sixteen bits, or of fractions between 0 and 1, to eight bits."""
    if brightest > 255:
        values = values / 257
    elif brightest <= 1:
        values = values * 255
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
