"""What can be tried out in chapter 00: the threshold, and a picture of your own.

Pictures stay in memory: nothing is written.
"""

import io

import ipywidgets

from course_utils.detection import welcome
from course_utils.errors import CourseError
from course_utils.figures.welcome import draw_jpeg
from course_utils.pictures.images import read_rgb

LONGEST = 1600
"""Pixels: a larger picture is shrunk before it is searched."""


def threshold_slider(rgb, faces):
    """Put a slider for the threshold above a picture whose labels follow it.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8, shape (height, width, 3).
    faces : list of course_utils.detection.welcome.Face

    Returns
    -------
    ipywidgets.VBox
    """
    slider = ipywidgets.FloatSlider(
        value=0.5, min=0, max=1, step=0.01, description="threshold", continuous_update=False
    )
    view = ipywidgets.Image(format="jpeg", width=800)

    def label_again(change):
        view.value = draw_jpeg(
            rgb,
            [welcome.label_face(face.box, face.probability, change["new"]) for face in faces],
        )

    slider.observe(label_again, names="value")
    label_again({"new": slider.value})
    return ipywidgets.VBox([slider, view])


def judge(source):
    """Read a picture of any format and run the program on it.

    Parameters
    ----------
    source : pathlib.Path or file object

    Returns
    -------
    rgb : numpy.ndarray or None
        uint8, shape (height, width, 3); None when `source` is no picture.
    faces : list of course_utils.detection.welcome.Face
    sentence : str
        What the program says, or why it can't read the picture.
    """
    try:
        rgb = welcome.at_most(read_rgb(source), LONGEST)
    except CourseError as error:
        return None, [], str(error)
    faces = welcome.detect(rgb)
    if not faces:
        sentence = "No face found: is it 16 pixels wide, and does it look at the camera?"
        return rgb, faces, sentence
    words = ", ".join(welcome.WORDS[face.label] for face in faces)
    return rgb, faces, f"From left to right: {words}."


class Upload(ipywidgets.VBox):
    """Choose a picture of your own and see what the program says of it.

    Attributes
    ----------
    answer : ipywidgets.Label
    view : ipywidgets.Image
    """

    def __init__(self):
        button = ipywidgets.FileUpload(accept="image/*", multiple=False, description="choose")
        self.answer = ipywidgets.Label()
        self.view = ipywidgets.Image(format="jpeg", width=800)
        button.observe(self._take, names="value")
        super().__init__([button, self.answer, self.view])

    def _take(self, change):
        content = change["new"][0]["content"]
        rgb, faces, self.answer.value = judge(io.BytesIO(content))
        self.view.value = b"" if rgb is None else draw_jpeg(rgb, faces)
