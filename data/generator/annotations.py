"""Write what is known about each picture: tables, boxes of the scenes, manifest.

Every file is written under a temporary name beside its final one and then
renamed, so that a reader never meets half a file.
"""

import csv
import hashlib
import io
import os
from pathlib import Path

FACE_COLUMNS = [
    "picture",
    "person",
    "split",
    "label",
    "wearing",
    "mask_type",
    "occlusion",
    "monk_tone",
    "age_group",
    "gender",
    "hair",
    "beard",
    "glasses",
    "head_covering",
    "yaw",
    "pitch",
    "roll",
    "light",
    "x_min",
    "y_min",
    "x_max",
    "y_max",
]
LANDMARK_COLUMNS = ["picture"] + [f"{axis}{i}" for i in range(68) for axis in "xy"]
SCENE_CLASSES = ["with_mask", "without_mask", "mask_weared_incorrect"]


def write_bytes(path, content):
    """Write `content` to `path` through a temporary file and a rename.

    Parameters
    ----------
    path : str or Path
        The final place; its folder is made when missing.
    content : bytes
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def write_table(path, columns, rows):
    """Write dictionaries as a CSV table with Unix line ends.

    Parameters
    ----------
    path : str or Path
    columns : list of str
        The header; also the order of the values.
    rows : iterable of dict
        Keys that are not in `columns` are left out.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(path, text.getvalue().encode())


def binary_label(wearing):
    """Return ``with_mask`` only for a mask worn over nose and mouth.

    Parameters
    ----------
    wearing : {'none', 'proper', 'under_nose', 'nose_only', 'under_chin'}
    """
    return "with_mask" if wearing == "proper" else "without_mask"


def scene_class(wearing):
    """Return the three-way name that the annotated scenes use for `wearing`."""
    if wearing == "none":
        return "without_mask"
    return "with_mask" if wearing == "proper" else "mask_weared_incorrect"


def voc_xml(picture, width, height, faces):
    """Describe a scene in PASCAL VOC form.

    Parameters
    ----------
    picture : str
        File name of the scene.
    width, height : int
        Size in pixels.
    faces : list of (str, tuple of int, bool)
        Class name, box (x_min, y_min, x_max, y_max) in pixels, inside the
        picture, and whether something stands before the face; a face cut by the
        border is marked as truncated.

    Returns
    -------
    str
    """
    lines = [
        "<annotation>",
        "    <folder>scenes</folder>",
        f"    <filename>{picture}</filename>",
        "    <size>",
        f"        <width>{width}</width>",
        f"        <height>{height}</height>",
        "        <depth>3</depth>",
        "    </size>",
        "    <segmented>0</segmented>",
    ]
    for name, (x_min, y_min, x_max, y_max), occluded in faces:
        truncated = int(x_min <= 0 or y_min <= 0 or x_max >= width or y_max >= height)
        lines += [
            "    <object>",
            f"        <name>{name}</name>",
            "        <pose>Unspecified</pose>",
            f"        <truncated>{truncated}</truncated>",
            f"        <occluded>{int(occluded)}</occluded>",
            "        <difficult>0</difficult>",
            "        <bndbox>",
            f"            <xmin>{x_min}</xmin>",
            f"            <ymin>{y_min}</ymin>",
            f"            <xmax>{x_max}</xmax>",
            f"            <ymax>{y_max}</ymax>",
            "        </bndbox>",
            "    </object>",
        ]
    return "\n".join(lines + ["</annotation>", ""])


def yolo_txt(width, height, faces):
    """Describe a scene in YOLO form: class, centre and size as shares of the picture.

    Parameters and the order of `faces` are those of `voc_xml`.
    """
    lines = []
    for name, (x_min, y_min, x_max, y_max), _ in faces:
        values = (
            (x_min + x_max) / 2 / width,
            (y_min + y_max) / 2 / height,
            (x_max - x_min) / width,
            (y_max - y_min) / height,
        )
        lines.append(f"{SCENE_CLASSES.index(name)} " + " ".join(f"{v:.6f}" for v in values))
    return "\n".join(lines + [""])


def write_manifest(folder, names):
    """List files below `folder` with their size and SHA-256 in ``manifest.csv``.

    Parameters
    ----------
    folder : str or Path
    names : iterable of str
        The files that a run made, relative to `folder`; what else lies there,
        an older picture or the data card, is not listed.
    """
    folder = Path(folder)
    rows = []
    for name in sorted(names):
        content = (folder / name).read_bytes()
        rows.append(
            {"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        )
    write_table(folder / "manifest.csv", ["path", "bytes", "sha256"], rows)
