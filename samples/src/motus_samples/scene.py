"""The room, the light and the moving figure, rendered off-screen frame by frame."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

from motus_samples.athlete import Camera, Look
from motus_samples.body import Array, Skeleton
from motus_samples.figure import bone_origins

OVERSAMPLING = 1.25
"""Pixels rendered per pixel of video along each edge; the encoder's scaling smooths the edges."""


def render(
    figures: Sequence[tuple[dict[str, pv.PolyData], Skeleton]], look: Look, camera: Camera, *, width: int, height: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield the image of each frame, RGB, (height, width, 3) times `OVERSAMPLING`, C-contiguous.

    Args:
        figures: Each person's meshes by bone, and how they move; all for as many frames.
        look: Room and light.
        camera: Where it stands.
        width: Of the video, pixels.
        height: Of the video, pixels.
    """
    size = (round(width * OVERSAMPLING), round(height * OVERSAMPLING))
    plotter = pv.Plotter(off_screen=True, window_size=list(size), lighting="none")
    try:
        _window(plotter).SetMultiSamples(0)
        _furnish(plotter, look, np.concatenate([skeleton.points["pelvis"] for _, skeleton in figures]))
        _light(plotter, look, camera)
        plotter.camera.position, plotter.camera.focal_point = camera.position, camera.target
        plotter.camera.up, plotter.camera.view_angle = (0.0, 0.0, 1.0), camera.view_angle_deg
        people = [_Person(plotter, meshes, skeleton, look) for meshes, skeleton in figures]
        plotter.camera.clipping_range = (0.1, 40.0)
        plotter.show(auto_close=False)
        for index in range(len(figures[0][1].points["pelvis"])):
            for person in people:
                person.move(index)
            yield _shoot(plotter, size)
    finally:
        plotter.close()


class _Person:
    """A figure in the room and its shadow."""

    def __init__(self, plotter: pv.Plotter, meshes: dict[str, pv.PolyData], skeleton: Skeleton, look: Look) -> None:
        self._actors = {name: _add(plotter, mesh) for name, mesh in meshes.items()}
        self._shadow = _add_shadow(plotter, look)
        self._poses, ground = _poses(skeleton), np.stack(list(skeleton.points.values()))[:, :, :2]
        low, high = ground.min(axis=0), ground.max(axis=0)
        self._middle, self._reach = (low + high) / 2, 0.45 * (high - low) + 0.05

    def move(self, index: int) -> None:
        """Take the pose of a frame."""
        for name, actor in self._actors.items():
            actor.user_matrix = self._poses[name][index]
        self._shadow.position = (*self._middle[index], 0.0)
        self._shadow.scale = (*self._reach[index], 1.0)


def _poses(skeleton: Skeleton) -> dict[str, Array]:
    """Return each bone's transform over all frames, (frames, 4, 4)."""
    poses = {}
    for name, origin in bone_origins(dict(skeleton.points)).items():
        pose = np.tile(np.eye(4), (len(origin), 1, 1))
        pose[:, :3, :3], pose[:, :3, 3] = skeleton.frames[name], origin
        poses[name] = pose
    return poses


def _add(plotter: pv.Plotter, mesh: pv.PolyData) -> pv.Actor:
    return plotter.add_mesh(
        mesh, scalars="rgb", rgb=True, smooth_shading=True, ambient=0.25, diffuse=0.8, specular=0.08, render=False
    )


def _furnish(plotter: pv.Plotter, look: Look, pelvis: Array) -> None:
    """Add floor, walls and a mat."""
    middle = pelvis.mean(axis=0)
    floor = pv.Plane(center=(0, 0, -0.012), i_size=30, j_size=30, i_resolution=1, j_resolution=1)
    mat = pv.Plane(center=(middle[0], 0, -0.006), i_size=2.4, j_size=1.1, i_resolution=1, j_resolution=1)
    plotter.add_mesh(floor, color=look.floor, ambient=0.5, diffuse=0.5, render=False)
    plotter.add_mesh(mat, color=tuple(int(0.62 * c) for c in look.floor), ambient=0.5, diffuse=0.5, render=False)
    top = tuple(min(255, round(1.12 * c)) for c in look.wall)
    plotter.renderer.set_background(look.wall, top=top)


def _light(plotter: pv.Plotter, look: Look, camera: Camera) -> None:
    x, y, _ = camera.position
    spots = (((x + 1.5, y, 4.0), look.key_light), ((x - 2.5, y * 0.6, 1.5), look.fill_light), ((0.0, -y, 4.0), 0.2))
    for position, intensity in spots:
        plotter.add_light(
            pv.Light(position=position, focal_point=(0, 0, 0.8), intensity=intensity, light_type="scene light")
        )


def _add_shadow(plotter: pv.Plotter, look: Look) -> pv.Actor:
    disc = pv.Disc(center=(0, 0, -0.003), inner=0.0, outer=1.0, r_res=1, c_res=24)
    dark = tuple(int(0.47 * c) for c in look.floor)
    return plotter.add_mesh(disc, color=dark, lighting=False, render=False)


def _window(plotter: pv.Plotter) -> Any:
    """Return VTK's render window, whose types the wheel does not carry."""
    window = plotter.render_window
    if window is None:
        raise RuntimeError("the plotter was closed")
    return window


def _shoot(plotter: pv.Plotter, size: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = size
    window = _window(plotter)
    window.Render()
    pixels = vtkUnsignedCharArray()
    window.GetPixelData(0, 0, width - 1, height - 1, 0, pixels, 0)
    return np.ascontiguousarray(np.asarray(pixels).reshape(height, width, 3)[::-1])
