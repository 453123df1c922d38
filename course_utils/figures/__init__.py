"""Figures in one style, each with a text for readers who can't see it."""

import base64
import html
import io

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

# Okabe and Ito's palette: told apart by readers with any colour vision
# (https://jfly.uni-koeln.de/color/).
COLORS = {
    "with_mask": "#0072B2",
    "without_mask": "#D55E00",
    "neutral": "#666666",
    "highlight": "#009E73",
}

STYLE = {
    "figure.dpi": 80,
    "savefig.bbox": "tight",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": plt.cycler(
        color=["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"]
    ),
}
plt.rcParams.update(STYLE)


def show(figure, alt, photographic=False):
    """Display a figure with an alternative text, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What a reader who can't see the figure should know: what is plotted
        and what it shows.
    photographic : bool
        Store as JPEG, which is far smaller for pictures of faces.
    """
    content, kind = _encoded(figure, photographic)
    mime, encoded = f"image/{kind}", base64.b64encode(content).decode("ascii")
    # IPython's Image takes an alternative text from version 8 on; Colab has an older one.
    data = {mime: encoded, "text/plain": f"Figure: {alt}"}
    display(data, metadata={mime: {"alt": alt}}, raw=True)


def as_html(figure, alt, photographic=False):
    """Return a figure as an HTML image with its alternative text, and close it; widgets show it.

    Parameters
    ----------
    figure, alt, photographic
        As for `show`.

    Returns
    -------
    str
        `<img ...>`; the picture is part of the text.
    """
    content, kind = _encoded(figure, photographic)
    encoded = base64.b64encode(content).decode("ascii")
    return (
        f'<img style="max-width: 100%" alt="{html.escape(alt, quote=True)}"'
        f' src="data:image/{kind};base64,{encoded}">'
    )


def _encoded(figure, photographic):
    """Return a figure's bytes and their format, and close it."""
    buffer = io.BytesIO()
    kind = "jpeg" if photographic else "png"
    options = {"pil_kwargs": {"quality": 85}} if photographic else {}
    figure.savefig(buffer, format=kind, **options)
    plt.close(figure)
    return buffer.getvalue(), kind


def picture_grid(pictures, titles=None, columns=8, size=1.3, colors=None, row_titles=()):
    """Lay out pictures in rows.

    Parameters
    ----------
    pictures : sequence of ndarray, uint8, (H, W, 3) or (H, W)
        They may differ in size.
    titles : sequence of str, optional
        One a picture; or one a column, for the first row alone.
    columns : int
    size : float
        Width of a cell in inches.
    colors : sequence of str, optional
        One a picture: the colour of its frame.
    row_titles : sequence of str
        One a row, to the left of it.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = -(-len(pictures) // columns)
    titles = [] if titles is None else titles
    longest = max((len(line) for title in row_titles for line in title.split("\n")), default=0)
    heading = 0.22 * size * (rows if len(titles) > columns else len(titles) > 0)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(columns * size + 0.08 * longest, rows * size + heading),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        axis.axis("off")
    for position, (axis, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        axis.imshow(np.asarray(picture), cmap="gray", vmin=0, vmax=255)
        if position < len(titles):
            axis.set_title(titles[position], fontsize=9)
        if colors is not None:
            axis.axis("on")
            axis.set(xticks=[], yticks=[])
            for spine in axis.spines.values():
                spine.set(visible=True, color=colors[position], linewidth=3)
    for axis, title in zip(axes[:, 0], row_titles):
        title_row(axis, title)
    return figure


def title_row(axis, title):
    """Write a title to the left of a row, beside its first axes."""
    axis.annotate(
        title,
        (0, 0.5),
        xytext=(-6, 0),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=9,
    )


def show_pictures(pictures, alt, titles=None, columns=8, size=1.3, colors=None, row_titles=()):
    """Display pictures in rows; where there are none, say so.

    Parameters
    ----------
    pictures, titles, columns, size, colors, row_titles
        As for `picture_grid`.
    alt : str
        As for `show`.
    """
    if not len(pictures):
        print(f"No picture to show: {alt}")
        return
    figure = picture_grid(pictures, titles, columns, size, colors, row_titles)
    show(figure, alt, photographic=True)
