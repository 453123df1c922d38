"""Draw masks on faces: `put_on` masks one face; `course mask` is behind `job`.

In reading order: `wearing` (where a mask goes), `head` (the head below it), `warp` (bending a
texture over it), `textures` (mask types), `light` (of the face), `fabric` and `straps`, `paint`
(all of it together), `quality`. `draw` makes the textures. `choice` and `mix` say which mask a face
gets.
"""

from course_utils.masks.choice import MaskChoice
from course_utils.masks.paint import Masked, put_on
from course_utils.masks.patterns import pattern_names
from course_utils.masks.quality import Quality
from course_utils.masks.textures import load_texture, type_names

__all__ = [
    "MaskChoice",
    "Masked",
    "Quality",
    "load_texture",
    "pattern_names",
    "put_on",
    "type_names",
]
