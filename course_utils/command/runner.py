"""Execute chapters with papermill, in order, and skip what nothing has changed."""

import functools
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
from course_utils.command import notebooks, records
from course_utils.command.jobs import make_again, make_jobs
from course_utils.command.side_by_side import can_share, processes, work_side_by_side
from course_utils.errors import CourseError
from course_utils.notebook.artefacts import READS

TAIL_LINES = 8
KERNEL_START = 300
"""Seconds that a kernel may take to answer: on a busy machine Python itself comes slowly."""
ERRNO = re.compile(r"\[Errno (\d+)\]")
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
    # of a kernel that did not begin, or that Ctrl-C ended, a sentence is enough
    for name in ("asyncio", "papermill", "traitlets"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


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
    if "RuntimeError: Kernel didn't respond" in text:
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


def run(root, wanted, profile, solutions=False, update=False, console=None, workers=1):
    """Execute chapters in order, those that they need first; stop at the first failure.

    What nothing has changed is not executed again. A table of the outcomes is printed.

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
    workers : int
        Notebooks that are executed at once where none waits for another; their results are the
        same.

    Returns
    -------
    list of Outcome

    Raises
    ------
    CourseError
        When a notebook fails, or Ctrl-C stops it; those before it keep their results. When another
        run works in the same profile, or its pictures were not fetched.
    """
    console = console or Console()
    if update and profile.name != "sample":
        raise CourseError(
            "--update stores outputs of the sample profile only: real photographs are not to be"
            " published."
        )
    if profile.name != "sample":
        from course_utils.data import faces_table

        faces_table.require_faces(profile.name)  # before minutes have gone by
    quiet_environment()
    import_from(root)
    outcomes = {}
    with files.explaining_disk_errors(project.work_dir()), working_in(profile):
        try:
            jobs = make_jobs(root, wanted, profile, solutions)
            for job, outcome in _outcomes(root, jobs, profile, console, workers):
                outcomes[job.name] = outcome
                ended = outcome.result != "failed"
                if update and ended and job.wanted and not job.name.endswith(".spliced"):
                    path = records.record_path(job, profile).with_suffix(".ipynb")
                    executed = notebooks.read_notebook(path)
                    notebooks.write_notebook(
                        notebooks.normal_form(job.notebook, executed), job.pair.notebook
                    )
                    notebooks.tidy_source(job.pair)
        except KeyboardInterrupt:
            begun = [name for name, outcome in outcomes.items() if outcome.result == "failed"]
            raise CourseError(
                f"Stopped in chapter {' and '.join(begun)}: what the chapters before it made is"
                " kept, and the same command goes on there."
            ) from None
        finally:
            os.environ.pop(READS, None)
            if outcomes:
                console.print(summary([outcomes[name] for name in sorted(outcomes)]))
    return [outcomes[name] for name in sorted(outcomes)]


def working_in(profile):
    """Hold a profile's folder against other runs: they would read each other's artefacts."""
    folder = project.work_dir() / profile.name
    return files.locked(folder, name=folder / "runs" / ".lock")


def import_from(root):
    """Let kernels started from here import the package of this checkout and no other."""
    paths = [str(root), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, paths)))


def _outcomes(root, jobs, profile, console, workers):
    """Yield jobs with their outcomes: each as "failed" when it begins, and again when it ends."""

    def begin(job):
        minutes = records.remembered_minutes(job, profile)
        if minutes is not None:
            return job, Outcome(job.name, minutes, "unchanged"), True
        if not job.wanted:
            console.print(f"{job.name}: needed, and not up to date", highlight=False)
        return None

    if workers == 1 or not can_share(jobs):
        events = _one_by_one(root, jobs, profile, begin, console.is_terminal)
    else:
        work = functools.partial(execute_anew, root, profile)
        events = work_side_by_side(processes(workers), work, jobs, workers, begin)
    for job, result in events:
        if result is None:
            yield job, Outcome(job.name, 0.0, "failed")
            continue
        job, outcome, lasting = result
        if outcome.result == "passed":
            console.print(f"{job.name}: passed in {outcome.minutes:.1f} min", highlight=False)
        if not lasting:
            console.print(
                f"{job.name}: something that it depends on was changed meanwhile, so the next run"
                " executes it again",
                highlight=False,
                soft_wrap=True,
            )
        yield job, outcome


def _one_by_one(root, jobs, profile, begin, progress):
    for job in jobs:
        yield job, None
        yield job, begin(job) or execute_anew(root, profile, job, progress)


def execute_anew(root, profile, job, progress=False):
    """Execute a notebook, hold it to its checks and remember that it passed.

    Parameters
    ----------
    root : pathlib.Path
    profile : course_utils.profiles.Profile
    job : Job
    progress : bool
        Show a bar that counts cells.

    Returns
    -------
    (Job, Outcome, bool)
        The job as it was executed, how it ended, and whether nothing that it depends on was changed
        meanwhile, so that the run counts.

    Raises
    ------
    CourseError
        When a cell fails or a check refuses an answer.
    """
    job = make_again(root, job, profile)  # it may have waited for the ones before it
    os.environ[READS] = str(records.forget(job, profile))
    started = time.perf_counter()
    executed = execute(job, profile, progress)
    minutes = (time.perf_counter() - started) / 60
    require_whole(job, executed)
    records.require_own_package(job, profile, root)
    if job.name.endswith(".spliced"):
        require_passed(job, executed)
    lasting = make_again(root, job, profile).fingerprint == job.fingerprint
    if lasting:
        records.remember(job, profile, minutes)
    return job, Outcome(job.name, minutes, "passed"), lasting


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
