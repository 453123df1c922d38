"""Try the answers of a class: each in a process and a folder of its own, side by side.

`grade` makes a job of each answer: the statements of a fresh chapter that the answer and its check
need, the answer, the check. For each chapter a process of its own tries its jobs: see `trials`.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from course_utils import project
from course_utils.command import notebooks, slices, submissions
from course_utils.errors import CourseError

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


@dataclass(frozen=True)
class Row:
    """What was found of one exercise.

    Attributes
    ----------
    student, exercise : str
        "anna" and "2-1"; of an open task "2-open".
    state : str
        "passed", "not yet", "not attempted" or "to read".
    hint : str
    """

    student: str
    exercise: str
    state: str
    hint: str = ""


@dataclass(frozen=True)
class Limits:
    """What one answer may use.

    Attributes
    ----------
    seconds : float
        Of the processor; five times as many by the clock, since others may use the machine.
    memory : int
        Bytes beyond what Python and its libraries take.
    """

    seconds: float = 10
    memory: int = 2 << 30


def grade(root, folder, limits=None, workers=None, told=None):
    """Grade every notebook below a folder.

    Parameters
    ----------
    root : pathlib.Path
        The course, whose chapters and checks count.
    folder : path-like
        The collected notebooks.
    limits : Limits, optional
    workers : int, optional
        Answers at a time; as many as there are cores by default.
    told : callable, optional
        Called with (number, of how many) when an answer is done.

    Returns
    -------
    list of Row
        By student, in the order of the chapters.

    Raises
    ------
    CourseError
        When there is nothing to grade.
    """
    chapters = {pair.name: pair for pair in notebooks.find_pairs(root)}
    fresh = {name: notebooks.read_source(pair).cells for name, pair in chapters.items()}
    rows, jobs = [], {}
    for handed_in in submissions.collect(folder, list(chapters)):
        if handed_in.problem or not handed_in.chapter:
            problem = handed_in.problem or "nothing tells which chapter it is"
            rows += _unread(handed_in, fresh, f"{handed_in.path.name} is not graded: {problem}.")
            continue
        done, to_try = prepare(handed_in, fresh[handed_in.chapter])
        rows += done
        jobs.setdefault(handed_in.chapter, []).extend(to_try)
    total, count = sum(map(len, jobs.values())), 0
    for chapter in sorted(jobs):
        for row in _try_chapter(root, jobs[chapter], limits or Limits(), workers):
            rows.append(row)
            count += 1
            if told:
                told(count, total)
    return sorted(rows, key=lambda row: (row.student, [*map(_as_number, row.exercise.split("-"))]))


def _as_number(part):
    return int(part) if part.isdigit() else 1000


def _unread(handed_in, fresh, sentence):
    exercises = submissions.answers(fresh.get(handed_in.chapter, ()))
    numbers = [tag.removeprefix("exercise-") for tag in exercises] or [""]
    return [Row(handed_in.student, number, "not attempted", sentence) for number in numbers]


def prepare(handed_in, shipped):
    """Sort out what needs no trial, and make a job of each answer that does.

    Parameters
    ----------
    handed_in : submissions.Submission
    shipped : list of NotebookNode
        The chapter's cells as they were handed out.

    Returns
    -------
    rows : list of Row
    jobs : list of dict
        student, exercise, before (statements), answer, check.
    """
    rows, jobs, before = [], [], []
    given, stubs = submissions.answers(handed_in.cells), submissions.answers(shipped)
    known = {cell.source.strip() for cell in shipped}
    extras = [
        cell.source
        for cell in handed_in.cells
        if cell.cell_type == "code" and cell.source.strip() not in {*known, *given.values()}
    ]
    waiting = None
    for cell in (cell for cell in shipped if cell.cell_type == "code"):
        tag = next((tag for tag in notebooks.tags(cell) if tag.startswith("exercise-")), None)
        if tag:
            waiting = tag
            before += _parsed(given.get(tag, cell.source), tag)
            continue
        check = slices.statements(cell.source)
        if waiting and submissions.CHECK.search(cell.source):
            number, answer = waiting.removeprefix("exercise-"), given.get(waiting)
            if answer is None:
                sentence = "The notebook has no cell for it any more."
                rows.append(Row(handed_in.student, number, "not attempted", sentence))
            elif answer.strip() in (stubs[waiting].strip(), ""):
                rows.append(Row(handed_in.student, number, "not attempted"))
            else:
                others = [statement for statement in before if statement.tag != waiting]
                needs = _needs(others, [*check, *_parsed(answer, waiting)], extras)
                jobs.append(
                    {
                        "student": handed_in.student,
                        "exercise": number,
                        "before": [[statement.source, statement.tag] for statement in needs],
                        "answer": answer,
                        "check": cell.source,
                    }
                )
            waiting = None
        before += check
    written = submissions.below_open_task(handed_in.cells, shipped)
    if written is not None:
        number = f"{int(handed_in.chapter[:2])}-open"
        state = "to read" if written else "not attempted"
        hint = f"{written} cells below the task." if written else ""
        rows.append(Row(handed_in.student, number, state, hint))
    return rows, jobs


def _parsed(source, tag):
    """Return the statements of an answer; of one that can't be parsed, none."""
    try:
        return slices.statements(source, tag)
    except SyntaxError:
        return []


def _needs(before, wanted_by, extras):
    """Return what an answer needs: of the chapter, then of the student's own other cells."""
    kept, missing = slices.needed(before, *wanted_by)
    missing -= {name for statement in wanted_by for name in statement.given}
    if not missing:
        return kept
    own = [statement for source in extras for statement in _parsed(source, "own")]
    helpers, _ = slices.needed(own, *(one for one in wanted_by if one.wanted & missing))
    kept, _ = slices.needed(before, *wanted_by, *helpers)
    return kept + helpers


def _try_chapter(root, jobs, limits, workers):
    """Let a process of its own try the jobs of a chapter; yield a row for each."""
    with tempfile.TemporaryDirectory(prefix="course-grade-", ignore_cleanup_errors=True) as place:
        order = {
            "place": place,
            "root": str(root),
            "work": str(project.work_dir()),
            "limits": asdict(limits),
            "workers": workers or cores(),
            "jobs": jobs,
        }
        environment = {
            key: value for key, value in os.environ.items() if key != "JPY_SESSION_NAME"
        } | {
            **ONE_THREAD,
            "COURSE_ROOT": str(root),
            "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]),
            "PYTHONUTF8": "1",
            "MPLBACKEND": "agg",
            "TQDM_DISABLE": "1",
            "IPYTHONDIR": place,
        }
        with (
            open(Path(place) / "errors.txt", "w+", encoding="utf-8") as errors,
            subprocess.Popen(
                [sys.executable, "-m", "course_utils.command.trials"],
                cwd=place,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
            ) as server,
        ):
            try:
                server.stdin.write(json.dumps(order))
                server.stdin.close()
                count = 0
                for line in server.stdout:
                    yield Row(**json.loads(line))
                    count += 1
            finally:
                server.terminate()
            errors.seek(0)
            problem = (errors.read().strip() or "no reason given").splitlines()[-1]
        if count < len(jobs):
            raise CourseError(f"The answers could not be tried ({problem}): run `course doctor`.")


def cores():
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
