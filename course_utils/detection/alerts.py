"""Tell somebody.

Once for each person who stays without a mask, by a command or a web address, without stopping the
camera.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

import psutil

from course_utils.detection import webhook as webhook_program
from course_utils.detection.alert_command import FIELDS, AlertCommand
from course_utils.detection.labels import NOT_SURE, is_unmasked
from course_utils.errors import CourseError

__all__ = ["FIELDS", "Messenger", "due"]

TIMEOUT = 10.0
"""Seconds that a command or a web address may take, all in all."""

STANDARD_ERROR = 2
"""Where the words of an alert's command go, as ours about the work do."""

QUEUE = 100
"""Alerts that may wait; more are counted as failed, so that a dead web address does not fill the
memory."""


def due(tracks, time, seconds):
    """Return the tracks to tell about now, and mark them as told.

    A person counts as unmasked from the first label without a mask on, until a label with one; "not
    sure" changes nothing.

    Parameters
    ----------
    tracks : iterable of tracking.Track
    time : float
        Seconds.
    seconds : float
        How long somebody may be unmasked.

    Returns
    -------
    list of tracking.Track
    """
    found = []
    for track in tracks:
        if is_unmasked(track.label):
            track.unmasked_since = time if track.unmasked_since is None else track.unmasked_since
            if not track.alerted and time - track.unmasked_since >= seconds:
                track.alerted = True
                found.append(track)
        elif track.label != NOT_SURE:
            track.unmasked_since = None
    return found


class Messenger:
    """Carries alerts away in threads of its own.

    Parameters
    ----------
    command : str, optional
        As for `AlertCommand`.
    webhook : str, optional
        An address that gets the alert as JSON in a POST request.
    say : callable
        Gets one sentence when an alert can't be delivered for the first time.
    timeout : float
        Seconds that a delivery may take, all in all; then it is ended with every process that it
        started.

    Attributes
    ----------
    sent, failed : int
        Add up to the deliveries that were asked for, once `close` has returned.

    Raises
    ------
    CourseError
        When the program does not exist or the address is none.
    """

    def __init__(self, command=None, webhook=None, say=print, timeout=TIMEOUT):
        self._command = AlertCommand(command) if command else None
        if webhook and not webhook.lower().startswith(("http://", "https://")):
            raise CourseError("The webhook is no web address: it starts with http:// or https://.")
        self._webhook, self._say, self._timeout = webhook, say, timeout
        self.sent, self.failed = 0, 0
        self._lock, self._pool = threading.Lock(), ThreadPoolExecutor(2)
        self._waiting, self._running, self._closed = set(), set(), False
        self._cut = set()  # what was still running when there was no time left

    def send(self, alert):
        """Deliver an alert soon.

        Parameters
        ----------
        alert : dict
            `FIELDS` and `box`, as JSON can hold them.
        """
        for deliver in [self._run] * bool(self._command) + [self._post] * bool(self._webhook):
            self._waiting = {one for one in self._waiting if not one.done()}
            if len(self._waiting) >= QUEUE:
                self._note(f"more than {QUEUE} alerts are waiting")
            else:
                self._waiting.add(self._pool.submit(self._try, deliver, dict(alert)))

    def close(self):
        """Wait for what is on its way, at most as long as a delivery may take; end the rest."""
        wait(self._waiting, timeout=self._timeout)
        with self._lock:
            self._closed = True
            self._cut = set(self._running)
        for process in self._cut:
            _end(process)
        for one in self._waiting:
            if one.cancel():
                self._note("there was no time left")
        self._pool.shutdown()

    def _try(self, deliver, alert):
        try:
            deliver(alert)
        except (OSError, ValueError, _Failure) as error:
            self._note(str(error))
        else:
            with self._lock:
                self.sent += 1

    def _note(self, reason):
        with self._lock:
            self.failed += 1
            first = self.failed == 1
        if first:
            self._say(
                f"An alert could not be delivered ({reason}); further failures are only counted."
            )

    def _run(self, alert):
        arguments, environment = self._command.filled(alert)
        status, _ = self._carry(arguments, environment, None, STANDARD_ERROR)
        if status:
            raise _Failure(f"the command left with status {status}")

    def _post(self, alert):
        order = {"address": self._webhook, "alert": alert, "seconds": self._timeout}
        status, said = self._carry(
            [sys.executable, "-P", str(Path(webhook_program.__file__))],
            os.environ,
            json.dumps(order).encode(),
            subprocess.PIPE,
        )
        if status:
            raise _Failure(said.decode(errors="replace").strip() or "the web address failed")

    def _carry(self, arguments, environment, sent, output):
        """Run a program until its end or its deadline; return its status and what it said."""
        with self._lock:
            if self._closed:
                raise _Failure("there was no time left")
            # A group of its own: Ctrl-C does not end it half way, and it can be ended as a whole.
            process = subprocess.Popen(
                arguments,
                env=environment,
                stdin=subprocess.DEVNULL if sent is None else subprocess.PIPE,
                stdout=output,
                stderr=subprocess.DEVNULL if output == subprocess.PIPE else None,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            with process:
                try:
                    said, _ = process.communicate(sent, self._timeout)
                except subprocess.TimeoutExpired:
                    _end(process)
                    raise _Failure(f"no answer within {self._timeout:.0f} s") from None
        finally:
            with self._lock:
                self._running.discard(process)
        if process in self._cut and process.returncode:
            raise _Failure("there was no time left")
        return process.returncode, said


class _Failure(Exception):
    """Why an alert was not delivered."""


def _end(process):
    """End a program and whatever it started."""
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    if os.name == "posix":
        with suppress(ProcessLookupError):  # it has just ended by itself, and so has its group
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    for one in family:
        with suppress(psutil.NoSuchProcess):
            one.kill()
