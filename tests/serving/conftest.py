"""One server for the contract tests: the stand-in with a small model, or whatever
COURSE_SERVING_ADDRESS=host:grpc:rest names.
"""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from started import STARTED, at_once

from course_utils.serving import launcher

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def contract_folder(tmp_path_factory):
    """Two versions of the small model; copy it before changing it."""
    folder = tmp_path_factory.mktemp("serving") / "contract"
    done = subprocess.run(
        [*STARTED, str(HERE / "contract_model.py"), str(folder)],
        capture_output=True,
        text=True,
        cwd=HERE.parent.parent,
        env={**os.environ, "PYTHONPATH": str(HERE.parent.parent)},
    )
    assert done.returncode == 0, done.stderr
    (folder / "notes").mkdir()
    return folder


@pytest.fixture(scope="session")
def server(request):
    """Addresses of a server that serves the small model as "contract": `grpc`, `rest`, `port`,
    `rest_port`.
    """
    named = os.environ.get("COURSE_SERVING_ADDRESS")
    if named:
        host, port, rest_port = named.rsplit(":", 2)
        yield SimpleNamespace(grpc=f"{host}:{port}", rest=f"http://{host}:{rest_port}")
        return
    folder = request.getfixturevalue("contract_folder")
    with at_once():
        started = launcher.start(folder, "contract", backend="standin")
    with started:
        yield SimpleNamespace(grpc=started.grpc_address, rest=started.rest_address)
