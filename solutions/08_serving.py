# ---
# jupyter:
#   course:
#     minutes: 15
#     needs: []
#     title: Serve the model, worked answers
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Serve the model: worked answers
#
# Each answer to the exercises of [chapter 08](../chapters/08_serving.ipynb), why it is
# right, and what goes wrong with the answer that one is tempted to give. This notebook
# runs by itself and needs no server.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import base64
import json

import matplotlib.pyplot as plt
import numpy as np
from course_utils import figures
from course_utils.checks import chapter_08
from course_utils.figures import COLORS

# %% [markdown]
# ## 8-1: the document
#
# `base64.b64encode` gives bytes, and JSON holds text only: hence `decode`. The object
# with the one key `b64` tells the server that this string stands for bytes. Without it
# the server takes the letters themselves for the file, and says that they are no
# picture.


# %% tags=["exercise-8-1"]
def request_of_files(files):
    """Return the JSON text that asks for predictions of picture files (a list of
    bytes), in the row form.
    """
    instances = [{"b64": base64.b64encode(file).decode("ascii")} for file in files]
    return json.dumps({"signature_name": "serving_bytes", "instances": instances})


# %%
chapter_08.check_1(request_of_files)

# %% [markdown]
# The tempting answer is `str(base64.b64encode(file))`. It puts `b'` in front and `'`
# behind, as Python prints bytes. The server answers *Unable to base64 decode*, which at
# least says where to look.

# %%
print(str(base64.b64encode(b"face")), "is not", base64.b64encode(b"face").decode())

# %% [markdown]
# ## 8-2: sizes
#
# Height times width times three channels times four bytes, for each picture. Files go
# as they are. Base64 turns each group of three bytes, the last one filled up, into four
# characters; and each file is encoded by itself, so the filling counts for each.


# %% tags=["exercise-8-2"]
def payload_bytes(count, side, file):
    """Return three whole numbers for `count` RGB pictures of `side` x `side` pixels
    whose files have `file` bytes each: bytes as one float32 tensor, bytes of the files,
    characters of the files when each is encoded in base64.
    """
    return count * side * side * 3 * 4, count * file, count * 4 * ((file + 2) // 3)


# %%
chapter_08.check_2(payload_bytes)

# %% [markdown]
# The tempting answer for base64 is a third more, `file * 4 / 3`. For a file of one byte
# it says 1.33; base64 needs four. When does the tensor weigh less than the file? With a
# JPEG of a kilobyte, below ten pixels.

# %%
sides = np.arange(4, 225, 4)
figure, axis = plt.subplots(figsize=(6.5, 3), layout="constrained")
axis.plot(
    sides,
    [payload_bytes(1, side, 1)[0] for side in sides],
    color=COLORS["with_mask"],
    label="float32 tensor",
)
axis.axhline(9000, color=COLORS["without_mask"], label="a JPEG of 9,000 bytes")
axis.set(xlabel="side of the picture in pixels", ylabel="bytes", yscale="log")
axis.legend(frameon=False)
figures.show(
    figure,
    "Bytes of a float32 tensor against the side of the picture: it passes a JPEG of"
    " 9,000 bytes at about 27 pixels.",
)

# %% [markdown]
# ## 8-3: batches
#
# Remember when the batch began, and who began it. A request joins when the batch has
# room and the moment is not later than the beginning plus the patience. Otherwise it
# begins a batch of its own.


# %% tags=["exercise-8-3"]
def batch_sizes(arrivals, largest, patience):
    """Return the size of each batch, for moments in ascending order."""
    sizes, began = [], None
    for moment in arrivals:
        if sizes and sizes[-1] < largest and moment <= began + patience:
            sizes[-1] += 1
        else:
            sizes.append(1)
            began = moment
    return sizes


# %%
chapter_08.check_3(batch_sizes)

# %% [markdown]
# The tempting answer starts the wait anew with each request, so that a slow stream
# never goes off: the first customer waits for ever. Patience is a promise to the first.
# What does it buy? More patience, larger batches.

# %%
rng = np.random.default_rng(8)
arrivals = np.cumsum(rng.exponential(2.0, 2000))  # milliseconds
for patience in (0, 2, 5, 10, 20):
    print(
        f"patience {patience} ms: {np.mean(batch_sizes(arrivals, 16, patience)):.1f}"
        " pictures in a batch"
    )

# %% [markdown]
# ## 8-4: which version answers
#
# After every event the server looks at the folder: the highest number is what it wants.
# If that one can be loaded, it is served; if not, nothing changes. With an empty folder
# nothing is served.


# %% tags=["exercise-8-4"]
def answering_version(events):
    """Return the number of the version that answers after all events, or None."""
    folder, served = {}, None
    for action, name, can_be_loaded in events:
        if not name.isdecimal():
            continue
        if action == "publish":
            folder[int(name)] = can_be_loaded
        else:
            folder.pop(int(name), None)
        if not folder:
            served = None
        elif folder[max(folder)]:
            served = max(folder)
    return served


# %%
chapter_08.check_4(answering_version)

# %% [markdown]
# The tempting answer takes the highest number that *can be loaded*. It sounds more
# helpful, and it is what a person would do by hand. But a server that quietly serves
# another version than the one wanted hides the damage. And names are compared as
# numbers: as text, "9" comes after "10".

# %%
print(max(["9", "10"]), "and", max(["9", "10"], key=int))

# %% [markdown]
# ## 8-5: who meets the canary
#
# Turn the name into a number that looks like chance but is always the same: the first
# eight bytes of a hash, divided by the largest possible. Below the share means canary.
# Since the number never changes, a larger share only adds users.

# %% tags=["exercise-8-5"]
import hashlib


def label_of(user, share):
    """Return "canary" for about this share of all users (0 to 1), and "stable" for the
    others.
    """
    digest = hashlib.sha256(user.encode()).digest()
    number = int.from_bytes(digest[:8], "big") / 2**64  # 0 to below 1
    return "canary" if number < share else "stable"


# %%
chapter_08.check_5(label_of)

# %% [markdown]
# The tempting answer is `hash(user) % 100 < 100 * share`. It passes every test within
# one Python, and then each server decides otherwise, because Python salts the hash of
# texts at every start so that nobody can provoke collisions.

# %%
names = [f"visitor {number}" for number in range(10_000)]
for share in (0.05, 0.2, 0.5):
    print(
        f"asked for {share:.0%}, got"
        f" {np.mean([label_of(name, share) == 'canary' for name in names]):.1%}"
    )
