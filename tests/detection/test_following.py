"""Following faces: where a video is searched, whom the classifier is asked about, who has gone."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.detection import MaskDetector, Rule, full_range, load_detector, sources
from course_utils.detection.frames import Frame
from course_utils.detection.tracking import AGREED, REST, Track

NAMES = ("with_mask", "without_mask")
SHAPE = (360, 640, 3)
WALK = Path(__file__).resolve().parents[2] / "data/sample/videos/walk.mp4"


class Asked:
    """A classifier that is sure, and remembers how many faces it was asked about."""

    size, class_names = 32, NAMES

    def __init__(self):
        self.faces, self.masked = 0, 0.95

    def __call__(self, faces):
        self.faces += len(faces)
        return np.tile([self.masked, 1 - self.masked], (len(faces), 1))


def follow(box, frames, classify, speed=0.0, gone_from=None):
    """Follow one face for some frames; return the finder and what it said of each frame."""
    image = np.random.default_rng(0).integers(0, 256, SHAPE).astype(np.uint8)
    state = {"frame": 0}

    def detect(picture, known):
        if gone_from is not None and state["frame"] >= gone_from:
            return np.zeros((0, 4)), np.zeros(0)
        moved = np.add(box, [speed * state["frame"], 0] * 2)
        return moved[None].astype(float), np.array([0.95])

    finder, said = MaskDetector(detect, classify), []
    for number in range(frames):
        state["frame"] = number
        said.append(finder.follow(image, number / 12))
    return finder, said


@given(st.lists(st.tuples(st.floats(0, 560), st.floats(0, 280), st.floats(17, 60)), max_size=9))
def test_every_known_face_lies_in_a_tile_that_shows_it(faces):
    boxes = np.array([(x, y, x + side, y + side) for x, y, side in faces]).reshape(-1, 4)
    placed = full_range.around(boxes, [256.0, 512.0])
    assert len(placed) <= len(boxes)
    for x_min, y_min, x_max, y_max in boxes:
        assert any(
            x <= x_min and y <= y_min and x_max <= x + side and y_max <= y + side
            for x, y, side in placed
        )


def test_a_face_that_does_not_change_is_asked_about_seldom():
    classify = Asked()
    _, said = follow((200, 100, 260, 170), 36, classify)
    assert all(faces[0].label == "with_mask" for faces in said)
    assert 3 <= classify.faces <= 3 + 3 / REST + 1


def test_a_face_of_which_nobody_is_sure_is_asked_about_in_every_frame():
    classify = Asked()
    classify.masked = 0.5
    follow((200, 100, 260, 170), 20, classify)
    assert classify.faces == 20


def test_a_mask_that_is_put_on_is_believed_after_two_looks():
    track, rule = Track((0, 0, 50, 50), 0.9, 0.0), Rule()
    for _ in range(9):
        track.vote((0.05, 0.95), NAMES, rule)
    track.vote((0.95, 0.05), NAMES, rule)
    assert track.label != "with_mask"
    track.vote((0.95, 0.05), NAMES, rule)
    assert track.label == "with_mask" and len(track.looks) == AGREED


def test_who_has_left_the_picture_is_shown_no_more_and_others_a_moment():
    _, said = follow((560, 100, 620, 170), 10, Asked(), speed=5, gone_from=5)
    assert said[4] and not said[5]
    _, said = follow((200, 100, 260, 170), 12, Asked(), gone_from=5)
    assert said[5] and said[8] and not said[11]


def test_a_face_that_was_looked_for_again_and_not_seen_is_shown_no_more():
    class Again:
        """A detector that looks twice."""

        looks_again, frame = True, 0

        def __call__(self, picture, known):
            seen = int(self.frame != 4)
            return np.array([[200.0, 100, 260, 170]] * seen).reshape(-1, 4), np.full(seen, 0.95)

    detect, said = Again(), []
    finder = MaskDetector(detect, Asked())
    for detect.frame in range(8):
        said.append(finder.follow(np.zeros(SHAPE, np.uint8), detect.frame / 12))
        assert len(finder.covered)  # it is painted over for a moment longer
    assert [len(faces) for faces in said] == [1, 1, 1, 1, 0, 1, 1, 1]
    assert {face.track for faces in said for face in faces} == {1}


def test_a_label_near_its_edge_is_asked_about_again():
    for masked, frames in ((0.7, 20), (0.95, 3 + int(20 / 12 / REST))):
        classify = Asked()
        classify.masked = masked
        follow((200, 100, 260, 170), 20, classify)
        assert abs(classify.faces - frames) <= 1


@pytest.mark.parametrize("every", [1, 3])
def test_working_on_two_frames_at_once_changes_no_box_and_no_label(every):
    class Grey(Asked):
        """A classifier whose answer depends on the pixels."""

        def __call__(self, faces):
            worn = faces.reshape(len(faces), -1).mean(axis=1) / 255
            return np.stack([worn, 1 - worn], axis=1)

    frames = list(islice(sources.Video(WALK).frames(), 24))
    one, two = (MaskDetector(load_detector(turns=4), Grey()) for _ in range(2))
    alone = [one.follow(frame.image, frame.time, n % every == 0) for n, frame in enumerate(frames)]
    told, covered = [], []
    for frame, faces in two.follow_all(iter(frames), every):
        assert frame is frames[len(told)]
        told.append(faces)
        covered.append(two.covered)
    assert [list(map(vars, faces)) for faces in told] == [list(map(vars, f)) for f in alone]
    assert sum(map(len, told)) > 24 and (covered[-1] == one.covered).all()


def test_what_was_seen_before_a_video_breaks_is_told_first():
    def frames():
        for number in range(3):
            yield Frame(number, number / 12, np.zeros(SHAPE, np.uint8))
        raise OSError("gone")

    found = np.array([[200.0, 100, 260, 170]])
    finder, told = MaskDetector(lambda picture, known: (found, np.array([0.9])), Asked()), []
    with pytest.raises(OSError, match="gone"):
        for frame, faces in finder.follow_all(frames()):
            told.append((frame.number, len(faces)))
    assert told == [(0, 1), (1, 1), (2, 1)]
    assert list(finder.follow_all(iter(()))) == []


class Looks:
    """Stands in for the network: what is seen in a cut-out depends on its side."""

    def __init__(self, monkeypatch, face, scores):
        self.face, self.scores, self.sides = np.array([face], float), scores, []
        monkeypatch.setattr(full_range, "look", self)

    def __call__(self, image, places, threshold):
        self.sides += [round(side) for *_, side in places]
        return [self._seen(place, threshold) for place in places]

    def _seen(self, place, threshold):
        score = self.scores.get(round(place[2]), 0.0)
        inside = full_range.shows(place, self.face)[0]
        return (
            (self.face, np.array([score]))
            if inside and score > threshold
            else (
                self.face[:0],
                np.zeros(0),
            )
        )


def test_a_texture_that_looks_like_a_face_at_one_size_is_none(monkeypatch):
    looks = Looks(monkeypatch, (300, 150, 340, 190), {256: 0.9, 512: 0.5})
    detect, image = full_range.FullRange(16, turns=6), np.zeros(SHAPE, np.uint8)
    for _ in range(12):
        assert len(detect(image)[0]) == 0
    asked = looks.sides.count(5 * 40)
    assert 2 <= asked <= 4  # not in every frame
    assert looks.sides.count(12 * 40) == asked
    looks.scores |= {5 * 40: 0.8, 12 * 40: 0.4}
    assert any(len(detect(image)[0]) for _ in range(12))


def test_a_known_face_needs_a_weak_candidate_or_a_look_where_it_was(monkeypatch):
    face = (300, 150, 340, 190)
    looks = Looks(monkeypatch, face, {256: 0.3, 512: 0.3, 832: 0.3})
    detect, image = full_range.FullRange(16, turns=6), np.zeros(SHAPE, np.uint8)
    assert len(detect(image)[0]) == 0
    (box,), (score,) = detect(image, [face])
    assert tuple(box) == face and score == 0.3
    looks.scores = {200: 0.7, 480: 0.3}
    (box,), (score,) = detect(image, [face])
    assert tuple(box) == face and score == pytest.approx(0.5)
    looks.scores, looks.sides = {}, []
    assert [len(detect(image, [face])[0]) for _ in range(3)] == [0, 0, 0]
    assert looks.sides.count(200) == 1


def test_every_tile_of_a_video_is_searched_in_turn(monkeypatch):
    looks = Looks(monkeypatch, (0, 0, 1, 1), {})
    detect, image = full_range.FullRange(16, turns=6), np.zeros((720, 1280, 3), np.uint8)
    counts = []
    for _ in range(6):
        before = len(looks.sides)
        detect(image)
        counts.append(len(looks.sides) - before)
    levels = full_range.tiles(720, 1280, 256)
    for level, times in zip(levels, (1, 2, 2, 2), strict=True):
        assert looks.sides.count(round(level[0][2])) == times * len(level)
    assert max(counts) - min(counts) <= 3


@pytest.mark.parametrize("shape", [(120, 160), (240, 320), (300, 300), (1080, 1920), (20, 900)])
@pytest.mark.parametrize("known", [[], [(10, 10, 40, 40)], [(10, 5, 18, 13), (5, 5, 900, 600)]])
def test_every_frame_of_any_size_is_searched_somewhere(monkeypatch, shape, known):
    looks = Looks(monkeypatch, (0, 0, 1, 1), {})
    detect = full_range.FullRange(16, turns=6)
    for _ in range(7):
        before = len(looks.sides)
        assert len(detect(np.zeros((*shape, 3), np.uint8), known)[0]) == 0
        assert len(looks.sides) > before
