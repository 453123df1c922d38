"""Measure the set: ``python -m data.generator.measure``.

Prints what the data card states: how often dlib's HOG detector finds a bare
face, how far its 68-point model is from the projected landmarks, whether an
attribute predicts split or label, and whether thumbnails give the split away.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from PIL import Image

from .plan import balance

ATTRIBUTES = ["monk_tone", "age_group", "gender", "glasses", "head_covering", "light"]


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def detection(folder, rows):
    """Return the share of faces found and the landmark errors.

    Returns
    -------
    found : float
    errors : ndarray
        Mean distance of the 68 points over the distance between the outer
        corners of the eyes, one number a found face.
    missed : list of str
    """
    import dlib
    import face_recognition_models

    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(face_recognition_models.pose_predictor_model_location())
    points = {row["picture"]: row for row in read(folder / "landmarks.csv")}
    errors, missed = [], []
    for row in rows:
        pixels = np.asarray(Image.open(folder / row["picture"]).convert("RGB"))
        boxes = detector(pixels, 1)
        if not boxes:
            missed.append(row["picture"])
            continue
        seen = np.array([(p.x, p.y) for p in predictor(pixels, boxes[0]).parts()])
        known = points[row["picture"]]
        true = np.array([(float(known[f"x{i}"]), float(known[f"y{i}"])) for i in range(68)])
        between = np.linalg.norm(true[36] - true[45])
        errors.append(np.linalg.norm(seen - true, axis=1).mean() / between)
    return 1 - len(missed) / len(rows), np.array(errors), missed


def thumbnails(folder, rows, size=8, border=False):
    """Return 8x8 colour thumbnails as vectors; `border` keeps only the outermost pixels."""
    vectors = []
    for row in rows:
        pixels = np.asarray(Image.open(folder / row["picture"]).resize((size, size), Image.BOX)) / 255
        if border:
            ring = np.ones((size, size), bool)
            ring[1:, 1:-1] = False  # the lowest row shows shoulders, not background
            pixels = pixels[ring]
        vectors.append(pixels.ravel())
    return np.array(vectors)


def separability(vectors, labels, folds=5, strength=30.):
    """Return the cross-validated area under the ROC curve of ridge regression; 0.5 is chance."""
    rng = np.random.default_rng(0)
    part = rng.permutation(len(labels)) % folds
    scores = np.zeros(len(labels))
    for k in range(folds):
        x, y = vectors[part != k], labels[part != k].astype(float)
        mean = x.mean(0)
        solve = np.linalg.solve((x - mean).T @ (x - mean) + strength * np.eye(x.shape[1]),
                                (x - mean).T @ (y - y.mean()))
        scores[part == k] = (vectors[part == k] - mean) @ solve
    rank = scores.argsort().argsort() + 1
    positive = labels.sum()
    return (rank[labels].sum() - positive * (positive + 1) / 2) / (positive * (len(labels) - positive))


def counts(rows):
    """Return a Markdown table: pictures of each attribute value by split."""
    lines = ["| attribute | value | train | validation | test |", "| --- | --- | --- | --- | --- |"]
    for name in ("label", "wearing", "mask_type", "occlusion", *ATTRIBUTES, "hair"):
        values = sorted({r[name] for r in rows}, key=lambda v: (len(v), v) if v.isdigit() else (0, v))
        for value in values:
            split = [sum(r[name] == value and r["split"] == part for r in rows)
                     for part in ("train", "validation", "test")]
            lines.append(f"| {name} | {value} | " + " | ".join(map(str, split)) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="python -m data.generator.measure",
                                     description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("data/sample"))
    parser.add_argument("--counts", action="store_true", help="print only the table of counts")
    options = parser.parse_args()
    folder, rows = options.folder, read(options.folder / "faces.csv")
    if options.counts:
        return print(counts(rows))
    bare = [r for r in rows if r["wearing"] == "none" and r["occlusion"] == "none"]
    found, errors, missed = detection(folder, bare)
    print(f"HOG finds {found:.1%} of {len(bare)} bare faces; missed: {', '.join(missed) or 'none'}")
    print(f"landmarks: mean error {errors.mean():.3f}, median {np.median(errors):.3f}, "
          f"90 % below {np.quantile(errors, .9):.3f} (of the distance of the outer eye corners)")
    first = list({r["person"]: r for r in rows}.values())
    for against in ("split", "wearing", "occlusion"):
        values = {a: balance(first, a, against) for a in ATTRIBUTES}
        least = min(values, key=values.get)
        print(f"chi-square against {against}: smallest p {values[least]:.2f} ({least})")
    small = thumbnails(folder, first)
    for split in ("validation", "test"):
        labels = np.array([r["split"] == split for r in first])
        print(f"8x8 thumbnails, {split} against the rest: AUC {separability(small, labels):.2f}")
    plain = [r for r in first if r["wearing"] == "none"]
    labels = np.array([r["occlusion"] != "none" for r in plain])
    ring = thumbnails(folder, plain, border=True)
    print(f"background ring, hard negatives against bare: AUC {separability(ring, labels):.2f}")


if __name__ == "__main__":
    main()
