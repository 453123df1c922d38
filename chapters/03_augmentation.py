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
import time

import cv2
import imgaug
import ipywidgets
import numpy as np
import pandas as pd
from course_utils import augmentation, figures, quiet
from course_utils.augmentation import layers as own
from course_utils.checks import chapter_03
from course_utils.data.faces_table import load_faces
from course_utils.faces import find_faces
from course_utils.figures import augmentation as augmentation_figures
from course_utils.notebook import quizzes, widgets
from course_utils.notebook.artefacts import Artefacts
from course_utils.pictures.images import read_rgb
from course_utils.profiles import SEED
from course_utils.training import pipeline
from imgaug import augmenters as iaa
from imgaug.augmentables import KeypointsOnImage
from imgaug.parameters import Uniform
from sklearn.decomposition import PCA
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

keras = quiet.import_keras()
import tensorflow as tf
from keras import layers

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
path = out.earlier("02_mask_synthesis", "faces.csv")
table, folder = pd.read_csv(path, keep_default_na=False), path.parent
SIZE = 64
chosen = table[
    (table.split == "train") & table.wearing.isin(["none", "proper"])
].sample(8, random_state=SEED)
cuts = pipeline.read_faces(chosen, folder, SIZE)
whole = [read_rgb(folder / name) for name in chosen.picture]
for picture, box in zip(
    whole, chosen[list(pipeline.BOX)].astype(float).round().astype(int).to_numpy()
):
    cv2.rectangle(picture, box[:2].tolist(), box[2:].tolist(), (255, 255, 255), 2)
figures.show(
    figures.picture_grid([*whole, *cuts], columns=8, size=1.2),
    "Eight portraits with a white box around the face, and below them the same faces"
    " cut with a margin into squares.",
    photographic=True,
)
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
imgaug.seed(SEED)
FAULTS = {
    "camera askew:\nrotate": iaa.Affine(rotate=(15, 20), mode="edge"),
    "loose box:\ncrop and pad": iaa.CropAndPad(
        percent=((0.1, 0.12), (-0.12, -0.1), (0, 0.1), (-0.1, 0)), pad_mode="edge"
    ),
    "far or near:\nzoom": iaa.Affine(scale=(0.7, 0.75), mode="edge"),
    "seen from the side:\naffine (shear)": iaa.Affine(
        shear=(14, 18), translate_percent=(-0.05, 0.05), mode="edge"
    ),
    "from above:\nperspective": iaa.PerspectiveTransform(
        scale=(0.12, 0.14), mode="replicate"
    ),
    "camera opposite:\nflip": iaa.Fliplr(1.0),
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
    "a hand, a pole:\ndropout of regions": iaa.Cutout(
        size=0.25, position=(0.75, 0.3), cval=110
    ),
}
like = table[(table.split == "train") & (table.wearing == "proper")]
row = (
    like[like.type == "surgical_blue"].iloc[0]
    if (like.type == "surgical_blue").any()
    else like.iloc[0]
)
face = pipeline.read_face(folder / row.picture, row[list(pipeline.BOX)], 128)
spoiled = {"as it is\n": face} | {
    name: augmenter(image=face) for name, augmenter in FAULTS.items()
}
figures.show(
    figures.picture_grid(list(spoiled.values()), list(spoiled), columns=5, size=1.6),
    "A masked face as it is, and fourteen times with a camera's fault, from a tilt over"
    " noise to a grey patch.",
    photographic=True,
)

# %% [markdown]
# Four kinds of fault hide in this list, and light meets them in this order: **in front
# of the camera** (where it hangs, what stands in the way, which lamp burns), **in the
# lens** (focus and motion), **on the sensor** (noise), **in the file** (JPEG). The
# order matters. A lens does not blur the noise of the sensor behind it, and JPEG
# squeezes whatever came out. So a **policy**, the list of changes with the limit of
# each, applies them in the order of the light. (Exposure is counted in *stops*, as
# photographers do: each doubles or halves the light.)


# %%
def camera(
    turn=15,
    zoom=0.15,
    stops=0.7,
    hue=8,
    focus=1.0,
    shake=7,
    noise=15,
    jpeg=90,
    hidden=0.2,
):
    """Return an imgaug policy: each fault is drawn between nothing and its limit."""

    def some(augmenter):
        return iaa.Sometimes(0.35, augmenter)

    return iaa.Sequential(
        [
            iaa.Fliplr(0.5),
            iaa.Affine(
                rotate=(-turn, turn),
                scale=(1 / (1 + zoom), 1 + zoom),
                translate_percent=(-0.06, 0.06),
                shear=(-8, 8),
                mode="edge",
            ),
            iaa.PerspectiveTransform(scale=(0, 0.06), mode="replicate"),
            some(iaa.Cutout(size=hidden, cval=110)),
            iaa.Multiply(2 ** Uniform(-stops, stops)),
            iaa.LinearContrast((0.7, 1.3)),
            iaa.AddToHueAndSaturation((-hue, hue), per_channel=True),
            some(iaa.GaussianBlur((0, focus))),
            some(iaa.MotionBlur(k=(3, max(4, shake)))),
            some(iaa.AdditiveGaussianNoise(scale=(0, noise), per_channel=True)),
            some(iaa.JpegCompression((50, jpeg))),
        ]
    )


limits = {
    "half": {"turn": 8, "zoom": 0.07, "stops": 0.3, "hue": 4, "noise": 7},
    "usual": {},
    "far too much": {
        "turn": 60,
        "zoom": 0.9,
        "stops": 2.5,
        "hue": 60,
        "focus": 5,
        "shake": 21,
        "noise": 60,
        "jpeg": 98,
        "hidden": 0.5,
    },
}
imgaug.seed(SEED)
draws = [
    picture
    for limit in limits.values()
    for picture in camera(**limit)(images=[face] * 8)
]
figures.show(
    figures.picture_grid(
        draws,
        [name if i == 0 else "" for name in limits for i in range(8)],
        columns=8,
        size=1.2,
    ),
    "Three rows of eight draws of the same face: with half the limits, with the usual"
    " ones, and with far too much, where several faces can hardly be recognised.",
    photographic=True,
)

# %%
sliders = {
    "turn": (0, 90, 15),
    "zoom": (0, 1, 0.15),
    "stops": (0, 3, 0.7),
    "hue": (0, 90, 8),
    "focus": (0, 5, 1),
    "shake": (3, 25, 7),
    "noise": (0, 80, 15),
    "jpeg": (51, 99, 90),
    "hidden": (0, 0.6, 0.2),
}
sliders = {
    name: ipywidgets.FloatSlider(
        value=value,
        min=low,
        max=high,
        step=(high - low) / 60,
        description=name,
        continuous_update=False,
    )
    for name, (low, high, value) in sliders.items()
}
seen = ipywidgets.HTML()


def develop(_=None):
    """Draw the face eight times with the limits of the sliders."""
    imgaug.seed(SEED)
    limit = {
        name: int(slider.value) if name in ("shake", "jpeg", "hue") else slider.value
        for name, slider in sliders.items()
    }
    figure = figures.picture_grid(
        camera(**limit)(images=[face] * 8), columns=4, size=1.7
    )
    seen.value = figures.as_html(
        figure, "One face, eight times under the policy.", photographic=True
    )


for slider in sliders.values():
    slider.observe(develop, names="value")
develop()
widgets.show(
    ipywidgets.HBox([ipywidgets.VBox(list(sliders.values())), seen]),
    "set the limit of each fault (degrees, shares, stops, grey levels); the same eight"
    " draws are made anew.",
)

# %% [markdown]
# **How strong is right?** Two answers hold. Ask what the camera delivers: a limit
# should reach as far as the fault does, and a little further. And ask your own eye: if
# *you* can't give the label any more, the network can only learn to guess. Take the
# roll of a head. The next cell looks how far people lean in the embedded pictures,
# where it is known.

# %%
lean = load_faces("sample").roll.abs()
print(
    f"95 % of the heads lean less than {5 * round(lean.quantile(0.95) / 5):.0f}°, to"
    " about 5°: a camera may add some degrees of its own."
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
source = read_rgb(folder / "bare" / row.source)
landmarks = find_faces(source, max_faces=1)[0].landmarks
imgaug.seed(SEED)
moves = {
    "rotate": iaa.Affine(rotate=18, mode="edge"),
    "perspective": iaa.PerspectiveTransform(scale=(0.12, 0.13), mode="replicate"),
    "zoom": iaa.Affine(scale=0.75, mode="edge"),
    "flip": iaa.Fliplr(1.0),
}
moved = {}
for name, augmenter in moves.items():
    picture, points = augmenter(
        image=source,
        keypoints=KeypointsOnImage.from_xy_array(landmarks, shape=source.shape),
    )
    moved[name] = (picture, points.to_xy_array())
figures.show(
    augmentation_figures.draw_moved(moved, landmarks),
    "A face rotated, tilted, zoomed and flipped. Landmarks that moved along lie on"
    " eyes, nose and mouth; those left behind lie beside them.",
    photographic=True,
)

# %% [markdown]
# The flip looks perfect: every dot lies on a feature. It is the most treacherous of
# all. Landmark 36 is the outer corner of the eye on the *left* of the picture. After
# the flip this point lies on the right, and is still called 36. Ask for the roll of the
# head, as in exercise 2-1:


# %%
def roll(points):
    """Return the roll of a head in degrees, positive clockwise."""
    across, down = points[45] - points[36]
    return np.degrees(np.arctan2(down, across))


for name, points in {
    "before": landmarks,
    "rotated by 18°": moved["rotate"][1],
    "flipped": moved["flip"][1],
}.items():
    print(
        f"{name}: the head is {'upside down' if abs(roll(points)) > 90 else 'upright'}."
    )

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
pairs = table[(table.wearing == "proper") & (table.split == "train")]
pairs = pairs.sample(min(80, len(pairs)), random_state=SEED)
masked = pipeline.read_faces(pairs, folder, SIZE)
bare = pipeline.read_faces(pairs.assign(picture="bare/" + pairs.source), folder, SIZE)
tell = np.abs(masked.astype(float) - bare).sum(
    axis=3
)  # (pairs, SIZE, SIZE): what tells the two labels apart
rows, columns = np.nonzero(tell.mean(0) > 0.35 * tell.mean(0).max())
patch = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
covered = [version.copy() for version in (*bare[:4], *masked[:4])]
for picture in covered:
    picture[patch] = 110
titles = ["without mask", "with mask"]
figures.show(
    figures.picture_grid(
        [*bare[:4], *masked[:4], *covered],
        [titles[i // 4 % 2] for i in range(16)],
        columns=8,
        size=1.2,
    ),
    "Four faces without and with a mask, and the same eight with a grey patch over"
    " mouth and nose: but for a strap, the two labels look alike.",
    photographic=True,
)

# %% [markdown]
# Whoever labels the lower row *with mask* and *without mask* teaches a network that
# grey patches mean both. How large may a patch be at a random place? The pairs allow to
# measure it: the sum of all differences within a pair is what tells the labels apart.
# We throw squares at random and count how often one covers **more than half** of that
# sum.

# %%
rng = np.random.default_rng(SEED)
shares = np.array([0.02, 0.04, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4])  # of the picture's area
sums = (
    np.pad(tell, ((0, 0), (1, 0), (1, 0))).cumsum(1).cumsum(2)
)  # (pairs, SIZE + 1, SIZE + 1)
spoils = []
for share in shares:
    side = round(SIZE * share**0.5)
    y, x = rng.integers(0, SIZE - side + 1, (2, 200))
    inside = (
        sums[:, y + side, x + side]
        - sums[:, y, x + side]
        - sums[:, y + side, x]
        + sums[:, y, x]
    )  # (pairs, 200)
    spoils.append((inside > sums[:, -1:, -1] / 2).mean())
figures.show(
    augmentation_figures.draw_spoils(shares, np.array(spoils)),
    "How often a random square hides more than half of what tells the labels "
    "apart, against its area: never for small ones, then rising steeply.",
)
safe = shares[np.array(spoils) < 0.01].max()
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
blue = (
    (pairs.type == "surgical_blue").to_numpy()
    if (pairs.type == "surgical_blue").any()
    else np.ones(len(pairs), bool)
)
over = tell[blue] > 90  # (blue, SIZE, SIZE): the pixels of the mask


def mean_hue(pictures):
    """Return each picture's hue in degrees of the mean colour over the mask."""
    colors = np.array(
        [picture[where].mean(0) for picture, where in zip(pictures, over)], np.float32
    )
    return cv2.cvtColor(colors[:, None] / 255, cv2.COLOR_RGB2HSV)[:, 0, 0]


turns, apart = np.arange(-180, 181, 10), []
for degrees in turns:
    turned = iaa.AddToHue(round(degrees * 255 / 360))(
        images=masked[blue]
    )  # imgaug's 255 is one turn
    apart.append(
        np.median(np.abs((mean_hue(turned) - mean_hue(bare[blue]) + 180) % 360 - 180))
    )
apart = np.array(apart)
angles = (-180, -120, -60, -10, 0, 10, 60, 120)
shown = [iaa.AddToHue(round(degrees * 255 / 360))(image=face) for degrees in angles]
figures.show(
    figures.picture_grid(
        shown, [f"{degrees:+d}°" for degrees in angles], columns=8, size=1.2
    ),
    "A face with a blue mask, its hue turned by eight angles. Turned by half a circle"
    " the mask has the colour of skin.",
    photographic=True,
)
figures.show(
    augmentation_figures.draw_hue(turns, apart),
    "Distance between the hue of the mask and of the skin that it hides, against the "
    "turn of the hue: large without a turn, smallest near half a turn.",
)
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
one = own.RandomWarp(
    rotation=18, zoom=0.15, shift=0.06, shear=8, perspective=0.12, seed=7
)
batch = tf.constant(np.concatenate([bare, masked])[:32].astype(np.float32))
after_six, after_one = (np.asarray(warp(batch, training=True)) for warp in (six, one))
pictures = [*batch.numpy()[:6], *after_six[:6], *after_one[:6]]
figures.show(
    figures.picture_grid(
        [picture / 255 for picture in pictures],
        [name for name in ("as it is", "six layers", "one layer") for _ in range(6)],
        columns=6,
        size=1.4,
    ),
    "Six faces, below them after six layers, below these after one: the middle row is"
    " softer.",
    photographic=True,
)

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
    grey = np.asarray(pictures).mean(axis=3)[:, 16:48, 16:48].astype(np.float32)
    return float(
        np.mean([np.abs(cv2.Laplacian(picture, cv2.CV_32F)).mean() for picture in grey])
    )


left_six, left_one = (
    detail(after_six) / detail(batch),
    detail(after_one) / detail(batch),
)
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
policy = keras.Sequential(
    [
        own.RandomWarp(
            rotation=18, shear=8, zoom=0.15, shift=0.06, perspective=0.12, seed=1
        ),
        own.Sometimes(
            layers.RandomErasing(
                (1.0, 1.0), scale=(0.02, 0.06), fill_value=110, seed=2
            ),
            0.25,
            seed=3,
        ),
        own.RandomLight(
            exposure=0.7, contrast=0.3, saturation=0.4, hue=10 / 360, seed=4
        ),
        own.Sometimes(own.RandomBlur(focus=0.015, motion=0.06, seed=5), 0.35, seed=6),
        own.Sometimes(own.RandomNoise(deviation=18, seed=7), 0.35, seed=8),
        own.Sometimes(own.RandomJpeg(lowest=12, highest=70, seed=9), 0.35, seed=10),
    ]
)
spoiled = np.asarray(policy(batch, training=True))
figures.show(
    figures.picture_grid(
        [picture / 255 for picture in spoiled[:24]], columns=8, size=1.2
    ),
    "Twenty-four faces under the whole policy: turned, lit otherwise, some blurred,"
    " noisy, squeezed or partly hidden.",
    photographic=True,
)
again = keras.Sequential.from_config(policy.get_config())
print(
    "A policy built again from its settings does the same:"
    f" {np.array_equal(np.asarray(again(batch, training=True)), spoiled)}"
)

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
def rate(step, pictures, seconds=0.6):
    """Return how many pictures a second `step` manages, after one call to warm up."""
    step()
    calls, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds or calls < 2:
        step()
        calls += 1
    return calls * pictures / (time.perf_counter() - start)


def in_tf_data(augment):
    """Return a function that takes the next augmented batch from an endless dataset."""
    batches = (
        tf.data.Dataset.from_tensors(batch)
        .repeat()
        .map(lambda faces: augment(faces, training=True))
    )
    iterator = iter(batches)
    return lambda: next(iterator)


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
eight_bits = batch.numpy().astype(np.uint8)
one_by_one, by_batch = camera(), camera()
generator = (one_by_one(image=picture) for _ in iter(int, 1) for picture in eight_bits)
rates = {
    "reading a face\nfrom its file": rate(
        lambda: pipeline.read_faces(chosen, folder, SIZE), len(chosen)
    ),
    "imgaug,\nPython generator": rate(lambda: [next(generator) for _ in range(8)], 8),
    "imgaug,\nbatch": rate(lambda: by_batch(images=eight_bits), 32),
    "Keras' layers,\ntf.data": rate(in_tf_data(keras_only), 32),
    "the course's policy,\ntf.data": rate(in_tf_data(policy), 32),
}
figures.show(
    augmentation_figures.draw_rates(rates),
    "Bars of pictures a second. Of the four ways to augment, imgaug in a generator is"
    " slowest and the course's policy fastest.",
)
values = list(rates.values())
print(
    "The policy is more than twice as fast as imgaug in a generator:"
    f" {values[4] > 2 * values[1]}; faster than Keras' layers one by one:"
    f" {values[4] > values[3]}."
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
answers = tf.constant(np.repeat([0, 1], 16), tf.int32)


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


one_after_the_other = tf.data.Options()
one_after_the_other.experimental_optimization.inject_prefetch = (
    False  # tf.data would add it by itself
)
from_tf_data = (
    tf.data.Dataset.from_tensors(batch)
    .repeat()
    .map(lambda faces: policy(faces, training=True))
)
from_generator = (
    np.stack([one_by_one(image=picture) for picture in eight_bits]).astype(np.float32)
    for _ in iter(int, 1)
)
waited = {
    "imgaug, generator": waits(from_generator),
    "tf.data": waits(from_tf_data.with_options(one_after_the_other)),
    "tf.data, prefetched": waits(from_tf_data.prefetch(4)),
}
figures.show(
    augmentation_figures.draw_waits(waited),
    "Bars of a training step, split in waiting and computing: with the generator much"
    " of it is waiting, with tf.data less, with prefetching next to nothing.",
)
waiting = {name: wait / (wait + compute) for name, (wait, compute) in waited.items()}
print(
    "With the generator the network waits more than with the pipeline:"
    f" {waiting['imgaug, generator'] > 2 * waiting['tf.data, prefetched']}. With"
    " prefetching it waits less than 5 % of a step:"
    f" {waiting['tf.data, prefetched'] < 0.05}."
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
classes = ("with_mask", "without_mask")
some = table[table.split == "train"].sample(96, random_state=SEED)


def two_epochs(seed):
    """Return the first batch of two epochs from a pipeline that is built anew."""
    batches = pipeline.face_dataset(
        some,
        folder,
        SIZE,
        32,
        classes,
        augmentation.policy("full", seed),
        shuffle_seed=seed,
    )
    return [next(iter(batches))[0].numpy() for _ in range(2)]


(first, second), (repeated, _), (other, _) = two_epochs(1), two_epochs(1), two_epochs(2)
figures.show(
    figures.picture_grid(
        [np.clip(picture / 255, 0, 1) for picture in [*first[:8], *second[:8]]],
        columns=8,
        size=1.2,
    ),
    "The first eight faces of two epochs: other faces in the second, and spoiled in"
    " another way.",
    photographic=True,
)
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
    return (
        np.asarray(pictures, np.float32)
        .reshape(-1, 16, 4, 16, 4, 3)
        .mean(axis=(2, 4))
        .reshape(-1, 768)
        / 255
    )


usable = table[table.wearing.isin(["none", "proper"])]
usable = pd.concat(
    [
        part.sample(min(len(part), limit), random_state=SEED)
        for (_, part), limit in zip(usable.groupby(usable.split == "train"), (400, 500))
    ]
)
faces, truth = (
    pipeline.read_faces(usable, folder, SIZE),
    (usable.label == "with_mask").to_numpy(),
)
training = (usable.split == "train").to_numpy()
classifiers = {}
for name in augmentation.POLICIES:
    batches, spoil = [faces[training]], augmentation.policy(name, SEED)
    batches += [
        spoil(faces[training].astype(np.float32), training=True)
        for _ in range(4 if spoil else 0)
    ]
    learner = make_pipeline(StandardScaler(), PCA(60, random_state=SEED), SVC(C=10))
    classifiers[name] = learner.fit(
        np.concatenate([shrink(some) for some in batches]),
        np.tile(truth[training], len(batches)),
    )
print(
    f"Trained on {training.sum()} faces; tested on {(~training).sum()} faces of other"
    " people."
)

# %%
imgaug.seed(SEED)
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
right = {name: [] for name in classifiers}
for augmenter in tests.values():
    seen_by_camera = shrink(augmenter(images=faces[~training]))
    for name, learner in classifiers.items():
        right[name].append(
            balanced_accuracy_score(truth[~training], learner.predict(seen_by_camera))
        )
right = {name: np.array(values) for name, values in right.items()}
figures.show(
    augmentation_figures.draw_help(list(tests), right),
    "Balanced accuracy for ten kinds of test pictures and three policies. Without"
    " augmentation it falls on dark, bright and shifted pictures; with the full policy"
    " much less.",
)
gain = right["full"] - right["none"]
print(
    "On the ten tests together the full policy gains more than two points:"
    f" {gain.mean() > 0.02}; most on '{list(tests)[int(gain.argmax())]}'."
)

# %% [markdown]
# Augmentation does not make a classifier cleverer. It tells it what does not matter:
# where exactly the face lies, how bright the lamp burns. Where the training pictures
# show that already, or the picture is shrunk so far that a blur can't be seen, there is
# nothing to gain. Nor does the strongest policy win every test: it shows more kinds of
# faces than so small a classifier can learn. A network of chapter 04 can learn more.

# %%
out.record(
    safe_patch_share=float(safe),
    large_patch_spoils=round(float(spoils[-1]), 3),
    hue_apart=round(float(apart[turns == 0][0])),
    hue_apart_half_turn=round(float(apart[0])),
    detail_after_six=round(left_six, 2),
    detail_after_one=round(left_one, 2),
    policy_over_imgaug=round(values[4] / values[1], 1),
    waiting_share=round(float(waiting["tf.data, prefetched"]), 3),
    waiting_share_generator=round(float(waiting["imgaug, generator"]), 3),
    **{
        f"accuracy_{name}": round(float(values.mean()), 4)
        for name, values in right.items()
    },
)
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
