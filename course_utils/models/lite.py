"""A network in TensorFlow Lite's form: small, quick to start, and fast on a processor.

`convert` turns a Keras network into one file's bytes; `LiteNetwork` asks it. The interpreter that
TensorFlow ships is loaded by itself: it takes a fiftieth of a second, the whole of TensorFlow
several. On processors it hands the layers to XNNPACK (https://github.com/google/XNNPACK).

Format and interpreter: https://ai.google.dev/edge/litert.
"""

import importlib.util
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from course_utils import quiet
from course_utils.errors import CourseError

INTERPRETER = "_pywrap_tensorflow_interpreter_wrapper"
"""The module of TensorFlow's package that holds its interpreter of TensorFlow Lite networks."""

BUILT_IN, MOST_THREADS = 1, 4
"""The operations that the interpreter brings itself; and how many threads ask at most."""


def convert(model, examples=None, half=False):
    """Turn a Keras network into a TensorFlow Lite network.

    Parameters
    ----------
    model : keras.Model
        With one input, whose first dimension is free; the result takes one example at a time.
    examples : numpy.ndarray, float32, (n, ...), optional
        Typical inputs, some hundred. With them weights and activations become eight-bit integers
        whose ranges fit these examples; input and output stay float32.
    half : bool
        Store the weights as float16, at half the size; it still computes in float32.

    Returns
    -------
    bytes
        What a `.tflite` file holds. The same model gives the same answers, to about six digits when
        neither `examples` nor `half` is given.

    Raises
    ------
    CourseError
        When a layer has no counterpart in TensorFlow Lite.
    """
    quiet.import_keras()
    import tensorflow as tf
    from absl import logging as absl_logging

    shape = (1, *model.input_shape[1:])
    compute = tf.function(
        lambda x: model(x, training=False),
        input_signature=[tf.TensorSpec(shape, tf.float32, name="picture")],
        autograph=False,
    ).get_concrete_function()
    verbosity = absl_logging.get_verbosity()
    absl_logging.set_verbosity(absl_logging.ERROR)  # it advises on a path that is not taken here
    with quiet.native_errors_muted():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([compute])
        if examples is not None or half:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if examples is not None:
            converter.representative_dataset = lambda: ([example[None]] for example in examples)
        elif half:
            converter.target_spec.supported_types = [tf.float16]
        try:
            return converter.convert()
        except Exception as error:  # ConverterError, of a private module
            if type(error).__name__ != "ConverterError":
                raise
            raise CourseError(
                f"{model.name} can't become a TensorFlow Lite network: one of its layers has no"
                " counterpart there."
            ) from error
        finally:
            absl_logging.set_verbosity(verbosity)


class LiteNetwork:
    """A TensorFlow Lite network that is asked about one input after the other.

    Parameters
    ----------
    content : bytes or path-like
        What `convert` returned, or a `.tflite` file, with one input.
    threads : int, optional
        Inputs worked on at once; as many as the process may use processors, at most four, when not
        given. The answers don't depend on it.

    Attributes
    ----------
    shape : tuple of int
        Of one input, without the batch: (size, size, 3) for a network of pictures.
    outputs : tuple of str
        Names of the outputs.
    """

    def __init__(self, content, threads=None):
        if not isinstance(content, bytes):
            content = Path(content).read_bytes()
        self._content = content  # the interpreters don't copy it
        count = threads or min(MOST_THREADS, processors())
        try:
            self._interpreters = [interpreter(content) for _ in range(count)]
        except ValueError as error:
            raise CourseError(f"This is no TensorFlow Lite network: {error}") from error
        first = self._interpreters[0]
        self.shape = tuple(int(n) for n in first.TensorSize(int(first.InputIndices()[0]), 0))[1:]
        self.outputs = tuple(first.TensorName(int(n), 0) for n in first.OutputIndices())
        self._pool = ThreadPoolExecutor(count) if count > 1 else None

    def __call__(self, inputs):
        """Ask about some inputs.

        Parameters
        ----------
        inputs : sequence of numpy.ndarray
            Each of the `shape` of one input; turned into float32.

        Returns
        -------
        list of tuple of numpy.ndarray
            For each input the outputs in the order of `outputs`, float32, without the batch.
        """
        count = len(self._interpreters)
        shares = [range(start, len(inputs), count) for start in range(min(count, len(inputs)))]
        if len(shares) < 2 or self._pool is None:
            return [self._ask(self._interpreters[0], one) for one in inputs]
        work = [
            self._pool.submit(self._several, asked, [inputs[n] for n in share])
            for asked, share in zip(self._interpreters, shares, strict=False)
        ]
        found = [None] * len(inputs)
        for share, part in zip(shares, work, strict=True):
            for number, answer in zip(share, part.result(), strict=True):
                found[number] = answer
        return found

    def _several(self, asked, inputs):
        return [self._ask(asked, one) for one in inputs]

    def _ask(self, asked, one):
        place = int(asked.InputIndices()[0])
        asked.SetTensor(place, np.ascontiguousarray(one, np.float32)[None])
        asked.Invoke()
        return tuple(asked.GetTensor(int(n), 0)[0] for n in asked.OutputIndices())


def interpreter(content):
    """Return TensorFlow's own interpreter of a network, ready to be asked, on one thread.

    Parameters
    ----------
    content : bytes
        Must outlive it.

    Raises
    ------
    ValueError
        When the bytes are no network.
    """
    with quiet.native_errors_muted():  # it announces XNNPACK
        made = _module().CreateWrapperFromBuffer(content, BUILT_IN, [], [], False, False, 1, False)
        made.AllocateTensors()
    return made


def processors():
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _module():
    """Load the interpreter without the rest of TensorFlow."""
    name = f"tensorflow.lite.python.{INTERPRETER}"
    found = importlib.util.find_spec("tensorflow")
    folder = Path(found.submodule_search_locations[0], "lite", "python")
    files = sorted([*folder.glob(f"{INTERPRETER}*.so"), *folder.glob(f"{INTERPRETER}*.pyd")])
    if name not in sys.modules and files:
        spec = importlib.util.spec_from_file_location(name, files[0])
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except ImportError:  # where its libraries are not beside it, the whole of TensorFlow helps
            return _whole()
        sys.modules[name] = module  # TensorFlow, imported later, must not load it a second time
    return sys.modules.get(name) or _whole()


def _whole():
    quiet.import_keras()
    from tensorflow.lite.python.interpreter_wrapper import _pywrap_tensorflow_interpreter_wrapper

    return _pywrap_tensorflow_interpreter_wrapper
