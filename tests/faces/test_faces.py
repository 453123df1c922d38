"""Faces, landmarks and tilt: on the embedded pictures, whose landmarks and angles are known, and by
geometry.
"""

import csv
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.errors import CourseError
from course_utils.faces import (
    Face,
    face_of_crop,
    find_faces,
    finding,
    head_tilt,
    mean_face,
    predict_landmarks,
)
from course_utils.faces.finding import LARGE, LONGEST, TILE, _starts
from course_utils.faces.landmarks import landmarks_by_dlib, landmarks_by_mesh
from course_utils.faces.mean_face import MEAN_FACE, rotation
from course_utils.faces.squares import Square, square_of_box, square_of_points, upright
from course_utils.faces.tilt import angles
from course_utils.faces.weights import weights
from course_utils.pictures.annotations import Box, clip, crop, read_voc
from course_utils.pictures.images import read_rgb
from course_utils.project import data_dir

SAMPLE = data_dir() / "sample"


@pytest.fixture(scope="module")
def portraits():
    """Every thirty-sixth bare face: its row of faces.csv, picture and true landmarks."""
    with open(SAMPLE / "faces.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    truth = np.loadtxt(
        SAMPLE / "landmarks.csv", delimiter=",", skiprows=1, usecols=range(1, 137)
    ).reshape(-1, 68, 2)
    bare = [
        number for number, row in enumerate(rows) if row["wearing"] == row["occlusion"] == "none"
    ]
    return [
        (rows[number], read_rgb(SAMPLE / rows[number]["picture"]), truth[number])
        for number in bare[::36]
    ]


@pytest.fixture(scope="module")
def portrait(portraits):
    """A clear face: from the front, without beard, glasses and hat."""
    return next(
        image
        for row, image, _ in portraits
        if abs(float(row["yaw"])) < 10
        and row["beard"] == row["glasses"] == row["head_covering"] == "none"
    )


@pytest.fixture(scope="module")
def found(portrait):
    return find_faces(portrait)[0]


def error(landmarks, truth):
    """Mean distance without the jaw, in interocular distances."""
    return np.linalg.norm(landmarks - truth, axis=1)[17:].mean() / np.linalg.norm(
        truth[36] - truth[45]
    )


def overlap(one, other):
    """Intersection over union."""
    across = min(one.x_max, other.x_max) - max(one.x_min, other.x_min)
    down = min(one.y_max, other.y_max) - max(one.y_min, other.y_min)
    common = max(across, 0) * max(down, 0)
    return common / (one.width * one.height + other.width * other.height - common)


# On the embedded pictures


def test_portraits(portraits):
    errors, overlaps = [], []
    for row, image, truth in portraits:
        faces = find_faces(image)
        assert len(faces) == 1, f"{row['picture']}: {len(faces)} faces"
        face = faces[0]
        assert face.landmarks.shape == (68, 2) and face.landmarks.dtype == np.float32
        assert clip(face.box, image.shape[1], image.shape[0]) == face.box
        errors.append(error(face.landmarks, truth))
        overlaps.append(
            overlap(
                face.box,
                Box("", *(int(row[edge]) for edge in ("x_min", "y_min", "x_max", "y_max"))),
            )
        )
    # 0.040 and 0.133 over all 332 that are found
    assert np.mean(errors) < 0.05 and max(errors) < 0.14
    assert np.mean(overlaps) > 0.7 and min(overlaps) > 0.5


def test_tilt_of_portraits(portraits):
    names = ("yaw", "pitch", "roll")
    true = np.array([[float(row[name]) for name in names] for row, _, _ in portraits])
    tilts = [find_faces(image)[0].tilt for _, image, _ in portraits]
    estimated = np.array([[getattr(tilt, name) for name in names] for tilt in tilts])
    # 2.3, 4.4 and 1.2 degrees over all bare portraits, correlations 0.98, 0.79 and 0.97
    assert (np.abs(estimated - true).mean(axis=0) < [4, 6, 2]).all()
    correlations = [np.corrcoef(true[:, column], estimated[:, column])[0, 1] for column in range(3)]
    assert (np.array(correlations) > [0.9, 0.5, 0.9]).all(), correlations


@pytest.mark.parametrize("number", range(1, 7))
def test_scenes(number):
    """Faces that are whole in the picture; one of a scene may be so far in a hood that its box
    differs.
    """
    image = read_rgb(SAMPLE / f"scenes/scene_{number}.jpg")
    boxes, _ = read_voc(SAMPLE / f"scenes/scene_{number}.xml")
    faces = find_faces(image)
    sizes = [face.box.width * face.box.height for face in faces]
    assert sizes == sorted(sizes, reverse=True)
    best = {box: max(overlap(box, face.box) for face in faces) for box in boxes}
    whole = [
        best[box]
        for box in boxes
        if box.width >= 28 and box.x_min > 0 and box.x_max < image.shape[1]
    ]
    assert min(whole) > 0.3 and np.sum(np.array(whole) <= 0.4) <= 1 and np.mean(whole) > 0.5, whole
    assert all(max(overlap(box, face.box) for box in boxes) > 0.25 for face in faces), (
        "a false face"
    )


def test_quick_finds_a_portrait_and_misses_small_faces(portrait):
    assert find_faces(portrait, effort="quick")[0].found_by == "blazeface"
    scene = read_rgb(SAMPLE / "scenes/scene_1.jpg")
    assert len(find_faces(scene, effort="quick")) < len(find_faces(scene))


def test_max_faces_keeps_the_largest():
    scene = read_rgb(SAMPLE / "scenes/scene_2.jpg")
    boxes = [face.box for face in find_faces(scene)]
    assert len(boxes) > 3
    for most in (0, 1, 3):
        assert [face.box for face in find_faces(scene, max_faces=most)] == boxes[:most]


def test_tight_crops(portraits):
    """What is left when brows, chin and ears touch the picture's edges."""
    errors = []
    for row, image, truth in portraits[:12]:
        box = Box("", *(int(row[edge]) for edge in ("x_min", "y_min", "x_max", "y_max")))
        face = face_of_crop(crop(image, box))
        assert face.found_by != "crop"
        errors.append(error(face.landmarks + [box.x_min, box.y_min], truth))
    assert np.mean(errors) < 0.07 and max(errors) < 0.2


def test_a_crop_without_a_face_gets_the_pictures_own_box():
    grey = np.full((120, 90, 3), 128, np.uint8)
    assert find_faces(grey) == []
    face = face_of_crop(grey)
    assert face.found_by == "crop" and face.score == 0
    assert clip(face.box, 90, 120) == face.box
    assert 45 < face.box.width <= 90 and 60 < face.box.height <= 120


def test_a_face_in_a_known_box(portraits):
    for row, image, truth in portraits[:6]:
        box = Box("", *(int(row[edge]) for edge in ("x_min", "y_min", "x_max", "y_max")))
        assert error(predict_landmarks(image, box), truth) < 0.14


def test_both_landmark_models_agree_on_a_clear_face(portrait, found):
    square = square_of_points(found.landmarks)
    mesh, presence = landmarks_by_mesh(portrait, square)
    assert presence > 0.99
    apart = np.linalg.norm(mesh - landmarks_by_dlib(portrait, square), axis=1)[17:].mean()
    assert apart < 0.03 * square.side
    _, presence = landmarks_by_mesh(np.full_like(portrait, 90), square)
    assert presence < 0.01


# Moved, enlarged and turned pictures


@settings(deadline=None, max_examples=12)
@given(
    scale=st.floats(0.5, 4),
    left=st.integers(0, 60),
    top=st.integers(0, 60),
    turn=st.floats(-40, 40),
)
def test_landmarks_move_with_the_picture(portrait, found, scale, left, top, turn):
    height, width = portrait.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, scale)
    matrix[:, 2] += [(scale - 1) * width / 2 + left, (scale - 1) * height / 2 + top]
    size = round(scale * width) + left, round(scale * height) + top
    moved = cv2.warpAffine(
        portrait, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    faces = find_faces(moved, max_faces=1)
    expected = found.landmarks @ matrix[:, :2].T + matrix[:, 2]
    apart = np.linalg.norm(faces[0].landmarks - expected, axis=1).mean() / np.linalg.norm(
        expected[36] - expected[45]
    )
    assert apart < 0.08
    assert faces[0].tilt.roll == pytest.approx(found.tilt.roll + turn, abs=6)


def test_a_huge_picture_is_searched_shrunk_and_answered_in_its_own_pixels(portrait, found):
    huge = np.zeros((5000, 6000, 3), np.uint8)
    huge[2000:3600, 3000:4600] = cv2.resize(portrait, (1600, 1600), interpolation=cv2.INTER_CUBIC)
    faces = find_faces(huge)
    assert len(faces) == 1
    expected = (found.landmarks + 0.5) * 10 - 0.5 + [3000, 2000]
    assert (
        np.linalg.norm(faces[0].landmarks - expected, axis=1).mean() < 0.05 * 10 * found.interocular
    )


def test_landmarks_found_in_a_shrunk_picture_are_those_of_the_large_one(portrait, found):
    large = cv2.resize(portrait, None, fx=18, fy=18, interpolation=cv2.INTER_CUBIC)
    face = find_faces(large, max_faces=1)[0]
    assert max(large.shape) > LONGEST
    expected = (found.landmarks + 0.5) * 18 - 0.5
    assert np.linalg.norm(face.landmarks - expected, axis=1).mean() < 0.05 * 18 * found.interocular
    assert face.landmarks.dtype == np.float32


@pytest.fixture
def tiled(monkeypatch):
    """The sizes of the pictures that are searched in tiles."""
    sizes = []
    monkeypatch.setattr(
        finding,
        "_in_tiles",
        lambda image, search=finding._in_tiles: sizes.append(image.shape[:2]) or search(image),
    )
    return sizes


def test_beside_a_large_face_a_smaller_one_is_found_without_tiles(portrait, tiled):
    picture = np.full((900, 900, 3), 128, np.uint8)
    picture[:640, :640] = cv2.resize(portrait, (640, 640), interpolation=cv2.INTER_CUBIC)
    picture[660:860, 680:880] = cv2.resize(portrait, (200, 200), interpolation=cv2.INTER_AREA)
    large, small = find_faces(picture)
    assert (
        large.box.x_max < 640 and small.box.x_min > 680 and large.box.width > 2.5 * small.box.width
    )
    assert not tiled


def test_a_picture_of_small_faces_is_searched_in_tiles(tiled):
    scene = read_rgb(SAMPLE / "scenes/scene_2.jpg")
    assert max(face.box.width for face in find_faces(scene)) < LARGE * scene.shape[1]
    assert tiled == [scene.shape[:2]]


@settings(deadline=None, max_examples=50)
@given(x=st.floats(40, 210), y=st.floats(40, 210), side=st.floats(15, 500), angle=st.floats(-3, 3))
def test_upright_shows_what_it_says(x, y, side, angle):
    """In a picture whose red is x and whose green is y, each pixel of the result names the place it
    comes from.
    """
    across, down = np.meshgrid(np.arange(256), np.arange(256))
    image = np.stack([across, down, 0 * down], axis=-1).astype(np.uint8)
    face, back = upright(image, Square(x, y, side, angle), 128, 192)
    assert np.allclose(back([(95.5, 95.5)]), [[x, y]], atol=0.01)
    columns, rows = (
        axis.ravel() for axis in np.meshgrid(np.arange(0, 192, 7), np.arange(0, 192, 7))
    )
    places = back(np.stack([columns, rows], axis=1))
    inside = ((places > 8) & (places < 247)).all(axis=1)
    assert np.abs(face[rows, columns, :2] - places)[inside].max(initial=0) < 1.6


@given(
    x=st.floats(-100, 3000),
    y=st.floats(-100, 3000),
    side=st.floats(5, 2000),
    angle=st.floats(-3, 3),
)
def test_square_of_points_inverts_the_mean_face(x, y, side, angle):
    turned = side * np.exp(1j * angle) * (MEAN_FACE[:, 0] + 1j * MEAN_FACE[:, 1]) + complex(x, y)
    square = square_of_points(np.stack([turned.real, turned.imag], axis=1))
    assert (square.x, square.y, square.side, square.angle) == pytest.approx(
        (x, y, side, angle), abs=1e-6
    )


def test_square_of_a_box_is_where_the_landmarks_are(found):
    fitted, from_box = square_of_points(found.landmarks), square_of_box(found.box)
    assert abs(np.log(fitted.side / from_box.side)) < 0.2
    assert np.hypot(fitted.x - from_box.x, fitted.y - from_box.y) < 0.15 * fitted.side


@given(length=st.integers(1, 4000))
def test_tiles_cover_the_picture_and_overlap(length):
    starts = _starts(length, TILE)
    assert starts[0] == 0 and starts[-1] + TILE >= length
    assert (np.diff(starts) <= 0.75 * TILE + 1).all() and (
        starts[-1] + TILE <= length or len(starts) == 1
    )


# Tilt


@given(yaw=st.floats(-89, 89), pitch=st.floats(-80, 80), roll=st.floats(-170, 170))
def test_angles_invert_rotation(yaw, pitch, roll):
    assert angles(rotation(yaw, pitch, roll)) == pytest.approx((yaw, pitch, roll), abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(
    yaw=st.floats(-60, 60),
    pitch=st.floats(-35, 35),
    roll=st.floats(-60, 60),
    side=st.floats(20, 400),
    distance=st.floats(5, 15),
)
def test_tilt_of_a_turned_mean_face(yaw, pitch, roll, side, distance):
    """The mean face, drawn by a camera `distance` faces away, whose distance is not told."""
    head = MEAN_FACE @ rotation(yaw, pitch, roll).T + [0, 0, distance]
    points = head[:, :2] / head[:, 2:] * distance * side + [500, 400]
    tilt = head_tilt(points, (1000, 1000))
    assert (tilt.yaw, tilt.pitch, tilt.roll) == pytest.approx((yaw, pitch, roll), abs=4)


def test_signs_of_tilt():
    """Left: the nose moves to the picture's right. Up: it moves up. To the right shoulder: the
    person's left eye rises.
    """
    nose, left_eye, right_eye = 30, 45, 36
    assert (rotation(20, 0, 0) @ MEAN_FACE[nose])[0] > MEAN_FACE[nose][0] + 0.05
    assert (rotation(0, 20, 0) @ MEAN_FACE[nose])[1] < MEAN_FACE[nose][1] - 0.05
    turned = MEAN_FACE @ rotation(0, 0, 20).T
    assert turned[left_eye][1] < turned[right_eye][1] - 0.1


def test_the_mean_face_is_the_one_its_program_computes(tmp_path, monkeypatch):
    monkeypatch.setattr(mean_face, "FILE", tmp_path / "mean_face.csv")
    mean_face.main()
    again = np.loadtxt(mean_face.FILE, delimiter=",", skiprows=1)
    assert np.allclose(again, MEAN_FACE, atol=2e-4)


# Bad input


NO_PICTURES = [
    np.zeros((20, 20), np.uint8),
    np.zeros((20, 20, 4), np.uint8),
    np.zeros((20, 20, 3)),
    np.zeros((0, 20, 3), np.uint8),
    None,
    "face.jpg",
]


@pytest.mark.parametrize("bad", NO_PICTURES)
@pytest.mark.parametrize(
    "ask", [find_faces, face_of_crop, lambda image: predict_landmarks(image, Box("", 0, 0, 9, 9))]
)
def test_what_is_no_picture_is_refused(ask, bad):
    with pytest.raises(CourseError, match="The picture is .*read_rgb"):
        ask(bad)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 300, 3), (300, 1, 3), (3, 2, 3)])
def test_tiny_pictures_hold_no_face(shape):
    image = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    assert find_faces(image) == []
    face = face_of_crop(image)
    assert face.found_by == "crop" and np.isfinite(face.landmarks).all()
    assert clip(face.box, shape[1], shape[0]) == face.box


@pytest.mark.parametrize("seed", range(3))
def test_textures_hold_no_face(seed):
    noise = np.random.default_rng(seed).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    assert find_faces(noise) == []
    assert find_faces(cv2.resize(noise, (500, 400), interpolation=cv2.INTER_CUBIC)) == []


def test_views_of_an_array_are_pictures(portrait, found):
    """Mirrored and with its channels reversed, without a copy, as slicing gives it."""
    mirrored = find_faces(portrait[:, ::-1])[0]
    assert mirrored.tilt.yaw == pytest.approx(-found.tilt.yaw, abs=6)
    assert len(find_faces(portrait[..., ::-1])) == 1
    assert len(find_faces(np.repeat(np.repeat(portrait, 4, axis=0), 4, axis=1)[::4, ::-4])) == 1


def test_a_greyscale_face_is_found(portrait):
    grey = cv2.cvtColor(portrait, cv2.COLOR_RGB2GRAY)
    assert len(find_faces(np.repeat(grey[..., None], 3, axis=2))) == 1


def test_wrong_wishes_are_refused(portrait):
    with pytest.raises(CourseError, match="effort"):
        find_faces(portrait, effort="some")
    with pytest.raises(CourseError, match="empty"):
        predict_landmarks(portrait, Box("", 10, 10, 10, 40))
    for bad in (np.zeros((5, 2)), np.full((68, 2), np.nan), np.ones((68, 2))):
        with pytest.raises(CourseError, match="68 points"):
            head_tilt(bad, (100, 100))


@pytest.mark.parametrize("package", ["numpy", "no_such_package"])
def test_missing_weights_are_named(package):
    with pytest.raises(
        CourseError, match=f"data/face.tflite of the Python package {package} are missing: run"
    ):
        weights(package, "data/face.tflite")


def test_faces_does_not_import_tensorflow():
    code = "import sys, course_utils.faces; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_face_knows_its_interocular_distance(found):
    shifted = Face(found.box, found.landmarks * 2, 1.0, "blazeface")
    assert shifted.interocular == pytest.approx(2 * found.interocular)
