"""What the tests of the chapters' checks share: the exercise cells of a chapter and of its worked
answers, and how verdicts are compared.
"""

import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from course_utils.notebook.scripts import read_script

ROOT = Path(__file__).resolve().parent.parent
TAG = re.compile(r'^# %%.*\btags=.*"(exercise-\d+-\d+)"', re.MULTILINE)


class Exercises(NamedTuple):
    """What the tests in `every_exercise` need to know of a chapter.

    `known` holds the names that the chapter defines before its exercises, `values` the tags of
    exercises whose answer is a value and no function, `no_answers` what is tried besides the usual.
    """

    slug: str
    checks: ModuleType
    known: dict
    values: tuple = ()
    no_answers: tuple = ()

    @property
    def tags(self):
        """The tags of the chapter's exercises, from the heads of its cells alone: every process
        that collects tests asks for them.
        """
        script = (ROOT / "chapters" / f"{self.slug}.py").read_text(encoding="utf-8")
        return TAG.findall(script)

    def check(self, tag):
        """Return the check of an exercise, "exercise-N-K"."""
        return getattr(self.checks, f"check_{tag.split('-')[-1]}")

    def worked(self, tag):
        """Return the worked answer."""
        return answer_in(exercise_cells("solutions", self.slug)[tag], **self.known)

    def stub(self, tag):
        """Return what the chapter's cell defines as shipped."""
        return answer_in(exercise_cells("chapters", self.slug)[tag], **self.known)


@cache
def exercise_cells(folder, slug):
    """Return the source of each exercise cell by its tag; `folder` is "chapters" or "solutions"."""
    cells = read_script(ROOT / folder / f"{slug}.py").cells
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


def accept_all(check, answers):
    """Require that every answer passes."""
    verdicts = [check(answer) for answer in answers]
    assert {verdict.state for verdict in verdicts} == {"passed"}, list(map(str, verdicts))


def refuse_all(check, answers, different=True):
    """Require that every answer is refused, by default each with a hint of its own; return the
    hints.
    """
    verdicts = {name: check(answer) for name, answer in answers.items()}
    passed = [name for name, verdict in verdicts.items() if verdict.state != "not yet"]
    assert not passed, f"not refused: {passed}"
    hints = {name: verdict.hint for name, verdict in verdicts.items()}
    assert not different or len(set(hints.values())) == len(hints), hints
    return hints


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
