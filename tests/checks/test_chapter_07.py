"""Chapter 07: its checks accept every right answer and refuse wrong ones with a hint each."""

import numpy as np
import pytest
from every_exercise import *
from exercises import Exercises, refuse_all

from course_utils.checks import chapter_07

EXERCISES = Exercises("07_detection", chapter_07, known={"np": np})


# --- 7-1
def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def common(one, other):
    return max(0, min(one[2], other[2]) - max(one[0], other[0])) * max(
        0, min(one[3], other[3]) - max(one[1], other[1])
    )


def iou(one, other):
    both = common(one, other)
    return both / (area(one) + area(other) - both)


@pytest.mark.parametrize(
    "answer",
    [
        iou,
        lambda one, other: np.float64(iou(one, other)),
        lambda one, other: np.array([iou(one, other)]),
        lambda one, other: (
            1
            - (area(one) + area(other) - 2 * common(one, other))
            / (area(one) + area(other) - common(one, other))
        ),
    ],
)
def test_an_overlap_may_be_found_in_any_way(answer):
    assert chapter_07.check_1(answer).state == "passed"


def test_each_mistake_with_the_overlap_has_its_hint():
    def unclipped(one, other):
        both = (min(one[2], other[2]) - max(one[0], other[0])) * (
            min(one[3], other[3]) - max(one[1], other[1])
        )
        return both / (area(one) + area(other) - both)

    def inclusive(one, other):
        return iou((*one[:2], one[2] + 1, one[3] + 1), (*other[:2], other[2] + 1, other[3] + 1))

    def as_shipped_in_other_words(one, other):
        both = (min(one[2], other[2]) - max(one[0], other[0])) * (
            min(one[3], other[3]) - max(one[1], other[1])
        )
        return both / (area(one) + area(other))

    refuse_all(
        chapter_07.check_1,
        {
            "both bugs left": as_shipped_in_other_words,
            "not clipped": unclipped,
            "counted twice": lambda one, other: common(one, other) / (area(one) + area(other)),
            "inclusive": inclusive,
            "area": common,
            "smaller": lambda one, other: common(one, other) / min(area(one), area(other)),
            "text": lambda one, other: "half",
            "of the first": lambda one, other: common(one, other) / area(one),
        },
    )


# --- 7-2
def ends(rows, which):
    right = len(rows[(rows.label == which) & (rows.said == which)])
    return right / len(rows[rows.label == which]), right / len(rows[rows.said == which])


@pytest.mark.parametrize(
    "answer",
    [
        ends,
        lambda rows, which: list(ends(rows, which)),
        lambda rows, which: np.array(ends(rows, which)),
    ],
)
def test_honest_figures_may_be_written_in_any_way(answer):
    assert chapter_07.check_2(answer).state == "passed"


def test_each_mistake_with_the_figures_has_its_hint():
    def filtered(keep):
        def answer(rows, which):
            rows = rows[keep(rows)]
            right = ((rows.label == which) & (rows.said == which)).sum()
            return right / max((rows.label == which).sum(), 1), right / max(
                (rows.said == which).sum(), 1
            )

        return answer

    refuse_all(
        chapter_07.check_2,
        {
            "misses left out": filtered(lambda rows: rows.said != ""),
            "alarms left out": filtered(lambda rows: rows.label != ""),
            "both left out": filtered(lambda rows: (rows.said != "") & (rows.label != "")),
            "unsure left out": filtered(lambda rows: rows.said != "not_sure"),
            "swapped": lambda rows, which: ends(rows, which)[::-1],
            "one number": lambda rows, which: ends(rows, which)[0],
            "accuracy": lambda rows, which: ((rows.label == rows.said).mean(),) * 2,
        },
    )


# --- 7-3
def label(probabilities, threshold=0.5, band=0.15):
    mean = sum(probabilities) / len(probabilities) if len(probabilities) else threshold
    return (
        "not_sure"
        if abs(mean - threshold) < band
        else "with_mask"
        if mean > threshold
        else "without_mask"
    )


def test_a_label_may_be_found_in_any_way():
    assert chapter_07.check_3(label).state == "passed"


def test_each_mistake_with_the_label_has_its_hint():
    def votes(probabilities, threshold=0.5, band=0.15):
        share = np.mean([p >= threshold for p in probabilities]) if len(probabilities) else 0.5
        return "with_mask" if share > 0.5 else "without_mask" if share < 0.5 else "not_sure"

    def open_ends(probabilities, threshold=0.5, band=0.15):
        mean = np.mean(probabilities) if len(probabilities) else threshold
        return (
            "with_mask"
            if mean > threshold + band
            else "without_mask"
            if mean < threshold - band
            else "not_sure"
        )

    refuse_all(
        chapter_07.check_3,
        {
            "no band": lambda p, t=0.5, b=0.15: label(p, t, 0) if len(p) else "not_sure",
            "last look": lambda p, t=0.5, b=0.15: label(p[-1:], t, b),
            "votes": votes,
            "open": open_ends,
            "fixed threshold": lambda p, t=0.5, b=0.15: label(p, 0.5, b),
            "fixed band": lambda p, t=0.5, b=0.15: label(p, t, 0.15),
            "median": lambda p, t=0.5, b=0.15: (
                label([np.median(p)], t, b) if len(p) else "not_sure"
            ),
            "other words": lambda p, t=0.5, b=0.15: "Mask",
            "number": lambda p, t=0.5, b=0.15: float(np.mean(p)) if len(p) else 0.0,
            "always unsure": lambda p, t=0.5, b=0.15: "not_sure",
        },
    )


# --- 7-4
def alarm(times, labels, seconds, doubt="keeps"):
    since = None
    for when, one in zip(times, labels):
        if one == "with_mask" or (one == "not_sure" and doubt == "resets"):
            since = None
        elif one == "without_mask" or doubt == "starts":
            since = when if since is None else since
            if one == "without_mask" and when - since >= seconds:
                return when
        elif doubt == "rings" and since is not None and when - since >= seconds:
            return when
    return None


def test_an_alarm_may_be_found_in_any_way():
    def in_reverse(times, labels, seconds):
        for end, one in enumerate(labels):
            last_mask = max(
                (number for number in range(end) if labels[number] == "with_mask"), default=-1
            )
            start = next(
                (
                    times[number]
                    for number in range(last_mask + 1, end + 1)
                    if labels[number] == "without_mask"
                ),
                None,
            )
            if one == "without_mask" and times[end] - start >= seconds:
                return times[end]

    assert chapter_07.check_4(alarm).state == chapter_07.check_4(in_reverse).state == "passed"


def test_each_mistake_with_the_alarm_has_its_hint():
    def never_reset(times, labels, seconds):
        bare = [when for when, one in zip(times, labels) if one == "without_mask"]
        return next((when for when in bare if when - bare[0] >= seconds), None)

    def first_frame(times, labels, seconds):
        return next(
            (
                when
                for when, one in zip(times, labels)
                if one == "without_mask" and when - times[0] >= seconds
            ),
            None,
        )

    refuse_all(
        chapter_07.check_4,
        {
            "doubt resets": lambda t, n, s: alarm(t, n, s, "resets"),
            "doubt starts": lambda t, n, s: alarm(t, n, s, "starts"),
            "doubt rings": lambda t, n, s: alarm(t, n, s, "rings"),
            "never reset": never_reset,
            "first frame": first_frame,
            "never": lambda t, n, s: [][:0] or None,
            "the start": lambda t, n, s: t[0] if t else None,
        },
    )
