"""Measure what reading and augmenting pictures costs a training step: the course's pipeline against
batches that lie ready.

    python benchmarks/training_throughput.py work/datasets/face-mask-detection/dataset --arch
    mobilenetv2 --size 96

Both train the same network by the same loop on the same pictures. "Ready" repeats batches that were
made before and lie in memory, augmented already; the pipeline shuffles and augments anew in every
epoch. They take turns, so that other work on the machine counts for both; the ratio says more than
the pictures a second do. The processor's cores are shared by the network and the pipeline: without
an accelerator, what augmentation computes is missing to the network.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from course_utils import augmentation, models, quiet  # noqa: E402
from course_utils.errors import CourseError  # noqa: E402
from course_utils.training import (  # noqa: E402
    Settings,
    find_faces,
    fit,
    make_deterministic,
    pipeline,
)


class Timed:
    """A dataset that notes the seconds of every epoch, and those in which the loop waited for a
    batch.
    """

    def __init__(self, dataset):
        self.dataset, self.epochs, self.waited = dataset, [], []

    def __iter__(self):
        batches, waited, started = iter(self.dataset), 0.0, time.perf_counter()
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            waited += time.perf_counter() - asked
            if batch is None:
                break
            yield batch
        self.epochs.append(time.perf_counter() - started)
        self.waited.append(waited)


def measure(arguments, policy):
    """Return pictures a second of both, their ratio, and the share of time that the pipeline kept
    the loop waiting.
    """
    import tensorflow as tf

    labelled = find_faces(arguments.folder)
    table = labelled.table.sample(
        min(arguments.pictures, len(labelled.table)), random_state=arguments.seed
    )
    make_deterministic(arguments.seed)
    augment = augmentation.policy(policy, arguments.seed)
    made = pipeline.face_dataset(
        table,
        labelled.folder,
        arguments.size,
        arguments.batch,
        labelled.class_names,
        augment,
        arguments.seed,
    )
    steps = len(table) // arguments.batch
    lying = list(made.take(steps))
    pictures, labels = (tf.concat(parts, axis=0) for parts in zip(*lying))
    ready = (
        tf.data.Dataset.from_tensor_slices((pictures, labels))
        .batch(arguments.batch)
        .cache()
        .prefetch(4)
    )
    alpha = arguments.alpha if arguments.arch == "mobilenetv2" else 1.0
    sets = {"ready": Timed(ready), "pipeline": Timed(made.take(steps))}
    model = models.build(arguments.arch, arguments.size, len(labelled.class_names), alpha)

    class Turns:
        """Epochs of both in turn, in one call of `fit`: the first of each warms up."""

        def __init__(self):
            self.number = 0

        def __iter__(self):
            self.number += 1
            return iter(sets["ready" if self.number % 2 else "pipeline"])

    fit(
        model,
        Turns(),
        lying[:1],
        Settings(epochs=2 * (arguments.repeats + 1), patience=10**6),
        steps=steps,
    )
    seconds = {name: np.array(timed.epochs[1:]) for name, timed in sets.items()}
    count = steps * arguments.batch
    return {
        "architecture": arguments.arch,
        "size": arguments.size,
        "augmentation": policy,
        "pictures an epoch": count,
        "cores": os.cpu_count(),
        "ready, pictures/s": round(count / float(np.median(seconds["ready"])), 1),
        "pipeline, pictures/s": round(count / float(np.median(seconds["pipeline"])), 1),
        "pipeline / ready": round(float(np.median(seconds["ready"] / seconds["pipeline"])), 3),
        "share of time waiting for the pipeline": round(
            float(np.sum(sets["pipeline"].waited[1:]) / seconds["pipeline"].sum()), 4
        ),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="a folder of faces, as for course train")
    parser.add_argument("--arch", choices=models.NAMES, default="mobilenetv2")
    parser.add_argument("--alpha", type=float, default=0.35, help="width of mobilenetv2")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument(
        "--policy", choices=augmentation.POLICIES, nargs="+", default=["none", "light", "full"]
    )
    parser.add_argument("--pictures", type=int, default=640, help="how many to draw at random")
    parser.add_argument("--repeats", type=int, default=5, help="epochs of each that count")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    quiet.import_keras()
    try:
        figures = [measure(arguments, policy) for policy in arguments.policy]
    except CourseError as error:
        sys.exit(f"training_throughput: {error}")
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    for found in figures:
        print("\n".join(f"{what:<40}{figure}" for what, figure in found.items()), end="\n\n")


if __name__ == "__main__":
    main()
