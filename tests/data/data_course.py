"""A folder that `course data` takes for the course, and `course data` run in it as processes of
their own.
"""

import csv
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from course_utils.data.fetch import fetch
from course_utils.data.registry import find
from course_utils.data.verify import verify

ROOT = Path(__file__).resolve().parents[2]
NAME = "face-mask-detection"
TOP = "Face-Mask-Detection-7e500749401bad4bb338790fbdb89b58e41ef2d9/"


class Course:
    """A folder that `course data` takes for the course, with the real registry but a short list of
    files.
    """

    def __init__(self, root, listed):
        self.root, self.listed = root, listed
        (root / "chapters").mkdir(parents=True)
        (root / "pyproject.toml").touch()
        (root / "data" / "registry").mkdir(parents=True)
        shutil.copy(ROOT / "data" / "registry.toml", root / "data")
        with open(
            root / "data" / "registry" / f"{NAME}.csv", "w", encoding="utf-8", newline=""
        ) as stream:
            writer = csv.writer(stream)
            writer.writerow(("path", "bytes", "sha256"))
            for path, content in listed.items():
                writer.writerow((path, len(content), hashlib.sha256(content).hexdigest()))
        self.datasets = root / "work" / "datasets"
        self.folder = self.datasets / NAME
        self.part = self.datasets / f".{NAME}.download" / "archive.zip.part"

    def start(self, *arguments, before="", **environment):
        """Start `course data ...` as a process; `before` is Python to run in it first."""
        code = f"{before}\nfrom course_utils.command.main import main\nmain()"
        return subprocess.Popen(
            [sys.executable, "-c", code, "data", *arguments],
            cwd=self.root,
            env=self._environment() | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
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
        ignored = {"COURSE_MIRROR", "COURSE_WORK", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}
        kept = {key: value for key, value in os.environ.items() if key.upper() not in ignored}
        return kept | {
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "COLUMNS": "80",
            "NO_PROXY": "127.0.0.1",
        }


def one_sentence(done, *words):
    """The process failed with status 1 and one message with the words, without a traceback."""
    assert done.returncode == 1, done.out + done.err
    assert done.err.startswith("course: ") and done.err.count("\n") == 1, done.err
    for word in words:
        assert word in done.err, done.err
    assert "Traceback" not in done.err and not done.out


def recovers(course, server, archive):
    """The next fetch from a healthy server succeeds, and `verify` agrees; in this process, to save
    seconds.
    """
    server.body = archive
    server.heal()
    os.chdir(course.root)
    assert not fetch(NAME, server.url).already_there
    course.assert_complete()
    assert verify(find(NAME)).exact
