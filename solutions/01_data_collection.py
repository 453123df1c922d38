# ---
# jupyter:
#   course:
#     title: Collect the pictures, worked answers
#     minutes: 15
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
# # Collect the pictures: worked answers
#
# Each answer to the exercises of [chapter 01](../chapters/01_data_collection.ipynb),
# why it is right, and what goes wrong with the answer that one is tempted to give. Run
# the chapter first: this notebook reads its table `faces.csv`.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import numpy as np
import pandas as pd
from course_utils.checks import chapter_01
from course_utils.data.faces_table import faces_dir
from course_utils.notebook.artefacts import Artefacts
from course_utils.pictures.images import read_rgb
from course_utils.profiles import SEED
from PIL import Image

table = Artefacts("01_data_collection", PROFILE).earlier(
    "01_data_collection", "faces.csv"
)
faces = pd.read_csv(table, keep_default_na=False)
few = faces.sample(min(400, len(faces)), random_state=SEED)  # enough for the figures

# %%
pictures = []
for name in few.picture:
    image = Image.fromarray(read_rgb(faces_dir(PROFILE) / name))
    image.thumbnail((256, 256))
    pictures.append(np.asarray(image))
print(f"{len(faces):,} pictures in the table of chapter 01, {len(few)} of them read.")

# %% [markdown]
# ## 1-1: cut a box to the picture
#
# The minima can't be below 0, the maxima can't be above the size. What is left is empty
# when a minimum has reached its maximum, and that test also catches a box which only
# touches the border, since the maxima don't belong to it.


# %% tags=["exercise-1-1"]
def clip_box(box, width, height):
    """Cut the box (x_min, y_min, x_max, y_max) to a picture of width x height."""
    x_min, y_min, x_max, y_max = box
    x_min, y_min = max(x_min, 0), max(y_min, 0)
    x_max, y_max = min(x_max, width), min(y_max, height)
    if x_min >= x_max or y_min >= y_max:
        return None
    return x_min, y_min, x_max, y_max


# %%
chapter_01.check_1(clip_box)

# %% [markdown]
# The tempting answer is `np.clip` on all four numbers. It is right for every box that
# has a pixel in the picture. For a box outside it returns a box without pixels, and the
# crash comes later, in another function: the usual fate of a value that should have
# been `None`.

# %%
outside = (210, 20, 260, 50)
clipped = np.clip(outside, 0, (200, 100, 200, 100))
print("np.clip gives", tuple(clipped.tolist()), end=" ")
print("and clip_box gives", clip_box(outside, 200, 100))

# %% [markdown]
# ## 1-2: a hash that asks downwards
#
# Eight steps down need nine rows, so the small picture is 9 high and 8 wide. The trap
# is the order: Pillow's `resize` takes (width, height), an array's shape is (height,
# width). With `(9, 8)` one gets 63 answers. The other trap is `np.diff(tiny, axis=0) >
# 0`: on `uint8` a negative difference wraps round to a large positive one, and nearly
# every answer becomes yes.


# %% tags=["exercise-1-2"]
def vertical_hash(picture):
    """Return 64 answers for a picture (uint8, height x width x 3).

    Is the pixel below brighter?
    """
    grey = Image.fromarray(picture).convert("L")
    tiny = np.asarray(grey.resize((8, 9), Image.Resampling.LANCZOS))  # (9, 8)
    return (tiny[1:] > tiny[:-1]).ravel()


# %%
chapter_01.check_2(vertical_hash)

# %% [markdown]
# What is it worth? Take both hashes, 128 answers. Strangers look alike to one of them
# now and then, seldom to both. The figure counts the pictures that have a false
# partner, at thresholds that are the same share of the answers.


# %%
def horizontal_hash(picture):
    grey = Image.fromarray(picture).convert("L")
    tiny = np.asarray(grey.resize((9, 8), Image.Resampling.LANCZOS))  # (8, 9)
    return (tiny[:, 1:] > tiny[:, :-1]).ravel()


def distances(codes):
    codes = codes.astype(np.float32)
    return (codes @ (1 - codes).T + (1 - codes) @ codes.T).astype(int)


# %%
from course_utils.figures import twins

sideways = np.array([horizontal_hash(picture) for picture in pictures])
downwards = np.array([vertical_hash(picture) for picture in pictures])
group = pd.factorize(few.group)[0]
strangers = group[:, None] != group[None, :]
shares = np.arange(0, 17)


def false_alarms(codes):
    """Return the share of pictures with a false partner, at each threshold of 64."""
    apart = distances(codes) * 64 / codes.shape[1]
    nearest = np.where(strangers, apart, 999).min(axis=1)
    return np.array([np.mean(nearest <= share) for share in shares])


# %%
alone, together = false_alarms(sideways), false_alarms(np.hstack([sideways, downwards]))
curves = {"sideways, 64 answers": alone, "both, 128 answers": together}
twins.show_false_alarms(shares, curves)
worse = int(np.argmax(alone > 0.05))
print(
    f"At {worse} of 64, {alone[worse]:.0%} of the pictures have a false partner",
    end=" ",
)
print(f"by the sideways hash, {together[worse]:.0%} by both.")

# %% [markdown]
# ## 1-3: predict the leak
#
# Ask the other way round: when has a test picture *no* twin in training? When all four
# twins were drawn for the test, too. Each is there with a chance of one fifth, so all
# four with 0.2 to the power of four, and the leak is the rest.

# %% tags=["exercise-1-3"]
prediction = 1 - 0.2**4

# %%
chapter_01.check_3(prediction)

# %% [markdown]
# The tempting answer is 80 %, the chance that *one particular* twin is in training. But
# one of four is enough. If in doubt, let chance itself answer: five copies of
# everything, one fifth drawn for the test.

# %%
source = np.repeat(np.arange(20_000), 5)
in_test = np.random.default_rng(SEED).permutation(len(source)) < len(source) // 5
leak = np.isin(source[in_test], source[~in_test]).mean()
print(f"Predicted {prediction:.2%}, found {leak:.2%}.")

# %% [markdown]
# ## 1-4: split by group
#
# Shuffle the *groups*, then take groups for the test until it holds its share of the
# *pictures*. `before` is the number of pictures in the groups ahead of each one in the
# shuffled row.


# %% tags=["exercise-1-4"]
def group_split(groups, test_share, seed):
    """Split positions 0 ..

    Len(groups) - 1 into training and test without tearing a group.
    """
    groups = np.asarray(groups)
    names, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = names[order][before < test_share * len(groups)]
    in_test = np.isin(groups, chosen)
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


# %%
chapter_01.check_4(group_split)

# %% [markdown]
# The tempting answer sorts by group and cuts the row at 80 %. It tears at most one
# group, and it is always the same split: whoever was named last is the test, for ever.
# In a collection that was numbered source by source, the test is then a single source.
#
# The other tempting answer takes one fifth of the *groups*. On average that is one
# fifth of the pictures, but when one group is large the test can be far too large or
# too small. How far do both stray in twenty splits?

# %%
sizes = np.random.default_rng(SEED).geometric(0.15, 150)
groups = np.repeat(np.arange(150), sizes)


def fifth_of_groups(groups, test_share, seed):
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    in_test = np.isin(groups, names[: round(test_share * len(names))])
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


def print_spread(name, split):
    shares = [len(split(groups, 0.2, seed)[1]) / len(groups) for seed in range(20)]
    print(f"{name}: the test holds {min(shares):.1%} to {max(shares):.1%}", end=" ")
    print("of the pictures.")


print_spread("until the share is reached", group_split)
print_spread("a fifth of the groups", fifth_of_groups)

# %% [markdown]
# ## 1-5: borders only
#
# Four decisions make the experiment. Only the ring reaches the classifier. The score is
# balanced, so that unequal classes give the lazy answer nothing. Every part is tested
# by a model that has not seen it. And parts are made by group, so that a twin is no
# help.


# %%
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


# %% tags=["exercise-1-5"]
def border_accuracy(tiny, labels, groups):
    """Balanced accuracy, tested by group, of a classifier that sees only the border of
    the 8 x 8 pictures.
    """
    ring = np.ones((8, 8), bool)
    ring[1:-1, 1:-1] = False
    features = tiny[:, ring].reshape(len(tiny), -1)  # (n, 28 * 3)
    model = make_pipeline(
        StandardScaler(),
        LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000),
    )
    parts = StratifiedGroupKFold(5, shuffle=True, random_state=SEED)
    return cross_val_score(
        model, features, labels, groups=groups, cv=parts, scoring="balanced_accuracy"
    ).mean()


# %%
chapter_01.check_5(border_accuracy)

# %% [markdown]
# Leave out one decision at a time, on a collection that we make up so that the border
# says *nothing*: one picture in ten is masked, and every picture has four darkened or
# brightened copies. An honest experiment must say 50 %.

# %%
from PIL import ImageEnhance

rng = np.random.default_rng(SEED)
number = min(100, len(pictures))
tiny = []
for i in rng.choice(len(pictures), number, replace=False):
    light = ImageEnhance.Brightness(Image.fromarray(pictures[i]))
    for factor in (0.85, 0.95, 1, 1.05, 1.15):
        copy = light.enhance(factor).resize((8, 8), Image.Resampling.BOX)
        tiny.append(np.asarray(copy) / 255)
tiny, groups = np.array(tiny), np.repeat(np.arange(number), 5)

ring = np.ones((8, 8), bool)
ring[1:-1, 1:-1] = False
features = tiny[:, ring].reshape(len(tiny), -1)


# %%
def measure(groups_used, scoring, weight="balanced"):
    """Average over ten tosses of the labels, one picture in ten masked."""
    learner = LogisticRegression(C=0.1, class_weight=weight, max_iter=2000)
    model = make_pipeline(StandardScaler(), learner)
    parts = StratifiedGroupKFold(5, shuffle=True, random_state=SEED)
    options = {"groups": groups_used, "cv": parts, "scoring": scoring}
    means = []
    for _ in range(10):
        labels = np.repeat(rng.permutation(number) < number // 10, 5)
        means.append(cross_val_score(model, features, labels, **options).mean())
    return np.mean(means)


# %%
from sklearn.dummy import DummyClassifier

tenth = np.arange(len(tiny)) % 10 == 0
lazy = cross_val_score(DummyClassifier(), features, tenth, cv=5).mean()
honest = measure(groups, "balanced_accuracy")
plain = measure(groups, "accuracy", weight=None)
torn = measure(np.arange(len(tiny)), "balanced_accuracy")
print(f"as it should be:              {honest:.0%}")
print(f"plain accuracy:               {plain:.0%}", end=" ")
print(f"(who always says 'without' gets {lazy:.0%})")
print(f"copies on both sides:         {torn:.0%}")

# %% [markdown]
# Both wrong measures make nothing look like something. They are also the two mistakes
# that published figures suffer from most: a score that unequal classes flatter, and a
# test that remembers.
