"""The bar of a live notebook: there for a reader, nowhere else, and it changes no item."""

import pytest
from tqdm.notebook import tqdm

from course_utils.notebook import live, progress


@pytest.fixture
def open_notebook(monkeypatch, tmp_path):
    monkeypatch.setattr(live, "readers_notebook", lambda: tmp_path / "05_training.ipynb")


def test_a_program_that_executes_a_chapter_sees_no_bar(capsys):
    assert progress.readers_notebook() is None
    items = [1, 2, 3]
    assert live.bar(items, "steps") is items
    assert capsys.readouterr() == ("", "")


def test_a_reader_sees_a_bar_that_counts_and_hands_every_item_on(open_notebook):
    bar = live.bar(zip("abc", (1, 2, 3)), "steps", 3)
    assert isinstance(bar, tqdm)
    assert (bar.total, bar.desc) == (3, "steps")
    assert list(bar) == [("a", 1), ("b", 2), ("c", 3)]
    assert bar.n == 3
