"""Measure the memory that a student's container needs, chapter by chapter.

    python benchmarks/memory.py 00 05

Executes each chapter with its worked answers, as `course check` does, and asks every quarter of a
second what its kernel and all that the kernel starts (the server of chapter 08, the workers of 02)
hold: the proportional set size, in which what processes share counts once. Linux only. A browser,
JupyterLab (0.1 GB) and pictures that the system keeps in its cache are not in it.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
EVERY = 0.25  # seconds


def main():
    """Measure the chapters that were named, one at a time, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", default=[f"{number:02}" for number in range(10)])
    table = Table("chapter", "peak (GB)", "passed")
    for chapter in parser.parse_args().chapters:
        peak, passed = measure(chapter)
        table.add_row(chapter, f"{peak / 1e9:.1f}", "yes" if passed else "no")
    Console().print(table)


def measure(chapter):
    """Return the peak in bytes while a chapter is checked, and whether the check passed."""
    command = [sys.executable, "-m", "course_utils.command.main", "check", chapter]
    checking, peak = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL), 0
    while True:
        peak = max(peak, held(psutil.Process(checking.pid)))
        try:
            return peak, checking.wait(EVERY) == 0
        except subprocess.TimeoutExpired:
            continue


def held(top):
    """Return the proportional set size, in bytes, of kernels below a process and their children.

    Where two kernels run one after the other, the chapter's and its solutions', the larger counts.
    """
    return max((size_of(each) for each in children(top) if is_kernel(each)), default=0)


def is_kernel(process):
    """Tell whether a process is a notebook's kernel."""
    try:
        return "ipykernel_launcher" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def children(process):
    """Return all processes below one."""
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def size_of(kernel):
    """Return the proportional set size of a kernel and of all that it started, in bytes."""
    total = 0
    for process in (kernel, *children(kernel)):
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total


if __name__ == "__main__":
    main()
