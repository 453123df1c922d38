"""The mean of the embedded faces.

68 points in three dimensions, and the program that computed them.

The embedded portraits (`data/sample`) were rendered: each comes with the angles of the head and
with the 68 landmarks of the iBUG annotation. A mean head X, drawn by a distant camera, gives in
picture i the points

    x_i = s_i (R_i X)_xy + t_i

with R_i known. Solving for X, and for each picture's scale s_i and shift t_i in turn, is a chain of
linear least-squares problems. The file `mean_face.csv` is written by

    python -m course_utils.faces.mean_face

Its axes are those of OpenCV's camera: x to the picture's right, y down, z away from the camera. Its
unit is the side of the square that dlib's detector draws round a face, and its origin the middle of
that square.
"""

import csv
from pathlib import Path

import numpy as np

from course_utils.files import write_text

FILE = Path(__file__).with_name("mean_face.csv")

MEAN_FACE = np.loadtxt(FILE, delimiter=",", skiprows=1)
"""float64, shape (68, 3), iBUG order."""

# Where dlib's 68 points lie, on average, in the squares of dlib's own detector: their mean in y and
# their root mean square distance from that mean, over 307 embedded portraits of the first edition
# with a bare face that the detector finds.
CENTRE_IN_SQUARE, SPREAD_IN_SQUARE = 0.046, 0.339


def rotation(yaw, pitch, roll):
    """Return the rotation that the angles of a head stand for.

    Parameters
    ----------
    yaw, pitch, roll : float
        Degrees; to the person's left, up, and towards the right shoulder are positive.

    Returns
    -------
    numpy.ndarray
        float64, shape (3, 3): roll is applied first, then pitch, then yaw, as the generator of the
        embedded pictures does.
    """
    y, p, r = -np.radians([yaw, pitch, roll])
    about_y = [[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]
    about_x = [[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]]
    about_z = [[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]]
    return np.array(about_y) @ about_x @ about_z


def fit(points, rotations, rounds=50):
    """Find the head of which all pictures are views.

    Parameters
    ----------
    points : array_like
        Shape (pictures, n, 2), pixels.
    rotations : array_like
        Shape (pictures, 3, 3).
    rounds : int
        How often scales and head are solved for in turn.

    Returns
    -------
    numpy.ndarray
        Shape (n, 3), centred, of root mean square radius 1 as seen from the front.
    """
    points, views = np.asarray(points, float), np.asarray(rotations, float)[:, :2]
    points = points - points.mean(axis=1, keepdims=True)
    scales = np.sqrt((points**2).sum(axis=2).mean(axis=1))
    for _ in range(rounds):
        design = (scales[:, None, None] * views).reshape(-1, 3)
        head = np.linalg.lstsq(
            design, points.transpose(0, 2, 1).reshape(len(design), -1), rcond=None
        )[0].T
        head /= np.sqrt((head[:, :2] ** 2).sum(axis=1).mean())
        drawn = head @ views.transpose(0, 2, 1)
        scales = (drawn * points).sum(axis=(1, 2)) / (drawn**2).sum(axis=(1, 2))
    return head


def main():
    """Compute the mean face from the embedded portraits of the training split and write it."""
    from course_utils.project import data_dir

    folder = data_dir() / "sample"
    with open(folder / "faces.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    landmarks = np.loadtxt(
        folder / "landmarks.csv", delimiter=",", skiprows=1, usecols=range(1, 137)
    ).reshape(-1, 68, 2)
    chosen = [n for n, row in enumerate(rows) if row["split"] == "train"]
    turns = [
        rotation(*(float(rows[n][angle]) for angle in ("yaw", "pitch", "roll"))) for n in chosen
    ]
    head = fit(landmarks[chosen], turns) * SPREAD_IN_SQUARE + [0, CENTRE_IN_SQUARE, 0]
    lines = [",".join(f"{number:.4f}" for number in point) for point in head]
    write_text(FILE, "\n".join(["x,y,z", *lines]) + "\n")


if __name__ == "__main__":
    main()
