"""What a video file says about itself: how many frames it holds, and whether its end is there.

OpenCV gives a number of frames for every file. In MP4 and AVI it stands in the file's index. In
WebM, FLV, MPEG-TS and most others it is a guess, a length times a rate, and a file that has less is
not damaged. MP4: ISO/IEC 14496-12, boxes; AVI: Microsoft's RIFF with its `avih` header.
"""

import os
import struct
from contextlib import suppress
from dataclasses import dataclass

MP4 = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
"""What an MP4 or MOV file may begin with."""

LARGEST_INDEX = 1 << 28
"""Bytes of a `moov` that are read; hours of video need a few millions."""

PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<?xml", b"<MPD", b"v=0", b"[playlist]", b"[Reference]")


@dataclass(frozen=True)
class Index:
    """What the index of a file promises.

    Attributes
    ----------
    counts_frames : bool
        Whether every frame of the index is there to be shown.
    rate_is_even : bool
        Whether frames follow each other at one rate, missing ones included, as in AVI.
    cut_off : bool
        Whether a part that the file announces lies behind its end.
    """

    counts_frames: bool = False
    rate_is_even: bool = False
    cut_off: bool = False


def read_index(path):
    """Read what a video file promises; nothing for formats without an index.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Index
    """
    with open(path, "rb") as stream, suppress(struct.error, ValueError):
        start = stream.read(64)
        if start[4:8] in MP4:
            return _read_mp4(stream, os.path.getsize(path))
        if start[:4] == b"RIFF" and start[8:12] == b"AVI " and start[24:28] == b"avih":
            frames = struct.unpack_from("<I", start, 48)[0]  # 0 until the recording is closed
            return Index(counts_frames=frames > 0, rate_is_even=True)
    return Index()


def is_playlist(path):
    """Tell whether a file names others in place of holding pictures."""
    with open(path, "rb") as stream:
        return stream.read(64).lstrip(b"\xef\xbb\xbf \r\n\t").startswith(PLAYLISTS)


def _read_mp4(stream, size):
    """Read the boxes of an MP4 whose frames are all in one place, or of a fragmented one."""
    cut_off, moov, place = False, b"", 0
    while place < size:
        stream.seek(place)
        head = stream.read(16)
        if len(head) < 8:
            break
        length, kind = struct.unpack_from(">I4s", head)
        skip = 8
        if length == 1 and len(head) == 16:
            length, skip = struct.unpack_from(">Q", head, 8)[0], 16
        length = length or size - place
        if length < skip:
            break
        cut_off |= kind in (b"mdat", b"moof") and place + length > size
        if kind == b"moov" and length <= LARGEST_INDEX:
            stream.seek(place + skip)
            moov = stream.read(length - skip)
        place += length
    children = _boxes(moov)
    fragmented = b"mvex" in children
    tracks = [_boxes(track) for track in children.get(b"trak", [])]
    videos = [track for track in tracks if _handler(track) == b"vide"]
    whole = len(videos) == 1 and not _is_trimmed(videos[0], children)
    return Index(counts_frames=whole and not fragmented, cut_off=cut_off)


def _boxes(content):
    """Return the boxes in a box: lists of contents by kind."""
    found, place = {}, 0
    while place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        length = length or len(content) - place
        if length < 8:
            break
        found.setdefault(kind, []).append(content[place + 8 : place + length])
        place += length
    return found


def _inside(boxes, *kinds):
    """Return the content of a box below others, empty when there is none."""
    for kind in kinds[:-1]:
        boxes = _boxes(boxes.get(kind, [b""])[0])
    return boxes.get(kinds[-1], [b""])[0]


def _handler(track):
    return _inside(track, b"mdia", b"hdlr")[8:12]


def _is_trimmed(track, movie):
    """Tell whether an edit list hides frames, as a telephone does that trims without copying."""
    edits = _edits(_inside(track, b"edts", b"elst"))
    if not edits:
        return False
    if len(edits) > 1:
        return True
    (shown, begin), (movie_scale, _) = edits[0], _scale_and_length(_inside(movie, b"mvhd"))
    scale, length = _scale_and_length(_inside(track, b"mdia", b"mdhd"))
    frames = struct.unpack_from(">I", _inside(track, b"mdia", b"minf", b"stbl", b"stsz"), 8)[0]
    delays = _inside(track, b"mdia", b"minf", b"stbl", b"ctts")
    first = struct.unpack_from(">i", delays, 12)[0] if len(delays) >= 16 else 0
    frame = length / max(frames, 1)
    late, early = begin - first > frame / 2, begin + shown / movie_scale * scale < length - frame
    return late or (shown > 0 and early)


def _edits(content):
    """Return (duration, begin) of each part of an edit list that shows something."""
    if len(content) < 8:
        return []
    version, count = content[0], struct.unpack_from(">I", content, 4)[0]
    form, step = (">Qq", 20) if version == 1 else (">Ii", 12)
    entries = [
        struct.unpack_from(form, content, place)
        for place in range(8, len(content), step)[:count]
        if place + step <= len(content)
    ]
    return [(duration, begin) for duration, begin in entries if begin >= 0]


def _scale_and_length(content):
    """Return ticks a second and length in ticks, of an `mvhd` or `mdhd` box."""
    form, place = (">IQ", 20) if content[:1] == b"\x01" else (">II", 12)
    scale, length = struct.unpack_from(form, content, place)
    return max(scale, 1), length
