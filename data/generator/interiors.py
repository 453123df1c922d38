"""Places under a roof: a hall, a shop, the platform of an underground railway, a classroom."""

import numpy as np

from . import materials, studio
from .building import CLOTH, block, blocks, lamp, panel, poster, quads, shining, tiles, tunnel


def hall(rng, half=3.2, length=20, height=3.1):
    """A hall with a tiled floor, doors and notices along the walls and lamps in the ceiling."""
    tunnel(half, length, height,
           materials.printed("floor", tiles(38, 11, (.34, .33, .31), rng)),
           materials.plain("paint", (.62, .60, .54), .9, .1),
           materials.plain("end", (.5, .5, .46), .9, .1),
           materials.printed("ceiling", tiles(38, 11, (.74, .74, .72), rng, .05, .01, .85)))
    dado, steel = materials.plain("dado", (.16, .24, .27), .7), materials.plain("steel", (.5, .5, .5), .35)
    frame = materials.plain("frame", (.42, .42, .40), .6)
    for side in (-1, 1):
        x = side * (half - .01)
        panel([(x, -3, 0), (x, length, 0), (x, length, .95), (x, -3, .95)], dado)
        quads([[(x - side * .02, -3, z), (x - side * .02, length, z), (x - side * .02, length, z + h),
                (x - side * .02, -3, z + h)] for z, h in ((0, .1), (.95, .05))], frame)
        for i, y in enumerate(np.arange(1.9, length - 1.5, 3.3)):
            near, far = sorted((x - side * .05, x))
            blocks([((near, y - .08, 0), (far, y, 2.18)), ((near, y + 1, 0), (far, y + 1.08, 2.18)),
                    ((near, y, 2.1), (far, y + 1, 2.18))], frame)
            colour = ((.20, .27, .33), (.25, .15, .08), (.30, .29, .26))[(i + (side > 0)) % 3]
            x1 = x - side * .02
            panel([(x1, y, 0), (x1, y + 1, 0), (x1, y + 1, 2.1), (x1, y, 2.1)],
                  materials.plain("door", colour, .5))
            block((near - .04, y + .86, 1.0), (far, y + .94, 1.04), steel)
            for k in range(rng.integers(1, 4)):
                z, w = rng.uniform(1.25, 1.5), rng.uniform(.3, .5)
                a = y + 1.35 + k * .62
                panel([(x1, a, z), (x1, a + w, z), (x1, a + w, z + w * 1.35), (x1, a, z + w * 1.35)],
                      materials.printed("notice", poster(rng)))
    day = materials.plain("day", (.75, .88, 1), emission=1.6)
    quads([[(a, length - .02, b), (a + 1, length - .02, b), (a + 1, length - .02, b + h),
            (a, length - .02, b + h)] for a in (-1.04, .04) for b, h in ((.1, 2.05), (2.25, .6))], day)
    for y in np.arange(.8, length, 2.6):
        lamp(0, y, height, .6, 1.2, 45)
    studio.surroundings(rng, (1, .98, .95), .5)


def shop(rng, half=2.9, length=18, height=3.4):
    """An aisle between two shelves full of packets."""
    tunnel(half + .6, length, height,
           materials.printed("floor", tiles(32, 11, (.48, .46, .42), rng)),
           materials.plain("paint", (.6, .6, .58), .9, .1),
           materials.plain("end", (.40, .42, .44), .9, .1),
           materials.printed("ceiling", tiles(32, 11, (.7, .7, .7), rng, .05, .01, .85)))
    steel = materials.plain("steel", (.55, .55, .56), .5)
    label = materials.plain("label", (.75, .72, .35), .7)
    packets = [materials.plain("packet", np.array(c) * f, .6) for c in CLOTH for f in (.9, 1.7)]
    for side in (-1, 1):
        a, b = side * (half - .15), side * (half + .5)
        low, high = min(a, b), max(a, b)
        filled = [[] for _ in packets]
        for z in (.15, .6, 1.05, 1.5, 1.95):
            block((low, .5, z - .04), (high, length - 2, z), steel)
            y = .6
            while y < length - 2.4:
                kind, n = rng.integers(len(packets)), rng.integers(2, 7)
                deep, tall = rng.uniform(.09, .24), rng.uniform(.16, .36)
                for _ in range(n):
                    if y < length - 2.3:
                        back = rng.uniform(.03, .09)
                        filled[kind].append(((low + back, y, z), (high - back, y + deep, z + tall)))
                    y += deep + .012
            tags = np.arange(.8, length - 2.4, .55)
            quads([[(a - side * .005, t, z - .038), (a - side * .005, t + .09, z - .038),
                    (a - side * .005, t + .09, z - .004), (a - side * .005, t, z - .004)] for t in tags], label)
        for kind, stack in zip(packets, filled):
            if stack:
                blocks(stack, kind)
    for y in (4.5, 10.5):
        panel([(-1.1, y, 2.75), (1.1, y, 2.75), (1.1, y, 3.15), (-1.1, y, 3.15)],
              materials.plain("sign", (.06, .16, .12), .6))
    cold = materials.plain("cold", (.85, .95, 1), emission=.9)
    quads([[(x, length - .3, .4), (x + .8, length - .3, .4), (x + .8, length - .3, 2), (x, length - .3, 2)]
           for x in np.arange(-2.7, 2.2, .92)], cold)
    block((-2.9, length - .29, 0), (2.9, length - .05, 2.25), materials.plain("fridge", (.3, .31, .33), .4))
    for y in np.arange(.6, length, 2.4):
        lamp(0, y, height, .35, 1.5, 50)
    studio.surroundings(rng, (1, 1, .97), .5)


def platform(rng, half=3.4, length=30, height=3.6):
    """The platform of an underground railway with a train that waits."""
    panel([(-half, -3, 0), (half, -3, 0), (half, length, 0), (-half, length, 0)],
          materials.printed("floor", tiles(60, 13, (.27, .26, .25), rng)))
    wall = materials.printed("wall", tiles(14, 110, (.56, .57, .52), rng, .08, .04, .6))
    panel([(-half, -3, 0), (-half, length, 0), (-half, length, height), (-half, -3, height)], wall)
    panel([(-half, -3, height), (half + 3, -3, height), (half + 3, length, height), (-half, length, height)],
          materials.plain("ceiling", (.42, .42, .41), .9))
    panel([(-half, length, 0), (half + 3, length, 0), (half + 3, length, height), (-half, length, height)],
          materials.plain("end", (.12, .12, .13), .9))
    edge = half - .75
    panel([(edge - .3, -3, .004), (edge, -3, .004), (edge, length, .004), (edge - .3, length, .004)],
          materials.printed("line", tiles(330, 3, (.62, .46, .05), rng, .3, .02, .75)))
    body = materials.plain("train", (.50, .52, .54), .3, .5, .5)
    stripe = materials.plain("stripe", (.28, .03, .03), .4)
    inside = materials.plain("inside", (.95, .93, .82), emission=.75)
    dark = materials.plain("doors", (.12, .13, .14), .35)
    x = half + .02
    block((x, 1, -.3), (x + 2.4, length - 2, 2.75), body)
    glass, doors = [], []
    for y in np.arange(1.6, length - 4, 4.6):
        glass += [(y, y + 1.15), (y + 1.3, y + 2.45)]
        doors.append(y + 2.8)

    def seen(a, b, low, high, out=.012):
        return [(x - out, a, low), (x - out, b, low), (x - out, b, high), (x - out, a, high)]

    quads([seen(a, b, 1.1, 1.95) for a, b in glass], inside)
    quads([seen(a, a + 1.3, .02, 2.05) for a in doors], dark)
    quads([seen(a + s, a + s + .45, .95, 1.85, .02) for a in doors for s in (.1, .75)], inside)
    quads([seen(1, length - 2, .55, .75, .008)], stripe)
    post = materials.plain("post", (.30, .31, .30), .5)
    blocks([((-half + .9, y, 0), (-half + 1.25, y + .35, height)) for y in np.arange(5, length, 5.5)], post)
    for y in np.arange(1.5, length - 2, 3.1):
        w = -half + .012
        panel([(w, y, .95), (w, y + 1.2, .95), (w, y + 1.2, 2.35), (w, y, 2.35)],
              materials.printed("poster", poster(rng)))
    panel([(-1.2, 7, 2.75), (1.2, 7, 2.75), (1.2, 7, 3.15), (-1.2, 7, 3.15)],
          materials.plain("sign", (.02, .05, .16), .5))
    for y in np.arange(.5, length, 3):
        lamp(-.2, y, height, .25, 1.8, 55)
    studio.surroundings(rng, (.97, 1, .97), .35)


DESKS = [(x, y) for y in (2.75, 4.55, 6.35) for x in (-2.1, 0., 2.1)]  # centre of each desk, m


def classroom(rng, half=4., length=10.2, height=3.2):
    """A classroom with desks in rows, windows on the left, a board at the far end."""
    tunnel(half, length, height,
           materials.printed("floor", tiles(66, 9, (.30, .19, .11), rng, .05, .1, .8)),
           materials.plain("paint", (.62, .60, .52), .9, .1),
           materials.plain("end", (.55, .57, .55), .9, .1),
           materials.plain("ceiling", (.78, .78, .76), .9))
    wood, iron = materials.plain("wood", (.46, .33, .2), .5), materials.plain("iron", (.08, .08, .09), .5)
    seat = materials.plain("seat", (.06, .10, .18), .6)
    white, screen = materials.plain("white", (.7, .7, .68), .6), materials.plain("screen", (.03, .03, .035), .3)
    legs, tops, seats = [], [], []
    for x, y in DESKS:
        tops.append(((x - .65, y - .3, .71), (x + .65, y + .3, .74)))
        legs += [((x + s - .02, y + t - .02, 0), (x + s + .02, y + t + .02, .71)) for s in (-.6, .6) for t in (-.26, .26)]
        seats += [((x - .22, y + .42, .41), (x + .22, y + .82, .45)), ((x - .21, y + .85, .6), (x + .21, y + .88, .95))]
        legs += [((x + s - .015, y + t - .015, 0), (x + s + .015, y + t + .015, .42)) for s in (-.18, .18) for t in (.45, .8)]
        legs += [((x + s - .015, y + .85, .42), (x + s + .015, y + .88, .62)) for s in (-.18, .18)]
        if rng.random() < .6:
            a = x + rng.uniform(-.35, .1)
            block((a, y - .12, .74), (a + .3, y + .1, .76), screen)
            quads([[(a, y - .13, .75), (a + .3, y - .13, .75), (a + .3, y - .2, .95), (a, y - .2, .95)]], screen)
        else:
            a = x + rng.uniform(-.45, .2)
            block((a, y - .15, .74), (a + .21, y + .14, .75), white)
    blocks(tops, wood), blocks(legs, iron), blocks(seats, seat)
    panel([(-1.9, length - .03, .95), (1.9, length - .03, .95), (1.9, length - .03, 2.2), (-1.9, length - .03, 2.2)],
          materials.printed("board", np.clip(np.ones((8, 8, 3)) * (.03, .075, .05), 0, 1)))
    blocks([((-1.95, length - .1, .9), (1.95, length - .02, .95)), ((-1.95, length - .06, 2.2), (1.95, length - .02, 2.26))], wood)
    for k in range(4):
        a = half - .012
        y = 2.2 + k * 1.9
        panel([(a, y, 1.2), (a, y + .7, 1.2), (a, y + .7, 2.15), (a, y, 2.15)], materials.printed("notice", poster(rng)))
    block((half - .45, length - 2.4, 0), (half, length - .4, 1.95), wood)
    day = materials.plain("day", (.82, .92, 1), emission=2.2)
    for y in np.arange(.6, length - 1.4, 2.3):
        w = -half + .015
        panel([(w, y, .95), (w, y + 1.7, .95), (w, y + 1.7, 2.7), (w, y, 2.7)], day)
        blocks([((w, y + .82, .95), (w + .04, y + .88, 2.7)), ((w, y - .06, .89), (w + .12, y + 1.76, .95)),
                ((w, y, 2.1), (w + .03, y + 1.7, 2.14))], white)
        shining((w + .05, y + .85, 1.85), (w + 3, y + .85, 1.1), 1.6, 60, (.92, .97, 1))
    for x, y in ((-1.5, 1), (1.5, 1), (-1.5, 4.5), (1.5, 4.5), (-1.5, 8), (1.5, 8)):
        lamp(x, y, height, .3, 1.4, 28)
    studio.surroundings(rng, (1, 1, 1), .45)


def study(rng, half=1.9, length=3.3, height=2.6):
    """A small room seen by a webcam: book shelf, door, picture, a window beside the desk."""
    tunnel(half, length, height,
           materials.printed("floor", tiles(24, 6, (.30, .19, .11), rng, .05, .1, .8)),
           materials.plain("paint", (.55, .53, .47), .9, .1),
           materials.plain("end", (.42, .47, .48), .9, .1),
           materials.plain("ceiling", (.75, .75, .73), .9))
    wood, white = materials.plain("wood", (.32, .2, .11), .6), materials.plain("white", (.66, .66, .63), .6)
    books = [materials.plain("book", np.array(c) * f, .7) for c in CLOTH for f in (.8, 1.4)]
    left, right = -1.65, -.35
    blocks([((left, length - .32, z), (right, length, z + .03)) for z in (.05, .45, .85, 1.25, 1.65, 2.05)]
           + [((x, length - .32, 0), (x + .03, length, 2.08)) for x in (left, right - .03)], wood)
    for z in (.48, .88, 1.28, 1.68):
        x = left + .05
        while x < right - .12:
            wide, tall = rng.uniform(.02, .06), rng.uniform(.2, .33)
            if rng.random() < .88:
                block((x, length - .27, z), (x + wide, length - .03, z + tall), books[rng.integers(len(books))])
            x += wide + .003
    panel([(.15, length - .02, 1.2), (.65, length - .02, 1.2), (.65, length - .02, 1.85), (.15, length - .02, 1.85)],
          materials.printed("picture", poster(rng)))
    block((.95, length - .03, 0), (1.05, length, 2.1), white)
    block((1.05, length - .02, 0), (1.85, length, 2.05), materials.plain("door", (.5, .48, .43), .6))
    block((1.12, length - .06, 1.), (1.22, length - .02, 1.03), materials.plain("handle", (.5, .5, .5), .3))
    shining((-1.5, .1, 1.9), (0, .75, 1.2), 1.1, 16, (.95, .98, 1.04))
    shining((1.5, 2.2, 2.4), (0, 1.5, 1), .8, 18, (1.08, .97, .85))
    shining((.5, -.4, 2.2), (0, 1.0, 1.2), 1., 7, (1, .97, .92))
    studio.surroundings(rng, (1, .98, .94), .5)
