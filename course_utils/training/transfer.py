"""Train the head of a frozen base on whole and on small faces: what `course train` does by itself.

Chapter 06 shows why both kinds are in: a base that learned from sharp photographs falls on faces of
a few pixels, a head that has seen them holds, and whole faces lose next to nothing by it. Where a
face has a box, the head also sees it cut by shaken ones: a detector's are not those that a person
drew.
"""

from dataclasses import dataclass

import numpy as np

from course_utils.training import pipeline
from course_utils.training.features import compute_features
from course_utils.training.head import fit_head, put_on

CHUNK = 512
"""Faces in memory at once."""


@dataclass(frozen=True)
class Trained:
    """What was fitted.

    Attributes
    ----------
    head : course_utils.training.head.Head
    validation_loss, validation_accuracy : float
        Of the validation faces, cut in the same ways; the loss in nats, every class counting the
        same.
    faces : int
        Faces that the head was fitted on.
    cuts : int
        How often it learned each: as it is, by a shaken box, shrunk.
    """

    head: object
    validation_loss: float
    validation_accuracy: float
    faces: int
    cuts: int


def train_head(model, table, folder, numbers, validating, sizes, seed, store=None, progress=True):
    """Fit the head of a network, and put it on.

    Parameters
    ----------
    model : keras.Model
        Of `course_utils.models.build` with a trained base; its head gets new weights.
    table : pandas.DataFrame
        Readable faces, as for `course_utils.training.pipeline.read_faces`.
    folder : path-like
        What its column `picture` starts from.
    numbers : ndarray of int, (n,)
        The faces' classes.
    validating : ndarray of bool, (n,)
        Held back to choose how strongly the head is regularised.
    sizes : (int, int) or None
        Each face is learned also shrunk to a random size in this range of pixels (averaged, and
        enlarged by bilinear); None: whole faces only.
    seed : int
        Of these sizes, and of the shaken boxes, by which a face that has a box is cut once more as
        it is, and when it is shrunk.
    store : path-like, optional
        Where features are kept, see `course_utils.training.features.compute_features`.
    progress : bool
        Show a bar, where there is a terminal.

    Returns
    -------
    Trained
    """
    boxed = pipeline.have_boxes(table)
    cuts = [(None, False)]  # sizes, and whether boxes are shaken
    if boxed:
        cuts.append((None, True))
    if sizes is not None:
        cuts.append((sizes, boxed))
    features = np.concatenate(
        [_features(model, table, folder, *cut, seed, store, progress) for cut in cuts]
    )
    labels, held = np.tile(numbers, len(cuts)), np.tile(validating, len(cuts))
    head = fit_head(features[~held], labels[~held], features[held], labels[held])
    put_on(model, head)
    right = head.probabilities(features[held]).argmax(axis=1) == labels[held]
    faces = int((~validating).sum())
    return Trained(head, head.validation_loss, float(right.mean()), faces, len(cuts))


def _features(model, table, folder, sizes, shake, seed, store, progress):
    size, parts = model.input_shape[1], []
    for start in range(0, len(table), CHUNK):
        rows = table.iloc[start : start + CHUNK].reset_index(drop=True)
        faces = pipeline.read_faces(rows, folder, size, sizes=sizes, seed=seed, shake=shake)
        parts.append(compute_features(model, faces, store, progress))
    return np.concatenate(parts)
