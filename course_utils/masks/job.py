"""Mask a picture or a folder tree, with any number of processes, and account for every face."""

import hashlib
import os
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tqdm import tqdm

from course_utils.data.progress import STYLE
from course_utils.errors import CourseError
from course_utils.files import explaining_disk_errors, locked, refuse_to_overwrite, state
from course_utils.masks import ledger
from course_utils.masks.choice import MaskOptions, parse_type
from course_utils.masks.patterns import pattern_names
from course_utils.masks.picture import (
    FAILED,
    MASKED,
    NO_FACE,
    REFUSED,
    UNREADABLE,
    Task,
    mask_picture,
)
from course_utils.masks.textures import load_texture
from course_utils.masks.workers import results
from course_utils.pictures.finding import find_files
from course_utils.pictures.images import PICTURE_NAME


@dataclass(frozen=True)
class Report:
    """What a job did.

    Attributes
    ----------
    rows : list of dict
        One for each face and each picture without one, as masks.csv has them.
    pictures : int
        All of the source.
    kept : int
        Those that an earlier, interrupted run had finished.
    seconds : float
        What the others took.
    foreign : int
        Of the pictures, those of kinds that are not read: known to be unreadable from the start.
    others : int
        Files of the source that are no pictures; they are left alone.
    """

    rows: list = field(repr=False)
    pictures: int
    kept: int
    seconds: float
    foreign: int = 0
    others: int = 0

    @property
    def counts(self):
        """Lines of masks.csv by result: masks (for each output) or pictures."""
        counted = Counter(line["result"] for line in self.rows)
        return {
            result: counted[result] for result in (MASKED, REFUSED, NO_FACE, UNREADABLE, FAILED)
        }

    @property
    def refusals(self):
        """Refused masks by reason, without its measures, the most frequent first."""
        return dict(
            Counter(
                line["reason"].partition(":")[0] for line in self.rows if line["result"] == REFUSED
            ).most_common()
        )

    @property
    def problems(self):
        """What is wrong with each picture that could not be read or written.

        Its name, and the rest of a sentence.
        """
        return [
            f"{line['picture']} {line['reason']}"
            for line in self.rows
            if line["result"] in (UNREADABLE, FAILED)
        ]

    @property
    def rate(self):
        """Pictures a second of this run, start-up included; None when nothing was left to do."""
        done = self.pictures - self.foreign - self.kept
        return done / self.seconds if done else None


def mask_folder(
    src,
    dst,
    options=None,
    workers=1,
    progress=True,
    scheduler=None,
    again=False,
    landmarks_out=None,
):
    """Draw masks on the faces of a picture or of every picture below a folder.

    `dst` gets the masked pictures under their own names, the folders kept, and `masks.csv`. A
    picture of which no face could be masked is not written. What a killed run had finished is not
    done again, and the result is the same.

    Parameters
    ----------
    src, dst : path-like
        A picture or a folder, and a folder.
    options : MaskOptions, optional
    workers : int
        Processes.
    progress : bool
        Show a bar, where there is a terminal.
    scheduler : str, optional
        Address of a Dask scheduler. Its workers must reach both folders by the same paths.
    again : bool
        Remove what an earlier run wrote to `dst`, and start from the beginning.
    landmarks_out : path-like, optional
        A CSV file for the 68 landmarks of every face.

    Returns
    -------
    pandas.DataFrame
        `masks.csv`: one row for each face, and one for each picture without a face, columns
        `ledger.COLUMNS`.

    Raises
    ------
    CourseError
        When the folders can't be used, `dst` holds other files or a run with other options, another
        process is writing there, a worker dies or the disk is full. What is wrong with one picture
        stands in its row.
    """
    import pandas

    report = run(
        src, dst, options or MaskOptions(), workers, progress, scheduler, again, landmarks_out
    )
    whole = dict.fromkeys(
        ("face", "x_min", "y_min", "x_max", "y_max"), "Int64"
    )  # empty without a face
    return pandas.DataFrame(report.rows, columns=ledger.COLUMNS).astype(whole)


def run(
    src, dst, options, workers=1, progress=True, scheduler=None, again=False, landmarks_out=None
):
    """Do what `mask_folder` does, and return a `Report`."""
    source, destination = Path(src).resolve(), Path(dst).resolve()
    pictures, foreign, others = _pictures(source)
    _check_places(source, destination)
    with explaining_disk_errors(destination):
        destination.mkdir(parents=True, exist_ok=True)
        with (
            locked(destination, name=destination / ".course-mask.lock"),
            ledger.Journal(destination, _all_that_counts(source, options), again) as journal,
        ):
            tasks = [_task(path, name, journal, options) for name, path in pictures]
            if landmarks_out is not None:
                _check_landmarks_out(Path(landmarks_out), tasks, destination)
            kept, pending = [], []
            for task in tasks:
                (kept if journal.is_done(task) else pending).append(task)
            journal.plan(pending, kept)
            started = time.perf_counter()
            with tqdm(
                desc="masking",
                total=len(tasks),
                initial=len(kept),
                unit=" pictures",
                **STYLE | {"disable": None if progress else True},
            ) as bar:
                for task, finished in results(_mask_and_hash, pending, workers, scheduler):
                    journal.finish(task, *finished)
                    bar.update()
            seconds = time.perf_counter() - started
            entries = [journal.done[name] for name, _ in pictures]
            rows = [line for entry in entries for line in entry["rows"]] + foreign
            ledger.write_masks(destination / "masks.csv", rows)
    if landmarks_out is not None:
        with explaining_disk_errors(landmarks_out):
            ledger.write_landmarks(landmarks_out, entries)
    pictures_there = len(tasks) + len(foreign)
    return Report(rows, pictures_there, len(kept), seconds, len(foreign), others)


def _mask_and_hash(task):
    """Return what the journal notes of a picture: its state, that of its outputs, their rows."""
    source = state(task.source)
    rows, landmarks = mask_picture(task)
    written = {name: state(task.destination / name) for name in sorted(ledger.made_of(task, rows))}
    return source, written, rows, landmarks


def _check_landmarks_out(path, tasks, destination):
    """Refuse to write the landmarks over a picture, an output or somebody's file."""
    outputs = {destination / name for task in tasks for name in ledger.files_of(task)}
    if path.resolve() in outputs | {destination / "masks.csv"}:
        raise CourseError(
            f"{path} is what the masked pictures or masks.csv are written to: choose another name"
            " for the landmarks."
        )
    inputs = [task.source for task in tasks] if os.path.lexists(path) else ()
    refuse_to_overwrite(path, inputs, ledger.is_landmarks)


def _pictures(source):
    """Return names below the source, with `/`, and paths; rows of what can't be read; other files.

    The last is a number.
    """
    if source.is_file():
        return [(source.name, source)], [], 0
    if not source.exists():
        raise CourseError(f"{source} does not exist: name a picture or a folder of pictures.")
    found = find_files(source)
    if not found.pictures:
        first = next((f" ({path} {why})" for path, why in found.unreadable), "")
        raise CourseError(
            f"{source} holds no picture{first}: name a folder with JPEG, PNG or other pictures in"
            " it or below it."
        )
    foreign = [
        {"picture": path.relative_to(source).as_posix(), "result": UNREADABLE, "reason": why}
        for path, why in found.unreadable
    ]
    pictures = [(path.relative_to(source).as_posix(), path) for path in found.pictures]
    return pictures, foreign, len(found.others)


def _check_places(source, destination):
    if destination.is_file():
        raise CourseError(f"{destination} is a file: name a folder for the masked pictures.")
    if not destination.exists() and PICTURE_NAME.search(destination.name):
        raise CourseError(
            f"{destination} is named like a picture: name a folder for the masked pictures."
        )
    if source.is_dir() and (
        destination.is_relative_to(source) or source.is_relative_to(destination)
    ):
        raise CourseError(
            f"{source} and {destination} lie one in the other: name a folder beside the source."
        )


def _task(path, name, journal, options):
    folder, file = Path(name).parent, Path(name)

    def beside(ending):
        return (folder / f"{file.stem}_{ending}{file.suffix}").as_posix()

    outputs = tuple((kind, name if kind is None else beside(kind)) for kind in options.outputs)
    original = beside("original") if options.keep_original else None
    return Task(name, path, outputs, original, journal.destination, journal.scratch, options)


def _all_that_counts(source, options):
    """Return all that the outputs depend on besides the pictures.

    Of the user's own files, the content.
    """
    counts = {"source": str(source), **asdict(options)}
    if options.type.endswith(".toml"):
        drawings = [
            levels[0].tobytes() for levels in load_texture(parse_type(options.type)).pictures
        ]
        counts["content of type"] = _digest(Path(options.type).read_bytes(), *drawings)
    if (
        options.pattern
        and Path(options.pattern).is_file()
        and options.pattern not in pattern_names()
    ):
        counts["content of pattern"] = _digest(Path(options.pattern).read_bytes())
    return counts


def _digest(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()[:12]
