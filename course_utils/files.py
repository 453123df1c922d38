"""Write files and folders so that a reader never meets half of one."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course_utils.errors import CourseError

DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def replacing(path):
    """Write to a temporary file beside `path` and rename it when all went well.

    Parameters
    ----------
    path : path-like
        Where the finished file belongs. Its folder is made when missing.

    Yields
    ------
    pathlib.Path
        The temporary file to write to. When the block raises, it is removed
        and whatever stood at `path` before is still there.

    Raises
    ------
    OSError
        When the folder can't be written to or the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.stem[:40]}-", suffix=path.suffix
    )
    os.close(handle)
    temporary = Path(name)
    temporary.chmod(0o644)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder):
    """Fill a temporary folder beside `folder` and rename it when all went well.

    Parameters
    ----------
    folder : path-like
        Where the finished folder belongs.

    Yields
    ------
    pathlib.Path
        The empty folder to fill. When the block raises, it is removed and
        whatever stood at `folder` before is still there. What a killed run
        left behind is removed by the next one.

    Raises
    ------
    OSError
        When the folder can't be written to or the disk is full.
    """
    folder = Path(folder)
    temporary, old = (
        folder.with_name(f".{folder.name}.partial"),
        folder.with_name(f".{folder.name}.old"),
    )
    for leftover in (temporary, old):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if folder.exists():
            folder.rename(old)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def explaining_disk_errors(folder):
    """Turn a full disk, a forbidden folder and the like into one sentence for the user.

    Raises
    ------
    CourseError
        In place of the OSError.
    """
    try:
        yield
    except OSError as error:
        place, again = error.filename or folder, "then run the command again"
        if Path(str(place)).name.startswith(
            "."
        ):  # a temporary file of ours: what is wrong is its folder
            place = Path(str(place)).parent
        if error.errno in DISK_FULL:
            raise CourseError(
                f"The disk that holds {folder} is full: free some space, {again}."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise CourseError(
                f"{place} can't be read or written: correct its permissions, {again}."
            ) from error
        raise CourseError(
            f"{place} can't be used ({error.strerror or error}): correct that, {again}."
        ) from error


def refuse_to_overwrite(path, inputs=(), ours=None, force=None):
    """Refuse to write over an input, or over a file that somebody else made.

    Asked before the work begins, for each file that a command is going to write.

    Parameters
    ----------
    path : path-like
        The file to be written.
    inputs : iterable of path-like
        What the command reads: these are never overwritten, by no name and through no link.
    ours : callable, optional
        `ours(path)` tells whether an earlier run of the same command made the file, by a mark or
        a header that it left there; such a file may be replaced.
    force : bool or None
        Whether the user allowed to replace other files; None when the command has no `--force`.

    Raises
    ------
    CourseError
        When the path is an input, a folder, or a file that the command did not make.
    """
    path = Path(path)
    if any(_same_file(path, source) for source in inputs):
        raise CourseError(
            f"{path} is what the command reads, so it can't be the output, too: choose another"
            " name for the output."
        )
    if path.is_dir():
        raise CourseError(f"{path} is a folder: choose another name for the output.")
    if not os.path.lexists(path) or force or (ours is not None and ours(path)):
        return
    remedy = ", or add --force to replace it" if force is not None else ", or move it away"
    raise CourseError(
        f"{path} exists already, and this command did not make it: choose another name for the"
        f" output{remedy}."
    )


def _same_file(path, other):
    """Tell whether two paths name one file, be it through links or a system's upper case."""
    try:
        return os.path.samefile(path, other)
    except OSError:  # one of them does not exist, or lies where nobody may look
        return os.path.realpath(path) == os.path.realpath(other)


def write_text(path, text):
    """Write `text` as UTF-8 with Unix line ends, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def sha256(path):
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_below(folder) -> Iterator[Path]:
    """Yield every file below `folder`, sorted by path, hidden ones left out."""
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and not any(
            part.startswith(".") for part in path.relative_to(folder).parts
        ):
            yield path
