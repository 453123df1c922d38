"""A network of the course: exported, served, asked in four ways; each gives what the network gives
in this process.
"""

import io
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from started import STARTED, at_once

from course_utils import models, quiet
from course_utils.errors import CourseError
from course_utils.models.lite import LiteNetwork
from course_utils.serving import export, launcher
from course_utils.serving.clients import GrpcClient, RestClient
from course_utils.serving.served import ServedClassifier
from course_utils.training.pipeline import cut_face

ROOT = Path(__file__).resolve().parents[2]
SIZE, CLASSES = 64, ("with_mask", "without_mask")
keras = quiet.import_keras()
import tensorflow as tf  # noqa: E402


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(8)
    model = models.build("mobilenetv2", SIZE, 2, alpha=0.35)
    for layer in model.get_layer("backbone").layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(
        np.stack([read(content) for content in faces(8, SIZE)]).astype(np.float32), training=True
    )  # so that different pictures get different answers
    return model


@pytest.fixture(scope="module")
def base(model, tmp_path_factory):
    base = tmp_path_factory.mktemp("export") / "face-mask"
    assert export.export(model, base, 1, CLASSES, lite=True) == base / "1"
    return base


@pytest.fixture(scope="module")
def served(base):
    with at_once():
        server = launcher.start(base, backend="standin", batching=(8, 0.002))
    with server:
        yield server


def faces(count, size):
    """Return JPEG and PNG files of the embedded faces, cut to a size."""
    files = []
    for number, path in enumerate(
        sorted((ROOT / "data" / "sample" / "faces").rglob("*.jpg"))[:count]
    ):
        buffer = io.BytesIO()
        Image.open(path).convert("RGB").resize((size, size)).save(
            buffer, "PNG" if number % 2 else "JPEG", quality=90
        )
        files.append(buffer.getvalue())
    return files


def read(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


# --- the export
def test_the_signatures_say_what_goes_in_and_out(base):
    assert export.describe(base / "1") == {
        "serving_default": {
            "inputs": {"images": ("float", (None, SIZE, SIZE, 3))},
            "outputs": {"probabilities": ("float", (None, 2))},
        },
        "serving_bytes": {
            "inputs": {"image_bytes": ("string", (None,))},
            "outputs": {"classes": ("string", (None, 2)), "probabilities": ("float", (None, 2))},
        },
    }
    assert json.loads((base / "1" / export.CLASS_NAMES).read_text()) == list(CLASSES)


def test_the_network_for_the_edge_says_what_the_network_says(model, base):
    pictures = np.stack([read(content) for content in faces(6, SIZE)])
    network = LiteNetwork(base / "1" / export.LITE)
    found = np.stack([answer for (answer,) in network(pictures)])
    expected = np.asarray(model(pictures.astype(np.float32), training=False))
    assert np.ptp(expected[:, 0]) > 1e-3  # else any answer would do
    assert np.abs(found - expected).max() < 0.01  # its weights are float16
    whole = sum(path.stat().st_size for path in (base / "1" / "variables").iterdir())
    assert (base / "1" / export.LITE).stat().st_size < 0.7 * whole


def test_the_folder_of_a_version_appears_whole(model, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        tf.saved_model,
        "save",
        lambda module, path, signatures: (
            seen.append(Path(path))
            or Path(path).mkdir()
            or (_ for _ in ()).throw(OSError(28, "No space left on device"))
        ),
    )
    with pytest.raises(CourseError, match="is full"):
        export.export(model, tmp_path / "model", 3, CLASSES)
    assert not seen[0].name.isdecimal() and seen[0].parent == tmp_path / "model"
    assert list((tmp_path / "model").iterdir()) == []


@pytest.mark.parametrize(
    ("version", "names", "text"),
    [
        (1, CLASSES, "choose the number 2"),
        (0, CLASSES, "whole number from 1"),
        (10**20, CLASSES, "whole number from 1 to 9223372036854775807"),
        (True, CLASSES, "whole number"),
        ("2", CLASSES, "whole number"),
        (2, ("one",), "one name an output"),
    ],
)
def test_an_export_that_does_not_fit_is_refused(model, base, version, names, text):
    with pytest.raises(CourseError, match=text):
        export.export(model, base, version, names)
    assert [folder.name for folder in base.iterdir()] == ["1"]


def test_versions_are_folders_with_a_number(tmp_path):
    for name in ("10", "9", "00000011", "latest", ".12.partial", "1a", "-1"):
        (tmp_path / name).mkdir()
    (tmp_path / "77").write_text("a file")
    assert [folder.name for folder in export.versions(tmp_path)] == ["9", "10", "00000011"]
    assert export.versions(tmp_path / "nowhere") == []


def test_a_folder_without_a_model_is_said_so(tmp_path):
    with pytest.raises(CourseError, match="is missing"):
        export.describe(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"nonsense")
    with pytest.raises(CourseError, match="damaged"):
        export.describe(tmp_path)


# --- decoding and resizing in the graph
def test_a_picture_of_the_network_s_size_is_decoded_as_pillow_does():
    files = faces(10, SIZE)
    decoded = export.decode_and_resize(tf.constant(files), SIZE).numpy()
    assert np.array_equal(decoded, np.stack([read(content) for content in files]))


@pytest.mark.parametrize("size", [224, 150, 33])
def test_another_size_differs_from_training_by_one_grey_level_at_most(size):
    files = faces(6, size)
    decoded = export.decode_and_resize(tf.constant(files), SIZE).numpy()
    trained = np.stack([cut_face(read(content), None, SIZE) for content in files]).astype(float)
    assert np.abs(decoded - trained).max() <= 1
    assert (decoded != trained).mean() < 0.25


# --- four ways
@pytest.mark.parametrize("count", [1, 5])
def test_four_ways_give_what_the_network_gives_here(model, served, count):
    files = faces(count, SIZE)
    pictures = np.stack([read(content) for content in files]).astype(np.float32)
    expected = np.asarray(model(pictures, training=False))
    assert count == 1 or np.ptp(expected[:, 0]) > 1e-3  # else any answer would do
    with RestClient(served.rest_address) as rest, GrpcClient(served.grpc_address) as rpc:
        for call, sent in (
            (rest.predict_lists, pictures),
            (rest.predict_files, files),
            (rpc.predict_tensor, pictures),
            (rpc.predict_files, files),
        ):
            answer = call(sent)
            assert answer.dtype == np.float32 and answer.shape == (count, 2)
            assert np.abs(answer - expected).max() <= 1e-5, call
        assert rest.ask_files(files)[1] == rpc.ask_files(files)[1] == CLASSES


def test_large_pictures_are_resized_in_the_graph(model, served):
    files = faces(3, 200)
    expected = np.asarray(model(export.decode_and_resize(tf.constant(files), SIZE), training=False))
    with RestClient(served.rest_address) as rest, GrpcClient(served.grpc_address) as rpc:
        assert (
            np.abs(rest.predict_files(files) - expected).max() <= 1e-5
            and np.abs(rpc.predict_files(files) - expected).max() <= 1e-5
        )


def test_a_client_counts_the_bytes_of_its_latest_request(served):
    pictures, files = np.zeros((1, SIZE, SIZE, 3), np.float32), faces(1, SIZE)
    with RestClient(served.rest_address) as rest, GrpcClient(served.grpc_address) as rpc:
        rest.predict_lists(pictures)
        assert rest.last.sent == len(
            json.dumps({"signature_name": "serving_default", "instances": pictures.tolist()})
        )
        rpc.predict_tensor(pictures)
        assert 0 < rpc.last.sent - pictures.nbytes < 200
        rpc.predict_files(files)
        assert 0 < rpc.last.sent - len(files[0]) < 200 and rpc.last.received > 0


def test_status_and_metadata_by_both_ways(served):
    with RestClient(served.rest_address) as rest, GrpcClient(served.grpc_address) as rpc:
        assert rest.status() == rpc.status() == [(1, "AVAILABLE")]
        assert (
            set(rest.metadata()["metadata"]["signature_def"]["signature_def"])
            == set(rpc.metadata())
            >= {"serving_default", "serving_bytes"}
        )


def test_a_served_model_stands_in_the_place_of_a_network(model, served):
    faces_here = np.stack([read(content) for content in faces(4, SIZE)])
    for address in (
        served.rest_address,
        f"{served.rest_address}/v1/models/face-mask/",
        f"{served.rest_address}/v1/models/face-mask/versions/1",
        served.grpc_address,
        f"grpc://{served.grpc_address}/face-mask",
    ):
        classifier = ServedClassifier(address)
        assert (classifier.size, classifier.class_names) == (SIZE, CLASSES)
        assert (
            np.abs(
                classifier(faces_here)
                - np.asarray(model(faces_here.astype(np.float32), training=False))
            ).max()
            <= 1e-5
        )
        assert classifier(faces_here[:0]).shape == (0, 2)
        classifier.close()
    for address, words in (
        ("http://127.0.0.1:9", "does not answer"),
        ("127.0.0.1:9", "does not answer"),
        ("ftp://127.0.0.1", "no address of a model server"),
        (f"{served.rest_address}/v1/models/other", "404.*course serve"),
        (
            f"{served.rest_address}/v1/models/face-mask:predict",
            f"model's address, {served.rest_address}/v1/models/face-mask, without :predict",
        ),
        (f"{served.rest_address}/v1/models/face-mask/metadata", "face-mask, without /metadata"),
        (f"{served.grpc_address}/other", "NOT_FOUND.*course serve"),
    ):
        with pytest.raises(CourseError, match=words):
            ServedClassifier(address)


def test_another_kind_of_model_is_not_asked_for_faces(server):
    for address in (server.rest, server.grpc):
        with pytest.raises(CourseError, match="another kind of model"):
            ServedClassifier(address, "contract")


def test_a_proxy_is_not_asked_for_a_server_on_this_machine(served, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with RestClient(served.rest_address) as rest, GrpcClient(served.grpc_address) as rpc:
        assert rest.status() == rpc.status() == [(1, "AVAILABLE")]


def test_clients_pass_on_what_the_server_says(served):
    with RestClient(served.rest_address) as rest, GrpcClient(served.grpc_address) as rpc:
        with pytest.raises(CourseError, match="status 400: Unknown image file format"):
            rest.predict_files([b"no picture"])
        with pytest.raises(CourseError, match="INVALID_ARGUMENT: Unknown image file format"):
            rpc.predict_files([b"no picture"])
        with pytest.raises(CourseError, match="shape"):
            rpc.predict_tensor(np.zeros((1, 10, 10, 3)))
    with (
        RestClient(served.rest_address, "other") as rest,
        pytest.raises(CourseError, match="404: Could not find any versions of model other"),
    ):
        rest.status()
    with (
        RestClient("http://127.0.0.1:9") as rest,
        pytest.raises(CourseError, match="does not answer: check the address"),
    ):
        rest.status()
    with GrpcClient("127.0.0.1:9") as rpc, pytest.raises(CourseError, match="does not answer"):
        rpc.status()


# --- fuzz, a small one; benchmarks/serving.py sends ten thousand
def test_malformed_requests_are_answered_with_an_error_document(served):
    sys.path.insert(0, str(ROOT / "benchmarks"))
    import serving as benchmark

    result = benchmark.fuzz(served, SIZE, 200, seed=1)
    assert result["wrong"] == [] and result["serves"]
    assert result["answers"]["REST 400"] > 50 and result["answers"]["gRPC INTERNAL"] > 5


# --- the launcher and the command
def test_what_can_not_be_served_is_said_in_a_sentence(base, tmp_path):
    with pytest.raises(CourseError, match="holds no version of a model"):
        launcher.start(tmp_path)
    with pytest.raises(CourseError, match="is a SavedModel, one version of a model"):
        launcher.start(base / "1")
    with pytest.raises(CourseError, match="The label canary names version 5"):
        launcher.start(base, labels={"canary": 5})
    with pytest.raises(CourseError, match="choose one of auto"):
        launcher.start(base, backend="cloud")


def test_a_port_that_is_taken_is_said(base, served):
    with pytest.raises(
        CourseError, match=f"Port {served.port} is taken: choose another with --port"
    ):
        launcher.start(base, port=served.port, backend="standin")
    with pytest.raises(CourseError, match="--rest-api-port"):
        launcher.start(base, rest_api_port=served.rest_api_port, backend="standin")


def test_a_backend_that_is_not_there_is_not_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert launcher.choose("auto") == "standin"
    with pytest.raises(CourseError, match="put it on the PATH"):
        launcher.choose("binary")
    with pytest.raises(CourseError, match="docker pull tensorflow/serving"):
        launcher.choose("docker")


def program(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="puts a shell script on the PATH")
def test_docker_counts_only_when_its_image_is_there_and_is_never_pulled(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    program(
        tmp_path, "docker", f'[ "$1 $2 $3" = "image inspect {launcher.IMAGE}" ] && exit 1; exit 9'
    )
    assert launcher.choose("auto") == "standin"
    program(
        tmp_path, "docker", f'[ "$1 $2 $3" = "image inspect {launcher.IMAGE}" ] && exit 0; exit 9'
    )
    assert launcher.choose("auto") == "docker"
    command = launcher._command(
        "docker",
        Path("/data/face-mask"),
        "face-mask",
        (1, 2),
        {"stable": 1},
        (4, 0.01),
        1,
        tmp_path,
        "name",
    )
    assert (
        command[:2] == ["docker", "run"]
        and "--pull=never" in command
        and "127.0.0.1:1:8500" in command
        and "127.0.0.1:2:8501" in command
    )
    assert (
        "/data/face-mask:/models/face-mask:ro" in command
        and "--model_config_file=/course/models.config" in command
    )
    assert 'base_path: "/models/face-mask"' in (tmp_path / "models.config").read_text()


@pytest.mark.skipif(os.name == "nt", reason="puts a shell script on the PATH")
def test_the_command_takes_the_server_on_the_path_and_stops_it(base, tmp_path):
    """The program on the PATH is the stand-in under the real one's name: it gets the same flags."""
    program(
        tmp_path,
        "tensorflow_model_server",
        f'exec {shlex.join(STARTED)} -m course_utils.serving.standin "$@"',
    )
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen(
        [
            *STARTED,
            "-m",
            "course_utils.command.main",
            "serve",
            str(base),
            "--port",
            str(free_port()),
            "--rest-api-port",
            str(free_port()),
            "--label",
            "stable=1",
            "--batch",
            "8",
            "--json",
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    assert line, process.stderr.read()
    said = json.loads(line)
    assert said["backend"] == "binary"
    with RestClient(said["rest"], label="stable") as rest:
        assert rest.predict_files(faces(2, SIZE)).shape == (2, 2)
    process.send_signal(2)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    with RestClient(said["rest"]) as rest, pytest.raises(CourseError, match="does not answer"):
        rest.status()


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_same_file_is_exported_once(tmp_path):
    from course_utils.command import serve

    picture = keras.Input((8, 8, 3))
    flat = keras.layers.Flatten()(picture)
    model = keras.Model(picture, keras.layers.Dense(2, activation="softmax")(flat))  # the smallest
    path = tmp_path / "face-mask.keras"
    models.save(model, path, CLASSES)
    for _ in range(3):
        assert serve.exported(path) == tmp_path / "face-mask"
    assert [folder.name for folder in export.versions(tmp_path / "face-mask")] == ["1"]
    models.save(model, path, ("b", "a"))
    serve.exported(path)
    assert [folder.name for folder in export.versions(tmp_path / "face-mask")] == ["1", "2"]
    assert not list(tmp_path.rglob("*.tflite"))  # only when it is asked for
    assert json.loads((tmp_path / "face-mask" / "2" / export.CLASS_NAMES).read_text()) == ["b", "a"]


@pytest.mark.skipif(os.name == "nt", reason="sends Unix signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_no_temporary_folder_stays_when_the_command_is_ended(base, name, tmp_path):
    """TERM to the command alone; HUP to all that it started, as a closed terminal sends it."""
    process = subprocess.Popen(
        [
            *(STARTED if name == "SIGTERM" else [sys.executable]),
            "-m",
            "course_utils.command.main",
            "serve",
            str(base),
            "--port",
            str(free_port()),
            "--rest-api-port",
            str(free_port()),
            "--backend",
            "standin",
            "--json",
        ],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    line = process.stdout.readline()
    assert line, process.stderr.read()
    said = json.loads(line)
    assert list(tmp_path.glob("course-serve-*"))
    number = getattr(signal, name)
    (os.kill if number == signal.SIGTERM else os.killpg)(process.pid, number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 128 + number and "Traceback" not in errors, errors
    assert not list(tmp_path.glob("course-serve-*"))
    with RestClient(said["rest"]) as rest, pytest.raises(CourseError, match="does not answer"):
        rest.status()


@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model"])
def test_a_file_that_is_no_model_is_said_so_by_the_command(name, tmp_path):
    (tmp_path / name).write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    done = subprocess.run(
        [*STARTED, "-m", "course_utils.command.main", "serve", str(tmp_path / name)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "Keras' old format" in done.stderr
    assert "Traceback" not in done.stderr and [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["nowhere"], 1, "holds no version of a model"),
        (["x", "--backend", "cloud"], 2, "is no backend"),
        (["x", "--label", "canary"], 2, "NAME=VERSION"),
        (["x", "--label", f"canary={'9' * 20}"], 2, "NAME=VERSION"),
        (["x", "--port", "8501"], 1, "8501 can't be that of gRPC and of REST"),
        (["x", "--model-name", "a b"], 1, "--model-name"),
        (["nowhere.keras"], 1, "is missing"),
        ([], 2, "MODEL_DIR"),
    ],
)
def test_wrong_usage_and_wrong_folders(arguments, status, text):
    done = subprocess.run(
        [*STARTED, "-m", "course_utils.command.main", "serve", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert done.returncode == status and text in done.stderr + done.stdout, done.stderr
    assert "Traceback" not in done.stderr
