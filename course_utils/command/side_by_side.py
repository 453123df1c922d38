"""Work on several notebooks at once, as far as none waits for another."""

import multiprocessing
import signal
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait

import psutil

MEMORY = 5 << 30
"""Bytes of memory for each notebook at once: a chapter that trains takes half of it at most, beside
a browser and what else a reader has open."""


def usual_workers():
    """Return how many notebooks this machine can well execute at once: 1 or 2.

    More than two gain nothing: the chapters that take long wait for one another.
    """
    cores = len(psutil.Process().cpu_affinity()) if psutil.LINUX else psutil.cpu_count()
    return max(1, min(2, cores or 1, psutil.virtual_memory().total // MEMORY))


def processes(workers):
    """Return an executor for work that sets variables of its process; Ctrl-C is left to us."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, spawn, _leave_interrupts_to_the_parent)


def can_share(jobs):
    """Return whether any two of the jobs could be worked on at once."""
    waiting = list(jobs)
    while waiting:
        free = ready(waiting, [])
        if len(free) > 1:
            return True
        waiting.remove(free[0])
    return False


def work_side_by_side(executor, work, jobs, workers, begin=lambda job: None):
    """Do the work of each job as soon as those that it needs are done; stop at the first failure.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        With as many workers; it is closed at the end.
    work : callable
        Called with a job by the executor.
    jobs : sequence of course_utils.command.jobs.Job
        In an order in which each could follow the ones before it. Those of one chapter stay in
        their order.
    workers : int
    begin : callable, optional
        Called with a job in this process before its work; what it returns, unless None, stands for
        the work's result, and no work is done.

    Yields
    ------
    (Job, object)
        A job and None when it begins; a job and its result when it ends.

    Raises
    ------
    Exception
        What the first work that failed raised; what is under way then is ended.
    """
    waiting, running = list(jobs), {}
    with executor as pool:
        try:
            while waiting or running:
                free = ready(waiting, running.values())[: workers - len(running)]
                for job in free:
                    yield job, None
                    result = begin(job)
                    waiting.remove(job)
                    if result is None:
                        running[pool.submit(work, job)] = job
                    else:
                        yield job, result
                if len(running) == workers or not free:
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        yield running.pop(future), future.result()
        except BaseException:
            for child in multiprocessing.active_children():
                child.terminate()
            raise


def ready(waiting, running):
    """List the jobs that can begin, first those for which the most others wait.

    Parameters
    ----------
    waiting, running : iterable of Job

    Returns
    -------
    list of Job
        At most one of each chapter.
    """
    waiting, busy, free = list(waiting), {job.pair.number for job in running}, []
    ahead = busy | {job.pair.number for job in waiting}
    for job in waiting:
        if job.pair.number not in busy and not ahead & set(job.needs):
            free.append(job)
            busy.add(job.pair.number)
    return sorted(free, key=lambda job: -len(_followers(job.pair.number, waiting)))


def _followers(number, jobs):
    """Return the numbers of the chapters that wait for a chapter, directly or not."""
    found = {job.pair.number for job in jobs if number in job.needs}
    return found.union(*(_followers(one, jobs) for one in found))


def _leave_interrupts_to_the_parent():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
