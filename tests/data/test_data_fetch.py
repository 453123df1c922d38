"""`course data fetch` from a real server or a mirror: whole, resumed, and mended after a kill."""

import csv
import json
import os
import shutil
import signal
import sys
import time

import pytest
from data_course import NAME, TOP, Course, one_sentence, recovers
from drawn import tarred, zipped

from course_utils.data.download import CHUNK, download
from course_utils.data.fetch import fetch

ARCHIVE_PATH = (
    "chandrikadeb7/Face-Mask-Detection/archive/7e500749401bad4bb338790fbdb89b58e41ef2d9.zip"
)


def test_fetch_makes_a_complete_set(course, server, listed):
    done = course.fetch(server.url, "--json")
    assert done.returncode == 0, done.err
    answer = json.loads(done.out)
    assert (answer["files"], answer["faces"], answer["refused"]) == (len(listed), len(listed), 0)
    course.assert_complete()
    with open(course.folder / "faces.csv", encoding="utf-8", newline="") as stream:
        faces = {row["picture"]: row for row in csv.DictReader(stream)}
    assert faces.keys() == listed.keys()
    large = faces["dataset/without_mask/2020 (another copy) [1].jpg"]
    assert (large["label"], large["width"], large["height"], large["x_min"]) == (
        "without_mask",
        "400",
        "400",
        "",
    )
    assert sum(row["label"] == "with_mask" for row in faces.values()) == 14

    os.chdir(course.root)
    assert fetch(NAME, server.url).already_there and len(server.requests) == 1


def test_people_are_those_that_file_names_tell(course, server):
    assert course.fetch(server.url).returncode == 0
    with open(course.folder / "faces.csv", encoding="utf-8", newline="") as stream:
        people = {row["picture"]: row["person"] for row in csv.DictReader(stream) if row["person"]}
    assert people == {"dataset/without_mask/0_0_someone_0012.jpg": "someone"}


def test_archive_below_github_s_path_and_without_a_length(course, server):
    """A mirror stands in for https://github.com; GitHub redirects, and sends chunks, no length, no
    ranges.
    """
    server.length = server.ranges = False
    server.redirect = f"/{ARCHIVE_PATH}"
    done = course.run("fetch", NAME, COURSE_MIRROR=server.url + "/")
    assert done.returncode == 0, done.err
    course.assert_complete()


def test_a_rest_is_fetched_through_a_redirect(course, server, archive):
    server.redirect = f"/{ARCHIVE_PATH}"
    course.part.parent.mkdir(parents=True)
    course.part.write_bytes(archive[:1000])
    recovers(course, server, archive)
    assert server.requests == [["bytes=1000-", len(archive) - 1000]]


def test_unreadable_pictures_are_reported_not_fatal(tmp_path, server, listed, repository):
    bad = {
        "dataset/with_mask/broken.png": listed["dataset/with_mask/0.png"][:500],
        "dataset/with_mask/empty.jpg": b"",
    }
    course = Course(tmp_path / "course", listed | bad)
    server.body = zipped(repository | {TOP + name: content for name, content in bad.items()})
    os.chdir(course.root)
    assert fetch(NAME, server.url).refused == 2
    with open(course.folder / "report.csv", encoding="utf-8", newline="") as stream:
        reasons = {row["picture"]: row["reason"] for row in csv.DictReader(stream)}
    assert reasons.keys() == bad.keys() and "empty" in reasons["dataset/with_mask/empty.jpg"]


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no-ranges"])
def test_kill_in_the_middle(course, server, archive, ranges):
    """SIGKILL half way; the next run takes the rest when the server can send it, else all."""
    server.ranges, server.stop_after, server.then = ranges, len(archive) // 2, "stall"
    process = course.start("fetch", NAME, "--mirror", server.url)
    assert server.stopped.wait(30)
    deadline = time.monotonic() + 20
    while not (course.part.exists() and course.part.stat().st_size >= len(archive) // 3):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.communicate()
    kept = course.part.stat().st_size
    assert not course.folder.exists() and not list(course.datasets.rglob("archive.zip"))
    recovers(course, server, archive)
    asked, sent = server.requests[-1]
    assert asked == f"bytes={kept}-"
    assert sent == (len(archive) - kept if ranges else len(archive))


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_kill_while_unpacking(course, server, archive):
    """SIGKILL as the sixth picture is being written: what is there is not taken for the set."""
    before = (
        "import os, signal, course_utils.data.archives as a\n"
        "whole, count = a._write, []\n"
        "def write(*arguments):\n"
        "    count.append(1)\n"
        "    return whole(*arguments) if len(count) < 6 else os.kill(os.getpid(), signal.SIGKILL)\n"
        "a._write = write"
    )
    done = course.fetch(server.url, before=before)
    assert done.returncode == -signal.SIGKILL
    assert len(list(course.datasets.rglob("*.png"))) == 5 and not course.folder.exists()
    recovers(course, server, archive)
    assert len(server.requests) == 1  # the whole archive was kept


def test_a_break_is_mended_in_the_same_run(course, server, archive):
    server.stop_after, server.times = len(archive) // 3, 2
    os.chdir(course.root)
    fetch(NAME, server.url)
    course.assert_complete()
    sent = sum(sent for _, sent in server.requests)
    assert len(server.requests) == 3 and len(archive) <= sent < len(archive) + 2 * CHUNK


def test_a_rest_is_not_joined_to_another_beginning(course, server, archive, repository):
    """The file on the server changes between two runs: the ETag tells, and everything is fetched
    again.
    """
    course.part.parent.mkdir(parents=True)
    course.part.write_bytes(archive[: len(archive) // 2])
    course.part.with_name("archive.zip.part.etag").write_text(server.etag, encoding="ascii")
    server.etag = '"two"'
    recovers(course, server, zipped({TOP + "new.txt": b"y" * 5000} | repository))
    assert server.requests == [[f"bytes={len(archive) // 2}-", len(server.body)]]


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no-ranges"])
@pytest.mark.parametrize("kept", [0, 1, 100_000, 10**9])
def test_the_bytes_are_those_of_the_server(server, tmp_path, ranges, kept):
    """Zipfile would forgive a wrong beginning, so this compares the file itself."""
    server.ranges = ranges
    (tmp_path / "a.zip.part").write_bytes(server.body[:kept] + b"x" * (kept == 10**9))
    assert download(server.url, tmp_path / "a.zip").read_bytes() == server.body
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_a_part_that_was_already_whole(course, server, archive):
    course.part.parent.mkdir(parents=True)
    course.part.write_bytes(archive)
    recovers(course, server, archive)
    assert server.requests == [[f"bytes={len(archive)}-", 0]]


def test_a_part_that_is_too_long(course, server, archive):
    course.part.parent.mkdir(parents=True)
    course.part.write_bytes(archive + b"more")
    recovers(course, server, archive)
    assert server.requests == [[f"bytes={len(archive) + 4}-", 0], [None, len(archive)]]


def test_mirror_folder(course, tmp_path, listed):
    mirror = tmp_path / "mirror"
    for path, content in listed.items():
        (mirror / NAME / path).parent.mkdir(parents=True, exist_ok=True)
        (mirror / NAME / path).write_bytes(content)
    (mirror / NAME / "LICENSE").write_bytes(b"MIT")
    original = (mirror / NAME / "dataset/with_mask/5.png").read_bytes()
    (mirror / NAME / "dataset/with_mask/5.png").write_bytes(original[:-1] + b"\0")
    one_sentence(course.fetch(mirror), "1 different", "5.png")
    course.assert_nothing_to_trust()
    (mirror / NAME / "dataset/with_mask/5.png").write_bytes(original)
    os.chdir(course.root)
    fetch(NAME, os.path.relpath(mirror))
    course.assert_complete()


def test_mirror_archive_as_file_and_as_url(course, server, tmp_path, repository, archive):
    (tmp_path / "copy.tar.gz").write_bytes(tarred(repository))
    os.chdir(course.root)
    fetch(NAME, str(tmp_path / "copy.tar.gz"))
    course.assert_complete()
    shutil.rmtree(course.folder)
    assert (tmp_path / "copy.tar.gz").exists()
    server.body = tarred(repository)
    fetch(NAME, server.url + "/copy.tar.gz")
    course.assert_complete()
