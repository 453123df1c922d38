"""Put one person, dressed and posed, into the Blender scene."""

import numpy as np

from . import accessories, beard, gestures, hair, headwear, mask, materials, prints, strands, studio
from .distributions import muted
from .person import CHIN, build, proxies, stubble_and_scalp, turn_head

_static = {}


def static(assets):
    """Return what depends on the base mesh only: beard, scalp and where skin is measured."""
    if not _static:
        beard, scalp = stubble_and_scalp(assets)
        x, y, z = assets.vertices.T
        bare = (z > 0.8) & (
            ((y > 7.5) & (y < 7.9) & (z > 1.1))
            | ((np.abs(x) > 0.32) & (np.abs(x) < 0.62) & (y > 6.55) & (y < 7.02))
        )
        on_face = bare[assets.faces].all(1)
        _static.update(
            beard=beard, scalp=scalp, face_uv=assets.uv[assets.face_uvs[on_face]].reshape(-1, 2)
        )
    return _static


def scalp_paint(assets, style):
    """Return how densely the scalp is painted in the colour of the hair, shape (19158,)."""
    scalp = static(assets)["scalp"]
    if style in hair.STYLES:
        return hair.density(assets, scalp, style) * (0.5 if style == "receding" else 1.6)
    return scalp * (0.9 if style == "buzz" else 0)


def skin_texture(assets, person):
    """Return the file of the skin texture of a person."""
    age = {"child": "young", "young": "young", "middle": "middleage", "old": "old"}
    gender = "female" if person["gender"] == "woman" else "male"
    skins = assets.skins(age[person["age_group"]], person["main_ancestry"], gender)
    return skins[int(person["skin_texture"] * len(skins))]


def shaders(assets, person):
    """Make the materials of a person."""
    path = skin_texture(assets, person)
    worn = proxies(assets, person)
    colour = person["hair_colour"]
    made = {
        "skin": materials.skin(path, static(assets)["face_uv"], person),
        "eyes": materials.textured(
            "eyes",
            assets.eye_texture(person["eyes"]),
            saturation=0.9 if "brown" in person["eyes"] else 0.5,
            value=0.55,
            roughness=0.08,
        ),
        "teeth": materials.textured("teeth", worn["teeth"].texture, value=0.85, roughness=0.35),
        "clothes": materials.textured(
            "clothes",
            worn["clothes"].texture,
            person["clothes_hue"],
            person["clothes_saturation"],
            person["clothes_value"],
        ),
        "brows": materials.strands(
            "brows", worn["brows"].texture, np.clip(colour * 0.55, 0.006, 0.16), 0.9, False
        ),
        "lashes": materials.strands(
            "lashes", worn["lashes"].texture, np.array([0.012, 0.01, 0.009]), 0.9, False
        ),
    }
    if "shoes" in worn:
        made["shoes"] = materials.textured("shoes", worn["shoes"].texture, value=0.7)
    if "hair" in worn:
        made["hair"] = materials.strands("hair", worn["hair"].texture, colour, 0.62, True)
    return made


def put_on(assets, body, parts, person, worn, rng):
    """Add to `parts` what is not fitted by the assets: strands, mask, glasses, hat, arm.

    Returns
    -------
    extra : dict of str to tuple
        Faces, material, texture coordinates, their faces, levels of smoothing.
    grown_strands : dict of str to tuple
        Shape of the array of strands, radius at the root (dm).
    hand : sequence or None
        Vertices, faces and their texture coordinates of a raised hand.
    """
    extra = {}  # name -> faces, material, uv, face_uvs, levels of smoothing

    def add(name, mesh, material, uv=None, smooth=0):
        parts[name] = mesh[0]
        extra[name] = (mesh[1], material, uv, None if uv is None else mesh[1], smooth)

    grown_strands = {}  # name -> strands, points of a strand, radius (dm)
    if person["hair"] in hair.STYLES:
        path = hair.style(assets, body, person, static(assets)["scalp"])
        parts["strands"], grown_strands["strands"] = path.reshape(-1, 3), (path.shape, 0.0075)
    if person["wearing"] != "none":
        vertices, faces, uv, loops = mask.sheet(assets, body, person, rng)
        add(
            "mask", (vertices, faces), materials.printed("mask", prints.pattern(person, rng)), uv, 1
        )
        white = person["mask_type"] in ("surgical", "KN95") and person["mask_colour"].mean() > 0.1
        add(
            "loops",
            loops,
            materials.fabric("loops", [0.8] * 3 if white else person["mask_colour"] * 0.8),
        )
    if person["occlusion"] == "scarf":
        colour = muted(rng)
        add(
            "scarf",
            mask.scarf(assets, body, rng),
            materials.fabric("scarf", colour, 220, 0.7),
            None,
            1,
        )
    if person["glasses"] != "none":
        frame, lenses = accessories.glasses(assets, body, person["glasses"])
        metal = person["glasses"] == "thin"
        colour = person["frame_colour"] + 0.25 * metal
        add("frame", frame, materials.plain("frame", colour, 0.3, 0.5, float(metal)))
        add("lenses", lenses, materials.plain("lenses", (0.02, 0.025, 0.03), 0.5, 0.1, alpha=0.05))
    if person["head_covering"] != "none":
        kind = person["head_covering"]
        meshes, tuck = headwear.headwear(
            assets, body, kind, np.random.default_rng([int(person["shape"]), 3])
        )
        colour = person["hat_colour"]
        if kind == "hood":
            colour = gestures.cloth_colour(worn["clothes"].texture, person)
        cloth = materials.fabric(
            "hat", colour, 130 if kind == "knit_hat" else 500, 0.8 if kind == "knit_hat" else 0.2
        )
        for i, mesh in enumerate(meshes):
            add(f"hat{i}", mesh, cloth, None, 1)
        for name in ("hair", "strands", "frame", "loops"):
            if name not in parts or (name in extra and kind not in headwear.OPENING):
                continue
            parts[name] = tuck(parts[name])
    hand = None
    if person["occlusion"] == "hand":
        hand = gestures.hand(assets, body, rng)
    if person["occlusion"] == "arm":
        *hand, sleeve = gestures.raised_arm(assets, body, rng)
        colour = gestures.cloth_colour(worn["clothes"].texture, person)
        add("sleeve", sleeve, materials.fabric("sleeve", colour, 400, 0.3), None, 1)
    if hand is not None:
        parts["hand"] = hand[0]
    if person["beard"] == "full":
        over = [
            (parts[name], extra[name][0]) for name in ("mask", "scarf", "sleeve") if name in extra
        ]
        over += [] if hand is None else [hand[:2]]
        path = beard.full(assets, body, person, over)
        if path is not None:
            parts["beard"], grown_strands["beard"] = path.reshape(-1, 3), (path.shape, 0.007)
    return extra, grown_strands, hand


def add_person(assets, person, picture, rng, place=None):
    """Add a person to the scene.

    Parameters
    ----------
    assets : Assets
    person, picture : dict
        From `distributions.draw_person` and `distributions.draw_picture`.
    rng : numpy.random.Generator
        For the fit of the mask, scarf or hand.
    place : mathutils.Matrix, optional
        Where the person stands, in metres.

    Returns
    -------
    ndarray, shape (19158, 3), m
        The posed base mesh in the coordinates of the scene.
    """
    body, parts = build(assets, person, picture)
    made, worn = shaders(assets, person), proxies(assets, person)
    extra, grown_strands, hand = put_on(assets, body, parts, person, worn, rng)
    body, parts = turn_head(body, parts, picture)
    grown = np.zeros((len(body), 2), np.float32)
    grown[:, 0] = static(assets)["beard"] * person["stubble"]
    grown[:, 1] = scalp_paint(assets, person["hair"])
    lowest = -100 if person.get("whole_body") else body[CHIN, 1] - 3
    hidden = worn["clothes"].hides[assets.faces].all(1)
    shown = ~hidden & (body[assets.faces][:, :, 1].min(1) > lowest)
    if "shoes" in worn:
        shown &= ~worn["shoes"].hides[assets.faces].all(1)
    studio.add_mesh(
        "body",
        body,
        assets.faces[shown],
        made["skin"],
        assets.uv,
        assets.face_uvs[shown],
        0,
        grown,
        place,
    )
    if hand is not None:
        skin = materials.skin(
            skin_texture(assets, person),
            assets.uv[hand[2]].reshape(-1, 2),
            person | {"skin": person["skin"] * 0.82},
        )
        studio.add_mesh(
            "hand",
            parts["hand"],
            hand[1],
            skin,
            assets.uv,
            hand[2],
            0,
            np.zeros((len(body), 2), np.float32),
            place,
        )
    for name, proxy in worn.items():
        shown = parts[name][proxy.faces][:, :, 1].min(1) > lowest
        studio.add_mesh(
            name,
            parts[name],
            proxy.faces[shown],
            made[name],
            proxy.uv,
            proxy.face_uvs[shown],
            0,
            None,
            place,
        )
    for name, (faces, material, uv, face_uvs, smooth) in extra.items():
        studio.add_mesh(name, parts[name], faces, material, uv, face_uvs, smooth, None, place)
    for name, (shape, radius) in grown_strands.items():
        shade = person["hair_colour"] * (0.8 if name == "beard" else 1)
        strands.add(
            name,
            parts[name].reshape(shape),
            radius,
            strands.material(name, shade, person["grey"]),
            body[assets.head].mean(0),
            place,
        )
    posed = studio.to_blender(body)
    if place is not None:
        matrix = np.array(place)
        posed = posed @ matrix[:3, :3].T + matrix[:3, 3]
    return posed
