"""Every way in which `course data fetch` can fail: one sentence, nothing left to trust, and the
next run succeeds.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time

import pytest
from data_course import NAME, TOP, one_sentence, recovers
from drawn import encoded, noise, zipped

from course_utils.data.fetch import fetch
from course_utils.errors import CourseError

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX resource limits")


def test_a_server_that_keeps_breaking(course, server, archive):
    server.ranges, server.stop_after = False, len(archive) // 3
    one_sentence(course.fetch(server.url), "127.0.0.1", "broke off", "run the command again")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_flipped_byte_in_the_archive(course, server, archive, listed):
    place = archive.index(listed["dataset/with_mask/5.png"]) + 1000
    server.body = archive[:place] + bytes([archive[place] ^ 1]) + archive[place + 1 :]
    one_sentence(course.fetch(server.url), "archive.zip", "damaged", "5.png")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_another_picture_under_a_listed_name(course, server, archive, repository):
    server.body = zipped(repository | {TOP + "dataset/with_mask/5.png": encoded(noise(999))})
    one_sentence(
        course.fetch(server.url), "1 different", "dataset/with_mask/5.png", "nothing of it is kept"
    )
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
    assert answer["different"] == ["dataset/with_mask/5.png"] and answer["missing"] == [
        "dataset/with_mask/6.png"
    ]
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
    server.body = zipped(
        {name: content for name, content in repository.items() if "/7.png" not in name}
    )
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
    server.body = zipped(
        repository | {TOP + "dataset/with_mask/5.png": (b"/etc/hostname", 0o120777)}
    )
    one_sentence(course.fetch(server.url), "5.png' is a link")
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


@posix
def test_full_disk_while_downloading(course, server, archive):
    before = (
        f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({len(archive) // 2},) * 2)"
    )
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


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"),
    reason="needs root to mount",
)
def test_a_disk_that_is_really_full(course, server, archive):
    """A file system of its own, with room for the archive but not for its files as well."""
    course.datasets.mkdir(parents=True)
    kilobytes = len(archive) * 3 // 2 // 1024
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", course.datasets],
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip(f"no right to mount: {mounted.stderr.decode()}")
    try:
        one_sentence(course.fetch(server.url), "disk", "is full")
        assert not course.folder.exists() and course.names() == {f".{NAME}.download"}
        subprocess.run(
            ["mount", "-o", f"remount,size={8 * kilobytes}k", course.datasets], check=True
        )
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
    one_sentence(
        course.fetch("http://no-such-host.invalid"), "no-such-host.invalid", "can't be found"
    )
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_refused_by_the_server(course, server, archive):
    server.status = 404
    one_sentence(
        course.fetch(server.url), "answers 404", "7e500749401bad4bb338790fbdb89b58e41ef2d9.zip"
    )
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_a_server_that_stalls(course, server, archive):
    server.stop_after, server.then = 0, "stall"
    started = time.monotonic()
    one_sentence(course.fetch(server.url, "--timeout", "0.5"), "sent nothing for 0.5 seconds")
    assert time.monotonic() - started < 20
    course.assert_nothing_to_trust()
    recovers(course, server, archive)


def test_mirror_that_is_not_there(course, tmp_path):
    one_sentence(course.fetch(tmp_path / "nothing"), "The mirror has no folder", NAME)
    os.chdir(course.root)
    with pytest.raises(CourseError, match="nothing.zip does not exist"):
        fetch(NAME, str(tmp_path / "nothing.zip"))
    course.assert_nothing_to_trust()


def test_sets_that_no_program_can_fetch(course):
    os.chdir(course.root)
    with pytest.raises(CourseError, match="Kaggle account.*course data import kaggle-12k"):
        fetch("kaggle-12k")
    wrong = course.run("fetch", "nonsense")
    assert wrong.returncode == 2 and "kaggle-853" in wrong.err
    one_sentence(course.run("verify", NAME), "no complete data set", "course data fetch")
