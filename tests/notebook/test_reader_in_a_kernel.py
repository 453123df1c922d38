"""What a reader meets in JupyterLab, in a real kernel and with the real chapters.

An error in an own answer, a chapter opened too early, missing pictures, interruption and restart.
"""

import os
import time
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from course_utils.command import notebooks

ROOT = Path(__file__).resolve().parents[2]


class Reader:
    """A kernel, started as JupyterLab does for a chapter."""

    def __init__(self, chapter, work):
        (pair,) = notebooks.find_pairs(ROOT, wanted=[chapter])
        self.cells = [c for c in notebooks.read_source(pair).cells if c.cell_type == "code"]
        self.manager, self.client = start_new_kernel(
            kernel_name="python3",
            cwd=str(ROOT / "chapters"),
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "COURSE_WORK": str(work),
                "JPY_SESSION_NAME": str(pair.notebook),
            },
        )

    def run(self, code):
        """Execute code; return what was printed or shown, and the lines of an error."""
        said, error = [], []

        def hear(message):
            content = message["content"]
            said.append(content.get("text", "") or content.get("data", {}).get("text/plain", ""))
            error.extend(content.get("traceback", []))

        # with stop_on_error, a kernel passes over what reaches it in the moment after an error
        self.client.execute_interactive(code, timeout=120, output_hook=hear, stop_on_error=False)
        return "".join(said), "\n".join(error)

    def restart(self):
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=120)

    def leave(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def open_chapter(tmp_path):
    """Return what opens a chapter in a kernel of its own, with nothing made before."""
    readers = []

    def opened(chapter):
        readers.append(Reader(chapter, tmp_path / "work"))
        return readers[-1]

    yield opened
    for reader in readers:
        reader.leave()


def test_05_before_01_and_02_offers_the_command(open_chapter):
    reader = open_chapter("05")
    parameters, first = reader.cells[:2]
    assert reader.run(parameters.source) == ("", "")
    said, error = reader.run(first.source)
    told = said + error
    assert "chapters 01 and 02" in told and "`!course run 01 02`" in told
    assert told.count("\n") <= 1 and "course_utils" not in told, "a sentence, no traceback"
    said, error = reader.run("!course --help")
    assert "Usage:" in said and "progress" in said and not error, (
        "the command is there, as it was offered"
    )


def test_pictures_that_are_missing_are_to_be_fetched(open_chapter):
    reader = open_chapter("01")
    reader.run('PROFILE = "real"')
    said, error = reader.run(
        "from course_utils.data.faces_table import load_faces\nload_faces(PROFILE)"
    )
    told = said + error
    assert "`course data fetch face-mask-detection` first" in told and "Mend" not in told
    assert told.strip().count("\n") == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("return undefined_name", "NameError (name 'undefined_name' is not defined)"),
        ("return np.ones((2, 3)) @ np.ones(2)", "ValueError (matmul"),
    ],
)
def test_an_error_in_an_answer_is_one_line_of_theirs(open_chapter, line, said):
    """In the first exercise of chapter 01 that is a function."""
    reader = open_chapter("01")
    position, cell = next(
        (number, cell)
        for number, cell in enumerate(reader.cells)
        if any(tag.startswith("exercise-") for tag in notebooks.tags(cell))
        and "...  # your lines" in cell.source
    )
    reader.run("import numpy as np\nimport pandas as pd")
    reader.run(cell.source.replace("...  # your lines", line))
    module = "from course_utils.checks import chapter_01\n"
    told, error = reader.run(module + reader.cells[position + 1].source)
    assert said in told and f"in your line `{line}`" in told
    assert not error and len(told.splitlines()) <= 6 and "File " not in told


INTERRUPTED = """
from course_utils import checks, project
from course_utils.masks.choice import MaskOptions
from course_utils.masks.job import mask_folder

checks.passed("1-1")
out = project.work_dir() / "masked"
account = mask_folder(project.work_dir() / "bare", out, MaskOptions(seed=1), progress=False)
print(len(account), "lines,", (account.result == "masked").sum(), "masked")
"""


def test_interrupting_and_restarting_lose_nothing(open_chapter, tmp_path):
    """What was passed stays passed, and what was made is not made again."""
    bare = tmp_path / "work" / "bare"
    bare.mkdir(parents=True)
    portraits = sorted((ROOT / "data/sample/faces").glob("p000*_1.jpg"))
    for copy in range(8):
        for portrait in portraits:
            (bare / f"{copy}_{portrait.name}").write_bytes(portrait.read_bytes())
    count = 8 * len(portraits)
    reader = open_chapter("02")
    reader.client.execute(INTERRUPTED, stop_on_error=False)
    made = tmp_path / "work" / "masked"
    deadline = time.monotonic() + 120
    while len(list(made.rglob("*_1.*"))) < 3:
        assert time.monotonic() < deadline, "nothing was made"
        time.sleep(0.01)
    reader.manager.interrupt_kernel()
    reply = reader.client.get_shell_msg(timeout=60)["content"]
    assert reply["ename"] == "KeyboardInterrupt", reply
    said, _ = reader.run("print('still here:', out.name)")
    assert "still here: masked" in said, "the kernel goes on"
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*_1.*")}
    assert 3 <= len(before) < count, "too late to interrupt"
    reader.restart()
    said, error = reader.run("from course_utils.notebook import progress\nprogress.read()")
    assert said == "{'1-1': 'passed'}" and not error
    said, error = reader.run(INTERRUPTED)
    assert f"{count} lines" in said and not error
    kept = [path for path, when in before.items() if path.stat().st_mtime_ns == when]
    assert len(kept) >= len(before) - 1, "at most the one that was being written is made again"
