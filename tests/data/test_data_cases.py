"""What people's tools really write: labels as they were meant, or refused by name."""

import csv
import os

import numpy as np
import pytest
from data_course import one_sentence
from drawn import encoded, noise, scene, zipped
from imported import imported, put
from PIL import Image

from course_utils.data.importers import import_dataset
from course_utils.pictures.annotations import Box, write_voc
from course_utils.pictures.images import read_rgb

LEFT, RIGHT = Box("with_mask", 10, 10, 40, 50), Box("without_mask", 70, 20, 110, 70)
YELLOW, BLUE = (230, 200, 20), (20, 40, 220)


def street(width=120, height=80):
    """A grey picture with a yellow block at LEFT and a blue one at RIGHT."""
    rgb = np.full((height, width, 3), 128, np.uint8)
    rgb[10:50, 10:40], rgb[20:70, 70:110] = YELLOW, BLUE
    return rgb


def annotate(path, picture, size, *boxes):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_voc(path, picture, *size, boxes)


def yolo_rows(left, right):
    return f"{left} 0.208333 0.375 0.25 0.5\n{right} 0.75 0.5625 0.333333 0.625\n".encode()


def colours(course, faces, source):
    """What the faces cut from a picture show, by label."""
    folder = course.datasets / ("fpt-cctv" if "labels" in str(source) else "kaggle-853")
    return {
        face["label"]: read_rgb(folder / face["picture"]).mean(axis=(0, 1)).round(-1).tolist()
        for face in faces
    }


def labels(faces):
    return {source: [face["label"] for face in rows] for source, rows in faces.items()}


# --- PASCAL VOC
def test_every_split_has_its_frame_one(source):
    for part, box in (("train", LEFT), ("valid", RIGHT)):
        put(source / part / "frame_000001.png", encoded(street()))
        annotate(source / part / "frame_000001.xml", "x.png", (120, 80), box)
    faces, refused, _ = imported("kaggle-853", source)
    assert labels(faces) == {
        "train/frame_000001.png": ["with_mask"],
        "valid/frame_000001.png": ["without_mask"],
    }
    assert [face["split"] for (face,) in faces.values()] == ["train", "validation"] and not refused


def test_a_telephone_s_picture_is_cut_upright(course, source):
    exif = Image.Exif()
    exif[0x0112] = 6
    put(source / "images/phone.jpg", encoded(street(), "JPEG", quality=95, exif=exif))
    annotate(source / "annotations/phone.xml", "phone.jpg", (120, 80), LEFT, RIGHT)
    faces, refused, changed = imported("kaggle-853", source)
    found = colours(course, faces["images/phone.jpg"], source)
    assert np.abs(np.subtract(found["with_mask"], YELLOW)).max() < 15 and not refused
    assert np.abs(np.subtract(found["without_mask"], BLUE)).max() < 15
    first = faces["images/phone.jpg"][0]
    assert [first[edge] for edge in ("x_min", "y_min", "x_max", "y_max")] == [
        "30",
        "10",
        "70",
        "40",
    ]


def test_a_picture_of_another_size_is_refused(source):
    put(source / "images/ok.png", encoded(street()))
    annotate(source / "annotations/ok.xml", "ok.png", (120, 80), LEFT)
    put(source / "images/s.png", encoded(street()))
    annotate(source / "annotations/s.xml", "s.png", (240, 160), Box("with_mask", 20, 20, 80, 100))
    faces, ((name, reason),), _ = imported("kaggle-853", source)
    assert set(faces) == {"images/ok.png"} and name == "images/s.png"
    assert "annotations/s.xml is for a picture of 240 x 160 pixels" in reason


def test_oddities_stay_as_they_are(source):
    put(source / "images/o.png", encoded(street()))
    corners = "<bndbox><ymax>{}</ymax><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax></bndbox>"
    objects = [
        ("with_mask", corners.format(50.4, 9.6, 10.0, 40.2)),
        ("without_mask", corners.format(70, 70, 20, 70)),
        ("without_mask", corners.format(20, 110, 70, 70)),
        ("With_Mask", corners.format(70, 70, 20, 110)),
        ("without_mask", corners.format(70, 70, 20, 200)),
        ("without_mask", "<polygon><x1>1</x1></polygon>"),
    ]
    text = "".join(f"<object><name>{name}</name>{box}</object>" for name, box in objects)
    size = "<size><width>0</width><height>0</height></size>"
    path = "<path>C:\\Users\\x\\o.png</path>"
    put(source / "annotations/o.xml", f"<annotation>{path}{size}{text}</annotation>".encode())
    faces, refused, changed = imported("kaggle-853", source)
    assert labels(faces) == {"images/o.png": ["with_mask", "without_mask"]}
    assert len(refused) == 4 and len(changed) == 1


# --- YOLO
def test_polygons_have_their_extent(source):
    put(source / "images/train/a.png", encoded(street()))
    polygon = "0.083333 0.125 0.333333 0.125 0.333333 0.625 0.083333 0.625"
    put(source / "labels/train/a.txt", f"1 {polygon}\n".encode())
    faces, refused, _ = imported("fpt-cctv", source)
    (face,) = faces["images/train/a.png"]
    assert [face[edge] for edge in ("x_min", "y_min", "x_max", "y_max")] == ["10", "10", "40", "50"]
    assert face["label"] == "with_mask" and not refused


@pytest.mark.parametrize("name", ["classes.txt", "obj.names", "_darknet.labels"])
def test_the_nearest_list_of_names_counts(source, name):
    for part, names in (("train", "no_mask\nmask\n"), ("val", "mask\r\nno_mask\r\n")):
        put(source / f"images/{part}/{part}.png", encoded(street()))
        put(source / f"labels/{part}/{name}", names.encode())
    put(source / "labels/train/train.txt", yolo_rows(1, 0))
    put(source / "labels/val/val.txt", yolo_rows(0, 1))
    faces, refused, _ = imported("fpt-cctv", source)
    both = ["with_mask", "without_mask"]
    assert labels(faces) == {"images/train/train.png": both, "images/val/val.png": both}
    assert not refused


@pytest.mark.parametrize(
    "text", ["names: ['mask', 'no_mask']", "names:\n  0: mask\n  1: no_mask\n"]
)
def test_roboflow_s_names_and_parts(source, text):
    put(
        source / "data.yaml",
        f"train: ../train/images\nval: ../valid/images\nnc: 2\n{text}".encode(),
    )
    put(source / "README.roboflow.txt", b"x")
    for part in ("train", "valid"):
        put(source / part / "images/cam_png.rf.0a1b.png", encoded(street()))
        put(source / part / "labels/cam_png.rf.0a1b.txt", yolo_rows(0, 1))
    faces, refused, _ = imported("fpt-cctv", source)
    assert set(map(tuple, labels(faces).values())) == {("with_mask", "without_mask")}
    assert [rows[0]["split"] for rows in faces.values()] == ["train", "validation"]
    assert [name for name, _ in refused] == ["README.roboflow.txt"]


def test_only_names_that_boxes_use_matter(source):
    put(source / "images/a.png", encoded(street()))
    put(source / "labels/a.txt", yolo_rows(4, 5) + b"0 0.5 0.5 0.1 0.1\n")
    put(source / "labels/classes.txt", b"dog\nperson\ncat\ntv\nmask\nno_mask\n\n")
    faces, ((name, reason),), _ = imported("fpt-cctv", source)
    assert labels(faces) == {"images/a.png": ["with_mask", "without_mask"]}
    assert name == "images/a.png" and "unknown label 'dog'" in reason


@pytest.mark.parametrize("place", ["", "labels/"])
def test_lists_that_contradict_each_other_are_refused(source, place):
    for number, rows in enumerate((b"2 0.5 0.5 0.2 0.4\n", yolo_rows(0, 1))):
        put(source / f"images/{number}.png", encoded(street()))
        put(source / f"labels/{number}.txt", rows)
    put(source / "data.yaml", b"names: [mask, no_mask, incorrect_mask]")
    put(source / f"{place}classes.txt", b"no_mask\nmask\nincorrect_mask\n")
    faces, ((name, reason),), _ = imported("fpt-cctv", source)
    assert set(faces) == {"images/0.png"} and name == "images/1.png"
    assert "class 0 is" in reason and "data.yaml" in reason and "classes.txt" in reason


@pytest.mark.parametrize(
    "content", [b"names: [mask, no_mask", b"nc: 2\n", b"names: {a: b}", b"names: [[x], y]", b"\xff"]
)
def test_a_list_that_can_not_be_read_is_not_replaced_by_a_guess(course, source, content):
    put(source / "images/a.png", encoded(street()))
    put(source / "labels/a.txt", yolo_rows(0, 1))
    put(source / "data.yaml", content)
    if content == b"\xff":  # an empty list of names
        (source / "data.yaml").unlink()
        put(source / "classes.txt", b"\n\n")
    done = course.run("import", "fpt-cctv", str(source))
    one_sentence(done, "can't be read as a list of class names")


# --- pictures of one's own
def test_own_pictures_of_every_format(course, source):
    rgb = noise(1)
    for number, (name, kind) in enumerate(
        {
            "a.jfif": "JPEG",
            "large.jpg_large": "JPEG",
            "noext": "JPEG",
            "old.jpe": "JPEG",
            "q.jpg?w=800": "JPEG",
            "shot.avif": "AVIF",
            "p.webp": "WEBP",
            "-dash.jpg": "JPEG",
            "tiếng Việt 😷 .jpg": "JPEG",
        }.items()
    ):
        put(source / "with_mask" / name, encoded(noise(number), kind))
    heic = b"\0\0\0\x1cftypheic\0\0\0\0mif1heic" + b"\0" * 40
    left_out = {
        "IMG_0001.HEIC": (heic, "is a HEIC picture, which is not read here: save it again as JPEG"),
        "raw.DNG": (b"II*\0", "of the kind DNG"),
        "Thumbs.db": (b"x", "is no picture"),
        "empty.jpg": (b"", "is an empty file"),
        "html.jpg": (b"<!DOCTYPE html>", "is a web page"),
        "trunc.jpg": (encoded(rgb, "JPEG")[:900], "truncated"),
    }
    for name, (content, _) in left_out.items():
        put(source / "without_mask" / name, content)
    put(source / "without_mask/grey.png", encoded(scene()))
    put(source / "without_mask/.DS_Store", b"x")
    put(source / "without_mask/._plain.jpg", b"x")
    put(source / "__MACOSX/with_mask/a.jpg", b"x")
    done = import_dataset("own", source)
    assert done.faces == {"with_mask": 9, "without_mask": 1} and done.refused == len(left_out)
    assert done.files == {"pictures": 10, "descriptions": 0, "refused": 6, "hidden": 3}
    _, refused, _ = imported("own", source)
    for (name, reason), (wanted, (_, words)) in zip(sorted(refused), sorted(left_out.items())):
        assert name == f"without_mask/{wanted}" and words in reason
    printed = course.run("import", "own", str(source)).out
    assert "Of 16 files 10 pictures and 0 annotations or tables were read, 6 refused" in printed
    assert "3 hidden ones" in printed


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a privilege on Windows")
def test_a_class_folder_may_be_a_link(source, tmp_path):
    put(tmp_path / "elsewhere/1.png", encoded(noise(1)))
    put(source / "without_mask/2.png", encoded(noise(2)))
    (source / "with_mask").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere/loop").symlink_to(source, target_is_directory=True)
    faces, ((name, reason),), _ = imported("own", source)
    assert labels(faces) == {
        "with_mask/1.png": ["with_mask"],
        "without_mask/2.png": ["without_mask"],
    }
    assert name == "with_mask/loop" and "listed already" in reason


def test_names_that_unicode_or_the_digest_holds_for_the_same(source, monkeypatch):
    """Neither of two pictures is lost, in either case."""
    put(source / "with_mask/\u1ea2nh.png", encoded(noise(1)))
    put(source / "with_mask/A\u0309nh.png", encoded(noise(2)))
    faces, refused, _ = imported("own", source)
    assert len(faces) == 2 and not refused

    import hashlib

    real = hashlib.sha256

    class Colliding:
        """Every digest begins with the same 32 bits."""

        def __init__(self, content):
            self._digest = real(content).hexdigest()

        def hexdigest(self):
            return "00000000" + self._digest[8:]

    from course_utils.data import importers

    put(source / "with_mask/1.png", encoded(noise(3)))
    put(source / "with_mask/1.jpg", encoded(noise(4), "JPEG"))
    put(source / "with_mask/deep/1.PNG", encoded(noise(5)))
    monkeypatch.setattr(importers, "hashlib", type("", (), {"sha256": Colliding}))
    done = import_dataset("own", source)
    with open(done.folder / "faces.csv", encoding="utf-8", newline="") as stream:
        pictures = [row["picture"] for row in csv.DictReader(stream)]
    assert len({name.lower() for name in pictures}) == 5
    assert len({(done.folder / name).read_bytes() for name in pictures}) == 5


def test_an_archive_of_a_mac(source):
    files = {"with_mask/1.png": encoded(noise(1)), "__MACOSX/with_mask/._1.png": b"x"}
    faces, refused, _ = imported("own", put(source / "own.zip", zipped(files)))
    assert set(faces) == {"with_mask/1.png"} and not refused


def test_own_folders_may_be_spelled_as_other_sets_do(source):
    """WithMask and no_mask, as `course train` understands them; a person's folder stays a person's,
    also where it is called like a class.
    """
    for seed, name in enumerate(
        ("WithMask/anna/1.png", "no_mask/2.png", "without_mask/mask/3.png")
    ):
        put(source / name, encoded(noise(seed)))
    faces, refused, _ = imported("own", source)
    assert not refused
    assert {name: (face["label"], face["person"]) for name, (face,) in faces.items()} == {
        "WithMask/anna/1.png": ("with_mask", "anna"),
        "no_mask/2.png": ("without_mask", ""),
        "without_mask/mask/3.png": ("without_mask", "mask"),
    }
