# ---
# jupyter:
#   course:
#     minutes: 30
#     needs: []
#     title: Build the networks
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Build the networks
#
# The project behind this course took three networks ready-made: MobileNetV2, ResNet-50,
# ResNet-34. **What is inside, what does each cost, and why are they built this way?**
# We build all three and count every multiplication.
#
# **After this chapter you can** write a residual block and an inverted residual by
# hand, show what a shortcut does to the gradient, count parameters and multiply-adds
# before you train anything, choose a network for a budget, and avoid the setting that
# makes a trained MobileNetV2 give the same answer to everyone.
#
# **You need** Python, NumPy, and to know what a derivative is. **Time:** 30 minutes to
# read and run, and about an hour for the five exercises.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import numpy as np
from course_utils import figures, models, quiet
from course_utils.figures import architectures, networks
from course_utils.notebook.artefacts import Artefacts

keras = quiet.import_keras()
from keras import layers

out = Artefacts("04_architectures", PROFILE)

# %% [markdown]
# ## What is a network?
#
# It is built of **neurons**. A neuron multiplies each input by a **weight**, adds
# everything and one more number, its **bias**, and passes the sum on if it is positive,
# else 0. This last step is called **ReLU**; without such a bend, two rows of neurons
# could do no more than one.

# %%
inputs = np.array([0.8, 0.2, 0.5])
weights = np.array([1.5, -2.0, 0.4])
bias = -0.3
alt = (
    "A neuron: the inputs 0.8, 0.2 and 0.5 are multiplied by the weights 1.5, -2 and"
    " 0.4; their sum with the bias -0.3 is 0.7, and the ReLU passes it on."
)
figures.show(networks.draw_neuron(inputs, weights, bias), alt)
for other in (bias, -1.3):
    total = inputs @ weights + other
    print(f"Bias {other}: sum {total:.1f}, after the ReLU {max(total, 0):.1f}.")

# %% [markdown]
# Many neurons side by side form a **layer**, and a network is a chain of layers. The
# ones that look at the picture are its **backbone**, the last ones its **head**. The
# very last layer gives one number for each class, a **logit**. The **softmax** turns
# logits into probabilities, which lie between 0 and 1 and sum to 1; for a single logit
# the *sigmoid* does it. **Training** finds the weights.

# %% [markdown]
# ## What does a convolution cost?
#
# A **convolution** slides one neuron over the picture: at every place it multiplies the
# pixels below by the same few weights, its *kernel*, and adds them up. The result is a
# new picture, a **feature map**. Around the picture lie zeros (**padding**), so that
# the map is as large as the picture. Here are three kernels of 3 x 3 numbers, written
# by hand; a network has hundreds, found by training.

# %%
from course_utils.data.faces_table import faces_dir, load_faces
from course_utils.profiles import SEED

table = load_faces(PROFILE)
each = min(48, table.label.value_counts().min())
table = table.groupby("label").sample(each, random_state=SEED)
table = table.sample(frac=1, random_state=SEED)  # in random order
labels = (table.label == "with_mask").to_numpy(np.float32)
print(f"{len(labels)} faces, {labels.mean():.0%} of them with a mask.")

# %%
from course_utils.pictures.images import read_rgb
from PIL import Image

files = [faces_dir(PROFILE) / name for name in table.picture]
pictures = [Image.fromarray(read_rgb(file)) for file in files]


def squares(size):
    """Return the faces as float32 (n, size, size, 3), 0 to 255."""
    small = [picture.resize((size, size), Image.Resampling.BOX) for picture in pictures]
    return np.stack(small).astype(np.float32)


# %%
kernels = {
    "horizontal edges": [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
    "vertical edges": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    "blur": np.ones((3, 3)) / 9,
}


def slide(kernel, picture):
    """Convolve a picture, (height, width, 3), with the same kernel for each colour."""
    kernel = np.array(kernel, np.float32)[:, :, None, None] / 3
    kernel = np.repeat(kernel, 3, axis=2)  # height, width, channels in, channels out
    return keras.ops.conv(picture[None], kernel, padding="same")[0, :, :, 0].numpy()


# %%
face = squares(96)[0]
maps = {name: slide(kernel, face) for name, kernel in kernels.items()}
figures.show(
    networks.draw_feature_maps(face, maps),
    "A face and three feature maps: horizontal edges, vertical edges, a blurred copy.",
    photographic=True,
)

# %% [markdown]
# **Count it by hand.** A picture consists of three maps, red, green and blue; deeper in
# a network there are many, and each is a **channel**. Take a layer in the middle: maps
# of 56 x 56 with 64 channels come in, 128 come out. Each kernel is 3 x 3 and looks at
# all 64 channels, so it holds 3 · 3 · 64 numbers. There are 128 kernels. And every one
# of these numbers is multiplied once at each of the 56 x 56 places.
#
# The first count, the **parameters**, is memory and what training has to find. The
# second, the **multiply-adds**, is work for each picture. `count` does the same sum for
# every layer of a model. (A kernel may have a bias; ours has none.)

# %%
parameters = 3 * 3 * 64 * 128
multiply_adds = parameters * 56 * 56
millions = multiply_adds / 1e6
print(f"By hand: {parameters:,} parameters, {millions:,.1f} million multiply-adds.")

# %%
from course_utils.models import count

one_layer = keras.Sequential()
one_layer.add(layers.Input((56, 56, 64)))
one_layer.add(layers.Conv2D(128, 3, padding="same", use_bias=False))
counted = count(one_layer).iloc[0]
millions = counted.multiply_adds / 1e6
print(
    f"Counted: {counted.parameters:,} parameters,"
    f" {millions:,.1f} million multiply-adds."
)

# %% [markdown]
# Half the side takes a quarter of the work, and as many parameters. (The *FLOPs* of
# papers are multiply-adds, or twice as many.)
#
# ## How does a network learn?
#
# Take the smallest network there is: one neuron with one input, how blue the middle of
# the face is; so one weight and one bias. Training needs a **loss**, one number that
# says how wrong the answers are: here the mean of $-\ln p$, where $p$ is the
# probability given to the right answer. Over weight and bias it is a landscape, and we
# look for its valley.
#
# The **gradient** says for each of the two how fast the loss rises. A `GradientTape`
# records what is calculated and goes back through it. Each step leads downhill: the
# gradient times a **learning rate**, subtracted.

# %%
import tensorflow as tf

middle = squares(32)[:, 18:28, 8:24]  # where a mask would be: (n, 10, 16, 3)
blueness = (middle[..., 2] - middle[..., 0]).mean(axis=(1, 2)) / 64  # (n,)


def descend(learning_rate, steps=20):
    """Go downhill; return weight, bias and loss before each step and after the last."""
    weights, path = tf.Variable([-2.0, -2.0]), []
    for _ in range(steps + 1):
        with tf.GradientTape() as tape:
            logits = weights[0] * blueness + weights[1]
            losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        path.append([*weights.numpy(), loss.numpy()])
        weights.assign_sub(learning_rate * tape.gradient(loss, weights))
    return np.array(path)


# %%
paths = {rate: descend(rate) for rate in (0.5, 5, 50)}
alt = (
    "The loss over weight and bias as a valley, light where it is low, and twenty steps"
    " from one start. With learning rate 0.5 they hardly get away; with 5 they follow"
    " the valley; with 50 they jump from one slope to the other."
)
figures.show(networks.draw_valley(blueness, labels, paths), alt)
for rate, path in paths.items():
    start, highest, end = path[0, 2], path[:, 2].max(), path[-1, 2]
    print(
        f"Learning rate {rate}: loss {start:.1f} at the start, at most {highest:.1f},"
        f" {end:.1f} after 20 steps."
    )

# %% [markdown]
# Too small a rate crawls, too large a one jumps across. A real network has millions of
# weights; the step is the same.
#
# ## Can a network be too deep?
#
# Around 2015 plain networks of more than some twenty layers got *worse*, even on their
# own training pictures. Two findings must be told apart. One is the **vanishing
# gradient**: it is computed from the last layer back to the first, every layer
# multiplies it, and many factors below one leave almost nothing. Normalisation largely
# cured that. **Degradation** remained: with healthy gradients, 34 normalised layers
# fitted worse than 18, and vanishing is unlikely to be the cause (He et al., 2015,
# section 4.1). We test both, with and without normalisation, with and without a
# **shortcut**.


# %%
def convolution(x, normalise):
    """One convolution of 3 x 3, with or without batch normalisation after it."""
    x = layers.Conv2D(16, 3, padding="same", use_bias=not normalise)(x)
    return layers.BatchNormalization(momentum=0.999)(x) if normalise else x


def block(x, shortcut, normalise):
    """Two convolutions; with a shortcut their result is added to what came in."""
    y = layers.ReLU()(convolution(x, normalise))
    y = convolution(y, normalise)
    if shortcut:
        y = layers.Add()([x, y])
    return layers.ReLU()(y)


# %%
x = layers.Input((8, 8, 16))
plain = keras.Model(x, block(x, shortcut=False, normalise=True))
residual = keras.Model(x, block(x, shortcut=True, normalise=True))
alt = (
    "Two blocks drawn from their layers: convolution, batch normalisation, ReLU,"
    " convolution, batch normalisation, ReLU. The residual block has an arrow from its"
    " input around all of them to an addition before the last ReLU."
)
figures.show(architectures.draw_blocks({"plain": plain, "residual": residual}), alt)

# %% [markdown]
# The only difference is one addition. The block on the right computes $x + f(x)$: its
# convolutions need only learn what to *change*, the **residual**, hence the name.
# Networks see a few dozen pictures at a time, a **batch**. **Batch normalisation**
# shifts and scales each channel so that over the batch its mean is 0 and its variance
# 1; then it applies a learned scale and shift.
#
# Now sixteen such blocks on small maps, in all four combinations. Each starts from
# Keras' usual random numbers.

# %%
BLOCKS = 16
KINDS = {  # shortcut, normalise
    "plain": (False, False),
    "residual": (True, False),
    "plain, normalised": (False, True),
    "residual, normalised": (True, True),
}


# %%
def deep_network(shortcut, normalise):
    """Return a network with one output (above 0: mask), and its blocks' outputs."""
    keras.utils.set_random_seed(SEED)
    picture = layers.Input((32, 32, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(picture)
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu")(x)  # (16, 16, 16)
    x = layers.MaxPooling2D()(x)  # (8, 8, 16)
    after = []
    for _ in range(BLOCKS):
        x = block(x, shortcut, normalise)
        after.append(x)
    answer = layers.Dense(1)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(picture, answer), after


# %%
def gradient_norms(network, after, faces, labels):
    """Return the norm of the loss's gradient with respect to the output of each block,
    before any training.
    """
    probe = keras.Model(network.input, [*after, network.output])
    with tf.GradientTape() as tape:
        *maps, answer = probe(faces, training=True)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels[:, None], answer)
        loss = tf.reduce_mean(losses)
    gradients = tape.gradient(loss, maps)
    return np.array([tf.norm(gradient).numpy() for gradient in gradients])


# %%
faces = squares(32)
norms = {}
for kind, (shortcut, normalise) in KINDS.items():
    network, after = deep_network(shortcut, normalise)
    norms[kind] = gradient_norms(network, after, faces[:32], labels[:32])

# %%
alt = (
    "Norm of the gradient at each of sixteen blocks, on a logarithmic axis, for four"
    " networks. Without shortcut and normalisation it falls steeply towards the"
    " picture; with the shortcut it hardly changes; normalised without shortcut it"
    " rises steeply towards the picture."
)
figures.show(networks.draw_gradients(norms), alt)
change = {kind: values[0] / values[-1] for kind, values in norms.items()}
for kind, factor in change.items():
    times = np.format_float_positional(factor, 1, fractional=False, trim="-")
    print(f"{kind}: the gradient at the first block is {times} times that at the last")

# %% [markdown]
# Read the dotted orange line from right to left: the gradient **vanishes**. A ReLU lets
# about half of the signal through, and nothing makes up for it, so each convolution
# costs a factor. With the shortcut there is always a way around: the derivative of $x +
# f(x)$ is $1 + f'(x)$, and the 1 does not shrink.
#
# Batch normalisation alone (the solid orange line) cures that; now the gradient *grows*
# towards the picture. Is the shortcut unnecessary, then? Train all four. Each step uses
# the gradient of one batch: **stochastic gradient descent**, `SGD`. Once through all
# faces is an **epoch**. The *momentum of the optimiser*, 0.9, keeps most of the last
# step's direction.

# %%
EPOCHS = 25
losses, trained = {}, {}
for kind, (shortcut, normalise) in KINDS.items():
    network, _ = deep_network(shortcut, normalise)
    network.compile(
        keras.optimizers.SGD(0.01, momentum=0.9),
        keras.losses.BinaryCrossentropy(from_logits=True),
    )
    done = network.fit(faces, labels, batch_size=32, epochs=EPOCHS, verbose=0)
    losses[kind] = done.history["loss"]
    trained[kind] = network

# %%
alt = (
    "Training loss of the four networks. The plain one stays at the loss of a coin; the"
    " normalised plain one falls slowly; the normalised residual one reaches almost"
    " zero."
)
figures.show(networks.draw_losses(losses), alt)
half = EPOCHS // 2 + 1
for kind, by_epoch in losses.items():
    print(f"{kind}: loss {by_epoch[half - 1]:.1f} after {half} of {EPOCHS} epochs")

# %% [markdown]
# Where the gradient vanished, nothing is learned: the loss stays at $\ln 2$, that of a
# coin. With normalisation *and* shortcut the same thirty-two convolutions fit the faces
# in a fraction of the steps that normalisation alone needs, though there no gradient
# vanished either. The shortcut makes *doing nothing* the easy thing for a block, so a
# deep network need not be worse than a shallow one.
#
# (Learning faces by heart is no skill. It shows that training *works*; strangers come
# in chapter 05.)

# %% [markdown]
# ## ResNet-34
#
# A stage halves the side of the maps, by a **stride** of 2 (the kernel moves two pixels
# at a time), and doubles the channels; then $x$ and $f(x)$ differ in shape and can't be
# added. The remedy is a convolution of 1 x 1 on the shortcut, a **projection**.
# **Pooling** near the picture keeps the largest number of each small square.


# %%
def convolve(x, filters, kernel, strides=1):
    """A convolution without bias (normalisation would remove it), and batch
    normalisation.
    """
    options = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
    x = layers.Conv2D(filters, kernel, strides, **options)(x)
    return layers.BatchNormalization()(x)


def residual_block(x, filters, strides=1):
    """Two convolutions of 3 x 3 and a shortcut, projected where the shape changes."""
    y = layers.ReLU()(convolve(x, filters, 3, strides))
    y = convolve(y, filters, 3)
    if x.shape != y.shape:
        x = convolve(x, filters, 1, strides)
    return layers.ReLU()(layers.Add()([x, y]))


# %%
def resnet34(size):
    """He et al. 2015, table 1, up to the last maps."""
    picture = layers.Input((size, size, 3))
    x = layers.ReLU()(convolve(picture, 64, 7, 2))  # size / 2
    x = layers.MaxPooling2D(3, 2, padding="same")(x)  # size / 4
    for filters, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for number in range(blocks):
            begins = filters > 64 and number == 0  # a new stage
            x = residual_block(x, filters, strides=2 if begins else 1)
    return keras.Model(picture, x, name="resnet34")


# %%
x = layers.Input((56, 56, 64))
drawn = {
    "the shape stays": keras.Model(x, residual_block(x, 64)),
    "a new stage begins": keras.Model(x, residual_block(x, 128, strides=2)),
}
alt = (
    "Two residual blocks of ResNet-34. In the second the first convolution has stride 2"
    " and gives 128 channels, and the shortcut leads through a convolution of 1 x 1"
    " with stride 2 and batch normalisation."
)
figures.show(architectures.draw_blocks(drawn), alt)

# %% [markdown]
# Is it the network of the paper? For pictures of 224 pixels and the 1,000 classes of
# **ImageNet**, a collection of over a million photographs, the paper gives 3.6 billion
# multiply-adds; other programs count 21.8 million parameters. The head averages each
# map, and one **dense** layer takes a weighted sum of the averages for each class.
# Keras has no ResNet-34; we copy the weights of the one in `course_utils.models` into
# ours and compare.


# %%
def with_head(backbone, classes=1000):
    averages = layers.GlobalAveragePooling2D()(backbone.output)
    return keras.Model(backbone.input, layers.Dense(classes)(averages))


def totals(model):
    """Return parameters in millions and multiply-adds in billions."""
    costs = count(model)
    return costs.parameters.sum() / 1e6, costs.multiply_adds.sum() / 1e9


millions, billions = totals(with_head(resnet34(224)))
print(
    f"ResNet-34: {millions:.1f} million parameters,"
    f" {billions:.2f} billion multiply-adds."
)

# %%
ours = resnet34(64)
theirs = models.build("resnet34", 64, 2).get_layer("backbone")
ours.set_weights(theirs.get_weights())
four_faces = squares(64)[:4] / 127.5 - 1
our_maps, their_maps = ours(four_faces).numpy(), theirs(four_faces).numpy()
difference = np.abs(our_maps - their_maps).max() / their_maps.max()
print(f"Largest difference to the course's ResNet-34: {difference:.2%} of its maximum.")

# %% [markdown]
# ## How much of the face does one number see?
#
# A number in a feature map depends only on a patch of the picture, its **receptive
# field**. Each further layer widens it. We can measure it: take the middle of a map,
# and ask for which pixels its gradient is not zero.


# %%
def seen_by_the_middle(network, faces):
    """Return on which pixels, bool (side, side), the middle of the network's maps
    depends.
    """
    picture = tf.Variable(faces)
    with tf.GradientTape() as tape:
        maps = network(picture)  # (n, side, side, channels)
        middle = tf.reduce_sum(maps[:, maps.shape[1] // 2, maps.shape[2] // 2])
    gradient = tape.gradient(middle, picture)
    return np.abs(gradient).sum(axis=(0, 3)) > 0


# %%
backbone = resnet34(128)
kinds = {layer.name: type(layer).__name__ for layer in backbone.layers}
pooling = next(name for name in kinds if kinds[name] == "MaxPooling2D")
ends_of_blocks = [name for name in kinds if kinds[name] == "Add"]
depths = {
    "first convolution": backbone.get_layer(pooling).input,
    "pooling": backbone.get_layer(pooling).output,
    "first block": backbone.get_layer(ends_of_blocks[0]).output,
    "third block": backbone.get_layer(ends_of_blocks[2]).output,
}

# %%
eight_faces = squares(128)[:8] / 127.5 - 1
seen = {}
for name, maps in depths.items():
    up_to_there = keras.Model(backbone.input, maps)
    seen[name] = seen_by_the_middle(up_to_there, eight_faces)
figure, alt = networks.draw_seen((eight_faces[0] + 1) / 2, seen)
figures.show(figure, alt, photographic=True)

# %% [markdown]
# Kernels of 3 x 3 see far after all, since every halving before them doubles their
# reach.
#
# **Exercise 4-1** (medium, 12 minutes). Work it out without a gradient. `steps` is a
# list of `(kernel, stride)`, starting at the picture, for convolutions and poolings;
# return the side of the receptive field in pixels. The first convolution and the
# pooling above are `[(7, 2), (3, 2)]`.


# %% tags=["exercise-4-1"]
def receptive_field(steps):
    """Return the side, in pixels, of what one number sees after the steps (kernel,
    stride).
    """
    ...  # your lines


# %%
from course_utils.checks import chapter_04

chapter_04.check_1(receptive_field)

# %% [markdown]
# ## ResNet-50: narrow where it is expensive
#
# Deeper still, at the price of ResNet-34? A convolution of 3 x 3 costs channels in
# times channels out times nine. So ResNet-50 first reduces the channels to a quarter
# with a convolution of 1 x 1, convolves 3 x 3 there, and widens again with another 1 x
# 1: a **bottleneck**. Here is one, cut out of Keras' network.

# %%
resnet50 = keras.applications.ResNet50(
    weights=None, include_top=False, input_shape=(224, 224, 3)
)
before = resnet50.get_layer("conv3_block1_out").output
after = resnet50.get_layer("conv3_block2_out").output
bottleneck = keras.Model(before, after)

# %%
alt = (
    "A bottleneck block cut out of Keras' ResNet-50: convolutions of 1 x 1 to 128"
    " channels, 3 x 3 with 128, 1 x 1 back to 512, each with batch normalisation, and a"
    " shortcut around them."
)
title = "ResNet-50: the second block of the second stage"
figures.show(architectures.draw_blocks({title: bottleneck}), alt)
narrow = count(bottleneck).parameters.sum()
wide = 2 * 3 * 3 * 512 * 512
print(
    f"{narrow:,} parameters; two convolutions of 3 x 3 on all 512 channels would have"
    f" {wide:,}."
)

# %% [markdown]
# **Exercise 4-2** (medium, 15 minutes). Write the bottleneck block. `x` is a Keras
# tensor, `filters` the number of channels in the narrow part; four times as many come
# out. With `strides=2` the maps are halved, and where the shape changes the shortcut is
# projected. Use `convolve` from above.


# %% tags=["exercise-4-2"]
def bottleneck_block(x, filters, strides=1):
    """Return a Keras tensor with 4 * filters channels."""
    ...  # your lines


# %%
chapter_04.check_2(bottleneck_block)

# %% [markdown]
# ## MobileNetV2: what if every channel were convolved alone?
#
# A convolution does two things at once: it looks around, and it mixes channels. Split
# them. A **depthwise** convolution gives each channel one 3 x 3 kernel of its own and
# mixes nothing; a **pointwise** one, 1 x 1, mixes and does not look around. Together
# they are called *depthwise separable*. By hand, for the layer that we counted above:

# %%
looking, mixing = 3 * 3 * 64, 64 * 128
separable = (looking + mixing) * 56 * 56
print(
    f"depthwise {looking:,} + pointwise {mixing:,} = {looking + mixing:,} parameters,"
    f" {separable / 1e6:.1f} million multiply-adds"
)
print(
    f"standard {parameters:,} parameters, {multiply_adds / 1e6:.1f} million"
    f" multiply-adds: {multiply_adds / separable:.1f} times as many"
)

# %%
two_layers = keras.Sequential()
two_layers.add(layers.Input((56, 56, 64)))
two_layers.add(
    layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="looking")
)
two_layers.add(layers.Conv2D(128, 1, use_bias=False, name="mixing"))
count(two_layers)

# %% [markdown]
# Far less work, and it looks around just as far. What is left is mixing, so the next
# idea is about channels.
#
# **Exercise 4-3** (easy, 6 minutes). How much does splitting save in general? Write the
# number of multiply-adds of a standard convolution divided by that of a depthwise
# separable one, for any kernel and any number of channels. Does the size of the maps
# matter?


# %% tags=["exercise-4-3"]
def saving(kernel, channels_in, channels_out):
    """Return how many times more multiply-adds a standard convolution (kernel x kernel)
    needs than a separable one.
    """
    ...  # your lines


# %%
chapter_04.check_3(saving)

# %% [markdown]
# ### What does a ReLU destroy?
#
# MobileNetV2 wants few channels between its blocks, to save mixing. But a ReLU sets all
# that is negative to zero, and in few channels what is lost is lost. Try it, as its
# authors did: map a spiral from 2 to *n* channels by random numbers, apply the ReLU,
# and map back as well as one can.

# %%
rng = np.random.default_rng(SEED)
turns = np.linspace(0, 1, 600)
x, y = turns * np.cos(4 * np.pi * turns), turns * np.sin(4 * np.pi * turns)
spiral = np.stack([x, y], axis=1)  # (600, 2)


def there_and_back(points, channels):
    """Map points (n, 2) to channels at random, apply a ReLU, and map back."""
    hidden = np.maximum(points @ rng.normal(size=(2, channels)), 0)  # (n, channels)
    back = np.linalg.lstsq(hidden, points)[0]  # the best matrix (channels, 2)
    return hidden @ back


# %%
curves = {"before": spiral}
for channels in (2, 3, 10, 40):
    curves[f"ReLU in {channels} channels"] = there_and_back(spiral, channels)
alt = (
    "A spiral, and what is left of it after a ReLU in 2, 3, 10 and 40 channels: in 2"
    " and 3 large parts are crushed onto lines, in 10 and 40 it comes back whole."
)
figures.show(networks.draw_curves(curves, color_by=turns), alt)

# %% [markdown]
# Hence the **inverted residual** (Sandler et al., 2018). Widen the maps sixfold with a
# 1 x 1 convolution, look around depthwise where it is cheap, and narrow them again,
# *without* a ReLU at the end. The shortcut joins the narrow ends. In ResNet-50 it
# joined the wide ones: inverted.
#
# The ReLU is cut off at 6, which suits arithmetic with few bits on a phone.


# %%
def normalise(x):
    return layers.BatchNormalization(epsilon=0.001)(x)


def pointwise(x, filters):
    return normalise(layers.Conv2D(filters, 1, use_bias=False)(x))


def depthwise(x, strides):
    alone = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)
    return normalise(alone(x))


# %%
def inverted_residual(x, filters, strides, expansion):
    """Widen, look around, narrow; a shortcut where the shape stays."""
    y = x
    if expansion > 1:
        y = layers.ReLU(6)(pointwise(y, expansion * x.shape[-1]))
    y = layers.ReLU(6)(depthwise(y, strides))
    y = pointwise(y, filters)  # no ReLU here
    return layers.Add()([x, y]) if x.shape == y.shape else y


# %%
x = layers.Input((28, 28, 32))
inverted = keras.Model(x, inverted_residual(x, 32, strides=1, expansion=6))
drawn = {"inverted residual": inverted, "bottleneck of ResNet-50": bottleneck}
alt = (
    "Left, an inverted residual: 32 channels, widened to 192, depthwise convolution,"
    " narrowed to 32, with a shortcut around. Right, the bottleneck of ResNet-50: 512"
    " channels, narrowed to 128, widened to 512."
)
figures.show(architectures.draw_blocks(drawn), alt)

# %% [markdown]
# The whole network is a table of such blocks. The **width** `alpha` multiplies all its
# channels; they are rounded to multiples of 8, which processors like.

# %%
TABLE = [  # expansion, filters, blocks, stride of the first block
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]


def by_eight(filters):
    """Round to the next multiple of 8, at least 8 and 0.9 of what was asked."""
    rounded = max(8, int(filters + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * filters else rounded


# %%
def mobilenet_v2(size, alpha=1.0):
    """Sandler et al. 2018, table 2, up to the last maps."""
    picture = layers.Input((size, size, 3))
    first = layers.Conv2D(by_eight(32 * alpha), 3, 2, padding="same", use_bias=False)
    x = layers.ReLU(6)(normalise(first(picture)))  # size / 2
    for expansion, filters, blocks, stride in TABLE:
        for number in range(blocks):
            strides = stride if number == 0 else 1
            x = inverted_residual(x, by_eight(int(filters * alpha)), strides, expansion)
    last = pointwise(x, by_eight(1280 * max(alpha, 1)))
    return keras.Model(picture, layers.ReLU(6)(last))


# %% [markdown]
# ### Is it the same network as Keras'?
#
# Counts that agree are a hint, not a proof. So compare **layer by layer**: first kinds
# and shapes; then copy Keras' weights into ours, send faces through both, and compare
# the output of *every* layer. One difference is known: before each stride of 2 Keras
# pads in a layer of its own, where we write `padding="same"`.

# %%
ours = mobilenet_v2(96)
theirs = keras.applications.MobileNetV2(
    weights=None, include_top=False, input_shape=(96, 96, 3)
)
padding = layers.ZeroPadding2D
their_layers = [layer for layer in theirs.layers if not isinstance(layer, padding)]
pairs = list(zip(ours.layers[1:], their_layers[1:], strict=True))  # but for the input


# %%
def same_form(one, other):
    """Tell whether two layers are alike in kind, output's shape and weights' shapes."""
    return (
        type(one) is type(other)
        and one.output.shape == other.output.shape
        and [w.shape for w in one.weights] == [w.shape for w in other.weights]
    )


alike = [same_form(one, other) for one, other in pairs]
print(
    f"{len(pairs)} pairs of layers, {sum(alike)} of the same kind, shape and weights."
)

# %%
rng = np.random.default_rng(SEED)
for our_layer, their_layer in pairs:
    if isinstance(their_layer, layers.BatchNormalization):  # Keras starts with 0 and 1
        shapes = [weight.shape for weight in their_layer.weights]
        their_layer.set_weights([rng.uniform(0.5, 1.5, shape) for shape in shapes])
    our_layer.set_weights(their_layer.get_weights())

# %%
two_faces = squares(96)[:2] / 127.5 - 1
our_outputs = keras.Model(ours.input, [one.output for one, _ in pairs])(two_faces)
their_outputs = keras.Model(theirs.input, [other.output for _, other in pairs])(
    two_faces
)
same = []
for our_output, their_output in zip(our_outputs, their_outputs):
    tolerance = 1e-3 * np.abs(their_output).max()
    same.append(np.allclose(our_output, their_output, rtol=1e-3, atol=tolerance))
print(
    f"{len(ours.weights)} weights copied; {sum(same)} of {len(same)} layers give the"
    " same output."
)

# %% [markdown]
# It is the same network.
#
# ## The three side by side
#
# Each bar is a convolution, as high as its output has channels; arcs are shortcuts.

# %%
backbones = {
    "ResNet-34": resnet34(224),
    "ResNet-50": resnet50,
    "MobileNetV2": mobilenet_v2(224),
}
alt = (
    "Channels of each convolution of the three networks. ResNet-34: steps from 64 to"
    " 512, with an arc around every two bars. ResNet-50: two low bars and a high one,"
    " again and again, arcs between the high ones. MobileNetV2: two high bars and a low"
    " one, arcs between the low ones."
)
figures.show(architectures.draw_skylines(backbones), alt)

# %%
import pandas as pd

measured = pd.DataFrame(
    [totals(with_head(backbone)) for backbone in backbones.values()],
    index=list(backbones),
    columns=["parameters (million)", "multiply-adds (billion)"],
)
measured["published"] = ["21.8 and 3.6", "25.6 and 3.8", "3.4 and 0.30"]
measured.round(2)

# %% [markdown]
# ResNet-50's arcs join high bars, MobileNetV2's low ones, for less than a tenth of the
# work. (Keras, too, counts its 3.5 million; the paper prints 3.4.) Where does each
# network spend it?


# %%
def share_by_kind(backbone):
    """Return the share of the multiply-adds that each kind of convolution takes."""
    work = count(backbone).groupby("kind").multiply_adds.sum()
    return work / work.sum()


columns = {name: share_by_kind(backbone) for name, backbone in backbones.items()}
shares = pd.DataFrame(columns).T.fillna(0)

# %%
alt = (
    "Shares of multiply-adds by kind of convolution: ResNet-34 nearly all in 3 x 3,"
    " ResNet-50 about half and half, MobileNetV2 mostly in 1 x 1."
)
figures.show(networks.draw_shares(shares), alt)
mixing, looking = shares.loc["MobileNetV2", ["pointwise", "depthwise"]]
print(
    f"MobileNetV2 spends {mixing:.0%} of its work on mixing channels and {looking:.0%}"
    " on depthwise convolutions."
)

# %% [markdown]
# Beware: multiply-adds are not seconds. A depthwise convolution waits for memory more
# than it multiplies. Chapter 05 measures the time.
#
# ## Which size can I afford?
#
# MobileNetV2 has two knobs: the width `alpha` and the size of the picture. The size
# changes multiply-adds with its square and parameters not at all (exactly so for
# multiples of 32). The width changes both, roughly with its square.

# %%
WIDTHS = (0.35, 0.5, 0.75, 1.0)
at_full_size = {alpha: count(mobilenet_v2(224, alpha)) for alpha in WIDTHS}


def cost(alpha, size):
    """Return parameters and multiply-adds of a MobileNetV2 for pictures whose size is a
    multiple of 32.
    """
    costs = at_full_size[alpha]
    return costs.parameters.sum(), costs.multiply_adds.sum() * size**2 // 224**2


# %%
scaled = cost(0.35, 96)[1]
counted = count(mobilenet_v2(96, 0.35)).multiply_adds.sum()
print(f"Multiply-adds: {scaled:,} scaled from 224 to 96 pixels, {counted:,} counted.")
fewer = 1e9 * billions / counted
print(
    f"Width 0.35 at 96 pixels: {fewer:.0f} times fewer multiply-adds than ResNet-34 at"
    " 224."
)

# %%
parameters_by_width = {alpha: cost(alpha, 224)[0] / 1e6 for alpha in WIDTHS}
prices = pd.DataFrame(index=range(32, 225, 32), columns=WIDTHS, dtype=float)
for alpha in WIDTHS:
    prices[alpha] = [cost(alpha, size)[1] / 1e6 for size in prices.index]


def draw_price(alpha, size):
    """Draw a face as the network sees it, and the network's cost among others."""
    face = squares(size)[0]
    return networks.draw_price(face, prices, parameters_by_width, alpha, size)


figure, alt = draw_price(0.35, 96)
figures.show(figure, alt, photographic=True)

# %%
import ipywidgets
from course_utils.notebook import widgets

width_slider = ipywidgets.SelectionSlider(
    options=WIDTHS, value=0.35, description="alpha"
)
size_slider = ipywidgets.IntSlider(
    value=96, min=32, max=224, step=32, description="size", continuous_update=False
)
view = widgets.figure_with_controls(
    draw_price, width_slider, size_slider, photographic=True
)
widgets.show(view, "choose a width and a size, see the face and the cost.")

# %% [markdown]
# Find the smallest size at which *you* still see whether the mask covers the nose. A
# network may need more, or fewer: chapter 06.
#
# ## The setting that spoils a trained network without an error
#
# One of our networks has learned its faces by heart. Ask it about them again, this time
# not in training.


# %%
def share_right(network):
    """Return the share of its own training faces that a network, no longer in training,
    answers right.
    """
    says_mask = network(faces, training=False).numpy()[:, 0] > 0
    return float(np.mean(says_mask == (labels == 1)))


learned = trained["residual, normalised"]
asked = {"after training": share_right(learned)}
last_loss = losses["residual, normalised"][-1]
print(
    f"Loss in training: {last_loss:.1f}. Asked afterwards, it is right about"
    f" {asked['after training']:.0%} of its faces; a coin about 50%."
)

# %% [markdown]
# By heart, and yet wrong? In training, batch normalisation uses the mean and variance
# of the batch. Afterwards a single face has no batch, so it uses **running
# statistics**, which start at 0 and 1 and move a little with each step:
#
# $$\text{new} = m \cdot \text{old} + (1 - m) \cdot \text{batch}$$
#
# This $m$ is called momentum too: the *momentum of the normalisation* shares only the
# name with the optimiser's. We took 0.999, as Keras does in its MobileNetV2.
#
# If that is the culprit, we need not train again. Leave all weights as they are, set
# $m$ to 0, and show the network its faces once.


# %%
def batch_norms(network):
    kind = layers.BatchNormalization
    return [layer for layer in network.layers if isinstance(layer, kind)]


steps = EPOCHS * int(np.ceil(len(labels) / 32))
print(
    f"After {steps} steps {0.999**steps:.0%} of the start is left; with m = 0.9 it"
    f" would be {0.9**steps:.0%}."
)

# %%
for layer in batch_norms(learned):
    layer.momentum = 0.0
learned(faces, training=True)  # moves the running statistics; the weights stay
asked["with new statistics"] = share_right(learned)
share = asked["with new statistics"]
print(f"With the same weights and new statistics it is right about {share:.0%}.")

# %% [markdown]
# The weights were right all the time. How bad is it in MobileNetV2? Give Keras' network
# a head and compare what it says about a face in training and after 200 steps. ($n$
# steps with $m$ on the same batch do what one step with $m^n$ does, so one is enough.)


# %%
def before_and_after(momentum, steps=200):
    """Return an untrained MobileNetV2's outputs for the faces in training, and after so
    many steps with the momentum: two arrays (faces,).
    """
    keras.utils.set_random_seed(SEED)
    backbone = keras.applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(64, 64, 3), alpha=0.35
    )
    network = with_head(backbone, classes=1)
    for layer in batch_norms(network):
        layer.momentum = momentum**steps
    shown = squares(64)[:48] / 127.5 - 1
    during = network(shown, training=True).numpy()[:, 0]
    return during, network(shown, training=False).numpy()[:, 0]


# %%
outputs = {momentum: before_and_after(momentum) for momentum in (0.999, 0.9)}
alt = (
    "Output of a MobileNetV2 for 48 faces, in training to the right and afterwards"
    " upwards. With a momentum of 0.9 the points lie on the diagonal; with 0.999 they"
    " lie on a flat line: every face gets the same output."
)
figures.show(networks.draw_outputs(outputs), alt)

# %%
spread = {}
for momentum, (during, afterwards) in outputs.items():
    spread[momentum] = np.std(afterwards) / np.std(during)
    print(
        f"momentum {momentum}: afterwards the outputs of different faces differ by"
        f" {spread[momentum]:.0%} of what they did in training."
    )

# %% [markdown]
# With 0.999 everybody gets the same answer. No error is raised, and the training loss
# looks splendid. On ImageNet, with a million steps, 0.999 is fine; for a few hundred it
# is not. The models of this course use 0.9.
#
# **Exercise 4-4** (medium, 8 minutes). Which momentum suits a plan of training? Return
# the largest one that leaves at most the share `rest` of the start after `epochs`
# epochs over `faces` faces. The last batch of an epoch may be smaller than the others.


# %% tags=["exercise-4-4"]
def longest_memory(faces, batch_size, epochs, rest):
    """Return the largest momentum of a normalisation with which at most the share
    `rest` of its start is left after the training.
    """
    ...  # your lines


# %%
chapter_04.check_4(longest_memory)

# %% [markdown]
# After training, the statistics stand still, and batch normalisation is one
# multiplication and one addition for each channel:
# $\gamma\,(x - \mu)\,/\sqrt{\sigma^2 + \varepsilon} + \beta$,
# with the learned scale $\gamma$ and shift $\beta$, the running mean $\mu$ and variance
# $\sigma^2$, and a small $\varepsilon$ against dividing by 0. Papers do not count it,
# because it can be **folded** into the convolution before it.
#
# **Exercise 4-5** (hard, 20 minutes). Do that. From a convolution's kernel, shape
# (height, width, channels in, channels out), without bias, and the numbers of the
# normalisation after it, shape (channels out,), return a kernel and a bias of one
# convolution that does the work of both.


# %% tags=["exercise-4-5"]
def fold(kernel, gamma, beta, mean, variance, epsilon):
    """Return (kernel, bias) of a convolution that equals the convolution followed by
    batch normalisation.
    """
    ...  # your lines


# %%
chapter_04.check_5(fold)

# %% [markdown]
# ## A model that carries all it needs
#
# Later chapters call `models.build(name, size, classes)`. Its networks take pictures as
# they are, RGB from 0 to 255: shifting and scaling are their first layers, since
# forgetting them when serving gives wrong answers without an error. The saved file also
# holds the class names.
#
# `weights="imagenet"` starts from one that was trained on ImageNet, where Keras has it.

# %%
keras.utils.set_random_seed(SEED)
model = models.build("mobilenetv2", size=96, classes=2, alpha=0.35)
file = out.path("untrained.keras")
models.save(model, file, class_names=["with_mask", "without_mask"])
again, class_names = models.load(file)

# %%
raw = squares(96)[:8]
names, shape = ", ".join(class_names), again.input_shape[1:]
print(f"classes: {names} | input: {shape} | {raw.min():.0f} to {raw.max():.0f}")
difference = np.abs(model(raw) - again(raw)).max()
print(f"Largest difference after loading: {difference:.3f} in probability.")
print("Its layers:", ", ".join(layer.name for layer in again.layers))

# %%
try:
    models.build("resnet34", 96, 2, weights="imagenet")
except models.WeightsUnavailable as error:
    print(error)

# %%
out.record(
    vanished=round(np.log10(change["plain"]), 2),
    kept=round(np.log10(change["residual"]), 2),
    loss_plain=round(losses["plain"][-1], 3),
    loss_plain_normalised=round(losses["plain, normalised"][-1], 3),
    loss_residual_normalised=round(losses["residual, normalised"][-1], 3),
    right_after_training=round(asked["after training"], 3),
    right_with_new_statistics=round(asked["with new statistics"], 3),
    spread_0_999=round(float(spread[0.999]), 3),
    spread_0_9=round(float(spread[0.9]), 3),
    same_layers=sum(same) / len(same),
)

# %%
for name, digits in (("ResNet-34", 2), ("ResNet-50", 2), ("MobileNetV2", 3)):
    millions, billions = measured.loc[name][:2]
    prefix = name.lower().replace("-", "")
    parameters = {f"{prefix}_parameters": round(millions, 2)}
    out.record(**parameters, **{f"{prefix}_multiply_adds": round(billions, digits)})
print("Recorded:", ", ".join(sorted(path.name for path in out.folder.iterdir())))

# %% [markdown]
# **Open task: a network on a budget** (90 minutes, no check). Design one for faces of
# 64 pixels with at most two million multiply-adds, and argue for it.
#
# - *Budget* (2 points): `count` shows it, layer by layer.
# - *Reason* (3): every block stands for an idea of this chapter.
# - *Evidence* (3): it learns the faces by heart; three trainings with different seeds
#   say what one of its ideas is worth.
# - *Honesty* (2): what was not tested, and what surprised you.

# %% [markdown]
# ## Test yourself
#
# Five questions. A wrong answer tells you what it overlooks.

# %%
from course_utils.notebook import quizzes

quizzes.show("04_architectures")

# %% [markdown]
# ## Remember
#
# - Parameters do not depend on the size of the picture; multiply-adds do, with its
#   square.
# - In a deep plain network the gradient vanishes. A shortcut or normalisation cures it;
#   a shortcut also makes it easy for a block to do nothing.
# - A bottleneck is narrow where looking around is expensive; an inverted residual is
#   wide where it is cheap.
# - Depthwise separable convolutions need about eight times less work. What is left is
#   mixing.
# - Lower the momentum of the normalisation for short training. Keep preprocessing
#   inside the model.
#
# **And now?** ResNet-34 does over ten times the work of MobileNetV2. Is it also more
# often right, on people it has never seen? Chapter 05 trains all three and compares
# them honestly.
