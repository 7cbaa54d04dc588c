"""From a script to a recording: the performance, the camera, the pose model's errors, and the truth."""

from dataclasses import dataclass
from typing import Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from motus_samples.angles import measure
from motus_samples.athlete import draw_build
from motus_samples.body import UP, Array, Build, forward_kinematics
from motus_samples.synthetic import foreign, noise
from motus_samples.synthetic.camera import Camera, place_camera
from motus_samples.synthetic.catalogue import CATALOGUE
from motus_samples.synthetic.landmarks import landmarks
from motus_samples.synthetic.performance import Performance
from motus_samples.synthetic.profiles import ERRORS, EXCHANGED, Errors
from motus_samples.synthetic.script import PROFILES, VIEWS, Script, ScriptError
from motus_samples.synthetic.truth import Truth

STEP_S = 0.004
"""Half of the time across which the truth's velocities are taken."""
HIPS = [23, 24]


@dataclass(frozen=True)
class Recording:
    """What a pose model would have said of a performance, and what is true of it.

    Attributes:
        t_s: Time of each frame, (n,) seconds.
        image: Landmarks as fractions of width and height, z in the scale of x, (n, 33, 3); NaN where nobody is found.
        world: Landmarks in metres about the middle of the hips, x right, y down, z away; likewise.
        visibility: (n, 33).
        found: Whether the pose model found anybody, (n,).
        width: Of the picture, pixels.
        mirrored: The picture is a mirror image, in which left and right are exchanged.
    """

    t_s: Array
    image: Array
    world: Array
    visibility: Array
    found: NDArray[np.bool_]
    width: int
    height: int
    fps: float
    mirrored: bool
    camera: Camera
    stature_m: float
    truth: Truth


Stream = Literal["body", "motion", "camera", "frames", "noise"]


def record(script: Script) -> Recording:
    """Return the recording of a script; the same script gives the same recording.

    Raises:
        ScriptError: There is no such movement.
    """
    if script.movement not in CATALOGUE:
        raise ScriptError(f"unknown movement {script.movement!r}: choose one of {', '.join(CATALOGUE)}")
    movement, errors = CATALOGUE[script.movement], ERRORS[script.noise]
    build = _build(script)
    performance = movement.perform(script, build, _stream(script, "motion"))
    t_s = _frame_times(script, errors, performance.duration_s)
    around = (t_s[:, None] + np.array([-STEP_S, 0.0, STEP_S])).ravel()
    skeleton = forward_kinematics(build, performance.pose(around))
    body = landmarks(build, skeleton)[1::3]
    camera = place_camera(script, body[::3].reshape(-1, 3), _stream(script, "camera"))
    channels = measure(skeleton.points, UP, -camera.axes[2])
    trunk = np.linalg.norm(skeleton.points["shoulder_centre"] - skeleton.points["pelvis"], axis=-1)
    channels["trunk_shape_ratio"] = trunk / build.trunk
    truth = _truth(movement.exercise, performance, channels, camera)
    return _filmed(script, errors, camera, build, t_s, body, truth)


def _filmed(
    script: Script, errors: Errors, camera: Camera, build: Build, t_s: Array, body: Array, truth: Truth
) -> Recording:
    seen = camera.sees(body)
    centre = seen[:, HIPS].mean(axis=1, keepdims=True)
    depth = seen[:, :, 2]
    picture = camera.picture(seen, depth)
    inside = np.all((picture > 0) & (picture < 1), axis=-1)
    model = foreign.guess if script.noise == "foreign" else noise.guess
    said = model(noise.View(t_s, seen - centre, np.asarray(inside)), errors, _stream(script, "noise"))
    world = said.body - said.body[:, HIPS].mean(axis=1, keepdims=True)
    scale = camera.focal / centre[:, :, 2] / camera.width
    image = np.concatenate([camera.picture(said.body + centre, depth), (world[:, :, 2] * scale)[:, :, None]], axis=-1)
    visibility = said.visibility
    if script.mirrored:
        image, world, visibility = (values[:, EXCHANGED] for values in (image, world, visibility))
        image, world = image * (-1, 1, 1) + (1, 0, 0), world * (-1, 1, 1)
    image[~said.found], world[~said.found], visibility[~said.found] = np.nan, np.nan, 0.0
    return Recording(
        t_s,
        image,
        world,
        visibility,
        said.found,
        camera.width,
        camera.height,
        script.fps,
        script.mirrored,
        camera,
        build.stature,
        truth,
    )


def _truth(exercise: str, done: Performance, around: dict[str, Array], camera: Camera) -> Truth:
    """Return the truth from channels at each frame and a step before and after it."""
    channels = {name: values[1::3] for name, values in around.items()}
    for name, values in around.items():
        if name.endswith("_deg"):
            change = (values[2::3] - values[::3] + 180.0) % 360.0 - 180.0
            channels[velocity_name(name)] = change / (2 * STEP_S)
    return Truth(exercise, done.reps, done.partials, done.phases, channels, done.sets, camera.near_side, done.contacts)


def velocity_name(channel: str) -> str:
    """Return the name of an angle's rate: `knee_flexion_left_deg` gives `knee_flexion_velocity_left_deg_s`."""
    stem, *side = channel.removesuffix("_deg").rsplit("_", 1) if channel.split("_")[-2] in ("left", "right") else [""]
    return f"{stem}_velocity_{side[0]}_deg_s" if stem else f"{channel.removesuffix('_deg')}_velocity_deg_s"


def _stream(script: Script, name: Stream) -> np.random.Generator:
    """Return the random numbers of one concern, so that none changes because another draws more of them."""
    streams = ("body", "motion", "camera", "frames", "noise")
    key = [script.seed, crc32(script.movement.encode()), streams.index(name)]
    if name in ("camera", "noise"):
        key.append(VIEWS.index(script.view))
    if name in ("frames", "noise"):
        key.append(PROFILES.index(script.noise))
    return np.random.default_rng(key)


def _build(script: Script) -> Build:
    build = draw_build(_stream(script, "body"))
    return build if script.stature_m is None else build.scaled(script.stature_m)


def _frame_times(script: Script, errors: Errors, duration_s: float) -> Array:
    """Return the times of the frames that arrive: about the rate, some dropped singly and some in bursts."""
    rng = _stream(script, "frames")
    late, drops = rng.uniform(*errors.late_s), rng.uniform(*errors.drops)
    late = min(late, 0.4 / script.fps) if script.jitter_s is None else script.jitter_s
    drops = drops if script.drop_share is None else script.drop_share
    count = max(2, int(duration_s * script.fps))
    t_s = STEP_S + late + np.arange(count) / script.fps + rng.uniform(-1, 1, count) * late
    shortest, longest = max(1, round(0.2 * script.fps)), max(2, round(script.fps))
    begin = np.full(count, drops / (shortest + longest))
    gone = noise.bursts(begin, (shortest, longest), rng) | (rng.random(count) < drops / 2)
    gone[:2] = False
    return np.asarray(t_s[~gone])
