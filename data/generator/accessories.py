"""Glasses that sit on the nose and reach to the ears."""

import numpy as np

from .mask import EAR_TOP, join, tube

RIMS = {  # half width and half height (dm), exponent of the superellipse, radius of the wire
    "round": (0.215, 0.205, 2.0, 0.014),
    "rectangular": (0.25, 0.16, 4.5, 0.018),
    "thin": (0.24, 0.165, 3.0, 0.009),
}


def glasses(assets, body, kind):
    """Build glasses that sit on the nose and reach to the ears.

    Returns
    -------
    frame, lenses : (vertices, faces)
    """
    wide, high, power, wire = RIMS[kind]
    eyes = [body[assets.groups[f"helper-{side}-eye"]].mean(0) for side in "rl"]
    apart = (eyes[1][0] - eyes[0][0]) / 2
    size = apart / 0.31
    front = max(e[2] for e in eyes) + 0.33 * size
    height = (eyes[0][1] + eyes[1][1]) / 2 - 0.035 * size
    angle = np.linspace(0, 2 * np.pi, 40)
    c, s = np.cos(angle), np.sin(angle)
    outline = (
        np.stack(
            [
                np.sign(c) * np.abs(c) ** (2 / power) * wide,
                np.sign(s) * np.abs(s) ** (2 / power) * high,
            ],
            1,
        )
        * size
    )
    frame, lenses = [], []
    for sign in (-1, 1):
        x, y = sign * apart * 1.04 + outline[:, 0], height + outline[:, 1]
        z = front - 0.12 * (np.abs(x) / 0.55) ** 2 * size
        rim = np.stack([x, y, z], 1)
        frame.append(tube(rim, wire * size))
        middle = rim.mean(0, keepdims=True)
        n = len(rim)
        fan = np.stack([np.full(n - 1, n), np.arange(n - 1), np.arange(1, n), np.arange(1, n)], 1)
        lenses.append((np.concatenate([rim, middle]), fan))
        point = np.array(EAR_TOP) * (sign, 1, 1)
        ear = body[assets.body[np.argmin(((assets.vertices[assets.body] - point) ** 2).sum(1))]]
        outer = rim[np.argmax(sign * rim[:, 0])] + (0, 0.07 * size, 0)
        hinge = np.array([ear[0] + sign * 0.05, outer[1] + 0.01, outer[2] - 0.1 * size])
        behind = ear + (sign * 0.02, 0.04, -0.12)
        frame.append(tube(np.array([outer, hinge, (hinge + behind) / 2, behind]), wire * size))
    inner = apart * 1.04 - wide * size
    arc = np.linspace(-1, 1, 9)
    bridge = np.stack(
        [arc * inner, height + 0.07 * size + 0.04 * size * (1 - arc**2), front + 0 * arc], 1
    )
    frame.append(tube(bridge, wire * size))
    return join(frame), join(lenses)
