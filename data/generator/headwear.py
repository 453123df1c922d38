"""Caps, knitted hats, hoods and headscarves, fitted to the skull."""

import numpy as np

from .landmarks import VERTICES
from .mask import LIPS, Surface, blur, grid_faces, tube, unit
from .person import CHIN, smoothstep

RIM = {"cap": (0.30, -0.14), "knit_hat": (0.27, -0.2)}  # elevation in front and behind, radians
OPENING = {"hood": (0.68, 1.1, 1.02), "headscarf": (0.56, 1.0, 1.01)}  # angle from straight ahead:
# at the forehead and at the temples in radians, at the chin as a multiple of the chin's


def wrapped(values):
    """Blur a grid whose columns close a circle."""
    return blur(np.pad(values, ((0, 0), (2, 2)), mode="wrap"))[:, 2:-2]


def headwear(assets, body, kind, rng):
    """Build what a person wears on the head.

    Parameters
    ----------
    assets : Assets
    body : ndarray, shape (19158, 3), dm
    kind : str
        ``cap``, ``knit_hat``, ``hood`` or ``headscarf``.
    rng : numpy.random.Generator
        The same for every picture of a person.

    Returns
    -------
    meshes : list of (vertices, faces)
    tuck : function
        Moves points of the hair that would pierce the cloth inside it.
    """
    return hat(assets, body, kind, rng) if kind in RIM else veil(assets, body, kind, rng)


def hat(assets, body, kind, rng):
    """Build a cap with a curved visor, or a knitted hat with a folded brim."""
    surface = Surface(assets, body, body[LIPS, 1])
    centre = np.array([0, body[VERTICES[19], 1] + 0.12, body[assets.head][:, 2].mean()])
    columns, rows = 144, 26
    azimuth = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None]
    t = np.linspace(0, 1, rows)[:, None]
    backward = kind == "cap" and rng.random() < 0.25
    high, low = RIM[kind]
    if backward:
        high -= 0.05

    def rim(angle):
        ahead = (np.cos(angle) + 1) / 2
        return high * ahead + low * (1 - ahead)

    elevation = rim(azimuth) + (np.pi / 2 - rim(azimuth)) * t
    radius = surface.radii(centre, unit(azimuth + 0 * t, elevation)[:, ::2])
    radius = np.repeat(radius, 2, 1)
    for _ in range(10):
        radius = np.maximum(radius, wrapped(radius))
    radius[-1] = radius[-1].mean()
    arch = np.sin(np.pi * t)
    if kind == "cap":
        seam = np.exp(-(((azimuth * 3 / np.pi - np.round(azimuth * 3 / np.pi)) / 0.035) ** 2))
        radius = radius + 0.09 + 0.07 * arch - 0.012 * seam * arch**0.3
    else:
        ribs = 0.010 * np.cos(azimuth * 48)
        brim = 0.06 * smoothstep(0.3 - t, 0, 0.03)
        folds = 0.02 * np.sin(3 * azimuth + rng.uniform(0, 6)) * arch
        radius = radius + 0.11 + brim + ribs + folds + rng.uniform(0.04, 0.2) * arch * t
    vertices = centre + unit(azimuth + 0 * t, elevation) * radius[..., None]
    meshes = [(vertices.reshape(-1, 3), grid_faces(rows, columns, closed=True))]
    if kind == "cap":
        meshes += [
            visor(vertices[0], azimuth[0], np.pi if backward else 0),
            button(vertices[-1, 0]),
        ]

    def tuck(hair):
        distance, direction, around, up = polar(hair - centre)
        column = np.round((around % (2 * np.pi)) / (2 * np.pi) * columns).astype(int) % columns
        r = rim(around)
        row = np.clip(np.round((up - r) / (np.pi / 2 - r) * (rows - 1)), 0, rows - 1).astype(int)
        inside = np.minimum(distance, radius[row, column] - 0.06)
        share = smoothstep(up - r, -0.25, 0.0)
        return centre + direction * (distance + (inside - distance) * share)[:, None]

    return meshes, tuck


def visor(edge, azimuth, middle):
    """Build a visor on the edge of a cap, bent down at its sides."""
    a = np.linspace(-1, 1, 31)[None]
    q = np.linspace(0, 1, 9)[:, None]
    base = np.stack(
        [np.interp(middle + a[0], azimuth, edge[:, k], period=2 * np.pi) for k in range(3)], 1
    )
    reach = 0.6 * np.clip(1 - a**2, 0, 1) ** 0.85 * q
    sheet = np.repeat(base[None], 9, 0)
    sheet[..., 2] += np.cos(middle) * reach
    sheet[..., 0] *= 1 + 0.06 * q
    sheet[..., 1] += -(0.10 + 0.35 * a**2) * reach + 0.03 + 0.05 * np.sin(np.pi * q) * (1 - a**2)
    under = sheet - (0, 0.03, 0)
    both = np.concatenate([sheet, under[::-1]])
    return both.reshape(-1, 3), grid_faces(18, 31)


def button(top):
    """Build the button on top of a cap."""
    azimuth = np.linspace(0, 2 * np.pi, 12, endpoint=False)[None]
    elevation = np.linspace(-0.2, np.pi / 2, 5)[:, None]
    ball = top + unit(azimuth + 0 * elevation, elevation + 0 * azimuth) * (0.06, 0.035, 0.06)
    return ball.reshape(-1, 3), grid_faces(5, 12, closed=True)


def veil(assets, body, kind, rng):
    """Build a hood or a headscarf: cloth around the head that leaves the face free."""
    surface = Surface(assets, body, body[CHIN, 1] - 1.6, with_ears=True)
    head = body[assets.head]
    centre = np.array([0, (body[CHIN, 1] + head[:, 1].max()) / 2 + 0.1, head[:, 2].mean()])
    columns, rows = 96, 44
    around = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None]  # 0 is up
    t = np.linspace(0, 1, rows)[:, None]
    chin = body[CHIN] - centre
    brow, temple, below = OPENING[kind]
    below = below * np.arctan2(-chin[1], chin[2] - (0.04 if kind == "headscarf" else 0.12))

    def opening(angle):
        up, side = np.cos(angle), np.sin(angle) ** 2
        return temple * side + (1 - side) * np.where(up > 0, brow, below)

    from_ahead = opening(around) + (np.pi - opening(around)) * t**0.9

    def ways(angle, away):
        return np.stack(
            [np.sin(angle) * np.sin(away), np.cos(angle) * np.sin(away), np.cos(away) + 0 * angle],
            -1,
        )

    radius = np.minimum(surface.radii(centre, ways(around, from_ahead)[:, ::2]), 2.3)
    radius = np.repeat(radius, 2, 1)
    tight, close = radius, wrapped(radius)
    for _ in range(3):
        tight = np.maximum(tight, wrapped(tight))
    for _ in range(14):
        radius = np.maximum(radius, wrapped(radius))
    for _ in range(4):
        radius, tight = wrapped(radius), wrapped(tight)
    below_face = smoothstep(-np.cos(around) * np.sin(from_ahead), -0.2, 0.4)
    draped = smoothstep(t, 0.03, 0.4) * below_face
    radius = tight * (1 - draped) + radius * draped
    if kind == "headscarf":
        loose = smoothstep(t, 0, 0.12)
        radius = close * (1 - loose) + radius * loose
    low = smoothstep(-np.cos(around) * np.sin(from_ahead), 0.2, 0.8)
    phase = rng.uniform(0, 6, 3)
    folds = np.sin(9 * from_ahead + 2 * np.cos(around + phase[0]) + phase[1])
    folds = folds * (0.012 + 0.05 * low) + 0.02 * np.sin(5 * around + 7 * t + phase[2])
    if kind == "hood":
        radius = radius + 0.09 + folds + 0.10 * low * t
    else:
        radius = radius + 0.06 + folds * smoothstep(t, 0, 0.25) + 0.10 * low
    radius = np.minimum(radius, column(head, ways(around, from_ahead)))
    vertices = centre + ways(around, from_ahead) * radius[..., None]
    edge = np.concatenate([vertices[0], vertices[0, :1]])
    meshes = [
        (vertices.reshape(-1, 3), grid_faces(rows, columns, closed=True)),
        tube(edge, 0.05 if kind == "hood" else 0.018, 8),
    ]

    def tuck(hair):
        distance, direction, *_ = polar(hair - centre)
        angle = np.arctan2(direction[:, 0], direction[:, 1])
        away = np.arccos(np.clip(direction[:, 2], -1, 1))
        start = opening(angle)
        column = np.round((angle % (2 * np.pi)) / (2 * np.pi) * columns).astype(int) % columns
        row = np.clip((away - start) / (np.pi - start), 0, 1) ** (1 / 0.9) * (rows - 1)
        inside = np.minimum(
            distance,
            radius[row.round().astype(int), column] - 0.08 - 0.15 * np.clip(-direction[:, 1], 0, 1),
        )
        share = smoothstep(away - start, -0.2, 0)
        return centre + direction * (distance + (inside - distance) * share)[:, None]

    return meshes, tuck


def column(head, directions):
    """Return how far cloth may reach that falls from the head to the shoulders, dm."""
    wide = np.abs(head[:, 0]).max() + 0.14
    across, down = np.linalg.norm(directions[..., [0, 2]], axis=-1), -directions[..., 1]
    return np.where(down > 0.25, wide / np.maximum(across - 0.22 * (down - 0.25), 0.1), 9.0)


def polar(offset):
    """Return distance, unit vector, azimuth and elevation of points."""
    distance = np.linalg.norm(offset, axis=1)
    direction = offset / distance[:, None]
    return (
        distance,
        direction,
        np.arctan2(direction[:, 0], direction[:, 2]),
        np.arcsin(np.clip(direction[:, 1], -1, 1)),
    )
