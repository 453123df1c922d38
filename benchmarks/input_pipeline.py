"""Measure the input pipeline: pictures a second of each way to augment, and what feeding a network
costs.

    python benchmarks/input_pipeline.py --arch resnet34 mobilenetv2 --rounds 6

Needs chapter 02's faces (`course run 01 02`). Two parts:

1. Pictures a second, and processor time a picture, of reading faces, of the policy of chapter 03 in
   imgaug (one picture at a time, in batches) and of Keras layers in tf.data (Keras' own one after
   the other, the course's "light" and "full").
2. A network trains on batches that lie ready in memory, unaugmented, and on `pipeline.face_dataset`
   with each policy, in turns, so that other work on the machine slows all alike. Printed are the
   throughput as a share of that from memory, and the share of a step that the network waits.

Without an accelerator data and network share the processor, so the throughput says what the policy
costs; the share of waiting is near 0 there. On a machine where other programs run, trust the ratio
of processor times more than that of the clock.
"""

import argparse
import json
import platform
import time

import imgaug
import numpy as np
import pandas as pd
from imgaug import augmenters as iaa
from imgaug.parameters import Uniform

from course_utils import augmentation, models, quiet
from course_utils.notebook.artefacts import Artefacts
from course_utils.profiles import SEED
from course_utils.training import pipeline

keras = quiet.import_keras()
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

CLASSES = ("with_mask", "without_mask")


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--profile", default="sample")
    options.add_argument("--size", type=int, default=64)
    options.add_argument("--batch", type=int, default=32)
    options.add_argument(
        "--arch", nargs="*", default=["resnet34", "mobilenetv2"], choices=models.NAMES
    )
    options.add_argument("--alpha", type=float, default=1.0, help="width of MobileNetV2")
    options.add_argument(
        "--policies", nargs="*", default=["none", "light", "full"], choices=augmentation.POLICIES
    )
    options.add_argument("--rounds", type=int, default=6, help="turns of each way")
    options.add_argument("--steps", type=int, default=8, help="training steps a turn")
    options.add_argument("--json", action="store_true", help="print figures for a program to read")
    asked = options.parse_args()

    path = Artefacts("03_augmentation", asked.profile).earlier("02_mask_synthesis", "faces.csv")
    table = pd.read_csv(path, keep_default_na=False)
    table = table[table.split == "train"].sample(frac=1, random_state=SEED)[: 8 * asked.batch]
    faces = pipeline.read_faces(table, path.parent, asked.size)
    results = {
        "machine": f"{platform.machine()}, {len(tf.config.list_physical_devices('GPU'))} GPU",
        "size": asked.size,
        "batch": asked.batch,
        "rates": measure_rates(table, path.parent, faces, asked),
        "training": {},
    }
    if not asked.json:
        print_rates(results["rates"])
    for arch in asked.arch:
        results["training"][arch] = measure_training(arch, table, path.parent, faces, asked)
        if not asked.json:
            print_training(arch, results["training"][arch], asked)
    if asked.json:
        print(json.dumps(results, indent=1))


def measure_rates(table, folder, faces, asked):
    """Return pictures a second and milliseconds of processor time a picture, by way; ways take
    turns.
    """
    batch, some = faces[: asked.batch], table[: asked.batch]
    imgaug.seed(SEED)
    alone, together = imgaug_policy(), imgaug_policy()
    ways = {
        "read and cut from files": lambda: pipeline.read_faces(some, folder, asked.size),
        "imgaug, one by one": lambda: [alone(image=face) for face in batch],
        "imgaug, batches": lambda: together(images=batch),
        "Keras' own layers, tf.data": in_tf_data(batch, keras_layers()),
        "policy light, tf.data": in_tf_data(batch, augmentation.policy("light", SEED)),
        "policy full, tf.data": in_tf_data(batch, augmentation.policy("full", SEED)),
    }
    clock = {name: [] for name in ways}
    for turn in range(asked.rounds + 1):
        for name, step in ways.items():
            start, used, calls = time.perf_counter(), time.process_time(), 0
            while calls < 2 or time.perf_counter() - start < 0.4:
                step()
                calls += 1
            if turn:  # the first turn warms up
                pictures = calls * len(batch)
                clock[name].append(
                    (
                        pictures / (time.perf_counter() - start),
                        1000 * (time.process_time() - used) / pictures,
                    )
                )
    return {
        name: dict(
            zip(("pictures_per_second", "processor_ms"), np.median(turns, axis=0).round(3).tolist())
        )
        for name, turns in clock.items()
    }


def imgaug_policy():
    """Return the policy that chapter 03 writes with imgaug."""

    def some(augmenter):
        return iaa.Sometimes(0.35, augmenter)

    return iaa.Sequential(
        [
            iaa.Fliplr(0.5),
            iaa.Affine(
                rotate=(-18, 18),
                scale=(0.87, 1.15),
                translate_percent=(-0.06, 0.06),
                shear=(-8, 8),
                mode="edge",
            ),
            iaa.PerspectiveTransform(scale=(0, 0.06), mode="replicate"),
            some(iaa.Cutout(size=0.2, cval=110)),
            iaa.Multiply(2 ** Uniform(-0.7, 0.7)),
            iaa.LinearContrast((0.7, 1.3)),
            iaa.AddToHueAndSaturation((-8, 8), per_channel=True),
            some(iaa.GaussianBlur((0, 1.0))),
            some(iaa.MotionBlur(k=(3, 7))),
            some(iaa.AdditiveGaussianNoise(scale=(0, 15), per_channel=True)),
            some(iaa.JpegCompression((50, 90))),
        ]
    )


def keras_layers():
    """Return the same with Keras' own layers, one after the other, as far as Keras has them."""
    return keras.Sequential(
        [
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(18 / 360),
            layers.RandomZoom(0.15),
            layers.RandomTranslation(0.06, 0.06),
            layers.RandomShear(0.08, 0.08),
            layers.RandomPerspective(1.0, 0.12),
            layers.RandomErasing((0.25, 0.25), scale=(0.02, 0.06), fill_value=110),
            layers.RandomBrightness(0.3),
            layers.RandomContrast(0.3, value_range=(0, 255)),
            layers.RandomSaturation((0.3, 0.7)),
            layers.RandomHue(10 / 360),
            layers.RandomGaussianBlur((0.35, 0.35), 5, 1.0),
        ]
    )


def in_tf_data(batch, policy):
    """Return a function that takes the next augmented batch."""
    pictures = tf.constant(batch, tf.float32)
    iterator = iter(
        tf.data.Dataset.from_tensors(pictures)
        .repeat()
        .map(lambda faces: policy(faces, training=True))
    )
    return lambda: next(iterator)


def measure_training(arch, table, folder, faces, asked):
    """Train in turns from memory and through the pipeline; return throughput, processor time and
    waiting by source.
    """
    keras.utils.set_random_seed(SEED)
    network = models.build(
        arch, asked.size, len(CLASSES), alpha=asked.alpha if arch == "mobilenetv2" else 1.0
    )
    network.compile("adam", "sparse_categorical_crossentropy")
    memory = [
        (tf.constant(part, tf.float32), tf.zeros(len(part), tf.int32))
        for part in np.split(faces, len(faces) // asked.batch)
    ]
    sources = {"memory": iter(lambda: memory[np.random.randint(len(memory))], None)}
    for name in asked.policies:
        batches = pipeline.face_dataset(
            table, folder, asked.size, asked.batch, CLASSES, augmentation.policy(name, SEED), SEED
        )
        sources[name] = iter(batches.repeat())
    turns = {name: [] for name in sources}
    for turn in range(asked.rounds + 1):
        for name, iterator in sources.items():
            clock, start, used = [], time.perf_counter(), time.process_time()
            for _ in range(asked.steps):
                begin = time.perf_counter()
                pictures, answers = next(iterator)
                got = time.perf_counter()
                network.train_on_batch(pictures, answers)
                clock.append((got - begin, time.perf_counter() - begin))
            count = asked.steps * asked.batch
            if turn:
                waited, whole = np.sum(clock, axis=0)
                turns[name].append(
                    (
                        count / (time.perf_counter() - start),
                        1000 * (time.process_time() - used) / count,
                        waited / whole,
                    )
                )
    means = {name: np.median(values, axis=0) for name, values in turns.items()}
    return {
        name: {
            "pictures_per_second": round(rate, 1),
            "of_memory": round(rate / means["memory"][0], 3),
            "processor_ms": round(cost, 2),
            "of_memory_by_processor_time": round(means["memory"][1] / cost, 3),
            "waiting_share": round(share, 4),
        }
        for name, (rate, cost, share) in means.items()
    }


def print_rates(rates):
    print(f"{'':30}{'pictures/s':>12}{'processor ms/picture':>24}")
    for name, row in rates.items():
        print(f"{name:30}{row['pictures_per_second']:12,.0f}{row['processor_ms']:24.2f}")


def print_training(arch, rows, asked):
    print(f"\n{arch}, {asked.size} pixels, batches of {asked.batch}")
    print(
        f"{'':12}{'pictures/s':>12}{'of memory':>12}"
        f"{'processor ms/picture':>24}{'of memory':>12}{'waits':>9}"
    )
    for name, row in rows.items():
        print(
            f"{name:12}{row['pictures_per_second']:12,.1f}{row['of_memory']:12.1%}{row['processor_ms']:24.2f}{row['of_memory_by_processor_time']:12.1%}{row['waiting_share']:9.1%}"
        )


if __name__ == "__main__":
    main()
