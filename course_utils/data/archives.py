"""Unpack zip and tar archives from strangers.

No file leaves the folder, no link is made, and an archive that would fill the disk or the memory is
refused: every name is judged before the first byte is written, and bytes are counted while they are
unpacked and while they are written.
"""

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course_utils.data.progress import progress
from course_utils.errors import CourseError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
BLOCK = 1 << 20
HEADER = 16 << 20
"""Bytes that the list of a tar file may take besides its files, and one of its headers at most."""

COMPRESSED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
READABLE = {
    zipfile.ZIP_STORED,
    zipfile.ZIP_DEFLATED,
    zipfile.ZIP_BZIP2,
    zipfile.ZIP_LZMA,
}
METHODS = {1: "Shrink", 6: "Implode", 9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
"""Of a zip file's members, by the numbers of PKWARE's APPNOTE.TXT, section 4.4.5. Windows' Explorer
uses Deflate64 for files of more than 2 GB."""

DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True)
class Limits:
    """What an archive may unpack to: files, bytes, and bytes per byte of the archive."""

    count: int = 300_000
    total: int = 20 * 10**9
    ratio: float = 200


def is_archive(path):
    """Whether the name is that of an archive that `unpack` can read."""
    return str(path).lower().endswith(SUFFIXES)


def unpack(archive, folder, select=None, limits=Limits()):
    """Unpack an archive into an existing folder.

    Parameters
    ----------
    archive : path-like
        A zip file, or a tar file with any compression.
    folder : path-like
    select : callable, optional
        Takes a file's name in the archive and returns its path below `folder`, or None to leave it
        out. Everything is taken as it is named by default.
    limits : Limits

    Returns
    -------
    int
        How many files were written.

    Raises
    ------
    CourseError
        When the archive is damaged, or holds an unsafe name, a link to unpack or more than the
        limits allow. What was written until then stays in `folder`, so unpack into a temporary one.
    OSError
        When `folder` can't be written to.
    """
    archive, folder = Path(archive), Path(folder).resolve()
    with _opened(archive, limits) as members:
        chosen = _choose(archive, members, select)
        _judge_sizes(archive, chosen, limits)
        written = 0
        for path, member in progress(chosen.items(), "unpacking", len(chosen)):
            target = folder / path
            if not target.resolve().is_relative_to(folder):
                raise _unsafe(archive, member.name, "leads out of the folder")
            target.parent.mkdir(parents=True, exist_ok=True)
            written += _write(archive, member, target, limits.total - written)
    return len(chosen)


@dataclass(frozen=True)
class _Member:
    """A file in a zip or tar archive: `kind` is file, folder, link or other."""

    name: str
    kind: str
    size: int
    open: object


@contextmanager
def _opened(archive, limits):
    """Yield the members of a zip or tar archive."""
    with _explaining_damage(archive):
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                _refuse_what_python_can_not_unpack(archive, opened.infolist())
                yield [_zip_member(opened, info) for info in opened.infolist()]
        else:
            with _Bounded(archive, limits) as stream, tarfile.open(fileobj=stream) as opened:
                yield [_tar_member(opened, info) for info in _listed(archive, opened, limits)]
                while stream.read(BLOCK):
                    # a compressed stream's checksum stands behind the last member, where tarfile
                    # does not look
                    pass


def _refuse_what_python_can_not_unpack(archive, members):
    for info in members:
        if info.flag_bits & 1:
            raise CourseError(
                f"{archive} is encrypted: unpack it yourself with its password, and give the folder"
                " in place of the archive."
            )
        if info.compress_type not in READABLE:
            method = METHODS.get(info.compress_type, f"number {info.compress_type}")
            raise CourseError(
                f"{archive} is packed with the method {method}, which is not read here: unpack it"
                " yourself (Windows' Explorer, 7-Zip) and give the folder in place of the archive,"
                " or pack it again as a usual zip file."
            )


def _listed(archive, opened, limits):
    """Return the members of a tar file; stop at the first that is too many."""
    listed = []
    for info in opened:
        listed.append(info)
        if len(listed) > limits.count:
            raise CourseError(
                f"{archive} holds more than {limits.count:,} files: it is not unpacked."
            )
    return listed


class _Bounded:
    """The bytes of a tar file, unpacked, up to what the limits allow.

    A list of members is bytes too, and hardly any when it is compressed: 47 kB can hold millions of
    names, or one name of gigabytes.
    """

    def __init__(self, archive, limits):
        self._archive, packed = archive, os.path.getsize(archive)
        self._most = min(limits.total, limits.ratio * packed) + HEADER
        with open(archive, "rb") as stream:
            start = stream.read(6)
        opens = (how for first, how in COMPRESSED.items() if start.startswith(first))
        self._stream = next(opens, open)(archive, "rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()

    def read(self, size):
        if size > HEADER:
            raise CourseError(
                f"{self._archive} has a header of {size:,} bytes: it is not unpacked."
            )
        self._check(self._stream.tell() + size - BLOCK)
        return self._stream.read(size)

    def tell(self):
        return self._stream.tell()

    def seek(self, place, whence=os.SEEK_SET):
        if whence == os.SEEK_SET:
            self._check(place - BLOCK)
        return self._stream.seek(place, whence)

    def _check(self, place):
        if place > self._most:
            raise CourseError(
                f"{self._archive} would grow from {os.path.getsize(self._archive):,} to more than"
                f" {self._most:,.0f} bytes, more than is allowed: it is not unpacked."
            )


def _zip_member(opened, info):
    mode = info.external_attr >> 16
    kind = "folder" if info.is_dir() else "link" if stat.S_ISLNK(mode) else "file"
    return _Member(
        info.filename.replace("\\", "/"), kind, info.file_size, lambda: opened.open(info)
    )


def _tar_member(opened, info):
    kind = (
        "file"
        if info.isfile()
        else "folder"
        if info.isdir()
        else "link"
        if info.islnk() or info.issym()
        else "other"
    )
    return _Member(info.name.replace("\\", "/"), kind, info.size, lambda: opened.extractfile(info))


def _choose(archive, members, select):
    """Map the path to write to the member to read, and refuse the archive when a name is unsafe."""
    chosen = {}
    for member in members:
        parts = PurePosixPath(member.name).parts
        if (
            ".." in parts
            or member.name.startswith("/")
            or "\0" in member.name
            or (parts and ":" in parts[0])
        ):
            raise _unsafe(archive, member.name, "leads out of the folder")
        path = member.name if select is None else select(member.name)
        if path is None or member.kind == "folder":
            continue
        if member.kind != "file":
            raise _unsafe(archive, member.name, "is a link or a device, not a file")
        if path in chosen:
            raise _unsafe(archive, member.name, "is there twice")
        chosen[path] = member
    return chosen


def _judge_sizes(archive, chosen, limits):
    total, packed = sum(member.size for member in chosen.values()), os.path.getsize(archive)
    if len(chosen) > limits.count:
        raise CourseError(
            f"{archive} holds {len(chosen):,} files, more than {limits.count:,}: it is not"
            " unpacked."
        )
    if total > limits.total or total > limits.ratio * packed + BLOCK:
        raise CourseError(
            f"{archive} would grow from {packed:,} to {total:,} bytes, more than is allowed: it is"
            " not unpacked."
        )


def _write(archive, member, target, room):
    """Copy one file, and stop when it turns out larger than announced."""
    written = 0
    with member.open() as source, open(target, "xb") as stream:
        while block := source.read(BLOCK):
            written += len(block)
            if written > min(member.size, room):
                raise CourseError(
                    f"{archive} holds more bytes in {member.name} than it announces: it is not"
                    " unpacked."
                )
            stream.write(block)
    if written < member.size:
        raise CourseError(f"{archive} is truncated in {member.name}: get it again.")
    return written


@contextmanager
def _explaining_damage(archive):
    try:
        yield
    except DAMAGE as error:
        reason = (
            str(error).partition("\n")[0].rstrip(":") or type(error).__name__
        )  # tarfile's is a list
        raise CourseError(
            f"{archive} is damaged, truncated or not an archive ({reason}): get it again."
        ) from error
    except FileNotFoundError as error:
        raise CourseError(
            f"{archive} does not exist: name the archive that you downloaded."
        ) from error
    except FileExistsError as error:
        raise CourseError(
            f"{archive} holds two files that are {error.filename} on this system: unpack it by"
            " hand."
        ) from error
    except OSError as error:
        if error.errno is None:  # gzip and bz2 report damage so; a full disk has a number
            raise CourseError(
                f"{archive} is damaged or truncated ({error}): get it again."
            ) from error
        raise


def _unsafe(archive, name, reason):
    return CourseError(
        f"{archive} is not safe to unpack, '{name}' {reason}: do not use this archive."
    )
