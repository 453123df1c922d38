"""What a reader sees of an error in an own answer, in a real IPython kernel's shell."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

RIGHT = "def faces(n):\n    return 2 * n"
CHECKED = """
from course_utils.checks.trial import Refused, check

def check_1(function):
    def judge(call):
        if call("three", 3) != 6:
            raise Refused("Double it.")
        return "Doubled."
    return check("0-1", function, lambda n: None, judge)
"""


@pytest.fixture
def shell():
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    assert shell.run_cell(CHECKED, store_history=True).success
    yield shell
    InteractiveShell.clear_instance()


def verdict(shell, *answers):
    for answer in answers:
        shell.run_cell(answer, store_history=True)
    return shell.run_cell("check_1(faces)", store_history=True).result


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("def faces(n):\n    return undefined", "NameError (name 'undefined' is not defined)"),
        (
            "import numpy as np\ndef faces(n):\n    return np.ones((2, 3)) @ np.ones(2)",
            "ValueError (matmul",
        ),
    ],
)
def test_one_line_of_theirs_is_shown(shell, answer, said, capsys):
    given = verdict(shell, answer)
    assert given.state == "not yet" and said in given.hint
    assert f"on three, in your line `{answer.splitlines()[-1].strip()}`." in given.hint
    assert "Traceback" not in capsys.readouterr().out


def test_the_line_is_theirs_where_a_library_fails_below_it(shell):
    given = verdict(shell, "import json\ndef faces(n):\n    return json.loads('{')")
    assert "JSONDecodeError" in given.hint and "in your line `return json.loads('{')`" in given.hint


@pytest.mark.parametrize(
    ("newer", "said"),
    [
        ("def faces(n):\n    return 3 * (n", "has a SyntaxError in line 2"),
        ("undefined\ndef faces(n):\n    return 3 * n", "stopped with an error"),
    ],
)
def test_an_older_answer_is_called_one(shell, newer, said):
    given = verdict(shell, RIGHT, newer)
    assert given.state == "passed" and said in given.hint and "*older* answer" in given.hint
    assert verdict(shell, RIGHT).hint == "Doubled."


def test_a_sentence_for_the_reader_comes_without_a_traceback(shell, capsys):
    from course_utils.errors import CourseError

    shell.user_ns["CourseError"] = CourseError
    shell.run_cell("def deep():\n    raise CourseError('Run 01 first.')\ndeep()")
    assert capsys.readouterr().out.strip() == "CourseError: Run 01 first."
