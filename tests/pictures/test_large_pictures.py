"""Large pictures: those of telephones are read, those that are bombs are refused, and neither takes
more memory than a classroom's computer has.
"""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from course_utils.pictures.images import BadPicture, plain_suffix, read_rgb, shapes

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")

PEAK = """
import sys
from course_utils.pictures.images import read_rgb
for name in sys.argv[1:]:
    print(read_rgb(name).shape)
status = open("/proc/self/status").read()  # ru_maxrss would be that of a fatter parent
print(status.split("VmHWM:")[1].split()[0])
"""


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def black_png(path, width, height, depth, colour, *more):
    """Write a PNG of zeros: hundreds of megabytes from some kilobytes."""
    packer = zlib.compressobj(1)
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = b"\0" * (1 + (width * depth * channels + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = (chunk(b"IHDR", header), *more, chunk(b"IDAT", data), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="Linux counts the memory in /proc")
@pytest.mark.parametrize("kind", ["sixteen bits", "transparent palette"])
def test_a_small_file_does_not_take_gigabytes(tmp_path, kind):
    """The largest picture that is read, in the forms that took 2.5 GB and more."""
    palette = (chunk(b"PLTE", b"\1\2\3" * 4), chunk(b"tRNS", b"\0\x80"))
    form = {
        "sixteen bits": (10_000, 10_000, 16, 0),
        "transparent palette": (10_000, 10_000, 4, 3, *palette),
    }[kind]
    path = black_png(tmp_path / "a.png", *form)
    assert path.stat().st_size < 1_000_000
    done = subprocess.run(
        [sys.executable, "-c", PEAK, path], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 1_000_000  # kB


@pytest.fixture(scope="module")
def telephone(tmp_path_factory):
    """A JPEG of 12,000 x 9,000 pixels, a bright quarter on the upper left, to be seen turned."""
    path = tmp_path_factory.mktemp("telephone") / "108.jpg"
    picture = Image.new("L", (12_000, 9_000), 40)
    picture.paste(200, (0, 0, 6_000, 4_500))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(path, "JPEG", exif=exif)
    return path


def test_a_telephone_s_picture_is_read_at_half_its_size(telephone):
    assert shapes(telephone) == ((12_000, 9_000), (9_000, 12_000), 6)
    rgb = read_rgb(telephone, reduced=True)
    assert rgb.shape == (6_000, 4_500, 3)
    assert rgb[100, -100, 0] > 190 and rgb[100, 100, 0] < 50 and rgb[-100, -100, 0] < 50
    assert plain_suffix(telephone) is None


def test_where_places_count_it_is_refused_with_a_remedy_that_works(telephone, tmp_path):
    with pytest.raises(BadPicture, match="100,000,000 pixels: .*half its width and height"):
        read_rgb(telephone)
    with Image.open(telephone, formats=["JPEG"]) as picture:
        picture.resize((6_000, 4_500)).save(tmp_path / "half.jpg")
    assert read_rgb(tmp_path / "half.jpg").shape == (4_500, 6_000, 3)


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (20_000, 12_000)])
def test_a_bomb_stays_refused_at_any_size(tmp_path, width, height):
    """A JPEG's header may say what it likes."""
    Image.new("L", (64, 64)).save(tmp_path / "a.jpg")
    content = bytearray((tmp_path / "a.jpg").read_bytes())
    place = content.index(b"\xff\xc0") + 5
    content[place : place + 4] = struct.pack(">HH", height, width)
    (tmp_path / "a.jpg").write_bytes(content)
    black_png(tmp_path / "a.png", 12_000, 9_000, 1, 0)
    for name in ("a.jpg", "a.png"):
        for reduced in (False, True):
            with pytest.raises(BadPicture, match="more than 100,000,000 pixels"):
                read_rgb(tmp_path / name, reduced=reduced)


def test_a_progressive_one_would_be_whole_in_memory(tmp_path):
    Image.new("L", (12_000, 9_000)).save(tmp_path / "a.jpg", progressive=True)
    with pytest.raises(BadPicture, match="half its width"):
        read_rgb(tmp_path / "a.jpg", reduced=True)
