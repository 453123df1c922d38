"""Write the small model that the contract tests ask: `python tests/serving/contract_model.py DIR`.

Serve DIR as "contract" with a real server and point the tests at it:

    tensorflow_model_server --port=8500 --rest_api_port=8501 --model_name=contract
    --model_base_path=/full/path/DIR COURSE_SERVING_ADDRESS=127.0.0.1:8500:8501 python -m pytest
    tests/serving/test_contract_rest.py tests/serving/test_contract_grpc.py
"""

import sys
from pathlib import Path

from course_utils import quiet

quiet.import_tensorflow_alone()
import tensorflow as tf  # noqa: E402

KINDS = {
    "double": tf.float64,
    "int32": tf.int32,
    "int64": tf.int64,
    "uint8": tf.uint8,
    "bool": tf.bool,
}


class Contract(tf.Module):
    """Signatures whose answers can be worked out in one's head."""

    @tf.function(input_signature=[tf.TensorSpec((None, 2, 3), tf.float32, name="images")])
    def means(self, images):
        return {"means": tf.reduce_mean(images, axis=2)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.float32, name="x")])
    def same(self, x):
        return {"y": tf.identity(x)}

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, 2), tf.float32, name="a"),
            tf.TensorSpec((None,), tf.float32, name="b"),
        ]
    )
    def two(self, a, b):
        return {"sum": a + b[:, None], "total": tf.reduce_sum(a, axis=1) + b}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="text")])
    def texts(self, text):
        return {"text": tf.identity(text), "text_bytes": tf.identity(text)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="image_bytes")])
    def lengths(self, image_bytes):
        return {"length": tf.strings.length(image_bytes)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.float32, name="x")])
    def whole(self, x):
        return {"largest": tf.reduce_max(x)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.float32, name="x")])
    def fails(self, x):
        with tf.control_dependencies(
            [tf.debugging.assert_positive(x, message="x must be positive")]
        ):
            return {"y": tf.identity(x)}


def write(folder):
    contract = Contract()
    signatures = {
        "serving_default": contract.means,
        "same": contract.same,
        "two": contract.two,
        "texts": contract.texts,
        "lengths": contract.lengths,
        "whole": contract.whole,
        "fails": contract.fails,
    }
    for name, kind in KINDS.items():
        signatures[name] = tf.function(lambda x: {"y": tf.identity(x)}).get_concrete_function(
            tf.TensorSpec((None,), kind, name="x")
        )
    tf.saved_model.save(contract, str(folder), signatures=signatures)


if __name__ == "__main__":
    for version in ("1", "00000002"):
        write(Path(sys.argv[1]) / version)
