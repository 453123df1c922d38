"""Wait for what a server does in its own time."""

import time

PATIENCE = 600  # seconds; other work may keep the processor


def until(condition, what):
    """Return what a condition gives as soon as it is true; fail with `what` when it never is."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found
