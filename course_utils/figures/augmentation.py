"""Figures of augmentation: landmarks that moved along, what spoils a label, speed and waiting.

Drawing only. Each function takes finished numbers and shows a figure with its alternative text.
"""

import cv2
import matplotlib.pyplot as plt
import numpy as np

from course_utils.figures import COLORS, show, show_pictures
from course_utils.pictures.images import read_rgb


def show_cuts(faces, folder, cuts):
    """Show whole pictures with the box of the face, and below them the face as it was cut.

    Parameters
    ----------
    faces : pandas.DataFrame
        Columns `picture`, `x_min`, `y_min`, `x_max` and `y_max`; eight rows.
    folder : pathlib.Path
        What `picture` starts from.
    cuts : ndarray, uint8, (8, size, size, 3)
    """
    whole = [read_rgb(folder / name) for name in faces.picture]
    boxes = faces[["x_min", "y_min", "x_max", "y_max"]].astype(float).round().astype(int)
    for picture, box in zip(whole, boxes.to_numpy()):
        cv2.rectangle(picture, box[:2].tolist(), box[2:].tolist(), (255, 255, 255), 2)
    alt = (
        "Eight portraits with a white box around the face, and below them the same faces"
        " cut with a margin into squares."
    )
    show_pictures([*whole, *cuts], alt, columns=8, size=1.2)


def show_moved(moved, landmarks):
    """Show augmented pictures with the landmarks that moved along and those left behind.

    Parameters
    ----------
    moved : dict of str to (ndarray uint8 (H, W, 3), ndarray (68, 2))
        Title to picture and its landmarks.
    landmarks : ndarray, (68, 2)
        As they were before.
    """
    figure, axes = plt.subplots(
        1, len(moved), figsize=(2.5 * len(moved), 3.1), layout="constrained", squeeze=False
    )
    for axis, (name, (picture, points)) in zip(axes.flat, moved.items()):
        axis.imshow(picture)
        axis.plot(
            *landmarks.T,
            "x",
            color="#E69F00",
            markersize=3.5,
            markeredgewidth=1,
            label="left behind",
        )
        axis.plot(
            *points.T,
            "o",
            color="#56B4E9",
            markersize=3.2,
            markeredgecolor="black",
            markeredgewidth=0.3,
            label="moved along",
        )
        axis.set(
            title=name, xlim=(-0.5, picture.shape[1] - 0.5), ylim=(picture.shape[0] - 0.5, -0.5)
        )
        axis.axis("off")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
        frameon=False,
        markerscale=2,
    )
    show(
        figure,
        "A face rotated, tilted, zoomed and flipped. Landmarks that moved along lie on eyes,"
        " nose and mouth; those left behind lie beside them.",
        photographic=True,
    )


def show_numbers(picture, versions):
    """Show a mirrored face with its landmarks, some of them with their numbers.

    Parameters
    ----------
    picture : ndarray, uint8, (H, W, 3)
    versions : dict of str to ndarray (68, 2)
        Title to landmarks.
    """
    figure, axes = plt.subplots(
        1, len(versions), figsize=(3.2 * len(versions), 3.5), layout="constrained"
    )
    label = {"boxstyle": "round,pad=0.15", "facecolor": "black", "edgecolor": "none"}
    for axis, (name, points) in zip(axes, versions.items()):
        axis.imshow(picture)
        axis.plot(*points.T, "o", color="#56B4E9", markersize=2.5)
        for number in (36, 45, 48, 54):
            axis.text(
                *points[number],
                number,
                color="white",
                fontsize=9,
                weight="bold",
                ha="center",
                va="center",
                bbox=label,
            )
        axis.set_title(name)
        axis.axis("off")
    show(
        figure,
        "The mirrored face twice, with dots on the same places. With exchanged numbers 36"
        " is the eye on the left of the picture, as it should be; with kept numbers it is"
        " the one on the right.",
        photographic=True,
    )


def show_spoils(shares, spoils):
    """Show how often a random patch spoils the label, against its area.

    Parameters
    ----------
    shares, spoils : ndarray, (n,), 0 to 1
    """
    figure, axis = plt.subplots(figsize=(7, 3), layout="constrained")
    axis.plot(100 * shares, 100 * spoils, "o-", color=COLORS["without_mask"])
    axis.axhline(1, color=COLORS["neutral"], linestyle="--", linewidth=1)
    axis.annotate(
        "once in a hundred times",
        (100 * shares[-1], 1),
        ha="right",
        va="bottom",
        fontsize=9,
        color=COLORS["neutral"],
    )
    axis.set(
        xlabel="area of the patch (% of the picture)",
        ylabel="patches that hide more\nthan half of it (%)",
        xlim=(0, None),
        ylim=(0, None),
    )
    show(
        figure,
        "How often a random square hides more than half of what tells the labels apart, against"
        " its area: never for small ones, then rising steeply.",
    )


def show_hue(turns, apart):
    """Show how far the hues of mask and skin are apart, against a turn of the hue.

    Parameters
    ----------
    turns : ndarray, (n,), degrees
    apart : ndarray, (n,), degrees on the colour circle
    """
    figure, axis = plt.subplots(figsize=(7, 3), layout="constrained")
    axis.plot(turns, apart, color=COLORS["with_mask"])
    axis.axvspan(-10, 10, color=COLORS["highlight"], alpha=0.25, linewidth=0)
    axis.annotate("our limit", (0, 0), xytext=(14, 4), fontsize=9, color=COLORS["highlight"])
    axis.set(
        xlabel="turn of the hue (degrees)",
        ylabel="from the mask's hue\nto the skin's (degrees)",
        xticks=range(-180, 181, 60),
        yticks=range(0, 181, 60),
        ylim=(0, 185),
    )
    show(
        figure,
        "Distance between the hue of the mask and of the skin that it hides, against the turn"
        " of the hue: large without a turn, smallest near half a turn.",
    )


def show_rates(rates):
    """Show pictures a second as dots on a logarithmic axis.

    Parameters
    ----------
    rates : dict of str to float
    """
    figure, axis = plt.subplots(figsize=(8, 3.4), layout="constrained")
    colors = [
        COLORS["neutral"],
        *[COLORS["without_mask"]] * 2,
        *[COLORS["with_mask"]] * (len(rates) - 3),
    ]
    for place, (rate, color) in enumerate(zip(rates.values(), colors)):
        axis.plot(rate, place, "o", color=color, markersize=9)
        axis.annotate(
            f"{_two_digits(rate):,.0f}",
            (rate, place),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
        )
    axis.set(
        xscale="log",
        ylim=(len(rates) - 0.5, -0.5),
        yticks=range(len(rates)),
        yticklabels=list(rates),
        xlabel="pictures a second (each step to the right doubles it)",
    )
    first = int(np.floor(np.log2(min(rates.values()) / 1.6 / 25)))
    ticks = 25 * 2.0 ** np.arange(first, first + 24)
    axis.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
    axis.minorticks_off()
    axis.set_xlim(min(rates.values()) / 1.6, 1.8 * max(rates.values()))
    axis.grid(axis="x", color="#dddddd")
    axis.set_axisbelow(True)
    show(
        figure,
        "Dots for pictures a second. Of the four ways to augment, imgaug in a generator is"
        " among the slowest and the course's policy the fastest.",
    )


def _two_digits(value):
    return round(value, 1 - int(np.floor(np.log10(value))))


def show_waits(waited):
    """Show a training step as waiting and computing, one bar a source of data.

    Parameters
    ----------
    waited : dict of str to (seconds waiting, seconds computing)
    """
    figure, axis = plt.subplots(figsize=(8, 2.4), layout="constrained")
    wait, compute = 1000 * np.array(list(waited.values())).T
    axis.barh(range(len(wait)), wait, color=COLORS["without_mask"], label="waiting for data")
    axis.barh(range(len(wait)), compute, left=wait, color=COLORS["with_mask"], label="computing")
    for place, (waiting, whole) in enumerate(zip(wait, wait + compute)):
        axis.annotate(
            f"waits {waiting / whole:.0%}",
            (whole, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axis.set(
        yticks=range(len(wait)),
        yticklabels=list(waited),
        xlabel="milliseconds a step of 32 pictures",
        xlim=(0, 1.2 * (wait + compute).max()),
    )
    axis.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    show(
        figure,
        "Bars of a training step, split in waiting and computing: with the generator much of it"
        " is waiting, with tf.data less, with prefetching next to nothing.",
    )


def show_help(tests, right):
    """Show the balanced accuracy on each kind of test pictures, for each policy.

    Parameters
    ----------
    tests : sequence of str
    right : dict of str to ndarray, (len(tests),), 0 to 1
    """
    figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
    places = np.arange(len(tests))
    for place, ends in zip(places, zip(*right.values())):
        axis.plot(
            [100 * min(ends), 100 * max(ends)],
            [place, place],
            color="#cccccc",
            linewidth=2,
            zorder=1,
        )
    for (name, values), color, marker in zip(
        right.items(), (COLORS["without_mask"], "#56B4E9", COLORS["with_mask"]), "Xos"
    ):
        axis.scatter(100 * values, places, color=color, marker=marker, label=name, s=48, zorder=2)
    axis.set(yticks=places, yticklabels=tests, xlabel="balanced accuracy on other people (%)")
    axis.axvline(50, color=COLORS["neutral"], linestyle="--", linewidth=1)
    axis.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    show(
        figure,
        "Balanced accuracy for ten kinds of test pictures and three policies. Without"
        " augmentation it falls on dark, bright and shifted pictures; with the full policy much"
        " less.",
    )
