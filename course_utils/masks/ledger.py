"""Keep account of a masking job.

A journal that a killed run leaves readable, and the tables made of it.

DST/.course-mask/journal.jsonl holds one JSON object a line:

    {"options": {...}}                                   of the run, first
    {"planned": ["a.jpg", ...]}                          files that the job is about to write
    {"picture": "a.jpg", "stamp": [bytes, nanoseconds],  a finished picture: size, time of change,
     "rows": [{...}], "landmarks": ["x0 y0 x1 ..."]}      its lines of masks.csv, the landmarks of
     its faces
"""

import csv
import json
import shutil

from course_utils.errors import CourseError
from course_utils.files import replacing, write_text
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
        earlier, self.planned, self.done = self._read()
        if again:
            for output in self.planned:
                (destination / output).unlink(missing_ok=True)
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
        """Tell whether a picture is unchanged since it was finished, and its outputs are there."""
        entry = self.done.get(task.picture)
        if entry is None or entry["stamp"] != stamp(task.source):
            return False
        outputs = {line["output"] for line in entry["rows"] if line.get("output")}
        outputs |= {task.original} if outputs and task.original else set()
        failed = any(line["result"] == FAILED for line in entry["rows"])
        return not failed and all((self.destination / output).is_file() for output in outputs)

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
            When two pictures would be written to one file, or a file stands there that this job did
            not write.
        """
        writer = {}
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
                writer[output] = task.picture
        for output in self.planned.difference(*map(files_of, kept)):
            (self.destination / output).unlink(missing_ok=True)
        self.planned |= set(writer)
        self._append({"planned": sorted(writer)})

    def finish(self, task, changed, rows, landmarks):
        """Note that a picture is finished; `changed` is its `stamp` before it was read."""
        self.done[task.picture] = {
            "picture": task.picture,
            "stamp": changed,
            "rows": rows,
            "landmarks": landmarks,
        }
        self._append(self.done[task.picture])

    def _append(self, entry):
        self._stream.write(f"{json.dumps(entry)}\n")
        self._stream.flush()

    def _read(self):
        options, planned, done = None, set(), {}
        for line in self.path.read_bytes().splitlines() if self.path.is_file() else ():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # the line that a killed run was writing
            if "options" in entry:
                options = entry["options"]
            elif "planned" in entry:
                planned.update(entry["planned"])
            else:
                done[entry["picture"]] = entry
        return options, planned, done


def files_of(task):
    """Return every file that a task may write, as paths below the destination."""
    return [output for _, output in task.outputs] + ([task.original] if task.original else [])


def stamp(path):
    """Return a file's size in bytes and time of change in nanoseconds, None when it is gone."""
    try:
        state = path.stat()
    except OSError:
        return None
    return [state.st_size, state.st_mtime_ns]


def write_masks(path, rows):
    """Write masks.csv."""
    _write(path, COLUMNS, rows)


def write_landmarks(path, entries):
    """Write one line for each face: the picture, the face's number, x0, y0 to x67, y67 in pixels.

    Parameters
    ----------
    path : path-like
    entries : iterable of dict
        Of finished pictures, as the journal has them.
    """
    _write(
        path,
        LANDMARK_COLUMNS,
        (
            dict(zip(LANDMARK_COLUMNS, (entry["picture"], number, *points.split())))
            for entry in entries
            for number, points in enumerate(entry["landmarks"], start=1)
        ),
    )


def _write(path, columns, rows):
    # backslashreplace: on Linux a file's name may hold bytes that are no UTF-8
    with (
        replacing(path) as temporary,
        open(temporary, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream,
    ):
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _difference(earlier, now):
    """Say which options differ."""
    names = [name for name in now if earlier.get(name) != now[name]]
    return ", ".join(
        f"{name.replace('_', ' ')} was {earlier.get(name)} and is {now[name]}" for name in names
    )
