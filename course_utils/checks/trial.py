"""Try a reader's function.

Run it on inputs with known answers, and turn what happens into a verdict.
"""

import dis
import math
import re
import warnings

import numpy as np

from course_utils.checks import not_attempted, not_yet, passed


class Refused(Exception):
    """The answer is not right; the text is the hint."""


def is_stub(function, stub):
    """Tell whether a function's body is as it was shipped, or empty, whatever its docstring."""
    if not hasattr(function, "__code__"):
        return False
    return _steps(function) in (_steps(stub), _steps(lambda: None))


def _steps(function):
    return [
        (step.opname, step.argval)
        for step in dis.get_instructions(function)
        if step.opname != "NOP"
    ]


def check(exercise, function, stub, judge):
    """Let `judge` try a reader's function, and turn what happens into a verdict.

    Parameters
    ----------
    exercise : str
    function : object
        What the reader wrote.
    stub : callable
        The same as it was shipped.
    judge : callable
        Takes `call(what, *arguments)`, returns the praise or raises `Refused`.
    """
    if function is None or function is ... or is_stub(function, stub):
        return not_attempted(exercise)
    if not callable(function):
        return not_yet(
            exercise,
            "The check needs the function itself, not its result: it got a"
            f" {type(function).__name__}.",
        )

    def call(what, *arguments):
        try:
            with warnings.catch_warnings(action="ignore"):
                return function(*arguments)
        except NotImplementedError:
            raise
        except Exception as error:
            message = " ".join(str(error).split())[:160]
            raise Refused(
                f"Your function stopped with {type(error).__name__} ({message}) on {what}."
            ) from error

    try:
        return passed(exercise, judge(call))
    except Refused as refused:
        return not_yet(exercise, str(refused))
    except NotImplementedError:
        return not_attempted(exercise)


def as_share(value):
    """Return a fraction from a number or a text, percent divided by 100; else None."""
    percent = False
    if isinstance(value, str):
        text = value.strip().replace(",", ".")
        percent = bool(re.search(r"(%|percent|per cent)\s*$", text))
        text = re.sub(r"\s*(%|percent|per cent)\s*$", "", text)
    elif isinstance(value, (bool, np.bool_)):
        return None
    else:
        text = value
    try:
        number = float(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return number / 100 if percent or 1 < number <= 100 else number
