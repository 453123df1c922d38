"""Alerts that reach somebody: no name runs as a program, no server holds the work up."""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.detection.alert_command import AlertCommand
from course_utils.detection.alerts import FIELDS, Messenger
from course_utils.errors import CourseError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")

EVIL = [
    "$(touch ran).mp4",
    "`touch ran`.mp4",
    "a; touch ran; .mp4",
    "a' ; touch ran ; '.mp4",
    'a" ; touch ran ; ".mp4',
    "a\ntouch ran\n.mp4",
    "a | touch ran & .mp4",
    "{track} ${HOME}  \\ * .mp4",
]
SCRIPTS = {
    "echo {source}": False,
    'printf %s "{source}"': True,
    "printf %s '{source}'": True,
    "printf %s {source}": True,
    "printf %s '' \"\"\\\"\\'{source}": False,
    'printf %s "$(printf %s {source})"': False,
    "printf %s `printf %s {source}`": False,
    "cat <<END\n{source}\nEND": False,
    "# it's {source}\necho": False,
}


def alert_of(source):
    return dict.fromkeys(FIELDS, 1) | {"source": source, "label": "without_mask"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_name_in_a_shells_script_is_never_a_command(tmp_path, script):
    for shell in filter(shutil.which, ("sh", "bash")):
        for start in (f"{shell} -c", f"env A=1 {shell} -c"):
            command = AlertCommand(f"{start} {shlex.quote(script)}")
            for name in EVIL:
                arguments, environment = command.filled(alert_of(name))
                done = subprocess.run(
                    arguments, env=environment, cwd=tmp_path, capture_output=True, text=True
                )
                assert list(tmp_path.iterdir()) == []
                assert done.stdout == name if SCRIPTS[script] else True


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
@settings(max_examples=60, deadline=None)
def test_every_name_arrives_as_it_is(name):
    script = "printf '%s|' {source} \"{source}\" '{source}' \"$COURSE_ALERT_SOURCE\""
    arguments, environment = AlertCommand(f"sh -c {shlex.quote(script)}").filled(alert_of(name))
    done = subprocess.run(arguments, env=environment, capture_output=True)
    assert done.stdout.decode() == f"{name}|" * 4


def test_values_of_a_program_are_arguments_and_the_whole_is_json():
    arguments, environment = AlertCommand("echo '{track}: {source}' {label}").filled(
        alert_of("{track} a b")
    )
    assert arguments == ["echo", "1: {track} a b", "without_mask"]
    assert json.loads(environment["COURSE_ALERT"])["source"] == "{track} a b"
    assert environment["COURSE_ALERT_TRACK"] == "1"


@pytest.mark.parametrize(
    "command",
    [
        f"{sys.executable} -c 'print(\"{{source}}\")'",
        "env A=1 ssh host notify {source}",
        "env A=1 fish -c 'echo {source}'",
        "env powershell {source}",
    ],
)
def test_a_name_in_another_languages_script_is_refused(command):
    with pytest.raises(CourseError, match="COURSE_ALERT_SOURCE"):
        AlertCommand(command)


def test_no_part_of_a_command_but_its_program_is_shown():
    for command in ("no-such-program --token s3cret", "curl 'https://u:s3cret@host"):
        with pytest.raises(CourseError) as refused:
            AlertCommand(command)
        assert "s3cret" not in str(refused.value)
    with pytest.raises(CourseError, match="no web address") as refused:
        Messenger(webhook="ftp://user:s3cret@host/")
    assert "s3cret" not in str(refused.value)


class Server:
    """A web server that answers as it is told; `sent` counts the bytes of its answers."""

    def __init__(self, answer):
        self.sent, self.ended = 0, threading.Event()
        self._answer, self._socket = answer, socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/alerts"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.ended.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            connection.recv(1 << 16)
            for part in self._answer(self.ended):
                connection.sendall(part)
                self.sent += len(part)
        except OSError:
            pass
        connection.close()

    def close(self):
        self.ended.set()
        self._socket.close()


@pytest.fixture
def serve():
    servers = []

    def start(answer):
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def dripping_head(ended):
    yield b"HTTP/1.1 200 OK\r\nX-Slow: "
    while not ended.wait(0.1):
        yield b"x"


def two_gigabytes(ended):
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n"
    for _ in range(2048):
        yield bytes(1 << 20)


def moved(ended):
    yield b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"


def test_a_dripping_webhook_is_ended_at_the_deadline(serve):
    said = []
    messenger = Messenger(webhook=serve(dripping_head).address, say=said.append, timeout=2)
    started = time.monotonic()
    for number in range(7):
        messenger.send(alert_of(f"{number}"))
    messenger.close()
    assert time.monotonic() - started < 8  # not 7 times as long as the answer, which has no end
    assert (messenger.sent, messenger.failed) == (0, 7)
    assert len(said) == 1 and ("no answer within 2 s" in said[0] or "no time left" in said[0])


def test_what_the_end_cuts_short_is_said_to_have_had_no_time(serve):
    said, asked = [], threading.Event()

    def silent(ended):
        asked.set()
        ended.wait()
        yield b""

    messenger = Messenger(webhook=serve(silent).address, say=said.append, timeout=60)
    messenger.send(alert_of("a"))
    assert asked.wait(60)
    messenger._timeout = 0.1
    messenger.close()
    assert messenger.failed == 1 and "no time left" in said[0]


def test_an_answer_of_two_gigabytes_is_not_read(serve):
    server = serve(two_gigabytes)
    messenger = Messenger(webhook=server.address, timeout=60)
    messenger.send(alert_of("a"))
    messenger.close()
    assert (messenger.sent, messenger.failed) == (1, 0) and server.sent < 32 << 20


def test_an_address_that_has_moved_is_a_failure(serve):
    said = []
    messenger = Messenger(webhook=serve(moved).address, say=said.append, timeout=60)
    messenger.send(alert_of("a"))
    messenger.close()
    assert (messenger.sent, messenger.failed) == (0, 1) and "answered 302" in said[0]


def test_what_a_command_started_ends_with_it(tmp_path):
    script = f"sleep 300 & echo $! > {tmp_path}/grandchild; wait"
    said = []
    messenger = Messenger(f"sh -c {shlex.quote(script)}", say=said.append, timeout=4)
    messenger.send(alert_of("a"))
    messenger.close()
    grandchild = int((tmp_path / "grandchild").read_text())
    assert messenger.failed == 1 and len(said) == 1
    deadline = time.monotonic() + 10
    while (
        psutil.pid_exists(grandchild)
        and psutil.Process(grandchild).status() != psutil.STATUS_ZOMBIE
        and time.monotonic() < deadline
    ):
        os.sched_yield()
    assert (
        not psutil.pid_exists(grandchild)
        or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE
    )
