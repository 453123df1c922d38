# ---
# jupyter:
#   course:
#     minutes: 10
#     needs: []
#     title: Faces in the wild, worked answers
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Faces in the wild: worked answers
#
# Each answer to the exercises of [chapter 07](../chapters/07_detection.ipynb), why it
# is right, and what goes wrong with the answer that one is tempted to give. This
# notebook runs by itself.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import numpy as np
import pandas as pd
from course_utils.checks import chapter_07

# %% [markdown]
# ## 7-1: intersection over union, with two bugs
#
# Equal boxes gave one half: the denominator counted twice what both cover. And two
# boxes apart in both directions gave a positive number. The first is found by asking
# about a case whose answer is known, the second only by one that looks too simple to
# ask about.
#
# The rectangle that both cover begins at the larger of the two left edges and ends at
# the smaller of the two right ones; so with top and bottom. When the boxes lie apart, a
# length becomes negative, and must be 0: apart in *both* directions, two negative
# lengths would multiply to a positive area. The area that either covers is the sum of
# both minus what was counted twice.


# %% tags=["exercise-7-1"]
def overlap(one, other):
    """Return intersection over union of two boxes, 0 to 1."""
    across = max(0, min(one[2], other[2]) - max(one[0], other[0]))
    down = max(0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return across * down / (sum(areas) - across * down)


# %%
chapter_07.check_1(overlap)

# %% [markdown]
# How strict is "half"? A face of 20 pixels whose box is 4 pixels off to the side and 4
# down is lost by it; a face of 100 pixels may be off by 18 each way.

# %%
for side in (20, 40, 100):
    largest = max(
        shift
        for shift in range(side)
        if overlap((0, 0, side, side), (shift, shift, side + shift, side + shift))
        >= 0.5
    )
    print(f"a box of {side} pixels may be off by {largest} pixels in both directions")

# %% [markdown]
# ## 7-2: recall and precision, end to end
#
# Both have the same numerator: faces that are `which` and were labelled so. Recall
# divides by all *faces* that are `which`, found or not. Precision divides by all
# *boxes* that were labelled `which`, faces or not. So nothing has to be filtered, and
# every filter that looks tempting flatters one of the two.


# %% tags=["exercise-7-2"]
def end_to_end(rows, which):
    """Return (recall, precision) of a label, misses and false alarms included."""
    right = ((rows["label"] == which) & (rows["said"] == which)).sum()
    return right / (rows["label"] == which).sum(), right / (rows["said"] == which).sum()


# %%
chapter_07.check_2(end_to_end)

# %% [markdown]
# An example: ten unmasked faces, of which four were missed and one is called masked.
# The classifier alone looks good.

# %%
rows = pd.DataFrame(
    {
        "label": ["without_mask"] * 10,
        "said": ["without_mask"] * 5 + ["with_mask"] + [""] * 4,
    }
)
found = rows[rows["said"] != ""]
print(
    f"of the found faces {end_to_end(found, 'without_mask')[0]:.2f}, of all faces"
    f" {end_to_end(rows, 'without_mask')[0]:.2f}"
)

# %% [markdown]
# ## 7-3: the label of a track
#
# A probability says more than a label: how sure the look was. Votes throw that away.
# Three hesitant looks at 0.6 and two sure ones at 0 would be outvoted three to two;
# their mean is 0.36, doubtful, and near to *no mask*.


# %% tags=["exercise-7-3"]
def label_of(probabilities, threshold=0.5, band=0.15):
    """Return the label of a track from its last probabilities of "with_mask"."""
    if len(probabilities) == 0:
        return "not_sure"
    apart = np.mean(probabilities) - threshold
    if apart >= band:
        return "with_mask"
    return "without_mask" if apart <= -band else "not_sure"


# %%
chapter_07.check_3(label_of)

# %%
looks = [0.6, 0.6, 0.6, 0.0, 0.0]
votes = sum(probability >= 0.5 for probability in looks)
print(
    f"{votes} of {len(looks)} looks vote for a mask; the mean is {np.mean(looks):.2f}:"
    f" {label_of(looks)}, and with a band of 0.1 {label_of(looks, band=0.1)}"
)

# %% [markdown]
# ## 7-4: the time of the alarm
#
# One variable is enough: since when somebody is unmasked. A look without a mask sets it
# when it is empty, a look with one empties it, and a doubtful look leaves it alone. It
# has to be tested on looks without a mask only, so that nobody is rung for on a doubt.


# %% tags=["exercise-7-4"]
def alarm_time(times, labels, seconds):
    """Return the time (s) at which the alarm rings, or None."""
    since = None
    for time, label in zip(times, labels):
        if label == "with_mask":
            since = None
        elif label == "without_mask":
            since = time if since is None else since
            if time - since >= seconds:
                return time
    return None


# %%
chapter_07.check_4(alarm_time)

# %% [markdown]
# Why not set the clock back on a doubt? Whoever turns the head to the side every second
# would never be rung for. And why not let it run from the first doubt on? A far face is
# doubtful for seconds before the first look is worth anything.

# %%
times, labels = (
    [0, 0.5, 1, 1.5, 2, 2.5],
    [
        "not_sure",
        "without_mask",
        "not_sure",
        "without_mask",
        "not_sure",
        "without_mask",
    ],
)
print(
    f"with two seconds of patience it rings at {alarm_time(times, labels, 2)} s, with"
    f" three at {alarm_time(times, labels, 3)}"
)
