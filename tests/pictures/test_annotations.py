"""Boxes: round trips through both file formats, clipping and cropping."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.errors import CourseError
from course_utils.pictures.annotations import (
    Box,
    clip,
    crop,
    read_voc,
    read_yolo,
    write_voc,
    write_yolo,
)

LABELS = ("with_mask", "without_mask", "khẩu trang <&>")
sizes = st.integers(1, 6000)
edges = st.integers(-5000, 10000)


@st.composite
def boxes(draw):
    x, y = draw(edges), draw(edges)
    return Box(draw(st.sampled_from(LABELS)), x, y, x + draw(sizes), y + draw(sizes))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("annotations")


@settings(deadline=None, max_examples=60)
@given(drawn=st.lists(boxes(), max_size=5), one_based=st.booleans())
def test_voc_round_trip(folder, drawn, one_based):
    write_voc(folder / "a.xml", "a [1].jpg", 640, 480, drawn, one_based)
    assert read_voc(folder / "a.xml", one_based) == (drawn, [])


@settings(deadline=None, max_examples=60)
@given(drawn=st.lists(boxes(), max_size=5), width=sizes, height=sizes)
def test_yolo_round_trip(folder, drawn, width, height):
    write_yolo(folder / "a.txt", width, height, drawn, LABELS)
    assert read_yolo(folder / "a.txt", width, height, LABELS) == (drawn, [])


@given(box=boxes(), width=sizes, height=sizes)
def test_clip_stays_inside_and_keeps_what_is_inside(box, width, height):
    inside = clip(box, width, height)
    outside = box.x_max <= 0 or box.y_max <= 0 or box.x_min >= width or box.y_min >= height
    if inside is None:
        assert outside
        return
    assert not outside and inside.label == box.label
    assert 0 <= inside.x_min < inside.x_max <= width and 0 <= inside.y_min < inside.y_max <= height
    assert clip(inside, width, height) == inside
    columns = set(range(box.x_min, box.x_max)) & set(range(width))
    assert (inside.x_min, inside.x_max) == (min(columns), max(columns) + 1)


@given(box=boxes(), margin=st.floats(0, 2))
def test_crop_is_the_slice_or_an_error(box, margin):
    rgb = np.arange(30 * 40 * 3, dtype=np.uint16).reshape(30, 40, 3)
    if clip(box, 40, 30) is None:
        with pytest.raises(CourseError, match="outside its picture of 40 x 30"):
            crop(rgb, box, margin)
        return
    tight, wide = crop(rgb, box), crop(rgb, box, margin)
    assert np.array_equal(tight, rgb[max(box.y_min, 0) : box.y_max, max(box.x_min, 0) : box.x_max])
    assert wide.shape[0] >= tight.shape[0] and wide.shape[1] >= tight.shape[1] and wide.base is None


def test_crop_with_a_margin_counts_pixels():
    rgb = np.zeros((100, 100, 3), np.uint8)
    rgb[40:60, 30:70] = 1
    assert crop(rgb, Box("a", 30, 40, 70, 60), 0.25).shape == (30, 60, 3)
    assert crop(rgb, Box("a", 30, 40, 70, 60)).min() == 1


def test_voc_as_the_kaggle_set_writes_it(tmp_path):
    """One object is fine, the others each have a fault of their own."""
    thing = (
        "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin>"
        "<xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
    )
    (tmp_path / "a.xml").write_text(
        "<annotation><folder>images</folder><filename>a.png</filename>"
        + thing.format("without_mask", 79, 105, 109, 142)
        + thing.format("with_mask", "185.0", 100, 226, 144)
        + thing.format("with_mask", 10, 10, 10, 40)
        + thing.format("with_mask", "ten", 10, 20, 40)
        + thing.format("with_mask", "nan", 10, 20, 40)
        + thing.format("", 1, 2, 3, 4)
        + "<object><name>with_mask</name></object></annotation>",
        encoding="utf-8",
    )
    found, problems = read_voc(tmp_path / "a.xml")
    assert found == [Box("without_mask", 79, 105, 109, 142), Box("with_mask", 185, 100, 226, 144)]
    assert found[0].width == 30 and found[0].height == 37
    reasons = [
        "box 10, 10, 10, 40 is empty",
        "'ten' is not a number",
        "'nan' is not",
        "label is missing",
        "missing corner",
    ]
    assert len(problems) == 5
    for number, (problem, reason) in enumerate(zip(problems, reasons), start=3):
        assert problem.startswith(f"object {number}: ") and reason in problem


def test_one_based_voc_includes_the_last_pixel(tmp_path):
    write_voc(tmp_path / "a.xml", "a.png", 10, 10, [Box("a", 0, 0, 10, 10)], one_based=True)
    assert "<xmin>1</xmin>" in (tmp_path / "a.xml").read_text(encoding="utf-8")
    assert "<xmax>10</xmax>" in (tmp_path / "a.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "<annotation><object>",
        "",
        '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]><annotation>&c;</annotation>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotation>&x;</annotation>',
    ],
    ids=["cut", "empty", "bomb", "outside-file"],
)
def test_broken_or_hostile_xml_is_one_sentence(tmp_path, text):
    (tmp_path / "a.xml").write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=r"a\.xml is not a readable XML file"):
        read_voc(tmp_path / "a.xml")


def test_yolo_lines_that_do_not_parse_do_not_stop_the_rest(tmp_path):
    lines = [
        "\ufeff1 0.5 0.5 0.2 0.4",
        "",
        "0 0.5 0.5 0.2",
        "7 0.5 0.5 0.2 0.4",
        "x 0.5 0.5 0.2 0.4",
        "1 nan 0.5 0.2 0.4",
        "1 0.5 0.5 0 0.4",
        "1 0.5 0.5 -0.2 0.4",
        "-1 0.5 0.5 0.2 0.4",
        "2 1.0 1.0 0.2 0.2 0.93",
    ]
    (tmp_path / "a.txt").write_bytes("\r\n".join(lines).encode("utf-8"))
    found, problems = read_yolo(tmp_path / "a.txt", 100, 50, ("no_mask", "mask", "incorrect_mask"))
    assert found == [Box("mask", 40, 15, 60, 35), Box("incorrect_mask", 90, 45, 110, 55)]
    assert [problem.partition(":")[0] for problem in problems] == [
        f"line {number}" for number in range(3, 10)
    ]
    assert "class 7 has no name (known are 0 to 2)" in problems[1] and "no fraction" in problems[3]


@settings(deadline=None, max_examples=200)
@given(
    lines=st.lists(
        st.one_of(
            st.text(max_size=30),
            st.lists(st.floats().map(repr), min_size=4, max_size=6).map(
                lambda f: "1 " + " ".join(f)
            ),
        )
    )
)
def test_yolo_reads_anything(folder, lines):
    (folder / "any.txt").write_text(
        "\n".join(lines), encoding="utf-8", errors="surrogatepass", newline=""
    )
    found, problems = read_yolo(folder / "any.txt", 640, 480, LABELS)
    assert all(box.width > 0 and box.height > 0 for box in found) and all(
        problem.startswith("line ") for problem in problems
    )
