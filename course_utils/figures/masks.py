"""Figures of masks on faces: landmarks, anchors, the fit to a head, bent sheets, types.

Drawing only. Each function takes finished numbers and shows a figure with its alternative text.
"""

import matplotlib.pyplot as plt
import numpy as np

from course_utils.figures import COLORS, show
from course_utils.masks.head import mean_landmarks

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
    """Show a mask with its anchors, and a face with the landmarks that four of them go to.

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
    right.set_title("where four of them go")
    show(
        figure,
        "Left: a flat drawing of a pleated surgical mask with nineteen anchors, four of them"
        " numbered. Right: a face, with the four landmarks of the jaw that these anchors go"
        " to.",
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


def show_fit(picture, landmarks, pose, on_head, seen, net):
    """Show on one head how a mask is bent: mean head, pose, anchors and the sheet through them.

    Parameters
    ----------
    picture : ndarray, uint8, (H, W, 3)
    landmarks : ndarray, (68, 2)
        As they were found.
    pose : course_utils.masks.head.Pose
    on_head : ndarray, (anchors, 3)
        Places of the anchors on the mean head.
    seen : ndarray, (anchors, 3)
        Where the camera sees them: pixels, and depth.
    net : ndarray, (rows, columns, 3)
        The bent sheet: pixels, and depth.
    """
    figure, axes = plt.subplots(1, 4, figsize=(9.6, 2.9), layout="constrained")
    anchor = {"marker": "o", "linestyle": "", "color": COLORS["without_mask"], "markersize": 4}
    mean = mean_landmarks()
    axes[0].scatter(*mean[:, :2].T, c=mean[:, 2], s=14)
    axes[0].plot(*on_head[:, :2].T, **anchor | {"markerfacecolor": "none", "markersize": 7})
    axes[0].set(aspect="equal")
    axes[0].invert_yaxis()
    axes[0].axis("off")
    low, high = landmarks.min(0), landmarks.max(0)
    margin = 0.3 * (high - low).max()
    for axis in axes[1:]:
        _picture(axis, picture)
        axis.set(xlim=(low[0] - margin, high[0] + margin), ylim=(high[1] + margin, low[1] - margin))
    axes[1].plot(*landmarks.T, "x", color="#E69F00", markersize=4)
    axes[1].plot(*pose.rigid(mean)[:, :2].T, "o", color="#56B4E9", markersize=3)
    axes[2].plot(*seen[:, :2].T, **anchor)
    axes[3].plot(net[..., 0], net[..., 1], color="#56B4E9", linewidth=0.7)
    axes[3].plot(net[..., 0].T, net[..., 1].T, color="#56B4E9", linewidth=0.7)
    axes[3].plot(*seen[:, :2].T, **anchor | {"markersize": 3})
    titles = (
        "1. mean head: landmarks\n(near ones bright), anchors",
        "2. turned (dots) to meet\nthe landmarks (crosses)",
        "3. the anchors, as the\ncamera sees them",
        "4. a sheet held\nby the anchors",
    )
    for axis, title in zip(axes, titles):
        axis.set_title(title, fontsize=9)
    show(
        figure,
        "Four pictures. The mean head from the front: 68 dots for its landmarks, 19 rings for the"
        " anchors. A turned face: the dots of the mean head, turned likewise, lie near the crosses"
        " of the landmarks found. The anchors on that face. A net bent through the anchors.",
        photographic=True,
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


def show_types(drawn, box, kinds, wears):
    """Show one face with every type of mask in every way of wearing, cut out below the brows.

    Parameters
    ----------
    drawn : sequence of ndarray, uint8, (H, W, 3)
        For each way all types.
    box : course_utils.pictures.annotations.Box
        Of the face.
    kinds, wears : sequence of str
    """
    figure, axes = plt.subplots(
        len(wears),
        len(kinds),
        figsize=(1.42 * len(kinds), 1.5 * len(wears)),
        layout="constrained",
    )
    for axis, picture in zip(axes.flat, drawn):
        axis.imshow(picture)
        axis.set(
            xticks=[],
            yticks=[],
            xlim=(box.x_min - 0.1 * box.width, box.x_max + 0.1 * box.width),
            ylim=(box.y_max + 0.2 * box.height, box.y_min),
        )
        axis.spines[:].set_visible(False)
    for axis, kind in zip(axes[0], kinds):
        axis.set_title(kind, fontsize=9)
    for axis, wear in zip(axes[:, 0], wears):
        axis.set_ylabel(wear, fontsize=9)
    show(
        figure,
        "Seven types of mask in four rows: worn properly, under the nose, on the nose only,"
        " and under the chin.",
        photographic=True,
    )
