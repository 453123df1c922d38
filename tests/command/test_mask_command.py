"""`course mask`: the same bytes whatever the number of workers or interruptions, and a sentence for
everything that is wrong.
"""

import csv
import errno
import functools
import json
import operator
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from PIL import Image
from started import STARTED

from course_utils.masks import choice, ledger, load_texture, picture, textures, workers
from course_utils.masks.choice import MaskOptions
from course_utils.masks.job import mask_folder
from course_utils.pictures.images import read_rgb

SAMPLE = Path(__file__).resolve().parents[2] / "data/sample"
MASK = ["-m", "course_utils.command.main", "mask"]
COMMAND, AT_ONCE = [sys.executable, *MASK], [*STARTED, *MASK]
with open(SAMPLE / "faces.csv", encoding="utf-8", newline="") as table:
    PLAIN = {"wearing": "none", "occlusion": "none", "glasses": "none", "head_covering": "none"}
    BARE = [
        Path(row["picture"]).stem for row in csv.DictReader(table) if PLAIN.items() <= row.items()
    ][:8]
VARIED = (
    "--type",
    "random",
    "--color",
    "teal",
    "--color-weight",
    "0.5",
    "--wear",
    "mix",
    "--seed",
    "4",
)


def portrait(name):
    return SAMPLE / "faces" / f"{name}.jpg"


def files(folder):
    """Every visible file below a folder, with its bytes."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in found
        if ".course-mask" not in path.parts
    }


def rows(folder):
    with open(folder / "masks.csv", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def results(folder):
    return {row["picture"]: row["result"] for row in rows(folder)}


@pytest.fixture
def course(course):
    """Run `course mask` in this process."""
    return functools.partial(course, "mask")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Eight portraits in two folders, a landscape, and two files that are no pictures."""
    folder = tmp_path_factory.mktemp("mask") / "pictures é"
    for number, name in enumerate(BARE):
        target = folder / ("train" if number < 5 else "test/deep er") / f"{name}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(portrait(name), target)
    Image.linear_gradient("L").resize((48, 48)).save(folder / "sky.png")
    (folder / "train/letter.jpg").write_text("Dear Sir,")
    (folder / "train/half.jpg").write_bytes(portrait(BARE[0]).read_bytes()[:2000])
    return folder


@pytest.fixture(scope="module")
def reference(tree):
    """What one worker makes of the tree without being interrupted."""
    folder = tree.with_name("reference")
    mask_folder(
        tree,
        folder,
        MaskOptions(type="random", color="teal", color_weight=0.5, wear="mix", seed=4),
        progress=False,
    )
    return folder


def test_every_picture_has_its_line_and_every_mask_its_file(tree, reference):
    lines = rows(reference)
    assert list(lines[0]) == list(ledger.COLUMNS)
    pictures = sorted(
        path.relative_to(tree).as_posix() for path in tree.rglob("*.*") if path.is_file()
    )
    assert sorted({line["picture"] for line in lines}) == pictures
    assert [line["picture"] for line in lines] == sorted(line["picture"] for line in lines)
    written = {line["output"] for line in lines if line["result"] == "masked"}
    assert len(written) >= 7 and set(files(reference)) == written | {"masks.csv"}
    for line in lines:
        assert bool(line["output"]) == (line["result"] == "masked") != bool(line["reason"])
    assert (
        results(reference)["train/letter.jpg"]
        == results(reference)["train/half.jpg"]
        == "unreadable"
    )
    assert results(reference)["sky.png"] == "no face"


def test_a_line_tells_box_and_choice(reference):
    for line in rows(reference):
        if line["result"] == "masked":
            assert (
                0 <= int(line["x_min"]) < int(line["x_max"]) <= 160
                and 0 <= int(line["y_min"]) < int(line["y_max"]) <= 160
            )
            assert (
                line["type"] in choice.type_names()
                and line["wear"] in choice.WEARS
                and line["color"] == "#008080"
                and line["found_by"]
            )


def test_a_masked_copy_differs_and_keeps_its_size_and_format(tree, reference):
    for line in rows(reference):
        if line["result"] == "masked":
            before, after = (
                read_rgb(tree / line["picture"]).astype(int),
                read_rgb(reference / line["output"]).astype(int),
            )
            assert before.shape == after.shape and np.abs(before - after).max() > 40
            assert Image.open(reference / line["output"]).format == "JPEG"


def test_the_command_says_what_it_did(course, tree, reference, tmp_path):
    status, out, err = course(tree, tmp_path / "out", *VARIED)
    assert status == 1 and files(tmp_path / "out") == files(reference)
    assert (
        "pictures 11" in " ".join(out.split())
        and "pictures unreadable 2" in " ".join(out.split())
        and "masks.csv" in out
    )
    assert (
        "train/letter.jpg is not a JPEG, PNG, WebP, AVIF, BMP, GIF or TIFF picture." in err
        and "train/half.jpg is damaged" in err
        and "then run the command again." in err
    )


def test_two_workers_write_the_same_bytes(tree, reference, tmp_path):
    done = subprocess.run(
        [*AT_ONCE, tree, tmp_path / "out", *VARIED, "--workers", "2"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert files(tmp_path / "out") == files(reference)


@pytest.mark.parametrize("number", [1, 2])
def test_a_worker_computes_with_one_thread(number):
    before = cv2.getNumThreads()
    assert [
        threads for _, threads in workers.results(operator.call, [cv2.getNumThreads] * 4, number)
    ] == [1] * 4
    assert cv2.getNumThreads() == before


def test_a_picture_alone_gets_the_mask_that_it_gets_among_others(course, tmp_path):
    (tmp_path / "in").mkdir()
    for name in BARE[:3]:
        shutil.copy(portrait(name), tmp_path / "in")
    assert course(tmp_path / "in", tmp_path / "all", "--type", "random", "--wear", "mix")[0] == 0
    assert course(portrait(BARE[1]), tmp_path / "one", "--type", "random", "--wear", "mix")[0] == 0
    name = f"{BARE[1]}.jpg"
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "all" / name).read_bytes()


def test_killed_and_started_again_it_goes_on_and_ends_the_same(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for number in range(40):
        shutil.copy(portrait(BARE[number % len(BARE)]), source / f"{number:02d}.jpg")
    order = [source, tmp_path / "out", "--type", "random", "--wear", "mix"]
    with subprocess.Popen(
        [*COMMAND, *order, "--workers", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        journal = tmp_path / "out/.course-mask/journal.jsonl"
        while not (journal.exists() and journal.read_bytes().count(b'"landmarks"') >= 5):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.005)
        started = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    assert process.returncode == -9
    assert len(started) >= 2 and not psutil.wait_procs(started, timeout=10)[1], (
        "workers outlive the command"
    )
    finished = journal.read_bytes().count(b'"landmarks"')
    assert 5 <= finished < 40 and not (tmp_path / "out/masks.csv").exists()
    for path in (tmp_path / "out").glob("*.jpg"):
        assert read_rgb(path).shape == (160, 160, 3)

    with open(journal, "ab") as stream:
        stream.write(b'{"picture": "39.jpg", "sta')  # what a kill in the middle of a line leaves
    again = subprocess.run([*AT_ONCE, *order, "--json"], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["kept"] == finished
    mask_folder(source, tmp_path / "whole", MaskOptions(type="random", wear="mix"), progress=False)
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    assert sorted(path.name for path in (tmp_path / "out/.course-mask").iterdir()) == [
        "journal.jsonl"
    ]


@pytest.fixture
def small(tmp_path):
    """A folder with two portraits."""
    (tmp_path / "in").mkdir()
    for name in BARE[:2]:
        shutil.copy(portrait(name), tmp_path / "in")
    return tmp_path / "in"


def test_a_second_run_does_only_what_is_new_changed_or_gone(course, small, tmp_path):
    out = tmp_path / "out"
    assert course(small, out)[0] == 0
    first = files(out)
    shutil.copy(portrait(BARE[2]), small)
    (out / f"{BARE[0]}.jpg").unlink()
    shutil.copy(portrait(BARE[3]), small / f"{BARE[1]}.jpg")
    status, printed, _ = course(small, out, "--json")
    assert status == 0 and json.loads(printed)["kept"] == 0
    second = files(out)
    assert (
        second[f"{BARE[0]}.jpg"] == first[f"{BARE[0]}.jpg"]
        and second[f"{BARE[1]}.jpg"] != first[f"{BARE[1]}.jpg"]
    )
    assert json.loads(course(small, out, "--json")[1])["kept"] == 3


def test_no_output_stays_that_no_line_speaks_of(course, small, tmp_path):
    out = tmp_path / "out"
    shutil.copy(portrait(BARE[2]), small)
    assert course(small, out, "--keep-original")[0] == 0
    (out / "mine.txt").write_text("keep me")
    Image.linear_gradient("L").resize((48, 48)).save(small / f"{BARE[0]}.jpg")  # no face any more
    (small / f"{BARE[1]}.jpg").unlink()
    assert course(small, out, "--keep-original")[0] == 0
    assert results(out) == {f"{BARE[0]}.jpg": "no face", f"{BARE[2]}.jpg": "masked"}
    assert set(files(out)) == {"masks.csv", "mine.txt", f"{BARE[2]}.jpg", f"{BARE[2]}_original.jpg"}


def test_other_options_are_noticed_and_again_replaces_what_was_written(course, small, tmp_path):
    out = tmp_path / "out"
    assert course(small, out, "--type", "all", "--keep-original")[0] == 0
    before = files(out)
    assert set(before) == {"masks.csv"} | {
        f"{name}_{ending}.jpg" for name in BARE[:2] for ending in (*choice.type_names(), "original")
    }
    assert before[f"{BARE[0]}_original.jpg"] == portrait(BARE[0]).read_bytes()
    assert len(set(before.values())) == len(before)

    status, _, err = course(small, out, "--seed", "7")
    assert status == 1 and files(out) == before
    assert (
        "seed was 0 and is 7" in err
        and "type was all and is surgical" in err
        and "name another folder, or add --again" in err
    )

    (out / "mine.txt").write_text("keep me")
    assert course(small, out, "--seed", "7", "--again")[0] == 0
    assert set(files(out)) == {"masks.csv", "mine.txt", *(f"{name}.jpg" for name in BARE[:2])}


def test_a_changed_pattern_is_another_option(course, small, tmp_path):
    Image.new("RGB", (32, 32), "red").save(tmp_path / "own.png")
    options = ("--pattern", tmp_path / "own.png", "--wear", "proper")
    assert course(small, tmp_path / "out", *options)[0] == 0
    assert rows(tmp_path / "out")[0]["pattern"] == "own.png"
    Image.new("RGB", (32, 32), "blue").save(tmp_path / "own.png")
    status, _, err = course(small, tmp_path / "out", *options)
    assert status == 1 and "content of pattern was" in err


def test_an_own_type_is_used_and_a_change_of_its_picture_is_another_option(course, small, tmp_path):
    for path in textures.FOLDER.glob("cloth*"):
        shutil.copy(path, tmp_path / path.name.replace("cloth", "linen"))
    own = tmp_path / "linen.toml"
    own.write_text(own.read_text().replace("cloth", "linen"))
    assert course(small, tmp_path / "out", "--type", own)[0] == 0
    assert {(row["type"], row["result"]) for row in rows(tmp_path / "out")} == {
        ("linen.toml", "masked")
    }
    drawing = Image.open(tmp_path / "linen.png").transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    drawing.save(tmp_path / "linen.png")
    load_texture.cache_clear()  # what a new process begins with
    status, _, err = course(small, tmp_path / "out", "--type", own)
    assert status == 1 and "content of type was" in err


def test_formats_of_the_code_are_all_used(course, tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(12):
        shutil.copy(portrait(BARE[0]), tmp_path / "in" / f"{number}.jpg")
    assert (
        course(tmp_path / "in", tmp_path / "out", "--code", "cloth-#e54294, cloth-dots, N95")[0]
        == 0
    )
    assert {(row["type"], row["color"], row["pattern"]) for row in rows(tmp_path / "out")} == {
        ("cloth", "#e54294", ""),
        ("cloth", "", "dots"),
        ("N95", "", ""),
    }


def test_every_face_of_a_scene_is_accounted_for_and_landmarks_are_written(course, tmp_path):
    scene = SAMPLE / "scenes/scene_1.jpg"
    status, _, _ = course(scene, tmp_path / "out", "--landmarks-out", tmp_path / "points.csv")
    lines = rows(tmp_path / "out")
    assert (
        status == 0
        and [line["face"] for line in lines] == [str(number) for number in range(1, len(lines) + 1)]
        and len(lines) >= 3
    )
    before, after = read_rgb(scene).astype(int), read_rgb(tmp_path / "out/scene_1.jpg").astype(int)
    for line in lines:
        box = (
            slice(int(line["y_min"]), int(line["y_max"])),
            slice(int(line["x_min"]), int(line["x_max"])),
        )
        changed = (np.abs(before[box] - after[box]).max(axis=2) > 25).mean()
        assert (changed > 0.1) if line["result"] == "masked" else line["reason"]
    with open(tmp_path / "points.csv", encoding="utf-8", newline="") as stream:
        points = list(csv.DictReader(stream))
    assert [(point["picture"], point["face"]) for point in points] == [
        ("scene_1.jpg", line["face"]) for line in lines
    ]
    for point, line in zip(points, lines):
        nose = np.clip(
            [float(point["x30"]), float(point["y30"])], 0, (1280, 720)
        )  # half a face at the border has its nose outside
        assert int(line["x_min"]) <= nose[0] <= int(line["x_max"]) and int(line["y_min"]) <= nose[
            1
        ] <= int(line["y_max"])


def test_a_crop_is_one_face_even_where_none_is_found(course, tmp_path):
    Image.effect_noise((64, 64), 30).convert("RGB").save(tmp_path / "noise.png")
    course(tmp_path / "noise.png", tmp_path / "searched")
    course(tmp_path / "noise.png", tmp_path / "told", "--crop")
    assert results(tmp_path / "searched") == {"noise.png": "no face"}
    assert [row["face"] for row in rows(tmp_path / "told")] == ["1"]


def test_names_and_formats_are_kept(course, tmp_path):
    (tmp_path / "in").mkdir()
    names = {
        "a.png": "PNG",
        "b.webp": "WEBP",
        "c.bmp": "BMP",
        "d.jpg_1088Wx1632H": "JPEG",
        "e.JPEG": "JPEG",
        "f.tif": "TIFF",
    }
    for name, kind in names.items():
        Image.open(portrait(BARE[0])).save(tmp_path / "in" / name, kind)
    assert course(tmp_path / "in", tmp_path / "out")[0] == 0
    assert {
        path.name: Image.open(path).format
        for path in (tmp_path / "out").iterdir()
        if path.is_file() and path.name != "masks.csv"
    } == names
    before, after = read_rgb(tmp_path / "in/a.png"), read_rgb(tmp_path / "out/a.png")
    assert (before[:30] == after[:30]).all() and (
        before != after
    ).any()  # a PNG loses nothing above the brows


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--type", "helmet"], "'helmet' is not a mask type: choose one of"),
        (["--color", "reddish"], "'reddish' is not a colour"),
        (["--pattern", "tartanish"], "'tartanish' is not a pattern"),
        (["--wear", "sideways"], "'sideways' is not a way of wearing a mask"),
        (["--wear", "mix:1,2"], "has no four ratios"),
        (["--code", "cloth-"], "neither a colour nor a pattern"),
        (["--color-weight", "2"], "'--color-weight'"),
        (["--workers", "0"], "'--workers'"),
        (["--type", "missing.toml"], "missing.toml"),
        (["--code", "N95", "--color", "red"], "leave out"),
    ],
)
def test_wrong_usage_is_status_2_and_one_sentence(course, small, tmp_path, arguments, sentence):
    status, _, err = course(small, tmp_path / "out", *arguments)
    assert (
        status == 2
        and sentence in err
        and "Traceback" not in err
        and not (tmp_path / "out").exists()
    )


def one_sentence(outcome, *parts):
    status, _, err = outcome
    assert (
        status == 1 and err.startswith("course: ") and err.endswith(".") and "Traceback" not in err
    )
    for part in parts:
        assert part in err


def test_folders_that_cannot_be_used(course, small, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    one_sentence(
        course(tmp_path / "missing", tmp_path / "out"),
        "missing does not exist: name a picture or a folder",
    )
    one_sentence(course(tmp_path / "empty", tmp_path / "out"), "empty holds no picture")
    one_sentence(
        course(small, small / "out"), "lie one in the other: name a folder beside the source"
    )
    one_sentence(course(small, small), "lie one in the other")
    one_sentence(course(small, tmp_path), "lie one in the other")
    one_sentence(course(small, tmp_path / "file"), "file is a file: name a folder")
    one_sentence(course(small, tmp_path / "out.jpg"), "is named like a picture: name a folder")
    one_sentence(course(small, tmp_path / "file/out"), "can't be used", "run the command again")
    one_sentence(
        course(small / f"{BARE[1]}.jpg", small),
        "exists and was not written by this job: name another folder",
    )
    assert not (small / ".course-mask").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file", "in"]


def test_foreign_files_are_never_replaced(course, small, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"{BARE[1]}.jpg").write_text("mine")
    one_sentence(course(small, tmp_path / "out"), "was not written by this job")
    one_sentence(course(small, tmp_path / "out", "--again"), "was not written by this job")
    assert (tmp_path / "out" / f"{BARE[1]}.jpg").read_text() == "mine"


def test_two_pictures_that_would_become_one_are_refused(course, small, tmp_path):
    shutil.copy(portrait(BARE[2]), small / f"{BARE[0]}_original.jpg")
    one_sentence(
        course(small, tmp_path / "out", "--type", "surgical", "--keep-original"),
        "would both be written to",
        "rename one of them",
    )


def test_a_read_only_destination(small, tmp_path):
    (tmp_path / "out").mkdir(mode=0o555)
    as_anybody = []
    if os.geteuid() == 0:
        as_anybody = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
        if not shutil.which("setpriv"):
            pytest.skip("root may write anywhere, and setpriv is missing")
    done = subprocess.run(
        [*as_anybody, *COMMAND, small, tmp_path / "out"], capture_output=True, text=True
    )
    one_sentence(
        (done.returncode, done.stdout, " ".join(done.stderr.split())),
        "can't be read or written: correct its permissions",
    )


def test_huge_and_odd_files_are_named_and_the_rest_is_done(course, small, tmp_path):
    Image.new("1", (20_000, 20_000)).save(small / "huge.png")
    Image.new("RGB", (1, 1)).save(small / "dot.png")
    (small / "empty.jpg").touch()
    (small / "video.jpg").write_bytes(b"\0\0\0\x20ftypisom" + bytes(500))
    (small / "IMG_1.HEIC").write_bytes(b"\0\0\0\x1cftypheic" + bytes(40))
    (small / "notes.txt").write_text("no picture")
    status, printed, err = course(small, tmp_path / "out", "--json")
    assert status == 1
    answer = json.loads(printed)
    assert (
        answer["pictures"] == 7
        and answer["faces"]["masked"] == 2
        and answer["faces"]["unreadable"] == 4
        and answer["other_files"] == 1
    )
    assert answer["pictures"] + answer["other_files"] == sum(1 for _ in small.iterdir())
    assert (
        "huge.png holds more than 100,000,000 pixels: save it again with fewer" in err
        and "IMG_1.HEIC is a HEIC picture" in err
        and "empty.jpg is an empty file." in err
        and "video.jpg is not a JPEG, PNG, WebP, AVIF, BMP, GIF or TIFF picture." in err
    )
    assert "masking" not in printed and answer["table"] == str(tmp_path / "out/masks.csv")


def test_what_a_library_cannot_do_on_one_picture_stops_no_other(
    course, small, tmp_path, monkeypatch
):
    from course_utils import masks

    put_on, calls = masks.put_on, []

    def fails_first(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise FloatingPointError("overflow")
        return put_on(*arguments)

    monkeypatch.setattr(masks, "put_on", fails_first)
    status, _, err = course(small, tmp_path / "out")
    assert status == 1 and f"{BARE[0]}.jpg failed (FloatingPointError: overflow)." in err
    assert results(tmp_path / "out") == {f"{BARE[0]}.jpg": "failed", f"{BARE[1]}.jpg": "masked"}
    status, printed, _ = course(small, tmp_path / "out", "--json")  # what failed is tried again
    assert (
        status == 0
        and json.loads(printed)["kept"] == 1
        and set(results(tmp_path / "out").values()) == {"masked"}
    )


def test_a_full_disk_stops_the_job_and_loses_nothing(course, small, tmp_path, monkeypatch):
    replace = os.replace

    def full(source, target):
        if os.path.basename(target) == f"{BARE[1]}.jpg":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(picture.os, "replace", full)
        one_sentence(
            course(small, tmp_path / "out"), "The disk that holds", "is full: free some space"
        )
    assert set(files(tmp_path / "out")) == {f"{BARE[0]}.jpg"}
    assert json.loads(course(small, tmp_path / "out", "--json")[1])["kept"] == 1


def test_a_notebook_gets_a_table(tree, tmp_path):
    table = mask_folder(tree, tmp_path / "out", progress=False)
    assert list(table.columns) == list(ledger.COLUMNS) and set(table.result) >= {
        "masked",
        "no face",
        "unreadable",
    }
    assert table.to_csv(index=False).encode() == (tmp_path / "out/masks.csv").read_bytes()


def test_a_dask_cluster_writes_the_same_bytes(course, tree, reference, tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        status, _, err = course(
            tree, tmp_path / "out", *VARIED, "--scheduler", cluster.scheduler_address
        )
    assert (
        status == 1 and "letter.jpg is not a JPEG, PNG, WebP, AVIF, BMP, GIF or TIFF picture" in err
    )
    assert files(tmp_path / "out") == files(reference)


def test_a_cluster_that_does_not_answer_is_one_sentence(course, small, tmp_path, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setattr(workers, "PATIENCE", 1)
    one_sentence(
        course(small, tmp_path / "out", "--scheduler", address),
        f"No Dask scheduler answers at {address}",
    )
    one_sentence(
        course(small, tmp_path / "out", "--scheduler", "nonsense://x"),
        "No Dask scheduler answers at nonsense://x",
    )


def test_a_missing_cluster_package_is_one_sentence(course, small, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    one_sentence(
        course(small, tmp_path / "out", "--scheduler", "tcp://127.0.0.1:8786"),
        "needs the package distributed",
        "face-mask-course[cluster]",
    )


def test_help_is_quick_and_has_an_example(course):
    status, out, _ = course("--help")
    assert status == 0 and "Example: course mask" in " ".join(out.split()) and "--scheduler" in out
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, course_utils.command.main; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"cv2", "dlib", "numpy", "pandas", "tensorflow", "distributed"} & set(
        loaded.stdout.split()
    )
