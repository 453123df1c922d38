"""Try a reader's function.

Run it on inputs with known answers, and turn what happens into a verdict.
"""

import dis
import linecache
import math
import re
import traceback
import warnings

import numpy as np

from course_utils.checks import not_attempted, not_yet, passed

CELL = re.compile(r"ipython-input|ipykernel_|vscode-notebook-cell")
"""What the file of a function is called that was written in a notebook."""


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


def readers_line(error):
    """Return the line of the reader's own that an error came from; "" when it can't be told.

    Of a traceback the last frame counts that lies in a cell of a notebook: those below it belong
    to libraries.
    """
    if isinstance(error, SyntaxError) and CELL.search(str(error.filename)):
        return (error.text or "").strip()[:100]
    lines = [
        linecache.getline(frame.f_code.co_filename, number).strip()
        for frame, number in traceback.walk_tb(error.__traceback__)
        if CELL.search(frame.f_code.co_filename)
    ]
    return lines[-1][:100] if lines else ""


def stopped_with(error, where=""):
    """Say in one sentence how a reader's code stopped, and which line of theirs it was.

    Parameters
    ----------
    error : Exception
    where : str
        Such as " on an empty list".

    Returns
    -------
    str
        "NameError (name 'x' is not defined) on an empty list, in your line `return x`."
    """
    if isinstance(error, SyntaxError):
        message, where = error.msg, f"{where}, line {error.lineno}" if error.lineno else where
    else:
        message = " ".join(str(error).split())[:160]
    line = readers_line(error)
    line = f", in your line `{line}`" if line and "`" not in line else ""
    return f"{type(error).__name__} ({message}){where}{line}."


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

    returned = []

    def call(what, *arguments):
        try:
            with warnings.catch_warnings(action="ignore"):
                value = function(*arguments)
        except NotImplementedError:
            raise
        except Exception as error:
            sentence = stopped_with(error, f" on {what}")
            raise Refused(f"Your function stopped with {sentence}") from error
        returned[:] = what, value
        return value

    try:
        return passed(exercise, judge(call))
    except Refused as refused:
        return not_yet(exercise, str(refused))
    except NotImplementedError:
        return not_attempted(exercise)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        if not returned:
            raise
        what, value = returned
        return not_yet(
            exercise,
            f"On {what} your function returns {_kind(value)}, which the exercise does not ask for.",
        )


def _kind(value):
    if hasattr(value, "shape"):
        return f"a {type(value).__name__} of shape {value.shape}"
    return f"a {type(value).__name__} such as {repr(value)[:40]}".replace("`", "'")


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
