"""The head below a mask: a mean head in three dimensions, and its pose from 68 landmarks.

A place on the head is (x, y, z): x to the right of the picture, y down, z towards the camera,
measured from the point between nose and upper lip in distances of the outer eye corners.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
INNER = np.r_[
    8, 17:68
]  # the landmarks that are fixed points of the skin; those of the jaw follow the visible outline
TRUST = np.r_[
    0.5, np.full(10, 0.5), np.ones(21), np.full(20, 0.3)
]  # of INNER: brows and lips move, eyes and nose hardly
NOSE_TO_CHIN = 0.91
"""Distance from the tip of the nose (landmark 30) to the chin (landmark 8) on the mean head."""


@cache
def mean_landmarks():
    """Return the 68 landmarks of the mean head, float64, shape (68, 3).

    `data/generator/mean_head.py` measured them.
    """
    return np.loadtxt(FOLDER / "head_landmarks.csv", delimiter=",", skiprows=1)


@cache
def _depth_table():
    table = np.loadtxt(FOLDER / "head_depth.csv", delimiter=",", skiprows=1)
    return table[:, 0], np.maximum(table[:, 1:], -1.0)


def skin_depth(x, y):
    """Return how far the skin of the mean head stands out, z, at places seen from the front.

    Below the chin, where the neck is far behind, the surface is one that a mask would hang on.

    Parameters
    ----------
    x, y : array_like
        Places on the head.

    Returns
    -------
    numpy.ndarray
        float64, of the same shape.
    """
    rows, table = _depth_table()
    x, y = np.abs(np.asarray(x, float)), np.asarray(y, float)
    across = np.clip(x / 0.1, 0, table.shape[1] - 1.001)
    down = np.clip((y - rows[0]) / 0.1, 0, len(rows) - 1.001)
    column, row = across.astype(int), down.astype(int)
    s, t = across - column, down - row
    upper = (1 - s) * table[row, column] + s * table[row, column + 1]
    lower = (1 - s) * table[row + 1, column] + s * table[row + 1, column + 1]
    return (1 - t) * upper + t * lower - np.maximum(y - rows[-1], 0)


@dataclass(frozen=True)
class Pose:
    """How the camera sees the mean head, and how the face differs from it.

    Attributes
    ----------
    scale : float
        Pixels per distance of the outer eye corners.
    rotation : numpy.ndarray
        float64, shape (3, 3), from the head to the camera.
    origin : numpy.ndarray
        float64, shape (2,), pixels: where the head's origin appears.
    places : numpy.ndarray
        float64, shape (68, 2): where on the mean head (x, y) each landmark was measured.
    residuals : numpy.ndarray
        float64, shape (68, 2), pixels: how far each landmark lies from where the mean head has it.
    error : float
        Root mean square of the inner landmarks' residuals, in distances of the outer eye corners.
    """

    scale: float
    rotation: np.ndarray
    origin: np.ndarray
    places: np.ndarray
    residuals: np.ndarray
    error: float

    @property
    def yaw(self):
        """Degrees; positive when the face looks to the right of the picture."""
        return float(np.degrees(np.arcsin(np.clip(self.rotation[0, 2], -1, 1))))

    @property
    def pitch(self):
        """Degrees; positive when the face looks up."""
        return float(np.degrees(np.arctan2(-self.rotation[1, 2], self.rotation[2, 2])))

    @property
    def roll(self):
        """Degrees; positive when the head is turned clockwise in the picture."""
        return float(np.degrees(np.arctan2(self.rotation[1, 0], self.rotation[0, 0])))

    def rigid(self, points):
        """Return where the camera sees places of the mean head.

        (N, 3), pixels x and y and depth towards the camera.
        """
        seen = self.scale * np.asarray(points, float) @ self.rotation.T
        seen[:, :2] += self.origin
        return seen

    def project(self, points, width=0.22):
        """Return where the camera sees places of this face's head.

        The landmarks' residuals are carried over to places near them, weighted by a Gaussian of the
        distance (Nadaraya and Watson 1964), so that a long chin or an open mouth takes the mask
        with it.

        Parameters
        ----------
        points : array_like
            Shape (N, 3), places on the mean head.
        width : float
            Standard deviation of the Gaussian, in distances of the outer eye corners.

        Returns
        -------
        numpy.ndarray
            float64, shape (N, 3): x and y in pixels, depth in pixels towards the camera.
        """
        points = np.asarray(points, float)
        seen = self.rigid(points)
        squares = ((points[:, None, :2] - self.places[None]) ** 2).sum(2)
        weights = np.exp(-(squares - squares.min(1, keepdims=True)) / (2 * width**2))
        seen[:, :2] += weights @ self.residuals / weights.sum(1, keepdims=True)
        return seen


def fit_pose(landmarks):
    """Estimate scale, rotation and place of the head by a scaled orthographic camera.

    The affine camera of least squares is replaced by the nearest one that only turns and scales.
    The landmarks of the jaw of a turned head lie on its outline, so each is compared with the
    outermost place of the mean head at its height ("landmark marching": Zhu et al., High-fidelity
    pose and expression normalization, CVPR 2015).

    Parameters
    ----------
    landmarks : array_like
        Shape (68, 2), pixels, in the iBUG order.

    Returns
    -------
    Pose

    Raises
    ------
    ValueError
        When the landmarks are not 68 finite points, or all of them coincide.
    """
    landmarks = np.asarray(landmarks, float)
    if landmarks.shape != (68, 2) or not np.isfinite(landmarks).all():
        raise ValueError(
            f"expected 68 finite landmarks, shape (68, 2), got shape {landmarks.shape}"
        )
    if np.ptp(landmarks[17:], axis=0).max() < 1e-3:
        raise ValueError("all landmarks coincide")
    mean, trust = mean_landmarks(), TRUST[:, None]
    model, seen = mean[INNER], landmarks[INNER]
    model_centre = (trust * model).sum(0) / trust.sum()
    seen_centre = (trust * seen).sum(0) / trust.sum()
    camera = np.linalg.lstsq(
        np.sqrt(trust) * (model - model_centre), np.sqrt(trust) * (seen - seen_centre), rcond=None
    )[0].T
    left, _, right = np.linalg.svd(camera, full_matrices=False)
    two = left @ right
    turned = (model - model_centre) @ two.T
    scale = (trust * turned * (seen - seen_centre)).sum() / (trust * turned**2).sum()
    rotation = np.vstack([two, np.cross(two[0], two[1])])
    origin = seen_centre - scale * model_centre @ two.T
    pose = Pose(float(scale), rotation, origin, np.empty((0, 2)), np.empty((0, 2)), 0.0)
    outline = _visible_outline(pose, mean)
    residuals = landmarks - pose.rigid(outline)[:, :2]
    error = float(
        np.sqrt((TRUST * (residuals[INNER] ** 2).sum(1)).sum() / TRUST.sum())
        / max(abs(scale), 1e-9)
    )
    return Pose(float(scale), rotation, origin, outline[:, :2], residuals, error)


def _visible_outline(pose, mean):
    """Return the mean head's landmarks, those of the jaw moved to where the outline is seen."""
    outline = mean.copy()
    sides = np.r_[0:6, 11:17]
    x = mean[sides, 0][:, None] * np.linspace(1, 0.4, 9)
    y = np.repeat(mean[sides, 1][:, None], 9, axis=1)
    candidates = np.stack([x, y, skin_depth(x, y)], axis=2)
    candidates[:, 0] = mean[sides]
    sideways = pose.rotation[:2, 0] / max(
        np.linalg.norm(pose.rotation[:2, 0]), 1e-9
    )  # of the head, as the camera sees it
    across = candidates @ pose.rotation[:2].T @ sideways * np.sign(mean[sides, 0])[:, None]
    outline[sides] = candidates[np.arange(len(sides)), across.argmax(1)]
    return outline
