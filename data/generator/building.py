"""What places are built from: flat panels, boxes, printed surfaces, lamps, trees."""

import bpy
import numpy as np
from mathutils import Vector

from . import materials, studio

CLOTH = [
    (0.05, 0.07, 0.12),
    (0.30, 0.09, 0.07),
    (0.42, 0.36, 0.26),
    (0.10, 0.16, 0.12),
    (0.5, 0.48, 0.44),
    (0.08, 0.08, 0.09),
    (0.35, 0.24, 0.10),
    (0.16, 0.22, 0.30),
]  # linear colours of painted and printed things


def quads(corners, material, name="panel", uv=None):
    """Add many four-cornered faces as one object.

    Parameters
    ----------
    corners : array_like, shape (N, 4, 3), m
        x to the right, y away from the camera, z up.
    material : bpy.types.Material
    uv : ndarray, shape (N * 4, 2), optional
    """
    x, y, z = np.asarray(corners, float).reshape(-1, 3).T
    faces = np.arange(len(x)).reshape(-1, 4)
    thing = studio.add_mesh(
        name, np.stack([x, z, -y], 1) * 10, faces, material, uv, None if uv is None else faces
    )
    thing.data.polygons.foreach_set("use_smooth", np.zeros(len(faces), bool))
    return thing


def panel(corners, material, name="panel"):
    """Add one flat panel that shows the whole of its material's print."""
    return quads([corners], material, name, np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float))


def box_faces(low, high):
    """Return the six faces of a box, shape (6, 4, 3)."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    return [
        [(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)],
        [(x0, y1, z0), (x1, y1, z0), (x1, y1, z1), (x0, y1, z1)],
        [(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)],
        [(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0)],
        [(x0, y0, z0), (x0, y1, z0), (x0, y1, z1), (x0, y0, z1)],
        [(x1, y0, z0), (x1, y1, z0), (x1, y1, z1), (x1, y0, z1)],
    ]


def blocks(pairs, material):
    """Add boxes, each given by two opposite corners in metres, as one object."""
    return quads([face for low, high in pairs for face in box_faces(low, high)], material, "block")


def block(low, high, material):
    """Add one box between two corners, in metres."""
    return blocks([(low, high)], material)


def tiles(rows, columns, colour, rng, joint=0.08, spread=0.05, dark=0.78):
    """Draw a tiled surface, 16 pixels a tile; linear, range [0, 0.9]."""
    tone = np.kron(1 + rng.normal(0, spread, (rows, columns)), np.ones((16, 16)))
    y, x = np.mgrid[: rows * 16, : columns * 16] % 16 / 16
    tone[(x < joint) | (y < joint)] *= dark
    return np.clip(tone[..., None] * np.asarray(colour), 0, 0.9)


def rough(rows, columns, colour, rng, spread=0.12):
    """Draw grass, gravel or asphalt: grain of several sizes; linear, range [0, 0.9]."""
    tone = np.ones((rows, columns))
    for size in (1, 4, 16):
        coarse = rng.normal(0, spread, (rows // size + 1, columns // size + 1))
        tone += np.kron(coarse, np.ones((size, size)))[:rows, :columns]
    tint = 1 + 0.06 * rng.normal(0, 1, (rows, columns, 3))
    return np.clip(np.clip(tone, 0.3, 2)[..., None] * tint * colour, 0.002, 0.9)


def windows(rows, columns, colour, rng):
    """Draw the front of a house with rows of windows, 24 x 16 pixels each."""
    pixels = np.ones((rows * 24, columns * 16, 3)) * colour
    pixels *= 1 + rng.normal(0, 0.02, pixels.shape[:2])[..., None]
    y, x = np.mgrid[: rows * 24, : columns * 16]
    frame = (y % 24 > 5) & (y % 24 < 20) & (x % 16 > 3) & (x % 16 < 12)
    glass = (y % 24 > 6) & (y % 24 < 19) & (x % 16 > 4) & (x % 16 < 11) & (x % 16 != 7)
    pixels[(y % 24 == 5) & (x % 16 > 2) & (x % 16 < 13)] *= 0.6
    pixels[frame] = 0.5
    shine = np.kron(rng.uniform(0.03, 0.2, (rows, columns)), np.ones((24, 16)))
    shine = (shine * (0.6 + 0.8 * (y % 24) / 24))[..., None]
    return np.clip(np.where(glass[..., None], shine * (0.8, 0.95, 1.1), pixels), 0, 0.9)


def poster(rng):
    """Draw a poster or a notice: a field of colour, blocks and lines of text."""
    pixels = np.ones((48, 36, 3)) * rng.uniform(0.45, 0.75)
    accent = np.array(CLOTH[rng.integers(len(CLOTH))])
    top = rng.integers(22, 40)
    pixels[top:46, 2:34] = accent * rng.uniform(1, 2)
    x, y = rng.integers(6, 22), rng.integers(top, 42)
    pixels[y - 3 : y + 6, x : x + rng.integers(5, 12)] = rng.uniform(0.3, 0.7)
    for row in range(3, top - 2, 3):
        pixels[row, 4 : rng.integers(16, 33)] = 0.12
    return np.clip(pixels, 0, 0.9)


def lamp(x, y, z, wide, long, power):
    """Hang a rectangular lamp that shines down, with a bright panel to be seen."""
    data = bpy.data.lights.new("lamp", "AREA")
    data.shape, data.size, data.size_y, data.energy = "RECTANGLE", wide, long, power
    thing = bpy.data.objects.new("lamp", data)
    thing.location = Vector((x, y, z - 0.03))
    bpy.context.scene.collection.objects.link(thing)
    w, h = wide / 2, long / 2
    panel(
        [
            (x - w, y - h, z - 0.01),
            (x + w, y - h, z - 0.01),
            (x + w, y + h, z - 0.01),
            (x - w, y + h, z - 0.01),
        ],
        materials.plain("glow", (1, 0.98, 0.94), emission=3),
    )


def shining(location, target, size, power, colour):
    """Add a square lamp, seen by nobody, that shines from one point to another."""
    data = bpy.data.lights.new("lamp", "AREA")
    data.size, data.energy, data.color = size, power, colour
    thing = bpy.data.objects.new("lamp", data)
    thing.location = Vector(location)
    thing.rotation_euler = (Vector(target) - Vector(location)).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(thing)


def sun(rng, power, height=(42, 54), side=(-50, -25)):
    """Let the sun shine over the camera's shoulder; angles in degrees."""
    data = bpy.data.lights.new("sun", "SUN")
    data.energy, data.angle, data.color = power, 0.03, (1, 0.95, 0.85)
    thing = bpy.data.objects.new("sun", data)
    thing.rotation_euler = np.radians((90 - rng.uniform(*height), 0, rng.uniform(*side)))
    bpy.context.scene.collection.objects.link(thing)


def tunnel(half, length, height, floor, wall, end, ceiling):
    """Add floor, two walls, the far end and, if given, a ceiling."""
    near = -3
    panel([(-half, near, 0), (half, near, 0), (half, length, 0), (-half, length, 0)], floor)
    for x in (-half, half):
        panel([(x, near, 0), (x, length, 0), (x, length, height), (x, near, height)], wall)
    panel(
        [(-half, length, 0), (half, length, 0), (half, length, height), (-half, length, height)],
        end,
    )
    if ceiling is not None:
        panel(
            [
                (-half, near, height),
                (half, near, height),
                (half, length, height),
                (-half, length, height),
            ],
            ceiling,
        )


def tree(x, y, rng, bark, greens, height=None):
    """Plant a tree: a trunk and a few thousand leaves around some centres."""
    height = height or rng.uniform(4.5, 7)
    r = 0.018 * height
    blocks([((x - r, y - r, 0), (x + r, y + r, height * 0.62))], bark)
    for green in greens:
        centres = np.array([x, y, height * 0.72]) + rng.normal(0, 1, (7, 3)) * height * (
            0.13,
            0.13,
            0.11,
        )
        leaves(centres, height * 0.16, 900, 0.026 * height, green, rng)


def leaves(centres, radius, count, size, material, rng):
    """Scatter `count` leaves about each centre; all lengths in metres."""
    way = rng.normal(0, 1, (len(centres), count, 3))
    way /= np.linalg.norm(way, axis=-1, keepdims=True)
    middle = centres[:, None] + way * radius * rng.uniform(0.55, 1.05, (len(centres), count, 1))
    first = rng.normal(0, 1, middle.shape)
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    second = np.cross(first, way + rng.normal(0, 0.5, way.shape))
    second /= np.linalg.norm(second, axis=-1, keepdims=True)
    first, second = first * size / 2, second * size / 2
    corners = np.stack([middle - first, middle - second, middle + first, middle + second], -2)
    quads(corners.reshape(-1, 4, 3), material, "leaves")


def bench(x, y, along, wood, iron):
    """Put a bench with a back.

    `along` is 0 when it lies across the view and 1 when it lies along it.
    """

    def oriented(low, high):
        if not along:
            return [(x + low[0], y + low[1], low[2]), (x + high[0], y + high[1], high[2])]
        side = -np.sign(x)
        ends = [(x + side * p[1], y + p[0], p[2]) for p in (low, high)]
        return [tuple(np.minimum(*ends)), tuple(np.maximum(*ends))]

    slats = [((-0.8, d, 0.42), (0.8, d + 0.1, 0.46)) for d in (-0.22, -0.09, 0.04)]
    slats += [((-0.8, 0.17, h), (0.8, 0.2, h + 0.11)) for h in (0.56, 0.72)]
    blocks([oriented(*s) for s in slats], wood)
    blocks([oriented((s - 0.03, -0.2, 0), (s + 0.03, 0.2, 0.42)) for s in (-0.65, 0.65)], iron)
    blocks([oriented((s - 0.03, 0.2, 0), (s + 0.03, 0.23, 0.84)) for s in (-0.65, 0.65)], iron)
