"""`course detect`: find faces, say whether masks are worn, and tell somebody."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from course_utils.errors import CourseError, readable

SHOWN = 20  # rows and people printed


def known_detector(name):
    """Refuse, as wrong usage, a detector that the course does not have."""
    from course_utils.detection import detectors

    if name not in detectors.NAMES:
        raise typer.BadParameter(
            f"'{name}' is no face detector: choose one of {', '.join(detectors.NAMES)}."
        )
    return name


def known_table(name):
    """Refuse a kind of table that can't be written."""
    if name not in ("csv", "jsonl"):
        raise typer.BadParameter(f"'{name}' is neither csv nor jsonl.")
    return name


def detect(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help=(
                "A picture, a folder, a video file, a moving GIF, a camera's number (0 is the"
                " first), or an address: rtsp://... or http://..."
            ),
            show_default=False,
        ),
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=(
                "A .keras file of `course train`, with two or four classes. Without it the network"
                " of the finished program is asked."
            ),
            show_default=False,
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help=(
                "Ask a served model instead, as `course serve` prints its address:"
                " http://HOST:8501/v1/models/NAME for REST, HOST:8500 or grpc://HOST:8500/NAME for"
                " gRPC. NAME is face-mask when left out."
            ),
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="OUT",
            help=(
                "Write the annotated picture, folder or video here, and a table with a row a face"
                " beside it. A name that ends in .csv or .jsonl: the table alone. Nothing is stored"
                " without. A file of an earlier run is replaced, any other needs --force."
            ),
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace files that no earlier run wrote. An input never is."),
    ] = False,
    table: Annotated[
        str, typer.Option(help="Format of the table: csv or jsonl.", callback=known_table)
    ] = "csv",
    show: Annotated[
        bool,
        typer.Option(
            "--show",
            help=(
                "Open a window; where there is no display, a page of this computer. A picture stays"
                " until the window is closed, or Ctrl-C."
            ),
        ),
    ] = False,
    blur_faces: Annotated[
        bool,
        typer.Option(
            "--blur-faces",
            help=(
                "Paint over the faces that were found, in what is shown and written; nothing of"
                " them is kept. A face that is missed stays visible."
            ),
        ),
    ] = False,
    detector: Annotated[
        str, typer.Option(help="blazeface, hog, mmod or mtcnn.", callback=known_detector)
    ] = "blazeface",
    min_face: Annotated[
        int,
        typer.Option(min=8, help="Smallest face in pixels; halving it costs four times the time."),
    ] = 16,
    every: Annotated[
        int,
        typer.Option(
            min=1,
            help="Look for faces in every Nth frame only; between, boxes move on as they did.",
        ),
    ] = 1,
    max_fps: Annotated[
        float | None,
        typer.Option(min=0.1, help="Work on at most so many frames a second.", show_default=False),
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(min=0, max=1, help="Probability of a mask at which the two answers meet."),
    ] = 0.5,
    band: Annotated[
        float,
        typer.Option(
            min=0, max=0.5, help="Within this distance of the threshold the answer is 'not sure'."
        ),
    ] = 0.15,
    alert_after: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Alert when somebody stays without a mask so long: once a person.",
            show_default=False,
        ),
    ] = None,
    alert_command: Annotated[
        str | None,
        typer.Option(
            metavar="CMD",
            help=(
                "Run this program, without a shell. {track}, {time}, {seconds}, {label},"
                " {probability}, {frame} and {source} are replaced; in the script of sh -c they"
                " become quoted variables. The environment variable COURSE_ALERT holds the alert as"
                " JSON, COURSE_ALERT_SOURCE, COURSE_ALERT_TRACK and so on its values."
            ),
            show_default=False,
        ),
    ] = None,
    alert_webhook: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="POST the alert as JSON to this address.", show_default=False
        ),
    ] = None,
    give_up: Annotated[
        float,
        typer.Option(
            min=0, metavar="SECONDS", help="Stop when a camera that vanished stays away so long."
        ),
    ] = 300.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
):
    """Find every face, say whether a mask is worn properly, and mark it.

    SOURCE is a picture, a folder, a video or a camera's stream.

    Example: `course detect data/sample/videos/walk.mp4 -o work/walk.mp4`

    With a network of your own: `course detect 0 --model work/mine/model.keras --show`

    With a served model: `course detect 0 --server http://127.0.0.1:8501/v1/models/face-mask --show`

    Of a folder every picture is read or named with the reason; files that are no pictures are
    counted. Ctrl-C ends a video or a camera with playable files. The status is 1 when something
    could not be read or written, when a file was not worked through, and when no alert got through;
    faces are personal data, and nothing is stored without -o. Passwords in addresses are never
    shown.
    """
    if model is not None and server is not None:
        raise typer.BadParameter("give one model: either --model FILE or --server ADDRESS.")
    if (alert_after is None) != (alert_command is None and alert_webhook is None):
        raise typer.BadParameter(
            "--alert-after goes with --alert-command or --alert-webhook, and these with it."
        )
    from course_utils.detection import job

    report = job.run(
        job.Order(
            source=source,
            model=model and str(model),
            server=server,
            out=out and str(out),
            table=table,
            force=force,
            show=show,
            blur=blur_faces,
            detector=detector,
            min_face=min_face,
            every=every,
            max_fps=max_fps,
            threshold=threshold,
            band=band,
            alert_after=alert_after,
            alert_command=alert_command,
            alert_webhook=alert_webhook,
            give_up=give_up,
        ),
        lambda sentence: print(f"course: {sentence}", file=sys.stderr, flush=True),
        not as_json,
    )
    if as_json:
        print(json.dumps(as_dict(report), indent=2))
    else:
        print_report(report)
    for problem in report.problems:
        print(f"course: {problem.rstrip('.')}.", file=sys.stderr)
    if report.stopped and not source.isdigit() and "://" not in source:
        kept = (
            f"; what was done is kept in {' and '.join(report.written)}" if report.written else ""
        )
        raise CourseError(f"Stopped by Ctrl-C after {report.frames:,} frames{kept}.")
    if report.problems:
        raise typer.Exit(1)


def as_dict(report):
    """Return a report as JSON can hold it; faces of pictures, people of videos."""
    rate = report.frames / report.seconds if report.seconds else None
    return {
        "frames": report.frames,
        "faces": report.faces,
        "labels": dict(report.labels),
        "rows": report.rows,
        "people": [{"track": number} | known for number, known in report.people.items()],
        "alerts": report.alerts,
        "alerts_failed": report.alerts_failed,
        "problems": [readable(problem) for problem in report.problems],
        "other_files": report.others,
        "written": [readable(path) for path in report.written],
        "stopped": report.stopped,
        "frames_per_second": rate and round(rate, 1),
    }


def print_report(report):
    """Print how many faces were found and what was said of them."""
    from course_utils.detection.labels import WORDS

    console, table = Console(), Table(box=None, pad_edge=False)
    if report.people:
        lines = [
            (f"{number}", f"{known['first']:.1f}", f"{known['last']:.1f}", WORDS[known["label"]])
            for number, known in report.people.items()
        ]
        headings = ("person", "from (s)", "to (s)", "last label")
    else:
        lines = [
            (
                row["picture"],
                f"{row['x_min']}, {row['y_min']}, {row['x_max']}, {row['y_max']}",
                WORDS[row["label"]],
                f"{row['probability']:.2f}",
            )
            for row in report.rows
        ]
        headings = ("picture", "box (pixels)", "label", "probability")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    for line in lines[:SHOWN]:
        table.add_row(*map(escape, line))
    if lines:
        console.print(table)
        console.print(
            f"and {len(lines) - SHOWN:,} more\n" if len(lines) > SHOWN else "", highlight=False
        )
    counts = (
        ", ".join(f"{WORDS[label]} {count:,}" for label, count in report.labels.most_common())
        or "no face"
    )
    rate = f", {report.frames / report.seconds:.1f} a second" if report.seconds else ""
    console.print(
        f"{report.frames:,} frame{'s' * (report.frames != 1)}{rate}: {counts}",
        highlight=False,
        soft_wrap=True,
    )
    if report.others is not None:
        console.print(
            f"unreadable: {len(report.problems):,}, no pictures: {report.others:,}", highlight=False
        )
    if report.alerts or report.alerts_failed:
        console.print(
            f"alerts sent: {report.alerts:,}, failed: {report.alerts_failed:,}", highlight=False
        )
    for path in report.written:
        console.print(f"written: {escape(path)}", highlight=False, soft_wrap=True)
