"""What a chapter hands on."""

import hashlib
import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.notebook import artefacts
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


def test_chapters_of_a_profile_share_a_folder(work):
    first, second = Artefacts("00_first", "sample"), Artefacts("01_second", "sample")
    assert first.shared("features") == second.shared("features")
    assert first.shared("features") == work / "sample" / "shared" / "features"
    assert first.shared("features").is_dir()


def test_an_unknown_profile_is_named():
    with pytest.raises(CourseError, match="There is no profile 'reel': choose one of sample, real"):
        Artefacts("00_first", "reel")


def test_a_fresh_folder_holds_nothing_of_an_earlier_run(work):
    made = Artefacts("00_first", "sample")
    made.path("deep/old.txt").write_text("x")
    folder = made.fresh("deep")
    assert folder == work / "sample" / "00_first" / "deep" and not list(folder.iterdir())


@pytest.fixture
def course(work, monkeypatch):
    """A course of three chapters, each of which needs the one before it; in both forms of YAML."""
    (work / "chapters").mkdir()
    (work / "pyproject.toml").touch()
    lists = {"00_first": " []", "01_second": " [0]", "02_third": "\n#     - '01'"}
    for name, needs in lists.items():
        text = f"# ---\n#   course:\n#     minutes: 9\n#     needs:{needs}\n#     title: 7\n# ---\n"
        (work / "chapters" / f"{name}.py").write_text(text)
    monkeypatch.chdir(work)
    return work


def test_a_chapter_names_all_that_it_needs_before_it_begins(course):
    Artefacts("00_first", "sample").record(total=1)
    Artefacts("01_second", "sample")
    with pytest.raises(CourseError, match="Chapter 02 needs the files of chapter 01, which the"):
        Artefacts("02_third", "sample")
    with pytest.raises(
        CourseError, match="chapters 00 and 01,.*`course run 00 01 --profile real` first"
    ):
        Artefacts("02_third", "real")


def test_what_is_read_is_noted_as_it_was_then(work, monkeypatch):
    folder = work / "sample" / "00_first"
    for name in ("faces.csv", "other.csv", "masked/deep/1.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    monkeypatch.setenv("COURSE_READS", str(work / "reads"))
    second = Artefacts("01_second", "sample")
    second.earlier("00_first", "faces.csv").write_text("changed afterwards")
    second.earlier("00_first", "other.csv")
    notes = [json.loads(line) for line in (work / "reads").read_text().splitlines()]
    assert notes[0] == {"package": str(Path(artefacts.__file__).parents[1])}
    assert set(notes[1]["read"]) == {"00_first/faces.csv", "00_first/masked/deep/1.jpg"}
    digest = hashlib.sha256(b"faces.csv").hexdigest()
    assert notes[1]["read"]["00_first/faces.csv"]["hash"] == digest
    assert set(notes[2]["read"]) == {"00_first/other.csv"}


def test_chapters_read_earlier_results_by_this_module_alone():
    """What a chapter reads past it would not make the chapter run again."""
    root = Path(__file__).resolve().parents[2]
    slugs = [path.stem for path in (root / "chapters").glob("[0-9][0-9]_*.py")]
    assert len(slugs) == 10
    for path in [*(root / "chapters").glob("*.py"), *(root / "solutions").glob("*.py")]:
        code = re.sub(r"^#.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert "work_dir" not in code, path
        slug = f"({'|'.join(slugs)})"
        assert not re.search(rf"/ *[\"']?{slug}[\"'/]|{slug}/", code), path


def test_in_a_readers_notebook_the_command_is_offered_for_a_cell(course, monkeypatch):
    monkeypatch.setattr(artefacts.progress, "readers_notebook", lambda: Path("02_third.ipynb"))
    monkeypatch.setenv("PATH", os.pathsep.join(["/usr/bin", "/bin"]))
    with pytest.raises(
        CourseError, match="`course run 00 01` first, in a terminal or here in a cell: `!course run"
    ):
        Artefacts("02_third", "sample")
    assert os.environ["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


def test_a_chapter_that_was_stopped_half_way_counts_as_not_run(course):
    first = Artefacts("00_first", "sample")
    first.record(total=1)
    Artefacts("01_second", "sample")
    first.fresh("masked")
    with pytest.raises(CourseError, match="needs the files of chapter 00"):
        Artefacts("01_second", "sample")
