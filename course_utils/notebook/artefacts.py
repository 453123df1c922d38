"""How a result travels from one chapter to the next.

Chapter NN writes its files below `work/<profile>/NN_slug/` and reads those of
earlier chapters from there. When `course run` executes the chapter, what it reads is noted with
its hash, so that a later run knows whether it is still the same.
"""

import json
import os
import re
import shutil
from pathlib import Path

from course_utils import files, profiles, project
from course_utils.errors import CourseError
from course_utils.notebook import progress
from course_utils.notebook.contents import content

READS = "COURSE_READS"
"""The environment variable that names the file to note reads in, one JSON object a line."""

NEEDS = re.compile(r"^# +needs:(?: \[(.*)\]|((?:\n# +- .*)+))", re.MULTILINE)
"""Where a chapter's header names the chapters whose files it reads."""


class Artefacts:
    """The files of one chapter in one profile.

    Parameters
    ----------
    chapter : str
        "NN_slug", as in `chapters/NN_slug.py`.
    profile : str
        Name of a profile.

    Raises
    ------
    CourseError
        When a chapter that this one needs has not been run; the message names all of them and the
        command.
    """

    def __init__(self, chapter, profile):
        self.chapter = chapter
        self.profile = profiles.get_profile(profile)
        self.folder = project.work_dir() / self.profile.name / chapter
        self._metrics, self._noted = {}, set()
        _note(package=str(Path(files.__file__).resolve().parent))
        self._require_needs()

    def path(self, name):
        """Return the path of one of this chapter's own files; its folder is made when missing."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def shared(self, name):
        """Return the path of a folder of what all chapters keep for each other.

        Nothing may depend on what lies there but time: each file is named after all that it was
        computed from, and whoever misses one computes it again.
        """
        path = self.folder.parent / "shared" / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def fresh(self, name):
        """Return the path of one of this chapter's own folders, emptied of what earlier runs left.

        Until the chapter records its metrics again, later ones take it as not run: a reader may
        stop it half way, and its old tables would name files that are gone.

        Parameters
        ----------
        name : str

        Returns
        -------
        pathlib.Path
        """
        folder = self.path(name)
        self.path("metrics.json").unlink(missing_ok=True)
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        return folder

    def earlier(self, chapter, name):
        """Return the path of a file that an earlier chapter made.

        A table (`.csv`) speaks of pictures: those in the folders beside it count as read, too.

        Raises
        ------
        CourseError
            When it is missing; the message says which command makes it.
        """
        path = self.folder.parent / chapter / name
        if not path.exists():
            number = chapter.split("_")[0]
            raise CourseError(
                f"{name} of chapter {number} is missing in the {self.profile.name} profile: "
                f"run `{self._command([number])}` first{self._in_a_cell([number])}."
            )
        if READS in os.environ:
            self._note_read(path)
        return path

    def reference(self):
        """Read the figures of the reference run: this chapter on the real photographs.

        Returns
        -------
        dict or None
            What `data/reference/NN_slug.json` holds; None where no such run was stored.
        """
        path = project.data_dir() / "reference" / f"{self.chapter}.json"
        if not path.is_file():
            return None
        return json.loads(path.read_text(encoding="utf-8"))

    def _note_read(self, path):
        beside = files.files_below(path.parent) if path.suffix == ".csv" else ()
        read = [path, *(picture for picture in beside if picture.parent != path.parent)]
        new = [path for path in read if path not in self._noted]
        self._noted.update(new)
        folder = self.folder.parent
        _note(
            read={path.relative_to(folder).as_posix(): files.state(path, content) for path in new}
        )

    def _require_needs(self):
        """Refuse to begin before the chapters that the header names have been run."""
        needed, waiting = set(), [self.chapter]
        while waiting:
            more = set(_needs(waiting.pop())) - needed
            needed |= more
            waiting.extend(more)
        numbers = sorted(
            chapter[:2]
            for chapter in needed
            if not (self.folder.parent / chapter / "metrics.json").exists()
        )
        if numbers:
            plural = "s" * (len(numbers) > 1)
            raise CourseError(
                f"Chapter {self.chapter[:2]} needs the files of chapter{plural}"
                f" {' and '.join(numbers)}, which the {self.profile.name} profile does not have"
                f" yet: run `{self._command(numbers)}` first{self._in_a_cell(numbers)}."
            )

    def _in_a_cell(self, numbers):
        """Say how a reader runs the command from the notebook; nothing where a program runs it."""
        if progress.readers_notebook() is None:
            return ""
        project.put_tools_on_path()
        return f", in a terminal or here in a cell: `!{self._command(numbers)}`"

    def _command(self, numbers):
        option = [] if self.profile.name == "sample" else ["--profile", self.profile.name]
        return " ".join(["course run", *numbers, *option])

    def record(self, **metrics):
        """Write numbers to `metrics.json`, which `course check` holds against the stated bounds.

        Later calls add to what this object has recorded; what an earlier run
        left in the file is replaced.

        Parameters
        ----------
        **metrics : float or int or str
            Name and value. A name that is there already gets the new value.
        """
        self._metrics |= {
            name: value.item() if hasattr(value, "item") else value
            for name, value in metrics.items()
        }
        files.write_text(
            self.path("metrics.json"), json.dumps(self._metrics, indent=2, sort_keys=True) + "\n"
        )


def _needs(chapter):
    """Return the chapters that a chapter's header names; none where there is no such chapter."""
    try:
        folder = project.root() / "chapters"
        header = NEEDS.search((folder / f"{chapter}.py").read_text(encoding="utf-8"))
    except (CourseError, OSError):
        return []
    numbers = re.findall(r"\d+", header[1] or header[2] or "") if header else []
    return [
        path.stem for number in numbers for path in sorted(folder.glob(f"{number.zfill(2)}_*.py"))
    ]


def _note(**what):
    """Add a line to the file that `course run` asked for."""
    path = os.environ.get(READS)
    if path:
        with open(path, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(what) + "\n")
