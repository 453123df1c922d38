"""The process that computes: it holds the loaded SavedModels and runs their signatures.

It is driven through a pipe. When the pipe closes, because the server ended however it may, the
process ends as well.
"""

import itertools
import os
import queue
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from course_utils import quiet

THREADS = 4  # of requests at a time; TensorFlow spreads each over the cores by itself


def main(connection, batching):
    """Serve a pipe until it closes.

    Parameters
    ----------
    connection : multiprocessing.connection.Connection
        Receives ("load", number, path), ("unload", number, key) and ("run", number, key, signature,
        inputs, outputs), or None to end; sends (number, None, result) or (number, code, message).
    batching : (int, float) or None
        Most instances in a batch, and seconds that the first of them waits for others.
    """
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches every process of the terminal; the server closes the pipe
    quiet.import_tensorflow_alone()
    models, batchers, keys = {}, {}, itertools.count()
    sending, making = threading.Lock(), threading.Lock()

    def answer(number, compute, *arguments):
        try:
            reply = (number, None, compute(*arguments))
        except BaseException as error:  # whatever TensorFlow raises belongs to the one who asked
            reply = (number, *explained(error))
        with sending:
            connection.send(reply)

    def load(path):
        import tensorflow as tf

        key = next(keys)
        models[key] = tf.saved_model.load(path)
        return key

    def unload(key):
        models.pop(key, None)
        with making:
            for name in [name for name in batchers if name[0] == key]:
                batchers.pop(name).close()

    def run_signature(key, signature, inputs, outputs):
        def run(merged):
            return call(models[key].signatures[signature], merged)

        if batching is None:
            results = run(inputs)
        else:
            name = (
                key,
                signature,
                *(
                    (name, array.shape[1:], array.dtype.str)
                    for name, array in sorted(inputs.items())
                ),
            )
            with making:
                if name not in batchers:
                    batchers[name] = Batcher(run, *batching)
            results = batchers[name].ask(inputs)
        return {name: results[name] for name in outputs}

    work = {"load": load, "unload": unload, "run": run_signature}
    # Whoever waits in a batch holds a thread: with batching there must be as many as a batch takes
    # requests.
    pool = ThreadPoolExecutor(THREADS if batching is None else max(THREADS, 2 * batching[0]))
    loader = ThreadPoolExecutor(1)
    while True:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            message = None
        if message is None:
            os._exit(0)  # threads may still compute; nobody waits for them
        kind, number, *arguments = message
        (loader if kind in ("load", "unload") else pool).submit(
            answer, number, work[kind], *arguments
        )


def call(function, inputs):
    """Run a signature on arrays and return arrays; strings are objects that hold bytes."""
    import tensorflow as tf

    results = function(
        **{
            name: tf.constant(
                array.tolist() if array.dtype == object else array,
                tf.string if array.dtype == object else None,
                array.shape,
            )
            for name, array in inputs.items()
        }
    )
    return {name: tensor.numpy() for name, tensor in results.items()}


def explained(error):
    """Return the code and message of what a computation raised."""
    import tensorflow as tf

    if isinstance(error, tf.errors.OpError):
        codes = {
            3: "INVALID_ARGUMENT",
            5: "NOT_FOUND",
            8: "RESOURCE_EXHAUSTED",
            9: "FAILED_PRECONDITION",
            11: "OUT_OF_RANGE",
            15: "DATA_LOSS",
        }
        message = str(error.message).rpartition("<stack traces unavailable>\n")[
            2
        ]  # before it Python says where, after it C++ says what
        return codes.get(error.error_code, "INTERNAL"), message.partition(" [Op:")[0].strip()
    if isinstance(error, OSError):
        return "NOT_FOUND", str(error)
    if isinstance(error, MemoryError):
        return "RESOURCE_EXHAUSTED", "The request needs more memory than there is"
    return "INTERNAL", f"{type(error).__name__}: {error}"


class Batcher:
    """Merge requests that arrive at about the same time into one call of the network.

    Parameters
    ----------
    run : callable
        Takes and returns a dictionary of arrays whose first axis counts instances.
    largest : int
        Instances in a batch.
    patience : float
        Seconds that the first request waits for others.
    """

    def __init__(self, run, largest, patience):
        self.run, self.largest, self.patience = run, largest, patience
        self.waiting = queue.Queue()
        threading.Thread(target=self._serve, daemon=True).start()

    def ask(self, inputs):
        """Return the outputs for these instances, computed alone or among others."""
        done = queue.SimpleQueue()
        self.waiting.put((inputs, done))
        result = done.get()
        if isinstance(result, BaseException):
            raise result
        return result

    def close(self):
        self.waiting.put(None)

    def _serve(self):
        following = self.waiting.get()
        while following is not None:
            batch, count = [following], instances(following)
            following, deadline = Batcher, time.monotonic() + self.patience
            while count < self.largest:
                try:
                    following = self.waiting.get(timeout=max(0, deadline - time.monotonic()))
                except queue.Empty:
                    break
                if following is None or count + instances(following) > self.largest:
                    break
                batch.append(following)
                count += instances(following)
                following = Batcher
            self._compute(batch)
            if following is Batcher:  # nobody was taken from the queue who did not fit
                following = self.waiting.get()

    def _compute(self, batch):
        try:
            merged = {
                name: np.concatenate([inputs[name] for inputs, _ in batch]) for name in batch[0][0]
            }
            outputs = self.run(merged)
            start = 0
            for inputs, done in batch:
                count = len(next(iter(inputs.values())))
                done.put({name: array[start : start + count] for name, array in outputs.items()})
                start += count
        except (
            BaseException
        ) as error:  # as in the real server, one bad picture fails the whole batch
            for _, done in batch:
                done.put(error)


def instances(asked):
    """Return how many instances a request holds."""
    return len(next(iter(asked[0].values())))
