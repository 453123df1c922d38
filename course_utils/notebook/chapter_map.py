"""The map of the course: every chapter with what it is good for and how long it takes."""

import re
from dataclasses import dataclass, field

import pandas as pd

from course_utils import project
from course_utils.notebook.scripts import read_script

CHAPTERS = {
    "00_welcome": "find the way around, and run the finished program before building it",
    "01_data_collection": "fetch pictures, crop faces, find duplicates and leaks, split by person",
    "02_mask_synthesis": "draw masks onto faces, in the four ways of wearing them",
    "03_augmentation": "imitate a camera's faults, and feed a network fast",
    "04_architectures": "build three networks and see what a shortcut is good for",
    "05_training": "train and compare them honestly, and read their mistakes",
    "06_small_faces": (
        "measure accuracy against face size, find what does the harm, and test a repair"
    ),
    "07_detection": "put the program on a picture, a video and a camera",
    "08_serving": "answer over the network with TensorFlow Serving",
    "09_release": "measure for whom it fails, and write the model card",
}

EXERCISE = re.compile(r"^(?:\*\*Exercise |#+ )(\d+-\d+)\b.*\((\w+), (\d+) minutes\)", re.MULTILINE)
"""How a chapter announces an exercise: number, grade and minutes in one line."""


@dataclass(frozen=True)
class Chapter:
    """What a chapter says of itself.

    Attributes
    ----------
    slug : str
        "NN_name".
    title : str
    afterwards : str
        What the reader can do then.
    minutes : int or None
        To read and run it, without exercises; None when it is not written yet.
    needs : tuple of str
        Numbers, "NN", of the chapters whose files it reads.
    exercises : dict of str to int
        Minutes of each exercise, by its number "N-K".
    """

    slug: str
    title: str
    afterwards: str
    minutes: int | None = None
    needs: tuple = ()
    exercises: dict = field(default_factory=dict)

    @property
    def number(self):
        return self.slug[:2]


def read_chapters(root):
    """Read title, minutes, needs and exercises of every chapter from its source.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.

    Returns
    -------
    list of Chapter
        All that `CHAPTERS` names, in order; one that is not written yet has no minutes.
    """
    chapters = []
    for slug, afterwards in CHAPTERS.items():
        path = root / "chapters" / f"{slug}.py"
        if not path.exists():
            chapters.append(Chapter(slug, slug[3:].replace("_", " ").capitalize(), afterwards))
            continue
        notebook = read_script(path)
        course = notebook.metadata["course"]
        prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        exercises = {number: int(minutes) for number, _, minutes in EXERCISE.findall(prose)}
        chapters.append(
            Chapter(
                slug,
                course["title"],
                afterwards,
                course["minutes"],
                tuple(str(number).zfill(2) for number in course["needs"]),
                exercises,
            )
        )
    return chapters


def course_map():
    """Lay out the chapters: title, what you can do afterwards, minutes.

    Returns
    -------
    pandas.DataFrame
        Titles and minutes come from the headers of the chapters; one that is not written yet has
        none.
    """
    rows = [
        {
            "chapter": chapter.number,
            "title": chapter.title,
            "afterwards you can": chapter.afterwards,
            "minutes": str(chapter.minutes or "to come"),
        }
        for chapter in read_chapters(project.root())
    ]
    return pd.DataFrame(rows).set_index("chapter")
