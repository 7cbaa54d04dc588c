"""A key frame as SVG: the part of the picture where the athlete is, with the skeleton over it."""

import base64
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from motus_client.report.keyframes import Picture
from motus_client.series import Landmark

# Pairs of BlazePose points: the athlete's left, right, and the lines between the sides.
_LEFT = ((11, 13), (13, 15), (23, 25), (25, 27), (27, 29), (29, 31), (27, 31))
_RIGHT = ((12, 14), (14, 16), (24, 26), (26, 28), (28, 30), (30, 32), (28, 32))
_MIDDLE = ((11, 12), (23, 24), (11, 23), (12, 24))
_BONES = (
    tuple((pair, "mid") for pair in _MIDDLE)
    + tuple((pair, "right") for pair in _RIGHT)
    + tuple((pair, "left") for pair in _LEFT)
)
_JOINTS = tuple(sorted({index for pair, _ in _BONES for index in pair} | {0}))
_SEEN = 0.3
_HEIGHT = 480
_DEFAULT_ASPECT = 0.75
_AIR = 0.15
# A cut is at least so wide and so slim, of its height.
_SLIMMEST, _WIDEST = 1.1, 1.8


@dataclass(frozen=True)
class Cut:
    """A part of the picture in fractions of its width and height."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0


def cut_around(frames: Iterable[Sequence[Landmark | None]], aspect: float) -> Cut:
    """The part that holds all points of all frames with some air, so that frames beside each other compare.

    Args:
        frames: points of each frame.
        aspect: width over height of the picture.
    """
    points = [point for frame in frames for point in frame if point is not None and point.visibility >= _SEEN]
    if not points:
        return Cut()
    left, right = min(point.x for point in points), max(point.x for point in points)
    top, bottom = min(point.y for point in points), max(point.y for point in points)
    height = (bottom - top) * (1 + 2 * _AIR)
    width = (right - left) * (1 + 2 * _AIR)
    width = max(width, height * _SLIMMEST / aspect)
    height = max(height, width * aspect / _WIDEST)
    x, y = (left + right) / 2, (top + bottom) / 2
    return Cut(max(0.0, x - width / 2), max(0.0, y - height / 2), min(1.0, x + width / 2), min(1.0, y + height / 2))


def key_frame_svg(picture: Picture | None, landmarks: Sequence[Landmark | None], cut: Cut, label: str) -> str:
    """An SVG of a part of the picture, upright, with the skeleton; `label` is its text for those who cannot see it."""
    width = round(_HEIGHT * (picture.aspect if picture else _DEFAULT_ASPECT))
    parts = [_image(picture, width) if picture else "", *_bones(landmarks, width), *_joints(landmarks, width)]
    box = (cut.left * width, cut.top * _HEIGHT, (cut.right - cut.left) * width, (cut.bottom - cut.top) * _HEIGHT)
    return (
        f'<svg class="key" viewBox="{" ".join(f"{side:.1f}" for side in box)}" role="img" '
        f'aria-label="{html.escape(label)}">{"".join(parts)}</svg>'
    )


def _image(picture: Picture, width: int) -> str:
    """The JPEG stretched to the frame; turned about its own corner when the camera was held otherwise."""
    data = base64.b64encode(picture.jpeg).decode()
    across, down = (_HEIGHT, width) if picture.rotation_deg % 180 else (width, _HEIGHT)
    turn = {
        90: f"translate({width} 0) rotate(90)",
        180: f"translate({width} {_HEIGHT}) rotate(180)",
        270: f"translate(0 {_HEIGHT}) rotate(270)",
    }.get(picture.rotation_deg, "")
    transform = f' transform="{turn}"' if turn else ""
    return (
        f'<image href="data:image/jpeg;base64,{data}" width="{across}" height="{down}" '
        f'preserveAspectRatio="none"{transform}/>'
    )


def _bones(landmarks: Sequence[Landmark | None], width: int) -> list[str]:
    if not landmarks:
        return []
    lines = []
    for (start, end), side in _BONES:
        first, second = landmarks[start], landmarks[end]
        if first is not None and second is not None and min(first.visibility, second.visibility) >= _SEEN:
            lines.append(
                f'<line class="bone {side}" x1="{first.x * width:.1f}" y1="{first.y * _HEIGHT:.1f}" '
                f'x2="{second.x * width:.1f}" y2="{second.y * _HEIGHT:.1f}"/>'
            )
    return lines


def _joints(landmarks: Sequence[Landmark | None], width: int) -> list[str]:
    if not landmarks:
        return []
    points = [point for index in _JOINTS if (point := landmarks[index]) is not None and point.visibility >= _SEEN]
    return [f'<circle class="joint" cx="{p.x * width:.1f}" cy="{p.y * _HEIGHT:.1f}" r="2.6"/>' for p in points]
