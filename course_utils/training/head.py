"""Fit the head of a frozen network: a logistic regression on its features.

With the base frozen nothing is left to chance: the loss is convex, so that there is one best head
for each strength of regularisation, and the solver finds it from anywhere. No seed, no epochs, no
learning rate.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
"""Inverse strengths of the L2 penalty (scikit-learn's C), for standardised features."""

STEPS = 5000
"""Iterations of the solver at most; a few hundred are needed."""


@dataclass(frozen=True)
class Head:
    """A dense layer with a softmax, in the form that a network's last layer takes.

    Attributes
    ----------
    kernel : ndarray, float32, (features, classes)
        The features' standardisation is multiplied in.
    bias : ndarray, float32, (classes,)
    strength : float
        The inverse strength that was chosen, one of `STRENGTHS` unless others were given.
    validation_loss : float
        Cross-entropy on the validation features, in nats; every class counts the same.
    """

    kernel: np.ndarray
    bias: np.ndarray
    strength: float
    validation_loss: float

    def probabilities(self, features):
        """Return the softmax of the layer: float64 (n, classes)."""
        scores = np.asarray(features, np.float64) @ self.kernel + self.bias
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


def fit_head(features, labels, validation_features, validation_labels, strengths=STRENGTHS):
    """Fit a head for each strength, and keep the one with the lowest validation loss.

    Parameters
    ----------
    features : ndarray, float32, (n, features)
    labels : ndarray of int, (n,)
        Numbers of the classes, 0 to classes - 1, each at least once.
    validation_features, validation_labels
        The same of people who are not in training.
    strengths : sequence of float

    Returns
    -------
    Head
    """
    scaler = StandardScaler().fit(features)
    ready = scaler.transform(features.astype(np.float64))
    best = None
    for strength in strengths:
        solver = LogisticRegression(C=strength, max_iter=STEPS, class_weight="balanced")
        head = _as_layer(solver.fit(ready, labels), scaler)
        said = head.probabilities(validation_features)
        loss = balanced_loss(validation_labels, said)
        if best is None or loss < best.validation_loss:
            best = Head(head.kernel, head.bias, strength, loss)
    return best


def put_on(model, head):
    """Give a network of `course_utils.models.build` the head.

    Parameters
    ----------
    model : keras.Model
        Its layer "probabilities" gets new weights.
    head : Head
    """
    model.get_layer("probabilities").set_weights([head.kernel, head.bias])


def _as_layer(solver, scaler):
    """Fold the standardisation into kernel and bias; two classes get half of the score each."""
    weights, bias = solver.coef_, solver.intercept_
    if len(weights) == 1:
        weights, bias = np.concatenate([-weights, weights]) / 2, np.array([-bias[0], bias[0]]) / 2
    kernel = (weights / scaler.scale_).T
    bias = bias - scaler.mean_ @ kernel
    return Head(kernel.astype(np.float32), bias.astype(np.float32), solver.C, np.nan)


def balanced_loss(labels, probabilities):
    """Return the cross-entropy of answers in which every class counts the same.

    Parameters
    ----------
    labels : ndarray of int, (n,)
    probabilities : ndarray, float, (n, classes)

    Returns
    -------
    float
        In nats.
    """
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    weights = 1 / counts[labels]
    return float(log_loss(labels, probabilities, sample_weight=weights, labels=range(len(counts))))
