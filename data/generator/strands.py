"""Strands of hair: roots on the skin, paths around the head, curls, cuts, curves for Cycles."""

import bpy
import numpy as np
from mathutils.bvhtree import BVHTree
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from . import landmarks, materials, studio
from .mask import blur, unit

CENTRE = 7.55  # height of the centre of the skull on the base mesh, dm


def normalised(vectors):
    return vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9)


class Skull:
    """The head with its ears as a distance from its centre in every direction.

    Parameters
    ----------
    assets : Assets
    body : ndarray, shape (19158, 3), dm
        The morphed body before the head is turned.
    """

    rows, columns = 40, 72

    def __init__(self, assets, body):
        shape = assets.body[np.argmin(np.abs(assets.vertices[assets.body, 1] - CENTRE))]
        head = body[assets.head]
        self.centre = np.array(
            [0, body[shape, 1], (head[:, 2].min() + head[:, 2].max()) / 2 - 0.08]
        )
        wanted = body[assets.faces][:, :, 1].min(1) > body[landmarks.VERTICES[8], 1] - 0.1
        tree = BVHTree.FromPolygons(body.tolist(), assets.faces[wanted].tolist())
        azimuth = np.linspace(0, 2 * np.pi, self.columns, endpoint=False)[None]
        elevation = np.linspace(-0.8, np.pi / 2, self.rows)[:, None]
        directions = unit(azimuth + 0 * elevation, elevation + 0 * azimuth)
        radius = np.full(directions.shape[:2], np.nan)
        for i, j in np.ndindex(radius.shape):
            way = directions[i, j]
            hit = tree.ray_cast(self.centre + way * 6, -way)[0]
            if hit is not None:
                radius[i, j] = np.linalg.norm(np.array(hit) - self.centre)
        radius = np.where(np.isnan(radius), np.nanmedian(radius[:6]), radius)
        for _ in range(2):
            wide = np.pad(radius, ((0, 0), (2, 2)), mode="wrap")
            radius = np.maximum(radius, blur(wide)[:, 2:-2])
        self.radius = np.concatenate([radius, radius[:, :1]], 1)

    def height(self, points):
        """Return how far points, shape (N, 3), are above the skin, in dm."""
        offset = points - self.centre
        far = np.linalg.norm(offset, axis=1)
        column = np.arctan2(offset[:, 0], offset[:, 2]) % (2 * np.pi) / (2 * np.pi) * self.columns
        up = np.arcsin(np.clip(offset[:, 1] / far, -1, 1))
        row = (np.clip(up, -0.8, None) + 0.8) / (np.pi / 2 + 0.8) * (self.rows - 1)
        skin = map_coordinates(self.radius, (row, column), order=1, mode="nearest")
        return far - np.where(up > -0.8, skin, 0)

    def outside(self, points, gap):
        """Push points out until they are `gap` (dm) above the skin."""
        offset = points - self.centre
        lacking = np.maximum(gap - self.height(points), 0)
        return points + offset * (lacking / np.linalg.norm(offset, axis=1))[:, None]


def roots(assets, body, density, count, rng):
    """Draw where strands leave the skin.

    Parameters
    ----------
    density : ndarray, shape (19158,), range [0, 1]
    count : int

    Returns
    -------
    points, normals : ndarray, shape (count, 3)
        On the morphed body, dm.
    base : ndarray, shape (count, 3)
        The same places on the base mesh.
    """
    faces = assets.faces[(density[assets.faces] > 0.02).any(1)]
    triangles = np.concatenate([faces[:, :3], faces[:, [0, 2, 3]]])
    a, b, c = (assets.vertices[triangles[:, i]] for i in range(3))
    size = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    tried = rng.choice(len(triangles), count * 4, p=size / size.sum())
    shares = rng.dirichlet([1, 1, 1], count * 4)
    dense = (density[triangles[tried]] * shares).sum(1)
    kept = np.flatnonzero(rng.random(count * 4) < dense)[:count]
    corner, shares = triangles[tried[kept]], shares[kept, :, None]
    first, second, third = (body[corner[:, i]] for i in range(3))
    normals = normalised(np.cross(second - first, third - first))
    return (body[corner] * shares).sum(1), normals, (assets.vertices[corner] * shares).sum(1)


def grow(start, direction, length, steps, force, outside, stiff=0.6):
    """Let strands grow step by step.

    Parameters
    ----------
    start, direction : ndarray, shape (N, 3)
    length : ndarray, shape (N,), dm
    steps : int
    force : function of (points, share of the length) to ndarray, shape (N, 3)
        Where comb and gravity pull.
    outside : function of points to points
        Keeps strands out of the head and off the face.
    stiff : float, range [0, 1]

    Returns
    -------
    ndarray, shape (N, steps, 3), dm
    """
    path, step = [start], length[:, None] / (steps - 1)
    for i in range(1, steps):
        direction = normalised(stiff * direction + (1 - stiff) * force(path[-1], i / (steps - 1)))
        point = outside(path[-1] + step * direction)
        direction = normalised(0.5 * direction + 0.5 * normalised(point - path[-1]))
        path.append(point)
    return np.stack(path, 1)


def clump(path, number, strength, rng):
    """Draw strands together into locks, more towards the tips.

    Returns
    -------
    path : ndarray, shape (N, S, 3)
    lock : ndarray of int, shape (N,)
        The lock that each strand belongs to.
    """
    guides = rng.choice(len(path), min(number, len(path)), replace=False)
    middle = path.shape[1] // 2
    lock = cKDTree(path[guides][:, middle]).query(path[:, middle])[1]
    t = np.linspace(0, 1, path.shape[1])[None, :, None]
    share = strength * t**0.8 * rng.uniform(0.5, 1, (len(path), 1, 1))
    return path * (1 - share) + path[guides[lock]] * share, lock


def curl(path, width, period, lock, rng):
    """Wind strands into helices of `width` and `period` (dm); locks turn together."""
    along = normalised(np.gradient(path, axis=1))
    side = normalised(np.cross(along, normalised(rng.normal(size=3))))
    up = np.cross(along, side)
    length = np.linalg.norm(np.diff(path, axis=1), axis=2).cumsum(1)
    length = np.concatenate([np.zeros((len(path), 1)), length], 1)
    locks = lock.max() + 1
    phase = rng.uniform(0, 2 * np.pi, locks)[lock] + rng.normal(0, 0.5, len(path))
    turn = (
        2 * np.pi * length / (period * rng.uniform(0.7, 1.35, locks)[lock][:, None])
        + phase[:, None]
    )
    wide = width * rng.uniform(0.6, 1.3, locks)[lock][:, None] * np.minimum(length / period, 1)
    return path + wide[..., None] * (np.cos(turn)[..., None] * side + np.sin(turn)[..., None] * up)


def cut(path, beyond):
    """End strands where `beyond`, bool of shape (N, S), first holds."""
    steps = path.shape[1]
    first = np.where(beyond.any(1), beyond.argmax(1), steps - 1)
    place = np.linspace(0, 1, steps)[None] * np.maximum(first, 0.5)[:, None]
    low = np.minimum(place.astype(int), steps - 2)
    share = (place - low)[..., None]
    row = np.arange(len(path))[:, None]
    return path[row, low] * (1 - share) + path[row, low + 1] * share


def material(name, colour, grey=0.0):
    """A shader for strands: darker roots, each strand a little different, a soft shine."""
    shader = materials.Shader(name, 0.6, 0.14)
    info = shader.node("ShaderNodeHairInfo").outputs
    along = shader.range(info["Intercept"], 0, 0.8, 0.55, 1.15)
    each = shader.range(info["Random"], 0, 1, 0.72, 1.28)
    base = shader.mix("MULTIPLY", 1, materials.rgba(colour), along)
    base = shader.mix("MULTIPLY", 1, base, each)
    if grey:
        white = shader.range(info["Random"], 1 - grey, 1.0)
        base = shader.mix("MIX", white, base, (0.30, 0.295, 0.29, 1))
    shader.colour(base)
    volume = shader.node("ShaderNodeAttribute")
    volume.attribute_name = "volume"
    turned = shader.node("ShaderNodeVectorTransform", Vector=volume.outputs["Vector"])
    turned.vector_type, turned.convert_from, turned.convert_to = "NORMAL", "OBJECT", "WORLD"
    shader.tree.links.new(turned.outputs[0], shader.surface.inputs["Normal"])
    return shader.material


def add(name, path, radius, shader, centre, place=None):
    """Add strands to the scene.

    Parameters
    ----------
    path : ndarray, shape (N, S, 3), dm
    radius : float, dm
        At the root; tips are thinner.
    shader : bpy.types.Material
    centre : ndarray, shape (3,), dm
        Of the head: strands are lit like a volume around it.
    place : mathutils.Matrix, optional
    """
    bpy.context.scene.cycles_curves.subdivisions = 1
    for left in [c for c in bpy.data.hair_curves if not c.users]:
        bpy.data.hair_curves.remove(left)
    count, steps = path.shape[:2]
    curves = bpy.data.hair_curves.new(name)
    curves.add_curves([steps] * count)
    points = path.reshape(-1, 3)
    curves.position_data.foreach_set("vector", studio.to_blender(points).astype(np.float32).ravel())
    thick = (
        np.tile(np.interp(np.linspace(0, 1, steps), (0, 0.5, 1), (1, 0.9, 0.25)), count)
        * radius
        * 0.1
    )
    curves.attributes.new("radius", "FLOAT", "POINT").data.foreach_set(
        "value", thick.astype(np.float32)
    )
    along = normalised(np.gradient(path, axis=1)).reshape(-1, 3)
    out = points - centre
    out = normalised(
        normalised(out) - 0.6 * along * (normalised(out) * along).sum(1, keepdims=True)
    )
    curves.attributes.new("volume", "FLOAT_VECTOR", "POINT").data.foreach_set(
        "vector", (studio.to_blender(out) * 10).astype(np.float32).ravel()
    )
    curves.materials.append(shader)
    thing = bpy.data.objects.new(name, curves)
    if place is not None:
        thing.matrix_world = place
    bpy.context.scene.collection.objects.link(thing)
