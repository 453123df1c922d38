"""Figures of twins: codes of pictures, thresholds, pairs, and what a leak does to a measurement.

Each takes finished numbers. `draw_...` returns a figure for `figures.show`; `show_...` displays it
with its alternative text.
"""

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from course_utils.figures import COLORS, picture_grid, show, title_row
from course_utils.profiles import SEED


def show_hashes(pictures, tiny, codes):
    """Show how a picture, a brightened copy and another picture become 64 answers.

    Parameters
    ----------
    pictures : sequence of ndarray, uint8, (H, W, 3)
        The picture, its copy, another picture.
    tiny : sequence of ndarray, uint8, (8, 9)
    codes : sequence of ndarray of bool, (64,)
    """
    panels = []
    for picture, small, code in zip(pictures, tiny, codes):
        answers, changed = code.reshape(8, 8), (code != codes[0]).reshape(8, 8)
        panels += [picture, small, answers * 255, changed * 255]
    titles = ["", "9 x 8 pixels", "64 answers\n(white: yes)", "changed\n(white)"]
    rows = ["a picture", "brightened", "another picture"]
    show(
        picture_grid(panels, titles, columns=4, row_titles=rows),
        "Three rows: a picture, its brightened copy and another picture; each with its 9 x"
        " 8 version, its 64 answers in black and white, and the answers that differ from"
        " the first row's.",
        photographic=True,
    )


def show_threshold_curves(thresholds, recalls, alarms):
    """Show what a threshold finds, by kind of copy, and its false alarms.

    Parameters
    ----------
    thresholds : ndarray of int
    recalls : dict of str to ndarray
        Shares between 0 and 1, one a threshold.
    alarms : ndarray
        Shares between 0 and 1.
    """
    figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
    for (kind, shares), style in zip(recalls.items(), ("-", "--", "-.", ":", "-")):
        axis.plot(thresholds, 100 * shares, style, linewidth=2, label=f"found: {kind}")
    axis.plot(thresholds, 100 * alarms, color="black", linewidth=3, label="false alarms")
    axis.set(
        xlabel="threshold (answers that may differ, of 64)", ylabel="share (%)", ylim=(-2, 102)
    )
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    show(
        figure,
        "Recall of five kinds of copies and false alarms against the threshold. Saved"
        " again, resized and brightened copies are found at once, cropped ones rise slowly,"
        " mirrored ones are hardly found, and false alarms rise steeply at large"
        " thresholds.",
    )


def show_false_alarms(shares, curves):
    """Show the false alarms of several hashes against the threshold.

    Parameters
    ----------
    shares : ndarray
        Thresholds.
    curves : dict of str to ndarray
        Shares between 0 and 1, by the name of the hash.
    """
    figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
    for (name, curve), style in zip(curves.items(), ("-", "--")):
        axis.plot(shares, 100 * curve, style, linewidth=3, label=f"false alarms: {name}")
    axis.set(
        xlabel="threshold (answers that may differ, of 64)", ylabel="share (%)", ylim=(-2, 102)
    )
    axis.legend(frameon=False, loc="upper left")
    show(
        figure,
        "False alarms against the threshold, for the sideways hash alone and for both"
        " hashes: both together raise fewer.",
    )


def draw_pairs(threshold, pictures, distance, origin, unrelated):
    """Draw pairs of pictures at a threshold (upper row) and one step outside of it (lower row).

    Green frames are copies of one picture, orange ones can't be twins, grey ones nobody has marked.

    Parameters
    ----------
    threshold : int
    pictures : sequence of ndarray, uint8, (H, W, 3)
    distance : ndarray of int, (n, n)
    origin : ndarray of int, (n,)
        The number of the picture that each is a copy of. Two origins are shown once.
    unrelated : ndarray of bool, (n, n)

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        Its alternative text.
    """
    columns = 6
    figure, axes = plt.subplots(
        2, columns, figsize=(1.75 * columns + 0.7, 2.1), squeeze=False, layout="constrained"
    )
    for axis in axes.flat:
        axis.axis("off")
    for line, step in zip(axes, (threshold, threshold + 1)):
        title_row(line[0], f"distance\n{step}")
        pairs = _some_pairs(step, distance, origin, columns)
        for axis, (one, other) in zip(line, pairs):
            if origin[one] == origin[other]:
                color = COLORS["highlight"]
            else:
                color = COLORS["without_mask" if unrelated[one, other] else "neutral"]
            _draw_pair(axis, pictures[one], pictures[other], color)
    alt = f"Pairs of pictures at distance {threshold} (upper row) and {threshold + 1} (lower row)."
    return figure, alt


def _some_pairs(step, distance, origin, count):
    """Draw pairs at a distance by lot."""
    pairs = np.random.default_rng(SEED + step).permutation(
        np.argwhere(np.triu(distance == step, 1))
    )
    _, first = np.unique(np.sort(origin[pairs], axis=1), axis=0, return_index=True)
    return pairs[np.sort(first)][:count]


def _draw_pair(axis, one, other, color):
    square = [np.asarray(Image.fromarray(picture).resize((96, 96))) for picture in (one, other)]
    axis.imshow(np.hstack(square))
    axis.axis("on")
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set(visible=True, color=color, linewidth=3)


def show_repeats(panels, xlabel, alt, chance=None):
    """Show every measurement of a repeated experiment as a dot: a row a way, a panel an experiment.

    Parameters
    ----------
    panels : dict of str to dict of str to sequence of float
        Title of the panel, name of the row, shares between 0 and 1.
    xlabel : str
    alt : str
        Alternative text.
    chance : float, optional
        A share to mark with a dashed line.
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
    show(figure, alt)
