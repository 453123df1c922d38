"""Measure `course grade` on a made-up class, and hold its table to what is known of it.

    python benchmarks/grading.py --students 60

Every student hands in all chapters. Of twelve, five are right everywhere and one hands in what was
shipped; each of the others spoils one answer a chapter: it is wrong, is no Python, names what is
not there, never ends, eats the memory, or removes the collected notebooks and a folder beside them.
The table must say so, and every file, the course's own included, must still be as it was. Seconds
are of the processor, all processes together; on a machine that does nothing else the clock shows
them divided by the cores.
"""

import argparse
import ast
import copy
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from course_utils.command import grading  # noqa: E402

SPOILT = {
    "wrong": ("return 0.5", ""),
    "syntax": ("return (", "SyntaxError"),
    "name": ("return undefined_name", "undefined_name"),
    "loop": ("while True:\n        pass", "never ends"),
    "memory": ("kept = []\n    while True:\n        kept.append(bytearray(10**8))", "memory"),
    "eater": ("return 0.5", ""),
}
"""Body of the answer, and what its hint must say."""

EATS = """\
import os, pathlib, shutil
for place in {places!r}:
    shutil.rmtree(place, ignore_errors=True)
    for path in pathlib.Path(place).rglob("*"):
        try:
            path.write_text("eaten")
        except OSError:
            pass
try:
    os.system("rm -rf " + " ".join({places!r}))
except OSError:
    pass
"""

CLASS = ("right", "wrong", "empty", "right", "syntax", "name", "right", "loop", "right")
CLASS += ("memory", "eater", "right")


def tagged(folder, slug):
    """Return the cells of a chapter, and the source of its exercise cells by tag."""
    notebook = jupytext.read(ROOT / folder / f"{slug}.py")
    return notebook, {
        tag: cell.source
        for cell in notebook.cells
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("exercise-")
    }


def functions(source):
    """List the names of the functions that an answer defines."""
    return [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]


def hand_in(folder, students, places):
    """Write the notebooks of a class.

    Returns
    -------
    dict
        (student, exercise) to (state, what the hint must hold).
    """
    expected = {}
    for source in sorted((ROOT / "chapters").glob("[0-9]*.py")):
        chapter, stubs = tagged("chapters", source.stem)
        _, worked = tagged("solutions", source.stem)
        spoilt = next(tag for tag in stubs if functions(worked[tag]))
        for number in range(students):
            kind = CLASS[number % len(CLASS)]
            student = f"student{number:02d}-{kind}"
            answers = dict(stubs if kind == "empty" else worked)
            for tag in stubs:
                state = "not attempted" if kind == "empty" else "passed"
                expected[student, tag.removeprefix("exercise-")] = state, ""
            if kind in SPOILT:
                body, hint = SPOILT[kind]
                head = EATS.format(places=places) if kind == "eater" else ""
                name = functions(worked[spoilt])[-1]
                answers[spoilt] = f"{head}def {name}(*given, **named):\n    {body}"
                expected[student, spoilt.removeprefix("exercise-")] = "not yet", hint
            write(chapter, answers, folder / student / f"{source.stem}.ipynb")
    return expected


def write(chapter, answers, path):
    """Write a student's notebook of a chapter."""
    notebook = copy.deepcopy(chapter)
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", []):
            cell.source = answers.get(tag, cell.source)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def state_of(folders):
    """Return one hash of the names, contents and times of all files below some folders."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in folders for path in Path(folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path} {path.stat().st_mtime_ns}".encode() + path.read_bytes())
    return digest.hexdigest()


def compare(rows, expected):
    """Return a sentence for each row that is missing or says something else than it must."""
    found = {(row["student"], row["exercise"]): row for row in rows}
    wrong = []
    for key, (state, hint) in expected.items():
        row = found.get(key)
        if row is None:
            wrong.append(f"{key}: no row")
        elif row["state"] != state or hint not in row["hint"]:
            wrong.append(f"{key}: {row['state']} ({row['hint'][:80]}), not {state} ({hint})")
    return wrong + [
        f"{key}: not expected" for key in found.keys() - expected.keys() if "open" not in key[1]
    ]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--workers", type=int, default=grading.cores())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as base:
        collected, precious = Path(base, "collected"), Path(base, "precious")
        precious.mkdir()
        (precious / "letter.txt").write_text("dear")
        # Nothing of the course itself: where nothing holds the answer back, this would lose it.
        places = [str(precious), str(collected)]
        expected = hand_in(collected, options.students, places)
        guarded = [
            base,
            *(ROOT / name for name in ("chapters", "course_utils", "data", "solutions")),
        ]
        before, started = state_of(guarded), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "course_utils.command.main", "grade", str(collected)]
            + ["--json", "--workers", str(options.workers)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            check=True,
        )
        clock, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        untouched = state_of(guarded) == before
    rows = json.loads(done.stdout)
    wrong = compare(rows, expected)
    show(rows, expected)
    seconds = used.ru_utime + used.ru_stime
    print(f"{options.students} students, {len(expected):,} exercises: {seconds:,.0f} s of the")
    print(f"processor, {clock:,.0f} s by the clock with {options.workers} answers at a time.")
    print(f"Rows that are not as they must be: {len(wrong)}. Files untouched: {untouched}.")
    print(*wrong[:20], sep="\n")
    return bool(wrong) or not untouched


def show(rows, expected):
    """Print how many rows of each kind of student got which state."""
    counts = Counter(
        (row["student"].partition("-")[2], row["state"])
        for row in rows
        if (row["student"], row["exercise"]) in expected
    )
    states = sorted({state for _, state in counts})
    table = Table("student", *states)
    for kind in sorted({kind for kind, _ in counts}):
        table.add_row(kind, *(f"{counts[kind, state]:,}" for state in states))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
