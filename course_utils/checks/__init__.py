"""Answers to exercises: passed, not yet (with a hint) or not attempted.

Each chapter's checks stand in a module of their own; this one holds what they
share: the verdict and how a notebook shows it.
"""

from dataclasses import dataclass, replace

from markdown_it import MarkdownIt

from course_utils.checks import stale
from course_utils.notebook import progress
from course_utils.notebook.progress import MARKS

COLORS = {"passed": "#00664b", "not yet": "#a03c00", "not attempted": "#4d4d4d"}
MARKDOWN = MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True)
class Verdict:
    """What a check says of an answer.

    Attributes
    ----------
    exercise : str
        "N-K": exercise K of chapter N.
    state : str
        "passed", "not yet" or "not attempted".
    hint : str
        For "not yet": where to look, without the answer. *Emphasis* and
        `code` are marked as in Markdown.
    """

    exercise: str
    state: str
    hint: str = ""

    def __str__(self):
        return f"{MARKS[self.state]} Exercise {self.exercise}: {self.state}" + (
            f". {self.hint}" if self.hint else ""
        )

    __repr__ = __str__

    def _repr_html_(self):
        return (
            f'<div style="border-left: 4px solid {COLORS[self.state]}; padding: 0.3em 0.8em">'
            f"<b>{MARKS[self.state]} Exercise {self.exercise}: {self.state}</b>"
            f"{'<br>' if self.hint else ''}{MARKDOWN.renderInline(self.hint)}</div>"
        )


def passed(exercise, praise=""):
    """The answer is right; `praise` may say what it shows."""
    return _given(Verdict(exercise, "passed", praise))


def not_yet(exercise, hint):
    """The answer is not right; `hint` says where to look without giving the answer."""
    return _given(Verdict(exercise, "not yet", hint))


def not_attempted(exercise):
    """The cell is still as it was shipped."""
    return _given(Verdict(exercise, "not attempted"))


def _given(verdict):
    progress.note(verdict.exercise, verdict.state)
    warning = stale.warning()
    return replace(verdict, hint=f"{verdict.hint} {warning}".strip()) if warning else verdict
