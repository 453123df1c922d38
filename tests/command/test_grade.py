"""`course grade`: every answer gets its own row, and costs no other."""

import copy
import csv
import io
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest
from exercises import exercise_cells
from rich.console import Console

from course_utils.command import grade as grade_command
from course_utils.command import grading, sandbox, slices, submissions
from course_utils.errors import CourseError
from course_utils.notebook.scripts import read_script

ROOT = Path(__file__).resolve().parents[2]
SLUG = "00_welcome"
TAG = "exercise-0-2"
SHIPPED = read_script(ROOT / "chapters" / f"{SLUG}.py")
WORKED = exercise_cells("solutions", SLUG)


def body(text):
    return "def intersection_over_union(one, two):\n" + "\n".join(
        f"    {line}" for line in text.splitlines()
    )


ANSWERS = {
    "wrong": body("return 0.5"),
    "syntax": "def intersection_over_union(one, two:\n    return 1",
    "name": body("area = 3\nreturn undefined_name + area"),
    "loop": body("while True:\n    pass"),
    "memory": body("kept = []\nwhile True:\n    kept.append(bytearray(50_000_000))"),
    "exits": body("import os\nos._exit(0)"),
    "renamed": "def iou(one, two):\n    return 1.0",
    "eater": (
        "import os, pathlib, shutil\nfor place in PLACES:\n"
        "    shutil.rmtree(place, ignore_errors=True)\n    os.system(f'rm -rf {place}')\n"
        "for path in [p for place in PLACES for p in pathlib.Path(place).rglob('*')]:\n"
        "    try:\n        path.write_text('eaten')\n    except OSError:\n        pass\n"
        + body("return 0.5")
    ),
    "caller": "import socket\nsocket.create_connection(('127.0.0.1', PORT), 5)\n"
    + body("return 1"),
}
"""Answers to exercise 0-2; the other exercises of the same student are right."""


def with_answers(answers):
    notebook = copy.deepcopy(SHIPPED)
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", []):
            cell.source = answers.get(tag, cell.source)
    return notebook


def snapshot(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Twelve students' notebooks graded in one command: the rows, and what they might have hurt."""
    base = tmp_path_factory.mktemp("class")
    folder, precious = base / "collected", base / "precious"
    precious.mkdir()
    (precious / "letter.txt").write_text("dear")
    listener = socket.create_server(("127.0.0.1", 0))
    calls = []
    threading.Thread(target=lambda: calls.append(listener.accept()), daemon=True).start()
    places = [str(precious), str(ROOT / "data" / "cards"), str(folder)]
    for kind, answer in ANSWERS.items():
        answer = answer.replace("PLACES", repr(places))
        answer = answer.replace("PORT", str(listener.getsockname()[1]))
        write(folder / kind / f"{SLUG}.ipynb", with_answers({**WORKED, TAG: answer}))
    write(folder / "right" / "handed in.ipynb", with_answers(WORKED))
    write(folder / "empty" / f"{SLUG}.ipynb", SHIPPED)
    (folder / "broken").mkdir()
    (folder / "broken" / f"{SLUG}.ipynb").write_text("{no notebook")
    before = snapshot(precious) | snapshot(ROOT / "data" / "cards") | snapshot(folder)
    done = subprocess.run(
        [sys.executable, "-m", "course_utils.command.main", "grade", str(folder), "--json"]
        + ["--seconds", "5", "--memory", "0.5"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    listener.close()
    assert done.returncode == 0, done.stderr
    after = snapshot(precious) | snapshot(ROOT / "data" / "cards") | snapshot(folder)
    rows = {(row["student"], row["exercise"]): row for row in json.loads(done.stdout)}
    return rows, before == after, calls, done.stderr


def write(path, notebook):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def test_each_of_twelve_students_gets_the_right_row(graded):
    rows = graded[0]
    assert len({student for student, _ in rows}) == 12
    hints = {
        "wrong": "Right on",
        "syntax": "SyntaxError ('(' was never closed), line 1",
        "name": "in your line `return undefined_name + area`",
        "loop": "a loop that never ends",
        "memory": "more than 0.5 GB of memory",
        "exits": "It ended Python itself",
        "renamed": "NameError (name 'intersection_over_union' is not defined)",
    }
    for student, hint in hints.items():
        row = rows[student, "0-2"]
        assert row["state"] == "not yet" and hint in row["hint"], row
    assert rows["right", "0-2"] == {
        "student": "right",
        "exercise": "0-2",
        "state": "passed",
        "hint": "",
    }
    assert rows["empty", "0-2"]["state"] == "not attempted"
    assert "is no notebook" in rows["broken", "0-2"]["hint"]


def test_a_hostile_answer_costs_its_own_row_only(graded):
    rows = graded[0]
    for student in [*ANSWERS, "right"]:
        for exercise in ("0-1", "0-3", "0-4"):
            assert rows[student, exercise]["state"] == "passed", rows[student, exercise]


def test_nothing_outside_of_the_copies_is_touched_and_nobody_is_called(graded):
    rows, untouched, calls, said = graded
    assert untouched and rows["eater", "0-2"]["state"] == "not yet"
    assert not calls and rows["caller", "0-2"]["state"] == "not yet"
    assert "Traceback" not in said and "12 students" in said


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has Landlock and namespaces")
def test_the_system_itself_keeps_writing_in_and_the_network_out(tmp_path):
    offered = sandbox.offered()
    if not (offered.files and offered.network):
        pytest.skip(str(offered))
    (tmp_path / "own").mkdir()
    (tmp_path / "other.txt").write_text("x")
    code = f"""
import os, socket, sys
from course_utils.command import sandbox
sandbox.leave_network()
if os.fork():
    os.wait()
    os._exit(0)
sandbox.confine_files([{str(tmp_path / "own")!r}], ["/usr", "/lib", sys.base_prefix, sys.prefix])
for attempt in (
    lambda: open({str(tmp_path / "own" / "a")!r}, "w").write("a"),
    lambda: open({str(tmp_path / "other.txt")!r}, "w"),
    lambda: open({str(tmp_path / "other.txt")!r}),
    lambda: os.remove({str(tmp_path / "other.txt")!r}),
    lambda: socket.create_connection(("127.0.0.1", 9), 5),
    lambda: os.kill({{parent}}, 9),
):
    try:
        attempt()
        print("done", flush=True)
    except OSError as error:
        print(type(error).__name__, flush=True)
""".replace("{parent}", "os.getppid() or 999999")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == ["done", *["PermissionError"] * 3, *done.stdout.split()[4:]]
    assert done.stdout.split()[4] in ("PermissionError", "ConnectionRefusedError", "OSError")
    assert done.stdout.split()[5] == "ProcessLookupError"
    assert (tmp_path / "other.txt").read_text() == "x"


def test_python_itself_refuses_where_the_system_does_not(tmp_path):
    (tmp_path / "own").mkdir()
    code = f"""
import os, shutil, socket, subprocess
from course_utils.command import sandbox
sandbox.forbid_in_python({str(tmp_path / "own")!r})
for attempt in (
    lambda: open({str(tmp_path / "own" / "a")!r}, "w"),
    lambda: open({str(tmp_path / "b")!r}, "w"),
    lambda: shutil.rmtree({str(tmp_path)!r}),
    lambda: socket.create_connection(("127.0.0.1", 9), 5),
    lambda: subprocess.run(["true"]),
):
    try:
        attempt()
        print("done")
    except PermissionError:
        print("refused")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == ["done", *["refused"] * 4], done.stderr


def prepared(*cells):
    """Prepare a notebook of chapter 00 with some cells before its exercise 0-2."""
    notebook = with_answers({TAG: cells[-1]})
    place = next(i for i, cell in enumerate(notebook.cells) if cell.source == cells[-1])
    notebook.cells[place:place] = [nbformat.v4.new_code_cell(source) for source in cells[:-1]]
    handed_in = submissions.Submission("anna", SLUG, Path("x.ipynb"), notebook.cells)
    rows, jobs = grading.prepare(handed_in, SHIPPED.cells)
    (job,) = jobs
    return rows, job


def test_an_answer_brings_what_it_needs_and_no_more():
    helper = "def shared(one, two):\n    return np.minimum(one.x_max, two.x_max)"
    rows, job = prepared("print('mine')", helper, body("return shared(one, two)"))
    assert [source for source, _ in job["before"]] == [
        "import numpy as np",
        "from course_utils.checks import chapter_00",
        helper,
    ]
    assert {row.exercise for row in rows} == {"0-1", "0-3", "0-4", "0-open"}


def test_a_backward_slice_keeps_what_gives_or_changes_a_name():
    cells = [
        "import numpy as np\nnetwork = train()",
        "table = {}\nother = {}",
        "table['x'] = np.ones(3)\nother['x'] = 2",
        "def mean():\n    return table['x'].mean()",
        "print(table)",
        "%matplotlib inline",
    ]
    before = [statement for cell in cells for statement in slices.statements(cell)]
    kept, missing = slices.needed(before, *slices.statements("mean() + unknown"))
    assert [statement.source for statement in kept] == [
        "import numpy as np",
        "table = {}",
        "table['x'] = np.ones(3)",
        "def mean():\n    return table['x'].mean()",
    ]
    assert missing == {"unknown"}


def test_statements_are_cut_whole():
    cell = "x = 'é'; y = 2\n@decorated\ndef f():\n    return x\n"
    assert [statement.source for statement in slices.statements(cell)] == [
        "x = 'é'",
        "y = 2",
        "@decorated\ndef f():\n    return x",
    ]
    for broken in ("def f(:", "x = '\0'", "(" * 10_000):
        with pytest.raises(SyntaxError):
            slices.statements(broken)


def test_an_open_task_is_to_read_when_something_was_written():
    notebook = copy.deepcopy(SHIPPED)
    assert submissions.below_open_task(notebook.cells, SHIPPED.cells) == 0
    notebook.cells.append(nbformat.v4.new_markdown_cell("My two pictures."))
    handed_in = submissions.Submission("anna", SLUG, Path("x.ipynb"), notebook.cells)
    rows, _ = grading.prepare(handed_in, SHIPPED.cells)
    assert grading.Row("anna", "0-open", "to read", "1 cells below the task.") in rows


def test_lost_tags_and_lost_cells_are_understood():
    notebook = with_answers({TAG: body("return 1")})
    for cell in notebook.cells:
        cell.metadata = {}
    assert submissions.answers(notebook.cells)[TAG] == body("return 1")
    assert submissions.chapter_of(notebook.cells, Path("x.ipynb"), ["01_a", SLUG]) == SLUG
    kept = [cell for cell in notebook.cells if "def intersection" not in cell.source]
    handed_in = submissions.Submission("anna", SLUG, Path("x.ipynb"), kept)
    rows, jobs = grading.prepare(handed_in, SHIPPED.cells)
    assert "no cell for it" in next(row.hint for row in rows if row.exercise == "0-2")
    assert not jobs


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("anna/02_mask_synthesis.ipynb", "anna"),
        ("anna/02/02_mask_synthesis.ipynb", "anna"),
        ("An Na_1234_assignsubmission_file_/02_mask_synthesis.ipynb", "An Na"),
        ("anna_02_mask_synthesis.ipynb", "anna"),
        ("02_mask_synthesis-anna.ipynb", "anna"),
        ("anna.ipynb", "anna"),
    ],
)
def test_whose_notebook_it_is(path, student):
    assert submissions.student_of(Path(path), ["02_mask_synthesis"]) == student


def test_of_two_notebooks_the_newer_counts(tmp_path):
    import os

    for age, name in ((5, "old"), (1, "new")):
        write(tmp_path / "anna" / f"{name}.ipynb", with_answers({TAG: f"# {name}"}))
        os.utime(tmp_path / "anna" / f"{name}.ipynb", (10**9 - age, 10**9 - age))
    (found,) = submissions.collect(tmp_path, [SLUG])
    assert found.path.name == "new.ipynb"


def test_a_table_that_a_spreadsheet_can_open(tmp_path):
    rows = [grading.Row("=cmd()", "0-1", "not yet", "a, b"), grading.Row("é", "0-1", "passed")]
    text = grade_command.as_csv(rows)
    assert list(csv.reader(text.splitlines()))[1:] == [
        ["'=cmd()", "0-1", "not yet", "a, b"],
        ["é", "0-1", "passed", ""],
    ]


def test_a_teacher_of_sixty_sees_a_line_a_student_and_what_was_hardest():
    rows = []
    for number in range(60):
        student = f"student{number:02}"
        rows.append(grading.Row(student, "0-1", "passed"))
        rows.append(grading.Row(student, "0-2", "passed" if number < 20 else "not yet", "Look."))
        rows.append(grading.Row(student, "0-3", "not attempted" if number < 15 else "passed"))
        rows.append(grading.Row(student, "0-open", "to read" if number else "not attempted"))
    assert grade_command.hardest(rows) == [("0-2", 20, 60), ("0-3", 45, 60)]
    console = Console(record=True, file=io.StringIO(), width=100)
    grade_command.show_summary(rows, console)
    shown = console.export_text().splitlines()
    (line,) = (line for line in shown if "student07" in line)
    assert [cell.strip() for cell in line.split("│")[1:-1]] == ["student07", "2", "0", "1", "1"]
    assert sum("student" in line for line in shown) == 61
    assert shown[-2:] == ["0-2: passed by 20 of 60", "0-3: passed by 45 of 60"]


def test_what_can_not_be_graded_gets_one_sentence(tmp_path):
    with pytest.raises(CourseError, match="no notebook"):
        submissions.collect(tmp_path, [SLUG])
    with pytest.raises(CourseError, match="is no folder"):
        submissions.collect(tmp_path / "none", [SLUG])
