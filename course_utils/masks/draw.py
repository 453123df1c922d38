"""Draw the textures of the mask types that the course brings.

`python -m course_utils.masks.draw` writes them anew.

Every mask is drawn on one flattened face (see `px`), so all share their anchors. Shades are
multiplied onto a light ground; lengths are distances of the outer eye corners.
"""

import json

import cv2
import numpy as np
from PIL import Image
from scipy.interpolate import PchipInterpolator

from course_utils.files import replacing, write_text
from course_utils.masks.textures import FOLDER
from course_utils.masks.wearing import ANCHORS

WIDTH, HEIGHT, UNIT = 448, 416, 240
CENTRE = (224, 150)
FINER = 3  # drawn at three times the size, then reduced


def px(x, y):
    """Return texture pixels of places on the face; towards the ears the face is unrolled."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    return CENTRE[0] + UNIT * (x + 0.4 * x**3), CENTRE[1] + UNIT * y


def canvas():
    """Return x and y on the face of every pixel of the drawing, each (3 * 416, 3 * 448)."""
    u = (np.arange(WIDTH * FINER) + 0.5) / FINER
    v = (np.arange(HEIGHT * FINER) + 0.5) / FINER
    table = np.linspace(-1.2, 1.2, 400)
    x = np.interp(u, px(table, 0)[0], table)
    return np.broadcast_to(x, (len(v), len(u))), np.broadcast_to(
        ((v - CENTRE[1]) / UNIT)[:, None], (len(v), len(u))
    )


X, Y = canvas()


def mirrored_curve(*points):
    """Return y at every pixel's |x| of a smooth curve through points (|x|, y).

    Both sides are alike.
    """
    x, y = np.array(points).T
    return PchipInterpolator(x, y, extrapolate=True)(np.clip(np.abs(X[0]), x[0], x[-1]))[None]


def between(upper, lower, side):
    """Return coverage 0 to 1 between two curves, and the distance to the edge inside it."""
    inside = ((upper < Y) & (lower > Y) & (np.abs(X) < side)).astype(np.uint8)
    # round the corners as cloth does
    inside = cv2.morphologyEx(
        inside, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (41, 41))
    )
    return inside.astype(float), cv2.distanceTransform(inside, cv2.DIST_L2, 5) / (UNIT * FINER)


def bump(distance, width):
    """Return a Gaussian ridge."""
    return np.exp(-((distance / width) ** 2))


def pleat(curve, depth=1.0):
    """Return the shade of a fold that opens downwards: lit above its edge, dark under it."""
    d = Y - curve
    return depth * (
        0.06 * np.exp(np.minimum(d, 0) / 0.05) * (d < 0)
        - 0.22 * bump(d - 0.010, 0.013)
        - 0.13 * np.exp(-np.maximum(d, 0) / 0.06) * (d >= 0)
    )


def stitches(along, distance, at, width=0.006, pitch=0.028):
    """Return the shade of a row of stitches at a distance from an edge."""
    return (
        -0.14
        * bump(distance - at, width)
        * (0.5 + 0.5 * np.sign(np.sin(along * 2 * np.pi / pitch)))
    )


def finish(color, shade, cover):
    """Return uint8 RGBA of texture size."""
    rgb = np.clip(np.asarray(color, float) / 255 * (1 + shade[..., None]), 0, 1)
    return _reduced(rgb, cover)


def _reduced(rgb, cover):
    stack = np.dstack([rgb * cover[..., None], cover]).astype(np.float32)
    stack = cv2.GaussianBlur(stack, (0, 0), 1.2)
    small = cv2.resize(stack, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    small[..., :3] /= np.maximum(small[..., 3:], 1e-3)
    return np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8)


def surgical(color, pleats=((0.06, 0.08, 1.0), (0.30, 0.18, 1.1), (0.56, 0.29, 1.0))):
    """Draw a pleated surgical mask."""
    upper = mirrored_curve((0, -0.36), (0.10, -0.35), (0.24, -0.29), (0.45, -0.21), (0.70, -0.14))
    lower = mirrored_curve((0, 0.90), (0.15, 0.88), (0.35, 0.77), (0.52, 0.60), (0.70, 0.45))
    cover, edge = between(upper, lower, 0.69)
    shade = -0.05 * (Y - 0.2)
    for middle, side, depth in pleats:
        shade = shade + pleat(
            mirrored_curve((0, middle), (0.3, middle * 0.8 + side * 0.2), (0.7, side)), depth
        )
    shade += -0.05 * bump(Y - upper - 0.075, 0.005) - 0.05 * bump(lower - Y - 0.06, 0.005)
    shade += (
        0.05 * bump(Y - upper - 0.04, 0.016) * (np.abs(X) < 0.26)
    )  # the nose wire below the cloth
    shade += -0.07 * bump(np.abs(X) - 0.635, 0.006) + stitches(Y, np.abs(X), 0.665, 0.008, 0.035)
    shade += -0.06 * bump(edge, 0.014)
    return finish(color, shade, cover)


def surgical_flat(color):
    """The same with its folds nearly closed, as after a day in a pocket."""
    return surgical(
        color, ((0.00, 0.02, 0.5), (0.17, 0.13, 0.8), (0.36, 0.22, 0.5), (0.62, 0.32, 0.4))
    )


def valve(rgb, cover, x, y, radius, color):
    """Set a round filter valve with slots into a mask."""
    r = np.hypot(X - x, Y - y) / radius
    disc = 1 / (1 + np.exp((r - 1) / 0.02))
    light = 0.12 * (y - Y) / radius - 0.28 * bump(r - 0.97, 0.06) + 0.10 * bump(r - 0.85, 0.05)
    light -= 0.25 * bump(r - 0.72, 0.05) + 0.22 * bump((Y - y) / radius % 0.3 - 0.15, 0.07) * (
        r < 0.62
    )
    halo = 0.12 * np.exp(-np.maximum(r - 1, 0) / 0.15) * (r > 1) * (y - 0.5 * radius < Y)
    rgb = rgb * (1 - halo[..., None])
    rgb = rgb + disc[..., None] * (
        np.clip(np.asarray(color) / 255 * (1 + light[..., None]), 0, 1) - rgb
    )
    return rgb, np.maximum(cover, disc)


def cloth(color, seam=True):
    """Draw a sewn mask of cloth."""
    upper = mirrored_curve((0, -0.37), (0.08, -0.36), (0.22, -0.28), (0.42, -0.21), (0.70, -0.11))
    lower = mirrored_curve((0, 0.92), (0.12, 0.91), (0.32, 0.81), (0.52, 0.62), (0.70, 0.38))
    cover, edge = between(upper, lower, 0.69)
    shade = -0.06 * (Y - 0.2)
    if seam:
        shade = (
            shade
            - 0.09 * bump(X, 0.007)
            + 0.04 * bump(X - 0.018, 0.012)
            + stitches(Y, np.abs(X), 0.02)
        )
    shade += (
        stitches(X + Y, edge, 0.045) - 0.05 * bump(edge - 0.052, 0.006) - 0.08 * bump(edge, 0.012)
    )
    for x, y, slant in (
        (0.36, 0.42, 0.5),
        (0.46, 0.18, 0.25),
        (0.30, 0.62, 0.8),
    ):  # what is drawn tight towards the ears
        d = (Y - y) + slant * (np.abs(X) - x)
        shade += 0.05 * bump(d, 0.03) * bump(np.abs(X) - x, 0.16) - 0.06 * bump(
            d - 0.05, 0.03
        ) * bump(np.abs(X) - x, 0.16)
    return finish(color, shade, cover)


def sponge(color):
    """Cloth, second drawing.

    Moulded foam without stitches, with holes for the ears in place of loops.
    """
    upper = mirrored_curve(
        (0, -0.37), (0.07, -0.365), (0.22, -0.29), (0.45, -0.23), (0.70, -0.22), (0.92, -0.26)
    )
    lower = mirrored_curve(
        (0, 0.93), (0.10, 0.91), (0.30, 0.76), (0.50, 0.54), (0.70, 0.30), (0.92, 0.12)
    )
    cover, edge = between(upper, lower, 0.90)
    hole = np.hypot((np.abs(X) - 0.79) / 0.10, (Y - 0.01) / 0.15)
    cover, edge = cover * (hole > 1), np.minimum(edge, np.maximum(hole - 1, 0) * 0.1)
    shade = (
        -0.08 * (Y - 0.2)
        - 0.07 * np.tanh(X / 0.06) * np.exp(-np.abs(X) / 0.25)
        - 0.07 * bump(X, 0.010)
        - 0.07 * bump(edge, 0.010)
    )
    return finish(color, shade, cover)


def folded(color, with_valve=False):
    """KN95: two halves that meet in a fold down the middle."""
    upper = mirrored_curve((0, -0.40), (0.06, -0.39), (0.22, -0.28), (0.45, -0.14), (0.70, -0.04))
    lower = mirrored_curve((0, 0.94), (0.08, 0.92), (0.30, 0.72), (0.50, 0.50), (0.70, 0.32))
    cover, edge = between(upper, lower, 0.70)
    shade = (
        -0.10 * np.tanh(X / 0.05) * np.exp(-np.abs(X) / 0.30)
        - 0.16 * bump(X, 0.008)
        + 0.05 * bump(X + 0.016, 0.012)
    )
    shade += (
        -0.07 * (Y - 0.2)
        - 0.06 * bump(edge - 0.035, 0.005)
        - 0.06 * bump(edge - 0.05, 0.005)
        - 0.06 * bump(edge, 0.012)
    )
    line = mirrored_curve((0, 0.14), (0.35, 0.16), (0.70, 0.15))
    shade += -0.08 * bump(Y - line, 0.006) * (np.abs(X) > 0.16) + 0.04 * bump(
        Y - line + 0.015, 0.008
    ) * (np.abs(X) > 0.16)
    shade += -0.07 * bump(np.abs(X) - 0.60, 0.006)
    rgb = np.clip(np.asarray(color, float) / 255 * (1 + shade[..., None]), 0, 1)
    if with_valve:
        rgb, cover = valve(rgb, cover, 0.27, 0.33, 0.13, (236, 236, 236))
    return _reduced(rgb, cover)


def folded_valve(color):
    """Draw a folded respirator with a valve."""
    return folded(color, with_valve=True)


def cup(color, with_valve=False):
    """N95: a moulded cup with a metal clip over the nose."""
    upper = mirrored_curve(
        (0, -0.39), (0.10, -0.38), (0.28, -0.26), (0.48, -0.08), (0.61, 0.20), (0.62, 0.24)
    )
    lower = mirrored_curve(
        (0, 0.92), (0.18, 0.89), (0.38, 0.73), (0.53, 0.50), (0.61, 0.28), (0.62, 0.24)
    )
    cover, edge = between(upper, lower, 0.64)
    shade = 0.05 - 0.12 * np.clip(Y - 0.1, -0.5, 1) - 0.10 * np.exp(-edge / 0.06)
    for at in (0.055, 0.30):
        shade += -0.09 * bump(edge - at, 0.007) + 0.05 * bump(edge - at - 0.02, 0.010)
    shade += 0.04 * bump(Y - 0.02 - 0.2 * X**2, 0.02) - 0.05 * bump(Y - 0.06 - 0.2 * X**2, 0.02)
    rgb = np.clip(np.asarray(color, float) / 255 * (1 + shade[..., None]), 0, 1)
    clip = (
        1
        / (1 + np.exp(-(0.022 - np.abs(Y - upper - 0.055)) / 0.003))
        / (1 + np.exp((np.abs(X) - 0.20) / 0.006))
    )
    rgb += clip[..., None] * ((0.62 + 0.25 * bump(Y - upper - 0.05, 0.008))[..., None] - rgb)
    if with_valve:
        rgb, cover = valve(rgb, cover, 0, 0.36, 0.16, (232, 232, 230))
    return _reduced(rgb, cover)


def cup_valve(color):
    """Draw a cup-shaped respirator with a valve."""
    return cup(color, with_valve=True)


def half_mask(color):
    """Gas: a rubber half mask with two round cartridges and a valve."""
    upper = mirrored_curve((0, -0.36), (0.08, -0.35), (0.20, -0.18), (0.36, 0.02), (0.50, 0.16))
    lower = mirrored_curve((0, 0.92), (0.20, 0.88), (0.36, 0.74), (0.50, 0.56))
    cover, edge = between(upper, lower, 0.5)
    shade = (
        -0.15 * (Y - 0.2)
        + 0.25 * bump(np.abs(X) - 0.10, 0.07) * (Y < 0.25)
        - 0.25 * np.exp(-edge / 0.03)
    )
    rgb = np.clip(np.asarray(color, float) / 255 * (1 + shade[..., None]), 0, 1)
    for x, y, radius, shown in (
        (0, 0.48, 0.15, (58, 60, 64)),
        (-0.44, 0.40, 0.25, (176, 172, 166)),
        (0.44, 0.40, 0.25, (176, 172, 166)),
    ):
        rgb, cover = valve(rgb, cover, x, y, radius, shown)
    return _reduced(rgb, cover)


# how far the mask stands off the skin where it is more than a surgical mask does
FOLDED = {"nose_tip": 0.10, "mouth": 0.24, "chin": 0.14, "cheek": 0.06}
CUP = {
    "nose_tip": 0.14,
    "mouth": 0.30,
    "chin": 0.18,
    "cheek": 0.12,
    "cheek_upper": 0.05,
    "jaw": 0.06,
}
HALF_MASK = {
    "nose_bridge": 0.06,
    "nose_tip": 0.14,
    "mouth": 0.34,
    "chin": 0.20,
    "cheek": 0.34,
    "side": 0.25,
    "jaw": 0.15,
}

EAR_LOOPS = {"ear_upper": (0.67, -0.10), "ear_lower": (0.66, 0.40)}
FOLDED_LOOPS = {"ear_upper": (0.68, 0.0), "ear_lower": (0.67, 0.29)}
HEAD_STRAPS = {"crown": (0.50, 0.12), "nape": (0.48, 0.42)}

TYPES = {
    # name: drawings of which each mask gets one, color, lifts, straps, other settings
    "surgical": (
        (surgical, surgical_flat),
        (246, 248, 250),
        {},
        EAR_LOOPS,
        {"fibre": 0.25, "relief": 0.6, "dyed_straps": True},
    ),
    "surgical_blue": (
        (surgical, surgical_flat),
        (168, 208, 233),
        {},
        EAR_LOOPS,
        {"fibre": 0.25, "relief": 0.6, "dyed_straps": True},
    ),
    "surgical_green": (
        (surgical, surgical_flat),
        (168, 214, 200),
        {},
        EAR_LOOPS,
        {"fibre": 0.25, "relief": 0.6, "dyed_straps": True},
    ),
    "cloth": (
        (cloth, sponge),
        (196, 204, 214),
        {"mouth": 0.12},
        EAR_LOOPS,
        {"fibre": 0.7, "relief": 0.8, "strap_color": (190, 198, 208), "dyed_straps": True},
    ),
    "KN95": (
        (folded, folded_valve),
        (246, 246, 244),
        FOLDED,
        FOLDED_LOOPS,
        {"fibre": 0.2, "creases": 0.35, "relief": 0.8, "dyed_straps": True},
    ),
    "N95": (
        (cup, cup_valve),
        (242, 240, 234),
        CUP,
        HEAD_STRAPS,
        {"fibre": 0.35, "creases": 0.15, "relief": 0.7, "strap_color": (226, 208, 150)},
    ),
    "gas": (
        (half_mask,),
        (62, 64, 70),
        HALF_MASK,
        HEAD_STRAPS,
        {
            "fibre": 0.1,
            "creases": 0,
            "relief": 1.0,
            "strap_color": (50, 50, 54),
            "strap_width": 0.05,
        },
    ),
}


def describe(files, lifts, straps, settings):
    """Return the TOML text of a type."""
    lines = [f"pictures = {json.dumps(files)}"]
    lines += [
        f"{key} = {list(value) if isinstance(value, tuple) else str(value).lower()}"
        for key, value in settings.items()
    ]
    lines += [
        "",
        "[anchors]  # pixels across and down, then how far the mask stands off the skin there",
    ]
    for name, (x, y, lift) in ANCHORS.items():
        u, v = px(x, y)
        lines.append(
            f"{name} = [{u:.1f}, {v:.1f},"
            f" {lifts.get(name.removesuffix('_left').removesuffix('_right'), lift)}]"
        )
    lines += ["", "[straps]  # where each begins; its name says where it leads to"]
    for name, (x, y) in straps.items():
        for side, sign in (("left", -1), ("right", 1)):
            u, v = px(sign * x, y)
            lines.append(f"{name}_{side} = [{u:.1f}, {v:.1f}]")
    return "\n".join(lines) + "\n"


def main():
    """Write the textures and the numbers of all types."""
    for name, (drawings, color, lifts, straps, settings) in TYPES.items():
        files = [
            f"{name}.png" if number == 0 else f"{name}_{number + 1}.png"
            for number in range(len(drawings))
        ]
        for drawing, file in zip(drawings, files, strict=True):
            with replacing(FOLDER / file) as temporary:
                Image.fromarray(drawing(color)).save(temporary, "PNG", optimize=True)
            print(f"{file}: {(FOLDER / file).stat().st_size / 1000:.0f} kB")
        write_text(FOLDER / f"{name}.toml", describe(files, lifts, straps, settings))


if __name__ == "__main__":
    main()
