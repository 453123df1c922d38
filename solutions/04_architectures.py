# ---
# jupyter:
#   course:
#     minutes: 15
#     needs: []
#     title: Build the networks, worked answers
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Build the networks: worked answers
#
# Each answer to the exercises of [chapter 04](../chapters/04_architectures.ipynb), why
# it is right, and what goes wrong with the answer that one is tempted to give. This
# notebook runs by itself.

# %% tags=["parameters"]
PROFILE = "sample"

# %%
import numpy as np
from course_utils import models, quiet
from course_utils.checks import chapter_04
from course_utils.models import count

keras = quiet.import_keras()
from keras import layers


# %%
def convolve(x, filters, kernel, strides=1):
    """A convolution without bias, and batch normalisation: as in the chapter."""
    options = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
    x = layers.Conv2D(filters, kernel, strides, **options)(x)
    return layers.BatchNormalization()(x)


# %% [markdown]
# ## 4-1: the receptive field
#
# Keep two numbers: the side that one number sees, and the *jump*, how many pixels lie
# between neighbours of the present map. A kernel of *k* reaches over *k* - 1 gaps
# between neighbours, and each gap is one jump wide. Only then does the step's own
# stride spread the places further.


# %% tags=["exercise-4-1"]
def receptive_field(steps):
    """Return the side, in pixels, of what one number sees after the steps (kernel,
    stride).
    """
    side, jump = 1, 1
    for kernel, stride in steps:
        side += (kernel - 1) * jump
        jump *= stride
    return side


# %%
chapter_04.check_1(receptive_field)

# %% [markdown]
# The tempting answer multiplies the jump first, so that a step's own stride counts for
# its own kernel; for `[(7, 2), (3, 2)]` it says 21 instead of 11. How far does
# ResNet-34 see, stage by stage?

# %%
steps = [(7, 2), (3, 2)]
seen = [f"after the stem: {receptive_field(steps)} pixels"]
for stage, blocks in enumerate((3, 4, 6, 3), start=1):
    for number in range(blocks):
        begins = stage > 1 and number == 0
        steps += [(3, 2 if begins else 1), (3, 1)]
    seen.append(f"after the stage {stage}: {receptive_field(steps)} pixels")
print("; ".join(seen))

# %% [markdown]
# With pictures of 224 pixels the last two stages could see everything. *Could*: most of
# the influence comes from the middle of the field, since many more paths lead there.
#
# ## 4-2: the bottleneck block
#
# Three convolutions, each normalised; a ReLU after the first two, and one after the
# addition. The last normalisation has none: what is added to $x$ must be free to be
# negative. The stride stands in the first convolution, as in the paper; later versions
# moved it to the 3 x 3, which loses less, and the check accepts both.


# %% tags=["exercise-4-2"]
def bottleneck_block(x, filters, strides=1):
    """Return a Keras tensor with 4 * filters channels."""
    y = layers.ReLU()(convolve(x, filters, 1, strides))
    y = layers.ReLU()(convolve(y, filters, 3))
    y = convolve(y, 4 * filters, 1)
    if x.shape != y.shape:
        x = convolve(x, 4 * filters, 1, strides)
    return layers.ReLU()(layers.Add()([x, y]))


# %%
chapter_04.check_2(bottleneck_block)

# %% [markdown]
# The tempting answer projects always. It works, costs more, and gives away the point:
# an identity carries the gradient unchanged. With 3, 4, 6 and 3 of the blocks we have
# ResNet-50. Keras' own has biases in its convolutions besides, which the normalisation
# after them makes useless; hence the few more parameters.

# %%
picture = layers.Input((224, 224, 3))
x = layers.ReLU()(convolve(picture, 64, 7, 2))
x = layers.MaxPooling2D(3, 2, padding="same")(x)
for filters, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
    for number in range(blocks):
        begins = filters > 64 and number == 0  # a new stage
        x = bottleneck_block(x, filters, strides=2 if begins else 1)
answer = layers.Dense(1000)(layers.GlobalAveragePooling2D()(x))

# %%
ours = keras.Model(picture, answer)
theirs = models.build("resnet50", 224, 1000)
for name, model in {"by hand": ours, "Keras": theirs}.items():
    costs = count(model)
    millions, billions = costs.parameters.sum() / 1e6, costs.multiply_adds.sum() / 1e9
    print(
        f"ResNet-50 {name}: {millions:.2f} million parameters,"
        f" {billions:.2f} billion multiply-adds"
    )

# %% [markdown]
# ## 4-3: what separating saves
#
# At each place the standard convolution needs $k^2 \cdot c_{in} \cdot c_{out}$
# multiply-adds, the separable one $k^2 \cdot c_{in} + c_{in} \cdot c_{out}$. The
# channels that come in cancel, and so does the number of places.


# %% tags=["exercise-4-3"]
def saving(kernel, channels_in, channels_out):
    """Return how many times more multiply-adds a standard convolution (kernel x kernel)
    needs than a separable one.
    """
    return kernel**2 * channels_out / (kernel**2 + channels_out)


# %%
chapter_04.check_3(saving)

# %% [markdown]
# The tempting answer is "the number of channels": it forgets who mixes. The saving
# never exceeds the kernel's $k^2$, and larger kernels become nearly free, which is why
# newer networks take 5 x 5 and 7 x 7 depthwise.

# %%
from course_utils import figures
from course_utils.figures import networks

channels = 2 ** np.arange(3, 12)
savings = {}
for kernel in (3, 5, 7):
    title = f"{kernel} x {kernel}, at most {kernel**2}"
    savings[title] = [saving(kernel, 64, number) for number in channels]
alt = (
    "Saving against the channels that go out for kernels of 3, 5 and 7: each curve"
    " rises towards the square of its kernel."
)
figures.show(networks.draw_savings(channels, savings), alt)

# %% [markdown]
# ## 4-4: a momentum for a plan of training
#
# After $n$ steps the share $m^n$ of the start is left. From $m^n = r$ follows $m =
# r^{1/n}$. The trap is $n$: a smaller batch at the end of an epoch is a step as well,
# so round the batches of an epoch up, and only then multiply by the epochs.


# %% tags=["exercise-4-4"]
def longest_memory(faces, batch_size, epochs, rest):
    """Return the largest momentum of a normalisation with which at most the share
    `rest` of its start is left after the training.
    """
    steps_of_an_epoch = int(np.ceil(faces / batch_size))
    return rest ** (1 / (epochs * steps_of_an_epoch))


# %%
chapter_04.check_4(longest_memory)

# %%
for faces in (96, 1_000, 1_281_167):
    momentum = longest_memory(faces, batch_size=32, epochs=25, rest=0.01)
    print(f"{faces:,} faces, 25 epochs in batches of 32: at most {momentum:.6f}")

# %% [markdown]
# The last line has as many pictures as ImageNet's training set: there 0.999 is far from
# the limit. On 96 faces it is far beyond. The tempting answer is the rule of thumb $1 -
# 1 / n$; with it more than a third of the start is still there. And beware of
# other libraries: PyTorch calls *momentum* what each step replaces, so its default of
# 0.1 is a 0.9 in Keras.
#
# Why not take 0 then? Because the statistics of one batch are a poor estimate: with 0.9
# about the last ten or twenty batches have a say.
#
# ## 4-5: fold the normalisation into the convolution
#
# A convolution is linear in its kernel. So the factor $\gamma / \sqrt{\sigma^2 +
# \varepsilon}$ for each channel that comes out can be multiplied into the kernel, along
# the *last* axis, where those channels lie and where NumPy lines up shapes by itself.
# What is left does not depend on the picture, and is the bias.


# %% tags=["exercise-4-5"]
def fold(kernel, gamma, beta, mean, variance, epsilon):
    """Return (kernel, bias) of a convolution that equals the convolution followed by
    batch normalisation.
    """
    scale = gamma / np.sqrt(variance + epsilon)
    return kernel * scale, beta - mean * scale


# %%
chapter_04.check_5(fold)

# %% [markdown]
# The tempting answer forgets that the mean is scaled as well. Try the right one on a
# network: fold every normalisation of a residual block and compare what comes out.

# %%
from course_utils.profiles import SEED

keras.utils.set_random_seed(SEED)
x = layers.Input((14, 14, 64))
block = keras.Model(x, bottleneck_block(x, 16))
rng = np.random.default_rng(SEED)


def all_of(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


norms = all_of(block, layers.BatchNormalization)
for norm in norms:
    norm.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in norm.weights])


# %%
def convolve(x, filters, kernel, strides=1):
    """From here on: a convolution with a bias, and no normalisation."""
    return layers.Conv2D(filters, kernel, strides, padding="same")(x)


lean = keras.Model(x, bottleneck_block(x, 16))

# %%
convolutions = all_of(block, layers.Conv2D)
folded = all_of(lean, layers.Conv2D)
for convolution, norm, target in zip(convolutions, norms, folded, strict=True):
    kernel = convolution.get_weights()[0]
    gamma, beta, mean, variance = norm.get_weights()
    target.set_weights(fold(kernel, gamma, beta, mean, variance, norm.epsilon))

# %%
maps = rng.normal(size=(4, 14, 14, 64)).astype(np.float32)
apart = np.abs(block(maps) - lean(maps)).max()
print(
    f"{len(block.layers)} layers, folded into {len(lean.layers)};"
    f" the outputs differ by {apart:.2f} at most."
)
