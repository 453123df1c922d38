"""Pictures and archives for the tests: drawn, no photographs."""

import io
import tarfile
import zipfile

import numpy as np
from PIL import Image


def noise(seed, height=48, width=48):
    """Random pixels, uint8 (height, width, 3): no two seeds alike, and hardly compressible."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def encoded(rgb, format="PNG", **options):
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, format, **options)
    return stream.getvalue()


def zipped(files, method=zipfile.ZIP_STORED):
    """Make a zip archive of {name: bytes}; an int as mode beside the bytes makes the member what
    the mode says.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            content, mode = content if isinstance(content, tuple) else (content, 0o100644)
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, method
            archive.writestr(info, content)
    return stream.getvalue()


def tarred(files, mode="w:gz"):
    """Make a tar archive of {name: bytes}; a TarInfo instead of bytes is added as it is."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def scene(height=120, width=160, shade=90):
    """A plain grey picture, uint8 (height, width, 3)."""
    return np.full((height, width, 3), shade, np.uint8)
