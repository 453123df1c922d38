"""Print what CHANGELOG.md says of one version, for the notes of a release.

    python tools/release_notes.py v0.2.0

Fails when the tag, `pyproject.toml` and `CITATION.cff` name different versions.
"""

import re
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


def notes(changelog, version):
    """Return the text below a version's heading, or None where the changelog has none.

    Parameters
    ----------
    changelog : str
        In the form of Keep a Changelog.
    version : str

    Returns
    -------
    str or None
    """
    sections = re.split(r"^## \[([^]]+)\].*$", changelog, flags=re.MULTILINE)
    texts = dict(zip(sections[1::2], sections[2::2], strict=True))
    return texts[version].strip() if version in texts else None


def main():
    """Print the notes of the tag in the first argument."""
    version = sys.argv[1].removeprefix("v")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    for name, named in (
        ("pyproject.toml", project["version"]),
        ("CITATION.cff", citation["version"]),
    ):
        if named != version:
            sys.exit(f"{name} names version {named}, and the tag {sys.argv[1]}: make them agree.")
    text = notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if not text:
        sys.exit(f"CHANGELOG.md has no section [{version}]: write one below [Unreleased].")
    print(text)


if __name__ == "__main__":
    main()
