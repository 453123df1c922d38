"""What there is to execute, and what its result depends on."""

import hashlib
import json
from dataclasses import dataclass

import nbformat

from course_utils import files, project
from course_utils.command import notebooks
from course_utils.errors import CourseError
from course_utils.notebook import progress, quizzes


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
        Changes with anything that may change the outputs.
    """

    name: str
    notebook: nbformat.NotebookNode
    pair: notebooks.Pair
    fingerprint: str


def data_fingerprint(root, profile):
    """Return one hash of what chapters read below `data/` and of downloaded photographs."""
    digest = hashlib.sha256()
    for path in files.files_below(root / "data"):
        if path.suffix != ".md" and not {"generator", "__pycache__"} & set(path.parts):
            digest.update(f"{path.relative_to(root).as_posix()} {files.sha256(path)}\n".encode())
    if profile.name != "sample":
        folder = project.work_dir() / "datasets" / profile.dataset
        for path in files.files_below(folder) if folder.is_dir() else ():
            state = path.stat()
            digest.update(
                (
                    f"{path.relative_to(folder).as_posix()} {state.st_size} {state.st_mtime_ns}\n"
                ).encode()
            )
    return digest.hexdigest()


def make_jobs(root, wanted, profile, solutions):
    """List the notebooks to execute, each with its fingerprint.

    The fingerprint covers the notebook's text, the modules of the package
    that it imports, its quiz, the lock, the profile, the data, and the fingerprints of
    the chapters it says it needs, so a change travels to all that depends on it.

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
    """
    lock = root / "requirements.lock"
    common = [
        profile.name,
        data_fingerprint(root, profile),
        files.sha256(lock) if lock.exists() else "",
    ]
    chosen = {pair.name for pair in notebooks.find_pairs(root, wanted=wanted)}
    answers = {pair.name: pair for pair in notebooks.find_pairs(root, "solutions")}
    prints, jobs = {}, []
    chapters = {pair: notebooks.read_source(pair) for pair in notebooks.find_pairs(root)}
    headers = {
        pair.name: dict(chapter.metadata.get("course", {})) for pair, chapter in chapters.items()
    }
    for pair, chapter in chapters.items():
        needs = [str(number).zfill(2) for number in headers[pair.name].get("needs", [])]
        quiz = quizzes.quiz_path(root, pair.name)
        before = (
            common
            + [prints.get(number, "") for number in needs]
            + ([files.sha256(quiz)] if quiz.exists() else [])
        )
        if pair.number == "00":  # the welcome shows the map of all chapters and their exercises
            before.append(
                json.dumps([headers, progress.exercises(root)], sort_keys=True, default=str)
            )
        prints[pair.number] = fingerprint(root, [chapter], before)
        if pair.name not in chosen:
            continue
        if not solutions:
            jobs.append(Job(pair.name, chapter, pair, prints[pair.number]))
        elif exercise_tags(chapter) and pair.name not in answers:
            raise CourseError(
                f"Chapter {pair.name} has exercises and no worked answers: write"
                f" solutions/{pair.source.name}."
            )
        elif pair.name in answers:
            worked = notebooks.read_source(answers[pair.name])
            spliced = splice(chapter, worked)
            jobs.append(
                Job(f"{pair.name}.spliced", spliced, pair, fingerprint(root, [spliced], before))
            )
            jobs.append(
                Job(
                    f"{pair.name}.solutions",
                    worked,
                    answers[pair.name],
                    fingerprint(root, [worked], [*before, prints[pair.number]]),
                )
            )
    return jobs


def fingerprint(root, texts, others):
    """Hash notebooks, the modules they import and whatever else counts."""
    digest = hashlib.sha256("\n".join(others).encode())
    code = []
    for notebook in texts:
        for cell in notebook.cells:
            digest.update(f"{cell.cell_type}\0{cell.source}\0{notebooks.tags(cell)}\n".encode())
            if cell.cell_type == "code":
                code.append(cell.source)
    for module in notebooks.imported_modules(code, root):
        for path in sorted(
            module.parent.glob(f"{module.stem}.*")
        ):  # a widget's script stands beside its module
            digest.update(path.read_bytes())
    return digest.hexdigest()


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
