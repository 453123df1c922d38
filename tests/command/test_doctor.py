"""Doctor looks at what a reader has: a laptop, a container with a limit, a read-only tree."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from course_utils.command import doctor, memory

TOTAL = psutil.virtual_memory().total


def found(course, what, **environment):
    """Return doctor's report on one thing, and its exit status."""
    done = course.course("doctor", "--json", **environment)
    assert done.stdout, done.stderr
    (report,) = [report for report in json.loads(done.stdout) if report["what"] == what]
    return report


def groups(folder, listed, limits):
    """Lay out control groups as the kernel shows them."""
    (folder / "cgroup").write_text(listed)
    for name, text in limits.items():
        path = folder / "mount" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    (folder / "mount").mkdir(exist_ok=True)
    return folder / "cgroup", folder / "mount"


@pytest.mark.parametrize(
    ("listed", "limits", "expected"),
    [
        ("0::/\n", {"memory.max": 2_000_000}, (2_000_000, True)),  # inside a container
        ("0::/pod/one\n", {"pod/one/memory.max": "max"}, (TOTAL, False)),
        (  # the group around it is smaller
            "0::/pod/one\n",
            {"pod/one/memory.max": 3_000_000, "pod/memory.max": 2_000_000},
            (2_000_000, True),
        ),
        (  # version 1, without a view of the group's own folder
            "4:memory:/docker/abc\n1:cpu:/docker/abc\n",
            {"memory/memory.limit_in_bytes": 2_000_000},
            (2_000_000, True),
        ),
        (  # version 1 writes a huge number for "no limit"
            "4:memory:/\n",
            {"memory/memory.limit_in_bytes": 9223372036854771712},
            (TOTAL, False),
        ),
        ("1:cpu:/\n", {"cpu/memory.limit_in_bytes": 5}, (TOTAL, False)),
    ],
)
def test_the_smallest_limit_around_the_process_counts(tmp_path, listed, limits, expected):
    assert memory.available(*groups(tmp_path, listed, limits)) == expected


def test_without_control_groups_the_machine_counts(tmp_path):
    assert memory.available(tmp_path / "none", tmp_path) == (TOTAL, False)


def test_a_small_container_is_named_with_a_remedy(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: (2_000_000_000, True))
    report = doctor.check_memory()
    assert not report.ok and report.found == "2.0 GB (the limit of this container)"
    assert "larger container" in report.remedy


def test_a_read_only_tree_is_fine_where_work_is_elsewhere(small_course, tmp_path):
    work = small_course.root / "work"
    work.rename(small_course.root / "made")
    work.write_text("")  # no folder can be made here, whoever asks
    refused = found(small_course, "folder")
    assert not refused["ok"] and "COURSE_WORK" in refused["remedy"]
    elsewhere = tmp_path / "volume" / "work"
    allowed = found(small_course, "folder", COURSE_WORK=str(elsewhere))
    assert allowed["ok"] and str(elsewhere) in allowed["found"]
    (elsewhere / "datasets" / "face-mask-detection").mkdir(parents=True)
    photographs = found(small_course, "photographs", COURSE_WORK=str(elsewhere))
    assert photographs["found"] == "real photographs are there"


def test_an_environment_that_bootstrap_did_not_make_is_not_to_be_mended_by_it(small_course):
    small_course.write("requirements.lock", "numpy==1.0.0\nopencv-python-headless==4.14.0.94\n")
    assert "bootstrap.py:" in found(small_course, "packages")["remedy"]
    (small_course.root / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    assert found(small_course, "packages")["remedy"].startswith("run `python bootstrap.py`")


@pytest.mark.skipif(os.name == "nt", reason="a shell runs the remedy")
def test_a_second_opencv_gets_a_remedy_that_can_be_copied(small_course, monkeypatch):
    small_course.write("requirements.lock", "opencv-python-headless==4.14.0.94\n")
    monkeypatch.setattr(doctor, "is_own", lambda root: False)
    remedy = doctor.opencv_again(small_course.root, ["opencv-python", "opencv-python-headless"])
    commands = remedy.split("`")[1::2]
    told = subprocess.run(
        ["bash", "-c", "pip() { printf '%s ' \"$@\"; echo; }; " + "; ".join(commands)],
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert [line.strip() for line in told] == [
        "uninstall --yes opencv-python opencv-python-headless",
        "install --no-deps opencv-python-headless==4.14.0.94",
    ]
