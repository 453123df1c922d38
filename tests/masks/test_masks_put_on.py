"""Masks on the embedded portraits: what they cover, how they are lit, and that chance is in the
seed alone.
"""

import csv
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from course_utils.errors import CourseError
from course_utils.masks import MaskChoice, paint, pattern_names, put_on, type_names
from course_utils.pictures.images import read_rgb

SAMPLE = Path(__file__).resolve().parents[2] / "data/sample"
NOSE_TIP, UNDER_NOSE, LIPS, CHIN, EYES, BRIDGE = 30, 33, [51, 57, 62, 66], 8, slice(36, 48), 27


def portraits():
    with open(SAMPLE / "landmarks.csv", newline="") as stream:
        lines = {line["picture"]: line for line in csv.DictReader(stream)}
    with open(SAMPLE / "faces.csv", newline="") as stream:
        bare = [
            line
            for line in csv.DictReader(stream)
            if line["wearing"] == "none" and line["occlusion"] == "none"
        ]
    for line in bare:
        points = [[float(lines[line["picture"]][f"{axis}{i}"]) for axis in "xy"] for i in range(68)]
        yield line, SimpleNamespace(landmarks=np.array(points, np.float32))


PORTRAITS = list(portraits())
SOME = PORTRAITS[::36]


def portrait(number=0):
    line, face = SOME[number]
    return read_rgb(SAMPLE / line["picture"]), face


def rng(seed=1):
    return np.random.default_rng(seed)


def covered(alpha, face, which):
    """Return the mask's mean coverage of 3 x 3 pixels around landmarks."""
    points = np.rint(np.atleast_2d(face.landmarks[which])).astype(int)
    return np.array([alpha[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].mean() for x, y in points])


@pytest.mark.parametrize("name", type_names())
def test_a_mask_worn_properly_covers_nose_mouth_and_chin_but_no_eye(name):
    for number in range(0, len(SOME), 4):
        image, face = portrait(number)
        masked = put_on(image, face, MaskChoice(name), rng(number))
        assert masked.quality.ok, masked.quality.reason
        assert masked.image.shape == image.shape and masked.image.dtype == np.uint8
        assert masked.alpha.shape == image.shape[:2] and masked.alpha.dtype == np.float32
        assert masked.alpha.min() >= 0 and masked.alpha.max() <= 1
        assert covered(masked.alpha, face, [NOSE_TIP, UNDER_NOSE, *LIPS]).min() > 0.9
        assert covered(masked.alpha, face, EYES).max() < 0.15


@pytest.mark.parametrize(
    ("wear", "shown", "hidden"),
    [
        ("under-nose", [BRIDGE, NOSE_TIP], LIPS),
        ("nose-only", [57, CHIN], [NOSE_TIP]),
        ("under-chin", [NOSE_TIP, UNDER_NOSE, 51, 62], []),
    ],
)
def test_each_way_of_wearing_leaves_free_what_it_should(wear, shown, hidden):
    for number in range(len(SOME)):
        image, face = portrait(number)
        masked = put_on(image, face, MaskChoice("surgical_blue", wear=wear), rng(number))
        assert masked.alpha.sum() > 0.02 * np.ptp(face.landmarks, axis=0).prod()
        assert covered(masked.alpha, face, shown).max() < 0.35
        if hidden:
            assert covered(masked.alpha, face, hidden).min() > 0.8


def test_the_position_moves_the_mask_down_the_face():
    image, face = portrait(2)
    heights = []
    for position in (-0.2, 0.0, 0.2, 0.4):
        alpha = put_on(image, face, MaskChoice("surgical", position=position), rng()).alpha
        heights.append((alpha * np.arange(len(alpha))[:, None]).sum() / alpha.sum())
    assert (np.diff(heights) > 3).all()


def test_nearly_every_bare_portrait_gets_a_mask_over_nose_and_mouth():
    good = 0
    for line, face in PORTRAITS[::6]:
        masked = put_on(read_rgb(SAMPLE / line["picture"]), face, MaskChoice("surgical"), rng())
        good += masked.quality.ok and covered(masked.alpha, face, [NOSE_TIP, *LIPS]).min() > 0.9
    assert good >= 0.98 * len(PORTRAITS[::6])


def test_the_same_seed_gives_the_same_picture_and_another_seed_another():
    image, face = portrait(3)
    choice = MaskChoice("cloth", color=(200, 30, 60), pattern="dots")
    first, again, other = (put_on(image, face, choice, rng(seed)).image for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_generator_is_asked_as_often_whatever_the_choice():
    image, face = portrait(3)
    left = []
    for choice in (
        MaskChoice("surgical"),
        MaskChoice("gas", wear="under-chin", color=(1, 2, 3), pattern="checks"),
    ):
        generator = rng()
        put_on(image, face, choice, generator)
        left.append(generator.random())
    assert left[0] == left[1]


def test_the_picture_itself_is_not_changed_nor_anything_far_from_the_mask():
    image, face = portrait(4)
    before = image.copy()
    masked = put_on(image, face, MaskChoice("surgical"), rng())
    assert np.array_equal(image, before)
    far = cv2.dilate((masked.alpha > 0).astype(np.uint8), np.ones((25, 25))) == 0
    assert far.mean() > 0.3
    assert np.array_equal(masked.image[far], before[far])


def sheet_pixels(masked):
    return masked.image[masked.alpha > 0.97].astype(float)


def test_color_and_its_weight():
    image, face = portrait(0)
    means = [
        sheet_pixels(
            put_on(
                image, face, MaskChoice("surgical", color=(230, 20, 20), color_weight=weight), rng()
            )
        ).mean(0)
        for weight in (0.0, 0.5, 1.0)
    ]
    redness = [mean[0] - mean[2] for mean in means]
    assert redness[0] + 30 < redness[1] < redness[2] - 30
    assert np.allclose(
        means[0], sheet_pixels(put_on(image, face, MaskChoice("surgical"), rng())).mean(0)
    )


@pytest.mark.parametrize("pattern", pattern_names())
def test_patterns_print_a_second_color_with_their_weight(pattern):
    image, face = portrait(0)
    spread = [
        sheet_pixels(
            put_on(
                image,
                face,
                MaskChoice("cloth", color=(20, 30, 120), pattern=pattern, pattern_weight=weight),
                rng(),
            )
        )
        .std(0)
        .mean()
        for weight in (0.0, 0.4, 1.0)
    ]
    assert spread[0] + 2 < spread[1] < spread[2] - 2


def test_a_picture_of_the_user_is_printed_once_over_the_whole_mask(tmp_path):
    halves = np.zeros((40, 60, 3), np.uint8)
    halves[:, :30, 0], halves[:, 30:, 2] = 220, 220
    Image.fromarray(halves).save(tmp_path / "flag.png")
    image, face = portrait(0)
    masked = put_on(image, face, MaskChoice("surgical", pattern=str(tmp_path / "flag.png")), rng())
    y, x = np.nonzero(masked.alpha > 0.97)
    red_minus_blue = masked.image[y, x, 0].astype(int) - masked.image[y, x, 2]
    assert red_minus_blue[x < np.percentile(x, 30)].mean() > 40
    assert red_minus_blue[x > np.percentile(x, 70)].mean() < -40


def test_light_from_one_side_goes_on_over_the_mask():
    image, face = portrait(0)
    ramp = np.linspace(0.35, 1.0, image.shape[1])[None, :, None]
    difference = {}
    for name, lit in (
        ("as it is", image),
        ("left dark", image * ramp),
        ("right dark", image * ramp[:, ::-1]),
    ):
        masked = put_on(lit.astype(np.uint8), face, MaskChoice("surgical"), rng())
        y, x = np.nonzero(masked.alpha > 0.97)
        luma = masked.image[y, x].mean(1)
        difference[name] = luma[x > np.median(x)].mean() - luma[x < np.median(x)].mean()
    assert difference["left dark"] > difference["as it is"] + 15
    assert difference["right dark"] < difference["as it is"] - 15


def test_a_dark_scene_gets_a_dark_mask_and_a_colored_light_a_colored_one():
    image, face = portrait(0)
    means = {
        name: (
            sheet_pixels(
                put_on(
                    (image * np.array(light)).astype(np.uint8), face, MaskChoice("surgical"), rng()
                )
            ).mean(0)
        )
        for name, light in {
            "day": (1, 1, 1),
            "night": (0.25, 0.25, 0.25),
            "blue": (0.45, 0.5, 1.0),
        }.items()
    }
    assert means["night"].mean() < 0.45 * means["day"].mean()
    assert means["blue"][2] - means["blue"][0] > means["day"][2] - means["day"][0] + 25


def test_dark_skin_in_full_light_gets_a_light_mask():
    dark = [(line, face) for line, face in PORTRAITS if int(line["monk_tone"]) >= 9][:6]
    for line, face in dark:
        image = read_rgb(SAMPLE / line["picture"])
        cheeks = np.rint((face.landmarks[[2, 14]] + face.landmarks[[31, 35]]) / 2).astype(int)
        skin = np.mean(
            [image[y - 2 : y + 3, x - 2 : x + 3].mean() for x, y in cheeks]
        )  # one pixel may be a highlight
        assert sheet_pixels(put_on(image, face, MaskChoice("surgical"), rng())).mean() > 1.25 * skin


def test_a_grey_picture_gets_a_grey_mask():
    image, face = portrait(0)
    grey = np.repeat(image.mean(2, keepdims=True).astype(np.uint8), 3, axis=2)
    masked = put_on(grey, face, MaskChoice("surgical_blue", pattern="flowers"), rng()).image.astype(
        int
    )
    assert np.ptp(masked, axis=2).max() <= 2


def test_the_mask_is_as_blurred_as_the_picture():
    image, face = portrait(0)
    blurred = cv2.GaussianBlur(image, (0, 0), 3)
    steepest = []
    for picture in (image, blurred):
        masked = put_on(picture, face, MaskChoice("cloth", color=(10, 10, 10)), rng())
        steepest.append(np.abs(np.diff(masked.alpha, axis=0)).max())
    assert steepest[1] < 0.6 * steepest[0]


def test_noise_of_the_picture_is_on_the_mask_too():
    image, face = portrait(0)
    noisy = np.clip(
        image + np.random.default_rng(0).normal(0, 14, image.shape[:2])[..., None], 0, 255
    ).astype(np.uint8)
    rough = []
    for picture in (cv2.medianBlur(image, 5), noisy):
        masked = put_on(picture, face, MaskChoice("surgical"), rng())
        residual = cv2.Laplacian(masked.image.mean(2), cv2.CV_64F)
        rough.append(np.median(np.abs(residual[cv2.erode(masked.alpha, np.ones((5, 5))) > 0.97])))
    assert rough[1] > 3 * rough[0]


def test_edges_are_soft_at_every_size():
    image, face = portrait(0)
    for factor in (0.35, 1, 3):
        picture = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        masked = put_on(
            picture,
            SimpleNamespace(landmarks=face.landmarks * factor),
            MaskChoice("surgical"),
            rng(),
        )
        between = ((masked.alpha > 0.05) & (masked.alpha < 0.95)).sum()
        outline = cv2.arcLength(
            max(
                cv2.findContours(
                    (masked.alpha > 0.5).astype(np.uint8),
                    cv2.RETR_EXTERNAL,
                    cv2.CHAIN_APPROX_SIMPLE,
                )[0],
                key=len,
            ),
            True,
        )
        assert between > 0.4 * outline


def test_on_a_turned_head_the_far_half_is_foreshortened_and_its_ear_loops_are_hidden():
    turned = [(line, face) for line, face in PORTRAITS if abs(float(line["yaw"])) > 22]
    assert len(turned) > 5
    for line, face in turned:
        image = read_rgb(SAMPLE / line["picture"])
        masked = put_on(image, face, MaskChoice("surgical"), rng())
        nose = face.landmarks[33, 0]
        x = np.nonzero(masked.alpha.max(0) > 0.5)[0]
        right, left = x.max() - nose, nose - x.min()
        far, near = (left, right) if masked.quality.measures["yaw"] < 0 else (right, left)
        assert far < 0.8 * near


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((50, 50), np.uint8),
        np.zeros((50, 50, 4), np.uint8),
        np.zeros((50, 50, 3), np.float32),
        np.zeros((0, 50, 3), np.uint8),
        None,
    ],
)
def test_another_kind_of_array_is_refused_in_one_sentence(picture):
    with pytest.raises(CourseError, match="uint8 and shape") as told:
        put_on(picture, portrait(0)[1], MaskChoice("surgical"), rng())
    assert "\n" not in str(told.value)


def test_unknown_types_and_patterns_are_named():
    image, face = portrait(0)
    with pytest.raises(CourseError, match="'snorkel' is not a mask type: choose one of"):
        put_on(image, face, MaskChoice("snorkel"), rng())
    with pytest.raises(CourseError, match="'tartan.png' is neither"):
        put_on(image, face, MaskChoice("surgical", pattern="tartan.png"), rng())


def refused(face, image=None):
    image = np.full((160, 160, 3), 90, np.uint8) if image is None else image
    masked = put_on(image, face, MaskChoice("surgical"), rng())
    assert not masked.quality.ok
    return masked


def test_a_tiny_face_is_refused_with_its_size():
    image, face = portrait(0)
    masked = refused(SimpleNamespace(landmarks=face.landmarks * 0.1), cv2.resize(image, (16, 16)))
    assert masked.quality.reason.startswith("face too small: ")
    assert masked.quality.measures["size"] < 10
    assert masked.alpha.max() == 0


def test_landmarks_that_make_no_face_are_refused():
    _, face = portrait(0)
    shuffled = face.landmarks[np.random.default_rng(3).permutation(68)]
    assert "landmarks implausible" in refused(SimpleNamespace(landmarks=shuffled)).quality.reason
    assert (
        "landmarks implausible"
        in refused(SimpleNamespace(landmarks=np.full((68, 2), 50.0))).quality.reason
    )
    assert (
        "landmarks implausible"
        in refused(SimpleNamespace(landmarks=np.full((68, 2), np.nan))).quality.reason
    )


def test_a_profile_is_refused_as_too_steep():
    from test_masks_warp import turned

    from course_utils.masks.head import mean_landmarks

    seen = (mean_landmarks() @ turned(82, 0, 0).T * 60)[:, :2] + 80
    assert refused(SimpleNamespace(landmarks=seen)).quality.reason.startswith(
        "pose too steep: yaw 82"
    )


def test_a_mask_beyond_the_border_of_the_picture_is_refused():
    image, face = portrait(0)
    masked = refused(SimpleNamespace(landmarks=face.landmarks + (0, 75)), image)
    assert masked.quality.reason.startswith("mask outside the picture: ")
    masked = refused(SimpleNamespace(landmarks=face.landmarks + (5000, 0)), image)
    assert masked.quality.measures["inside"] == 0
    assert np.array_equal(masked.image, image)


def test_a_mask_pushed_off_the_face_is_refused():
    image, face = portrait(0)
    big = cv2.copyMakeBorder(image, 0, 200, 0, 0, cv2.BORDER_REPLICATE)
    masked = put_on(big, face, MaskChoice("surgical", position=1.0), rng())
    assert not masked.quality.ok and "mask outside the face" in masked.quality.reason


def test_a_large_picture_costs_little_more_than_the_face_on_it():
    image, face = portrait(0)
    large = np.full((4000, 5000, 3), 120, np.uint8)
    large[2000:2160, 3000:3160] = image
    masked = put_on(
        large,
        SimpleNamespace(landmarks=face.landmarks + (3000, 2000)),
        MaskChoice("surgical"),
        rng(),
    )
    y, x = np.nonzero(masked.alpha)
    assert (
        masked.quality.ok
        and y.min() > 1990
        and y.max() < 2180
        and x.min() > 2990
        and x.max() < 3180
    )


def test_two_faces_of_a_picture_are_masked_one_after_the_other():
    image, face = portrait(1)
    pair = np.concatenate([image, image[:, ::-1]], axis=1)
    first = put_on(pair, face, MaskChoice("surgical"), rng(1))
    second = SimpleNamespace(landmarks=face.landmarks + (160, 0))
    both = put_on(first.image, second, replace(MaskChoice("cloth"), color=(10, 10, 10)), rng(2))
    assert np.array_equal(both.image[:, :100], first.image[:, :100])


def test_a_large_picture_is_drawn_like_a_small_one(monkeypatch):
    image, face = portrait(3)
    image = cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    face = SimpleNamespace(landmarks=(face.landmarks + 0.5) * 4 - 0.5)
    fine = put_on(image, face, MaskChoice("surgical_blue"), rng())
    monkeypatch.setattr(paint, "COARSE", 150)
    coarse = put_on(image, face, MaskChoice("surgical_blue"), rng())
    assert coarse.quality.ok and coarse.image.shape == image.shape
    for name in ("inside", "on_face"):
        assert coarse.quality.measures[name] == pytest.approx(fine.quality.measures[name], abs=0.02)
    assert np.abs(coarse.alpha - fine.alpha).mean() < 0.01
    apart = cv2.absdiff(coarse.image, fine.image)
    assert 0 < apart.mean() < 1.5


@pytest.mark.parametrize("coarse", [150, 10_000])
def test_bands_of_a_large_picture_leave_no_seams(monkeypatch, coarse):
    image, face = portrait(3)
    image = cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    image = np.clip(image + rng(7).normal(0, 6, image.shape), 0, 255).astype(
        np.uint8
    )  # so that noise is drawn too
    face = SimpleNamespace(landmarks=(face.landmarks + 0.5) * 3 - 0.5)
    monkeypatch.setattr(paint, "COARSE", coarse)
    whole = put_on(image, face, MaskChoice("cloth"), rng())
    monkeypatch.setattr(paint, "BAND", 10_000)
    bands = put_on(image, face, MaskChoice("cloth"), rng())
    assert cv2.absdiff(whole.image, bands.image).max() <= 1
    assert np.abs(whole.alpha - bands.alpha).max() < 0.01
