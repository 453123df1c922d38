"""Figures of comparing networks: the same order from top to bottom as in the table."""

import matplotlib.pyplot as plt
import pandas as pd

from course_utils.figures import pretrained, training


def from_top(axis):
    """Return the names beside an axis from top to bottom."""
    ends = axis.get_ylim()
    names = [text.get_text() for text in axis.get_yticklabels()]
    return names if ends[0] > ends[1] else names[::-1]


def test_accuracies_stand_in_the_order_of_the_table():
    names = ["resnet34", "resnet50", "mobilenetv2"]
    reached = {name: {"drawn": (0.9, 0.8, 0.95)} for name in names}
    above = training.draw_accuracies(reached, ["drawn"], {"drawn": 0.75})
    costs = pd.DataFrame({"time (s)": 1.0}, index=names)
    table = pretrained.draw_table(names, reached, ["drawn"], {"drawn": []}, costs)
    expected = [training.TITLES[name] for name in names]
    assert from_top(above.axes[0]) == from_top(table.axes[0]) == expected
    plt.close(above)
    plt.close(table)
