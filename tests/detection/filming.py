"""Small videos whose frames tell their number: frame n is grey, 20 + 8 n bright."""

import subprocess

import imageio_ffmpeg
import numpy as np

FPS, FRAMES = 12, 24
EVEN = [number / FPS for number in range(FRAMES)]
UNEVEN = [number / FPS if number < 12 else 1 + (number - 12) / 2 for number in range(FRAMES)]
"""Times of a telephone that takes 12 frames a second, then, in the dark, 2."""

SLOW_DOWN = "setpts='if(lt(N,12),N/12,1+(N-12)/2)/TB'"


def ffmpeg(*options, stdin=None, stdout=None):
    """Run the ffmpeg of `imageio-ffmpeg`."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", *map(str, options)]
    return subprocess.run(command, input=stdin, stdout=stdout, check=True).stdout


def film(path, *options, uneven=False, size=(64, 48), frames=FRAMES, pipe=False):
    """Write a video; `pipe` as a program does that can't go back to write a length."""
    width, height = size
    raw = b"".join(
        np.full((height, width, 3), 20 + 8 * number, np.uint8).tobytes() for number in range(frames)
    )
    source = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        f"{width}x{height}",
        "-r",
        FPS,
        "-i",
        "-",
    ]
    slower = ["-vf", SLOW_DOWN, "-fps_mode", "vfr", "-enc_time_base", "1/1200"] if uneven else []
    result = ffmpeg(
        *source, *slower, *options, "-" if pipe else path, stdin=raw, stdout=subprocess.PIPE
    )
    if pipe:
        path.write_bytes(result)
    return path


def number_of(image):
    """Return which frame of `film` a picture is."""
    return round((float(image.mean()) - 20) / 8)
