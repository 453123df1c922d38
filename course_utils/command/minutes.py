"""How long a chapter takes: reading at a stated speed, and the measured run.

The exercises are not in it: each states its own minutes.
"""

import re

from course_utils.command import notebooks
from course_utils.notebook import quizzes

WORDS = 200  # of prose a minute: unhurried reading of a second language
LINES = 35  # of code a minute, without imports and brackets: to follow, not to learn by heart
QUESTION = 0.5  # minutes for a question of the quiz and its feedback
FACTOR = 1.5  # how far the stated minutes may be off
SLACK = 2  # minutes that are forgiven anyway
IMPORT = re.compile(r"\s*(import |from \S+ import )")
WORD = re.compile(r"\w")


def reading_minutes(notebook, questions=0):
    """Return the minutes to read a chapter.

    Parameters
    ----------
    notebook : NotebookNode
    questions : int
        Of its quiz.

    Returns
    -------
    float
    """
    words = sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")
    code = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code"
        and not any(tag.startswith("exercise-") for tag in notebooks.tags(cell))
    ]
    lines = [
        line
        for cell in code
        for line in cell.source.splitlines()
        if WORD.search(line) and not IMPORT.match(line)
    ]
    return words / WORDS + len(lines) / LINES + QUESTION * questions


def chapter_minutes(pair, root, running):
    """Return the minutes that a chapter's header states, and those that it takes.

    Parameters
    ----------
    pair : notebooks.Pair
    root : pathlib.Path
        The course's folder.
    running : float
        Measured minutes of a run.

    Returns
    -------
    stated, taken : float
    """
    chapter = notebooks.read_source(pair)
    questions = len(quizzes.read(pair.name)) if quizzes.quiz_path(root, pair.name).exists() else 0
    return (
        chapter.metadata.get("course", {}).get("minutes", 0),
        reading_minutes(chapter, questions) + running,
    )


def are_true(stated, taken):
    """Tell whether stated minutes are close enough to those taken."""
    return abs(stated - taken) <= SLACK or 1 / FACTOR <= stated / taken <= FACTOR
