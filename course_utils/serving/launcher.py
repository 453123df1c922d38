"""Start a server for a folder of exported models.

TensorFlow Serving where it is there, else the stand-in.

All three ways take the same flags and speak the same protocols, so what asks them needs not know
which one answers.
"""

import atexit
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.serving import preflight, protos

IMAGE = "tensorflow/serving:2.19.0"
"""The pinned image; never pulled without being asked: `docker pull` it once."""

BACKENDS = ("binary", "docker", "standin")
WORDS = {
    "binary": "tensorflow_model_server",
    "docker": f"tensorflow_model_server in Docker ({IMAGE})",
    "standin": "the course's stand-in for TensorFlow Serving",
}
HOST = "127.0.0.1"


@dataclass
class Server:
    """A server that was started here; a context manager that stops it.

    Attributes
    ----------
    backend : str
        "binary", "docker" or "standin".
    model_name : str
    port, rest_api_port : int
        Of gRPC and of REST, on the loopback address.
    """

    backend: str
    model_name: str
    port: int
    rest_api_port: int
    process: subprocess.Popen = field(repr=False)
    folder: tempfile.TemporaryDirectory = field(repr=False)
    container: str | None = field(default=None, repr=False)

    @property
    def grpc_address(self):
        """What a gRPC client connects to: "127.0.0.1:8500"."""
        return f"{HOST}:{self.port}"

    @property
    def rest_address(self):
        """What a REST client starts its addresses with: "http://127.0.0.1:8501"."""
        return f"http://{HOST}:{self.rest_api_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Stop the server and all that it started; the ports are free afterwards.

        More than once does no harm.
        """
        atexit.unregister(self.close)
        if self.process.poll() is None:
            self.process.stdin.close()  # the guard ends the server
            if self.container:
                subprocess.run(
                    ["docker", "stop", "--time", "5", self.container],
                    capture_output=True,
                    check=False,
                )
            self.process.wait()
        shutil.rmtree(self.folder.name, ignore_errors=True)  # the guard may be at it, too
        self.folder.cleanup()

    def log(self, lines=15):
        """Return the last lines that the server has written."""
        path = Path(self.folder.name) / "log.txt"
        return (
            "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
            if path.is_file()
            else ""
        )


def available(backend):
    """Tell whether this machine has a backend."""
    if backend == "binary":
        return shutil.which("tensorflow_model_server") is not None
    if backend == "docker":
        if shutil.which("docker") is None:
            return False
        try:
            return (
                subprocess.run(
                    ["docker", "image", "inspect", IMAGE], capture_output=True, timeout=20
                ).returncode
                == 0
            )
        except subprocess.TimeoutExpired:
            return False
    return True


def choose(backend="auto"):
    """Return the backend to use.

    Parameters
    ----------
    backend : str
        "auto", or one of `BACKENDS`.

    Raises
    ------
    CourseError
        When it is not there; says how to get it.
    """
    if backend == "auto":
        return next(name for name in BACKENDS if available(name))
    if backend not in BACKENDS:
        raise CourseError(
            f"There is no backend {backend!r}: choose one of auto, {', '.join(BACKENDS)}."
        )
    if not available(backend):
        remedy = (
            "put it on the PATH"
            if backend == "binary"
            else f"start Docker and run `docker pull {IMAGE}`"
        )
        raise CourseError(
            f"{WORDS[backend]} is not on this machine: {remedy}, or choose --backend standin."
        )
    return backend


def start(
    base,
    model_name="face-mask",
    port=None,
    rest_api_port=None,
    backend="auto",
    labels=None,
    batching=None,
    poll_seconds=1.0,
    patience=900,
    limits=None,
    load_retries=None,
):
    """Start a server and wait until the model answers.

    Parameters
    ----------
    base : path-like
        The folder of the model; each version is a folder in it, named by a number.
    model_name : str
        What the model is called in addresses.
    port, rest_api_port : int, optional
        Of gRPC and REST; free ones are chosen when not given.
    backend : str
        "auto", "binary", "docker" or "standin". The binary listens on all interfaces, since it
        can't do otherwise; the others on the loopback address only.
    labels : dict of str to int, optional
        Names for versions, such as {"stable": 1, "canary": 2}; these versions are served, and no
        others.
    batching : (int, float), optional
        Merge requests: at most so many instances, waiting at most so many seconds.
    poll_seconds : float
        Between two looks at the folder.
    patience : float
        Seconds to wait for the model.
    limits : dict of str to float, optional
        Of the stand-in: "max_body_megabytes", "max_instances", "max_megapixels".
    load_retries : (int, float), optional
        How often a version that failed to load is tried again, and seconds in between; the server's
        usual five, a minute apart, when not given.

    Returns
    -------
    Server

    Raises
    ------
    CourseError
        When there is nothing to serve, a port is taken, or the model can't be loaded.
    """
    base = Path(base).absolute()
    preflight.check(base, model_name, port, rest_api_port)
    found = preflight.versions_there(base)
    for label, version in (labels or {}).items():
        if version not in found:
            raise CourseError(
                f"The label {label} names version {version}, which is not in {base}: choose from"
                f" {', '.join(map(str, found))}."
            )
    backend = choose(backend)
    if backend == "docker" and ":" in str(base):
        raise CourseError(
            f"Docker takes no folder with a colon in its path: move or rename {base}."
        )
    ports = [_free_port(port, "port"), _free_port(rest_api_port, "rest-api-port")]
    folder = tempfile.TemporaryDirectory(prefix="course-serve-")
    container = f"course-serve-{uuid.uuid4().hex[:12]}" if backend == "docker" else None
    command = _command(
        backend,
        base,
        model_name,
        ports,
        labels,
        batching,
        poll_seconds,
        Path(folder.name),
        container,
    )
    if backend == "standin":
        command += [f"--{name}={value:g}" for name, value in (limits or {}).items()]
    if load_retries:
        times, seconds = load_retries
        command += [
            f"--max_num_load_retries={times}",
            f"--load_retry_interval_micros={round(seconds * 1e6)}",
        ]
    with open(Path(folder.name) / "log.txt", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "course_utils.serving.guard", folder.name, *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = Server(backend, model_name, *ports, process, folder, container)
    atexit.register(server.close)
    try:
        _wait(server, base, patience)
    except BaseException:
        server.close()
        raise
    return server


def _free_port(port, option):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, sys.platform != "win32")
        try:
            probe.bind((HOST, port or 0))
        except OSError as error:
            raise CourseError(f"Port {port} is taken: choose another with --{option}.") from error
        return probe.getsockname()[1]


def _command(backend, base, model_name, ports, labels, batching, poll_seconds, folder, container):
    """Return the command of a backend; its files stand in `folder`."""
    seen, files = (
        (f"/models/{model_name}", "/course") if backend == "docker" else (str(base), str(folder))
    )
    flags = [
        (
            f"--file_system_poll_wait_seconds={poll_seconds:g}"
            if backend == "standin"
            else f"--file_system_poll_wait_seconds={max(1, round(poll_seconds))}"
        )
    ]
    if labels:
        (folder / "models.config").write_text(
            _models_config(model_name, seen, labels), encoding="utf-8"
        )
        flags += [
            f"--model_config_file={files}/models.config",
            "--allow_version_labels_for_unavailable_models=true",
        ]
    elif backend != "docker":
        flags += [f"--model_name={model_name}", f"--model_base_path={seen}"]
    if batching:
        (folder / "batching.config").write_text(
            f"max_batch_size {{ value: {batching[0]} }}\nbatch_timeout_micros {{ value:"
            f" {round(batching[1] * 1e6)} }}\n"
        )
        flags += ["--enable_batching=true", f"--batching_parameters_file={files}/batching.config"]
    if (
        backend == "docker"
    ):  # --init: the image's first process is a shell, which would ignore that it is asked to stop
        return [
            "docker",
            "run",
            "--rm",
            "--init",
            "--pull=never",
            "--name",
            container,
            "-p",
            f"{HOST}:{ports[0]}:8500",
            "-p",
            f"{HOST}:{ports[1]}:8501",
            "-v",
            f"{base}:/models/{model_name}:ro",
            "-v",
            f"{folder}:/course:ro",
            "-e",
            f"MODEL_NAME={model_name}",
            IMAGE,
            *flags,
        ]
    program = (
        ["tensorflow_model_server"]
        if backend == "binary"
        else [sys.executable, "-m", "course_utils.serving.standin"]
    )
    return [*program, f"--port={ports[0]}", f"--rest_api_port={ports[1]}", *flags]


def _models_config(model_name, base_path, labels):
    """Return the text of a `ModelServerConfig` that serves the versions which labels name."""
    from google.protobuf import text_format

    message = protos.load().model_config.ModelServerConfig()
    entry = message.model_config_list.config.add(
        name=model_name, base_path=base_path, model_platform="tensorflow"
    )
    entry.model_version_policy.specific.versions.extend(sorted(set(labels.values())))
    entry.version_labels.update(labels)
    return text_format.MessageToString(message, as_utf8=True)


def _wait(server, base, patience):
    """Ask for the model's status until it is AVAILABLE."""
    deadline = time.monotonic() + patience
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({})
    )  # a proxy does not know this machine
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise CourseError(
                f"The model in {base} could not be served: export it again under a new number. The"
                f" server's last words: {server.log(3)}"
            )
        try:
            with opener.open(
                f"{server.rest_address}/v1/models/{server.model_name}", timeout=5
            ) as answer:
                states = [version["state"] for version in json.load(answer)["model_version_status"]]
        except (urllib.error.URLError, OSError, ValueError):
            states = []
        if "AVAILABLE" in states:
            return
        time.sleep(0.1)
    raise CourseError(
        f"The model in {base} was not available after {patience:g} seconds. The server's last"
        f" words: {server.log(3)}"
    )
