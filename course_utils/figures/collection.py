"""Figures of a collection of pictures.

Sources, labels, sizes, boxes, and what a classifier sees that is kept from the face.

Each takes finished numbers. `draw_...` returns a figure for `figures.show`; `show_...` displays it
with its alternative text.
"""

import matplotlib.pyplot as plt
import numpy as np

from course_utils.figures import COLORS, picture_grid, show

LABEL_COLORS = {
    "with_mask": COLORS["with_mask"],
    "without_mask": COLORS["without_mask"],
    "mask_weared_incorrect": "#E69F00",
}

LABEL_LINES = {"with_mask": "-", "without_mask": (0, (4, 2)), "mask_weared_incorrect": ":"}


def in_words(label):
    """Return a label as one would say it."""
    return label.replace("_", " ").replace("weared incorrect", "worn wrongly")


def show_sources(datasets):
    """Show one bar a data set: what the original project counted, by label where it is known.

    Parameters
    ----------
    datasets : sequence of course_utils.data.registry.Dataset
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
    show(
        figure,
        "Bars of the seven sources by label. The set of 1,020 people has by far the most"
        " faces, all without a mask; the webcam pictures are too few to see.",
    )


def show_labels_and_sizes(faces):
    """Show how many pictures bear each label, and their shorter sides where these differ.

    Parameters
    ----------
    faces : pandas.DataFrame
        Columns `label`, and `width` and `height` in pixels.
    """
    shorter = faces[["width", "height"]].min(axis=1)
    alt = "Bars: pictures by label."
    if shorter.nunique() == 1:
        figure, bars = plt.subplots(figsize=(8, 1.7), layout="constrained")
    else:
        figure, (bars, histogram) = plt.subplots(
            2, 1, figsize=(8, 5), layout="constrained", height_ratios=(1, 2)
        )
        _draw_sizes(histogram, shorter, faces.label)
        alt += " Below: histogram of the pictures' shorter sides by label."
    for label, number in faces.label.value_counts().sort_index().items():
        drawn = bars.barh([in_words(label)], number, color=LABEL_COLORS[label])
        bars.bar_label(drawn, fmt="{:,.0f}", padding=4)
    bars.margins(x=0.1)
    bars.set(xlabel="pictures")
    show(figure, alt)


def _draw_sizes(axis, shorter, labels):
    edges = np.geomspace(20, 4000, 31)
    for label, part in shorter.groupby(labels):
        axis.hist(
            part,
            bins=edges,
            histtype="step",
            linewidth=2,
            color=LABEL_COLORS[label],
            label=in_words(label),
        )
    axis.set(xscale="log", xlabel="shorter side of the picture (pixels)", ylabel="pictures")
    axis.legend(frameon=False)


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
                linestyle=LABEL_LINES[label],
            )
        )
    for label in sorted({label for label, _ in boxes}):
        style = {"color": LABEL_COLORS[label], "linestyle": LABEL_LINES[label]}
        axis.plot([], [], **style, linewidth=2, label=in_words(label))
    axis.set(xlabel="x (pixels)", ylabel="y (pixels)")
    axis.legend(loc="upper right")
    return figure


def show_widths(widths):
    """Show histograms of face widths, each as a share of its own set.

    Parameters
    ----------
    widths : dict of str to sequence of int
        Pixels, by the name of the set.
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
    show(
        figure,
        "Histograms of face widths: many faces in scenes are far narrower than those in the"
        " portraits.",
    )


def show_spreads(series, xlabel, alt, chance=0.5):
    """Show means with their spread, one row a name, one marker a series.

    Parameters
    ----------
    series : dict of str to dict of str to (float, float)
        Name of the series, name of the row: mean and spread, between 0 and 1.
    xlabel : str
    alt : str
        Alternative text.
    chance : float
        A share to mark with a dashed line.
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
    show(figure, alt)


def show_sample(pictures, labels):
    """Show pictures in rows of eight, each in a frame of its label's colour.

    Parameters
    ----------
    pictures : sequence of ndarray, uint8, (H, W, 3)
    labels : sequence of str
    """
    show(
        picture_grid(pictures, columns=8, size=1.1, colors=[COLORS[label] for label in labels]),
        f"{len(labels)} pictures of the collection, half of them with a mask, with a coloured"
        " frame for the label.",
        photographic=True,
    )


def show_cuts(cuts):
    """Show what was cut out of a scene; grey where the cut is empty.

    Parameters
    ----------
    cuts : dict of str to ndarray, uint8, (H, W, 3)
        By the words for it.
    """
    empty = np.full((60, 60, 3), 215, np.uint8)
    shown = [cut if cut.size else empty for cut in cuts.values()]
    titles = [f"{name}\n{cut.shape[1]} x {cut.shape[0]}" for name, cut in cuts.items()]
    show(
        picture_grid(shown, titles, columns=len(shown), size=1.8),
        "One face cut with three margins, and a face at the left border, whose cut with a"
        " margin is empty.",
        photographic=True,
    )


def show_variety(portraits, titles):
    """Show portraits in two rows.

    Parameters
    ----------
    portraits : sequence of ndarray, uint8, (H, W, 3)
    titles : sequence of str
    """
    show(
        picture_grid(portraits, titles, columns=-(-len(titles) // 2), size=1.55),
        f"Portraits of different people: {', '.join(titles)}.",
        photographic=True,
    )


def show_separability(title, results, reference):
    """Show how well a starved classifier tells the labels apart, beside the real photographs.

    Parameters
    ----------
    title : str
        Names this run.
    results : dict of str to ndarray
        Balanced accuracies, 0 to 1, by what the classifier sees.
    reference : dict of str to dict
        The same names: "mean" and "spread" on the real photographs.
    """
    here = {name: (values.mean(), values.std()) for name, values in results.items()}
    there = {name: (reference[name]["mean"], reference[name]["spread"]) for name in results}
    show_spreads(
        {title: here, "reference run, real photographs": there},
        "balanced accuracy (%) ± standard deviation of the parts; 50 is chance",
        "Balanced accuracy from all pixels, the border, its upper half and the size, for"
        " this run and for the real photographs, where width and height alone predict the"
        " label far above chance.",
    )


def show_framings(cuts, seen, labels):
    """Show pictures in two framings, and below each the border that a classifier sees.

    Parameters
    ----------
    cuts : sequence of ndarray, uint8, (H, W, 3)
    seen : ndarray, (n, 8, 8, 3)
        Between 0 and 1.
    labels : sequence of str
    """
    show(
        picture_grid(
            [*cuts, *np.uint8(255 * np.asarray(seen))],
            columns=len(cuts),
            size=1.2,
            colors=[COLORS[label] for label in labels] * 2,
            row_titles=["collected", "seen by the\nclassifier"],
        ),
        "Eight pictures of the spoiled collection, four whole with a mask and four cut"
        " tight without; below each what the classifier sees, a ring of 28 pixels.",
        photographic=True,
    )
