"""Checks of chapter 09's exercises.

Each tries the reader's answer on inputs whose right answer is known, and has a hint for every
well-known mistake.
"""

import math

import numpy as np
import pandas as pd

from course_utils.checks.trial import Refused, check
from course_utils.evaluation import bootstrap_interval

NOTHING = "Your function returns nothing: does it end with `return`?"


def _number(value, title):
    """Turn a reader's answer into a float."""
    if value is None:
        raise Refused(NOTHING)
    try:
        found = np.asarray(value, float).ravel()
    except (TypeError, ValueError):
        raise Refused(f"Return one number, not a {type(value).__name__}.") from None
    if found.size != 1 or isinstance(value, (str, bool, np.bool_)):
        raise Refused(
            f"Return one number; what comes back for {title} is a {type(value).__name__} of"
            f" {found.size}."
        )
    if math.isnan(found[0]):
        raise Refused(f"Not a number comes back for {title}.")
    return float(found[0])


def _explained(given, answers, tolerance=1e-6):
    return all(
        math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
        for one, other in zip(given, answers, strict=True)
    )


# --- 9-1: a slice table that counts people --------------------------------------------------------
def _looks(sizes, share, name, seed):
    """Return pictures of people who are right or wrong in nearly all of their pictures alike."""
    rng = np.random.default_rng(seed)
    people = np.repeat([f"{name}{number:03d}" for number in range(len(sizes))], sizes)
    steady = np.repeat(rng.permutation(np.arange(len(sizes)) < round(share * len(sizes))), sizes)
    return pd.DataFrame(
        {"group": people, "light": name, "right": steady ^ (rng.random(len(people)) < 0.03)}
    )


def _pictures():
    rng = np.random.default_rng(1)
    parts = [
        _looks(rng.integers(2, 15, 50), 0.8, "day", 2),
        _looks(rng.integers(1, 25, 40), 0.7, "dusk", 3),
        _looks(np.ones(60, int), 0.9, "lamp", 4),
    ]
    return pd.concat(parts).sample(frac=1, random_state=5).reset_index(drop=True)


def _slice_stub(rows, column):
    """Return for each value of a column.

    People, the share that was right, and the ends of its 95 % interval.
    """
    lines = {}
    for value, part in rows.groupby(column):
        low, high = bootstrap_interval(part.right)
        lines[value] = {"people": len(part), "right": part.right.mean(), "low": low, "high": high}
    return pd.DataFrame.from_dict(lines, orient="index")


def check_1(slice_table):
    """Check that a table of slices counts and draws people."""

    def judge(call):
        rows = _pictures()
        before = rows.copy()
        table = call("pictures of 150 people", rows, "light")
        if not rows.equals(before):
            raise Refused("The table that came in was changed: work on a copy.")
        _judge_table(table, before)
        renamed = before.rename(columns={"light": "camera"})
        if not isinstance(
            again := call("a column with another name", renamed, "camera"), pd.DataFrame
        ) or not np.array_equal(table["people"], again["people"]):
            raise Refused(
                "With a column of another name the counts are others: is its name written into the"
                " function?"
            )
        return (
            "Nobody sees such a slip in a table: each number looks likely, and the interval is only"
            " a little too good."
        )

    return check("9-1", slice_table, _slice_stub, judge)


def _judge_table(table, rows):
    if table is None:
        raise Refused(NOTHING)
    if (
        not isinstance(table, pd.DataFrame)
        or not {"people", "right", "low", "high"} <= set(table)
        or sorted(map(str, table.index)) != sorted(set(rows["light"]))
    ):
        raise Refused(
            "Keep the form of the table: a row for each value of the column, with people, right,"
            " low and high."
        )
    parts = {str(name): rows[rows["light"] == str(name)] for name in table.index}
    try:
        people, right, low, high = (
            table[column].to_numpy(float) for column in ("people", "right", "low", "high")
        )
    except (TypeError, ValueError):
        raise Refused(
            "Keep the form of the table: numbers in people, right, low and high."
        ) from None
    counts = np.array([part["group"].nunique() for part in parts.values()])
    wanted = np.array([part["right"].mean() for part in parts.values()])
    of_people = np.array([part.groupby("group")["right"].mean().mean() for part in parts.values()])
    if np.array_equal(people, [len(part) for part in parts.values()]):
        raise Refused(
            "Compare the column `people` with the number of different names in `group`: one of them"
            " counts something else."
        )
    if np.all(people == rows["group"].nunique()):
        raise Refused("The column `people` counts those of the whole table in every row.")
    if not np.array_equal(people, counts):
        raise Refused("The column `people` is not the number of different people in each slice.")
    if not np.allclose(right, wanted, atol=1e-9):
        if np.allclose(right, of_people, atol=1e-9):
            raise Refused(
                "`right` was the share of right pictures and needed no repair. Now it averages over"
                " people first."
            )
        raise Refused(
            "`right` should stay the share of right answers among *all* pictures of the slice; are"
            " pictures missing?"
        )
    _judge_ends(low, high, parts)


def _judge_ends(low, high, parts):
    def ends(groups):
        return np.array(
            [
                bootstrap_interval(part["right"], groups(part), resamples=4000, seed=3)
                for part in parts.values()
            ]
        ).T

    def near(wanted):
        return max(np.abs(low - wanted[0]).max(), np.abs(high - wanted[1]).max()) < 0.025

    if near(ends(lambda part: part["group"])):
        return
    if near(ends(lambda part: None)):
        raise Refused(
            "The counts are right now. But whom does the bootstrap draw? Look at its second"
            " argument: `help(bootstrap_interval)`."
        )
    if np.ptp(low) < 1e-9 and np.ptp(high) < 1e-9:
        raise Refused("Every slice has the same interval: is it that of the whole table?")
    raise Refused(
        "The intervals are not those of drawing people. The 95 % interval of `bootstrap_interval`"
        " will do."
    )


# --- 9-2: how many people -------------------------------------------------------------------------
GAPS = [
    (f"shares of {first:.0%} and {second:.0%}", (first, second))
    for first, second in (
        (0.9, 0.85),
        (0.7, 0.95),
        (0.5, 0.4),
        (0.98, 0.95),
        (0.6, 0.9),
        (0.33, 0.3),
    )
]


def _variance(p, q):
    return p * (1 - p) + q * (1 - q)


def _people(p, q, reach=2.8, variance=_variance):
    return reach**2 * variance(p, q) / (p - q) ** 2


GAP_MISTAKES = [
    (
        lambda p, q: math.floor(_people(p, q)),
        "With that many the gap is a little too narrow still. In which direction do you round?",
    ),
    (
        lambda p, q: round(_people(p, q)),
        (
            "For some of the inputs the gap is a little too narrow still. In which direction do you"
            " round?"
        ),
    ),
    (_people, "People come in whole numbers: return the smallest number that is enough."),
    (
        lambda p, q: math.ceil(_people(p, q)) + 1,
        "One person more than is needed. Do you round up what is rounded up already?",
    ),
    (
        lambda p, q: 2 * math.ceil(_people(p, q)),
        "That is the number in both slices together; asked is how many *each* needs.",
    ),
    (
        lambda p, q: math.ceil(2 * _people(p, q)),
        "That is the number in both slices together; asked is how many *each* needs.",
    ),
    (
        lambda p, q: math.ceil(_people(p, q, 1.96)),
        (
            "So wide a gap shows in every second test only: half of all tests find less than the"
            " true one. What are the 0.84 for?"
        ),
    ),
    (
        lambda p, q: math.ceil(_people(p, q, 0.84)),
        (
            "So wide a gap is no news: chance makes gaps of 0.84 deviations all the time. What are"
            " the 1.96 for?"
        ),
    ),
    (
        lambda p, q: math.ceil(_people(p, q, 1.96 - 0.84)),
        (
            "The 0.84 come on top of the 1.96: the found gap may fall short of the true one by so"
            " much."
        ),
    ),
    (
        lambda p, q: math.ceil(_people(p, q, 2 * 2.8)),
        (
            "You count the deviations twice: 1.96 + 0.84 of them are the whole gap, not one half"
            " of it."
        ),
    ),
    (
        lambda p, q: math.ceil(_people(p, q, math.hypot(1.96, 0.84))),
        "Add 1.96 and 0.84 first, then square.",
    ),
    (
        lambda p, q: math.ceil(_people(p, q, variance=lambda p, q: p * (1 - p))),
        "Only the first slice's share is uncertain in your formula. Both are: their variances add.",
    ),
    (
        lambda p, q: math.ceil(_people(p, q, variance=lambda p, q: q * (1 - q))),
        (
            "Only the second slice's share is uncertain in your formula. Both are: their variances"
            " add."
        ),
    ),
    (
        lambda p, q: math.ceil(_people(p, q, variance=lambda p, q: p * (1 - p) - q * (1 - q))),
        (
            "The shares are subtracted, but their variances *add*: two uncertain numbers make no"
            " sure one."
        ),
    ),
    (
        lambda p, q: math.ceil(abs(_people(p, q, variance=lambda p, q: p * (1 - p) - q * (1 - q)))),
        (
            "The shares are subtracted, but their variances *add*: two uncertain numbers make no"
            " sure one."
        ),
    ),
    (
        lambda p, q: math.ceil(_people(p, q, variance=lambda p, q: (p + q) * (2 - p - q) / 2)),
        "You average the two shares first. Each slice has a variance of its own.",
    ),
    (
        lambda p, q: math.ceil(_people(p, q, variance=lambda p, q: _variance(p, q) / 2)),
        "The two variances *add*: their mean is half of that.",
    ),
    (
        lambda p, q: math.ceil(
            _people(
                p, q, variance=lambda p, q: (math.sqrt(p * (1 - p)) + math.sqrt(q * (1 - q))) ** 2
            )
        ),
        "You add standard deviations. It is the *variances* that add.",
    ),
    (
        lambda p, q: math.ceil(2.8 * math.sqrt(_variance(p, q)) / abs(p - q)),
        "A standard deviation falls with the *root* of the number of people: square something.",
    ),
    (
        lambda p, q: math.ceil(2.8 * _variance(p, q) / abs(p - q)),
        "A standard deviation falls with the *root* of the number of people: square something.",
    ),
    (
        lambda p, q: math.ceil(2.8**2 * math.sqrt(_variance(p, q)) / (p - q) ** 2),
        (
            "The *variance* of one answer is p (1 - p), the deviation its root. Which of both goes"
            " where?"
        ),
    ),
    (
        lambda p, q: math.ceil(2.8**2 * _variance(p, q) / abs(p - q)),
        "The gap is to be squared too: half of it needs four times as many people.",
    ),
    (lambda p, q: math.ceil(_people(p, q, 3)), "Take 1.96 + 0.84 deviations, not 3."),
]


def _people_stub(first, second):
    """Return how many people each of two slices needs for a gap to show.

    In four tests out of five the gap between their shares must be found.
    """
    ...


def check_2(people_needed):
    """Check the number of people that a gap between two slices asks for."""

    def judge(call):
        given = [_number(call(title, *shares), title) for title, shares in GAPS]
        enough = [
            {
                math.ceil(_people(*shares)),
                math.ceil(_people(*shares, 1.959963984540054 + 0.8416212335729143)),
            }
            for _, shares in GAPS
        ]
        if all(one in right for one, right in zip(given, enough, strict=True)):
            return (
                "A gap half as wide asks for four times as many people, in each slice. That is why"
                " slices are the dear part of a test."
            )
        for mistake, hint in GAP_MISTAKES:
            if _explained(given, [mistake(*shares) for _, shares in GAPS]):
                raise Refused(hint)
        if any(one < 0 for one in given):
            raise Refused(
                "A number of people comes out below 0: which of the two shares is larger should not"
                " matter."
            )
        title = next(
            title
            for one, right, (title, _) in zip(given, enough, GAPS, strict=True)
            if one not in right
        )
        raise Refused(f"Not right for {title}.")

    return check("9-2", people_needed, _people_stub, judge)


# --- 9-3: expected calibration error --------------------------------------------------------------
def _answers(count, seed, flatter):
    """Return confidences, none at the border of a bin, and answers.

    The answers are right more rarely, or more often, than the confidences say.
    """
    rng = np.random.default_rng(seed)
    confidence = 0.5 + 0.5 * rng.beta(2, 1, count)
    confidence = np.where(
        np.abs(confidence * 60 - np.round(confidence * 60)) < 0.02, confidence + 0.0007, confidence
    ).clip(0.501, 0.9995)
    return confidence, rng.random(count) < np.clip(confidence - flatter, 0, 1)


ANSWERS = [
    ("two answers in one bin", (np.array([0.92, 0.98]), np.array([True, False]), 10)),
    (
        "three sure answers that are right",
        (np.array([0.93, 0.97, 0.99]), np.array([True, True, True]), 10),
    ),
    (
        "four answers, three of them in one bin",
        (np.array([0.55, 0.91, 0.95, 0.99]), np.array([False, True, False, True]), 10),
    ),
    ("a network that is too sure", (*_answers(200, 1, 0.15), 10)),
    ("a network that is too modest", (*_answers(150, 2, -0.1), 10)),
    ("fifteen bins", (*_answers(300, 3, 0.08), 15)),
    ("one bin", (*_answers(40, 4, 0.1), 1)),
]


def _calibration(confidence, right, bins, how="error", middle=False, low=0.0):
    """Expected calibration error, and what one may compute in its place."""
    edges = np.linspace(low, 1, bins + 1)
    number = np.clip(np.digitize(confidence, edges) - 1, 0, bins - 1)
    weights, gaps = [], []
    for one in np.unique(number):
        inside = number == one
        said = (edges[one] + edges[one + 1]) / 2 if middle else confidence[inside].mean()
        weights.append(inside.sum())
        gaps.append(right[inside].mean() - said)
    weights, gaps = np.array(weights), np.array(gaps)
    return {
        "error": np.abs(gaps) @ weights / weights.sum(),
        "mean of bins": np.abs(gaps).mean(),
        "all bins": np.abs(gaps).sum() / bins,
        "highest": np.abs(gaps).max(),
        "signed": gaps @ weights / weights.sum(),
        "squared": gaps**2 @ weights / weights.sum(),
        "root": np.sqrt(gaps**2 @ weights / weights.sum()),
        "sum": np.abs(gaps).sum(),
        "counts": np.abs(gaps) @ weights,
    }[how]


CALIBRATION_MISTAKES = [
    (
        lambda c, r, b: abs(np.mean(r) - np.mean(c)),
        (
            "Too sure in one bin and too modest in another cancel out in yours: take the absolute"
            " gap of each bin, then average."
        ),
    ),
    (
        lambda c, r, b: _calibration(c, r, b, "signed"),
        "Your gaps have a sign, and cancel each other out.",
    ),
    (
        lambda c, r, b: -_calibration(c, r, b, "signed"),
        "Your gaps have a sign, and cancel each other out.",
    ),
    (
        lambda c, r, b: _calibration(c, r, b, "mean of bins"),
        "A bin with one face counts as much as one with a hundred: weight each by its faces.",
    ),
    (
        lambda c, r, b: _calibration(c, r, b, "all bins"),
        "You divide by the number of bins, the empty ones too: weight each bin by its faces.",
    ),
    (
        lambda c, r, b: _calibration(c, r, b, "highest"),
        "That is the largest gap. We want the mean over all faces.",
    ),
    (
        lambda c, r, b: _calibration(c, r, b, "sum"),
        "That is the sum of the gaps. Weight each bin by its share of the faces.",
    ),
    (
        lambda c, r, b: _calibration(c, r, b, "counts"),
        "Weight each bin by its *share* of the faces: yours grows with their number.",
    ),
    (
        lambda c, r, b: _calibration(c, r, b, "squared"),
        "Your gaps are squared. We want absolute ones.",
    ),
    (
        lambda c, r, b: _calibration(c, r, b, "root"),
        "That is the root of the mean square of the gaps. We want the mean of the absolute ones.",
    ),
    (
        lambda c, r, b: _calibration(c, r, b, middle=True),
        (
            "You compare with the middle of the bin. Compare with the mean confidence of the faces"
            " in it."
        ),
    ),
    (
        lambda c, r, b: np.mean(np.abs(r - c)),
        (
            "You compare face by face. One face is right or wrong; only a bin of faces has a share"
            " that is right."
        ),
    ),
    (
        lambda c, r, b: np.mean((r - c) ** 2),
        "That is the Brier score, a mean over faces. Put faces of like confidence into bins first.",
    ),
    (lambda c, r, b: _calibration(c, r, 10), "You always use ten bins; `bins` says how many."),
    (
        lambda c, r, b: _calibration(c, r, b, low=0.5),
        "Your bins go from 0.5 to 1. Ours go from 0 to 1, the empty ones cost nothing.",
    ),
    (lambda c, r, b: 100 * _calibration(c, r, b), "Return a share from 0 to 1, not percent."),
    (lambda c, r, b: round(_calibration(c, r, b), 2), "Don't round."),
]


def _calibration_stub(confidence, right, bins=10):
    """Return the expected calibration error, 0 to 1."""
    ...


def check_3(calibration_error):
    """Check the expected calibration error."""

    def judge(call):
        def asked(title, confidence, right, bins):
            mine = confidence.copy()
            value = call(title, mine, right.copy(), bins)
            if (
                value is not None
                and isinstance(value, (int, float, np.floating, np.ndarray))
                and np.size(value) == 1
                and np.isnan(float(np.asarray(value).ravel()[0]))
            ):
                raise Refused(
                    f"Not a number comes back for {title}. What does your function do with a bin"
                    " that holds no face?"
                )
            if not np.array_equal(mine, confidence):
                raise Refused("The confidences that came in were changed: work on a copy.")
            return _number(value, title)

        given = [asked(title, *arguments) for title, arguments in ANSWERS]
        wanted = [_calibration(*arguments) for _, arguments in ANSWERS]
        if _explained(given, wanted):
            without = call("ten bins when nothing is said", *ANSWERS[3][1][:2])
            if not _explained([_number(without, "ten bins when nothing is said")], [wanted[3]]):
                raise Refused(
                    "When nothing is said of them, there are ten bins: keep the default of `bins`."
                )
            return (
                "A weather forecast is judged like this: it should rain on seven of ten days with a"
                " chance of 70 %."
            )
        for mistake, hint in CALIBRATION_MISTAKES:
            if _explained(given, [float(mistake(*arguments)) for _, arguments in ANSWERS]):
                raise Refused(hint)
        title = next(
            title
            for one, other, (title, _) in zip(given, wanted, ANSWERS)
            if not _explained([one], [other])
        )
        raise Refused(f"Not right for {title}.")

    return check("9-3", calibration_error, _calibration_stub, judge)


# --- 9-4: a threshold for a stated cost -----------------------------------------------------------
def _visitors(worn, bare, seed, apart=1.2):
    """Return probabilities of a mask and who wears one; the two kinds overlap."""
    rng = np.random.default_rng(seed)
    wears = np.arange(worn + bare) < worn
    p_mask = 1 / (1 + np.exp(-np.where(wears, apart, -apart) - rng.normal(0, 1.3, worn + bare)))
    order = rng.permutation(worn + bare)
    return p_mask[order].round(4), wears[order]


VISITORS = [
    ("people of whom half wear none, equal costs", (*_visitors(60, 60, 1), 0.5, 1, 1)),
    ("a pass that costs ten false stops", (*_visitors(60, 60, 2), 0.5, 10, 1)),
    ("a false stop that costs five passes", (*_visitors(50, 70, 3), 0.5, 1, 5)),
    ("2 % without a mask and a pass that costs twenty", (*_visitors(40, 160, 4), 0.02, 20, 1)),
    ("30 % without a mask", (*_visitors(150, 40, 5), 0.3, 2, 1)),
    ("2 % without a mask and equal costs", (*_visitors(30, 120, 6, 0.5), 0.02, 1, 1)),
    ("95 % without a mask and dear passes", (*_visitors(80, 40, 7, 0.4), 0.95, 50, 1)),
]


def _cost(threshold, p_mask, wears, share, cost_pass, cost_stop):
    passes, stops = np.mean(p_mask[~wears] >= threshold), np.mean(p_mask[wears] < threshold)
    return share * cost_pass * passes + (1 - share) * cost_stop * stops


def _candidates(p_mask):
    return np.unique(np.concatenate([[0.0], p_mask, p_mask + 1e-9, [1.01]]))


def _cheapest(p_mask, wears, share, cost_pass, cost_stop, cost=_cost):
    levels = _candidates(p_mask)
    return levels[
        int(
            np.argmin([cost(level, p_mask, wears, share, cost_pass, cost_stop) for level in levels])
        )
    ]


def _of_sample(t, p, w, s, a, b):
    return a * np.sum(p[~w] >= t) + b * np.sum(p[w] < t)


THRESHOLD_MISTAKES = [  # what is made small in place of the cost, and the hint
    (
        _of_sample,
        (
            "You count the mistakes among these faces, of whom far more, or fewer, wear none than"
            " among the visitors. Turn counts into rates and weight those with `share_without`."
        ),
    ),
    (
        lambda t, p, w, s, a, b: _cost(t, p, w, s, b, a),
        "You have exchanged the two costs: a pass is somebody *without* a mask who is let in.",
    ),
    (
        lambda t, p, w, s, a, b: _cost(t, p, w, 1 - s, a, b),
        (
            "You have exchanged the two kinds of visitors: `share_without` is the share that wears"
            " *no* mask."
        ),
    ),
    (
        lambda t, p, w, s, a, b: _cost(t, p, w, 0.5, a, b),
        (
            "You don't use `share_without`: two rates were added as if both kinds of visitors were"
            " equally common."
        ),
    ),
    (lambda t, p, w, s, a, b: _cost(t, p, w, s, 1, 1), "You don't use the costs."),
    (
        lambda t, p, w, s, a, b: np.mean((p >= t) != w),
        (
            "That is the threshold with the fewest mistakes. What of the costs, and of how rare"
            " each kind is?"
        ),
    ),
    (
        lambda t, p, w, s, a, b: _cost(t, p, ~w, s, a, b),
        "`wears` is True for somebody who wears a mask; you seem to read it the other way round.",
    ),
    (lambda t, p, w, s, a, b: -_cost(t, p, w, s, a, b), "That is the dearest threshold."),
]


def _threshold_stub(p_mask, wears, share_without, cost_pass, cost_stop):
    """Return the threshold with the lowest expected cost a visitor."""
    ...


def check_4(cheapest_threshold):
    """Check the threshold that costs least."""

    def judge(call):
        def asked(title, p_mask, wears, *stated):
            value = call(title, p_mask.copy(), wears.copy(), *stated)
            return _number(value, title)

        given = [asked(title, *arguments) for title, arguments in VISITORS]
        regrets = [
            _cost(level, *arguments) - _cost(_cheapest(*arguments), *arguments)
            for level, (_, arguments) in zip(given, VISITORS)
        ]
        if max(regrets) < 1e-9:
            return (
                "Cost and commonness decide together. Where hardly anybody goes without, even a"
                " good network may be dearer than none."
            )
        for mistake, hint in THRESHOLD_MISTAKES:
            lowest = [
                mistake(_cheapest(*arguments, cost=mistake), *arguments)
                for _, arguments in VISITORS
            ]
            if _explained(
                [mistake(level, *arguments) for level, (_, arguments) in zip(given, VISITORS)],
                lowest,
                1e-9,
            ):
                raise Refused(hint)
        if _explained(
            given, [_cost(_cheapest(*arguments), *arguments) for _, arguments in VISITORS]
        ):
            raise Refused("That is the lowest cost. Return the threshold at which it is reached.")
        if _explained(given, [1 - _cheapest(*arguments) for _, arguments in VISITORS], 1e-3):
            raise Refused(
                "Yours is a threshold for the probability of *no* mask; `p_mask` is that of a mask."
            )
        if len({round(level, 6) for level in given}) == 1:
            raise Refused("Your threshold is the same for all visitors and costs.")
        if (
            not any(level <= min(arguments[0]) for level, (_, arguments) in zip(given, VISITORS))
            and sum(regret > 1e-9 for regret in regrets) <= 2
        ):
            title = VISITORS[int(np.argmax(regrets))][0]
            raise Refused(
                f"Not the cheapest for {title}. Did you also try the two ends: stop nobody, and"
                " stop everybody?"
            )
        title = next(title for regret, (title, _) in zip(regrets, VISITORS) if regret > 1e-9)
        if max(regrets) < 0.03:
            raise Refused(
                f"Nearly: for {title} there is a threshold that costs a little less. Which"
                " thresholds did you try? `with_mask` is said from the threshold on (>=)."
            )
        raise Refused(f"Not the cheapest for {title}.")

    return check("9-4", cheapest_threshold, _threshold_stub, judge)
