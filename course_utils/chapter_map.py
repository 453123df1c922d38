"""The map of the course: every chapter with what it is good for and how long it takes."""

import jupytext
import pandas as pd

from course_utils import project

CHAPTERS = {
    "00_welcome": "find the way around, and run the finished program before building it",
    "01_data_collection": "fetch pictures, crop faces, find duplicates and leaks, split by person",
    "02_mask_synthesis": "draw masks onto faces, in the four ways of wearing them",
    "03_augmentation": "imitate a camera's faults, and feed a network fast",
    "04_architectures": "build three networks and see what a shortcut is good for",
    "05_training": "train and compare them honestly, and read their mistakes",
    "06_small_faces": "find out why small faces fail, and repair it",
    "07_detection": "put the program on a picture, a video and a camera",
    "08_serving": "answer over the network with TensorFlow Serving",
    "09_release": "measure for whom it fails, and write the model card",
}


def course_map():
    """Lay out the chapters: title, what you can do afterwards, minutes.

    Returns
    -------
    pandas.DataFrame
        Titles and minutes come from the headers of the chapters; one that is not written yet has none.
    """
    rows = []
    for slug, afterwards in CHAPTERS.items():
        number, name = slug.split("_", 1)
        path = project.root() / "chapters" / f"{slug}.py"
        course = jupytext.read(path).metadata.get("course", {}) if path.exists() else {}
        title = course.get("title", name.replace("_", " ").capitalize())
        rows.append({"chapter": number, "title": title, "afterwards you can": afterwards, "minutes": str(course.get("minutes", "to come"))})
    return pd.DataFrame(rows).set_index("chapter")
