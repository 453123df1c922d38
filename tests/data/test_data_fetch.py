"""`course data fetch` against a real server: whole, resumed, and every way in which it can fail."""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from conftest import NAME, TOP, Course
from course_utils.data.download import CHUNK, download
from course_utils.data.fetch import fetch
from course_utils.data.registry import find
from course_utils.data.verify import verify
from course_utils.errors import CourseError
from drawn import encoded, noise, tarred, zipped

ARCHIVE_PATH = "chandrikadeb7/Face-Mask-Detection/archive/7e500749401bad4bb338790fbdb89b58e41ef2d9.zip"

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX resource limits")


def one_sentence(done, *words):
    """The process failed with status 1 and one message that holds the words, without a traceback."""
    assert done.returncode == 1, done.out + done.err
    assert done.err.startswith("course: ") and done.err.count("\n") == 1, done.err
    for word in words:
        assert word in done.err, done.err
    assert "Traceback" not in done.err and not done.out


def recovers(course, server, archive):
    """The next fetch from a healthy server succeeds, and `verify` agrees; in this process, to save seconds."""
    server.body = archive
    server.heal()
    os.chdir(course.root)
    assert not fetch(NAME, server.url).already_there
    course.assert_complete()
    assert verify(find(NAME)).exact


@pytest.fixture(autouse=True)
def stay_here(monkeypatch):
    """Come back to this folder after the test, whatever folder it went to."""
    monkeypatch.chdir(os.getcwd())
    monkeypatch.delenv("COURSE_WORK", raising=False)


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
    assert (large["label"], large["width"], large["height"], large["x_min"]) == ("without_mask", "400", "400", "")
    assert sum(row["label"] == "with_mask" for row in faces.values()) == 14

    os.chdir(course.root)
    assert fetch(NAME, server.url).already_there and len(server.requests) == 1


def test_archive_below_github_s_path_and_without_a_length(course, server):
    """A mirror stands in for https://github.com; GitHub redirects, and sends chunks, no length, no ranges."""
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
    bad = {"dataset/with_mask/broken.png": listed["dataset/with_mask/0.png"][:500], "dataset/with_mask/empty.jpg": b""}
    course = Course(tmp_path / "course", listed | bad)
    server.body = zipped(repository | {TOP + name: content for name, content in bad.items()})
    os.chdir(course.root)
    assert fetch(NAME, server.url).refused == 2
    with open(course.folder / "report.csv", encoding="utf-8", newline="") as stream:
        reasons = {row["picture"]: row["reason"] for row in csv.DictReader(stream)}
    assert reasons.keys() == bad.keys() and "empty" in reasons["dataset/with_mask/empty.jpg"]


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no-ranges"])
def test_kill_in_the_middle(course, server, archive, ranges):
    """SIGKILL half way; the next run takes the rest when the server can send it, else everything."""
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


@posix
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


def test_a_server_that_keeps_breaking(course, server, archive):
    server.ranges, server.stop_after = False, len(archive) // 3
    one_sentence(course.fetch(server.url), "127.0.0.1", "broke off", "run the command again")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_a_rest_is_not_joined_to_another_beginning(course, server, archive, repository):
    """The file on the server changes between two runs: the ETag tells, and everything is fetched again."""
    course.part.parent.mkdir(parents=True)
    course.part.write_bytes(archive[: len(archive) // 2])
    course.part.with_name("archive.zip.part.etag").write_text(server.etag, encoding="ascii")
    server.etag = '"two"'
    recovers(course, server, zipped({TOP + "new.txt": b"y" * 5000} | repository))
    assert server.requests == [[f"bytes={len(archive) // 2}-", len(server.body)]]


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no-ranges"])
@pytest.mark.parametrize("kept", [0, 1, 100_000, 10**9])
def test_the_bytes_are_those_of_the_server(server, tmp_path, ranges, kept):
    """zipfile would forgive a wrong beginning, so this compares the file itself."""
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


def test_flipped_byte_in_the_archive(course, server, archive, listed):
    place = archive.index(listed["dataset/with_mask/5.png"]) + 1000
    server.body = archive[:place] + bytes([archive[place] ^ 1]) + archive[place + 1 :]
    one_sentence(course.fetch(server.url), "archive.zip", "damaged", "5.png")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_another_picture_under_a_listed_name(course, server, archive, repository):
    server.body = zipped(repository | {TOP + "dataset/with_mask/5.png": encoded(noise(999))})
    one_sentence(course.fetch(server.url), "1 different", "dataset/with_mask/5.png", "nothing of it is kept")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_flipped_byte_on_disk(course, server, archive):
    recovers(course, server, archive)
    path = course.folder / "dataset/with_mask/5.png"
    content = bytearray(path.read_bytes())
    content[700] ^= 4
    path.write_bytes(content)
    (course.folder / "dataset/with_mask/6.png").unlink()
    (course.folder / "dataset/with_mask/mine.png").write_bytes(b"own")
    found = course.run("verify", NAME, "--json")
    assert found.returncode == 1, found.err
    answer = json.loads(found.out)
    assert answer["different"] == ["dataset/with_mask/5.png"] and answer["missing"] == ["dataset/with_mask/6.png"]
    assert answer["extra"] == ["dataset/with_mask/mine.png"]
    with pytest.raises(CourseError, match="mine.png.: move them elsewhere"):
        fetch(NAME, server.url)
    (course.folder / "dataset/with_mask/mine.png").unlink()
    recovers(course, server, archive)


def test_truncated_archive(course, server, archive):
    """The server believes that this is all: its length agrees."""
    server.body = archive[: len(archive) // 2]
    one_sentence(course.fetch(server.url), "archive.zip", "truncated", "get it again")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_missing_files(course, server, archive, repository):
    server.body = zipped({name: content for name, content in repository.items() if "/7.png" not in name})
    one_sentence(course.fetch(server.url), "2 missing (first: dataset/with_mask/7.png)")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_a_name_that_leads_out(course, server, archive, repository):
    server.body = zipped(repository | {TOP + "dataset/../../../evil.txt": b"evil"})
    one_sentence(course.fetch(server.url), "evil.txt' leads out of the folder", "do not use")
    course.assert_nothing_to_trust()
    assert not list(course.root.parent.rglob("evil*"))
    recovers(course, server, archive)


def test_a_link_in_the_archive(course, server, archive, repository):
    server.body = zipped(repository | {TOP + "dataset/with_mask/5.png": (b"/etc/hostname", 0o120777)})
    one_sentence(course.fetch(server.url), "5.png' is a link")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


@posix
def test_full_disk_while_downloading(course, server, archive):
    before = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({len(archive) // 2},) * 2)"
    one_sentence(course.fetch(server.url, before=before), "disk", "is full")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)
    assert server.requests[-1][0] == f"bytes={len(archive) // 2}-"


@posix
def test_full_disk_while_unpacking(course, server, archive, listed, tmp_path):
    """The limit lets every file through but the largest; the archive is a local one."""
    (tmp_path / "copy.zip").write_bytes(archive)
    limit = max(len(content) for content in listed.values()) - 1
    before = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit},) * 2)"
    one_sentence(course.fetch(tmp_path / "copy.zip", before=before), "disk", "is full")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"), reason="needs root to mount")
def test_a_disk_that_is_really_full(course, server, archive):
    """A file system of its own, with room for the archive but not for its files as well."""
    course.datasets.mkdir(parents=True)
    kilobytes = len(archive) * 3 // 2 // 1024
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", course.datasets], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no right to mount: {mounted.stderr.decode()}")
    try:
        one_sentence(course.fetch(server.url), "disk", "is full")
        assert not course.folder.exists() and course.names() == {f".{NAME}.download"}
        subprocess.run(["mount", "-o", f"remount,size={8 * kilobytes}k", course.datasets], check=True)
        recovers(course, server, archive)
    finally:
        subprocess.run(["umount", course.datasets], check=True)


def test_no_network(course, server, archive):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    one_sentence(course.fetch(f"http://{address}"), address, "can't be reached", "COURSE_MIRROR")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_no_such_host(course, server, archive):
    one_sentence(course.fetch("http://no-such-host.invalid"), "no-such-host.invalid", "can't be found")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_refused_by_the_server(course, server, archive):
    server.status = 404
    one_sentence(course.fetch(server.url), "answers 404", "7e500749401bad4bb338790fbdb89b58e41ef2d9.zip")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_a_server_that_stalls(course, server, archive):
    server.stop_after, server.then = 0, "stall"
    started = time.monotonic()
    one_sentence(course.fetch(server.url, "--timeout", "0.5"), "sent nothing for 0.5 seconds")
    assert time.monotonic() - started < 20
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


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


def test_mirror_that_is_not_there(course, tmp_path):
    one_sentence(course.fetch(tmp_path / "nothing"), "The mirror has no folder", NAME)
    os.chdir(course.root)
    with pytest.raises(CourseError, match="nothing.zip does not exist"):
        fetch(NAME, str(tmp_path / "nothing.zip"))
    course.assert_nothing_to_trust()


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


def test_sets_that_no_program_can_fetch(course):
    os.chdir(course.root)
    with pytest.raises(CourseError, match="Kaggle account.*course data import kaggle-12k"):
        fetch("kaggle-12k")
    wrong = course.run("fetch", "nonsense")
    assert wrong.returncode == 2 and "kaggle-853" in wrong.err
    one_sentence(course.run("verify", NAME), "no complete data set", "course data fetch")
