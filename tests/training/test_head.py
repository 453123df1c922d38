"""The head of a frozen network: one best for each strength, and validation chooses among them."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from course_utils import models
from course_utils.training import features
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


def test_features_are_those_of_the_base_kept_on_disk_and_traced_once(tmp_path, monkeypatch):
    model = models.build("mobilenetv2", 32, 2, weights="imagenet")
    traced = []
    compiled = features.compiled
    monkeypatch.setattr(features, "compiled", lambda model: traced.append(1) or compiled(model))
    faces = np.random.default_rng(0).integers(0, 256, (70, 32, 32, 3), np.uint8)
    found = features.compute_features(model, faces, tmp_path)
    expected = features.feature_extractor(model)(faces[:3].astype(np.float32)).numpy()
    assert found.shape == (70, 1280) and found.max() > 1
    assert np.allclose(found[:3], expected, atol=1e-3)
    assert np.allclose(features.compute_features(model, faces[:3]), found[:3], atol=1e-3)
    assert len(traced) == 1  # however often it is asked
    (kept,) = tmp_path.glob("*.npy")
    np.save(kept, found + 1)
    assert np.array_equal(features.compute_features(model, faces, tmp_path), found + 1)
    backbone = model.get_layer("backbone")
    backbone.set_weights([1.01 * weight for weight in backbone.get_weights()])
    changed = features.compute_features(model, faces, tmp_path)  # other weights, other features
    assert not np.allclose(changed, found, atol=0.1) and not np.allclose(changed, found + 1)
