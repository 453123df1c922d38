"""The two ways to run a chapter: on the embedded pictures, or on real photographs.

A chapter's code is the same for both. Everything that differs, and the one
seed of the course, stands here.
"""

from dataclasses import dataclass

from course_utils.errors import CourseError

SEED = 2021


@dataclass(frozen=True)
class Profile:
    """What a run works on.

    Attributes
    ----------
    name : str
        "sample" or "real"; also the folder below `work/`.
    dataset : str
        Name of the data set in `data/registry.toml`.
    title : str
        The data set in words, for titles and sentences.
    """

    name: str
    dataset: str
    title: str


PROFILES = {
    "sample": Profile("sample", "sample", "embedded pictures of invented people"),
    "real": Profile("real", "face-mask-detection", "real photographs"),
}


def get_profile(name):
    """Return the profile called `name`.

    Raises
    ------
    CourseError
        When there is none of that name.
    """
    if name not in PROFILES:
        raise CourseError(f"There is no profile {name!r}: choose one of {', '.join(PROFILES)}.")
    return PROFILES[name]
