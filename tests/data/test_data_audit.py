"""`course data audit`, `list` and `verify` on drawn pictures whose faults are known."""

import csv
import json

import numpy as np
import pytest
from data_course import ROOT
from drawn import encoded, noise
from PIL import Image

from course_utils.data import registry
from course_utils.data.audit import audit, near_pairs
from course_utils.data.verify import verify, write_manifest
from course_utils.errors import CourseError


@pytest.fixture
def pictures(tmp_path):
    """Nine files: two exact copies, a smaller JPEG of one, one of these in the wrong class, and a
    broken file.
    """
    smooth = [
        np.asarray(Image.fromarray(noise(seed, 6, 6)).resize((90, 60), Image.Resampling.BICUBIC))
        for seed in range(4)
    ]
    files = {
        "with_mask/a.png": encoded(smooth[0]),
        "with_mask/a copy.png": encoded(smooth[0]),
        "with_mask/a small.jpg": encoded(
            np.asarray(Image.fromarray(smooth[0]).resize((45, 30))), "JPEG", quality=90
        ),
        "without_mask/c copy.png": encoded(smooth[2]),
        "with_mask/b [1].png": encoded(smooth[1]),
        "without_mask/b.webp": encoded(smooth[1], "WEBP", quality=95),
        "without_mask/c.png": encoded(smooth[2]),
        "without_mask/d.png": encoded(smooth[3]),
        "without_mask/broken.png": encoded(smooth[3])[:200],
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_audit_finds_what_was_put_there(pictures):
    found = audit(pictures)
    assert found.pictures == 9 and found.classes == {"with_mask": 4, "without_mask": 4}
    assert [bad["picture"] for bad in found.unreadable] == ["without_mask/broken.png"]
    copies = [
        ["with_mask/a copy.png", "with_mask/a.png"],
        ["without_mask/c copy.png", "without_mask/c.png"],
    ]
    assert found.exact_duplicates == copies and found.extra_copies == 2
    near = [
        ["with_mask/a copy.png", "with_mask/a small.jpg", "with_mask/a.png"],
        ["with_mask/b [1].png", "without_mask/b.webp"],
    ]
    assert found.near_duplicates == near and found.across_classes == [near[1]]
    assert (
        found.shorter_side["without_mask"] == [60, 60, 60]
        and found.shorter_side["with_mask"][0] < 60
    )
    assert found.formats == {".png": 6, ".jpg": 1, ".webp": 1}


def test_labels_of_the_table_come_before_folders(pictures):
    with open(pictures / "faces.csv", "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [("picture", "label"), ("with_mask/a.png", "odd"), ("without_mask/d.png", "odd")]
        )
    assert audit(pictures).classes == {"with_mask": 3, "odd": 2, "without_mask": 3}


def test_near_pairs_against_counting_bits_one_by_one():
    random = np.random.default_rng(0)
    hashes = random.integers(0, 2**64, 40, np.uint64)
    for index in range(1, 40, 3):
        flips = random.choice(64, random.integers(0, 7), replace=False)
        hashes[index] = hashes[index - 1] ^ np.bitwise_or.reduce(
            np.left_shift(np.uint64(1), flips.astype(np.uint64)), initial=np.uint64(0)
        )
    expected = [
        (i, j)
        for i in range(40)
        for j in range(i + 1, 40)
        if (int(hashes[i]) ^ int(hashes[j])).bit_count() <= 4
    ]
    assert 3 < len(expected) < 13 and [tuple(pair) for pair in near_pairs(hashes, 4)] == expected
    assert near_pairs(hashes[:1], 64).shape == (0, 2)


def test_audit_as_a_command(course, pictures, tmp_path):
    assert json.loads(json.dumps(audit(pictures).to_dict()))["extra_copies"] == 2
    done = course.run("audit", str(pictures))
    for words in (
        "exact duplicates   2 groups, 2 extra copies",
        "broken.png: is damaged",
        "with_mask/b [1].png, without_mask/b.webp",
    ):
        assert words in done.out, done.out
    with pytest.raises(CourseError, match="holds no picture"):
        (tmp_path / "empty").mkdir()
        audit(tmp_path / "empty")


def test_list_fits_eighty_columns(course):
    done = course.run("list")
    lines = done.out.splitlines()
    assert done.returncode == 0 and max(map(len, lines)) <= 80
    for name in (
        "sample",
        "face-mask-detection",
        "kaggle-12k",
        "vn-celeb",
        "own",
        "kaggle-853",
        "fpt-cctv",
        "zalo-5k",
    ):
        (line,) = [line for line in lines if line.startswith(name + " ")]
        assert line.rstrip().endswith("no") and "…" not in line


def test_list_as_json(course):
    done = course.run("list", "--json")
    answer = json.loads(done.out)
    assert (
        done.returncode == 0
        and answer[1]["commit"] in answer[1]["archive"]
        and all(entry["terms"] and entry["source"] for entry in answer)
    )


@pytest.mark.parametrize("command", ["list", "fetch", "verify", "audit", "import"])
def test_help_has_an_example(command):
    from typer.testing import CliRunner

    from course_utils.command.data import app

    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0 and f"Example: course data {command}" in done.output.replace("`", "")


def test_the_real_registry(monkeypatch):
    monkeypatch.chdir(ROOT)
    datasets = registry.load()
    files = registry.listed_files(datasets["face-mask-detection"])
    folders = [file.path.rpartition("/")[0] for file in files]
    assert (folders.count("dataset/with_mask"), folders.count("dataset/without_mask")) == (
        1739,
        1564,
    )
    assert len({file.path for file in files}) == 3303 and all(
        len(file.sha256) == 64 and file.bytes for file in files
    )
    assert (ROOT / "data/registry/face-mask-detection.csv").stat().st_size < 500_000
    cards = (ROOT / "data/cards/README.md").read_text(encoding="utf-8")
    for dataset in datasets.values():
        assert f"`{dataset.name}`" in cards and set(dataset.labels.values()) <= {
            "with_mask",
            "without_mask",
        }


def test_a_broken_registry_is_one_sentence(course, monkeypatch):
    monkeypatch.chdir(course.root)
    (course.root / "data/registry.toml").write_text("[[dataset]]\nname = 3", encoding="utf-8")
    with pytest.raises(CourseError, match="registry.toml can't be read as the registry"):
        registry.load()
    (course.root / "data/registry/face-mask-detection.csv").write_text(
        "path,bytes\na,b\n", encoding="utf-8"
    )
    with pytest.raises(CourseError, match="can't be read as a list of files"):
        registry.read_list(course.root / "data/registry/face-mask-detection.csv")


def test_verify_of_the_embedded_pictures(course, monkeypatch):
    monkeypatch.chdir(course.root)
    folder = course.root / "data" / "sample"
    (folder / "faces").mkdir(parents=True)
    with pytest.raises(CourseError, match="restore data/sample/ with git"):
        verify(registry.find("sample"))
    (folder / "faces/1.png").write_bytes(encoded(noise(1)))
    (folder / "faces/2.png").write_bytes(encoded(noise(2)))
    write_manifest(folder)
    (folder / "README.md").write_text("about", encoding="utf-8")
    found = verify(registry.find("sample"))
    assert found.exact and "2 of 2 files match, all as listed" in found.sentence("sample")
    content = bytearray((folder / "faces/2.png").read_bytes())
    content[50] ^= 1
    (folder / "faces/2.png").write_bytes(content)
    done = course.run("verify", "sample")
    assert done.returncode == 1 and "different  faces/2.png" in done.out
