"""Train chapter 05's three networks from random numbers on photographs with other seeds.

    course run 01 02 --profile real
    python benchmarks/three_networks.py
    python tools/reference.py draws

It executes the chapter's own cells, from the first to the one that asks the test people, once for
each seed, without its exercises and without keeping the networks. Each seed's figures are kept as
soon as they are there: a run that was interrupted goes on with the next seed. The chapter's own
seed is that of the reference run.
"""

import argparse
import contextlib
import io
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from course_utils import files, models, profiles, project
from course_utils.command import notebooks
from course_utils.data.progress import progress

ROOT = Path(__file__).resolve().parent.parent
LAST = "reached"
"""The name that the cell defines which asks the test people."""


def chapter_cells():
    """Yield the chapter's code cells but for exercises and their checks."""
    (pair,) = notebooks.find_pairs(ROOT, wanted=["05"])
    for cell in notebooks.read_source(pair).cells:
        tags = notebooks.tags(cell)
        of_exercise = any(tag.startswith("exercise") for tag in tags)
        if cell.cell_type == "code" and not of_exercise and "check_" not in cell.source:
            yield cell.source


def accuracies(seed):
    """Return for each network and test the accuracy and the ends of its interval, 0 to 1."""
    profiles.SEED = seed
    names = {}
    for source in progress(list(chapter_cells()), f"seed {seed}"):
        source = source.replace('PROFILE = "sample"', 'PROFILE = "real"')
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source, "chapter 05", "exec"), names)
        if LAST in names:
            break
    return {
        arch: {kind: [round(float(share), 4) for share in ends] for kind, ends in tests.items()}
        for arch, tests in names[LAST].items()
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    others = [profiles.SEED + 1, profiles.SEED + 2]
    parser.add_argument("--seeds", type=int, nargs="+", default=others)
    asked = parser.parse_args()
    models.save = lambda network, path, class_names: None

    path = project.work_dir() / "real" / "05_training" / "draws.json"
    draws = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for seed in asked.seeds:
        if str(seed) not in draws:
            draws[str(seed)] = accuracies(seed)
            files.write_text(path, json.dumps(draws, indent=2) + "\n")

    table = Table("right on test people (%)", *(f"seed {seed}" for seed in draws))
    for arch, tests in next(iter(draws.values())).items():
        for kind in tests:
            cells = [
                "{:.1f} ({:.1f} to {:.1f})".format(*(100 * share for share in draw[arch][kind]))
                for draw in draws.values()
            ]
            table.add_row(f"{arch}, {kind}", *cells)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
