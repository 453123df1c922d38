"""What is printed and stitched on a mask: colours, patterns, pleats, seams, the nose wire."""

import numpy as np

HEIGHT, WIDTH = 144, 216


def flowers(x, y, n):
    """Return where five-petalled flowers are, on a staggered grid of `n` columns."""
    row = np.floor(y * n * 0.7)
    u, v = (x * n + 0.5 * (row % 2)) % 1 - 0.5, (y * n * 0.7) % 1 - 0.5
    radius, angle = np.hypot(u, v), np.arctan2(v, u) + row
    return (radius < 0.24 + 0.12 * np.cos(5 * angle)) & (radius > 0.08)


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
    colour[
        {
            "plain": np.zeros_like(x, bool),
            "stripes": (x * n) % 1 < 0.4,
            "bands": (y * n * 0.6) % 1 < 0.4,
            "dots": ((x * n) % 1 - 0.5) ** 2 + ((y * n * 0.7) % 1 - 0.5) ** 2 < 0.07,
            "check": ((x * n) % 1 < 0.5) ^ ((y * n * 0.7) % 1 < 0.5),
            "flowers": flowers(x, y, n * 0.8),
        }[person["mask_pattern"]]
    ] = person["mask_accent"]
    shade = np.ones_like(x)
    kind = person["mask_type"]
    wire = (np.abs(y - 0.935) < 0.014) & (np.abs(x - 0.5) < 0.2)
    if kind == "surgical":
        fold = (y * 4 + 0.5) % 1
        inner = (x > 0.07) & (x < 0.93) & (y > 0.08) & (y < 0.9)
        shade -= inner * (0.38 * np.exp(-(((fold - 0.06) / 0.07) ** 2)) + 0.14 * (1 - fold))
        shade += 0.12 * wire
        shade -= 0.25 * ((np.abs(x - 0.07) < 0.006) | (np.abs(x - 0.93) < 0.006))
    elif kind == "cloth":
        shade -= 0.35 * (np.abs(x - 0.5) < 0.007)
        hem = np.minimum(np.minimum(x, 1 - x) * 1.4, np.minimum(y, 1 - y))
        shade -= 0.3 * ((hem > 0.05) & (hem < 0.062))
    elif kind == "KN95":
        shade -= 0.25 * (np.abs(x - 0.5) < 0.006) + 0.22 * (
            (np.abs(y - 0.86) < 0.008) & ((x * 60) % 1 < 0.6)
        )
        shade -= 0.22 * ((np.abs(y - 0.12) < 0.008) & ((x * 60) % 1 < 0.6))
        shade -= 0.12 * wire
    else:
        shade -= 0.25 * (np.abs(y - 0.5) < 0.012) + 0.2 * (
            (np.abs(y - 0.07) < 0.01) & ((x * 50) % 1 < 0.6)
        )
        colour[wire] = (0.42, 0.43, 0.45)
    rim = (x < 0.02) | (x > 0.98) | (y < 0.025) | (y > 0.975)
    colour[rim] = colour[rim] * 0.8 + 0.08
    return np.clip(colour * shade[..., None], 0.004, 0.9)
