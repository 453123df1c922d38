"""Chapter 06: a saved network with its layer loads anywhere; its figures say what they are given;
its checks hint by what went wrong.
"""

import math
import subprocess
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from every_exercise import *
from exercises import Exercises, accept_all, refuse_all
from PIL import Image
from started import STARTED

from course_utils import models, quiet
from course_utils.augmentation.face_size import RandomFaceSize
from course_utils.checks import chapter_06
from course_utils.figures import small_faces

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = Exercises("06_small_faces", chapter_06, known={"np": np}, values=("exercise-6-4",))
CLASSES = ("with_mask", "without_mask")
keras = quiet.import_keras()


def test_a_network_that_holds_the_layer_is_loaded_in_a_process_that_has_not_heard_of_it(tmp_path):
    keras.utils.set_random_seed(1)
    inner = models.build("mobilenetv2", 32, 2, 0.35)
    picture = keras.layers.Input((32, 32, 3))
    models.save(
        keras.Model(picture, inner(RandomFaceSize(5, 9, seed=1)(picture))),
        tmp_path / "inside.keras",
        CLASSES,
    )
    faces = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    np.save(tmp_path / "faces.npy", faces)
    code = (
        "import sys, numpy as np; from course_utils import models; network, names ="
        " models.load(sys.argv[1] + '/inside.keras'); np.save(sys.argv[1] + '/said.npy',"
        " network(np.load(sys.argv[1] + '/faces.npy'))); print(*names)"
    )
    done = subprocess.run(
        [*STARTED, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout.split() == list(CLASSES), done.stderr
    assert np.allclose(np.load(tmp_path / "said.npy"), inner(faces), atol=1e-5)


# --- the figures
def test_changes_are_drawn_where_they_lie_and_zero_is_told_apart():
    figure = small_faces.draw_changes({"gains": (5, 2, 8), "nothing": (0.5, -1, 2)}, "change")
    (axis,) = figure.axes
    lines = [line for line in axis.lines if len(line.get_xdata()) == 2 and line.get_marker() != "o"]
    assert [list(line.get_xdata()) for line in lines[:2]] == [[2, 8], [-1, 2]]
    assert lines[0].get_color() != lines[1].get_color()
    assert [text.get_text() for text in axis.get_yticklabels()] == ["gains", "nothing"]
    plt.close(figure)


def test_a_table_of_colours_shows_each_share_in_its_place():
    shares = pd.DataFrame([[60.2, 70], [80, np.nan]], index=["a", "b"], columns=["c", "d e"])
    figure = small_faces.draw_shares(shares, "test people")
    texts = {text.get_position(): text.get_text() for text in figure.axes[0].texts}
    assert texts == {(0, 0): "60.2 %", (1, 0): "70.0 %", (0, 1): "80.0 %", (1, 1): "none"}
    plt.close(figure)


def test_face_sizes_come_from_boxes_or_from_the_pictures(tmp_path):
    Image.new("RGB", (30, 50)).save(tmp_path / "a.png")
    table = pd.DataFrame({"picture": ["a.png"]})
    assert small_faces.face_sizes(table, tmp_path).tolist() == [30]
    boxed = table.assign(x_min=2, y_min=3, x_max=14, y_max=40)
    assert small_faces.face_sizes(boxed, tmp_path).tolist() == [12]


def test_the_reference_says_what_was_recorded(capsys):
    metrics = {"test_faces": 5, "before_whole": 0.5, "gain_more_whole": 2.5, "low_more_whole": 0.4}
    made = {"dataset": "d", "seed": 1, "machine": "m", "metrics": metrics}
    small_faces.print_reference(
        made, ["before", "later"], ["whole"], ["more, whole", "less, whole"]
    )
    said = capsys.readouterr().out
    assert "50.0" in said and "+2.5 points, lower end of the interval +0.4" in said
    assert "later             was not asked in that run" in said and "less" not in said
    assert "draws" not in said


def test_the_reference_says_how_far_the_draws_of_the_sizes_lie_apart(capsys):
    draws = {seed: {"gains": {"more": [gain, 0, 9]}} for seed, gain in ((1, 7.6), (2, -0.4))}
    made = {"dataset": "d", "seed": 1, "machine": "m", "metrics": {"test_faces": 5}, "draws": draws}
    small_faces.print_reference(made, [], [], ["more", "less"])
    assert "more, with 2 draws of the sizes: +7.6, -0.4\n" in capsys.readouterr().out


# --- 6-1
def shown(distance, angle):
    return 2 * distance * math.tan(math.radians(angle) / 2)


def test_the_size_of_a_face_may_be_found_in_any_way():
    accept_all(
        chapter_06.check_1,
        [
            lambda d, w, a: 0.16 * w / shown(d, a),
            lambda d, w, a: np.float64(w * 0.08 / (d * np.tan(np.deg2rad(a / 2)))),
            lambda d, w, a: w / 2 / math.tan(math.radians(a / 2)) * 0.16 / d,
            lambda d, w, a: np.array([0.16 * w / shown(d, a)]),
        ],
    )


def test_each_mistake_with_the_size_of_a_face_has_its_hint():
    hints = refuse_all(
        chapter_06.check_1,
        {
            "whole angle": lambda d, w, a: 0.16 * w / (2 * d * math.tan(math.radians(a))),
            "one side": lambda d, w, a: 0.32 * w / shown(d, a),
            "degrees": lambda d, w, a: 0.16 * w / (2 * d * math.tan(a / 2)),
            "sine": lambda d, w, a: 0.08 * w / (d * math.sin(math.radians(a) / 2)),
            "arc": lambda d, w, a: 0.16 * w / (d * math.radians(a)),
            "share of the angle": lambda d, w, a: w * 2 * math.degrees(math.atan(0.08 / d)) / a,
            "metres": shown_only,
            "per metre": lambda d, w, a: w / shown(d, a),
            "share": lambda d, w, a: 0.16 / shown(d, a),
            "centimetres": lambda d, w, a: 16 * w / shown(d, a),
            "rounded": lambda d, w, a: round(0.16 * w / shown(d, a)),
            "other": lambda d, w, a: 0.2 * w / shown(d, a),
        },
    )
    assert "half of the angle" in hints["whole angle"] and "radians" in hints["degrees"]


def shown_only(distance, width, angle):
    return shown(distance, angle)


# --- 6-2
def test_the_width_of_a_block_may_be_found_in_any_way():
    accept_all(
        chapter_06.check_2,
        [
            lambda face, square, margin: square / (face + 2 * margin * face),
            lambda face, square, margin: np.float32(square / face / (1 + 2 * margin)),
            lambda face, square, margin: 1 / (face * (1 + margin + margin) / square),
        ],
    )


def test_each_mistake_with_the_width_of_a_block_has_its_hint():
    hints = refuse_all(
        chapter_06.check_2,
        {
            "no margin": lambda face, square, margin: square / face,
            "one side": lambda face, square, margin: square / (face * (1 + margin)),
            "wider": lambda face, square, margin: square / face * (1 + 2 * margin),
            "turned round": lambda face, square, margin: face * (1 + 2 * margin) / square,
            "area": lambda face, square, margin: (square / (face * (1 + 2 * margin))) ** 2,
            "pixels": lambda face, square, margin: face * (1 + 2 * margin),
            "rounded": lambda face, square, margin: round(square / (face * (1 + 2 * margin))),
            "other": lambda face, square, margin: square - face,
        },
    )
    assert "margin" in hints["no margin"] and "both" in hints["one side"]


# --- 6-3
def chessboard(pixels):
    return np.kron(np.indices((pixels, pixels)).sum(axis=0) % 2, np.ones((1, 1)))


def counts_values(read):
    picture = (255 * np.repeat(chessboard(3)[..., None], 3, axis=2)).astype(np.uint8)
    return len(np.unique(read(picture, 50))) <= 2


def looks_for_grey(read):
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0] = 200
    enlarged = read(picture, 64)
    ends = (enlarged.min(), enlarged.max())
    return bool(np.isin(enlarged, ends).all())


def test_nearest_may_be_found_out_in_any_way():
    accept_all(chapter_06.check_3, [counts_values, looks_for_grey])


def expects_opencv(read):
    picture = np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8)
    wanted = cv2.resize(picture, (50, 50), interpolation=cv2.INTER_NEAREST)
    return np.array_equal(read(picture, 50), wanted)


def test_each_mistake_with_finding_nearest_has_its_hint():
    hints = refuse_all(
        chapter_06.check_3,
        {
            "one colour": lambda read: len(np.unique(read(np.zeros((4, 4, 3), np.uint8), 9))) == 1,
            "never": lambda read: False,
            "turned round": lambda read: not counts_values(read),
            "expects a picture": expects_opencv,
            "number": lambda read: 1,
        },
    )
    assert "one colour" in hints["one colour"]
    assert "other way round" in hints["turned round"]


# --- 6-4
@pytest.mark.parametrize(
    ("design", "words"),
    [
        ({"change": "A", "look at": "A", "acquitted when": "C"}, "size changes"),
        ({"change": "C", "look at": "A", "acquitted when": "C"}, "two things"),
        ({"change": "B", "look at": "B", "acquitted when": "C"}, "nothing else is wrong"),
        ({"change": "B", "look at": "C", "acquitted when": "C"}, "whether it hurts"),
        ({"change": "B", "look at": "A", "acquitted when": "A"}, "does no harm"),
        ({"change": "B", "look at": "A", "acquitted when": "B"}, "convict"),
        ({"change": "B", "look at": "A", "acquitted when": None}, "Choose A, B or C"),
        ({"change": "AB", "look at": "A", "acquitted when": "C"}, "Choose A, B or C"),
        ({"change": "B", "look at": "A"}, "lacks the key"),
        (["B", "A", "C"], "dictionary"),
    ],
)
def test_a_design_that_acquits_nobody_has_its_hint(design, words):
    verdict = chapter_06.check_4(design)
    assert verdict.state == "not yet" and words in verdict.hint


def test_small_letters_are_letters():
    design = {"change": "b", "look at": " a", "acquitted when": "c"}
    assert chapter_06.check_4(design).state == "passed"


# --- 6-5
def drawn(smallest, largest, count, rng):
    return (
        np.exp(rng.uniform(np.log(smallest), np.log(largest + 1), count))
        .astype(int)
        .clip(smallest, largest)
    )


def by_chances(smallest, largest, count, rng):
    sizes = np.arange(smallest, largest + 1)
    chances = np.log((sizes + 1) / sizes)
    return rng.choice(sizes, count, p=chances / chances.sum())


def test_sizes_may_be_drawn_in_any_way():
    accept_all(
        chapter_06.check_5,
        [
            drawn,
            by_chances,
            lambda a, b, n, rng: np.round(a * (b / a) ** rng.random(n)),
            lambda a, b, n, rng: list(map(int, drawn(a, b, n, rng))),
            lambda a, b, n, rng: np.round(
                np.exp(rng.uniform(np.log(a - 0.5), np.log(b + 0.5), n))
            ).clip(a, b),
        ],
    )


def test_each_mistake_with_drawing_sizes_has_its_hint():
    refuse_all(
        chapter_06.check_5,
        {
            "uniform": lambda a, b, n, rng: rng.integers(a, b + 1, n),
            "no end": (
                lambda a, b, n, rng: (
                    np.exp(rng.uniform(np.log(a), np.log(b + 1e-9), n))
                    .astype(int)
                    .clip(a, max(a, b - 1))
                )
            ),
            "floats": lambda a, b, n, rng: np.exp(rng.uniform(np.log(a), np.log(b), n)),
            "doublings": lambda a, b, n, rng: (
                np.minimum(a * 2 ** rng.integers(0, 4, n), b) if b > a else np.full(n, a)
            ),
            "own generator": lambda a, b, n, rng: drawn(a, b, n, np.random.default_rng(0)),
            "one": lambda a, b, n, rng: int(drawn(a, b, 1, rng)[0]),
            "turned round": lambda a, b, n, rng: (
                a + b - rng.integers(a, b + 1, n)
                if a == b
                else np.clip(np.round(a * (b / a) ** (rng.random(n) ** 3)), a, b)
            ),
            "logarithms": lambda a, b, n, rng: np.round(np.log(drawn(a, b, n, rng))),
            "smallest missing": lambda a, b, n, rng: drawn(min(a + 1, b), b, n, rng),
        },
    )
