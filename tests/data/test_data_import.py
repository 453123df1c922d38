"""What every import does: nothing half done, stable names, one report."""

import json
import os
import shutil
import sys

import pytest
from drawn import encoded, noise, zipped
from imported import imported, put

from course_utils.data.audit import audit
from course_utils.data.importers import import_dataset, stable_name
from course_utils.data.registry import find
from course_utils.errors import CourseError


def test_nothing_is_left_when_nothing_can_be_used(course, source):
    put(source / "photos/1.png", encoded(noise(1)))
    cases = {
        (
            "kaggle-12k",
            source,
        ): "holds no face in the layout of kaggle-12k.*photos/1.png is in no folder",
        ("kaggle-12k", source / "absent"): "neither a folder nor",
        ("kaggle-12k", source / "absent.zip"): "does not exist",
        ("kaggle-12k", put(source / "bad.zip", b"PK\3\4 hello")): "bad.zip is damaged",
        (
            "kaggle-12k",
            put(source / "evil.zip", zipped({"../Train/WithMask/1.png": b""})),
        ): "evil.zip is not safe",
        ("face-mask-detection", source): "is not imported. Run: course data fetch",
        ("sample", source): "is not imported",
    }
    for (name, place), words in cases.items():
        with pytest.raises(CourseError, match=f"(?s){words}"):
            import_dataset(name, place)
    assert not course.datasets.exists() or not course.names()


def test_a_failed_import_keeps_the_old_one(course, source):
    put(source / "with_mask/1.png", encoded(noise(1)))
    kept = import_dataset("own", source).folder
    before = {path.name: path.read_bytes() for path in kept.iterdir() if path.is_file()}
    shutil.rmtree(source / "with_mask")
    with pytest.raises(CourseError, match="holds no face"):
        import_dataset("own", source)
    assert before == {path.name: path.read_bytes() for path in kept.iterdir() if path.is_file()}


def test_own_files_in_the_set_s_folder_are_not_lost(source):
    """Pictures put straight into work/datasets/own would vanish when the import is renamed."""
    folder = find("own").folder
    put(folder / "with_mask/1.png", encoded(noise(1)))
    with pytest.raises(
        CourseError, match="files of your own .first: with_mask/1.png.: move them elsewhere"
    ):
        import_dataset("own", folder)
    put(source / "with_mask/1.png", (folder / "with_mask/1.png").read_bytes())
    (folder / "with_mask/1.png").unlink()
    import_dataset("own", source)
    put(folder / "faces/with_mask/mine.png", encoded(noise(2)))
    with pytest.raises(CourseError, match="first: faces/with_mask/mine.png"):
        import_dataset("own", source)
    assert (folder / "faces/with_mask/mine.png").exists()


def test_import_as_a_command_reports(course, source):
    put(source / "with_mask/1.png", encoded(noise(1)))
    put(source / "with_mask/2.png", b"")
    done = course.run("import", "own", str(source))
    assert (
        done.returncode == 0
        and "1 with_mask, 0 without_mask; 1 refused" in done.out
        and "report.csv" in done.out
    )


def test_import_as_a_command_for_a_program(course, source):
    put(source / "with_mask/1.png", encoded(noise(1)))
    done = course.run("import", "own", str(source), "--json")
    assert done.returncode == 0 and json.loads(done.out)["faces"] == {
        "with_mask": 1,
        "without_mask": 0,
    }, done.err
    assert course.run("import", "own").returncode == 2


def test_names_are_stable_short_and_ascii():
    assert stable_name("Train/WithMask/Ảnh [đẹp].png") == stable_name(
        "Train/WithMask/A\u0309nh [đe\u0323p].png"
    )
    assert stable_name("images/maksssksksss0.png", 2).startswith("maksssksksss0-") and stable_name(
        "a/1.png"
    ) != stable_name("b/1.png")
    assert stable_name("images/maksssksksss0.png", 2).endswith("-002")
    for name in ("面罩.jpg", "x" * 300 + ".png", "..jpg", "a/con b?.png"):
        assert (
            stable_name(name).isascii()
            and 8 <= len(stable_name(name)) <= 49
            and not set(stable_name(name)) & set(" ?/.[]")
        )


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_utf8(source):
    put(source / "with_mask/1.png", encoded(noise(1)))
    for content, name in ((encoded(noise(2)), b"caf\xe9.png"), (b"", b"empty\xe9.png")):
        put(source / "with_mask" / os.fsdecode(name), content)
    faces, refused, _ = imported("own", source)
    assert (
        set(faces) == {"with_mask/1.png", "with_mask/caf\\udce9.png"}
        and refused[0][0] == "with_mask/empty\\udce9.png"
    )
    assert audit(source).unreadable[0]["picture"] == "with_mask/empty\\udce9.png"
