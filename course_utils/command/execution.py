"""Execute chapters and worked answers again, and compare every stored output.

With nbval, a process for each chapter: those that need nothing of each other run at once.
"""

import functools
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import nbformat

from course_utils import files, profiles, project
from course_utils.command import minutes, notebooks
from course_utils.command.chapter_run import KERNEL_START, quiet_environment, why_no_kernel
from course_utils.command.findings import Finding, place
from course_utils.command.jobs import make_jobs
from course_utils.command.side_by_side import work_side_by_side
from course_utils.errors import CourseError

CELL_TIMEOUT = 900  # seconds
NOT_COMPARED = (  # as nbval does with pictures: one pixel is another on the next processor
    '[video]\nregex: data:video/mp4;base64,[^"]*\nreplace: a video\n'
)
COLOR = re.compile(r"(?:\x1b|#x1B)\[[0-9;]*m")  # in XML, pytest writes the escape character as text


def check_by_execution(pairs, root, workers=1):
    """Execute the notebooks again with nbval and compare every stored output.

    The worked answers are tried at each chapter's end.

    Parameters
    ----------
    pairs : list of notebooks.Pair
    root : pathlib.Path
    workers : int
        Chapters at once, as far as none waits for another's files.

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
    numbers = sorted({pair.number for pair in pairs})
    wanted = make_jobs(root, numbers, profiles.get_profile("sample"), solutions=False)
    work = functools.partial(compare_with_nbval, pairs, root, folder)
    jobs, reports = [job for job in wanted if job.wanted], {}
    for job, report in work_side_by_side(ThreadPoolExecutor(workers), work, jobs, workers):
        if report is not None:
            reports[job.name] = report
    findings, seconds = [], dict.fromkeys(pairs, 0.0)
    for case in (
        case
        for name in sorted(reports)
        for case in ElementTree.fromstring(reports[name]).iter("testcase")
    ):
        seconds[notebook_of(case, pairs)] = seconds.get(notebook_of(case, pairs), 0.0) + float(
            case.get("time", 0)
        )
        for failure in [*case.iter("failure"), *case.iter("error")]:
            finding = explain(failure.text or failure.get("message", ""), case, pairs, root)
            if finding not in findings:  # a kernel that did not begin fails every cell
                findings.append(finding)
    return findings + [
        finding
        for pair in pairs
        if pair.source.parent.name == "chapters"
        for finding in check_minutes(pair, root, seconds[pair] / 60)
    ]


def compare_with_nbval(pairs, root, folder, job):
    """Execute a chapter and its worked answers with nbval; return its report as XML.

    Parameters
    ----------
    pairs : list of notebooks.Pair
        Those of other chapters are left out.
    root, folder : pathlib.Path
        The course, and where copies and reports go.
    job : jobs.Job
        The chapter.

    Returns
    -------
    str

    Raises
    ------
    CourseError
        When pytest itself could not run.
    """
    report = folder / f"{job.pair.name}.xml"
    report.unlink(missing_ok=True)
    chosen = [pair for pair in pairs if pair.number == job.pair.number]
    copies = [with_worked_answers(pair, root, folder) for pair in chosen]
    not_compared = folder / f"{job.pair.name}.ini"
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
        f"--nbval-kernel-startup-timeout={KERNEL_START}",
        f"--junitxml={report}",
        f"--nbval-sanitize-with={not_compared}",
        *map(str, copies),
    ]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, encoding="utf-8", errors="replace"
    )
    if not report.exists() or done.returncode not in (0, 1):
        raise CourseError(f"nbval could not run: {(done.stdout + done.stderr).strip()[-600:]}")
    return report.read_text(encoding="utf-8")


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


def explain(text, case, pairs, root):
    """Return what failed, and where: in a cell, or before the first one."""
    pair, why = notebook_of(case, pairs), why_no_kernel(text)
    if pair is not None and why:
        return Finding(pair.notebook.relative_to(root).as_posix(), f"did not begin: {why}")
    return Finding(name_cell(case, pairs, root), explain_failure(text))


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
