"""What the tests of several sub-commands share."""

import sys

import pytest

from course_utils.command.main import main


@pytest.fixture
def course(monkeypatch, capfd):
    """Run `course` in this process: status, what it printed, and its errors on one line."""
    monkeypatch.setenv("COLUMNS", "400")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["course", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as stopped:
            status = stopped.code or 0
        printed = capfd.readouterr()
        return status, printed.out, " ".join(printed.err.replace("│", " ").split())

    return run
