"""Chapter 02: its checks accept every right answer and refuse wrong ones, each mistake with a hint
of its own.
"""

import math

import numpy as np
import pandas as pd
import pytest
from every_exercise import *
from exercises import Exercises
from scipy import stats

from course_utils.checks import chapter_02

EXERCISES = Exercises("02_mask_synthesis", chapter_02, known={"np": np})


MISTAKES = {
    "exercise-2-1": chapter_02.ROLL_MISTAKES,
    "exercise-2-2": chapter_02.MOVE_MISTAKES,
    "exercise-2-3": chapter_02.WEARING_MISTAKES,
    "exercise-2-4": chapter_02.LOSS_MISTAKES,
    "exercise-2-5": chapter_02.DIFFERENCE_MISTAKES,
}


@pytest.mark.parametrize("tag", MISTAKES)
def test_every_known_mistake_gets_its_own_hint(tag):
    for mistake, hint in MISTAKES[tag]:
        verdict = EXERCISES.check(tag)(mistake)
        assert verdict.state == "not yet" and verdict.hint == hint


# --- other right answers --------------------------------------------------------------------------
def complex_roll(landmarks):
    x, y = landmarks[45] - landmarks[36]
    return np.angle(complex(x, y), deg=True)


def roll_by_math(landmarks):
    (x0, y0), (x1, y1) = landmarks[36], landmarks[45]
    return math.degrees(math.atan((y1 - y0) / (x1 - x0)))


def move_in_a_loop(matrix, points):
    moved = []
    for x, y in points:
        u, v, w = matrix @ (x, y, 1)
        moved.append([u / w, v / w])
    return moved


def move_with_opencv(matrix, points):
    import cv2

    return cv2.perspectiveTransform(points[None].astype(float), matrix)[0]


def wearing_by_counting(alpha, landmarks):
    """Clips places to the picture and compares means of alpha with other limits."""
    x = np.clip(landmarks[:, 0].round().astype(int), 0, alpha.shape[1] - 1)
    y = np.clip(landmarks[:, 1].round().astype(int), 0, alpha.shape[0] - 1)
    seen = alpha[y, x]
    if seen[48:].mean() > 0.6:
        return "proper" if seen[30:36].mean() > 0.6 else "under-nose"
    return "nose-only" if seen[30:36].mean() > 0.6 else "under-chin" if seen[8] > 0.4 else "none"


def loss_by_loop(pictures, rows, column):
    masked = set(rows[rows.result == "masked"].picture)
    return {
        value: float(np.mean([name not in masked for name in part.picture]))
        for value, part in pictures.groupby(column)
    }


def loss_by_merge(pictures, rows, column):
    best = rows.assign(masked=rows.result == "masked").groupby("picture").masked.any()
    return (
        1 - pictures.merge(best, left_on="picture", right_index=True).groupby(column).masked.mean()
    )


def difference_by_steps(first, second):
    """Uses 2 for 1.96, and n - 1 for n."""
    reach = 2 * np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))
    return np.array([-reach, reach]) + second.mean() - first.mean()


def difference_by_scipy(first, second):
    shares = [np.mean(first), np.mean(second)]
    error = np.hypot(*[stats.sem(right, ddof=0) for right in (first, second)])
    return stats.norm.interval(0.95, shares[1] - shares[0], error)


@pytest.mark.parametrize(
    "number, answer",
    [
        (1, complex_roll),
        (1, roll_by_math),
        (2, move_in_a_loop),
        (2, move_with_opencv),
        (3, wearing_by_counting),
        (4, loss_by_loop),
        (4, loss_by_merge),
        (5, difference_by_steps),
        (5, difference_by_scipy),
    ],
)
def test_other_right_answers_pass(number, answer):
    verdict = EXERCISES.check(f"exercise-2-{number}")(answer)
    assert verdict.state == "passed", verdict


def test_a_pair_of_models_on_the_same_faces_is_another_question():
    def paired(first, second):
        gaps = second.astype(float) - first
        return gaps.mean() - 1.96 * gaps.std(), gaps.mean() + 1.96 * gaps.std()

    verdict = chapter_02.check_5(paired)
    assert verdict.state == "not yet" and "ValueError" in verdict.hint


def test_answers_may_change_what_they_are_given():
    def careless(pictures, rows, column):
        rows["masked"] = rows.result == "masked"
        return chapter_02._loss(pictures, rows, column)

    assert chapter_02.check_4(careless).state == "passed"
    assert isinstance(chapter_02._loss(*next(chapter_02._accounts())[1:]), pd.Series)
