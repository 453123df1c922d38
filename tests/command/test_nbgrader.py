"""The release for nbgrader: a right answer raises nothing, a wrong one an error.

What nbgrader itself makes of it was tried with version 0.9.6, which is not in the environment.
"""

from pathlib import Path

import jupytext
import pytest
from exercises import exercise_cells
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from course_utils.command import nbgrader, notebooks

ROOT = Path(__file__).resolve().parents[2]
PAIRS = notebooks.find_pairs(ROOT)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_each_exercise_is_an_answer_and_a_test(pair):
    shipped = jupytext.read(pair.source)
    cells = nbgrader.released(shipped).cells
    tags = [tag for cell in shipped.cells for tag in notebooks.tags(cell) if "exercise-" in tag]
    marks = [cell.metadata["nbgrader"] for cell in cells if "nbgrader" in cell.metadata]
    assert [mark["grade_id"] for mark in marks if mark["solution"]] == tags
    tests = [mark for mark in marks if mark["grade"]]
    assert [mark["grade_id"] for mark in tests] == [tag.replace("exercise", "test") for tag in tags]
    assert all(mark["points"] == 1 and mark["locked"] for mark in tests)
    assert all(not (mark["solution"] and mark["locked"]) for mark in marks)
    assert not any("nbgrader" in cell.metadata for cell in shipped.cells)


@pytest.fixture
def shell():
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()


def test_right_wrong_and_wrong_after_right(shell):
    released = nbgrader.released(jupytext.read(ROOT / "chapters/00_welcome.py")).cells
    place = next(i for i, cell in enumerate(released) if "exercise-0-4" in notebooks.tags(cell))
    check, test = released[place + 1 : place + 3]
    right = exercise_cells("solutions", "00_welcome")["exercise-0-4"]
    wrong = "def false_alarm_share(*anything):\n    return 0.5"
    shell.run_cell("from course_utils.checks import chapter_00")
    marks = []
    for answer in (right, wrong, released[place].source):
        for cell in (answer, check.source):
            assert shell.run_cell(cell).success, "a check by itself raises nothing"
        marks.append(shell.run_cell(test.source).success)
    assert marks == [True, False, False]


def test_a_handout_is_a_course_of_nbgrader_when_asked(small_course, tmp_path):
    done = small_course.course("handout", str(tmp_path / "copy"), "--nbgrader")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copy/source/00_first/00_first.ipynb").exists()
    settings = {}
    code = (tmp_path / "copy/nbgrader_config.py").read_text()
    with pytest.raises(NameError, match="get_config"):
        exec(compile(code, str(tmp_path / "copy/nbgrader_config.py"), "exec"), settings)
    plain = small_course.course("handout", str(tmp_path / "plain"))
    assert plain.returncode == 0 and not (tmp_path / "plain/nbgrader_config.py").exists()
