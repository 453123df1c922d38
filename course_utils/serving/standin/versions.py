"""Which versions of a model are served.

Watch its folder, load the new before the old goes, never stop serving for a bad one.
"""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.serving import export
from course_utils.serving.standin.refusal import NUMBERS, Refusal, invalid


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
    """

    name: str
    base: Path
    execution: object
    policy: object = lambda numbers: numbers[-1:]
    labels: dict = field(default_factory=dict)

    def __post_init__(self):
        self.states, self._served = {}, {}
        self._changed = threading.Condition()
        self._polling = threading.Lock()

    def poll(self):
        """Look at the folder once, and load and unload what has changed."""
        with self._polling:
            folders = {int(folder.name): folder for folder in export.versions(self.base)}
            wanted = self.policy(sorted(folders))
            for version in [
                version
                for version, state in self.states.items()
                if version not in folders and state.state == "END"
            ]:
                if self.states[version].code != "OK":
                    del self.states[
                        version
                    ]  # it failed and has gone: if it comes back it is tried again
            for version in wanted:
                if (
                    version not in self._served
                    and self.states.get(version, State("", "OK")).code == "OK"
                ):
                    self._load(version, folders[version])
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

    def _load(self, version, folder):
        self.states[version] = State("LOADING")
        try:
            signatures = export.signatures(folder)
            key = self.execution.load(str(folder))
        except CourseError as error:
            self.states[version] = State(
                "END", "NOT_FOUND" if "missing" in str(error) else "DATA_LOSS", str(error)
            )
        except Refusal as refusal:
            self.states[version] = State("END", refusal.code, refusal.message)
        else:
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
