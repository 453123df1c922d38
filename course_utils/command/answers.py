"""`course answers`: bring a reader's answers from an older copy of the course into this one.

An update in mid-term is a new copy, a new handout or a `git pull`. Text that two people changed
can be merged; notebooks with outputs can't. So the answers are carried over, cell by cell.
"""

import ast
from pathlib import Path

import jupytext
from jupytext.config import load_jupytext_config

from course_utils import files
from course_utils.command import notebooks, submissions
from course_utils.errors import CourseError
from course_utils.notebook import progress


def bring(root, older):
    """Write the answers of an older copy into the chapters of this one.

    Parameters
    ----------
    root : pathlib.Path
        This copy, as it was handed out or pulled.
    older : path-like
        The other copy, or its `chapters` folder.

    Returns
    -------
    taken, lost : list of str
        Numbers "N-K" of the exercises whose answers were taken, and of those that this copy does
        not have any more.

    Raises
    ------
    CourseError
        When the folder holds no chapters, or is this copy.
    """
    older = Path(older).expanduser().resolve()
    chapters = older / "chapters" if (older / "chapters").is_dir() else older
    if chapters == root / "chapters":
        raise CourseError(f"{older} is this copy: name the older one.")
    pairs = [pair for pair in notebooks.find_pairs(root) if _older(pair, chapters) is not None]
    if not pairs:
        raise CourseError(f"There are no chapters in {chapters}: name the older copy's folder.")
    taken, lost = [], []
    for pair in pairs:
        given = submissions.answers(_older(pair, chapters).cells)
        stubs = submissions.answers(notebooks.read_source(pair).cells)
        new = {
            tag: source
            for tag, source in given.items()
            if tag in stubs and source.strip() != stubs[tag].strip() and _is_attempted(source)
        }
        lost += [tag for tag in given if tag not in stubs and _is_attempted(given[tag])]
        if new:
            _write(pair, new)
        taken += new
    _bring_record(chapters.parent / "work" / "progress.json")
    return [[tag.removeprefix("exercise-") for tag in tags] for tags in (taken, lost)]


def _older(pair, chapters):
    """Read an older chapter, the notebook or else the script; None when neither is there."""
    for path in (chapters / pair.notebook.name, chapters / pair.source.name):
        if path.exists():
            return notebooks.read_notebook(path) if path.suffix == ".ipynb" else jupytext.read(path)
    return None


def _is_attempted(source):
    """Tell whether a cell is more than an empty function."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return True
    if len(body) == 1 and isinstance(body[0], ast.FunctionDef):
        last = body[0].body[-1]
        return not (isinstance(last, ast.Expr) and getattr(last.value, "value", 0) is ...)
    return bool(body)


def _write(pair, answers):
    """Put answers into the script and into the notebook; verdicts on the stubs are cleared."""
    config = load_jupytext_config(str(pair.source))
    text = pair.source.read_text(encoding="utf-8")
    source = jupytext.reads(text, "py:percent", config=config)
    executed = notebooks.read_notebook(pair.notebook) if pair.notebook.exists() else None
    for notebook in filter(None, (source, executed)):
        for cell, after in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
            for tag in set(notebooks.tags(cell)) & set(answers):
                cell.source = answers[tag]
                if notebook is executed and after is not None and after.cell_type == "code":
                    after.outputs, after.execution_count = [], None
    if executed is not None:
        notebooks.write_notebook(executed, pair.notebook)
    files.write_text(pair.source, jupytext.writes(source, "py:percent", config=config))


def _bring_record(path):
    """Add an older record of passed exercises to this one."""
    older = progress.read(path)
    if older:
        record = progress.read()
        for exercise, state in older.items():
            if progress.RANK[state] > progress.RANK[record.get(exercise, "not attempted")]:
                record[exercise] = state
        progress.write(record)
