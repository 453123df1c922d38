"""The head of a frozen network: one best for each strength, and validation chooses among them."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from course_utils.training.head import balanced_loss, fit_head


@pytest.fixture
def people():
    """Features of two classes, one of them rare, on very different scales."""
    rng = np.random.default_rng(0)
    labels = (rng.uniform(size=400) < 0.8).astype(int)
    features = rng.normal(size=(400, 6)) + labels[:, None] * np.array([2, 0, 0, 1, 0, 0])
    features = (features * np.array([1, 10, 100, 0.1, 1, 1]) + 5).astype(np.float32)
    return (features[:200], labels[:200]), (features[200:], labels[200:])


def test_the_layer_says_what_the_solver_says_of_standardised_features(people):
    (features, labels), validation = people
    head = fit_head(features, labels, *validation, [0.01])
    scaler = StandardScaler().fit(features)
    solver = LogisticRegression(C=0.01, max_iter=5000, class_weight="balanced")
    solver.fit(scaler.transform(features.astype(np.float64)), labels)
    expected = solver.predict_proba(scaler.transform(validation[0].astype(np.float64)))
    assert head.probabilities(validation[0]) == pytest.approx(expected, abs=1e-3)


def test_the_lowest_validation_loss_chooses_and_nothing_is_left_to_chance(people):
    training, validation = people
    strengths = (1e-4, 1e-2, 1.0)
    alone = [fit_head(*training, *validation, [strength]) for strength in strengths]
    chosen = fit_head(*training, *validation, strengths)
    losses = [head.validation_loss for head in alone]
    assert chosen.validation_loss == min(losses)
    assert chosen.strength == strengths[int(np.argmin(losses))]
    again = fit_head(*training, *validation, strengths)
    assert np.array_equal(chosen.kernel, again.kernel)


def test_every_class_counts_the_same_in_the_loss():
    labels = np.array([0] * 90 + [1] * 10)
    said = np.tile([0.9, 0.1], (100, 1))
    assert balanced_loss(labels, said) == pytest.approx(-(np.log(0.9) + np.log(0.1)) / 2)
    assert balanced_loss(np.array([0, 1]), np.full((2, 2), 0.5)) == pytest.approx(np.log(2))
