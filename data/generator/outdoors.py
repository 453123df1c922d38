"""Places under the sky: a street and a park; the sky itself is drawn behind them later."""

import numpy as np

from . import materials, studio
from .building import (
    CLOTH,
    bench,
    block,
    blocks,
    leaves,
    panel,
    quads,
    rough,
    sun,
    tiles,
    tree,
    windows,
)

FRONTS = [
    (0.36, 0.22, 0.15),
    (0.50, 0.45, 0.36),
    (0.55, 0.53, 0.48),
    (0.33, 0.32, 0.31),
    (0.46, 0.36, 0.26),
    (0.42, 0.28, 0.2),
]


def greens(rng, count=2):
    """Return materials of leaves, darker and paler."""
    tone = np.array((0.055, 0.11, 0.025)) * rng.uniform(0.7, 1.3)
    return [materials.plain("green", tone * f, 0.7, 0.2) for f in np.linspace(0.7, 1.35, count)]


def street(rng, half=7.5, length=42):
    """A paved street between houses in mild sun, with trees, lamps and benches."""
    panel(
        [(-half, -3, 0), (half, -3, 0), (half, length, 0), (-half, length, 0)],
        materials.printed("paving", tiles(90, 30, (0.34, 0.32, 0.29), rng)),
    )
    for side in (-1, 1):
        y = -2.0
        while y < length:
            deep, height = rng.uniform(5, 9), rng.uniform(7, 13)
            colour = np.array(FRONTS[rng.integers(len(FRONTS))]) * rng.uniform(0.8, 1.2)
            x, z = side * half, height
            front = windows(max(2, int((height - 3.2) / 2.9)), int(deep / 1.5), colour, rng)
            panel(
                [(x, y, 3.2), (x, y + deep, 3.2), (x, y + deep, z), (x, y, z)],
                materials.printed("house", front),
            )
            plain = materials.plain("side", colour, 0.9)
            panel([(x, y, 0), (x + side * 6, y, 0), (x + side * 6, y, z), (x, y, z)], plain)
            shopfront(x, side, y, deep, plain, rng)
            y += deep + (0 if rng.random() < 0.7 else 1.5)
    panel(
        [(-half, length, 0), (half, length, 0), (half, length, 9), (-half, length, 9)],
        materials.printed("far", windows(3, 10, (0.45, 0.38, 0.31), rng)),
    )
    iron = materials.plain("post", (0.05, 0.06, 0.06), 0.5)
    glow, wood = (
        materials.plain("lantern", (0.8, 0.8, 0.75), 0.4),
        materials.plain("wood", (0.25, 0.15, 0.08), 0.7),
    )
    bark = materials.plain("bark", (0.10, 0.075, 0.055), 0.9)
    for side in (-1, 1):
        x = side * (half - 2.1)
        for y in np.arange(5, length, 9):
            block((x - 0.05, y, 0), (x + 0.05, y + 0.1, 4), iron)
            block((x - 0.14, y - 0.1, 4), (x + 0.14, y + 0.2, 4.4), glow)
        for y in np.arange(9, length - 4, 9):
            tree(x + rng.normal(0, 0.1), y, rng, bark, greens(rng), rng.uniform(4.4, 5.6))
            bench(x + side * 0.5, y + 2.4, 1, wood, iron)
    studio.surroundings(rng, (0.85, 0.94, 1.08), 0.9)
    sun(rng, 2.4)


def shopfront(x, side, y, deep, plain, rng):
    """Build the ground floor of a house: piers, glass, a door and an awning or a sign."""
    out = x - side * 0.02
    panel([(x, y, 0), (x, y + deep, 0), (x, y + deep, 3.2), (x, y, 3.2)], plain)
    glass = materials.plain("glass", rng.uniform(0.02, 0.06) * np.array((0.9, 1, 1.1)), 0.12, 0.6)
    frame = materials.plain("frame", np.array(CLOTH[rng.integers(len(CLOTH))]) * 0.8, 0.5)
    n = int(deep // 2.2)
    w = deep / n
    for k in range(n):
        a, b = y + k * w + 0.3, y + (k + 1) * w - 0.3
        low = 0.02 if k == n // 2 else 0.5
        quads([[(out, a, low), (out, b, low), (out, b, 2.4), (out, a, 2.4)]], glass)
        quads(
            [
                [
                    (out - side * 0.01, a, h),
                    (out - side * 0.01, b, h),
                    (out - side * 0.01, b, h + 0.07),
                    (out - side * 0.01, a, h + 0.07),
                ]
                for h in (low, 2.4)
            ],
            frame,
        )
    if rng.random() < 0.5:
        far = x - side * 1.1
        quads(
            [
                [
                    (x, y + 0.2, 2.95),
                    (x, y + deep - 0.2, 2.95),
                    (far, y + deep - 0.2, 2.45),
                    (far, y + 0.2, 2.45),
                ]
            ],
            frame,
        )
    else:
        block(
            (min(x, x - side * 0.08), y + 0.3, 2.58),
            (max(x, x - side * 0.08), y + deep - 0.3, 3.0),
            frame,
        )


def park(rng, length=60):
    """Grass, a path of gravel, trees, hedges and benches in the sun."""
    panel(
        [(-40, -5, -0.01), (40, -5, -0.01), (40, length, -0.01), (-40, length, -0.01)],
        materials.printed("grass", rough(720, 800, (0.085, 0.14, 0.035), rng, 0.11)),
    )
    edges = np.linspace(-4, length, 40)
    bend = 1.6 * np.sin(edges / 13) * np.clip(edges / 10, 0, 1)
    gravel = materials.printed("gravel", rough(64, 64, (0.40, 0.34, 0.26), rng, 0.05))
    for (a, p), (b, q) in zip(zip(edges, bend), zip(edges[1:], bend[1:])):
        panel(
            [(p - 2.3, a, 0.004), (p + 2.3, a, 0.004), (q + 2.3, b, 0.004), (q - 2.3, b, 0.004)],
            gravel,
        )
    bark = materials.plain("bark", (0.11, 0.08, 0.055), 0.9)
    wood, iron = (
        materials.plain("wood", (0.28, 0.16, 0.08), 0.7),
        materials.plain("iron", (0.04, 0.05, 0.05), 0.5),
    )
    leafage = greens(rng, 3)
    for x, y in [
        (-5.2, 7),
        (5.6, 9.5),
        (-6.4, 14),
        (7.2, 17),
        (-9, 21),
        (5, 25),
        (-4.5, 29),
        (10.5, 28),
        (-14, 30),
    ]:
        tree(
            x + rng.normal(0, 0.4),
            y,
            rng,
            bark,
            leafage[:2] if rng.random() < 0.5 else leafage[1:],
            rng.uniform(5, 8),
        )
    far = np.stack(
        [rng.uniform(-38, 38, 110), rng.uniform(44, 58, 110), rng.uniform(0.5, 6.5, 110)], 1
    )
    leaves(far[:60], 2.6, 300, 0.5, leafage[0], rng)
    leaves(far[60:], 2.4, 300, 0.45, leafage[1], rng)
    for side in (-1, 1):
        bench(side * 3.1, 5.4 if side < 0 else 8.2, 1, wood, iron)
        hedge = np.stack(
            [side * rng.uniform(11, 12.2, 90), rng.uniform(8, 40, 90), rng.uniform(0.2, 1.0, 90)], 1
        )
        leaves(hedge, 0.5, 120, 0.16, leafage[1], rng)
    for y in (7, 16, 26):
        blocks(
            [
                ((-2.75, y, 0), (-2.68, y + 0.07, 3.2)),
                ((-2.84, y - 0.09, 3.2), (-2.59, y + 0.16, 3.5)),
            ],
            iron,
        )
    studio.surroundings(rng, (0.85, 0.96, 1.02), 0.95)
    sun(rng, 2.8, (38, 50), (-60, -30))
