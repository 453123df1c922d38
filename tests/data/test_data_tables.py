"""`faces.csv` as spreadsheets and other systems write it: read, or refused in one sentence."""

import dataclasses
import json
import os

import pandas as pd
import pytest
from data_course import one_sentence
from drawn import encoded, noise
from hypothesis import given, settings
from hypothesis import strategies as st
from imported import put

from course_utils import profiles
from course_utils.data.audit import audit
from course_utils.data.faces_table import load_faces
from course_utils.data.tables import read_faces, write_faces
from course_utils.errors import CourseError
from course_utils.training.folders import find_faces

TEXT = (
    "picture,label,person,split\n"
    "faces/a.jpg,with_mask,anna,train\n"
    "faces/b.jpg,without_mask,bình,train\n"
)


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate("ab"):
        put(tmp_path / f"faces/{name}.jpg", encoded(noise(number), "JPEG"))
    return tmp_path


FORMS = {
    "plain": TEXT.encode(),
    "mark": TEXT.encode("utf-8-sig"),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16-be": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "semicolons": TEXT.replace(",", ";").encode(),
    "tabs": TEXT.replace(",", "\t").encode(),
    "backslashes": TEXT.replace("faces/", "faces\\").encode(),
    "carriage returns": TEXT.replace("\n", "\r\n").encode(),
    "quotation marks": TEXT.replace("anna", '"anna"').encode(),
    "blanks in the head": TEXT.replace("label,", " label ,").encode(),
    "short rows": TEXT.replace(",train", "").encode(),
    "fields too many, and empty": TEXT.replace("anna,train", "anna,train,,").encode(),
    "no last line end": TEXT.rstrip().encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(folder, form):
    (folder / "faces.csv").write_bytes(FORMS[form])
    read = read_faces(folder / "faces.csv")
    assert [(row["picture"], row["label"]) for row in read.rows] == [
        ("faces/a.jpg", "with_mask"),
        ("faces/b.jpg", "without_mask"),
    ]
    assert read.rows[1]["person"] == "bình" and not read.skipped
    assert audit(folder).classes == {"with_mask": 1, "without_mask": 1}
    assert find_faces(folder).class_names == ("with_mask", "without_mask")


REFUSED = {
    "cp1252": (TEXT.encode("cp1252"), "Windows-1252.*line 3.*UTF-8"),
    "utf-16 without a mark": (TEXT.encode("utf-16-le"), "UTF-16 without its mark"),
    "no label": (TEXT.replace("label", "klass").encode(), "lacks the column label .it has picture"),
    "no picture": (TEXT.replace("picture", "file").encode(), "lacks the column picture"),
    "empty": (b"", "lacks the column picture, label"),
    "a picture": (encoded(noise(3)), "no text"),
    "twice": (TEXT.replace("split", "label").encode(), "column label twice"),
    "a field too many": (TEXT.replace("anna", "an,na").encode(), "line 2 has 5 fields"),
    "an open quotation mark": (TEXT.replace("anna", '"anna').encode(), "can't be read as a table"),
    "a cut character": (TEXT.encode()[: TEXT.encode().index(b"\xac")], "no UTF-8"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_what_can_not_be_read_is_one_sentence(folder, form):
    content, words = REFUSED[form]
    (folder / "faces.csv").write_bytes(content)
    for use in (read_faces, lambda path: audit(path.parent), lambda path: find_faces(path.parent)):
        with pytest.raises(CourseError, match=f"faces.csv.*{words}") as caught:
            use(folder / "faces.csv")
        assert "\n" not in str(caught.value)


def test_blank_and_useless_rows_are_skipped_and_counted(course, folder):
    (folder / "faces.csv").write_text(
        TEXT + ",,,\n\nfaces/c.jpg,,x,\n,with_mask,,\n", encoding="utf-8"
    )
    read = read_faces(folder / "faces.csv")
    assert len(read.rows) == 2
    assert [sentence.partition("faces.csv ")[2] for sentence in read.skipped] == [
        "line 4 is blank",
        "line 5 is blank",
        "line 6 names no label",
        "line 7 names no picture",
    ]
    assert find_faces(folder).skipped == audit(folder).skipped_rows == read.skipped
    done = course.run("audit", str(folder), "--json")
    assert done.returncode == 0 and len(json.loads(done.out)["skipped_rows"]) == 4
    (folder / "faces.csv").write_bytes(REFUSED["cp1252"][0])
    one_sentence(course.run("audit", str(folder)), "Windows-1252")


@pytest.mark.skipif(os.name == "nt", reason="a backslash parts folders there")
def test_a_backslash_that_belongs_to_a_name_stays(folder):
    put(folder / "faces/odd\\name.jpg", encoded(noise(5), "JPEG"))
    (folder / "faces.csv").write_text(TEXT + "faces/odd\\name.jpg,with_mask,,\n", encoding="utf-8")
    assert read_faces(folder / "faces.csv").rows[2]["picture"] == "faces/odd\\name.jpg"


text = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)


@settings(deadline=None, max_examples=100)
@given(names=st.lists(st.tuples(text.filter(str.strip), text.filter(str.strip), text), max_size=6))
def test_what_the_course_writes_it_reads(tmp_path_factory, names):
    path = tmp_path_factory.getbasetemp() / "round/faces.csv"
    rows = [{"picture": a, "label": b, "person": c} for a, b, c in names]
    write_faces(path, rows)
    read = read_faces(path)
    assert [(row["picture"], row["label"], row["person"]) for row in read.rows] == [
        (a, b.strip(), c.strip()) for a, b, c in names
    ]
    assert not read.skipped


@settings(deadline=None, max_examples=300)
@given(
    content=st.binary(max_size=80), head=st.sampled_from([b"", TEXT.encode(), b"picture;label\n"])
)
def test_any_bytes_are_rows_or_a_sentence(tmp_path_factory, content, head):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(head + content)
    try:
        read = read_faces(path)
    except CourseError as error:
        assert str(error).startswith(str(path)) and "\n" not in str(error)
    else:
        assert all(row["picture"].strip() and row["label"] for row in read.rows)


def test_a_chapter_reads_the_same_table(course, monkeypatch):
    monkeypatch.chdir(course.root)
    table = "picture,label,person,split,width\na.jpg,with_mask,007,,48\n,,,,\n"
    put(course.root / "data/sample/faces.csv", table.replace(",", ";").encode("utf-8-sig"))
    read = load_faces("sample")
    assert read.loc[0, "person"] == "007" and read["width"].tolist() == [48]
    assert pd.api.types.is_integer_dtype(read["width"]) and read.loc[0, "split"] == ""


def test_other_pictures_have_a_profile_of_their_own(course, monkeypatch):
    monkeypatch.chdir(course.root)
    monkeypatch.delenv("COURSE_WORK", raising=False)
    table = "picture,label,person,split\nmine.jpg,with_mask,,\n"
    put(course.root / "work/datasets/own/faces.csv", table.encode())
    sample = profiles.PROFILES["sample"]
    monkeypatch.setitem(
        profiles.PROFILES, "room", dataclasses.replace(sample, name="room", dataset="own")
    )
    assert load_faces("room").picture.tolist() == ["mine.jpg"]
    put(course.root / "data/sample/faces.csv", table.replace("mine", "embedded").encode())
    assert load_faces("sample").picture.tolist() == ["embedded.jpg"]
    monkeypatch.setitem(profiles.PROFILES, "sample", dataclasses.replace(sample, dataset="own"))
    with pytest.raises(CourseError, match="add a profile of its own"):
        load_faces("sample")
