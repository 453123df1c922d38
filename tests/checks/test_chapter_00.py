"""Chapter 00: its checks accept right answers and refuse wrong ones, and its map and minutes are
true.
"""

import math
from fractions import Fraction
from pathlib import Path

import jupytext
import numpy as np
import pytest

from course_utils.checks import chapter_00
from course_utils.profiles import SEED

ROOT = Path(__file__).resolve().parents[2]


def cells_by_tag(path):
    return {
        tag: cell.source
        for cell in jupytext.read(path).cells
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("exercise-")
    }


def define(source):
    """Execute an exercise cell and return the function that it defines."""
    space = {"np": np, "math": math}
    exec(source, space)
    return next(
        value
        for name, value in space.items()
        if callable(value)
        and getattr(value, "__module__", "x") not in ("numpy", "math")
        and name not in ("np", "math", "__builtins__")
    )


SOLUTIONS = cells_by_tag(ROOT / "solutions" / "00_welcome.py")
STUBS = cells_by_tag(ROOT / "chapters" / "00_welcome.py")
CHECKS = {
    "exercise-0-1": chapter_00.check_1,
    "exercise-0-2": chapter_00.check_2,
    "exercise-0-3": chapter_00.check_3,
}
PLOT = "exercise-0-4"


def test_chapter_and_solutions_hold_the_same_exercises():
    assert set(STUBS) == set(SOLUTIONS) == {*CHECKS, PLOT}


@pytest.mark.parametrize("tag", CHECKS)
def test_the_worked_answer_passes(tag):
    assert CHECKS[tag](define(SOLUTIONS[tag])).state == "passed"


@pytest.mark.parametrize("tag", CHECKS)
def test_the_stub_is_not_attempted(tag):
    assert CHECKS[tag](define(STUBS[tag])).state == "not attempted"
    assert CHECKS[tag](None).state == "not attempted"


@pytest.mark.parametrize("tag", CHECKS)
def test_what_is_no_answer_gets_a_hint(tag):
    def stops(one, two):
        return undefined_name  # noqa: F821

    def forgets_return(one, two):
        one == two  # noqa: B015

    def asks_for_more(one, two, three):
        return 1

    check = CHECKS[tag]
    hints = [
        check(answer).hint
        for answer in (
            stops,
            forgets_return,
            asks_for_more,
            42,
            lambda one, two: "many",
            lambda one, two: one,
        )
    ]
    assert all(
        check(answer).state == "not yet"
        for answer in (stops, forgets_return, asks_for_more, 42, lambda one, two: "many")
    )
    assert "NameError" in hints[0] and "return" in hints[1] and "TypeError" in hints[2]
    assert len(set(hints)) == len(hints)


RIGHT = {
    "exercise-0-1": [
        lambda p, t: (p >= t).sum(),
        lambda p, t: len(p[p >= t]),
        lambda p, t: sum(1 for value in p if value >= t),
        lambda p, t: float(np.count_nonzero(~(p < t))),
        lambda p, t: np.array((p >= t).sum()),
    ],
    "exercise-0-2": [
        lambda a, b: Fraction(
            chapter_00._shared(a, b),
            chapter_00._area(a) + chapter_00._area(b) - chapter_00._shared(a, b),
        ),
        lambda a, b: np.float32(chapter_00._iou(a, b)),
        lambda a, b: pixels(a, b),
    ],
    "exercise-0-3": [
        lambda p, r: -int(-(1.96**2) * p * (1 - p) / r**2 // 1),
        lambda p, r: float(np.ceil((1.959963984540054 / r) ** 2 * p * (1 - p))),
        lambda p, r: next(n for n in range(1, 100_000) if 1.96 * math.sqrt(p * (1 - p) / n) <= r),
    ],
}


def pixels(one, two):
    """Count pixels: slow and right."""
    first, second = np.zeros((2, 200, 200), bool)
    first[one.y_min : one.y_max, one.x_min : one.x_max] = True
    second[two.y_min : two.y_max, two.x_min : two.x_max] = True
    return (first & second).sum() / (first | second).sum()


@pytest.mark.parametrize(
    ("tag", "answer"), [(tag, answer) for tag, answers in RIGHT.items() for answer in answers]
)
def test_other_right_answers_pass(tag, answer):
    assert CHECKS[tag](answer).state == "passed"


def iou_only_sideways_clamped(a, b):
    across = max(min(a.x_max, b.x_max) - max(a.x_min, b.x_min), 0)
    down = min(a.y_max, b.y_max) - max(a.y_min, b.y_min)
    return across * down / (a.width * a.height + b.width * b.height - across * down)


def iou_width_for_height(a, b):
    shared = chapter_00._shared(a, b)
    return shared / (a.width * a.width + b.height * b.height - shared)


WRONG = {
    "exercise-0-1": [
        lambda p, t: int((p > t).sum()),
        lambda p, t: int((p < t).sum()),
        lambda p, t: int((p >= 0.5).sum()),
        lambda p, t: float((p >= t).mean()) if len(p) else 0,
        lambda p, t: p[p >= t].sum(),
        lambda p, t: p >= t,
        lambda p, t: len(p),
        lambda p, t: int((p >= t).mean() * len(p)),
        lambda p, t: 3,
        lambda p, t: int((p >= t).sum()) if len(p) else None,
    ],
    "exercise-0-2": [
        chapter_00._iou_unclamped,
        chapter_00._iou_inclusive,
        chapter_00._iou_abs,
        chapter_00._iou_frame,
        lambda a, b: chapter_00._shared(a, b) / (a.width * a.height + b.width * b.height),
        lambda a, b: chapter_00._shared(a, b) / (a.width * a.height),
        lambda a, b: chapter_00._shared(a, b),
        lambda a, b: chapter_00._iou(a, b) * 100,
        lambda a, b: round(chapter_00._iou(a, b), 2),
        lambda a, b: 0.5,
        lambda a, b: float(chapter_00._iou(a, b) > 0.5),
        iou_width_for_height,
    ],
    "exercise-0-3": [
        lambda p, r: 1.96**2 * p * (1 - p) / r**2,
        lambda p, r: math.floor(1.96**2 * p * (1 - p) / r**2),
        lambda p, r: math.ceil(1.96 * math.sqrt(p * (1 - p)) / r),
        lambda p, r: math.ceil(1.96**2 * 0.25 / r**2),
        lambda p, r: math.ceil(4 * p * (1 - p) / r**2),
        lambda p, r: math.ceil(p * (1 - p) / r**2),
        lambda p, r: math.ceil(4 * 1.96**2 * p * (1 - p) / r**2),
        lambda p, r: math.ceil(1.96**2 * p / r**2),
        lambda p, r: 4057,
        lambda p, r: math.ceil(1.96**2 * p * (1 - p) / r**2) + 1,
    ],
}


@pytest.mark.parametrize("tag", WRONG)
def test_wrong_answers_get_different_hints(tag):
    verdicts = [CHECKS[tag](answer) for answer in WRONG[tag]]
    assert [verdict.state for verdict in verdicts] == ["not yet"] * len(verdicts)
    assert len({verdict.hint for verdict in verdicts}) == len(verdicts)


def test_a_function_that_clamps_one_side_only_is_refused():
    assert chapter_00.check_2(iou_only_sideways_clamped).state == "not yet"


@pytest.mark.parametrize("cases", ["COUNTS", "PAIRS", "TESTS"])
def test_every_known_mistake_gives_another_answer(cases):
    truth, mistakes = {
        "COUNTS": (chapter_00._count, chapter_00.COUNT_MISTAKES),
        "PAIRS": (chapter_00._iou, chapter_00.IOU_MISTAKES),
        "TESTS": (chapter_00._needed, chapter_00.NEEDED_MISTAKES),
    }[cases]
    for mistake, hint in mistakes:
        assert any(
            not math.isclose(mistake(*arguments), truth(*arguments), abs_tol=1e-9)
            for _, arguments in getattr(chapter_00, cases)
        ), hint
    hints = [hint for _, hint in mistakes]
    assert len(set(hints)) == len(hints)


@pytest.mark.parametrize("deviations", [1.96, 1.959963984540054])
def test_both_spellings_of_the_factor_give_the_expected_whole_numbers(deviations):
    for _, (accuracy, reach) in chapter_00.TESTS:
        assert math.ceil(chapter_00._exact(accuracy, reach, deviations)) == chapter_00._needed(
            accuracy, reach
        )


def surprising_in(source):
    space = {}
    exec(source, space)
    return space["surprising"]


def test_the_plot_is_read_as_shipped_and_as_solved():
    assert chapter_00.check_4(surprising_in(STUBS[PLOT])).state == "not attempted"
    assert chapter_00.check_4(surprising_in(SOLUTIONS[PLOT])).state == "passed"


@pytest.mark.parametrize(
    "answer",
    [
        (0.91, 0.84),
        {0.84, 0.91},
        np.array([0.84, 0.91]),
        "0.84 and 0.91",
        "0,84; 0,91",
        ["0.84", "0.91"],
        [84, 91],
        "84 %, 91 %",
    ],
)
def test_surprising_numbers_may_be_written_in_any_way(answer):
    assert chapter_00.check_4(answer).state == "passed"


def test_each_mistake_in_reading_the_plot_has_its_hint():
    verdicts = [
        chapter_00.check_4(answer)
        for answer in (
            [0.84, 0.87, 0.89, 0.91],
            [0.87, 0.89],
            [0.84, 0.89],
            [0.91],
            [0.5],
            "none",
            [],
        )
    ]
    assert {verdict.state for verdict in verdicts} == {"not yet"}
    assert len({verdict.hint for verdict in verdicts[:5]}) == 5


@pytest.mark.parametrize("answer", [42, object(), lambda: 1, True, float("nan"), [None], {"a": 1}])
def test_what_is_no_answer_to_the_plot_gets_a_hint(answer):
    assert (
        chapter_00.check_4(answer).state == "not yet"
        and "four numbers" in chapter_00.check_4(answer).hint
    )


def test_the_span_of_the_plot_holds_two_of_the_four():
    low, high = np.percentile(
        np.random.default_rng(SEED).binomial(813, 0.88, size=10_000) / 813, [2.5, 97.5]
    )
    assert [low < value < high for value in chapter_00.REPORTED] == [False, True, True, False]


def test_a_check_leaves_the_inputs_alone():
    def sorts(probabilities, threshold):
        probabilities[:] = 1
        return int((probabilities >= threshold).sum())

    before = [arguments[0].copy() for _, arguments in chapter_00.COUNTS]
    assert chapter_00.check_1(sorts).state == "not yet"
    assert all(
        np.array_equal(old, arguments[0])
        for old, (_, arguments) in zip(before, chapter_00.COUNTS, strict=True)
    )


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (None, "not attempted"),
        (4096, "not yet"),
        (12288, "passed"),
        (12289, "not yet"),
        ("x", "not yet"),
    ],
)
def test_the_demonstration_shows_all_verdicts(answer, state):
    assert chapter_00.check_demonstration(answer).state == state
