"""Parameters and multiply-adds of a network, layer by layer.

A multiply-add is one multiplication together with the addition of its result. Like the papers, only
convolutions and dense layers are counted: normalisation can be folded into the convolution before
it, and activations, additions and pooling are a small part. (He et al. 2015 write "FLOPs" for
multiply-adds; elsewhere one multiply-add is two FLOPs.)
"""

import math

import pandas as pd

from course_utils import quiet
from course_utils.errors import CourseError

STATISTICS = ("moving_mean", "moving_variance")
"""Weights of batch normalisation that are measured, not learned."""

NO_KERNEL = (
    "BatchNormalization",
    "LayerNormalization",
    "GroupNormalization",
    "Normalization",
    "Rescaling",
    "PReLU",
)
"""Layers that may have weights, but no kernel that slides over the picture."""


def count(model):
    """Count what every layer of a network holds and computes for one picture.

    Parameters
    ----------
    model : keras.Model
        Its input size is fixed. Models inside it are walked through as well.

    Returns
    -------
    pandas.DataFrame
        One row a layer, in the order of computation. Columns: `layer` (str, its name), `kind` (str:
        "convolution", "pointwise" for a convolution of 1 x 1, "depthwise", "separable", "dense",
        else the name of the layer's class), `shape` (tuple of int, its output without the batch),
        `parameters` (int: learned weights, frozen ones too; the statistics of batch normalisation
        are not learned), `multiply_adds` (int).

    Raises
    ------
    CourseError
        When the input size is open, a layer is used twice, or a layer has weights of a kind that is
        not known.
    """
    rows = [_cost(layer, model) for layer in _leaves(model)]
    return pd.DataFrame(rows, columns=["layer", "kind", "shape", "parameters", "multiply_adds"])


def _leaves(model):
    """Yield the layers of a model, those of models inside it in their place.

    Input layers are left out.
    """
    calls = {
        layer["config"]["name"]: layer.get("inbound_nodes", [])
        for layer in model.get_config()["layers"]
    }
    for layer in model.layers:
        if len(calls.get(layer.name, [])) > 1:
            raise CourseError(
                f"The layer {layer.name} of {model.name} is used {len(calls[layer.name])} times, so"
                " its cost depends on the place: count a model that uses every layer once."
            )
        if hasattr(layer, "layers"):
            yield from _leaves(layer)
        elif type(layer).__name__ != "InputLayer":
            yield layer


def _cost(layer, model):
    parameters = sum(
        math.prod(weight.shape) for weight in layer.weights if weight.name not in STATISTICS
    )
    shape = tuple(layer.output.shape[1:])
    kind, kernels = _kernels(layer, model)
    if kernels and None in shape:
        raise CourseError(
            f"The input size of {model.name} is open, so nothing can be counted: build it with a"
            " fixed size."
        )
    if kind == "dense":
        positions = math.prod(shape[:-1])
    else:
        positions = math.prod(
            shape[1:] if getattr(layer, "data_format", None) == "channels_first" else shape[:-1]
        )
    return (
        layer.name,
        kind,
        shape,
        parameters,
        positions * sum(math.prod(kernel.shape) for kernel in kernels) if kernels else 0,
    )


def _kernels(layer, model):
    """Return a layer's kind and its kernels.

    Each weight of a kernel is used once at every output position.
    """
    layers = quiet.import_keras().layers
    if isinstance(layer, (layers.SeparableConv1D, layers.SeparableConv2D)):
        return "separable", [layer.depthwise_kernel, layer.pointwise_kernel]
    if isinstance(layer, (layers.DepthwiseConv1D, layers.DepthwiseConv2D)):
        return "depthwise", [layer.kernel]
    if isinstance(layer, (layers.Conv1D, layers.Conv2D, layers.Conv3D)):
        return "pointwise" if set(layer.kernel_size) == {1} else "convolution", [layer.kernel]
    if isinstance(layer, layers.Dense):
        return "dense", [layer.kernel]
    kind = type(layer).__name__
    if layer.weights and kind not in NO_KERNEL:
        raise CourseError(
            f"The layer {layer.name} of {model.name} is a {kind}, which can't be counted: "
            "count knows convolutions, dense layers and normalisation."
        )
    return kind, []
