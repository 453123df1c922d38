"""`course grade`: a folder of collected notebooks in, one table out."""

import csv
import io
import json
import sys
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from tqdm import tqdm

from course_utils import files, project

COLORS = {"passed": "green", "not yet": "red", "not attempted": "dim", "to read": "cyan"}


def grade(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="The collected notebooks, each in a folder of its student."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the table to this CSV file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    seconds: Annotated[
        float, typer.Option(min=1, help="Seconds of a core that one answer and its check may take.")
    ] = 10,
    memory: Annotated[
        float, typer.Option(min=0.1, help="Gigabytes of memory that one answer may take.")
    ] = 2,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Answers at a time; by default one a core.")
    ] = None,
):
    """Grade collected notebooks: who passed which exercise, and what the check says.

    Each answer runs in a folder of its own with what it needs of a fresh chapter. With `-o` the
    screen shows a line for each student.

    Example: `course grade collected -o grades.csv`
    """
    from course_utils.command import grading, sandbox

    root = project.root()
    console = Console(stderr=True)
    if output is not None:
        files.refuse_to_overwrite(output, ours=_is_ours)
    console.print(str(sandbox.offered()), highlight=False, soft_wrap=True)
    with tqdm(unit="answer", leave=False, file=sys.stderr, disable=None) as bar:

        def told(count, total):
            bar.total = total
            bar.update(count - bar.n)

        limits = grading.Limits(seconds, int(memory * 2**30))
        rows = grading.grade(root, folder, limits, workers, told)
    if output is not None:
        with files.explaining_disk_errors(output.parent):
            files.write_text(output, as_csv(rows))
        console.print(f"Written: {output}", highlight=False, soft_wrap=True)
        if not as_json:
            show_summary(rows, Console())
    if as_json:
        print(json.dumps([vars(row) for row in rows], indent=1, ensure_ascii=False))
    elif output is None:
        show(rows, Console())
    counts = [f"{sum(row.state == state for row in rows)} {state}" for state in COLORS]
    students = len({row.student for row in rows})
    console.print(f"{students} students: {', '.join(counts)}.", highlight=False)


HEAD = ("student", "exercise", "state", "hint")


def as_csv(rows):
    """Return the table as CSV.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEAD)
    for row in rows:
        values = [getattr(row, name) for name in HEAD]
        writer.writerow(
            [f"'{value}" if value[:1] in "=+-@\t\r" and value else value for value in values]
        )
    return stream.getvalue()


def _is_ours(path):
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.readline().strip() == ",".join(HEAD)


def show_summary(rows, console):
    """Print a line for each student, and which exercises the fewest passed."""
    table = Table("student", *COLORS)
    for student, theirs in groupby(rows, lambda row: row.student):
        states = [row.state for row in theirs]
        table.add_row(escape(student), *(str(states.count(state)) for state in COLORS))
    console.print(table)
    for exercise, passed, asked in hardest(rows):
        console.print(f"{exercise}: passed by {passed} of {asked}", highlight=False)


def hardest(rows, most=5):
    """Return the exercises that the fewest passed, and not all: name, how many passed, of how many.

    An open task, which a person reads, is none of them.
    """
    passed, asked = Counter(), Counter()
    for row in rows:
        if not row.exercise.endswith("-open"):
            asked[row.exercise] += 1
            passed[row.exercise] += row.state == "passed"
    lines = [(name, passed[name], asked[name]) for name in asked if passed[name] < asked[name]]
    return sorted(lines, key=lambda line: (line[1] / line[2], line[0]))[:most]


def show(rows, console):
    """Print the table."""
    table = Table(*HEAD)
    for row in rows:
        table.add_row(
            escape(row.student),
            row.exercise,
            f"[{COLORS[row.state]}]{row.state}[/]",
            escape(row.hint),
        )
    console.print(table)
