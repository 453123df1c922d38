"""What chapter 00 draws.

Boxed and labelled faces, and how a face travels from the camera to a label.
"""

import io

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from course_utils.detection.welcome import WORDS, cut_face
from course_utils.figures import COLORS


def draw(axis, rgb, faces):
    """Show a picture with its faces boxed and labelled.

    The label is written out, and the box of "no mask" is dashed: neither depends on colour.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    faces : list of Face
    """
    axis.imshow(rgb)
    axis.axis("off")
    for face in faces:
        box, color = face.box, COLORS[face.label]
        line = "-" if face.label == "with_mask" else (0, (4, 2))
        axis.add_patch(
            Rectangle(
                (box.x_min, box.y_min),
                box.width,
                box.height,
                fill=False,
                edgecolor=color,
                linewidth=2.5,
                linestyle=line,
            )
        )
        axis.text(
            box.x_min,
            box.y_min - 4,
            f"{WORDS[face.label]} {face.probability:.2f}",
            color="white",
            fontsize=9,
            va="bottom",
            bbox={"facecolor": color, "edgecolor": "none", "pad": 1.5},
        )


def draw_jpeg(rgb, faces, width=10.0):
    """Return `draw`'s picture as the bytes of a JPEG file, for a widget.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    faces : list of Face
    width : float
        Inches, at 80 pixels an inch.

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    with plt.ioff():
        figure, axis = plt.subplots(
            figsize=(width, width * rgb.shape[0] / rgb.shape[1]), layout="constrained"
        )
    draw(axis, rgb, faces)
    figure.savefig(buffer, format="jpeg")
    plt.close(figure)
    return buffer.getvalue()


STAGES = {
    "camera \u2192": "chapter 01: pictures",
    "detect \u2192": "chapter 07",
    "crop \u2192": "chapters 01 and 06",
    "classify \u2192": "chapters 02 to 06",
    "label, alert": "chapters 07 and 08",
}


def draw_stages(rgb, faces):
    """Draw how the three largest faces of a picture travel from the camera to a label.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    faces : list of Face
        At least one.

    Returns
    -------
    matplotlib.figure.Figure
    """
    shown = sorted(faces, key=lambda face: -face.box.width)[:3]
    colors = [COLORS[face.label] for face in shown]
    rows = -np.arange(len(shown))
    figure, axes = plt.subplots(
        1, 5, figsize=(10, 2.9), width_ratios=[3, 3, 1.1, 2, 1.6], layout="constrained"
    )
    for axis, (stage, chapter) in zip(axes, STAGES.items(), strict=True):
        axis.set_title(f"{stage}\n", fontsize=12, fontweight="bold")
        axis.text(
            0.5,
            1.03,
            chapter,
            transform=axis.transAxes,
            ha="center",
            fontsize=9,
            color=COLORS["neutral"],
        )
        axis.axis("off")
    camera, boxed, crops, bars, labels = axes
    camera.imshow(rgb)
    boxed.imshow(rgb)
    for face in shown:
        boxed.add_patch(
            Rectangle(
                (face.box.x_min, face.box.y_min),
                face.box.width,
                face.box.height,
                fill=False,
                edgecolor="white",
                linewidth=2,
            )
        )
    crops.imshow(np.concatenate([cut_face(rgb, face.box) for face in shown]))
    bars.barh(rows, [face.probability for face in shown], 0.5, color=colors)
    bars.axvline(0.5, color="black", linestyle=":")
    bars.set(
        xlim=(0, 1),
        ylim=(rows[-1] - 0.5, 0.5),
        xticks=[0, 0.5, 1],
        yticks=[],
        xlabel="probability of a mask",
    )
    bars.axis("on")
    labels.set(xlim=(0, 1), ylim=(rows[-1] - 0.5, 0.5))
    for row, face, color in zip(rows, shown, colors, strict=True):
        labels.text(
            0.5,
            row,
            WORDS[face.label],
            ha="center",
            va="center",
            color="white",
            fontsize=12,
            bbox={"facecolor": color, "edgecolor": "none", "pad": 5},
        )
    return figure
