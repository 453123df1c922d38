"""How people stand, walk and hold their arms and heads, as turns of their bones."""

import numpy as np

from .skeleton import SIDES, swing, turn

ARMS = {  # directions of upper arm, forearm and hand: outwards, back, up
    "hang": ((0.16, 0.04, -1), (0.06, -0.22, -1), (-0.02, -0.2, -1)),
    "loose": ((0.2, 0.16, -1), (0.05, -0.42, -1), (-0.1, -0.35, -1)),
    "back": ((0.3, 0.4, -1), (-0.62, 0.26, -1), (-0.8, 0.2, -0.6)),
    "hip": ((0.62, 0.22, -1), (-0.62, -0.42, -0.62), (-0.5, -0.75, -0.5)),
    "phone": ((0.14, -0.12, -1), (-0.38, -1, 0.12), (-0.3, -1, 0.35)),
    "bag": ((0.3, 0.12, -1), (0.02, -0.85, 0.5), (-0.45, -0.25, 0.9)),
    "front": ((0.22, -0.05, -1), (-0.55, -0.62, -0.5), (-0.9, -0.45, -0.25)),
}
PAIRS = [
    ("hang", "hang"),
    ("hang", "loose"),
    ("loose", "hang"),
    ("loose", "loose"),
    ("back", "back"),
    ("hang", "phone"),
    ("phone", "loose"),
    ("hip", "hang"),
    ("loose", "bag"),
    ("front", "front"),
]


def arm(puppet, side, upper, fore, hand, curl=28):
    """Point upper arm, forearm and hand, and curl the fingers.

    Parameters
    ----------
    puppet : Puppet
    side : {'L', 'R'}
    upper, fore, hand : array_like, shape (3,)
        Directions outwards, back and up, as the chest sees them.
    curl : float
        Degrees at every joint of the fingers.
    """
    mirror = np.array([1 if side == "L" else -1, 1, 1])
    made, above = {}, np.eye(3)
    for bone, child, wanted in (
        ("upperarm01", "lowerarm01", upper),
        ("lowerarm01", "wrist", fore),
        ("wrist", "finger3-1", hand),
    ):
        rest = puppet.along(f"{bone}.{side}", f"{child}.{side}")
        made[f"{bone}.{side}"] = swing(rest, above.T @ (np.array(wanted, float) * mirror))
        above = above @ made[f"{bone}.{side}"]
    return made | fingers(puppet, side, curl)


def fingers(puppet, side, degrees):
    """Curl the fingers towards the palm, the thumb a little."""
    along = puppet.along(f"wrist.{side}", f"finger3-1.{side}")
    along /= np.linalg.norm(along)
    across = puppet.heads[f"finger2-1.{side}"] - puppet.heads[f"finger5-1.{side}"]
    thumb = puppet.tips[f"finger1-3.{side}"] - puppet.heads[f"wrist.{side}"]
    palm = np.cross(along, across)
    palm *= np.sign(palm @ thumb)
    axis = np.cross(along, palm)
    axis /= np.linalg.norm(axis)
    made = {}
    for n in range(1, 6):
        for k in (1, 2, 3):
            amount = degrees * (0.3 if n == 1 else (0.6, 1.0, 0.7)[k - 1])
            made[f"finger{n}-{k}.{side}"] = about(axis, amount)
    return made


def about(axis, degrees):
    """Return the turn about any axis (a unit vector)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def head(yaw=0.0, pitch=0.0, roll=0.0):
    """Turn the head (degrees): to the person's left, up, and towards the right shoulder."""
    whole = {"neck01": 0.4, "head": 0.6}
    return {
        bone: turn("z", yaw * share) @ turn("x", -pitch * share) @ turn("y", roll * share)
        for bone, share in whole.items()
    }


def standing(puppet, rng, pair=None):
    """Draw a relaxed stand: weight on one leg, arms in one of several ways.

    Parameters
    ----------
    puppet : Puppet
    rng : numpy.random.Generator
    pair : (str, str), optional
        What the left and the right arm do, from `ARMS`; drawn when left out.

    Returns
    -------
    dict of str to ndarray, shape (3, 3)
    """
    pair = pair or PAIRS[rng.integers(len(PAIRS))]
    if rng.random() < 0.5:
        pair = pair[::-1]
    free = SIDES[rng.integers(2)]
    lean, twist = rng.uniform(1, 3.5) * (1 if free == "L" else -1), rng.normal(0, 4)
    made = {
        "root": turn("y", lean),
        "spine05": turn("y", -lean * 0.6) @ turn("z", twist * 0.5),
        "spine03": turn("y", -lean * 0.8) @ turn("x", rng.normal(-1, 2)) @ turn("z", twist),
    }
    for side in SIDES:
        bent = rng.uniform(8, 20) if side == free else rng.uniform(0, 2)
        apart = rng.uniform(1, 4) * (-1 if side == "L" else 1)
        made[f"upperleg01.{side}"] = turn("y", apart - lean) @ turn("x", -bent * 0.8)
        made[f"lowerleg01.{side}"] = turn("x", bent)
        made[f"foot.{side}"] = turn("x", -bent * 0.2) @ turn(
            "z", (1 if side == "L" else -1) * rng.uniform(0, 9)
        )
    for side, kind in zip(SIDES, pair):
        drawn = [np.array(d) + rng.normal(0, 0.04, 3) for d in ARMS[kind]]
        made |= arm(puppet, side, *drawn, curl=rng.uniform(18, 38))
    return made


def sitting(puppet, rng):
    """Draw a seat on a chair at a desk, forearms on the desk."""
    made = {"spine05": turn("x", rng.uniform(0, 8)), "spine03": turn("x", rng.uniform(-2, 8))}
    for side, sign in zip(SIDES, (1, -1)):
        made[f"upperleg01.{side}"] = turn("z", sign * rng.uniform(0, 8)) @ turn("x", -86)
        made[f"lowerleg01.{side}"] = turn("x", rng.uniform(80, 95))
        lift = rng.uniform(0, 0.12) if rng.random() < 0.75 else rng.uniform(0.9, 1.3)
        made |= arm(
            puppet,
            side,
            (0.24, -0.34, -1),
            (-0.3, -1, 0.1 + lift),
            (-0.35, -1, 0.05 + lift),
            rng.uniform(15, 35),
        )
    return made


def walking(puppet, phase, vigour=1.0):
    """Return one moment of a walk.

    Parameters
    ----------
    puppet : Puppet
    phase : float
        Radians; a full circle is two steps.
    vigour : float
        1 is a step of about two thirds of a metre.
    """
    sway, lift = np.sin(phase), np.cos(phase)
    made = {
        "root": turn("z", -4 * sway * vigour) @ turn("y", 1.6 * lift) @ turn("x", 1.5),
        "spine05": turn("z", 4 * sway * vigour) @ turn("y", -1.2 * lift),
        "spine03": turn("z", 4.5 * sway * vigour) @ turn("x", 1),
        "neck01": turn("z", -2.2 * sway),
        "head": turn("z", -2.2 * sway) @ turn("x", -2),
    }
    for side, sign in zip(SIDES, (1, -1)):
        hip = 21 * vigour * sign * sway
        knee = 6 + 46 * vigour * max(0, np.cos(phase + 0.15 + (0 if sign > 0 else np.pi))) ** 1.6
        made[f"upperleg01.{side}"] = turn("x", -hip - 3)
        made[f"lowerleg01.{side}"] = turn("x", knee)
        made[f"foot.{side}"] = turn("x", np.clip(0.75 * (hip + 3) - 0.35 * knee, -12, 14))
        back = 0.36 * vigour * sign * sway
        made |= arm(
            puppet,
            side,
            (0.15, back, -1),
            (0.05, back * 0.8 - 0.3 + 0.12 * sign * sway, -1),
            (-0.03, back * 0.6 - 0.3, -1),
            30,
        )
    return made


def stride(puppet, vigour=1.0):
    """Return the length of two steps, m."""
    leg = puppet.heads["upperleg01.L"][2] - puppet.heads["foot.L"][2]
    return 4 * leg * np.sin(np.radians(21 * vigour)) * 1.02


def reaching(puppet, side, target, curl=12, away=0.35):
    """Bring a hand to a point by bending shoulder and elbow (two-bone inverse kinematics).

    Parameters
    ----------
    puppet : Puppet
    side : {'L', 'R'}
    target : array_like, shape (3,), m
        Where the knuckles go, in the coordinates of the rest pose.
    curl : float
        Degrees.
    away : float
        How far the elbow is held out, 0 hangs.
    """
    sign = 1 if side == "L" else -1
    shoulder = puppet.heads[f"upperarm01.{side}"]
    long = np.linalg.norm(puppet.along(f"upperarm01.{side}", f"lowerarm01.{side}"))
    hand = np.linalg.norm(puppet.along(f"wrist.{side}", f"finger3-1.{side}"))
    lower = np.linalg.norm(puppet.along(f"lowerarm01.{side}", f"wrist.{side}")) + hand * 0.96
    way = np.asarray(target) - shoulder
    far = np.clip(np.linalg.norm(way), abs(long - lower) * 1.02, (long + lower) * 0.995)
    way = way / np.linalg.norm(way)
    pole = np.array([sign * away, 0.15, -1.0])
    pole -= way * (pole @ way)
    pole /= np.linalg.norm(pole)
    cosine = (long**2 + far**2 - lower**2) / (2 * long * far)
    upper = way * cosine + pole * np.sqrt(max(0, 1 - cosine**2))
    fore = (way * far - upper * long) / lower
    mirror = np.array([sign, 1, 1])
    return arm(
        puppet, side, upper * mirror, fore * mirror, (fore + (-0.25 * sign, 0, 0.1)) * mirror, curl
    )


def between(first, second, share):
    """Blend two poses; `share` runs from 0 (the first) to 1."""
    from scipy.spatial.transform import Rotation, Slerp

    made = {}
    for bone in first.keys() | second.keys():
        ends = Rotation.from_matrix([first.get(bone, np.eye(3)), second.get(bone, np.eye(3))])
        made[bone] = Slerp([0, 1], ends)(np.clip(share, 0, 1)).as_matrix()
    return made
