"""JupyterLab in a real browser: a chapter opened as script and as notebook, its widgets, its
exercises, its quiz; and a picture taken with the browser's camera.
"""

import io
import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from browsing import (
    Watched,
    chromium,
    needs_browser,
    run_first_cell,
    running_jupyterlab,
    wait_for_kernel,
)
from PIL import Image
from playwright.sync_api import expect

from course_utils import project
from course_utils.detection import finished
from course_utils.notebook import quizzes

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = "00_welcome"  # it needs no other chapter
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "COURSE_WORK"},
    "PYTHONPATH": str(ROOT),
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
NUMBERED = re.compile(r"\[\d+\]")
FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
CHECK = "check_1(share_with_mask)"
FITTED = 'img[alt="A head before and after the mask was drawn."]'

pytestmark = needs_browser


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course in a folder of its own, which tests may write to; the finished network
    was asked there before.
    """
    root = tmp_path_factory.mktemp("course")
    finished.network()
    shutil.copytree(project.work_dir() / "lite", root / "work" / "lite")
    for name in ("chapters", "data"):
        shutil.copytree(
            ROOT / name, root / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints")
        )
    for name in ("jupytext.toml", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    return root


@pytest.fixture(scope="module")
def jupyterlab(course, tmp_path_factory):
    with running_jupyterlab(
        course, tmp_path_factory.mktemp("jupyterlab"), **ENVIRONMENT
    ) as address_of:
        yield address_of


@pytest.fixture(scope="module")
def browser():
    with chromium(*FAKE_CAMERA) as started:
        yield started


@pytest.fixture(scope="module")
def window(browser):
    """One page for all tests: JupyterLab is compiled once."""
    return Watched(browser, viewport={"width": 1400, "height": 1000})


def write_notebook(path, *cells):
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def cell_with(page, text):
    """Return the cell whose source holds a text."""
    return page.locator(
        ".jp-Notebook .jp-CodeCell", has=page.locator(".jp-InputArea", has_text=text)
    ).first


def choose(page, menu, item):
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=item, exact=True).click()


def prompts(page):
    return page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt")


def answer(page, source):
    """Write a source into the cell of exercise 0-1, run it and its check, and return what the check
    says.
    """
    written = re.compile(r"def share_with_mask\(|share_with_mask = lambda")
    exercise = page.locator(
        ".jp-Notebook .jp-CodeCell", has=page.locator(".jp-InputArea", has_text=written)
    ).first
    exercise.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")  # runs the cell and goes to its check
    page.keyboard.press("Shift+Enter")
    return cell_with(page, CHECK).locator(".jp-OutputArea-output").last


def open_as_notebook(page, name):
    """Open a script as a notebook, as a student does: right click, Open With, Notebook."""
    page.locator(".jp-DirListing-item", has_text=name).click(button="right")
    page.locator(".lm-Menu-item", has_text="Open With").click()
    page.locator(
        ".lm-Menu-item", has_text=re.compile(r"^\s*(Jupytext )?Notebook\s*$")
    ).first.click()


def errors_in(page):
    return page.locator(
        ".jp-Notebook .jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
    ).all_inner_texts()


def run_all(page):
    """Run every cell of the open notebook; what was stored is cleared before, so all that is seen
    comes from this run.
    """
    wait_for_kernel(page)
    page.locator(".jp-Notebook .jp-Cell").first.click()
    choose(page, "Edit", "Clear Outputs of All Cells")
    expect(prompts(page).last).not_to_have_text(NUMBERED)
    choose(page, "Run", "Run All Cells")
    expect(prompts(page).last).to_have_text(NUMBERED, timeout=300_000)
    assert not errors_in(page)


def test_a_script_opens_as_the_same_notebook_runs_and_its_exercise_is_answered(
    window, course, jupyterlab
):
    page = window.forget()
    page.goto(jupyterlab("chapters") + "&reset")
    open_as_notebook(page, f"{CHAPTER}.py")
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(
        len(nbformat.read(course / "chapters" / f"{CHAPTER}.ipynb", as_version=4).cells)
    )
    run_all(page)
    slider = page.locator(".widget-hslider", has_text="threshold")
    scene = slider.locator("xpath=..").locator("img")
    before = scene.get_attribute("src")
    slider.locator(".noUi-handle").focus()
    page.keyboard.press("End")  # a threshold of 1: no mask is sure enough
    expect(scene).not_to_have_attribute("src", before)

    verdict = cell_with(page, CHECK).locator(".jp-OutputArea-output").last
    expect(verdict).to_contain_text("Exercise 0-1: not attempted")
    wrong = "share_with_mask = lambda a, b, p, q: a / (a + b)"
    right = "share_with_mask = lambda a, b, p, q: (a / p) / (a / p + b / q)"
    expect(answer(page, wrong)).to_contain_text("Exercise 0-1: not yet")
    expect(answer(page, right)).to_contain_text("Exercise 0-1: passed")
    assert not window.elsewhere


WIDGETS = """\
import matplotlib.pyplot as plt

from course_utils.notebook import camera, widgets


def draw(number):
    figure, axis = plt.subplots(figsize=(2, 1))
    axis.plot([0, number])
    return figure, f"A line up to {number}."


widgets.show(widgets.figure_slider(draw, 0, 9, 3, "height"), "move the slider")
widgets.show(camera.upload("own"), "choose files")

from course_utils.data.faces_table import faces_dir, load_faces
from course_utils.faces import find_faces
from course_utils.notebook.fitting_room import fitting_room
from course_utils.pictures.images import read_rgb

name = load_faces("sample").query("label == 'without_mask'").picture.iloc[0]
head = read_rgb(faces_dir("sample") / name)
widgets.show(fitting_room([head], find_faces(head)), "try masks on")
"""


def test_sliders_redraw_their_figures_and_files_can_be_chosen(window, course, jupyterlab):
    write_notebook(course / "widgets.ipynb", nbformat.v4.new_code_cell(WIDGETS))
    page = window.forget()
    page.goto(jupyterlab("widgets.ipynb") + "&reset")
    run_first_cell(page)
    page.get_by_alt_text("A line up to 3.").wait_for()
    page.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_alt_text("A line up to 4.").wait_for()

    fitted = page.locator(FITTED)
    before = fitted.get_attribute("src")
    page.locator(".widget-hslider", has_text="position").locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    expect(fitted).not_to_have_attribute("src", before)

    picture = io.BytesIO()
    Image.new("RGB", (50, 40), (200, 100, 50)).save(picture, "PNG")
    page.get_by_placeholder("name or alias").fill("Bình")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose pictures").click()
    chooser.value.set_files(
        [
            {"name": "me.png", "mimeType": "image/png", "buffer": picture.getvalue()},
            {"name": "notes.png", "mimeType": "image/png", "buffer": b"no picture"},
        ]
    )
    expect(page.locator(".jp-OutputArea").first).to_contain_text("001.jpg (50 x 40 pixels)")
    expect(page.locator(".jp-OutputArea").first).to_contain_text("notes.png was not saved")
    saved = list((course / "own").rglob("*.jpg"))
    assert [path.relative_to(course).as_posix() for path in saved] == ["own/with_mask/Bình/001.jpg"]
    assert not window.elsewhere


CAMERA = """\
from course_utils.notebook import camera, widgets

widgets.show(camera.Camera(folder="taken"), "take a picture")
"""


def test_a_button_takes_a_picture(window, course, jupyterlab):
    write_notebook(course / "camera.ipynb", nbformat.v4.new_code_cell(CAMERA))
    page = window.forget()
    page.goto(jupyterlab("camera.ipynb") + "&reset")
    run_first_cell(page)
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_label("Label").select_option("without_mask")
    page.get_by_label("Person").fill("Anna B")
    for number in (1, 2):
        page.get_by_role("button", name="Take a picture").click()
        expect(page.get_by_role("status").filter(has_text=f"{number:03d}.jpg")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_label("What the camera sees")).to_be_hidden()
    taken = sorted((course / "taken").rglob("*.jpg"))
    assert [path.relative_to(course).as_posix() for path in taken] == [
        "taken/without_mask/Anna_B/001.jpg",
        "taken/without_mask/Anna_B/002.jpg",
    ]
    picture = Image.open(taken[0])
    assert (
        picture.format == "JPEG" and picture.width >= 320 and len(picture.getcolors(10**7)) > 50
    )  # Chromium's moving test pattern


QUIZ = f'from course_utils.notebook import quizzes\nquizzes.show("{CHAPTER}")'


def test_a_quiz_answers(window, course, jupyterlab):
    cells = nbformat.v4.new_code_cell(QUIZ), nbformat.v4.new_markdown_cell("$x^2$")
    write_notebook(course / "quiz.ipynb", *cells)
    page = window.forget()
    page.goto(jupyterlab("quiz.ipynb") + "&reset")
    run_first_cell(page)
    first, second = quizzes.read(CHAPTER)[0]["answers"][:2]
    said = page.locator(".course-quiz").get_by_role("status").first
    page.get_by_role("radio", name=first["answer"]).focus()
    page.keyboard.press("Space")
    expect(said).to_have_text(first["feedback"])
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name=second["answer"])).to_be_focused()
    expect(said).to_have_text(second["feedback"])
    assert not window.elsewhere
