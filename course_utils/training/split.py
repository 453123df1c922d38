"""What is held back to validate: whole groups, so that no twin is on the other side."""

import warnings
from pathlib import PurePosixPath

import imagehash
import numpy as np
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from course_utils.data.audit import near_pairs
from course_utils.errors import CourseError

NEAR = 4
"""Bits of 64 by which the difference hashes of near duplicates differ at most."""


def group_alike(pictures, faces, groups=None, endings=()):
    """Tie together what must not be torn by a split.

    Parameters
    ----------
    pictures : sequence of str
        Names with `/`.
    faces : ndarray, uint8, (n, size, size, 3), RGB
    groups : sequence of str, optional
        What is known; empty where it is not.
    endings : iterable of str
        What stands behind an underscore at the end of a copy's name: `course mask` appends the
        mask's type.

    Returns
    -------
    ndarray of str, (n,)
        "g0000" and so on, in the order of the pictures: one name for all that are connected by a
        group, by name or by near duplicates (difference hash, as `course data audit` finds them).
    """
    hashes = [imagehash.dhash(Image.fromarray(face)).hash.flatten() for face in faces]
    fingerprints = np.array(
        [int.from_bytes(np.packbits(bits).tobytes(), "big") for bits in hashes], np.uint64
    )
    edges = [near_pairs(fingerprints, NEAR)]
    for keys in (
        [source_name(name, endings) for name in pictures],
        groups if groups is not None else [],
    ):
        first = {}
        edges.append(
            np.array(
                [(first.setdefault(key, number), number) for number, key in enumerate(keys) if key],
                int,
            ).reshape(-1, 2)
        )
    one, other = np.concatenate(edges).T
    graph = coo_array((np.ones(len(one), bool), (one, other)), shape=(len(faces), len(faces)))
    _, numbers = connected_components(graph, directed=False)
    return np.array([f"g{number:04d}" for number in numbers])


def hold_back(labels, groups, share, seed):
    """Choose the groups that validate.

    Parameters
    ----------
    labels : sequence of str, (n,)
    groups : sequence of str, (n,)
        Pictures of one group stay together.
    share : float
        Of the pictures, above 0 to 0.5; met as closely as 1 / share rounded to a whole number of
        parts allows.
    seed : int

    Returns
    -------
    ndarray of bool, (n,)
        True: held back. Every class is on both sides, in about the same shares.

    Raises
    ------
    CourseError
        When the share is out of range or there are too few groups.
    """
    if not 0 < share <= 0.5:
        raise CourseError(
            f"A share of {share} can't be held back to validate: choose one above 0, up to 0.5."
        )
    from sklearn.model_selection import StratifiedGroupKFold  # a second, which few commands need

    labels, groups = np.asarray(labels), np.asarray(groups)
    fewest = min(len(set(groups[labels == name])) for name in set(labels))
    held = np.zeros(len(labels), bool)
    parts = min(max(2, round(1 / share)), fewest)
    if parts >= 2:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # that a class has fewer pictures than there are parts
            _, chosen = next(
                StratifiedGroupKFold(parts, shuffle=True, random_state=seed).split(
                    labels, labels, groups
                )
            )
        held[chosen] = True
    if any(len(set(held[labels == name])) < 2 for name in set(labels)):
        raise CourseError(
            "There are too few groups of pictures to hold some of every class back: add pictures,"
            " or put some into validation/."
        )
    return held


def source_name(picture, endings):
    """Return the name of the picture that a copy was made of.

    In small letters, without folder, suffix, `_original` and the `endings`.
    """
    stem = PurePosixPath(picture).stem.lower()
    for ending in ("original", *endings):
        stem = stem.removesuffix(f"_{ending.lower()}")
    return stem
