"""Chapter 06: its table, matrices and gains follow from the answers alone; its layer is the
package's; its checks hint by what went wrong.
"""

import ast
import json
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jupytext
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from every_exercise import *
from exercises import Exercises, accept_all, refuse_all
from matplotlib.text import Text
from PIL import Image
from scipy import stats

from course_utils import evaluation, files, models, quiet
from course_utils.augmentation.face_size import RandomFaceSize
from course_utils.checks import chapter_06
from course_utils.figures import small_faces as small_face_figures
from course_utils.figures import training as training_figures

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = ROOT / "chapters" / "06_small_faces.py"
EXERCISES = Exercises("06_small_faces", chapter_06, known={"np": np})
CLASSES = ("with_mask", "without_mask")
RUNS = ("before", "more epochs", "after")
keras = quiet.import_keras()


@pytest.fixture(scope="module")
def chapter():
    """What the chapter defines: its functions and its layer, not what its cells do with them."""
    space = {
        "np": np,
        "pd": pd,
        "Image": Image,
        "keras": keras,
        "ops": keras.ops,
        "evaluation": evaluation,
        "CLASSES": CLASSES,
        "SMALL": (10, 40),
        "face_side": 32.0,
        "side": 48,
        "RUNS": RUNS,
        "NAMES": {"resnet34": "ResNet-34", "resnet50": "ResNet-50", "mobilenetv2": "MobileNetV2"},
    }
    for cell in jupytext.read(CHAPTER).cells:
        if cell.cell_type == "code" and not any(
            tag.startswith("exercise-") for tag in cell.metadata.get("tags", [])
        ):
            kept = [
                part
                for part in ast.parse(cell.source).body
                if isinstance(part, (ast.FunctionDef, ast.ClassDef))
            ]
            exec(compile(ast.Module(kept, []), str(CHAPTER), "exec"), space)
    return space


# --- the table, the matrices, the gains and the words come from the answers
@pytest.fixture
def answers():
    """Answers of three networks in three runs about 60 faces of 30 people: the remedy mends some
    and spoils a few.
    """
    rng = np.random.default_rng(6)
    label = np.where(rng.random(60) < 0.4, *CLASSES)
    rows = []
    for run, share in (("before", 0.7), ("more epochs", 0.75), ("after", 0.95)):
        for arch in models.NAMES:
            right = rng.random(60) < share
            said = np.where(right, label, np.where(label == CLASSES[0], CLASSES[1], CLASSES[0]))
            rows.append(
                pd.DataFrame(
                    {
                        "picture": [f"{number}.jpg" for number in range(60)],
                        "group": [f"g{number // 2}" for number in range(60)],
                        "label": label,
                        "faces": "small",
                        "run": run,
                        "network": arch,
                        "said": said,
                        "confidence": 0.9,
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def test_the_table_says_what_the_answers_say(chapter, answers):
    table = chapter["headline"](answers)
    assert (
        table.index.tolist() == [(arch, run) for run in RUNS for arch in models.NAMES]
        or len(table) == 9
    )
    for (arch, run), row in table.iterrows():
        some = answers[(answers.network == arch) & (answers.run == run)]
        counts = chapter["matrices"](answers, run)[arch]
        assert counts.index.tolist() == [
            "without_mask",
            "with_mask",
        ] and counts.to_numpy().sum() == len(some)
        assert row["accuracy"] == pytest.approx(np.trace(counts.to_numpy()) / len(some))
        for name in CLASSES:
            assert row[f"recall {name}"] == pytest.approx(
                counts.loc[name, name] / counts.loc[name].sum()
            )
            assert row[f"precision {name}"] == pytest.approx(
                counts.loc[name, name] / counts[name].sum()
            )


def test_one_changed_answer_changes_matrix_table_form_and_gain_of_its_run_alone(chapter, answers):
    number = answers.index[
        (answers.network == "resnet50") & (answers.run == "after") & (answers.said == answers.label)
    ][0]
    changed = answers.copy()
    changed.loc[number, "said"] = CLASSES[changed.loc[number, "said"] == CLASSES[0]]
    first, second = (
        {run: chapter["matrices"](rows, run) for run in RUNS} for rows in (answers, changed)
    )
    moved = {
        (run, arch): int(np.abs(first[run][arch] - second[run][arch]).to_numpy().sum())
        for run in first
        for arch in models.NAMES
    }
    assert moved == {
        key: 2 if key == ("after", "resnet50") else 0 for key in moved
    }  # one face leaves a cell, and enters another
    old, new = chapter["headline"](answers), chapter["headline"](changed)
    assert old.index[(old != new).any(axis=1)].tolist() == [("resnet50", "after")]
    assert old.accuracy["resnet50", "after"] - new.accuracy["resnet50", "after"] == pytest.approx(
        1 / 60
    )
    forms = chapter["in_its_form"](old), chapter["in_its_form"](new)
    assert forms[0].columns[(forms[0] != forms[1]).any()].tolist() == ["ResNet-50"]
    one, other = (chapter["gains"](rows, "before") for rows in (answers, changed))
    assert (
        one["resnet50"][0] - other["resnet50"][0] == pytest.approx(1 / 60)
        and one["resnet50"] != other["resnet50"]
    )
    assert one["resnet34"] == other["resnet34"]


def test_the_form_is_that_of_the_original(chapter, answers):
    form = chapter["in_its_form"](chapter["headline"](answers))
    assert form.columns.tolist() == ["ResNet-34", "ResNet-50", "MobileNetV2"] and form.shape == (
        9,
        3,
    )
    assert form.index[:3].tolist() == ["accuracy before", "recall before", "precision before"]
    counts = chapter["matrices"](answers, "before")["resnet34"]
    assert form.loc["recall before", "ResNet-34"] == " / ".join(
        f"{counts.loc[name, name] / counts.loc[name].sum():.4f}"
        for name in ("without_mask", "with_mask")
    )
    figure = small_face_figures.draw_headline(form, RUNS, "faces of 10 to 40 pixels")
    (table,) = figure.axes[0].tables
    assert (
        table[1, 0].get_text().get_text() == form.iloc[0, 0]
        and table[9, 2].get_text().get_text() == form.iloc[8, 2]
    )


def test_gains_compare_the_same_faces_in_any_order(chapter, answers):
    found = chapter["gains"](answers, "before")
    assert (
        chapter["gains"](answers.sample(frac=1, random_state=1), "before")["mobilenetv2"]
        == found["mobilenetv2"]
    )
    for arch, (gain, low, high, duel) in found.items():
        some = answers[answers.network == arch].pivot(index="picture", columns="run", values="said")
        label = answers.drop_duplicates("picture").set_index("picture").label[some.index]
        after, before = (some[run] == label for run in ("after", "before"))
        assert gain == pytest.approx(after.mean() - before.mean()) and low <= gain <= high
        assert (duel.only_first, duel.only_second) == (
            (after & ~before).sum(),
            (before & ~after).sum(),
        )


def test_the_words_follow_the_gains(chapter):
    def gain(low, high, p):
        return ((low + high) / 2, low, high, evaluation.Comparison(9, 1, p))

    said = chapter["verdict"]
    assert (
        said(
            {
                "resnet34": gain(0.01, 0.05, 0.001),
                "resnet50": gain(0.01, 0.05, 0.03),
                "mobilenetv2": gain(-0.01, 0.05, 0.001),
            }
        )
        == "ResNet-34 gains more than chance explains"
    )
    assert (
        said(
            {
                "resnet34": gain(0.01, 0.05, 0.001),
                "resnet50": gain(0, 0, 1),
                "mobilenetv2": gain(-0.05, -0.01, 0.001),
            }
        )
        == "ResNet-34 gains, MobileNetV2 loses more than chance explains"
    )
    assert (
        said({arch: gain(-0.05, 0.05, 0.9) for arch in models.NAMES})
        == "no network gains or loses more than chance explains"
    )


def reported(chapter, rows, folder):
    """Execute the cells that read the answers' file, as the chapter has them: what each figure says
    by its alternative text, and the words.
    """
    shown = {}

    def show(figure, alt, photographic=False):
        lines = [
            np.round(line.get_ydata(), 4).tolist() for axis in figure.axes for line in axis.lines
        ]
        cells = [
            cell.get_text().get_text()
            for axis in figure.axes
            for table in axis.tables
            for cell in table.get_celld().values()
        ]
        shown[alt] = [text.get_text() for text in figure.findobj(Text)], lines, cells
        plt.close(figure)

    rows.to_csv(folder / "predictions.csv", index=False)
    space = chapter | {
        "figures": SimpleNamespace(show=show),
        "out": SimpleNamespace(path=lambda name: folder / name),
        "plan": SimpleNamespace(curve=(5, 20)),
        "json": json,
        "files": files,
        "small_face_figures": small_face_figures,
        "training_figures": training_figures,
    }
    cells = [cell for cell in jupytext.read(CHAPTER).cells if cell.cell_type == "code"]
    first = next(
        number
        for number, cell in enumerate(cells)
        if 'read_csv(out.path("predictions.csv")' in cell.source
    )
    last = next(number for number, cell in enumerate(cells) if "curves_of(results)" in cell.source)
    for cell in cells[first : last + 1]:
        if not cell.metadata.get("tags") and "chapter_06.check" not in cell.source:
            exec(compile(cell.source, str(CHAPTER), "exec"), space)
    return shown, json.loads((folder / "verdicts.json").read_text())


@pytest.mark.parametrize(
    ("kind", "run", "changed_figures"),
    [
        (
            "camera",
            "after",
            (
                "table of the original on faces of 5 to 12",
                "matrices of the three networks after the remedy, on faces of 5 to 12",
                "Points gained",
            ),
        ),
        (
            "small",
            "before",
            (
                "table of the original on faces of 10 to 40",
                "matrices of the three networks before the remedy, on faces of 10 to 40",
                "Points gained",
            ),
        ),
        ("5 pixels", "after", ("Accuracy against the size",)),
    ],
)
def test_one_changed_prediction_changes_what_is_printed_of_it_and_nothing_else(
    chapter, answers, tmp_path, kind, run, changed_figures
):
    rows = pd.concat(
        [
            answers.assign(faces=name)
            for name in ("small", "camera", "whole", "5 pixels", "20 pixels")
        ],
        ignore_index=True,
    )
    first, words = reported(chapter, rows, tmp_path)
    number = rows.index[
        (rows.faces == kind)
        & (rows.network == "resnet50")
        & (rows.run == run)
        & (rows.said == rows.label)
    ][0]
    rows.loc[number, "said"] = CLASSES[rows.loc[number, "said"] == CLASSES[0]]
    second, _ = reported(chapter, rows, tmp_path)
    assert first.keys() == second.keys() and len(first) == 8 and len(words) == 6
    differing = [alt for alt in first if first[alt] != second[alt]]
    assert len(differing) == len(changed_figures) and all(
        any(part in alt for alt in differing) for part in changed_figures
    ), differing


def test_another_run_changes_table_curve_and_words_together(chapter, answers, tmp_path):
    rows = pd.concat(
        [
            answers.assign(faces=name)
            for name in ("small", "camera", "whole", "5 pixels", "20 pixels")
        ],
        ignore_index=True,
    )
    other = rows.assign(said=np.where(rows.run == "after", np.roll(rows.said, 1), rows.said))
    (first, words), (second, other_words) = (
        reported(chapter, rows, tmp_path),
        reported(chapter, other, tmp_path),
    )
    unchanged = [alt for alt in first if first[alt] == second[alt]]
    assert (
        all("before the remedy" in alt for alt in unchanged)
        and len(unchanged) == 2
        and words != other_words
    )


# --- the rule by which the remedy is chosen
def trial(small, whole, count=200, seed=0):
    """Answers of a remedy with these accuracies: nested, so that the better one has right whatever
    the worse one has.
    """
    order = np.random.default_rng(seed).permutation(count) / count
    return {"small": order < small, "camera": order < small, "whole": order < whole}


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (
            {"10 to 40": (0.90, 0.95), "10 to 100": (0.91, 0.95)},
            "10 to 40",
        ),  # a point better is chance
        ({"10 to 40": (0.80, 0.95), "10 to 100": (0.95, 0.95)}, "10 to 100"),  # fifteen are none
        (
            {"10 to 40": (0.95, 0.90), "10 to 100": (0.88, 0.95), "nearest": (0.86, 0.95)},
            "10 to 100",
        ),  # the plain one costs too much
        (
            {"10 to 40": (0.95, 0.80), "10 to 100": (0.93, 0.90)},
            "10 to 100",
        ),  # all cost too much: the cheapest
    ],
)
def test_the_rule_prefers_the_plain_remedy_unless_it_costs_or_is_beaten_by_more_than_chance(
    chapter, found, wanted
):
    right = {"before": trial(0.99, 0.99), "no layer": trial(0.75, 0.95)} | {
        title: trial(*values) for title, values in found.items()
    }
    assert chapter["choose"](right) == wanted


# --- the layer
def test_the_layer_written_in_the_chapter_is_the_packages(chapter):
    faces = np.random.default_rng(0).uniform(0, 255, (6, 48, 48, 3)).astype(np.float32)
    for pixels in (10, 17, 31):
        ours = chapter["SmallFaces"](pixels, pixels)(faces, training=True)
        assert np.abs(ours - RandomFaceSize(pixels, pixels)(faces, training=True)).max() < 0.01
    many = chapter["SmallFaces"](10, 40, seed=1)(
        np.repeat(faces[:1], 300, axis=0), training=True
    ).numpy()
    assert (
        len(np.unique(many.reshape(300, -1)[:, :50].round(2), axis=0)) == 23
    )  # 10 to 31 pixels, and as it is from 32 on
    assert np.array_equal(chapter["SmallFaces"](10, 40)(faces), faces)


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
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout.split() == list(CLASSES), done.stderr
    assert np.allclose(np.load(tmp_path / "said.npy"), inner(faces), atol=1e-5)


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
def blocks(picture, factor):
    return picture.astype(float).reshape(
        picture.shape[0] // factor, factor, picture.shape[1] // factor, factor, 3
    )


def by_pillow(picture, factor):
    channels = [
        Image.fromarray(picture[..., channel].astype(np.float32)).reduce(factor)
        for channel in range(3)
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)


def by_loops(picture, factor):
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    return [
        [
            picture[y * factor : (y + 1) * factor, x * factor : (x + 1) * factor].mean(axis=(0, 1))
            for x in range(width)
        ]
        for y in range(height)
    ]


def test_a_picture_may_be_shrunk_in_any_way():
    accept_all(
        chapter_06.check_2,
        [
            lambda p, f: blocks(p, f).mean(axis=(1, 3)),
            by_pillow,
            by_loops,
            lambda p, f: keras.ops.average_pool(p[None].astype(np.float32), f)[0],
            lambda p, f: (blocks(p, f).sum(axis=3).sum(axis=1) / f**2).astype(np.float32),
        ],
    )


def test_each_mistake_with_shrinking_has_its_hint():
    def in_place(picture, factor):
        answer = blocks(picture, factor).mean(axis=(1, 3))
        picture[:] = 0
        return answer

    refuse_all(
        chapter_06.check_2,
        {
            "every other": lambda p, f: p[::f, ::f],
            "sum": lambda p, f: blocks(p, f).sum(axis=(1, 3)),
            "brightest": lambda p, f: blocks(p, f).max(axis=(1, 3)),
            "median": lambda p, f: np.median(blocks(p, f), axis=(1, 3)),
            "rounded": lambda p, f: blocks(p, f).mean(axis=(1, 3)).round(),
            "0 to 1": lambda p, f: blocks(p, f).mean(axis=(1, 3)) / 255,
            "grey": lambda p, f: np.repeat(
                blocks(p, f).mean(axis=(1, 3)).mean(axis=2, keepdims=True), 3, axis=2
            ),
            "one channel": lambda p, f: blocks(p, f).mean(axis=(1, 3, 4)),
            "scrambled": (
                lambda p, f: (
                    p.astype(float)
                    .reshape(p.shape[0] // f, p.shape[1] // f, f, f, 3)
                    .mean(axis=(2, 3))
                )
            ),
            "changed": in_place,
            "overflow": (
                lambda p, f: (
                    p.reshape(p.shape[0] // f, f, p.shape[1] // f, f, 3).sum(
                        axis=(1, 3), dtype=np.uint8
                    )
                    / f**2
                )
            ),
            "other": lambda p, f: blocks(p, f).mean(axis=(1, 3)) + 1,
        },
    )


# --- 6-3
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
        chapter_06.check_3,
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
        chapter_06.check_3,
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


# --- 6-4
def test_p_may_be_computed_in_any_way():
    accept_all(
        chapter_06.check_4,
        [
            lambda a, b: min(1, 2 * stats.binom.cdf(min(a, b), a + b, 0.5)),
            lambda a, b: stats.binomtest(a, a + b, 0.5).pvalue if a + b else 1,
            lambda a, b: evaluation.mcnemar([1] * a + [0] * b, [0] * a + [1] * b).p_value,
            lambda a, b: min(
                1.0, 2 * sum(math.comb(a + b, k) for k in range(min(a, b) + 1)) / 2 ** (a + b)
            ),
        ],
    )


def test_each_mistake_with_p_has_its_hint():
    def right(a, b):
        return min(1.0, 2 * stats.binom.cdf(min(a, b), a + b, 0.5))

    hints = refuse_all(
        chapter_06.check_4,
        {
            "one side": lambda a, b: stats.binom.cdf(min(a, b), a + b, 0.5),
            "above one": lambda a, b: 2 * stats.binom.cdf(min(a, b), a + b, 0.5),
            "second": lambda a, b: 2 * stats.binom.cdf(b, a + b, 0.5),
            "exactly": lambda a, b: stats.binom.pmf(a, a + b, 0.5),
            "twice exactly": lambda a, b: (
                min(1.0, 2 * stats.binom.pmf(a, a + b, 0.5)) if a + b else 1.0
            ),
            "chi-square": lambda a, b: stats.chi2.sf((a - b) ** 2 / (a + b), 1) if a + b else 1.0,
            "Edwards": lambda a, b: (
                stats.chi2.sf(max(0, abs(a - b) - 1) ** 2 / (a + b), 1) if a + b else 1.0
            ),
            "nan": lambda a, b: right(a, b) if a + b else float("nan"),
            "complement": lambda a, b: 1 - right(a, b),
            "greater": lambda a, b: stats.binom.sf(b - 1, a + b, 0.5),
            "other": lambda a, b: 0.9 * right(a, b),
        },
    )
    assert "one side" in hints["one side"] and "1" in hints["nan"]


# --- 6-5
def test_the_expected_accuracy_may_be_computed_in_any_way():
    accept_all(
        chapter_06.check_5,
        [
            lambda c, s, a: np.interp(np.log(c), np.log(s), a).mean(),
            lambda c, s, a: sum(np.interp(math.log2(size), np.log2(s), a) for size in c) / len(c),
            lambda c, s, a: np.float32(np.mean(np.interp(np.log10(c), np.log10(s), a))),
        ],
    )


def test_each_mistake_with_the_expected_accuracy_has_its_hint():
    def right(camera, sizes, accuracies):
        return np.interp(np.log(camera), np.log(sizes), accuracies).mean()

    def in_place(camera, sizes, accuracies):
        camera[:] = np.log(camera)
        return np.interp(camera, np.log(sizes), accuracies).mean()

    def beyond(camera, sizes, accuracies):
        from scipy.interpolate import interp1d

        return interp1d(np.log(sizes), accuracies, fill_value="extrapolate")(np.log(camera)).mean()

    refuse_all(
        chapter_06.check_5,
        {
            "pixels": lambda c, s, a: np.interp(c, s, a).mean(),
            "mean size": lambda c, s, a: np.interp(np.log(c.mean()), np.log(s), a),
            "median": lambda c, s, a: np.interp(np.log(np.median(c)), np.log(s), a),
            "mean of the curve": lambda c, s, a: a.mean(),
            "nearest": (
                lambda c, s, a: a[np.abs(np.log(c)[:, None] - np.log(s)).argmin(axis=1)].mean()
            ),
            "beyond": beyond,
            "sum": lambda c, s, a: np.interp(np.log(c), np.log(s), a).sum(),
            "worst": lambda c, s, a: np.interp(np.log(c), np.log(s), a).min(),
            "percent": lambda c, s, a: 100 * right(c, s, a),
            "rounded": lambda c, s, a: round(right(c, s, a), 2),
            "changed": in_place,
            "other": lambda c, s, a: right(c, s, a) - 0.01,
        },
    )
