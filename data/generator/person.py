"""Build the meshes of one person: face, expression, pose, hair and clothes."""

import numpy as np

from . import distributions as d

OPPOSITES = [
    ("-decr", "-incr"),
    ("-down", "-up"),
    ("-in", "-out"),
    ("-backward", "-forward"),
    ("-concave", "-convex"),
    ("-compress", "-uncompress"),
]
DETAILS = {  # folder of targets -> standard deviation of their weights
    "head/": 0.18,
    "forehead/": 0.22,
    "eyebrows/": 0.15,
    "eyes/": 0.24,
    "nose/": 0.26,
    "mouth/": 0.24,
    "chin/": 0.24,
    "cheek/": 0.28,
    "ears/": 0.28,
    "neck/": 0.18,
}
LEFT_OUT = (
    "head-angle",
    "head-trans",
    "head-age",
    "push",
    "nose-trans",
    "nose-compression",
    "mouth-trans",
    "laugh-lines",
    "ear-trans",
    "neck-trans",
    "eyebrows-angle",
)
HEAD_SHAPES = [
    "diamond",
    "invertedtriangular",
    "oval",
    "rectangular",
    "round",
    "square",
    "triangular",
]
CHIN = 5296  # the lowest point of the jaw


def smoothstep(value, low, high):
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def macro_weights(person):
    """Return the weights of the targets for ancestry, gender, age, muscle and weight."""
    if person["age"] < 0.5:
        young = (person["age"] - 0.1875) * 3.2
        ages = {"young": young, "child": max(0, 1 - young)}
    else:
        ages = {"old": person["age"] * 2 - 1, "young": 2 - person["age"] * 2}

    def thirds(x):
        return {"min": max(0, 1 - 2 * x), "average": 1 - abs(2 * x - 1), "max": max(0, 2 * x - 1)}

    weights = {}
    for gender, g in {"male": person["male"], "female": 1 - person["male"]}.items():
        for age, a in ages.items():
            for ancestry, share in person["ancestry"].items():
                weights[f"macrodetails/{ancestry}-{gender}-{age}"] = share * g * a
            for muscle, m in thirds(person["muscle"]).items():
                for weight, w in thirds(person["weight"]).items():
                    name = f"macrodetails/universal-{gender}-{age}-{muscle}muscle-{weight}weight"
                    weights[name] = g * a * m * w
    return weights


def detail_weights(person, assets):
    """Return the weights of the targets that make a face one's own.

    Left and right get nearly the same weight; a little asymmetry is added.
    """
    rng = np.random.default_rng(int(person["shape"]))
    weights = {}
    for folder, spread in DETAILS.items():
        for name in assets.targets:
            if not name.startswith(folder) or "/r-" in name or any(x in name for x in LEFT_OUT):
                continue
            for low, high in OPPOSITES:
                other = name[: -len(low)] + high
                if name.endswith(low) and other in assets:
                    x = float(np.clip(rng.normal(0, spread), -0.6, 0.6))
                    chosen = other if x > 0 else name
                    weights[chosen] = abs(x)
                    if "/l-" in chosen:
                        mirrored = chosen.replace("/l-", "/r-")
                        weights[mirrored] = float(np.clip(abs(x) + rng.normal(0, 0.03), 0, 1))
    weights[f"head/head-{d.pick(rng, HEAD_SHAPES)}"] = rng.uniform(0, 0.6)
    asymmetric = [name for name in assets.targets if name.startswith("asym/asym-")]
    for i in rng.choice(len(asymmetric), 4, replace=False):
        weights[asymmetric[i]] = rng.uniform(0, 0.25)
    if person["age"] > 0.6:
        weights["head/head-age-incr"] = rng.uniform(0, (person["age"] - 0.5) * 1.2)
    return weights


def expression_weights(person, picture):
    """Return the weights of the expression; a relaxed face is not a stern one."""
    s = picture["strength"]
    units = {"mouth-corner-puller": 0.2 + 0.22 * s}
    for side in ("left", "right"):
        units |= {
            f"eyebrows-{side}-inner-up": 0.42,
            f"eyebrows-{side}-up": 0.18,
            f"eye-{side}-opened-up": 0.06,
        }
    lids = picture["blink"]
    match picture["expression"]:
        case "smile":
            units["mouth-corner-puller"] = 0.3 + 0.45 * s
            lids += 0.06
        case "grin":
            units.update(
                {"mouth-corner-puller": 0.55 + 0.35 * s, "mouth-part-later": 0.15 + 0.25 * s}
            )
            lids += 0.1
        case "talking":
            units["mouth-open"] = 0.1 + 0.25 * s
        case "serious":
            units = {"eyebrows-left-down": 0.15 * s, "eyebrows-right-down": 0.15 * s}
    units["eye-left-closure"] = units["eye-right-closure"] = min(lids, 0.25)
    return {f"expression/units/{person['main_ancestry']}/{k}": v for k, v in units.items()}


def rotate(vertices, angles, pivot, share=1.0):
    """Turn vertices about a pivot, each by its own share of the angles.

    Parameters
    ----------
    vertices : ndarray, shape (N, 3)
    angles : (float, float, float)
        Radians about y (yaw), x (pitch, up is negative) and z (roll).
    pivot : array_like, shape (3,)
    share : float or ndarray, shape (N,), range [0, 1]
    """
    out = vertices - pivot
    for angle, (i, j) in zip(angles[::-1], ((0, 1), (1, 2), (2, 0))):
        c, s = np.cos(angle * share), np.sin(angle * share)
        a, b = out[:, i].copy(), out[:, j].copy()
        out[:, i], out[:, j] = c * a - s * b, s * a + c * b
    return out + pivot


def lower_arms(body, assets, degrees):
    """Bring the spread arms of the base mesh to the sides, before clothes are fitted."""
    for sign, side in ((1, "l"), (-1, "r")):
        shoulder = body[assets.groups[f"joint-{side}-shoulder"]].mean(0)
        out = sign * (body[:, 0] - shoulder[0])
        below = np.maximum(shoulder[1] - body[:, 1], 0)
        share = smoothstep(out - 0.35 * below, -0.45, 0.25) * (sign * body[:, 0] > 0)
        body = rotate(body, (0, 0, -sign * np.radians(degrees)), shoulder, share)
    return body


def close_legs(body, assets):
    """Bring the spread legs of the base mesh together; only whole people need it."""
    for sign, side in ((1, "l"), (-1, "r")):
        hip = body[assets.groups[f"joint-{side}-upper-leg"]].mean(0)
        share = smoothstep(hip[1] - body[:, 1], -0.3, 1.2) * smoothstep(
            sign * body[:, 0], -0.05, 0.3
        )
        body = rotate(body, (0, 0, -sign * np.radians(5.5)), hip, share)
    return body


def stubble_and_scalp(assets):
    """Return where beard and cropped hair grow on the base mesh.

    Returns
    -------
    beard, scalp : ndarray, shape (19158,), range [0, 1]
    """
    x, y, z = assets.vertices.T
    beard = smoothstep(6.86 - y, 0, 0.12) * smoothstep(y, 6.02, 6.16) * smoothstep(z, 0.5, 0.85)
    lips = np.exp(-((np.maximum(np.abs(x) / 0.27, np.abs(y - 6.61) / 0.10)) ** 6))
    line = 7.52 + 0.75 * (z - 0.55) + 0.25 * smoothstep(z, 0.8, 1.1) - 0.05 * smoothstep(-z, 0, 0.5)
    scalp = smoothstep(y - line, -0.04, 0.1)
    ear = (np.abs(x) > 0.745) & (y < 7.86) & (z > 0.2) & (z < 0.82)
    return beard * (1 - lips), np.where(ear, 0, scalp)


def build(assets, person, picture):
    """Morph the base mesh and fit everything that a person wears but masks and glasses.

    Parameters
    ----------
    assets : Assets
    person, picture : dict
        From `distributions.draw_person` and `distributions.draw_picture`.

    Returns
    -------
    body : ndarray, shape (19158, 3), dm
        Not yet turned.
    parts : dict of str to ndarray, shape (P, 3), dm
        Fitted vertices of eyes, brows, lashes, teeth, hair and clothes.
    """
    weights = macro_weights(person) | detail_weights(person, assets)
    weights |= expression_weights(person, picture)
    body = assets.morph({name: w for name, w in weights.items() if name in assets})
    body = lower_arms(body, assets, 34 if person.get("whole_body") else 24)
    if person.get("whole_body"):
        body = close_legs(body, assets)
    scale = np.ptp(body[assets.head], axis=0) / assets.head_extent
    parts = {}
    for name, proxy in proxies(assets, person).items():
        parts[name] = proxy.fit(body, (1, 1, 1) if name in ("clothes", "shoes") else scale)
    for side, sign in (("l", 1), ("r", -1)):
        centre = body[assets.groups[f"helper-{side}-eye"]].mean(0)
        one = sign * parts["eyes"][:, 0] > 0
        parts["eyes"][one] = rotate(parts["eyes"][one], (*picture["gaze"], 0), centre)
    return body, parts


def proxies(assets, person):
    """Return the proxies that a person wears, by part."""
    worn = {
        "eyes": assets.proxy("eyes", "HighPolyEyes"),
        "brows": assets.proxy("eyebrows", person["brows"]),
        "lashes": assets.proxy("eyelashes", person["lashes"]),
        "teeth": assets.proxy("teeth", "Teeth_Base"),
        "clothes": assets.proxy("clothes", person["clothes"]),
    }
    if person.get("whole_body"):
        worn["shoes"] = assets.proxy("clothes", "shoes01")
    if person["hair"] in d.FITTED_HAIR:
        worn["hair"] = assets.proxy("hair", person["hair"])
    return worn


def turn_head(body, parts, picture):
    """Turn the head on its neck by the neck's share of yaw, pitch and roll.

    Parameters
    ----------
    body : ndarray, shape (19158, 3), dm
    parts : dict of str to ndarray
        All other vertices, masks and glasses too.

    Returns
    -------
    body, parts
        New arrays.
    """
    chin = body[CHIN, 1]
    pivot = np.array([0, chin - 0.25, body[:, 2][body[:, 1] > chin].mean() * 0.5])
    f = picture["neck"]
    angles = np.radians((picture["yaw"] * f, -picture["pitch"] * f, picture["roll"]))

    def turned(vertices):
        return rotate(vertices, angles, pivot, smoothstep(vertices[:, 1], chin - 0.9, chin + 0.1))

    return turned(body), {name: turned(v) for name, v in parts.items()}
