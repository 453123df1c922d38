"""The contract that the tests of a chapter's exercises are held to."""

from exercises import lacking

from course_utils.checks import Verdict


def verdicts(*hints, states=("passed", "not attempted"), test="test_each_mistake"):
    return [("test_x", Verdict("1-1", state)) for state in states] + [
        (test, Verdict("1-1", "not yet", hint)) for hint in hints
    ]


def test_three_mistakes_with_three_hints_are_enough():
    assert lacking(["exercise-1-1"], verdicts("a", "b", "c")) == []


def test_what_is_missing_is_named():
    assert lacking(["exercise-1-1"], verdicts("a", "b", "b")) == [
        "exercise-1-1: wrong answers get 2 different hints, not three"
    ]
    assert lacking(
        ["exercise-1-1"], verdicts("a", "b", "c", test="test_what_is_no_answer_gets_a_hint")
    )
    assert lacking(["exercise-1-1"], verdicts("a", "b", "c", states=["passed"])) == [
        "exercise-1-1: no test gets the verdict 'not attempted'"
    ]
    assert len(lacking(["exercise-1-1", "exercise-1-2"], verdicts("a", "b", "c"))) == 3
