"""Moving pictures: GIF, PNG, WebP and AVIF of several frames."""

from course_utils.pictures import images
from course_utils.pictures.images import BadPicture


def is_animated(source):
    """Tell whether a file or a binary stream is a GIF, PNG, WebP or AVIF of several frames.

    A TIFF of several pages and a telephone's JPEG with a second picture don't move.
    """
    try:
        with images._opened(source) as image:
            moves = image.format in ("GIF", "PNG", "WEBP", "AVIF")
            return moves and getattr(image, "n_frames", 1) > 1
    except (BadPicture, OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError):
        return False


def read_frames(source):
    """Read a moving picture frame by frame.

    Frames that would last less than 0.02 s last 0.1 s, as in every browser.

    Parameters
    ----------
    source : path-like or binary stream

    Yields
    ------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.
    seconds : float
        How long it is shown.

    Raises
    ------
    BadPicture
        As `images.read_rgb`, at the first frame that is damaged.
    """
    with images._opened(source) as image:
        for number in range(getattr(image, "n_frames", 1)):
            try:
                image.seek(number)
                image.load()
                rgb = images._eight_bit_rgb(image)
            # Pillow's decoders raise almost anything on damaged bytes, as for `read_rgb`.
            except Exception as error:
                raise BadPicture(
                    images._name(source), f"is damaged or truncated ({error})"
                ) from error
            milliseconds = image.info.get("duration") or 0
            yield rgb, (milliseconds if milliseconds >= 20 else 100) / 1000
