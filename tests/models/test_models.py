"""The three networks: what the papers say they cost, what a saved file carries, where weights come
from.
"""

import math
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_network import small_network
from started import STARTED

from course_utils import models, quiet
from course_utils.errors import CourseError
from course_utils.figures import architectures as drawing
from course_utils.models import classifier
from course_utils.notebook.contents import content

ROOT = Path(__file__).resolve().parents[2]
keras = quiet.import_keras()
layers = keras.layers

CLASSES = ("with_mask", "ohne Müsli ✔")
PAPERS = {  # parameters in millions, multiply-adds in billions, at 224 pixels with 1,000 classes
    "resnet34": ((21.75, 21.85), (3.55, 3.70)),  # He et al. 2015, table 1: 3.6
    "resnet50": ((25.5, 25.7), (3.8, 4.1)),  # the same: 3.8
    "mobilenetv2": ((3.4, 3.51), (0.295, 0.305)),  # Sandler et al. 2018, table 4: 3.4 and 0.300
}


def small(name, classes=2, **options):
    return models.build(
        name, 32, classes, **({"alpha": 0.35} if name == "mobilenetv2" else {}) | options
    )


@pytest.fixture(scope="module")
def built():
    """Each network once, small, with weights that differ from the usual start."""
    keras.utils.set_random_seed(4)
    return {name: small(name) for name in models.NAMES}


@pytest.fixture(scope="module")
def saved(built, tmp_path_factory):
    """The file of each of them."""
    folder = tmp_path_factory.mktemp("saved") / "kurs é"
    paths = {name: folder / f"{name}.keras" for name in built}
    for name, path in paths.items():
        models.save(built[name], path, CLASSES)
    return paths


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)


def answers(model, pictures):
    """Ask layer by layer: `predict` would compile each network first."""
    return model(pictures, training=False).numpy()


def test_importing_the_package_does_not_load_tensorflow():
    code = (
        "import sys, course_utils.figures.architectures; print([name for name in ('tensorflow',"
        " 'keras') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


# --- counting
@cache
def as_in_the_paper(name):
    return models.build(name, 224, 1000)


@pytest.mark.parametrize("name", models.NAMES)
def test_the_counts_agree_with_the_papers(name):
    costs = models.count(as_in_the_paper(name))
    (least, most), (cheapest, dearest) = PAPERS[name]
    assert least <= costs.parameters.sum() / 1e6 <= most
    assert cheapest <= costs.multiply_adds.sum() / 1e9 <= dearest


def test_resnet34_has_34_layers_with_weights():
    backbone = as_in_the_paper("resnet34").get_layer("backbone")
    on_path = {layer.name for layer in drawing.main_path(drawing.producers(backbone))}
    costs = models.count(backbone)
    assert (
        costs.kind.isin(["convolution", "pointwise"])[costs.layer.isin(on_path)].sum() + 1 == 34
    )  # and the dense layer
    assert set(costs.layer[costs.kind == "pointwise"]) == {
        f"stage{stage}_block1_shortcut_conv" for stage in (2, 3, 4)
    }
    assert backbone.output_shape == (None, 7, 7, 512)


@pytest.mark.parametrize("name", models.NAMES)
def test_tensorflow_counts_the_same(name, built):
    """TensorFlow's own statistics of the traced graph: two FLOPs a multiply-add."""
    import tensorflow as tf
    from tensorflow.python.framework import ops

    traced = tf.function(lambda x: built[name](x, training=False)).get_concrete_function(
        tf.TensorSpec((1, 32, 32, 3))
    )
    graph = traced.graph
    flops = sum(
        ops.get_stats_for_node_def(graph, operation.node_def, "flops").value or 0
        for operation in graph.get_operations()
        if operation.type in ("Conv2D", "DepthwiseConv2dNative", "MatMul")
    )
    assert flops == 2 * models.count(built[name]).multiply_adds.sum()


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(["convolution", "grouped", "depthwise", "separable", "dense"]),
    height=st.integers(5, 12),
    width=st.integers(5, 12),
    channels=st.integers(1, 4),
    filters=st.integers(1, 5),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    bias=st.booleans(),
)
def test_ones_times_ones_add_up_to_the_count(
    kind, height, width, channels, filters, kernel, stride, bias
):
    """A layer whose input and kernel are all ones gives, at every output, the number of its
    multiply-adds.
    """
    ones = {"use_bias": bias}
    made = {
        "convolution": lambda: layers.Conv2D(
            filters, kernel, stride, kernel_initializer="ones", **ones
        ),
        "grouped": lambda: layers.Conv2D(
            filters * channels, kernel, stride, groups=channels, kernel_initializer="ones", **ones
        ),
        "depthwise": lambda: layers.DepthwiseConv2D(
            kernel, stride, depth_multiplier=filters, depthwise_initializer="ones", **ones
        ),
        "separable": lambda: layers.SeparableConv2D(
            filters,
            kernel,
            stride,
            depthwise_initializer="ones",
            pointwise_initializer="ones",
            **ones,
        ),
        "dense": lambda: layers.Dense(filters, kernel_initializer="ones", **ones),
    }[kind]()
    model = keras.Sequential([layers.Input((height, width, channels)), made])
    (row,) = models.count(model).itertuples()
    total = float(model(np.ones((1, height, width, channels), np.float32)).numpy().sum())
    if (
        kind == "separable"
    ):  # its second kernel meets the first one's sums, kernel ** 2 each, instead of ones
        positions = math.prod(row.shape[:2])
        assert row.multiply_adds == positions * channels * kernel**2 + total / kernel**2
    else:
        assert row.multiply_adds == total
    assert row.parameters == model.count_params() and row.shape == model.output_shape[1:]
    assert row.kind == {"grouped": "convolution", "convolution": "convolution"}.get(kind, kind) or (
        row.kind == "pointwise" and kernel == 1
    )


def test_channels_may_come_first():
    costs = [
        models.count(
            keras.Sequential(
                [
                    layers.Input(shape),
                    layers.Conv2D(5, 3, data_format=order),
                    layers.DepthwiseConv2D(3, data_format=order),
                ]
            )
        )
        for shape, order in (((9, 8, 2), "channels_last"), ((2, 9, 8), "channels_first"))
    ]
    assert (
        costs[0].multiply_adds.tolist()
        == costs[1].multiply_adds.tolist()
        == [7 * 6 * 9 * 2 * 5, 5 * 4 * 9 * 5]
    )


def test_statistics_are_not_parameters_and_frozen_weights_are():
    model = keras.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
        ]
    )
    model.trainable = False
    costs = models.count(model)
    assert costs.parameters.tolist() == [3 * 3 * 3 * 4, 4 + 4, 0] and costs.multiply_adds.tolist()[
        1:
    ] == [0, 0]


def test_models_inside_models_are_walked_through(built):
    inner, outer = (
        models.count(built["resnet34"].get_layer("backbone")),
        models.count(built["resnet34"]),
    )
    assert outer.parameters.sum() == inner.parameters.sum() + 512 * 2 + 2
    assert outer.layer.tolist()[-1] == "probabilities" and set(inner.layer) < set(outer.layer)


def with_a_layer_used_twice():
    picture, layer = layers.Input((8, 8, 3)), layers.Conv2D(3, 3, padding="same")
    return keras.Model(picture, layer(layer(picture)))


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (lambda: keras.Sequential([layers.Input((None, None, 3)), layers.Conv2D(4, 3)]), "open"),
        (
            lambda: keras.Sequential([layers.Input((8, 8, 3)), layers.Conv2DTranspose(4, 3)]),
            "Conv2DTranspose",
        ),
        (lambda: keras.Sequential([layers.Input((8, 3)), layers.LSTM(4)]), "LSTM"),
        (with_a_layer_used_twice, "used 2 times"),
    ],
)
def test_what_cannot_be_counted_is_refused(model, problem):
    with pytest.raises(CourseError, match=problem):
        models.count(model())


# --- building
@pytest.mark.parametrize("name", models.NAMES)
def test_a_model_takes_pictures_as_they_are(name, built, pictures):
    model = built[name]
    assert (
        model.input_shape == (None, 32, 32, 3)
        and model.input.dtype == "float32"
        and model.name == name
    )
    found = answers(model, pictures)
    assert (
        found.dtype == np.float32
        and found.shape == (3, 2)
        and np.allclose(found.sum(axis=1), 1, atol=1e-5)
    )


@pytest.mark.parametrize("name", ["resnet50", "mobilenetv2"])
def test_preprocessing_is_what_the_imagenet_weights_were_made_with(name, pictures):
    picture = layers.Input((32, 32, 3))
    ours = answers(keras.Model(picture, classifier._preprocess(picture, name)), pictures)
    theirs = {
        "resnet50": keras.applications.resnet50,
        "mobilenetv2": keras.applications.mobilenet_v2,
    }[name].preprocess_input(pictures.copy())
    assert np.allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "size"), [("resnet34", 33), ("resnet50", 50), ("mobilenetv2", 33), ("mobilenetv2", 50)]
)
def test_any_size_and_number_of_classes(name, size):
    model = models.build(name, size, 4)
    assert model(np.zeros((1, size, size, 3), np.float32)).shape == (1, 4)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("vgg", 64, 2), "resnet34, resnet50, mobilenetv2"),
        (("resnet34", 31, 2), "31 pixels"),
        (("resnet34", 64, 1), "two classes"),
        (("resnet50", 64, 2, 0.5), "alpha"),
        (("mobilenetv2", 64, 2, 0), "alpha = 0"),
        (("mobilenetv2", 64, 2, 1.0, None, 1), "dropout"),
    ],
)
def test_arguments_out_of_range_get_a_sentence(arguments, problem):
    with pytest.raises(CourseError, match=problem):
        models.build(*arguments)


def test_a_frozen_backbone_keeps_weights_and_statistics(pictures):
    model = small("mobilenetv2")
    model.get_layer("backbone").trainable = False
    assert [weight.path for weight in model.trainable_weights] == [
        "probabilities/kernel",
        "probabilities/bias",
    ]
    before = model.get_weights()
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(pictures, np.array([0, 1, 1]), verbose=0)
    changed = [not np.array_equal(old, new) for old, new in zip(before, model.get_weights())]
    assert not any(changed[:-2]) and changed[-1]


def test_mixed_precision_answers_in_float32(pictures):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = small("resnet50")
        assert (
            model.get_layer("backbone").compute_dtype == "float16"
            and model(pictures).dtype == "float32"
        )
    finally:
        keras.config.set_dtype_policy("float32")


def test_after_few_steps_the_statistics_have_arrived():
    """The reason for the low momentum: with Keras' own, a MobileNetV2's maps after 200 steps are
    not those of training.
    """
    faces = np.random.default_rng(1).uniform(-1, 1, (64, 32, 32, 3)).astype(np.float32)
    keras.utils.set_random_seed(1)
    backbone = small("mobilenetv2").get_layer("backbone")
    start, apart = backbone.get_weights(), {}
    normalisations = [
        layer for layer in backbone.layers if isinstance(layer, layers.BatchNormalization)
    ]
    assert {layer.momentum for layer in normalisations} == {classifier.MOMENTUM}
    for momentum in (classifier.MOMENTUM, 0.999):
        backbone.set_weights(start)
        for layer in normalisations:  # one step does what 200 steps on the same batch would
            layer.momentum = momentum**200
        in_training = backbone(faces, training=True).numpy()
        apart[momentum] = (
            np.abs(backbone(faces, training=False).numpy() - in_training).mean()
            / np.abs(in_training).mean()
        )
    assert apart[classifier.MOMENTUM] < 0.2 and apart[0.999] > 0.8, apart


# --- saving and loading
@pytest.mark.parametrize("name", models.NAMES)
def test_a_saved_model_answers_the_same_and_knows_its_classes(name, built, saved, pictures):
    model, class_names = models.load(saved[name])
    assert class_names == CLASSES
    assert np.array_equal(answers(model, pictures), answers(built[name], pictures))
    momenta = {
        layer.momentum
        for layer in model.get_layer("backbone").layers
        if isinstance(layer, layers.BatchNormalization)
    }
    assert momenta == {classifier.MOMENTUM}


@pytest.mark.parametrize("seconds", [0, 4_450_000_000])  # 1970 and 2111: zip knows neither
def test_a_wrong_clock_does_not_keep_a_model_from_being_saved(
    seconds, pictures, tmp_path, monkeypatch
):
    network = small_network()
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: float(seconds))
        models.save(network, tmp_path / "model.keras", ["a", "b"])
        model, _ = models.load(tmp_path / "model.keras")
    assert np.array_equal(answers(model, pictures), answers(network, pictures))
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_a_model_saved_again_counts_as_the_same_and_a_changed_weight_does_not(tmp_path):
    for name in ("one", "two"):  # the second time Keras numbers the layers on
        keras.utils.set_random_seed(1)
        models.save(small_network(), tmp_path / f"{name}.keras", ["a", "b"])
    one, two = tmp_path / "one.keras", tmp_path / "two.keras"
    assert one.read_bytes() != two.read_bytes() and content(one) == content(two)
    model, _ = models.load(one)
    values = model.get_weights()
    values[-1] = values[-1] + 1e-6
    model.set_weights(values)
    models.save(model, two, ["a", "b"])
    assert content(one) != content(two)
    models.save(models.load(one)[0], two, ["b", "a"])
    assert content(one) != content(two)


def test_a_saved_model_needs_nothing_of_this_package(built, saved, pictures, tmp_path):
    np.save(tmp_path / "pictures.npy", pictures)
    code = (
        f"import sys, keras, numpy; model = keras.models.load_model({str(saved['resnet50'])!r}); "
        "numpy.save('answers.npy', model(numpy.load('pictures.npy'), training=False)); "
        "assert not [name for name in sys.modules if name.startswith('course_utils')]"
    )
    done = subprocess.run([*STARTED, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert np.allclose(
        np.load(tmp_path / "answers.npy"), answers(built["resnet50"], pictures), atol=1e-6
    )


def test_a_saved_model_holds_no_optimizer(tmp_path):
    model = small("mobilenetv2")
    model.compile("adam", "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "with_optimizer.keras")
    assert (tmp_path / "with_optimizer.keras").stat().st_size > 2 * 4 * model.count_params()
    models.save(model, tmp_path / "model.keras", ["a", "b"])
    assert (tmp_path / "model.keras").stat().st_size < 1.5 * 4 * model.count_params()
    assert model.optimizer.variables  # the caller can go on training


@pytest.mark.parametrize(
    ("name", "class_names", "problem"),
    [
        ("model.h5", ["a", "b"], "keras"),
        ("model.keras", ["a"], "2 classes"),
        ("model.keras", ["a", "b", "c"], "2 classes"),
        ("model.keras", ["a", "a"], "different"),
    ],
)
def test_a_model_is_not_saved_with_wrong_names(built, tmp_path, name, class_names, problem):
    (tmp_path / name).write_text("earlier")
    with pytest.raises(CourseError, match=problem):
        models.save(built["resnet34"], tmp_path / name, class_names)
    assert (tmp_path / name).read_text() == "earlier" and len(list(tmp_path.iterdir())) == 1


def test_files_that_are_no_model_get_a_sentence(built, saved, tmp_path):
    (tmp_path / "text.keras").write_text("no model")
    (tmp_path / "cut.keras").write_bytes(saved["mobilenetv2"].read_bytes()[:100_000])
    built["mobilenetv2"].save(tmp_path / "plain.keras")
    for name, problem in {
        "none.keras": "is missing",
        "text.keras": "can't be read",
        "cut.keras": "can't be read as a Keras model",
        "plain.keras": "no names of classes",
    }.items():
        with pytest.raises(CourseError, match=f"{name} .*{problem}"):
            models.load(tmp_path / name)


# --- weights
def write_legacy_weights(model, path):
    """Write weights in the older HDF5 layout, which Keras' ImageNet files have."""
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, model)


def same(one, other):
    return all(
        np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True)
    )


@pytest.fixture(scope="module")
def starts():
    """The backbone of each network, put together once, with the weights that it starts with."""
    backbones = {name: small(name).get_layer("backbone") for name in models.NAMES}
    return {name: (backbone, backbone.get_weights()) for name, backbone in backbones.items()}


@pytest.fixture
def put_together(starts, monkeypatch):
    """Let `build` take the backbones that are there: putting one together takes a second."""

    def start(name, size, alpha, weights):
        backbone, values = starts[name]
        backbone.set_weights(values)
        return backbone

    monkeypatch.setattr(classifier, "_backbone", start)


@pytest.mark.parametrize("kind", [".keras", ".weights.h5", ".h5"])
@pytest.mark.parametrize("name", models.NAMES)
def test_weights_come_from_a_file(name, kind, built, saved, starts, put_together, tmp_path):
    path, backbone = tmp_path / f"trained{kind}", built[name].get_layer("backbone")
    if kind == ".keras":
        path = saved[name]
    elif kind == ".h5":
        write_legacy_weights(backbone, path)
    else:
        backbone.save_weights(path)
    assert not same(small(name).get_layer("backbone"), backbone)
    model = small(name, classes=4, weights=path)
    assert same(model.get_layer("backbone"), backbone) and model.output_shape == (None, 4)


def test_weights_that_do_not_fit_get_a_sentence(built, saved, starts, tmp_path, monkeypatch):
    (tmp_path / "text.h5").write_text("no weights")
    shutil.copy(saved["mobilenetv2"], tmp_path / "other.keras")
    built["mobilenetv2"].get_layer("backbone").save_weights(tmp_path / "other.weights.h5")
    write_legacy_weights(built["mobilenetv2"].get_layer("backbone"), tmp_path / "legacy.h5")
    backbone, _ = starts["resnet50"]
    with monkeypatch.context() as patched:
        patched.setattr(classifier, "_backbone", lambda *_: backbone)
        sentence = "other.weights.h5 holds no weights that fit resnet50"
        with pytest.raises(CourseError, match=sentence):
            small("resnet50", weights=tmp_path / "other.weights.h5")
    wider = small("mobilenetv2", alpha=0.5).get_layer("backbone")
    monkeypatch.setattr(classifier, "_backbone", lambda *_: wider)
    for name, problem in {
        "none.h5": "is missing",
        "text.h5": "no weights that fit",
        "other.keras": "no weights that fit",
        "other.weights.h5": "no weights that fit",
        "legacy.h5": "no weights that fit",
    }.items():
        with pytest.raises(CourseError, match=f"{name} .*{problem}"):
            small("mobilenetv2", alpha=0.5, weights=tmp_path / name)


@pytest.fixture(scope="module")
def without_a_network(tmp_path_factory):
    """Ask for ImageNet's weights in a home of Keras' own, without a network: first with an empty
    cache, then with a file in it. Return the sentence of the first time, the first kernel of the
    second, and the backbone of the file.
    """
    home = tmp_path_factory.mktemp("keras")
    small_one = {"name": "mobilenetv2", "size": 96, "classes": 2, "alpha": 0.35}
    file = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5"
    backbone = models.build(**small_one).get_layer("backbone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keras.src.backend.config._KERAS_DIR", str(home))  # read as it is imported
        patch.setattr("urllib.request._opener", None)  # it keeps the proxies that it saw first
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(name, "http://127.0.0.1:9")
        with pytest.raises(models.WeightsUnavailable) as refused:
            models.build(**small_one, weights="imagenet")
        write_legacy_weights(backbone, home / "models" / file)
        model = models.build(**small_one, weights="imagenet")
    kernel = model.get_layer("backbone").get_layer("Conv1").get_weights()[0]
    return str(refused.value), kernel, backbone


def test_imagenet_weights_come_from_the_cache(without_a_network):
    _, kernel, backbone = without_a_network
    assert np.array_equal(kernel, backbone.get_layer("Conv1").get_weights()[0])


def test_without_network_and_cache_a_sentence_says_what_to_do(without_a_network):
    sentence = without_a_network[0]
    assert (
        "can't be fetched" in sentence
        and "_0.35_96_no_top.h5" in sentence
        and "weights=None" in sentence
    )


def test_imagenet_weights_that_do_not_exist_are_not_asked_for():
    with pytest.raises(models.WeightsUnavailable, match="resnet34"):
        small("resnet34", weights="imagenet")
    with pytest.raises(models.WeightsUnavailable, match="alpha = 0.4"):
        small("mobilenetv2", alpha=0.4, weights="imagenet")


# --- drawing
def test_the_drawings_show_what_the_model_holds():
    picture = layers.Input((16, 16, 8))
    y = layers.Conv2D(12, 5, 2, padding="same", name="first")(picture)
    y = layers.DepthwiseConv2D(3, padding="same", name="second")(y)
    x = layers.Conv2D(12, 1, 2, name="beside")(picture)
    model = keras.Model(picture, layers.Add(name="add")([x, y]))
    feeds = drawing.producers(model)
    assert [source.name for source in feeds[model.get_layer("add")]] == ["beside", "second"]
    assert [layer.name for layer in drawing.main_path(feeds)][1:] == ["first", "second", "add"]
    (axis,) = drawing.draw_blocks({"block": model}).axes
    texts = [text.get_text() for text in axis.texts]
    assert {
        "convolution 5 x 5, stride 2",
        "depthwise 3 x 3",
        "convolution 1 x 1, stride 2",
        "add",
    } < set(texts)
    assert texts.count("12") == 4 and texts.count("8") == 1


@pytest.mark.parametrize(
    ("name", "shortcuts", "projected"),
    [("resnet34", 16, 3), ("resnet50", 16, 4), ("mobilenetv2", 10, 0)],
)
def test_the_skyline_has_a_bar_a_convolution_and_an_arc_a_shortcut(
    name, shortcuts, projected, built
):
    backbone = built[name].get_layer("backbone")
    (axis,) = drawing.draw_skylines({name: backbone}).axes
    assert (
        len(axis.lines) == shortcuts
        and sum(line.get_linestyle() == "--" for line in axis.lines) == projected
    )
    bars = [patch for patch in axis.patches if patch.get_zorder() == 2]
    assert len(bars) == models.count(backbone).kind.isin(drawing.KINDS).sum() - projected
    assert bars[-1].get_height() == backbone.output_shape[-1]
