# ---
# jupyter:
#   course:
#     minutes: 40
#     needs:
#     - '01'
#     - '02'
#     title: Train and compare
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Train and compare
#
# We have faces with and without masks, a camera's faults, and three networks. Now they
# meet. **How does a network learn, which of several is the best, and must it learn from
# nothing?** The original project answered with three accuracies and took the highest.
# We shall see how little such a number says, and how much a network brings along that
# has seen a million other pictures.
#
# **After this chapter you can** write a training loop, read learning curves, choose a
# learning rate, stop in time, put a head of your own on a pretrained base, and say of
# two networks whether one is really better: on whom, by how much, how surely, and at
# what cost.
#
# **You need** chapters 01 and 02; 03 and 04 explain what is taken ready-made here.
# **Time:** 40 minutes to read and run, and about an hour for the five exercises.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import numpy as np
import pandas as pd
from course_utils import evaluation, figures, quiet
from course_utils.notebook.artefacts import Artefacts
from course_utils.profiles import SEED, get_profile

keras = quiet.import_keras()
out = Artefacts("05_training", PROFILE)
plan = get_profile(PROFILE).training
CLASSES = ("with_mask", "without_mask")

# %% [markdown]
# ## Whom do we learn from, and whom do we test on?
#
# There are two collections. The **drawn** one is chapter 02's: every face bare, and
# once more with a mask that was drawn on it, in one of four ways of wearing. The
# **worn** one holds the pictures as they were taken: bare faces, masks that people
# really wore, and, among the embedded pictures, hands, arms and scarves over the mouth.
# Only a mask that is worn properly counts as `with_mask`.

# %%
from course_utils.data.faces_table import faces_dir, load_faces

path = out.earlier("02_mask_synthesis", "faces.csv")
drawn, drawn_folder = pd.read_csv(path, keep_default_na=False), path.parent

path = out.earlier("01_data_collection", "faces.csv")
split = pd.read_csv(path, keep_default_na=False)[["picture", "group", "split"]]
worn, worn_folder = load_faces(PROFILE).drop(columns="split"), faces_dir(PROFILE)
worn = worn.merge(split, on="picture")
if "wearing" not in worn:  # photographs come with two labels only
    worn["wearing"] = np.where(worn.label == "with_mask", "proper", "none")

for kind, table in {"drawn": drawn, "worn": worn}.items():
    parts = table.groupby("group").split.nunique()
    print(f"{kind}: {len(table):,} faces of {len(parts):,} groups;", end=" ")
    print(f"groups in more than one part of the split: {(parts > 1).sum()}")

# %% [markdown]
# The split is **by person**, as chapter 01 taught. Everybody in *train* is learned
# from. *Validation* people decide which settings are best. *Test* people decide
# nothing. We look at them once, at the end: whoever chooses the best of many results on
# the test people has learned from them as well.
#
# A network sees a small square of each face, cut as in chapter 03. Where a portrait
# shows more than the face, the face detector gives the box. Below, a row for each way
# of wearing; blue frames mean `with_mask`.

# %%
from course_utils.faces import face_of_crop
from course_utils.pictures.images import read_rgb
from course_utils.training import pipeline

BOX = list(pipeline.BOX)
if pd.to_numeric(worn.x_min).notna().any():
    worn = worn[worn.split != "train"].reset_index(drop=True)
    found = [face_of_crop(read_rgb(worn_folder / name)) for name in worn.picture]
    for edge in BOX:
        worn[edge] = [getattr(face.box, edge) for face in found]
else:  # these photographs are cut already
    drawn = drawn.drop(columns=BOX, errors="ignore")
    worn = worn.drop(columns=BOX, errors="ignore")


# %%
from functools import cache

KINDS = {"drawn masks": (drawn, drawn_folder), "worn masks": (worn, worn_folder)}
SAME = f"{plan.masks} masks"  # the kind that we learn from
OTHER = next(kind for kind in KINDS if kind != SAME)


@cache
def read(kind, part, size=plan.size):
    """Return table, faces uint8 (n, size, size, 3) and class numbers of a part."""
    table, folder = KINDS[kind]
    table = table[table.split == part].reset_index(drop=True)
    labels = (table.label == "without_mask").to_numpy(np.int32)
    return table, pipeline.read_faces(table, folder, size), labels


train, train_faces, train_labels = read(SAME, "train")
_, validation_faces, validation_labels = read(SAME, "validation")

# %%
shown = train.groupby("wearing").sample(8, random_state=SEED).sort_values("wearing")
alt = (
    "Training faces, a row for each way of wearing. Blue frames: with_mask; orange"
    " frames: without_mask."
)
look = {"size": 1.0, "colors": [figures.COLORS[label] for label in shown.label]}
ways = shown.wearing.drop_duplicates().str.replace("_", " ")
figures.show_pictures(train_faces[shown.index], alt, row_titles=ways, **look)
print(f"{len(train):,} faces to learn from", end=" ")
print(f"({(train_labels == 0).mean():.0%} with_mask),", end=" ")
print(f"{len(validation_faces):,} of other people to validate; {plan.size} pixels.")

# %% [markdown]
# ## How does a network learn?
#
# It needs a number that says how wrong it is. If the network gave the *right* class the
# probability $p$, its **loss** is $-\ln p$: nothing when it was sure and right, much
# when it was sure and wrong. The mean over a batch is called **cross-entropy**. Someone
# who always says one half has a loss of $\ln 2 = 0.69$, the dotted line below.
#
# **Exercise 5-1** (easy, 8 minutes). Write `cross_entropy(probabilities, labels)` for
# an array of shape (n, classes), each row of sum 1, and the numbers of the right
# classes, shape (n,): the mean loss. A network may be so sure that a probability is
# exactly 0; keep the loss finite by taking no probability below `1e-7`.


# %% tags=["exercise-5-1"]
def cross_entropy(probabilities, labels):
    """Return the mean of -ln p over the right classes."""
    ...  # your lines


# %%
from course_utils.checks import chapter_05

chapter_05.check_1(cross_entropy)

# %% [markdown]
# Chapter 04 let a ball roll down a valley of two weights. A network's valley has as
# many dimensions as it has weights, and the rest is the same three lines, over and
# over: compute the loss of a batch; ask for its **gradient**, that is in which
# direction each weight must move for the loss to rise fastest; take a small step the
# other way. The **learning rate** says how small. Here is the whole loop, for every
# network of this chapter that starts from random numbers.

# %%
import tensorflow as tf


def mean_loss(probabilities, labels):
    """Return the cross-entropy: what exercise 5-1 does, in TensorFlow."""
    of_right_class = tf.gather(probabilities, labels, batch_dims=1)  # one of each row
    return -tf.reduce_mean(tf.math.log(of_right_class + 1e-7))


def make_step(network, optimizer):
    """Return a function that improves the network on one batch, and gives its loss."""

    @tf.function(autograph=False)  # compiled: the same lines, faster
    def step(faces, labels):
        with tf.GradientTape() as tape:
            loss = mean_loss(network(faces, training=True), labels)  # 1. how wrong?
        slopes = tape.gradient(loss, network.trainable_variables)  # 2. which way is up?
        optimizer.apply(slopes, network.trainable_variables)  # 3. a step down
        return loss

    return step


# %%
from course_utils.notebook.live import bar


def learn(network, optimizer, batches, rates, every):
    """Take a step for each rate; return steps, training and validation losses.

    A third of the validation faces is enough for a curve.
    """
    optimizer.build(network.trainable_variables)
    step, ask = make_step(network, optimizer), evaluation.compiled(network)
    losses, curve = [], []
    for (faces, labels), rate in bar(zip(batches, rates), "steps", len(rates)):
        optimizer.learning_rate = rate
        losses.append(float(step(faces, labels)))
        if len(losses) % every == 0:
            validation = mean_loss(ask(validation_faces[::3]), validation_labels[::3])
            curve.append((len(losses), np.mean(losses[-every:]), float(validation)))
    return tuple(zip(*curve))


# %% [markdown]
# **How large a step?** Take a network so small that we can repeat it often, and three
# learning rates, on 160 faces, half of them with a mask. Predict first: what will the
# curve of a rate that is far too small look like, and that of one far too large?

# %%
from keras import layers


def small_network(seed):
    """Three convolutions and a dense layer; the face is halved first."""
    keras.utils.set_random_seed(seed)
    network = keras.Sequential([layers.Input((plan.size, plan.size, 3))])
    network.add(layers.Rescaling(1 / 127.5, offset=-1))
    network.add(layers.AveragePooling2D(2))
    for filters, stride in ((16, 2), (32, 2), (64, 1)):
        network.add(layers.Conv2D(filters, 3, stride, activation="relu"))
    network.add(layers.Flatten())
    network.add(layers.Dense(len(CLASSES), activation="softmax"))
    return network


# %%
rng = np.random.default_rng(SEED)
by_label = [np.flatnonzero(train_labels == label) for label in (0, 1)]
few = np.concatenate([rng.choice(rows, 80, replace=False) for rows in by_label])


def small_run(rows, rate, steps, seed=SEED):
    """Train the small network on these rows by plain gradient descent."""
    network = small_network(seed)
    faces, labels = train_faces[rows], train_labels[rows]
    batches = pipeline.array_dataset(faces, labels, 32, None, seed).repeat()
    rates, every = [rate] * steps, max(10, steps // 20)
    return network, learn(network, keras.optimizers.SGD(), batches, rates, every)


# %%
from course_utils.figures import training as training_figures

rates = {"too small: 0.001": 0.001, "about right: 0.1": 0.1, "too large: 2": 2.0}
runs = {title: small_run(few, rate, 150)[1] for title, rate in rates.items()}
alt = (
    "Training and validation loss by step for three learning rates. Too small: both"
    " hardly move. About right: the training loss falls steadily. Too large: both leave"
    " the picture upwards, or stay at the loss of a coin."
)
figures.show(training_figures.draw_losses(runs), alt)

# %% [markdown]
# ## When has it learned enough?
#
# In the middle panel the orange curve falls and falls. The blue one, which matters,
# stays behind towards the end. Train longer, first on these few faces, then for as many
# steps on all training faces: what becomes of the gap?

# %%
everyone = np.arange(len(train))
few_seen, few_curve = small_run(few, 0.1, 600)
all_seen, all_curve = small_run(everyone, 0.1, 600)
longer = {f"{len(few)} faces": few_curve, f"{len(everyone):,} faces": all_curve}
alt = (
    "Loss by step with few and with all faces. With few faces the training loss goes"
    " to nothing while the validation loss turns and rises. With all faces both fall"
    " further together before the gap opens."
)
figures.show(training_figures.draw_losses(longer, coin=False), alt)

# %% [markdown]
# That is **over-fitting**: the network learns these faces by heart, each with its
# background and its haircut, and becomes *surer* of what it has wrong about everybody
# else. More faces help most. Where there are no more, augmentation makes each of them
# new every time; **dropout** leaves out a random part of the **features**, the numbers
# that the last layers hand on, in each step; **weight decay** pulls all weights a
# little towards zero, so that only what many faces ask for grows large. And one stops
# in time.
#
# **Early stopping** watches the validation loss. When it has set no new low for some
# epochs, the **patience**, training ends, and the weights of the best epoch are taken
# back. (An **epoch** is once through all faces.)
#
# **Exercise 5-2** (medium, 10 minutes). Write `early_stopping(losses, patience)` for a
# list of validation losses, one an epoch, the first being epoch 1. Return two numbers:
# the epoch whose weights are kept, and the epoch after which training ends (the last
# one when it never stops early). An equal loss is no progress.


# %% tags=["exercise-5-2"]
def early_stopping(losses, patience):
    """Return (epoch that is kept, epoch after which training ends), both counted from
    1.
    """
    ...  # your lines


# %%
chapter_05.check_2(early_stopping)

# %% [markdown]
# ## Start gently, end gently
#
# One learning rate for the whole training is a compromise. In the first steps the
# weights are random, and so are their gradients; a large step does damage. In the last
# ones a large step jumps back and forth across the valley. So the rate rises from zero
# during a **warm-up**, and then falls along half a **cosine** to zero, where training
# may end unwatched.
#
# **Exercise 5-3** (medium, 12 minutes). Write `learning_rate(step, steps, highest,
# warm_up)`. Steps count from 0, the end is at `steps`. During the first `warm_up` steps
# the rate rises in a straight line from 0; at step `warm_up` it is `highest`; from
# there it follows half a cosine, from its top to its bottom, down to 0 at `steps`.


# %% tags=["exercise-5-3"]
def learning_rate(step, steps, highest, warm_up):
    """Return the learning rate at a step."""
    ...  # your lines


# %%
chapter_05.check_3(learning_rate)

# %% [markdown]
# ## Train the three, with equal budgets
#
# A comparison is fair when everybody gets the same: the same faces, as many steps, the
# same number of faces a step, the same augmentation. The highest learning rate is each
# network's own, chosen on the validation people. The table is the recipe; the rest is
# the loop above, with **AdamW**, which gives each weight its own step size by how large
# its gradients have been, and decays the weights. The two ResNets are as in the paper;
# MobileNetV2 is the narrow one of chapter 04. ResNet-50 gets some help: the last
# normalisation of every block starts with a scale of 0, so at first the block does
# nothing (Goyal et al., 2017).

# %%
NAMES = {"resnet34": "ResNet-34", "resnet50": "ResNet-50", "mobilenetv2": "MobileNetV2"}
recipe = pd.DataFrame({"highest rate": plan.rates}).loc[list(NAMES)]
recipe["steps"], recipe["faces a step"] = plan.steps, plan.batch
recipe["faces seen"] = plan.steps * plan.batch
recipe["times each face"] = (recipe["faces seen"] / len(train)).round(1)
recipe.rename(NAMES)

# %%
from course_utils import augmentation, models


def start(arch):
    """Build one of the three with random weights."""
    keras.utils.set_random_seed(SEED)
    alpha = plan.alpha if arch == "mobilenetv2" else 1.0
    network = models.build(arch, plan.size, len(CLASSES), alpha)
    for layer in network.get_layer("backbone").layers:
        if arch == "resnet50" and layer.name.endswith("_3_bn"):
            layer.gamma.assign(keras.ops.zeros_like(layer.gamma))
    return network


def schedule(highest, steps):
    """Return the rate of each step: exercise 5-3, as Keras has it."""
    rise = steps // 10
    cosine = keras.optimizers.schedules.CosineDecay
    rate = cosine(0.0, steps - rise, warmup_target=highest, warmup_steps=rise)
    return [float(rate(step)) for step in range(steps)]


# %%
import time

trained, curves, seconds = {}, {}, {}
for arch, name in NAMES.items():
    started, network = time.perf_counter(), start(arch)
    augment = augmentation.policy(plan.augment, SEED)
    batches = pipeline.array_dataset(
        train_faces, train_labels, plan.batch, augment, SEED
    ).repeat()
    optimizer = keras.optimizers.AdamW(weight_decay=1e-4)
    rates = schedule(plan.rates[arch], plan.steps)
    curves[name] = learn(network, optimizer, batches, rates, plan.steps // 5)
    trained[arch], seconds[arch] = network, time.perf_counter() - started
    models.save(network, out.path(f"{arch}.keras"), CLASSES)

alt = "Training and validation loss of the three networks by step."
figures.show(training_figures.draw_losses(curves), alt)

# %% [markdown]
# Where both curves still fall together at the end, more steps would help; where the
# orange one falls and the blue one does not follow, more faces would. Blue often lies
# *below* orange, which looks back, at augmented faces. Where blue begins above the
# picture, chapter 04's running statistics are the suspect.
#
# ## Which one is right more often?
#
# Now the test people, every face once, in two tests. In the **same kind** the masks
# were made like those in training. In the **other kind** they were not: for networks
# that learned from drawn masks these are masks that people wore. The second is what a
# camera will show.


# %%
from course_utils.evaluation import comparing

asking = {arch: evaluation.compiled(network) for arch, network in trained.items()}
tests = {kind: read(kind, "test")[0] for kind in (SAME, OTHER)}
test_faces = {kind: read(kind, "test")[1] for kind in tests}
answers = {}
for arch, ask in asking.items():
    said = {kind: ask(faces) for kind, faces in test_faces.items()}
    answers[arch] = comparing.answer_table(tests, said, CLASSES)
for kind, table in tests.items():
    people = table.group.nunique()
    print(
        f"{kind}: {len(table)} faces of {people} people or groups, none learned from."
    )

# %% [markdown]
# How far might an accuracy be off? With other test people it would differ. The
# **bootstrap** imitates that: draw as many people as there are, *with replacement*, so
# that some come twice and some not at all, and compute the accuracy again; do so some
# thousand times. The middle 95 % of these accuracies are a 95 % interval as in chapter
# 00, and no formula was needed. But draw *people*, not pictures: several pictures of
# one person share a face, a haircut and a light, and if one is wrong the others often
# are.
#
# **Exercise 5-4** (hard, 20 minutes). Write `interval(right, people, rng)`. `right`
# tells whether each answer was right, `people` whose picture it was (names); `rng` is a
# NumPy generator. Return the lower and the upper end, 0 to 1, from 2,000 draws or more.


# %% tags=["exercise-5-4"]
def interval(right, people, rng):
    """Return the ends of the 95 % interval of the accuracy, drawing people with
    replacement.
    """
    ...  # your lines


# %%
chapter_05.check_4(interval)


# %%
reached = {arch: comparing.accuracies(rows) for arch, rows in answers.items()}
lazy = {kind: (table.label == "without_mask").mean() for kind, table in tests.items()}
alt = (
    "Accuracy of the three networks with 95 % intervals on both kinds of test, beside"
    " that of always saying without_mask."
)
figures.show(training_figures.draw_accuracies(reached, tests, lazy), alt)
for kind in tests:
    print(f"{kind}: always saying without_mask is right on {lazy[kind]:.0%}.")

# %% [markdown]
# The dotted line is the first thing to compare with: whoever always says
# `without_mask` is right three times out of four, and useless. And look how wide the
# intervals are: several points, although four hundred faces were asked about.
#
# ## What kind of mistake?
#
# A guard has two fears: to let somebody without a mask pass, and to stop somebody with
# one. Accuracy mixes both. The **confusion matrix** keeps them apart: a row for each
# true label, a column for what was said. Of those who *wear* a mask, how many were
# found? That is the **recall** of `with_mask`. Of those who were *said* to wear one,
# how many do? That is its **precision**. One goes along a row, the other along a
# column. Does a network below say *without* to nearly everybody?
#
# **Exercise 5-5** (easy, 10 minutes). Write `recall_and_precision(counts, number)` for
# a confusion matrix as an array, rows true and columns said, and the number of a class.
# Return both, 0 to 1. Where there is nothing to divide by, return `nan`.


# %% tags=["exercise-5-5"]
def recall_and_precision(counts, number):
    """Return recall and precision of one class of a confusion matrix (rows true,
    columns said).
    """
    ...  # your lines


# %%
chapter_05.check_5(recall_and_precision)

# %%
for kind in tests:
    matrices = {}
    for arch, name in NAMES.items():
        rows = answers[arch][answers[arch].test == kind]
        matrices[name] = evaluation.confusion_matrix(rows.label, rows.said, CLASSES)
    alt = f"Confusion matrices of the three on {kind}: most bare faces on the diagonal."
    figures.show(training_figures.draw_confusions(matrices), alt)

# %% [markdown]
# ## Must we start from nothing?
#
# Nobody learns what a mask is without knowing what an edge, cloth or a nose is. Our
# three had to find all that in a thousand faces or two. A network trained on
# **ImageNet**, 1.2 million photographs of a thousand kinds of things, has found it
# already. Cut off its last layer, and what is left is a **base**: picture in, 1,280
# features out. The original project took such a MobileNetV2, **froze** it (its weights
# stay as they are) and trained only a small head on top.
#
# This course's environment holds such a network: a stranger's finished mask classifier
# of 2020, made by the same recipe. Measure it before you touch it: on the same test
# people, in its own size, 224 pixels.

# %%
from course_utils.models import imagenet


def percent(share, low, high):
    """Write an accuracy with its interval."""
    return f"{share:.1%} ({low:.1%} to {high:.1%})"


stranger = imagenet.finished_detector(imagenet.weights_file())
asking["stranger"] = evaluation.compiled(stranger)
said = {}
for kind in bar(tests, "the stranger's classifier"):
    said[kind] = asking["stranger"](read(kind, "test", 224)[1], 32)
answers["stranger"] = comparing.answer_table(tests, said, CLASSES)
reached["stranger"] = comparing.accuracies(answers["stranger"])
for kind, values in reached["stranger"].items():
    print(f"The stranger's classifier, {kind}: right on {percent(*values)}.")

# %% [markdown]
# It learned from other pictures and other labels: its maker had no masks under the
# nose. So cut its head off, keep the base, and put on a head of our own. A frozen base
# says the same of a face every time. Its features are computed once and kept in
# `work/`. Faces of 128 pixels were chosen on validation people: 96 are worse on worn
# masks, more cost time.

# %%
from course_utils.figures import pretrained as pretrained_figures
from course_utils.training.features import compute_features

base = models.build("mobilenetv2", plan.pretrained_size, 2, weights="imagenet")
parameters = base.get_layer("backbone").count_params()
pretrained_figures.show_cut(read(SAME, "test", 224)[1][0], parameters)

wanted = [(SAME, "train"), (SAME, "validation"), (OTHER, "validation")]
wanted += [(SAME, "test"), (OTHER, "test")]
features, labels = {}, {}
for kind, part in bar(wanted, "features"):
    _, faces, labels[kind, part] = read(kind, part, plan.pretrained_size)
    features[kind, part] = compute_features(base, faces, store=out.shared("features"))
faces, numbers = features[SAME, "train"].shape
print(f"{faces:,} faces to learn from, {numbers:,} numbers of each.")

# %% [markdown]
# These faces are cut by careful boxes. A detector's box lies a little elsewhere, and a
# head that has never seen that takes a cut-off chin for something new. So it learns
# each face once more, cut by a **shaken box**: moved and scaled at random. How far was
# chosen on validation people, too.

# %%
rows, folder = KINDS[SAME]
rows, size = rows[rows.split == "train"], plan.pretrained_size
cuts = [features[SAME, "train"]]
for turn in range(plan.shaken):  # none of photographs: they come cut, without boxes
    faces = pipeline.read_faces(rows, folder, size, seed=SEED + turn, shake=True)
    cuts.append(compute_features(base, faces, store=out.shared("features")))
learned = np.concatenate(cuts), np.tile(labels[SAME, "train"], len(cuts))
print(f"The head learns from {len(learned[0]):,} cuts of these faces.")

# %% [markdown]
# The head is one dense layer with a softmax: a **logistic regression**. With the base
# frozen its loss has a single valley, so for given cuts there is one best head, found
# from anywhere: no epochs, no learning rate. One setting is left, the *strength* $C$:
# the smaller it is, the harder large weights are punished. Both classes weigh alike in
# its loss, as they did not in the loops above, where every face did. Let validation
# people choose it: those with drawn masks, or those with worn ones?

# %%
from course_utils.training import head as heads

judges = features["worn masks", "validation"], labels["worn masks", "validation"]
tried, losses = {}, {}
started = time.perf_counter()
for strength in bar(heads.STRENGTHS, "strengths"):
    tried[strength] = heads.fit_head(*learned, *judges, [strength])
    losses[strength] = {}
    for kind in tests:
        p = tried[strength].probabilities(features[kind, "validation"])
        losses[strength][kind] = heads.balanced_loss(labels[kind, "validation"], p)
seconds["pretrained"] = time.perf_counter() - started
losses = pd.DataFrame(losses).T.rename_axis("strength")
losses.round(3)

# %% [markdown]
# The table holds the loss on validation people, both classes weighing alike. On drawn
# masks it falls and falls; on worn ones it turns: a head hardly punished learns how our
# masks are *drawn*, and masks that people wear pay for it. A camera will show worn
# masks, so these choose, though none was learned from. This was settled after weaker
# punishment had done worse on the photographs of the reference run, so those figures
# are no blind test.

# %%
head = tried[losses["worn masks"].idxmin()]
heads.put_on(base, head)
models.save(base, out.path("pretrained.keras"), CLASSES)

said = {kind: head.probabilities(features[kind, "test"]) for kind in tests}
answers["pretrained"] = comparing.answer_table(tests, said, CLASSES)
reached["pretrained"] = comparing.accuracies(answers["pretrained"])
print(f"Strength {head.strength:g}. With a head of our own,")
for kind, values in reached["pretrained"].items():
    print(f"{kind}: right on {percent(*values)} of unseen people's faces.")
    rows = answers["pretrained"][answers["pretrained"].test == kind]
    print(evaluation.per_class(rows.label, rows.said, CLASSES).round(3).to_string())

# %% [markdown]
# **Where does it look?** Cover a square of the face with grey, ask again, and see how
# far the probability of its answer falls. Move the square over the whole face: that is
# an **occlusion map** (Zeiler and Fergus, 2014). What do you expect to be dark? (Spread
# evenly, three rows of seven hold 43 %.)


# %%
def occlusion_map(ask, face, side=32, step=16):
    """Return how far the answer falls when a square is covered, for every place."""
    starts = range(0, len(face) - side + 1, step)
    covered = []
    for top in starts:
        for left in starts:
            hidden = face.copy()
            hidden[top : top + side, left : left + side] = 127
            covered.append(hidden)
    before, after = ask(face[None])[0], ask(np.stack(covered))
    label = before.argmax()
    return (before[label] - after[:, label]).reshape(len(starts), -1)


# %%
asking["pretrained"] = evaluation.compiled(base)
table, faces, _ = read(OTHER, "test", plan.pretrained_size)
chosen = table.groupby("label").head(3).sort_values("label").index
maps = []
for face in bar(faces[chosen], "faces"):
    maps.append(occlusion_map(asking["pretrained"], face))
pretrained_figures.show_occlusion(faces[chosen], maps, table.label[chosen])
falls = np.clip(np.sum(maps[:3], axis=0), 0, None)  # of the three masks
lower = falls[4:].sum() / falls.sum()
print(f"Masks: {lower:.0%} of the fall comes from the lowest three rows of seven.")

# %% [markdown]
# ## Is it really better, and at what price?
#
# One figure for all, with one more competitor: whoever reports a large network should
# have tried a small one. The three convolutions get more steps, since a step costs them
# so little. And chance must show. A network that starts from random numbers is one draw
# among many, so we train this one with three seeds; each gets a stroke. The pretrained
# network's head meets chance only in its shaken boxes. Time counts, too: this network
# pays for its features, reckoned from the time of one face, then for its head.

# %%
small = {}
for seed in bar((1, 2), "seeds"):
    started = time.perf_counter()
    small[seed] = small_run(everyone, 0.1, 600, seed)[0]
    seconds["small"] = time.perf_counter() - started
small[SEED] = all_seen

# %%
seeds, by_seed = {SAME: [], OTHER: []}, {}
for seed, network in small.items():  # the last one stands for all in what follows
    asking["small"] = evaluation.compiled(network)
    said = {kind: asking["small"](faces) for kind, faces in test_faces.items()}
    answers["small"] = comparing.answer_table(tests, said, CLASSES)
    by_seed[seed] = answers["small"]
    reached["small"] = comparing.accuracies(answers["small"])
    for kind, ends in reached["small"].items():
        seeds[kind].append(ends[0])
trained |= {"small": network, "stranger": stranger, "pretrained": base}

# %%
costs = {}
for name, network in trained.items():
    size = network.input_shape[1]
    costs[name] = {
        "parameters (million)": network.count_params() / 1e6,
        "one face (ms)": evaluation.latency(asking[name], size, 1, repeats=12),
    }
seconds["pretrained"] += len(learned[0]) * costs["pretrained"]["one face (ms)"] / 1000
costs = pd.DataFrame(costs).T.assign(**{"training (s)": pd.Series(seconds)})
order = ["resnet34", "resnet50", "mobilenetv2", "small", "stranger", "pretrained"]
figure = pretrained_figures.draw_table(order, reached, tests, seeds, costs)
alt = "For each network: accuracy on both tests with intervals, parameters, time."
figures.show(figure, alt)

# %% [markdown]
# **Overlapping intervals are no test.** All were asked about the *same* faces; what is
# hard for one is hard for all. So look only at the difference on each face: +1 where
# the pretrained network alone is right, -1 where the other alone is. (Where everybody
# has one picture, **McNemar's test** asks whether a coin would be as uneven.) Our
# people have several, so draw people again. An interval that leaves out 0 tells the two
# apart. One that holds 0 is no proof that they are equal.
#
# And which network do we hand on? Not the best on the test people: that would spoil the
# test. Validation people with worn masks choose, by the loss: whoever is sure and wrong
# pays for it.

# %%
gains = {}
for name in order[:-1]:
    gains[name] = comparing.gains(answers["pretrained"], answers[name])
spread = [comparing.gains(answers["pretrained"], rows) for rows in by_seed.values()]
alt = (
    "Points that the pretrained network gains over each other one, with intervals; over"
    " three convolutions once for each seed."
)
figures.show(pretrained_figures.draw_gains(gains, {"small": spread}), alt)
for kind, ends in gains["stranger"].items():
    value, low, high = (100 * share for share in ends)
    print(f"{kind}: {value:+.1f} points over the stranger's", end=" ")
    print(f"({low:+.1f} to {high:+.1f}).")

# %%
import json

from course_utils import files

_, faces, truth = read("worn masks", "validation")
said = {name: asking[name](faces) for name in (*NAMES, "small")}
said["pretrained"] = head.probabilities(features["worn masks", "validation"])
wrong = {name: heads.balanced_loss(truth, p) for name, p in said.items()}
best = min(wrong, key=wrong.get)
files.write_text(out.path("best.json"), json.dumps({"network": best}) + "\n")
print(f"Handed on: {best}, with a loss of {wrong[best]:.2f}", end=" ")
print("on the validation people with worn masks.")

# %% [markdown]
# On drawn masks three convolutions are hard to beat: they have learned how our masks
# are drawn, and 24 pixels show where one lies. On masks that people wear, which none of
# ours learned from, the pretrained base beats the first three; its lead over three
# convolutions hangs on their seed. Where an interval holds 0, take the cheaper network.
#
# **On whom is it right?** One number for all hides who pays for it. Here is the share
# of right answers, with intervals, for each way of wearing, and for what hides a mouth
# without being a mask. Few faces, wide intervals.

# %%
way = answers[best].wearing
if "occlusion" in worn:
    hidden = answers[best].picture.map(worn.set_index("picture").occlusion)
    way = way.where(~hidden.isin(["hand", "arm", "scarf"]), hidden)
for kind in tests:
    asked = way[answers[best].test == kind]
    shares = {}
    for name in (*NAMES, "small", "pretrained"):
        rows = answers[name].loc[asked.index].assign(test=asked)  # a way is a test
        shares[name] = comparing.accuracies(rows)
    alt = f"{kind}: right answers for each way of wearing, by network, with intervals."
    counts = asked.value_counts().sort_index().to_dict()
    figures.show(training_figures.draw_ways(shares, counts), alt)

# %% [markdown]
# ## Read the mistakes
#
# A table of rates does not say *why*. Look at the wrong answers, the surest first: an
# unsure mistake is a hard face, a sure one is something learned wrong. Blue frames: a
# mask is worn properly, and the network said it is not. Orange: the other way round.

# %%
for kind in tests:
    rows = answers[best][answers[best].test == kind].reset_index(drop=True)
    wrong = rows[~rows.right].sort_values("confidence", ascending=False)[:16]
    ways, sure = wrong.wearing.str.replace("_", " "), wrong.confidence
    titles = [f"{way}\n{share:.0%} sure" for way, share in zip(ways, sure)]
    colors = [figures.COLORS[label] for label in wrong.label]
    pictures = read(kind, "test", plan.pretrained_size)[1][wrong.index]
    alt = f"{kind}: mistakes of the network handed on, the surest first."
    figures.show_pictures(pictures, alt, titles, colors=colors)

# %% [markdown]
# Say for each what it was, then read on. Some masks are at the border that a label had
# to draw somewhere, just below the nose. Some have a colour or a pattern that no drawn
# mask had. And a sleeve over the mouth is cloth over the mouth. The network's
# **confidence**, the probability of the label it said, is no probability of being
# right; chapter 09 measures how far it is off.
#
# ## What does it say of photographs?
#
# The embedded people are rendered, and their training masks are drawn. How does our
# network do on photographs? How does one that `course train` makes of the same faces,
# and that saw them small, too, as in chapter 06? And what do photographs teach, with
# drawn masks and with worn ones? All this was computed once and stored: the **reference
# runs**.

# %%
pretrained_figures.print_references(out)

short = {"same": SAME, "other": OTHER}
recorded = {"strength": head.strength, "lower_rows": round(float(lower), 2)}
for what, kind in short.items():
    recorded[f"{what}_faces"] = len(tests[kind])
    for name in ("stranger", "small"):
        recorded[f"gain_over_{name}_{what}"] = round(gains[name][kind][0], 4)
    for name, found in reached.items():
        for end, value in zip(("", "_low", "_high"), found[kind]):
            recorded[f"{name}_{what}{end}"] = round(value, 4)
out.record(train_faces=len(train), **recorded)

predictions = pd.concat(answers, names=["network", "row"]).reset_index("network")
text = predictions.to_csv(index=False, lineterminator="\n")
files.write_text(out.path("predictions.csv"), text)

# %% [markdown]
# **Open task: what should a guard's camera learn from?** (an afternoon, no check). On
# photographs the network misses many masks and hardly ever sees one that is not there.
# Find out why, then mend it: cut photographs differently, or add a few to the faces
# learned from, whose features take seconds. Good work
#
# - names the reason before a remedy is tried;
# - gives the gain an interval, on photographs that chose nothing;
# - holds on somebody else's photographs.

# %% [markdown]
# ## Test yourself

# %%
from course_utils.notebook import quizzes

quizzes.show("05_training")

# %% [markdown]
# ## Remember
#
# - Loss, gradient, a step down. The learning rate rises gently and falls gently.
# - The training loss shows that training works. Only people it does not know show
#   whether the network has learned.
# - Validation people choose, test people judge, once. Both by person. Choose on people
#   who resemble those you will meet.
# - Compare on equal terms, on the same faces, with an interval, and put the laziest
#   answer beside it.
# - Don't start from nothing when somebody has seen a million pictures: a frozen base
#   and a head of your own do best on what you did not learn from, in seconds. And try a
#   small network before a large one.
# - Recall along the row, precision along the column. Then by group. Then look at every
#   mistake.
#
# **And now?** All our test faces are cut from portraits, large and sharp. The original
# project's networks were right on nearly every portrait as well, and on four faces out
# of five when the camera hung under a ceiling. What does *our* network say of a face of
# twenty pixels, or ten? Chapter 06 looks for what does the harm.
