"""Checks of chapter 07.

Overlap of boxes, honest recall and precision, the label of a track, the time of an alarm.
"""

import math

import numpy as np
import pandas as pd

from course_utils.checks.trial import Refused, check
from course_utils.detection.boxes import iou


def _number(value, what):
    """Return a reader's result as a float, or refuse it."""
    if (
        value is None
        or isinstance(value, (str, bytes))
        or (np.ndim(value) > 0 and np.size(value) != 1)
    ):
        raise Refused(
            f"On {what} a number was expected; your function returned"
            f" {'None' if value is None else type(value).__name__}."
        )
    try:
        return float(np.reshape(value, ()))
    except (TypeError, ValueError) as error:
        raise Refused(
            f"On {what} a number was expected; your function returned {type(value).__name__}."
        ) from error


# --- 7-1: intersection over union -----------------------------------------------------------------
BOXES = [
    ("two boxes that share a corner region", (10, 20, 50, 80), (30, 50, 90, 100)),
    ("a box inside another", (0, 0, 100, 50), (20, 10, 60, 40)),
    ("equal boxes", (5, 5, 25, 45), (5, 5, 25, 45)),
    ("boxes side by side", (0, 0, 10, 10), (10, 0, 30, 10)),
    ("boxes apart in both directions", (0, 0, 10, 10), (40, 60, 55, 90)),
    ("boxes apart in one direction", (0, 0, 10, 40), (30, 10, 50, 30)),
    ("boxes with fractions of pixels", (0.5, 0.25, 4.5, 3.25), (2.0, 1.0, 7.0, 5.5)),
]


def _parts(one, other):
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return across, down, areas


def _unclipped(one, other):
    across, down, areas = _parts(one, other)
    return across * down / (sum(areas) - across * down)


def _twice(one, other):
    across, down, areas = _parts(one, other)
    return max(across, 0) * max(down, 0) / sum(areas)


def _smaller(one, other):
    across, down, areas = _parts(one, other)
    return max(across, 0) * max(down, 0) / min(areas)


def _inclusive(one, other):
    return float(
        iou([(*one[:2], one[2] + 1, one[3] + 1)], [(*other[:2], other[2] + 1, other[3] + 1)])[0, 0]
    )


def _intersection(one, other):
    across, down, _ = _parts(one, other)
    return max(across, 0) * max(down, 0)


def _overlap_stub(one, other):
    # As shipped in the chapter, with its two bugs.
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    area_one = (one[2] - one[0]) * (one[3] - one[1])
    area_other = (other[2] - other[0]) * (other[3] - other[1])
    return across * down / (area_one + area_other)


BOX_MISTAKES = [
    (
        _overlap_stub,
        "Nothing has changed yet. What does it say of two equal boxes, and what should it say?",
    ),
    (
        _unclipped,
        (
            "Boxes that lie apart have no area in common: two negative lengths multiply to a"
            " positive area, and one gives a negative."
        ),
    ),
    (_twice, "What both cover is in the denominator twice. Count it once."),
    (
        _smaller,
        (
            "That is the share of the smaller box. A small box in a large one then counts as a"
            " perfect match."
        ),
    ),
    (
        _inclusive,
        "Boxes are half open, as slices are: the width is x_max - x_min, without a 1 added.",
    ),
    (_intersection, "That is the area in common. Divide it by the area that either box covers."),
]


def check_1(overlap):
    """Check intersection over union of two boxes."""

    def judge(call):
        answers = [
            (what, one, other, _number(call(what, one, other), what)) for what, one, other in BOXES
        ]
        wrong = [
            (what, given, float(iou([one], [other])[0, 0]))
            for what, one, other, given in answers
            if not math.isclose(given, float(iou([one], [other])[0, 0]), abs_tol=1e-6)
        ]
        if not wrong:
            return "From here on, half is found."
        for mistake, hint in BOX_MISTAKES:
            if all(
                math.isclose(given, mistake(one, other), abs_tol=1e-6)
                for _, one, other, given in answers
            ):
                raise Refused(hint)
        if all("apart" in what or "side" in what for what, _, _ in wrong):
            raise Refused(BOX_MISTAKES[1][1])
        raise Refused(
            f"On {wrong[0][0]} your function returned {wrong[0][1]:.3f}. Draw both boxes on squared"
            " paper and count."
        )

    return check("7-1", overlap, _overlap_stub, judge)


# --- 7-2: recall and precision, end to end --------------------------------------------------------
def _table(*groups):
    """Build rows from (label, said, how many)."""
    return pd.DataFrame(
        [(label, said, 30.0, 0.7) for label, said, count in groups for _ in range(count)],
        columns=["label", "said", "size", "overlap"],
    )


M, N, U = "with_mask", "without_mask", "not_sure"
ROWS = [
    (
        "rows with misses and false alarms",
        _table(
            (M, M, 10),
            (M, N, 3),
            (M, "", 4),
            (M, U, 2),
            (N, N, 7),
            (N, M, 1),
            (N, "", 5),
            (N, U, 3),
            ("", N, 6),
            ("", M, 2),
            ("", U, 1),
        ),
        M,
    ),
    (
        "the same rows, the other label",
        _table(
            (M, M, 10),
            (M, N, 3),
            (M, "", 4),
            (M, U, 2),
            (N, N, 7),
            (N, M, 1),
            (N, "", 5),
            (N, U, 3),
            ("", N, 6),
            ("", M, 2),
            ("", U, 1),
        ),
        N,
    ),
    ("rows without a mistake", _table((M, M, 4), (N, N, 5)), N),
    (
        "rows in which every masked face was missed, but one wall is called masked",
        _table((M, "", 3), (N, N, 5), ("", M, 1)),
        M,
    ),
]


def _ends(rows, which):
    right = ((rows["label"] == which) & (rows["said"] == which)).sum()
    return right / (rows["label"] == which).sum(), right / (rows["said"] == which).sum()


def _found_only(rows, which):
    return _ends(rows[rows["said"] != ""], which)


def _true_only(rows, which):
    return _ends(rows[rows["label"] != ""], which)


def _found_and_true(rows, which):
    return _ends(rows[(rows["said"] != "") & (rows["label"] != "")], which)


def _sure_only(rows, which):
    return _ends(rows[rows["said"] != "not_sure"], which)


def _swapped(rows, which):
    return _ends(rows, which)[::-1]


ROW_MISTAKES = [
    (_swapped, "The two figures are there, in the other order: recall comes first."),
    (
        _found_only,
        (
            "You left the missed faces out: that is how they hid in the original's table. Recall"
            " counts all faces that are `which`."
        ),
    ),
    (
        _true_only,
        (
            "You left the false alarms out: a wall that is called masked lowers the precision of"
            " the label."
        ),
    ),
    (
        _found_and_true,
        (
            "You left out misses and false alarms: what remains is the classifier alone, not the"
            " system."
        ),
    ),
    (
        _sure_only,
        (
            "You left the unsure answers out. A face whose label the system won't say was not"
            " labelled `which`, and recall counts it."
        ),
    ),
]


def _ends_stub(rows, which): ...


def check_2(end_to_end):
    """Check recall and precision of a label with misses and false alarms."""

    def judge(call):
        answers = []
        for what, rows, which in ROWS:
            given = call(what, rows.copy(), which)
            if not isinstance(given, (tuple, list, np.ndarray)) or len(given) != 2:
                raise Refused("Return two numbers: recall and precision.")
            answers.append((what, rows, which, [_number(value, what) for value in given]))

        def same(given, wanted):
            return all(
                math.isclose(a, b, abs_tol=1e-6) or (math.isnan(a) and math.isnan(b))
                for a, b in zip(given, wanted)
            )

        def always(mistake):
            # Where a mistake divides by nothing, any answer will do.
            return all(
                same(given, wanted) or np.isnan(wanted).any()
                for _, rows, which, given in answers
                for wanted in [_quiet(mistake, rows, which)]
            )

        if all(same(given, _ends(rows, which)) for _, rows, which, given in answers):
            return "These are the figures that the chapter's bars of recall and precision show."
        for mistake, hint in ROW_MISTAKES:
            if always(mistake):
                raise Refused(hint)
        what, rows, which, given = next(
            answer for answer in answers if not same(answer[3], _ends(answer[1], answer[2]))
        )
        wrong = (
            "recall"
            if not math.isclose(given[0], _ends(rows, which)[0], abs_tol=1e-6)
            else "precision"
        )
        raise Refused(
            f"On {what} the {wrong} is not right. Which rows belong into its denominator?"
        )

    return check("7-2", end_to_end, _ends_stub, judge)


def _quiet(function, rows, which):
    with np.errstate(all="ignore"):
        return [float(value) for value in function(rows, which)]


# --- 7-3: the label of a track --------------------------------------------------------------------
LOOKS = [
    ("clear looks with a mask", [0.9, 0.95, 0.8], {}),
    ("clear looks without a mask", [0.1, 0.05, 0.2], {}),
    ("looks about the threshold", [0.45, 0.6, 0.5], {}),
    ("two hesitant looks and one sure one", [0.45, 0.4, 1.0], {}),
    ("three hesitant looks with a mask and two sure ones without", [0.6, 0.6, 0.6, 0.0, 0.0], {}),
    ("a mean at the band's upper end", [0.75, 0.75], {"threshold": 0.5, "band": 0.25}),
    ("a mean at the band's lower end", [0.25, 0.25], {"threshold": 0.5, "band": 0.25}),
    ("a mean inside a wide band", [0.7, 0.7], {"threshold": 0.5, "band": 0.25}),
    ("three sure looks with a mask and two without", [0.9, 0.9, 0.9, 0.0, 0.0], {}),
    ("a high threshold", [0.8, 0.8], {"threshold": 0.75}),
    ("a high threshold, clearly below", [0.55, 0.5], {"threshold": 0.75}),
    ("no look", [], {}),
    ("a look that changed long ago", [0.0, 0.9, 0.9, 0.9, 0.9], {}),
]


def _label(probabilities, threshold=0.5, band=0.15, average=np.mean, closed=True):
    if not len(probabilities):
        return "not_sure"
    apart = average(probabilities) - threshold
    if apart >= band if closed else apart > band:
        return "with_mask"
    return "without_mask" if (apart <= -band if closed else apart < -band) else "not_sure"


def _votes(probabilities, threshold=0.5, band=0.15):
    if not len(probabilities):
        return "not_sure"
    share = np.mean(np.asarray(probabilities) >= threshold)
    return "with_mask" if share > 0.5 else "without_mask" if share < 0.5 else "not_sure"


LABEL_MISTAKES = [
    (
        lambda p, threshold=0.5, band=0.15: _label(p, threshold, 0.0),
        'You left out the band: near the threshold the label is "not_sure".',
    ),
    (
        lambda p, threshold=0.5, band=0.15: _label(p[-1:], threshold, band),
        "You judge the last look only. One look is what we want to be free of.",
    ),
    (
        lambda p, threshold=0.5, band=0.15: _label(p, threshold, band, np.median),
        "The median forgets how sure the looks were; the exercise asks for the mean.",
    ),
    (
        lambda p, threshold=0.5, band=0.15: _label(p, threshold, band, closed=False),
        'A mean exactly at an end of the band counts as sure: "0.15 or more".',
    ),
    (
        lambda p, threshold=0.5, band=0.15: _label(p, 0.5, band),
        "Your function does not use `threshold`: it may be another than 0.5.",
    ),
    (
        lambda p, threshold=0.5, band=0.15: _label(p, threshold, 0.15),
        "Your function does not use `band`: it may be another than 0.15.",
    ),
    (
        _votes,
        (
            "You count votes. Then three hesitant looks outweigh two sure ones; average the"
            " probabilities first."
        ),
    ),
]


def _label_stub(probabilities, threshold=0.5, band=0.15): ...


def check_3(label_of):
    """Check the label of a track."""

    def judge(call):
        answers = [
            (
                what,
                looks,
                options,
                call(what, list(looks), options.get("threshold", 0.5), options.get("band", 0.15)),
            )
            for what, looks, options in LOOKS
        ]
        wrong = [
            (what, given)
            for what, looks, options, given in answers
            if not isinstance(given, str) or given != _label(looks, **options)
        ]
        if not wrong:
            return "An unsure system that says so is worth more than a sure one that errs."
        for mistake, hint in LABEL_MISTAKES:
            if all(
                isinstance(given, str) and given == mistake(looks, **options)
                for _, looks, options, given in answers
            ):
                raise Refused(hint)
        what, given = wrong[0]
        if given not in ("with_mask", "without_mask", "not_sure"):
            raise Refused(
                f'On {what} your function returned {given!r}; the labels are "with_mask",'
                ' "without_mask" and "not_sure".'
            )
        raise Refused(
            f"On {what} your function says {given}. Work it out by hand: the mean, how far it is"
            " from the threshold, and on which side."
        )

    return check("7-3", label_of, _label_stub, judge)


# --- 7-4: when the alarm rings --------------------------------------------------------------------
LABELS = [
    ("somebody who is unmasked from the start", "NNNNNNNN", 0.5, 3),
    ("somebody who puts a mask on in time", "NNNMMMMM", 0.5, 2),
    ("somebody who takes the mask off", "MMMMNNNNNN", 0.5, 2),
    ("somebody who puts a mask on and takes it off again", "NNNMNNNNN", 0.5, 1.6),
    ("doubtful looks in between", "NUUNUUN", 0.5, 2),
    ("doubtful looks before", "UUUUNNNN", 0.5, 1),
    ("doubtful looks at the end", "NNUUUUN", 0.5, 1.5),
    ("somebody who is never sure", "UUUUUU", 0.5, 1),
    ("a clock that does not start at zero", "MNNNN", 1.0, 2),
    ("an alarm without patience", "MNM", 0.5, 0),
    ("nobody", "", 0.5, 1),
    ("uneven times", "NNNN", None, 2),
]
NAMES = {"N": "without_mask", "M": "with_mask", "U": "not_sure"}


def _alarm(times, labels, seconds, doubt="keeps"):
    start = None
    for when, label in zip(times, labels):
        if label == "without_mask":
            start = when if start is None else start
            if when - start >= seconds:
                return when
        elif label == "with_mask" or doubt == "resets":
            start = None
        elif doubt == "starts":
            start = when if start is None else start
        elif doubt == "rings" and start is not None and when - start >= seconds:
            return when
    return None


def _whole_time(times, labels, seconds):
    bare = [when for when, label in zip(times, labels) if label == "without_mask"]
    return next((when for when in bare if when - bare[0] >= seconds), None)


def _from_first_frame(times, labels, seconds):
    return next(
        (
            when
            for when, label in zip(times, labels)
            if label == "without_mask" and when - times[0] >= seconds
        ),
        None,
    )


def _counts_looks(times, labels, seconds):
    run = 0
    for when, label in zip(times, labels):
        run = run + 1 if label == "without_mask" else 0 if label == "with_mask" else run
        if label == "without_mask" and run > seconds / 0.5:
            return when
    return None


ALARM_MISTAKES = [
    (
        lambda t, n, s: _alarm(t, n, s, doubt="resets"),
        (
            '"not_sure" must not set the clock back: somebody who turns their head away for a'
            " moment is still unmasked."
        ),
    ),
    (
        lambda t, n, s: _alarm(t, n, s, doubt="starts"),
        '"not_sure" must not start the clock: nobody was seen without a mask yet.',
    ),
    (
        lambda t, n, s: _alarm(t, n, s, doubt="rings"),
        'It must not ring on a "not_sure": wait for the next look without a mask.',
    ),
    (_whole_time, "A look with a mask sets the clock back: whoever puts the mask on begins anew."),
    (
        _from_first_frame,
        (
            "Your clock starts with the first frame. It starts when the first look without a mask"
            " is seen."
        ),
    ),
    (_counts_looks, "You count looks. Cameras give them at uneven times; use the times."),
]


def _alarm_stub(times, labels, seconds): ...


def check_4(alarm_time):
    """Check when the alarm for one person rings."""

    def judge(call):
        answers = []
        for what, letters, step, seconds in LABELS:
            times = (
                [0.0, 0.1, 0.2, 5.0]
                if step is None
                else [round(3.0 + step * number, 3) for number in range(len(letters))]
            )
            labels = [NAMES[letter] for letter in letters]
            given = call(what, list(times), list(labels), seconds)
            answers.append(
                (what, times, labels, seconds, None if given is None else _number(given, what))
            )

        def same(given, wanted):
            return (given is None and wanted is None) or (
                given is not None
                and wanted is not None
                and math.isclose(given, wanted, abs_tol=1e-6)
            )

        wrong = [
            (what, given, _alarm(times, labels, seconds))
            for what, times, labels, seconds, given in answers
            if not same(given, _alarm(times, labels, seconds))
        ]
        if not wrong:
            return "Once a person, and only after a while: people will go on listening to it."
        for mistake, hint in ALARM_MISTAKES:
            if all(
                same(given, mistake(times, labels, seconds) if times else None)
                for _, times, labels, seconds, given in answers
            ):
                raise Refused(hint)
        what, given, wanted = wrong[0]
        if wanted is None:
            raise Refused(f"On {what} it must not ring; your function returned {given:g}.")
        raise Refused(
            f"On {what} "
            + (
                "it should ring, and your function returned None."
                if given is None
                else f"it rings, but not at {given:g} s. When does the clock start?"
            )
        )

    return check("7-4", alarm_time, _alarm_stub, judge)
