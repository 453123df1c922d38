"""A chapter that is opened alone in Google Colab: fetch what it needs, and begin.

Colab gives a notebook a machine on which a kernel runs already. The packages which that kernel is
made of (ipykernel, IPython, tornado, pyzmq ...) are left as they are: Colab warns of others, and
may lose the connection. Everything else is brought to the versions of the lock.
"""

import importlib.metadata
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from course_utils import project

KERNEL = "ipykernel"
UV = "uv==0.13.9"
LOADED_EARLY = ("numpy", "pandas", "matplotlib", "PIL")  # by what Colab does at its start
NAME = re.compile(r"[A-Za-z0-9._-]+")

FIRST_CELL = """\
import sys

if "google.colab" in sys.modules:  # fetches the course; elsewhere this cell does nothing
    ![ -d /content/course ] || git clone --quiet --depth 1 {address} /content/course
    %cd -q /content/course
    !python -m course_utils.notebook.colab
    sys.path.insert(0, "/content/course")
    from course_utils.notebook import colab

    colab.begin()
"""


def plain(name):
    """Return a package's name as the index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def of_the_kernel():
    """Return the names of all installed packages that the running kernel is made of.

    Returns
    -------
    set of str
    """
    found, waiting = set(), [KERNEL]
    while waiting:
        name = plain(waiting.pop())
        if name in found:
            continue
        try:
            wanted = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        found.add(name)
        waiting += [NAME.match(line)[0] for line in wanted if "extra ==" not in line]
    return found


def missing(lock, kept):
    """Return the part of a lock that leaves some packages alone.

    Parameters
    ----------
    lock : str
        As `requirements.lock` holds it: a pin, and its hashes on continued lines.
    kept : set of str
        Names that are not to be touched.

    Returns
    -------
    str
    """
    blocks = re.split(r"\n(?=\S)", lock.strip())
    return "\n".join(block for block in blocks if plain(NAME.match(block)[0]) not in kept) + "\n"


def install(root):
    """Install what chapters need and the kernel is not made of, by uv, from the lock; the course.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.
    """
    lock = missing((root / "requirements.lock").read_text(encoding="utf-8"), of_the_kernel())
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable]
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", UV], check=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requirements.txt"
        path.write_text(lock, encoding="utf-8")
        subprocess.run([*uv, "--no-deps", "--require-hashes", "-r", str(path)], check=True)
    subprocess.run([*uv, "--no-deps", "--no-build-isolation", "-e", str(root)], check=True)


def outdated():
    """Return what this kernel imported before another version was installed.

    Returns
    -------
    list of str
        Modules of `LOADED_EARLY`.
    """
    sources = importlib.metadata.packages_distributions()
    return [
        module
        for module in LOADED_EARLY
        if module in sys.modules
        and sys.modules[module].__version__ != importlib.metadata.version(sources[module][0])
    ]


def begin():
    """Go to the chapters and switch their widgets on; restart a kernel that holds old packages."""
    old = outdated()
    if old:
        print(
            f"Colab had loaded another {', '.join(old)}: the session starts anew. Run this cell"
            " once more, then the others.",
            flush=True,
        )
        os.kill(os.getpid(), signal.SIGKILL)
    os.chdir(project.root() / "chapters")
    from google.colab import output

    output.enable_custom_widget_manager()


if __name__ == "__main__":
    install(project.root())
