"""Measure the set: ``python -m data.generator.measure``, with the course's environment.

Prints what the data card states: how often dlib's HOG detector finds a bare
face and in which groups it does not, how far its 68-point model is from the
projected landmarks, how light the faces are, whether an attribute predicts
split or label, and whether a network tells them from thumbnails.
"""

import argparse
import csv
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from .leaks import separability, thumbnails
from .plan import balance

ATTRIBUTES = [
    "monk_tone",
    "age_group",
    "gender",
    "hair",
    "beard",
    "glasses",
    "head_covering",
    "light",
]
SLICES = ["monk_tone", "hair", "beard", "head_covering", "glasses", "age_group", "light"]
LUMA = np.array([0.2126, 0.7152, 0.0722])


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def picture(folder, row):
    """Return one picture, shape (H, W, 3), uint8."""
    with Image.open(folder / row["picture"], formats=["JPEG"]) as image:
        return np.asarray(image.convert("RGB"))


def landmarks(folder):
    """Return the landmarks of each picture, shape (68, 2), pixels, by file name."""
    return {
        row["picture"]: (
            np.array([float(row[f"{axis}{i}"]) for i in range(68) for axis in "xy"]).reshape(68, 2)
        )
        for row in read(folder / "landmarks.csv")
    }


def detection(folder, rows):
    """Look for each face with HOG and place 68 landmarks on it.

    Returns
    -------
    found : ndarray of bool, shape (N,)
    errors : ndarray, shape (number found,)
        Mean distance of the 68 points over the distance between the outer
        corners of the eyes (the normalisation of 300-W, Sagonas et al. 2013).
    """
    import dlib

    model = Path(find_spec("face_recognition_models").submodule_search_locations[0])
    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(str(model / "models/shape_predictor_68_face_landmarks.dat"))
    known, found, errors = landmarks(folder), [], []
    for row in rows:
        pixels, true = picture(folder, row), known[row["picture"]]
        boxes = detector(pixels, 1)
        found.append(len(boxes) > 0)
        if boxes:
            seen = np.array([(p.x, p.y) for p in predictor(pixels, boxes[0]).parts()])
            errors.append(
                np.linalg.norm(seen - true, axis=1).mean() / np.linalg.norm(true[36] - true[45])
            )
    return np.array(found), np.array(errors)


def by_value(rows, column, numbers):
    """Return {value: mean of `numbers`, count} over the values of a column, tones in order."""
    values = sorted({r[column] for r in rows}, key=lambda v: (len(v), v) if v.isdigit() else (0, v))
    masks = {v: np.array([r[column] == v for r in rows]) for v in values}
    return {v: (float(np.mean(numbers[mask])), int(mask.sum())) for v, mask in masks.items()}


def exposure(folder, rows):
    """Measure how light each face is.

    Returns
    -------
    ndarray, shape (N, 4)
        Mean luminance (of sRGB values, [0, 1]) in the face box, shares of its pixels
        with a channel above 250 and with a luminance below 0.06, and the luminance
        of the eyes with their lids over that of the cheeks.
    """
    known, measured = landmarks(folder), []
    for row in rows:
        pixels, points = picture(folder, row) / 255.0, known[row["picture"]]
        box = [int(row[k]) for k in ("x_min", "y_min", "x_max", "y_max")]
        face = pixels[box[1] : box[3], box[0] : box[2]]
        light = pixels @ LUMA
        apart = np.linalg.norm(points[36] - points[45])
        y, x = np.mgrid[: light.shape[0], : light.shape[1]]

        def around(centre, radius, x=x, y=y, apart=apart, light=light):
            near = np.hypot(x - centre[0], y - centre[1]) < radius * apart
            return light[near].mean() if near.any() else np.nan

        eyes = [around(points[36:42].mean(0), 0.16), around(points[42:48].mean(0), 0.16)]
        cheeks = [
            around((points[2] + points[31]) / 2, 0.12),
            around((points[14] + points[35]) / 2, 0.12),
        ]
        measured.append(
            (
                light[box[1] : box[3], box[0] : box[2]].mean(),
                (face.max(2) > 250 / 255).mean(),
                (face @ LUMA < 0.06).mean(),
                np.nanmean(eyes) / np.nanmean(cheeks),
            )
        )
    return np.array(measured)


def counts(rows):
    """Return a Markdown table: pictures of each attribute value by split."""
    lines = ["| attribute | value | train | validation | test |", "| --- | --- | --- | --- | --- |"]
    for name in ("label", "wearing", "mask_type", "occlusion", *ATTRIBUTES):
        for value in by_value(rows, name, np.zeros(len(rows))):
            split = [
                sum(r[name] == value and r["split"] == part for r in rows)
                for part in ("train", "validation", "test")
            ]
            lines.append(f"| {name} | {value} | " + " | ".join(map(str, split)) + " |")
    return "\n".join(lines)


def report_detection(folder, bare):
    found, errors = detection(folder, bare)
    missed = [r["picture"] for r, f in zip(bare, found) if not f]
    print(
        f"HOG finds {found.mean():.1%} of {len(bare)} bare faces; missed:"
        f" {', '.join(missed) or 'none'}"
    )
    for column in SLICES:
        parts = by_value(bare, column, found)
        print(f"  {column}: " + ", ".join(f"{v} {s:.1%} of {n}" for v, (s, n) in parts.items()))
    print(
        f"landmarks: mean error {errors.mean():.3f}, median {np.median(errors):.3f}, "
        f"90 % below {np.quantile(errors, 0.9):.3f} (of the distance of the outer eye corners)"
    )


def report_exposure(folder, bare):
    light, clipped, dark, contrast = exposure(folder, bare).T
    print(
        f"face box of bare faces: luminance {light.min():.2f} to {light.max():.2f}; clipped pixels "
        f"{clipped.mean():.2%} in the mean, {clipped.max():.1%} at most; darker than 0.06: "
        f"{dark.mean():.2%}; eyes over cheeks {np.median(contrast):.2f}, "
        f"5 % below {np.quantile(contrast, 0.05):.2f}"
    )
    for name, numbers in (("luminance", light), ("eyes over cheeks", contrast)):
        parts = by_value(bare, "monk_tone", numbers)
        print(f"  {name} by tone: " + ", ".join(f"{v} {m:.2f}" for v, (m, _) in parts.items()))


def report_balance(first):
    """Print chi-square tests; split only among equals, as masks are not in every split."""
    bare = [r for r in first if r["wearing"] == "none" and r["occlusion"] == "none"]
    masked = [r for r in first if r["wearing"] != "none"]
    tested = {
        "split, bare faces": (bare, "split"),
        "split, masked faces": (masked, "split"),
        "wearing": (first, "wearing"),
        "occlusion": (first, "occlusion"),
    }
    for title, (rows, against) in tested.items():
        if not rows:
            continue
        values = {a: balance(rows, a, against) for a in ATTRIBUTES}
        least = min(values, key=values.get)
        print(
            f"chi-square against {title}: smallest p {values[least]:.3f} ({least}); "
            + ", ".join(f"{a} {p:.2f}" for a, p in values.items())
        )


def report_leaks(folder, first):
    bare = [r for r in first if r["wearing"] == "none" and r["occlusion"] == "none"]
    unmasked = [r for r in first if r["wearing"] == "none"]
    held = [r for r in first if r["split"] != "train" and r["occlusion"] == "none"]
    asked = [
        (
            f"8x8 thumbnails of bare faces, {split} against the rest",
            bare,
            False,
            lambda r, split=split: r["split"] == split,
        )
        for split in ("train", "validation", "test")
    ]
    asked += [
        (
            "background alone, hard negatives against bare",
            unmasked,
            True,
            lambda r: r["occlusion"] != "none",
        ),
        ("background alone, masked against bare", held, True, lambda r: r["wearing"] != "none"),
    ]
    for title, rows, border, question in asked:
        labels = np.array([question(r) for r in rows])
        if 5 <= labels.sum() <= len(labels) - 5:
            auc, low, high = separability(thumbnails(folder, rows, border=border), labels)
            print(f"{title}: AUC {auc:.2f} (shuffled labels: {low:.2f} to {high:.2f})")


def main():
    parser = argparse.ArgumentParser(
        prog="python -m data.generator.measure", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--folder", type=Path, default=Path("data/sample"))
    parser.add_argument("--counts", action="store_true", help="print only the table of counts")
    options = parser.parse_args()
    if not (options.folder / "faces.csv").is_file():
        parser.error(
            f"{options.folder} holds no faces.csv; give the folder that "
            "data.generator.render wrote with --folder."
        )
    folder, rows = options.folder, read(options.folder / "faces.csv")
    rows = [{"beard": "none"} | row for row in rows]
    if options.counts:
        return print(counts(rows))
    bare = [r for r in rows if r["wearing"] == "none" and r["occlusion"] == "none"]
    first = list({r["person"]: r for r in reversed(rows)}.values())[::-1]
    report_detection(folder, bare)
    report_exposure(folder, bare)
    report_balance(first)
    report_leaks(folder, first)


if __name__ == "__main__":
    main()
