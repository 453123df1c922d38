"""Three places for scenes, built from flat panels: a hall, a street and a shop."""

import bpy
import numpy as np
from mathutils import Vector

from . import materials, studio

WIDTHS = {"hall": 3.2, "street": 7.5, "shop": 2.9}  # half width in metres


def panel(corners, material, name="panel"):
    """Add a flat four-cornered panel; corners in metres (x right, y away, z up)."""
    x, y, z = np.asarray(corners, float).T
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    quad = np.array([[0, 1, 2, 3]])
    studio.add_mesh(name, np.stack([x, z, -y], 1) * 10, quad, material, uv, quad)


def block(low, high, material):
    """Add a box between two corners, in metres."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    panel([(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)], material)
    panel([(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)], material)
    for x in (x0, x1):
        panel([(x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1)], material)


def tiles(rows, columns, colour, rng, joint=.1, spread=.06):
    """Draw a tiled surface, 16 pixels a tile; linear, range [0, 1]."""
    tone = np.kron(1 + rng.normal(0, spread, (rows, columns)), np.ones((16, 16)))
    y, x = np.mgrid[:rows * 16, :columns * 16] % 16 / 16
    tone[(x < joint) | (y < joint)] *= .75
    return np.clip(tone[..., None] * np.asarray(colour), 0, .9)


def windows(rows, columns, colour, rng):
    """Draw the front of a house with rows of windows."""
    pixels = np.ones((rows * 24, columns * 16, 3)) * colour
    y, x = np.mgrid[:rows * 24, :columns * 16]
    glass = (y % 24 > 6) & (y % 24 < 21) & (x % 16 > 3) & (x % 16 < 12)
    frame = (y % 24 > 4) & (y % 24 < 22) & (x % 16 > 2) & (x % 16 < 13)
    pixels[frame] = .6
    shine = np.kron(rng.uniform(.03, .25, (rows, columns)), np.ones((24, 16)))[..., None]
    return np.where(glass[..., None], shine * (.8, .95, 1.1), pixels)


def lamp(x, y, z, size, power):
    """Hang a square lamp that shines down, with a bright panel to be seen."""
    data = bpy.data.lights.new("lamp", "AREA")
    data.size, data.energy = size, power
    thing = bpy.data.objects.new("lamp", data)
    thing.location = Vector((x, y, z - .03))
    bpy.context.scene.collection.objects.link(thing)
    h = size / 2
    glow = materials.plain("glow", (1, .98, .94), emission=3)
    panel([(x - h, y - h, z - .01), (x + h, y - h, z - .01), (x + h, y + h, z - .01),
           (x - h, y + h, z - .01)], glow)


def tunnel(half, length, height, floor, wall, end, ceiling):
    """Add floor, two walls, the far end and, if given, a ceiling."""
    near = -3
    panel([(-half, near, 0), (half, near, 0), (half, length, 0), (-half, length, 0)], floor)
    for x in (-half, half):
        panel([(x, near, 0), (x, length, 0), (x, length, height), (x, near, height)], wall)
    panel([(-half, length, 0), (half, length, 0), (half, length, height), (-half, length, height)], end)
    if ceiling is not None:
        panel([(-half, near, height), (half, near, height), (half, length, height),
               (-half, length, height)], ceiling)


def hall(rng):
    """A hall with tiled floor, doors along the walls and lamps in the ceiling."""
    half, length, height = WIDTHS["hall"], 20, 3.2
    paint = materials.plain("paint", (.62, .60, .54), .9, .1)
    tunnel(half, length, height,
           materials.printed("floor", tiles(46, 13, (.34, .33, .31), rng)), paint,
           materials.printed("end", windows(2, 6, (.5, .5, .47), rng)),
           materials.plain("ceiling", (.75, .75, .73), .9, .1))
    for i, y in enumerate(np.arange(2.2, length - 1, 3.1)):
        for side in (-1, 1):
            x = side * (half - .015)
            colour = ((.20, .27, .33), (.33, .20, .11), (.14, .16, .18))[(i + (side > 0)) % 3]
            door = materials.plain("door", colour, .5)
            panel([(x, y, 0), (x, y + 1, 0), (x, y + 1, 2.1), (x, y, 2.1)], door)
            board = materials.plain("board", rng.uniform(.08, .6, 3), .7)
            panel([(x, y + 1.6, 1.2), (x, y + 2.5, 1.2), (x, y + 2.5, 1.9), (x, y + 1.6, 1.9)], board)
    for y in np.arange(.5, length, 2.6):
        lamp(0, y, height, 1., 45)
    studio.surroundings(rng, (1, .98, .95), .55)


def shop(rng):
    """An aisle between two shelves full of packets."""
    half, length, height = WIDTHS["shop"], 18, 3.4
    tunnel(half + .6, length, height,
           materials.printed("floor", tiles(40, 13, (.5, .48, .44), rng)),
           materials.plain("paint", (.6, .6, .58), .9, .1),
           materials.plain("end", (.45, .47, .5), .9, .1),
           materials.plain("ceiling", (.7, .7, .7), .9, .1))
    steel = materials.plain("steel", (.55, .55, .56), .5)
    packets = [materials.plain("packet", c, .6) for c in rng.uniform(.03, .6, (14, 3))]
    for side in (-1, 1):
        a, b = side * (half - .15), side * (half + .5)
        for z in (.15, .62, 1.09, 1.56):
            block((min(a, b), .5, z - .04), (max(a, b), length - 2, z), steel)
            y = .6
            while y < length - 2.3:
                deep, high = rng.uniform(.15, .6), rng.uniform(.2, .38)
                block((min(a, b) + .05, y, z), (max(a, b) - .05, y + deep, z + high),
                      packets[rng.integers(14)])
                y += deep + .02
    for y in np.arange(.5, length, 2.4):
        lamp(0, y, height, .9, 50)
    studio.surroundings(rng, (1, 1, .97), .55)


def street(rng):
    """A paved street between houses in mild sun; the sky is drawn later."""
    half, length = WIDTHS["street"], 42
    panel([(-half, -3, 0), (half, -3, 0), (half, length, 0), (-half, length, 0)],
          materials.printed("paving", tiles(90, 30, (.36, .34, .31), rng)))
    for side in (-1, 1):
        y = -2.
        while y < length:
            deep, height = rng.uniform(5, 9), rng.uniform(7, 14)
            colour = rng.uniform(.25, .6) * (1 + rng.normal(0, .1, 3))
            front = materials.printed("house", windows(int(height / 3), int(deep / 1.6), colour, rng))
            x, z = side * half, height
            panel([(x, y, 0), (x, y + deep, 0), (x, y + deep, z), (x, y, z)], front)
            panel([(x, y, 0), (x + side * 6, y, 0), (x + side * 6, y, z), (x, y, z)],
                  materials.plain("side", colour, .9))
            y += deep + (0 if rng.random() < .7 else 1.5)
    panel([(-half, length, 0), (half, length, 0), (half, length, 8), (-half, length, 8)],
          materials.printed("far", windows(3, 10, (.5, .45, .4), rng)))
    for side in (-1, 1):
        for y in np.arange(4, length, 6):
            block((side * (half - 1.3) - .05, y, 0), (side * (half - 1.3) + .05, y + .1, 4.5),
                  materials.plain("post", (.08, .09, .09), .5))
    studio.surroundings(rng, (.85, .94, 1.08), 1.)
    data = bpy.data.lights.new("sun", "SUN")
    data.energy, data.angle, data.color = 2.2, .03, (1, .95, .85)
    sun = bpy.data.objects.new("sun", data)
    sun.rotation_euler = (np.radians(50), 0, np.radians(rng.uniform(-50, -25)))
    bpy.context.scene.collection.objects.link(sun)


BUILT = {"hall": hall, "street": street, "shop": shop}
