"""Chapter 00: its checks accept right answers and refuse wrong ones."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from every_exercise import *
from exercises import Exercises, accept_all, refuse_all

from course_utils.checks import chapter_00
from course_utils.command import notebooks

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = Exercises("00_welcome", chapter_00, known={"np": np})


RIGHT = {
    "exercise-0-1": [
        lambda m, b, fm, fb: 1 / (1 + b * fm / (m * fb)) if m else 0,
        lambda m, b, fm, fb: np.float32(m / fm / (m / fm + b / fb)),
        lambda m, b, fm, fb: m * fb / (m * fb + b * fm),
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
    "exercise-0-4": [
        lambda w, m, b: 1 - (1 - w) * b / (w * m + (1 - w) * b),
        lambda w, m, b: np.array(w * m / (w * m + (1 - w) * b)),
        lambda w, m, b: 1000 * w * m / (1000 * w * m + 1000 * (1 - w) * b),
    ],
}


def pixels(one, two):
    """Count pixels: slow and right."""
    first, second = np.zeros((2, 200, 200), bool)
    first[one.y_min : one.y_max, one.x_min : one.x_max] = True
    second[two.y_min : two.y_max, two.x_min : two.x_max] = True
    return (first & second).sum() / (first | second).sum()


@pytest.mark.parametrize("tag", RIGHT)
def test_other_right_answers_pass(tag):
    accept_all(EXERCISES.check(tag), RIGHT[tag])


def iou_only_sideways_clamped(a, b):
    across = max(min(a.x_max, b.x_max) - max(a.x_min, b.x_min), 0)
    down = min(a.y_max, b.y_max) - max(a.y_min, b.y_min)
    return across * down / (a.width * a.height + b.width * b.height - across * down)


def iou_width_for_height(a, b):
    shared = chapter_00._shared(a, b)
    return shared / (a.width * a.width + b.height * b.height - shared)


WRONG = {
    "exercise-0-1": [
        *(mistake for mistake, _ in chapter_00.SHARE_MISTAKES),
        lambda m, b, fm, fb: 0.5,
        lambda m, b, fm, fb: (m / fm, b / fb),
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
    "exercise-0-4": [
        *(mistake for mistake, _ in chapter_00.ALARM_MISTAKES),
        lambda w, m, b: 0.66,
        lambda w, m, b: "66 %",
    ],
}


@pytest.mark.parametrize("tag", WRONG)
def test_wrong_answers_get_different_hints(tag):
    refuse_all(EXERCISES.check(tag), dict(enumerate(WRONG[tag])))


def test_a_function_that_clamps_one_side_only_is_refused():
    assert chapter_00.check_2(iou_only_sideways_clamped).state == "not yet"


@pytest.mark.parametrize("cases", ["FOUND", "PAIRS", "TESTS", "ENTRANCES"])
def test_every_known_mistake_gives_another_answer(cases):
    truth, mistakes = {
        "FOUND": (chapter_00._share, chapter_00.SHARE_MISTAKES),
        "ENTRANCES": (chapter_00._false_alarms, chapter_00.ALARM_MISTAKES),
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


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (None, "not attempted"),
        (16384, "not yet"),
        (49152, "passed"),
        (12289, "not yet"),
        ("x", "not yet"),
    ],
)
def test_the_demonstration_shows_all_verdicts(answer, state):
    assert chapter_00.check_demonstration(answer).state == state


def test_what_the_exercises_call_above_stands_above():
    """0-1 and 0-4 take their shares from what the chapter printed."""
    (pair,) = (pair for pair in notebooks.find_pairs(ROOT) if pair.number == "00")
    cells = notebooks.read_notebook(pair.notebook).cells
    printed = " ".join(
        output.text
        for cell in cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream"
    )
    shares, threshold = chapter_00.FOUND[0][1][2:], chapter_00.ENTRANCES[0][1][1:]
    for share in shares:
        assert f"In {share:.0%} of" in printed
    assert (
        f"Threshold 0.8: of the faces without a mask {1 - threshold[1]:.0%} pass, of those with"
        f" one {threshold[0]:.0%} are stopped." in printed
    )
