"""Shaken boxes lie near the given one, and are the same for the same name; what a head learns."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from course_utils import models
from course_utils.training import pipeline
from course_utils.training.transfer import train_head


@pytest.fixture
def folder(tmp_path):
    """Sixteen pictures of a little noise, half of them dark and half of them bright."""
    rng = np.random.default_rng(0)
    for number in range(16):
        noise = rng.integers(0, 30, (50, 40, 3)) + 200 * (number % 2)
        Image.fromarray(noise.astype(np.uint8)).save(tmp_path / f"{number}.png")
    return tmp_path


@pytest.fixture
def table():
    names = [f"{number}.png" for number in range(16)]
    return pd.DataFrame({"picture": names, "x_min": 8, "y_min": 8, "x_max": 32, "y_max": 40})


def test_a_box_is_moved_and_scaled_a_little():
    rng = np.random.default_rng(0)
    boxes = np.array([pipeline.shaken((10, 20, 110, 220), rng) for _ in range(2000)])
    middles, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    assert middles.mean(axis=0) == pytest.approx((60, 120), abs=3)
    assert middles.std(axis=0) / (100, 200) == pytest.approx((pipeline.SHIFT,) * 2, rel=0.1)
    assert np.log(sizes / (100, 200)).std(axis=0) == pytest.approx((pipeline.ZOOM,) * 2, rel=0.1)


def test_a_name_and_a_seed_draw_the_same_box_whatever_else_is_read(folder, table):
    shaken = pipeline.read_faces(table, folder, 32, seed=3, shake=True)
    alone = pipeline.read_faces(table[5:6], folder, 32, seed=3, shake=True)
    assert np.array_equal(shaken[5:6], alone)
    assert not np.array_equal(shaken, pipeline.read_faces(table, folder, 32))
    assert not np.array_equal(shaken, pipeline.read_faces(table, folder, 32, seed=4, shake=True))


def test_a_picture_without_a_box_stays_as_it_is(folder, table):
    cut = table[["picture"]]
    shaken = pipeline.read_faces(cut, folder, 32, seed=3, shake=True)
    assert np.array_equal(shaken, pipeline.read_faces(cut, folder, 32))


@given(
    corner=st.tuples(st.integers(-5, 39), st.integers(-5, 49)),
    size=st.tuples(st.integers(6, 60), st.integers(6, 60)),
    seed=st.integers(0, 99),
)
def test_whatever_box_touches_the_picture_can_be_shaken_and_cut(corner, size, seed):
    box = (*corner, corner[0] + size[0], corner[1] + size[1])
    picture, rng = np.zeros((50, 40, 3), np.uint8), np.random.default_rng(seed)
    moved = pipeline.shaken_in(picture, box, rng)
    assert pipeline.cut_face(picture, moved, 8).shape == (8, 8, 3)


@pytest.fixture(scope="module")
def model():
    """A network whose head each test fits anew."""
    return models.build("mobilenetv2", 32, 2, weights="imagenet")


@pytest.mark.parametrize(
    ("columns", "sizes", "cuts"),
    [
        (["picture", *pipeline.BOX], (10, 20), 3),
        (["picture", *pipeline.BOX], None, 2),
        (["picture"], (10, 20), 2),
        (["picture"], None, 1),
    ],
)
def test_a_head_learns_each_face_whole_small_and_by_another_box(
    model, folder, table, columns, sizes, cuts
):
    numbers, validating = np.arange(16) % 2, np.arange(16) >= 12
    fitted = train_head(model, table[columns], folder, numbers, validating, sizes, 0)
    assert (fitted.faces, fitted.cuts) == (12, cuts)
    assert fitted.validation_accuracy == 1
