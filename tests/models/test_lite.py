"""A network in TensorFlow Lite's form: what it says, how it starts, what it refuses."""

import subprocess
import sys

import numpy as np
import pytest

from course_utils import models
from course_utils.errors import CourseError
from course_utils.models import lite

FACES = np.random.default_rng(1).integers(0, 256, (5, 32, 32, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def model():
    return models.build("mobilenetv2", 32, 2, 0.35)


@pytest.fixture(scope="module")
def content(model):
    return lite.convert(model)


def answers(network, faces=FACES):
    return np.stack([outputs[0] for outputs in network(faces)])


def test_says_what_the_keras_network_says(model, content):
    network = lite.LiteNetwork(content)
    assert network.shape == (32, 32, 3)
    assert np.allclose(answers(network), models.compiled(model)(FACES), atol=1e-5)


def test_the_number_of_threads_changes_no_bit(content):
    one = answers(lite.LiteNetwork(content, threads=1))
    for threads in (2, 3, 8):
        assert (answers(lite.LiteNetwork(content, threads=threads)) == one).all()
    assert lite.LiteNetwork(content)([]) == []


def test_sixteen_and_eight_bits_are_smaller_and_nearly_the_same(model, content, caplog, capfd):
    """Nothing is said of it, in a notebook either, where `sys.stderr` is not the descriptor that
    libraries in C++ write to.
    """
    half = lite.convert(model, half=True)
    eight = lite.convert(model, examples=FACES.astype(np.float32))
    assert not caplog.records and capfd.readouterr().err == ""
    assert len(eight) < len(half) < 0.6 * len(content)
    said = answers(lite.LiteNetwork(content))
    assert np.abs(answers(lite.LiteNetwork(half)) - said).max() < 0.02
    assert np.abs(answers(lite.LiteNetwork(eight)) - said).max() < 0.1


def test_asking_starts_without_tensorflow_and_lives_beside_it(content, tmp_path):
    path = tmp_path / "network.tflite"
    path.write_bytes(content)
    code = (
        "import sys, numpy as np; from course_utils.models.lite import LiteNetwork;"
        f"network = LiteNetwork({str(path)!r}); faces = np.zeros((1, 32, 32, 3), np.uint8);"
        "before = network(faces)[0][0]; print('tensorflow' in sys.modules);"
        "from course_utils import quiet; tf = quiet.import_tensorflow_alone();"
        f"whole = tf.lite.Interpreter({str(path)!r}); whole.allocate_tensors(); whole.invoke();"
        "print((network(faces)[0][0] == before).all())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_bytes_that_are_no_network_are_named(tmp_path):
    with pytest.raises(CourseError, match="no TensorFlow Lite network"):
        lite.LiteNetwork(b"half a file")
