"""Chapter 03: its checks accept every right answer and refuse wrong ones, each mistake with a hint
of its own.
"""

import numpy as np
import pytest
from every_exercise import *
from exercises import Exercises, refuse_all

from course_utils import quiet
from course_utils.checks import chapter_03
from course_utils.masks.head import mean_landmarks

quiet.import_keras()
import tensorflow as tf  # noqa: E402


@pytest.fixture(autouse=True)
def parallel_pipelines():
    """Undo what tests of training ask for in the same process: it makes pipelines wait."""
    from tensorflow.python.framework import config

    before = config.is_op_determinism_enabled()
    config.disable_op_determinism()
    yield
    if before:
        config.enable_op_determinism()


EXERCISES = Exercises("03_augmentation", chapter_03, known={"np": np, "tf": tf})


@pytest.mark.parametrize(
    "tag, mistakes",
    [("exercise-3-2", chapter_03.FLIP_MISTAKES), ("exercise-3-4", chapter_03.WAITING_MISTAKES)],
)
def test_every_known_mistake_gets_its_own_hint(tag, mistakes):
    for mistake, hint in mistakes:
        verdict = EXERCISES.check(tag)(mistake)
        assert verdict.state == "not yet" and verdict.hint == hint


# --- 3-1
def to_bytes(values):
    return np.clip(values, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "answer",
    [
        lambda p, d, rng: to_bytes(np.rint(p + rng.standard_normal(p.shape) * d)),
        lambda p, d, rng: to_bytes(
            p.astype(np.int16) + np.rint(rng.normal(scale=d, size=p.shape)).astype(np.int16)
        ),
        lambda p, d, rng: to_bytes(
            p + rng.normal(0, d, p.shape)
        ),  # cuts the fraction off: half a grey level darker, nobody asked for rounding
        lambda p, d, rng: np.array(
            [[to_bytes(pixel + rng.normal(0, d, 3)) for pixel in line] for line in p]
        ),
    ],
)
def test_noise_may_be_added_in_any_way(answer):
    assert chapter_03.check_1(answer).state == "passed"


def test_each_mistake_with_noise_has_its_hint():
    def in_place(p, d, rng):
        p[:] = to_bytes(p + rng.normal(0, d, p.shape))
        return p

    hints = refuse_all(
        chapter_03.check_1,
        {
            "wraps": lambda p, d, rng: (p + rng.normal(0, d, p.shape)).astype(int).astype(np.uint8),
            "grey": lambda p, d, rng: to_bytes(p + rng.normal(0, d, p.shape[:2])[..., None]),
            "by row": lambda p, d, rng: to_bytes(p + rng.normal(0, d, p.shape[1:])),
            "variance": lambda p, d, rng: to_bytes(np.rint(p + rng.normal(0, d**0.5, p.shape))),
            "uniform": lambda p, d, rng: to_bytes(
                np.rint(p + rng.uniform(-d * 3**0.5, d * 3**0.5, p.shape))
            ),
            "brighter": lambda p, d, rng: to_bytes(p + np.abs(rng.normal(0, d, p.shape))),
            "double": lambda p, d, rng: to_bytes(p + rng.normal(0, 2 * d, p.shape)),
            "floats": lambda p, d, rng: np.clip(p + rng.normal(0, d, p.shape), 0, 255),
            "unchanged": lambda p, d, rng: p.copy(),
            "in place": in_place,
            "own seed": lambda p, d, rng: to_bytes(
                np.rint(p + np.random.default_rng(0).normal(0, d, p.shape))
            ),
            "no seed": lambda p, d, rng: to_bytes(np.rint(p + np.random.normal(0, d, p.shape))),
            "reflected": lambda p, d, rng: to_bytes(
                255 - np.abs(255 - np.abs(np.rint(p + rng.normal(0, d, p.shape))))
            ),
        },
    )
    assert "wrap" in hints["wraps"] and "rng" in hints["no seed"]


# --- 3-2
def flip_by_pairs(landmarks, width):
    moved = [[width - 1 - x, y] for x, y in landmarks]
    pairs = (
        [(i, 16 - i) for i in range(8)]
        + [(17 + i, 26 - i) for i in range(5)]
        + [(31, 35), (32, 34), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    )
    pairs += [(48, 54), (49, 53), (50, 52), (55, 59), (56, 58), (60, 64), (61, 63), (65, 67)]
    for left, right in pairs:
        moved[left], moved[right] = moved[right], moved[left]
    return moved


def test_the_flip_may_be_written_as_pairs():
    assert chapter_03.check_2(flip_by_pairs).state == "passed"


def test_the_list_of_numbers_follows_from_the_mean_face():
    face = mean_landmarks()[:, :2].astype(float)
    mirrored = np.column_stack([face[:, 0].min() + face[:, 0].max() - face[:, 0], face[:, 1]])
    nearest = np.linalg.norm(mirrored[:, None] - face[None], axis=2).argmin(0)
    assert np.mean(nearest == chapter_03.MIRRORED) > 0.9  # the mean face is not quite even
    assert (chapter_03.MIRRORED[chapter_03.MIRRORED] == np.arange(68)).all()


def test_a_forgotten_part_is_named():
    def forgets_inner_lips(landmarks, width):
        flipped = np.array(flip_by_pairs(landmarks, width))
        flipped[60:] = np.column_stack([width - 1 - landmarks[60:, 0], landmarks[60:, 1]])
        return flipped

    verdict = chapter_03.check_2(forgets_inner_lips)
    assert verdict.state == "not yet" and "inner lips" in verdict.hint and "jaw" not in verdict.hint


# --- 3-3
def patch(
    points=slice(None),
    where=lambda x, y, side, low, high: (
        x + side - 1 < low[0] or x > high[0] or y + side - 1 < low[1] or y > high[1]
    ),
    tries=10_000,
    swap=False,
    last=0,
):
    chosen = chapter_03.PROTECTED if points == slice(None) else points

    def safe_patch(landmarks, size, side, rng):
        low, high = landmarks[chosen].min(0), landmarks[chosen].max(0)
        if side > size:
            return None
        for _ in range(tries):
            x, y = (int(value) for value in rng.integers(0, size - side + 1 + last, 2))
            if where(x, y, side, low, high):
                return (y, x) if swap else (x, y)
        return None

    return safe_patch


def never_gives_up(landmarks, size, side, rng):
    low, high = landmarks[chapter_03.PROTECTED].min(0), landmarks[chapter_03.PROTECTED].max(0)
    while side <= size:
        x, y = (int(rng.random() * (size - side + 1)) for _ in range(2))
        if x + side - 1 < low[0] or x > high[0] or y + side - 1 < low[1] or y > high[1]:
            return x, y


def test_a_patch_may_be_searched_by_trying():
    assert chapter_03.check_3(patch()).state == "passed"


def test_each_mistake_with_a_patch_has_its_hint():
    def corners_only(landmarks, size, side, rng):
        place = patch()(landmarks, size, side, rng)
        return (
            place
            if place is None or place[0] < 2 or place[1] < 2 or (size - side < 14 and place[0] != 7)
            else corners_only(landmarks, size, side, rng)
        )

    hints = refuse_all(
        chapter_03.check_3,
        {
            "all landmarks": patch(points=range(68)),
            "mouth only": patch(points=range(48, 68)),
            "not beside but above only": patch(
                where=lambda x, y, side, low, high: y + side - 1 < low[1]
            ),
            "and for or": patch(
                where=lambda x, y, side, low, high: (
                    (x + side - 1 < low[0] or x > high[0])
                    and (y + side - 1 < low[1] or y > high[1])
                )
            ),
            "edge": patch(
                where=lambda x, y, side, low, high: (
                    x + side - 1 <= low[0] or x > high[0] or y + side - 1 < low[1] or y > high[1]
                )
            ),
            "corner inside only": patch(
                where=lambda x, y, side, low, high: (
                    not (low[0] <= x <= high[0] and low[1] <= y <= high[1])
                )
            ),
            "few tries": patch(tries=20),
            "column and row": patch(swap=True),
            "out of the picture": patch(last=3),
            "one column too few": patch(last=-1),
            "never ends": never_gives_up,
            "fractions": lambda landmarks, size, side, rng: (0.5, 0.25),
            "some places": corners_only,
        },
    )
    assert "TimeoutError" in hints["never ends"] and "never came up" in hints["one column too few"]


# --- 3-4
def by_ticks(prepare, compute, ahead):
    """Move a clock in quarters of a second, with a thread and a network that each do one thing."""
    waiting, store, begun, taken = 0, 0, 0, 0
    left, busy = 0, 0  # ticks of the thread's and of the network's work
    while taken < len(prepare):
        changed = True
        while changed:
            changed = False
            if left == 0 and begun > store + taken:  # what was in work is ready
                store, changed = store + 1, True
            if busy == 0 and store:
                store, taken, busy, changed = store - 1, taken + 1, round(4 * compute), True
            room = begun - taken < ahead if ahead else busy == 0 and begun == taken
            if begun == store + taken and begun < len(prepare) and room:
                left, begun, changed = round(4 * prepare[begun]), begun + 1, True
        if taken == len(prepare):
            break
        waiting += busy == 0
        left, busy = max(0, left - 1), max(0, busy - 1)
    return waiting / 4


def by_queue(prepare, compute, ahead):
    """Keeps when each batch was taken, at the end of a list of nothings."""
    taken, ready = [0.0] * max(ahead, 1), 0.0
    waited, free = 0.0, 0.0
    for seconds in prepare:
        ready = max(ready, free if ahead == 0 else taken[-ahead]) + seconds
        waited += max(0.0, ready - free)
        taken.append(max(ready, free))
        free = taken[-1] + compute
    return np.float64(waited)


@pytest.mark.parametrize("answer", [by_ticks, by_queue])
def test_waiting_may_be_computed_in_any_way(answer):
    verdict = chapter_03.check_4(answer)
    assert verdict.state == "passed", verdict


# --- 3-5
def order(steps, augment_calls=None, read_calls=None, buffer=None, seeded=True):
    """Build a pipeline from a word: r(ead), c(ache), s(huffle), b(atch), a(ugment), p(refetch),
    e(ndless), 1 (augment one by one).
    """

    def build_pipeline(numbers, read, augment, batch, seed):
        dataset = tf.data.Dataset.from_tensor_slices(numbers)
        for step in steps:
            if step == "r":
                dataset = dataset.map(read, num_parallel_calls=read_calls)
            elif step == "c":
                dataset = dataset.cache()
            elif step == "s":
                dataset = dataset.shuffle(buffer or len(numbers), seed=seed if seeded else None)
            elif step == "b":
                dataset = dataset.batch(batch)
            elif step == "d":
                dataset = dataset.batch(batch, drop_remainder=True)
            elif step == "a":
                dataset = dataset.map(
                    lambda pictures, labels: (augment(pictures), labels),
                    num_parallel_calls=augment_calls,
                )
            elif step == "1":
                dataset = dataset.map(lambda picture, label: (augment(picture[None])[0], label))
            elif step == "p":
                dataset = dataset.prefetch(2)
            elif step == "e":
                dataset = dataset.repeat()
        return dataset

    return build_pipeline


def by_hand(numbers, read, augment, batch, seed):
    """Reads everything at once and shuffles numbers, as the course's own pipeline does."""
    pairs = [read(tf.constant(number)) for number in numbers]
    pictures, labels = (
        tf.stack([picture for picture, _ in pairs]),
        tf.stack([label for _, label in pairs]),
    )
    places = tf.data.Dataset.range(len(numbers)).shuffle(1000, seed=seed).batch(batch)
    return places.map(
        lambda chosen: (augment(tf.gather(pictures, chosen)), tf.gather(labels, chosen))
    ).prefetch(tf.data.AUTOTUNE)


@pytest.mark.parametrize(
    "answer",
    [
        order("rcsbap"),
        order("rcsbap", tf.data.AUTOTUNE, tf.data.AUTOTUNE),
        order("rcpsbpap", read_calls=4),
        by_hand,
    ],
)
def test_a_pipeline_may_be_built_in_any_right_order(answer):
    verdict = chapter_03.check_5(answer)
    assert verdict.state == "passed", verdict


def test_each_mistake_with_a_pipeline_has_its_hint():
    hints = refuse_all(
        chapter_03.check_5,
        {
            "no cache": order("rsbap"),
            "cached augmentation": order("rsbacp"),
            "shuffled before the cache": order("rscbap"),
            "no shuffle": order("rcbap"),
            "shuffled batches": order("rcbsap"),
            "small buffer": order("rcsbap", buffer=4),
            "no augmentation": order("rcsbp"),
            "one by one": order("rcs1bp"),
            "no prefetch": order("rcsba"),
            "endless": order("rcsbaep"),
            "last batch dropped": order("rcsdap"),
            "no seed": order("rcsbap", seeded=False),
            "not batched": order("rcsp"),
            "a list": lambda numbers, read, augment, batch, seed: [
                read(tf.constant(number)) for number in numbers
            ],
        },
    )
    assert "cache" not in hints["no cache"] and "prefetch" not in hints["no prefetch"]


def test_a_seed_fixed_in_the_answer_is_refused():
    def fixed(numbers, read, augment, batch, seed):
        return order("rcsbap")(numbers, read, augment, batch, 3)

    assert "hand `seed`" in chapter_03.check_5(fixed).hint
