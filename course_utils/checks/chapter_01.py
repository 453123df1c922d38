"""Checks of chapter 01's exercises.

Each tries the reader's answer on inputs whose right answer is known, and has a hint for every
well-known mistake. What goes wrong in the reader's own code becomes a hint as well, never a
traceback.
"""

import numpy as np

from course_utils.checks.trial import Refused, check

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


# --- 1-2: the agreement of two people -------------------------------------------------------------
def _labels(table, names):
    """Two arrays of labels whose table of counts is known; the order is mixed."""
    table = np.asarray(table)
    pairs = np.repeat(np.argwhere(table >= 0), table.ravel(), axis=0)
    pairs = pairs[np.random.default_rng(2021).permutation(len(pairs))]
    return np.array(names)[pairs[:, 0]], np.array(names)[pairs[:, 1]]


BOTH = (False, True)
LABELLINGS = [  # what it is, and two people's labels; rows of a table are what the first says
    ("two people who nearly agree", _labels([[85, 5], [2, 8]], BOTH)),
    ("two people who use a label differently often", _labels([[40, 30], [0, 30]], BOTH)),
    ("two people who never disagree", _labels([[70, 0], [0, 30]], BOTH)),
    ("somebody who always gives the same label", _labels([[80, 0], [20, 0]], BOTH)),
    ("two people who agree less than coins", _labels([[10, 40], [35, 15]], BOTH)),
    (
        "two people with three labels",
        _labels([[30, 4, 1], [6, 20, 5], [0, 9, 25]], ("mask", "no mask", "wrongly worn")),
    ),
]


def _chance(one, two):
    return sum(np.mean(one == label) * np.mean(two == label) for label in set(one) | set(two))


def _kappa(one, two, chance=_chance):
    expected = chance(one, two)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (np.mean(one == two) - expected) / np.float64(1 - expected)


def _chance_of_pooled(one, two):
    both = np.concatenate([one, two])
    return sum(np.mean(both == label) ** 2 for label in set(both))


def _only_last_label(one, two):
    label = max(set(one) | set(two))
    return np.mean(one == label) * np.mean(two == label)


KAPPA_MISTAKES = [
    (
        lambda one, two: np.mean(one == two),
        "That is the share of equal labels. How much of it would chance give?",
    ),
    (_chance, "That is what chance gives. How much of the way from there to 1 do they go?"),
    (
        lambda one, two: np.mean(one == two) - _chance(one, two),
        "Two people who never disagree should get 1: divide by what can be won over chance.",
    ),
    (
        lambda one, two: (np.mean(one == two) - _chance(one, two)) / _chance(one, two),
        "Two people who never disagree should get 1. What do you divide by?",
    ),
    (
        lambda one, two: _kappa(one, two, lambda one, two: 0.5),
        "Chance is one half only when both people use two labels equally often.",
    ),
    (
        lambda one, two: _kappa(one, two, lambda one, two: 1 / len(set(one) | set(two))),
        "Chance depends on how often each of the two uses a label.",
    ),
    (
        lambda one, two: _kappa(one, two, _chance_of_pooled),
        "You used the mean share of a label. Each of the two has a share of their own.",
    ),
    (
        lambda one, two: _kappa(one, two, lambda one, _: _chance(one, one)),
        "You squared the first one's shares. The second has shares of their own.",
    ),
    (
        lambda one, two: _kappa(one, two, lambda _, two: _chance(two, two)),
        "You squared the second one's shares. The first has shares of their own.",
    ),
    (
        lambda one, two: _kappa(one, two, _only_last_label),
        "Chance can agree on every label: add up all of them.",
    ),
    (lambda one, two: 100 * _kappa(one, two), "Full agreement is 1, not 100."),
]


def _kappa_stub(one, two): ...


def check_2(kappa):
    """Check Cohen's kappa."""

    def judge(call):
        answers = []
        for what, (one, two) in LABELLINGS:
            value = call(what, one.copy(), two.copy())
            if value is None:
                raise Refused("Your function returns nothing: does it end with `return`?")
            try:
                answers.append(float(value))
            except (TypeError, ValueError):
                raise Refused("Return one number.") from None
        wrong = [
            what
            for answer, (what, case) in zip(answers, LABELLINGS)
            if not np.isclose(answer, _kappa(*case), atol=1e-9)
        ]
        if not wrong:
            return "Whoever always says the same gets 0, however often it is right."
        for mistake, hint in KAPPA_MISTAKES:
            if np.allclose(answers, [mistake(*case) for _, case in LABELLINGS], atol=1e-9):
                raise Refused(hint)
        raise Refused(
            f"Right for {len(LABELLINGS) - len(wrong)} of {len(LABELLINGS)} pairs of people. Look"
            f" at {wrong[0]}."
        )

    return check("1-2", kappa, _kappa_stub, judge)


# --- 1-3: the code of the mirror image ------------------------------------------------------------
CODES = np.random.default_rng(2021).integers(0, 2, (6, 64)).astype(bool)


def _mirrored(code):
    return ~code.reshape(8, 8)[:, ::-1].ravel()


MIRROR_MISTAKES = [
    (lambda code: code, "The code comes back unchanged."),
    (
        lambda code: code.reshape(8, 8)[:, ::-1].ravel(),
        "The order is right. But take one pixel and its right neighbour: what becomes of the"
        " question in the mirror?",
    ),
    (
        lambda code: ~code,
        "Each answer turns round, yes. But it also stands in another place of its row.",
    ),
    (
        lambda code: ~code[::-1],
        "Your picture also stands on its head: which of the eight rows comes first?",
    ),
    (
        lambda code: code[::-1],
        "Your picture also stands on its head, and the answers themselves should change.",
    ),
    (
        lambda code: ~code.reshape(8, 8)[::-1].ravel(),
        "You exchanged the rows, top and bottom. The mirror exchanges left and right.",
    ),
    (
        lambda code: code.reshape(8, 8)[::-1].ravel(),
        "You turned the picture upside down. The mirror exchanges left and right.",
    ),
    (
        lambda code: ~code.reshape(8, 8).T.ravel(),
        "You exchanged rows and columns. The mirror leaves every answer in its row.",
    ),
]


def _mirror_code_stub(code): ...


def check_3(mirror_code):
    """Check the 64 answers of a mirrored picture."""

    def judge(call):
        answers = []
        for code in CODES:
            value = call("a code of 64 booleans", code.copy())
            if value is None:
                raise Refused("Your function returns nothing: does it end with `return`?")
            answer = np.asarray(value)
            if answer.size != 64 or answer.dtype.kind not in "biuf":
                raise Refused("Return 64 answers of yes or no, for instance an array of booleans.")
            if not set(np.unique(answer).tolist()) <= {0, 1}:
                raise Refused(
                    "Return answers of yes or no: yours hold other numbers. `~` turns booleans"
                    " round, but makes -1 and -2 of the numbers 0 and 1."
                )
            answers.append(answer.ravel().astype(bool))
        if np.array_equal(answers, [_mirrored(code) for code in CODES]):
            return "With it, mirrored twins are found without opening a picture again."
        for mistake, hint in MIRROR_MISTAKES:
            if np.array_equal(answers, [mistake(code) for code in CODES]):
                raise Refused(hint)
        raise Refused(
            "Not yet the mirror image. Draw a row of nine grey pixels and its eight answers, then"
            " both in the mirror."
        )

    return check("1-3", mirror_code, _mirror_code_stub, judge)


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
