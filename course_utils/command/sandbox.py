"""Shut a process in before it runs what a stranger wrote.

What the system offers is used, and `offered` says what that is:

- limits of the process (POSIX): memory, processor time, size of a file, number of processes;
- namespaces (Linux, where users may make them): no network, and no sight of other processes;
- Landlock (Linux from 5.13, https://docs.kernel.org/userspace-api/landlock.html): writing in one
  folder only, reading of Python and the course only.

None of them needs rights of an administrator, and none can be undone by the process itself. Where
the last two are missing (macOS, Windows, some containers) Python itself refuses to open, remove or
send (`forbid_in_python`): that keeps accidents in, and not somebody who knows Python well.
"""

import contextlib
import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

FILE_SIZE = 64 << 20  # bytes that one file may have
PROCESSES = 256
NEW_USER, NEW_IPC, NEW_PID, NEW_NET = 0x10000000, 0x08000000, 0x20000000, 0x40000000
NO_NEW_PRIVILEGES, DIE_WITH_PARENT = 38, 1  # of prctl
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446  # numbers of system calls
EXECUTE, WRITE, READ, READ_FOLDER = 1, 2, 4, 8
ALL_WRITING = (WRITE, *(1 << bit for bit in range(4, 13)))  # remove, make ... up to symbolic links
RENAME_OR_LINK, TRUNCATE, DEVICES = 1 << 13, 1 << 14, 1 << 15  # of versions 2, 3 and 5
TCP = 3  # to bind and to connect, of version 4
SCOPED = 3  # abstract sockets and signals, of version 6
CHANGES = (
    *(f"os.{name}" for name in ("chmod", "chown", "link", "mkdir", "remove", "rename", "rmdir")),
    *("os.symlink", "os.truncate", "os.utime", "shutil.rmtree", "shutil.move"),
)
CONNECTIONS = ("socket.bind", "socket.connect", "socket.getaddrinfo", "socket.sendto")
PROGRAMS = ("os.exec", "os.posix_spawn", "os.startfile", "os.system", "subprocess.Popen")


@dataclass(frozen=True)
class Offered:
    """What this system can keep an answer from.

    Attributes
    ----------
    network, files, memory : bool
        Whether the system itself, not Python alone, forbids the network, forbids to write outside
        of one folder, and limits the memory.
    """

    network: bool
    files: bool
    memory: bool

    def __str__(self):
        lacking = [
            words
            for there, words in (
                (self.network, "the network"),
                (self.files, "files outside of the copies"),
                (self.memory, "memory"),
            )
            if not there
        ]
        if not lacking:
            return "Answers run without network, and write to their own copies only."
        return (
            f"This system does not guard {' and '.join(lacking)} by itself, only Python does: grade"
            " strangers in a container or on a machine that may be lost."
        )


def offered():
    """Try in a process of its own what the system offers.

    Returns
    -------
    Offered
    """
    if sys.platform != "linux":
        return Offered(network=False, files=False, memory=False)
    return Offered(
        network=_in_child(leave_network) or _landlock_version() >= 4,
        files=_landlock_version() >= 1,
        memory=True,
    )


def limit(memory, seconds):
    """Limit this process: memory beyond what it has now (bytes), processor time, files, processes.

    On Windows nothing is limited.
    """
    try:
        import resource
    except ImportError:
        return
    limits = {
        "RLIMIT_CPU": max(int(seconds), 1),
        "RLIMIT_FSIZE": FILE_SIZE,
        "RLIMIT_CORE": 0,
        "RLIMIT_NPROC": PROCESSES,
    }
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limits["RLIMIT_AS"] = pages * resource.getpagesize() + memory
    for name, number in limits.items():
        with contextlib.suppress(ValueError, OSError):  # a lower one may be set already
            # one second between being told to end and being ended
            resource.setrlimit(getattr(resource, name), (number, number + (name == "RLIMIT_CPU")))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a large file is an OSError then


def leave_network():
    """Go where there is no network and no other process; the next child is alone there.

    Raises
    ------
    OSError
        Where users may not make namespaces.
    """
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEW_USER | NEW_NET | NEW_PID | NEW_IPC)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(text)


def die_with_parent():
    """Let the system end this process as soon as the one that started it has ended."""
    _call("prctl", DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def confine_files(writable, readable):
    """Forbid this process and its children for good to write elsewhere than in some folders.

    Parameters
    ----------
    writable, readable : iterable of path-like
        Folders and files; those that do not exist are left out.

    Raises
    ------
    OSError
        Where there is no Landlock.
    """
    version = _landlock_version()
    if version < 1:
        raise OSError("there is no Landlock")
    reading = EXECUTE | READ | READ_FOLDER
    writing = sum(ALL_WRITING)
    writing |= RENAME_OR_LINK * (version >= 2) | TRUNCATE * (version >= 3)
    handled = [reading | writing | DEVICES * (version >= 5), TCP * (version >= 4)]
    handled.append(SCOPED * (version >= 6))
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = (ctypes.c_uint64 * 3)(*handled)
    ruleset = _call("syscall", LANDLOCK_CREATE, ctypes.byref(rules), size, 0)
    of_a_file = EXECUTE | READ | WRITE | TRUNCATE * (version >= 3)
    for paths, allowed in ((readable, reading), (writable, reading | writing)):
        for path in paths:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
                rule = bytes(
                    ctypes.c_uint64(allowed if os.path.isdir(path) else allowed & of_a_file)
                )
                rule += bytes(ctypes.c_int32(place))
                _call("syscall", LANDLOCK_ADD, ruleset, 1, rule, 0)
                os.close(place)
    _call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _call("syscall", LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)


def forbid_in_python(writable):
    """Let Python refuse to change files outside of a folder, to connect, and to start programs.

    It can't be taken back, but code that goes past Python (ctypes) goes past it, too.

    Parameters
    ----------
    writable : path-like
    """
    inside = os.path.realpath(writable)

    def is_outside(path):
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False  # a number: opened before
        place = os.path.realpath(os.fsdecode(path))
        return os.path.commonpath([inside, place]) != inside and place != os.devnull

    def refuse(event, arguments):
        if event in CONNECTIONS or event in PROGRAMS:
            raise PermissionError(f"an answer that is graded may not use {event}")
        changes = event in CHANGES
        if event == "open":
            path, mode, flags = arguments
            changes = isinstance(flags, int) and bool(
                flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
            )
            arguments = (path,)
        if changes and any(is_outside(path) for path in arguments[:2]):
            raise PermissionError(f"an answer that is graded may not change {arguments[0]!s:.80}")

    sys.addaudithook(refuse)


def _call(name, *arguments):
    result = getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result


def _landlock_version():
    """Return the version of Landlock, 0 where there is none."""
    if sys.platform != "linux":
        return 0
    try:
        return _call("syscall", LANDLOCK_CREATE, None, 0, 1)
    except OSError:
        return 0


def _in_child(function):
    """Tell whether a function succeeds in a child process."""
    child = os.fork()
    if not child:
        try:
            function()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0
