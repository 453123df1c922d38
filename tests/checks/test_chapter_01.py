"""Chapter 01: its checks accept every right answer and refuse wrong ones, each mistake with a hint
of its own.
"""

import json
from fractions import Fraction
from pathlib import Path

import cv2
import imagehash
import numpy as np
import pytest
from every_exercise import *
from exercises import Exercises, refuse_all
from PIL import Image, ImageOps
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import balanced_accuracy_score
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
    values=("exercise-1-3",),
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
def grey_rows(picture, resample=Image.Resampling.LANCZOS, size=(8, 9)):
    return np.asarray(Image.fromarray(picture).convert("L").resize(size, resample)).astype(int)


RIGHT_HASHES = {
    "imagehash": lambda p: imagehash.dhash_vertical(Image.fromarray(p)),
    "text of imagehash": lambda p: str(imagehash.dhash_vertical(Image.fromarray(p))),
    "two dimensions": lambda p: np.diff(grey_rows(p), axis=0) > 0,
    "whole numbers": (
        lambda p: (np.diff(grey_rows(p), axis=0) > 0).astype(np.uint8).ravel().tolist()
    ),
    "one whole number": lambda p: sum(
        int(bit) << place for place, bit in enumerate((np.diff(grey_rows(p), axis=0) > 0).ravel())
    ),
    "bytes": lambda p: np.packbits(np.diff(grey_rows(p), axis=0) > 0).tobytes(),
    "zeros and ones": lambda p: "".join(
        "01"[bit] for bit in (np.diff(grey_rows(p), axis=0) > 0).astype(int).ravel()
    ),
    "column by column": lambda p: (np.diff(grey_rows(p), axis=0) > 0).T.ravel(),
    "is it darker": lambda p: (np.diff(grey_rows(p), axis=0) < 0).ravel(),
    "box filter": lambda p: (np.diff(grey_rows(p, Image.Resampling.BOX), axis=0) > 0).ravel(),
    "bicubic": lambda p: (np.diff(grey_rows(p, Image.Resampling.BICUBIC), axis=0) > 0).ravel(),
    "opencv": (
        lambda p: (
            np.diff(
                cv2.resize(
                    cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), (8, 9), interpolation=cv2.INTER_AREA
                ).astype(float),
                axis=0,
            )
            > 0
        ).ravel()
    ),
    "mean of the colours": (
        lambda p: (
            np.diff(
                np.asarray(Image.fromarray(p.mean(axis=2).astype(np.uint8)).resize((8, 9))).astype(
                    int
                ),
                axis=0,
            )
            > 0
        ).ravel()
    ),
    "sideways on the turned picture": lambda p: imagehash.dhash(
        Image.fromarray(np.ascontiguousarray(p.transpose(1, 0, 2)))
    ),
}


@pytest.mark.parametrize("name", RIGHT_HASHES)
def test_a_hash_may_be_written_in_any_way(name):
    assert str(chapter_01.check_2(RIGHT_HASHES[name])).startswith("✔")


def test_each_mistake_with_the_hash_has_its_hint():
    hints = refuse_all(
        chapter_01.check_2,
        {
            "sideways": lambda p: imagehash.dhash(Image.fromarray(p)),
            "width and height": lambda p: (np.diff(grey_rows(p, size=(9, 8)), axis=0) > 0).ravel(),
            "eight rows": lambda p: (np.diff(grey_rows(p, size=(8, 8)), axis=0) > 0).ravel(),
            "first with last": (
                lambda p: (
                    np.roll(grey_rows(p, size=(8, 8)), -1, axis=0) > grey_rows(p, size=(8, 8))
                ).ravel()
            ),
            "mean": lambda p: imagehash.average_hash(Image.fromarray(p)),
            "uint8": lambda p: (np.diff(grey_rows(p).astype(np.uint8), axis=0) > 0).ravel(),
            "colours": (
                lambda p: (
                    np.diff(np.asarray(Image.fromarray(p).resize((8, 9))).astype(int), axis=0) > 0
                ).ravel()
            ),
            "differences": lambda p: np.diff(grey_rows(p), axis=0).ravel(),
            "one answer": lambda p: True,
            "corner": (
                lambda p: (
                    np.diff(
                        cv2.resize(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)[:48, :48], (8, 9)).astype(
                            int
                        ),
                        axis=0,
                    )
                    > 0
                ).ravel()
            ),
            "same for all": lambda p: np.ones(64, bool),
        },
    )
    assert len(set(hints.values())) == len(hints), hints


# --- 1-3
@pytest.mark.parametrize(
    "value",
    [
        0.9984,
        0.998,
        1 - 0.2**4,
        1 - Fraction(1, 625),
        np.float32(0.9984),
        "99.84 %",
        "99,8%",
        "0.9984",
        99.84,
        "99.8 percent",
    ],
)
def test_the_prediction_may_be_written_in_any_way(value):
    assert chapter_01.check_3(value).state == "passed"


def test_each_wrong_prediction_has_its_hint():
    values = [
        1,
        1.0,
        "100 %",
        0.8,
        "80 %",
        80,
        0.2,
        0.0016,
        0.4096,
        "41 %",
        0.59,
        1 - 0.2**5,
        0.992,
        0.95,
        0.5,
        0,
        -1,
        200,
        "much",
        True,
        [0.9984, 1],
        float("nan"),
    ]
    verdicts = [chapter_01.check_3(value) for value in values]
    assert {verdict.state for verdict in verdicts} == {"not yet"}
    assert len({verdict.hint for verdict in verdicts}) >= 11


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


def test_the_embedded_pictures_give_a_hash_imagehash_agrees_with():
    picture = np.asarray(ImageOps.mirror(Image.fromarray(chapter_01._clouds(3))))
    assert (
        np.sum(
            chapter_01._expected_code(picture)
            != imagehash.dhash_vertical(Image.fromarray(picture)).hash.ravel()
        )
        == 0
    )
