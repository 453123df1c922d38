"""Every distribution that a person, a picture or a scene is drawn from.

A *person* keeps shape, skin, hair, eyes, clothes, glasses and hat; a *picture*
adds pose, expression, light, background and camera.  Person 17 is drawn from
``SeedSequence((SEED, 17))`` and its second picture from
``SeedSequence((SEED, 17, 2))``: no picture depends on another.

What must not predict the label or the split (tone, gender, age, glasses, head
covering, light) is not drawn here but dealt out evenly by `plan`.
"""

import numpy as np

SEED = 2021

# --- dealt out in shuffled blocks: the share of a value is its share of the list
TONES = list(range(1, 11))
GENDERS = ["woman", "man"]
AGE_GROUPS = ["child"] * 2 + ["young"] * 4 + ["middle"] * 2 + ["old"] * 2
GLASSES = ["none"] * 7 + ["round", "rectangular", "thin"]
HEAD_COVERINGS = ["none"] * 12 + ["cap", "knit_hat", "hood", "headscarf"]
LIGHTS = ["soft", "window", "lamp", "overhead", "sun", "evening"]
MASK_TYPES = ["surgical"] * 4 + ["cloth"] * 3 + ["KN95"] * 2 + ["N95"]
SPLITS = ["train", "validation", "test"]

# --- how many people: (wearing, occlusion) -> one number a split
PEOPLE = {
    ("none", "none"): (552, 184, 184),
    ("proper", "none"): (0, 50, 100),
    ("under_nose", "none"): (0, 18, 32),
    ("nose_only", "none"): (0, 16, 28),
    ("under_chin", "none"): (0, 19, 37),
    ("none", "hand"): (11, 5, 11),
    ("none", "scarf"): (11, 5, 11),
    ("none", "arm"): (11, 5, 11),
}
SECOND_PICTURE = 48 / 552  # share of the bare-faced people who have two pictures

# --- person
ANCESTRIES = ["african", "asian", "caucasian"]
ANCESTRY_BY_TONE = {
    1: (0, 0.3, 0.7),
    2: (0, 0.4, 0.6),
    3: (0, 0.5, 0.5),
    4: (0.1, 0.5, 0.4),
    5: (0.3, 0.4, 0.3),
    6: (0.5, 0.4, 0.1),
    7: (0.8, 0.2, 0),
    8: (0.95, 0.05, 0),
    9: (1, 0, 0),
    10: (1, 0, 0),
}
AGE_RANGES = {
    "child": (0.20, 0.29),
    "young": (0.42, 0.58),
    "middle": (0.60, 0.74),
    "old": (0.78, 0.95),
}
HAIR = {  # as `FITTED_HAIR`, `hair.STYLES`, bald or buzz
    "woman": {
        "straight": 0.14,
        "waves": 0.14,
        "curls": 0.09,
        "bob": 0.11,
        "fringe": 0.07,
        "fringe_bob": 0.06,
        "bun": 0.11,
        "ponytail": 0.1,
        "pixie": 0.05,
        "short_curls": 0.03,
        "short01": 0.03,
        "short04": 0.03,
        "buzz": 0.02,
        "ponytail01": 0.02,
    },
    "man": {
        "short01": 0.09,
        "short02": 0.07,
        "short04": 0.09,
        "crop": 0.13,
        "side_part": 0.13,
        "slick": 0.07,
        "quiff": 0.1,
        "short_curls": 0.06,
        "waves": 0.03,
        "bun": 0.02,
        "buzz": 0.12,
        "bald": 0.05,
    },
}
CURLY_HAIR = {
    "woman": {"afro": 0.25, "short_curls": 0.15, "twists": 0.25, "curls": 0.15, "bun": 0.2},
    "man": {"afro": 0.2, "short_curls": 0.4, "twists": 0.1, "buzz": 0.3},
}
CURLY_SHARE = 0.65  # of mainly African ancestry who have one of these instead
FITTED_HAIR = ("short01", "short02", "short04", "ponytail01")  # meshes, not strands
HIGH_HAIR = ("afro", "quiff", "ponytail01", "bun")  # has no room under a hat
CLOTHES = {
    "woman": [
        "female_casualsuit01",
        "female_casualsuit02",
        "female_elegantsuit01",
        "female_sportsuit01",
    ],
    "man": [
        "male_casualsuit01",
        "male_casualsuit02",
        "male_casualsuit03",
        "male_casualsuit04",
        "male_casualsuit05",
        "male_casualsuit06",
        "male_worksuit01",
        "male_elegantsuit01",
    ],
}
EYE_COLOURS = {
    "african": ["brown"] * 8 + ["brownlight"],
    "asian": ["brown"] * 8 + ["brownlight"],
    "caucasian": [
        "blue",
        "brown",
        "brown",
        "brown",
        "brown",
        "brownlight",
        "brownlight",
        "deepblue",
        "green",
        "grey",
    ],
}
HAIR_COLOURS = {  # linear RGB
    "african": [(0.012, 0.009, 0.008)] * 6 + [(0.05, 0.025, 0.015)],
    "asian": [(0.012, 0.010, 0.010)] * 5 + [(0.04, 0.022, 0.014)] * 2,
    "caucasian": [
        (0.020, 0.014, 0.010),
        (0.06, 0.03, 0.018),
        (0.12, 0.065, 0.035),
        (0.22, 0.13, 0.07),
        (0.36, 0.25, 0.13),
        (0.22, 0.08, 0.035),
    ],
}
GREY_HAIR = (0.40, 0.39, 0.38)
SKIN_SRGB = [
    (231, 193, 166),
    (226, 184, 154),
    (218, 172, 139),
    (205, 157, 122),
    (180, 132, 98),
    (152, 106, 75),
    (126, 84, 57),
    (104, 66, 45),
    (86, 53, 36),
    (70, 43, 30),
]
BEARDS = {"none": 0.45, "stubble": 0.33, "full": 0.22}  # adult men
STUBBLE = (0.25, 0.85)  # density
BEARD_LENGTHS = {0.1: 0.35, 0.2: 0.35, 0.38: 0.2, 0.55: 0.1}  # dm: probability
MASK_COLOURS = {  # linear RGB
    "surgical": [
        (0.30, 0.56, 0.74),
        (0.30, 0.56, 0.74),
        (0.80, 0.82, 0.84),
        (0.33, 0.62, 0.56),
        (0.03, 0.03, 0.035),
        (0.75, 0.47, 0.53),
        (0.20, 0.38, 0.66),
        (0.56, 0.50, 0.70),
    ],
    "cloth": [
        (0.025, 0.025, 0.03),
        (0.58, 0.56, 0.52),
        (0.34, 0.05, 0.06),
        (0.05, 0.09, 0.28),
        (0.17, 0.24, 0.12),
        (0.42, 0.28, 0.19),
        (0.28, 0.28, 0.30),
        (0.62, 0.38, 0.08),
        (0.10, 0.32, 0.34),
        (0.60, 0.30, 0.34),
        (0.70, 0.62, 0.40),
        (0.22, 0.10, 0.25),
    ],
    "KN95": [
        (0.84, 0.84, 0.83),
        (0.84, 0.84, 0.83),
        (0.04, 0.04, 0.045),
        (0.45, 0.50, 0.56),
        (0.50, 0.30, 0.36),
    ],
    "N95": [(0.82, 0.82, 0.79), (0.80, 0.76, 0.66), (0.75, 0.78, 0.80), (0.42, 0.58, 0.70)],
}
CLOTH_TINTS = [
    (1, 1, 1),
    (1, 1, 1),
    (0.98, 1, 1.03),
    (0.72, 0.88, 1.3),
    (0.85, 0.97, 1.15),
    (1.45, 0.8, 0.78),
    (1.12, 1.03, 0.82),
    (1.12, 1.03, 0.82),
    (0.92, 1.05, 0.8),
    (0.75, 1.05, 1.08),
    (1.25, 0.98, 0.78),
    (1.2, 0.9, 0.98),
    (1.25, 1.02, 0.6),
]
MASK_PATTERNS = {
    "cloth": ["plain", "plain", "stripes", "bands", "dots", "check", "flowers"],
    "surgical": ["plain"] * 7 + ["dots", "flowers"],
}

# --- picture: the standard deviations and limits are degrees
YAW, PITCH, ROLL = (14, 35), (7, 18), (6, 16)
EXPRESSIONS = {"relaxed": 0.40, "smile": 0.41, "grin": 0.09, "talking": 0.06, "serious": 0.04}
BACKGROUNDS = ["room", "room", "corridor", "street", "street", "wall", "park"]
HEAD_SHARE = (0.62, 0.82)  # of the height of the picture, chin to top of the head


def generator(*numbers):
    """Return the random generator of a person or a picture."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((SEED, *numbers))))


def choose(rng, table):
    """Draw a key of `table`, a dictionary of value to probability."""
    shares = np.array(list(table.values()), float)
    return list(table)[rng.choice(len(shares), p=shares / shares.sum())]


def pick(rng, values):
    """Draw one element of a list, all equally likely."""
    return values[rng.integers(len(values))]


def covering(gender, dealt):
    """Return what is worn on the head: a man who is dealt a headscarf wears a hood."""
    return "hood" if (gender, dealt) == ("man", "headscarf") else dealt


def draw_person(number, dealt):
    """Draw what stays the same in every picture of a person.

    Parameters
    ----------
    number : int
    dealt : dict
        Tone, gender, age group, glasses, head covering, wearing, mask type and
        occlusion from the plan.

    Returns
    -------
    dict
        `dealt` and, among others, ``age`` (MakeHuman's scale: 0.19 is a child
        of ten, 0.5 a person of 25, 1 one of 90), ``ancestry`` (shares that add
        up to 1), ``hair`` and the seed ``shape`` of the face.
    """
    rng = generator(number)
    person = dict(dealt, head_covering=covering(dealt["gender"], dealt["head_covering"]))
    main = ANCESTRIES[rng.choice(3, p=ANCESTRY_BY_TONE[dealt["tone"]])]
    shares = rng.dirichlet([0.6] * 3) * rng.uniform(0, 0.3)
    shares[ANCESTRIES.index(main)] += 1 - shares.sum()
    gender, group = dealt["gender"], dealt["age_group"]
    age = rng.uniform(*AGE_RANGES[group])
    hair = choose(rng, HAIR[gender])
    if main == "african" and rng.random() < CURLY_SHARE:
        hair = choose(rng, CURLY_HAIR[gender])
    if group == "old" and gender == "man" and rng.random() < 0.4:
        hair = "receding"
    if group == "child" and hair in ("bald", "buzz"):
        hair = "short01"
    if dealt["head_covering"] != "none" and hair in HIGH_HAIR:
        hair = "crop"
    if person["head_covering"] == "headscarf":
        hair = "covered"
    colour = np.array(pick(rng, HAIR_COLOURS[main])) * rng.uniform(0.75, 1.25)
    if group == "old" or (group == "middle" and rng.random() < 0.3):
        grey = rng.uniform(0.35, 1) if group == "old" else rng.uniform(0.15, 0.5)
        colour = colour * (1 - grey) + np.array(GREY_HAIR) * grey * rng.uniform(0.6, 1.1)
    beard = choose(rng, BEARDS) if gender == "man" and group != "child" else "none"
    mask_colour = None
    if dealt["mask_type"] != "none":
        mask_colour = np.array(pick(rng, MASK_COLOURS[dealt["mask_type"]])) * rng.uniform(0.85, 1.1)
    person.update(
        ancestry=dict(zip(ANCESTRIES, shares)),
        main_ancestry=main,
        age=age,
        male=float(np.clip(rng.normal(0.92 if gender == "man" else 0.08, 0.05), 0, 1)),
        muscle=float(np.clip(rng.normal(0.5, 0.17), 0, 1)),
        weight=float(np.clip(rng.normal(0.5, 0.19), 0, 1)),
        hair=hair,
        hair_colour=colour,
        beard=beard,
        beard_length=choose(rng, BEARD_LENGTHS),
        stubble={"none": 0, "stubble": rng.uniform(*STUBBLE), "full": 0.75}[beard],
        grey=float(rng.uniform(0.2, 0.7)) if group == "old" else 0.0,
        brows=f"eyebrow{rng.integers(1, 13):03d}",
        lashes=f"eyelashes0{rng.integers(2, 5)}",
        eyes=pick(rng, EYE_COLOURS[main]),
        clothes=pick(rng, CLOTHES[gender]),
        clothes_hue=rng.uniform(0, 1),
        clothes_saturation=rng.uniform(0.15, 0.85),
        clothes_value=rng.uniform(0.6, 1.3),
        skin_texture=rng.random(),
        skin=srgb_to_linear(np.array(SKIN_SRGB[dealt["tone"] - 1]) / 255)
        * np.array([1 + rng.normal(0, 0.02), 1, 1 + rng.normal(0, 0.035)])
        * rng.uniform(0.93, 1.04),
        skin_roughness=rng.uniform(0.48, 0.66),
        shape=rng.integers(2**32),
        frame_colour=(
            np.array([0.02, 0.02, 0.025])
            if rng.random() < 0.6
            else rng.uniform(0.01, 0.1, 3) * (1.6, 1, 0.7)
        ),
        hat_colour=muted(rng),
        mask_colour=mask_colour,
        mask_pattern=pick(rng, MASK_PATTERNS.get(dealt["mask_type"], ["plain"])),
        mask_accent=(
            muted(rng, 0.02, 0.12)
            if mask_colour is not None and mask_colour.mean() > 0.3
            else muted(rng, 0.3, 0.7)
        ),
    )
    return person


def draw_picture(number, picture, light):
    """Draw what one picture adds to a person.

    Returns
    -------
    dict
        ``yaw``, ``pitch``, ``roll`` in degrees (to the person's left, up and towards the right
        shoulder are positive), ``neck`` (the share of the turn that the neck makes, the camera
        makes the rest), ``gaze`` in radians (towards the camera, nearly), ``expression``,
        ``strength`` in [0, 1], ``light``, ``background``, camera ``distance`` in metres, and
        ``seed`` for light, background and sensor noise.
    """
    rng = generator(number, picture)

    def angle(spread, limit):
        return float(np.clip(rng.normal(0, spread), -limit, limit))

    yaw, pitch, roll = angle(*YAW), angle(*PITCH), angle(*ROLL)
    gaze = (
        np.clip(-0.8 * np.radians(yaw) + rng.normal(0, 0.07), -0.45, 0.45),
        np.clip(0.8 * np.radians(pitch) + rng.normal(0, 0.04), -0.25, 0.25),
    )
    return {
        "yaw": yaw,
        "pitch": pitch,
        "roll": roll,
        "neck": rng.uniform(0.4, 0.9),
        "gaze": gaze,
        "expression": choose(rng, EXPRESSIONS),
        "strength": rng.uniform(0.4, 1),
        "blink": max(0.0, rng.normal(0, 0.05)),
        "light": light,
        "background": pick(rng, BACKGROUNDS),
        "distance": rng.uniform(0.8, 1.8),
        "head_share": rng.uniform(*HEAD_SHARE),
        "shift": rng.normal(0, 0.02, 2),
        "exposure": rng.normal(0, 0.22),
        "blur": abs(rng.normal(0, 0.3)),
        "noise": rng.uniform(0.2, 1.5),
        "seed": int(rng.integers(2**31)),
    }


def muted(rng, low=0.02, high=0.4):
    """Draw the linear colour of a piece of cloth: dark or pale, rarely pure."""
    grey = low + (high - low) * rng.random() ** 2
    tint = np.array(pick(rng, CLOTH_TINTS)) ** rng.uniform(0.5, 2.5)
    return np.clip(grey * tint * (1 + rng.normal(0, 0.05, 3)), 0.01, 0.8)


def srgb_to_linear(value):
    """Undo the sRGB transfer curve; values in [0, 1]."""
    value = np.asarray(value, float)
    return np.where(value < 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(value):
    """Apply the sRGB transfer curve; values in [0, 1]."""
    value = np.clip(value, 0, 1)
    return np.where(value < 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)
