"""Masks and scarves in three dimensions, laid over the morphed face.

A grid of rays is cast from outside onto the face; the hits, smoothed and moved
outwards, are the sheet.  Loops run from its corners to the ears.
"""

import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from . import landmarks

ROWS, COLUMNS = 41, 59
BRIDGE, TIP, UNDER_NOSE, LIPS, CHIN = (landmarks.VERTICES[i] for i in (28, 30, 33, 62, 8))
EAR_TOP, EAR_BOTTOM = (0.735, 7.56, 0.60), (0.71, 6.95, 0.52)  # where the ear meets the head, dm


class Surface:
    """The skin as something to cast rays onto, without the ears if not asked for."""

    def __init__(self, assets, body, lowest, with_ears=False):
        base = assets.vertices
        ears = (np.abs(base[:, 0]) > 0.75) & (base[:, 1] > 6.7) & (base[:, 2] > 0.2)
        ears &= not with_ears
        faces = assets.faces
        wanted = (body[faces][:, :, 1].min(1) > lowest) & ~ears[faces].any(1)
        self.tree = BVHTree.FromPolygons(body.tolist(), faces[wanted].tolist())

    def radius(self, centre, direction):
        """Return the distance from `centre` to the outermost skin, or NaN."""
        hit = self.tree.ray_cast(Vector(centre + direction * 6), Vector(-direction))[0]
        return np.nan if hit is None else float(np.linalg.norm(np.array(hit) - centre))

    def radii(self, centre, directions):
        flat = directions.reshape(-1, 3)
        found = np.array([self.radius(centre, d) for d in flat]).reshape(directions.shape[:-1])
        return np.where(np.isnan(found), np.nanmedian(found), found)


def unit(azimuth, elevation):
    """Return unit vectors; azimuth 0 is straight ahead, positive to the person's left."""
    return np.stack(
        [
            np.sin(azimuth) * np.cos(elevation),
            np.sin(elevation),
            np.cos(azimuth) * np.cos(elevation),
        ],
        -1,
    )


def blur(values):
    padded = np.pad(values, 1, mode="edge")
    return (
        padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] + 2 * values
    ) / 6


def grid_faces(rows, columns, closed=False):
    """Return the quads of a grid of vertices, row by row; `closed` joins the last column."""
    number = np.arange(rows * columns).reshape(rows, columns)
    if closed:
        number = np.concatenate([number, number[:, :1]], 1)
    return np.stack(
        [number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]], -1
    ).reshape(-1, 4)


def tube(path, radius, sides=6):
    """Sweep a circle along a path.

    Parameters
    ----------
    path : ndarray, shape (N, 3), dm
    radius : float, dm

    Returns
    -------
    vertices : ndarray, shape (N * sides, 3)
    faces : ndarray of int, shape (F, 4)
    """
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    helper = np.where(np.abs(along[:, 1:2]) < 0.9, (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    first = np.cross(along, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(along, first)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)[:, None, None]
    ring = path + radius * (np.cos(angle) * first + np.sin(angle) * second)
    return ring.transpose(1, 0, 2).reshape(-1, 3), grid_faces(len(path), sides, closed=True)


def join(meshes):
    """Join (vertices, faces) pairs into one mesh."""
    vertices, faces, start = [], [], 0
    for points, quads in meshes:
        vertices.append(points)
        faces.append(quads + start)
        start += len(points)
    return np.concatenate(vertices), np.concatenate(faces)


def edges(wearing, angle, rng):
    """Return elevations (radians) of the mask's top and bottom, in front and at the sides."""
    nose = angle(TIP) + (angle(BRIDGE) - angle(TIP)) * (
        rng.uniform(0.9, 1.15) if wearing == "nose_only" else rng.uniform(0.5, 0.95)
    )
    below = angle(CHIN) - rng.uniform(0.14, 0.3)
    top, bottom = {
        "proper": (nose, below),
        "under_nose": (angle(UNDER_NOSE) - rng.uniform(0.02, 0.09), below),
        "nose_only": (nose, angle(UNDER_NOSE) - rng.uniform(0.03, 0.08)),
        "under_chin": (0.4 * angle(LIPS) + 0.6 * angle(CHIN) - rng.uniform(0, 0.05), below - 0.12),
    }[wearing]
    drop = {"nose_only": 0.08, "under_chin": 0.05}.get(wearing, rng.uniform(0.12, 0.22))
    rise = {"nose_only": 0.03, "under_chin": 0.2}.get(wearing, rng.uniform(0.22, 0.34))
    return top, bottom, top - drop, bottom + rise


def sheet(assets, body, person, rng):
    """Lay a mask over the face.

    Parameters
    ----------
    assets : Assets
    body : ndarray, shape (19158, 3), dm
        The morphed body before the head is turned.
    person : dict
        ``wearing`` and ``mask_type`` are read.
    rng : numpy.random.Generator

    Returns
    -------
    vertices : ndarray, shape (ROWS * COLUMNS, 3), dm
    faces : ndarray of int, shape (F, 4)
    uv : ndarray, shape (ROWS * COLUMNS, 2), range [0, 1]
    loops : (vertices, faces)
        Ear loops, or two head straps for an N95.
    """
    kind, wearing = person["mask_type"], person["wearing"]
    surface = Surface(assets, body, body[CHIN, 1] - 1)
    centre = np.array([0, body[LIPS, 1], body[TIP, 2] - 1.1])

    def angle(vertex):
        x, y, z = body[vertex] - centre
        return np.arctan2(y, np.hypot(x, z))

    top, bottom, top_side, bottom_side = edges(wearing, angle, rng)
    half = np.radians(rng.uniform(58, 67))
    u = np.linspace(-1, 1, COLUMNS)[None]
    t = np.linspace(0, 1, ROWS)[:, None]
    out = np.abs(u) ** 1.6
    elevation = (
        (top * (1 - out) + top_side * out) * (1 - t)
        + (bottom * (1 - out) + bottom_side * out) * t
        + rng.normal(0, 0.02) * u
    )
    directions = unit(u * half + 0 * t, elevation)
    radius = surface.radii(centre, directions)
    skin = radius
    for _ in range({"N95": 90, "KN95": 75}.get(kind, 36)):
        radius = np.maximum(radius, blur(radius))
    for _ in range(6):
        radius = blur(radius)
    if kind in ("N95", "KN95"):  # stiff: lifted as a whole, not dented by the nose
        lacking = max(0.0, float(np.max(skin + 0.02 - radius)))
        radius = radius + lacking * np.exp(-((u / 0.5) ** 2)) * np.sin(np.pi * t) ** 0.5
    radius = np.maximum(radius, skin + 0.02)
    radius = np.maximum(blur(blur(radius)), skin + 0.008)
    middle, arch = 1 - u**2, np.sin(np.pi * t)
    full = 0.35 if wearing in ("nose_only", "under_chin") else 1.0
    wire = 0.014 * np.exp(-(((t - 0.065) / 0.022) ** 2)) * (np.abs(u) < 0.4)
    radius = (
        radius
        + 0.02
        + wire
        + crumpled(wearing, t, u, rng)
        + full
        * {
            "surgical": 0.05 * arch * middle + 0.030 * ((t * 4 + 0.5) % 1) * (1 - u**4) * arch**0.3,
            "cloth": 0.06 * arch * middle + 0.03 * np.exp(-((u / 0.05) ** 2)) * arch,
            "KN95": 0.19 * arch**0.8 * (1 - np.abs(u)) ** 1.1,
            "N95": 0.15 * arch**0.7 * middle + 0.02 * np.exp(-(((t - 0.5) / 0.03) ** 2)),
        }[kind]
    )
    vertices = centre + directions * radius[..., None]
    uv = np.stack(np.broadcast_arrays((u + 1) / 2, 1 - t), -1).reshape(-1, 2)
    straps = loops(surface, centre, vertices, body, assets, kind, wearing)
    return vertices.reshape(-1, 3), grid_faces(ROWS, COLUMNS), uv, straps


def crumpled(wearing, t, u, rng):
    """Return how a mask that was pulled off mouth or nose folds, as heights in dm."""
    phase = rng.uniform(0, 6, 2)
    wrinkles = np.sin(17 * t + 3 * np.sin(2.5 * u + phase[0]) + phase[1])
    if wearing == "nose_only":  # folded in half: the lower edge is a thick crease
        return 0.05 * np.clip((t - 0.45) / 0.4, 0, 1) ** 2 * (1 - u**4) + 0.010 * wrinkles
    if wearing == "under_chin":
        return 0.022 * (1 + wrinkles) * (1 - 0.5 * u**2) + 0.05 * np.sin(np.pi * t)
    return 0.006 * wrinkles * np.abs(u)


def loops(surface, centre, vertices, body, assets, kind, wearing):
    """Run loops from the four corners of a mask to the ears (over the head for an N95)."""
    tubes = []
    for side, column in ((-1, 0), (1, -1)):
        for end, row in ((EAR_TOP, 1), (EAR_BOTTOM, -2)):
            point = np.array(end) * (side, 1, 1)
            nearest = assets.body[np.argmin(((assets.vertices[assets.body] - point) ** 2).sum(1))]
            goal = body[nearest]
            if kind == "N95":
                goal = goal + (0, 0.25 if end is EAR_TOP else -0.12, -0.3)
            start = vertices[row, column]
            a, b = start - centre, goal - centre
            la, lb = np.linalg.norm(a), np.linalg.norm(b)
            path = []
            for q in np.linspace(-0.03, 1, 16):
                direction = a / la * (1 - q) + b / lb * q
                direction /= np.linalg.norm(direction)
                found = surface.radius(centre, direction)
                straight = la * (1 - q) + lb * q
                far = (
                    straight if np.isnan(found) else np.clip(found, straight - 0.15, straight + 0.2)
                )
                path.append(centre + direction * (far + 0.015))
            path = np.array(path)
            for _ in range(4):
                path[1:-1] = (path[:-2] + 2 * path[1:-1] + path[2:]) / 4
            tubes.append(tube(path, 0.026 if kind != "N95" else 0.034))
    return join(tubes)


def scarf(assets, body, rng):
    """Wrap a scarf around neck, chin and mouth; returns (vertices, faces)."""
    rows, columns = 26, 72
    surface = Surface(assets, body, body[CHIN, 1] - 2.2)
    high = body[UNDER_NOSE, 1] - rng.uniform(-0.1, 0.08)
    low = body[CHIN, 1] - 0.75
    t = np.linspace(0, 1, rows)[:, None]
    azimuth = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None]
    wavy = 0.06 * np.cos(azimuth) + 0.05 * np.sin(azimuth * 2) + 0.03 * np.sin(azimuth * 5)
    y = high + (low - high) * t + wavy * (1 - t)
    depth = body[CHIN, 2] - 0.95 - 0.35 * t
    directions = unit(azimuth + 0 * t, 0 * t + 0 * azimuth)
    radius = np.empty((rows, columns))
    for i in range(rows):
        for j in range(columns):
            centre = np.array([0, y[i, j], depth[i, 0]])
            radius[i, j] = surface.radius(centre, directions[i, j])
    radius = np.where(np.isnan(radius), np.nanmedian(radius), radius)
    radius = np.minimum(radius, 1.25 + 0.35 * t)
    for _ in range(14):
        radius = np.maximum(radius, blur(np.pad(radius, ((0, 0), (2, 2)), mode="wrap"))[:, 2:-2])
    phase = rng.uniform(0, 6, 3)
    folds = 0.07 * np.sin(t * 14 + 2.2 * np.sin(azimuth + phase[0]) + phase[1]) + 0.035 * np.sin(
        t * 33 + 3 * np.sin(2 * azimuth + phase[2])
    )
    radius = radius + 0.09 + folds + 0.12 * t
    vertices = directions * radius[..., None]
    vertices[..., 1] += y
    vertices[..., 2] += depth
    return vertices.reshape(-1, 3), grid_faces(rows, columns, closed=True)
