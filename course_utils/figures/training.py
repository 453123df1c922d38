"""Figures of training and of comparing networks.

Learning curves, intervals, confusion, cost, accuracy by face size.

Drawing only. Each function takes finished numbers and returns a figure for `figures.show`.
"""

import matplotlib.pyplot as plt
import numpy as np

from course_utils.figures import COLORS

TITLES = {
    "resnet34": "ResNet-34",
    "resnet50": "ResNet-50",
    "mobilenetv2": "MobileNetV2",
    "small": "three convolutions",
    "stranger": "the stranger's",
    "pretrained": "pretrained base",
}
"""How the networks are written."""

LINES = {
    "resnet34": COLORS["neutral"],
    "resnet50": COLORS["highlight"],
    "mobilenetv2": "#CC79A7",
    "small": COLORS["without_mask"],
    "stranger": "#E69F00",
    "pretrained": COLORS["with_mask"],
}
"""The colour of each network in every figure."""


def draw_losses(panels, coin=True):
    """Draw training and validation loss by step, one panel a run.

    Parameters
    ----------
    panels : dict of str to (sequence of int, sequence of float, sequence of float)
        Title to steps, and training and validation loss after so many, in nats.
    coin : bool
        Draw the loss of a coin, ln 2.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(3.1 * len(panels) + 1, 3),
        layout="constrained",
        squeeze=False,
        sharey=True,
    )
    highest = 0.1
    for axis, (title, (steps, training, validation)) in zip(axes.flat, panels.items()):
        axis.plot(
            steps,
            training,
            color=COLORS["without_mask"],
            linewidth=2.2,
            label="faces it learns from",
        )
        axis.plot(
            steps,
            validation,
            color=COLORS["with_mask"],
            linewidth=2.2,
            label="people it does not know",
        )
        lowest = int(np.argmin(validation))
        axis.plot(
            steps[lowest],
            validation[lowest],
            "o",
            color=COLORS["with_mask"],
            markersize=8,
            markerfacecolor="white",
            markeredgewidth=2,
            label="lowest",
        )
        if coin:
            axis.axhline(np.log(2), color="black", linestyle=":", linewidth=1)
        axis.set(title=title, xlabel="steps")
        highest = max(highest, *training, *validation)
    axes[0, 0].set(ylabel="loss", ylim=(0, min(1.6, 1.05 * highest)))
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False
    )
    return figure


def draw_accuracies(reached, tests, lazy):
    """Draw accuracies with their 95 % intervals, one panel a test.

    Parameters
    ----------
    reached : dict of str to dict of str to (float, float, float)
        Network, from top to bottom, to test to accuracy, lower and upper end, 0 to 1.
    tests : sequence of str
        Panels, from left to right.
    lazy : mapping of str to float
        By test: the accuracy of always saying `without_mask`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        1,
        len(tests),
        figsize=(4.3 * len(tests), 2.3),
        layout="constrained",
        squeeze=False,
        sharey=True,
        sharex=True,
    )
    for axis, test in zip(axes.flat, tests):
        for place, (name, values) in enumerate(reached.items()):
            value, low, high = (100 * number for number in values[test])
            axis.plot([low, high], [place, place], color=LINES[name], linewidth=3)
            axis.plot(value, place, "o", color=LINES[name], markersize=9)
            axis.annotate(
                f"{value:.1f}",
                (value, place),
                xytext=(0, 8),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
        axis.axvline(100 * lazy[test], color="black", linestyle=":", linewidth=1)
        axis.annotate(
            "always\nwithout_mask",
            (100 * lazy[test], -0.5),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=8,
            va="center",
        )
        axis.set(title=test, xlabel="right (%)", ylim=(len(reached) - 0.6, -0.9))
    axes[0, 0].set(yticks=range(len(reached)), yticklabels=[TITLES[name] for name in reached])
    return figure


def draw_confusions(matrices):
    """Draw confusion matrices side by side, coloured by the share of each row.

    Parameters
    ----------
    matrices : dict of str to pandas.DataFrame
        Title to counts; rows are true labels, columns what was said.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        1,
        len(matrices),
        figsize=(2.7 * len(matrices) + 0.8, 2.7),
        layout="constrained",
        squeeze=False,
        sharey=True,
    )
    for axis, (title, counts) in zip(axes.flat, matrices.items()):
        numbers = counts.to_numpy()
        shares = numbers / np.maximum(numbers.sum(axis=1, keepdims=True), 1)
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.ndindex(*numbers.shape):
            axis.text(
                column,
                row,
                f"{numbers[row, column]}\n{shares[row, column]:.0%}",
                ha="center",
                va="center",
                color="white" if shares[row, column] > 0.55 else "black",
            )
        words = [name.replace("_", "\n") for name in counts.columns]
        axis.set(title=title, xlabel="said", xticks=range(len(words)), xticklabels=words)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    axes[0, 0].set(ylabel="true", yticks=range(len(words)), yticklabels=words)
    return figure


def draw_ways(shares, counts):
    """Draw the share of right answers for each way of wearing, one row of points a way.

    Parameters
    ----------
    shares : dict of str to dict of str to (float, float, float)
        Network to way to share and the ends of its interval, 0 to 1.
    counts : dict of str to int
        Pictures of each way, in the order of the rows.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(7.5, 0.75 * len(counts) + 1.4), layout="constrained")
    for number, (name, values) in enumerate(shares.items()):
        places = np.arange(len(counts)) + 0.15 * (number - (len(shares) - 1) / 2)
        middles, lows, highs = 100 * np.array([values[way] for way in counts]).T
        look = {"color": LINES[name]}
        axis.hlines(places, lows, highs, linewidth=1.3, **look)
        axis.plot(middles, places, "os^vD"[number], markersize=7, label=TITLES[name], **look)
    axis.set(
        yticks=range(len(counts)),
        yticklabels=[f"{way.replace('_', ' ')} ({count})" for way, count in counts.items()],
        xlabel="right (%), with 95 % interval by person",
        xlim=(-3, 103),
    )
    axis.grid(axis="y", color="#e5e5e5")
    axis.set_axisbelow(True)
    axis.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


def draw_sizes(sizes, curves, chance, bands=None):
    """Draw accuracy against the size of the face.

    Parameters
    ----------
    sizes : sequence of int
        Pixels.
    curves : dict of str to sequence of float
        Network to accuracies, 0 to 1.
    chance : float
        The accuracy of always saying the commoner label.
    bands : dict of str to sequence of (float, float), optional
        Network to intervals.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(7.5, 3.2), layout="constrained")
    for (name, values), marker in zip(curves.items(), "os^D"):
        axis.plot(
            sizes,
            100 * np.array(values),
            marker + "-",
            color=LINES[name],
            linewidth=2.2,
            label=TITLES[name],
        )
        if bands:
            low, high = 100 * np.array(bands[name]).T
            axis.fill_between(sizes, low, high, color=LINES[name], alpha=0.15, linewidth=0)
    axis.axhline(100 * chance, color="black", linestyle=":", linewidth=1)
    axis.annotate(
        "always the commoner label",
        (sizes[-1], 100 * chance),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=9,
    )
    axis.set(
        xscale="log",
        xlabel="size of the face in the picture (pixels)",
        ylabel="right (%)",
        xticks=sizes,
        xticklabels=sizes,
    )
    axis.minorticks_off()
    axis.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 0.12))
    return figure
