"""How much memory a model's file would take: its layers and arrays, counted without being built."""

import math

from course_utils import quiet
from course_utils.errors import CourseError

LARGEST = 2**30
"""Bytes of a network's arrays. ResNet-50 has a tenth of it."""

COUNTED = {
    "Activation",
    "Add",
    "BatchNormalization",
    "Conv2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "GlobalAveragePooling2D",
    "InputLayer",
    "MaxPooling2D",
    "ReLU",
    "Rescaling",
    "ZeroPadding2D",
}
"""Layers whose weights are at most kernel x filters x the most channels that there are."""


class Layers:
    """The parts that a network's description names.

    Attributes
    ----------
    found : list of (str, str, dict)
        Module, class and settings of each part, nested ones too.
    """

    def __init__(self, document):
        self.found = []
        waiting = [document]
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                if isinstance(value.get("class_name"), str):
                    settings = value.get("config")
                    self.found.append(
                        (
                            str(value.get("module") or ""),
                            value["class_name"],
                            settings if isinstance(settings, dict) else {},
                        )
                    )
                # how it was trained is not read
                waiting += [part for key, part in value.items() if key != "compile_config"]
            elif isinstance(value, list):
                waiting += value


def stored_bytes(path, stream):
    """Return how many bytes the arrays of a file of weights take when they are read.

    Parameters
    ----------
    path : path-like
        Named in errors.
    stream : binary file
        HDF5. Only its table of contents is read.

    Raises
    ------
    CourseError
        When it points to other files.
    """
    import h5py

    total, waiting = 0, []
    with h5py.File(stream, "r") as file:
        seen, waiting = set(), [file]
        while waiting:
            group = waiting.pop()
            for key in group:
                link = group.get(key, getlink=True)
                item = group[key] if isinstance(link, h5py.HardLink) else None
                elsewhere = isinstance(item, h5py.Dataset) and (item.is_virtual or item.external)
                if item is None or elsewhere:
                    raise CourseError(
                        f"{path} points to weights in another file, which the course does not open:"
                        " ask for a file that holds its own."
                    )
                address = h5py.h5o.get_info(item.id).addr
                if address in seen:
                    continue
                seen.add(address)
                if isinstance(item, h5py.Group):
                    waiting.append(item)
                else:
                    total += math.prod(item.shape or ()) * item.dtype.itemsize
    return total


def declared_bytes(layers, description):
    """Return how many bytes a network's weights take, 0 when a bound on it is no more than usual.

    Parameters
    ----------
    layers : Layers
    description : dict
        The document that names them.

    Returns
    -------
    int
    """
    sizes = [
        (name, _number(settings, "units", "filters"), _kernel(settings), _channels(settings))
        for module, name, settings in layers.found
        if module.startswith("keras.layers")
    ]
    most = max((max(units, channels) for _, units, _, channels in sizes), default=1)
    bound = 4 * sum(units * kernel * most for _, units, kernel, _ in sizes)
    if bound <= LARGEST and all(name in COUNTED for name, *_ in sizes):
        return 0
    keras = quiet.import_keras()
    # In this scope a layer says what it would hold, and holds nothing.
    with keras.StatelessScope(initialize_variables=False):
        model = keras.saving.deserialize_keras_object(
            {**description, "compile_config": None}, safe_mode=True
        )
        return sum(math.prod(weight.shape) * 4 for weight in model.weights)


def _number(settings, *keys):
    values = [settings[key] for key in keys if isinstance(settings.get(key), int)]
    return max([1, *values])


def _kernel(settings):
    sides = settings.get("kernel_size")
    multiple = _number(settings, "depth_multiplier")
    return multiple * math.prod(sides) if isinstance(sides, list) else multiple


def _channels(settings):
    shape = settings.get("batch_shape")
    return shape[-1] if isinstance(shape, list) and shape and isinstance(shape[-1], int) else 1
