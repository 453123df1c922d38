"""Hold labelled faces against annotated boxes.

What was found, what was missed, and what was no face.
"""

import pandas as pd

from course_utils.detection.boxes import as_boxes, iou, match, sizes

FOUND = 0.5
"""Intersection over union from which on a box counts as found, as in PASCAL VOC."""


def score(said, truth, found=FOUND):
    """Pair what was said about one picture with what is true.

    Parameters
    ----------
    said : sequence of (box, str)
        Boxes, four numbers each in pixels, and their labels.
    truth : sequence of (box, str)
    found : float
        Smallest overlap of a pair, as intersection over union.

    Returns
    -------
    pandas.DataFrame
        A row for each true face and for each false alarm: `label` (str, empty for a false alarm),
        `said` (str, empty for a missed face), `size` (float, pixels, the shorter side of the true
        box or of the false alarm's), `overlap` (float, 0 when missed).
    """
    boxes, true_boxes = as_boxes([box for box, _ in said]), as_boxes([box for box, _ in truth])
    pairs = {other: one for one, other in match(boxes, true_boxes, found)}
    rows = []
    for number, (size, (_, label)) in enumerate(zip(sizes(true_boxes), truth)):
        one = pairs.get(number)
        rows.append(
            (
                label,
                said[one][1] if one is not None else "",
                float(size),
                _overlap(boxes, true_boxes, one, number),
            )
        )
    alarms = set(range(len(said))) - set(pairs.values())
    rows += [("", said[number][1], float(sizes(boxes)[number]), 0.0) for number in sorted(alarms)]
    return pd.DataFrame(rows, columns=["label", "said", "size", "overlap"])


def recall_by_size(rows, edges=(8, 20, 40, 1000)):
    """Return what share of the true faces was found, by their size.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of `score`, for any number of pictures.
    edges : sequence of int
        Pixels; each range includes its lower edge.

    Returns
    -------
    pandas.DataFrame
        Indexed by the range: `faces`, `found`, `share`. Ranges without a face are left out.
    """
    true = rows[rows["label"] != ""]
    ranges = pd.cut(true["size"], list(edges), right=False)
    return _named(
        (true["said"] != "")
        .groupby(ranges, observed=True)
        .agg(faces="size", found="sum", share="mean"),
        edges,
    )


def recall_and_precision(rows, edges=(8, 20, 40, 1000)):
    """Return recall and precision of detector and classifier together, by the size of the face.

    Recall: of all faces that are so, the share that was found and labelled so. Precision: of all
    boxes that were labelled so, the share that is; false alarms count by the size of their boxes.
    "not_sure" is no label.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of `score`, with the labels "with_mask" and "without_mask".
    edges : sequence of int
        Pixels; each range includes its lower edge.

    Returns
    -------
    pandas.DataFrame
        Indexed by the range: `faces`, then `recall` and `precision` of "with_mask", then of
        "without_mask": columns such as "recall, with_mask". NaN where there is nothing to divide
        by. Ranges without a face are left out.
    """
    ranges = pd.cut(rows["size"], list(edges), right=False)
    columns = {"faces": (rows["label"] != "").groupby(ranges, observed=True).sum()}
    for label in ("with_mask", "without_mask"):
        true, said = rows["label"] == label, rows["said"] == label
        right = (true & said).groupby(ranges, observed=True).sum()
        columns[f"recall, {label}"] = right / true.groupby(ranges, observed=True).sum()
        columns[f"precision, {label}"] = right / said.groupby(ranges, observed=True).sum()
    table = pd.DataFrame(columns)
    return _named(table[table["faces"] > 0], edges)


def _named(table, edges):
    table.index = [
        (
            f"{int(interval.left)} to {int(interval.right)}"
            if interval.right < edges[-1]
            else f"{int(interval.left)} and more"
        )
        for interval in table.index
    ]
    return table.rename_axis("size of the face (pixels)")


def _overlap(boxes, true_boxes, one, number):
    return float(iou(boxes[[one]], true_boxes[[number]])[0, 0]) if one is not None else 0.0
