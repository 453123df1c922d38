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
}
"""How the networks are written."""

LINES = {
    "resnet34": COLORS["neutral"],
    "resnet50": COLORS["highlight"],
    "mobilenetv2": "#CC79A7",
    "small": COLORS["without_mask"],
}
"""The colour of each network in every figure."""


def draw_losses(panels, coin=True):
    """Draw training and validation loss by epoch, one panel a run.

    Parameters
    ----------
    panels : dict of str to (sequence of float, sequence of float)
        Title to training loss and validation loss, one value an epoch, in nats.
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
    for axis, (title, (training, validation)) in zip(axes.flat, panels.items()):
        epochs = np.arange(1, len(training) + 1)
        axis.plot(
            epochs,
            training,
            color=COLORS["without_mask"],
            linewidth=2.2,
            label="faces it learns from",
        )
        axis.plot(
            epochs,
            validation,
            color=COLORS["with_mask"],
            linewidth=2.2,
            label="people it does not know",
        )
        lowest = int(np.argmin(validation))
        axis.plot(
            epochs[lowest],
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
        axis.set(title=title, xlabel="epoch")
        highest = max(highest, *training, *validation)
    axes[0, 0].set(ylabel="loss", ylim=(0, min(1.6, 1.05 * highest)))
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False
    )
    return figure


def draw_accuracies(panels, chance):
    """Draw accuracies with their 95 % intervals, one panel a test.

    Parameters
    ----------
    panels : dict of str to dict of str to (float, float, float)
        Title of the test to network to accuracy, lower and upper end, 0 to 1.
    chance : dict of str to float
        By title: the accuracy of always saying the commoner label.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(4.3 * len(panels), 2.3),
        layout="constrained",
        squeeze=False,
        sharey=True,
    )
    lowest = min(min(row[1] for rows in panels.values() for row in rows.values()), *chance.values())
    for axis, (title, rows) in zip(axes.flat, panels.items()):
        for place, (name, (value, low, high)) in enumerate(rows.items()):
            axis.plot(
                [100 * low, 100 * high],
                [place, place],
                color=LINES[name],
                linewidth=3,
                solid_capstyle="butt",
            )
            axis.plot(100 * value, place, "o", color=LINES[name], markersize=9)
            axis.annotate(
                f"{100 * value:.1f}",
                (100 * value, place),
                xytext=(0, 8),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
        axis.axvline(100 * chance[title], color="black", linestyle=":", linewidth=1)
        axis.annotate(
            "always the\ncommoner label",
            (100 * chance[title], -0.45),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=8,
            va="center",
        )
        axis.set(
            title=title,
            xlabel="right (%)",
            xlim=(100 * lowest - 3, 101),
            ylim=(-0.8, len(rows) - 0.4),
        )
    axes[0, 0].set(yticks=range(len(rows)), yticklabels=[TITLES[name] for name in rows])
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
    shares : dict of str to dict of str to float
        Network to way to share, 0 to 1.
    counts : dict of str to int
        Pictures of each way, in the order of the rows.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(7.5, 0.45 * len(counts) + 1.2), layout="constrained")
    for number, (name, values) in enumerate(shares.items()):
        places = np.arange(len(counts)) + 0.16 * (number - (len(shares) - 1) / 2)
        axis.plot(
            [100 * values[way] for way in counts],
            places,
            "os^D"[number],
            color=LINES[name],
            markersize=8,
            label=TITLES[name],
        )
    axis.set(
        yticks=range(len(counts)),
        yticklabels=[f"{way.replace('_', ' ')} ({count})" for way, count in counts.items()],
        xlabel="right (%)",
        xlim=(-3, 103),
    )
    axis.grid(axis="y", color="#e5e5e5")
    axis.set_axisbelow(True)
    axis.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=len(shares), frameon=False)
    return figure


def draw_costs(costs):
    """Draw what the networks cost, each as a multiple of the cheapest, one panel a kind of cost.

    Parameters
    ----------
    costs : pandas.DataFrame
        Rows: networks; columns: kinds of cost, with their unit in the name.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        1,
        costs.shape[1],
        figsize=(1.95 * costs.shape[1] + 1, 2.3),
        layout="constrained",
        sharey=True,
    )
    for axis, kind in zip(axes, costs):
        bars = axis.barh(
            range(len(costs)), costs[kind], color=[LINES[name] for name in costs.index]
        )
        axis.bar_label(
            bars,
            [f"{value:.2g}" if value < 10 else f"{value:,.0f}" for value in costs[kind]],
            padding=3,
            fontsize=9,
        )
        axis.set(title=kind, xticks=[], xlim=(0, 1.45 * costs[kind].max()))
        axis.title.set_fontsize(10)
        axis.spines["bottom"].set_visible(False)
    axes[0].set(yticks=range(len(costs)), yticklabels=[TITLES[name] for name in costs.index])
    axes[0].invert_yaxis()
    return figure


def draw_trade(costs, accuracies, xlabel):
    """Draw accuracy, with its interval, against a cost.

    Parameters
    ----------
    costs : dict of str to float
    accuracies : dict of str to (float, float, float)
        Accuracy, lower and upper end, 0 to 1.
    xlabel : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(6.5, 3), layout="constrained")
    for name, cost in costs.items():
        value, low, high = (100 * number for number in accuracies[name])
        axis.errorbar(
            cost,
            value,
            [[value - low], [high - value]],
            fmt="o",
            color=LINES[name],
            markersize=9,
            capsize=4,
        )
        crowded = any(
            cost < other < 2 * cost for other in costs.values()
        )  # no room for words to the right
        axis.annotate(
            TITLES[name],
            (cost, value),
            xytext=(-10 if crowded else 10, 0),
            textcoords="offset points",
            va="center",
            ha="right" if crowded else "left",
        )
    axis.set(xscale="log", xlabel=xlabel, ylabel="right (%)")
    axis.set_xlim(0.6 * min(costs.values()), 2.6 * max(costs.values()))
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


def draw_duels(panels):
    """Draw for pairs of networks the faces that only one has right, with McNemar's p-value.

    Parameters
    ----------
    panels : dict of str to dict of (str, str) to course_utils.evaluation.Comparison
        Title of the test to pair of networks to the comparison of both.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        1, len(panels), figsize=(4.7 * len(panels), 2.4), layout="constrained", squeeze=False
    )
    for axis, (title, duels) in zip(axes.flat, panels.items()):
        widest = max(1, *(max(duel.only_first, duel.only_second) for duel in duels.values()))
        for place, ((first, second), duel) in enumerate(duels.items()):
            for side, name, count in ((-1, first, duel.only_first), (1, second, duel.only_second)):
                axis.barh(place, side * count, color=LINES[name], height=0.55)
                axis.annotate(
                    f"{TITLES[name]} {count}",
                    (side * 0.04 * widest, place - 0.42),
                    fontsize=8,
                    ha="left" if side > 0 else "right",
                    va="center",
                )
            axis.annotate(
                f"p = {duel.p_value:.2g}", (1.25 * widest, place), fontsize=9, va="center"
            )
        axis.axvline(0, color="black", linewidth=1)
        axis.set(
            title=title,
            xlabel="faces that only this network has right",
            xlim=(-1.3 * widest, 2 * widest),
            ylim=(len(duels) - 0.5, -0.8),
            yticks=[],
        )
        axis.set_xticks(
            [tick for tick in axis.get_xticks() if abs(tick) <= widest],
            [f"{abs(tick):g}" for tick in axis.get_xticks() if abs(tick) <= widest],
        )
        axis.spines["left"].set_visible(False)
    return figure


def draw_recalls(rates):
    """Draw recall and precision of both classes, one panel a test.

    Parameters
    ----------
    rates : pandas.DataFrame
        Columns `recall` and `precision`, 0 to 1; indexed by test, network and class.

    Returns
    -------
    matplotlib.figure.Figure
    """
    tests = list(dict.fromkeys(rates.index.get_level_values(0)))
    figure, axes = plt.subplots(
        1,
        len(tests),
        figsize=(4.6 * len(tests), 2.6),
        layout="constrained",
        squeeze=False,
        sharey=True,
    )
    for axis, test in zip(axes.flat, tests):
        names = list(dict.fromkeys(rates.loc[test].index.get_level_values(0)))
        rows = [
            (label, measure)
            for label in ("with_mask", "without_mask")
            for measure in ("recall", "precision")
        ]
        for number, name in enumerate(names):
            values = [100 * rates.loc[(test, name, label), measure] for label, measure in rows]
            places = np.arange(len(rows)) + 0.16 * (number - (len(names) - 1) / 2)
            axis.plot(
                values, places, "os^D"[number], color=LINES[name], markersize=8, label=TITLES[name]
            )
        axis.set(
            title=test,
            xlabel="%",
            yticks=range(len(rows)),
            yticklabels=[f"{measure} of {label}" for label, measure in rows],
            xlim=(min(45, axis.get_xlim()[0]), 102),
        )
        axis.grid(axis="y", color="#e5e5e5")
        axis.set_axisbelow(True)
    axes[0, 0].invert_yaxis()
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False
    )
    return figure
