# ---
# jupyter:
#   course:
#     title: Collect the pictures
#     minutes: 35
#     needs: []
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Collect the pictures
#
# A classifier learns from pictures whatever separates them, whether or not that is the
# mask. So the first question of this course is not *which network?* but **what is in
# the collection, and what could a machine learn from it that we did not intend?**
#
# **After this chapter you can** fetch a data set and know that every byte is right, cut
# faces out of annotated scenes, take your own pictures with a camera, find a picture
# that is in the collection twice, split a collection so that the test is honest, show
# that a collection gives its labels away, and write a data card.
#
# **You need** Python, NumPy and a little pandas. **Time:** 35 minutes to read and run,
# and about an hour for the five exercises.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import hashlib
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import imagehash
import numpy as np
import pandas as pd
import pooch
from course_utils import figures, files, profiles, project
from course_utils.checks import chapter_01
from course_utils.data import registry
from course_utils.data.faces_table import faces_dir, load_faces
from course_utils.figures import COLORS, collection
from course_utils.notebook import camera, quizzes, widgets
from course_utils.notebook.artefacts import Artefacts
from course_utils.pictures.annotations import Box, crop
from course_utils.pictures.images import read_rgb
from course_utils.profiles import SEED
from IPython.display import Markdown
from PIL import Image, ImageEnhance, ImageOps
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedGroupKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

out = Artefacts("01_data_collection", PROFILE)

# %% [markdown]
# ## Where do the pictures come from?
#
# The project that this course rebuilds took its pictures from seven sources. What has
# become of them? The course keeps a registry, `data/registry.toml`, with source,
# licence and the way to get each set. Only one can still be fetched by a program. Two
# wait behind an account, two were given to a few people, one is handed out on request,
# and the seventh is your own camera.

# %%
sources = [dataset for dataset in registry.load().values() if not dataset.embedded]
figures.show(
    collection.draw_sources(sources),
    "Bars of the seven sources by label. The set of 1,020 people has by far the most"
    " faces, all without a mask; the webcam pictures are too few to see.",
)
pd.DataFrame(
    {
        "data set": [dataset.title for dataset in sources],
        "licence": [dataset.licence for dataset in sources],
        "to get it": [
            "course data fetch" if dataset.archive else "course data import"
            for dataset in sources
        ],
    }
)

# %% [markdown]
# **What may we do with a stranger's face?** Look at the column *licence*. A
# repository's licence covers what its owner made: the code, perhaps the selection. The
# photographs belong to whoever took them, and the people in them were never asked,
# though a face is personal data (chapter 07 says what follows from that). So this
# course works with two collections: invented people, who can't be harmed, are embedded;
# real photographs you fetch yourself, for study, and never publish. That is why no
# stored output of this course shows a real face.

# %% [markdown]
# ## Is this the file I wanted?
#
# A download can break off, a mirror can be old, a disk can flip a bit. A *checksum*
# tells: SHA-256 turns any bytes into 64 hexadecimal digits. What happens to them when
# one single bit of a picture changes?

# %%
dataset = registry.find(profiles.get_profile(PROFILE).dataset)
faces, folder = load_faces(PROFILE), faces_dir(PROFILE)
content = (folder / faces.picture[0]).read_bytes()
damaged = bytearray(content)
damaged[len(damaged) // 2] ^= 1  # flip the lowest bit of the byte in the middle

digest, other = (hashlib.sha256(data).hexdigest() for data in (content, bytes(damaged)))
print(f"as listed: {digest[:32]}...\none bit:   {other[:32]}...")
bits = bin(int(digest, 16) ^ int(other, 16)).count("1")
print(
    f"One bit of {len(content) * 8:,} was flipped; {bits} of the 256 bits of the"
    " checksum changed."
)
listed = {file.path: file.sha256 for file in registry.listed_files(dataset)}
print("The registry lists the same checksum:", listed.get(faces.picture[0]) == digest)

# %% [markdown]
# About half of the bits change, whatever was changed: that is what makes the checksum
# useful. The package `pooch` builds a download on it: say what you want (`known_hash`),
# and it keeps the file only if it is that. Here a function stands in for the network.
# It delivers the damaged picture first and the right one then. The third call does not
# ask the network at all.

# %%
deliveries = [bytes(damaged), content]


def deliver(url, output_file, pooch):
    """Stand in for a server: hand over the next of `deliveries`."""
    Path(output_file).write_bytes(deliveries.pop(0))


pooch.get_logger().setLevel("ERROR")
out.path("fetched.bin").unlink(missing_ok=True)
for attempt in (1, 2, 3):
    try:
        pooch.retrieve(
            "https://example.org/picture",
            known_hash=f"sha256:{digest}",
            fname="fetched.bin",
            path=out.folder,
            downloader=deliver,
        )
        print(f"attempt {attempt}: kept; {len(deliveries)} deliveries left")
    except ValueError:
        print(
            f"attempt {attempt}: refused; a file left behind:"
            f" {out.path('fetched.bin').exists()}"
        )

# %% [markdown]
# `course data fetch` does this for thousands of files, and `course data verify` checks
# them again at any time: each is *ok*, *missing*, *different* or *extra*.
#
# ## Look before you count
#
# Which pictures do we have? Read them all once, whatever their format (`read_rgb` turns
# every one upright, to RGB, to eight bits), and keep a copy of at most 256 pixels a
# side. Then look at thirty-two of them before computing anything. Blue frames: with a
# mask; orange frames: without.


# %%
def read_small(name, longest=256):
    """Read a picture.

    Return it at most `longest` pixels wide and high, and its true width and height.
    """
    image = Image.fromarray(read_rgb(folder / name))
    size = image.size
    image.thumbnail((longest, longest))
    return np.asarray(image), size


with ThreadPoolExecutor(2) as pool:
    pictures, sizes = zip(*pool.map(read_small, faces.picture))
faces["width"], faces["height"] = zip(*sizes)
shown = pd.concat(
    [
        group.sample(16, random_state=SEED, replace=len(group) < 16)
        for _, group in faces.groupby("label")
    ]
)
shown = shown.sample(frac=1, random_state=SEED)
figure = figures.picture_grid(
    [pictures[i] for i in shown.index],
    columns=8,
    size=1.1,
    colors=[COLORS[label] for label in shown.label],
)
figures.show(
    figure,
    "Thirty-two pictures of the collection, half of them with a mask, with a coloured"
    " frame for the label.",
    photographic=True,
)

# %%
counts, shorter = (
    faces.label.value_counts().sort_index(),
    faces[["width", "height"]].min(axis=1),
)
figures.show(
    collection.draw_labels_and_sizes(faces),
    "Left: pictures by label. Right: histogram of the pictures' shorter sides by"
    " label.",
)
print(
    f"{len(faces):,} pictures, {counts['with_mask']:,} of them with a mask"
    f" ({counts['with_mask'] / len(faces):.0%}): who always answers"
    f" '{counts.idxmax().replace('_', ' ')}' is right {counts.max() / len(faces):.0%}"
    " of the time."
)
spread = shorter.groupby(faces.label).median()
print(
    f"Median of the shorter side: with a mask {spread['with_mask']:.0f} px, without"
    f" {spread['without_mask']:.0f} px."
)

# %% [markdown]
# An accuracy means nothing until you know what a lazy answer gets. When the
# **classes**, that is the labels to tell apart, are unequal we shall report **balanced
# accuracy**: the share of right answers in each class, and the mean of these shares.
# Whoever always gives the same answer gets 50 %.
#
# ## Cutting faces out of scenes
#
# Cameras see scenes, not portraits. Someone has drawn a box around each face and
# written it down, often in the XML of the PASCAL VOC contest. What is in such a file? A
# dozen lines read it. (For files from strangers the course uses `defusedxml`, since XML
# can be built to eat all memory.)


# %%
def read_boxes(path):
    """Read a VOC annotation: a list of (label, (x_min, y_min, x_max, y_max))."""
    boxes = []
    for element in ElementTree.parse(path).iter("object"):
        corners = tuple(
            int(element.findtext(f"bndbox/{edge}"))
            for edge in ("xmin", "ymin", "xmax", "ymax")
        )
        boxes.append((element.findtext("name"), corners))
    return boxes


scenes = {
    path: read_boxes(path)
    for path in sorted((faces_dir("sample") / "scenes").glob("*.xml"))
}
path, boxes = min(
    scenes.items(), key=lambda item: min(corners[0] for _, corners in item[1])
)
scene = read_rgb(path.with_suffix(".jpg"))
figures.show(
    collection.draw_boxes(scene, boxes),
    "A scene with people at many distances, with a labelled box around each face.",
    photographic=True,
)
print(
    f"{len(scenes)} scenes with {sum(map(len, scenes.values()))} boxes; this scene is"
    f" {scene.shape[1]} x {scene.shape[0]} pixels and has {len(boxes)} faces."
)

# %% [markdown]
# The labels have three values. The original project counted a wrongly worn mask as
# *without*, and so do we, until chapter 02 needs the difference.
#
# A box in NumPy is a slice: `scene[y_min:y_max, x_min:x_max]`. Detectors cut closer or
# wider than whoever drew the boxes, so we often add a margin. What does the slice do at
# the border of the picture?


# %%
def slice_with_margin(picture, corners, margin):
    """Cut a box with a margin (a fraction of its size) as a plain slice."""
    x_min, y_min, x_max, y_max = corners
    dx, dy = int(margin * (x_max - x_min)), int(margin * (y_max - y_min))
    return picture[y_min - dy : y_max + dy, x_min - dx : x_max + dx]


large = max(
    (corners for _, corners in boxes if corners[0] > 100), key=lambda c: c[2] - c[0]
)
border = min((corners for _, corners in boxes), key=lambda c: c[0])
cuts = {
    f"margin {margin:.0%}": slice_with_margin(scene, large, margin)
    for margin in (0, 0.3, 0.8)
}
cuts["at the border,\nno margin"] = slice_with_margin(scene, border, 0)
cuts["at the border,\nmargin 30 %"] = wrong = slice_with_margin(scene, border, 0.3)
shown = [
    cut if cut.size else np.full((60, 60, 3), 215, np.uint8) for cut in cuts.values()
]
figure = figures.picture_grid(
    shown,
    [f"{name}\n{cut.shape[1]} x {cut.shape[0]}" for name, cut in cuts.items()],
    columns=5,
    size=1.8,
)
figures.show(
    figure,
    "One face cut with three margins, and a face at the left border, whose cut with a"
    " margin is empty.",
    photographic=True,
)
print(
    "The slice for the face at the border starts at a negative column and holds"
    f" {wrong.size} pixels. No error was raised."
)

# %% [markdown]
# A negative start counts from the right edge in Python: the slice begins behind its own
# end and is empty, silently. A face is lost and nobody notices. The box has to be cut
# to the picture first.
#
# **Exercise 1-1** (easy, 5 minutes). Write `clip_box`: it returns the part of the box
# that lies in the picture as `(x_min, y_min, x_max, y_max)`, with the maxima not
# included, as in a slice; and `None` when nothing of it lies in the picture.


# %% tags=["exercise-1-1"]
def clip_box(box, width, height):
    """Cut the box (x_min, y_min, x_max, y_max) to a picture of width x height."""
    x_min, y_min, x_max, y_max = box
    ...  # your lines


# %%
chapter_01.check_1(clip_box)

# %% [markdown]
# From here on `course_utils.pictures.annotations.crop` does it. One more look at the
# boxes: how wide are faces in the scenes, and how wide are they in the portraits that
# we shall train with?

# %%
embedded = load_faces("sample")
in_scenes = [
    x_max - x_min for boxes in scenes.values() for _, (x_min, _, x_max, _) in boxes
]
in_portraits = embedded.x_max - embedded.x_min
figures.show(
    collection.draw_widths(
        {"embedded portraits": in_portraits, "faces in scenes": in_scenes}
    ),
    "Histograms of face widths: many faces in scenes are far narrower than those in the"
    " portraits.",
)
print(
    f"Median width of a face: {np.median(in_portraits):.0f} px in the portraits,"
    f" {np.median(in_scenes):.0f} px in the scenes;"
    f" {np.mean(np.array(in_scenes) < in_portraits.min()):.0%} of the scene faces are"
    " narrower than the narrowest of the portraits."
)

# %% [markdown]
# We shall train on large faces and meet small ones. The original project met this gap
# at the very end, as a mystery; chapter 06 looks into it.

# %% [markdown]
# ## Your own pictures
#
# No collection from the web shows your camera, your light and your wall. What should
# vary when you take pictures yourself? The original project took 80 webcam pictures and
# could use 46: in the others no face was found. So take many, and vary what the
# pictures below vary: **light** (a window behind you, a lamp from the side),
# **distance**, **pose**, **background**, and what covers the face. Take the *same*
# variety with and without a mask; you will see below what happens otherwise.
#
# **Ask before you take.** Who is in a picture must know what it is for, who will see
# it, and how to have it removed. Enter a name or an alias: it keeps people apart when
# we split. The browser asks before it shows the camera. Pictures stay in `work/own/` on
# the machine that runs Jupyter, stripped of time and place, and git never sees them.

# %%
bare = embedded[(embedded.label == "without_mask") & (embedded.occlusion == "none")]
chosen = {light: part.index[0] for light, part in bare.groupby("light")}
chosen |= {
    "turned left": bare.yaw.idxmax(),
    "turned right": bare.yaw.idxmin(),
    "looking up": bare.pitch.idxmax(),
    "looking down": bare.pitch.idxmin(),
}
rows = [read_rgb(faces_dir("sample") / bare.picture[i]) for i in chosen.values()]
far = Image.fromarray(rows[0]).resize((24, 24), Image.Resampling.BOX)
titles = [
    f"light: {name}" if i < bare.light.nunique() else name
    for i, name in enumerate(chosen)
] + ["far away (24 px)"]
figure = figures.picture_grid(
    [*rows, far], titles, columns=-(-len(titles) // 2), size=1.55
)
figures.show(
    figure,
    "Portraits that differ in light, in pose and in distance.",
    photographic=True,
)

# %%
widgets.show(
    camera.Camera(),
    "start the camera, choose a label, and take pictures; they are saved in work/own/.",
)
widgets.show(
    camera.upload(),
    "choose picture files from this computer or telephone; they are saved in"
    " work/own/.",
)

# %% [markdown]
# `course data import own work/own` brings them into the layout of all other sets, and
# reports every picture that it can't read.
#
# ## The same picture twice
#
# Collections grow by merging, and the web copies itself. Does it matter? If one copy is
# used for training and another for testing, the test asks a question whose answer was
# given away. First, how many files are there twice, byte for byte? Equal checksums
# tell.

# %%
with ThreadPoolExecutor(2) as pool:
    faces["sha256"] = list(
        pool.map(files.sha256, [folder / name for name in faces.picture])
    )
copies = faces.sha256.value_counts()
exact_groups, exact_extra = int((copies > 1).sum()), int((copies - 1).sum())
print(
    f"{exact_groups} groups of byte-identical files, {exact_extra} extra copies among"
    f" {len(faces):,} pictures."
)

buffer = io.BytesIO()
Image.fromarray(read_rgb(folder / faces.picture[0])).save(buffer, "JPEG", quality=95)
print(
    "Saved again, to the eye the same. Same checksum:",
    hashlib.sha256(buffer.getvalue()).hexdigest() == faces.sha256[0],
)

# %% [markdown]
# A checksum is the wrong tool for **twins**, near-duplicates of one picture: one
# changed bit changes everything. We want the opposite, a short code that stays when a
# picture is saved again, shrunk or brightened. The **difference hash** does it: shrink
# the picture to 9 x 8 grey pixels, and ask at each pixel: is my right neighbour
# brighter? That gives 8 x 8 = 64 answers. Two pictures are compared by counting the
# answers that differ, the *distance*. Why neighbours, and why so few pixels?
# Brightening a picture brightens both neighbours, and fine detail, which saving
# destroys, is gone before we ask.


# %%
def difference_hash(picture):
    """Return 64 booleans that describe a picture's rough shape of light and dark."""
    grey = Image.fromarray(picture).convert("L")
    tiny = np.asarray(
        grey.resize((9, 8), Image.Resampling.LANCZOS)
    )  # Pillow says (width, height): the array is (8, 9)
    return (tiny[:, 1:] > tiny[:, :-1]).ravel()


example = pictures[0]
brighter = np.asarray(ImageEnhance.Brightness(Image.fromarray(example)).enhance(1.3))
panels, titles = (
    [],
    [
        "a picture",
        "9 x 8 pixels",
        "64 answers",
        "changed",
        "brightened",
        "",
        "",
        "",
        "another picture",
        "",
        "",
        "",
    ],
)
for picture in (example, brighter, pictures[len(pictures) // 2]):
    tiny = (
        Image.fromarray(picture).convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    )
    answer = difference_hash(picture).reshape(8, 8)
    panels += [
        picture,
        tiny,
        answer * 255,
        (answer != difference_hash(example).reshape(8, 8)) * 255,
    ]
figure = figures.picture_grid(panels, titles, columns=4)
figures.show(
    figure,
    "Three rows: a picture, its brightened copy and another picture; each with its 9 x"
    " 8 version, its 64 answers in black and white, and the answers that differ from"
    " the first row's.",
    photographic=True,
)
codes = np.array([difference_hash(picture) for picture in pictures])  # (pictures, 64)
print(
    f"Distance to the brightened copy: {np.sum(codes[0] != difference_hash(brighter))}"
    f" of 64; to the other picture: {np.sum(codes[0] != codes[len(codes) // 2])}."
)
agree = [
    np.array_equal(imagehash.dhash(Image.fromarray(picture)).hash.ravel(), code)
    for picture, code in zip(pictures, codes)
]
print(
    f"The package imagehash gives the same 64 answers for {sum(agree):,} of"
    f" {len(agree):,} pictures."
)

# %% [markdown]
# **Exercise 1-2** (medium, 10 minutes). Our hash asks only sideways: a picture of
# stripes that lie flat gives it nothing. Write `vertical_hash`, which asks at each
# pixel whether the neighbour *below* is brighter, again 64 answers. Any 64 answers in
# any order will do, and so will an object of `imagehash`.


# %% tags=["exercise-1-2"]
def vertical_hash(picture):
    """Return 64 answers for a picture (uint8, height x width x 3).

    Is the pixel below brighter?
    """
    ...  # your lines


# %%
chapter_01.check_2(vertical_hash)

# %% [markdown]
# ### How far apart may twins be?
#
# We need a threshold, and so a collection whose twins we know. **Plant them:** take
# some pictures and copy each in five ways: saved again with stronger compression,
# resized, cropped by a few percent, brightened or darkened, and mirrored. Then every
# threshold can be judged by two numbers: **recall**, the share of the planted copies
# that lie within the threshold of their original, and **false alarms**, the share of
# pictures that lie within it of a picture which can't be a twin: one of another known
# person, or of the other label.


# %%
def save_again(image, rng):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(rng.integers(30, 70)))
    return Image.open(buffer, formats=["JPEG"]).convert("RGB")


def resize(image, rng):
    scale = rng.uniform(0.4, 0.8)
    return image.resize(
        (max(9, int(image.width * scale)), max(9, int(image.height * scale)))
    )


def crop_slightly(image, rng):
    left, top, right, bottom = rng.uniform(0.01, 0.035, 4)
    width, height = image.size
    return image.crop(
        (
            round(width * left),
            round(height * top),
            round(width * (1 - right)),
            round(height * (1 - bottom)),
        )
    )


CHANGES = {
    "saved again": save_again,
    "resized": resize,
    "cropped": crop_slightly,
    "brightened": (
        lambda image, rng: ImageEnhance.Brightness(image).enhance(
            rng.uniform(0.7, 1.35)
        )
    ),
    "mirrored": lambda image, rng: ImageOps.mirror(image),
}
rng = np.random.default_rng(SEED)
rows, everything = [(i, "original") for i in range(len(faces))], list(pictures)
chosen = sorted(rng.choice(len(faces), min(150, len(faces)), replace=False).tolist())
for i in chosen:
    for kind, change in CHANGES.items():
        rows.append((i, kind))
        everything.append(np.asarray(change(Image.fromarray(pictures[i]), rng)))
table = pd.DataFrame(rows, columns=["origin", "kind"])
table[["label", "person"]] = faces.loc[table.origin, ["label", "person"]].to_numpy()
print(
    f"{len(faces):,} originals and {len(table) - len(faces)} planted copies of"
    f" {len(chosen)} of them."
)


# %%
def distances(codes, others):
    """Count the differing answers between every code and every other.

    (n, 64) and (m, 64) give (n, m).
    """
    codes, others = codes.astype(np.float32), others.astype(np.float32)
    return (codes @ (1 - others).T + (1 - codes) @ others.T).astype(np.int16)


def differ(values):
    """Mark the pairs whose values are both known and differ: (n,) gives (n, n)."""
    number, names = pd.factorize(values)
    known = (values != "").to_numpy()
    return (number[:, None] != number[None, :]) & known[:, None] & known[None, :]


codes = np.array([difference_hash(picture) for picture in everything])
distance = distances(codes, codes)
unrelated = differ(table.label) | differ(table.person)
thresholds = np.arange(0, 17)


def recall(distance, kinds):
    """Return the share of the copies of some kinds within each threshold of their
    original.
    """
    rows = table.index[table.kind.isin(kinds)]
    return np.array(
        [np.mean(distance[rows, table.origin[rows]] <= t) for t in thresholds]
    )


def false_alarms(distance):
    """Return the share of pictures within each threshold of a picture that can't be a
    twin.
    """
    nearest = np.where(unrelated, distance, 99).min(axis=1)
    return np.array([np.mean(nearest <= t) for t in thresholds])


figures.show(
    collection.draw_threshold_curves(
        thresholds,
        {kind: recall(distance, [kind]) for kind in CHANGES},
        false_alarms(distance),
    ),
    "Recall of five kinds of copies and false alarms against the threshold. Saved"
    " again, resized and brightened copies are found at once, cropped ones rise slowly,"
    " mirrored ones are hardly found, and false alarms rise steeply at large"
    " thresholds.",
)

# %% [markdown]
# Two things to see. Cropping moves the whole grid, so recall rises slowly where the
# other curves jump. And a mirrored copy is hardly ever found: left and right change
# places, so every answer turns round. The remedy costs one line: also compare each
# picture with the *mirror image* of the other, and keep the smaller distance. Comparing
# twice gives chance two tries, so false alarms rise a little.
#
# Which threshold? The two mistakes don't cost the same. **We are going to group
# pictures, not delete them.** A false alarm ties two strangers together and costs next
# to nothing; a missed twin can end up on both sides of the test. So be generous, and
# take the largest threshold at which at most one picture in two hundred has a false
# partner.

# %%
mirrored = np.array([difference_hash(picture[:, ::-1]) for picture in everything])
across = distances(codes, mirrored)
distance = np.minimum(distance, np.minimum(across, across.T))

alarms, found = false_alarms(distance), recall(distance, list(CHANGES))
threshold = int(thresholds[alarms <= 0.005].max())
print(
    f"Chosen threshold: {threshold} of 64. Found: {found[threshold]:.0%} of the planted"
    f" copies, false alarms for {alarms[threshold]:.1%} of the pictures."
)
for kind in CHANGES:
    print(f"  {kind:12} {recall(distance, [kind])[threshold]:.0%}")

# %% [markdown]
# Numbers alone should not choose a threshold: look at the pairs just inside and just
# outside. Green frames are planted twins, orange ones can't be twins, grey ones nobody
# has marked. Move the slider and find the distance at which you would stop believing.

# %%
origin = table.origin.to_numpy()
planted = origin[:, None] == origin[None, :]


def draw_pairs(threshold):
    """Draw pairs at the threshold (upper row) and one step outside (lower row)."""
    rows = []
    for t in (threshold, threshold + 1):
        pairs = np.random.default_rng(SEED + t).permutation(
            np.argwhere(np.triu(distance == t, 1))
        )
        first = np.unique(np.sort(origin[pairs], axis=1), axis=0, return_index=True)[
            1
        ]  # two sources are shown once
        pairs = pairs[np.sort(first)][:6]
        frames = [
            (
                "highlight"
                if planted[i, j]
                else "without_mask"
                if unrelated[i, j]
                else "neutral"
            )
            for i, j in pairs
        ]
        rows.append(
            [
                (everything[i], everything[j], f"distance {t}", COLORS[frame])
                for (i, j), frame in zip(pairs, frames)
            ]
        )
    return (
        collection.draw_pairs(rows),
        (
            f"Pairs of pictures at distance {threshold} (upper row) and {threshold + 1}"
            " (lower row)."
        ),
    )


figures.show(*draw_pairs(threshold), photographic=True)
widgets.show(
    widgets.figure_slider(draw_pairs, 0, 15, threshold, "threshold", photographic=True),
    "move the threshold and see the pairs just inside and just outside of it.",
)

# %% [markdown]
# Twins come in chains: A resembles B and B resembles C. A **group** is everything that
# is tied together, directly or through others; mathematicians call it a connected
# component, and SciPy finds them. We tie near-duplicates, and pictures of one person as
# far as we know the names: a person in training and in test gives answers away as well.
# That is called a **leak**. Where names or labels say that two pictures can't be twins,
# knowledge beats the hash. Chains are also why the threshold must not be too generous:
# a few false links can tie hundreds of strangers into one group, so look at the
# largest.


# %%
def group_pictures(tied):
    """Number the groups that a table of ties, (n, n) booleans, makes."""
    return connected_components(csr_matrix(tied), directed=False)[1]


twins = (distance <= threshold) & ~unrelated
person = table.person.to_numpy(str)
same_person = (person[:, None] == person[None, :]) & (person != "")
by_hash, by_both = group_pictures(twins), group_pictures(twins | same_person)

natural = group_pictures(twins[: len(faces), : len(faces)])
near_groups = int((np.bincount(natural) > 1).sum())
near_extra = len(faces) - len(set(natural))
print(
    f"Before we planted any: {near_groups} groups of near-duplicates hold {near_extra}"
    f" extra copies ({exact_extra} of them byte-identical)."
)
print(
    f"With the planted copies: {len(set(by_hash)):,} groups by hash,"
    f" {len(set(by_both)):,} by hash and person, the largest of"
    f" {np.bincount(by_both).max()} pictures."
)

# %% [markdown]
# ## The leak
#
# To test a classifier we hold back pictures it has never seen: we **split** the
# collection into training and test. The usual way picks the test pictures at random.
# What does *never seen* mean when pictures have twins?
#
# **Exercise 1-3** (easy, 5 minutes). Predict before you measure. In a large collection
# every picture is there five times (itself and four copies). You draw one fifth of the
# pictures at random for the test. What share of the test pictures has at least one twin
# in the training part? A fraction between 0 and 1, or a string such as `"35 %"`.

# %% tags=["exercise-1-3"]
prediction = None

# %%
chapter_01.check_3(prediction)

# %% [markdown]
# The remedy is to draw *groups* instead of pictures, so that all copies of a picture,
# and all pictures of a person, fall on the same side.
#
# **Exercise 1-4** (medium, 15 minutes). Write `group_split(groups, test_share, seed)`.
# `groups` holds one name a picture. Return two arrays of positions, training and test.
# No group may be on both sides, every picture is on one, the test gets about
# `test_share` of the *pictures* (groups differ in size), and the same seed gives the
# same split, another seed another.


# %% tags=["exercise-1-4"]
def group_split(groups, test_share, seed):
    """Split positions 0 ..

    Len(groups) - 1 into training and test without tearing a group.
    """
    ...  # your lines


# %%
chapter_01.check_4(group_split)

# %% [markdown]
# Now measure, twenty times each: how many test pictures have a twin in training, if we
# split at random, by the groups that the hash found, and by hash and person together?
# We know the truth, since we planted the copies, so copies that the hash missed are
# counted too. In scikit-learn the two ways are `ShuffleSplit` and `GroupShuffleSplit`.
# The last line needs no planting: it compares with the **reference run**, this chapter
# on the real photographs, whose figures are stored in
# `data/reference/01_data_collection.json`.

# %%
truth = natural[origin]  # the number of a picture's true source, natural twins included
ways = {"at random": None, "by hash": by_hash, "by hash and person": by_both}
if not same_person.any():
    del ways["by hash and person"]  # nobody is known by name in this collection


def splits(groups):
    """Return twenty (training, test) pairs of positions, by group when groups are
    given.
    """
    splitter = ShuffleSplit if groups is None else GroupShuffleSplit
    return list(
        splitter(20, test_size=0.2, random_state=SEED).split(codes, groups=groups)
    )


leaks = {
    name: [
        np.mean(np.isin(truth[test], truth[train])) for train, test in splits(groups)
    ]
    for name, groups in ways.items()
}
last = list(ways)[-1]
figures.show(
    collection.draw_repeats({"": leaks}, "test pictures with a twin in training (%)"),
    "Leak of twenty splits for each way of splitting: large at random, small or zero by"
    " groups.",
)
for name, values in leaks.items():
    print(
        f"split {name}: {np.mean(values):.1%} of the test pictures have a twin in"
        " training."
    )

alone = ShuffleSplit(20, test_size=0.2, random_state=SEED).split(natural)
leak_natural = np.mean(
    [np.mean(np.isin(natural[test], natural[train])) for train, test in alone]
)
reference = json.loads(
    (project.data_dir() / "reference" / "01_data_collection.json").read_text(
        encoding="utf-8"
    )
)
print(
    f"Without any planted copy a random split leaks {leak_natural:.1%} here, and"
    f" {reference['metrics']['leak_natural']:.1%} on the"
    f" {reference['metrics']['pictures']:,} real photographs."
)

# %% [markdown]
# What does a leak do to the *number* in a report? Take the simplest learner there is:
# find the most similar training picture (16 x 16 grey pixels) and copy its label. And
# take labels that *nobody* can learn: toss a coin for each source, so that copies share
# it. On coins an honest test must say 50 % on average. Everything above is memory.

# %%
thumbs = (
    np.array(
        [
            np.asarray(
                Image.fromarray(picture)
                .convert("L")
                .resize((16, 16), Image.Resampling.BOX)
            )
            for picture in everything
        ]
    )
    / 255
)
thumbs = (thumbs - thumbs.mean(axis=(1, 2), keepdims=True)).reshape(
    len(thumbs), -1
)  # (pictures, 256), mean 0
squared = np.sum(thumbs**2, axis=1)
apart = squared[:, None] + squared[None, :] - 2 * thumbs @ thumbs.T  # squared distances
masked = (table.label == "with_mask").to_numpy()


def balanced_accuracy(truth, answers):
    """Return the mean of the classes' hit rates."""
    return np.mean(
        [np.mean(answers[truth == label] == label) for label in np.unique(truth)]
    )


source = group_pictures(planted | same_person)
scores = {"labels: coins": {}, "labels: masks": {}}
for name, groups in ways.items():
    for what in scores:
        scores[what][name] = []
    for number, (train, test) in enumerate(splits(groups)):
        nearest = train[apart[np.ix_(test, train)].argmin(axis=1)]
        coins = np.random.default_rng((SEED, number)).integers(0, 2, (10, len(source)))[
            :, source
        ]  # ten tosses for each source
        scores["labels: coins"][name].append(
            np.mean(coins[:, nearest] == coins[:, test])
        )
        scores["labels: masks"][name].append(
            balanced_accuracy(masked[test], masked[nearest])
        )
figures.show(
    collection.draw_repeats(scores, "accuracy (%)", chance=0.5),
    "Accuracy of the nearest-neighbour learner in twenty splits. With coins for labels"
    " the random split scores above 50 percent and the split by groups about 50; with"
    " true labels the random split scores higher than the split by groups, too.",
)
for name in ways:
    coin, mask = (np.mean(scores[what][name]) for what in scores)
    print(
        f"split {name}: {coin:.0%} on coins, {mask:.0%} on masks (balanced; mean of"
        " twenty splits)."
    )

# %% [markdown]
# A learner that knows nothing scores above chance on coins, on a test that looks proper
# in every way. The same happens, invisibly, in the right half: part of the score with
# true labels was memory. From now on every chapter splits by group.

# %% [markdown]
# ## What does the classifier really learn?
#
# A clean split keeps copies apart. It does not help when the two *classes* come from
# two places. Web search returns whole people when you ask for masks and tight portraits
# when you ask for faces; then the frame tells the label, without any mask. Something
# that goes along with the label like this is a **confounder**. How could we notice?
# Starve a classifier: give it so little that it can't see a mask. First 8 x 8 pixels,
# with logistic regression, the simplest classifier that learns weights.

# %%
faces["group"] = pd.factorize(
    group_pictures((twins | same_person)[: len(faces), : len(faces)])
)[0]
labels = (faces.label == "with_mask").to_numpy()


def shrink(picture, side=8):
    """Return a picture of side x side pixels between 0 and 1, each the mean of its
    area: (side, side, 3).
    """
    return (
        np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BOX))
        / 255
    )


def linear():
    return make_pipeline(
        StandardScaler(),
        LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000),
    )


def test_by_group(features, model):
    """Return 15 balanced accuracies.

    Five parts that don't share a group, shuffled three times.
    """
    return np.concatenate(
        [
            cross_val_score(
                model,
                features.reshape(len(features), -1),
                labels,
                groups=faces.group,
                scoring="balanced_accuracy",
                cv=StratifiedGroupKFold(5, shuffle=True, random_state=SEED + repeat),
            )
            for repeat in range(3)
        ]
    )


tiny = np.array([shrink(picture) for picture in pictures])  # (pictures, 8, 8, 3)
results = {"all 64 pixels": test_by_group(tiny, linear())}
print(
    f"All 64 pixels: balanced accuracy {results['all 64 pixels'].mean():.0%} (spread of"
    f" the parts: {results['all 64 pixels'].std():.0%})."
)

# %% [markdown]
# Is that the mask, or the frame around it? In `test_by_group` every part is tested by a
# model trained on the other four, and no group is torn.
#
# **Exercise 1-5** (hard, 20 minutes). Design the experiment: write
# `border_accuracy(tiny, labels, groups)` for `tiny` of shape (n, 8, 8, 3). It tells how
# well the label can be predicted from the outermost ring of pixels alone. The answer
# must be near 0.5 whenever the ring says nothing about the label, also when the classes
# are unequal, and also when pictures have twins. Try it on `tiny, labels, faces.group`,
# and read on when you have a number.


# %% tags=["exercise-1-5"]
def border_accuracy(tiny, labels, groups):
    """Balanced accuracy, tested by group, of a classifier that sees only the border of
    the 8 x 8 pictures.
    """
    ...  # your lines


# %%
chapter_01.check_5(border_accuracy)

# %%
ring = np.ones((8, 8), bool)
ring[1:-1, 1:-1] = False  # the inner 6 x 6 pixels hold the face
upper = ring & (np.arange(8) < 4)[:, None]  # from the eyes upwards in a portrait
results["border, 28 pixels"] = test_by_group(tiny[:, ring], linear())
results["upper border, 14 pixels"] = test_by_group(tiny[:, upper], linear())
shapes = np.log(faces[["width", "height"]].to_numpy())
results["width and height, 0 pixels"] = test_by_group(
    shapes,
    DecisionTreeClassifier(max_depth=4, class_weight="balanced", random_state=SEED),
)

spreads = {
    out.profile.title: {
        name: (values.mean(), values.std()) for name, values in results.items()
    },
    "reference run, real photographs": {
        name: (known["mean"], known["spread"])
        for name, known in reference["separability"].items()
    },
}
figures.show(
    collection.draw_spreads(spreads, "balanced accuracy (%); 50 is chance"),
    "Balanced accuracy from all pixels, the border, its upper half and the size, for"
    " this run and for the real photographs, where width and height alone predict the"
    " label far above chance.",
)
for name, values in results.items():
    known = reference["separability"][name]["mean"]
    print(
        f"{name}: {values.mean():.0%} ± {values.std():.0%} in this run; {known:.0%} on"
        f" the {reference['metrics']['pictures']:,} real photographs."
    )

# %% [markdown]
# On the embedded pictures a classifier that sees only the border, or only the size,
# stays near chance. On the real photographs the border alone is right most of the time.
# **But distrust your own experiment as well:** in a tight crop the lower border touches
# the chin, and with it the mask. The upper border hardly does, and it gets far less,
# though more than chance. Width and height hold no pixel at all, and yet they get about
# as far as the whole picture: masks and bare faces came from different places. A
# network with millions of weights will find that too, and its test score will look
# fine, because the test comes from the same places.
#
# The embedded pictures were balanced on purpose. So let us spoil them. **Build the
# web's mistake:** with a mask, keep the whole picture; without, cut the face tight.
# Train on the borders, then test people the model has not seen in three ways: collected
# by the same mistake; in both framings, so that framing says nothing; and by the
# opposite mistake.


# %%
def in_two_framings(row):
    """Return the 8 x 8 versions of a portrait: whole, and cut tight around the face."""
    picture = read_rgb(faces_dir("sample") / row.picture)
    tight = crop(
        picture, Box(row.label, row.x_min, row.y_min, row.x_max, row.y_max), margin=0.1
    )
    return shrink(picture), shrink(tight)


framings = np.array(
    [in_two_framings(row) for row in embedded.itertuples()]
)  # (people, 2, 8, 8, 3)
borders = framings[:, :, ring].reshape(len(embedded), 2, -1)
is_masked = (embedded.label == "with_mask").to_numpy()
people, mistake = (
    np.arange(len(embedded)),
    np.where(is_masked, 0, 1),
)  # 0: whole, 1: tight

examples = [*np.flatnonzero(is_masked)[:4], *np.flatnonzero(~is_masked)[:4]]
seen = np.where(ring[:, :, None], framings[people, mistake], 0.5)
cuts = [read_rgb(faces_dir("sample") / embedded.picture[i]) for i in examples]
cuts = [
    (
        crop(cut, Box("", *embedded.loc[i, ["x_min", "y_min", "x_max", "y_max"]]), 0.1)
        if mistake[i]
        else cut
    )
    for i, cut in zip(examples, cuts)
]
frames = [COLORS[embedded.label[i]] for i in examples] * 2
figure = figures.picture_grid(
    [*cuts, *(np.uint8(255 * seen[i]) for i in examples)],
    columns=8,
    size=1.2,
    colors=frames,
)
figures.show(
    figure,
    "Eight pictures of the spoiled collection, four whole with a mask and four cut"
    " tight without; below each what the classifier sees, a ring of 28 pixels.",
    photographic=True,
)

# %%
tests = {
    "the same mistake": [mistake],
    "both framings of everyone": [mistake, 1 - mistake],
    "the opposite mistake": [1 - mistake],
}
outcome = {name: [] for name in tests}
for repeat in range(3):
    parts = StratifiedGroupKFold(5, shuffle=True, random_state=SEED + repeat)
    for train, test in parts.split(borders, is_masked, embedded.person):
        model = linear().fit(borders[train, mistake[train]], is_masked[train])
        for name, framing in tests.items():
            answers = np.concatenate(
                [model.predict(borders[test, which[test]]) for which in framing]
            )
            outcome[name].append(
                balanced_accuracy(np.tile(is_masked[test], len(framing)), answers)
            )
spreads = {
    "border": {
        name: (np.mean(values), np.std(values)) for name, values in outcome.items()
    }
}
figures.show(
    collection.draw_spreads(spreads, "balanced accuracy of the border classifier (%)"),
    "High on data with the same mistake, about chance when both framings occur, far"
    " below chance on the opposite mistake.",
)
for name, values in outcome.items():
    print(f"tested on {name}: {np.mean(values):.0%} ± {np.std(values):.0%}")

# %% [markdown]
# Good on its own kind of data, near chance on a fair test, and far worse than a coin
# when the mistake is turned round: it learned the framing. No better network would
# help. What helps is in the collection: take both classes in the same way and places
# (your own pictures!), cut all faces alike, and **draw the mask onto the same face**,
# so that nothing else differs. That is chapter 02.

# %% [markdown]
# ## The data card
#
# Whoever uses a collection later should not have to find all this out again. A **data
# card** says what is in it, where it comes from, what may be done with it and what is
# wrong with it. A card typed by hand is out of date tomorrow, so the run writes it.
# First the split, with group and person kept whole: 60 % training, 20 % **validation**
# (people by whom we shall choose between settings, so that the test people choose
# nothing), 20 % test. A split that the collection brings is kept. The card and the
# table `faces.csv` are what this chapter hands on; later chapters read these two. The
# run also records its figures, and a test holds them within bounds whenever the course
# is executed.

# %%
if not (faces.split != "").all():
    parts = StratifiedGroupKFold(5, shuffle=True, random_state=SEED).split(
        faces, labels, faces.group
    )
    (_, testing), (_, validating), *_ = parts
    faces["split"] = "train"
    faces.loc[testing, "split"], faces.loc[validating, "split"] = "test", "validation"
faces["group"] = [f"g{number:04d}" for number in faces.group]
torn = int((faces.groupby("group").split.nunique() > 1).sum())
columns = ["picture", "label", "person", "group", "split"]
faces[columns].to_csv(
    out.path("faces.csv"), index=False, lineterminator="\n", encoding="utf-8"
)
print(f"{faces.group.nunique():,} groups, {torn} of them torn by the split.")
pd.crosstab(faces.split, faces.label, margins=True, margins_name="all")

# %%
report = folder / "report.csv"
refused = (
    int((pd.read_csv(report, keep_default_na=False).what == "refused").sum())
    if report.exists()
    else 0
)
with_name = faces[faces.person != ""]
people = (
    f"{with_name.person.nunique():,}, told apart by name on {len(with_name):,} pictures"
)
if len(with_name) < len(faces):
    people += "; anyone else may be on both sides of the split"
percent = {name: f"{values.mean():.0%}" for name, values in results.items()}
parts = ", ".join(
    f"{name} {(faces.split == name).sum():,}"
    for name in ("train", "validation", "test")
)
low, middle, high = np.percentile(shorter, (5, 50, 95))

# %%
card = f"""# Data card: {dataset.title}

**What it holds.** {dataset.holds}

| | |
|---|---|
| files | {len(faces) + refused:,}: {len(faces):,} read, {refused:,} unreadable |
| with a mask | {counts["with_mask"]:,} |
| without a mask | {counts["without_mask"]:,} |
| people | {people} |
| shorter side, 5 % / 50 % / 95 % | {low:,.0f} / {middle:,.0f} / {high:,.0f} px |
| byte-identical | {exact_groups:,} groups, {exact_extra:,} extra copies |
| near-duplicates (distance {threshold} of 64 or less, mirror images too) | \
{near_groups:,} groups, {near_extra:,} extra copies |
| split by group | {parts}; {torn} groups torn |

**Source.** {dataset.source}

**Licence.** {dataset.licence}. {dataset.terms}

**Known limits.** Balanced accuracy without the middle of the picture (50 % is \
chance): {percent["width and height, 0 pixels"]} from
width and height alone, {percent["upper border, 14 pixels"]} from the upper border, \
{percent["border, 28 pixels"]} from the whole border,
which a mask may touch. The hash that found the near-duplicates finds \
{found[threshold]:.0%} of planted copies. Copies stay in the
collection; they share a group.

**Not for** identifying people, watching them without their knowledge, or any \
decision about a person.
"""
files.write_text(out.path("data_card.md"), card)
Markdown(card.replace("# Data card", "### Data card", 1))

# %%
measured = {
    "leak_random": leaks["at random"],
    "leak_hash": leaks["by hash"],
    "leak_grouped": leaks[last],
    "leak_natural": leak_natural,
    "hash_recall": found[threshold],
    "hash_false_alarms": alarms[threshold],
    "coin_random": scores["labels: coins"]["at random"],
    "coin_grouped": scores["labels: coins"][last],
    "border_accuracy": results["border, 28 pixels"],
    "size_accuracy": results["width and height, 0 pixels"],
    "spoiled_same": outcome["the same mistake"],
    "spoiled_fair": outcome["both framings of everyone"],
    "spoiled_opposite": outcome["the opposite mistake"],
}
out.record(
    pictures=len(faces),
    hash_threshold=threshold,
    torn_groups=torn,
    **{name: round(float(np.mean(value)), 4) for name, value in measured.items()},
)
separability = {
    name: {
        "mean": round(float(values.mean()), 3),
        "spread": round(float(values.std()), 3),
    }
    for name, values in results.items()
}
files.write_text(
    out.path("separability.json"), json.dumps(separability, indent=2) + "\n"
)
print("Recorded:", ", ".join(sorted(path.name for path in out.folder.glob("*.[cjm]*"))))

# %% [markdown]
# ## Test yourself
#
# Four questions on the ideas of this chapter. Choose an answer and read what it says: a
# wrong one tells you what it overlooks.

# %%
quizzes.show("01_data_collection")

# %% [markdown]
# ## Remember
#
# - A checksum says whether it is the same *file*; a difference hash says whether it is
#   the same *picture*.
# - Tie twins and people into **groups**, and split by group. Otherwise the test
#   measures memory.
# - Forgive false alarms when you group; forgive none when you delete.
# - Before you train, find out what a starved classifier can do: borders only, size
#   only. What it gets is not skill.
# - The lazy answer comes first in every table, and balanced accuracy when classes are
#   unequal.
# - Ask people before you take their picture, and write down what you have in a data
#   card.
#
# **And now?** We have far too few faces with a mask, and those we have come from
# elsewhere than the others. If only we could put a mask on *these* faces, well worn,
# under the nose, on a turned head. Where exactly on a photograph is a nose? Chapter 02
# finds 68 points on every face, and draws.
