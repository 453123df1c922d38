"""Train the finished program: a small head on a frozen network that ImageNet trained.

    course data fetch face-mask-detection
    python data/finished/train.py

Writes head.npz and provenance.json beside this file. `--choose` prints the validation figures that
the settings were chosen by, and writes nothing.
"""

import argparse
import io
import json
import platform
import shutil
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageEnhance
from tqdm import tqdm

from course_utils.data import faces_table
from course_utils.data.progress import STYLE
from course_utils.detection import boxes, finished, load_detector
from course_utils.evaluation.statistics import bootstrap_interval
from course_utils.files import replacing, write_text
from course_utils.masks.choice import MaskOptions
from course_utils.masks.job import mask_folder
from course_utils.models import lite
from course_utils.pictures.images import read_rgb
from course_utils.profiles import SEED
from course_utils.training import pipeline, split
from course_utils.training.head import fit_head

HERE = Path(__file__).parent
CLASSES = ("with_mask", "without_mask")
SIZE = 128
"""Pixels: the side of the network's picture; `--choose` compares others."""

SMALL = (10, 40)
"""Pixels to which every face is shrunk once."""

MASKS = (
    "surgical_blue, surgical, surgical_green, surgical-black, KN95, N95, cloth-black,"
    " cloth-navy-dots, cloth-#8a3b3b, cloth-#6b7a4f-checks, cloth-#d8c9b0-flowers"
)
"""Kinds of masks that are drawn, as in chapter 02."""

DRAWINGS = (("mix:3,1,1,1", 0.0), ("mix:2,1,1,2", 0.0), ("mix:2,1,1,2", 0.0), ("under-chin", 0.15))
"""How masks are worn, and how far they are moved down, in each drawing on every bare face."""

SAME = 0.4
"""Intersection over union from which on a box that the detector finds is the face's."""

SHIFT, ZOOM = 0.08, 0.12
"""How far a face's own box is shaken, as a detector's boxes are: in sizes of the box."""

LIGHT, TINT, QUALITY = 0.25, 0.08, (40, 95)
"""Another camera: spread of the logarithms of brightness, contrast and colour, and of each
channel's factor; and the range of JPEG's quality."""


@dataclass(frozen=True)
class Face:
    """One face in one picture.

    Attributes
    ----------
    path : Path
    label : int
        Number of a class.
    group : str
        Who, or what looks alike: never torn between parts.
    part : str
        "train", "validation" or "test".
    kind : str
        "photograph", or of the embedded people "bare", "drawn", "worn" or "covered".
    boxes : list of (str, tuple or None)
        How the face may be cut: "whole" for a photograph that is a face as it is, "own" by its
        annotation, "found" by the detector, "shaken". The first one that is a box says where the
        face is.
    """

    path: Path
    label: int
    group: str
    part: str
    kind: str
    boxes: list


def photographs(detect):
    """Return the faces of the photographs, with the course's own split by groups."""
    table, folder = faces_table.load_faces("real"), faces_table.faces_dir("real")
    small = pipeline.read_faces(table[["picture"]], folder, 32)
    groups = split.group_alike(list(table["picture"]), small, list(table["person"]))
    labels, parts = table["label"].to_numpy(), np.full(len(table), "train", object)
    test = split.hold_back(labels, groups, 0.2, SEED)
    parts[test] = "test"
    rest = np.flatnonzero(~test)
    parts[rest[split.hold_back(labels[rest], groups[rest], 0.25, SEED)]] = "validation"
    faces = []
    rows = zip(table["picture"], labels, groups, parts, strict=True)
    for name, label, group, part in progress(rows, "photographs", len(table)):
        found = largest(detect, read_rgb(folder / name))
        cuts = [("whole", None)] + ([("found", found)] if found is not None else [])
        faces.append(Face(folder / name, CLASSES.index(label), group, part, "photograph", cuts))
    return faces


def embedded(detect, folder):
    """Return the embedded people's faces; masks are drawn on the bare ones into a folder."""
    table, source = faces_table.load_faces("sample"), faces_table.faces_dir("sample")
    bare = table[(table["wearing"] == "none") & (table["occlusion"] == "none")]
    for name in bare["picture"]:
        (folder / "bare" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, folder / "bare" / name)
    drawn = drawings(bare, folder)
    rows = [
        (source / row.picture, row.wearing == "proper", row, _kind(row))
        for row in table.itertuples()
    ]
    rows += [(row.path, row.wear == "proper", row, "drawn") for row in drawn.itertuples()]
    faces, rng = [], np.random.default_rng(SEED)
    for path, proper, row, kind in progress(rows, "embedded people", len(rows)):
        own = tuple(getattr(row, edge) for edge in pipeline.BOX)
        cuts = [("own", own)] + [
            ("shaken", pipeline.shaken(own, rng, SHIFT, ZOOM))
            for _ in range(1 if kind == "drawn" else 2)
        ]
        found = largest(detect, read_rgb(path))
        if found is not None and boxes.iou([own], [found])[0, 0] > SAME:
            cuts.append(("found", found))
        faces.append(Face(path, int(not proper), row.person, row.split, kind, cuts))
    return faces


def drawings(bare, folder):
    """Draw masks on the faces in bare/ of a folder, for each of `DRAWINGS`; return the pictures."""
    tables = []
    for number, (wear, position) in enumerate(DRAWINGS):
        target = folder / f"drawn {number}"
        options = MaskOptions(code=MASKS, wear=wear, position=position, seed=SEED + number)
        account = mask_folder(folder / "bare", target, options, workers=2)
        masked = account[account["result"] == "masked"]
        tables.append(masked.assign(path=[target / name for name in masked["output"]]))
    return pd.concat(tables).merge(
        bare[["picture", "person", "split", *pipeline.BOX]], on="picture", suffixes=("_found", "")
    )


def _kind(row):
    if row.occlusion != "none":
        return "covered"
    return "bare" if row.wearing == "none" else "worn"


def largest(detect, picture):
    """Return the largest box that the detector finds, or None."""
    found, _ = detect(picture)
    height, width = picture.shape[:2]
    found = np.clip(found, 0, [width, height, width, height])
    found = found[boxes.sizes(found) >= 8]
    return tuple(found[np.argmax(boxes.sizes(found))]) if len(found) else None


def measure(detect, faces, size):
    """Return a row for each cut of each face, and what the frozen network says of it.

    Each cut is taken as it is and shrunk. Where the face has a box, the whole picture is shrunk as
    well, and the face looked for again: what the program meets far away. For training each of these
    is also seen in a mirror, as another camera takes it.
    """
    frozen = lite.LiteNetwork(lite.convert(finished.rows_of_features(size)))
    rows, features = [], []
    for number, face in enumerate(progress(faces, f"features at {size} pixels", len(faces))):
        picture, squares, cuts = read_rgb(face.path), [], []
        for turn, (cut, box) in enumerate(face.boxes):
            pixels = pipeline.random_size(f"{face.path.name}:{turn}", SMALL, SEED)
            squares.append(pipeline.cut_face(picture, box, size))
            squares.append(pipeline.shrink_face(picture, box, pixels, size))
            cuts += [(cut, False), (cut, True)]
        box = next((box for _, box in face.boxes if box is not None), None)
        if box is not None:
            pixels = pipeline.random_size(f"{face.path.name}:far", SMALL, SEED)
            squares.append(pipeline.cut_face(*from_afar(detect, picture, box, pixels), size))
            cuts.append(("far", True))
        if face.part == "train":
            rng = np.random.default_rng([SEED, number])
            squares += [another_camera(square[:, ::-1], rng) for square in squares]
            cuts += [(f"{cut}, mirrored", small) for cut, small in cuts]
        features += [found[0] for found in frozen(squares)]
        rows += [(number, cut, small) for cut, small in cuts]
    table = pd.DataFrame(rows, columns=["face", "cut", "small"])
    for column in ("label", "group", "part", "kind"):
        table[column] = [getattr(faces[number], column) for number in table["face"]]
    return table, np.array(features, np.float32)


def another_camera(square, rng):
    """Return a face in other light, with other colours, and compressed."""
    picture = Image.fromarray(np.ascontiguousarray(square))
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = change(picture).enhance(float(np.exp(rng.normal(0, LIGHT))))
    tinted = np.asarray(picture, np.float32) * np.exp(rng.normal(0, TINT, 3))
    stream = io.BytesIO()
    Image.fromarray(np.clip(tinted, 0, 255).astype(np.uint8)).save(
        stream, "JPEG", quality=int(rng.integers(*QUALITY))
    )
    return np.asarray(Image.open(stream, formats=["JPEG"]).convert("RGB"))


def from_afar(detect, picture, box, pixels):
    """Shrink a picture until its face has so many pixels, and look for the face anew.

    Returns the small picture and the face's box in it: the one found, or where none is found the
    one that it had.
    """
    scale = min(1.0, pixels / min(box[2] - box[0], box[3] - box[1]))
    height, width = (max(1, round(length * scale)) for length in picture.shape[:2])
    small = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BOX))
    own = np.array(box, float) * scale
    found, _ = detect(small)
    found = np.clip(found, 0, [width, height, width, height])
    overlap = boxes.iou([own], found)[0]
    return small, tuple(found[overlap.argmax()] if overlap.max(initial=0) > SAME else own)


def fit(table, features, strengths=(3e-4, 1e-3, 3e-3)):
    """Fit the head on the training part, its strength chosen on the validation part."""
    train, watched = (table["part"] == part for part in ("train", "validation"))
    labels = table["label"].to_numpy()
    return fit_head(features[train], labels[train], features[watched], labels[watched], strengths)


def report(table, features, head, part):
    """Return accuracies on a part, each with its 95 % interval over groups."""
    said = head.probabilities(features).argmax(axis=1)
    table = table.assign(right=said == table["label"])[table["part"] == part]
    table = table[~((table["kind"] != "photograph") & (table["cut"] == "shaken"))]
    found = {}
    for (kind, cut, small), rows in table.groupby(["kind", "cut", "small"]):
        low, high = bootstrap_interval(rows["right"], rows["group"], seed=SEED)
        size = f"{SMALL[0]} to {SMALL[1]} px" if small else "as it is"
        found[f"{kind}, {cut}, {size}"] = {
            "faces": len(rows),
            "groups": int(rows["group"].nunique()),
            "accuracy": round(float(rows["right"].mean()), 4),
            "interval": [round(float(low), 4), round(float(high), 4)],
        }
    return found


def count_found(faces, label):
    """Count the photographs of a class in which the detector found a face."""
    found = [
        len(face.boxes) > 1 for face in faces if (face.kind, face.label) == ("photograph", label)
    ]
    return {"found": sum(found), "not found": len(found) - sum(found)}


def progress(rows, words, total):
    return tqdm(rows, words, total=total, **STYLE)


def collect(detect, folder):
    return [*photographs(detect), *embedded(detect, folder)]


def choose(detect, faces):
    """Print what the settings were chosen by: validation people and photographs only."""
    for size in (96, 128, 160):
        table, features = measure(detect, faces, size)
        for name, kept in (
            ("whole faces", ~table["small"]),
            ("small faces", table["small"]),
            ("both", table["small"] | True),
        ):
            used = kept | (table["part"] != "train")
            head = fit(table[used].reset_index(drop=True), features[used])
            print(f"\n{size} px, trained on {name}: C {head.strength}", end=", ")
            print(f"loss {head.validation_loss:.4f}")
            for line, figures in report(table, features, head, "validation").items():
                print(f"  {line}: {figures['accuracy']:.3f} of {figures['faces']}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--choose", action="store_true", help="compare settings on validation")
    asked = parser.parse_args()
    detect = load_detector()
    with tempfile.TemporaryDirectory() as folder:
        faces = collect(detect, Path(folder))
        if asked.choose:
            choose(detect, faces)
            return
        table, features = measure(detect, faces, SIZE)
    head = fit(table, features)
    with replacing(HERE / "head.npz") as temporary, temporary.open("wb") as stream:
        np.savez(stream, kernel=head.kernel, bias=head.bias)
    used = table[table["part"] == "train"]
    provenance = {
        "command": "python data/finished/train.py",
        "seed": SEED,
        "size": SIZE,
        "class_names": CLASSES,
        "small": SMALL,
        "strength": head.strength,
        "versions": {
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in ("tensorflow", "keras", "scikit-learn")},
        },
        "trained on": {
            kind: {"faces": int(rows["face"].nunique()), "cuts": len(rows)}
            for kind, rows in used.groupby("kind")
        },
        "photographs by class": {
            name: count_found(faces, number) for number, name in enumerate(CLASSES)
        },
        "validation": report(table, features, head, "validation"),
        "held out": report(table, features, head, "test"),
    }
    write_text(HERE / "provenance.json", json.dumps(provenance, indent=2) + "\n")
    print(json.dumps(provenance["held out"], indent=2))


if __name__ == "__main__":
    main()
