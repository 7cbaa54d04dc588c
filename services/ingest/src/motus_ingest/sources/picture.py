"""From a decoded video frame to the picture that is sent: upright, square pixels, scaled down, JPEG."""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
import simplejpeg

MIN_SIDE_PX = 16
# A header can claim any shape of pixel; cameras and discs stay within this.
_WIDEST_PIXEL = 4


@dataclass(frozen=True, slots=True)
class PictureForm:
    """How pictures are sent.

    Attributes:
        max_side_px: the long side is at most so long; a smaller picture stays as it is.
        jpeg_quality: 1 to 100.
    """

    max_side_px: int
    jpeg_quality: int


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


def encoded(frame: av.VideoFrame, pixel_aspect: Fraction | None, form: PictureForm) -> tuple[int, int, bytes]:
    """Width, height and JPEG of a frame, turned upright as its display matrix says."""
    width, height = fitted(frame.width, frame.height, pixel_aspect, form.max_side_px)
    scaled = frame.reformat(width=width, height=height, format="rgb24", interpolation="BILINEAR", threads=1)
    # The rotation is counter-clockwise, as rot90 counts; a frame loses it when it is scaled.
    turned = np.rot90(scaled.to_ndarray(), round(frame.rotation / 90) % 4)
    # The encoder reads rows as if nothing lay between them.
    pixels = np.ascontiguousarray(turned, dtype=np.uint8)
    jpeg = simplejpeg.encode_jpeg(pixels, quality=form.jpeg_quality, colorspace="RGB", colorsubsampling="420")
    return pixels.shape[1], pixels.shape[0], jpeg
