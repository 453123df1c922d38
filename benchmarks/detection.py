"""Compare face detectors on the embedded scenes and videos, and measure what the default costs.

    python benchmarks/detection.py                          recall by size, false alarms and time of every detector
    python benchmarks/detection.py --speed MODEL            processor time a frame, by stage, of `course detect` on both videos
    python benchmarks/detection.py --photographs DIR        on real photographs of one face each: in how many a face is found
    python benchmarks/detection.py --fit                    fit every detector's boxes to the annotations, and print the numbers

Time is processor time of all threads, so that other work on the machine counts little; a core has 1,000 ms of it a second.
Detectors are fitted to the training portraits and scenes 1 to 3. Scenes 4 to 6 and the videos are new to all of them.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from course_utils.annotations import read_voc
from course_utils.data.progress import progress
from course_utils.detection import MaskDetector, detectors, full_range, load_classifier, load_detector, recall_by_size, score, sources
from course_utils.detection.boxes import iou, sizes
from course_utils.detection.drawing import annotate
from course_utils.detection.job import TURNS
from course_utils.detection.outputs import VideoFile
from course_utils.images import find_pictures, read_rgb

SAMPLE = Path(__file__).resolve().parent.parent / "data/sample"
BOX = ["x_min", "y_min", "x_max", "y_max"]
SIZES = (8, 16, 20, 40, 1000)
FITTED_SCENES = 3


class Anything:
    """A classifier that costs nothing: here only the boxes count."""

    size, class_names = 8, ("with_mask", "without_mask")

    def __call__(self, faces):
        return np.tile([1.0, 0.0], (len(faces), 1))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--speed", metavar="MODEL", help="a .keras file of a classifier")
    options.add_argument("--photographs", metavar="DIR", help="real photographs of one face each")
    options.add_argument("--count", type=int, default=200, help="how many of them, drawn at random (%(default)s)")
    options.add_argument("--fit", action="store_true")
    options.add_argument("--detectors", nargs="+", choices=detectors.NAMES, default=detectors.NAMES)
    options.add_argument("--step", type=int, default=6, help="use every so-manieth frame for the comparison (%(default)s)")
    asked = options.parse_args()
    if asked.speed:
        measure_speed(asked.speed)
    elif asked.photographs:
        find_in_photographs(asked.photographs, asked.count, asked.detectors)
    elif asked.fit:
        fit(asked.detectors)
    else:
        compare(asked.detectors, asked.step)


def scenes(numbers=range(1, 7)):
    """Yield picture and annotated boxes of scenes."""
    for number in numbers:
        boxes, _ = read_voc(SAMPLE / f"scenes/scene_{number}.xml")
        yield read_rgb(SAMPLE / f"scenes/scene_{number}.jpg"), [((box.x_min, box.y_min, box.x_max, box.y_max), box.label) for box in boxes]


def frames(name):
    """Yield frame and annotated boxes of a video."""
    table = dict(list(pd.read_csv(SAMPLE / f"videos/{name}.csv").groupby("frame")))
    for frame in sources.Video(SAMPLE / f"videos/{name}.mp4").frames():
        known = table.get(frame.number)
        yield frame, [] if known is None else list(zip(known[BOX].itertuples(index=False, name=None), known["label"]))


def compare(names, step):
    print(f"Single pictures: 6 scenes of 1280 x 720, and every {step}th frame of two videos of 640 x 360; overlap 0.5 or more is found.\n")
    for name in names:
        finder, rows, cost = MaskDetector(load_detector(name), Anything()), {"scenes": [], "videos": []}, {}
        pictures = {"scenes": list(scenes()), "videos": [(frame.image, truth) for video in ("walk", "webcam") for frame, truth in frames(video)
                                                         if frame.number % step == 0]}
        finder.look(pictures["videos"][0][0])  # loads the weights
        for kind, listed in pictures.items():
            started = time.process_time()
            for image, truth in progress(listed, f"{name}, {kind}"):
                rows[kind].append(score([(face.box, face.label) for face in finder.look(image)], truth))
            cost[kind] = 1000 * (time.process_time() - started) / len(listed)
        print_recall(name, rows, cost)
    print("\nFollowed from frame to frame, as `course detect` does by default:")
    followed, cost = {}, {}
    for video in ("walk", "webcam"):
        finder, started = MaskDetector(load_detector(turns=TURNS), Anything()), time.process_time()
        followed[video] = [score([(face.box, face.label) for face in finder.follow(frame.image, frame.time)], truth) for frame, truth in frames(video)]
        cost[video] = 1000 * (time.process_time() - started) / len(followed[video])
    print_recall("blazeface", followed, cost)


def print_recall(name, rows, cost):
    for kind, listed in rows.items():
        joined = pd.concat(listed)
        shares = "  ".join(f"{size}: {row.share:.2f} of {row.faces:.0f}" for size, row in recall_by_size(joined, SIZES).iterrows())
        alarms = (joined["label"] == "").sum() / len(listed)
        print(f"{name:10} {kind:7} {cost[kind]:6.0f} ms a picture, {alarms:.2f} false alarms a picture; found by size (pixels) {shares}")


def measure_speed(path):
    classify = load_classifier(path)
    for video in ("walk", "webcam"):
        finder = MaskDetector(load_detector(turns=TURNS), classify)
        finder.classify(np.zeros((8, classify.size, classify.size, 3), np.uint8))
        with tempfile.TemporaryDirectory() as folder:
            started, children, wall = time.process_time(), child_seconds(), time.perf_counter()
            out, count, faces = VideoFile(Path(folder) / "out.mp4", 12), 0, 0
            for frame in sources.Video(SAMPLE / f"videos/{video}.mp4").frames():
                labelled = finder.follow(frame.image, frame.time)
                with finder.timed("draw"):
                    picture = annotate(frame.image, labelled)
                with finder.timed("pass to ffmpeg"):
                    out.write(picture)
                count, faces = count + 1, faces + len(labelled)
            out.close()
            own, encoder, wall = time.process_time() - started, child_seconds() - children, time.perf_counter() - wall
        stages = dict(finder.seconds) | {"read": own - sum(finder.seconds.values()), "encode (ffmpeg)": encoder}
        total = 1000 * (own + encoder) / count
        print(f"{video}: {count} frames of {frame.image.shape[1]} x {frame.image.shape[0]}, {faces / count:.1f} faces a frame")
        for stage, seconds in stages.items():
            print(f"  {stage:16} {1000 * seconds / count:6.1f} ms a frame")
        print(f"  {'sum':16} {total:6.1f} ms a frame of processor time: {2000 / total:.1f} frames a second if two cores were all its own; {count / wall:.1f} in this run\n")


def child_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def find_in_photographs(folder, count, names):
    paths = find_pictures(folder)
    chosen = [paths[number] for number in np.random.default_rng(1).permutation(len(paths))[:count]]
    for name in names:
        detect, found, started = load_detector(name), 0, None
        for path in progress(chosen, name):
            image = read_rgb(path)
            started = started or time.process_time()
            found += len(detect(image)[0]) > 0
        print(f"{name:10} a face in {found} of {len(chosen)} photographs ({found / len(chosen):.1%}), {1000 * (time.process_time() - started) / len(chosen):.0f} ms each")


def fit(names):
    portraits = pd.read_csv(SAMPLE / "faces.csv")
    portraits = portraits[portraits["split"] == "train"]
    pictures = [(read_rgb(SAMPLE / row.picture), np.array([[row.x_min, row.y_min, row.x_max, row.y_max]], float)) for row in portraits.itertuples()]
    pictures += [(image, np.array([box for box, _ in truth], float)) for image, truth in scenes(range(1, FITTED_SCENES + 1))]
    if "blazeface" in names:
        fit_points(pictures)
    for name in set(names) - {"blazeface"}:
        detectors.CORRECTIONS[name], detect, wanted = (0.0, 0.0, 1.0, 1.0), load_detector(name, 40), []
        for image, truth in progress([*pictures[:-FITTED_SCENES:8], *pictures[-FITTED_SCENES:]], name):  # medians need no more
            found, _ = detect(image)
            for box, true in pairs(found, truth):
                size = box[2:] - box[:2]
                wanted.append([*((true[:2] + true[2:] - box[:2] - box[2:]) / 2 / size), *((true[2:] - true[:2]) / size)])
        print(name, len(wanted), "faces:", tuple(float(number) for number in np.median(wanted, axis=0).round(2)))


def pairs(found, truth, least=0.25):
    """Yield boxes with the true box that they overlap most."""
    overlap = iou(found, truth)
    for number, box in enumerate(found):
        if overlap.shape[1] and overlap[number].max() > least:
            yield box, truth[overlap[number].argmax()]


def fit_points(pictures):
    """Fit what `full_range.box_of_points` reads, by least squares with a weak pull towards no dependence on the points."""
    rows, targets = [], []

    def remember(anchors, parts):
        middle, half = anchors + parts[:, :2], parts[:, 2:4] / 2
        boxes = np.concatenate([middle - half, middle + half], axis=1)
        for number, (box, true) in ((number, pair) for number in range(len(boxes)) for pair in pairs(boxes[[number]], remember.truth)):
            size = box[2:] - box[:2]
            rows.append(full_range.features(parts[[number]])[0])
            targets.append([*((true[:2] + true[2:] - box[:2] - box[2:]) / 2 / size), *((true[2:] - true[:2]) / size - 1)])
        return boxes

    kept, full_range.box_of_points = full_range.box_of_points, remember
    for image, truth in progress(pictures, "blazeface"):
        truth = truth[sizes(truth) >= 20]
        for level in full_range.tiles(*image.shape[:2], full_range.SIDE if max(image.shape[:2]) < 400 else 256):
            for place in level + [(x - side / 2, y - side / 2, 2 * side) for x, y, side in level if max(image.shape[:2]) < 400]:
                remember.truth = (truth - [place[0], place[1]] * 2) * full_range.SIDE / place[2]
                full_range.look(image, [place], 0.4)
    full_range.box_of_points = kept
    rows, targets = np.array(rows), np.array(targets)
    pull = 0.02 * len(rows) * np.diag([*rows.var(axis=0)[:8], 0.0])
    middle = rows.mean(axis=0) * [*[1] * 8, 0]
    solved = np.linalg.solve((rows - middle).T @ (rows - middle) + pull, (rows - middle).T @ targets)
    solved[8] -= middle[:8] @ solved[:8]
    print(f"blazeface, {len(rows)} candidates; box_of_points.csv:\nright,down,wider,higher")
    for line in solved.round(4):
        print(",".join(f"{number:g}" for number in line))


if __name__ == "__main__":
    main()
