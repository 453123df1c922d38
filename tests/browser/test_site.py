"""The site in a real browser: accessible in both themes, without errors, without the internet."""

import html
import re
from pathlib import Path

import pytest
from browsing import Watched, needs_browser
from playwright.sync_api import expect

from course_utils.command import notebooks
from course_utils.notebook import quizzes

ROOT = Path(__file__).resolve().parents[2]
pytestmark = needs_browser
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
COLOURS = ["color-contrast", "link-in-text-block"]
BEST_PRACTICE = ["heading-order", "page-has-heading-one", "empty-heading"]


def pages(site):
    """Return the addresses of all pages, relative to the site."""
    found = sorted(
        path.relative_to(site).as_posix()
        for path in site.rglob("*.html")
        if "_static" not in path.parts
    )
    assert len(found) > 20
    return [path for path in found if path != "index.html"]  # which only leads to the first page


def violations(page, **options):
    """Run axe-core in the page and describe each violation in a line."""
    from axe_playwright_python.base import AXE_SCRIPT

    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"], "preload": False, **options}
    found = page.evaluate("async (options) => (await axe.run(options)).violations", options)
    return [
        f"{rule['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for rule in found
        for node in rule["nodes"][:5]
    ]


def set_theme(page, theme):
    page.evaluate(
        "(theme) => { document.documentElement.dataset.theme = theme;"
        " document.documentElement.dataset.mode = theme; }",
        theme,
    )


UNFOLD = """() => {
    document.querySelectorAll("details").forEach((details) => { details.open = true; });
}"""

WITHOUT_COLOURS = """() => {
    const word = (node) => node.matches("span")
        && node.getAttributeNames().every((name) => name == "class");
    window.coloured = [];
    for (const code of document.querySelectorAll("pre")) {
        if (!code.children.length || !Array.from(code.querySelectorAll("*")).every(word)) continue;
        const plain = code.cloneNode(false);
        plain.textContent = code.textContent;
        code.replaceWith(plain);
        coloured.push([plain, code]);
    }
}"""
WITH_COLOURS = "() => { for (const [plain, code] of coloured) plain.replaceWith(code); }"
"""Three elements of four are words of code that have a colour and nothing else: rules that are not
of colours need not look at them."""

TWO_OF_EACH = """(before) => {
    const looks = new Map(), places = new Map();
    const once = (kept, node, make) => kept.get(node) || kept.set(node, make(node)).get(node);
    const look = (node) => once(looks, node, () =>
        node.tagName + " " + node.className + " " + (node.getAttribute("style") || ""));
    const short = (text) => {
        let one = 17, two = 31;
        for (let at = 0; at < text.length; at++) {
            one = Math.imul(one ^ text.charCodeAt(at), 0x9e3779b1);
            two = Math.imul(two ^ text.charCodeAt(at), 0x85ebca6b);
        }
        return one + " " + two;
    };
    const own = Array.from(document.querySelectorAll("body style"), (style) => style.textContent);
    const styles = short(Array.from(new Set(own)).sort().join());
    const place = (node) => node
        ? once(places, node, () => short(look(node) + place(node.parentElement)))
        : styles;
    for (const node of document.querySelectorAll("div.cell, p, li, tr, dt, dd, span, a")) {
        if (!node.isConnected) continue;
        const inside = new Set(Array.from(node.querySelectorAll("*"), look));
        const kind = short([...Array.from(inside).sort(), "in", place(node)].join());
        before[kind] = (before[kind] || 0) + 1;
        if (before[kind] > 2) node.remove();
    }
    const empty = (node) => !node.children.length && !node.textContent.trim();
    for (const node of Array.from(document.querySelectorAll(".bd-article *")).reverse())
        if (node.tagName == "title" || empty(node) && !node.matches("input, link")) node.remove();
    return before;
}"""
"""A text's colours depend on the kinds and styles of the elements that it stands in, and on nothing
else: two of each stand for all, on this page and on those before it that bring the same styles of
their own. What holds no text then, an icon with its title too, has no such colours."""


BEYOND_THE_EDGE = """() => {
    const edge = document.documentElement.clientWidth + 1;
    const beyond = (element) => element.getBoundingClientRect().right > edge;
    const moves = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
    const found = [];
    for (const element of document.querySelectorAll(".bd-article *:not(.headerlink)")) {
        if (!element.getClientRects().length || !beyond(element)) continue;
        let around = element.parentElement;
        while (around && (beyond(around) || !moves(around))) around = around.parentElement;
        if (!around || around.contains(document.querySelector(".bd-article")))
            found.push(element.outerHTML.slice(0, 150));
    }
    return found;
}"""
"""What ends right of the screen and can't be moved into it."""

BROKEN_CODE = """() => [...document.querySelectorAll("div.highlight pre")]
    .filter((code) => !code.closest(".cell_output"))
    .filter((code) => code.getClientRects().length)
    .filter((code) => getComputedStyle(code).whiteSpace !== "pre")
    .map((code) => code.textContent.slice(0, 150))"""
"""Code whose lines break at the edge: what is left of them begins without its indentation."""


DESK, TELEPHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 844}
RULES = {rule: {"enabled": False} for rule in COLOURS}
RULES |= {rule: {"enabled": True} for rule in BEST_PRACTICE}


@pytest.fixture(scope="module")
def visited(browser, site, site_address):
    """Go to every page once, and return what is wrong there at a desk, on a telephone, and what was
    asked for elsewhere.

    Colours are looked at in both themes, all other rules once: no theme changes them.
    """
    watched = Watched(browser, viewport=DESK, reduced_motion="reduce")
    page, at_a_desk, on_a_telephone, seen = watched.page, [], [], {}
    for path in pages(site):
        page.goto(f"{site_address}/{path}", wait_until="load")
        page.evaluate(UNFOLD)
        page.evaluate(WITHOUT_COLOURS)
        rules = {"runOnly": {"type": "tag", "values": WCAG}, "rules": RULES}
        at_a_desk += [f"{path}: {line}" for line in violations(page, **rules)]
        page.evaluate(WITH_COLOURS)
        page.set_viewport_size(TELEPHONE)
        assert page.evaluate("innerWidth") == TELEPHONE["width"]
        on_a_telephone += [f"{path}: {line}" for line in page.evaluate(BEYOND_THE_EDGE)]
        on_a_telephone += [f"{path}, broken: {line}" for line in page.evaluate(BROKEN_CODE)]
        page.set_viewport_size(DESK)
        seen = page.evaluate(TWO_OF_EACH, seen)
        for theme in ("light", "dark"):
            set_theme(page, theme)
            colours = violations(page, runOnly={"type": "rule", "values": COLOURS})
            at_a_desk += [f"{path}, {theme}: {line}" for line in colours]
        at_a_desk += [f"{path}: {error}" for error in watched.errors]
        watched.errors.clear()
    watched.context.close()
    return at_a_desk, on_a_telephone, watched.elsewhere


def test_every_page_is_accessible_in_both_themes_and_keeps_to_this_machine(visited):
    found, _, elsewhere = visited
    assert not found, "\n".join([f"{len(found)} violations or errors", *found[:40]])
    assert not elsewhere


def test_a_telephone_shows_all_of_every_page(visited):
    found = visited[1]
    assert not found, "\n".join([f"{len(found)} places", *found[:40]])


def test_the_map_of_the_chapters_fits_on_a_telephone(browser, site_address):
    page = Watched(browser, viewport=TELEPHONE).page
    page.goto(f"{site_address}/book/index.html")
    table = page.locator("table", has_text="afterwards you can")
    assert table.evaluate("(table) => table.getBoundingClientRect().right") <= 390


def test_the_search_finds_a_chapter(browser, site_address):
    watched = Watched(browser)
    page = watched.page
    page.goto(f"{site_address}/search.html?q=homography")
    page.locator("#search-results li a").first.wait_for()
    found = page.locator("#search-results li a").all_inner_texts()
    assert any("masks onto faces" in title for title in found), found
    assert not watched.errors and not watched.elsewhere


def test_what_a_reader_needs_can_be_reached_with_the_keyboard(browser, site_address):
    watched = Watched(browser)
    page = watched.page
    page.goto(f"{site_address}/chapters/02_mask_synthesis.html")
    page.keyboard.press("Tab")
    assert "skip" in page.evaluate("document.activeElement.textContent").lower()
    answer = page.locator("details", has_text="A worked answer to exercise 2-1").first
    code = answer.locator("pre")
    assert not code.is_visible()
    answer.locator("summary").focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    code.wait_for(state="visible")
    assert "arctan2" in code.inner_text()


def test_the_theme_can_be_changed_and_is_kept(browser, site_address):
    page = Watched(browser).page
    page.goto(f"{site_address}/book/index.html")
    for _ in range(3):
        page.locator("button.theme-switch-button:visible").first.click()
        if page.evaluate("document.documentElement.dataset.theme") == "dark":
            break
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.goto(f"{site_address}/book/glossary.html")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_formulas_are_set_without_the_internet(browser, site_address):
    watched = Watched(browser)
    watched.page.goto(f"{site_address}/chapters/00_welcome.html")
    watched.page.locator("mjx-container").first.wait_for()
    assert not watched.elsewhere and not watched.errors


@pytest.fixture(scope="module")
def reader(browser):
    """A page that goes from chapter to chapter, and keeps what their pages share."""
    return Watched(browser)


@pytest.mark.parametrize("pair", notebooks.find_pairs(ROOT), ids=lambda pair: pair.name)
def test_the_quiz_of_a_chapter_answers_every_choice(reader, site_address, pair):
    page = reader.forget()
    page.goto(f"{site_address}/chapters/{pair.name}.html")
    for number, question in enumerate(quizzes.read(pair.name)):
        asked = page.locator(".course-quiz .Quiz").nth(number)
        for position in (0, len(question["answers"]) - 1):
            asked.get_by_role("radio").nth(position).check()
            expect(asked.get_by_role("status")).to_have_text(re.compile(r"\w{3}"))
    (wrong, right), asked = (
        (
            next(
                answer
                for answer in quizzes.read(pair.name)[0]["answers"]
                if answer["correct"] == kind
            )
            for kind in (False, True)
        ),
        page.locator(".Quiz").first,
    )
    for answer in (wrong, right):
        asked.get_by_role("radio", name=plain(answer["answer"]), exact=True).check()
        expect(asked.get_by_role("status")).to_have_text(plain(answer["feedback"]))
    assert not reader.errors and not reader.elsewhere


def plain(text):
    return html.unescape(re.sub("</?(em|code)>", "", text))
