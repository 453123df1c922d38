"""Decide by measures whether a mask on a face can be kept, and say why when it can't."""

from dataclasses import dataclass, field

SMALLEST = 10.0  # distance of the outer eye corners, pixels: below it the landmarks are guesses
# root mean square of landmarks against the mean head, in distances of the outer eye corners
WORST_FIT = 0.20
STEEPEST = {"yaw": 70.0, "pitch": 50.0}  # degrees
LEAST_INSIDE = 0.33  # share of the mask that lies in the picture
LEAST_ON_FACE = 0.60  # share of the mask that lies on the face as its landmarks outline it


@dataclass(frozen=True)
class Quality:
    """Whether a masked face can be kept.

    Attributes
    ----------
    ok : bool
    reason : str or None
        Why not: one clause with the measure and its limit.
    measures : dict
        `size` (pixels between the outer eye corners), `fit`, `yaw`, `pitch`, `roll` (degrees);
        after drawing also `inside` and `on_face` (shares of the mask, 0 to 1).
    """

    ok: bool
    reason: str | None = None
    measures: dict = field(default_factory=dict)


def judge_face(pose):
    """Judge a face before anything is drawn.

    Parameters
    ----------
    pose : course_utils.masks.head.Pose

    Returns
    -------
    Quality
    """
    measures = {
        "size": pose.scale,
        "fit": pose.error,
        "yaw": pose.yaw,
        "pitch": pose.pitch,
        "roll": pose.roll,
    }
    if pose.scale < SMALLEST:
        return Quality(
            False,
            f"face too small: {pose.scale:.0f} pixels between the eyes' outer corners,"
            f" {SMALLEST:.0f} needed",
            measures,
        )
    if pose.error > WORST_FIT:
        return Quality(
            False,
            f"landmarks implausible: they miss a head by {pose.error:.2f}, at most {WORST_FIT:.2f}"
            " allowed",
            measures,
        )
    for name, limit in STEEPEST.items():
        if abs(measures[name]) > limit:
            return Quality(
                False,
                f"pose too steep: {name} {measures[name]:.0f} degrees, at most {limit:.0f} allowed",
                measures,
            )
    return Quality(True, None, measures)


def judge_mask(before, inside, on_face):
    """Judge a mask after it was drawn.

    Parameters
    ----------
    before : Quality
        Of the face.
    inside, on_face : float
        Shares of the mask that lie in the picture and, of that, on the face.

    Returns
    -------
    Quality
    """
    measures = {**before.measures, "inside": float(inside), "on_face": float(on_face)}
    if inside < LEAST_INSIDE:
        return Quality(
            False,
            f"mask outside the picture: {inside:.0%} of it inside, {LEAST_INSIDE:.0%} needed",
            measures,
        )
    if on_face < LEAST_ON_FACE:
        return Quality(
            False,
            f"mask outside the face: {on_face:.0%} of it on the face, {LEAST_ON_FACE:.0%} needed",
            measures,
        )
    return Quality(True, None, measures)
