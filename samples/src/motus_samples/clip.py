"""From a spec to a clip: the movement, its truth, its pictures and its file."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motus_samples.athlete import Camera, draw_build, draw_look, place_camera, stream
from motus_samples.body import Build, Skeleton, forward_kinematics
from motus_samples.gl import require_gl
from motus_samples.movements import Motion, move
from motus_samples.spec import ClipSpec
from motus_samples.truth import Truth, truth_of
from motus_samples.video import encode

WITH_WEIGHTS = frozenset({"press", "curl", "deadlift"})


@dataclass(frozen=True)
class Scene:
    """Everything about a clip but its pictures; made without a graphics library."""

    build: Build
    motion: Motion
    skeleton: Skeleton
    camera: Camera
    truth: Truth


@dataclass(frozen=True)
class RenderedClip:
    """A clip on disk and what is true of it."""

    video: Path
    truth_file: Path
    truth: Truth


def stage(spec: ClipSpec) -> Scene:
    """Return the scene of a clip; the same spec gives the same scene."""
    build = draw_build(stream(spec, "body"))
    motion = move(spec, build, stream(spec, "motion"))
    skeleton = forward_kinematics(build, motion.posture)
    corners = np.concatenate([points[::3] for points in skeleton.points.values()])
    crown = skeleton.points["head"][::3] + 0.08 * build.stature * skeleton.frames["head"][::3, :, 2]
    camera = place_camera(spec, np.concatenate([corners, crown]), stream(spec, "camera"))
    return Scene(build, motion, skeleton, camera, truth_of(spec, build, motion, skeleton, camera))


def pictures(spec: ClipSpec, scene: Scene) -> Iterator[NDArray[np.uint8]]:
    """Yield the clip's images, RGB and C-contiguous, larger than the video by the renderer's oversampling.

    Raises:
        GraphicsError: The machine lacks what off-screen rendering needs.
    """
    require_gl()
    from motus_samples.figure import figure
    from motus_samples.scene import render

    look = draw_look(stream(spec, "look"))
    meshes = figure(scene.build, look, weights=spec.exercise in WITH_WEIGHTS)
    return render([(meshes, scene.skeleton)], look, scene.camera, width=spec.width, height=spec.height)


def render_clip(
    spec: ClipSpec, out_dir: Path, *, name: str | None = None, progress: Callable[[int, int], None] | None = None
) -> RenderedClip:
    """Render a clip to `NAME.mp4` and its truth to `NAME.json` below `out_dir`, which is made if it is missing.

    Args:
        spec: What to show.
        out_dir: Folder of the two files.
        name: Stem of the files; `EXERCISE_SEED` without one.
        progress: Called after each frame with the frames done and the frames in all.

    Raises:
        GraphicsError: The machine lacks what off-screen rendering needs.
    """
    scene = stage(spec)
    images = pictures(spec, scene)
    out_dir.mkdir(parents=True, exist_ok=True)
    stem = name or f"{spec.exercise}_{spec.seed}"
    video, truth_file = out_dir / f"{stem}.mp4", out_dir / f"{stem}.json"
    counted = _counted(images, scene.truth.frames, progress)
    encode(counted, video, fps=spec.fps, width=spec.width, height=spec.height)
    scene.truth.write(truth_file)
    return RenderedClip(video, truth_file, scene.truth)


def _counted(
    images: Iterable[NDArray[np.uint8]], total: int, progress: Callable[[int, int], None] | None
) -> Iterator[NDArray[np.uint8]]:
    for done, image in enumerate(images, 1):
        yield image
        if progress is not None:
            progress(done, total)
