"""The site is built from the stored outputs, without anything from elsewhere, with or without
worked answers, and printed.
"""

import html
import itertools
import json
import re
import socket
import subprocess
import sys
import urllib.request
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browsing import free_port, needs_browser
from PIL import Image
from started import STARTED

from course_utils import files
from course_utils.command import book, browser, built, notebooks
from course_utils.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]
ANSWER = "answer = 45"


class Resources(HTMLParser):
    """Collects what a browser would load, images without alt text, and the levels of headings."""

    def __init__(self):
        super().__init__()
        self.loaded, self.without_alt, self.headings = [], [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag in ("script", "img", "iframe", "source", "video", "audio", "embed") and values.get(
            "src"
        ):
            self.loaded.append(values["src"])
        if tag == "link" and {"stylesheet", "preload", "icon", "preconnect", "modulepreload"} & set(
            (values.get("rel") or "").split()
        ):
            self.loaded.append(values.get("href") or "")
        if tag == "img" and not (values.get("alt") or "").strip():
            self.without_alt.append(values.get("src", "?")[:80])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))


def pages(site):
    found = [
        path
        for path in site.rglob("*.html")
        if path.name not in ("genindex.html", "search.html") and "_static" not in path.parts
    ]
    assert len(found) > 4
    return found


def parsed(page):
    parser = Resources()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def is_elsewhere(address):
    return bool(re.match(r"\s*(https?:)?//", address))


def test_every_chapter_and_solution_is_a_page(site):
    for folder in ("chapters", "solutions"):
        for pair in notebooks.find_pairs(ROOT, folder):
            assert (site / folder / f"{pair.name}.html").is_file()


def test_every_image_has_its_alt_text(site):
    count = 0
    for page in pages(site):
        assert not parsed(page).without_alt, f"{page.name}: {parsed(page).without_alt}"
        count += page.read_text(encoding="utf-8").count("<img")
    assert count > 5


def test_tables_are_tables_in_what_cells_show_too(site):
    for page in pages(site):
        assert not re.search(r"<p>\s*\|", page.read_text(encoding="utf-8")), page.name


def test_alt_texts_are_those_of_the_notebooks(site):
    for pair in notebooks.find_pairs(ROOT):
        page = (site / "chapters" / f"{pair.name}.html").read_text(encoding="utf-8")
        shown = {html.unescape(alt) for alt in re.findall(r'<img[^>]*\balt="([^"]*)"', page)}
        outputs = [
            output
            for cell in notebooks.read_notebook(pair.notebook).cells
            for output in cell.get("outputs", [])
        ]
        stored = {
            kind["alt"]
            for output in outputs
            for kind in output.get("metadata", {}).values()
            if "alt" in kind
        }
        assert stored and stored <= shown


def test_headings_are_in_order(site):
    for page in pages(site):
        levels = parsed(page).headings
        jumps = [
            (before, after) for before, after in itertools.pairwise(levels) if after > before + 1
        ]
        assert page.name == "index.html" or levels[:1] == [1], page
        assert not jumps, f"{page.name}: {jumps}"


def test_nothing_is_loaded_from_elsewhere(site):
    for page in pages(site):
        elsewhere = [address for address in parsed(page).loaded if is_elsewhere(address)]
        assert not elsewhere, f"{page.name} loads {elsewhere}"
    for sheet in site.rglob("*.css"):
        addresses = re.findall(
            r"(?:url\(|@import)\s*['\"]?([^'\")]+)", sheet.read_text(encoding="utf-8")
        )
        assert not list(filter(is_elsewhere, addresses)), (
            f"{sheet.name} loads {list(filter(is_elsewhere, addresses))}"
        )


def test_every_exercise_has_its_answer_behind_a_toggle(site):
    for pair in notebooks.find_pairs(ROOT):
        page = (site / "chapters" / f"{pair.name}.html").read_text(encoding="utf-8")
        tags = [
            tag
            for cell in notebooks.read_source(pair).cells
            for tag in notebooks.tags(cell)
            if tag.startswith("exercise-")
        ]
        assert page.count("<details") >= len(tags) > 0
        assert re.findall(r"A worked answer to exercise (\d+-\d+)", page) == [
            tag.removeprefix("exercise-") for tag in tags
        ]


def test_a_paper_that_a_chapter_names_is_a_link(site):
    page = (site / "chapters" / "04_architectures.html").read_text(encoding="utf-8")
    links = re.findall(
        r'<a [^>]*href="\.\./book/references\.html#[^"]*"[^>]*>(.*?)</a>', page, re.DOTALL
    )
    assert any("He" in link and "2015" in link for link in links) and any(
        "Sandler" in link for link in links
    )


def test_vietnamese_is_marked_as_such_and_can_be_searched(site):
    page = (site / "book" / "glossary.html").read_text(encoding="utf-8")
    assert page.count('<strong lang="vi">') > 50 and '<strong lang="vi">ngưỡng</strong>' in page
    assert json.dumps("ngưỡng")[1:-1] in (site / "searchindex.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def served(small_book, tmp_path_factory):
    """Build and serve a small book with the real command, as an instructor would."""
    small = small_book.copy(tmp_path_factory.mktemp("served") / "kurs é")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "course_utils.command.main", "book", "--serve", "--port", str(port)],
        cwd=small.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    lines = []
    while not any("Serving at" in line for line in lines) and (line := process.stdout.readline()):
        lines.append(line)
    assert process.poll() is None, "".join(lines)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(timeout=20)


def get(address):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        address, timeout=10
    ) as response:
        return response.read().decode("utf-8")


def test_the_site_is_served_with_the_answer_behind_a_toggle(served):
    assert "A small book" in get(f"{served}/book/index.html")
    chapter = get(f"{served}/chapters/00_first.html")
    toggle = chapter[chapter.index("<details") : chapter.index("</details>")]
    assert (
        "A worked answer to exercise 0-1" in toggle
        and "45" in toggle
        and "not attempted" in chapter[: chapter.index("<details")]
    )


def test_without_a_public_address_there_are_no_launch_buttons(served):
    assert "mybinder.org" not in get(f"{served}/chapters/00_first.html")


@pytest.fixture(scope="module")
def without_answers(small_book, tmp_path_factory):
    """A small book without answers, of a course whose citation names a public repository."""
    small = small_book.copy(tmp_path_factory.mktemp("without") / "course")
    small.write(
        "CITATION.cff",
        'cff-version: 1.2.0\ntitle: "Small"\nrepository-code:'
        " https://github.com/someone/face-masks/\n",
    )
    small.write("book/instructors.md", "# For instructors\n\nWhat goes wrong.\n")
    small.replace(
        "book/index.md", "See [the", "For [teachers\nof it](instructors.md#grade). See [the"
    )
    contents = small.read("book/_toc.yml")
    small.write("book/_toc.yml", f"{contents}      - file: book/instructors\n")
    done = small.course("book", "--without-solutions")
    assert done.returncode == 0, done.stdout + done.stderr
    return book.site_folder(small.root, answers=False)


def test_without_answers_no_file_of_the_site_holds_one(without_answers):
    assert not (without_answers / "solutions").exists()
    holding = [
        path.name
        for path in without_answers.rglob("*")
        if path.suffix in (".html", ".js", ".txt", ".ipynb", ".inv")
        and ANSWER in path.read_text("utf-8", "replace")
    ]
    assert not holding
    page = (without_answers / "chapters/00_first.html").read_text(encoding="utf-8")
    assert "not attempted" in page and "worked answer" not in page


def test_without_answers_the_guide_for_instructors_is_not_there_either(without_answers):
    page = (without_answers / "book/index.html").read_text(encoding="utf-8")
    assert "teachers\nof it" in page and "instructors" not in page
    assert not [path for path in without_answers.rglob("*") if "instructors" in path.name]


def test_one_line_of_the_citation_switches_the_launch_buttons_on(without_answers):
    page = (without_answers / "chapters/00_first.html").read_text(encoding="utf-8")
    assert (
        "https://mybinder.org/v2/gh/someone/face-masks/main?urlpath=lab/tree/chapters/00_first.ipynb"
        in page
    )
    assert (
        "https://colab.research.google.com/github/someone/face-masks/blob/colab/chapters/00_first.ipynb"
        in page
    )


def test_what_binder_needs_is_there():
    assert (ROOT / "environment.yml").is_file()
    assert (ROOT / "postBuild").stat().st_mode & 0o111 or sys.platform == "win32"


def test_a_broken_link_stops_the_build_with_the_file_that_holds_it(small_book, tmp_path):
    small = small_book.copy(tmp_path / "course")
    small.write("book/index.md", "# A small book\n\n[nowhere](missing.md)\n")
    with pytest.raises(CourseError, match=r"The book was not built:\n.*index\.md"):
        book.build(small.root)


def test_a_changed_style_reaches_the_site_though_no_page_changed(small_book, tmp_path):
    small = small_book.copy(tmp_path / "course")
    for color in ("tomato", "teal"):
        small.write("book/_static/course.css", f"h1 {{ color: {color}; }}\n")
        done = small.course("book")
        assert done.returncode == 0 and "Built in" in done.stdout
        assert color in (small.root / "book/_build/html/_static/course.css").read_text(
            encoding="utf-8"
        )
    site = small.root / "book" / "_build" / "html"
    before = (site / "index.html").stat().st_mtime_ns
    done = small.course("book")
    assert done.returncode == 0 and "Unchanged: book/_build/html/index.html" in done.stdout
    assert (site / "index.html").stat().st_mtime_ns == before


def test_a_site_counts_as_built_while_it_and_the_course_are_the_same(tmp_path):
    root, site = tmp_path / "course", tmp_path / "course" / "book" / "_build" / "html"
    page, style = root / "book" / "index.md", site / "_static" / "course.css"
    for path, text in ((page, "# A book"), (style, "h1 {}"), (site / "index.html", "<h1>")):
        files.write_text(path, text)
    assert not built.is_built(root, site)
    built.remember(site, built.course_hash(root))
    assert built.is_built(root, site)

    files.write_text(root / "work" / "sample" / "table.csv", "written by a chapter")
    files.write_text(root / ".venv" / "module.py", "hidden")
    page.touch()
    assert built.is_built(root, site)

    for path in (page, style):
        text = path.read_text(encoding="utf-8")
        files.write_text(path, "damaged")
        assert not built.is_built(root, site)
        path.unlink()
        assert not built.is_built(root, site)
        files.write_text(path, text)
        assert built.is_built(root, site)
    for name in ("requirements.lock", "data/new.png", "course_utils/module.py"):
        files.write_text(root / name, "new")
        assert not built.is_built(root, site)
        (root / name).unlink()
        assert built.is_built(root, site)

    record = site.with_name("html.json")
    files.write_text(record, record.read_text(encoding="utf-8")[:20])
    assert not built.is_built(root, site)
    built.forget(site)
    assert not built.is_built(root, site)


def test_a_build_that_fails_leaves_no_site_that_counts(small_book, tmp_path):
    small = small_book.copy(tmp_path / "course")
    site = book.site_folder(small.root)
    files.write_text(site / "index.html", "of an earlier build")
    built.remember(site, built.course_hash(small.root))
    assert built.is_built(small.root, site)
    toc = small.root / "book" / "_toc.yml"
    text = toc.read_text(encoding="utf-8")
    files.write_text(toc, text.replace("index", "missing"))
    with pytest.raises(CourseError, match="The book was not built"):
        book.build(small.root)
    files.write_text(toc, text)
    assert not built.is_built(small.root, site)


@needs_browser
def test_the_book_is_printed_to_one_tagged_file(small_book, tmp_path):
    small = small_book.copy(tmp_path / "course")
    Image.new("RGB", (321, 123), (200, 100, 50)).save(small.root / "book" / "orange.png")
    small.write(
        "book/index.md",
        (small.root / "book" / "index.md").read_text(encoding="utf-8")
        + "\n![An orange field.](orange.png)\n",
    )
    done = small.course("book", "--pdf")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "book/_build/course.pdf" in done.stdout
    content = (small.root / "book/_build/course.pdf").read_bytes()
    assert content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 2
    assert b"/StructTreeRoot" in content and b"/Outlines" in content
    assert re.search(rb"/Width 321\b", content), "the picture is not in the file"


@needs_browser
def test_a_page_that_misses_a_picture_is_not_printed(tmp_path):
    (tmp_path / "page.html").write_text('<img src="lost.png" alt="">', encoding="utf-8")
    with pytest.raises(
        CourseError, match="1 pictures or styles of its page are missing, lost.png among them"
    ):
        browser.print_page(
            (tmp_path / "page.html").as_uri(), tmp_path / "page.pdf", browser.find_browser()
        )


def test_without_a_browser_printing_gets_one_sentence(small_book, monkeypatch):
    monkeypatch.setattr(browser, "find_browser", lambda: None)
    with pytest.raises(CourseError, match="Chromium, Chrome or Edge, and none of them was found"):
        book.print_book(small_book.root)
    assert not (small_book.root / "book" / "_build").exists()


def test_a_taken_port_gets_one_sentence_before_the_build():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [
                *STARTED,
                "-m",
                "course_utils.command.main",
                "book",
                "--serve",
                "--port",
                str(port),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
        )
    assert done.returncode == 1
    assert f"Port {port} can't be used" in done.stderr and "Traceback" not in done.stderr
    assert "Built" not in done.stdout
