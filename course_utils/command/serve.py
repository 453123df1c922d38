"""`course serve`: put an exported model behind REST and gRPC."""

import json
import re
import signal
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from course_utils import files
from course_utils.errors import CourseError


def known_backend(name):
    """Refuse, as wrong usage, a backend that the course does not know."""
    from course_utils.serving.launcher import BACKENDS

    if name not in ("auto", *BACKENDS):
        raise typer.BadParameter(f"'{name}' is no backend: choose auto, {', '.join(BACKENDS)}.")
    return name


def read_labels(texts):
    """Turn ["stable=1"] into {"stable": 1}; anything else is wrong usage."""
    labels = {}
    for text in texts or ():
        name, _, number = text.partition("=")
        if not name.isprintable() or not name or not re.fullmatch("[0-9]{1,19}", number):
            raise typer.BadParameter(f"'{text}' is no label: write NAME=VERSION, such as canary=2.")
        labels[name] = int(number)
    return labels


def serve(
    model_dir: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL_DIR",
            help=(
                "The folder that holds the versions 1, 2, ... of a model, or a .keras file, which"
                " is exported first."
            ),
            show_default=False,
        ),
    ],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of gRPC.")] = 8500,
    rest_api_port: Annotated[int, typer.Option(min=1, max=65535, help="Of REST.")] = 8501,
    model_name: Annotated[
        str, typer.Option(help="What the model is called in addresses.")
    ] = "face-mask",
    backend: Annotated[
        str,
        typer.Option(
            help=(
                "auto: the first that is there of binary (tensorflow_model_server), docker and"
                " standin."
            ),
            callback=known_backend,
        ),
    ] = "auto",
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VERSION",
            help="Name a version; those named are served, and no others.",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=0, help="Merge requests to at most so many pictures; 0: don't.")
    ] = 0,
    batch_wait: Annotated[
        float,
        typer.Option(min=0, help="Milliseconds that a request waits for others to be merged with."),
    ] = 5,
    max_body_megabytes: Annotated[
        float, typer.Option(min=1, help="The stand-in's limit for a request, unpacked.")
    ] = 16,
    max_instances: Annotated[
        int, typer.Option(min=1, help="The stand-in's limit for pictures in a request.")
    ] = 64,
    max_megapixels: Annotated[
        float, typer.Option(min=1, help="The stand-in's limit for all pictures of a request.")
    ] = 24,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print addresses and backend as one line of JSON.")
    ] = False,
):
    """Serve a model over REST and gRPC on this machine until Ctrl-C.

    Example: `course serve work/sample/08_serving/face-mask --rest-api-port 8501`

    Then: `curl http://127.0.0.1:8501/v1/models/face-mask`

    A SavedModel is a program: loading it can run anything with your rights. Serve what you exported
    yourself; anything else only in a container without rights.
    """
    from course_utils.serving import launcher, preflight

    labels = read_labels(label)
    stop_by_signal()
    preflight.check(model_dir, model_name, port, rest_api_port)
    if model_dir.is_file() or model_dir.suffix == ".keras":
        model_dir = exported(model_dir)
    console = Console(stderr=as_json)
    backend = launcher.choose(backend)
    with console.status(f"starting {launcher.WORDS[backend]} ..."):
        server = launcher.start(
            model_dir,
            model_name,
            port,
            rest_api_port,
            backend,
            labels,
            (batch, batch_wait / 1000) if batch else None,
            limits={
                "max_body_megabytes": max_body_megabytes,
                "max_instances": max_instances,
                "max_megapixels": max_megapixels,
            },
        )
    with server:
        if as_json:
            print(
                json.dumps(
                    {
                        "backend": backend,
                        "model_name": model_name,
                        "grpc": server.grpc_address,
                        "rest": server.rest_address,
                    }
                ),
                flush=True,
            )
        console.print(
            f"Answering: {launcher.WORDS[backend]}\nREST:"
            f" {server.rest_address}/v1/models/{model_name}\ngRPC: {server.grpc_address}\nCtrl-C"
            " stops it.",
            highlight=False,
        )
        try:
            while server.process.poll() is None:
                time.sleep(0.2)
        except KeyboardInterrupt:
            console.print("Stopped.")
            return
        raise CourseError(f"The server has stopped by itself. Its last words: {server.log(3)}")


def stop_by_signal():
    """Let TERM and HUP end the command as Ctrl-C does: what it started and wrote goes with it."""

    def stop(number, _):
        raise SystemExit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)


def exported(path):
    """Export a .keras file beside itself, and return the model's folder.

    It becomes the next version, unless the newest one was exported from this very file.
    """
    from course_utils import models
    from course_utils.serving import export

    if not path.is_file():
        models.load(path)  # says what it is instead
    base, source = path.with_suffix(""), files.sha256(path)
    if not export.same(base, source):
        model, class_names = models.load(path)
        last = max((int(folder.name) for folder in export.versions(base)), default=0)
        export.export(model, base, last + 1, class_names, source)
    return base
