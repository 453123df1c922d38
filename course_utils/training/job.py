"""What `course train` does.

From a folder of pictures to a model, its history and where it came from.
"""

import contextlib
import json
import platform
import shlex
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from course_utils import augmentation, files, models, quiet
from course_utils.data.class_names import refuse_other_classes
from course_utils.errors import CourseError
from course_utils.masks import type_names
from course_utils.training import cluster, pipeline
from course_utils.training.fitting import Settings, class_weights, fit, make_deterministic
from course_utils.training.folders import find_faces
from course_utils.training.split import group_alike, hold_back
from course_utils.training.transfer import train_head

MODEL, HISTORY, PROVENANCE = "model.keras", "history.csv", "training.json"
SMALL_FACES = (10, 40)
"""Pixels of the small faces that a head on a trained base learns besides whole ones: chapter 06."""

SMALL = 32
"""Pixels: enough to find near duplicates and unreadable files, when there is no memory for all
pictures at full size."""

RANDOM = "random numbers"

FROZEN = 0.7
"""Share of a trained base's layers, from the picture on, that stay as they are when it is tuned."""

INTERRUPTED = 3
"""Exit status of a worker process that Ctrl-C ended."""


@dataclass(frozen=True)
class Order:
    """What to train on what, as the options of `course train` say it; see there."""

    arch: str
    data: str
    out: str
    size: int | None = None
    alpha: float | None = None
    epochs: int | None = None
    batch: int = 32
    augment: str = "light"
    small_faces: tuple | None = None
    weights: str = "imagenet"
    classes: int | None = None
    seed: int = 0
    learning_rate: float = Settings.learning_rate
    validation: float = 0.15
    again: bool = False

    def settled(self, trained):
        """Return the order with what was left open, on a base that was trained or was not.

        A trained base: its own width, 128 pixels, a head on whole and small faces, no epochs.
        Random numbers: a MobileNetV2 a third as wide, 96 pixels, whole faces, 30 epochs.
        """
        narrow = self.arch == "mobilenetv2" and not trained
        open_values = {
            "size": 128 if trained else 96,
            "alpha": 0.35 if narrow else 1.0,
            "epochs": 0 if trained else Settings.epochs,
            "small_faces": SMALL_FACES if trained else (),
        }
        return replace(
            self,
            **{name: value for name, value in open_values.items() if getattr(self, name) is None},
        )

    @property
    def command(self):
        """The command that gives the same again.

        Of folders outside of the current one the name alone.
        """
        words = ["course", "train"]
        for name, value in asdict(self).items():
            left_out = name == "again" or (value == () and self.weights == "none")
            if value is not None and not left_out:
                text = (
                    _nameable(value)
                    if name in ("data", "out", "weights")
                    else ":".join(map(str, value)) or "none"
                    if name == "small_faces"
                    else str(value)
                )
                words += [f"--{name.replace('_', '-')}", text]
        return shlex.join(words)


@dataclass(frozen=True)
class Parts:
    """The readable faces, as arrays or as a table to read from, and which of them validate."""

    table: pd.DataFrame
    faces: np.ndarray | None
    validating: np.ndarray
    skipped: list
    grouped_by: str


def train(order, say: Callable[[str], None] = lambda sentence: None, progress=True):
    """Train a model on a folder and write it.

    `order.out` gets `model.keras` and `history.csv` whenever an epoch is the best so far or has
    ended, and `training.json`: command, versions, seed, counts and the best epoch.

    Parameters
    ----------
    order : Order
    say : callable
        Gets one sentence at a time about what is being done.
    progress : bool
        Show a bar, where there is a terminal.

    Returns
    -------
    dict
        What `training.json` holds. `interrupted` is True when Ctrl-C ended training; the best model
        so far is kept.

    Raises
    ------
    CourseError
        When something in the folder or the options does not allow training, another process trains
        into the same folder, or Ctrl-C came before the first epoch had ended.
    """
    place = cluster.place()
    _check(order)
    labelled = find_faces(order.data, order.classes)
    refuse_other_classes(labelled.class_names, order.data)
    with _reserved(Path(order.out), order.again) if place.chief else contextlib.nullcontext():
        return _train(order, labelled, place, say, progress)


def _train(order, labelled, place, say, progress):
    """Train on what was found; the chief's folder is checked and held."""
    out, strategy = Path(order.out), cluster.make_strategy()

    make_deterministic(order.seed)
    policy_before = _use_mixed_precision(say)
    try:
        model, start, order = _build(order, len(labelled.class_names), strategy, say)
        _check_workers(order, place.workers)
        parts = _read(labelled, order, say)
        portable = (
            model if _is_portable(strategy) else _build_portable(order, len(labelled.class_names))
        )
        training, validation, steps, numbers = _datasets(parts, labelled, order, strategy, place)
        account = _account(order, start, labelled, parts, steps, place.workers)
        head_loss = np.inf

        def keep(history, improved):
            last = history[-1]
            improved = improved and last["validation_loss"] < head_loss
            account.update(epochs=len(history))
            if improved:
                account.update(
                    best_epoch=last["epoch"],
                    best_validation_loss=last["validation_loss"],
                    best_validation_accuracy=last["validation_accuracy"],
                )
            # Of all workers: reading a mirrored variable may need them all.
            trained = model.get_weights()
            if place.chief:
                with files.explaining_disk_errors(out):
                    if improved:
                        portable.set_weights(trained)
                        models.save(portable, out / MODEL, labelled.class_names)
                    table = pd.DataFrame(history)
                    text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
                    files.write_text(out / HISTORY, text)
                    _write_account(out, account)
                say(_sentence(last, order.epochs, improved))

        if start != RANDOM and place.workers == 1:
            _fit_head(model, parts, labelled, order, account, out, say, progress)
            head_loss = _loss(model, validation) if order.epochs else head_loss
        if order.epochs:
            settings = Settings(
                epochs=order.epochs,
                head_epochs=0 if place.workers == 1 else Settings.head_epochs,
                learning_rate=order.learning_rate,
                frozen=FROZEN if start != RANDOM else 0.0,
            )
            fitted = _fit(
                model,
                (training, validation, steps),
                settings,
                class_weights(numbers, len(labelled.class_names)),
                start,
                strategy,
                keep,
                progress and place.chief,
            )
            account.update(interrupted=fitted.interrupted)
            if not fitted.best_epoch and start == RANDOM:
                raise CourseError("Stopped before the first epoch had ended: nothing was written.")
    finally:
        quiet.import_keras().mixed_precision.set_global_policy(policy_before)
    account.update(finished=not account["interrupted"])
    if place.chief:
        with files.explaining_disk_errors(out):
            _write_account(out, account)
    return account


def train_with_workers(order, workers, stdout_free=False):
    """Do what `train` does with several processes of this machine.

    Their chief prints the sentences, to stderr when stdout must stay free.

    Returns
    -------
    dict or None
        As `train`; None when the chief has failed and said why.
    """
    status = cluster.run_locally(
        "course_utils.training.worker",
        json.dumps(asdict(order)),
        workers,
        2 if stdout_free else None,
    )
    if status not in (0, INTERRUPTED):
        return None
    return json.loads((Path(order.out) / PROVENANCE).read_text(encoding="utf-8"))


def _check(order):
    if (order.epochs or 0) < 0 or order.batch < 2:
        raise CourseError(
            f"{order.epochs} epochs of batches of {order.batch} can't be trained: choose no epoch"
            " less than 0 and 2 pictures or more."
        )
    if order.epochs == 0 and order.weights == "none":
        raise CourseError("From random numbers nothing is learned in 0 epochs: choose 1 or more.")
    if not 0 < order.learning_rate <= 1:
        raise CourseError(
            f"A learning rate of {order.learning_rate} is out of range: choose one above 0, up"
            " to 1."
        )
    if order.augment not in augmentation.POLICIES:
        raise CourseError(
            f"There is no augmentation policy {order.augment!r}: choose one of"
            f" {', '.join(augmentation.POLICIES)}."
        )
    if order.small_faces and not 1 <= order.small_faces[0] <= order.small_faces[1]:
        raise CourseError(
            f"Face sizes of {order.small_faces[0]} to {order.small_faces[1]} pixels can't be drawn:"
            " give 1 or more, the smaller number first."
        )


@contextlib.contextmanager
def _reserved(out, again):
    """Hold the folder for the model against other processes, when it may be written to."""
    with contextlib.ExitStack() as stack:
        with files.explaining_disk_errors(out):
            stack.enter_context(files.locked(out, name=out / ".training.lock"))
        if (out / MODEL).exists() and not again:
            raise CourseError(
                f"{out / MODEL} is there already: choose another --out, or add --again to replace"
                " it."
            )
        yield


def _use_mixed_precision(say):
    """Compute in sixteen bits where TensorFlow sees a GPU; return the policy set before."""
    policies = quiet.import_keras().mixed_precision
    import tensorflow as tf

    before = policies.global_policy()
    if tf.config.list_physical_devices("GPU"):
        policies.set_global_policy("mixed_float16")
        say("TensorFlow sees a GPU: training there, in mixed precision.")
    return before


def _check_workers(order, workers):
    if workers > 1 and not order.epochs:
        raise CourseError(
            "Several workers share out epochs, and a head on a trained base takes none: leave"
            " --workers out, or give --epochs as well."
        )


def _build(order, classes, strategy, say):
    """Return the model, what its backbone starts from, and the order with nothing left open.

    It starts from "imagenet", the name of a file or "random numbers".
    """
    with strategy.scope():
        if order.weights != "none":
            settled = order.settled(trained=True)
            try:
                with contextlib.redirect_stdout(sys.stderr):  # Keras reports its download there
                    model = models.build(
                        order.arch, settled.size, classes, settled.alpha, order.weights
                    )
                named = order.weights == "imagenet"
                return model, "imagenet" if named else _nameable(order.weights), settled
            except models.WeightsUnavailable as error:
                say(f"{error} Training starts from random numbers now.")
        settled = order.settled(trained=False)
        return models.build(order.arch, settled.size, classes, settled.alpha), RANDOM, settled


def _fit_head(model, parts, labelled, order, account, out, say, progress):
    """Fit the head on the base's features, and write the network."""
    numbers = _numbers(parts.table, labelled)
    try:
        fitted = train_head(
            model,
            parts.table,
            labelled.folder,
            numbers,
            parts.validating,
            order.small_faces or None,
            order.seed,
            progress=progress,
        )
    except KeyboardInterrupt as error:
        raise CourseError("Stopped before the head was fitted: nothing was written.") from error
    account.update(
        epochs=0,
        best_epoch=0,
        head_strength=fitted.head.strength,
        best_validation_loss=fitted.validation_loss,
        best_validation_accuracy=fitted.validation_accuracy,
    )
    with files.explaining_disk_errors(out):
        models.save(model, out / MODEL, labelled.class_names)
        (out / HISTORY).unlink(missing_ok=True)
        _write_account(out, account)
    small = ", among them shrunk to {} to {} pixels by averaging and enlarged by bilinear"
    say(
        f"The head is fitted on {fitted.faces:,} faces, cut in"
        f" {fitted.cuts} way{'s' if fitted.cuts > 1 else ''}"
        f"{small.format(*order.small_faces) if order.small_faces else ''}:"
        f" validation loss {fitted.validation_loss:.3f}, accuracy"
        f" {fitted.validation_accuracy:.3f}."
    )


def _numbers(table, labelled):
    names = {name: number for number, name in enumerate(labelled.class_names)}
    return table["label"].map(names).to_numpy(np.int32)


def _loss(model, validation):
    """Return the cross-entropy of the validation faces, as each epoch's is counted."""
    ask = models.compiled(model)
    batches = [(ask(faces.numpy()), labels.numpy()) for faces, labels in validation]
    said, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return float(-np.log(np.maximum(said[np.arange(len(labels)), labels], 1e-7)).mean())


def _fit(model, data, settings, weights, start, strategy, keep, progress):
    """Train by gradient descent; a broken connection between workers becomes a sentence."""
    import tensorflow as tf

    training, validation, steps = data
    try:
        return fit(
            model,
            training,
            validation,
            settings,
            weights,
            start != RANDOM,
            strategy,
            steps,
            keep,
            progress,
        )
    except tf.errors.OpError as error:
        workers = cluster.place().workers
        if workers == 1:
            raise
        raise _lost_workers(error, workers) from error


def _is_portable(strategy):
    return (
        strategy.num_replicas_in_sync == 1
        and quiet.import_keras().mixed_precision.global_policy().name == "float32"
    )


def _build_portable(order, classes):
    """Build the network in float32, outside of any strategy: what is saved must run anywhere."""
    policies = quiet.import_keras().mixed_precision
    before = policies.global_policy()
    policies.set_global_policy("float32")
    try:
        return models.build(order.arch, order.size, classes, order.alpha)
    finally:
        policies.set_global_policy(before)


def _read(labelled, order, say):
    """Read every face once, leave out what can't be read, and decide what validates."""
    table = labelled.table[labelled.table["split"] != "test"].reset_index(drop=True)
    told = (table["split"] == "validation").any()
    if told:
        table = table[table["split"] != ""].reset_index(drop=True)
    if len(table) < len(labelled.table):
        say(
            f"{len(labelled.table) - len(table):,} pictures of other parts, such as test/, are left"
            " alone."
        )
    fits = len(table) * order.size**2 * 3 < psutil.virtual_memory().available / 2
    problems = []
    faces = pipeline.read_faces(table, labelled.folder, order.size if fits else SMALL, problems)
    unreadable = {number for number, _ in problems}
    skipped = [*labelled.skipped, *(sentence for _, sentence in sorted(problems))]
    for sentence in skipped:
        say(f"Skipped: {sentence}")
    good = np.array([number not in unreadable for number in range(len(table))])
    table, faces = table[good].reset_index(drop=True), faces[good]
    if set(table["label"]) != set(labelled.class_names):
        raise CourseError(
            f"{labelled.folder} has no readable picture of a class: see the sentences above, then"
            " mend or replace the files."
        )
    if told:
        validating, grouped_by = (
            (table["split"] == "validation").to_numpy(),
            "the folder's own split",
        )
    else:
        known = (table["group"] != "").all()
        groups = (
            table["group"].to_numpy()
            if known
            else group_alike(table["picture"], faces, table["group"], type_names())
        )
        validating = hold_back(table["label"], groups, order.validation, order.seed)
        grouped_by = "groups of faces.csv or sub-folders" if known else "near duplicates and names"
        say(
            f"{validating.sum():,} of {len(table):,} pictures are held back to validate: whole"
            f" groups by {grouped_by}."
        )
    if set(table["label"][validating]) != set(labelled.class_names) or set(
        table["label"][~validating]
    ) != set(labelled.class_names):
        raise CourseError(
            f"{labelled.folder} lacks readable pictures of a class to train or to validate: add"
            " some."
        )
    return Parts(
        table,
        faces if fits else None,
        validating,
        skipped,
        grouped_by,
    )


def _datasets(parts, labelled, order, strategy, place):
    """Return training and validation batches, and the numbers of the training pictures' classes."""
    numbers = _numbers(parts.table, labelled)

    def batches(chosen, batch, augment=None, shuffle_seed=None):
        if parts.faces is not None:
            return pipeline.array_dataset(
                parts.faces[chosen], numbers[chosen], batch, augment, shuffle_seed
            )
        return pipeline.face_dataset(
            parts.table.iloc[chosen],
            labelled.folder,
            order.size,
            batch,
            labelled.class_names,
            augment,
            shuffle_seed,
            cache=False,
        )

    mixed = np.random.default_rng(order.seed).permutation(np.flatnonzero(~parts.validating))
    seed = order.seed + place.index  # no two workers draw the same changes
    batch = max(1, order.batch // place.workers)
    # An epoch leaves out the pictures of a last, smaller batch, others every time: statistics of
    # two pictures would spoil the normalisation's.
    steps = max(1, len(mixed) // place.workers // batch)
    replicas = strategy.num_replicas_in_sync // place.workers
    training = batches(
        np.sort(mixed[place.index :: place.workers]),
        max(1, batch // replicas),
        _augment(order, parts.table, seed),
        seed,
    )
    if strategy.num_replicas_in_sync == 1:
        training = training.take(steps)
    else:
        own = training.take(steps * replicas)
        training = strategy.distribute_datasets_from_function(lambda context: own)
    validation = batches(
        np.flatnonzero(parts.validating)[place.index :: place.workers], order.batch
    )
    return training, validation, steps, numbers[~parts.validating]


def _augment(order, table, seed):
    """Return the augmentation policy, the layer of chapter 06 behind it where faces are small."""
    policy = augmentation.policy(order.augment, seed)
    if not order.small_faces:
        return policy
    from course_utils.augmentation.face_size import RandomFaceSize

    margin = pipeline.MARGIN if pipeline.have_boxes(table) else 0.0
    shrink = RandomFaceSize(*order.small_faces, margin=margin, seed=seed)
    return (
        shrink
        if policy is None
        else lambda faces, training: shrink(policy(faces, training=training), training=training)
    )


def _lost_workers(error, workers):
    return CourseError(
        f"The connection to the other {workers - 1} workers broke ({type(error).__name__}): the"
        " best model so far is kept; start all workers again."
    )


def _account(order, start, labelled, parts, steps, workers):
    """Collect where a model comes from; no path of this machine."""
    import tensorflow as tf

    keras = quiet.import_keras()

    def counts(chosen):
        return {
            name: int((parts.table["label"][chosen] == name).sum()) for name in labelled.class_names
        }

    gpus = [
        tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    return {
        "command": order.command,
        "architecture": order.arch,
        "alpha": order.alpha,
        "size": order.size,
        "classes": list(labelled.class_names),
        "starts_from": start,
        "augmentation": order.augment,
        "small_faces": list(order.small_faces) if order.small_faces else None,
        "seed": order.seed,
        "batch": order.batch,
        "steps_per_epoch": steps,
        "workers": workers,
        "data": {
            "training": counts(~parts.validating),
            "validation": counts(parts.validating),
            "skipped": len(parts.skipped),
            "held_back_by": parts.grouped_by,
        },
        "versions": {
            "python": platform.python_version(),
            **{
                name: version(name) for name in ("tensorflow", "keras", "numpy", "face-mask-course")
            },
        },
        "machine": {
            "system": platform.system(),
            "processor": platform.machine(),
            "cores": psutil.cpu_count(),
            "gpus": gpus,
            "precision": keras.mixed_precision.global_policy().name,
        },
        "finished": False,
        "interrupted": False,
    }


def _write_account(out, account):
    files.write_text(out / PROVENANCE, json.dumps(account, indent=2, ensure_ascii=False) + "\n")


def _sentence(epoch, epochs, improved):
    what = " (backbone frozen)" if epoch["phase"] == "head" else ""
    return (
        f"epoch {epoch['epoch']}/{epochs}{what}: loss {epoch['loss']:.3f}, accuracy"
        f" {epoch['accuracy']:.3f}; validation loss {epoch['validation_loss']:.3f}, accuracy"
        f" {epoch['validation_accuracy']:.3f}{', the best so far' if improved else ''}"
    )


def _nameable(path):
    """Return a path as it may be written down.

    Inside the current folder as it is, of any other the name.
    """
    path = Path(path)
    return path.name if path.is_absolute() or ".." in path.parts else path.as_posix()
