"""GitHub's workflows: pinned, cached by the lock, with few rights, and honest about failures."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import release_notes  # noqa: E402

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / ".github" / "actions" / "environment" / "action.yml"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES}
JOBS = [
    pytest.param(workflow, job, id=f"{name}-{key}")
    for name, workflow in WORKFLOWS.items()
    for key, job in workflow["jobs"].items()
]


@pytest.mark.parametrize("path", [*FILES, ACTION], ids=lambda path: path.stem)
def test_every_action_is_pinned_by_commit_and_named_by_version(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        used = re.search(r"uses: (\S+)(.*)", line)
        if used and not used[1].startswith("./"):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", used[1]), line
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", used[2]), line
        if used and used[1].startswith("./"):
            assert (ROOT / used[1] / "action.yml").exists(), line


def test_one_action_has_one_commit():
    commits = {}
    for path in [*FILES, ACTION]:
        for name, commit in re.findall(r"uses: (\S+)@(\S+)", path.read_text(encoding="utf-8")):
            commits.setdefault(name, set()).add(commit)
    assert commits and all(len(found) == 1 for found in commits.values()), commits


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_a_job_has_a_time_limit_and_no_more_rights_than_it_says(workflow, job):
    assert job["timeout-minutes"] <= 60
    assert workflow["permissions"] == {"contents": "read"}


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_what_may_write_runs_nothing_of_the_repository(workflow, job):
    """A package or a chapter that turned evil must not meet a token that writes."""
    if "write" in job.get("permissions", {}).values():
        for step in job["steps"]:
            assert not step.get("uses", "").startswith("./"), step
            assert not re.search(r"\b(python|course|make|pip)\b", step.get("run", "")), step


def test_the_cache_belongs_to_the_lock():
    steps = yaml.safe_load(ACTION.read_text(encoding="utf-8"))["runs"]["steps"]
    (cache,) = [step for step in steps if step.get("uses", "").startswith("actions/cache@")]
    (made,) = [step for step in steps if step.get("run", "").startswith("python bootstrap.py")]
    assert "hashFiles('requirements.lock')" in cache["with"]["key"]
    assert "restore-keys" not in cache["with"]  # it would pile up the packages of old locks
    assert cache["with"]["path"] == made["env"]["UV_CACHE_DIR"]


@pytest.mark.skipif(os.name == "nt", reason="needs bash")
@pytest.mark.parametrize("failing", ["course doctor", "course check --static"])
def test_on_windows_too_a_step_fails_where_its_first_command_fails(failing, tmp_path):
    """The steps as they are, with programs that fail for one command and note the others."""
    job = WORKFLOWS["ci"]["jobs"]["test-and-check"]
    assert "windows-latest" in job["strategy"]["matrix"]["os"]
    assert WORKFLOWS["ci"]["defaults"]["run"]["shell"] == "bash"
    (step,) = [step for step in job["steps"] if failing in step.get("run", "").splitlines()]
    assert len(step["run"].strip().splitlines()) > 1
    assert step.get("if", "runner.os != 'Linux'") == "runner.os != 'Linux'"
    for name in ("course", "python", "make"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\n[ "{name} $*" != "{failing}" ] || exit 1\n')
        program.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]  # GitHub's `shell: bash`
    done = subprocess.run([*shell, step["run"]], env={"PATH": path})
    assert done.returncode == 1
    harmless = step["run"].replace(failing, "course --version")
    assert subprocess.run([*shell, harmless], env={"PATH": path}).returncode == 0


def test_ci_makes_the_conda_environment_and_runs_a_chapter_that_needs_opencv():
    steps = " ".join(step.get("run", "") for step in WORKFLOWS["ci"]["jobs"]["conda"]["steps"])
    assert "environment.yml" in steps and "postBuild" in steps
    assert "course doctor" in steps and "course run 00 01 02" in steps


def test_dependabot_watches_actions_and_the_base_image():
    found = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    watched = {one["package-ecosystem"]: one for one in found["updates"]}
    assert found["version"] == 2 and set(watched) == {"github-actions", "docker"}
    for folder in watched["github-actions"]["directories"]:
        assert (ROOT / folder.strip("/")).is_dir()


def test_the_site_that_is_published_is_the_one_that_course_book_builds():
    build = WORKFLOWS["pages"]["jobs"]["build"]["steps"]
    assert "course book" in [step.get("run") for step in build]
    assert build[-1]["with"]["path"] == "book/_build/html"


CHANGELOG = """# Changelog

## [Unreleased]

Nothing.

## [0.2.0] - 2027-01-01

### Added

- A thing.

## [0.1.0]

The first.
"""


def test_notes_are_those_of_one_version():
    assert release_notes.notes(CHANGELOG, "0.2.0") == "### Added\n\n- A thing."
    assert release_notes.notes(CHANGELOG, "0.1.0") == "The first."
    assert release_notes.notes(CHANGELOG, "0.3.0") is None


def test_a_release_needs_one_version_everywhere():
    def told(tag):
        return subprocess.run(
            [sys.executable, "tools/release_notes.py", tag],
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )

    import tomllib

    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]
    right, wrong = told(f"v{version}"), told("v99.0.0")
    assert right.returncode == 0 and right.stdout.strip(), right.stderr
    assert wrong.returncode == 1 and "make them agree" in wrong.stderr


def test_the_citation_names_what_a_citation_needs():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "title", "message", "authors", "version", "date-released"} <= set(
        citation
    )
    assert "repository-code:" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
