"""A small course with a small data set, and a server that has its archive."""

import csv
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drawn import encoded, noise, zipped
from local_server import LocalServer

ROOT = Path(__file__).resolve().parents[2]
NAME = "face-mask-detection"
TOP = "Face-Mask-Detection-7e500749401bad4bb338790fbdb89b58e41ef2d9/"


@pytest.fixture(scope="session")
def listed():
    """The files of the small set: path to bytes, with the odd names of the real one."""
    files = {f"dataset/{label}/{number}.png": encoded(noise(seed + number))
             for seed, label in ((0, "with_mask"), (100, "without_mask")) for number in range(12)}
    files["dataset/with_mask/black3.jpg_1088Wx1632H"] = encoded(noise(200), "JPEG")
    files["dataset/with_mask/0_0_≈˙◊¢ 2020-02-24.png"] = encoded(noise(201))
    files["dataset/without_mask/2020 (another copy) [1].jpg"] = encoded(noise(202, 400, 400), "JPEG", quality=95)
    return files


@pytest.fixture(scope="session")
def repository(listed):
    """What GitHub's archive holds: the listed files and others, below a folder named after the commit."""
    others = {"README.md": b"# Face", "dataset/with_mask/not listed.png": encoded(noise(300)), "logs/run.txt": b"x"}
    return {TOP + name: content for name, content in (listed | others).items()}


@pytest.fixture(scope="session")
def archive(repository):
    return zipped(repository)


@pytest.fixture
def server(archive):
    local = LocalServer(archive)
    yield local
    local.close()


@pytest.fixture
def course(tmp_path, listed):
    return Course(tmp_path / "kurs é [1]", listed)


class Course:
    """A folder that `course data` takes for the course, with the real registry but a short list of files."""

    def __init__(self, root, listed):
        self.root, self.listed = root, listed
        (root / "chapters").mkdir(parents=True)
        (root / "pyproject.toml").touch()
        (root / "data" / "registry").mkdir(parents=True)
        shutil.copy(ROOT / "data" / "registry.toml", root / "data")
        with open(root / "data" / "registry" / f"{NAME}.csv", "w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("path", "bytes", "sha256"))
            for path, content in listed.items():
                writer.writerow((path, len(content), hashlib.sha256(content).hexdigest()))
        self.datasets = root / "work" / "datasets"
        self.folder = self.datasets / NAME
        self.part = self.datasets / f".{NAME}.download" / "archive.zip.part"

    def start(self, *arguments, before="", **environment):
        """Start `course data ...` as a process of its own; `before` is Python to run in it first."""
        code = f"{before}\nfrom course_utils.command.main import main\nmain()"
        return subprocess.Popen(
            [sys.executable, "-c", code, "data", *arguments], cwd=self.root, env=self._environment() | environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )

    def run(self, *arguments, before="", **environment):
        """Run `course data ...` to its end."""
        process = self.start(*arguments, before=before, **environment)
        process.out, process.err = process.communicate(timeout=60)
        return process

    def fetch(self, mirror, *options, **keywords):
        return self.run("fetch", NAME, "--mirror", str(mirror), *options, **keywords)

    def assert_complete(self):
        """Every listed file is there byte for byte, and nothing temporary is."""
        for path, content in self.listed.items():
            assert (self.folder / path).read_bytes() == content
        assert self.names() == {NAME}
        assert not list(self.folder.rglob("not listed*"))

    def assert_nothing_to_trust(self):
        """No data set, and no archive that the next run would take for whole."""
        assert not self.folder.exists()
        assert not list(self.datasets.rglob("archive.zip"))
        assert self.names() <= {f".{NAME}.download"}

    def names(self):
        return {path.name for path in self.datasets.iterdir()} if self.datasets.exists() else set()

    @staticmethod
    def _environment():
        ignored = ("COURSE_MIRROR", "COURSE_WORK", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        kept = {key: value for key, value in os.environ.items() if key not in ignored}
        return kept | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "COLUMNS": "80", "NO_PROXY": "127.0.0.1"}
