"""Which versions of a model are served.

Watch its folder, load the new before the old goes, never stop serving for a bad one.
"""

import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.serving import export
from course_utils.serving.standin.refusal import NUMBERS, Refusal, invalid


@dataclass(frozen=True)
class Retrying:
    """How a version that failed to load is tried again.

    Attributes
    ----------
    times : int
        The real server's `max_num_load_retries`.
    seconds : float
        Between two tries: its `load_retry_interval_micros`. Below 0: it doesn't wait.
    clock : callable
        Returns seconds.
    """

    times: int = 5
    seconds: float = 60.0
    clock: object = time.monotonic


@dataclass
class Servable:
    """A loaded version."""

    name: str
    version: int
    key: int
    signatures: dict
    users: int = 0


@dataclass
class State:
    """What a version's status says: START, LOADING, AVAILABLE, UNLOADING or END, and why."""

    state: str
    code: str = "OK"
    message: str = ""

    @property
    def number(self):
        return NUMBERS.get(self.code, 0)


@dataclass
class Model:
    """One model of the server.

    Parameters
    ----------
    name : str
    base : pathlib.Path
        The folder that holds its versions.
    execution : Execution
    policy : callable
        Takes the numbers that are there, ascending, and returns those to serve.
    labels : dict of str to int
    retrying : Retrying
    """

    name: str
    base: Path
    execution: object
    policy: object = lambda numbers: numbers[-1:]
    labels: dict = field(default_factory=dict)
    retrying: Retrying = field(default_factory=Retrying)

    def __post_init__(self):
        self.states, self._served, self._attempts = {}, {}, {}
        self._trouble = None
        self._fell = False
        self._changed = threading.Condition()
        self._polling = threading.Lock()

    def poll(self):
        """Look at the folder once, and load and unload what has changed."""
        with self._polling:
            try:
                folders = {int(folder.name): folder for folder in export.versions(self.base)}
            except OSError as error:  # no handle left, no permission: it may pass
                if str(error) != self._trouble:
                    print(f"{self.base} can't be looked at: {error}", file=sys.stderr, flush=True)
                self._trouble = str(error)
                return
            self._trouble = None
            self._drop_lost()
            wanted = self.policy(sorted(folders))
            for version in [
                version
                for version, state in self.states.items()
                if version not in folders and state.state == "END"
            ]:
                if self.states[version].code != "OK":
                    del self.states[version]  # if it comes back it is tried again
                    self._attempts.pop(version, None)
            for version in wanted:
                if version not in self._served and self._is_due(version):
                    self._load(version, folders[version])
            if not self._served and any(version in self._attempts for version in wanted):
                self._fall_back(folders)
            if not wanted or any(version in self._served for version in wanted):
                for version in [version for version in self._served if version not in wanted]:
                    self._unload(version)

    @contextmanager
    def using(self, version=None, label=None):
        """Hold a loaded version; it is not unloaded meanwhile.

        Yields
        ------
        Servable

        Raises
        ------
        Refusal
            When it is not there.
        """
        if label:
            if label not in self.labels:
                raise invalid(f"Unrecognized servable version label: {label}")
            version = self.labels[label]
        with self._changed:
            number = version if version is not None else max(self._served, default=None)
            servable = self._served.get(number)
            if servable is None:
                raise not_found(self.name, version)
            servable.users += 1
        try:
            yield servable
        finally:
            with self._changed:
                servable.users -= 1
                self._changed.notify_all()

    def failed(self):
        """Return the versions that could not be loaded and why, as [(version, State)]."""
        return [(version, state) for version, state in self.states.items() if state.code != "OK"]

    def serves_anything(self):
        return bool(self._served)

    def _is_due(self, version):
        """Tell whether to load a version: the first time, and as often again as the real server."""
        if version not in self.states or self.states[version].code == "OK":
            return True
        failures, since = self._attempts[version]
        waited = self.retrying.clock() - since
        return failures <= self.retrying.times and waited >= self.retrying.seconds

    def _drop_lost(self):
        """Say END of versions that could not be loaded again after an abort."""
        for version, servable in list(self._served.items()):
            refusal = self.execution.lost.pop(servable.key, None)
            if refusal is not None:
                with self._changed:
                    del self._served[version]
                self._fail(version, refusal.code, refusal.message)
                self._fell = True

    def _fall_back(self, folders):
        """Serve the version that would be served if those that failed were not there."""
        if self._fell:  # at the start a version that fails is an error
            left = [version for version in sorted(folders) if version not in self._attempts]
            for version in self.policy(left):
                self._load(version, folders[version])

    def _fail(self, version, code, message):
        failures = self._attempts.get(version, (0, 0))[0]
        self._attempts[version] = (failures + 1, self.retrying.clock())
        self.states[version] = State("END", code, message)

    def _load(self, version, folder):
        self.states[version] = State("LOADING")
        try:
            signatures = export.signatures(folder)
            key = self.execution.load(str(folder))
        except CourseError as error:
            code = "NOT_FOUND" if "missing" in str(error) else "DATA_LOSS"
            self._fail(version, code, str(error))
        except OSError as error:
            denied = isinstance(error, PermissionError)
            self._fail(version, "PERMISSION_DENIED" if denied else "UNAVAILABLE", str(error))
        except Refusal as refusal:
            self._fail(version, refusal.code, refusal.message)
        else:
            self._attempts.pop(version, None)
            with self._changed:
                self._served[version] = Servable(self.name, version, key, signatures)
            self.states[version] = State("AVAILABLE")

    def _unload(self, version):
        with self._changed:
            servable = self._served.pop(version)  # no new request finds it
            self.states[version] = State("UNLOADING")
            self._changed.wait_for(lambda: servable.users == 0)
        self.execution.unload(servable.key)
        self.states[version] = State("END")

    def close(self):
        """Unload everything, for a model that is no longer served."""
        with self._polling:
            for version in list(self._served):
                self._unload(version)


def not_found(name, version=None):
    """Return the refusal of a model or a version that is not there."""
    return Refusal(
        "NOT_FOUND",
        "Servable not found for request:"
        f" {f'Latest({name})' if version is None else f'Specific({name}, {version})'}",
    )
