"""Bend a flat picture over a head.

A thin-plate spline to three coordinates, and the mesh that it makes.

The spline takes the anchor points of a mask's texture to their places before the camera: x and y in
pixels, and the depth. A mesh of the bent texture is then drawn from back to front, and what shows
its back is left out. So the far side of a turned head hides itself.
"""

import cv2
import numpy as np

BITS = 4  # of the fractions of a pixel that cv2.fillConvexPoly is given


def _kernel(a, b):
    """Return r² log r² of all pairs: up to a factor the thin plate's kernel in two dimensions."""
    squares = ((a[:, None] - b[None]) ** 2).sum(2)
    return squares * np.log(np.maximum(squares, 1e-12))


def spline_basis(anchors, points):
    """Return the matrix that takes the anchors' targets to the targets of other points.

    The thin-plate spline (Bookstein, Principal warps, 1989) is linear in the targets: what depends
    on the texture alone is computed once, and each new face costs one product of matrices.

    Parameters
    ----------
    anchors : array_like
        Shape (n, 2), n >= 3, not all on one line.
    points : array_like
        Shape (m, 2), in the same coordinates.

    Returns
    -------
    numpy.ndarray
        float64, shape (m, n). Every row sums to 1; the row of an anchor picks its own target.

    Raises
    ------
    ValueError
        When the anchors lie on one line or two of them coincide.
    """
    anchors, points = np.asarray(anchors, float), np.asarray(points, float)
    n = len(anchors)
    centre, unit = anchors.mean(0), np.abs(anchors - anchors.mean(0)).max()
    if n < 3 or unit == 0:
        raise ValueError("a warp needs three anchors that are not on one line")
    a, p = (anchors - centre) / unit, (points - centre) / unit
    system = np.zeros((n + 3, n + 3))
    system[:n, :n], system[:n, n], system[:n, n + 1 :] = _kernel(a, a), 1, a
    system[n:, :n] = system[:n, n:].T
    if np.linalg.cond(system) > 1e12:
        raise ValueError(
            "a warp needs three anchors that are not on one line, and no two at the same place"
        )
    inverse = np.linalg.inv(system)[:, :n]
    return np.column_stack([_kernel(p, a), np.ones(len(p)), p]) @ inverse


def rasterise(mesh, wanted, width, height):
    """Draw a mesh of quads and say for each pixel which place of the mesh is seen there.

    Parameters
    ----------
    mesh : numpy.ndarray
        Shape (rows, columns, 3): x, y in pixels, depth towards the camera.
    wanted : numpy.ndarray
        bool, shape (rows - 1, columns - 1): the quads to draw.
    width, height : int
        Of the picture, pixels.

    Returns
    -------
    row, column : numpy.ndarray
        float32, shape (height, width): coordinates in the mesh, from 0; -1e4 where nothing is seen.
    """
    r, c = np.nonzero(wanted)
    corners = np.array([[(0, 0), (0, 1), (1, 1)], [(0, 0), (1, 1), (1, 0)]])
    cells = (np.stack([r, c], 1)[:, None, None] + corners).reshape(
        -1, 3, 2
    )  # triangle, corner, (row, column)
    triangles = mesh[cells[..., 0], cells[..., 1]]
    edge_a, edge_b = (
        triangles[:, 1, :2] - triangles[:, 0, :2],
        triangles[:, 2, :2] - triangles[:, 0, :2],
    )
    area = edge_a[:, 0] * edge_b[:, 1] - edge_a[:, 1] * edge_b[:, 0]
    front = area > 1e-3
    cells, triangles, edge_a, edge_b, area = (
        part[front] for part in (cells, triangles, edge_a, edge_b, area)
    )
    order = np.argsort(triangles[:, :, 2].mean(1), kind="stable")
    seen = np.full((height, width), -1, np.int32)
    fixed = np.rint(triangles[:, :, :2] * 2**BITS).astype(np.int32)
    for number in order.tolist():
        cv2.fillConvexPoly(seen, fixed[number], number, shift=BITS)
    # inverse of each triangle's affine map: (row, column) = cell + grid steps along its two edges
    inverse = (
        np.stack([edge_b[:, 1], -edge_b[:, 0], -edge_a[:, 1], edge_a[:, 0]], 1) / area[:, None]
    )
    step_a, step_b = cells[:, 1] - cells[:, 0], cells[:, 2] - cells[:, 0]
    by_x = step_a * inverse[:, :1] + step_b * inverse[:, 2:3]
    by_y = step_a * inverse[:, 1:2] + step_b * inverse[:, 3:4]
    start = cells[:, 0] - by_x * triangles[:, 0, :1] - by_y * triangles[:, 0, 1:2]
    maps = np.concatenate([start, by_x, by_y], 1).astype(np.float32)
    maps = np.concatenate(
        [maps, np.array([[-1e4, -1e4, 0, 0, 0, 0]], np.float32)]
    ).T.copy()  # the last is what -1 picks
    seen = seen.astype(np.intp)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    start, by_x, by_y = (
        [np.take(plane, seen) for plane in maps[part : part + 2]] for part in (0, 2, 4)
    )
    return tuple(start[axis] + by_x[axis] * x + by_y[axis] * y for axis in (0, 1))
