"""The JSON of the REST interface: from a request's body to arrays; `json_answers` writes.

The real server reads with RapidJSON, which differs from Python's `json`: text after the document is
ignored, of duplicate keys the first counts, numbers beyond a double are an error. Rules and texts
follow tensorflow_serving/util/json_tensor.cc; https://www.tensorflow.org/tfx/serving/api_rest
describes them.
"""

import base64
import binascii
import json
import math
import re

import numpy as np

from course_utils.serving.standin.json_answers import decimal
from course_utils.serving.standin.refusal import LONGEST, Refusal, invalid
from course_utils.serving.tensors import FIELDS, MOST_AXES

WORDS = {
    "Expecting property name enclosed in double quotes": "Missing a name for object member.",
    "Expecting ':' delimiter": "Missing a colon after a name of object member.",
    "Expecting ',' delimiter": "Missing a comma or ] after an array element.",
    "Expecting value": "Invalid value.",
    "Invalid control character at": "Invalid encoding in string.",
    "Unterminated string starting at": "Missing a closing quotation mark in string.",
    "Invalid \\escape": "Invalid escape character in string.",
    "Invalid \\uXXXX escape": "Incorrect hex digit after \\u escape in string.",
}
"""What Python says of bad JSON, and what RapidJSON says."""

LONG_NUMBER = re.compile(r"[eE]\+?0*[0-9]{3}|[0-9]{19}")
NO_SPACE = str.maketrans("", "", " \t\n\v\f\r")
TRUTH = re.compile(r"true|false|null")


def parse(body):
    """Read a request's body.

    Parameters
    ----------
    body : bytes

    Returns
    -------
    document : dict
    plain : bool
        Its lists may hold numbers, strings and lists only; no truth value and no null.

    Raises
    ------
    Refusal
        When it is no JSON, or no object.
    """
    text = body.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    start = len(text) - len(text.lstrip(" \t\n\r"))
    if start == len(text):
        raise invalid(
            "JSON Parse error: The document is empty" + (f" at offset: {start}" if body else "")
        )
    long_numbers = (
        {"parse_float": _finite, "parse_int": _integer} if LONG_NUMBER.search(text) else {}
    )
    decoder = json.JSONDecoder(object_pairs_hook=_first_wins, **long_numbers)
    try:
        document, _ = decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        words = next(
            (ours for theirs, ours in WORDS.items() if error.msg.startswith(theirs)),
            "Invalid value.",
        )
        raise invalid(f"JSON Parse error: {words} at offset: {error.pos}") from error
    except OverflowError as error:
        raise invalid(
            "JSON Parse error: Number too big to be stored in double. at offset:"
            f" {text.find(str(error))}"
        ) from error
    except RecursionError as error:
        raise invalid("JSON Parse error: Terminate parsing due to too deep nesting.") from error
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {shown(document)} Is not object")
    return document, TRUTH.search(text) is None


def _first_wins(pairs):
    return dict(reversed(pairs))


def _finite(text):
    value = float(text)
    if math.isinf(value):
        raise OverflowError(text)
    return value


def _integer(text):
    """As RapidJSON: what 64 bits can't hold is a double."""
    return (
        int(text)
        if len(text) < 19 or (-(2**63) <= float(text) < 2**64 and len(text) < 25)
        else _finite(text)
    )


def shown(value):
    """Return a value as it stands in error messages: its first thousand letters."""
    if isinstance(value, float) and not math.isfinite(value):
        return decimal(value)
    parts, length = [], 0
    try:
        for part in json.JSONEncoder(indent=4).iterencode(value):
            parts.append(part)
            length += len(part)
            if length > LONGEST:  # the rest is cut off, and may be long
                break
    except RecursionError:
        return "[...]"
    return "".join(parts)[:LONGEST]


def signature_name(document):
    """Return the signature that a document asks for; "" for the usual one."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(
            f"JSON Value: {shown(document)} not formatted correctly. 'signature_name' key must be a"
            " string value."
        )
    return name


def to_arrays(document, plain, types):
    """Take the inputs out of a document.

    Parameters
    ----------
    document : dict
    plain : bool
        As `parse` returned them.
    types : dict of str to str
        Name of each input and its type, "DT_FLOAT".

    Returns
    -------
    arrays : dict of str to ndarray
    row : bool
        The inputs stood in "instances", so the answer takes the row form too.

    Raises
    ------
    Refusal
    """
    if "instances" in document and "inputs" in document:
        raise invalid(
            f"JSON Value: {shown(document)} Not formatted correctly expecting only one of 'inputs'"
            " or 'instances' keys to exist "
        )
    if "instances" in document:
        instances = document["instances"]
        if not isinstance(instances, list):
            raise invalid(
                f"JSON Value: {shown(document)} Expecting 'instances' to be an list/array"
            )
        if not instances:
            raise invalid(f"JSON Value: {shown(document)} No values in 'instances' array")
        return _from_rows(instances, plain, types), True
    if "inputs" in document:
        return _from_columns(document["inputs"], plain, types), False
    raise invalid("Missing 'inputs' or 'instances' key")


def _from_rows(instances, plain, types):
    objects = _is_object(instances[0])
    if not objects:
        if len(types) > 1:
            raise invalid(
                "instances is a plain list, but expecting list of objects as multiple input tensors"
                " required as per tensorinfo_map"
            )
        ((name, dtype),) = types.items()
        if (quick := _quick_array(instances, plain, dtype)) is not None:
            return {name: quick}
    collected = {}
    for position, element in enumerate(instances):
        if _is_object(element) != objects:
            wanted, got = ("object", "list") if objects else ("value/list", "object")
            raise invalid(f"Expecting {wanted} but got {got} at item {position} of input list")
        named = element if objects else {next(iter(types)): element}
        for key, value in named.items():
            where = (
                f"Failed to process element: {position}{f' key: {key}' if objects else ''} of"
                " 'instances' list. Error: INVALID_ARGUMENT: "
            )
            if key not in types:
                raise invalid(where + f"JSON object: does not have named input: {key}")
            try:
                array = to_array(value, types[key])
            except Refusal as refusal:
                raise Refusal(refusal.code, where + refusal.message) from refusal
            first = collected.setdefault(key, []) and collected[key][0]
            if collected[key] and first.size != array.size:
                raise invalid(where + f"Expecting tensor size: {first.size} but got: {array.size}")
            if collected[key] and first.shape != array.shape:
                raise invalid(where + f"Expecting shape {_shape(first)} but got: {_shape(array)}")
            collected[key].append(array)
        if objects and set(named) != set(types):
            raise invalid(
                f"Failed to process element: {position} of 'instances' list. JSON object:"
                f" {shown(element)} keys must be equal to: {','.join(sorted(types))}"
            )
    return {key: np.stack(arrays) for key, arrays in collected.items()}


def _from_columns(inputs, plain, types):
    if not _is_object(inputs):
        if len(types) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors"
                " required as per tensorinfo_map"
            )
        inputs = {next(iter(types)): inputs}
    arrays = {}
    for name, dtype in types.items():
        if name not in inputs:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
        quick = _quick_array(inputs[name], plain, dtype)
        arrays[name] = to_array(inputs[name], dtype) if quick is None else quick
    return arrays


def _is_object(value):
    return isinstance(value, dict) and not is_base64(value)


def is_base64(value):
    """Tell whether a value is {"b64": "..."} and nothing more."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _shape(array):
    return f"[{','.join(map(str, array.shape))}]"


def _quick_array(value, plain, dtype):
    """Return what NumPy makes of a rectangular list of numbers.

    None when there is anything to look at more closely.
    """
    if not plain or dtype != "DT_FLOAT" or not isinstance(value, list):
        return None
    try:
        array = np.asarray(value)  # of ragged lists NumPy makes none
    except (ValueError, OverflowError):
        return None
    if array.dtype.kind not in "fi":
        return None
    with np.errstate(over="ignore"):  # beyond float32 is infinity, as in C++
        return array.astype(np.float32)


def to_array(value, dtype):
    """Turn nested lists into an array of a type, or say as the real server what is wrong."""
    if dtype not in FIELDS:
        raise Refusal(
            "UNIMPLEMENTED",
            f"Conversion of JSON Value: {shown(value)} to type:"
            f" {dtype.removeprefix('DT_').lower()}",
        )
    shape, first = [], value
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
        if len(shape) >= MOST_AXES:
            raise invalid(
                f"Lists are nested in {MOST_AXES} others or more; no tensor has such axes"
            )
    values = []
    _fill(value, 0, shape, dtype, values)
    array = np.empty(len(values), FIELDS[dtype][0])
    with np.errstate(over="ignore"):
        array[:] = values
    return array.reshape(shape)


def _fill(value, level, shape, dtype, values):
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON DOM."
                f" Expected at level: {len(shape)}"
            )
        values.append(_element(value, dtype))
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size:"
            f" {shape[level]}"
        )
    for element in value:
        _fill(element, level + 1, shape, dtype, values)


def _element(value, dtype):
    kind = FIELDS[dtype][0]
    if kind == "object":
        if isinstance(value, str):
            return value.encode(
                "utf-8",
                (
                    "surrogatepass"
                    if any(
                        "\ud800" <= c < "\udc80" or (c > "\udcff" and c <= "\udfff") for c in value
                    )
                    else "surrogateescape"
                ),
            )
        if isinstance(value, dict):
            return bytes_of(value)
    elif kind == "bool":
        if isinstance(value, bool):
            return value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if kind.startswith("float"):
            return value
        limits = np.iinfo("int32" if FIELDS[dtype][1] == "int_val" else kind)
        if isinstance(value, int) and limits.min <= value <= limits.max:
            return value
    names = {dict: "Object", list: "Array", str: "String", bool: str(value), type(None): "Null"}
    raise invalid(
        f"JSON Value: {shown(value)} Type: {names.get(type(value), 'Number')} is not of expected"
        f" type: {dtype.removeprefix('DT_').lower()}"
    )


def bytes_of(value):
    """Decode {"b64": "..."} as absl::Base64Unescape does.

    White space counts nowhere, "." pads as "=" does, and padding may be missing, but not be wrong.
    """
    if not is_base64(value):
        raise invalid(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    text = value["b64"].translate(NO_SPACE)
    letters = text.rstrip("=.")
    padding, missing = len(text) - len(letters), -len(letters) % 4
    if padding not in (0, missing) or missing == 3:
        raise invalid("Unable to base64 decode")
    try:
        return base64.b64decode(letters + "=" * missing, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("Unable to base64 decode") from error
