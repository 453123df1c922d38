"""Put a mask on a face.

Bend the texture, light it like the skin below, and lay it over the picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from course_utils.errors import CourseError
from course_utils.masks.fabric import painted
from course_utils.masks.head import fit_pose
from course_utils.masks.light import LUMA, SMALL, measure_light
from course_utils.masks.quality import Quality, judge_face, judge_mask
from course_utils.masks.straps import draw_straps, strap_paths
from course_utils.masks.textures import MESH_COLUMNS, MESH_ROWS, load_texture
from course_utils.masks.warp import rasterise
from course_utils.masks.wearing import place_anchors

SHARPEST = 0.5  # pixels: the blur that the sharpest lens and sensor leave
FINE = 90  # pixels across a mask below which it is drawn finer than the picture
# pixels across a mask above which it is drawn coarser and enlarged: the textures hold no more
COARSE = 1000
# pixels that are composed at once: a large picture takes no more memory than a small one
BAND = 1_000_000


@dataclass(frozen=True)
class Masked:
    """A picture with a mask drawn on a face.

    Attributes
    ----------
    image : numpy.ndarray
        uint8, shape (H, W, 3), RGB; the picture itself when the face was refused before drawing.
    alpha : numpy.ndarray
        float32, shape (H, W), 0 to 1: where the mask and its straps cover the picture.
    quality : Quality
        Whether to keep the result, and why not.
    """

    image: np.ndarray
    alpha: np.ndarray
    quality: Quality


@dataclass(frozen=True)
class Chance:
    """All that differs between two masks of the same choice.

    Drawn first, so that it does not depend on the picture.
    """

    shift: np.ndarray  # (2,) on the head
    turn: float  # radians
    stretch: np.ndarray  # (2,)
    jitter: np.ndarray  # (32, 3): anchors, on the head
    shade: float  # of the mask's colour
    tint: np.ndarray  # (3,)
    relief: float
    crease: np.ndarray  # strength of broad and fine creases
    offset: np.ndarray  # (3, 2): of the grain, creases and pattern, 0 to 1
    pattern_scale: float
    shadow: float
    drawing: float  # which of the type's drawings, 0 to 1
    seed: int  # of the noise


def draw_chance(rng):
    """Draw what is random about one mask."""
    normal = np.clip(rng.normal(size=8 + 96), -2.5, 2.5)
    uniform = rng.random(14)
    of_relief, of_scale, of_shadow, of_drawing = uniform[
        [0, 9, 10, 11]
    ].tolist()  # a NumPy scalar would make float32 pictures float64
    return Chance(
        shift=normal[0:2] * (0.015, 0.025),
        turn=normal[2] * np.radians(1.5),
        stretch=1 + normal[3:5] * (0.03, 0.025),
        jitter=normal[8:].reshape(32, 3) * 0.012,
        shade=1 + 0.11 * normal[5],
        tint=1 + 0.03 * normal[[6, 7, 2]],
        relief=0.4 + 0.8 * of_relief,
        crease=(0.2 + 0.8 * uniform[1:3]) * (0.13, 0.09),
        offset=uniform[3:9].reshape(3, 2),
        pattern_scale=0.7 + 0.8 * of_scale,
        shadow=0.15 + 0.25 * of_shadow,
        drawing=of_drawing,
        seed=int(uniform[12] * 2**32),
    )


def put_on(image, face, choice, rng):
    """Draw a mask on a face.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (H, W, 3), RGB. It is not changed.
    face : course_utils.faces.Face
        Only `landmarks`, shape (68, 2), pixels, is read.
    choice : MaskChoice
    rng : numpy.random.Generator
        The same state gives the same picture.

    Returns
    -------
    Masked

    Raises
    ------
    CourseError
        When the type or the pattern is unknown, or the picture has another type or shape.
    """
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
        or image.size == 0
    ):
        kind = f"{getattr(image, 'dtype', type(image).__name__)} of shape {np.shape(image)}"
        raise CourseError(
            f"A mask is drawn on a picture of uint8 and shape (height, width, 3), not on {kind}:"
            " read it with course_utils.pictures.images.read_rgb."
        )
    texture, chance = load_texture(choice.type), draw_chance(rng)
    height, width = image.shape[:2]
    landmarks = np.asarray(face.landmarks, float)
    try:
        pose = fit_pose(landmarks)
    except ValueError as error:
        return Masked(
            image.copy(),
            np.zeros((height, width), np.float32),
            Quality(False, f"landmarks implausible: {error}"),
        )
    before = judge_face(pose)
    if not before.ok:
        return Masked(image.copy(), np.zeros((height, width), np.float32), before)

    targets = pose.project(_places(texture, choice, chance))
    mesh = (texture.basis @ targets).reshape(MESH_ROWS, MESH_COLUMNS, 3)
    straps = strap_paths(texture, targets, pose)
    drawn = texture.drawn
    points = np.concatenate([mesh[drawn][:, :2], *[path for path, _ in straps]])
    margin = 3 + 0.08 * pose.scale
    x0, y0 = np.maximum(np.floor(points.min(0) - margin), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(points.max(0) + margin), (width, height)).astype(int)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return Masked(
            image.copy(), np.zeros((height, width), np.float32), judge_mask(before, 0.0, 0.0)
        )

    light = measure_light(image, landmarks)
    finer = _fineness(np.ptp(mesh[drawn][:, 0]))
    place, size = (
        np.array([x0, y0, 0]),
        np.maximum(np.rint((np.array([x1 - x0, y1 - y0])) * finer), 1).astype(int),
    )
    row, column = rasterise(
        (mesh - place) * finer + (finer - 1) / 2 * np.array([1, 1, 0]),
        texture.wanted,
        *size.tolist(),
    )
    sheet = _sheet(texture, choice, chance, light, mesh, row, column, finer)
    cover = sheet[3]
    strap, color = draw_straps(
        image, straps, texture, choice, light, pose.scale, finer, place[:2], cover.shape
    )
    strap = strap * (1 - cover)
    layer = cv2.merge(
        [plane + strap * share for plane, share in zip(sheet, (*color, 1.0), strict=True)]
    )
    if finer > 1:
        layer, cover = (
            cv2.resize(part, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
            for part in (layer, cover)
        )
        finer = 1
    layer = _blurred(layer, float(np.hypot(light.blur, SHARPEST)) * finer)
    result, alpha = image.copy(), np.zeros((height, width), np.float32)
    inside = slice(y0, y1), slice(x0, x1)
    _compose(
        result[inside],
        alpha[inside],
        layer,
        _shadow(cover, pose.scale * finer, chance),
        light,
        chance,
        (x0, y0),
    )
    return Masked(
        result, alpha, _judge(before, cover, (x0, y0), finer, mesh, texture, pose, landmarks)
    )


def _fineness(across):
    """Return how many drawn pixels a pixel of the picture gets, in one direction.

    It depends on how many pixels wide the mask is.
    """
    return min(int(np.ceil(FINE / max(across, 1))), 3) if across <= COARSE else COARSE / across


def _places(texture, choice, chance):
    """Return where on the head the anchors go, with this mask's own deviations."""
    places = place_anchors(texture.places, choice.wear, choice.position)
    centre = places.mean(0)[:2]
    turned = np.array(
        [[np.cos(chance.turn), -np.sin(chance.turn)], [np.sin(chance.turn), np.cos(chance.turn)]]
    )
    places[:, :2] = (places[:, :2] - centre) * chance.stretch @ turned.T + centre + chance.shift
    return places + np.resize(chance.jitter, places.shape)


def _sheet(texture, choice, chance, light, mesh, row, column, finer):
    """Return the bent mask without its straps, shaded by its form.

    Four planes of float32, premultiplied RGBA.
    """
    texels = _texels_per_pixel(texture, mesh) / finer
    level = int(np.clip(np.floor(np.log2(max(texels, 1)) + 0.4), 0, len(texture.pictures[0]) - 1))
    corner = texture.mesh[0, 0]
    step = (
        (texture.mesh[-1, -1] - corner) / (MESH_COLUMNS - 1, MESH_ROWS - 1) * 0.5**level
    ).astype(np.float32)
    start = ((corner + 0.5) * 0.5**level - 0.5).astype(np.float32)
    sheet = cv2.remap(
        painted(texture, level, choice, chance),
        start[0] + column * step[0],
        start[1] + row * step[1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )
    form = _form(mesh, light, texture.relief * chance.relief)
    *rgb, cover = cv2.split(sheet)
    seen = cv2.blur(
        (row > -1).astype(np.float32), (3, 3)
    )  # softens the outline where the sheet turns away
    seen = np.minimum(seen * 1.5, 1)
    shade = seen * cv2.remap(form, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    rgb = [plane * shade for plane in rgb]
    if light.color < 1:
        grey = (1 - light.color) * sum(
            plane * share for plane, share in zip(rgb, LUMA.tolist(), strict=True)
        )
        rgb = [plane * light.color + grey for plane in rgb]
    return [*rgb, cover * seen]


def _texels_per_pixel(texture, mesh):
    """Return how many texture pixels fall on one of the picture, in one direction, on average."""
    across, down = mesh[:-1, 1:, :2] - mesh[:-1, :-1, :2], mesh[1:, :-1, :2] - mesh[:-1, :-1, :2]
    area = np.abs(across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]).sum()
    return float(np.sqrt(np.prod(texture.mesh[-1, -1] - texture.mesh[0, 0]) / max(area, 1)))


def _form(mesh, light, strength):
    """Return the shade of the bent sheet at the mesh's corners, about 1.

    Lambert's law, light from before and above.
    """
    (dx, dy, dz), (ax, ay, az) = (
        np.moveaxis(part, 2, 0) for part in np.gradient(mesh, axis=(0, 1))
    )
    normal = np.stack([ay * dz - az * dy, az * dx - ax * dz, np.maximum(ax * dy - ay * dx, 0)], 2)
    normal /= np.maximum(np.sqrt((normal**2).sum(2, keepdims=True)), 1e-9)
    source = np.array([1.2 * light.slope[0], -0.35 + 0.6 * light.slope[1], 1.0])
    source /= np.linalg.norm(source)
    lit = np.maximum(normal @ source, 0.15)
    lit /= np.sort(lit, axis=None)[int(0.65 * lit.size)]
    return np.clip(1 + strength * (lit - 1), 0.5, 1.12).astype(np.float32)


def _blurred(picture, sigma):
    """Return a picture after a Gaussian blur.

    A wide one is done on a smaller copy, which shows no difference.
    """
    smaller = int(sigma / 3)
    if smaller < 2:
        return cv2.GaussianBlur(picture, (0, 0), sigma)
    height, width = picture.shape[:2]
    small = cv2.resize(
        picture, (max(width // smaller, 1), max(height // smaller, 1)), interpolation=cv2.INTER_AREA
    )
    return cv2.resize(
        cv2.GaussianBlur(small, (0, 0), sigma / smaller),
        (width, height),
        interpolation=cv2.INTER_LINEAR,
    )


def _shadow(cover, scale, chance):
    """Return the share of light that the mask takes from its surroundings."""
    wide = max(0.045 * scale, 0.5)
    shadow = _blurred(cover, wide)
    fall = min(max(1, round(0.5 * wide)), len(shadow) - 1)
    shadow[fall:] = shadow[:-fall].copy()
    return chance.shadow * shadow


def _compose(part, alpha, layer, shadow, light, chance, place):
    """Lay the mask over the picture, in place.

    Light of the skin, the camera's noise, and the shadow at its edge.
    """
    height, width = part.shape[:2]
    rng = np.random.default_rng(chance.seed)
    rows = max(BAND // width, 1)
    for top in range(0, height, rows):
        band = slice(top, min(top + rows, height))
        drawn, shade = (_enlarged(drawing, height, width, band) for drawing in (layer, shadow))
        *rgb, cover = cv2.split(drawn)
        white = light.level * _field(light, place[0], place[1] + top, width, band.stop - top)
        peak, kept = np.maximum(cover, 1e-3), (1 - shade) * (1 - cover) * (1 / 255)
        noise = (
            cover * (light.noise * rng.standard_normal(cover.shape, np.float32))
            if light.noise > 0.002
            else 0
        )
        for number, (plane, cast) in enumerate(zip(rgb, light.cast.tolist(), strict=True)):
            lit = plane * (white * cast)
            ratio = lit / peak
            np.minimum(
                lit, (1 - 0.04 / np.maximum(ratio - 0.6, 0.2)) * peak, out=lit, where=ratio > 0.8
            )  # whites fade out below 1, as film does
            seen = np.maximum(part[band, :, number] * kept + lit + noise, 0)
            part[band, :, number] = cv2.convertScaleAbs(seen, alpha=255)
        alpha[band] = np.clip(cover, 0, 1)


def _enlarged(drawing, height, width, band):
    """Return some rows of a drawing enlarged to a height and a width."""
    if drawing.shape[:2] == (height, width):
        return drawing[band]
    down, across = drawing.shape[0] / height, drawing.shape[1] / width
    move = np.array([[across, 0, 0.5 * across - 0.5], [0, down, (band.start + 0.5) * down - 0.5]])
    how = {"flags": cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, "borderMode": cv2.BORDER_REPLICATE}
    return cv2.warpAffine(drawing, move, (width, band.stop - band.start), **how)


def _field(light, left, top, width, height):
    """Return the light over its usual level in a part of the picture."""
    x0, y0, x1, y1 = light.box
    move = np.array([[(x1 - x0) / SMALL, 0, x0 - left], [0, (y1 - y0) / SMALL, y0 - top]])
    return cv2.warpAffine(
        light.field, move, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _judge(before, cover, place, finer, mesh, texture, pose, landmarks):
    """Measure how much of the mask lies in the picture and on the face."""
    down, across = mesh[1:, :-1] - mesh[:-1, :-1], mesh[:-1, 1:] - mesh[:-1, :-1]
    area = np.maximum(across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0], 0)
    whole = float((area * texture.wanted).sum()) * 0.9
    total = float(cover.sum())
    inside = min(total / finer**2 / max(whole, 1), 1.0)
    outline = np.concatenate([landmarks[:17], landmarks[26:16:-1]]) - place
    centre = outline.mean(0)
    grown = centre + (outline - centre) * 1.15 + pose.rotation[:2, 1] * 0.1 * pose.scale
    hull = np.zeros(cover.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.rint(grown * finer).astype(np.int32)), 1)
    on_face = float((cover * hull).sum()) / max(total, 1e-6)
    return judge_mask(before, inside, on_face)
