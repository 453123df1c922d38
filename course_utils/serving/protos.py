"""The official messages of TensorFlow Serving's protocol, without TensorFlow.

The package `tensorflow-serving-api` holds generated code only, but its messages stand on
TensorFlow's own (a tensor, a shape), and importing those imports all of TensorFlow: seconds, and
hundreds of megabytes. A client that sends a picture needs none of it.
"""

import importlib.util
import sys
import types
from contextlib import contextmanager
from functools import cache

from course_utils.errors import CourseError


@cache
def load():
    """Import the messages and stubs.

    Returns
    -------
    types.SimpleNamespace
        The modules `predict`, `classification`, `regression`, `inference`, `metadata`, `status`,
        `management`, `model_config`, `graph`, `saved_model`, `tensor`, `shape` and `types` of
        messages, `prediction_service` and `model_service` of stubs and servicers.

    Raises
    ------
    CourseError
        When the package is missing.
    """
    try:
        with _tensorflow_as_a_mere_folder():
            from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
            from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
            from tensorflow_serving.apis import (
                classification_pb2,
                get_model_metadata_pb2,
                get_model_status_pb2,
                inference_pb2,
                model_management_pb2,
                model_service_pb2_grpc,
                predict_pb2,
                prediction_service_pb2_grpc,
                regression_pb2,
            )
            from tensorflow_serving.config import model_server_config_pb2
    except ImportError as error:
        raise CourseError(
            f"The messages of TensorFlow Serving can't be imported ({error}): install the locked"
            " packages with `python bootstrap.py`."
        ) from error
    return types.SimpleNamespace(
        predict=predict_pb2,
        classification=classification_pb2,
        regression=regression_pb2,
        inference=inference_pb2,
        metadata=get_model_metadata_pb2,
        status=get_model_status_pb2,
        management=model_management_pb2,
        model_config=model_server_config_pb2,
        graph=meta_graph_pb2,
        saved_model=saved_model_pb2,
        tensor=tensor_pb2,
        shape=tensor_shape_pb2,
        types=types_pb2,
        prediction_service=prediction_service_pb2_grpc,
        model_service=model_service_pb2_grpc,
    )


@contextmanager
def _tensorflow_as_a_mere_folder():
    """Let `tensorflow.core...` be found without executing `tensorflow/__init__.py`.

    TensorFlow can be imported as ever afterwards.
    """
    spec = importlib.util.find_spec("tensorflow") if "tensorflow" not in sys.modules else None
    if spec is None:
        yield
        return
    folder = types.ModuleType("tensorflow")
    folder.__path__ = list(spec.submodule_search_locations)
    sys.modules["tensorflow"] = folder
    try:
        yield
    finally:
        del sys.modules["tensorflow"]
