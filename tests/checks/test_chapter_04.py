"""Chapter 04: its networks are the published ones; its checks accept every right answer and refuse
wrong ones with a hint each.
"""

import ast
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from every_exercise import *
from exercises import Exercises, refuse_all

from course_utils import models, quiet
from course_utils.checks import chapter_04
from course_utils.notebook.scripts import read_script

ROOT = Path(__file__).resolve().parents[2]
keras = quiet.import_keras()
layers = keras.layers


def defined_in(path):
    """Execute the functions that a chapter defines, and the table of MobileNetV2's blocks."""
    space = {"keras": keras, "layers": layers, "np": np}
    for cell in read_script(path).cells:
        if cell.cell_type == "code":
            kept = [part for part in ast.parse(cell.source).body if _is_kept(part)]
            exec(compile(ast.Module(kept, []), str(path), "exec"), space)
    return space


def _is_kept(part):
    if isinstance(part, ast.Assign):
        return ast.unparse(part.targets[0]) == "TABLE"
    return isinstance(part, ast.FunctionDef)


CHAPTER = defined_in(ROOT / "chapters" / "04_architectures.py")
EXERCISES = Exercises(
    "04_architectures",
    chapter_04,
    known={"keras": keras, "layers": layers, "np": np, "convolve": CHAPTER["convolve"]},
)


# --- the networks written out in the chapter
@pytest.mark.parametrize(("size", "alpha"), [(32, 0.35), (50, 0.5), (33, 1.0), (32, 1.4)])
def test_the_hand_built_mobilenet_is_keras_own_layer_by_layer_and_weight_by_weight(size, alpha):
    """At even and odd sizes, since the two pad in different ways; with random weights and
    statistics.
    """
    ours = CHAPTER["mobilenet_v2"](size, alpha)
    theirs = keras.applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(size, size, 3), alpha=alpha
    )
    pairs = list(
        zip(
            ours.layers,
            (layer for layer in theirs.layers if not isinstance(layer, layers.ZeroPadding2D)),
            strict=True,
        )
    )
    rng = np.random.default_rng(size)
    for a, b in pairs:
        assert type(a) is type(b) and a.output.shape == b.output.shape, (a.name, b.name)
        assert [w.shape for w in a.weights] == [w.shape for w in b.weights]
        if isinstance(b, layers.BatchNormalization):
            assert a.epsilon == b.epsilon
            b.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in b.weights])
        a.set_weights(b.get_weights())
    picture = rng.uniform(-1, 1, (2, size, size, 3)).astype(np.float32)
    outputs = [
        keras.Model(model.input, [pair[side].output for pair in pairs[1:]])(picture)
        for side, model in enumerate((ours, theirs))
    ]
    for (a, _), mine, own in zip(pairs[1:], *outputs, strict=True):
        assert np.allclose(mine, own, rtol=1e-3, atol=1e-3 * np.abs(own).max()), a.name
    assert np.std(outputs[1][-1]) > 0


def test_the_hand_built_resnet_is_the_one_of_the_package():
    ours, theirs = CHAPTER["resnet34"](40), models.build("resnet34", 40, 2).get_layer("backbone")
    ours.set_weights(theirs.get_weights())
    picture = np.random.default_rng(0).uniform(-1, 1, (2, 40, 40, 3)).astype(np.float32)
    assert np.allclose(ours(picture), theirs(picture), atol=1e-4)
    assert models.count(ours).multiply_adds.tolist() == models.count(theirs).multiply_adds.tolist()


# --- 4-1
def from_the_end(steps):
    side = 1
    for kernel, stride in reversed(steps):
        side = (side - 1) * stride + kernel
    return side


@pytest.mark.parametrize(
    "answer",
    [
        from_the_end,
        lambda steps: np.int64(from_the_end(steps)),
        lambda steps: float(from_the_end(steps)),
        lambda steps: (
            1 + sum((k - 1) * math.prod(s for _, s in steps[:i]) for i, (k, _) in enumerate(steps))
        ),
    ],
)
def test_a_receptive_field_may_be_found_in_any_way(answer):
    assert str(chapter_04.check_1(answer)).startswith("✔")


def test_each_mistake_with_the_receptive_field_has_its_hint():
    def jump_too_early(steps):
        side, jump = 1, 1
        for kernel, stride in steps:
            jump *= stride
            side += (kernel - 1) * jump
        return side

    def only_the_last_stride(steps):
        side, before = 1, 1
        for kernel, stride in steps:
            side, before = side + (kernel - 1) * before, stride
        return side

    refuse_all(
        chapter_04.check_1,
        {
            "no strides": lambda steps: 1 + sum(kernel - 1 for kernel, _ in steps),
            "too early": jump_too_early,
            "last stride": only_the_last_stride,
            "area": lambda steps: from_the_end(steps) ** 2,
            "sum": lambda steps: sum(kernel for kernel, _ in steps),
            "off by one": lambda steps: from_the_end(steps) + 1,
            "product": lambda steps: math.prod(kernel for kernel, _ in steps),
            "jump": lambda steps: math.prod(stride for _, stride in steps),
            "reversed": lambda steps: from_the_end(steps[::-1]),
        },
    )
    assert "no step" in chapter_04.check_1(lambda steps: from_the_end(steps) if steps else 0).hint


# --- 4-2
def bottleneck(
    x,
    filters,
    strides=1,
    *,
    at=0,
    first=1,
    inner=3,
    last=4,
    project="needed",
    relus=(True, True),
    norm=True,
    add=True,
    after=True,
    before=False,
    twice=False,
    scale=1,
    bias=False,
):
    """A bottleneck block with every decision open to a mistake."""

    def convolve(x, filters, kernel, strides=1):
        x = layers.Conv2D(filters, kernel, strides, padding="same", use_bias=bias)(x)
        return layers.BatchNormalization()(x) if norm else x

    y = convolve(x, filters * first, 1, strides if at == 0 else 1)
    y = layers.ReLU()(y) if relus[0] else y
    y = convolve(y, filters * first, inner, strides if at == 1 else 1)
    y = layers.Activation("relu")(y) if relus[1] else y
    y = convolve(y, last * filters, 1)
    if twice:
        y = layers.Add()([y, y])
    if before:
        y = layers.ReLU()(y)
    if project == "always" or (project == "needed" and x.shape != y.shape):
        x = convolve(x, last * filters, 1, strides)
    if add:
        y = layers.Add()([x, y]) if project != "never" or x.shape == y.shape else y
    return layers.ReLU()(y) if after else y


def with_operations(x, filters, strides=1):
    """The same without ReLU and Add layers."""
    y = keras.ops.relu(layers.BatchNormalization()(layers.Conv2D(filters, 1, strides)(x)))
    y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(y))
    y = layers.BatchNormalization()(layers.Conv2D(4 * filters, 1)(keras.activations.relu(y)))
    if x.shape[-1] != 4 * filters or strides != 1:
        x = layers.BatchNormalization()(layers.Conv2D(4 * filters, 1, strides)(x))
    return keras.ops.relu(x + y)


def settings_of(**options):
    return lambda x, filters, strides=1: bottleneck(x, filters, strides, **options)


@pytest.mark.parametrize(
    "answer", [settings_of(), settings_of(at=1), settings_of(bias=True), with_operations]
)
def test_a_bottleneck_may_be_written_in_any_way(answer):
    assert str(chapter_04.check_2(answer)).startswith("✔")


def test_each_mistake_with_the_bottleneck_has_its_hint():
    hints = refuse_all(
        chapter_04.check_2,
        {
            "no shortcut": settings_of(add=False, project="never"),
            "no projection": settings_of(project="never"),
            "always projected": settings_of(project="always"),
            "wide inside": settings_of(first=4),
            "inner 1 x 1": settings_of(inner=1),
            "not widened": settings_of(last=1),
            "twice as wide": settings_of(last=2),
            "no ReLU at the end": settings_of(after=False),
            "ReLU before adding": settings_of(before=True),
            "no normalisation": settings_of(norm=False),
            "a ReLU short": settings_of(relus=(False, True)),
            "added twice": settings_of(twice=True),
            "stride lost": settings_of(at=2),
            "plain residual block": lambda x, filters, strides=1: CHAPTER["residual_block"](
                x, 4 * filters, strides
            ),
            "not connected": lambda x, filters, strides=1: layers.Input((8, 8, 64)),
            "averaged": lambda x, filters, strides=1: layers.GlobalAveragePooling2D()(
                bottleneck(x, filters, strides)
            ),
            "an array": lambda x, filters, strides=1: np.zeros((1, 8, 8, 64)),
        },
        different=False,
    )
    assert len(set(hints.values())) >= 13, hints
    assert (
        "projection" in hints["no projection"]
        and "ReLU" in hints["a ReLU short"]
        and "no convolution on the shortcut" in hints["always projected"]
    )


# --- 4-3
@pytest.mark.parametrize(
    "answer",
    [
        lambda k, i, o: k**2 * i * o / (k**2 * i + i * o),
        lambda k, i, o: 1 / (1 / o + 1 / k**2),
        lambda k, i, o: Fraction(k * k * o, k * k + o),
        lambda k, i, o: np.float32(k * k * o / (k * k + o)),
        lambda k, i, o: (k**2 * i * o * 56**2) / ((k**2 * i + i * o) * 56**2),
    ],
)
def test_a_saving_may_be_written_in_any_way(answer):
    assert str(chapter_04.check_3(answer)).startswith("✔")


def test_each_mistake_with_the_saving_has_its_hint():
    def standard(k, i, o):
        return k**2 * i * o

    refuse_all(
        chapter_04.check_3,
        {
            "inverse": lambda k, i, o: 1 / o + 1 / k**2,
            "share": lambda k, i, o: 1 - 1 / o - 1 / k**2,
            "depthwise only": lambda k, i, o: o,
            "pointwise only": lambda k, i, o: k**2,
            "in for out": lambda k, i, o: k**2 * i / (k**2 + i),
            "no square": lambda k, i, o: k * o / (k + o),
            "no division": standard,
            "rounded": lambda k, i, o: round(k**2 * o / (k**2 + o)),
            "whole": lambda k, i, o: standard(k, i, o) // (k**2 * i + i * o),
            "one kernel": lambda k, i, o: standard(k, i, o) / (k**2 + i * o),
            "too many kernels": lambda k, i, o: standard(k, i, o) / (standard(k, i, o) + i * o),
            "near": lambda k, i, o: 1.01 * k**2 * o / (k**2 + o),
        },
    )


# --- 4-4
def by_search(faces, batch_size, epochs, rest):
    """Halve the interval in which the momentum lies, simulating the training."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle, left = (low + high) / 2, 1.0
        for _ in range(epochs):
            for _ in range(0, faces, batch_size):
                left *= middle
        low, high = (middle, high) if left <= rest else (low, middle)
    return low


def steps(faces, batch_size, epochs):
    return epochs * len(range(0, faces, batch_size))


@pytest.mark.parametrize(
    "answer",
    [
        by_search,
        lambda n, b, e, r: r ** (1 / (e * math.ceil(n / b))),
        lambda n, b, e, r: np.exp(np.log(r) / steps(n, b, e)),
        lambda n, b, e, r: np.float64(np.power(r, 1 / (e * ((n + b - 1) // b)))),
        lambda n, b, e, r: math.pow(math.pow(r, 1 / e), 1 / math.ceil(n / b)),
    ],
)
def test_the_momentum_may_be_found_in_any_way(answer):
    assert str(chapter_04.check_4(answer)).startswith("✔")


def test_each_mistake_with_the_momentum_has_its_hint():
    hints = refuse_all(
        chapter_04.check_4,
        {
            "whole batches": lambda n, b, e, r: r ** (1 / (e * max(n // b, 1))),
            "one batch more": lambda n, b, e, r: r ** (1 / (e * (n // b + 1))),
            "parts of a step": lambda n, b, e, r: r ** (b / (e * n)),
            "rounded at the end": lambda n, b, e, r: r ** (1 / math.ceil(e * n / b)),
            "epochs": lambda n, b, e, r: r ** (1 / e),
            "faces": lambda n, b, e, r: r ** (1 / (e * n)),
            "one epoch": lambda n, b, e, r: r ** (1 / math.ceil(n / b)),
            "PyTorch": lambda n, b, e, r: 1 - r ** (1 / steps(n, b, e)),
            "replaced": lambda n, b, e, r: (1 - r) ** (1 / steps(n, b, e)),
            "thumb": lambda n, b, e, r: 1 - 1 / steps(n, b, e),
            "linear": lambda n, b, e, r: 1 - (1 - r) / steps(n, b, e),
            "divided": lambda n, b, e, r: r / steps(n, b, e),
            "power": lambda n, b, e, r: r ** steps(n, b, e),
            "series": lambda n, b, e, r: 1 + math.log(r) / steps(n, b, e),
            "rounded": lambda n, b, e, r: round(r ** (1 / steps(n, b, e)), 2),
            "fixed": lambda n, b, e, r: 0.9,
        },
    )
    assert "PyTorch" in hints["PyTorch"] and "smaller batch" in hints["whole batches"]


# --- 4-5
def right_fold(k, g, b, m, v, e):
    scale = g / np.sqrt(v + e)
    return k * scale, b - m * scale


@pytest.mark.parametrize(
    "answer",
    [
        right_fold,
        lambda *a: list(right_fold(*a)),
        lambda *a: tuple(part.astype(np.float32) for part in right_fold(*a)),
        lambda *a: tuple(keras.ops.convert_to_tensor(part) for part in right_fold(*a)),
        lambda *a: (right_fold(*a)[0], right_fold(*a)[1].reshape(1, 1, 1, -1)),
        lambda k, g, b, m, v, e: (
            np.einsum("hwio,o->hwio", k, g * (v + e) ** -0.5),
            b - g * m / (v + e) ** 0.5,
        ),
    ],
)
def test_a_fold_may_be_written_in_any_way(answer):
    assert str(chapter_04.check_5(answer)).startswith("✔")


def test_each_mistake_with_the_fold_has_its_hint():
    kernel, bias = (lambda *a: right_fold(*a)[0]), (lambda *a: right_fold(*a)[1])
    refuse_all(
        chapter_04.check_5,
        {
            "no epsilon": lambda k, g, b, m, v, e: right_fold(k, g, b, m, v, 0),
            "epsilon outside": lambda k, g, b, m, v, e: (
                k * g / (np.sqrt(v) + e),
                b - m * g / (np.sqrt(v) + e),
            ),
            "no root": lambda k, g, b, m, v, e: (k * g / (v + e), b - m * g / (v + e)),
            "no gamma": lambda k, g, b, m, v, e: right_fold(k, 1, b, m, v, e),
            "bare mean": lambda *a: (kernel(*a), a[2] - a[3]),
            "no gamma in the bias": lambda *a: (kernel(*a), a[2] - a[3] / np.sqrt(a[4] + a[5])),
            "beta": lambda *a: (kernel(*a), a[2]),
            "sign": lambda *a: (kernel(*a), 2 * a[2] - bias(*a)),
            "same kernel": lambda *a: (a[0], bias(*a)),
            "gamma only": lambda *a: (a[0] * a[1], bias(*a)),
            "beta scaled": lambda *a: (kernel(*a), (a[2] - a[3]) * a[1] / np.sqrt(a[4] + a[5])),
            "kernel alone": kernel,
            "turned": lambda *a: (np.swapaxes(kernel(*a), 2, 3), bias(*a)),
            "one number": lambda *a: (kernel(*a), float(bias(*a).sum())),
            "other bias": lambda *a: (kernel(*a), 1.01 * bias(*a)),
            "other kernel": lambda *a: (1.01 * kernel(*a), bias(*a)),
            "both": lambda *a: (2 * kernel(*a), 2 * bias(*a)),
        },
    )
