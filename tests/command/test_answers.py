"""`course answers`: an update in mid-term keeps what a student wrote."""

import json
import subprocess

from course_utils.command import handout, notebooks


def write_answer(course, text):
    """Answer the exercise as JupyterLab would: in the notebook and in the script."""
    course.replace("chapters/00_first.py", "answer = None", text)
    course.replace("chapters/00_first.ipynb", "answer = None", text)


def test_a_new_handout_gets_the_answers_of_the_old_one(small_course, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    handout.write(small_course.root, old)
    student = small_course.copy.__func__(small_course, tmp_path / "unused")
    student.root = old
    write_answer(student, "answer = 45")
    (old / "work").mkdir()
    student.write("work/progress.json", json.dumps({"0-1": "passed"}))
    small_course.replace("chapters/00_first.py", "The sum is", "Together they are")
    assert small_course.course("run", "--update").returncode == 0
    handout.write(small_course.root, new)
    student.root = new
    done = student.course("answers", str(old))
    assert done.returncode == 0 and "Taken: 0-1." in done.stdout, done.stderr
    pair = notebooks.find_pairs(new)[0]
    for text in (pair.source.read_text(), pair.notebook.read_text()):
        assert "answer = 45" in text and "answer = None" not in text
        assert "Together they are" in text and "The sum is" not in text
    assert json.loads(student.read("work/progress.json")) == {"0-1": "passed"}
    assert notebooks.saved_form(pair) == pair.source.read_text()
    again = student.course("answers", str(old))
    assert again.returncode == 0 and "Taken: nothing." in again.stdout


def test_after_a_pull_the_answers_come_from_the_folder_that_was_moved_away(small_course, tmp_path):
    def git(folder, *arguments):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
        return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)

    git(small_course.root, "init", "-q", "-b", "main")
    git(small_course.root, "add", "chapters", "pyproject.toml", "jupytext.toml")
    git(small_course.root, "commit", "-q", "-m", "first")
    git(tmp_path, "clone", "-q", str(small_course.root), "student")
    student = small_course.copy.__func__(small_course, tmp_path / "unused")
    student.root = tmp_path / "student"
    write_answer(student, "answer = 45")
    small_course.replace("chapters/00_first.py", "The sum is", "Together they are")
    small_course.replace("chapters/00_first.ipynb", "The sum is", "Together they are")
    git(small_course.root, "commit", "-q", "-a", "-m", "update")
    # the recipe of the page "Troubleshooting"
    (student.root / "chapters").rename(student.root / "my-chapters")
    git(student.root, "checkout", "--", "chapters")
    git(student.root, "pull", "-q")
    done = student.course("answers", "my-chapters", PYTHONPATH=str(small_course.root))
    assert "Taken: 0-1." in done.stdout, done.stdout + done.stderr
    assert "answer = 45" in student.read("chapters/00_first.py")
    assert "Together they are" in student.read("chapters/00_first.py")


def test_what_is_no_older_copy_gets_one_sentence(small_course, tmp_path):
    for folder, words in ((tmp_path, "no chapters in"), (small_course.root, "is this copy")):
        done = small_course.course("answers", str(folder))
        assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr


def test_an_empty_answer_is_not_carried_over(small_course, tmp_path):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "00_first.py").write_text(
        '# %% tags=["exercise-0-1"]\ndef answer(x):\n    """Say it."""\n    ...  # your lines\n'
        '\n# %% tags=["exercise-0-9"]\ngone = 1\n'
    )
    done = small_course.course("answers", str(tmp_path))
    assert "Taken: nothing" in done.stdout and "No such exercise any more: 0-9" in done.stdout
