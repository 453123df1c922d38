"""The minutes that a chapter states: reading at a stated speed and the measured run."""

import re

import nbformat
import pytest

from course_utils.command import execution, minutes, notebooks


def test_reading_counts_prose_code_and_questions():
    cells = [
        nbformat.v4.new_markdown_cell("word " * 400),
        nbformat.v4.new_code_cell("import numpy\nfrom a import b\n\n" + "x = 1\n" * 40),
        nbformat.v4.new_code_cell("y = 2\n" * 100, metadata={"tags": ["exercise-1-1"]}),
    ]
    assert minutes.reading_minutes(
        nbformat.v4.new_notebook(cells=cells), questions=4
    ) == pytest.approx(400 / 200 + 40 / 35 + 2)


@pytest.mark.parametrize(
    ("stated", "taken", "true"),
    [
        (30, 30, True),
        (30, 20.5, True),
        (30, 19, False),
        (30, 44, True),
        (30, 46, False),
        (1, 2.9, True),
        (1, 3.1, False),
        (0, 10, False),
    ],
)
def test_a_factor_of_one_and_a_half_is_forgiven(stated, taken, true):
    assert minutes.are_true(stated, taken) is true


def test_the_check_measures_the_run(small_course):
    pair = notebooks.find_pairs(small_course.root)[0]
    assert execution.check_minutes(pair, small_course.root, running=0.1) == []
    (finding,) = execution.check_minutes(pair, small_course.root, running=5)
    assert finding.place == "chapters/00_first.py" and re.search(
        r"says 1 minutes in its header and takes about \d+, 5\.0 of them to run", finding.problem
    )


def test_course_check_compares_the_header_with_the_execution(small_course):
    small_course.replace("chapters/00_first.py", "minutes: 1", "minutes: 30")
    small_course.course("run", "--update")
    done = small_course.course("check", "00")
    assert done.returncode == 1 and "says 30 minutes in its header" in done.stdout, done.stdout
