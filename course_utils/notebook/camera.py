"""Take own pictures in the notebook: with the browser's camera, or from files.

The camera belongs to the browser, Python may run elsewhere. `camera.js` shows the video and sends a
picture as JPEG; Python decodes it and writes it anew below `work/own/`, so that nothing of a
camera's own remarks (time, place, owner) stays in the file.
"""

import io
import re
from pathlib import Path

import anywidget
import ipywidgets
import traitlets

from course_utils import project
from course_utils.errors import CourseError
from course_utils.pictures.images import read_rgb, write_jpeg

LABELS = ("with_mask", "without_mask")


def save_own_picture(content, label, person="", folder=None):
    """Write a picture below `work/own/<label>/`, in `<person>/` when the person is named.

    Parameters
    ----------
    content : bytes
        A picture in any format that `images.read_rgb` reads.
    label : str
        "with_mask" or "without_mask".
    person : str
        A name or an alias; what no folder may be called is replaced by "_".
    folder : path-like, optional
        In the place of `work/own`.

    Returns
    -------
    path : pathlib.Path
        The new JPEG. Numbers go on from the highest that is there: nothing is overwritten.
    size : tuple of int
        Width and height in pixels.

    Raises
    ------
    CourseError
        When the label is unknown or the content is no picture.
    """
    if label not in LABELS:
        raise CourseError(f"{label!r} is no label: choose {' or '.join(LABELS)}.")
    rgb = read_rgb(io.BytesIO(content))
    person = re.sub(r"\W+", "_", person).strip("_")[:40]
    folder = Path(folder or project.work_dir() / "own") / label / person
    taken = [int(path.stem) for path in folder.glob("*.jpg") if path.stem.isdecimal()]
    path = folder / f"{max(taken, default=0) + 1:03d}.jpg"
    write_jpeg(path, rgb)
    return path, (rgb.shape[1], rgb.shape[0])


class Camera(anywidget.AnyWidget):
    """The browser's camera with a button, a label and a name.

    Parameters
    ----------
    folder : path-like, optional
        In the place of `work/own`.

    Attributes
    ----------
    label : str
        Label of the next picture.
    person : str
        Who is in it; may be empty.
    message : str
        What happened last, in one sentence.
    taken : int
        Pictures saved by this widget.
    """

    _esm = Path(__file__).with_name("camera.js")
    labels = traitlets.List(traitlets.Unicode(), default_value=list(LABELS)).tag(sync=True)
    label = traitlets.Unicode(LABELS[0]).tag(sync=True)
    person = traitlets.Unicode("").tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)
    taken = traitlets.Int(0).tag(sync=True)

    def __init__(self, folder=None, **traits):
        super().__init__(**traits)
        self.folder = folder
        self.on_msg(self._receive)

    def _receive(self, _, content, buffers):
        """Save the picture that the browser sends."""
        if content.get("kind") != "picture" or not buffers:
            return
        self.message = ""  # so that the same sentence twice is heard twice
        try:
            path, size = save_own_picture(bytes(buffers[0]), self.label, self.person, self.folder)
        except (CourseError, OSError) as error:
            self.message = f"Not saved: {error}"
            return
        self.taken += 1
        self.message = saved_sentence(path, size)


def saved_sentence(path, size):
    """Say where a picture went, without the part of the path that leads to the course."""
    try:
        shown = path.relative_to(project.work_dir().parent)
    except (CourseError, ValueError):  # not in a course, or not below work/
        shown = path
    return f"Saved as {shown.as_posix()} ({size[0]} x {size[1]} pixels)."


def upload(folder=None):
    """Return a widget that takes pictures from files.

    It is for a telephone's pictures, or a browser without a camera.

    Parameters
    ----------
    folder : path-like, optional
        In the place of `work/own`.

    Returns
    -------
    ipywidgets.VBox
    """
    label = ipywidgets.Dropdown(options=LABELS, description="label")
    person = ipywidgets.Text(description="person", placeholder="name or alias, may stay empty")
    button = ipywidgets.FileUpload(
        accept="image/*", multiple=True, description="Choose pictures", layout={"width": "auto"}
    )
    message = ipywidgets.HTML()

    def receive(change):
        sentences = []
        for file in change["new"]:
            try:
                sentences.append(
                    saved_sentence(
                        *save_own_picture(bytes(file["content"]), label.value, person.value, folder)
                    )
                )
            except (CourseError, OSError) as error:
                reason = getattr(error, "reason", error)
                sentences.append(f"{file['name']} was not saved: it {reason}.")
        if sentences:
            message.value = "<br>".join(
                sentence.replace("&", "&amp;").replace("<", "&lt;") for sentence in sentences
            )
            button.value = ()

    button.observe(receive, names="value")
    return ipywidgets.VBox([label, person, button, message])
