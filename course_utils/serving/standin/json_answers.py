"""The JSON of the REST interface.

From arrays to an answer's body, with the real server's number formats.

Rules follow tensorflow_serving/util/json_tensor.cc; Python's `json` would print a float32 with
seventeen digits.
"""

import base64
import json

import numpy as np

from course_utils.serving.standin.refusal import invalid


def decimal(number):
    """Write a float as the real server does.

    Six digits when they suffice, else nine (17 for a double), with "." or "e".
    """
    if not np.isfinite(number):
        return "NaN" if np.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    kind = type(number)
    text = f"{number:g}"
    if kind(text) != number:
        text = f"{number:.{9 if kind is np.float32 else 17}g}"
    return text if "." in text or "e" in text else text + ".0"


def _written(value, as_bytes):
    """Write an array or one of its elements as JSON."""
    if isinstance(value, np.ndarray):
        return "[" + ", ".join(_written(part, as_bytes) for part in value) + "]"
    if isinstance(value, bytes):
        return json.dumps(
            (
                {"b64": base64.b64encode(value).decode()}
                if as_bytes
                else value.decode("utf-8", "replace")
            ),
            ensure_ascii=False,
        )
    if isinstance(value, np.floating):
        return decimal(value)
    return "true" if value is np.True_ else "false" if value is np.False_ else str(int(value))


def answer(outputs, row):
    """Write the outputs of a prediction.

    Parameters
    ----------
    outputs : dict of str to ndarray
        Strings, an array of objects, are written as text, or as base64 when their name ends in
        "_bytes".
    row : bool
        "predictions", an entry an instance; else "outputs", an entry an output. A single output
        loses its name.

    Returns
    -------
    bytes
    """
    if not row:
        parts = {name: _written(array, name.endswith("_bytes")) for name, array in outputs.items()}
        content = (
            next(iter(parts.values()))
            if len(parts) == 1
            else "{\n"
            + ",\n".join(f"        {json.dumps(name)}: {part}" for name, part in parts.items())
            + "\n    }"
        )
        return f'{{\n    "outputs": {content}\n}}'.encode()
    batch = None
    for name, array in outputs.items():
        if array.ndim == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if batch is not None and len(array) != batch:
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {len(array)} expecting: {batch}"
            )
        batch = len(array)
    rows = []
    for position in range(batch or 0):
        parts = {
            name: _written(array[position], name.endswith("_bytes"))
            for name, array in outputs.items()
        }
        rows.append(
            next(iter(parts.values()))
            if len(parts) == 1
            else "\n        {"
            + ", ".join(f"{json.dumps(name)}: {part}" for name, part in parts.items())
            + "}"
        )
    return f'{{\n    "predictions": [{", ".join(rows)}\n    ]\n}}'.encode()


def error(message):
    """Write an error document."""
    return json.dumps({"error": message.encode("utf-8", "replace").decode()}, indent=4).encode()
