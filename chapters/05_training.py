# ---
# jupyter:
#   course:
#     title: Train and compare
#     minutes: 40
#     needs: ['01', '02']
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
# # Train and compare
#
# We have faces with and without masks, a camera's faults, and three networks. Now they
# meet. **How does a network learn, when should it stop, and which of the three is the
# best?** The original project answered the last question with three accuracies and took
# the highest. We shall see how little such a number says by itself, and what it takes
# to compare honestly.
#
# **After this chapter you can** write a training loop by hand, read learning curves,
# choose a learning rate and its schedule, stop in time, train the three networks, and
# say of two of them whether one is really better: on whom, by how much, how surely, and
# at what cost.
#
# **You need** chapters 01 and 02; 03 and 04 explain what is taken ready-made here.
# **Time:** 40 minutes to read and run, and about an hour for the five exercises.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import json

import numpy as np
import pandas as pd
from course_utils import (
    augmentation,
    evaluation,
    figures,
    files,
    models,
    project,
    quiet,
    training,
)
from course_utils.checks import chapter_05
from course_utils.data.faces_table import faces_dir, load_faces
from course_utils.faces import face_of_crop
from course_utils.figures import training as training_figures
from course_utils.models import count
from course_utils.notebook import quizzes, widgets
from course_utils.notebook.artefacts import Artefacts
from course_utils.pictures.images import read_rgb
from course_utils.profiles import SEED, get_profile
from course_utils.training import pipeline

keras = quiet.import_keras()
import tensorflow as tf
from keras import layers

out = Artefacts("05_training", PROFILE)
plan = get_profile(PROFILE).training
CLASSES = ("with_mask", "without_mask")
NAMES = {"resnet34": "ResNet-34", "resnet50": "ResNet-50", "mobilenetv2": "MobileNetV2"}

# %% [markdown]
# ## Whom do we learn from, and whom do we test on?
#
# There are two collections. The **drawn** one is chapter 02's: every face bare, and
# once more with a mask that was drawn on it, in four ways of wearing. The **worn** one
# holds the pictures as they were taken: bare faces, masks that people really wore, and,
# among the embedded pictures, hands, arms and scarves before the mouth. Only a mask
# that is worn properly counts as `with_mask`.

# %%
path = out.earlier("02_mask_synthesis", "faces.csv")
drawn, drawn_folder = pd.read_csv(path, keep_default_na=False), path.parent
split = pd.read_csv(
    out.earlier("01_data_collection", "faces.csv"), keep_default_na=False
)[["picture", "group", "split"]]
worn, worn_folder = (
    load_faces(PROFILE).drop(columns="split").merge(split, on="picture"),
    faces_dir(PROFILE),
)
if "wearing" not in worn:  # photographs come with two labels only
    worn["wearing"] = np.where(worn.label == "with_mask", "proper", "none")
for name, table in {"drawn": drawn, "worn": worn}.items():
    both = {
        part: set(table[table.split == part].group)
        for part in ("train", "validation", "test")
    }
    shared = (
        both["train"] & both["test"]
        | both["train"] & both["validation"]
        | both["validation"] & both["test"]
    )
    print(
        f"{name}: {len(table):,} faces; groups in more than one part of the split:"
        f" {len(shared)}"
    )

# %% [markdown]
# The split is **by person**, as chapter 01 taught: twins of a test picture among the
# training pictures are not a test but a memory. Everybody in *train* is learned from.
# *Validation* people decide when to stop and which settings are best. *Test* people
# decide nothing. We look at them once, at the end, because whoever chooses the best of
# many results on the test people has learned from them as well.
#
# The network sees a small square of each face, cut as in chapter 03. Where a portrait
# shows more than the face, the face detector gives the box.


# %%
def read(table, folder):
    """Read the faces of a table.

    Uint8 (n, size, size, 3), and their class numbers (n,).
    """
    if not framed:
        table = table.drop(
            columns=list(pipeline.BOX), errors="ignore"
        )  # photographs that are cut already
    elif folder == worn_folder:
        boxes = [face_of_crop(read_rgb(folder / name)).box for name in table.picture]
        table = table.assign(
            **{edge: [getattr(box, edge) for box in boxes] for edge in pipeline.BOX}
        )
    return pipeline.read_faces(table, folder, plan.size), (
        table.label == CLASSES[1]
    ).to_numpy(np.int32)


framed = (
    pd.to_numeric(worn.x_min).notna().any()
)  # the table says where in the picture the face is
source, source_folder = (
    (drawn, drawn_folder) if plan.masks == "drawn" else (worn, worn_folder)
)
parts = {
    part: source[source.split == part].reset_index(drop=True)
    for part in ("train", "validation")
}
(train_faces, train_labels), (validation_faces, validation_labels) = (
    read(table, source_folder) for table in parts.values()
)

# %%
train = parts["train"]
shown = (
    train.groupby("wearing")
    .sample(8, random_state=SEED)
    .sort_values("wearing", kind="stable")
)
colors = [figures.COLORS[label] for label in shown.label]
figures.show(
    figures.picture_grid(train_faces[shown.index], columns=8, size=1.0, colors=colors),
    "Training faces, a row for each way of wearing. Blue frames: with_mask; orange"
    " frames: without_mask.",
    photographic=True,
)
print(
    f"{len(train):,} faces to learn from ({(train_labels == 0).mean():.0%} with_mask),"
    f" {len(validation_faces):,} of other people to validate; {plan.size} pixels."
)

# %% [markdown]
# ## How does a network learn?
#
# It needs a number that says how wrong it is. The network gives a probability to each
# class. If it gave the *right* class the probability $p$, its **loss** is $-\ln p$:
# nothing when it was sure and right, much when it was sure and wrong. The mean over a
# batch is called **cross-entropy**. Someone who always says one half has a loss of $\ln
# 2 = 0.69$; keep this number in mind.
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
chapter_05.check_1(cross_entropy)

# %% [markdown]
# The rest is three lines, over and over: compute the loss of a batch; ask for its
# **gradient**, that is in which direction each weight must move for the loss to rise
# fastest; take a small step the other way. How small is the **learning rate**. Here is
# the whole loop, with a network so small that we can repeat it often.


# %%
def small_network(seed):
    """Three convolutions and a dense layer."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            layers.Input((24, 24, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(16, 3, 2, activation="relu"),
            layers.Conv2D(32, 3, 2, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )


def mean_loss(network, faces, labels, training=False):
    """Return the cross-entropy as a tensor: what exercise 5-1 does, in TensorFlow."""
    probabilities = network(faces, training=training)
    return -tf.reduce_mean(
        tf.math.log(tf.gather(probabilities, labels, batch_dims=1) + 1e-7)
    )


# %%
def learn(network, faces, labels, rate, epochs, seed=SEED, batch=32):
    """Train by plain gradient descent.

    Return the training and validation loss after each epoch.
    """

    @tf.function(autograph=False)
    def step(some_faces, some_labels):
        with tf.GradientTape() as tape:
            loss = mean_loss(
                network, some_faces, some_labels, training=True
            )  # 1. how wrong?
        slopes = tape.gradient(loss, network.trainable_variables)  # 2. which way is up?
        for weight, slope in zip(network.trainable_variables, slopes):
            weight.assign_sub(rate * slope)  # 3. a step down
        return loss

    rng, losses = np.random.default_rng(seed), []
    for _ in range(epochs):
        order = rng.permutation(len(faces))[: len(faces) // batch * batch].reshape(
            -1, batch
        )
        mean = np.mean(
            [step(tf.gather(faces, some), tf.gather(labels, some)) for some in order]
        )
        losses.append((float(mean), float(mean_loss(network, *small_validation))))
    return tuple(zip(*losses))


def shrink(faces):
    """Average squares down to 24 x 24, float32 0 to 255, for the small network."""
    return tf.image.resize(tf.cast(faces, tf.float32), (24, 24), antialias=True)


rng = np.random.default_rng(SEED)
few = rng.permutation(
    np.concatenate(
        [
            rng.choice(np.flatnonzero(train_labels == label), 80, replace=False)
            for label in (0, 1)
        ]
    )
)
small_train, small_validation = (
    (shrink(train_faces), train_labels),
    (
        shrink(validation_faces),
        validation_labels,
    ),
)

# %% [markdown]
# **How large a step?** Try three learning rates on 160 faces, half of them with a mask.
# Predict first: what will the curve of a rate that is far too small look like, and that
# of one that is far too large?

# %%
rates = {"too small: 0.001": 0.001, "about right: 0.1": 0.1, "too large: 2": 2.0}
runs = {
    title: learn(
        small_network(SEED),
        tf.gather(small_train[0], few),
        train_labels[few],
        rate,
        epochs=30,
    )
    for title, rate in rates.items()
}
figures.show(
    training_figures.draw_losses(runs),
    "Training and validation loss by epoch for three learning rates. Too small: both"
    " hardly move. About right: the training loss falls steadily. Too large: both leave"
    " the picture upwards.",
)
ends = {title: training_loss[-1] for title, (training_loss, _) in runs.items()}
for title, loss in ends.items():
    print(
        f"{title}: after 30 epochs the training loss is"
        f" {'far below' if loss < 0.35 else 'not far below'} that of a coin."
    )

# %% [markdown]
# ## When has it learned enough?
#
# In the middle panel the orange curve falls and falls. The blue one is what we want to
# know, and it tells another story. Train longer, first on these few faces, then on all
# training faces: what becomes of the gap?

# %%
few_seen, all_seen = small_network(SEED), small_network(SEED)
longer = {
    f"{len(few)} faces": learn(
        few_seen, tf.gather(small_train[0], few), train_labels[few], 0.1, epochs=100
    ),
    f"{len(train_faces):,} faces": learn(all_seen, *small_train, 0.1, epochs=24),
}
figures.show(
    training_figures.draw_losses(longer, coin=False),
    "Loss by epoch with few and with all faces. With few faces the training loss goes"
    " to nothing while the validation loss turns and rises. With all faces both fall"
    " further together before the gap opens.",
)
(few_training, few_validation), (all_training, all_validation) = longer.values()
print(
    f"With few faces: training loss below 0.1: {few_training[-1] < 0.1}; the validation"
    " loss ends above its lowest point:"
    f" {few_validation[-1] > 1.2 * min(few_validation)}."
)
print(
    "The lowest validation loss is lower with all faces:"
    f" {min(all_validation) < min(few_validation)}."
)

# %% [markdown]
# That is **over-fitting**: the network learns these faces by heart, each with its
# background and its haircut, and becomes *surer* of what it has wrong about everybody
# else. More faces help most. Where there are no more, augmentation makes each of them
# new in every epoch; **dropout** leaves out a random part of the features, the numbers
# that the last layers hand on, in each step; **weight decay** pulls all weights a
# little towards zero, so that only what many faces ask for grows large. And one stops
# in time.
#
# **Early stopping** watches the validation loss. When it has not fallen for some
# epochs, the **patience**, training ends, and the weights of the best epoch are taken
# back.
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
# during a **warm-up**, and then falls along half a **cosine** to zero.
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
# `training.fit` does all of this for any network of chapter 04: the loop from above,
# warm-up and cosine, early stopping, and AdamW, which gives each weight its own step
# size by how large its gradients have been. One promise is missing: **the same seed,
# the same network.** Random are the first weights, the order of faces, augmentation and
# dropout, and, unless it is forbidden, the order in which two processors add up.

# %%
training.make_deterministic(SEED)
weights = {}
for name, seed in {"first": 1, "again": 1, "other": 2}.items():
    network = small_network(seed)
    learn(network, *small_train, 0.1, epochs=1, seed=seed)
    weights[name] = np.concatenate([weight.ravel() for weight in network.get_weights()])
print(
    "Trained twice with one seed, the same weights to the last bit:"
    f" {np.array_equal(weights['first'], weights['again'])}; with another seed:"
    f" {np.array_equal(weights['first'], weights['other'])}."
)

# %% [markdown]
# To the last bit on *this* machine. Another processor rounds otherwise, and after some
# hundred steps the weights differ. Keep it in mind for the comparison: a network is one
# draw among many that might have come out.

# %% [markdown]
# ## Train the three
#
# What is left are settings. They were chosen by the validation people and stand in
# `course_utils/profiles.py`. In the sample profile everything is small, so that three
# trainings fit into minutes. The two ResNets are as in the paper; MobileNetV2 is the
# narrow one of chapter 04. All start from random numbers. ResNet-50 gets one help: the
# last normalisation of each of its blocks starts with a scale of 0, so that at first
# every block does nothing and the first steps are calm (Goyal et al., 2017).
#
# In the real profile MobileNetV2 and ResNet-50 come from ImageNet where Keras can fetch
# those weights. Then the head is trained first while the backbone is **frozen**, and
# afterwards the whole is tuned in small steps.


# %%
def start(arch):
    """Build a network; return it and whether its backbone was trained before."""
    alpha = plan.alpha if arch == "mobilenetv2" else 1.0
    keras.utils.set_random_seed(SEED)
    try:
        return (
            models.build(arch, plan.size, len(CLASSES), alpha, plan.weights),
            plan.weights is not None,
        )
    except models.WeightsUnavailable as error:
        print(f"{error} It starts from random numbers here.")
        return models.build(arch, plan.size, len(CLASSES), alpha), False


def silence_blocks(network):
    """Set the scale of the last normalisation in each residual block of ResNet-50 to 0:
    every block begins by doing nothing.
    """
    for layer in network.get_layer("backbone").layers:
        if layer.name.endswith("_3_bn"):
            layer.gamma.assign(keras.ops.zeros_like(layer.gamma))


def train_one(arch):
    """Train a network; return it and its history."""
    recipe = plan.recipes[arch]
    network, pretrained = start(arch)
    if arch == "resnet50" and not pretrained:
        silence_blocks(network)
    batches = pipeline.array_dataset(
        train_faces,
        train_labels,
        recipe.batch,
        augmentation.policy(plan.augment, SEED),
        SEED,
    )
    steps = (
        min(recipe.faces, len(train_faces)) // recipe.batch
    )  # what an epoch leaves out has its turn in another
    validation = pipeline.array_dataset(validation_faces, validation_labels, 200)
    settings = training.Settings(
        epochs=recipe.epochs, learning_rate=recipe.learning_rate
    )
    balance = training.class_weights(
        train_labels, len(CLASSES)
    )  # the rarer label counts more
    fitted = training.fit(
        network,
        batches.take(steps),
        validation,
        settings,
        balance,
        pretrained,
        steps=steps,
        progress=False,
    )
    return network, fitted.history


# %%
trained, histories = {}, {}
for arch in NAMES:
    trained[arch], histories[arch] = train_one(arch)
    models.save(trained[arch], out.path(f"{arch}.keras"), CLASSES)
    files.write_text(
        out.path(f"{arch}_history.csv"),
        histories[arch].to_csv(index=False, lineterminator="\n", float_format="%.6g"),
    )

curves = {
    NAMES[arch]: (history.loss, history.validation_loss)
    for arch, history in histories.items()
}
figures.show(
    training_figures.draw_losses(curves),
    "Training and validation loss of the three networks by epoch. All fall clearly"
    " below the loss of a coin.",
)

# %% [markdown]
# Read them one by one. Where both curves still fall together at the end, more epochs
# would help; where the orange one falls and the blue one does not follow, more faces
# would. The blue curve jumps in the first epochs, while the rate is high, and calms
# down as the cosine ends. That blue often lies *below* orange is no miracle: the faces
# it learns from are augmented, and dropout hides features; the others are seen as they
# are. The circle is the epoch that we keep.
#
# **And the momentum?** Chapter 04 warned of Keras' usual 0.999 in MobileNetV2's batch
# normalisation and set 0.9. Did it matter here? We need not train again: after $n$
# steps the share $m^n$ of the start is left, so mix that share back into the statistics
# of the trained network, and ask the validation people.


# %%
def validation_accuracy(network):
    """Return the share of validation faces that a network gets right."""
    return float(
        np.mean(
            evaluation.compiled(network)(validation_faces).argmax(axis=1)
            == validation_labels
        )
    )


def with_momentum(path, momentum, steps):
    """Load a network and give its batch normalisation the statistics that it would have
    with this momentum.
    """
    network, _ = models.load(path)
    left = momentum**steps
    for layer in network.get_layer("backbone").layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.moving_mean.assign((1 - left) * layer.moving_mean)
            layer.moving_variance.assign((1 - left) * layer.moving_variance + left)
    return network


recipe = plan.recipes["mobilenetv2"]
steps = len(histories["mobilenetv2"]) * (
    min(recipe.faces, len(train_faces)) // recipe.batch
)
asked = {
    momentum: validation_accuracy(
        with_momentum(out.path("mobilenetv2.keras"), momentum, steps)
    )
    for momentum in (0.9, 0.999)
}
always = float(np.mean(validation_labels == 1))
print(
    "The same weights, and the statistics after training with a momentum of 0.9:"
    f" clearly better than always saying 'without': {asked[0.9] > always + 0.05}; of"
    f" 0.999: {asked[0.999] > always + 0.05}."
)

# %% [markdown]
# ## Which one is right more often?
#
# Now the test people. We ask all three about every face once, and write the answers
# down. There are two tests. In the **same kind** the masks were made like those in
# training. In the **other kind** they were not: for networks that learned from drawn
# masks these are masks that people wore. The second is what a camera will show.

# %%
asking = {
    arch: evaluation.compiled(network) for arch, network in trained.items()
}  # much faster than layer by layer


def answers(table, folder):
    """Return a table with a row for each face and network.

    Who, label, what was said and how surely.
    """
    faces, _ = read(table, folder)
    rows = []
    for arch in NAMES:
        p = asking[arch](faces)
        said = np.array(CLASSES)[p.argmax(axis=1)]
        rows.append(
            table[["picture", "group", "wearing", "label"]].assign(
                network=arch,
                said=said,
                confidence=p.max(axis=1).round(4),
                right=said == table.label,
            )
        )
    return faces, pd.concat(rows, ignore_index=True)


KINDS = {"drawn masks": (drawn, drawn_folder), "worn masks": (worn, worn_folder)}
KINDS = dict(
    sorted(KINDS.items(), reverse=plan.masks == "worn")
)  # the kind that was trained on comes first
same_kind, other_kind = KINDS
test_faces, results = {}, {}
for kind, (table, folder) in KINDS.items():
    test_faces[kind], results[kind] = answers(
        table[table.split == "test"].reset_index(drop=True), folder
    )
predictions = pd.concat([rows.assign(test=kind) for kind, rows in results.items()])
files.write_text(
    out.path("predictions.csv"), predictions.to_csv(index=False, lineterminator="\n")
)
for kind, rows in results.items():
    print(
        f"{kind}: {len(test_faces[kind])} faces of {rows.group.nunique()} people or"
        " groups, none of them learned from."
    )

# %% [markdown]
# Before you look at a number: how far might it be off? With other test people it would
# be another one. The **bootstrap** imitates that: draw as many people as there are,
# *with replacement*, so that some come twice and some not at all, and compute the
# accuracy again; do so some thousand times. The middle 95 % of these accuracies are a
# 95 % interval as in chapter 00, and no formula was needed. But draw *people*, not
# pictures: several pictures of one person share a face, a haircut and a light, and if
# one is wrong the others often are.
#
# **Exercise 5-4** (hard, 20 minutes). Write `interval(right, people, rng)`. `right`
# tells of each picture whether it was right, `people` whose it is (names); `rng` is a
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
accuracy, chance = {}, {}
for kind, rows in results.items():
    chance[kind] = max((rows.label == name).mean() for name in CLASSES)
    accuracy[kind] = {
        arch: (
            said.right.mean(),
            *evaluation.bootstrap_interval(said.right, said.group),
        )
        for arch, said in rows.groupby("network", sort=False)
    }
figures.show(
    training_figures.draw_accuracies(accuracy, chance),
    "Accuracy of the three networks with 95 % intervals, on test people with masks of"
    " the kind trained on and of the other kind. All lie far above always saying the"
    " commoner label.",
)
for kind, rows in accuracy.items():
    print(
        f"{kind}: each is better than always saying the commoner label:"
        f" {all(low > chance[kind] for _, low, _ in rows.values())}; each interval is"
        " more than two points wide:"
        f" {min(high - low for _, low, high in rows.values()) > 0.02}."
    )

# %% [markdown]
# The dotted line is the first thing to compare with. Three quarters of the drawn faces
# have the label `without_mask`; whoever always says so is right three times out of four
# and useless. And look how wide the intervals are. With so few test people most
# differences between our networks are within them.
#
# **Overlapping intervals are no test, though.** All three were asked about the *same*
# faces; what is hard for one is hard for all. Better count only the faces on which two
# networks disagree, where one is right and the other wrong. Were both equally good, it
# would be a coin which of them is right there. **McNemar's test** asks how likely so
# uneven a count is for a coin.


# %%
def compare(rows, first, second):
    """Return McNemar's test between two networks on the same faces."""
    right = rows.pivot(index="picture", columns="network", values="right")
    return evaluation.mcnemar(right[first], right[second])


pairs = [
    ("mobilenetv2", "resnet34"),
    ("mobilenetv2", "resnet50"),
    ("resnet34", "resnet50"),
]
duels = {
    kind: {pair: compare(rows, *pair) for pair in pairs}
    for kind, rows in results.items()
}
figures.show(
    training_figures.draw_duels(duels),
    "For each pair of networks the faces that only one of them has right, as bars to"
    " the left and to the right, with the p-value of McNemar's test beside them.",
)
coin = evaluation.mcnemar(np.arange(20) < 15, np.arange(20) >= 15)
print(
    "An example: of 20 faces on which two networks disagree, the first has"
    f" {coin.only_first} right: p = {coin.p_value:.2f}."
)

# %% [markdown]
# Each bar counts faces that *only* this network had right, and beside it stands $p$:
# how often a coin would be as uneven. Below 0.05 one calls the difference significant;
# but we have looked at six pairs, and among twenty comparisons of equal networks one is
# below 0.05 by chance. So ask for less than 0.05 divided by the number of comparisons.
# Where $p$ is larger, the honest sentence is: *on these people we can't tell them
# apart*. It is no proof that they are equal.
#
# Nor is it the whole truth. Train again with another seed, and the same architecture
# gives another network. To compare *architectures* one needs several of each.

# %% [markdown]
# ## What kind of mistake?
#
# A guard has two fears: to let somebody without a mask pass, and to stop somebody with
# one. Accuracy mixes both. The **confusion matrix** keeps them apart: a row for each
# true label, a column for what was said.

# %%
for kind, rows in results.items():
    matrices = {
        NAMES[arch]: evaluation.confusion_matrix(said.label, said.said, CLASSES)
        for arch, said in rows.groupby("network", sort=False)
    }
    figures.show(
        training_figures.draw_confusions(matrices),
        f"Confusion matrices of the three networks on {kind}: most faces lie on the"
        " diagonal.",
    )

# %% [markdown]
# Two questions to ask of such a matrix. Of those who *wear* a mask, how many were
# found? That is the **recall** of `with_mask`. Of those who were *said* to wear one,
# how many do? That is its **precision**. One goes along a row, the other along a
# column. (Chapter 01 took the recall of planted twins, and the balanced accuracy was
# the mean of both classes' recalls.)
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
rates = pd.concat(
    {
        (kind, arch): evaluation.per_class(said.label, said.said, CLASSES)
        for kind, rows in results.items()
        for arch, said in rows.groupby("network", sort=False)
    },
    names=["test", "network"],
)
figures.show(
    training_figures.draw_recalls(rates),
    "Recall and precision of both classes for the three networks on both tests.",
)
rare = rates.loc[(same_kind, slice(None), "with_mask"), "recall"]
print(
    f"On {same_kind} each network finds more than three in four of the masks worn"
    f" properly: {(rare > 0.75).all()}."
)

# %% [markdown]
# Which of both fears weighs more is no question of statistics. It can be moved: say
# `with_mask` only from a higher probability on, and fewer people without a mask pass
# while more are stopped in vain. Chapter 00 had this slider; here it moves a whole
# confusion matrix.

# %%
best = "mobilenetv2"
chosen = results[same_kind][results[same_kind].network == best]
p_mask = np.where(chosen.said == "with_mask", chosen.confidence, 1 - chosen.confidence)


def at_threshold(percent):
    """Draw the confusion matrix when with_mask is said from this probability on."""
    said = np.where(p_mask >= percent / 100, *CLASSES)
    counts = evaluation.confusion_matrix(chosen.label, said, CLASSES)
    return (
        training_figures.draw_confusions({f"from {percent} % on": counts}),
        f"Confusion matrix of {NAMES[best]} at a threshold of {percent} %.",
    )


three = [
    evaluation.confusion_matrix(
        chosen.label, np.where(p_mask >= level, *CLASSES), CLASSES
    )
    for level in (0.2, 0.5, 0.9)
]
figures.show(
    training_figures.draw_confusions(
        dict(zip(("from 20 % on", "from 50 % on", "from 90 % on"), three))
    ),
    "Confusion matrices of MobileNetV2 at three thresholds: a higher threshold moves"
    " faces from the column with_mask to without_mask.",
)
widgets.show(
    widgets.figure_slider(at_threshold, 5, 95, 50, "say with_mask from (%)"),
    "move the threshold and see both kinds of mistakes change.",
)

# %% [markdown]
# **On whom?** One number for all hides who pays for it. Here is the share of right
# answers for each way of wearing, and for what hides a mouth without being a mask.

# %%
for kind, rows in results.items():
    groups = rows.wearing
    if "occlusion" in worn and kind == "worn masks":
        hidden = rows.picture.map(worn.set_index("picture").occlusion)
        groups = groups.where(~hidden.isin(["hand", "arm", "scarf"]), hidden)
    counted = groups[rows.network == best].value_counts()
    counted = counted.reindex(
        [
            way
            for way in (
                "none",
                "proper",
                "under_nose",
                "nose_only",
                "under_chin",
                "hand",
                "arm",
                "scarf",
            )
            if way in counted
        ]
    )
    shares = {
        arch: said.right.groupby(groups[said.index]).mean().to_dict()
        for arch, said in rows.groupby("network", sort=False)
    }
    figures.show(
        training_figures.draw_ways(shares, counted.to_dict()),
        f"{kind}: share of right answers of each network for each way of wearing, with"
        " the number of faces.",
    )

# %% [markdown]
# ## Read the mistakes
#
# A table of rates does not say *why*. Look at every wrong answer, beginning with those
# that the network was surest of: an unsure mistake is a hard face, a sure one is
# something that it has learned wrong. Blue frames: a mask is worn properly, and the
# network said it is not. Orange frames: the other way round.

# %%
for kind, rows in results.items():
    wrong = rows[rows.network == best].reset_index(drop=True)
    wrong = wrong[~wrong.right].sort_values("confidence", ascending=False)[:16]
    if len(wrong):
        titles = [
            f"{way.replace('_', ' ')}\n{sure:.0%} sure"
            for way, sure in zip(wrong.wearing, wrong.confidence)
        ]
        grid = figures.picture_grid(
            test_faces[kind][wrong.index],
            titles,
            columns=8,
            size=1.3,
            colors=[figures.COLORS[label] for label in wrong.label],
        )
        figures.show(
            grid,
            f"{kind}: the mistakes of {NAMES[best]}, the surest first, each with how"
            " the mask is worn and how sure the network was.",
            photographic=True,
        )

# %% [markdown]
# Say for each what it was, before you read on. Among the embedded people three kinds
# come back. Some masks are at the border that a label had to draw somewhere, just below
# the nose. Some have a colour or a pattern that no drawn mask had. And a sleeve before
# the mouth is cloth before the mouth: no training face had one, and the network is sure
# of itself. Its **confidence**, the probability that it gives to the label it said, is
# no probability of being right; chapter 09 measures how far it is off.

# %% [markdown]
# ## And what do they cost?
#
# Accuracy is half of a decision. The other half: memory, training, and the time for an
# answer. A camera asks about one face at a time; a server gathers many. We measure
# batches of one and of 32, the median of many repetitions after some to warm up, since
# the first call prepares what later ones reuse.

# %%
rows = {}
for arch, network in trained.items():
    backbone_costs = count(network)
    rows[arch] = {
        "parameters\n(million)": backbone_costs.parameters.sum() / 1e6,
        "multiply-adds\n(million)": backbone_costs.multiply_adds.sum() / 1e6,
        "file (MB)": out.path(f"{arch}.keras").stat().st_size / 1e6,
        "one face\n(ms)": evaluation.latency(asking[arch], plan.size, 1, repeats=20),
        "32 faces\n(ms a face)": (
            evaluation.latency(asking[arch], plan.size, 32, repeats=6, warm_up=2) / 32
        ),
        "training\n(s)": histories[arch].seconds.sum(),
    }
costs = pd.DataFrame(rows).T
figures.show(
    training_figures.draw_costs(costs),
    "Bars of parameters, multiply-adds, size of the file, time for one face and for"
    " each of 32, and training time, for the three networks. MobileNetV2 is far the"
    " cheapest in each.",
)
work = costs["multiply-adds\n(million)"]
time_32 = costs["32 faces\n(ms a face)"]
print(
    f"MobileNetV2 has {costs.iloc[0, 0] / costs.iloc[2, 0]:.0f} times fewer parameters"
    f" than ResNet-34 and needs {work.iloc[0] / work.iloc[2]:.0f} times fewer"
    " multiply-adds."
)
as_fast = time_32.iloc[0] / time_32.iloc[2] > 0.8 * work.iloc[0] / work.iloc[2]
print(
    "Does it need as many times less time?"
    f" {'Yes' if as_fast else 'No, the gain in time is smaller'}."
)

# %% [markdown]
# The times are of *this* machine and *this* minute, which is why they stand in a figure
# and not in a sentence. Two things hold everywhere. A face in a batch costs less than a
# face alone, since weights are fetched from memory once for all. And multiply-adds are
# not seconds, as chapter 04 foretold.
#
# Now put both halves together: how many points of accuracy does a more expensive
# network buy, and how surely? One more competitor is due. Whoever reports a large
# network should have tried a small one, so here is ours, the one above with three
# convolutions and faces of 24 pixels.

# %%
judged = results[other_kind][results[other_kind].network == "mobilenetv2"]
right = (
    all_seen(shrink(test_faces[other_kind])).numpy().argmax(axis=1)
    == (judged.label == CLASSES[1]).to_numpy()
)
competitors = accuracy[other_kind] | {
    "small": (right.mean(), *evaluation.bootstrap_interval(right, judged.group))
}
times = time_32.to_dict() | {
    "small": evaluation.latency(evaluation.compiled(all_seen), 24, 32) / 32
}
figures.show(
    training_figures.draw_trade(
        times, competitors, "milliseconds a face, in batches of 32 (logarithmic)"
    ),
    f"Accuracy on {other_kind} with its interval against time for a face, for the three"
    " networks and the small one.",
)
print(
    f"The small network has {all_seen.count_params():,} parameters, ResNet-50"
    f" {costs.iloc[1, 0] * 1e6 / all_seen.count_params():.0f} times as many."
)

# %% [markdown]
# The farther to the left and the higher, the better. Among the embedded people the
# three convolutions are hard to beat: where a mask is, can be seen at 24 pixels, and a
# network that has little to find finds it in seconds. Had we compared the three famous
# ones only, we would never have known. Where two intervals share most of their length,
# take the cheaper network. And be fair to the expensive ones: a few hundred steps are
# nothing to twenty million weights. Depth pays where there are more faces, more kinds
# of light and pose, and more time to train.

# %% [markdown]
# ## What does it say of photographs?
#
# The embedded people are rendered, and drawn masks test the drawing (chapter 02). What
# the same three networks are worth on **photographs** says the **reference run**: this
# chapter in the real profile, where the networks learn from photographs with masks that
# were worn, kept apart by the groups of near duplicates of chapter 01, and are tested
# on others.

# %%
stored = project.data_dir() / "reference" / "05_training.json"
if stored.is_file():
    reference = json.loads(stored.read_text(encoding="utf-8"))["metrics"]
    for arch, name in NAMES.items():
        print(
            f"reference run, {name}: {reference[f'{arch}_same']:.1%} right on"
            f" {reference['same_faces']:,} photographs that it never saw"
            f" ({reference[f'{arch}_same_low']:.1%} to"
            f" {reference[f'{arch}_same_high']:.1%}), {reference[f'{arch}_other']:.1%}"
            " on drawn masks."
        )
else:
    print(
        "No reference run is stored yet: `course run 05 --profile real` and then"
        " `python tools/reference.py 05` make one."
    )

# %% [markdown]
# ## One more test
#
# All our test faces are cut from portraits, large and sharp. In the corner of a street
# camera a face has twenty pixels, or ten. So take the same test people, shrink each
# face to so many pixels, enlarge it again as the network wants it, and ask as before.
# What do you expect?

# %%
SIZES = (5, 8, 12, 20, 40)
table, folder = KINDS[same_kind]
table = table[table.split == "test"]
table = table.sample(min(len(table), 240), random_state=SEED)
boxes = (
    table[list(pipeline.BOX)].astype(float).to_numpy()
    if framed
    else [None] * len(table)
)
pictures = [read_rgb(folder / name) for name in table.picture]
small = {
    pixels: np.stack(
        [
            evaluation.shrink_face(picture, box, pixels, plan.size)
            for picture, box in zip(pictures, boxes)
        ]
    )
    for pixels in SIZES
}
figures.show(
    figures.picture_grid(
        [small[pixels][number] for pixels in SIZES for number in range(8)],
        [
            f"{pixels} pixels" if number == 0 else ""
            for pixels in SIZES
            for number in range(8)
        ],
        columns=8,
        size=1.0,
    ),
    "Eight faces in five sizes, enlarged to the same square: at five pixels a face is a"
    " few blurred patches.",
    photographic=True,
)

# %%
truth = (table.label == CLASSES[1]).to_numpy()
right_at = {
    pixels: asking[best](faces).argmax(axis=1) == truth
    for pixels, faces in small.items()
}
at_size = {best: [right.mean() for right in right_at.values()]}
bands = {
    best: [
        evaluation.bootstrap_interval(right, table.group) for right in right_at.values()
    ]
}
figures.show(
    training_figures.draw_sizes(
        SIZES, at_size, max(truth.mean(), 1 - truth.mean()), bands
    ),
    "Accuracy of MobileNetV2 against the size of the face, with its interval, beside"
    " the accuracy of always giving the commoner label.",
)
lost = right_at[40].mean() - right_at[5].mean()
print(
    "The same people with faces of 5 pixels in place of 40: five points lost or more:"
    f" {lost >= 0.05}."
)

# %%
recorded = {
    "same_faces": len(test_faces[same_kind]),
    "other_faces": len(test_faces[other_kind]),
    "train_faces": len(train_faces),
    "lost_by_size": round(float(lost), 4),
}
for arch in NAMES:
    for what, kind in {"same": same_kind, "other": other_kind}.items():
        value, low, high = accuracy[kind][arch]
        recorded |= {
            f"{arch}_{what}": round(float(value), 4),
            f"{arch}_{what}_low": round(low, 4),
            f"{arch}_{what}_high": round(high, 4),
            f"{arch}_{what}_recall_with_mask": round(
                float(rates.loc[(kind, arch, "with_mask"), "recall"]), 4
            ),
        }
    recorded |= {f"{arch}_epochs": len(histories[arch])}
out.record(
    **recorded, momentum_0_9=round(asked[0.9], 4), momentum_0_999=round(asked[0.999], 4)
)
print(
    "Recorded. Handed on:",
    ", ".join(
        sorted(
            path.name for path in out.folder.iterdir() if path.name != "metrics.json"
        )
    ),
)

# %% [markdown]
# ## Test yourself
#
# Five questions on the ideas of this chapter. Choose an answer and read what it says: a
# wrong one tells you what it overlooks.

# %%
quizzes.show("05_training")

# %% [markdown]
# ## Remember
#
# - Loss, gradient, a step down; over and over. The learning rate rises gently and falls
#   gently.
# - The training loss shows that training works. Only people it does not know show
#   whether the network has learned.
# - Validation people choose, test people judge, once. Both by person.
# - An accuracy without an interval, and without that of the dumbest answer beside it,
#   says nothing.
# - Compare on the same faces, where the networks disagree; and don't ask twenty
#   questions and report one.
# - Recall along the row, precision along the column. Then by group. Then look at every
#   mistake.
# - The best network is the cheapest one among those that you can't tell apart.
#
# **And now?** Shrinking took less than one might fear. The original project's networks
# were right on nearly every portrait as well, and on four faces out of five when they
# hung under a ceiling. Was it the size, then? Chapter 06 asks how large a face is on a
# camera, looks for what does the harm, and tests a repair on people who did not suggest
# it.
