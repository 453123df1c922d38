"""`course train` and `course evaluate` from outside: what they write, the same twice, two workers,
and a sentence for what is wrong.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_network
from PIL import Image
from started import STARTED

from course_utils import models, quiet
from course_utils.detection.classifying import load_classifier
from course_utils.evaluation import compiled, latency
from course_utils.training import job

keras = quiet.import_keras()
RANDOM = ("--size", "32", "--batch", "8", "--weights", "none")
SMALL = ("--arch", "mobilenetv2", "--alpha", "0.35", *RANDOM)


def picture(masked, seed):
    """A blotchy square with a paler or a darker lower half, and a name of its own to the difference
    hash.
    """
    blocks = np.random.default_rng(seed).integers(0, 200, (10, 10, 3), np.uint8)
    rgb = np.array(Image.fromarray(blocks).resize((40, 40), Image.Resampling.NEAREST))
    rgb[20:, :, :2] = rgb[20:, :, :2] // 3
    rgb[20:, :, 2] = 250 if masked else 20
    return Image.fromarray(rgb)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """36 pictures with a mask and 20 without, in several formats, and two that can't be read."""
    folder = tmp_path_factory.mktemp("train") / "faces é"
    for label, count in (("with_mask", 36), ("without_mask", 20)):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            ending = ("png", "jpg", "bmp", "webp")[number % 4]
            picture(label == "with_mask", 1000 * (label == "with_mask") + number).save(
                folder / label / f"{label} {number}.{ending}"
            )
    (folder / "with_mask/letter.jpg").write_text("Dear Sir,")
    half = (folder / "without_mask/without_mask 0.png").read_bytes()
    (folder / "without_mask/half.png").write_bytes(half[: len(half) // 2])
    return folder


@pytest.fixture
def tiny_networks(monkeypatch):
    """Put a network of a few hundred weights in the place of the three: what is tested is all
    around it.
    """

    monkeypatch.setattr(models, "build", small_network.build)


def process(*arguments, **environment):
    """Run the command as a process of its own."""
    variables = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    return subprocess.run(
        [*STARTED, "-m", "course_utils.command.main", *map(str, arguments)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**variables, "PYTHONUTF8": "1", "COLUMNS": "400", **environment},
    )


@pytest.fixture(scope="module")
def trained(faces):
    """What one run in a process of its own writes."""
    out = faces.parent / "out é"
    done = process("train", *SMALL, "--data", faces, "--epochs", "1", "--seed", "5", "--out", out)
    assert done.returncode == 0, done.stderr
    return out, done


def weights(out):
    return models.load(out / "model.keras")[0].get_weights()


# --- the real networks
def test_a_run_writes_model_history_and_provenance(trained, faces):
    out, done = trained
    assert sorted(path.name for path in out.iterdir()) == [
        "history.csv",
        "model.keras",
        "training.json",
    ]
    model, class_names = models.load(out / "model.keras")
    assert class_names == ("with_mask", "without_mask") and model.input_shape == (None, 32, 32, 3)
    history = pd.read_csv(out / "history.csv")
    assert history["epoch"].tolist() == [1] and history[["loss", "validation_loss"]].notna().all(
        axis=None
    )
    account = json.loads((out / "training.json").read_text(encoding="utf-8"))
    held = account["data"]
    assert (
        sum(held["training"].values()) + sum(held["validation"].values()) == 56
        and held["skipped"] == 2
    )
    assert all(held[part][name] > 0 for part in ("training", "validation") for name in class_names)
    assert (
        account["seed"] == 5
        and account["finished"]
        and account["versions"]["keras"] == keras.__version__
        and account["best_epoch"] == 1
    )
    assert (
        str(faces.parent) not in (out / "training.json").read_text(encoding="utf-8")
        and "--seed 5" in account["command"]
    )
    for text in ("letter.jpg", "half.png", "epoch 1/1", "are held back to validate"):
        assert text in done.stdout
    assert not done.stderr.strip()


def test_a_model_is_evaluated_by_its_file_alone(trained, faces, course, tmp_path):
    shutil.copy(trained[0] / "model.keras", tmp_path / "moved.keras")
    status, printed, errors = course(
        "evaluate", tmp_path / "moved.keras", faces, "--face-size", "10:14", "--json"
    )
    assert status == 0, errors
    report = json.loads(printed)
    confusion = np.array(report["confusion"]["rows_true_columns_predicted"])
    assert (
        report["pictures"] == 56
        and confusion.sum(axis=1).tolist() == [36, 20]
        and report["accuracy"] == pytest.approx(np.trace(confusion) / 56)
    )
    assert report["interval"][0] <= report["accuracy"] <= report["interval"][1] and report[
        "face_size"
    ] == [10, 14]
    assert len(report["skipped"]) == 2 and "letter.jpg" in errors and "half.png" in errors


def test_two_workers_train_one_model(tiny_networks, course, faces, tmp_path, monkeypatch):
    python = tmp_path / "python"  # that puts the small network in the place of the three
    python.write_text(f'#!/bin/sh\nexec {shlex.join([*STARTED, small_network.__file__])} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    out = tmp_path / "out"
    told = ("--augment", "none", "--epochs", "1", "--workers", "2")
    status, printed, errors = course("train", *SMALL, "--data", faces, "--out", out, *told)
    assert status == 0, printed + errors
    account = json.loads((out / "training.json").read_text(encoding="utf-8"))
    assert account["workers"] == 2 and account["finished"] and account["epochs"] == 1
    assert account["steps_per_epoch"] == sum(account["data"]["training"].values()) // 2 // 4
    assert printed.count("epoch 1/1") == 1  # the chief alone reports
    model, class_names = models.load(out / "model.keras")
    assert class_names == ("with_mask", "without_mask")
    assert np.isfinite(model(np.zeros((1, 32, 32, 3), np.float32), training=False).numpy()).all()


def test_two_workers_pass_on_what_is_wrong(tmp_path):
    done = process(
        "train", *SMALL, "--data", tmp_path / "nowhere", "--out", tmp_path, "--workers", "2"
    )
    assert (
        done.returncode == 1
        and "nowhere is not a folder" in done.stderr
        and "Traceback" not in done.stderr
    )


# --- all around the network
def run_tiny(course, faces, out, *options):
    return course(
        "train",
        "--arch",
        "resnet34",
        "--data",
        faces,
        "--size",
        "32",
        "--batch",
        "8",
        "--augment",
        "none",
        "--out",
        out,
        *options,
    )


def test_it_learns_what_can_be_learned(tiny_networks, course, faces, tmp_path):
    status, printed, errors = run_tiny(
        course, faces, tmp_path, "--epochs", "15", "--learning-rate", "0.01", "--weights", "none"
    )
    assert status == 0, errors
    status, printed, _ = course("evaluate", tmp_path / "model.keras", faces, "--json")
    assert status == 0 and json.loads(printed)["accuracy"] > 0.95
    status, printed, _ = course("evaluate", tmp_path / "model.keras", faces)
    assert status == 0 and "95 % interval" in printed and "NoMask" in printed
    network, _ = models.load(tmp_path / "model.keras")
    assert latency(compiled(network), 32, 1, repeats=3, warm_up=1) > 0


def test_another_set_s_class_names_train_a_model_that_detect_takes(
    tiny_networks, course, faces, tmp_path
):
    """Kaggle's folders; every file of them is trained on, held back, or named and counted."""
    folder, out = tmp_path / "set", tmp_path / "model"
    shutil.copytree(faces / "with_mask", folder / "WithMask")
    shutil.copytree(faces / "without_mask", folder / "WithoutMask")
    (folder / "WithMask/IMG_1.HEIC").write_bytes(b"\0\0\0\x1cftypheic" + bytes(40))
    (folder / "WithoutMask/notes.txt").write_text("none")
    status, printed, error = course(
        "train", *SMALL, "--data", folder, "--epochs", "1", "--out", out
    )
    assert status == 0, error
    assert load_classifier(out / "model.keras").class_names == ("with_mask", "without_mask")
    held = json.loads((out / "training.json").read_text(encoding="utf-8"))["data"]
    used = sum(held["training"].values()) + sum(held["validation"].values())
    files = sum(1 for path in folder.rglob("*") if path.is_file())
    assert used + held["skipped"] == files == 60 and printed.count("Skipped: ") == 4
    status, printed, _ = course("evaluate", out / "model.keras", folder, "--json")
    report = json.loads(printed)
    assert status == 0 and report["pictures"] + len(report["skipped"]) == files
    assert any("HEIC" in sentence for sentence in report["skipped"])
    # a model that was trained under the other names
    network, _ = models.load(out / "model.keras")
    models.save(network, out / "other.keras", ("WithMask", "WithoutMask"))
    assert load_classifier(out / "other.keras").class_names == ("with_mask", "without_mask")
    status, printed, _ = course("evaluate", out / "other.keras", folder, "--json")
    assert status == 0 and json.loads(printed)["accuracy"] == report["accuracy"]


def test_the_same_command_and_seed_give_the_same_weights(tiny_networks, course, faces, tmp_path):
    """That the three networks repeat in another process, `course check 05` compares."""
    options = ("--epochs", "2", "--seed", "5", "--weights", "none", "--json")
    for name in ("one", "two"):
        status, printed, errors = run_tiny(course, faces, tmp_path / name, *options)
        assert status == 0, errors
    assert all(
        np.array_equal(one, other)
        for one, other in zip(weights(tmp_path / "one"), weights(tmp_path / "two"), strict=True)
    )
    assert json.loads(printed)["seed"] == 5 and "epoch 1/2" in errors


def test_ctrl_c_keeps_the_best_model(tiny_networks, course, faces, tmp_path, monkeypatch):
    sentence = job._sentence

    def stop_after_two(epoch, *others):
        if epoch["epoch"] == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return sentence(epoch, *others)

    monkeypatch.setattr(job, "_sentence", stop_after_two)
    status, _, errors = run_tiny(course, faces, tmp_path, "--weights", "none")
    assert (
        status == 1
        and "Stopped by Ctrl-C after epoch 2" in errors
        and "is kept in" in errors
        and "Traceback" not in errors
    )
    account = json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))
    assert (
        account["interrupted"]
        and not account["finished"]
        and len(pd.read_csv(tmp_path / "history.csv")) == 2
    )
    assert models.load(tmp_path / "model.keras")[1] == ("with_mask", "without_mask")


def test_a_model_that_is_there_is_not_lost(tiny_networks, course, faces, tmp_path):
    (tmp_path / "model.keras").write_text("weeks of work")
    status, _, errors = run_tiny(course, faces, tmp_path, "--epochs", "1")
    assert (
        status == 1
        and "--again" in errors
        and (tmp_path / "model.keras").read_text() == "weeks of work"
    )
    status, _, errors = run_tiny(
        course, faces, tmp_path, "--epochs", "1", "--again", "--weights", "none"
    )
    assert status == 0 and models.load(tmp_path / "model.keras")[1], errors


def test_of_two_that_train_into_one_folder_the_second_is_refused(
    tiny_networks, course, faces, tmp_path
):
    (tmp_path / "out").mkdir()
    hold = (
        "import sys\nfrom course_utils import files\n"
        f"with files.locked('out', name={str(tmp_path / 'out/.training.lock')!r}):\n"
        "    print('holding', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout.readline() == "holding\n"
        words = ("train", *SMALL, "--data", faces, "--epochs", "1", "--out", tmp_path / "out")
        status, _, errors = course(*words)
        assert status == 1 and errors.startswith("course: Another process is writing to")
        assert not list((tmp_path / "out").glob("*.keras"))
    assert course(*words)[0] == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "history.csv",
        "model.keras",
        "training.json",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_names_that_are_no_utf8_train_and_are_printed(tiny_networks, course, faces, tmp_path):
    odd = tmp_path / os.fsdecode(b"faces \xff")
    shutil.copytree(faces, odd)
    (odd / "with_mask/with_mask 0.png").rename(odd / "with_mask" / os.fsdecode(b"\xfe 0.png"))
    (odd / "with_mask/letter.jpg").rename(odd / "with_mask" / os.fsdecode(b"\xfd.jpg"))
    out = tmp_path / os.fsdecode(b"out \xff")
    status, printed, errors = course(
        "train", *SMALL, "--data", odd, "--epochs", "1", "--out", out, "--json"
    )
    assert status == 0, errors
    assert json.loads(printed) == json.loads((out / "training.json").read_text(encoding="utf-8"))
    assert "\\udcfd.jpg" in errors
    status, printed, errors = course("evaluate", out / "model.keras", odd, "--json")
    assert status == 0 and any("\udcfd.jpg" in text for text in json.loads(printed)["skipped"])


def test_imagenet_weights_that_can_not_be_had_are_a_sentence_and_training_goes_on(
    tiny_networks, course, faces, tmp_path, monkeypatch
):
    tiny = models.build

    def build(name, size, classes, alpha=1.0, weights=None, dropout=0.2):
        if weights == "imagenet":
            raise models.WeightsUnavailable("They can't be fetched.")
        return tiny(name, size, classes, alpha, weights, dropout)

    monkeypatch.setattr(models, "build", build)
    status, printed, errors = run_tiny(course, faces, tmp_path, "--epochs", "1")
    assert (
        status == 0 and "can't be fetched. Training starts from random numbers now." in printed
    ), errors
    assert json.loads((tmp_path / "training.json").read_text())["starts_from"] == "random numbers"


def test_on_weights_of_a_file_the_head_is_fitted_and_the_last_blocks_are_tuned(
    tiny_networks, course, faces, tmp_path
):
    status, printed, errors = run_tiny(
        course, faces, tmp_path, "--epochs", "5", "--weights", tmp_path / "any.keras"
    )
    assert status == 0 and pd.read_csv(tmp_path / "history.csv")["phase"].tolist() == ["all"] * 5, (
        errors
    )
    assert (
        "The head is fitted on" in printed
        and "shrunk to 10 to 40 pixels by averaging and enlarged by bilinear" in printed
        and json.loads((tmp_path / "training.json").read_text())["starts_from"] == "any.keras"
    )


def test_the_folders_own_validation_is_used_and_its_test_left_alone(
    tiny_networks, course, faces, tmp_path
):
    for part, numbers in (
        ("train", range(0, 10)),
        ("validation", range(10, 14)),
        ("test", range(14, 18)),
    ):
        for label in ("with_mask", "without_mask"):
            (tmp_path / "set" / part / label).mkdir(parents=True)
            for number in numbers:
                picture(label == "with_mask", number).save(
                    tmp_path / "set" / part / label / f"{number}.png"
                )
    status, printed, errors = run_tiny(
        course, tmp_path / "set", tmp_path / "out", "--epochs", "1", "--weights", "none"
    )
    assert status == 0 and "8 pictures of other parts" in printed, errors
    held = json.loads((tmp_path / "out/training.json").read_text())["data"]
    assert held["training"] == {"with_mask": 10, "without_mask": 10} and held["validation"] == {
        "with_mask": 4,
        "without_mask": 4,
    }
    status, printed, _ = course(
        "evaluate", tmp_path / "out/model.keras", tmp_path / "set", "--part", "test", "--json"
    )
    assert status == 0 and json.loads(printed)["pictures"] == 8


def test_too_many_pictures_for_memory_are_read_in_every_epoch(
    tiny_networks, course, faces, tmp_path, monkeypatch
):
    options = ("--epochs", "2", "--weights", "none", "--seed", "3")
    assert run_tiny(course, faces, tmp_path / "memory", *options)[0] == 0
    monkeypatch.setattr(
        job.psutil, "virtual_memory", lambda: type("Memory", (), {"available": 1000})
    )
    status, _, errors = run_tiny(course, faces, tmp_path / "disk", *options)
    assert status == 0, errors
    assert all(
        np.array_equal(one, other)
        for one, other in zip(weights(tmp_path / "memory"), weights(tmp_path / "disk"), strict=True)
    )


def seen_in_training(monkeypatch):
    """Collect the training batches that the loop gets."""
    batches, fit = [], job.fit

    def watched(model, training, *others):
        batches.extend(faces.numpy() for faces, _ in training)
        return fit(model, training, *others)

    monkeypatch.setattr(job, "fit", watched)
    return batches


def detail(faces):
    """Mean difference between neighbouring pixels: small when a picture was shrunk and enlarged
    again.
    """
    return np.mean([np.abs(np.diff(face, axis=axis)).mean() for face in faces for axis in (0, 1)])


@pytest.mark.parametrize(
    ("words", "sizes"),
    [
        ((), None),
        (("--small-faces",), [10, 40]),
        (("--small-faces", "4:6"), [4, 6]),
        (("--small-faces=4:6",), [4, 6]),
    ],
)
def test_small_faces_shrinks_the_faces_of_training_and_says_so(
    tiny_networks, course, faces, tmp_path, monkeypatch, words, sizes
):
    batches = seen_in_training(monkeypatch)
    status, _, errors = run_tiny(
        course, faces, tmp_path, *words, "--epochs", "1", "--weights", "none"
    )
    assert status == 0, errors
    account = json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))
    assert account["small_faces"] == sizes and ("--small-faces" in account["command"]) == (
        sizes is not None
    )
    assert sizes is None or f"--small-faces {sizes[0]}:{sizes[1]}" in account["command"]
    kept = detail(np.concatenate(batches)) / detail(
        [
            np.asarray(Image.open(path).convert("RGB").resize((32, 32))).astype(float)
            for path in sorted(faces.glob("with*/with*.png"))
        ]
    )
    assert (kept < 0.4) if sizes == [4, 6] else (kept > 0.6)


def test_small_faces_come_behind_the_augmentation_and_repeat_with_the_seed(
    tiny_networks, course, faces, tmp_path, monkeypatch
):
    options = (
        "--arch",
        "resnet34",
        "--data",
        faces,
        "--size",
        "32",
        "--batch",
        "8",
        "--epochs",
        "1",
        "--weights",
        "none",
        "--augment",
        "full",
        "--small-faces",
        "5:9",
        "--seed",
        "2",
    )
    batches = seen_in_training(monkeypatch)
    assert (
        course("train", *options, "--out", tmp_path / "one")[0]
        == course("train", *options, "--out", tmp_path / "two")[0]
        == 0
    )
    assert len(batches) % 2 == 0 and all(
        np.array_equal(one, two)
        for one, two in zip(batches[: len(batches) // 2], batches[len(batches) // 2 :])
    )
    assert all(
        np.array_equal(one, two)
        for one, two in zip(weights(tmp_path / "one"), weights(tmp_path / "two"), strict=True)
    )
    smooth = [np.abs(np.diff(face, n=2, axis=1)).mean() for face in np.concatenate(batches)]
    assert (
        max(smooth) < 15
    )  # no noise and no block edge of the policy is left at the full resolution


def test_the_layer_knows_how_much_surrounds_a_face(faces):
    cut, boxed = (
        pd.DataFrame({"picture": ["a"], **dict.fromkeys(job.pipeline.BOX, value)})
        for value in (float("nan"), 8.0)
    )
    order = job.Order("resnet34", "faces", "out", augment="none", small_faces=(10, 40))
    assert [job._augment(order, table, 0).margin for table in (cut, cut[["picture"]], boxed)] == [
        0.0,
        0.0,
        job.pipeline.MARGIN,
    ]
    assert job._augment(job.Order("resnet34", "faces", "out", augment="none"), cut, 0) is None


# --- what is wrong
@pytest.mark.parametrize(
    ("options", "status", "sentence"),
    [
        (("--small-faces", "40:10"), 2, "write MIN:MAX in pixels"),
        (("--small-faces", "many"), 2, "write MIN:MAX in pixels"),
        (
            ("--arch", "vgg16"),
            2,
            "'vgg16' is no network: choose one of resnet34, resnet50, mobilenetv2",
        ),
        (("--augment", "wild"), 2, "choose one of none, light, full"),
        (("--classes", "3"), 2, "3 is not 2 or 4"),
        (("--classes", "4"), 1, "2 classes (with_mask, without_mask), not 4"),
        (("--epochs", "-1"), 2, "--epochs"),
        (("--validation", "0.9"), 2, "--validation"),
        (("--size", "16"), 1, "16 pixels is too small"),
        (("--arch", "resnet34", "--alpha", "0.5"), 1, "alpha"),
        (("--learning-rate", "0"), 1, "learning rate"),
        (("--weights", "nowhere.keras"), 1, "nowhere.keras is missing"),
    ],
)
def test_wrong_options_are_a_sentence(course, faces, tmp_path, options, status, sentence):
    result, printed, errors = course(
        "train", *SMALL, "--data", faces, "--out", tmp_path / "out", *options
    )
    assert (result, sentence in errors, "Traceback" in errors) == (status, True, False), errors
    assert not (tmp_path / "out" / "model.keras").exists()


def test_wrong_folders_are_a_sentence(course, faces, tmp_path):
    (tmp_path / "one/with_mask").mkdir(parents=True)
    picture(True, 0).save(tmp_path / "one/with_mask/1.png")
    (tmp_path / "file").write_text("")
    shutil.copytree(faces, tmp_path / "damaged")
    for path in (tmp_path / "damaged/with_mask").iterdir():
        path.write_bytes(b"\xff\xd8")
    (tmp_path / "empty").mkdir()
    for data, out, sentence in (
        (tmp_path / "nowhere", "out", "is not a folder"),
        (tmp_path / "empty", "out", "no sub-folders with pictures"),
        (tmp_path / "one", "out", "one class only"),
        (faces, "file", "file can't be used"),
        (faces, "file/out", "can't be used"),
        (tmp_path / "damaged", "out", "no readable picture of a class"),
    ):
        status, _, errors = course("train", *SMALL, "--data", data, "--out", tmp_path / out)
        assert (status, sentence in errors, "Traceback" in errors) == (1, True, False), errors


@pytest.mark.parametrize("text", ["10", "40:10", "0:4", "a:b", "10:40:50", "-1:4"])
def test_a_range_of_sizes_is_min_colon_max(course, faces, tmp_path, text):
    status, _, errors = course("evaluate", tmp_path / "m.keras", faces, f"--face-size={text}")
    assert status == 2 and "MIN:MAX" in errors


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cluster": {"worker": ["127.0.0.1:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"ps": []}, "task": {}}',
    ],
)
def test_a_wrong_cluster_is_a_sentence(course, faces, tmp_path, monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    status, _, errors = course("train", *SMALL, "--data", faces, "--out", tmp_path)
    assert status == 1 and "TF_CONFIG describes no worker" in errors
    status, _, errors = course(
        "train", *SMALL, "--data", faces, "--out", tmp_path, "--workers", "2"
    )
    assert status == 2 and "leave --workers out" in errors
