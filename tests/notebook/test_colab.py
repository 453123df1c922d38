"""A chapter alone in Colab: what its first cell does there, and that it does nothing elsewhere."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from course_utils.command import notebooks
from course_utils.notebook import colab

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ADDRESS = "https://github.com/someone/face-masks"


def names(lock):
    return set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))


def test_what_the_kernel_is_made_of_is_left_alone():
    kept = colab.of_the_kernel()
    assert {"ipykernel", "ipython", "tornado", "pyzmq", "jupyter-client", "traitlets"} <= kept
    assert not {"numpy", "tensorflow", "keras", "ipywidgets", "jupyterlab"} & kept


def test_everything_else_comes_from_the_lock_with_its_hashes():
    kept = colab.of_the_kernel()
    rest = colab.missing(LOCK, kept)
    assert names(rest) == {name for name in names(LOCK) if name not in kept}
    assert {"numpy", "tensorflow", "opencv-python-headless", "imaug"} <= names(rest)
    for block in re.split(r"\n(?=\S)", rest.strip()):
        assert "--hash=sha256:" in block, block


def test_a_module_that_was_loaded_in_another_version_is_noticed(monkeypatch):
    import numpy

    assert colab.outdated() == []
    monkeypatch.setattr(numpy, "__version__", "1.0")
    assert colab.outdated() == ["numpy"]


def test_the_packages_of_the_bootstrap_and_of_colab_come_by_one_uv():
    assert f'UV = "{colab.UV}"' in (ROOT / "bootstrap.py").read_text(encoding="utf-8")
    assert importlib.metadata.version("ipykernel")  # the name that the search begins with


def test_each_copy_is_the_chapter_behind_one_cell(tmp_path):
    told = subprocess.run(
        [sys.executable, "tools/colab.py", f"{ADDRESS}.git", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    pairs = notebooks.find_pairs(ROOT)
    assert len(list((tmp_path / "chapters").glob("*.ipynb"))) == len(pairs) > 9
    for pair in pairs:
        copy = notebooks.read_notebook(tmp_path / "chapters" / pair.notebook.name)
        nbformat.validate(copy)
        first, *others = copy.cells
        assert f"git clone --quiet --depth 1 {ADDRESS} /content/course" in first.source
        chapter = notebooks.read_notebook(pair.notebook)
        assert [cell.source for cell in others] == [cell.source for cell in chapter.cells]
        assert [cell.get("outputs") for cell in others] == [
            cell.get("outputs") for cell in chapter.cells
        ]


def test_the_tool_wants_an_address_of_github(tmp_path):
    told = subprocess.run(
        [sys.executable, "tools/colab.py", "git@example.org:a/b", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 1 and "OWNER/NAME" in told.stderr and not list(tmp_path.iterdir())


def test_elsewhere_the_cell_does_nothing():
    code = TransformerManager().transform_cell(colab.FIRST_CELL.format(address=ADDRESS))
    assert "google.colab" not in sys.modules
    exec(compile(code, "cell", "exec"), {})  # its shell lines need an IPython, and would fail


def test_the_setup_page_shows_this_cell():
    page = (ROOT / "book" / "setup.md").read_text(encoding="utf-8")
    assert colab.FIRST_CELL.format(address="ADDRESS") in page
