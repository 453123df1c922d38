"""Tell somebody.

Once for each person who stays without a mask, by a command or a web address, without stopping the
camera.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import requests

from course_utils.detection.labels import NOT_SURE, is_unmasked
from course_utils.errors import CourseError

TIMEOUT = 10.0
"""Seconds that a command or a web address may take."""

QUEUE = 100
"""Alerts that may wait; more are counted as failed, so that a dead web address does not fill the
memory."""

FIELDS = ("source", "frame", "time", "track", "label", "probability", "seconds")


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
        A program and its arguments, split as a shell would, but run without one: `;`, `|` and `$`
        mean nothing. In each argument `{track}`, `{time}` and the other names of `FIELDS` are
        replaced. The program gets the alert as JSON in the environment variable COURSE_ALERT.
    webhook : str, optional
        An address that gets the alert as JSON in a POST request.
    say : callable
        Gets one sentence when an alert can't be delivered for the first time.

    Attributes
    ----------
    sent, failed : int

    Raises
    ------
    CourseError
        When the program does not exist or the address is none.
    """

    def __init__(self, command=None, webhook=None, say=print):
        self._arguments = _split(command) if command else None
        if webhook and not webhook.lower().startswith(("http://", "https://")):
            raise CourseError(f"{webhook} is no web address: it starts with http:// or https://.")
        self._webhook, self._say = webhook, say
        self.sent, self.failed = 0, 0
        self._lock, self._pool, self._waiting = threading.Lock(), ThreadPoolExecutor(2), set()

    def send(self, alert):
        """Deliver an alert soon.

        Parameters
        ----------
        alert : dict
            `FIELDS` and `box`, as JSON can hold them.
        """
        for deliver in ([self._run] if self._arguments else []) + (
            [self._post] if self._webhook else []
        ):
            self._waiting = {one for one in self._waiting if not one.done()}
            if len(self._waiting) >= QUEUE:
                self._note(f"more than {QUEUE} alerts are waiting")
            else:
                self._waiting.add(self._pool.submit(self._try, deliver, dict(alert)))

    def close(self):
        """Wait for what is on its way, at most as long as a delivery may take."""
        wait(self._waiting, timeout=TIMEOUT + 1)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _try(self, deliver, alert):
        try:
            deliver(alert)
        except (
            OSError,
            subprocess.SubprocessError,
            requests.RequestException,
            ValueError,
        ) as error:
            self._note(_reason(error))
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
        arguments = [_filled(argument, alert) for argument in self._arguments]
        environment = os.environ | {"COURSE_ALERT": json.dumps(alert)}
        # Its own session, so that Ctrl-C does not end it half way; its words go where ours about
        # the work go.
        subprocess.run(
            arguments,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            timeout=TIMEOUT,
            check=True,
            start_new_session=True,
        )

    def _post(self, alert):
        requests.post(self._webhook, json=alert, timeout=TIMEOUT).raise_for_status()


def _split(command):
    try:
        arguments = shlex.split(command, posix=os.name != "nt")
    except ValueError as error:
        raise CourseError(
            f"The alert's command {command!r} can't be split into arguments ({error}): close its"
            " quotes."
        ) from error
    if not arguments or shutil.which(arguments[0]) is None:
        raise CourseError(
            f"The alert's command {command!r} names no program that can be run: give its full path."
        )
    return arguments


def _filled(argument, alert):
    for name in FIELDS:
        argument = argument.replace(f"{{{name}}}", str(alert[name]))
    return argument


def _reason(error):
    if isinstance(error, subprocess.CalledProcessError):
        return f"the command left with status {error.returncode}"
    if isinstance(error, (subprocess.TimeoutExpired, requests.Timeout)):
        return f"no answer within {TIMEOUT:.0f} s"
    if isinstance(error, requests.HTTPError):
        return f"the web address answered {error.response.status_code}"
    if isinstance(error, requests.ConnectionError):
        return "the web address can't be reached"
    return str(error)
