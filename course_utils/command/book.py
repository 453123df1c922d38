"""Build the Jupyter Book site from the committed outputs."""

import http.server
import os
import subprocess
import sys
from functools import partial

from course_utils.errors import CourseError


def build(root):
    """Build the site below `book/_build/html`, with warnings as errors.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.

    Returns
    -------
    pathlib.Path
        The folder of the site.

    Raises
    ------
    CourseError
        When Jupyter Book complains; the end of its report is shown.
    """
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(root), "--config", str(root / "book" / "_config.yml"),
               "--toc", str(root / "book" / "_toc.yml"), "--path-output", str(root / "book"), "-W", "-n", "--keep-going", "-q"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", errors="replace",
                          env={**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1", "NO_COLOR": "1"})
    if done.returncode:
        report = (done.stdout + done.stderr).strip().splitlines()
        warnings = [line for line in report if "WARNING" in line or "ERROR" in line] or report[-15:]
        raise CourseError("The book was not built:\n" + "\n".join(f"    {line}" for line in warnings[:20]))
    return site_folder(root)


def site_folder(root):
    return root / "book" / "_build" / "html"


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
        raise CourseError(f"Port {port} can't be used ({error.strerror}): choose another with --port.") from error
