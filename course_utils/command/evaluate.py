"""`course evaluate`: what a trained network is worth on a folder of faces."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def face_size(text):
    """Turn "10:40" into (10, 40); anything else is wrong usage."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+):(\d+)", text)
    smallest, largest = map(int, match.groups()) if match else (0, 0)
    if not 1 <= smallest <= largest:
        raise typer.BadParameter(f"'{text}' is no range: write MIN:MAX in pixels, such as 10:40.")
    return smallest, largest


def evaluate(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="A .keras file of `course train`.", show_default=False
        ),
    ],
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="A folder with one sub-folder for each class, or with a faces.csv.",
            show_default=False,
        ),
    ],
    face_size: Annotated[
        str | None,
        typer.Option(
            metavar="MIN:MAX",
            help=(
                "Shrink each face to a random size in this range, in pixels, by averaging, and"
                " enlarge it again by bilinear before the network sees it."
            ),
            callback=face_size,
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help=(
                "Say with_mask from this probability on; two classes only. The likelier class when"
                " not given."
            ),
            show_default=False,
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            help=(
                "Only this part of the split (train, validation, test), where the folder tells; all"
                " of it when not given."
            ),
            show_default=False,
        ),
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a CSV with a row for each picture.", show_default=False
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Let --predictions replace a file of another kind."),
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the face sizes and of the interval's resampling.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
):
    """Compare a model's answers with the folders that the pictures lie in.

    Example: `course evaluate work/models/mobilenetv2/model.keras work/sample/02_mask_synthesis
    --part test`

    Needs nothing but the model's file. Every file of the class folders, or row of faces.csv, is
    read, or reported and left out.
    """
    from course_utils.evaluation import job

    report = job.evaluate(
        model, folder, face_size, threshold, part, seed, predictions, not as_json, force
    )
    for sentence in report.skipped:
        print(f"course: skipped: {sentence}", file=sys.stderr)
    if as_json:
        print(json.dumps(report.to_dict(), indent=2))
    else:
        print_report(report)


def print_report(report):
    """Print accuracy with its interval, and a row for each class, called as people see it."""
    from course_utils.data.class_names import WORDS

    words = {name: escape(WORDS.get(name, name)) for name in report.class_names}
    low, high = report.interval
    console = Console()
    console.print(
        f"accuracy {report.accuracy:.3f}, 95 % interval {low:.3f} to {high:.3f}:"
        f" {report.pictures:,} pictures in {report.groups:,} groups, {len(report.skipped):,}"
        " skipped\n",
        highlight=False,
        soft_wrap=True,
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("class", no_wrap=True)
    for heading in (
        "pictures",
        "recall",
        "precision",
        *(f"said {word}" for word in words.values()),
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, word in words.items():
        row = report.per_class.loc[name]
        table.add_row(
            word,
            f"{row.pictures:,.0f}",
            share(row.recall),
            share(row.precision),
            *(f"{count:,}" for count in report.confusion.loc[name]),
        )
    console.print(table)


def share(value):
    """Return a share with three digits, a dash where there is none."""
    return "-" if value != value else f"{value:.3f}"
