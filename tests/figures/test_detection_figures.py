"""The plots of chapters 07 and 09 show the numbers that they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from course_utils.detection import recall_and_precision
from course_utils.figures import detection, following, release


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def labels(axis):
    return axis.get_xlabel(), axis.get_ylabel()


def test_a_detector_is_a_curve_with_its_cost_beside_it():
    curves = {"one": ([1, 0.5], [0.25, 0.5]), "two": ([1], [0.75])}
    figure = detection.draw_detectors(curves, {"one": 0.5, "two": 2.0})
    axis, cost = figure.axes
    assert axis.lines[0].get_xydata().tolist() == [[25, 100], [50, 50]]
    assert [line.get_xdata()[0] for line in cost.lines] == [0.5, 2.0]
    assert all(labels(axis)) and cost.get_xlabel()


def test_the_text_of_the_photographs_holds_every_share():
    reference = {"photographs": 32, "rows": {"hog": {"found": {"16": 0.25, "64": 0.5}}}}
    _, alt = detection.draw_found_by_width(reference, {"hog": "HOG"})
    assert "32 real photographs" in alt and "HOG: 25 % at 16, 50 % at 64" in alt


def test_a_box_without_a_face_is_marked_and_says_so():
    scene = np.zeros((40, 60, 3), np.uint8)
    boxes = [(0, 10, 10, 20), (30, 10, 40, 20)]
    figure = detection.draw_labelled(scene, boxes, ["Mask", "NoMask"], alarms=[1])
    face, shoe = figure.axes[0].patches
    assert [text.get_text() for text in figure.axes[0].texts] == ["Mask", "no face: NoMask"]
    assert face.get_linestyle() != shoe.get_linestyle()


def test_a_cut_holds_the_box_and_its_surroundings():
    picture = np.zeros((100, 100, 3), np.uint8)
    cut = detection.cut_around(picture, (40, 40, 60, 60), [(35, 35, 50, 50)])
    assert cut.shape == (56, 56, 3)
    assert {(0, 0, 0), (255, 255, 255), (255, 140, 0)} == set(map(tuple, cut.reshape(-1, 3)))


def test_bars_of_recall_and_precision_begin_at_zero_and_carry_their_numbers():
    rows = pd.DataFrame(
        [("with_mask", "with_mask", 30.0)] * 3 + [("without_mask", "with_mask", 30.0)],
        columns=["label", "said", "size"],
    )
    figure = detection.draw_recall_and_precision(recall_and_precision(rows))
    bare, masked = figure.axes
    assert [text.get_text() for text in masked.texts] == ["100", "75"]
    assert [text.get_text() for text in bare.texts] == ["0", "0"]
    assert bare.get_ylim()[0] == 0 and all(labels(bare))


def test_shares_by_size_stand_with_their_intervals():
    table = pd.DataFrame(
        [("8 to 20", "found", 5, 20.0, 10.0, 30.0), ("8 to 20", "right", 5, 15.0, 5.0, 25.0)],
        columns=["size", "what", "faces", "share", "low", "high"],
    )
    axis = following.draw_by_size(table).axes[0]
    assert [line.get_ydata()[0] for line in axis.lines] == [20.0, 15.0]
    ends = [bar.get_segments()[0][:, 1].tolist() for bar in axis.collections]
    assert ends == [[10.0, 30.0], [5.0, 25.0]] and all(labels(axis))


def test_the_alarm_stands_on_its_persons_row_and_the_truth_beside_it():
    looks = pd.DataFrame(
        [
            ("anna", "with_mask", 0.0, "with_mask"),
            ("ben", "without_mask", 0.0, "without_mask"),
            ("ben", "without_mask", 1.0, "without_mask"),
            ("ben", "without_mask", 2.0, ""),
        ],
        columns=["group", "label", "time", "said"],
    )
    axis = following.draw_time_line(looks, [("ben", 1.0), ("nobody", 1.5)]).axes[0]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["anna: Mask", "ben: NoMask"]
    marks, *_, alarm = axis.collections
    assert len(marks.get_offsets()) == 3
    assert alarm.get_offsets().tolist() == [[1.0, 1.0]] and alarm.get_label() == "alarm"
    assert not any(
        collection.get_label() == "alarm"
        for collection in following.draw_time_line(looks, []).axes[0].collections
    )


def test_the_title_of_the_costs_is_read_off_the_curves():
    levels = np.array([0.0, 0.5, 1.0])
    figure, alt = following.draw_costs(levels, [1.0, 0.25, 0.0], [0.0, 0.75, 1.0], 0.5)
    title = figure.axes[0].get_title()
    assert "25% slip through" in title and "75% are stopped" in title and "0.50" in alt


def test_the_budget_of_a_frame_is_stacked():
    axis = following.draw_budget({"read": 2.0, "detect": 50.0}, (133, "limit")).axes[0]
    bars = [(bar.get_x(), bar.get_width()) for bar in axis.patches]
    assert bars == [(0.0, 2.0), (2.0, 50.0)] and axis.get_xlabel()


def test_seven_attributes_have_seven_colours_and_markers():
    assert len(set(release.SEVEN)) == len(set(release.MARKERS)) == 7
    table = pd.DataFrame(
        {"attribute": list("abcdefg"), "slice": "x", "share": np.linspace(0.8, 0.9, 7)}
    )
    axis = release.draw_twice(table, table, "first", "second").axes[0]
    looks = {(line.get_color(), line.get_marker()) for line in axis.lines}
    assert len(axis.lines) == len({color for color, _ in looks}) == 7
    assert len({marker for _, marker in looks}) == 7
