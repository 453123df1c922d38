"""The loop over epochs.

Warm-up and cosine, a frozen backbone first, early stopping, the best weights in the end.

The loop is written out, because one loop then serves one process and several: `keras.Model.fit` of
Keras 3.15 fails under `tf.distribute.MultiWorkerMirroredStrategy`
(https://github.com/keras-team/keras/issues/20585), gradients, optimisers and layers work.
"""

import math
import time
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from tqdm import tqdm

from course_utils import quiet
from course_utils.data.progress import STYLE
from course_utils.errors import CourseError

COLUMNS = (
    "epoch",
    "phase",
    "learning_rate",
    "loss",
    "accuracy",
    "validation_loss",
    "validation_accuracy",
    "seconds",
)


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes
    ----------
    epochs : int
        At most, the head's included.
    head_epochs : int
        Of these, with the backbone frozen; only when it was trained before.
    learning_rate : float
        Highest of the schedule: it rises linearly over `warm_up` and falls as a cosine to zero
        (Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983). A trained backbone is tuned
        with a tenth of it.
    warm_up : float
        Share of a phase's steps.
    weight_decay : float
        Of kernels, decoupled from the gradient (AdamW: Loshchilov and Hutter 2019,
        https://arxiv.org/abs/1711.05101).
    patience : int
        Stop when the validation loss has not fallen for so many epochs.
    frozen : float
        Share of the backbone's layers, counted from the picture, that are never trained, 0 to 1.
    """

    epochs: int = 30
    head_epochs: int = 3
    learning_rate: float = 1e-3
    warm_up: float = 0.1
    weight_decay: float = 1e-4
    patience: int = 8
    frozen: float = 0.0


@dataclass(frozen=True)
class Fitted:
    """What `fit` did; the model itself holds the best weights.

    Attributes
    ----------
    history : pandas.DataFrame
        One row an epoch, columns `COLUMNS`. Losses in nats, accuracies as shares; those of training
        are of the augmented pictures while the weights change. `phase` is "head" or "all".
    best_epoch : int
        The one with the lowest validation loss; 0 when none was finished.
    interrupted : bool
        Ctrl-C ended it.
    """

    history: pd.DataFrame = field(repr=False)
    best_epoch: int
    interrupted: bool


def make_deterministic(seed):
    """Seed Python, NumPy and TensorFlow, and choose kernels that give the same twice.

    Parameters
    ----------
    seed : int
    """
    quiet.import_keras().utils.set_random_seed(seed)
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()


def class_weights(labels, count):
    """Return how much a picture of each class counts, so that all classes count the same in sum.

    Parameters
    ----------
    labels : ndarray of int, (n,)
    count : int
        Of classes.

    Returns
    -------
    ndarray, float32, (count,)
        Of mean 1 over the pictures.
    """
    pictures = np.bincount(labels, minlength=count)
    return (len(labels) / (count * np.maximum(pictures, 1))).astype(np.float32)


def fit(
    model,
    training,
    validation,
    settings=None,
    weights=None,
    pretrained=False,
    strategy=None,
    steps=None,
    after_epoch=None,
    progress=True,
):
    """Train a model of `course_utils.models`.

    Parameters
    ----------
    model : keras.Model
        Made within `strategy.scope()`, when there is one.
    training : tf.data.Dataset
        Of (float32 (n, size, size, 3), int (n,)): one epoch. With a strategy, what its
        `distribute_datasets_from_function` gives.
    validation : tf.data.Dataset
        The same; of several workers each has its own part.
    settings : Settings, optional
    weights : ndarray, float32, (classes,), optional
        How much a picture of each class counts in training, see `class_weights`.
    pretrained : bool
        The backbone was trained before: it is frozen while the head learns, then tuned.
    strategy : tf.distribute.Strategy, optional
    steps : int, optional
        Batches of an epoch; as the dataset tells, where it can.
    after_epoch : callable, optional
        Called with the history (list of dict) and whether this epoch is the best so far, while the
        model holds the epoch's weights.
    progress : bool
        Show a bar, where there is a terminal.

    Returns
    -------
    Fitted
        Ctrl-C ends training and is no error: the model holds the best weights so far.

    Raises
    ------
    CourseError
        When the loss is no number any more.
    """
    quiet.import_keras()
    import tensorflow as tf

    settings, strategy = settings or Settings(), strategy or tf.distribute.get_strategy()
    per_class = np.ones(model.output_shape[-1], np.float32) if weights is None else weights
    head = min(settings.head_epochs, settings.epochs) if pretrained else 0
    phases = [
        ("head", head, settings.learning_rate),
        ("all", settings.epochs - head, settings.learning_rate / (10 if pretrained else 1)),
    ]
    history, best, waited, interrupted = [], None, 0, False
    lowest, best_epoch = math.inf, 0
    measure, steps = _measuring(model, strategy), steps or int(training.cardinality())
    try:
        for phase, epochs, highest in phases:
            if not epochs:
                continue
            _freeze(model.get_layer("backbone"), settings.frozen if phase == "all" else 1.0)
            optimizer, rates = (
                _optimizer(model, settings, strategy),
                _learning_rates(settings, highest, epochs * steps),
            )
            optimizer.learning_rate = next(rates)
            step = _stepping(model, optimizer, tf.constant(per_class), strategy)
            for _ in range(epochs):
                started = time.perf_counter()
                loss, accuracy, rate = _run_epoch(
                    step,
                    training,
                    optimizer,
                    rates,
                    steps,
                    f"epoch {len(history) + 1}/{settings.epochs}",
                    progress,
                )
                _average_statistics(model, strategy)
                validation_loss, validation_accuracy = measure(validation)
                if not math.isfinite(loss + validation_loss):
                    raise CourseError(
                        f"The loss is no number any more after epoch {len(history) + 1}: lower the"
                        " learning rate."
                    )
                improved = validation_loss < lowest
                values = (
                    len(history) + 1,
                    phase,
                    rate,
                    loss,
                    accuracy,
                    validation_loss,
                    validation_accuracy,
                    time.perf_counter() - started,
                )
                history.append(dict(zip(COLUMNS, values, strict=True)))
                if improved:
                    best, lowest, best_epoch = model.get_weights(), validation_loss, len(history)
                if after_epoch is not None:
                    after_epoch(history, improved)
                waited = 0 if improved else waited + 1
                if phase == "all" and waited >= settings.patience:
                    break
    except KeyboardInterrupt:
        interrupted = True
    finally:
        model.get_layer("backbone").trainable = True
    if best is not None:
        model.set_weights(best)
    return Fitted(pd.DataFrame(history, columns=COLUMNS), best_epoch, interrupted)


def _freeze(backbone, share):
    """Freeze this share of the layers, counted from the picture."""
    backbone.trainable = share < 1
    if not backbone.trainable:
        return
    for layer in backbone.layers[: round(share * len(backbone.layers))]:
        layer.trainable = False


def _learning_rates(settings, highest, steps):
    """Yield the learning rate of each step: warm-up, then a cosine, and 0 after the last one.

    The optimiser is told them one by one. A schedule of its own would be built into the compiled
    step once for every weight that decays.
    """
    warm_up = max(1, round(settings.warm_up * steps))
    schedule = quiet.import_keras().optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=highest, warmup_steps=warm_up
    )
    for step in range(steps + 1):
        yield float(schedule(step))


def _optimizer(model, settings, strategy):
    """Make AdamW; under mixed precision with a scaled loss."""
    keras = quiet.import_keras()
    with strategy.scope():
        optimizer = keras.optimizers.AdamW(0.0, weight_decay=settings.weight_decay)
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        if keras.mixed_precision.global_policy().name == "mixed_float16":
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(model.trainable_variables)
    return optimizer


def _stepping(model, optimizer, per_class, strategy):
    """Compile the step from one batch to the sums of loss, right answers and pictures."""
    import tensorflow as tf

    losses = quiet.import_keras().losses

    def on_replica(pictures, labels):
        with tf.GradientTape() as tape:
            probabilities = model(pictures, training=True)
            each = losses.sparse_categorical_crossentropy(labels, probabilities) * tf.gather(
                per_class, labels
            )
            loss = optimizer.scale_loss(tf.reduce_mean(each) / strategy.num_replicas_in_sync)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return _sums(each, probabilities, labels)

    @tf.function(autograph=False)
    def step(batch):
        return strategy.reduce("SUM", strategy.run(on_replica, batch), axis=None)

    return step


def _measuring(model, strategy):
    """Compile the function that returns a dataset's loss and accuracy, all workers counted."""
    import tensorflow as tf

    losses = quiet.import_keras().losses

    @tf.function(
        autograph=False,
        input_signature=[
            tf.TensorSpec((None, *model.input_shape[1:])),
            tf.TensorSpec((None,), tf.int32),
        ],
    )
    def on_batch(pictures, labels):
        probabilities = model(pictures, training=False)
        return _sums(
            losses.sparse_categorical_crossentropy(labels, probabilities), probabilities, labels
        )

    @tf.function(autograph=False)
    def over_workers(sums):  # the mean serves: what counts is the ratio
        return strategy.reduce("MEAN", strategy.run(lambda: tf.identity(sums)), axis=None)

    def measure(dataset):
        sums = np.sum(
            [
                np.zeros(3),
                *(
                    on_batch(pictures, tf.cast(labels, tf.int32)).numpy()
                    for pictures, labels in dataset
                ),
            ],
            axis=0,
        )
        loss, right, count = over_workers(tf.constant(sums, tf.float32)).numpy()
        return float(loss / count), float(right / count)

    return measure


def _sums(losses, probabilities, labels):
    import tensorflow as tf

    right = tf.equal(tf.argmax(probabilities, axis=-1, output_type=labels.dtype), labels)
    return tf.stack(
        [
            tf.reduce_sum(losses),
            tf.reduce_sum(tf.cast(right, tf.float32)),
            tf.cast(tf.size(labels), tf.float32),
        ]
    )


def _run_epoch(step, training, optimizer, rates, steps, what, progress):
    """Train on every batch once.

    Return the mean loss, the accuracy, and the learning rate of the next step.
    """
    sums = []
    with tqdm(
        desc=what,
        total=steps,
        unit=" batches",
        delay=1,
        **STYLE | {"disable": None if progress else True},
    ) as bar:
        for batch in training:
            sums.append(step(batch))
            optimizer.learning_rate = rate = next(rates, 0.0)
            bar.update()
    loss, right, count = np.sum([batch.numpy() for batch in sums], axis=0)
    return float(loss / count), float(right / count), rate


def _average_statistics(model, strategy):
    """Give every worker the same statistics of batch normalisation: each measured its own."""
    if strategy.num_replicas_in_sync == 1:
        return
    import tensorflow as tf

    statistics = [
        variable
        for variable in model.non_trainable_variables
        if variable.name in ("moving_mean", "moving_variance")
    ]

    @tf.function(autograph=False)
    def averages():
        each = strategy.run(
            lambda: tf.concat([tf.reshape(variable.value, [-1]) for variable in statistics], axis=0)
        )
        return strategy.reduce("MEAN", each, axis=None)

    sizes = [int(np.prod(variable.shape)) for variable in statistics]
    for variable, values in zip(statistics, tf.split(averages(), sizes), strict=True):
        variable.assign(tf.reshape(values, variable.shape))
