# ---
# jupyter:
#   course:
#     title: Small faces, worked answers
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
# # Small faces: worked answers
#
# Each answer to the exercises of [chapter 06](../chapters/06_small_faces.ipynb), why it
# is right, and what goes wrong with the answer that one is tempted to give. This
# notebook runs by itself.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import matplotlib.pyplot as plt
import numpy as np
from course_utils import figures
from course_utils.checks import chapter_06
from course_utils.figures import COLORS
from course_utils.profiles import SEED

# %% [markdown]
# ## 6-1: pixels of a face
#
# From the lens to the middle of the wall, and from there to the picture's edge: a
# right-angled triangle, whose angle at the lens is *half* of the angle of view. Its far
# side is the distance times the tangent. Twice that is what the picture shows, and the
# face takes its share of the pixels.


# %% tags=["exercise-6-1"]
def face_pixels(distance, picture_width, angle):
    """Return how many pixels wide a face of 16 cm is."""
    metres_shown = 2 * distance * np.tan(np.radians(angle) / 2)
    return 0.16 / metres_shown * picture_width


# %%
chapter_06.check_1(face_pixels)

# %% [markdown]
# The tempting answer forgets to halve the angle; at 90 degrees its tangent has no value
# at all. How far may somebody stand so that the face still has 40 pixels, and 10?

# %%
distances = np.geomspace(0.5, 40, 100)
figure, axis = plt.subplots(figsize=(7.5, 3.2), layout="constrained")
for (width, angle), color in {
    (1280, 60): COLORS["with_mask"],
    (1920, 90): COLORS["without_mask"],
    (3840, 110): COLORS["highlight"],
}.items():
    axis.loglog(
        distances,
        [face_pixels(distance, width, angle) for distance in distances],
        color=color,
        linewidth=2.2,
        label=f"{width} pixels, {angle} degrees",
    )
axis.axhspan(10, 40, color="#F0E442", alpha=0.3, linewidth=0)
axis.set(xlabel="distance (m)", ylabel="width of a face (pixels)", ylim=(3, 300))
axis.set_xticks([0.5, 1, 2, 5, 10, 20, 40], ["0.5", "1", "2", "5", "10", "20", "40"])
axis.set_yticks([5, 10, 20, 40, 100, 200], ["5", "10", "20", "40", "100", "200"])
axis.legend(frameon=False)
figures.show(
    figure,
    "Width of a face in pixels against distance for three cameras: straight lines that"
    " fall by half for every doubling of the distance. From 10 to 40 pixels is shaded.",
)
for width, angle in ((1280, 60), (1920, 90), (3840, 110)):
    reach = [
        0.16 * width / (2 * np.tan(np.radians(angle) / 2) * pixels)
        for pixels in (40, 10)
    ]
    print(
        f"{width} pixels, {angle} degrees: 40 pixels up to {reach[0]:.1f} m, 10 pixels"
        f" up to {reach[1]:.1f} m"
    )

# %% [markdown]
# ## 6-2: shrink as a sensor does
#
# Split the rows into (blocks, rows of a block) and the columns into (blocks, columns of
# a block), and average over the two inner ones. The means are floats; integers of eight
# bits would run over in the sum.


# %% tags=["exercise-6-2"]
def shrink(picture, factor):
    """Return the mean of each block of factor x factor pixels.

    Float, (height / factor, width / factor, 3).
    """
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    return (
        picture.astype(float)
        .reshape(height, factor, width, factor, 3)
        .mean(axis=(1, 3))
    )


# %%
chapter_06.check_2(shrink)

# %% [markdown]
# The tempting answer, `picture[::factor, ::factor]`, is faster and looks right on
# smooth pictures. On fine stripes, such as the pleats of a mask, it invents a pattern:

# %%
x = np.arange(96)
stripes = np.repeat(
    np.repeat((127 + 120 * np.sin(2 * np.pi * x / 4.4))[None, :, None], 96, axis=0),
    3,
    axis=2,
).astype(np.uint8)
figures.show(
    figures.picture_grid(
        [stripes, stripes[::4, ::4], shrink(stripes, 4).astype(np.uint8)],
        ["fine stripes", "every fourth pixel", "means"],
        columns=3,
        size=1.8,
    ),
    "Fine stripes; every fourth pixel of them, which shows broad stripes that are not"
    " there; and the means, which are nearly grey.",
)

# %% [markdown]
# ## 6-3: sizes by factors
#
# Draw the logarithm uniformly, and take the exponential. For whole numbers draw from
# `smallest` to just below `largest + 1` and cut the decimals off: then the number $n$
# gets what lies between $\ln n$ and $\ln (n + 1)$, and the largest one has its share
# like the others.


# %% tags=["exercise-6-3"]
def draw_sizes(smallest, largest, count, rng):
    """Draw whole numbers of pixels, every doubling being as likely as the next.

    Both ends can come.
    """
    logarithms = rng.uniform(np.log(smallest), np.log(largest + 1), count)
    return np.minimum(np.exp(logarithms).astype(int), largest)


# %%
chapter_06.check_3(draw_sizes)

# %% [markdown]
# `rng.integers(8, 128)` is tempting, and it leaves the upper end out, as
# `numpy.random.randint(10, 40)` of the original did: it never drew 40. How do both
# spend ten thousand pictures?

# %%
rng = np.random.default_rng(SEED)
for name, sizes in {
    "logarithm uniform": draw_sizes(8, 127, 10_000, rng),
    "pixels uniform": rng.integers(8, 128, 10_000),
}.items():
    print(f"{name}: {np.mean(sizes < 32):.0%} of the faces have less than 32 pixels")

# %% [markdown]
# ## 6-4: McNemar's test
#
# Let $n$ be the number of faces on which they differ, and $k$ the smaller of both
# counts. A fair coin gets $k$ heads or fewer with the probability `binom.cdf(k, n,
# 0.5)`; as few *tails* is as uneven, so twice that. When both counts are equal, the
# middle is counted twice, and the sum exceeds 1.


# %% tags=["exercise-6-4"]
def p_value(only_first, only_second):
    """Return how often a coin is as uneven as this or more, 0 to 1."""
    from scipy.stats import binom

    differing = only_first + only_second
    return min(1.0, 2 * binom.cdf(min(only_first, only_second), differing, 0.5))


# %%
chapter_06.check_4(p_value)

# %% [markdown]
# The tempting answer takes one side only, and halves every $p$. One may do so only when
# the other direction was ruled out beforehand; and a remedy *can* do harm. The same
# gain of ten faces, on which networks differ more and more:

# %%
for first, second in ((10, 0), (15, 5), (30, 20), (105, 95)):
    print(f"{first} against {second}: p = {p_value(first, second):.3f}")

# %% [markdown]
# ## 6-5: what to expect on a camera
#
# Interpolate the accuracy *for each face*, then average. `np.interp` takes the last
# value beyond the ends, which is as much as one may say there. Along the logarithm,
# because what matters is by which factor a face was shrunk.


# %% tags=["exercise-6-5"]
def expected_accuracy(camera, sizes, accuracies):
    """Return the share of right answers to expect, 0 to 1."""
    return np.interp(np.log(camera), np.log(sizes), accuracies).mean()


# %%
chapter_06.check_5(expected_accuracy)

# %% [markdown]
# The tempting answer takes the mean size and looks that up. The curve is bent: near its
# top, large faces can't make up for what small ones lose.

# %%
sizes, accuracies = (
    np.array([8, 16, 32, 64]),
    np.array([0.60, 0.80, 0.92, 0.94]),
)  # an invented curve
for name, camera in {
    "everybody at 36 pixels": np.full(100, 36),
    "half at 8, half at 64": np.repeat([8, 64], 50),
}.items():
    print(
        f"{name}: mean size {camera.mean():.0f} pixels, expected accuracy"
        f" {expected_accuracy(camera, sizes, accuracies):.2f}"
    )
