"""Checks of chapter 04's exercises.

Each tries the reader's answer on inputs whose right answer is known, and has a hint for every
well-known mistake.
"""

import math

import numpy as np

from course_utils import quiet
from course_utils.checks.trial import Refused, check

NOTHING = "Your function returns nothing: does it end with `return`?"


def _as_number(value):
    if value is None:
        raise Refused(NOTHING)
    try:
        if isinstance(value, (str, bool)):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise Refused("Return one number.") from None
    if not math.isfinite(number):
        raise Refused("Return a finite number.")
    return number


def _judge_numbers(call, cases, truth, mistakes, tolerance=0.0):
    """Compare a reader's numbers with the right ones.

    Name the mistake that explains them all, or the first case that is wrong.
    """
    answers = [_as_number(call(what, *arguments)) for what, arguments in cases]

    def agree(function):
        return all(
            math.isclose(answer, function(*arguments), rel_tol=tolerance or 1e-9, abs_tol=1e-9)
            for answer, (_, arguments) in zip(answers, cases, strict=True)
        )

    if agree(truth):
        return
    for mistake, hint in mistakes:
        if agree(mistake):
            raise Refused(hint)
    for answer, (what, arguments) in zip(answers, cases, strict=True):
        if not math.isclose(answer, truth(*arguments), rel_tol=tolerance or 1e-9, abs_tol=1e-9):
            raise Refused(f"Not right for {what}.")


# --- 4-1: the receptive field ---------------------------------------------------------------------
FIELDS = [
    ("one convolution of 3 x 3", ([(3, 1)],)),
    ("the first convolution of ResNet-34", ([(7, 2)],)),
    ("two convolutions of 3 x 3", ([(3, 1), (3, 1)],)),
    ("the stem of ResNet-34", ([(7, 2), (3, 2)],)),
    ("a stride before a convolution", ([(3, 2), (3, 1)],)),
    ("a stride at the very end", ([(3, 1), (3, 2)],)),
    ("a convolution of 1 x 1 with stride 2, then one of 3 x 3", ([(1, 2), (3, 1)],)),
    ("five poolings of 2 x 2", ([(2, 2)] * 5,)),
    ("different kernels and strides", ([(5, 3), (4, 2), (3, 1)],)),
    ("the stem and the first stage of ResNet-34", ([(7, 2), (3, 2)] + [(3, 1)] * 6,)),
    ("no step at all", ([],)),
]


def _field(steps, count_itself=False, squared=False, strides=True):
    side, jump = 1, 1
    for kernel, stride in steps:
        jump *= stride if strides and count_itself else 1
        side += (kernel - 1) * jump
        jump *= stride if strides and not count_itself else 1
    return side**2 if squared else side


def _field_with_whole_kernels(steps):
    side, jump = 0, 1
    for kernel, stride in steps:
        side, jump = side + kernel * jump, jump * stride
    return side


def _field_with_last_stride(steps):
    side, before = 1, 1
    for kernel, stride in steps:
        side, before = side + (kernel - 1) * before, stride
    return side


FIELD_MISTAKES = [
    (
        lambda steps: _field(steps, strides=False),
        (
            "You left the strides out. After a stride of 2, neighbours in the map lie two pixels"
            " apart in the picture."
        ),
    ),
    (
        lambda steps: _field(steps, count_itself=True),
        "A step's own stride spreads the places that come *after* it. When do you multiply?",
    ),
    (
        lambda steps: _field(steps[::-1]),
        "You went from the last step to the first with the rule for the other direction.",
    ),
    (lambda steps: _field(steps, squared=True), "That is an area; we want the side."),
    (_field_with_whole_kernels, "Two kernels of 3 see 5 pixels, not 6: they overlap."),
    (
        _field_with_last_stride,
        "Strides multiply up: after two strides of 2, neighbours lie four pixels apart.",
    ),
    (
        lambda steps: sum(kernel for kernel, _ in steps),
        "That is the sum of the kernels. Do two kernels of 3 see 6 pixels?",
    ),
    (
        lambda steps: math.prod(kernel for kernel, _ in steps),
        "That is the product of the kernels. Do two kernels of 3 see 9 pixels?",
    ),
    (
        lambda steps: math.prod(stride for _, stride in steps),
        (
            "That is how far apart neighbours of the last map lie in the picture. It is half of the"
            " answer."
        ),
    ),
]


def _field_stub(steps): ...


def check_1(receptive_field):
    """Check the side of the receptive field after some steps."""

    def judge(call):
        _judge_numbers(lambda what, steps: call(what, list(steps)), FIELDS, _field, FIELD_MISTAKES)
        return (
            "At the end of ResNet-34 it is larger than the whole picture: the last maps know all of"
            " the face."
        )

    return check("4-1", receptive_field, _field_stub, judge)


# --- 4-2: the bottleneck block --------------------------------------------------------------------
BLOCKS = [  # what it is, side and channels of what comes in, filters, strides
    ("64 channels in, 16 filters", 8, 64, 16, 1),
    ("32 channels in, 16 filters", 8, 32, 16, 1),
    ("64 channels in, 16 filters, stride 2", 8, 64, 16, 2),
    ("40 channels in, 24 filters, stride 2, an odd side", 9, 40, 24, 2),
]


def _bottleneck_stub(x, filters, strides=1): ...


def check_2(bottleneck_block):
    """Check the bottleneck block by its kernels and by what it computes."""

    def judge(call):
        keras = quiet.import_keras()
        for what, side, channels, filters, strides in BLOCKS:
            x = keras.layers.Input((side, side, channels))
            y = call(f"a block with {what}", x, filters, strides)
            if y is None:
                raise Refused(NOTHING)
            if not keras.utils.is_keras_tensor(y):
                raise Refused(
                    "Return the Keras tensor that comes out of the block, not a"
                    f" {type(y).__name__}."
                )
            if len(y.shape) != 4:
                raise Refused(
                    "Feature maps have height, width and channels; what you return has the shape"
                    f" {tuple(y.shape)}."
                )
            halved = -(-side // strides)
            if y.shape[1:3] != (halved, halved):
                raise Refused(
                    f"With {what}, maps of {side} x {side} should give {halved} x {halved}; yours"
                    f" are {y.shape[1]} x {y.shape[2]}."
                )
            if y.shape[3] != 4 * filters:
                raise Refused(
                    f"With {what}, {4 * filters} channels should come out; yours gives"
                    f" {y.shape[3]}."
                )
            try:
                model = keras.Model(x, y)
            except ValueError:
                raise Refused("What you return is not connected to x.") from None
            _judge_kernels(
                model, what, channels, filters, projected=channels != 4 * filters or strides > 1
            )
        _judge_answers(call, keras)
        return "With 3, 4, 6 and 3 of these, after the same stem, you have ResNet-50."

    return check("4-2", bottleneck_block, _bottleneck_stub, judge)


def _judge_kernels(model, what, channels, filters, projected):
    found = sorted(tuple(layer.kernel.shape) for layer in model.layers if hasattr(layer, "kernel"))
    wanted = [(1, 1, channels, filters), (3, 3, filters, filters), (1, 1, filters, 4 * filters)]
    projection = (1, 1, channels, 4 * filters)
    if found == sorted(wanted + [projection] * projected):
        normalised = sum(type(layer).__name__ == "BatchNormalization" for layer in model.layers)
        if normalised < len(found):
            raise Refused(
                "Each convolution is followed by batch normalisation, the one on the shortcut as"
                " well."
            )
        return
    if not projected and projection in found and len(found) == 4:
        raise Refused(
            "Where the shape stays, x can be added as it is: no convolution on the shortcut."
        )
    if projected and found == sorted(wanted):
        raise Refused(f"With {what} the shape changes, and there is no projection on the shortcut.")
    if (3, 3, 4 * filters, 4 * filters) in found or (3, 3, channels, channels) in found:
        raise Refused(
            "The convolution of 3 x 3 works on the wide maps, where it is expensive. Narrow them"
            " first."
        )
    if sum(shape[:2] == (3, 3) for shape in found) != 1:
        raise Refused(
            "There should be one convolution of 3 x 3 in the block; you have"
            f" {sum(shape[:2] == (3, 3) for shape in found)}."
        )
    raise Refused(
        f"With {what} the kernels should be 1 x 1 to {filters} channels, 3 x 3 at {filters}, 1 x 1"
        f" to {4 * filters}{', and the projection' if projected else ''}. Yours, as height, width,"
        f" in, out: {', '.join(map(str, found))}."
    )


def _judge_answers(call, keras):
    """Choose weights for which every part of the block can be told from what comes out."""
    x = keras.layers.Input((4, 4, 16))
    model = keras.Model(x, call("a block with 16 channels in, 4 filters", x, 4, 1))
    picture = np.random.default_rng(4).normal(size=(2, 4, 4, 16)).astype(np.float32)

    def answer(**weights):
        for variable in model.weights:
            value = weights.get(variable.name, 1.0 if variable.name == "moving_variance" else 0.0)
            variable.assign(np.full(variable.shape, value, np.float32))
        return np.asarray(model(picture))

    silent, lowered = answer(), answer(beta=-1.0)
    if np.allclose(silent, 0):
        raise Refused("When the convolutions give nothing, x should come out: is there a shortcut?")
    if np.allclose(silent, picture) or (lowered < 0).any():
        raise Refused("After the addition comes one more ReLU.")
    if not np.allclose(silent, np.maximum(picture, 0), atol=1e-5):
        raise Refused(
            "When the convolutions give nothing, the positive part of x should come out, and yours"
            " gives something else."
        )
    if np.allclose(lowered, silent):
        raise Refused(
            "The convolutions can only add to x, never take away: a ReLU stands between the last"
            " normalisation and the addition."
        )
    if not np.allclose(lowered, np.maximum(picture - 1, 0), atol=1e-5):
        raise Refused("What the last normalisation gives should be added to x as it is, just once.")
    relus = sum(_is_relu(operation) for operation in model.operations)
    if relus != 3:
        raise Refused(
            "There should be three ReLUs: after the first two normalisations, and after the"
            f" addition. You have {relus}."
        )


def _is_relu(operation):
    kind = type(operation).__name__.lower()
    activation = getattr(getattr(operation, "activation", None), "__name__", "")
    return kind == "relu" or activation == "relu"


# --- 4-3: what separating saves -------------------------------------------------------------------
SAVINGS = [
    ("3 x 3, 64 channels to 128", (3, 64, 128)),
    ("3 x 3, 128 channels to 64", (3, 128, 64)),
    ("5 x 5, 32 channels to 32", (5, 32, 32)),
    ("1 x 1, 16 channels to 48", (1, 16, 48)),
    ("7 x 7, 3 channels to 64", (7, 3, 64)),
    ("3 x 3, 960 channels to 320", (3, 960, 320)),
]


def _saving(kernel, channels_in, channels_out):
    return kernel**2 * channels_out / (kernel**2 + channels_out)


SAVING_MISTAKES = [
    (
        lambda k, i, o: 1 / _saving(k, i, o),
        "That is the share that is left. How many times more does the standard one need?",
    ),
    (
        lambda k, i, o: 1 - 1 / _saving(k, i, o),
        "That is the share that is saved. How many times more does the standard one need?",
    ),
    (
        lambda k, i, o: o,
        "You compared with the depthwise convolution alone. Who mixes the channels?",
    ),
    (lambda k, i, o: k**2, "You compared with the pointwise convolution alone. Who looks around?"),
    (
        lambda k, i, o: k**2 * i / (k**2 + i),
        (
            "You exchanged the channels that come in with those that go out. On how many does the"
            " depthwise convolution, which comes first, work?"
        ),
    ),
    (lambda k, i, o: k * o / (k + o), "A kernel of 3 x 3 has how many numbers?"),
    (
        lambda k, i, o: k**2 * i * o / (k**2 * i * o + i * o),
        (
            "Your depthwise convolution has a kernel for each pair of channels; it needs one for"
            " each channel that comes in."
        ),
    ),
    (
        lambda k, i, o: k**2 * i * o / (k**2 + i * o),
        "The depthwise convolution has a kernel for *each* channel, not one for all.",
    ),
    (lambda k, i, o: _saving(k, i, o) // 1, "Your division loses what is behind the point."),
    (lambda k, i, o: round(_saving(k, i, o)), "Don't round."),
    (
        lambda k, i, o: k**2 * i * o,
        "That is what the standard convolution needs at one place. Divide.",
    ),
]


def _saving_stub(kernel, channels_in, channels_out): ...


def check_3(saving):
    """Check how many times more multiply-adds a standard convolution needs than a separable one."""

    def judge(call):
        _judge_numbers(call, SAVINGS, _saving, SAVING_MISTAKES, tolerance=1e-6)
        return (
            "The size of the maps cancels, and so do the channels that come in. With many channels"
            " the saving approaches the kernel's 9 or 25."
        )

    return check("4-3", saving, _saving_stub, judge)


# --- 4-4: a momentum for a plan of training -------------------------------------------------------
PLANS = [
    ("96 faces in batches of 32, 25 epochs, 1 % left", (96, 32, 25, 0.01)),
    ("100 faces in batches of 32, 3 epochs, 5 % left", (100, 32, 3, 0.05)),
    ("20 faces in batches of 32, 4 epochs, 10 % left", (20, 32, 4, 0.1)),
    ("1,739 faces in batches of 64, 1 epoch, 1 % left", (1739, 64, 1, 0.01)),
    ("9 faces in batches of 4, 2 epochs, half left", (9, 4, 2, 0.5)),
]


def _steps(faces, batch_size, epochs):
    return epochs * -(-faces // batch_size)


def _longest_memory(faces, batch_size, epochs, rest):
    return rest ** (1 / _steps(faces, batch_size, epochs))


PLAN_MISTAKES = [
    (
        lambda n, b, e, r: r ** (1 / (e * max(n // b, 1))),
        "What remains of the faces for a last, smaller batch makes a step as well.",
    ),
    (
        lambda n, b, e, r: r ** (1 / (e * (n // b + 1))),
        "Where the faces fill their batches exactly you count a batch that holds no face.",
    ),
    (
        lambda n, b, e, r: r ** (1 / (e * n / b)),
        "A smaller batch at the end is a whole step: round the batches of an epoch up.",
    ),
    (
        lambda n, b, e, r: r ** (1 / -(-e * n // b)),
        "Every epoch ends with a batch of its own: round up first, then count the epochs.",
    ),
    (lambda n, b, e, r: r ** (1 / e), "How many steps has one epoch?"),
    (lambda n, b, e, r: r ** (1 / (e * n)), "The statistics move once a batch, not once a face."),
    (lambda n, b, e, r: r ** (1 / -(-n // b)), "You counted the steps of a single epoch."),
    (
        lambda n, b, e, r: 1 - _longest_memory(n, b, e, r),
        (
            "That is what each step replaces, which PyTorch calls momentum. Keras' momentum is what"
            " each step keeps."
        ),
    ),
    (
        lambda n, b, e, r: (1 - r) ** (1 / _steps(n, b, e)),
        "`rest` is the share that is left, not the share that has been replaced.",
    ),
    (
        lambda n, b, e, r: 1 - 1 / _steps(n, b, e),
        (
            "That is a rule of thumb for the length of the memory: over a third of the start is"
            " left, whatever `rest` asks for."
        ),
    ),
    (
        lambda n, b, e, r: 1 - (1 - r) / _steps(n, b, e),
        (
            "You take away the same amount with every step. Each step takes a share of what is"
            " still there."
        ),
    ),
    (
        lambda n, b, e, r: r / _steps(n, b, e),
        "What is left is multiplied by the momentum in every step. What undoes a power?",
    ),
    (
        lambda n, b, e, r: r ** _steps(n, b, e),
        (
            "That is what a momentum of `rest` leaves. You want the number whose power, after all"
            " steps, is `rest`."
        ),
    ),
    (
        lambda n, b, e, r: 1 + math.log(r) / _steps(n, b, e),
        "That holds for very long trainings only. The exact formula is no longer than yours.",
    ),
    (
        lambda n, b, e, r: round(_longest_memory(n, b, e, r), 2),
        "Don't round: with a thousand steps the third digit decides.",
    ),
]


def _plan_stub(faces, batch_size, epochs, rest): ...


def check_4(longest_memory):
    """Check the largest momentum with which a training forgets where its statistics started."""

    def judge(call):
        _judge_numbers(call, PLANS, _longest_memory, PLAN_MISTAKES, tolerance=1e-6)
        return (
            "Now compare: what does your formula say of 25 epochs on 96 faces, and what of a"
            " million steps on ImageNet?"
        )

    return check("4-4", longest_memory, _plan_stub, judge)


# --- 4-5: fold the normalisation into the convolution ---------------------------------------------
FOLDS = [
    ("3 x 3, 4 channels to 5", (3, 3, 4, 5), 1e-3),
    ("1 x 1, 3 channels to 8", (1, 1, 3, 8), 1e-3),
    ("5 x 2, 6 channels to 6", (5, 2, 6, 6), 1e-5),
    ("3 x 3, 1 channel to 1", (3, 3, 1, 1), 0.1),
]


def _fold_case(number, shape, epsilon):
    rng = np.random.default_rng((4, number))
    out = shape[-1]
    return (
        rng.normal(size=shape),
        rng.normal(1, 0.5, out),
        rng.normal(size=out),
        rng.normal(size=out),
        np.geomspace(3e-6, 4, out) if out > 1 else np.array([0.05]),
        epsilon,
    )


def _fold(kernel, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    return kernel * scale, beta - mean * scale


FOLD_MISTAKES = [
    (
        lambda k, g, b, m, v, e: (k * g / np.sqrt(v), b - m * g / np.sqrt(v)),
        "Some variances here are tiny. What stands beside the variance under the root?",
    ),
    (
        lambda k, g, b, m, v, e: (k * g / (np.sqrt(v) + e), b - m * g / (np.sqrt(v) + e)),
        "Epsilon stands under the root.",
    ),
    (
        lambda k, g, b, m, v, e: (k * g / np.sqrt(v + e**2), b - m * g / np.sqrt(v + e**2)),
        "Epsilon stands under the root as it is, not squared.",
    ),
    (
        lambda k, g, b, m, v, e: (k * g / (v + e), b - m * g / (v + e)),
        "Divide by the standard deviation, not by the variance.",
    ),
    (lambda k, g, b, m, v, e: (k / np.sqrt(v + e), b - m / np.sqrt(v + e)), "Where is gamma?"),
    (
        lambda k, g, b, m, v, e: (_fold(k, g, b, m, v, e)[0], b - m),
        "The mean is divided and multiplied as well.",
    ),
    (
        lambda k, g, b, m, v, e: (_fold(k, g, b, m, v, e)[0], b - m / np.sqrt(v + e)),
        "Gamma multiplies the mean as well.",
    ),
    (
        lambda k, g, b, m, v, e: (_fold(k, g, b, m, v, e)[0], b),
        "Your bias is beta. What has become of the mean?",
    ),
    (
        lambda k, g, b, m, v, e: (_fold(k, g, b, m, v, e)[0], b + m * g / np.sqrt(v + e)),
        "The mean is taken away, not added.",
    ),
    (lambda k, g, b, m, v, e: (k, _fold(k, g, b, m, v, e)[1]), "The kernel has to change as well."),
    (
        lambda k, g, b, m, v, e: (k * g, _fold(k, g, b, m, v, e)[1]),
        "The kernel is multiplied by gamma, and divided by what?",
    ),
    (
        lambda k, g, b, m, v, e: (_fold(k, g, b, m, v, e)[0], (b - m) * g / np.sqrt(v + e)),
        "Beta is added at the very end: it is not scaled.",
    ),
]


def _fold_stub(kernel, gamma, beta, mean, variance, epsilon): ...


def check_5(fold):
    """Check the kernel and bias of a convolution that does the work of normalisation as well."""

    def judge(call):
        cases = [
            (what, _fold_case(number, shape, epsilon))
            for number, (what, shape, epsilon) in enumerate(FOLDS)
        ]
        answers = [
            _as_kernel_and_bias(call(what, *(np.array(part) for part in case)), what, case)
            for what, case in cases
        ]

        def agree(function):
            return all(
                np.allclose(ours, theirs, rtol=1e-4, atol=1e-5)
                for answer, (_, case) in zip(answers, cases, strict=True)
                for ours, theirs in zip(answer, function(*case), strict=True)
            )

        if agree(_fold):
            return (
                "That is why counts leave batch normalisation out, and what programs for small"
                " devices do before they run a network."
            )
        for mistake, hint in FOLD_MISTAKES:
            if agree(mistake):
                raise Refused(hint)
        right = [
            np.allclose(ours, theirs, rtol=1e-4, atol=1e-5)
            for ours, theirs in zip(answers[0], _fold(*cases[0][1]), strict=True)
        ]
        if right == [True, False]:
            raise Refused(
                "Your kernel is right, your bias is not. Set the kernel to zero in your mind: what"
                " does the normalisation give then?"
            )
        if right == [False, True]:
            raise Refused(
                "Your bias is right, your kernel is not. Along which of its four axes do the"
                " channels lie that are normalised?"
            )
        raise Refused(
            "Neither kernel nor bias is right yet. Write the normalisation of a convolution's"
            " output as *something* times the output plus *something*."
        )

    return check("4-5", fold, _fold_stub, judge)


def _as_kernel_and_bias(value, what, case):
    if value is None:
        raise Refused(NOTHING)
    if hasattr(value, "shape") or not hasattr(value, "__len__") or len(value) != 2:
        raise Refused("Return two things: the kernel and the bias.")
    try:
        kernel, bias = (np.asarray(part, dtype=float) for part in value)
    except (TypeError, ValueError):
        raise Refused("Return two arrays of numbers: the kernel and the bias.") from None
    if kernel.shape != case[0].shape:
        raise Refused(
            f"For {what} the kernel should keep its shape {case[0].shape}; yours is {kernel.shape}."
        )
    if bias.size != case[1].size or max(bias.shape, default=1) != bias.size:
        raise Refused(
            f"For {what} the bias should have {case[1].size}"
            f" number{'s' if case[1].size > 1 else ''}, one a channel that comes out; yours has"
            f" shape {bias.shape}."
        )
    return kernel, bias.ravel()
