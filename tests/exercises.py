"""What the tests of the chapters' checks share: the exercise cells of a chapter or of its worked
answers.
"""

from pathlib import Path

import jupytext

ROOT = Path(__file__).resolve().parent.parent


def exercise_cells(folder, slug):
    """Return the source of each exercise cell by its tag; `folder` is "chapters" or "solutions"."""
    cells = jupytext.read(ROOT / folder / f"{slug}.py").cells
    return {
        tag: cell.source
        for cell in cells
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("exercise-")
    }


def answer_in(source, **known):
    """Execute an exercise cell where the names in `known` are defined, and return the one thing
    that it defines.
    """
    filled = dict(known)
    exec(source, filled)
    (answer,) = (
        value for name, value in filled.items() if name not in known and name != "__builtins__"
    )
    return answer


def lacking(tags, seen):
    """Say what a chapter's tests have not shown of its exercises.

    Parameters
    ----------
    tags : sequence of str
        "exercise-N-K".
    seen : list of (str, Verdict)
        Every verdict that the tests got, each with the name of the test.

    Returns
    -------
    list of str
        A sentence for each exercise that never passed, was never read as not attempted, or refused
        fewer than three wrong answers with hints of their own. What is no answer at all (an error,
        a text for a number) does not count as wrong answer.
    """
    found = []
    for tag in tags:
        verdicts = [
            (test, verdict)
            for test, verdict in seen
            if verdict.exercise == tag.removeprefix("exercise-")
        ]
        states = {verdict.state for _, verdict in verdicts}
        hints = {
            verdict.hint
            for test, verdict in verdicts
            if verdict.state == "not yet" and "test_what_is_no_answer" not in test
        }
        found += [
            f"{tag}: no test gets the verdict {state!r}"
            for state in ("passed", "not attempted")
            if state not in states
        ]
        found += (
            [f"{tag}: wrong answers get {len(hints)} different hints, not three"]
            if len(hints) < 3
            else []
        )
    return found
