"""A chapter that is opened in JupyterLab and saved is the same file as before."""

import shutil
from pathlib import Path

import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from jupytext.sync_contentsmanager import build_sync_jupytext_contents_manager_class
from traitlets.config.loader import PyFileConfigLoader

from course_utils.command import lab, notebooks

ROOT = Path(__file__).resolve().parents[2]
PAIRS = notebooks.find_pairs(ROOT) + notebooks.find_pairs(ROOT, "solutions")
OF_A_KERNEL = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": "3.12.99",
}
"""What JupyterLab puts into a notebook when its kernel has started."""


@pytest.fixture
def contents(tmp_path):
    """The part of Jupyter Server that writes notebooks, with Jupytext and the course's settings."""
    shutil.copy(ROOT / "jupytext.toml", tmp_path)
    (tmp_path / "chapters").mkdir()
    config = PyFileConfigLoader("jupyter_server_config.py", path=str(lab.SETTINGS)).load_config()
    manager = build_sync_jupytext_contents_manager_class(LargeFileManager)
    return manager(config=config, root_dir=str(tmp_path))


def save(contents, name, change=None):
    model = contents.get(name)
    model["content"]["metadata"]["language_info"] = OF_A_KERNEL
    if change:
        change(model["content"]["cells"])
    contents.save({"type": "notebook", "format": "json", "content": model["content"]}, name)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.source.parent.name}-{pair.name}")
def test_opening_and_saving_changes_no_byte(contents, tmp_path, pair):
    copies = [
        Path(shutil.copy(path, tmp_path / "chapters")) for path in (pair.source, pair.notebook)
    ]
    for opened in copies:  # a reader may open either
        save(contents, f"chapters/{opened.name}")
        for original, copy in zip((pair.source, pair.notebook), copies, strict=True):
            assert copy.read_bytes() == original.read_bytes(), f"{copy.name} via {opened.name}"


def test_an_answer_is_all_that_git_sees(contents, tmp_path):
    pair = PAIRS[0]
    for path in (pair.source, pair.notebook):
        shutil.copy(path, tmp_path / "chapters")

    def answer(cells):
        (cell,) = [cell for cell in cells if "exercise-0-4" in cell["metadata"].get("tags", [])]
        cell["source"] = "false_alarm_share = None"

    save(contents, f"chapters/{pair.notebook.name}", answer)
    before = pair.source.read_text(encoding="utf-8").splitlines()
    after = (tmp_path / "chapters" / pair.source.name).read_text(encoding="utf-8").splitlines()
    assert set(after) - set(before) == {"false_alarm_share = None"}
    assert 'tags=["exercise-0-4"]' in "\n".join(after)
