"""Addresses without their passwords, and names that any terminal can show."""

import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course_utils.errors import readable, without_secrets

# Letters that stand in passwords only: where one of them shows, part of a password does.
SECRET = "QXZ7é€"
secrets = st.text(SECRET + "@:/?#&=%+;,.[]()\\|'\"<> $!*~`^{}-_", min_size=1, max_size=12)
schemes = st.sampled_from(["rtsp", "rtsps", "rtmp", "http", "https", "HTTP", "srt", "rtmps"])
hosts = st.sampled_from(["camera.local", "192.168.0.2", "[fe80::1]", "camera.local:554", ""])
paths = st.sampled_from(["", "/", "/stream", "/live/ch1.sdp", "//a", "/a@2x"])
users = st.sampled_from(["", "admin:", "me@home.org:", "admin%40:", ":"])


def shows_none_of(text):
    return not set(text) & set(SECRET)


@given(schemes, users, secrets, hosts, paths)
@example("rtsp", "admin:", "P@ssw0rd/Q", "camera.local", "/stream")
@settings(max_examples=2000, deadline=None)
def test_no_part_of_a_password_before_the_host(scheme, user, secret, host, path):
    assert shows_none_of(without_secrets(f"{scheme}://{user}{secret}@{host}{path}"))


@given(schemes, users, secrets, secrets, hosts, paths, st.sampled_from("?#"))
@settings(max_examples=2000, deadline=None)
def test_no_part_of_a_password_in_the_query(scheme, user, one, other, host, path, mark):
    address = f"{scheme}://{host}{path}{mark}user=admin&pwd={one}&token={other}"
    assert shows_none_of(without_secrets(address))
    address = f"{scheme}://{user}{one}@{host}{path}{mark}user=admin&pwd={other}"
    assert shows_none_of(without_secrets(address))


@given(
    st.sampled_from(["", "rtsp:", "rtsp:/", "rtsp//", " rtsp://", "//", "rtsp:\\\\"]),
    secrets,
    hosts,
)
@settings(max_examples=1000, deadline=None)
def test_no_part_of_a_password_where_the_scheme_is_misspelt(scheme, secret, host):
    assert shows_none_of(without_secrets(f"{scheme}admin:{secret}@{host}/stream"))
    assert shows_none_of(without_secrets(f"{scheme}{host}/video.cgi?user=admin&pwd={secret}"))


@given(secrets.filter(lambda secret: not set(secret) & set("@/?#\\")), hosts)
@settings(max_examples=500, deadline=None)
def test_no_part_of_a_password_where_the_host_was_forgotten(secret, host):
    assert shows_none_of(without_secrets(f"rtsp://admin:{secret}Q/stream"))
    assert shows_none_of(without_secrets(f"rtsp://{host}/user=admin_password={secret}_channel=1"))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://admin:P@ssw0rd@host:554/stream", "rtsp://host:554/stream"),
        ("rtsp://host/live?user=admin&pwd=s3cret", "rtsp://host/live?..."),
        ("http://host/a@2x.jpg", "http://..."),
        ("http://[::1]:8080/video", "http://[::1]:8080/video"),
        ("rtsp://host/user=a_password=b.sdp", "rtsp://host/..."),
        ("data/a@2x.png", "data/a@2x.png"),
        ("C:\\pictures\\a@2x.png", "C:\\pictures\\a@2x.png"),
        ("2021-05-03T12:30:15.mp4", "2021-05-03T12:30:15.mp4"),
        ("what?.png", "what?.png"),
    ],
)
def test_what_is_left(address, shown):
    assert without_secrets(address) == shown


@given(st.binary(max_size=30))
def test_every_name_can_be_shown(name):
    shown = readable(os.fsdecode(name))
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert shown.isprintable() or not any(ord(letter) < 32 for letter in shown)


def test_plain_names_stay():
    assert readable("Übung 1 😷\u202f.png") == "Übung 1 😷\u202f.png"
    assert readable(os.fsdecode(b"caf\xe9\x1b[31m\n.jpg")) == "caf\\xe9\\x1b[31m\\x0a.jpg"
