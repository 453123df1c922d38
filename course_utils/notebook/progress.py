"""Which exercises a reader has passed.

Kept in `work/progress.json` on this machine, and nowhere else.

A check that runs in a reader's own notebook is recorded. A notebook that is
executed by a program (papermill, nbval, `course run`) is not a reader's, and
a worked answer is not a reader's answer.
"""

import html
import json
import os
import re
import sys
from pathlib import Path

from course_utils import files, project
from course_utils.errors import CourseError

MARKS = {"passed": "✔", "not yet": "✘", "not attempted": "○"}
RANK = {"not attempted": 0, "not yet": 1, "passed": 2}  # what was passed once stays passed
EXERCISE = re.compile(r'^# %%.*"exercise-(\d+-\d+)"', re.MULTILINE)


def readers_notebook():
    """Return the path of the notebook that a reader has open here, or None.

    JupyterLab's server tells a kernel which notebook it was started for
    (`JPY_SESSION_NAME`, set by jupyter_server), and so does Visual Studio Code
    (`__vsc_ipynb_file__`). Programs that execute notebooks start their kernels
    without a server, and `course` takes the name away from those that it starts.

    Returns
    -------
    pathlib.Path or None
    """
    if "IPython" not in sys.modules:
        return None
    shell = sys.modules["IPython"].get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    name = shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    return Path(name) if name else None


def record_path():
    """Return where the record is kept."""
    return project.work_dir() / "progress.json"


def exercises(root):
    """Return the numbers of the exercises of each chapter.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.

    Returns
    -------
    dict of str to list of str
        "NN_slug" and "N-K", in order.
    """
    return {
        path.stem: EXERCISE.findall(path.read_text(encoding="utf-8"))
        for path in sorted((root / "chapters").glob("[0-9][0-9]_*.py"))
    }


def read(path=None):
    """Return the state of every exercise that was attempted: "N-K" and "passed" or "not yet".

    Parameters
    ----------
    path : pathlib.Path, optional
        Another record than this machine's.

    Raises
    ------
    CourseError
        When the record can't be read.
    """
    path = path or record_path()
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {str(exercise): state for exercise, state in record.items() if state in RANK}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise CourseError(
            f"{path} can't be read as a record of progress ({error}): `course progress"
            " --reset` begins a new one."
        ) from error


def write(record):
    """Write the record, whole or not at all; `record` is as `read` returns it."""
    files.write_text(record_path(), json.dumps(dict(sorted(record.items())), indent=1) + "\n")


def note(exercise, state):
    """Record what a check said, when a reader asked it; does nothing otherwise.

    Parameters
    ----------
    exercise : str
        "N-K".
    state : str
        A verdict's state. What was passed stays passed.
    """
    notebook = readers_notebook()
    if notebook is None or notebook.parent.name == "solutions" or state == "not attempted":
        return
    try:
        # two notebooks may be open: neither loses what the other one writes
        with files.locked(record_path(), waiting=lambda sentence: None):
            record = read()
            if RANK[state] > RANK[record.get(exercise, "not attempted")]:
                record[exercise] = state
                write(record)
    except (CourseError, OSError):
        # the reader asked for a verdict on the answer; `progress()` and `course progress` say what
        # is wrong with the record
        pass


def reset():
    """Forget everything; returns whether there was anything."""
    there = record_path().exists()
    record_path().unlink(missing_ok=True)
    return there


class Progress:
    """The state of all exercises, to be shown in a notebook or in a terminal.

    Parameters
    ----------
    chapters : dict of str to list of str
        As `exercises` returns them.
    record : dict of str to str
        As `read` returns it.
    """

    def __init__(self, chapters, record):
        self.chapters = {
            name: {exercise: record.get(exercise, "not attempted") for exercise in numbers}
            for name, numbers in chapters.items()
        }

    def __str__(self):
        states = [state for listed in self.chapters.values() for state in listed.values()]
        return (
            f"{states.count('passed')} of {len(states)} exercises passed, {states.count('not yet')}"
            " not yet."
        )

    def __repr__(self):
        lines = [
            f"{name:20} "
            + "  ".join(f"{exercise} {MARKS[state]} {state}" for exercise, state in listed.items())
            for name, listed in self.chapters.items()
        ]
        return "\n".join([*lines, str(self)])

    def _repr_html_(self):
        longest = max(map(len, self.chapters.values()), default=0)
        head = "".join(
            f'<th scope="col">exercise {number}</th>' for number in range(1, longest + 1)
        )
        rows = "".join(
            f'<tr><th scope="row" style="text-align: left">{html.escape(name)}</th>'
            + "".join(
                f'<td style="text-align: left">{MARKS[state]} {state}</td>'
                for state in listed.values()
            )
            + "<td></td>" * (longest - len(listed))
            + "</tr>"
            for name, listed in self.chapters.items()
        )
        return (
            f'<table><caption style="text-align: left">{self}</caption><thead><tr><th'
            f' scope="col">chapter</th>{head}</tr></thead><tbody>{rows}</tbody></table>'
        )


def progress():
    """Return the exercises of all chapters with what the checks have said of your answers.

    Returns
    -------
    Progress
        Where no reader has the notebook open (a run of the whole course, the web site), nothing is
        attempted.

    Raises
    ------
    CourseError
        As `read`.
    """
    return Progress(exercises(project.root()), read() if readers_notebook() else {})
