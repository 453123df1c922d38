"""Mask types: the ones in the package are what the drawing makes, and a user's own is read or
refused in one sentence.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from course_utils.errors import CourseError
from course_utils.masks import MaskChoice, draw, load_texture, pattern_names, put_on, type_names
from course_utils.masks.choice import MaskOptions, formats
from course_utils.masks.head import mean_landmarks
from course_utils.masks.textures import FOLDER, flat_mask

OWN = """
[anchors]
nose_bridge = [60, 5]
under_chin = [60, 95]
side_left = [2, 50]
side_right = [118, 50]
mouth = [60, 55, 0.2]

[straps]
ear_upper_left = [4, 30]
ear_upper_right = [116, 30]
"""


@pytest.fixture
def own(tmp_path):
    rgba = np.zeros((100, 120, 4), np.uint8)
    rgba[5:95, 2:118] = (250, 120, 0, 255)
    Image.fromarray(rgba).save(tmp_path / "linen.png")
    (tmp_path / "linen.toml").write_text(OWN)
    return tmp_path / "linen.toml"


def refusal(path):
    with pytest.raises(CourseError) as told:
        load_texture(str(path))
    assert "\n" not in str(told.value) and ": " in str(told.value)
    return str(told.value)


def test_the_seven_types_are_there_and_small():
    assert set(type_names()) == {
        "surgical",
        "surgical_blue",
        "surgical_green",
        "KN95",
        "N95",
        "cloth",
        "gas",
    }
    assert max(path.stat().st_size for path in FOLDER.glob("*.png")) < 150_000


def pictures_of(name):
    return [f"{name}.png", *sorted(path.name for path in FOLDER.glob(f"{name}_[0-9].png"))]


@pytest.mark.parametrize("name", ["surgical_blue", "cloth", "KN95", "N95", "gas"])
def test_drawing_a_type_again_makes_the_committed_pictures(name):
    drawings, color, *_ = draw.TYPES[name]
    for file, drawing in zip(pictures_of(name), drawings, strict=True):
        again, committed = (
            drawing(color).astype(int),
            np.asarray(Image.open(FOLDER / file)).astype(int),
        )
        assert again.shape == committed.shape
        assert np.abs(again - committed).max() <= 2  # another processor rounds differently


@pytest.mark.parametrize("name", draw.TYPES)
def test_describing_a_type_again_makes_the_committed_file(name):
    _, _, lifts, straps, settings = draw.TYPES[name]
    assert draw.describe(pictures_of(name), lifts, straps, settings) == (
        FOLDER / f"{name}.toml"
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", draw.TYPES)
def test_a_drawn_mask_is_symmetric_where_it_should_be(name):
    texture = load_texture(name)
    cover = texture.pictures[0][0][..., 3]
    assert np.abs(cover - cover[:, ::-1]).mean() < 0.004
    left = {anchor for anchor in draw.ANCHORS if anchor.endswith("_left")}
    assert len(left) * 2 + 5 == len(draw.ANCHORS) == len(texture.anchors)


def test_a_type_of_the_user_is_put_on_like_any_other(own):
    face = SimpleNamespace(landmarks=(mean_landmarks()[:, :2] * 50 + 80).astype(np.float32))
    image = np.full((160, 160, 3), (190, 150, 130), np.uint8)
    masked = put_on(image, face, MaskChoice(str(own)), np.random.default_rng(0))
    assert masked.quality.ok
    mouth = masked.image[90:100, 75:85].reshape(-1, 3).mean(0)
    assert mouth[0] > mouth[1] + 40 > mouth[2] + 60


def test_a_page_of_the_format_shows_a_type_that_works(own):
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    own.write_text(example)
    for name in ("linen.png", "linen_creased.png"):
        Image.fromarray(np.full((416, 448, 4), 255, np.uint8)).save(own.parent / name)
    assert len(load_texture(str(own)).pictures) == 2
    for name in (*draw.ANCHORS, *("ear_upper_left", "crown_left", "nape_left")):
        assert f"`{name.replace('_right', '_left')}`" in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("mouth =", "moustache ="), "unknown anchor 'moustache'"),
        (lambda text: text.replace("[60, 5]", "[60]"), "'nose_bridge' in [anchors]"),
        (lambda text: text.replace("[60, 5]", '["60", 5]'), "'nose_bridge' in [anchors]"),
        (lambda text: text.replace("[60, 5]", "[nan, 5]"), "'nose_bridge' in [anchors]"),
        (lambda text: text.replace("ear_upper_left", "chain_left"), "unknown strap 'chain_left'"),
        (lambda text: text.replace("[60, 95]", "[60, 5]"), "no two at the same place"),
        (lambda text: "\n".join(text.splitlines()[:4]), "has 2 anchors"),
        (lambda text: text.replace("[anchors]", "[anchors"), "not a TOML file"),
        (lambda text: "anchors = 3\n", "is not a table"),
        (lambda text: 'pictures = "linen.png"\n' + text, "not a list of file names"),
        (lambda text: 'pictures = ["gone.png"]\n' + text, "gone.png does not exist"),
        (lambda text: 'strap_color = "white"\n' + text, "'strap_color'"),
        (lambda text: 'strap_width = "wide"\n' + text, "'strap_width'"),
        (lambda text: "fibre = -3\n" + text, "'fibre'"),
    ],
)
def test_a_wrong_toml_file_is_refused_in_one_sentence(own, change, said):
    own.write_text(change(OWN))
    assert said in refusal(own)


def test_pictures_that_are_none_are_refused_in_one_sentence(own):
    picture = own.with_suffix(".png")
    Image.new("RGBA", (120, 100)).save(picture)
    assert "wholly transparent" in refusal(own)
    picture.write_bytes(b"no picture")
    assert "can't be read as a picture" in refusal(own)
    Image.new("RGBA", (3000, 3000), "red").save(picture)
    assert "3000 x 3000" in refusal(own)
    picture.unlink()
    assert "linen.png does not exist" in refusal(own)
    own.unlink()
    assert "can't be read" in refusal(own)
    assert "is not a mask type" in refusal("linen")


def test_pictures_of_different_sizes_are_refused(own):
    Image.new("RGBA", (60, 60), "red").save(own.parent / "other.png")
    own.write_text('pictures = ["linen.png", "other.png"]\n' + OWN)
    assert "differ in size" in refusal(own)


def test_random_draws_every_type_and_mostly_surgical_and_black_masks():
    choices = formats(MaskOptions(type="random"))
    assert {choice.type for choice in choices} == set(type_names())
    assert {choice.pattern for choice in choices} == {None, *pattern_names()}
    assert 0.25 < np.mean([choice.type.startswith("surgical") for choice in choices]) < 0.6
    assert (
        0.1
        < np.mean([choice.color is not None and max(choice.color) < 60 for choice in choices])
        < 0.4
    )


def test_random_keeps_a_color_and_a_pattern_that_were_asked_for():
    choices = formats(MaskOptions(type="random", color="#123456", pattern="dots"))
    assert {(choice.color, choice.pattern) for choice in choices} == {((0x12, 0x34, 0x56), "dots")}
    assert {choice.type for choice in choices} == set(type_names())


def test_the_flat_picture_of_a_type_has_the_anchors_of_its_texture():
    picture, anchors = flat_mask("surgical_blue")
    texture = load_texture("surgical_blue")
    assert picture.dtype == np.uint8 and picture.shape == (*texture.pictures[0][0].shape[:2], 4)
    assert np.array_equal(list(anchors.values()), texture.anchors)
    x, y = anchors["mouth"].astype(int)
    assert tuple(picture[0, 0]) == (0, 0, 0, 0) and picture[y, x, 3] == 255
