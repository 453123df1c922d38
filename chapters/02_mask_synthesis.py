# ---
# jupyter:
#   course:
#     minutes: 30
#     needs:
#     - '01'
#     title: Draw masks onto faces
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Draw masks onto faces
#
# Chapter 01 ended with a wish: the same face with and without a mask, so that nothing
# differs but the mask. No collection has that, but we can draw it. **Where does a mask
# go on a face, what makes a drawn one look worn, and does a classifier that has only
# seen drawn masks know a real one?**
#
# **After this chapter you can** find 68 landmarks on a face, compute a homography from
# four pairs of points and say where it must fail, bend a mask over a turned head, draw
# the four ways of wearing it, mask a whole collection, and account for every face in
# it.
#
# **You need** chapter 01 and a little linear algebra (a matrix times a vector).
# **Time:** 30 minutes to read and run, and about an hour for the five exercises.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import numpy as np
import pandas as pd
from course_utils import figures
from course_utils.checks import chapter_02
from course_utils.faces import find_faces
from course_utils.figures import masks as mask_figures
from course_utils.notebook.artefacts import Artefacts
from course_utils.profiles import SEED

out = Artefacts("02_mask_synthesis", PROFILE)

# %% [markdown]
# ## Where exactly is a nose?
#
# A **face detector** answers with a box: somewhere in here is a face. A **landmark
# predictor** goes on from there and says where each of 68 agreed points lies: 17 along
# the jaw, 10 on the brows, 9 on the nose, 12 around the eyes and 20 around the lips.
# The order is that of the iBUG 300-W collection (Sagonas et al., 2013), which most
# software follows. Ours is dlib's, a cascade of regression trees: each tree compares a
# few pairs of pixels and pushes the points a little (Kazemi and Sullivan, 2014). It
# learned from photographs that must not be used commercially, so neither may the model.

# %%
from course_utils.data.faces_table import faces_dir, load_faces
from course_utils.pictures.images import read_rgb

embedded = load_faces("sample")
in_the_way = ["wearing", "occlusion", "head_covering", "glasses"]
bare = embedded[(embedded[in_the_way] == "none").all(axis=1)]
turn = bare.yaw.abs() + bare.pitch.abs() + bare.roll.abs()

front_picture = read_rgb(faces_dir("sample") / bare.picture[turn.idxmin()])
front = find_faces(front_picture)[0]
mask_figures.show_landmarks(front_picture, front.landmarks, front.box)
print(
    f"{len(front.landmarks)} landmarks; the outer corners of the eyes (36 and 45) are"
    f" {front.interocular:.0f} pixels apart."
)

# %% [markdown]
# Left and right are those of the picture, and y grows downwards. From now on the
# distance between the outer eye corners is our ruler: an error of 0.1 means a tenth of
# it, however large the picture.
#
# What can be read off these points? First the **roll** of the head: how far it leans to
# one side. A tilted face needs a tilted mask.
#
# **Exercise 2-1** (easy, 5 minutes). Write `roll(landmarks)` for an array of shape (68,
# 2): the angle in degrees between the line through the outer eye corners (36 and 45)
# and the horizontal, positive when the head in the picture is turned clockwise.


# %% tags=["exercise-2-1"]
def roll(landmarks):
    """Return a head's roll in degrees, positive clockwise, from its 68 landmarks."""
    ...  # your lines


# %%
chapter_02.check_1(roll)

# %% [markdown]
# ## How does a flat picture get onto a face?
#
# Here is the mask. Its pixels hold a fourth number beside red, green and blue:
# **alpha**, which says how much a pixel covers what lies behind it (0 nothing, 1
# everything). A small file beside it names places on it. A place on the mask that
# belongs on a known place of the face is called an **anchor**.

# %%
from course_utils.masks.textures import flat_mask

mask, anchors = flat_mask("surgical_blue")  # RGBA; name -> (x, y) in its pixels
corners = {  # anchor -> landmark
    "side_upper_left": 2,
    "side_upper_right": 14,
    "side_lower_left": 5,
    "side_lower_right": 11,
}
mask_figures.show_anchors(mask, anchors, corners, front_picture, front.landmarks)

# %% [markdown]
# Four anchors have a partner on the jaw. Which function takes each anchor $(x, y)$ to
# its partner $(u, v)$, and everything between along with it? A shift has two numbers to
# choose, an *affine map* (a matrix, then a shift) six. With eight we get the
# **homography**, the map between two photographs of one flat thing:
#
# $$u = \frac{h_1 x + h_2 y + h_3}{h_7 x + h_8 y + h_9}, \qquad
# v = \frac{h_4 x + h_5 y + h_6}{h_7 x + h_8 y + h_9}$$
#
# Multiply by the denominator and bring everything to one side. Each pair of points then
# gives two equations of one form: nine known numbers times the column $h$ of the nine
# unknown ones must be 0. Four pairs give a matrix $A$ of eight rows, and we look for
# the $h$ with $Ah = 0$. Eight equations can't fix nine numbers, and need not: doubling
# all nine changes nothing, so only the *direction* of $h$ matters. The **singular value
# decomposition** finds it. It returns nine directions at right angles to each other,
# sorted by how long $A$ makes an arrow of length 1 that points there. The last arrow
# shrinks to nothing: that is $h$ (Hartley and Zisserman, 2004).


# %%
def equations(source, target):
    """Return the eight equations, (8, 9), of four points (4, 2) and their targets."""
    rows = []
    for (x, y), (u, v) in zip(source, target):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, -u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, -v])
    return np.array(rows)


def homography(source, target):
    """Return the 3 x 3 matrix that takes four points to four others."""
    directions = np.linalg.svd(equations(source, target))[2]  # (9, 9)
    return directions[-1].reshape(3, 3)


# %%
places, jaw = [anchors[name] for name in corners], list(corners.values())


def mask_to_face(landmarks):
    """Return the homography of our mask onto a face."""
    return homography(places, landmarks[jaw])


matrix = mask_to_face(front.landmarks)
A, h = equations(places, front.landmarks[jaw]), matrix.ravel()
print(f"Length of h: {np.linalg.norm(h):.3f}; of Ah: {np.linalg.norm(A @ h):.3f}")
print(np.array2string((matrix / matrix[2, 2]).round(3), suppress_small=True))

# %% [markdown]
# The matrix acts on $(x, y, 1)$ and returns three numbers; the third is the
# denominator.
#
# **Exercise 2-2** (easy, 10 minutes). Write `move(matrix, points)`: it takes a 3 x 3
# homography and an array of n points, shape (n, 2), and returns where they go, shape
# (n, 2).


# %% tags=["exercise-2-2"]
def move(matrix, points):
    """Apply a homography to points (n, 2); returns (n, 2)."""
    ...  # your lines


# %%
chapter_02.check_2(move)

# %% [markdown]
# Now every pixel. `cv2.warpPerspective` asks backwards, for each pixel of the
# photograph, where on the mask it comes from, so that no hole is left. Then the mask
# covers the photograph: where alpha is 1 we see the mask, where it is 0 the face, and
# at the edge a mixture.

# %%
import cv2


def paste(picture, landmarks):
    """Paste the flat mask onto a face through a homography."""
    height, width = picture.shape[:2]
    matrix = mask_to_face(landmarks)
    warped = cv2.warpPerspective(mask, matrix, (width, height)).astype(float)
    alpha = warped[..., 3:] / 255  # (height, width, 1)
    mixture = warped[..., :3] * alpha + picture * (1 - alpha)
    return mixture.round().astype(np.uint8)


before_and_after = [front_picture, paste(front_picture, front.landmarks)]
alt = "A face from the front, before and after: the mask covers nose, mouth and chin."
figures.show_pictures(before_and_after, alt, ["before", "after"], columns=2, size=2.4)

# %% [markdown]
# Few people look straight into a camera. What if the head turns to one side? (That
# angle is its **yaw**.)

# %%
sideways = (bare.yaw.abs() - bare.pitch.abs()).sort_values()
chosen = bare.loc[sideways.index[[-1, -2, -3, -5, -7]]]
turned = [read_rgb(faces_dir("sample") / name) for name in chosen.picture]
turned_faces = [find_faces(picture)[0] for picture in turned]
pasted = [paste(picture, face.landmarks) for picture, face in zip(turned, turned_faces)]

alt = (
    "Five heads turned to a side. Each mask sits between the sides of the jaw, so that"
    " its middle fold lies on a cheek and the tip of the nose is not where the mask has"
    " its nose."
)
figures.show_pictures(pasted, alt, columns=5, size=1.8)
yaws = chosen.yaw.abs()
print(
    f"These heads were rendered with a yaw of {yaws.min():.0f}° to {yaws.max():.0f}°."
)

# %% [markdown]
# The four corners sit where we asked, and yet each mask is wrong: its middle lies on a
# cheek. A homography carries one *plane* to another, and a face is not a plane. The
# nose sticks out; when the head turns, it moves sideways further than the jaw does, and
# those four points know nothing of it. How large is the error? The tip of the nose has
# an anchor, too. How far from landmark 30 does the homography take it, on many heads?


# %%
def nose_error(face):
    """Return how far from the nose the homography puts the mask's nose.

    In distances of the outer eye corners.
    """
    x, y, w = mask_to_face(face.landmarks) @ [*anchors["nose_tip"], 1]
    distance = np.linalg.norm((x / w, y / w) - face.landmarks[30])
    return distance / face.interocular


many = bare.sample(min(150, len(bare)), random_state=SEED)
portraits = [read_rgb(faces_dir("sample") / name) for name in many.picture]
found = [find_faces(portrait, max_faces=1) for portrait in portraits]

# %%
turns = np.array([abs(yaw) for yaw, face in zip(many.yaw, found) if face])
errors = np.array([nose_error(face[0]) for face in found if face])
mask_figures.show_error_by_turn(turns, errors)

few, much = errors[turns < 5].mean(), errors[turns > 20].mean()
print(
    f"Heads turned less than 5°: {few:.2f}; more than 20°: {much:.2f}, {much / few:.1f}"
    " times as much."
)

# %% [markdown]
# ## What knows that a nose sticks out?
#
# A head does. We take a **mean head**: the place of each landmark in three dimensions,
# averaged over many people. From which side must a camera look at it so that its points
# fall onto the landmarks that we found (with the smallest sum of squared distances)?
# That is the head's **pose**: yaw, roll, and **pitch**, up and down. Every anchor has a
# place on the *head*, and the pose says where the camera sees it.
#
# Nineteen anchors are too many for eight numbers. A **thin-plate spline** takes any
# number: it bends like a sheet of metal that is held at the anchors and otherwise as
# flat as it can be (Bookstein, 1989). Step by step on one head:

# %%
from course_utils.masks.head import fit_pose
from course_utils.masks.textures import load_texture
from course_utils.masks.wearing import place_anchors

texture = load_texture("surgical_blue")
on_head = place_anchors(texture.places, "proper")  # (19, 3) on the mean head
pose = fit_pose(turned_faces[1].landmarks)
seen = pose.project(on_head)  # (19, 3): x and y in pixels, and depth
sheet = texture.basis @ seen  # the spline: (points of the net, 3)
net = sheet.reshape(*texture.mesh.shape[:2], 3)
mask_figures.show_fit(turned[1], turned_faces[1].landmarks, pose, on_head, seen, net)
print(f"yaw {pose.yaw:.0f}°, pitch {pose.pitch:.0f}°, roll {pose.roll:.0f}°;", end=" ")
print(f"rendered with a yaw of {chosen.yaw.iloc[1]:.0f}°")

# %% [markdown]
# In the last picture a net stands for the mask. For each of its points a row of
# `texture.basis` says how strongly each anchor pulls, so bending is one product of
# matrices. Now all five heads:


# %%
def bent_sheet(landmarks, wear="proper"):
    """Return where the net on the mask comes to lie: (rows, columns, 3)."""
    on_head = place_anchors(texture.places, wear)
    seen = fit_pose(landmarks).project(on_head)
    return (texture.basis @ seen).reshape(*texture.mesh.shape[:2], 3)


sheets = [bent_sheet(face.landmarks) for face in turned_faces]
mask_figures.show_sheets(turned, sheets, texture.wanted)

# %% [markdown]
# On the far cheek the lines crowd and disappear behind it, and the middle runs over the
# nose. `put_on` draws the mask along such a sheet, from back to front, so that the far
# side hides itself. Here is the same mask by the homography (above) and by the head
# (below).

# %%
from course_utils.masks import MaskChoice, put_on


def draw(picture, face, choice):
    """Draw a mask on a face; whatever is random comes from one seed."""
    return put_on(picture, face, choice, np.random.default_rng(SEED)).image


blue = MaskChoice("surgical_blue")
bent = [draw(picture, face, blue) for picture, face in zip(turned, turned_faces)]
alt = (
    "Two rows of five turned heads. Above, flat masks whose middle lies on the cheek;"
    " below, masks that follow the nose, with ear loops and the light of the picture."
)
rows = ["homography", "head"]
figures.show_pictures([*pasted, *bent], alt, columns=5, size=1.6, row_titles=rows)

# %% [markdown]
# The fit is not the only difference. Look at the *light*: the pasted mask has the same
# blue by day and by lamp. A real one is darker in a dark picture and brighter towards
# the window. `put_on` measures the light on the skin below and multiplies; it also
# copies blur and noise of the photograph, softens the edge, and drops a faint shadow on
# the skin. Does it matter? A network uses whatever tells the classes apart. If all
# drawn masks are brighter than any skin, then *bright* is what it learns. How closely
# does the mask's lightness follow that of the lips below it?


# %%
def lightness(picture, face):
    """Return the mean grey level inside the lips, which every mask covers."""
    lips = cv2.convexHull(face.landmarks[48:60].round().astype(int))
    inside = cv2.fillConvexPoly(np.zeros(picture.shape[:2], np.uint8), lips, 1)
    return picture[inside == 1].mean()


skin, flat, lit = [], [], []
for portrait, faces in zip(portraits, found):
    for face in faces:
        skin.append(lightness(portrait, face))
        flat.append(lightness(paste(portrait, face.landmarks), face))
        lit.append(lightness(draw(portrait, face, blue), face))

# %%
from course_utils.figures import mask_transfer

mask_transfer.show_lightness(skin, {"pasted": flat, "lit like the skin": lit})
follows_pasted = np.corrcoef(skin, flat)[0, 1]
follows_drawn = np.corrcoef(skin, lit)[0, 1]
print(
    f"Correlation with the skin's lightness: pasted {follows_pasted:.1f}, lit"
    f" {follows_drawn:.1f}."
)

# %% [markdown]
# ## How is it worn?
#
# The original project needed more than *with* and *without*. People wear masks below
# the nose, on the nose only, or under the chin, and none of these protects anybody.
# With anchors on a head, each way is a small change: the two edges of the mask move.
# Seven types, four ways each:

# %%
from course_utils.masks import type_names
from course_utils.masks.choice import WEARS

drawn = []
for wear in WEARS:
    for kind in type_names():
        choice = MaskChoice(kind, wear=wear)
        drawn.append(draw(front_picture, front, choice))
mask_figures.show_types(drawn, front.box, type_names(), WEARS)

# %%
from course_utils.notebook import widgets
from course_utils.notebook.fitting_room import fitting_room

what = (
    "choose type, colour, pattern, way of wearing, position and head; the mask is drawn"
    " anew."
)
widgets.show(fitting_room(turned, turned_faces), what)

# %% [markdown]
# Slide the position down and watch one way of wearing turn into another. Where is the
# border between *properly* and *under the nose*? Whoever labels photographs draws it by
# eye; we know alpha, so we can measure.
#
# **Exercise 2-3** (medium, 15 minutes). Write `way_of_wearing(alpha, landmarks)`.
# `alpha`, shape (height, width), says how much each pixel is covered. A part of the
# face counts as covered when the mean of alpha over its landmarks, each rounded to the
# nearest pixel, is more than 0.5. Landmarks beside the picture don't count; a part with
# no other is not covered. The nose is 30 to 35, the mouth 48 to 67, the chin 8. Return
# one of the four words in `WEARS` (`"proper"` covers nose and mouth), or `"none"` when
# none of the three is covered.


# %% tags=["exercise-2-3"]
def way_of_wearing(alpha, landmarks):
    """Say how a mask is worn from the pixels that it covers, (height, width), and 68
    landmarks (68, 2).
    """
    ...  # your lines


# %%
chapter_02.check_3(way_of_wearing)

# %% [markdown]
# ## Can we mask a whole collection?
#
# One face is a picture; a thousand are a job that must not lose one silently. The
# original project masked its own 80 webcam pictures and got 46 back; nobody noticed
# until the counts did not add up. So the rule is: **every face gets a line in a table,
# masked or not, and the reason why not.** `mask_folder` (in a terminal: `course mask
# SRC DST`) works through a folder with several processes. Whatever is random about a
# face comes from a seed, the picture's name and the face's number: the result is the
# same with one process or eight, and after the job was killed and started again.
#
# We mask everybody whose face is bare, in the mixture of the original: three masks worn
# properly for one of each other way.

# %%
import shutil

groups = pd.read_csv(out.earlier("01_data_collection", "faces.csv"))
groups = groups[["picture", "group", "split"]]
faces = load_faces(PROFILE).merge(groups, on="picture", suffixes=("_before", ""))
open_face = faces.label == "without_mask"
for column in ("wearing", "occlusion"):  # known of the embedded pictures only
    if column in faces:
        open_face &= faces[column] == "none"
sources = faces[open_face].reset_index(drop=True)

out.fresh("bare")
for name in sources.picture:
    shutil.copyfile(faces_dir(PROFILE) / name, out.path(f"bare/{name}"))

# %%
from course_utils.masks.choice import MaskOptions
from course_utils.masks.job import mask_folder

kinds = (
    "surgical_blue, surgical, surgical_green, surgical-black, KN95, N95, cloth-black,"
    " cloth-navy-dots, cloth-#8a3b3b, cloth-#6b7a4f-checks, cloth-#d8c9b0-flowers"
)
options = MaskOptions(code=kinds, wear="mix:3,1,1,1", seed=SEED)
account = mask_folder(
    out.path("bare"), out.fresh("masked"), options, workers=2, progress=False
)
counts = account.result.value_counts()
results = ", ".join(f"{count:,} {result}" for result, count in counts.items())
print(f"{len(sources):,} pictures, {len(account):,} lines: {results}.")

# %%
done = account[account.result == "masked"]
shown = done.sample(min(32, len(done)), random_state=SEED)
alt = "Thirty-two faces with drawn masks of many kinds, worn in four ways."
masked = [read_rgb(out.path("masked") / name) for name in shown.output]
figures.show_pictures(masked, alt, columns=8, size=1.2)

# %% [markdown]
# **Look at what was lost** before you look at what was won. If mostly dark faces are
# lost, or turned ones, then the collection with masks is not the collection without,
# and the classifier will learn the difference.

# %%
lost = account[account.result != "masked"]
reasons = lost.reason.where(lost.reason.notna(), lost.result).str.split(":").str[0]
if len(lost):
    pictures = [read_rgb(out.path("bare") / name) for name in lost.picture[:16]]
    titles = [reason[:22] for reason in reasons[:16]]
    alt = "Pictures whose face could not be masked, each with the reason."
    figures.show_pictures(pictures, alt, titles, columns=8)

kept = done.picture.nunique() / len(sources)
counts = reasons.value_counts().sort_index()
others = ", ".join(f"{reason} {count}" for reason, count in counts.items())
print(f"{kept:.1%} of the pictures got a mask. The others: {others or 'none'}.")

# %% [markdown]
# An account without a loss may be good, or blind. **Plant a loss and see whether it is
# found.** We spoil copies of twenty faces in three ways: far away, so dark that nothing
# is left, cut off above the eyes. A fourth copy is only mirrored, and should be masked
# like any other.

# %%
from course_utils.pictures.images import write_jpeg

out.fresh("spoiled")
for name in sources.picture.sample(20, random_state=SEED):
    picture = read_rgb(out.path("bare") / name)
    spoiled = {
        "mirrored": picture[:, ::-1],
        "far away": cv2.resize(picture, (20, 20), interpolation=cv2.INTER_AREA),
        "dark": picture // 120,
        "cut off": picture[: len(picture) // 3],
    }
    for fault, copy in spoiled.items():
        write_jpeg(out.path(f"spoiled/{fault}/{name}"), copy)

# %%
planted = mask_folder(
    out.path("spoiled"), out.fresh("spoiled_masked"), options, progress=False
)
planted["fault"] = planted.picture.str.partition("/")[0]
planted["why"] = planted.reason.fillna("").str.partition(":")[0]

shown = planted.sort_values("picture").drop_duplicates("picture")
shown = shown.groupby("fault").head(6)
said = shown.why.replace("", "masked").groupby(shown.fault).unique()
alt = (
    "Four copies of six faces: cut off above the eyes, black, twenty pixels wide, and"
    " mirrored; beside each row what the account says of it."
)
pictures = [read_rgb(out.path("spoiled") / name) for name in shown.picture]
rows = [f"{fault}:\n" + "\n".join(reasons) for fault, reasons in said.items()]
figures.show_pictures(pictures, alt, columns=6, size=1.1, row_titles=rows)
pd.crosstab(planted.fault, [planted.result, planted.why])

# %% [markdown]
# No loss goes unnoticed. A picture without a face has a line that says so; a face too
# small for its landmarks to be trusted is *refused*, with its size and the limit. The
# mirrored copies are all masked: there is no false alarm either.
#
# Our people stand in good light. What if it fades? The next cell divides the grey
# levels of 300 of them by thirty. We know their skin tones, in ten steps from light to
# dark.

# %%
dusk = bare.sample(min(300, len(bare)), random_state=SEED)
steps = pd.cut(dusk.monk_tone, [0, 3, 7, 10], labels=["1 to 3", "4 to 7", "8 to 10"])
dusk = dusk.assign(tone=steps.astype(str))

out.fresh("dusk")
for name in dusk.picture:
    picture = read_rgb(faces_dir("sample") / name)
    write_jpeg(out.path(f"dusk/{name}"), picture // 30)
dusk_account = mask_folder(
    out.path("dusk"), out.fresh("dusk_masked"), options, workers=2, progress=False
)
lost = 1 - (dusk_account.result == "masked").mean()
print(f"At dusk {lost:.0%} of {len(dusk)} faces are lost.")

# %% [markdown]
# **Exercise 2-4** (medium, 15 minutes). Is that loss fair? Write `loss_rates(pictures,
# account, column)`. `pictures` has one line per picture, with the columns `picture` and
# `column`; `account` may have several, one for each face in it. Return a Series: for
# each value of `column` the share of its pictures that got **no** mask at all. What do
# you expect of `loss_rates(dusk, dusk_account, "tone")`? Then look.


# %% tags=["exercise-2-4"]
def loss_rates(pictures, account, column):
    """Return, by value of a column, the share of pictures without any masked face.

    A Series.
    """
    ...  # your lines


# %%
chapter_02.check_4(loss_rates)

# %% [markdown]
# ## Do drawn masks look like real ones?
#
# Some of the embedded people were rendered *wearing* a mask, built in three dimensions
# and lit by the same lamps as the face. None of them is among the training people. Here
# they are beside drawn masks.

# %%
rendered, drawn = [], []
for wear in WEARS:
    worn = embedded[embedded.wearing == wear.replace("-", "_")]
    for name in worn.picture.sample(4, random_state=SEED):
        rendered.append(read_rgb(faces_dir("sample") / name))
    outputs = done.output[done.wear == wear]
    for name in outputs.sample(4, random_state=SEED, replace=True):
        drawn.append(read_rgb(out.path("masked") / name))
mask_transfer.show_rendered_and_drawn(rendered, drawn)

# %% [markdown]
# To the eye they are close. Let a classifier say. It sees 24 x 24 pixels: 1,728
# numbers, with a few hundred faces to learn from. **Principal component analysis**
# finds the directions in which such pictures differ most: the first may go from dark to
# light, the second from lit on the left to lit on the right. We keep 40 of them: how
# far a picture goes along each makes 40 numbers per face. A **support vector machine**
# then draws the border that leaves the classes the most room on either side. Only the
# faces nearest to it, the support vectors, decide where it runs. And it may curve:
# chapter 01's straight border could not say *blue or black or white*.
#
# We train it three times: with the blue mask pasted, with the blue mask drawn by
# `put_on`, and with drawn masks of all kinds. The other half are the same faces without
# a mask. Then we test on people that it never saw, first with masks made the same way,
# then with worn ones.

# %%
from course_utils.pictures.annotations import Box, crop
from PIL import Image


def shrink(picture, box, side=24):
    """Cut a face with a margin and shrink it: (side * side * 3,), 0 to 1."""
    cut = Image.fromarray(crop(picture, box, margin=0.15))
    small = cut.resize((side, side), Image.Resampling.BOX)
    return (np.asarray(small) / 255).ravel()


def shrink_largest(picture):
    """Shrink the largest face of a picture, the whole of it where none is found."""
    height, width = picture.shape[:2]
    found = find_faces(picture, max_faces=1)
    return shrink(picture, found[0].box if found else Box("", 0, 0, width, height))


# %%
from course_utils.masks.choice import choice_in

BARE, PASTED, BLUE, OWN = range(4)  # what is on the face: nothing, one of three masks


def four_versions(line):
    """Return the shrunken face of a source four times: (4, pixels)."""
    picture = read_rgb(out.path("bare") / line.picture)
    face = find_faces(picture, max_faces=1)[0]
    versions = [picture, paste(picture, face.landmarks)]
    for choice in (blue, choice_in(line)):
        rng = np.random.default_rng((SEED, line.Index))
        versions.append(put_on(picture, face, choice, rng).image)
    return [shrink(version, face.box) for version in versions]


# %%
split = sources[["picture", "split"]]
first = done.drop_duplicates("picture").merge(split, on="picture")
people = []
for name, most in (("train", 300), ("test", 120)):
    part = first[first.split == name]
    people.append(part.sample(min(len(part), most), random_state=SEED))
people = pd.concat(people)
training = (people.split == "train").to_numpy()
versions = np.array([four_versions(line) for line in people.itertuples()])

worn = faces[(faces.label == "with_mask") & (faces.split != "train")]
worn = worn.sample(min(150, len(worn)), random_state=SEED)
pictures = [read_rgb(faces_dir(PROFILE) / name) for name in worn.picture]
worn_small = np.array([shrink_largest(picture) for picture in pictures])

# %%
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def learn_and_test(kind):
    """Train on bare faces and one version; return three shares of right answers."""
    learner = make_pipeline(StandardScaler(), PCA(40, random_state=SEED), SVC(C=3))
    seen = np.concatenate([versions[training, BARE], versions[training, kind]])
    learner.fit(seen, np.repeat([0, 1], training.sum()))
    on_bare = learner.predict(versions[~training, BARE]) == 0
    on_made = learner.predict(versions[~training, kind]) == 1
    on_worn = learner.predict(worn_small) == 1
    return on_bare.mean(), on_made.mean(), on_worn.mean()


# %%
print(
    f"{training.sum()} faces to learn from, each bare and masked; {(~training).sum()}"
    f" bare and {len(worn)} worn masks to be tested with."
)
right = {
    "blue, pasted": learn_and_test(PASTED),
    "blue, drawn": learn_and_test(BLUE),
    "all kinds, drawn": learn_and_test(OWN),
}
mask_transfer.show_transfer(right)
for name, (on_bare, on_made, on_worn) in right.items():
    print(
        f"{name}: right on {on_bare:.0%} of the bare faces, {on_made:.0%} of masks made"
        f" the same way, {on_worn:.0%} of the worn masks."
    )

# %% [markdown]
# The first two groups are what a test on *made* masks would report, and there the
# simplest masks look at least as good as the others: one blue patch is easy to learn.
# The third is what we want to know, and there all of them fall. What is lost between
# the second group and the third is the price of having drawn: the classifier learned
# the drawing.
#
# But this learner is weak, and these masks were rendered. So we did the same with
# photographs and a small network like those of chapter 04, split by the groups of
# chapter 01. The last row, trained on worn masks, is what drawing competes with.

# %%
import json

from course_utils import project

path = project.data_dir() / "reference/02_mask_transfer.json"
reference = json.loads(path.read_text(encoding="utf-8"))
mask_transfer.show_transfer_reference(reference)

# %% [markdown]
# One blue mask teaches *blue*, however well it sits. What counts most is that drawings
# vary as worn masks do. And the rest of the distance? In chapter 01 source and label
# went together: many bare photographs are tight crops, many masked ones show whole
# people. The drawn masks sit on the crops. So two things were tried: **cut every face
# out**, as a detector does anyway, and **draw five masks on each face**, with as many
# training steps as before. The table holds what was tried, on *validation* photographs,
# which are neither for training nor for the test. Both together did best there; the
# last row of the figure is their test.

# %%
mask_transfer.show_transfer_reference(reference, cut_out=True)
tried = pd.DataFrame(reference["tried"]["rows"])
tried.set_index(["masks", "faces", "masks on each face"])

# %% [markdown]
# Note the order: only what was chosen on validation meets the test, or the test would
# help to choose. The two gained five points there and two here, and the interval of
# this gain includes 0 (computed as if on different photographs; chapter 05 compares
# face by face). Perhaps the network had learned what a *crop* with a mask looks like;
# 800 photographs can't tell.
#
# **Exercise 2-5** (medium, 10 minutes). Where does that interval come from? Write
# `difference(first, second)` for two arrays of True (right) and False (wrong), each on
# faces of its own. Return both ends of the 95 % interval of the second accuracy minus
# the first. An accuracy $p$ on $n$ faces has the variance $p(1-p)/n$ (chapter 00);
# variances of independent ones add up, and the interval reaches 1.96 standard errors to
# either side.


# %% tags=["exercise-2-5"]
def difference(first, second):
    """Return the ends of the 95 % interval of how much better the second is."""
    ...  # your lines


# %%
chapter_02.check_5(difference)

# %% [markdown]
# ## Four classes, or two?
#
# For the guard at the entrance only one question counts, so the course follows the
# original project: whoever does not wear the mask properly counts as *without*. Half of
# the faces are bare, and half of the masks are worn properly: one picture in four is
# *with*.

# %%
boxes = ["x_min", "y_min", "x_max", "y_max"]
about = sources[["picture", "person", "group", "split"]]
largest = done.sort_values(["picture", "face"]).drop_duplicates("picture")
masked = largest[["picture", "wear", "type", *boxes, "output"]]
masked = masked.merge(about, on="picture").rename(columns={"picture": "source"})

drawn_rows = masked.assign(
    picture="masked/" + masked.output, wearing=masked.wear.str.replace("-", "_")
)
bare_rows = masked.assign(picture="bare/" + masked.source, wearing="none", type="none")
table = pd.concat([bare_rows, drawn_rows], ignore_index=True)
table["label"] = np.where(table.wearing == "proper", "with_mask", "without_mask")

# %%
from course_utils import files

columns = ["picture", "source", "person", "group", "split", "wearing", "type", "label"]
table = table[[*columns, *boxes]]
text = table.to_csv(index=False, lineterminator="\n")
files.write_text(out.path("faces.csv"), text)
mask_transfer.show_classes(table)
pd.crosstab(table.wearing, table.label, margins=True, margins_name="all")

# %%
out.record(
    sources=len(sources),
    masked_share=round(kept, 4),
    lost_at_dusk=round(lost, 3),
    nose_error_front=round(few, 3),
    nose_error_turned=round(much, 3),
    light_correlation_pasted=round(follows_pasted, 2),
    light_correlation_drawn=round(follows_drawn, 2),
)
for name, shares in zip(("pasted", "blue", "drawn"), right.values()):
    for group, share in zip(("bare", "made", "worn"), shares):
        out.record(**{f"{name}_{group}": round(share, 4)})

# %%
proper = (table.label == "with_mask").mean()
print(
    f"faces.csv: {len(table):,} pictures of {table.group.nunique():,} groups,"
    f" {proper:.0%} of them with_mask."
)

# %% [markdown]
# **Open task: a mask of your own** (an afternoon, no check). Photograph or draw one
# laid flat, cut it out (PNG with transparency) and name its anchors in a TOML file
# (`course_utils/masks/textures/README.md` tells how). `MaskChoice("my/mask.toml")` puts
# it on. Good work
#
# - follows nose and chin on all five turned heads, in all four ways;
# - says of a hundred faces how many were refused, and why;
# - trains this chapter's classifier on it and compares it on worn masks with `blue,
#   drawn`, with an interval;
# - names what still gives the drawing away.

# %% [markdown]
# ## Test yourself
#
# Four questions. Read what your answer says: a wrong one tells you what it overlooks.

# %%
from course_utils.notebook import quizzes

quizzes.show("02_mask_synthesis")

# %% [markdown]
# ## Remember
#
# - A detector says *somewhere in here*; 68 landmarks say *where*.
# - Four pairs of points fix a homography. It is right for flat things; a face is not
#   flat.
# - Anchors on a mean head, its pose and a spline carry a mask around a nose.
# - Light, blur and noise matter as much as shape. What differs from reality is what a
#   network learns.
# - Every face gets a line: masked, or why not. Ask who is lost.
# - A test on drawn masks is a test of the drawing. Keep worn masks for the test.
#
# **And now?** All our faces are sharp, upright and well lit. Cameras shake, look down,
# see in bad light and compress what they saw. Chapter 03 imitates them.
