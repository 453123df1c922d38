"""Find every face of a picture: a cascade that spends little on easy pictures and more on hard ones."""

from dataclasses import dataclass

import cv2
import numpy as np

from course_utils.annotations import Box, clip
from course_utils.errors import CourseError
from course_utils.faces import detectors
from course_utils.faces.landmarks import box_of_landmarks, head_tilt, landmarks_in_square, square_of_box, square_of_points

LONGEST = 2048
"""Pixels. Larger pictures are shrunk for the search; landmarks are found in the picture as it is."""

SMALLEST_TILE = 160
"""Pixels. In tiles of this size the detector finds faces of about 20 pixels."""

# From cheap to dear; the next one is asked only where the ones before found nothing.
STAGES = (
    lambda image: detectors.blazeface(image, padding=0.3),
    lambda image: detectors.blazeface(image, "blazeface back", padding=0.4, model="back", threshold=0.3),
    lambda image: detectors.hog(image, "hog padded", padding=0.4, threshold=-0.5),
    lambda image: detectors.mmod(image, padding=0.4),
)


@dataclass(frozen=True, eq=False)
class Face:
    """A face: its box, 68 landmarks, and which detector found it with what score.

    `box` goes from brows to chin and from ear to ear, in whole pixels, clipped to the picture. `landmarks` is float32 of shape (68, 2), in pixels, in
    the iBUG order, and may reach beyond the picture. `score` is the detector's own measure: a probability for BlazeFace, a margin for HOG and MMOD.
    """

    box: Box
    landmarks: np.ndarray
    score: float
    found_by: str
    size: tuple

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
        "quick" asks the first detector once; it misses faces smaller than about a fifth of the picture.
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
    scale = min(1.0, LONGEST / max(image.shape[:2]))
    searched = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    faces = []
    for stage in STAGES[:1] if effort == "quick" else STAGES:
        faces = _faces(image, stage(searched), scale, faces)
        if faces:
            break
    if effort == "full":
        faces = _faces(image, _in_tiles(searched), scale, faces)
    faces.sort(key=lambda face: -face.box.width * face.box.height)
    return faces[:max_faces]


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
    across, down = width // 10, height // 10
    box = Box("face", across, 2 * down, max(width - across, 1), max(height - down // 2, 1))
    landmarks = predict_landmarks(image, box)
    return Face(_box(landmarks, image) or box, landmarks, 0.0, "crop", image.shape[:2])


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
    first = landmarks_in_square(image, square_of_box(box))
    return landmarks_in_square(image, square_of_points(first))


def _checked(image):
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise CourseError(f"The picture is {image.dtype} of shape {image.shape}: give uint8 of shape (height, width, 3), RGB, as images.read_rgb returns it.")
    return image


def _faces(image, candidates, scale, known):
    """Place landmarks on candidates, keep the plausible ones, and add them to those known but for duplicates."""
    faces = list(known)
    for candidate in sorted(candidates, key=lambda candidate: -candidate.score):
        square = candidate.square.scaled(1 / scale)
        landmarks = _landmarks(image, square)
        box = None if landmarks is None else _box(landmarks, image)
        if box and all(_overlap(box, face.box) < 0.4 for face in faces):
            faces.append(Face(box, landmarks, float(candidate.score), candidate.found_by, image.shape[:2]))
    return faces


def _landmarks(image, square):
    """Return landmarks when they settle: found again from where they say the face is, they must stay."""
    first = landmarks_in_square(image, square)
    again = square_of_points(first)
    if not 0.6 < again.side / square.side < 1.6:
        return None
    second = landmarks_in_square(image, again)
    moved = np.linalg.norm(second - first, axis=1).mean() / again.side
    return second if moved < 0.05 else None


def _in_tiles(image):
    """Ask the first detector in overlapping tiles, half as large each time."""
    height, width = image.shape[:2]
    found, side = [], max(height, width) // 2
    while side >= SMALLEST_TILE:
        for top in _starts(height, side):
            for left in _starts(width, side):
                tile = image[top : top + side, left : left + side]
                found += [candidate.moved(left, top) for candidate in detectors.blazeface(tile, "blazeface tile", padding=0.0)]
        side //= 2
    return found


def _starts(length, side):
    """Return where tiles begin that overlap by half and cover a length."""
    count = max(1, int(np.ceil(2 * (length - side) / side)) + 1)
    return np.linspace(0, max(length - side, 0), count).round().astype(int)


def _box(landmarks, image):
    return clip(box_of_landmarks(landmarks), image.shape[1], image.shape[0])


def _overlap(one, other):
    """Intersection over the smaller of two boxes."""
    across = min(one.x_max, other.x_max) - max(one.x_min, other.x_min)
    down = min(one.y_max, other.y_max) - max(one.y_min, other.y_min)
    return max(across, 0) * max(down, 0) / max(1, min(one.width * one.height, other.width * other.height))
