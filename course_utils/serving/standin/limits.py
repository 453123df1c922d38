"""How much one request may ask for, so that a few bytes can't take the machine's memory.

The real server has none of these; it leaves them to whoever stands in front of it.
"""

import io
import re
from dataclasses import dataclass

from PIL import Image

from course_utils.serving import protos, tensors
from course_utils.serving.standin.refusal import invalid

PNG, JPEG, GIF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8"
"""What pictures begin with that TensorFlow decodes to more bytes than they have."""

FRAME = re.compile(
    rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]\x00[\x0b\x0e\x11\x14]\x08(..)(..)[\x01-\x04]",
    re.DOTALL,
)
"""The header of a JPEG frame, ITU-T T.81, B.2.2: height and width. A decoder takes no other."""


@dataclass(frozen=True)
class Limits:
    """What a request may hold.

    Attributes
    ----------
    body_megabytes : float
        Of a request's body, unpacked; also of a tensor, which a few bytes may promise.
    instances : int
        Pictures, texts or rows at a time; plain numbers are not counted.
    megapixels : float
        Of all its pictures together, before they are made smaller.
    """

    body_megabytes: float = 16
    instances: int = 64
    megapixels: float = 24

    @property
    def body(self):
        """The bytes of a body."""
        return int(self.body_megabytes * 2**20)


def check_tensor(name, info, kind, shape, limits):
    """Hold what a tensor promises to be against the signature, before it is built.

    Parameters
    ----------
    name : str
        Of the input.
    info : tensorflow.TensorInfo
        What the signature says of it.
    kind : str
        "DT_FLOAT".
    shape : tuple of int
    limits : Limits

    Raises
    ------
    Refusal
        When type or shape do not fit, or it is too large.
    """
    wanted = protos.load().types.DataType.Name(info.dtype)
    if wanted != kind:
        raise invalid(
            f"Expects arg[0] to be {wanted.removeprefix('DT_').lower()} but"
            f" {kind.removeprefix('DT_').lower()} is provided"
        )
    sides = None if info.tensor_shape.unknown_rank else [d.size for d in info.tensor_shape.dim]
    if sides is not None and (
        len(sides) != len(shape)
        or any(side >= 0 and side != real for side, real in zip(sides, shape, strict=True))
    ):
        raise invalid(
            f"Input {name} has the shape [{','.join(map(str, shape))}], and the signature"
            f" takes [{','.join('?' if side < 0 else str(side) for side in sides)}]"
        )
    if shape and (kind == "DT_STRING" or len(shape) > 1) and shape[0] > limits.instances:
        raise invalid(
            f"Input {name} has {shape[0]} instances, and this server takes {limits.instances} at a"
            " time: send several requests, or start it with a larger --max_instances"
        )
    size = tensors.size_of(kind, shape)
    if size > limits.body:
        raise invalid(
            f"Input {name} would take {size / 2**20:.0f} MB, and this server takes"
            f" {limits.body_megabytes:g} MB: send several requests, or start it with a larger"
            " --max_body_megabytes"
        )


def check_texts(name, values, limits):
    """Refuse texts that are too long, and files of pictures that decode to too many pixels.

    Parameters
    ----------
    name : str
        Of the input.
    values : list of bytes
        Pictures, or any other texts.
    limits : Limits
    """
    size = sum(map(len, values))  # one text may stand for all that follow
    if size > limits.body:
        raise invalid(
            f"Input {name} would take {size / 2**20:.0f} MB, and this server takes"
            f" {limits.body_megabytes:g} MB: send several requests, or start it with a larger"
            " --max_body_megabytes"
        )
    total = sum(map(pixels, values))
    if total > limits.megapixels * 1e6:
        raise invalid(
            f"The pictures of input {name} have {total / 1e6:.0f} megapixels, and this server"
            f" takes {limits.megapixels:g} in a request: make them smaller or send several"
            " requests, or start it with a larger --max_megapixels"
        )


def pixels(content):
    """Return how many pixels a picture decodes to, from its first bytes; 0 for anything else.

    Raises
    ------
    Refusal
        When it begins as a GIF and does not go on as one.
    """
    # What a decoder goes by, wherever it stands and whatever follows.
    if content.startswith(PNG):
        return int.from_bytes(content[16:20]) * int.from_bytes(content[20:24])
    if content.startswith(JPEG):
        frames = FRAME.findall(content)
        return max((int.from_bytes(h) * int.from_bytes(w) for h, w in frames), default=0)
    if not content.startswith(GIF):
        return 0
    try:
        with Image.open(io.BytesIO(content), formats=("GIF",)) as picture:
            return picture.width * picture.height * picture.n_frames
    except Image.DecompressionBombError:
        return 2 * Image.MAX_IMAGE_PIXELS
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise invalid("Invalid GIF data: its first bytes describe no picture") from error
