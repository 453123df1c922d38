"""Figures of detection: tiles, boxes, detectors compared, what was found and what was not.

Drawing only. Each function takes finished numbers and returns a figure for `figures.show`; where
the alternative text is made of the numbers, the figure and its text.
"""

import cv2
import matplotlib.pyplot as plt
import numpy as np

from course_utils.detection.labels import WORDS
from course_utils.pictures import annotations

STYLES = ("-o", "--s", ":^", "-.D")
"""Line and marker of each of four detectors, apart without colour as well."""

SIZE_LABEL = "size of the face (pixels)"


def draw_tiles(scene, levels):
    """Draw a scene once for each level of tiles that cover it.

    Parameters
    ----------
    scene : numpy.ndarray
        uint8, shape (height, width, 3).
    levels : list of list of (float, float, float)
        As `course_utils.detection.full_range.tiles` gives them.

    Returns
    -------
    matplotlib.figure.Figure
    """
    height, width = scene.shape[:2]
    figure, axes = plt.subplots(1, len(levels), figsize=(10, 2.8), layout="constrained")
    for axis, level in zip(axes, levels):
        axis.imshow(scene)
        for x, y, side in level:
            edge = {"fill": False, "edgecolor": "white", "linewidth": 1}
            axis.add_patch(plt.Rectangle((x, y), side, side, **edge))
        axis.set(xlim=(-220, width + 220), ylim=(height + 500, -500), xticks=[], yticks=[])
        axis.set(title=f"{len(level)} of {level[0][2]:.0f} pixels", facecolor="#444444")
    return figure


def draw_boxes(picture, boxes_by_title, part=None):
    """Draw a picture once for each set of boxes.

    Parameters
    ----------
    picture : numpy.ndarray
        uint8, shape (height, width, 3).
    boxes_by_title : dict of str to array_like, (n, 4)
    part : (int, int, int, int), optional
        x_min, y_min, x_max, y_max of what is shown of the picture.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        1, len(boxes_by_title), figsize=(10, 3.2), layout="constrained", squeeze=False
    )
    x_min, y_min, x_max, y_max = part or (0, 0, picture.shape[1], picture.shape[0])
    for axis, (title, boxes) in zip(axes.flat, boxes_by_title.items()):
        axis.imshow(picture)
        for left, top, right, bottom in boxes:
            edge = {"fill": False, "edgecolor": "#F0E442", "linewidth": 1.3}
            axis.add_patch(plt.Rectangle((left, top), right - left, bottom - top, **edge))
        axis.set(xlim=(x_min, x_max), ylim=(y_max, y_min), title=title)
        axis.axis("off")
    return figure


def draw_detectors(curves, seconds):
    """Draw precision against recall of some detectors, and what a scene costs each.

    Parameters
    ----------
    curves : dict of str to (array_like, array_like)
        Name to precision and recall after each box, 0 to 1.
    seconds : dict of str to float
        Name to processor time a scene.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, (axis, cost) = plt.subplots(
        1, 2, figsize=(10, 3.3), width_ratios=[2, 1], layout="constrained"
    )
    colors = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    for (name, (precision, recall)), style, color in zip(curves.items(), STYLES, colors):
        across, up = 100 * np.asarray(recall), 100 * np.asarray(precision)
        axis.plot(across, up, style, color=color, markersize=5, label=name)
        cost.plot(seconds[name], name, style[-1], color=color, markersize=9)
    axis.set(xlabel="recall: found of all faces (%)", ylabel="precision: faces\nof all boxes (%)")
    axis.set(xlim=(0, 103), ylim=(0, 105))
    axis.legend(frameon=False, fontsize=9, loc="lower left")
    ticks = (0.1, 0.3, 1, 3, 10)
    cost.set(xscale="log", xlim=(0.05, 15), xlabel="processor time a scene (s)")
    cost.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    cost.minorticks_off()
    cost.grid(axis="x", alpha=0.3)
    cost.invert_yaxis()
    return figure


def draw_found_by_width(reference, names):
    """Draw how many faces of photographs some detectors find, against the width of the face.

    Parameters
    ----------
    reference : dict
        Part "photographs" of `data/reference/07_detectors.json`.
    names : dict of str to str
        Key of a detector to its name.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
    """
    figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
    told = []
    for (key, name), style in zip(names.items(), STYLES):
        found = {
            int(width): 100 * share for width, share in reference["rows"][key]["found"].items()
        }
        axis.plot(list(found), list(found.values()), style, label=name)
        listed = ", ".join(f"{share:.0f} % at {width}" for width, share in found.items())
        told.append(f"{name}: {listed}")
    axis.set(xlabel="width of the face (pixels)", ylabel="faces found (%)", ylim=(-3, 103))
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    alt = (
        f"Share of faces in {reference['photographs']} real photographs that four detectors find,"
        f" by the width of the face in pixels. {'; '.join(told)}."
    )
    return figure, alt


def cut_around(picture, box, found=()):
    """Cut out a place with its box in white and boxes that were found there in orange.

    Parameters
    ----------
    picture : numpy.ndarray
        uint8, shape (height, width, 3).
    box : array_like, (4,)
        Pixels.
    found : array_like, (n, 4)

    Returns
    -------
    numpy.ndarray
        uint8, shape (h, w, 3): the box and nine tenths of it on every side.
    """
    shown = picture.copy()
    for edges, color in [*((other, (255, 140, 0)) for other in found), (box, (255, 255, 255))]:
        edges = np.asarray(edges, int).tolist()
        cv2.rectangle(shown, edges[:2], edges[2:], color, 1)
    return annotations.crop(shown, annotations.Box("", *np.asarray(box, int).tolist()), 0.9)


def draw_labelled(scene, boxes, words, alarms):
    """Draw a scene with what was said of each box; boxes that hold no face are marked.

    Parameters
    ----------
    scene : numpy.ndarray
        uint8, shape (height, width, 3).
    boxes : array_like, (n, 4)
    words : sequence of str
        One a box.
    alarms : collection of int
        Numbers of the boxes without a face.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(9, 5.1), layout="constrained")
    axis.imshow(scene)
    axis.axis("off")
    for number, ((x_min, y_min, x_max, y_max), word) in enumerate(zip(boxes, words)):
        false = number in alarms
        color = "#F0E442" if false else "white"
        edge = {"edgecolor": color, "linestyle": "--" if false else "-", "linewidth": 2}
        axis.add_patch(
            plt.Rectangle((x_min, y_min), x_max - x_min, y_max - y_min, fill=False, **edge)
        )
        behind = {"facecolor": color, "edgecolor": "none", "pad": 1.2}
        text = f"no face: {word}" if false else word
        axis.text(x_min, y_min - 6, text, fontsize=8, va="bottom", bbox=behind)
    return figure


def draw_two_counts(of_found, of_all):
    """Draw for some detectors the share that is right of the found faces, and of all.

    Parameters
    ----------
    of_found, of_all : dict of str to float
        Name to share, 0 to 1.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(8, 2.6), layout="constrained")
    words = {"right, of the found faces": of_found, "right, of all faces": of_all}
    _pairs_of_bars(axis, {word: list(shares.values()) for word, shares in words.items()})
    axis.set_xticks(range(len(of_found)), list(of_found))
    axis.set(ylabel="faces (%)", ylim=(0, 105))
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_recall_and_precision(table):
    """Draw recall and precision of both labels, end to end, by the size of the face.

    Parameters
    ----------
    table : pandas.DataFrame
        As `course_utils.detection.recall_and_precision` gives it.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True, layout="constrained")
    for axis, label in zip(axes, ("without_mask", "with_mask")):
        measures = ("recall", "precision")
        _pairs_of_bars(axis, {what: table[f"{what}, {label}"].fillna(0) for what in measures})
        axis.set_xticks(range(len(table)), table.index)
        axis.set(xlabel=SIZE_LABEL, title=WORDS[label])
    axes[0].set(ylabel="end to end (%)", ylim=(0, 105))
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=2, frameon=False)
    return figure


def _pairs_of_bars(axis, shares):
    """Draw two bars side by side at every place: words to shares, 0 to 1."""
    for shift, (words, values) in zip((-0.2, 0.2), shares.items()):
        heights = 100 * np.asarray(values, float)
        bars = axis.bar(np.arange(len(heights)) + shift, heights, 0.38, label=words)
        axis.bar_label(bars, [f"{height:.0f}" for height in heights], fontsize=8)
