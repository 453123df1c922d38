"""Reading pairs, the normal form, and which modules a chapter depends on."""

from pathlib import Path

import nbformat
import pytest

from course_utils.command import notebooks
from course_utils.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]


def source_of(*cells):
    return nbformat.v4.new_notebook(
        cells=list(cells),
        metadata={"kernelspec": dict(notebooks.KERNEL), "jupytext": {"formats": "ipynb"}},
    )


def executed_from(source, outputs):
    """Imitate papermill: an injected cell, run-time metadata, any execution counts."""
    injected = nbformat.v4.new_code_cell(
        "PROFILE = 'real'", metadata={"tags": ["injected-parameters"]}
    )
    cells = [injected]
    for cell, cell_outputs in zip(source.cells, outputs, strict=True):
        cell = nbformat.from_dict(cell)
        if cell.cell_type == "code":
            cell.update(execution_count=17, outputs=cell_outputs)
            cell.metadata["papermill"] = {"duration": 1.5}
        cells.append(cell)
    return nbformat.v4.new_notebook(
        cells=cells, metadata={"papermill": {"start_time": "now"}, "widgets": {"state": {}}}
    )


def test_normal_form_keeps_outputs_and_drops_the_run():
    source = source_of(
        nbformat.v4.new_markdown_cell("# T"),
        nbformat.v4.new_code_cell("print(1)", metadata={"tags": ["t"]}),
        nbformat.v4.new_code_cell("2"),
    )
    stream = [
        nbformat.v4.new_output("stream", name="stdout", text="1"),
        nbformat.v4.new_output("stream", name="stdout", text="\n"),
    ]
    result = [
        nbformat.v4.new_output("execute_result", data={"text/plain": "2"}, execution_count=17)
    ]
    done = notebooks.normal_form(source, executed_from(source, [None, stream, result]))
    assert [cell.source for cell in done.cells] == ["# T", "print(1)", "2"]
    assert done.cells[1].outputs == [{"output_type": "stream", "name": "stdout", "text": "1\n"}]
    assert done.cells[2].outputs[0].execution_count == done.cells[2].execution_count == 2
    assert done.cells[1].metadata == {"tags": ["t"]}
    assert set(done.metadata) == {"kernelspec", "language_info"}


def test_live_widgets_leave_their_sentence_only():
    source = source_of(nbformat.v4.new_code_cell("slider"))
    output = nbformat.v4.new_output(
        "display_data",
        data={
            "application/vnd.jupyter.widget-view+json": {"model_id": "ab"},
            "text/plain": "Widget: move it",
        },
    )
    done = notebooks.normal_form(source, executed_from(source, [[output]]))
    assert done.cells[0].outputs[0].data == {"text/plain": "Widget: move it"}


def test_cell_names_come_from_the_text_and_differ():
    source = source_of(
        nbformat.v4.new_code_cell("x"),
        nbformat.v4.new_code_cell("x"),
        nbformat.v4.new_code_cell("y"),
    )
    first, second = (
        notebooks.normal_form(source, executed_from(source, [[], [], []])) for _ in range(2)
    )
    names = [cell.id for cell in first.cells]
    assert len(set(names)) == 3
    assert names == [cell.id for cell in second.cells]


def dependencies(root, code):
    found = notebooks.imported_files([code], root)
    return [path.relative_to(root / "course_utils").as_posix() for path in found]


def test_modules_are_found_through_others(tmp_path):
    package = tmp_path / "course_utils"
    (package / "deep").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "a.py": "from course_utils.deep import b\n",
        "deep/__init__.py": "",
        "deep/b.py": "import course_utils.c\n",
        "c.py": "",
        "unused.py": "",
    }.items():
        (package / name).write_text(text)
    assert dependencies(
        tmp_path, "%matplotlib inline\nfrom course_utils import a\nimport numpy"
    ) == ["__init__.py", "a.py", "c.py", "deep/__init__.py", "deep/b.py"]


def test_tables_textures_and_modules_that_are_run_count(tmp_path):
    package = tmp_path / "course_utils"
    for name, text in {
        "__init__.py": "",
        "masks/__init__.py": "",
        "masks/draw.py": 'command = ["-m", "course_utils.server", "course_utils.no_such"]\n',
        "masks/head.csv": "1",
        "masks/textures/deep/cloth.png": "2",
        "masks/__pycache__/draw.pyc": "3",
        "server/__init__.py": "",
        "server/__main__.py": "from course_utils.server import answers\n",
        "server/answers.py": "",
        "other/__init__.py": "",
        "other/table.csv": "4",
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    assert dependencies(tmp_path, "from course_utils.masks import draw") == [
        "__init__.py",
        "masks/__init__.py",
        "masks/draw.py",
        "masks/head.csv",
        "masks/textures/deep/cloth.png",
        "server/__init__.py",
        "server/__main__.py",
        "server/answers.py",
    ]


def test_no_file_that_chapters_use_moves_no_fingerprint():
    code = [path.read_text(encoding="utf-8") for path in (ROOT / "chapters").glob("*.py")]
    found = {
        path.relative_to(ROOT / "course_utils").as_posix()
        for path in notebooks.imported_files(code, ROOT)
    }
    there = {
        path.relative_to(ROOT / "course_utils").as_posix()
        for path in (ROOT / "course_utils").rglob("*.*")
        if "__pycache__" not in path.parts
    }
    left = {path for path in there - found if not path.startswith("command/")}
    assert not {path for path in left if not path.endswith(".py")}
    drawing = "masks/draw.py"  # draws the textures, which count themselves
    assert {path for path in left if path.startswith(("masks/", "serving/", "faces/"))} == {drawing}


def test_a_broken_notebook_gets_one_sentence(tmp_path):
    path = tmp_path / "03_x.ipynb"
    with pytest.raises(
        CourseError, match="03_x.ipynb is missing: `course run 03 --update` makes it"
    ):
        notebooks.read_notebook(path)
    path.write_text("{not json")
    with pytest.raises(CourseError, match="is no readable notebook"):
        notebooks.read_notebook(path)
