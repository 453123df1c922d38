"""Scenes: several whole people in one place, with a box around every visible face."""

import bpy
import numpy as np

from . import annotations, develop, distributions, landmarks, places, plan, poses, studio
from .skeleton import Puppet, Skeleton, sight

WIDTH, HEIGHT = 1280, 720
FOCAL = 0.95  # focal length over the picture's width
EYE = 1.56  # height of the camera, m
WEARING = ["none"] * 8 + ["proper"] * 7 + ["under_nose"] * 3 + ["under_chin"] * 2 + ["nose_only"]
AGES = ["child", "young", "young", "young", "middle", "middle", "old"]
RENDERER = {
    "samples": 12,
    "use_denoising": True,
    "max_bounces": 2,
    "diffuse_bounces": 2,
    "denoising_prefilter": "FAST",
}
SMALLEST, LARGEST = 11, 170  # height of an annotated face, pixels
SEEN, INSIDE = 0.35, 0.3  # share of a face that must be visible, and inside the picture
HIDDEN = 0.2  # share hidden by others from which on a face counts as occluded
FEWEST, ATTEMPTS = 6, 9  # with fewer faces to see, people are placed anew
BYTES = 215_000  # limit of a JPEG file


def count(number):
    """Return how many people are in a scene."""
    place = places.SCENES[number]
    return len(places.DEPTHS[place]) + len(places.SEATED.get(place, []))


def people(number):
    """Draw who is in a scene; their numbers are not those of the portraits.

    Ways of wearing a mask and attributes are dealt out over all scenes together.

    Returns
    -------
    list of (dict, dict)
        From `distributions.draw_person` and `distributions.draw_picture`.
    """
    total = sum(map(count, places.SCENES))
    first = sum(count(n) for n in places.SCENES if n < number)
    decks = {
        "wearing": WEARING,
        "tone": distributions.TONES,
        "gender": distributions.GENDERS,
        "age_group": AGES,
        "glasses": distributions.GLASSES,
        "head_covering": distributions.HEAD_COVERINGS,
        "mask_type": distributions.MASK_TYPES,
    }
    dealt = {
        name: plan.deal(values, total, 40 + i) for i, (name, values) in enumerate(decks.items())
    }
    drawn = []
    for i in range(count(number)):
        one = {name: values[first + i] for name, values in dealt.items()}
        one |= {"number": 9000 + 100 * number + i, "occlusion": "none"}
        one["head_covering"] = distributions.covering(one["gender"], one["head_covering"])
        if one["wearing"] == "none":
            one["mask_type"] = "none"
        drawn.append(whole_person(one))
    return drawn


def whole_person(dealt):
    """Draw a person who is seen from head to foot, and their picture."""
    person = distributions.draw_person(dealt["number"], dealt)
    person["whole_body"] = True
    return person, distributions.draw_picture(dealt["number"], 1, "soft")


def positions(place, rng):
    """Spread people over the picture; every fourth stands partly behind someone else.

    Returns
    -------
    list of (float, float)
        x and distance in metres.
    """
    half = 0.5 / FOCAL
    low, high = places.REACH[place]
    placed = []
    for i, depth in enumerate(places.DEPTHS[place]):
        best = None
        for _ in range(120):
            across = rng.uniform(-0.9, 0.9) * half
            if i == 0:
                across = rng.choice([-1, 1]) * half * 0.97
            gap = min([abs(across - x / y) - 0.15 / y - 0.1 / depth for x, y in placed], default=9)
            if i % 4 == 3:
                x, y = placed[rng.integers(1, i)]
                across = x / y + rng.choice([-1, 1]) * (0.09 / y + rng.uniform(-0.03, 0.03) / depth)
                others = [abs(across - a / b) - 0.1 / b for a, b in placed if (a, b) != (x, y)]
                gap = min(others, default=9)
            if low <= across * depth <= high and (best is None or gap > best[0]):
                best = (gap, across)
        placed.append((best[1] * depth, depth))
    return placed


def stand(puppet, picture, x, y, near, rng):
    """Pose someone who stands or walks by; returns the posed base mesh."""
    kind = 0 if near else rng.choice(3, p=(0.68, 0.22, 0.1))
    turned = (
        rng.normal(0, 16),
        rng.choice([-1, 1]) * rng.uniform(35, 70),
        180 + rng.normal(0, 30),
    )[kind]
    if not near and rng.random() < 0.3:
        made = poses.walking(puppet, rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 1))
    else:
        made = poses.standing(puppet, rng)
    made |= poses.head(
        picture["yaw"] - 0.3 * turned * (kind == 1), picture["pitch"], picture["roll"]
    )
    return puppet.pose(made, (x, y, np.radians(turned) - np.arctan2(x, y), 0))


def sky(rng, width=WIDTH, height=HEIGHT):
    """Draw a bright sky with a few soft clouds, shape (height, width, 3), sRGB."""
    down = np.linspace(0, 1, height)[:, None, None] * np.ones((1, width, 1))
    blue = np.array([0.55, 0.71, 0.9]) * (1 - down) + np.array([0.9, 0.93, 0.95]) * down
    x, y = np.linspace(0, 1, width)[None], np.linspace(0, 1, height)[:, None]
    cloud = np.zeros((height, width))
    for _ in range(26):
        cx, cy, w = rng.uniform(-0.1, 1.1), rng.uniform(0, 0.4), rng.uniform(0.04, 0.16)
        cloud += rng.uniform(0.1, 0.35) * np.exp(
            -(((x - cx) / w) ** 2) - ((y - cy) / (w * 0.35)) ** 2
        )
    return blue + (0.96 - blue) * np.clip(cloud, 0, 0.8)[..., None]


def render(size=(WIDTH, HEIGHT), **settings):
    """Render with indirect light and without grain; portraits need neither.

    Keyword arguments replace some of `RENDERER`.
    """
    cycles = bpy.context.scene.cycles
    wanted = RENDERER | settings
    kept = {name: getattr(cycles, name) for name in wanted}
    for name, value in wanted.items():
        setattr(cycles, name, value)
    pixels = studio.render(*size)
    for name, value in kept.items():
        setattr(cycles, name, value)
    return pixels


def exposure(pixels, grey=0.24):
    """Return the factor that brings the median of all luminances to `grey` (linear)."""
    luminance = pixels[..., :3] @ np.array([0.2126, 0.7152, 0.0722])
    return float(grey / np.median(luminance[pixels[..., 3] > 0.9]))


def scene(assets, number):
    """Render one scene.

    Returns
    -------
    files : dict of str to bytes
        ``jpg``, ``xml`` (PASCAL VOC) and ``txt`` (YOLO).
    row : dict
        Its line in ``scenes.csv``.
    """
    for attempt in range(ATTEMPTS):
        rng = distributions.generator(8000 + number + 50 * attempt)
        faces = visible_faces(assets, arrange(assets, number, rng))
        if len(faces) >= FEWEST:
            break
    pixels = render()
    grey = 0.19 if places.SCENES[number] in places.OUTSIDE else 0.24
    picture = develop.develop(pixels, exposure(pixels, grey), sky(rng), 0.4, 1.2, rng)
    name = f"scene_{number}.jpg"
    files = {
        "jpg": small_jpeg(picture),
        "xml": annotations.voc_xml(name, WIDTH, HEIGHT, faces).encode(),
        "txt": annotations.yolo_txt(WIDTH, HEIGHT, faces).encode(),
    }
    return files, {
        "picture": f"scenes/{name}",
        "place": places.SCENES[number],
        "width": WIDTH,
        "height": HEIGHT,
        "faces": len(faces),
    }


def visible_faces(assets, bodies):
    """Return class, box and whether others hide a part, for each face that can be seen."""
    faces = []
    for puppet, body in bodies:
        box, hidden = boxed(assets, puppet, body, (0, 0, EYE))
        if box:
            faces.append((annotations.scene_class(puppet.person["wearing"]), box, hidden >= HIDDEN))
    return faces


def arrange(assets, number, rng):
    """Build a place with its people; returns (puppet, posed base mesh) for each."""
    place = places.SCENES[number]
    studio.clear()
    places.BUILT[place](rng)
    studio.camera((0, 0, EYE), (0, 10, EYE - 0.35), 0, FOCAL)
    skeleton = Skeleton(assets)
    spots = positions(place, rng)
    bodies = []
    for i, (person, picture) in enumerate(people(number)):
        puppet = Puppet(assets, skeleton, person, picture, rng)
        if i < len(spots):
            body = stand(puppet, picture, *spots[i], i < 3, rng)
        else:
            x, y = places.interiors.DESKS[places.SEATED[place][i - len(spots)]]
            made = poses.sitting(puppet, rng) | poses.head(
                picture["yaw"], picture["pitch"] - 4, picture["roll"]
            )
            body = puppet.pose(made, (x + rng.normal(0, 0.05), y + 0.6, rng.normal(0, 0.12), 0))
        bodies.append((puppet, body))
    return bodies


def small_jpeg(picture):
    """Return a JPEG of at most `BYTES`, of the best quality that allows it."""
    for quality in range(88, 60, -2):
        content = develop.jpeg(picture, quality)
        if len(content) <= BYTES:
            return content
    return content


def boxed(assets, puppet, body, origin, size=(WIDTH, HEIGHT)):
    """Return the box of a face in whole pixels and the share of it that others hide.

    The box is None when too little of the face shows.
    """
    pixels, depth = studio.project(body[landmarks.face_vertices(assets)], *size)
    if depth.min() < 0.2:
        return None, 1.0
    whole = landmarks.face_box(pixels)
    box = landmarks.clip_box(whole, *size)
    area = (whole[2] - whole[0]) * (whole[3] - whole[1])
    inside = (box[2] - box[0]) * (box[3] - box[1]) / area
    if not SMALLEST <= whole[3] - whole[1] <= LARGEST or inside < INSIDE:
        return None, 1.0
    seen, hidden = sight(body[landmarks.VERTICES], origin, puppet.parts)
    return (box if seen >= SEEN else None), hidden
