"""Checks of chapter 06's exercises.

Each tries the reader's answer on inputs whose right answer is known, and has a hint for every
well-known mistake.
"""

import math
import warnings

import cv2
import numpy as np
from PIL import Image

from course_utils.checks import not_attempted, not_yet, passed
from course_utils.checks.trial import Refused, check

NOTHING = "Your function returns nothing: does it end with `return`?"
HEAD = 0.16


def _number(value):
    """Turn a reader's answer into one finite float."""
    if value is None:
        raise Refused(NOTHING)
    try:
        found = np.asarray(value, float)
    except (TypeError, ValueError):
        raise Refused(f"Return one number, not a {type(value).__name__}.") from None
    if found.size != 1 or isinstance(value, (str, bool)):
        raise Refused("Return one number.")
    number = float(found.ravel()[0])
    if not math.isfinite(number):
        raise Refused("Return a finite number.")
    return number


def _judge_numbers(call, cases, truth, mistakes, tolerance=1e-6):
    """Compare a reader's numbers with the right ones.

    Name the mistake that explains them all, or the first case that is wrong.
    """
    given = [_number(call(what, *arguments)) for what, arguments in cases]

    def explained(function):
        with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            return all(
                math.isclose(number, function(*arguments), rel_tol=tolerance, abs_tol=tolerance)
                for number, (_, arguments) in zip(given, cases, strict=True)
            )

    if explained(truth):
        return
    for mistake, hint in mistakes:
        if explained(mistake):
            raise Refused(hint)
    for number, (what, arguments) in zip(given, cases, strict=True):
        if not math.isclose(number, truth(*arguments), rel_tol=tolerance, abs_tol=tolerance):
            raise Refused(f"Not right for {what}.")


# --- 6-1: pixels of a face at a distance ----------------------------------------------------------
CAMERAS = [
    (f"{distance} m away, {width} pixels, {angle} degrees", (distance, width, angle))
    for distance, width, angle in (
        (1.0, 1920, 90),
        (4, 1920, 90),
        (12, 1280, 60),
        (3.5, 640, 75),
        (0.6, 1280, 78),
        (25, 3840, 30),
        (8, 2560, 120),
    )
]


def _seen(distance, angle):
    return 2 * distance * math.tan(math.radians(angle) / 2)


def _face_pixels(distance, width, angle):
    return HEAD * width / _seen(distance, angle)


FACE_MISTAKES = [
    (
        lambda d, w, a: 2 * _face_pixels(d, w, a),
        (
            "Half of the angle reaches from the middle to *one* edge: the picture is twice as wide"
            " as that."
        ),
    ),
    (
        lambda d, w, a: HEAD * w / (2 * d * math.tan(math.radians(a))),
        (
            "The tangent wants the angle between the camera's axis and the picture's edge, which is"
            " half of the angle of view."
        ),
    ),
    (
        lambda d, w, a: HEAD * w / (d * math.tan(math.radians(a))),
        (
            "The tangent wants the angle between the camera's axis and the picture's edge, which is"
            " half of the angle of view."
        ),
    ),
    (
        lambda d, w, a: HEAD * w / (2 * d * math.tan(a / 2)),
        "Python's tangent takes radians, not degrees.",
    ),
    (
        lambda d, w, a: HEAD * w / (2 * d * math.sin(math.radians(a) / 2)),
        (
            "The sine measures along the edge of the view. Across, at the distance of the face, it"
            " is the tangent."
        ),
    ),
    (
        lambda d, w, a: HEAD * w / (d * math.radians(a)),
        (
            "That takes the view for an arc. Pixels divide a straight line across the view, which"
            " is longer."
        ),
    ),
    (
        lambda d, w, a: w * math.degrees(2 * math.atan(HEAD / 2 / d)) / a,
        "Pixels are not spread evenly over the angle, but over a straight line across the view.",
    ),
    (
        lambda d, w, a: _seen(d, a),
        "That is how many metres the picture shows. Which share of them is the face?",
    ),
    (
        lambda d, w, a: w / _seen(d, a),
        "That is how many pixels a metre gets. A face is 16 centimetres wide.",
    ),
    (
        lambda d, w, a: HEAD / _seen(d, a),
        "That is the share of the picture's width. How many pixels are that?",
    ),
    (
        lambda d, w, a: 100 * _face_pixels(d, w, a),
        "Distance in metres, face in centimetres: bring both to one unit.",
    ),
    (lambda d, w, a: float(round(_face_pixels(d, w, a))), "Don't round."),
    (lambda d, w, a: float(int(_face_pixels(d, w, a))), "Don't round."),
]


def _face_stub(distance, picture_width, angle):
    """Return how many pixels wide a face of 16 cm is."""
    ...


def check_1(face_pixels):
    """Check how wide a face is in a picture, in pixels."""

    def judge(call):
        _judge_numbers(call, CAMERAS, _face_pixels, FACE_MISTAKES)
        return (
            "Twice as far, half the pixels; and a wide angle makes faces small as surely as a large"
            " distance does."
        )

    return check("6-1", face_pixels, _face_stub, judge)


# --- 6-2: the width of a block --------------------------------------------------------------------
BLOCKS = [
    (
        f"a face of {face} pixels, a square of {square}, a margin of {margin:g}",
        (face, square, margin),
    )
    for face, square, margin in (
        (10, 128, 0.25),
        (20, 224, 0.25),
        (40, 128, 0.25),
        (12, 96, 0.0),
        (20, 160, 0.5),
        (33, 224, 0.1),
    )
]

BLOCK_MISTAKES = [
    (
        lambda face, square, margin: square / face,
        "The square shows more than the face: there is a margin around it.",
    ),
    (
        lambda face, square, margin: square / (face * (1 + margin)),
        "The margin is cut on *every* side: left and right both.",
    ),
    (
        lambda face, square, margin: square / face * (1 + 2 * margin),
        "A margin brings more camera pixels into the square, so each of them gets *less* room.",
    ),
    (
        lambda face, square, margin: face * (1 + 2 * margin) / square,
        "That is how many camera pixels fill one pixel of the square: turn it round.",
    ),
    (
        lambda face, square, margin: (square / (face * (1 + 2 * margin))) ** 2,
        "That is how many pixels a block covers. Asked is its width.",
    ),
    (
        lambda face, square, margin: face * (1 + 2 * margin),
        "That is how many camera pixels the square shows. How wide is each of them in it?",
    ),
    (
        lambda face, square, margin: float(round(square / (face * (1 + 2 * margin)))),
        "Don't round: blocks are now one pixel wider, now one narrower.",
    ),
]


def _block_stub(face, square, margin):
    """Return how many pixels of the square one pixel of the camera fills."""
    ...


def _block_width(face, square, margin):
    return square / (face * (1 + 2 * margin))


def check_2(block_width):
    """Check how wide the blocks of an enlarged face are."""

    def judge(call):
        _judge_numbers(call, BLOCKS, _block_width, BLOCK_MISTAKES)
        return (
            "In a square of 128 pixels a face of 10 falls into blocks of"
            f" {_block_width(10, 128, 0.25):.1f} pixels: an edge every eight or nine, and"
            " none of them belongs to the face."
        )

    return check("6-2", block_width, _block_stub, judge)


# --- 6-3: find the enlargement --------------------------------------------------------------------
def _pillow(method):
    def read(picture, side):
        return np.asarray(Image.fromarray(picture).resize((side, side), method))

    return read


def _opencv(method):
    return lambda picture, side: cv2.resize(picture, (side, side), interpolation=method)


def _grey(read):
    def faded(picture, side):
        return (read(picture, side) // 2 + 40).astype(np.uint8)

    return faded


def _mirrored(read):
    return lambda picture, side: np.ascontiguousarray(read(picture, side)[:, ::-1])


_NEAREST, _BILINEAR = Image.Resampling.NEAREST, Image.Resampling.BILINEAR
READERS = [
    ("Pillow's nearest", _pillow(_NEAREST), True),
    ("Pillow's bilinear", _pillow(_BILINEAR), False),
    ("Pillow's bicubic", _pillow(Image.Resampling.BICUBIC), False),
    ("OpenCV's nearest", _opencv(cv2.INTER_NEAREST), True),
    ("OpenCV's bilinear", _opencv(cv2.INTER_LINEAR), False),
    ("a nearest that also fades the picture", _grey(_pillow(_NEAREST)), True),
    ("a bilinear that also fades the picture", _grey(_pillow(_BILINEAR)), False),
    ("a nearest that also mirrors", _mirrored(_opencv(cv2.INTER_NEAREST)), True),
    ("a bilinear that also mirrors", _mirrored(_opencv(cv2.INTER_LINEAR)), False),
]


def _repeats_stub(read):
    """Tell whether a reader enlarges by repeating pixels."""
    ...


def check_3(repeats_pixels):
    """Check whether an enlargement by nearest is found out."""

    def judge(call):
        given = []
        for what, read, _ in READERS:
            answer = call(what, read)
            if answer is None:
                raise Refused(NOTHING)
            if not isinstance(answer, (bool, np.bool_)):
                raise Refused(f"Return True or False, not a {type(answer).__name__}.")
            given.append(bool(answer))
        truth = [repeats for _, _, repeats in READERS]
        if given == truth:
            return (
                "Nearest invents no value: what comes out was put in. Every other way mixes, and"
                " a mixture of black and white is grey."
            )
        if len(set(given)) == 1:
            raise Refused(
                f"Your answer is always {given[0]}. A picture of one colour tells nothing: put two"
                " colours in, and look whether others come out."
            )
        if [not answer for answer in given] == truth:
            raise Refused("It is the other way round: True means that pixels are only repeated.")
        wrong = next(n for n, (mine, right) in enumerate(zip(given, truth)) if mine != right)
        changed = "also" in READERS[wrong][0]
        raise Refused(
            f"Not right for {READERS[wrong][0]}."
            + (
                " It may change colours or sides: count how many *different* values come out, in"
                " place of comparing with a picture that you expect."
                if changed
                else ""
            )
        )

    return check("6-3", repeats_pixels, _repeats_stub, judge)


# --- 6-4: design the acquittal --------------------------------------------------------------------
DESIGN = {"change": "B", "look at": "A", "acquitted when": "C"}
"""What tests the compression and nothing else."""

DESIGN_HINTS = {
    ("change", "A"): "Then the size changes, and JPEG is not on trial any more.",
    ("change", "C"): (
        "Training again changes the network too: whatever comes out, two things may have made it."
    ),
    ("look at", "B"): (
        "Small faces fall for several reasons. Look where nothing else is wrong: at large faces."
    ),
    (
        "look at",
        "C",
    ): "The size of a file says that something was compressed, not whether it hurts.",
    ("acquitted when", "A"): "That shows that you compressed. What shows that it does no harm?",
    ("acquitted when", "B"): "That would convict JPEG, not acquit it.",
}


def check_4(design):
    """Check an experiment that could acquit the compression."""
    choices = {"change": "ABC", "look at": "ABC", "acquitted when": "ABC"}
    if design is None:
        return not_attempted("6-4")
    if not isinstance(design, dict):
        return not_yet("6-4", "Keep `design` a dictionary with the three keys of the cell.")
    lacking = [key for key in choices if key not in design]
    if lacking:
        return not_yet("6-4", f"`design` lacks the key {lacking[0]!r}.")
    if all(design[key] is None for key in choices):
        return not_attempted("6-4")
    for key, letters in choices.items():
        letter = str(design[key]).strip().upper()
        if letter not in tuple(letters):
            return not_yet("6-4", f"Choose A, B or C for {key!r}.")
        if letter != DESIGN[key]:
            return not_yet("6-4", DESIGN_HINTS[key, letter])
    return passed(
        "6-4",
        "One thing is changed, the harm is looked for where nothing else does any, and a narrow"
        " interval around zero acquits. A wide one would only say that you looked at too few.",
    )


# --- 6-5: sizes whose factors are equally likely --------------------------------------------------
def _octaves(sizes, smallest, count):
    """Return the shares of sizes from smallest to its double, from there on, and so on."""
    return np.array(
        [
            np.mean((sizes >= smallest * 2**k) & (sizes < smallest * 2 ** (k + 1)))
            for k in range(count)
        ]
    )


def _sizes_stub(smallest, largest, count, rng):
    """Draw whole numbers of pixels, every doubling as likely as the next; both ends can come."""
    ...


def check_5(draw_sizes):
    """Check random sizes that are uniform in their logarithm."""

    def judge(call):
        def draw(smallest, largest, count, seed=1):
            what = f"{count} sizes from {smallest} to {largest}"
            answer = call(what, smallest, largest, count, np.random.default_rng(seed))
            if answer is None:
                raise Refused(NOTHING)
            try:
                sizes = np.asarray(answer).astype(float).ravel()
            except (TypeError, ValueError):
                raise Refused(
                    f"Return an array of whole numbers, not a {type(answer).__name__}."
                ) from None
            if len(sizes) != count:
                raise Refused(
                    f"Return {count} sizes when {count} are asked for; {len(sizes)} came."
                )
            if not np.isfinite(sizes).all() or (sizes != np.round(sizes)).any():
                raise Refused("There are no half pixels: return whole numbers.")
            if sizes.min() < smallest or sizes.max() > largest:
                raise Refused(
                    f"Sizes from {sizes.min():g} to {sizes.max():g} came where {smallest} to"
                    f" {largest} were asked for."
                )
            return sizes

        if (draw(7, 7, 5) != 7).any():
            raise Refused("From 7 to 7 there is only 7.")
        sizes = draw(8, 127, 20_000)
        shares = _octaves(sizes, 8, 4)
        if len(np.unique(sizes)) < 60:
            raise Refused(
                f"Only {len(np.unique(sizes))} different sizes come, where there are 120. All of"
                " them should be possible."
            )
        _judge_shares(shares)
        ends = draw(20, 24, 4000)
        if ends.max() < 24:
            raise Refused(
                "The largest size never comes. NumPy's integers leave the upper end out, and"
                " cutting the decimals off does so as well."
            )
        if ends.min() > 20:
            raise Refused("The smallest size never comes.")
        first, again, other = (draw(8, 127, 50, seed) for seed in (3, 3, 4))
        if not np.array_equal(first, again) or np.array_equal(first, other):
            raise Refused(
                "The same state of the generator should give the same sizes, and another state"
                " others: draw from the `rng` that is handed over."
            )
        return (
            "Half of the sizes lie below 32: sizes count by factors, as tones do. A uniform draw"
            " would spend most of its pictures on the large ones."
        )

    return check("6-5", draw_sizes, _sizes_stub, judge)


def _judge_shares(shares):
    if np.abs(shares - 0.25).max() < 0.035:
        return
    uniform = np.array([8, 16, 32, 64]) / 120
    if np.abs(shares - uniform).max() < 0.03:
        raise Refused(
            "Each *pixel* is as likely as the next: that is a uniform draw, and more than half of"
            " your sizes are 64 or more. Draw the logarithm uniformly."
        )
    if np.abs(shares - uniform[::-1]).max() < 0.03:
        raise Refused(
            "You have turned the shares of a uniform draw round. Draw the logarithm uniformly, and"
            " take the exponential of it."
        )
    reached = (
        f"From 8 to 15 pixels you draw {shares[0]:.0%}, from 64 to 127 {shares[3]:.0%}; both should"
        " be a quarter."
    )
    raise Refused(
        f"{'The small' if shares[0] > shares[3] else 'The large'} sizes come too often. {reached}"
        if abs(shares[0] - shares[3]) > 0.03
        else (
            f"The sizes in the middle come {'too often' if shares[1] > 0.25 else 'too rarely'}."
            f" {reached}"
        )
    )
