"""A contact sheet: pictures drawn at random, not picked."""

import numpy as np
from PIL import Image

from .develop import jpeg
from .distributions import generator

COLUMNS, ROWS, SIDE = 10, 10, 112


def contact_sheet(folder):
    """Return the bytes of a JPEG with up to 100 pictures of ``folder/faces``."""
    pictures = sorted((folder / "faces").glob("*.jpg"))
    order = generator(0, 0, 7).permutation(len(pictures))[: COLUMNS * ROWS]
    sheet = Image.new("RGB", (COLUMNS * SIDE, int(np.ceil(len(order) / COLUMNS)) * SIDE))
    for place, i in enumerate(order):
        picture = Image.open(pictures[i], formats=["JPEG"]).resize((SIDE, SIDE), Image.LANCZOS)
        sheet.paste(picture, (place % COLUMNS * SIDE, place // COLUMNS * SIDE))
    return jpeg(sheet, 85)
