"""JupyterLab with the course's settings: names for who can't see, and no traces in saved files."""

import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from browsing import Watched, needs_browser, run_first_cell, running_jupyterlab, wait_for_kernel
from playwright.sync_api import expect

from course_utils.command import lab

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = "00_welcome"
SLIDER = """\
import matplotlib.pyplot as plt

from course_utils.notebook import widgets


def draw(number):
    figure, axis = plt.subplots(figsize=(2, 1))
    axis.plot([0, number])
    return figure, f"A line up to {number}."


widgets.show(widgets.figure_slider(draw, 0, 9, 3, "height"), "move the slider")
"""

pytestmark = needs_browser


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    (root / "chapters").mkdir()
    for kind in ("py", "ipynb"):
        shutil.copy(ROOT / "chapters" / f"{CHAPTER}.{kind}", root / "chapters")
    for name in ("jupytext.toml", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SLIDER)])
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    nbformat.write(notebook, root / "slider.ipynb")
    return root


@pytest.fixture(scope="module")
def jupyterlab(course, tmp_path_factory):
    environment = {
        "PYTHONPATH": str(ROOT),
        "JUPYTER_CONFIG_PATH": str(lab.SETTINGS),
        "PATH": os.environ["PATH"],
    }
    with running_jupyterlab(course, tmp_path_factory.mktemp("lab"), **environment) as address_of:
        yield address_of


@pytest.fixture(scope="module")
def window(browser):
    """One page for all tests: JupyterLab is compiled once."""
    return Watched(browser, viewport={"width": 1400, "height": 1000})


def violations(page, *rules):
    """Run some rules of axe-core on the outputs: the editors are JupyterLab's own."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": {"type": "rule", "values": list(rules)}}
    found = (
        Axe()
        .run(page, context=".jp-Notebook .jp-OutputArea", options=options)
        .response["violations"]
    )
    return [node["html"][:200] for violation in found for node in violation["nodes"]]


def test_stored_figures_have_their_texts_and_saving_changes_nothing(window, course, jupyterlab):
    paths = [course / "chapters" / f"{CHAPTER}.{kind}" for kind in ("py", "ipynb")]
    before = [path.read_bytes() for path in paths]
    texts = [
        output.metadata[kind]["alt"]
        for cell in nbformat.read(paths[1], as_version=4).cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
        if kind.startswith("image/")
    ]
    page = window.forget()
    page.goto(jupyterlab(f"chapters/{CHAPTER}.ipynb") + "&reset")
    wait_for_kernel(page)
    pictures = page.locator(".jp-Notebook .jp-RenderedImage img")
    expect(pictures).to_have_count(len(texts))
    expect(pictures.last).to_have_attribute("alt", texts[-1])
    assert [picture.get_attribute("alt") for picture in pictures.all()] == texts
    assert len(texts) > 8 and not violations(page, "image-alt")

    page.locator(".jp-Notebook .jp-Cell").first.click()
    modified = paths[1].stat().st_mtime_ns
    with page.expect_response(
        lambda answer: answer.request.method == "PUT" and "/api/contents/" in answer.url
    ):
        page.keyboard.press("ControlOrMeta+S")
    assert paths[1].stat().st_mtime_ns != modified, "nothing was saved"
    assert [path.read_bytes() for path in paths] == before


def test_a_slider_has_a_name(window, jupyterlab):
    page = window.forget()
    page.goto(jupyterlab("slider.ipynb") + "&reset")
    run_first_cell(page)
    handle = page.locator(".noUi-handle")
    expect(handle).to_have_attribute("aria-label", re.compile("height"))
    assert not violations(page, "aria-input-field-name", "image-alt")
    assert not window.elsewhere
