"""`course lab`: JupyterLab takes the place of the command."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.command import lab
from course_utils.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]


def test_a_chapter_and_options_of_jupyterlab():
    assert lab.command(ROOT, [])[-1].endswith("/lab/tree/chapters")
    line = lab.command(ROOT, ["1", "--port", "9000"])
    assert line[-3].endswith("/lab/tree/chapters/01_data_collection.ipynb")
    assert line[-2:] == ["--port", "9000"]
    assert lab.command(ROOT, ["--no-browser"])[-1] == "--no-browser"
    with pytest.raises(CourseError, match="no chapter 77"):
        lab.command(ROOT, ["77"])


@pytest.fixture
def stand_in(tmp_path):
    """A module in JupyterLab's place that says who and where it is, and waits for Ctrl-C twice."""
    (tmp_path / "jupyterlab.py").write_text(
        "import os, shutil, signal, sys\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
        "print(os.getpid(), os.getcwd(), shutil.which('course'), *sys.argv[1:], flush=True)\n"
        "for question in range(2):\n"
        "    signal.sigwait({signal.SIGINT})\n"
        "    print('asked', flush=True)\n"
    )
    return {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}


@pytest.mark.skipif(os.name == "nt", reason="Windows can't replace a process")
def test_ctrl_c_reaches_jupyterlab_which_asks(stand_in):
    command = [sys.executable, "-m", "course_utils.command.main", "lab", "02", "--", "--port", "9"]
    process = subprocess.Popen(
        command, cwd=ROOT / "book", env=stand_in, stdout=subprocess.PIPE, text=True
    )
    number, folder, tool, *options = process.stdout.readline().split()
    assert int(number) == process.pid, "the process was not replaced"
    assert folder == str(ROOT) and Path(tool).parent == Path(sys.executable).parent
    assert options[-2:] == ["--port", "9"]
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "asked\n"
    assert process.poll() is None, "one Ctrl-C ends it behind its question"
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


@pytest.mark.skipif(os.name == "nt", reason="Binder runs on Linux")
def test_binder_starts_jupyter_with_the_same_settings():
    told = subprocess.run(
        [ROOT / "start", "printenv", "JUPYTER_CONFIG_PATH"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "JUPYTER_CONFIG_PATH": "/elsewhere"},
    )
    assert told.stdout.strip() == f"{lab.SETTINGS}:/elsewhere"
