"""What `course detect` does.

Frames in, labelled faces out, until the source ends or somebody stops it.
"""

import signal
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from course_utils.data.progress import STYLE
from course_utils.detection import alerts, outputs, sources
from course_utils.detection.classifying import ask_server, load_classifier
from course_utils.detection.detectors import DEFAULT, load_detector
from course_utils.detection.drawing import annotate, paint_over
from course_utils.detection.labels import Rule
from course_utils.detection.mask_detector import MaskDetector
from course_utils.detection.window import open_window
from course_utils.detection.writing import Writer, plan_of
from course_utils.errors import CourseError

TURNS = 6
"""Searched frames of a video in which the default detector has looked everywhere for small faces.
"""

PICTURE_SECONDS = 2.0
"""For how long `--show` leaves a picture of a folder there; the last one stays until the window is
closed."""


@dataclass(frozen=True)
class Order:
    """What is asked for; `course detect --help` explains each.

    Times in seconds, sizes in pixels. `server` or `classify`, a classifier that is at hand, stand
    in for `model`; without any of the three it is the finished program's network.
    """

    source: str
    model: str | None = None
    server: str | None = None
    classify: object = None
    out: str | None = None
    table: str = "csv"
    force: bool = False
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
    others : int or None
        Files of a folder that are no pictures; None when the source is no folder.
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
    others: int | None = None
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
        When source, model, output or alert can't be used, or a camera or a model's server does not
        come back. What was done until then is kept.
    """
    report = Report()
    try:
        _work(order, report, say, progress)
    except CourseError as error:
        if report.written:
            raise CourseError(
                f"{str(error).rstrip('.')}. What was done until then, {report.frames:,} frames, is"
                f" kept in {' and '.join(report.written)}."
            ) from error
        raise
    return report


def _work(order, report, say, progress):
    with ExitStack() as stack:
        messenger = (
            alerts.Messenger(order.alert_command, order.alert_webhook, say)
            if order.alert_after is not None
            else None
        )
        if messenger:
            stack.callback(messenger.close)
        if order.model is not None and not Path(order.model).is_file():
            raise CourseError(
                f"{order.model} is missing: give the .keras file of a trained model, or train one"
                " with `course train`."
            )
        source = sources.open_source(order.source, say, order.give_up)
        plan = plan_of(order, not source.moving)
        writer = stack.enter_context(Writer(order, plan, source))
        report.written, report.others = writer.written, getattr(source, "others", None)
        classify = order.classify or (
            ask_server(order.server) if order.server else load_classifier(order.model)
        )
        if order.server:
            stack.callback(classify.close)
        detect = load_detector(
            order.detector, order.min_face, max(1, TURNS // order.every) if source.moving else 1
        )
        finder = MaskDetector(detect, classify, Rule(order.threshold, order.band), order.min_face)
        window = (
            open_window(f"course detect {sources.name_of(order.source)}", say)
            if order.show
            else None
        )
        if window:
            stack.callback(window.close)
        with _stoppable(source) as stop:
            started = time.perf_counter()
            try:
                frames = _paced(source, order.max_fps, progress)
                for frame, faces in _labelled(finder, frames, source, order.every):
                    _count(report, frame, faces, source)
                    if messenger:
                        for track in (
                            alerts.due(finder.followed, frame.time, order.alert_after)
                            if source.moving
                            else ()
                        ):
                            messenger.send(_alert(order, frame, track))
                    if writer.wanted or window:
                        picture = (
                            paint_over(frame.image, finder.covered) if order.blur else frame.image
                        )
                        picture = annotate(picture, faces)
                        writer.write(frame, faces, picture)
                        if window and not (
                            window.show(picture)
                            and (
                                source.moving
                                or source.single
                                or _hold(window, PICTURE_SECONDS, stop)
                            )
                        ):
                            break
                    if stop:
                        break
                report.stopped = bool(stop)
            finally:
                report.seconds = time.perf_counter() - started
                report.problems += source.problems
            if window and not source.moving:
                _hold(window, float("inf"), stop)
    if messenger:
        report.alerts, report.alerts_failed = messenger.sent, messenger.failed
        if messenger.failed and not messenger.sent:
            report.problems.append(
                f"No alert could be delivered, {messenger.failed:,} failed: correct the command or"
                " the address"
            )


def _paced(source, max_fps, progress):
    """Yield the frames of a source that are due, with a bar."""
    due = 0.0
    unit = " frames" if source.moving else " pictures"
    with tqdm(
        desc="detecting",
        total=source.count,
        unit=unit,
        delay=1,
        **STYLE | {"disable": None if progress else True},
    ) as bar:
        for frame in source.frames():
            bar.update(1)
            if max_fps and source.moving:
                if frame.time < due - 1e-6:
                    continue
                due = max(due + 1 / max_fps, frame.time)
            yield frame


def _labelled(finder, frames, source, every):
    """Yield each frame with its faces."""
    if source.moving and not source.live:
        yield from finder.follow_all(frames, every)
        return
    for number, frame in enumerate(frames):
        if source.moving:  # a camera's next frame is not waited for
            yield frame, finder.follow(frame.image, frame.time, number % every == 0)
        else:
            yield frame, finder.look(frame.image)


def _hold(window, seconds, stop):
    """Leave a picture in the window; False when it was closed."""
    until = time.monotonic() + seconds
    while not stop and time.monotonic() < until:
        if not window.stay(0.1):
            return False
    return True


def _count(report, frame, faces, source):
    report.frames += 1
    report.faces += len(faces)
    report.labels.update(face.label for face in faces)
    if not source.moving:
        report.rows += outputs.rows_of(frame, faces)
    for face in faces:
        if face.track:
            known = report.people.setdefault(
                face.track, {"first": round(frame.time, 3), "frames": 0}
            )
            known |= {
                "last": round(frame.time, 3),
                "label": face.label,
                "frames": known["frames"] + 1,
            }


def _alert(order, frame, track):
    return {
        "source": sources.name_of(order.source),
        "frame": frame.number,
        "time": round(frame.time, 2),
        "track": track.number,
        "label": track.label,
        "probability": round(track.probability, 3),
        "seconds": round(frame.time - track.unmasked_since, 2),
        "box": [round(float(edge)) for edge in track.box],
    }


@contextmanager
def _stoppable(source):
    """Let the first Ctrl-C, or a service manager's SIGTERM, end the work after the frame.

    The second one ends it at once.

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
