"""Cuts a turned square out of a picture.

Coordinates are rounded to 1/32 pixel, as the OpenCV in MediaPipe does (`warpPerspective` of OpenCV 4): the networks'
answers depend on it more than on anything else in the graph. OpenCV 5 warps in floating point, but its `remap` still
takes coordinates that are rounded.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.blazepose.roi import Roi
from motus_pose.picture import Picture


def cut(picture: Picture, roi: Roi, side: int, *, replicate: bool) -> NDArray[np.uint8]:
    """The square as a picture of its own.

    Args:
        picture: What is there of it; the finest piece that shows the square is taken.
        roi: The square.
        side: Sides of the result, pixels.
        replicate: Beyond the piece's edge goes on what is at the edge; else it is black.

    Returns:
        uint8 (side, side, 3).
    """
    middle, reach = np.array([roi.x, roi.y]), roi.reach / 2.0
    piece = picture.showing(middle - reach, middle + reach)
    half, cos, sin = roi.size / 2.0, np.cos(roi.turn), np.sin(roi.turn)
    step = roi.size / side * np.arange(side)
    (left, top), (wider, higher) = piece.within(middle), piece.finer
    across = left + wider * (half * sin - half * cos - sin * step), wider * cos * step
    down = top + higher * (-half * sin - half * cos + cos * step), higher * sin * step
    x, y = (np.add.outer(*map(np.float32, part)) for part in (across, down))
    whole, parts = cv2.convertMaps(x, y, cv2.CV_16SC2)
    border = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
    square: NDArray[np.uint8] = cv2.remap(piece.rgb, whole, parts, cv2.INTER_LINEAR, borderMode=border)  # type: ignore[assignment]
    return square
