"""Write files and folders so that a reader never meets half of one."""

import csv
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
def locked(target, waiting=None, name=None):
    """Hold a file or folder against other processes of this course, for as long as the block runs.

    The system frees the lock when the process ends, however it ends. A thread may ask for
    what it holds already.

    Parameters
    ----------
    target : path-like
        What is about to be written; need not exist.
    waiting : callable, optional
        Wait for the other process to end, and call this with one sentence first. Without it the
        second one is refused.
    name : path-like, optional
        The file that carries the lock; a hidden one beside `target` by default.

    Raises
    ------
    CourseError
        When another process holds it, and `waiting` is not given.
    OSError
        When the lock's folder can't be written to.
    """
    import filelock  # here, because it takes a tenth of the command's start

    target = Path(target)
    carrier = Path(name or target.with_name(f".{target.name}.lock")).absolute()
    carrier.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(carrier, is_singleton=True)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        if waiting is None:
            raise CourseError(
                f"Another process is writing to {target}: wait until it has ended, then run the"
                " command again."
            ) from None
        waiting(f"another process is writing to {target}: waiting for it to end")
        lock.acquire()
    try:
        yield
    finally:
        if os.name != "nt" and lock.lock_counter == 1:
            # filelock notices when the file that it waited for has gone. Windows forbids this,
            # and filelock removes the file itself there.
            carrier.unlink(missing_ok=True)
        lock.release()


@contextmanager
def replacing_folder(folder, waiting=None):
    """Fill a temporary folder beside `folder` and rename it when all went well.

    Parameters
    ----------
    folder : path-like
        Where the finished folder belongs. It is `locked` meanwhile.
    waiting : callable, optional
        As for `locked`.

    Yields
    ------
    pathlib.Path
        The empty folder to fill. When the block raises, it is removed and
        whatever stood at `folder` before is still there. What a killed run
        left behind is removed by the next one.

    Raises
    ------
    CourseError
        When another process is filling the folder, and `waiting` is not given.
    OSError
        When the folder can't be written to or the disk is full.
    """
    folder = Path(folder)
    with locked(folder, waiting):
        put_back(folder)
        for leftover in _beside(folder, "partial"):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.partial-", dir=folder.parent))
        temporary.chmod(0o755)
        old = temporary.with_name(temporary.name.replace(".partial-", ".old-"))
        try:
            yield temporary
            if folder.exists():
                folder.rename(old)
            temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            put_back(folder)


def put_back(folder):
    """Undo what a process left that was killed while it replaced a folder; call it under a lock.

    Between its two renames the old folder has a hidden name, and the new one has not got its
    own yet. The old one is complete for certain, so it gets its name again.
    """
    folder = Path(folder)
    for old in _beside(folder, "old"):
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(folder)


def _beside(folder, kind):
    """List the hidden folders that `replacing_folder` keeps beside a folder while it works."""
    start = f".{folder.name}.{kind}"
    there = folder.parent.iterdir() if folder.parent.is_dir() else ()
    return sorted(path for path in there if path.name == start or path.name.startswith(f"{start}-"))


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
    r"""Write `text` as UTF-8 with Unix line ends, whole or not at all.

    A file's name may hold bytes that are no UTF-8; of these `\\udcff` and the like is written.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def write_rows(path, columns, rows):
    """Write a CSV table, whole or not at all, in the form of `write_text`.

    Parameters
    ----------
    path : path-like
    columns : sequence of str
    rows : iterable of dict
        A column that a row lacks stays empty.
    """
    with (
        replacing(path) as temporary,
        open(temporary, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream,
    ):
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def sha256(path):
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stamp(path):
    """Return what tells cheaply that a file is still the same, None when it can't be asked.

    Returns
    -------
    list of int or None
        Size, time of change, inode and time of the inode's change: a file that another one was
        moved over differs in the third, one whose time was set back in the fourth.
    """
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns]


def state(path, digest=sha256):
    """Return a file's `stamp` and the hash of its content, None when it can't be read.

    Returns
    -------
    dict or None
        {"stamp": ..., "hash": ...}, as JSON can hold it.
    """
    try:
        return {"stamp": stamp(path), "hash": digest(path)}
    except OSError:
        return None


def is_as(path, known, digest=sha256):
    """Tell whether a file has the content of a known `state`; it is read when its stamp differs."""
    now = stamp(path)
    if known is None or now is None:
        return False
    if now == known["stamp"]:
        return True
    found = state(path, digest)
    return found is not None and found["hash"] == known["hash"]


def files_below(folder) -> Iterator[Path]:
    """Yield every file below `folder`, sorted by path, hidden ones left out."""
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and not any(
            part.startswith(".") for part in path.relative_to(folder).parts
        ):
            yield path
