"""What a check finds, and where."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Attributes
    ----------
    place : str
        File, and the cell or line where there is one.
    problem : str
        What is wrong and what mends it.
    """

    place: str
    problem: str


def place(pair_path, number, root):
    """Name a cell in a finding."""
    return f"{pair_path.relative_to(root).as_posix()}, cell {number}"
