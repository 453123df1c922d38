"""The contract of a chapter, held for every chapter."""

import re
from pathlib import Path

import pytest

from course_utils.command import cells as cells_of_form
from course_utils.command import minutes, notebooks, submissions

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = notebooks.find_pairs(ROOT)
SOLUTIONS = {pair.name: pair for pair in notebooks.find_pairs(ROOT, "solutions")}
LARGEST_PICTURE = 80_000  # bytes
LARGEST_NOTEBOOK = 2_000_000  # bytes

pytestmark = pytest.mark.parametrize("pair", CHAPTERS, ids=lambda pair: pair.name)


def exercise_tags(cells):
    return [tag for cell in cells for tag in notebooks.tags(cell) if tag.startswith("exercise-")]


def test_the_header_says_what_the_chapter_is(pair):
    course = notebooks.read_source(pair).metadata["course"]
    assert course["title"] and 5 <= course["minutes"] <= 120
    assert all(str(number).zfill(2) < pair.number for number in course["needs"])


def test_one_parameters_cell_sets_the_sample_profile(pair):
    cells = [
        cell for cell in notebooks.read_source(pair).cells if "parameters" in notebooks.tags(cell)
    ]
    assert len(cells) == 1 and re.fullmatch(r'PROFILE = "sample"( +#.*)?', cells[0].source.strip())


def test_the_first_cell_says_what_must_have_been_run(pair):
    """`Artefacts` refuses to begin before the chapters that the header names have been run."""
    notebook = notebooks.read_source(pair)
    code = [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and "parameters" not in notebooks.tags(cell)
    ]
    if notebook.metadata["course"]["needs"]:
        assert f'Artefacts("{pair.name}", PROFILE)' in code[0]


def test_cells_are_short_and_prose_leads(pair):
    cells = notebooks.read_source(pair).cells
    assert 20 <= len(cells) <= 120
    assert cells[0].cell_type == "markdown" and cells[0].source.startswith("# ")
    assert not cells_of_form.check_cells(pair, ROOT)


def test_a_seed_is_set_before_a_network_that_is_trained_comes(pair):
    """Dropout draws a seed of its own when its network is loaded or built: seeding after that comes
    too late.
    """
    code = "\n".join(
        cell.source for cell in notebooks.read_source(pair).cells if cell.cell_type == "code"
    )
    comes = re.search(r"\bmodels\.(load|build)\(", code)
    if comes and re.search(r"\b(network|training)\.fit\(", code):
        assert re.search(r"\b(make_deterministic|set_random_seed)\(", code[: comes.start()])


def test_minutes_fit_the_reading(pair):
    """`course check` measures the run as well; here it may take from nothing to three minutes."""
    stated, reading = minutes.chapter_minutes(pair, ROOT, running=0)
    assert reading / minutes.FACTOR <= stated <= minutes.FACTOR * (reading + 3), (
        f"{reading:.0f} minutes of reading, and {stated} in the header"
    )
    assert f"{stated} minutes to read and run" in " ".join(
        notebooks.read_source(pair).cells[0].source.split()
    )


def test_exercises_are_graded_and_timed(pair):
    prose = "\n".join(
        cell.source for cell in notebooks.read_source(pair).cells if cell.cell_type == "markdown"
    )
    tags = exercise_tags(notebooks.read_source(pair).cells)
    graded = re.findall(
        r"(?:\*\*Exercise |### )(\d+-\d+)\b[^(\n]*\((easy|medium|hard), (\d+) minutes\)", prose
    )
    assert [f"exercise-{number}" for number, *_ in graded] == tags and 3 <= len(tags) <= 5
    assert len({grade for _, grade, _ in graded}) >= 2
    together = sum(int(time) for *_, time in graded)
    opening = " ".join(notebooks.read_source(pair).cells[0].source.split())
    said = (
        60
        if "about an hour for the" in opening
        else int(re.search(r"(\d+) more for the", opening)[1])
    )
    assert abs(said - together) <= 15, (
        f"the exercises take {together} minutes, and the first cell says {said}"
    )


def test_one_open_task_stands_last_and_in_the_guide(pair):
    """Its place matters: what is handed in is looked for below it."""
    sources = [cell.source for cell in notebooks.read_source(pair).cells]
    tasks = [n for n, source in enumerate(sources) if submissions.OPEN_TASK.match(source)]
    assert len(tasks) == 1
    assert not [source for source in sources[tasks[0] :] if "**Exercise " in source]
    guide = (ROOT / "book" / "instructors.md").read_text(encoding="utf-8")
    rows = guide.split("## Open tasks")[1].split("\n## ")[0]
    assert re.search(rf"^\| {pair.number} \| \S.* \| \S.* \|$", rows, flags=re.MULTILINE)


def test_the_checks_have_tests(pair):
    """What these must show of each exercise is held by `contract_of_exercises` in conftest.py."""
    assert (ROOT / "tests" / "checks" / f"test_chapter_{pair.number}.py").is_file()


def test_exercises_and_solutions_carry_the_same_tags(pair):
    ours = exercise_tags(notebooks.read_source(pair).cells)
    worked = exercise_tags(notebooks.read_source(SOLUTIONS[pair.name]).cells)
    assert ours and sorted(ours) == sorted(worked) and len(set(ours)) == len(ours)
    assert all(re.fullmatch(rf"exercise-{int(pair.number)}-\d+", tag) for tag in ours)


def test_exercises_read_not_attempted_as_shipped(pair):
    cells = notebooks.read_notebook(pair.notebook).cells
    verdicts = [
        text
        for cell in cells
        for output in cell.get("outputs", [])
        for text in [output.get("data", {}).get("text/plain", "")]
        if re.match(r"[✔✘○] Exercise \d+-\d+: ", text)
    ]
    for tag in exercise_tags(cells):
        number = tag.removeprefix("exercise-")
        assert any(f"Exercise {number}: not attempted" in text for text in verdicts), (
            f"exercise {number} reads {verdicts}"
        )


def test_stored_files_are_lean(pair):
    for path in (pair.notebook, SOLUTIONS[pair.name].notebook):
        assert path.stat().st_size < LARGEST_NOTEBOOK
        for number, cell in enumerate(notebooks.read_notebook(path).cells, start=1):
            for output in cell.get("outputs", []):
                for kind, content in output.get("data", {}).items():
                    if kind.startswith("image/"):
                        assert len(content) * 3 / 4 < LARGEST_PICTURE, (
                            f"{path.name}, cell {number}: {len(content) * 3 // 4} bytes"
                        )


def test_stored_outputs_name_no_path_and_no_address_in_memory(pair):
    for path in (pair.notebook, SOLUTIONS[pair.name].notebook):
        text = path.read_text(encoding="utf-8")
        assert str(ROOT) not in text and not re.search(r" at 0x[0-9a-f]{6,}", text)
        assert '"name": "stderr"' not in text
