"""Widgets have one look, leave a sentence where they can't live, and work when the whole chapter
has been run.
"""

import ast
from pathlib import Path

import ipywidgets
import matplotlib.pyplot as plt
import pytest

from course_utils.command import notebooks
from course_utils.data.faces_table import faces_dir, load_faces
from course_utils.faces import find_faces
from course_utils.notebook import widgets
from course_utils.notebook.fitting_room import fitting_room
from course_utils.pictures.images import read_rgb

ROOT = Path(__file__).resolve().parents[2]


def test_all_controls_of_a_widget_line_up_with_whole_labels():
    slider, menu = (
        ipywidgets.FloatSlider(description="threshold"),
        ipywidgets.Dropdown(description="not sure within", options=[1]),
    )
    box, button, picture = (
        ipywidgets.Checkbox(description="blur"),
        ipywidgets.FileUpload(description="Choose"),
        ipywidgets.HTML(),
    )
    widgets.dress(ipywidgets.VBox([ipywidgets.HBox([slider, box]), menu, button, picture]))
    assert (
        slider.style.description_width == menu.style.description_width
        and slider.layout.width == menu.layout.width
    )
    assert float(slider.style.description_width.removesuffix("em")) > 0.5 * len(menu.description)
    assert (
        box.style.description_width == "initial"
        and picture.layout.width is None
        and button.layout.width is None
    )


def test_a_slider_draws_its_figure_anew_with_its_alternative_text():
    def draw(number):
        figure, axis = plt.subplots(figsize=(1, 1))
        axis.plot([0, number])
        return figure, f"A line up to {number}, <b>."

    open_before = plt.get_fignums()
    slider, picture = widgets.figure_slider(draw, 0, 9, 3, "height").children
    first = picture.value
    slider.value = 4
    assert (
        'alt="A line up to 3, &lt;b&gt;."' in first
        and 'alt="A line up to 4, &lt;b&gt;."' in picture.value
    )
    assert plt.get_fignums() == open_before


def test_every_control_above_a_figure_draws_it_anew():
    def draw(*values):
        return plt.figure(figsize=(1, 1)), f"{values}"

    menu = ipywidgets.Dropdown(options=["a", "b"])
    slider = ipywidgets.IntSlider(value=3)
    picture = widgets.figure_with_controls(draw, menu, slider).children[-1]
    assert 'alt="(&#x27;a&#x27;, 3)"' in picture.value
    menu.value = "b"
    slider.value = 4
    assert 'alt="(&#x27;b&#x27;, 4)"' in picture.value


def test_sliders_move_by_whole_numbers_where_all_of_theirs_are():
    turn, zoom = widgets.sliders({"turn": (0, 90, 15), "zoom": (0.0, 1.5, 0.15)})
    assert isinstance(turn, ipywidgets.IntSlider) and (turn.min, turn.max, turn.value) == (
        0,
        90,
        15,
    )
    assert isinstance(zoom, ipywidgets.FloatSlider) and (zoom.max, zoom.value) == (1.5, 0.15)
    assert [slider.description for slider in (turn, zoom)] == ["turn", "zoom"]


def test_a_mask_is_tried_on_with_every_control():
    picture = read_rgb(faces_dir("sample") / load_faces("sample").picture[0])
    room = fitting_room([picture] * 2, find_faces(picture, max_faces=1) * 2)
    controls, seen = room.children[:-1], room.children[-1]
    kind, color, pattern, wear, position, head = controls
    shown = {seen.value}
    kind.value, color.value, pattern.value = "N95", "#ff0000", "dots"
    shown.add(seen.value)
    wear.value, position.value, head.value = "under-nose", 0.1, 2
    shown.add(seen.value)
    assert len(shown) == 3 and all("before and after the mask" in html for html in shown)


def test_a_shown_widget_leaves_a_sentence(capsys):
    widgets.show(ipywidgets.IntSlider(description="n"), "move it.")
    assert "Widget (needs JupyterLab): move it." in capsys.readouterr().out


def names_read(function):
    """Return the names that a function or lambda takes from outside of itself."""
    bound = {argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)}
    bound |= {
        name.id
        for name in ast.walk(function)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    return {
        name.id
        for name in ast.walk(function)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
    } - bound


def names_bound(cell):
    """Return the names that a cell binds at its top level."""
    functions = (
        ast.FunctionDef,
        ast.ClassDef,
        ast.Lambda,
        ast.ListComp,
        ast.SetComp,
        ast.DictComp,
        ast.GeneratorExp,
    )
    found, waiting = set(), list(ast.parse(cell).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if not isinstance(node, functions):
            waiting += ast.iter_child_nodes(node)
    return found


def spoiled_names(cells):
    """Return the names that a widget's cell reads when it is moved, and that a later cell has bound
    to something else.
    """
    spoiled = {}
    for position, cell in enumerate(cells):
        if "widgets.show(" in cell:
            functions = [
                node
                for node in ast.walk(ast.parse(cell))
                if isinstance(node, (ast.FunctionDef, ast.Lambda))
            ]
            read = set().union(*map(names_read, functions)) if functions else set()
            later = (
                set().union(*map(names_bound, cells[position + 1 :]))
                if cells[position + 1 :]
                else set()
            )
            spoiled |= dict.fromkeys(read & later, position)
    return spoiled


def test_a_name_that_is_bound_again_is_noticed():
    widget = (
        "def draw(change=None):\n    local = worn.value\n    view.value = local +"
        " np.abs(1)\nwidgets.show(box)"
    )
    assert spoiled_names(
        [
            widget,
            "worn = 1",
            "local = 2",
            "[view for view in range(3)]",
            "def np_abs():\n    np = 3",
        ]
    ) == {"worn": 0}


@pytest.mark.parametrize("pair", notebooks.find_pairs(ROOT), ids=lambda pair: pair.name)
def test_a_widget_still_works_after_all_cells_were_run(pair):
    """A callback looks its names up when the reader moves something, after the whole chapter has
    been run.
    """
    cells = [
        "\n".join(
            line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))
        )
        for cell in notebooks.read_source(pair).cells
        if cell.cell_type == "code"
    ]
    assert not spoiled_names(cells)
