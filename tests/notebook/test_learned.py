"""The table that networks learn from: of drawn masks, or the split of photographs."""

import dataclasses

import pytest

from course_utils import profiles
from course_utils.notebook import learned
from course_utils.notebook.artefacts import Artefacts


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_WORK", str(tmp_path))
    return tmp_path


def test_drawn_masks_are_those_of_chapter_02_in_its_order(work):
    folder = work / "sample" / "02_mask_synthesis"
    folder.mkdir(parents=True)
    (folder / "faces.csv").write_text("picture,split\nb.jpg,train\na.jpg,test\n")
    table, beside = learned.faces_learned_from(Artefacts("11_own", "sample"))
    assert table.picture.tolist() == ["b.jpg", "a.jpg"] and beside == folder


def test_worn_masks_get_the_split_of_chapter_01(work, monkeypatch):
    chosen = profiles.get_profile("sample")
    worn = dataclasses.replace(chosen, training=dataclasses.replace(chosen.training, masks="worn"))
    monkeypatch.setattr(profiles, "get_profile", lambda name: worn)
    folder = work / "sample" / "01_data_collection"
    folder.mkdir(parents=True)
    known = learned.load_faces("sample")
    split = known[["picture"]].assign(group=known.picture, split="train")[:5]
    split.to_csv(folder / "faces.csv", index=False)
    table, beside = learned.faces_learned_from(Artefacts("11_own", "sample"))
    assert table.picture.tolist() == known.picture[:5].tolist()
    assert set(table.split) == {"train"} and not set(learned.BOX) & set(table)
    assert beside == learned.faces_dir("sample") and (beside / table.picture[0]).is_file()
