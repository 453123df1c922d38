"""`course data`: remote and own data sets."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from course_utils.data import registry

app = typer.Typer(
    no_args_is_help=True,
    help="Remote and own data sets: what there is, get it, check it, bring it in.",
)


def known(name):
    """Refuse, as wrong usage, a name that the registry does not have."""
    names = registry.load()
    if name not in names:
        raise typer.BadParameter(f"'{name}' is not a data set: choose one of {', '.join(names)}.")
    return name


Name = Annotated[
    str,
    typer.Argument(
        help="The data set, as `course data list` names it.", show_default=False, callback=known
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


@app.command("list")
def list_datasets(as_json: Json = False):
    """List the data sets that the course knows.

    Example: `course data list`
    """
    datasets = registry.load().values()
    if as_json:
        print_json([asdict(dataset) | {"present": dataset.present} for dataset in datasets])
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "what", "licence", "here"):
        table.add_column(heading, no_wrap=True)
    for dataset in datasets:
        table.add_row(
            dataset.name, dataset.title, dataset.licence, "yes" if dataset.present else "no"
        )
    Console().print(table)
    print("\nTerms, sources and how to get each: data/cards/README.md, or add --json.")


@app.command()
def fetch(
    name: Name,
    mirror: Annotated[
        str | None,
        typer.Option(
            envvar="COURSE_MIRROR",
            help="Instead of https://github.com: a folder with NAME/ in it, an archive, or a URL.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds without a byte before giving up.")
    ] = 30.0,
    as_json: Json = False,
):
    """Download a data set and check every file.

    Example: `course data fetch face-mask-detection`
    """
    from course_utils.data.fetch import fetch as fetch_dataset

    done = fetch_dataset(name, mirror, timeout)
    if as_json:
        print_json(asdict(done) | {"folder": str(done.folder)})
    elif done.already_there:
        print(f"{name} is already complete: {done.files:,} files in {done.folder}")
    else:
        print(
            f"{done.files:,} files checked, {done.faces:,} pictures described, {done.refused:,}"
            f" refused: {done.folder}"
        )


@app.command()
def verify(name: Name, as_json: Json = False):
    """Check every file of a data set against its SHA-256.

    Example: `course data verify face-mask-detection`
    """
    from course_utils.data.verify import verify as verify_dataset

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


@app.command()
def audit(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="A folder of pictures, or the name of a data set.")
    ],
    distance: Annotated[
        int, typer.Option(min=0, max=64, help="Bits by which near duplicates may differ, of 64.")
    ] = 4,
    as_json: Json = False,
):
    """Count classes, unreadable pictures, duplicates, near duplicates and sizes.

    Example: `course data audit work/datasets/face-mask-detection`
    """
    from course_utils.data.audit import audit as audit_folder

    dataset = registry.load().get(folder)
    found = audit_folder(
        dataset.folder if dataset and not Path(folder).is_dir() else folder, distance
    )
    if as_json:
        print_json(found.to_dict())
    else:
        print_audit(found)


def print_audit(found):
    """Print what an audit found, for people."""
    from course_utils.data.audit import PERCENTILES

    table = Table(box=None, pad_edge=False)
    table.add_column("class")
    for heading in ("pictures", *(f"{percent} %" for percent in PERCENTILES)):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, sides in found.shorter_side.items():
        table.add_row(escape(name), f"{found.classes[name]:,}", *(f"{side:,}" for side in sides))
    console = Console()
    console.print(table)
    print("(the last columns: shorter side in pixels, percentiles)\n")
    print(
        "formats           "
        f" {', '.join(f'{suffix} {count:,}' for suffix, count in found.formats.items())}"
    )
    others = ", ".join(f"{ending} {count:,}" for ending, count in found.others.items()) or "none"
    print(f"no pictures        {others}")
    print(f"hidden             {found.hidden:,}")
    for sentence in found.skipped_rows[:10]:
        print(f"  {sentence}")
    print(f"unreadable         {len(found.unreadable):,}")
    for bad in found.unreadable[:10]:
        print(f"  {bad['picture']}: {bad['reason']}")
    print(
        f"exact duplicates   {len(found.exact_duplicates):,} groups, {found.extra_copies:,} extra"
        " copies"
    )
    print(
        f"near duplicates    {len(found.near_duplicates):,} groups,"
        f" {sum(map(len, found.near_duplicates)):,} pictures"
    )
    print(f"across classes     {len(found.across_classes):,} groups")
    for group in found.across_classes[:10]:
        print(f"  {', '.join(group)}")


@app.command("import")
def import_command(
    name: Name,
    source: Annotated[
        Path, typer.Argument(help="The folder or archive that you obtained.", show_default=False)
    ],
    as_json: Json = False,
):
    """Bring a data set that you obtained, or own pictures, into the common layout.

    Example: `course data import kaggle-853 ~/Downloads/archive.zip`

    Every file is read or named in report.csv with the reason. An annotation belongs to the picture
    of its name in the same folder, or in the images folder beside its annotations or labels folder;
    where that leaves a choice, its <filename> decides, and else both are refused.
    """
    from course_utils.data.importers import import_dataset

    done = import_dataset(name, source)
    if as_json:
        print_json(asdict(done))
        return
    faces = ", ".join(f"{count:,} {label}" for label, count in done.faces.items())
    print(f"{faces}; {done.refused:,} refused, {done.changed:,} changed: {done.folder}")
    files = done.files
    print(
        f"Of {sum(files.values()) - files['hidden']:,} files {files['pictures']:,} pictures and"
        f" {files['descriptions']:,} annotations or tables were read, {files['refused']:,} refused;"
        f" {files['hidden']:,} hidden ones are left alone."
    )
    if done.refused or done.changed:
        print(f"Each by name and reason: {done.folder / 'report.csv'}")


def print_json(answer):
    """Print an answer for a program."""
    print(json.dumps(answer, indent=2, default=str))
