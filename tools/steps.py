"""Execute the steps of the Dockerfile, or of Binder, in an empty folder with a bare Python.

    python tools/steps.py image FOLDER
    python tools/steps.py binder FOLDER

For machines without Docker and conda. Every absolute path of the Dockerfile lies below the folder,
its stages share it, and a new environment of this Python stands for the image's. Of conda, the list
for pip is what the course comes from. At the end `course doctor` and chapters run as they do for a
student: 00 in the image, 00 to 02 on Binder. It takes 4 GB and some minutes; remove the folder
afterwards. Not for Windows.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import dockerfiles
import yaml

ROOT = Path(__file__).resolve().parent.parent
ABSOLUTE = re.compile(r"(?<![\w/.}-])/(?=(?:opt|etc|home|usr/local)\b)")
STUDENT = (1000, 100)


def do(words, command, cwd, environment, **more):
    """Run a step and say how long it took; what it says itself is shown when it fails.

    Raises
    ------
    SystemExit
        When it fails: names the step.
    """
    started = time.perf_counter()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(command, cwd=cwd, env=environment, **streams, **more)
    if done.returncode:
        sys.exit(f"{done.stdout[-3000:]}\nThis step failed: {words}")
    print(f"{time.perf_counter() - started:6.0f} s  {words}", flush=True)


def bare_python(folder, python):
    """Make an environment of a Python with pip and nothing else; return the variables for it."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    without = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    kept = {key: value for key, value in os.environ.items() if key not in without}
    return {**kept, "PATH": f"{folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


def listed(source):
    """Return the files of a checkout as Git would commit them, relative to it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=source, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in names.split("\0") if name and (source / name).is_file()]


def copy_files(source, names, target):
    """Copy files below a folder to the same places below another."""
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, target / name)


def student_here(folder):
    """Return what runs a process as the image's user; nothing where this user or Python can't."""
    who = {"user": STUDENT[0], "group": STUDENT[1], "extra_groups": []}
    try:
        subprocess.run([folder / "python/bin/python", "-c", ""], check=True, **who)
    except (PermissionError, subprocess.CalledProcessError):
        print("Everything runs as you: the image's user can't be had, or can't read this Python.")
        return {}
    return who


def build_image(source, folder, python=sys.executable):
    """Execute the instructions of a Dockerfile below a folder.

    Parameters
    ----------
    source : pathlib.Path
        Holds the Dockerfile, and what `COPY` copies.
    folder : pathlib.Path
        Empty.
    python : str
        The program that stands for the image's Python.

    Returns
    -------
    callable
        Runs a command as a container of the image does, by default the image's own.
    """

    def here(text):
        return ABSOLUTE.sub(f"{folder}/", text)

    environment = bare_python(folder / "python", python)
    home = folder / "home" / "jovyan"
    (folder / "etc" / "profile.d").mkdir(parents=True)
    make_home = f"mkdir -p {home}"
    if as_student := student_here(folder):
        make_home += f" && chown {STUDENT[0]}:{STUDENT[1]} {home}"
    useradd = folder / "python" / "bin" / "useradd"
    useradd.write_text(f"#!/bin/sh\n{make_home}\n")
    useradd.chmod(0o755)

    cwd, entry, command = folder, [], []
    for name, rest in dockerfiles.parse((source / "Dockerfile").read_text(encoding="utf-8")):
        if name == "RUN":
            do(f"RUN {rest[:80]}", ["sh", "-c", here(rest)], cwd, environment)
        elif name == "ENV":
            for variable, _, value in (pair.partition("=") for pair in shlex.split(rest)):
                environment[variable] = here(value).replace("$PATH", environment["PATH"])
        elif name == "WORKDIR":
            cwd = Path(here(rest))
            cwd.mkdir(parents=True, exist_ok=True)
        elif name == "COPY" and not rest.startswith("--from="):  # its stages share the folder
            what, target = rest.split()[0], Path(here(rest.split()[1]))
            if what == ".":
                copy_files(source, listed(source), target)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / what, target)
                if target.read_bytes().startswith(b"#!"):
                    target.write_text(
                        here(target.read_text(encoding="utf-8")).replace(f"#!{folder}", "#!"),
                        encoding="utf-8",
                    )
        elif name == "ENTRYPOINT":
            entry = [str(folder / "usr/local/bin" / rest[0]), *rest[1:]]
        elif name == "CMD":
            command = rest

    def start(*words):
        words = [*entry, *(words or command)]
        do(" ".join(words).removeprefix(f"{folder}"), words, cwd, environment, **as_student)

    return start


def build_binder(source, folder, python=sys.executable):
    """Install as Binder does, with pip in place of conda; return what runs a command there."""
    course = folder / "course"
    copy_files(source, listed(source), course)
    environment = bare_python(folder / "python", python)
    described = yaml.safe_load((course / "environment.yml").read_text(encoding="utf-8"))
    (folder / "list.txt").write_text("\n".join(described["dependencies"][-1]["pip"]))
    install = ["pip", "install", "--no-cache-dir", "--requirement", str(folder / "list.txt")]
    do("environment.yml: its list for pip", install, course, environment)
    do("postBuild", ["./postBuild"], course, environment)

    def start(*words):
        do(" ".join(words), ["./start", *words], course, environment)

    return start


def main():
    """Execute the steps that were named; then look at the machine and run chapters."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("image", "binder"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default=sys.executable, help="3.11, which all users may read")
    parser.add_argument("--chapters", nargs="*", help="to run at the end; none with no number")
    options = parser.parse_args()
    folder = options.folder.resolve()
    if folder.exists() and any(folder.iterdir()):
        sys.exit(f"{folder} is not empty: name a folder that is not there yet.")
    folder.mkdir(parents=True, exist_ok=True)
    build, chapters = {
        "image": (build_image, ["00"]),
        "binder": (build_binder, ["00", "01", "02"]),
    }[options.what]
    start = build(ROOT, folder, options.python)
    start("course", "doctor")
    for chapter in chapters if options.chapters is None else options.chapters:
        start("course", "run", chapter)


if __name__ == "__main__":
    main()
