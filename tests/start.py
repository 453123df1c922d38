"""Start a program at once: see `started`, whose server forks it.

This runs some hundred times in a test run, so it does without what is slow to import: json, signal
and socket bring enumerations and regular expressions.
"""

import _signal
import _socket
import itertools
import marshal
import os
import select
import sys

AT = "TESTS_STARTED_AT"  # the variable that holds the path of the server's socket
PASSED_ON = (_signal.SIGHUP, _signal.SIGINT, _signal.SIGTERM)


def namespaces():
    """Return what network, files and processes this process sees: a room of its own, or all."""
    return [os.readlink(f"/proc/self/ns/{kind}") for kind in ("net", "mnt", "pid", "user")]


def passed_on(number):
    """Return whether a program gets the open file of this number."""
    try:
        return os.get_inheritable(number)
    except OSError:  # it is open no more
        return False


def pass_on(number, pid):
    """Send a program a signal; Ctrl-C reaches all that it has started, as a terminal's does."""
    (os.killpg if number == _signal.SIGINT else os.kill)(pid, number)


def run(python, arguments):
    """Have the program run, pass signals on to it, and end as it ends."""
    switches = ("-B", "-u")  # that multiprocessing and execnet hand on
    program = list(itertools.dropwhile(switches.__contains__, arguments))
    streams = [number for number in map(int, os.listdir("/dev/fd")) if passed_on(number)]
    asked = marshal.dumps([program, os.getcwd(), dict(os.environ), streams, namespaces()])
    rights = b"".join(stream.to_bytes(4, sys.byteorder) for stream in streams)
    _signal.pthread_sigmask(_signal.SIG_BLOCK, PASSED_ON)
    pid = 0
    try:
        server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        server.connect(os.environ[AT])
        server.sendmsg([asked], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
        pid = int(server.recv(32) or 0)
    except (AttributeError, KeyError, OSError):
        pass  # there is no server
    for number in PASSED_ON:
        if pid and _signal.getsignal(number) != _signal.SIG_IGN:
            _signal.signal(number, lambda number, frame: pass_on(number, pid))
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, PASSED_ON)
    if not pid:
        os.execv(python, [python, *arguments])
    for stream in streams:
        os.close(stream)  # a reader sees their end when the program closes them
    watched = [server]
    if "JPY_PARENT_PID" in os.environ:  # a kernel ends when whoever started it has gone
        watched.append(os.pidfd_open(os.getppid()))
    if server not in select.select(watched, [], [])[0]:
        os._exit(1)
    status = int(server.recv(32))
    if os.WIFSIGNALED(status):
        _signal.signal(os.WTERMSIG(status), _signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2:])
