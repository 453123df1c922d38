"""The Blender side: meshes, camera, lights, and a picture in linear light."""

import os
import tempfile

import bpy
import numpy as np
from mathutils import Matrix, Vector

KEEP = "keep"
# type of light: direction of the key light (azimuth, elevation in radians, either side),
# its size in metres, its share against the surroundings, colours of key and surroundings
LIGHTS = {
    "soft": ((0, 0.9), (0.3, 1.0), (1.2, 1.8), 0.7, (1, 0.98, 0.95), (0.92, 0.96, 1)),
    "window": ((0.6, 1.2), (0.1, 0.5), (0.8, 1.3), 1.5, (0.95, 0.98, 1.04), (1, 0.95, 0.88)),
    "lamp": ((0.5, 1.2), (0.2, 0.7), (0.25, 0.6), 1.5, (1.12, 0.96, 0.76), (1, 0.95, 0.9)),
    "overhead": ((0, 0.6), (0.9, 1.25), (0.6, 1.2), 1.2, (1, 1, 0.96), (0.97, 0.98, 1)),
    "sun": ((0.2, 1.1), (0.45, 0.9), (0.06, 0.15), 2.2, (1.06, 1, 0.9), (0.82, 0.93, 1.1)),
    "evening": ((0.5, 1.3), (0.02, 0.3), (0.3, 0.9), 1.7, (1.22, 0.92, 0.62), (0.78, 0.88, 1.12)),
}


def start(samples, threads):
    """Empty Blender and set the renderer: Cycles on the CPU."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.device, cycles.samples = "CPU", samples
    cycles.use_adaptive_sampling = False
    cycles.sampling_pattern, cycles.filter_width = "BLUE_NOISE", 1.8
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 1, 1, 1
    cycles.transparent_max_bounces, cycles.transmission_bounces = 8, 1
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_direct, cycles.sample_clamp_indirect = 6, 4
    render = scene.render
    render.resolution_percentage, render.film_transparent = 100, True
    render.threads_mode, render.threads = "FIXED", threads
    settings = render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "OPEN_EXR", "RGBA", "32"
    scene.world = bpy.data.worlds.new(KEEP)
    scene.world.use_nodes = True
    scene.camera = bpy.data.objects.new(KEEP, bpy.data.cameras.new(KEEP))
    scene.collection.objects.link(scene.camera)


def clear():
    """Remove everything of the last picture but the textures read from files."""
    for thing in [o for o in bpy.data.objects if o.name != KEEP]:
        bpy.data.objects.remove(thing)
    for kind in (bpy.data.meshes, bpy.data.hair_curves, bpy.data.lights, bpy.data.materials):
        for thing in list(kind):
            kind.remove(thing)
    for picture in [i for i in bpy.data.images if i.source == "GENERATED"]:
        bpy.data.images.remove(picture)
    bpy.context.scene.world.node_tree.nodes.clear()


def to_blender(vertices):
    """Turn base-mesh coordinates (dm, y up) into Blender's (m, z up)."""
    return np.stack([vertices[:, 0], -vertices[:, 2], vertices[:, 1]], 1) * 0.1


def add_mesh(
    name, vertices, faces, material, uv=None, face_uvs=None, smooth=0, grown=None, place=None
):
    """Add a mesh to the scene.

    Parameters
    ----------
    vertices : ndarray, shape (V, 3), dm
    faces : ndarray of int, shape (F, 4)
        A triangle repeats its last corner.
    material : bpy.types.Material
    uv, face_uvs : ndarray, optional
        As in `assets.read_three_json`.
    smooth : int
        Levels of surface subdivision.
    grown : ndarray, shape (V, 2), optional
        Beard and cropped hair, as red and green of a colour attribute.
    place : mathutils.Matrix, optional
        Where the object stands, in metres.
    """
    used, corner = np.unique(faces, return_inverse=True)
    corner = corner.reshape(faces.shape)
    quads = faces[:, 2] != faces[:, 3]
    keep = np.ones(faces.shape, bool)
    keep[:, 3] = quads
    sizes = np.where(quads, 4, 3)
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(used))
    mesh.vertices.foreach_set("co", to_blender(vertices[used]).astype(np.float32).ravel())
    mesh.loops.add(int(sizes.sum()))
    mesh.loops.foreach_set("vertex_index", corner[keep].astype(np.int32))
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", (np.cumsum(sizes) - sizes).astype(np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
    mesh.update(calc_edges=True)
    if uv is not None:
        layer = mesh.uv_layers.new(name="UVMap")
        layer.data.foreach_set("uv", uv[face_uvs[keep]].astype(np.float32).ravel())
    if grown is not None:
        colour = np.zeros((len(used), 4), np.float32)
        colour[:, :2] = grown[used]
        mesh.color_attributes.new("grown", "FLOAT_COLOR", "POINT").data.foreach_set(
            "color", colour.ravel()
        )
    mesh.materials.append(material)
    mesh.validate()
    thing = bpy.data.objects.new(name, mesh)
    if place is not None:
        thing.matrix_world = place
    bpy.context.scene.collection.objects.link(thing)
    if smooth:
        modifier = thing.modifiers.new("smooth", "SUBSURF")
        modifier.levels = modifier.render_levels = smooth
    return thing


def surroundings(rng, tint, strength):
    """Light the scene from a drawn panorama: sky or ceiling, floor, bright openings."""
    height, width = 48, 96
    y, x = np.mgrid[:height, :width]
    up = ((y + 0.5) / height - 0.5)[..., None] * 2
    top, middle, floor = rng.uniform(0.7, 1.2), rng.uniform(0.6, 0.9), rng.uniform(0.15, 0.4)
    grey = np.where(up > 0, middle + (top - middle) * up, middle + (floor - middle) * -up)
    for _ in range(rng.integers(2, 5)):
        cx, cy = rng.uniform(0, width), rng.uniform(0.5, 0.9) * height
        dx = np.minimum(np.abs(x - cx), width - np.abs(x - cx))
        opening = (dx < rng.uniform(3, 9)) & (np.abs(y - cy) < rng.uniform(2, 6))
        grey = grey + opening[..., None] * rng.uniform(0.4, 2)
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = grey * np.array(tint)
    panorama = bpy.data.images.new("panorama", width, height, float_buffer=True)
    panorama.pixels.foreach_set(pixels.ravel())
    tree = bpy.context.scene.world.node_tree
    texture = tree.nodes.new("ShaderNodeTexEnvironment")
    texture.image = panorama
    ground = tree.nodes.new("ShaderNodeBackground")
    ground.inputs[1].default_value = strength
    tree.links.new(texture.outputs[0], ground.inputs[0])
    out = tree.nodes.new("ShaderNodeOutputWorld")
    tree.links.new(ground.outputs[0], out.inputs[0])


def area_light(centre, azimuth, elevation, distance, size, power, colour):
    """Point a square lamp at `centre` (m); `power` is in watts at one metre."""
    data = bpy.data.lights.new("lamp", "AREA")
    data.size, data.color, data.energy = size, [float(c) for c in colour], power * distance**2
    lamp = bpy.data.objects.new("lamp", data)
    bpy.context.scene.collection.objects.link(lamp)
    lamp.location = Vector(centre) + distance * Vector(
        (
            np.sin(azimuth) * np.cos(elevation),
            -np.cos(azimuth) * np.cos(elevation),
            np.sin(elevation),
        )
    )
    lamp.rotation_euler = (Vector(centre) - lamp.location).to_track_quat("-Z", "Y").to_euler()


def light(kind, centre, rng):
    """Light one face.

    Surroundings, a key light, a weak fill from the camera's side, sometimes a rim.

    The fill stands for what walls and ground send back into eye sockets and under hats.
    """
    azimuths, elevations, sizes, share, colour, tint = LIGHTS[kind]
    surroundings(rng, tint, 0.8)
    side = rng.choice([-1, 1])
    area_light(
        centre,
        side * rng.uniform(*azimuths),
        rng.uniform(*elevations),
        1.6,
        rng.uniform(*sizes),
        9 * share * rng.uniform(0.8, 1.2),
        colour,
    )
    area_light(
        centre,
        -side * rng.uniform(0.1, 0.4),
        rng.uniform(-0.15, 0.15),
        1.5,
        1.4,
        rng.uniform(2.2, 3.4),
        (1, 0.98, 0.95),
    )
    if rng.random() < 0.5:
        area_light(
            centre,
            np.pi - side * rng.uniform(0.4, 1),
            rng.uniform(0.3, 0.9),
            1.5,
            0.6,
            rng.uniform(2, 6),
            colour,
        )


def camera(location, target, roll, focal, shift=(0, 0)):
    """Place the camera (m, radians); `focal` is the focal length over the picture's width."""
    thing = bpy.context.scene.camera
    towards = Vector(target) - Vector(location)
    turn = towards.to_track_quat("-Z", "Y").to_matrix() @ Matrix.Rotation(roll, 3, "Z")
    thing.matrix_world = Matrix.Translation(Vector(location)) @ turn.to_4x4()
    thing.data.sensor_width, thing.data.lens = 36, 36 * focal
    thing.data.shift_x, thing.data.shift_y = (float(s) for s in shift)
    thing.data.clip_start, thing.data.clip_end = 0.01, 200


def project(points, width, height):
    """Project points (m) into the picture.

    Returns
    -------
    pixels : ndarray, shape (N, 2)
        x to the right, y down, the origin at the top left corner.
    depth : ndarray, shape (N,), m
        Distance along the optical axis; negative behind the camera.
    """
    thing = bpy.context.scene.camera
    inverse = np.array(thing.matrix_world.inverted())
    seen = points @ inverse[:3, :3].T + inverse[:3, 3]
    depth = -seen[:, 2]
    focal = thing.data.lens / thing.data.sensor_width
    larger = max(width, height)
    x = (seen[:, 0] / depth * focal - thing.data.shift_x) * larger + width / 2
    y = -(seen[:, 1] / depth * focal - thing.data.shift_y) * larger + height / 2
    return np.stack([x, y], 1), depth


def render(width, height):
    """Render the scene.

    Returns
    -------
    ndarray of float32, shape (height, width, 4)
        Linear light, colour multiplied by alpha, first row at the top.
    """
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.cycles.seed = 0
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = os.path.join(folder, "render.exr")
        bpy.ops.render.render(write_still=True)
        result = bpy.data.images.load(scene.render.filepath)
        pixels = np.empty(width * height * 4, np.float32)
        result.pixels.foreach_get(pixels)
        bpy.data.images.remove(result)
    return pixels.reshape(height, width, 4)[::-1]
