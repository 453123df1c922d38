"""What `course detect` leaves behind: nothing of somebody else's is replaced, nothing is lost on a
full disk or in odd surroundings, and the counts add up on damaged videos.
"""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from filming import FRAMES, ffmpeg, film
from PIL import Image
from started import STARTED

from course_utils.detection import job, outputs
from course_utils.detection.capture import open_capture
from course_utils.detection.job import Order
from course_utils.detection.writing import plan_of
from course_utils.errors import CourseError
from course_utils.pictures.images import read_rgb

SCENE = Path(__file__).resolve().parents[2] / "data/sample/scenes/scene_1.jpg"
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "6")


class Unmasked:
    """A classifier that is at hand: it calls every face unmasked."""

    size, class_names = 32, ("with_mask", "without_mask")

    def __call__(self, faces):
        return np.tile(np.float32([0.1, 0.9]), (len(faces), 1))


def detect(source, out=None, **options):
    order = Order(str(source), classify=Unmasked(), out=out and str(out), **options)
    return job.run(order, lambda sentence: None, progress=False)


def rows(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def length(path):
    capture, count = open_capture(path), 0
    while capture.grab():
        count += 1
    return count


@pytest.fixture
def scene(tmp_path):
    path = tmp_path / "scene.png"
    Image.fromarray(cv2.resize(read_rgb(SCENE), (640, 360))).save(path)
    return path


@pytest.fixture
def video(tmp_path):
    return film(tmp_path / "webcam.mp4", *H264)


def refused(source, out, words, **options):
    with pytest.raises(CourseError, match=words):
        plan_of(Order(str(source), out=str(out), **options))


def test_the_ground_truth_beside_a_video_is_kept(video, tmp_path):
    truth = tmp_path / "webcam.csv"
    truth.write_text("frame,time,person\n0,0.000,webcam_1\n")
    refused(video, tmp_path / "webcam.mkv", "webcam.csv exists already.*--force")
    refused(video, truth, "webcam.csv exists already")
    (tmp_path / "mine.mp4").write_bytes(b"somebody's")
    refused(video, tmp_path / "mine.mp4", "mine.mp4 exists already")
    assert plan_of(Order(str(video), out=str(tmp_path / "webcam.mkv"), force=True)).table == truth


def test_the_tables_and_pictures_of_a_folder_are_kept(scene, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "data").mkdir()
    shutil.move(scene, tmp_path / "in")
    (tmp_path / "data/faces.csv").write_text("picture,person\n")
    refused(tmp_path / "in", tmp_path / "data", "faces.csv exists already")
    (tmp_path / "data/faces.csv").unlink()
    Image.new("RGB", (8, 8)).save(tmp_path / "data/scene.png")
    refused(tmp_path / "in", tmp_path / "data", "scene.png exists already")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_no_input_is_replaced_by_force_either(scene, video, tmp_path, link):
    link(video, tmp_path / "other.mp4")
    refused(video, tmp_path / "other.mp4", "what the command reads", force=True)
    model = tmp_path / "marked.csv"
    model.write_text("a model")
    refused(video, tmp_path / "marked.mp4", "what the command reads", force=True, model=str(model))
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    shutil.move(scene, tmp_path / "in")
    link(tmp_path / "in/scene.png", tmp_path / "out/scene.png")
    refused(tmp_path / "in", tmp_path / "out", "what the command reads", force=True)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.csv", "a.jsonl"])
def test_what_an_earlier_run_wrote_is_replaced(scene, tmp_path, name):
    for _ in range(2):
        assert detect(scene, tmp_path / "out" / name).faces > 3
    assert outputs.made_here(tmp_path / "out" / name) and not outputs.made_here(scene)


@pytest.mark.parametrize("name", ["a.mp4", "a.m4v", "a.mov", "a.mkv", "2021-05-03T12:30:15.mp4"])
def test_a_video_of_an_earlier_run_is_known(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    writer = outputs.VideoFile(name, 12)
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.close()
    assert outputs.made_here(name) and length(os.path.abspath(name)) == 1
    film(tmp_path / "other.mkv", *H264)
    assert not outputs.made_here(tmp_path / "other.mkv")


def test_two_pictures_that_differ_in_their_endings_stay_two(scene, tmp_path):
    (tmp_path / "in").mkdir()
    with Image.open(scene, formats=("PNG",)) as image:
        for name in ("a.bmp", "a.bmp.jpg", "a.gif"):
            image.convert("RGB").save(tmp_path / "in" / name)
    report = detect(tmp_path / "in", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a.bmp-2.jpg",
        "a.bmp.jpg",
        "a.gif.jpg",
        "faces.csv",
    ]
    assert report.frames == 3 and len(report.rows) == len(rows(tmp_path / "out/faces.csv"))


def test_an_uneven_video_keeps_its_length(tmp_path):
    path = film(tmp_path / "phone.mp4", *H264, uneven=True, size=(64, 48))
    detect(path, tmp_path / "out.mp4")
    fps = open_capture(tmp_path / "out.mp4").get(cv2.CAP_PROP_FPS)
    assert fps == pytest.approx(12, abs=0.1)  # as in the fast part: no frame is left out
    assert length(tmp_path / "out.mp4") / fps == pytest.approx(6.5, abs=0.1)
    assert detect(path, max_fps=2).frames == 14  # two in the first second, then every one


@pytest.fixture
def web(tmp_path):
    """A server for the files of a folder that takes alerts, too; yields its place and these."""
    alerts = []

    class Handler(SimpleHTTPRequestHandler):
        def do_POST(self):
            alerts.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", alerts
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", ["seen.mp4", "seen.png", "cut.mp4"])
def test_no_password_in_a_table_an_alert_or_a_sentence(scene, tmp_path, web, name):
    host, alerts = web
    if name == "seen.png":
        scene.rename(tmp_path / name)
    else:
        small = ("-frames:v", 12, "-vf", "scale=320:180", *H264, "-movflags", "+faststart")
        ffmpeg("-i", SCENE.parents[1] / "videos/webcam.mp4", *small, tmp_path / name)
    if name == "cut.mp4":
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) * 6 // 10])
    said = []
    order = Order(
        f"http://admin:P@ssw0rd@{host}/{name}?user=admin&pwd=ssw0rd",
        classify=Unmasked(),
        out=str(tmp_path / "faces.csv"),
        alert_after=0.0,
        alert_webhook=f"http://admin:P@ssw0rd@{host}/alerts?pwd=ssw0rd",
    )
    report = job.run(order, said.append, progress=False)
    everything = f"{report} {said} {alerts} {(tmp_path / 'faces.csv').read_text()}"
    assert report.faces and "ssw0rd" not in everything and "P@" not in everything
    if name == "seen.png":
        assert report.rows[0]["picture"] == f"http://{host}/seen.png?..."
    else:
        assert report.alerts == len(alerts) >= 1 and f"http://{host}/{name}?..." in alerts[0]
    assert (name == "cut.mp4") == bool(report.problems)


IMPORTED_FROM = [str(folder) for folder in Path(__file__).resolve().parents[:2]]


def run(code, *arguments, **environment):
    """Run a program that has `detect` and `main`; return its end."""
    start = (
        "import sys\nfrom test_writing import detect\n"
        "from course_utils.command import detect as command\n"
        "from course_utils.command.main import main\n"
        "from course_utils.detection import job\n"
        "from test_writing import Unmasked\n"
        "carry = job.run\n"
        "def at_hand(order, *rest):\n"
        "    from dataclasses import replace\n"
        "    return carry(replace(order, model=None, classify=Unmasked()), *rest)\n"
        "job.run = at_hand\n"
    )
    return subprocess.run(
        [*STARTED, "-c", start + code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(IMPORTED_FROM), **environment},
        capture_output=True,
        timeout=300,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode there")
def test_names_that_are_no_utf8_and_a_terminal_of_latin_1(scene, video, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    scene.rename(folder / os.fsdecode(b"caf\xe9 \x1b[31m.png"))
    (folder / "😷.png").write_bytes(b"no picture")
    twice = (
        "given = list(sys.argv)\nfor more in ([], ['--json']):\n"
        "    sys.argv = given + more\n    try:\n        main()\n"
        "    except SystemExit as stopped:\n        print('status', stopped.code)\n"
    )
    done = run(
        *(twice, "detect", folder, "--model", "x", "-o", tmp_path / "out"),
        PYTHONIOENCODING="latin-1",
        PYTHONUTF8="0",
    )
    assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr
    assert done.stderr.count(b"\\U0001f637.png") == 2 and b"\x1b[31m" not in done.stdout
    _, printed, rest = done.stdout.split(b"status 1\n")
    assert not rest
    answer = json.loads(printed)
    assert {row["picture"] for row in answer["rows"]} == {"caf\\xe9 \\x1b[31m.png"}
    assert len(rows(tmp_path / "out/faces.csv")) == len(answer["rows"]) == answer["faces"] > 3
    film_name = tmp_path / os.fsdecode(b"f\xe9.mp4")
    video.rename(film_name)
    done = run("main()", "detect", film_name, "--model", "x", "-o", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, b"")
    assert length(next((tmp_path / "out").glob("f*.mp4"))) == FRAMES


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of a file's size there")
@pytest.mark.parametrize("name", ["out.csv", "out.mp4", "out.png"])
def test_a_full_disk_is_one_sentence_and_leaves_no_half_file(scene, tmp_path, name):
    source = scene
    if name != "out.png":
        source = film(tmp_path / "noise.avi", "-c:v", "mjpeg")
        picture = cv2.imread(str(scene))
        writer = cv2.VideoWriter(
            str(source), cv2.VideoWriter_fourcc(*"MJPG"), 12, picture.shape[1::-1]
        )
        for number in range(30):
            writer.write(np.roll(picture, 7 * number, axis=1))
        writer.release()
    limit = 2000 if name == "out.csv" else 20_000
    code = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); main()"
    (tmp_path / "full").mkdir()
    done = run(code, "detect", source, "--model", "x", "-o", tmp_path / "full" / name)
    assert done.returncode == 1 and b"Traceback" not in done.stderr, done.stderr
    assert b"full" in done.stderr and done.stderr.count(b"course:") == 1
    for left in (tmp_path / "full").iterdir():
        assert left.suffix == ".csv" or length(left) > 0
        assert not left.name.startswith(".")


def mutated(content, chance):
    """Return a file with bytes changed, cut out, put in or missing at the end."""
    content = bytearray(content)
    for _ in range(chance.choice((1, 3, 30))):
        place, size = chance.randrange(len(content)), chance.choice((1, 4, 200))
        kind = chance.choice(("change", "zero", "remove", "repeat", "cut"))
        if kind == "change":
            content[place : place + size] = chance.randbytes(size)
        elif kind == "zero":
            content[place : place + size] = bytes(size)
        elif kind == "remove":
            del content[place : place + size]
        elif kind == "repeat":
            content[place:place] = content[place : place + size]
        elif place > len(content) // 3:
            del content[place:]
    return bytes(content)


KINDS = {
    "a.mp4": H264,
    "a.webm": ("-c:v", "libvpx", "-deadline", "realtime"),
    "a.avi": ("-c:v", "mjpeg"),
    "a.flv": H264,
    "a.ts": H264,
    "a.gif": (),
}


@pytest.mark.parametrize("name", KINDS)
def test_thirty_mutated_videos(tmp_path, name):
    small = ("-frames:v", 12, "-vf", "scale=320:180", *KINDS[name])
    ffmpeg("-i", SCENE.parents[1] / "videos/webcam.mp4", *small, tmp_path / name)
    content, worked, faces = (tmp_path / name).read_bytes(), 0, 0
    for seed in range(int(os.environ.get("MUTATED_VIDEOS", "5"))):
        source, out = tmp_path / f"{seed}_{name}", tmp_path / f"{seed}.mp4"
        source.write_bytes(mutated(content, random.Random(f"{name} {seed}")))
        try:
            report = detect(source, out, min_face=40)
        except CourseError as error:
            assert str(source) in str(error) and not list(tmp_path.glob(f"{seed}.*"))
            continue
        worked, faces = worked + 1, faces + report.faces
        table = rows(out.with_suffix(".csv"))
        assert sum(report.labels.values()) == report.faces == len(table)
        assert sum(person["frames"] for person in report.people.values()) == report.faces
        assert 0 < report.frames <= 24 and length(out) > 0
        assert len({row["frame"] for row in table}) <= report.frames
        assert not list(tmp_path.glob(".*"))
    assert worked and faces
