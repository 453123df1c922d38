"""From linear light to a JPEG: exposure for the face, tone curve, background, sensor."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .distributions import linear_to_srgb, srgb_to_linear

FACE_SRGB = (.67, .36)  # brightness wanted for the upper face of tone 1 and tone 10


def tone_curve(linear):
    """Roll highlights off above one half instead of cutting them at 1."""
    knee = .5
    rolled = knee + (1 - knee) * (1 - np.exp(-np.maximum(linear - knee, 0) / (1 - knee)))
    return linear_to_srgb(np.where(linear < knee, linear, rolled))


def face_luminance(pixels, polygon):
    """Return the luminance of the skin inside a polygon of the upper face.

    The 80th percentile: brows, eyes and strands of hair are darker than skin.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 4), linear
    polygon : ndarray, shape (N, 2), pixels
    """
    from scipy.spatial import ConvexHull

    stencil = Image.new("L", pixels.shape[1::-1])
    hull = polygon[ConvexHull(polygon).vertices]
    ImageDraw.Draw(stencil).polygon([tuple(p) for p in hull], fill=1)
    inside = (np.asarray(stencil) > 0) & (pixels[..., 3] > .9)
    luminance = pixels[..., :3] @ np.array([.2126, .7152, .0722])
    return float(np.percentile(luminance[inside], 80)) if inside.sum() > 8 else .2


def exposure(luminance, tone, stops):
    """Return the factor that shows skin of a Monk tone legibly, `stops` off the ideal."""
    wanted = srgb_to_linear(np.interp(tone, (1, 10), FACE_SRGB))
    return float(wanted / max(luminance, 1e-4) * 2.0 ** stops)


def develop(pixels, factor, behind, blur, noise, rng):
    """Make an 8-bit picture.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 4)
        Linear render, premultiplied.
    factor : float
        Exposure.
    behind : ndarray, shape (H, W, 3), sRGB
    blur : float
        Standard deviation in pixels; below 0.25 nothing is done.
    noise : float
        Standard deviation of the sensor noise in grey levels.

    Returns
    -------
    PIL.Image.Image
    """
    alpha = np.clip(pixels[..., 3:], 0, 1)
    straight = pixels[..., :3] / np.maximum(alpha, 1e-3)
    front = tone_curve(straight * factor)
    together = front * alpha + behind * (1 - alpha)
    picture = Image.fromarray((np.clip(together, 0, 1) * 255 + .5).astype(np.uint8))
    if blur > .25:
        picture = picture.filter(ImageFilter.GaussianBlur(blur))
    values = np.asarray(picture).astype(float)
    values += rng.normal(0, noise, values.shape[:2])[..., None] + rng.normal(0, noise / 2, values.shape)
    return Image.fromarray(np.clip(values + .5, 0, 255).astype(np.uint8))


def jpeg(picture, quality=88):
    """Return the bytes of a JPEG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
