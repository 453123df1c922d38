"""What the stand-in withstands: silent connections, few handles, folders that can't be read, an
abort, and requests of a few bytes that ask for gigabytes.

One server for all, with 1,024 handles and without root's right to read everything.
"""

import base64
import contextlib
import gzip
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import grpc
import numpy as np
import psutil
import pytest
import requests
from waiting import PATIENCE, until

from course_utils.errors import CourseError
from course_utils.serving import launcher, protos, tensors
from course_utils.serving.clients import GrpcClient, RestClient
from course_utils.serving.standin import limits

if sys.platform != "linux":
    pytest.skip("limits handles and reads memory as Linux does", allow_module_level=True)
import resource

ROOT = Path(__file__).resolve().parents[2]
HANDLES, CROWD = 1024, 1050
messages = protos.load()


class Standin:
    """A running stand-in and its two addresses."""

    def __init__(self, base, log):
        self.base, self.log = base, log
        self.port, self.rest_port = (launcher._free_port(None, "") for _ in range(2))
        plain = ["--bounding-set=-dac_override,-dac_read_search"]
        prefix = ["setpriv", *plain] if os.geteuid() == 0 and shutil.which("setpriv") else []
        with open(log, "wb") as stream:
            self.process = subprocess.Popen(
                [
                    *prefix,
                    sys.executable,
                    "-m",
                    "course_utils.serving.standin",
                    f"--port={self.port}",
                    f"--rest_api_port={self.rest_port}",
                    "--model_name=contract",
                    f"--model_base_path={base}",
                    "--file_system_poll_wait_seconds=0.1",
                ],
                cwd=ROOT,
                stderr=stream,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (HANDLES, HANDLES)),
            )
        self.url = f"http://127.0.0.1:{self.rest_port}/v1/models/contract"

    def rest(self):
        return RestClient(f"http://127.0.0.1:{self.rest_port}", "contract", timeout=PATIENCE)

    def answers(self):
        """Ask both ports over new connections, and return the version that answers."""
        with self.rest() as rest:
            assert rest.predict_lists(np.ones((1, 2, 3))).tolist() == [[1, 1]]
        with GrpcClient(f"127.0.0.1:{self.port}", "contract", timeout=PATIENCE) as rpc:
            request = messages.predict.PredictRequest()
            request.model_spec.name = "contract"
            request.inputs["images"].CopyFrom(tensors.to_proto(np.ones((1, 2, 3), np.float32)))
            return rpc._ask(rpc.predictions.Predict, request).model_spec.version.value

    def states(self):
        entries = requests.get(self.url, timeout=PATIENCE).json()["model_version_status"]
        return {int(entry["version"]): entry for entry in entries}

    def peak(self):
        """Return the most memory, in MB, that the server and its process have had together."""
        found = psutil.Process(self.process.pid)
        return sum(
            int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{one.pid}/status").read_text())[1]) / 1024
            for one in [found, *found.children(recursive=True)]
        )

    def worker(self):
        (found,) = [
            child
            for child in psutil.Process(self.process.pid).children()
            if any("spawn_main" in part for part in child.cmdline())
        ]
        return found


@pytest.fixture(scope="module")
def standin(contract_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("withstanding")
    shutil.copytree(contract_folder / "1", folder / "model" / "1")
    started = Standin(folder / "model", folder / "log.txt")
    try:

        def ready():
            assert started.process.poll() is None, started.log.read_text()
            try:
                return requests.get(started.url, timeout=5).status_code == 200
            except requests.ConnectionError:
                return False

        until(ready, "the server starts")
        yield started
    finally:
        started.process.terminate()
        assert started.process.wait(PATIENCE) == 0


@pytest.fixture(scope="module")
def handles():
    """Let this process open more sockets than the server may."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(3 * CROWD, before[1]) if before[1] != resource.RLIM_INFINITY else 3 * CROWD
    if wanted < 2 * CROWD:
        pytest.skip("this machine allows too few open sockets")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], wanted), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def crowd(port, *sent):
    """Open more connections than there are handles; each sends one of the texts, in turns."""
    made = []
    for number in range(CROWD):
        made.append(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
        made[-1].sendall(sent[number % len(sent)])
    return made


def wait_for_the_end(one):
    """Wait until the other side has closed a connection."""
    with contextlib.suppress(ConnectionResetError):
        while one.recv(65536):
            pass


# --- connections
def test_silent_connections_do_not_keep_it_from_answering_and_are_closed(standin, handles):
    half = b"GET /v1/models/contract HTTP/1.1\r\nHost: localhost\r\nX-"
    for port, sent in ((standin.rest_port, (b"", half)), (standin.port, (b"",))):
        sockets = crowd(port, *sent)
        try:
            with standin.rest() as rest:  # the oldest silent one gives way to it
                assert rest.status() == [(1, "AVAILABLE")]
            if port == standin.rest_port:
                assert standin.answers() == 1
            for one in sockets:
                wait_for_the_end(one)
        finally:
            for one in sockets:
                one.close()
    assert standin.process.poll() is None and standin.answers() == 1


def spoken(standin, text):
    """Send bytes over one connection and return all that comes back until it is closed."""
    with socket.create_connection(("127.0.0.1", standin.rest_port), timeout=PATIENCE) as one:
        one.sendall(text)
        parts = []
        while part := one.recv(65536):
            parts.append(part)
    return b"".join(parts).decode()


def test_two_lengths_of_a_body_are_refused_and_the_connection_is_closed(standin):
    answer = spoken(
        standin,
        b"POST /v1/models/contract:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/models/contract HTTP/1.1\r\n\r\n",
    )
    assert answer.startswith("HTTP/1.1 400") and answer.count("HTTP/1.1") == 1
    assert "not both" in answer


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:80", 200),
        ("127.0.0.1", 200),
        ("[::1]:8501", 200),
        ("LOCALHOST", 200),
        ("evil.example", 403),
        ("localhost.evil.example:8501", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
    ],
)
def test_only_the_names_of_this_machine_are_answered(standin, host, status):
    answer = requests.get(standin.url, headers={"Host": host}, timeout=PATIENCE)
    assert answer.status_code == status, answer.text
    assert status == 200 or "127.0.0.1" in answer.json()["error"]


# --- folders
def test_a_folder_that_can_not_be_read_leaves_the_server_as_it_is(standin):
    standin.base.chmod(0)
    try:
        until(lambda: "can't be looked at" in standin.log.read_text(), "it looks at the folder")
        assert standin.answers() == 1
    finally:
        standin.base.chmod(0o755)


def test_a_new_version_that_can_not_be_read_leaves_the_old_one(standin):
    shutil.copytree(standin.base / "1", standin.base / "coming")
    (standin.base / "coming" / "saved_model.pb").chmod(0)
    (standin.base / "coming").rename(standin.base / "5")
    entry = until(lambda: standin.states().get(5), "it looks at the version")
    entry = until(lambda: standin.states()[5]["state"] == "END" and standin.states()[5], "END")
    assert entry["status"]["error_code"] == "PERMISSION_DENIED", entry
    assert standin.answers() == 1
    shutil.rmtree(standin.base / "5")
    until(lambda: 5 not in standin.states(), "the failure is forgotten")


def test_a_version_that_can_not_be_loaded_again_gives_way_to_the_one_before(standin):
    shutil.copytree(standin.base / "1", standin.base / "coming")
    (standin.base / "coming").rename(standin.base / "7")
    until(lambda: standin.states().get(7, {}).get("state") == "AVAILABLE", "version 7")
    until(lambda: standin.states()[1]["state"] == "END", "the end of version 1")
    (standin.base / "7" / "variables" / "variables.index").unlink()
    (standin.base / "7" / "saved_model.pb").write_bytes(b"\x00nonsense")
    standin.worker().kill()
    entry = until(lambda: standin.states()[7]["state"] == "END" and standin.states()[7], "END")
    assert entry["status"]["error_message"], entry
    until(lambda: standin.states()[1]["state"] == "AVAILABLE", "version 1 is back")
    assert standin.answers() == 1
    shutil.rmtree(standin.base / "7")
    until(lambda: 7 not in standin.states(), "the failure is forgotten")


# --- amplification
def png(side):
    """Return a PNG of a square, all black, in a few kilobytes."""

    def chunk(kind, content):
        crc = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + crc

    packer, rows = zlib.compressobj(9), []
    for _ in range(side):
        rows.append(packer.compress(bytes(side + 1)))
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        limits.PNG
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", b"".join(rows) + packer.flush())
        + chunk(b"IEND", b"")
    )


def promising(*sides, kind="DT_FLOAT", text=None):
    """Return a tensor of a few bytes that says it has a shape."""
    made = messages.tensor.TensorProto(dtype=messages.types.DataType.Value(kind))
    for side in sides:
        made.tensor_shape.dim.add(size=side)
    if text is not None:
        made.string_val.append(text)
    return made


def test_a_few_bytes_of_grpc_do_not_become_gigabytes(standin):
    before = standin.peak()
    with grpc.insecure_channel(f"127.0.0.1:{standin.port}") as channel:
        stub = messages.prediction_service.PredictionServiceStub(channel)
        for signature, name, tensor, words in (
            ("", "images", promising(2**28 // 6, 2, 3), "instances"),
            ("", "images", promising(2**28, 1), "takes \\[\\?,2,3\\]"),
            ("same", "x", promising(2**28), "1024 MB, and this server takes 16"),
            ("same", "x", promising(2**62), "this server takes 16"),
            ("same", "x", promising(*[1] * 65), "65 axes"),
            ("lengths", "image_bytes", promising(38_836, kind="DT_STRING"), "38836 instances"),
            (
                "lengths",
                "image_bytes",
                promising(64, kind="DT_STRING", text=bytes(2**20)),
                "64 MB",
            ),
            (
                "lengths",
                "image_bytes",
                promising(1, kind="DT_STRING", text=png(7000)),
                "49 megapixels, and this server takes 24",
            ),
        ):
            request = messages.predict.PredictRequest()
            request.model_spec.name, request.model_spec.signature_name = "contract", signature
            request.inputs[name].CopyFrom(tensor)
            with pytest.raises(grpc.RpcError, match=words) as error:
                stub.Predict(request, timeout=PATIENCE)
            assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        large = messages.predict.PredictRequest()
        large.inputs["x"].tensor_content = bytes(40 * 2**20)
        for compression, words in (
            (grpc.Compression.Gzip, "[Cc]ompression"),
            (grpc.Compression.NoCompression, "larger than max"),
        ):
            with pytest.raises(grpc.RpcError, match=words):
                stub.Predict(large, timeout=PATIENCE, compression=compression)
    assert standin.peak() - before < 300, f"{standin.peak() - before:.0f} MB"


def test_a_few_bytes_of_json_do_not_become_gigabytes(standin):
    before = standin.peak()

    def refused(body, status, words, **headers):
        answer = requests.post(
            standin.url + ":predict", data=body, headers=headers, timeout=PATIENCE
        )
        assert answer.status_code == status and words in answer.json()["error"], answer.text[:500]

    gzipped = gzip.compress(b'{"instances": [' + b"0," * 500_000_000 + b"0]}", 9)
    assert len(gzipped) < 2**20
    refused(gzipped, 400, "more than 16 MB", **{"Content-Encoding": "gzip"})
    refused(bytes(33 * 2**20), 413, "more than 16 MB")
    refused((bytes(2**20) for _ in range(40)), 413, "more than 16 MB")  # in chunks
    picture = '{"b64": "' + base64.b64encode(png(7000)).decode() + '"}'
    words = '{"signature_name": "lengths", "instances": ['
    refused(words + picture + "]}", 400, "49 megapixels")
    many = ",".join(['{"b64": "AAAA"}'] * 38_836)
    refused(words + many + "]}", 400, "38836 instances")
    # a long document that is refused is not written out as a whole
    refused('{"x": [' + "[]," * 2_000_000 + '[]], "instances": 1}', 400, "...TRUNCATED")
    assert standin.answers() == 1
    assert standin.peak() - before < 1000, f"{standin.peak() - before:.0f} MB"


def jpeg_head(width, height):
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes(9)
    return b"\xff\xd8\xff\xe0\x00\x04ab" + b"\xff\xc2" + struct.pack(">H", 17) + frame


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", 0),
        (b"text", 0),
        (png(300), 90_000),
        (png(300)[:30], 90_000),
        (png(300)[:20], 0),
        (jpeg_head(4000, 3000), 12_000_000),
        (jpeg_head(10, 10) + jpeg_head(65000, 65000), 65000**2),
        (b"\xff\xd8\xff" * 1000, 0),
    ],
)
def test_the_pixels_of_a_picture_are_told_from_its_head(content, expected):
    assert limits.pixels(content) == expected


# --- what is said before anything starts
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model_name": "face mask"}, "--model-name"),
        ({"model_name": "a/b"}, "--model-name"),
        ({"model_name": "a:b"}, "--model-name"),
        ({"model_name": ""}, "--model-name"),
        ({"port": 8500, "rest_api_port": 8500}, "8500 can't be that of gRPC and of REST"),
    ],
)
def test_names_and_ports_that_will_not_do(options, words, tmp_path):
    with pytest.raises(CourseError, match=words):
        launcher.start(tmp_path, backend="standin", **options)


def test_folders_that_are_no_versions_are_named(contract_folder, tmp_path):
    def said(folder):
        with pytest.raises(CourseError) as error:
            launcher.start(folder, backend="standin")
        return str(error.value)

    assert "one version of a model: put it as folder 1" in said(contract_folder / "1")
    shutil.copytree(contract_folder / "1", tmp_path / "a" / "v1")
    assert "named v1" in said(tmp_path / "a")
    shutil.copytree(contract_folder / "1", tmp_path / "b" / ("9" * 20))
    assert f"named {'9' * 20}" in said(tmp_path / "b")
    (tmp_path / "line\nbreak").mkdir()
    assert "rename the folder" in said(tmp_path / "line\nbreak")


def test_quotes_in_a_path_and_a_label_are_quoted(contract_folder, tmp_path):
    from google.protobuf import text_format

    base = f'{tmp_path}/it\'s "here" \\ ü'
    text = launcher._models_config("m", base, {'sta"ble': 1})
    read = text_format.Parse(text, messages.model_config.ModelServerConfig())
    (entry,) = read.model_config_list.config
    assert entry.base_path == base and dict(entry.version_labels) == {'sta"ble': 1}
