"""What else covers a mouth: the person's own hand or fist, and a raised forearm."""

import colorsys

import numpy as np

from . import materials
from .mask import LIPS, Surface, grid_faces
from .person import smoothstep

SIZE = 0.92  # of a hand; the base mesh has large ones


def joint(assets, body, side, name):
    return body[assets.groups[f"joint-{side}-{name}"]].mean(0)


def frame(along, across, sign):
    """Return three orthogonal unit vectors as rows: along, across and out of the back of a hand."""
    along = along / np.linalg.norm(along)
    across = across - along * (across @ along)
    across = across / np.linalg.norm(across)
    return np.stack([along, across, np.cross(along, across) * sign])


def hand_frame(assets, body, side):
    """Return the frame of a hand on the unposed body: to the fingers, to the thumb, to the palm."""
    wrist, middle, little, first = (
        joint(assets, body, side, n) for n in ("hand", "finger-3-1", "finger-5-1", "finger-2-1")
    )
    return frame(middle - wrist, first - little, 1 if side == "l" else -1)


def bend_fingers(assets, body, side, degrees):
    """Bend the four fingers at their three joints, and the thumb a little.

    Parameters
    ----------
    body : ndarray, shape (19158, 3), dm
    side : str
        ``l`` or ``r``.
    degrees : array_like, shape (5, 3)
        Thumb first, for the joint at the palm, the middle one and the last one.
    """
    base, sign = assets.vertices, 1 if side == "l" else -1
    _, across, normal = hand_frame(assets, body, side)
    chains = [
        [joint(assets, base, side, f"finger-{k}-{j}") for j in range(1, 5)] for k in range(1, 6)
    ]
    on_hand = np.flatnonzero(sign * base[:, 0] > sign * joint(assets, base, side, "hand")[0] * 0.83)

    def distance(points, a, b):
        t = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)[:, None]
        return np.linalg.norm(points - a - t * (b - a), axis=1)

    near = np.stack(
        [
            np.min([distance(base[on_hand], c[j], c[j + 1]) for j in range(3)], axis=0)
            for c in chains
        ]
    )
    owner = near.argmin(0)
    bent = body.copy()
    for k, chain in enumerate(chains):
        mine = on_hand[owner == k]
        axis = (
            across
            if k
            else np.cross(
                normal,
                joint(assets, body, side, "finger-1-4") - joint(assets, body, side, "finger-1-2"),
            )
        )
        axis = axis / np.linalg.norm(axis)
        for j in (2, 1, 0):
            along = chain[j + 1] - chain[j]
            size = np.linalg.norm(along)
            weight = smoothstep((base[mine] - chain[j]) @ along / size, -0.06, 0.06)
            pivot = joint(assets, body, side, f"finger-{k + 1}-{j + 1}")
            angle = np.radians(degrees[k][j])
            turn = spin(axis, normal, joint(assets, body, side, f"finger-{k + 1}-{j + 2}") - pivot)
            offset = bent[mine] - pivot
            c, s = np.cos(angle * weight)[:, None], (np.sin(angle * weight) * turn)[:, None]
            bent[mine] = pivot + (
                offset * c + np.cross(axis, offset) * s + axis * (offset @ axis)[:, None] * (1 - c)
            )
    return bent


def spin(axis, normal, along):
    """Return +1 or -1, the sense about `axis` that bends `along` towards the palm."""
    return 1.0 if np.cross(axis, along) @ normal > 0 else -1.0


def placed(vertices, origin, source, target):
    """Move vertices rigidly: `origin` to zero, the rows of `source` to those of `target`."""
    return (vertices - origin) @ source.T @ target


def before_face(assets, body, vertices, piece, mouth, share=92):
    """Return how far to move a piece (bool per vertex) so that it touches the face."""
    surface = Surface(assets, body, body[LIPS, 1] - 1.2)
    gap = []
    for point in vertices[piece]:
        if np.abs(point[:2] - mouth[:2]).max() < 0.75:
            hit = surface.tree.ray_cast((point[0], point[1], 6), (0, 0, -1))[0]
            if hit is not None:
                gap.append(hit[2] - point[2])
    return np.percentile(gap, share) if gap else 0


def hand(assets, body, rng):
    """Bring the person's own hand before the mouth: open, or as a fist for a cough.

    Forearm and hand of the body are moved as one piece.

    Returns
    -------
    vertices : ndarray, shape (19158, 3), dm
        Only the moved piece is meaningful.
    faces, face_uvs : ndarray of int, shape (F, 4)
    """
    side = "l" if rng.random() < 0.5 else "r"
    sign = 1 if side == "l" else -1
    fist = rng.random() < 0.4
    source = hand_frame(assets, body, side)
    if fist:
        angles = rng.normal((70, 80, 45), 6, (5, 3))
        angles[0] = (15, 25, 20)
    else:
        angles = rng.normal((12, 14, 8), 4, (5, 3)) + np.arange(5)[:, None] * 2
        angles[0] = (5, 5, 5)
    shaped = bend_fingers(assets, body, side, angles)
    wrist, knuckle = joint(assets, body, side, "hand"), joint(assets, body, side, "finger-3-1")
    # fingers point over the mouth to the other cheek and up; the thumb's side is up
    tilt = np.radians(rng.uniform(25, 60) if fist else rng.uniform(8, 42))
    along = np.array([-sign * np.cos(tilt), np.sin(tilt), 0.0])
    target = frame(
        along,
        np.array([sign * 0.6, 1.0, 0.0]) if not fist else np.array([sign * 0.5, 1, 0.35]),
        sign,
    )
    if target[2] @ (0, 0, -1) < 0:
        target[1:] *= -1
    vertices = SIZE * placed(shaped, knuckle, source, target)
    mouth = body[LIPS] + (sign * rng.uniform(0.0, 0.15), rng.uniform(-0.08, 0.08), 0)
    vertices += mouth + target[0] * (0.34 if fist else -0.05)
    elbow = joint(assets, body, side, "elbow")
    reach = (body - elbow) @ (wrist - elbow) / ((wrist - elbow) @ (wrist - elbow))
    arm = (sign * assets.vertices[:, 0] > 2.5) & (assets.vertices[:, 1] > 0.8) & (reach > 0.12)
    arm[np.setdiff1d(np.arange(len(body)), assets.body)] = False
    if not fist:  # the palm follows the roundness of the face
        bend = (vertices - mouth) @ target[0]
        vertices[:, 2] -= 0.2 * np.clip(bend, 0, 1) ** 2
    near = arm & (np.linalg.norm(vertices - mouth, axis=1) < 1.0)
    vertices[:, 2] += before_face(assets, body, vertices, near, mouth, 96) + 0.02
    faces = arm[assets.faces].all(1)
    return vertices, assets.faces[faces], assets.face_uvs[faces]


def raised_arm(assets, body, rng):
    """Raise a forearm before the mouth, as when sneezing.

    Returns
    -------
    vertices, faces, face_uvs
        As for `hand`: forearm and hand.
    sleeve : (vertices, faces)
        From the shoulder over the elbow to the wrist, or to the middle of the forearm.
    """
    side = "l" if rng.random() < 0.5 else "r"
    sign = 1 if side == "l" else -1
    wrist, elbow = joint(assets, body, side, "hand"), joint(assets, body, side, "elbow")
    angles = np.full((5, 3), 35.0) + rng.normal(0, 6, (5, 3))
    shaped = bend_fingers(assets, body, side, angles)
    source = hand_frame(assets, body, side)
    axis = frame(wrist - elbow, source[1], sign)
    tilt = rng.uniform(-0.1, 0.45)
    target = frame(
        np.array([-sign * np.cos(tilt), np.sin(tilt), -0.12]), np.array([0, 1, 0.3]), sign
    )
    if target[2] @ (0, 0, -1) < 0:
        target[1:] *= -1
    at = rng.uniform(0.1, 0.6)  # which part of the forearm is before the mouth; 0 is the elbow
    mouth = body[LIPS] + (0, rng.uniform(-0.15, 0.05), 0)
    origin = elbow + at * (wrist - elbow)
    vertices = placed(shaped, origin, axis, target) + mouth
    reach = (body - elbow) @ (wrist - elbow) / ((wrist - elbow) @ (wrist - elbow))
    arm = (sign * assets.vertices[:, 0] > 2.5) & (assets.vertices[:, 1] > 0.8) & (reach > 0.05)
    arm[np.setdiff1d(np.arange(len(body)), assets.body)] = False
    ends = placed(np.stack([elbow, wrist]), origin, axis, target) + mouth
    push = before_face(assets, body, vertices, arm, mouth, 98) + rng.uniform(0.08, 0.2)
    vertices[:, 2] += push
    ends[:, 2] += push
    shoulder = joint(assets, body, side, "shoulder") + (0, 0.05, 0.25)
    covered = 0.93 if rng.random() < 0.65 else rng.uniform(0.45, 0.6)  # or pushed up
    sleeve = cloth_tube(shoulder, ends[0], ends[0] + covered * (ends[1] - ends[0]), rng)
    faces = (arm & (reach > covered - 0.08))[assets.faces].all(1)
    return vertices, assets.faces[faces], assets.face_uvs[faces], sleeve


def cloth_tube(shoulder, elbow, end, rng):
    """Build a sleeve with folds, bent at the elbow."""
    upper, lower = np.linalg.norm(elbow - shoulder), np.linalg.norm(end - elbow)
    length = np.concatenate([np.linspace(0, upper, 30), upper + np.linspace(0.04, lower, 30)])
    q = np.clip(length / upper, 0, 1)[:, None]
    r = np.clip((length - upper) / max(lower, 0.01), 0, 1)[:, None]
    path = shoulder + q * (elbow - shoulder) + r * (end - elbow)
    for _ in range(14):
        path[1:-1] = (path[:-2] + 2 * path[1:-1] + path[2:]) / 4
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    first = np.cross(along, (0.3, 0.0, 1.0))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(along, first)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)[None]
    wide = np.interp(length, (0, upper, upper + lower), (0.62, 0.50, 0.36))[:, None]
    phase = rng.uniform(0, 6, 3)
    near = np.exp(-(((length - upper) / 0.7) ** 2))[:, None]
    folds = np.sin(length[:, None] * 9 + 1.6 * np.sin(angle + phase[0]) + phase[1])
    wide = (
        wide
        + (0.018 + 0.03 * near) * folds
        + 0.02 * np.sin(3 * angle + 4 * length[:, None] + phase[2])
    )
    ring = path[:, None] + wide[..., None] * (
        np.cos(angle)[..., None] * first[:, None] + np.sin(angle)[..., None] * second[:, None]
    )
    return ring.reshape(-1, 3), grid_faces(60, 40, closed=True)


def cloth_colour(texture, person):
    """Return the linear colour of a person's clothes, hue shift included."""
    pixels = materials.linear_pixels(texture)
    colour = np.median(pixels[pixels[..., 3] > 0.5][:, :3], axis=0)
    hue, saturation, value = colorsys.rgb_to_hsv(*np.clip(colour, 0, 1))
    return np.array(
        colorsys.hsv_to_rgb(
            (hue + person["clothes_hue"] - 0.5) % 1,
            min(saturation * person["clothes_saturation"], 1),
            min(value * person["clothes_value"], 0.55),
        )
    )
