"""Hair styles made of strands: where it parts, how long it is, how it curls, where it is tied."""

import numpy as np

from . import landmarks, strands
from .person import CHIN, smoothstep

# `length` of top and sides (dm), flow (away from a parting, forward, back, out or to a tie),
# volume (dm above the skin), curl (width and period, dm), locks drawn together, `cut`: where
# the hair ends (dm above the chin), `fringe`: whether the front is cut above the brows
STYLES = {
    "straight": {
        "length": (3.4, 3.0),
        "flow": "part",
        "volume": 0.10,
        "curl": (0.015, 1.3),
        "locks": (600, 0.22),
    },
    "waves": {
        "length": (3.2, 2.8),
        "flow": "part",
        "volume": 0.16,
        "curl": (0.09, 0.85),
        "locks": (260, 0.5),
    },
    "curls": {
        "length": (1.9, 1.7),
        "flow": "part",
        "volume": 0.3,
        "curl": (0.09, 0.36),
        "locks": (260, 0.6),
        "steps": 26,
    },
    "bob": {
        "length": (2.4, 2.0),
        "flow": "part",
        "volume": 0.13,
        "curl": (0.02, 1.5),
        "locks": (600, 0.2),
        "cut": 0.02,
    },
    "fringe": {
        "length": (3.2, 2.8),
        "flow": "part",
        "volume": 0.11,
        "curl": (0.015, 1.4),
        "locks": (600, 0.22),
        "fringe": True,
    },
    "fringe_bob": {
        "length": (2.4, 2.0),
        "flow": "part",
        "volume": 0.13,
        "curl": (0.03, 1.2),
        "locks": (500, 0.25),
        "cut": -0.15,
        "fringe": True,
    },
    "bun": {
        "length": (2.6, 2.6),
        "flow": "tie",
        "volume": 0.05,
        "curl": (0.012, 0.9),
        "locks": (900, 0.15),
    },
    "ponytail": {
        "length": (2.6, 2.6),
        "flow": "tie",
        "volume": 0.05,
        "curl": (0.012, 0.9),
        "locks": (900, 0.15),
    },
    "pixie": {
        "length": (0.75, 0.5),
        "flow": "forward",
        "volume": 0.09,
        "curl": (0.02, 0.7),
        "locks": (240, 0.5),
        "fringe": True,
    },
    "afro": {
        "length": (0.75, 0.62),
        "flow": "out",
        "volume": 0.3,
        "curl": (0.05, 0.13),
        "locks": (700, 0.35),
        "steps": 18,
    },
    "short_curls": {
        "length": (0.5, 0.3),
        "flow": "out",
        "volume": 0.1,
        "curl": (0.05, 0.15),
        "locks": (500, 0.55),
        "steps": 14,
    },
    "twists": {
        "length": (1.5, 1.3),
        "flow": "part",
        "volume": 0.12,
        "curl": (0.025, 0.13),
        "locks": (190, 0.93),
        "steps": 26,
    },
    "crop": {
        "length": (0.36, 0.16),
        "flow": "forward",
        "volume": 0.06,
        "curl": (0.015, 0.5),
        "locks": (300, 0.4),
    },
    "side_part": {
        "length": (0.95, 0.22),
        "flow": "side",
        "volume": 0.12,
        "curl": (0.015, 1.0),
        "locks": (220, 0.45),
    },
    "slick": {
        "length": (1.1, 0.3),
        "flow": "back",
        "volume": 0.07,
        "curl": (0.012, 1.0),
        "locks": (220, 0.4),
    },
    "quiff": {
        "length": (0.75, 0.2),
        "flow": "up",
        "volume": 0.16,
        "curl": (0.025, 0.7),
        "locks": (200, 0.5),
    },
    "receding": {
        "length": (0.3, 0.25),
        "flow": "forward",
        "volume": 0.04,
        "curl": (0.012, 0.5),
        "locks": (300, 0.3),
    },
}
COUNT = 7500
HAIRLINE = 8.0  # on the base mesh, dm
TIE = {"bun": (0, 8.25, -0.42), "ponytail": (0, 7.75, -0.62)}  # on the base mesh, dm


def density(assets, scalp, style, line=HAIRLINE):
    """Return where hair grows, shape (19158,), range [0, 1]; `line` is its height in front, dm."""
    x, y, z = assets.vertices.T
    lower = smoothstep(y - (line - np.abs(x) ** 3), -0.05, 0.08) * smoothstep(z, 0.7, 1.0)
    scalp = np.maximum(scalp, lower * (np.abs(x) < 0.6))
    if style != "receding":
        return scalp
    top = smoothstep(y, 7.85, 8.15) * smoothstep(z, -0.25, 0.25)
    return scalp * (1 - 0.93 * top)


def comb(style, base, points, part, tie):
    """Return the direction in which hair is combed at each root, shape (N, 3)."""
    flow = STYLES[style]["flow"]
    if flow == "tie":
        return tie - points
    if flow == "back":
        return points * (0.25, 0, 0) + (0, 0.1, -1)
    if flow == "up":
        front = smoothstep(base[:, 2], 0.2, 1.0)[:, None]
        return front * (np.array([0.25 * np.sign(part), 1.1, -0.2])) + (1 - front) * (0, -0.2, -1)
    if flow == "side":
        top = smoothstep(base[:, 1], 7.95, 8.2)[:, None]
        over = np.array([-np.sign(part), 0.25, 0.1])
        return top * over + (1 - top) * (0, -1, -0.45)
    low, high = (0.0, 1.25) if flow == "part" else (-0.1, -0.1)
    if STYLES[style].get("fringe") and flow == "part":
        high = 0.35
    nearest = np.stack(
        [np.full(len(base), part), np.full(len(base), 8.45), np.clip(base[:, 2], low, high)], 1
    )
    return base - nearest + (0, 0.05, -0.12 if flow == "part" else 0)


def before_the_face(path, body):
    """Return which points of strands hide forehead, eyes or nose, shape (N, S)."""
    chin, brow = body[CHIN], body[landmarks.VERTICES[19], 1]
    return (
        (np.abs(path[..., 0]) < 0.42)
        & (path[..., 2] > chin[2] - 0.5)
        & (path[..., 1] < brow + 0.32)
    )


def off_the_face(points, body, allowed=None):
    """Push points that hang before the face to its sides; `allowed` ones may stay."""
    chin = body[CHIN]
    temple = np.abs(body[[landmarks.VERTICES[i] for i in (0, 16)], 0]).mean()
    brow = body[landmarks.VERTICES[19], 1]
    high = brow - chin[1] + 0.42
    across, up = (
        points[:, 0] / (temple * 0.93),
        (points[:, 1] - chin[1] - high * 0.42) / (high * 0.58),
    )
    reach = np.hypot(across, up)
    before = (points[:, 2] > chin[2] - 0.75) & (reach < 1)
    if allowed is not None:
        before &= ~allowed
    out = points.copy()
    side = np.where(points[:, 0] < 0, -1, 1)
    wide = np.sqrt(np.clip(1 - up**2, 0, 1)) * temple * 0.93
    out[before, 0] = (side * np.maximum(np.abs(points[:, 0]), wide))[before]
    return out


def style(assets, body, person, scalp):
    """Grow the hair of a person.

    Parameters
    ----------
    assets : Assets
    body : ndarray, shape (19158, 3), dm
        The morphed body before the head is turned.
    person : dict
        ``hair`` (a key of `STYLES`) and the seed ``shape`` are read.
    scalp : ndarray, shape (19158,), range [0, 1]

    Returns
    -------
    ndarray, shape (N, S, 3), dm
    """
    name = person["hair"]
    form = STYLES[name]
    rng = np.random.default_rng([int(person["shape"]), 1])
    steps = form.get("steps", 16)
    count = COUNT // 2 if person.get("whole_body") else COUNT
    points, normals, base = strands.roots(
        assets, body, density(assets, scalp, name, HAIRLINE - 0.1), count, rng
    )
    # the vertices are too far apart for a smooth hairline: cut it at each root
    line = HAIRLINE + 0.02 - np.abs(base[:, 0]) ** 3 + rng.normal(0, 0.02, len(base))
    above = (base[:, 1] > line) | (base[:, 2] < 0.9) | (np.abs(base[:, 0]) > 0.55)
    points, normals, base = points[above], normals[above], base[above]
    number = len(points)
    skull = strands.Skull(assets, body)
    part = rng.choice([-1, 1]) * rng.uniform(0.0, 0.4)
    if form["flow"] == "side":
        part = np.sign(part) * 0.45
    tie = None
    if form["flow"] == "tie":
        index = np.argmin(((assets.vertices[assets.body] - TIE[name]) ** 2).sum(1))
        tie = body[assets.body[index]]
    top = smoothstep(base[:, 1], 7.8, 8.25)
    length = form["length"][1] + (form["length"][0] - form["length"][1]) * top
    length = length * rng.uniform(0.8, 1.2) * rng.uniform(0.82, 1.08, number)
    gap = 0.015 + form["volume"] * rng.random(number) ** 1.3 * (0.6 + 0.4 * top)
    combed = strands.normalised(comb(name, base, points, part, tie))
    combed -= normals * (combed * normals).sum(1, keepdims=True) * 0.8
    combed = strands.normalised(combed + rng.normal(0, 0.12, combed.shape))
    front = (base[:, 2] > 0.75) & (np.abs(base[:, 0]) < 0.52)
    fringed = front & bool(form.get("fringe"))
    brow = max(body[landmarks.VERTICES[i], 1] for i in (18, 19, 24, 25))

    if form["flow"] == "out":
        path = tuft(points, normals, length, steps, rng)
    else:
        weight = {"part": 0.35, "forward": 0.5, "tie": 1}.get(form["flow"], 0.8)
        free = fringed if form["flow"] in ("part", "forward") else np.ones(number, bool)

        away = np.where(base[:, 0] < part, -1.0, 1.0)[:, None] * (1.0, 0, 0) + (0, -0.3, -0.45)

        def force(at, t):
            if tie is not None:
                return strands.normalised(tie - at)
            held = weight * max(0, 1 - t * (2.2 if form["flow"] == "part" else 1.1))
            down = np.array([0, -1, 0]) * (1 - held) * (0.5 if form["flow"] == "up" else 1)
            if form["flow"] != "part":
                return combed * held + down
            ahead = smoothstep(0.62 - np.abs(at[:, 0]), 0, 0.3) * smoothstep(at[:, 2], 0.2, 0.7)
            ahead = (ahead * (at[:, 1] > brow) * ~fringed)[:, None]
            return away * ahead + (combed * held + down) * (1 - ahead)

        def outside(at):
            at = skull.outside(at, gap)
            if tie is not None:
                return at
            return skull.outside(off_the_face(at, body, free), gap)

        lift = 0.15 if form["flow"] in ("tie", "back") else 0.45
        path = strands.grow(
            points,
            strands.normalised(combed + lift * normals),
            length,
            steps,
            force,
            outside,
            0.35 if tie is not None else 0.6,
        )
    if tie is not None:
        close = np.linalg.norm(path - tie, axis=2) < 0.12
        path = strands.cut(path, close)
    locks, strength = form["locks"]
    path, lock = strands.clump(path, locks, strength * (1 - 0.7 * fringed[:, None, None]), rng)
    path = strands.curl(path, *form["curl"], lock, rng)
    if "cut" in form:
        end = body[CHIN, 1] + form["cut"] + rng.normal(0, 0.035, number)
        path = strands.cut(path, path[..., 1] < end[:, None])
    if form.get("fringe"):
        end = brow + 0.10 + rng.normal(0, 0.03, number) + 0.3 * base[:, 0] ** 2
        over = (path[..., 1] < end[:, None]) & (path[..., 2] > body[CHIN, 2] - 0.5)
        path = strands.cut(path, over & fringed[:, None])
        more = np.repeat(path[fringed], 2, 0)
        more = more + rng.normal(0, 0.02, (len(more), 1, 3)) * (1, 0.6, 0)
        path, fringed = np.concatenate([path, more]), np.append(fringed, np.ones(len(more), bool))
    if form["flow"] in ("part", "back"):
        path = path[~before_the_face(path, body).any(1) | fringed]
    if form["flow"] in ("part", "forward", "side", "back"):
        above = path[..., 1] > skull.centre[1]
        height = skull.height(path.reshape(-1, 3)).reshape(path.shape[:2])
        path = path[np.where(above, height, 0).max(1) < form["volume"] + form["curl"][0] + 0.1]
    if tie is not None:
        path = np.concatenate([path, tied(name, tie, skull, steps, rng)])
    return path


def tuft(points, normals, length, steps, rng):
    """Let hair stand away from the head, its ends on an uneven round outline."""
    way = strands.normalised(normals + rng.normal(0, 0.28, normals.shape) + (0, 0.12, 0))
    t = np.linspace(0, 1, steps)[None, :, None]
    return points[:, None] + way[:, None] * length[:, None, None] * t


def tied(name, tie, skull, steps, rng):
    """Return the strands of a bun or a ponytail behind the tie."""
    back = strands.normalised(tie - skull.centre)
    if name == "ponytail":
        count = 900
        start = tie + rng.normal(0, 0.05, (count, 3)) + back * 0.04
        way = strands.normalised(back + rng.normal(0, 0.2, (count, 3)))
        length = rng.uniform(2, 3.4) * rng.uniform(0.75, 1.1, count)
        return strands.grow(
            start,
            way,
            length,
            steps,
            lambda at, t: np.array([[0, -1, 0]]),
            lambda at: skull.outside(at, 0.1),
            0.7,
        )
    count, size = 1500, rng.uniform(0.26, 0.38)
    axis = strands.normalised(back + rng.normal(0, 0.45, (count, 3)))
    first = strands.normalised(np.cross(axis, rng.normal(size=(count, 3))))
    second = np.cross(axis, first)
    turn = np.linspace(0, 1, steps)[None, :, None] * rng.uniform(1.5, 4, (count, 1, 1))
    high = rng.uniform(-0.75, 0.75, (count, 1, 1))
    ring = np.cos(turn) * first[:, None] + np.sin(turn) * second[:, None]
    around = strands.normalised(ring * np.sqrt(1 - high**2) + high * axis[:, None])
    return tie + back * size * 0.7 + around * size * rng.uniform(0.75, 1.04, (count, 1, 1))
