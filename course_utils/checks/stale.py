"""Notice that a check judges an older answer, because the newer one did not run.

After a `SyntaxError` Python still knows the function as it was before. A reader who then runs the
check would take its verdict for one on the new text.
"""

import ast
import inspect
import re
import sys

CALL = re.compile(r"\bcheck_\d+\(\s*(\w+)\s*\)")


def warning():
    """Say that the newest cell with the checked answer did not run; "" when it did.

    The cells that were run stand in IPython's list `In`, those that failed, too; the last one holds
    the check. Where no notebook runs, or the check is called in another way, nothing is said.

    Returns
    -------
    str
        A sentence.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    cells = [] if shell is None else list(shell.user_ns.get("In", ()))
    call = CALL.search(cells[-1]) if cells else None
    if call is None:
        return ""
    name = call[1]
    defines = re.compile(rf"^(?:async )?(?:def|class) {name}\b|^{name}\s*(?::[^=\n]*)?=(?!=)", re.M)
    newest = next((cell for cell in reversed(cells[:-1]) if defines.search(cell)), None)
    if newest is None:
        return ""
    try:
        ast.parse(newest)
    except SyntaxError as error:
        return (
            f"But your newest cell with `{name}` has a {type(error).__name__} in line"
            f" {error.lineno}, so this was your *older* answer: mend the cell and run it again."
        )
    if _stands_in(newest, shell.user_ns.get(name)):
        return ""
    return (
        f"But your newest cell with `{name}` stopped with an error, so this was your *older*"
        " answer: mend the cell and run it again."
    )


def _stands_in(cell, answer):
    """Tell whether a function was written in a cell; of anything else it can't be told: yes."""
    if not inspect.isfunction(answer):
        return True
    try:
        source = inspect.getsource(answer)
    except (OSError, TypeError):
        return True
    return source.strip() in cell
