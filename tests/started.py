"""A Python that starts at once, for tests whose subject is what a program does and not its start.

`[*STARTED, "-m", "course_utils.command.main", "run"]` does what `[sys.executable, ...]` does, as a
process of its own with its own folder, variables, streams, signals and exit status. It is forked
off one process a test run, which has imported the libraries (nothing of the course), so that
hundreds of programs need not each import TensorFlow. Where something that a Python reads as it
starts is another than the test run's, where the program sees another network, or where there is no
such process, a fresh Python runs it.
Take `sys.executable` for a test of imports, start-up, memory or a terminal.
"""

import atexit
import contextlib
import fcntl
import gc
import json
import marshal
import os
import select
import signal
import socket
import sys

import start
from start import AT

BY = "TESTS_PYTHON"  # the variable that holds the Python of the test run
PYTHON = os.environ.get(BY, sys.executable)
STARTED = [PYTHON]
if hasattr(os, "pidfd_open"):  # Linux
    STARTED += ["-I", "-S", start.__file__, PYTHON]
SET = {"KERAS_BACKEND": "tensorflow", "PYTHONUTF8": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
READ_AT_START = ("PYTHON", "TF_", "KERAS_", "OMP_", "OPENBLAS_", "LANG", "LC_", "HOME")
READ_AT_START += ("XDG_", "MPLCONFIG")
READ_LATER = ("PYTHONPATH", "TF_CONFIG", "TF_USE_LEGACY_KERAS")
KERNEL = {
    "argv": [*STARTED, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
    "metadata": {"debugger": True},
}
LARGEST = 1 << 20  # bytes of a program's arguments and variables
NOTHING = [0, 0, {}, 0, 0]  # asked by who has gone
MOST, HIGH = 200, 700  # open files that a program gets; numbers that none of them has
LIBRARIES = (
    "cv2 pandas scipy.optimize matplotlib.pyplot PIL.Image rich.table typer pytest nbformat"
    " jupytext papermill ipykernel.kernelapp ipykernel.debugger typer._adapters pydantic.fields"
    " filelock rich.progress defusedxml.ElementTree tensorflow keras"
)


READ_ANEW = []  # modules that read their variables as they are imported


def only_a_fresh_python_sees(environment):
    """Return the variables that are read once, at the start or when a library is imported."""
    return {
        name: value
        for name, value in {**SET, **environment}.items()
        if name.startswith(READ_AT_START) and name not in READ_LATER
    }


def serve(listener):
    """Fork a process for each program until standard input is closed; only the forks return."""
    own, loaded = only_a_fresh_python_sees(os.environ), False
    programs = []  # of each that runs: whoever asked for it, a file that tells its end, its number
    while True:
        ready, _, _ = select.select([0, listener, *files_of(programs)], [], [])
        if 0 in ready:
            os._exit(0)
        for program in list(programs):
            if tell_end(*program, ready):
                programs.remove(program)
        if listener not in ready:
            continue
        asking, _ = listener.accept()
        asked, streams, *_ = socket.recv_fds(asking, LARGEST, MOST)
        arguments, folder, environment, numbers, outside = (
            marshal.loads(asked) if asked else NOTHING
        )
        if only_a_fresh_python_sees(environment) == own and outside == start.namespaces():
            if not loaded:
                load()
                loaded = True
            pid = os.fork()
            if not pid:
                os.setsid()
                for file in (listener, asking, *files_of(programs)):
                    os.close(file if isinstance(file, int) else file.detach())
                streams = [fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, HIGH) for stream in streams]
                return arguments, folder, environment, dict(zip(numbers, streams))
            with contextlib.suppress(OSError):  # they are gone, and it is ended at once
                asking.send(str(pid).encode())
            programs.append((asking, os.pidfd_open(pid), pid))
        else:
            asking.close()
        for stream in streams:
            os.close(stream)


def load():
    """Import the libraries, and have them make what each program would make anew."""
    import importlib
    import inspect

    for name in LIBRARIES.split():
        importlib.import_module(name)
    # it is a plugin of pytest, too, which else warns that it is there already
    sys.modules["anyio"].__doc__ = "PYTEST_DONT_REWRITE"
    nbformat = sys.modules["nbformat"]
    nbformat.validate(nbformat.v4.new_notebook())  # compiles the schema
    READ_ANEW.extend(name for name in sys.modules if name.startswith("tqdm"))
    inspect.getmodule(None, "nowhere")  # for tracebacks: where each module's file is
    gc.collect()
    gc.freeze()


def files_of(programs):
    """Return what a server listens to of programs that run."""
    return [file for asking, end, _ in programs for file in (asking, end)]


def tell_end(asking, end, pid, ready):
    """Tell whoever asked that a program ended, and return whether it has; without them, end it."""
    if end in ready:
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(OSError):  # nobody is there to hear it
            asking.send(str(status).encode())
        asking.close()
        os.close(end)
    elif asking in ready:
        os.kill(pid, signal.SIGKILL)
    return end in ready


def become(arguments, folder, environment, streams):
    """Give this process what the program was started with, and run the program."""
    import multiprocessing
    import runpy
    import types

    for number, stream in streams.items():
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdin = sys.__stdin__ = os.fdopen(0, "r", errors="surrogateescape", closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", errors="surrogateescape", closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    sys.modules["tempfile"].tempdir = None
    sys.modules["numpy"].random.seed()
    for name in READ_ANEW:
        del sys.modules[name]
    if "MPLBACKEND" in environment:
        sys.modules["matplotlib"].rcParams["backend"] = environment["MPLBACKEND"]
    sys.executable = python_at(environment[AT])
    multiprocessing.set_executable(sys.executable)
    how, name = arguments[0], arguments[1] if len(arguments) > 1 else None
    paths = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    first = {"-c": "", "-m": folder}.get(how, os.path.dirname(os.path.realpath(how)))
    sys.path[:1] = [first, *paths]
    if how == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    elif how == "-c":
        sys.argv = ["-c", *arguments[2:]]
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(name, "<string>", "exec"), vars(main))
    else:
        sys.argv = arguments
        runpy.run_path(how, run_name="__main__")


@contextlib.contextmanager
def server(folder):
    """Let `STARTED` and Jupyter's kernels find a server as long as the context lasts."""
    import shlex
    import subprocess
    from pathlib import Path

    if AT in os.environ or not hasattr(os, "pidfd_open"):  # a worker's run, or not Linux
        yield
        return
    address = os.path.join(folder, "started")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(64)
        process = subprocess.Popen(
            [sys.executable, __file__, str(listener.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
            start_new_session=True,  # Ctrl-C is for the tests
            env={**os.environ, **SET, "PYTHONPATH": ""},
        )
    kernel, programs = Path(folder, "kernels", "python3"), Path(folder, "bin")
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(json.dumps(KERNEL))
    programs.mkdir()
    for program in Path(sys.executable).parent.iterdir():
        if not program.name.startswith("python"):
            (programs / program.name).symlink_to(program)
    (programs / "python").write_text(f'#!/bin/sh\nexec {shlex.join(STARTED)} "$@"\n')
    (programs / "python").chmod(0o755)
    os.environ |= {AT: address, BY: PYTHON, "JUPYTER_PATH": folder}
    try:
        yield
    finally:
        del os.environ[AT], os.environ[BY], os.environ["JUPYTER_PATH"]
        process.stdin.close()
        process.wait(60)


@contextlib.contextmanager
def at_once():
    """Let what this process starts as `sys.executable` start at once."""
    kept = sys.executable
    if AT in os.environ:
        sys.executable = python_at(os.environ[AT])
    try:
        yield
    finally:
        sys.executable = kept


def python_at(address):
    """Return the program that a server has put beside its socket."""
    return os.path.join(os.path.dirname(address), "bin", "python")


def leave(status):
    """End without taking down the libraries: in a fork, that costs a third of a second."""
    if status:
        gc.collect()  # what is left open is closed
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:
                stream.flush()
        os._exit(status[0])


if __name__ == "__main__":
    status = []
    atexit.register(leave, status)  # the first one registered is called last
    try:
        become(*serve(socket.socket(fileno=int(sys.argv[1]))))
        status.append(0)
    except SystemExit as stopped:
        status.append(stopped.code if isinstance(stopped.code, int) else bool(stopped.code))
        raise
    except Exception:
        status.append(1)
        raise
