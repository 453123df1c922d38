"""What happens in the two videos: people walk past a camera; someone sits at a webcam.

Each clip is a function that builds its place and its people once and returns a
function that poses them for one frame.  A frame depends on its number only.
"""

import numpy as np

from . import distributions, interiors, landmarks, mask, poses, studio
from .person import smoothstep
from .scene import whole_person
from .skeleton import Puppet, Skeleton

RATE = 12  # frames a second
SIZE = (640, 360)
FOCAL = 0.95

# x, y at the start (m), speed (m/s), wearing, mask, gender, age, tone, hat, what the arms do
WALKERS = [
    (0.52, 2.6, 1.15, "proper", "surgical", "woman", "young", 4, "none", None),
    (-0.62, 4.4, 1.10, "none", "none", "man", "young", 6, "none", None),
    (0.44, 6.3, 1.22, "under_nose", "cloth", "man", "middle", 3, "none", "phone"),
    (-0.47, 7.9, 1.12, "proper", "KN95", "woman", "middle", 8, "none", "bag"),
    (0.70, 9.4, 1.18, "none", "none", "woman", "young", 2, "none", None),
    (-0.42, 11.4, 1.24, "under_chin", "surgical", "man", "old", 5, "cap", None),
    (0.50, 12.6, 1.20, "none", "none", "woman", "young", 9, "none", None),
]


def dressed(number, wearing, kind, gender, age, tone, hat="none", glasses="none"):
    """Draw a person for a video with the given attributes."""
    return whole_person(
        {
            "number": number,
            "wearing": wearing,
            "mask_type": kind,
            "gender": gender,
            "age_group": age,
            "tone": tone,
            "head_covering": hat,
            "glasses": glasses,
            "occlusion": "none",
        }
    )


def walk(assets):
    """People walk through a hall towards the camera and past it.

    Returns
    -------
    pose : function
        Frame number to a list of (name, puppet, posed base mesh, wearing); people
        behind the camera are left out.
    eye : (float, float, float), m
    exposure : float
    """
    rng = distributions.generator(8101)
    interiors.hall(rng)
    eye = (0, 0, 1.6)
    studio.camera(eye, (0, 10, 1.25), 0, FOCAL)
    skeleton = Skeleton(assets)
    puppets = []
    for i, (_, _, _, wearing, kind, gender, age, tone, hat, _) in enumerate(WALKERS):
        person, picture = dressed(
            9800 + i,
            wearing,
            kind,
            gender,
            age,
            tone,
            hat,
            "rectangular" if i in (2, 4) else "none",
        )
        puppets.append(Puppet(assets, skeleton, person, picture, rng))

    def pose(frame):
        time, shown = frame / RATE, []
        for i, (puppet, (x, y, speed, wearing, *_, arms)) in enumerate(zip(puppets, WALKERS)):
            distance = y - speed * time
            puppet.show(distance > 0.3)
            if distance <= 0.3:
                continue
            step = poses.stride(puppet, 0.95)
            phase = 2 * np.pi * speed * time / step + 2.1 * i
            made = poses.walking(puppet, phase, 0.95)
            yaw = (
                11 * np.sin(0.9 * time + 1.7 * i)
                - np.degrees(np.arctan2(x, max(distance, 1))) * 0.4
            )
            looks = poses.head(
                yaw, -14 if arms == "phone" else 2 * np.sin(1.3 * time + i), 2 * np.sin(time + i)
            )
            made |= {bone: made[bone] @ looks[bone] for bone in looks}
            if arms:
                made |= poses.arm(puppet, "R", *poses.ARMS[arms], 50)
            body = puppet.pose(made, (x + 0.02 * np.sin(phase), distance, 0, 0))
            shown.append((f"walk_{i + 1}", puppet, body, wearing))
        return shown

    return pose, eye, 1.55


def webcam(assets):
    """A woman at her desk talks, pulls her mask up, and a child looks in.

    Returns as `walk`.
    """
    rng = distributions.generator(8102)
    interiors.study(rng)
    skeleton = Skeleton(assets)
    person, picture = dressed(9850, "under_chin", "surgical", "woman", "young", 4)
    picture |= {"expression": "relaxed", "strength": 0.6, "blink": 0.0, "gaze": (0.0, -0.04)}
    sitter = Puppet(
        assets, skeleton, person | {"hair": "fringe_bob"}, picture, np.random.default_rng(8103)
    )
    person, picture = dressed(9852, "none", "none", "man", "child", 7)
    child = Puppet(
        assets, skeleton, person, picture | {"expression": "relaxed", "strength": 0.5}, rng
    )
    sheets = Pull(assets, sitter)
    seat = {"spine05": poses.turn("x", 3)} | {
        f"{bone}.{side}": poses.turn("x", angle)
        for side in "LR"
        for bone, angle in (("upperleg01", -86), ("lowerleg01", 86))
    }
    for side in "LR":
        seat |= poses.arm(sitter, side, (0.2, -0.2, -1), (-0.25, -1, -0.05), (-0.3, -1, 0), 25)
    body = sitter.pose(seat, (0, 0.72, 0, 0))
    middle = body[landmarks.VERTICES].mean(0)
    eye = (float(middle[0]) + 0.03, float(middle[1]) - 0.57, float(middle[2]) - 0.02)
    studio.camera(eye, (eye[0], 10, eye[2] - 0.35), 0, FOCAL)

    def pose(frame):
        t = frame / RATE
        pulled = smoothstep(t, 3.75, 4.75)
        turns = seat | poses.head(*looks(t))
        rest, top = sheets(pulled)
        bones = skeleton.transforms(sitter.heads, turns)
        head = bones[skeleton.names.index("head")]
        grip = head[:, :3] @ (top + (-0.018, -0.035, -0.035)) + head[:, 3]
        away = np.array((-0.16, -0.12, -0.42)) + sitter.rest[landmarks.VERTICES[8]]
        near = smoothstep(t, 3.1, 3.65) * (1 - smoothstep(t, 4.85, 5.4))
        if near > 0:
            goal = away + (grip - away) * near
            reach = seat | poses.reaching(sitter, "R", goal, 30)
            turns = poses.between(
                turns, turns | reach | poses.head(*looks(t)), smoothstep(near, 0, 0.35)
            )
        body = sitter.pose(
            turns,
            (0.008 * np.sin(0.8 * t), 0.72, 0.03 * np.sin(0.5 * t), 0),
            expression(assets, sitter.person, t),
            rest,
        )
        shown = [("webcam_1", sitter, body, sheets.wearing(top))]
        inward = smoothstep(t, 5.6, 6.7) * (1 - smoothstep(t, 8.7, 9.7))
        child.show(inward > 0)
        if inward > 0:
            side = eye[0] + 1.25 - 0.8 * inward
            phase = 6.3 * inward
            made = poses.walking(child, phase, 0.5) | poses.head(
                18 * inward, -4 + 5 * np.sin(2 * t), 9 * np.sin(1.6 * t)
            )
            made |= {"spine05": poses.turn("y", -7 * inward), "spine03": poses.turn("x", 4)}
            body = child.pose(
                made, (side, eye[1] + 1.25, -0.4, -0.3)
            )  # his knees, bent, are out of sight
            shown.append(("webcam_2", child, body, "none"))
        return shown

    return pose, eye, 1.5


def looks(t):
    """Return yaw, pitch and roll of the head (degrees) at a time (s) of the webcam clip."""
    yaw = (
        7 * np.sin(1.1 * t)
        + 24 * bump(t, 1.6, 0.5)
        - 32 * bump(t, 7.4, 0.9)
        + 20 * bump(t, 5.45, 0.4)
    )
    pitch = 2 * np.sin(1.9 * t + 1) - 19 * bump(t, 2.75, 0.45) - 4 * bump(t, 4.2, 0.6)
    return yaw, pitch, 3 * np.sin(0.9 * t + 0.5)


def bump(t, middle, wide):
    """Rise to 1 at `middle` and fall again."""
    return float(np.exp(-(((t - middle) / wide) ** 2)))


def expression(assets, person, t):
    """Return what talking and blinking add to the base mesh at a time (s), shape (19158, 3), m."""
    talk = (1 - smoothstep(t, 2.2, 2.6)) * 0.3 * abs(np.sin(7.3 * t) * np.sin(2.9 * t + 0.6))
    talk += 0.12 * abs(np.sin(6.1 * t)) * smoothstep(t, 6.2, 6.5) * (1 - smoothstep(t, 8.6, 8.9))
    blink = max(bump(t, middle, 0.09) for middle in (0.7, 2.35, 3.3, 5.2, 6.6, 8.1, 9.3))
    lids = 0.85 * blink + 0.3 * bump(t, 2.75, 0.45)
    units = {
        "mouth-open": talk,
        "eye-left-closure": min(lids, 1.0),
        "eye-right-closure": min(lids, 1.0),
    }
    added = assets.morph(
        {f"expression/units/{person['main_ancestry']}/{k}": v for k, v in units.items()}
    )
    return studio.to_blender(added - assets.vertices)


class Pull:
    """A mask on its way from under the chin up over the nose.

    Called with a share from 0 (under the chin) to 1 (worn properly), it returns the
    vertices of mask and loops at rest, and the point (m) in the middle of the mask's upper edge.
    """

    steps = ("under_chin", "under_nose", "proper")

    def __init__(self, assets, puppet, seed=8103):
        rest = np.stack([puppet.rest[:, 0], puppet.rest[:, 2], -puppet.rest[:, 1]], 1) * 10
        self.surface = mask.Surface(assets, rest, rest[mask.CHIN, 1] - 1)
        self.centre = np.array([0, rest[mask.LIPS, 1], rest[mask.TIP, 2] - 1.1])
        laid = [
            mask.sheet(
                assets, rest, puppet.person | {"wearing": wearing}, np.random.default_rng(seed)
            )
            for wearing in self.steps
        ]
        self.sheets = [one[0] for one in laid]
        self.loops = [one[3][0] for one in laid]
        tip, bridge = rest[mask.TIP, 1] / 10, rest[mask.BRIDGE, 1] / 10
        self.lips, self.nose = rest[mask.LIPS, 1] / 10, tip + 0.45 * (bridge - tip)

    def __call__(self, share):
        step = min(int(share * 2), 1)
        part = share * 2 - step
        sheet = self.sheets[step] * (1 - part) + self.sheets[step + 1] * part
        if 0 < part < 1:
            way = sheet - self.centre
            radius = np.linalg.norm(way, axis=1, keepdims=True)
            way /= radius
            skin = self.surface.radii(self.centre, way)[:, None]
            sheet = self.centre + way * np.maximum(radius, skin + 0.04)
        loops = self.loops[step] * (1 - part) + self.loops[step + 1] * part
        top = studio.to_blender(sheet)[mask.COLUMNS // 2]
        return {"mask": studio.to_blender(sheet), "loops": studio.to_blender(loops)}, top

    def wearing(self, top):
        """Name the way the mask is worn from the height of its upper edge."""
        if top[2] < self.lips:
            return "under_chin"
        return "under_nose" if top[2] < self.nose else "proper"
