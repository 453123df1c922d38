"""Read any picture as one kind of array: upright, RGB, eight bits.

Photographs from the web come rotated, transparent, with a palette, in CMYK, in sixteen bits or
animated. Everything after this module sees `uint8 (height, width, 3)` and nothing else.
"""

import contextlib
import os
import re
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from course_utils import quiet
from course_utils.errors import CourseError
from course_utils.files import replacing

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "GIF", "TIFF")
"""What Pillow may take a file for. Left to itself it asks the bytes, and hands an EPS that calls
itself photo.jpg to Ghostscript, which runs the program inside."""

LARGEST_PICTURE = 100_000_000
"""Pixels. A few kilobytes can unpack to gigabytes; no camera of this course takes more."""

# Pillow warns of what it tolerates: large pictures, odd EXIF. What matters, read_rgb says in a
# sentence of its own.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

PICTURE_NAME = re.compile(r"\.(jpe?g|jfif|png|webp|bmp|gif|tiff?)(_[^.]*)?$", re.IGNORECASE)

# Orientation tag of EXIF 2.3, section 4.6.4: what to do to see the picture upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class BadPicture(CourseError):
    """A file that can't be read as a picture: `path` names it, `reason` says why."""

    def __init__(self, path, reason):
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    @property
    def passing(self):
        """Whether the system stood in the way, not the file: another try may succeed."""
        cause = self.__cause__
        return isinstance(cause, MemoryError) or getattr(cause, "errno", None) is not None

    def __str__(self):
        return f"{self.path}: {self.reason}; remove the file or save it again as JPEG or PNG."


def read_rgb(source):
    """Read a picture of one of the `FORMATS`.

    The file's content decides about its format, not its name. EXIF rotation is applied.
    Transparency is laid on white, as a page would show it. Sixteen bits are scaled to eight
    (divided by 257). Of an animation the first frame is taken.

    Parameters
    ----------
    source : path-like or binary stream
        The picture.

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
    with _opened(source) as image:
        try:
            # libtiff and its like report damage to the process's error stream as well.
            with (
                quiet.native_errors_muted() if image.format == "TIFF" else contextlib.nullcontext()
            ):
                image.load()
            return _eight_bit_rgb(_upright(image))
        except MemoryError as error:
            raise BadPicture(_name(source), "needs more memory than is free") from error
        # Pillow's decoders raise almost anything on damaged bytes, struct.error and IndexError
        # included.
        except Exception as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise BadPicture(_name(source), f"can't be read ({error.strerror})") from error
            raise BadPicture(_name(source), f"is damaged or truncated ({error})") from error


def plain_suffix(path):
    """Return ".jpg" or ".png" when the file can be used as it is, None when it must be rewritten.

    As it is means: JPEG or PNG, eight-bit RGB, upright, one frame, nothing transparent.

    Raises
    ------
    BadPicture
        As `read_rgb`, except that damage behind the header is not noticed.
    """
    with _opened(path) as image:
        suffix = {"JPEG": ".jpg", "PNG": ".png"}.get(image.format)
        frames = getattr(image, "n_frames", 1)
        plain = image.mode == "RGB" and frames == 1 and not image.has_transparency_data
        return suffix if plain and _orientation(image) in (None, 1) else None


def find_pictures(folder):
    """List the pictures below a folder by name, without opening them.

    Names such as `black3.jpg_1088Wx1632H` count; hidden files and folders don't.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    list of pathlib.Path
        In the same order on every system: by path, with `/` between the parts.

    Raises
    ------
    CourseError
        When the folder does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CourseError(f"{folder} is not a folder: name the folder that holds the pictures.")
    found = []
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in inside.parts)
        if PICTURE_NAME.search(path.name) and not hidden and path.is_file():
            found.append((inside.as_posix(), path))
    return [path for _, path in sorted(found)]


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


def _opened(source):
    """Open a picture as far as its header and refuse what is no picture or too large."""
    name = _name(source)
    try:
        if isinstance(source, (str, os.PathLike)) and os.path.getsize(source) == 0:
            raise BadPicture(name, "is an empty file")
        image = Image.open(source, formats=FORMATS)
    except FileNotFoundError as error:
        raise BadPicture(name, "does not exist") from error
    except UnidentifiedImageError as error:
        raise BadPicture(
            name, "is not a JPEG, PNG, WebP, AVIF, BMP, GIF or TIFF picture"
        ) from error
    except Image.DecompressionBombError as error:
        raise BadPicture(name, f"holds more than {LARGEST_PICTURE:,} pixels") from error
    except OSError as error:
        raise BadPicture(name, f"can't be read ({error.strerror or error})") from error
    except MemoryError as error:
        raise BadPicture(name, "needs more memory than is free") from error
    except (ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError) as error:
        raise BadPicture(name, f"is damaged in its header ({error})") from error
    if image.width * image.height > LARGEST_PICTURE:
        image.close()
        raise BadPicture(name, f"holds more than {LARGEST_PICTURE:,} pixels")
    return image


def _orientation(image):
    try:
        return image.getexif().get(0x0112)
    except Exception:  # a broken EXIF block is no reason to refuse the pixels
        return None


def _upright(image):
    turn = UPRIGHT.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _eight_bit_rgb(image):
    if image.mode == "F" or image.mode.startswith("I"):
        grey = _eight_bit_grey(np.asarray(image))
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return np.array(image.convert("RGB"))


def _eight_bit_grey(values):
    """Scale one channel of sixteen bits, or of fractions between 0 and 1, to eight bits."""
    values = np.nan_to_num(values.astype(np.float64))
    if values.max(initial=0) > 255:
        values = values / 257
    elif values.max(initial=0) <= 1:
        values = values * 255
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
