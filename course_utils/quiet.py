"""Load Keras without TensorFlow's start-up lines.

TensorFlow reports which processor features it uses before any of its settings can forbid it, straight to the
process's error stream. In a notebook these lines, with their times and process numbers, would stand in the outputs.
"""

import os
import sys
from contextlib import contextmanager


@contextmanager
def native_errors_muted():
    """Discard what libraries written in C and C++ print to the error stream.

    Python's own errors are raised as ever.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def import_keras():
    """Return the module `keras` with TensorFlow loaded behind it; later imports of either are as quiet.

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
