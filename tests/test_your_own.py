"""The page "Make it your own": what it says to change is there, and changes what it says."""

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pandas as pd
import pytest
from started import STARTED

from course_utils import profiles
from course_utils.command import notebooks
from course_utils.data.class_names import TWO

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "book" / "your_own.md").read_text(encoding="utf-8")
CHANGES = re.findall(
    r"\bIn\s+`([\w./]+)`(?:[^`]|`[^`\n]+`)*?```(?:python|toml)\n(.*?)```", PAGE, re.S
)


SHOWN = """
from course_utils.command.evaluate import print_report
from course_utils.detection.labels import WORDS
from course_utils.evaluation.job import Report
from course_utils.evaluation.statistics import confusion_matrix, per_class
print(*WORDS.values(), sep="|")
names = ("with_mask", "without_mask")
labels, said = [*names, *names], [*names, "with_mask", "with_mask"]
tables = [make(labels, said, names) for make in (per_class, confusion_matrix)]
print_report(Report(names, 4, 4, 0.75, (0.25, 1.0), *tables, [], {}))
"""
"""What people read of the classes: beside boxes, and in the table of `course evaluate`."""


def test_every_changed_line_has_a_place_in_its_file():
    assert len(CHANGES) >= 3
    for name, lines in CHANGES:
        text = (ROOT / name).read_text(encoding="utf-8")
        for line in lines.splitlines():
            begin = re.match(r"\s*[\w\"]+\s*[:=(]", line)
            if begin:
                assert begin[0].strip() in text, f"{name}: {line}"
    profiles = (ROOT / "course_utils" / "profiles.py").read_text(encoding="utf-8")
    for replaced in re.search(r"in place of (.*?)\)", PAGE, re.S)[1].split(" and "):
        assert replaced.strip("` \n") in profiles


def test_the_profile_of_the_page_reads_own_pictures():
    text = (ROOT / "course_utils" / "profiles.py").read_text(encoding="utf-8")
    (lines,) = (lines for name, lines in CHANGES if name == "course_utils/profiles.py")
    begin = text.index(lines.splitlines()[0])
    end = text.index("        Training(", begin)
    changed = {"__name__": "profiles"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "profiles", ModuleType("profiles"))  # dataclasses look there
        exec(text[:begin] + lines + text[end:], changed)
    profile = changed["PROFILES"]["real"]
    assert (profile.name, profile.dataset) == ("real", "own")
    assert profile.title == "people with and without a helmet" and profile.training.steps


def test_one_file_is_all_that_the_commands_need(small_course):
    """The page's first step, on drawn heads with and without a helmet."""
    for before, after in (
        ('WORN: ("withmask",', 'WORN: ("helmet", "withmask",'),
        ('BARE: ("withoutmask",', 'BARE: ("nohelmet", "withoutmask",'),
        ('WORN: "Mask",', 'WORN: "Helmet",'),
        ('BARE: "NoMask",', 'BARE: "NoHelmet",'),
    ):
        assert after in PAGE
        small_course.replace("course_utils/data/class_names.py", before, after)
    (small_course.root / "data" / "registry.toml").write_bytes(
        (ROOT / "data" / "registry.toml").read_bytes()
    )
    pictures = small_course.root / "heads"
    for number in range(6):
        for label, color in (("helmet", (0, 200, 255)), ("no_helmet", (60, 90, 140))):
            head = np.full((96, 96, 3), 30 + number, np.uint8)
            cv2.circle(head, (48, 60), 28, (140, 160, 200), -1)
            cv2.ellipse(head, (48, 45), (32, 26), 0, 180, 360, color, -1)
            path = pictures / label / f"person{number}" / "1.png"
            path.parent.mkdir(parents=True)
            cv2.imwrite(str(path), head)
    done = small_course.course("data", "import", "own", "heads")
    assert done.returncode == 0 and "6 with_mask, 6 without_mask" in done.stdout, done.stderr
    shown = subprocess.run(
        [*STARTED, "-c", SHOWN], cwd=small_course.root, capture_output=True, text=True
    )
    assert shown.stdout.startswith("Helmet|NoHelmet|"), shown.stderr
    assert "said Helmet" in shown.stdout and "with_mask" not in shown.stdout


def cell_of(chapter, words):
    """Return the source of the one code cell of a chapter that holds these words."""
    (pair,) = notebooks.find_pairs(ROOT, wanted=[chapter])
    cells = notebooks.read_source(pair).cells
    (cell,) = (one for one in cells if one.cell_type == "code" and words in one.source)
    return cell.source


def test_eight_pictures_of_a_class_are_enough_for_the_server(monkeypatch, tmp_path):
    """Chapter 08 asks about what chapter 06 learned from: of a fork, its own pictures."""
    faces = pd.DataFrame({"picture": [f"{number}.jpg" for number in range(40)]})
    faces["label"] = ["with_mask", "without_mask"] * 20
    faces["split"] = ["test"] * 18 + ["train"] * 22
    faces.to_csv(tmp_path / "faces.csv", index=False)
    asked = []

    class Out:
        def earlier(self, chapter, name):
            asked.append(chapter)
            return tmp_path / name

    names = {
        "PROFILE": "real",
        "out": Out(),
        "SEED": profiles.SEED,
        "pd": pd,
        "get_profile": profiles.get_profile,
        "quiet": type("Quiet", (), {"import_keras": staticmethod(lambda: None)}),
        "models": type("Models", (), {"load": staticmethod(lambda path: (Small, TWO))}),
    }
    exec(cell_of("08", '.groupby("label")'), names)
    assert len(names["labels"]) == 18 and sorted(set(names["labels"])) == sorted(TWO)
    assert "01_data_collection" in asked and "02_mask_synthesis" not in asked
    source = (ROOT / "chapters" / "08_serving.py").read_text(encoding="utf-8")
    assert not re.search(r"% 64\b|41, 64\)|max=63", source)


class Small:
    input_shape = (None, 64, 64, 3)


def test_pictures_of_one_size_have_no_bands_of_size():
    """Chapter 09 slices by what differs."""
    rng = np.random.default_rng(0)
    validation, test = (
        pd.DataFrame({"side": 160, "grey": rng.uniform(0, 255, 30)}) for _ in range(2)
    )
    names = {"np": np, "pd": pd, "validation": validation, "test": test}
    exec(cell_of("09", "BANDS = "), names)
    assert names["ATTRIBUTES"] == ["brightness"] and "face size" not in test
    assert test["brightness"].notna().all()
    for rows in (validation, test):
        rows["side"] = rng.integers(100, 200, 30)
    exec(cell_of("09", "BANDS = "), names)
    assert names["ATTRIBUTES"] == ["face size", "brightness"] and test["face size"].notna().all()


def test_no_chapter_spells_out_what_people_read_of_a_class():
    """A picture's title comes from WORDS, which a fork changes."""
    for pair in notebooks.find_pairs(ROOT):
        for cell in notebooks.read_source(pair).cells:
            if cell.cell_type == "code":
                assert not re.search(r'f"(No)?Mask \{', cell.source), pair.name


@pytest.mark.filterwarnings("error")
def test_slices_that_are_all_alike_have_no_ranks_and_no_warning():
    """Among few pictures, every validation answer may be right."""
    (line,) = (line for line in cell_of("09", "ranks = ").splitlines() if "ranks = " in line)
    names = {"again": pd.DataFrame({"share_x": [1.0, 1.0, 1.0], "share_y": [0.9, 1.0, 0.8]})}
    exec(line, names)
    assert np.isnan(names["ranks"])
    names["again"]["share_x"] = [0.95, 1.0, 0.9]
    exec(line, names)
    assert names["ranks"] == 1.0
