"""Run a command, and end it when whoever started it has gone.

`python -m course_utils.serving.guard FOLDER COMMAND...`.

The starter holds the other end of standard input. When it ends, however it ends, the pipe closes,
the command is told to stop, and the starter's temporary folder is removed. So no server, no open
port and no folder outlive a notebook.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading

PATIENCE = 15  # seconds between asking a command to stop and ending it


def main(folder, command):
    """Run the command and return its exit status."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    gone, told = threading.Event(), threading.Event()

    def end():
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()

    def wait_for_the_starter():
        # A buffered stream would be locked by this thread when the interpreter ends.
        while os.read(0, 1):
            pass
        gone.set()
        end()

    def told_to_stop(*_):
        told.set()
        threading.Thread(target=end, daemon=True).start()

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), told_to_stop)
    threading.Thread(target=wait_for_the_starter, daemon=True).start()
    while True:
        try:
            status = process.wait()
        except KeyboardInterrupt:  # Ctrl-C reaches the command as well, which stops by itself
            continue
        if gone.wait(1 if told.is_set() else 0):  # a closed terminal ends the starter as well
            shutil.rmtree(folder, ignore_errors=True)
        return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
