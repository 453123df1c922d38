"""Figures of face sizes.

Distributions, accuracy by size before and after, gains with intervals, the headline table.

Drawing only. Each function takes finished numbers and returns a figure for `figures.show`.
"""

import textwrap

import matplotlib.pyplot as plt
import numpy as np

from course_utils.figures import COLORS
from course_utils.figures.training import LINES, TITLES

RUN_COLORS = {"before": COLORS["neutral"], "more epochs": "#E69F00", "after": COLORS["highlight"]}
"""The colour of each run in every figure."""

KINDS = {"small": "shrunk", "camera": "shrunk, cheap camera", "whole": "whole"}
"""How the versions of the validation faces are written."""


def _size_axis(axis, sizes):
    axis.set(xscale="log", xlabel="size of the face (pixels)")
    axis.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axis.minorticks_off()


def draw_histograms(sets, band, face_side):
    """Draw histograms of face sizes on a logarithmic axis, each as a share of its own set.

    Parameters
    ----------
    sets : dict of str to ndarray
        Sizes in pixels by the name of the set.
    band : (int, int)
        A range of sizes to shade.
    face_side : float
        Pixels of a face in the network's square; marked by a line.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
    largest = max(values.max() for values in sets.values())
    bins = 2.0 ** np.arange(2.5, np.log2(largest) + 0.5, 0.25)
    for (name, values), color in zip(sets.items(), (COLORS["neutral"], COLORS["highlight"])):
        axis.hist(
            values,
            bins=bins,
            weights=np.full(len(values), 100 / len(values)),
            alpha=0.75,
            color=color,
            label=name,
        )
    axis.axvspan(
        *band, color="#F0E442", alpha=0.3, linewidth=0, label=f"{band[0]} to {band[1]} pixels"
    )
    axis.axvline(face_side, color="black", linestyle="--", linewidth=1)
    axis.annotate(
        "a face in the\nnetwork's square",
        (face_side, axis.get_ylim()[1]),
        xytext=(-4, -2),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=9,
    )
    _size_axis(
        axis,
        [
            size
            for size in (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
            if bins[0] <= size <= bins[-1]
        ],
    )
    axis.set_ylabel("share of the faces (%)")
    axis.legend(frameon=False, loc="upper left")
    return figure


def draw_said(sizes, shares, true_share):
    """Draw how often each network says `with_mask` against the size of the face.

    Parameters
    ----------
    sizes : sequence of int
        Pixels.
    shares : dict of str to sequence of float
        Network to shares, 0 to 1.
    true_share : float

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(7.5, 2.8), layout="constrained")
    for (name, values), marker in zip(shares.items(), "os^D"):
        axis.plot(
            sizes,
            100 * np.asarray(values),
            marker + "-",
            color=LINES[name],
            linewidth=2.2,
            label=TITLES[name],
        )
    axis.axhline(100 * true_share, color="black", linestyle=":", linewidth=1)
    axis.annotate(
        "true share",
        (sizes[-1], 100 * true_share),
        xytext=(0, -16),
        textcoords="offset points",
        ha="right",
        fontsize=9,
    )
    _size_axis(axis, sizes)
    axis.set(ylabel="said to wear a mask (%)", ylim=(0, None))
    axis.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    return figure


def draw_runs(sizes, curves, chance, title):
    """Draw accuracy against the size of the face for several networks or trainings.

    Parameters
    ----------
    sizes : sequence of int
        Pixels.
    curves : dict of str to sequence of float
        Title to accuracies, 0 to 1; at most three.
    chance : float
        The accuracy of always saying the commoner label.
    title : str
        What the faces went through.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(7.5, 3.2), layout="constrained")
    for (name, values), color, marker in zip(curves.items(), RUN_COLORS.values(), "os^"):
        axis.plot(
            sizes, 100 * np.asarray(values), marker + "-", color=color, linewidth=2.2, label=name
        )
    _mark_chance(axis, sizes, chance)
    _size_axis(axis, sizes)
    axis.set_ylabel("right (%)")
    axis.set_title(title, fontsize=11)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def draw_by_way(shares):
    """Draw how each network does on whole faces and on faces shrunk in several ways, one row a way.

    Parameters
    ----------
    shares : dict of str to dict of str to float
        Network to way to accuracy, 0 to 1; the first way is the one that the others are compared
        with.

    Returns
    -------
    matplotlib.figure.Figure
    """
    ways = list(next(iter(shares.values())))
    figure, axis = plt.subplots(figsize=(7.5, 0.65 * len(ways) + 1.1), layout="constrained")
    for number, (name, values) in enumerate(shares.items()):
        places = np.arange(len(ways)) + 0.26 * (number - (len(shares) - 1) / 2)
        axis.axvline(100 * values[ways[0]], color=LINES[name], linestyle=":", linewidth=1)
        axis.plot(
            [100 * values[way] for way in ways],
            places,
            "os^"[number],
            color=LINES[name],
            markersize=8,
            label=TITLES[name],
        )
        for way, place in zip(ways, places):
            axis.annotate(
                f"{100 * values[way]:.1f}",
                (100 * values[way], place),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
    axis.set(
        yticks=range(len(ways)), yticklabels=ways, xlabel="right (%)", ylim=(len(ways) - 0.5, -0.5)
    )
    axis.margins(x=0.08)
    axis.grid(axis="y", color="#ececec")
    axis.set_axisbelow(True)
    figure.legend(loc="outside upper center", ncols=len(shares), frameon=False)
    return figure


def draw_two_curves(sizes, curves, chance, face_side):
    """Draw accuracy against the size of the face before and after, a panel for each network.

    Parameters
    ----------
    sizes : sequence of int
        Pixels.
    curves : dict of str to dict of str to sequence of float
        Network to run to accuracies, 0 to 1.
    chance : float
        The accuracy of always saying the commoner label.
    face_side : float
        Pixels of a face in the network's square; marked by a line.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        1,
        len(curves),
        figsize=(3.2 * len(curves), 3.1),
        layout="constrained",
        squeeze=False,
        sharey=True,
    )
    for axis, (name, runs) in zip(axes.flat, curves.items()):
        for (run, values), marker in zip(runs.items(), "o^"):
            axis.plot(
                sizes,
                100 * np.asarray(values),
                marker + "-",
                color=RUN_COLORS[run],
                linewidth=2.2,
                label=run,
            )
        axis.axvline(face_side, color="black", linestyle="--", linewidth=1)
        axis.axhline(100 * chance, color="black", linestyle=":", linewidth=1)
        _size_axis(axis, sizes)
        axis.set_title(TITLES[name])
    axes[0, 0].set_ylabel("right (%)")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False
    )
    return figure


def draw_trials(trials):
    """Draw what each remedy gains over training without it, with intervals.

    Each version of the faces has a panel.

    Parameters
    ----------
    trials : dict of str to dict of str to (float, float, float)
        Remedy to version (see `KINDS`) to gain, lower and upper end, as shares.

    Returns
    -------
    matplotlib.figure.Figure
    """
    kinds = list(next(iter(trials.values())))
    figure, axes = plt.subplots(
        1,
        len(kinds),
        figsize=(2.7 * len(kinds) + 1.8, 0.36 * len(trials) + 1.1),
        layout="constrained",
        squeeze=False,
        sharey=True,
        sharex=True,
    )
    for axis, kind in zip(axes.flat, kinds):
        for place, values in enumerate(trials.values()):
            _gain_line(axis, place, values[kind], COLORS["highlight"])
        axis.axvline(0, color="black", linewidth=1)
        axis.set(title=KINDS[kind], xlabel="points gained", ylim=(len(trials) - 0.5, -0.6))
        axis.grid(axis="y", color="#ececec")
        axis.set_axisbelow(True)
    axes[0, 0].set_yticks(range(len(trials)), list(trials))
    return figure


def draw_steps(gains):
    """Draw what single changes gain, as bars, a panel for each version of the faces.

    Each title names the change that gains most.

    Parameters
    ----------
    gains : dict of str to dict of str to float
        Version (see `KINDS`) to change to gain, as a share.

    Returns
    -------
    matplotlib.figure.Figure
    """
    count = len(next(iter(gains.values())))
    figure, axes = plt.subplots(
        1,
        len(gains),
        figsize=(9, 0.36 * count + 1.1),
        layout="constrained",
        squeeze=False,
        sharey=True,
        sharex=True,
    )
    for axis, (kind, changes) in zip(axes.flat, gains.items()):
        best = max(changes, key=changes.get)
        bars = axis.barh(
            range(count),
            [100 * gain for gain in changes.values()],
            color=[COLORS["highlight"] if step == best else COLORS["neutral"] for step in changes],
        )
        axis.bar_label(
            bars, [f"{100 * gain:+.1f}" for gain in changes.values()], padding=3, fontsize=9
        )
        axis.axvline(0, color="black", linewidth=1)
        axis.set(xlabel="points gained", yticks=range(count), yticklabels=list(changes))
        axis.set_title(f"{KINDS[kind]}: most by\n\u201c{best}\u201d", fontsize=10)
        axis.margins(x=0.2)
    axes[0, 0].invert_yaxis()
    return figure


def draw_gains(panels, verdicts):
    """Draw gains with their intervals and McNemar's p-values, a panel for each comparison.

    Parameters
    ----------
    panels : dict of (str, str) to dict of str to (float, float, float, Comparison)
        (faces, run that is compared with) to network to gain, lower and upper end as shares, and
        the test.
    verdicts : dict of (str, str) to str
        What follows from each, for the panel's title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = -(-len(panels) // 2)
    figure, axes = plt.subplots(
        rows,
        min(2, len(panels)),
        figsize=(8.4, 2.0 * rows),
        layout="constrained",
        squeeze=False,
        sharey=True,
        sharex=True,
    )
    for axis, ((faces, run), networks) in zip(axes.flat, panels.items()):
        axis.axvline(0, color="black", linewidth=1)
        for place, (name, (*values, duel)) in enumerate(networks.items()):
            _gain_line(axis, place, values, LINES[name])
            axis.annotate(
                f"{100 * values[0]:+.1f} ({duel.only_first} : {duel.only_second}, p"
                f" {duel.p_value:.2g})",
                (0.5, place - 0.36),
                ha="center",
                xycoords=("axes fraction", "data"),
                fontsize=8,
                va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            )
        axis.set(ylim=(len(networks) - 0.5, -0.7))
        axis.set_title(
            f"{faces}, over {run}\n" + "\n".join(textwrap.wrap(verdicts[faces, run], 58)),
            fontsize=9,
        )
        axis.set_yticks(range(len(networks)), [TITLES[name] for name in networks])
    figure.supxlabel("points gained (faces mended : spoiled, McNemar's p)", fontsize=10)
    return figure


def draw_headline(form, runs, title):
    """Draw the headline table in the form of the original.

    Parameters
    ----------
    form : pandas.DataFrame
        Text; three rows for each run, a column for each network.
    runs : sequence of str
        In the order of the rows.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(8.5, 0.34 * len(form) + 0.5), layout="constrained")
    table = axis.table(
        form.to_numpy(),
        rowLabels=list(form.index),
        colLabels=list(form.columns),
        cellLoc="center",
        bbox=(0, 0, 1, 1),
    )
    table.auto_set_font_size(False)
    table.set_fontsize(10)
    tints = dict(zip(RUN_COLORS, ("white", "#fdf3dd", "#ddf2ea")))
    for (row, _), cell in table.get_celld().items():
        heading = row == 0 or (row - 1) % 3 == 0
        cell.set(edgecolor="#cccccc", facecolor=tints[runs[(row - 1) // 3]] if row else "white")
        cell.set_text_props(weight="bold" if heading else "normal")
    axis.axis("off")
    axis.set_title(title, fontsize=11)
    return figure


def _gain_line(axis, place, values, color):
    value, low, high = (100 * number for number in values)
    axis.plot([low, high], [place, place], color=color, linewidth=3, solid_capstyle="butt")
    axis.plot(value, place, "o", color=color, markersize=8)


def _mark_chance(axis, sizes, chance):
    axis.axhline(100 * chance, color="black", linestyle=":", linewidth=1)
    axis.annotate(
        "always the commoner label",
        (sizes[-1], 100 * chance),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=9,
    )
