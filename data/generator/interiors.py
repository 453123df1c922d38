"""Places under a roof: a hall, a shop, the platform of an underground railway, a classroom."""

import numpy as np

from . import materials, studio
from .building import CLOTH, block, blocks, lamp, panel, poster, quads, shining, tiles, tunnel


def hall(rng, half=3.2, length=20, height=3.1):
    """A hall with a tiled floor, doors and notices along the walls and lamps in the ceiling."""
    tunnel(
        half,
        length,
        height,
        materials.printed("floor", tiles(38, 11, (0.34, 0.33, 0.31), rng)),
        materials.plain("paint", (0.62, 0.60, 0.54), 0.9, 0.1),
        materials.plain("end", (0.5, 0.5, 0.46), 0.9, 0.1),
        materials.printed("ceiling", tiles(38, 11, (0.74, 0.74, 0.72), rng, 0.05, 0.01, 0.85)),
    )
    dado, steel = (
        materials.plain("dado", (0.16, 0.24, 0.27), 0.7),
        materials.plain("steel", (0.5, 0.5, 0.5), 0.35),
    )
    frame = materials.plain("frame", (0.42, 0.42, 0.40), 0.6)
    for side in (-1, 1):
        x = side * (half - 0.01)
        panel([(x, -3, 0), (x, length, 0), (x, length, 0.95), (x, -3, 0.95)], dado)
        quads(
            [
                [
                    (x - side * 0.02, -3, z),
                    (x - side * 0.02, length, z),
                    (x - side * 0.02, length, z + h),
                    (x - side * 0.02, -3, z + h),
                ]
                for z, h in ((0, 0.1), (0.95, 0.05))
            ],
            frame,
        )
        for i, y in enumerate(np.arange(1.9, length - 1.5, 3.3)):
            near, far = sorted((x - side * 0.05, x))
            blocks(
                [
                    ((near, y - 0.08, 0), (far, y, 2.18)),
                    ((near, y + 1, 0), (far, y + 1.08, 2.18)),
                    ((near, y, 2.1), (far, y + 1, 2.18)),
                ],
                frame,
            )
            colour = ((0.20, 0.27, 0.33), (0.25, 0.15, 0.08), (0.30, 0.29, 0.26))[
                (i + (side > 0)) % 3
            ]
            x1 = x - side * 0.02
            panel(
                [(x1, y, 0), (x1, y + 1, 0), (x1, y + 1, 2.1), (x1, y, 2.1)],
                materials.plain("door", colour, 0.5),
            )
            block((near - 0.04, y + 0.86, 1.0), (far, y + 0.94, 1.04), steel)
            for k in range(rng.integers(1, 4)):
                z, w = rng.uniform(1.25, 1.5), rng.uniform(0.3, 0.5)
                a = y + 1.35 + k * 0.62
                panel(
                    [(x1, a, z), (x1, a + w, z), (x1, a + w, z + w * 1.35), (x1, a, z + w * 1.35)],
                    materials.printed("notice", poster(rng)),
                )
    day = materials.plain("day", (0.75, 0.88, 1), emission=1.6)
    quads(
        [
            [
                (a, length - 0.02, b),
                (a + 1, length - 0.02, b),
                (a + 1, length - 0.02, b + h),
                (a, length - 0.02, b + h),
            ]
            for a in (-1.04, 0.04)
            for b, h in ((0.1, 2.05), (2.25, 0.6))
        ],
        day,
    )
    for y in np.arange(0.8, length, 2.6):
        lamp(0, y, height, 0.6, 1.2, 45)
    studio.surroundings(rng, (1, 0.98, 0.95), 0.5)


def shop(rng, half=2.9, length=18, height=3.4):
    """An aisle between two shelves full of packets."""
    tunnel(
        half + 0.6,
        length,
        height,
        materials.printed("floor", tiles(32, 11, (0.48, 0.46, 0.42), rng)),
        materials.plain("paint", (0.6, 0.6, 0.58), 0.9, 0.1),
        materials.plain("end", (0.40, 0.42, 0.44), 0.9, 0.1),
        materials.printed("ceiling", tiles(32, 11, (0.7, 0.7, 0.7), rng, 0.05, 0.01, 0.85)),
    )
    steel = materials.plain("steel", (0.55, 0.55, 0.56), 0.5)
    label = materials.plain("label", (0.75, 0.72, 0.35), 0.7)
    packets = [materials.plain("packet", np.array(c) * f, 0.6) for c in CLOTH for f in (0.9, 1.7)]
    for side in (-1, 1):
        a, b = side * (half - 0.15), side * (half + 0.5)
        low, high = min(a, b), max(a, b)
        filled = [[] for _ in packets]
        for z in (0.15, 0.6, 1.05, 1.5, 1.95):
            block((low, 0.5, z - 0.04), (high, length - 2, z), steel)
            y = 0.6
            while y < length - 2.4:
                kind, n = rng.integers(len(packets)), rng.integers(2, 7)
                deep, tall = rng.uniform(0.09, 0.24), rng.uniform(0.16, 0.36)
                for _ in range(n):
                    if y < length - 2.3:
                        back = rng.uniform(0.03, 0.09)
                        filled[kind].append(((low + back, y, z), (high - back, y + deep, z + tall)))
                    y += deep + 0.012
            tags = np.arange(0.8, length - 2.4, 0.55)
            quads(
                [
                    [
                        (a - side * 0.005, t, z - 0.038),
                        (a - side * 0.005, t + 0.09, z - 0.038),
                        (a - side * 0.005, t + 0.09, z - 0.004),
                        (a - side * 0.005, t, z - 0.004),
                    ]
                    for t in tags
                ],
                label,
            )
        for kind, stack in zip(packets, filled):
            if stack:
                blocks(stack, kind)
    for y in (4.5, 10.5):
        panel(
            [(-1.1, y, 2.75), (1.1, y, 2.75), (1.1, y, 3.15), (-1.1, y, 3.15)],
            materials.plain("sign", (0.06, 0.16, 0.12), 0.6),
        )
    cold = materials.plain("cold", (0.85, 0.95, 1), emission=0.9)
    quads(
        [
            [
                (x, length - 0.3, 0.4),
                (x + 0.8, length - 0.3, 0.4),
                (x + 0.8, length - 0.3, 2),
                (x, length - 0.3, 2),
            ]
            for x in np.arange(-2.7, 2.2, 0.92)
        ],
        cold,
    )
    block(
        (-2.9, length - 0.29, 0),
        (2.9, length - 0.05, 2.25),
        materials.plain("fridge", (0.3, 0.31, 0.33), 0.4),
    )
    for y in np.arange(0.6, length, 2.4):
        lamp(0, y, height, 0.35, 1.5, 50)
    studio.surroundings(rng, (1, 1, 0.97), 0.5)


def platform(rng, half=3.4, length=30, height=3.6):
    """The platform of an underground railway with a train that waits."""
    panel(
        [(-half, -3, 0), (half, -3, 0), (half, length, 0), (-half, length, 0)],
        materials.printed("floor", tiles(60, 13, (0.27, 0.26, 0.25), rng)),
    )
    wall = materials.printed("wall", tiles(14, 110, (0.56, 0.57, 0.52), rng, 0.08, 0.04, 0.6))
    panel([(-half, -3, 0), (-half, length, 0), (-half, length, height), (-half, -3, height)], wall)
    panel(
        [
            (-half, -3, height),
            (half + 3, -3, height),
            (half + 3, length, height),
            (-half, length, height),
        ],
        materials.plain("ceiling", (0.42, 0.42, 0.41), 0.9),
    )
    panel(
        [
            (-half, length, 0),
            (half + 3, length, 0),
            (half + 3, length, height),
            (-half, length, height),
        ],
        materials.plain("end", (0.12, 0.12, 0.13), 0.9),
    )
    edge = half - 0.75
    panel(
        [
            (edge - 0.3, -3, 0.004),
            (edge, -3, 0.004),
            (edge, length, 0.004),
            (edge - 0.3, length, 0.004),
        ],
        materials.printed("line", tiles(330, 3, (0.62, 0.46, 0.05), rng, 0.3, 0.02, 0.75)),
    )
    body = materials.plain("train", (0.50, 0.52, 0.54), 0.3, 0.5, 0.5)
    stripe = materials.plain("stripe", (0.28, 0.03, 0.03), 0.4)
    inside = materials.plain("inside", (0.95, 0.93, 0.82), emission=0.75)
    dark = materials.plain("doors", (0.12, 0.13, 0.14), 0.35)
    x = half + 0.02
    block((x, 1, -0.3), (x + 2.4, length - 2, 2.75), body)
    glass, doors = [], []
    for y in np.arange(1.6, length - 4, 4.6):
        glass += [(y, y + 1.15), (y + 1.3, y + 2.45)]
        doors.append(y + 2.8)

    def seen(a, b, low, high, out=0.012):
        return [(x - out, a, low), (x - out, b, low), (x - out, b, high), (x - out, a, high)]

    quads([seen(a, b, 1.1, 1.95) for a, b in glass], inside)
    quads([seen(a, a + 1.3, 0.02, 2.05) for a in doors], dark)
    quads([seen(a + s, a + s + 0.45, 0.95, 1.85, 0.02) for a in doors for s in (0.1, 0.75)], inside)
    quads([seen(1, length - 2, 0.55, 0.75, 0.008)], stripe)
    post = materials.plain("post", (0.30, 0.31, 0.30), 0.5)
    blocks(
        [
            ((-half + 0.9, y, 0), (-half + 1.25, y + 0.35, height))
            for y in np.arange(5, length, 5.5)
        ],
        post,
    )
    for y in np.arange(1.5, length - 2, 3.1):
        w = -half + 0.012
        panel(
            [(w, y, 0.95), (w, y + 1.2, 0.95), (w, y + 1.2, 2.35), (w, y, 2.35)],
            materials.printed("poster", poster(rng)),
        )
    panel(
        [(-1.2, 7, 2.75), (1.2, 7, 2.75), (1.2, 7, 3.15), (-1.2, 7, 3.15)],
        materials.plain("sign", (0.02, 0.05, 0.16), 0.5),
    )
    for y in np.arange(0.5, length, 3):
        lamp(-0.2, y, height, 0.25, 1.8, 55)
    studio.surroundings(rng, (0.97, 1, 0.97), 0.35)


DESKS = [(x, y) for y in (2.75, 4.55, 6.35) for x in (-2.1, 0.0, 2.1)]  # centre of each desk, m


def classroom(rng, half=4.0, length=10.2, height=3.2):
    """A classroom with desks in rows, windows on the left, a board at the far end."""
    tunnel(
        half,
        length,
        height,
        materials.printed("floor", tiles(66, 9, (0.30, 0.19, 0.11), rng, 0.05, 0.1, 0.8)),
        materials.plain("paint", (0.62, 0.60, 0.52), 0.9, 0.1),
        materials.plain("end", (0.55, 0.57, 0.55), 0.9, 0.1),
        materials.plain("ceiling", (0.78, 0.78, 0.76), 0.9),
    )
    wood, iron = (
        materials.plain("wood", (0.46, 0.33, 0.2), 0.5),
        materials.plain("iron", (0.08, 0.08, 0.09), 0.5),
    )
    seat = materials.plain("seat", (0.06, 0.10, 0.18), 0.6)
    white, screen = (
        materials.plain("white", (0.7, 0.7, 0.68), 0.6),
        materials.plain("screen", (0.03, 0.03, 0.035), 0.3),
    )
    legs, tops, seats = [], [], []
    for x, y in DESKS:
        tops.append(((x - 0.65, y - 0.3, 0.71), (x + 0.65, y + 0.3, 0.74)))
        legs += [
            ((x + s - 0.02, y + t - 0.02, 0), (x + s + 0.02, y + t + 0.02, 0.71))
            for s in (-0.6, 0.6)
            for t in (-0.26, 0.26)
        ]
        seats += [
            ((x - 0.22, y + 0.42, 0.41), (x + 0.22, y + 0.82, 0.45)),
            ((x - 0.21, y + 0.85, 0.6), (x + 0.21, y + 0.88, 0.95)),
        ]
        legs += [
            ((x + s - 0.015, y + t - 0.015, 0), (x + s + 0.015, y + t + 0.015, 0.42))
            for s in (-0.18, 0.18)
            for t in (0.45, 0.8)
        ]
        legs += [
            ((x + s - 0.015, y + 0.85, 0.42), (x + s + 0.015, y + 0.88, 0.62))
            for s in (-0.18, 0.18)
        ]
        if rng.random() < 0.6:
            a = x + rng.uniform(-0.35, 0.1)
            block((a, y - 0.12, 0.74), (a + 0.3, y + 0.1, 0.76), screen)
            quads(
                [
                    [
                        (a, y - 0.13, 0.75),
                        (a + 0.3, y - 0.13, 0.75),
                        (a + 0.3, y - 0.2, 0.95),
                        (a, y - 0.2, 0.95),
                    ]
                ],
                screen,
            )
        else:
            a = x + rng.uniform(-0.45, 0.2)
            block((a, y - 0.15, 0.74), (a + 0.21, y + 0.14, 0.75), white)
    blocks(tops, wood), blocks(legs, iron), blocks(seats, seat)
    panel(
        [
            (-1.9, length - 0.03, 0.95),
            (1.9, length - 0.03, 0.95),
            (1.9, length - 0.03, 2.2),
            (-1.9, length - 0.03, 2.2),
        ],
        materials.printed("board", np.clip(np.ones((8, 8, 3)) * (0.03, 0.075, 0.05), 0, 1)),
    )
    blocks(
        [
            ((-1.95, length - 0.1, 0.9), (1.95, length - 0.02, 0.95)),
            ((-1.95, length - 0.06, 2.2), (1.95, length - 0.02, 2.26)),
        ],
        wood,
    )
    for k in range(4):
        a = half - 0.012
        y = 2.2 + k * 1.9
        panel(
            [(a, y, 1.2), (a, y + 0.7, 1.2), (a, y + 0.7, 2.15), (a, y, 2.15)],
            materials.printed("notice", poster(rng)),
        )
    block((half - 0.45, length - 2.4, 0), (half, length - 0.4, 1.95), wood)
    day = materials.plain("day", (0.82, 0.92, 1), emission=2.2)
    for y in np.arange(0.6, length - 1.4, 2.3):
        w = -half + 0.015
        panel([(w, y, 0.95), (w, y + 1.7, 0.95), (w, y + 1.7, 2.7), (w, y, 2.7)], day)
        blocks(
            [
                ((w, y + 0.82, 0.95), (w + 0.04, y + 0.88, 2.7)),
                ((w, y - 0.06, 0.89), (w + 0.12, y + 1.76, 0.95)),
                ((w, y, 2.1), (w + 0.03, y + 1.7, 2.14)),
            ],
            white,
        )
        shining((w + 0.05, y + 0.85, 1.85), (w + 3, y + 0.85, 1.1), 1.6, 60, (0.92, 0.97, 1))
    for x, y in ((-1.5, 1), (1.5, 1), (-1.5, 4.5), (1.5, 4.5), (-1.5, 8), (1.5, 8)):
        lamp(x, y, height, 0.3, 1.4, 28)
    studio.surroundings(rng, (1, 1, 1), 0.45)


def study(rng, half=1.9, length=3.3, height=2.6):
    """A small room seen by a webcam: book shelf, door, picture, a window beside the desk."""
    tunnel(
        half,
        length,
        height,
        materials.printed("floor", tiles(24, 6, (0.30, 0.19, 0.11), rng, 0.05, 0.1, 0.8)),
        materials.plain("paint", (0.55, 0.53, 0.47), 0.9, 0.1),
        materials.plain("end", (0.42, 0.47, 0.48), 0.9, 0.1),
        materials.plain("ceiling", (0.75, 0.75, 0.73), 0.9),
    )
    wood, white = (
        materials.plain("wood", (0.32, 0.2, 0.11), 0.6),
        materials.plain("white", (0.66, 0.66, 0.63), 0.6),
    )
    books = [materials.plain("book", np.array(c) * f, 0.7) for c in CLOTH for f in (0.8, 1.4)]
    left, right = -1.65, -0.35
    blocks(
        [
            ((left, length - 0.32, z), (right, length, z + 0.03))
            for z in (0.05, 0.45, 0.85, 1.25, 1.65, 2.05)
        ]
        + [((x, length - 0.32, 0), (x + 0.03, length, 2.08)) for x in (left, right - 0.03)],
        wood,
    )
    for z in (0.48, 0.88, 1.28, 1.68):
        x = left + 0.05
        while x < right - 0.12:
            wide, tall = rng.uniform(0.02, 0.06), rng.uniform(0.2, 0.33)
            if rng.random() < 0.88:
                block(
                    (x, length - 0.27, z),
                    (x + wide, length - 0.03, z + tall),
                    books[rng.integers(len(books))],
                )
            x += wide + 0.003
    panel(
        [
            (0.15, length - 0.02, 1.2),
            (0.65, length - 0.02, 1.2),
            (0.65, length - 0.02, 1.85),
            (0.15, length - 0.02, 1.85),
        ],
        materials.printed("picture", poster(rng)),
    )
    block((0.95, length - 0.03, 0), (1.05, length, 2.1), white)
    block(
        (1.05, length - 0.02, 0),
        (1.85, length, 2.05),
        materials.plain("door", (0.5, 0.48, 0.43), 0.6),
    )
    block(
        (1.12, length - 0.06, 1.0),
        (1.22, length - 0.02, 1.03),
        materials.plain("handle", (0.5, 0.5, 0.5), 0.3),
    )
    shining((-1.5, 0.1, 1.9), (0, 0.75, 1.2), 1.1, 16, (0.95, 0.98, 1.04))
    shining((1.5, 2.2, 2.4), (0, 1.5, 1), 0.8, 18, (1.08, 0.97, 0.85))
    shining((0.5, -0.4, 2.2), (0, 1.0, 1.2), 1.0, 7, (1, 0.97, 0.92))
    studio.surroundings(rng, (1, 0.98, 0.94), 0.5)
