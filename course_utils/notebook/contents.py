"""What an artefact holds, as one hash: the same whenever it is made again with the same result.

A `.keras` file is an archive with the time of saving in it, and Keras numbers the layers of a
process through. So of a network the weights count, and its configuration without names.
"""

import hashlib
import json
import zipfile

from course_utils import files

NAMES = {"name", "inbound_nodes", "input_layers", "output_layers"}
"""Of a network's configuration: what holds the names that Keras gives."""


def content(path):
    """Hash what a file holds.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    str
        64 hexadecimal digits. Of a `.keras` file the weights, the configuration and whatever else
        is in the archive count, but neither times nor the names of layers; of other files, and of
        one that only calls itself `.keras`, every byte.

    Raises
    ------
    OSError
        When the file can't be read.
    """
    if str(path).endswith(".keras"):
        try:
            return _network(path)
        except (zipfile.BadZipFile, KeyError, ValueError, OSError):
            return files.sha256(path)
    return files.sha256(path)


def own_content(path):
    """Hash a file of the chapter that is asked about: as `content`, but of metrics the names.

    Some of them are milliseconds, which no two runs have in common.

    Raises
    ------
    OSError
        When the file can't be read.
    """
    if path.name != "metrics.json":
        return content(path)
    try:
        names = sorted(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        return files.sha256(path)
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def _network(path):
    """Hash the weights and the configuration of a `.keras` file."""
    import h5py

    digest = hashlib.sha256()

    def add(name, dataset):
        if isinstance(dataset, h5py.Dataset):
            digest.update(f"{name} {dataset.dtype} {dataset.shape}\n".encode())
            digest.update(dataset[()].tobytes())

    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name == "model.weights.h5":
                with archive.open(name) as stream, h5py.File(stream, "r") as weights:
                    weights.visititems(add)
            elif name == "config.json":
                config = _without_names(json.loads(archive.read(name)))
                digest.update(json.dumps(config, sort_keys=True).encode())
            elif name != "metadata.json":
                digest.update(name.encode() + archive.read(name))
    return digest.hexdigest()


def _without_names(value):
    if isinstance(value, dict):
        return {key: _without_names(part) for key, part in value.items() if key not in NAMES}
    return [_without_names(part) for part in value] if isinstance(value, list) else value
