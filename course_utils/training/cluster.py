"""Several workers train one model.

Each has its part of the pictures, gradients are averaged after every batch.

`tf.distribute.MultiWorkerMirroredStrategy` reads the cluster from the environment variable
`TF_CONFIG` (https://www.tensorflow.org/guide/distributed_training): the same command is started on
every machine, each with its own index. On one machine `--workers` does that with local processes,
which shows that it works and is no faster.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from course_utils import quiet
from course_utils.errors import CourseError

POLL = 0.2  # seconds
PATIENCE = 15  # seconds that the chief has to end by itself after another worker has failed


@dataclass(frozen=True)
class Place:
    """A process's place in the cluster: worker `index` of `workers`.

    The one of index 0 is the chief, which writes the files.
    """

    index: int = 0
    workers: int = 1

    @property
    def chief(self):
        return self.index == 0


def place():
    """Read this process's place from `TF_CONFIG`.

    Returns
    -------
    Place
        The only one when `TF_CONFIG` is not set.

    Raises
    ------
    CourseError
        When `TF_CONFIG` does not describe a cluster of workers, or has no such task.
    """
    text = os.environ.get("TF_CONFIG")
    if not text:
        return Place()
    try:
        config = json.loads(text)
        workers, task = config["cluster"]["worker"], config["task"]
        if (
            set(config["cluster"]) != {"worker"}
            or task["type"] != "worker"
            or not 0 <= task["index"] < len(workers)
        ):
            raise ValueError("the cluster must hold workers only, and the task must be one of them")
        return Place(task["index"], len(workers))
    except (ValueError, KeyError, TypeError) as error:
        raise CourseError(
            'The environment variable TF_CONFIG describes no worker: write {"cluster": {"worker":'
            ' ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}, or unset it.'
        ) from error


def make_strategy():
    """Make the strategy of this process: before anything is computed, as TensorFlow asks.

    Returns
    -------
    tf.distribute.Strategy
        `MultiWorkerMirroredStrategy` once all workers of `TF_CONFIG` are there; else TensorFlow's
        default, which does nothing.
    """
    quiet.import_keras()
    import tensorflow as tf

    return (
        tf.distribute.MultiWorkerMirroredStrategy()
        if place().workers > 1
        else tf.distribute.get_strategy()
    )


def run_locally(module, argument, workers, stdout=None):
    """Run `python -m module argument` in several processes, joined by `TF_CONFIG`.

    All are on this machine and its processors.

    The chief's output goes where this process's goes, that of the others nowhere. Ctrl-C is handed
    to the chief; when it ends, the others are ended too.

    Parameters
    ----------
    module, argument : str
    workers : int
    stdout : int, optional
        The file descriptor that the chief prints to.

    Returns
    -------
    int
        The chief's exit status.

    Raises
    ------
    CourseError
        When another worker ends with an error; the last line that it printed is named.
    """
    addresses = [f"127.0.0.1:{port}" for port in _free_ports(workers)]
    processes, reports = [], []
    try:
        for index in range(workers):
            config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            report = None if index == 0 else tempfile.TemporaryFile()  # noqa: SIM115
            reports.append(report)
            # A session of its own: the terminal's Ctrl-C must reach the chief once, and the others
            # not at all.
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", module, argument],
                    stdin=subprocess.DEVNULL,
                    stdout=stdout if index == 0 else report,
                    stderr=report,
                    start_new_session=True,
                    env={
                        **os.environ,
                        "TF_CONFIG": json.dumps(config),
                        "CUDA_VISIBLE_DEVICES": "-1",
                    },
                )
            )
        return _wait(processes, reports)
    finally:
        for process in processes:
            process.kill()
            process.wait()
        for report in filter(None, reports):
            report.close()


def _wait(processes, reports):
    chief, *others = processes
    while True:
        try:
            for process in processes:
                if process is not chief and process.poll() not in (None, 0):
                    return chief.wait(
                        PATIENCE
                    )  # the same mistake may end both: the chief says so itself
            return chief.wait(POLL)
        except subprocess.TimeoutExpired:
            failed = [
                index
                for index, process in enumerate(others, start=1)
                if process.poll() not in (None, 0)
            ]
            if failed:
                reports[failed[0]].seek(0)
                lines = reports[failed[0]].read().decode(errors="replace").strip().splitlines() or [
                    "no message"
                ]
                raise CourseError(
                    f"Worker {failed[0]} of {len(processes)} failed ({lines[-1]}): mend that, then"
                    " start again."
                ) from None
        except KeyboardInterrupt:
            chief.send_signal(signal.SIGINT)


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
