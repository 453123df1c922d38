# ---
# jupyter:
#   course:
#     minutes: 6
#     needs: []
#     title: Welcome, worked answers
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
# ## 0-1: count those who were never found
#
# When 54 % of the people with a mask are found, each found one stands for 1 / 0.54
# people. So *divide* each count by its share, and compare the people instead of the
# faces.


# %% tags=["exercise-0-1"]
def share_with_mask(masked, bare, found_masked, found_bare):
    """Return the share of all people, found or not, who wear a mask."""
    with_mask, without_mask = masked / found_masked, bare / found_bare
    return with_mask / (with_mask + without_mask)


# %%
chapter_00.check_1(share_with_mask)

# %%
corrected = share_with_mask(54, 94, 0.54, 0.94)
print(f"Of the found faces {54 / (54 + 94):.0%} wear a mask,", end=" ")
print(f"of the people {corrected:.0%}.")

# %% [markdown]
# The correction is as good as the two shares, and those were measured on other
# pictures, in another frame and light. At a new entrance they have to be measured
# again: count the people in some pictures by hand.
#
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
# ## 0-4: how many alarms are false?
#
# Take 1,000 people. 950 wear a mask, and 16 % of them, 152, are stopped. 50 wear none,
# and 98 % of them, 49, are stopped. So 152 of 201 alarms are false.


# %% tags=["exercise-0-4"]
def false_alarm_share(wearing, stopped_masked, stopped_bare):
    """Return the share of the stopped people who wear a mask."""
    wrong = wearing * stopped_masked
    right = (1 - wearing) * stopped_bare
    return wrong / (wrong + right)


# %%
chapter_00.check_4(false_alarm_share)

# %%
for wearing in (0.5, 0.8, 0.95, 0.99):
    share = false_alarm_share(wearing, 0.16, 0.98)
    print(f"{wearing:.0%} wear a mask: {share:.0%} of the alarms are false.")

# %% [markdown]
# The program is the same in every line; what changes is how many people its rarer
# mistake can happen to. This is the **base rate**: whoever forgets it expects the 16 %
# that the program errs on, and is surprised by the queue of masked people at the desk.
