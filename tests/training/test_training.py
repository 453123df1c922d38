"""Training: which pictures, what is held back, and the loop; with a network of a few hundred
weights.
"""

import os
import signal

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from course_utils import quiet
from course_utils.data.class_names import understood
from course_utils.errors import CourseError
from course_utils.training import (
    Settings,
    class_weights,
    find_faces,
    fit,
    group_alike,
    hold_back,
    job,
    make_deterministic,
)

keras = quiet.import_keras()


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not opened")
    return folder


# --- folders
def test_sub_folders_are_classes_and_files_beside_them_are_not(tmp_path):
    found = find_faces(
        put(
            tmp_path,
            "without_mask/b.jpg",
            "with_mask/a.PNG",
            "with_mask/.hidden.png",
            "with_mask/notes.txt",
            "cover.jpg",
        )
    )
    assert found.class_names == ("with_mask", "without_mask")
    assert dict(zip(found.table["picture"], found.table["label"])) == {
        "with_mask/a.PNG": "with_mask",
        "without_mask/b.jpg": "without_mask",
    }
    assert set(found.table["split"]) == set(found.table["group"]) == {""}


@pytest.mark.parametrize("names", [("Train", "Validation", "Test"), ("train", "val", "testing")])
def test_parts_of_a_split_are_no_classes(tmp_path, names):
    found = find_faces(
        put(
            tmp_path,
            *(f"{part}/{label}/1.jpg" for part in names for label in ("WithMask", "WithoutMask")),
        )
    )
    assert found.class_names == ("with_mask", "without_mask")
    assert found.table["split"].value_counts().to_dict() == {"train": 2, "validation": 2, "test": 2}


def test_class_folders_beside_validation_are_for_training(tmp_path):
    found = find_faces(
        put(tmp_path, "a/1.jpg", "b/1.jpg", "validation/a/2.jpg", "validation/b/2.jpg")
    )
    assert found.table.set_index("picture")["split"].to_dict() == {
        "a/1.jpg": "train",
        "b/1.jpg": "train",
        "validation/a/2.jpg": "validation",
        "validation/b/2.jpg": "validation",
    }


def test_many_sub_folders_of_a_class_are_people_and_few_are_not(tmp_path):
    few = find_faces(
        put(tmp_path / "few", *(f"{label}/images/{n}.jpg" for label in "ab" for n in range(3)))
    )
    assert set(few.table["group"]) == {""}
    many = find_faces(
        put(tmp_path / "many", *(f"{label}/person {n}/1.jpg" for label in "ab" for n in range(12)))
    )
    assert many.table["group"].nunique() == 12


@pytest.mark.parametrize(
    ("worn", "bare"),
    [
        ("WithMask", "WithoutMask"),
        ("mask", "no_mask"),
        ("Mask", "Non Mask"),
        ("masked", "unmasked"),
    ],
)
def test_class_names_of_other_sets_are_understood(tmp_path, worn, bare):
    found = find_faces(put(tmp_path, f"{worn}/1.jpg", f"{bare}/2.jpg"))
    assert list(found.table["label"]) == [understood(name) for name in sorted((worn, bare))]
    assert found.class_names == ("with_mask", "without_mask")


def test_every_file_of_a_class_folder_is_listed_or_named(tmp_path):
    names = ("with_mask/1.jpg", "without_mask/2.jpg", "without_mask/a.HEIC", "with_mask/notes.txt")
    found = find_faces(put(tmp_path, *names, "cover.jpg", "with_mask/.hidden.jpg"))
    reasons = {sentence.partition(" ")[0]: sentence for sentence in found.skipped}
    assert len(found.table) + len(found.skipped) == 5
    assert "JPEG" in reasons[str(tmp_path / "without_mask/a.HEIC")]
    assert "is no picture" in reasons[str(tmp_path / "with_mask/notes.txt")]
    assert "beside the class folders" in reasons[str(tmp_path / "cover.jpg")]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("cats", "dogs"), "rename them"),
        (("with_mask", "without_mask", "incorrect"), "a model of incorrect: add --classes 2"),
        (("with_mask", "under_nose"), "rename them"),
    ],
)
def test_other_classes_are_refused_before_anything_is_trained(tmp_path, names, words):
    folder = put(tmp_path / "faces", *(f"{name}/1.jpg" for name in names))
    order = job.Order("mobilenetv2", str(folder), str(tmp_path / "out"))
    with pytest.raises(CourseError, match=f"`course detect` knows .*{words}"):
        job.train(order)
    assert not (tmp_path / "out").exists()


def test_four_classes_become_two(tmp_path):
    folder = put(
        tmp_path,
        *(f"{label}/1.jpg" for label in ("with_mask", "under_nose", "nose_only", "without_mask")),
    )
    assert find_faces(folder).class_names == (
        "nose_only",
        "under_nose",
        "with_mask",
        "without_mask",
    )
    two = find_faces(folder, 2)
    assert two.table.set_index("picture")["label"].to_dict() == {
        "with_mask/1.jpg": "with_mask",
        **{f"{name}/1.jpg": "without_mask" for name in ("under_nose", "nose_only", "without_mask")},
    }


def write_table(folder, **columns):
    pd.DataFrame(columns).to_csv(folder / "faces.csv", index=False)
    return folder


def test_a_table_tells_label_group_split_box_and_ways_of_wearing(tmp_path):
    folder = write_table(
        tmp_path,
        picture=["x/1.jpg", "x/2.jpg", "x/3.jpg", "x/4.jpg", "x/5.jpg"],
        person=["p1", "p1", "p2", "p3", "p4"],
        split=["train", "train", "validation", "validation", "test"],
        label=["with_mask", "without_mask", "with_mask", "without_mask", "without_mask"],
        wearing=["proper", "none", "proper", "under_nose", "under_chin"],
        x_min=[1, 2, 3, 4, ""],
        y_min=[1] * 5,
        x_max=[9] * 5,
        y_max=[9] * 5,
    )
    two = find_faces(folder)
    assert two.class_names == ("with_mask", "without_mask") and list(two.table["group"]) == [
        "p1",
        "p1",
        "p2",
        "p3",
        "p4",
    ]
    assert list(two.table["split"]) == ["train", "train", "validation", "validation", "test"]
    assert two.table["x_min"].tolist()[:4] == [1, 2, 3, 4] and np.isnan(two.table["x_min"][4])
    with pytest.raises(CourseError, match="three|3 classes"):
        find_faces(folder, 4)  # nobody wears the mask on the nose only
    write_table(
        tmp_path,
        picture=["1", "2", "3", "4", "5"],
        label=["a"] * 5,
        wearing=["proper", "none", "nose_only", "under_nose", "under_chin"],
    )
    assert list(find_faces(folder, 4).table["label"]) == [
        "with_mask",
        "without_mask",
        "nose_only",
        "under_nose",
        "without_mask",
    ]


@pytest.mark.parametrize(
    ("names", "classes", "sentence"),
    [
        ((), None, "no sub-folders"),
        (("1.jpg", "2.jpg"), None, "no sub-folders"),
        (("with_mask/1.jpg",), None, "one class only"),
        (("a/1.jpg", "b/1.jpg"), 4, "2 classes"),
        (("a/1.jpg", "b/1.jpg", "c/1.jpg"), 2, "called with_mask"),
        (("train/a/1.jpg", "train/b/1.jpg", "validation/a/1.jpg"), None, "validation .* lacks b"),
    ],
)
def test_a_folder_that_does_not_serve_is_refused(tmp_path, names, classes, sentence):
    with pytest.raises(CourseError, match=sentence):
        find_faces(put(tmp_path, *names), classes)


@pytest.mark.parametrize(
    "content",
    [
        "picture,person\n1.jpg,p\n",
        "picture,label\n",
        "",
        'picture,label\n"1.jpg\n',
        "picture,label\n1.jpg,a\n",
    ],
)
def test_a_table_that_does_not_serve_is_refused(tmp_path, content):
    (tmp_path / "faces.csv").write_text(content)
    with pytest.raises(CourseError, match="faces.csv"):
        find_faces(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(CourseError, match="nowhere is not a folder"):
        find_faces(tmp_path / "nowhere")


# --- split
def noise(seed, size=32):
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(blocks).resize((size, size), Image.Resampling.BILINEAR))


def test_twins_masked_copies_and_known_groups_are_tied():
    faces = np.stack(
        [
            noise(0),
            noise(1),
            noise(2),
            np.clip(noise(0) + 3, 3, 255).astype(np.uint8),
            noise(4),
            noise(5),
            noise(6),
        ]
    )
    names = [
        "without_mask/A.jpg",
        "without_mask/b.jpg",
        "with_mask/a_surgical.jpg",
        "x/other.jpg",
        "x/c.jpg",
        "x/d.jpg",
        "x/e.jpg",
    ]
    groups = group_alike(names, faces, ["", "", "", "", "p1", "p1", ""], ["surgical"])
    assert groups[0] == groups[2] == groups[3] and groups[4] == groups[5]
    assert len({groups[0], groups[1], groups[4], groups[6]}) == 4


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_whole_groups_of_every_class_are_held_back(share):
    random = np.random.default_rng(3)
    groups = random.integers(0, 60, 300)
    labels = np.where(random.random(300) < 0.25, "with_mask", "without_mask")
    held = hold_back(labels, groups, share, seed=1)
    assert abs(held.mean() - share) < 0.05
    assert not set(groups[held]) & set(groups[~held])
    assert abs((labels[held] == "with_mask").mean() - 0.25) < 0.08
    assert (held == hold_back(labels, groups, share, seed=1)).all() and (
        held != hold_back(labels, groups, share, seed=2)
    ).any()


def test_too_few_groups_and_a_wrong_share_are_refused():
    for groups in (["g"] * 4, ["g", "g", "g", "h"]):
        with pytest.raises(CourseError, match="too few groups"):
            hold_back(["a", "b", "a", "b"], groups, 0.2, 0)
    with pytest.raises(CourseError, match="0.7"):
        hold_back(["a", "b"], ["g", "h"], 0.7, 0)


def test_rare_classes_count_as_much_in_sum():
    weights = class_weights(np.array([0] * 30 + [1] * 10), 2)
    assert (
        weights.dtype == np.float32
        and weights[0] * 30 == pytest.approx(weights[1] * 10)
        and weights[0] * 30 + weights[1] * 10 == pytest.approx(40)
    )
    assert class_weights(np.array([0, 1]), 2).tolist() == [1, 1]


# --- the loop
def tiny(classes=2):
    """A network with the parts that `models.build` gives, and few weights."""
    layers = keras.layers
    inside = keras.Input((8, 8, 3))
    features = layers.ReLU()(
        layers.BatchNormalization(momentum=0.9)(layers.Conv2D(4, 3, use_bias=False)(inside))
    )
    backbone = keras.Model(inside, features, name="backbone")
    picture = keras.Input((8, 8, 3), name="picture")
    x = layers.GlobalAveragePooling2D()(backbone(layers.Rescaling(1 / 127.5, -1)(picture)))
    return keras.Model(
        picture,
        layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x),
    )


def red_or_blue(count, seed, batch=16):
    import tensorflow as tf

    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count).astype(np.int32)
    pictures = random.uniform(0, 120, (count, 8, 8, 3)).astype(np.float32)
    pictures[np.arange(count), :, :, 2 * labels] += 100
    return tf.data.Dataset.from_tensor_slices((pictures, labels)).batch(batch)


def trained(settings, seed=0, training=None, validation=None, model=None, **options):
    make_deterministic(seed)
    model = model or tiny()
    return model, fit(
        model,
        red_or_blue(128, 1) if training is None else training,
        red_or_blue(64, 2) if validation is None else validation,
        settings,
        progress=False,
        **options,
    )


def accuracy(model, dataset):
    return np.mean(
        [
            (model(pictures, training=False).numpy().argmax(1) == labels.numpy()).mean()
            for pictures, labels in dataset
        ]
    )


def test_it_learns_and_keeps_the_best_epoch():
    seen = []
    keras.utils.set_random_seed(0)
    assert accuracy(tiny(), red_or_blue(64, 2)) < 0.8  # untrained, from the same seed
    model, fitted = trained(
        Settings(epochs=6, learning_rate=0.02),
        after_epoch=lambda history, improved: seen.append((len(history), improved)),
    )
    history = fitted.history
    assert (
        accuracy(model, red_or_blue(64, 2))
        == pytest.approx(history["validation_accuracy"][fitted.best_epoch - 1])
        and accuracy(model, red_or_blue(64, 2)) > 0.95
    )
    assert history["loss"].iloc[-1] < 0.7 * history["loss"].iloc[0]
    assert fitted.best_epoch == history["validation_loss"].idxmin() + 1 and not fitted.interrupted
    assert [number for number, improved in seen if improved][-1] == fitted.best_epoch and [
        number for number, _ in seen
    ] == list(history["epoch"])


def test_warm_up_and_cosine():
    _, fitted = trained(Settings(epochs=10, learning_rate=0.01, warm_up=0.2, patience=99))
    rates = fitted.history["learning_rate"].to_numpy()
    assert (
        rates[0] == pytest.approx(0.005, rel=0.15) and rates.argmax() == 1 and rates.max() <= 0.01
    )
    assert (np.diff(rates[1:]) < 0).all() and rates[-1] == pytest.approx(0, abs=1e-6)


def test_early_stopping_restores_the_best_weights():
    class Spoiled(list):  # what validates is mislabelled from the third epoch on
        def __iter__(self):
            self.append(0)
            return iter(
                [
                    (pictures, labels if len(self) < 3 else 1 - labels)
                    for pictures, labels in red_or_blue(64, 2)
                ]
            )

    model, fitted = trained(
        Settings(epochs=40, learning_rate=0.05, patience=4),
        validation=Spoiled(),
        training=red_or_blue(256, 1),
    )
    assert fitted.best_epoch <= 2 and len(fitted.history) == fitted.best_epoch + 4
    again, short = trained(
        Settings(epochs=40, learning_rate=0.05, patience=4),
        training=red_or_blue(256, 1),
        validation=Spoiled(),
        after_epoch=lambda history, improved: stop() if len(history) == fitted.best_epoch else None,
    )
    assert short.interrupted and all(
        np.array_equal(one, other) for one, other in zip(model.get_weights(), again.get_weights())
    )


def stop():
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_keeps_the_best_so_far_and_before_the_first_epoch_nothing():
    model, fitted = trained(
        Settings(epochs=50, learning_rate=0.05),
        after_epoch=lambda history, improved: stop() if len(history) == 3 else None,
    )
    assert fitted.interrupted and len(fitted.history) == 3 and 1 <= fitted.best_epoch <= 3

    def stopping():
        stop()
        yield from red_or_blue(16, 1)

    class Stops:
        def __iter__(self):
            return stopping()

    _, fitted = trained(Settings(epochs=5), training=Stops(), steps=1)
    assert fitted.interrupted and fitted.best_epoch == 0 and not len(fitted.history)


def test_a_trained_backbone_is_frozen_first_and_tuned_then():
    model, weights = tiny(), []
    trained(
        Settings(epochs=4, head_epochs=2, learning_rate=0.01),
        model=model,
        pretrained=True,
        after_epoch=lambda history, improved: weights.append(
            [history[-1]["phase"], *model.get_layer("backbone").get_weights()]
        ),
    )
    assert [phase for phase, *_ in weights] == ["head", "head", "all", "all"]
    assert all(
        np.array_equal(one, other) for one, other in zip(weights[0][1:], weights[1][1:])
    )  # the statistics as well
    assert not any(np.array_equal(one, other) for one, other in zip(weights[1][1:], weights[2][1:]))
    assert model.get_layer("backbone").trainable


def test_class_weights_turn_the_balance():
    import tensorflow as tf

    pictures, labels = (
        np.zeros((100, 8, 8, 3), np.float32),
        np.array([0] * 90 + [1] * 10, np.int32),
    )  # nothing to see but the shares
    order = np.random.default_rng(0).permutation(100)
    dataset = tf.data.Dataset.from_tensor_slices((pictures[order], labels[order])).batch(50)
    answers = []
    for weights in (None, class_weights(labels, 2)):
        model, _ = trained(
            Settings(epochs=1, learning_rate=0.1, weight_decay=0.0),
            training=dataset.repeat(80),
            validation=dataset,
            weights=weights,
        )
        answers.append(model(pictures[:1], training=False).numpy()[0, 1])
    assert answers[0] == pytest.approx(0.1, abs=0.05) and answers[1] == pytest.approx(0.5, abs=0.1)


def test_a_loss_that_is_no_number_is_a_sentence():
    model = tiny()
    model.get_layer("probabilities").set_weights(
        [np.full((4, 2), np.nan, np.float32), np.zeros(2, np.float32)]
    )
    with pytest.raises(CourseError, match="lower the learning rate"):
        trained(Settings(epochs=2), model=model)


def test_mixed_precision_trains_too():
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model, fitted = trained(Settings(epochs=3, learning_rate=0.02))
        assert (
            model.get_layer("backbone").layers[1].compute_dtype == "float16"
            and np.isfinite(fitted.history["loss"]).all()
        )
        assert fitted.history["loss"].iloc[-1] < fitted.history["loss"].iloc[0]
    finally:
        keras.mixed_precision.set_global_policy(before)
