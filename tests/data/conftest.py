"""A small course with a small data set, and a server that has its archive."""

import os

import pytest
from data_course import TOP, Course
from drawn import encoded, noise, zipped
from local_server import LocalServer


@pytest.fixture(scope="session")
def listed():
    """The files of the small set: path to bytes, with the odd names of the real one."""
    files = {
        f"dataset/{label}/{number}.png": encoded(noise(seed + number))
        for seed, label in ((0, "with_mask"), (100, "without_mask"))
        for number in range(12)
    }
    files["dataset/with_mask/black3.jpg_1088Wx1632H"] = encoded(noise(200), "JPEG")
    files["dataset/with_mask/0_0_≈˙◊¢ 2020-02-24.png"] = encoded(noise(201))
    files["dataset/without_mask/0_0_someone_0012.jpg"] = encoded(noise(203), "JPEG")
    files["dataset/without_mask/2020 (another copy) [1].jpg"] = encoded(
        noise(202, 400, 400), "JPEG", quality=95
    )
    return files


@pytest.fixture(scope="session")
def repository(listed):
    """What GitHub's archive holds: the listed files and others, below a folder named after the
    commit.
    """
    others = {
        "README.md": b"# Face",
        "dataset/with_mask/not listed.png": encoded(noise(300)),
        "logs/run.txt": b"x",
    }
    return {TOP + name: content for name, content in (listed | others).items()}


@pytest.fixture(scope="session")
def archive(repository):
    return zipped(repository)


@pytest.fixture
def server(archive):
    local = LocalServer(archive)
    yield local
    local.close()


@pytest.fixture
def course(tmp_path, listed):
    return Course(tmp_path / "kurs é [1]", listed)


@pytest.fixture(autouse=True)
def stay_here(monkeypatch):
    """Come back to this folder after the test, whatever folder it went to."""
    monkeypatch.chdir(os.getcwd())
    monkeypatch.delenv("COURSE_WORK", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def source(course, tmp_path, monkeypatch):
    """Where the user's download lies; the test works inside the small course."""
    monkeypatch.chdir(course.root)
    return tmp_path / "Downloads (1) [neu]"
