"""`course data`: remote and own data sets."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.console import Console
from rich.table import Table

from course_utils.data import registry
from course_utils.data.fetch import fetch as fetch_dataset
from course_utils.data.verify import verify as verify_dataset

app = typer.Typer(no_args_is_help=True, help="Remote and own data sets: what there is, get it, check it, bring it in.")

Name = Annotated[str, typer.Argument(help="The data set, as `course data list` names it.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


@app.command("list")
def list_datasets(as_json: Json = False):
    """List the data sets that the course knows.

    Example: course data list
    """
    datasets = registry.load().values()
    if as_json:
        print_json([asdict(dataset) | {"present": dataset.present} for dataset in datasets])
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "what", "licence", "here"):
        table.add_column(heading, no_wrap=True)
    for dataset in datasets:
        table.add_row(dataset.name, dataset.title, dataset.licence, "yes" if dataset.present else "no")
    Console().print(table)
    print("\nTerms, sources and how to get each: data/cards/README.md, or add --json.")


@app.command()
def fetch(
    name: Name,
    mirror: Annotated[
        Optional[str],
        typer.Option(
            envvar="COURSE_MIRROR",
            help="Instead of https://github.com: a folder with NAME/ in it, an archive, or a URL.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds without a byte before giving up.")] = 30.0,
    as_json: Json = False,
):
    """Download a data set and check every file.

    Example: course data fetch face-mask-detection
    """
    done = fetch_dataset(name, mirror, timeout)
    if as_json:
        print_json(asdict(done) | {"folder": str(done.folder)})
    elif done.already_there:
        print(f"{name} is already complete: {done.files:,} files in {done.folder}")
    else:
        print(f"{done.files:,} files checked, {done.faces:,} pictures described, {done.refused:,} refused: {done.folder}")


@app.command()
def verify(name: Name, as_json: Json = False):
    """Check every file of a data set against its SHA-256.

    Example: course data verify face-mask-detection
    """
    comparison = verify_dataset(registry.find(name))
    if as_json:
        print_json(asdict(comparison) | {"exact": comparison.exact})
    else:
        for kind in ("missing", "different", "extra"):
            for path in getattr(comparison, kind):
                print(f"{kind:>9}  {path}")
        print(comparison.sentence(name))
    if not comparison.exact:
        raise typer.Exit(1)


def print_json(answer):
    print(json.dumps(answer, indent=2, ensure_ascii=False, default=str))
