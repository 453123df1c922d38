"""No face ever gets another picture's box: places, stems, suffixes and names inside, at random."""

import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from course_utils.errors import CourseError
from course_utils.pictures.annotations import Box, read_voc, read_yolo, turn_upright, write_voc
from course_utils.pictures.images import UPRIGHT
from course_utils.pictures.matching import match

FOLDERS = ["", "train", "valid", "test/cam 1", "train/night"]
STEMS = ["1", "frame_000001", "a.b", "a", "Ảnh", "A\u0309nh", "x"]
SUFFIXES = [".jpg", ".png", ".JPG", ".jpeg"]
PAIRS = [("images", "annotations"), ("images", "labels"), ("JPEGImages", "Annotations")]


@st.composite
def trees(draw):
    """Pictures and the annotations that were made for them, some of either lost since.

    Returns [(picture, annotation, name inside)], paths below a folder; a lost one is None. The name
    inside is the picture's own, or what a tool left there.
    """
    ending = draw(st.sampled_from([".xml", ".txt"]))
    rows, used, stems, orphans = [], set(), set(), set()
    for _ in range(draw(st.integers(1, 9))):
        folder, stem = draw(st.sampled_from(FOLDERS)), draw(st.sampled_from(STEMS))
        image, label = draw(st.sampled_from([("", ""), *PAIRS]))
        order = draw(st.booleans())  # train/images or images/train
        parts = [(image, label), (folder, folder)]
        parts = parts if order else parts[::-1]
        place = [Path(*(pair[side] for pair in parts)) for side in (0, 1)]
        name = stem + draw(st.sampled_from(SUFFIXES))
        full = draw(st.integers(0, 4)) == 0  # some tools append to the whole name
        picture, annotation = place[0] / name, place[1] / ((name if full else stem) + ending)
        if picture in used or annotation in used:
            continue
        used |= {picture, annotation}
        inside = draw(st.sampled_from([name, name, "", "frame.png", "C:\\Users\\x\\stale.png"]))
        lost = draw(st.sampled_from(["", "", "", "picture", "annotation"]))
        # A picture without its annotation beside an annotation without its picture, both of one
        # name (in either Unicode form), look like a pair: nobody can tell.
        key = folder, unicodedata.normalize("NFC", stem)
        if key in orphans or (lost and key in stems):
            continue
        stems.add(key)
        if lost:
            orphans.add(key)
        if lost == "picture":
            inside = ""  # no file can tell that the picture of this name is not the one it had
        rows.append(
            (
                None if lost == "picture" else picture,
                None if lost == "annotation" else annotation,
                inside,
            )
        )
    return rows


@settings(deadline=None, max_examples=400)
@given(rows=trees())
def test_no_picture_gets_the_annotation_of_another(rows):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        truth, told = {}, {}
        for picture, annotation, inside in rows:
            if annotation is not None:
                path = folder / annotation
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(
                    f"<annotation><filename>{inside}</filename></annotation>", encoding="utf-8"
                )
                told[path] = inside
            if picture is not None:
                truth[folder / picture] = annotation and folder / annotation
        matched = match(sorted(truth), sorted(told), folder)
        for picture, annotation in matched.pairs.items():
            assert truth[picture] == annotation, (picture, annotation)
        assert len(set(matched.pairs.values())) == len(matched.pairs)
        paired = {*matched.pairs, *matched.pairs.values()}
        assert paired | set(matched.refused) == {*truth, *told}
        assert not paired & set(matched.refused)


def put(folder, *names):
    paths = []
    for name in names:
        name, _, inside = name.partition(" <")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<annotation><filename>{inside}</filename></annotation>")
        paths.append(path)
    return paths


@pytest.mark.parametrize(
    ("pictures", "annotations", "pairs"),
    [
        (["train/1.png", "valid/1.png"], ["train/1.xml <x.png", "valid/1.xml <x.png"], "00 11"),
        (["train/1.png"], ["valid/1.xml <x.png"], ""),
        (["images/1.png"], ["annotations/1.xml"], "00"),
        (["images/train/1.png", "images/val/1.png"], ["labels/val/1.txt"], "10"),
        (["VOC/JPEGImages/1.png"], ["VOC/Annotations/1.xml"], "00"),
        (["a.jpg", "a.png"], ["a.xml <a.png"], "10"),
        (["a.jpg", "a.png"], ["a.xml <b.png"], ""),
        (["a.jpg", "a.png"], ["a.jpg.txt", "a.png.txt"], "00 11"),
        (["images/a.jpg"], ["images/a.txt", "labels/a.txt"], ""),
        (["images/a.jpg"], ["boxes/0001.xml <a.jpg"], "00"),
        (["images/a.jpg", "more/a.jpg"], ["boxes/0001.xml <a.jpg"], ""),
        (["train/a.jpg"], ["valid/a.xml <a.jpg"], ""),
        (["train/a.jpg", "valid/b.jpg"], ["valid/a.xml <a.jpg"], ""),
        (["images/a.jpg"], ["annotations/7.xml <a.jpg"], "00"),
        (["A\u0309nh.jpg"], ["Ảnh.xml"], "00"),
        (["A\u0309nh.jpg", "Ảnh.jpg"], ["A\u0309nh.xml", "Ảnh.xml"], "00 11"),
    ],
)
def test_what_belongs_together(tmp_path, pictures, annotations, pairs):
    pictures, annotations = put(tmp_path, *pictures), put(tmp_path, *annotations)
    matched = match(pictures, annotations, tmp_path)
    expected = {pictures[int(a)]: annotations[int(b)] for a, b in pairs.split()}
    assert matched.pairs == expected
    assert len(matched.refused) == len(pictures) + len(annotations) - 2 * len(expected)


# --- boxes in pictures that are stored turned
boxes = st.tuples(*(st.integers(0, 40) for _ in range(4))).map(
    lambda n: Box("with_mask", n[0], n[1], n[0] + n[2] + 1, n[1] + n[3] + 1)
)


@settings(deadline=None, max_examples=200)
@given(box=boxes, orientation=st.integers(2, 8))
def test_a_box_turns_as_its_picture_does(box, orientation):
    stored = np.zeros((90, 100, 3), np.uint8)
    stored[box.y_min : box.y_max, box.x_min : box.x_max] = 255
    turned = turn_upright(box, 100, 90, orientation)
    rows, columns = np.nonzero(UPRIGHT[orientation](stored)[:, :, 0])
    assert (turned.x_min, turned.y_min) == (columns.min(), rows.min())
    assert (turned.x_max, turned.y_max) == (columns.max() + 1, rows.max() + 1)


@pytest.mark.parametrize(
    ("orientation", "shape", "size", "words"),
    [
        (6, (120, 80), (120, 80), (30, 10, 70, 40)),
        (6, (120, 80), (80, 120), (10, 10, 40, 50)),
        (1, (120, 80), (120, 80), (10, 10, 40, 50)),
        (1, (120, 80), (0, 0), (10, 10, 40, 50)),
        (1, (120, 80), (240, 160), "is for a picture of 240 x 160 pixels"),
        (6, (120, 80), (0, 0), "does not tell whether"),
        (3, (120, 80), (120, 80), "does not tell whether"),
        (6, (80, 80), (80, 80), "does not tell whether"),
    ],
)
def test_the_size_is_held_against_the_picture(tmp_path, orientation, shape, size, words):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", shape).save(tmp_path / "a.jpg", exif=exif)
    write_voc(tmp_path / "a.xml", "a.jpg", *size, [Box("with_mask", 10, 10, 40, 50)])
    if isinstance(words, str):
        with pytest.raises(CourseError, match=words):
            read_voc(tmp_path / "a.xml", picture=tmp_path / "a.jpg")
    else:
        found, _ = read_voc(tmp_path / "a.xml", picture=tmp_path / "a.jpg")
        assert found == [Box("with_mask", *words)]


# --- rows of label files
fraction = st.floats(0.01, 0.99, allow_nan=False)


@settings(deadline=None, max_examples=300)
@given(points=st.lists(st.tuples(fraction, fraction), min_size=3, max_size=30))
def test_of_a_polygon_the_extent_is_taken(tmp_path_factory, points):
    path = tmp_path_factory.getbasetemp() / "polygon.txt"
    path.write_text("1 " + " ".join(f"{x:.17g} {y:.17g}" for x, y in points))
    across, down = zip(*points)
    found, problems = read_yolo(path, 1000, 500, ("no_mask", "mask"))
    edges = [round(1000 * min(across)), round(500 * min(down))]
    edges += [round(1000 * max(across)), round(500 * max(down))]
    if edges[0] < edges[2] and edges[1] < edges[3]:
        assert found == [Box("mask", *edges)] and not problems
    else:
        assert not found and "is empty" in problems[0]


@settings(deadline=None, max_examples=300)
@given(
    edges=st.tuples(*(st.integers(0, 300) for _ in range(4))),
    behind=st.integers(0, 5),
    seen=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_of_key_points_the_box_is_taken(tmp_path_factory, edges, behind, seen, seed):
    left, top, right, bottom = edges[0], edges[1], edges[0] + edges[2] + 2, edges[1] + edges[3] + 2
    box = [(left + right) / 2000, (top + bottom) / 2000, (right - left) / 1000]
    row = [*box, (bottom - top) / 1000]
    random = np.random.default_rng(seed)
    for _ in range(behind):
        row += [random.uniform(left, right) / 1000, random.uniform(top, bottom) / 1000]
        row += [int(random.integers(0, 3))] if seen else []
    path = tmp_path_factory.getbasetemp() / "points.txt"
    path.write_text("0 " + " ".join(map(repr, map(float, row))))
    shape = (behind, 3 if seen else 2) if behind else None
    expected = ([Box("mask", left, top, right, bottom)], [])
    assert read_yolo(path, 1000, 1000, ("mask",), shape) == expected
    if seen or not behind:  # the numbers themselves tell
        assert read_yolo(path, 1000, 1000, ("mask",)) == expected


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("0 0.5 0.5 0.2 0.4 0.9 0.1 0.8", "neither a box nor"),
        ("0.5 0.5 0.5 0.2 0.4", "not the number of a class"),
        ("inf 0.5 0.5 0.2 0.4", "not the number of a class"),
        ("0 0.1 0.1 0.5 0.1 0.5 nan", "no fraction"),
    ],
)
def test_rows_that_are_neither(tmp_path, row, words):
    (tmp_path / "a.txt").write_text(row)
    found, (problem,) = read_yolo(tmp_path / "a.txt", 100, 100, ("mask",))
    assert not found and words in problem
