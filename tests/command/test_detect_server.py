"""`course detect --server` from outside: the stand-in for TensorFlow Serving as a process, its
absence, and its end in the middle.
"""

import csv
import subprocess
import sys
import time

import imageio_ffmpeg
import pytest
import test_detect_command
from small_network import small_network
from started import STARTED, at_once
from test_detect_command import FPS, SCENE, length, rows

from course_utils import models
from course_utils.serving import export, launcher

PATIENCE = 600  # seconds; other work may keep the processor
course, frames = test_detect_command.course, test_detect_command.frames  # fixtures
model, video = test_detect_command.model, test_detect_command.video


@pytest.fixture(scope="module")
def base(model, tmp_path_factory):
    base = tmp_path_factory.mktemp("served") / "face-mask"
    export.export(*models.load(model)[:1], base, 1, models.load(model)[1])
    return base


@pytest.fixture(scope="module")
def served(base):
    with at_once():
        server = launcher.start(base, backend="standin")
    with server:
        yield server


def address_of(served, way):
    return {
        "rest": f"{served.rest_address}/v1/models/face-mask",
        "rest, no name": served.rest_address,
        "grpc": served.grpc_address,
        "grpc, named": f"grpc://{served.grpc_address}/face-mask",
    }[way]


def test_a_served_model_says_what_the_file_says(course, served, tmp_path):
    assert course(SCENE, "-o", tmp_path / "here.csv")[0] == 0
    here = rows(tmp_path / "here.csv")
    assert len(here) > 3
    for way in ("rest", "rest, no name", "grpc", "grpc, named"):
        out = tmp_path / f"{way}.png"
        status, _, errors = course(
            SCENE, "--server", address_of(served, way), "-o", out, model=None
        )
        assert (status, errors) == (0, ""), way
        there = rows(out.with_suffix(".csv"))
        assert [shares(row) for row in there] == pytest.approx(list(map(shares, here)), abs=2e-4)
        assert list(map(words, there)) == list(map(words, here)), way


def shares(row):
    return float(row["probability"])


def words(row):
    return {name: value for name, value in row.items() if name != "probability"}


def test_a_video_with_a_served_model(course, served, video, tmp_path):
    status, printed, errors = course(
        video, "--server", served.rest_address, "-o", tmp_path / "marked.mp4", model=None
    )
    assert (status, errors) == (0, "") and "24 frames" in printed
    assert length(tmp_path / "marked.mp4") == 24 and rows(tmp_path / "marked.csv")


def test_a_served_model_needs_no_tensorflow_here(served):
    code = (
        "import sys; from course_utils.detection import job; report ="
        " job.run(job.Order(sys.argv[1], server=sys.argv[2]), print, False); sys.exit(10 *"
        " ('tensorflow' in sys.modules or 'keras' in sys.modules) + (report.faces < 3))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code, str(SCENE), served.rest_address]).returncode
        == 0
    )


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:9", "does not answer: check the address"),
        ("127.0.0.1:9", "does not answer"),
        ("ftp://127.0.0.1/model", "no address of a model server"),
        ("http://admin:P@ss:w0rd@127.0.0.1:9", "//127.0.0.1:9/v1/models/face-mask"),
        ("admin:P@ss:w0rd@127.0.0.1:9", "does not answer"),
        ("ftp://admin:P@ss:w0rd@127.0.0.1/model", "no address of a model server"),
    ],
)
def test_a_server_that_is_not_there(course, tmp_path, address, words):
    status, _, errors = course(SCENE, "--server", address, "-o", tmp_path / "a.png", model=None)
    assert status == 1 and words in errors and list(tmp_path.iterdir()) == []
    assert "w0rd" not in errors and "P@" not in errors


@pytest.mark.parametrize("way", ["rest", "grpc"])
def test_a_model_that_the_server_does_not_have(course, served, way):
    address = {
        "rest": f"{served.rest_address}/v1/models/hats",
        "grpc": f"{served.grpc_address}/hats",
    }[way]
    status, _, errors = course(SCENE, "--server", address, model=None)
    assert status == 1 and "hats" in errors and "ask for a model" in errors


def test_a_served_model_of_the_wrong_kind(course, tmp_path):
    export.export(small_network(), tmp_path / "pets", 1, ("cat", "dog"))
    with at_once(), launcher.start(tmp_path / "pets", "pets", backend="standin") as server:
        status, _, errors = course(
            SCENE, "--server", f"{server.rest_address}/v1/models/pets", model=None
        )
    assert status == 1 and "cat, dog" in errors and "not masks" in errors


def test_a_file_or_a_server_but_not_both(course, served):
    status, _, errors = course(SCENE, "--server", served.rest_address)
    assert status == 2 and "either --model FILE or --server ADDRESS" in errors


def test_a_server_that_vanishes_leaves_a_playable_file(base, frames, tmp_path):
    source, out = tmp_path / "long.mp4", tmp_path / "out/marked.mp4"
    writer = imageio_ffmpeg.write_frames(
        str(source),
        (320, 180),
        fps=FPS,
        codec="libx264",
        macro_block_size=2,
        ffmpeg_log_level="quiet",
    )
    writer.send(None)
    for frame in frames * 60:
        writer.send(frame)
    writer.close()
    with at_once(), launcher.start(base, backend="standin") as server:
        command = [
            *STARTED,
            "-m",
            "course_utils.command.main",
            "detect",
            str(source),
            "--server",
            server.rest_address,
            "-o",
            str(out),
        ]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            table = (
                next((path for path in out.parent.glob(".marked-*.csv")), None)
                if out.parent.is_dir()
                else None
            )
            if table and len(table.read_text().splitlines()) > 5:
                break
            time.sleep(0.05)
        assert process.poll() is None, process.communicate()
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and "Traceback" not in errors
    said = " ".join(errors.split())
    assert (
        "does not answer: check the address" in said
        and "is kept in" in said
        and "marked.mp4" in said
    )
    assert (
        0 < length(out) < len(frames) * 60
        and len(list(csv.reader(out.with_suffix(".csv").open()))) > 5
    )
    assert not list(out.parent.glob(".*"))
