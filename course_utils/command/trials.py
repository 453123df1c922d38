"""Try the answers of one chapter: each in a process and a folder of its own, side by side.

A program for `grading`: it reads its order as JSON and prints a row for each answer. What the
answers need is imported once, and every answer is tried in a fork, so that it takes milliseconds
and not the seconds that TensorFlow needs to start. Where there is no safe fork (macOS, Windows) it
is a new process.
"""

import ctypes  # noqa: F401 (before Python is forbidden to load it)
import gc
import json
import multiprocessing
import multiprocessing.connection
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from course_utils.checks import trial
from course_utils.command import sandbox, slices

LONGEST_MESSAGE = 10_000  # bytes that an answer's process may report
LONGEST_HINT = 600  # characters
SPENT = 152  # exit status of an answer that has used up its seconds
WAITING = 5  # by the clock an answer has so many times its seconds of the processor
TICK = 0.1  # seconds between two looks at the processes


def serve(order):
    """Try the jobs of a chapter, several at a time, and print a row for each as JSON."""
    order["offered"] = vars(sandbox.offered())
    _import_ahead(order["jobs"])
    forks = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    waiting, running = list(enumerate(order["jobs"])), []
    while waiting or running:
        while waiting and len(running) < order["workers"]:
            running.append(Trial(forks, order, *waiting.pop(0)))
        multiprocessing.connection.wait([one.process.sentinel for one in running], TICK)
        for one in list(running):
            if one.is_over():
                print(json.dumps(one.row()), flush=True)
                running.remove(one)


def _import_ahead(jobs):
    """Import what the jobs are going to import; a fork finds it there."""
    imports = {
        source
        for job in jobs
        for source, tag in [
            *job["before"],
            *((statement.source, "") for statement in slices.statements(job["check"])),
        ]
        if not tag and source.startswith(("import ", "from "))
    }
    for source in sorted(imports):
        exec(source, {})
    used = [
        module.__file__
        for name, module in list(sys.modules.items())
        if name.startswith("course_utils.checks.chapter_")
    ]
    if any("keras" in Path(path).read_text(encoding="utf-8") for path in used):
        from course_utils import quiet

        quiet.import_keras()
    new_shell()
    gc.freeze()  # else the first collection in a fork copies what it shares


class Trial:
    """One answer that is being tried.

    Parameters
    ----------
    forks : multiprocessing context
    order : dict
    number : int
        Of the job; names its folder.
    job : dict
    """

    def __init__(self, forks, order, number, job):
        self.job, self.limits = job, order["limits"]
        self.folder = Path(order["place"]) / str(number)
        self.folder.mkdir()
        self.answer, theirs = forks.Pipe(duplex=False)
        self.process = forks.Process(
            target=run, args=(job, str(self.folder), order, theirs), daemon=True
        )
        self.base = psutil.Process().memory_info().rss if sys.platform == "linux" else 0
        self.process.start()
        theirs.close()
        self.end, self.reason = time.monotonic() + WAITING * self.limits["seconds"], ""

    def is_over(self):
        """Tell whether the process has ended; end it when it has used up what it may use."""
        if self.process.is_alive():
            self.reason = self._excess()
        if self.process.is_alive() and not self.reason:
            return False
        self._end()
        return True

    def _excess(self):
        if time.monotonic() > self.end:
            return _too_long(WAITING * self.limits["seconds"])
        used, family = 0, self._family()
        for process in family:
            with suppress(psutil.Error):  # it has ended meanwhile
                used += max(process.memory_info().rss - self.base, 0)
        if used > self.limits["memory"]:
            return _too_much_memory(self.limits)
        return "It started too many processes." if len(family) > sandbox.PROCESSES else ""

    def _family(self):
        try:
            process = psutil.Process(self.process.pid)
            return [process, *process.children(recursive=True)]
        except psutil.Error:
            return []

    def _end(self):
        for process in self._family():
            with suppress(psutil.Error):
                process.kill()
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()
        shutil.rmtree(self.folder, ignore_errors=True)

    def row(self):
        """Return what was found."""
        said = {}
        try:
            if self.answer.poll():
                said = json.loads(self.answer.recv_bytes(LONGEST_MESSAGE))
        except (EOFError, OSError, ValueError):
            said = {}
        self.answer.close()
        state, hint = said.get("state"), str(said.get("hint", ""))
        if self.reason or state not in ("passed", "not yet", "not attempted"):
            state, hint = "not yet", self.reason or self._early_end()
        hint = "" if state == "passed" else hint
        return {
            "student": self.job["student"],
            "exercise": self.job["exercise"],
            "state": state,
            "hint": hint[:LONGEST_HINT],
        }

    def _early_end(self):
        # the first process of a namespace is not told that its time is over, only ended
        if self.process.exitcode in (SPENT, -getattr(signal, "SIGKILL", SPENT)):
            return _too_long(self.limits["seconds"])
        return f"It ended Python itself before the check could speak ({self.process.exitcode})."


def _too_long(seconds):
    return f"It took longer than {seconds:g} seconds: is there a loop that never ends?"


def _too_much_memory(limits):
    return f"It wanted more than {limits['memory'] / 2**30:g} GB of memory."


def run(job, folder, order, connection):
    """Shut this process in, try an answer, and report through a connection; never returns."""
    for name in ("HOME", "TMPDIR", "TEMP", "USERPROFILE"):
        os.environ[name] = folder
    os.environ["COURSE_WORK"] = str(Path(folder) / "work")
    os.chdir(folder)
    tempfile.tempdir = None
    _see_artefacts(Path(order["work"]), Path(folder) / "work")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    if hasattr(os, "setsid"):
        os.setsid()
    if sys.platform == "linux":
        sandbox.die_with_parent()
    if order["offered"]["network"] and sys.platform == "linux":
        _alone()
    if hasattr(signal, "SIGXCPU"):
        signal.signal(signal.SIGXCPU, lambda *_: os._exit(SPENT))
    sandbox.limit(order["limits"]["memory"], order["limits"]["seconds"])
    if order["offered"]["files"]:
        sandbox.confine_files([folder, os.devnull, "/dev/shm"], _to_read(order))
    sandbox.forbid_in_python(folder)
    state, hint = verdict_on(job, order["limits"])
    connection.send_bytes(json.dumps({"state": state, "hint": hint[:LONGEST_HINT]}).encode())
    os._exit(0)


def _alone():
    """Go on in a child without network, alone in its world; this process waits for it."""
    try:
        sandbox.leave_network()
    except OSError:
        return  # Landlock forbids TCP then
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            os.kill(os.getpid(), os.WTERMSIG(status))
        os._exit(os.WEXITSTATUS(status))
    sandbox.die_with_parent()


def _see_artefacts(work, own):
    """Let an answer read what the teacher's run of the chapters made."""
    own.mkdir()
    if (work / "sample").is_dir():
        with suppress(OSError):  # Windows without the right to make links
            (own / "sample").symlink_to(work / "sample", target_is_directory=True)


def _to_read(order):
    """Return the places that Python, its libraries and the course need."""
    root = Path(order["root"])
    course = [root / name for name in ("chapters", "course_utils", "data", "pyproject.toml")]
    system = ["/usr", "/lib", "/lib64", "/etc", "/bin", "/nix", "/proc", "/sys", "/dev"]
    python = {sys.prefix, sys.base_prefix, sys.exec_prefix, *filter(None, sys.path)}
    return [*course, *system, *(path for path in python if path != str(root)), order["work"]]


def new_shell():
    """Return an IPython without history, which leaves nothing on the disk."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    return InteractiveShell.instance(config=config)


def verdict_on(job, limits):
    """Try an answer here and now.

    Returns
    -------
    state, hint : str
    """
    shell = new_shell()
    for source, tag in job["before"]:
        error = shell.run_cell(source).error_in_exec
        if error is not None and not tag:
            return "not yet", f"The chapter's own line `{source[:80]}` failed: {error}"
    result = shell.run_cell(job["answer"])
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        result = shell.run_cell(job["check"])
        error = result.error_before_exec or result.error_in_exec
    if isinstance(error, MemoryError):
        return "not yet", _too_much_memory(limits)
    if error is not None:
        return "not yet", f"The cell stopped with {trial.stopped_with(error)}"
    verdict = result.result
    if "MemoryError" in str(getattr(verdict, "hint", "")):
        return "not yet", _too_much_memory(limits)
    return str(getattr(verdict, "state", "")), str(getattr(verdict, "hint", ""))


if __name__ == "__main__":
    serve(json.load(sys.stdin))
