"""`course train`: train a network on a folder of faces."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from course_utils import project
from course_utils.command.evaluate import face_size
from course_utils.errors import CourseError

ORIGINAL = "10:40"
"""The sizes of faces that the original project trained with."""


def known_arch(name):
    """Refuse, as wrong usage, a network that the course does not have."""
    from course_utils import models

    if name not in models.NAMES:
        raise typer.BadParameter(
            f"'{name}' is no network: choose one of {', '.join(models.NAMES)}."
        )
    return name


def known_policy(name):
    """Refuse, as wrong usage, an augmentation policy that the course does not have."""
    from course_utils import augmentation

    if name not in augmentation.POLICIES:
        raise typer.BadParameter(
            f"'{name}' is no policy: choose one of {', '.join(augmentation.POLICIES)}."
        )
    return name


class Train(typer.core.TyperCommand):
    """`--small-faces` may stand alone.

    Typer itself has no options with a value that can be left out.
    """

    def parse_args(self, context, words):
        alone = [
            word == "--small-faces" and (not following or following.startswith("-"))
            for word, following in zip(words, [*words[1:], ""])
        ]
        return super().parse_args(
            context, [f"{word}={ORIGINAL}" if bare else word for word, bare in zip(words, alone)]
        )


def small_face_size(text):
    """Turn "10:40" into (10, 40) and "none" into ()."""
    return () if text == "none" else face_size(text)


def two_or_four(classes):
    """Refuse another number of classes."""
    if classes not in (None, 2, 4):
        raise typer.BadParameter(f"{classes} is not 2 or 4.")
    return classes


def train(
    data: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help=(
                "A folder with one sub-folder for each class (with_mask, without_mask; or four), or"
                " with a faces.csv."
            ),
            show_default=False,
        ),
    ],
    arch: Annotated[
        str, typer.Option(help="resnet34, resnet50 or mobilenetv2.", callback=known_arch)
    ] = "mobilenetv2",
    size: Annotated[
        int | None,
        typer.Option(
            help=(
                "Side of the network's picture in pixels, 32 or more; when not given 128 on a"
                " trained base, 96 from random numbers."
            ),
            show_default=False,
        ),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(
            help=(
                "Width of mobilenetv2; when not given 1.0 on a trained base, 0.35 from random"
                " numbers."
            ),
            show_default=False,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help=(
                "Of gradient descent, at most. On a trained base, whose head needs none, they tune"
                " its last blocks in small steps (0 when not given); from random numbers they train"
                " everything (30 when not given)."
            ),
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=2, help="Pictures a step, of all workers together.")
    ] = 32,
    augment: Annotated[
        str, typer.Option(help="none, light or full: see chapter 03.", callback=known_policy)
    ] = "light",
    small_faces: Annotated[
        str | None,
        typer.Option(
            metavar="[MIN:MAX]",
            help=(
                f"Shrink training faces to a random size in this range of pixels ({ORIGINAL} when"
                " none is given) by averaging, and enlarge them again by bilinear: see chapter 06."
                " On a trained base every face is learned whole and shrunk, with this option or"
                " without, and cut by a shaken box as well where it has a box; `none` leaves the"
                " small ones out."
            ),
            callback=small_face_size,
            show_default=False,
        ),
    ] = None,
    weights: Annotated[
        str,
        typer.Option(
            help=(
                "What the backbone starts from: imagenet (which the environment brings for"
                " mobilenetv2 of width 1; others come from the cache or the network, random numbers"
                " when they can't be had), none, or a file."
            )
        ),
    ] = "imagenet",
    classes: Annotated[
        int | None,
        typer.Option(
            help=(
                "2: with_mask against all others. 4: four sub-folders, or the ways of wearing in"
                " faces.csv. As many as there are when not given."
            ),
            callback=two_or_four,
            show_default=False,
        ),
    ] = None,
    validation: Annotated[
        float,
        typer.Option(
            min=0.01,
            max=0.5,
            help="Share held back to choose the best epoch, where the folder has no validation/.",
        ),
    ] = 0.15,
    seed: Annotated[int, typer.Option(min=0, help="All that is random follows from it.")] = 0,
    learning_rate: Annotated[float, typer.Option(help="The highest of the schedule.")] = 0.001,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help=(
                "Gets model.keras, history.csv and training.json; work/models/ARCH when not given."
            ),
            show_default=False,
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Replace the model that is there.")
    ] = False,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            help=(
                "Processes on this machine; for several machines set TF_CONFIG and start the"
                " command on each."
            ),
        ),
    ] = 1,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print training.json for a program in place of sentences."),
    ] = False,
):
    """Train a network and keep it, with the names of its classes, in one file.

    Example: `course train --data work/sample/02_mask_synthesis`

    As it stands this makes the best network that the course knows: a head on a MobileNetV2 that
    ImageNet trained, for whole and for small faces, in minutes.

    From random numbers: `course train --arch resnet34 --weights none --data
    work/sample/02_mask_synthesis --epochs 20 --small-faces`

    Class names of other sets, such as WithMask and no_mask, are understood; names that `course
    detect` would not know are refused. Ctrl-C keeps the best model so far. The same command with
    the same seed gives the same weights on one machine.
    """
    from course_utils.training import cluster, job

    out = out or project.work_dir() / "models" / arch
    order = job.Order(
        arch=arch,
        data=str(data),
        out=str(out),
        size=size,
        alpha=alpha,
        epochs=epochs,
        batch=batch,
        augment=augment,
        small_faces=small_faces,
        weights=weights,
        classes=classes,
        seed=seed,
        learning_rate=learning_rate,
        validation=validation,
        again=again,
    )
    if workers > 1:
        if os.environ.get("TF_CONFIG"):
            raise typer.BadParameter(
                "TF_CONFIG is set, so this process is one worker already: leave --workers out."
            )
        account = job.train_with_workers(order, workers, stdout_free=as_json)
        if account is None:
            raise typer.Exit(1)
    else:
        account = job.train(
            order,
            (
                lambda sentence: print(
                    sentence, file=sys.stderr if as_json else sys.stdout, flush=True
                )
            ),
            not as_json,
        )
    if as_json:
        print(json.dumps(account, indent=2))
    elif cluster.place().chief:
        best = f"Epoch {account['best_epoch']} of {account['epochs']} is the best"
        print(
            f"{best if account['best_epoch'] else 'The fitted head is the best'}: validation"
            f" accuracy {account['best_validation_accuracy']:.3f}, loss"
            f" {account['best_validation_loss']:.3f}. The model: {out / job.MODEL}"
        )
    if account["interrupted"]:
        raise CourseError(
            f"Stopped by Ctrl-C after epoch {account['epochs']}: the best model so far, of epoch"
            f" {account['best_epoch']}, is kept in {out / job.MODEL}."
        )
