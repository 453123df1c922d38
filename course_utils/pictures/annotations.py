"""Boxes around faces: PASCAL VOC XML, YOLO text files, clipping and cropping.

A box is measured in whole pixels, from the picture's upper left corner, and half open as a NumPy
slice is: `rgb[y_min:y_max, x_min:x_max]` is the face and `x_max - x_min` its width.

PASCAL VOC counts pixels from 1 and includes the last one. The tools that made the files of this
course (labelImg, and whatever drew the boxes of the Kaggle set) write edges counted from 0, so the
numbers are taken as they stand. `one_based=True` reads and writes what the VOC devkit specifies.
"""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from course_utils.errors import CourseError
from course_utils.files import replacing, write_text


@dataclass(frozen=True)
class Box:
    """A labelled rectangle in pixels, half open."""

    label: str
    x_min: int
    y_min: int
    x_max: int
    y_max: int

    @property
    def width(self):
        return self.x_max - self.x_min

    @property
    def height(self):
        return self.y_max - self.y_min


def clip(box, width, height):
    """Cut a box to the picture.

    Parameters
    ----------
    box : Box
    width, height : int
        The picture's size in pixels.

    Returns
    -------
    Box or None
        None when nothing of the box lies in the picture.
    """
    x_min, x_max = max(box.x_min, 0), min(box.x_max, width)
    y_min, y_max = max(box.y_min, 0), min(box.y_max, height)
    if x_min >= x_max or y_min >= y_max:
        return None
    return Box(box.label, x_min, y_min, x_max, y_max)


def crop(rgb, box, margin=0.0):
    """Cut a box out of a picture.

    Parameters
    ----------
    rgb : numpy.ndarray
        Shape (height, width, 3).
    box : Box
    margin : float
        What to add on every side, as a fraction of the box's width or height.

    Returns
    -------
    numpy.ndarray
        A copy of the part that lies in the picture, never empty.

    Raises
    ------
    CourseError
        When nothing of the box lies in the picture.
    """
    height, width = rgb.shape[:2]
    across, down = round(box.width * margin), round(box.height * margin)
    wider = Box(
        box.label, box.x_min - across, box.y_min - down, box.x_max + across, box.y_max + down
    )
    inside = clip(wider, width, height) if clip(box, width, height) else None
    if inside is None:
        raise CourseError(
            f"The box {box} lies outside its picture of {width} x {height} pixels: correct or"
            " remove it."
        )
    return rgb[inside.y_min : inside.y_max, inside.x_min : inside.x_max].copy()


def read_voc(path, one_based=False):
    """Read the boxes of a PASCAL VOC annotation.

    Parameters
    ----------
    path : path-like
        An XML file with `<object><name>...<bndbox><xmin>...`.
    one_based : bool
        Whether pixels are counted from 1 with the last one included.

    Returns
    -------
    boxes : list of Box
    problems : list of str
        One sentence for every object that could not be read.

    Raises
    ------
    CourseError
        When the file is no XML, or uses entities (an XML bomb).

    References
    ----------
    Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV 2010; devkit, section 3.
    """
    try:
        tree = defusedxml.ElementTree.parse(path)
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise CourseError(
            f"{path} is not a readable XML file ({error}): correct or remove it."
        ) from error
    boxes, problems = [], []
    for number, element in enumerate(tree.getroot().iter("object"), start=1):
        try:
            label = element.findtext("name", "").strip()
            corners = [
                _whole(element.findtext(f"bndbox/{edge}"))
                for edge in ("xmin", "ymin", "xmax", "ymax")
            ]
            boxes.append(_checked(label, *corners, shift=int(one_based)))
        except ValueError as error:
            problems.append(f"object {number}: {error}")
    return boxes, problems


def write_voc(path, picture, width, height, boxes, one_based=False):
    """Write boxes as a PASCAL VOC annotation.

    Parameters
    ----------
    path : path-like
    picture : str
        The picture's file name.
    width, height : int
        Its size in pixels.
    boxes : iterable of Box
    one_based : bool
        Whether to count pixels from 1 and include the last one.
    """
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "filename").text = picture
    size = ElementTree.SubElement(root, "size")
    for name, value in (("width", width), ("height", height), ("depth", 3)):
        ElementTree.SubElement(size, name).text = str(value)
    for box in boxes:
        element = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(element, "name").text = box.label
        corners = ElementTree.SubElement(element, "bndbox")
        shift = int(one_based)
        edges = (
            ("xmin", box.x_min + shift),
            ("ymin", box.y_min + shift),
            ("xmax", box.x_max),
            ("ymax", box.y_max),
        )
        for name, value in edges:
            ElementTree.SubElement(corners, name).text = str(value)
    ElementTree.indent(root)
    with replacing(path) as temporary:
        ElementTree.ElementTree(root).write(temporary, encoding="utf-8", xml_declaration=True)


def read_yolo(path, width, height, names):
    """Read the boxes of a YOLO text file.

    `class x_centre y_centre width height`, as fractions of the picture.

    Parameters
    ----------
    path : path-like
    width, height : int
        The picture's size in pixels.
    names : sequence of str
        The label of class 0, 1, ...

    Returns
    -------
    boxes : list of Box
        Rounded to whole pixels.
    problems : list of str
        One sentence for every line that could not be read.

    References
    ----------
    The format of Darknet and of Ultralytics' YOLO; an empty file means a picture without a face.
    """
    boxes, problems = [], []
    text = Path(path).read_bytes().decode("utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            boxes.append(_yolo_box(line.split(), width, height, names))
        except ValueError as error:
            problems.append(f"line {number}: {error}")
    return boxes, problems


def write_yolo(path, width, height, boxes, names):
    """Write boxes as a YOLO text file.

    Parameters
    ----------
    path : path-like
    width, height : int
        The picture's size in pixels.
    boxes : iterable of Box
    names : sequence of str
        The label of class 0, 1, ...

    Raises
    ------
    ValueError
        When a box's label is not among `names`.
    """
    lines = []
    for box in boxes:
        numbers = (
            (box.x_min + box.x_max) / 2 / width,
            (box.y_min + box.y_max) / 2 / height,
            box.width / width,
            box.height / height,
        )
        lines.append(
            f"{list(names).index(box.label)} " + " ".join(f"{number:.8f}" for number in numbers)
        )
    write_text(path, "".join(line + "\n" for line in lines))


def _yolo_box(fields, width, height, names):
    if len(fields) < 5:
        raise ValueError(f"expected 5 numbers, found {len(fields)} fields")
    try:
        number, *fractions = int(fields[0]), *(float(field) for field in fields[1:5])
    except ValueError:
        raise ValueError(f"'{' '.join(fields[:5])}' is not a class and 4 numbers") from None
    if not 0 <= number < len(names):
        raise ValueError(f"class {number} has no name (known are 0 to {len(names) - 1})")
    if not all(abs(fraction) < 1e6 for fraction in fractions):  # false for nan, too
        raise ValueError("a number is no fraction of the picture")
    x, y, across, down = fractions
    left, right = (x - across / 2) * width, (x + across / 2) * width
    top, bottom = (y - down / 2) * height, (y + down / 2) * height
    return _checked(names[number], round(left), round(top), round(right), round(bottom))


def _whole(text):
    """Turn the text of an XML element into whole pixels; some tools write 12.0."""
    try:
        return round(float(text))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"{'a missing corner' if text is None else repr(text)} is not a number of pixels"
        ) from None


def _checked(label, x_min, y_min, x_max, y_max, shift=0):
    box = Box(label, x_min - shift, y_min - shift, x_max, y_max)
    if not label:
        raise ValueError("the label is missing")
    if box.width <= 0 or box.height <= 0:
        raise ValueError(f"the box {box.x_min}, {box.y_min}, {box.x_max}, {box.y_max} is empty")
    return box
