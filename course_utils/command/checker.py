"""What `course check` holds.

Pairs, the form of cells, stored outputs, alt texts, links, re-execution, worked answers, minutes
and metric bounds.

Every finding names the place and the remedy. The static checks take a second;
the re-execution with nbval takes as long as the chapters do.
"""

import json
import re
import tomllib
from dataclasses import dataclass

from course_utils import profiles, project
from course_utils.command import cells, notebooks
from course_utils.command.chapter_run import import_from
from course_utils.command.execution import check_by_execution
from course_utils.command.findings import Finding, place
from course_utils.command.runner import working_in

MARKDOWN_IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<target>[^)\s]+)[^)]*\)")
HTML_IMAGE = re.compile(r"<img\b(?P<attributes>[^>]*)>", re.IGNORECASE)
ALT_ATTRIBUTE = re.compile(r"\balt\s*=\s*([\"'])\s*\S.*?\1", re.IGNORECASE | re.DOTALL)
MARKDOWN_LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)")
DIRECTIVE = re.compile(
    r"^(?P<fence>:{3,}|`{3,})\{(?:image|figure)\}\s*(?P<target>\S+)(?P<body>.*?)^(?P=fence)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Compared:
    """How many code cells a re-execution compared with their stored outputs.

    Attributes
    ----------
    compared, ignored : int
        `ignored` cells ran, but were told not to be compared.
    """

    compared: int
    ignored: int


def check_pair(pair, root):
    """Compare the cells of the script and of the notebook, one by one."""
    update = f"run `course run {pair.number} --update`"
    if pair.source.parent.name == "solutions":
        update = f"run `course run {pair.number} --solutions --update`"
    if not pair.notebook.exists():
        return [Finding(pair.notebook.relative_to(root).as_posix(), f"is missing: {update}.")]
    source, stored = notebooks.read_source(pair), notebooks.read_notebook(pair.notebook)
    for number, (ours, theirs) in enumerate(zip(source.cells, stored.cells, strict=False), start=1):
        if (ours.cell_type, ours.source, notebooks.tags(ours)) != (
            theirs.cell_type,
            theirs.source,
            notebooks.tags(theirs),
        ):
            return [
                Finding(
                    place(pair.source, number, root),
                    f"differs from the same cell of {pair.notebook.name}: {update}.",
                )
            ]
    if len(source.cells) != len(stored.cells):
        number = min(len(source.cells), len(stored.cells)) + 1
        longer, shorter = (
            (pair.source, pair.notebook)
            if len(source.cells) > len(stored.cells)
            else (pair.notebook, pair.source)
        )
        return [Finding(place(longer, number, root), f"is not in {shorter.name}: {update}.")]
    if notebooks.saved_form(pair) != pair.source.read_text(encoding="utf-8"):
        return [
            Finding(
                pair.source.relative_to(root).as_posix(),
                f"is not in the form in which JupyterLab saves it: {update}.",
            )
        ]
    return []


def check_stored_outputs(pair, root):
    """Find code cells that were never executed, errors, and notebooks without any output."""
    cells = [
        (number, cell)
        for number, cell in enumerate(notebooks.read_notebook(pair.notebook).cells, start=1)
        if cell.cell_type == "code" and cell.source.strip()
    ]
    findings = []
    if cells and not any(cell.outputs for _, cell in cells):
        findings.append(
            Finding(
                pair.notebook.relative_to(root).as_posix(),
                "holds no stored outputs, so a comparison would test nothing: `course run --update`"
                " stores them.",
            )
        )
    for number, cell in cells:
        if cell.execution_count is None:
            findings.append(
                Finding(
                    place(pair.notebook, number, root),
                    "was not executed: `course run --update` stores its output.",
                )
            )
        if any(output.output_type == "error" for output in cell.outputs):
            findings.append(
                Finding(
                    place(pair.notebook, number, root),
                    "holds a stored error: mend the cell and run again.",
                )
            )
    return findings


def check_alt_texts(pair, root):
    """Find images without a text for readers who can't see them, in outputs and in prose."""
    findings = []
    for number, cell in enumerate(notebooks.read_notebook(pair.notebook).cells, start=1):
        if cell.cell_type == "markdown":
            findings += [
                Finding(place(pair.notebook, number, root), problem)
                for problem in images_without_alt(cell.source)
            ]
        for output in cell.get("outputs", []):
            for kind, content in output.get("data", {}).items():
                if (
                    kind.startswith("image/")
                    and not output.metadata.get(kind, {}).get("alt", "").strip()
                ):
                    findings.append(
                        Finding(
                            place(pair.notebook, number, root),
                            "shows a figure without alt text: show it with"
                            " course_utils.figures.show(figure, alt).",
                        )
                    )
                elif kind == "text/html":
                    findings += [
                        Finding(place(pair.notebook, number, root), problem)
                        for problem in images_without_alt(content)
                    ]
    return findings


def images_without_alt(text):
    """Return a sentence for each image in Markdown or HTML that lacks an alt text."""
    lacking = [
        match["target"] for match in MARKDOWN_IMAGE.finditer(text) if not match["alt"].strip()
    ]
    lacking += [
        match["attributes"].strip()
        for match in HTML_IMAGE.finditer(text)
        if not ALT_ATTRIBUTE.search(match["attributes"])
    ]
    lacking += [
        match["target"] for match in DIRECTIVE.finditer(text) if ":alt:" not in match["body"]
    ]
    return [
        f"shows an image without alt text ({target[:60]}): say in words what it shows."
        for target in lacking
    ]


def check_links(path, text, root):
    """Find links to files of the course that do not exist. Addresses elsewhere are left alone."""
    findings = []
    targets = [
        match["target"]
        for pattern in (MARKDOWN_LINK, MARKDOWN_IMAGE)
        for match in pattern.finditer(text)
    ]
    for target in targets:
        file = target.split("#")[0]
        if (
            file
            and not re.match(r"[a-z][a-z0-9+.-]*:|attachment:", file, re.IGNORECASE)
            and not (path.parent / file).exists()
        ):
            findings.append(
                Finding(
                    path.relative_to(root).as_posix(),
                    f"links to {target}, which does not exist: mend the link.",
                )
            )
    return findings


def check_page(path, root):
    """Check links and alt texts of a Markdown page."""
    text = path.read_text(encoding="utf-8")
    where = path.relative_to(root).as_posix()
    return [Finding(where, problem) for problem in images_without_alt(text)] + check_links(
        path, text, root
    )


def check_metrics(root, chapters):
    """Hold each chapter's recorded metrics against `tests/metric_bounds.toml`.

    The file has a table a chapter; each metric has `min` and `max`, and
    `why` says where the bounds come from.
    """
    bounds_path = root / "tests" / "metric_bounds.toml"
    bounds = tomllib.loads(bounds_path.read_text(encoding="utf-8")) if bounds_path.exists() else {}
    findings = []
    for chapter in chapters:
        path = project.work_dir() / "sample" / chapter.name / "metrics.json"
        try:
            metrics = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            metrics = {}
        except ValueError:
            findings.append(Finding(str(path), f"is no JSON: run `course run {chapter.number}`."))
            continue
        for name, bound in bounds.get(chapter.name, {}).items():
            where = f"{chapter.name}, metric {name}"
            if name not in metrics:
                findings.append(
                    Finding(
                        where,
                        f"has a bound but was not recorded: run `course run {chapter.number}`.",
                    )
                )
            elif (
                not bound.get("min", float("-inf"))
                <= metrics[name]
                <= bound.get("max", float("inf"))
            ):
                findings.append(
                    Finding(
                        where,
                        f"is {metrics[name]}, outside of {bound.get('min', '-∞')} to"
                        f" {bound.get('max', '∞')} (tests/metric_bounds.toml): find out what"
                        " changed the result.",
                    )
                )
    return findings


def count_cells(pairs):
    """Count the code cells that nbval compares and those it is told to ignore."""
    cells = [
        cell
        for pair in pairs
        for cell in notebooks.read_notebook(pair.notebook).cells
        if cell.cell_type == "code"
    ]
    ignored = sum(notebooks.is_ignored(cell) for cell in cells)
    return Compared(len(cells) - ignored, ignored)


def check(root, wanted=(), execute=True, workers=1):
    """Run all checks.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.
    wanted : sequence of str
        Chapter numbers; all when empty.
    execute : bool
        Re-execute with nbval, and hold the metrics of that run against their bounds.
    workers : int
        Chapters that are executed at once.

    Returns
    -------
    findings : list of Finding
    compared : Compared
    """
    chapters = notebooks.find_pairs(root, wanted=wanted)
    names = {chapter.name for chapter in chapters}
    pairs = chapters + [
        pair for pair in notebooks.find_pairs(root, "solutions") if pair.name in names
    ]
    findings = []
    for pair in pairs:
        found = check_pair(pair, root)
        if pair.notebook.exists():
            found += check_stored_outputs(pair, root) + check_alt_texts(pair, root)
            for cell in notebooks.read_notebook(pair.notebook).cells:
                found += (
                    check_links(pair.notebook, cell.source, root)
                    if cell.cell_type == "markdown"
                    else []
                )
        findings += found
    if not wanted:
        pages = [
            *root.glob("*.md"),
            *(root / "book").glob("*.md"),
            *(root / "data").glob("**/*.md"),
        ]
        findings += [finding for page in sorted(pages) for finding in check_page(page, root)]
    for chapter in chapters:
        findings += [
            Finding(place(chapter.source, number, root) if number else cells.EXCEPTIONS, sentence)
            for number, sentence in cells.check_cells(chapter, root)
        ]
    there = [pair for pair in pairs if pair.notebook.exists()]
    if execute and there:
        import_from(root)
        with working_in(profiles.get_profile("sample")):
            findings += check_by_execution(there, root, workers)
            findings += check_metrics(root, chapters)
    return findings, count_cells(there)
