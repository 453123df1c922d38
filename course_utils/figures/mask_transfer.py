"""Figures of drawn masks beside worn ones: their light, and what a classifier learns from them.

Drawing only. Each function takes finished numbers and shows a figure with its alternative text.
"""

import matplotlib.pyplot as plt
import numpy as np

from course_utils.figures import COLORS, show, show_pictures
from course_utils.masks.choice import WEARS


def show_lightness(skin, kinds):
    """Show the grey level of masks against that of the skin below.

    Parameters
    ----------
    skin : sequence of float, 0 to 255
    kinds : dict of str to sequence of float
    """
    figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
    for (name, values), color, marker in zip(
        kinds.items(), (COLORS["without_mask"], COLORS["with_mask"]), "x."
    ):
        axis.plot(skin, values, marker, color=color, label=name, alpha=0.8)
    axis.set(xlabel="mean grey level of the skin below", ylabel="mean grey level of the mask")
    axis.legend(frameon=False)
    show(
        figure,
        "Grey level of the mask against that of the skin below it. Pasted masks lie on a flat"
        " line; the others rise with the skin.",
    )


GROUPS = ("bare faces", "masks made\nthe same way", "worn masks")


def show_transfer(right):
    """Show what each classifier got right on each group of test pictures.

    Parameters
    ----------
    right : dict of str to sequence of float
        What it was trained on, to its shares of `GROUPS`, 0 to 1.
    """
    figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
    width = 0.8 / len(right)
    for number, ((name, shares), color) in enumerate(
        zip(right.items(), (COLORS["without_mask"], "#56B4E9", COLORS["with_mask"]))
    ):
        places = np.arange(len(GROUPS)) + (number - (len(right) - 1) / 2) * width
        bars = axis.bar(places, 100 * np.array(shares), width * 0.92, color=color, label=name)
        axis.bar_label(bars, fmt="%.0f", fontsize=9)
    axis.set(
        xticks=range(len(GROUPS)),
        xticklabels=GROUPS,
        ylabel="right (%)",
        ylim=(0, 134),
        yticks=range(0, 101, 20),
    )
    axis.legend(frameon=False, loc="upper center", ncols=len(right))
    show(
        figure,
        "Bars of the share that each classifier gets right on bare faces, on masks made the"
        " same way, and on worn masks.",
    )


def show_rendered_and_drawn(rendered, drawn):
    """Show rendered masks in green frames beside drawn masks in grey ones, a row a way of wearing.

    Parameters
    ----------
    rendered, drawn : sequence of 16 ndarray, uint8, (H, W, 3)
        Four each of every way of wearing, in the order of `course_utils.masks.choice.WEARS`.
    """
    alt = (
        "Rows of four rendered masks (green frames) and four drawn masks (grey frames), worn"
        " properly, under the nose, on the nose only and under the chin."
    )
    pictures = []
    for first in range(0, len(rendered), 4):
        pictures += [*rendered[first : first + 4], *drawn[first : first + 4]]
    colors = ([COLORS["highlight"]] * 4 + [COLORS["neutral"]] * 4) * len(WEARS)
    titles = ["rendered", "", "", "", "drawn", "", "", ""]
    show_pictures(pictures, alt, titles, columns=8, size=1.2, colors=colors, row_titles=WEARS)


def show_transfer_reference(reference, cut_out=False):
    """Show and print how accurate each source of training masks made a network on photographs.

    Parameters
    ----------
    reference : dict
        What `benchmarks/mask_transfer.py` wrote.
    cut_out : bool
        Add the run on faces that were cut out, and print how much better it is.
    """
    rows, final = reference["rows"], reference["cut_out"]
    count, seeds = reference["test_pictures"], reference["seeds"]
    if not cut_out:
        _show_reference(
            rows,
            count,
            "Accuracy on photographs of worn masks and bare faces, with intervals: one blue mask"
            " pasted is far behind, one blue mask drawn better, and all kinds drawn come close to"
            " training with photographs of worn masks.",
        )
        print(
            f"Right on {count} photographs, half of them with a worn mask (mean of {seeds} seeds,"
            " 95 % interval):"
        )
        for name, row in rows.items():
            reach = 1.96 * np.sqrt(_variance(row["accuracy"], count))
            print(f"  trained on {name}: {100 * row['accuracy']:.0f} % ± {100 * reach:.0f}")
        return
    (last,) = final["rows"].values()
    _show_reference(
        rows | {"all kinds, drawn five times\non each face, cut out": last},
        count,
        "The dots from before and a last one: all kinds, drawn five times on each face, which is"
        " cut out. It lies between all kinds drawn and photographs of worn masks, and its interval"
        " overlaps both.",
    )
    after = last["accuracy"]
    before = rows["all kinds, drawn"]["accuracy"]
    reach = 1.96 * np.sqrt(_variance(before, count) + _variance(after, count))
    low, high = 100 * (after - before - reach), 100 * (after - before + reach)
    print(
        f"All kinds, drawn: {100 * after:.1f} % right with five masks on each face, cut out;"
        f" {100 * before:.1f} % with one on whole pictures. The difference,"
        f" {100 * (after - before):.1f} points, has a 95 % interval from {low:.1f} to {high:.1f}."
    )


def _variance(accuracy, count):
    return accuracy * (1 - accuracy) / count


def _show_reference(rows, count, alt):
    figure, axis = plt.subplots(figsize=(7.5, 0.8 + 0.42 * len(rows)), layout="constrained")
    for place, (name, row) in enumerate(rows.items()):
        percent = 100 * row["accuracy"]
        reach = 196 * np.sqrt(_variance(row["accuracy"], count))
        color = COLORS["with_mask"] if "drawn" in name else COLORS["neutral"]
        axis.errorbar(percent, place, xerr=reach, fmt="o", color=color, capsize=3)
        axis.annotate(
            f"{percent:.0f}",
            (percent + reach, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axis.axvline(50, color="black", linestyle=":")
    axis.set(
        yticks=range(len(rows)),
        yticklabels=list(rows),
        xlabel="right on photographs (%), 95 % interval; 50 is chance",
        xlim=(45, 101),
        ylim=(len(rows) - 0.5, -0.5),
    )
    show(figure, alt)


def show_classes(table):
    """Show how many pictures each way of wearing has, stacked by split.

    The colour is that of the label it is merged into.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `wearing`, `split` and `label`.
    """
    figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
    ways = table.wearing.value_counts().index
    colors = [COLORS["with_mask" if way == "proper" else "without_mask"] for way in ways]
    base = np.zeros(len(ways))
    for split, strength in (("train", 1), ("validation", 0.65), ("test", 0.35)):
        counts = np.array([((table.wearing == way) & (table.split == split)).sum() for way in ways])
        axis.barh(
            range(len(ways)), counts, left=base, color=colors, alpha=strength, edgecolor="white"
        )
        for place, (count, start) in enumerate(zip(counts, base)):
            if count > 0.04 * len(table):
                axis.text(
                    start + count / 2,
                    place,
                    split,
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if strength > 0.5 else "black",
                )
        base += counts
    names = [f"{way.replace('_', ' ')}: {'with' if way == 'proper' else 'without'}" for way in ways]
    axis.set(yticks=range(len(ways)), yticklabels=names, xlabel="pictures")
    axis.invert_yaxis()
    show(
        figure,
        "Bars of the pictures in each class, stacked by split; the colour says which of the two"
        " labels a class is merged into.",
    )
