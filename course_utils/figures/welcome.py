"""What chapter 00 draws.

`draw_...` returns a picture; `show_...` displays a figure with its alternative text.
"""

import io

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from course_utils.detection.welcome import WORDS, cut_face
from course_utils.figures import COLORS, picture_grid, show
from course_utils.profiles import SEED


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


def show_faces(rgb, faces, alt, size=(10, 5.7)):
    """Show a picture with its faces boxed and labelled.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    faces : list of Face
    alt : str
        Alternative text.
    size : (float, float)
        Width and height in inches.
    """
    figure, axis = plt.subplots(figsize=size, layout="constrained")
    draw(axis, rgb, faces)
    show(figure, alt, photographic=True)


STAGES = {
    "camera \u2192": "chapter 01: pictures",
    "detect \u2192": "chapter 07",
    "crop \u2192": "chapters 01 and 06",
    "classify \u2192": "chapters 02 to 06",
    "label, alert": "chapters 07 and 08",
}


def show_stages(rgb, faces):
    """Show how the three largest faces of a picture travel from the camera to a label.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    faces : list of Face
        At least one.
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
    show(
        figure,
        "The camera's picture and then four stages from left to right: the scene; the scene"
        " with boxes around its largest faces; the faces cut out; a bar of probability for"
        " each with the threshold at 0.5; the label mask or no mask.",
        photographic=True,
    )


def show_fates(counted):
    """Show every annotated face as a mark: its width, and what became of it.

    Parameters
    ----------
    counted : pandas.DataFrame
        A row a face; columns `width` (pixels), `found` and `right` (bool).
    """
    figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
    fates = [
        ("missed", ~counted.found, "x", "neutral"),
        ("found, wrong label", counted.found & ~counted.right, "s", "without_mask"),
        ("found, right label", counted.right, "o", "with_mask"),
    ]
    jitter = np.random.default_rng(SEED).uniform(-0.2, 0.2, len(counted))
    for level, (_, chosen, marker, color) in enumerate(fates):
        axis.scatter(
            counted.width[chosen],
            level + jitter[chosen],
            marker=marker,
            color=COLORS[color],
            s=45,
        )
    axis.axvline(20, color="black", linestyle=":")
    axis.set(xscale="log", xlabel="width of the face in pixels", ylim=(-0.5, 2.5))
    axis.set_yticks(range(3), [name for name, *_ in fates])
    axis.set_xticks([12, 20, 40, 80, 160], ["12", "20", "40", "80", "160"], minor=False)
    axis.minorticks_off()
    missed = ~counted.found
    show(
        figure,
        "Every annotated face as a mark: its width in pixels to the right, its fate"
        f" upwards. {(missed & (counted.width < 20)).sum()} of the {missed.sum()} missed"
        " faces lie left of the dotted line at 20 pixels.",
    )


def show_hard_faces(pictures, answers):
    """Show the faces that the classifier believes most, with its answers.

    Parameters
    ----------
    pictures : sequence of numpy.ndarray
        uint8, shape (height, width, 3) each.
    answers : pandas.DataFrame
        A row a picture; columns `kind`, `said` (str), `probability` (float), `right` (bool).
    """
    row_of_each = answers.groupby("kind").cumcount().to_numpy()
    order = np.argsort(row_of_each, kind="stable")  # faces of a kind stand one above the other
    answers, pictures = answers.iloc[order], [pictures[i] for i in order]
    titles = [
        f"{row.kind}\n{WORDS[row.said]} {row.probability:.2f}{'' if row.right else '  WRONG'}"
        for row in answers.itertuples()
    ]
    frames = [COLORS["highlight" if right else "without_mask"] for right in answers.right]
    show(
        picture_grid(pictures, titles, columns=answers.kind.nunique(), size=1.5, colors=frames),
        f"{len(answers)} test faces with a mask or something like it, two of each kind,"
        f" each with what the classifier says of it. {(~answers.right).sum()} answers are"
        " marked wrong.",
        photographic=True,
    )


def show_errors(thresholds, passed, stopped):
    """Show the two kinds of error against the threshold.

    Parameters
    ----------
    thresholds : numpy.ndarray
        From 0 to 1.
    passed, stopped : sequence of float
        Shares, 0 to 1, at each threshold: of the faces without a mask those that are called mask,
        and of the faces with one those that are not.
    """
    figure, axis = plt.subplots(figsize=(8, 3.6), layout="constrained")
    curves = 100 * np.array([passed, stopped])
    axis.plot(thresholds, curves[0], color=COLORS["without_mask"], label="no mask, but called mask")
    axis.plot(
        thresholds,
        curves[1],
        color=COLORS["with_mask"],
        linestyle="--",
        label="mask, but called no mask",
    )
    axis.axvline(0.5, color="black", linestyle=":")
    axis.set(xlabel="threshold", ylabel="share of these faces (%)", ylim=(0, 100))
    axis.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    show(
        figure,
        "Two kinds of error against the threshold, each as a share of the faces that it can"
        " happen to. As the threshold rises from 0 to 1, fewer faces without a mask are"
        " called mask, and more faces with a mask are called no mask.",
    )


def show_gallery(faces):
    """Show faces cut out of single pictures, each under the label that the program gave it.

    Parameters
    ----------
    faces : pandas.DataFrame
        Columns `face` (uint8, shape (size, size, 3) each), `said` (str) and `right` (bool).
    """
    titles = [WORDS[row.said] + ("" if row.right else "  WRONG") for row in faces.itertuples()]
    frames = [COLORS[label] for label in faces.said]
    show(
        picture_grid(list(faces.face), titles, columns=8, size=1.2, colors=frames),
        f"{len(faces)} faces cut out of single pictures, each titled with the label that"
        " the program gave it.",
        photographic=True,
    )


def show_repeats(measured, span, known):
    """Show a histogram of repeated tests of one network, with two known results in it.

    Parameters
    ----------
    measured : numpy.ndarray
        Accuracies, 0 to 1.
    span : (float, float)
        Ends of what is shaded.
    known : dict of str to float
        Accuracies to mark.
    """
    low, high = span
    figure, axis = plt.subplots(figsize=(8, 2.8), layout="constrained")
    whole = np.arange(674, 758, 3) - 0.5  # each bin holds three numbers of right answers
    axis.hist(measured, bins=whole / 813, color=COLORS["neutral"])
    axis.axvspan(low, high, color=COLORS["with_mask"], alpha=0.15)
    for name, value in known.items():
        axis.axvline(value, color="black", linestyle=":")
        axis.text(value, axis.get_ylim()[1], name, ha="center", va="bottom", fontsize=10)
    axis.set(xlabel="accuracy measured on 813 faces", ylabel="number of tests")
    show(
        figure,
        "Histogram of 10,000 imagined tests of one network: accuracies scatter around"
        f" 0.88, 95 percent of them from {low:.2f} to {high:.2f}. The results of ResNet-50"
        " and ResNet-34 both lie inside.",
    )


def show_intervals(accuracies, reaches):
    """Show accuracies with their intervals, a row a network and a marker a column.

    Parameters
    ----------
    accuracies, reaches : pandas.DataFrame
        A row a network; what is measured, and how far its interval reaches to either side.
    """
    figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
    rows = np.arange(len(accuracies))[::-1]
    for shift, column, marker in zip((0.12, -0.12), accuracies.columns, "so", strict=True):
        axis.errorbar(
            accuracies[column],
            rows + shift,
            xerr=reaches[column],
            fmt=marker,
            capsize=4,
            label=column,
        )
    axis.set(xlabel="accuracy on 813 faces, with its 95 % interval", ylim=(-0.6, 2.6))
    axis.set_yticks(rows, accuracies.index)
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    show(
        figure,
        "Accuracy of three networks before and after the fix with 95 % intervals. Only for"
        " ResNet-34 do the two intervals lie apart; after the fix those of ResNet-50 and"
        " ResNet-34 overlap almost fully.",
    )
