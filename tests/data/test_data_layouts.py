"""One miniature per data set, in that set's true layout, with every fault a picture can have."""

import numpy as np
import pytest
from drawn import encoded, noise, scene, tarred, zipped
from imported import imported, put
from PIL import Image

from course_utils.data import layouts
from course_utils.data.importers import import_dataset
from course_utils.data.registry import find, load
from course_utils.pictures.annotations import Box, write_voc


def test_kaggle_12k(source):
    """Face Mask Dataset/Train/WithMask/1.png, and one picture of every awkward kind."""
    top = source / "Face Mask Dataset"
    pictures = {}
    for split in ("Train", "Validation", "Test"):
        for label in ("WithMask", "WithoutMask"):
            pictures[f"{split}/{label}/Augmented_1_{split}.png"] = encoded(noise(len(pictures)))
    odd = "Train/WithMask/"
    clear = np.dstack((noise(30), np.full((48, 48), 100, np.uint8)))
    turned = Image.Exif()
    turned[0x0112] = 6
    frames = [Image.fromarray(noise(seed)) for seed in (31, 32)]
    pictures |= {
        odd + "rgba.png": encoded(clear),
        odd + "16 bit.png": encoded(np.linspace(0, 65535, 2400).astype(np.uint16).reshape(40, 60)),
        odd + "turned (1).jpg": encoded(noise(33, 30, 50), "JPEG", exif=turned),
        odd + "Ảnh [đẹp].png": encoded(noise(34)),
        odd + "wrong.jpg": encoded(noise(35)),
        odd + "big.jpg_1088Wx1632H": encoded(noise(36), "JPEG"),
        odd + "empty.png": b"",
        odd + "cut.png": encoded(noise(37))[:900],
        odd + "text.jpg": b"hello",
        "Train/1.png": encoded(noise(38)),
    }
    for name, content in pictures.items():
        put(top / name, content)
    Image.fromarray(noise(39)).convert("CMYK").save(top / odd / "cmyk.jpg")
    Image.fromarray(noise(40)).quantize(16).save(top / odd / "palette.png")
    frames[0].save(top / odd / "moving.gif", save_all=True, append_images=frames[1:])
    put(source / "__MACOSX" / "Train" / "WithMask" / "._1.png", b"x")

    faces, refused, changed = imported("kaggle-12k", source)
    at = "Face Mask Dataset/"
    assert len(faces) == 15 and not changed
    (one,) = faces[at + "Validation/WithoutMask/Augmented_1_Validation.png"]
    assert (one["label"], one["original_label"], one["split"], one["person"], one["x_min"]) == (
        "without_mask",
        "WithoutMask",
        "validation",
        "",
        "",
    )
    assert {face["split"] for (face,) in faces.values()} == {"train", "validation", "test"}
    assert dict(refused) == {
        at + odd + "empty.png": "is an empty file",
        at + odd + "text.jpg": "is not a JPEG, PNG, WebP, AVIF, BMP, GIF or TIFF picture",
        at + "Train/1.png": "is in no folder named WithMask or WithoutMask",
    } | {
        name: reason
        for name, reason in refused
        if name == at + odd + "cut.png" and "truncated" in reason
    }
    assert len(refused) == 4
    (turned,) = faces[at + odd + "turned (1).jpg"]
    assert (turned["width"], turned["height"]) == ("30", "50")
    copied = find("kaggle-12k").folder / faces[at + odd + "wrong.jpg"][0]["picture"]
    assert copied.suffix == ".png" and copied.read_bytes() == pictures[odd + "wrong.jpg"]


def test_kaggle_853(source):
    """images/maksssksksss0.png and annotations/maksssksksss0.xml."""

    def annotate(number, *boxes):
        write_voc(
            put(source / f"annotations/maksssksksss{number}.xml", b""),
            f"maksssksksss{number}.png",
            160,
            120,
            boxes,
        )

    for number in range(7):
        put(source / f"images/maksssksksss{number}.png", encoded(scene(shade=30 * number)))
    annotate(
        0,
        Box("without_mask", 79, 55, 109, 92),
        Box("with_mask", 10, 10, 40, 44),
        Box("mask_weared_incorrect", 120, 5, 160, 60),
    )
    annotate(
        1,
        Box("with_mask", -5, 100, 30, 140),
        Box("with_mask", 160, 0, 200, 50),
        Box("helmet", 1, 1, 20, 20),
    )
    put(source / "annotations/maksssksksss2.xml", b"<annotation><object>")
    annotate(3, Box("with_mask", 50, 50, 40, 60), Box("with_mask", 1, 2, 11, 22))
    annotate(4)
    put(source / "images/maksssksksss5.png", b"")
    annotate(5, Box("with_mask", 1, 1, 9, 9))
    annotate(77, Box("with_mask", 1, 1, 9, 9))
    put(source / "annotations/._maksssksksss0.xml", b"x")

    faces, refused, changed = imported("kaggle-853", source)
    first = faces["images/maksssksksss0.png"]
    assert [(face["label"], face["original_label"]) for face in first] == [
        ("without_mask", "without_mask"),
        ("with_mask", "with_mask"),
        ("without_mask", "mask_weared_incorrect"),
    ]
    edges = ("x_min", "y_min", "x_max", "y_max", "width", "height")
    assert [first[0][edge] for edge in edges] == ["79", "55", "109", "92", "30", "37"]
    assert [faces["images/maksssksksss1.png"][0][edge] for edge in edges] == [
        "0",
        "100",
        "30",
        "120",
        "30",
        "20",
    ]
    assert set(faces) == {
        "images/maksssksksss0.png",
        "images/maksssksksss1.png",
        "images/maksssksksss3.png",
    }
    assert changed == [
        (
            "images/maksssksksss1.png",
            "box 0 (-5, 100, 30, 140) was cut to the picture of 160 x 120 pixels",
        )
    ]
    expected = [
        ("annotations/maksssksksss77.xml", "belongs to no picture"),
        ("images/maksssksksss1.png", "box 1 (160, 0, 200, 50) lies outside"),
        ("images/maksssksksss1.png", "unknown label 'helmet'"),
        ("images/maksssksksss2.png", "maksssksksss2.xml is not a readable XML"),
        ("images/maksssksksss3.png", "box 50, 50, 40, 60 is empty"),
        ("images/maksssksksss5.png", "empty file"),
        ("images/maksssksksss6.png", "has no annotation file"),
    ]
    assert len(refused) == len(expected)
    for (picture, reason), (name, words) in zip(sorted(refused), expected):
        assert picture == name and words in reason and "Downloads" not in reason


@pytest.mark.parametrize("place", ["apart", "beside", "classes"])
def test_fpt_cctv(source, place):
    """images/<split>/ and labels/<split>/; the text files may also lie beside the pictures."""
    labels = "images" if place == "beside" else "labels"
    classes = ("no_mask", "mask", "incorrect_mask")
    if place == "classes":
        classes = ("mask", "incorrect_mask", "no_mask")
        put(source / "classes.txt", "\n".join(classes).encode())
    mask, none, wrong = (classes.index(name) for name in ("mask", "no_mask", "incorrect_mask"))
    for split in ("train", "val", "public_test"):
        put(source / f"images/{split}/cam 1_{split}.jpg", encoded(scene(100, 200), "JPEG"))
    put(
        source / f"{labels}/train/cam 1_train.txt",
        f"{mask} 0.5 0.5 0.2 0.4\n{none} 0.1 0.2 0.1 0.2\nbroken\n9 0.5 0.5 0.1 0.1\n".encode(),
    )
    put(
        source / f"{labels}/val/cam 1_val.txt",
        f"{wrong} 0.98 0.5 0.1 0.2\n{mask} 1.5 0.5 0.1 0.2\n".encode(),
    )
    put(source / f"{labels}/public_test/cam 1_public_test.txt", b"")
    put(source / f"{labels}/val/lost.txt", b"0 0.5 0.5 0.1 0.1\n")
    put(source / "images/train/bare.jpg", encoded(scene(), "JPEG"))

    faces, refused, changed = imported("fpt-cctv", source)
    first, second = faces["images/train/cam 1_train.jpg"]
    assert (
        first["label"],
        first["split"],
        first["x_min"],
        first["y_min"],
        first["x_max"],
        first["y_max"],
    ) == (
        "with_mask",
        "train",
        "80",
        "30",
        "120",
        "70",
    )
    assert second["label"] == "without_mask"
    (worn,) = faces["images/val/cam 1_val.jpg"]
    assert (worn["label"], worn["original_label"], worn["split"], worn["x_max"]) == (
        "without_mask",
        "incorrect_mask",
        "validation",
        "200",
    )
    assert len(changed) == 1 and changed[0][1].startswith("box 0 (186, 40, 206, 60) was cut")
    expected = [
        ("images/train/bare.jpg", "no label file"),
        ("images/train/cam 1_train.jpg", "line 3"),
        ("images/train/cam 1_train.jpg", "line 4: class 9"),
        ("images/val/cam 1_val.jpg", "lies outside"),
        (f"{labels}/val/lost.txt", "no picture that is there"),
    ]
    assert len(refused) == len(expected)
    for (picture, reason), (name, words) in zip(sorted(refused), sorted(expected)):
        assert picture == name and words in reason


def draw_face():
    """A grey face that dlib's HOG detector finds: shaded oval, brows, eyes, nose and mouth; no
    one's likeness.
    """
    y, x = np.mgrid[0:240, 0:240]

    def oval(cx, cy, rx, ry):
        return np.clip(1.5 - np.hypot((x - cx) / rx, (y - cy) / ry) * 1.5, 0, 1)

    grey = 60 + 150 * np.clip(2 * oval(120, 120, 75, 100), 0, 1)
    for cx in (90, 150):
        grey -= 110 * np.clip(2 * oval(cx, 95, 18, 9), 0, 1) + 90 * np.clip(
            2 * oval(cx, 76, 24, 6), 0, 1
        )
    grey -= 60 * np.clip(2 * oval(120, 140, 16, 7), 0, 1) + 100 * np.clip(
        2 * oval(120, 172, 34, 9), 0, 1
    )
    grey -= 25 * np.clip(2 * oval(120, 118, 8, 30), 0, 1)
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def test_zalo_5k(source, monkeypatch):
    """train/train_meta.csv and train/images/, labels as pandas wrote them; the public test has no
    labels.
    """
    two = np.hstack((draw_face(), draw_face()))
    table = [
        "image_id,fname,mask,distancing,5k",
        "1,001.jpg,1.0,,",
        "2,002.jpg,0.0,1.0,0.0",
        "3,003.jpg,,1.0,",
        "4,004.jpg,1,0,0",
        "5,absent.jpg,1.0,1.0,1.0",
        "6,005.jpg,maybe,,",
        "7,../escape.jpg,1.0,,",
        "8,006.jpg,1.0,,",
        "9",
        f"10,{'x' * 300},1.0,,",
        f"11,{'y' * 200_000},1,1,1",
        "12,001.jpg,1,1,1",
    ]
    put(source / "train/train_meta.csv", "\r\n".join(table).encode("utf-8-sig"))
    for number, rgb in enumerate((draw_face(), two, draw_face(), scene(), draw_face()), start=1):
        put(source / f"train/images/{number:03d}.jpg", encoded(rgb, "JPEG", quality=95))
    put(source / "train/images/006.jpg", b"\xff\xd8\xff")
    put(source / "train/escape.jpg", encoded(draw_face(), "JPEG"))
    put(source / "public_test/public_test_meta.csv", b"image_id,fname\n1,1.jpg\n")

    faces, refused, _ = imported("zalo-5k", source)
    (one,) = faces["train/images/001.jpg"]
    assert one["label"] == "with_mask" and one["original_label"] == "1"
    assert (
        int(one["x_min"]) < 100 < 140 < int(one["x_max"])
        and int(one["y_min"]) < 100
        and int(one["y_max"]) > 170
    )
    left, right = sorted(int(face["x_min"]) for face in faces["train/images/002.jpg"])
    assert right - left == pytest.approx(240, abs=30)
    assert {face["label"] for face in faces["train/images/002.jpg"]} == {"without_mask"} and len(
        faces
    ) == 2
    expected = {
        "train/escape.jpg": "belongs to nothing that was read",
        "train/images/003.jpg": "has no mask label",
        "train/images/004.jpg": "no face was found",
        "train/images/005.jpg": "'maybe'",
        "train/train_meta.csv line 6": "absent.jpg, which is not in",
        "train/train_meta.csv line 8": "'../escape.jpg' is not a file name",
        "train/images/006.jpg": "is ",
        "train/train_meta.csv line 10": "'' is not a file name",
        "train/train_meta.csv line 11": "xxx' is not a file name",
        "train/train_meta.csv": "can't be read to its end",
        "public_test/public_test_meta.csv": "has no columns",
    }
    assert {picture for picture, _ in refused} == set(expected) and len(refused) == len(expected)
    assert all(expected[picture] in reason for picture, reason in refused)


def test_a_scene_with_two_labels_gets_neither(source):
    table = "fname,mask\n1.jpg,1\n2.jpg,1\n2.jpg,0\n1.jpg,1\n"
    put(source / "train_meta.csv", table.encode())
    for number in (1, 2):
        put(source / f"images/{number}.jpg", encoded(draw_face(), "JPEG", quality=95))
    faces, refused, _ = imported("zalo-5k", source)
    assert set(faces) == {"images/1.jpg"} and len(faces["images/1.jpg"]) == 1
    assert sorted(refused) == [
        ("images/2.jpg", "has two labels in train_meta.csv"),
        ("train_meta.csv line 4", "names 2.jpg again"),
        ("train_meta.csv line 5", "names 1.jpg again"),
    ]


def test_vn_celeb(source):
    """VN-celeb/<number>/<number>.png: one folder per person, no masks, as the archive that is
    passed around.
    """
    files = {
        f"VN-celeb/{person}/{number}.png": encoded(noise(10 * person + number))
        for person in (1, 2, 1020)
        for number in range(2)
    }
    files |= {
        "VN-celeb/loose.png": encoded(noise(1)),
        "VN-celeb/2/bad.png": b"",
        "VN-celeb/read me.txt": b"hello",
    }
    faces, refused, _ = imported("vn-celeb", put(source / "VN-celeb.zip", zipped(files)))
    assert {source: face["person"] for source, (face,) in faces.items()} == {
        name: name.split("/")[1] for name in files if name.endswith(("0.png", "1.png"))
    }
    assert {face["label"] for (face,) in faces.values()} == {"without_mask"}
    assert sorted(refused) == [
        ("VN-celeb/2/bad.png", "is an empty file"),
        ("VN-celeb/loose.png", "is in no person's folder"),
        ("VN-celeb/read me.txt", "is no picture"),
    ]


def test_own_pictures(source):
    """with_mask/ and without_mask/, a person's folder below when there is one; a second import
    replaces the first.
    """
    put(source / "with_mask/Zoë/webcam 1.png", encoded(noise(1)))
    put(source / "without_mask/webcam 2.jpg", encoded(noise(2), "JPEG"))
    assert import_dataset("own", source).faces == {"with_mask": 1, "without_mask": 1}
    faces, refused, _ = imported(
        "own",
        put(source.parent / "own.tar.gz", tarred({"my/with_mask/Zoë/1.png": encoded(noise(1))})),
    )
    assert [face["person"] for (face,) in faces.values()] == ["Zoë"] and not refused


def test_every_layout_of_the_registry_is_known(source):
    assert {dataset.layout for dataset in load().values()} == set(layouts.LAYOUTS)
