"""Two that import or fetch one set, processes killed at the worst moment, downloads without end."""

import csv
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from data_course import NAME
from drawn import encoded, noise
from imported import put, rows

from course_utils.data import verify as verifying
from course_utils.data.importers import import_dataset
from course_utils.data.registry import find
from course_utils.data.tables import write_faces
from course_utils.data.verify import verify, write_manifest
from course_utils.errors import CourseError

HOLD = """
import pathlib, time
from course_utils.data import {module}
write = {module}.write_faces
def held(*arguments):
    print("holding", flush=True)
    while not pathlib.Path("go").exists():
        time.sleep(0.01)
    write(*arguments)
{module}.write_faces = held
"""
"""Stops a process when the set is half made, until a file named go is there."""

KILL = """
import os, signal
from pathlib import Path
rename, renamed = Path.rename, []
def dies(self, target):
    renamed.append(target)
    if len(renamed) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
Path.rename = dies
"""
"""Kills a process between the two renames that replace a folder."""

posix = pytest.mark.skipif(sys.platform == "win32", reason="kills with a POSIX signal")


def whole(folder):
    """Every row has its file, every file its row, and the manifest agrees."""
    pictures = [row["picture"] for row in rows(folder, "faces.csv")]
    there = {path.relative_to(folder).as_posix() for path in (folder / "faces").rglob("*.png")}
    return len(pictures) == len(set(pictures)) and set(pictures) == there


@pytest.fixture
def pictures(source):
    for number in range(6):
        put(source / f"with_mask/{number}.png", encoded(noise(number)))
    return source


def test_of_two_imports_into_one_set_the_second_waits(course, pictures, tmp_path):
    other = tmp_path / "other"
    for number in range(6, 10):
        put(other / f"without_mask/{number}.png", encoded(noise(number)))
    first = course.start("import", "own", str(pictures), before=HOLD.format(module="importers"))
    assert first.stdout.readline() == "holding\n", first.communicate()
    second = course.start("import", "own", str(other))
    assert "another process is writing to" in second.stderr.readline()
    (course.root / "go").touch()
    assert "6 with_mask" in first.communicate(timeout=60)[0] and first.returncode == 0
    assert "4 without_mask" in second.communicate(timeout=60)[0] and second.returncode == 0
    folder = find("own").folder
    assert verify(find("own")).exact and whole(folder)
    assert {row["label"] for row in rows(folder, "faces.csv")} == {"without_mask"}
    assert course.names() == {"own"}


def test_of_two_fetches_the_second_finds_the_set_complete(course, server):
    first = course.start("fetch", NAME, "--mirror", server.url, before=HOLD.format(module="fetch"))
    assert first.stdout.readline() == "holding\n", first.communicate()
    second = course.start("fetch", NAME, "--mirror", server.url)
    assert "waiting for it to end" in second.stderr.readline()
    (course.root / "go").touch()
    assert first.wait(60) == 0
    assert "is already complete" in second.communicate(timeout=60)[0] and second.returncode == 0
    course.assert_complete()
    assert len(server.requests) == 1


@posix
def test_killed_between_the_two_renames_the_old_set_comes_back(course, pictures):
    folder = import_dataset("own", pictures).folder
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    put(pictures / "with_mask/more.png", encoded(noise(99)))
    assert course.run("import", "own", str(pictures), before=KILL).returncode == -9
    assert not folder.exists() and len(course.names()) == 3  # both copies and the lock

    shutil.rmtree(pictures / "with_mask")
    with pytest.raises(CourseError, match="holds no face"):
        import_dataset("own", pictures)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert course.names() == {"own"} and verify(find("own")).exact


@posix
def test_verify_puts_the_old_set_back(course, pictures):
    folder = import_dataset("own", pictures).folder
    assert course.run("import", "own", str(pictures), before=KILL).returncode == -9
    assert not folder.exists()
    assert verify(find("own")).exact and whole(folder)


def test_a_set_whose_table_and_files_disagree_is_not_complete(tmp_path):
    put(tmp_path / "faces/with_mask/1.png", encoded(noise(1)))
    face = {"picture": "faces/with_mask/1.png", "label": "with_mask"}
    write_faces(tmp_path / "faces.csv", [face, face])
    with pytest.raises(CourseError, match="two faces in faces/with_mask/1.png"):
        write_manifest(tmp_path)
    write_faces(tmp_path / "faces.csv", [face, face | {"picture": "faces/with_mask/2.png"}])
    with pytest.raises(CourseError, match="has no file faces/with_mask/2.png"):
        write_manifest(tmp_path)
    assert not (tmp_path / verifying.MANIFEST).exists()


def test_verify_holds_the_table_against_the_manifest(pictures):
    folder = import_dataset("own", pictures).folder
    lost = rows(folder, "faces.csv")[0]["picture"]
    (folder / lost).unlink()
    with open(folder / verifying.MANIFEST, encoding="utf-8", newline="") as stream:
        listed = [row for row in csv.reader(stream) if row[0] != lost]
    with open(folder / verifying.MANIFEST, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(listed)
    assert verify(find("own")).missing == [lost]


class Endless(BaseHTTPRequestHandler):
    """Sends bytes until the client hangs up."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        block = bytes(1 << 16)
        try:
            while True:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
        except OSError:
            self.close_connection = True

    def log_message(self, *arguments):
        pass


@pytest.fixture
def endless():
    http = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()


SMALL = "from course_utils.data import fetch\nfetch.ARCHIVE_EXTRA = 1 << 20\n"


def test_a_download_without_end_is_ended_and_leaves_nothing(course, endless):
    done = course.fetch(endless, before=SMALL)
    assert done.returncode == 1 and done.err.startswith("course: ") and "Traceback" not in done.err
    assert "sends more than" in done.err and "it is not kept" in done.err
    assert not [path for path in course.datasets.rglob("*") if path.is_file()]


def test_a_length_that_is_too_large_is_refused_before_a_byte(course, server):
    server.body = bytes(4 << 20)
    done = course.fetch(server.url, before=SMALL)
    assert done.returncode == 1 and "sends more than" in done.err
    assert not [path for path in course.datasets.rglob("*") if path.is_file()]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"),
    reason="needs root to mount",
)
def test_a_download_without_end_does_not_keep_the_disk_full(course, endless):
    course.datasets.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", course.datasets], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no right to mount: {mounted.stderr.decode()}")
    try:
        done = course.fetch(endless)
        assert done.returncode == 1 and "is full: free some space" in done.err
        assert shutil.disk_usage(course.datasets).used < 1 << 16
    finally:
        subprocess.run(["umount", course.datasets], check=True)
