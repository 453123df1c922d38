"""Models of strangers: each gets one true sentence, nothing in them is executed, and none takes the
machine's memory.
"""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from started import STARTED

from course_utils import models, quiet
from course_utils.errors import CourseError
from course_utils.models import loading

ROOT = Path(__file__).resolve().parents[2]
keras = quiet.import_keras()
layers = keras.layers


def network(outputs=2, first=None, activation="softmax"):
    picture = layers.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(picture) if first is None else first(picture)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(x))
    return keras.Model(picture, layers.Dense(outputs, activation=activation)(x))


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "good.keras"
    models.save(network(), path, ["with_mask", "without_mask"])
    return path


def altered(good, path, config=None, weights=None, names=None):
    """Write a file like `good` with other parts: texts, bytes, or a function from old to new."""
    with (
        zipfile.ZipFile(good) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name, part in {
            loading.CONFIG: config,
            loading.WEIGHTS: weights,
            loading.CLASS_NAMES: names,
        }.items():
            was = old.read(name)
            new.writestr(name, was if part is None else part(was) if callable(part) else part)
    return path


def hdf5(fill):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        fill(file)
    return content.getvalue()


def replaced(old, new):
    return lambda text: text.replace(old, new)


def wide(file):
    file.create_dataset(
        "vars/0", (1_200_000_000,), "f4", chunks=(2**20,), compression="gzip", fillvalue=0
    )


BOMBS = {
    "the arrays": {"weights": lambda was: hdf5(wide)},
    "the archive": {"weights": lambda was: b"\0" * 500_000_000},
    "the layers": {"config": replaced(b'"units": 2', b'"units": 900000000')},
}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: network().save(path.with_suffix(".h5")), "Keras' old format.*models.save"),
        (lambda path: network().export(path, verbose=False), "SavedModel.*course serve"),
        (lambda path: path.mkdir(), "is a folder: give the .keras file"),
        (lambda path: path.write_bytes(b""), "can't be read as a Keras model"),
        (lambda path: zipfile.ZipFile(path, "w").close(), "can't be read as a Keras model"),
        (lambda path: network().save(path), "no names of classes.*in the order"),
        (
            lambda path: network(first=layers.Lambda(lambda x: x / 127.5)).save(path),
            "holds a part Lambda.*executes none",
        ),
        (
            lambda path: network(1, activation="sigmoid").save(path),
            "a single number a picture.*softmax",
        ),
    ],
)
def test_another_kind_of_model_gets_a_true_sentence(make, words, tmp_path):
    with quiet.native_errors_muted():
        make(tmp_path / "model.keras")
    (path,) = tmp_path.iterdir()
    with pytest.raises(CourseError, match=f"{path.name} .*{words}"):
        models.load(path)


def test_an_old_file_under_a_new_name_is_told_by_its_content(tmp_path):
    network().save(tmp_path / "model.h5")
    (tmp_path / "model.h5").rename(tmp_path / "model.keras")
    with pytest.raises(CourseError, match="Keras' old format"):
        models.load(tmp_path / "model.keras")


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("keras.utils", "get_file"), ("builtins", "function"), ("mine", "Layer")],
)
def test_code_that_is_no_layer_is_not_looked_for(module, name, good, tmp_path, monkeypatch):
    """A module of that name would be imported, and is not."""
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'was_here')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    old = b'"module": "keras.layers", "class_name": "Conv2D"'
    path = altered(
        good,
        tmp_path / "model.keras",
        config=replaced(old, f'"module": "{module}", "class_name": "{name}"'.encode()),
    )
    with pytest.raises(CourseError, match=f"needs {module}.{name}, code"):
        models.load(path)
    assert "mine" not in sys.modules and not (tmp_path / "was_here").exists()


def test_weights_in_another_file_are_not_opened(good, tmp_path):
    content = hdf5(lambda file: file.__setitem__("x", h5py.ExternalLink("/etc/passwd", "/x")))
    with pytest.raises(CourseError, match="points to weights in another file"):
        models.load(altered(good, tmp_path / "model.keras", weights=content))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([0, 1], r"\[0, 1\], and names are words"),
        ({"a": 0, "b": 1}, "names are words"),
        ("ab", "names are words"),
        (["a", "a"], "names two classes a"),
        (["a"], "2 outputs and 1 names"),
        (["a", "b", "c"], "2 outputs and 3 names"),
        (["a", "\x1b[31mred"], r"'\?\[31mred', which can't be shown"),
        (["a", "two\nlines"], "can't be shown"),
        (["a", ""], "can't be shown"),
        (["a", "b" * 5000], "can't be shown"),
    ],
)
def test_odd_names_of_classes_get_a_true_sentence(names, words, good, tmp_path):
    path = altered(good, tmp_path / "model.keras", names=json.dumps(names))
    with pytest.raises(CourseError, match=words) as error:
        models.load(path)
    assert str(error.value).isprintable() and len(str(error.value)) < 500


def test_names_with_markup_are_shown_as_they_are(good, tmp_path):
    names = ["[red]mask", "[b]none"]
    path = altered(good, tmp_path / "model.keras", names=json.dumps(names))
    for name in names:
        (tmp_path / "faces" / name).mkdir(parents=True)
        pixels = np.zeros((40, 40, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "faces" / name / "a.png")
    done = subprocess.run(
        [
            *STARTED,
            "-m",
            "course_utils.command.main",
            "evaluate",
            str(path),
            str(tmp_path / "faces"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert all(done.stdout.count(name) == 2 for name in names), done.stdout + done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_a_file_that_unpacks_to_gigabytes_takes_no_memory(good, tmp_path):
    """3.6 MB became 4.8 GB."""
    paths = [altered(good, tmp_path / f"{name}.keras", **part) for name, part in BOMBS.items()]
    picture = layers.Input((32, 32, 3))
    flat = keras.Model(picture, layers.Dense(2)(layers.Flatten()(picture)))
    models.save(flat, tmp_path / "flat.keras", ["a", "b"])
    wider = replaced(b'"units": 2', b'"units": 900000')
    paths.append(altered(tmp_path / "flat.keras", tmp_path / "another layer.keras", config=wider))
    code = """
import re, sys
from pathlib import Path
from course_utils import models, quiet
from course_utils.errors import CourseError
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
quiet.import_keras()
before = peak()
for path in sys.argv[1:]:
    try:
        models.load(path)
    except CourseError as error:
        print(error, file=sys.stderr)
print(peak() - before)
"""
    done = subprocess.run(
        [*STARTED, "-c", code, *map(str, paths)], cwd=ROOT, capture_output=True, text=True
    )
    sentences = done.stderr.splitlines()
    assert len(sentences) == len(paths), done.stderr
    assert all("GB of memory" in sentence for sentence in sentences), done.stderr
    assert float(done.stdout) < 200, f"{done.stdout} MB more at the peak"


def test_a_network_of_other_layers_is_read(tmp_path):
    made = network(first=lambda x: layers.RandomFlip()(layers.LayerNormalization()(x)))
    models.save(made, tmp_path / "model.keras", ["a", "b"])
    model, names = models.load(tmp_path / "model.keras")
    assert names == ("a", "b")
    assert all(map(np.array_equal, model.get_weights(), made.get_weights()))


def test_a_damaged_file_is_refused_or_gives_what_was_saved(good, tmp_path):
    """No traceback, and no weight that differs: thirty files with a few bytes changed or lost."""
    content, path = good.read_bytes(), tmp_path / "damaged.keras"
    weights, rng = models.load(good)[0].get_weights(), np.random.default_rng(5)
    refused = 0
    for _ in range(30):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), rng.integers(1, 4)):
            damaged[place] = rng.integers(0, 256)
        if rng.random() < 0.3:
            start = rng.integers(0, len(content))
            del damaged[start : start + rng.integers(1, 500)]
        path.write_bytes(damaged)
        try:
            model, names = models.load(path)
        except CourseError:
            refused += 1
        else:
            assert names == ("with_mask", "without_mask")
            assert all(map(np.array_equal, model.get_weights(), weights))
    assert refused > 20
