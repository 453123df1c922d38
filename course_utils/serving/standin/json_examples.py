"""The examples that `:classify` and `:regress` take: looked at as the real server does.

It looks at them before it looks at the model. Rules and texts follow
tensorflow_serving/util/json_tensor.cc.
"""

from course_utils.serving.standin.json_forms import bytes_of, is_base64, shown
from course_utils.serving.standin.refusal import invalid


def check(document):
    """Refuse a document whose examples are none.

    Parameters
    ----------
    document : dict

    Raises
    ------
    Refusal
    """
    if "context" in document:
        _check_example(document["context"])
    if "examples" not in document:
        raise invalid(
            f"JSON Value: {shown(document)} When method is classify, key 'examples' is expected and"
            " was not found"
        )
    examples = document["examples"]
    if not isinstance(examples, list):
        raise invalid(
            f"JSON Value: {shown(document)} Expecting 'examples' value to be an list/array"
        )
    if not examples:
        raise invalid(f"JSON Value: {shown(document)} 'examples' value is an empty array")
    for example in examples:
        _check_example(example)


def _check_example(example):
    if not isinstance(example, dict):
        raise invalid(f"Example must be JSON object but got JSON {_type(example)}")
    for name, content in example.items():
        first = None
        for value in content if isinstance(content, list) else [content]:
            kind = _kind(name, value)
            first = first or kind
            if kind != first:
                raise invalid(f"Unexpected element type in feature: {name} expecting type: {first}")


def _kind(name, value):
    """Return what a feature of such a value holds: "bytes", "float" or "int64"."""
    if isinstance(value, str):
        return "bytes"
    if is_base64(value):
        bytes_of(value)
        return "bytes"
    if value is None or isinstance(value, dict | list):
        raise invalid(f"Feature: {name} has element with unexpected JSON type: {_type(value)}")
    if isinstance(value, int):
        if 2**63 <= value < 2**64:
            raise invalid(f"Feature: {name} has uint64 element. Only int64 is supported.")
        return "int64"
    return "float"


def _type(value):
    names = {type(None): "Null", bool: str(value), dict: "Object", list: "Array", str: "String"}
    return names.get(type(value), "Number")
