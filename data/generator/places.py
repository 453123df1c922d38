"""The six places of the scenes and who stands where in them."""

from . import interiors, outdoors

BUILT = {
    "hall": interiors.hall,
    "street": outdoors.street,
    "shop": interiors.shop,
    "platform": interiors.platform,
    "park": outdoors.park,
    "classroom": interiors.classroom,
}
SCENES = {1: "hall", 2: "street", 3: "shop", 4: "platform", 5: "park", 6: "classroom"}
REACH = {  # how far left and right of the camera one may stand, m
    "hall": (-2.6, 2.6),
    "street": (-5.5, 5.5),
    "shop": (-2.3, 2.3),
    "platform": (-2.1, 2.2),
    "park": (-3.2, 3.2),
    "classroom": (-3.2, 3.2),
}
DEPTHS = {  # distance of each person, m; the first one is cut by the border
    "hall": [1.5, 1.9, 2.6, 3.3, 4.2, 5.2, 6.6, 8.4, 11.0, 13.2],
    "street": [1.6, 2.2, 3.0, 3.7, 4.6, 5.6, 6.8, 8.0, 9.3, 10.8, 12.0, 12.8, 13.4],
    "shop": [1.4, 2.1, 2.9, 3.9, 5.2, 7.0, 9.4],
    "platform": [1.5, 2.0, 2.7, 3.5, 4.3, 5.3, 6.4, 7.6, 9.0, 10.6, 12.2],
    "park": [1.5, 2.4, 3.2, 3.6, 4.8, 6.0, 7.4, 9.6, 12.4],
    "classroom": [1.55, 2.2, 3.75, 5.0, 8.4],
}
SEATED = {"classroom": [0, 1, 2, 4, 5, 6, 8]}  # desks of `interiors.DESKS` where someone sits
OUTSIDE = {"street", "park"}
