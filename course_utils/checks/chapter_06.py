"""Checks of chapter 06's exercises.

Each tries the reader's answer on inputs whose right answer is known, and has a hint for every
well-known mistake.
"""

import math
import warnings

import numpy as np
from scipy import stats

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


# --- 6-2: shrink as a sensor does -----------------------------------------------------------------
def _pictures():
    rng = np.random.default_rng(6)
    stripes = np.zeros((12, 12, 3), np.uint8)
    stripes[:, ::2] = (250, 100, 30)
    return [
        (
            "one block of 2 x 2 pixels",
            (np.array([[[10, 0, 200]], [[30, 0, 100]]], np.uint8).repeat(2, axis=1), 2),
        ),
        ("stripes", (stripes, 4)),
        (
            "a picture that is wider than high",
            (rng.integers(0, 256, (12, 18, 3)).astype(np.uint8), 3),
        ),
        ("a factor of 1", (rng.integers(0, 256, (5, 4, 3)).astype(np.uint8), 1)),
        ("a bright picture", (rng.integers(200, 256, (16, 8, 3)).astype(np.uint8), 8)),
    ]


def _blocks(picture, factor):
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    return picture.reshape(height, factor, width, factor, 3).astype(float)


def _shrunk(picture, factor):
    return _blocks(picture, factor).mean(axis=(1, 3))


SHRINK_MISTAKES = [
    (
        lambda p, f: p[::f, ::f],
        (
            "You take one pixel of each block and drop the others: the light that fell on those is"
            " lost, and fine stripes turn into nonsense."
        ),
    ),
    (
        lambda p, f: p[f // 2 :: f, f // 2 :: f],
        (
            "You take one pixel of each block and drop the others: the light that fell on those is"
            " lost, and fine stripes turn into nonsense."
        ),
    ),
    (
        lambda p, f: _blocks(p, f).sum(axis=(1, 3)),
        "That is the sum of each block; a white wall would be brighter than white.",
    ),
    (
        lambda p, f: _blocks(p, f).max(axis=(1, 3)),
        "That is the brightest pixel of each block, not the mean.",
    ),
    (
        lambda p, f: np.median(_blocks(p, f), axis=(1, 3)),
        "That is the median. A sensor adds up light, so it is the mean.",
    ),
    (lambda p, f: np.round(_shrunk(p, f)), "Don't round: return the means as they are, float."),
    (lambda p, f: np.floor(_shrunk(p, f)), "Don't round: return the means as they are, float."),
    (lambda p, f: _shrunk(p, f) / 255, "Keep the range 0 to 255."),
    (
        lambda p, f: np.broadcast_to(
            _shrunk(p, f).mean(axis=2, keepdims=True), _shrunk(p, f).shape
        ),
        "You mix the colours: average over the block, not over red, green and blue.",
    ),
    (
        lambda p, f: (
            p.reshape(p.shape[0] // f, p.shape[1] // f, f, f, 3).astype(float).mean(axis=(2, 3))
        ),
        (
            "The shape is right, but `reshape` reads row by row: the pixels that you average are no"
            " square block. Split rows and columns each into (blocks, pixels of a block)."
        ),
    ),
    (
        lambda p, f: (_blocks(p, f).sum(axis=(1, 3)) % 256) / f**2,
        (
            "Your sum runs over: eight-bit integers start again at 0 after 255. Convert to float"
            " first."
        ),
    ),
]


def _shrink_stub(picture, factor):
    """Return the mean of each block of factor x factor pixels.

    Float, (height / factor, width / factor, 3).
    """
    ...


def check_2(shrink):
    """Check a picture that is shrunk by averaging."""

    def judge(call):
        cases, given = _pictures(), []
        for what, (picture, factor) in cases:
            copy = picture.copy()
            answer = call(what, copy, factor)
            if answer is None:
                raise Refused(NOTHING)
            try:
                answer = np.asarray(answer).astype(float)
            except (TypeError, ValueError):
                raise Refused(f"Return an array, not a {type(answer).__name__}.") from None
            right = _shrunk(picture, factor)
            if answer.shape != right.shape:
                raise Refused(
                    f"The shape should be {right.shape} for {what}; yours is {answer.shape}."
                )
            if not np.array_equal(copy, picture):
                raise Refused("The picture that came in was changed: work on a copy.")
            given.append(answer)

        def explained(function):
            return all(
                np.allclose(answer, function(*arguments), atol=2e-3)
                for answer, (_, arguments) in zip(given, cases, strict=True)
            )

        if not explained(_shrunk):
            for mistake, hint in SHRINK_MISTAKES:
                if explained(mistake):
                    raise Refused(hint)
            wrong = next(
                what
                for answer, (what, arguments) in zip(given, cases, strict=True)
                if not np.allclose(answer, _shrunk(*arguments), atol=2e-3)
            )
            raise Refused(f"Not right for {wrong}.")
        return (
            "Every pixel of the large picture counts once. That is what `Image.Resampling.BOX`"
            " does, for factors that are no whole numbers as well."
        )

    return check("6-2", shrink, _shrink_stub, judge)


# --- 6-3: sizes whose factors are equally likely --------------------------------------------------
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


def check_3(draw_sizes):
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

    return check("6-3", draw_sizes, _sizes_stub, judge)


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


# --- 6-4: McNemar's test by hand ------------------------------------------------------------------
DUELS = [
    (f"{before} that only the first has right, {after} that only the second has", (before, after))
    for before, after in (
        (5, 15),
        (15, 5),
        (0, 6),
        (1, 1),
        (3, 4),
        (0, 0),
        (10, 10),
        (40, 70),
        (0, 1),
        (12, 30),
    )
]


def _p_value(first, second):
    return (
        min(1.0, 2 * stats.binom.cdf(min(first, second), first + second, 0.5))
        if first + second
        else 1.0
    )


def _tail(first, second):
    return stats.binom.cdf(min(first, second), first + second, 0.5)


DUEL_MISTAKES = [
    (
        lambda a, b: min(1.0, _tail(a, b)),
        "That is one side only. A coin could have been as uneven the other way round, too.",
    ),
    (
        lambda a, b: stats.binom.sf(b - 1, a + b, 0.5),
        (
            "That asks how often the *second* gets so many or more. As uneven the other way round"
            " counts as well."
        ),
    ),
    (
        lambda a, b: stats.binom.cdf(b, a + b, 0.5),
        (
            "That asks how often the *second* gets so few or fewer. As uneven the other way round"
            " counts as well."
        ),
    ),
    (
        lambda a, b: 2 * _tail(a, b),
        (
            "A probability is never above 1: where both have the same number, the middle is counted"
            " twice."
        ),
    ),
    (
        lambda a, b: 2 * stats.binom.cdf(b, a + b, 0.5),
        "A probability is never above 1, and it does not depend on which of both had more.",
    ),
    (
        lambda a, b: min(1.0, 2 * stats.binom.pmf(a, a + b, 0.5)) if a + b else 1.0,
        "That is the probability of exactly this count, twice. As uneven *or more* uneven counts.",
    ),
    (
        lambda a, b: stats.binom.pmf(a, a + b, 0.5),
        (
            "That is the probability of exactly this count. As uneven *or more* uneven counts, on"
            " both sides."
        ),
    ),
    (
        lambda a, b: min(1.0, 2 * stats.binom.cdf(min(a, b) - 1, a + b, 0.5)) if a + b else 1.0,
        "As uneven *or more*: the count itself belongs to it.",
    ),
    (
        lambda a, b: stats.chi2.sf((a - b) ** 2 / (a + b), 1) if a + b else 1.0,
        (
            "That is the approximation by a bell curve, which is too sure with few faces. Count the"
            " coin's throws exactly."
        ),
    ),
    (
        lambda a, b: stats.chi2.sf((abs(a - b) - 1) ** 2 / (a + b), 1) if a + b else 1.0,
        "That is Edwards' approximation. Count the coin's throws exactly.",
    ),
    (
        lambda a, b: stats.chi2.sf(max(0, abs(a - b) - 1) ** 2 / (a + b), 1) if a + b else 1.0,
        "That is Edwards' approximation. Count the coin's throws exactly.",
    ),
    (lambda a, b: 1 - _p_value(a, b), "That is 1 minus it: the more uneven, the *smaller* is p."),
]


def _duel_stub(only_first, only_second):
    """Return how often a coin is as uneven as this or more, 0 to 1."""
    ...


def check_4(p_value):
    """Check McNemar's exact test."""

    def judge(call):
        _judge_numbers(
            lambda what, *counts: _finite(call(what, *counts)), DUELS, _p_value, DUEL_MISTAKES, 1e-7
        )
        return (
            "Six to nothing is the least that beats a coin at 0.05. And all the faces that both"
            " have right, or both wrong, say nothing."
        )

    def _finite(value):
        if isinstance(value, (float, np.floating)) and math.isnan(value):
            raise Refused(
                "Where both networks agree on every face, there is nothing uneven at all: p is 1,"
                " not `nan`."
            )
        return value

    return check("6-4", p_value, _duel_stub, judge)


# --- 6-5: what is it worth on another camera? -----------------------------------------------------
CURVE = (np.array([8, 16, 32, 64]), np.array([0.60, 0.80, 0.92, 0.94]))
HALLS = [
    (what, (np.array(sizes, float), *CURVE))
    for what, sizes in (
        ("faces of a size that was measured", [16, 16]),
        ("faces between two sizes", [23, 23, 23]),
        ("faces of two sizes", [8, 64]),
        ("faces smaller than the smallest", [4, 6, 8]),
        ("faces larger than the largest", [80, 200]),
        ("a mixed crowd", [5, 9, 12, 20, 27, 30, 45, 100]),
        ("many small ones and one large one", [8] * 9 + [64]),
    )
]


def _on_camera(sizes, measured, accuracies):
    return np.interp(np.log(sizes), np.log(measured), accuracies).mean()


def _nearest(sizes, measured, accuracies):
    return accuracies[np.abs(np.log(sizes)[:, None] - np.log(measured)).argmin(axis=1)].mean()


def _outside(sizes, measured, accuracies):
    slope = np.diff(accuracies) / np.diff(np.log(measured))
    place = np.clip(np.searchsorted(measured, sizes) - 1, 0, len(slope) - 1)
    return (accuracies[place] + slope[place] * (np.log(sizes) - np.log(measured[place]))).mean()


CAMERA_MISTAKES = [
    (
        lambda s, m, a: np.interp(s, m, a).mean(),
        (
            "You interpolate along pixels. Along the *logarithm*, the middle between 16 and 32 is"
            " 22.6, not 24."
        ),
    ),
    (
        lambda s, m, a: np.interp(np.log(s.mean()), np.log(m), a),
        (
            "You average the sizes first. A crowd of small and large faces is no crowd of middling"
            " ones: average the accuracies."
        ),
    ),
    (
        lambda s, m, a: np.interp(s.mean(), m, a),
        (
            "You average the sizes first. A crowd of small and large faces is no crowd of middling"
            " ones: average the accuracies."
        ),
    ),
    (
        lambda s, m, a: np.interp(np.log(s).mean(), np.log(m), a),
        (
            "You average the sizes first. A crowd of small and large faces is no crowd of middling"
            " ones: average the accuracies."
        ),
    ),
    (
        lambda s, m, a: np.interp(np.log(np.median(s)), np.log(m), a),
        (
            "You take the median size. A crowd of small and large faces is no crowd of middling"
            " ones: average the accuracies."
        ),
    ),
    (
        lambda s, m, a: np.mean(a),
        (
            "That is the mean of the measured accuracies, as if every measured size were equally"
            " frequent."
        ),
    ),
    (_nearest, "You take the nearest measured size. Between two of them, interpolate."),
    (
        _outside,
        (
            "You continue the line beyond what was measured. Nothing is known there; take the last"
            " value."
        ),
    ),
    (
        lambda s, m, a: np.interp(np.log(s), np.log(m), a).sum(),
        "That is the sum over the faces; divide by how many there are.",
    ),
    (
        lambda s, m, a: np.interp(np.log(s), np.log(m), a).min(),
        "That is the worst face. The expected accuracy is a mean.",
    ),
    (lambda s, m, a: 100 * _on_camera(s, m, a), "Return a share from 0 to 1, not percent."),
    (lambda s, m, a: round(float(_on_camera(s, m, a)), 2), "Don't round."),
]


def _camera_stub(camera, sizes, accuracies):
    """Return the share of right answers to expect, 0 to 1."""
    ...


def check_5(expected_accuracy):
    """Check the accuracy that a curve promises for the faces of a camera."""

    def judge(call):
        def on_copies(what, *arrays):
            copies = [array.copy() for array in arrays]
            answer = call(what, *copies)
            if not all(
                np.array_equal(copy, array) for copy, array in zip(copies, arrays, strict=True)
            ):
                raise Refused("The arrays that came in were changed: work on copies.")
            return answer

        _judge_numbers(on_copies, HALLS, _on_camera, CAMERA_MISTAKES)
        return (
            "One curve, any camera: measure how large faces are at *your* door, and you know what"
            " to expect, as far as size is all that differs."
        )

    return check("6-5", expected_accuracy, _camera_stub, judge)
