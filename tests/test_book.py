"""The site is built from the stored outputs, without anything from elsewhere."""

import html
import re
import socket
import subprocess
import sys
import urllib.request
from html.parser import HTMLParser
from pathlib import Path

import pytest
from test_camera import CHROMIUM, FLAGS

from course_utils import quizzes
from course_utils.command import notebooks

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "book" / "_build" / "html"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def served():
    """Build the site and serve it with the real command, as an instructor would."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "course_utils.command.main", "book", "--serve", "--port", str(port)], cwd=ROOT,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8")
    lines = []
    while not any("Serving at" in line for line in lines) and (line := process.stdout.readline()):
        lines.append(line)
    assert process.poll() is None, "".join(lines)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="module")
def site(served):
    return SITE


class Resources(HTMLParser):
    """Collects what a browser would load, and images without alt text."""

    def __init__(self):
        super().__init__()
        self.loaded, self.without_alt = [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag in ("script", "img", "iframe", "source", "video") and values.get("src"):
            self.loaded.append(values["src"])
        if tag == "link" and values.get("rel") in ("stylesheet", "preload", "icon", "preconnect") and values.get("href"):
            self.loaded.append(values["href"])
        if tag == "img" and not (values.get("alt") or "").strip():
            self.without_alt.append(values.get("src", "?")[:80])


def pages(site):
    found = [path for path in site.rglob("*.html") if path.name not in ("genindex.html", "search.html")]
    assert len(found) > 4
    return found


def test_every_chapter_and_solution_is_a_page(site):
    for folder in ("chapters", "solutions"):
        for pair in notebooks.find_pairs(ROOT, folder):
            assert (site / folder / f"{pair.name}.html").is_file()


def test_every_image_has_its_alt_text(site):
    count = 0
    for page in pages(site):
        parser = Resources()
        text = page.read_text(encoding="utf-8")
        parser.feed(text)
        assert not parser.without_alt, f"{page.name}: {parser.without_alt}"
        count += text.count("<img")
    assert count > 5


def test_alt_texts_are_those_of_the_notebooks(site):
    for pair in notebooks.find_pairs(ROOT):
        page = (site / "chapters" / f"{pair.name}.html").read_text(encoding="utf-8")
        shown = {html.unescape(alt) for alt in re.findall(r'<img[^>]*\balt="([^"]*)"', page)}
        outputs = [output for cell in notebooks.read_notebook(pair.notebook).cells for output in cell.get("outputs", [])]
        stored = {kind["alt"] for output in outputs for kind in output.get("metadata", {}).values() if "alt" in kind}
        assert stored and stored <= shown


def test_nothing_is_loaded_from_elsewhere(site):
    for page in pages(site):
        parser = Resources()
        parser.feed(page.read_text(encoding="utf-8"))
        elsewhere = [address for address in parser.loaded if re.match(r"(https?:)?//", address)]
        assert not elsewhere, f"{page.name} loads {elsewhere}"


def test_the_site_is_served(served):
    with urllib.request.urlopen(f"{served}/book/index.html", timeout=10) as response:
        assert response.status == 200 and b"face-mask" in response.read()


def test_a_taken_port_gets_one_sentence_before_the_build():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run([sys.executable, "-m", "course_utils.command.main", "book", "--serve", "--port", str(port)], cwd=ROOT,
                              capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert done.returncode == 1
    assert f"Port {port} can't be used" in done.stderr and "Traceback" not in done.stderr
    assert "Built" not in done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome on PATH: a quiz needs a real browser")
def test_a_quiz_answers_on_its_page(served):
    from playwright.sync_api import expect, sync_playwright

    (wrong, right), elsewhere = [next(answer for answer in quizzes.read("05_training")[1]["answers"] if answer["correct"] == kind) for kind in (False, True)], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.on("request", lambda request: None if request.url.startswith((served, "data:")) else elsewhere.append(request.url))
        page.goto(f"{served}/chapters/05_training.html")
        feedback = page.get_by_role("status").nth(1)
        for answer in (wrong, right):
            page.get_by_role("radio", name=answer["answer"], exact=True).check()
            expect(feedback).to_have_text(answer["feedback"])
        browser.close()
    assert not elsewhere
