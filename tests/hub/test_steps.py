"""The Dockerfile's steps can be executed without Docker; here on small files with Docker's form."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import steps  # noqa: E402

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the steps are a shell's")

DOCKERFILE = """\
FROM python:3.11-slim AS environment
ENV PATH=/opt/venv/bin:$PATH \\
    GREETING="good day"
COPY requirements.txt /opt/lock/requirements.txt
RUN python -m venv --without-pip /opt/venv \\
    && cat /opt/lock/requirements.txt > /opt/seen
FROM environment AS handout
COPY . /opt/whole
WORKDIR /opt/whole
RUN mkdir -p /opt/course && cp words /opt/course/words
FROM environment
COPY --from=handout /opt/course /opt/course
COPY start /usr/local/bin/begin
RUN echo "PATH=/opt/venv/bin:\\$PATH" > /etc/profile.d/course.sh \\
    && useradd --uid 1000 --gid 100 --create-home jovyan
ENV HOME=/home/jovyan
USER 1000:100
WORKDIR /home/jovyan
ENTRYPOINT ["begin"]
CMD ["sh", "-c", "cat $HOME/words > written"]
"""


@pytest.fixture(scope="module", autouse=True)
def python_made_once(tmp_path_factory):
    """Copy the environment that has pip and nothing else: to make one takes three seconds."""
    first = tmp_path_factory.mktemp("made") / "python"
    variables = steps.bare_python(first, sys.executable)

    def copied(folder, python):
        assert Path(python).resolve() == Path(sys.executable).resolve()
        shutil.copytree(first, folder, symlinks=True, dirs_exist_ok=True)
        return {**variables, "PATH": variables["PATH"].replace(str(first), str(folder))}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "bare_python", copied)
        yield


@pytest.fixture
def source(tmp_path):
    """A checkout with a Dockerfile and what it copies."""
    source = tmp_path / "source"
    source.mkdir()
    for name, text in {
        "Dockerfile": DOCKERFILE,
        "requirements.txt": "numpy\n",
        "words": "read only\n",
        "start": '#!/bin/sh\nln -s /opt/course/words "$HOME/words"\nexec "$@"\n',
        ".gitignore": "private\n",
        "private": "not to be copied\n",
    }.items():
        (source / name).write_text(text)
    (source / "start").chmod(0o755)
    subprocess.run(["git", "init", "--quiet"], cwd=source, check=True)
    for folder in (tmp_path, *tmp_path.parents[:2]):  # the student must get there
        folder.chmod(folder.stat().st_mode | 0o055)
    return source


def test_stages_paths_and_the_student_are_those_of_the_dockerfile(source, tmp_path, capfd):
    folder = tmp_path / "image"
    folder.mkdir()
    start = steps.build_image(source, folder)
    assert (folder / "opt/seen").read_text() == "numpy\n"
    assert not (folder / "opt/whole/private").exists()
    line = (folder / "etc/profile.d/course.sh").read_text()
    assert line == f"PATH={folder}/opt/venv/bin:$PATH\n"
    start()
    written = folder / "home/jovyan/written"
    assert written.read_text() == "read only\n"
    if "Everything runs as you" not in capfd.readouterr().out:
        assert (written.stat().st_uid, written.stat().st_gid) == steps.STUDENT
    written.with_name("words").unlink()
    start("sh", "-c", f"test $(command -v python) = {folder}/opt/venv/bin/python")


def test_the_step_that_fails_is_named(source, tmp_path, capsys):
    broken = DOCKERFILE.replace("cp words /opt/course/words", "cp wrds /opt/course/words")
    (source / "Dockerfile").write_text(broken)
    (tmp_path / "image").mkdir()
    with pytest.raises(SystemExit, match="This step failed: RUN mkdir -p /opt/course"):
        steps.build_image(source, tmp_path / "image")
    assert capsys.readouterr().out.count("RUN ") == 1, "what went well before it"


def test_binder_gets_the_list_for_pip_then_the_last_step(tmp_path, capsys):
    """With a pip that notes what it was asked for, and `start` as it is."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("environment.yml", "postBuild", "start", "requirements.lock"):
        shutil.copy(ROOT / name, source)
    subprocess.run(["git", "init", "--quiet"], cwd=source, check=True)
    asked = tmp_path / "asked"
    made = steps.bare_python

    def with_other_pip(folder, python):
        environment = made(folder, python)
        (folder / "bin/pip").write_text(f'#!/bin/sh\necho "$@" >> {asked}\n')
        return environment

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "bare_python", with_other_pip)
        start = steps.build_binder(source, tmp_path / "binder")
    first, second = asked.read_text().splitlines()
    assert "--requirement" in first and "--no-deps" in second
    names = (tmp_path / "binder/list.txt").read_text()
    assert "tensorflow==" in names and "imagecorruptions" not in names
    assert "imagecorruptions-imaug==" in second and "--editable ." in second
    start(
        "sh",
        "-c",
        'case "$JUPYTER_CONFIG_PATH" in */course_utils/notebook/jupyter*) ;; *) exit 1; esac',
    )


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("")
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "steps.py", "image", tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
