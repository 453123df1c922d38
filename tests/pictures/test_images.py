"""Pictures of every kind, drawn here and read back."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from course_utils.pictures import images
from course_utils.pictures.finding import find_pictures
from course_utils.pictures.images import (
    BadPicture,
    plain_suffix,
    read_rgb,
    write_jpeg,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning"
)

RED, GREEN, BLUE, WHITE = (200, 10, 20), (10, 190, 30), (20, 30, 210), (255, 255, 255)


@pytest.fixture
def quarters():
    """A picture 40 high and 60 wide whose upper left quarter is red, the rest green, blue and
    white, clockwise.
    """
    rgb = np.empty((40, 60, 3), np.uint8)
    rgb[:20, :30], rgb[:20, 30:], rgb[20:, 30:], rgb[20:, :30] = RED, GREEN, BLUE, WHITE
    return rgb


def assert_close(pixel, colour, tolerance=6):
    assert np.abs(pixel.astype(int) - colour).max() <= tolerance, f"{pixel} is not {colour}"


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tiff", "gif"])
def test_formats(tmp_path, quarters, suffix):
    path = tmp_path / f"picture.{suffix}"
    Image.fromarray(quarters).save(
        path, **({"quality": 95, "subsampling": 0} if suffix == "jpg" else {})
    )
    rgb = read_rgb(path)
    assert rgb.dtype == np.uint8 and rgb.shape == (40, 60, 3)
    assert_close(rgb[5, 5], RED, 12)
    assert_close(rgb[35, 55], BLUE, 12)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation(tmp_path, quarters, orientation):
    """Store the picture as a camera held so would, and expect it upright."""
    stored = {
        1: quarters,
        2: quarters[:, ::-1],
        3: quarters[::-1, ::-1],
        4: quarters[::-1],
        5: quarters.swapaxes(0, 1),
        6: np.rot90(quarters, 1),
        7: np.rot90(quarters[::-1], 1),
        8: np.rot90(quarters, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(read_rgb(tmp_path / "turned.png"), quarters)
    assert plain_suffix(tmp_path / "turned.png") == (".png" if orientation == 1 else None)


def test_transparency_lies_on_white(tmp_path):
    clear = np.zeros((8, 8, 4), np.uint8)
    clear[:4] = (*RED, 255)
    clear[4:, :4] = (0, 0, 0, 128)
    Image.fromarray(clear).save(tmp_path / "clear.png")
    rgb = read_rgb(tmp_path / "clear.png")
    assert_close(rgb[0, 0], RED, 0)
    assert_close(rgb[7, 7], WHITE, 0)
    assert_close(rgb[7, 0], (127, 127, 127), 1)
    assert plain_suffix(tmp_path / "clear.png") is None


def test_palette_with_and_without_transparency(tmp_path, quarters):
    flat = Image.fromarray(quarters).quantize(4)
    flat.save(tmp_path / "palette.png")
    assert_close(read_rgb(tmp_path / "palette.png")[5, 5], RED)
    flat.save(tmp_path / "holes.png", transparency=flat.getpixel((5, 5)))
    assert_close(read_rgb(tmp_path / "holes.png")[5, 5], WHITE, 0)
    assert_close(read_rgb(tmp_path / "holes.png")[35, 55], BLUE)


def test_sixteen_bits_are_scaled(tmp_path):
    grey = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(grey).save(tmp_path / "deep.png")
    rgb = read_rgb(tmp_path / "deep.png")
    assert np.array_equal(rgb[:, :, 0].ravel(), np.arange(256)) and np.array_equal(
        rgb[:, :, 0], rgb[:, :, 2]
    )


def test_fractions_are_scaled(tmp_path):
    Image.fromarray(np.array([[0, 0.5, 1]], np.float32)).save(tmp_path / "fractions.tiff")
    assert read_rgb(tmp_path / "fractions.tiff")[0, :, 1].tolist() == [0, 128, 255]


def test_cmyk_and_grey(tmp_path, quarters):
    Image.fromarray(quarters).convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    assert_close(read_rgb(tmp_path / "print.jpg")[5, 5], RED, 12)
    Image.fromarray(quarters[:, :, 0]).save(tmp_path / "grey.png")
    assert_close(read_rgb(tmp_path / "grey.png")[5, 5], (200, 200, 200), 0)


def test_animation_gives_its_first_frame(tmp_path, quarters):
    frames = [Image.fromarray(np.full((9, 9, 3), colour, np.uint8)) for colour in (RED, BLUE)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert_close(read_rgb(tmp_path / "moving.gif")[4, 4], RED)
    assert_close(read_rgb(tmp_path / "moving.webp")[4, 4], RED)


def test_content_decides_not_the_name(tmp_path, quarters):
    Image.fromarray(quarters).save(tmp_path / "really.png")
    (tmp_path / "really.png").rename(tmp_path / "black3.jpg_1088Wx1632H")
    assert np.array_equal(read_rgb(tmp_path / "black3.jpg_1088Wx1632H"), quarters)
    assert plain_suffix(tmp_path / "black3.jpg_1088Wx1632H") == ".png"


def test_a_stream_is_read(quarters):
    stream = io.BytesIO()
    Image.fromarray(quarters).save(stream, "PNG")
    stream.seek(0)
    assert np.array_equal(read_rgb(stream), quarters)
    with pytest.raises(
        BadPicture, match="the picture: is not a JPEG, PNG, WebP, AVIF, BMP, GIF or TIFF picture"
    ):
        read_rgb(io.BytesIO(b"hello"))


def test_bad_files_are_named_with_a_reason(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    for suffix in ("jpg", "png"):
        Image.fromarray(noise).save(tmp_path / f"whole.{suffix}")
        whole = (tmp_path / f"whole.{suffix}").read_bytes()
        (tmp_path / f"cut.{suffix}").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("not a picture", encoding="utf-8")
    expected = {
        "cut.jpg": "truncated",
        "cut.png": "truncated",
        "empty.jpg": "is an empty file",
        "text.jpg": "is not a JPEG, PNG, WebP, AVIF, BMP, GIF or TIFF picture",
        "absent.jpg": "does not exist",
        ".": "can't be read",
    }
    for name, reason in expected.items():
        with pytest.raises(BadPicture) as caught:
            read_rgb(tmp_path / name)
        assert reason in caught.value.reason and str(tmp_path / name) in str(caught.value)


def test_damaged_bytes_never_raise_anything_else(tmp_path, quarters):
    """Flip bytes in whole files of several formats: they read as a picture or as BadPicture."""
    random = np.random.default_rng(1)
    for suffix in ("png", "jpg", "gif", "webp", "bmp", "tiff"):
        Image.fromarray(quarters).save(tmp_path / f"a.{suffix}")
        whole = np.fromfile(tmp_path / f"a.{suffix}", np.uint8)
        for _ in range(60):
            damaged = whole.copy()
            damaged[random.integers(0, len(whole), 8)] = random.integers(0, 256, 8)
            with contextlib.suppress(BadPicture):
                assert read_rgb(io.BytesIO(damaged.tobytes())).dtype == np.uint8


def test_a_bomb_is_refused_by_its_header(tmp_path):
    """A PNG that claims 60,000 x 60,000 pixels in a hundred bytes."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    for side in (60_000, 12_000):
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        parts = (
            chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(b"\0" * 100))
            + chunk(b"IEND", b"")
        )
        (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
        with pytest.raises(BadPicture, match="more than 100,000,000 pixels"):
            read_rgb(tmp_path / "bomb.png")


def test_broken_exif_does_not_hide_the_picture(tmp_path, quarters):
    Image.fromarray(quarters).save(
        tmp_path / "odd.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\0\0", quality=95
    )
    assert read_rgb(tmp_path / "odd.jpg").shape == (40, 60, 3)


def test_find_pictures_by_name_in_a_stable_order(tmp_path, quarters):
    for name in (
        "b/2.PNG",
        "a z/1 (copy).jpeg",
        "b/10.jpg",
        "x.jpg_1088Wx1632H",
        "Ảnh đẹp.webp",
        "notes.txt",
        ".hidden/1.jpg",
        "b/._1.jpg",
        "jpg",
        "faces.csv",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    found = [path.relative_to(tmp_path).as_posix() for path in find_pictures(tmp_path)]
    assert found == [
        "a z/1 (copy).jpeg",
        "b/10.jpg",
        "b/2.PNG",
        "x.jpg_1088Wx1632H",
        "Ảnh đẹp.webp",
    ]
    with pytest.raises(images.CourseError, match="nowhere is not a folder"):
        find_pictures("nowhere")


def test_write_jpeg(tmp_path, quarters):
    write_jpeg(tmp_path / "new" / "a.jpg", quarters)
    assert_close(read_rgb(tmp_path / "new" / "a.jpg")[5, 5], RED)
    assert plain_suffix(tmp_path / "new" / "a.jpg") == ".jpg"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.jpg"]
    for wrong in (quarters[:, :, 0], quarters.astype(float), np.zeros((0, 3, 3), np.uint8)):
        with pytest.raises(ValueError, match="expected uint8"):
            write_jpeg(tmp_path / "b.jpg", wrong)
    assert not (tmp_path / "b.jpg").exists()
