"""Execute one chapter with papermill; where it stops, say in a sentence which cell and why."""

import logging
import os
import re

import nbformat
import papermill
from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from course_utils import files
from course_utils.command import notebooks, records
from course_utils.errors import CourseError

TAIL_LINES = 8
KERNEL_START = 300
"""Seconds that a kernel may take to answer: on a busy machine Python itself comes slowly."""
ERRNO = re.compile(r"\[Errno (\d+)\]")
NO_ANSWER = re.compile(
    r"RuntimeError: (Kernel didn't respond|Kernel info reqest timed out|Wasn't able to establish)"
)
"""The words, misspelt ones too, of jupyter_client and nbval."""
ANSI_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def quiet_environment():
    """Keep progress bars and log lines out of the outputs of kernels started from here.

    Their answers stay out of a reader's record.
    """
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.pop("JPY_SESSION_NAME", None)  # `!course run` in a notebook inherits it
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    # of a kernel that did not begin, or that Ctrl-C ended, a sentence is enough
    for name in ("asyncio", "papermill", "traitlets"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def import_from(root):
    """Let kernels started from here import the package of this checkout and no other."""
    paths = [str(root), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, paths)))


def execute(job, profile, progress=True):
    """Execute one notebook in `chapters/` or `solutions/` and keep the result below `work/`.

    Parameters
    ----------
    job : Job
    profile : course_utils.profiles.Profile
    progress : bool
        Show a bar that counts cells.

    Returns
    -------
    NotebookNode
        The executed notebook.

    Raises
    ------
    CourseError
        When a cell fails: names the chapter, the cell and the end of the error.
    """
    folder = records.runs_folder(profile)
    folder.mkdir(parents=True, exist_ok=True)
    source, output = folder / f".{job.name}.source.ipynb", folder / f"{job.name}.ipynb"
    plain = nbformat.from_dict(job.notebook)
    plain.metadata.pop("jupytext", None)
    notebooks.write_notebook(plain, source)
    parameters = (
        {"PROFILE": profile.name}
        if any("parameters" in notebooks.tags(cell) for cell in plain.cells)
        else {}
    )
    # quiet_environment switches the chapters' own bars off; this one is wanted.
    bar = (
        {"desc": job.name, "unit": "cell", "leave": False, "disable": False} if progress else False
    )
    try:
        return papermill.execute_notebook(
            source,
            output,
            parameters=parameters,
            cwd=job.pair.source.parent,
            progress_bar=bar,
            kernel_name="python3",
            start_timeout=KERNEL_START,
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
        )
    except PapermillExecutionError as error:
        raise CourseError(describe_failure(job, error)) from error
    except (CellExecutionError, DeadKernelError) as error:
        raise CourseError(
            f"Chapter {job.name}: the kernel died ({error}); is there enough memory?"
        ) from error
    except RuntimeError as error:  # jupyter_client's own, before the first cell
        if not (why := why_no_kernel(f"RuntimeError: {error}")):
            raise
        raise CourseError(f"Chapter {job.name} did not begin: {why}") from error
    finally:
        source.unlink(missing_ok=True)


def describe_failure(job, error):
    """Say which cell failed and how, in a few lines."""
    before = [cell for cell in job.notebook.cells if "parameters" in notebooks.tags(cell)]
    position = error.cell_index + 1 - len(before)
    text = ANSI_COLOR.sub("", str(error.evalue)).strip()
    if error.ename == "CourseError":  # a sentence for the reader: nothing in the chapter is broken
        return f"Chapter {job.name} stopped in cell {position}: {text}"
    if error.ename == "KeyboardInterrupt":
        raise KeyboardInterrupt
    number = ERRNO.search(text)
    if error.ename == "OSError" and number and int(number[1]) in files.DISK_FULL:
        return (
            f"Chapter {job.name} stopped in cell {position}: the disk is full ({text}). Free some"
            " space, then run the command again."
        )
    first = next((line for line in error.source.splitlines() if line.strip()), "")
    tail = ANSI_COLOR.sub("", "\n".join(error.traceback)).splitlines()[-TAIL_LINES:]
    lines = "\n".join(f"    {line}" for line in tail)
    return (
        f"Chapter {job.name} failed in cell {position} (`{first.strip()}`):\n{lines}\nMend it in"
        f" {job.pair.source} and run again."
    )


def why_no_kernel(text):
    """Say why a kernel did not begin and what to do, from a traceback's last line.

    Returns
    -------
    str or None
        None when the words say something else.
    """
    if NO_ANSWER.search(text):
        return (
            "its kernel gave no answer in time. End what else keeps this machine busy, then run"
            " the command again."
        )
    if "RuntimeError: Kernel died before" in text:
        return "its kernel ended at once. `course doctor` says what the environment lacks."
    return None


def require_whole(job, executed):
    """Refuse a run that ended before its last cell: a cell may end the kernel without an error.

    Raises
    ------
    CourseError
        Names the first cell that was not executed.
    """
    for position, cell in enumerate(executed.cells, start=1):
        if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None:
            raise CourseError(
                f"Chapter {job.name} ended before its cell {position}: see what the cell before it"
                f" does, and mend it in {job.pair.source}."
            )


def require_passed(job, executed):
    """Hold a spliced chapter to its checks: each tagged exercise must get the verdict "passed".

    Raises
    ------
    CourseError
        Names the exercise whose worked answer the check refuses, or that no check follows.
    """
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    texts = [str(output.get("data", {}).get("text/plain", "")) for output in outputs]
    for tag in (
        tag
        for cell in executed.cells
        for tag in notebooks.tags(cell)
        if tag.startswith("exercise-")
    ):
        verdicts = [text for text in texts if f"Exercise {tag.removeprefix('exercise-')}:" in text]
        refused = [text for text in verdicts if not text.startswith("✔")]
        if refused:
            raise CourseError(
                f"Chapter {job.name}: a worked answer does not pass its check: {refused[0]}"
            )
        if not verdicts:
            raise CourseError(
                f"Chapter {job.name}: no check gives a verdict on {tag}: call one in the cell"
                " after it."
            )
