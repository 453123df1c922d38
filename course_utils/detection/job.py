"""What `course detect` does: frames in, labelled faces out, until the source ends or somebody stops it."""

import signal
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from course_utils.data.progress import STYLE
from course_utils.detection import alerts, outputs, sources
from course_utils.detection.classifying import load_classifier
from course_utils.detection.detectors import DEFAULT, load_detector
from course_utils.detection.drawing import annotate, blur_faces
from course_utils.detection.labels import Rule
from course_utils.detection.mask_detector import MaskDetector
from course_utils.detection.window import open_window
from course_utils.errors import CourseError

TURNS = 4
"""Frames of a video in which the default detector has searched the whole picture for small faces."""

LIVE_FPS = 15
"""Frames a second at most in the recording of a camera."""


@dataclass(frozen=True)
class Order:
    """What is asked for; `course detect --help` explains each.

    Times in seconds, sizes in pixels. `classify` stands in for `model` where a classifier is at hand already.
    """

    source: str
    model: str | None = None
    classify: object = None
    out: str | None = None
    table: str = "csv"
    show: bool = False
    blur: bool = False
    detector: str = DEFAULT
    min_face: int = 16
    every: int = 1
    max_fps: float | None = None
    threshold: float = 0.5
    band: float = 0.15
    alert_after: float | None = None
    alert_command: str | None = None
    alert_webhook: str | None = None
    give_up: float = 300.0


@dataclass
class Report:
    """What was done.

    Attributes
    ----------
    frames : int
        Pictures or frames that were worked on.
    faces : int
        Labelled faces, in each frame anew.
    labels : collections.Counter
        Of these, by label.
    people : dict of int to dict
        For each track of a video: `first` and `last` (s), `label` (its last one), `frames`.
    rows : list of dict
        As `outputs.rows_of`, of pictures only.
    alerts, alerts_failed : int
    problems : list of str
        A sentence for each thing that could not be read.
    written : list of str
        Files and folders.
    stopped : bool
        By Ctrl-C.
    seconds : float
        What it took, loading excluded.
    """

    frames: int = 0
    faces: int = 0
    labels: Counter = field(default_factory=Counter)
    people: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)
    alerts: int = 0
    alerts_failed: int = 0
    problems: list = field(default_factory=list)
    written: list = field(default_factory=list)
    stopped: bool = False
    seconds: float = 0.0


def run(order, say, progress=True):
    """Carry out an order.

    Parameters
    ----------
    order : Order
    say : callable
        Gets sentences for the user while the work goes on.
    progress : bool
        Whether to show a bar on a terminal.

    Returns
    -------
    Report

    Raises
    ------
    CourseError
        When source, model, output or alert can't be used, or a camera does not come back. What was done until then is kept.
    """
    plan = outputs_of(order)
    report = Report()
    with ExitStack() as stack:
        messenger = alerts.Messenger(order.alert_command, order.alert_webhook, say) if order.alert_after is not None else None
        if messenger:
            stack.callback(messenger.close)
        if order.classify is None and not Path(order.model).is_file():
            raise CourseError(f"{order.model} is missing: give the .keras file of a trained model, or train one with `course train`.")
        source = sources.open_source(order.source, say, order.give_up)
        writer = stack.enter_context(_Writer(order, plan, source))
        classify = order.classify or load_classifier(order.model)
        detect = load_detector(order.detector, order.min_face, max(1, TURNS // order.every) if source.moving else 1)
        finder = MaskDetector(detect, classify, Rule(order.threshold, order.band), order.min_face)
        window = open_window(f"course detect {order.source}", say) if order.show else None
        if window:
            stack.callback(window.close)
        started = time.perf_counter()
        try:
            with _stoppable(source) as stop:
                for frame in _paced(source, order.max_fps, progress):
                    faces = _look(finder, frame, source, order.every)
                    _count(report, frame, faces, source)
                    if messenger:
                        for track in alerts.due(finder.tracker.shown, frame.time, order.alert_after) if source.moving else ():
                            messenger.send(_alert(order, frame, track))
                    if writer.wanted or window:
                        picture = blur_faces(frame.image, finder.covered) if order.blur else frame.image
                        picture = annotate(picture, faces)
                        writer.write(frame, faces, picture)
                        if window and not window.show(picture):
                            break
                    if stop:
                        report.stopped = True
                        break
            report.stopped |= bool(stop)
        finally:
            report.seconds = time.perf_counter() - started
            report.problems += source.problems
    if messenger:
        report.alerts, report.alerts_failed = messenger.sent, messenger.failed
    report.written = writer.written
    return report


@dataclass(frozen=True)
class Plan:
    """Where results go: a table, and a picture, a folder of pictures or a video; None where nothing is asked for."""

    table: Path | None = None
    pictures: Path | None = None
    video: Path | None = None


def outputs_of(order):
    """Decide what an order writes where.

    Raises
    ------
    CourseError
        When the name of the output does not fit the source, or would overwrite it.
    """
    if order.out is None:
        return Plan()
    out, source, suffix = Path(order.out), Path(order.source), Path(order.out).suffix.lower()
    if suffix in outputs.TABLES:
        return Plan(table=out)
    known = (*outputs.PICTURES, *outputs.VIDEOS)
    if suffix and suffix not in known and not out.is_dir():
        raise CourseError(f"{out} ends in {suffix}: give a folder, or a name that ends in {', '.join((*known, *outputs.TABLES))}.")
    is_folder = out.is_dir() or not suffix
    ending = f".{order.table}"
    if source.is_dir():
        if not is_folder:
            raise CourseError(f"{source} is a folder, so the output must be one, too: {out} is a file's name.")
        if out.resolve() == source.resolve() or source.resolve() in out.resolve().parents:
            raise CourseError(f"{out} lies in the folder of the pictures: choose another, or the next run would take its own results for pictures.")
        return Plan(out / f"faces{ending}", out)
    picture = source.is_file() and (sources.PICTURE_NAME.search(source.name) is not None or sources._is_picture(source))
    if is_folder:
        stem = source.stem if source.is_file() else "camera"
        out = out / (f"{source.stem}{'.png' if source.suffix.lower() == '.png' else '.jpg'}" if picture else f"{stem}.mp4")
    elif picture != (suffix in outputs.PICTURES):
        wanted = outputs.PICTURES if picture else outputs.VIDEOS
        raise CourseError(f"{out} does not fit {order.source}, which is {'a picture' if picture else 'no picture'}: end the name in {' or '.join(wanted)}.")
    if source.exists() and out.resolve() == source.resolve():
        raise CourseError(f"{out} is the source itself: choose another name for the output.")
    return Plan(out.with_suffix(ending), out if picture else None, None if picture else out)


class _Writer:
    """Writes what a plan says, and remembers what there is."""

    def __init__(self, order, plan, source):
        self._plan, self._source, self.written = plan, source, []
        self._table = self._video = None
        self.wanted = plan != Plan()
        self._fps = source.fps or 0.0
        if source.live:
            self._fps = min(self._fps, LIVE_FPS)
        if order.max_fps:
            self._fps = min(self._fps, order.max_fps)

    def __enter__(self):
        if self._plan.table:
            self._table = outputs.Table(self._plan.table)
        if self._plan.video:
            try:
                self._video = outputs.VideoFile(self._plan.video, self._fps)
            except BaseException:
                self._table.discard()
                raise
        return self

    def __exit__(self, kind, error, trace):
        """Keep what was written, after an error as well: hours of a camera are not lost with it."""
        if self._video:
            written = self._video.frames > 0
            self._video.close()
            self.written += [str(self._plan.video)] * written
        if self._table:
            if kind and not self.written and not self._rows_written:
                self._table.discard()
            else:
                self._table.close()
                self.written.append(str(self._plan.table))

    _rows_written = False

    def write(self, frame, faces, picture):
        if self._table:
            self._table.write(outputs.rows_of(frame, faces))
            self._rows_written = True
        if self._video:
            # As many copies as the time says: a camera's frames come unevenly, and damaged ones are missing.
            due = int(frame.time * self._fps + 0.5) + 1 - self._video.frames
            for _ in range(min(due, max(1, int(2 * self._fps)))):
                self._video.write(picture)
        if self._plan.pictures:
            path = self._plan.pictures
            if not self._source.single:
                path = path / frame.name
                path = path if path.suffix.lower() in outputs.PICTURES else path.with_name(f"{path.name}.jpg")
            outputs.write_picture(path, picture)
            place = str(self._plan.pictures)
            self.written += [place] if place not in self.written else []


def _paced(source, max_fps, progress):
    """Yield the frames of a source that are due, with a bar."""
    due = 0.0
    unit = " frames" if source.moving else " pictures"
    with tqdm(desc="detecting", total=source.count, unit=unit, delay=1, **STYLE | {"disable": None if progress else True}) as bar:
        for frame in source.frames():
            bar.update(1)
            if max_fps and source.moving:
                if frame.time < due - 1e-6:
                    continue
                due = max(due + 1 / max_fps, frame.time)
            yield frame


def _look(finder, frame, source, every):
    if not source.moving:
        return finder.look(frame.image)
    return finder.follow(frame.image, frame.time, search=frame.number % every == 0)


def _count(report, frame, faces, source):
    report.frames += 1
    report.faces += len(faces)
    report.labels.update(face.label for face in faces)
    if not source.moving:
        report.rows += outputs.rows_of(frame, faces)
    for face in faces:
        if face.track:
            known = report.people.setdefault(face.track, {"first": round(frame.time, 3), "frames": 0})
            known |= {"last": round(frame.time, 3), "label": face.label, "frames": known["frames"] + 1}


def _alert(order, frame, track):
    return {"source": sources._without_password(order.source), "frame": frame.number, "time": round(frame.time, 2), "track": track.number,
            "label": track.label, "probability": round(track.probability, 3), "seconds": round(frame.time - track.unmasked_since, 2),
            "box": [round(float(edge)) for edge in track.box]}


@contextmanager
def _stoppable(source):
    """Let the first Ctrl-C, or a service manager's SIGTERM, end the work after the frame; the second one ends it at once.

    Yields a list that is empty until then.
    """
    stopped = []

    def handle(number, _):
        if stopped:
            raise KeyboardInterrupt
        stopped.append(number)
        if source.live:
            source.stop()

    kept = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            kept[number] = signal.signal(number, handle)
    except ValueError:  # not the main thread, as in a notebook's widget: Ctrl-C is not ours there
        pass
    try:
        yield stopped
    finally:
        for number, former in kept.items():
            signal.signal(number, former)
