"""Draw the 68 landmarks on a rendered face.

The face is average, bare and without hair, seen from the front and turned by 30
degrees; the points are those that every picture's landmarks are projected from.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from . import develop, distributions, landmarks, studio
from .figure import add_person
from .plan import make_plan
from .portrait import aim

SIDE, SAMPLES = 560, 8
GROUPS = {
    range(0, 17): (255, 214, 64),
    range(17, 27): (120, 220, 255),
    range(27, 36): (255, 150, 90),
    range(36, 48): (140, 255, 140),
    range(48, 68): (255, 130, 200),
}


def neutral(yaw):
    """Return an average person and a picture of them, as `distributions` draws both."""
    person = distributions.draw_person(1, make_plan()[0])
    person.update(
        tone=4,
        age_group="young",
        age=0.5,
        gender="woman",
        male=0.5,
        muscle=0.5,
        weight=0.5,
        hair="bald",
        beard="none",
        stubble=0,
        glasses="none",
        head_covering="none",
        wearing="none",
        mask_type="none",
        occlusion="none",
        main_ancestry="asian",
        ancestry=dict.fromkeys(distributions.ANCESTRIES, 1 / 3),
        skin=distributions.srgb_to_linear(np.array(distributions.SKIN_SRGB[3]) / 255),
    )
    picture = distributions.draw_picture(1, 1, "soft")
    picture.update(
        yaw=float(yaw),
        pitch=0.0,
        roll=0.0,
        neck=1.0,
        gaze=(0.0, 0.0),
        expression="relaxed",
        strength=0.0,
        blink=0.0,
        distance=1.6,
        head_share=1.3,
        shift=np.array([0, -0.19]),
    )
    return person, picture


def view(assets, yaw):
    """Render one view, shape (SIDE, SIDE, 3), uint8, and its landmarks in pixels."""
    person, picture = neutral(yaw)
    rng = np.random.default_rng(0)
    studio.clear()
    body = add_person(assets, person, picture, rng)
    studio.light("soft", aim(assets, body, picture, SIDE), rng)
    pixels = studio.render(SIDE, SIDE)
    points, _ = studio.project(body[landmarks.VERTICES], SIDE, SIDE)
    factor = develop.exposure(develop.face_luminance(pixels, points[landmarks.WHOLE_FACE]), 4, 0)
    return develop.develop(pixels, factor, np.full((SIDE, SIDE, 3), 0.32), 0, 0, rng), points


def number(picture, points):
    """Mark each point with a dot and write its number on the side away from its neighbours."""
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(11)
    for group, colour in GROUPS.items():
        for i in group:
            others = np.delete(points, i, 0)
            away = points[i] - others
            far = np.linalg.norm(away, axis=1)
            push = (away / far[:, None] ** 3).sum(0)
            x, y = points[i] + 11 * push / (np.linalg.norm(push) + 1e-9)
            draw.text((x, y), str(i), colour, font, "mm", stroke_width=2, stroke_fill=(30, 30, 30))
        for x, y in points[list(group)]:
            draw.ellipse([x - 2.5, y - 2.5, x + 2.5, y + 2.5], colour, (30, 30, 30))


def landmark_figure(assets):
    """Return the bytes of a JPEG: the face from the front and turned, with numbered points."""
    studio.start(SAMPLES, threads=1)
    both = Image.new("RGB", (2 * SIDE, SIDE))
    for place, yaw in enumerate((0, 30)):
        picture, points = view(assets, yaw)
        number(picture, points)
        both.paste(picture, (place * SIDE, 0))
    return develop.jpeg(both, 92)
