"""Where the results of `course detect` go, decided before the work begins.

The files that are open while it goes on are kept here too.
"""

from dataclasses import dataclass
from pathlib import Path

from course_utils.detection import outputs, sources
from course_utils.errors import CourseError

LIVE_FPS = 15
"""Frames a second at most in the recording of a camera."""

LONGEST_STILL = 2
"""Seconds for which a recording shows a frame at most."""


@dataclass(frozen=True)
class Plan:
    """Where results go: a table, and a picture, a folder of pictures or a video.

    None where nothing is asked for.
    """

    table: Path | None = None
    pictures: Path | None = None
    video: Path | None = None


def plan_of(order):
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
        raise CourseError(
            f"{out} ends in {suffix}: give a folder, or a name that ends in"
            f" {', '.join((*known, *outputs.TABLES))}."
        )
    is_folder = out.is_dir() or not suffix
    ending = f".{order.table}"
    if source.is_dir():
        if not is_folder:
            raise CourseError(
                f"{source} is a folder, so the output must be one, too: {out} is a file's name."
            )
        if out.resolve() == source.resolve() or source.resolve() in out.resolve().parents:
            raise CourseError(
                f"{out} lies in the folder of the pictures: choose another, or the next run would"
                " take its own results for pictures."
            )
        return Plan(out / f"faces{ending}", out)
    picture = source.is_file() and (
        sources.PICTURE_NAME.search(source.name) is not None or sources._is_picture(source)
    )
    if is_folder:
        stem = source.stem if source.is_file() else "camera"
        out = out / (
            f"{source.stem}{'.png' if source.suffix.lower() == '.png' else '.jpg'}"
            if picture
            else f"{stem}.mp4"
        )
    elif picture != (suffix in outputs.PICTURES):
        wanted = outputs.PICTURES if picture else outputs.VIDEOS
        raise CourseError(
            f"{out} does not fit {order.source}, which is"
            f" {'a picture' if picture else 'no picture'}: end the name in {' or '.join(wanted)}."
        )
    if source.exists() and out.resolve() == source.resolve():
        raise CourseError(f"{out} is the source itself: choose another name for the output.")
    return Plan(out.with_suffix(ending), out if picture else None, None if picture else out)


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
            # As many copies as the time says: a camera's frames come unevenly, and damaged ones are
            # missing. What a camera that was away for long did not see is left out.
            due = int(frame.time * self._fps + 0.5) + 1 - self._video.frames - self._left_out
            copies = min(due, max(1, int(LONGEST_STILL * self._fps)))
            self._left_out += max(due - copies, 0)
            for _ in range(copies):
                self._video.write(picture)
        if self._plan.pictures:
            path = self._plan.pictures
            if not self._source.single:
                path = path / frame.name
                path = (
                    path
                    if path.suffix.lower() in outputs.PICTURES
                    else path.with_name(f"{path.name}.jpg")
                )
            outputs.write_picture(path, picture)
            place = str(self._plan.pictures)
            self.written += [place] if place not in self.written else []
