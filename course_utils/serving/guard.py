"""Run a command, and end it when whoever started it has gone.

`python -m course_utils.serving.guard COMMAND...`.

The starter holds the other end of standard input. When it ends, however it ends, the pipe closes,
and the command is told to stop. So no server and no open port outlive a notebook.
"""

import subprocess
import sys
import threading

PATIENCE = 15  # seconds between asking a command to stop and ending it


def main(command):
    """Run the command and return its exit status."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def end():
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()

    def wait_for_the_starter():
        while sys.stdin.buffer.read(1):
            pass
        end()

    threading.Thread(target=wait_for_the_starter, daemon=True).start()
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # Ctrl-C reaches the command as well, which stops by itself
            continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
