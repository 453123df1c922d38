"""Run one function over many tasks: in this process, in several, or on a Dask cluster.

Each worker computes with one thread, so that two workers do not get in each other's way and one
result comes out, whatever their number.
"""

import logging
import multiprocessing
import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import wait as wait_for_end

from course_utils.errors import CourseError
from course_utils.files import DISK_FULL

AHEAD = 4  # tasks handed out for each worker: enough to keep it busy, few enough to lose little
PATIENCE = 10  # seconds that a Dask scheduler has to answer
FOR_GOOD = ExitStack()  # what a worker process has set up and never takes back
ONE_AT_A_TIME = threading.Lock()


def results(function, tasks, workers=1, scheduler=None):
    """Yield the result of each task, with the task, in the order in which they are finished.

    Parameters
    ----------
    function : callable
        Of one task; found by name in its module, as processes need it.
    tasks : sequence
    workers : int
        1: in this process. More: so many processes.
    scheduler : str, optional
        The address of a Dask scheduler, such as `tcp://10.0.0.5:8786`: its workers in place of
        processes.

    Yields
    ------
    task, result

    Raises
    ------
    CourseError
        When the cluster can't be reached or breaks off, or a worker process dies.
    """
    if scheduler is None and workers == 1:
        with single_threaded():
            for task in tasks:
                yield task, function(task)
        return
    with _cluster(scheduler) if scheduler else processes(workers) as (submit, width):
        yield from in_flight(submit, width * AHEAD, function, tasks)


def in_flight(submit, limit, function, tasks):
    """Keep `limit` tasks handed out by `submit`; yield as `results` does."""
    waiting = {}
    try:
        for task in tasks:
            if len(waiting) >= limit:
                yield from _finished(waiting)
            waiting[submit(function, task)] = task
        while waiting:
            yield from _finished(waiting)
    except BrokenProcessPool as error:
        raise CourseError(
            "A worker process died, perhaps for lack of memory: run the command again with fewer"
            " workers, it goes on where it stopped."
        ) from error


def _finished(waiting):
    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
        yield waiting.pop(future), future.result()


@contextmanager
def processes(workers):
    """Start worker processes; yield their submit function and their number."""
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _prepare)
    try:
        yield pool.submit, workers
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _prepare():
    """Make a new worker process ready."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches every process; the first one stops the others
    parent = multiprocessing.parent_process().sentinel
    threading.Thread(target=lambda: (wait_for_end([parent]), os._exit(1)), daemon=True).start()
    FOR_GOOD.enter_context(single_threaded())


@contextmanager
def single_threaded():
    """Let OpenCV and the libraries of linear algebra compute with one thread."""
    import cv2
    from threadpoolctl import threadpool_limits

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(before)


@contextmanager
def _cluster(scheduler):
    """Connect to a Dask cluster; yield its submit function and the number of its workers."""
    try:
        from distributed import Client
    except ImportError as error:
        raise CourseError(
            "A scheduler needs the package distributed: install it with pip install"
            ' "face-mask-course[cluster]".'
        ) from error
    try:
        client = Client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        raise CourseError(
            f"No Dask scheduler answers at {scheduler}: start one with `dask scheduler`, or correct"
            " the address."
        ) from error
    logging.getLogger("distributed.client").setLevel(
        logging.CRITICAL
    )  # what it would say on losing the scheduler is said below
    with client:
        width = len(client.scheduler_info(n_workers=-1)["workers"])
        if not width:
            raise CourseError(
                f"The Dask scheduler at {scheduler} has no worker: start some with `dask worker"
                f" {scheduler} --nthreads 1`."
            )
        executor = client.get_executor(pure=False)
        try:
            yield lambda function, task: executor.submit(_on_cluster, function, task), width
        except Exception as error:
            if isinstance(error, CourseError) or getattr(error, "errno", None) in DISK_FULL:
                raise
            raise CourseError(
                f"The Dask cluster at {scheduler} broke off ({error!r}): see that it runs and that"
                " its workers have this course installed, then run the command again, it goes on"
                " where it stopped."
            ) from error


def _on_cluster(function, task):
    """Run a task alone in its process, however many threads the worker was started with."""
    with ONE_AT_A_TIME, single_threaded():
        return function(task)
