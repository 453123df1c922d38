"""What is known of a passed run: whether it still counts, and why not.

`work/<profile>/runs/<job>.json` holds its fingerprint, its minutes, and the hashes of the executed
notebook, of all that it read of earlier chapters (as it was read) and of all that its chapter had
written (as it was written).
"""

import json

from course_utils import files, project
from course_utils.errors import CourseError
from course_utils.notebook.contents import content, own_content


def record_path(job, profile):
    """Return the file that remembers a passed run."""
    return runs_folder(profile) / f"{job.name}.json"


def runs_folder(profile):
    """Return the folder of executed notebooks and records."""
    return project.work_dir() / profile.name / "runs"


def remembered_minutes(job, profile):
    """Return the minutes of the last passed run when it still counts, else None.

    It counts when nothing that it depended on has changed, what it read of earlier chapters is
    what they hold now, and all that it wrote is still there and the same.
    """
    try:
        record = json.loads(record_path(job, profile).read_text(encoding="utf-8"))
        counts = (
            record["fingerprint"] == job.fingerprint
            and files.is_as(_executed(job, profile), record["notebook"])
            and _are_as(project.work_dir() / profile.name, record["read"], content)
            and _are_as(_written_folder(job, profile), record["written"], own_content)
            and record["written"].keys() == set(_names(job, profile))
        )
        return record["minutes"] if counts else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def forget(job, profile):
    """Remove the record and begin an empty list of reads; return the list's path."""
    record_path(job, profile).unlink(missing_ok=True)
    reads = _reads(job, profile)
    reads.unlink(missing_ok=True)
    return reads


def remember(job, profile, minutes):
    """Write the record of a run that has passed."""
    read, _ = read_notes(job, profile)
    folder = _written_folder(job, profile)
    record = {
        "fingerprint": job.fingerprint,
        "minutes": round(minutes, 2),
        "notebook": files.state(_executed(job, profile)),
        "read": read,
        "written": {name: files.state(folder / name, own_content) for name in _names(job, profile)},
    }
    files.write_text(record_path(job, profile), json.dumps(record, indent=1) + "\n")
    _reads(job, profile).unlink(missing_ok=True)


def require_own_package(job, profile, root):
    """Stop when the kernel did not import the package that the fingerprint covers.

    Raises
    ------
    CourseError
        Names both.
    """
    _, packages = read_notes(job, profile)
    own = root / "course_utils"
    foreign = sorted(packages - {str(own.resolve())})
    if foreign and own.is_dir():  # a copy of the chapters alone runs with the installed package
        raise CourseError(
            f"Chapter {job.name} imported {foreign[0]} and not {root / 'course_utils'}: run"
            f" `python bootstrap.py` in {root}, and `course` from the environment that it makes."
        )


def read_notes(job, profile):
    """Return what the kernel noted: the first state of each file read, and the packages."""
    read, packages = {}, set()
    try:
        lines = _reads(job, profile).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    for line in map(json.loads, lines):
        read = line.get("read", {}) | read
        packages |= {line["package"]} if "package" in line else set()
    return read, packages


def _reads(job, profile):
    return runs_folder(profile) / f".{job.name}.reads.jsonl"


def _executed(job, profile):
    return record_path(job, profile).with_suffix(".ipynb")


def _written_folder(job, profile):
    return project.work_dir() / profile.name / job.pair.name


def _names(job, profile):
    """List what a chapter has written; the worked answers alone write nothing of their own."""
    folder = _written_folder(job, profile)
    if job.name.endswith(".solutions") or not folder.is_dir():
        return []
    return [path.relative_to(folder).as_posix() for path in files.files_below(folder)]


def _are_as(folder, known, digest):
    return all(files.is_as(folder / name, state, digest) for name, state in known.items())
