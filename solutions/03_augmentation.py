# ---
# jupyter:
#   course:
#     minutes: 10
#     needs:
#     - '01'
#     - '02'
#     - '03'
#     title: Imitate the camera, worked answers
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Imitate the camera: worked answers
#
# Each answer to the exercises of [chapter 03](../chapters/03_augmentation.ipynb), why
# it is right, and what goes wrong with the answer that one is tempted to give.

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

made = Artefacts("03_augmentation", PROFILE)
path = made.earlier("02_mask_synthesis", "faces.csv")
table, folder = pd.read_csv(path, keep_default_na=False), path.parent
line = table[(table.split == "train") & (table.wearing == "proper")].iloc[0]
print(f"{len(table):,} faces in the table of chapter 02.")

# %% [markdown]
# ## 3-1: noise in eight bits
#
# Three steps: compute in wide numbers, clip, go back to eight bits. Without `clip` the
# pixels wrap around: in a dark corner noise of -5 makes a white dot. Without `rint` the
# fraction is cut off, and every picture gets darker by half a grey level. `rng.normal`
# needs the shape of the *whole* picture; with `picture.shape[:2]` all three colours of
# a pixel would move together, and the noise would be grey.


# %% tags=["exercise-3-1"]
def add_noise(picture, deviation, rng):
    """Return a copy of a uint8 picture with Gaussian noise."""
    noisy = picture + rng.normal(0, deviation, picture.shape)  # float64
    return np.rint(noisy).clip(0, 255).astype(np.uint8)


# %%
chapter_03.check_1(add_noise)

# %%
face = pipeline.read_face(folder / line.picture, line[list(pipeline.BOX)], 128)
rng = np.random.default_rng(SEED)
noise = rng.normal(0, 20, face.shape)
versions = {
    "as it is": face,
    "right": add_noise(face, 20, rng),
    "not clipped": np.rint(face + noise).astype(int).astype(np.uint8),
    "one draw a pixel": np.rint(face + noise[..., :1]).clip(0, 255).astype(np.uint8),
}
alt = (
    "A face with noise in four versions. Without clipping, dots of the opposite"
    " brightness stand in dark and light parts."
)
pictures, titles = list(versions.values()), list(versions)
figures.show_pictures(pictures, alt, titles, columns=4, size=1.9)

# %% [markdown]
# ## 3-2: left and right
#
# Mirror the places, then take for each number the point that bore the *other* side's
# number. The list of numbers can be written down part by part, as here. It can also be
# found: mirror a mean face and ask for each point which one of the original lies
# nearest.


# %% tags=["exercise-3-2"]
def flip_landmarks(landmarks, width):
    """Return the 68 landmarks (68, 2) of the mirrored picture."""
    jaw, brows = range(16, -1, -1), range(26, 16, -1)
    nose = [27, 28, 29, 30, 35, 34, 33, 32, 31]
    eyes = [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    outer_lips = [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55]
    inner_lips = [64, 63, 62, 61, 60, 67, 66, 65]
    partner = [*jaw, *brows, *nose, *eyes, *outer_lips, *inner_lips]
    mirrored = np.column_stack([width - 1 - landmarks[:, 0], landmarks[:, 1]])
    return mirrored[partner]


# %%
chapter_03.check_2(flip_landmarks)

# %% [markdown]
# The best test is the landmark predictor itself: it sees the mirrored picture, and its
# points should be ours.

# %%
from course_utils.faces import find_faces
from course_utils.pictures.images import read_rgb

source = read_rgb(folder / "bare" / line.source)
landmarks = find_faces(source, max_faces=1)[0].landmarks
mirrored = np.ascontiguousarray(source[:, ::-1])
careless = np.column_stack([source.shape[1] - 1 - landmarks[:, 0], landmarks[:, 1]])
versions = {
    "numbers exchanged": flip_landmarks(landmarks, source.shape[1]),
    "numbers kept": careless,
}
augmentation_figures.show_numbers(mirrored, versions)

predicted = find_faces(mirrored, max_faces=1)[0]
for name, points in versions.items():
    distances = np.linalg.norm(points - predicted.landmarks, axis=1)
    error = distances.mean() / predicted.interocular
    print(f"{name}: on average {error:.1f} distances of the eyes away")

# %% [markdown]
# ## 3-3: a patch that looks before it lands
#
# List every allowed place and draw one. A square is beside the box when it ends before
# the box begins or begins behind its end, across *or* down: four comparisons joined by
# *or*. A loop that draws until a place fits is as right, but never ends when there is
# none.


# %% tags=["exercise-3-3"]
def safe_patch(landmarks, size, side, rng):
    """Return (x, y) of a random square that hides neither nose nor mouth, or None."""
    protected = landmarks[[*range(27, 36), *range(48, 68)]]
    (left, top), (right, bottom) = protected.min(axis=0), protected.max(axis=0)
    x, y = np.meshgrid(np.arange(size - side + 1), np.arange(size - side + 1))
    beside = (x + side - 1 < left) | (x > right) | (y + side - 1 < top) | (y > bottom)
    places = np.column_stack([x[beside], y[beside]])
    return tuple(int(edge) for edge in rng.choice(places)) if len(places) else None


# %%
chapter_03.check_3(safe_patch)

# %%
size = 128
x_min, y_min, x_max, y_max = line[list(pipeline.BOX)].astype(float)
scale = size / np.array([x_max - x_min, y_max - y_min]) / (1 + 2 * pipeline.MARGIN)
border = size * pipeline.MARGIN / (1 + 2 * pipeline.MARGIN)  # where nothing is cut off
inside = (landmarks - (x_min, y_min)) * scale + border
rng, patched = np.random.default_rng(SEED), []
for _ in range(6):
    x, y = safe_patch(inside, size, 44, rng)
    patched.append(face.copy())
    patched[-1][y : y + 44, x : x + 44] = 110
alt = "Six times the masked face with a large grey patch; nose and mouth stay free."
figures.show_pictures(patched, alt, columns=6, size=1.6)

# %% [markdown]
# ## 3-4: when does the network wait?
#
# Three times belong to a batch: when the network *asks* for it, when it is *ready*, and
# when it is *taken*, the later of the two. The thread begins a batch when it has
# finished the one before and when there is room: when the batch `ahead` places earlier
# was taken. With `ahead` 0 it begins when asked. Tempting is the sum of $p - c$, where
# that is positive. It is right for `ahead` 1 only: a larger store was filled while the
# batches were fast, and lives on that when one is slow.


# %% tags=["exercise-3-4"]
def waiting_time(prepare, compute, ahead):
    """Return the seconds that a network waits for all its batches together."""
    taken, ready, asked, waited = [], 0, 0, 0
    for number, seconds in enumerate(prepare):
        room = 0 if ahead else asked
        if 0 < ahead <= number:
            room = taken[number - ahead]
        ready = max(ready, room) + seconds
        taken.append(max(ready, asked))
        waited += taken[-1] - asked
        asked = taken[-1] + compute
    return waited


# %%
chapter_03.check_4(waiting_time)

# %%
kinds = {
    "all alike": [1.6] * 11,
    "one slow": [1] * 6 + [8] + [1] * 4,
    "too slow": [3] * 11,
}
for ahead in (0, 1, 2, 4, 8):
    waits = {name: waiting_time(prepare, 2, ahead) for name, prepare in kinds.items()}
    listed = ", ".join(f"{name} {wait:.1f} s" for name, wait in waits.items())
    print(f"ahead {ahead}: {listed}")

# %% [markdown]
# When batches are all alike, one ahead is enough. One slow batch among fast ones needs
# a store. And where preparing is slower than computing on average, no store helps: the
# pipeline itself must get faster.
#
# One thing the formula hides: on a machine without a graphics card both need the *same*
# processor. Prefetching then hides the waiting, but what is spent on preparing is
# missing for computing. There only a cheaper policy helps.
#
# ## 3-5: the order of the steps
#
# `map(read)` and `cache` come first: what is the same in every epoch is done once.
# `shuffle` with a buffer as large as the collection, else the first pictures always
# come early. Then `batch`, and `augment` on whole batches. `prefetch` is last, since it
# keeps what is finished.
#
# Three tempting mistakes run without an error. `cache` after the augmentation: the
# network sees the same copies in each epoch, and augmentation is lost. `shuffle` before
# the cache: the order of the first epoch is kept for ever. `shuffle` after `batch`: the
# same pictures always sit together.

# %%
from course_utils import quiet

keras = quiet.import_keras()
import tensorflow as tf


# %% tags=["exercise-3-5"]
def build_pipeline(numbers, read, augment, batch, seed):
    """Return a dataset of augmented batches, in the right order of its steps."""
    dataset = tf.data.Dataset.from_tensor_slices(numbers)
    dataset = dataset.map(read, num_parallel_calls=tf.data.AUTOTUNE).cache()
    dataset = dataset.shuffle(len(numbers), seed=seed).batch(batch)
    dataset = dataset.map(lambda pictures, labels: (augment(pictures), labels))
    return dataset.prefetch(tf.data.AUTOTUNE)


# %%
chapter_03.check_5(build_pipeline)

# %% [markdown]
# Why not give `augment`'s `map` several calls at once? It would be right for this check
# and faster on many cores. But the layers draw random numbers from one state, and
# several calls would reach it in an order that depends on chance: the same seed would
# no longer give the same pictures.
