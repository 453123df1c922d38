"""The two ways to run a chapter: on the embedded pictures, or on real photographs.

A chapter's code is the same for both. Everything that differs, and the one
seed of the course, stands here.
"""

from dataclasses import dataclass

from course_utils.errors import CourseError

SEED = 2021


@dataclass(frozen=True)
class Training:
    """What chapter 05 trains, and on what.

    Attributes
    ----------
    masks : str
        "drawn": learn from the drawn masks of chapter 02; "worn": from pictures of masks that were
        worn. The other kind is for testing.
    size : int
        Side in pixels of the square that networks see which start from random numbers.
    pretrained_size : int
        The same for the pretrained one.
    alpha : float
        Width of MobileNetV2 where it starts from random numbers.
    augment : str
        Policy of chapter 03.
    steps, batch : int
        The budget of every network that starts from random numbers: steps, and faces of a step.
    rates : dict of str to float
        By the network's name: the highest learning rate of the schedule.
    shaken : int
        How many more times the head learns each face, cut by a box that is a little off; 0 where
        pictures come cut and without boxes.
    """

    masks: str
    size: int
    pretrained_size: int
    alpha: float
    augment: str
    steps: int
    batch: int
    rates: dict
    shaken: int


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
    training : Training
    """

    name: str
    dataset: str
    title: str
    training: Training


PROFILES = {
    "sample": Profile(
        "sample",
        "sample",
        "embedded pictures of invented people",
        Training(
            masks="drawn",
            size=48,
            pretrained_size=128,
            alpha=0.35,
            augment="light",
            steps=80,
            batch=24,
            rates={"resnet34": 1e-3, "resnet50": 1e-3, "mobilenetv2": 4e-3},
            shaken=1,
        ),
    ),
    "real": Profile(
        "real",
        "face-mask-detection",
        "real photographs",
        Training(
            masks="worn",
            size=64,
            pretrained_size=192,
            alpha=0.35,
            augment="light",
            steps=700,
            batch=32,
            rates={"resnet34": 1e-3, "resnet50": 1e-3, "mobilenetv2": 2e-3},
            shaken=0,
        ),
    ),
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
