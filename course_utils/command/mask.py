"""`course mask`: draw masks on a picture or a folder tree."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from course_utils.errors import CourseError

SHOWN = 10  # problems named in full


def mask(
    src: Annotated[
        Path,
        typer.Argument(
            help="A picture, or a folder with pictures in it or below it.", show_default=False
        ),
    ],
    dst: Annotated[
        Path,
        typer.Argument(
            help="The folder for the masked pictures and masks.csv.", show_default=False
        ),
    ],
    type: Annotated[
        str,
        typer.Option(
            help=(
                "A mask type, the path of your own TOML file, `random` (for each face one of those"
                " that people wear) or `all` (an output for each type)."
            )
        ),
    ] = "surgical",
    color: Annotated[
        str | None,
        typer.Option(help="e54294 or a CSS name; else the type's own.", show_default=False),
    ] = None,
    color_weight: Annotated[
        float, typer.Option(min=0, max=1, help="How much of --color is seen.")
    ] = 1.0,
    pattern: Annotated[
        str | None,
        typer.Option(help="A pattern's name or the path of a picture.", show_default=False),
    ] = None,
    pattern_weight: Annotated[
        float, typer.Option(min=0, max=1, help="How much of --pattern is seen.")
    ] = 1.0,
    code: Annotated[
        str | None,
        typer.Option(
            help="Formats to choose from for each face: 'cloth-#e54294, cloth-dots, N95'.",
            show_default=False,
        ),
    ] = None,
    wear: Annotated[
        str,
        typer.Option(
            help=(
                "proper, under-nose, nose-only, under-chin, or mix:3,1,1,1 with the shares of these"
                " four; `mix` alone is the same."
            )
        ),
    ] = "proper",
    position: Annotated[
        float, typer.Option(min=-1, max=1, help="Move the mask up (negative) or down.")
    ] = 0.0,
    keep_original: Annotated[
        bool,
        typer.Option(
            "--keep-original", help="Also copy each masked picture as it was, as NAME_original."
        ),
    ] = False,
    crop: Annotated[
        bool, typer.Option("--crop", help="Each picture is one face and nothing else.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Use the workers of a Dask cluster: tcp://HOST:PORT.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="All that is random follows from it.")] = 0,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Remove what an earlier run wrote to DST, and start from the beginning."
        ),
    ] = False,
    landmarks_out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the 68 landmarks of each face to a CSV file.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
):
    """Draw masks on every face of a picture or a folder tree.

    DST/masks.csv accounts for each face.

    Example: `course mask data/sample/faces work/masked --code "surgical_blue, cloth-dots, N95"
    --wear mix --workers 2`

    Pictures are found by name and by content, through links to folders too; those of a kind that is
    not read, such as HEIC, have their row. A killed run goes on where it was when it is started
    again. Only DST/masks.csv tells what could not be masked: a picture without a face, or a face
    that a mask would not fit, is no failure. The status is 1 when a picture could not be read or
    written, and 2 when an option is wrong.
    """
    from course_utils.masks.choice import MaskOptions
    from course_utils.masks.job import run

    try:
        options = MaskOptions(
            type=type,
            color=color,
            color_weight=color_weight,
            pattern=pattern,
            pattern_weight=pattern_weight,
            code=code,
            wear=wear,
            position=position,
            seed=seed,
            crop=crop,
            keep_original=keep_original,
        )
    except CourseError as error:
        raise typer.BadParameter(str(error)) from error
    report = run(src, dst, options, workers, not as_json, scheduler, again, landmarks_out)
    table = dst / "masks.csv"
    if as_json:
        print(
            json.dumps(
                {
                    "pictures": report.pictures,
                    "kept": report.kept,
                    "other_files": report.others,
                    "faces": report.counts,
                    "refused": report.refusals,
                    "problems": report.problems,
                    "pictures_per_second": report.rate and round(report.rate, 1),
                    "table": str(table),
                },
                indent=2,
            )
        )
    else:
        print_summary(report, table)
    for problem in report.problems[:SHOWN]:
        print(f"course: {problem}.", file=sys.stderr)
    if report.problems:
        more = len(report.problems) - SHOWN
        print(
            f"course: {f'and {more:,} more; ' if more > 0 else ''}mend, shrink or remove these"
            " files, then run the command again.",
            file=sys.stderr,
        )
        raise typer.Exit(1)


def print_summary(report, path):
    """Print how many faces were masked and where the table is."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right")
    lines = {"pictures": report.pictures}
    if report.kept:
        lines["  done by an earlier run"] = report.kept
    lines["masks drawn"] = report.counts["masked"]
    lines["masks refused"] = report.counts["refused"]
    lines |= {f"  {reason}": count for reason, count in report.refusals.items()}
    lines |= {
        "pictures without a face": report.counts["no face"],
        "pictures unreadable": report.counts["unreadable"],
    }
    if report.others:
        lines["files that are no pictures"] = report.others
    if report.counts["failed"]:
        lines["pictures failed"] = report.counts["failed"]
    for what, count in lines.items():
        table.add_row(escape(what), f"{count:,}")
    if report.rate:
        table.add_row("pictures per second", f"{report.rate:.1f}")
    console = Console()
    console.print(table)
    console.print(
        f"\nEvery face and every picture: {escape(str(path))}", highlight=False, soft_wrap=True
    )
