"""Checks of chapter 01's exercises.

Each tries the reader's answer on inputs whose right answer is known, and has a hint for every
well-known mistake. What goes wrong in the reader's own code becomes a hint as well, never a
traceback.
"""

import numbers
import re

import numpy as np
from PIL import Image

from course_utils.checks import not_attempted, not_yet, passed
from course_utils.checks.trial import Refused, as_share, check

# --- 1-1: cut a box to the picture ----------------------------------------------------------------
BOXES = [  # what it is, box, width, height; no picture is square, so that exchanged sides show
    ("a box inside the picture", (10, 20, 60, 50), 200, 100),
    ("a box that leaves on the left", (-15, 20, 60, 50), 200, 100),
    ("a box that leaves at the top", (10, -8, 60, 50), 200, 100),
    ("a box that leaves on the right", (150, 20, 230, 50), 200, 100),
    ("a box that leaves at the bottom", (10, 70, 60, 130), 200, 100),
    ("a box that leaves at a corner", (-5, -6, 30, 40), 80, 160),
    ("a box around the whole picture", (-20, -30, 120, 190), 80, 160),
    ("a box in a tall picture", (10, 100, 60, 150), 80, 160),
    ("a box that ends exactly at the border", (10, 20, 200, 100), 200, 100),
    ("a box to the right of the picture", (210, 20, 260, 50), 200, 100),
    ("a box above the picture", (10, -60, 60, -10), 200, 100),
    ("a box to the left of and above the picture", (-60, -50, -20, -10), 200, 100),
    ("a box that only touches the right border", (200, 20, 240, 50), 200, 100),
    ("a box that only touches the upper border", (10, -30, 60, 0), 200, 100),
]


def _clip(box, width, height):
    x_min, y_min, x_max, y_max = box
    clipped = (max(x_min, 0), max(y_min, 0), min(x_max, width), min(y_max, height))
    return clipped if clipped[0] < clipped[2] and clipped[1] < clipped[3] else None


def _shift(box, width, height):
    x_min, y_min, x_max, y_max = box
    right, down = max(-x_min, 0) - max(x_max - width, 0), max(-y_min, 0) - max(y_max - height, 0)
    return x_min + right, y_min + down, x_max + right, y_max + down


def _limit(box, width, height):
    return tuple(min(max(value, 0), end) for value, end in zip(box, (width, height, width, height)))


def _or_none(clipped):
    return clipped if clipped[0] < clipped[2] and clipped[1] < clipped[3] else None


CLIP_MISTAKES = [
    (
        lambda b, w, h: (max(b[0], 0), max(b[1], 0), min(b[2], w), min(b[3], h)),
        (
            "What of a box that has no pixel in the picture? Your edges come out in the wrong"
            " order, or equal."
        ),
    ),
    (
        _limit,
        (
            "A box that lies wholly outside still comes back as a box, though not one pixel is left"
            " in it."
        ),
    ),
    (lambda b, w, h: _clip(b, h, w), "Width and height look exchanged: which of them limits x?"),
    (
        lambda b, w, h: _clip(b, w - 1, h - 1),
        "One column and one row are lost at the far borders: the maxima are not part of a slice.",
    ),
    (
        lambda b, w, h: _or_none((max(b[0], 0), max(b[1], 0), b[2], b[3])),
        "You cut at the left and at the top. A picture has two more borders.",
    ),
    (
        lambda b, w, h: _or_none((b[0], b[1], min(b[2], w), min(b[3], h))),
        "You cut on the right and at the bottom. A picture has two more borders.",
    ),
    (
        lambda b, w, h: tuple(b) if _clip(b, w, h) == tuple(b) else None,
        "A box that leaves the picture only in part should be cut, not thrown away.",
    ),
    (_shift, "You moved the box into the picture with its size unchanged. It should be cut."),
    (lambda b, w, h: tuple(b), "The box comes back unchanged."),
    (
        lambda b, w, h: (c := _clip(b, w, h)) and (c[0], c[1], c[2] - c[0], c[3] - c[1]),
        "Return the far corner, not width and height.",
    ),
]


def _clip_box_stub(box, width, height):
    x_min, y_min, x_max, y_max = box
    ...


def check_1(clip_box):
    """Check the function that cuts a box to a picture."""

    def as_corners(value):
        if value is None:
            return None
        if hasattr(value, "x_min"):
            value = (value.x_min, value.y_min, value.x_max, value.y_max)
        try:
            corners = tuple(float(number) for number in value)
        except (TypeError, ValueError):
            corners = ()
        if len(corners) != 4:
            raise Refused("Return four numbers, (x_min, y_min, x_max, y_max), or None.")
        return corners

    def judge(call):
        answers = [as_corners(call(what, box, width, height)) for what, box, width, height in BOXES]
        if all(answer is None for answer in answers):
            raise Refused(
                "Your function returns None, also for a box inside the picture: does it end with"
                " `return`?"
            )
        wrong = [what for answer, (what, *case) in zip(answers, BOXES) if answer != _clip(*case)]
        if not wrong:
            return "No face is lost at a border any more."
        for mistake, hint in CLIP_MISTAKES:
            if all(answer == mistake(*case) for answer, (_, *case) in zip(answers, BOXES)):
                raise Refused(hint)
        raise Refused(
            f"Right on {len(BOXES) - len(wrong)} of {len(BOXES)} boxes. Look at {wrong[0]}."
        )

    return check("1-1", clip_box, _clip_box_stub, judge)


# --- 1-2: the vertical difference hash ------------------------------------------------------------
def _ramp(width, height, axis, rising):
    """A picture that brightens or darkens evenly along an axis: 0 downwards, 1 to the right."""
    line = np.linspace(20, 235, height if axis == 0 else width)
    line = line if rising else line[::-1]
    grey = (
        np.repeat(line[:, None], width, axis=1)
        if axis == 0
        else np.repeat(line[None, :], height, axis=0)
    )
    return np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)


def _clouds(number, width=96, height=96):
    """A smooth random picture, coarse enough that every way of shrinking sees the same shape."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]
    grey = sum(
        rng.normal() * np.cos(np.pi * (i * x + j * y) + rng.uniform(0, 2 * np.pi))
        for i in range(5)
        for j in range(5)
        if i + j
    )
    grey = (grey - grey.min()) / (grey.max() - grey.min())
    tint = rng.uniform(0.8, 1, 3)
    return (20 + 190 * grey[:, :, None] * tint).astype(np.uint8)


def _as_bits(value):
    """Turn any way of writing 64 answers into booleans."""
    if hasattr(value, "hash") and not callable(value.hash):
        value = value.hash
    if isinstance(value, (bytes, bytearray)):
        value = [int(bit) for byte in value for bit in f"{byte:08b}"]
    elif isinstance(value, str):
        text = value.strip().lower()
        if re.fullmatch("(0b)?[01]{17,}", text):
            value = [int(bit) for bit in text.removeprefix("0b")]
        elif re.fullmatch("(0x)?[0-9a-f]{16}", text):
            value = int(text, 16)
        else:
            raise Refused("A text should hold 64 zeros and ones, or 16 hexadecimal digits.")
    if isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_)):
        if not 0 <= int(value) < 2**64:
            raise Refused(
                "A whole number should hold the 64 answers as its bits, so it lies between 0 and"
                " 2**64 - 1."
            )
        value = [int(bit) for bit in f"{int(value):064b}"]
    try:
        bits = np.asarray(value).ravel()
        kinds = set(np.unique(bits).tolist())
    except (TypeError, ValueError):
        raise Refused(
            "Return 64 answers of yes or no, for instance an array of booleans."
        ) from None
    if bits.dtype.kind not in "biuf" or not (kinds <= {0, 1} or kinds <= {-1, 1}):
        raise Refused(
            "Return answers of yes or no: your function returns other values, grey levels or"
            " differences perhaps. Compare them."
        )
    return bits > 0


def _expected_code(picture):
    tiny = np.asarray(
        Image.fromarray(picture).convert("L").resize((8, 9), Image.Resampling.LANCZOS)
    )
    return (tiny[1:] > tiny[:-1]).ravel()


def _vertical_hash_stub(picture): ...


LENGTHS = {
    63: (
        "You return 63 answers. Pillow's `resize` takes (width, height), an array's shape is"
        " (height, width): which one should be the larger here?"
    ),
    56: "You return 56 answers: between eight rows there are only seven steps down.",
    72: "You return 72 answers: one row or column too many takes part.",
    192: "You return 192 answers: the three colours were not turned into one grey.",
    1: "You return one answer. Each of the 64 places should have its own.",
}


def check_2(vertical_hash):
    """Check the hash that compares each pixel with the one below it."""

    def judge(call):
        def code(what, picture):
            value = call(what, picture)
            if value is None:
                raise Refused("Your function returns nothing: does it end with `return`?")
            bits = _as_bits(value)
            if len(bits) != 64:
                raise Refused(
                    LENGTHS.get(
                        len(bits), f"You return {len(bits)} answers; we want 64, eight times eight."
                    )
                )
            return bits

        down = code("a picture that brightens downwards", _ramp(90, 120, 0, True))
        up = code("a picture that darkens downwards", _ramp(90, 120, 0, False))
        right = code("a picture that brightens to the right", _ramp(120, 90, 1, True))
        left = code("a picture that darkens to the right", _ramp(120, 90, 1, False))
        constant = [len(set(bits.tolist())) == 1 for bits in (down, up, right, left)]
        if np.sum(right != left) > 40 and np.sum(down != up) < 8:
            raise Refused(
                "Your hash changes between a picture that brightens to the right and one that"
                " darkens to the right, and stays when they brighten downwards: it asks sideways."
            )
        if all(constant) and down[0] == up[0] and right[0] == left[0] and right[0] != down[0]:
            raise Refused(
                "A picture that brightens downwards and one that darkens downwards get the same"
                " answers. A difference of two uint8 numbers is never negative: what is 10 - 20"
                " there?"
            )
        if (
            not all(constant[:2])
            and 48 <= np.sum(down == np.bincount(down, minlength=2).argmax()) <= 60
            and np.sum(down != up) > 48
        ):
            raise Refused(
                "In a picture that brightens downwards every pixel is darker than the one below,"
                " yet a few of your answers say otherwise. What is the lowest row compared with?"
            )
        if not all(constant[:2]):
            raise Refused(
                "In a picture that brightens downwards all 64 answers should be the same. Are you"
                " comparing neighbours?"
            )
        if np.sum(right != left) > 8 or np.sum(down != up) < 56:
            raise Refused(
                "Try pictures that brighten in one direction only: downwards and upwards should"
                " give opposite answers, and left or right should not matter."
            )
        _compare_with_clouds(code)
        return (
            "Together with the sideways hash it makes 128 answers; the solution shows what they are"
            " worth."
        )

    return check("1-2", vertical_hash, _vertical_hash_stub, judge)


def _compare_with_clouds(code):
    pictures = [
        _clouds(number, *size)
        for number, size in enumerate([(96, 96), (128, 72), (60, 110), (200, 160)] * 6)
    ]
    codes = np.array([code("a smooth random picture", picture) for picture in pictures])
    darker = np.array(
        [code("a darker copy", (picture * 0.7).astype(np.uint8)) for picture in pictures]
    )
    if np.mean(np.sum(codes != darker, axis=1)) > 6:
        raise Refused(
            "A darker copy of a picture should get nearly the same answers. Is a fixed grey level"
            " part of your comparison?"
        )
    varying = (codes.any(axis=0) & ~codes.all(axis=0)).sum()
    if varying < 50:
        raise Refused(
            f"Only {varying} of your 64 answers ever change from picture to picture: some places"
            " are never asked."
        )
    expected = np.array([_expected_code(picture) for picture in pictures])
    apart = (codes[:, None] != codes[None]).sum(axis=2)
    wanted = (expected[:, None] != expected[None]).sum(axis=2)
    if np.abs(apart - wanted).mean() > 5 or len({tuple(row) for row in codes.tolist()}) < len(
        codes
    ):
        raise Refused(
            "Different pictures are not told apart as they should be. Does the whole picture take"
            " part, and every one of its rows?"
        )


# --- 1-3: predict the leak ------------------------------------------------------------------------
LEAK = 1 - 0.2**4

PREDICTION_MISTAKES = [  # a value and the hint for whoever arrives at it
    (
        1.0,
        "Nearly. Could all four other copies be drawn for the test as well? Rarely is not never.",
    ),
    (
        1 - 0.2**5,
        (
            "The test picture itself is in the test already. How many *other* copies have to be"
            " there too, for it to have no twin in training?"
        ),
    ),
    (1 - 0.2**3, "Count the copies again: each picture is there five times, so it has four twins."),
    (
        0.8,
        (
            "That is the chance that one particular twin is in training. Each picture has four"
            " twins, and one is enough."
        ),
    ),
    (0.2, "That is the share of the pictures that you drew for the test."),
    (0.2**4, "That is the share of the test pictures *without* a twin in training."),
    (0.8**4, "That is the share whose four twins are *all* in training. One is enough."),
    (1 - 0.8**4, "That is the chance that at least one twin is in the *test*."),
    (
        0.0,
        "If the copies were kept together it would be nothing. Here pictures are drawn one by one.",
    ),
]


def check_3(prediction):
    """Check the predicted share of test pictures with a twin in training."""
    if prediction is None or prediction is ...:
        return not_attempted("1-3")
    value = as_share(prediction)
    if value is None or not 0 <= value <= 1:
        return not_yet("1-3", 'Give a share: a number between 0 and 1, or a text such as "35 %".')
    if abs(value - LEAK) < 0.0009:
        return passed(
            "1-3",
            "With five copies of everything a random split leaks nearly the whole test. Now see"
            " what ours does.",
        )
    for mistake, hint in PREDICTION_MISTAKES:
        if abs(value - mistake) < 0.0005 + 0.002 * min(mistake, 1 - mistake):
            return not_yet("1-3", hint)
    if value > 0.9:
        return not_yet(
            "1-3",
            "Close. Work it out: with what chance are all of a test picture's twins in the test,"
            " too?",
        )
    return not_yet(
        "1-3",
        "More than that. Ask the other way round: with what chance does a test picture have *no*"
        " twin in training?",
    )


# --- 1-4: split by group --------------------------------------------------------------------------
def _group_sets():
    """Groups of one to six pictures in mixed order, named by text and by number."""
    for seed, count in ((1, 240), (2, 400)):
        rng = np.random.default_rng(seed)
        sizes = rng.integers(1, 7, count)
        names = np.repeat(rng.permutation(count) + 100, sizes)
        names = names[rng.permutation(len(names))]
        yield names if seed == 2 else np.array([f"g{name:04d}" for name in names])


def _group_split_stub(groups, test_share, seed): ...


def check_4(group_split):
    """Check the split that keeps groups whole."""

    def positions(value, count):
        try:
            array = np.asarray(sorted(value) if isinstance(value, (set, frozenset)) else value)
        except (TypeError, ValueError):
            raise Refused("Return two arrays of positions.") from None
        array = (
            array[0] if array.shape[:1] == (1,) and array.ndim == 2 else array
        )  # as np.where returns it
        if array.dtype.kind == "b" and array.shape == (count,):
            return np.flatnonzero(array)
        if array.size == 0:
            return np.array([], int)
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise Refused(
                "Return positions, whole numbers from 0: your arrays hold something else, the"
                " groups' names perhaps."
            )
        if array.min() < 0 or array.max() >= count:
            raise Refused(
                f"Positions run from 0 to {count - 1} here, one for each picture; yours run from"
                f" {array.min()} to {array.max()}."
            )
        return array

    def judge(call):
        for groups in _group_sets():
            count, kept = len(groups), {}
            for share in (0.2, 0.4):
                for seed in (0, 1, 2, 3, 0):
                    answer = call(f"{count} pictures", groups.copy(), share, seed)
                    if answer is None:
                        raise Refused("Your function returns nothing: does it end with `return`?")
                    if not isinstance(answer, (tuple, list, np.ndarray)) or len(answer) != 2:
                        raise Refused(
                            "Return two things: the positions for training and those for the test."
                        )
                    train, test = (positions(part, count) for part in answer)
                    _judge_split(groups, train, test, share)
                    key = (share, seed)
                    if key in kept and kept[key] != set(test.tolist()):
                        raise Refused(
                            "Called twice with the same seed, your function gives two different"
                            " splits."
                        )
                    kept[key] = set(test.tolist())
            for share in (0.2, 0.4):
                if len({frozenset(kept[share, seed]) for seed in range(4)}) < 3:
                    raise Refused(
                        "Another seed should give another split; yours is always the same. Is the"
                        " order of the groups ever shuffled?"
                    )
        return "Nobody is on both sides."

    return check("1-4", group_split, _group_split_stub, judge)


def _judge_split(groups, train, test, share):
    """Refuse a split that loses, doubles or tears something, or misses the share."""
    count = len(groups)
    if len(set(train.tolist()) & set(test.tolist())):
        raise Refused("Some pictures are in training and in the test at once.")
    if len(train) + len(test) > len(set(train.tolist()) | set(test.tolist())):
        raise Refused("Some positions occur more than once.")
    torn = set(groups[train].tolist()) & set(groups[test].tolist())
    if torn:
        raise Refused(
            f"{len(torn)} of the groups have pictures on both sides. What did you draw, pictures or"
            " groups? Pictures of one group need not stand side by side."
        )
    if len(train) + len(test) < count:
        raise Refused(f"{count - len(train) - len(test)} of {count} pictures are on neither side.")
    found = len(test) / count
    if abs(found - share) <= 0.07:
        return
    if abs(1 - found - share) <= 0.07:
        raise Refused("The test got the large part: training comes first, the test second.")
    raise Refused(f"The test got {found:.0%} of the pictures instead of about {share:.0%}.")


# --- 1-5: borders only ----------------------------------------------------------------------------
def _made_up(number, where=None, balance=0.5, twins=1, count=200):
    """A collection of 8 x 8 pictures whose label stands in known pixels only.

    Parameters
    ----------
    number : int
        Seed.
    where : tuple of index, optional
        The pixels that the label brightens; none when missing.
    balance : float
        Share of the positive class.
    twins : int
        Pictures a group; twins differ by little and share their label.
    count : int
        Pictures.
    """
    rng = np.random.default_rng((2021, number))
    sources = count // twins
    labels = np.arange(sources) < round(balance * sources)
    labels = labels[rng.permutation(sources)]
    tiny = rng.normal(0.5, 0.08, (sources, 8, 8, 3))
    if where is not None:
        tiny[labels, where[0], where[1]] += 0.25
    tiny = np.repeat(tiny, twins, axis=0) + rng.normal(0, 0.01, (count, 8, 8, 3))
    order = rng.permutation(count)
    return (
        np.clip(tiny, 0, 1)[order],
        np.repeat(labels, twins)[order],
        np.repeat(np.arange(sources), twins)[order],
    )


ALL, MIDDLE = slice(None), slice(2, 6)
# the border says nothing of the label: what it is, the collection, the largest answer allowed, hint
SILENT = [
    (
        "a collection whose label stands in the middle",
        _made_up(1, (MIDDLE, MIDDLE)),
        0.66,
        (
            "The label stood in the middle of these pictures only, and your classifier knew it: it"
            " sees more than the border."
        ),
    ),
    (
        "a collection whose label stands one pixel inside the border",
        _made_up(2, (1, slice(1, 7))),
        0.66,
        (
            "The label stood just inside the outermost ring, and your classifier knew it: your"
            " border is too wide."
        ),
    ),
    (
        "a collection without any sign of the label",
        _made_up(3),
        0.66,
        (
            "Nothing in these pictures tells the label, and yet your answer is high. Was the"
            " classifier tested on pictures that it was trained on?"
        ),
    ),
    (
        "a collection of unequal classes",
        _made_up(4, balance=0.1, count=320),
        0.66,
        (
            "Nothing in these pictures tells the label, but one class has nine times as many. What"
            " does the lazy answer get in your measure?"
        ),
    ),
    (
        "a collection of twins",
        _made_up(5, twins=8, count=320),
        0.78,
        (
            "Here pictures come in groups of twins with a label by coin, and your classifier"
            " recognised the twins. Is every group on one side only?"
        ),
    ),
]
SPEAKING = [("top", 0, ALL), ("bottom", 7, ALL), ("left", ALL, 0), ("right", ALL, 7)]


def _border_accuracy_stub(tiny, labels, groups): ...


def check_5(border_accuracy):
    """Check the experiment that predicts the label from the border alone."""

    def judge(call):
        def measure(what, pictures):
            tiny, labels, groups = (array.copy() for array in pictures)
            value = call(what, tiny, labels, groups)
            if value is None:
                raise Refused("Your function returns nothing: does it end with `return`?")
            try:
                scores = np.asarray(value, dtype=float)
                score = float(scores.mean())
            except (TypeError, ValueError):
                raise Refused("Return one number between 0 and 1.") from None
            if scores.size == 0 or not np.isfinite(score) or not -0.001 <= score <= 100:
                raise Refused("Return one number between 0 and 1.")
            if score > 1.001:
                raise Refused("Return a number between 0 and 1, not a percentage.")
            return score

        silent = {what: measure(what, pictures) for what, pictures, _, _ in SILENT}
        everywhere = silent["a collection without any sign of the label"]
        if (
            everywhere > 0.66
        ):  # first, since testing on the training pictures spoils all the others as well
            raise Refused(SILENT[2][3])
        for what, _, limit, hint in SILENT:
            if silent[what] > limit:
                raise Refused(hint)
        if min(silent.values()) < 0.15:
            raise Refused(
                "Your answer lies far below 0.5 where the border says nothing. Is it an error rate?"
            )
        for side, rows, columns in SPEAKING:
            found = measure(
                f"a collection whose label stands in the {side} border",
                _made_up(10, (rows, columns)),
            )
            if found < 0.85:
                raise Refused(
                    f"The label stood in plain sight in the border, in its {side} part, but your"
                    f" answer is only {found:.2f}."
                )
        return (
            "Whatever it gets above one half on a collection, it did not get from the middle of the"
            " face. Could a mask reach the border, though?"
        )

    return check("1-5", border_accuracy, _border_accuracy_stub, judge)
