"""Put a mask on a face: bend the texture, light it like the skin below, and lay it over the picture."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from course_utils.masks.head import fit_pose
from course_utils.masks.light import LUMA, SMALL, measure_light
from course_utils.masks.patterns import pattern_tile
from course_utils.masks.quality import Quality, judge_face, judge_mask
from course_utils.masks.textures import MESH_COLUMNS, MESH_ROWS, load_texture
from course_utils.masks.warp import rasterise
from course_utils.masks.wearing import STRAP_ENDS, place_anchors

FINEST = 220  # working pixels across a mask that is drawn finer than the picture


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
    """All that differs between two masks of the same choice. Drawn first, so that it does not depend on the picture."""

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
    seed: int  # of the noise


def draw_chance(rng):
    """Draw what is random about one mask."""
    normal = np.clip(rng.normal(size=8 + 96), -2.5, 2.5)
    uniform = rng.random(14)
    return Chance(
        shift=normal[0:2] * (0.015, 0.025), turn=normal[2] * np.radians(1.5), stretch=1 + normal[3:5] * (0.03, 0.025),
        jitter=normal[8:].reshape(32, 3) * 0.012, shade=1 + 0.06 * normal[5], tint=1 + 0.015 * normal[[6, 7, 2]],
        relief=0.4 + 0.8 * uniform[0], crease=uniform[1:3] * (0.09, 0.06), offset=uniform[3:9].reshape(3, 2),
        pattern_scale=0.7 + 0.8 * uniform[9], shadow=0.15 + 0.25 * uniform[10], seed=int(uniform[11] * 2**32),
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
        When the type or the pattern is unknown.
    ValueError
        When the picture has another type or shape.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"expected uint8 of shape (height, width, 3), got {getattr(image, 'dtype', type(image))} of shape {np.shape(image)}")
    texture, chance = load_texture(choice.type), draw_chance(rng)
    height, width = image.shape[:2]
    landmarks = np.asarray(face.landmarks, float)
    pose = fit_pose(landmarks)
    before = judge_face(pose)
    if not before.ok:
        return Masked(image.copy(), np.zeros((height, width), np.float32), before)

    targets = pose.project(_places(texture, choice, chance))
    mesh = (texture.basis @ targets).reshape(MESH_ROWS, MESH_COLUMNS, 3)
    straps = _straps(texture, targets, pose)
    drawn = np.zeros((MESH_ROWS, MESH_COLUMNS), bool)
    for rows in (slice(None, -1), slice(1, None)):
        for columns in (slice(None, -1), slice(1, None)):
            drawn[rows, columns] |= texture.wanted
    points = np.concatenate([mesh[drawn][:, :2], *[path[:, :2] for path, _ in straps]])
    margin = 3 + 0.08 * pose.scale
    x0, y0 = np.maximum(np.floor(points.min(0) - margin), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(points.max(0) + margin), (width, height)).astype(int)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return Masked(image.copy(), np.zeros((height, width), np.float32), judge_mask(before, 0.0, 0.0))

    light = measure_light(image, landmarks)
    finer = int(np.clip(np.ceil(FINEST / max(np.ptp(mesh[drawn][:, 0]), 1)), 1, 3))
    place = np.array([x0, y0, 0])
    row, column = rasterise((mesh - place) * finer + (finer - 1) / 2 * np.array([1, 1, 0]), texture.wanted, (x1 - x0) * finer, (y1 - y0) * finer)
    sheet = _sheet(texture, choice, chance, light, mesh, row, column, finer)
    strap = _draw_straps(image, straps, texture, light, pose.scale, finer, place[:2], sheet.shape)
    layer = sheet + strap * (1 - sheet[..., 3:])
    size = (x1 - x0, y1 - y0)
    if finer > 1:
        layer, sheet = (cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (layer, sheet))
    soft = np.sqrt(max(light.blur**2 - 0.6**2, 0.0))
    if soft > 0.2:
        layer = cv2.GaussianBlur(layer, (0, 0), soft)
    part = _compose(image[y0:y1, x0:x1], layer, sheet[..., 3], light, chance, pose.scale, (x0, y0))
    result, alpha = image.copy(), np.zeros((height, width), np.float32)
    result[y0:y1, x0:x1] = part
    alpha[y0:y1, x0:x1] = np.clip(layer[..., 3], 0, 1)
    return Masked(result, alpha, _judge(before, sheet[..., 3], (x0, y0), mesh, texture, pose, landmarks))


def _places(texture, choice, chance):
    """Return where on the head the anchors go, with this mask's own deviations."""
    places = place_anchors(texture.places, choice.wear, choice.position)
    centre = places.mean(0)[:2]
    turned = np.array([[np.cos(chance.turn), -np.sin(chance.turn)], [np.sin(chance.turn), np.cos(chance.turn)]])
    places[:, :2] = (places[:, :2] - centre) * chance.stretch @ turned.T + centre + chance.shift
    return places + np.resize(chance.jitter, places.shape)


def _straps(texture, targets, pose):
    """Return the path of each strap, shape (9, 3) pixels and depth, and how much of it the head leaves to be seen."""
    paths = []
    for start, end in texture.straps:
        place = np.array(STRAP_ENDS[end])
        first, last = start @ targets, pose.project(place[None])[0]
        along = np.linspace(0, 1, 9)[:, None]
        path = first + along * (last - first)
        outwards = pose.rotation @ (np.sign(place[0]) * 0.85, 0, 0.5)
        path[:, :2] += pose.scale * 0.05 * np.sin(np.pi * along) * outwards[:2]
        shown = float(np.clip(outwards[2] / 0.25, 0, 1))
        paths.append((path, shown))
    return paths


def _sheet(texture, choice, chance, light, mesh, row, column, finer):
    """Return the lit mask without its straps: float32, premultiplied RGBA."""
    left, top = texture.mesh[0, 0]
    step_x, step_y = ((texture.mesh[-1, -1] - (left, top)) / (MESH_COLUMNS - 1, MESH_ROWS - 1)).astype(np.float32)
    u, v = np.float32(left) + column * step_x, np.float32(top) + row * step_y
    seen = _texels_per_pixel(texture, mesh) / finer
    level = int(np.clip(np.floor(np.log2(max(seen, 1)) + 0.3), 0, len(texture.levels) - 1))
    factor = np.float32(0.5**level)
    u_level, v_level = (u + 0.5) * factor - 0.5, (v + 0.5) * factor - 0.5
    rgba = cv2.remap(texture.levels[level], u_level, v_level, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    detail = cv2.remap(texture.detail[level], u_level, v_level, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = rgba[..., 3:]
    rgb = _colored(rgba[..., :3], cover, detail, choice, chance, u, v)
    grain = _wrapped(_tiles()[0], u * 0.9, v * 0.9, chance.offset[0]) * 0.03 * texture.fibre / np.sqrt(max(seen, 1))
    creases = chance.crease[0] * _wrapped(_tiles()[1], u * 0.5, v * 0.5, chance.offset[1]) + chance.crease[1] * _wrapped(_tiles()[2], u * 0.5, v * 0.5, chance.offset[1])
    form = cv2.remap(_form(mesh, light, texture.relief * chance.relief), column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shade = (form + grain + creases)[..., None]
    rgb = (rgb + 0.03 * cover * (shade - 1)) * shade
    if light.color < 1:
        rgb += (1 - light.color) * ((rgb @ LUMA)[..., None] - rgb)
    return np.concatenate([np.maximum(rgb, 0), cover], axis=2)


def _texels_per_pixel(texture, mesh):
    """Return how many texture pixels fall on a pixel of the picture, in one direction, on the average."""
    across, down = mesh[:-1, 1:, :2] - mesh[:-1, :-1, :2], mesh[1:, :-1, :2] - mesh[:-1, :-1, :2]
    area = np.abs(across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]).sum()
    return float(np.sqrt(np.prod(texture.mesh[-1, -1] - texture.mesh[0, 0]) / max(area, 1)))


def _colored(rgb, cover, detail, choice, chance, u, v):
    """Return the mask's premultiplied colours after the choice's colour and pattern."""
    detail = detail[..., None]
    if choice.color is not None and choice.color_weight > 0:
        color = np.maximum(np.asarray(choice.color, np.float32) / 255, 0.035)
        rgb = rgb + choice.color_weight * (cover * np.clip(color * detail + 0.06 * (detail - 1), 0, 1) - rgb)
    if choice.pattern is not None and choice.pattern_weight > 0:
        tile = pattern_tile(choice.pattern)
        zoom = chance.pattern_scale if tile.ndim == 2 else 1.0
        offset = chance.offset[2] if tile.ndim == 2 else np.zeros(2)
        printed = _wrapped(tile, u / zoom, v / zoom, offset)
        if tile.ndim == 2:
            mean = rgb.sum((0, 1)) / max(float(cover.sum()), 1e-6)
            ink = np.array([0.96, 0.96, 0.94]) if mean @ LUMA < 0.55 else np.array(INKS[int(chance.offset[2, 0] * len(INKS))])
            printed = printed[..., None]
            rgb = rgb + choice.pattern_weight * printed * (cover * ink.astype(np.float32) * np.minimum(detail, 1.1) - rgb)
        else:
            rgb = rgb + choice.pattern_weight * (cover * printed * np.minimum(detail, 1.1) - rgb)
    return rgb * (chance.shade * chance.tint).astype(np.float32)


INKS = ((0.12, 0.16, 0.35), (0.62, 0.10, 0.14), (0.10, 0.34, 0.24), (0.15, 0.15, 0.17), (0.78, 0.30, 0.48), (0.20, 0.42, 0.68))


def _wrapped(tile, u, v, offset):
    """Return a tile repeated without end at (u, v)."""
    height, width = tile.shape[:2]
    x, y = np.mod(u + np.float32(offset[0] * width), width), np.mod(v + np.float32(offset[1] * height), height)
    return cv2.remap(tile, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


@cache
def _tiles():
    """Return fibre, broad creases and fine creases: float32, shape (256, 256), mean 0, deviation 1, without seams."""
    rng = np.random.default_rng(68)
    tiles = []
    for across, down in ((0.8, 0.8), (26, 9), (7, 4)):
        noise = np.fft.fft2(rng.normal(size=(256, 256)))
        fx, fy = np.fft.fftfreq(256)[None], np.fft.fftfreq(256)[:, None]
        tile = np.fft.ifft2(noise * np.exp(-2 * np.pi**2 * ((fx * across) ** 2 + (fy * down) ** 2))).real
        tile -= tile.mean()
        tile /= tile.std()
        tiles.append((tile if across < 1 else np.tanh(tile)).astype(np.float32))
    return tuple(tiles)


def _form(mesh, light, strength):
    """Return the shade of the bent sheet at the mesh's corners, about 1: Lambert's law, light from before and above."""
    down, across = np.gradient(mesh, axis=(0, 1))
    normal = np.cross(across, down)
    normal /= np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-9)
    normal[..., 2] = np.maximum(normal[..., 2], 0)
    source = np.array([1.2 * light.slope[0], -0.35 + 0.6 * light.slope[1], 1.0])
    source /= np.linalg.norm(source)
    lit = np.maximum(normal @ source, 0.15)
    lit /= np.percentile(lit, 80)
    return np.clip(1 + strength * (lit - 1), 0.45, 1.2).astype(np.float32)


def _draw_straps(image, straps, texture, light, scale, finer, place, shape):
    """Return the straps: float32, premultiplied RGBA. Hair in front of one hides it."""
    cover = np.zeros(shape[:2], np.float32)
    thick = max(1, round(texture.strap_width * scale * finer))
    weak = min(1.0, texture.strap_width * scale * finer)
    height, width = image.shape[:2]
    for path, shown in straps:
        if shown <= 0:
            continue
        x, y = np.clip(np.rint(path[:, 0]), 0, width - 1).astype(int), np.clip(np.rint(path[:, 1]), 0, height - 1).astype(int)
        below = image[y, x] @ LUMA / 255
        skinlike = np.clip(1.6 - np.abs(below - light.skin) / (0.35 * light.skin + 0.05), 0, 1)
        fixed = np.rint(((path[:, :2] - place) * finer + (finer - 1) / 2) * 16).astype(np.int32)
        for i in range(len(path) - 1):
            strength = shown * weak * min(skinlike[i], skinlike[i + 1])
            if strength > 0.05:
                cv2.line(cover, fixed[i].tolist(), fixed[i + 1].tolist(), float(strength), thick, cv2.LINE_AA, 4)
    color = np.asarray(texture.strap_color, np.float32)
    if light.color < 1:
        color = color + (1 - light.color) * (color @ LUMA - color)
    return np.dstack([cover[..., None] * color * 0.92, cover])


def _compose(part, layer, sheet, light, chance, scale, place):
    """Lay the mask over the picture: light of the skin, the camera's noise, and the shadow at its edge."""
    height, width = part.shape[:2]
    x0, y0, x1, y1 = light.box
    to_x, to_y = SMALL / (x1 - x0), SMALL / (y1 - y0)
    move = np.array([[1 / to_x, 0, x0 - place[0]], [0, 1 / to_y, y0 - place[1]]])
    field = cv2.warpAffine(light.field, move, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = layer[..., 3:]
    lit = layer[..., :3] * (light.level * field)[..., None] * light.cast
    peak = np.maximum(cover, 1e-3)
    ratio = lit / peak
    lit = np.where(ratio > 0.8, 0.8 + 0.2 * np.tanh((ratio - 0.8) / 0.2), ratio) * peak
    if light.noise > 0.002:
        rng = np.random.default_rng(chance.seed)
        noise = rng.normal(0, light.noise, (height, width)).astype(np.float32)
        lit = lit + cover * noise[..., None]
    wide = max(0.045 * scale, 0.5)
    shadow = cv2.GaussianBlur(sheet, (0, 0), wide)
    lower = np.array([[1, 0, 0], [0, 1, 0.5 * wide]])
    shadow = cv2.warpAffine(shadow, lower, (width, height), borderMode=cv2.BORDER_REPLICATE)
    below = part.astype(np.float32) / 255 * (1 - chance.shadow * shadow)[..., None]
    return np.rint(np.clip(below * (1 - cover) + lit, 0, 1) * 255).astype(np.uint8)


def _judge(before, sheet, place, mesh, texture, pose, landmarks):
    """Measure how much of the mask lies in the picture and on the face."""
    down, across = mesh[1:, :-1] - mesh[:-1, :-1], mesh[:-1, 1:] - mesh[:-1, :-1]
    area = np.maximum(across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0], 0)
    whole = float((area * texture.wanted).sum()) * 0.9
    inside = float(np.clip(sheet.sum() / max(whole, 1), 0, 1))
    outline = np.concatenate([landmarks[:17], landmarks[26:16:-1]]) - place
    centre = outline.mean(0)
    grown = centre + (outline - centre) * 1.15 + pose.rotation[:2, 1] * 0.1 * pose.scale
    hull = np.zeros(sheet.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.rint(grown).astype(np.int32)), 1)
    on_face = float((sheet * hull).sum() / max(float(sheet.sum()), 1e-6))
    return judge_mask(before, inside, on_face)
