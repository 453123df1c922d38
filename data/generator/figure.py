"""Put one person, dressed and posed, into the Blender scene."""

import numpy as np

from . import accessories, mask, materials, studio
from .distributions import muted
from .person import CHIN, build, proxies, stubble_and_scalp, turn_head

_static = {}


def static(assets):
    """Return what depends on the base mesh only: beard, scalp and where skin is measured."""
    if not _static:
        beard, scalp = stubble_and_scalp(assets)
        x, y, z = assets.vertices.T
        bare = (z > .8) & (((y > 7.5) & (y < 7.9) & (z > 1.1))
                           | ((np.abs(x) > .32) & (np.abs(x) < .62) & (y > 6.55) & (y < 7.02)))
        on_face = bare[assets.faces].all(1)
        _static.update(beard=beard, scalp=scalp, face_uv=assets.uv[assets.face_uvs[on_face]].reshape(-1, 2))
    return _static


def shaders(assets, person):
    """Make the materials of a person."""
    age = {"child": "young", "young": "young", "middle": "middleage", "old": "old"}
    gender = "female" if person["gender"] == "woman" else "male"
    skins = assets.skins(age[person["age_group"]], person["main_ancestry"], gender)
    path = skins[int(person["skin_texture"] * len(skins))]
    worn = proxies(assets, person)
    colour = person["hair_colour"]
    made = {
        "skin": materials.skin(path, static(assets)["face_uv"], person),
        "eyes": materials.textured("eyes", assets.eye_texture(person["eyes"]), value=.62, roughness=.08),
        "teeth": materials.textured("teeth", worn["teeth"].texture, value=.85, roughness=.35),
        "clothes": materials.textured("clothes", worn["clothes"].texture, person["clothes_hue"],
                                      person["clothes_saturation"], person["clothes_value"]),
        "brows": materials.strands("brows", worn["brows"].texture,
                                   np.clip(colour * .55, .006, .16), .9, False),
        "lashes": materials.strands("lashes", worn["lashes"].texture,
                                    np.array([.012, .01, .009]), .9, False),
    }
    if "shoes" in worn:
        made["shoes"] = materials.textured("shoes", worn["shoes"].texture, value=.7)
    if "hair" in worn:
        afro = person["hair"] == "afro01"
        made["hair"] = materials.strands("hair", worn["hair"].texture, colour,
                                         .95 if afro else .62, not afro)
    return made


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
    extra = {}  # name -> faces, material, uv, face_uvs, levels of smoothing

    def add(name, mesh, material, uv=None, smooth=0):
        parts[name] = mesh[0]
        extra[name] = (mesh[1], material, uv, None if uv is None else mesh[1], smooth)

    if person["wearing"] != "none":
        vertices, faces, uv, loops = mask.sheet(assets, body, person, rng)
        add("mask", (vertices, faces), materials.printed("mask", mask.pattern(person, rng)), uv, 1)
        white = person["mask_type"] in ("surgical", "KN95") and person["mask_colour"].mean() > .1
        add("loops", loops, materials.fabric("loops", [.8] * 3 if white else person["mask_colour"] * .8))
    if person["occlusion"] == "scarf":
        colour = muted(rng)
        add("scarf", mask.scarf(assets, body, rng), materials.fabric("scarf", colour, 220, .7), None, 1)
    if person["glasses"] != "none":
        frame, lenses = accessories.glasses(assets, body, person["glasses"])
        metal = person["glasses"] == "thin"
        colour = person["frame_colour"] + .25 * metal
        add("frame", frame, materials.plain("frame", colour, .3, .5, float(metal)))
        add("lenses", lenses, materials.plain("lenses", (.9, .95, 1), .2, .3, alpha=.06))
    if person["head_covering"] != "none":
        meshes, tuck = accessories.hat(assets, body, person["head_covering"])
        knit = person["head_covering"] == "knit_hat"
        cloth = materials.fabric("hat", person["hat_colour"], 130 if knit else 500, .8 if knit else .2)
        for i, mesh in enumerate(meshes):
            add(f"hat{i}", mesh, cloth, None, 1)
        if "hair" in parts:
            parts["hair"] = tuck(parts["hair"])
    hand = accessories.hand(assets, body, rng) if person["occlusion"] == "hand" else None

    body, parts = turn_head(body, parts, picture)
    grown = np.zeros((len(body), 2), np.float32)
    grown[:, 0] = static(assets)["beard"] * person["stubble"]
    grown[:, 1] = static(assets)["scalp"] * (.9 if person["hair"] == "buzz" else 0)
    lowest = -100 if person.get("whole_body") else body[CHIN, 1] - 3
    hidden = worn["clothes"].hides[assets.faces].all(1)
    shown = ~hidden & (body[assets.faces][:, :, 1].min(1) > lowest)
    if "shoes" in worn:
        shown &= ~worn["shoes"].hides[assets.faces].all(1)
    studio.add_mesh("body", body, assets.faces[shown], made["skin"], assets.uv,
                    assets.face_uvs[shown], 0, grown, place)
    if hand is not None:
        vertices, faces, face_uvs = hand
        studio.add_mesh("hand", vertices, faces, made["skin"], assets.uv, face_uvs, 0,
                        np.zeros((len(body), 2), np.float32), place)
    for name, proxy in worn.items():
        shown = parts[name][proxy.faces][:, :, 1].min(1) > lowest
        studio.add_mesh(name, parts[name], proxy.faces[shown], made[name], proxy.uv,
                        proxy.face_uvs[shown], 0, None, place)
    for name, (faces, material, uv, face_uvs, smooth) in extra.items():
        studio.add_mesh(name, parts[name], faces, material, uv, face_uvs, smooth, None, place)
    posed = studio.to_blender(body)
    if place is not None:
        matrix = np.array(place)
        posed = posed @ matrix[:3, :3].T + matrix[:3, 3]
    return posed
