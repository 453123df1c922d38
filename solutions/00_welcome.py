# ---
# jupyter:
#   course:
#     title: Welcome, worked answers
#     minutes: 6
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
# # Welcome: worked answers
#
# Each answer stands under the number that its exercise has in
# `chapters/00_welcome.ipynb`, with the reason why it is right and with the mistakes
# that are easy to make. This notebook runs by itself. Try first: an answer that you
# have fought for stays.

# %%
import numpy as np
from course_utils.checks import chapter_00
from course_utils.pictures.annotations import Box

# %% [markdown]
# ## 0-1: count at a threshold
#
# A comparison of an array with a number gives an array of `True` and `False`, and a sum
# counts the `True`. "Reaches" includes the threshold itself, hence `>=`. With real
# probabilities the equal case is rare, but the rule must be the same wherever a
# threshold is used: two parts of a program that disagree on the border are a bug that
# nobody finds.


# %% tags=["exercise-0-1"]
def count_masks(probabilities, threshold):
    """Return how many of the probabilities reach the threshold."""
    return int(np.sum(probabilities >= threshold))


# %%
chapter_00.check_1(count_masks)

# %% [markdown]
# ## 0-2: intersection over union
#
# The shared rectangle starts at the larger of the two left edges and ends at the
# smaller of the two right ones; the same downwards. When the boxes do not meet, one of
# these differences is negative, and `max(..., 0)` makes it nothing. Without it, two
# boxes apart in *both* directions have two negative differences, and their product is a
# positive area out of nowhere.
#
# The area that both cover is the sum of the two areas, minus the shared part, which the
# sum counts twice.


# %% tags=["exercise-0-2"]
def intersection_over_union(one, two):
    """Return the shared area of two boxes divided by the area of their union."""
    across = max(min(one.x_max, two.x_max) - max(one.x_min, two.x_min), 0)
    down = max(min(one.y_max, two.y_max) - max(one.y_min, two.y_min), 0)
    shared = across * down
    return shared / (one.width * one.height + two.width * two.height - shared)


# %%
chapter_00.check_2(intersection_over_union)

# %% [markdown]
# Back to the reason for the exercise. A box as large as a picture of 1280 x 720 pixels
# has a face of 100 pixels in its middle. By the rule of the chapter it finds that face;
# by intersection over union it is nowhere near.

# %%
picture, face = Box("face", 0, 0, 1280, 720), Box("face", 590, 310, 690, 410)
overlap = intersection_over_union(picture, face)
print(f"Intersection over union of the whole picture and the face: {overlap:.2f}")

shifted = Box("face", 600, 310, 700, 410)
overlap = intersection_over_union(face, shifted)
print(f"The same box shifted by a tenth of its width: {overlap:.2f}")

# %% [markdown]
# The second line is worth remembering: a box that looks perfect is already well
# below 1. This is why 0.5 is the usual demand and not 0.9.
#
# ## 0-3: how many faces does a fair comparison need?
#
# Set the formula for the distance equal to the reach and square both sides:
#
# $$\text{reach}^2 = 1.96^2\,\frac{p\,(1-p)}{n} \quad\Rightarrow\quad
# n = 1.96^2\,\frac{p\,(1-p)}{\text{reach}^2}$$
#
# Faces come whole, and a smaller $n$ makes the interval wider, so the result is rounded
# *up*.


# %% tags=["exercise-0-3"]
def faces_needed(accuracy, reach):
    """Return the smallest number of faces for which the 95 % interval reaches at most
    `reach` to either side.
    """
    return int(np.ceil(1.96**2 * accuracy * (1 - accuracy) / reach**2))


# %%
chapter_00.check_3(faces_needed)

# %%
whole, half = faces_needed(0.88, 0.01), faces_needed(0.88, 0.005)
print(f"To keep 0.87 out of the interval around 0.88: {whole} faces,", end=" ")
print("where the original project had 813.")
print(f"For half that reach: {half} faces.", end=" ")
print("Half the reach costs four times the faces.")

# %% [markdown]
# This is the mildest demand: it treats 0.87 as if it were known exactly. When both
# accuracies come from tests of their own, the uncertainty of their *difference* counts,
# and about twice as many faces are needed in each. When both networks are tested on the
# *same* faces, as they were here, fewer are enough, because what counts is only the
# faces on which they disagree. The original project did not keep the answers face by
# face, so that comparison is lost. Chapter 05 makes it.
#
# ## 0-4: read the plot
#
# The shaded span holds the middle 95 % of the tests and reaches from about 0.86 to
# 0.90. So 0.87 and 0.89 are what one expects of this network, though they differ by two
# points. 0.84 and 0.91 lie outside: chance alone gives such a result once in some
# dozens of tests or less. Mind that surprise has two sides. A number that is too good
# deserves the same suspicion as one that is too bad, and rarely gets it.

# %% tags=["exercise-0-4"]
surprising = [0.84, 0.91]

# %%
chapter_00.check_4(surprising)
