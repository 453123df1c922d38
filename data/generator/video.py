"""Videos: frames rendered one by one, then encoded, with a table of boxes for every frame."""

import io
import os
import tempfile
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image

from . import annotations, clips, develop, distributions, landmarks, scene, studio
from .skeleton import sight

CLIPS = {"walk": clips.walk, "webcam": clips.webcam}
COLUMNS = [
    "frame",
    "time",
    "person",
    "x_min",
    "y_min",
    "x_max",
    "y_max",
    "label",
    "wearing",
    "visible_share",
]
RENDERER = {"samples": 2, "max_bounces": 1, "diffuse_bounces": 1}
SMALLEST, SEEN = 8, 0.15  # height of a face (pixels) and visible share from which on it has a line
NOISE = 0.5  # standard deviation of the sensor noise in grey levels
QUALITY = 25  # constant rate factor of x264; lower is better


def frames(assets, name, numbers):
    """Render some frames of a video.

    Parameters
    ----------
    assets : Assets
    name : {'walk', 'webcam'}
    numbers : iterable of int
        Numbers of the frames; none depends on another.

    Yields
    ------
    number : int
    content : bytes
        The frame as a PNG file.
    rows : list of dict
        Its lines in the table of the video.
    """
    studio.clear()
    pose, eye, exposure = CLIPS[name](assets)
    for number in numbers:
        shown = pose(number)
        rng = distributions.generator(8200 + list(CLIPS).index(name), number)
        pixels = scene.render(clips.SIZE, **RENDERER)
        empty = np.zeros((*clips.SIZE[::-1], 3))
        picture = develop.develop(pixels, exposure, empty, 0, NOISE, rng)
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        yield number, buffer.getvalue(), lines(assets, number, shown, eye)


def lines(assets, number, shown, eye):
    """Return the lines of one frame, a face each."""
    rows = []
    for name, puppet, body, wearing in shown:
        pixels, depth = studio.project(body[landmarks.face_vertices(assets)], *clips.SIZE)
        if depth.min() < 0.05:
            continue
        whole = landmarks.face_box(pixels)
        box = landmarks.clip_box(whole, *clips.SIZE)
        marks, _ = studio.project(body[landmarks.VERTICES], *clips.SIZE)
        inside = ((marks >= 0) & (marks < clips.SIZE)).all(1)
        if whole[3] - whole[1] < SMALLEST or not inside.any():
            continue
        seen, _ = sight(body[landmarks.VERTICES], eye, puppet.parts, inside)
        if seen >= SEEN:
            rows.append(
                {
                    "frame": number,
                    "time": f"{number / clips.RATE:.3f}",
                    "person": name,
                    "label": annotations.binary_label(wearing),
                    "wearing": wearing,
                    "visible_share": f"{seen:.2f}",
                }
                | dict(zip(COLUMNS[3:7], box))
            )
    return rows


def encode(pictures):
    """Encode frames as H.264 in an MP4 file that browsers play while it loads.

    One thread and FFmpeg's bit-exact flags: the same frames give the same bytes.

    Parameters
    ----------
    pictures : iterable of path
        PNG files in the order of the frames.

    Returns
    -------
    bytes
    """
    exact = [
        "-threads",
        "1",
        "-fflags",
        "+bitexact",
        "-flags:v",
        "+bitexact",
        "-map_metadata",
        "-1",
        "-sws_flags",
        "bicubic+accurate_rnd+bitexact",
        "-movflags",
        "+faststart",
        "-preset",
        "slow",
        "-crf",
        str(QUALITY),
        "-g",
        str(2 * clips.RATE),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "video.mp4")
        writer = imageio_ffmpeg.write_frames(
            path,
            clips.SIZE,
            fps=clips.RATE,
            codec="libx264",
            quality=None,
            pix_fmt_out="yuv420p",
            output_params=exact,
            macro_block_size=8,
        )
        writer.send(None)
        for picture in pictures:
            writer.send(
                np.ascontiguousarray(
                    np.asarray(Image.open(picture, formats=["PNG", "JPEG"]).convert("RGB"))
                )
            )
        writer.close()
        return Path(path).read_bytes()
