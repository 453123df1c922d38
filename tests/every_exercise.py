"""What every exercise of every chapter is held to. The tests of a chapter's checks import these and
say in `EXERCISES` what they run on.
"""

__all__ = [
    "pytest_generate_tests",
    "test_chapter_and_solutions_hold_the_same_exercises",
    "test_the_stub_is_not_attempted",
    "test_the_worked_answer_passes",
    "test_what_is_no_answer_gets_a_hint",
]

import numpy as np
import pandas as pd
from exercises import exercise_cells


def pytest_generate_tests(metafunc):
    """Run a test that takes `exercise` or `written` once an exercise; `written` leaves out those
    whose answer is a value.
    """
    exercises = metafunc.module.EXERCISES
    if "exercise" in metafunc.fixturenames:
        metafunc.parametrize("exercise", exercises.tags)
    if "written" in metafunc.fixturenames:
        metafunc.parametrize(
            "written", [tag for tag in exercises.tags if tag not in exercises.values]
        )


def test_chapter_and_solutions_hold_the_same_exercises(request):
    exercises = request.module.EXERCISES
    assert exercises.tags == list(exercise_cells("chapters", exercises.slug))
    assert exercises.tags and set(exercises.tags) == set(
        exercise_cells("solutions", exercises.slug)
    )


def test_the_worked_answer_passes(request, exercise):
    exercises = request.module.EXERCISES
    verdict = exercises.check(exercise)(exercises.worked(exercise))
    assert verdict.state == "passed", verdict
    assert verdict.exercise == exercise.removeprefix("exercise-")


def test_the_stub_is_not_attempted(request, exercise):
    exercises = request.module.EXERCISES
    check = exercises.check(exercise)
    assert check(exercises.stub(exercise)).state == "not attempted"
    assert check(None).state == "not attempted"


def test_what_is_no_answer_gets_a_hint(request, written):
    def stops(*arguments):
        return undefined_name  # noqa: F821

    def forgets_return(*arguments):
        len(arguments)

    def asks_for_too_much(a, b, c, d, e, f, g, h):
        return 1

    check = request.module.EXERCISES.check(written)
    assert "NameError" in check(stops).hint
    assert "return" in check(forgets_return).hint.lower()
    assert "TypeError" in check(asks_for_too_much).hint
    answers = (
        42,
        lambda *arguments: "many",
        lambda *arguments: [1, 2, 3],
        lambda *arguments: object(),
        lambda *arguments: float("nan"),
        lambda *arguments: {},
        lambda *arguments: np.zeros((2, 2)),
        lambda *arguments: np.array(["a", "b"]),
        lambda *arguments: pd.DataFrame({"a": [1, 2]}),
        lambda *arguments: [[1, 2], [3]],
        lambda *arguments: 10**400,
        *request.module.EXERCISES.no_answers,
    )
    verdicts = [check(answer) for answer in (stops, forgets_return, asks_for_too_much, *answers)]
    assert {verdict.state for verdict in verdicts} == {"not yet"}, list(map(str, verdicts))
    assert all(verdict.hint for verdict in verdicts)
