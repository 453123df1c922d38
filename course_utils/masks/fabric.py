"""Colour a mask before it is bent.

The choice's colour and pattern, grain and creases, all on the flat texture.
"""

from functools import cache

import cv2
import numpy as np

from course_utils.masks.light import LUMA
from course_utils.masks.patterns import pattern_tile

# black cloth still reflects 3 % of the light, and that is 0.16 of white as pictures store it
DARKEST_DYE = 0.16
INKS = np.array(
    [
        (0.12, 0.16, 0.35),
        (0.62, 0.10, 0.14),
        (0.10, 0.34, 0.24),
        (0.15, 0.15, 0.17),
        (0.78, 0.30, 0.48),
        (0.20, 0.42, 0.68),
    ],
    np.float32,
)  # of patterns on a light ground; on a dark one the ink is white
WHITE_INK = np.array([0.96, 0.96, 0.94], np.float32)
CREASES = 256  # pixels of the tiles of grain and creases


def painted(texture, level, choice, chance):
    """Return one level of a texture in the choice's colours.

    Parameters
    ----------
    texture : Texture
    level : int
        Index of the size.
    choice : MaskChoice
    chance : Chance
        `drawing`, `shade`, `tint`, `crease`, `offset`, `pattern_scale` are read.

    Returns
    -------
    numpy.ndarray
        float32, premultiplied RGBA, the shape of the level.

    Raises
    ------
    CourseError
        When the pattern can't be read.
    """
    factor = 0.5**level
    drawing = int(chance.drawing * len(texture.pictures))
    detail = texture.details[drawing][level]
    *rgb, cover = cv2.split(
        texture.pictures[drawing][level]
    )  # colour by colour, because NumPy is slow where the last axis is short
    if choice.color is not None and choice.color_weight > 0:
        dye = np.maximum(np.asarray(choice.color, np.float32) / 255, DARKEST_DYE).tolist()
        gloss = 0.16 * (detail - 1)  # folds of black cloth shine a little
        rgb = [
            plane + choice.color_weight * (cover * np.clip(share * detail + gloss, 0, 1) - plane)
            for plane, share in zip(rgb, dye, strict=True)
        ]
    if choice.pattern is not None and choice.pattern_weight > 0:
        printed = _printed(texture.extent, factor, choice.pattern, chance, rgb, cover, detail)
        rgb = [
            plane + choice.pattern_weight * (other - plane)
            for plane, other in zip(rgb, printed, strict=True)
        ]
    height, width = cover.shape
    fibre, broad, fine = _tiles()
    crease = (texture.creases * chance.crease).tolist()
    shade = crease[0] * _repeated(broad, width, height, 2 * factor, chance.offset[0])
    shade += crease[1] * _repeated(fine, width, height, 2 * factor, chance.offset[1])
    shade += 0.03 * texture.fibre * factor * _repeated(fibre, width, height, 1.0, chance.offset[1])
    lifted, shade = 0.14 * cover * shade, 1 + shade
    tint = (chance.shade * chance.tint).tolist()
    return cv2.merge(
        [(color + lifted) * (shade * share) for color, share in zip(rgb, tint, strict=True)]
        + [cover]
    )


def _printed(extent, factor, pattern, chance, ground, cover, detail):
    """Return the premultiplied colours of a pattern on its ground, the texture's folds kept.

    Three planes.
    """
    height, width = cover.shape
    light = np.minimum(detail, 1.1)
    tile = pattern_tile(pattern)
    if tile.ndim == 3:
        left, top, right, bottom = extent * factor
        size = (max(round(right - left), 1), max(round(bottom - top), 1))
        whole = np.zeros((height, width, 3), np.float32)
        part = cv2.resize(_cut_to(tile, size[0] / size[1]), size, interpolation=cv2.INTER_AREA)
        y, x = max(round(top), 0), max(round(left), 0)
        part = part[: height - y, : width - x]
        whole[y : y + part.shape[0], x : x + part.shape[1]] = part
        return [plane * cover * light for plane in cv2.split(whole)]
    ink = WHITE_INK
    if np.dot([plane.sum() for plane in ground], LUMA) / max(float(cover.sum()), 1e-6) > 0.55:
        ink = INKS[int(chance.offset[2, 0] * len(INKS))]
    printed = _repeated(tile, width, height, chance.pattern_scale * factor, chance.offset[2])
    return [
        plane + printed * (cover * share * light - plane)
        for plane, share in zip(ground, ink.tolist(), strict=True)
    ]


def _cut_to(picture, ratio):
    """Return the middle of a picture that has the ratio of width to height."""
    height, width = picture.shape[:2]
    wide, high = min(width, round(height * ratio)), min(height, round(width / ratio))
    x, y = (width - wide) // 2, (height - high) // 2
    return picture[y : y + max(high, 1), x : x + max(wide, 1)]


def _repeated(tile, width, height, scale, offset):
    """Return a tile, enlarged by `scale`, repeated over a picture of the given size."""
    if scale < 1:
        size = (max(1, round(tile.shape[1] * scale)), max(1, round(tile.shape[0] * scale)))
        tile, scale = cv2.resize(tile, size, interpolation=cv2.INTER_AREA), 1.0
    move = np.array(
        [[1 / scale, 0, offset[0] * tile.shape[1]], [0, 1 / scale, offset[1] * tile.shape[0]]]
    )
    return cv2.warpAffine(
        tile,
        move,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_WRAP,
    )


@cache
def _tiles():
    """Return fibre, broad creases and fine creases.

    Float32, shape (256, 256), mean 0, deviation 1, without seams.
    """
    rng = np.random.default_rng(68)
    fx, fy = np.fft.fftfreq(CREASES)[None], np.fft.fftfreq(CREASES)[:, None]
    tiles = []
    for across, down in ((0.8, 0.8), (26, 9), (7, 4)):
        spectrum = np.fft.fft2(rng.normal(size=(CREASES, CREASES)))
        tile = np.fft.ifft2(
            spectrum * np.exp(-2 * np.pi**2 * ((fx * across) ** 2 + (fy * down) ** 2))
        ).real
        tile = (tile - tile.mean()) / tile.std()
        tiles.append((tile if across < 1 else np.tanh(tile)).astype(np.float32))
    return tuple(tiles)
