"""What a frozen base says of each face, computed once.

A network that ImageNet trained turns a picture into numbers, its features, that describe far more
than masks. While it is frozen a face's features never change, so they are computed once and kept,
and all that is trained is the head on top of them.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from course_utils import files, quiet
from course_utils.data.progress import STYLE
from course_utils.models import compiled

BATCH = 64
"""Faces that go through the base at once."""


def feature_extractor(model):
    """Cut a network of `course_utils.models.build` off before its head.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    keras.Model
        Takes what the model takes, float32 (n, size, size, 3), RGB, 0 to 255; gives float32
        (n, features): 1,280 for a MobileNetV2 of width 1. It shares the model's weights.
    """
    before_head = model.get_layer("probabilities").input
    return quiet.import_keras().Model(model.input, before_head, name="features")


def compute_features(model, faces, store=None, progress=False):
    """Compute the features of faces, or read them where they were computed before.

    Parameters
    ----------
    model : keras.Model
        Of `course_utils.models.build`; its base is asked as it is when it is not training.
    faces : ndarray, uint8, (n, size, size, 3), RGB
    store : path-like, optional
        A folder for what was computed. A file is named after the faces' pixels and the base's
        weights: any change of either computes anew.
    progress : bool
        Show a bar, where there is a terminal or a live notebook.

    Returns
    -------
    ndarray, float32, (n, features)
    """
    extractor = _extractor(model)
    path = None if store is None else Path(store) / f"{_key(extractor, faces)}.npy"
    if path is not None and path.is_file():
        try:
            return np.load(path, allow_pickle=False)
        except (ValueError, EOFError):  # half a file, of a disk that was full
            path.unlink()
    ask = _asking(model)
    bar = STYLE | {"disable": None if progress else True}
    found = [
        ask(faces[start : start + BATCH])
        for start in tqdm(range(0, len(faces), BATCH), "features", delay=1, **bar)
    ]
    features = np.concatenate(found) if found else np.zeros((0, extractor.output_shape[-1]))
    features = features.astype(np.float32)
    if path is not None:
        with files.replacing(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, features, allow_pickle=False)
    return features


@lru_cache(maxsize=4)
def _extractor(model):
    return feature_extractor(model)


@lru_cache(maxsize=4)
def _asking(model):
    """Compile a model's extractor once, however often it is asked."""
    return compiled(_extractor(model))


def _key(extractor, faces):
    digest = hashlib.sha256(str(faces.shape).encode())
    digest.update(np.ascontiguousarray(faces).data)
    for weight in extractor.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()[:32]
