"""Find every face of a picture: a cascade that spends little on easy pictures and more on hard ones.

1. BlazeFace's small network looks at the whole picture. It sees faces from about a sixth of the picture's side on.
2. Where a smaller face could hide, or none was found, its larger network looks at the whole and at tiles; it sees a twentieth.
3. Where still none was found, dlib's detectors are asked: HOG, then the network MMOD.

All stages draw the picture's border outwards first, so that a face that fills or leaves the picture is seen whole. What a stage proposes is a
face only when the landmark models agree that there is one.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from course_utils.annotations import Box, clip
from course_utils.errors import CourseError
from course_utils.faces import detectors
from course_utils.faces.landmarks import place_landmarks
from course_utils.faces.squares import box_of_landmarks, square_of_box
from course_utils.faces.tilt import head_tilt

LONGEST = 1920
"""Pixels. Larger pictures are shrunk for the search; landmarks are found in the picture as it is."""

SMALL_PICTURE = 160
"""Pixels. In a picture no larger than this the first stage would have seen any face of 30 pixels."""

TILE = 320
"""Pixels. In tiles of this size the larger network sees faces of about 16 pixels."""

LAST_RESORT = 320
"""Pixels. For dlib's detectors, which take time in proportion to the pixels, pictures are shrunk to this size."""


@dataclass(frozen=True, eq=False)
class Face:
    """A face: its box, 68 landmarks, and which detector found it with what score.

    `box` goes from brows to chin and from ear to ear, in whole pixels, clipped to the picture. `landmarks` is float32 of shape (68, 2), in pixels, in
    the iBUG order, and may reach beyond the picture. `score` is the measure of the detector `found_by`: a probability for BlazeFace, a margin for
    HOG and MMOD. `size` is the picture's height and width, which the tilt needs.
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
        "quick" asks the first detector once; it misses faces smaller than about a sixth of the picture.
    max_faces : int, optional
        Return only that many, the largest.

    Returns
    -------
    list of Face
        Largest first; empty when there is none.

    Raises
    ------
    CourseError
        When the picture has another type or shape, or no pixel, or a detector's weights are missing.
    """
    image = _checked(image)
    if effort not in ("full", "quick"):
        raise CourseError(f"effort is {effort!r}: say 'full' or 'quick'.")
    searched = _shrunk(image, LONGEST)
    faces = _accept(image, searched, detectors.blazeface(searched, padding=0.3), [])
    enough = max_faces is not None and len(faces) >= max_faces
    if effort == "full" and not enough:
        if not faces or max(searched.shape[:2]) > SMALL_PICTURE:
            faces = _accept(image, searched, _closer(searched), faces)
        if not faces:
            small = _shrunk(searched, LAST_RESORT)
            faces = _accept(image, small, detectors.hog(small), faces) or _accept(image, small, detectors.mmod(small), faces)
    return sorted(faces, key=lambda face: -face.box.width * face.box.height)[:max_faces]


def face_of_crop(image):
    """Return the face of a picture that is known to be the crop of one face.

    The face is searched as usual; when no detector finds one, it is taken to fill the picture but for a margin of a tenth,
    and `found_by` is "crop".

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
    whole = Box("face", round(0.1 * width), round(0.2 * height), max(round(0.9 * width), 1), max(round(0.95 * height), 1))
    landmarks = predict_landmarks(image, whole)
    return Face(_box(landmarks, image) or clip(whole, width, height), landmarks, 0.0, "crop", image.shape[:2])


def predict_landmarks(image, box):
    """Find the 68 landmarks of the face in a box.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.
    box : Box
        From brows to chin and from ear to ear, as in the embedded annotations; it may reach beyond the picture.

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
        raise CourseError(f"The box {box} is empty: give one from brows to chin and from ear to ear.")
    landmarks, _ = place_landmarks(image, square_of_box(box))
    return landmarks


def _checked(image):
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise CourseError(f"The picture is {image.dtype} of shape {image.shape}: give uint8 of shape (height, width, 3), as images.read_rgb returns it.")
    return image


def _shrunk(image, longest):
    """Shrink a picture to what a search needs; return it as it is when it is small enough."""
    scale = longest / max(image.shape[:2])
    if scale >= 1:
        return image
    size = [max(1, round(length * scale)) for length in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _closer(image):
    """Ask BlazeFace's larger network about the whole picture and, where it is large, about tiles of it, each half as large as those before."""
    found = detectors.blazeface(image, "blazeface back", padding=0.4, model="back", threshold=0.3)
    height, width = image.shape[:2]
    side = TILE
    while side < 0.8 * max(height, width):
        for top in _starts(height, side):
            for left in _starts(width, side):
                tile = np.ascontiguousarray(image[top : top + side, left : left + side])
                inside = detectors.blazeface(tile, "blazeface tile", model="back", threshold=0.3)
                found += [candidate.moved(left, top) for candidate in inside]
        side *= 2
    return found


def _starts(length, side):
    """Return where tiles begin that cover a length and overlap by a quarter."""
    count = 1 + max(0, int(np.ceil((length - side) / (0.75 * side))))
    return np.linspace(0, max(length - side, 0), count).round().astype(int)


def _accept(image, searched, candidates, known):
    """Return the known faces and those candidates that are faces and not known yet.

    A face is what the mesh sees as one; or, as it was not made for faces of a few pixels, what a detector is sure of.
    """
    faces = list(known)
    scale = max(image.shape[:2]) / max(searched.shape[:2])
    for candidate in sorted(candidates, key=lambda candidate: -candidate.score):
        square = candidate.square.scaled(scale)
        if any(_inside(square, face.box) for face in faces):
            continue
        landmarks, presence = place_landmarks(image, square)
        box = _box(landmarks, image)
        sure = presence > 0.5 or candidate.score > detectors.SURE[candidate.found_by]
        if box and sure and all(_overlap(box, face.box) < 0.4 for face in faces):
            faces.append(Face(box, landmarks, float(candidate.score), candidate.found_by, image.shape[:2]))
    return faces


def _box(landmarks, image):
    return clip(box_of_landmarks(landmarks), image.shape[1], image.shape[0])


def _inside(square, box):
    """Say whether a candidate is a face that is known: about as large and in the same place."""
    alike = 0.5 < square.side / np.sqrt(box.width * box.height) < 2
    return alike and box.x_min < square.x < box.x_max and box.y_min < square.y < box.y_max


def _overlap(one, other):
    """Intersection over the smaller of two boxes."""
    across = min(one.x_max, other.x_max) - max(one.x_min, other.x_min)
    down = min(one.y_max, other.y_max) - max(one.y_min, other.y_min)
    return max(across, 0) * max(down, 0) / min(one.width * one.height, other.width * other.height)
