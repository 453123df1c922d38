"""What a chapter hands on."""

import json

import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.notebook.artefacts import Artefacts


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_WORK", str(tmp_path))
    return tmp_path


def test_a_later_chapter_finds_the_file(work):
    Artefacts("00_first", "sample").path("deep/table.csv").write_text("x")
    assert (
        Artefacts("01_second", "sample").earlier("00_first", "deep/table.csv")
        == work / "sample" / "00_first" / "deep" / "table.csv"
    )


def test_a_missing_file_names_the_command_of_its_profile():
    with pytest.raises(
        CourseError,
        match=(
            r"table.csv of chapter 00 is missing in the real profile: run `course run 00 --profile"
            r" real` first"
        ),
    ):
        Artefacts("01_second", "real").earlier("00_first", "table.csv")


def test_metrics_add_up_and_an_old_run_leaves_none(work):
    Artefacts("00_first", "sample").record(old=1)
    now = Artefacts("00_first", "sample")
    now.record(accuracy=np.float64(0.5), faces=np.int64(3))
    now.record(faces=4)
    assert json.loads((work / "sample" / "00_first" / "metrics.json").read_text()) == {
        "accuracy": 0.5,
        "faces": 4,
    }


def test_an_unknown_profile_is_named():
    with pytest.raises(CourseError, match="There is no profile 'reel': choose one of sample, real"):
        Artefacts("00_first", "reel")


def test_a_fresh_folder_holds_nothing_of_an_earlier_run(work):
    made = Artefacts("00_first", "sample")
    made.path("deep/old.txt").write_text("x")
    folder = made.fresh("deep")
    assert folder == work / "sample" / "00_first" / "deep" and not list(folder.iterdir())
