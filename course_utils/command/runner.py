"""Execute chapters with papermill, in order, and skip what nothing has changed."""

import functools
import os
import time
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from course_utils import files, project
from course_utils.command import notebooks, records
from course_utils.command.chapter_run import (
    execute,
    import_from,
    quiet_environment,
    require_passed,
    require_whole,
)
from course_utils.command.jobs import make_again, make_jobs
from course_utils.command.side_by_side import can_share, processes, work_side_by_side
from course_utils.errors import CourseError
from course_utils.notebook.artefacts import READS


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
