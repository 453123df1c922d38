"""Detectors, boxes, tracks, labels, alerts and drawing: against values worked out by hand and the
embedded scenes.
"""

import base64
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from course_utils.detection import (
    MaskDetector,
    Rule,
    alerts,
    boxes,
    detectors,
    drawing,
    full_range,
    load_detector,
    recall_and_precision,
    recall_by_size,
    score,
    window,
)
from course_utils.detection.mask_detector import LabelledFace
from course_utils.detection.tracking import Tracker
from course_utils.errors import CourseError
from course_utils.notebook.detection import TryIt, show_video
from course_utils.pictures import annotations
from course_utils.pictures.images import read_rgb

SAMPLE = Path(__file__).resolve().parents[2] / "data/sample"


def scene(number):
    found, _ = annotations.read_voc(SAMPLE / f"scenes/scene_{number}.xml")
    return read_rgb(SAMPLE / f"scenes/scene_{number}.jpg"), [
        ((box.x_min, box.y_min, box.x_max, box.y_max), box.label) for box in found
    ]


class Brightness:
    """A classifier whose answer can be worked out: bright faces wear a mask."""

    size, class_names = 16, ("with_mask", "without_mask")

    def __init__(self):
        self.calls = []

    def __call__(self, faces):
        self.calls.append(len(faces))
        worn = faces.reshape(len(faces), -1).mean(axis=1) / 255
        return np.stack([worn, 1 - worn], axis=1)


def test_importing_the_package_and_the_command_loads_no_tensorflow():
    code = (
        "import sys, course_utils.detection.job, course_utils.command.detect; sys.exit('tensorflow'"
        " in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# --- boxes
def test_intersection_over_union():
    assert boxes.iou(
        [(0, 0, 10, 10)], [(5, 5, 15, 15), (20, 20, 30, 30), (0, 0, 10, 10), (2, 2, 4, 4)]
    )[0] == pytest.approx([25 / 175, 0, 1, 0.04])
    assert boxes.iou([], [(0, 0, 1, 1)]).shape == (0, 1)


def test_matching_takes_each_box_once_and_as_much_overlap_as_possible():
    truth = [(0, 0, 10, 10), (6, 0, 16, 10)]
    found = [
        (4, 0, 14, 10),
        (0, 0, 9, 10),
    ]  # the first one overlaps both; greed by order would leave the second true box alone
    assert boxes.match(found, truth, 0.3) == [(0, 1), (1, 0)]
    assert boxes.match(found, truth, 0.95) == [] == boxes.match([], truth)


def test_merging_averages_one_face_and_drops_a_face_in_a_face():
    joined, best = boxes.merge(
        [(0, 0, 10, 10), (1, 0, 11, 10), (2, 2, 6, 6), (50, 50, 60, 60)], [0.9, 0.9, 0.5, 0.7]
    )
    assert joined == pytest.approx(
        np.array([(0.5, 0, 10.5, 10), (50, 50, 60, 60)])
    ) and best == pytest.approx([0.9, 0.7])
    assert boxes.merge([], [])[0].shape == (0, 4)


# --- detectors
@pytest.mark.parametrize(
    ("height", "width"), [(360, 640), (720, 1280), (90, 60), (300, 2000), (1, 1)]
)
def test_tiles_cover_every_pixel_at_every_level(height, width):
    for level in full_range.tiles(height, width, 128):
        covered = np.zeros((height, width), bool)
        for x, y, side in level:
            covered[
                max(int(np.floor(y)), 0) : int(np.ceil(y + side)),
                max(int(np.floor(x)), 0) : int(np.ceil(x + side)),
            ] = True
        assert covered.all()


def test_a_cut_out_shows_the_right_place_at_the_right_scale():
    image = np.zeros((400, 400, 3), np.uint8)
    image[100:140, 200:280] = 255
    for side in (120, 192, 384, 700):
        part = full_range.cut_out(image, 240 - side / 2, 120 - side / 2, side)
        low, high = (
            full_range.SIDE / 2 + (edge - np.array([120, 240])) * full_range.SIDE / side
            for edge in (0, 400)
        )
        inside = np.zeros(part.shape[:2], bool)  # beyond the picture it is mirrored
        inside[tuple(slice(max(int(one), 0), int(other)) for one, other in zip(low, high))] = True
        rows, columns = np.nonzero((part[..., 0] > 127) & inside)
        scale = full_range.SIDE / side
        assert part.shape == (192, 192, 3)
        assert rows.mean() == pytest.approx(95.5, abs=1) and columns.mean() == pytest.approx(
            95.5, abs=1
        )
        assert np.ptp(columns) + 1 == pytest.approx(80 * scale, abs=2) and np.ptp(
            rows
        ) + 1 == pytest.approx(40 * scale, abs=2)


def test_half_a_face_at_the_border_is_found_and_its_mirror_image_is_not():
    portraits = (
        pd.read_csv(SAMPLE / "faces.csv")
        .query("split == 'train' and head_covering == 'none' and yaw.abs() < 10")
        .head(10)
    )
    detect, found = load_detector(), 0
    for row in portraits.itertuples():
        middle = (row.x_min + row.x_max) // 2
        half = read_rgb(SAMPLE / row.picture)[:, middle:]
        image = np.full((360, 640, 3), 90, np.uint8)
        image[100:260, : half.shape[1]] = half
        faces, _ = detect(image)
        assert ((faces[:, :2] + faces[:, 2:]) / 2 > -0.1 * (faces[:, 2:] - faces[:, :2])).all()
        overlap = boxes.iou(
            np.clip(faces, 0, [640, 360] * 2),
            [(0, 100 + row.y_min, row.x_max - middle, 100 + row.y_max)],
        )
        found += overlap.max(initial=0) >= 0.5
    assert found >= 8


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3), (64, 64)])
@pytest.mark.parametrize("name", detectors.NAMES)
def test_any_picture_can_be_searched(name, shape):
    found, scores = load_detector(name, min_face=40)(np.zeros((*shape, 3), np.uint8))
    assert found.shape == (len(scores), 4)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((5, 5)),
        np.zeros((5, 5, 3)),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((5, 5, 4), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(wrong):
    with pytest.raises(CourseError, match="uint8"):
        load_detector()(wrong)


def test_unknown_detector():
    with pytest.raises(CourseError, match="oracle.*blazeface, hog, mmod, mtcnn"):
        load_detector("oracle")


@pytest.mark.parametrize("name", ["hog", "mmod", "mtcnn"])
def test_other_detectors_find_faces_where_the_annotations_have_them(name):
    image, truth = scene(1)
    part = image[220:520, 480:780]
    found, scores = load_detector(name, min_face=40)(np.ascontiguousarray(part))
    near = boxes.iou(found, [np.array(box) - (480, 220) * 2 for box, _ in truth])
    assert len(found) and near.max() > 0.5 and ((scores >= 0) & (scores <= 1)).all()


def test_the_default_finds_what_the_chapter_promises():
    rows = []
    finder = MaskDetector(load_detector(), Brightness())
    for number in range(1, 7):
        image, truth = scene(number)
        rows.append(
            score([(face.box, face.label) for face in finder.look(image)], truth).assign(
                number=number
            )
        )
    joined = pd.concat(rows)
    table = recall_by_size(joined, (20, 40, 1000))
    assert (
        table["found"].iloc[1] >= 21
        and table["share"].iloc[0] > 0.8
        and (joined["label"] == "").sum() <= 12
    )  # 22 of 24 large ones today


def test_a_video_finds_small_faces_although_each_frame_searches_a_part():
    image, truth = scene(2)
    image, truth = (
        image[150:510, 200:840].copy(),
        [(np.array(box) - (200, 150) * 2, label) for box, label in truth],
    )
    inside = [
        (box, label)
        for box, label in truth
        if (box >= 0).all() and (box <= [640, 360] * 2).all() and boxes.sizes([box])[0] >= 20
    ]
    finder = MaskDetector(load_detector(turns=4), Brightness())
    for number in range(8):
        faces = finder.follow(image, number / 12)
    found = score([(face.box, face.label) for face in faces], inside)
    assert len(inside) >= 3 and (found[found["label"] != ""]["said"] != "").mean() >= 0.75
    assert len({face.track for face in faces}) == len(faces)


def test_all_faces_of_a_picture_are_one_batch():
    image, _ = scene(1)
    classify = Brightness()
    faces = MaskDetector(load_detector(), classify).look(image)
    assert (
        classify.calls == [len(faces)]
        and len(faces) >= 3
        and faces == sorted(faces, key=lambda face: face.box)
    )


def test_the_widget_labels_what_was_found_anew_and_paints_over_all_of_it():
    image, _ = scene(1)
    widget = TryIt(MaskDetector(load_detector(), Brightness()), image)
    before, shown = [face.label for face in widget.faces], widget.picture.value
    assert len(before) >= 3
    widget.blur.value = True
    assert widget.picture.value != shown
    widget.threshold.value, widget.band.value = 0.95, 0
    assert [face.label for face in widget.faces] != before
    assert widget.take(b"no picture").startswith("Not used: ")
    assert len(widget.faces) == len(before)


# --- labels
NAMES = ("with_mask", "without_mask", "under_nose", "nose_only")


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((0.9, 0.1, 0, 0), ("with_mask", 0.9)),
        ((0.65, 0.35, 0, 0), ("with_mask", 0.65)),
        ((0.6, 0.4, 0, 0), ("not_sure", 0.6)),
        ((0.1, 0.2, 0.4, 0.3), ("under_nose", 0.9)),
        ((0.2, 0.5, 0.1, 0.2), ("without_mask", 0.8)),
    ],
)
def test_labels_of_four_classes(shares, expected):
    label, probability = Rule().label(shares, NAMES)
    assert (label, pytest.approx(probability)) == expected


def test_no_band_always_answers():
    assert {
        Rule(band=0).label((share, 1 - share), NAMES[:2])[0] for share in np.linspace(0, 1, 11)
    } == {"with_mask", "without_mask"}


# --- tracks
def walking(number, speed=4.0):
    return np.array([100 + speed * number, 50, 140 + speed * number, 95])


def test_a_track_keeps_its_number_smooths_and_bridges_gaps():
    tracker, rng, numbers, errors = Tracker(), np.random.default_rng(0), set(), []
    for number in range(40):
        true = walking(number)
        gone = number % 7 in (5, 6) and number > 10
        shown = tracker.update(
            [] if gone else [true + rng.normal(0, 2, 4)], [] if gone else [0.9], number / 12
        )
        numbers |= {track.number for track in shown}
        if number > 10:
            errors.append(np.abs(shown[0].box - true).max())
            assert shown[0].seen != gone
    assert numbers == {1} and max(errors) < 7


def test_two_people_who_pass_each_other_apart_keep_their_numbers():
    tracker = Tracker()
    for number in range(30):
        one, other = walking(number), walking(30 - number) + [0, 60, 0, 60]
        shown = tracker.update(
            [one, other] if number % 2 else [other, one], [0.9, 0.9], number / 12
        )
    assert tracker.count == 2
    assert {track.number: track.box[1] > 80 for track in shown} == {1: True, 2: False} or {
        track.number: track.box[1] > 80 for track in shown
    } == {1: False, 2: True}


def test_a_weak_face_of_one_frame_is_never_shown_and_a_sure_one_at_once():
    tracker = Tracker()
    assert tracker.update([walking(0)], [0.45], 0.0) == []
    assert tracker.update([], [], 1 / 12) == [] and tracker.count == 0
    assert len(tracker.update([walking(9) + 200], [0.8], 2 / 12)) == 1


def test_who_comes_back_soon_is_the_same_person_and_later_another():
    tracker = Tracker()
    for when in (0, 0.1, 1.5):
        tracker.update([walking(0)], [0.9], when)
    assert tracker.count == 1
    tracker.update([], [], 5.0)
    tracker.update([walking(0)], [0.9], 5.1)
    assert tracker.count == 2


# --- alerts
def person(labels, seconds=1.0, step=0.25):
    """Return the times at which `due` names a track that bears these labels."""
    tracker, rang = Tracker(), []
    for number, letter in enumerate(labels):
        (track,) = tracker.update([walking(0)], [0.9], number * step)
        track.label = {"N": "without_mask", "M": "with_mask", "U": "not_sure", "n": "under_nose"}[
            letter
        ]
        rang += [number * step for _ in alerts.due([track], number * step, seconds)]
    return rang


@pytest.mark.parametrize(
    ("labels", "times"),
    [
        ("NNNNNNNNNN", [1.0]),
        ("NNNMNNNNNN", [2.0]),
        ("NUUUNN", [1.0]),
        ("UUUUUU", []),
        ("MMMM", []),
        ("nnnnnn", [1.0]),
        ("NNNNNMMNNNNNNNN", [1.0]),
    ],
)
def test_an_alert_rings_once_a_person_after_some_seconds(labels, times):
    assert person(labels) == pytest.approx(times)


def test_alerts_that_pile_up_are_counted_not_kept(monkeypatch):
    said, hold = [], threading.Event()
    monkeypatch.setattr(alerts, "QUEUE", 3)
    messenger = alerts.Messenger(webhook="http://127.0.0.1:9/", say=said.append)
    monkeypatch.setattr(messenger, "_post", lambda alert: hold.wait(20))
    for _ in range(10):
        messenger.send(dict.fromkeys(alerts.FIELDS, 0))
    assert messenger.failed == 7 and len(said) == 1 and "waiting" in said[0]
    hold.set()
    messenger.close()
    assert messenger.sent == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"webhook": "ftp://x"}, "no web address"),
        ({"command": "'unclosed"}, "close its quotes"),
        ({"command": " "}, "no program"),
    ],
)
def test_alerts_that_cannot_work_are_refused_at_once(options, words):
    with pytest.raises(CourseError, match=words):
        alerts.Messenger(**options)


# --- drawing
def test_labels_stay_inside_the_picture_and_the_picture_stays_as_it_was():
    image = np.full((60, 80, 3), 40, np.uint8)
    marked = drawing.annotate(
        image,
        [
            LabelledFace((0, 0, 30, 30), "with_mask", 0.9, 1),
            LabelledFace((60, 40, 80, 60), "without_mask", 0.8, 2),
        ],
    )
    assert marked.shape == image.shape and (image == 40).all() and (marked != 40).any()


def test_painting_over_keeps_nothing_of_a_face_and_leaves_the_rest_untouched():
    image, truth = scene(1)
    before, _ = load_detector(min_face=24)(image)
    painted = drawing.paint_over(image, before)
    for x_min, y_min, x_max, y_max in np.clip(before, 0, [1280, 720] * 2).astype(int):
        assert (painted[y_min:y_max, x_min:x_max] == drawing.PAINT).all(axis=2).mean() > 0.95
    outside = np.ones(image.shape[:2], bool)
    for x_min, y_min, x_max, y_max in before:
        across, down = x_max - x_min, y_max - y_min
        outside[
            max(int(y_min - down / 2), 0) : int(y_max + down / 2),
            max(int(x_min - across / 2), 0) : int(x_max + across / 2),
        ] = False
    assert (painted[outside] == image[outside]).all() and outside.mean() > 0.5


def test_faces_that_are_painted_over_are_all_alike_where_mosaics_tell_people_apart():
    """Two pictures of each person, both hidden: whose is this? By the nearest of the others."""
    bare = pd.read_csv(SAMPLE / "faces.csv").query("wearing == 'none' and occlusion == 'none'")
    people = [rows for _, rows in bare.groupby("person") if len(rows) == 2]

    def hidden(row, way):
        image = read_rgb(SAMPLE / row.picture)
        box = x_min, y_min, x_max, y_max = row[["x_min", "y_min", "x_max", "y_max"]].astype(int)
        if way == "painted":
            image = drawing.paint_over(image, [box])
        face = image[y_min:y_max, x_min:x_max]
        return cv2.resize(face, (6, 6), interpolation=cv2.INTER_AREA).astype(float)

    def guessed(way):
        known, asked = (
            np.array([hidden(rows.iloc[which], way).ravel() for rows in people]) for which in (0, 1)
        )
        return known, np.linalg.norm(known[None] - asked[:, None], axis=2).argmin(axis=1)

    _, named = guessed("mosaic")
    assert (named == np.arange(len(people))).mean() > 8 / len(people)
    known, _ = guessed("painted")
    inner = known.reshape(-1, 6, 6, 3)[:, 1:-1, 1:-1]  # corners lie outside the ellipse
    assert np.ptp(inner, axis=0).max() == 0


def test_a_face_at_the_border_is_painted_over_into_the_corner():
    image = np.zeros((100, 100, 3), np.uint8)
    painted = drawing.paint_over(image, [(0, 0, 40, 50)])
    assert (painted[:50, :40] == drawing.PAINT).all(axis=2).mean() > 0.99


def test_painting_over_survives_boxes_beyond_the_picture():
    image = np.random.default_rng(0).integers(0, 255, (50, 60, 3), np.uint8)
    assert (
        drawing.paint_over(image, [(-30, -30, -10, -10), (58, 45, 90, 80)]).shape
    ) == image.shape
    assert (drawing.paint_over(image, []) == image).all()


# --- scoring
def test_misses_and_false_alarms_have_rows_of_their_own():
    truth = [
        ((0, 0, 20, 20), "with_mask"),
        ((100, 100, 150, 160), "without_mask"),
        ((200, 0, 210, 12), "without_mask"),
    ]
    said = [
        ((1, 0, 21, 20), "without_mask"),
        ((100, 102, 150, 160), "without_mask"),
        ((300, 300, 330, 330), "with_mask"),
    ]
    rows = score(said, truth)
    assert rows["label"].tolist() == ["with_mask", "without_mask", "without_mask", ""]
    assert rows["said"].tolist() == ["without_mask", "without_mask", "", "with_mask"]
    assert rows["size"].tolist() == [20, 50, 10, 30] and rows["overlap"].iloc[1] == pytest.approx(
        58 / 60
    )
    table = recall_by_size(rows, (8, 20, 40, 1000))
    assert table["faces"].tolist() == [1, 1, 1] and table["found"].tolist() == [0, 1, 1]
    assert score([], []).empty and score([], truth)["said"].tolist() == ["", "", ""]


def test_recall_and_precision_count_misses_and_false_alarms_and_doubts():
    rows = pd.DataFrame(
        [
            ("with_mask", "with_mask", 50),
            ("with_mask", "", 50),
            ("with_mask", "not_sure", 50),
            ("without_mask", "with_mask", 60),
            ("", "with_mask", 45),
            ("without_mask", "without_mask", 60),
            ("without_mask", "without_mask", 25),
            ("", "without_mask", 30),
        ],
        columns=["label", "said", "size"],
    )
    table = recall_and_precision(rows, (20, 40, 1000))
    assert table.loc["40 and more"].tolist() == pytest.approx([5, 1 / 3, 1 / 3, 1 / 2, 1.0])
    small = table.loc["20 to 40"].tolist()
    assert (
        small[0] == 1
        and np.isnan(small[1])
        and np.isnan(small[2])
        and small[3:] == pytest.approx([1.0, 0.5])
    )


# --- the page in place of a window
def test_a_page_shows_the_newest_picture():
    page = window.Page()
    try:
        assert b"<img" in urllib.request.urlopen(page.address, timeout=5).read()
        assert page.show(np.full((40, 60, 3), 200, np.uint8))
        with urllib.request.urlopen(f"{page.address}stream", timeout=5) as stream:
            assert stream.readline() == b"--frame\r\n" and b"image/jpeg" in stream.readline()
    finally:
        page.close()


def test_the_page_is_for_this_computer_only_and_for_who_knows_its_token():
    page = window.Page()
    try:
        host, port = page._server.server_address
        assert host == "127.0.0.1" and len(page.address.split("/")[3]) > 20
        for path in ("", "stream", "x/stream", f"{page.address.split('/')[3][:-1]}/stream"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5)
    finally:
        page.close()


# --- the video in a notebook
def test_a_video_shows_its_first_frame_before_it_plays(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "course_utils.notebook.detection.display", lambda data, raw: shown.append(data)
    )
    show_video(SAMPLE / "videos/walk.mp4", 'People walk "here".')
    (data,) = shown
    encoded = re.search(r'poster="data:image/jpeg;base64,([^"]+)"', data["text/html"])[1]
    poster = cv2.imdecode(np.frombuffer(base64.b64decode(encoded), np.uint8), cv2.IMREAD_COLOR)
    _, first = cv2.VideoCapture(str(SAMPLE / "videos/walk.mp4")).read()
    first = cv2.resize(first, poster.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(poster.astype(float) - first).mean() < 5
    assert "&quot;here&quot;" in data["text/html"]
