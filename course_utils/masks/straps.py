"""Ear loops and head straps: from the mask to the ears or to the back of the head."""

import cv2
import numpy as np

from course_utils.masks.fabric import DARKEST_DYE
from course_utils.masks.light import LUMA
from course_utils.masks.wearing import STRAP_ENDS

POINTS = 9  # of a strap's path
BITS = 4  # of the fractions of a pixel that cv2.line is given


def strap_paths(texture, targets, pose):
    """Return where the straps run.

    Parameters
    ----------
    texture : Texture
    targets : numpy.ndarray
        Shape (anchors, 3), pixels: where the anchors are seen.
    pose : Pose

    Returns
    -------
    list of (numpy.ndarray, float)
        Points of shape (9, 2) in pixels, and how much of the strap is seen: 0 behind a turned head,
        1 in full view.
    """
    along = np.linspace(0, 1, POINTS)[:, None]
    bow = 0.05 * pose.scale * np.sin(np.pi * along)
    if not texture.straps:
        return []
    starts, names = zip(*texture.straps, strict=True)
    ends = np.array([STRAP_ENDS[name] for name in names])
    paths = []
    for first, last, side in zip(
        np.array(starts) @ targets, pose.project(ends), np.sign(ends[:, 0]), strict=True
    ):
        outwards = pose.rotation @ (side * 0.85, 0, 0.5)
        path = (first + along * (last - first))[:, :2] + bow * outwards[:2]
        paths.append((path, float(np.clip(outwards[2] / 0.25, 0, 1))))
    return paths


def draw_straps(image, paths, texture, choice, light, scale, finer, corner, size):
    """Draw the straps by themselves.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (H, W, 3). Where it is unlike skin, hair lies over the strap.
    paths : list
        Of `strap_paths`.
    texture : Texture
    choice : MaskChoice
        `color` and `color_weight` are read.
    light : Light
    scale : float
        Pixels per distance of the outer eye corners.
    finer : int
        Drawn pixels per pixel of the picture.
    corner : numpy.ndarray
        Pixel of the picture where the drawing begins.
    size : tuple of int
        Height and width of the drawing.

    Returns
    -------
    cover : numpy.ndarray
        float32, shape (height, width), 0 to 1.
    color : list of float
        Red, green and blue, 0 to 1.
    """
    cover = np.zeros(size, np.uint8)
    thick = texture.strap_width * scale * finer
    for path, shown in paths:
        if shown <= 0:
            continue
        x, y = np.rint(path).astype(int).T
        below = image[np.clip(y, 0, image.shape[0] - 1), np.clip(x, 0, image.shape[1] - 1)] @ (
            LUMA / 255
        )
        skinlike = np.clip(1.6 - np.abs(below - light.skin) / (0.35 * light.skin + 0.05), 0, 1)
        hidden = np.flatnonzero(skinlike < 0.35)  # what hair hides does not come out again
        last = hidden[0] if len(hidden) else len(path)
        if last < 2:
            continue
        strength = round(255 * shown * min(thick, 1) * float(skinlike[:last].mean()))
        fixed = np.rint(((path[:last] - corner) * finer + (finer - 1) / 2) * 2**BITS).astype(
            np.int32
        )
        cv2.polylines(cover, [fixed], False, strength, max(1, round(thick)), cv2.LINE_AA, BITS)
    cover = cover * np.float32(1 / 255)
    color = np.asarray(texture.strap_color, np.float32)
    if choice.color is not None and texture.dyed_straps:
        color = color + choice.color_weight * (
            np.maximum(np.asarray(choice.color, np.float32) / 255, DARKEST_DYE) - color
        )
    color = color + (1 - light.color) * (color @ LUMA - color)
    return cover, color.tolist()
