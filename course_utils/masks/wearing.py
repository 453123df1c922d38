"""Where on the head the anchors of a mask go, for each way of wearing it."""

import numpy as np

from course_utils.masks.head import NOSE_TO_CHIN, skin_depth

# x, y on the mean head, and how far a surgical mask stands off the skin there. Left is the left of
# the picture.
ANCHORS = {
    "nose_bridge": (0, -0.34, 0.02),
    "nose_tip": (0, -0.12, 0.05),
    "mouth": (0, 0.25, 0.10),
    "chin": (0, 0.66, 0.05),
    "under_chin": (0, 0.88, 0.02),
    "nose": (0.20, -0.24, 0.03),
    "cheek_upper": (0.42, -0.18, 0.02),
    "cheek": (0.40, 0.25, 0.04),
    "side_upper": (0.68, -0.08, 0.02),
    "side": (0.68, 0.17, 0.02),
    "side_lower": (0.61, 0.44, 0.02),
    "jaw": (0.34, 0.74, 0.02),
    "ear": (0.80, -0.12, 0.0),
}
ANCHORS = {
    **{name: place for name, place in ANCHORS.items() if place[0] == 0},
    **{f"{name}_left": (-x, y, lift) for name, (x, y, lift) in ANCHORS.items() if x},
    **{f"{name}_right": (x, y, lift) for name, (x, y, lift) in ANCHORS.items() if x},
}
"""Every name that a mask's TOML file may use, with its place and lift."""

# where straps lead to: the ear's two roots, the back of the head above and below the ear; x, y, z
STRAP_ENDS = {
    "ear_upper": (0.80, -0.50, -0.85),
    "ear_lower": (0.79, -0.08, -0.85),
    "crown": (0.82, -0.80, -1.10),
    "nape": (0.70, 0.12, -1.05),
}
STRAP_ENDS = {
    **{f"{name}_left": (-x, y, z) for name, (x, y, z) in STRAP_ENDS.items()},
    **{f"{name}_right": (x, y, z) for name, (x, y, z) in STRAP_ENDS.items()},
}

# y of the mask's upper and lower edge in the middle of the face and at its sides
EDGES = {
    "proper": (-0.34, 0.88, -0.08, 0.44),
    "under-nose": (0.09, 0.92, 0.08, 0.50),
    "nose-only": (-0.34, 0.13, -0.10, 0.13),
    "under-chin": (0.64, 1.06, 0.26, 0.56),
}


def _half_width(y):
    """Return x of the outline of the mean head at a height: ear to chin."""
    return np.interp(
        y,
        [-0.5, -0.1, 0.1, 0.3, 0.5, 0.6, 0.75, 1.1],
        [0.78, 0.76, 0.73, 0.69, 0.62, 0.56, 0.42, 0.40],
    )


def place_anchors(places, wear, position=0.0):
    """Move anchors from a mask worn properly to one worn in another way.

    Parameters
    ----------
    places : array_like
        Shape (n, 3): x, y, and the lift off the skin.
    wear : str
        A key of `EDGES`.
    position : float
        Shift along the face, positive towards the chin, in distances from the tip of the nose to
        the chin.

    Returns
    -------
    numpy.ndarray
        float64, shape (n, 3): x, y, z on the mean head.
    """
    x, y, lift = np.asarray(places, float).T
    side = np.minimum(np.abs(x) / 0.68, 1.2) ** 1.6
    from_top, from_bottom, from_top_side, from_bottom_side = EDGES["proper"]
    to_top, to_bottom, to_top_side, to_bottom_side = EDGES[wear]
    upper, lower = (
        from_top + side * (from_top_side - from_top),
        from_bottom + side * (from_bottom_side - from_bottom),
    )
    share = (y - upper) / (lower - upper)
    upper, lower = (
        to_top + side * (to_top_side - to_top),
        to_bottom + side * (to_bottom_side - to_bottom),
    )
    moved = upper + share * (lower - upper) + position * NOSE_TO_CHIN
    x = x * np.minimum(_half_width(moved) / _half_width(y), 1.08)
    return np.stack([x, moved, np.maximum(skin_depth(x, moved), -0.9) + lift], 1)
