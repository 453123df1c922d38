"""The annotated faces of the embedded scenes and videos.

Boxes, labels, and who it is.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from course_utils.pictures import annotations

EDGES = ["x_min", "y_min", "x_max", "y_max"]


@dataclass(frozen=True, eq=False)
class Truth:
    """The annotated faces of one picture or frame.

    Attributes
    ----------
    boxes : numpy.ndarray
        float, shape (n, 4), pixels, half open.
    labels : list of str
        "with_mask" or "without_mask": a mask that is worn wrongly is none.
    people : list of str
        Names; in a scene, where nobody has one, its own name.
    """

    boxes: np.ndarray
    labels: list
    people: list

    @property
    def sizes(self):
        """The shorter side of each box in pixels, shape (n,)."""
        return (self.boxes[:, 2:] - self.boxes[:, :2]).min(axis=1)

    @property
    def pairs(self):
        """Box and label of each face, as `course_utils.detection.score` takes them."""
        return list(zip(self.boxes, self.labels))

    def person_at(self, box):
        """Return the name of the first person whose middle lies in a box, else "nobody"."""
        middles = (self.boxes[:, :2] + self.boxes[:, 2:]) / 2
        inside = ((middles >= box[:2]) & (middles <= box[2:])).all(axis=1)
        return self.people[int(inside.argmax())] if inside.any() else "nobody"


def scenes(sample):
    """Return the truth of each embedded scene.

    Parameters
    ----------
    sample : path-like
        Folder of the embedded pictures.

    Returns
    -------
    dict of pathlib.Path to Truth
        By the scene's picture, in the order of their names.
    """
    found = {}
    for path in sorted((Path(sample) / "scenes").glob("*.xml")):
        boxes, _ = annotations.read_voc(path)
        found[path.with_suffix(".jpg")] = Truth(
            np.array([[getattr(box, edge) for edge in EDGES] for box in boxes], float),
            [_two_labels(box.label) for box in boxes],
            [path.stem] * len(boxes),
        )
    return found


def frames(sample, video):
    """Return the truth of each frame of an embedded video.

    Parameters
    ----------
    sample : path-like
        Folder of the embedded pictures.
    video : str
        Its name, such as "walk".

    Returns
    -------
    list of Truth
        By the frame's number; frames without a face are among them.
    """
    listed = pd.read_csv(Path(sample) / "videos.csv").set_index("video")
    table = pd.read_csv(Path(sample) / f"videos/{video}.csv")
    parts = dict(list(table.groupby("frame")))
    count = int(listed.loc[f"videos/{video}.mp4", "frames"])
    return [_of_frame(parts.get(number, table[:0])) for number in range(count)]


def _of_frame(part):
    labels = [_two_labels(label) for label in part["label"]]
    return Truth(part[EDGES].to_numpy(float), labels, part["person"].tolist())


def _two_labels(label):
    return "with_mask" if label == "with_mask" else "without_mask"
