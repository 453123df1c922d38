"""Evaluation: intervals, tests and counts against their textbooks; faces made small; what a model
says, by a network made by hand.
"""

import os
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import stats

from course_utils import models, quiet
from course_utils.errors import CourseError
from course_utils.evaluation import (
    bootstrap_interval,
    compiled,
    confusion_matrix,
    job,
    latency,
    mcnemar,
    per_class,
    predict,
    scores,
    shrink_face,
)
from course_utils.evaluation.predicting import random_size
from course_utils.training import pipeline

keras = quiet.import_keras()


# --- statistics
def test_the_interval_is_that_of_the_normal_approximation_without_groups():
    right = np.arange(1000) % 10 < 8
    low, high = bootstrap_interval(right)
    error = 1.96 * np.sqrt(0.8 * 0.2 / 1000)
    assert low == pytest.approx(0.8 - error, abs=0.003) and high == pytest.approx(
        0.8 + error, abs=0.003
    )


def test_ten_pictures_of_a_person_tell_as_much_as_one():
    people = np.random.default_rng(1).random(100) < 0.7
    alone = bootstrap_interval(people)
    tenfold = bootstrap_interval(np.repeat(people, 10), np.repeat(np.arange(100), 10))
    naive = bootstrap_interval(np.repeat(people, 10))
    assert tenfold == pytest.approx(alone, abs=0.01)
    assert np.ptp(naive) < 0.4 * np.ptp(tenfold)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(5)
    hits = 0
    for repeat in range(200):
        chance = np.clip(random.normal(0.8, 0.15, 40), 0, 1)  # every person has an own chance
        truth, groups = (
            0.797,
            np.repeat(np.arange(40), 5),
        )  # the mean of the clipped normal distribution
        low, high = bootstrap_interval(
            random.random(200) < chance[groups], groups, resamples=500, seed=repeat
        )
        hits += low <= truth <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_intervals_at_the_edge_and_of_nothing():
    low, high = bootstrap_interval(np.ones(20, bool))
    assert (low, high) == (pytest.approx(0.025 ** (1 / 20)), 1)  # Clopper and Pearson's closed form
    assert bootstrap_interval([1, 1, 1, 1], ["p", "p", "q", "q"])[0] < low
    assert bootstrap_interval(np.zeros(20))[1] == pytest.approx(1 - low)
    assert (
        np.isnan(bootstrap_interval([])).all()
        and np.isnan(bootstrap_interval([0, 1], ["p", "p"])).all()
    )


def test_the_seed_decides_the_interval():
    values = np.random.default_rng(0).random(30)
    assert (
        bootstrap_interval(values, seed=1)
        == bootstrap_interval(values, seed=1)
        != bootstrap_interval(values, seed=2)
    )


def test_mcnemar_is_the_exact_binomial_test():
    first = np.array([1] * 50 + [1] * 9 + [0] * 2 + [0] * 10, bool)
    second = np.array([1] * 50 + [0] * 9 + [1] * 2 + [0] * 10, bool)
    compared = mcnemar(first, second)
    assert (compared.only_first, compared.only_second) == (9, 2)
    assert (
        compared.p_value
        == pytest.approx(2 * stats.binom.cdf(2, 11, 0.5))
        == mcnemar(second, first).p_value
    )
    assert mcnemar(first, first).p_value == 1
    with pytest.raises(ValueError, match="same pictures"):
        mcnemar([True], [True, False])


def test_the_published_confusion_matrix_gives_the_published_figures():
    """A student project's ResNet-34 on 813 faces of a camera: recall 0.8105 / 0.9340, precision
    0.9000 / 0.8710.
    """
    names = ("without_mask", "with_mask")
    labels = np.repeat(names, [343, 470])
    predicted = np.concatenate([np.repeat(names, [278, 65]), np.repeat(names, [31, 439])])
    assert confusion_matrix(labels, predicted, names).to_numpy().tolist() == [[278, 65], [31, 439]]
    each = per_class(labels, predicted, names)
    assert each["recall"].round(4).tolist() == [0.8105, 0.9340] and each[
        "precision"
    ].tolist() == pytest.approx([0.9000, 0.8710], abs=5e-4)
    assert each["pictures"].tolist() == [343, 470]


def test_scores_are_accuracy_recall_and_precision_in_per_cent():
    truth, said = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 1])
    found = scores(truth, said, ("a", "b"))
    assert found == {
        "accuracy": 80,
        "recall a": 50,
        "precision a": 100,
        "recall b": 100,
        "precision b": 75,
    }
    assert np.isnan(scores(truth, np.ones(5, int), ("a", "b"))["precision a"])


def test_what_never_occurs_has_no_recall():
    each = per_class(["a", "a"], ["a", "b"], ("a", "b"))
    assert np.isnan(each.loc["b", "recall"]) and each.loc["b", "precision"] == 0


# --- small faces
def checkered(height, width, cell=1):
    y, x = np.mgrid[:height, :width] // cell
    return np.repeat(((x + y) % 2 * 255).astype(np.uint8)[:, :, None], 3, axis=2)


def test_a_shrunk_face_has_lost_what_its_pixels_can_not_hold():
    fine, coarse = checkered(128, 128), checkered(128, 128, 32)
    assert (
        shrink_face(fine, None, 16, 64).std() < 1 and pipeline.cut_face(fine, None, 128).std() > 100
    )
    assert np.abs(shrink_face(coarse, None, 32, 128).astype(int) - coarse).mean() < 25


def test_the_face_is_measured_not_the_picture_and_the_aspect_is_kept():
    picture = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    box = (100, 50, 180, 150)  # 80 x 100
    shrunk = shrink_face(
        picture, box, 20, 96
    )  # a quarter; the cut with its margin is 120 x 150, so 30 x 38
    cut = (
        Image.fromarray(picture[25:175, 80:200])
        .resize((30, 38), Image.Resampling.BOX)
        .resize((96, 96), Image.Resampling.BILINEAR)
    )
    assert np.array_equal(shrunk, np.asarray(cut))


def test_nearest_keeps_single_pixels_where_averaging_makes_grey():
    fine = checkered(128, 128)
    single = shrink_face(fine, None, 16, 16, Image.Resampling.NEAREST)
    assert (
        set(np.unique(single)) <= set(np.unique(fine))
        and np.ptp(shrink_face(fine, None, 16, 16)) < 3
    )


def test_a_face_that_is_small_already_stays_as_it_is():
    picture = np.random.default_rng(0).integers(0, 256, (24, 20, 3), np.uint8)
    assert np.array_equal(shrink_face(picture, None, 20, 64), pipeline.cut_face(picture, None, 64))


def test_sizes_are_drawn_by_name_within_the_range():
    sizes = [random_size(f"{number}.jpg", (10, 13), 0) for number in range(400)]
    assert set(sizes) == {10, 11, 12, 13} and min(np.bincount(sizes)[10:]) > 70
    assert random_size("7.jpg", (10, 13), 0) == sizes[7]
    assert sizes != [random_size(f"{number}.jpg", (10, 13), 1) for number in range(400)]


# --- a model by hand
def bright_or_dark(size=16):
    """Says "bright" with the probability that the mean of the picture, 0 to 255, is of 255."""
    picture = keras.Input((size, size, 3), name="picture")
    mean = keras.layers.GlobalAveragePooling2D()(picture)
    dense = keras.layers.Dense(2, activation=None, name="probabilities")
    model = keras.Model(picture, dense(mean))
    dense.set_weights([np.array([[1, -1]] * 3, np.float32) / 3 / 255, np.array([0, 1], np.float32)])
    return model


@pytest.fixture
def folder(tmp_path):
    """Four bright, four dark pictures; one of each lies about its class; two are unreadable."""
    for label, values in (("bright", (200, 220, 240, 40)), ("dark", (10, 30, 60, 180))):
        for number, value in enumerate(values):
            path = tmp_path / "set é" / label / f"{number}{label}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new(
                "L" if number else "RGBA", (30, 20), value if number else (value, value, value, 255)
            ).save(path)
    (tmp_path / "set é/dark/9.jpg").write_bytes(b"")
    damaged = tmp_path / "set é/bright/8.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 30, 3), np.uint8)).save(damaged)
    damaged.write_bytes(damaged.read_bytes()[:1000])
    return tmp_path / "set é"


@pytest.fixture
def saved(tmp_path):
    models.save(bright_or_dark(), tmp_path / "model.keras", ("bright", "dark"))
    return tmp_path / "model.keras"


def test_predictions_name_class_confidence_and_probabilities(folder):
    table = pd.DataFrame(
        {
            "picture": ["dark/1dark.png", "bright/0bright.png", "dark/9.jpg"],
            "label": ["dark", "bright", "dark"],
        }
    )
    problems = []
    said = predict(bright_or_dark(), ("bright", "dark"), table, folder, problems=problems, batch=1)
    assert list(said["picture"]) == ["dark/1dark.png", "bright/0bright.png"] and list(
        said["predicted"]
    ) == ["dark", "bright"]
    assert said["p_bright"].tolist() == pytest.approx([30 / 255, 200 / 255]) and said[
        "confidence"
    ].tolist() == pytest.approx([1 - 30 / 255, 200 / 255])
    assert len(problems) == 1 and "9.jpg" in problems[0]
    with pytest.raises(CourseError, match="9.jpg"):
        predict(bright_or_dark(), ("bright", "dark"), table, folder)


def test_the_report_counts_what_can_be_counted_by_hand(folder, saved, tmp_path):
    report = job.evaluate(saved, folder, predictions=tmp_path / "said.csv")
    assert (report.pictures, report.accuracy, report.confusion.to_numpy().tolist()) == (
        8,
        0.75,
        [[3, 1], [1, 3]],
    )
    assert (
        len(report.skipped) == 2 and "8.png" in report.skipped[0] and "9.jpg" in report.skipped[1]
    )
    assert report.interval == bootstrap_interval(
        [1] * 6 + [0] * 2
    )  # groups in the order of their names
    assert len(pd.read_csv(tmp_path / "said.csv")) == 8
    assert (
        job.evaluate(saved, folder, (4, 8)).accuracy == 0.75
    )  # plain pictures look the same at any size
    assert report.to_dict()["classes"]["dark"] == {"pictures": 4, "recall": 0.75, "precision": 0.75}


@pytest.mark.parametrize("target", ["model.keras", "set é/dark/1dark.png", "mine.csv"])
def test_predictions_replace_no_input_and_nobodys_file(folder, saved, tmp_path, target):
    (tmp_path / "mine.csv").write_text("picture,label\n")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(CourseError, match="choose another name for the output"):
        job.evaluate(saved, folder, predictions=tmp_path / target)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    if target == "mine.csv":
        job.evaluate(saved, folder, predictions=tmp_path / target, force=True)
        job.evaluate(saved, folder, predictions=tmp_path / target)  # its own is replaced
    else:
        with pytest.raises(CourseError, match="is what the command reads"):
            job.evaluate(saved, folder, predictions=tmp_path / target, force=True)


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_names_that_are_no_utf8_are_evaluated_and_written(folder, saved, tmp_path):
    odd = folder / "dark" / os.fsdecode(b"\xff odd.png")
    (folder / "dark/1dark.png").rename(odd)
    (folder / "dark" / os.fsdecode(b"\xfe.png")).write_text("no picture")
    report = job.evaluate(saved, folder, face_size=(4, 8), predictions=tmp_path / "said.csv")
    assert report.pictures == 8 and len(report.skipped) == 3
    assert "dark/\\udcff odd.png" in (tmp_path / "said.csv").read_text(encoding="utf-8")


def test_the_threshold_moves_the_border(folder, tmp_path):
    folder = folder.rename(tmp_path / "faces")
    (folder / "bright").rename(folder / "with_mask")
    (folder / "dark").rename(folder / "without_mask")
    models.save(bright_or_dark(), tmp_path / "model.keras", ("with_mask", "without_mask"))
    recall = [
        job.evaluate(tmp_path / "model.keras", folder, threshold=threshold)
        .per_class["recall"]
        .tolist()
        for threshold in (0.1, 0.5, 0.9)
    ]
    assert recall == [[1, 0.25], [0.75, 0.75], [0.25, 1]]


def test_ways_of_wearing_are_joined_for_a_model_of_two(tmp_path):
    models.save(bright_or_dark(), tmp_path / "model.keras", ("with_mask", "without_mask"))
    for label, value in (
        ("with_mask", 250),
        ("under_nose", 20),
        ("nose_only", 240),
        ("without_mask", 10),
    ):
        (tmp_path / "four" / label).mkdir(parents=True)
        Image.new("RGB", (20, 20), (value,) * 3).save(tmp_path / "four" / label / f"{label}.png")
    assert job.evaluate(
        tmp_path / "model.keras", tmp_path / "four"
    ).confusion.to_numpy().tolist() == [[1, 0], [1, 2]]


@pytest.mark.parametrize(
    ("names", "options", "sentence"),
    [
        (("cat", "dark"), {}, "cat, which model.keras does not know"),
        (("bright", "dark"), {"threshold": 0.5}, "threshold"),
        (("bright", "dark"), {"part": "test"}, "no part 'test'"),
        (("bright",), {}, "one class only"),
    ],
)
def test_what_does_not_fit_is_a_sentence(tmp_path, saved, names, options, sentence):
    for name in names:
        (tmp_path / "other" / name).mkdir(parents=True)
        Image.new("RGB", (20, 20)).save(tmp_path / "other" / name / "1.png")
    with pytest.raises(CourseError, match=sentence):
        job.evaluate(saved, tmp_path / "other", **options)


def test_other_models_are_refused(tmp_path, folder):
    vector = keras.Input((4,))
    models.save(
        keras.Model(vector, keras.layers.Dense(2)(vector)),
        tmp_path / "vector.keras",
        ("bright", "dark"),
    )
    bright_or_dark().save(tmp_path / "nameless.keras")
    (tmp_path / "letter.keras").write_text("Dear Sir,")
    models.save(bright_or_dark(), tmp_path / "model.keras", ("bright", "dark"))
    (tmp_path / "half.keras").write_bytes((tmp_path / "model.keras").read_bytes()[:3000])
    (tmp_path / "folder.keras").mkdir()
    for name in ("vector", "nameless", "letter", "half", "folder", "missing"):
        with pytest.raises(CourseError, match=f"{name}.keras"):
            job.evaluate(tmp_path / f"{name}.keras", folder)


def test_latency_grows_with_the_batch():
    layers = keras.layers
    picture = keras.Input((64, 64, 3))
    model = keras.Model(picture, layers.Conv2D(64, 5)(layers.Conv2D(32, 5)(picture)))
    ask = compiled(model)
    one, many = (
        latency(ask, 64, 1, repeats=5, warm_up=1),
        latency(ask, 64, 32, repeats=5, warm_up=1),
    )
    assert 0 < one < many


def test_a_compiled_model_says_the_same_whatever_the_batch_and_follows_its_weights():
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(2),
        ]
    )
    ask, faces = (
        compiled(model),
        np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8),
    )
    for _ in range(2):
        expected = model(faces.astype(np.float32), training=False).numpy()
        assert np.allclose(ask(faces), expected, rtol=1e-4, atol=1e-3) and np.allclose(
            ask(faces.astype(np.float32), batch=2), expected, rtol=1e-4, atol=1e-3
        )
        model.set_weights([weight + 0.1 for weight in model.get_weights()])
    assert not np.allclose(ask(faces), expected, rtol=1e-2)
