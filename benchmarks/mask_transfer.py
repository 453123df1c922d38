"""Measure what drawn masks are worth as training data: train on them, test on photographs of masks
that were worn.

    course data fetch face-mask-detection && course run 01 --profile real
    python benchmarks/mask_transfer.py
    python benchmarks/mask_transfer.py --framing face --drawings 5
    python benchmarks/mask_transfer.py --base --framing face --shaken 1 --final

A small residual network learns from photographs without a mask and as many with one, and is tested
on photographs of which it saw neither picture nor near-duplicate nor person (groups of chapter 01).
Only the source of the masks differs between rows: photographs of worn masks (what drawing competes
with), masks drawn by `course_utils.masks`, and a flat mask pasted through four points (what it
improves on).

Many bare photographs are tight crops and many masked ones show whole people, so `--framing` decides
much: with "face" every face is cut out first, as a detector does. What was tried, and the test,
stand in data/reference/02_mask_transfer.json.

With `--base` a head on a MobileNetV2 that ImageNet trained learns in place of the small network, at
160 pixels; how strongly it is regularised is chosen on the development photographs. `--shaken 1`
lets it learn each face once more, by a box that is a little off, as chapter 05 does.

With the drawings of MaskTheFace, which managed 611 of 1,200 photographs, the small network was
right on 0.891 +- 0.003 of whole photographs; that was measured once, outside this repository.

While the drawing is being improved, look at the default: the development photographs. `--final`
uses the test photographs, once.
"""

import argparse
import json
import sys
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from course_utils import models
from course_utils.data.faces_table import faces_dir
from course_utils.faces import find_faces
from course_utils.masks import MaskChoice, put_on
from course_utils.masks.choice import MaskOptions, draw_choice, rng_of_face
from course_utils.masks.textures import FOLDER
from course_utils.notebook.artefacts import Artefacts
from course_utils.pictures.annotations import crop
from course_utils.pictures.images import read_rgb
from course_utils.profiles import SEED
from course_utils.training import pipeline
from course_utils.training.features import compute_features
from course_utils.training.head import fit_head

SIDE = 64  # pixels
BASE_SIDE = 160  # pixels, where the pretrained base looks
TRAINING, TESTING, DEVELOPMENT = 600, 400, 300  # photographs of each class
WORDS = {
    "pasted": "one blue mask, pasted",
    "blue": "one blue mask, drawn",
    "drawn-half": "all kinds, drawn on half of the faces",
    "drawn": "all kinds, drawn",
    "worn": "photographs of worn masks",
}
CORNERS = {
    "side_upper_left": 2,
    "side_upper_right": 14,
    "side_lower_left": 5,
    "side_lower_right": 11,
}


def small_resnet(keras):
    """Three stages of two residual blocks (He et al. 2015) with 16, 32 and 64 channels: 0.2 million
    parameters.
    """
    layers = keras.layers
    inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.RandomFlip("horizontal")(inputs)
    x = layers.RandomTranslation(0.08, 0.08)(x)
    x = layers.RandomBrightness(0.2, value_range=(0, 1))(x)
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)
    for channels in (16, 32, 64):
        for number in range(2):
            stride = 2 if number == 0 else 1
            shortcut = (
                layers.Conv2D(channels, 1, strides=stride, use_bias=False)(x) if number == 0 else x
            )
            y = layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False)(
                layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
            )
            y = layers.Conv2D(channels, 3, padding="same", use_bias=False)(
                layers.ReLU()(layers.BatchNormalization(momentum=0.9)(y))
            )
            x = layers.Add()([shortcut, y])
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x)))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dropout(0.2)(x)))


def accuracy(drawings, bare, test, seed, epochs):
    """Train once; return the accuracy on the test pictures and the recall of both classes, with a
    mask first.

    Each epoch shows the next of the drawings, an array of masked faces each, and of the cuts of the
    bare ones, so that more of them take no more steps.
    """
    from course_utils.quiet import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(seed)
    model, labels = small_resnet(keras), np.repeat([1, 0], [len(drawings[0]), len(bare[0])])
    steps = -(-len(labels) // 32) * epochs
    model.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(2e-3, steps), weight_decay=1e-3
        ),
        "binary_crossentropy",
    )
    for epoch in range(epochs):
        model.fit(
            np.concatenate([drawings[epoch % len(drawings)], bare[epoch % len(bare)]]),
            labels,
            batch_size=32,
            verbose=0,
        )
    says = model.predict(test[0], batch_size=128, verbose=0)[:, 0] > 0.5
    return [
        float(np.mean(says == test[1])),
        float(np.mean(says[test[1] == 1])),
        float(np.mean(~says[test[1] == 0])),
    ]


def accuracy_on_base(drawings, bare, test, judges):
    """As `accuracy`, for a head on the pretrained base; nothing about it is random."""
    base = models.build("mobilenetv2", BASE_SIDE, 2, weights="imagenet")

    def features(pictures):
        return compute_features(base, np.rint(255 * pictures).astype(np.uint8), progress=True)

    masked, without = np.concatenate(list(drawings)), features(np.concatenate(list(bare)))
    labels = np.repeat([1, 0], [len(masked), len(without)])
    head = fit_head(
        np.concatenate([features(masked), without]), labels, features(judges[0]), judges[1]
    )
    says = head.probabilities(features(test[0])).argmax(axis=1)
    return [
        float(np.mean(says == test[1])),
        float(np.mean(says[test[1] == 1] == 1)),
        float(np.mean(says[test[1] == 0] == 0)),
    ]


def choose(table, rng, *counts):
    """Draw disjoint sets of pictures so that no group is in two of them."""
    groups = rng.permutation(table.group.unique())
    place = table.group.map({group: number for number, group in enumerate(groups)})
    in_order = table.iloc[np.argsort(place.to_numpy(), kind="stable")]
    chosen, start = [], 0
    for count in counts:
        part = in_order.iloc[start : start + count]
        chosen.append(part)
        start += count
        while (
            0 < start < len(in_order)
            and in_order.group.iloc[start] == in_order.group.iloc[start - 1]
        ):
            start += 1
    return chosen


def shrunk(picture, box=None):
    """Cut a face by its box and a quarter around it, or take the whole picture, and shrink it."""
    cut = picture if box is None else crop(picture, box, margin=0.25)
    return (
        np.asarray(Image.fromarray(cut).resize((shrunk.side,) * 2, shrunk.filter), np.float32) / 255
    )


shrunk.side, shrunk.filter = SIDE, Image.Resampling.BOX


def cuts(picture, box, name, shaken):
    """Cut a face by its box, and by `shaken` boxes near it; a picture without a box stays whole."""
    rng, boxes = rng_of_face(SEED, name, 2), [box]
    for _ in range(shaken):
        boxes.append(None if box is None else pipeline.shaken_in(picture, box, rng))
    return [shrunk(picture, each) for each in boxes]


def read_small(path, framing, shaken=0):
    """Read a photograph; with framing "face" cut the largest face out, where one is found."""
    picture = read_rgb(path)
    faces = find_faces(picture, max_faces=1) if framing == "face" else []
    return cuts(picture, faces[0].box if faces else None, path.name, shaken)


def pasted(picture, landmarks):
    """Paste the flat blue mask through the homography of four points, as chapter 02 does first."""
    mask = np.asarray(Image.open(FOLDER / "surgical_blue.png", formats=["PNG"]).convert("RGBA"))
    anchors = tomllib.loads((FOLDER / "surgical_blue.toml").read_text(encoding="utf-8"))["anchors"]
    source = np.float32([anchors[name][:2] for name in CORNERS])
    matrix = cv2.getPerspectiveTransform(source, np.float32(landmarks[list(CORNERS.values())]))
    warped = cv2.warpPerspective(mask, matrix, picture.shape[1::-1]).astype(float)
    alpha = warped[..., 3:] / 255
    return (picture * (1 - alpha) + warped[..., :3] * alpha).astype(np.uint8)


def draw_masks(folder, names, options, framing, count, shaken):
    """Mask each photograph in every way; return from way to {name: pictures}: every cut of `count`
    drawn ones, one of the others.
    """
    made = {"pasted": {}, "blue": {}, "drawn": {}}
    for name in tqdm(names, unit="picture", desc="masking"):
        picture = read_rgb(folder / name)
        faces = find_faces(picture, max_faces=1)
        if not faces:
            continue
        box = faces[0].box if framing == "face" else None
        drawn = []
        for number in range(count):
            rng = rng_of_face(SEED + number, name, 1)
            drawn.append(put_on(picture, faces[0], draw_choice(options, rng), rng))
        if all(masked.quality.ok for masked in drawn):
            made["drawn"][name] = [
                cut for masked in drawn for cut in cuts(masked.image, box, name, shaken)
            ]
            made["blue"][name] = [
                shrunk(
                    put_on(
                        picture, faces[0], MaskChoice("surgical_blue"), rng_of_face(SEED, name, 1)
                    ).image,
                    box,
                )
            ]
            made["pasted"][name] = [shrunk(pasted(picture, faces[0].landmarks), box)]
    return made


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--final", action="store_true", help="test on the test photographs")
    parser.add_argument("--base", action="store_true", help="a head on the pretrained base")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--only", nargs="*", help="rows: worn, pasted, blue, drawn, drawn-half")
    parser.add_argument(
        "--code",
        help="formats of masks, as `course mask --code` takes them (default: --type random)",
    )
    parser.add_argument(
        "--framing",
        choices=("whole", "face"),
        default="whole",
        help="show the network whole photographs, or faces cut out",
    )
    parser.add_argument(
        "--drawings",
        type=int,
        default=1,
        help="how many masks to draw on each face; every epoch shows the next",
    )
    parser.add_argument(
        "--shaken", type=int, default=0, help="more cuts of each face, by boxes that are a bit off"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    asked = parser.parse_args()
    if asked.base:
        shrunk.side, shrunk.filter = BASE_SIDE, Image.Resampling.BILINEAR

    table = pd.read_csv(
        Artefacts("02_mask_synthesis", "real").earlier("01_data_collection", "faces.csv")
    )
    folder, rng = faces_dir("real"), np.random.default_rng(SEED)
    bare, testing_bare, development_bare = choose(
        table[table.label == "without_mask"], rng, TRAINING, TESTING, DEVELOPMENT
    )
    reserved = set(bare.group) | set(testing_bare.group) | set(development_bare.group)
    masked = table[(table.label == "with_mask") & ~table.group.isin(reserved)]
    testing_masked, development_masked, worn = choose(masked, rng, TESTING, DEVELOPMENT, TRAINING)
    test_parts = (
        (testing_masked, testing_bare) if asked.final else (development_masked, development_bare)
    )
    test = (
        np.stack(
            [
                read_small(folder / name, asked.framing)[0]
                for part in test_parts
                for name in part.picture
            ]
        ),
        np.repeat([1, 0], [len(part) for part in test_parts]),
    )

    judges = (
        np.stack(
            [
                read_small(folder / name, asked.framing)[0]
                for part in (development_masked, development_bare)
                for name in part.picture
            ]
        ),
        np.repeat([1, 0], [len(development_masked), len(development_bare)]),
    )

    options = MaskOptions(code=asked.code) if asked.code else MaskOptions(type="random")
    made = draw_masks(folder, bare.picture, options, asked.framing, asked.drawings, asked.shaken)
    without = {
        name: read_small(folder / name, asked.framing, asked.shaken) for name in bare.picture
    }
    kept = list(made["drawn"])
    share = len(kept) / len(bare)
    sets = {
        way: np.stack([made[way][name] for name in kept], axis=1)
        for way in ("pasted", "blue", "drawn")
    }  # (drawings, faces, ...)
    sets |= {
        "drawn-half": sets["drawn"][:, ::2],
        "worn": np.stack(
            [read_small(folder / name, asked.framing, asked.shaken) for name in worn.picture],
            axis=1,
        ),
    }
    sets = {name: sets[name] for name in WORDS}
    print(
        f"{len(bare)} photographs without a mask, {share:.1%} of them masked; tested on"
        f" {(test[1] == 1).sum()} worn masks and {(test[1] == 0).sum()} bare faces"
        f" ({'test' if asked.final else 'development'} photographs); framing: {asked.framing};"
        f" {'a head on the base' if asked.base else f'{asked.epochs} epochs'} at {shrunk.side} px"
    )
    figures = {}
    for name, pictures in sets.items():
        if asked.only and name not in asked.only:
            continue
        bare_names = (
            list(without)
            if name in ("worn", "drawn")
            else kept
            if name != "drawn-half"
            else kept[::2]
        )
        bare_faces = np.stack([without[each] for each in bare_names], axis=1)
        runs = np.array(
            [accuracy_on_base(pictures, bare_faces, test, judges)]
            if asked.base
            else [
                accuracy(pictures, bare_faces, test, seed, asked.epochs)
                for seed in range(asked.seeds)
            ]
        )
        mean, spread = runs.mean(0), runs.std(0)
        figures[WORDS[name]] = {
            "accuracy": round(mean[0], 4),
            "spread": round(spread[0], 4),
            "recall_with": round(mean[1], 4),
            "recall_without": round(mean[2], 4),
        }
        print(
            f"{name:11} {mean[0]:.3f} ± {spread[0]:.3f}   recall with {mean[1]:.3f}, without"
            f" {mean[2]:.3f}",
            flush=True,
        )
    if asked.json:
        import keras
        import tensorflow

        about = {
            "command": (
                "python benchmarks/mask_transfer.py "
                + " ".join(argument for argument in sys.argv[1:])
            ),
            "machine": "2 processor cores, no GPU",
            "versions": {"tensorflow": tensorflow.__version__, "keras": keras.__version__},
            "photographs": "test" if asked.final else "development",
            "test_pictures": len(test[1]),
            "sources": len(bare),
            "masked_share": round(share, 4),
            "framing": asked.framing,
            "drawings": asked.drawings,
            "shaken": asked.shaken,
            "side": shrunk.side,
            **({} if asked.base else {"epochs": asked.epochs, "seeds": asked.seeds}),
            "rows": figures,
        }
        asked.json.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
