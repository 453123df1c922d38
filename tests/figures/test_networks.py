"""The plots of chapter 04 show the numbers that they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.figures import networks


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def words(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


@pytest.mark.parametrize(("bias", "total", "output"), [(-0.25, "0.5", "0.5"), (-2, "-1.25", "0")])
def test_a_neuron_shows_its_sum_and_cuts_off_what_is_negative(bias, total, output):
    shown = words(networks.draw_neuron([0.5, 2.0], [1.5, 0.0], bias))
    assert total in shown and output in shown and "times 1.5" in shown


def test_zero_is_middle_grey_in_a_map_with_negative_numbers_only():
    maps = {"edges": np.array([[-40.0, 0, 40]]), "blur": np.array([[0.0, 0, 40]])}
    figure = networks.draw_feature_maps(np.zeros((1, 3, 3)), maps)
    _, edges, blur = (np.asarray(axis.images[0].get_array()) for axis in figure.axes)
    assert edges.tolist() == [[108, 128, 148]] and blur.tolist() == [[0, 0, 40]]


def test_the_text_beside_a_receptive_field_gives_its_side():
    seen = np.zeros((9, 9), bool)
    seen[2:7, 3:6] = True
    _, alt = networks.draw_seen(np.ones((9, 9, 3)), {"first": seen[:, ::-1], "second": seen.T})
    assert alt.endswith("3, 5 pixels.")


def test_the_valley_is_lowest_where_the_loss_is():
    inputs, labels = np.array([-1.0, 1, -2, 2]), np.array([0, 1, 1, 0])
    path = np.array([[-3.0, 0, 2], [3, 0, 2]])
    (axis,) = networks.draw_valley(inputs, labels, {1: path}).axes
    (contours,) = [part for part in axis.collections if hasattr(part, "levels")]
    assert contours.levels[0] == pytest.approx(np.log(2), rel=0.05)  # these labels are a coin's
    (left, right), (low, high) = axis.get_xlim(), axis.get_ylim()
    assert left < -3 and right > 3 and low < 0 < high


def test_shares_fill_the_bar_of_each_network():
    import pandas as pd

    shares = pd.DataFrame({"pointwise": [0.5, 0.0], "depthwise": [0.0, 0.3]}, index=["one", "two"])
    shares["convolution"] = 1 - shares.sum(axis=1)
    (axis,) = networks.draw_shares(shares).axes
    ends = [bar.get_x() + bar.get_width() for bar in axis.patches[-2:]]
    assert ends == pytest.approx([100, 100])
