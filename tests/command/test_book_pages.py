"""The pages around the chapters agree with the chapters."""

import re
import unicodedata
from pathlib import Path

import pytest
from pybtex.database import parse_file

from course_utils.command import book_pages, notebooks
from course_utils.notebook import chapter_map
from course_utils.notebook.scripts import read_script

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
ENTRIES = re.findall(
    r"^(\S.*)\n((?:  .*\n)+)",
    re.search(r"```\{glossary\}\n(.*?)^```", GLOSSARY, re.DOTALL | re.MULTILINE)[1],
    re.MULTILINE,
)


def prose(path):
    return "\n".join(
        cell.source for cell in read_script(path).cells if cell.cell_type == "markdown"
    )


def test_minutes_needs_and_exercises_come_from_the_chapters():
    by_number = {chapter.number: chapter for chapter in chapter_map.read_chapters(ROOT)}
    assert list(by_number) == [f"{number:02}" for number in range(10)]
    for pair in notebooks.find_pairs(ROOT):
        chapter, cells = by_number[pair.number], notebooks.read_source(pair).cells
        tags = {
            tag.removeprefix("exercise-")
            for cell in cells
            for tag in notebooks.tags(cell)
            if tag.startswith("exercise-")
        }
        assert (
            chapter.minutes
            and set(chapter.exercises) == tags
            and min(chapter.exercises.values()) > 0
        )


def test_the_map_names_a_chapter_that_is_not_written_and_does_not_link_it():
    chapters = [
        chapter_map.Chapter("00_welcome", "Welcome", "begin", 12, (), {"0-1": 4, "0-2": 6}),
        chapter_map.Chapter("01_later", "Later", "go on", None),
    ]
    first, second = book_pages.map_rows(chapters, {"chapters/00_welcome"})
    assert first == [
        "00",
        "[Welcome](../chapters/00_welcome.ipynb)",
        "begin",
        "12",
        "2 in 10 min",
        "nothing",
    ]
    assert second == ["01", "Later", "go on", "to come", "", "nothing"]


def test_the_minutes_of_a_timetable_are_added_up():
    chapters = [
        chapter_map.Chapter("00_a", "A", "", 12, (), {"0-1": 4, "0-2": 6}),
        chapter_map.Chapter("01_b", "B", "", 30, (), {"1-1": 5}),
    ]
    rows = book_pages.timetable_rows(
        ["Morning | 00 01 | 0-2 1-1", "Noon | 01 |", "Evening | 00 | all"], chapters
    )
    assert [row[3:] for row in rows] == [
        ["42", "11", "53"],
        ["30", "0", "30"],
        ["12", "10", "22"],
        ["**84**", "**21**", "**105**"],
    ]
    assert rows[2][2] == "all"


@pytest.mark.parametrize(
    "line, problem",
    [
        ("Noon | 07 |", "no chapter 07"),
        ("Noon | 00 | 0-9", "no exercise 0-9"),
        ("Noon | | 0-1", "no exercise 0-1"),
    ],
)
def test_a_timetable_that_names_what_does_not_exist_is_refused(line, problem):
    chapters = [chapter_map.Chapter("00_a", "A", "", 12, (), {"0-1": 4})]
    with pytest.raises(ValueError, match=problem):
        book_pages.timetable_rows([line], chapters)


def test_both_timetables_teach_every_chapter_and_fit_their_time():
    tables = re.findall(
        r"```\{timetable\}\n(.*?)```",
        (ROOT / "book" / "instructors.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert len(tables) == 2
    chapters = chapter_map.read_chapters(ROOT)
    for table, sessions, longest in zip(tables, (8, 7), (120, 240)):
        rows = book_pages.timetable_rows(table.splitlines(), chapters)[:-1]
        assert len(rows) == sessions
        assert [number for row in rows for number in row[1].split()] == [
            chapter.number for chapter in chapters
        ]
        assert max(int(row[5]) for row in rows) <= longest
    assert (
        sum(int(row[5]) for row in book_pages.timetable_rows(tables[0].splitlines(), chapters)[:-1])
        <= 2 * 4 * 60
    )  # half as long again in a room makes two days of six hours


def test_a_worked_answer_follows_its_check_with_its_reason():
    def markdown(text):
        return {"cell_type": "markdown", "metadata": {}, "source": text}

    def code(text, *tags):
        return {
            "cell_type": "code",
            "metadata": {"tags": list(tags)},
            "source": text,
            "outputs": [],
        }

    chapter = {
        "cells": [
            code("answer = ...", "exercise-1-1"),
            markdown("between"),
            code("check(answer)"),
            code("more"),
        ]
    }
    solutions = {
        "cells": [
            markdown("# All"),
            markdown("## 1-1: why\n\nBecause."),
            code("answer = 1", "exercise-1-1"),
            code("check(answer)"),
        ]
    }
    cells = book_pages.with_answers(chapter, solutions, "../solutions/01.ipynb")["cells"]
    assert [cell["source"] for cell in cells[:3]] == [
        "answer = ...",
        "between",
        "check(answer)",
    ] and cells[4]["source"] == "more"
    assert (
        cells[3]["source"]
        == "::::{dropdown} A worked answer to exercise 1-1\nBecause.\n\n```python\nanswer ="
        " 1\n```\n\n[What else there is to say about it](../solutions/01.ipynb)\n::::\n"
    )
    assert len(chapter["cells"]) == 4


def test_papers_are_linked_in_prose_only(tmp_path):
    path = tmp_path / "some.bib"
    path.write_text(
        "@misc{he2015, author={He, A and Li, B and Wu, C}, title={T}, year={2015}}\n@misc{one2014,"
        " author={One, A and Two, B}, title={T}, year={2014}}\n@misc{same1, author={Same, A},"
        " title={T}, year={2000}}\n@misc{same2, author={Same, A}, title={U}, year={2000}}\n"
    )
    keys = book_pages.names_of_papers(path)
    assert keys == {
        "He et al., 2015": "he2015",
        "He et al. 2015": "he2015",
        "One and Two, 2014": "one2014",
        "One and Two 2014": "one2014",
    }
    cells = [
        {
            "cell_type": "markdown",
            "source": "the name (He et al., 2015), a link [He et al., 2015](x)",
        },
        {"cell_type": "code", "source": "# He et al., 2015"},
    ]
    done = book_pages.with_citations({"cells": cells}, keys)["cells"]
    assert [cell["source"] for cell in done] == [
        "the name ({cite:alp}`he2015`), a link [He et al., 2015](x)",
        "# He et al., 2015",
    ]


def test_every_paper_that_a_chapter_names_is_in_the_references():
    keys = book_pages.names_of_papers(ROOT / "book" / "references.bib")
    for pair in [*notebooks.find_pairs(ROOT), *notebooks.find_pairs(ROOT, "solutions")]:
        named = re.findall(
            r"[A-Z][\w-]+(?: et al\.| and [A-Z][\w-]+)?,? (?:19|20)\d\d\b(?=[),;:])",
            prose(pair.source),
        )
        cited = [name for name in named if re.search(r"et al|, | and ", name)]
        assert set(cited) <= set(keys), f"{pair.name} names {set(cited) - set(keys)}"


def test_every_reference_is_cited_and_complete():
    entries = parse_file(ROOT / "book" / "references.bib", bib_format="bibtex").entries
    page = (ROOT / "book" / "references.md").read_text(encoding="utf-8")
    cited = {key for keys in re.findall(r"\{cite:p\}`([^`]+)`", page) for key in keys.split(",")}
    assert cited == set(entries)
    for key, entry in entries.items():
        assert (
            entry.fields["title"]
            and entry.persons["author"]
            and re.fullmatch(r"\d{4}", entry.fields["year"])
        ), key
        assert {"doi", "eprint", "pages", "howpublished"} & set(entry.fields), (
            f"{key}: where is it to be found?"
        )


def test_the_glossary_is_in_order_and_bilingual():
    terms = [term for term, _ in ENTRIES]
    assert 50 <= len(terms) == len(set(terms))
    assert terms == sorted(terms, key=str.casefold)
    for term, text in ENTRIES:
        definition, _, vietnamese = " ".join(text.split()).partition("— **")
        assert len(definition.split()) >= 5 and vietnamese.endswith("**"), term
        assert unicodedata.is_normalized("NFC", text), term
    accented = [
        text
        for _, text in ENTRIES
        if re.search(r"[ăâđêôơưáàảãạéèẻẽẹíìỉĩịóòỏõọúùủũụýỳỷỹỵấầẩẫậắằẳẵặếềểễệốồổỗộớờởỡợứừửữự]", text)
    ]
    assert len(accented) == len(ENTRIES)


def test_the_glossary_explains_words_that_the_chapters_use():
    text = (
        "\n".join(prose(pair.source) for pair in notebooks.find_pairs(ROOT))
        .lower()
        .replace("*", "")
    )
    text = re.sub(r"\s+", " ", text)
    for term, _ in ENTRIES:
        assert re.search(
            rf"\b{re.escape(re.sub(' (channel|convolution)$', '', term.lower()))}", text
        ), f"no chapter uses {term!r}"


@pytest.mark.parametrize("pair", notebooks.find_pairs(ROOT), ids=lambda pair: pair.name)
def test_widgets_leave_a_sentence_and_a_picture_on_the_page(pair):
    """In the stored outputs each widget is a sentence, and a picture stands at most two code cells
    before it.
    """
    code = [
        cell for cell in notebooks.read_notebook(pair.notebook).cells if cell.cell_type == "code"
    ]
    for position, cell in enumerate(code):
        for output in cell.outputs:
            if (
                output.get("data", {})
                .get("text/plain", "")
                .startswith("Widget (needs JupyterLab): ")
            ):
                near = [
                    kind
                    for before in code[max(position - 2, 0) : position + 1]
                    for other in before.outputs
                    for kind in other.get("data", {})
                ]
                assert any(kind.startswith("image/") for kind in near), (
                    f"{pair.name}: no figure near {output['data']['text/plain'][:80]!r}"
                )
                assert list(output["data"]) == ["text/plain"]
