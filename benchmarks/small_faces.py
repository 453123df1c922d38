"""Ask chapter 06's questions on photographs with several draws of the face sizes.

    course run 01 --profile real
    python benchmarks/small_faces.py
    python tools/reference.py 06

Nothing else in that chapter's trial is random: the base is frozen, and a head has one best fit. The
first seed is the chapter's own, so that its column must agree with the stored reference run. The
figures go beside those of `course run 06 --profile real`, where the second command finds them.
"""

import argparse
import json

import numpy as np
import pandas as pd
from PIL import Image
from rich.console import Console
from rich.table import Table

from course_utils import evaluation, files, models, profiles, project
from course_utils.data.faces_table import faces_dir
from course_utils.training import pipeline
from course_utils.training.features import compute_features
from course_utils.training.head import fit_head

CLASSES = ("with_mask", "without_mask")
FILTERS = {"nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR}
SMALL, TINY = (10, 40), (8, 16)  # pixels of a face
KINDS = {"whole": None, "10 to 40 pixels": SMALL, "8 to 16 pixels": TINY}
BOTH = [(None, 0), (None, 1)] * 2 + [(SMALL, draw) for draw in range(4)]
GAINS = {
    "one word, 10 to 40 pixels": ("before", "one word", "10 to 40 pixels"),
    "both after one word, 10 to 40 pixels": ("one word", "both", "10 to 40 pixels"),
    "both after one word, 8 to 16 pixels": ("one word", "both", "8 to 16 pixels"),
    "both after one word, whole": ("one word", "both", "whole"),
}


class Trial:
    """The faces of the three parts, and the base that describes them."""

    def __init__(self, profile, seed):
        self.folder = faces_dir(profile.name)
        work = project.work_dir() / profile.name
        table = pd.read_csv(work / "01_data_collection" / "faces.csv")
        self.parts = {part: rows.reset_index(drop=True) for part, rows in table.groupby("split")}
        self.labels = {
            part: (rows.label == CLASSES[1]).to_numpy(int) for part, rows in self.parts.items()
        }
        self.side, self.seed = profile.training.pretrained_size, seed
        self.store = work / "shared" / "features"
        self.base = models.build("mobilenetv2", self.side, 2, weights="imagenet")

    def features(self, part, way, sizes=None, draw=0):
        faces = pipeline.read_faces(
            self.parts[part],
            self.folder,
            self.side,
            sizes=sizes,
            seed=self.seed + 100 * draw,
            enlarge=FILTERS[way],
        )
        faces = faces[:, :, ::-1] if draw % 2 else faces
        return compute_features(self.base, faces, self.store, progress=True)

    def head(self, way, cuts, judges):
        """Fit a head on training people's cuts, (sizes, draw), judged on validation people."""
        return fit_head(
            np.concatenate([self.features("train", way, *cut) for cut in cuts]),
            np.tile(self.labels["train"], len(cuts)),
            np.concatenate([self.features("validation", way, kind) for kind in judges]),
            np.tile(self.labels["validation"], len(judges)),
        )

    def right(self):
        """Return for each run and kind of faces whether each test person is named rightly."""
        heads = {
            "before": ("nearest", self.head("nearest", [(None, 0)], [None])),
            "one word": ("bilinear", self.head("bilinear", [(None, 0)], [None])),
            "both": ("bilinear", self.head("bilinear", BOTH, [None, SMALL])),
        }
        found = {}
        for run, (way, head) in heads.items():
            for kind, sizes in KINDS.items():
                told = head.probabilities(self.features("test", way, sizes)).argmax(axis=1)
                found[run, kind] = told == self.labels["test"]
        return found


def figures_of(right, groups):
    """Return accuracies and gains with their 95 % intervals, in per cent."""
    accuracy = {
        f"{run}, {kind}": round(100 * good.mean(), 2) for (run, kind), good in right.items()
    }
    gains = {}
    for title, (first, second, kind) in GAINS.items():
        gain = 100 * (right[second, kind].astype(float) - right[first, kind])
        ends = evaluation.bootstrap_interval(gain, groups)
        gains[title] = [round(float(value), 1) for value in (gain.mean(), *ends)]
    return {"accuracy": accuracy, "gains": gains}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[profiles.SEED + n for n in range(3)]
    )
    asked = parser.parse_args()

    draws = {}
    for seed in asked.seeds:
        trial = Trial(profiles.get_profile("real"), seed)
        draws[seed] = figures_of(trial.right(), trial.parts["test"].group)

    table = Table("change on test people (points)", *(f"seed {seed}" for seed in draws), "mean")
    for title in GAINS:
        gains = [draw["gains"][title] for draw in draws.values()]
        cells = [f"{gain:+.1f} ({low:+.1f} to {high:+.1f})" for gain, low, high in gains]
        table.add_row(title, *cells, f"{np.mean([gain for gain, *_ in gains]):+.1f}")
    for title in next(iter(draws.values()))["accuracy"]:
        shares = [draw["accuracy"][title] for draw in draws.values()]
        table.add_row(title, *(f"{share:.1f}" for share in shares), f"{np.mean(shares):.1f}")
    Console(width=120).print(table)
    path = project.work_dir() / "real" / "06_small_faces" / "draws.json"
    files.write_text(path, json.dumps(draws, indent=2) + "\n")


if __name__ == "__main__":
    main()
