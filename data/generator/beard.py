"""Full beards of strands, from three days to a hand's breadth."""

import numpy as np
from mathutils.bvhtree import BVHTree

from . import strands
from .person import smoothstep

COUNT = 5000


def growth(assets):
    """Return where a full beard and a moustache grow, shape (19158,), range [0, 1]."""
    x, y, z = assets.vertices.T
    cheek = 6.62 + 0.42 * smoothstep(np.abs(x), 0.36, 0.66)
    jaw = smoothstep(cheek - y, -0.03, 0.12) * smoothstep(y, 5.98, 6.12) * smoothstep(z, 0.62, 0.85)
    moustache = smoothstep(0.36 - np.abs(x), 0, 0.08) * smoothstep(6.82 - y, 0, 0.06) * (y > 6.6)
    lips = np.exp(-((np.maximum(np.abs(x) / 0.27, np.abs(y - 6.61) / 0.105)) ** 6))
    inside = z < 1.05
    hidden = inside & (np.abs(x) < 0.3) & (y > 6.45)  # the inside of the mouth
    return np.where(hidden, 0, np.maximum(jaw, moustache) * (1 - lips))


def full(assets, body, person, over=()):
    """Grow a full beard.

    Parameters
    ----------
    assets : Assets
    body : ndarray, shape (19158, 3), dm
    person : dict
        ``beard_length`` (dm) and the seed ``shape`` are read.
    over : sequence of (vertices, faces)
        Mask, scarf or hand; hair beneath them is left out.

    Returns
    -------
    ndarray, shape (N, S, 3), dm, or None when nothing of it is to be seen
    """
    rng = np.random.default_rng([int(person["shape"]), 2])
    count = COUNT // 2 if person.get("whole_body") else COUNT
    points, normals, base = strands.roots(assets, body, growth(assets), count, rng)
    for vertices, faces in over:
        cover = BVHTree.FromPolygons(vertices.tolist(), faces.tolist())
        bare = [cover.ray_cast(p - n * 0.02, n, 0.6)[0] is None for p, n in zip(points, normals)]
        points, normals, base = points[bare], normals[bare], base[bare]
    if not len(points):
        return None
    upper = smoothstep(base[:, 1], 6.62, 6.7) * (np.abs(base[:, 0]) < 0.4)
    chin = smoothstep(0.5 - np.abs(base[:, 0]), 0, 0.4) * (1 - upper)
    length = person["beard_length"] * (0.4 + 0.6 * chin) * rng.uniform(0.7, 1.15, len(points))
    length = np.minimum(length, np.where(upper > 0.5, 0.16, 9))
    way = np.stack(
        [
            0.5 * np.sign(base[:, 0]) * upper + 0.35 * base[:, 0] * (1 - upper),
            -np.ones(len(base)),
            0.12 * chin,
        ],
        1,
    )
    way = strands.normalised(way + rng.normal(0, 0.22, way.shape))
    path = strands.grow(
        points - normals * 0.01,
        strands.normalised(way + 0.8 * normals),
        length,
        9,
        lambda at, t: way,
        lambda at: at,
        0.6,
    )
    path, lock = strands.clump(path, 300, 0.35, rng)
    return strands.curl(path, 0.015, 0.22, lock, rng)
