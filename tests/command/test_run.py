"""`course run`: order, failures, skipping, and outputs that stay the same."""

import json
import os
import re
import subprocess
import sys

import pytest


def result_of(done, chapter):
    """Read the result of a chapter from the printed table."""
    rows = [line for line in done.stdout.splitlines() if line.startswith("│") and chapter in line]
    assert rows, done.stdout + done.stderr
    return rows[-1].split("│")[3].strip()


def test_an_unchanged_course_is_skipped(small_course):
    done = small_course.course("run")
    assert done.returncode == 0, done.stderr
    assert result_of(done, "00_first") == result_of(done, "01_second") == "unchanged"


def test_updating_twice_writes_the_same_bytes(small_course):
    names = ["chapters/00_first.ipynb", "chapters/01_second.ipynb", "solutions/00_first.ipynb"]
    before = [small_course.read(name) for name in names]
    for path in (small_course.root / "work" / "sample" / "runs").glob("*.json"):
        path.unlink()
    for options in (["--update"], ["--solutions", "--update"]):
        assert small_course.course("run", *options).returncode == 0
    assert [small_course.read(name) for name in names] == before


def test_stored_outputs_hold_no_trace_of_the_run(small_course):
    text = small_course.read("chapters/00_first.ipynb")
    notebook = json.loads(text)
    for word in ("papermill", "injected", "start_time", str(small_course.root)):
        assert word not in text
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    counts = [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_a_changed_chapter_runs_again_with_all_that_reads_what_it_made(small_course):
    small_course.replace("chapters/00_first.py", "range(10)", "range(11)")
    done = small_course.course("run")
    assert result_of(done, "00_first") == result_of(done, "01_second") == "passed"


def test_a_change_of_a_later_chapter_leaves_the_earlier_alone(small_course):
    small_course.replace("chapters/01_second.py", "Twice", "Two times")
    done = small_course.course("run")
    assert (result_of(done, "00_first"), result_of(done, "01_second")) == ("unchanged", "passed")


def test_changes_of_module_lock_data_and_lost_artefacts_run_a_chapter_again(small_course):
    def rerun():
        return result_of(small_course.course("run", "01"), "01_second")

    assert rerun() == "unchanged"
    small_course.replace(
        "course_utils/notebook/artefacts.py", "How a result travels", "How a result goes"
    )
    assert rerun() == "passed"
    small_course.write("course_utils/notebook/artefacts.js", "a script beside the module")
    assert rerun() == "passed"
    small_course.write("requirements.lock", "numpy==2.4.7\n")
    assert rerun() == "passed"
    small_course.write("data/sample/faces.csv", "picture\nnew.jpg\n")
    assert rerun() == "passed"
    assert rerun() == "unchanged"


def test_a_changed_header_runs_the_welcome_with_its_map_again(small_course):
    small_course.replace("chapters/01_second.py", "minutes: 1", "minutes: 9")
    assert result_of(small_course.course("run", "00"), "00_first") == "passed"


def test_a_module_that_no_chapter_imports_changes_nothing(small_course):
    (small_course.root / "course_utils" / "unused.py").write_text("x = 1\n")
    assert result_of(small_course.course("run", "01"), "01_second") == "unchanged"


def test_a_lost_artefact_is_made_again(small_course):
    (small_course.root / "work/sample/00_first/total.txt").unlink()
    assert result_of(small_course.course("run", "00"), "00_first") == "passed"


def test_a_failing_cell_stops_the_run_and_is_named(small_course):
    small_course.replace(
        "chapters/00_first.py", "total = sum(range(10))", "total = sum(range(10)) / 0"
    )
    done = small_course.course("run")
    assert done.returncode == 1
    assert "00_first failed in cell 4" in done.stderr
    assert "total = sum(range(10)) / 0" in done.stderr
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert "Traceback" not in done.stderr.split("ZeroDivisionError")[0]
    assert result_of(done, "00_first") == "failed"
    assert "01_second" not in done.stdout
    again = small_course.course("run", "00")
    assert again.returncode == 1, "a failed run must not be remembered as passed"


def test_solutions_are_spliced_and_must_pass(small_course):
    notebook = json.loads(small_course.read("work/sample/runs/00_first.spliced.ipynb"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    assert "answer = 45" in sources and "answer = None" not in sources
    small_course.replace("solutions/00_first.py", "answer = 45", "answer = 44")
    done = small_course.course("run", "--solutions")
    assert done.returncode == 1
    assert "does not pass its check" in done.stderr and "0-1" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals in Python")
def test_a_terminal_shows_progress_by_chapter_and_cell(small_course):
    import fcntl
    import pty
    import struct
    import termios

    (small_course.root / "work/sample/runs/01_second.json").unlink()
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))  # rows, columns
    process = subprocess.Popen(
        [sys.executable, "-m", "course_utils.command.main", "run", "01"],
        cwd=small_course.root,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(small_course.root), "TERM": "xterm"},
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # Linux reports the end of a pseudo-terminal so
        pass
    assert process.wait() == 0
    assert re.search(r"01_second: +\d+%.*\d/\d .*cell", shown.decode()), shown.decode()


def test_outputs_of_real_photographs_are_not_stored(small_course):
    done = small_course.course("run", "--profile", "real", "--update")
    assert done.returncode == 1
    assert "not to be published" in done.stderr


def test_without_the_photographs_nothing_is_begun_and_the_command_is_named(small_course):
    done = small_course.course("run", "--profile", "real")
    assert done.returncode == 1 and "│" not in done.stdout
    assert "faces.csv is missing: run `course data fetch face-mask-detection` first" in done.stderr
    assert not (small_course.root / "work" / "real" / "runs").exists()


def test_wrong_names_get_one_sentence(small_course):
    unknown = small_course.course("run", "77")
    assert unknown.returncode == 1 and "There is no chapter 77" in unknown.stderr
    profile = small_course.course("run", "--profile", "reel")
    assert profile.returncode == 1 and "There is no profile 'reel'" in profile.stderr
    assert small_course.course("run", "--nonsense").returncode == 2


def test_outside_the_course_the_command_says_where_to_go(small_course, tmp_path):
    done = small_course.course("run")
    assert done.returncode == 0
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    small_course.root = outside
    done = small_course.course("doctor", PYTHONPATH="")
    assert done.returncode == 1 and "is not inside the course" in done.stderr


def test_an_exercise_that_no_check_follows_is_named(small_course):
    small_course.replace(
        "chapters/00_first.py", 'verdict = checks.not_attempted("0-1")', "verdict = None"
    )
    small_course.replace("chapters/00_first.py", 'verdict = checks.passed("0-1")', "verdict = None")
    done = small_course.course("run", "00", "--solutions")
    assert done.returncode == 1
    assert "no check gives a verdict on exercise-0-1" in done.stderr


def test_a_demonstration_of_verdicts_is_no_exercise(small_course):
    small_course.replace(
        "chapters/00_first.py",
        'print(f"The sum is {total}.")',
        'from course_utils import checks\nchecks.not_attempted("0-0")',
    )
    done = small_course.course("run", "00", "--solutions")
    assert done.returncode == 0, done.stderr


def test_a_new_exercise_runs_the_welcome_with_its_panel_again(small_course):
    small_course.replace(
        "chapters/01_second.py", "# %%\nprint", '# %% tags=["exercise-1-1"]\nprint'
    )
    assert result_of(small_course.course("run", "00"), "00_first") == "passed"


def test_exercises_without_worked_answers_are_not_passed_over(small_course):
    for kind in ("py", "ipynb"):
        (small_course.root / "solutions" / f"00_first.{kind}").unlink()
    done = small_course.course("run", "--solutions")
    assert (
        done.returncode == 1
        and "Chapter 00_first has exercises and no worked answers: write solutions/00_first.py"
        in done.stderr
    )
