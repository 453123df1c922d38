"""Scenes: several whole people in one place, with a box around every visible face."""

import bpy
import numpy as np
from mathutils import Matrix, Vector

from . import annotations, develop, distributions, landmarks, places, studio
from .figure import add_person
from .person import build

WIDTH, HEIGHT = 1280, 720
FOCAL = .95  # focal length over the picture's width
EYE = 1.56  # height of the camera, m
PLACES = {1: "hall", 2: "street", 3: "shop"}
DEPTHS = {  # distance of each person, m; the first one is cut by the border
    1: [1.45, 1.9, 2.6, 3.3, 4.2, 5.2, 6.6, 8.4, 11., 13.2],
    2: [1.6, 2.3, 3.1, 4., 5., 6.2, 7.6, 9.2, 11.5, 13.5, 14.5, 10.2],
    3: [1.25, 2.1, 3., 4.1, 5.6, 7.5, 10.5],
}
WEARING = {"none": .45, "proper": .4, "under_nose": .08, "nose_only": .02, "under_chin": .05}
RENDERER = {"samples": 10, "use_denoising": True, "max_bounces": 2, "diffuse_bounces": 2}
SMALLEST, LARGEST = 10, 400  # height of an annotated face, pixels
SEEN, INSIDE = .4, .25  # share of a face that must be visible, and inside the picture


def people(number, rng):
    """Draw who stands in a scene; their numbers are not those of the portraits."""
    drawn = []
    for i in range(len(DEPTHS[number])):
        wearing = distributions.choose(rng, WEARING)
        dealt = {
            "number": 9000 + 100 * number + i, "wearing": wearing, "occlusion": "none",
            "tone": distributions.pick(rng, distributions.TONES),
            "gender": distributions.pick(rng, distributions.GENDERS),
            "age_group": distributions.pick(rng, ["young", "young", "middle", "old"]),
            "glasses": distributions.pick(rng, distributions.GLASSES),
            "head_covering": distributions.pick(rng, distributions.HEAD_COVERINGS),
            "mask_type": "none" if wearing == "none" else distributions.pick(rng, distributions.MASK_TYPES),
        }
        person = distributions.draw_person(dealt["number"], dealt)
        person["whole_body"] = True
        drawn.append((person, distributions.draw_picture(dealt["number"], 1, "soft")))
    return drawn


def positions(number, rng):
    """Spread people over the picture so that few faces hide one another.

    Returns
    -------
    list of (float, float)
        x and distance in metres.
    """
    half = min(.5 / FOCAL, 1)
    wall = places.WIDTHS[PLACES[number]] - .5
    placed = []
    for i, depth in enumerate(DEPTHS[number]):
        best = None
        for _ in range(200):
            across = rng.uniform(-.88, .88) * half
            if i == 0:
                across = rng.choice([-1, 1]) * half * .985
            if abs(across * depth) > wall:
                continue
            gap = min([abs(across - x / y) - .15 / y - .1 / depth for x, y in placed], default=9)
            if best is None or gap > best[0]:
                best = (gap, across)
        placed.append((best[1] * depth, depth))
    return placed


def visible_share(points, origin):
    """Return the share of points (m) that nothing hides from the camera."""
    graph = bpy.context.evaluated_depsgraph_get()
    seen = 0
    for point in points:
        way = Vector(point) - Vector(origin)
        hit, where, *_ = bpy.context.scene.ray_cast(graph, origin, way.normalized())
        seen += not hit or (where - Vector(origin)).length > way.length - .07
    return seen / len(points)


def sky(rng):
    """Draw a bright sky, shape (HEIGHT, WIDTH, 3), sRGB."""
    down = np.linspace(0, 1, HEIGHT)[:, None, None] * np.ones((1, WIDTH, 1))
    return np.array([.55, .71, .9]) * (1 - down) + np.array([.9, .93, .95]) * down


def scene(assets, number):
    """Render one scene.

    Returns
    -------
    files : dict of str to bytes
        ``jpg``, ``xml`` (PASCAL VOC) and ``txt`` (YOLO).
    row : dict
        Its line in ``scenes.csv``.
    """
    rng = distributions.generator(8000 + number)
    studio.clear()
    places.BUILT[PLACES[number]](rng)
    origin = (0, 0, EYE)
    studio.camera(origin, (0, 10, EYE - .35), 0, FOCAL)
    bodies = []
    for (person, picture), (x, y) in zip(people(number, rng), positions(number, rng)):
        body, _ = build(assets, person, picture)
        ground = body[assets.body][:, 1].min() * .1
        turn = rng.normal(0, .3) - np.arctan2(x, y)
        place = Matrix.Translation((x, y, .02 - ground)) @ Matrix.Rotation(float(turn), 4, "Z")
        bodies.append((person, add_person(assets, person, picture, rng, place)))
    cycles = bpy.context.scene.cycles
    kept = {name: getattr(cycles, name) for name in RENDERER}
    for name, value in RENDERER.items():
        setattr(cycles, name, value)
    pixels = studio.render(WIDTH, HEIGHT)
    for name, value in kept.items():
        setattr(cycles, name, value)
    luminance = pixels[..., :3] @ np.array([.2126, .7152, .0722])
    factor = .24 / np.median(luminance[pixels[..., 3] > .9])
    picture = develop.develop(pixels, factor, sky(rng), .4, 1.2, rng)
    faces = []
    for person, body in bodies:
        box = boxed(assets, body, origin)
        if box:
            faces.append((annotations.scene_class(person["wearing"]), box))
    name = f"scene_{number}.jpg"
    files = {"jpg": develop.jpeg(picture),
             "xml": annotations.voc_xml(name, WIDTH, HEIGHT, faces).encode(),
             "txt": annotations.yolo_txt(WIDTH, HEIGHT, faces).encode()}
    return files, {"picture": f"scenes/{name}", "width": WIDTH, "height": HEIGHT, "faces": len(faces)}


def boxed(assets, body, origin):
    """Return the box of a face in whole pixels, or None when too little of it shows."""
    face = body[landmarks.face_vertices(assets)]
    pixels, depth = studio.project(face, WIDTH, HEIGHT)
    whole = landmarks.face_box(pixels)
    box = landmarks.clip_box(whole, WIDTH, HEIGHT)
    size = (whole[2] - whole[0]) * (whole[3] - whole[1])
    inside = (box[2] - box[0]) * (box[3] - box[1]) / size
    if depth.min() < .2 or not SMALLEST <= whole[3] - whole[1] <= LARGEST or inside < INSIDE:
        return None
    return box if visible_share(body[landmarks.VERTICES], origin) >= SEEN else None
