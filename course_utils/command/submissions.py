"""The notebooks that a class handed in: whose they are, of which chapter, and their answers."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_utils.command import notebooks
from course_utils.errors import CourseError

LARGEST = 50_000_000  # bytes of a notebook that is read
CHECK = re.compile(r"\bchapter_(\d\d)\.check_(\d+)\(")
OPEN_TASK = re.compile(r"^\*\*Open task\b")
OF_MOODLE = re.compile(r"_\d+_assignsubmission_\w*$")


@dataclass(frozen=True)
class Submission:
    """A notebook of one student.

    Attributes
    ----------
    student : str
    chapter : str
        "NN_slug"; empty when nothing tells.
    path : pathlib.Path
    cells : list of NotebookNode
        Empty when it can't be read.
    problem : str
        Why it can't be read.
    """

    student: str
    chapter: str
    path: Path
    cells: list
    problem: str = ""


def collect(folder, slugs):
    """Read all notebooks below a folder.

    Whose one is, its place tells: the folder below `folder` that holds it (as nbgrader and Moodle
    hand them over), or what its name holds besides the chapter's. Of two notebooks of one chapter
    and student the newer one counts.

    Parameters
    ----------
    folder : path-like
    slugs : list of str
        "NN_slug" of every chapter.

    Returns
    -------
    list of Submission
        By student and chapter.

    Raises
    ------
    CourseError
        When there is no such folder, or no notebook in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CourseError(
            f"{folder} is no folder: name the one that holds the collected notebooks."
        )
    paths = [
        path
        for path in folder.rglob("*.ipynb")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not paths:
        raise CourseError(
            f"There is no notebook (.ipynb) in {folder}: collect the students' notebooks there,"
            " each in a folder with the student's name."
        )
    newest = {}
    for path in sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path)):
        found = read(path, student_of(path.relative_to(folder), slugs), slugs)
        newest[found.student, found.chapter or path.name] = found
    return [newest[key] for key in sorted(newest)]


def student_of(path, slugs):
    """Tell from a path below the collection whose notebook it is."""
    if len(path.parts) > 1:
        return OF_MOODLE.sub("", path.parts[0])
    name = path.stem
    for slug in slugs:
        name = name.replace(slug, "")
    return name.strip(" _-.") or path.stem


def read(path, student, slugs):
    """Read one notebook; what is wrong with it is told in the `problem`."""
    cells, problem = [], ""
    try:
        if path.stat().st_size > LARGEST:
            problem = f"it is larger than {LARGEST // 1_000_000} MB"
        else:
            cells = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4).cells
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        nbformat.ValidationError,
    ) as error:
        problem = f"it is no notebook ({type(error).__name__})"
    return Submission(student, chapter_of(cells, path, slugs), path, cells, problem)


def chapter_of(cells, path, slugs):
    """Tell from tags, from checks or from the file's name which chapter a notebook is."""
    numbers = [
        tag.split("-")[1].zfill(2)
        for cell in cells
        for tag in notebooks.tags(cell)
        if re.fullmatch(r"exercise-\d+-\d+", str(tag))
    ] + [match[1] for cell in cells for match in CHECK.finditer(cell.source)]
    for slug in slugs:
        if (numbers and slug[:2] == numbers[0]) or (not numbers and slug in path.as_posix()):
            return slug
    return ""


def answers(cells):
    """Return the cell of each exercise.

    Parameters
    ----------
    cells : list of NotebookNode

    Returns
    -------
    dict of str to str
        "exercise-N-K" to the source. Where an editor has lost the tags, the code cell before a
        check counts.
    """
    found, last = {}, None
    for cell in cells:
        if cell.cell_type != "code":
            continue
        tag = next((tag for tag in notebooks.tags(cell) if str(tag).startswith("exercise-")), None)
        check = CHECK.search(cell.source)
        if tag:
            found[tag] = cell.source
        elif check and last is not None:
            found.setdefault(f"exercise-{int(check[1])}-{check[2]}", last)
        last = None if check else cell.source
    return found


def below_open_task(cells, shipped):
    """Count the cells below the open task that are not the chapter's; None where it has none.

    Parameters
    ----------
    cells : list of NotebookNode
        What was handed in.
    shipped : list of NotebookNode
        The chapter's own cells.
    """
    if not any(OPEN_TASK.match(cell.source) for cell in shipped):
        return None
    known = {cell.source.strip() for cell in shipped}
    places = [place for place, cell in enumerate(cells) if OPEN_TASK.match(cell.source)]
    first = places[0] if places else 0
    return sum(
        bool(cell.source.strip()) and cell.source.strip() not in known for cell in cells[first:]
    )
