"""Figures of mask synthesis: landmarks, anchors, bent sheets, and what was measured of them.

Drawing only. Each function takes finished numbers and shows a figure with its alternative text.
"""

import matplotlib.pyplot as plt
import numpy as np

from course_utils.figures import COLORS, show, show_pictures

PARTS = {  # of the 68 landmarks: first, last (included), whether the line is closed
    "jaw": (0, 16, False),
    "right brow": (17, 21, False),
    "left brow": (22, 26, False),
    "bridge of the nose": (27, 30, False),
    "wings of the nose": (31, 35, False),
    "right eye": (36, 41, True),
    "left eye": (42, 47, True),
    "outer lips": (48, 59, True),
    "inner lips": (60, 67, True),
}


def _picture(axis, picture):
    axis.imshow(picture)
    axis.set(
        xlim=(-0.5, picture.shape[1] - 0.5), ylim=(picture.shape[0] - 0.5, -0.5), autoscale_on=False
    )
    axis.axis("off")


def show_landmarks(picture, landmarks, box):
    """Show a picture with its face box, and beside it the 68 landmarks with their numbers.

    Parameters
    ----------
    picture : ndarray, uint8, (H, W, 3)
    landmarks : ndarray, (68, 2), pixels
    box : course_utils.pictures.annotations.Box
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9.4, 5.2), layout="constrained", width_ratios=(1, 1.35)
    )
    for axis in (left, right):
        _picture(axis, picture)
    left.add_patch(
        plt.Rectangle(
            (box.x_min, box.y_min), box.width, box.height, fill=False, color="white", linewidth=2
        )
    )
    left.plot(*landmarks.T, ".", color="#F0E442", markersize=3)
    left.set_title("box and landmarks")
    for first, last, closed in PARTS.values():
        points = landmarks[[*range(first, last + 1), *([first] if closed else [])]]
        right.plot(*points.T, color="white", linewidth=0.8)
    for number, (x, y) in enumerate(landmarks):
        right.text(
            x,
            y,
            number,
            color="black",
            fontsize=6.5,
            ha="center",
            va="center",
            bbox={
                "boxstyle": "round,pad=0.12",
                "facecolor": "#F0E442",
                "edgecolor": "none",
                "alpha": 0.85,
            },
        )
    low, high = landmarks.min(0), landmarks.max(0)
    margin = 0.08 * (high - low).max()
    right.set(xlim=(low[0] - margin, high[0] + margin), ylim=(high[1] + margin, low[1] - margin))
    right.set_title("the same 68, numbered")
    show(
        figure,
        "A face from the front with its box and 68 numbered points along jaw, brows, nose, eyes"
        " and lips.",
        photographic=True,
    )


def show_anchors(mask, anchors, corners, picture, landmarks):
    """Show a mask with its anchors, and a face with the landmarks that four of them shall meet.

    Parameters
    ----------
    mask : ndarray, uint8, (H, W, 4)
    anchors : dict of str to ndarray
        Name to (x, y) on the mask.
    corners : dict of str to int
        Name of an anchor to number of a landmark.
    picture : ndarray, uint8, (h, w, 3)
    landmarks : ndarray, (68, 2)
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4), layout="constrained")
    alpha = mask[..., 3:] / 255
    _picture(left, (mask[..., :3] * alpha + 235 * (1 - alpha)).astype(np.uint8))
    _picture(right, picture)
    left.plot(*np.array(list(anchors.values())).T, "o", color=COLORS["neutral"], markersize=4)
    for number, (name, landmark) in enumerate(corners.items(), start=1):
        for axis, place in ((left, anchors[name]), (right, landmarks[landmark])):
            axis.plot(*place, "o", color=COLORS["without_mask"], markersize=13)
            axis.text(
                *place, number, color="white", ha="center", va="center", fontsize=9, weight="bold"
            )
    left.set_title("the mask and its anchors")
    right.set_title("where four of them shall go")
    show(
        figure,
        "Left: a flat drawing of a pleated surgical mask with nineteen anchors, four of them"
        " numbered. Right: a face, with the four landmarks of the jaw that these anchors shall"
        " meet.",
        photographic=True,
    )


def show_error_by_turn(turns, errors):
    """Show the error of a point against the turn of the head, with the mean of every five degrees.

    Parameters
    ----------
    turns : ndarray, (n,), degrees
    errors : ndarray, (n,), distances of the outer eye corners
    """
    figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
    axis.plot(turns, errors, ".", color=COLORS["with_mask"], alpha=0.6)
    part = (turns // 5).astype(int)
    middles, means = zip(
        *[(5 * number + 2.5, errors[part == number].mean()) for number in np.unique(part)]
    )
    axis.plot(
        middles,
        means,
        color=COLORS["without_mask"],
        linewidth=2.5,
        label="mean of every five degrees",
    )
    axis.set(
        xlabel="turn of the head to either side (degrees)",
        ylabel="error of the nose\n(distances of the eye corners)",
        ylim=(0, None),
    )
    axis.legend(frameon=False, loc="upper left")
    show(
        figure,
        "Error of the nose against the turn of the head, in distances of the eye corners:"
        " scattered, and rising with the turn to more than twice what it is from the front.",
    )


def show_sheets(pictures, sheets, wanted):
    """Show the net of a bent mask over each face.

    Parameters
    ----------
    pictures : sequence of ndarray, uint8, (H, W, 3)
    sheets : sequence of ndarray, (rows, columns, 3)
        x and y in pixels, and depth.
    wanted : ndarray, bool, (rows - 1, columns - 1)
        The meshes that hold something of the mask.
    """
    figure, axes = plt.subplots(
        1, len(pictures), figsize=(1.9 * len(pictures), 2.1), layout="constrained"
    )
    corner = (
        np.pad(wanted, ((0, 1), (0, 1)))
        | np.pad(wanted, ((1, 0), (0, 1)))
        | np.pad(wanted, ((0, 1), (1, 0)))
        | np.pad(wanted, ((1, 0), (1, 0)))
    )
    for axis, picture, sheet in zip(axes, pictures, sheets):
        _picture(axis, picture)
        net = np.where(corner[..., None], sheet[..., :2], np.nan)
        axis.plot(net[..., 0], net[..., 1], color="#56B4E9", linewidth=0.8)
        axis.plot(net[..., 0].T, net[..., 1].T, color="#56B4E9", linewidth=0.8)
    show(
        figure,
        "The same five heads with a net of lines bent around nose, cheeks and chin; on the far"
        " cheek the lines crowd together.",
        photographic=True,
    )


def show_lightness(skin, kinds):
    """Show the grey level of masks against that of the skin below.

    Parameters
    ----------
    skin : sequence of float, 0 to 255
    kinds : dict of str to sequence of float
    """
    figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
    for (name, values), color, marker in zip(
        kinds.items(), (COLORS["without_mask"], COLORS["with_mask"]), "x."
    ):
        axis.plot(skin, values, marker, color=color, label=name, alpha=0.8)
    axis.set(xlabel="mean grey level of the skin below", ylabel="mean grey level of the mask")
    axis.legend(frameon=False)
    show(
        figure,
        "Grey level of the mask against that of the skin below it. Pasted masks lie on a flat"
        " line; the others rise with the skin.",
    )


GROUPS = ("bare faces", "masks made\nthe same way", "worn masks")


def show_transfer(right):
    """Show what each classifier got right on each group of test pictures.

    Parameters
    ----------
    right : dict of str to sequence of float
        What it was trained on, to its shares of `GROUPS`, 0 to 1.
    """
    figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
    width = 0.8 / len(right)
    for number, ((name, shares), color) in enumerate(
        zip(right.items(), (COLORS["without_mask"], "#56B4E9", COLORS["with_mask"]))
    ):
        places = np.arange(len(GROUPS)) + (number - (len(right) - 1) / 2) * width
        bars = axis.bar(places, 100 * np.array(shares), width * 0.92, color=color, label=name)
        axis.bar_label(bars, fmt="%.0f", fontsize=9)
    axis.set(
        xticks=range(len(GROUPS)),
        xticklabels=GROUPS,
        ylabel="right (%)",
        ylim=(0, 134),
        yticks=range(0, 101, 20),
    )
    axis.legend(frameon=False, loc="upper center", ncols=len(right))
    show(
        figure,
        "Bars of the share that each classifier gets right on bare faces, on masks made the"
        " same way, and on worn masks.",
    )


def show_rendered_and_drawn(rendered, drawn):
    """Show rendered masks in green frames above drawn masks in grey ones.

    Parameters
    ----------
    rendered, drawn : sequence of 16 ndarray, uint8, (H, W, 3)
        Four each of every way of wearing, in the order of `course_utils.masks.choice.WEARS`.
    """
    alt = (
        "Rows of rendered masks (green frames) above rows of drawn masks (grey frames), worn"
        " properly, under the nose, on the nose only and under the chin."
    )
    pictures = [*rendered[:8], *drawn[:8], *rendered[8:], *drawn[8:]]
    colors = ([COLORS["highlight"]] * 8 + [COLORS["neutral"]] * 8) * 2
    show_pictures(pictures, alt, columns=8, size=1.2, colors=colors)


def show_transfer_reference(reference, cut_out=False):
    """Show and print how accurate each source of training masks made a network on photographs.

    Parameters
    ----------
    reference : dict
        What `benchmarks/mask_transfer.py` wrote.
    cut_out : bool
        Add the run on faces that were cut out, and print that alone.
    """
    rows, final = reference["rows"], reference["cut_out"]
    if cut_out:
        alt = (
            "The bars from before and a last one: all kinds drawn on faces that are cut out. It is"
            " nearly as long as that of the photographs of worn masks."
        )
        _show_reference(rows | final["rows"], alt)
        for name, row in final["rows"].items():
            print(
                f"{name}: {row['accuracy']:.1%} right (± {row['spread']:.1%} over"
                f" {final['seeds']} seeds) on {final['test_pictures']} test photographs."
            )
        return
    alt = (
        "Accuracy on photographs of worn masks and bare faces: one blue mask pasted is far behind,"
        " one blue mask drawn better, and all kinds drawn come close to training with photographs"
        " of worn masks."
    )
    _show_reference(rows, alt)
    print(
        f"Reference run, {reference['test_pictures']} photographs, half of them with a worn mask:"
    )
    for name, row in rows.items():
        print(
            f"  trained on {name}: {row['accuracy']:.1%} right (± {row['spread']:.1%} over"
            f" {reference['seeds']} seeds)"
        )


def _show_reference(rows, alt):
    figure, axis = plt.subplots(figsize=(7.5, 2.6), layout="constrained")
    for place, (name, row) in enumerate(rows.items()):
        axis.barh(
            place,
            100 * row["accuracy"],
            xerr=100 * row["spread"],
            color=COLORS["with_mask"] if "drawn" in name else COLORS["neutral"],
        )
        axis.annotate(
            f"{100 * row['accuracy']:.1f}",
            (100 * (row["accuracy"] + row["spread"]), place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axis.axvline(50, color="black", linestyle=":")
    axis.set(
        yticks=range(len(rows)),
        yticklabels=list(rows),
        xlabel="right on photographs (%); 50 is chance",
        xlim=(40, 104),
    )
    axis.invert_yaxis()
    show(figure, alt)


def show_classes(table):
    """Show how many pictures each way of wearing has, stacked by split.

    The colour is that of the label it is merged into.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `wearing`, `split` and `label`.
    """
    figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
    ways = table.wearing.value_counts().index
    colors = [COLORS["with_mask" if way == "proper" else "without_mask"] for way in ways]
    base = np.zeros(len(ways))
    for split, strength in (("train", 1), ("validation", 0.65), ("test", 0.35)):
        counts = np.array([((table.wearing == way) & (table.split == split)).sum() for way in ways])
        axis.barh(
            range(len(ways)), counts, left=base, color=colors, alpha=strength, edgecolor="white"
        )
        for place, (count, start) in enumerate(zip(counts, base)):
            if count > 0.04 * len(table):
                axis.text(
                    start + count / 2,
                    place,
                    split,
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if strength > 0.5 else "black",
                )
        base += counts
    names = [f"{way.replace('_', ' ')}: {'with' if way == 'proper' else 'without'}" for way in ways]
    axis.set(yticks=range(len(ways)), yticklabels=names, xlabel="pictures")
    axis.invert_yaxis()
    show(
        figure,
        "Bars of the pictures in each class, stacked by split; the colour says which of the two"
        " labels a class is merged into.",
    )
