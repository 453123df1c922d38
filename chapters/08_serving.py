# ---
# jupyter:
#   course:
#     minutes: 30
#     needs:
#     - '02'
#     - '06'
#     title: Serve the model
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Serve the model
#
# So far the network lived in our notebook. Now a camera at the door, a telephone and a
# web page all want its answer, and none of them has Python. **How does a model become
# something that anybody can ask over the network, and how does it stay right while we
# replace it?**
#
# **After this chapter you can** export a network with its preprocessing inside, inspect
# what you exported, serve it with TensorFlow Serving, ask it over REST and gRPC, weigh
# what goes over the wire, publish a new version and take it back without losing a
# request, and tell a healthy server from one that merely runs.
#
# **You need** chapters 02 and 06, whose faces and whose network we take. **Time:** 30
# minutes to read and run, and about an hour for the five exercises.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import base64
import io
import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import requests
from course_utils import figures, models, project, quiet
from course_utils.checks import chapter_08
from course_utils.detection import job
from course_utils.errors import CourseError
from course_utils.figures import COLORS
from course_utils.notebook import quizzes, widgets
from course_utils.notebook.artefacts import Artefacts
from course_utils.profiles import SEED
from course_utils.serving import export, launcher
from course_utils.serving.clients import GrpcClient, RestClient
from course_utils.training.pipeline import cut_face, read_rgb
from PIL import Image

keras = quiet.import_keras()
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

tf.get_logger().setLevel("ERROR")  # else it reports where it writes
out = Artefacts("08_serving", PROFILE)

# %% [markdown]
# ## What shall be served?
#
# The network of chapter 06, and as customers sixty-four faces that it never
# saw in training. A customer does not send an array. A customer has a *file*: here a
# JPEG of 224 pixels, about what a camera program cuts out.

# %%
model, class_names = models.load(out.earlier("06_small_faces", "small_faces.keras"))
size = model.input_shape[1]
path = out.earlier("02_mask_synthesis", "faces.csv")
table = pd.read_csv(path, keep_default_na=False)
table = table[(table.split == "test") & table.label.isin(class_names)]
table = (
    table.groupby("label")
    .sample(32, random_state=SEED)
    .sample(frac=1, random_state=SEED)
)
labels = table.label.to_numpy()


def as_jpeg(picture, quality=90):
    """Encode uint8 (height, width, 3) as the bytes of a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


crops = [
    cut_face(
        read_rgb(path.parent / row.picture),
        (row.x_min, row.y_min, row.x_max, row.y_max),
        224,
    )
    for row in table.itertuples()
]
files = [as_jpeg(crop) for crop in crops]
figures.show(
    figures.picture_grid(crops[:8], labels[:8]),
    "Eight faces of 224 pixels, with and without masks, each with its label.",
    photographic=True,
)
print(
    f"{len(files)} files, {np.mean([len(file) for file in files]) / 1024:.0f} kB on"
    f" average. The network takes {size} x {size} pixels."
)

# %% [markdown]
# ## A file that needs no Python
#
# A `.keras` file is a recipe: Keras reads it and builds the layers anew, in Python.
# TensorFlow Serving is a program in C++. It takes a **SavedModel**: a folder with the
# graph of operations and the weights, and named entrances, the **signatures**. A
# signature says which **tensors** (TensorFlow's arrays) go in and come out, by name,
# type and shape. Here is the plainest one. It takes numbers.

# %%
served = tf.Module()
served.model = model  # so that the weights are saved along


@tf.function(
    input_signature=[tf.TensorSpec((None, size, size, 3), tf.float32, name="images")]
)
def from_images(images):
    return {"probabilities": model(images, training=False)}


pixels = np.stack([cut_face(crop, None, size) for crop in crops]).astype(np.float32)
by_hand = from_images(pixels)["probabilities"].numpy()


def share_of_right(probabilities):
    """Return which share of the faces gets its label, 0 to 1, and the same in words."""
    share = float(
        np.mean(np.array(class_names)[np.argmax(probabilities, axis=1)] == labels)
    )
    return share, (
        "nearly all"
        if share > 0.85
        else "most"
        if share > 0.65
        else "about half, as a coin would,"
    )


print(
    "The signature gives what the network gives:",
    np.allclose(by_hand, model(pixels, training=False), atol=1e-5),
)
print(f"Of {len(labels)} faces {share_of_right(by_hand)[1]} are answered right.")

# %% [markdown]
# Why name the input? Without a name Keras calls it `keras_tensor_158` or so, and the
# next export calls it otherwise. Every client would break.
#
# But who decodes the JPEG, who shrinks it to the network's size? If each client does,
# each client can do it wrongly. So a second signature takes *files*, and the graph does
# the rest. `tf.map_fn` runs the function for each file; what it contains becomes part
# of the SavedModel.


# %%
def decode(content):
    """One file, in the graph.

    Decode as Pillow does, average down to the network's size, round to whole grey
    levels.
    """
    picture = tf.cast(
        tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE"),
        tf.float32,
    )
    resized = tf.round(tf.image.resize(picture, (size, size), antialias=True))
    return tf.ensure_shape(tf.clip_by_value(resized, 0, 255), (size, size, 3))


@tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="image_bytes")])
def from_bytes(image_bytes):
    pictures = tf.map_fn(decode, image_bytes, fn_output_signature=tf.float32)
    names = tf.tile(tf.constant([class_names]), [tf.shape(image_bytes)[0], 1])
    return {"probabilities": model(pictures, training=False), "classes": names}


first = from_bytes(tf.constant(files[:1]))
print("What comes out:", {name: value.shape.as_list() for name, value in first.items()})
print(
    "The more probable class:",
    first["classes"].numpy()[0, np.argmax(first["probabilities"])].decode(),
    "| the label:",
    labels[0],
)

# %% [markdown]
# Even the names of the classes travel with the answer, so no client needs a list of its
# own that may be out of date.
#
# Now write it. A server watches one folder for each model; in it every **version** is a
# folder whose name is a number. The server may look at any moment. Therefore: write
# under a name that is *no* number, and rename when all is there. Renaming within a disk
# is one step, so nobody ever sees half a model.

# %%
base = out.path("face-mask")
shutil.rmtree(base, ignore_errors=True)  # from an earlier run
base.mkdir()
with quiet.native_errors_muted():
    tf.saved_model.save(
        served,
        str(base / "coming"),
        signatures={"serving_default": from_images, "serving_bytes": from_bytes},
    )
(base / "coming").rename(base / "1")
print(
    "\n".join(
        sorted(
            found.relative_to(base).as_posix()
            for found in (base / "1").rglob("*")
            if found.is_file()
        )
    )
)

# %% [markdown]
# The graph stands in `saved_model.pb`, the weights in `variables/`. From now on
# `course_utils.serving.export` does this for us, with the same two signatures.
#
# ## Look before you serve
#
# Never serve what you have not inspected. TensorFlow brings a command for it,
# `saved_model_cli show`, and the project behind this course used it. Do the signatures
# have the names that the clients will use?

# %%
command = [
    sys.executable,
    "-m",
    "tensorflow.python.tools.saved_model_cli",
    "show",
    "--dir",
    str(base / "1"),
    "--tag_set",
    "serve",
    "--signature_def",
    "serving_bytes",
]
shown = subprocess.run(command, capture_output=True, text=True)
print(shown.stdout.strip(), "\n")

rows = [
    (signature, way, name, kind, str(shape))
    for signature, parts in export.describe(base / "1").items()
    for way in ("inputs", "outputs")
    for name, (kind, shape) in parts[way].items()
]
pd.DataFrame(rows, columns=["signature", "", "name", "type", "shape"]).set_index(
    "signature"
)

# %% [markdown]
# The table says the same of both signatures; it was read from `saved_model.pb` without
# loading TensorFlow. `None` is the batch: as many pictures as you like.
#
# ## Start the server
#
# In a terminal it is one command: `course serve work/sample/08_serving/face-mask`. It
# takes the real `tensorflow_model_server` if it is there, or Docker's image of it, and
# else a **stand-in** that comes with the course. All of them speak the same two
# protocols and take the same flags; the stand-in is for lessons and tests, not for
# production. Here we name it, so that the chapter does the same on every machine. Write
# `"auto"` to take the real one.
#
# The command waits until the model is loaded, listens on this machine only, and stops
# when the notebook stops, however it stops. Is anybody there? In a terminal: `curl
# http://127.0.0.1:8501/v1/models/face-mask`. In the cell below the same request from
# Python.

# %%
BACKEND = "standin"
server = launcher.start(base, model_name="face-mask", backend=BACKEND, poll_seconds=0.2)
print("Answering:", launcher.WORDS[server.backend])
url = f"{server.rest_address}/v1/models/face-mask"
print(requests.get(url).text)

# %% [markdown]
# One version, AVAILABLE. (Note that the version is a *string*: in JSON numbers of 64
# bits are unsafe, since JavaScript reads them as doubles.)
#
# ## Ask over REST, with numbers
#
# **REST** means: ordinary HTTP, and JSON as text. This is the way that most tutorials
# show. The client has to preprocess: decode, shrink, and write every pixel as a decimal
# number.

# %%
document = {"signature_name": "serving_default", "instances": pixels[:2].tolist()}
body = json.dumps(document)
answer = requests.post(f"{url}:predict", data=body)
print(f"What goes out, {len(body):,} characters: {body[:100]} ...")
rows = answer.json()["predictions"]
print(
    f"What comes back: {len(rows)} rows of {len(rows[0])} numbers, in sum"
    f" {np.sum(rows):.0f}; the larger ones say"
    f" {[class_names[np.argmax(row)] for row in rows]}."
)

# %% [markdown]
# One entry in `instances`, one row in `predictions`. What if we make a mistake? A good
# server says what is wrong: status 400 for a bad request, 404 for something that is not
# there, and a document with one sentence.

# %%
mistakes = {
    "a word for a number": ("face-mask", {"instances": ["face"]}),
    "rows of different length": ("face-mask", {"instances": [[[1, 2, 3], [4, 5]]]}),
    "no pictures": ("face-mask", {"instances": []}),
    "another key": ("face-mask", {"pictures": [1]}),
    "another model": ("face-masks", {"instances": [1]}),
}
for what, (name, wrong) in mistakes.items():
    refused = requests.post(
        f"{server.rest_address}/v1/models/{name}:predict", json=wrong
    )
    print(
        f"{what}: {refused.status_code},"
        f" {' '.join(refused.json()['error'].split())[-90:]}"
    )

# %% [markdown]
# ## Ask over REST, with files
#
# JSON is text, a JPEG is bytes. **Base64** writes three bytes as four harmless
# characters, and `{"b64": "..."}` tells the server to undo it. Now the client needs no
# NumPy, no Pillow and no idea of the network's size. Any program that can read a file
# can ask.

# %%
document = {
    "signature_name": "serving_bytes",
    "instances": [{"b64": base64.b64encode(files[0]).decode()}],
}
answer = requests.post(f"{url}:predict", data=json.dumps(document))
print("What goes out:", json.dumps(document)[:110], "...")
said = answer.json()["predictions"][0]
print(
    "What comes back:",
    {name: np.shape(value) for name, value in said.items()},
    "| the more probable class:",
    said["classes"][np.argmax(said["probabilities"])],
)

# %% [markdown]
# With two outputs, each row is an object with their names; a single output loses its
# name, as you saw above.
#
# **Exercise 8-1** (easy, 8 minutes). Write that document for any number of files, as
# text that can be sent.


# %% tags=["exercise-8-1"]
def request_of_files(files):
    """Return the JSON text that asks for predictions of picture files (a list of
    bytes), in the row form.
    """
    ...  # your lines


# %%
chapter_08.check_1(request_of_files)

# %% [markdown]
# ## Ask over gRPC
#
# **gRPC** sends **protocol buffers**: messages whose fields were agreed on beforehand,
# packed as bytes. The official messages of TensorFlow Serving come in the package
# `tensorflow-serving-api`. A request names the model and the signature and holds
# tensors; a tensor is a type, a shape and the raw numbers.

# %%
channel = grpc.insecure_channel(server.grpc_address)
stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)


def ask_over_grpc(signature, name, value):
    """Return the request, to see how large it is, and the reply."""
    question = predict_pb2.PredictRequest()
    question.model_spec.name, question.model_spec.signature_name = (
        "face-mask",
        signature,
    )
    question.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return question, stub.Predict(question, timeout=60)


question, reply = ask_over_grpc("serving_default", "images", pixels[:1])
print(
    f"Numbers: {question.ByteSize():,} bytes. It says"
    f" {class_names[tf.make_ndarray(reply.outputs['probabilities']).argmax()]}."
)
question, reply = ask_over_grpc("serving_bytes", "image_bytes", files[:1])
print(
    f"The file of {len(files[0]):,} bytes: {question.ByteSize():,} bytes. It says"
    f" {class_names[tf.make_ndarray(reply.outputs['probabilities']).argmax()]}."
)
print(reply.model_spec)
channel.close()

# %% [markdown]
# Bytes go as they are, without base64. The reply also says which version answered. Keep
# that in your logs: when somebody complains in March about an answer of January, you
# will want to know who gave it.
#
# ## Do all four say the same?
#
# They had better. `course_utils.serving.clients` holds the four ways as you have just
# written them; they know an address and nothing else. Ask all of them about the same
# faces and compare with the network in this notebook. For the files the network here
# gets what `decode` makes of them.

# %%
rest, rpc = RestClient(server.rest_address), GrpcClient(server.grpc_address)
decoded = tf.map_fn(decode, tf.constant(files), fn_output_signature=tf.float32).numpy()
expected = model(decoded, training=False).numpy()
WAYS = {
    "REST, numbers": lambda n: rest.predict_lists(decoded[:n]),
    "REST, files": lambda n: rest.predict_files(files[:n]),
    "gRPC, numbers": lambda n: rpc.predict_tensor(decoded[:n]),
    "gRPC, files": lambda n: rpc.predict_files(files[:n]),
}
difference = {
    way: float(np.abs(ask(32) - expected[:32]).max()) for way, ask in WAYS.items()
}
for way, largest in difference.items():
    print(f"{way}: within 0.00001 of the network in this notebook: {largest <= 1e-5}")
trained = np.stack([cut_face(read_rgb(io.BytesIO(file)), None, size) for file in files])
apart = np.abs(decoded - trained)
print(
    "Decoded and resized in the graph and by Pillow, as in training: the largest"
    f" difference is {apart.max():.0f} of 255 grey levels, and"
    f" {np.mean(apart == 0):.0%} are equal."
)

# %% [markdown]
# ## What goes over the wire?
#
# The same picture, four ways. How many bytes does each send? Take the network's size,
# and also 224 pixels, for which many networks are made.


# %%
def bytes_sent(side):
    """Return the bytes of a request for one face of this size, for each way."""
    picture = cut_face(crops[0], None, side)
    file, numbers = as_jpeg(picture), picture[None].astype(np.float32)
    messages = []
    for signature, name, value in (
        ("serving_default", "images", numbers),
        ("serving_bytes", "image_bytes", [file]),
    ):
        message = predict_pb2.PredictRequest()
        message.model_spec.name, message.model_spec.signature_name = (
            "face-mask",
            signature,
        )
        message.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        messages.append(message.ByteSize())
    as_text = json.dumps(
        {"signature_name": "serving_default", "instances": numbers.tolist()}
    )
    as_b64 = json.dumps(
        {
            "signature_name": "serving_bytes",
            "instances": [{"b64": base64.b64encode(file).decode()}],
        }
    )
    return {
        "REST, numbers": len(as_text),
        "gRPC, numbers": messages[0],
        "REST, files": len(as_b64),
        "gRPC, files": messages[1],
    }


wire = pd.DataFrame({f"{side} pixels": bytes_sent(side) for side in (size, 224)})
figure, axis = plt.subplots(figsize=(8, 2.6), layout="constrained")
wire[::-1].plot.barh(
    ax=axis, logx=True, color=[COLORS["with_mask"], COLORS["without_mask"]]
)
axis.set(xlabel="bytes of a request for one face", xlim=(100, None))
axis.legend(frameon=False)
figures.show(
    figure,
    "Bytes of a request for one face, four ways, on a logarithmic axis, at the"
    " network's size and at 224 pixels. Numbers in JSON need most, then numbers over"
    " gRPC; files need a small part of either.",
)
times = wire["224 pixels"]["REST, numbers"] / wire["224 pixels"]["gRPC, files"]
print(
    f"At 224 pixels numbers in JSON take {round(times, -1):.0f} times the bytes of a"
    " JPEG over gRPC."
)

# %% [markdown]
# A camera that sends ten faces a second as numbers in JSON fills a good internet
# connection; as JPEG it goes unnoticed. JSON spends seven characters on a pixel,
# `123.0, `, and float32 four bytes, though the pixel was born with one.
#
# **Exercise 8-2** (easy, 10 minutes). Without sending anything: how many bytes are the
# tensor, the files, and the files in base64? Leave out names and brackets.


# %% tags=["exercise-8-2"]
def payload_bytes(count, side, file):
    """Return three whole numbers for `count` RGB pictures of `side` x `side` pixels
    whose files have `file` bytes each: bytes as one float32 tensor, bytes of the files,
    characters of the files when each is encoded in base64.
    """
    ...  # your lines


# %%
chapter_08.check_2(payload_bytes)

# %% [markdown]
# ## How long does it take?
#
# The network's own time is the least that one can hope for; the rest is the price of
# the way. We measure at a batch of 1 and of 32, take the median of several turns, and
# let the ways take turns, so that other work on the machine disturbs all alike.

# %%
compute = tf.function(
    lambda content: model(
        tf.map_fn(decode, content, fn_output_signature=tf.float32), training=False
    )
)
timed = {"in this notebook": lambda n: compute(tf.constant(files[:n])).numpy(), **WAYS}
seconds = {(way, n): [] for way in timed for n in (1, 32)}
for turn in range(8):
    for (way, n), measured in seconds.items():
        started = time.perf_counter()
        timed[way](n)
        if turn:  # the first turn builds what the others use
            measured.append(time.perf_counter() - started)
median = pd.Series(
    {key: 1000 * np.median(measured) for key, measured in seconds.items()}
).unstack()
figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
median.loc[list(timed)[::-1]].plot.barh(
    ax=axis, logx=True, color=[COLORS["neutral"], COLORS["highlight"]]
)
axis.set(xlabel="median time of a request (ms)", xlim=(1, None))
axis.xaxis.set_minor_formatter(plt.NullFormatter())
axis.legend(
    [f"batch of {n}" for n in median.columns],
    frameon=False,
    loc="center left",
    bbox_to_anchor=(1, 0.5),
)
figures.show(
    figure,
    "Median time of a request in this notebook and by four ways, at a batch of 1 and of"
    " 32, on a logarithmic axis. At 32, numbers over REST take much longer than"
    " everything else; the other ways come near the network's own time.",
)
over = median.loc["gRPC, files", 32] / median.loc["in this notebook", 32]
print(
    "At a batch of 32, numbers over REST are the slowest:",
    median[32].idxmax() == "REST, numbers",
)
print(
    "Files over gRPC take less than two and a half times the network's own time:",
    over < 2.5,
)

# %% [markdown]
# Three ways stay near the network's own time. Numbers over REST do not: writing and
# reading some hundred thousand decimals costs more than the network itself. **Send
# files.** Over gRPC if you can, over REST if the client is a web page.
#
# ## Merge what comes together
#
# A processor does 32 faces in one call much faster than 32 calls of one. But each
# camera sends one. **Batching** on the server lets a request wait a few milliseconds
# for others and computes them together. We start a second server with it, and let
# sixteen clients ask at once.


# %%
def rate(address, clients=16, each=6):
    """Return answers a second when so many clients send single faces as fast as they
    can.
    """

    def client(number):
        with GrpcClient(address) as asking:
            for turn in range(each):
                asking.predict_tensor(decoded[(number + turn) % 64][None])

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))  # warm up
        started = time.perf_counter()
        list(pool.map(client, range(clients)))
    return clients * each / (time.perf_counter() - started)


alone = rate(server.grpc_address)
with launcher.start(base, backend=BACKEND, batching=(16, 0.01)) as batching:
    merged = rate(batching.grpc_address)
    with GrpcClient(batching.grpc_address) as asking:
        same = np.allclose(asking.predict_tensor(decoded[:3]), expected[:3], atol=1e-5)
figure, axis = plt.subplots(figsize=(6, 1.7), layout="constrained")
axis.barh(
    ["merged up to 16", "one by one"],
    [merged, alone],
    color=[COLORS["highlight"], COLORS["neutral"]],
)
axis.set(xlabel="faces a second, 16 clients at once")
figures.show(
    figure,
    "Faces a second with sixteen clients, one by one and merged into batches of up to"
    " sixteen.",
)
print("Merged or not, the answers are the same:", same)

# %% [markdown]
# What you see depends on the machine: the larger the network and the more the processor
# can do at once, the more merging brings, most of all on a graphics card. The price is
# the wait, and company: one corrupt file spoils the batch that it rides in.
#
# **Exercise 8-3** (medium, 15 minutes). Requests of one picture arrive at known
# moments. A batch begins with a request that finds none waiting; it goes off when it is
# full, or when its first request has waited for `patience`. Who comes exactly then
# still gets in. How large are the batches?


# %% tags=["exercise-8-3"]
def batch_sizes(arrivals, largest, patience):
    """Return the size of each batch, for moments in ascending order."""
    ...  # your lines


# %%
chapter_08.check_3(batch_sizes)

# %% [markdown]
# ## The same picture, prepared otherwise
#
# The most frequent failure in production raises no error. The network was trained on
# pictures prepared in one way, and the client prepares them a little differently:
# **train-serve skew**. Four popular ways to get it wrong, all sent as numbers, all
# answered with status 200.


# %%
def resized(picture, how):
    return np.asarray(Image.fromarray(picture).resize((size, size), how), np.float32)


PREPARED = {
    "as in training": lambda picture: resized(picture, Image.Resampling.BILINEAR),
    "nearest pixel": lambda picture: resized(picture, Image.Resampling.NEAREST),
    "blue first (OpenCV)": lambda picture: resized(picture, Image.Resampling.BILINEAR)[
        ..., ::-1
    ],
    "scaled to 0 ... 1": (
        lambda picture: resized(picture, Image.Resampling.BILINEAR) / 255
    ),
    "scaled to -1 ... 1": (
        lambda picture: resized(picture, Image.Resampling.BILINEAR) / 127.5 - 1
    ),
}
right, shift = {}, {}
for what, prepare in PREPARED.items():
    answers = rpc.predict_tensor(np.stack([prepare(crop) for crop in crops]))
    right[what] = share_of_right(answers)[0]
    shift[what] = float(np.abs(answers - by_hand).max())
files_right, words = share_of_right(rpc.predict_files(files))
print(f"As files, prepared by the server, {words} are right.")
figure, axes = plt.subplots(1, 5, figsize=(11, 2.5), layout="constrained")
for axis, (what, prepare) in zip(axes, PREPARED.items()):
    axis.imshow(np.clip(prepare(crops[0]) / 255, 0, 1))
    axis.set_title(f"{what}\n{right[what]:.0%} right", fontsize=10)
    axis.axis("off")
figures.show(
    figure,
    "One face prepared in five ways, each with the share of right answers over 64"
    " faces: " + ", ".join(right) + ". Those scaled to other numbers are black.",
    photographic=True,
)
worst = min(right, key=right.get)
print(
    f"The worst has about half right, no more than a coin: {right[worst] < 0.65}. The"
    " nearest pixel and blue first change single answers by more than 0.1:"
    f" {min(shift[what] for what in ('nearest pixel', 'blue first (OpenCV)')) > 0.1}."
)

# %% [markdown]
# A network fed with values between 0 and 1 sees black pictures and says the same to
# everyone; sooner or later somebody notices. Wrong colours and a coarse resize are
# harder to catch: the answers still differ from face to face and look plausible, and
# only labels show how many have changed. Our signature for files makes all of this
# impossible, since there is nothing left for the client to do.
#
# ## A new version, without a pause
#
# Somebody has "simplified" the export and forgot that the network scales its input
# itself; the export succeeds, of course. Publish it as version 2 while a client keeps
# asking. The server sees the new folder, loads it *beside* the old one, and only then
# changes over.


# %%
def wait_for(version, state):
    """Wait until the server says so of a version, and return its whole status."""
    while dict(status := rest.status()).get(version) != state:
        time.sleep(0.05)
    return status


def ask_meanwhile(work):
    """Keep asking about one file while `work` runs.

    Return its result, the answers, and what failed.
    """
    answers, failures = [], []
    with ThreadPoolExecutor(1) as pool, GrpcClient(server.grpc_address) as asking:
        working = pool.submit(work)
        while not working.done():
            try:
                answers.append(str(asking.predict_files(files[:1])[0].round(3)))
            except CourseError as error:
                failures.append(str(error))
    return working.result(), answers, failures


# %%
picture = keras.Input((size, size, 3), name="picture")
simplified = keras.Model(picture, model(keras.layers.Rescaling(1 / 255)(picture)))


def publish():
    export.export(simplified, base, 2, class_names)
    status = wait_for(2, "AVAILABLE")
    time.sleep(1)  # for a few more questions
    return status


published, answers, failures = ask_meanwhile(publish)
print("Status:", published[0], "| requests failed meanwhile:", len(failures))
print("Different answers to one and the same file:", len(set(answers)))

# %% [markdown]
# No request failed, and the answers changed silently. Is version 2 any good? Health
# checks say yes. Only *labelled* pictures tell.

# %%
with GrpcClient(server.grpc_address) as newest:
    second, words = share_of_right(newest.predict_files(files))
print(f"Version 2 answers {words} of the labelled faces right.")

# %% [markdown]
# A coin would do as well. **Roll back**: take the folder away (or rename it), and the
# server goes back to the highest number that is left. Again, version 1 is loaded before
# version 2 goes.

# %%
(base / "2").rename(base / "rejected-2")
print("Status:", *wait_for(2, "END"))
print(f"Again {share_of_right(rpc.predict_files(files))[1]} are right.")

# %% [markdown]
# ## A version that can't be loaded
#
# A copy over the network breaks off, a disk is full: version 3 is there, but damaged.
# What does the server do?

# %%
shutil.copytree(base / "1", base / "coming")
(base / "coming" / "saved_model.pb").write_bytes(b"half of a model")
(base / "coming").rename(base / "3")
wait_for(3, "END")
for entry in requests.get(url).json()["model_version_status"]:
    print(entry["version"], entry["state"], entry["status"]["error_code"])
print(f"Still {share_of_right(rpc.predict_files(files))[1]} are right.")
shutil.rmtree(base / "3")

# %% [markdown]
# It tries, fails, says so in the status, and goes on with what it has. Customers notice
# nothing; *you* should. An alarm belongs on this status, for a server that had to start
# anew just now would have nothing to serve.
#
# **Exercise 8-4** (medium, 15 minutes). Work out which version answers after a series
# of events. Each is `("publish" or "withdraw", folder name, whether it can be loaded)`.
# The server wants the highest number in the folder and nothing else; names that are no
# numbers are no versions, zeros in front don't count. If that one can't be loaded, what
# served before goes on.


# %% tags=["exercise-8-4"]
def answering_version(events):
    """Return the number of the version that answers after all events, or None."""
    ...  # your lines


# %%
chapter_08.check_4(answering_version)

# %% [markdown]
# ## The canary
#
# Miners took a canary along: it fell from its perch before the air became dangerous for
# people. A **canary** release gives the new version to a few users first. Both versions
# are served side by side, and **labels** name them, so clients ask for `stable` or
# `canary` and never for a number: over REST `POST
# /v1/models/face-mask/labels/canary:predict`. Moving a label is one message to the
# server; no client changes.

# %%
(base / "rejected-2").rename(base / "2")
wait_for(2, "AVAILABLE")
rpc.label_versions(base, {"stable": 1, "canary": 2})
for label in ("stable", "canary"):
    with GrpcClient(server.grpc_address, label=label) as client:
        print(
            f"{label}: version {client.status()[0][0]},"
            f" {share_of_right(client.predict_files(files))[1]} right"
        )
rpc.label_versions(base, {"stable": 1, "canary": 1})
with RestClient(server.rest_address, label="canary") as client:
    print(
        f"The canary is version {client.status()[0][0]} now, and"
        f" {share_of_right(client.predict_files(files))[1]} right."
    )

# %% [markdown]
# The canary had fallen from its perch, only a few users met it, and moving the label
# back was enough. Which users? If chance decided at every request, one and the same
# person would get different answers to one picture.
#
# **Exercise 8-5** (medium, 15 minutes). Decide by the user's name: always the same for
# the same user, also after a restart and on every machine; the share as asked for; and
# who is in at 5 % stays in at 30 %.


# %% tags=["exercise-8-5"]
def label_of(user, share):
    """Return "canary" for about this share of all users (0 to 1), and "stable" for the
    others.
    """
    ...  # your lines


# %%
chapter_08.check_5(label_of)

# %% [markdown]
# ## Is it healthy?
#
# Three questions, from weak to strong. Does the process live (the port is open)? Is it
# ready (the status says AVAILABLE)? Is it *right* (a picture whose answer is known gets
# that answer)? Kubernetes asks the first two for you; the third is yours. It would have
# caught version 2 in a second.


# %%
def health(address, file, label):
    """Return three truth values: lives, ready, right."""
    try:
        with RestClient(address, timeout=10) as client:
            ready = any(state == "AVAILABLE" for _, state in client.status())
            answer, classes = client.ask_files([file])
            return True, ready, classes[answer[0].argmax()] == label
    except CourseError:
        return False, False, False


sure = int(
    np.argmax(by_hand[np.arange(64), [class_names.index(label) for label in labels]])
)  # a face that the network is sure of, and right
print("lives, ready, right:", *health(server.rest_address, files[sure], labels[sure]))
print(
    "and where nobody listens:",
    *health("http://127.0.0.1:9", files[sure], labels[sure]),
)

# %% [markdown]
# And the camera of chapter 07? `course detect --server` takes the address that `course
# serve` prints, REST's or gRPC's, in the place of a model's file. The computer at the
# camera then needs no TensorFlow, and a hundred cameras get a new version in the same
# second. Here it labels the faces of a scene:

# %%
report = job.run(
    job.Order(
        str(project.data_dir() / "sample/scenes/scene_4.jpg"),
        server=f"{server.rest_address}/v1/models/face-mask",
    ),
    print,
    progress=False,
)
print(
    "Found some faces, and each got a label from the server:",
    report.faces > 3 and sum(report.labels.values()) == report.faces,
)

# %% [markdown]
# ## Try it
#
# Choose a face and a way to send it; see the first bytes on the wire, the answer and
# the time. In the printed page the figure below stands for it.


# %%
def send(way, number):
    """Send one face in one way.

    The first bytes of the request, its size, the answer and the milliseconds.
    """
    ask = {
        "REST, numbers": lambda: rest.predict_lists(decoded[number][None]),
        "REST, files": lambda: rest.predict_files(files[number : number + 1]),
        "gRPC, numbers": lambda: rpc.predict_tensor(decoded[number][None]),
        "gRPC, files": lambda: rpc.predict_files(files[number : number + 1]),
    }[way]
    started = time.perf_counter()
    answer = ask()[0]
    taken = 1000 * (time.perf_counter() - started)
    body = {
        "REST, numbers": (
            json.dumps({"instances": decoded[number][None, :1, :4].tolist()}).encode()
        ),
        "REST, files": (
            json.dumps(
                {"instances": [{"b64": base64.b64encode(files[number]).decode()}]}
            ).encode()
        ),
        "gRPC, numbers": decoded[number].tobytes(),
        "gRPC, files": files[number],
    }[way]
    return body[:48], (rest if way.startswith("REST") else rpc).last.sent, answer, taken


figure, axes = plt.subplots(
    1, 2, figsize=(9, 2.6), width_ratios=[1, 3], layout="constrained"
)
axes[0].imshow(crops[0])
axes[0].axis("off")
axes[1].axis("off")
lines = [
    f"{way}: {sent:,} bytes\n   {' '.join(f'{byte:02x}' for byte in start[:16])} ..."
    for way in WAYS
    for start, sent, _, _ in [send(way, 0)]
]
axes[1].text(0, 0.5, "\n".join(lines), family="monospace", fontsize=10, va="center")
figures.show(
    figure,
    "A face, and for each of the four ways the bytes of its request and the first"
    " sixteen of what it carries.",
    photographic=True,
)

# %%
chosen_way = ipywidgets.ToggleButtons(options=list(WAYS), description="send as")
chosen_face = ipywidgets.IntSlider(
    min=0, max=len(files) - 1, description="face", continuous_update=False
)
view = ipywidgets.HTML()


def show_exchange(change=None):
    try:
        start, sent, answer, taken = send(chosen_way.value, chosen_face.value)
    except CourseError as error:
        view.value = f"<p>{error}</p>"
        return
    seen = base64.b64encode(files[chosen_face.value]).decode()
    said = [f"{name} {share:.1%}" for name, share in zip(class_names, answer)]
    view.value = (
        '<img alt="the face that is sent" width="112"'
        f' src="data:image/jpeg;base64,{seen}"><p>{sent:,} bytes, beginning'
        f" with</p><pre>{' '.join(f'{byte:02x}' for byte in start)}</pre>"
        f"<p>{', '.join(said)};"
        f" {taken:.0f} ms. The label: {labels[chosen_face.value]}</p>"
    )


for control in (chosen_way, chosen_face):
    control.observe(show_exchange, names="value")
widgets.show(
    ipywidgets.VBox([chosen_way, chosen_face, view]),
    "choose a face and a way, see the bytes, the answer and the time.",
)

# %% [markdown]
# The last cell of this chapter stops the server; to play with the widget longer, run it
# later.
#
# ## In production
#
# Put the real server there. `docker run -p 8500:8500 -p 8501:8501 -v
# .../face-mask:/models/face-mask -e MODEL_NAME=face-mask tensorflow/serving` is enough
# for one machine. In `course_utils/serving/kubernetes` are manifests for a cluster:
# probes, between two and eight copies by load, labels for the canary in a file that the
# server reads anew every minute. The server knows neither passwords nor encryption: a
# gateway in front does.
#
# And the end of a server belongs to its test: after stopping, nothing must be left.

# %%
rest.close()
rpc.close()
server.close()
print(
    "lives, ready, right:",
    *health(server.rest_address, files[sure], labels[sure]),
    "| process ended:",
    server.process.poll() is not None,
)
out.record(
    difference=max(difference.values()),
    resize_apart=apart.mean(),
    times_the_bytes=times,
    grpc_files_over_network=over,
    right=files_right,
    right_version_2=second,
    worst_skew=right[worst],
    failed=len(failures),
)

# %% [markdown]
# ## Test yourself
#
# Five questions on the ideas of this chapter. Choose an answer and read what it says: a
# wrong one tells you what it overlooks.

# %%
quizzes.show("08_serving")

# %% [markdown]
# ## Remember
#
# - Put preprocessing *into* the model. What clients can't do, they can't do wrongly.
# - Name inputs, inspect before serving, write under another name and rename.
# - Send files, not numbers: less on the wire, less time, less to agree on.
# - Publishing and rolling back cost no request. That makes it easy to publish something
#   bad: compare on labelled pictures, and let a canary go first.
# - Alive is not ready, and ready is not right.
#
# **And now?** The server answers everybody alike. But is it right for everybody alike:
# dark skin and light, old and young, in profile and from the front? Chapter 09 measures
# for whom it fails.
