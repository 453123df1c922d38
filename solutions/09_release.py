# ---
# jupyter:
#   course:
#     minutes: 12
#     needs: []
#     title: Ready for release? Worked answers
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Ready for release? Worked answers
#
# Each answer to the exercises of [chapter 09](../chapters/09_release.ipynb), why it is
# right, and what goes wrong with the answer that one is tempted to give. This notebook
# runs by itself.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import numpy as np
import pandas as pd
from course_utils import figures
from course_utils.checks import chapter_09
from course_utils.evaluation import bootstrap_interval
from course_utils.figures import release as release_figures
from course_utils.profiles import SEED

# %% [markdown]
# ## 9-1: a slice table that counts people
#
# `len(part)` counts rows, and a row is a picture. And `bootstrap_interval` without its
# second argument takes each picture for a person of its own. The share itself was
# right: what an answer is worth does not depend on whose it is, only how *surely* we
# know the share does.


# %% tags=["exercise-9-1"]
def slice_table(rows, column):
    """Return for each value of a column.

    People, the share that was right, and the ends of its 95 % interval.
    """
    lines = {}
    for value, part in rows.groupby(column):
        low, high = bootstrap_interval(part.right, part.group)
        lines[value] = {
            "people": part.group.nunique(),
            "right": part.right.mean(),
            "low": low,
            "high": high,
        }
    return pd.DataFrame.from_dict(lines, orient="index")


# %%
chapter_09.check_1(slice_table)

# %% [markdown]
# The tempting repair keeps one picture of each person. Then people and pictures agree,
# and most of the pictures are thrown away. How much does the mistake flatter? Thirty
# people with twelve pictures each, six of whom the network never gets right:

# %%
rows = pd.DataFrame(
    {
        "group": np.repeat(np.arange(30), 12),
        "light": "day",
        "right": np.repeat(np.arange(30) >= 6, 12),
    }
)
for what, names in {"pictures": None, "people": rows.group}.items():
    low, high = bootstrap_interval(rows.right, names)
    print(f"drawing {what}: {low:.0%} to {high:.0%}")

# %% [markdown]
# ## 9-2: how many people
#
# The gap must be 2.8 deviations wide: $|p - q| \ge 2.8 \sqrt{(p(1-p) + q(1-q)) / n}$.
# Square both sides and solve for $n$. With one person fewer the deviation would be a
# hair too large, so round up. The square also takes care of the sign: which slice comes
# first does not matter.


# %% tags=["exercise-9-2"]
def people_needed(first, second):
    """Return how many people each of two slices needs for the gap between their shares
    to show in four tests out of five.
    """
    variance = first * (1 - first) + second * (1 - second)
    return int(np.ceil((1.96 + 0.84) ** 2 * variance / (first - second) ** 2))


# %%
chapter_09.check_2(people_needed)

# %% [markdown]
# The tempting answer stops at 1.96 deviations. A gap as wide as that is found wider in
# one half of all tests and narrower in the other: each second test overlooks it. Is it
# true? Draw tests, with as many people as each answer asks for.

# %%
rng = np.random.default_rng(SEED)
p, q = 0.9, 0.8
for what, n in {
    "1.96 deviations": people_needed(p, q) * 1.96**2 / 2.8**2,
    "1.96 + 0.84 deviations": people_needed(p, q),
}.items():
    found = (
        rng.binomial(round(n), p, 10_000) - rng.binomial(round(n), q, 10_000)
    ) / round(n)
    shows = found > 1.96 * np.sqrt((p * (1 - p) + q * (1 - q)) / n)
    print(
        f"{what}: {round(n)} people in each slice, and the gap shows in"
        f" {shows.mean():.0%} of the tests"
    )

# %%
for worse in (0.7, 0.8, 0.85, 0.88):
    print(
        f"0.90 against {worse:.2f}: {people_needed(0.9, worse):,} people in each slice"
    )

# %% [markdown]
# Near 0 and 1 the formula is too hopeful, for there the bell curve is a poor likeness
# of counts. If none of $n$ people is wrong, up to about $3/n$ of all may be (the *rule
# of three*).
#
# ## 9-3: expected calibration error
#
# One pass over the bins; the empty ones are skipped, for they have no mean. Each gap
# counts by the share of the faces in its bin.


# %% tags=["exercise-9-3"]
def calibration_error(confidence, right, bins=10):
    """Return the expected calibration error, 0 to 1."""
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for one in np.unique(number):
        inside = number == one
        error += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return error


# %%
chapter_09.check_3(calibration_error)

# %% [markdown]
# The tempting answer is `abs(confidence.mean() - right.mean())`. A network that is too
# sure of its easy faces and too modest with its hard ones gets away with it:

# %%
rng = np.random.default_rng(SEED)
promised = np.repeat([0.95, 0.65], 2000)
right = rng.random(4000) < np.repeat([0.85, 0.75], 2000)
print(
    f"mean confidence {promised.mean():.0%}, right {right.mean():.0%}; calibration"
    f" error {calibration_error(promised, right):.2f}"
)

# %% [markdown]
# And a calibrated network need not be a good one. Whoever always says *mask, 77 %*,
# where 77 % wear one, is calibrated to perfection and tells nobody apart.
#
# ## 9-4: a threshold for a stated cost
#
# Counts among the faces we happen to have say nothing of visitors. Turn them into
# rates, one of those who wear none, one of those who wear one, and weight each rate
# with how common its kind is *at the door* and with what the mistake costs. Then try
# all thresholds at which anything changes.


# %% tags=["exercise-9-4"]
def cheapest_threshold(p_mask, wears, share_without, cost_pass, cost_stop):
    """Return the threshold with the lowest expected cost a visitor."""

    def cost(level):
        passes, stops = (p_mask[~wears] >= level).mean(), (p_mask[wears] < level).mean()
        return (
            share_without * cost_pass * passes + (1 - share_without) * cost_stop * stops
        )

    return min([*np.unique(p_mask), 1.01], key=cost)


# %%
chapter_09.check_4(cheapest_threshold)

# %% [markdown]
# The tempting answer uses a formula: say *mask* when its probability is above
# $c/(1+c)$, for a pass that costs $c$ false stops. That is right for a network that is
# perfectly calibrated *for the visitors*. Ours was calibrated, if at all, on faces of
# whom far more wear none. How far do costs and commonness move the threshold?

# %%
p_mask = 1 / (1 + np.exp(-rng.normal(np.repeat([1.5, -1.5], 1000), 1.2)))
wears = np.arange(2000) < 1000
shares = np.geomspace(0.005, 0.5, 30)
table = pd.DataFrame(
    {
        ratio: [cheapest_threshold(p_mask, wears, share, ratio, 1) for share in shares]
        for ratio in (1, 20)
    },
    index=shares,
)
figures.show(
    release_figures.draw_thresholds(table),
    "The cheapest threshold against the share of visitors without a mask, for passes"
    " that cost 1 and 20 false stops: it rises with both.",
)
print(
    "With 2 % without a mask and equal costs,"
    f" {np.mean(p_mask[~wears] >= cheapest_threshold(p_mask, wears, 0.02, 1, 1)):.0%}"
    " of them pass: hardly anybody is stopped."
)
