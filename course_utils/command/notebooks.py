"""Chapters as files: the pair of a percent script and an executed notebook.

`NN_slug.py` is the source. `NN_slug.ipynb` holds the same cells and the
outputs of a run, in a normal form: no time, no path, no machine.
"""

import ast
import functools
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from jupytext.config import load_jupytext_config

from course_utils import files
from course_utils.errors import CourseError
from course_utils.notebook.scripts import read_script

IGNORE_TAGS = ("nbval-ignore-output", "nbval-skip")
MODULE = re.compile(r"course_utils(\.\w+)*")
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Pair:
    """A chapter or the solutions of one.

    Attributes
    ----------
    source : pathlib.Path
        The percent script.
    """

    source: Path

    @property
    def name(self):
        return self.source.stem

    @property
    def number(self):
        return self.name.split("_")[0]

    @property
    def notebook(self):
        return self.source.with_suffix(".ipynb")


def find_pairs(root, folder="chapters", wanted=()):
    """List the scripts of a folder in order.

    Parameters
    ----------
    root : pathlib.Path
        The course's folder.
    folder : str
        "chapters" or "solutions".
    wanted : sequence of str
        Numbers ("01", "1") or names ("01_data_collection"); all when empty.

    Returns
    -------
    list of Pair

    Raises
    ------
    CourseError
        When a wanted chapter does not exist.
    """
    pairs = [Pair(path) for path in sorted((root / folder).glob("[0-9][0-9]_*.py"))]
    if not wanted:
        return pairs
    known = {pair.name: pair for pair in pairs} | {pair.number: pair for pair in pairs}
    names = [Path(name).stem.zfill(2) for name in wanted]
    for name in names:
        if name not in known:
            there = ", ".join(pair.number for pair in pairs) or "none"
            raise CourseError(f"There is no chapter {name} in {folder}/: there are {there}.")
    chosen = {known[name].name for name in names}
    return [pair for pair in pairs if pair.name in chosen]


def read_source(pair):
    """Read the percent script as a notebook without outputs.

    Raises
    ------
    CourseError
        When the script is no notebook.
    """
    try:
        notebook = read_script(pair.source)
    except (ValueError, jupytext.formats.JupytextFormatError) as error:
        raise CourseError(
            f"{pair.source} can't be read as a notebook ({error}): mend its cell markers."
        ) from error
    notebook.metadata["kernelspec"] = dict(KERNEL)
    return notebook


def saved_form(pair):
    """Return a script's text as JupyterLab writes it when somebody saves the notebook beside it.

    A script in this form is the same file before and after a chapter was opened, so that Git sees
    a reader's changes and no others.
    """
    config = load_jupytext_config(str(pair.source))
    text = pair.source.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, "py:percent", config=config)
    return jupytext.writes(notebook, "py:percent", config=config)


def tidy_source(pair):
    """Bring a script into the form of `saved_form`; one that has it already is not written."""
    text = saved_form(pair)
    if text != pair.source.read_text(encoding="utf-8"):
        files.write_text(pair.source, text)


def read_notebook(path):
    """Read an `.ipynb` file.

    Raises
    ------
    CourseError
        When it is missing or broken.
    """
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError as error:
        raise CourseError(
            f"{path} is missing: `course run {path.stem[:2]} --update` makes it."
        ) from error
    except (ValueError, nbformat.ValidationError, nbformat.reader.NotJSONError) as error:
        raise CourseError(
            f"{path} is no readable notebook: `course run {path.stem[:2]} --update` makes it anew."
        ) from error


def tags(cell):
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def is_ignored(cell):
    """Tell whether nbval was told not to compare this cell's output."""
    return any(tag in IGNORE_TAGS for tag in tags(cell)) or "NBVAL_" in cell.source


def normal_form(source, executed):
    """Join the cells of the source with the outputs of a run.

    Parameters
    ----------
    source : NotebookNode
        Read from the percent script.
    executed : NotebookNode
        What papermill wrote; its injected cell is left out.

    Returns
    -------
    NotebookNode
        The same bytes for the same run on any day and any machine: cell
        names come from the text, execution counts run from 1, and nothing of
        papermill, the interpreter's version or live widgets is kept.
    """
    ran = [cell for cell in executed.cells if "injected-parameters" not in tags(cell)]
    cells, names, count = [], set(), 0
    for cell, done in zip(source.cells, ran, strict=True):
        name = hashlib.sha1(cell.source.encode()).hexdigest()[:8]
        while name in names:
            name = hashlib.sha1(name.encode()).hexdigest()[:8]
        names.add(name)
        if cell.cell_type == "code":
            count += 1
            new = nbformat.v4.new_code_cell(
                cell.source,
                id=name,
                metadata=cell.metadata,
                execution_count=count,
                outputs=[normal_output(output, count) for output in _joined(done.outputs)],
            )
        elif cell.cell_type == "markdown":
            new = nbformat.v4.new_markdown_cell(cell.source, id=name, metadata=cell.metadata)
        else:
            new = nbformat.v4.new_raw_cell(cell.source, id=name, metadata=cell.metadata)
        cells.append(new)
    metadata = {key: value for key, value in source.metadata.items() if key != "jupytext"}
    metadata["language_info"] = {"name": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _joined(outputs):
    """Join neighbouring pieces of one stream, which arrive in pieces of any size."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else None
        if output.output_type == "stream" and last is not None and last.get("name") == output.name:
            last["text"] += output["text"]
        else:
            joined.append(nbformat.from_dict(dict(output)))
    return joined


def normal_output(output, count):
    """Return one output without live widgets, with the cell's count."""
    output = nbformat.from_dict(dict(output))
    if "data" in output:
        output["data"] = {
            kind: value for kind, value in output["data"].items() if "jupyter.widget" not in kind
        }
    if output.output_type == "execute_result":
        output["execution_count"] = count
    return output


def write_notebook(notebook, path):
    """Write a notebook, whole or not at all."""
    files.write_text(path, nbformat.writes(notebook, version=4, indent=1) + "\n")


def imported_files(sources, root):
    """Find the package's files that some code depends on, directly or through others.

    These are the modules that are imported, or named in a string as `python -m` wants them, and
    of their packages every file that is no Python: textures, tables, a widget's script.

    Parameters
    ----------
    sources : iterable of str
        Python code.
    root : pathlib.Path
        The folder that holds `course_utils/`.

    Returns
    -------
    list of pathlib.Path
        Files below `course_utils/`, sorted.
    """
    found, waiting = set(), list(sources)
    while waiting:
        for name in _named_modules(waiting.pop()):
            parts = name.split(".")
            for length in range(1, len(parts) + 1):
                base = root.joinpath(*parts[:length])
                run = [base / "__main__.py"] if length == len(parts) else []
                for path in (base / "__init__.py", base.with_suffix(".py"), *run):
                    if path.is_file() and path not in found:
                        found.add(path)
                        waiting.append(path.read_text(encoding="utf-8"))
    for package in {path.parent for path in found}:
        found.update(_no_python(package))
    return sorted(found)


def _no_python(package):
    """List what a package holds beside modules, in its own folders that are no packages."""
    for path in package.iterdir():
        if path.is_dir():
            if path.name != "__pycache__" and not (path / "__init__.py").exists():
                yield from _no_python(path)
        elif path.suffix != ".py" and not path.name.startswith("."):
            yield path


@functools.cache
def _named_modules(code):
    """Return the package's modules that some code imports, or names in a string."""
    code = "\n".join(
        "" if line.lstrip().startswith(("%", "!")) else line for line in code.splitlines()
    )
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant):
            names.add(str(node.value))
    return sorted(name for name in names if MODULE.fullmatch(name))
