"""Which annotation file belongs to which picture: by place and stem, then by what the file says.

A picture's annotation lies in the picture's folder, or in the folder that differs from it in one
part only: `images/train/1.jpg` and `annotations/train/1.xml` or `labels/train/1.txt`. Names alone
decide nothing: every split of a set has its frame_000001.
"""

import unicodedata
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PureWindowsPath

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from course_utils.pictures.finding import split_of

IMAGE_FOLDERS = {"images", "image", "imgs", "img", "jpegimages"}
ANNOTATION_FOLDERS = {"annotations", "annotation", "labels", "label", "xml", "xmls", "txt"}


@dataclass
class Matched:
    """What belongs together.

    Attributes
    ----------
    pairs : dict of pathlib.Path to pathlib.Path
        From picture to annotation.
    refused : dict of pathlib.Path to str
        Pictures and annotations that have no partner, or more than one could be; with the rest of a
        sentence.
    """

    pairs: dict = field(default_factory=dict)
    refused: dict = field(default_factory=dict)


def match(pictures, annotations, folder, called="annotation file"):
    """Find the annotation of each picture.

    Parameters
    ----------
    pictures, annotations : iterable of pathlib.Path
        Below `folder`. An annotation is a PASCAL VOC or a YOLO file.
    folder : pathlib.Path
    called : str
        What sentences call an annotation.

    Returns
    -------
    Matched
        No annotation belongs to two pictures. Where place and stem leave a choice, the XML file's
        `<filename>` decides; where that leaves one too, all are refused.
    """
    pictures, annotations = list(pictures), list(annotations)
    folder, matched, told = Path(folder), Matched(), cache(_told)
    candidates, claims = _by_place(pictures, annotations, folder, told)
    for annotation, near in candidates.items():
        if len(near) > 1:
            several = " or ".join(_inside(picture, folder) for picture in near)
            why = f"could be that of {several}: name it like one of them, with its ending"
            matched.refused[annotation] = why
            why = f"shares {_inside(annotation, folder)} with another picture: rename one of them"
            matched.refused |= dict.fromkeys(near, why)
    for picture, claiming in claims.items():
        claiming = [path for path in claiming if path not in matched.refused]
        if len(claiming) > 1:
            claiming = [path for path in claiming if _names(told(path), picture)] or claiming
        if len(claiming) == 1 and picture not in matched.refused:
            matched.pairs[picture] = claiming[0]
        elif len(claiming) > 1:
            several = " and ".join(_inside(path, folder) for path in claiming)
            matched.refused[picture] = f"has two {called}s, {several}: remove one"
            why = f"is one of two {called}s of {_inside(picture, folder)}: remove one"
            matched.refused |= dict.fromkeys(claiming, why)
    left = _without(annotations, matched)
    matched.pairs |= _by_filename(pictures, left, folder, told, matched)
    matched.refused |= dict.fromkeys(_without(pictures, matched), f"has no {called}")
    orphan = "belongs to no picture that is there"
    matched.refused |= dict.fromkeys(_without(annotations, matched), orphan)
    return matched


def _by_place(pictures, annotations, folder, told):
    """Return the pictures that each annotation could belong to, and the other way round.

    By folder and stem alone; where several pictures share these, what the annotation says counts.
    """
    there = defaultdict(list)
    for picture in pictures:
        for place in _places(picture, folder, IMAGE_FOLDERS):
            for name in {_same(picture.stem), _same(picture.name)}:
                there[place, name].append(picture)
    candidates, claims = {}, defaultdict(list)
    for annotation in annotations:
        near = {}  # in place of a set, whose order changes from run to run
        for place in _places(annotation, folder, ANNOTATION_FOLDERS):
            near |= dict.fromkeys(there.get((place, _same(annotation.stem)), ()))
        candidates[annotation] = _chosen(annotation, list(near), told)
        for picture in candidates[annotation]:
            claims[picture].append(annotation)
    return candidates, claims


def _by_filename(pictures, annotations, folder, told, matched):
    """Match by `<filename>` what has no partner by place.

    Within the folder and its sibling; or from a folder that has no pictures of its own, when there
    is one picture of that name in the whole set.
    """
    named_so, taken = defaultdict(list), set()
    for picture in pictures:
        named_so[_same(picture.name)].append(picture)
        taken.update(_places(picture, folder, IMAGE_FOLDERS))
    claims = defaultdict(list)
    for annotation in annotations:
        name, home = told(annotation)
        named = named_so.get(_same(name), []) if name else []
        places = set(_places(annotation, folder, ANNOTATION_FOLDERS))
        here = [path for path in named if places & set(_places(path, folder, IMAGE_FOLDERS))]
        if not here and not places & taken:
            here = [
                path
                for path in named
                if len(named) == 1
                and home in ("", path.parent.name)
                and _split(annotation, folder) in ("", _split(path, folder))
            ]
        if len(here) == 1:
            claims[here[0]].append(annotation)
    free = set(_without(pictures, matched))
    return {
        picture: paths[0]
        for picture, paths in claims.items()
        if len(paths) == 1 and picture in free
    }


def _chosen(annotation, near, told):
    """Leave of several pictures those that the annotation names: inside, or in full."""
    if len(near) > 1:
        full = [path for path in near if _same(path.name) == _same(annotation.stem)]
        near = [path for path in near if _names(told(annotation), path)] or full or near
    if len(near) > 1:  # forms of one name that Unicode holds for the same
        near = [path for path in near if path.stem == annotation.stem] or near
    return near


def _told(path):
    """Return the picture's name and its folder's, as an XML file has them; empty where it has not.

    A file that can't be parsed says nothing here: who reads it names it.
    """
    if path.suffix.lower() != ".xml":
        return "", ""
    try:
        root = defusedxml.ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError, OSError):
        return "", ""
    name = (root.findtext("filename") or root.findtext("path") or "").strip()
    return PureWindowsPath(name).name, (root.findtext("folder") or "").strip()


def _names(told, picture):
    return bool(told and told[0] and _same(told[0]) == _same(picture.name))


def _places(path, folder, names):
    """Return the folders from whose files this one can't be told: its own, and its siblings."""
    parts = path.relative_to(folder).parts[:-1]
    starred = [
        (*parts[:number], "*", *parts[number + 1 :])
        for number, part in enumerate(parts)
        if part.lower() in names
    ]
    return [parts, *starred]


def _split(path, folder):
    return split_of(path.relative_to(folder).parts[:-1])


def _without(paths, matched):
    done = set(matched.pairs) | set(matched.pairs.values()) | set(matched.refused)
    return [path for path in paths if path not in done]


def _same(name):
    """Return a name in the form of Unicode in which a Mac's and others' are equal."""
    return unicodedata.normalize("NFC", name)


def _inside(path, folder):
    return Path(path).relative_to(folder).as_posix()
