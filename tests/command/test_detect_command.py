"""`course detect` from outside: pictures, folders, videos and cameras, whole, damaged and missing;
alerts; Ctrl-C.
"""

import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from small_network import small_network
from started import STARTED

from course_utils import models
from course_utils.detection import MaskDetector, sources
from course_utils.detection.drawing import PAINT
from course_utils.detection.job import Order
from course_utils.detection.writing import Writer, plan_of
from course_utils.pictures.images import read_rgb

SAMPLE = Path(__file__).resolve().parents[2] / "data/sample"
SCENE = SAMPLE / "scenes/scene_1.jpg"
FPS, FRAMES = 12, 24


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A classifier of two classes that was never trained: what it says does not matter here."""
    path = tmp_path_factory.mktemp("model") / "model.keras"
    models.save(small_network(), path, ("with_mask", "without_mask"))
    return path


@pytest.fixture(scope="module")
def frames():
    """A camera that pans over a scene: FRAMES pictures of 320 x 180."""
    scene = cv2.resize(read_rgb(SCENE), (640, 360), interpolation=cv2.INTER_AREA)
    return [
        np.ascontiguousarray(scene[90:270, 4 * number : 4 * number + 320])
        for number in range(FRAMES)
    ]


@pytest.fixture(scope="module")
def video(tmp_path_factory, frames):
    path = tmp_path_factory.mktemp("video") / "pan.mp4"
    writer = imageio_ffmpeg.write_frames(
        str(path),
        (320, 180),
        fps=FPS,
        codec="libx264",
        macro_block_size=2,
        ffmpeg_log_level="quiet",
        output_params=["-movflags", "+faststart", "-g", "6"],
    )
    writer.send(None)
    for frame in frames:
        writer.send(frame)
    writer.close()
    return path


@pytest.fixture
def course(course, model):
    """Run `course detect` in this process, with the model unless another or none is given."""

    def run(*arguments, model=model):
        named = ["--model", model] if model else []
        status, printed, errors = course("detect", *arguments, *named)
        assert "Traceback" not in errors
        return status, printed, errors

    return run


def rows(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def length(path):
    """Count the frames of a video that another program can decode."""
    capture, count = cv2.VideoCapture(str(path)), 0
    while capture.read()[0]:
        count += 1
    return count


def test_picture(course, tmp_path):
    status, printed, _ = course(SCENE, "-o", tmp_path / "out/scene.png")
    assert status == 0 and "written" in printed
    marked = read_rgb(tmp_path / "out/scene.png")
    assert marked.shape == read_rgb(SCENE).shape and (marked != read_rgb(SCENE)).any()
    table = rows(tmp_path / "out/scene.csv")
    assert table and all(row["label"] in ("with_mask", "without_mask", "not_sure") for row in table)
    assert all(0 <= int(row["x_min"]) < int(row["x_max"]) <= 1280 for row in table)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["scene.csv", "scene.png"]


def test_nothing_is_stored_unless_asked(course, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, printed, _ = course(SCENE, "--json")
    answer = json.loads(printed)
    assert status == 0 and answer["frames"] == 1 and answer["faces"] == len(answer["rows"]) > 0
    assert list(tmp_path.iterdir()) == []


def test_folder_with_a_damaged_picture(course, tmp_path):
    folder = tmp_path / "in"
    (folder / "deep é").mkdir(parents=True)
    shutil.copy(SCENE, folder / "deep é/scene.jpg")
    (folder / "broken.jpg").write_bytes(SCENE.read_bytes()[:5000])
    (folder / "notes.txt").write_text("no picture")
    (folder / "IMG_1.HEIC").write_bytes(b"\0\0\0\x1cftypheic" + bytes(40))
    status, printed, errors = course(folder, "-o", tmp_path / "out", "--table", "jsonl")
    assert status == 1 and "broken.jpg" in errors and "truncated" in errors
    assert "IMG_1.HEIC is a HEIC picture" in errors and "as JPEG" in errors
    assert "1 frame" in printed and "unreadable: 2, no pictures: 1" in printed  # of four files
    assert read_rgb(tmp_path / "out/deep é/scene.jpg").shape == (720, 1280, 3)
    lines = [
        json.loads(line)
        for line in (tmp_path / "out/faces.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert lines and {line["picture"] for line in lines} == {"deep é/scene.jpg"}


def test_video(course, video, tmp_path):
    status, printed, errors = course(video, "-o", tmp_path / "marked.mp4")
    assert (status, errors) == (0, "") and f"{FRAMES} frames" in printed
    assert length(tmp_path / "marked.mp4") == FRAMES
    probe = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", tmp_path / "marked.mp4"],
        capture_output=True,
        text=True,
    ).stderr
    assert "h264" in probe and "yuv420p" in probe
    table = rows(tmp_path / "marked.csv")
    assert len({row["track"] for row in table}) >= 2 and all(int(row["track"]) > 0 for row in table)
    assert float(table[-1]["time"]) == pytest.approx(int(table[-1]["frame"]) / FPS, abs=0.002)


def test_every_nth_frame_is_searched_and_all_are_written(course, video, tmp_path):
    status, _, _ = course(video, "-o", tmp_path / "marked.mp4", "--every", 3)
    assert status == 0 and length(tmp_path / "marked.mp4") == FRAMES
    assert any(int(row["frame"]) % 3 for row in rows(tmp_path / "marked.csv"))


def test_max_fps_keeps_the_speed(course, video, tmp_path):
    status, printed, _ = course(video, "-o", tmp_path / "marked.mp4", "--max-fps", 4, "--json")
    assert status == 0 and json.loads(printed)["frames"] == FRAMES * 4 // FPS
    capture = cv2.VideoCapture(str(tmp_path / "marked.mp4"))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(4) and length(
        tmp_path / "marked.mp4"
    ) == pytest.approx(FRAMES * 4 // FPS, abs=1)


@pytest.mark.parametrize(
    ("options", "searched"),
    [((), 24), (("--every", 3), 8), (("--max-fps", 4), 8), (("--max-fps", 4, "--every", 2), 4)],
)
def test_every_counts_the_frames_that_are_worked_on(course, video, monkeypatch, options, searched):
    calls, find = [], MaskDetector._find
    monkeypatch.setattr(
        MaskDetector, "_find", lambda self, *given: calls.append(given) or find(self, *given)
    )
    assert course(video, *options)[0] == 0 and len(calls) == searched


def test_a_recording_shows_no_frame_for_long_when_a_camera_was_away(tmp_path):
    order = Order("0", out=str(tmp_path / "out.mp4"))
    with Writer(order, plan_of(order), SimpleNamespace(fps=10, live=True, single=True)) as writer:
        for when in (0.0, 0.1, 60.0, 60.1, 60.2):
            writer.write(sources.Frame(0, when, None), [], np.zeros((32, 32, 3), np.uint8))
    assert length(tmp_path / "out.mp4") == 2 + 20 + 2


def test_table_alone(course, video, tmp_path):
    assert course(video, "-o", tmp_path / "faces.jsonl")[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["faces.jsonl"]


def test_video_cut_in_the_middle(course, video, tmp_path):
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(video.read_bytes()[: video.stat().st_size * 6 // 10])
    status, _, errors = course(cut, "-o", tmp_path / "marked.mp4")
    assert status == 1 and "cut.mp4 ends after frame" in errors and f"of {FRAMES}" in errors
    assert 0 < length(tmp_path / "marked.mp4") < FRAMES


@pytest.mark.parametrize("content", [b"", b"no video at all" * 500], ids=["empty", "no video"])
def test_no_video(course, tmp_path, content):
    (tmp_path / "film.mp4").write_bytes(content)
    status, _, errors = course(tmp_path / "film.mp4", "-o", tmp_path / "marked.mp4")
    assert (
        status == 1
        and "film.mp4" in errors
        and ("empty" if not content else "can't be read") in errors
    )
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_video_without_its_index(course, video, tmp_path):
    (tmp_path / "head.mp4").write_bytes(video.read_bytes()[:300])
    status, _, errors = course(tmp_path / "head.mp4")
    assert status == 1 and "head.mp4 can't be read" in errors


def test_missing_source_and_missing_model(course, tmp_path):
    status, _, errors = course(tmp_path / "nowhere.jpg")
    assert status == 1 and "nowhere.jpg does not exist" in errors
    status, _, errors = course(SCENE, model=tmp_path / "nothing.keras")
    assert status == 1 and "nothing.keras is missing" in errors and "course train" in errors


def test_models_of_the_wrong_kind(course, tmp_path):
    (tmp_path / "text.keras").write_text("no model")
    status, _, errors = course(SCENE, model=tmp_path / "text.keras")
    assert status == 1 and "text.keras can't be read as a Keras model" in errors
    models.save(small_network(), tmp_path / "pets.keras", ("cat", "dog"))
    status, _, errors = course(SCENE, "-o", tmp_path / "out.png", model=tmp_path / "pets.keras")
    assert status == 1 and "cat, dog" in errors and "not masks" in errors
    assert not (tmp_path / "out.png").exists() and not (tmp_path / "out.csv").exists()


def test_camera_that_does_not_exist(course):
    status, _, errors = course("87")
    assert status == 1 and "no camera 87" in errors


def test_address_that_refuses(course):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    status, _, errors = course(f"rtsp://user:secret@127.0.0.1:{port}/stream")
    assert (
        status == 1
        and "does not answer" in errors
        and str(port) in errors
        and "secret" not in errors
    )


def test_output_that_cannot_be_written(course, video, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for source, name in ((SCENE, "a.png"), (video, "a.mp4")):
        status, _, errors = course(source, "-o", tmp_path / "file" / name)
        assert status == 1 and "can't be" in errors and "file" in errors


def test_read_only_output(course, video, tmp_path):
    if (
        hasattr(os, "geteuid") and os.geteuid() == 0
    ):  # the system's administrator may write anywhere, but not here
        folder = Path("/sys/kernel")
    else:
        folder = tmp_path / "locked"
        folder.mkdir(mode=0o500)
    if not folder.is_dir() or sys.platform == "win32":
        pytest.skip("no folder here that this user may not write to")
    for source, name in ((SCENE, "a.png"), (video, "a.mp4"), (SCENE, "a.csv")):
        status, _, errors = course(source, "-o", folder / name)
        assert (
            status == 1 and f"{folder} can't be read or written: correct its permissions" in errors
        )


@pytest.mark.parametrize("name", ["out.txt", "out.mp4"])
def test_output_that_does_not_fit(course, tmp_path, name):
    status, _, errors = course(SCENE, "-o", tmp_path / name)
    assert status == 1 and name in errors and list(tmp_path.iterdir()) == []


def test_the_source_is_never_overwritten(course, tmp_path):
    copy = tmp_path / "scene.jpg"
    shutil.copy(SCENE, copy)
    for source, out in ((copy, copy), (tmp_path, tmp_path / "inside"), (copy, tmp_path)):
        status, _, errors = course(source, "-o", out)
        assert status == 1 and "choose another" in errors
    assert copy.read_bytes() == SCENE.read_bytes()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--every", "0"),
        ("--detector", "oracle"),
        ("--table", "xlsx"),
        ("--alert-after", "3"),
        ("--alert-command", "true"),
    ],
)
def test_wrong_usage(course, wrong):
    status, _, errors = course(SCENE, *wrong)
    assert status == 2 and errors


def test_faces_are_painted_over(course, tmp_path):
    status, _, _ = course(SCENE, "-o", tmp_path / "painted.png", "--blur-faces")
    painted = read_rgb(tmp_path / "painted.png")
    found = rows(tmp_path / "painted.csv")
    assert status == 0 and found
    for row in found:
        x_min, y_min, x_max, y_max = (
            int(row[edge]) for edge in ("x_min", "y_min", "x_max", "y_max")
        )
        middle = painted[(y_min + 3 * y_max) // 4, (x_min + x_max) // 2]
        assert (middle == PAINT).all()


@pytest.fixture
def web(frames):
    """A web server with a camera (motion JPEG that breaks off) and a place for alerts; returns its
    address and what it got.
    """
    jpegs = [cv2.imencode(".jpg", frame[..., ::-1])[1].tobytes() for frame in frames]
    got = {"alerts": [], "connections": 0, "answer": 200, "damaged": ()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            got["connections"] += 1
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            try:
                for number, jpeg in enumerate(jpegs):
                    jpeg = bytes(len(jpeg)) if number in got["damaged"] else jpeg
                    self.wfile.write(
                        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"
                        % (len(jpeg), jpeg)
                    )
                    time.sleep(0.02)
            except OSError:
                pass
            self.connection.close()

        def do_POST(self):
            got["alerts"].append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(got["answer"])
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


def unmasked(video):
    """Options with which an untrained network calls every face unmasked."""
    return (video, "--threshold", 1, "--band", 0, "--alert-after", 0.5)


def test_alert_once_a_person_by_webhook(course, video, web):
    address, got = web
    status, printed, _ = course(*unmasked(video), "--alert-webhook", f"{address}/alerts", "--json")
    people = [
        person
        for person in json.loads(printed)["people"]
        if person["last"] - person["first"] >= 0.5
    ]
    assert status == 0 and people
    assert sorted(alert["track"] for alert in got["alerts"]) == sorted(
        {alert["track"] for alert in got["alerts"]}
    )
    assert len(got["alerts"]) == len(people) and all(
        alert["seconds"] >= 0.5 for alert in got["alerts"]
    )


def test_webhook_that_fails_is_said_once(course, video, web):
    address, got = web
    got["answer"] = 500
    status, printed, errors = course(
        *unmasked(video), "--alert-webhook", f"{address}/alerts", "--json"
    )
    answer = json.loads(printed)
    assert (
        status == 1 and answer["alerts"] == 0 and answer["alerts_failed"] == len(got["alerts"]) >= 2
    )
    assert errors.count("An alert could not be delivered") == 1 and "500" in errors
    assert "No alert could be delivered" in errors


def test_alert_command_gets_arguments_and_no_shell(course, video, tmp_path):
    script = tmp_path / "tell me.py"
    script.write_text(
        "import json, os, sys\nwith open(sys.argv[1], 'a') as out:\n   "
        " out.write(json.dumps([sys.argv[2:], json.loads(os.environ['COURSE_ALERT'])['track']]) +"
        " '\\n')\n"
    )
    out = tmp_path / "told.jsonl"
    command = (
        f"'{sys.executable}' '{script}' '{out}' {{track}} '; rm -rf /nowhere | {{label}}' '$HOME'"
    )
    status, _, errors = course(*unmasked(video), "--alert-command", command)
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert (status, errors) == (0, "") and told
    assert all(
        arguments == [str(track), "; rm -rf /nowhere | without_mask", "$HOME"]
        for arguments, track in told
    )


def test_alert_command_that_does_not_exist(course, video):
    status, _, errors = course(*unmasked(video), "--alert-command", "no-such-program {track}")
    assert status == 1 and "no-such-program" in errors and "full path" in errors


def test_camera_that_vanishes_comes_back(web):
    address, got = web
    said = []
    camera = sources.Camera(f"{address}/camera", said.append, give_up=60, waits=(0.05,))
    for frame in camera.frames():
        assert frame.image.shape == (180, 320, 3)
        if got["connections"] >= 3 and frame.number > FRAMES + 5:
            camera.stop()
    assert (
        camera.lost >= 1
        and any("trying again in 0.05 s" in sentence for sentence in said)
        and any("is back" in sentence for sentence in said)
    )


def test_damaged_pictures_of_a_camera_are_skipped_and_counted(web):
    address, got = web
    got["damaged"] = (5, 6, 12)
    camera = sources.Camera(
        f"{address}/camera", lambda sentence: camera.stop(), give_up=60, waits=(0.05,)
    )
    assert 0 < len(list(camera.frames())) <= FRAMES - 3
    assert camera.damaged == 3 and camera.problems == [
        f"{address}/camera: 3 damaged frames were skipped"
    ]


def test_damaged_frames_of_a_video_are_skipped_and_counted(course, frames, tmp_path):
    path = tmp_path / "damaged.avi"
    writer = imageio_ffmpeg.write_frames(
        str(path), (320, 180), fps=FPS, codec="mjpeg", macro_block_size=2, ffmpeg_log_level="quiet"
    )
    writer.send(None)
    for frame in frames:
        writer.send(frame)
    writer.close()
    content = bytearray(path.read_bytes())
    starts = [match.start() for match in re.finditer(rb"\xff\xd8\xff", content)]
    for number in (8, 9, 15):
        content[starts[number] : starts[number] + 1500] = bytes(1500)
    path.write_bytes(content)
    status, _, errors = course(path, "-o", tmp_path / "marked.mp4")
    assert (
        status == 1
        and "damaged.avi: 3 damaged frames were skipped" in errors
        and "ends after" not in errors
    )
    assert (
        length(tmp_path / "marked.mp4") == FRAMES
    )  # what is missing shows the frame before, so that the time is right
    assert not {8, 9, 15} & {int(row["frame"]) for row in rows(tmp_path / "marked.csv")}


def test_camera_that_stays_away_is_given_up(web):
    address, _ = web
    said = []
    camera = sources.Camera(f"{address}/camera", said.append, give_up=0.0, waits=(0.05,))
    with pytest.raises(sources.CourseError, match="gave no picture for 0 s"):
        list(camera.frames())


@pytest.mark.skipif(sys.platform == "win32", reason="processes there get no SIGINT")
@pytest.mark.parametrize("kind", ["video", "camera"])
def test_ctrl_c_leaves_a_playable_file(kind, video, model, web, tmp_path):
    source = f"{web[0]}/camera"
    if kind == "video":
        source = tmp_path / "long.mp4"
        again = ["-stream_loop", "99", "-i", video, "-c", "copy", "-loglevel", "error", source]
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *again], check=True)
        assert length(source) == 100 * FRAMES
    out = tmp_path / "out/marked.mp4"
    command = [
        *STARTED,
        "-m",
        "course_utils.command.main",
        "detect",
        str(source),
        "--model",
        str(model),
        "-o",
        str(out),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    table = None
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        table = (
            next((path for path in out.parent.glob(".marked-*.csv")), None)
            if out.parent.is_dir()
            else None
        )
        if table and len(table.read_text().splitlines()) > 5:
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to ffmpeg as well
    printed, errors = process.communicate(timeout=120)
    assert "Traceback" not in errors
    assert process.returncode == (1 if kind == "video" else 0), errors
    assert ("Stopped by Ctrl-C" in errors) == (kind == "video")
    assert length(out) > 0 and len(rows(out.with_suffix(".csv"))) > 4
    assert not list(out.parent.glob(".*"))


@pytest.mark.skipif(sys.platform == "win32", reason="processes there get no SIGINT")
@pytest.mark.parametrize("kind", ["picture", "camera"])
def test_show_without_a_display_serves_a_page_until_ctrl_c(kind, model, web, tmp_path):
    source = SCENE if kind == "picture" else f"{web[0]}/camera"
    command = [
        *STARTED,
        "-m",
        "course_utils.command.main",
        "detect",
        str(source),
        "--model",
        str(model),
        "--show",
        "--json",
    ]
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=tmp_path,
    )
    try:
        address = re.search(r"http://127.0.0.1:\d+/[\w-]+/", process.stderr.readline())[0]
        with urllib.request.urlopen(f"{address}stream", timeout=60) as stream:
            assert stream.readline() == b"--frame\r\n"
        time.sleep(0.3)
        assert process.poll() is None  # a picture stays, too
    finally:
        process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert (
        process.returncode == 0 and "Traceback" not in errors and json.loads(printed)["frames"] >= 1
    )
    assert list(tmp_path.iterdir()) == []
