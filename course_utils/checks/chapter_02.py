"""Checks of chapter 02's exercises.

Each tries the reader's answer on inputs whose right answer is known.
"""

import numpy as np
import pandas as pd

from course_utils.checks.trial import Refused, check
from course_utils.masks.head import mean_landmarks

WEARS = ("proper", "under-nose", "nose-only", "under-chin")


def _heads():
    """Yield (roll in degrees, landmarks) of mean heads.

    They are turned in the picture, moved, scaled and a little crooked.
    """
    rng = np.random.default_rng(2)
    for degrees in (0, 12, -12, 31, -47, 3, 60):
        points = mean_landmarks()[:, :2] + rng.normal(0, 0.02, (68, 2))
        points[[39, 42], 1] += (
            0.09,
            -0.05,
        )  # the inner corners of the eyes are not level with the outer ones
        points -= (points[36] + points[45]) / 2
        flat = -np.arctan2(*(points[45] - points[36])[::-1])
        angle = np.radians(degrees) + flat
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        yield degrees, points @ turn * rng.uniform(15, 300) + rng.uniform(50, 900, 2)


# --- 2-1: the roll of a head ----------------------------------------------------------------------
def _between(points, first, second):
    return np.degrees(np.arctan2(*(points[second] - points[first])[::-1]))


ROLL_MISTAKES = [
    (
        lambda p: -_between(p, 36, 45),
        (
            "The sign is the wrong way round. In a picture y grows downwards: which eye is lower"
            " when the head is turned clockwise?"
        ),
    ),
    (lambda p: np.radians(_between(p, 36, 45)), "That is the angle in radians; we want degrees."),
    (lambda p: -np.radians(_between(p, 36, 45)), "That looks like radians, with the wrong sign."),
    (lambda p: np.divide(*(p[45] - p[36])[::-1]), "That is the slope of the line, not its angle."),
    (
        lambda p: _between(p, 45, 36),
        (
            "You look from the right eye to the left one, and get an angle near 180° for an upright"
            " head. Exchange the two points."
        ),
    ),
    (
        lambda p: _between(p, 39, 42),
        (
            "Those look like the inner corners of the eyes (39 and 42). They lie closer together,"
            " so their error weighs more."
        ),
    ),
    (
        lambda p: 90 - _between(p, 36, 45),
        "That is the angle to the vertical: exchange the arguments of the arc tangent.",
    ),
]


def _roll_stub(landmarks): ...


def check_1(roll):
    """Check the roll of a head from its landmarks."""

    def judge(call):
        heads = list(_heads())
        answers = []
        for degrees, points in heads:
            value = call(f"a head turned by {degrees}°", points.copy())
            if value is None:
                raise Refused("Your function returns nothing: does it end with `return`?")
            try:
                answers.append(float(value))
            except (TypeError, ValueError):
                raise Refused("Return one number, the angle in degrees.") from None
        truth = np.array([degrees for degrees, _ in heads])
        if np.allclose(answers, truth, atol=0.05):
            return (
                "Two points are enough for the roll. Yaw and pitch need a head in three dimensions."
            )
        for mistake, hint in ROLL_MISTAKES:
            if np.allclose(answers, [mistake(points) for _, points in heads], atol=0.05):
                raise Refused(hint)
        worst = int(np.abs(np.nan_to_num(answers, nan=999) - truth).argmax())
        raise Refused(
            f"A head turned clockwise by {truth[worst]}° gets {answers[worst]:.1f} from your"
            " function. Does it use points 36 and 45?"
        )

    return check("2-1", roll, _roll_stub, judge)


# --- 2-2: apply a homography ----------------------------------------------------------------------
MATRICES = [
    ("a shift", np.array([[1, 0, 7], [0, 1, -3], [0, 0, 1.0]])),
    ("a turn with a shift", np.array([[0.8, -0.6, 30], [0.6, 0.8, 5], [0, 0, 1.0]])),
    ("a homography", np.array([[1.2, 0.3, 10], [-0.2, 0.9, 40], [0.002, 0.001, 1.0]])),
    (
        "a homography whose last number is not 1",
        np.array([[1.2, 0.3, 10], [-0.2, 0.9, 40], [0.002, 0.001, 1.0]]) * -2.5,
    ),
]
POINTS = [
    np.array([[10, 20], [200, 35], [5, 160.0]]),
    np.array([[42, 17.0]]),
    np.array([[0, 0], [100, 50]]),
]


def _homogeneous(matrix, points):
    return np.column_stack([points, np.ones(len(points))]) @ matrix.T


def _moved(matrix, points):
    moved = _homogeneous(matrix, points)
    return moved[:, :2] / moved[:, 2:]


MOVE_MISTAKES = [
    (
        lambda m, p: _homogeneous(m, p)[:, :2],
        (
            "Right for a shift and a turn, wrong for a homography: what do you do with the third"
            " number?"
        ),
    ),
    (
        lambda m, p: _homogeneous(m, p)[:, :2] / m[2, 2],
        "You divide by the matrix's last number. The denominator depends on the point as well.",
    ),
    (
        lambda m, p: _moved(m.T, p),
        "The matrix looks transposed: its rows, not its columns, belong to u and v.",
    ),
    (
        lambda m, p: _homogeneous(m.T, p)[:, :2],
        "The matrix looks transposed, and the third number is not used yet.",
    ),
    (lambda m, p: _moved(m, p)[:, ::-1], "x and y come back exchanged."),
    (lambda m, p: _moved(m, p[:, ::-1]), "x and y are exchanged before the matrix sees them."),
    (
        lambda m, p: _moved(np.linalg.inv(m), p),
        "You moved the points backwards, with the inverse of the matrix.",
    ),
    (
        lambda m, p: p @ m[:2, :2].T,
        "Only the left upper part of the matrix was used: where is the shift?",
    ),
]


def _move_stub(matrix, points): ...


def check_2(move):
    """Check the function that applies a homography to points."""

    def judge(call):
        cases = [
            (f"{what} and {len(points)} points", matrix, points)
            for what, matrix in MATRICES
            for points in POINTS
        ]
        answers = []
        for what, matrix, points in cases:
            value = call(what, matrix.copy(), points.copy())
            if value is None:
                raise Refused("Your function returns nothing: does it end with `return`?")
            try:
                answers.append(np.asarray(value, float))
            except (TypeError, ValueError):
                raise Refused("Return an array of numbers, shape (n, 2).") from None
            if answers[-1].shape == (len(points), 3):
                raise Refused(
                    "Three numbers for each point come back; a place in a picture has two."
                )
            if answers[-1].shape == (2, len(points)) and len(points) != 2:
                raise Refused(
                    f"For {len(points)} points shape {answers[-1].shape} comes back; it is the"
                    " transpose of what we want."
                )
            if answers[-1].shape != points.shape:
                raise Refused(
                    f"For points of shape {points.shape} an array of shape {answers[-1].shape}"
                    " comes back."
                )
        if all(np.allclose(answer, _moved(*case)) for answer, (_, *case) in zip(answers, cases)):
            return (
                "Divide by the third number, and parallel lines may meet: that is what a camera"
                " does."
            )
        for mistake, hint in MOVE_MISTAKES:
            if all(
                np.allclose(answer, mistake(*case)) for answer, (_, *case) in zip(answers, cases)
            ):
                raise Refused(hint)
        wrong = next(
            what
            for answer, (what, *case) in zip(answers, cases)
            if not np.allclose(answer, _moved(*case))
        )
        raise Refused(
            f"Not right for {wrong}. Write the point as (x, y, 1) first, and look at the formula"
            " above."
        )

    return check("2-2", move, _move_stub, judge)


# --- 2-3: how is the mask worn? -------------------------------------------------------------------
BANDS = {  # way of wearing -> y of the upper and the lower edge on the mean head
    "proper": (-0.30, 0.95),
    "under-nose": (0.11, 0.95),
    "nose-only": (-0.30, 0.12),
    "under-chin": (0.58, 1.1),
    "none": (9, 9),
}


EDGES = [  # masks whose edge crosses a part of the face
    ("a mask whose edge crosses the nose above its wings", "proper", (-0.08, 0.95)),
    ("a band over the tip of the nose alone", "none", (-0.45, -0.08)),
    ("a mask whose edge crosses the lower lip", "under-chin", (0.31, 1.05)),
]


def _covered(band, scale, centre, shape, softness=1.0):
    """Return landmarks of a mean head and the alpha of a mask that is a band across it.

    The band is a key of `BANDS`, or y of its two edges.
    """
    points = mean_landmarks()[:, :2] * scale + centre
    y, x = np.mgrid[: shape[0], : shape[1]]
    upper, lower = (edge * scale + centre[1] for edge in BANDS.get(band, band))
    alpha = (
        np.clip((y - upper) / softness, 0, 1)
        * np.clip((lower - y) / softness, 0, 1)
        * (np.abs(x - centre[0]) < 0.8 * scale)
    )
    return alpha.astype(np.float32), points.astype(np.float32)


def _wearing_cases():
    """List (what, way, alpha, landmarks)."""
    cases = []
    for way in BANDS:
        cases.append(
            (
                f"a mask worn '{way}'" if way != "none" else "a face without a mask",
                way,
                *_covered(way, 60, (80, 70), (150, 170)),
            )
        )
        cases.append(
            (f"a smaller face, '{way}'", way, *_covered(way, 24, (90, 40), (80, 130), 2.0))
        )
    for what, way, band in EDGES:
        cases.append((what, way, *_covered(band, 60, (80, 70), (150, 170))))
    hat = np.zeros((150, 170), np.float32)
    hat[:30] = 1
    cases.append(
        (
            "a picture whose upper edge alone is covered",
            "none",
            hat,
            _covered("none", 60, (80, 70), (150, 170))[1],
        )
    )
    for what, centre in (
        ("cut off at the left", (12, 70)),
        ("cut off at the right", (158, 70)),
        ("cut off below the mouth", (80, 118)),
    ):
        for way in ("proper", "nose-only"):
            cases.append((f"a face {what}, '{way}'", way, *_covered(way, 60, centre, (150, 170))))
    cases.append(
        (
            "a face cut off at the left, without a mask",
            "none",
            *_covered("none", 60, (12, 70), (150, 170)),
        )
    )
    cut_alpha, cut_points = _covered("none", 60, (-8, 70), (150, 170))
    cut_alpha[:, -60:] = 1  # somebody else's mask at the other border
    cases.append(
        (
            "a face more than half cut off at the left, with something covered at the right border",
            "none",
            cut_alpha,
            cut_points,
        )
    )
    return cases


def _share(alpha, points, together=np.mean):
    x, y = np.rint(points).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < alpha.shape[1]) & (y < alpha.shape[0])
    return float(together(alpha[y[inside], x[inside]])) if inside.any() else 0.0


def _way(nose, mouth, chin):
    if nose > 0.5:
        return "proper" if mouth > 0.5 else "nose-only"
    return "under-nose" if mouth > 0.5 else "under-chin" if chin > 0.5 else "none"


def _judged(alpha, points, together=np.mean):
    return _way(
        _share(alpha, points[30:36], together),
        _share(alpha, points[48:68], together),
        _share(alpha, points[8:9]),
    )


def _wrapping(alpha, points):
    x, y = np.rint(points).astype(int).T
    x, y = (
        np.where(x < 0, x % alpha.shape[1], np.minimum(x, alpha.shape[1] - 1)),
        np.clip(y, 0, alpha.shape[0] - 1),
    )
    seen = alpha[y, x]
    return _way(seen[30:36].mean(), seen[48:68].mean(), seen[8])


WEARING_MISTAKES = [
    (
        _wrapping,
        "Right unless a landmark lies left of the picture: there Python counts from the far side.",
    ),
    (
        lambda a, p: _judged(a, p, np.max),
        "One landmark under the mask does not make its part covered: take the mean over the part.",
    ),
    (
        lambda a, p: _judged(a, p, np.min),
        "A part may be covered though one of its landmarks is not: take the mean over the part.",
    ),
    (lambda a, p: _judged(a.T, p), "Rows come first: `alpha[y, x]`, while a landmark is (x, y)."),
    (
        lambda a, p: {"proper": "proper", "under-nose": "proper"}.get(_judged(a, p), _judged(a, p)),
        (
            "A mask that leaves the nose free counts as worn properly. Who wears it so breathes"
            " past it."
        ),
    ),
    (
        lambda a, p: {"none": "under-chin"}.get(_judged(a, p), _judged(a, p)),
        "Somebody without any mask is said to wear one under the chin.",
    ),
    (
        lambda a, p: {"under-chin": "none"}.get(_judged(a, p), _judged(a, p)),
        "A mask under the chin is taken for none. It hangs there, below the mouth.",
    ),
    (
        lambda a, p: {"nose-only": "proper"}.get(_judged(a, p), _judged(a, p)),
        (
            "A mask that covers the nose only is taken for one worn properly: look at the mouth as"
            " well."
        ),
    ),
    (
        lambda a, p: {"under-chin": "under-nose"}.get(_judged(a, p), _judged(a, p)),
        "Under the chin and under the nose are confused: which of the two covers the mouth?",
    ),
]


def _way_of_wearing_stub(alpha, landmarks): ...


def check_3(way_of_wearing):
    """Check the function that tells how a mask is worn from what it covers."""

    def judge(call):
        cases = _wearing_cases()
        answers = [call(what, alpha.copy(), points.copy()) for what, _, alpha, points in cases]
        if all(answer is None for answer in answers):
            raise Refused("Your function returns nothing: does it end with `return`?")
        words = {*WEARS, "none"}
        strange = next(
            (answer for answer in answers if not isinstance(answer, str) or answer not in words),
            None,
        )
        if strange is not None or None in answers:
            shown = "nothing" if strange is None else repr(strange)[:40]
            raise Refused(
                f"Return one of {', '.join(WEARS)}, none. Your function once returned {shown}."
            )
        wrong = [
            (what, truth, answer)
            for answer, (what, truth, *_) in zip(answers, cases)
            if answer != truth
        ]
        if not wrong:
            return (
                "That is a label by measure. It needs alpha, which a photograph doesn't have:"
                " there, somebody decides by feeling."
            )
        for mistake, hint in WEARING_MISTAKES:
            if all(
                answer == mistake(alpha, points)
                for answer, (_, _, alpha, points) in zip(answers, cases)
            ):
                raise Refused(hint)
        what, truth, answer = wrong[0]
        raise Refused(
            f"Right on {len(cases) - len(wrong)} of {len(cases)} faces. On {what} you say"
            f" '{answer}'."
        )

    return check("2-3", way_of_wearing, _way_of_wearing_stub, judge)


# --- 2-4: is the loss fair? -----------------------------------------------------------------------
def _accounts():
    """Yield (what, pictures, rows, column) with pictures that have one face, several, or none."""
    for seed, column, values in (
        (1, "light", ["sun", "lamp", "window"]),
        (2, "split", ["train", "test"]),
    ):
        rng = np.random.default_rng(seed)
        pictures = pd.DataFrame({"picture": [f"faces/p{number:04d}.jpg" for number in range(90)]})
        pictures[column] = rng.choice(values[:-1], 90)
        pictures.loc[:9, column] = values[-1]
        lines = []
        for name, value in zip(pictures.picture, pictures[column]):
            results = rng.choice(
                ["masked", "refused", "no face"], p=(0.6, 0.25, 0.15), size=rng.integers(1, 4)
            )
            if value == values[-1]:
                results = np.array(["masked"])
            lines += [
                {"picture": name, "result": result}
                for result in (["no face"] if "no face" in results else results)
            ]
        order = rng.permutation(len(lines))
        yield (
            f"an account by {column}",
            pictures.sample(frac=1, random_state=seed),
            pd.DataFrame(lines).iloc[order].reset_index(drop=True),
            column,
        )


def _loss(pictures, rows, column):
    masked = pictures.picture.isin(rows[rows.result == "masked"].picture)
    return (~masked).groupby(pictures[column]).mean()


def _by_lines(pictures, rows, column):
    lines = rows.merge(pictures, on="picture")
    return (lines.result != "masked").groupby(lines[column]).mean()


def _any_lost(pictures, rows, column):
    lost = pictures.picture.isin(rows[rows.result != "masked"].picture)
    return lost.groupby(pictures[column]).mean()


def _only_lost(pictures, rows, column):
    loss = _loss(pictures, rows, column)
    return loss[loss > 0]


def _of_the_lost(pictures, rows, column):
    lost = ~pictures.picture.isin(rows[rows.result == "masked"].picture)
    return lost.groupby(pictures[column]).sum() / lost.sum()


LOSS_MISTAKES = [
    (
        _by_lines,
        (
            "You count lines of the account. A picture with two faces has two lines, but it is one"
            " picture."
        ),
    ),
    (
        _any_lost,
        "A picture of which one face was masked and another refused is not lost: it *got* a mask.",
    ),
    (lambda *c: 1 - _loss(*c), "That is the share that was kept."),
    (
        _of_the_lost,
        (
            "You divide by all lost pictures. A value that is frequent would look unfair: divide by"
            " the pictures of that value."
        ),
    ),
    (_only_lost, "A value of which nothing was lost should be there as well, with 0."),
    (
        lambda p, r, c: (~p.picture.isin(r[r.result == "masked"].picture)).groupby(p[c]).sum(),
        "Those are counts; we want shares.",
    ),
    (lambda *c: 100 * _loss(*c), "Those are percentages; we want shares between 0 and 1."),
    (
        lambda p, r, c: p.picture.isin(r[r.result == "refused"].picture).groupby(p[c]).mean(),
        "Refused masks are one kind of loss. Which results else are no mask?",
    ),
    (
        lambda p, r, c: p.picture.isin(r[r.result == "no face"].picture).groupby(p[c]).mean(),
        "Pictures in which no face was found are one kind of loss. Which results else are no mask?",
    ),
]


def _loss_rates_stub(pictures, account, column): ...


def check_4(loss_rates):
    """Check the share of lost pictures by value of a column."""

    def judge(call):
        cases, answers = list(_accounts()), []
        for what, pictures, rows, column in cases:
            value = call(what, pictures.copy(), rows.copy(), column)
            if value is None:
                raise Refused("Your function returns nothing: does it end with `return`?")
            if isinstance(value, pd.DataFrame) and value.shape[1] == 1:
                value = value.iloc[:, 0]
            try:
                answers.append(pd.Series(value, dtype=float).sort_index())
            except (TypeError, ValueError):
                raise Refused(
                    "Return a Series: the column's values as index, shares as values."
                ) from None

        def equals(answer, other):
            return list(answer.index) == list(other.index) and np.allclose(answer, other, atol=1e-4)

        if all(equals(answer, _loss(*case)) for answer, (_, *case) in zip(answers, cases)):
            return "Now compare the values: would a classifier learn something from who is missing?"
        for mistake, hint in LOSS_MISTAKES:
            if all(equals(answer, mistake(*case)) for answer, (_, *case) in zip(answers, cases)):
                raise Refused(hint)
        for answer, (what, *case) in zip(answers, cases):
            truth = _loss(*case)
            if set(answer.index) != set(truth.index):
                raise Refused(
                    f"On {what} the index should be {', '.join(truth.index)}; yours is"
                    f" {', '.join(map(str, answer.index[:4])) or 'empty'}."
                )
        raise Refused(
            "The values differ. For one picture, write down by hand whether it is lost, then count"
            " over the pictures of one value."
        )

    return check("2-4", loss_rates, _loss_rates_stub, judge)


# --- 2-5: the interval of a difference ------------------------------------------------------------
TESTS = [  # faces and right answers of the first, of the second
    (200, 140, 120, 108),
    (800, 734, 800, 750),
    (50, 25, 400, 396),
    (90, 81, 60, 33),
]


def _answers(number):
    """Return two arrays of right and wrong answers, shuffled."""
    faces, right, others, right_of_them = TESTS[number]
    rng = np.random.default_rng(number)
    return (
        rng.permutation(np.arange(faces) < right),
        rng.permutation(np.arange(others) < right_of_them),
    )


def _variance(right):
    return right.mean() * (1 - right.mean()) / len(right)


def _ends(first, second, reach):
    gap = second.mean() - first.mean()
    return gap - reach, gap + reach


def _error(first, second):
    return np.sqrt(_variance(first) + _variance(second))


def _difference(first, second):
    return _ends(first, second, 1.96 * _error(first, second))


def _pooled(first, second):
    share = np.concatenate([first, second]).mean()
    error = np.sqrt(share * (1 - share) * (1 / len(first) + 1 / len(second)))
    return _ends(first, second, 1.96 * error)


DIFFERENCE_MISTAKES = [
    (
        lambda a, b: _difference(b, a),
        "That is the first minus the second: a better second would get a negative difference.",
    ),
    (lambda a, b: _difference(a, b)[::-1], "The lower end comes first."),
    (
        lambda a, b: (b.mean() - a.mean(), 1.96 * _error(a, b)),
        "Those are the difference and how far the interval reaches; we want its two ends.",
    ),
    (
        lambda a, b: _ends(a, b, 1.96 * (np.sqrt(_variance(a)) + np.sqrt(_variance(b)))),
        "You added standard errors. It is the variances that add up; take the root of their sum.",
    ),
    (
        lambda a, b: _ends(a, b, 1.96 * (_variance(a) + _variance(b))),
        "The interval is far too narrow: a standard error is the *root* of a variance.",
    ),
    (
        lambda a, b: _ends(a, b, _error(a, b)),
        "That is one standard error to either side; 95 % needs 1.96.",
    ),
    (
        lambda a, b: _ends(a, b, 1.96 * np.sqrt(_variance(b))),
        "Only the second accuracy is treated as uncertain; the first was measured as well.",
    ),
    (
        lambda a, b: _ends(a, b, 1.96 * np.sqrt(len(a) * _variance(a) + len(b) * _variance(b))),
        "The interval does not shrink when there are more faces: where is n?",
    ),
    (
        _pooled,
        "You took one accuracy for both. That suits the question whether they are equal; here each"
        " has a variance of its own.",
    ),
    (
        lambda a, b: tuple(100 * end for end in _difference(a, b)),
        "Those are percentages; we want shares.",
    ),
]


def _difference_stub(first, second): ...


def check_5(difference):
    """Check the interval of the difference between two accuracies."""

    def judge(call):
        cases = [_answers(number) for number in range(len(TESTS))]
        answers = []
        for first, second in cases:
            what = f"{len(first)} and {len(second)} answers"
            value = call(what, first.copy(), second.copy())
            if value is None:
                raise Refused("Your function returns nothing: does it end with `return`?")
            try:
                low, high = value
                answers.append((float(low), float(high)))
            except (TypeError, ValueError):
                raise Refused("Return two numbers, the lower and the upper end.") from None

        def equals(function):  # 2 for 1.96 and n - 1 for n are close enough
            return all(
                np.allclose(answer, function(*case), rtol=1e-3, atol=0.08 * _error(*case))
                for answer, case in zip(answers, cases)
            )

        if equals(_difference):
            return (
                "Two points on 800 faces: the interval includes 0. Four times as many faces halve"
                " it."
            )
        for mistake, hint in DIFFERENCE_MISTAKES:
            if equals(mistake):
                raise Refused(hint)
        faces, right, others, right_of_them = TESTS[0]
        raise Refused(
            f"Not right for {right} of {faces} and {right_of_them} of {others}: you say"
            f" {answers[0][0]:.3f} to {answers[0][1]:.3f}. What are the two variances?"
        )

    return check("2-5", difference, _difference_stub, judge)
