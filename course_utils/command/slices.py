"""What an exercise needs of its chapter: the statements that its names come from, and no others.

A chapter trains networks for minutes; an answer needs a few imports of it. So a chapter is cut
into its statements, and from an exercise backwards those are kept that give a name that is still
wanted (a backward slice: Weiser, Program slicing, 1984), or that change what such a name holds.
"""

import ast
import builtins
import functools
import symtable
from dataclasses import dataclass, field

from IPython.core.inputtransformer2 import TransformerManager

GIVEN = set(dir(builtins)) | {"get_ipython", "display", "In", "Out", "_", "__", "__name__"}


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a cell.

    Attributes
    ----------
    source : str
        Python, without magics.
    tag : str
        "exercise-N-K" where a student wrote it as the answer; else empty.
    """

    source: str
    tag: str = ""
    given: frozenset = field(init=False, compare=False)
    wanted: frozenset = field(init=False, compare=False)

    def __post_init__(self):
        given, wanted = _names(self.source)
        object.__setattr__(self, "given", given)
        object.__setattr__(self, "wanted", wanted)

    @functools.cached_property
    def changed(self):
        """Names whose content it changes without giving them anew: `table["x"] = 1`."""
        found = set()
        for node in ast.walk(ast.parse(self.source)):
            if isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(
                node.ctx, ast.Load
            ):
                found.add(_root(node))
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                found.add(_root(node.value.func))
        return frozenset(found - {None})

    @functools.cached_property
    def is_import(self):
        """Whether it only imports."""
        return isinstance(ast.parse(self.source).body[0], (ast.Import, ast.ImportFrom))


def plain(source):
    """Return a cell's text as Python, its magics as calls."""
    return TransformerManager().transform_cell(source)


@functools.lru_cache(maxsize=10_000)
def statements(source, tag=""):
    """Cut a cell into its statements.

    Parameters
    ----------
    source : str
        As it stands in the notebook.
    tag : str

    Returns
    -------
    tuple of Statement

    Raises
    ------
    SyntaxError
        As `ast.parse`; so do null bytes and nesting without end.
    """
    text = plain(source)
    lines = text.splitlines(keepends=True)
    found = []
    try:
        for node in ast.parse(text).body:
            first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
            column = node.col_offset if first == node.lineno else 0
            piece = "".join(lines[first - 1 : node.end_lineno]).encode()
            after = len(lines[node.end_lineno - 1].encode()) - node.end_col_offset
            found.append(Statement(piece[column : len(piece) - after].decode(), tag))
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error)) from error
    return tuple(found)


def needed(before, *wanted_by):
    """Return the statements that some others depend on.

    Parameters
    ----------
    before : list of Statement
        All that stand before them, in order.
    *wanted_by : Statement
        Those whose names are wanted.

    Returns
    -------
    kept : list of Statement
        In order.
    missing : set of str
        Names that nothing before gives.
    """
    wanted = set().union(*(statement.wanted for statement in wanted_by)) - GIVEN
    modules = {name for statement in before if statement.is_import for name in statement.given}
    kept = []
    for statement in reversed(before):
        if statement.given & wanted:
            wanted -= statement.given
        elif not (statement.changed - modules) & wanted:
            continue
        wanted |= statement.wanted - GIVEN
        kept.append(statement)
    return kept[::-1], wanted


def _root(node):
    """Return the name that a chain such as `table.columns["x"]` begins with, or None."""
    first = node
    while isinstance(first, (ast.Subscript, ast.Attribute)):
        first = first.value
    return first.id if isinstance(first, ast.Name) and first is not node else None


def _names(source):
    """Return the names that a statement gives to the notebook, and those that it takes from it."""
    top = symtable.symtable(source, "cell", "exec")
    given = {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    wanted = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    inner = list(top.get_children())
    while inner:
        table = inner.pop()
        inner += table.get_children()
        wanted |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_global() and symbol.is_referenced()
        }
        given |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_declared_global() and symbol.is_assigned()
        }
    return frozenset(given), frozenset(wanted)
