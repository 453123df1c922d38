"""Ask a network, and time it."""

import time

import numpy as np

from course_utils import quiet


def compiled(model):
    """Compile a model for asking: several times faster than calling a small network layer by layer.

    Parameters
    ----------
    model : keras.Model
        Later changes of its weights count.

    Returns
    -------
    callable
        Takes one face or more, uint8 or float32 (n, size, size, 3), RGB from 0 to 255, and
        optionally how many go through at once; returns what the model says of them when it is not
        training, float32 (n, classes).
    """
    quiet.import_keras()
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)]
    traced = tf.function(
        lambda pictures: model(pictures, training=False), input_signature=signature, autograph=False
    ).get_concrete_function()

    def ask(faces, batch=128):
        parts = [faces[start : start + batch] for start in range(0, len(faces), batch)]
        return np.concatenate(
            [traced(tf.constant(np.asarray(part, np.float32))).numpy() for part in parts]
        )

    return ask


def latency(ask, size, batch=1, repeats=30, warm_up=5):
    """Measure how long a model takes for a batch that is in memory.

    Parameters
    ----------
    ask : callable
        As `compiled` gives it.
    size : int
        Side of the model's picture in pixels.
    batch : int
        Pictures.
    repeats, warm_up : int
        Calls that are timed, and calls before them that are not.

    Returns
    -------
    float
        Milliseconds a batch: the median, which other work on the machine moves little.
    """
    pictures = np.random.default_rng(0).uniform(0, 255, (batch, size, size, 3)).astype(np.float32)
    seconds = []
    for _ in range(warm_up + repeats):
        started = time.perf_counter()
        ask(pictures)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[warm_up:]) * 1000)
