"""Find faces, their 68 landmarks and the tilt of their heads.

The landmark model was trained on iBUG 300-W, which may not be used commercially. The networks are
kept between calls and are not made for several threads at once: use processes.
"""

from course_utils.faces.finding import Face, face_of_crop, find_faces, predict_landmarks
from course_utils.faces.tilt import Tilt, head_tilt

__all__ = ["Face", "Tilt", "face_of_crop", "find_faces", "head_tilt", "predict_landmarks"]
