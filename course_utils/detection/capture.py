"""Open a video with OpenCV's FFmpeg, which does only what is asked of it.

FFmpeg looks at what a file holds, not at its name. A `film.mp4` that holds a playlist would make it
open the files and addresses in there; so a file may only be a container that names no others.
"""

import os
import threading
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

# What FFmpeg and OpenCV say about damaged files goes straight to the error stream; the sentences
# of this package say it for people.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
if "OPENCV_LOG_LEVEL" not in os.environ:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

ANSWER = 10.0
"""Seconds within which an address must answer, and within which the next frame must come."""

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,asf,ogg,gif,apng,mjpeg,"
    "mjpeg_2000,mpjpeg,h264,hevc,vvc,m4v,h263,ivf,obu,av1,yuv4mpegpipe,dv,mxf,nut,rm,wtv"
)
"""FFmpeg's names of the formats that a file may have. Those that open other files (concat, hls,
dash, sdp, image2, imf and more) are not among them."""

STREAMS = f"{CONTAINERS},hls,dash,rtsp,sdp,rtp,jpeg_pipe,png_pipe"
"""The same for addresses, where a camera's playlist may name its parts."""

OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_environment = threading.Lock()


def open_capture(source):
    """Open a video file or an address.

    Parameters
    ----------
    source : str or path-like
        A file of one of the `CONTAINERS`, or an address.

    Returns
    -------
    cv2.VideoCapture
        Whether it `isOpened` is for the caller to ask.
    """
    source = os.fspath(source)
    if "://" in source and not os.path.exists(source):
        with _ffmpeg_options(
            "" if source.lower().startswith("rtsp") else f"format_whitelist;{STREAMS}"
        ):
            return _open(source)
    # With its folder, so that no colon in the name is taken for a protocol's.
    path = os.path.abspath(source)
    with _ffmpeg_options(f"format_whitelist;{CONTAINERS}|protocol_whitelist;file"):
        try:
            path.encode()
        except UnicodeEncodeError:  # OpenCV takes names in UTF-8 only; a link has one
            with TemporaryDirectory() as folder:
                link = Path(folder) / "video"
                link.symlink_to(path)
                return _open(str(link))
        return _open(path)


def _open(name):
    milliseconds = int(ANSWER * 1000)
    return cv2.VideoCapture(
        name,
        cv2.CAP_FFMPEG,
        [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            milliseconds,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            milliseconds,
        ],
    )


@contextmanager
def _ffmpeg_options(options):
    """Set what OpenCV hands to FFmpeg when it opens something; a user's own options stay.

    The last of two values counts, so ours come last.
    """
    with _environment:
        before = os.environ.get(OPTIONS)
        if options:
            # Setting any takes OpenCV's own away, so it is repeated.
            os.environ[OPTIONS] = f"{before or 'rtsp_flags;prefer_tcp'}|{options}"
        try:
            yield
        finally:
            if before is not None:
                os.environ[OPTIONS] = before
            else:
                os.environ.pop(OPTIONS, None)
