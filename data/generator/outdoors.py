"""Places under the sky: a street and a park; the sky itself is drawn behind them later."""

import numpy as np

from . import materials, studio
from .building import CLOTH, bench, block, blocks, leaves, panel, quads, rough, sun, tiles, tree, windows

FRONTS = [(.36, .22, .15), (.50, .45, .36), (.55, .53, .48), (.33, .32, .31), (.46, .36, .26), (.42, .28, .2)]


def greens(rng, count=2):
    """Return materials of leaves, darker and paler."""
    tone = np.array((.055, .11, .025)) * rng.uniform(.7, 1.3)
    return [materials.plain("green", tone * f, .7, .2) for f in np.linspace(.7, 1.35, count)]


def street(rng, half=7.5, length=42):
    """A paved street between houses in mild sun, with trees, lamps and benches."""
    panel([(-half, -3, 0), (half, -3, 0), (half, length, 0), (-half, length, 0)],
          materials.printed("paving", tiles(90, 30, (.34, .32, .29), rng)))
    for side in (-1, 1):
        y = -2.
        while y < length:
            deep, height = rng.uniform(5, 9), rng.uniform(7, 13)
            colour = np.array(FRONTS[rng.integers(len(FRONTS))]) * rng.uniform(.8, 1.2)
            x, z = side * half, height
            front = windows(max(2, int((height - 3.2) / 2.9)), int(deep / 1.5), colour, rng)
            panel([(x, y, 3.2), (x, y + deep, 3.2), (x, y + deep, z), (x, y, z)], materials.printed("house", front))
            plain = materials.plain("side", colour, .9)
            panel([(x, y, 0), (x + side * 6, y, 0), (x + side * 6, y, z), (x, y, z)], plain)
            shopfront(x, side, y, deep, plain, rng)
            y += deep + (0 if rng.random() < .7 else 1.5)
    panel([(-half, length, 0), (half, length, 0), (half, length, 9), (-half, length, 9)],
          materials.printed("far", windows(3, 10, (.45, .38, .31), rng)))
    iron = materials.plain("post", (.05, .06, .06), .5)
    glow, wood = materials.plain("lantern", (.8, .8, .75), .4), materials.plain("wood", (.25, .15, .08), .7)
    bark = materials.plain("bark", (.10, .075, .055), .9)
    for side in (-1, 1):
        x = side * (half - 2.1)
        for y in np.arange(5, length, 9):
            block((x - .05, y, 0), (x + .05, y + .1, 4), iron)
            block((x - .14, y - .1, 4), (x + .14, y + .2, 4.4), glow)
        for y in np.arange(9, length - 4, 9):
            tree(x + rng.normal(0, .1), y, rng, bark, greens(rng), rng.uniform(4.4, 5.6))
            bench(x + side * .5, y + 2.4, 1, wood, iron)
    studio.surroundings(rng, (.85, .94, 1.08), .9)
    sun(rng, 2.4)


def shopfront(x, side, y, deep, plain, rng):
    """Build the ground floor of a house: piers, glass, a door and an awning or a sign."""
    out = x - side * .02
    panel([(x, y, 0), (x, y + deep, 0), (x, y + deep, 3.2), (x, y, 3.2)], plain)
    glass = materials.plain("glass", rng.uniform(.02, .06) * np.array((.9, 1, 1.1)), .12, .6)
    frame = materials.plain("frame", np.array(CLOTH[rng.integers(len(CLOTH))]) * .8, .5)
    n = int(deep // 2.2)
    w = deep / n
    for k in range(n):
        a, b = y + k * w + .3, y + (k + 1) * w - .3
        low = .02 if k == n // 2 else .5
        quads([[(out, a, low), (out, b, low), (out, b, 2.4), (out, a, 2.4)]], glass)
        quads([[(out - side * .01, a, h), (out - side * .01, b, h), (out - side * .01, b, h + .07),
                (out - side * .01, a, h + .07)] for h in (low, 2.4)], frame)
    if rng.random() < .5:
        far = x - side * 1.1
        quads([[(x, y + .2, 2.95), (x, y + deep - .2, 2.95), (far, y + deep - .2, 2.45), (far, y + .2, 2.45)]], frame)
    else:
        block((min(x, x - side * .08), y + .3, 2.58), (max(x, x - side * .08), y + deep - .3, 3.0), frame)


def park(rng, length=60):
    """Grass, a path of gravel, trees, hedges and benches in the sun."""
    panel([(-40, -5, -.01), (40, -5, -.01), (40, length, -.01), (-40, length, -.01)],
          materials.printed("grass", rough(720, 800, (.085, .14, .035), rng, .11)))
    edges = np.linspace(-4, length, 40)
    bend = 1.6 * np.sin(edges / 13) * np.clip(edges / 10, 0, 1)
    gravel = materials.printed("gravel", rough(64, 64, (.40, .34, .26), rng, .05))
    for (a, p), (b, q) in zip(zip(edges, bend), zip(edges[1:], bend[1:])):
        panel([(p - 2.3, a, .004), (p + 2.3, a, .004), (q + 2.3, b, .004), (q - 2.3, b, .004)], gravel)
    bark = materials.plain("bark", (.11, .08, .055), .9)
    wood, iron = materials.plain("wood", (.28, .16, .08), .7), materials.plain("iron", (.04, .05, .05), .5)
    leafage = greens(rng, 3)
    for x, y in [(-5.2, 7), (5.6, 9.5), (-6.4, 14), (7.2, 17), (-9, 21), (5, 25), (-4.5, 29), (10.5, 28), (-14, 30)]:
        tree(x + rng.normal(0, .4), y, rng, bark, leafage[:2] if rng.random() < .5 else leafage[1:],
             rng.uniform(5, 8))
    far = np.stack([rng.uniform(-38, 38, 110), rng.uniform(44, 58, 110), rng.uniform(.5, 6.5, 110)], 1)
    leaves(far[:60], 2.6, 300, .5, leafage[0], rng)
    leaves(far[60:], 2.4, 300, .45, leafage[1], rng)
    for side in (-1, 1):
        bench(side * 3.1, 5.4 if side < 0 else 8.2, 1, wood, iron)
        hedge = np.stack([side * rng.uniform(11, 12.2, 90), rng.uniform(8, 40, 90), rng.uniform(.2, 1., 90)], 1)
        leaves(hedge, .5, 120, .16, leafage[1], rng)
    for y in (7, 16, 26):
        blocks([((-2.75, y, 0), (-2.68, y + .07, 3.2)), ((-2.84, y - .09, 3.2), (-2.59, y + .16, 3.5))], iron)
    studio.surroundings(rng, (.85, .96, 1.02), .95)
    sun(rng, 2.8, (38, 50), (-60, -30))
