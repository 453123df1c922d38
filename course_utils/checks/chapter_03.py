"""Checks of chapter 03's exercises.

Each tries the reader's answer on inputs whose right answer is known.
"""

import time

import numpy as np

from course_utils import quiet
from course_utils.checks.trial import Refused, check, stopped_with

NOTHING = "Your function returns nothing: does it end with `return`?"


# --- 3-1: Gaussian noise --------------------------------------------------------------------------
def _add_noise_stub(picture, deviation, rng): ...


def check_1(add_noise):
    """Check the function that adds Gaussian noise to a picture of eight bits."""

    def judge(call):
        def noisy(level, deviation, seed=3):
            picture = np.full((90, 110, 3), level, np.uint8)
            answer = call(
                f"a picture of grey level {level}", picture, deviation, np.random.default_rng(seed)
            )
            if answer is None:
                raise Refused(NOTHING)
            answer = np.asarray(answer)
            if answer.shape != picture.shape:
                raise Refused(
                    f"For a picture of shape {picture.shape} something of shape {answer.shape}"
                    " comes back."
                )
            if answer.dtype != np.uint8:
                raise Refused(f"The picture that comes back is {answer.dtype}, not uint8.")
            if (picture != level).any():
                raise Refused("The picture that came in was changed: work on a copy.")
            return answer.astype(float)

        for deviation in (10, 25):
            _judge_grey(noisy(128, deviation), deviation)
        for level in (3, 251):
            spoiled = noisy(level, 12)
            if (np.abs(spoiled - level) > 128).any():
                raise Refused(
                    f"At grey level {level} some pixels jump to the other end of the scale: eight"
                    " bits wrap around. Keep to 0 and 255 before you go back to them."
                )
            if (
                spoiled == (0 if level < 128 else 255)
            ).mean() < 0.2:  # 0.4 beyond the end are to be expected
                raise Refused(
                    f"At grey level {level} hardly a pixel stays at the end of the scale: what lies"
                    " beyond should stop there, not turn back or shrink."
                )
        again = [noisy(128, 10, seed) for seed in (3, 3, 4)]
        if (again[0] != again[1]).any():
            raise Refused(
                "Two generators with one seed give different noise: draw from the `rng` that is"
                " handed over."
            )
        if (again[0] == again[2]).all():
            raise Refused(
                "Another seed gives the same noise: draw from the `rng` that is handed over, don't"
                " make your own."
            )
        return (
            "Compute in wide numbers, clip, then go back to eight bits: so does every step of a"
            " policy."
        )

    return check("3-1", add_noise, _add_noise_stub, judge)


def _judge_grey(spoiled, deviation):
    """Refuse what is no normal noise of the given deviation around 128."""
    noise = spoiled - 128
    if not noise.any():
        raise Refused("The picture comes back as it was.")
    spread = noise.std()
    if (noise[..., 0] == noise[..., 1]).all():
        raise Refused(
            "All three colours of a pixel get the same noise: each number needs its own draw."
        )
    if (noise[0] == noise[1]).all() or (noise[:, 0] == noise[:, 1]).all():
        raise Refused(
            "The noise repeats from row to row or from column to column: each number needs its own"
            " draw."
        )
    if abs(noise.mean()) > 0.1 * deviation:
        raise Refused(
            "The picture gets brighter or darker on the whole: the noise should have mean 0."
        )
    if abs(spread / np.sqrt(deviation) - 1) < 0.1:
        raise Refused(
            "The noise is too weak: `deviation` is the standard deviation, not the variance."
        )
    if abs(spread / deviation - 1) > 0.05:
        raise Refused(
            f"For a deviation of {deviation} the noise has a standard deviation of {spread:.1f}."
        )
    if abs((noise**4).mean() / spread**4 - 3) > 0.4:
        raise Refused(
            "Mean and deviation are right, but the noise isn't drawn from a normal distribution."
        )


# --- 3-2: landmarks of a mirrored picture ---------------------------------------------------------
MIRRORED = np.array(
    [
        *range(16, -1, -1),
        *range(26, 16, -1),
        *range(27, 31),
        *range(35, 30, -1),
        45,
        44,
        43,
        42,
        47,
        46,
        39,
        38,
        37,
        36,
        41,
        40,
        *range(54, 47, -1),
        *range(59, 54, -1),
        *range(64, 59, -1),
        *range(67, 64, -1),
    ]
)
"""The number on the mirrored face, for each of the 68 of iBUG 300-W."""

PARTS = {
    "jaw": (0, 17),
    "brows": (17, 27),
    "nose": (27, 36),
    "eyes": (36, 48),
    "outer lips": (48, 60),
    "inner lips": (60, 68),
}


def _places(landmarks, width):
    return np.column_stack([width - 1 - landmarks[:, 0], landmarks[:, 1]])


FLIP_MISTAKES = [
    (
        lambda p, w: _places(p, w),
        "The places are right, the numbers are not: after the flip, on which side is landmark 36?",
    ),
    (
        lambda p, w: p[MIRRORED],
        "The numbers are exchanged, but the places are still those of the picture before the flip.",
    ),
    (
        lambda p, w: (_places(p, w) + (1, 0))[MIRRORED],
        "Nearly: everything is one pixel too far to the right. Where does column 0 go?",
    ),
    (
        lambda p, w: _places(p, w) + (1, 0),
        "One pixel too far to the right, and the numbers of left and right are not exchanged yet.",
    ),
    (
        lambda p, w: _places(p, w)[::-1],
        "Turning the whole list round mixes jaw and lips: each part of the face keeps its numbers.",
    ),
    (
        lambda p, w: np.column_stack([p[:, 0], w - 1 - p[:, 1]])[MIRRORED],
        "That is a flip from top to bottom: which column of the array is x?",
    ),
    (
        lambda p, w: np.column_stack([-p[:, 0], p[:, 1]])[MIRRORED],
        "The points were mirrored at column 0 and lie outside of the picture: use its width.",
    ),
]


def _flip_landmarks_stub(landmarks, width): ...


def check_2(flip_landmarks):
    """Check the landmarks of a mirrored picture."""

    def judge(call):
        rng = np.random.default_rng(4)
        cases = [(rng.uniform(0, width, (68, 2)).round(1), width) for width in (100, 161)]
        answers = []
        for points, width in cases:
            value = call(f"landmarks on a picture {width} pixels wide", points.copy(), width)
            if value is None:
                raise Refused(NOTHING)
            try:
                answers.append(np.asarray(value, float))
            except (TypeError, ValueError):
                raise Refused("Return an array of numbers, shape (68, 2).") from None
            if answers[-1].shape != (68, 2):
                raise Refused(
                    f"Something of shape {answers[-1].shape} comes back; it should be (68, 2)."
                )
        truth = [_places(points, width)[MIRRORED] for points, width in cases]
        if np.allclose(answers, truth):
            return "Twice flipped is as before: a good test for your own function."
        for mistake, hint in FLIP_MISTAKES:
            if np.allclose(answers, [mistake(*case) for case in cases]):
                raise Refused(hint)
        wrong = [
            part
            for part, (first, last) in PARTS.items()
            if not np.allclose(answers[0][first:last], truth[0][first:last])
        ]
        raise Refused(
            f"Not right yet: {', '.join(wrong)}. Draw the points of that part on paper, with their"
            " numbers, and look at the paper in a mirror."
        )

    return check("3-2", flip_landmarks, _flip_landmarks_stub, judge)


# --- 3-3: a patch that leaves nose and mouth free -------------------------------------------------
PROTECTED = [*range(27, 36), *range(48, 68)]
LAST_DRAW = 20_000


class _Patient(np.random.Generator):
    """A generator that ends a search which would never end."""

    drawn = 0

    def _count(self, method, *arguments, **options):
        self.drawn += 1
        if self.drawn > LAST_DRAW:
            raise TimeoutError(f"it drew {LAST_DRAW:,} times and found no place")
        return getattr(super(), method)(*arguments, **options)

    def integers(self, *arguments, **options):
        return self._count("integers", *arguments, **options)

    def random(self, *arguments, **options):
        return self._count("random", *arguments, **options)

    def uniform(self, *arguments, **options):
        return self._count("uniform", *arguments, **options)

    def choice(self, *arguments, **options):
        return self._count("choice", *arguments, **options)


def _face(left, top, right, bottom, size):
    """Return landmarks whose nose and mouth fill a box exactly.

    The others lie all over the picture.
    """
    rng = np.random.default_rng(8)
    points = rng.integers(0, size, (68, 2)).astype(float)
    middle = (top + bottom) // 2
    points[27:36] = np.column_stack([rng.integers(left, right, 9), rng.integers(top, middle, 9)])
    points[48:68] = np.column_stack(
        [rng.integers(left + 1, right + 1, 20), rng.integers(middle, bottom + 1, 20)]
    )
    points[[27, 33, 50, 66]] = [
        (left, top),
        (left, top + 1),
        (right, bottom - 1),
        (right, bottom),
    ]  # only the nose reaches left and top
    points[[2, 8, 40]] = [(0, 0), (size - 1, size - 1), (0, size - 1)]
    return points


def _allowed(box, size, side):
    left, top, right, bottom = box
    return {
        (x, y)
        for x in range(size - side + 1)
        for y in range(size - side + 1)
        if x + side <= left or x > right or y + side <= top or y > bottom
    }


PATCH_CASES = [  # what, box of nose and mouth (pixels, both ends included), size, side, draws
    ("a mouth in the middle", (5, 7, 10, 12), 16, 4, 3000),
    ("a face near the left border", (-3, 6, 4, 13), 16, 3, 3000),
    ("a patch that fits in one corner only", (4, 4, 15, 15), 16, 4, 40),
    ("a patch larger than any free place", (5, 5, 10, 10), 16, 9, 5),
    ("a patch larger than the picture", (5, 5, 10, 10), 16, 20, 3),
]


def _safe_patch_stub(landmarks, size, side, rng): ...


def check_3(safe_patch):
    """Check the patch that covers neither nose nor mouth."""

    def judge(call):
        what, box, size, side, _ = PATCH_CASES[0]
        rng = _Patient(np.random.PCG64(6))
        first = [call(what, _face(*box, size), size, side, rng) for _ in range(60)]
        if _only_exchanged(first, _allowed(box, size, side)):
            raise Refused(
                "Some squares hide part of nose or mouth, and none would if column and row were"
                " exchanged. Which comes first?"
            )
        for what, box, size, side, draws in PATCH_CASES:
            points, allowed, found = _face(*box, size), _allowed(box, size, side), set()
            rng = _Patient(np.random.PCG64(6))
            for _ in range(draws):
                rng.drawn = 0
                found.add(
                    _place(
                        call(what, points.copy(), size, side, rng), allowed, box, size, side, what
                    )
                )
            missed = allowed - found
            if missed and draws > 1000:
                x, y = min(missed)
                raise Refused(
                    f"In {draws:,} draws with {what} {len(missed)} of {len(allowed)} allowed places"
                    f" never came up, among them ({x}, {y}): box from ({box[0]}, {box[1]}) to"
                    f" ({box[2]}, {box[3]}), side {side}, size {size}."
                )
        return (
            "A patch that looks before it lands may be large. In practice landmarks are seldom at"
            " hand, and small patches do."
        )

    return check("3-3", safe_patch, _safe_patch_stub, judge)


def _place(answer, allowed, box, size, side, what):
    """Return the place as two whole numbers, None when there is none; refuse a wrong one."""
    if answer is None:
        if allowed:
            raise Refused(f"Your function returned None for {what}, though a place is allowed.")
        return None
    try:
        x, y = answer
        whole = x == int(x) and y == int(y)
    except (TypeError, ValueError):
        raise Refused("Return two whole numbers, column and row, or None.") from None
    if not whole:
        raise Refused(f"Pixels are counted in whole numbers; your function returned ({x}, {y}).")
    x, y = int(x), int(y)
    if (x, y) in allowed:
        return x, y
    if min(x, y) < 0 or max(x, y) + side > size:
        raise Refused(
            f"The square does not lie in the picture: upper left pixel ({x}, {y}), side {side},"
            f" size {size}."
        )
    raise Refused(
        f"The square at ({x}, {y}) with side {side} covers a pixel of the box from ({box[0]},"
        f" {box[1]}) to ({box[2]}, {box[3]}), both included."
    )


def _only_exchanged(answers, allowed):
    try:
        places = [(int(x), int(y)) for x, y in answers]
    except (TypeError, ValueError):
        return False
    return not set(places) <= allowed and {(y, x) for x, y in places} <= allowed


# --- 3-4: the time of waiting ---------------------------------------------------------------------
WAITING_CASES = [  # seconds of each batch, of computing, and how many ahead
    ([3, 3, 3, 3], 4, 0),
    ([3, 3, 3, 3], 4, 1),
    ([6, 6, 6, 6], 4, 1),
    ([6, 6, 6, 6, 6], 4, 3),
    ([1, 1, 1, 1, 1, 8, 1, 1, 1], 2, 0),
    ([1, 1, 1, 1, 1, 8, 1, 1, 1], 2, 1),
    ([1, 1, 1, 1, 1, 8, 1, 1, 1], 2, 2),
    ([1, 1, 1, 1, 1, 8, 1, 1, 1], 2, 4),
    ([1, 1, 1, 1, 1, 8, 1, 1, 1], 2, 20),
    ([9, 1, 1, 1, 1, 9, 1, 1, 1, 9], 2.5, 3),
    ([0.5, 2.5, 0.5, 4.5, 0.5, 0.5], 1.5, 2),
    ([2], 5, 1),
]


def _run(prepare, compute, ahead):
    """Return what the network waits for each batch, and when all is computed."""
    taken, ready, asked, waits = [], 0.0, 0.0, []
    for number, seconds in enumerate(prepare):
        room = asked
        if ahead:
            room = taken[number - ahead] if number >= ahead else 0.0
        ready = max(ready, room) + seconds
        taken.append(max(ready, asked))
        waits.append(taken[-1] - asked)
        asked = taken[-1] + compute
    return np.array(waits), asked


def _waiting(prepare, compute, ahead):
    return _run(prepare, compute, ahead)[0].sum()


WAITING_MISTAKES = [
    (
        lambda p, c, a: float(sum(p)),
        "Right with `ahead` 0, where nothing is prepared while the network computes.",
    ),
    (
        lambda p, c, a: sum(max(0, seconds - c) for seconds in p) if a else float(sum(p)),
        "Not quite: the first batch is not ready when the network asks for it at 0.",
    ),
    (
        lambda p, c, a: p[0] + sum(max(0, seconds - c) for seconds in p[1:]) if a else sum(p),
        "Right for `ahead` 0 and 1. With more, the thread may have begun a batch long before the"
        " network took the one before.",
    ),
    (
        lambda p, c, a: _waiting(p, c, len(p)) if a else float(sum(p)),
        "The thread never stops for lack of room: when may it begin a batch with `ahead` 2?",
    ),
    (
        lambda p, c, a: _waiting(p, c, a + 1),
        "One batch too many is prepared ahead: the one in work counts as well.",
    ),
    (
        lambda p, c, a: _waiting(p, c, max(0, a - 1)),
        "One batch too few is prepared ahead: while one is computed on, another may be prepared.",
    ),
    (
        lambda p, c, a: _waiting(p, c, a) - p[0],
        "The first batch is missing: the network asks for it at 0, and waits.",
    ),
    (
        lambda p, c, a: _run(p, c, a)[1],
        "That is when all is computed; we want the seconds of waiting in it.",
    ),
    (
        lambda p, c, a: _waiting(p, c, a) / _run(p, c, a)[1],
        "That is the share of the time; we want seconds.",
    ),
    (
        lambda p, c, a: float((_run(p, c, a)[0] > 0).sum()),
        "That is how often the network waits; we want for how long.",
    ),
    (
        lambda p, c, a: len(p) * max(0, np.mean(p) - c) if a else float(sum(p)),
        "You compute with the mean. A slow batch is waited for, and fast ones give nothing back.",
    ),
]


def _waiting_time_stub(prepare, compute, ahead): ...


def check_4(waiting_time):
    """Check the seconds that a network waits for its batches."""

    def judge(call):
        answers = []
        for prepare, compute, ahead in WAITING_CASES:
            what = f"batches of {prepare} seconds, compute {compute}, ahead {ahead}"
            value = call(what, list(prepare), compute, ahead)
            if value is None:
                raise Refused(NOTHING)
            try:
                answers.append(float(value))
            except (TypeError, ValueError):
                raise Refused("Return one number, the seconds of waiting.") from None
        truth = [_waiting(*case) for case in WAITING_CASES]
        if np.allclose(answers, truth):
            return (
                "A store evens out what fluctuates. Where preparing is slower on average, no store"
                " helps."
            )
        for mistake, hint in WAITING_MISTAKES:
            if np.allclose(answers, [mistake(*case) for case in WAITING_CASES]):
                raise Refused(hint)
        number = int(np.argmax(~np.isclose(answers, truth)))
        prepare, compute, ahead = WAITING_CASES[number]
        raise Refused(
            f"Batches of {', '.join(map(str, prepare))} seconds, computing {compute}, ahead"
            f" {ahead}: you say {answers[number]:g}. Draw thread and network as two rows of boxes"
            " on one line of time."
        )

    return check("3-4", waiting_time, _waiting_time_stub, judge)


# --- 3-5: the order of a pipeline -----------------------------------------------------------------
COUNT, BATCH = 37, 8


class _Source:
    """Pictures that know their number, and count how often they are read and augmented."""

    def __init__(self):
        quiet.import_keras()
        import tensorflow as tf

        self.tf = tf
        self.numbers = np.arange(100, 100 + COUNT)
        self.was_read, self.augmented, self.rank = [], 0, None
        self.rng = np.random.default_rng(1)

    def read(self, number):
        def slowly(value):
            self.was_read.append(int(value))
            return np.full((2, 2, 3), value, np.float32)

        picture = self.tf.numpy_function(slowly, [number], self.tf.float32)
        return self.tf.ensure_shape(picture, (2, 2, 3)), self.tf.cast(number, self.tf.int64)

    def augment(self, pictures):
        self.rank = pictures.shape.rank

        def draw(values):
            self.augmented += 1
            return (values + self.rng.uniform(0.1, 0.9)).astype(np.float32)

        changed = self.tf.numpy_function(draw, [pictures], self.tf.float32)
        return self.tf.ensure_shape(changed, pictures.shape)


def _epoch(batches):
    """Go through one epoch: a list of (numbers in the pictures, labels), a pair a batch."""
    seen = []
    for element in batches:
        if not isinstance(element, tuple) or len(element) != 2:
            raise Refused("Each element should be a pair: a batch of pictures and their labels.")
        pictures, labels = (part.numpy() for part in element)
        if pictures.ndim != 4 or labels.ndim != 1:
            raise Refused(
                f"Pictures come with shape {pictures.shape} and labels with shape {labels.shape};"
                " expected (n, height, width, 3) and (n,)."
            )
        seen.append((pictures[:, 0, 0, 0], labels))
        if len(seen) > 3 * COUNT:
            raise Refused("An epoch never ends: leave the repetition to whoever trains.")
    if not seen:
        raise Refused("The dataset is empty.")
    return seen


def _build_pipeline_stub(numbers, read, augment, batch, seed): ...


def check_5(build_pipeline):
    """Check the order of a pipeline's steps by what it does."""

    def judge(call):
        def built(seed):
            source = _Source()
            batches = call(
                f"{COUNT} pictures", source.numbers.copy(), source.read, source.augment, BATCH, seed
            )
            if batches is None:
                raise Refused(NOTHING)
            if not isinstance(batches, source.tf.data.Dataset):
                raise Refused(
                    f"Return a tf.data.Dataset; your function returned a {type(batches).__name__}."
                )
            return source, batches

        source, batches = built(5)
        epochs = []
        for number in range(4):
            epochs.append(_tried(_epoch, batches))
            _judge_epoch(epochs[-1], source)
            if number == 0:
                after_first = source.augmented
        _judge_epochs(epochs, source, after_first)
        orders = [_labels(epoch) for epoch in epochs]
        again = built(5)[1]
        if [_labels(_tried(_epoch, again)) for _ in range(2)] != orders[:2]:
            raise Refused(
                "The same seed gives another order the second time: hand `seed` to the shuffle."
            )
        if _labels(_tried(_epoch, built(6)[1])) == orders[0]:
            raise Refused("Another seed gives the same order: hand `seed` to the shuffle.")
        _judge_prefetch(source, batches)
        return "Once what is the same, anew what is random, ahead what is slow."

    return check("3-5", build_pipeline, _build_pipeline_stub, judge)


def _tried(step, batches):
    """Run a step on the reader's dataset; what goes wrong inside becomes a hint."""
    try:
        return step(batches)
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"The dataset stopped with {stopped_with(error)}") from error


def _labels(epoch):
    return [int(label) for _, labels in epoch for label in labels]


def _judge_epoch(epoch, source):
    """Refuse an epoch that lacks a picture, or repeats one.

    Every picture must be there exactly once, in batches, augmented, beside its label.
    """
    sizes = [len(labels) for _, labels in epoch]
    if sorted(_labels(epoch)) != source.numbers.tolist():
        if sum(sizes) == COUNT // BATCH * BATCH:
            raise Refused(
                "The last batch is missing because it is not full: its pictures are as good as the"
                " others."
            )
        raise Refused(
            f"An epoch holds {sum(sizes)} pictures, {len(set(_labels(epoch)))} of them different;"
            f" there are {COUNT}."
        )
    if sizes[-1] == BATCH and sorted(sizes)[1:] == [BATCH] * (COUNT // BATCH):
        raise Refused(
            "The batch that is not full is not the last one: whole batches are shuffled, and the"
            " pictures in a batch are always the same."
        )
    if sizes != [BATCH] * (COUNT // BATCH) + [COUNT % BATCH]:
        raise Refused(f"For batches of {BATCH} and {COUNT} pictures the batches hold {sizes}.")
    for pictures, labels in epoch:
        if (np.floor(pictures) != labels).any():
            raise Refused("Pictures and labels no longer belong together: shuffle them as pairs.")
        if (pictures == labels).all():
            raise Refused("The pictures come out as they were read: where is the augmentation?")


def _judge_epochs(epochs, source, after_first):
    """Refuse epochs that repeat what should be new, or that do anew what should be done once."""
    orders = [_labels(epoch) for epoch in epochs]
    drawn = [
        dict(zip(_labels(epoch), np.concatenate([pictures for pictures, _ in epoch]).tolist()))
        for epoch in epochs
    ]
    if drawn[0] == drawn[1]:
        raise Refused(
            "In the second epoch every picture is augmented as in the first: what is kept between"
            " the epochs is already augmented."
        )
    if len(source.was_read) > COUNT:
        raise Refused(
            f"{COUNT} pictures were read {len(source.was_read)} times in four epochs: keep what was"
            " read, right after reading."
        )
    if source.rank != 4 or after_first > -(-COUNT // BATCH):
        raise Refused(
            f"`augment` was called {after_first} times in one epoch, with arrays of {source.rank}"
            " dimensions: give it whole batches."
        )
    if orders[0] == source.numbers.tolist():
        raise Refused("The pictures come in the order of `numbers`: they are not shuffled.")
    if orders[0] == orders[1]:
        raise Refused(
            "The second epoch has the order of the first: what is kept between the epochs is"
            " already shuffled."
        )
    if all(np.ptp(labels) < 2 * BATCH for epoch in epochs for _, labels in epoch):
        mixed = any(np.any(np.diff(labels) != 1) for epoch in epochs for _, labels in epoch)
        raise Refused(
            "Neighbours stay together: the shuffle sees only a few pictures at a time. How large is"
            " its buffer?"
            if mixed
            else (
                "Whole batches are shuffled, but the pictures in a batch are always the same:"
                " shuffle before you batch."
            )
        )
    early = {label for epoch in epochs for label in epoch[0][1]}
    if not early & set(source.numbers[-COUNT // 3 :].tolist()):
        raise Refused(
            "The last pictures never come early: the shuffle sees only a few pictures at a time."
            " How large is its buffer?"
        )


def _judge_prefetch(source, batches):
    """Refuse a dataset that prepares the second batch only when it is asked for."""
    options = source.tf.data.Options()
    options.experimental_optimization.inject_prefetch = (
        False  # TensorFlow adds it to the end by itself, which can be switched off
    )
    before, iterator = source.augmented, iter(batches.with_options(options))
    next(iterator)
    end = time.monotonic() + 3
    while source.augmented < before + 2:
        if time.monotonic() > end:
            raise Refused(
                "All in the right order, but the next batch is only begun when it is asked for: the"
                " network waits for it."
            )
        time.sleep(0.01)
