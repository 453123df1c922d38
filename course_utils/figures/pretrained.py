"""Figures of the pretrained base: a head that is cut off, where a network looks, what it is worth.

Drawing only: finished numbers and pictures come in.
"""

import json

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch

from course_utils import figures, project
from course_utils.figures import COLORS
from course_utils.figures.training import LINES, TITLES


def show_cut(face, parameters):
    """Show how a head is cut off a finished network, and another one is put on its base.

    Parameters
    ----------
    face : ndarray, uint8, (height, width, 3), RGB
    parameters : int
        Of the base.
    """
    figure, axis = plt.subplots(figsize=(8.5, 2.9), layout="constrained")
    axis.set(xlim=(0, 10.2), ylim=(0, 3.2))
    axis.axis("off")
    axis.imshow(face, extent=(0.1, 1.9, 0.7, 2.5), zorder=2, aspect="auto")
    blocks = (
        (
            2.6,
            0.7,
            2.2,
            COLORS["with_mask"],
            f"base, frozen\n{parameters / 1e6:.2f} million\nweights",
        ),
        (5.4, 0.7, 1.3, COLORS["neutral"], "average:\n1,280\nfeatures"),
        (7.5, 1.75, 2.5, "#bbbbbb", "the stranger's head\n128 units, then 2"),
        (7.5, 0.1, 2.5, COLORS["without_mask"], "our head\n2 units"),
    )
    for left, bottom, width, color, words in blocks:
        height = 1.8 if left < 7 else 1.1
        axis.add_patch(
            FancyBboxPatch(
                (left, bottom), width, height, "round,pad=0.04", facecolor=color, edgecolor="none"
            )
        )
        axis.text(
            left + width / 2,
            bottom + height / 2,
            words,
            ha="center",
            va="center",
            color="black" if color == "#bbbbbb" else "white",
            fontsize=10,
        )
    for start, end in (((1.95, 1.6), (2.5, 1.6)), ((4.9, 1.6), (5.3, 1.6))):
        axis.annotate("", end, start, arrowprops={"arrowstyle": "->", "linewidth": 1.5})
    axis.annotate("", (7.4, 0.65), (6.8, 1.4), arrowprops={"arrowstyle": "->", "linewidth": 1.5})
    axis.plot([6.85, 7.4], [1.85, 2.25], color="#999999", linewidth=1.5)
    axis.plot([7.0, 7.25], [2.3, 1.8], color="black", linewidth=2.5)
    axis.text(7.05, 2.4, "cut", ha="center", fontsize=10)
    alt = (
        "A face goes through the frozen base and becomes 1,280 averaged features. The stranger's"
        " head behind it is cut off; a head of two units takes its place."
    )
    figures.show(figure, alt, photographic=True)


def show_occlusion(faces, maps, labels):
    """Show faces, and below each how far the answer falls when a square of it is covered.

    Parameters
    ----------
    faces : sequence of ndarray, uint8, (size, size, 3), RGB
    maps : sequence of ndarray, float, (rows, columns)
        Points of probability that are lost, -1 to 1; on each map the darkest is its largest.
    labels : sequence of str
        The faces' classes.
    """
    figure, axes = plt.subplots(
        2, len(faces), figsize=(1.5 * len(faces), 3.5), layout="constrained", squeeze=False
    )
    for column, (face, fall, label) in enumerate(zip(faces, maps, labels, strict=True)):
        size = face.shape[0]
        axes[0, column].imshow(face)
        axes[0, column].set_title(label, fontsize=9, color=figures.COLORS[label])
        axes[1, column].imshow(face.mean(axis=2), cmap="gray", extent=(0, size, size, 0))
        axes[1, column].imshow(
            fall,
            cmap="magma_r",
            alpha=0.65,
            vmin=0,
            vmax=max(0.05, fall.max()),
            extent=(0, size, size, 0),
            interpolation="bilinear",
        )
        axes[1, column].set_title(f"falls by up to\n{max(fall.max(), 0):.0%}", fontsize=9)
    for axis in axes.flat:
        axis.axis("off")
    alt = (
        "Faces, and below each a map of how far the network's answer falls when a square is"
        " covered: darkest over nose and mouth."
    )
    figures.show(figure, alt, photographic=True)


def draw_table(names, reached, tests, seeds, costs):
    """Draw the table of all networks: a row each, with accuracies, size and time.

    Parameters
    ----------
    names : sequence of str
        Networks, from top to bottom.
    reached : dict of str to dict of str to (float, float, float)
        Network to test to accuracy, lower and upper end, 0 to 1.
    tests : collection of str
    seeds : dict of str to sequence of float
        By test: accuracies of "small" with several seeds.
    costs : pandas.DataFrame
        Rows: networks; columns: kinds of cost with their unit in the name; nan where unknown.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        1,
        len(tests) + costs.shape[1],
        figsize=(12, 0.42 * len(names) + 1.2),
        layout="constrained",
        sharey=True,
        width_ratios=[2] * len(tests) + [1] * costs.shape[1],
    )
    for axis, test in zip(axes, tests):
        for place, name in enumerate(names):
            value, low, high = (100 * number for number in reached[name][test])
            axis.plot([low, high], [place, place], color=LINES[name], linewidth=3)
            axis.plot(value, place, "o", color=LINES[name], markersize=8)
            axis.annotate(
                f"{value:.1f}", (value, place - 0.32), ha="center", va="center", fontsize=8
            )
            if name == "small":
                axis.plot(
                    [100 * share for share in seeds[test]],
                    [place + 0.3] * len(seeds[test]),
                    "|",
                    color=LINES[name],
                    markersize=9,
                    markeredgewidth=1.8,
                )
        axis.set(title=f"{test}: right (%)")
        axis.grid(axis="x", color="#e5e5e5")
    for axis, kind in zip(axes[len(tests) :], costs):
        values = costs[kind].reindex(names)
        axis.barh(range(len(names)), values.fillna(0), color=[LINES[name] for name in names])
        for place, value in enumerate(values):
            axis.text(
                max(0, np.nan_to_num(value)) + 0.04 * values.max(),
                place,
                "?" if np.isnan(value) else f"{value:.2g}" if value < 10 else f"{value:,.0f}",
                va="center",
                fontsize=9,
            )
        axis.set(title=kind, xticks=[], xlim=(0, 1.6 * values.max()))
        axis.spines["bottom"].set_visible(False)
    for axis in axes:
        axis.title.set_fontsize(10)
    axes[0].set(yticks=range(len(names)), yticklabels=[TITLES[name] for name in names])
    axes[0].set_ylim(len(names) - 0.4, -0.7)
    return figure


def draw_gains(gains, by_seed=None):
    """Draw how many points one network gains over others, with intervals, a panel a test.

    Parameters
    ----------
    gains : dict of str to dict of str to (float, float, float)
        Network to test to the mean difference, lower and upper end, as shares.
    by_seed : dict of str to sequence, optional
        Network to the same dicts of tests, one for each seed, drawn in place of the one above.

    Returns
    -------
    matplotlib.figure.Figure
    """
    names = list(gains)
    tests = list(gains[names[0]])
    figure, axes = plt.subplots(
        1,
        len(tests),
        figsize=(4.3 * len(tests), 0.42 * len(names) + 1.1),
        layout="constrained",
        squeeze=False,
        sharey=True,
        sharex=True,
    )
    for axis, test in zip(axes.flat, tests):
        for row, name in enumerate(names):
            drawn = (by_seed or {}).get(name, [gains[name]])
            for number, each in enumerate(drawn):
                place = row + 0.24 * (number - (len(drawn) - 1) / 2)
                value, low, high = (100 * share for share in each[test])
                axis.plot([low, high], [place, place], color=LINES[name], linewidth=3)
                axis.plot(value, place, "o", color=LINES[name], markersize=8)
        axis.axvline(0, color="black", linewidth=1)
        axis.grid(axis="x", color="#e5e5e5")
        axis.set(title=test, xlabel="points gained over it")
    axes[0, 0].set(yticks=range(len(names)), yticklabels=[TITLES[name] for name in names])
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
    return figure


def print_references(out):
    """Print what reference runs of chapter 05 reached on photographs.

    Parameters
    ----------
    out : course_utils.notebook.artefacts.Artefacts
        Of chapter 05.
    """
    folder = project.data_dir() / "reference"
    stored = json.loads((folder / "05_photographs.json").read_text(encoding="utf-8"))
    print("Learned from invented people and drawn masks,")
    print(f"asked about {stored['pictures']:,} photographs (reference run):")
    for row in stored["rows"]:
        print(f"  {row['network']}, {row['faces']}:")
        print(f"    {_percent(row['accuracy'], *row['interval'])} right,", end=" ")
        print(f"recall of with_mask {row['recall_with_mask']:.1%},", end=" ")
        print(f"of without_mask {row['recall_without_mask']:.1%}")
        print(f"    {row['made_by']}\n    {row['command']}")
    base = json.loads((folder / "02_mask_transfer.json").read_text(encoding="utf-8"))["base"]
    print(
        f"Learned from {base['sources']} bare photographs and as many with a mask, faces cut out,"
    )
    print(f"asked about {base['test_pictures']} others (benchmarks/mask_transfer.py):")
    for name in ("all kinds, drawn", "photographs of worn masks"):
        print(f"  {name}: {base['rows'][name]['accuracy']:.1%} right")
    if not (folder / f"{out.chapter}.json").is_file():
        print("No run that learned from photographs is stored yet:")
        print("  `course run 05 --profile real`, then `python tools/reference.py 05`")
        return
    real = out.reference()["metrics"]
    print(f"Learned from photographs, asked about {real['same_faces']:,} others (reference run):")
    for name, title in TITLES.items():
        if f"{name}_same" in real:
            values = [real[f"{name}_same{end}"] for end in ("", "_low", "_high")]
            print(f"  {title}: {_percent(*values)} right")
    draws = out.reference().get("draws", {}).values()
    if draws:
        print(f"Those from random numbers, with this seed and {len(draws)} others:")
    for name in next(iter(draws), {}):
        right = [draw[name]["worn masks"][0] for draw in draws] + [real[f"{name}_same"]]
        print(f"  {TITLES[name]}: {min(right):.1%} to {max(right):.1%} right")


def _percent(share, low, high):
    return f"{share:.1%} ({low:.1%} to {high:.1%})"
