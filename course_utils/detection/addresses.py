"""What a web address answers with: a picture, a file, or a stream that does not end."""

import io
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from course_utils.detection.capture import ANSWER
from course_utils.detection.containers import MP4, PLAYLISTS, Index
from course_utils.detection.frames import Frame
from course_utils.errors import without_secrets
from course_utils.pictures.images import PICTURE_NAME, BadPicture, read_rgb

LARGEST_STILL = 1 << 26
"""Bytes of a picture that are read from an address."""


@dataclass(frozen=True)
class Answer:
    """What is at an address.

    Attributes
    ----------
    picture : bytes or None
        A whole picture's file.
    ends : bool
        Whether it is a file of known length, and no playlist.
    index : Index or None
        What such a file promises.
    """

    picture: bytes | None = None
    ends: bool = False
    index: Index | None = None


def look_at(address):
    """Ask a web address what it holds.

    Parameters
    ----------
    address : str
        http://... or https://..., with a name and a password where the server wants them.

    Returns
    -------
    Answer
        An empty one where the server gives no answer that says more: FFmpeg may know better.
    """
    until = time.monotonic() + ANSWER
    try:
        with requests.get(
            address, stream=True, timeout=ANSWER, headers={"Accept-Encoding": "identity"}
        ) as answer:
            kind = answer.headers.get("Content-Type", "").lower()
            if answer.status_code != 200 or kind.startswith("multipart/"):
                return Answer()
            path = urlsplit(answer.url).path
            if kind.startswith("image/") or (
                PICTURE_NAME.search(path) and not kind.startswith("video/")
            ):
                content, whole = _read(answer, LARGEST_STILL, until)
                return Answer(picture=content) if whole else Answer()
            start, _ = _read(answer, 64, until)
            ends = "Content-Length" in answer.headers and not start.lstrip().startswith(PLAYLISTS)
            return Answer(ends=ends, index=Index(counts_frames=start[4:8] in MP4))
    except (requests.RequestException, OSError, ValueError):
        return Answer()


class Still:
    """A picture that came from an address.

    Parameters
    ----------
    address : str
    content : bytes
        The picture's file.
    """

    live, moving, single, count, fps = False, False, True, 1, None

    def __init__(self, address, content):
        self.name, self.problems, self._content = without_secrets(address), [], content

    def frames(self):
        """Yield one `Frame`; BadPicture when it can't be read."""
        try:
            image = read_rgb(io.BytesIO(self._content))
        except BadPicture as error:
            raise BadPicture(self.name, error.reason) from error
        yield Frame(0, 0.0, image, self.name)


def _read(answer, most, until):
    """Return the first bytes of an answer, and whether these were all."""
    content = bytearray()
    while len(content) < most and time.monotonic() < until:
        chunk = answer.raw.read1(min(most - len(content), 1 << 16))
        if not chunk:
            return bytes(content), True
        content += chunk
    return bytes(content), False
