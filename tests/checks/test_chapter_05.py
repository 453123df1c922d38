"""Chapter 05: its checks accept every right answer and refuse wrong ones with a hint each; its loop
computes what it says.
"""

import math

import numpy as np
from every_exercise import *
from exercises import Exercises, accept_all, refuse_all

from course_utils import quiet
from course_utils.checks import chapter_05
from course_utils.evaluation import bootstrap_interval

EXERCISES = Exercises(
    "05_training",
    chapter_05,
    known={"np": np},
    no_answers=(lambda *arguments: (float("nan"), float("inf")),),
)


# --- 5-1
def of_right(p, y):
    return p[np.arange(len(y)), y]


def with_keras(p, y):
    return quiet.import_keras().losses.sparse_categorical_crossentropy(y, p).numpy().mean()


def test_cross_entropy_may_be_written_in_any_way():
    accept_all(
        chapter_05.check_1,
        [
            lambda p, y: -np.log(of_right(p, y).clip(1e-7)).mean(),
            lambda p, y: float(np.mean([-math.log(max(row[k], 1e-7)) for row, k in zip(p, y)])),
            lambda p, y: np.float32(
                -np.log(np.maximum(np.take_along_axis(p, y[:, None], 1), 1e-7)).mean()
            ),
            with_keras,
            lambda p, y: (
                -np.log(np.clip((p * np.eye(p.shape[1])[y]).sum(1), 1e-7, 1 - 1e-7)).mean()
            ),
        ],
    )


def test_each_mistake_with_cross_entropy_has_its_hint():
    def floored(values):
        return np.log(np.maximum(values, 1e-7))

    def in_place(p, y):
        p[:] = np.maximum(p, 1e-7)
        return -np.log(of_right(p, y)).mean()

    refuse_all(
        chapter_05.check_1,
        {
            "sign": lambda p, y: floored(of_right(p, y)).mean(),
            "sum": lambda p, y: -floored(of_right(p, y)).sum(),
            "base 2": lambda p, y: -floored(of_right(p, y)).mean() / np.log(2),
            "base 10": lambda p, y: -floored(of_right(p, y)).mean() / np.log(10),
            "all classes": lambda p, y: -floored(p).mean(),
            "sum of classes": lambda p, y: -floored(p).sum(1).mean(),
            "first class": lambda p, y: -floored(p[:, 0]).mean(),
            "likeliest": lambda p, y: -floored(p.max(1)).mean(),
            "no floor": lambda p, y: -np.log(of_right(p, y)).mean(),
            "log of mean": lambda p, y: -floored(of_right(p, y).mean()),
            "no log": lambda p, y: 1 - of_right(p, y).mean(),
            "entropy": lambda p, y: -(of_right(p, y) * floored(of_right(p, y))).mean(),
            "changed": in_place,
            "per face": lambda p, y: -floored(of_right(p, y)),
            "other": lambda p, y: 1.01 * -floored(of_right(p, y)).mean(),
        },
    )


# --- 5-2
def by_index(losses, patience):
    kept = 0
    for epoch in range(len(losses)):
        kept = int(np.argmin(losses[: epoch + 1]))
        if epoch - kept >= patience:
            break
    return [kept + 1, epoch + 1]


def test_early_stopping_may_be_written_in_any_way():
    accept_all(
        chapter_05.check_2,
        [
            by_index,
            lambda losses, patience: np.array(by_index(losses, patience)),
            lambda losses, patience: tuple(map(float, by_index(losses, patience))),
        ],
    )


def test_each_mistake_with_early_stopping_has_its_hint():
    def equal_is_progress(losses, patience):
        best, lowest, waited = 0, math.inf, 0
        for epoch, loss in enumerate(losses, 1):
            best, lowest, waited = (
                (epoch, loss, 0) if loss <= lowest else (best, lowest, waited + 1)
            )
            if waited >= patience:
                break
        return best, epoch

    def waits(losses, patience, slack):
        return by_index(losses, patience + slack)

    def with_the_one_before(losses, patience):
        best, waited = 1, 0
        for epoch in range(2, len(losses) + 1):
            best, waited = (
                (epoch, 0) if losses[epoch - 1] < losses[epoch - 2] else (best, waited + 1)
            )
            if waited >= patience:
                return best, epoch
        return best, len(losses)

    def never_anew(losses, patience):
        best, waited = 0, -1
        for epoch in range(len(losses)):
            if losses[epoch] < losses[best]:
                best = epoch
            else:
                waited += 1
            if waited >= patience:
                break
        return best + 1, epoch + 1

    refuse_all(
        chapter_05.check_2,
        {
            "from 0": lambda losses, patience: [epoch - 1 for epoch in by_index(losses, patience)],
            "equal": equal_is_progress,
            "too long": lambda *a: waits(*a, 1),
            "too early": lambda *a: waits(*a, -1),
            "last weights": lambda *a: (by_index(*a)[1],) * 2,
            "one before": with_the_one_before,
            "not reset": never_anew,
            "all": lambda losses, patience: (int(np.argmin(losses)) + 1, len(losses)),
            "future": lambda losses, patience: (
                int(np.argmin(losses)) + 1,
                by_index(losses, patience)[1],
            ),
            "exchanged": lambda *a: by_index(*a)[::-1],
            "one number": lambda *a: by_index(*a)[0],
        },
    )


# --- 5-3
def right_rate(step, steps, highest, warm_up):
    return (
        highest * step / warm_up
        if step < warm_up
        else highest * math.cos(math.pi / 2 * (step - warm_up) / (steps - warm_up)) ** 2
    )


def with_keras_schedule(step, steps, highest, warm_up):
    if step < warm_up:
        return highest * step / warm_up
    return float(
        quiet.import_keras().optimizers.schedules.CosineDecay(highest, steps - warm_up)(
            step - warm_up
        )
    )


def test_the_schedule_may_be_written_in_any_way():
    accept_all(
        chapter_05.check_3,
        [
            right_rate,
            lambda *a: np.float64(right_rate(*a)),
            lambda *a: [right_rate(*a)],
            with_keras_schedule,
        ],
    )


def test_each_mistake_with_the_schedule_has_its_hint():
    def after(shape):
        return lambda s, n, h, w: h * s / w if s < w else h * shape((s - w) / (n - w))

    refuse_all(
        chapter_05.check_3,
        {
            "no warm-up": lambda s, n, h, w: right_rate(s, n, h, 0),
            "from the start": lambda s, n, h, w: (
                h * s / w if s < w else h * (1 + math.cos(math.pi * s / n)) / 2
            ),
            "line": after(lambda gone: 1 - gone),
            "not lifted": after(lambda gone: math.cos(math.pi * gone)),
            "quarter": after(lambda gone: math.cos(math.pi * gone / 2)),
            "whole": after(lambda gone: (1 + math.cos(2 * math.pi * gone)) / 2),
            "no pi": after(lambda gone: (1 + math.cos(gone)) / 2),
            "twice": after(lambda gone: 1 + math.cos(math.pi * gone)),
            "constant": after(lambda gone: 1),
            "one step on": lambda s, n, h, w: h * (s + 1) / w if s < w else right_rate(s, n, h, w),
            "highest is 1": lambda s, n, h, w: right_rate(s, n, 1, w),
            "near": lambda *a: 1.01 * right_rate(*a),
        },
    )


# --- 5-4
def loop(right, people, rng):
    names = np.unique(people)
    answers = {name: right[people == name] for name in names}
    means = [
        np.concatenate([answers[name] for name in rng.choice(names, len(names))]).mean()
        for _ in range(2000)
    ]
    return np.quantile(means, [0.025, 0.975])


def drawing(right, people, rng, low=2.5, high=97.5, mean_of_people=False):
    _, numbers = np.unique(people, return_inverse=True)
    sums, sizes = np.bincount(numbers, right), np.bincount(numbers)
    drawn = rng.integers(0, len(sizes), (2000, len(sizes)))
    means = (
        (sums[drawn] / sizes[drawn]).mean(1)
        if mean_of_people
        else sums[drawn].sum(1) / sizes[drawn].sum(1)
    )
    return np.percentile(means, (low, high))


def test_an_interval_may_be_drawn_in_any_way():
    accept_all(
        chapter_05.check_4,
        [
            loop,
            drawing,
            lambda right, people, rng: (
                bootstrap_interval(right, people, seed=int(rng.integers(10**6)))
                if not right.all()
                else (1.0, 1.0)
            ),
        ],
    )


def test_each_mistake_with_the_interval_has_its_hint():
    def pictures(right, people, rng):
        return np.percentile(
            [rng.choice(right, len(right)).mean() for _ in range(2000)], (2.5, 97.5)
        )

    def one_deviation(right, people, rng):
        low, high = drawing(right, people, rng, 16, 84)
        return low, high

    def own_generator(right, people, rng):
        return drawing(right, people, np.random.default_rng())

    def without_replacement(right, people, rng):
        return np.percentile([rng.permutation(right).mean() for _ in range(200)], (2.5, 97.5))

    refuse_all(
        chapter_05.check_4,
        {
            "pictures": pictures,
            "mean of people": lambda *a: drawing(*a, mean_of_people=True),
            "90 %": lambda *a: drawing(*a, 5, 95),
            "one side": lambda *a: drawing(*a, 0, 95),
            "shares for percent": lambda *a: drawing(*a, 0.025, 0.975),
            "deviation": one_deviation,
            "own generator": own_generator,
            "without replacement": without_replacement,
            "exchanged": lambda *a: drawing(*a)[::-1],
            "percent": lambda *a: 100 * drawing(*a),
            "extremes": lambda *a: drawing(*a, 0, 100),
        },
    )


# --- 5-5
def right_rates(m, k):
    with np.errstate(all="ignore"):
        return np.array([np.float64(m[k, k]) / m[k].sum(), np.float64(m[k, k]) / m[:, k].sum()])


def test_recall_and_precision_may_be_written_in_any_way():
    accept_all(
        chapter_05.check_5,
        [
            right_rates,
            lambda m, k: tuple(right_rates(m, k)),
            lambda m, k: (m[k, k] / m.sum(1)[k], m[k, k] / m.sum(0)[k]),
        ],
    )


def test_each_mistake_with_recall_and_precision_has_its_hint():
    refuse_all(
        chapter_05.check_5,
        {
            "exchanged": lambda m, k: right_rates(m, k)[::-1],
            "recall twice": lambda m, k: right_rates(m, k)[[0, 0]],
            "precision twice": lambda m, k: right_rates(m, k)[[1, 1]],
            "all faces": lambda m, k: (m[k, k] / m.sum(),) * 2,
            "accuracy": lambda m, k: (np.trace(m) / m.sum(),) * 2,
            "class 0": lambda m, k: right_rates(m, 0),
            "other class": lambda m, k: right_rates(m, 1 - k if len(m) == 2 else k),
            "zero": lambda m, k: np.nan_to_num(right_rates(m, k)),
            "one": lambda m, k: np.nan_to_num(right_rates(m, k), nan=1),
            "counts": lambda m, k: (m[k, k], m[k, k]),
            "percent": lambda m, k: 100 * right_rates(m, k),
            "rounded": lambda m, k: right_rates(m, k).round(2),
            "odds": lambda m, k: (
                np.float64(m[k, k]) / (m[k].sum() - m[k, k]),
                np.float64(m[k, k]) / (m[:, k].sum() - m[k, k]),
            ),
        },
    )
    assert "first class of two" in chapter_05.check_5(lambda m, k: 0.99 * right_rates(m, k)).hint
