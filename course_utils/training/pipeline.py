"""From a table of faces to batches for a network.

One cut of a face for all chapters, and a fast `tf.data` pipeline.

What is slow and the same in every epoch (read, decode, cut, resize) is done once and kept as
eight-bit integers. What is random (order, augmentation) is done anew in every epoch, on whole
batches, while the network computes.
"""

import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from course_utils import quiet
from course_utils.errors import CourseError
from course_utils.pictures.annotations import Box, clip, crop
from course_utils.pictures.images import BadPicture, read_rgb

MARGIN = 0.25
"""What is cut around a face's box on every side, as a share of the box: hair, ears and some air, so
that a turned or shifted copy has something to show."""

BOX = ("x_min", "y_min", "x_max", "y_max")

SHIFT, ZOOM = 0.15, 0.3
"""How far `shaken` moves a box, as a share of its width and height, and scales it, as a logarithm:
standard deviations. Chosen on the embedded validation people with worn masks."""


def cut_face(picture, box, size, enlarge=Image.Resampling.BILINEAR):
    """Cut a face out of a picture and bring it to a square.

    Parameters
    ----------
    picture : ndarray, uint8, (height, width, 3), RGB
    box : sequence of four numbers, Box or None
        x_min, y_min, x_max, y_max in pixels, half open, without a margin. None: the picture is a
        cut face already.
    size : int
        Side of the square in pixels.
    enlarge : PIL.Image.Resampling
        The filter, on the way down as well; bilinear when not given, which averages when the
        picture is made smaller.

    Returns
    -------
    ndarray, uint8, (size, size, 3)
        The box with a margin of `MARGIN`, as far as it lies in the picture.

    Raises
    ------
    CourseError
        When nothing of the box lies in the picture.
    """
    if box is not None:
        picture = crop(picture, _as_box(box), MARGIN)
    return np.asarray(Image.fromarray(picture).resize((size, size), enlarge))


def shrink_face(
    picture, box, pixels, size, shrink=Image.Resampling.BOX, enlarge=Image.Resampling.BILINEAR
):
    """Show a face as a camera that is farther away would: few pixels, enlarged for the network.

    Parameters
    ----------
    picture : ndarray, uint8, (height, width, 3), RGB
    box : sequence of four numbers, Box or None
        As for `cut_face`.
    pixels : int
        What the face's shorter side is shrunk to, with its aspect kept. A face that is smaller
        already stays as it is.
    size : int
        Side of the square in pixels.
    shrink : PIL.Image.Resampling
        Averaging, as a sensor does, when not given.
    enlarge : PIL.Image.Resampling

    Returns
    -------
    ndarray, uint8, (size, size, 3)
        Cut as `cut_face` does.

    Raises
    ------
    CourseError
        When nothing of the box lies in the picture.
    """
    side = min(picture.shape[:2])
    if box is not None:
        found = _as_box(box)
        side = min(found.x_max - found.x_min, found.y_max - found.y_min)
        picture = crop(picture, found, MARGIN)
    if pixels < side:
        height, width = (max(1, round(length * pixels / side)) for length in picture.shape[:2])
        picture = np.asarray(Image.fromarray(picture).resize((width, height), shrink))
    return cut_face(picture, None, size, enlarge)


def random_size(picture, sizes, seed):
    """Draw a face size for a picture by its name, whatever other pictures there are.

    Parameters
    ----------
    picture : str
    sizes : (int, int)
        Smallest and largest, both included.
    seed : int

    Returns
    -------
    int
    """
    return int(_random(picture, seed).integers(sizes[0], sizes[1], endpoint=True))


def _random(picture, seed, purpose=""):
    """Return a generator for a picture's name, one for each purpose."""
    name = picture.encode(errors="backslashreplace")  # a name may hold bytes that are no UTF-8
    return np.random.default_rng([seed, zlib.crc32(name), *purpose.encode()])


def shaken(box, rng, shift=SHIFT, zoom=ZOOM):
    """Move and scale a box at random, as a detector's box differs from the one a person drew.

    Parameters
    ----------
    box : sequence of four numbers
        x_min, y_min, x_max, y_max in pixels.
    rng : numpy.random.Generator
    shift : float
        Standard deviation of the move, as a share of the box's width and height.
    zoom : float
        Standard deviation of the logarithm of each side's factor.

    Returns
    -------
    tuple of float
        The same of the new box.
    """
    x_min, y_min, x_max, y_max = box
    size = np.array([x_max - x_min, y_max - y_min])
    middle = np.array([x_min + x_max, y_min + y_max]) / 2 + rng.normal(0, shift, 2) * size
    half = size * np.exp(rng.normal(0, zoom, 2)) / 2
    return (*(middle - half), *(middle + half))


def shaken_in(picture, box, rng):
    """Shake a box, and keep it as it is where nothing of the new one would lie in the picture.

    Parameters
    ----------
    picture : ndarray, uint8, (height, width, 3)
    box : sequence of four numbers or Box
        As for `cut_face`.
    rng : numpy.random.Generator

    Returns
    -------
    Box
    """
    height, width = picture.shape[:2]
    own = _as_box(box)
    moved = _as_box(shaken((own.x_min, own.y_min, own.x_max, own.y_max), rng))
    return own if clip(moved, width, height) is None else moved


def read_face(path, box, size, pixels=None, enlarge=Image.Resampling.BILINEAR, shake=None):
    """Read a picture's file and cut a face out of it; see `cut_face`.

    Parameters
    ----------
    path : path-like
    box : sequence of four numbers, Box or None
    size : int
    pixels : int, optional
        Shrink the face to so many pixels first; see `shrink_face`.
    enlarge : PIL.Image.Resampling
    shake : numpy.random.Generator, optional
        Draws another box near the given one, see `shaken`; a picture without a box is cut already.

    Returns
    -------
    ndarray, uint8, (size, size, 3)

    Raises
    ------
    course_utils.pictures.images.BadPicture
        When the file is no readable picture.
    CourseError
        When nothing of the box lies in the picture; names the file.
    """
    picture = read_rgb(path, reduced=box is None)
    try:
        if shake is not None and box is not None:
            box = shaken_in(picture, box, shake)
        if pixels is None:
            return cut_face(picture, box, size, enlarge)
        return shrink_face(picture, box, pixels, size, enlarge=enlarge)
    except CourseError as error:
        raise CourseError(f"{path}: {error}") from error


def read_faces(
    table,
    folder,
    size,
    problems=None,
    sizes=None,
    seed=0,
    enlarge=Image.Resampling.BILINEAR,
    shake=False,
):
    """Read the faces of a table, several at a time.

    Parameters
    ----------
    table : pandas.DataFrame
        Column `picture`: path below `folder`. Columns `x_min`, `y_min`, `x_max`, `y_max`: the
        face's box in pixels; where they are missing or empty the whole picture is the face.
    folder : path-like
    size : int
        Side in pixels.
    problems : list, optional
        Gets (row number, sentence) for each face that can't be read, which stays black. Without it
        the first one stops.
    sizes : (int, int), optional
        Shrink each face to a random size in this range of pixels, drawn by `random_size`.
    seed : int
        Of what is random.
    enlarge : PIL.Image.Resampling
        How a face is brought to the square.
    shake : bool
        Move and scale each box at random first, see `shaken`; drawn by the picture's name, whatever
        other pictures there are. A picture without a box stays as it is.

    Returns
    -------
    ndarray, uint8, (n, size, size, 3), RGB
        In the order of the table.

    Raises
    ------
    course_utils.pictures.images.BadPicture, CourseError
        When a face can't be read and `problems` is not given.
    """
    faces = np.zeros((len(table), size, size, 3), np.uint8)
    paths, boxes = _places(table, folder)
    names = list(table["picture"])
    pixels = [None if sizes is None else random_size(name, sizes, seed) for name in names]

    def read(number):
        rng = _random(names[number], seed, "box") if shake else None
        try:
            faces[number] = read_face(
                paths[number], boxes[number], size, pixels[number], enlarge, rng
            )
        except (BadPicture, CourseError) as error:
            if problems is None:
                raise
            return number, str(error)

    with ThreadPoolExecutor(
        min(16, os.cpu_count() or 1)
    ) as pool:  # Pillow leaves Python's lock while it decodes
        found = list(pool.map(read, range(len(table))))
    if problems is not None:
        problems += [problem for problem in found if problem is not None]
    return faces


def face_dataset(table, folder, size, batch, classes, augment=None, shuffle_seed=None, cache=True):
    """Make batches of a table's faces.

    Parameters
    ----------
    table : pandas.DataFrame
        As for `read_faces`, and a column `label` or, for four classes, whatever column the caller
        has renamed to it.
    folder : path-like
        What `picture` starts from.
    size : int
        Side in pixels.
    batch : int
        Pictures a batch; the last one of an epoch may be smaller.
    classes : sequence of str
        The labels in the order of the network's outputs.
    augment : callable, optional
        Called as `augment(pictures, training=True)` on each batch;
        `course_utils.augmentation.policy` makes such ones.
    shuffle_seed : int, optional
        Shuffle anew in every epoch, in an order that depends on this number. Without it the order
        is the table's.
    cache : bool
        Read all faces now and keep them in memory: 12 kB a face at 64 pixels, 147 kB at 224. False:
        read in every epoch.

    Returns
    -------
    tf.data.Dataset
        Of (float32 (n, size, size, 3), RGB, 0 to 255; int32 (n,)). With seeds here and in the
        policy, two datasets give the same batches, epoch by epoch.

    Raises
    ------
    CourseError
        When a label is not among `classes`, the table is empty or, with `cache`, a picture can't be
        read.
    """
    unknown = sorted(set(table["label"]) - set(classes))
    if unknown or not len(table):
        what = (
            f"labels that are no class of {', '.join(classes)}: {', '.join(map(str, unknown))}"
            if unknown
            else "no faces"
        )
        raise CourseError(
            f"The table of faces in {folder} holds {what}; correct the table or the classes."
        )
    numbers = {name: number for number, name in enumerate(classes)}
    labels = table["label"].map(numbers).to_numpy(np.int32)
    if cache:
        return array_dataset(read_faces(table, folder, size), labels, batch, augment, shuffle_seed)
    quiet.import_keras()
    import tensorflow as tf

    paths, boxes = _places(table, folder)

    def read(number):
        face = tf.numpy_function(
            lambda n: read_face(paths[n], boxes[n], size), [number], tf.uint8, stateful=False
        )
        return tf.ensure_shape(face, (size, size, 3)), tf.gather(labels, number)

    pictures = (
        _order(len(table), shuffle_seed)
        .map(read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .batch(batch)
    )
    return _augmented(pictures, augment)


def array_dataset(faces, labels, batch, augment=None, shuffle_seed=None):
    """Make batches of faces in memory; see `face_dataset`.

    Parameters
    ----------
    faces : ndarray, uint8, (n, size, size, 3), RGB
    labels : ndarray of int, (n,)
    batch, augment, shuffle_seed
        As for `face_dataset`.

    Returns
    -------
    tf.data.Dataset
        Of (float32 (n, size, size, 3), 0 to 255; int32 (n,)).
    """
    quiet.import_keras()
    import tensorflow as tf

    with tf.device("CPU"):  # not the accelerator's memory
        faces, labels = tf.constant(faces), tf.constant(np.asarray(labels, np.int32))
    numbers = _order(len(faces), shuffle_seed).batch(batch)  # numbers are shuffled, not pictures
    return _augmented(
        numbers.map(lambda chosen: (tf.gather(faces, chosen), tf.gather(labels, chosen))), augment
    )


def _order(count, shuffle_seed):
    import tensorflow as tf

    numbers = tf.data.Dataset.range(count)
    return (
        numbers
        if shuffle_seed is None
        else numbers.shuffle(count, seed=shuffle_seed, reshuffle_each_iteration=True)
    )


def _augmented(batches, augment):
    import tensorflow as tf

    def spoil(faces, labels):
        faces = tf.cast(faces, tf.float32)
        return (faces if augment is None else augment(faces, training=True)), labels

    # One batch after the other: several at once would draw random numbers in an order that depends
    # on chance.
    return batches.map(spoil).prefetch(4)


def have_boxes(table):
    """Tell whether each row of a table of faces has a box."""
    return set(BOX) <= set(table) and bool(table[list(BOX)].notna().all(axis=None))


def _places(table, folder):
    """List the paths and the boxes (None where there are none) of a table's faces."""
    paths = [Path(folder) / name for name in table["picture"]]
    if not set(BOX) <= set(table.columns):
        return paths, [None] * len(paths)
    return paths, [
        None if np.isnan(edges).any() else edges for edges in table[list(BOX)].to_numpy(float)
    ]


def _as_box(box):
    return box if isinstance(box, Box) else Box("", *(round(float(edge)) for edge in box))
