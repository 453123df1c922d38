"""Damaged pictures and annotations at random: no traceback, no wrong label, counts that add up.

The functions behind `course data import`, `audit`, `mask`, `train`, `evaluate` and `detect` get the
same 300 pictures; one real process each is in `tests/pictures/test_picture_formats.py`.
"""

import io

import numpy as np
import pandas as pd
import pytest
from drawn import encoded
from imported import imported, put
from PIL import Image

from course_utils import quiet
from course_utils.data.audit import audit
from course_utils.data.importers import import_dataset
from course_utils.detection.sources import Pictures
from course_utils.evaluation import predict
from course_utils.masks import job as masks
from course_utils.masks.choice import MaskOptions
from course_utils.pictures.annotations import Box, write_voc
from course_utils.training import find_faces
from course_utils.training.pipeline import read_faces

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

PICTURES, ANNOTATIONS = 300, 100
CLASSES = ("with_mask", "without_mask")


def mutated(content, random):
    """Return a file with some bytes changed, a piece cut out, doubled or lost at the end."""
    content = bytearray(content)
    where = int(random.integers(0, len(content)))
    kind = random.integers(0, 5)
    if kind == 0:
        return bytes(content[:where])
    if kind == 1:
        return bytes(content[:where] + content[where + int(random.integers(1, 40)) :])
    if kind == 2:
        return bytes(content[:where] + content[max(0, where - 30) :])
    for place in random.integers(0, len(content) if kind == 3 else 60, 6):
        content[min(place, len(content) - 1)] = int(random.integers(0, 256))
    return bytes(content)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of two classes: 300 mutated pictures of eleven kinds, some with odd names."""
    folder, random = tmp_path_factory.mktemp("mutated"), np.random.default_rng(20)
    rgb = random.integers(0, 256, (40, 48, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    wholes = [
        (".jpg", encoded(rgb, "JPEG")),
        (".JPE", encoded(rgb, "JPEG", progressive=True, exif=exif)),
        (".png", encoded(rgb)),
        ("", encoded(rgb)),
        (".webp", encoded(rgb, "WEBP")),
        (".avif", encoded(rgb, "AVIF")),
        (".bmp", encoded(rgb, "BMP")),
        (".gif", encoded(rgb, "GIF")),
        (".tif", encoded(rgb, "TIFF", compression="tiff_lzw")),
        (".png", encoded(rgb[:, :, 0].astype(np.uint16) * 257)),
        (".heic", b"\0\0\0\x1cftypheic\0\0\0\0mif1heic" + bytes(64)),
    ]
    for number in range(PICTURES):
        ending, whole = wholes[number % len(wholes)]
        content = whole if number % 10 == 0 else mutated(whole, random)
        put(folder / CLASSES[number % 2] / f"{number:03d}{ending}", content)
    return folder


@pytest.fixture(scope="module")
def whole(pictures):
    """How many of them are read: each command must come to the same number."""
    found = audit(pictures)
    assert found.pictures == sum(found.classes.values()) + len(found.unreadable)
    assert found.pictures + sum(found.others.values()) + found.hidden == PICTURES
    read = sum(found.classes.values())
    assert 60 < read < 280
    return read


def test_import(pictures, whole, source):
    faces, refused, _ = imported("own", pictures)
    assert len(faces) == whole and len(refused) == PICTURES - whole
    assert all(face["source"].startswith(face["label"]) for (face,) in faces.values())
    files = import_dataset("own", pictures).files
    assert files == {
        "pictures": whole,
        "descriptions": 0,
        "refused": PICTURES - whole,
        "hidden": 0,
    }


def test_train(pictures, whole):
    labelled, problems = find_faces(pictures), []
    read_faces(labelled.table, pictures, 32, problems)
    assert len(labelled.table) - len(problems) == whole
    assert len(labelled.table) + len(labelled.skipped) == PICTURES
    assert all(str(pictures) in sentence for _, sentence in problems)


def test_evaluate(pictures, whole):
    keras = quiet.import_keras()
    shown = keras.Input((32, 32, 3))
    answer = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(shown))
    labelled = find_faces(pictures)
    skipped = list(labelled.skipped)
    said = predict(keras.Model(shown, answer), CLASSES, labelled.table, pictures, problems=skipped)
    assert len(said) == whole and len(said) + len(skipped) == PICTURES
    assert (said["label"] == said["picture"].str.partition("/")[0]).all()


def test_detect(pictures, whole):
    source = Pictures(pictures)
    frames = sum(1 for _ in source.frames())
    assert frames == whole and frames + len(source.problems) + source.others == PICTURES


def test_mask(pictures, whole, tmp_path):
    report = masks.run(pictures, tmp_path / "out", MaskOptions(), progress=False)
    unreadable = report.counts["unreadable"]
    assert not report.counts["failed"] and report.pictures - unreadable == whole
    assert report.pictures + report.others == PICTURES
    table = pd.read_csv(tmp_path / "out/masks.csv")
    assert table["picture"].nunique() == report.pictures


# --- annotations
LEFT, RIGHT = Box("with_mask", 10, 10, 40, 50), Box("without_mask", 70, 20, 110, 70)


def annotations(folder, random):
    """One picture for each annotation, every box at one of two places, its label by the place."""
    rgb = np.full((80, 120, 3), 128, np.uint8)
    for number in range(ANNOTATIONS // 2):
        put(folder / f"voc/images/{number}.png", encoded(rgb))
        voc = put(folder / f"voc/annotations/{number}.xml", b"")
        write_voc(voc, f"{number}.png", 120, 80, [LEFT, RIGHT])
        rows = "1 0.208333 0.375 0.25 0.5\n0 0.75 0.5625 0.333333 0.625\n"
        put(folder / f"yolo/images/{number}.png", encoded(rgb))
        label_file = put(folder / f"yolo/labels/{number}.txt", rows.encode())
        for path in (voc, label_file) if number else ():  # one stays whole
            path.write_bytes(mutated(path.read_bytes(), random))


def test_annotations(source):
    annotations(source, np.random.default_rng(21))
    kept = 0
    for name, place in (("kaggle-853", "voc"), ("fpt-cctv", "yolo")):
        faces, refused, _ = imported(name, source / place)
        done = import_dataset(name, source / place)
        assert sum(done.files.values()) == ANNOTATIONS
        assert done.files["pictures"] + len({row for row, _ in refused}) >= ANNOTATIONS // 2
        for rows in faces.values():
            for face in rows:
                box = [int(face[edge]) for edge in ("x_min", "y_min", "x_max", "y_max")]
                for known in (LEFT, RIGHT):
                    if box == [known.x_min, known.y_min, known.x_max, known.y_max]:
                        kept += 1
                        if place == "voc":
                            assert face["label"] == known.label
    assert kept > ANNOTATIONS // 4


def test_the_mutations_do_something():
    random = np.random.default_rng(0)
    content = io.BytesIO(bytes(range(256))).getvalue()
    assert sum(mutated(content, random) != content for _ in range(100)) > 95
