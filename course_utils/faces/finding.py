"""Find every face of a picture.

A cascade that spends little on easy pictures and more on hard ones.

1. BlazeFace's small network looks at the whole picture, with its border repeated outwards, so that
   a face that fills or leaves the picture is seen whole. It sees faces from about a sixth of the
   picture's side on. When it is sure, and dlib's landmarks fit where it saw the face, that is all.
2. Where a smaller face could hide, or none was found, the large network looks at the whole picture.
   It sees a twentieth of a side. When no face is large it looks at tiles of the picture too. Beside
   a large face that is not worth its time: on 72 photographs most of what it found there were
   statues and things.
3. A candidate that is not sure is a face only when a second model, the face mesh, sees one there,
   or when the large network sees it again in a cut-out of another size.

dlib's detectors are no stages: HOG finds half of the photographs' faces, and neither HOG nor MMOD
found one that BlazeFace left (`benchmarks/finding_faces.py`).
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from course_utils.errors import CourseError
from course_utils.faces import blazeface
from course_utils.faces.landmarks import place_landmarks
from course_utils.faces.squares import box_of_landmarks, square_of_box
from course_utils.faces.tilt import head_tilt
from course_utils.pictures.annotations import Box, clip

LONGEST = 1920
"""Pixels. Larger pictures are shrunk for the search."""

DETAILED = 320
"""Pixels of a face's square. A larger face's landmarks are found in the shrunk picture too, others
in the picture as it is."""

SMALL_PICTURE = 160
"""Pixels. In a picture no larger than this the first stage would have seen any face of 30 pixels.
"""

SURE = 0.75
"""Probability from which a candidate of the first stage needs no second model. In tiles there are
false faces of 0.8."""

LARGE = 1 / 8
"""Of the picture's longer side. Beside a face of this size no tiles are searched."""

TILE = 320
"""Pixels. In tiles of this size the large network sees faces of about 20 pixels; pictures below 480
are not cut up."""


@dataclass(frozen=True, eq=False)
class Face:
    """A face: its box, 68 landmarks, and what found it with what score.

    Attributes
    ----------
    box : Box
        From brows to chin and from ear to ear, in whole pixels, clipped to the picture.
    landmarks : numpy.ndarray
        float32, shape (68, 2), pixels, iBUG order; they may reach beyond the picture.
    score : float
        BlazeFace's probability; 0 for "crop".
    found_by : str
        "blazeface", "blazeface back", "blazeface tile" or "crop".
    size : (int, int)
        Height and width of the picture, which the tilt needs.
    """

    box: Box
    landmarks: np.ndarray
    score: float
    found_by: str
    size: tuple = (1, 1)

    @property
    def tilt(self):
        """Yaw, pitch and roll in degrees."""
        return head_tilt(self.landmarks, self.size)

    @property
    def interocular(self):
        """Distance of the outer eye corners in pixels."""
        return float(np.linalg.norm(self.landmarks[36] - self.landmarks[45]))


def find_faces(image, *, effort="full", max_faces=None):
    """Find every face of a picture, tight crops included.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB, 0 to 255.
    effort : {"full", "quick"}
        "quick" asks the first detector once; it misses faces smaller than about a sixth of the
        picture. "full" misses those below a twentieth when another fills more than an eighth of the
        picture's longer side.
    max_faces : int, optional
        Return only that many, the largest.

    Returns
    -------
    list of Face
        Largest first; empty when there is none.

    Raises
    ------
    CourseError
        When the picture has another type or shape, or no pixel, or a detector's weights are
        missing.
    """
    image = _checked(image)
    if effort not in ("full", "quick"):
        raise CourseError(f"effort is {effort!r}: say 'full' or 'quick'.")
    searched = _shrunk(image, LONGEST)
    faces = _with_new(
        image, searched, blazeface.detect(searched, "front", padding=0.3), "blazeface", []
    )
    enough = max_faces is not None and len(faces) >= max_faces
    if effort == "full" and not enough and (not faces or max(searched.shape[:2]) > SMALL_PICTURE):
        whole = blazeface.detect(searched, "back", padding=0.1 if faces else 0.4, threshold=0.3)
        faces = _with_new(image, searched, whole, "blazeface back", faces)
        if not any(_size(face.box) > LARGE * max(image.shape[:2]) for face in faces):
            faces = _with_new(image, searched, _in_tiles(searched), "blazeface tile", faces)
    return sorted(faces, key=lambda face: -face.box.width * face.box.height)[:max_faces]


def face_of_crop(image):
    """Return the face of a picture that is known to be the crop of one face.

    The face is searched as usual; when no detector finds one, it is taken to fill the picture but
    for a margin of a tenth, and `found_by` is "crop".

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.

    Returns
    -------
    Face
        The largest.

    Raises
    ------
    CourseError
        As `find_faces`.
    """
    image = _checked(image)
    found = find_faces(image, max_faces=1)
    if found:
        return found[0]
    height, width = image.shape[:2]
    whole = Box(
        "face",
        round(0.1 * width),
        round(0.2 * height),
        max(round(0.9 * width), 1),
        max(round(0.95 * height), 1),
    )
    landmarks = predict_landmarks(image, whole)
    return Face(
        _box(landmarks, image) or clip(whole, width, height),
        landmarks,
        0.0,
        "crop",
        image.shape[:2],
    )


def predict_landmarks(image, box):
    """Find the 68 landmarks of the face in a box.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.
    box : Box
        From brows to chin and from ear to ear, as in the embedded annotations; it may reach beyond
        the picture.

    Returns
    -------
    numpy.ndarray
        float32, shape (68, 2), pixels, iBUG order.

    Raises
    ------
    CourseError
        When the picture is none, or the model's weights are missing.
    """
    image = _checked(image)
    if box.width <= 0 or box.height <= 0:
        raise CourseError(
            f"The box {box} is empty: give one from brows to chin and from ear to ear."
        )
    landmarks, _ = place_landmarks(image, square_of_box(box))
    return landmarks


def _checked(image):
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        wanted = "give uint8 of shape (height, width, 3), as images.read_rgb returns it"
        raise CourseError(f"The picture is {image.dtype} of shape {image.shape}: {wanted}.")
    return image


def _shrunk(image, longest):
    """Shrink a picture to what a search needs; return it as it is when it is small enough."""
    scale = longest / max(image.shape[:2])
    if scale >= 1:
        return image
    size = [max(1, round(length * scale)) for length in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _in_tiles(image):
    """Ask the large network about overlapping tiles of a large picture.

    Small ones, then twice as large ones, and so on.
    """
    found = []
    height, width = image.shape[:2]
    side = TILE
    while 1.5 * side < max(height, width):
        for top in _starts(height, side):
            for left in _starts(width, side):
                tile = np.ascontiguousarray(image[top : top + side, left : left + side])
                for candidate in blazeface.detect(tile, "back", threshold=0.3):
                    found.append(replace(candidate, square=candidate.square.moved(left, top)))
        side *= 2
    return found


def _starts(length, side):
    """Return where tiles begin that cover a length and overlap by a quarter."""
    count = 1 + max(0, int(np.ceil((length - side) / (0.75 * side))))
    return np.linspace(0, max(length - side, 0), count).round().astype(int)


def _with_new(image, searched, candidates, found_by, known):
    """Return the known faces and those candidates that are faces and not known yet."""
    faces = list(known)
    scale = max(image.shape[:2]) / max(searched.shape[:2])
    for candidate in sorted(candidates, key=lambda candidate: -candidate.score):
        square = candidate.square.scaled(scale)
        if any(_same(square, face.box) for face in faces):
            continue
        sure = found_by == "blazeface" and candidate.score > SURE
        if candidate.square.side > DETAILED:
            landmarks, presence = place_landmarks(searched, candidate.square, sure)
            landmarks = (landmarks + np.float32(0.5)) * np.float32(scale) - np.float32(0.5)
        else:
            landmarks, presence = place_landmarks(image, square, sure)
        box = _box(landmarks, image)
        if (
            box
            and all(_overlap(box, face.box) < 0.4 for face in faces)
            and _is_face(searched, candidate, presence)
        ):
            faces.append(Face(box, landmarks, candidate.score, found_by, image.shape[:2]))
    return faces


def _is_face(image, candidate, presence):
    """Weigh two opinions on a candidate, and ask a third where they are weak or differ.

    The limits separate true from false candidates of the embedded scenes and of 1,264 photographs.
    The mesh does not know masks and faces of a few pixels, so its "no" counts less than its "yes".
    """
    if presence > 0.5 and candidate.score > 0.5:
        return True
    score = (candidate.score + blazeface.look_again(image, candidate)) / 2
    return score > (0.35 if presence > 0.5 else 0.55)


def _box(landmarks, image):
    return clip(box_of_landmarks(landmarks), image.shape[1], image.shape[0])


def _size(box):
    return np.sqrt(box.width * box.height)


def _same(square, box):
    """Say whether a candidate is a face that is known: about as large and in the same place."""
    alike = 0.5 < square.side / _size(box) < 2
    return alike and box.x_min < square.x < box.x_max and box.y_min < square.y < box.y_max


def _overlap(one, other):
    """Intersection over the smaller of two boxes."""
    across = min(one.x_max, other.x_max) - max(one.x_min, other.x_min)
    down = min(one.y_max, other.y_max) - max(one.y_min, other.y_min)
    return max(across, 0) * max(down, 0) / min(one.width * one.height, other.width * other.height)
