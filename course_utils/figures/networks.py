"""What chapter 04 plots besides drawings of networks.

Feature maps, gradients, losses, costs and outputs.
"""

import matplotlib.pyplot as plt
import numpy as np

from course_utils.figures import COLORS, picture_grid
from course_utils.figures.architectures import KINDS

LINES = {
    "plain": (COLORS["without_mask"], ":"),
    "residual": (COLORS["with_mask"], ":"),
    "plain, normalised": (COLORS["without_mask"], "-"),
    "residual, normalised": (COLORS["with_mask"], "-"),
}
"""Colour and line of the four deep networks of chapter 04."""

KERNEL_WORDS = {
    "convolution": "3 x 3 and larger",
    "pointwise": "1 x 1",
    "depthwise": "depthwise",
}


def draw_neuron(inputs, weights, bias):
    """Draw one neuron at work: inputs times weights, their sum with the bias, the ReLU.

    Parameters
    ----------
    inputs, weights : sequence of float
        Of the same length.
    bias : float

    Returns
    -------
    matplotlib.figure.Figure
    """
    total = float(np.dot(inputs, weights) + bias)
    figure, axis = plt.subplots(figsize=(8.5, 2.6), layout="constrained")
    rows = 0.5 * (len(inputs) - 1) - np.arange(len(inputs))
    words = {"ha": "center", "fontsize": 10}
    white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    for row, value, weight in zip(rows, inputs, weights, strict=True):
        _circle(axis, 0, row, f"{value:g}", COLORS["neutral"])
        axis.annotate("", (2.68, 0.25 * row), (0.35, row), arrowprops={"arrowstyle": "-|>"})
        axis.text(1.2, 0.68 * row - 0.06, f"times {weight:g}", **words, bbox=white)
    _circle(axis, 3, 0, f"{total:g}", COLORS["with_mask"])
    axis.text(3, 0.7, f"sum and bias {bias:g}", **words)
    axis.annotate("", (5.65, 0), (3.35, 0), arrowprops={"arrowstyle": "-|>"})
    axis.text(4.5, 0.12, "ReLU", **words)
    _circle(axis, 6, 0, f"{max(total, 0):g}", COLORS["highlight"])
    for x, word in ((0, "inputs"), (1.2, "weights"), (3, "neuron"), (6, "output")):
        axis.text(x, rows[-1] - 0.75, word, ha="center", fontsize=11, fontweight="bold")
    axis.set(xlim=(-0.6, 6.6), ylim=(rows[-1] - 0.95, rows[0] + 0.45), aspect="equal")
    axis.axis("off")
    return figure


def _circle(axis, x, y, text, color):
    axis.add_patch(plt.Circle((x, y), 0.32, facecolor=color, edgecolor="black", zorder=2))
    axis.text(x, y, text, ha="center", va="center", color="white", fontsize=11, zorder=3)


def draw_valley(inputs, labels, paths):
    """Draw the loss of a neuron with one input over its two weights, and ways down.

    Parameters
    ----------
    inputs : numpy.ndarray
        One number a face, shape (n,).
    labels : numpy.ndarray
        0 or 1, shape (n,).
    paths : dict of float to numpy.ndarray
        Learning rate, and weight, bias and loss before every step, shape (steps, 3).

    Returns
    -------
    matplotlib.figure.Figure
    """
    stops = np.concatenate([path[:, :2] for path in paths.values()])
    (left, low), (right, high) = stops.min(axis=0) - 1, stops.max(axis=0) + 1
    weights, biases = np.meshgrid(np.linspace(left, right, 120), np.linspace(low, high, 120))
    logits = weights[..., None] * inputs + biases[..., None]  # (120, 120, n)
    losses = (np.logaddexp(0, logits) - labels * logits).mean(axis=-1)
    figure, axis = plt.subplots(figsize=(8.5, 4), layout="constrained")
    levels = np.geomspace(losses.min() * 1.03, losses.max(), 14)
    axis.contourf(weights, biases, losses, levels, cmap="Greys", alpha=0.7, extend="min")
    looks = zip(paths.items(), ("highlight", "with_mask", "without_mask"), "s^o", strict=False)
    for (rate, path), color, marker in looks:
        axis.plot(
            *path[:, :2].T,
            marker=marker,
            markersize=5,
            linewidth=1.6,
            color=COLORS[color],
            label=f"learning rate {rate:g}",
        )
    axis.plot(*next(iter(paths.values()))[0, :2], "k*", markersize=15, label="start")
    axis.set(xlabel="weight", ylabel="bias", xlim=(left, right), ylim=(low, high))
    axis.set_title("the lighter, the lower the loss", fontsize=10)
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_feature_maps(face, maps):
    """Draw a face and what kernels make of it.

    Parameters
    ----------
    face : numpy.ndarray
        RGB, shape (height, width, 3), 0 to 255.
    maps : dict of str to numpy.ndarray
        Title and feature map, shape (height, width). One with negative numbers is drawn with 0 as
        middle grey.

    Returns
    -------
    matplotlib.figure.Figure
    """
    shown = [128 + one / 2 if one.min() < 0 else one for one in maps.values()]
    return picture_grid([face / 255, *shown], ["a face", *maps], columns=1 + len(maps), size=1.9)


def draw_gradients(norms):
    """Draw the norm of the gradient at every block of several networks.

    Parameters
    ----------
    norms : dict of str to numpy.ndarray
        A name in `LINES`, and a number a block, from the picture to the answer.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(8.5, 3.6), layout="constrained")
    blocks = _draw_lines(axis, norms)
    axis.set(
        yscale="log",
        xlabel="block, from the picture to the answer",
        ylabel="norm of the gradient",
        xticks=blocks[::5],
    )
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_losses(losses):
    """Draw the training loss of several networks, and that of a coin.

    Parameters
    ----------
    losses : dict of str to sequence of float
        A name in `LINES`, and the loss after every epoch, in nats.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(8.5, 3.4), layout="constrained")
    epochs = _draw_lines(axis, losses)
    axis.axhline(np.log(2), color="black", linewidth=0.8)
    axis.text(epochs[-1], np.log(2) + 0.03, "a coin", ha="right")
    axis.set(xlabel="epoch", ylabel="loss on the training faces", ylim=(0, 2))
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_seen(face, seen):
    """Draw which part of a face a number in each of several feature maps depends on.

    Parameters
    ----------
    face : numpy.ndarray
        RGB, shape (side, side, 3), 0 to 1.
    seen : dict of str to numpy.ndarray
        Title and bool, shape (side, side).

    Returns
    -------
    (matplotlib.figure.Figure, str)
        The figure and its alternative text.
    """
    shown = [np.where(mask[:, :, None], 1, 0.35) * face for mask in seen.values()]
    sides = [int(np.ptp(np.flatnonzero(mask.any(axis=0)))) + 1 for mask in seen.values()]
    titles = [f"{name}\n{side} pixels" for name, side in zip(seen, sides, strict=True)]
    return (
        picture_grid(shown, titles, columns=len(seen), size=1.9),
        "A face four times; the bright square is what the middle of a feature map depends on, and"
        f" it grows from layer to layer: {', '.join(map(str, sides))} pixels.",
    )


def draw_curves(curves, color_by):
    """Draw plane curves side by side.

    Parameters
    ----------
    curves : dict of str to numpy.ndarray
        Title and points, shape (n, 2), within -1.2 and 1.2.
    color_by : numpy.ndarray
        One number a point, shape (n,): points of one colour belong together.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        1, len(curves), figsize=(2 * len(curves), 2.3), layout="constrained"
    )
    for axis, (title, points) in zip(axes, curves.items(), strict=True):
        axis.scatter(*points.T, c=color_by, s=3, cmap="viridis")
        axis.set_title(title, fontsize=10)
        axis.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
        axis.axis("off")
    return figure


def draw_shares(shares):
    """Draw where networks spend their multiply-adds.

    Parameters
    ----------
    shares : pandas.DataFrame
        One row a network, one column a kind of layer in `KERNEL_WORDS`, 0 to 1.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(8.5, 2.2), layout="constrained")
    shares = shares[::-1]
    left = np.zeros(len(shares))
    for kind, words in KERNEL_WORDS.items():
        axis.barh(shares.index, 100 * shares[kind], left=left, color=KINDS[kind], label=words)
        left += 100 * shares[kind]
    axis.set(xlabel="share of the multiply-adds (%)", xlim=(0, 100))
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_price(face, prices, parameters, width, size):
    """Draw a face as a network sees it, and the network's price among others.

    Parameters
    ----------
    face : numpy.ndarray
        RGB, shape (size, size, 3), 0 to 255.
    prices : pandas.DataFrame
        Millions of multiply-adds: one row a size of the picture, one column a width of MobileNetV2.
    parameters : dict of float to float
        Millions of parameters by width.
    width, size : float, int
        The network to be marked.

    Returns
    -------
    (matplotlib.figure.Figure, str)
        The figure and its alternative text.
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(8.5, 3.2), width_ratios=[1, 2.4], layout="constrained"
    )
    left.imshow(face / 255)
    left.set_title(f"{size} x {size} pixels")
    left.axis("off")
    for alpha, millions in prices.items():
        label = f"alpha {alpha}: {parameters[alpha]:.2f} million parameters"
        right.plot(prices.index, millions, "o-", label=label)
    price = prices.loc[size, width]
    right.plot(size, price, "s", markersize=13, markerfacecolor="none", color="black")
    right.set(
        yscale="log",
        xlabel="size of the picture in pixels",
        ylabel="million multiply-adds",
        xticks=prices.index,
    )
    right.legend(frameon=False, fontsize=9)
    return (
        figure,
        f"A face at {size} pixels, and multiply-adds against size for four widths; alpha {width} at"
        f" {size} pixels needs {price:.1f} million.",
    )


def draw_outputs(outputs):
    """Draw what a network says of faces in training, and what it says of the same ones afterwards.

    Parameters
    ----------
    outputs : dict of float to (numpy.ndarray, numpy.ndarray)
        Momentum of batch normalisation, and the outputs (n,) in training and afterwards.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
    looks = ((COLORS["without_mask"], "x"), (COLORS["with_mask"], "o"))
    for (momentum, (during, afterwards)), (color, marker) in zip(
        outputs.items(), looks, strict=True
    ):
        axis.scatter(
            during, afterwards, marker=marker, color=color, alpha=0.7, label=f"momentum {momentum}"
        )
    axis.set(xlabel="output in training", ylabel="output afterwards")
    axis.legend(frameon=False)
    return figure


def draw_savings(channels, savings):
    """Draw how many times fewer multiply-adds separable convolutions need.

    Parameters
    ----------
    channels : numpy.ndarray
        Channels that go out, shape (n,).
    savings : dict of str to sequence of float
        Title of a kernel and n numbers.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axis = plt.subplots(figsize=(7, 3), layout="constrained")
    for line, (title, values) in zip(("-", "--", ":"), savings.items(), strict=True):
        axis.plot(channels, values, line, label=title)
    axis.set(xscale="log", xlabel="channels that go out", ylabel="times fewer multiply-adds")
    axis.set_xticks(channels, channels)
    axis.minorticks_off()
    axis.legend(frameon=False)
    return figure


def _draw_lines(axis, series):
    """Draw a line for each kind in `LINES`; return the numbers below them, from 1."""
    numbers = 1 + np.arange(max(map(len, series.values())))
    for kind, values in series.items():
        color, line = LINES[kind]
        axis.plot(numbers, values, line, color=color, linewidth=2.5, label=kind)
    return numbers
