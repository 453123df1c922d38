"""Out-of-focus surroundings drawn with a few shapes: rooms, corridors, streets, parks."""

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from .distributions import linear_to_srgb, srgb_to_linear

SCALE = 2  # drawn larger, then reduced
# sRGB colours that paint, wood, stone and cloth usually have
WALLS = [
    (228, 222, 210),
    (214, 206, 192),
    (198, 196, 190),
    (222, 214, 196),
    (186, 190, 186),
    (176, 184, 190),
    (204, 190, 170),
    (160, 164, 160),
    (150, 142, 130),
    (234, 230, 224),
]
WOODS = [
    (122, 88, 60),
    (150, 112, 78),
    (92, 66, 48),
    (176, 142, 104),
    (70, 54, 44),
    (196, 176, 146),
]
CLOTHS = [
    (92, 96, 104),
    (120, 112, 104),
    (72, 80, 94),
    (130, 104, 88),
    (88, 100, 88),
    (150, 140, 126),
    (104, 60, 54),
    (60, 64, 70),
]
BOOKS = [
    (150, 138, 118),
    (96, 58, 48),
    (62, 72, 88),
    (176, 166, 150),
    (80, 82, 74),
    (120, 96, 72),
    (58, 54, 52),
    (110, 116, 124),
    (140, 84, 62),
    (84, 100, 92),
]
FACADES = [
    (190, 176, 152),
    (168, 150, 128),
    (146, 104, 84),
    (176, 174, 168),
    (206, 198, 182),
    (132, 126, 118),
    (196, 172, 132),
    (158, 118, 98),
    (150, 152, 154),
    (214, 210, 202),
]
CARS = [(60, 62, 66), (190, 192, 194), (130, 132, 136), (36, 38, 42), (104, 34, 34), (44, 60, 92)]
LEAVES = [(62, 82, 40), (84, 104, 52), (50, 66, 40), (104, 118, 62), (74, 88, 56)]
FLOORS = [(122, 112, 100), (150, 142, 132), (104, 84, 66), (112, 112, 110), (140, 116, 92)]


def vary(rng, colours, spread=3):
    """Draw a colour near one of a list."""
    colour = np.array(colours[rng.integers(len(colours))], float)
    return tuple(
        int(c) for c in np.clip(colour * rng.uniform(0.86, 1.1) + rng.normal(0, spread, 3), 0, 255)
    )


def shade(colour, factor):
    return tuple(int(np.clip(c * factor, 0, 255)) for c in colour)


def fill(draw, n, top, bottom, colours):
    """Fill the rows from `top` to `bottom` (pixels) with a run from one colour to another."""
    first, last = np.array(colours, float)
    for y in range(int(max(top, 0)), int(min(bottom, n))):
        share = (y - top) / max(bottom - top, 1)
        draw.line([(0, y), (n, y)], fill=tuple(int(c) for c in first + (last - first) * share))


def wall(draw, n, rng):
    """One painted wall, sometimes with a frame, a curtain or a rail."""
    draw.rectangle([0, 0, n, n], fill=vary(rng, WALLS))
    kind = rng.integers(4)
    if kind == 0:
        x, y, w, h = (
            rng.uniform(-0.1, 0.8) * n,
            rng.uniform(-0.1, 0.4) * n,
            *(rng.uniform(0.2, 0.5, 2) * n),
        )
        draw.rectangle([x, y, x + w, y + h], fill=vary(rng, WOODS))
        draw.rectangle([x + 6, y + 6, x + w - 6, y + h - 6], fill=vary(rng, WALLS + CLOTHS))
    elif kind == 1:
        colour, x = vary(rng, CLOTHS + WALLS), rng.choice([-0.1, 0.7]) * n
        for i in range(12):
            draw.rectangle(
                [x + i * n / 30, 0, x + (i + 1) * n / 30, n],
                fill=shade(colour, rng.uniform(0.8, 1.1)),
            )
    elif kind == 2:
        y = rng.uniform(0.55, 0.85) * n
        draw.rectangle([0, y, n, n], fill=vary(rng, WALLS + WOODS))


def window(draw, n, rng):
    """A bright window with a bar and a sill."""
    x, y, w, h = (
        rng.uniform(-0.2, 0.75) * n,
        rng.uniform(-0.2, 0.12) * n,
        *(rng.uniform(0.3, 0.65, 2) * n),
    )
    frame = vary(rng, WALLS[:4])
    draw.rectangle([x - 8, y - 8, x + w + 8, y + h + 10], fill=frame)
    draw.rectangle([x, y, x + w, y + h], fill=vary(rng, [(226, 232, 236), (214, 222, 228)], 4))
    draw.rectangle(
        [x, y + h * rng.uniform(0.6, 0.8), x + w, y + h], fill=vary(rng, LEAVES + FACADES)
    )
    draw.rectangle([x + w / 2 - 4, y, x + w / 2 + 4, y + h], fill=frame)


def shelves(draw, n, rng):
    """Shelves with books, boxes and gaps."""
    x, w = rng.uniform(-0.2, 0.75) * n, rng.uniform(0.3, 0.6) * n
    wood, rows = vary(rng, WOODS + WALLS[:3]), rng.integers(3, 7)
    draw.rectangle([x, 0, x + w, n], fill=shade(wood, 0.55))
    for row in range(rows + 1):
        y = row * n / rows
        draw.rectangle([x, y, x + w, y + 7], fill=wood)
        across = x + 6
        while across < x + w - 14:
            width = rng.uniform(5, 22)
            if rng.random() < 0.75:
                draw.rectangle(
                    [across, y - rng.uniform(0.45, 0.85) * n / rows, across + width, y],
                    fill=vary(rng, BOOKS),
                )
            across += width + 1


def cupboard(draw, n, rng):
    """A cupboard or a door, a lamp or a plant beside it."""
    x, w, top = rng.uniform(-0.1, 0.7) * n, rng.uniform(0.25, 0.5) * n, rng.uniform(-0.1, 0.4) * n
    wood = vary(rng, WOODS + WALLS[:5])
    draw.rectangle([x, top, x + w, n], fill=wood)
    draw.rectangle([x + w * 0.49, top, x + w * 0.51, n], fill=shade(wood, 0.7))
    side = (x - 0.2 * n) if x > 0.4 * n else x + w + 0.12 * n
    if rng.random() < 0.5:
        for _ in range(26):
            a, b = side + rng.normal(0, 0.06) * n, rng.uniform(0.3, 0.75) * n
            draw.ellipse([a - 9, b - 22, a + 9, b + 22], fill=vary(rng, LEAVES))
    else:
        y = rng.uniform(0.15, 0.4) * n
        draw.ellipse([side - 20, y - 20, side + 20, y + 20], fill=(255, 238, 205))


def room(draw, n, rng):
    """A wall with a window, shelves or a cupboard, sometimes the back of a sofa."""
    draw.rectangle([0, 0, n, n], fill=vary(rng, WALLS))
    (window, shelves, cupboard, cupboard)[rng.integers(4)](draw, n, rng)
    if rng.random() < 0.45:
        y, x = rng.uniform(0.62, 0.9) * n, rng.uniform(-0.6, 0.3) * n
        draw.rounded_rectangle([x, y, x + n, n + 40], 30, fill=vary(rng, CLOTHS + WOODS))


def corridor(draw, n, rng):
    """Walls, floor and ceiling that run to a vanishing point, with lamps and doors."""
    vx, vy = rng.uniform(0.2, 0.8) * n, rng.uniform(0.3, 0.55) * n
    colour, floor, door = vary(rng, WALLS), vary(rng, FLOORS), vary(rng, WOODS + WALLS[3:8])
    half, high = rng.uniform(0.07, 0.14) * n, rng.uniform(0.08, 0.13) * n
    box = [
        (vx - half, vy - high),
        (vx + half, vy - high),
        (vx + half, vy + high),
        (vx - half, vy + high),
    ]
    far = [(vx + (x - vx) * 14, vy + (y - vy) * 14) for x, y in box]
    for i, paint in enumerate(
        (shade(colour, 1.06), shade(colour, 0.95), floor, shade(colour, 0.82))
    ):
        j = (i + 1) % 4
        draw.polygon([box[i], box[j], far[j], far[i]], fill=paint)
    draw.rectangle([box[0], box[2]], fill=shade(colour, rng.uniform(0.6, 1.15)))
    sides = [s for s in (-1, 1) if rng.random() < 0.75]
    for k in (1.6, 2.6, 4.3, 7.5):
        y, w = vy - high * k, half * k * 0.3
        draw.rectangle([vx - w, y - 4 * k, vx + w, y], fill=(255, 253, 246))
        for side in sides:
            x0, x1 = vx + side * half * k, vx + side * half * k * 1.3
            draw.polygon(
                [
                    (x0, vy - high * k * 0.5),
                    (x1, vy - high * k * 0.65),
                    (x1, vy + high * k * 1.3),
                    (x0, vy + high * k),
                ],
                fill=shade(door, rng.uniform(0.85, 1.1)),
            )


def sky(draw, n, rng, bottom):
    """A sky, blue or clouded, paler towards the horizon."""
    high = vary(rng, [(128, 160, 196), (168, 184, 200), (196, 202, 208), (208, 210, 212)], 4)
    fill(draw, n, 0, bottom, (high, (224, 226, 226)))


def foliage(draw, n, rng, count, centre, spread):
    """Clumps of leaves, lit from above, as clouds of small spots."""
    for _ in range(count):
        x, y, colour = rng.uniform(-0.1, 1.1) * n, rng.normal(*centre) * n, vary(rng, LEAVES)
        for dx, dy, size in zip(*rng.normal(0, spread * n, (2, 22)), rng.uniform(4, 14, 22)):
            draw.ellipse(
                [x + dx - size, y + dy - size, x + dx + size, y + dy + size],
                fill=shade(colour, rng.uniform(0.65, 1.2) - 0.25 * dy / (spread * n) / 2),
            )


def street(draw, n, rng):
    """Sky, houses with windows, a road, cars, passers-by and sometimes trees."""
    ground = rng.uniform(0.58, 0.85) * n
    sky(draw, n, rng, ground)
    x = -rng.uniform(0, 0.2) * n
    while x < n:
        w, top = rng.uniform(0.2, 0.55) * n, rng.uniform(-0.3, 0.35) * n
        colour, lit = vary(rng, FACADES), rng.uniform(0.6, 1.05)
        draw.rectangle([x, top, x + w, ground], fill=shade(colour, lit))
        step, tall = rng.uniform(0.07, 0.13) * n, rng.uniform(0.6, 0.95)
        for wx in np.arange(x + step * 0.4, x + w - step * 0.6, step):
            for wy in np.arange(top + step * 0.4, ground - step * 1.6, step * 1.4):
                glass = shade(vary(rng, [(86, 94, 102), (70, 74, 78), (150, 162, 172)]), lit)
                draw.rectangle([wx, wy, wx + step * 0.5, wy + step * tall], fill=glass)
        draw.rectangle(
            [x + 4, ground - step * 1.2, x + w - 4, ground],
            fill=shade(vary(rng, CLOTHS + WOODS), lit),
        )
        x += w
    fill(draw, n, ground, n, (vary(rng, [(126, 124, 120)]), vary(rng, [(108, 107, 105)])))
    if rng.random() < 0.4:
        foliage(draw, n, rng, rng.integers(2, 5), (0.25, 0.1), 0.06)
    for _ in range(rng.integers(0, 3)):
        x, w, paint = rng.uniform(-0.1, 0.9) * n, rng.uniform(0.2, 0.35) * n, vary(rng, CARS)
        draw.rounded_rectangle(
            [x, ground - w * 0.2, x + w, ground + w * 0.18], w * 0.08, fill=paint
        )
        draw.rounded_rectangle(
            [x + w * 0.2, ground - w * 0.38, x + w * 0.8, ground], w * 0.1, fill=shade(paint, 0.5)
        )
    for _ in range(rng.integers(0, 3)):
        x, h = rng.uniform(0, 1) * n, rng.uniform(0.22, 0.34) * n
        draw.rounded_rectangle(
            [x, ground - h * 0.8, x + h * 0.26, ground + h * 0.2], 8, fill=vary(rng, CLOTHS)
        )


def park(draw, n, rng):
    """Sky, trees and grass, sometimes a path."""
    ground = rng.uniform(0.55, 0.85) * n
    sky(draw, n, rng, ground)
    draw.rectangle([0, rng.uniform(0.1, 0.5) * n, n, ground], fill=shade(vary(rng, LEAVES), 0.8))
    for _ in range(rng.integers(2, 5)):
        x, w = rng.uniform(0, 1) * n, rng.uniform(0.012, 0.03) * n
        draw.rectangle([x - w, 0.2 * n, x + w, ground], fill=vary(rng, WOODS[2:5]))
    foliage(draw, n, rng, rng.integers(26, 60), (0.3, 0.17), 0.05)
    grass = vary(rng, [(112, 122, 68), (92, 108, 58), (128, 130, 84)])
    fill(draw, n, ground, n, (shade(grass, 1.12), shade(grass, 0.85)))
    foliage(draw, n, rng, rng.integers(4, 12), (ground / n - 0.02, 0.03), 0.03)
    if rng.random() < 0.4:
        x = rng.uniform(0.1, 0.9) * n
        draw.polygon(
            [(x, ground), (x + 10, ground), (x + 0.5 * n, n), (x - 0.1 * n, n)],
            fill=vary(rng, [(176, 164, 142)]),
        )


DRAWN = {"wall": wall, "room": room, "corridor": corridor, "street": street, "park": park}
# mean brightness (sRGB) and colour cast of the surroundings in each light
BRIGHTNESS = {
    "soft": 0.56,
    "window": 0.50,
    "lamp": 0.42,
    "overhead": 0.52,
    "sun": 0.58,
    "evening": 0.40,
}
WARMTH = {"soft": 0, "window": 0.02, "lamp": 0.12, "overhead": 0.01, "sun": 0.04, "evening": 0.13}


def background(kind, light, size, rng):
    """Draw a blurred background.

    It is blurred in linear light, as a lens does: lamps and sky spread over what is dark.

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
    pixels = srgb_to_linear(np.asarray(canvas) / 255.0)
    pixels = pixels * (1 + 1.2 * np.clip(pixels - 0.72, 0, 1) / 0.28)
    spread = rng.uniform(0.014, 0.034) * n * (0.6 if kind == "wall" else 1)
    pixels = gaussian_filter(pixels, (spread, spread, 0), mode="nearest")
    pixels = pixels.reshape(size, SCALE, size, SCALE, 3).mean((1, 3))
    towards, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.35)
    x, y = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    pixels *= np.exp(strength * (np.cos(towards) * x + np.sin(towards) * y))[..., None]
    warm = WARMTH[light] * rng.uniform(0.6, 1.2)
    pixels *= np.array([1 + warm, 1, 1 - warm]) ** 1.2
    wanted = srgb_to_linear(np.clip(BRIGHTNESS[light] + rng.normal(0, 0.07), 0.25, 0.72))
    pixels *= (wanted / pixels.mean()) ** 0.75
    return linear_to_srgb(pixels)
