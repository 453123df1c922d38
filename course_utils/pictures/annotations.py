"""Boxes around faces: PASCAL VOC XML, YOLO text files, clipping and cropping.

A box is measured in whole pixels, from the picture's upper left corner, and half open as a NumPy
slice is: `rgb[y_min:y_max, x_min:x_max]` is the face and `x_max - x_min` its width.

PASCAL VOC counts pixels from 1 and includes the last one. The tools that made the files of this
course (labelImg, and whatever drew the boxes of the Kaggle set) write edges counted from 0, so the
numbers are taken as they stand. `one_based=True` reads and writes what the VOC devkit specifies.
"""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, replace
from pathlib import Path

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from course_utils.errors import CourseError
from course_utils.files import replacing, write_text
from course_utils.pictures.images import shapes


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

    def named(self, label):
        """Return the same rectangle with another label."""
        return replace(self, label=label)


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


def read_voc(path, one_based=False, picture=None):
    """Read the boxes of a PASCAL VOC annotation.

    Parameters
    ----------
    path : path-like
        An XML file with `<object><name>...<bndbox><xmin>...`.
    one_based : bool
        Whether pixels are counted from 1 with the last one included.
    picture : path-like, optional
        The picture that the boxes are for: its size is held against the file's `<size>`, and boxes
        that were drawn in the picture as it is stored are turned upright with it.

    Returns
    -------
    boxes : list of Box
    problems : list of str
        One sentence for every object that could not be read.

    Raises
    ------
    CourseError
        When the file is no XML, uses entities (an XML bomb), or is for a picture of another size.
    course_utils.pictures.images.BadPicture
        When the picture can't be read.

    References
    ----------
    Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV 2010; devkit, section 3.
    """
    try:
        tree = defusedxml.ElementTree.parse(path)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise CourseError(
            f"{path} is not a readable XML file ({error}): correct or remove it."
        ) from error
    root = tree.getroot()
    turn = 1 if picture is None else _orientation_of_boxes(path, root, picture)
    boxes, problems = [], []
    for number, element in enumerate(root.iter("object"), start=1):
        try:
            label = element.findtext("name", "").strip()
            corners = [
                _whole(element.findtext(f"bndbox/{edge}"))
                for edge in ("xmin", "ymin", "xmax", "ymax")
            ]
            boxes.append(_checked(label, *corners, shift=int(one_based)))
        except ValueError as error:
            problems.append(f"object {number}: {error}")
    if turn != 1:
        stored, _, _ = shapes(picture)
        boxes = [turn_upright(box, *stored, turn) for box in boxes]
    return boxes, problems


def turn_upright(box, width, height, orientation):
    """Move a box as its picture is turned to be seen upright.

    Parameters
    ----------
    box : Box
        In the picture as it is stored.
    width, height : int
        Of the stored picture, in pixels.
    orientation : int
        Of EXIF, 1 to 8.

    Returns
    -------
    Box
        In the upright picture.

    References
    ----------
    EXIF 2.3, section 4.6.4: where row 0 and column 0 of the stored picture belong.
    """
    x, y = (box.x_min, box.x_max), (box.y_min, box.y_max)
    if orientation in (2, 3, 7, 8):
        x = (width - box.x_max, width - box.x_min)
    if orientation in (3, 4, 6, 7):
        y = (height - box.y_max, height - box.y_min)
    if orientation >= 5:
        x, y = y, x
    return Box(box.label, x[0], y[0], x[1], y[1])


def _orientation_of_boxes(path, root, picture):
    """Hold `<size>` against a picture; return how boxes have to be turned, as EXIF counts."""
    stored, upright, orientation = shapes(picture)
    size = tuple(_pixels(root.findtext(f"size/{edge}")) for edge in ("width", "height"))
    if 0 in size:
        size = None
    if size not in (None, stored, upright):
        raise CourseError(
            f"{path} is for a picture of {size[0]} x {size[1]} pixels, and {Path(picture).name} has"
            f" {upright[0]} x {upright[1]}: get the picture that was annotated."
        )
    if orientation == 1 or size == upright != stored:
        return 1
    if size == stored != upright:
        return orientation
    raise CourseError(
        f"{path} does not tell whether its boxes are for {Path(picture).name} as it is stored or"
        f" as it is seen (EXIF orientation {orientation}): save the picture upright, and annotate"
        " that."
    )


def _pixels(text):
    """Return a number of `<size>`; 0 where there is none, as some tools write it."""
    try:
        return round(float(text))
    except (TypeError, ValueError, OverflowError):
        return 0


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


def read_yolo(path, width, height, names, key_points=None):
    """Read the boxes of a YOLO text file.

    A row is a class and fractions of the picture: `x_centre y_centre width height`, perhaps with a
    confidence behind; the points of a polygon or the four corners of an oriented box, of which the
    extent is taken; or a box and key points, of which the box is taken.

    Parameters
    ----------
    path : path-like
    width, height : int
        The picture's size in pixels, as it is seen upright.
    names : sequence of str
        The label of class 0, 1, ...
    key_points : (int, int), optional
        How many points follow each box, and how many numbers each has: `kpt_shape` of a data.yaml.

    Returns
    -------
    boxes : list of Box
        Rounded to whole pixels.
    problems : list of str
        One sentence for every line that could not be read.

    References
    ----------
    The format of Darknet and of Ultralytics' YOLO, https://docs.ultralytics.com/datasets/; an empty
    file means a picture without a face.
    """
    boxes, problems = [], []
    text = Path(path).read_bytes().decode("utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            boxes.append(_yolo_box(line.split(), width, height, names, key_points))
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


def _yolo_box(fields, width, height, names, key_points):
    if len(fields) < 5:
        raise ValueError(f"expected 5 numbers, found {len(fields)} fields")
    try:
        number, *fractions = map(float, fields)
    except ValueError:
        raise ValueError(f"'{' '.join(fields[:5])}' is not a class and 4 numbers") from None
    if not number.is_integer():  # false for nan and infinity, too
        raise ValueError(f"'{fields[0]}' is not the number of a class")
    if not 0 <= number < len(names):
        raise ValueError(f"class {number:.0f} has no name (known are 0 to {len(names) - 1})")
    if not all(abs(fraction) < 1e6 for fraction in fractions):  # false for nan, too
        raise ValueError("a number is no fraction of the picture")
    left, top, right, bottom = _extent(fractions, key_points)
    edges = (left * width, top * height, right * width, bottom * height)
    return _checked(names[int(number)], *map(round, edges))


def _extent(fractions, key_points):
    """Return the edges of a box, of a polygon, or of a box with key points."""
    told = key_points is not None and len(fractions) == 4 + key_points[0] * key_points[1]
    if len(fractions) <= 5 or told or _has_visibilities(fractions):
        x, y, across, down = fractions[:4]
        return x - across / 2, y - down / 2, x + across / 2, y + down / 2
    if len(fractions) % 2 or key_points is not None:
        raise ValueError(f"{len(fractions)} numbers are neither a box nor the corners of a polygon")
    across, down = fractions[0::2], fractions[1::2]
    return min(across), min(down), max(across), max(down)


def _has_visibilities(fractions):
    """Tell key points from a polygon where no data.yaml does.

    Behind the box every third number is 0, 1 or 2, and the points that are visible lie in the box.
    """
    x, y, across, down = fractions[:4]
    points = list(zip(fractions[4::3], fractions[5::3], fractions[6::3]))
    return len(fractions) % 3 == 1 and all(
        seen in (0, 1, 2) and (seen == 0 or (abs(left - x) <= across and abs(top - y) <= down))
        for left, top, seen in points
    )


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
