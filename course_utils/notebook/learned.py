"""The table of faces that networks learn from: of drawn masks, or of worn ones."""

import pandas as pd

from course_utils.data.faces_table import faces_dir, load_faces
from course_utils.training.pipeline import BOX


def faces_learned_from(out):
    """Read the table of faces that chapter 05 learned from, with all parts of its split.

    Parameters
    ----------
    out : course_utils.notebook.artefacts.Artefacts
        Of the chapter that asks.

    Returns
    -------
    table : pandas.DataFrame
        In the order in which chapter 05 read it. Where the profile learns from drawn masks that is
        chapter 02's table, else chapter 01's split of photographs that are cut already.
    folder : pathlib.Path
        What its column `picture` starts from.

    Raises
    ------
    CourseError
        When the chapter that makes it has not been run.
    """
    if out.profile.training.masks == "drawn":
        path = out.earlier("02_mask_synthesis", "faces.csv")
        return pd.read_csv(path, keep_default_na=False), path.parent
    path = out.earlier("01_data_collection", "faces.csv")
    split = pd.read_csv(path, keep_default_na=False)[["picture", "group", "split"]]
    plain = load_faces(out.profile.name).drop(columns=["split", *BOX], errors="ignore")
    return plain.merge(split, on="picture"), faces_dir(out.profile.name)
