"""`course lab`: JupyterLab on the chapters, in which the `course` command works."""

import os
import subprocess
import sys
from pathlib import Path

from course_utils import notebook, project
from course_utils.command import notebooks

SETTINGS = Path(notebook.__file__).parent / "jupyter"
"""Where the settings lie that a Jupyter server for the course wants."""


def command(root, arguments):
    """Return the command line that starts JupyterLab.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.
    arguments : list of str
        At most one chapter's number, then options of JupyterLab, which win over the course's.

    Returns
    -------
    list of str

    Raises
    ------
    CourseError
        When there is no such chapter.
    """
    options = list(arguments)
    target = root / "chapters"
    if options and not options[0].startswith("-"):
        target = notebooks.find_pairs(root, wanted=[options.pop(0)])[0].notebook
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{target.relative_to(root).as_posix()}",
        *options,
    ]


def start(root, arguments):
    """Replace this process by JupyterLab; its own question after Ctrl-C can be answered then.

    Windows has no such replacement: there this process waits for it.

    Parameters
    ----------
    root : pathlib.Path
    arguments : list of str
        As for `command`.
    """
    line = command(root, arguments)
    project.put_tools_on_path()
    paths = [str(SETTINGS), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(paths)
    os.chdir(root)
    if os.name == "nt":
        sys.exit(subprocess.call(line))
    sys.stdout.flush()
    os.execv(sys.executable, line)
