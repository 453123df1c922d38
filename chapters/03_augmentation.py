# ---
# jupyter:
#   course:
#     minutes: 30
#     needs:
#     - '01'
#     - '02'
#     title: Imitate the camera
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Imitate the camera
#
# Our faces are sharp, upright and well lit. The camera over a door hangs askew, sees by
# one lamp, shakes, and squeezes what it saw through a thin cable. We can make such
# faults: **augmentation** changes each picture at random whenever the network sees it.
# **Which change imitates which fault, which ones make the label wrong, and how is it
# done so fast that the network never waits?**
#
# **After this chapter you can** name the camera fault behind each technique, move
# landmarks along with their picture, measure how much a change may take away before the
# label is wrong, build a `tf.data` pipeline in the right order, and measure how long a
# network waits for its data.
#
# **You need** chapters 01 and 02. **Time:** 30 minutes to read and run, 75 more for the
# five exercises.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import numpy as np
import pandas as pd
from course_utils import figures
from course_utils.checks import chapter_03
from course_utils.figures import augmentation as augmentation_figures
from course_utils.notebook.artefacts import Artefacts
from course_utils.profiles import SEED
from course_utils.training import pipeline

out = Artefacts("03_augmentation", PROFILE)

# %% [markdown]
# ## What does the network get to see?
#
# Chapter 02 left a table: one line per picture, with the box of the face. A network
# wants squares of one size. `read_face` cuts out the box with a **margin** of a quarter
# of its size on every side, and resizes. From here on all chapters cut in this one way,
# in training as in use: to a classifier trained on tight cuts wide ones are something
# new.

# %%
SIZE = 64
path = out.earlier("02_mask_synthesis", "faces.csv")
table, folder = pd.read_csv(path, keep_default_na=False), path.parent
in_training = table[table.split == "train"]
chosen = in_training[in_training.wearing.isin(["none", "proper"])]
chosen = chosen.sample(8, random_state=SEED)

cuts = pipeline.read_faces(chosen, folder, SIZE)
augmentation_figures.show_cuts(chosen, folder, cuts)
print(
    f"{len(table):,} faces; the network sees each as {SIZE} x {SIZE} x 3 numbers from 0"
    " to 255."
)

# %% [markdown]
# ## Which change imitates which fault?
#
# `imgaug` is the library of the original project (its maintained copy is called
# `imaug`, and imported as `imgaug`). An **augmenter** is an object; you call it with a
# picture and get a changed one, with numbers drawn from the range that you gave. Here
# is every technique of the original, plus JPEG and motion blur, each under the fault
# that it imitates: first those that move pixels, then those that change them.

# %%
import imgaug
from imgaug import augmenters as iaa

loose = ((0.1, 0.12), (-0.12, -0.1), (0, 0.1), (-0.1, 0))  # top, right, bottom, left
moving = {
    "camera askew:\nrotate": iaa.Affine(rotate=(15, 20), mode="edge"),
    "loose box:\ncrop and pad": iaa.CropAndPad(percent=loose, pad_mode="edge"),
    "far or near:\nzoom": iaa.Affine(scale=(0.7, 0.75), mode="edge"),
    "seen from the side:\naffine (shear)": iaa.Affine(
        shear=(14, 18), translate_percent=(-0.05, 0.05), mode="edge"
    ),
    "from above:\nperspective": iaa.PerspectiveTransform(
        (0.12, 0.14), mode="replicate"
    ),
    "camera opposite:\nflip": iaa.Fliplr(1.0),
}

# %%
colouring = {
    "mist, backlight:\ncontrast": iaa.LinearContrast((0.4, 0.5)),
    "exposure:\nmultiply": iaa.Multiply((0.4, 0.5)),
    "coloured lamp:\nhue, saturation": iaa.AddToHueAndSaturation(
        value_hue=(-12, -8), value_saturation=(30, 40)
    ),
    "bad light:\nGaussian noise": iaa.AdditiveGaussianNoise(
        scale=(20, 25), per_channel=True
    ),
    "out of focus:\nblur": iaa.GaussianBlur((1.8, 2.2)),
    "it moves:\nmotion blur": iaa.MotionBlur(k=13, angle=(20, 40)),
    "thin cable:\nJPEG": iaa.JpegCompression((90, 94)),
    "a hand, a pole:\ndropout of regions": iaa.Cutout(1, (0.75, 0.3), 0.25, cval=110),
}

# %%
masked_faces = in_training[in_training.wearing == "proper"]
in_blue = masked_faces[masked_faces.type == "surgical_blue"]
line = (in_blue if len(in_blue) else masked_faces).iloc[0]
face = pipeline.read_face(folder / line.picture, line[list(pipeline.BOX)], 128)

imgaug.seed(SEED)
spoiled = {"as it is\n": face}
for fault, augmenter in (moving | colouring).items():
    spoiled[fault] = augmenter(image=face)
alt = (
    "A masked face as it is, and fourteen times with a camera's fault, from a tilt over"
    " noise to a grey patch."
)
figures.show_pictures(list(spoiled.values()), alt, list(spoiled), columns=5, size=1.6)

# %% [markdown]
# Light meets four kinds of fault, in this order: **in front of the camera** (where it
# hangs, what stands in the way, which lamp burns), **in the lens** (focus and motion),
# **on the sensor** (noise), **in the file** (JPEG). The order matters. A lens does not
# blur the noise of the sensor behind it, and JPEG squeezes whatever came out. So a
# **policy**, the list of changes with the limit of each, applies them in the order of
# the light. (Exposure is counted in *stops*: each doubles or halves the light.)

# %%
USUAL = {
    "turn": 15,  # degrees
    "zoom": 0.15,  # share
    "stops": 0.7,
    "hue": 8,  # of 255 to a full turn
    "focus": 1.0,  # pixels
    "shake": 7,  # pixels
    "noise": 15,  # grey levels
    "jpeg": 90,  # strength, 0 to 100
    "hidden": 0.2,  # share of the width
}

# %%
from imgaug.parameters import Uniform


def some(augmenter):
    """Apply an augmenter to about a third of the pictures."""
    return iaa.Sometimes(0.35, augmenter)


def camera(limit):
    """Return an imgaug policy: each fault is drawn between nothing and its limit."""
    turn, stops, hue = limit["turn"], limit["stops"], limit["hue"]
    zoom = (1 / (1 + limit["zoom"]), 1 + limit["zoom"])
    shift = {"translate_percent": (-0.06, 0.06), "shear": (-8, 8), "mode": "edge"}
    faults = [
        iaa.Fliplr(0.5),
        iaa.Affine(rotate=(-turn, turn), scale=zoom, **shift),
        iaa.PerspectiveTransform(scale=(0, 0.06), mode="replicate"),
        some(iaa.Cutout(size=limit["hidden"], cval=110)),
        iaa.Multiply(2 ** Uniform(-stops, stops)),
        iaa.LinearContrast((0.7, 1.3)),
        iaa.AddToHueAndSaturation((-hue, hue), per_channel=True),
        some(iaa.GaussianBlur((0, limit["focus"]))),
        some(iaa.MotionBlur(k=(3, max(4, limit["shake"])))),
        some(iaa.AdditiveGaussianNoise(scale=(0, limit["noise"]), per_channel=True)),
        some(iaa.JpegCompression((50, limit["jpeg"]))),
    ]
    return iaa.Sequential(faults)


# %%
half = {"turn": 8, "zoom": 0.07, "stops": 0.3, "hue": 4, "noise": 7}
too_much = {"turn": 60, "zoom": 0.9, "stops": 2.5, "hue": 60, "focus": 5}
too_much |= {"shake": 21, "noise": 60, "jpeg": 98, "hidden": 0.5}

imgaug.seed(SEED)
strengths = {"half": half, "usual": {}, "far too much": too_much}
draws = []
for other in strengths.values():
    draws += camera(USUAL | other)(images=[face] * 8)
alt = (
    "Three rows of eight draws of the same face: with half the limits, with the usual"
    " ones, and with far too much, where several faces can hardly be recognised."
)
figures.show_pictures(draws, alt, columns=8, size=1.1, row_titles=list(strengths))

# %%
from course_utils.notebook import widgets

ends = {"turn": (0, 90), "zoom": (0.0, 1.0), "stops": (0.0, 3.0), "hue": (0, 90)}
ends |= {"focus": (0.0, 5.0), "shake": (3, 25), "noise": (0, 80), "jpeg": (51, 99)}
ends["hidden"] = (0.0, 0.6)
ranges = {name: (*ends[name], start) for name, start in USUAL.items()}


def draw_eight(*limits):
    """Draw the face eight times with the limits of the sliders."""
    imgaug.seed(SEED)
    pictures = camera(dict(zip(USUAL, limits)))(images=[face] * 8)
    figure = figures.picture_grid(pictures, columns=4, size=1.7)
    return figure, "One face, eight times under the policy."


# %%
sliders = widgets.sliders(ranges)
what = (
    "set the limit of each fault (degrees, shares, stops, grey levels); the same eight"
    " draws are made anew."
)
widget = widgets.figure_with_controls(draw_eight, *sliders, photographic=True)
widgets.show(widget, what)

# %% [markdown]
# **How strong is right?** Ask what the camera delivers: a limit should reach as far as
# the fault does, and a little further. And ask your own eye: if *you* can't tell the
# label any more, the network can only learn to guess. Take the roll of a head: how far
# do people lean?

# %%
from course_utils.data.faces_table import load_faces

lean = load_faces("sample").roll.abs().quantile(0.95)
print(
    f"95 % of the heads lean less than about {5 * round(lean / 5):.0f}°: a camera may"
    " add some degrees of its own."
)

# %% [markdown]
# Everything in that policy is arithmetic on eight bits, and these wrap around: 250 + 10
# is 4.
#
# **Exercise 3-1** (easy, 10 minutes). Write `add_noise(picture, deviation, rng)` for a
# `uint8` picture of shape (height, width, 3): each number gets its own draw from a
# normal distribution with mean 0 and this standard deviation (`rng` is a NumPy
# generator). Return `uint8` again, and leave the picture that came in as it is.


# %% tags=["exercise-3-1"]
def add_noise(picture, deviation, rng):
    """Return a copy of a uint8 picture with Gaussian noise."""
    ...  # your lines


# %%
chapter_03.check_1(add_noise)

# %% [markdown]
# ## What must move along?
#
# Boxes and landmarks have a place in the picture, too. When the face turns and its
# landmarks stay, all of them are wrong. `imgaug` takes both and moves them by the
# *same* random numbers. Orange crosses are the landmarks where they were; blue dots are
# those that moved along.

# %%
from course_utils.faces import find_faces
from course_utils.pictures.images import read_rgb
from imgaug.augmentables import KeypointsOnImage

source = read_rgb(folder / "bare" / line.source)
landmarks = find_faces(source, max_faces=1)[0].landmarks
points = KeypointsOnImage.from_xy_array(landmarks, shape=source.shape)
moves = {
    "rotate": iaa.Affine(rotate=18, mode="edge"),
    "perspective": iaa.PerspectiveTransform((0.12, 0.13), mode="replicate"),
    "zoom": iaa.Affine(scale=0.75, mode="edge"),
    "flip": iaa.Fliplr(1.0),
}

# %%
imgaug.seed(SEED)
moved = {}
for name, augmenter in moves.items():
    picture, places = augmenter(image=source, keypoints=points)
    moved[name] = (picture, places.to_xy_array())
augmentation_figures.show_moved(moved, landmarks)

# %% [markdown]
# The flip looks perfect: every dot lies on a feature. It is the most dangerous one.
# Landmark 36 is the outer corner of the eye on the *left* of the picture. After the
# flip this point lies on the right, and is still called 36. What is the roll of the
# head now (exercise 2-1)?


# %%
def roll(landmarks):
    """Return the roll of a head in degrees, positive clockwise."""
    across, down = landmarks[45] - landmarks[36]
    return np.degrees(np.arctan2(down, across))


print(f"before: the head leans by {roll(landmarks):.0f}°")
for name in ("rotate", "flip"):
    print(f"{name}: {roll(moved[name][1]):.0f}°")

# %% [markdown]
# A mask drawn on the flipped landmarks would hang from the forehead. So a flip has to
# do two things: mirror the places, and **exchange the numbers** of left and right.
#
# **Exercise 3-2** (medium, 15 minutes). Write `flip_landmarks(landmarks, width)` for an
# array of shape (68, 2) on a picture `width` pixels wide: landmarks of the mirrored
# picture, each at its right number. Pixel centres have whole coordinates, so column 0
# becomes column `width - 1`. The numbers: jaw 0-16, brows 17-21 and 22-26, bridge of
# the nose 27-30, its wings 31-35, eyes 36-41 and 42-47 (each starts at its left corner
# and goes over the upper lid), outer lips 48-59 and inner lips 60-67 (likewise).


# %% tags=["exercise-3-2"]
def flip_landmarks(landmarks, width):
    """Return the 68 landmarks (68, 2) of the mirrored picture."""
    ...  # your lines


# %%
chapter_03.check_2(flip_landmarks)

# %% [markdown]
# ## What must an augmentation not do?
#
# The rule is short: **it may change everything but the label.** A flipped face with a
# mask is a face with a mask. Nobody enters upside down, so a flip from top to bottom
# would only waste effort. But what about a patch over the mouth? Chapter 02 gave us
# what no other collection has: the same face with and without a mask. Cover the mouth
# of both.

# %%
pairs = in_training[in_training.wearing == "proper"]
pairs = pairs.sample(min(80, len(pairs)), random_state=SEED)
masked = pipeline.read_faces(pairs, folder, SIZE)
bare = pipeline.read_faces(pairs.assign(picture="bare/" + pairs.source), folder, SIZE)

difference = np.abs(masked.astype(float) - bare).sum(axis=3)  # (pairs, SIZE, SIZE)
mean = difference.mean(axis=0)
rows, columns = np.nonzero(mean > 0.35 * mean.max())
patch = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)

# %%
both = np.concatenate([bare[:4], masked[:4]])
covered = both.copy()
covered[:, *patch] = 110
titles = ["without mask", "", "", "", "with mask", "", "", ""]
alt = (
    "Four faces without and with a mask, and the same eight with a grey patch over"
    " mouth and nose: but for a strap, the two labels look alike."
)
rows = ["as they are", "covered"]
figures.show_pictures([*both, *covered], alt, titles, 8, size=1.1, row_titles=rows)

# %% [markdown]
# Whoever labels the lower row teaches a network that grey patches mean both. How large
# may a patch be at a random place? The sum of all differences within a pair is what
# tells the labels apart. We throw squares at random and count how often one covers
# **more than half** of that sum.


# %%
def hidden_share(side, squares=200):
    """Return the share of random squares that hide more than half of a pair's sum."""
    spoiled = []
    for y, x in rng.integers(0, SIZE - side + 1, (2, squares)).T:
        hidden = difference[:, y : y + side, x : x + side].sum(axis=(1, 2))
        spoiled.append(hidden > difference.sum(axis=(1, 2)) / 2)
    return np.mean(spoiled)


rng = np.random.default_rng(SEED)
shares = np.array([0.02, 0.04, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4])  # of the picture's area
spoils = np.array([hidden_share(round(SIZE * share**0.5)) for share in shares])
augmentation_figures.show_spoils(shares, spoils)

# %%
safe = shares[spoils < 0.01].max()
for share, spoiled in zip(shares[[2, 3, 5, 7]], spoils[[2, 3, 5, 7]].round(2)):
    print(f"A square of {share:.0%} of the picture spoils {spoiled:.0%} of the labels.")
print(f"Of those tried, {safe:.0%} is the largest that spoils at most one in 100.")

# %% [markdown]
# **And colour?** A lamp's colour changes every hue by a little. Augmentation could turn
# it right round the colour circle, and then a blue mask has the colour of skin. How far
# apart on the circle are the hues of the mask and of the skin that it hides?

# %%
import cv2

is_blue = (pairs.type == "surgical_blue").to_numpy()
if not is_blue.any():
    is_blue[:] = True
on_mask = difference[is_blue] > 90  # (pairs, SIZE, SIZE)


def mean_hue(pictures):
    """Return each picture's hue in degrees, of its mean colour where the mask lies."""
    colors = [picture[where].mean(axis=0) for picture, where in zip(pictures, on_mask)]
    colors = np.array(colors, np.float32)[:, None] / 255
    return cv2.cvtColor(colors, cv2.COLOR_RGB2HSV)[:, 0, 0]


def turn_hue(degrees):
    """Return an augmenter that turns the hue; imgaug's 255 is one turn."""
    return iaa.AddToHue(round(degrees * 255 / 360))


# %%
turns, apart = np.arange(-180, 181, 10), []
for degrees in turns:
    turned = turn_hue(degrees)(images=masked[is_blue])
    difference_of_hue = mean_hue(turned) - mean_hue(bare[is_blue])
    apart.append(np.median(np.abs((difference_of_hue + 180) % 360 - 180)))
apart = np.array(apart)

angles = (-180, -120, -60, -10, 0, 10, 60, 120)
titles = [f"{degrees}°" for degrees in angles]
alt = (
    "A face with a blue mask, its hue turned by eight angles. Turned by half a circle"
    " the mask has the colour of skin."
)
shown = [turn_hue(degrees)(image=face) for degrees in angles]
figures.show_pictures(shown, alt, titles, columns=8, size=1.2)

# %%
augmentation_figures.show_hue(turns, apart)
for degrees in (0, 10, -10, -180):
    distance = apart[turns == degrees][0]
    print(f"Turned by {degrees}°, mask and skin are {distance:.0f}° apart.")

# %% [markdown]
# Lamps turn the hue by some degrees, and so do we: 10° in either direction. The same
# test, *what is left of what tells the labels apart?*, fits any augmentation.
#
# **Exercise 3-3** (medium, 15 minutes). A patch that never touches the mouth may be
# larger. Write `safe_patch(landmarks, size, side, rng)`: it draws a square of `side`
# pixels in a picture of `size` x `size` and returns the column and the row of its upper
# left pixel, two whole numbers. The square lies in the picture and covers no pixel of
# the box from the smallest to the largest coordinate of landmarks 27 to 35 and 48 to
# 67, nose and mouth. Every place that is allowed must be possible. Return `None` when
# there is none.


# %% tags=["exercise-3-3"]
def safe_patch(landmarks, size, side, rng):
    """Return (x, y) of a random square that hides neither nose nor mouth, or None."""
    ...  # your lines


# %%
chapter_03.check_3(safe_patch)

# %% [markdown]
# ## The same policy as layers
#
# `imgaug` works in Python, one picture after the other. Keras, with which we build our
# networks, has **preprocessing layers** that run inside TensorFlow. They take a
# **batch** as one array: a few dozen faces that a network sees together in one step of
# training. Here are six:

# %%
from course_utils import quiet

keras = quiet.import_keras()
from keras import layers

six = keras.Sequential(
    [
        layers.RandomFlip("horizontal", seed=1),
        layers.RandomRotation(18 / 360, seed=2),
        layers.RandomZoom(0.15, seed=3),
        layers.RandomTranslation(0.06, 0.06, seed=4),
        layers.RandomShear(0.08, 0.08, seed=5),
        layers.RandomPerspective(1.0, 0.12, seed=6),
    ]
)

# %%
from course_utils.augmentation import layers as own

limits = {"rotation": 18, "zoom": 0.15, "shift": 0.06, "shear": 8, "perspective": 0.12}
one = own.RandomWarp(**limits, seed=7)
batch = np.concatenate([bare, masked])[:32].astype(np.float32)
after_six = np.asarray(six(batch, training=True))
after_one = np.asarray(one(batch, training=True))

pictures = np.concatenate([batch[:6], after_six[:6], after_one[:6]]) / 255
rows = ["as it is", "six layers", "one layer"]
alt = "Six faces, after six layers, and after one: the middle row is soft."
figures.show_pictures(pictures, alt, columns=6, size=1.3, row_titles=rows)

# %% [markdown]
# The middle row is soft. Each layer but the flip computes new pixels *between* old
# ones, an average of four neighbours: that is **interpolation**, and five averages
# blur. But all six are homographies (chapter 02), and one after another is a homography
# again: the product of their matrices. So multiply six small matrices and interpolate
# **once**, as the course's `RandomWarp` does. How much fine detail is left?


# %%
def detail(pictures):
    """Return how much neighbouring pixels differ in the middle of pictures.

    The Laplacian compares each pixel with the mean of its four neighbours.
    """
    middles = pictures.mean(axis=3)[:, 16:48, 16:48].astype(np.float32)
    found = [np.abs(cv2.Laplacian(middle, cv2.CV_32F)).mean() for middle in middles]
    return float(np.mean(found))


left_six = detail(after_six) / detail(batch)
left_one = detail(after_one) / detail(batch)
print(
    f"Detail that is left: about {round(left_six, 1):.0%} after six layers,"
    f" {round(left_one, 1):.0%} after one."
)

# %% [markdown]
# Light is the same story. Exposure, saturation and hue each multiply the three colours
# by a 3 x 3 matrix. Contrast pulls them towards middle grey, $127.5 + c\,(v - 127.5)$,
# which no matrix can do alone: it adds an offset. Together they are **one affine map**
# a picture, a matrix and an offset. The whole policy is then short. `Sometimes` gives a
# layer only a share of the batch's pictures; the others cost nothing.

# %%
patch = layers.RandomErasing((1, 1), scale=(0.02, 0.06), fill_value=110, seed=2)
in_the_light = {"exposure": 0.7, "contrast": 0.3, "saturation": 0.4, "hue": 10 / 360}
policy = keras.Sequential(
    [
        own.RandomWarp(**limits, seed=1),
        own.Sometimes(patch, 0.25, seed=3),
        own.RandomLight(**in_the_light, seed=4),
        own.Sometimes(own.RandomBlur(focus=0.015, motion=0.06, seed=5), 0.35, seed=6),
        own.Sometimes(own.RandomNoise(deviation=18, seed=7), 0.35, seed=8),
        own.Sometimes(own.RandomJpeg(lowest=12, highest=70, seed=9), 0.35, seed=10),
    ]
)

# %%
spoiled = np.asarray(policy(batch, training=True))
alt = (
    "Twenty-four faces under the whole policy: turned, lit otherwise, some blurred,"
    " noisy, squeezed or partly hidden."
)
figures.show_pictures(spoiled[:24] / 255, alt, columns=8, size=1.2)

again = keras.Sequential.from_config(policy.get_config())
apart_at_most = np.abs(np.asarray(again(batch, training=True)) - spoiled).max()
print(
    "A policy that is built again from its settings differs by at most"
    f" {apart_at_most:.0f} grey levels."
)

# %% [markdown]
# From here on `augmentation.policy("full", seed)` builds it; there are `"light"` and
# `"none"` as well.
#
# ## How fast is it?
#
# A graphics card trains on thousands of small pictures a second. Whoever augments
# slower makes it wait. We measure four ways on the same faces, and for comparison how
# fast faces are read and cut from their files.

# %%
import time


def rate(step, pictures, seconds=0.6):
    """Return how many pictures a second `step` manages, after one call to warm up."""
    step()
    calls, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds or calls < 2:
        step()
        calls += 1
    return calls * pictures / (time.perf_counter() - start)


# %%
import tensorflow as tf

eight_bits = batch.astype(np.uint8)


def one_by_one():
    """Yield pictures without end, each augmented by imgaug on its own."""
    augmenter = camera(USUAL)
    while True:
        for picture in eight_bits:
            yield augmenter(image=picture)


def in_tf_data(augment):
    """Return an endless dataset of augmented batches."""
    batches = tf.data.Dataset.from_tensors(batch).repeat()
    return batches.map(lambda faces: augment(faces, training=True))


# %%
keras_only = keras.Sequential(
    [
        *six.layers,
        layers.RandomErasing((0.25, 0.25), scale=(0.02, 0.06), fill_value=110),
        layers.RandomBrightness(0.3),
        layers.RandomContrast(0.3, value_range=(0, 255)),
        layers.RandomSaturation((0.3, 0.7)),
        layers.RandomHue(10 / 360),
        layers.RandomGaussianBlur((0.35, 0.35), 5, 1.0),
    ]
)
singles, by_batch = one_by_one(), camera(USUAL)
by_keras, by_policy = iter(in_tf_data(keras_only)), iter(in_tf_data(policy))

# %%
rates = {
    "reading a face\nfrom its file": rate(
        lambda: pipeline.read_faces(chosen, folder, SIZE), len(chosen)
    ),
    "imgaug,\nPython generator": rate(lambda: next(singles), 1),
    "imgaug,\nbatch": rate(lambda: by_batch(images=eight_bits), 32),
    "Keras' layers,\ntf.data": rate(lambda: next(by_keras), 32),
    "the course's policy,\ntf.data": rate(lambda: next(by_policy), 32),
}
augmentation_figures.show_rates(rates)
speeds = list(rates.values())
faster = speeds[4] / speeds[1]  # the policy, and imgaug in a generator

# %% [markdown]
# The dots are of *this* run on *this* machine; `benchmarks/input_pipeline.py` measures
# with more care. Python pays for each call; a batch pays once. A dozen layers read and
# write every pixel a dozen times; one matrix does it once.
#
# ## How long does the network wait?
#
# A training step needs a batch first. If preparing takes $p$ and computing $c$, one
# after the other, a step takes $p + c$, and the network waits during $p$. With
# **prefetching**, another thread prepares batches *while* the network computes: the
# slower of the two sets the pace. But batches are not all alike; for one of them the
# disk may be busy.
#
# **Exercise 3-4** (medium, 15 minutes). Write `waiting_time(prepare, compute, ahead)`:
# the seconds that a network waits in all. `prepare` lists how long each batch is
# prepared; the network computes on each for `compute` seconds. It asks for a batch at 0
# and whenever it has finished one, and takes it when it is ready. One thread prepares
# the batches in turn, from time 0 on. At most `ahead` batches may be ready or in work
# and not yet taken. With `ahead` 0 it begins a batch only when asked. Then try ten
# batches of 1 second with one of 8 among them, `compute` 2: what does `ahead` change?


# %% tags=["exercise-3-4"]
def waiting_time(prepare, compute, ahead):
    """Return the seconds that a network waits for all its batches together."""
    ...  # your lines


# %%
chapter_03.check_4(waiting_time)

# %% [markdown]
# Does it hold in practice? A small network (chapters 04 and 05 explain it) learns from
# three sources of batches: `imgaug` in a Python generator; our policy in `tf.data`, but
# one after the other; the same with prefetching.

# %%
keras.utils.set_random_seed(SEED)
network = keras.Sequential(
    [
        layers.Input((SIZE, SIZE, 3)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(32, 5, 2, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.Conv2D(64, 3, 2, activation="relu"),
        layers.Conv2D(96, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(2, activation="softmax"),
    ]
)
network.compile("adam", "sparse_categorical_crossentropy")

# %%
answers = np.repeat([0, 1], 16)


def waits(batches, steps=10):
    """Train for some steps; return the median seconds of waiting and of computing."""
    clock, iterator = [], iter(batches)
    for _ in range(steps):
        start = time.perf_counter()
        faces = next(iterator)
        got = time.perf_counter()
        network.train_on_batch(faces, answers)
        clock.append((got - start, time.perf_counter() - got))
    return np.median(clock[3:], axis=0)  # the first steps build the graph


# %%
def generated():
    """Yield batches whose pictures imgaug changes one by one."""
    singles = one_by_one()
    while True:
        yield np.stack([next(singles) for _ in range(32)]).astype(np.float32)


one_after_the_other = tf.data.Options()  # tf.data would prefetch by itself
one_after_the_other.experimental_optimization.inject_prefetch = False
from_tf_data = in_tf_data(policy)
waited = {
    "imgaug, generator": waits(generated()),
    "tf.data": waits(from_tf_data.with_options(one_after_the_other)),
    "tf.data, prefetched": waits(from_tf_data.prefetch(4)),
}
augmentation_figures.show_waits(waited)

# %% [markdown]
# Prefetching hides the preparing where that is faster than computing; a slower
# generator would still be waited for.
#
# ## In which order?
#
# One pass over all training faces is an **epoch**. A `tf.data` pipeline is a chain of
# steps, and each epoch runs through it anew. Watch eight numbers:

# %%
numbers = tf.data.Dataset.range(8)
shuffled = numbers.shuffle(8, seed=SEED).batch(4).prefetch(1)
kept = numbers.shuffle(8, seed=SEED).cache().batch(4).prefetch(1)
for name, batches in {"shuffled": shuffled, "shuffled, then cached": kept}.items():
    for epoch in (1, 2):
        order = [batch.tolist() for batch in batches.as_numpy_iterator()]
        print(f"{name}, epoch {epoch}: {order}")

# %% [markdown]
# `cache` keeps what the steps before it gave in the first epoch. Reading, decoding and
# cutting a face gives the same every time: do it **once** and keep it. Order and
# augmentation must be new in every epoch: they come **after** the cache. What works on
# whole batches comes after `batch`, and `prefetch` comes last. Each of these in the
# wrong place still runs.
#
# **Exercise 3-5** (hard, 20 minutes). Write `build_pipeline(numbers, read, augment,
# batch, seed)` that returns a `tf.data.Dataset` of (pictures, labels). `numbers` is an
# array of picture numbers; `read(number)` gives one picture and its label (a TensorFlow
# function that is slow); `augment(pictures)` takes a batch of pictures and draws anew
# at every call. Each picture is to be read only once, however many epochs follow; every
# epoch has its own order, the same again for the same `seed`, and its own augmentation;
# and batches are prepared before they are asked for.


# %% tags=["exercise-3-5"]
def build_pipeline(numbers, read, augment, batch, seed):
    """Return a dataset of augmented batches, in the right order of its steps."""
    ...  # your lines


# %%
chapter_03.check_5(build_pipeline)

# %% [markdown]
# The course's own pipeline is `pipeline.face_dataset`. It follows this order, but
# shuffles *numbers* of pictures and gathers the pictures afterwards, so that none is
# moved about. Is it repeatable?

# %%
from course_utils import augmentation

few = in_training.sample(96, random_state=SEED)
classes = ("with_mask", "without_mask")


def two_epochs(seed):
    """Return the first batch of two epochs from a pipeline that is built anew."""
    augment = augmentation.policy("full", seed)
    batches = pipeline.face_dataset(few, folder, SIZE, 32, classes, augment, seed)
    return [next(iter(batches))[0].numpy() for _ in range(2)]


first, second = two_epochs(1)
repeated, other = two_epochs(1)[0], two_epochs(2)[0]

# %%
shown = np.concatenate([first[:8], second[:8]]).clip(0, 255) / 255
alt = (
    "The first eight faces of two epochs: other faces in the second, and spoiled in"
    " another way."
)
rows = ["epoch 1", "epoch 2"]
figures.show_pictures(shown, alt, columns=8, size=1.1, row_titles=rows)
compared = {"same seed": repeated, "other seed": other, "second epoch": second}
for name, batch_again in compared.items():
    levels = np.abs(first - batch_again).mean()
    print(f"{name}: about {round(levels, -1):.0f} grey levels apart on average")

# %% [markdown]
# ## Does it help?
#
# The quick classifier of chapter 02 decides, on faces of 16 x 16 pixels. It learns from
# people of the training split as they are, with four copies under `"light"`, or with
# four under `"full"`. It is tested on other people, whose pictures *imgaug* spoils, one
# fault at a time: code that we did not train with. **Balanced accuracy** is the mean of
# the shares that are right with and without a mask.


# %%
def shrink(pictures):
    """Average pictures of 64 x 64 down to 16 x 16: (n, 768), 0 to 1."""
    blocks = np.asarray(pictures, np.float32).reshape(-1, 16, 4, 16, 4, 3)
    return blocks.mean(axis=(2, 4)).reshape(-1, 768) / 255


usable = table[table.wearing.isin(["none", "proper"])]
of_training = usable[usable.split == "train"]
of_others = usable[usable.split != "train"]
learned_from = of_training.sample(min(len(of_training), 500), random_state=SEED)
tested_on = of_others.sample(min(len(of_others), 400), random_state=SEED)
faces = pipeline.read_faces(learned_from, folder, SIZE)
test_faces = pipeline.read_faces(tested_on, folder, SIZE)

# %%
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def learn(name, copies=4):
    """Train on the faces as they are and on copies under a policy."""
    batches, augment = [faces], augmentation.policy(name, SEED)
    for _ in range(copies if augment else 0):
        batches.append(augment(faces.astype(np.float32), training=True))
    seen = np.concatenate([shrink(pictures) for pictures in batches])
    truth = np.tile(learned_from.label == "with_mask", len(batches))
    learner = make_pipeline(StandardScaler(), PCA(60, random_state=SEED), SVC(C=10))
    return learner.fit(seen, truth)


classifiers = {name: learn(name) for name in augmentation.POLICIES}

# %%
print(
    f"Trained on {len(faces)} faces; tested on {len(test_faces)} faces of other people."
)
tests = {
    "as it is": iaa.Identity(),
    "turned 25°": iaa.Affine(rotate=[-25, 25], mode="edge"),
    "box off by 10 %": iaa.Affine(translate_percent=[-0.1, 0.1], mode="edge"),
    "farther": iaa.Affine(scale=0.75, mode="edge"),
    "dark": iaa.Multiply(0.45),
    "bright": iaa.Multiply(1.6),
    "pale": iaa.LinearContrast(0.4),
    "coloured": iaa.AddToHue([-12, 12]),
    "blurred": iaa.GaussianBlur(2),
    "noisy": iaa.AdditiveGaussianNoise(scale=30, per_channel=True),
}

# %%
from sklearn.metrics import balanced_accuracy_score

imgaug.seed(SEED)
right = {name: [] for name in classifiers}
for augmenter in tests.values():
    seen_by_camera = shrink(augmenter(images=test_faces))
    for name, learner in classifiers.items():
        said = learner.predict(seen_by_camera)
        score = balanced_accuracy_score(tested_on.label == "with_mask", said)
        right[name].append(score)
right = {name: np.array(scores) for name, scores in right.items()}
augmentation_figures.show_help(list(tests), right)

# %%
for name, scores in right.items():
    print(f"{name}: {scores.mean():.0%} right, on average over the ten tests")
gain = right["full"] - right["none"]
print(f"The full policy gains most on '{list(tests)[gain.argmax()]}'.")

mean, of_each = right["full"].mean(), tested_on.label.value_counts()
reach = 1.96 * np.sqrt(mean * (1 - mean) * (1 / of_each).sum()) / 2
print(f"The 95 % interval of a mark reaches {100 * reach:.0f} points to either side.")

# %% [markdown]
# Augmentation does not make a classifier cleverer. It tells it what does not matter:
# where exactly the face lies, how bright the lamp burns. Where the training pictures
# show that already, or are too small to show a blur, there is nothing to gain. Marks of
# one row that lie closer together than their intervals reach may differ by luck alone:
# most of `"light"` and `"full"` do.

# %%
waiting = {name: wait / (wait + compute) for name, (wait, compute) in waited.items()}
generator, prefetched = waiting["imgaug, generator"], waiting["tf.data, prefetched"]
out.record(
    safe_patch_share=safe,
    large_patch_spoils=round(spoils[-1], 3),
    hue_apart=round(float(apart[turns == 0][0])),
    hue_apart_half_turn=round(float(apart[0])),
    detail_after_six=round(left_six, 2),
    detail_after_one=round(left_one, 2),
    policy_over_imgaug=round(faster, 1),
    waiting_share=round(prefetched, 3),
    waiting_share_generator=round(generator, 3),
)
for name, scores in right.items():
    out.record(**{f"accuracy_{name}": round(scores.mean(), 4)})

# %% [markdown]
# **Open task: break your own camera** (an afternoon, no check). Take ten pictures of a
# willing face where your camera is worst: by one lamp, moving, through glass. Good work
#
# - names each fault, and where the light met it;
# - imitates it on a good picture, with a limit that was measured, not guessed;
# - shows pairs, true and imitated, that a neighbour can't tell apart;
# - trains this chapter's classifier with that policy, and says with an interval what it
#   gains;
# - deletes the pictures, or names who agreed to keep them.

# %% [markdown]
# ## Test yourself
#
# Five questions. Read what your answer says: a wrong one tells you what it overlooks.

# %%
from course_utils.notebook import quizzes

quizzes.show("03_augmentation")

# %% [markdown]
# ## Remember
#
# - Each technique imitates a fault. Leave out those that your camera does not have.
# - It may change everything but the label: measure what is left of that.
# - Whatever lies on the picture moves along, and a flip exchanges left and right.
# - Apply faults in the order of the light: before the camera, lens, sensor, file.
# - Multiply matrices, then touch the pixels once: sharper and faster.
# - Read once, cache, shuffle, batch, augment, prefetch. Then the network hardly waits.
#
# **And now?** What does the data flow into? The original project took three networks
# ready-made. Chapter 04 builds them by hand, counts every multiplication, and asks why
# a network of 34 layers can be trained at all.
