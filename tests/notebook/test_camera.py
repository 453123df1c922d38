"""Own pictures: saved as they should be, and a browser without a camera told from one that may not
use it. `tests/browser/test_jupyterlab.py` takes pictures with a camera.
"""

import datetime
import io
import re

import pytest
from browsing import chromium, needs_browser
from PIL import Image

from course_utils.errors import CourseError
from course_utils.notebook import camera


def encoded(size=(40, 30), kind="PNG", **options):
    buffer = io.BytesIO()
    Image.new("RGB", size, (10, 200, 30)).save(buffer, kind, **options)
    return buffer.getvalue()


def test_pictures_are_numbered_and_nothing_is_overwritten(tmp_path):
    paths = [camera.save_own_picture(encoded(), "with_mask", folder=tmp_path)[0] for _ in range(2)]
    (tmp_path / "with_mask" / "001.jpg").unlink()
    paths.append(camera.save_own_picture(encoded(), "with_mask", folder=tmp_path)[0])
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "with_mask/001.jpg",
        "with_mask/002.jpg",
        "with_mask/003.jpg",
    ]
    assert Image.open(paths[-1]).format == "JPEG"


@pytest.mark.parametrize(
    "person, folder",
    [
        ("Anna", "Anna"),
        ("", ""),
        ("  ", ""),
        ("../../etc", "etc"),
        ("Nguyễn Văn A", "Nguyễn_Văn_A"),
        ("a/b\\c:d", "a_b_c_d"),
    ],
)
def test_a_person_gets_a_folder_that_stays_inside(tmp_path, person, folder):
    path, size = camera.save_own_picture(encoded(), "without_mask", person, tmp_path)
    assert path == tmp_path / "without_mask" / folder / "001.jpg" and size == (40, 30)


def test_time_and_place_are_not_kept(tmp_path):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "maker of the telephone", 6  # turned by 90 degrees
    path, size = camera.save_own_picture(
        encoded(kind="JPEG", exif=exif), "with_mask", folder=tmp_path
    )
    assert (
        size == (30, 40)
        and not Image.open(path).getexif()
        and b"telephone" not in path.read_bytes()
    )


def test_an_unknown_label_is_refused(tmp_path):
    with pytest.raises(CourseError, match="is no label"):
        camera.save_own_picture(encoded(), "../with_mask", folder=tmp_path)
    assert not list(tmp_path.rglob("*.jpg"))


def test_what_the_browser_sends_is_saved_or_refused_with_a_sentence(tmp_path):
    widget = camera.Camera(folder=tmp_path, label="without_mask", person="Bo")
    widget._receive(widget, {"kind": "picture"}, [memoryview(encoded())])
    assert widget.taken == 1 and "001.jpg (40 x 30 pixels)" in widget.message
    widget._receive(widget, {"kind": "picture"}, [b"no picture"])
    assert widget.taken == 1 and widget.message.startswith("Not saved")
    widget._receive(widget, {"kind": "something else"}, [])
    assert [path.name for path in tmp_path.rglob("*.jpg")] == ["001.jpg"]


def test_files_can_be_chosen_instead(tmp_path):
    box = camera.upload(tmp_path)
    label, person, button, message = box.children
    label.value, person.value = "without_mask", "Bo"
    button.value = [
        {
            "name": name,
            "type": "image/png",
            "size": len(content),
            "content": content,
            "last_modified": datetime.datetime.now(),
        }
        for name, content in (("a.png", encoded()), ("<b>.png", b"no picture"))
    ]
    assert (tmp_path / "without_mask" / "Bo" / "001.jpg").exists()
    assert (
        "001.jpg" in message.value
        and "&lt;b>.png was not saved: it is not a JPEG, PNG, WebP, AVIF, BMP, GIF or TIFF picture."
        in message.value
    )
    assert button.value == ()


@needs_browser
def test_a_browser_without_a_camera_says_so(tmp_path):
    """The same script in a plain page, with a stand-in for Jupyter's side, in a browser that has no
    camera.
    """
    from playwright.sync_api import expect

    script = camera.Camera._esm if isinstance(camera.Camera._esm, str) else str(camera.Camera._esm)
    script = re.sub(r"export default", "const widget =", script)
    page_text = f"""<div id=here></div><script type=module>{script}
        const labels = ["with_mask", "without_mask"];
        const state = {{ labels, label: "with_mask", person: "", message: "" }};
        const nothing = () => {{}};
        const model = {{
            get: (name) => state[name], set: (name, value) => {{ state[name] = value; }},
            save_changes: nothing, on: nothing, off: nothing, send: nothing,
        }};
        widget.render({{ model, el: document.getElementById("here") }});</script>"""
    with chromium() as browser:
        page = browser.new_page()
        for secure, words in ((False, "localhost"), (True, "no camera")):
            if secure:
                (tmp_path / "page.html").write_text(page_text, encoding="utf-8")
                page.goto((tmp_path / "page.html").as_uri())
                page.evaluate(
                    "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new"
                    " DOMException('', 'NotFoundError')); }"
                )
            else:
                page.goto("about:blank")
                page.set_content(page_text)
                page.evaluate(
                    "Object.defineProperty(navigator, 'mediaDevices', { value: undefined,"
                    " configurable: true })"
                )
            page.get_by_role("button", name="Start the camera").click()
            expect(page.get_by_role("status")).to_contain_text(words)
            expect(page.get_by_role("status")).to_contain_text("choose files below")
