"""The masks that `random` draws from: which types, colours and patterns, and how often.

The shares follow what people wear on photographs of the years 2020 to 2022: mostly surgical masks
in pale blue and white, then cloth, half of it black. A folded mask in black stands for the many
moulded ones of that shape. Some of everything else is there because a classifier that has only seen
blue, white and black overlooks yellow and flowers.
"""

RANDOM = (
    # share, format as in --code
    (36, "surgical_blue"),
    (24, "surgical"),
    (8, "surgical_green"),
    (12, "surgical-#1e1e21"),
    (4, "surgical-#ec9cba"),
    (2, "surgical-#f0c8d8"),
    (24, "cloth-#18181a"),
    (12, "cloth-#46484c"),
    (6, "cloth-#6a6c72"),
    (8, "cloth-#242c4e"),
    (6, "cloth-#ebebe8"),
    (4, "cloth-#96989c"),
    (6, "cloth-#a0202c"),
    (4, "cloth-#e6c030"),
    (4, "cloth-#d8286e"),
    (4, "cloth-#e8a8b8"),
    (4, "cloth-#e6bea6"),
    (2, "cloth-#2f7f86"),
    (2, "cloth-#5a8ac8"),
    (2, "cloth-#3c6e46"),
    (3, "cloth-#283c6e-checks"),
    (2, "cloth-#b03040-checks"),
    (2, "cloth-#e1e1dc-stripes"),
    (3, "cloth-#c83c5a-dots"),
    (3, "cloth-#f0d0d8-dots"),
    (3, "cloth-#1e5a3c-flowers"),
    (4, "cloth-#e6dcc8-flowers"),
    (3, "cloth-#e0b83c-flowers"),
    (3, "cloth-#222226-flowers"),
    (12, "KN95"),
    (12, "KN95-#1a1a1c"),
    (2, "KN95-#c8c8cc"),
    (2, "KN95-#b02028"),
    (10, "N95"),
    (4, "N95-#222224"),
    (2, "gas"),
)
