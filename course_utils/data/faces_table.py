"""The table of faces that a chapter starts from, in either profile."""

import io

import pandas as pd

from course_utils import profiles, project
from course_utils.data import tables
from course_utils.errors import CourseError


def load_faces(profile):
    """Read the table of faces of a profile's data set.

    Parameters
    ----------
    profile : str
        "sample" or "real".

    Returns
    -------
    pandas.DataFrame
        One row a picture. Columns in both profiles: `picture` (str, below the
        folder that `faces_dir` names), `label` ("with_mask" or
        "without_mask"), `person` (str, empty when unknown) and `split` (str,
        empty when not split yet). Other columns depend on the data set.

    Raises
    ------
    CourseError
        When the photographs were not fetched.
    """
    read = tables.read_faces(require_faces(profile))
    written = pd.DataFrame(read.rows, columns=read.columns).to_csv(index=False)
    return pd.read_csv(
        io.StringIO(written),
        dtype={"picture": str, "person": str, "split": str},
        keep_default_na=False,
    )


def require_faces(profile):
    """Return the path of a profile's table; refuse a profile whose pictures are not here.

    Raises
    ------
    CourseError
        Says what to fetch or to import.
    """
    path = faces_dir(profile) / "faces.csv"
    if not path.exists():
        dataset = profiles.get_profile(profile).dataset
        command = "data import own FOLDER" if dataset == "own" else f"data fetch {dataset}"
        raise CourseError(f"{path} is missing: run `course {command}` first.")
    return path


def faces_dir(profile):
    """Return the folder that the `picture` column of `load_faces` starts from.

    Raises
    ------
    CourseError
        When the profile "sample" was given other pictures. Chapters show the embedded ones by that
        name in every profile; others get a profile of their own.
    """
    chosen = profiles.get_profile(profile)
    if chosen.name == "sample" and chosen.dataset != "sample":
        raise CourseError(
            f"The profile sample names the data set {chosen.dataset} in course_utils/profiles.py,"
            " but chapters show the embedded pictures by that name: put sample back, and add a"
            " profile of its own for the others, as the guide for instructors shows."
        )
    return (
        project.data_dir() / "sample"
        if chosen.name == "sample"
        else project.work_dir() / "datasets" / chosen.dataset
    )
