"""Questions to test oneself with at the end of a chapter.

The questions of a chapter are data: `chapters/quizzes/NN_slug.json`, in the
form of the package `jupyterquiz`, whose scripts show them. Where no script
may run (paper, an editor, a notebook that is not trusted yet) the same
questions are there to be opened answer by answer.
"""

import html
import json
from importlib import resources
from pathlib import Path

from IPython.display import display

from course_utils import project
from course_utils.errors import CourseError

SCRIPTS = (
    "helpers",
    "multiple_choice",
    "show_questions",
)  # of jupyterquiz: those of questions with answers to choose from


def read(name):
    """Read the questions of a chapter.

    Parameters
    ----------
    name : str
        "NN_slug", as in `chapters/NN_slug.py`.

    Returns
    -------
    list of dict
        One a question: `question`, and `answers`, each with `answer`, `correct` and `feedback`.
        Texts are HTML.

    Raises
    ------
    CourseError
        When there are none, or the file is no JSON.
    """
    path = quiz_path(project.root(), name)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CourseError(
            f"There is no quiz {path.name} in chapters/quizzes/: name a chapter that has one."
        ) from error
    except ValueError as error:
        raise CourseError(f"{path} is no JSON ({error}): correct it there.") from error


def quiz_path(root, name):
    """Return where the questions of a chapter stand."""
    return Path(root) / "chapters" / "quizzes" / f"{name}.json"


def show(name):
    """Show the questions of a chapter; the output is the same at every run.

    Parameters
    ----------
    name : str
        "NN_slug".

    Raises
    ------
    CourseError
        As `read`.
    """
    questions = read(name)
    display({"text/html": as_html(questions), "text/plain": as_text(questions)}, raw=True)


def as_html(questions):
    """Return the questions as a page's part that needs nothing from elsewhere.

    Parameters
    ----------
    questions : list of dict
        As `read` returns them.

    Returns
    -------
    str
        Questions whose answers open to their feedback, and the script that puts jupyterquiz in
        their place.
    """
    here = Path(__file__)
    scripts = resources.files("jupyterquiz").joinpath("js")
    jupyterquiz = "\n".join(
        scripts.joinpath(f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS
    )
    data = json.dumps(questions, ensure_ascii=False).replace("</", "<\\/")
    script = (
        here.with_suffix(".js")
        .read_text(encoding="utf-8")
        .replace("/* jupyterquiz */", jupyterquiz)
        .replace("/* questions */", data)
    )
    style = here.with_suffix(".css").read_text(encoding="utf-8")
    # JupyterLab would take the arrow keys, which move between answers, for its own.
    return (
        f'<style>{style}</style>\n<div class="course-quiz"'
        ' data-lm-suppress-shortcuts="true">\n'
        f"{_folded(questions)}\n</div>\n<script>{script}</script>"
    )


def _folded(questions):
    """Return the questions as HTML that works without a script."""
    parts = []
    for question in questions:
        answers = "\n".join(
            f"<details><summary>{answer['answer']}</summary><p>{'✔' if answer['correct'] else '✘'}"
            f" {answer['feedback']}</p></details>"
            for answer in question["answers"]
        )
        parts.append(f"<p><strong>{question['question']}</strong></p>\n{answers}")
    return "\n".join(parts)


def as_text(questions):
    """Return questions and answers as plain text, without saying which is right."""
    lines = []
    for number, question in enumerate(questions, start=1):
        lines.append(f"{number}. {_plain(question['question'])}")
        lines += [
            f"   {letter}) {_plain(answer['answer'])}"
            for letter, answer in zip("abcdef", question["answers"])
        ]
    return "\n".join(lines)


def _plain(text):
    for tag in ("em", "code"):
        text = text.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    return html.unescape(text)
