"""A copy of the course for students: all that a reader needs, and no worked answers."""

import json
import re
import shutil
from pathlib import Path

import yaml

from course_utils import files
from course_utils.command import nbgrader, notebooks
from course_utils.errors import CourseError

FOLDERS = ("chapters", "course_utils", "data", "book")
FILES = (
    "LICENSE",
    "CITATION.cff",
    "Makefile",
    "bootstrap.py",
    "environment.yml",
    "postBuild",
    "start",
    "pyproject.toml",
    "requirements.lock",
    "jupytext.toml",
    ".gitignore",
)
FOR_INSTRUCTORS = ("book/instructors.md",)
FOR_DEVELOPERS = ("test", "lint", "lock")  # targets of the Makefile
MARKER = ".handout.json"
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<target>[^)\s#]+)[^)\s]*\)")
README = """\
# From raw photographs to a face-mask detector

A course of ten Jupyter notebooks that runs on a laptop without a GPU and without internet. You \
need Python 3.11 or 3.12.

```
make lab        # makes the environment once, then opens JupyterLab: begin with \
chapters/00_welcome.ipynb
```

On Windows, which has no `make`, see [setup](book/setup.md). A chapter reads what earlier ones \
have made: `course run 01 02` in a terminal makes
what is missing.

Every exercise has a check that tells you at once whether your answer is right. `course progress` \
shows what you have passed; it is kept on your
machine only. The terms for pictures, code and text are in [LICENSE](LICENSE) and [data \
cards](data/cards/README.md).
"""


def write(root, target, outputs=False, for_nbgrader=False):
    """Write the copy, whole or not at all.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.
    target : path-like
        The new folder. An earlier handout that nobody has worked in is replaced.
    outputs : bool
        Keep the stored outputs in the notebooks; else students make them by running.
    for_nbgrader : bool
        Add the chapters as assignments, with the settings of nbgrader.

    Returns
    -------
    pathlib.Path
        The absolute path of the copy.

    Raises
    ------
    CourseError
        When the folder is not an untouched handout, lies around the course, or can't be written to.
    """
    target = Path(target).expanduser().resolve()
    require_free(root, target)
    with files.explaining_disk_errors(target), files.replacing_folder(target) as folder:
        for path in [root / name for name in FILES] + [
            path for name in FOLDERS for path in files.files_below(root / name)
        ]:
            name = path.relative_to(root)
            if (
                path.is_file()
                and name.as_posix() not in FOR_INSTRUCTORS
                and not {"__pycache__", "_build"} & set(name.parts)
            ):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, folder / name)
        (folder / "README.md").write_text(README, encoding="utf-8", newline="\n")
        if not outputs:
            for pair in notebooks.find_pairs(folder):
                clear_outputs(pair.notebook)
        if for_nbgrader:
            nbgrader.write(folder)
        leave_out_missing_pages(folder)
        leave_out_targets(folder / "Makefile")
        listed = {
            path.relative_to(folder).as_posix(): files.sha256(path) for path in all_files(folder)
        }
        (folder / MARKER).write_text(
            json.dumps({"made by": "course handout", "files": listed}, indent=1) + "\n",
            encoding="utf-8",
        )
    return target


def require_free(root, target):
    """Refuse a folder that holds anything else than a handout as it was made."""
    if target == root or target in root.parents:
        raise CourseError(f"{target} holds the course itself: name another folder.")
    if target.is_file():
        raise CourseError(f"{target} is a file: name a folder.")
    if not target.exists() or not any(target.iterdir()):
        return
    try:
        listed = json.loads((target / MARKER).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CourseError(
            f"{target} is there and is no handout of this course: name a folder that does not exist"
            " yet."
        ) from error
    for path in all_files(target):
        name = path.relative_to(target).as_posix()
        if name != MARKER and (name not in listed or files.sha256(path) != listed[name]):
            raise CourseError(
                f"{target} is a handout that somebody has worked in ({name} is not as it was handed"
                " out): name another folder, or remove it yourself."
            )


def all_files(folder):
    """Return all files below a folder, hidden ones too.

    What Python and the environment keep there is left out.
    """
    return [
        path
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and not {"__pycache__", ".venv"} & set(path.relative_to(folder).parts)
    ]


def clear_outputs(path):
    """Remove the outputs and counts of a notebook's cells."""
    notebook = notebooks.read_notebook(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebooks.write_notebook(notebook, path)


def leave_out_targets(makefile):
    """Take out of the Makefile what works on files that are not handed out."""
    if not makefile.exists():
        return
    names = "|".join(FOR_DEVELOPERS)
    text = makefile.read_text(encoding="utf-8")
    text = re.sub(rf"^(?:{names}):.*\n(?:\t.*\n)*\n?", "", text, flags=re.MULTILINE)
    phony = re.compile(rf"^(\.PHONY:.*?) (?:{names})\b", re.MULTILINE)
    while phony.search(text):
        text = phony.sub(r"\1", text)
    text = text.replace("`make course` and `make test` are all", "`make course` is all")
    makefile.write_text(text, encoding="utf-8", newline="\n")


def leave_out_missing_pages(folder):
    """Take pages that were not handed out from the book's contents.

    Links to them go from the pages that were.
    """
    contents = folder / "book" / "_toc.yml"
    if contents.exists():
        table = yaml.safe_load(contents.read_text(encoding="utf-8"))
        for part in table.get("parts", []):
            part["chapters"] = [
                page
                for page in part["chapters"]
                if any(
                    (folder / page["file"]).with_suffix(kind).exists() for kind in (".md", ".ipynb")
                )
            ]
        table["parts"] = [part for part in table.get("parts", []) if part["chapters"]]
        contents.write_text(
            yaml.safe_dump(table, sort_keys=False, allow_unicode=True),
            encoding="utf-8",
            newline="\n",
        )
    for page in [
        *folder.glob("*.md"),
        *(folder / "book").glob("*.md"),
        *(folder / "data").rglob("*.md"),
    ]:
        text = page.read_text(encoding="utf-8")
        kept = LINK.sub(
            lambda link: (
                link[0]
                if ":" in link["target"] or (page.parent / link["target"]).exists()  # noqa: B023
                else link["text"]
            ),
            text,
        )
        if kept != text:
            page.write_text(kept, encoding="utf-8", newline="\n")
