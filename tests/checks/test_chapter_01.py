"""Chapter 01: its checks accept every right answer and refuse wrong ones, each mistake with a hint
of its own.
"""

import json
from pathlib import Path

import imagehash
import numpy as np
import pytest
from every_exercise import *
from exercises import Exercises, accept_all, refuse_all
from PIL import Image, ImageOps
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, confusion_matrix
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from course_utils.checks import chapter_01
from course_utils.pictures.annotations import Box
from course_utils.profiles import SEED

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = Exercises(
    "01_data_collection",
    chapter_01,
    known={
        "np": np,
        "Image": Image,
        "SEED": SEED,
        "StratifiedGroupKFold": StratifiedGroupKFold,
        "cross_val_score": cross_val_score,
        "make_pipeline": make_pipeline,
        "StandardScaler": StandardScaler,
        "LogisticRegression": LogisticRegression,
    },
)


# --- 1-1
def right_clip(box, width, height):
    return EXERCISES.worked("exercise-1-1")(box, width, height)


@pytest.mark.parametrize(
    "write",
    [
        tuple,
        list,
        np.array,
        lambda corners: [float(corner) for corner in corners],
        lambda corners: Box("face", *corners),
    ],
)
def test_a_clipped_box_may_be_written_in_any_way(write):
    def clip_box(box, width, height):
        clipped = right_clip(box, width, height)
        return None if clipped is None else write(clipped)

    assert chapter_01.check_1(clip_box).state == "passed"


def test_each_mistake_with_a_box_has_its_hint():
    def none_if_empty(x_min, y_min, x_max, y_max):
        return (x_min, y_min, x_max, y_max) if x_min < x_max and y_min < y_max else None

    hints = refuse_all(
        chapter_01.check_1,
        {
            "never None": lambda b, w, h: (max(b[0], 0), max(b[1], 0), min(b[2], w), min(b[3], h)),
            "np.clip": lambda b, w, h: tuple(np.clip(b, 0, (w, h, w, h))),
            "exchanged": lambda b, w, h: none_if_empty(
                max(b[0], 0), max(b[1], 0), min(b[2], h), min(b[3], w)
            ),
            "last pixel": lambda b, w, h: none_if_empty(
                max(b[0], 0), max(b[1], 0), min(b[2], w - 1), min(b[3], h - 1)
            ),
            "only minima": lambda b, w, h: none_if_empty(max(b[0], 0), max(b[1], 0), b[2], b[3]),
            "only maxima": lambda b, w, h: none_if_empty(b[0], b[1], min(b[2], w), min(b[3], h)),
            "thrown away": lambda b, w, h: (
                b if b[0] >= 0 and b[1] >= 0 and b[2] <= w and b[3] <= h else None
            ),
            "moved": chapter_01._shift,
            "unchanged": lambda b, w, h: b,
            "width and height": (
                lambda b, w, h: (
                    (c := right_clip(b, w, h)) and (c[0], c[1], c[2] - c[0], c[3] - c[1])
                )
            ),
        },
    )
    assert len(set(hints.values())) == len(hints)
    # touching the border is not lying in the picture
    touching = chapter_01.check_1(
        lambda b, w, h: right_clip(b, w, h) or ((w, b[1], w, b[3]) if b[0] == w else None)
    )
    assert touching.state == "not yet" and "right border" in touching.hint


# --- 1-2
def by_table(one, two):
    """Kappa from the table of counts."""
    table = confusion_matrix(one, two) / len(one)
    by_chance = table.sum(axis=0) @ table.sum(axis=1)
    return (np.trace(table) - by_chance) / (1 - by_chance)


def without_numpy(one, two):
    one, two = list(one), list(two)
    chance = sum(one.count(label) * two.count(label) for label in set(one)) / len(one) ** 2
    return (sum(a == b for a, b in zip(one, two, strict=True)) / len(one) - chance) / (1 - chance)


def test_kappa_may_be_written_in_any_way():
    accept_all(
        chapter_01.check_2,
        [
            cohen_kappa_score,
            by_table,
            without_numpy,
            lambda one, two: np.array(cohen_kappa_score(one, two)),
        ],
    )


def test_each_mistake_with_kappa_has_its_hint():
    mistakes = [mistake for mistake, _ in chapter_01.KAPPA_MISTAKES]
    refuse_all(
        chapter_01.check_2,
        dict(enumerate([*mistakes, lambda one, two: round(cohen_kappa_score(one, two), 1)])),
    )


def test_every_kappa_of_the_check_is_that_of_scikit_learn():
    for what, (one, two) in chapter_01.LABELLINGS:
        assert chapter_01._kappa(one, two) == pytest.approx(cohen_kappa_score(one, two)), what


# --- 1-3
def test_a_mirrored_code_may_be_written_in_any_way():
    accept_all(
        chapter_01.check_3,
        [
            lambda code: np.fliplr(~code.reshape(8, 8)),
            lambda code: 1 - code.reshape(8, 8)[:, ::-1].ravel().astype(int),
            lambda code: [not code[8 * (i // 8) + 7 - i % 8] for i in range(64)],
            lambda code: np.logical_not(np.flip(code.reshape(8, 8), axis=1)).ravel(),
        ],
    )


def test_each_mistake_with_the_mirror_has_its_hint():
    refuse_all(
        chapter_01.check_3,
        {
            **dict(enumerate(mistake for mistake, _ in chapter_01.MIRROR_MISTAKES)),
            "numbers": lambda code: ~code.reshape(8, 8)[:, ::-1].astype(int),
            "one row": lambda code: ~code[:8],
            "all alike": lambda code: np.ones(64, bool),
        },
    )


def test_the_mirrored_code_is_that_of_the_mirrored_picture():
    """No two of its pixels are equal; Pillow mirrors it, imagehash hashes it."""
    greys = np.random.default_rng(SEED).permutation(72).astype(np.uint8)
    grey = Image.fromarray(greys.reshape(8, 9))
    code = imagehash.dhash(grey).hash.ravel()
    assert np.array_equal(
        chapter_01._mirrored(code), imagehash.dhash(ImageOps.mirror(grey)).hash.ravel()
    )


# --- 1-4
def right_split(groups, test_share, seed):
    return EXERCISES.worked("exercise-1-4")(groups, test_share, seed)


def shuffle_split(groups, test_share, seed):
    return next(
        GroupShuffleSplit(1, test_size=test_share, random_state=seed).split(groups, groups=groups)
    )


def as_masks(groups, test_share, seed):
    in_test = np.zeros(len(groups), bool)
    in_test[right_split(groups, test_share, seed)[1]] = True
    return ~in_test, in_test


def one_by_one(groups, test_share, seed):
    import random

    names = sorted(set(groups.tolist()))
    random.Random(seed).shuffle(names)
    test = []
    for name in names:
        if len(test) < test_share * len(groups):
            test += [i for i, group in enumerate(groups) if group == name]
    return [i for i in range(len(groups)) if i not in set(test)], test


def as_sets(groups, test_share, seed):
    return tuple(set(part.tolist()) for part in right_split(groups, test_share, seed))


def as_where(groups, test_share, seed):
    return tuple(np.where(part) for part in as_masks(groups, test_share, seed))


@pytest.mark.parametrize("split", [shuffle_split, as_masks, one_by_one, as_sets, as_where])
def test_a_split_may_be_made_in_any_way(split):
    assert chapter_01.check_4(split).state == "passed"


def test_each_mistake_with_the_split_has_its_hint():
    def pictures(groups, test_share, seed):
        return train_test_split(np.arange(len(groups)), test_size=test_share, random_state=seed)

    def always_the_same(groups, test_share, seed):
        return right_split(groups, test_share, 0)

    def never_the_same(groups, test_share, seed):
        return right_split(groups, test_share, np.random.SeedSequence().entropy)

    def one_a_group(groups, test_share, seed):
        return pictures(np.unique(groups, return_index=True)[1], test_share, seed)

    def keep_one(groups, test_share, seed):
        train, test = right_split(groups, test_share, seed)
        first = np.unique(groups, return_index=True)[1]
        return np.intersect1d(train, first), np.intersect1d(test, first)

    def names(groups, test_share, seed):
        train, test = right_split(groups, test_share, seed)
        return groups[train].astype(str), groups[test].astype(str)

    def overlap(groups, test_share, seed):
        return np.arange(len(groups)), right_split(groups, test_share, seed)[1]

    hints = refuse_all(
        chapter_01.check_4,
        {
            "pictures": pictures,
            "always the same": always_the_same,
            "never the same": never_the_same,
            "keep one": keep_one,
            "names": names,
            "overlap": overlap,
            "exchanged": lambda *arguments: right_split(*arguments)[::-1],
            "half": lambda groups, test_share, seed: right_split(groups, 0.5, seed),
            "one part": lambda *arguments: right_split(*arguments)[1],
            "from 1": lambda *arguments: tuple(part + 1 for part in right_split(*arguments)),
        },
    )
    assert len(set(hints.values())) == len(hints), hints
    assert chapter_01.check_4(one_a_group).state == "not yet"


# --- 1-5
RING = np.ones((8, 8), bool)
RING[1:-1, 1:-1] = False


def linear():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))


def experiment(
    model=None,
    mask=RING,
    parts=StratifiedGroupKFold(5, shuffle=True, random_state=0),
    scoring="balanced_accuracy",
    by_group=True,
):
    def border_accuracy(tiny, labels, groups):
        features = (tiny * mask[:, :, None]).reshape(len(tiny), -1)
        return cross_val_score(
            model or linear(),
            features,
            labels,
            cv=parts,
            scoring=scoring,
            groups=groups if by_group else None,
        ).mean()

    return border_accuracy


def by_prediction(tiny, labels, groups):
    answers = cross_val_predict(
        RidgeClassifier(10, class_weight="balanced"),
        tiny[:, RING].reshape(len(tiny), -1),
        labels,
        groups=groups,
        cv=GroupKFold(5),
    )
    return balanced_accuracy_score(labels, answers)


def by_hand(tiny, labels, groups):
    train, test = next(
        GroupShuffleSplit(1, test_size=0.3, random_state=0).split(tiny, groups=groups)
    )
    features = np.concatenate(
        [tiny[:, 0], tiny[:, 7], tiny[:, 1:7, 0], tiny[:, 1:7, 7]], axis=1
    ).reshape(len(tiny), -1)
    answers = KNeighborsClassifier(15).fit(features[train], labels[train]).predict(features[test])
    return float(
        np.mean([np.mean(answers[labels[test] == label] == label) for label in (False, True)])
    )


@pytest.mark.parametrize(
    "answer", [experiment(), experiment(parts=GroupKFold(4)), by_prediction, by_hand]
)
def test_the_experiment_may_be_made_in_any_way(answer):
    assert str(chapter_01.check_5(answer)).startswith("✔")


def test_each_mistake_with_the_experiment_has_its_hint():
    wide = np.ones((8, 8), bool)
    wide[2:-2, 2:-2] = False
    top = np.zeros((8, 8), bool)
    top[0] = True

    def on_training_pictures(tiny, labels, groups):
        features = tiny[:, RING].reshape(len(tiny), -1)
        return balanced_accuracy_score(labels, linear().fit(features, labels).predict(features))

    hints = refuse_all(
        chapter_01.check_5,
        {
            "everything": experiment(mask=np.ones((8, 8), bool)),
            "wide": experiment(mask=wide),
            "plain accuracy": experiment(scoring="accuracy"),
            "pictures": experiment(parts=KFold(5, shuffle=True, random_state=0), by_group=False),
            "training": on_training_pictures,
            "top only": experiment(mask=top),
            "percent": lambda *arguments: 100 * experiment()(*arguments),
            "inside only": experiment(mask=~RING),
            "error": lambda *arguments: 1 - experiment()(*arguments),
            "constant": lambda *arguments: 0.5,
        },
        different=False,
    )
    assert (
        len(
            {
                hints[name]
                for name in (
                    "everything",
                    "wide",
                    "plain accuracy",
                    "pictures",
                    "training",
                    "top only",
                    "percent",
                )
            }
        )
        == 7
    ), hints


# --- the figures of the reference run
def test_the_reference_run_says_where_it_comes_from():
    reference = json.loads(
        (ROOT / "data" / "reference" / "01_data_collection.json").read_text(encoding="utf-8")
    )
    assert reference["profile"] == "real" and reference["command"].endswith(
        "course run 01 --profile real"
    )
    assert (
        reference["metrics"]["pictures"] == 3303
        and reference["seed"] == SEED
        and reference["versions"]
        and reference["machine"]
    )
    assert "/" not in reference["machine"] and set(reference["separability"]) == {
        "all 64 pixels",
        "border, 28 pixels",
        "upper border, 14 pixels",
        "width and height, 0 pixels",
    }
