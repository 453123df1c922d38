"""`course check` fails, and names the place, for each kind of fault."""

import json

import pytest


def check(course, *options):
    done = course.course("check", *options)
    return done.returncode, done.stdout + done.stderr


def edit_notebook(course, name, change):
    notebook = json.loads(course.read(name))
    change(notebook)
    course.write(name, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


def test_a_healthy_course_passes_and_the_cells_are_counted(small_course):
    status, said = check(small_course)
    assert status == 0, said
    assert "12 code cells compared, 0 told to be ignored (0%); 0 findings" in said


def test_of_a_video_the_words_are_compared_and_not_the_bytes(small_course):
    video = '<video aria-label="A walk." src="data:video/mp4;base64,AAAA"></video>'
    cell = f"\n# %%\nfrom IPython.display import HTML\nHTML({video!r})\n"
    small_course.write("chapters/01_second.py", small_course.read("chapters/01_second.py") + cell)
    assert small_course.course("run", "--update").returncode == 0
    stored = "chapters/01_second.ipynb"
    edit_notebook(
        small_course,
        stored,
        lambda notebook: notebook["cells"][-1]["outputs"][0]["data"].update(
            {"text/html": ['<video aria-label="A walk." src="data:video/mp4;base64,BBBB"></video>']}
        ),
    )
    assert "0 findings" in check(small_course, "01")[1]
    small_course.replace(
        stored,
        'aria-label=\\"A walk.\\" src=\\"data:video/mp4;base64,BBBB',
        'aria-label=\\"A run.\\" src=\\"data:video/mp4;base64,BBBB',
    )
    assert "gives another output" in check(small_course, "01")[1]


def test_ignored_cells_are_counted(small_course):
    small_course.replace(
        "chapters/01_second.py", "# %%\nfrom", '# %% tags=["nbval-ignore-output"]\nfrom'
    )
    assert small_course.course("run", "--update").returncode == 0
    status, said = check(small_course, "--static")
    assert status == 0, said
    assert "11 code cells would be compared, 1 told to be ignored (8%)" in said


@pytest.fixture(scope="module")
def faulty_run(executed_course, tmp_path_factory):
    """What `course check` says of a course with faults that only an execution shows."""
    course = executed_course.copy(tmp_path_factory.mktemp("faulty") / "course")
    course.replace("chapters/00_first.ipynb", "The sum is 45.", "The sum is 46.")
    edit_notebook(
        course, "chapters/01_second.ipynb", lambda notebook: notebook["cells"][2].update(outputs=[])
    )
    course.replace("tests/metric_bounds.toml", "max = 50", "max = 44")
    for ending, text in (("py", "answer = 45"), ("ipynb", '"answer = 45"')):
        course.replace(f"solutions/00_first.{ending}", text, text.replace("45", "44"))
    course.write(
        "tests/metric_bounds.toml",
        course.read("tests/metric_bounds.toml") + "[01_second.product]\nmin = 0\n",
    )
    return check(course)


def test_an_output_edited_by_hand_is_found(faulty_run):
    status, said = faulty_run
    assert status == 1
    assert "chapters/00_first.ipynb, cell 4" in said
    assert "The sum is 46." in said and "The sum is 45." in said


def test_one_cell_without_its_output_is_found(faulty_run):
    assert "chapters/01_second.ipynb, cell 3" in faulty_run[1]


def test_a_metric_out_of_bounds_is_found(faulty_run):
    assert "00_first, metric total is 45, outside of 40 to 44" in faulty_run[1]


def test_a_bound_without_a_metric_is_found(faulty_run):
    assert "01_second, metric product has a bound but was not recorded" in faulty_run[1]


def test_a_worked_answer_that_its_check_refuses_is_found(faulty_run):
    assert (
        "solutions/00_first.py does not pass its check: the worked answer of exercise-0-1 gets: ✘"
        " Exercise 0-1: not yet. Count again." in faulty_run[1]
    )


def test_an_output_of_the_solutions_edited_by_hand_is_found(faulty_run):
    assert "solutions/00_first.ipynb, cell 3 gives another output" in faulty_run[1]


def test_nothing_else_is_found(faulty_run):
    assert "6 findings" in faulty_run[1]


def test_a_cell_in_the_script_only_is_found(small_course):
    small_course.write(
        "chapters/01_second.py",
        small_course.read("chapters/01_second.py") + "\n# %%\nprint('new')\n",
    )
    status, said = check(small_course, "--static")
    assert status == 1
    assert "chapters/01_second.py, cell 5 is not in 01_second.ipynb" in said


def test_a_changed_cell_is_found(small_course):
    small_course.replace("chapters/01_second.py", "Twice", "Two times")
    status, said = check(small_course, "--static")
    assert status == 1
    assert "chapters/01_second.py, cell 3 differs" in said


def test_a_notebook_without_outputs_is_found(small_course):
    def strip(notebook):
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)

    edit_notebook(small_course, "chapters/01_second.ipynb", strip)
    status, said = check(small_course, "--static")
    assert status == 1
    assert "chapters/01_second.ipynb holds no stored outputs" in said


def test_a_cell_that_was_never_executed_is_found(small_course):
    def forget(notebook):
        notebook["cells"][3].update(outputs=[], execution_count=None)

    edit_notebook(small_course, "chapters/00_first.ipynb", forget)
    status, said = check(small_course, "--static")
    assert status == 1
    assert "chapters/00_first.ipynb, cell 4 was not executed" in said


def test_a_figure_without_alt_text_is_found(small_course):
    small_course.replace(
        "chapters/00_first.py",
        'figures.show(figure, alt="A line that rises from 1 to 2.")',
        "figure",
    )
    assert small_course.course("run", "--update").returncode == 0
    status, said = check(small_course, "--static")
    assert status == 1
    assert "chapters/00_first.ipynb, cell 7 shows a figure without alt text" in said


def test_an_image_without_alt_text_in_prose_is_found(small_course):
    small_course.write(
        "README.md", "# Title\n\n![](data/sample/faces.csv)\n\n<img src='data/sample/faces.csv'>\n"
    )
    status, said = check(small_course, "--static")
    assert status == 1
    assert said.count("README.md shows an image without alt text") == 2


def test_a_dead_link_is_found(small_course):
    small_course.write(
        "README.md", "See [here](chapters/09_gone.ipynb) and [there](https://example.org).\n"
    )
    status, said = check(small_course, "--static")
    assert status == 1
    assert "README.md links to chapters/09_gone.ipynb, which does not exist" in said
    assert "example.org" not in said


def test_findings_as_json(small_course):
    small_course.write("README.md", "[x](gone.md)\n")
    done = small_course.course("check", "--static", "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 1
    assert answer["findings"] == [
        {"place": "README.md", "problem": "links to gone.md, which does not exist: mend the link."}
    ]
    assert answer["compared"] == 12


def test_a_script_that_opening_it_would_change_is_named_and_mended(small_course):
    small_course.replace("chapters/00_first.py", "#     needs: []\n#     title: First\n", "")
    small_course.replace(
        "chapters/00_first.py", "minutes: 1\n", "minutes: 1\n#     title: First\n#     needs: []\n"
    )
    found = small_course.course("check", "--static")
    assert found.returncode == 1
    assert "chapters/00_first.py is not in the form in which JupyterLab saves it" in found.stdout
    assert small_course.course("run", "00", "--update").returncode == 0
    assert small_course.course("check", "--static").returncode == 0
