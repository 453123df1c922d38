"""Measure mask synthesis on a folder of face crops: speed, share masked, and what a second worker
brings.

    python benchmarks/masking.py work/datasets/face-mask-detection/dataset/without_mask \\
        --pictures 300

One process with one thread masks each picture, reading and writing included; pictures a second are
of processor time, where not said otherwise. They are compared with dlib's HOG face detector alone
on the same pictures in the same run, because seconds say more about the machine than about the
program. Counts depend on the folder and the seed only. Two workers are compared with one by the
clock, which needs a machine that does nothing else, and by the processor time that falls to each,
which shows on a busy machine too whether one hinders the other.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from course_utils.errors import CourseError  # noqa: E402
from course_utils.masks.choice import MaskOptions  # noqa: E402
from course_utils.masks.picture import MASKED, Task, mask_picture  # noqa: E402
from course_utils.masks.workers import AHEAD, in_flight, processes, single_threaded  # noqa: E402
from course_utils.pictures.finding import find_pictures  # noqa: E402
from course_utils.pictures.images import read_rgb  # noqa: E402

WARM_UP = 20  # pictures; models and textures are read once
CROP = 160  # pixels of the longer side of a typical face crop
EASY = "blazeface"  # what the first stage of the face finder calls its finds


@contextmanager
def tasks_of(folder, pictures, options):
    """Yield one task for each picture; what they write is removed afterwards."""
    with tempfile.TemporaryDirectory() as temporary:
        destination, scratch = Path(temporary, "out"), Path(temporary, "unfinished")
        scratch.mkdir()
        names = [path.relative_to(folder).as_posix() for path in pictures]
        yield [
            Task(name, path, ((None, name),), None, destination, scratch, options)
            for name, path in zip(names, pictures)
        ]


def measure(function, items, repeats):
    """Call a function of each item in this process.

    Returns
    -------
    answers : list
    clock, processor : numpy.ndarray
        Shape (items,): seconds, the least of the repeats, so that other work on the machine counts
        little.
    """
    seconds = np.full((2, len(items)), np.inf)
    with single_threaded():
        for item in items[:WARM_UP]:
            function(item)
        for _ in range(repeats):
            answers = []
            for number, item in enumerate(items):
                clock, processor = time.perf_counter(), time.process_time()
                answers.append(function(item))
                taken = time.perf_counter() - clock, time.process_time() - processor
                seconds[:, number] = np.minimum(seconds[:, number], taken)
    return answers, *seconds


def compare_workers(tasks, repeats):
    """Return how many times faster two processes are than one, by the best of several rounds of
    each.
    """
    with processes(1) as one, processes(2) as two, tempfile.TemporaryDirectory() as meetings:
        pools = [(*pool, Path(meetings, str(pool[1]))) for pool in (one, two)]
        start = [start_up(tasks, *pool) for pool in pools]
        rounds = np.array([[one_round(tasks, *pool[:2]) for pool in pools] for _ in range(repeats)])
    clock, busy = rounds.min(axis=0).T
    return {
        "two workers over one": ratio(*clock),
        "two workers over one, start-up included": ratio(*(clock + start)),
        "two workers over one, processor time": ratio(*busy),
        "start-up of one worker, of two, in seconds": f"{start[0]:.1f}, {start[1]:.1f}",
    }


def start_up(tasks, submit, width, meeting):
    """Return the seconds until each worker has masked its first pictures."""
    meeting.mkdir()
    begun = time.perf_counter()
    for _ in in_flight(submit, width, get_ready, [(tasks[:WARM_UP], meeting, width)] * width):
        pass
    return time.perf_counter() - begun


def one_round(tasks, submit, width):
    """Return the seconds that the workers take by the clock, and of the processor for each."""
    started, busy = time.perf_counter(), -time.process_time()
    for _, seconds in in_flight(submit, width * AHEAD, processor_time, tasks):
        busy += seconds
    return time.perf_counter() - started, (busy + time.process_time()) / width


def processor_time(task):
    started = time.process_time()
    mask_picture(task)
    return time.process_time() - started


def get_ready(order):
    """Load what a worker needs, and wait for the others, so that each of them takes one of these
    orders.
    """
    tasks, meeting, width = order
    for task in tasks:
        mask_picture(task)
    Path(meeting, str(os.getpid())).touch()
    while len(os.listdir(meeting)) < width:
        time.sleep(0.01)


def summary(tasks, pictures, repeats):
    """Mask in one process, and reduce that to counts and rates."""
    import dlib

    answers, clock, processor = measure(mask_picture, tasks, repeats)
    detector = dlib.get_frontal_face_detector()
    _, _, hog = measure(lambda path: detector(read_rgb(path), 0), pictures, repeats)
    rows = [lines for lines, _ in answers]
    easy = np.array([lines[0].get("found_by") == EASY for lines in rows])
    small = np.array([max(read_rgb(path).shape) <= CROP for path in pictures])
    masked = np.array([any(line["result"] == MASKED for line in lines) for lines in rows])
    slowest = int(processor.argmax())
    return {
        "pictures": len(rows),
        "masked": int(masked.sum()),
        "share masked": round(float(masked.mean()), 3),
        "found by": dict(
            sorted(Counter(lines[0].get("found_by", "nothing") for lines in rows).items())
        ),
        "not masked": dict(
            sorted(
                Counter(
                    line["reason"].partition(":")[0]
                    for lines in rows
                    for line in lines
                    if line["result"] != MASKED
                ).items()
            )
        ),
        "easy pictures": int(easy.sum()),
        f"easy pictures up to {CROP} pixels": int((easy & small).sum()),
        f"pictures/s, easy, up to {CROP} pixels": rate(processor[easy & small]),
        "pictures/s, easy": rate(processor[easy]),
        "pictures/s, all": rate(processor),
        "pictures/s, slowest": rate(processor[[slowest]]),
        "slowest picture": rows[slowest][0]["picture"],
        "below 8 pictures/s": int((processor > 1 / 8).sum()),
        f"by the clock: pictures/s, easy, up to {CROP} pixels": rate(clock[easy & small]),
        "by the clock: pictures/s, easy": rate(clock[easy]),
        "by the clock: pictures/s, all": rate(clock),
        "HOG alone: pictures/s": rate(hog),
        f"easy, up to {CROP} pixels, HOG alone on all = 1": (
            ratio(hog.mean(), processor[easy & small].mean()) if (easy & small).any() else None
        ),
        "easy, HOG alone = 1": (
            ratio(hog[easy].mean(), processor[easy].mean()) if easy.any() else None
        ),
        "all, HOG alone = 1": ratio(hog.sum(), processor.sum()),
    }


def rate(seconds):
    return round(len(seconds) / float(seconds.sum()), 1) if len(seconds) else None


def ratio(one, other):
    return round(float(one / other), 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="a folder of face crops")
    parser.add_argument("--pictures", type=int, default=300, help="how many to draw at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--code",
        default="surgical_blue, surgical, surgical_green, KN95, N95, cloth, cloth-dots, gas",
    )
    parser.add_argument("--wear", default="proper")
    parser.add_argument(
        "--repeats", type=int, default=3, help="how often to time everything; the best counts"
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        found = find_pictures(arguments.folder)
        if not found:
            raise CourseError(f"{arguments.folder} holds no picture: name a folder of face crops.")
        options = MaskOptions(code=arguments.code, wear=arguments.wear, seed=arguments.seed)
    except CourseError as error:
        sys.exit(f"masking: {error}")
    chosen = np.random.default_rng(arguments.seed).permutation(len(found))[: arguments.pictures]
    pictures = [found[number] for number in sorted(chosen)]
    with tasks_of(arguments.folder, pictures, options) as tasks:
        figures = summary(tasks, pictures, arguments.repeats) | compare_workers(
            tasks, arguments.repeats
        )
    figures["processor cores"] = os.cpu_count()
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for what, figure in figures.items():
        text = (
            ", ".join(f"{name} {count:,}" for name, count in figure.items())
            if isinstance(figure, dict)
            else str(figure)
        )
        table.add_row(what, escape(text))
    Console().print(table)


if __name__ == "__main__":
    main()
