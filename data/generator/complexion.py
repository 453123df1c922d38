"""What makes bare skin uneven: blush, lips, freckles, moles, pores, painted over the texture.

The face fills only about 80 x 90 pixels of a skin texture.  This paints a finer picture for
the part of the texture that holds face and ears, by which the skin's colour is multiplied.
"""

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

CORNER, REACH = (0.76, 0.30), (0.24, 0.37)  # of the painted part, in texture coordinates (u, v)
SHAPE = (592, 384)  # rows along v, columns along u; u grows from forehead to chin
# places on the base mesh, in texture coordinates: (u, v, standard deviation)
CHEEKS = [(0.880, 0.438, 0.016), (0.880, 0.528, 0.016)]
NOSE, EARS = (0.873, 0.483, 0.011), [(0.849, 0.329, 0.020), (0.849, 0.638, 0.020)]
UNDER_EYES = [(0.853, 0.450, 0.009), (0.853, 0.516, 0.009)]
LIPS = [
    (0.910, 0.465),
    (0.899, 0.473),
    (0.896, 0.478),
    (0.900, 0.483),
    (0.897, 0.488),
    (0.898, 0.493),
    (0.910, 0.501),
    (0.920, 0.498),
    (0.923, 0.487),
    (0.923, 0.480),
    (0.920, 0.469),
]


def to_pixels(u, v):
    """Turn texture coordinates into columns and rows of the painted part."""
    return (
        (np.asarray(u) - CORNER[0]) / REACH[0] * SHAPE[1],
        (np.asarray(v) - CORNER[1]) / REACH[1] * SHAPE[0],
    )


def spot(u, v, spread):
    """Return a Gaussian hill of height 1, shape `SHAPE`."""
    x, y = to_pixels(u, v)
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    pixel = REACH[0] / SHAPE[1]
    return np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2 / (spread / pixel) ** 2)


def lips():
    """Return a soft stencil of the lips, shape `SHAPE`, range [0, 1]."""
    stencil = Image.new("L", SHAPE[::-1])
    x, y = to_pixels(*np.array(LIPS).T)
    ImageDraw.Draw(stencil).polygon(list(zip(x, y)), fill=255)
    return gaussian_filter(np.asarray(stencil) / 255.0, 2.5)


def mottled(rng, spread):
    """Return smooth noise of standard deviation 1, shape `SHAPE`."""
    noise = gaussian_filter(rng.standard_normal(SHAPE), spread)
    return noise / noise.std()


def even(noise):
    """Return noise that is nearly the same on both halves of the face."""
    return 0.35 * noise + 0.65 * noise[::-1]


def dots(rng, count, size, weight):
    """Return `count` round dots of radius about `size` pixels, thrown where `weight` is high."""
    places = rng.choice(weight.size, count, p=weight.ravel() / weight.sum())
    image = Image.new("L", SHAPE[::-1])
    draw = ImageDraw.Draw(image)
    for place, radius, depth in zip(
        places, size * rng.uniform(0.6, 1.5, count), rng.integers(90, 256, count)
    ):
        y, x = divmod(int(place), SHAPE[1])
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=int(depth))
    return gaussian_filter(np.asarray(image) / 255.0, 0.7)


def paint(person):
    """Paint the unevenness of one person's face.

    Parameters
    ----------
    person : dict
        ``shape`` seeds it; ``tone`` and ``age_group`` say how much of what.

    Returns
    -------
    ndarray of float, shape (592, 384, 4)
        Factors for linear red, green and blue, about 1; last the roughness of the surface,
        about 0.5: lower where skin is oily. First row at the bottom of the texture.
    """
    rng = np.random.default_rng([int(person["shape"]), 3])
    tone = person["tone"]
    old = {"old": 1.0, "middle": 0.5}.get(person["age_group"], 0.0)
    fair = np.interp(tone, (1, 10), (1, 0.35))
    red = sum(spot(*c) for c in CHEEKS) * rng.uniform(0.3, 1)
    red = red + spot(*NOSE) * rng.uniform(0.3, 0.9) + sum(spot(*e) for e in EARS) * 0.8
    red = np.clip(red * (1 + 0.12 * even(mottled(rng, 6))), 0, 1.3)[..., None] * fair
    factor = 1 - red * (0.02, 0.12, 0.11)
    factor = factor * (
        1
        - sum(spot(*e) for e in UNDER_EYES)[..., None]
        * (0.10, 0.13, 0.08)
        * rng.uniform(0.2, 0.8 + 0.4 * old)
    )
    factor = factor * (1 - lips()[..., None] * (0.10, 0.30, 0.27) * rng.uniform(0.5, 1.1))
    coarse, middling, fine = even(mottled(rng, 22)), mottled(rng, 7), mottled(rng, 1.6)
    uneven = 0.025 * coarse + (0.03 + 0.015 * old) * middling + 0.035 * fine
    factor = factor * (1 + uneven[..., None] * (0.8, 1, 1.1))
    middle = spot(0.868, 0.483, 0.045)
    if tone <= 5 and rng.random() < 0.3:
        freckles = dots(rng, int(rng.integers(80, 260)), 1.5, middle**2)
        factor = factor * (1 - freckles[..., None] * (0.20, 0.33, 0.40) * rng.uniform(0.5, 1))
    spots = dots(rng, int(rng.integers(0, 4) + 6 * old), 1.8 + 1.5 * old, middle)
    factor = factor * (1 - spots[..., None] * (0.22, 0.30, 0.34) * rng.uniform(0.4, 1))
    oily = spot(*NOSE) + spot(0.805, 0.483, 0.022) + 0.6 * sum(spot(*c) for c in CHEEKS)
    rough = 0.5 - 0.05 * np.clip(oily, 0, 1.2) - 0.10 * lips() + 0.03 * middling + 0.04 * fine
    return np.dstack([fade(factor), np.clip(rough, 0.15, 0.85)])


def fade(factor, width=24):
    """Let factors run to 1 at the border of the painted part."""
    rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in SHAPE)
    inside = np.clip(np.minimum(rows[:, None], columns[None]) / width, 0, 1)[..., None]
    return 1 + (factor - 1) * inside
