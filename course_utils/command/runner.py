"""Execute chapters with papermill, in order, and skip what nothing has changed."""

import json
import logging
import os
import re
import time
from dataclasses import dataclass

import nbformat
import papermill
from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.exceptions import PapermillExecutionError
from rich.console import Console
from rich.table import Table

from course_utils import files, project
from course_utils.command import notebooks
from course_utils.command.jobs import make_jobs
from course_utils.errors import CourseError

TAIL_LINES = 8
ANSI_COLOR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Outcome:
    """How the run of one notebook ended.

    Attributes
    ----------
    name : str
        "NN_slug", with " (solutions)" behind it when solutions were run.
    minutes : float
        Measured by this run; for a skipped notebook, by the run that counts.
    result : str
        "passed", "unchanged" or "failed".
    """

    name: str
    minutes: float
    result: str


def quiet_environment():
    """Keep progress bars and log lines out of the outputs of kernels started from here.

    Their answers stay out of a reader's record.
    """
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.pop("JPY_SESSION_NAME", None)  # `!course run` in a notebook inherits it
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    logging.getLogger("papermill").setLevel(logging.ERROR)


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
    folder = project.work_dir() / profile.name / "runs"
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
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )
    except PapermillExecutionError as error:
        raise CourseError(describe_failure(job, error)) from error
    except (CellExecutionError, DeadKernelError) as error:
        raise CourseError(
            f"Chapter {job.name}: the kernel died ({error}); is there enough memory?"
        ) from error
    finally:
        source.unlink(missing_ok=True)


def describe_failure(job, error):
    """Say which cell failed and how, in a few lines."""
    before = [cell for cell in job.notebook.cells if "parameters" in notebooks.tags(cell)]
    position = error.cell_index + 1 - len(before)
    first = next((line for line in error.source.splitlines() if line.strip()), "")
    tail = ANSI_COLOR.sub("", "\n".join(error.traceback)).splitlines()[-TAIL_LINES:]
    lines = "\n".join(f"    {line}" for line in tail)
    return (
        f"Chapter {job.name} failed in cell {position} (`{first.strip()}`):\n{lines}\nMend it in"
        f" {job.pair.source} and run again."
    )


def record_path(job, profile):
    """Return the file that remembers a passed run."""
    return project.work_dir() / profile.name / "runs" / f"{job.name}.json"


def remembered_minutes(job, profile):
    """Return the minutes of the last passed run when it still counts, else None.

    It counts when nothing that it depended on has changed and all that it
    wrote is still there.
    """
    try:
        record = json.loads(record_path(job, profile).read_text(encoding="utf-8"))
        intact = record["fingerprint"] == job.fingerprint and record["artefacts"] == list_artefacts(
            job, profile
        )
    except (OSError, ValueError, KeyError):
        return None
    there = (record_path(job, profile).with_suffix(".ipynb")).exists()
    return record["minutes"] if intact and there else None


def list_artefacts(job, profile):
    """Return the size in bytes of every file that the chapter has written, by name."""
    folder = project.work_dir() / profile.name / job.pair.name
    return (
        {
            path.relative_to(folder).as_posix(): path.stat().st_size
            for path in files.files_below(folder)
        }
        if folder.is_dir()
        else {}
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


def run(root, wanted, profile, solutions=False, update=False, console=None):
    """Execute chapters in order, stop at the first failure and print a table.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.
    wanted : sequence of str
        Chapter numbers; all when empty.
    profile : course_utils.profiles.Profile
    solutions : bool
        Run each chapter with its worked answers instead of the stubs, then the solutions.
    update : bool
        Write the outputs back beside the sources.
    console : rich.console.Console, optional

    Returns
    -------
    list of Outcome

    Raises
    ------
    CourseError
        When a notebook fails; those before it keep their results.
    """
    console = console or Console()
    if update and profile.name != "sample":
        raise CourseError(
            "--update stores outputs of the sample profile only: real photographs are not to be"
            " published."
        )
    quiet_environment()
    outcomes = []
    try:
        for job in make_jobs(root, wanted, profile, solutions):
            minutes = remembered_minutes(job, profile)
            if minutes is None:
                outcomes.append(Outcome(job.name, 0.0, "failed"))
                outcomes[-1] = _execute_and_remember(job, profile, console)
            else:
                outcomes.append(Outcome(job.name, minutes, "unchanged"))
            if update and not job.name.endswith(".spliced"):
                executed = notebooks.read_notebook(record_path(job, profile).with_suffix(".ipynb"))
                notebooks.write_notebook(
                    notebooks.normal_form(job.notebook, executed), job.pair.notebook
                )
    finally:
        if outcomes:
            console.print(summary(outcomes))
    return outcomes


def _execute_and_remember(job, profile, console):
    record_path(job, profile).unlink(missing_ok=True)
    started = time.perf_counter()
    executed = execute(job, profile, progress=console.is_terminal)
    minutes = (time.perf_counter() - started) / 60
    if job.name.endswith(".spliced"):
        require_passed(job, executed)
    console.print(f"{job.name}: passed in {minutes:.1f} min", highlight=False)
    record = {
        "fingerprint": job.fingerprint,
        "minutes": round(minutes, 2),
        "artefacts": list_artefacts(job, profile),
    }
    files.write_text(record_path(job, profile), json.dumps(record, indent=1) + "\n")
    return Outcome(job.name, minutes, "passed")


def summary(outcomes):
    """Lay out the outcomes as a table."""
    table = Table("chapter", "minutes", "result")
    colors = {"passed": "green", "unchanged": "cyan", "failed": "red"}
    for outcome in outcomes:
        table.add_row(
            outcome.name,
            f"{outcome.minutes:.1f}" if outcome.minutes else "",
            f"[{colors[outcome.result]}]{outcome.result}[/]",
        )
    return table
