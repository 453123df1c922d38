"""What the site's pages get from the chapters while it is built.

Maps, timetables, worked answers and links to papers.

A Sphinx extension. Nothing here is typed twice: minutes come from the headers of the chapters,
answers from `solutions/`, and a paper that a chapter names ("He et al., 2015") becomes a link to
its entry in `book/references.bib`.
"""

import functools
import html
import json
import re
from pathlib import Path

from docutils import nodes
from pybtex.database import parse_string
from sphinx.util.docutils import SphinxDirective

from course_utils.command import notebooks
from course_utils.notebook import chapter_map

LINK_TO_GUIDE = re.compile(r"\[([^\]]+)\]\((?:[./\w]*/)?instructors\.md(?:#[^)\s]*)?\)")
"""A link to the page that the site without answers leaves out, too."""


class ChapterMap(SphinxDirective):
    """A table of all chapters: what for, minutes, what must have been run before."""

    def run(self):
        chapters = chapter_map.read_chapters(Path(self.env.srcdir))
        self.env.note_dependency(chapter_map.__file__)
        made = table(
            self,
            ["chapter", "title", "afterwards you can", "minutes", "exercises", "needs"],
            map_rows(chapters, self.env.found_docs),
        )
        for node in made:
            node["classes"].append("chapter-map")  # the style sheet folds it on a telephone
        return made


class Timetable(SphinxDirective):
    """A table of sessions.

    Each line is `session | chapters | exercises`, exercises being numbers, `all` or nothing.
    """

    has_content = True

    def run(self):
        chapters = chapter_map.read_chapters(Path(self.env.srcdir))
        try:
            return table(
                self,
                ["session", "chapters", "exercises", "read and run", "practise", "minutes"],
                timetable_rows(list(self.content), chapters),
            )
        except ValueError as problem:
            raise self.error(str(problem)) from problem


def table(directive, head, rows):
    """Return the nodes of a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return directive.parse_text_to_nodes("\n".join(f"| {' | '.join(cells)} |" for cells in lines))


def map_rows(chapters, pages):
    """Return the cells of the chapter map; a chapter is linked when `pages` holds its page."""
    rows = []
    for chapter in chapters:
        page = f"chapters/{chapter.slug}"
        title = f"[{chapter.title}](../{page}.ipynb)" if page in pages else chapter.title
        exercises = (
            f"{len(chapter.exercises)} in {sum(chapter.exercises.values())} min"
            if chapter.exercises
            else ""
        )
        rows.append(
            [
                chapter.number,
                title,
                chapter.afterwards,
                str(chapter.minutes or "to come"),
                exercises,
                ", ".join(chapter.needs) or "nothing",
            ]
        )
    return rows


def timetable_rows(lines, chapters):
    """Return the cells of a timetable with the minutes added up.

    Parameters
    ----------
    lines : list of str
        `session | chapters | exercises`.
    chapters : list of chapter_map.Chapter

    Raises
    ------
    ValueError
        When a line names a chapter or an exercise that does not exist.
    """
    by_number = {chapter.number: chapter for chapter in chapters}
    rows, total = [], [0, 0]
    for line in filter(str.strip, lines):
        session, numbers, wanted = (part.strip() for part in line.split("|"))
        missing = [number for number in numbers.split() if number not in by_number]
        if missing:
            raise ValueError(f"{session}: there is no chapter {missing[0]}")
        taught = [by_number[number] for number in numbers.split()]
        there = {
            number: minutes for chapter in taught for number, minutes in chapter.exercises.items()
        }
        chosen = list(there) if wanted == "all" else wanted.split()
        unknown = [
            number
            for number in chosen
            if number not in there
            and any(
                chapter.minutes
                for chapter in taught
                if int(chapter.number) == int(number.split("-")[0])
            )
        ]
        if unknown or (chosen and not taught):
            raise ValueError(
                f"{session}: there is no exercise {(unknown or chosen)[0]} in chapter {numbers}"
            )
        reading = sum(chapter.minutes or 0 for chapter in taught)
        practice = sum(there.get(number, 0) for number in chosen)
        total = [total[0] + reading, total[1] + practice]
        rows.append(
            [
                session,
                numbers,
                "all" if wanted == "all" else ", ".join(chosen),
                str(reading),
                str(practice),
                str(reading + practice),
            ]
        )
    return [
        *rows,
        ["**together**", "", "", f"**{total[0]}**", f"**{total[1]}**", f"**{sum(total)}**"],
    ]


def with_answers(chapter, solutions, page):
    """Put each worked answer behind a toggle, below the check of its exercise.

    Parameters
    ----------
    chapter, solutions : dict
        Notebooks as JSON; neither is changed.
    page : str
        Where the chapter finds the page of its worked answers.

    Returns
    -------
    dict
        The chapter with one Markdown cell more for each answer.
    """
    answers = {}
    for position, cell in enumerate(solutions["cells"]):
        for tag in exercise_tags(cell):
            answers[tag] = (prose_before(solutions["cells"], position), text_of(cell))
    cells, waiting = [], None
    for cell in chapter["cells"]:
        cells.append(cell)
        if cell["cell_type"] == "code" and waiting:
            cells.append(
                {
                    "cell_type": "markdown",
                    "metadata": {},
                    "id": f"answer-{waiting}",
                    "source": toggle(waiting, *answers[waiting], page),
                }
            )
            waiting = None
        else:
            waiting = next((tag for tag in exercise_tags(cell) if tag in answers), waiting)
    return {**chapter, "cells": cells}


def exercise_tags(cell):
    """Return the tags of a cell that name exercises."""
    return [tag for tag in cell.get("metadata", {}).get("tags", []) if tag.startswith("exercise-")]


def text_of(cell):
    """Return the text of a cell as it is stored."""
    return "".join(cell["source"])


def prose_before(cells, position):
    """Return the Markdown between the last heading or code cell and the cell at `position`.

    The heading is left out.
    """
    parts = []
    for cell in reversed(cells[:position]):
        if cell["cell_type"] != "markdown":
            break
        parts.insert(0, text_of(cell))
    prose = "\n\n".join(parts)
    return re.split(r"^#+ .*\n", prose, flags=re.MULTILINE)[-1].strip()


def toggle(tag, prose, code, page):
    """Return a folded worked answer: its prose and its code."""
    number = tag.removeprefix("exercise-")
    return (
        "::::{dropdown} A worked answer to exercise"
        f" {number}\n{prose}\n\n```python\n{code.strip()}\n```\n\n[What else there is to say about"
        f" it]({page})\n::::\n"
    )


def names_of_papers(path):
    """Map how a chapter names a paper, such as "King, 2015", to its key.

    A name that several papers share is left out.
    """
    return dict(_names_in(Path(path).read_text(encoding="utf-8")))


@functools.lru_cache(1)
def _names_in(text):
    keys = {}
    for key, entry in parse_string(text, bib_format="bibtex").entries.items():
        authors = [
            " ".join([*person.prelast_names, *person.last_names]).replace("{", "").replace("}", "")
            for person in entry.persons["author"]
        ]
        short = (
            authors[0]
            if len(authors) == 1
            else " and ".join(authors)
            if len(authors) == 2
            else f"{authors[0]} et al."
        )
        for separator in (", ", " "):
            keys.setdefault(f"{short}{separator}{entry.fields['year']}", []).append(key)
    return {name: found[0] for name, found in keys.items() if len(found) == 1}


def with_citations(notebook, keys):
    """Turn each paper that the prose names into a citation; code and formulas stay."""
    if not keys:
        return notebook
    names = "|".join(re.escape(name) for name in sorted(keys, key=len, reverse=True))
    pattern = re.compile(rf"(?<!\[)(?:{names})")  # a name that is a link already keeps its address
    cells = [
        (
            {
                **cell,
                "source": pattern.sub(
                    lambda match: f"{{cite:alp}}`{keys[match[0]]}`", text_of(cell)
                ),
            }
            if cell["cell_type"] == "markdown"
            else cell
        )
        for cell in notebook["cells"]
    ]
    return {**notebook, "cells": cells}


def on_source_read(app, docname, source):
    """Add to a notebook's page what only the site shows."""
    folder, _, name = docname.partition("/")
    if not app.config.course_answers:
        source[0] = LINK_TO_GUIDE.sub(r"\1", source[0])
    if folder not in ("chapters", "solutions"):
        return
    notebook = json.loads(source[0])
    solutions = Path(app.srcdir) / "solutions" / f"{name}.ipynb"
    if folder == "chapters" and app.config.course_answers and solutions.exists():
        app.env.note_dependency(str(solutions))
        notebook = with_answers(
            notebook, notebooks.read_notebook(solutions), f"../solutions/{solutions.name}"
        )
    references = Path(app.srcdir) / "book" / "references.bib"
    if references.exists():
        notebook = with_citations(notebook, names_of_papers(references))
    source[0] = json.dumps(notebook)


def on_doctree_resolved(app, doctree, docname):
    """Tell screen readers that the bold words of the glossary are Vietnamese."""
    if docname == "book/glossary":
        for node in list(doctree.findall(nodes.strong)):
            node.replace_self(
                nodes.raw(
                    "", f'<strong lang="vi">{html.escape(node.astext())}</strong>', format="html"
                )
            )


def on_page_context(app, pagename, templatename, context, doctree):
    """Leave out what other extensions add to every page and this site can't use."""
    # Thebe would run cells on a server elsewhere; Jupyter Book adds its scripts even when it is
    # switched off.
    context["script_files"] = [
        script
        for script in context["script_files"]
        if "thebe" not in f"{script.filename} {script.attributes.get('body', '')}".lower()
    ]
    lead_to_colab(pagename, context.get("header_buttons", []))
    # docutils calls a bibliography a list whose entries are no items of a list.
    context["body"] = (
        context.get("body", "").replace(' role="list"', "").replace(' role="doc-biblioentry"', "")
    )


def lead_to_colab(pagename, header_buttons):
    """Let a chapter's Colab button open the copy that begins with a cell for Colab.

    The copies lie on the branch `colab`, where `.github/workflows/pages.yml` puts them; there are
    none of worked answers, which lose their button.

    Parameters
    ----------
    pagename : str
    header_buttons : list of dict
        As the theme made them; changed in place.
    """
    for group in header_buttons:
        for button in list(group.get("buttons", [])):
            if button.get("text") == "Colab":
                if pagename.startswith("chapters/"):
                    button["url"] = button["url"].replace("/blob/main/", "/blob/colab/")
                else:
                    group["buttons"].remove(button)


def setup(app):
    """Add the directives of the book to Sphinx, which calls this function."""
    app.add_config_value("course_answers", True, "env")
    app.add_directive("chapter-map", ChapterMap)
    app.add_directive("timetable", Timetable)
    app.connect("source-read", on_source_read)
    app.connect("doctree-resolved", on_doctree_resolved)
    app.connect("html-page-context", on_page_context, priority=900)
    return {"parallel_read_safe": True, "version": "1"}
