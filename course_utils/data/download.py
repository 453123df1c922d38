"""Download one archive over HTTP and go on where an earlier try stopped.

pooch does the downloading. What is added here: the bytes go to `NAME.part`, a later try asks for
the rest with an HTTP Range request (RFC 9110, section 14), and every failure becomes one sentence.
GitHub makes its archives on the fly, often without a length and without ranges, so a download that
breaks there starts again from the beginning.
"""

import os
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests

from course_utils.data.progress import ByteProgress
from course_utils.errors import CourseError
from course_utils.files import DISK_FULL

TRIES = 5
CHUNK = 1 << 14  # bytes; what a break can lose


def download(url, archive, timeout=30.0, most=None):
    """Fetch a URL into a file, unless the file is already there.

    Parameters
    ----------
    url : str
        http or https.
    archive : path-like
        Where the finished file belongs; until then the bytes are in `archive` + ".part".
    timeout : float
        Seconds without a byte after which the server counts as stalled.
    most : int, optional
        Bytes. A server that announces or sends more is left alone.

    Returns
    -------
    pathlib.Path
        The file. Nothing is known yet about what it holds.

    Raises
    ------
    CourseError
        When the server can't be reached, refuses, stalls or breaks off. The bytes received stay for
        the next try. When it sends too much, and nothing stays.
    OSError
        When the disk is full or forbids writing. Nothing stays where the server had not said how
        much there is.
    """
    archive = Path(archive)
    part = archive.with_name(archive.name + ".part")
    pooch.get_logger().setLevel("WARNING")

    def downloader(url, output, _):
        _download_part(url, part, timeout, most)
        os.replace(part, output)

    try:
        pooch.retrieve(
            url, known_hash=None, fname=archive.name, path=archive.parent, downloader=downloader
        )
    except (requests.RequestException, ValueError) as error:
        raise CourseError(_sentence(url, error, timeout)) from error
    except _TooMuch:
        part.unlink(missing_ok=True)
        _tag_file(part).unlink(missing_ok=True)
        raise
    _tag_file(part).unlink(missing_ok=True)
    return archive


class _TooMuch(CourseError):
    """The server sends more than the archive can hold."""

    def __init__(self, url, most):
        super().__init__(
            f"{url} sends more than {most:,} bytes, which this data set can't need: it is not kept."
            " Check the address, or set COURSE_MIRROR to a copy of the data."
        )


class _Bounded:
    """A stream that takes no more than `most` bytes."""

    def __init__(self, stream, url, most):
        self.stream, self.url, self.most, self.had, self.announced = stream, url, most, 0, 0

    def begin(self, had, announced):
        """Go on behind `had` bytes, unless the server announces too many."""
        self.had, self.announced = had, announced
        self._require(announced)

    def write(self, block):
        self._require(len(block))
        self.had += len(block)
        return self.stream.write(block)

    def flush(self):
        self.stream.flush()

    def _require(self, count):
        if self.most is not None and self.had + count > self.most:
            raise _TooMuch(self.url, self.most)


def _download_part(url, part, timeout, most):
    """Complete the `.part` file; try again as long as every try brings new bytes."""
    for attempt in range(1, TRIES + 1):
        had = _size(part)
        try:
            return _download_rest(url, part, timeout, most)
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ):
            if _size(part) <= had or attempt == TRIES:
                raise
            time.sleep(1)


def _download_rest(url, part, timeout, most):
    """Ask for what is missing and append it; start again when the server sends everything."""
    had = _size(part)
    headers = {"Accept-Encoding": "identity"}
    if had:
        headers["Range"] = f"bytes={had}-"
        if _tag_file(part).is_file():
            headers["If-Range"] = _tag_file(part).read_text(encoding="ascii")

    with open(part, "ab") as stream, ByteProgress("downloading") as bar:
        bounded = _Bounded(stream, url, most)

        def begin(response, *args, **kwargs):
            if response.status_code == 206 and _range_start(response) != had:
                raise requests.exceptions.InvalidHeader(
                    "the server sent another range than was asked for"
                )
            if response.status_code == 200:
                stream.truncate(0)
                _remember_tag(response, part)
            announced = response.headers.get("Content-Length", "")
            bounded.begin(
                had if response.status_code == 206 else 0,
                int(announced) if announced.isdecimal() else 0,
            )

        fetch = pooch.HTTPDownloader(
            progressbar=bar,
            chunk_size=CHUNK,
            timeout=timeout,
            headers=headers,
            hooks={"response": begin},
        )
        try:
            return fetch(url, bounded, None)
        except requests.HTTPError as error:
            if error.response.status_code != 416 or not had:
                raise
            if error.response.headers.get("Content-Range") == f"bytes */{had}":
                return  # the last try had received everything
            stream.truncate(0)
        except OSError as error:
            if error.errno in DISK_FULL and not bounded.announced:
                os.truncate(part, 0)  # of a download without end nothing may keep the disk full
            raise
    _download_rest(url, part, timeout, most)  # what was there is longer than the file on the server


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _tag_file(part):
    return part.with_name(part.name + ".etag")


def _remember_tag(response, part):
    """Keep the server's strong ETag, so that a rest is only ever joined to its own beginning."""
    tag = response.headers.get("ETag", "")
    _tag_file(part).unlink(missing_ok=True)
    if re.fullmatch(r'"[\x21\x23-\x7e]*"', tag):
        _tag_file(part).write_text(tag, encoding="ascii")


def _range_start(response):
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _sentence(url, error, timeout):
    """Say in one sentence what went wrong and what to do."""
    host = urlsplit(url).netloc or url
    again = "run the command again, it goes on where it stopped"
    elsewhere = "set COURSE_MIRROR to a copy of the data"
    text = str(error)
    if isinstance(error, requests.HTTPError):
        answer = f"{error.response.status_code} {error.response.reason}"
        return f"{url} answers {answer}: check the address, or set COURSE_MIRROR to one that works."
    if isinstance(error, requests.Timeout) or "timed out" in text:
        return f"{host} sent nothing for {timeout:g} seconds: check the connection and {again}."
    if "NameResolution" in text or "resolve" in text or "getaddrinfo" in text:
        return f"The address of {host} can't be found: connect to the internet, or {elsewhere}."
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"The certificate of {host} is not trusted ({text}): check the computer's clock and the"
            " network's proxy."
        )
    if isinstance(error, requests.exceptions.ChunkedEncodingError) or "IncompleteRead" in text:
        return f"{host} broke off the download of {url}: {again}."
    if isinstance(error, requests.ConnectionError):
        return f"{host} can't be reached: connect to the internet, or {elsewhere}, and {again}."
    return f"{url} can't be downloaded ({text}): check the address."
