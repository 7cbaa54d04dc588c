"""Puts a picture together from its JPEG pieces, and refuses what is not one."""

from typing import Final

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from motus_pose.frames import Frame, Patch

MAX_SIDE_PX: Final = 4096
MIN_SIDE_PX: Final = 8
MAX_PATCHES: Final = 64

Rgb = NDArray[np.uint8]


class BadPictureError(Exception):
    """The bytes are no picture, or of a size that is none of ours; sending them again will not help."""


def compose(frame: Frame, before: Rgb | None) -> Rgb:
    """The full picture, uint8 (height, width, 3), C-contiguous.

    A patch that is the whole picture is the result as it is. Other patches are put on a copy of the picture before:
    what no patch covers stays as it was last seen, black when it never was.

    Raises:
        BadPictureError: corrupt JPEG, a patch outside the picture, or an absurd size.
    """
    _check_size(frame.width, frame.height)
    if not 0 < len(frame.patches) <= MAX_PATCHES:
        raise BadPictureError(f"{len(frame.patches)} patches")
    shape = (frame.height, frame.width, 3)
    pieces = [_decoded(patch, frame) for patch in frame.patches]
    if len(pieces) == 1 and pieces[0].shape == shape:
        return pieces[0]
    picture = np.zeros(shape, np.uint8) if before is None or before.shape != shape else before.copy()
    for patch, piece in zip(frame.patches, pieces, strict=True):
        picture[patch.y : patch.y + piece.shape[0], patch.x : patch.x + piece.shape[1]] = piece
    return picture


def _check_size(width: int, height: int) -> None:
    if not (MIN_SIDE_PX <= width <= MAX_SIDE_PX and MIN_SIDE_PX <= height <= MAX_SIDE_PX):
        raise BadPictureError(f"a picture of {width}x{height} pixels")


def _decoded(patch: Patch, frame: Frame) -> Rgb:
    """The patch's pixels in the full picture's scale, by nearest neighbour where the scales differ."""
    if not 0 < patch.scale <= MAX_SIDE_PX:
        raise BadPictureError(f"a patch of scale {patch.scale}")
    try:
        height, width = simplejpeg.decode_jpeg_header(patch.jpeg)[:2]
        # Judged by the header, so that a small file that claims to be huge costs nothing.
        _check_size(width, height)
        full_width, full_height = round(width * patch.scale), round(height * patch.scale)
        if not (0 < full_width <= frame.width - patch.x and 0 < full_height <= frame.height - patch.y):
            raise BadPictureError(f"a patch of {width}x{height} pixels at {patch.x}, {patch.y} reaches outside")
        piece: Rgb = simplejpeg.decode_jpeg(patch.jpeg, colorspace="RGB")
    except ValueError as error:
        raise BadPictureError(f"not a JPEG: {error}") from None
    if (full_height, full_width) == piece.shape[:2]:
        return piece
    rows = (np.arange(full_height) * height) // full_height
    columns = (np.arange(full_width) * width) // full_width
    return np.ascontiguousarray(piece[rows[:, None], columns])
