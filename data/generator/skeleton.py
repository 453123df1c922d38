"""Bones of the base mesh, and one person whose parts follow them.

The bones and the weights of the skin come with MakeHuman's base mesh.  Clothes, hair, masks
and all else follow the skin next to them (linear blend skinning), so that a
posed person needs no second fit.
"""

import json

import bpy
import numpy as np
from mathutils import Matrix
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from .figure import add_person

SIDES = ("L", "R")
FINGERS = [f"finger{n}-{k}.{side}" for side in SIDES for n in range(1, 6) for k in (1, 2, 3)]
BONES = ["root", "spine05", "spine03", "neck01", "head", *FINGERS] + [
    f"{name}.{side}"
    for side in SIDES
    for name in (
        "clavicle",
        "upperarm01",
        "lowerarm01",
        "wrist",
        "upperleg01",
        "lowerleg01",
        "foot",
    )
]


def turn(axis, degrees):
    """Return the matrix of a turn about ``x`` (left), ``y`` (back) or ``z`` (up)."""
    return Rotation.from_euler(axis, degrees, degrees=True).as_matrix()


def swing(source, target):
    """Return the smallest turn that takes the direction `source` to `target`."""
    source, target = source / np.linalg.norm(source), target / np.linalg.norm(target)
    axis = np.cross(source, target)
    angle = np.arctan2(np.linalg.norm(axis), source @ target)
    return Rotation.from_rotvec(axis / max(np.linalg.norm(axis), 1e-9) * angle).as_matrix()


class Skeleton:
    """The few bones that are moved; every other one is part of the nearest of its parents.

    Attributes
    ----------
    names : list of str
        Parents stand before their children.
    parents : list of int
        -1 for the first.
    weights : ndarray, shape (19158, B)
        Share of each bone in each vertex of the base mesh.
    """

    def __init__(self, assets):
        data = json.loads((assets.folder / "public/data/models/human_full_size.json").read_text())
        bones = data["bones"]

        def kept(number):
            while bones[number]["name"].split("____")[0] not in BONES:
                number = bones[number]["parent"]
            return bones[number]["name"].split("____")[0]

        order = [bone["name"].removesuffix("____head") for bone in bones]
        self.names = [n for n in dict.fromkeys(order) if n in BONES]
        first = {name: order.index(name) for name in self.names}
        self.parents = [
            self.names.index(kept(bones[first[n]]["parent"])) if n != "root" else -1
            for n in self.names
        ]
        self.joints = {
            name: data["metadata"]["joint_pos_idxs"][f"{name}____head"] for name in self.names
        }
        self.tips = {
            name: data["metadata"]["joint_pos_idxs"][f"{name}____tail"] for name in self.names
        }
        index = np.array(data["skinIndices"]).reshape(-1, 4)
        share = np.array(data["skinWeights"]).reshape(-1, 4)
        column = np.array([self.names.index(kept(i)) for i in range(len(bones))])
        self.weights = np.zeros((len(index), len(self.names)))
        np.add.at(self.weights, (np.arange(len(index))[:, None], column[index]), share)
        self.weights /= self.weights.sum(1, keepdims=True)

    def transforms(self, heads, turns):
        """Return what each bone does to the points of the rest pose.

        Parameters
        ----------
        heads : dict of str to ndarray, shape (3,), m
            Where each bone begins at rest.
        turns : dict of str to ndarray, shape (3, 3)
            Turn of a bone against its parent; bones left out stay straight.

        Returns
        -------
        ndarray, shape (B, 3, 4)
        """
        made = np.zeros((len(self.names), 3, 4))
        for i, (name, parent) in enumerate(zip(self.names, self.parents)):
            local = np.eye(4)
            local[:3, :3] = turns.get(name, np.eye(3))
            local[:3, 3] = heads[name] - local[:3, :3] @ heads[name]
            above = np.eye(4)
            if parent >= 0:
                above[:3] = made[parent]
            made[i] = (above @ local)[:3]
        return made


class Puppet:
    """A person in the Blender scene who can be posed again and again.

    Parameters
    ----------
    assets : Assets
    skeleton : Skeleton
    person, picture : dict
        From `distributions.draw_person` and `distributions.draw_picture`.
    rng : numpy.random.Generator
        For the fit of the mask.

    Attributes
    ----------
    rest : ndarray, shape (19158, 3), m
        The base mesh in the pose in which the person was dressed.
    """

    def __init__(self, assets, skeleton, person, picture, rng):
        before = set(bpy.data.objects)
        straight = picture | {"yaw": 0.0, "pitch": 0.0, "roll": 0.0}
        self.rest = add_person(assets, person, straight, rng)
        self.skeleton, self.person = skeleton, person
        self.heads = {name: self.rest[points].mean(0) for name, points in skeleton.joints.items()}
        self.tips = {name: self.rest[points].mean(0) for name, points in skeleton.tips.items()}
        tree = cKDTree(self.rest[assets.body])
        self.parts = {}
        for thing in sorted(set(bpy.data.objects) - before, key=lambda thing: thing.name):
            points = coordinates(thing)
            distance, near = tree.query(points, 6)
            closeness = 1 / (distance**2 + 1e-7)
            closeness /= closeness.sum(1, keepdims=True)
            near = assets.body[near]
            weights = sum(closeness[:, k, None] * skeleton.weights[near[:, k]] for k in range(6))
            self.parts[thing] = (points, weights, near, closeness)

    def along(self, bone, to=None):
        """Return the direction of a bone at rest, or from it to another."""
        return (self.tips[bone] if to is None else self.heads[to]) - self.heads[bone]

    def show(self, visible):
        """Show or hide the person; who is hidden throws no shadow."""
        for thing in self.parts:
            thing.hide_render = thing.hide_viewport = not visible

    def pose(self, turns, place, moved=None, rest=None):
        """Pose and place the person.

        Parameters
        ----------
        turns : dict of str to ndarray, shape (3, 3)
            As in `Skeleton.transforms`.
        place : (float, float, float, float)
            x, y (m), turn (radians) and lift (m) above the ground that the soles touch.
        moved : ndarray, shape (19158, 3), m, optional
            What an expression adds to the base mesh at rest; eyes and teeth stay.
        rest : dict of str to ndarray, shape (V, 3), m, optional
            Other vertices at rest for the parts whose names begin so.

        Returns
        -------
        ndarray, shape (19158, 3), m
            The posed base mesh in the coordinates of the scene.
        """
        bones = self.skeleton.transforms(self.heads, turns)
        posed = {}
        for thing, (points, weights, near, closeness) in self.parts.items():
            kind = thing.name.split(".")[0]
            if rest and kind in rest:
                points = rest[kind]
            if moved is not None and kind in ("body", "brows", "lashes", "mask"):
                points = points + np.einsum("nk,nkc->nc", closeness, moved[near])
            posed[thing] = blend(weights, bones, points)
        x, y, angle, lift = place
        low = min(points[:, 2].min() for thing, points in posed.items() if thing.type == "MESH")
        spin, where = turn("z", np.degrees(angle)), np.array([x, y, lift - low])
        for thing, points in posed.items():
            put(thing, points)
            thing.matrix_world = Matrix([[*spin[i], where[i]] for i in range(3)] + [[0, 0, 0, 1]])
        body = self.rest if moved is None else self.rest + moved
        return blend(self.skeleton.weights, bones, body) @ spin.T + where


def coordinates(thing):
    """Return the vertices of a mesh or the points of strands, shape (N, 3), m."""
    if thing.type == "MESH":
        source, field = thing.data.vertices, "co"
    else:
        source, field = thing.data.position_data, "vector"
    points = np.empty(len(source) * 3, np.float32)
    source.foreach_get(field, points)
    return points.reshape(-1, 3).astype(float)


def put(thing, points):
    """Move the vertices of a mesh or the points of strands, shape (N, 3), m."""
    values = points.astype(np.float32).ravel()
    if thing.type == "MESH":
        thing.data.vertices.foreach_set("co", values)
        thing.data.update()
    else:
        thing.data.position_data.foreach_set("vector", values)
        thing.data.update_tag()


def blend(weights, bones, points):
    """Move points (N, 3) by the bones' transforms (B, 3, 4), shared by weights (N, B)."""
    mixed = (weights @ bones.reshape(len(bones), 12)).reshape(-1, 3, 4)
    return np.einsum("nij,nj->ni", mixed[:, :, :3], points) + mixed[:, :, 3]


def sight(points, origin, own, inside=True):
    """Return how much of a face the camera sees.

    A point is seen when the first thing on the way to it is closer to it than
    7 cm: its own skin, or the mask on it.

    Parameters
    ----------
    points : ndarray, shape (N, 3), m
        Landmarks of one person.
    origin : (float, float, float), m
    own : collection of bpy.types.Object
        The parts of that person.
    inside : bool or ndarray of bool, shape (N,)
        Whether each point lies in the picture.

    Returns
    -------
    seen, hidden : float, range [0, 1]
        Share of the points that are seen, and share that something other than the
        person hides.
    """
    graph = bpy.context.evaluated_depsgraph_get()
    own = {thing.name for thing in own}
    seen, hidden = [], []
    for point in points:
        far = np.linalg.norm(point - np.array(origin))
        hit, where, _, _, thing, _ = bpy.context.scene.ray_cast(
            graph, origin, (point - np.array(origin)) / far
        )
        free = not hit or np.linalg.norm(np.array(where) - origin) > far - 0.07
        seen.append(free)
        hidden.append(not free and thing.name not in own)
    return float((np.array(seen) & inside).mean()), float(np.mean(hidden))
