"""Mark the faces of a picture, or make them unrecognisable."""

import cv2
import numpy as np

from course_utils.detection.labels import NOT_SURE, WORDS, WORN

# Okabe and Ito's palette, RGB: red and green look alike to one man in twelve. The word is written
# out besides.
COLORS = {WORN: (0, 114, 178), NOT_SURE: (90, 90, 90)}
UNMASKED = (213, 94, 0)

PAINT = (170, 170, 170)
"""RGB of what a face is painted over with: one colour for everybody, since a mean of the face would
tell its skin."""

AROUND = 0.25
"""What is painted over beyond a face's box on every side, as a share of the box: hair and ears tell
who it is, too."""


def annotate(image, faces, numbers=True):
    """Draw a box round each face, with its label and probability.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.
    faces : iterable of mask_detector.LabelledFace
    numbers : bool
        Write track and probability beside the label.

    Returns
    -------
    numpy.ndarray
        A copy.
    """
    shown = np.ascontiguousarray(image).copy()
    largest = float(np.clip(max(image.shape[:2]) / 1000, 0.4, 2.0))
    line = max(1, round(2 * largest))
    for face in sorted(
        faces, key=lambda face: face.box[2] - face.box[0]
    ):  # the near ones last, on top
        x_min, y_min, x_max, y_max = face.box
        scale = float(np.clip((x_max - x_min) / 100, 0.32, largest))
        color = COLORS.get(face.label, UNMASKED)
        cv2.rectangle(shown, (x_min, y_min), (x_max - 1, y_max - 1), color, line)
        words = WORDS.get(face.label, face.label)
        if numbers:
            words = f"{face.track}: " * bool(face.track) + f"{words} {face.probability:.2f}"
        (width, height), below = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, line)
        left = int(np.clip(x_min - line // 2, 0, max(image.shape[1] - width - 4, 0)))
        bottom = (
            y_min - line
            if y_min - line >= height + below + 2
            else min(y_max + height + below + 3, image.shape[0])
        )
        cv2.rectangle(
            shown,
            (left, bottom - height - below - 2),
            (left + width + 4, bottom),
            color,
            cv2.FILLED,
        )
        cv2.putText(
            shown,
            words,
            (left + 2, bottom - below),
            cv2.FONT_HERSHEY_SIMPLEX,
            scale,
            (255, 255, 255),
            max(1, line // 2),
            cv2.LINE_AA,
        )
    return shown


def paint_over(image, boxes):
    """Make faces unrecognisable: an ellipse round each box is filled with one colour.

    Nothing of the face is kept. A mosaic or a blur keeps enough for a network that was trained on
    mosaics or blurs of the same people to name them. A face that no box covers stays as it is.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.
    boxes : array_like, (n, 4)
        Pixels.

    Returns
    -------
    numpy.ndarray
        A copy.

    References
    ----------
    McPherson, Shokri and Shmatikov, "Defeating image obfuscation with deep learning", 2016,
    arXiv:1609.00408.
    """
    painted = np.ascontiguousarray(image).copy()
    for x_min, y_min, x_max, y_max in np.asarray(boxes, float).reshape(-1, 4):
        across, down = AROUND * (x_max - x_min), AROUND * (y_max - y_min)
        top = y_min - 1.6 * down  # the forehead lies above the box
        low, high = np.array([x_min - across, top]), np.array([x_max + across, y_max + down])
        middle, half = (low + high) / 2, np.ceil((high - low) / 2)
        # Not cut at the picture's border: the ellipse would shrink away from the box's corners.
        middle, half = np.round(middle).astype(int).tolist(), half.astype(int).tolist()
        cv2.ellipse(painted, middle, half, 0, 0, 360, PAINT, cv2.FILLED)
    return painted
