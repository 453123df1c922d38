# ---
# jupyter:
#   course:
#     minutes: 12
#     needs:
#     - '01'
#     - '02'
#     title: Draw masks onto faces, worked answers
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Draw masks onto faces: worked answers
#
# Each answer to the exercises of [chapter 02](../chapters/02_mask_synthesis.ipynb), why
# it is right, and what goes wrong with the answer that one is tempted to give. Run the
# chapter first: this notebook reads what it made.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import numpy as np
import pandas as pd
from course_utils.checks import chapter_02
from course_utils.faces import find_faces
from course_utils.notebook.artefacts import Artefacts
from course_utils.pictures.images import read_rgb
from course_utils.profiles import SEED

made = Artefacts("02_mask_synthesis", PROFILE)
path = made.earlier("02_mask_synthesis", "faces.csv")
table = pd.read_csv(path, keep_default_na=False)
bare = table[table.wearing == "none"].sample(40, random_state=SEED)
pictures = [read_rgb(made.folder / name) for name in bare.picture]
faces = [find_faces(picture, max_faces=1)[0] for picture in pictures]
print(f"{len(table):,} pictures in the table of chapter 02.")

# %% [markdown]
# ## 2-1: the roll of a head
#
# The arc tangent of rise over run gives the angle. `arctan2` takes the two apart, so
# that nothing is divided by zero and the quadrant is right. Since y grows downwards in
# a picture, a positive rise means that the right eye (of the picture) is *lower*: the
# head is turned clockwise. In a mathematics book, where y grows upwards, the same
# numbers would mean the opposite turn.


# %% tags=["exercise-2-1"]
def roll(landmarks):
    """Return a head's roll in degrees, positive clockwise, from its 68 landmarks."""
    across, down = landmarks[45] - landmarks[36]
    return np.degrees(np.arctan2(down, across))


# %%
chapter_02.check_1(roll)

# %% [markdown]
# Why the outer corners? Any two points give an angle. But a landmark is off by a pixel
# or two, and the closer two points lie, the more that turns the line between them. The
# next cell moves all landmarks at random by one pixel and looks how much the angle
# jumps.

# %%
rng = np.random.default_rng(SEED)
pairs = {
    "outer corners of the eyes": (36, 45),
    "inner corners of the eyes": (39, 42),
    "corners of the mouth": (48, 54),
}
for name, (left, right) in pairs.items():
    jumps = []
    for face in faces:
        moved = face.landmarks + rng.normal(0, 1, (200, 68, 2))
        across, down = (moved[:, right] - moved[:, left]).T
        jumps.append(np.degrees(np.arctan2(down, across)).std())
    jump = np.mean(jumps)
    print(
        f"{name}: the angle jumps by {jump:.0f}° when each landmark is off by one"
        " pixel."
    )

# %% [markdown]
# ## 2-2: apply a homography
#
# Put a 1 behind each point, multiply, and divide by what arrives in the third place.
# The points are *rows* here, and the formula wants columns, so the matrix is
# transposed. Whoever leaves the division out is right for shifts and turns (the third
# number is 1 there) and wrong for everything that a homography was made for.


# %% tags=["exercise-2-2"]
def move(matrix, points):
    """Apply a homography to points (n, 2); returns (n, 2)."""
    homogeneous = np.column_stack([points, np.ones(len(points))])  # (n, 3)
    moved = homogeneous @ matrix.T
    return moved[:, :2] / moved[:, 2:]


# %%
chapter_02.check_2(move)

# %% [markdown]
# ## 2-3: how is the mask worn?
#
# Ask three questions: is the nose covered, the mouth, the chin? The order matters: a
# properly worn mask covers the chin too, so the chin is asked last. Landmarks outside
# the picture are left out; a negative index would silently read the other side of the
# picture, the mistake of exercise 1-1 in a new dress.


# %% tags=["exercise-2-3"]
def way_of_wearing(alpha, landmarks):
    """Say how a mask is worn from the pixels that it covers, (height, width), and 68
    landmarks (68, 2).
    """
    height, width = alpha.shape

    def is_covered(numbers):
        x, y = np.rint(landmarks[numbers]).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        return inside.any() and alpha[y[inside], x[inside]].mean() > 0.5

    nose, mouth = is_covered(slice(30, 36)), is_covered(slice(48, 68))
    if nose:
        return "proper" if mouth else "nose-only"
    if mouth:
        return "under-nose"
    return "under-chin" if is_covered([8]) else "none"


# %%
chapter_02.check_3(way_of_wearing)

# %% [markdown]
# The check uses invented bands. Does the function agree with the masks that the course
# draws? A perfect score is not expected: the drawing asks where the mask's edges were
# *meant* to be, the function where they are.

# %%
from course_utils.masks import MaskChoice, put_on
from course_utils.masks.choice import WEARS

for way in WEARS:
    choice, agreed = MaskChoice("surgical_blue", wear=way), []
    for number, (picture, face) in enumerate(zip(pictures, faces)):
        drawn = put_on(picture, face, choice, np.random.default_rng((SEED, number)))
        if drawn.quality.ok:
            agreed.append(way_of_wearing(drawn.alpha, face.landmarks) == way)
    share = np.mean(agreed)
    print(f"{way}: the same word for {share:.0%} of {len(agreed)} drawn masks.")

# %% [markdown]
# ## 2-4: is the loss fair?
#
# First decide for each *picture* whether it is lost: none of its lines says `masked`.
# Then take the mean by value; the mean of yes and no is a share. Counting lines instead
# would weigh a picture by its number of faces.


# %% tags=["exercise-2-4"]
def loss_rates(pictures, account, column):
    """Return, by value of a column, the share of pictures without any masked face.

    A Series.
    """
    masked = account.loc[account.result == "masked", "picture"]
    lost = ~pictures.picture.isin(masked)
    return lost.groupby(pictures[column]).mean()


# %%
chapter_02.check_4(loss_rates)

# %% [markdown]
# It is not fair. The darker the skin, the fewer grey levels a face has left at dusk,
# and the finder has nothing to hold on to. Each share comes with its 95 % interval;
# that of the darkest tones lies far above that of the lightest. A collection made at
# dusk would hold fewer masked faces of dark skin than bare ones, and a classifier could
# learn the skin for the mask. Chapter 09 asks the same of the finished program.

# %%
from course_utils.data.faces_table import load_faces

path = made.earlier("02_mask_synthesis", "dusk_masked/masks.csv")
account = pd.read_csv(path, keep_default_na=False)
people = load_faces("sample")
people = people[people.picture.isin(account.picture)]
people["tone"] = pd.cut(
    people.monk_tone, [0, 3, 7, 10], labels=["1 to 3", "4 to 7", "8 to 10"]
).astype(str)
for tone, lost in loss_rates(people, account, "tone").items():
    count = (people.tone == tone).sum()
    reach = 1.96 * np.sqrt(lost * (1 - lost) / count)
    print(f"skin tones {tone}: {lost:.0%} ± {reach:.0%} of {count} faces are lost")

# %% [markdown]
# ## 2-5: how sure is a difference?
#
# Two accuracies, each uncertain, on different faces. Their variances add up, so the
# standard error of the difference is the root of the sum: larger than each alone,
# smaller than both together. Tempting is to look whether the two *single* intervals
# overlap. That asks for a gap of both reaches added, and overlooks real differences.


# %% tags=["exercise-2-5"]
def difference(first, second):
    """Return the ends of the 95 % interval of how much better the second is."""
    gap = second.mean() - first.mean()
    variances = [
        right.mean() * (1 - right.mean()) / len(right) for right in (first, second)
    ]
    reach = 1.96 * np.sqrt(sum(variances))
    return gap - reach, gap + reach


# %%
chapter_02.check_5(difference)

# %%
for count in (800, 3200, 12800):
    whole = np.arange(count) < 0.918 * count
    cut_out = np.arange(count) < 0.938 * count
    low, high = difference(whole, cut_out)
    print(f"two points on {count:,} faces: {100 * low:.1f} to {100 * high:.1f} points")
