"""Figures of serving: what the ways to ask cost, and what travels.

Drawing only. The functions take finished numbers and return a figure for `figures.show`.
"""

import matplotlib.pyplot as plt
import numpy as np

from course_utils.figures import COLORS


def draw_bars(table, xlabel, form="{:,.0f}", grey=()):
    """Draw bars from zero on linear axes, the number at each bar's end, the first row on top.

    Parameters
    ----------
    table : pandas.DataFrame or pandas.Series
        A panel for each column, each with an axis of its own; a row for each bar.
    xlabel : str
        Of every panel.
    form : str
        How a number is written.
    grey : sequence of str
        Rows that are there to compare with.

    Returns
    -------
    matplotlib.figure.Figure
    """
    table = table.to_frame("") if table.ndim == 1 else table
    panels, rows = len(table.columns), np.arange(len(table))
    figure, axes = plt.subplots(
        1,
        panels,
        figsize=(5.2 if panels == 1 else 4.2 * panels, 0.9 + 0.36 * len(table)),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    colors = [COLORS["neutral" if name in grey else "with_mask"] for name in table.index]
    for axis, (title, values) in zip(axes.flat, table.items(), strict=True):
        axis.barh(rows, values, color=colors)
        for row, value in zip(rows, values, strict=True):
            axis.annotate(
                form.format(value), (value, row), (4, 0), textcoords="offset points", va="center"
            )
        axis.set(title=title, xlabel=xlabel, xlim=(0, 1.25 * values.max()))
        axis.set_yticks(rows, table.index)
        axis.locator_params(axis="x", nbins=4)
    axes[0, 0].invert_yaxis()
    return figure


def draw_exchanges(face, lines):
    """Draw a face, and beside it lines in letters of one width.

    Parameters
    ----------
    face : ndarray, uint8, (H, W, 3)
    lines : sequence of str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 2.6), width_ratios=[1, 3], layout="constrained"
    )
    left.imshow(face)
    right.text(0, 0.5, "\n".join(lines), family="monospace", fontsize=10, va="center")
    for axis in (left, right):
        axis.axis("off")
    return figure
