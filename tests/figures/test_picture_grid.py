"""Rows of pictures: where their titles stand."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils import figures

PICTURES = [np.full((20, 20, 3), 10 * number, np.uint8) for number in range(8)]


@pytest.fixture
def drawn():
    made = []

    def draw(**options):
        made.append(figures.picture_grid(PICTURES, columns=4, size=1.2, **options))
        made[-1].canvas.draw()
        return made[-1]

    yield draw
    for figure in made:
        plt.close(figure)


def test_a_title_for_each_column_stands_above_the_first_row_alone(drawn):
    figure = drawn(titles=["one", "two", "three", "four"])
    assert [axis.get_title() for axis in figure.axes] == ["one", "two", "three", "four"] + [""] * 4


def test_a_title_for_each_picture_stands_above_it(drawn):
    titles = [str(number) for number in range(8)]
    assert [axis.get_title() for axis in drawn(titles=titles).axes] == titles


@pytest.mark.parametrize("titles", [("upper", "lower"), ("cut off:\nno face was found", "x")])
def test_the_title_of_a_row_is_whole_and_left_of_its_pictures(drawn, titles):
    figure = drawn(row_titles=titles)
    for row, title in enumerate(titles):
        first = figure.axes[4 * row]
        (text,) = first.texts
        words, picture = text.get_window_extent(), first.get_window_extent()
        assert text.get_text() == title
        assert 0 <= words.x0 < words.x1 < picture.x0
        assert picture.y0 < (words.y0 + words.y1) / 2 < picture.y1
        assert picture.width > 0.8 * 1.2 * figure.dpi  # the words take no room from it


def test_where_there_is_no_picture_a_sentence_says_so(capsys):
    figures.show_pictures(np.empty((0, 20, 20, 3)), "mistakes of the network", titles=[])
    assert capsys.readouterr().out == "No picture to show: mistakes of the network\n"
