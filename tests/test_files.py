"""What may be written where: never over an input, never over somebody else's file."""

import os
import sys

import pytest

from course_utils.errors import CourseError
from course_utils.files import refuse_to_overwrite


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.mp4"
    path.write_text("an input")
    return path


def test_a_new_name_is_fine(source, tmp_path):
    refuse_to_overwrite(tmp_path / "new/out.mp4", [source], force=False)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("link", [os.symlink, os.link, None], ids=["symbolic", "hard", "dots"])
@pytest.mark.parametrize("force", [None, False, True])
def test_an_input_is_refused_under_every_name(source, tmp_path, link, force):
    if link:
        other = tmp_path / "other.mp4"
        link(source, other)
    else:
        (tmp_path / "deep").mkdir()
        other = tmp_path / "deep/../source.mp4"
    with pytest.raises(CourseError, match="what the command reads.*choose another name"):
        refuse_to_overwrite(other, [tmp_path / "gone", source], ours=lambda path: True, force=force)


@pytest.mark.parametrize(
    ("force", "remedy"), [(None, "or move it away"), (False, "or add --force")]
)
def test_a_strangers_file_is_refused(tmp_path, force, remedy):
    (tmp_path / "out.csv").write_text("ground truth")
    with pytest.raises(CourseError, match=f"out.csv exists already.*{remedy}"):
        refuse_to_overwrite(tmp_path / "out.csv", ours=lambda path: False, force=force)


def test_force_and_what_the_command_made_are_replaced(tmp_path):
    (tmp_path / "out.csv").write_text("rows")
    refuse_to_overwrite(tmp_path / "out.csv", force=True)
    refuse_to_overwrite(tmp_path / "out.csv", ours=lambda path: path.read_text() == "rows")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(CourseError, match="is a folder"):
        refuse_to_overwrite(tmp_path, force=True)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_that_leads_nowhere_is_somebodys(tmp_path):
    (tmp_path / "out.csv").symlink_to(tmp_path / "nothing")
    with pytest.raises(CourseError, match="exists already"):
        refuse_to_overwrite(tmp_path / "out.csv", force=False)
