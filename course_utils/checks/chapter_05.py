"""Checks of chapter 05's exercises.

Each tries the reader's answer on inputs whose right answer is known, and has a hint for every
well-known mistake.
"""

import math
import warnings

import numpy as np

from course_utils.checks.trial import Refused, check
from course_utils.evaluation.statistics import bootstrap_interval

NOTHING = "Your function returns nothing: does it end with `return`?"


def _numbers(value, how_many, what):
    """Turn a reader's answer into so many floats; nan is let through, infinity too."""
    if value is None:
        raise Refused(NOTHING)
    try:
        found = np.asarray(value, float).ravel()
    except (TypeError, ValueError):
        raise Refused(f"Return {what}, not a {type(value).__name__}.") from None
    if found.size != how_many or isinstance(value, (str, bool)):
        raise Refused(f"Return {what}; what comes back holds {found.size} numbers.")
    return [float(number) for number in found]


def _same(first, second, tolerance):
    return all(
        math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
        or (math.isnan(a) and math.isnan(b))
        for a, b in zip(first, second, strict=True)
    )


def _judge(call, cases, truth, mistakes, what, tolerance=1e-6):
    """Compare a reader's numbers with the right ones.

    Name the mistake that explains them all, or the first case that is wrong.
    """
    wanted = [np.atleast_1d(truth(*arguments)).astype(float).tolist() for _, arguments in cases]
    given = [
        _numbers(call(title, *arguments), len(right), what)
        for (title, arguments), right in zip(cases, wanted, strict=True)
    ]

    def explains(mistake):
        with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            answers = [
                np.atleast_1d(mistake(*arguments)).astype(float).tolist() for _, arguments in cases
            ]
        return all(_same(one, other, tolerance) for one, other in zip(given, answers, strict=True))

    if all(_same(one, other, tolerance) for one, other in zip(given, wanted, strict=True)):
        return
    for mistake, hint in mistakes:
        if explains(mistake):
            raise Refused(hint)
    for (title, _), one, other in zip(cases, given, wanted, strict=True):
        if not _same(one, other, tolerance):
            raise Refused(f"Not right for {title}.")


# --- 5-1: cross-entropy ---------------------------------------------------------------------------
FLOOR = 1e-7

BATCHES = [
    ("one face, probabilities of one half", (np.array([[0.5, 0.5]]), np.array([0]))),
    ("one face, sure and right", (np.array([[1.0, 0.0]]), np.array([0]))),
    ("two faces of different classes", (np.array([[0.9, 0.1], [0.7, 0.3]]), np.array([0, 1]))),
    (
        "four faces",
        (np.array([[0.2, 0.8], [0.6, 0.4], [0.99, 0.01], [0.3, 0.7]]), np.array([1, 0, 0, 0])),
    ),
    (
        "three classes",
        (np.array([[0.2, 0.3, 0.5], [0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]), np.array([2, 1, 2])),
    ),
    (
        "two faces, one of them sure and wrong",
        (np.array([[0.0, 1.0], [0.5, 0.5]]), np.array([0, 1])),
    ),
]


def _of_right_class(probabilities, labels):
    return probabilities[np.arange(len(labels)), labels]


def _cross_entropy(probabilities, labels):
    return -np.log(np.maximum(_of_right_class(probabilities, labels), FLOOR)).mean()


def _log(values, base=math.e):
    return np.log(np.maximum(values, FLOOR)) / math.log(base)


ENTROPY_MISTAKES = [
    (
        lambda p, y: -_cross_entropy(p, y),
        (
            "Your loss is negative where it should be positive: the logarithm of a probability is"
            " negative."
        ),
    ),
    (
        lambda p, y: _cross_entropy(p, y) * len(y),
        "That is the sum over the batch. The mean does not depend on how many faces a batch has.",
    ),
    (
        lambda p, y: -_log(_of_right_class(p, y), 2).mean(),
        (
            "Your logarithm has the base 2; we take the natural one, by which a coin has a loss of"
            " 0.69."
        ),
    ),
    (
        lambda p, y: -_log(_of_right_class(p, y), 10).mean(),
        (
            "Your logarithm has the base 10; we take the natural one, by which a coin has a loss of"
            " 0.69."
        ),
    ),
    (
        lambda p, y: -_log(p).mean(),
        "You average over all classes. Only the probability of the *right* class counts.",
    ),
    (
        lambda p, y: -_log(p).sum(axis=1).mean(),
        "You add up over all classes. Only the probability of the *right* class counts.",
    ),
    (
        lambda p, y: -_log(p[:, 0]).mean(),
        "You always take the first class; the right one is what `labels` says.",
    ),
    (
        lambda p, y: -_log(p.max(axis=1)).mean(),
        (
            "You take the class that the network holds for likeliest; the right one is what"
            " `labels` says."
        ),
    ),
    (
        lambda p, y: -np.log(_of_right_class(p, y)).mean(),
        "Without a floor one face that is sure and wrong makes the loss infinite.",
    ),
    (
        lambda p, y: -_log(_of_right_class(p, y).mean()),
        "You take the logarithm of the mean; take the mean of the logarithms.",
    ),
    (lambda p, y: (1 - _of_right_class(p, y)).mean(), "Where is the logarithm?"),
    (
        lambda p, y: -(_of_right_class(p, y) * _log(_of_right_class(p, y))).mean(),
        (
            "The logarithm is not weighted with the probability itself: the truth is 1 for the"
            " right class and 0 for the others."
        ),
    ),
]


def _entropy_stub(probabilities, labels): ...


def check_1(cross_entropy):
    """Check the mean loss of a batch."""

    def judge(call):
        def on_copies(title, probabilities, labels):
            given = probabilities.copy()
            answer = call(title, given, labels.copy())
            if not np.array_equal(given, probabilities):
                raise Refused("The probabilities that came in were changed: work on a copy.")
            return answer

        _judge(on_copies, BATCHES, _cross_entropy, ENTROPY_MISTAKES, "one number", 1e-5)
        return (
            "Being sure and wrong once costs as much as being unsure two dozen times. Networks"
            " learn to be careful from that."
        )

    return check("5-1", cross_entropy, _entropy_stub, judge)


# --- 5-2: early stopping --------------------------------------------------------------------------
RUNS = [
    ("losses that fall to the end", ([0.7, 0.6, 0.5, 0.4], 2)),
    ("one epoch", ([0.7], 3)),
    ("losses that rise from the start", ([0.5, 0.6, 0.7, 0.8, 0.9], 2)),
    ("a bump that the patience outlasts", ([0.7, 0.6, 0.65, 0.64, 0.5, 0.55, 0.56, 0.57, 0.1], 3)),
    ("a lower loss after training has ended", ([0.7, 0.6, 0.8, 0.8, 0.2], 2)),
    ("equal losses", ([0.7, 0.6, 0.6, 0.6, 0.6, 0.6], 2)),
    ("a patience of one", ([0.9, 0.8, 0.85, 0.1], 1)),
    ("losses that fall, but not below the best", ([0.7, 0.4, 0.6, 0.55, 0.5, 0.45, 0.3], 4)),
    ("losses that end while one is still waiting", ([0.7, 0.5, 0.6], 5)),
]


def _stopping(losses, patience, strict=True, slack=0, start=1, kept="best", previous=False):
    """Early stopping with every decision open to a mistake."""
    best, lowest, waited = 0, math.inf, 0
    for epoch, loss in enumerate(losses):
        better = loss < lowest if strict else loss <= lowest
        if better:
            best, waited = epoch, 0
        else:
            waited += 1
        lowest = loss if previous else min(lowest, loss)
        if waited >= patience + slack:
            break
    return (best if kept == "best" else epoch) + start, epoch + start


def _never_reset(losses, patience):
    best, lowest, waited = 0, math.inf, 0
    for epoch, loss in enumerate(losses):
        if loss < lowest:
            best, lowest = epoch, loss
        else:
            waited += 1
        if waited >= patience:
            break
    return best + 1, epoch + 1


STOPPING_MISTAKES = [
    (
        lambda losses, patience: _stopping(losses, patience, start=0),
        "You count epochs from 0; the first one is epoch 1.",
    ),
    (
        lambda losses, patience: _stopping(losses, patience, strict=False),
        "An equal loss is no progress, and does not make you wait anew.",
    ),
    (
        lambda losses, patience: _stopping(losses, patience, slack=1),
        (
            "You wait one epoch too long: with a patience of 2, training ends after the second"
            " epoch without progress."
        ),
    ),
    (
        lambda losses, patience: _stopping(losses, patience, slack=-1),
        "You give up one epoch too early.",
    ),
    (
        lambda losses, patience: _stopping(losses, patience, kept="last"),
        (
            "You keep the weights of the last epoch. Waiting is worth nothing unless the best ones"
            " are taken back."
        ),
    ),
    (
        lambda losses, patience: _stopping(losses, patience, previous=True),
        "Compare with the lowest loss so far, not with that of the epoch before.",
    ),
    (_never_reset, "After an epoch with progress the waiting starts anew."),
    (
        lambda losses, patience: (int(np.argmin(losses)) + 1, len(losses)),
        "You look at all losses. Training does not know what comes after it has ended.",
    ),
    (
        lambda losses, patience: (int(np.argmin(losses)) + 1, _stopping(losses, patience)[1]),
        "The epoch you keep may lie after the end of training, where nothing was computed.",
    ),
    (
        lambda losses, patience: _stopping(losses, patience)[::-1],
        (
            "You have exchanged the two: first the epoch that is kept, then the one after which"
            " training ends."
        ),
    ),
]


def _stopping_stub(losses, patience): ...


def check_2(early_stopping):
    """Check which epoch is kept, and when training ends."""

    def judge(call):
        _judge(
            lambda title, losses, patience: call(title, list(losses), patience),
            RUNS,
            _stopping,
            STOPPING_MISTAKES,
            "two numbers, (kept, end)",
        )
        return (
            "A patience that is too short takes every bump for the end; one that is too long only"
            " costs time, since the best weights are kept."
        )

    return check("5-2", early_stopping, _stopping_stub, judge)


# --- 5-3: warm-up and cosine ----------------------------------------------------------------------
STEPS = [
    (f"step {step} of {steps}, warm-up {warm_up}", (step, steps, highest, warm_up))
    for steps, highest, warm_up, asked in (
        (100, 1.0, 10, (0, 1, 5, 9, 10, 11, 40, 55, 90, 99, 100)),
        (50, 0.02, 5, (0, 4, 5, 20, 49, 50)),
        (40, 0.3, 0, (0, 1, 20, 40)),
    )
    for step in asked
]


def _rate(step, steps, highest, warm_up):
    if step < warm_up:
        return highest * step / warm_up
    return highest * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up))) / 2


def _falling(shape, counted_from_start=False):
    def rate(step, steps, highest, warm_up):
        if step < warm_up:
            return highest * step / warm_up
        gone = step / steps if counted_from_start else (step - warm_up) / (steps - warm_up)
        return highest * shape(gone)

    return rate


def _cosine(gone):
    return (1 + math.cos(math.pi * gone)) / 2


RATE_MISTAKES = [
    (lambda s, n, h, w: h * _cosine(s / n), "There is no warm-up: at step 0 the rate should be 0."),
    (
        _falling(_cosine, counted_from_start=True),
        (
            "Your cosine starts at step 0, so that it is not at its top when the warm-up ends:"
            " count its progress from the end of the warm-up."
        ),
    ),
    (
        _falling(lambda gone: 1 - gone),
        "After the warm-up your rate falls along a straight line, not a cosine.",
    ),
    (
        _falling(lambda gone: math.cos(math.pi * gone)),
        (
            "Your cosine goes down to the negative of the highest rate. It should end at 0: lift it"
            " and halve it."
        ),
    ),
    (
        _falling(lambda gone: math.cos(math.pi * gone / 2)),
        "That is a quarter of a cosine: it ends while it falls steepest. Half of one ends flat.",
    ),
    (
        _falling(lambda gone: (1 + math.cos(2 * math.pi * gone)) / 2),
        "That is a whole cosine: it comes up again. Half of one goes from top to bottom.",
    ),
    (
        _falling(lambda gone: (1 + math.cos(gone)) / 2),
        "A cosine goes from top to bottom in π, not in 1.",
    ),
    (
        _falling(lambda gone: 1 + math.cos(math.radians(180) * gone)),
        "At the end of the warm-up your rate is twice the highest one.",
    ),
    (_falling(lambda gone: 1.0), "After the warm-up your rate stays where it is."),
    (
        lambda s, n, h, w: h * (s + 1) / w if s < w else _rate(s, n, h, w),
        "At step 0 the rate should be 0; yours has taken a step already.",
    ),
    (lambda s, n, h, w: _rate(s, n, 1.0, w), "You don't use the highest rate."),
]


def _rate_stub(step, steps, highest, warm_up): ...


def check_3(learning_rate):
    """Check the learning rate with warm-up and cosine."""

    def judge(call):
        _judge(call, STEPS, _rate, RATE_MISTAKES, "one number")
        return (
            "Warm-up and cosine need no tuning but the highest rate; that is why nearly everybody"
            " uses them."
        )

    return check("5-3", learning_rate, _rate_stub, judge)


# --- 5-4: an interval by resampling people --------------------------------------------------------
def _people(count, each, share, seed):
    """Return answers and names of people who are right or wrong in all of their pictures alike."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(each[0], each[1], count, endpoint=True)
    right = np.repeat(rng.permutation(np.arange(count) < round(share * count)), sizes)
    names = np.repeat([f"p{number:03d}" for number in rng.permutation(count)], sizes)
    order = rng.permutation(len(right))
    return right[order], names[order]


def _draws(right, people, by="people", low=2.5, high=97.5, replace=True, error=False):
    """A bootstrap with every decision open to a mistake."""
    rng = np.random.default_rng(0)
    _, numbers = np.unique(people, return_inverse=True)
    count, sums, sizes = numbers.max() + 1, np.bincount(numbers, right), np.bincount(numbers)
    if by == "pictures":
        means = np.array([rng.choice(right, len(right), replace).mean() for _ in range(2000)])
    else:
        picked = rng.integers(0, count, (2000, count))
        means = (
            (sums[picked] / sizes[picked]).mean(axis=1)
            if by == "mean of people"
            else sums[picked].sum(axis=1) / sizes[picked].sum(axis=1)
        )
    if error:
        return means.mean() - means.std(), means.mean() + means.std()
    return np.percentile(means, low), np.percentile(means, high)


def _interval_stub(right, people, rng): ...


def check_4(interval):
    """Check the ends of an interval of the accuracy that resamples people."""

    def judge(call):
        def ends(title, right, people, seed=1):
            low, high = _numbers(
                call(title, right.copy(), people.copy(), np.random.default_rng(seed)),
                2,
                "two numbers, (low, high)",
            )
            if math.isnan(low + high):
                raise Refused(f"Not a number comes back for {title}.")
            if low > high:
                raise Refused("The lower end comes first.")
            if not (low >= -0.001 and high <= 1.001):
                raise Refused(
                    "An accuracy lies between 0 and 1, and so do the ends of its interval."
                )
            return low, high

        cases = {
            "80 people with three to nine pictures each": _people(80, (3, 9), 0.8, 1),
            "60 people with one to thirty pictures": _people(60, (1, 30), 0.7, 5),
            "400 people with one picture each": _people(400, (1, 1), 0.75, 3),
        }
        for title, (right, people) in cases.items():
            _judge_interval(ends(title, right, people), title, right, people)
        title, (right, people) = next(iter(cases.items()))
        again = [ends(title, right, people, seed) for seed in (1, 1, 2)]
        if again[0] != again[1]:
            raise Refused(
                "The same generator state gives different ends: draw from the `rng` that is handed"
                " over."
            )
        if ends("80 people who are always right", np.ones(len(right), bool), people) != (1.0, 1.0):
            raise Refused(
                "When all answers are right, every draw has an accuracy of 1, and so have both"
                " ends."
            )
        return (
            "When the pictures of a person stand or fall together, eighty people tell as much as"
            " eighty pictures, however many there are of each."
        )

    return check("5-4", interval, _interval_stub, judge)


# how the bootstrap goes wrong, how far its ends scatter as a share of the width, the hint
INTERVAL_MISTAKES = [
    (
        {"by": "pictures"},
        0.07,
        (
            "Your interval is too narrow: you draw pictures. Draw people, and take all pictures of"
            " each."
        ),
    ),
    (
        {"by": "mean of people"},
        0.07,
        (
            "You average the accuracies of people. Somebody with thirty pictures counts thirty"
            " times in the accuracy that the interval is for."
        ),
    ),
    ({"low": 5, "high": 95}, 0.07, "That is an interval of 90 %: cut off 2.5 % on either side."),
    (
        {"error": True},
        0.07,
        (
            "That is one standard deviation to either side, which holds two thirds of the draws. We"
            " want 95 %."
        ),
    ),
    ({"low": 0, "high": 95}, 0.3, "Cut off 2.5 % on *either* side."),
    (
        {"low": 0.025, "high": 0.975},
        0.3,
        (
            "Both of your ends lie below nearly all draws: does your function count in percent or"
            " in shares?"
        ),
    ),
    (
        {"low": 0, "high": 100},
        0.3,
        "Those are the smallest and the largest draw. We want the middle 95 %.",
    ),
]


def _judge_interval(found, title, right, people):
    wanted = bootstrap_interval(right, people, resamples=4000, seed=7)
    width = wanted[1] - wanted[0]

    def distance(ends):
        return max(abs(found[0] - ends[0]), abs(found[1] - ends[1])) / width

    if distance(wanted) < 0.07:
        return
    if found[0] == found[1]:
        raise Refused(
            "Both ends are the same: are people drawn *with* replacement, and anew each time?"
        )
    explanations = [
        (scatter, apart, hint)
        for options, scatter, hint in INTERVAL_MISTAKES
        if (apart := distance(_draws(right, people, **options))) < scatter
    ]
    if explanations:
        raise Refused(min(explanations)[2])
    raise Refused(
        f"For {title} your interval is too {'narrow' if found[1] - found[0] < width else 'wide'},"
        " or lies elsewhere."
    )


# --- 5-5: recall and precision --------------------------------------------------------------------
MATRICES = [
    ("the first class of two", (np.array([[30, 10], [5, 55]]), 0)),
    ("the second class of two", (np.array([[30, 10], [5, 55]]), 1)),
    ("three classes", (np.array([[7, 2, 1], [3, 20, 4], [0, 6, 57]]), 1)),
    ("a class that is always found", (np.array([[12, 0], [8, 80]]), 0)),
    ("a class that does not occur", (np.array([[0, 0], [8, 80]]), 0)),
    ("a class that is never said", (np.array([[0, 12], [0, 88]]), 0)),
]


def _share(part, whole):
    return part / whole if whole else math.nan


def _rates(counts, number):
    right = counts[number, number]
    return _share(right, counts[number].sum()), _share(right, counts[:, number].sum())


RATES_MISTAKES = [
    (
        lambda m, k: _rates(m, k)[::-1],
        (
            "You have exchanged the two, or rows and columns. Of those who *are* of the class, how"
            " many were found?"
        ),
    ),
    (
        lambda m, k: (_rates(m, k)[0],) * 2,
        "Both are the recall. Precision divides by all that were *said* to be of the class.",
    ),
    (
        lambda m, k: (_rates(m, k)[1],) * 2,
        "Both are the precision. Recall divides by all that *are* of the class.",
    ),
    (
        lambda m, k: (m[k, k] / m.sum(),) * 2,
        "You divide by all faces. Neither recall nor precision looks at all of them.",
    ),
    (lambda m, k: (np.trace(m) / m.sum(),) * 2, "That is the accuracy."),
    (lambda m, k: _rates(m, 0), "You always take class 0."),
    (lambda m, k: _rates(m, 1 - k if len(m) == 2 else k), "You took the other class."),
    (
        lambda m, k: tuple(0.0 if math.isnan(rate) else rate for rate in _rates(m, k)),
        "Where there is nothing to divide by, nothing is known: return nan, not 0.",
    ),
    (
        lambda m, k: tuple(1.0 if math.isnan(rate) else rate for rate in _rates(m, k)),
        "Where there is nothing to divide by, nothing is known: return nan, not 1.",
    ),
    (lambda m, k: (m[k, k], m[k, k]), "That is how many were found. Divide."),
    (
        lambda m, k: tuple(100 * rate for rate in _rates(m, k)),
        "Return shares from 0 to 1, not percent.",
    ),
    (lambda m, k: tuple(round(rate, 2) for rate in _rates(m, k)), "Don't round."),
    (
        lambda m, k: (
            _share(m[k, k], m[k].sum() - m[k, k]),
            _share(m[k, k], m[:, k].sum() - m[k, k]),
        ),
        "You divide by the mistakes only. The right ones belong to the whole as well.",
    ),
]


def _rates_stub(counts, number): ...


def check_5(recall_and_precision):
    """Check recall and precision of one class of a confusion matrix."""

    def judge(call):
        def quiet(title, counts, number):
            with np.errstate(all="ignore"):
                return call(title, counts.copy(), number)

        _judge(quiet, MATRICES, _rates, RATES_MISTAKES, "two numbers, (recall, precision)", 1e-9)
        return (
            "A guard who says *no mask* to everybody has a recall of 1 for it, and a poor"
            " precision. One number alone can always be bought."
        )

    return check("5-5", recall_and_precision, _rates_stub, judge)
