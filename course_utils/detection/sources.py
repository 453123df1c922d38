"""Where frames come from: a picture, a folder of pictures, a video file, a camera, or an address.

Every source gives `Frame`s and counts what it had to skip. Files wait for whoever reads them;
`cameras` don't.
"""

import io
import os
import re
from pathlib import Path

import cv2

from course_utils.detection.addresses import Answer, Still, look_at
from course_utils.detection.cameras import Camera
from course_utils.detection.capture import open_capture
from course_utils.detection.frames import Frame
from course_utils.detection.videos import Animation, Video
from course_utils.errors import CourseError, readable, without_secrets
from course_utils.files import explaining_disk_errors
from course_utils.pictures.animations import is_animated
from course_utils.pictures.finding import find_files, foreign_or_kind
from course_utils.pictures.images import FORMATS, PICTURE_NAME, BadPicture, read_rgb

PICTURE, ANIMATION, VIDEO = "picture", "animation", "video"

ADDRESS = re.compile(r"^(rtsp|rtsps|rtmp|http|https|udp|tcp)://", re.IGNORECASE)


class Pictures:
    """One picture, or those in and below a folder.

    `problems` holds a sentence for each that can't be read, `others` counts the files of a folder
    that are no pictures; None of a single picture.

    Parameters
    ----------
    path : str or path-like
    say : callable, optional
        Gets a sentence about each moving picture of a folder, of which only the first frame counts.
    """

    live, moving, fps = False, False, None

    def __init__(self, path, say=lambda sentence: None):
        self.problems, self.folder, self.others, self._say = [], Path(path), None, say
        if self.folder.is_dir():
            found = find_files(self.folder)
            self._paths, self.others = found.pictures, len(found.others)
            self.problems = [f"{place} {why}" for place, why in found.unreadable]
            if not self._paths:
                first = f" ({self.problems[0]})" if self.problems else ""
                raise CourseError(
                    f"{path} holds no pictures{first}: name a folder with JPEG or PNG files in it"
                    " or below it."
                )
        else:
            self._paths, self.folder = [self.folder], self.folder.parent
        self.single = not Path(path).is_dir()
        self.count = len(self._paths)

    def frames(self):
        """Yield a `Frame` for each picture that can be read.

        A single one that can't raises `BadPicture`.
        """
        for number, path in enumerate(self._paths):
            try:
                image = read_rgb(path)
            except BadPicture as error:
                if self.single:
                    raise
                self.problems.append(str(error))
                continue
            if not self.single and kind_of(path) != PICTURE:
                self._say(f"{path} moves: only its first frame counts; name the file for all.")
            yield Frame(number, 0.0, image, path.relative_to(self.folder).as_posix())


def open_source(source, say, give_up=300.0):
    """Open whatever a source names.

    Parameters
    ----------
    source : str
        A picture, a folder, a video file, a camera's number, or an address (rtsp://...,
        http://...).
    say : callable
        Gets sentences about a camera that vanishes.
    give_up : float
        Seconds after which a vanished camera is given up.

    Returns
    -------
    Pictures, Still, Animation, Video or Camera
        With `frames()`, `problems` (list of str), `fps` (float or None), `count` (int or None),
        `live`, `moving` and `single` (bool).

    Raises
    ------
    CourseError
        When there is nothing, it can't be read, or it does not answer.
    """
    if ADDRESS.match(source):
        return _open_address(source, say, give_up)
    if os.path.isdir(source):
        return Pictures(source, say)
    if os.path.isfile(source):
        with explaining_disk_errors(source):
            return {PICTURE: Pictures, ANIMATION: Animation, VIDEO: Video}[kind_of(source)](source)
    if re.fullmatch(r"\d{1,3}", source):
        return Camera(int(source), say, give_up)
    raise CourseError(
        f"{name_of(source)} does not exist: give a picture, a folder, a video, a camera's number,"
        " or an address such as rtsp://HOST/PATH."
    )


def kind_of(path):
    """Tell what a file holds: "picture", "animation" or "video".

    A moving GIF is no picture, and a raw motion JPEG, which is pictures one after the other, is
    none either unless it calls itself one.
    """
    if PICTURE_NAME.search(os.path.basename(path)):
        return ANIMATION if is_animated(path) else PICTURE
    kind = foreign_or_kind(Path(path))
    if kind not in FORMATS:
        return PICTURE if kind else VIDEO  # a picture that is not read says so in a sentence
    if is_animated(path):
        return ANIMATION
    capture = open_capture(path)
    several = capture.isOpened() and capture.grab() and capture.grab()
    capture.release()
    return VIDEO if several else PICTURE


def name_of(source):
    """Return a source as a sentence or an alert may show it: without a password."""
    return readable(source if os.path.exists(source) else without_secrets(source))


def _open_address(address, say, give_up):
    answer = look_at(address) if address.lower().startswith("http") else Answer()
    if answer.picture is not None:
        stream = io.BytesIO(answer.picture)
        if is_animated(stream):
            return Animation(stream)
        return Still(address, answer.picture)
    if answer.ends:
        return Video(address, answer.index)  # it ends, and nothing has to hurry
    camera = Camera(address, say, give_up)
    if camera._capture.get(cv2.CAP_PROP_FRAME_COUNT) > 1 and not address.lower().startswith("rtsp"):
        camera._capture.release()
        return Video(address)
    return camera
