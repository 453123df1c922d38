"""Store the figures of a run on real photographs, with what made them, in `data/reference/`.

    course run 01 --profile real
    python tools/reference.py 01

    course run 05
    course train --data work/sample/02_mask_synthesis --out work/models/embedded
    python tools/reference.py photographs

    python benchmarks/three_networks.py
    python tools/reference.py draws

The second stores what the networks of the sample profile say of photographs, which they never saw;
the third adds to chapter 05's what other seeds gave, as that benchmark found it.
Numbers only: no picture and no path leaves `work/`.
"""

import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from course_utils import files, profiles, project  # noqa: E402
from course_utils.command import notebooks  # noqa: E402
from course_utils.data import registry  # noqa: E402

PACKAGES = ("numpy", "scipy", "scikit-learn", "pillow", "pandas", "tensorflow", "keras")


NETWORKS = {
    "this chapter's network": ("sample/05_training/pretrained.keras", "course run 05"),
    "that of `course train`": (
        "models/embedded/model.keras",
        "course train --data work/sample/02_mask_synthesis --out work/models/embedded",
    ),
}
"""What learned from the embedded people: file below `work/`, and the command that makes it."""

FACES = {"whole faces": None, "faces of 20 to 50 pixels": (20, 50)}


def made_by(seed):
    """Say what figures were made with."""
    return {
        "commit": registry.find(profiles.get_profile("real").dataset).commit,
        "seed": seed,
        "machine": f"{os.cpu_count()} CPU cores, {platform.system()} {platform.machine()}, no GPU",
        "versions": (
            {"python": platform.python_version()}
            | {package: importlib.metadata.version(package) for package in PACKAGES}
        ),
    }


def photographs(seed=0):
    """Ask the networks of the sample profile about all photographs, whole and small."""
    from course_utils.evaluation import job

    dataset = profiles.get_profile("real").dataset
    folder, rows = project.work_dir() / "datasets" / dataset, []
    for words, (network, maker) in NETWORKS.items():
        for faces, sizes in FACES.items():
            report = job.evaluate(project.work_dir() / network, folder, sizes, seed=seed)
            recall = report.per_class.recall
            size = "" if sizes is None else " --face-size {}:{}".format(*sizes)
            row = {
                "network": words,
                "faces": faces,
                "made_by": maker,
                "command": f"course evaluate work/{network} work/datasets/{dataset}{size}",
                "accuracy": round(report.accuracy, 4),
                "interval": [round(end, 4) for end in report.interval],
            }
            rows.append(row | {f"recall_{name}": round(recall[name], 4) for name in recall.index})
    return {
        "chapter": "05_training",
        "profile": "sample",
        "dataset": dataset,
        **made_by(seed),
        "pictures": report.pictures,
        "groups": report.groups,
        "rows": rows,
    }


def with_draws():
    """Return chapter 05's stored figures together with those of other seeds."""
    stored = ROOT / "data" / "reference" / "05_training.json"
    draws = project.work_dir() / "real" / "05_training" / "draws.json"
    figures, draws = (json.loads(path.read_text(encoding="utf-8")) for path in (stored, draws))
    return figures | {"draws": draws}


def reference(name):
    """Gather a chapter's recorded metrics, its other tables of figures and what made them."""
    real = profiles.get_profile("real")
    folder = project.work_dir() / real.name / name
    read = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"))
    }
    return {
        "chapter": name,
        "profile": real.name,
        "command": f"course run {name[:2]} --profile {real.name}",
        "dataset": real.dataset,
        **made_by(profiles.SEED),
        **read,
    }


def store(name, figures):
    path = ROOT / "data" / "reference" / f"{name}.json"
    files.write_text(path, json.dumps(figures, indent=2) + "\n")
    print(path.relative_to(ROOT).as_posix())


if __name__ == "__main__":
    if sys.argv[1:] == ["photographs"]:
        store("05_photographs", photographs())
    elif sys.argv[1:] == ["draws"]:
        store("05_training", with_draws())
    else:
        for pair in notebooks.find_pairs(ROOT, wanted=sys.argv[1:]):
            store(pair.name, reference(pair.name))
