"""The 68 landmarks of the iBUG scheme as vertices of the base mesh."""

import numpy as np

VERTICES = [
    # jaw, from the person's right ear over the chin to the left ear (0-16)
    718,
    5186,
    5180,
    5206,
    5299,
    5298,
    5295,
    5292,
    732,
    11898,
    11901,
    11903,
    11904,
    11817,
    11792,
    11798,
    7441,
    # right and left eyebrow (17-26)
    254,
    225,
    204,
    180,
    209,
    6984,
    6956,
    6979,
    6999,
    7023,
    # bridge and wings of the nose (27-35)
    132,
    131,
    201,
    294,
    333,
    313,
    317,
    7076,
    7095,
    # right and left eye (36-47)
    6779,
    6757,
    1073,
    72,
    6772,
    1068,
    6856,
    7765,
    13353,
    13375,
    7760,
    13368,
    # outer and inner outline of the lips (48-67)
    429,
    5352,
    457,
    466,
    7216,
    11954,
    7189,
    7166,
    7245,
    574,
    490,
    406,
    436,
    472,
    474,
    7228,
    7196,
    7243,
    494,
    488,
]
UPPER_FACE = [*range(17, 28), *range(36, 48)]  # what no mask and no scarf covers


WHOLE_FACE = [*range(2, 15), *range(17, 27)]


def face_vertices(assets):
    """Return the vertices that the face box encloses: brow to chin, ear to ear."""
    x, y, z = assets.vertices[assets.body].T
    return assets.body[(y > 6.15) & (y < 7.56) & (z > 0.55) & (np.abs(x) < 0.745)]


def face_box(points):
    """Return the box (x_min, y_min, x_max, y_max) around projected face vertices."""
    return (*points.min(0), *points.max(0))


def clip_box(box, width, height):
    """Round a box to whole pixels and cut it at the border of the picture."""
    limits = (width, height, width, height)
    return tuple(int(np.clip(round(float(v)), 0, limit)) for v, limit in zip(box, limits))
