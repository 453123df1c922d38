"""Versions come and go while the server answers; what it computes with may abort; nothing stays
behind.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import grpc
import nbclient
import nbformat
import numpy as np
import psutil
import pytest
from started import STARTED, at_once
from waiting import PATIENCE, until

from course_utils.errors import CourseError
from course_utils.serving import launcher, protos, tensors
from course_utils.serving.clients import GrpcClient, RestClient

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def base(contract_folder, tmp_path_factory):
    """A folder with version 1 only."""
    base = tmp_path_factory.mktemp("moving") / "model"
    shutil.copytree(contract_folder / "1", base / "1")
    return base


@pytest.fixture(scope="module")
def moving(base):
    with at_once():
        server = launcher.start(base, "moving", backend="standin", poll_seconds=0.1)
    with server:
        yield server


@pytest.fixture
def rest(moving):
    with RestClient(moving.rest_address, "moving", timeout=PATIENCE) as client:
        yield client


@pytest.fixture
def rpc(moving):
    with GrpcClient(moving.grpc_address, "moving", timeout=PATIENCE) as client:
        yield client


def publish(base, name):
    shutil.copytree(base / "1", base / f"coming-{name}")
    (base / f"coming-{name}").rename(base / str(name))


def withdraw(base, name):
    (base / str(name)).rename(base / f"gone-{name}")
    shutil.rmtree(base / f"gone-{name}")


def answering(rpc):
    """Return the version that answers."""
    return rpc.predictions.Predict(one_picture(rpc), timeout=PATIENCE).model_spec.version.value


def one_picture(rpc):
    request = rpc.messages.predict.PredictRequest()
    request.model_spec.name = "moving"
    request.inputs["images"].CopyFrom(tensors.to_proto(np.ones((1, 2, 3), np.float32)))
    return request


def test_a_new_version_takes_over_and_its_withdrawal_goes_back(base, rest, rpc):
    assert answering(rpc) == 1
    publish(base, 2)
    until(lambda: rest.status() == [(2, "AVAILABLE"), (1, "END")], "version 2 takes over")
    assert answering(rpc) == 2
    withdraw(base, 2)
    until(lambda: rest.status() == [(2, "END"), (1, "AVAILABLE")], "version 1 is back")
    assert answering(rpc) == 1


def test_zeros_before_a_number_do_not_count_and_other_folders_are_no_versions(base, rest, rpc):
    for name in ("latest", "3.5", "-4", "5a"):
        shutil.copytree(base / "1", base / name)
    publish(base, "00000123")
    until(lambda: answering(rpc) == 123, "version 123")
    assert {version for version, _ in rest.status()} <= {1, 2, 123}
    withdraw(base, "00000123")
    for name in ("latest", "3.5", "-4", "5a"):
        shutil.rmtree(base / name)
    until(lambda: answering(rpc) == 1, "version 1")


@pytest.mark.parametrize(
    ("number", "damage"),
    [
        (30, lambda folder: (folder / "saved_model.pb").unlink()),
        (31, lambda folder: (folder / "saved_model.pb").write_bytes(b"\x00nonsense" * 100)),
        (32, lambda folder: (folder / "saved_model.pb").write_bytes(b"")),
        (
            33,
            lambda folder: (folder / "saved_model.pb").write_bytes(
                (folder / "saved_model.pb").read_bytes()[:500]
            ),
        ),
        (34, shutil.rmtree),
    ],
)
def test_a_corrupt_version_leaves_the_old_one_serving(base, rest, rpc, number, damage):
    shutil.copytree(base / "1", base / f"coming-{number}")
    damage(base / f"coming-{number}")
    (base / f"coming-{number}").mkdir(exist_ok=True)
    (base / f"coming-{number}").rename(base / str(number))
    until(lambda number=number: dict(rest.status()).get(number) == "END", "the version fails")
    assert answering(rpc) == 1
    (entry,) = [
        entry
        for entry in rest._ask("GET", rest.url)["model_version_status"]
        if entry["version"] == str(number)
    ]
    assert entry["status"]["error_code"] != "OK" and entry["status"]["error_message"]
    withdraw(base, number)
    until(lambda: number not in dict(rest.status()), "the failure is forgotten")
    publish(base, number)  # whole this time
    until(lambda: answering(rpc) == number, "the mended version")
    withdraw(base, number)
    until(lambda: answering(rpc) == 1, "version 1")


def test_labels_name_versions_and_move_without_a_restart(base, moving, rpc):
    publish(base, 2)
    until(lambda: answering(rpc) == 2, "version 2")
    request = rpc.messages.management.ReloadConfigRequest()
    entry = request.config.model_config_list.config.add(name="moving", base_path=str(base))
    entry.version_labels["stable"] = 77
    with pytest.raises(grpc.RpcError, match="not currently available") as error:
        rpc.models.HandleReloadConfigRequest(request, timeout=PATIENCE)
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    rpc.label_versions(base, {"stable": 1, "canary": 2})
    for label, version in {"stable": 1, "canary": 2}.items():
        with GrpcClient(moving.grpc_address, "moving", label=label) as client:
            assert client.status() == [(version, "AVAILABLE")]
        with RestClient(moving.rest_address, "moving", label=label) as client:
            assert client.predict_lists(np.ones((1, 2, 3))).tolist() == [[1, 1]]
    rpc.label_versions(base, {"stable": 1, "canary": 1})
    with pytest.raises(CourseError, match="FAILED_PRECONDITION.*not currently available"):
        rpc.label_versions(base, {"stable": 1, "canary": 77})
    with GrpcClient(moving.grpc_address, "moving", label="stable") as client:
        assert client.status() == [(1, "AVAILABLE")]  # it stays where it was
    rpc.label_versions(base, {"stable": 2})
    with GrpcClient(moving.grpc_address, "moving", label="stable") as client:
        assert client.status() == [(2, "AVAILABLE")]
    with (
        RestClient(moving.rest_address, "moving", label="canary") as client,
        pytest.raises(CourseError, match="Unrecognized servable version label: canary"),
    ):
        client.predict_lists(np.ones((1, 2, 3)))
    rpc.label_versions(base, {"stable": 1})
    withdraw(base, 2)
    assert answering(rpc) == 1


def listens(process, port):
    try:
        return any(place.laddr.port == port for place in process.net_connections("tcp"))
    except (psutil.Error, AttributeError):  # another's, or an address without a port
        return False


def test_a_process_that_aborts_is_started_again(moving, rest, rpc):
    standin = next(one for one in psutil.process_iter() if listens(one, moving.port))
    (computing,) = [
        process
        for process in standin.children()
        if any("spawn_main" in part for part in process.cmdline())
    ]
    computing.kill()
    computing.wait(PATIENCE)

    def answered():
        try:
            return rest.predict_lists(np.ones((1, 2, 3))).tolist() == [[1, 1]]
        except CourseError as error:
            assert "503" in str(error)

    until(answered, "the server answers again")
    assert answering(rpc) == 1


def test_no_request_fails_while_versions_come_and_go(base, moving, rest):
    stop, failed, answers = threading.Event(), [], []

    def ask():
        with RestClient(moving.rest_address, "moving") as client:
            while not stop.is_set():
                try:
                    answers.append(client.predict_lists(np.ones((2, 2, 3))).tolist())
                except CourseError as error:
                    failed.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    with GrpcClient(moving.grpc_address, "moving") as rpc_client:
        newest_again(base, rpc_client)
    for number in (41, 42, 43):
        publish(base, number)
        until(
            lambda number=number: dict(rest.status()).get(number) == "AVAILABLE",
            f"version {number}",
        )
        withdraw(base, number)
        until(
            lambda number=number: dict(rest.status()).get(number) == "END", f"the end of {number}"
        )
    stop.set()
    for thread in threads:
        thread.join()
    assert (
        failed == []
        and len(answers) > 3
        and {str(answer) for answer in answers} == {"[[1.0, 1.0], [1.0, 1.0]]"}
    )


def test_who_asks_by_a_label_is_answered_while_labels_move(base, moving, rpc, rest):
    publish(base, 51)
    until(lambda: dict(rest.status()).get(51) == "AVAILABLE", "version 51")
    rpc.label_versions(base, {"stable": 51})
    stop, failed, answers = threading.Event(), [], []

    def ask():
        with RestClient(moving.rest_address, "moving", label="stable") as client:
            while not stop.is_set():
                try:
                    answers.append(client.predict_lists(np.ones((1, 2, 3))).tolist())
                except CourseError as error:
                    failed.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: answers, "it answers")
    for _ in range(5):
        rpc.label_versions(base, {"stable": 51, "canary": 1})  # version 1 is loaded for it
        rpc.label_versions(base, {"stable": 51})
    stop.set()
    asking.join()
    assert failed == [] and {str(answer) for answer in answers} == {"[[1.0, 1.0]]"}
    newest_again(base, rpc)
    withdraw(base, 51)
    until(lambda: answering(rpc) == 1, "version 1")


def newest_again(base, rpc):
    """Name no versions: whatever is newest is served."""
    request = rpc.messages.management.ReloadConfigRequest()
    request.config.model_config_list.config.add(name="moving", base_path=str(base))
    rpc.models.HandleReloadConfigRequest(request, timeout=PATIENCE)


# --- starting and stopping
def test_nothing_stays_when_a_server_is_stopped(base):
    server = launcher.start(base, "moving", backend="standin")
    processes = [
        psutil.Process(server.process.pid),
        *psutil.Process(server.process.pid).children(recursive=True),
    ]
    assert len(processes) >= 3
    server.close()
    _, alive = psutil.wait_procs(processes, PATIENCE)
    assert not alive
    for port in (server.port, server.rest_api_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    server.close()  # again does no harm


def test_who_waits_for_an_answer_when_the_server_ends_finds_nobody(base):
    """The request waits in a batch for longer than the server's grace: neither an answer nor a
    status 500 comes, as from a process that is gone.
    """
    body = b'{"instances": [[[1, 1, 1], [1, 1, 1]]]}'
    head = (
        f"POST /v1/models/moving:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
    )
    with (
        at_once(),
        launcher.start(base, "moving", backend="standin", batching=(64, 4.0)) as server,
        socket.create_connection(("127.0.0.1", server.rest_api_port), PATIENCE) as waiting,
        GrpcClient(server.grpc_address, "moving", timeout=PATIENCE) as rpc,
    ):
        waiting.sendall(head.encode() + b"\r\n\r\n" + body)
        asking = threading.Thread(target=ask_in_vain, args=(rpc, said := []))
        asking.start()
        with RestClient(server.rest_address, "moving") as rest:
            rest.status()  # what came before it is being worked on
        server.close()
        with contextlib.suppress(ConnectionResetError):
            assert waiting.recv(1000) == b""
        asking.join(PATIENCE)
    assert "does not answer" in said[0]


def ask_in_vain(rpc, said):
    try:
        rpc._ask(rpc.predictions.Predict, one_picture(rpc))
    except CourseError as error:
        said.append(str(error))
    else:
        said.append("it answered")


@pytest.mark.skipif(os.name == "nt", reason="sends a Unix signal")
def test_nothing_stays_when_the_starter_is_killed(base):
    code = (
        "import sys, time\nfrom course_utils.serving import launcher\nserver ="
        f" launcher.start({str(base)!r}, 'moving', backend='standin')\nprint(server.folder.name,"
        " server.port, server.rest_api_port, flush=True)\ntime.sleep(600)\n"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    folder, *ports = starter.stdout.readline().split()
    ports = [int(port) for port in ports]
    assert Path(folder).is_dir()
    processes = psutil.Process(starter.pid).children(recursive=True)
    assert len(ports) == 2 and len(processes) >= 3
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    _, alive = psutil.wait_procs(processes, PATIENCE)
    assert not alive and not Path(folder).exists()
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_nothing_stays_when_a_cell_of_a_notebook_fails(base, monkeypatch):
    monkeypatch.delenv("JUPYTER_PATH", raising=False)  # a kernel whose children can be counted
    starts = (
        "from course_utils.serving import launcher\nimport psutil\nserver ="
        f" launcher.start({str(base)!r}, 'moving', backend='standin')\nnumbers = [process.pid for"
        " process in psutil.Process().children(recursive=True)]\nprint(*numbers, server.port,"
        " server.rest_api_port)"
    )
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(starts), nbformat.v4.new_code_cell("1 / 0")]
    )
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="ZeroDivisionError"):
        nbclient.NotebookClient(
            notebook,
            timeout=PATIENCE,
            kernel_name="python3",
            resources={"metadata": {"path": str(ROOT)}},
        ).execute()
    *numbers, port, rest_api_port = [
        int(number) for number in notebook.cells[0].outputs[0].text.split()
    ]
    assert len(numbers) >= 3
    until(lambda: not any(psutil.pid_exists(number) for number in numbers), "processes stayed")
    for number in (port, rest_api_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", number)) != 0


def test_a_model_that_can_not_be_loaded_is_said_so(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"nonsense")
    damaged = "could not be served: export it again.*damaged"
    with at_once(), pytest.raises(CourseError, match=damaged) as error:
        launcher.start(tmp_path, backend="standin")
    assert "Fatal Python error" not in str(error.value)


def test_protocol_messages_do_not_import_tensorflow():
    code = (
        "import sys\nfrom course_utils.serving import clients, protos, tensors\nmessages ="
        " protos.load()\nassert 'tensorflow' not in sys.modules\n"
        "from course_utils import quiet\ntf = quiet.import_tensorflow_alone()\nfrom"
        " tensorflow_serving.apis import predict_pb2\nassert predict_pb2 is"
        " messages.predict\nassert type(tf.make_tensor_proto([1.0])) is"
        " messages.tensor.TensorProto\nassert tf.make_ndarray(tensors.to_proto([1.5,"
        " 2.0])).tolist() == [1.5, 2.0]\nprint('fine')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "fine", done.stderr
    assert protos.load() is protos.load()


def test_a_file_of_models_is_read_and_read_again(base, tmp_path):
    """Two models at once; a label moves when the file changes; a broken file changes nothing."""

    def write(text):
        (tmp_path / "models.new").write_text("model_config_list { " + text + " }")
        (tmp_path / "models.new").rename(tmp_path / "models.config")

    def model(name, more=""):
        return (
            f'config {{ name: "{name}" base_path: "{base}" model_platform: "tensorflow" {more} }}'
        )

    write(
        model("one")
        + model("two", 'model_version_policy { all {} } version_labels { key: "stable" value: 1 }')
    )
    port, rest_port = launcher._free_port(None, ""), launcher._free_port(None, "")
    flags = (
        f"--port={port}",
        f"--rest_api_port={rest_port}",
        f"--model_config_file={tmp_path / 'models.config'}",
        "--model_config_file_poll_wait_seconds=0.1",
        "--file_system_poll_wait_seconds=0.1",
        "--allow_version_labels_for_unavailable_models=true",
    )
    with open(tmp_path / "log.txt", "wb") as log:
        process = subprocess.Popen(
            [*STARTED, "-m", "course_utils.serving.standin", *flags], cwd=ROOT, stderr=log
        )
    try:

        def label(name):
            try:
                with GrpcClient(f"127.0.0.1:{port}", "two", label=name) as client:
                    return client.status()
            except CourseError as error:
                return str(error)

        until(lambda: label("stable") == [(1, "AVAILABLE")], "both models are there")
        with RestClient(f"http://127.0.0.1:{rest_port}", "one") as client:
            until(
                lambda: "[[1. 1.]]" in answer_or_sentence(client),
                "the first model, over the port that opens last",
            )
        for broken, why in (
            (b"", "it names no models"),
            (b"nonsense {", 'no field named "nonsense"'),
            (b"\xff", "can't decode byte"),
        ):
            (tmp_path / "models.config").write_bytes(broken)
            until(lambda why=why: why in (tmp_path / "log.txt").read_text(), "it is read again")
            assert label("stable") == [(1, "AVAILABLE")]
        write(model("two", 'version_labels { key: "canary" value: 1 }'))
        until(lambda: label("canary") == [(1, "AVAILABLE")], "the new label")
        assert "Unrecognized servable version label" in label("stable")
        with RestClient(f"http://127.0.0.1:{rest_port}", "one") as client:
            until(
                lambda: "Servable not found" in answer_or_sentence(client),
                "the first model is gone",
            )
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0


def answer_or_sentence(client):
    """Return the answer, or the sentence in its place."""
    try:
        return str(client.predict_lists(np.ones((1, 2, 3))))
    except CourseError as error:
        return str(error)
