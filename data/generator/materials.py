"""Shaders: skin, hair, eyes, cloth, mask and plain surfaces, as Blender node trees."""

import bpy
import numpy as np

from . import complexion
from .distributions import srgb_to_linear

_pixels, _ranges = {}, {}


def image(path):
    """Load a texture once; textures are the only thing kept between pictures."""
    name = str(path)[-60:]
    if name not in bpy.data.images:
        loaded = bpy.data.images.load(str(path))
        loaded.name = name
        loaded.alpha_mode = "CHANNEL_PACKED"
    return bpy.data.images[name]


def linear_pixels(path):
    """Return a texture as linear RGBA, shape (H, W, 4), the first row at the bottom."""
    if path not in _pixels:
        texture = image(path)
        values = np.array(texture.pixels[:]).reshape(texture.size[1], texture.size[0], 4)
        values[..., :3] = srgb_to_linear(values[..., :3])
        _pixels[path] = values
    return _pixels[path]


def light_range(path):
    """Return the dark and the bright end of the luminance of a hair texture."""
    if path not in _ranges:
        pixels = linear_pixels(path)
        light = (pixels[..., :3] @ (0.2126, 0.7152, 0.0722))[pixels[..., 3] > 0.5]
        _ranges[path] = np.percentile(light, (3, 97))
    return _ranges[path]


class Shader:
    """A new material with short ways to add nodes and links."""

    def __init__(self, name, roughness=0.6, specular=0.3):
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.surface = self.tree.nodes["Principled BSDF"]
        self.surface.inputs["Roughness"].default_value = roughness
        self.surface.inputs["Specular IOR Level"].default_value = specular

    def node(self, kind, **inputs):
        """Add a node; keyword arguments set inputs by name or, as ``_3``, by number."""
        node = self.tree.nodes.new(kind)
        for key, value in inputs.items():
            socket = node.inputs[int(key[1:]) if key[0] == "_" else key.replace("_", " ")]
            if hasattr(value, "is_output"):
                self.tree.links.new(value, socket)
            else:
                socket.default_value = value
        return node

    def texture(self, source):
        node = self.node("ShaderNodeTexImage")
        node.image = source
        return node

    def mix(self, blend, factor, a, b):
        """Blend two colours and return the output socket."""
        node = self.node("ShaderNodeMix")
        node.data_type, node.blend_type = "RGBA", blend
        for number, value in ((0, factor), (6, a), (7, b)):
            if hasattr(value, "is_output"):
                self.tree.links.new(value, node.inputs[number])
            else:
                node.inputs[number].default_value = value
        return node.outputs[2]

    def noise(self, scale, detail=2, coordinates="Object", stretch=None):
        where = self.node("ShaderNodeTexCoord").outputs[coordinates]
        if stretch:
            where = self.node("ShaderNodeMapping", Vector=where, Scale=stretch).outputs[0]
        return self.node("ShaderNodeTexNoise", Vector=where, Scale=scale, Detail=detail).outputs[0]

    def range(self, value, low, high, to_low=0, to_high=1):
        return self.node(
            "ShaderNodeMapRange",
            Value=value,
            From_Min=low,
            From_Max=high,
            To_Min=to_low,
            To_Max=to_high,
        ).outputs[0]

    def bump(self, height, strength, distance):
        node = self.node("ShaderNodeBump", Height=height, Strength=strength, Distance=distance)
        self.tree.links.new(node.outputs[0], self.surface.inputs["Normal"])

    def colour(self, value):
        socket = self.surface.inputs["Base Color"]
        if hasattr(value, "is_output"):
            self.tree.links.new(value, socket)
        else:
            socket.default_value = rgba(value)

    def alpha(self, value):
        self.tree.links.new(value, self.surface.inputs["Alpha"])


def rgba(colour):
    return (*(float(c) for c in np.clip(colour, 0, None)), 1.0)


def drawn(name, pixels):
    """Make a texture of linear values, shape (H, W, 3 or 4), the first row at the bottom."""
    height, width, channels = pixels.shape
    texture = bpy.data.images.new(name, width, height, alpha=True, float_buffer=True)
    texture.colorspace_settings.name = "Linear Rec.709"
    texture.alpha_mode = "CHANNEL_PACKED"
    values = np.ones((height, width, 4), np.float32)
    values[..., :channels] = pixels
    texture.pixels.foreach_set(values.ravel())
    return texture


def skin(path, face_uv, person):
    """Tint a skin texture to the wanted colour and paint stubble and cropped hair on it.

    Parameters
    ----------
    path : Path
    face_uv : ndarray, shape (N, 2)
        Texture coordinates of forehead and cheeks, where the colour is measured.
    person : dict
        ``skin`` is the wanted linear colour there.
    """
    pixels = linear_pixels(path)
    size = np.array(pixels.shape[1::-1]) - 1
    x, y = np.clip((face_uv * size).round().astype(int), 0, size).T
    tint = person["skin"] / np.median(pixels[y, x, :3], axis=0)
    shader = Shader("skin", specular=float(np.interp(person["tone"], (5, 10), (0.22, 0.10))))
    base = shader.mix("MULTIPLY", 1, shader.texture(image(path)).outputs[0], rgba(tint))
    flat = float(
        np.interp(person["tone"], (1, 5, 10), (0.35, 0.2, 0.1))
    )  # blotches show on fair skin
    base = shader.mix("MIX", flat, base, rgba(person["skin"]))
    where = shader.node("ShaderNodeTexCoord").outputs["UV"]
    scale = 1 / np.array(complexion.REACH)
    shift = -np.array(complexion.CORNER) * scale
    within = shader.node(
        "ShaderNodeMapping", Vector=where, Location=(*shift, 0), Scale=(*scale, 1)
    ).outputs[0]
    uneven = shader.texture(drawn("complexion", complexion.paint(person)))
    uneven.extension = "EXTEND"
    shader.tree.links.new(within, uneven.inputs[0])
    base = shader.mix("MULTIPLY", 1, base, uneven.outputs[0])
    rough = person["skin_roughness"]
    shader.tree.links.new(
        shader.range(uneven.outputs[1], 0, 1, rough - 0.5, rough + 0.5),
        shader.surface.inputs["Roughness"],
    )
    grown = shader.node(
        "ShaderNodeSeparateColor", Color=shader.node("ShaderNodeVertexColor").outputs[0]
    )
    grain = shader.range(shader.noise(900), 0.35, 0.65)
    for channel, darken in (("Red", 0.5), ("Green", 0.8)):
        amount = shader.node("ShaderNodeMath", _0=grain, _1=grown.outputs[channel])
        amount.operation = "MULTIPLY"
        base = shader.mix("MIX", amount.outputs[0], base, rgba(person["hair_colour"] * darken))
    shader.colour(base)
    shader.bump(uneven.outputs[1], 0.35, 0.002)
    for socket, value in (("Weight", 0.3), ("Scale", 0.004), ("Radius", (1, 0.35, 0.2))):
        shader.surface.inputs[f"Subsurface {socket}"].default_value = value
    return shader.material


def strands(name, path, colour, roughness, strand_noise):
    """Recolour a hair texture by its own light and dark, keeping its alpha."""
    low, high = light_range(path)
    shader = Shader(name, roughness, 0.12)
    texture = shader.texture(image(path))
    grey = shader.node("ShaderNodeRGBToBW", Color=texture.outputs[0]).outputs[0]
    ramp = shader.range(grey, low, high + 1e-3)
    base = shader.mix("MIX", ramp, rgba(colour * 0.3), rgba(np.clip(colour * 1.8, 0, 0.75)))
    if strand_noise:
        fibres = shader.noise(1, 3, "UV", (260, 12, 1))
        base = shader.mix("MULTIPLY", 1, base, shader.range(fibres, 0.3, 0.7, 0.55, 1.3))
        shader.bump(fibres, 0.5, 0.004)
    shader.colour(base)
    shader.alpha(texture.outputs[1])
    return shader.material


def textured(name, path, hue=0.5, saturation=1.0, value=1.0, roughness=0.85, alpha=True):
    """Show a texture with shifted hue: clothes, eyes and teeth."""
    shader = Shader(name, roughness, 0.2)
    texture = shader.texture(image(path))
    shifted = shader.node(
        "ShaderNodeHueSaturation",
        Hue=hue,
        Saturation=saturation,
        Value=value,
        Color=texture.outputs[0],
    )
    colour = shifted.outputs[0]
    if roughness < 0.1:  # eyes: the lids shade the whites more than the renderer knows
        colour = shader.mix("DARKEN", 1, colour, rgba((0.30, 0.27, 0.255)))
        colour.node.name = "whites"
    shader.colour(colour)
    if alpha:
        shader.alpha(texture.outputs[1])
    return shader.material


def dim_whites(skin_colour):
    """Keep the whites of the eyes of the only person in the scene from glowing in a dark face.

    Exposure follows the skin; whites as light as in a pale face would be burnt out.
    """
    light = float(np.dot(skin_colour, (0.2126, 0.7152, 0.0722)))
    whites = bpy.data.materials["eyes"].node_tree.nodes["whites"]
    whites.inputs[7].default_value = rgba(0.36 * light**0.33 * np.array([1, 0.92, 0.87]))


def fabric(name, colour, scale=500, strength=0.2, roughness=0.92):
    """A plain woven surface: mask, scarf, hat."""
    shader = Shader(name, roughness, 0.12)
    shader.colour(colour)
    shader.bump(shader.noise(scale), strength, 0.003)
    return shader.material


def printed(name, pixels, scale=500, strength=0.2):
    """A woven surface with a pattern.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), linear, range [0, 1]
        First row at the bottom of the pattern.
    """
    shader = Shader(name, 0.92, 0.12)
    texture = shader.texture(drawn("pattern", pixels))
    texture.extension = "EXTEND"
    shader.colour(texture.outputs[0])
    shader.bump(shader.noise(scale), strength, 0.003)
    return shader.material


def plain(name, colour, roughness=0.5, specular=0.3, metallic=0.0, alpha=1.0, emission=0.0):
    """One even colour: frames, walls, lamps.

    With `alpha` below 1 a clear pane that mirrors a little.
    """
    shader = Shader(name, roughness, specular)
    shader.colour(colour)
    shader.surface.inputs["Metallic"].default_value = metallic
    if alpha < 1:
        clear = shader.node("ShaderNodeBsdfTransparent", Color=rgba((0.96, 0.97, 0.98)))
        mirror = shader.node("ShaderNodeBsdfGlossy", Roughness=0.05)
        share = shader.node("ShaderNodeFresnel", IOR=1.25).outputs[0]
        pane = shader.node(
            "ShaderNodeMixShader", _0=share, _1=clear.outputs[0], _2=mirror.outputs[0]
        )
        shader.tree.links.new(pane.outputs[0], shader.tree.nodes["Material Output"].inputs[0])
    if emission:
        shader.surface.inputs["Emission Color"].default_value = rgba(colour)
        shader.surface.inputs["Emission Strength"].default_value = emission
    return shader.material
