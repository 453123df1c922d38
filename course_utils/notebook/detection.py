"""Try the detector in a notebook.

A picture from a file or from the browser's camera, and a slider for the threshold.

Pictures stay in memory: nothing is written.
"""

import base64
import html
import io
from dataclasses import replace

import ipywidgets
from IPython.display import display
from PIL import Image

from course_utils.detection.drawing import annotate, paint_over
from course_utils.detection.labels import Rule
from course_utils.detection.mask_detector import LabelledFace, whole
from course_utils.detection.outputs import VideoFile
from course_utils.detection.sources import Video
from course_utils.errors import CourseError
from course_utils.notebook.camera import Camera
from course_utils.pictures.images import read_rgb

LONGEST = 900
"""Pixels: larger pictures are shrunk before they are shown, not before they are searched."""


class Snapshot(Camera):
    """The course's camera, but what it takes goes to a function and not to a file.

    Parameters
    ----------
    take : callable
        Gets the bytes of a picture; returns a sentence for the reader.
    """

    _css = (  # label and person, which nothing is stored with
        ".course-snapshot > div:first-child { display: none; }"
    )

    def __init__(self, take):
        super().__init__()
        self._take = take
        self.add_class("course-snapshot")

    def _receive(self, _, content, buffers):
        if content.get("kind") == "picture" and buffers:
            self.message = ""
            self.message = self._take(bytes(buffers[0]))


class TryIt(ipywidgets.VBox):
    """Upload or take a picture, and see what the detector says at any threshold.

    Parameters
    ----------
    finder : MaskDetector
    first : numpy.ndarray, optional
        uint8, shape (height, width, 3), RGB: a picture to begin with.

    Attributes
    ----------
    faces : list of LabelledFace
        Of the picture that is shown.
    """

    def __init__(self, finder, first=None):
        self._finder, self._image, self.faces = finder, None, []
        self.threshold = ipywidgets.FloatSlider(
            0.5, min=0.05, max=0.95, step=0.05, description="threshold", continuous_update=False
        )
        self.band = ipywidgets.FloatSlider(
            0.15, min=0, max=0.45, step=0.05, description="not sure within", continuous_update=False
        )
        self.blur = ipywidgets.Checkbox(False, description="paint over faces")
        self.upload = ipywidgets.FileUpload(
            accept="image/*", multiple=False, description="Choose a picture"
        )
        self.camera, self.message, self.picture = (
            Snapshot(self.take),
            ipywidgets.HTML(),
            ipywidgets.HTML(),
        )
        self.upload.observe(self._uploaded, names="value")
        for control in (self.threshold, self.band, self.blur):
            control.observe(lambda _: self._draw(), names="value")
        super().__init__(
            [
                ipywidgets.HBox([self.upload, self.blur]),
                self.camera,
                self.threshold,
                self.band,
                self.message,
                self.picture,
            ]
        )
        if first is not None:
            self._search(first)

    def take(self, content):
        """Search the bytes of a picture; return a sentence about what was found or is wrong."""
        try:
            return self._search(read_rgb(io.BytesIO(content)))
        except CourseError as error:
            return f"Not used: {error}"

    def _uploaded(self, change):
        for file in change["new"]:
            self.message.value = html.escape(self.take(bytes(file["content"])))
        if change["new"]:
            self.upload.value = ()

    def _search(self, image):
        self._image = image
        self._boxes, self._probabilities = self._finder.ask(image)
        return self._draw()

    def _draw(self):
        if self._image is None:
            return ""
        rule, names = Rule(self.threshold.value, self.band.value), self._finder.classify.class_names
        self.faces = [
            LabelledFace(whole(box, self._image.shape), *rule.label(shares, names))
            for box, shares in zip(self._boxes, self._probabilities)
        ]
        image = paint_over(self._image, self._finder.covered) if self.blur.value else self._image
        said = f"{len(self.faces)} face{'s' * (len(self.faces) != 1)} found."
        self.picture.value = _as_html(annotate(image, self.faces), said)
        return said


def write_video(path, frames, faces, step=2):
    """Write a part of the frames of a video with their boxes.

    Boxes are coarse and without numbers, so that the file is the same on every processor.

    Parameters
    ----------
    path : path-like
        An MP4 file.
    frames : sequence of course_utils.detection.frames.Frame
        At 12 a second.
    faces : sequence of list of LabelledFace
        One list a frame.
    step : int
        Each step-th frame is written.
    """
    video = VideoFile(path, 12 / step)
    for frame, listed in list(zip(frames, faces))[::step]:
        coarse = [
            replace(face, box=tuple(8 * round(edge / 8) for edge in face.box)) for face in listed
        ]
        video.write(annotate(frame.image, coarse, numbers=False))
    video.close()


def show_video(path, alt):
    """Show a video in the notebook and on the page, with a text for readers who can't see it.

    Parameters
    ----------
    path : path-like
        An MP4 file that browsers play; it becomes part of the notebook.
    alt : str
        What is to be seen.
    """
    with open(path, "rb") as stream:
        encoded = base64.b64encode(stream.read()).decode("ascii")
    first = next(Video(path).frames())  # some browsers show nothing before it plays
    tag = (
        '<video controls muted loop playsinline style="max-width: 100%"'
        f' aria-label="{html.escape(alt, quote=True)}" poster="{_as_address(first.image)}"'
        f' src="data:video/mp4;base64,{encoded}"></video>'
    )
    display({"text/html": tag, "text/plain": f"Video: {alt}"}, raw=True)


def _as_html(image, alt):
    return (
        f'<img style="max-width: 100%" alt="{html.escape(alt, quote=True)}"'
        f' src="{_as_address(image)}">'
    )


def _as_address(image):
    """Return the address that holds the whole picture, as a JPEG."""
    shown = Image.fromarray(image)
    shown.thumbnail((LONGEST, LONGEST))
    buffer = io.BytesIO()
    shown.save(buffer, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
