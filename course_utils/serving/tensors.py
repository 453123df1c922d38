"""NumPy arrays to and from the protocol's tensors (`TensorProto`).

A tensor has a type, a shape and numbers. The numbers lie in `tensor_content` as raw bytes, or one
by one in a field for each type, or, when all that follow are alike, only the first few of them
(tensorflow/core/framework/tensor.proto).
"""

import math

import numpy as np

from course_utils.serving import protos

FIELDS = {
    "DT_FLOAT": ("float32", "float_val"),
    "DT_DOUBLE": ("float64", "double_val"),
    "DT_INT8": ("int8", "int_val"),
    "DT_INT16": ("int16", "int_val"),
    "DT_INT32": ("int32", "int_val"),
    "DT_INT64": ("int64", "int64_val"),
    "DT_UINT8": ("uint8", "int_val"),
    "DT_UINT16": ("uint16", "int_val"),
    "DT_UINT32": ("uint32", "uint32_val"),
    "DT_UINT64": ("uint64", "uint64_val"),
    "DT_BOOL": ("bool", "bool_val"),
    "DT_STRING": ("object", "string_val"),
}
"""Name of the type: what NumPy calls it, and the field that holds its numbers one by one."""

LARGEST = 2**28
"""Bytes. A shape of a few bytes may promise more than the machine has."""

MOST_AXES = 64
"""What NumPy takes."""

POINTER = 8
"""Bytes that each text of an array takes beside its letters."""


def type_name(dtype):
    """Return TensorFlow's own name for a number of the enumeration `DataType`.

    Error messages use it: "float", "string".
    """
    types = protos.load().types
    name = types.DataType.Name(dtype) if dtype in types.DataType.values() else str(dtype)
    return name.removeprefix("DT_").lower()


def size_of(name, shape):
    """Return the bytes of an array of a type, "DT_FLOAT", and a shape."""
    kind = FIELDS.get(name, ("object",))[0]
    return math.prod(shape) * (POINTER if kind == "object" else np.dtype(kind).itemsize)


def to_proto(array):
    """Turn an array into a tensor.

    Parameters
    ----------
    array : array-like
        Numbers, truth values, or bytes (object or S); any shape.

    Returns
    -------
    tensorflow.TensorProto
        Numbers in `tensor_content`, bytes in `string_val`.

    Raises
    ------
    ValueError
        When the protocol has no such type.
    """
    messages = protos.load()
    array = np.asarray(array)
    proto = messages.tensor.TensorProto()
    for side in array.shape:
        proto.tensor_shape.dim.add(size=side)
    if array.dtype.kind in "SO":
        proto.dtype = messages.types.DT_STRING
        proto.string_val.extend(bytes(value) for value in array.ravel())
        return proto
    name = next((name for name, (kind, _) in FIELDS.items() if kind == array.dtype.name), None)
    if name is None:
        raise ValueError(f"A tensor can't hold {array.dtype}.")
    proto.dtype = messages.types.DataType.Value(name)
    proto.tensor_content = (
        np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    )
    return proto


def promised(proto):
    """Return the type and shape that a tensor says it has, ("DT_FLOAT", (2, 3)).

    Raises
    ------
    ValueError
        When the shape is not fully known, or has more axes than an array can have.
    """
    types, sides = protos.load().types, proto.tensor_shape.dim
    if len(sides) > MOST_AXES:
        raise ValueError(f"The shape has {len(sides)} axes, more than {MOST_AXES}")
    shape = tuple(side.size for side in sides)
    if proto.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise ValueError("The shape of the tensor is not fully known")
    known = proto.dtype in types.DataType.values()
    return types.DataType.Name(proto.dtype) if known else str(proto.dtype), shape


def to_array(proto):
    """Turn a tensor into an array.

    Parameters
    ----------
    proto : tensorflow.TensorProto

    Returns
    -------
    numpy.ndarray
        Strings are an array of objects that hold bytes.

    Raises
    ------
    ValueError
        When type, shape and content contradict one another.
    """
    name, shape = promised(proto)
    if name not in FIELDS:
        raise ValueError(f"Tensors of type {type_name(proto.dtype)} are not supported")
    kind, field = FIELDS[name]
    count = math.prod(shape)
    if size_of(name, shape) > LARGEST:
        raise ValueError(f"A tensor of {count} elements is too large")
    if proto.tensor_content and kind != "object":
        if len(proto.tensor_content) != count * np.dtype(kind).itemsize:
            raise ValueError(
                f"tensor_content has {len(proto.tensor_content)} bytes, and the shape"
                f" [{','.join(map(str, shape))}] needs {count * np.dtype(kind).itemsize}"
            )
        return (
            np.frombuffer(proto.tensor_content, np.dtype(kind).newbyteorder("<"))
            .astype(kind, copy=False)
            .reshape(shape)
        )
    values = getattr(proto, field)
    if len(values) > count:
        raise ValueError(
            f"The tensor holds {len(values)} values, more than its shape"
            f" [{','.join(map(str, shape))}] allows"
        )
    if not values and count:  # as in TensorFlow: a tensor without values is all zero
        values = [b"" if kind == "object" else 0]
    array = np.empty(count, kind)
    try:
        array[: len(values)] = values
    except OverflowError as error:
        raise ValueError(f"A value is out of the range of {kind}") from error
    array[len(values) :] = values[-1] if count else 0  # the last value stands for all that follow
    return array.reshape(shape)
