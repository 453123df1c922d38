"""Keep account of a masking job.

A journal that a killed run leaves readable, and the tables made of it.

DST/.course-mask/journal.jsonl holds one JSON object a line:

    {"options": {...}}                                   of the run, first
    {"planned": ["a.jpg", ...]}                          files that the job is about to write
    {"picture": "a.jpg", "source": STATE,                a finished picture, as it was read,
     "files": {"a.jpg": STATE},                          what was made of it, as it was written,
     "rows": [{...}], "landmarks": ["x0 y0 x1 ..."]}      its lines of masks.csv, the landmarks of
     its faces

STATE is what `course_utils.files.state` returns.
"""

import json
import os
import shutil
from pathlib import PurePosixPath

from course_utils.errors import CourseError
from course_utils.files import is_as, write_rows, write_text
from course_utils.masks.picture import FAILED

COLUMNS = (
    "picture",
    "face",
    "x_min",
    "y_min",
    "x_max",
    "y_max",
    "found_by",
    "type",
    "color",
    "pattern",
    "wear",
    "result",
    "reason",
    "output",
)
"""picture, output: paths below SRC and DST, with `/`. face: from 1; empty when the picture has
none. x_min to y_max: the face's box in pixels, half open. found_by: the stage of the face finder.
color: #rrggbb, empty for the type's own. result: masked, refused (the mask would sit badly), no
face, unreadable or failed. reason: why it is not masked."""

LANDMARK_COLUMNS = (
    "picture",
    "face",
    *(f"{axis}{number}" for number in range(68) for axis in "xy"),
)


class Journal:
    """What earlier runs into a folder have done, and what this one does.

    Parameters
    ----------
    destination : pathlib.Path
    options : dict
        All that the outputs depend on, as JSON values.
    again : bool
        Remove what an earlier run wrote, and start from the beginning.

    Attributes
    ----------
    done : dict
        From picture to its finished entry.
    planned : set of str
        Files that this job has written or may have written.

    Raises
    ------
    CourseError
        When an earlier run had other options, and `again` is false.
    """

    def __init__(self, destination, options, again=False):
        self.destination = destination
        self.folder = destination / ".course-mask"
        self.path = self.folder / "journal.jsonl"
        self.scratch = self.folder / "unfinished"
        if self.folder.is_symlink():
            raise CourseError(f"{self.folder} is a link: remove it, or name another folder.")
        earlier, self.planned, self.done = self._read()
        self.known = earlier is not None
        if again:
            for output in self.planned:
                self._remove(output)
            self.planned, self.done = set(), {}
        elif earlier is not None and earlier != options:
            raise CourseError(
                f"{destination} holds an earlier run with other options"
                f" ({_difference(earlier, options)}): name another folder, or add --again to"
                " replace what that run wrote."
            )
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        entries = [{"options": options}, {"planned": sorted(self.planned)}, *self.done.values()]
        write_text(self.path, "".join(f"{json.dumps(entry)}\n" for entry in entries))
        self._stream = open(self.path, "a", encoding="ascii")  # noqa: SIM115

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()
        shutil.rmtree(self.scratch, ignore_errors=True)
        if not self.planned:  # the job was refused before it began
            shutil.rmtree(self.folder, ignore_errors=True)

    def is_done(self, task):
        """Tell whether a picture is unchanged since it was finished, and its outputs are whole."""
        entry = self.done.get(task.picture)
        if entry is None or any(line["result"] == FAILED for line in entry["rows"]):
            return False
        return (
            made_of(task, entry["rows"]) == set(entry["files"])
            and is_as(task.source, entry["source"])
            and all(is_as(self.destination / name, known) for name, known in entry["files"].items())
        )

    def plan(self, tasks, kept):
        """Note which files are about to be written.

        What this job wrote earlier and no line will speak of is removed.

        Parameters
        ----------
        tasks, kept : list of Task
            What is to be done, and what is done.

        Raises
        ------
        CourseError
            When two pictures would be written to one file, a file stands there that this job did
            not write, or a folder leads elsewhere.
        """
        if not self.known and (self.destination / "masks.csv").exists():
            raise CourseError(
                f"{self.destination / 'masks.csv'} exists and was not written by this job: name"
                " another folder."
            )
        writer, inside = {}, set()
        for task in (*kept, *tasks):
            for output in files_of(task):
                if output in writer:
                    raise CourseError(
                        f"{writer[output]} and {task.picture} would both be written to {output}:"
                        " rename one of them."
                    )
                if output not in self.planned and (self.destination / output).exists():
                    raise CourseError(
                        f"{self.destination / output} exists and was not written by this job: name"
                        " another folder."
                    )
                folder = (self.destination / output).parent
                if folder not in inside and not self._holds(folder):
                    raise CourseError(
                        f"{folder} leads out of {self.destination}: name another folder."
                    )
                inside.add(folder)
                writer[output] = task.picture
        for output in self.planned.difference(*map(files_of, kept)):
            self._remove(output)
        self.planned |= set(writer)
        self._append({"planned": sorted(writer)})

    def finish(self, task, source, written, rows, landmarks):
        """Note that a picture is finished.

        Parameters
        ----------
        task : Task
        source : dict or None
            The picture's `state` before it was read.
        written : dict
            The `state` of each file of `made_of`.
        rows : list of dict
        landmarks : list of str
        """
        self.done[task.picture] = {
            "picture": task.picture,
            "source": source,
            "files": written,
            "rows": rows,
            "landmarks": landmarks,
        }
        self._append(self.done[task.picture])

    def _append(self, entry):
        self._stream.write(f"{json.dumps(entry)}\n")
        self._stream.flush()

    def _remove(self, output):
        """Remove what an earlier run wrote, unless its folder has become a link to elsewhere."""
        path = self.destination / output
        if self._holds(path.parent) and not path.is_dir():
            path.unlink(missing_ok=True)

    def _holds(self, folder):
        return folder.resolve().is_relative_to(self.destination.resolve())

    def _read(self):
        """Return options, planned files and finished pictures of the journal that is there."""
        options, planned, done = None, set(), {}
        lines = self.path.read_bytes().splitlines(keepends=True) if self.path.is_file() else []
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
                _check(entry)
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                if number == len(lines) and not line.endswith(b"\n"):
                    break  # the line that a killed run was writing
                raise CourseError(
                    f"{self.path} is no journal that `course mask` wrote (line {number}:"
                    f" {str(error)[:200]}): remove {self.folder}, or name another folder."
                ) from error
            if "options" in entry:
                options = entry["options"]
            elif "planned" in entry:
                planned.update(entry["planned"])
            else:
                done[entry["picture"]] = entry
        return options, planned, done


def _check(entry):
    """Refuse a line of a journal that no run of the command writes."""
    if not isinstance(entry, dict):
        raise TypeError("not an object")
    if "options" in entry:
        entry["options"].items()
    elif "planned" in entry:
        for name in _of(entry["planned"], list):
            _check_inside(name)
    else:
        _of(entry["picture"], str)
        for name in _of(entry["files"], dict):
            _check_inside(name)
        for known in (entry["source"], *entry["files"].values()):
            if known is not None:
                _of(known["stamp"], list), _of(known["hash"], str)
        for line in _of(entry["rows"], list):
            _of(line["result"], str), _of(line["picture"], str), _of(line["reason"], str)
            if line.keys() - set(COLUMNS):
                raise ValueError("unknown columns")
            if line.get("output"):
                _check_inside(line["output"])
        for points in _of(entry["landmarks"], list):
            if len([float(number) for number in points.split()]) != 136:
                raise ValueError("not 68 landmarks")


def _of(value, kind):
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not {kind.__name__}")
    return value


def _check_inside(name):
    """Refuse a path that does not lie below the destination."""
    path = PurePosixPath(_of(name, str))
    outside = path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name
    if outside or (os.name == "nt" and ("\\" in name or ":" in name)):
        raise ValueError(f"{name!r} does not lie below the folder")


def files_of(task):
    """Return every file that a task may write, as paths below the destination."""
    return [output for _, output in task.outputs] + ([task.original] if task.original else [])


def made_of(task, rows):
    """Return the files that were made of a task's picture, as paths below the destination."""
    outputs = {line["output"] for line in rows if line.get("output")}
    return outputs | {task.original} if outputs and task.original else outputs


def write_masks(path, rows):
    """Write masks.csv."""
    write_rows(path, COLUMNS, rows)


def write_landmarks(path, entries):
    """Write one line for each face: the picture, the face's number, x0, y0 to x67, y67 in pixels.

    Parameters
    ----------
    path : path-like
    entries : iterable of dict
        Of finished pictures, as the journal has them.
    """
    write_rows(
        path,
        LANDMARK_COLUMNS,
        (
            dict(zip(LANDMARK_COLUMNS, (entry["picture"], number, *points.split())))
            for entry in entries
            for number, points in enumerate(entry["landmarks"], start=1)
        ),
    )


def is_landmarks(path):
    """Tell whether `write_landmarks` wrote a file."""
    header = ",".join(LANDMARK_COLUMNS).encode()
    try:
        with open(path, "rb") as stream:
            return stream.read(len(header) + 1).rstrip(b"\n") == header
    except OSError:
        return False


def _difference(earlier, now):
    """Say which options differ."""
    names = [name for name in now if earlier.get(name) != now[name]]
    return ", ".join(
        f"{name.replace('_', ' ')} was {earlier.get(name)} and is {now[name]}" for name in names
    )
