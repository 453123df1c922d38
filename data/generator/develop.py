"""From linear light to a JPEG: exposure for the face, tone curve, background, sensor."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .distributions import linear_to_srgb, srgb_to_linear

FACE_SRGB = (0.64, 0.37)  # brightness wanted for the face of tone 1 and tone 10
BRIGHTEST = 0.80  # sRGB, before the tone curve's shoulder would take the skin's colour away
WHITE = 0.94  # sRGB, of a white mask


def tone_curve(linear):
    """Roll highlights off above one quarter instead of cutting them at 1."""
    knee = 0.25
    rolled = knee + (1 - knee) * (1 - np.exp(-np.maximum(linear - knee, 0) / (1 - knee)))
    return linear_to_srgb(np.where(linear < knee, linear, rolled))


def inverse_tone_curve(value):
    """Return the linear light that `tone_curve` shows as an sRGB value."""
    knee, light = 0.25, srgb_to_linear(value)
    rolled = knee - (1 - knee) * np.log(np.maximum(1 - (light - knee) / (1 - knee), 1e-6))
    return np.where(light < knee, light, rolled)


def face_luminance(pixels, polygon):
    """Meter the skin inside a polygon of the face.

    Hair and brows are left out as what is far darker than the brightest tenth.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 4), linear
    polygon : ndarray, shape (N, 2), pixels

    Returns
    -------
    ndarray, shape (2,)
        Median and 95th percentile of the luminance of what is not hair.
    """
    from scipy.spatial import ConvexHull

    stencil = Image.new("L", pixels.shape[1::-1])
    hull = polygon[ConvexHull(polygon).vertices]
    ImageDraw.Draw(stencil).polygon([tuple(p) for p in hull], fill=1)
    inside = (np.asarray(stencil) > 0) & (pixels[..., 3] > 0.9)
    luminance = (pixels[..., :3] @ np.array([0.2126, 0.7152, 0.0722]))[inside]
    if luminance.size < 8:
        return np.array([0.2, 0.3])
    skin = luminance[luminance > 0.25 * np.percentile(luminance, 90)]
    return np.percentile(skin, (50, 95))


def exposure(luminance, tone, stops, covering=0.0):
    """Return the factor that shows skin of a Monk tone legibly, `stops` off the ideal.

    The median of the skin gets the wanted brightness, unless its brightest part
    or a white mask of luminance `covering` would then be burnt out.
    """
    median, bright = np.maximum(luminance, 1e-4)
    wanted = inverse_tone_curve(np.interp(tone, (1, 10), FACE_SRGB)) * 2.0 ** np.clip(
        stops, -0.4, 0.4
    )
    return float(
        min(
            wanted / median,
            inverse_tone_curve(BRIGHTEST) / bright,
            inverse_tone_curve(WHITE) / max(covering, 1e-4),
        )
    )


def soften_edge(pixels, spread=0.6):
    """Blur the outline of a premultiplied render against nothing, not its inside.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 4)
    spread : float, pixels

    Returns
    -------
    colour : ndarray, shape (H, W, 3)
        Not multiplied by alpha.
    alpha : ndarray, shape (H, W, 1)
    """
    from scipy.ndimage import gaussian_filter

    alpha = np.clip(pixels[..., 3:], 0, 1)
    wide = gaussian_filter(pixels, (spread, spread, 0))
    around = wide[..., :3] / np.maximum(wide[..., 3:], 1e-3)
    colour = pixels[..., :3] / np.maximum(alpha, 1e-3)
    return np.where(alpha > 0.95, colour, around), np.clip(wide[..., 3:], 0, 1)


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
    straight, alpha = soften_edge(pixels)
    front = tone_curve(straight * factor)
    together = front * alpha + behind * (1 - alpha)
    picture = Image.fromarray((np.clip(together, 0, 1) * 255 + 0.5).astype(np.uint8))
    if blur > 0.25:
        picture = picture.filter(ImageFilter.GaussianBlur(blur))
    values = np.asarray(picture).astype(float)
    values += rng.normal(0, noise, values.shape[:2])[..., None] + rng.normal(
        0, noise / 2, values.shape
    )
    return Image.fromarray(np.clip(values + 0.5, 0, 255).astype(np.uint8))


def jpeg(picture, quality=90):
    """Return the bytes of a JPEG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
