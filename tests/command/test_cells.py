"""The form of code cells: each rule refuses what breaks it, and nothing else."""

import nbformat
import pytest

from course_utils.command import cells


def rules_broken_by(*sources):
    notebook = [nbformat.v4.new_code_cell(source) for source in sources]
    return [rule for rule, _, _ in cells.broken_rules(notebook)]


LONG_LINE = f"x = '{'a' * 90}'"
ADDRESS = f"x = 'https://example.org/{'a' * 90}'"
NAMES = [f"n{number}" for number in range(9)]


def lines(count):
    return "\n\n".join(f"x = {number}" for number in range(count))


@pytest.mark.parametrize(
    "sources, broken",
    [
        ([LONG_LINE], ["width"]),
        ([ADDRESS], []),
        (["x = 1"], []),
        ([lines(15), lines(15)], []),
        ([lines(25), lines(15)], []),
        ([lines(16), lines(17)], ["lines"]),
        ([lines(26)], ["lines"]),
        (["[[y for y in x] for x in z]"], ["comprehension"]),
        (["[y for x in z for y in x]"], ["comprehension"]),
        (["{k: sum(v for v in z) for k in y}"], ["comprehension"]),
        (["[f(x) for x in z]\n[g(x) for x in z]"], []),
        ([f"from numpy import {', '.join(NAMES[:8])}"], []),
        ([f"from numpy import {', '.join(NAMES)}"], ["imports"]),
        (["import numpy", f"from numpy import {', '.join(NAMES)}"], []),
        (["%matplotlib inline\n!ls\nx = 1"], []),
    ],
)
def test_each_rule_refuses_what_breaks_it_and_nothing_else(sources, broken):
    assert rules_broken_by(*sources) == broken


def test_the_check_names_the_cell_and_an_exception_lets_it_pass(small_course):
    name = "chapters/01_second.py"
    small_course.write(name, small_course.read(name) + f"\n# %%\n{lines(30)}\n")
    assert small_course.course("run", "--update").returncode == 0
    done = small_course.course("check", "--static")
    assert done.returncode == 1 and "has 30 lines: 15 are allowed" in done.stdout + done.stderr
    small_course.write(cells.EXCEPTIONS, '[01_second]\nlines = "shown on purpose"\n')
    assert small_course.course("check", "--static").returncode == 0


def test_an_exception_that_nothing_needs_is_a_finding(small_course):
    assert small_course.course("run", "--update").returncode == 0
    small_course.write(cells.EXCEPTIONS, '[01_second]\nwidth = "an old one"\n')
    done = small_course.course("check", "--static")
    assert done.returncode == 1 and "no longer needs its exception (width)" in done.stdout
