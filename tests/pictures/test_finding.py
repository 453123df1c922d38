"""Which files of a folder are pictures: by name and by content, through links, none lost."""

import os

import numpy as np
import pytest
from PIL import Image

from course_utils.errors import CourseError
from course_utils.pictures.finding import find_files
from course_utils.pictures.images import BadPicture, read_rgb

HEIC_HEAD = b"\0\0\0\x1cftypheic\0\0\0\0mif1heic" + b"\0" * 40


def grey(path, kind, shade=90):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (24, 16), (shade, shade, shade)).save(path, kind)


def names(folder, paths):
    return [path.relative_to(folder).as_posix() for path in paths]


def test_every_file_is_in_one_place(tmp_path):
    """What telephones, browsers and other systems leave in a folder of pictures."""
    for name, kind in {
        "shot.avif": "AVIF",
        "old.jpe": "JPEG",
        "a.jfif": "JPEG",
        "large.jpg_large": "JPEG",
        "noext": "JPEG",
        "page.jpg?w=800": "JPEG",
        "export.dat": "PNG",
        "scan.TIF": "TIFF",
        "clip": "GIF",
        "b.bin": "BMP",
        "w.unknown": "WEBP",
    }.items():
        grey(tmp_path / "with_mask" / name, kind)
    grey(tmp_path / "with_mask/tiff.DNG", "TIFF")
    for name, content in {
        "IMG_0001.HEIC": HEIC_HEAD,
        "heic": HEIC_HEAD,
        "drawing.psd": b"8BPS",
        "Thumbs.db": b"x",
        "BM.txt": b"BM is two letters, and no picture of any kind that is known",
        "empty": b"",
        ".DS_Store": b"x",
        "._a.jpg": b"x",
    }.items():
        (tmp_path / "with_mask" / name).write_bytes(content)
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "a.jpg").write_bytes(b"x")
    if os.name != "nt":
        (tmp_path / "with_mask/gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
        os.mkfifo(tmp_path / "with_mask/pipe.jpg")
    found = find_files(tmp_path)
    assert [name.removeprefix("with_mask/") for name in names(tmp_path, found.pictures)] == sorted(
        ("shot.avif", "old.jpe", "a.jfif", "large.jpg_large", "noext", "page.jpg?w=800")
        + ("export.dat", "scan.TIF", "clip", "b.bin", "w.unknown")
    )
    assert all(read_rgb(path).shape == (16, 24, 3) for path in found.pictures)
    assert names(tmp_path, found.others) == [
        f"with_mask/{name}" for name in ("BM.txt", "Thumbs.db", "empty")
    ]
    reasons = {path.name: reason for path, reason in found.unreadable}
    for name in ("IMG_0001.HEIC", "heic"):
        assert "HEIC" in reasons[name] and "save it again as JPEG" in reasons[name]
    assert "DNG" in reasons["tiff.DNG"] and "PSD" in reasons["drawing.psd"]
    if os.name != "nt":
        assert "leads nowhere" in reasons["gone.jpg"] and "no file" in reasons["pipe.jpg"]
    assert found.hidden == 3
    visible = sum(1 for path in (tmp_path / "with_mask").iterdir() if path.name[0] != ".")
    assert len(found.pictures) + len(found.left_out) == visible


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a privilege on Windows")
def test_links_to_folders_are_followed_once(tmp_path):
    source, elsewhere = tmp_path / "source", tmp_path / "elsewhere"
    grey(source / "with_mask/1.jpg", "JPEG")
    grey(elsewhere / "deep/2.jpg", "JPEG")
    (source / "a loop").symlink_to(source, target_is_directory=True)
    (source / "a twin").symlink_to(source / "with_mask", target_is_directory=True)
    (source / "without_mask").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "back").symlink_to(source, target_is_directory=True)
    (elsewhere / "again").symlink_to(elsewhere, target_is_directory=True)
    found = find_files(source)
    assert names(source, found.pictures) == ["with_mask/1.jpg", "without_mask/deep/2.jpg"]
    assert {path.name for path, _ in found.unreadable} == {"a loop", "a twin", "back", "again"}
    assert all("listed already" in reason for _, reason in found.unreadable)
    assert names(source, find_files(source / "without_mask").pictures)[-1] == (
        "without_mask/deep/2.jpg"
    )


def test_a_heic_file_has_its_remedy_whatever_it_is_called(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(HEIC_HEAD)
    with pytest.raises(BadPicture, match="is a HEIC picture.*save it again as JPEG") as caught:
        read_rgb(tmp_path / "photo.jpg")
    assert "remove the file" not in str(caught.value) and "JPEG" in caught.value.reason
    (tmp_path / "page.jpg").write_bytes(b"<!DOCTYPE html><title>Sign in</title>")
    with pytest.raises(BadPicture, match="is a web page"):
        read_rgb(tmp_path / "page.jpg")


def test_no_folder(tmp_path):
    with pytest.raises(CourseError, match="nowhere is not a folder"):
        find_files(tmp_path / "nowhere")


def test_names_that_are_no_utf8(tmp_path):
    if os.name == "nt":
        pytest.skip("Windows refuses such names")
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes((tmp_path / "a.png").read_bytes())
    assert len(find_files(tmp_path).pictures) == 2
