"""The classes of the course, and what other sets call them."""

import re

from course_utils.errors import CourseError

WORN, BARE = "with_mask", "without_mask"
TWO = (WORN, BARE)
FOUR = (WORN, BARE, "under_nose", "nose_only")

SPELLINGS = {
    WORN: ("withmask", "mask", "masked", "maskon", "facemask", "wearingmask", "properlywornmask"),
    BARE: ("withoutmask", "nomask", "unmasked", "maskoff", "nofacemask", "nonmask", "notmasked"),
    "under_nose": ("undernose",),
    "nose_only": ("noseonly",),
}
"""How the public sets spell a class, in small letters and digits alone: WithMask, no_mask, Non
Mask."""

WORDS = {
    WORN: "Mask",
    BARE: "NoMask",
    "under_nose": "Under the nose",
    "nose_only": "Nose only",
}
"""What people see of a class: beside a box, in a table, in an alert."""


def understood(name):
    """Return the class that another set's name means, or the name itself when it means none."""
    plain = re.sub(r"[\W_]+", "", name).lower()
    return next((ours for ours, others in SPELLINGS.items() if plain in others), name)


def all_understood(names):
    """Return a model's class names as the course's, in their order; unchanged where two mean one.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    tuple of str
    """
    ours = tuple(map(understood, names))
    return ours if len(set(ours)) == len(ours) else tuple(names)


def refuse_other_classes(names, where):
    """Refuse classes that the course's other commands don't know, before work is spent on them.

    Parameters
    ----------
    names : iterable of str
        As `understood` returns them.
    where : path-like
        What holds them, for the sentence.

    Raises
    ------
    CourseError
        When they are neither the two nor the four classes of the course.
    """
    names = set(names)
    if names in (set(TWO), set(FOUR)):
        return
    strange = sorted(names - set(FOUR))
    if WORN in names and len(names) > 2:
        remedy = f"add --classes 2 to count all but {WORN} as {BARE}, or rename them"
    else:
        remedy = "rename them"
    what = ", ".join(strange or sorted(names))
    raise CourseError(
        f"{where} has the classes {', '.join(sorted(names))}; `course detect` knows"
        f" {' and '.join(TWO)}, or these with under_nose and nose_only, and would refuse a model of"
        f" {what}: {remedy}."
    )
