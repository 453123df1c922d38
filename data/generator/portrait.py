"""One picture of one person, with everything that is known about it."""

import numpy as np

from . import annotations, backgrounds, develop, distributions, landmarks, materials, studio
from .figure import add_person
from .person import CHIN

SIZE = 160


def portrait(assets, dealt, number, light, size=SIZE):
    """Render one picture.

    Parameters
    ----------
    assets : Assets
    dealt : dict
        A person of `plan.make_plan`.
    number : int
        Number of the picture, 1 or 2.
    light : str

    Returns
    -------
    content : bytes
        A JPEG file.
    row : dict
        Its line in ``faces.csv``.
    points : ndarray, shape (68, 2), pixels
    """
    person = distributions.draw_person(dealt["number"], dealt)
    picture = distributions.draw_picture(dealt["number"], number, light)
    rng = np.random.default_rng(picture["seed"])
    studio.clear()
    body = add_person(assets, person, picture, rng)
    materials.dim_whites(person["skin"])
    centre = aim(assets, body, picture, size)
    studio.light(light, centre, rng)
    pixels = studio.render(size, size)
    points, _ = studio.project(body[landmarks.VERTICES], size, size)
    face, _ = studio.project(body[landmarks.face_vertices(assets)], size, size)
    covered = person["wearing"] not in ("none", "under_chin") or person["occlusion"] != "none"
    metered = landmarks.UPPER_FACE if covered else landmarks.WHOLE_FACE
    seen = develop.face_luminance(pixels, points[metered])
    _, covering = develop.face_luminance(pixels, points[landmarks.WHOLE_FACE])
    factor = develop.exposure(seen, person["tone"], picture["exposure"], covering)
    behind = backgrounds.background(picture["background"], light, size, rng)
    developed = develop.develop(
        pixels, factor, behind, picture["blur"] * size / 160, picture["noise"], rng
    )
    return (
        develop.jpeg(developed),
        table_row(
            person, picture, number, light, landmarks.clip_box(landmarks.face_box(face), size, size)
        ),
        points,
    )


def aim(assets, body, picture, size):
    """Point the camera at the head; returns the point aimed at (m).

    The head fills the drawn share of the picture at any distance.
    """
    head = body[assets.head]
    chin, top = body[CHIN], head[np.argmax(head[:, 2])]
    centre = np.array(
        [
            chin[0] * 0.5 + top[0] * 0.5,
            (chin[1] + head[:, 1].mean()) / 2,
            (chin[2] + top[2]) / 2 - 0.004,
        ]
    )
    rest = 1 - picture["neck"]
    yaw, pitch = np.radians(picture["yaw"] * rest), np.radians(picture["pitch"] * rest)
    direction = np.array(
        [-np.sin(yaw) * np.cos(pitch), -np.cos(yaw) * np.cos(pitch), -np.sin(pitch)]
    )
    height = top[2] - chin[2]
    focal = picture["head_share"] * picture["distance"] / height
    studio.camera(centre + direction * picture["distance"], centre, 0, focal, picture["shift"])
    return centre


def table_row(person, picture, number, light, box):
    """Return the line of ``faces.csv`` for one picture."""
    name = f"p{person['number']:04d}"
    row = {
        "picture": f"faces/{name}_{number}.jpg",
        "person": name,
        "split": person["split"],
        "label": annotations.binary_label(person["wearing"]),
        "wearing": person["wearing"],
        "mask_type": person["mask_type"],
        "occlusion": person["occlusion"],
        "monk_tone": person["tone"],
        "age_group": person["age_group"],
        "gender": person["gender"],
        "hair": person["hair"],
        "beard": person.get("beard", "none"),
        "glasses": person["glasses"],
        "head_covering": person["head_covering"],
        "light": light,
    }
    row |= {angle: f"{picture[angle]:.1f}" for angle in ("yaw", "pitch", "roll")}
    return row | dict(zip(("x_min", "y_min", "x_max", "y_max"), box))
