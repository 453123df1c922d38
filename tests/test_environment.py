"""The lock, the conda file and the package fit together."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import lock  # noqa: E402

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def run_python(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )


def test_every_locked_package_has_hashes_and_no_address():
    blocks = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(blocks) > 100
    for block in blocks:
        assert re.match(r"[A-Za-z0-9_.-]+==\S+", block), block
        assert "--hash=sha256:" in block, block
    assert "://" not in LOCK and " @ " not in LOCK


def test_exactly_one_opencv_is_installed():
    opencv = [name for name, _, _ in lock.pins() if name.startswith("opencv")]
    assert opencv == ["opencv-python-headless"]


def test_one_version_serves_both_pythons():
    names = [name for name, _, _ in lock.pins()]
    assert len(names) == len(set(names))


def test_the_conda_file_names_the_versions_of_the_lock():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert text == lock.environment(), "run `python tools/lock.py --environment-only`"
    pip = yaml.safe_load(text)["dependencies"][-1]["pip"]
    assert len(pip) == sum(1 for _ in lock.pins()) - len(lock.ALONE)


def test_setup_page_and_conda_file_install_the_same_packages_alone():
    line = next(
        line
        for line in (ROOT / "environment.yml").read_text().splitlines()
        if "pip install" in line
    )
    assert line.removeprefix("#   ") in (ROOT / "book" / "setup.md").read_text(encoding="utf-8")
    assert all(f" {name}==" in line for name in lock.ALONE)


def test_binder_installs_the_same_packages_alone():
    """The last step of Binder, as it is, with a pip that only says what it was asked for."""
    program = (
        f"pip() {{ printf '%s\\n' \"$@\"; }}; {(ROOT / 'postBuild').read_text(encoding='utf-8')}"
    )
    told = subprocess.run(
        ["bash", "-c", program], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    assert [word for word in told if "==" in word] == [
        f"{name}=={version}" for name, version, _ in lock.pins() if name in lock.ALONE
    ]
    assert "--no-deps" in told


def test_one_uv_is_named_everywhere():
    """By bootstrap.py, in the recipes of the setup page, and by the image."""
    wanted = re.search(r'UV = "(uv==\S+)"', (ROOT / "bootstrap.py").read_text(encoding="utf-8"))[1]
    for name, times in {"book/setup.md": 2, "Dockerfile": 1}.items():
        named = re.findall(r"\buv==[\d.]+", (ROOT / name).read_text(encoding="utf-8"))
        assert named == [wanted] * times, name


def test_every_requirement_of_the_project_is_locked():
    import tomllib

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "dependencies"
    ]
    locked = {name.lower() for name, _, _ in lock.pins()}
    assert {re.match(r"[\w.-]+", line)[0].lower() for line in wanted} <= locked


def test_the_package_does_not_import_tensorflow():
    """Two modules define Keras layers, which are classes of Keras; they are imported when a layer
    is wanted.
    """
    code = (
        "import sys, pkgutil, importlib, course_utils\n"
        "for module in pkgutil.walk_packages(course_utils.__path__, 'course_utils.'):\n"
        "    if not module.name.startswith('course_utils.augmentation.'):\n"
        "        importlib.import_module(module.name)\n"
        "print('tensorflow' in sys.modules)"
    )
    done = run_python("-c", code)
    assert done.stdout.strip() == "False", done.stderr


def test_imgaug_works_with_this_numpy():
    import imgaug.augmenters as iaa

    picture = np.full((8, 8, 3), 100, np.uint8)
    assert iaa.Multiply(2.0)(image=picture).tolist() == np.full((8, 8, 3), 200, np.uint8).tolist()
    assert iaa.Affine(rotate=(-20, 20))(image=picture).shape == picture.shape


@pytest.mark.skipif(
    not (ROOT / ".venv" / "course-environment").exists(),
    reason="the environment was not made by bootstrap.py",
)
@pytest.mark.skipif(
    (ROOT / ".venv").is_symlink(),
    reason=(
        "the environment belongs to another copy of the course: a stale one would be cleared there"
    ),
)
def test_a_second_bootstrap_does_nothing():
    stamp = ROOT / ".venv" / "course-environment"
    before = stamp.stat().st_mtime_ns
    done = run_python("bootstrap.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert stamp.stat().st_mtime_ns == before


def test_doctor_finds_nothing_wrong():
    done = run_python("-m", "course_utils.command.main", "doctor", "--json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_doctor_names_a_wrong_version_and_the_remedy(small_course):
    small_course.write(
        "requirements.lock",
        "numpy==1.0.0 \\\n    --hash=sha256:00\nabsent-package==2.0\nother==1 ; sys_platform =="
        " 'never'\n",
    )
    done = small_course.course("doctor")
    assert done.returncode == 1
    assert "instead of 1.0.0" in done.stdout and "absent-package missing" in done.stdout
    assert "other" not in done.stdout.replace("close other", "")
    assert "bootstrap.py" in done.stdout


def bootstrap_alone(folder, *python, **environment):
    """Run bootstrap.py in a folder that holds only what it reads, without a package index."""
    for name in ("bootstrap.py", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return subprocess.run(
        [sys.executable, *python, str(folder / "bootstrap.py")],
        capture_output=True,
        text=True,
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", **environment},
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows copies")
def test_the_environment_links_to_its_python_and_a_missing_package_is_one_sentence(tmp_path):
    done = bootstrap_alone(tmp_path)
    assert done.returncode == 1 and "installing uv failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / ".venv" / "bin" / "python").is_symlink()
    assert not (tmp_path / ".venv" / "course-environment").exists()


def test_a_python_without_the_means_for_an_environment_is_told_what_to_install(tmp_path):
    """As Debian's python3 without python3-venv."""
    hide = (
        "import importlib.util, runpy, sys; found = importlib.util.find_spec;"
        "importlib.util.find_spec = lambda name: None if name == 'ensurepip' else found(name);"
        "path = sys.argv.pop(1); sys.argv[0] = path; runpy.run_path(path, run_name='__main__')"
    )
    done = bootstrap_alone(tmp_path, "-c", hide)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "apt install python3." in done.stderr and "-venv" in done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.skipif(os.name == "nt", reason="makes a link")
def test_a_linked_environment_is_not_emptied(tmp_path):
    for name in ("bootstrap.py", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").write_text("")
    (tmp_path / ".venv").symlink_to(tmp_path / "elsewhere")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "bootstrap.py")], capture_output=True, text=True
    )
    assert (
        done.returncode == 1
        and ".venv is a link to" in done.stderr
        and (tmp_path / "elsewhere" / "kept").exists()
    )
