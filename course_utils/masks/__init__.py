"""Draw masks on faces: `put_on` is the door; the modules behind it are in reading order wearing, head, warp, textures, light, paint."""

from course_utils.masks.choice import MaskChoice
from course_utils.masks.paint import Masked, put_on
from course_utils.masks.patterns import pattern_names
from course_utils.masks.quality import Quality
from course_utils.masks.textures import load_texture, type_names

__all__ = ["MaskChoice", "Masked", "Quality", "load_texture", "pattern_names", "put_on", "type_names"]
