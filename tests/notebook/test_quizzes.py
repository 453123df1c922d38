"""The quizzes: questions that are fair, shown the same at every run, and answered in a real
browser; in JupyterLab, too, see `tests/browser/test_jupyterlab.py`.
"""

import json
import re
from pathlib import Path

import pytest
from browsing import chromium, needs_browser

from course_utils import project
from course_utils.command import notebooks
from course_utils.errors import CourseError
from course_utils.notebook import chapter_map, quizzes

ROOT = Path(__file__).resolve().parents[2]
QUIZZES = {name: quizzes.read(name) for name in chapter_map.CHAPTERS}


def right_answers(question):
    return [answer for answer in question["answers"] if answer["correct"]]


@pytest.mark.parametrize("name", QUIZZES)
def test_questions_are_complete(name):
    questions = QUIZZES[name]
    assert 3 <= len(questions) <= 5
    assert len({question["question"] for question in questions}) == len(questions)
    for question in questions:
        assert (
            set(question) == {"question", "type", "answers"}
            and question["type"] == "multiple_choice"
        )
        assert len(question["answers"]) >= 3 and len(right_answers(question)) == 1, question[
            "question"
        ]
        for answer in question["answers"]:
            assert set(answer) == {"answer", "correct", "feedback"} and isinstance(
                answer["correct"], bool
            )
            assert len(answer["feedback"].split()) >= 5, (
                f"{answer['answer']}: the feedback says too little"
            )
        for key in ("answer", "feedback"):
            texts = [
                " ".join(answer[key].lower().split()).rstrip(".") for answer in question["answers"]
            ]
            assert len(set(texts)) == len(texts), texts


@pytest.mark.parametrize("name", QUIZZES)
def test_neither_length_nor_place_gives_the_right_answer_away(name):
    longest, places = [], []
    for question in QUIZZES[name]:
        lengths = [len(answer["answer"]) for answer in question["answers"]]
        (right,) = (
            number for number, answer in enumerate(question["answers"]) if answer["correct"]
        )
        longest.append(sorted(lengths)[-2] < lengths[right])
        places.append(right)
    assert sum(longest) <= 0.6 * len(longest), "the right answer is too often the longest"
    assert len(set(places)) >= 3, "the right answer stands too often in the same place"


@pytest.mark.parametrize("name", QUIZZES)
def test_texts_hold_only_what_every_place_can_show(name):
    for question in QUIZZES[name]:
        for text in [
            question["question"],
            *(answer[key] for answer in question["answers"] for key in ("answer", "feedback")),
        ]:
            assert not re.search(r"\$|\]\(|<http", text), f"jupyterquiz would change {text!r}"
            assert not re.sub(r"</?(em|code)>|&(lt|gt|amp);", "", text).count("<"), text


@pytest.mark.parametrize("pair", notebooks.find_pairs(ROOT), ids=lambda pair: pair.name)
def test_each_chapter_shows_its_quiz_before_it_ends(pair):
    cells = notebooks.read_source(pair).cells
    title, quiz, ending = cells[-3:]
    assert "## Test yourself" in title.source
    assert quiz.source.strip().splitlines()[-1] == f'quizzes.show("{pair.name}")'
    assert ending.source.startswith("## Remember\n")


@pytest.mark.parametrize("pair", notebooks.find_pairs(ROOT), ids=lambda pair: pair.name)
def test_the_stored_quiz_is_the_one_in_the_file(pair):
    (output,) = (
        output
        for cell in notebooks.read_notebook(pair.notebook).cells
        if cell.cell_type == "code" and f'quizzes.show("{pair.name}")' in cell.source
        for output in cell.outputs
    )
    assert output["data"] == {
        "text/html": quizzes.as_html(QUIZZES[pair.name]),
        "text/plain": quizzes.as_text(QUIZZES[pair.name]),
    }


def test_the_plain_text_does_not_give_the_answer_away():
    question = {
        "question": "Is <code>1 &lt; 2</code>?",
        "answers": [
            {"answer": "<em>yes</em>", "correct": True, "feedback": "It is."},
            {"answer": "no", "correct": False, "feedback": "Count."},
        ],
    }
    assert quizzes.as_text([question]) == "1. Is 1 < 2?\n   a) yes\n   b) no"


def test_a_missing_or_broken_quiz_gets_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(CourseError, match="There is no quiz 99_none.json"):
        quizzes.read("99_none")
    (tmp_path / "chapters" / "quizzes").mkdir(parents=True)
    quizzes.quiz_path(tmp_path, "00_x").write_text("[", encoding="utf-8")
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    with pytest.raises(CourseError, match="00_x.json is no JSON"):
        quizzes.read("00_x")


def test_a_changed_question_runs_the_chapter_again(small_course):
    assert small_course.course("run", "00").stdout.count("unchanged") == 1
    path = quizzes.quiz_path(small_course.root, "00_first")
    path.parent.mkdir()
    path.write_text(json.dumps(QUIZZES["00_welcome"]), encoding="utf-8")
    assert "unchanged" not in small_course.course("run", "00").stdout
    assert "unchanged" in small_course.course("run", "00").stdout


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


def page_with_quiz(theme):
    back = {"light": "#ffffff", "dark": "#121212"}[theme]
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>A'
        f' chapter</title></head><body style="background: {back}"><main><h1 style="color:'
        f' #767676">A chapter</h1>{quizzes.as_html(QUIZZES["05_training"])}</main></body></html>'
    )


@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_quiz_is_answered_by_keyboard_and_reads_well(browser, theme):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import expect

    page, troubles = browser.new_page(), []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: troubles.append(request.url))
    page.set_content(page_with_quiz(theme))
    wrong, right = (
        next(answer for answer in QUIZZES["05_training"][0]["answers"] if answer["correct"] == kind)
        for kind in (False, True)
    )
    first = page.get_by_role("radiogroup").first
    expect(first).to_have_accessible_name(re.compile("^1. The training loss"))
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("status").first).to_have_text(wrong["feedback"])
    page.keyboard.press("ArrowDown")
    expect(first.get_by_role("radio", name=right["answer"])).to_be_checked()
    expect(page.get_by_role("status").first).to_have_text(right["feedback"])
    page.get_by_text(QUIZZES["05_training"][1]["answers"][1]["answer"]).click()
    expect(page.get_by_role("status").nth(1)).to_have_text(
        QUIZZES["05_training"][1]["answers"][1]["feedback"]
    )
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert not troubles


@needs_browser
def test_without_scripts_each_answer_opens_to_its_feedback(browser):
    from playwright.sync_api import expect

    page = browser.new_context(java_script_enabled=False).new_page()
    page.set_content(page_with_quiz("light"))
    answer = QUIZZES["05_training"][0]["answers"][0]
    expect(page.get_by_text(answer["feedback"])).to_be_hidden()
    page.get_by_text(answer["answer"]).click()
    expect(page.get_by_text(answer["feedback"])).to_be_visible()
