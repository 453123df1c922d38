"""The copy for students: complete, without answers, and never over somebody's work."""

import json
import re
import shutil
from pathlib import Path

import pytest

from course_utils.command import handout, notebooks
from course_utils.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]
CONTENTS = """\
format: jb-book
root: book/index
parts:
  - caption: Chapters
    chapters:
      - file: chapters/00_first
  - caption: Worked answers
    chapters:
      - file: solutions/00_first
  - caption: Around
    chapters:
      - file: book/instructors
      - file: book/setup
"""


@pytest.fixture
def course(small_course):
    """The small course with a few pages and some things that don't belong to students."""
    (small_course.root / "book").mkdir()
    (small_course.root / "work").mkdir(exist_ok=True)
    (small_course.root / "course_utils" / "__pycache__").mkdir(exist_ok=True)
    for name, text in {
        "book/_toc.yml": CONTENTS,
        "book/setup.md": (
            "# Setup\n\n[Start](../chapters/00_first.ipynb), [elsewhere](https://example.org).\n"
        ),
        "book/index.md": (
            "# Course\n\nSee [the answers](../solutions/00_first.ipynb) and [the"
            " guide](instructors.md#grade).\n"
        ),
        "book/instructors.md": "# For instructors\n",
        "README.md": "# All\n",
        "LICENSE": "MIT\n",
        "work/progress.json": "{}",
        "course_utils/__pycache__/x.pyc": "x",
    }.items():
        small_course.write(name, text)
    return small_course


def test_a_chapter_runs_in_the_copy_and_no_answer_is_there(course, tmp_path):
    done = course.course("handout", str(tmp_path / "for students"))
    assert done.returncode == 0, done.stderr
    copy = course.copy.__func__(course, tmp_path / "unused")  # a course object to run commands with
    copy.root = tmp_path / "for students"
    names = {path.relative_to(copy.root).as_posix() for path in handout.all_files(copy.root)}
    assert {
        "chapters/00_first.py",
        "chapters/00_first.ipynb",
        "data/sample/faces.csv",
        "LICENSE",
        "README.md",
        "pyproject.toml",
    } <= names
    assert not [
        name
        for name in names
        if name.startswith(("solutions", "tests", "work", "book/instructors"))
        or "__pycache__" in name
    ]
    for pair in notebooks.find_pairs(copy.root):
        assert not [
            cell for cell in notebooks.read_notebook(pair.notebook).cells if cell.get("outputs")
        ]
    assert "answer = 45" not in (copy.root / "chapters" / "00_first.py").read_text()
    ran = copy.course("run", "00")
    assert ran.returncode == 0 and "passed" in ran.stdout, ran.stdout + ran.stderr


def test_with_outputs_the_copy_holds_its_own_checks(course, tmp_path):
    assert course.course("handout", str(tmp_path / "copy"), "--outputs").returncode == 0
    copy = course.copy.__func__(course, tmp_path / "unused")
    copy.root = tmp_path / "copy"
    checked = copy.course("check", "--static")
    assert checked.returncode == 0 and "0 findings" in checked.stdout, checked.stdout
    assert (
        copy.root / "book" / "index.md"
    ).read_text() == "# Course\n\nSee the answers and the guide.\n"
    assert (
        "(../chapters/00_first.ipynb), [elsewhere](https://example.org)"
        in (copy.root / "book" / "setup.md").read_text()
    )
    contents = (copy.root / "book" / "_toc.yml").read_text()
    assert (
        "chapters/00_first" in contents
        and "book/setup" in contents
        and "solutions" not in contents
        and "instructors" not in contents
    )


def test_every_target_of_the_copys_makefile_has_its_files(course, tmp_path):
    for name in ("Makefile", "bootstrap.py"):
        shutil.copy(ROOT / name, course.root)
    handout.write(course.root, tmp_path / "copy")
    text = (tmp_path / "copy" / "Makefile").read_text()
    targets = re.findall(r"^(\w+):", text, re.MULTILINE)
    assert targets == ["course", "lab", "book", "environment", "clean"]
    assert re.search(r"^.PHONY: (.*)", text, re.MULTILINE)[1].split() == [
        *("course", "lab", "book", "clean", "environment"),
    ]
    for word in ("-m pytest", "tools/", "make test", "ruff format"):
        assert word not in text


def test_an_untouched_copy_is_replaced_and_a_used_one_is_not(course, tmp_path):
    target = tmp_path / "copy"
    handout.write(course.root, target)
    course.write("LICENSE", "another\n")
    handout.write(course.root, target)
    assert (target / "LICENSE").read_text() == "another\n"
    (target / "work").mkdir()
    (target / "work" / "progress.json").write_text('{"0-1": "passed"}')
    with pytest.raises(CourseError, match="somebody has worked in.*progress.json"):
        handout.write(course.root, target)
    (target / "work" / "progress.json").unlink()
    with open(target / "chapters" / "00_first.py", "a") as chapter:
        chapter.write("# mine\n")
    with pytest.raises(CourseError, match="somebody has worked in.*00_first.py"):
        handout.write(course.root, target)
    assert (target / "chapters" / "00_first.py").read_text().endswith("# mine\n")


def test_what_is_no_handout_is_left_alone(course, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    (tmp_path / "false" / "x").mkdir(parents=True)
    (tmp_path / "false" / handout.MARKER).write_text(json.dumps([]))
    (tmp_path / "file").write_text("x")
    for target, words in {
        tmp_path / "mine": "is no handout",
        tmp_path / "false": "is no handout",
        tmp_path / "file": "is a file",
        course.root: "holds the course",
        course.root.parent: "holds the course",
    }.items():
        with pytest.raises(CourseError, match=words):
            handout.write(course.root, target)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"
    done = course.course("handout", str(tmp_path / "mine"))
    assert done.returncode == 1 and "Traceback" not in done.stderr


def test_nothing_is_left_of_a_copy_that_failed(course, tmp_path):
    course.write("chapters/00_first.ipynb", "no notebook")
    with pytest.raises(CourseError, match="no readable notebook"):
        handout.write(course.root, tmp_path / "copy")
    assert not [path.name for path in tmp_path.iterdir() if "copy" in path.name]
