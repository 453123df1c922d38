# ---
# jupyter:
#   course:
#     title: Imitate the camera
#     minutes: 30
#     needs: ['01', '02']
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
# # Imitate the camera
#
# Our faces are sharp, upright and well lit. The camera over a door hangs askew, sees by
# one lamp, shakes, and squeezes what it saw through a thin cable. We can't collect
# every fault. But we can make them: **augmentation** changes each picture at random
# whenever the network sees it. **Which change imitates which fault, which ones make the
# label wrong, and how is it done so fast that the network never waits?**
#
# **After this chapter you can** name the camera fault behind each technique, move
# landmarks along with their picture, measure how much a change may take away before the
# label is wrong, build a `tf.data` pipeline in the right order, and measure how long a
# network waits for its data.
#
# **You need** chapters 01 and 02. **Time:** 30 minutes to read and run, and about an
# hour for the five exercises.

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
# Chapter 02 left a table: one line a picture, with the box of the face. A network wants
# squares of one size. `read_face` cuts the box with a **margin** of a quarter of its
# size on every side, and resizes. All chapters from here on cut in this one way, in
# training as in use: a classifier that was trained on tight cuts and is shown wide ones
# sees something new, and chapter 01 has shown what that costs.

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
# `imgaug` is the library of the original project. (Its maintained copy is called
# `imaug`; you import it as `imgaug`.) An **augmenter** is an object; you call it with a
# picture and get a changed one, with numbers drawn from the range that you gave. Here
# is every technique of the original, with JPEG and motion blur besides, each beside the
# fault that it imitates.

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
# Four kinds of fault hide in this list, and light meets them in this order: **in front
# of the camera** (where it hangs, what stands in the way, which lamp burns), **in the
# lens** (focus and motion), **on the sensor** (noise), **in the file** (JPEG). The
# order matters. A lens does not blur the noise of the sensor behind it, and JPEG
# squeezes whatever came out. So a **policy**, the list of changes with the limit of
# each, applies them in the order of the light. (Exposure is counted in *stops*, as
# photographers do: each doubles or halves the light.)

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
draws, titles = [], []
for name, other in {"half": half, "usual": {}, "far too much": too_much}.items():
    draws += camera(USUAL | other)(images=[face] * 8)
    titles += [name] + [""] * 7
alt = (
    "Three rows of eight draws of the same face: with half the limits, with the usual"
    " ones, and with far too much, where several faces can hardly be recognised."
)
figures.show_pictures(draws, alt, titles, columns=8, size=1.2)

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
# **How strong is right?** Two answers hold. Ask what the camera delivers: a limit
# should reach as far as the fault does, and a little further. And ask your own eye: if
# *you* can't give the label any more, the network can only learn to guess. Take the
# roll of a head. The next cell looks how far people lean in the embedded pictures,
# where it is known.

# %%
from course_utils.data.faces_table import load_faces

lean = load_faces("sample").roll.abs().quantile(0.95)
print(
    f"95 % of the heads lean less than {5 * round(lean / 5):.0f}°, to about 5°: a"
    " camera may add some degrees of its own."
)

# %% [markdown]
# Everything in that policy is arithmetic on numbers from 0 to 255, stored in eight
# bits. Eight bits wrap around: 250 + 10 is 4.
#
# **Exercise 3-1** (easy, 10 minutes). Write `add_noise(picture, deviation, rng)` for a
# `uint8` picture of shape (height, width, 3): add to each number an own draw from a
# normal distribution with mean 0 and this standard deviation (`rng` is a NumPy
# generator), and return `uint8` again. The picture that came in stays as it is.


# %% tags=["exercise-3-1"]
def add_noise(picture, deviation, rng):
    """Return a copy of a uint8 picture with Gaussian noise."""
    ...  # your lines


# %%
chapter_03.check_1(add_noise)

# %% [markdown]
# ## What must move along?
#
# Not only pixels lie on a picture: boxes do, and landmarks. When the face turns and its
# landmarks stay, every one of them lies. `imgaug` takes both and moves them by the
# *same* random numbers. Below, orange crosses are the landmarks where they were; blue
# dots are those that moved along.

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
# The flip looks perfect: every dot lies on a feature. It is the most treacherous of
# all. Landmark 36 is the outer corner of the eye on the *left* of the picture. After
# the flip this point lies on the right, and is still called 36. Ask for the roll of the
# head, as in exercise 2-1:


# %%
def roll(landmarks):
    """Return the roll of a head in degrees, positive clockwise."""
    across, down = landmarks[45] - landmarks[36]
    return np.degrees(np.arctan2(down, across))


asked = {
    "before": landmarks,
    "rotated by 18°": moved["rotate"][1],
    "flipped": moved["flip"][1],
}
for name, places in asked.items():
    answer = "upside down" if abs(roll(places)) > 90 else "upright"
    print(f"{name}: the head is {answer}.")

# %% [markdown]
# A mask drawn on these landmarks would hang from the forehead. So a flip has to do two
# things: mirror the places, and **exchange the numbers** of left and right.
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
# mask is a face with a mask. (Text on the wall is mirrored too; we don't read.) Nobody
# enters upside down, so a flip from top to bottom would only waste the network's
# effort. But what about a patch over the mouth? Chapter 02 gave us what no other
# collection has: the same face with and without a mask. Cover the mouth of both.

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
titles = (["without mask"] * 4 + ["with mask"] * 4) * 2
alt = (
    "Four faces without and with a mask, and the same eight with a grey patch over"
    " mouth and nose: but for a strap, the two labels look alike."
)
figures.show_pictures([*both, *covered], alt, titles, columns=8, size=1.2)

# %% [markdown]
# Whoever labels the lower row *with mask* and *without mask* teaches a network that
# grey patches mean both. How large may a patch be at a random place? The pairs allow to
# measure it: the sum of all differences within a pair is what tells the labels apart.
# We throw squares at random and count how often one covers **more than half** of that
# sum.


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
print(
    f"A square of {safe:.0%} of the picture spoils the label less than once in a"
    f" hundred times, one of {shares[-1]:.0%} in more than one of five:"
    f" {spoils[-1] > 0.2}."
)

# %% [markdown]
# **And colour?** A lamp's colour changes every hue by a little. Augmentation could turn
# it right round the colour circle, and then a blue mask has the colour of skin (and
# skin the colour of a mask). A number again: how far apart on the circle are the hue of
# the mask and the hue of the skin that it hides, which the bare picture of the pair
# shows?

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
titles = [f"{degrees:+d}°" for degrees in angles]
alt = (
    "A face with a blue mask, its hue turned by eight angles. Turned by half a circle"
    " the mask has the colour of skin."
)
shown = [turn_hue(degrees)(image=face) for degrees in angles]
figures.show_pictures(shown, alt, titles, columns=8, size=1.2)

# %%
augmentation_figures.show_hue(turns, apart)
print(
    f"As it is, mask and skin are more than 120° apart: {apart[turns == 0][0] > 120};"
    f" after half a turn less than 60°: {apart[0] < 60}; after our 10° still more than"
    f" 120°: {min(apart[abs(turns) == 10]) > 120}."
)

# %% [markdown]
# Lamps turn the hue by some degrees, and so do we: 10° in either direction. The same
# test, *what is left of what tells the labels apart?*, can be put to any augmentation
# of any task.
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
# its training. For most of our faults there is one. Here are six that move pixels, one
# after the other:

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
titles = ["as it is"] * 6 + ["six layers"] * 6 + ["one layer"] * 6
alt = "Six faces, below them after six layers, below these after one: the middle row is"
alt += " softer."
figures.show_pictures(pictures, alt, titles, columns=6, size=1.4)

# %% [markdown]
# The middle row is soft. Each of the six layers computes new pixels *between* old ones,
# an average of four neighbours: that is **interpolation**, and six averages blur. But
# flip, turn, zoom, shift, shear and perspective are all homographies (chapter 02), and
# one homography after another is a homography again: the product of their matrices. So
# multiply six small matrices and interpolate **once**. Keras has no such layer; the
# course has (`augmentation.layers.RandomWarp`). How much fine detail is left?


# %%
def detail(pictures):
    """Return the mean strength of the finest detail in the middle of pictures.

    What a Laplacian finds.
    """
    middles = pictures.mean(axis=3)[:, 16:48, 16:48].astype(np.float32)
    found = [np.abs(cv2.Laplacian(middle, cv2.CV_32F)).mean() for middle in middles]
    return float(np.mean(found))


left_six = detail(after_six) / detail(batch)
left_one = detail(after_one) / detail(batch)
print(
    f"Detail that is left: after six layers less than after one: {left_six < left_one};"
    f" after one, more than half: {left_one > 0.5}."
)

# %% [markdown]
# Light is the same story: exposure, contrast, saturation and hue each multiply the
# three colours with numbers, so together they are **one 3 x 3 matrix** a picture. The
# whole policy, in the order of the light, is then short. `Sometimes` gives a layer only
# a share of the batch's pictures; the others cost nothing. The patch is Keras' own
# layer.

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
same = np.array_equal(np.asarray(again(batch, training=True)), spoiled)
print(f"A policy built again from its settings does the same: {same}")

# %% [markdown]
# From here on `augmentation.policy("full", seed)` builds it; there are `"light"` and
# `"none"` as well.
#
# ## How fast is it?
#
# A graphics card trains on thousands of small pictures a second. Whoever augments
# slower makes it wait. We measure four ways on the same faces: `imgaug` on one picture
# after the other in a Python generator, `imgaug` on a batch, Keras' own layers in
# `tf.data`, and the policy above in `tf.data`. And for comparison: reading and cutting
# a face from its file.

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

# %%
_, generator_rate, _, keras_rate, policy_rate = rates.values()
print(
    "The policy is more than twice as fast as imgaug in a generator:"
    f" {policy_rate > 2 * generator_rate}; faster than Keras' layers one by one:"
    f" {policy_rate > keras_rate}."
)

# %% [markdown]
# The bars are of *this* run on *this* machine; `benchmarks/input_pipeline.py` measures
# with more care. Their order has reasons. Python pays for each call; a batch pays once.
# A dozen layers read and write every pixel a dozen times; one matrix does it once. And
# what half of the pictures don't get, nobody has to compute.

# %% [markdown]
# ## How long does the network wait?
#
# A training step needs a batch first. Say preparing a batch takes $p$ and computing on
# it $c$. One after the other, a step takes $p + c$, and the network waits during $p$.
# With **prefetching**, another thread prepares the next batch *while* the network
# computes. A step then takes as long as the slower of the two.
#
# **Exercise 3-4** (easy, 10 minutes). Write `waiting_share(prepare, compute,
# prefetch)`: which share of a step, from 0 to 1, does the network wait? The first two
# are times of any one unit, `prefetch` is true or false. Then ask it: with prefetching,
# how slow may preparing be?


# %% tags=["exercise-3-4"]
def waiting_share(prepare, compute, prefetch):
    """Return the share of a training step that the network waits for data."""
    ...  # your lines


# %%
chapter_03.check_4(waiting_share)

# %% [markdown]
# Does it hold in practice? Here a small network (chapter 04 explains its layers,
# chapter 05 its training) learns from three sources of batches: `imgaug` in a Python
# generator; our policy in `tf.data`, but one after the other; the same with
# prefetching. A clock stands on either side of the step.

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

# %%
waiting = {name: wait / (wait + compute) for name, (wait, compute) in waited.items()}
generator, prefetched = waiting["imgaug, generator"], waiting["tf.data, prefetched"]
print(
    "With the generator the network waits more than with the pipeline:"
    f" {generator > 2 * prefetched}. With prefetching it waits less than 5 % of a step:"
    f" {prefetched < 0.05}."
)

# %% [markdown]
# ## In which order?
#
# One pass over all training faces is an **epoch**. Reading, decoding and cutting a face
# gives the same result in every epoch: do it **once** and keep it (`cache`). Order and
# augmentation must be new in every epoch: they come **after** the cache. What works on
# whole batches comes after `batch`, and `prefetch` comes last. Each of these in the
# wrong place still runs. You notice by the clock, or by a network that learns by heart.
#
# **Exercise 3-5** (hard, 20 minutes). Write `build_pipeline(numbers, read, augment,
# batch, seed)` that returns a `tf.data.Dataset` of (pictures, labels). `numbers` is an
# array of picture numbers; `read(number)` gives one picture and its label (a TensorFlow
# function that is slow); `augment(pictures)` takes a batch of pictures and draws anew
# at every call. Each picture shall be read once however many epochs follow; every epoch
# shall have its own order, the same again for the same `seed`, and its own
# augmentation; and batches shall be prepared before they are asked for.


# %% tags=["exercise-3-5"]
def build_pipeline(numbers, read, augment, batch, seed):
    """Return a dataset of augmented batches, in the right order of its steps."""
    ...  # your lines


# %%
chapter_03.check_5(build_pipeline)

# %% [markdown]
# The course's own pipeline is `pipeline.face_dataset`. It follows this order with one
# trick more: it shuffles *numbers* of pictures and gathers the pictures afterwards, so
# that no picture is moved about. Chapters 05 and 06 train with it. Is it repeatable?

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
figures.show_pictures(shown, alt, columns=8, size=1.2)
print(
    f"Built twice with one seed, the same batch: {np.array_equal(first, repeated)};"
    f" with another seed: {np.array_equal(first, other)}; the same in the second epoch:"
    f" {np.array_equal(first, second)}."
)

# %% [markdown]
# ## Does it help?
#
# A classifier that is quick to train shall decide, the one of chapter 02, on faces of
# 16 x 16 pixels. It is trained on people of the training split as they are, with four
# copies under `"light"`, and with four under `"full"`. It is tested on other people,
# whose pictures are spoiled by *imgaug*, one fault at a time: other code than the one
# we trained with, as a camera would be.


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
gain = right["full"] - right["none"]
print(
    "On the ten tests together the full policy gains more than two points:"
    f" {gain.mean() > 0.02}; most on '{list(tests)[gain.argmax()]}'."
)

# %% [markdown]
# Augmentation does not make a classifier cleverer. It tells it what does not matter:
# where exactly the face lies, how bright the lamp burns. Where the training pictures
# show that already, or the picture is shrunk so far that a blur can't be seen, there is
# nothing to gain. Nor does the strongest policy win every test: it shows more kinds of
# faces than so small a classifier can learn. A network of chapter 04 can learn more.

# %%
out.record(
    safe_patch_share=safe,
    large_patch_spoils=round(spoils[-1], 3),
    hue_apart=round(float(apart[turns == 0][0])),
    hue_apart_half_turn=round(float(apart[0])),
    detail_after_six=round(left_six, 2),
    detail_after_one=round(left_one, 2),
    policy_over_imgaug=round(policy_rate / generator_rate, 1),
    waiting_share=round(prefetched, 3),
    waiting_share_generator=round(generator, 3),
)
for name, scores in right.items():
    out.record(**{f"accuracy_{name}": round(scores.mean(), 4)})

# %%
print(
    "Recorded: how large a patch may be, how much detail is left, how much faster the"
    " pipeline is, and what the policies gain."
)

# %% [markdown]
# ## Test yourself
#
# Five questions on the ideas of this chapter. Choose an answer and read what it says: a
# wrong one tells you what it overlooks.

# %%
from course_utils.notebook import quizzes

quizzes.show("03_augmentation")

# %% [markdown]
# ## Remember
#
# - Each technique imitates a fault. Without a fault that your camera has, leave it out.
# - It may change everything but the label. Measure what is left of that which tells the
#   labels apart.
# - Whatever lies on the picture moves along, and a flip exchanges left and right.
# - Apply faults in the order of the light: before the camera, lens, sensor, file.
# - Multiply matrices, then touch the pixels once: sharper and faster.
# - Read once, cache, shuffle, batch, augment, prefetch. Then the network never waits.
#
# **And now?** The data flow. What shall they flow into? The original project took three
# networks ready-made. Chapter 04 builds them by hand, counts every multiplication, and
# asks why a network of 34 layers can be trained at all.
