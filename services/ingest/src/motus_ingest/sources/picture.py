"""From a decoded video frame to the picture that is sent: upright, square pixels, whole or in patches, JPEG."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from motus_ingest.cutting import Cut, Form
from motus_ingest.sources.planes import frame_of, rows_of
from motus_ingest.sources.port import Patch

MIN_SIDE_PX = 16
# A header can claim any shape of pixel; cameras and discs stay within this.
_WIDEST_PIXEL = 4
_PLANAR = ("yuv420p", "yuvj420p")


@dataclass(frozen=True, slots=True)
class PictureForm:
    """How pictures are sent.

    Attributes:
        max_side_px: the long side is at most so long; a smaller picture stays as it is.
        jpeg_quality: 1 to 100.
        patch_px: long side of a patch around a person at most; 0: only whole pictures are sent.
    """

    max_side_px: int
    jpeg_quality: int
    patch_px: int = 0


def fitted(width: int, height: int, pixel_aspect: Fraction | None, max_side_px: int) -> tuple[int, int]:
    """Width and height with square pixels and the long side at most `max_side_px`; neither ever grows.

    Args:
        width: of the decoded frame, pixels.
        height: of the decoded frame, pixels.
        pixel_aspect: a pixel's width by its height; None or an absurd one counts as square.
        max_side_px: bound of the long side.
    """
    aspect = float(pixel_aspect or 1)
    if not 1 / _WIDEST_PIXEL <= aspect <= _WIDEST_PIXEL:
        aspect = 1.0
    square_width, square_height = width * min(aspect, 1.0), height / max(aspect, 1.0)
    scale = min(1.0, max_side_px / max(square_width, square_height))
    return max(1, round(square_width * scale)), max(1, round(square_height * scale))


def form_of(frame: av.VideoFrame, pixel_aspect: Fraction | None, form: PictureForm) -> Form:
    """How this frame is sent: the full picture's size, upright, and how much finer the frame itself is."""
    width, height = fitted(frame.width, frame.height, pixel_aspect, form.max_side_px)
    finest = min(frame.width / width, frame.height / height)
    size = (height, width) if _turns(frame) % 2 else (width, height)
    return Form(*size, finest, form.patch_px)


def encoded(frame: av.VideoFrame, form: Form, cuts: Sequence[Cut], quality: int) -> tuple[Patch, ...]:
    """Parts of a frame, turned upright as its display matrix says.

    Args:
        frame: the frame.
        form: of this frame.
        cuts: which parts.
        quality: of the JPEGs, 1 to 100.
    """
    source = frame
    if frame.format.name not in _PLANAR and any(cut.track_id for cut in cuts):
        source = frame.reformat(format="yuv420p", threads=1)
    return tuple(_patch(source if cut.track_id else frame, frame, form, cut, quality) for cut in cuts)


def _patch(source: av.VideoFrame, frame: av.VideoFrame, form: Form, cut: Cut, quality: int) -> Patch:
    turns = _turns(frame)
    size = (round(cut.width * cut.fineness), round(cut.height * cut.fineness))
    if not cut.track_id:
        return Patch(0.0, 0.0, float(form.width), float(form.height), _jpeg(source, size, turns, quality))
    # The frame's pixels per pixel of the full picture, across and down in the frame as it lies.
    width, height = (form.height, form.width) if turns % 2 else (form.width, form.height)
    finer = np.array([frame.width / width, frame.height / height])
    low, high = _lying(np.array([(cut.x, cut.y), (cut.x + cut.width, cut.y + cut.height)]), form, turns)
    # Chroma has half as many rows and columns, so corners are even; where exactly they are travels with the patch.
    first = (low * finer // 2 * 2).astype(int)
    last = np.minimum(-(-high * finer // 2) * 2, np.array([frame.width, frame.height]) // 2 * 2).astype(int)
    last = np.maximum(last, first + 2)
    (x, y), (right, bottom) = _upright(np.array([first, last]) / finer, form, turns)
    piece = _cropped(source, *map(int, first), *map(int, last))
    jpeg = _jpeg(piece, size, turns, quality)
    return Patch(float(x), float(y), float(right - x), float(bottom - y), jpeg, cut.track_id)


def _turns(frame: av.VideoFrame) -> int:
    """Quarter turns counter-clockwise, as rot90 counts, that make a frame upright."""
    return round(frame.rotation / 90) % 4


def _lying(corners: NDArray[np.float64], form: Form, turns: int) -> NDArray[np.float64]:
    """Two corners of a rectangle of the upright picture, where they are in the frame as it lies: low and high."""
    width, height = form.width, form.height
    for _ in range(turns):
        # Back by a quarter turn clockwise: what was on top is at the right.
        corners = np.stack([height - corners[:, 1], corners[:, 0]], axis=1)
        width, height = height, width
    return np.sort(corners, axis=0)


def _upright(corners: NDArray[np.float64], form: Form, turns: int) -> NDArray[np.float64]:
    """The way back: corners of the frame as it lies, in the upright picture."""
    width, height = (form.height, form.width) if turns % 2 else (form.width, form.height)
    for _ in range(turns):
        corners = np.stack([corners[:, 1], width - corners[:, 0]], axis=1)
        width, height = height, width
    return np.sort(corners, axis=0)


def _cropped(frame: av.VideoFrame, left: int, top: int, right: int, bottom: int) -> av.VideoFrame:
    """A part of a frame with half as many rows and columns of chroma; all corners are even."""
    planes = []
    for plane, share in zip(frame.planes, (1, 2, 2), strict=True):
        planes.append(rows_of(plane)[top // share : bottom // share, left // share : right // share])
    piece = frame_of(planes, frame.format.name)
    piece.colorspace, piece.color_range = frame.colorspace, frame.color_range
    return piece


def _jpeg(frame: av.VideoFrame, size: tuple[int, int], turns: int, quality: int) -> bytes:
    """A frame as a picture of an upright size."""
    width, height = size[::-1] if turns % 2 else size
    # Scaled as it is coded and then converted: a third of the time of both in one.
    kept = frame.format.name if frame.format.name in _PLANAR else "rgb24"
    scaled = frame.reformat(max(width, 1), max(height, 1), kept, interpolation="BILINEAR", threads=1)
    # A frame loses its rotation when it is scaled.
    turned = np.rot90(scaled.reformat(format="rgb24", threads=1).to_ndarray(), turns)
    # The encoder reads rows as if nothing lay between them.
    pixels = np.ascontiguousarray(turned, dtype=np.uint8)
    return bytes(simplejpeg.encode_jpeg(pixels, quality=quality, colorspace="RGB", colorsubsampling="420"))
