"""A reader's record: what is written into it, what never is, and how it is shown."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from course_utils import checks
from course_utils.errors import CourseError
from course_utils.notebook import progress

CHAPTERS = {"00_first": ["0-1"], "01_second": ["1-1", "1-2", "1-3"]}


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A reader who has a chapter open."""
    monkeypatch.setenv("COURSE_WORK", str(tmp_path / "work"))
    monkeypatch.setattr(
        progress, "readers_notebook", lambda: Path("/somewhere/chapters/01_second.ipynb")
    )
    return tmp_path / "work" / "progress.json"


def test_what_was_passed_stays_passed(reader):
    checks.not_yet("1-1", "look again")
    checks.passed("1-2")
    checks.not_yet("1-2", "look again")
    checks.not_attempted("1-3")
    assert progress.read() == {"1-1": "not yet", "1-2": "passed"} == json.loads(reader.read_text())
    checks.passed("1-1")
    assert progress.read()["1-1"] == "passed"
    assert progress.reset() and not progress.reset() and progress.read() == {}


def test_two_notebooks_lose_nothing_of_each_other(reader):
    code = (
        "import sys\nfrom pathlib import Path\nfrom course_utils.notebook import progress\n"
        "progress.readers_notebook = lambda: Path('chapters/01_second.ipynb')\n"
        "print('ready', flush=True)\nsys.stdin.readline()\n"
        "for number in range(1, 51):\n"
        "    progress.note(f'{sys.argv[1]}-{number}', 'passed')\n"
    )
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", code, chapter],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for chapter in "12"
    ]
    assert [process.stdout.readline() for process in readers] == ["ready\n"] * 2
    for process in readers:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in readers:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert len(progress.read()) == 100


def test_solutions_and_programs_leave_no_trace(reader, monkeypatch):
    monkeypatch.setattr(
        progress, "readers_notebook", lambda: Path("/somewhere/solutions/01_second.ipynb")
    )
    checks.passed("1-1")
    monkeypatch.setattr(progress, "readers_notebook", lambda: None)
    checks.passed("1-1")
    assert not reader.exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"1-1": "passed"'])
def test_a_damaged_record_never_hides_a_verdict(reader, content):
    reader.parent.mkdir()
    reader.write_text(content)
    assert checks.passed("1-1").state == "passed" and reader.read_text() == content
    with pytest.raises(CourseError, match="progress.json can't be read.*--reset"):
        progress.read()


def test_a_state_that_nobody_knows_is_left_out(reader):
    reader.parent.mkdir()
    reader.write_text('{"1-1": "perfect", "1-2": "passed"}')
    assert progress.read() == {"1-2": "passed"}


def test_the_table_says_everything_in_words():
    found = progress.Progress(CHAPTERS, {"0-1": "passed", "1-2": "not yet", "9-9": "passed"})
    assert str(found) == "1 of 4 exercises passed, 1 not yet."
    assert "1-1 ○ not attempted  1-2 ✘ not yet  1-3 ○ not attempted" in repr(found)
    shown = found._repr_html_()
    assert (
        shown.count("<td") == 6
        and shown.count('scope="row"') == 2
        and shown.count('scope="col"') == 4
    )
    assert "<caption" in shown and ">✔ passed</td>" in shown and ">○ not attempted</td>" in shown


def test_outside_of_a_readers_notebook_nothing_is_attempted(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_WORK", str(tmp_path))
    (tmp_path / "progress.json").write_text('{"0-1": "passed"}')
    assert str(progress.progress()).startswith("0 of ")


def answer_in_kernel(course, notebook, code):
    """Run code in a real kernel, started as JupyterLab does for a notebook, or as a program does
    when there is none.
    """
    environment = {
        "PYTHONPATH": str(course.root),
        **({"JPY_SESSION_NAME": str(course.root / notebook)} if notebook else {}),
    }
    manager, client = start_new_kernel(
        kernel_name="python3", cwd=str(course.root / "chapters"), env={**os.environ, **environment}
    )
    try:
        said = []
        client.execute_interactive(
            code, timeout=60, output_hook=lambda message: said.append(message["content"])
        )
        return said
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_reader_in_jupyterlab_is_recorded_and_a_run_is_not(small_course):
    code = (
        "from course_utils import checks\n"
        "from course_utils.notebook import progress\n"
        "checks.passed('0-1')\n"
        "print(progress.progress())"
    )
    record = small_course.root / "work" / "progress.json"
    for notebook in (None, "solutions/00_first.ipynb"):
        answer_in_kernel(small_course, notebook, code)
        assert not record.exists()
    for options in ([], ["--solutions"]):  # as `!course run` in a notebook
        (small_course.root / "work" / "sample" / "runs" / "00_first.json").unlink(missing_ok=True)
        (small_course.root / "work" / "sample" / "runs" / "00_first.spliced.json").unlink(
            missing_ok=True
        )
        done = small_course.course(
            "run",
            "00",
            *options,
            JPY_SESSION_NAME=str(small_course.root / "chapters" / "00_first.ipynb"),
        )
        assert done.returncode == 0 and "passed" in done.stdout, done.stderr
        assert not record.exists()
    said = answer_in_kernel(small_course, "chapters/00_first.ipynb", code)
    assert any("1 of 1 exercises passed" in content.get("text", "") for content in said)
    assert json.loads(record.read_text()) == {"0-1": "passed"}


def test_the_command_shows_and_forgets(small_course):
    (small_course.root / "work").mkdir(exist_ok=True)
    (small_course.root / "work" / "progress.json").write_text('{"0-1": "passed"}')
    assert json.loads(small_course.course("progress", "--json").stdout) == {
        "00_first": {"0-1": "passed"},
        "01_second": {},
    }
    shown = small_course.course("progress")
    assert (
        shown.returncode == 0
        and "0-1 ✔" in shown.stdout
        and "✔ passed, ✘ not yet" in shown.stdout
        and "1 of 1 exercises passed" in shown.stdout
    )
    assert "Forgotten" in small_course.course("progress", "--reset").stdout
    assert not (small_course.root / "work" / "progress.json").exists()
    assert "nothing to forget" in small_course.course("progress", "--reset").stdout
    (small_course.root / "work" / "progress.json").write_text("{")
    broken = small_course.course("progress")
    assert (
        broken.returncode == 1 and "Traceback" not in broken.stderr and "--reset" in broken.stderr
    )


def test_a_hint_shows_code_and_emphasis_and_no_marks_of_them():
    shown = checks.Verdict(
        "1-1", "not yet", "Is `a < b`? That is the *other* one: 2 * 3 * 4, not <b>."
    )._repr_html_()
    assert (
        "<code>a &lt; b</code>" in shown
        and "<em>other</em>" in shown
        and "2 * 3 * 4, not &lt;b&gt;." in shown
    )
