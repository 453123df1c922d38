"""How a result travels from one chapter to the next.

Chapter NN writes its files below `work/<profile>/NN_slug/` and reads those of
earlier chapters from there.
"""

import json
import shutil

from course_utils import files, profiles, project
from course_utils.errors import CourseError


class Artefacts:
    """The files of one chapter in one profile.

    Parameters
    ----------
    chapter : str
        "NN_slug", as in `chapters/NN_slug.py`.
    profile : str
        Name of a profile.
    """

    def __init__(self, chapter, profile):
        self.chapter = chapter
        self.profile = profiles.get_profile(profile)
        self.folder = project.work_dir() / self.profile.name / chapter
        self._metrics = {}

    def path(self, name):
        """Return the path of one of this chapter's own files; its folder is made when missing."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def fresh(self, name):
        """Return the path of one of this chapter's own folders, emptied of what earlier runs left.

        Parameters
        ----------
        name : str

        Returns
        -------
        pathlib.Path
        """
        folder = self.path(name)
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        return folder

    def earlier(self, chapter, name):
        """Return the path of a file that an earlier chapter made.

        Raises
        ------
        CourseError
            When it is missing; the message says which command makes it.
        """
        path = self.folder.parent / chapter / name
        if not path.exists():
            number = chapter.split("_")[0]
            option = "" if self.profile.name == "sample" else f" --profile {self.profile.name}"
            raise CourseError(
                f"{name} of chapter {number} is missing in the {self.profile.name} profile: "
                f"run `course run {number}{option}` first."
            )
        return path

    def reference(self):
        """Read the figures of the reference run: this chapter on the real photographs.

        Returns
        -------
        dict
            What `data/reference/NN_slug.json` holds.
        """
        path = project.data_dir() / "reference" / f"{self.chapter}.json"
        return json.loads(path.read_text(encoding="utf-8"))

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
