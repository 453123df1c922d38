"""Checks of chapter 00's exercises.

Each tries the reader's function on several inputs. When the answers are those of a well-known
mistake, the hint speaks to that mistake; else it names the kind of input that goes wrong.
"""

import math
import warnings
from fractions import Fraction

import numpy as np

from course_utils.checks import not_attempted, not_yet, passed, trial
from course_utils.pictures.annotations import Box


def check_demonstration(answer):
    """Check how many numbers a square of 128 x 128 pixels with three colours holds."""
    if answer is None:
        return not_attempted("0-0")
    if answer == 128 * 128 * 3:
        return passed("0-0", "A network sees nothing but these numbers.")
    if answer == 128 * 128:
        return not_yet(
            "0-0", "You counted the pixels. How many numbers describe the colour of one pixel?"
        )
    return not_yet("0-0", "Multiply the height, the width and the number of colours.")


def check_1(share_with_mask):
    """Check the share of people with a mask, when the program finds some more often than others."""
    return _check(
        "0-1",
        share_with_mask,
        FOUND,
        _share,
        SHARE_MISTAKES,
        _is_close,
        "A count of found faces is a count of people only when everybody is found alike.",
    )


def check_2(intersection_over_union):
    """Check the shared area of two boxes divided by the area that they cover."""
    return _check(
        "0-2",
        intersection_over_union,
        PAIRS,
        _iou,
        IOU_MISTAKES,
        _is_close,
        'With 0.5 as the least value for "found", no box as large as the picture finds a face any'
        " more.",
    )


def check_3(faces_needed):
    """Check the smallest number of faces for which an interval is narrow enough."""
    return _check(
        "0-3",
        faces_needed,
        TESTS,
        _needed,
        NEEDED_MISTAKES,
        _is_same,
        "Thousands of faces for one hundredth: remember it when you read a table of results.",
    )


def check_4(false_alarm_share):
    """Check the share of the stopped people who wear a mask."""
    return _check(
        "0-4",
        false_alarm_share,
        ENTRANCES,
        _false_alarms,
        ALARM_MISTAKES,
        _is_close,
        "When nearly everybody wears a mask, a rare mistake on them outnumbers the right alarms.",
    )


# --- 0-1: (description, arguments)
FOUND = [
    ("the camera of the exercise", (54, 94, 0.54, 0.94)),
    ("a detector that finds everybody alike", (30, 50, 0.5, 0.5)),
    ("a detector that finds everybody", (12, 36, 1.0, 1.0)),
    ("nobody with a mask", (0, 20, 0.5, 0.9)),
    ("masks that are found more often", (60, 20, 0.9, 0.6)),
    ("few masks", (10, 90, 0.25, 0.9)),
]


def _share(masked, bare, found_masked, found_bare):
    with_mask, without = masked / found_masked, bare / found_bare
    return with_mask / (with_mask + without)


SHARE_MISTAKES = [
    (
        lambda m, b, fm, fb: m / (m + b),
        "That is the share among the *found* faces. Who was never found?",
    ),
    (
        lambda m, b, fm, fb: m * fm / (m * fm + b * fb),
        "You made the counts smaller. If half of them are found, how many were there for each found"
        " one?",
    ),
    (
        lambda m, b, fm, fb: (m / fm) / (m / fm + b),
        "You corrected those with a mask. Some of the others were missed as well.",
    ),
    (
        lambda m, b, fm, fb: m / (m + b / fb),
        "You corrected those without a mask. Some of the others were missed as well.",
    ),
    (
        lambda m, b, fm, fb: m / fm / (m + b),
        "Everybody counts below the line, too: those who were missed as well.",
    ),
    (
        lambda m, b, fm, fb: m / fm,
        "That is how many people wear a mask. What share of all people is it?",
    ),
    (
        lambda m, b, fm, fb: (m / fm) / (b / fb),
        "You divide by the people without a mask. The share is one of *all* people.",
    ),
    (lambda *case: 1 - _share(*case), "That is the share of people without a mask."),
    (lambda *case: 100 * _share(*case), "The answer should lie between 0 and 1."),
]

# --- 0-2
PAIRS = [
    ("the same box twice", (Box("a", 10, 20, 50, 80), Box("b", 10, 20, 50, 80))),
    ("boxes that overlap in a corner", (Box("a", 0, 0, 40, 30), Box("b", 20, 10, 60, 50))),
    ("the same boxes in the other order", (Box("b", 20, 10, 60, 50), Box("a", 0, 0, 40, 30))),
    ("a small box inside a large one", (Box("a", 0, 0, 100, 100), Box("b", 30, 40, 50, 60))),
    ("a box around another", (Box("a", 45, 45, 55, 65), Box("b", 0, 0, 100, 80))),
    ("boxes side by side with a gap", (Box("a", 0, 0, 10, 10), Box("b", 30, 0, 45, 10))),
    ("boxes above each other with a gap", (Box("a", 0, 0, 10, 10), Box("b", 2, 25, 12, 45))),
    ("boxes apart in both directions", (Box("a", 0, 0, 10, 10), Box("b", 20, 20, 40, 40))),
    ("boxes that touch at an edge", (Box("a", 0, 0, 10, 10), Box("b", 10, 0, 20, 10))),
    ("boxes that cross", (Box("a", 0, 20, 100, 30), Box("b", 40, 0, 50, 90))),
]


def _sides(one, two):
    return min(one.x_max, two.x_max) - max(one.x_min, two.x_min), min(one.y_max, two.y_max) - max(
        one.y_min, two.y_min
    )


def _area(box):
    return box.width * box.height


def _shared(one, two):
    across, down = _sides(one, two)
    return max(across, 0) * max(down, 0)


def _iou(one, two):
    return _shared(one, two) / (_area(one) + _area(two) - _shared(one, two))


def _iou_unclamped(one, two):
    across, down = _sides(one, two)
    return across * down / (_area(one) + _area(two) - across * down)


def _iou_abs(one, two):
    across, down = (abs(side) for side in _sides(one, two))
    return across * down / (_area(one) + _area(two) - across * down)


def _iou_inclusive(one, two):
    across, down = (max(side + 1, 0) for side in _sides(one, two))
    areas = [(box.width + 1) * (box.height + 1) for box in (one, two)]
    return across * down / (sum(areas) - across * down)


def _iou_frame(one, two):
    across = max(one.x_max, two.x_max) - min(one.x_min, two.x_min)
    down = max(one.y_max, two.y_max) - min(one.y_min, two.y_min)
    return _shared(one, two) / (across * down)


IOU_MISTAKES = [
    (
        _iou_unclamped,
        (
            "Boxes that do not meet have a negative overlap in width or height. What does your"
            " function make of two boxes apart in both directions?"
        ),
    ),
    (
        _iou_abs,
        (
            "A negative overlap means that the boxes do not meet; without its sign it looks like a"
            " real one."
        ),
    ),
    (
        _iou_inclusive,
        "You counted the right and lower edges as part of the box. They do not belong to it.",
    ),
    (
        lambda a, b: _shared(a, b) / (_area(a) + _area(b)),
        (
            "Two equal boxes give less than 1: the shared part was counted twice in the area that"
            " both cover."
        ),
    ),
    (
        lambda a, b: _shared(a, b) / _area(a),
        "The answer should not change when the two boxes change places.",
    ),
    (
        lambda a, b: _shared(a, b) / _area(b),
        (
            "The answer should not change when the two boxes change places. You divide by the"
            " second alone."
        ),
    ),
    (
        lambda a, b: _shared(a, b) / min(_area(a), _area(b)),
        "A small box inside a large one gives 1. Which area do you divide by?",
    ),
    (
        lambda a, b: _shared(a, b) / max(_area(a), _area(b)),
        (
            "You divide by the larger box. Two boxes cover more than that when neither contains the"
            " other."
        ),
    ),
    (
        _iou_frame,
        "You divide by the rectangle around both boxes. Its corners belong to neither box.",
    ),
    (
        lambda a, b: _shared(a, b),
        "That is the shared area in pixels. It has to be divided by something.",
    ),
    (lambda a, b: 100 * _iou(a, b), "The answer should lie between 0 and 1, not be a percentage."),
    (
        lambda a, b: 1 - _iou(a, b),
        "You return how different the boxes are: equal boxes should give 1.",
    ),
]

# --- 0-3; 1.96 and the exact 1.959964 give the same whole number for all of them
TESTS = [
    ("an accuracy of 0.5 and a reach of 0.05", (0.5, 0.05)),
    ("an accuracy of 0.88 and a reach of 0.01", (0.88, 0.01)),
    ("an accuracy of 0.95 and a reach of 0.02", (0.95, 0.02)),
    ("an accuracy of 0.81 and a reach of 0.03", (0.81, 0.03)),
    ("an accuracy of 0.99 and a reach of 0.005", (0.99, 0.005)),
]


def _exact(accuracy, reach, deviations=1.96):
    return deviations**2 * accuracy * (1 - accuracy) / reach**2


def _needed(accuracy, reach):
    return math.ceil(_exact(accuracy, reach))


NEEDED_MISTAKES = [
    (_exact, "Faces come whole. Which whole number is the smallest that is enough?"),
    (
        lambda p, r: math.floor(_exact(p, r)),
        "Just too few: with that many faces the interval still reaches a little further.",
    ),
    (
        lambda p, r: round(_exact(p, r)),
        "Sometimes just too few: rounding to the nearest may round down.",
    ),
    (lambda p, r: math.floor(_exact(p, r)) + 2, "One face fewer would be enough."),
    (
        lambda p, r: math.ceil(_exact(p, r, 2)),
        "The interval reaches 1.96 standard deviations to either side, not 2.",
    ),
    (
        lambda p, r: math.ceil(_exact(p, r, 1)),
        "That is enough for one standard deviation. How many does a 95 % interval need?",
    ),
    (
        lambda p, r: math.ceil(4 * _exact(p, r)),
        "`reach` is the distance to one side, not the width of the whole interval.",
    ),
    (
        lambda p, r: math.ceil(_exact(p, r) / 4),
        "`reach` is the distance to one side: half of the interval, not twice.",
    ),
    (
        lambda p, r: math.ceil(1.96**2 * 0.25 / r**2),
        "Your answer does not change with the accuracy. The interval's width does.",
    ),
    (
        lambda p, r: math.ceil(1.96**2 * p / r**2),
        "Look at what stands under the root: something is missing beside the accuracy.",
    ),
    (
        lambda p, r: math.ceil(1.96 * math.sqrt(p * (1 - p)) / r),
        "To bring the number of faces out of the root, both sides have to be squared.",
    ),
    (
        lambda p, r: math.ceil(1.96 * p * (1 - p) / r**2),
        "When both sides are squared, the 1.96 is squared too.",
    ),
    (
        lambda p, r: math.ceil(1.96**2 * p * (1 - p) / r),
        "When both sides are squared, the reach is squared too.",
    ),
]


# --- 0-4
ENTRANCES = [
    ("the entrance of the exercise", (0.95, 0.16, 0.98)),
    ("an entrance where half wear a mask", (0.5, 0.1, 0.9)),
    ("an entrance where few wear a mask", (0.2, 0.05, 0.95)),
    ("an entrance where nobody wears a mask", (0.0, 0.1, 0.9)),
    ("a program that never stops a masked person", (0.6, 0.0, 0.8)),
]


def _false_alarms(wearing, stopped_masked, stopped_bare):
    wrong, right = wearing * stopped_masked, (1 - wearing) * stopped_bare
    return wrong / (wrong + right)


ALARM_MISTAKES = [
    (
        lambda w, m, b: m,
        "That is the share of the masked people who are stopped. What share of the stopped people"
        " are they?",
    ),
    (
        lambda w, m, b: w * m,
        "That is the share of *all* people who are stopped wrongly. Divide by all who are stopped.",
    ),
    (
        lambda w, m, b: w * m + (1 - w) * b,
        "That is the share of all people who are stopped. Which part of them wears a mask?",
    ),
    (
        lambda w, m, b: m / (m + b),
        "Your answer does not change with the share that wears a mask. How many people are there of"
        " each kind?",
    ),
    (
        lambda w, m, b: (1 - w) * m / ((1 - w) * m + w * b),
        "You exchanged the people: `wearing` is the share *with* a mask.",
    ),
    (
        lambda w, m, b: w * m / (w * m + (1 - w) * (1 - b)),
        "You counted the people without a mask who pass. The others raise the alarm.",
    ),
    (
        lambda w, m, b: w * m / (w * m + b),
        "Not everybody goes without a mask: how many are stopped of those who do?",
    ),
    (
        lambda w, m, b: w * m / ((1 - w) * b),
        "You divide by the right alarms alone. The share is one of all alarms.",
    ),
    (lambda *case: 1 - _false_alarms(*case), "That is the share of the *right* alarms."),
    (lambda *case: 100 * _false_alarms(*case), "The answer should lie between 0 and 1."),
]


# --- what the four share
def _is_stub(function):
    """Tell whether a function that returned None holds nothing else, whatever its docstring."""
    code = getattr(function, "__code__", None)
    return (
        code is not None
        and not code.co_names
        and len(code.co_code) <= len(_shipped.__code__.co_code)
    )


def _shipped(one, two):
    """As shipped."""
    return None


def _is_number(value):
    if isinstance(value, int) and abs(value) > 1e300:  # more than a float can hold
        return False
    return isinstance(value, (int, float, Fraction, np.number)) or (
        isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iuf"
    )


def _is_same(value, expected):
    return _is_number(value) and math.isclose(
        float(value), float(expected), rel_tol=1e-12, abs_tol=1e-12
    )


def _is_close(value, expected):
    return _is_number(value) and math.isclose(
        float(value), float(expected), rel_tol=1e-6, abs_tol=1e-9
    )


def _copy(arguments):
    return [
        argument.copy() if isinstance(argument, np.ndarray) else argument for argument in arguments
    ]


def _check(exercise, function, cases, truth, mistakes, is_same, praise):
    """Try a function on all cases and return the verdict."""
    if function is None:
        return not_attempted(exercise)
    if not callable(function):
        return not_yet(
            exercise,
            "The check needs the function itself, not its result: it got a"
            f" {type(function).__name__}.",
        )
    answers = []
    for description, arguments in cases:
        try:
            with warnings.catch_warnings(action="ignore"):
                answers.append(function(*_copy(arguments)))
        except Exception as error:  # whatever goes wrong in the reader's code becomes a hint
            sentence = trial.stopped_with(error, f" on {description}")
            return not_yet(exercise, f"Your function stopped with {sentence}")
    if all(answer is None for answer in answers):
        return (
            not_attempted(exercise)
            if _is_stub(function)
            else not_yet(exercise, "Your function returns nothing: does it end with `return`?")
        )
    strange = next((answer for answer in answers if not _is_number(answer)), None)
    if strange is not None or any(answer is None for answer in answers):
        kind = "nothing" if strange is None else f"a {type(strange).__name__}"
        return not_yet(exercise, f"Your function should return one number, but returns {kind}.")
    wanted = [truth(*arguments) for _, arguments in cases]
    wrong = [
        number
        for number, (answer, right) in enumerate(zip(answers, wanted, strict=True))
        if not is_same(answer, right)
    ]
    if not wrong:
        return passed(exercise, praise)
    for mistake, hint in mistakes:
        if all(
            is_same(answer, mistake(*arguments))
            for answer, (_, arguments) in zip(answers, cases, strict=True)
        ):
            return not_yet(exercise, hint)
    less = "too small" if float(answers[wrong[0]]) < float(wanted[wrong[0]]) else "too large"
    return not_yet(
        exercise,
        f"Right on {len(cases) - len(wrong)} of {len(cases)} inputs. Your answer is {less} for"
        f" {cases[wrong[0]][0]}.",
    )
