"""Look at a folder of pictures before trusting it.

Classes, unreadable files, duplicates, near duplicates, sizes.
"""

import hashlib
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from course_utils.data.progress import progress
from course_utils.data.tables import read_faces
from course_utils.errors import CourseError
from course_utils.pictures.finding import find_files
from course_utils.pictures.images import BadPicture, read_rgb

PERCENTILES = (5, 50, 95)


@dataclass(frozen=True)
class Audit:
    """What `audit` found. Paths are relative to the folder.

    The class of a picture is its label in the folder's `faces.csv`, else the folder it is in.
    """

    pictures: int
    classes: dict
    unreadable: list
    exact_duplicates: list
    near_duplicates: list
    across_classes: list
    shorter_side: dict
    formats: dict
    others: dict
    hidden: int
    skipped_rows: list

    @property
    def extra_copies(self):
        """Pictures that could go without losing any content."""
        return sum(len(group) - 1 for group in self.exact_duplicates)

    def to_dict(self):
        return asdict(self) | {"extra_copies": self.extra_copies}


@dataclass(frozen=True)
class _Facts:
    path: str
    label: str
    suffix: str
    digest: str
    height: int
    width: int
    fingerprint: int


def audit(folder, distance=4):
    """Examine every picture below a folder.

    Parameters
    ----------
    folder : path-like
    distance : int
        Two pictures are near duplicates when their 64-bit difference hashes differ in at most so
        many bits.

    Returns
    -------
    Audit
        `exact_duplicates` and `near_duplicates` are groups of paths; a near group holds at least
        two different files. `across_classes` are the groups of either kind that hold more than one
        class. `pictures` are those of `classes` and of `unreadable`; `others` counts, by the ending
        of their names, files that are no pictures, `hidden` those that are left alone.
        `skipped_rows` are blank and useless rows of `faces.csv`. `shorter_side` maps the class to
        the 5th, 50th and 95th percentile in pixels.

    Raises
    ------
    CourseError
        When the folder does not exist or holds no picture.

    References
    ----------
    The difference hash: Neal Krawetz, "Kind of Like That", hackerfactor.com, 2013; as
    `imagehash.dhash`.
    """
    found_files = find_files(folder)
    paths = found_files.pictures
    if not paths:
        first = next((f" ({path} {why})" for path, why in found_files.unreadable), "")
        raise CourseError(
            f"{folder} holds no picture{first}: name the folder that holds the classes."
        )
    facts, (labels, skipped) = [], _labels(folder)
    unreadable = [
        {"picture": _name(path, folder), "reason": why} for path, why in found_files.unreadable
    ]
    with ThreadPoolExecutor() as pool:
        for found in progress(
            pool.map(lambda path: _examine(path, folder, labels), paths), "examining", len(paths)
        ):
            (facts if isinstance(found, _Facts) else unreadable).append(found)
    exact, near = _exact_groups(facts), _near_groups(facts, distance)
    label_of = {fact.path: fact.label for fact in facts}
    return Audit(
        pictures=len(paths) + len(found_files.unreadable),
        classes=dict(Counter(fact.label for fact in facts)),
        unreadable=unreadable,
        exact_duplicates=exact,
        near_duplicates=near,
        across_classes=[
            group for group in near + exact if len({label_of[path] for path in group}) > 1
        ],
        shorter_side=_shorter_sides(facts),
        formats=dict(Counter(fact.suffix for fact in facts).most_common()),
        others=dict(Counter(_ending(path) for path in found_files.others).most_common()),
        hidden=found_files.hidden,
        skipped_rows=skipped,
    )


def near_pairs(fingerprints, distance):
    """Find the pairs of 64-bit hashes that differ in few bits.

    Parameters
    ----------
    fingerprints : numpy.ndarray
        uint64, shape (n,).
    distance : int

    Returns
    -------
    numpy.ndarray
        int, shape (pairs, 2), the smaller index first.
    """
    pairs = []
    for index in range(len(fingerprints) - 1):
        differing = np.bitwise_count(fingerprints[index + 1 :] ^ fingerprints[index])
        close = np.flatnonzero(differing <= distance) + index + 1
        pairs.append(np.column_stack((np.full(len(close), index), close)))
    return np.concatenate(pairs) if pairs else np.empty((0, 2), int)


def _labels(folder):
    """Read the labels of `faces.csv`, where there is one; and what of it could not be used."""
    path = Path(folder) / "faces.csv"
    if not path.is_file():
        return {}, []
    read = read_faces(path)
    return {row["picture"]: row["label"] for row in read.rows}, read.skipped


def _examine(path, folder, labels):
    name = _name(path, folder)
    try:
        rgb = read_rgb(path, reduced=True)
    except BadPicture as error:
        return {"picture": name, "reason": error.reason}
    bits = imagehash.dhash(Image.fromarray(rgb)).hash.flatten()
    fingerprint = int.from_bytes(np.packbits(bits).tobytes(), "big")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    label = labels.get(name) or name.rpartition("/")[0] or "."
    return _Facts(name, label, _ending(path), digest, rgb.shape[0], rgb.shape[1], fingerprint)


def _name(path, folder):
    return path.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()


def _ending(path):
    return path.suffix.lower() or "none"


def _exact_groups(facts):
    groups = defaultdict(list)
    for fact in facts:
        groups[fact.digest].append(fact.path)
    return [group for group in groups.values() if len(group) > 1]


def _near_groups(facts, distance):
    """Join near pairs into groups, and drop those that are only copies of one file."""
    pairs = near_pairs(np.array([fact.fingerprint for fact in facts], np.uint64), distance)
    graph = coo_array(
        (np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(facts), len(facts))
    )
    _, numbers = connected_components(graph, directed=False)
    groups = defaultdict(list)
    for number, fact in zip(numbers, facts):
        groups[number].append(fact)
    different = [group for group in groups.values() if len({fact.digest for fact in group}) > 1]
    return [[fact.path for fact in group] for group in different]


def _shorter_sides(facts):
    sides = defaultdict(list)
    for fact in facts:
        sides[fact.label].append(min(fact.height, fact.width))
    return {
        name: [round(float(side)) for side in np.percentile(sides[name], PERCENTILES)]
        for name in sorted(sides)
    }
