"""Build the Jupyter Book site from the committed outputs."""

import http.server
import os
import shutil
import subprocess
import sys
from functools import partial

import yaml

from course_utils import files
from course_utils.command import browser, built
from course_utils.errors import CourseError

GUIDE = "book/instructors"
"""The page that students do not get: it says what goes wrong in each exercise."""


def build(root, answers=True, builder="html"):
    """Build the site below `book/_build`, with warnings as errors.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.
    answers : bool
        With the worked answers: behind toggles in the chapters, and as pages of their own; and
        with the guide for instructors.
    builder : str
        "html", or "singlehtml" for one page that holds the whole book.

    Returns
    -------
    pathlib.Path
        The folder of the site.

    Raises
    ------
    CourseError
        When Jupyter Book complains; the end of its report is shown.
    """
    output = root / "book" if answers else root / "book" / "_build" / "without_answers"
    site, course = output / "_build" / builder, built.course_hash(root)
    built.forget(site)
    config, toc = configure(root, output / "_build", answers)
    command = [
        sys.executable,
        "-c",
        "from jupyter_book.cli.main import main; main()",
        "build",
        str(root),
        "--config",
        str(config),
        "--toc",
        str(toc),
        "--path-output",
        str(output),
        "--builder",
        builder,
        "--all",
        "-W",
        "-n",
        "--keep-going",
        "-q",
    ]
    done = subprocess.run(
        command,
        cwd=root,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1", "NO_COLOR": "1"},
    )
    if done.returncode:
        report = (done.stdout + done.stderr).strip().splitlines()
        warnings = [line for line in report if "WARNING" in line or "ERROR" in line] or report[-15:]
        raise CourseError(
            "The book was not built:\n" + "\n".join(f"    {line}" for line in warnings[:20])
        )
    built.remember(site, course)
    return site


def configure(root, folder, answers=True):
    """Write the configuration and the contents for one build.

    Two things are decided here: whether worked answers are shown, and where the launch buttons
    lead. Binder and Colab fetch a course from a public repository, so the buttons appear once
    `CITATION.cff` names one as `repository-code`.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.
    folder : pathlib.Path
        Where the two files are written.
    answers : bool

    Returns
    -------
    config, toc : pathlib.Path
    """
    config = yaml.safe_load((root / "book" / "_config.yml").read_text(encoding="utf-8"))
    toc = yaml.safe_load((root / "book" / "_toc.yml").read_text(encoding="utf-8"))
    config["sphinx"]["config"]["course_answers"] = answers
    citation = root / "CITATION.cff"
    address = (
        yaml.safe_load(citation.read_text(encoding="utf-8")).get("repository-code")
        if citation.exists()
        else None
    )
    if address:
        config["repository"] = {
            "url": address.removesuffix("/").removesuffix(".git"),
            "branch": "main",
        }
    else:
        config.pop("launch_buttons")
    if not answers:
        for part in toc["parts"]:
            part["chapters"] = [
                page
                for page in part["chapters"]
                if not page["file"].startswith("solutions/") and page["file"] != GUIDE
            ]
        toc["parts"] = [part for part in toc["parts"] if part["chapters"]]
    paths = folder / "config.yml", folder / "toc.yml"
    for path, content in zip(paths, (config, toc), strict=True):
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            files.write_text(path, text)
    return paths


def site_folder(root, answers=True):
    """Return where the site is built: apart from the other when the answers are left out."""
    return (
        (root / "book" if answers else root / "book" / "_build" / "without_answers")
        / "_build"
        / "html"
    )


def print_book(root, answers=True):
    """Print the whole book to one PDF file.

    Parameters
    ----------
    root : pathlib.Path
    answers : bool

    Returns
    -------
    pathlib.Path
        `book/_build/course.pdf`, or `course-without-answers.pdf`.

    Raises
    ------
    CourseError
        When there is no browser to print with, Jupyter Book complains, or the page misses a
        picture.
    """
    found = browser.find_browser()
    if found is None:
        raise CourseError(
            "A PDF is printed by Chromium, Chrome or Edge, and none of them was found: install one,"
            " or open the site with `course book --serve` and print its pages from your browser."
        )
    site = build(root, answers, "singlehtml")
    page = site / "print.html"
    shutil.copyfile(
        site / "book" / "index.html", page
    )  # Sphinx names its pictures and styles as they are seen from one folder up
    path = root / "book" / "_build" / ("course.pdf" if answers else "course-without-answers.pdf")
    with files.replacing(path) as temporary:
        browser.print_page(page.as_uri(), temporary, found)
    return path


def open_server(folder, port):
    """Open a web server for a folder on the loopback address; `serve_forever` starts it.

    Parameters
    ----------
    folder : path-like
    port : int

    Returns
    -------
    http.server.ThreadingHTTPServer

    Raises
    ------
    CourseError
        When the port is taken.
    """
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise CourseError(
            f"Port {port} can't be used ({error.strerror}): choose another with --port."
        ) from error
