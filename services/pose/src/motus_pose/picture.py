"""A picture as it arrived, in one or more JPEG pieces, each at its own resolution; what is none is refused."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from motus_pose.frames import Frame, Patch

MAX_SIDE_PX: Final = 4096
MIN_SIDE_PX: Final = 8
MAX_PATCHES: Final = 64
MAX_PIXELS: Final = 16_777_216
"""Of all pieces of a frame together."""
_SHOWS_ALL: Final = 0.98
"""Of what the best piece shows of a part: a finer piece that shows as much is taken instead."""
_ROUNDING_PX: Final = 1.0

Rgb = NDArray[np.uint8]
Points = NDArray[np.float64]


class BadPictureError(Exception):
    """The bytes are no picture, or of a size that is none of ours; sending them again will not help."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A part of a picture.

    Attributes:
        x, y: Its upper left corner, pixels of the full picture.
        width, height: What it covers, pixels of the full picture.
        rgb: uint8 (rows, columns, 3), C-contiguous, finer or coarser than the full picture.
    """

    x: float
    y: float
    width: float
    height: float
    rgb: Rgb

    @property
    def finer(self) -> tuple[float, float]:
        """Its pixels per pixel of the full picture, across and down."""
        return self.rgb.shape[1] / self.width, self.rgb.shape[0] / self.height

    def within(self, points: Points) -> Points:
        """Points (..., 2) of the full picture in this piece's own pixels; a pixel's middle stays a pixel's middle."""
        inside: Points = (points + 0.5 - np.array([self.x, self.y])) * np.array(self.finer) - 0.5
        return inside

    def shows(self, low: Points, high: Points) -> float:
        """How much of a rectangle it shows, square pixels of the full picture."""
        across = min(high[0], self.x + self.width) - max(low[0], self.x)
        down = min(high[1], self.y + self.height) - max(low[1], self.y)
        return float(max(across, 0.0) * max(down, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What a camera saw at one moment.

    Attributes:
        width, height: Of the full picture, pixels.
        pieces: What was sent of it; at least one.
        whole: The last piece that showed all of it, from this moment or before; None when there was none.
    """

    width: int
    height: int
    pieces: tuple[Piece, ...]
    whole: Piece | None

    @classmethod
    def of(cls, rgb: Rgb) -> "Picture":
        """A picture (height, width, 3) that is there as a whole."""
        height, width = rgb.shape[:2]
        piece = Piece(0.0, 0.0, width, height, rgb)
        return cls(width, height, (piece,), piece)

    @property
    def complete(self) -> bool:
        """Whether all of it was sent."""
        return any(piece is self.whole for piece in self.pieces)

    def showing(self, low: Points, high: Points) -> Piece:
        """The finest of the pieces that show most of a rectangle, given by two corners (2,)."""
        most = max(piece.shows(low, high) for piece in self.pieces)
        return max((one for one in self.pieces if one.shows(low, high) >= _SHOWS_ALL * most), key=lambda one: one.finer)

    def rgb(self) -> Rgb:
        """All of it, as fine as the last whole one; what was not sent is as it was then, or black.

        Returns:
            uint8 (rows, columns, 3), C-contiguous.
        """
        if self.complete and self.whole is not None:
            return self.whole.rgb
        ground = self.whole or Piece(0, 0, self.width, self.height, np.zeros((self.height, self.width, 3), np.uint8))
        canvas = ground.rgb.copy()
        for piece in self.pieces:
            _put(canvas, piece, ground)
        return canvas


def read(frame: Frame, before: Picture | None) -> Picture:
    """The picture that a frame carries.

    Args:
        frame: what arrived.
        before: the picture before, whose last whole one goes on; None when there was none.

    Raises:
        BadPictureError: corrupt JPEG, a patch outside the picture, or an absurd size.
    """
    _check_size(frame.width, frame.height)
    if not 0 < len(frame.patches) <= MAX_PATCHES:
        raise BadPictureError(f"{len(frame.patches)} patches")
    pieces = _pieces(frame)
    whole = next((piece for piece in pieces if _is_whole(piece, frame)), None)
    if whole is None and before is not None and (before.width, before.height) == (frame.width, frame.height):
        whole = before.whole
    return Picture(frame.width, frame.height, pieces, whole)


def _put(canvas: Rgb, piece: Piece, ground: Piece) -> None:
    """Puts a piece at its place on a canvas of as many pixels as `ground`."""
    corners = np.array([(piece.x, piece.y), (piece.x + piece.width, piece.y + piece.height)]) - 0.5
    (left, top), (right, bottom) = np.round(ground.within(corners) + 0.5).astype(int)
    place = canvas[max(top, 0) : bottom, max(left, 0) : right]
    if place.size:
        place[:] = cv2.resize(piece.rgb, place.shape[1::-1], interpolation=cv2.INTER_AREA)


def _is_whole(piece: Piece, frame: Frame) -> bool:
    at = np.array([piece.x, piece.y, frame.width - piece.width, frame.height - piece.height])
    return bool((np.abs(at) < _ROUNDING_PX).all())


def _check_size(width: int, height: int) -> None:
    if not (MIN_SIDE_PX <= width <= MAX_SIDE_PX and MIN_SIDE_PX <= height <= MAX_SIDE_PX):
        raise BadPictureError(f"a picture of {width}x{height} pixels")


def _pieces(frame: Frame) -> tuple[Piece, ...]:
    """The patches, decoded; first judged by their headers: a small file that claims to be huge costs nothing."""
    try:
        sizes = [simplejpeg.decode_jpeg_header(patch.jpeg)[:2] for patch in frame.patches]
        for (height, width), patch in zip(sizes, frame.patches, strict=True):
            _check_size(width, height)
            _check_place(patch, width, height, frame)
        if sum(height * width for height, width in sizes) > MAX_PIXELS:
            raise BadPictureError("more pixels than a picture has")
        return tuple(_piece(patch) for patch in frame.patches)
    except ValueError as error:
        raise BadPictureError(f"not a JPEG: {error}") from None


def _check_place(patch: Patch, columns: int, rows: int, frame: Frame) -> None:
    width, height = patch.width or columns, patch.height or rows
    fits = 0 < width <= frame.width - patch.x + _ROUNDING_PX and 0 < height <= frame.height - patch.y + _ROUNDING_PX
    if not (fits and patch.x >= 0 and patch.y >= 0 and max(columns / width, rows / height) <= MAX_SIDE_PX):
        raise BadPictureError(f"a patch of {width}x{height} pixels at {patch.x}, {patch.y} reaches outside")


def _piece(patch: Patch) -> Piece:
    rgb: Rgb = simplejpeg.decode_jpeg(patch.jpeg, colorspace="RGB")
    return Piece(patch.x, patch.y, patch.width or rgb.shape[1], patch.height or rgb.shape[0], rgb)
