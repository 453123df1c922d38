"""The data card says what the run found, for every data set of the registry."""

import pytest

from course_utils.data import registry
from course_utils.data.data_card import data_card, refused_files
from course_utils.data.tables import write_report


@pytest.mark.parametrize("dataset", registry.load().values(), ids=lambda dataset: dataset.name)
def test_a_card_holds_what_it_was_given(dataset):
    card = data_card(dataset, {"pictures": 12345, "people": "3 known"}, ["First.", "Second."])
    assert card.startswith(f"# Data card: {dataset.title}\n")
    assert "\n\n| | |\n|---|---|\n| pictures | 12,345 |\n| people | 3 known |\n\n" in card
    assert "\n\n- First.\n- Second.\n\n" in card
    for part in (dataset.holds, dataset.source, dataset.licence, dataset.terms):
        assert part in card
    assert card.count("\n# ") == 0 and card.endswith(".\n")


def test_only_refused_files_count_as_unreadable(tmp_path):
    assert refused_files(tmp_path) == 0
    rows = [
        {"picture": "a.jpg", "what": "refused", "reason": "cut off"},
        {"picture": "b.jpg", "what": "changed", "reason": "label"},
        {"picture": "c.jpg", "what": "refused", "reason": "empty"},
    ]
    write_report(tmp_path / "report.csv", rows)
    assert refused_files(tmp_path) == 2
