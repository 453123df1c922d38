"""Store the figures of a run on real photographs, with what made them, in `data/reference/`.

    course run 01 --profile real
    python tools/reference.py 01

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
        "commit": registry.find(real.dataset).commit,
        "seed": profiles.SEED,
        "machine": f"{os.cpu_count()} CPU cores, {platform.system()} {platform.machine()}, no GPU",
        "versions": (
            {"python": platform.python_version()}
            | {package: importlib.metadata.version(package) for package in PACKAGES}
        ),
        **read,
    }


if __name__ == "__main__":
    for pair in notebooks.find_pairs(ROOT, wanted=sys.argv[1:]):
        path = ROOT / "data" / "reference" / f"{pair.name}.json"
        files.write_text(path, json.dumps(reference(pair.name), indent=2) + "\n")
        print(path.relative_to(ROOT).as_posix())
