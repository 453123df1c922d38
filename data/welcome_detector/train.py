"""Train the small classifier that chapter 00 runs, from photographs and the embedded pictures.

    python data/welcome_detector/train.py PHOTOGRAPHS

PHOTOGRAPHS holds the folders with_mask/ and without_mask/ of the data set `face-mask-detection`
(`course data fetch face-mask-detection`). Writes model.keras and provenance.json beside this file.
"""

import argparse
import json
import platform
from importlib import metadata
from pathlib import Path

import cv2
import imagehash
import numpy as np
from PIL import Image

from course_utils import quiet
from course_utils.data import faces_table
from course_utils.detection.welcome import MARGIN, SIZE, cut_face, cut_largest_face, find_faces
from course_utils.files import write_text
from course_utils.pictures import images
from course_utils.pictures.annotations import Box
from course_utils.profiles import SEED

keras = quiet.import_keras()
HERE = Path(__file__).parent
STORED = 96  # px: a little more than the network sees, so that turning and shifting cost nothing
TIGHT = 200  # px: photographs up to this size are face crops already
EMBEDDED_REPEATS = 3  # rendered faces are few beside the photographs
BATCH, EPOCHS, PATIENCE = 32, 60, 12


def cut_photograph(rgb):
    """Return (face, how): the largest face found.

    A tight crop in which none is found is used whole; else None.
    """
    face = cut_largest_face(rgb, STORED)
    if face is not None:
        return face, "found"
    if max(rgb.shape[:2]) <= TIGHT and 0.6 < rgb.shape[1] / rgb.shape[0] < 1.7:
        return shrink(rgb, STORED), "used whole"
    return None, "left out"


def group_twins(hashes, distance=4):
    """Give pictures whose difference hashes differ in at most `distance` bits the same number."""
    bits = np.array([image_hash.hash.ravel() for image_hash in hashes])
    group = np.arange(len(bits))
    for position in range(len(bits)):
        twins = (
            np.flatnonzero((bits[position + 1 :] != bits[position]).sum(axis=1) <= distance)
            + position
            + 1
        )
        for twin in twins:
            group[group == group[twin]] = group[position]
    return group


def load_photographs(folder):
    """Return faces, labels (1 with_mask), groups and counts: found, used whole, left out."""
    rows, counts = [], {}
    for label, name in enumerate(("without_mask", "with_mask")):
        counts[name] = {"found": 0, "used whole": 0, "left out": 0}
        for path in images.find_pictures(folder / name):
            try:
                rgb = images.read_rgb(path)
            except images.BadPicture:
                continue
            face, how = cut_photograph(rgb)
            counts[name][how] += 1
            if face is not None:
                rows.append((face, label, imagehash.dhash(Image.fromarray(rgb))))
    faces, labels, hashes = zip(*rows, strict=True)
    return np.array(faces), np.array(labels), group_twins(hashes), counts


def load_embedded():
    """Return faces, labels, people and splits.

    A face is cut by its own box and, where one is found, by dlib's.
    """
    table, rows = faces_table.load_faces("sample"), []
    for row in table.itertuples():
        rgb = images.read_rgb(faces_table.faces_dir("sample") / row.picture)
        own = Box("face", row.x_min, row.y_min, row.x_max, row.y_max)
        found = [box for box in find_faces(rgb) if overlap(box, own) > 0.4][:1]
        rows += [
            (cut_face(rgb, box, STORED), int(row.wearing == "proper"), row.person, row.split)
            for box in [own, *found]
        ]
    faces, labels, people, splits = zip(*rows, strict=True)
    return np.array(faces), np.array(labels), np.array(people), np.array(splits), len(table)


def overlap(one, two):
    """Intersection over union of two boxes."""
    width = min(one.x_max, two.x_max) - max(one.x_min, two.x_min)
    height = min(one.y_max, two.y_max) - max(one.y_min, two.y_min)
    shared = max(width, 0) * max(height, 0)
    return shared / (one.width * one.height + two.width * two.height - shared)


class Batches(keras.utils.PyDataset):
    """Shuffled batches of faces, each turned, shifted, lit and shrunk anew."""

    def __init__(self, faces, labels):
        super().__init__()
        self.faces, self.labels, self.random = faces, labels, np.random.default_rng(SEED)
        self.on_epoch_end()

    def on_epoch_end(self):
        self.order = self.random.permutation(len(self.faces))

    def __len__(self):
        return len(self.faces) // BATCH

    def __getitem__(self, number):
        chosen = self.order[number * BATCH : (number + 1) * BATCH]
        return np.stack([self.vary(self.faces[face]) for face in chosen]), self.labels[
            chosen
        ].astype(np.float32)

    def vary(self, face):
        """(96, 96, 3) uint8 -> (64, 64, 3) float32, 0 to 255."""
        random = self.random
        face = face[:, ::-1] if random.random() < 0.5 else face
        turn = cv2.getRotationMatrix2D(
            (STORED / 2, STORED / 2), random.uniform(-12, 12), random.uniform(0.85, 1.2)
        )
        turn[:, 2] += random.uniform(-0.08, 0.08, 2) * STORED
        face = cv2.warpAffine(
            np.ascontiguousarray(face), turn, (STORED, STORED), borderMode=cv2.BORDER_REPLICATE
        )
        if random.random() < 0.5:  # a face far away
            side = int(random.integers(16, SIZE))
            face = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
        face = shrink(face).astype(np.float32)
        face = (
            (face - face.mean()) * random.uniform(0.7, 1.3) + face.mean() + random.uniform(-35, 35)
        )
        return np.clip(face * random.uniform(0.92, 1.08, 3), 0, 255).astype(np.float32)


def shrink(face, side=SIZE):
    return cv2.resize(
        face,
        (side, side),
        interpolation=cv2.INTER_AREA if max(face.shape) > side else cv2.INTER_LINEAR,
    )


def plain(faces, side=STORED):
    """Bring faces to the network's size, by way of `side` pixels."""
    return np.stack([shrink(shrink(face, side)) for face in faces]).astype(np.float32)


def build():
    inputs = keras.Input((SIZE, SIZE, 3))
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    body = keras.applications.MobileNetV2(
        input_tensor=scaled, alpha=0.35, include_top=False, weights=None, pooling="avg"
    )
    for layer in body.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9  # the default, 0.999, needs thousands of steps to settle
    return keras.Model(
        inputs, keras.layers.Dense(1, activation="sigmoid")(keras.layers.Dropout(0.3)(body.output))
    )


def measure(model, faces, labels, groups, rounds=2000):
    """Accuracy with a 95 % bootstrap interval that draws whole groups, not faces."""
    right = (model.predict(faces, verbose=0)[:, 0] >= 0.5) == labels
    names, member = np.unique(groups, return_inverse=True)
    hits, sizes = np.bincount(member, weights=right), np.bincount(member)
    draws = np.random.default_rng(SEED).integers(len(names), size=(rounds, len(names)))
    low, high = np.percentile(hits[draws].sum(axis=1) / sizes[draws].sum(axis=1), [2.5, 97.5])
    return {
        "faces": len(labels),
        "groups": len(names),
        "accuracy": round(float(right.mean()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photographs", type=Path, help="folder with with_mask/ and without_mask/")
    parser.add_argument(
        "--machine", default="2-core CPU", help="kind of machine, for provenance.json"
    )
    chosen = parser.parse_args()
    keras.utils.set_random_seed(SEED)
    faces, labels, groups, counts = load_photographs(chosen.photographs)
    names = np.random.default_rng(SEED).permutation(np.unique(groups))
    train, validation, test = (
        np.isin(groups, part)
        for part in np.split(names, [int(0.7 * len(names)), int(0.85 * len(names))])
    )
    drawn, drawn_labels, people, splits, drawn_count = load_embedded()
    here = splits == "train"
    train_faces = np.concatenate([faces[train], *[drawn[here]] * EMBEDDED_REPEATS])
    train_labels = np.concatenate([labels[train], *[drawn_labels[here]] * EMBEDDED_REPEATS])
    there = splits == "validation"
    watched = (
        plain(np.concatenate([faces[validation], drawn[there]])),
        np.concatenate([labels[validation], drawn_labels[there]]),
    )
    print(
        counts,
        "train",
        len(train_labels),
        "with mask",
        train_labels.sum(),
        "validation",
        len(watched[1]),
        flush=True,
    )

    model = build()
    model.compile(
        keras.optimizers.Adam(2e-3),
        keras.losses.BinaryCrossentropy(label_smoothing=0.05),
        metrics=["accuracy"],
    )
    share = train_labels.mean()
    model.fit(
        Batches(train_faces, train_labels),
        validation_data=watched,
        epochs=EPOCHS,
        verbose=2,
        class_weight={0: 0.5 / (1 - share), 1: 0.5 / share},
        callbacks=[
            keras.callbacks.ReduceLROnPlateau(factor=0.4, patience=4),
            keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True),
        ],
    )

    away = splits == "test"
    results = {
        "photographs": measure(model, plain(faces[test]), labels[test], groups[test]),
        "photographs, shrunk to 24 px": measure(
            model, plain(faces[test], 24), labels[test], groups[test]
        ),
        "embedded people": measure(model, plain(drawn[away]), drawn_labels[away], people[away]),
    }
    bare = build()  # without the optimizer's state
    bare.set_weights(model.get_weights())
    bare.save(HERE / "model.keras")
    provenance = {
        "command": "python data/welcome_detector/train.py PHOTOGRAPHS",
        "seed": SEED,
        "machine": chosen.machine,
        "versions": {
            "python": platform.python_version(),
            "tensorflow": metadata.version("tensorflow"),
            "keras": keras.__version__,
        },
        "photographs by class": counts,
        "embedded pictures": drawn_count,
        "margin": MARGIN,
        "faces trained on": {
            "photographs": int(train.sum()),
            "embedded, each repeated": int(here.sum()),
        },
        "parameters": bare.count_params(),
        "held out": results,
    }
    write_text(HERE / "provenance.json", json.dumps(provenance, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
