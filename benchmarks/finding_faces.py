"""Compare ways to find a face, on photographs of one's own.

    python benchmarks/finding_faces.py work/datasets/face-mask-detection/dataset/without_mask
    --final --sheets work/sheets

Draws pictures at random with a seed and asks every detector about each of them in turn, so that
other work on the machine slows all alike; one core, processor time. Prints how many pictures each
finds a face in, and its speed as a multiple of dlib's HOG detector in the same run; then what each
stage of the cascade contributes and what easy and hard pictures cost.

The first pictures of the shuffled list are for development, the last ones (`--final`) for a final
figure. Whether landmarks lie well is seen on the contact sheets only. They show people: keep them
out of the repository.
"""

import argparse
import time
from collections import Counter
from functools import cache
from pathlib import Path

import cv2
import dlib
import numpy as np
from tqdm import tqdm

from course_utils.faces import blazeface, find_faces
from course_utils.faces.weights import weights
from course_utils.pictures.finding import find_pictures
from course_utils.pictures.images import read_rgb

HOG, CASCADE = "HOG of dlib", "the course's cascade"
EASY = 160
"""Pixels; a picture no larger than this whose face the first stage finds counts as easy."""

CELL, PER_ROW, PER_SHEET = 240, 8, 40


def hog(image, padding=0.0, threshold=0.0):
    return _hog().run(_padded(image, padding), 0, threshold)[0]


def mmod(image):
    return _mmod()(_padded(image, 0.4), 0)


DETECTORS = {
    HOG: hog,
    "HOG, border of 40 %, threshold -0.5": lambda image: hog(image, 0.4, -0.5),
    "MMOD of dlib, border of 40 %": mmod,
    "BlazeFace front, border of 30 %": lambda image: blazeface.detect(image, "front", 0.3),
    "BlazeFace back, border of 40 %": lambda image: blazeface.detect(image, "back", 0.4, 0.3),
    CASCADE: find_faces,
}


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("folder", help="pictures, subfolders included")
    options.add_argument("--count", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument(
        "--final",
        action="store_true",
        help="the last pictures of the shuffled list instead of the first",
    )
    options.add_argument(
        "--without",
        nargs="*",
        default=[],
        metavar="WORD",
        help="leave out detectors so named, such as MMOD",
    )
    options.add_argument(
        "--sheets", type=Path, help="write contact sheets with the landmarks into this folder"
    )
    asked = options.parse_args()
    cv2.setNumThreads(1)

    paths = find_pictures(asked.folder)
    order = np.random.default_rng(asked.seed).permutation(len(paths))
    drawn = order[-asked.count :] if asked.final else order[: asked.count]
    detectors = {
        name: ask
        for name, ask in DETECTORS.items()
        if not any(word in name for word in asked.without)
    }
    for ask in detectors.values():
        ask(read_rgb(paths[drawn[0]]))  # loads the weights

    found, left, seconds, pictures = Counter(), 0, {name: [] for name in detectors}, []
    for number in tqdm(drawn, unit="picture"):
        image = read_rgb(paths[number])
        answers = {}
        for name, ask in detectors.items():
            start = time.process_time()
            answers[name] = ask(image)
            seconds[name].append(time.process_time() - start)
            found[name] += len(answers[name]) > 0
        left += not answers[CASCADE] and any(answers.values())
        pictures.append((image, answers[CASCADE]))

    print_table(detectors, found, seconds, pictures)
    print("found by another detector only:", left)
    if asked.sheets:
        write_sheets(asked.sheets, pictures)


def print_table(detectors, found, seconds, pictures):
    print(
        f"{len(pictures)} pictures; longer side: median"
        f" {np.median([max(image.shape) for image, _ in pictures]):.0f} pixels\n"
    )
    print(f"{'detector':38}{'found':>9}{'median ms':>11}{'pictures/s':>12}{'of HOG':>9}")
    for name in detectors:
        speed = len(pictures) / sum(seconds[name])
        times = sum(seconds[HOG]) / sum(seconds[name])
        print(
            f"{name:38}{found[name] / len(pictures):9.1%}"
            f"{1000 * np.median(seconds[name]):11.1f}{speed:12.1f}{times:9.2f}"
        )

    cost = 1000 * np.array(seconds[CASCADE])
    stages = [faces[0].found_by if faces else "none" for _, faces in pictures]
    small = np.array([max(image.shape) <= EASY for image, _ in pictures])
    easy = small & (np.array(stages) == "blazeface")
    print(
        "\nfound first by:",
        ", ".join(f"{stage} {count}" for stage, count in Counter(stages).most_common()),
    )
    print("more than one face:", sum(len(faces) > 1 for _, faces in pictures))
    kinds = {
        f"easy, to {EASY} pixels": easy,
        f"hard, to {EASY} pixels": small & ~easy,
        "larger": ~small,
    }
    for name, chosen in kinds.items():
        if chosen.any():
            middle, most = np.percentile(cost[chosen], [50, 95])
            hog_cost = 1000 * np.median(np.array(seconds[HOG])[chosen])
            print(
                f"{name}: {chosen.sum()} pictures, median {middle:.1f} ms, 95 % below {most:.1f}"
                f" ms; HOG {hog_cost:.1f} ms"
            )


def write_sheets(folder, pictures):
    """Write PNG files of 40 pictures each, with the landmarks of all faces: the largest face green,
    others red.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(pictures), PER_SHEET):
        sheet = np.zeros((PER_SHEET // PER_ROW * CELL, PER_ROW * CELL, 3), np.uint8)
        for place, (image, faces) in enumerate(pictures[first : first + PER_SHEET]):
            top, left = place // PER_ROW * CELL, place % PER_ROW * CELL
            cell = sheet[top : top + CELL, left : left + CELL]
            draw(cell, image, faces)
            cv2.putText(
                cell,
                str(first + place),
                (2, 12),
                cv2.FONT_HERSHEY_SIMPLEX,
                0.4,
                (255, 255, 0),
                1,
                cv2.LINE_AA,
            )
        cv2.imwrite(str(folder / f"faces_{first:03}.png"), sheet[..., ::-1])


def draw(cell, image, faces):
    """Draw a picture into the middle of a cell, small enough to show landmarks outside it."""
    scale = 0.8 * CELL / max(image.shape[:2])
    shown = cv2.resize(
        image,
        None,
        fx=scale,
        fy=scale,
        interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC,
    )
    top, left = (CELL - shown.shape[0]) // 2, (CELL - shown.shape[1]) // 2
    cell[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    canvas = cell.copy()
    for number, face in enumerate(faces):
        for x, y in (face.landmarks + 0.5) * scale + [left, top]:
            colour = (255, 0, 0) if number else (0, 255, 0)
            cv2.circle(
                canvas, (round(8 * float(x)), round(8 * float(y))), 12, colour, -1, cv2.LINE_AA, 3
            )
    cell[:] = canvas


def _padded(image, padding):
    border = round(padding * max(image.shape[:2]))
    return cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_REPLICATE)


@cache
def _hog():
    return dlib.get_frontal_face_detector()


@cache
def _mmod():
    return dlib.cnn_face_detection_model_v1(
        weights("face_recognition_models", "models/mmod_human_face_detector.dat")
    )


if __name__ == "__main__":
    main()
