"""Where the course is, and its tools."""

import os
import sys
from pathlib import Path

import pytest

from course_utils import project
from course_utils.errors import CourseError

ROOT = Path(__file__).resolve().parent.parent


def test_a_notebook_outside_of_the_course_finds_it_by_a_variable(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CourseError, match="is not inside the course.*or name it in COURSE_ROOT"):
        project.root()
    monkeypatch.setenv("COURSE_ROOT", str(ROOT))
    assert project.root() == ROOT and project.data_dir() == ROOT / "data"
    with pytest.raises(CourseError):
        project.root(tmp_path)


def test_a_variable_that_names_no_course_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    with pytest.raises(CourseError, match="COURSE_ROOT names .*, which is not the course"):
        project.root()


def test_the_tools_are_found_first_and_once(monkeypatch):
    tools = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join(["/usr/bin", "/bin"]))
    for _ in range(2):
        project.put_tools_on_path()
    assert os.environ["PATH"].split(os.pathsep) == [tools, "/usr/bin", "/bin"]
