"""The `course` command: a thin layer over the package."""

import io
import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from course_utils import profiles, project
from course_utils.command import data as data_command
from course_utils.command import detect as detect_command
from course_utils.command import evaluate as evaluate_command
from course_utils.command import grade as grade_command
from course_utils.command import mask as mask_command
from course_utils.command import serve as serve_command
from course_utils.command import train as train_command
from course_utils.errors import CourseError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="From raw photographs to a face-mask classifier: run, check and read the course.",
)
app.add_typer(data_command.app, name="data")
app.command()(mask_command.mask)
app.command(cls=train_command.Train)(train_command.train)
app.command()(evaluate_command.evaluate)
app.command()(detect_command.detect)
app.command()(serve_command.serve)
app.command()(grade_command.grade)
console = Console()

Chapters = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NN]...", help="Chapter numbers; all when none is given."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=8,
        help="Chapters executed at once where none waits for another. Not given: 2 where processors"
        " and memory allow; 1 for `run --update`, whose figures show times.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


@app.command()
def doctor(as_json: Json = False):
    """Is this machine ready? Says what to do when it is not.

    Example: `course doctor`
    """
    from course_utils.command.doctor import examine

    reports = examine(project.root())
    if as_json:
        print(json.dumps([vars(report) for report in reports], indent=1))
    else:
        table = Table("", "what", "found", "remedy")
        for report in reports:
            table.add_row(
                "[green]✔[/]" if report.ok else "[red]✘[/]",
                report.what,
                escape(report.found),
                "" if report.ok else escape(report.remedy),
            )
        console.print(table)
    raise typer.Exit(0 if all(report.ok for report in reports) else 1)


@app.command()
def lab(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NN] [-- OPTION...]",
            help="The chapter to open; behind -- options for JupyterLab.",
        ),
    ] = None,
):
    """Open JupyterLab on the chapters.

    Example: `course lab 01 -- --port 9000 --no-browser`
    """
    from course_utils.command import lab as jupyterlab

    jupyterlab.start(project.root(), arguments or [])


@app.command()
def run(
    chapters: Chapters = None,
    profile: Annotated[
        str, typer.Option(help="sample: the embedded pictures; real: downloaded photographs.")
    ] = "sample",
    solutions: Annotated[
        bool, typer.Option("--solutions", help="With the worked answers in place of the exercises.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Write the outputs back beside the sources.")
    ] = False,
    jobs: Jobs = None,
):
    """Execute chapters in order, with all that they need; what nothing has changed is skipped.

    Example: `course run 00 01 --profile real`
    """
    from course_utils.command import runner, side_by_side

    jobs = jobs or (1 if update else side_by_side.usual_workers())
    runner.run(
        project.root(),
        chapters or (),
        profiles.get_profile(profile),
        solutions,
        update,
        console,
        jobs,
    )


@app.command()
def check(
    chapters: Chapters = None,
    static: Annotated[
        bool,
        typer.Option("--static", help="Only what takes no execution: a second instead of minutes."),
    ] = False,
    jobs: Jobs = None,
    as_json: Json = False,
):
    """Hold pairs, stored outputs, alt texts, links and metric bounds; re-execute and compare.

    Example: `course check 01`
    """
    from course_utils.command import checker, side_by_side

    jobs = jobs or side_by_side.usual_workers()
    with console.status(
        "checking ..." if static else "executing every chapter again and comparing its outputs ..."
    ):
        findings, compared = checker.check(project.root(), chapters or (), not static, jobs)
    if as_json:
        print(
            json.dumps(
                {"findings": [vars(finding) for finding in findings], **vars(compared)}, indent=1
            )
        )
    else:
        for finding in findings:
            console.print(
                f"[red]✘[/] [bold]{escape(finding.place)}[/] {escape(finding.problem)}",
                highlight=False,
                soft_wrap=True,
            )
        total = max(compared.compared + compared.ignored, 1)
        verb = "would be compared" if static else "compared"
        console.print(
            f"{compared.compared} code cells {verb}, {compared.ignored} told to be ignored"
            f" ({compared.ignored / total:.0%}); {len(findings)} findings",
            highlight=False,
        )
    raise typer.Exit(1 if findings else 0)


@app.command()
def progress(
    as_json: Json = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget what was passed, and begin anew.")
    ] = False,
):
    """Which exercises are passed? The record stays on this machine, in work/progress.json.

    Example: `course progress`
    """
    from course_utils.notebook import progress as record

    if reset:
        print(
            "Forgotten: every exercise is not attempted."
            if record.reset()
            else "There was nothing to forget."
        )
        return
    found = record.Progress(record.exercises(project.root()), record.read())
    if as_json:
        print(json.dumps(found.chapters, indent=1))
        return
    table = Table("chapter", "passed", "exercises")
    colors = {"passed": "green", "not yet": "red", "not attempted": "dim"}
    for name, listed in found.chapters.items():
        states = "  ".join(
            f"[{colors[state]}]{exercise} {record.MARKS[state]}[/]"
            for exercise, state in listed.items()
        )
        table.add_row(name, f"{list(listed.values()).count('passed')} of {len(listed)}", states)
    console.print(table)
    console.print(
        ", ".join(f"{mark} {state}" for state, mark in record.MARKS.items()) + f". {found}",
        highlight=False,
    )


@app.command()
def answers(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The older copy, or its chapters folder.")
    ],
):
    """Take your answers over from an older copy of the course, after an update.

    Example: `course answers ../face-masks-of-september`
    """
    from course_utils.command import answers as carried

    taken, lost = carried.bring(project.root(), folder)
    print(f"Taken: {', '.join(taken) or 'nothing'}. Run the cells again to see the verdicts.")
    if lost:
        print(f"No such exercise any more: {', '.join(lost)}. Your text is in {folder}.")


@app.command()
def handout(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new folder.")],
    outputs: Annotated[
        bool,
        typer.Option(
            "--outputs", help="Keep the notebooks' outputs; else students make them by running."
        ),
    ] = False,
    nbgrader: Annotated[
        bool,
        typer.Option(
            "--nbgrader", help="Make it a course of nbgrader, too: source/ and nbgrader_config.py."
        ),
    ] = False,
):
    """Copy the course for students.

    Without worked answers, and unless asked otherwise without outputs.

    Example: `course handout ../face-masks`
    """
    from course_utils.command import handout as copies

    with console.status("copying ..."):
        made = copies.write(project.root(), folder, outputs, nbgrader)
    console.print(
        f"Handed out in {made}: chapters {'with' if outputs else 'without'} outputs, no worked"
        " answers.",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def book(
    execute: Annotated[
        bool,
        typer.Option("--execute", help="Execute every chapter again first, and keep the outputs."),
    ] = False,
    without_solutions: Annotated[
        bool, typer.Option("--without-solutions", help="Leave out the worked answers.")
    ] = False,
    pdf: Annotated[
        bool,
        typer.Option(
            "--pdf",
            help=(
                "Print the book to one PDF file, with the Chromium, Chrome or Edge of this machine."
            ),
        ),
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the site on this machine until Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port for --serve.")] = 8000,
):
    """Build the Jupyter Book site from the stored outputs, unless nothing has changed.

    Example: `course book --serve`
    """
    from course_utils.command import book as site
    from course_utils.command import built

    root, answers = project.root(), not without_solutions
    server = site.open_server(site.site_folder(root, answers), port) if serve else None
    if execute:
        from course_utils.command import runner

        sample = profiles.get_profile("sample")
        runner.run(root, (), sample, update=True, console=console)
        runner.run(root, (), sample, solutions=True, update=True, console=console)
    for wanted, what, make in (
        (pdf, "printing", site.print_book),
        (serve or not pdf, "building", site.build),
    ):
        if wanted:
            started, made = time.perf_counter(), site.site_folder(root, answers)
            unchanged = make == site.build and built.is_built(root, made)
            if not unchanged:
                with console.status(f"{what} the book ..."):
                    made = make(root, answers)
            made = made / "index.html" if made.is_dir() else made
            done = "Unchanged" if unchanged else f"Built in {time.perf_counter() - started:.0f} s"
            console.print(f"{done}: {made.relative_to(root).as_posix()}", highlight=False)
    if server is not None:
        console.print(f"Serving at http://127.0.0.1:{port} until Ctrl-C", highlight=False)
        with server:
            server.serve_forever()


def main():
    """Run the command; a `CourseError` becomes one sentence and status 1."""
    for stream in (sys.stdout, sys.stderr):
        # A file's name may hold what the terminal has no letter for.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except CourseError as error:
        Console(stderr=True).print(
            f"[red]course:[/] {escape(str(error))}", highlight=False, soft_wrap=True
        )
        sys.exit(1)
    except KeyboardInterrupt:
        Console(stderr=True).print("course: stopped", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
