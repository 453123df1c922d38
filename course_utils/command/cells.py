"""The form of a chapter's code cells: what a student can read without scrolling or unfolding.

What is excepted, and why, stands in `chapters/cell_exceptions.toml`; an exception that nothing
needs any more is a finding as well.
"""

import ast
import tomllib

from course_utils.command import notebooks

WIDTH = 88
"""Characters: JupyterLab cuts off a longer line."""

LINES = 15
"""Lines of a cell, empty ones not counted."""

LONG = 25
"""Lines that one cell of a chapter may reach."""

NAMES = 8
"""Names that the first importing cell brings in."""

EXCEPTIONS = "chapters/cell_exceptions.toml"

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def broken_rules(cells):
    """Find what breaks the form.

    Parameters
    ----------
    cells : sequence of NotebookNode
        All cells of a chapter.

    Yields
    ------
    tuple of (str, int, str)
        The rule ("width", "lines", "comprehension" or "imports"), the cell's number from 1, and a
        sentence.
    """
    code = [
        (number, cell.source)
        for number, cell in enumerate(cells, start=1)
        if cell.cell_type == "code"
    ]
    for number, source in code:
        widest = max(map(_width, source.splitlines()), default=0)
        if widest > WIDTH:
            yield "width", number, f"has a line of {widest} characters: {WIDTH} can be seen."
        if any(map(_is_nested, ast.walk(_parsed(source)))):
            yield "comprehension", number, "nests a comprehension: give the inner one a name."
    yield from _long_cells(code)
    yield from _many_imports(code)


def check_cells(pair, root):
    """Hold a chapter's cells to their form, with what is excepted.

    Parameters
    ----------
    pair : course_utils.command.notebooks.Pair
    root : pathlib.Path
        The course's folder.

    Returns
    -------
    list of (int or None, str)
        The cell's number and what is wrong with it; None for an exception that nothing needs.
    """
    excepted = _exceptions(root).get(pair.name, {})
    broken = list(broken_rules(notebooks.read_source(pair).cells))
    findings = [(number, sentence) for rule, number, sentence in broken if rule not in excepted]
    idle = sorted(set(excepted) - {rule for rule, _, _ in broken})
    if idle:
        what = ", ".join(idle)
        findings.append((None, f"no longer needs its exception ({what}): take it out."))
    return findings


def _exceptions(root):
    path = root / EXCEPTIONS
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _parsed(source):
    plain = "\n".join("" if line.startswith(("%", "!")) else line for line in source.splitlines())
    return ast.parse(plain)


def _width(line):
    return 0 if "://" in line else len(line)


def _is_nested(node):
    if not isinstance(node, COMPREHENSIONS):
        return False
    inside = (inner for inner in ast.walk(node) if inner is not node)
    return len(node.generators) > 1 or any(isinstance(inner, COMPREHENSIONS) for inner in inside)


def _long_cells(code):
    counts = [
        (len([line for line in source.splitlines() if line.strip()]), n) for n, source in code
    ]
    longer = sorted((count, number) for count, number in counts if count > LINES)
    if longer and longer[-1][0] <= LONG:
        longer.pop()
    for count, number in sorted(longer, key=lambda pair: pair[1]):
        allowed = f"{LINES} are allowed, and {LONG} in one cell of a chapter"
        yield "lines", number, f"has {count} lines: {allowed}."


def _many_imports(code):
    for number, source in code:
        imports = [node for node in ast.walk(_parsed(source)) if isinstance(node, _IMPORTS)]
        names = sum(len(node.names) for node in imports)
        if names > NAMES:
            wish = f"{NAMES} are enough to begin with, import the rest where they are used"
            yield "imports", number, f"imports {names} names: {wish}."
        if names:
            return


_IMPORTS = (ast.Import, ast.ImportFrom)
