"""The spline takes anchors where they belong, and the mesh shows only its face."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.masks.head import fit_pose, mean_landmarks, skin_depth
from course_utils.masks.textures import load_texture, type_names
from course_utils.masks.warp import rasterise, spline_basis
from course_utils.masks.wearing import ANCHORS, EDGES, place_anchors

ANCHOR_PIXELS = np.array(
    [[224.0, 68], [224, 361], [31, 131], [417, 131], [56, 256], [392, 256], [224, 210]]
)
offsets = st.lists(st.floats(-40, 40), min_size=14, max_size=14)


def turned(yaw, pitch, roll):
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


@given(offsets)
@settings(max_examples=60, deadline=None)
def test_the_spline_takes_every_anchor_to_its_target(moves):
    targets = ANCHOR_PIXELS * 0.3 + np.reshape(moves, (7, 2))
    basis = spline_basis(ANCHOR_PIXELS, ANCHOR_PIXELS)
    assert np.abs(basis @ targets - targets).max() < 1e-6


@given(offsets, st.floats(0.05, 20), st.floats(-3, 3), st.floats(-500, 500))
@settings(max_examples=60, deadline=None)
def test_scaling_turning_and_shifting_the_targets_does_the_same_to_the_warp(
    moves, scale, angle, shift
):
    points = np.stack(np.meshgrid(np.linspace(0, 448, 7), np.linspace(0, 416, 6)), 2).reshape(-1, 2)
    basis = spline_basis(ANCHOR_PIXELS, points)
    targets = ANCHOR_PIXELS + np.reshape(moves, (7, 2))
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = basis @ (targets @ turn.T + shift)
    assert np.allclose(moved, basis @ targets @ turn.T + shift, atol=1e-6 * max(scale, 1) * 1000)


def test_an_affine_map_is_kept_as_it_is():
    points = np.array([[0.0, 0], [300, 20], [100, 400]])
    affine = np.array([[0.4, 0.1], [-0.2, 0.5]])
    assert np.allclose(
        spline_basis(ANCHOR_PIXELS, points) @ (ANCHOR_PIXELS @ affine.T + 7), points @ affine.T + 7
    )


@pytest.mark.parametrize(
    "anchors",
    [
        [[0, 0], [1, 1]],
        [[0, 0], [1, 1], [2, 2], [3, 3]],
        [[0, 0], [0, 0], [5, 1], [1, 4]],
        [[2, 2], [2, 2], [2, 2]],
    ],
)
def test_anchors_that_fix_no_warp_are_refused(anchors):
    with pytest.raises(ValueError, match="three anchors"):
        spline_basis(anchors, [[1, 1]])


@pytest.mark.parametrize("name", type_names())
@pytest.mark.parametrize("yaw", [-20, 0, 15])
def test_the_drawn_mesh_shows_each_anchor_within_half_a_pixel_of_its_target(name, yaw):
    texture = load_texture(name)
    pose = fit_pose((mean_landmarks() @ turned(yaw, 5, 8).T * 50)[:, :2] + 150)
    targets = pose.project(place_anchors(texture.places, "proper"))
    rows, columns = texture.wanted.shape
    mesh = (texture.basis @ targets).reshape(rows + 1, columns + 1, 3)
    row, column = rasterise(mesh, texture.wanted, 300, 300)
    corner, step = texture.mesh[0, 0], (texture.mesh[-1, -1] - texture.mesh[0, 0]) / (columns, rows)
    tested = 0
    for pixel, target in zip((texture.anchors - corner) / step, targets[:, :2], strict=True):
        x, y = np.rint(target).astype(int)
        seen = np.stack(
            [column[y - 1 : y + 2, x - 1 : x + 2], row[y - 1 : y + 2, x - 1 : x + 2]], 2
        ).reshape(-1, 2)
        if (seen < 0).any() or np.ptp(
            seen, axis=0
        ).max() > 2:  # not painted, or partly behind another part of the mask
            continue
        grid = np.stack(np.meshgrid([x - 1, x, x + 1], [y - 1, y, y + 1]), 2).reshape(-1, 2)
        there = np.linalg.lstsq(np.column_stack([seen, np.ones(9)]), grid, rcond=None)[0]
        if np.linalg.norm(seen - pixel, axis=1).min() < 1:
            tested += 1
            assert np.linalg.norm(np.append(pixel, 1) @ there - target) < 0.5
    assert tested >= 6


def test_nearer_quads_hide_farther_ones_and_backs_are_not_drawn():
    x, y = np.meshgrid([0.0, 20, 40], [0.0, 20, 40])
    near = np.stack([x, y, np.full((3, 3), 5.0)], 2)
    row, _ = rasterise(near, np.ones((2, 2), bool), 40, 40)
    assert (row[2:38, 2:38] >= 0).all()
    row, _ = rasterise(near[:, ::-1], np.ones((2, 2), bool), 40, 40)
    assert (row < 0).all()
    folded = np.stack(
        [
            np.array([[0.0, 30, 10, 40]] * 2),
            np.array([[0.0] * 4, [40.0] * 4]),
            np.array([[0.0, 0, 9, 9]] * 2),
        ],
        2,
    )
    _, column = rasterise(folded, np.ones((1, 3), bool), 40, 40)
    assert (column[5:35, 15:29] > 2).all()  # the last strip lies before the first


@given(st.floats(-45, 45), st.floats(-20, 20), st.floats(-40, 40), st.floats(12, 400))
@settings(max_examples=80, deadline=None)
def test_the_pose_of_a_turned_mean_head_is_found(yaw, pitch, roll, scale):
    seen = (mean_landmarks() @ turned(yaw, pitch, roll).T * scale)[:, :2] + 37
    pose = fit_pose(seen)
    assert pose.error < 1e-6
    assert pose.scale == pytest.approx(scale, rel=1e-3)
    assert pose.yaw == pytest.approx(np.degrees(np.arcsin(turned(yaw, pitch, roll)[0, 2])), abs=0.1)
    assert np.allclose(
        pose.project(mean_landmarks()[[30, 33, 51]])[:, :2], seen[[30, 33, 51]], atol=0.15 * scale
    )


@given(st.floats(0.1, 8), st.floats(-3, 3), st.floats(-300, 300))
@settings(max_examples=60, deadline=None)
def test_a_larger_shifted_or_tilted_picture_moves_the_mask_along(scale, angle, shift):
    rng = np.random.default_rng(5)
    landmarks = (mean_landmarks() @ turned(15, 4, 0).T * 60)[:, :2] + rng.normal(0, 1.5, (68, 2))
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    places = place_anchors(list(ANCHORS.values()), "proper")
    before = fit_pose(landmarks).project(places)[:, :2]
    after = fit_pose(landmarks @ turn.T + shift).project(places)[:, :2]
    assert np.allclose(after, before @ turn.T + shift, atol=1e-5 * max(scale, 1) * 60)


def test_the_way_of_wearing_moves_the_edges():
    places = [ANCHORS["nose_bridge"], ANCHORS["under_chin"]]
    height = {wear: place_anchors(places, wear)[:, 1] for wear in EDGES}
    nose_tip, lips, chin = mean_landmarks()[[30, 62, 8], 1]
    assert height["proper"][0] < nose_tip and height["proper"][1] > chin
    assert nose_tip < height["under-nose"][0] < lips and height["under-nose"][1] > chin
    assert height["nose-only"][0] < nose_tip < height["nose-only"][1] < lips
    assert lips < height["under-chin"][0] < chin < height["under-chin"][1]


@given(st.floats(-1, 1))
def test_the_position_moves_every_anchor_by_its_share_of_nose_to_chin(position):
    places = list(ANCHORS.values())
    moved = place_anchors(places, "proper", position)[:, 1] - place_anchors(places, "proper")[:, 1]
    mean = mean_landmarks()
    assert np.allclose(moved, position * (mean[8, 1] - mean[30, 1]), atol=0.005)


def test_the_skin_stands_out_at_the_nose_and_falls_away_to_the_sides():
    assert skin_depth(0, -0.1) > skin_depth(0, 0.2) > skin_depth(0.6, 0.2) > skin_depth(0.8, 0.2)
    assert skin_depth(-0.33, 0.14) == skin_depth(0.33, 0.14)
