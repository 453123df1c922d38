"""A small course in a temporary folder, run by real `course` processes."""

import gc
import multiprocessing
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import execnet
import pytest
import started
from exercises import exercise_cells, lacking

from course_utils import checks

ROOT = Path(__file__).resolve().parent.parent

pytest.register_assert_rewrite("every_exercise")  # its failures show values, like any test's

signal.signal(
    signal.SIGINT, signal.default_int_handler
)  # a shell's background jobs ignore Ctrl-C, which some tests press

SLOW = [
    "augmentation/test_augmentation",
    "browser",
    "command/test_answers",
    "command/test_book",
    "command/test_cells",
    "command/test_check",
    "command/test_detect_command",
    "command/test_detect_server",
    "command/test_doctor",
    "command/test_grade",
    "command/test_nbgrader",
    "command/test_handout",
    "command/test_mask_command",
    "command/test_minutes",
    "command/test_run",
    "command/test_run_fresh",
    "command/test_train_command",
    "checks/test_chapter_01",
    "checks/test_chapter_04",
    "data/test_data_fetch_failures",
    "data/test_data_together",
    "data/test_mutated_files",
    "detection/test_finished",
    "detection/test_writing",
    "faces/test_faces",
    "hub/test_steps",
    "models/test_imagenet",
    "models/test_lite",
    "models/test_loading",
    "models/test_models",
    "notebook/test_progress",
    "notebook/test_quizzes",
    "notebook/test_reader_in_a_kernel",
    "pictures/test_large_pictures",
    "pictures/test_picture_formats",
    "serving/test_export_and_clients",
    "serving/test_contract_grpc",
    "serving/test_versions",
    "serving/test_withstanding",
    "serving/test_retrying",
    "test_environment",
    "test_errors",
    "test_without_network",
    "training/test_shaken_boxes",
    "training/test_training",
]
"""Folders and files that take ten seconds or more: servers, browsers, whole commands, training."""

LONGEST = [
    "browser/test_site",
    "command/test_run_fresh",
    "models/test_models",
    "command/test_train_command",
    "serving/test_withstanding",
    "browser/test_jupyterlab",
    "serving/test_versions",
    "test_without_network",
    "serving/test_export_and_clients",
    "command/test_run",
    "command/test_book",
    "command/test_detect_command",
]
"""Files that are begun first, or one processor would have nothing to do while the last one ends."""


def pytest_configure(config):
    if "PYTEST_XDIST_WORKER" in os.environ:  # forked, see pytest_xdist_setupnodes
        sys.executable = started.PYTHON
        multiprocessing.set_executable(started.PYTHON)
    config.addinivalue_line("markers", "slow: in a file that takes ten seconds or more")


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config):
    """Let programs be forked off a process of this run; see `started`."""
    with tempfile.TemporaryDirectory() as folder, started.server(folder):
        return (yield)


def pytest_xdist_setupnodes(specs):
    """Fork the processes that test, too: each would import TensorFlow as it collects the tests."""
    if started.AT in os.environ:
        python = shlex.quote(started.python_at(os.environ[started.AT]))
        specs[:] = [execnet.XSpec(f"{spec}//python={python}") for spec in specs]


def pytest_xdist_auto_num_workers():
    """One more than there are processors: servers, browsers and processes make tests wait."""
    return os.cpu_count() + 1


def pytest_collection_finish():
    """Spare the collector of garbage what stays until the end: the tests and all imported."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items):
    tests = ROOT / "tests"
    for item in items:
        place = item.path.relative_to(tests)
        if place.with_suffix("").as_posix() in SLOW or place.parts[0] in SLOW:
            item.add_marker("slow")
    first = {tests / f"{name}.py": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(item.path, len(LONGEST)))


HEADER = """\
# ---
# jupyter:
#   course:
#     title: {title}
#     minutes: 1
#     needs: {needs}
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

"""

FIRST = (
    HEADER.format(title="First", needs="[]")
    + """\
# %% [markdown]
# # First
# See [the second](01_second.ipynb).

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import matplotlib.pyplot as plt

from course_utils import figures
from course_utils.notebook.artefacts import Artefacts

artefacts = Artefacts("00_first", PROFILE)

# %%
total = sum(range(10))
print(f"The sum is {total}.")

# %% tags=["exercise-0-1"]
answer = None

# %%
from course_utils import checks

if answer is None:
    verdict = checks.not_attempted("0-1")
elif answer == 45:
    verdict = checks.passed("0-1")
else:
    verdict = checks.not_yet("0-1", "Count again.")
verdict

# %%
figure, axis = plt.subplots(figsize=(2, 1))
axis.plot([1, 2])
figures.show(figure, alt="A line that rises from 1 to 2.")

# %%
artefacts.path("total.txt").write_text(str(total))
artefacts.record(total=total)
"""
)

SECOND = (
    HEADER.format(title="Second", needs="[0]")
    + """\
# %% [markdown]
# # Second

# %% tags=["parameters"]
PROFILE = "sample"

# %%
from course_utils.notebook.artefacts import Artefacts

artefacts = Artefacts("01_second", PROFILE)
total = int(artefacts.earlier("00_first", "total.txt").read_text())
print(f"Twice the sum is {2 * total}.")

# %%
print(f"Half of the sum is {total / 2}.")
"""
)

SOLUTIONS = (
    HEADER.format(title="First, solved", needs="[0]")
    + """\
# %% [markdown]
# # Answers

# %% tags=["exercise-0-1"]
answer = 45

# %%
print(answer)
"""
)

BOUNDS = """\
[00_first.total]
min = 40
max = 50
why = "ten numbers from 0 to 9"
"""

BOOK_TOC = """\
format: jb-book
root: book/index
parts:
  - caption: Chapters
    chapters:
      - file: chapters/00_first
      - file: chapters/01_second
  - caption: Worked answers
    chapters:
      - file: solutions/00_first
"""

BOOK_INDEX = """\
# A small book

See [the first chapter](../chapters/00_first.ipynb) and {cite:p}`king2009`.

```{bibliography}
```
"""


class SmallCourse:
    """Two chapters with an exercise, a figure, an artefact and a metric."""

    def __init__(self, root):
        self.root = root
        for name in ("chapters", "solutions", "tests", "data/sample"):
            (root / name).mkdir(parents=True)
        self.write("chapters/00_first.py", FIRST)
        self.write("chapters/01_second.py", SECOND)
        self.write("solutions/00_first.py", SOLUTIONS)
        self.write("tests/metric_bounds.toml", BOUNDS)
        self.write("pyproject.toml", "")
        self.write("requirements.lock", "numpy==2.4.6\n")
        self.write("data/sample/faces.csv", "picture\n")
        shutil.copytree(
            ROOT / "course_utils",
            root / "course_utils",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        shutil.copy(ROOT / "jupytext.toml", root)

    def copy(self, root):
        copy = object.__new__(SmallCourse)
        copy.root = root
        shutil.copytree(self.root, root)
        return copy

    def write(self, name, text):
        (self.root / name).write_text(text, encoding="utf-8", newline="\n")

    def read(self, name):
        return (self.root / name).read_text(encoding="utf-8")

    def replace(self, name, old, new):
        """Change a file; fail when there is nothing to change, lest a test pass by accident."""
        text = self.read(name)
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new))

    def course(self, *arguments, **environment):
        """Run `course` as a process of its own in the small course."""
        variables = {
            key: value
            for key, value in os.environ.items()
            if key not in ("COURSE_WORK", "COURSE_MIRROR")
        }
        return subprocess.run(
            [*started.STARTED, "-m", "course_utils.command.main", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={
                **variables,
                "COLUMNS": "200",
                "PYTHONUTF8": "1",
                "PYTHONPATH": str(self.root),
                **environment,
            },
        )


@pytest.fixture(autouse=True)
def own_variables():
    """Take back what a test, or a library that it is the first to use, sets in the environment: a
    program of a later test would be another one, and not be forked at once (see `started`).
    """
    kept = dict(os.environ)
    yield
    for name in {*kept, *os.environ} - {"PYTEST_CURRENT_TEST"}:
        if name not in kept:
            del os.environ[name]
        elif os.environ.get(name) != kept[name]:
            os.environ[name] = kept[name]


@pytest.fixture(scope="session")
def executed_course(tmp_path_factory):
    """A small course whose outputs are stored; copy it before changing it."""
    course = SmallCourse(tmp_path_factory.mktemp("executed") / "kurs é [1]")
    for options in (["--update"], ["--solutions", "--update"]):
        done = course.course("run", *options)
        assert done.returncode == 0, done.stdout + done.stderr
    return course


@pytest.fixture
def small_course(executed_course, tmp_path):
    """A copy of the executed course, free to be changed."""
    return executed_course.copy(tmp_path / "course")


@pytest.fixture(scope="module", autouse=True)
def contract_of_exercises(request, monkeymodule):
    """When all tests of a chapter have run: each exercise was passed, was not attempted, and
    refused three mistakes with different hints.
    """
    number = re.fullmatch(r"test_chapter_(\d\d)", request.module.__name__)
    if number is None:
        yield
        return
    given, seen = checks._given, []
    monkeymodule.setattr(
        checks,
        "_given",
        lambda verdict: (
            seen.append((os.environ.get("PYTEST_CURRENT_TEST", ""), verdict)) or given(verdict)
        ),
    )
    yield
    ran = {
        item.originalname
        for item in request.session.items
        if getattr(item, "module", None) is request.module
    }
    if ran == {name for name in vars(request.module) if name.startswith("test_")}:
        (chapter,) = (ROOT / "chapters").glob(f"{number[1]}_*.py")
        missing = lacking(exercise_cells("chapters", chapter.stem), seen)
        assert not missing, missing


@pytest.fixture(scope="module")
def monkeymodule():
    """Return a monkeypatch for all tests of a module."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="session")
def small_book(executed_course, tmp_path_factory):
    """A small course with the configuration of the real book; copy it before building or changing
    it.
    """
    course = executed_course.copy(tmp_path_factory.mktemp("book") / "course")
    (course.root / "book").mkdir()
    for name in ("_config.yml", "references.bib"):
        shutil.copy(ROOT / "book" / name, course.root / "book")
    shutil.copytree(ROOT / "book" / "_static", course.root / "book" / "_static")
    course.write("book/_toc.yml", BOOK_TOC)
    course.write("book/index.md", BOOK_INDEX)
    return course


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The real site, built once however many processes run the tests, and not at all where the one
    that is there was built from what the course is now.
    """
    from course_utils.command import book, built

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    done, building = shared / "site.built", shared / "site.building"
    for _ in range(3000):
        if done.exists():
            break
        try:
            building.mkdir()
        except FileExistsError:  # another process builds it
            time.sleep(0.1)
            continue
        try:
            if not built.is_built(ROOT, book.site_folder(ROOT)):
                book.build(ROOT)
            done.touch()
        finally:
            building.rmdir()
    assert done.exists(), "the site was not built within five minutes"
    return book.site_folder(ROOT)
