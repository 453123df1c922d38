"""Compare face detectors on the embedded scenes and videos, and measure what the default costs.

    python benchmarks/detection.py               recall by size, false alarms, time of each detector
    python benchmarks/detection.py --speed [MODEL] time a frame, by stage, of `course detect`
    python benchmarks/detection.py --borders     portraits cut by a border: repeated, and mirrored
    python benchmarks/detection.py --fit         fit every detector's boxes to the annotations

`detection_photographs.py` compares them on photographs.

Time is processor time of all threads, so that other work on the machine counts little; a core has
1,000 ms of it a second. Detectors are fitted to the training portraits and scenes 1 to 3. Scenes 4
to 6 and the videos are new to all of them.
"""

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from course_utils import files
from course_utils.data.progress import progress
from course_utils.detection import (
    MaskDetector,
    detectors,
    full_range,
    load_classifier,
    load_detector,
    recall_by_size,
    score,
    sources,
)
from course_utils.detection.boxes import iou, sizes
from course_utils.detection.drawing import annotate
from course_utils.detection.job import TURNS
from course_utils.detection.outputs import VideoFile
from course_utils.pictures.annotations import read_voc
from course_utils.pictures.images import read_rgb
from course_utils.profiles import SEED

SAMPLE = Path(__file__).resolve().parent.parent / "data/sample"
BOX = ["x_min", "y_min", "x_max", "y_max"]
SIZES = (8, 16, 20, 40, 1000)
FITTED_SCENES = 3
PACKAGES = ("numpy", "opencv-python-headless", "dlib-bin", "mtcnn", "tensorflow")


class Anything:
    """A classifier that costs nothing: here only the boxes count."""

    size, class_names = 8, ("with_mask", "without_mask")

    def __call__(self, faces):
        return np.tile([1.0, 0.0], (len(faces), 1))


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "--speed",
        nargs="?",
        const="",
        metavar="MODEL",
        help="a .keras file of a classifier; the finished program's without one",
    )
    options.add_argument("--borders", action="store_true")
    options.add_argument("--fit", action="store_true")
    options.add_argument("--detectors", nargs="+", choices=detectors.NAMES, default=detectors.NAMES)
    options.add_argument(
        "--min-face",
        type=int,
        default=20,
        help="pixels: the smallest face that the comparison looks for (%(default)s)",
    )
    options.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write the figures here, beside what the file holds already",
    )
    options.add_argument(
        "--step",
        type=int,
        default=6,
        help="use every so-manieth frame for the comparison (%(default)s)",
    )
    asked = options.parse_args()
    if asked.speed is not None:
        store(asked.json, "speed", measure_speed(asked.speed))
    elif asked.borders:
        store(asked.json, "borders", compare_borders())
    elif asked.fit:
        fit(asked.detectors)
    else:
        store(asked.json, "scenes and videos", compare(asked.detectors, asked.step, asked.min_face))


def store(path, part, figures):
    """Write figures and what made them into a part of a JSON file."""
    if not path:
        return
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known[part] = {
        "command": " ".join(["python benchmarks/detection.py", *sys.argv[1:]]),
        "machine": f"{os.cpu_count()} CPU cores, {platform.system()} {platform.machine()}, no GPU",
        "versions": {package: version(package) for package in PACKAGES},
        **figures,
    }
    files.write_text(path, json.dumps(known, indent=2) + "\n")


def scenes(numbers=range(1, 7)):
    """Yield picture and annotated boxes of scenes."""
    for number in numbers:
        boxes, _ = read_voc(SAMPLE / f"scenes/scene_{number}.xml")
        yield (
            read_rgb(SAMPLE / f"scenes/scene_{number}.jpg"),
            [((box.x_min, box.y_min, box.x_max, box.y_max), box.label) for box in boxes],
        )


def frames(name):
    """Yield frame and annotated boxes of a video."""
    table = dict(list(pd.read_csv(SAMPLE / f"videos/{name}.csv").groupby("frame")))
    for frame in sources.Video(SAMPLE / f"videos/{name}.mp4").frames():
        known = table.get(frame.number)
        yield (
            frame,
            (
                []
                if known is None
                else list(zip(known[BOX].itertuples(index=False, name=None), known["label"]))
            ),
        )


def compare(names, step, min_face):
    print(
        f"Single pictures: 6 scenes of 1280 x 720, and every {step}th frame of two videos of 640 x"
        f" 360; faces of {min_face} pixels and more looked for; overlap 0.5 or more is found.\n"
    )
    figures = {}
    for name in names:
        finder, rows, cost = (
            MaskDetector(load_detector(name, min_face), Anything(), min_face=min(min_face, 16)),
            {"scenes": [], "videos": []},
            {},
        )
        pictures = {
            "scenes": list(scenes()),
            "videos": [
                (frame.image, truth)
                for video in ("walk", "webcam")
                for frame, truth in frames(video)
                if frame.number % step == 0
            ],
        }
        finder.look(pictures["videos"][0][0])  # loads the weights
        for kind, listed in pictures.items():
            started = time.process_time()
            for image, truth in progress(listed, f"{name}, {kind}"):
                rows[kind].append(
                    score([(face.box, face.label) for face in finder.look(image)], truth)
                )
            cost[kind] = 1000 * (time.process_time() - started) / len(listed)
        figures[name] = print_recall(name, rows, cost)
    print("\nFollowed from frame to frame, as `course detect` does by default:")
    followed, cost = {}, {}
    for video in ("walk", "webcam"):
        finder, started = MaskDetector(load_detector(turns=TURNS), Anything()), time.process_time()
        followed[video] = [
            score(
                [(face.box, face.label) for face in finder.follow(frame.image, frame.time)], truth
            )
            for frame, truth in frames(video)
        ]
        cost[video] = 1000 * (time.process_time() - started) / len(followed[video])
    return {
        "min_face": min_face,
        "rows": figures,
        "followed": print_recall("blazeface", followed, cost),
    }


def print_recall(name, rows, cost):
    figures = {}
    for kind, listed in rows.items():
        joined = pd.concat(listed)
        table = recall_by_size(joined, SIZES)
        shares = "  ".join(
            f"{size}: {row.share:.2f} of {row.faces:.0f}" for size, row in table.iterrows()
        )
        alarms = (joined["label"] == "").sum() / len(listed)
        print(
            f"{name:10} {kind:7} {cost[kind]:6.0f} ms a picture, {alarms:.2f} false alarms a"
            f" picture; found by size (pixels) {shares}",
            flush=True,
        )
        figures[kind] = {
            "found": {size: round(float(share), 3) for size, share in table["share"].items()},
            "faces": {size: int(faces) for size, faces in table["faces"].items()},
            "alarms": round(float(alarms), 3),
            "milliseconds": round(cost[kind], 1),
        }
    return figures


def measure_speed(path):
    """Do what `course detect` does with both videos, and say what a frame costs, by stage."""
    classify, figures = load_classifier(path or None), {}
    for video in ("walk", "webcam"):
        finder = MaskDetector(load_detector(turns=TURNS), classify)
        for faces in (1, 2, 4, 8):  # kernels are prepared at the first call for a size of a batch
            finder.classify(np.zeros((faces, classify.size, classify.size, 3), np.uint8))
        finder.detect(np.zeros((360, 640, 3), np.uint8))
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
            own, encoder, wall = (
                time.process_time() - started,
                child_seconds() - children,
                time.perf_counter() - wall,
            )
        stages = dict(finder.seconds) | {
            "read": own - sum(finder.seconds.values()),
            "encode (ffmpeg)": encoder,
        }
        stages = {stage: 1000 * seconds / count for stage, seconds in stages.items()}
        total = sum(stages.values())
        print(
            f"{video}: {count} frames of {frame.image.shape[1]} x {frame.image.shape[0]},"
            f" {faces / count:.1f} faces a frame"
        )
        for stage, cost in {**stages, "sum": total}.items():
            print(f"  {stage:16} {cost:6.1f} ms a frame of processor time")
        print(
            f"  {count / wall:.1f} frames a second by the clock in this run; {2000 / total:.1f} if"
            " two cores did nothing else and shared the work evenly\n"
        )
        figures[video] = {
            "frames": count,
            "faces": round(faces / count, 2),
            "milliseconds": {stage: round(cost, 1) for stage, cost in stages.items()},
            "sum": round(total, 1),
        }  # not by the clock: other work on the machine slows that
    return figures


def compare_borders(count=200):
    """Paste training portraits half beyond the left border of an empty picture, and look for what
    remains of the faces.
    """
    portraits, rng = (
        pd.read_csv(SAMPLE / "faces.csv").query("split == 'train'"),
        np.random.default_rng(SEED),
    )
    pictures, truth = [], []
    for row in portraits.sample(count, random_state=SEED).itertuples():
        scale, seen = rng.uniform(40, 110) / (row.x_max - row.x_min), rng.uniform(0.4, 0.6)
        portrait = cv2.resize(
            read_rgb(SAMPLE / row.picture),
            None,
            fx=scale,
            fy=scale,
            interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC,
        )
        left, top = (
            round(scale * (row.x_max - seen * (row.x_max - row.x_min))),
            int(rng.integers(0, 360 - len(portrait))),
        )
        picture = cv2.GaussianBlur(
            cv2.resize(portrait[:20], (640, 360)), (0, 0), 5
        )  # the wall behind the portrait
        picture[top : top + len(portrait), : portrait.shape[1] - left] = portrait[:, left:]
        pictures.append(picture)
        truth.append(
            (0, top + scale * row.y_min, scale * row.x_max - left, top + scale * row.y_max)
        )
    figures, kept = {"faces": count}, full_range.BEYOND
    for name, full_range.BEYOND in (("repeated", cv2.BORDER_REPLICATE), ("mirrored", kept)):
        detect, found, alarms = load_detector(), 0, 0
        for picture, box in progress(list(zip(pictures, truth)), name):
            overlap = iou(np.clip(detect(picture)[0], 0, [640, 360] * 2), [box])
            found, alarms = (
                found + bool(overlap.max(initial=0) >= 0.5),
                alarms + int((overlap < 0.2).sum()),
            )
        figures[name] = {"found": round(found / count, 3), "alarms": round(alarms / count, 3)}
        print(
            f"border {name}: {found / count:.1%} of {count} faces of which 40 to 60 % can be seen"
            f" are found, {alarms / count:.2f} false alarms a picture"
        )
    return figures


def child_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fit(names):
    portraits = pd.read_csv(SAMPLE / "faces.csv")
    portraits = portraits[portraits["split"] == "train"]
    pictures = [
        (
            read_rgb(SAMPLE / row.picture),
            np.array([[row.x_min, row.y_min, row.x_max, row.y_max]], float),
        )
        for row in portraits.itertuples()
    ]
    pictures += [
        (image, np.array([box for box, _ in truth], float))
        for image, truth in scenes(range(1, FITTED_SCENES + 1))
    ]
    if "blazeface" in names:
        fit_points(pictures)
    for name in set(names) - {"blazeface"}:
        detectors.CORRECTIONS[name], detect, wanted = (
            (0.0, 0.0, 1.0, 1.0),
            load_detector(name, 40),
            [],
        )
        for image, truth in progress(
            [*pictures[:-FITTED_SCENES:8], *pictures[-FITTED_SCENES:]], name
        ):  # medians need no more
            found, _ = detect(image)
            for box, true in pairs(found, truth):
                size = box[2:] - box[:2]
                wanted.append(
                    [
                        *((true[:2] + true[2:] - box[:2] - box[2:]) / 2 / size),
                        *((true[2:] - true[:2]) / size),
                    ]
                )
        print(
            name,
            len(wanted),
            "faces:",
            tuple(float(number) for number in np.median(wanted, axis=0).round(2)),
        )


def pairs(found, truth, least=0.25):
    """Yield boxes with the true box that they overlap most."""
    overlap = iou(found, truth)
    for number, box in enumerate(found):
        if overlap.shape[1] and overlap[number].max() > least:
            yield box, truth[overlap[number].argmax()]


def fit_points(pictures):
    """Fit what `full_range.box_of_points` reads, by least squares with a weak pull towards no
    dependence on the points.
    """
    rows, targets = [], []

    def remember(anchors, parts):
        middle, half = anchors + parts[:, :2], parts[:, 2:4] / 2
        boxes = np.concatenate([middle - half, middle + half], axis=1)
        matched = [
            (row, *pair)
            for row in range(len(boxes))
            for pair in pairs(boxes[[row]], remember.truth)
        ]
        for number, box, true in matched:
            size = box[2:] - box[:2]
            rows.append(full_range.features(parts[[number]])[0])
            targets.append(
                [
                    *((true[:2] + true[2:] - box[:2] - box[2:]) / 2 / size),
                    *((true[2:] - true[:2]) / size - 1),
                ]
            )
        return boxes

    kept, full_range.box_of_points = full_range.box_of_points, remember
    for image, truth in progress(pictures, "blazeface"):
        truth = truth[sizes(truth) >= 20]
        for level in full_range.tiles(
            *image.shape[:2], full_range.SIDE if max(image.shape[:2]) < 400 else 256
        ):
            for place in level + [
                (x - side / 2, y - side / 2, 2 * side)
                for x, y, side in level
                if max(image.shape[:2]) < 400
            ]:
                remember.truth = (truth - [place[0], place[1]] * 2) * full_range.SIDE / place[2]
                full_range.look(image, [place], 0.4)
    full_range.box_of_points = kept
    rows, targets = np.array(rows), np.array(targets)
    pull = 0.02 * len(rows) * np.diag([*rows.var(axis=0)[:8], 0.0])
    middle = rows.mean(axis=0) * [*[1] * 8, 0]
    solved = np.linalg.solve(
        (rows - middle).T @ (rows - middle) + pull, (rows - middle).T @ targets
    )
    solved[8] -= middle[:8] @ solved[:8]
    print(f"blazeface, {len(rows)} candidates; box_of_points.csv:\nright,down,wider,higher")
    for line in solved.round(4):
        print(",".join(f"{number:g}" for number in line))


if __name__ == "__main__":
    main()
