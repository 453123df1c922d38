"""How much memory this process may use: the machine's, or what a container leaves of it."""

from pathlib import Path

import psutil

LIMITS = ("memory.max", "memory.limit_in_bytes")  # of control groups, version 2 and version 1


def available(groups="/proc/self/cgroup", mount="/sys/fs/cgroup"):
    """Return the memory that this process may use.

    Docker, Kubernetes and Binder limit a container by a control group, and a limit of a group holds
    for those inside it. The machine's own memory says nothing there
    (https://docs.kernel.org/admin-guide/cgroup-v2.html).

    Parameters
    ----------
    groups : path-like
        The file that names the control groups of this process.
    mount : path-like
        Where the groups are mounted.

    Returns
    -------
    size : int
        Bytes.
    limited : bool
        Whether a control group sets it.
    """
    total = psutil.virtual_memory().total
    limit = min(_limits(Path(groups), Path(mount)), default=total)
    return min(limit, total), limit < total


def _limits(groups, mount):
    """Yield every limit in bytes that is set on the groups of a process and those around them."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            top = mount / controllers
            inner = top / path.lstrip("/")
            for folder in (inner, *inner.parents):
                if folder.is_relative_to(top):
                    yield from _limits_of(folder)


def _limits_of(folder):
    for name in LIMITS:
        try:
            text = (folder / name).read_text().strip()
        except OSError:  # the root group has none; a container sees its own as the root
            continue
        if text.isdigit():  # else "max"
            yield int(text)
