"""What mask a face gets: colours, formats, ratios, and that a seed decides."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.errors import CourseError
from course_utils.masks import choice
from course_utils.masks.choice import MaskOptions, draw_choice, rng_of_face


def drawn(options, faces=2000, **more):
    return [
        draw_choice(options, rng_of_face(options.seed, f"p{number}.jpg", 1), **more)
        for number in range(faces)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#e54294", (229, 66, 148)),
        ("e54294", (229, 66, 148)),
        ("E54294", (229, 66, 148)),
        ("#fff", (255, 255, 255)),
        ("red", (255, 0, 0)),
        ("RebeccaPurple", (102, 51, 153)),
        ("000", (0, 0, 0)),
    ],
)
def test_colours_are_hexadecimal_or_css_names(text, expected):
    assert choice.parse_color(text) == expected


@pytest.mark.parametrize(
    "text", ["", "#", "reddish", "#12345", "#1234567", "rgb(1,2,3)", "#ggg", "#11223344"]
)
def test_other_colours_are_refused_in_one_sentence(text):
    with pytest.raises(CourseError, match=r"is not a colour: .*#e54294.*red\.$"):
        choice.parse_color(text)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_any_colour_can_be_written(rgb):
    assert choice.parse_color("#{:02x}{:02x}{:02x}".format(*rgb)) == rgb


def test_ways_of_wearing_and_their_mix():
    assert choice.parse_wear("nose-only") == (0, 0, 1, 0)
    assert choice.parse_wear("mix") == choice.parse_wear("mix:3,1,1,1")
    assert choice.parse_wear("mix:0.5,0, 0,2") == (0.5, 0, 0, 2)


@pytest.mark.parametrize(
    "text",
    [
        "mix:1,2,3",
        "mix:1,2,3,4,5",
        "mix:",
        "mix:0,0,0,0",
        "mix:1,-1,1,1",
        "mix:1,nan,1,1",
        "mix:inf,1,1,1",
        "mix:a,b,c,d",
    ],
)
def test_bad_ratios_are_refused(text):
    with pytest.raises(CourseError, match="four ratios: .*mix:3,1,1,1"):
        choice.parse_wear(text)


@pytest.mark.parametrize("text", ["", "properly", "under_nose", "mixed"])
def test_unknown_ways_of_wearing_are_refused(text):
    with pytest.raises(CourseError, match="choose one of proper, under-nose"):
        choice.parse_wear(text)


def test_a_code_is_a_list_of_formats():
    assert choice.parse_code("cloth-#e54294, cloth-dots , N95,surgical_blue-red-checks") == [
        {"type": "cloth", "color": (229, 66, 148)},
        {"type": "cloth", "pattern": "dots"},
        {"type": "N95"},
        {"type": "surgical_blue", "color": (255, 0, 0), "pattern": "checks"},
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("cloth,,N95", "empty format"),
        ("", "empty format"),
        ("helmet", "'helmet' is not a mask type"),
        ("cloth-tartanish", "neither a colour nor a pattern"),
        ("cloth-red-blue", "two colors"),
        ("cloth-dots-checks", "two patterns"),
    ],
)
def test_bad_codes_are_refused(text, problem):
    with pytest.raises(CourseError, match=problem) as caught:
        choice.parse_code(text)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wishes", "problem"),
    [
        ({"type": "helmet"}, "'helmet' is not a mask type"),
        ({"color": "reddish"}, "not a colour"),
        ({"pattern": "tartanish"}, "'tartanish' is not a pattern"),
        ({"wear": "mix:1"}, "four ratios"),
        ({"code": "N95", "color": "red"}, "leave out"),
        ({"code": "N95", "type": "cloth"}, "leave out"),
        ({"color_weight": 1.5}, "color weight 1.5"),
        ({"pattern_weight": float("nan")}, "pattern weight nan"),
        ({"position": -2}, "position -2"),
        ({"seed": -1}, "seed -1"),
    ],
)
def test_options_are_checked_when_they_are_made(wishes, problem):
    with pytest.raises(CourseError, match=problem):
        MaskOptions(**wishes)


def test_a_mix_keeps_its_ratios():
    counted = Counter(one.wear for one in drawn(MaskOptions(wear="mix", seed=3)))
    shares = np.array([counted[wear] for wear in choice.WEARS]) / 2000
    # four standard deviations of a share of 1/2 among 2,000
    np.testing.assert_allclose(shares, [1 / 2, 1 / 6, 1 / 6, 1 / 6], atol=0.045)


def test_a_ratio_of_nought_is_never_drawn():
    assert {one.wear for one in drawn(MaskOptions(wear="mix:0,1,0,1"))} == {
        "under-nose",
        "under-chin",
    }


def test_formats_are_drawn_evenly_and_a_repeated_one_more_often():
    counted = Counter(one.type for one in drawn(MaskOptions(code="cloth, cloth, N95, KN95")))
    np.testing.assert_allclose(
        [counted[name] / 2000 for name in ("cloth", "N95", "KN95")], [0.5, 0.25, 0.25], atol=0.045
    )


def test_random_draws_every_type():
    assert {one.type for one in drawn(MaskOptions(type="random"), 500)} == set(choice.type_names())


def test_wishes_reach_every_choice():
    options = MaskOptions(
        type="cloth",
        color="red",
        color_weight=0.3,
        pattern="dots",
        pattern_weight=0.4,
        wear="under-chin",
        position=0.2,
    )
    assert drawn(options, 1) == [
        choice.MaskChoice("cloth", (255, 0, 0), 0.3, "dots", 0.4, "under-chin", 0.2)
    ]


def test_a_choice_depends_on_seed_picture_and_face_only():
    options = MaskOptions(type="random", wear="mix", seed=5)
    state = [draw_choice(options, rng_of_face(5, "a/b.jpg", 2)) for _ in range(2)]
    assert state[0] == state[1]
    numbers = {
        rng_of_face(*key).integers(2**62)
        for key in [
            (5, "a/b.jpg", 2),
            (6, "a/b.jpg", 2),
            (5, "a/c.jpg", 2),
            (5, "a/b.jpg", 3),
            (5, "a/b.jpg2", 0),
        ]
    }
    assert len(numbers) == 5


def test_one_name_in_two_unicode_forms_is_one_picture():
    composed, decomposed = "é.jpg", "e\u0301.jpg"
    assert rng_of_face(0, composed, 1).random() == rng_of_face(0, decomposed, 1).random()


def test_what_is_drawn_after_the_choice_does_not_depend_on_the_options():
    following = []
    for options in (
        MaskOptions(),
        MaskOptions(type="random", wear="mix"),
        MaskOptions(code="N95, cloth-dots"),
    ):
        rng = rng_of_face(0, "a.jpg", 1)
        draw_choice(options, rng)
        following.append(rng.random())
    assert len(set(following)) == 1


def test_all_types_means_one_output_each():
    options = MaskOptions(type="all")
    assert options.outputs == choice.type_names()
    assert {
        draw_choice(options, rng_of_face(0, "a.jpg", 1), name).type for name in options.outputs
    } == set(choice.type_names())


def test_an_own_picture_may_be_the_pattern(tmp_path):
    from PIL import Image

    Image.new("RGB", (8, 8), "red").save(tmp_path / "dots.png")
    assert drawn(MaskOptions(pattern=str(tmp_path / "dots.png")), 1)[0].pattern == str(
        tmp_path / "dots.png"
    )


def test_a_line_of_an_account_names_its_mask():
    line = SimpleNamespace(type="cloth", color="#8a3b3b", pattern="dots")
    assert choice.choice_in(line) == choice.MaskChoice("cloth", (138, 59, 59), pattern="dots")
    for nothing in ("", None, float("nan")):
        line = SimpleNamespace(type="N95", color=nothing, pattern=nothing)
        assert choice.choice_in(line) == choice.MaskChoice("N95")
