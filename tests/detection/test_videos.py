"""Videos as people have them: each frame at its own time, nothing whole called damaged, and nothing
opened that only a stranger's file names.
"""

import itertools
import os
import socket
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from filming import EVEN, FPS, FRAMES, UNEVEN, ffmpeg, film, number_of
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from course_utils.detection import sources
from course_utils.detection.capture import OPTIONS
from course_utils.detection.frames import Clock
from course_utils.detection.sources import Animation, Pictures, Video
from course_utils.errors import CourseError

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "6")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-b:v", "1M")


def opened(path):
    return sources.open_source(str(path), pytest.fail)


def times_of(source):
    """Return when each frame was, by its number in the picture, and how many there were."""
    frames = list(source.frames())
    assert [frame.number for frame in frames] == sorted({frame.number for frame in frames})
    assert all(one.time < other.time for one, other in itertools.pairwise(frames))
    return {number_of(frame.image): frame.time for frame in frames}, len(frames)


def assert_whole(source, truth, tolerance=1 / FPS):
    """Hold times against the truth, within a frame, and against the claim of damage."""
    times, count = times_of(source)
    assert source.problems == [] and count == len(truth)
    assert times == pytest.approx(dict(enumerate(truth)), abs=tolerance / 2)


@pytest.mark.parametrize(
    ("name", "options", "uneven", "pipe"),
    [
        ("phone.mp4", H264, True, False),
        ("b_frames.mp4", (*H264, "-bf", "2", "-preset", "veryfast"), True, False),
        ("fragmented.mp4", (*H264, "-movflags", "frag_keyframe+empty_moov"), True, False),
        ("browser.webm", VP8, True, False),
        ("mediarecorder.webm", (*VP8, "-f", "webm"), True, True),
        ("recorder.flv", H264, False, False),
        ("uneven.flv", H264, True, False),
        ("broadcast.ts", H264, True, False),
        ("skipping.avi", ("-c:v", "mpeg4", "-q:v", "2", "-enc_time_base", "1/12"), True, False),
        ("old.wmv", ("-c:v", "wmv2", "-q:v", "2"), False, False),
        ("film.mkv", H264, True, False),
    ],
)
def test_each_frame_at_its_time_and_nothing_damaged(tmp_path, name, options, uneven, pipe):
    path = film(tmp_path / name, *options, uneven=uneven, pipe=pipe)
    assert_whole(opened(path), UNEVEN if uneven else EVEN)


def test_streams_without_times_are_counted(tmp_path):
    raw = film(tmp_path / "raw.mjpeg", "-c:v", "mjpeg", "-q:v", "2", "-f", "mjpeg")
    other = raw.rename(tmp_path / "camera_dump")
    assert isinstance(opened(other), Video)
    assert_whole(opened(other), [number / 25 for number in range(FRAMES)], 1 / 25)
    raw = film(tmp_path / "raw.h264", *H264, "-f", "h264")
    assert_whole(opened(raw), [number / 25 for number in range(FRAMES)], 1 / 25)


def test_a_picture_without_a_name_stays_a_picture(tmp_path):
    Image.new("RGB", (64, 48)).save(tmp_path / "picture", "JPEG")
    assert isinstance(opened(tmp_path / "picture"), Pictures)


@pytest.mark.parametrize("name", ["moving.gif", "moving.png", "moving.webp"])
def test_moving_pictures_are_videos(tmp_path, name):
    pictures = [Image.new("RGB", (64, 48), (20 + 8 * number,) * 3) for number in range(6)]
    lasting = [100, 500, 40, 100, 250, 100]
    pictures[0].save(
        tmp_path / name, save_all=True, append_images=pictures[1:], duration=lasting, lossless=True
    )
    source = opened(tmp_path / name)
    assert isinstance(source, Animation)
    assert_whole(source, [sum(lasting[:number]) / 1000 for number in range(6)], 0.001)
    said = []
    folder = sources.open_source(str(tmp_path), said.append)
    assert len(list(folder.frames())) == 1 and name in said[0] and "moves" in said[0]


def test_recordings_joined_into_one_go_on(tmp_path):
    part = film(tmp_path / "part.ts", *H264)
    (tmp_path / "joined.ts").write_bytes(part.read_bytes() * 2)
    frames = list(opened(tmp_path / "joined.ts").frames())
    assert [frame.time for frame in frames] == pytest.approx(
        [number / FPS for number in range(2 * FRAMES)], abs=0.5 / FPS
    )


def test_a_telephones_video_that_was_turned(tmp_path):
    film(tmp_path / "flat.mp4", *H264, uneven=True)
    ffmpeg(
        *("-display_rotation", 90, "-i", tmp_path / "flat.mp4", "-c", "copy"), tmp_path / "up.mp4"
    )
    assert_whole(opened(tmp_path / "up.mp4"), UNEVEN)
    assert next(opened(tmp_path / "up.mp4").frames()).image.shape == (64, 48, 3)


@pytest.mark.parametrize("options", [VP8, (*H264, "-pix_fmt", "yuv444p")], ids=["webm", "mp4"])
def test_an_odd_size(tmp_path, options):
    path = film(tmp_path / f"odd.{'webm' if options == VP8 else 'mp4'}", *options, size=(65, 47))
    assert_whole(opened(path), EVEN)
    assert next(opened(path).frames()).image.shape == (47, 65, 3)


def test_a_video_that_a_telephone_trimmed_is_whole(tmp_path):
    film(tmp_path / "long.mp4", *H264, "-g", "24")
    ffmpeg("-ss", 1, "-i", tmp_path / "long.mp4", "-c", "copy", tmp_path / "trimmed.mp4")
    source = opened(tmp_path / "trimmed.mp4")
    assert 10 <= len(list(source.frames())) < FRAMES == source.count and source.problems == []


@pytest.mark.parametrize(
    ("flags", "words"),
    [("+faststart", "damaged or was cut off"), ("frag_keyframe+empty_moov", "was cut off")],
)
def test_a_file_that_announces_more_than_it_holds_is_cut_off(tmp_path, flags, words):
    path = film(tmp_path / "whole.mp4", *H264, "-movflags", flags)
    (tmp_path / "cut.mp4").write_bytes(path.read_bytes()[: path.stat().st_size * 7 // 10])
    source = opened(tmp_path / "cut.mp4")
    frames = list(source.frames())
    assert 0 < len(frames) < FRAMES and len(source.problems) == 1
    assert f"ends after frame {len(frames)}" in source.problems[0] and words in source.problems[0]


def test_names_that_ffmpeg_or_opencv_would_take_for_something_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ["2021-05-03T12:30:15.mp4", "-i.mp4", "100%d.mp4"]
    if sys.platform == "linux":
        names.append(os.fsdecode(b"caf\xe9.mp4"))
    film(tmp_path / "film.mp4", *H264)
    for name in names:
        os.link("film.mp4", name)
        assert_whole(opened(name), EVEN)


@pytest.fixture
def door():
    """A port at which somebody may knock; yields it and the list of those who did."""
    knocked = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                knocked.append(connection.recv(100))
                connection.close()

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], knocked
        server.shutdown(socket.SHUT_RDWR)


SEGMENT = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n"
DASH = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    "<AdaptationSet><Representation><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period>"
    "</MPD>"
)


@pytest.mark.parametrize("name", ["film.mp4", "film.m3u8", "film.mpd", "film.avi"])
@pytest.mark.parametrize("form", [SEGMENT, "ffconcat version 1.0\nfile {}\n", DASH])
def test_a_strangers_file_opens_no_other(tmp_path, door, name, form):
    port, knocked = door
    film(tmp_path / "private.ts", *H264)
    for target in ("private.ts", tmp_path / "private.ts", f"http://127.0.0.1:{port}/segment.ts"):
        (tmp_path / name).write_text(form.format(target))
        with pytest.raises(CourseError, match="is a playlist, which names other files"):
            opened(tmp_path / name)
    assert knocked == [] and OPTIONS not in os.environ


@pytest.fixture
def server(tmp_path):
    """A web server for the files of a folder; yields its address and what was asked for."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, form, *arguments):
            asked.append(arguments[0])

    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path))
    web.daemon_threads = True
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{web.server_port}", asked
    web.shutdown()
    web.server_close()


def test_a_still_at_an_address_is_one_picture(tmp_path, server):
    Image.new("RGB", (64, 48)).save(tmp_path / "shot.jpg")
    source = opened(f"http://admin:P@ssw0rd@{server[0]}/shot.jpg?pwd=s3cret")
    (frame,) = source.frames()
    assert frame.image.shape == (48, 64, 3) and not source.moving and not source.live
    assert frame.name == f"http://{server[0]}/shot.jpg?..."
    (tmp_path / "shot.jpg").write_bytes((tmp_path / "shot.jpg").read_bytes()[:300])
    with pytest.raises(CourseError, match="shot.jpg: .*remove the file") as refused:
        list(opened(f"http://admin:P@ssw0rd@{server[0]}/shot.jpg").frames())
    assert "ssw0rd" not in str(refused.value)


def test_a_file_at_an_address_ends(tmp_path, server):
    film(tmp_path / "clip.webm", *VP8, "-f", "webm", pipe=True, uneven=True)
    source = opened(f"http://{server[0]}/clip.webm")
    assert isinstance(source, Video)
    assert_whole(source, UNEVEN)


def test_no_password_in_what_is_said_of_a_video_at_an_address(tmp_path, server):
    (tmp_path / "text.mp4").write_text("no video" * 100)
    with pytest.raises(CourseError, match="text.mp4.*can't be read") as refused:
        opened(f"http://admin:P@ss:w0rd@{server[0]}/text.mp4?token=s3cret")
    assert not any(part in str(refused.value) for part in ("ss:w0rd", "P@", "s3cret"))


@pytest.mark.parametrize(
    "source", ["rtmps://admin:P@ssw0rd@host/", "admin:P@ssw0rd@host", "x/y?user=admin&pwd=ssw0rd"]
)
def test_no_password_of_what_is_no_address(source):
    with pytest.raises(CourseError, match="does not exist") as refused:
        opened(source)
    assert "ssw0rd" not in str(refused.value)


@given(st.lists(st.floats() | st.integers(-100, 100).map(float), max_size=40))
def test_time_never_stands_nor_goes_back(positions):
    clock = Clock(10)
    times = [clock.time_of(number, position) for number, position in enumerate(positions)]
    assert all(one < other or other > 1e14 for one, other in itertools.pairwise(times))


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=40))
def test_time_is_the_containers_while_it_rises(steps):
    positions = [sum(steps[:number]) for number in range(len(steps))]
    clock = Clock(10)
    assert [clock.time_of(number, position) for number, position in enumerate(positions)] == (
        positions
    )
