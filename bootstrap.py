"""Make the course's environment in .venv from requirements.lock; do nothing when it is up to date.

Needs Python 3.11 or 3.12 and nothing else (Debian: with `python3-venv`). `make` calls it; without
make run `python bootstrap.py` and then `.venv/bin/course` (Windows: `.venv/Scripts/course`).
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "course-environment"
UV = "uv==0.13.9"
SUPPORTED = ((3, 11), (3, 12))


def state():
    """Return a hash of what the environment is made from."""
    digest = hashlib.sha256(UV.encode())
    for name in ("requirements.lock", "pyproject.toml", "bootstrap.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def find_python():
    """Return a supported interpreter: this one, or another one that runs."""
    if sys.version_info[:2] in SUPPORTED:
        return None
    for major, minor in reversed(SUPPORTED):
        name = shutil.which(f"python{major}.{minor}")
        if name and subprocess.run([name, "-c", ""], capture_output=True).returncode == 0:
            return name
    found = ".".join(map(str, sys.version_info[:3]))
    sys.exit(
        f"bootstrap: this is Python {found}, and the course needs 3.11 or 3.12: install one of them"
        " and try again. book/setup.md says how on each system, without administrator's rights too."
    )


def require_pip():
    """Stop where Debian and its relatives have taken apart what makes an environment."""
    if importlib.util.find_spec("ensurepip") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        sys.exit(
            "bootstrap: this Python can't make an environment: install its other part with"
            f" `sudo apt install python{version}-venv`, and try again."
        )


def tool(name):
    """Return the path of a program of the environment."""
    return str(VENV / ("Scripts" if os.name == "nt" else "bin") / name)


def run(command, what):
    """Run a step; its own words are shown only when it fails."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    }
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(
            f"{done.stdout[-3000:]}\nbootstrap: {what} failed (see above). Is the network"
            " reachable? Then try again."
        )


def main():
    """Make the environment, unless it is up to date."""
    if "--fresh" in sys.argv[1:]:
        shutil.rmtree(VENV, ignore_errors=True)
    if STAMP.exists() and STAMP.read_text() == state():
        return
    if VENV.is_symlink():
        sys.exit(
            f"bootstrap: .venv is a link to {os.readlink(VENV)}, which would be emptied: remove the"
            " link and try again."
        )
    other = find_python()
    if other:
        sys.exit(subprocess.call([other, __file__, *sys.argv[1:]]))
    require_pip()
    print(
        "Making the environment in .venv (about 4 GB; a few minutes the first time) ...", flush=True
    )
    STAMP.unlink(missing_ok=True)
    # Links, as `python -m venv` makes them: a copy of uv's Python does not start on macOS.
    venv.create(VENV, with_pip=True, clear=VENV.exists(), symlinks=os.name != "nt")
    python = tool("python")
    run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV],
        "installing uv",
    )
    run(
        [
            python,
            "-m",
            "uv",
            "pip",
            "install",
            "--compile-bytecode",
            "--python",
            python,
            "--require-hashes",
            "-r",
            "requirements.lock",
        ],
        "installing the packages of requirements.lock",
    )
    run(
        [
            python,
            "-m",
            "uv",
            "pip",
            "install",
            "--python",
            python,
            "--no-deps",
            "--no-build-isolation",
            "-e",
            ".",
        ],
        "installing the course",
    )
    STAMP.write_text(state())


if __name__ == "__main__":
    main()
