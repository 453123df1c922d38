"""What a site was built from, and what it was: an unchanged one is not built again.

Both are known by their contents. All of the course counts as what a site is built from, but for
what commands write: a page may show any picture, table or source of it.
"""

import hashlib
import json
import sys

from course_utils import files

WRITTEN = ("work", "book/_build")
"""Folders of the course that commands write."""


def is_built(root, site):
    """Tell whether a site is what was built last, from what is there now.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.
    site : pathlib.Path
        The site's folder.

    Returns
    -------
    bool
    """
    try:
        known = json.loads(_record(site).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return known == {"course": course_hash(root), "site": _contents(site, files.files_below(site))}


def forget(site):
    """Remove what is known of a site, before it is built."""
    _record(site).unlink(missing_ok=True)


def remember(site, course):
    """Keep what a site was built from, and what it is.

    Parameters
    ----------
    site : pathlib.Path
    course : str
        As `course_hash` gave it before the site was built.
    """
    known = {"course": course, "site": _contents(site, files.files_below(site))}
    files.write_text(_record(site), json.dumps(known) + "\n")


def course_hash(root):
    """Return one hash of all that a site may be built from, and of the Python that builds it."""
    written = tuple(f"{name}/" for name in WRITTEN)
    tops = (
        top
        for top in sorted(root.iterdir())
        if not top.name.startswith(".") and top.name not in WRITTEN
    )
    below = (
        path
        for top in tops
        for path in (files.files_below(top) if top.is_dir() else [top])
        if path.is_file()
        and "__pycache__" not in path.parts
        and not path.relative_to(root).as_posix().startswith(written)
    )
    return hashlib.sha256(f"{sys.version} {_contents(root, below)}".encode()).hexdigest()


def _record(site):
    return site.with_name(f"{site.name}.json")


def _contents(folder, paths):
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(folder).as_posix()} {files.sha256(path)}\n".encode())
    return digest.hexdigest()
