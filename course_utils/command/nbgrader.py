"""A release for nbgrader: chapters whose cells carry its marks, and the settings beside them.

The marks are those of nbgrader's own file format, version 3
(https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html).
"""

import re

import nbformat

from course_utils import files
from course_utils.command import notebooks, submissions

CALL = re.compile(r"^(chapter_\d\d\.check_\d+\(\w+\))\s*$", re.MULTILINE)
SETTINGS = '''\
"""Settings for nbgrader, read by every `nbgrader` command that is given in this folder."""

import os

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "face-masks"
# Notebooks that nbgrader executes lie in its own folders and find the course by this.
os.environ.setdefault("COURSE_ROOT", os.path.dirname(os.path.abspath(__file__)))
# The cells to be filled in are handed out as they are: without ClearSolutions, which would empty
# them, and the bugs that some exercises ask to find with them.
c.GenerateAssignment.preprocessors = [
    f"nbgrader.preprocessors.{name}"
    for name in (
        "IncludeHeaderFooter",
        "LockCells",
        "ComputeChecksums",
        "SaveCells",
        "CheckCellMetadata",
        "ClearOutput",
        "ClearHiddenTests",
        "ClearMarkScheme",
    )
]
c.ExecutePreprocessor.timeout = 900  # seconds a cell: some train networks
'''


def write(folder):
    """Write `source/` and the settings into a copy of the course.

    Parameters
    ----------
    folder : pathlib.Path
        A handout; its chapters are the assignments.
    """
    files.write_text(folder / "nbgrader_config.py", SETTINGS)
    for pair in notebooks.find_pairs(folder):
        notebook = released(notebooks.read_notebook(pair.notebook))
        path = folder / "source" / pair.name / pair.notebook.name
        path.parent.mkdir(parents=True)
        notebooks.write_notebook(notebook, path)


def released(notebook):
    """Mark the exercises of a chapter, and follow each check by a test that raises an error.

    Parameters
    ----------
    notebook : NotebookNode
        Not changed.

    Returns
    -------
    NotebookNode
        A test holds the call of the check again: nbgrader counts a cell as passed that raises no
        error, and a check itself raises none.
    """
    released = nbformat.from_dict(notebook)
    cells, exercise = [], None
    for cell in released.cells:
        cells.append(cell)
        tag = next((tag for tag in notebooks.tags(cell) if tag.startswith("exercise-")), None)
        call = CALL.search(cell.source) if cell.cell_type == "code" else None
        if tag:
            exercise = tag
            _mark(cell, tag, solution=True)
        elif call and exercise:
            test = nbformat.v4.new_code_cell(
                f'assert {call[1]}.state == "passed"', id=exercise.replace("exercise", "test")
            )
            _mark(test, test.id, grade=True, locked=True, points=1)
            cells.append(test)
            exercise = None
        elif submissions.OPEN_TASK.match(cell.source):
            points = len(re.findall(r"^- ", cell.source, re.MULTILINE)) or 1
            _mark(cell, "open-task", locked=True, task=True, points=points)
    released.cells = cells
    return released


def _mark(cell, name, grade=False, solution=False, locked=False, task=False, points=None):
    cell.metadata["nbgrader"] = {
        "grade": grade,
        "grade_id": name,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": task,
    }
    if points is not None:
        cell.metadata["nbgrader"]["points"] = points
