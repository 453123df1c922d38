"""A room without a network is set up as book/setup.md says, to the letter.

Once with the real lock and the package index, as far as it says what there is to fetch; and once
whole, with a small lock and an index on this machine that is gone when the room is set up.
"""

import functools
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from zipfile import ZIP_STORED

import pytest
from packaging.requirements import Requirement
from wheel.wheelfile import WheelFile

from course_utils.command import notebooks

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "book" / "setup.md").read_text(encoding="utf-8")
RECIPE = PAGE[PAGE.index("To set up a room without a network") :].split("## ")[0]
COMMANDS = re.search(r"```\n(.*?)```", RECIPE, re.DOTALL)[1].splitlines()
WITHOUT_WHEEL = re.search(r"--no-binary (\S+)", COMMANDS[0])[1]
OPTIONS = re.search(r"--only-binary \S+ --no-binary \S+", COMMANDS[0])[0].split()
SYSTEMS = ("x86_64-unknown-linux-gnu", "windows", "macos")


def clean_environment(**more):
    """Return this process's variables without those that say where packages come from."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PIP_", "UV_")) and name != "VIRTUAL_ENV"
    }
    return {**kept, "PIP_CONFIG_FILE": os.devnull, **more}


def to_be_fetched(folder, *options, system="x86_64-unknown-linux-gnu", macos="14.0", python="3.11"):
    """Ask the index which files of the lock it has, without fetching them."""
    command = [sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--target", str(folder)]
    command += ["--no-deps", "--require-hashes", "--python-version", python]
    command += ["--python-platform", system, *options, "-r", str(ROOT / "requirements.lock")]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": macos},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return an empty folder; skip where no package index answers."""
    folder = tmp_path_factory.mktemp("empty")
    asked = to_be_fetched(folder)
    if asked.returncode and re.search(
        r"(?i)fetch|connect|offline|network|resolve host", asked.stderr
    ):
        pytest.skip("no package index can be reached")
    assert asked.returncode == 0, asked.stderr
    return folder


@pytest.mark.parametrize("python", ["3.11", "3.12"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_all_but_the_package_of_the_recipe_have_wheels(folder, system, python):
    done = to_be_fetched(folder, *OPTIONS, system=system, python=python)
    assert done.returncode == 0, done.stderr


def test_without_that_exception_the_recipe_fails_as_it_once_did(folder):
    done = to_be_fetched(folder, "--only-binary", ":all:")
    assert done.returncode and f"{WITHOUT_WHEEL}==" in done.stderr
    assert "no usable wheels" in done.stderr


def test_macos_before_14_is_too_old_as_the_page_says(folder):
    assert "macOS 14 or newer" in PAGE
    done = to_be_fetched(folder, *OPTIONS, system="macos", macos="13.0")
    assert done.returncode and "macosx_14_0_arm64" in done.stderr


def with_requirements(name):
    """Yield a package's name and those that it asks for here, each once or more."""
    yield name
    for asked in map(Requirement, metadata.requires(name) or []):
        if not asked.marker or asked.marker.evaluate({"extra": ""}):
            yield from with_requirements(asked.name)


def packed(name, folder):
    """Make a wheel of an installed package, as it came."""
    found = metadata.distribution(name)
    plain = re.sub(r"[-_.]+", "_", name).lower()
    tag = re.search(r"^Tag: (\S+)$", found.read_text("WHEEL"), re.MULTILINE)[1]
    path = folder / f"{plain}-{found.version}-{tag}.whl"
    with WheelFile(path, "w", ZIP_STORED) as wheel:  # uv is large, and packed slowly
        for file in found.files:
            inside, source = file.as_posix(), Path(found.locate_file(file))
            if inside.endswith((".pyc", "/INSTALLER", "/REQUESTED", "/RECORD", "direct_url.json")):
                continue
            if inside.startswith(".."):
                if file.name not in ("uv", "uv.exe"):  # made anew by pip, from entry points
                    continue
                inside = f"{plain}-{found.version}.data/scripts/{file.name}"
            wheel.write(source, inside)


def source_only(folder):
    """Write a source distribution named as the one of the recipe: data, and nothing to compile."""
    module = WITHOUT_WHEEL.replace("-", "_")
    source = folder / f"{module}-0.3.0"
    (source / module).mkdir(parents=True)
    (source / module / "__init__.py").write_text("", encoding="utf-8")
    (source / module / "model.dat").write_bytes(b"trained")
    (source / "setup.py").write_text(
        "from setuptools import setup\n"
        f"setup(name='{module}', version='0.3.0', packages=['{module}'],"
        f" package_data={{'{module}': ['*.dat']}})\n",
        encoding="utf-8",
    )
    (source / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 0.3.0\n")
    with tarfile.open(folder / f"{source.name}.tar.gz", "w:gz") as archive:
        archive.add(source, source.name)
    shutil.rmtree(source)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def small_index(tmp_path):
    """An index on this machine with what bootstrap.py installs, and a lock of it: (address, lock);
    the third closes it.
    """
    files = tmp_path / "index" / "files"
    files.mkdir(parents=True)
    uv = metadata.version("uv")
    assert f"uv=={uv}" in COMMANDS[1]
    for name in {"uv", "setuptools", "editables", *with_requirements("hatchling")}:
        packed(name, files)
    source_only(files)
    lock = []
    for path in sorted(files.iterdir()):
        name, version = path.name.removesuffix(".tar.gz").split("-")[:2]
        page = tmp_path / "index" / "simple" / name.replace("_", "-")
        page.mkdir(parents=True)
        (page / "index.html").write_text(f'<a href="/files/{path.name}">{path.name}</a>')
        if name != "uv":
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            lock.append(f"{name.replace('_', '-')}=={version} \\\n    --hash=sha256:{digest}\n")
    handler = functools.partial(Quiet, directory=str(tmp_path / "index"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def close():
        if thread.is_alive():
            server.shutdown()
            server.server_close()
            thread.join()

    yield f"http://127.0.0.1:{server.server_port}/simple", "".join(lock), close
    close()


def test_a_room_without_a_network_is_set_up_by_the_recipe(small_index, tmp_path):
    address, lock, take_the_network_away = small_index
    room = tmp_path / "room"
    (room / "course_utils").mkdir(parents=True)
    (room / "course_utils" / "__init__.py").write_text("")
    for name in ("bootstrap.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, room)
    (room / "requirements.lock").write_text(lock, encoding="utf-8")
    connected = clean_environment(PIP_INDEX_URL=address, PIP_CACHE_DIR=str(tmp_path / "pip"))

    def fetch(command):
        program, *arguments = shlex.split(command)
        assert program == "python"
        return subprocess.run(
            [sys.executable, *arguments], cwd=room, env=connected, capture_output=True, text=True
        )

    as_it_was = COMMANDS[0].replace(f"--no-binary {WITHOUT_WHEEL} ", "")
    assert fetch(as_it_was).returncode, "the index has a wheel: this test tests nothing"
    for command in COMMANDS:
        done = fetch(command)
        assert done.returncode == 0, done.stdout + done.stderr
    take_the_network_away()

    switches = dict(re.findall(r"`(\w+)=(\d)`", RECIPE))
    folders = re.search(r"and\s+`(\w+)` and `(\w+)` to the folder's absolute path", RECIPE).groups()
    assert set(switches) == {"PIP_NO_INDEX", "UV_OFFLINE"}
    alone = clean_environment(
        **switches,
        **dict.fromkeys(folders, str(room / "wheels")),
        UV_CACHE_DIR=str(tmp_path / "uv"),
        PIP_CACHE_DIR=str(tmp_path / "empty"),
    )
    done = subprocess.run(
        [sys.executable, "bootstrap.py"], cwd=room, env=alone, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    programs = room / ".venv" / ("Scripts" if os.name == "nt" else "bin")
    module = WITHOUT_WHEEL.replace("-", "_")
    (model,) = (room / ".venv").rglob(f"{module}/model.dat")
    assert model.read_bytes() == b"trained"
    found = subprocess.run(
        [programs / "python", "-c", f"import {module}, course_utils"], cwd=tmp_path, env=alone
    )
    assert found.returncode == 0


IN_A_NAMESPACE = ["unshare", "--map-root-user", "--net", "sh", "-c"]
LOOPBACK_ONLY = "ip link set lo up && exec "


@pytest.mark.skipif(
    not (shutil.which("unshare") and shutil.which("ip"))
    or subprocess.run([*IN_A_NAMESPACE, LOOPBACK_ONLY + "true"], capture_output=True).returncode,
    reason="users may not make network namespaces here",
)
def test_a_student_without_a_network_runs_a_chapter(tmp_path):
    """Behind a hub that lets nothing out: this machine's own addresses are all there is."""

    def alone(*arguments):
        command = shlex.join([sys.executable, *arguments])
        return subprocess.run(
            [*IN_A_NAMESPACE, LOOPBACK_ONLY + command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, "COURSE_WORK": str(tmp_path / "work")},
        )

    reach = "import socket; socket.create_connection(('192.0.2.1', 9), 5)"
    assert "Network is unreachable" in alone("-c", reach).stderr
    done = alone("-m", "course_utils.command.main", "run", "00")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "work" / "sample" / "runs" / "00_welcome.json").exists()


@pytest.mark.parametrize("pair", notebooks.find_pairs(ROOT), ids=lambda pair: pair.name)
def test_no_cell_of_a_chapter_asks_an_address_beyond_this_machine(pair):
    """`example.org` is in an annotation that chapter 01 reads as text."""
    for cell in notebooks.read_source(pair).cells:
        if cell.cell_type == "code":
            hosts = re.findall(r"\w+://([^/\s\"':{}]+)", cell.source)
            assert set(hosts) <= {"127.0.0.1", "example.org"}, hosts
            assert not re.search(
                r"!course data fetch|fetch_dataset|urlopen|urlretrieve", cell.source
            )
