"""Measure how a face is lit and photographed, so that what is drawn on it fits in."""

from dataclasses import dataclass

import cv2
import numpy as np

SMALL = 48  # pixels: size at which light is measured
ACROSS = np.linspace(-1, 1, SMALL, dtype=np.float32)
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
PALEST, DARKEST = (
    0.72,
    0.36,
)  # luma of the palest and the darkest skin in full light, from which exposure is bounded
SKIN = np.array([1.22, 0.95, 0.80], np.float32)  # usual skin under white light, over its luma


@dataclass(frozen=True)
class Light:
    """Light and camera of a face.

    Attributes
    ----------
    field : numpy.ndarray
        float32, shape (48, 48): light over its usual level, on the box (x0, y0, x1, y1).
    box : tuple of float
        Pixels of the picture.
    level : float
        Luma that a white surface in the usual light of the face would have, about 0 to 1.1.
    cast : numpy.ndarray
        float32, shape (3,): colour of the light over grey, mean 1.
    color : float
        0 for a grey picture, 1 for one with colours.
    slope : numpy.ndarray
        float64, shape (2,): change of light across and down the face, over its usual level.
    skin : float
        Median luma of the skin, 0 to 1.
    blur : float
        Standard deviation, in pixels, of the blur that makes a sharp drawing as soft as this
        picture; 0 for a sharp one.
    noise : float
        Standard deviation of the picture's noise, 0 to 1.
    """

    field: np.ndarray
    box: tuple
    level: float
    cast: np.ndarray
    color: float
    slope: np.ndarray
    skin: float
    blur: float
    noise: float


def measure_light(image, landmarks):
    """Measure light, colour cast, sharpness and noise on a face.

    The light is the luma of the skin without its details: pixels unlike the rest (brows, lips,
    hair, a beard) count little; a plane is fitted to the rest, and what the plane leaves is
    averaged over a sixth of the face (normalised convolution: Knutsson and Westin 1993). How dark
    skin and a dark scene differ is told by the brightest parts of the picture, within the bounds
    that skin sets.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (H, W, 3), RGB.
    landmarks : numpy.ndarray
        Shape (68, 2), pixels.

    Returns
    -------
    Light
    """
    box = _face_box(landmarks)
    face = _resample(image, box)
    outline = np.concatenate([landmarks[:17], landmarks[26:16:-1]])
    hull = np.zeros((SMALL, SMALL), np.float32)
    to_small = SMALL / (np.array(box[2:]) - box[:2])
    cv2.fillConvexPoly(
        hull, cv2.convexHull(np.rint((outline - box[:2]) * to_small).astype(np.int32)), 1
    )
    hull *= _inside(image.shape, box)
    if hull.sum() < 20:
        hull[:] = 1
    luma = face @ LUMA
    middle = _rank(luma[hull > 0], 0.5)
    skin = _rank(luma[(hull > 0) & (luma > 0.5 * middle)], 0.6)
    weight = hull * np.exp(-(((luma - skin) / (0.3 * skin + 0.04)) ** 2)) + 1e-4
    level, *slope = _plane(luma, weight)
    plane = (level + slope[0] * ACROSS + slope[1] * ACROSS[:, None]).astype(np.float32)
    smooth = SMALL / 6
    rest = cv2.GaussianBlur((luma - plane) * weight, (0, 0), smooth) / cv2.GaussianBlur(
        weight, (0, 0), smooth
    )
    field = np.clip((plane + rest) / max(skin, 0.02), 0.35, 1.5).astype(np.float32)
    red, green, blue = cv2.split(cv2.resize(image, (SMALL, SMALL), interpolation=cv2.INTER_AREA))
    brightest = _rank(cv2.max(cv2.max(red, green), blue), 0.97) / 255
    white = float(np.clip(brightest, skin / PALEST, skin / DARKEST))
    color = weight.ravel() @ face.reshape(-1, 3) / weight.sum()
    tint = color / max(float(color @ LUMA), 0.01)
    saturation = float((color.max() - color.min()) / max(color.max(), 0.01))
    cast = tint / SKIN if saturation > 0.05 else np.ones(3, np.float32)
    cast = np.clip(cast, 0.5, 1.6) ** 0.5
    blur, noise = _sharpness(image, landmarks)
    return Light(
        field=field,
        box=box,
        level=min(white, 1.08),
        cast=(cast / (cast @ LUMA)).astype(np.float32),
        color=float(np.clip(saturation / 0.12, 0, 1)),
        slope=np.array(slope) / max(skin, 0.02),
        skin=skin,
        blur=blur,
        noise=noise,
    )


def _rank(values, share):
    """Return the value below which a share of the values lies.

    NumPy's percentile spends more on checks than on this.
    """
    place = int(share * (values.size - 1))
    return float(np.partition(values, place, axis=None)[place])


def _plane(values, weight):
    """Return height, slope across and slope down (per half width) of the plane that fits best."""
    powers = np.stack([np.ones_like(ACROSS), ACROSS, ACROSS**2]).astype(float)
    (w, wx, wxx), (wy, wxy, _), (wyy, _, _) = powers @ weight @ powers.T
    (v, vx, _), (vy, _, _), _ = powers @ (weight * values) @ powers.T
    known = [v, vx, vy]
    return np.linalg.solve([[w, wx, wy], [wx, wxx, wxy], [wy, wxy, wyy]], known)


def _face_box(landmarks):
    low, high = landmarks.min(0), landmarks.max(0)
    centre, half = (low + high) / 2, max(float((high - low).max()) * 0.6, 2.0)
    return (*(centre - half).tolist(), *(centre + half).tolist())


def _resample(image, box):
    """Return the picture's box as float32 (48, 48, 3), 0 to 1, the border repeated outside."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = (round(value) for value in box)
    part = image[max(y0, 0) : max(min(y1, height), 1), max(x0, 0) : max(min(x1, width), 1)]
    factor = SMALL / max(x1 - x0, 1)
    if part.size == 0:
        part = image
    if factor < 0.5:
        part = cv2.resize(part, None, fx=factor * 2, fy=factor * 2, interpolation=cv2.INTER_AREA)
        scale = 2 * factor
    else:
        scale = 1.0
    move = np.array(
        [
            [factor / scale, 0, (max(x0, 0) - x0) * factor],
            [0, factor / scale, (max(y0, 0) - y0) * factor],
        ]
    )
    small = cv2.warpAffine(
        part, move, (SMALL, SMALL), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return small.astype(np.float32) / 255


def _inside(shape, box):
    """Return 1 where the 48 x 48 grid of the box lies in the picture, 0 outside."""
    x = np.linspace(box[0], box[2], SMALL)
    y = np.linspace(box[1], box[3], SMALL)
    return (((x >= 0) & (x < shape[1]))[None] & ((y >= 0) & (y < shape[0]))[:, None]).astype(
        np.float32
    )


def _sharpness(image, landmarks):
    """Return blur (pixels) and noise (0 to 1) of the picture around the eyes and over the face.

    A step of height d blurred by a Gaussian of s pixels has the slope d / (s sqrt(2 pi)); lids,
    irises and brows are such steps. What sharp photographs show is taken off: a pixel, and the
    softness of the lids themselves. Noise: Immerkaer, Fast noise variance estimation, CVIU 1996,
    with the lower quartile against edges.
    """
    height, width = image.shape[:2]
    eyes = landmarks[17:48]
    x0, y0 = np.maximum(np.floor(eyes.min(0)).astype(int) - 1, 0)
    x1, y1 = np.ceil(eyes.max(0)).astype(int) + 2
    part = image[y0 : min(y1, height), x0 : min(x1, width)]
    if min(part.shape[:2]) < 5:
        return 0.5, 0.01
    step = max(1, part.shape[1] // 300)
    part = cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    across, down = (
        cv2.Sobel(part, cv2.CV_32F, 1, 0, scale=0.125),
        cv2.Sobel(part, cv2.CV_32F, 0, 1, scale=0.125),
    )
    steep = _rank(cv2.magnitude(across, down)[::step, ::step], 0.98)
    low, high = (_rank(part[::step, ::step], share) for share in (0.05, 0.9))
    apparent = (high - low) / (2.507 * max(steep, 1e-3))
    softness = 0.009 * float(np.linalg.norm(landmarks[45] - landmarks[36]))
    blur = np.sqrt(max(apparent**2 - 1 - softness**2, 0.0))
    residual = cv2.filter2D(
        part, cv2.CV_32F, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    )
    noise = (
        _rank(np.abs(residual[::step, ::step]), 0.25) / 0.3186 / 6
    )  # a quarter: more would be lashes
    return float(min(blur, 0.08 * max(part.shape[1], 10))), float(np.clip(noise, 0, 0.08))
