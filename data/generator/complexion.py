"""What makes bare skin uneven: blush, lips, freckles, moles, pores, painted over the texture.

The face fills only about 80 x 90 pixels of a skin texture.  This paints a finer picture for
the part of the texture that holds face and ears, by which the skin's colour is multiplied.
"""

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

CORNER, REACH = (.76, .30), (.24, .37)  # of the painted part, in texture coordinates (u, v)
SHAPE = (592, 384)  # rows along v, columns along u; u grows from forehead to chin
# places on the base mesh, in texture coordinates: (u, v, standard deviation)
CHEEKS = [(.880, .438, .016), (.880, .528, .016)]
NOSE, EARS = (.873, .483, .011), [(.849, .329, .020), (.849, .638, .020)]
UNDER_EYES = [(.853, .450, .009), (.853, .516, .009)]
LIPS = [(.910, .465), (.899, .473), (.896, .478), (.900, .483), (.897, .488), (.898, .493),
        (.910, .501), (.920, .498), (.923, .487), (.923, .480), (.920, .469)]


def to_pixels(u, v):
    """Turn texture coordinates into columns and rows of the painted part."""
    return ((np.asarray(u) - CORNER[0]) / REACH[0] * SHAPE[1],
            (np.asarray(v) - CORNER[1]) / REACH[1] * SHAPE[0])


def spot(u, v, spread):
    """Return a Gaussian hill of height 1, shape `SHAPE`."""
    x, y = to_pixels(u, v)
    rows, columns = np.ogrid[:SHAPE[0], :SHAPE[1]]
    pixel = REACH[0] / SHAPE[1]
    return np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2 / (spread / pixel) ** 2)


def lips():
    """Return a soft stencil of the lips, shape `SHAPE`, range [0, 1]."""
    stencil = Image.new("L", SHAPE[::-1])
    x, y = to_pixels(*np.array(LIPS).T)
    ImageDraw.Draw(stencil).polygon(list(zip(x, y)), fill=255)
    return gaussian_filter(np.asarray(stencil) / 255., 2.5)


def mottled(rng, spread):
    """Return smooth noise of standard deviation 1, shape `SHAPE`."""
    noise = gaussian_filter(rng.standard_normal(SHAPE), spread)
    return noise / noise.std()


def even(noise):
    """Return noise that is nearly the same on both halves of the face."""
    return .35 * noise + .65 * noise[::-1]


def dots(rng, count, size, weight):
    """Return `count` round dots of radius about `size` pixels, thrown where `weight` is high."""
    places = rng.choice(weight.size, count, p=weight.ravel() / weight.sum())
    image = Image.new("L", SHAPE[::-1])
    draw = ImageDraw.Draw(image)
    for place, radius, depth in zip(places, size * rng.uniform(.6, 1.5, count),
                                    rng.integers(90, 256, count)):
        y, x = divmod(int(place), SHAPE[1])
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=int(depth))
    return gaussian_filter(np.asarray(image) / 255., .7)


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
    old = {"old": 1., "middle": .5}.get(person["age_group"], 0.)
    fair = np.interp(tone, (1, 10), (1, .35))
    red = sum(spot(*c) for c in CHEEKS) * rng.uniform(.3, 1)
    red = red + spot(*NOSE) * rng.uniform(.3, .9) + sum(spot(*e) for e in EARS) * .8
    red = np.clip(red * (1 + .12 * even(mottled(rng, 6))), 0, 1.3)[..., None] * fair
    factor = 1 - red * (.02, .12, .11)
    factor = factor * (1 - sum(spot(*e) for e in UNDER_EYES)[..., None] * (.10, .13, .08)
                       * rng.uniform(.2, .8 + .4 * old))
    factor = factor * (1 - lips()[..., None] * (.10, .30, .27) * rng.uniform(.5, 1.1))
    coarse, middling, fine = even(mottled(rng, 22)), mottled(rng, 7), mottled(rng, 1.6)
    uneven = .025 * coarse + (.03 + .015 * old) * middling + .035 * fine
    factor = factor * (1 + uneven[..., None] * (.8, 1, 1.1))
    middle = spot(.868, .483, .045)
    if tone <= 5 and rng.random() < .3:
        freckles = dots(rng, int(rng.integers(80, 260)), 1.5, middle**2)
        factor = factor * (1 - freckles[..., None] * (.20, .33, .40) * rng.uniform(.5, 1))
    spots = dots(rng, int(rng.integers(0, 4) + 6 * old), 1.8 + 1.5 * old, middle)
    factor = factor * (1 - spots[..., None] * (.22, .30, .34) * rng.uniform(.4, 1))
    oily = spot(*NOSE) + spot(.805, .483, .022) + .6 * sum(spot(*c) for c in CHEEKS)
    rough = .5 - .05 * np.clip(oily, 0, 1.2) - .10 * lips() + .03 * middling + .04 * fine
    return np.dstack([fade(factor), np.clip(rough, .15, .85)])


def fade(factor, width=24):
    """Let factors run to 1 at the border of the painted part."""
    rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in SHAPE)
    inside = np.clip(np.minimum(rows[:, None], columns[None]) / width, 0, 1)[..., None]
    return 1 + (factor - 1) * inside
