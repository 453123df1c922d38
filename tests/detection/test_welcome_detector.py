"""The small finished detector: its files, what it finds, and what it does with odd pictures."""

import importlib.util
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from course_utils import project, quiet
from course_utils.detection import welcome
from course_utils.errors import CourseError
from course_utils.figures import welcome as welcome_figures
from course_utils.notebook import chapter_map
from course_utils.notebook import welcome as try_out
from course_utils.pictures.annotations import Box
from course_utils.pictures.images import read_rgb, write_jpeg

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "data" / "welcome_detector"


@pytest.fixture(scope="module")
def scene():
    sample = ROOT / "data" / "sample"
    return read_rgb(sample / pd.read_csv(sample / "scenes.csv").picture[0])


@pytest.fixture(scope="module")
def train():
    """The training script as a module, without leaving compiled files in data/."""
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec = importlib.util.spec_from_file_location("train_welcome_detector", FOLDER / "train.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = kept
    return module


def test_importing_the_module_does_not_load_tensorflow():
    code = (
        "import sys, course_utils.detection.welcome; print([name for name in ('tensorflow',"
        " 'keras') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_loading_keras_prints_nothing():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from course_utils import quiet; quiet.import_keras(); import tensorflow",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_errors_are_seen_again_after_the_muted_part(capfd):
    with quiet.native_errors_muted():
        import os

        os.write(2, b"lost")
    os.write(2, b"seen")
    assert capfd.readouterr().err == "seen"


def test_the_model_is_small_and_holds_no_optimizer():
    path = FOLDER / "model.keras"
    assert path.stat().st_size < 3_000_000
    model = welcome.load_classifier()
    assert model.input_shape == (None, welcome.SIZE, welcome.SIZE, 3)
    assert model.output_shape == (None, 1)
    assert (
        model.count_params() == json.loads((FOLDER / "provenance.json").read_text())["parameters"]
    )
    with zipfile.ZipFile(path) as archive:
        weights = archive.getinfo("model.weights.h5").file_size
        assert weights < 1.5 * 4 * model.count_params()
        assert str(ROOT) not in archive.read("config.json").decode()


def test_the_provenance_holds_what_was_measured_and_nothing_private():
    text = (FOLDER / "provenance.json").read_text()
    provenance = json.loads(text)
    for measured in provenance["held out"].values():
        low, high = measured["interval"]
        assert 0 <= low <= measured["accuracy"] <= high <= 1
        assert measured["groups"] <= measured["faces"]
    assert not any(word in text for word in ("/work", "/home", "/tmp", "\\\\"))


def test_boxes_lie_in_the_picture_from_left_to_right(scene):
    height, width = scene.shape[:2]
    boxes = welcome.find_faces(scene)
    assert boxes
    assert all(
        0 <= box.x_min < box.x_max <= width and 0 <= box.y_min < box.y_max <= height
        for box in boxes
    )
    assert [box.x_min for box in boxes] == sorted(box.x_min for box in boxes)


def test_a_found_face_has_a_probability_and_the_label_of_its_threshold(scene):
    for threshold in (0.0, 0.5, 1.01):
        for face in welcome.detect(scene, threshold):
            assert 0 <= face.probability <= 1
            assert face.label == ("with_mask" if face.probability >= threshold else "without_mask")


@pytest.mark.parametrize("shape", [(720, 1280, 3), (40, 40, 3), (3, 300, 3), (1, 1, 3)])
def test_a_picture_without_a_face_gives_an_empty_list(shape):
    assert welcome.detect(np.full(shape, 128, np.uint8)) == []


def test_a_picture_without_a_face_has_no_largest_face():
    assert welcome.cut_largest_face(np.full((200, 100, 3), 128, np.uint8)) is None


@pytest.mark.parametrize(
    "box",
    [
        Box("face", 0, 0, 50, 50),
        Box("face", 1200, 600, 1280, 720),
        Box("face", 600, 300, 601, 301),
        Box("face", 0, 0, 1280, 720),
    ],
)
def test_a_cut_face_is_square_even_at_the_edge(scene, box):
    square = welcome.cut_face(scene, box)
    assert square.shape == (welcome.SIZE, welcome.SIZE, 3)
    assert square.dtype == np.uint8


def test_no_faces_are_no_probabilities():
    assert welcome.classify([]).shape == (0,)


def test_one_face_gets_the_same_answer_alone_and_in_company(scene):
    squares = [welcome.cut_face(scene, box) for box in welcome.find_faces(scene)]
    together = welcome.classify(squares)
    assert np.allclose(together, [welcome.classify([square])[0] for square in squares], atol=1e-3)


def test_a_missing_model_is_named_with_its_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(project, "data_dir", lambda: tmp_path)
    welcome.load_classifier.cache_clear()
    try:
        with pytest.raises(CourseError, match=r"model\.keras is missing.*git checkout"):
            welcome.load_classifier()
    finally:
        welcome.load_classifier.cache_clear()


def test_drawing_writes_the_label_and_does_not_rely_on_colour(scene):
    figure, axis = plt.subplots()
    faces = [
        welcome.label_face(Box("face", 10, 50, 60, 100), 0.9),
        welcome.label_face(Box("face", 100, 50, 160, 100), 0.2),
    ]
    welcome_figures.draw(axis, scene, faces)
    assert [text.get_text() for text in axis.texts] == ["mask 0.90", "no mask 0.20"]
    assert axis.patches[0].get_linestyle() != axis.patches[1].get_linestyle()
    plt.close(figure)


def test_the_map_takes_titles_and_minutes_from_the_chapters():
    course_map = chapter_map.course_map()
    assert list(course_map.index) == [f"{number:02}" for number in range(10)]
    assert course_map.loc["00", "title"] == "Welcome"
    written = {path.stem for path in (ROOT / "chapters").glob("[0-9][0-9]_*.py")}
    assert written <= set(chapter_map.CHAPTERS)
    for slug in chapter_map.CHAPTERS:
        assert course_map.loc[slug[:2], "minutes"].isdigit() == (slug in written)


def test_twins_share_a_group_through_a_third_picture(train):
    class Hash:
        def __init__(self, bits):
            self.hash = np.array([int(bit) for bit in bits], bool).reshape(4, 4)

    first, near, nearer, far = "0" * 16, "1111" + "0" * 12, "11111111" + "0" * 8, "1" * 16
    groups = train.group_twins([Hash(first), Hash(far), Hash(nearer), Hash(near)])
    assert groups[0] == groups[2] == groups[3] != groups[1]


def test_training_faces_are_varied_but_keep_size_and_range(train):
    batches = train.Batches(
        np.random.default_rng(0).integers(
            0, 256, (40, train.STORED, train.STORED, 3), dtype=np.uint8
        ),
        np.arange(40) % 2,
    )
    faces, labels = batches[0]
    assert faces.shape == (train.BATCH, welcome.SIZE, welcome.SIZE, 3)
    assert faces.min() >= 0 and faces.max() <= 255
    assert set(labels) == {0.0, 1.0}


def test_the_interval_draws_whole_groups(train):
    class Right:
        def predict(self, faces, verbose):
            return np.r_[np.ones(50), np.zeros(50)][:, None]

    faces, labels = np.zeros((100, 1)), np.ones(100)
    one_by_one = train.measure(Right(), faces, labels, np.arange(100))
    in_two_groups = train.measure(Right(), faces, labels, np.repeat([0, 1], 50))
    assert one_by_one["accuracy"] == in_two_groups["accuracy"] == 0.5
    assert in_two_groups["interval"] == [0, 1]
    assert one_by_one["interval"][0] > 0.3


def test_the_upload_shows_the_picture_or_says_why_not(scene, tmp_path):
    """Hand the widget what its button would."""
    upload = try_out.Upload()
    write_jpeg(tmp_path / "scene.jpg", scene)
    upload._take({"new": ({"content": memoryview((tmp_path / "scene.jpg").read_bytes())},)})
    assert upload.answer.value.startswith("From left to right")
    assert bytes(upload.view.value).startswith(b"\xff\xd8")
    upload._take({"new": ({"content": memoryview(b"no picture")},)})
    assert "is not a JPEG" in upload.answer.value
    assert upload.view.value == b""


def test_the_slider_labels_the_faces_anew(scene):
    faces = [welcome.Face(Box("face", 100, 100, 200, 200), "with_mask", 0.75)]
    widget = try_out.threshold_slider(scene, faces)
    slider, view = widget.children
    before = bytes(view.value)
    slider.value = 0.7
    assert bytes(view.value) == before
    slider.value = 0.8
    assert bytes(view.value) != before


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((720, 1280), (450, 800)),
        ((10, 4000), (2, 800)),
        ((1, 4000), (1, 800)),
        ((300, 200), (300, 200)),
    ],
)
def test_large_pictures_are_shrunk_and_small_ones_left(shape, expected):
    assert welcome.at_most(np.zeros((*shape, 3), np.uint8), 800).shape[:2] == expected
