"""What `course mask` believes of a journal, what it never overwrites, and what it tries again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from course_utils.errors import CourseError
from course_utils.masks.choice import MaskOptions
from course_utils.masks.job import run
from course_utils.pictures import images

SAMPLE = Path(__file__).resolve().parents[2] / "data/sample"
PORTRAITS = sorted((SAMPLE / "faces").glob("*.jpg"))[:2]
COMMAND = [sys.executable, "-m", "course_utils.command.main", "mask"]


def mask(source, destination, **more):
    return run(source, destination, MaskOptions(type="surgical"), progress=False, **more)


def journal(folder):
    return folder / ".course-mask/journal.jsonl"


@pytest.fixture
def source(tmp_path):
    """A folder with two small portraits and a landscape."""
    folder = tmp_path / "in"
    folder.mkdir()
    for path in PORTRAITS:
        shutil.copy(path, folder)
    Image.linear_gradient("L").resize((48, 48)).save(folder / "sky.png")
    return folder


@pytest.fixture
def masked(source, tmp_path):
    mask(source, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def foreign(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/diary.txt").write_text("keep me")
    return tmp_path / "mine/diary.txt"


@pytest.mark.parametrize("name", ["../mine/diary.txt", "ABSOLUTE", "a/../../mine/diary.txt"])
@pytest.mark.parametrize("again", [False, True])
def test_a_journal_deletes_nothing_outside(source, masked, foreign, name, again):
    name = str(foreign) if name == "ABSOLUTE" else name
    with open(journal(masked), "a", encoding="utf-8") as stream:
        stream.write(json.dumps({"planned": [name]}) + "\n")
    with pytest.raises(CourseError, match="is no journal that `course mask` wrote.*not lie below"):
        mask(source, masked, again=again)
    assert foreign.read_text() == "keep me"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("again", [False, True])
def test_a_folder_that_became_a_link_is_not_followed(source, masked, foreign, again):
    (source / "deep").mkdir()
    shutil.copy(PORTRAITS[0], source / "deep/diary.txt.jpg")
    (masked / "deep").symlink_to(foreign.parent, target_is_directory=True)
    shutil.copy(PORTRAITS[1], foreign.parent / "diary.txt.jpg")
    before = (foreign.parent / "diary.txt.jpg").read_bytes()
    with open(journal(masked), "a", encoding="utf-8") as stream:
        stream.write(json.dumps({"planned": ["deep/diary.txt.jpg"]}) + "\n")
    with pytest.raises(CourseError, match="deep leads out of|was not written by this job"):
        mask(source, masked, again=again)
    assert (foreign.parent / "diary.txt.jpg").read_bytes() == before


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "7",
        '{"options": 3}',
        '{"planned": "a.jpg"}',
        '{"planned": [5]}',
        '{"picture": "a.jpg"}',
        '{"picture": "a.jpg", "source": null, "files": {}, "rows": "x", "landmarks": []}',
        '{"picture": "a.jpg", "source": 1, "files": {}, "rows": [], "landmarks": []}',
        '{"picture": "a", "source": null, "files": {}, "rows": [{}], "landmarks": []}',
        '{"picture": "a", "source": null, "files": {}, "rows": [], "landmarks": ["1 2"]}',
        "{" * 5000,
        "not JSON",
        '"\\ud800"',
    ],
)
def test_an_odd_journal_is_one_sentence(source, masked, text):
    before = {path: path.read_bytes() for path in masked.rglob("*") if path.is_file()}
    lines = journal(masked).read_text(encoding="utf-8")
    journal(masked).write_text(text + "\n" + lines, encoding="utf-8")
    with pytest.raises(CourseError, match="is no journal that `course mask` wrote .line 1"):
        mask(source, masked)
    journal(masked).write_text(lines, encoding="utf-8")
    assert {path: path.read_bytes() for path in masked.rglob("*") if path.is_file()} == before


def test_bytes_that_are_no_text_are_no_journal(source, masked):
    journal(masked).write_bytes(os.urandom(64) + b"\xff\n" + journal(masked).read_bytes())
    with pytest.raises(CourseError, match="is no journal"):
        mask(source, masked)


def test_a_table_that_the_job_did_not_write_is_not_overwritten(source, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/masks.csv").write_text("my own")
    with pytest.raises(CourseError, match="masks.csv exists and was not written by this job"):
        mask(source, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["masks.csv"]
    assert (tmp_path / "out/masks.csv").read_text() == "my own"


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (f"in/{PORTRAITS[0].name}", "is what the command reads"),
        ("mine/diary.txt", "this command did not make it"),
        (f"out/{PORTRAITS[0].name}", "masked pictures or masks.csv are written to"),
        ("out/masks.csv", "masked pictures or masks.csv are written to"),
    ],
)
def test_landmarks_are_written_over_nothing(source, foreign, tmp_path, target, sentence):
    before = PORTRAITS[0].read_bytes()
    with pytest.raises(CourseError, match=sentence):
        mask(source, tmp_path / "out", landmarks_out=tmp_path / target)
    assert foreign.read_text() == "keep me"
    assert (source / PORTRAITS[0].name).read_bytes() == before
    mask(source, tmp_path / "out", landmarks_out=tmp_path / "points.csv")
    mask(source, tmp_path / "out", landmarks_out=tmp_path / "points.csv")  # its own is replaced


def test_a_damaged_output_is_made_again(source, masked):
    output = masked / PORTRAITS[0].name
    whole, times = output.read_bytes(), output.stat()
    for damaged in (whole[: len(whole) // 2], whole[:-1] + b"\0"):
        output.write_bytes(damaged)
        os.utime(output, ns=(times.st_atime_ns, times.st_mtime_ns))
        report = mask(source, masked)
        assert output.read_bytes() == whole and report.kept == 2
    assert mask(source, masked).kept == 3


def test_sources_swapped_at_equal_size_and_time_are_masked_again(source, masked):
    one, two = (source / path.name for path in PORTRAITS)
    size = max(one.stat().st_size, two.stat().st_size)
    for path in (one, two):
        path.write_bytes(path.read_bytes().ljust(size, b"\0"))  # JPEG ignores what follows its end
        os.utime(path, ns=(10**18, 10**18))
    mask(source, masked)
    before = [(masked / path.name).read_bytes() for path in PORTRAITS]
    one.rename(source / "kept")
    two.rename(one)
    (source / "kept").rename(two)
    assert mask(source, masked).kept == 1
    after = [(masked / path.name).read_bytes() for path in PORTRAITS]
    assert after[0] != before[0] and after[1] != before[1]


def test_a_tree_that_was_copied_back_is_not_masked_again(source, masked, tmp_path):
    shutil.copytree(source, tmp_path / "copy")
    shutil.rmtree(source)
    (tmp_path / "copy").rename(source)
    assert mask(source, masked).kept == 3


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(5, "I/O error"), MemoryError()]
)
def test_passing_trouble_is_tried_again(source, tmp_path, monkeypatch, error):
    name = PORTRAITS[0].name

    def fails(path, **keywords):
        if Path(path).name == name:
            raise error
        return Image._original(path, **keywords)

    with monkeypatch.context() as patched:
        patched.setattr(Image, "_original", Image.open, raising=False)
        patched.setattr(images.Image, "open", fails)
        report = mask(source, tmp_path / "out")
    assert [row["result"] for row in report.rows if row["picture"] == name] == ["failed"]
    report = mask(source, tmp_path / "out")
    assert report.kept == 2
    assert [row["result"] for row in report.rows if row["picture"] == name] == ["masked"]


def test_of_two_runs_into_one_folder_the_second_is_refused(source, tmp_path):
    out, hold = tmp_path / "out", tmp_path / "hold.py"
    hold.write_text(
        "import sys, time, pathlib\n"
        "from course_utils.masks import ledger\n"
        "finish = ledger.Journal.finish\n"
        "def held(*arguments):\n"
        "    print('holding', flush=True)\n"
        f"    while not pathlib.Path({str(tmp_path / 'go')!r}).exists():\n"
        "        time.sleep(0.01)\n"
        "    finish(*arguments)\n"
        "ledger.Journal.finish = held\n"
        "from course_utils.command.main import main\n"
        "main()\n"
    )
    with subprocess.Popen(
        [sys.executable, hold, "mask", source, out], stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout.readline() == "holding\n"
        second = subprocess.run([*COMMAND, source, out], capture_output=True, text=True)
        assert second.returncode == 1 and second.stderr.startswith("course: Another process")
        assert "Traceback" not in second.stderr
        (tmp_path / "go").touch()
        first.stdout.read()
    assert first.returncode == 0
    assert mask(source, out).kept == 3
    assert {path.name for path in out.iterdir()} == {
        ".course-mask",
        "masks.csv",
        *(path.name for path in PORTRAITS),
    }
