# ---
# jupyter:
#   course:
#     minutes: 25
#     needs: []
#     title: Welcome
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Welcome: run the finished program first
#
# A camera hangs over the entrance of a clinic, and people walk towards it. **Who wears
# a mask, and how far can a program be trusted to tell?** By the end of this course you
# will have built that program from raw photographs: data, masks drawn onto faces, three
# neural networks, a detector on a camera and a server that answers over the network.
#
# **After this chapter you can** run the finished program on a picture, name its four
# stages, count its mistakes honestly, say how sure an accuracy is, and find your way
# around the course.
#
# **You need** Python, NumPy and a little pandas. Nothing about neural networks: every
# term is explained when it first appears. **Time:** 25 minutes to read and run, 30 more
# for the four exercises. Press Shift+Enter to run a cell.

# %% tags=["parameters"]
PROFILE = "sample"  # "real": the last gallery shows photographs that you fetched

# %%
import numpy as np
import pandas as pd
from course_utils.data.faces_table import faces_dir, load_faces
from course_utils.detection import welcome
from course_utils.pictures.images import read_rgb

# %% [markdown]
# ## What does the finished program do?
#
# The pictures embedded in this course show **invented people**: a computer rendered
# them, so nobody's privacy is touched and we know the truth about every face. A *scene*
# shows several of them, near and far, as an entrance camera sees them.
#
# One call runs the whole program on a scene. The first time takes a few seconds: a
# neural network is loaded.

# %%
SAMPLE = faces_dir("sample")
first_scene = read_rgb(SAMPLE / "scenes/scene_2.jpg")
first_faces = welcome.detect(first_scene)

height, width = first_scene.shape[:2]
masked = [face for face in first_faces if face.label == "with_mask"]
print(f"In a picture of {width} x {height} pixels", end=" ")
print(f"the program found {len(first_faces)} faces:")
print(f"{len(masked)} with a mask, {len(first_faces) - len(masked)} without.")

# %%
from course_utils.figures import welcome as welcome_figures

alt = (
    f"A rendered scene with people near and far. {len(first_faces)} faces are boxed;"
    f" {len(masked)} boxes say mask."
)
welcome_figures.show_faces(first_scene, first_faces, alt)

# %% [markdown]
# A solid box says *mask*, a dashed box says *no mask*. The number is a **probability**:
# how strongly the program believes that this face wears a mask over mouth *and* nose.
# Near 1 it is convinced of a mask, near 0 of none, and around 0.5 it might as well toss
# a coin.
#
# Are there people without a box? Is a box wrong? Most demonstrations stop at the pretty
# picture. We will count.

# %% [markdown]
# ## How does a picture become an answer?
#
# Four stages stand between the camera and an alarm. The **face detector** draws boxes
# around faces. Each box is **cropped**: cut out with a little margin and resized to one
# small square. The **classifier** turns the square into a probability. It is a **neural
# network**: a long formula with many adjustable numbers, its *weights*, which were
# **trained**, that is adjusted on examples until its answers were right. Last, a
# **threshold** turns the probability into a label, and the label may raise the alarm.

# %%
welcome_figures.show_stages(first_scene, first_faces)

# %% [markdown]
# Two networks share the work. The detector, made by others, says where faces are: it
# looks at the picture piece by piece, at small pieces for far faces. The classifier,
# made for this course, says what is on them. They fail in different ways. A face that
# the *detector* misses is never asked about. A face that it finds can still get the
# wrong label from the *classifier*. A camera that reports "everybody wears a mask" may
# simply have seen nobody. So we keep two counts apart: **found or missed**, and, among
# the found, **right or wrong**.

# %% [markdown]
# ## How many faces did it find?
#
# To count we need the truth. Each scene comes with an **annotation**: a file with one
# box per face and the name of its class. Ours are in the PASCAL VOC format, an XML file
# that chapter 01 reads line by line.
#
# Three classes are annotated. A mask that leaves the nose free is a class of its own
# (`mask_weared_incorrect`, as a known data set spells it). For us it counts as *no
# mask*: it does not protect.

# %%
from course_utils.pictures.annotations import read_voc


def faces_at(annotated, faces):
    """List the found faces whose centre lies inside the annotated box."""
    hits = []
    for face in faces:
        x = (face.box.x_min + face.box.x_max) / 2
        y = (face.box.y_min + face.box.y_max) / 2
        if (
            annotated.x_min <= x < annotated.x_max
            and annotated.y_min <= y < annotated.y_max
        ):
            hits.append(face)
    return hits


# %%
boxes, problems = read_voc(SAMPLE / "scenes/scene_2.xml")
for box in boxes[-3:]:
    fate = "found" if faces_at(box, first_faces) else "missed"
    print(f"A face of {box.width} pixels, annotated as {box.label}: {fate}.")

# %% [markdown]
# The rule is simple: a face is *found* when the centre of some found box lies inside
# the annotated box. Now all scenes. Each annotated face gets a row: its width, its true
# class, whether it was found and what the program said.

# %%
scenes = pd.read_csv(SAMPLE / "scenes.csv")
rows, extra = [], []
for picture in scenes.picture:
    scene = read_rgb(SAMPLE / picture)
    faces = welcome.detect(scene)
    boxes, problems = read_voc((SAMPLE / picture).with_suffix(".xml"))
    matched = []
    for box in boxes:
        hits = faces_at(box, faces)
        said = hits[0].label if hits else ""
        rows.append([box.width, box.label, bool(hits), said])
        matched += hits
    for face in faces:
        if face not in matched:
            extra.append((face, welcome.cut_face(scene, face.box)))

# %%
counted = pd.DataFrame(rows, columns=["width", "class", "found", "said"])
is_masked = counted["class"] == "with_mask"
counted["truth"] = np.where(is_masked, "with_mask", "without_mask")
counted["right"] = counted.said == counted.truth

# %%
large = counted[counted.width >= 40]
number_found, number_right = counted.found.sum(), counted.right.sum()
large_found = large.found.sum()
print(f"Of {len(counted)} faces in {len(scenes)} scenes", end=" ")
print(f"the program found {number_found}.")
print(f"Of the {len(large)} faces that are at least 40 pixels wide", end=" ")
print(f"it found {large_found}.")
print(f"Of the {number_found} found faces it labelled {number_right} correctly.")
print(f"Boxes whose centre lies in no face: {len(extra)}.")

# %%
from course_utils import figures

titles = [f"{welcome.WORDS[face.label]} {face.probability:.2f}" for face, cut in extra]
alt = "A shoe, a hand before a jacket, a chin, and hair between two faces."
figures.show_pictures([cut for face, cut in extra], alt, titles, columns=4, size=1.5)

# %% [markdown]
# These boxes hold a shoe, a hand, a chin and a head of hair. Such a **false alarm**
# counts a person who isn't there. The classifier knows two answers and must give one,
# even of a hand, and may be very sure. And which faces are missed? Look at their size:

# %%
edges = [0, 20, 40, 80, 1000]
names = ["under 20", "20 to 39", "40 to 79", "80 and more"]
sizes = pd.cut(counted.width, edges, right=False, labels=names)
sizes.name = "width of the face in pixels"
by_size = counted.groupby(sizes, observed=False)
by_size.agg(faces=("found", "size"), found=("found", "sum"), right=("right", "sum"))

# %%
welcome_figures.show_fates(counted)

# %% [markdown]
# Most of the missed faces are small: they lie left of the dotted line, at 20 pixels. A
# face of 15 pixels that looks aside has little left to recognise. Yet faces at the far
# end of a corridor **are** that small: chapters 06 and 07 see what can be repaired.
#
# But size is not everything. The scenes hold too few faces to ask whom it misses, so
# here is a second count: in how many of the photographs that the classifier was made
# from did the same detector find a face? That was written down when it was trained.

# %%
import json

by_class = large.groupby("class").agg(faces=("found", "size"), found=("found", "sum"))
print(by_class.to_string())

path = SAMPLE.parent / "finished" / "provenance.json"
provenance = json.loads(path.read_text(encoding="utf-8"))
for label, counts in provenance["photographs by class"].items():
    number = sum(counts.values())
    share = counts["found"] / number
    word = welcome.WORDS[label]
    print(f"In {share:.0%} of {number} photographs labelled {word} a face was found.")

# %% [markdown]
# Does the detector dislike masks? Not so fast: the two groups of photographs come from
# different places and are framed differently, too (chapter 01 shows how much that
# matters). So count once more, in embedded portraits, all framed alike.

# %%
people = load_faces("sample")
people = people[people.split == "test"].reset_index(drop=True)
alike = people[(people.occlusion == "none") & people.wearing.isin(["none", "proper"])]
share_found = {}
for label, names in alike.groupby("label").picture:
    squares = [welcome.cut_largest_face(read_rgb(SAMPLE / name)) for name in names]
    found = sum(square is not None for square in squares)
    share_found[label] = found / len(names)
    word = welcome.WORDS[label]
    print(f"Portraits labelled {word}: a face was found in {found} of {len(names)}.")

# %% [markdown]
# Framed alike, nearly everybody is found, and the gap has shrunk to a few faces. It
# still points the same way: whoever is missed wears a mask, which hides half of what
# makes a face. In the photographs both causes add up, and nobody can tell them apart
# afterwards. Whoever reads only the labels of found faces concludes that fewer people
# wear a mask than do. **A program can be biased before its classifier has said a
# word.** Faces that are turned away or cut by the picture's edge are lost, too; chapter
# 07 comes back to those.

# %% [markdown]
# ## Which faces fool it?
#
# Now we hand the classifier faces whose boxes we know, so the detector can't interfere.
# It has never seen these people: they belong to the **test split**, kept aside when it
# was trained. Some are **hard negatives**: no proper mask, but something that resembles
# one. A hand, an arm or a scarf before the mouth, a mask under the nose, under the
# chin, or on the nose only.

# %%
from course_utils.pictures.annotations import Box

squares = []
for row in people.itertuples():
    box = Box("face", row.x_min, row.y_min, row.x_max, row.y_max)
    squares.append(welcome.cut_face(read_rgb(SAMPLE / row.picture), box))
people["probability"] = welcome.classify(squares)
people["said"] = np.where(people.probability >= 0.5, "with_mask", "without_mask")
people["right"] = people.said == people.label

# %%
kinds = {
    "none": "bare face",
    "proper": "mask worn properly",
    "under_nose": "mask under the nose",
    "nose_only": "mask on the nose only",
    "under_chin": "mask under the chin",
}
things = {
    "hand": "hand over the mouth",
    "scarf": "scarf over the mouth",
    "arm": "arm before the mouth",
}
people["kind"] = people.occlusion.map(things).fillna(people.wearing.map(kinds))

# %%
chapters = dict.fromkeys(kinds.values(), "02") | dict.fromkeys(things.values(), "09")
chapters |= {"bare face": "05", "mask worn properly": "05"}
by_kind = people.groupby("kind").agg(faces=("right", "size"), right=("right", "sum"))
by_kind["treated in chapter"] = by_kind.index.map(chapters)
by_kind.sort_values(["faces", "right"], ascending=False)

# %% [markdown]
# Numbers are one thing, faces another: here are, of each kind but the bare faces, the
# two with the highest probability of a mask.

# %%
hard = people[people.kind != "bare face"]
hard = hard.sort_values(["kind", "probability"], ascending=[True, False])
hard = hard.groupby("kind").head(2)
pictures = [read_rgb(SAMPLE / picture) for picture in hard.picture]
welcome_figures.show_hard_faces(pictures, hard)

# %%
bare = people[people.kind == "bare face"]
tricky = people[~people.kind.isin(["bare face", "mask worn properly"])]
all_right, bare_right = people.right.sum(), bare.right.sum()
tricky_right = tricky.right.sum()
print(f"Right on {all_right} of {len(people)} test faces in all,")
print(f"on {bare_right} of {len(bare)} bare faces,", end=" ")
print(f"but on {tricky_right} of {len(tricky)} hard negatives.")

# %% [markdown]
# The share of right answers is called **accuracy**. One accuracy over all faces would
# have hidden this. Bare faces are easy and frequent, so they lift the average, and the
# mistakes on masks, worn properly or not, drown in it. **A single number describes the
# mixture of faces that it was measured on as much as it describes the program.** That
# is why this course counts by group, up to skin tone, age and pose in chapter 09.

# %% [markdown]
# ## Where should the threshold stand?
#
# So far a face counts as *mask* from a probability of 0.5. Is that right? At a clinic's
# door, letting an unmasked person pass is worse than asking a masked one to come
# closer; in a statistic of mask use both errors weigh the same. Here are both, as the
# threshold moves.

# %%
with_mask = people.probability[people.label == "with_mask"]
without_mask = people.probability[people.label == "without_mask"]
thresholds = np.linspace(0, 1, 101)
passed = [np.mean(without_mask >= threshold) for threshold in thresholds]
stopped = [np.mean(with_mask < threshold) for threshold in thresholds]
welcome_figures.show_errors(thresholds, passed, stopped)

for percent in (20, 50, 80):
    print(f"Threshold {percent / 100}: of the faces without a mask", end=" ")
    print(f"{passed[percent]:.0%} pass, of those with one", end=" ")
    print(f"{stopped[percent]:.0%} are stopped.")

# %%
from course_utils.notebook import welcome as try_out
from course_utils.notebook import widgets

widgets.show(
    try_out.threshold_slider(first_scene, first_faces),
    "move the threshold and watch the labels of the first scene change.",
)

# %% [markdown]
# Raise the threshold: fewer unmasked faces slip through, more masked ones are stopped.
# No position removes both errors, and the best one depends on what each error costs.
# Chapter 09 chooses a threshold for a stated cost.

# %% [markdown]
# ## What does it say of your picture?
#
# First an embedded face, then a picture of your own. It is judged by this notebook, in
# memory; nothing leaves your machine or is stored. Try to fool it: a mask pulled down,
# a hand, sunglasses, your profile, a step back, a photograph of a photograph.


# %%
example = people[people.kind == "mask worn properly"].picture.iloc[0]
rgb, faces, sentence = try_out.judge(SAMPLE / example)
alt = f"A rendered head and shoulders. {sentence}"
welcome_figures.show_faces(rgb, faces, alt, size=(3.5, 3.5))

# %%
widgets.show(
    try_out.Upload(),
    "choose a picture of your own; it is judged on your machine.",
)

# %% [markdown]
# Now a gallery of test faces, drawn at random, as many with a mask as without. If you
# have fetched the real photographs, set `PROFILE = "real"` at the top and run again to
# see those. (Most of those photographs were in its training.)

# %%
from course_utils.profiles import SEED

gallery = load_faces(PROFILE)
gallery = gallery[gallery.split.isin(["test", ""])]
each = min(8, gallery.label.value_counts().min())
gallery = gallery.groupby("label").sample(each, random_state=SEED)
pictures = [read_rgb(faces_dir(PROFILE) / picture) for picture in gallery.picture]
gallery["face"] = [welcome.cut_largest_face(picture) for picture in pictures]

# %%
found = gallery[gallery.face.notna()].copy()
found["probability"] = welcome.classify(list(found.face))
found["said"] = np.where(found.probability >= 0.5, "with_mask", "without_mask")
found["right"] = found.said == found.label
gallery_right = found.right.sum()
for label in ("with_mask", "without_mask"):
    number = sum(found.label == label)
    print(f"Of {each} pictures with the label {welcome.WORDS[label]},", end=" ")
    print(f"a face was found in {number}.")
print(f"Of the {len(found)} found faces the program labelled", end=" ")
print(f"{gallery_right} correctly.")

# %%
welcome_figures.show_gallery(found)

# %% [markdown]
# ## How sure is an accuracy?
#
# This course retraces a student project of 2021. It gathered about 58,000 faces, drew
# masks on many of them, trained three networks and tested them on 813 faces from real
# surveillance cameras. Far and small faces failed, so the students shrank their
# training faces to 10 to 40 pixels and enlarged them again. That was the *fix*. Here is
# what they reported.

# %%
original = pd.DataFrame(
    {
        "network": ["ResNet-50", "ResNet-34", "MobileNetV2"],
        "before the fix": [0.8413, 0.8069, 0.8081],
        "after the fix": [0.8696, 0.8819, 0.8253],
    }
).set_index("network")
original.round(2)

# %% [markdown]
# ResNet-34 reached 0.88 and ResNet-50 reached 0.87. Is ResNet-34 better? Suppose a
# network is right on exactly 88 % of all faces in the world. Test it on 813 of them,
# drawn at random, and the measured accuracy will not be 0.88: luck decides which
# faces you get. The next cell repeats that test ten thousand times.

# %%
random = np.random.default_rng(SEED)
measured = random.binomial(813, 0.88, size=10_000) / 813
low, high = np.percentile(measured, [2.5, 97.5])
print(f"95 of 100 tests measure between {low:.2f} and {high:.2f},", end=" ")
print("though the network never changes.")

known = original["after the fix"].drop("MobileNetV2")
welcome_figures.show_repeats(measured, (low, high), known)

# %% [markdown]
# Both results lie well inside the luck of one and the same network. The shaded span is
# a **95 % interval**, which statisticians call a *confidence interval*. You need no
# simulation to get it: for an accuracy $p$ on $n$ faces it reaches about
#
# $$1.96\,\sqrt{p\,(1-p)\,/\,n}$$
#
# to either side. Under the root stands the variance of the share of heads in $n$ tosses
# of a coin that shows heads with probability $p$; 1.96 standard deviations to both
# sides hold 95 % of a bell curve.


# %%
def half_width(accuracy, faces):
    """How far the 95 % interval reaches to either side."""
    return 1.96 * np.sqrt(accuracy * (1 - accuracy) / faces)


reaches = half_width(original, 813)
welcome_figures.show_intervals(original, reaches)

# %%
gains = original["after the fix"] - original["before the fix"]
for network, gain in gains.items():
    before, after = reaches.loc[network]
    print(f"{network}: the fix gained {100 * gain:.1f} points,", end=" ")
    print(f"the two intervals reach {100 * before:.1f} and {100 * after:.1f}.")

# %% [markdown]
# Only one gain is larger than both reaches together; the others may be luck. And the
# same people walk past a camera many times, so 813 faces are worth fewer than 813
# independent tests, and the fix was judged on the very faces that had suggested it.
# What this course does differently: **every number is computed by the run that prints
# it, no person stands in training and test at once, and every accuracy comes with its
# interval.** (The formula and this comparison are rough; chapter 05 has better ones.)

# %%
accuracy = people.right.mean()
reach = half_width(accuracy, len(people))
print("Embedded test people, measured by this run:", end=" ")
print(f"{accuracy:.2f} on {len(people)} faces, give or take {reach:.2f}.")

held_out = provenance["held out"]["photograph, whole, as it is"]
low, high = held_out["interval"]
print("Real photographs, measured when it was trained:", end=" ")
print(f"{held_out['accuracy']:.2f} on {held_out['faces']} faces,", end=" ")
print(f"from {low:.2f} to {high:.2f}.")

# %%
from course_utils.notebook.artefacts import Artefacts

Artefacts("00_welcome", PROFILE).record(
    faces_40px_found=large.found.mean(),
    portraits_found_masked=share_found["with_mask"],
    portraits_found_bare=share_found["without_mask"],
    found_labelled_right=number_right / number_found,
    test_accuracy=accuracy,
    bare_faces_right=bare.right.mean(),
)

# %% [markdown]
# ## What must it not be used for?
#
# A face is personal data: it can't be changed like a password, and it shows age, health
# and origin. This course teaches on invented people for that reason. Photographs of
# real people stay on your machine. A program like this may count how many visitors wear
# a mask. It must not identify anyone, judge staff, or close a door by itself: it fails
# more often for some people than for others, and you have just seen it fail. Chapter 09
# measures for whom, and writes it into a model card.

# %% [markdown]
# ## How does this course work?
#
# - **Cells.** Prose asks, code answers. Run them from top to bottom; change a value and
#   run again whenever you wonder.
# - **Profiles.** `PROFILE = "sample"` uses the embedded pictures and needs no network.
#   `"real"` uses photographs: `course data fetch face-mask-detection`.
# - **Files.** What a chapter makes lies under `work/`, and later chapters read it
#   there. Nothing else changes. Deleting `work/sample/` is always safe: a run makes it
#   again.
# - **The `course` command.** In a terminal, `course run 00` executes this chapter,
#   `course run` all of them; a chapter that misses a file says which one makes it.
# - **Stuck?** *Kernel > Restart Kernel and Run All Cells* mends most things; `git
#   checkout chapters` brings every chapter back as it was shipped, without your
#   changes; `course doctor` looks for the rest.

# %% [markdown]
# **What is an exercise?** A cell for you to fill in, followed by a check that gives one
# of three verdicts. Here are all three, for a question: how many numbers does the
# classifier receive for one face, a square of 128 x 128 pixels with three colours?
# Replace the first `None` and run the cell again.

# %%
from course_utils.checks import chapter_00

for answer_to_try in (None, 128 * 128, 128 * 128 * 3):
    display(chapter_00.check_demonstration(answer_to_try))

# %% [markdown]
# *Not attempted* means that the cell is as it was shipped, *not yet* comes with a hint,
# *passed* means right. A check tries several inputs, so guessing one value will not do.
# Then compare with `solutions/00_welcome.ipynb`, if you were given it: it says why, not
# only how.
#
# The map of the course, with the minutes that it takes to read and run each chapter:

# %%
from course_utils.notebook import chapter_map

pd.set_option("display.max_colwidth", 100)
chapter_map.course_map()

# %% [markdown]
# **What have you done?** What a check said of your answers is kept in
# `work/progress.json` on this machine, and sent nowhere. `progress()` shows it in any
# chapter, `course progress` in a terminal; `course progress --reset` begins anew.

# %%
from course_utils.notebook.progress import progress

progress()

# %% [markdown]
# ## Exercises
#
# From chapter 01 on you meet each where it belongs.
#
# **Exercise 0-1** (easy, 5 minutes). Count those who were never found. A program finds
# 54 people with a mask and 94 without. But as in the photographs above it finds only
# 54 % of those who wear one, and 94 % of the others. What share of *all* people wears a
# mask? Write it as a function of the two counts and the two shares.


# %% tags=["exercise-0-1"]
def share_with_mask(masked, bare, found_masked, found_bare):
    """Return the share of all people, found or not, who wear a mask."""
    return None


# %%
chapter_00.check_1(share_with_mask)

# %% [markdown]
# **Exercise 0-2** (easy, 8 minutes). Do two boxes mark the same face? The centre rule
# above is lenient: a box as large as the picture would "find" a face in its middle. The
# field uses **intersection over union**: the area that two boxes share, divided by the
# area that they cover together. It is 1 for the same box and 0 for boxes that do not
# overlap. A `Box` has `x_min`, `y_min`, `x_max`, `y_max`, `width` and `height`, in
# pixels; the right and the lower edge do not belong to it any more.


# %% tags=["exercise-0-2"]
def intersection_over_union(one, two):
    """Return the shared area of two boxes divided by the area of their union."""
    return None


# %%
chapter_00.check_2(intersection_over_union)

# %% [markdown]
# **Exercise 0-3** (medium, 13 minutes). How many faces does a fair comparison need? Two
# accuracies, 0.87 and 0.88, both from 813 faces, could not be told apart. Turn the
# formula around: how many faces must a test have, so that the 95 % interval around an
# accuracy reaches at most a given distance to either side? Write it as a function. Then
# `faces_needed(0.88, 0.01)` is the size of a test whose interval around 0.88 just ends
# at 0.87.


# %% tags=["exercise-0-3"]
def faces_needed(accuracy, reach):
    """Return the smallest number of faces for which the 95 % interval reaches at most
    `reach` to either side.
    """
    return None


# %%
chapter_00.check_3(faces_needed)

# %% [markdown]
# **Exercise 0-4** (medium, 7 minutes). How many alarms are false? Suppose that 95 % of
# the people at an entrance wear a mask. As above, at a threshold of 0.8, 16 % of those
# are stopped by mistake, and 98 % of the others, as they should be. Of all who are
# stopped, what share wears a mask? Guess first, then write it as a function of the
# three shares.


# %% tags=["exercise-0-4"]
def false_alarm_share(wearing, stopped_masked, stopped_bare):
    """Return the share of the stopped people who wear a mask."""
    return None


# %%
chapter_00.check_4(false_alarm_share)

# %% [markdown]
# **Open task: break the program** (an hour). No check can judge this one; this list
# can. Find one change that makes the program fail, with pictures of yourself or of
# somebody who agreed, and show it to somebody else.
#
# - At least ten pairs of pictures; within a pair only that one thing changes.
# - You wrote down what you expected before you looked.
# - Missed faces and wrong labels are counted apart.
# - The share of failures comes with its 95 % interval.
# - One sentence says what follows for whoever uses the program.

# %% [markdown]
# ## Test yourself
#
# Choose an answer and read what it says: a wrong one tells you what it overlooks.

# %%
from course_utils.notebook import quizzes

quizzes.show("00_welcome")

# %% [markdown]
# ## Remember
#
# - The program has two parts that fail separately: the *face detector* finds or misses,
#   the *classifier* is right or wrong.
# - Look at the mistakes by group. An average is made by whatever is frequent.
# - A threshold trades one error for the other; what they cost decides where it stands.
# - An accuracy without its interval is half a number.
#
# **And now?** The classifier's accuracy on real photographs looks splendid, and nobody
# has asked what it looks at. In those photographs, many people *without* a mask were
# cut out tightly around the face, and many people *with* one stand before the white
# wall of a photo studio. **Could a program score well on them without ever looking at a
# mouth?** Chapter 01 tries exactly that.
