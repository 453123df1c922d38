"""Out-of-focus surroundings drawn with a few polygons: rooms, corridors, streets, parks."""

import colorsys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SCALE = 2  # drawn larger, then reduced


def hsv(hue, saturation, value):
    return tuple(int(255 * c) for c in colorsys.hsv_to_rgb(hue % 1, min(saturation, 1), min(value, 1)))


def muted(rng, low=.35, high=.8, saturation=.22):
    """Draw a colour as walls and furniture have it: mostly grey or warm."""
    hue = rng.normal(.09, .05) if rng.random() < .6 else rng.random()
    return hsv(hue, abs(rng.normal(0, saturation)), rng.uniform(low, high))


def shade(colour, factor):
    return tuple(int(np.clip(c * factor, 0, 255)) for c in colour)


def wall(draw, n, rng):
    """One wall with a soft fall of light, sometimes a picture frame or a rail."""
    colour = muted(rng, .4, .88, .14)
    left, right = rng.uniform(.75, 1.1, 2)
    for x in range(n):
        draw.line([(x, 0), (x, n)], fill=shade(colour, left + (right - left) * x / n))
    if rng.random() < .5:
        x, y, w, h = rng.uniform(-.1, .8) * n, rng.uniform(-.1, .4) * n, *(rng.uniform(.2, .5, 2) * n)
        draw.rectangle([x, y, x + w, y + h], fill=muted(rng, .15, .4))
        draw.rectangle([x + 6, y + 6, x + w - 6, y + h - 6], fill=muted(rng, .5, .9, .3))


def room(draw, n, rng):
    """A wall with window or door, shelves or a cupboard."""
    wall(draw, n, rng)
    x = rng.uniform(-.2, .7) * n
    if rng.random() < .6:
        w, h, y = rng.uniform(.3, .6) * n, rng.uniform(.4, .8) * n, rng.uniform(-.2, .15) * n
        draw.rectangle([x - 8, y - 8, x + w + 8, y + h + 8], fill=muted(rng, .75, .95, .05))
        sky = hsv(.58, rng.uniform(.05, .25), rng.uniform(.85, 1))
        draw.rectangle([x, y, x + w, y + h], fill=sky)
        draw.rectangle([x, y + h * .7, x + w, y + h], fill=hsv(rng.uniform(.2, .4), .3, .5))
        draw.rectangle([x + w / 2 - 4, y, x + w / 2 + 4, y + h], fill=muted(rng, .75, .95, .05))
    else:
        w = rng.uniform(.35, .7) * n
        draw.rectangle([x, 0, x + w, n], fill=muted(rng, .2, .5))
        for row in range(6):
            y = row * n / 6 + rng.uniform(-4, 4)
            draw.rectangle([x, y, x + w, y + 6], fill=muted(rng, .15, .4))
            across = x + 6
            while across < x + w - 14:
                width = rng.uniform(6, 18)
                draw.rectangle([across, y - rng.uniform(.07, .13) * n, across + width, y],
                               fill=muted(rng, .2, .75, .35))
                across += width + 1
    if rng.random() < .5:
        y = rng.uniform(.7, .95) * n
        draw.rectangle([0, y, n, n], fill=muted(rng, .2, .55, .3))


def corridor(draw, n, rng):
    """Walls, floor and ceiling that run to a vanishing point, with lamps and doors."""
    vx, vy = rng.uniform(.25, .75) * n, rng.uniform(.3, .55) * n
    colour, floor = muted(rng, .55, .85, .1), muted(rng, .3, .6, .15)
    half, high = rng.uniform(.07, .14) * n, rng.uniform(.08, .13) * n
    box = [(vx - half, vy - high), (vx + half, vy - high), (vx + half, vy + high), (vx - half, vy + high)]
    far = [(vx + (x - vx) * 14, vy + (y - vy) * 14) for x, y in box]
    for i, fill in enumerate((shade(colour, 1.12), shade(colour, .95), floor, shade(colour, .85))):
        j = (i + 1) % 4
        draw.polygon([box[i], box[j], far[j], far[i]], fill=fill)
    draw.rectangle([box[0], box[2]], fill=shade(colour, rng.uniform(.6, 1.2)))
    for k in (1.6, 2.6, 4.3, 7.5):
        y, w = vy - high * k, half * k * .3
        draw.rectangle([vx - w, y - 5 * k, vx + w, y], fill=(250, 248, 240))
        for side in (-1, 1):
            x0, x1 = vx + side * half * k, vx + side * half * k * 1.3
            draw.polygon([(x0, vy - high * k * .5), (x1, vy - high * k * .65),
                          (x1, vy + high * k * 1.3), (x0, vy + high * k)], fill=muted(rng, .25, .6))


def street(draw, n, rng):
    """Sky, houses with windows and a road."""
    bright = rng.uniform(.75, 1)
    for y in range(n):
        draw.line([(0, y), (n, y)], fill=hsv(.58, .3 * (1 - y / n), bright))
    ground = rng.uniform(.6, .85) * n
    x = -rng.uniform(0, .2) * n
    while x < n:
        w, top = rng.uniform(.25, .5) * n, rng.uniform(-.1, .35) * n
        colour = muted(rng, .35, .8, .25)
        draw.rectangle([x, top, x + w, ground], fill=colour)
        step = rng.uniform(.07, .12) * n
        glass = shade(colour, rng.uniform(.35, .65))
        for wx in np.arange(x + step * .4, x + w - step * .6, step):
            for wy in np.arange(top + step * .4, ground - step, step * 1.3):
                draw.rectangle([wx, wy, wx + step * .55, wy + step * .75], fill=glass)
        x += w
    draw.rectangle([0, ground, n, n], fill=muted(rng, .3, .5, .05))
    if rng.random() < .6:
        for _ in range(rng.integers(1, 3)):
            x, w = rng.uniform(-.1, .9) * n, rng.uniform(.2, .35) * n
            paint = hsv(rng.random(), rng.uniform(0, .6), rng.uniform(.2, .8))
            draw.rounded_rectangle([x, ground - w * .2, x + w, ground + w * .18], w * .08, fill=paint)
            draw.rounded_rectangle([x + w * .2, ground - w * .38, x + w * .8, ground], w * .1,
                                   fill=shade(paint, .5))


def park(draw, n, rng):
    """Sky, trees and grass."""
    for y in range(n):
        draw.line([(0, y), (n, y)], fill=hsv(.57, .25 * (1 - y / n), .95))
    ground = rng.uniform(.55, .8) * n
    for _ in range(rng.integers(50, 90)):
        x, y, r = rng.uniform(-.1, 1.1) * n, rng.normal(.4, .16) * n, rng.uniform(.05, .14) * n
        green = hsv(rng.normal(.27, .03), rng.uniform(.25, .5), rng.uniform(.18, .5))
        if y < ground:
            draw.ellipse([x - r, y - r, x + r, y + r], fill=green)
    grass = hsv(rng.normal(.25, .02), rng.uniform(.3, .5), rng.uniform(.4, .6))
    draw.rectangle([0, ground, n, n], fill=grass)


DRAWN = {"wall": wall, "room": room, "corridor": corridor, "street": street, "park": park}
BRIGHTNESS = {"soft": 1., "window": .85, "lamp": .75, "overhead": .9, "sun": 1.05, "evening": .68}
WARMTH = {"soft": 0, "window": 0, "lamp": .12, "overhead": -.02, "sun": .03, "evening": .14}


def background(kind, light, size, rng):
    """Draw a blurred background.

    Parameters
    ----------
    kind : {'wall', 'room', 'corridor', 'street', 'park'}
    light : str
        One of `distributions.LIGHTS`; it sets brightness and warmth.
    size : int
        Width and height in pixels.

    Returns
    -------
    ndarray of float, shape (size, size, 3), sRGB, range [0, 1]
    """
    n = size * SCALE
    canvas = Image.new("RGB", (n, n))
    DRAWN[kind](ImageDraw.Draw(canvas), n, rng)
    spread = rng.uniform(.012, .035) * n * (.6 if kind == "wall" else 1)
    canvas = canvas.filter(ImageFilter.GaussianBlur(spread)).resize((size, size), Image.LANCZOS)
    pixels = np.asarray(canvas) / 255.
    warm = WARMTH[light] * rng.uniform(.5, 1.2)
    pixels = pixels * BRIGHTNESS[light] * rng.uniform(.8, 1.08) * (1 + warm, 1, 1 - warm)
    return np.clip(pixels, 0, 1)
