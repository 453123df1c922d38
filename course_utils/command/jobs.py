"""What there is to execute, and what its result depends on."""

import functools
import hashlib
import json
import time
from dataclasses import dataclass, replace

import nbformat

from course_utils import files, project
from course_utils.command import notebooks
from course_utils.errors import CourseError
from course_utils.notebook import progress, quizzes

SETTLED = 2_000_000_000
"""Nanoseconds since its last change after which a file's stamp tells of the next one: clocks of
file systems are coarse, so a file may change twice at one time."""


@dataclass(frozen=True)
class Job:
    """One notebook to execute.

    Attributes
    ----------
    name : str
        Also the file name of the executed notebook, without its suffix.
    notebook : NotebookNode
        Without outputs.
    pair : notebooks.Pair
        Where it comes from.
    fingerprint : str
        Changes with anything that may change the outputs, but for what earlier chapters made.
    wanted : bool
        Asked for; else a chapter that is asked for needs it.
    needs : tuple of str
        Numbers of the chapters whose files it reads.
    """

    name: str
    notebook: nbformat.NotebookNode
    pair: notebooks.Pair
    fingerprint: str
    wanted: bool = True
    needs: tuple = ()


def data_fingerprint(root, profile):
    """Return one hash of what chapters read below `data/` and of downloaded photographs."""
    paths = {
        path.relative_to(root).as_posix(): path
        for path in files.files_below(root / "data")
        if path.suffix != ".md" and not {"generator", "__pycache__"} & set(path.parts)
    }
    if profile.name != "sample":
        folder = project.work_dir() / "datasets" / profile.dataset
        for path in files.files_below(folder) if folder.is_dir() else ():
            paths[f"{profile.dataset}/{path.relative_to(folder).as_posix()}"] = path
    hashes = _hashes(paths, project.work_dir() / profile.name / "runs" / ".data.json")
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def _hashes(paths, cache):
    """Hash many files, each once: those that are as a cache knows them are not read again."""
    try:
        known = dict(json.loads(cache.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        known = {}
    found, settled = {}, time.time_ns() - SETTLED
    for name, path in paths.items():
        now, state = files.stamp(path), known.get(name)
        if state is None or state["stamp"] != now:
            state = files.state(path)
        found[name] = state
    keep = {name: one for name, one in found.items() if one and max(one["stamp"][1::2]) < settled}
    if keep != known:
        files.write_text(cache, json.dumps(keep))
    return {name: one and one["hash"] for name, one in found.items()}


def make_jobs(root, wanted, profile, solutions):
    """List the notebooks to execute, each with its fingerprint, and those that they need.

    The fingerprint covers the notebook's text, the files of the package that it depends on, its
    quiz, the lock, the profile and the data. What it reads of earlier chapters is known only when
    it has been run: see `records`.

    Parameters
    ----------
    root : pathlib.Path
    wanted : sequence of str
        Chapter numbers; all when empty.
    profile : course_utils.profiles.Profile
    solutions : bool
        Splice the worked answers into each chapter, and run the solutions after it.

    Returns
    -------
    list of Job
        In the order of the chapters.
    """
    lock = root / "requirements.lock"
    common = [
        profile.name,
        data_fingerprint(root, profile),
        files.sha256(lock) if lock.exists() else "",
    ]
    chosen = {pair.name for pair in notebooks.find_pairs(root, wanted=wanted)}
    answers = {pair.name: pair for pair in notebooks.find_pairs(root, "solutions")}
    chapters = {pair: notebooks.read_source(pair) for pair in notebooks.find_pairs(root)}
    headers = {
        pair.name: dict(chapter.metadata.get("course", {})) for pair, chapter in chapters.items()
    }
    required = _required(chosen, headers)
    jobs = []
    for pair, chapter in chapters.items():
        if pair.name not in required:
            continue
        needs = _numbers(headers[pair.name])
        quiz = quizzes.quiz_path(root, pair.name)
        before = common + ([files.sha256(quiz)] if quiz.exists() else [])
        if pair.number == "00":  # the welcome shows the map of all chapters and their exercises
            before.append(
                json.dumps([headers, progress.exercises(root)], sort_keys=True, default=str)
            )
        wanted = pair.name in chosen
        if not (solutions and wanted):
            mark = fingerprint(root, chapter, before)
            jobs.append(Job(pair.name, chapter, pair, mark, wanted, needs))
        elif exercise_tags(chapter) and pair.name not in answers:
            raise CourseError(
                f"Chapter {pair.name} has exercises and no worked answers: write"
                f" solutions/{pair.source.name}."
            )
        elif pair.name in answers:
            answer, worked = answers[pair.name], notebooks.read_source(answers[pair.name])
            spliced = splice(chapter, worked)
            for name, notebook, source in (
                (f"{pair.name}.spliced", spliced, pair),
                (f"{pair.name}.solutions", worked, answer),
            ):
                mark = fingerprint(root, notebook, before)
                jobs.append(Job(name, notebook, source, mark, needs=needs))
    return jobs


def make_again(root, job, profile):
    """Read a job's notebook anew and return the job with its present fingerprint."""
    solutions = job.name != job.pair.name
    jobs = make_jobs(root, [job.pair.name], profile, solutions)
    return replace(next(new for new in jobs if new.name == job.name), wanted=job.wanted)


def _required(chosen, headers):
    """Return the names of some chapters and of all that they need, directly or not."""
    required, waiting = set(chosen), list(chosen)
    while waiting:
        numbers = _numbers(headers[waiting.pop()])
        more = {name for name in headers if name[:2] in numbers} - required
        required |= more
        waiting.extend(more)
    return required


def _numbers(header):
    """Return the numbers of the chapters that a chapter's header names."""
    return tuple(str(number).zfill(2) for number in header.get("needs", []))


def fingerprint(root, notebook, others):
    """Hash a notebook, the files of the package that it depends on, and whatever else counts."""
    digest = hashlib.sha256("\n".join(others).encode())
    code = []
    for cell in notebook.cells:
        digest.update(f"{cell.cell_type}\0{cell.source}\0{notebooks.tags(cell)}\n".encode())
        if cell.cell_type == "code":
            code.append(cell.source)
    for path in notebooks.imported_files(code, root):
        name, stamp = path.relative_to(root).as_posix(), files.stamp(path)
        digest.update(f"{name} {_sha256(path, tuple(stamp or ()))}\n".encode())
    return digest.hexdigest()


@functools.cache
def _sha256(path, stamp):
    """Hash a file that several chapters depend on once, as long as its stamp is the same."""
    return files.sha256(path)


def exercise_tags(notebook):
    """Return the tags of a notebook's exercise cells in order."""
    return [
        tag
        for cell in notebook.cells
        for tag in notebooks.tags(cell)
        if tag.startswith("exercise-")
    ]


def splice(chapter, worked):
    """Put the worked answers in the place of the exercise cells of the same tag.

    Raises
    ------
    CourseError
        When a chapter's exercise has no answer.
    """
    answers = {
        tag: cell.source
        for cell in worked.cells
        for tag in notebooks.tags(cell)
        if tag.startswith("exercise-")
    }
    spliced = nbformat.from_dict(chapter)
    for cell in spliced.cells:
        for tag in notebooks.tags(cell):
            if tag.startswith("exercise-"):
                if tag not in answers:
                    raise CourseError(
                        f"The solutions hold no cell tagged {tag}: add one with the worked answer."
                    )
                cell["source"] = answers[tag]
    return spliced
