"""Policies of random changes that imitate a camera's faults, as Keras layers for `tf.data`.

Chapter 03 explains every one of them. `policy` builds them by name; `layers` holds what Keras
itself does not have; `face_size` is the one of chapter 06. Both define Keras layers, so importing
them loads TensorFlow.
"""

from course_utils.errors import CourseError

POLICIES = ("none", "light", "full")


def policy(name, seed=None):
    """Build a policy of augmentation.

    Parameters
    ----------
    name : str
        "none"; "light": mirrored, a little turned, shifted and lit otherwise; "full": all that
        chapter 03 imitates, the order being that of the light: before the camera, lens, sensor,
        file.
    seed : int, optional
        Two policies of one name and seed spoil the same batches in the same way, one batch after
        the other.

    Returns
    -------
    keras.Sequential or None
        Takes float32 (n, height, width, 3), RGB, 0 to 255, any n; gives the same; call it with
        `training=True`. It can be saved and loaded by Keras. None for "none".

    Raises
    ------
    CourseError
        When there is no policy of that name.
    """
    if name not in POLICIES:
        raise CourseError(
            f"There is no augmentation policy {name!r}: choose one of {', '.join(POLICIES)}."
        )
    if name == "none":
        return None
    from course_utils.augmentation import layers
    from course_utils.augmentation.layers import keras

    numbers = iter(range(1_000_000) if seed is None else range(1000 * seed, 1000 * seed + 1000))

    def drawn():
        return None if seed is None else next(numbers)

    if name == "light":
        faults = [
            layers.RandomWarp(rotation=8, zoom=0.06, shift=0.04, seed=drawn()),
            layers.RandomLight(exposure=0.3, contrast=0.15, saturation=0.2, hue=0.01, seed=drawn()),
        ]
    else:
        hidden = keras.layers.RandomErasing(
            factor=(1.0, 1.0),
            scale=(0.02, 0.06),
            fill_value=110,
            value_range=(0, 255),
            seed=drawn(),
            dtype="float32",
        )
        faults = [
            layers.RandomWarp(
                rotation=18, shear=8, zoom=0.15, shift=0.06, perspective=0.12, seed=drawn()
            ),
            layers.Sometimes(hidden, 0.25, seed=drawn()),
            layers.RandomLight(exposure=0.7, contrast=0.3, saturation=0.4, hue=0.03, seed=drawn()),
            layers.Sometimes(
                layers.RandomBlur(focus=0.015, motion=0.06, seed=drawn()), 0.35, seed=drawn()
            ),
            layers.Sometimes(layers.RandomNoise(deviation=18, seed=drawn()), 0.35, seed=drawn()),
            layers.Sometimes(
                layers.RandomJpeg(lowest=12, highest=70, seed=drawn()), 0.35, seed=drawn()
            ),
        ]
    augment = keras.Sequential(faults, name=f"augment_{name}")
    augment.dtype_policy = (  # under mixed precision it would round the pictures to eleven bits
        "float32"
    )
    return augment
