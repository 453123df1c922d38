"""What is printed and stitched on a mask: colours, patterns, pleats, seams, the nose wire."""

import numpy as np

HEIGHT, WIDTH = 144, 216


def flowers(x, y, n):
    """Return where five-petalled flowers are, on a staggered grid of `n` columns."""
    row = np.floor(y * n * .7)
    u, v = (x * n + .5 * (row % 2)) % 1 - .5, (y * n * .7) % 1 - .5
    radius, angle = np.hypot(u, v), np.arctan2(v, u) + row
    return (radius < .24 + .12 * np.cos(5 * angle)) & (radius > .08)


def pattern(person, rng):
    """Draw the outside of a mask.

    Parameters
    ----------
    person : dict
        ``mask_type``, ``mask_pattern`` and the linear colours ``mask_colour``
        and ``mask_accent`` are read.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (144, 216, 3), linear, range [0, 0.9]
        First row at the bottom.
    """
    y, x = np.mgrid[:HEIGHT, :WIDTH] / np.array([HEIGHT, WIDTH])[:, None, None]
    colour = np.ones((HEIGHT, WIDTH, 3)) * person["mask_colour"]
    n = rng.integers(7, 13)
    colour[{
        "plain": np.zeros_like(x, bool),
        "stripes": (x * n) % 1 < .4,
        "bands": (y * n * .6) % 1 < .4,
        "dots": ((x * n) % 1 - .5) ** 2 + ((y * n * .7) % 1 - .5) ** 2 < .07,
        "check": ((x * n) % 1 < .5) ^ ((y * n * .7) % 1 < .5),
        "flowers": flowers(x, y, n * .8),
    }[person["mask_pattern"]]] = person["mask_accent"]
    shade = np.ones_like(x)
    kind = person["mask_type"]
    wire = (np.abs(y - .935) < .014) & (np.abs(x - .5) < .2)
    if kind == "surgical":
        fold = (y * 4 + .5) % 1
        inner = (x > .07) & (x < .93) & (y > .08) & (y < .9)
        shade -= inner * (.38 * np.exp(-((fold - .06) / .07) ** 2) + .14 * (1 - fold))
        shade += .12 * wire
        shade -= .25 * ((np.abs(x - .07) < .006) | (np.abs(x - .93) < .006))
    elif kind == "cloth":
        shade -= .35 * (np.abs(x - .5) < .007)
        hem = np.minimum(np.minimum(x, 1 - x) * 1.4, np.minimum(y, 1 - y))
        shade -= .3 * ((hem > .05) & (hem < .062))
    elif kind == "KN95":
        shade -= .25 * (np.abs(x - .5) < .006) + .22 * ((np.abs(y - .86) < .008) & ((x * 60) % 1 < .6))
        shade -= .22 * ((np.abs(y - .12) < .008) & ((x * 60) % 1 < .6))
        shade -= .12 * wire
    else:
        shade -= .25 * (np.abs(y - .5) < .012) + .2 * ((np.abs(y - .07) < .01) & ((x * 50) % 1 < .6))
        colour[wire] = (.42, .43, .45)
    rim = (x < .02) | (x > .98) | (y < .025) | (y > .975)
    colour[rim] = colour[rim] * .8 + .08
    return np.clip(colour * shade[..., None], .004, .9)
