"""Glasses, caps, knitted hats and a hand before the mouth."""

import numpy as np

from .mask import EAR_TOP, LIPS, Surface, blur, grid_faces, join, tube, unit
from .person import smoothstep

RIMS = {  # half width and half height (dm), exponent of the superellipse, radius of the wire
    "round": (.215, .205, 2.0, .014),
    "rectangular": (.25, .16, 4.5, .018),
    "thin": (.24, .165, 3.0, .009),
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
    size = apart / .31
    front = max(e[2] for e in eyes) + .33 * size
    height = (eyes[0][1] + eyes[1][1]) / 2 - .035 * size
    angle = np.linspace(0, 2 * np.pi, 40)
    c, s = np.cos(angle), np.sin(angle)
    outline = np.stack([np.sign(c) * np.abs(c) ** (2 / power) * wide,
                        np.sign(s) * np.abs(s) ** (2 / power) * high], 1) * size
    frame, lenses = [], []
    for sign in (-1, 1):
        x, y = sign * apart * 1.04 + outline[:, 0], height + outline[:, 1]
        z = front - .12 * (np.abs(x) / .55) ** 2 * size
        rim = np.stack([x, y, z], 1)
        frame.append(tube(rim, wire * size))
        middle = rim.mean(0, keepdims=True)
        n = len(rim)
        fan = np.stack([np.full(n - 1, n), np.arange(n - 1), np.arange(1, n), np.arange(1, n)], 1)
        lenses.append((np.concatenate([rim, middle]), fan))
        point = np.array(EAR_TOP) * (sign, 1, 1)
        ear = body[assets.body[np.argmin(((assets.vertices[assets.body] - point) ** 2).sum(1))]]
        outer = rim[np.argmax(sign * rim[:, 0])] + (0, .07 * size, 0)
        hinge = np.array([ear[0] + sign * .05, outer[1] + .01, outer[2] - .1 * size])
        behind = ear + (sign * .02, .04, -.12)
        frame.append(tube(np.array([outer, hinge, (hinge + behind) / 2, behind]), wire * size))
    inner = apart * 1.04 - wide * size
    arc = np.linspace(-1, 1, 9)
    bridge = np.stack([arc * inner, height + .07 * size + .04 * size * (1 - arc**2),
                       front + 0 * arc], 1)
    frame.append(tube(bridge, wire * size))
    return join(frame), join(lenses)


def hat(assets, body, kind):
    """Fit a cap or a knitted hat to the skull.

    Returns
    -------
    meshes : list of (vertices, faces)
        Crown, and the visor of a cap.
    tuck : function
        Moves hair vertices that would pierce the crown inside it.
    """
    surface = Surface(assets, body, body[LIPS, 1])
    brow = body[204, 1]
    centre = np.array([0, brow + .12, body[assets.head][:, 2].mean()])
    columns, rows = 64, 22
    azimuth = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None]
    t = np.linspace(0, 1, rows)[:, None]
    front = (np.cos(azimuth) + 1) / 2
    rim = (.22 if kind == "cap" else .2) * front + (-.12 if kind == "cap" else -.22) * (1 - front)
    elevation = rim + (np.pi / 2 - rim) * t
    directions = unit(azimuth + 0 * t, elevation)
    radius = surface.radii(centre, directions)
    for _ in range(10):
        radius = np.maximum(radius, blur(np.pad(radius, ((0, 0), (2, 2)), mode="wrap"))[:, 2:-2])
    radius[-1] = radius[-1].mean()
    thick = .1 if kind == "cap" else .12 + .05 * (t < .28)
    radius = radius + thick + (.05 if kind == "cap" else .08) * np.sin(np.pi * t)
    vertices = centre + directions * radius[..., None]
    meshes = [(vertices.reshape(-1, 3), grid_faces(rows, columns, closed=True))]
    if kind == "cap":
        a = np.linspace(-1, 1, 25)[None] * .95
        q = np.linspace(0, 1, 8)[:, None]
        base = np.stack([np.interp(a[0], azimuth[0], vertices[0, :, k], period=2 * np.pi)
                         for k in range(3)], 1)
        reach = .85 * np.sqrt(np.clip(1 - (a / .97) ** 2, 0, 1))
        visor = np.repeat(base[None], 8, 0)
        visor[..., 2] += q * reach
        visor[..., 1] += -.40 * q * reach - .06 * q * (a / .95) ** 2 + .03
        meshes.append((visor.reshape(-1, 3), grid_faces(8, 25)))

    def tuck(hair):
        offset = hair - centre
        distance = np.linalg.norm(offset, axis=1)
        direction = offset / distance[:, None]
        around = np.arctan2(direction[:, 0], direction[:, 2])
        up = np.arcsin(direction[:, 1])
        f = (np.cos(around) + 1) / 2
        r = (.22 if kind == "cap" else .2) * f + (-.12 if kind == "cap" else -.22) * (1 - f)
        column = np.round((around % (2 * np.pi)) / (2 * np.pi) * columns).astype(int) % columns
        row = np.clip(np.round((up - r) / (np.pi / 2 - r) * (rows - 1)), 0, rows - 1).astype(int)
        limit = radius[row, column] - .05
        inside = np.minimum(distance, limit)
        share = smoothstep(up - r, -.25, .02)
        return centre + direction * (distance + (inside - distance) * share)[:, None]

    return meshes, tuck


def hand(assets, body, rng):
    """Bring the person's own hand before the mouth.

    Forearm and hand of the body are moved as one piece: palm to the lips,
    fingers across the face, bent around it.

    Returns
    -------
    vertices : ndarray, shape (19158, 3), dm
        Only the moved piece is meaningful.
    faces, face_uvs : ndarray of int, shape (F, 4)
    """
    side = "l" if rng.random() < .5 else "r"
    sign = 1 if side == "l" else -1

    def joint(name):
        return body[assets.groups[f"joint-{side}-{name}"]].mean(0)

    wrist, knuckle, little, first = (joint(n) for n in ("hand", "finger-3-1", "finger-5-1",
                                                        "finger-2-1"))
    along = knuckle - wrist
    along /= np.linalg.norm(along)
    across = first - little
    across -= along * (across @ along)
    across /= np.linalg.norm(across)
    normal = np.cross(along, across) * sign
    source = np.stack([along, across, normal])
    # fingers point over the mouth to the other cheek and up; the thumb's side is up
    tilt = np.radians(rng.uniform(18, 50))
    new_along = np.array([-sign * np.cos(tilt), np.sin(tilt), 0])
    new_normal = np.array([0, 0, -1.])
    new_across = np.cross(new_normal, new_along) * sign
    if new_across[1] < 0:
        new_across, new_normal = -new_across, -new_normal
    target = np.stack([new_along, new_across, new_normal])
    vertices = (body - knuckle) @ source.T @ target
    bend = vertices @ new_along
    vertices[:, 2] -= .22 * np.maximum(bend, -.2) ** 2 * np.sign(np.maximum(bend, 0) + 1e-6)
    mouth = body[LIPS] + (sign * rng.uniform(.05, .2), rng.uniform(-.05, .12), 0)
    vertices += mouth
    elbow = joint("elbow")
    reach = (body - elbow) @ (wrist - elbow) / ((wrist - elbow) @ (wrist - elbow))
    base = assets.vertices
    arm = (sign * base[:, 0] > 2.5) & (base[:, 1] > .8) & (reach > .12)
    faces = arm[assets.faces].all(1)
    near = (np.abs(vertices[:, 0] - mouth[0]) < .8) & arm
    surface = Surface(assets, body, body[LIPS, 1] - 1.2)
    gap = []
    for point in vertices[near]:
        if abs(point[1] - mouth[1]) < .7:
            hit = surface.tree.ray_cast((point[0], point[1], 6), (0, 0, -1))[0]
            if hit is not None:
                gap.append(hit[2] - point[2])
    vertices[:, 2] += (np.percentile(gap, 92) if gap else 0) + .02
    return vertices, assets.faces[faces], assets.face_uvs[faces]
