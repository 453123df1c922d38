# ---
# jupyter:
#   course:
#     minutes: 12
#     needs: []
#     title: Small faces, worked answers
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
import numpy as np
from course_utils.checks import chapter_06
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
# at all. How far may somebody stand so that the face still has 40 pixels, and 10? The
# width falls as one over the distance, so one measurement tells every other.

# %%
for width, angle in ((1280, 60), (1920, 90), (3840, 110)):
    at_one_metre = face_pixels(1, width, angle)
    print(
        f"{width} pixels, {angle} degrees: 40 pixels up to {at_one_metre / 40:.1f} m,"
        f" 10 pixels up to {at_one_metre / 10:.1f} m"
    )

# %% [markdown]
# ## 6-2: the width of a block
#
# The square shows the face and a margin on both sides, so `1 + 2 * margin` faces, and
# therefore so many times the camera's pixels of the face. They share the square evenly.


# %% tags=["exercise-6-2"]
def block_width(face, square, margin):
    """Return how many pixels of the square one pixel of the camera fills."""
    camera_pixels = face * (1 + 2 * margin)
    return square / camera_pixels


# %%
chapter_06.check_2(block_width)

# %% [markdown]
# The tempting answer forgets the margin and makes the blocks half as wide again as they
# are. The original cut without a margin to 224 pixels: a face of 20 pixels fell into
# blocks of 11.

# %%
print(f"The original, 20 pixels: blocks of {block_width(20, 224, 0):.1f} pixels")
print(f"This chapter, 20 pixels: blocks of {block_width(20, 128, 0.25):.1f} pixels")

# %% [markdown]
# ## 6-3: find the enlargement
#
# Nearest repeats what is there; every other way mixes neighbours. So put in two values
# only, black and white, and count what comes out. Two values: nothing was mixed. More:
# something was. Counting survives a reader that fades or mirrors the picture, which a
# comparison with an expected picture does not.


# %% tags=["exercise-6-3"]
def repeats_pixels(read):
    """Tell whether a reader enlarges by repeating pixels."""
    chessboard = np.zeros((4, 4, 3), np.uint8)
    chessboard[::2, ::2] = chessboard[1::2, 1::2] = 255
    enlarged = read(chessboard, 61)
    return len(np.unique(enlarged)) <= 2


# %%
chapter_06.check_3(repeats_pixels)

# %% [markdown]
# The tempting answer enlarges the picture itself with `np.repeat` and compares. It is
# right about a nearest that cuts blocks exactly so, and wrong about all that round
# differently, fade or mirror. A picture of one colour tempts as well: all readers give
# it back.
#
# ## 6-4: design the acquittal
#
# JPEG is on trial, so compression is all that may change: compress *large* test faces
# as the camera does (B). Training again would change the network too, and the size of
# the faces is another suspect. Look where nothing else does harm, at the accuracy on
# these large faces, as before and compressed (A). If the interval of the difference is
# narrow and holds zero (C), JPEG can't have made the fall.

# %% tags=["exercise-6-4"]
design = {"change": "B", "look at": "A", "acquitted when": "C"}

# %%
chapter_06.check_4(design)

# %% [markdown]
# "No significant difference" on a handful of faces acquits nobody: the interval would
# be wide and hold zero as well as a fall of ten points.
#
# ## 6-5: sizes whose factors are equally likely
#
# Draw the *logarithm* uniformly and take the exponential. So that both ends can come,
# the upper end is one more, and the decimals are cut off.


# %% tags=["exercise-6-5"]
def draw_sizes(smallest, largest, count, rng):
    """Draw whole numbers of pixels, every doubling as likely as the next."""
    low, high = np.log(smallest), np.log(largest + 1)
    sizes = np.exp(rng.uniform(low, high, count)).astype(int)
    return np.clip(sizes, smallest, largest)


# %%
chapter_06.check_5(draw_sizes)

# %% [markdown]
# The tempting answer, `rng.integers(8, 128)`, draws half of its sizes above 67: the
# small faces, which are hard, come once in a while. The shares of the doublings:

# %%
rng = np.random.default_rng(SEED)
draws = {
    "by factors": draw_sizes(8, 127, 100_000, rng),
    "uniform": rng.integers(8, 128, 100_000),
}
for name, sizes in draws.items():
    shares, _ = np.histogram(sizes, (8, 16, 32, 64, 128))
    text = ", ".join(f"{share / len(sizes):.0%}" for share in shares)
    print(f"{name}: 8 to 15, 16 to 31, 32 to 63, 64 to 127: {text}")
