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
    path = faces_dir(profile) / "faces.csv"
    if not path.exists():
        dataset = profiles.get_profile(profile).dataset
        raise CourseError(f"{path} is missing: run `course data fetch {dataset}` first.")
    read = tables.read_faces(path)
    written = pd.DataFrame(read.rows, columns=read.columns).to_csv(index=False)
    return pd.read_csv(
        io.StringIO(written),
        dtype={"picture": str, "person": str, "split": str},
        keep_default_na=False,
    )


def faces_dir(profile):
    """Return the folder that the `picture` column of `load_faces` starts from."""
    chosen = profiles.get_profile(profile)
    return (
        project.data_dir() / "sample"
        if chosen.name == "sample"
        else project.work_dir() / "datasets" / chosen.dataset
    )
