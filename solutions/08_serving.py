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
import numpy as np
from course_utils.checks import chapter_08

# %% [markdown]
# ## 8-1: does it break anybody?
#
# Go through the rules one by one: the signature is there; its inputs are the same, in
# name, type and number; each takes the shapes that it took; each output is there as
# before; and a single output stays single, since over REST it has no name.


# %% tags=["exercise-8-1"]
def broken_signatures(old, new):
    """Return the names of the signatures of `old` whose clients `new` would break."""

    def takes(before, after):
        fits = [b is None or a == b for a, b in zip(before, after)]
        return len(before) == len(after) and all(fits)

    def holds(before, after):
        given, read = before["inputs"], before["outputs"]
        if set(given) != set(after["inputs"]):
            return False
        for name, (kind, shape) in given.items():
            new_kind, new_shape = after["inputs"][name]
            if kind != new_kind or not takes(shape, new_shape):
                return False
        if len(read) == 1 < len(after["outputs"]):
            return False
        return all(after["outputs"].get(name) == read[name] for name in read)

    return [name for name in old if name not in new or not holds(old[name], new[name])]


# %%
chapter_08.check_1(broken_signatures)

# %% [markdown]
# The tempting answer is `old != new`. It cries at every version that offers more, and
# whoever cries too often is switched off. The opposite mistake is to compare names
# only: a network at another size has the same names, and refuses every picture of
# yesterday's clients.

# %%
numbers = {"inputs": {"images": ("float", (None, 96, 96, 3))}, "outputs": {}}
larger = {"inputs": {"images": ("float", (None, 128, 128, 3))}, "outputs": {}}
print(broken_signatures({"serving_default": numbers}, {"serving_default": larger}))

# %% [markdown]
# ## 8-2: requests within limits
#
# Fill a request until the next file would be too much for it, then begin a new one. In
# a given order nothing needs fewer. Whether it fits is best asked of the very text that
# would be sent: it holds the base64, a third longer than the file, and the brackets
# around it.

# %% tags=["exercise-8-2"]
import base64
import json


def requests_of_files(files, pictures, characters):
    """Return the texts of as few requests as possible for picture files (bytes), in
    their order, each within both limits.
    """

    def document(part):
        rows = [{"b64": base64.b64encode(content).decode()} for content in part]
        return json.dumps({"signature_name": "serving_bytes", "instances": rows})

    parts = []
    for content in files:
        fuller = [*parts[-1], content] if parts else []
        fits = len(fuller) <= pictures and len(document(fuller)) <= characters
        if fuller and fits:
            parts[-1] = fuller
        else:
            parts.append([content])
    return [document(part) for part in parts]


# %%
chapter_08.check_2(requests_of_files)

# %% [markdown]
# The tempting answer divides the limit by the size of a file. It forgets base64, and a
# night's files differ in size. Writing each document anew for each file takes longer
# than needed: adding up lengths would do, and would be one more thing to get wrong.

# %%
night = [bytes(size) for size in range(5_000, 15_000, 50)]  # 200 files
for characters in (2**18, 2**20, 2**24):
    count = len(requests_of_files(night, 64, characters))
    print(f"{characters:>10,} characters: {count} requests")

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
# ## 8-4: the alarm
#
# The folder says what is wanted: the highest number, compared as a number. The status
# says what is served, as a text. Bring both to numbers, and look the wanted one up.


# %% tags=["exercise-8-4"]
def missing_version(names, status):
    """Return the version that the folder promises and the server does not serve, or
    None. `names` are the names in the folder, `status` is the document of REST.
    """
    promised = [int(name) for name in names if name.isdecimal()]
    entries = status["model_version_status"]
    states = {int(entry["version"]): entry["state"] for entry in entries}
    if not promised or states.get(max(promised)) == "AVAILABLE":
        return None
    return max(promised)


# %%
chapter_08.check_4(missing_version)

# %% [markdown]
# The tempting answer looks for error codes. While the real server tries a broken
# version again and again it says LOADING without any, and a folder on a disk that the
# server can't see has no entry at all. Ask whether what you *want* is there, rather
# than whether something you thought of went wrong.

# %%
loading = {"version": "2", "state": "LOADING", "status": {"error_code": "OK"}}
print(missing_version(["1", "2"], {"model_version_status": [loading]}))

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
