"""Draw a network from its own layers.

A block as boxes and arrows, a whole network as a skyline of its channels.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, Rectangle
from matplotlib.path import Path

from course_utils import quiet
from course_utils.figures import COLORS
from course_utils.models.counting import count

KINDS = {
    "convolution": "#0072B2",
    "pointwise": "#56B4E9",
    "depthwise": "#E69F00",
    "dense": "#CC79A7",
}
"""Colours of the layers that compute most; the rest is grey."""


def producers(model):
    """Tell which layers feed which.

    Parameters
    ----------
    model : keras.Model
        With one input; each of its layers is used once. It may be cut out of a larger one.

    Returns
    -------
    dict of keras.Layer to list of keras.Layer
        Every layer in the order of computation, with the layers whose output it takes.
    """
    keras = quiet.import_keras()
    made_by = {id(layer.output): layer for layer in model.layers}
    (entry,) = (
        layer for layer in model.layers if isinstance(layer, keras.layers.InputLayer)
    )  # in a part of a model, all that comes from outside
    return {
        layer: (
            []
            if layer is entry
            else [made_by.get(id(tensor), entry) for tensor in keras.tree.flatten(layer.input)]
        )
        for layer in model.layers
    }


def main_path(feeds):
    """Return the longest chain of layers from the input to the output, shortcuts left aside.

    Parameters
    ----------
    feeds : dict
        From `producers`.

    Returns
    -------
    list of keras.Layer
    """
    length = {}
    for layer, sources in feeds.items():
        length[layer] = 1 + max((length[source] for source in sources), default=0)
    path = [max(length, key=length.get)]
    while feeds[path[-1]]:
        path.append(max(feeds[path[-1]], key=length.get))
    return path[::-1]


def draw_blocks(blocks):
    """Draw every layer of small models as a box, and every connection as an arrow.

    Boxes of the longest chain stand below each other, what lies on a shortcut stands beside them.
    The number behind a box is the channels that it gives.

    Parameters
    ----------
    blocks : dict of str to keras.Model
        Title and model. No layer takes more than two outputs.

    Returns
    -------
    matplotlib.figure.Figure
    """
    spans = [
        5.4 if len(main_path(feeds := producers(model))) < len(feeds) else 3.1
        for model in blocks.values()
    ]
    figure, axes = plt.subplots(
        1,
        len(blocks),
        figsize=(sum(spans), 5.2),
        width_ratios=spans,
        squeeze=False,
        layout="constrained",
    )
    for axis, span, (title, model) in zip(axes.flat, spans, blocks.items(), strict=True):
        _draw_block(axis, model)
        axis.set(xlim=(-1.55, span - 1.55))
        axis.set_title(title, fontsize=11, x=1.55 / span)
        axis.axis("off")
    return figure


def _draw_block(axis, model):
    feeds = producers(model)
    path, kinds = main_path(feeds), count(model).set_index("layer").kind
    place = {layer: (0.0, -float(depth)) for depth, layer in enumerate(path)}
    aside = [layer for layer in feeds if layer not in place]
    for depth, layer in enumerate(aside):
        place[layer] = (2.5, -0.5 * (len(path) - len(aside)) - depth)
    for layer, (x, y) in place.items():
        kind = kinds.get(layer.name, "")
        axis.add_patch(
            FancyBboxPatch(
                (x - 0.95, y - 0.3),
                1.9,
                0.6,
                boxstyle="round,pad=0,rounding_size=0.08",
                linewidth=0.8,
                facecolor=KINDS.get(kind, "#d9d9d9"),
                edgecolor="black",
            )
        )
        axis.text(
            x,
            y,
            _label(layer, kind),
            ha="center",
            va="center",
            fontsize=9,
            color="white" if kind == "convolution" else "black",
        )
        axis.text(x + 1.0, y, str(layer.output.shape[-1]), ha="left", va="center", fontsize=9)
    for layer, sources in feeds.items():
        for source in sources:
            (x1, y1), (x2, y2) = place[source], place[layer]
            if x1 == x2 and y1 - y2 < 1.5:
                _arrow(axis, [(x1, y1 - 0.3), (x2, y2 + 0.3)])
            elif x1 == x2:
                _arrow(axis, [(x1 - 0.95, y1), (x1 - 1.6, y1), (x1 - 1.6, y2), (x2 - 0.95, y2)])
            elif x1 < x2:
                _arrow(axis, [(x1 + 1.3, y1), (x2, y1), (x2, y2 + 0.3)])
            else:
                _arrow(axis, [(x1, y1 - 0.3), (x1, y2), (x2 + 1.35, y2)])
    axis.set(ylim=(0.4 - len(path), 0.5))


def _arrow(axis, points):
    """Draw an arrow, straight between two points and curved along more."""
    curve = {2: Path.LINETO, 3: Path.CURVE3, 4: Path.CURVE4}[len(points)]
    axis.add_patch(
        FancyArrowPatch(
            path=Path(points, [Path.MOVETO] + [curve] * (len(points) - 1)),
            arrowstyle="-|>",
            mutation_scale=9,
            color=COLORS["highlight"] if len(points) > 2 else "black",
            linewidth=1.8 if len(points) > 2 else 1,
        )
    )


def _label(layer, kind):
    name = type(layer).__name__
    if kind in ("convolution", "pointwise", "depthwise"):
        kernel, stride = layer.kernel_size[0], layer.strides[0]
        return (
            f"{'depthwise' if kind == 'depthwise' else 'convolution'} {kernel} x"
            f" {kernel}{f', stride {stride}' if stride > 1 else ''}"
        )
    if name == "ReLU" and layer.max_value is not None:
        return f"ReLU, at most {layer.max_value:g}"
    if name == "Activation":
        return {"relu": "ReLU"}.get(layer.activation.__name__, layer.activation.__name__)
    return {
        "InputLayer": "input",
        "BatchNormalization": "batch normalisation",
        "Add": "add",
        "ZeroPadding2D": "pad with zeros",
        "MaxPooling2D": "maximum pooling",
    }.get(name, name)


def draw_skylines(networks):
    """Draw the convolutions of the longest chain as bars, and the shortcuts as arcs below.

    A bar is as high as the convolution has channels, on the same scale for all networks.

    Shaded bands hold the convolutions whose output has the same side, which is written above them.
    A dashed arc is a shortcut with a convolution on it.

    Parameters
    ----------
    networks : dict of str to keras.Model
        Title and backbone; each of its layers is used once.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(
        len(networks),
        1,
        figsize=(10.5, 2.5 * len(networks) + 0.3),
        squeeze=False,
        sharey=True,
        layout="constrained",
    )
    highest = max(_channels(model) for model in networks.values())
    for axis, (title, model) in zip(axes.flat, networks.items(), strict=True):
        _draw_skyline(axis, model, highest)
        axis.set_title(f"{title} (above: side of the maps in pixels)", fontsize=11, loc="left")
    kinds = [
        Patch(color=KINDS[kind], label=words)
        for kind, words in {
            "convolution": "convolution, 3 x 3 or larger",
            "pointwise": "convolution 1 x 1",
            "depthwise": "depthwise 3 x 3",
        }.items()
    ]
    arcs = [
        Line2D([], [], color=COLORS["highlight"], label="shortcut"),
        Line2D(
            [],
            [],
            color=COLORS["without_mask"],
            linestyle="--",
            label="shortcut with a convolution",
        ),
    ]
    figure.legend(
        handles=kinds + arcs, loc="outside lower center", ncols=5, frameon=False, fontsize=9
    )
    return figure


def _channels(model):
    """Return the most channels that a convolution on the longest chain gives."""
    kinds = count(model).set_index("layer").kind
    path = main_path(producers(model))
    return max(layer.output.shape[-1] for layer in path if kinds.get(layer.name) in KINDS)


def _draw_skyline(axis, model, highest):
    feeds = producers(model)
    kinds = count(model).set_index("layer").kind
    path = set(main_path(feeds))
    bars = [layer for layer in feeds if layer in path and kinds.get(layer.name) in KINDS]
    number = {}  # of a layer: its own bar, or the last one before it
    for layer, sources in feeds.items():
        number[layer] = max((number[source] for source in sources), default=-1) + (layer in bars)
    for layer in bars:
        axis.add_patch(
            Rectangle(
                (number[layer] - 0.42, 0),
                0.84,
                layer.output.shape[-1],
                color=KINDS[kinds[layer.name]],
                zorder=2,
            )
        )
    for layer, sources in feeds.items():
        if len(sources) == 2:
            shortcut = min(sources, key=lambda source: (source in path, number[source]))
            projected = shortcut not in path
            while shortcut not in path:
                (shortcut,) = feeds[shortcut]
            start, end, angle = number[shortcut], number[layer], np.linspace(0, np.pi, 40)
            axis.plot(
                (start + end) / 2 - (end - start) / 2 * np.cos(angle),
                -0.02 * highest - 0.13 * highest * np.sin(angle),
                color=COLORS["without_mask" if projected else "highlight"],
                linestyle="--" if projected else "-",
                linewidth=1.4,
                clip_on=False,
            )
    sides = np.array([layer.output.shape[1] for layer in bars])
    for band, side in enumerate(dict.fromkeys(sides)):
        first, last = np.flatnonzero(sides == side)[[0, -1]]
        axis.axvspan(
            first - 0.5,
            last + 0.5,
            color="black",
            alpha=0.08 if band % 2 else 0.03,
            linewidth=0,
            ymin=0.13,
            zorder=0,
        )
        axis.text(
            (first + last) / 2,
            1.17 * highest,
            str(side),
            ha="center",
            va="top",
            fontsize=9,
        )
    axis.set(
        xlim=(-1, len(bars)), ylim=(-0.18 * highest, 1.2 * highest), ylabel="channels", xticks=[]
    )
    axis.set_yticks(range(0, highest + 1, 512))
    axis.spines["bottom"].set_visible(False)
