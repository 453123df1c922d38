"""Where the results of `course detect` go, decided before the work begins.

The files that are open while it goes on are kept here too.
"""

import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.detection import outputs, sources
from course_utils.errors import CourseError
from course_utils.files import refuse_to_overwrite
from course_utils.pictures.finding import find_pictures

LIVE_FPS = 15
"""Frames a second at most in the recording of a camera."""

LONGEST_STILL = {True: 2, False: 600}
"""Seconds for which a recording shows a frame at most: a camera's, then a file's. What a camera
that was away did not see is left out, and so are the days that a damaged file may claim."""


@dataclass(frozen=True)
class Plan:
    """Where results go: a table, and a picture, a folder of pictures or a video.

    None where nothing is asked for. `names` holds the file of each picture of a folder, by the
    picture's path below it.
    """

    table: Path | None = None
    pictures: Path | None = None
    video: Path | None = None
    names: dict = field(default_factory=dict)


def plan_of(order, still=None):
    """Decide what an order writes where.

    Parameters
    ----------
    order : job.Order
    still : bool, optional
        Whether the source is one picture; found out when not told.

    Raises
    ------
    CourseError
        When the name of the output does not fit the source, or would overwrite it or a file that
        no earlier run wrote.
    """
    if order.out is None:
        return Plan()
    inputs = [path for path in (order.source, order.model) if path and os.path.isfile(path)]
    plan = _plan(order, still)
    if plan.names:
        _refuse_to_overwrite_pictures(order, plan, inputs)
    for path in (plan.table, plan.video, None if plan.names else plan.pictures):
        if path is not None:
            refuse_to_overwrite(path, inputs, outputs.made_here, order.force)
    return plan


def _plan(order, still):
    out, source, suffix = Path(order.out), order.source, Path(order.out).suffix.lower()
    if suffix in outputs.TABLES:
        return Plan(table=out)
    known = (*outputs.PICTURES, *outputs.VIDEOS)
    if suffix and suffix not in known and not out.is_dir():
        raise CourseError(
            f"{out} ends in {suffix}: give a folder, or a name that ends in"
            f" {', '.join((*known, *outputs.TABLES))}."
        )
    is_folder = out.is_dir() or not suffix
    ending = f".{order.table}"
    if os.path.isdir(source):
        if not is_folder:
            raise CourseError(
                f"{source} is a folder, so the output must be one, too: {out} is a file's name."
            )
        if out.resolve() == Path(source).resolve() or Path(source).resolve() in (
            out.resolve().parents
        ):
            raise CourseError(
                f"{out} lies in the folder of the pictures: choose another, or the next run would"
                " take its own results for pictures."
            )
        return Plan(out / f"faces{ending}", out, names=_names(find_pictures(source), source, out))
    is_file = os.path.isfile(source)
    if still is None:
        still = is_file and sources.kind_of(source) == sources.PICTURE
    if is_folder:
        stem = Path(source).stem if is_file else "camera"
        kept = ".png" if source.lower().endswith(".png") else ".jpg"
        out = out / f"{stem}{kept if still else '.mp4'}"
    elif still != (suffix in outputs.PICTURES):
        wanted = outputs.PICTURES if still else outputs.VIDEOS
        raise CourseError(
            f"{out} does not fit {sources.name_of(source)}, which is"
            f" {'a picture' if still else 'no picture'}: end the name in {' or '.join(wanted)}."
        )
    return Plan(out.with_suffix(ending), out if still else None, None if still else out)


def _names(paths, folder, out):
    """Return where each picture of a folder goes: two that differ in their endings stay two."""
    found, taken = {}, set()
    names = [path.relative_to(folder) for path in paths]
    # Those that keep their names come first.
    for name in sorted(names, key=lambda name: name.suffix.lower() not in outputs.PICTURES):
        is_kept = name.suffix.lower() in outputs.PICTURES
        target = name if is_kept else name.with_name(f"{name.name}.jpg")
        stem, number = target.stem, 2
        while (key := unicodedata.normalize("NFC", str(target)).casefold()) in taken:
            target, number = target.with_stem(f"{stem}-{number}"), number + 1
        taken.add(key)
        found[name.as_posix()] = out / target
    return found


def _refuse_to_overwrite_pictures(order, plan, inputs):
    pictures = {_identity(Path(order.source) / name): name for name in plan.names}
    for target in plan.names.values():
        if os.path.lexists(target):
            own = pictures.get(_identity(target))
            sources_too = [*inputs, Path(order.source) / own] if own else inputs
            refuse_to_overwrite(target, sources_too, outputs.made_here, order.force)


def _identity(path):
    """Return what two names of one file have in common."""
    try:
        status = os.stat(path)
    except OSError:
        return os.path.realpath(path)
    return status.st_dev, status.st_ino


class Writer:
    """Writes what a plan says, and remembers what there is."""

    def __init__(self, order, plan, source):
        self._plan, self._source, self.written = plan, source, []
        self._table, self._video, self._left_out, self._rows_written = None, None, 0, False
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
        try:
            if self._video:
                self._video.close()
                self.written += [str(self._plan.video)] * (self._video.frames > 0)
        finally:
            if self._table and kind and not self.written and not self._rows_written:
                self._table.discard()
            elif self._table:
                self._table.close()
                self.written.append(str(self._plan.table))

    def write(self, frame, faces, picture):
        if self._table:
            self._table.write(outputs.rows_of(frame, faces))
            self._rows_written = True
        if self._video:
            # As many copies as the time says: frames come unevenly, and damaged ones are missing.
            due = int(frame.time * self._fps + 0.5) + 1 - self._video.frames - self._left_out
            copies = min(due, max(1, int(LONGEST_STILL[self._source.live] * self._fps)))
            self._left_out += max(due - copies, 0)
            for _ in range(copies):
                self._video.write(picture)
        if self._plan.pictures:
            outputs.write_picture(self._plan.names.get(frame.name, self._plan.pictures), picture)
            place = str(self._plan.pictures)
            self.written += [place] if place not in self.written else []
