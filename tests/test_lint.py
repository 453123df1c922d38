"""`make lint` holds: the form of the code, and the direction of imports."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent


def lint_imports(folder):
    done = subprocess.run(
        [PROGRAMS / "lint-imports", "--no-logo", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": str(PROGRAMS)},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout


@pytest.fixture
def package(tmp_path):
    """A copy of the package and of its contract."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    skipped = shutil.ignore_patterns("__pycache__", "*.png", "*.csv")
    shutil.copytree(ROOT / "course_utils", tmp_path / "course_utils", ignore=skipped)
    return tmp_path


def test_the_package_keeps_its_contract(package):
    status, said = lint_imports(package)
    assert status == 0 and "2 kept, 0 broken" in said


@pytest.mark.parametrize(
    "module, forbidden, broken",
    [
        ("pictures/images.py", "from course_utils.notebook import widgets", 2),
        ("detection/boxes.py", "import course_utils.figures", 2),
        ("masks/warp.py", "from course_utils.training import fitting", 1),
        ("checks/trial.py", "from course_utils.command import doctor", 1),
        ("errors.py", "from course_utils import files", 1),
        ("loose.py", "from course_utils import files", 1),
    ],
)
def test_a_forbidden_import_is_refused(package, module, forbidden, broken):
    path = package / "course_utils" / module
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}\n\ndef late():\n    {forbidden}\n", encoding="utf-8")
    status, said = lint_imports(package)
    assert status == 1 and f"{broken} broken" in said, said


def test_pre_commit_runs_what_make_lint_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"].split()[:2] for repo in hooks["repos"] for hook in repo["hooks"]]
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    recipe = [line.split()[:2] for line in lines if line.startswith("\t.venv/bin/")]
    assert all(entry in recipe for entry in entries) and len(entries) == 3


def test_ci_begins_with_lint():
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8").split("\n")
    told = [line for line in steps if line.startswith(("make", ".venv"))]
    assert told[0] == "make lint" and "make lint" in (
        ROOT / ".github" / "workflows" / "ci.yml"
    ).read_text(encoding="utf-8")
