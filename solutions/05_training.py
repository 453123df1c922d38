# ---
# jupyter:
#   course:
#     minutes: 15
#     needs: []
#     title: Train and compare, worked answers
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Train and compare: worked answers
#
# Each answer to the exercises of [chapter 05](../chapters/05_training.ipynb), why it is
# right, and what goes wrong with the answer that one is tempted to give. This notebook
# runs by itself.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import matplotlib.pyplot as plt
import numpy as np
from course_utils import figures
from course_utils.checks import chapter_05
from course_utils.figures import COLORS
from course_utils.profiles import SEED

# %% [markdown]
# ## 5-1: cross-entropy
#
# Two arrays of indices pick one number from each row: row 0 at the column `labels[0]`,
# row 1 at `labels[1]`, and so on. The floor keeps one answer that is sure and wrong
# from making the mean infinite, and with it every gradient.


# %% tags=["exercise-5-1"]
def cross_entropy(probabilities, labels):
    """Return the mean of -ln p over the right classes."""
    of_the_right = probabilities[np.arange(len(labels)), labels]
    return -np.log(np.maximum(of_the_right, 1e-7)).mean()


# %%
chapter_05.check_1(cross_entropy)

# %% [markdown]
# The tempting answer averages `-np.log(probabilities)` over all classes. It punishes a
# network for a small probability of the *wrong* class, which is what we want of it. How
# does the loss see different kinds of answers?

# %%
for what, p in {
    "a coin": 0.5,
    "fairly sure and right": 0.9,
    "fairly sure and wrong": 0.1,
    "very sure and wrong": 0.001,
}.items():
    print(f"{what}: {cross_entropy(np.array([[p, 1 - p]]), np.array([0])):.2f}")

# %% [markdown]
# ## 5-2: early stopping
#
# Three things are remembered: the lowest loss so far, its epoch, and how long it is
# ago. Progress means lower than *the lowest*, not than the one before.


# %% tags=["exercise-5-2"]
def early_stopping(losses, patience):
    """Return (epoch that is kept, epoch after which training ends), both counted from
    1.
    """
    kept = 1
    for epoch, loss in enumerate(losses, start=1):
        if loss < losses[kept - 1]:
            kept = epoch
        if epoch - kept >= patience:
            break
    return kept, epoch


# %%
chapter_05.check_2(early_stopping)

# %% [markdown]
# The tempting answer is `argmin` over the whole list. It knows the future: training
# that has ended does not compute what comes later. So patience has a price, and too
# little of it as well. Here is a noisy curve whose true minimum is at epoch 30:

# %%
rng = np.random.default_rng(SEED)
epochs = np.arange(1, 81)
losses = 0.25 + ((epochs - 30) / 60) ** 2 + rng.normal(0, 0.03, 80)
for patience in (1, 3, 8, 20):
    kept, end = early_stopping(losses, patience)
    print(
        f"patience {patience}: ends after epoch {end}, keeps epoch {kept}, loss"
        f" {losses[kept - 1]:.2f}"
    )

# %% [markdown]
# ## 5-3: warm-up and cosine
#
# The progress after the warm-up goes from 0 to 1, the cosine of π times it from 1 to
# -1, and lifted by one and halved from 1 to 0.


# %% tags=["exercise-5-3"]
def learning_rate(step, steps, highest, warm_up):
    """Return the learning rate at a step."""
    if step < warm_up:
        return highest * step / warm_up
    gone = (step - warm_up) / (steps - warm_up)
    return highest * (1 + np.cos(np.pi * gone)) / 2


# %%
chapter_05.check_3(learning_rate)

# %%
figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
axis.plot(
    [learning_rate(step, 200, 0.001, 20) for step in range(201)],
    color=COLORS["with_mask"],
    linewidth=2.2,
)
axis.axvspan(0, 20, color=COLORS["highlight"], alpha=0.2, linewidth=0)
axis.annotate("warm-up", (22, 0.0001), color=COLORS["highlight"])
axis.set(xlabel="step", ylabel="learning rate", xlim=(0, 200), ylim=(0, 0.0011))
figures.show(
    figure,
    "The learning rate by step: up a straight line for 20 steps, then down half a"
    " cosine to nothing at step 200.",
)

# %% [markdown]
# The tempting answer counts the progress from step 0. Then the cosine is past its top
# when the warm-up ends, and the rate jumps.
#
# ## 5-4: an interval that draws people
#
# Only two numbers of each person matter: how many pictures, and how many of them right.
# Drawing people means drawing these pairs, and the accuracy of a draw is the sum of the
# one divided by the sum of the other.


# %% tags=["exercise-5-4"]
def interval(right, people, rng):
    """Return the ends of the 95 % interval of the accuracy, drawing people with
    replacement.
    """
    _, numbers = np.unique(people, return_inverse=True)
    rights, pictures = np.bincount(numbers, right), np.bincount(numbers)
    drawn = rng.integers(0, len(pictures), (4000, len(pictures)))  # with replacement
    return tuple(
        np.percentile(
            rights[drawn].sum(axis=1) / pictures[drawn].sum(axis=1), (2.5, 97.5)
        )
    )


# %%
chapter_05.check_4(interval)

# %% [markdown]
# The tempting answer draws *pictures*. What does that do? Take 40 people with six
# pictures each, of whom one in five is hard, in all pictures alike.

# %%
rng = np.random.default_rng(SEED)
right, people = np.repeat(np.arange(40) >= 8, 6), np.repeat(np.arange(40), 6)
for what, names in {"people": people, "pictures": np.arange(len(right))}.items():
    low, high = interval(right, names, rng)
    print(f"drawing {what}: {low:.0%} to {high:.0%}")

# %% [markdown]
# Both are about the same 240 answers. But there are only forty people in them, and the
# first interval says so.
#
# ## 5-5: recall and precision
#
# Both have the same numerator, the faces that are of the class *and* were said to be.
# Recall divides by the row (all that are), precision by the column (all that were said
# to be).


# %% tags=["exercise-5-5"]
def recall_and_precision(counts, number):
    """Return recall and precision of one class of a confusion matrix (rows true,
    columns said).
    """
    right, true, said = (
        counts[number, number],
        counts[number].sum(),
        counts[:, number].sum(),
    )
    return (right / true if true else np.nan), (right / said if said else np.nan)


# %%
chapter_05.check_5(recall_and_precision)

# %% [markdown]
# The tempting answer returns 0 where there is nothing to divide by. A class that never
# occurs has no recall, neither good nor bad; a 0 would drag down every average that it
# enters. And why two numbers? Because each alone can be bought:

# %%
for what, counts in {
    "says 'mask' to everybody": np.array([[25, 0], [75, 0]]),
    "says 'mask' only to the clearest": np.array([[5, 20], [0, 75]]),
}.items():
    recall, precision = recall_and_precision(counts, 0)
    print(f"{what}: recall {recall:.0%}, precision {precision:.0%}")
