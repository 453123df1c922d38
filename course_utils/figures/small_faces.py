"""Figures of face sizes: distributions, accuracy against size, changes with intervals, the skew.

Drawing and printing only. The functions take finished numbers and return a figure for
`figures.show`.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from course_utils.figures import COLORS
from course_utils.pictures.images import FORMATS

BOX = ["x_min", "y_min", "x_max", "y_max"]

LOOKS = {"nearest": (COLORS["without_mask"], "s"), "bilinear": (COLORS["with_mask"], "o")}
"""Colour and marker of each way of enlarging."""

TICKS = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)


def face_sizes(table, folder):
    """Return how large the faces of a table are.

    Parameters
    ----------
    table : pandas.DataFrame
        Column `picture`; the box, where the picture shows more than the face.
    folder : path-like
        What `picture` starts from.

    Returns
    -------
    ndarray of float, (n,)
        The shorter side of each face's box, or of the picture, in pixels.
    """
    if set(BOX) <= set(table.columns):
        x_min, y_min, x_max, y_max = table[BOX].astype(float).to_numpy().T
        return np.minimum(x_max - x_min, y_max - y_min)
    sizes = []
    for name in table["picture"]:
        with Image.open(Path(folder) / name, formats=FORMATS) as picture:
            sizes.append(float(min(picture.size)))
    return np.array(sizes)


def draw_histograms(sets, band):
    """Draw histograms of face sizes on a logarithmic axis, each as a share of its own set.

    Parameters
    ----------
    sets : dict of str to ndarray
        Sizes in pixels by the name of the set.
    band : (int, int)
        A range of sizes to shade.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
    largest = max(values.max() for values in sets.values())
    bins = 2.0 ** np.arange(2.5, np.log2(largest) + 0.5, 0.25)
    for (name, values), color in zip(sets.items(), (COLORS["neutral"], COLORS["highlight"])):
        weights = np.full(len(values), 100 / len(values))
        axis.hist(values, bins=bins, weights=weights, alpha=0.75, color=color, label=name)
    label = f"{band[0]} to {band[1]} pixels"
    axis.axvspan(*band, color="#F0E442", alpha=0.3, linewidth=0, label=label, zorder=0)
    _size_axis(axis, [size for size in TICKS if bins[0] <= size <= bins[-1]])
    axis.set_ylabel("share of the faces (%)")
    axis.legend(frameon=False, loc="upper left")
    return figure


def draw_curves(sizes, curves, chance):
    """Draw accuracy against the size of the face, a line for each way of enlarging.

    Parameters
    ----------
    sizes : sequence of int
        Pixels.
    curves : dict of str to sequence of float
        Way, one of `LOOKS`, to accuracies from 0 to 1.
    chance : float
        The share of the commoner class; a dotted line.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(7.5, 3.2), layout="constrained")
    for name, values in curves.items():
        color, marker = LOOKS[name]
        heights = 100 * np.asarray(values, float)
        axis.plot(sizes, heights, marker + "-", color=color, linewidth=2.2, label=name)
    axis.axhline(100 * chance, color="black", linestyle=":", linewidth=1)
    words = "always the commoner answer"
    axis.text(sizes[0], 100 * chance - 1, words, ha="right", va="top", fontsize=9)
    _size_axis(axis, sizes)
    axis.set(ylabel="right (%)", ylim=(20, 101))
    axis.legend(title="enlarged by", frameon=False, loc="lower right", bbox_to_anchor=(1, 0.12))
    return figure


def draw_changes(changes, xlabel):
    """Draw differences with their intervals, a row each, the first on top.

    Parameters
    ----------
    changes : dict of str to (float, float, float)
        Title to the difference and the ends of its interval, in points.
    xlabel : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    height = 0.9 + 0.45 * len(changes)
    figure, axis = plt.subplots(figsize=(8, height), layout="constrained")
    rows = -np.arange(len(changes))
    for row, (middle, low, high) in zip(rows, changes.values(), strict=True):
        color = COLORS["neutral"] if low <= 0 <= high else COLORS["highlight"]
        axis.plot([low, high], [row, row], color=color, linewidth=2.5)
        axis.plot(middle, row, "o", color=color, markersize=8)
    axis.axvline(0, color="black", linewidth=1)
    axis.set_yticks(rows, list(changes))
    axis.set(
        xlabel=f"{xlabel} (points), with 95 % interval; grey: it holds 0",
        ylim=(rows[-1] - 0.6, 0.6),
    )
    axis.grid(axis="x", alpha=0.3)
    return figure


def draw_shares(shares, xlabel):
    """Draw accuracies, recalls and the like as a table of colours.

    Parameters
    ----------
    shares : pandas.DataFrame
        Per cent; nan where there was nothing to divide by.
    xlabel : str
        What was asked.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows, columns = shares.shape
    figsize = (2 + 1.4 * columns, 0.9 + 0.5 * rows)
    figure, axis = plt.subplots(figsize=figsize, layout="constrained")
    values = shares.to_numpy(float)
    axis.imshow(values, cmap="Blues", vmin=40, vmax=160, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        text = "none" if np.isnan(value) else f"{value:.1f} %"
        axis.text(column, row, text, ha="center", va="center", fontsize=12)
    axis.set_xticks(range(len(shares.columns)), [name.replace(" ", "\n") for name in shares])
    axis.set_yticks(range(len(shares)), shares.index)
    axis.set(xlabel=xlabel)
    axis.spines[:].set_visible(False)
    return figure


def print_reference(made, runs, kinds, pairs):
    """Print the figures of the reference run on photographs.

    Parameters
    ----------
    made : dict or None
        As `course_utils.notebook.artefacts.Artefacts.reference` reads it; "draws" are those of
        `benchmarks/small_faces.py`.
    runs, kinds : iterable of str
        Rows and columns of the table: what chapter 06 recorded as `run_kind`. A row that the stored
        run lacks says so, and a gain that it lacks is left out.
    pairs : iterable of str
        Titles of the gains that it recorded.
    """
    if made is None:
        print(
            "No reference run is stored: `course run 06 --profile real` and then"
            " `python tools/reference.py 06` make one."
        )
        return
    metrics = made["metrics"]
    print(
        f"Photographs ({made['dataset']}), seed {made['seed']}, {made['machine']};"
        f" {metrics['test_faces']} faces of test people, % right:"
    )
    print(" " * 10 + "".join(f"{kind:>18}" for kind in kinds))
    for run in runs:
        shares = [metrics.get(f"{run} {kind}".replace(" ", "_")) for kind in kinds]
        if None in shares:
            print(f"{run:<10}        was not asked in that run")
        else:
            print(f"{run:<10}" + "".join(f"{100 * share:>18.1f}" for share in shares))
    for title in pairs:
        key = title.replace(",", "").replace(" ", "_")
        if f"gain_{key}" in metrics:
            gain, low = metrics[f"gain_{key}"], metrics[f"low_{key}"]
            print(f"{title}: {gain:+.1f} points, lower end of the interval {low:+.1f}")
    for title, gains in _by_title(made.get("draws", {}).values()).items():
        if title in pairs:
            print(f"{title}, with {len(gains)} draws of the sizes: {', '.join(gains)}")


def _by_title(draws):
    """Gather the gains of several draws of the sizes, as text."""
    found = {}
    for draw in draws:
        for title, (gain, *_) in draw["gains"].items():
            found.setdefault(title, []).append(f"{gain:+.1f}")
    return found


def _size_axis(axis, sizes):
    axis.set(xscale="log", xlabel="size of the face (pixels)")
    axis.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axis.minorticks_off()
