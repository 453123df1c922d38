"""What is annotated in the embedded scenes and videos, as the chapters read it."""

import numpy as np
import pytest

from course_utils import project
from course_utils.data import annotated
from course_utils.pictures import annotations

SAMPLE = project.data_dir() / "sample"


def test_scenes_hold_every_annotated_face_with_two_labels():
    found = annotated.scenes(SAMPLE)
    assert len(found) == 6 and all(path.is_file() for path in found)
    for path, truth in found.items():
        boxes, _ = annotations.read_voc(path.with_suffix(".xml"))
        worn = sum(box.label == "with_mask" for box in boxes)
        assert len(truth.boxes) == len(truth.pairs) == len(boxes)
        assert truth.labels.count("with_mask") == worn
        assert set(truth.labels) <= {"with_mask", "without_mask"}
        assert set(truth.people) == {path.stem}
        sizes = [min(box.width, box.height) for box in boxes]
        assert truth.sizes.tolist() == sizes


@pytest.mark.parametrize(("video", "faces", "people"), [("walk", 448, 7), ("webcam", 153, 2)])
def test_frames_hold_every_annotated_face_of_a_video(video, faces, people):
    found = annotated.frames(SAMPLE, video)
    assert len(found) == 120
    assert sum(len(truth.boxes) for truth in found) == faces
    assert len(set().union(*(truth.people for truth in found))) == people


def test_a_frame_without_a_face_has_empty_boxes():
    empty = annotated._of_frame(
        annotated.pd.DataFrame(columns=[*annotated.EDGES, "label", "person"])
    )
    assert empty.boxes.shape == (0, 4) and empty.sizes.shape == (0,)
    assert empty.person_at((0, 0, 9, 9)) == "nobody"


def test_a_person_is_found_by_the_middle_of_the_face():
    boxes = np.array([[0, 0, 10, 10], [50, 50, 70, 70]], float)
    truth = annotated.Truth(boxes, ["with_mask", "without_mask"], ["anna", "ben"])
    assert truth.person_at((40, 40, 80, 80)) == "ben"
    assert truth.person_at((0, 0, 30, 30)) == "anna"
    assert truth.person_at((20, 20, 30, 30)) == "nobody"
