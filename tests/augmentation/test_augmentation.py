"""Augmentation and the input pipeline: what each layer does to pixels, repeatability, saving, one
cut for all chapters.
"""

import io

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from course_utils import augmentation, quiet
from course_utils.augmentation import layers
from course_utils.augmentation.face_size import FILTERS, RandomFaceSize
from course_utils.errors import CourseError
from course_utils.evaluation import shrink_face
from course_utils.pictures.annotations import Box
from course_utils.pictures.images import BadPicture, write_jpeg
from course_utils.training import pipeline

keras = quiet.import_keras()
import tensorflow as tf  # noqa: E402

RNG = np.random.default_rng(1)
CLASSES = ("with_mask", "without_mask")


def smooth(count=6, height=48, width=48):
    """Return random pictures without sharp edges: float32 (count, height, width, 3), about 40 to
    215.
    """
    coarse = RNG.uniform(40, 215, (count, 6, 6, 3)).astype(np.float32)
    return np.array(
        [cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC) for picture in coarse]
    ).clip(0, 255)


PICTURES = smooth()
STRONG = {
    "warp": lambda seed: layers.RandomWarp(20, 8, 0.2, 0.1, 0.15, seed=seed),
    "light": lambda seed: layers.RandomLight(1, 0.4, 0.5, 0.1, seed=seed),
    "blur": lambda seed: layers.RandomBlur(0.03, 0.1, seed=seed),
    "noise": lambda seed: layers.RandomNoise(25, seed=seed),
    "jpeg": lambda seed: layers.RandomJpeg(5, 40, seed=seed),
    "sometimes": lambda seed: layers.Sometimes(layers.RandomNoise(25, seed=seed), 0.5, seed=seed),
    "face size": lambda seed: RandomFaceSize(
        3, 8, shrink=("area", "nearest", "bicubic"), seed=seed
    ),
}
NEUTRAL = {
    "warp": layers.RandomWarp(flip=False),
    "light": layers.RandomLight(),
    "noise": layers.RandomNoise(),
    "never": layers.Sometimes(layers.RandomNoise(50), 0.0),
    "full face size": RandomFaceSize(40, 60),
}


def spoiled(layer, pictures=PICTURES):
    return np.asarray(layer(pictures, training=True))


# --- every layer
@pytest.mark.parametrize("make", STRONG.values(), ids=STRONG)
def test_a_layer_changes_pictures_in_training_only_and_keeps_their_form(make):
    layer = make(3)
    assert np.array_equal(np.asarray(layer(PICTURES)), PICTURES)
    changed = spoiled(layer)
    assert changed.shape == PICTURES.shape and changed.dtype == np.float32
    assert (
        np.abs(changed - PICTURES).mean() > 0.5
        and changed.min() >= -0.01
        and changed.max() <= 255.01
    )


@pytest.mark.parametrize("make", STRONG.values(), ids=STRONG)
def test_a_seed_repeats_and_the_next_batch_differs(make):
    first, again, other = make(3), make(3), make(4)
    batches = [spoiled(first) for _ in range(2)]
    assert np.array_equal(batches[0], spoiled(again)) and np.array_equal(batches[1], spoiled(again))
    assert not np.array_equal(batches[0], batches[1]) and not np.array_equal(
        batches[0], spoiled(other)
    )


@pytest.mark.parametrize("make", STRONG.values(), ids=STRONG)
def test_a_layer_is_rebuilt_from_its_settings(make):
    layer = make(3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert np.array_equal(spoiled(layer), spoiled(again))


@pytest.mark.parametrize("layer", NEUTRAL.values(), ids=NEUTRAL)
def test_a_limit_of_nothing_changes_nothing(layer):
    assert np.abs(spoiled(layer) - PICTURES).max() < 0.01


@pytest.mark.parametrize("make", STRONG.values(), ids=STRONG)
def test_the_size_may_be_odd_and_the_batch_of_one(make):
    assert spoiled(make(1), smooth(1, 37, 51)).shape == (1, 37, 51, 3)


# --- each layer's own promise
@pytest.mark.parametrize("down", FILTERS)
def test_a_face_is_shrunk_and_enlarged_as_pillow_does(down):
    eight_bits = smooth(3, 48, 60).round().astype(np.uint8)
    for pixels in (5, 17, 30):  # of the face; 1.5 times that of the picture's shorter side
        small = (round(60 * pixels * 1.5 / 48), round(pixels * 1.5))
        wanted = [
            Image.fromarray(picture)
            .resize(small, FILTERS[down])
            .resize((60, 48), Image.Resampling.BILINEAR)
            for picture in eight_bits
        ]
        got = spoiled(RandomFaceSize(pixels, pixels, shrink=(down,)), eight_bits.astype(np.float32))
        assert (
            np.abs(got - np.stack([np.asarray(picture, np.float32) for picture in wanted])).max()
            < 2.5
        )  # Pillow rounds four times


def test_face_sizes_are_those_that_evaluation_shrinks_to():
    picture = smooth(1, 90, 90).round().astype(np.uint8)[0]
    seen = shrink_face(
        picture, (15, 15, 75, 75), 20, 90
    )  # with a margin of a quarter: the whole picture
    assert (
        np.abs(spoiled(RandomFaceSize(20, 20), picture[None].astype(np.float32))[0] - seen).max()
        < 2.5
    )


def test_face_sizes_are_spread_as_they_say():
    uniform = np.asarray(RandomFaceSize(10, 40, seed=1).sizes(31_000))
    assert uniform.min() == 10 and uniform.max() == 40 and np.bincount(uniform)[10:].min() > 850
    log = np.asarray(RandomFaceSize(8, 128, spread="log", seed=1).sizes(20_000))
    assert log.min() == 8 and log.max() == 128 and abs((log < 32).mean() - 0.5) < 0.02


def test_each_picture_of_a_batch_gets_its_own_size():
    picture = np.repeat(smooth(1), 64, axis=0)
    assert (
        len(np.unique(spoiled(RandomFaceSize(4, 24, seed=2), picture).reshape(64, -1), axis=0)) > 15
    )


def test_face_sizes_that_make_no_sense_are_refused():
    for settings in (
        {"smallest": 0},
        {"smallest": 50},
        {"spread": "normal"},
        {"shrink": ("lanczos",)},
    ):
        with pytest.raises(ValueError, match="can't be drawn"):
            RandomFaceSize(**settings)


def test_face_sizes_inside_a_model_are_saved_with_it_and_rest_at_inference(tmp_path):
    inputs = keras.Input((48, 48, 3))
    model = keras.Model(
        inputs,
        keras.layers.GlobalAveragePooling2D()(
            keras.layers.Conv2D(4, 3)(RandomFaceSize(5, 9, seed=1)(inputs))
        ),
    )
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert np.allclose(model(PICTURES), again(PICTURES)) and np.allclose(
        model(PICTURES), model.layers[-1](model.layers[-2](PICTURES))
    )
    assert np.abs(model(PICTURES, training=True) - model(PICTURES)).max() > 0.01


def test_every_second_picture_is_mirrored():
    pictures = smooth(400, 8, 8)
    changed = spoiled(layers.RandomWarp(flip=True, seed=1), pictures)
    mirrored = np.abs(changed - pictures[:, :, ::-1]).max(axis=(1, 2, 3)) < 0.01
    kept = np.abs(changed - pictures).max(axis=(1, 2, 3)) < 0.01
    assert (mirrored | kept).all() and 0.4 < mirrored.mean() < 0.6


def test_a_warp_moves_pixels_as_its_matrix_says():
    warp, twin = (layers.RandomWarp(20, 8, 0.2, 0.1, 0.15, seed=9) for _ in range(2))
    size, half, middle = 96, 48, 47.5
    dots = np.zeros((4, size, size, 3), np.float32)
    spots = [(40, 52), (60, 45), (50, 60), (35, 38)]
    for picture, (x, y) in zip(dots, spots):
        cv2.circle(picture, (x, y), 3, (255, 255, 255), -1)
    changed = spoiled(warp, dots)[..., 0]
    for matrix, picture, spot in zip(np.asarray(twin.homographies(4)), changed, spots):
        y, x = (np.indices(picture.shape) * picture).sum((1, 2)) / picture.sum()
        back = matrix @ ((x - middle) / half, (y - middle) / half, 1)
        assert np.allclose(back[:2] / back[2] * half + middle, spot, atol=0.6)


def test_light_keeps_grey_grey_and_turns_hue_round():
    grey = np.full((8, 5, 5, 3), 90, np.float32)
    assert (
        np.ptp(
            spoiled(layers.RandomLight(exposure=1, saturation=0.9, hue=0.5, seed=2), grey), axis=3
        ).max()
        < 0.01
    )
    color = np.tile(np.float32([150, 100, 80]), (300, 2, 2, 1))
    turned = spoiled(layers.RandomLight(hue=0.5, seed=2), color)[:, 0, 0]
    assert np.allclose(turned.sum(axis=1), 330, atol=0.05)  # a turn about the axis of greys
    hues = cv2.cvtColor(turned[:, None] / 255, cv2.COLOR_RGB2HSV)[:, 0, 0]
    assert np.histogram(hues, 6, (0, 360))[0].min() > 20


def test_exposure_counts_in_stops():
    levels = spoiled(
        layers.RandomLight(exposure=1, seed=2), np.full((500, 1, 1, 3), 100, np.float32)
    ).mean(axis=(1, 2, 3))
    assert (
        50 <= levels.min() < 55
        and 190 < levels.max() <= 200
        and abs(np.log2(levels / 100).mean()) < 0.1
    )


def test_blur_keeps_the_light_and_draws_lines():
    blur = layers.RandomBlur(focus=0, motion=0.2, seed=5)
    kernels = np.asarray(layers.RandomBlur(focus=0, motion=0.2, seed=5).kernels(6, 64))
    assert np.allclose(kernels.sum(axis=(1, 2)), 1, atol=1e-5) and kernels.shape[1] % 2 == 1
    dot = np.zeros((6, 64, 64, 3), np.float32)
    dot[:, 32, 32] = 200
    changed = spoiled(blur, dot)
    reach = kernels.shape[1] // 2
    assert np.allclose(
        changed[:, 32 - reach : 33 + reach, 32 - reach : 33 + reach, 1],
        200 * kernels[:, ::-1, ::-1],
        atol=0.01,
    )
    flat = np.full((6, 64, 64, 3), 120, np.float32)
    assert np.allclose(spoiled(blur, flat), 120, atol=0.01)


def test_noise_has_the_promised_spread():
    noise = (
        spoiled(layers.RandomNoise(20, seed=4), np.full((200, 16, 16, 3), 128, np.float32)) - 128
    )
    spread = noise.std(axis=(1, 2, 3))
    assert abs(noise.mean()) < 0.2 and spread.max() < 22 and abs(spread.mean() - 10) < 1
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.02


def test_jpeg_is_that_of_other_programs():
    changed = spoiled(layers.RandomJpeg(30, 30))
    for picture, ours in zip(np.rint(PICTURES).astype(np.uint8), changed):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=30)
        theirs = np.asarray(Image.open(buffer), np.float32)
        assert (
            np.abs(ours - theirs).mean() < 2 < 4 < np.abs(ours - picture).mean()
        )  # both are libjpeg, with other roundings


def test_sometimes_takes_the_share():
    touched = [
        (np.abs(spoiled(layer, smooth(10, 8, 8) * 0 + 100) - 100).max(axis=(1, 2, 3)) > 0)
        for layer in [layers.Sometimes(layers.RandomNoise(40, seed=1), 0.25, seed=2)] * 60
    ]
    counts = np.sum(touched, axis=1)
    assert set(counts) <= {2, 3} and abs(np.mean(touched) - 0.25) < 0.03
    assert np.mean(touched, axis=0).min() > 0.05  # every place of the batch has its turn


# --- policies
@pytest.mark.parametrize("name", ["light", "full"])
def test_a_policy_is_repeatable_saved_and_loaded(name, tmp_path):
    first, again = augmentation.policy(name, 7), augmentation.policy(name, 7)
    first.build((None, 48, 48, 3))
    first.save(tmp_path / "policy.keras")
    loaded = keras.models.load_model(tmp_path / "policy.keras")
    expected = spoiled(first)
    assert np.array_equal(expected, spoiled(again)) and np.array_equal(expected, spoiled(loaded))
    assert not np.array_equal(expected, spoiled(augmentation.policy(name, 8)))
    assert expected.dtype == np.float32 and expected.min() >= 0 and expected.max() <= 255


def test_a_policy_keeps_full_precision_under_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        changed = augmentation.policy("full", 7)(PICTURES, training=True)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert changed.dtype == "float32" and np.array_equal(
        np.asarray(changed), spoiled(augmentation.policy("full", 7))
    )


def test_policies_differ_in_strength_and_unknown_ones_are_refused():
    assert augmentation.policy("none", 1) is None
    change = {
        name: np.mean(
            [
                np.abs(spoiled(augmentation.policy(name, seed)) - PICTURES).mean()
                for seed in range(5)
            ]
        )
        for name in ("light", "full")
    }
    assert 1 < change["light"] < change["full"]
    with pytest.raises(CourseError, match="none, light, full"):
        augmentation.policy("fulll")


# --- pipeline
@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """Twenty-one pictures, each of one colour with a lighter box, and their table."""
    folder = tmp_path_factory.mktemp("faces é")
    rows = []
    for number in range(21):
        picture = np.full((60, 80, 3), 10 * number, np.uint8)
        picture[20:40, 30:60] = (255, number, 40)
        write_jpeg(folder / f"{number}.jpg", picture, quality=100)
        rows.append(
            {
                "picture": f"{number}.jpg",
                "label": CLASSES[number % 3 == 0],
                "x_min": 30.0,
                "y_min": 20.0,
                "x_max": 60.0,
                "y_max": 40.0,
            }
        )
    return folder, pd.DataFrame(rows)


def contents(batches):
    return [(faces.numpy(), labels.numpy()) for faces, labels in batches]


def same(one, other):
    return len(one) == len(other) and all(
        np.array_equal(a, c) and np.array_equal(b, d) for (a, b), (c, d) in zip(one, other)
    )


def test_a_face_is_cut_with_a_quarter_more_on_every_side():
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[30:70, 20:60] = 200
    face = pipeline.cut_face(
        picture, (20, 30, 60, 70), 60
    )  # 40 pixels and 10 on either side: one to one
    assert face.shape == (60, 60, 3) and face.dtype == np.uint8
    assert (face[10:50, 10:50] == 200).all() and face[:10].max() == 0 and face[:, 50:].max() == 0
    assert np.array_equal(face, pipeline.cut_face(picture, Box("a", 20, 30, 60, 70), 60))
    assert pipeline.cut_face(picture, None, 50).shape == (50, 50, 3)


def test_making_a_face_smaller_averages():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.ptp(pipeline.cut_face(stripes, None, 16)[:, 2:-2]) < 15


def test_a_bad_picture_names_its_file(collection, tmp_path):
    folder, _ = collection
    with pytest.raises(CourseError, match="0.jpg: The box"):
        pipeline.read_face(folder / "0.jpg", (300, 300, 310, 310), 32)
    (tmp_path / "x.jpg").write_bytes(b"no picture")
    table = pd.DataFrame({"picture": ["x.jpg"], "label": ["with_mask"]})
    with pytest.raises(BadPicture, match="x.jpg"):
        pipeline.read_faces(table, tmp_path, 32)
    problems = []
    assert (
        pipeline.read_faces(table, tmp_path, 32, problems).max() == 0
        and problems[0][0] == 0
        and "x.jpg" in problems[0][1]
    )


@pytest.mark.parametrize("cache", [True, False])
def test_a_dataset_gives_every_face_with_its_label(collection, cache):
    folder, table = collection
    batches = contents(pipeline.face_dataset(table, folder, 32, 8, CLASSES, cache=cache))
    assert [faces.shape for faces, _ in batches] == [(8, 32, 32, 3), (8, 32, 32, 3), (5, 32, 32, 3)]
    faces, labels = (np.concatenate(parts) for parts in zip(*batches))
    assert faces.dtype == np.float32 and labels.dtype == np.int32
    assert labels.tolist() == [number % 3 == 0 for number in range(21)]
    expected = np.array(
        [pipeline.read_face(folder / name, (30, 20, 60, 40), 32) for name in table.picture]
    )
    assert np.array_equal(faces, expected)


@pytest.mark.parametrize("cache", [True, False])
def test_seeds_repeat_epochs_and_epochs_differ(collection, cache):
    folder, table = collection

    def epochs(seed, name="full"):
        batches = pipeline.face_dataset(
            table,
            folder,
            32,
            8,
            CLASSES,
            augmentation.policy(name, seed),
            shuffle_seed=seed,
            cache=cache,
        )
        return [contents(batches) for _ in range(2)]

    first, again, other = epochs(1), epochs(1), epochs(2)
    assert same(first[0], again[0]) and same(first[1], again[1])
    assert not same(first[0], first[1]) and not same(first[0], other[0])
    plain = epochs(1, "none")[0]
    assert sorted(int(face[16, 16, 1].round()) for faces, _ in plain for face in faces) != [
        int(face[16, 16, 1].round()) for faces, _ in plain for face in faces
    ]


def test_the_cache_changes_nothing_but_the_time(collection):
    folder, table = collection
    kept, read = (
        pipeline.face_dataset(
            table, folder, 32, 8, CLASSES, augmentation.policy("full", 1), 3, cache
        )
        for cache in (True, False)
    )
    assert same(contents(kept), contents(read))


def test_tables_that_make_no_sense_are_refused(collection):
    folder, table = collection
    with pytest.raises(CourseError, match="without_mask"):
        pipeline.face_dataset(table, folder, 32, 8, ("with_mask", "mask_weared_incorrect"))
    with pytest.raises(CourseError, match="no faces"):
        pipeline.face_dataset(table[:0], folder, 32, 8, CLASSES)


def test_a_network_trains_on_it(collection):
    folder, table = collection
    network = keras.Sequential(
        [
            keras.layers.Input((32, 32, 3)),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy")
    history = network.fit(
        pipeline.face_dataset(table, folder, 32, 8, CLASSES, augmentation.policy("light", 1), 1),
        epochs=2,
        verbose=0,
    )
    assert np.isfinite(history.history["loss"]).all()
    assert (
        tf.data.experimental.cardinality(
            pipeline.face_dataset(table, folder, 32, 8, CLASSES)
        ).numpy()
        == 3
    )
