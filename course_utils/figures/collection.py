"""Figures of a collection of pictures.

Sources, labels, sizes, boxes, thresholds and repeated measurements.

Drawing only. Each function takes finished numbers and returns a figure for `figures.show`.
"""

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from course_utils.figures import COLORS

LABEL_COLORS = {
    "with_mask": COLORS["with_mask"],
    "without_mask": COLORS["without_mask"],
    "mask_weared_incorrect": "#E69F00",
}


def in_words(label):
    """Return a label as one would say it."""
    return label.replace("_", " ").replace("weared incorrect", "worn wrongly")


def draw_sources(datasets):
    """Draw one bar a data set: what the original project counted, by label where it is known.

    Parameters
    ----------
    datasets : sequence of course_utils.data.registry.Dataset

    Returns
    -------
    matplotlib.figure.Figure
    """

    def counts(dataset):
        known, labels = dataset.counts, set(dataset.labels.values())
        total = known.get("faces", known.get("pictures", 0))
        if "with_mask" in known:
            return known["with_mask"], known["without_mask"], 0
        return (0, total, 0) if labels == {"without_mask"} else (0, 0, total)

    table = np.array([counts(dataset) for dataset in datasets])
    names = [dataset.title for dataset in datasets]
    figure, axis = plt.subplots(figsize=(8, 3.4), layout="constrained")
    kinds = (
        ("with mask", COLORS["with_mask"]),
        ("without mask", COLORS["without_mask"]),
        ("only the total is known", COLORS["neutral"]),
    )
    for column, (kind, color) in enumerate(kinds):
        axis.barh(
            names, table[:, column], left=table[:, :column].sum(axis=1), color=color, label=kind
        )
    for row, total in enumerate(table.sum(axis=1)):
        axis.annotate(
            f"{total:,}",
            (total, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axis.invert_yaxis()
    axis.margins(x=0.1)
    axis.set(xlabel="faces or pictures that the original project counted")
    axis.legend(frameon=False, loc="center right", bbox_to_anchor=(1, 0.36))
    return figure


def draw_labels_and_sizes(faces):
    """Draw how many pictures bear each label, and a histogram of their shorter sides.

    Parameters
    ----------
    faces : pandas.DataFrame
        Columns `label`, and `width` and `height` in pixels.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, (bars, histogram) = plt.subplots(
        1, 2, figsize=(9, 3.2), layout="constrained", width_ratios=(1, 2)
    )
    shorter, edges = faces[["width", "height"]].min(axis=1), np.geomspace(20, 4000, 31)
    for label, part in shorter.groupby(faces.label):
        bars.bar([in_words(label).replace(" ", "\n")], len(part), color=LABEL_COLORS[label])
        histogram.hist(
            part,
            bins=edges,
            histtype="step",
            linewidth=2,
            color=LABEL_COLORS[label],
            label=in_words(label),
        )
    bars.set(ylabel="pictures")
    histogram.set(xscale="log", xlabel="shorter side of the picture (pixels)", ylabel="pictures")
    histogram.legend(frameon=False)
    return figure


def draw_boxes(picture, boxes):
    """Draw labelled boxes on a picture.

    Parameters
    ----------
    picture : ndarray, uint8, (H, W, 3)
    boxes : sequence of (str, (int, int, int, int))
        Label and x_min, y_min, x_max, y_max in pixels.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(9, 5.2), layout="constrained")
    axis.imshow(picture)
    for label, (x_min, y_min, x_max, y_max) in boxes:
        axis.add_patch(
            plt.Rectangle(
                (x_min, y_min),
                x_max - x_min,
                y_max - y_min,
                fill=False,
                linewidth=2,
                edgecolor=LABEL_COLORS[label],
            )
        )
    for label in sorted({label for label, _ in boxes}):
        axis.plot([], [], color=LABEL_COLORS[label], linewidth=2, label=in_words(label))
    axis.set(xlabel="x (pixels)", ylabel="y (pixels)")
    axis.legend(loc="upper right")
    return figure


def draw_widths(widths):
    """Draw histograms of face widths, each as a share of its own set.

    Parameters
    ----------
    widths : dict of str to sequence of int
        Pixels, by the name of the set.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
    bins = np.arange(0, max(map(max, widths.values())) + 8, 8)
    for (name, values), color in zip(widths.items(), (COLORS["neutral"], COLORS["highlight"])):
        axis.hist(
            values,
            bins=bins,
            weights=np.full(len(values), 100 / len(values)),
            alpha=0.75,
            color=color,
            label=name,
        )
    axis.set(xlabel="width of the face (pixels)", ylabel="share of the faces (%)")
    axis.legend(frameon=False)
    return figure


def draw_threshold_curves(thresholds, recalls, alarms):
    """Draw what a threshold finds, by kind of copy, and its false alarms.

    Parameters
    ----------
    thresholds : ndarray of int
    recalls : dict of str to ndarray
        Shares between 0 and 1, one a threshold.
    alarms : ndarray
        Shares between 0 and 1.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
    for (kind, shares), style in zip(recalls.items(), ("-", "--", "-.", ":", "-")):
        axis.plot(thresholds, 100 * shares, style, linewidth=2, label=f"found: {kind}")
    axis.plot(thresholds, 100 * alarms, color="black", linewidth=3, label="false alarms")
    axis.set(
        xlabel="threshold (answers that may differ, of 64)", ylabel="share (%)", ylim=(-2, 102)
    )
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_pairs(rows, columns=6):
    """Draw pairs of pictures side by side, one row a list of pairs.

    Parameters
    ----------
    rows : sequence of list of (ndarray, ndarray, str, str)
        The two pictures (uint8, H x W x 3), a title and the colour of the frame.
    columns : int
        Pairs a row; longer lists are cut, shorter ones leave room.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        len(rows),
        columns,
        figsize=(1.75 * columns, 1.3 * len(rows)),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        axis.axis("off")
    for line, pairs in zip(axes, rows):
        for axis, (one, other, title, color) in zip(line, pairs):
            axis.imshow(
                np.hstack(
                    [
                        np.asarray(Image.fromarray(picture).resize((96, 96)))
                        for picture in (one, other)
                    ]
                )
            )
            axis.set_title(title, fontsize=9)
            axis.axis("on")
            axis.set(xticks=[], yticks=[])
            for spine in axis.spines.values():
                spine.set(visible=True, color=color, linewidth=3)
    return figure


def draw_repeats(panels, xlabel, chance=None):
    """Draw every measurement of a repeated experiment as a dot: a row a way, a panel an experiment.

    Parameters
    ----------
    panels : dict of str to dict of str to sequence of float
        Title of the panel, name of the row, shares between 0 and 1.
    xlabel : str
    chance : float, optional
        A share to mark with a dashed line.

    Returns
    -------
    matplotlib.figure.Figure
    """
    names = list(next(iter(panels.values())))
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(3 + 3 * len(panels), 1.3 + 0.5 * len(names)),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, (title, rows) in zip(axes.flat, panels.items()):
        for position, name in enumerate(names):
            values = 100 * np.asarray(rows[name])
            axis.plot(values, position + np.linspace(-0.18, 0.18, len(values)), "o", alpha=0.6)
        if chance is not None:
            axis.axvline(100 * chance, color=COLORS["neutral"], linestyle="--")
        axis.set(
            yticks=range(len(names)),
            yticklabels=names,
            ylim=(len(names) - 0.5, -0.5),
            xlabel=xlabel,
            title=title,
            xlim=(-3, 103),
        )
    return figure


def draw_spreads(series, xlabel, chance=0.5):
    """Draw means with their spread, one row a name, one marker a series.

    Parameters
    ----------
    series : dict of str to dict of str to (float, float)
        Name of the series, name of the row: mean and spread, between 0 and 1.
    xlabel : str
    chance : float
        A share to mark with a dashed line.

    Returns
    -------
    matplotlib.figure.Figure
    """
    names = list(next(iter(series.values())))
    figure, axis = plt.subplots(figsize=(8, 1.5 + 0.5 * len(names)), layout="constrained")
    shifts = np.linspace(-0.12, 0.12, len(series)) if len(series) > 1 else [0.0]
    for (title, rows), shift, marker in zip(series.items(), shifts, "osD^"):
        means, spreads = np.array([rows[name] for name in names]).T
        axis.errorbar(
            100 * means,
            np.arange(len(names)) + shift,
            xerr=100 * spreads,
            fmt=marker,
            capsize=4,
            label=title,
        )
    axis.axvline(100 * chance, color=COLORS["neutral"], linestyle="--")
    axis.set(
        yticks=range(len(names)),
        yticklabels=names,
        ylim=(len(names) - 0.5, -0.5),
        xlabel=xlabel,
        xlim=(0, 103),
    )
    if len(series) > 1:
        axis.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(series))
    return figure
