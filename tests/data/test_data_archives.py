"""Hostile and damaged archives, zip and tar: nothing leaves the folder, and every refusal names the
archive.
"""

import bz2
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from drawn import tarred, zipped

from course_utils.data.archives import Limits, unpack
from course_utils.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "outer" / "inner").mkdir(parents=True)
    return tmp_path / "outer" / "inner"


def put(tmp_path, content, name="a.zip"):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def tar_member(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def written(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


@pytest.mark.parametrize(
    "make", [zipped, tarred, lambda files: tarred(files, "w"), lambda files: tarred(files, "w:xz")]
)
def test_whole_archives(tmp_path, folder, make):
    files = {"a/ảnh (1) [x].jpg": b"one", "b.txt": b"", "a/c/d": b"3" * 3_000_000}
    assert unpack(put(tmp_path, make(files)), folder, limits=Limits(ratio=100_000)) == 3
    assert {name: (folder / name).read_bytes() for name in written(folder)} == files


def test_only_what_is_selected(tmp_path, folder):
    archive = put(tmp_path, zipped({"top/a": b"1", "top/b": b"2"}))
    assert unpack(archive, folder, lambda name: "new/a" if name == "top/a" else None) == 1
    assert written(folder) == ["new/a"]


def test_windows_separators_become_folders(tmp_path, folder):
    unpack(put(tmp_path, zipped({"Train\\WithMask\\1.png": b"1"})), folder)
    assert written(folder) == ["Train/WithMask/1.png"]


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/evil", "..\\evil", "C:/evil", "a\\..\\..\\evil", ".."]
)
def test_names_that_lead_out(tmp_path, folder, make, name):
    with pytest.raises(CourseError, match="a.zip is not safe to unpack.*leads out of the folder"):
        unpack(put(tmp_path, make({"good": b"1", name: b"2"})), folder)
    assert written(tmp_path) == ["a.zip"]


def test_a_bad_name_condemns_even_what_is_not_selected(tmp_path, folder):
    with pytest.raises(CourseError, match="leads out"):
        unpack(
            put(tmp_path, zipped({"good": b"1", "../evil": b"2"})),
            folder,
            lambda name: name if name == "good" else None,
        )


@pytest.mark.parametrize(
    "content",
    [
        zipped({"link": (b"/etc/passwd", 0o120777)}),
        tarred({"link": tar_member("link", tarfile.SYMTYPE, "/etc/passwd")}),
        tarred({"a": b"1", "link": tar_member("link", tarfile.LNKTYPE, "a")}),
        tarred({"pipe": tar_member("pipe", tarfile.FIFOTYPE)}),
        tarred({"device": tar_member("device", tarfile.CHRTYPE)}),
    ],
    ids=["zip-link", "tar-link", "tar-hard-link", "pipe", "device"],
)
def test_links_and_devices(tmp_path, folder, content):
    with pytest.raises(CourseError, match="is a link or a device"):
        unpack(put(tmp_path, content), folder)
    assert written(folder) == []


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a privilege on Windows")
def test_a_link_that_was_there_before_is_not_followed(tmp_path, folder):
    (tmp_path / "elsewhere").mkdir()
    (folder / "way").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(CourseError, match="leads out"):
        unpack(put(tmp_path, zipped({"way/evil": b"1"})), folder)
    assert written(tmp_path / "elsewhere") == []


def test_the_same_name_twice(tmp_path, folder):
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(tmp_path / "a.zip", "w") as archive,
    ):
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    with pytest.raises(CourseError, match="'a' is there twice"):
        unpack(tmp_path / "a.zip", folder)


@pytest.mark.parametrize(
    "limits, words",
    [
        (Limits(count=3), "holds 4 files, more than 3"),
        (Limits(total=3_000_000), "would grow from .* to 4,000,000 bytes"),
        (Limits(ratio=50), "would grow from"),
    ],
)
def test_limits(tmp_path, folder, limits, words):
    bomb = zipped({str(number): b"\0" * 1_000_000 for number in range(4)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(CourseError, match=words):
        unpack(put(tmp_path, bomb), folder, limits=limits)
    assert written(folder) == []


def test_a_member_larger_than_announced(tmp_path, folder):
    """The directory says ten bytes, the data holds a million."""
    content = zipped({"a": b"\0" * 1_000_000}, zipfile.ZIP_DEFLATED).replace(
        (1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    )
    with pytest.raises(CourseError, match="a.zip"):
        unpack(put(tmp_path, content), folder)
    assert sum((folder / name).stat().st_size for name in written(folder)) <= 10


@pytest.mark.parametrize(
    "make",
    [zipped, tarred, lambda files: tarred(files, "w:bz2"), lambda files: tarred(files, "w:xz")],
)
@pytest.mark.parametrize("kept", [0, 0.3, 0.7, 0.98])
def test_cut_archives(tmp_path, folder, make, kept):
    whole = make({name: os.urandom(200_000) for name in "abc"})
    with pytest.raises(CourseError, match=r"(?s)a\.zip is (damaged|truncated)[^\n]*get it again"):
        unpack(put(tmp_path, whole[: int(kept * len(whole))]), folder)


@pytest.mark.parametrize("make", [zipped, tarred])
def test_a_flipped_byte_is_noticed(tmp_path, folder, make):
    whole = bytearray(make({"a": os.urandom(200_000)}))
    whole[100_000] ^= 1
    with pytest.raises(CourseError, match="damaged"):
        unpack(put(tmp_path, bytes(whole)), folder)


def member_flags(content, flag=0, method=None):
    """Set flag bits and the method of every member, in both places where a zip file has them."""
    content = bytearray(content)
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = content.find(signature)
        while start >= 0:
            content[start + place] |= flag
            if method is not None:
                content[start + place + 2] = method
            start = content.find(signature, start + 4)
    return bytes(content)


@pytest.mark.parametrize(
    ("flag", "method", "words"),
    [
        (0, 9, "the method Deflate64.*unpack it yourself.*or pack it again"),
        (0, 95, "the method XZ"),
        (0, 55, "the method number 55"),
        (1, None, "is encrypted: unpack it yourself with its password"),
        (1, 99, "is encrypted"),
    ],
)
def test_whole_archives_that_python_can_not_unpack(tmp_path, folder, flag, method, words):
    files = {"with_mask/1.jpg": b"1" * 2000, "with_mask/2.jpg": b"2"}
    content = member_flags(zipped(files, zipfile.ZIP_DEFLATED), flag, method)
    with pytest.raises(CourseError, match=words) as caught:
        unpack(put(tmp_path, content), folder)
    assert "damaged" not in str(caught.value) and written(folder) == []


def headers(number):
    """A tar file of empty files alone: 512 bytes each, and next to nothing when compressed."""
    name = b"a" * 100
    block = bytearray(tarfile.TarInfo(name.decode()).tobuf(tarfile.USTAR_FORMAT))
    packer = bz2.BZ2Compressor(9)
    many = bytes(block) * 2048
    data = b"".join(packer.compress(many) for _ in range(number // 2048))
    return data + packer.compress(b"\0" * 1024) + packer.flush()


MEMORY = """
import sys
from pathlib import Path
from course_utils.data.archives import unpack
from course_utils.errors import CourseError
try:
    unpack(sys.argv[1], sys.argv[2])
except CourseError as error:
    print(error)
status = open("/proc/self/status").read()  # ru_maxrss would be that of a fatter parent
print(status.split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux counts the memory in /proc")
@pytest.mark.parametrize("kind", ["members", "a name", "a record"])
def test_a_list_of_members_does_not_fill_the_memory(tmp_path, folder, kind):
    """Some kilobytes of bzip2 that hold a hundred thousand names, or say that one has 600 MB."""
    if kind == "members":
        content = headers(100_000)
    else:
        info = tarfile.TarInfo("././@LongLink")
        info.type = tarfile.GNUTYPE_LONGNAME if kind == "a name" else tarfile.XHDTYPE
        info.size = 600_000_000
        packer = bz2.BZ2Compressor(9)
        content = packer.compress(info.tobuf(tarfile.GNU_FORMAT))
        content += b"".join(packer.compress(b"a" * (1 << 20)) for _ in range(20)) + packer.flush()
    assert len(content) < 200_000
    archive = put(tmp_path, content, "a.tar.bz2")
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, archive, folder], cwd=ROOT, capture_output=True, text=True
    )
    sentence, peak = done.stdout.splitlines()
    assert "not unpacked" in sentence and "a.tar.bz2" in sentence, done.stderr
    assert int(peak) < 300_000 and written(folder) == []  # kB


def test_many_small_files_are_no_bomb(tmp_path, folder):
    files = {f"{number:05d}/a picture of some length.txt": b"" for number in range(3_000)}
    assert unpack(put(tmp_path, tarred(files, "w:bz2")), folder) == 3_000


def test_not_an_archive(tmp_path, folder):
    with pytest.raises(CourseError, match="not an archive"):
        unpack(put(tmp_path, b"<html>Sign in</html>" * 100), folder)
    with pytest.raises(CourseError, match="does not exist"):
        unpack(tmp_path / "absent.zip", folder)
