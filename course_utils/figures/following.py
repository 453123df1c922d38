"""Figures of videos: a track, labelled frames, shares by size, thresholds, alarms, cost.

Drawing only. Each function takes finished numbers and returns a figure for `figures.show`; where
the alternative text is made of the numbers, the figure and its text.
"""

import matplotlib.pyplot as plt
import numpy as np

from course_utils.detection.drawing import annotate
from course_utils.detection.labels import WORDS
from course_utils.figures import COLORS


def draw_paths(times, found, smoothed):
    """Draw how wide a face is from frame to frame, and how much that changes.

    Parameters
    ----------
    times : sequence of float
        Seconds.
    found, smoothed : array_like, (n,)
        Widths of the boxes that were found and of the track, pixels; NaN where there is none.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels: the widths, and their change since the frame before, in which trembling shows.
    """
    figure, axes = plt.subplots(1, 2, figsize=(8.5, 2.8), layout="constrained")
    kinds = {"found boxes": (found, "without_mask", "x--"), "track": (smoothed, "with_mask", "-")}
    for label, (widths, color, line) in kinds.items():
        axes[0].plot(times, widths, line[0], color=COLORS[color], label=label)
        axes[1].plot(times[1:], np.diff(widths), line, color=COLORS[color], label=label)
    axes[0].set(xlabel="time (s)", ylabel="width of the box (pixels)")
    axes[1].set(xlabel="time (s)", ylabel="change a frame (pixels)")
    axes[0].legend(frameon=False)
    return figure


def draw_frames(pictures, columns=3):
    """Draw annotated frames in rows.

    Parameters
    ----------
    pictures : dict of str to (numpy.ndarray, list of LabelledFace)
        Title to a frame and its faces.
    columns : int

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = -(-len(pictures) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(3.6 * columns, 2.3 * rows), layout="constrained", squeeze=False
    )
    for axis, (title, (image, faces)) in zip(axes.flat, pictures.items()):
        axis.imshow(annotate(image, faces))
        axis.set_title(title, fontsize=9)
        axis.axis("off")
    return figure


def draw_by_size(table):
    """Draw shares by the size of the face, each with its interval.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `size`, `what` (str), `share`, `low`, `high` (per cent).

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(7.5, 3), layout="constrained")
    sizes = list(dict.fromkeys(table["size"]))
    looks = ((-0.08, "o", COLORS["neutral"]), (0.08, "s", COLORS["with_mask"]))
    for (what, part), (shift, marker, color) in zip(table.groupby("what", sort=False), looks):
        places = [sizes.index(size) + shift for size in part["size"]]
        axis.vlines(places, part["low"], part["high"], color=color, linewidth=3, alpha=0.5)
        axis.plot(places, part["share"], marker, color=color, markersize=8, label=what)
    axis.set_xticks(range(len(sizes)), sizes)
    axis.set(xlabel="size of the face (pixels)", ylabel="of the annotated faces (%)", ylim=(0, 105))
    axis.set_xlim(-0.6, len(sizes) - 0.4)
    axis.legend(frameon=False, loc="lower right")
    return figure


def draw_costs(levels, slips, nags, level):
    """Draw what a threshold costs either side.

    Parameters
    ----------
    levels : array_like, (n,)
        Thresholds, 0 to 1.
    slips, nags : array_like, (n,)
        Shares of the looks that are called masked without a mask, and unmasked with one.
    level : float
        The threshold that is marked.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
    """
    figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
    curves = {
        "unmasked, but called masked": (slips, "-", COLORS["without_mask"]),
        "masked, but called unmasked": (nags, "--", COLORS["with_mask"]),
    }
    for words, (shares, style, color) in curves.items():
        heights = 100 * np.asarray(shares)
        axis.plot(levels, heights, style, color=color, linewidth=2.5, label=words)
    axis.axvline(level, color="black", linestyle=":")
    one, other = np.interp(level, levels, slips), np.interp(level, levels, nags)
    title = f"at {level:.2f}: {one:.0%} slip through, {other:.0%} are stopped for nothing"
    axis.set(xlabel="threshold: probability of a mask", ylabel="share of the looks (%)")
    axis.set(title=title, ylim=(0, None))
    axis.legend(frameon=False)
    alt = (
        "Two curves against the threshold, the one falling and the other rising; a dotted line"
        f" stands at {level:.2f}, and the title says what both are there."
    )
    return figure, alt


def draw_time_line(looks, alarms):
    """Draw what was said of each person over time, and when the alarm rang.

    Parameters
    ----------
    looks : pandas.DataFrame
        Rows of annotated faces: `group` (the person), `label` (the truth), `time` (s), `said`
        (empty where the face was missed).
    alarms : list of (str, float)
        Person and time (s).

    Returns
    -------
    matplotlib.figure.Figure
    """
    colors = {name: COLORS.get(name, "#bbbbbb") for name in WORDS}
    people = list(dict.fromkeys(looks["group"]))
    figure, axis = plt.subplots(figsize=(9, 0.36 * len(people) + 1.4), layout="constrained")
    said = looks[looks["said"] != ""]
    rows = [people.index(person) for person in said["group"]]
    axis.scatter(said["time"], rows, c=[colors[name] for name in said["said"]], marker="s", s=22)
    for name in ("with_mask", "without_mask", "not_sure"):
        axis.scatter([], [], color=colors[name], marker="s", label=WORDS[name])
    rung = [(time, people.index(person)) for person, time in alarms if person in people]
    if rung:
        axis.scatter(*zip(*rung), marker="*", s=260, color="black", label="alarm", zorder=3)
    truth = looks.groupby("group")["label"].agg(lambda labels: WORDS[labels.mode()[0]])
    axis.set_yticks(range(len(people)), [f"{person}: {truth[person]}" for person in people])
    axis.set(xlabel="time (s)", ylim=(len(people) - 0.4, -0.6))
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_budget(milliseconds, limit):
    """Draw what a frame costs, stage by stage, against what it may cost.

    Parameters
    ----------
    milliseconds : dict of str to float
        Stage to processor time a frame.
    limit : (float, str)
        Milliseconds, and what they are.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(8, 2.4), layout="constrained")
    colors = ("#666666", "#0072B2", "#CC79A7", "#E69F00", "#009E73", "#56B4E9", "#D55E00")
    left = 0.0
    for (stage, cost), color in zip(milliseconds.items(), colors):
        axis.barh(["a frame"], [cost], left=left, color=color, label=stage)
        left += cost
    most, words = limit
    axis.axvline(most, color="black", linestyle=":")
    axis.text(most, 0.42, f"{words} ", va="bottom", ha="right")
    axis.set(xlabel="processor time (ms)")
    figure.legend(loc="outside lower center", ncols=len(milliseconds), frameon=False)
    return figure
