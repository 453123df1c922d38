"""How the generator of the embedded pictures exposes, paints and measures; without Blender."""

import numpy as np
import pytest

from data.generator import backgrounds, complexion, develop, leaks

SQUARE = np.array([(8, 8), (56, 8), (56, 56), (8, 56)], float)


def face(luminance, covered=0):
    """A grey render, 64 x 64, with `covered` rows of black hair from the top."""
    pixels = np.ones((64, 64, 4))
    pixels[..., :3] = luminance
    pixels[:covered, :, :3] = 0.002
    return pixels


@pytest.mark.parametrize("value", [0.1, 0.4, 0.66, 0.8, 0.94])
def test_tone_curve_is_undone(value):
    assert develop.tone_curve(develop.inverse_tone_curve(value)) == pytest.approx(value, abs=1e-3)


def test_hair_over_the_face_does_not_change_the_exposure():
    assert develop.face_luminance(face(0.3, 34), SQUARE) == pytest.approx(
        develop.face_luminance(face(0.3), SQUARE)
    )


def test_faces_get_darker_with_tone_and_stay_legible():
    shown = [
        float(develop.tone_curve(0.05 * develop.exposure((0.05, 0.07), tone, 0)))
        for tone in range(1, 11)
    ]
    assert shown == sorted(shown, reverse=True)
    assert 0.25 < shown[-1] < shown[0] < 0.75


def test_brightest_skin_keeps_its_colour():
    factor = develop.exposure((0.05, 0.6), 1, 0.4)
    assert develop.tone_curve(0.6 * factor) <= develop.BRIGHTEST + 1e-6


def test_white_mask_lowers_the_exposure_of_a_dark_face():
    bare, masked = (develop.exposure((0.05, 0.07), 9, 0, covering) for covering in (0, 0.9))
    assert masked < bare
    assert develop.tone_curve(0.9 * masked) <= develop.WHITE + 1e-6


def test_soft_edge_brings_no_dark_line():
    pixels = face(0.5)
    pixels[:, 32:] = 0
    colour, alpha = develop.soften_edge(pixels)
    assert colour[:, 30:33] == pytest.approx(0.5, abs=1e-6)
    assert 0 < alpha[10, 32, 0] < 0.5 < alpha[10, 31, 0] < 1


def test_complexion_belongs_to_the_person():
    first, other = ({"shape": shape, "tone": 3, "age_group": "old"} for shape in (5, 6))
    painted = complexion.paint(first)
    assert painted.shape == (592, 384, 4)
    assert np.array_equal(painted, complexion.paint(first))
    assert not np.array_equal(painted, complexion.paint(other))
    assert painted[0, :, :3] == pytest.approx(1)


@pytest.mark.parametrize("kind", sorted(backgrounds.DRAWN))
def test_background_follows_from_its_seed(kind):
    first, again = (
        backgrounds.background(kind, "lamp", 64, np.random.default_rng(3)) for _ in "ab"
    )
    assert first.shape == (64, 64, 3) and np.array_equal(first, again)
    assert 0.2 < first.mean() < 0.75 and first.std() > 0.005


@pytest.mark.parametrize("leak", [True, False])
def test_network_finds_a_leak_and_only_a_leak(leak):
    rng = np.random.default_rng(1)
    labels = np.arange(200) % 4 == 0
    vectors = rng.random((200, 12))
    vectors[:, 3] += 0.5 * labels * leak
    auc, low, high = leaks.separability(vectors, labels, shuffles=6)
    assert (auc > high) == leak
