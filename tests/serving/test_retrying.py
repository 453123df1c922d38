"""A version that failed to load is tried again as the real server does it: five times, a minute
apart.
"""

import shutil
import time
from types import SimpleNamespace

import pytest
from started import at_once

from course_utils.serving import launcher
from course_utils.serving.clients import RestClient
from course_utils.serving.standin.refusal import Refusal
from course_utils.serving.standin.versions import Model, Retrying


class Disk:
    """What loads versions: it refuses those in `broken`, and writes down when it was asked."""

    def __init__(self, clock):
        self.clock, self.lost, self.broken, self.asked = clock, {}, {"2"}, []

    def load(self, path):
        name = path.rpartition("/")[2]
        self.asked.append((name, self.clock()))
        if name in self.broken:
            raise Refusal("DATA_LOSS", "half of a model")
        return int(name)

    def unload(self, key):
        pass


@pytest.fixture
def served(contract_folder, tmp_path):
    """Version 1 is served, and version 2 is broken; the test moves `now.seconds`."""
    shutil.copytree(contract_folder / "1", tmp_path / "model" / "1")
    now = SimpleNamespace(seconds=0.0)
    disk = Disk(lambda: now.seconds)
    model = Model("model", tmp_path / "model", disk, retrying=Retrying(clock=lambda: now.seconds))
    model.poll()
    shutil.copytree(tmp_path / "model" / "1", tmp_path / "model" / "2")
    return SimpleNamespace(model=model, disk=disk, now=now)


def watch(served, seconds):
    """Let the server look at its folder once a second."""
    for _ in range(seconds):
        served.model.poll()
        served.now.seconds += 1


def test_five_more_tries_a_minute_apart_and_the_old_version_serves(served):
    watch(served, 1200)
    assert [at for name, at in served.disk.asked if name == "2"] == [0, 60, 120, 180, 240, 300]
    assert served.model.states[2].state == "END" and served.model.states[2].code == "DATA_LOSS"
    with served.model.using() as servable:
        assert servable.version == 1


def test_a_version_that_is_mended_in_its_place_is_taken_at_the_next_try(served):
    watch(served, 61)
    served.disk.broken.clear()
    watch(served, 59)
    assert served.model.states[2].state == "END"
    watch(served, 1)
    assert served.model.states[2].state == "AVAILABLE"
    assert served.model.states[1].state == "END"


def test_a_version_that_comes_back_is_tried_at_once_and_as_often_again(served):
    watch(served, 400)
    folder = served.model.base / "2"
    folder.rename(folder.with_name("away"))
    watch(served, 1)
    assert 2 not in served.model.states
    folder.with_name("away").rename(folder)
    watch(served, 400)
    tries = [at for name, at in served.disk.asked if name == "2"]
    assert tries[6:] == [401 + 60 * number for number in range(6)]


def test_a_negative_interval_does_not_wait_and_no_retries_are_none(served):
    served.model.retrying = Retrying(3, -1, served.model.retrying.clock)
    watch(served, 10)
    assert [at for name, at in served.disk.asked if name == "2"] == [0, 1, 2, 3]
    served.model.retrying = Retrying(0, 1, served.model.retrying.clock)
    watch(served, 100)
    assert len(served.disk.asked) == 5


def test_a_running_server_takes_the_flags_of_the_real_one(contract_folder, tmp_path):
    """A version that is mended without a new name is found by a retry, and by nothing else."""
    base = tmp_path / "model"
    shutil.copytree(contract_folder / "1", base / "1")
    with (
        at_once(),
        launcher.start(
            base, "model", backend="standin", poll_seconds=0.1, load_retries=(10_000, 0.1)
        ) as server,
        RestClient(server.rest_address, "model") as rest,
    ):
        shutil.copytree(base / "1", base / "coming")
        whole = (base / "coming" / "saved_model.pb").read_bytes()
        (base / "coming" / "saved_model.pb").write_bytes(whole[:500])
        (base / "coming").rename(base / "2")
        wait_for(rest, 2, "END")
        assert dict(rest.status())[1] == "AVAILABLE"
        (base / "2" / "new.pb").write_bytes(whole)
        (base / "2" / "new.pb").rename(base / "2" / "saved_model.pb")
        wait_for(rest, 2, "AVAILABLE")


def wait_for(rest, version, state, patience=300):
    deadline = time.monotonic() + patience
    while dict(rest.status()).get(version) != state:
        assert time.monotonic() < deadline, (version, state, rest.status())
        time.sleep(0.05)
