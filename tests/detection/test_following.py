"""Following faces: where a video is searched, whom the classifier is asked about, who has gone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from course_utils.detection import MaskDetector, Rule, full_range
from course_utils.detection.tracking import AGREED, REST, Track

NAMES = ("with_mask", "without_mask")
SHAPE = (360, 640, 3)


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
