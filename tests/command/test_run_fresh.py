"""`course run`: fresh means fresh, one at a time, and nothing is lost when it is stopped."""

import inspect
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import jupyter_client.client
import nbformat
import nbval.kernel
import pytest
from started import STARTED

from course_utils.command.chapter_run import why_no_kernel

HOLD = """
from pathlib import Path
import time
Path("../holding").touch()
while not Path("../go").exists():
    time.sleep(0.01)
"""
"""Stops a chapter until a file named go is there."""

LAST_OF_SECOND = 'print(f"Half of the sum is {total / 2}.")'
LAST_OF_FIRST = "artefacts.record(total=total)"


def results(done):
    """Read the result of each chapter from the printed table."""
    rows = [line.split("│") for line in done.stdout.splitlines() if line.startswith("│")]
    return {row[1].strip(): row[3].strip() for row in rows}


def printed(course, name):
    """All that an executed notebook printed."""
    notebook = nbformat.read(course.root / f"work/sample/runs/{name}.ipynb", as_version=4)
    return "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )


def start(course, *arguments, python=STARTED):
    """Start `course run` in a process group of its own, as a terminal does."""
    return subprocess.Popen(
        [*python, "-m", "course_utils.command.main", "run", *arguments],
        cwd=course.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
        env={
            **{key: value for key, value in os.environ.items() if key != "COURSE_WORK"},
            "COLUMNS": "200",
            "PYTHONUTF8": "1",
            "PYTHONPATH": str(course.root),
        },
    )


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return True


def test_an_earlier_chapter_edited_and_run_alone_makes_the_later_one_stale(small_course):
    small_course.replace("chapters/00_first.py", "range(10)", "range(11)")
    assert results(small_course.course("run", "00")) == {"00_first": "passed"}
    assert results(small_course.course("run", "01"))["01_second"] == "passed"
    assert "Twice the sum is 110." in printed(small_course, "01_second")
    assert set(results(small_course.course("run")).values()) == {"unchanged"}


def test_what_a_chapter_needs_is_run_before_it(small_course):
    shutil.rmtree(small_course.root / "work")
    stored = small_course.read("chapters/00_first.ipynb")
    small_course.write("chapters/00_first.ipynb", stored + "\n")
    done = small_course.course("run", "01", "--update")
    assert results(done) == {"00_first": "passed", "01_second": "passed"}, done.stderr
    assert "00_first: needed, and not up to date" in done.stdout
    assert small_course.read("chapters/00_first.ipynb") == stored + "\n", "01 alone was asked for"


def test_equal_contents_run_nothing_and_others_of_equal_size_do(small_course):
    artefact = small_course.root / "work/sample/00_first/total.txt"
    small_course.replace("chapters/00_first.py", "See [the second]", "Then see [the second]")
    (small_course.root / "new").write_text("45")
    os.replace(small_course.root / "new", artefact)
    assert results(small_course.course("run")) == {"00_first": "passed", "01_second": "unchanged"}
    before = artefact.stat()
    artefact.write_text("54")
    os.utime(artefact, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert results(small_course.course("run")) == {"00_first": "passed", "01_second": "unchanged"}
    assert artefact.read_text() == "45"


def test_a_change_while_a_chapter_runs_makes_it_run_again(small_course):
    lock = 'Path("../requirements.lock").write_text("numpy==3\\n")'
    small_course.replace(
        "chapters/00_first.py", LAST_OF_FIRST, f"{LAST_OF_FIRST}\nfrom pathlib import Path\n{lock}"
    )
    done = small_course.course("run", "00")
    assert results(done) == {"00_first": "passed"} and "was changed meanwhile" in done.stdout
    assert results(small_course.course("run", "00")) == {"00_first": "passed"}
    assert results(small_course.course("run", "00")) == {"00_first": "unchanged"}


def test_a_run_that_ends_early_or_a_cut_notebook_does_not_count(small_course):
    executed = small_course.root / "work/sample/runs/01_second.ipynb"
    executed.write_bytes(executed.read_bytes()[:-100])
    assert results(small_course.course("run", "01"))["01_second"] == "passed"
    small_course.replace(
        "chapters/01_second.py", "artefacts = Artefacts", "raise SystemExit\nartefacts = Artefacts"
    )
    done = small_course.course("run", "01")
    assert done.returncode == 1 and results(done)["01_second"] == "failed"
    assert "01_second ended before its cell" in done.stderr and "Traceback" not in done.stderr


def test_the_kernel_imports_the_checkout_that_the_fingerprint_covers(small_course, tmp_path):
    other = small_course.copy(tmp_path / "other")
    other.replace(
        "chapters/01_second.py",
        LAST_OF_SECOND,
        "import course_utils\n\nprint(course_utils.__file__)",
    )
    done = other.course("run", "01", PYTHONPATH=str(small_course.root))
    assert done.returncode == 0, done.stderr
    assert printed(other, "01_second").splitlines()[-1] == str(
        other.root / "course_utils/__init__.py"
    )
    other.replace(
        "chapters/01_second.py",
        "from course_utils.notebook.artefacts",
        f'import sys\n\nsys.path.insert(0, r"{small_course.root}")\n'
        "from course_utils.notebook.artefacts",
    )
    done = other.course("run", "01")
    assert done.returncode == 1, "a chapter that imports another checkout can't be trusted"
    assert f"imported {small_course.root / 'course_utils'} and not" in done.stderr


def test_a_second_run_of_a_profile_is_refused(small_course):
    small_course.replace("chapters/01_second.py", LAST_OF_SECOND, HOLD + LAST_OF_SECOND)
    first = start(small_course)
    wait_for(small_course.root / "holding", first)
    second = small_course.course("run", "00")
    assert second.returncode == 1 and "Another process is writing to" in second.stderr
    assert "Traceback" not in second.stderr and second.stderr.count("\n") == 1
    (small_course.root / "go").touch()
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0, out + err
    (small_course.root / "holding").unlink()
    assert set(results(small_course.course("run")).values()) == {"unchanged"}


@pytest.mark.skipif(sys.platform == "win32", reason="presses Ctrl-C as a POSIX terminal does")
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_keeps_what_was_done_and_goes_on_there(small_course, stop, jobs):
    small_course.replace("chapters/00_first.py", "See [the second]", "Then see [the second]")
    small_course.replace("chapters/01_second.py", LAST_OF_SECOND, HOLD + LAST_OF_SECOND)
    if jobs == "2":  # a third chapter, or nothing could run beside another
        add_third(small_course, HOLD)
    # a killed group ends at once where all of it are processes of their own
    python = STARTED if stop == signal.SIGINT else [sys.executable]
    run = start(small_course, "--jobs", jobs, python=python)
    wait_for(small_course.root / "holding", run)
    os.killpg(run.pid, stop)
    out, err = run.communicate(timeout=60)
    assert run.returncode == (1 if stop == signal.SIGINT else -9), out + err
    if stop == signal.SIGINT:
        assert re.search("Stopped in chapter 01_second( and 02_third)?: what the chapters", err)
        assert err.count("\n") == 1, err
    (small_course.root / "go").touch()
    found = results(small_course.course("run"))
    assert (found["00_first"], found["01_second"]) == ("unchanged", "passed")


def add_third(course, without=""):
    """Add a chapter that can run beside the second one, being the same."""
    text = course.read("chapters/01_second.py").replace("01_second", "02_third")
    course.write("chapters/02_third.py", text.replace(without, ""))


MEET = """
from pathlib import Path
import time
Path("../{own}").touch()
begun = time.monotonic()
while not Path("../{other}").exists() and time.monotonic() - begun < 60:
    time.sleep(0.01)
print("Met:", Path("../{other}").exists())
"""
"""Lets a chapter wait until the other one is at the same place."""


def test_chapters_that_need_nothing_of_each_other_run_at_once(small_course):
    add_third(small_course)
    small_course.replace("chapters/01_second.py", LAST_OF_SECOND, MEET.format(own="a", other="b"))
    small_course.replace("chapters/02_third.py", LAST_OF_SECOND, MEET.format(own="b", other="a"))
    done = small_course.course("run", "--jobs", "2")
    assert set(results(done).values()) == {"passed"}, done.stdout + done.stderr
    for name in ("01_second", "02_third"):
        assert "Met: True" in printed(small_course, name)
    assert done.stdout.index("00_first: passed") < done.stdout.index("01_second: passed")


def test_one_at_a_time_and_several_at_once_write_the_same(small_course):
    add_third(small_course)
    runs, made = small_course.root / "work/sample/runs", []
    for jobs in ("1", "2"):
        shutil.rmtree(small_course.root / "work")
        assert small_course.course("run", "--jobs", jobs).returncode == 0
        made.append([nbformat.read(path, 4).cells for path in sorted(runs.glob("0*.ipynb"))])
    for one, other in zip(*made, strict=True):
        for before, after in zip(one, other, strict=True):
            assert before.get("outputs") == after.get("outputs")


def test_a_failure_beside_others_stops_the_run_with_its_sentence(small_course):
    small_course.replace("chapters/00_first.py", "total = sum(range(10))", "total = 1 / 0")
    add_third(small_course)
    done = small_course.course("run", "--jobs", "2")
    assert done.returncode == 1 and "ZeroDivisionError" in done.stderr
    assert results(done) == {"00_first": "failed"} and "Mend it in" in done.stderr


def test_nothing_is_to_be_mended_where_data_are_missing(small_course):
    small_course.replace(
        "chapters/00_first.py",
        "total = sum(range(10))",
        "from course_utils.data.faces_table import load_faces\n\nload_faces('real')",
    )
    done = small_course.course("run", "00")
    assert done.returncode == 1 and "Mend it" not in done.stderr
    assert "run `course data fetch face-mask-detection` first." in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture
def small_disk(small_course):
    """Mount a small file system for what a run writes."""
    work = small_course.root / "work"
    shutil.rmtree(work)
    work.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("needs root to mount")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", work], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no right to mount: {mounted.stderr.decode()}")
    yield work
    subprocess.run(["umount", work], check=True)


DEAF = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"


NO_KERNEL = pytest.mark.parametrize(
    ("kernel", "said"), [(DEAF, "gave no answer in time"), ("raise SystemExit(1)", "ended at once")]
)


@NO_KERNEL
def test_a_kernel_that_does_not_begin_is_one_sentence(small_course, tmp_path, kernel, said):
    wait_less(small_course)
    (small_course.root / "work/sample/runs/00_first.json").unlink()
    done = small_course.course("run", "00", JUPYTER_PATH=str(kernel_of(tmp_path, kernel)))
    assert done.returncode == 1 and said in done.stderr
    assert done.stderr.startswith("course: Chapter 00_first did not begin")
    assert done.stderr.count("\n") == 1


@NO_KERNEL
def test_a_check_says_that_a_kernel_did_not_begin(small_course, tmp_path, kernel, said):
    wait_less(small_course)
    kernels = kernel_of(tmp_path, kernel)
    done = small_course.course("check", "00", JUPYTER_PATH=str(kernels))
    assert done.returncode == 1 and f"did not begin: its kernel {said}" in done.stdout
    assert done.stdout.count("did not begin") == 2, "one of the chapter, one of its solution"


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (jupyter_client.client, "Kernel didn't respond in"),
        (nbval.kernel, "Kernel info reqest timed out after"),
        (nbval.kernel, "Wasn't able to establish IOPub after"),
    ],
)
def test_a_late_kernel_is_known_by_the_words_of_the_libraries(module, words):
    assert words in inspect.getsource(module), "another version has other words"
    assert "no answer in time" in why_no_kernel(f"E   RuntimeError: {words} 60 seconds")
    assert why_no_kernel("RuntimeError: Kernel aborted execution request") is None


def wait_less(course):
    course.replace("course_utils/command/chapter_run.py", "KERNEL_START = 300", "KERNEL_START = 2")


def kernel_of(folder, program):
    """Put a program into the place of the Python kernel; return the folder for JUPYTER_PATH."""
    spec = folder / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    words = {"argv": [sys.executable, "-c", program], "display_name": "x", "language": "python"}
    spec.write_text(json.dumps(words))
    return folder


def test_a_full_or_read_only_disk_is_one_sentence(small_course, small_disk):
    small_course.replace(
        "chapters/00_first.py",
        LAST_OF_FIRST,
        f'{LAST_OF_FIRST}\nartefacts.path("large").write_bytes(bytes(1 << 20))',
    )
    full = small_course.course("run", "00")
    assert full.returncode == 1 and "disk" in full.stderr and "full" in full.stderr
    assert "Traceback" not in full.stderr and "Mend it" not in full.stderr
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    forbidden = small_course.course("run", "00")
    assert forbidden.returncode == 1 and "correct its permissions" in forbidden.stderr
    assert "Traceback" not in forbidden.stderr
    subprocess.run(["mount", "-o", "remount,rw,size=8m", small_disk], check=True)
    assert results(small_course.course("run", "00")) == {"00_first": "passed"}


def test_a_record_tells_what_was_read_and_written(small_course):
    record = json.loads(small_course.read("work/sample/runs/01_second.json"))
    first = json.loads(small_course.read("work/sample/runs/00_first.json"))
    name = "00_first/total.txt"
    assert record["read"][name]["hash"] == first["written"]["total.txt"]["hash"]
    assert set(record["read"]) == {name} and set(first["written"]) == {"total.txt", "metrics.json"}
