"""What `course check` holds.

Pairs, the form of cells, stored outputs, alt texts, links, re-execution, worked answers, minutes
and metric bounds.

Every finding names the place and the remedy. The static checks take a second;
the re-execution with nbval takes as long as the chapters do.
"""

import json
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import nbformat

from course_utils import files, profiles, project
from course_utils.command import cells, minutes, notebooks
from course_utils.command.runner import import_from, quiet_environment, working_in
from course_utils.errors import CourseError

MARKDOWN_IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<target>[^)\s]+)[^)]*\)")
HTML_IMAGE = re.compile(r"<img\b(?P<attributes>[^>]*)>", re.IGNORECASE)
ALT_ATTRIBUTE = re.compile(r"\balt\s*=\s*([\"'])\s*\S.*?\1", re.IGNORECASE | re.DOTALL)
MARKDOWN_LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)")
DIRECTIVE = re.compile(
    r"^(?P<fence>:{3,}|`{3,})\{(?:image|figure)\}\s*(?P<target>\S+)(?P<body>.*?)^(?P=fence)",
    re.MULTILINE | re.DOTALL,
)
CELL_TIMEOUT = 900  # seconds
NOT_COMPARED = (  # as nbval does with pictures: one pixel is another on the next processor
    '[video]\nregex: data:video/mp4;base64,[^"]*\nreplace: a video\n'
)
COLOR = re.compile(r"(?:\x1b|#x1B)\[[0-9;]*m")  # in XML, pytest writes the escape character as text


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Attributes
    ----------
    place : str
        File, and the cell or line where there is one.
    problem : str
        What is wrong and what mends it.
    """

    place: str
    problem: str


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


def place(pair_path, number, root):
    """Name a cell in a finding."""
    return f"{pair_path.relative_to(root).as_posix()}, cell {number}"


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


def check_by_execution(pairs, root):
    """Execute the notebooks again with nbval and compare every stored output.

    The worked answers are tried at each chapter's end.

    Parameters
    ----------
    pairs : list of notebooks.Pair
    root : pathlib.Path

    Returns
    -------
    list of Finding

    Raises
    ------
    CourseError
        When pytest itself could not run.
    """
    quiet_environment()
    folder = project.work_dir() / "check"
    report = folder / "nbval.xml"
    report.unlink(missing_ok=True)
    copies = [with_worked_answers(pair, root, folder) for pair in pairs]
    not_compared = folder / "not_compared.ini"
    files.write_text(not_compared, NOT_COMPARED)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null" if sys.platform != "win32" else "NUL",
        f"--rootdir={root}",
        f"--nbval-cell-timeout={CELL_TIMEOUT}",
        f"--junitxml={report}",
        f"--nbval-sanitize-with={not_compared}",
        *map(str, copies),
    ]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, encoding="utf-8", errors="replace"
    )
    if not report.exists() or done.returncode not in (0, 1):
        raise CourseError(f"nbval could not run: {(done.stdout + done.stderr).strip()[-600:]}")
    findings, seconds = [], dict.fromkeys(pairs, 0.0)
    for case in ElementTree.parse(report).iter("testcase"):
        seconds[notebook_of(case, pairs)] = seconds.get(notebook_of(case, pairs), 0.0) + float(
            case.get("time", 0)
        )
        for failure in [*case.iter("failure"), *case.iter("error")]:
            findings.append(
                Finding(
                    name_cell(case, pairs, root),
                    explain_failure(failure.text or failure.get("message", "")),
                )
            )
    return findings + [
        finding
        for pair in pairs
        if pair.source.parent.name == "chapters"
        for finding in check_minutes(pair, root, seconds[pair] / 60)
    ]


def check_minutes(pair, root, running):
    """Hold a header's minutes to reading at the stated speed and the measured run (minutes)."""
    stated, taken = minutes.chapter_minutes(pair, root, running)
    if minutes.are_true(stated, taken):
        return []
    return [
        Finding(
            pair.source.relative_to(root).as_posix(),
            f"says {stated} minutes in its header and takes about {taken:.0f}, {running:.1f} of"
            " them to run: correct `minutes` there and in its first cell.",
        )
    ]


def notebook_of(case, pairs):
    """Return the pair that a test case of nbval belongs to, or None."""
    return next(
        (
            pair
            for pair in pairs
            if f"{pair.source.parent.name}.{pair.name}"
            in case.get("classname", "").replace("/", ".")
        ),
        None,
    )


def with_worked_answers(pair, root, folder):
    """Write a copy of a notebook to execute.

    A chapter's exercises are done at its end, each with its check, which must pass.

    Parameters
    ----------
    pair : notebooks.Pair
    root, folder : pathlib.Path
        The course, and where the copy goes.

    Returns
    -------
    pathlib.Path
    """
    notebook = notebooks.read_notebook(pair.notebook)
    answers = root / "solutions" / pair.source.name
    if pair.source.parent.name == "chapters" and answers.exists():
        worked = {
            tag: cell.source
            for cell in notebooks.read_source(notebooks.Pair(answers)).cells
            for tag in notebooks.tags(cell)
        }
        for tag, check_cell in checks_of_exercises(notebook).items():
            verdict = (
                # chapters use IPython's own name for it, _, in loops
                f"verdict_ = get_ipython().run_cell({check_cell!r}).result\n"
                f'assert str(verdict_).startswith("✔"), f"the worked answer of {tag} gets:'
                ' {str(verdict_)[:300]}"'
            )
            notebook.cells += [
                nbformat.v4.new_code_cell(source) for source in (worked.get(tag, ""), verdict)
            ]
    copy = folder / pair.source.parent.name / pair.notebook.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    notebooks.write_notebook(notebook, copy)
    return copy


def checks_of_exercises(notebook):
    """Return the source of the cell that checks each tagged exercise.

    The first after it whose stored output is its verdict.
    """
    found, waiting = {}, []
    for cell in notebook.cells:
        waiting += [tag for tag in notebooks.tags(cell) if tag.startswith("exercise-")]
        texts = [output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", [])]
        for tag in [
            tag
            for tag in waiting
            if any(f"Exercise {tag.removeprefix('exercise-')}:" in text for text in texts)
        ]:
            found[tag] = cell.source
            waiting.remove(tag)
    return found


def name_cell(case, pairs, root):
    """Turn nbval's "ipynb.Cell 3" (code cells from 0) into a file and a number among all cells.

    Behind the chapter's own cells stand the worked answers.
    """
    chapter = notebook_of(case, pairs)
    match = re.search(r"Cell (\d+)", case.get("name", ""))
    if chapter is None or match is None:
        return f"{case.get('classname')} {case.get('name')}"
    code = [
        number
        for number, cell in enumerate(notebooks.read_notebook(chapter.notebook).cells, start=1)
        if cell.cell_type == "code"
    ]
    number = int(match[1])
    return (
        place(chapter.notebook, code[number], root)
        if number < len(code)
        else f"solutions/{chapter.source.name}"
    )


def explain_failure(text):
    """Shorten nbval's report to the difference itself, or to the verdict on a worked answer."""
    refused = re.search(r"AssertionError: (the worked answer of .*)", COLOR.sub("", text))
    if refused:
        return f"does not pass its check: {refused[1]}"
    lines = [line for line in COLOR.sub("", text).splitlines() if line.strip()]
    start = next(
        (
            number
            for number, line in enumerate(lines)
            if "mismatch" in line
            or "disagrees" in line
            or "Traceback" in line
            or "Unexpected output" in line
            or "Missing output" in line
        ),
        0,
    )
    shown = "\n".join(f"    {line[:160]}" for line in lines[start : start + 14])
    return f"gives another output than the stored one:\n{shown}"


def check(root, wanted=(), execute=True):
    """Run all checks.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.
    wanted : sequence of str
        Chapter numbers; all when empty.
    execute : bool
        Re-execute with nbval, and hold the metrics of that run against their bounds.

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
            findings += check_by_execution(there, root)
            findings += check_metrics(root, chapters)
    return findings, count_cells(there)
