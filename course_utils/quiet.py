"""Load Keras without TensorFlow's start-up lines.

TensorFlow reports which processor features it uses before any of its settings can forbid it,
straight to the process's error stream. In a notebook these lines, with their times and process
numbers, would stand in the outputs.
"""

import os
import sys
import threading
from contextlib import contextmanager

_lock = threading.Lock()
_muters = 0
_kept = None


@contextmanager
def native_errors_muted():
    """Discard what libraries written in C and C++ print to the error stream.

    Python's own errors are raised as ever. Several threads may mute at a time: the stream comes
    back when the last of them is done.
    """
    global _muters, _kept
    with _lock:
        if not _muters:
            sys.stderr.flush()
            _kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        _muters += 1
    try:
        yield
    finally:
        with _lock:
            _muters -= 1
            if not _muters:
                os.dup2(_kept, 2)
                os.close(_kept)


def import_keras():
    """Return the module `keras` with TensorFlow loaded behind it.

    Later imports of either are as quiet.

    Returns
    -------
    module
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with native_errors_muted():
        import keras
        import tensorflow  # noqa: F401
    return keras


def import_tensorflow_alone():
    """Return the module `tensorflow` without Keras, whose import takes half of the start.

    For a process that runs SavedModels and nothing else: `tensorflow.keras` can't be used in it.

    Returns
    -------
    module
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["TF_USE_LEGACY_KERAS"] = "1"  # it looks for Keras 2, which is not there
    with native_errors_muted():
        import tensorflow
    return tensorflow
