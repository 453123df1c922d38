"""Networks side by side: answers in a table, accuracies and gains with intervals by person."""

import numpy as np
import pandas as pd
import pytest

from course_utils.evaluation import comparing

CLASSES = ("with_mask", "without_mask")


@pytest.fixture
def tables():
    labels = np.array(["with_mask"] * 10 + ["without_mask"] * 30)
    rows = pd.DataFrame({"label": labels, "wearing": "proper", "x_min": 0})
    rows["picture"] = [f"{number}.jpg" for number in range(40)]
    rows["group"] = [f"g{number // 2}" for number in range(40)]
    return {"drawn": rows, "worn": rows[:20].assign(picture=rows.picture[:20] + "w")}


def answers(tables, wrong):
    """Answer as the labels say, but for the first so many faces of each test."""
    said = {}
    for test, table in tables.items():
        p = np.where((table.label == CLASSES[0]).to_numpy()[:, None], [0.9, 0.1], [0.2, 0.8])
        p[:wrong] = p[:wrong, ::-1]
        said[test] = p
    return comparing.answer_table(tables, said, CLASSES)


def test_a_table_tells_of_each_face_what_was_said_and_how_surely(tables):
    found = answers(tables, 2)
    assert len(found) == 60
    assert found.said[:3].tolist() == ["without_mask", "without_mask", "with_mask"]
    assert found.confidence[[0, 10]].tolist() == [0.9, 0.8]
    assert found.right.sum() == 56
    assert found.test.value_counts().to_dict() == {"drawn": 40, "worn": 20}
    assert "x_min" not in found


def test_accuracies_have_intervals_by_person(tables):
    found = comparing.accuracies(answers(tables, 4))
    assert list(found) == ["drawn", "worn"]
    value, low, high = found["drawn"]
    assert value == pytest.approx(0.9)
    assert 0.7 < low < 0.9 < high <= 1
    assert found["worn"][0] == pytest.approx(0.8)


def test_gains_are_the_differences_on_the_same_faces(tables):
    found = comparing.gains(answers(tables, 0), answers(tables, 8))
    value, low, high = found["drawn"]
    assert value == pytest.approx(0.2)
    assert 0 < low < 0.2 < high
    equal = comparing.gains(answers(tables, 2), answers(tables, 2))["worn"]
    assert equal[0] == 0


def test_networks_that_saw_other_faces_are_not_compared(tables):
    fewer = {test: table[:10] for test, table in tables.items()}
    with pytest.raises(ValueError, match="same faces"):
        comparing.gains(answers(tables, 0), answers(fewer, 0))


def test_points_are_the_difference_in_hundredths_with_its_interval_by_person():
    first, second = np.array([1, 0, 0, 1] * 10, bool), np.array([1, 1, 0, 1] * 10, bool)
    gain, low, high = comparing.points(first, second, np.repeat(range(10), 4))
    assert (gain, low, high) == (25, 25, 25)  # every person's faces gain alike
    gain, low, high = comparing.points(first, second, range(40))
    assert gain == 25 and 5 < low < 25 < high < 45
