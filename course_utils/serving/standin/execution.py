"""The server's side of the process that computes.

Start it, ask it, and start it again when it aborts.
"""

import contextlib
import itertools
import multiprocessing
import threading
import time
from concurrent.futures import Future

from course_utils.serving.standin import worker
from course_utils.serving.standin.refusal import Refusal

PAUSE = 0.5  # seconds before the process is started once more when that failed
RESTART = 120  # seconds that a request waits for a process that is being started again


class Execution:
    """A child process that loads SavedModels and runs them.

    Parameters
    ----------
    batching : (int, float) or None
        As for `worker.main`.

    Attributes
    ----------
    lost : dict of int to Refusal
        Keys of SavedModels that could not be loaded again after the process had aborted, and why.
        Whoever has taken note removes the entry.
    """

    def __init__(self, batching=None):
        self.batching = batching
        self._numbers = itertools.count()
        self._keys = itertools.count()
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._pending, self._paths, self._inner, self.lost = {}, {}, {}, {}
        self._loading, self._life = None, 0
        self._ready = threading.Event()
        self._closed = False
        self._start()
        self._ready.set()

    def load(self, path):
        """Load a SavedModel and return a key for it; raises `Refusal` when it can't be loaded."""
        life = self._life
        inner = self._ask("load", path).result()
        with self._lock:
            if life != self._life:
                raise aborted()
            key = next(self._keys)
            self._paths[key], self._inner[key] = path, inner
        return key

    def unload(self, key):
        """Free a SavedModel; nobody may be using it."""
        with self._lock:
            self._paths.pop(key, None)
            inner = self._inner.pop(key, None)
        if inner is not None and not self._closed:
            with contextlib.suppress(Refusal):  # aborted: it holds nothing any more
                self._ask("unload", inner).result()

    def run(self, key, signature, inputs, outputs):
        """Run a signature.

        Parameters
        ----------
        key : int
        signature : str
        inputs : dict of str to ndarray
        outputs : list of str

        Returns
        -------
        dict of str to ndarray

        Raises
        ------
        Refusal
            When the computation fails, or the process aborts.
        """
        if not self._ready.wait(RESTART):
            raise Refusal("UNAVAILABLE", "The process that computes is being started again")
        inner = self._inner.get(key)
        if inner is None:
            raise Refusal("UNAVAILABLE", "The model could not be loaded again")
        return self._ask("run", inner, signature, inputs, outputs).result()

    @property
    def pid(self):
        """The process's number."""
        return self._process.pid

    def close(self):
        """End the process."""
        self._closed = True
        try:
            with self._sending:
                self._connection.send(
                    None
                )  # closing would not wake the thread that reads, nor the process
        except OSError:
            pass
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._connection.close()

    def _start(self):
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
        ours, theirs = context.Pipe()
        self._process = context.Process(
            target=worker.main, args=(theirs, self.batching), daemon=True, name="execution"
        )
        self._process.start()
        theirs.close()
        self._connection = ours
        threading.Thread(target=self._receive, args=(ours,), daemon=True).start()

    def _ask(self, kind, *arguments):
        answer = Future()
        number = next(self._numbers)
        with self._lock:
            self._pending[number] = answer
        try:
            with self._sending:
                self._connection.send((kind, number, *arguments))
        except (
            OSError,
            ValueError,
        ):  # aborted this moment; _receive fails what is pending, if it has not done so before
            with self._lock:
                if self._pending.pop(number, None):
                    answer.set_exception(
                        Refusal("UNAVAILABLE", "The process that computes has stopped")
                    )
        return answer

    def _receive(self, connection):
        while True:
            try:
                number, code, result = connection.recv()
            except (EOFError, OSError):
                break
            with self._lock:
                answer = self._pending.pop(number)
            if code is None:
                answer.set_result(result)
            else:
                answer.set_exception(Refusal(code, result))
        if not self._closed:
            self._ready.clear()
        with self._lock:
            self._life += 1
            pending, self._pending = self._pending, {}
            self._inner.clear()
            if self._loading is not None:  # it aborts whoever loads it
                self.lost[self._loading] = aborted()
                self._paths.pop(self._loading, None)
                self._loading = None
        for answer in pending.values():
            answer.set_exception(aborted())
        if not self._closed:
            self._process.join()  # else it would stay as a zombie
            self._start_again()

    def _start_again(self):
        """Start the process when the machine allows it, and load what it held."""
        while not self._closed:
            try:
                self._start()
            except OSError:  # no handle or no memory left just now
                time.sleep(PAUSE)
            else:
                threading.Thread(target=self._load_again, args=(self._life,), daemon=True).start()
                return

    def _load_again(self, life):
        """Load what the process held before; give up when it aborts in this `life` as well."""
        with self._lock:
            paths = dict(self._paths)
        for key, path in paths.items():
            with self._lock:
                if life != self._life:
                    return
                self._loading = key
            inner, refusal = None, None
            try:
                inner = self._ask("load", path).result()
            except Refusal as error:  # it has gone or was damaged meanwhile
                refusal = error
            with self._lock:
                if life != self._life:
                    return
                self._loading = None
                if refusal is None and key in self._paths:
                    self._inner[key] = inner
                elif refusal is not None and self._paths.pop(key, None):
                    self.lost[key] = refusal
        self._ready.set()


def aborted():
    """Return the refusal of what was asked of a process that aborted."""
    return Refusal(
        "UNAVAILABLE", "The process that computes has aborted; it is being started again"
    )
