"""Try masks on in a notebook: choose a type, a colour and a way of wearing."""

import ipywidgets
import numpy as np

from course_utils import figures
from course_utils.masks import MaskChoice, put_on
from course_utils.masks.choice import WEARS, parse_color
from course_utils.masks.textures import type_names
from course_utils.notebook import widgets
from course_utils.profiles import SEED

PATTERNS = ("none", "checks", "stripes", "dots", "flowers")


def fitting_room(pictures, faces):
    """Put controls for a mask above a head before and after the mask is drawn.

    Parameters
    ----------
    pictures : sequence of ndarray, uint8, (H, W, 3), RGB
    faces : sequence of course_utils.faces.finding.Face
        One in each picture.

    Returns
    -------
    ipywidgets.VBox
        To be shown with `widgets.show`.
    """

    def draw(kind, color, pattern, wear, position, head):
        choice = MaskChoice(
            kind,
            color=parse_color(color),
            pattern=None if pattern == "none" else pattern,
            pattern_weight=0.8,
            wear=wear,
            position=position,
        )
        picture, face = pictures[head - 1], faces[head - 1]
        drawn = put_on(picture, face, choice, np.random.default_rng(SEED))
        titles = ["before", drawn.quality.reason or "kept"]
        figure = figures.picture_grid([picture, drawn.image], titles, columns=2, size=3)
        return figure, "A head before and after the mask was drawn."

    controls = (
        ipywidgets.Dropdown(options=type_names(), value="cloth", description="type"),
        ipywidgets.ColorPicker(value="#3a7d5d", description="colour"),
        ipywidgets.Dropdown(options=PATTERNS, description="pattern"),
        ipywidgets.Dropdown(options=WEARS, description="worn"),
        *widgets.sliders({"position": (-0.6, 0.6, 0.0), "head": (1, len(pictures), 1)}),
    )
    return widgets.figure_with_controls(draw, *controls, photographic=True)
