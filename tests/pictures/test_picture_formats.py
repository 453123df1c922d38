"""A picture's file must not choose a decoder that runs programs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import small_network
from PIL import Image
from started import STARTED

from course_utils import models
from course_utils.pictures.images import FORMATS, BadPicture, read_rgb

ROOT = Path(__file__).resolve().parents[2]

EPS = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 40 40
%%EndComments
(marker) (w) file closefile
showpage
%%EOF
"""

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="the stand-in for Ghostscript is a shell script"
)


@pytest.fixture
def ghostscript(tmp_path, monkeypatch):
    """Put a program named gs on the PATH that leaves a file when anything starts it; yield that
    file.
    """
    started, folder = tmp_path / "gs-was-started", tmp_path / "bin"
    folder.mkdir()
    (folder / "gs").write_text(f"#!/bin/sh\necho 99\ntouch '{started}'\n", encoding="utf-8")
    (folder / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return started


@pytest.fixture
def faces(tmp_path):
    """A folder of two classes in which one file is a PostScript program named like a JPEG."""
    folder = tmp_path / "faces"
    grey = np.full((40, 40, 3), 128, np.uint8)
    for label in ("with_mask", "without_mask"):
        (folder / label).mkdir(parents=True)
        for number in range(2):
            Image.fromarray(grey + number).save(folder / label / f"{number}.jpg")
    (folder / "with_mask" / "photo.jpg").write_bytes(EPS)
    return folder


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """The smallest network that `course detect` takes; it has learned nothing."""
    path = tmp_path_factory.mktemp("network") / "model.keras"
    models.save(small_network.small_network(), path, ("with_mask", "without_mask"))
    return path


def test_the_stand_in_is_what_pillow_would_start(tmp_path, ghostscript):
    """Without a list of formats Pillow hands the file over: the tests below can fail."""
    program = "import sys; from PIL import Image; Image.open(sys.argv[1]).load()"
    (tmp_path / "photo.jpg").write_bytes(EPS)
    subprocess.run([sys.executable, "-c", program, tmp_path / "photo.jpg"], capture_output=True)
    assert ghostscript.exists()


def test_the_reader_refuses_a_program(faces, ghostscript):
    with pytest.raises(BadPicture, match="is not a JPEG"):
        read_rgb(faces / "with_mask" / "photo.jpg")
    assert not ghostscript.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["data", "import", "own", "{faces}"],
        ["data", "audit", "{faces}"],
        ["mask", "{faces}", "{out}"],
        [
            "train",
            "--data",
            "{faces}",
            "--out",
            "{out}",
            "--weights",
            "none",
            "--size",
            "32",
            "--epochs",
            "1",
            "--arch",
            "mobilenetv2",
        ],
        ["evaluate", "{model}", "{faces}"],
        ["detect", "{faces}", "--model", "{model}", "--out", "{out}"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_no_command_starts_a_program(words, faces, ghostscript, tmp_path, network):
    names = {"faces": faces, "out": tmp_path / "out", "model": network}
    told = [word.format(**names) for word in words]
    done = subprocess.run(
        [*STARTED, small_network.__file__, "-m", "course_utils.command.main", *told],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "COURSE_WORK": str(tmp_path / "work")},
    )
    assert not ghostscript.exists(), done.stderr
    reports = "".join(
        path.read_text(encoding="utf-8") for path in tmp_path.glob("work/datasets/*/report.csv")
    )
    assert "photo.jpg" in done.stdout + done.stderr + reports and "Traceback" not in done.stderr, (
        done.stdout + done.stderr
    )


def test_every_place_names_the_formats_that_it_takes():
    opened = re.compile(r"\bImage\.open\((?![^\n]*formats=)")
    places = [
        path
        for folder in ("course_utils", "chapters", "solutions", "data", "benchmarks", "tools")
        for path in (ROOT / folder).rglob("*.py")
    ]
    careless = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in places
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if opened.search(line)
    ]
    assert len(places) > 100 and not careless


@pytest.mark.parametrize("kind", ["eps", "ppm", "ico", "tga", "pcx"])
def test_other_formats_are_refused(kind, tmp_path):
    Image.new("RGB", (16, 16), "red").save(tmp_path / f"a.{kind}")
    with pytest.raises(BadPicture, match="is not a JPEG"):
        read_rgb(tmp_path / f"a.{kind}")
    assert kind.upper() not in FORMATS


def test_a_damaged_tiff_leaves_the_terminal_clean(tmp_path, capfd):
    """Libtiff reports to the process's error stream, from several threads at once."""
    from concurrent.futures import ThreadPoolExecutor

    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.tif", compression="tiff_lzw")
    whole = np.fromfile(tmp_path / "a.tif", np.uint8)

    def read(seed):
        damaged = whole.copy()
        damaged[8:2000] = np.random.default_rng(seed).integers(0, 256, 1992)
        path = tmp_path / f"{seed}.tif"
        damaged.tofile(path)
        try:
            read_rgb(path)
        except BadPicture:
            return True

    with ThreadPoolExecutor(8) as pool:
        refused = sum(bool(answer) for answer in pool.map(read, range(40)))
    assert refused > 10
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"
