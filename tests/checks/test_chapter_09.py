"""Chapter 09: its checks accept every right answer and refuse wrong ones with a hint each; its card
says what it must.
"""

import dataclasses
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from every_exercise import *
from exercises import Exercises, accept_all, refuse_all
from scipy.stats import norm

from course_utils import evaluation, profiles
from course_utils.checks import chapter_09
from course_utils.evaluation import model_card

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = Exercises(
    "09_release",
    chapter_09,
    known={"np": np, "pd": pd, "bootstrap_interval": evaluation.bootstrap_interval},
    no_answers=(
        lambda *arguments: True,
        lambda *arguments: pd.DataFrame(),
    ),
)


# --- 9-1
def table(
    rows,
    column,
    people=lambda part: part.group.nunique(),
    right=lambda part: part.right.mean(),
    groups=lambda part: part.group,
    ends=None,
):
    lines = {}
    for value, part in rows.groupby(column):
        low, high = ends or evaluation.bootstrap_interval(part.right, groups(part))
        lines[value] = {"people": people(part), "right": right(part), "low": low, "high": high}
    return pd.DataFrame.from_dict(lines, orient="index")


def own_bootstrap(rows, column):
    rng, lines = np.random.default_rng(), {}
    for value in rows[column].unique():
        part = rows[rows[column] == value]
        by_person = part.groupby("group")["right"].agg(["sum", "size"]).to_numpy()
        drawn = by_person[rng.integers(0, len(by_person), (4000, len(by_person)))].sum(axis=1)
        low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
        lines[value] = [len(by_person), part["right"].mean(), low, high]
    return pd.DataFrame(lines, index=["people", "right", "low", "high"]).T


def test_a_slice_table_may_be_mended_in_any_way():
    accept_all(
        chapter_09.check_1,
        [
            table,
            own_bootstrap,
            lambda rows, column: table(
                rows, column, people=lambda part: len(set(part.group))
            ).assign(pictures=1),
            lambda rows, column: table(
                rows, column, people=lambda part: len(part.drop_duplicates("group"))
            ),
        ],
    )


def test_each_mistake_with_the_slice_table_has_its_hint():
    def one_picture_each(rows, column):
        return table(rows.drop_duplicates("group"), column)

    def in_place(rows, column):
        rows["extra"] = 1
        return table(rows, column)

    refuse_all(
        chapter_09.check_1,
        {
            "only the interval": lambda rows, column: table(rows, column, people=len),
            "only the count": lambda rows, column: table(rows, column, groups=lambda part: None),
            "all people": lambda rows, column: table(
                rows, column, people=lambda part: rows.group.nunique()
            ),
            "one picture each": one_picture_each,
            "mean of people": lambda rows, column: table(
                rows, column, right=lambda part: part.groupby("group").right.mean().mean()
            ),
            "in place": in_place,
            "one interval": lambda rows, column: table(
                rows, column, ends=evaluation.bootstrap_interval(rows.right, rows.group)
            ),
            "other names": lambda rows, column: table(rows, column).rename(columns={"people": "n"}),
            "fixed column": lambda rows, column: table(rows, "light"),
            "90 %": (
                lambda rows, column: table(rows, column).assign(
                    low=lambda t: t.right - 0.05, high=lambda t: t.right + 0.05
                )
            ),
            "people less one": lambda rows, column: table(
                rows, column, people=lambda part: part.group.nunique() - 1
            ),
        },
    )


# --- 9-2
def exactly(p, q, reach=1.96 + 0.84):
    return reach**2 * (p * (1 - p) + q * (1 - q)) / (p - q) ** 2


def needed(p, q, reach=1.96 + 0.84):
    return int(np.ceil(exactly(p, q, reach)))


def by_trying(p, q):
    n = 1
    while abs(p - q) < (1.96 + 0.84) * np.sqrt(p * (1 - p) / n + q * (1 - q) / n):
        n += 1
    return n


def test_the_number_of_people_may_be_found_in_any_way():
    sharp = norm.ppf(0.975) + norm.ppf(0.8)
    accept_all(
        chapter_09.check_2,
        [
            needed,
            by_trying,
            lambda p, q: float(needed(p, q)),
            lambda p, q: np.int64(needed(p, q, sharp)),
        ],
    )


def test_each_mistake_with_the_number_of_people_has_its_hint():
    def with_variance(variance):
        return lambda p, q: int(np.ceil(2.8**2 * variance(p, q) / (p - q) ** 2))

    refuse_all(
        chapter_09.check_2,
        {
            "down": lambda p, q: int(exactly(p, q)),
            "nearest": lambda p, q: round(exactly(p, q)),
            "not whole": exactly,
            "one more": lambda p, q: needed(p, q) + 1,
            "both": lambda p, q: 2 * needed(p, q),
            "every second": lambda p, q: needed(p, q, 1.96),
            "0.84 alone": lambda p, q: needed(p, q, 0.84),
            "less": lambda p, q: needed(p, q, 1.96 - 0.84),
            "twice": lambda p, q: needed(p, q, 5.6),
            "squares": lambda p, q: needed(p, q, np.sqrt(1.96**2 + 0.84**2)),
            "three": lambda p, q: needed(p, q, 3),
            "first only": with_variance(lambda p, q: p * (1 - p)),
            "second only": with_variance(lambda p, q: q * (1 - q)),
            "subtracted": with_variance(lambda p, q: p * (1 - p) - q * (1 - q)),
            "averaged": with_variance(lambda p, q: 2 * ((p + q) / 2) * (1 - (p + q) / 2)),
            "mean variance": with_variance(lambda p, q: (p * (1 - p) + q * (1 - q)) / 2),
            "deviations": with_variance(
                lambda p, q: (np.sqrt(p * (1 - p)) + np.sqrt(q * (1 - q))) ** 2
            ),
            "no square": lambda p, q: int(
                np.ceil(2.8 * np.sqrt(p * (1 - p) + q * (1 - q)) / abs(p - q))
            ),
            "root of variance": lambda p, q: int(
                np.ceil(2.8**2 * np.sqrt(p * (1 - p) + q * (1 - q)) / (p - q) ** 2)
            ),
            "gap alone": lambda p, q: int(
                np.ceil(2.8**2 * (p * (1 - p) + q * (1 - q)) / abs(p - q))
            ),
            "sign": lambda p, q: int(np.ceil(2.8**2 * (p * (1 - p) + q * (1 - q)) / (p - q))),
            "near": lambda p, q: int(1.1 * needed(p, q)),
        },
    )


# --- 9-3
def error(c, r, bins=10, weight=np.mean, gap=lambda c, r: abs(c.mean() - r.mean()), join=sum):
    number = np.digitize(c, np.linspace(0, 1, bins + 1)[1:-1])
    return join(
        [
            weight(number == one) * gap(c[number == one], r[number == one])
            for one in np.unique(number)
        ]
    )


def test_the_calibration_error_may_be_computed_in_any_way():
    def with_pandas(c, r, bins=10):
        cut = pd.cut(c, np.linspace(0, 1, bins + 1))
        means = pd.DataFrame({"c": c, "r": r}).groupby(cut, observed=True).agg(["mean", "size"])
        return np.average(
            (means["c", "mean"] - means["r", "mean"]).abs(), weights=means["c", "size"]
        )

    def with_sums(c, r, bins=10):
        edges = np.linspace(0, 1, bins + 1)
        return sum(
            abs((c - r)[(c >= low) & (c < high)].sum()) for low, high in itertools.pairwise(edges)
        ) / len(c)

    accept_all(
        chapter_09.check_3,
        [
            error,
            evaluation.calibration_error,
            with_pandas,
            with_sums,
            lambda c, r, bins=10: np.array([error(c, r, bins)]),
        ],
    )


def test_each_mistake_with_the_calibration_error_has_its_hint():
    def in_place(c, r, bins=10):
        c.sort()
        return error(c, r, bins)

    def middle(c, r, bins=10):
        number = np.digitize(c, np.linspace(0, 1, bins + 1)[1:-1])
        return sum(
            (number == one).mean() * abs((one + 0.5) / bins - r[number == one].mean())
            for one in np.unique(number)
        )

    def empty_bins(c, r, bins=10):
        edges = np.linspace(0, 1, bins + 1)
        with np.errstate(all="ignore"):
            gaps = [
                abs(c[(c >= low) & (c < high)].mean() - r[(c >= low) & (c < high)].mean())
                * ((c >= low) & (c < high)).mean()
                for low, high in itertools.pairwise(edges)
            ]
        return sum(gaps)

    one = lambda inside: 1  # noqa: E731
    refuse_all(
        chapter_09.check_3,
        {
            "overall": lambda c, r, bins=10: abs(c.mean() - r.mean()),
            "mean of bins": lambda c, r, bins=10: error(c, r, bins, weight=one, join=np.mean),
            "all bins": lambda c, r, bins=10: error(c, r, bins, weight=lambda inside: 1 / bins),
            "highest": lambda c, r, bins=10: error(c, r, bins, weight=one, join=max),
            "sum": lambda c, r, bins=10: error(c, r, bins, weight=one),
            "counts": lambda c, r, bins=10: error(c, r, bins, weight=np.sum),
            "signed": lambda c, r, bins=10: error(c, r, bins, gap=lambda c, r: r.mean() - c.mean()),
            "squared": lambda c, r, bins=10: error(
                c, r, bins, gap=lambda c, r: (r.mean() - c.mean()) ** 2
            ),
            "middle": middle,
            "faces": lambda c, r, bins=10: np.abs(r - c).mean(),
            "Brier": lambda c, r, bins=10: ((r - c) ** 2).mean(),
            "ten bins": lambda c, r, bins=10: error(c, r),
            "percent": lambda c, r, bins=10: 100 * error(c, r, bins),
            "rounded": lambda c, r, bins=10: round(error(c, r, bins), 2),
            "in place": in_place,
            "empty bins": empty_bins,
            "other default": lambda c, r, bins=15: error(c, r, bins),
            "near": lambda c, r, bins=10: 1.02 * error(c, r, bins),
        },
    )


# --- 9-4
def expected(level, p, wears, share, a, b):
    return share * a * np.mean(p[~wears] >= level) + (1 - share) * b * np.mean(p[wears] < level)


def cheapest(p, wears, share, a, b, cost=expected, levels=None):
    return min(
        [*np.sort(p), 1.01] if levels is None else levels,
        key=lambda level: cost(level, p, wears, share, a, b),
    )


def test_any_threshold_of_the_lowest_cost_is_accepted():
    def with_curve(p, wears, share, a, b):
        from sklearn.metrics import roc_curve

        passed, found, levels = roc_curve(wears, p, drop_intermediate=False)
        return levels[np.argmin(share * a * passed + (1 - share) * b * (1 - found))]

    def between(p, wears, share, a, b):
        levels = np.sort(p)
        return cheapest(p, wears, share, a, b, levels=[0, *(levels[1:] + levels[:-1]) / 2, 1.01])

    accept_all(
        chapter_09.check_4,
        [
            cheapest,
            with_curve,
            between,
            lambda *a: np.array(cheapest(*a)),
            lambda *a: cheapest(*a, levels=np.linspace(0, 1.01, 20201)),
        ],
    )


def test_each_mistake_with_the_threshold_has_its_hint():
    def of(cost):
        return lambda *arguments: cheapest(*arguments, cost=cost)

    refuse_all(
        chapter_09.check_4,
        {
            "counts": of(lambda t, p, w, s, a, b: a * np.sum(p[~w] >= t) + b * np.sum(p[w] < t)),
            "costs exchanged": of(lambda t, p, w, s, a, b: expected(t, p, w, s, b, a)),
            "share exchanged": of(lambda t, p, w, s, a, b: expected(t, p, w, 1 - s, a, b)),
            "no share": of(lambda t, p, w, s, a, b: expected(t, p, w, 0.5, a, b)),
            "no costs": of(lambda t, p, w, s, a, b: expected(t, p, w, s, 1, 1)),
            "fewest mistakes": of(lambda t, p, w, s, a, b: np.mean((p >= t) != w)),
            "labels exchanged": of(lambda t, p, w, s, a, b: expected(t, p, ~w, s, a, b)),
            "dearest": of(lambda t, p, w, s, a, b: -expected(t, p, w, s, a, b)),
            "the cost": lambda *arguments: expected(cheapest(*arguments), *arguments),
            "of none": lambda *arguments: 1 - cheapest(*arguments),
            "half": lambda *arguments: 0.5,
            "coarse": lambda *arguments: cheapest(*arguments, levels=np.linspace(0, 1, 41)),
        },
    )


# --- what the chapter takes ready-made
def test_slices_count_people_and_keep_the_order_of_categories():
    rows = pd.DataFrame(
        {
            "group": ["a", "a", "b", "c"],
            "right": [True, False, True, True],
            "age": pd.Categorical(["old", "old", "young", None], ["young", "old"]),
        }
    )
    found = evaluation.slice_table(rows, ["age"])
    assert found[["attribute", "slice", "people", "pictures", "share"]].to_numpy().tolist() == [
        ["age", "young", 1, 1, 1.0],
        ["age", "old", 1, 2, 0.5],
    ]
    assert evaluation.slice_table(rows, []).empty


def test_reliability_puts_each_answer_into_one_bin():
    table = evaluation.reliability([0.5, 0.55, 0.6, 1.0, 0.0], [True, False, True, True, False])
    assert table.index.tolist() == [0, 4, 5, 9] and table.faces.tolist() == [1, 1, 2, 1]
    assert evaluation.calibration_error([1.0, 1.0], [True, False]) == pytest.approx(0.5)
    assert evaluation.calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)


# --- the model card
def card(profile):
    rows = pd.DataFrame(
        {"group": list("abcdef"), "right": [True] * 5 + [False], "age": ["old"] * 3 + ["young"] * 3}
    )
    facts = {
        "network": "MobileNetV2",
        "parameters": 412_345,
        "size": 48,
        "train_faces": 1000,
        "validation_faces": 20,
        "validation_people": 19,
        "test_faces": 6,
        "test_people": 6,
        "temperature": 1.5,
        "error_before": 0.1,
        "error_after": 0.04,
        "threshold": 0.3,
        "threshold_low": 0.125,
        "threshold_high": 0.625,
        "cost": 20,
        "share_without": 0.02,
        "precision": 0.2,
        "system": "As a whole.",
    }
    slices = evaluation.slice_table(rows, ["age"])
    return model_card.sections(
        profile, facts, slices, slices, slices if profile == "sample" else slices[:0]
    )


@pytest.mark.parametrize("profile", ["sample", "real"])
def test_the_card_holds_every_section_and_every_figure(profile, tmp_path):
    model_card.write(tmp_path / "card.md", card(profile))
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    for title in (
        "Intended use",
        "Not intended",
        "Data",
        "Results",
        "Limits",
        "Ethical considerations",
        "How it was made",
    ):
        assert f"\n## {title}\n" in text
    for figure in (
        "412,345",
        "1,000 faces",
        "1.50",
        "0.100",
        "30.0 %",
        "66.7 %",
        "12.5 % to 62.5 %",
        "Seed 2021",
        "tensorflow ",
    ):
        assert figure in text
    assert str(ROOT) not in text and not re.search(r"\d\d:\d\d|20\d\d-\d\d-\d\d", text)


def test_the_card_of_own_pictures_says_nothing_of_others(monkeypatch):
    """In a profile of one's own, and in a fork whose profile "real" is another set."""
    for name in ("room", "real"):
        profile = dataclasses.replace(
            profiles.PROFILES["real"], name=name, dataset="own", title="people with a helmet"
        )
        monkeypatch.setitem(profiles.PROFILES, name, profile)
        written = card(name)
        assert written["Data"].startswith("Run on people with a helmet. What they are, where")
        text = " ".join(written.values())
        assert "Face-Mask-Detection" not in text and "famous people" not in text
        assert len(written["Limits"].splitlines()) == 3
        assert "annotated for masks" in written["The whole system"]
    assert "annotated for masks" not in card("sample")["The whole system"]


def test_the_card_names_the_classes_as_people_read_them(monkeypatch):
    assert "whether a mask is worn properly" in card("sample")["Model"]
    monkeypatch.setitem(model_card.WORDS, "with_mask", "Helmet")
    monkeypatch.setitem(model_card.WORDS, "without_mask", "NoHelmet")
    said = card("sample")["Model"]
    assert "Helmet (`with_mask`), or NoHelmet (`without_mask`)" in said and "worn" not in said


def test_the_page_of_the_book_is_a_card_as_it_is_written_today():
    page = (ROOT / "book" / "model_card.md").read_text(encoding="utf-8")
    parts = dict(part.split("\n\n", 1) for part in page.split("\n## ")[1:])
    today = card("sample")
    assert list(parts) == list(today)
    for title in (
        "Intended use",
        "Not intended",
        "How it was measured",
        "Limits",
        "Ethical considerations",
    ):
        assert parts[title].strip() == today[title].strip(), (
            "book/model_card.md is older than course_utils/evaluation/model_card.py: see"
            f" CONTRIBUTING on how to write it again ({title})"
        )
    assert str(ROOT) not in page


def test_the_page_of_the_book_holds_the_figures_that_the_chapter_shows():
    page = (ROOT / "book" / "model_card.md").read_text(encoding="utf-8")
    parts = dict(part.split("\n\n", 1) for part in page.split("\n## ")[1:])
    notebook = json.loads((ROOT / "chapters" / "09_release.ipynb").read_text(encoding="utf-8"))
    outputs = [
        output["data"]["text/markdown"]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
        for output in cell["outputs"]
        if "text/markdown" in output.get("data", {})
    ]
    assert len(outputs) == 1
    shown = "".join(outputs[0])
    for title in ("Confidence", "Threshold", "The whole system"):
        assert f"**{title}**\n\n{parts[title].strip()}" in shown, (
            "book/model_card.md is another run's than the chapter's outputs: copy"
            f" work/sample/09_release/MODEL_CARD.md there ({title})"
        )
