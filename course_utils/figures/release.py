"""Figures of a release.

Shares by slice with their intervals, calibration, and what a threshold costs.

Drawing only. Each function takes finished numbers and returns a figure for `figures.show`.
"""

import matplotlib.pyplot as plt
import numpy as np

from course_utils.figures import COLORS

SEVEN = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Okabe and Ito's palette: as many colours as the embedded people have attributes."""

MARKERS = "osD^vPX"
"""One for each colour, so that nobody needs the colours."""


def draw_slices(table, xlabel, overall=None, color=COLORS["with_mask"]):
    """Draw a share with its interval, a row a slice, the slices of an attribute together.

    Parameters
    ----------
    table : pandas.DataFrame
        As `course_utils.evaluation.slice_table` gives it.
    xlabel : str
    overall : float, optional
        The share over all, drawn as a dotted line, 0 to 1.
    color : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    new = table["attribute"].ne(table["attribute"].shift()).to_numpy()
    places = np.arange(len(table)) + 0.7 * (np.cumsum(new) - 1)
    figure, axis = plt.subplots(figsize=(8, 0.25 * (places[-1] + 1) + 0.9), layout="constrained")
    for place, row in zip(places, table.itertuples()):
        axis.plot(
            [100 * row.low, 100 * row.high],
            [place, place],
            color=color,
            linewidth=3,
            solid_capstyle="butt",
            alpha=0.55,
        )
        axis.plot(100 * row.share, place, "o", color=color, markersize=6)
    for place, name in zip(places[new], table["attribute"][new]):
        axis.annotate(
            name,
            (-0.27, place),
            xycoords=axis.get_yaxis_transform(),
            ha="right",
            va="center",
            fontsize=10,
            fontweight="bold",
            annotation_clip=False,
        )
    if overall is not None:
        axis.axvline(100 * overall, color="black", linestyle=":", linewidth=1)
    axis.set(
        yticks=places,
        xlabel=xlabel,
        ylim=(places[-1] + 0.7, -0.7),
        xlim=(max(-2, 100 * table["low"].min() - 3), min(102, 100 * table["high"].max() + 3)),
    )
    axis.set_yticklabels([f"{row.slice} ({row.people})" for row in table.itertuples()], fontsize=9)
    axis.grid(axis="x", color="#e5e5e5")
    axis.set_axisbelow(True)
    return figure


def draw_gaps(gaps, shuffled):
    """Draw the widest gap between two slices of each attribute over those that chance alone gives.

    Parameters
    ----------
    gaps : dict of str to float
        Attribute to the gap between its best and its worst slice, 0 to 1.
    shuffled : dict of str to ndarray, (n,)
        The same after the answers were dealt to people at random, many times.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(8, 0.34 * len(gaps) + 1.2), layout="constrained")
    for place, name in enumerate(gaps):
        low, high = 100 * np.percentile(shuffled[name], (2.5, 97.5))
        axis.plot(
            [low, high],
            [place, place],
            color=COLORS["neutral"],
            linewidth=9,
            alpha=0.35,
            solid_capstyle="butt",
            label="dealt at random, 95 %" if place == 0 else None,
        )
        axis.plot(
            100 * gaps[name],
            place,
            "D",
            color=COLORS["without_mask"],
            markersize=8,
            label="found" if place == 0 else None,
        )
    limit = 100 * np.percentile(np.max(list(shuffled.values()), axis=0), 95)
    axis.axvline(
        limit, color="black", linestyle="--", linewidth=1.2, label="the widest of all, 95 %"
    )
    axis.set(
        yticks=range(len(gaps)),
        yticklabels=list(gaps),
        xlabel="gap between best and worst slice (points)",
        xlim=(0, None),
        ylim=(len(gaps) - 0.5, -0.5),
    )
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


def draw_twice(first, second, xlabel, ylabel):
    """Draw each slice as a point: its share among some people against that among others.

    Parameters
    ----------
    first, second : pandas.DataFrame
        Of the same slices, as `course_utils.evaluation.slice_table` gives them.
    xlabel, ylabel : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    both = first.merge(second, on=["attribute", "slice"])
    figure, axis = plt.subplots(figsize=(6.2, 4.4), layout="constrained")
    attributes = both.groupby("attribute", sort=False)
    for (name, part), color, marker in zip(attributes, SEVEN, MARKERS):
        axis.plot(
            100 * part["share_x"],
            100 * part["share_y"],
            marker,
            color=color,
            markersize=8,
            label=name,
            linestyle="",
        )
    worst = both.loc[both["share_x"].idxmin()]
    axis.annotate(
        f"{worst['attribute']}: {worst['slice']}",
        (100 * worst["share_x"], 100 * worst["share_y"]),
        xytext=(4, 22),
        textcoords="offset points",
        fontsize=9,
        arrowprops={"arrowstyle": "-", "color": "0.5"},
    )
    axis.set(xlabel=xlabel, ylabel=ylabel)
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def draw_reliability(panels, faces_label="faces"):
    """Draw the share of right answers against confidence, with the number of faces below.

    Each title gets a panel.

    Parameters
    ----------
    panels : dict of str to pandas.DataFrame
        Title to what `course_utils.evaluation.reliability` gives, with columns `low` and `high`
        besides.
    faces_label : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        2,
        len(panels),
        figsize=(2.9 * len(panels) + 1, 4),
        height_ratios=[3, 1],
        layout="constrained",
        squeeze=False,
        sharex=True,
        sharey="row",
    )
    for (axis, below), (title, table) in zip(axes.T, panels.items()):
        axis.plot([50, 100], [50, 100], color="black", linestyle=":", linewidth=1)
        axis.vlines(
            100 * table["confidence"],
            100 * table["low"],
            100 * table["high"],
            color=COLORS["with_mask"],
            linewidth=3,
            alpha=0.5,
        )
        axis.plot(
            100 * table["confidence"],
            100 * table["right"],
            "o-",
            color=COLORS["with_mask"],
            markersize=7,
        )
        axis.set(title=title, ylim=(0, 103), xlim=(49, 101))
        axis.title.set_fontsize(10)
        below.bar(100 * table["confidence"], table["faces"], width=4, color=COLORS["neutral"])
        below.set(xlabel="confidence (%)")
    axes[0, 0].set(ylabel="right (%)")
    axes[1, 0].set(ylabel=faces_label)
    return figure


def draw_temperatures(temperatures, losses, best):
    """Draw the loss against the temperature.

    Parameters
    ----------
    temperatures, losses : sequence of float
        Losses in nats.
    best : float
        Where the loss is lowest.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(6.5, 2.5), layout="constrained")
    axis.plot(temperatures, losses, color=COLORS["with_mask"], linewidth=2.2)
    axis.plot(best, min(losses), "o", color=COLORS["without_mask"], markersize=8)
    axis.annotate(
        f"lowest at {best:.2f}",
        (best, min(losses)),
        xytext=(8, 18),
        textcoords="offset points",
        fontsize=9,
    )
    axis.axvline(1, color="black", linestyle=":", linewidth=1)
    axis.annotate(
        "as trained", (1, max(losses)), xytext=(4, -8), textcoords="offset points", fontsize=9
    )
    ticks = [0.5, 1, 2, 3, 5, 8]
    axis.set(
        xscale="log",
        xlabel="temperature",
        ylabel="loss, validation people",
        xticks=ticks,
        xticklabels=ticks,
    )
    axis.minorticks_off()
    return figure


def draw_cost(levels, curves, chosen, baselines):
    """Draw the cost of a visitor against the threshold, one panel a stated cost.

    Parameters
    ----------
    levels : ndarray, (n,)
        Thresholds, 0 to 1.
    curves : dict of str to ndarray, (n,)
        Title to cost, in false stops a visitor.
    chosen : dict of str to float
        Title to the threshold that was chosen.
    baselines : dict of str to float
        Title to the cost of letting everybody pass.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        1, len(curves), figsize=(3.1 * len(curves) + 0.8, 3), layout="constrained", squeeze=False
    )
    for axis, (title, costs) in zip(axes.flat, curves.items()):
        axis.plot(
            100 * levels, costs, color=COLORS["with_mask"], linewidth=2.2, label="with the network"
        )
        axis.axhline(
            baselines[title],
            color=COLORS["without_mask"],
            linestyle="--",
            linewidth=1.5,
            label="everybody passes, no network",
        )
        axis.axvline(
            100 * chosen[title], color="black", linestyle=":", linewidth=1.2, label="chosen"
        )
        axis.set(
            title=title,
            xlabel="threshold (%)",
            xlim=(-2, 102),
            ylim=(0, 1.3 * max(max(curve.max() for curve in curves.values()), *baselines.values())),
        )
        axis.set_yscale("symlog", linthresh=0.01)  # a cost may be 0
        axis.yaxis.set_major_formatter("{x:g}")
        axis.title.set_fontsize(10)
    axes[0, 0].set(ylabel="cost a visitor\n(in false stops, logarithmic)")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize=9,
    )
    return figure


def draw_thresholds(table):
    """Draw the cheapest threshold against the share of visitors without a mask, a line a cost.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows: share of the visitors without a mask; columns: false stops that a pass costs; values:
        thresholds; all shares 0 to 1.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(7, 2.8), layout="constrained")
    for ratio, style in zip(table, ("-", "--", ":")):
        axis.plot(
            100 * table.index,
            100 * table[ratio],
            style,
            linewidth=2.2,
            label=f"a pass costs {ratio}",
        )
    ticks = [0.5, 1, 2, 5, 10, 20, 50]
    axis.set(
        xscale="log",
        xticks=ticks,
        xticklabels=ticks,
        xlabel="visitors without a mask (%, logarithmic)",
        ylabel="cheapest threshold (%)",
        ylim=(-2, 102),
    )
    axis.minorticks_off()
    axis.legend(frameon=False)
    return figure


def draw_precision(shares, curves, marks):
    """Draw the share without a mask among those who are stopped.

    It is drawn against how common they are among all visitors.

    Parameters
    ----------
    shares : ndarray, (n,)
        Share of the visitors without a mask, 0 to 1.
    curves : dict of str to (ndarray, ndarray, ndarray)
        Title to precision, lower and upper end, each (n,), 0 to 1.
    marks : dict of str to float
        Words to a share that is marked.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(7.5, 3.2), layout="constrained")
    for (title, (value, low, high)), color, style in zip(
        curves.items(), (COLORS["with_mask"], COLORS["without_mask"]), ("-", "--")
    ):
        axis.plot(100 * shares, 100 * value, style, color=color, linewidth=2.2, label=title)
        axis.fill_between(100 * shares, 100 * low, 100 * high, color=color, alpha=0.15, linewidth=0)
    for words, share in marks.items():
        axis.axvline(100 * share, color="black", linestyle=":", linewidth=1)
        axis.annotate(
            words,
            (100 * share, 98),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=9,
            va="top",
        )
    ticks = [0.2, 0.5, 1, 2, 5, 10, 20, 50]
    axis.set(
        xscale="log",
        xticks=ticks,
        xticklabels=ticks,
        xlabel="visitors without a mask (%, logarithmic)",
        ylabel="of those stopped:\nreally without a mask (%)",
        ylim=(0, 102),
    )
    axis.minorticks_off()
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def draw_bars(shares, xlabel):
    """Draw a few shares as bars, each with its number.

    Parameters
    ----------
    shares : dict of str to float
        Words to share, 0 to 1.
    xlabel : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(7.5, 0.42 * len(shares) + 0.9), layout="constrained")
    bars = axis.barh(
        list(shares),
        [100 * share for share in shares.values()],
        color=COLORS["with_mask"],
        height=0.6,
    )
    axis.bar_label(bars, [f"{share:.0%}" for share in shares.values()], padding=4)
    axis.set(xlabel=xlabel, xlim=(0, 108))
    axis.invert_yaxis()
    return figure


def draw_visible_gaps(people, gap, marks):
    """Draw how wide a gap between two slices must be to be seen, against the people in each.

    Parameters
    ----------
    people : ndarray, (n,)
        People in each of the two slices.
    gap : ndarray, (n,)
        0 to 1.
    marks : dict of str to float
        Words to a number of people.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(7.5, 2.8), layout="constrained")
    axis.plot(people, 100 * gap, color=COLORS["with_mask"], linewidth=2.2)
    for words, count in marks.items():
        height = 100 * np.interp(count, people, gap)
        axis.plot([count, count], [0, height], color="black", linestyle=":", linewidth=1)
        axis.plot(count, height, "o", color=COLORS["without_mask"], markersize=7)
        axis.annotate(
            f"{words}: {height:.0f} points",
            (count, height),
            xytext=(7, 3),
            textcoords="offset points",
            fontsize=9,
        )
    axis.set(
        xscale="log",
        xlabel="people in each of the two slices (logarithmic)",
        ylabel="smallest gap that shows\n(points)",
        ylim=(0, None),
    )
    return figure
