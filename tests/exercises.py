"""What the tests of the chapters' checks share: the exercise cells of a chapter or of its worked answers."""

from pathlib import Path

import jupytext

ROOT = Path(__file__).resolve().parent.parent


def exercise_cells(folder, slug):
    """Return the source of each exercise cell by its tag; `folder` is "chapters" or "solutions"."""
    cells = jupytext.read(ROOT / folder / f"{slug}.py").cells
    return {tag: cell.source for cell in cells for tag in cell.metadata.get("tags", []) if tag.startswith("exercise-")}


def answer_in(source, **known):
    """Execute an exercise cell where the names in `known` are defined, and return the one thing that it defines."""
    filled = dict(known)
    exec(source, filled)
    (answer,) = (value for name, value in filled.items() if name not in known and name != "__builtins__")
    return answer
