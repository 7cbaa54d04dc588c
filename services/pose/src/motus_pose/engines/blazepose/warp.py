"""Cuts a turned square out of a picture.

Coordinates are rounded to 1/32 pixel, as the OpenCV in MediaPipe does (`warpPerspective` of OpenCV 4): the networks'
answers depend on it more than on anything else in the graph. OpenCV 5 warps in floating point, but its `remap` still
takes coordinates that are rounded.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.blazepose.roi import Roi


def cut(rgb: NDArray[np.uint8], roi: Roi, side: int, *, replicate: bool) -> NDArray[np.uint8]:
    """The square as a picture of its own.

    Args:
        rgb: uint8 (height, width, 3).
        roi: The square.
        side: Sides of the result, pixels.
        replicate: Beyond the picture's edge goes on what is at the edge; else it is black.

    Returns:
        uint8 (side, side, 3).
    """
    half, cos, sin = roi.size / 2.0, np.cos(roi.turn), np.sin(roi.turn)
    step = roi.size / side * np.arange(side)
    across = roi.x - half * cos + half * sin - sin * step, cos * step
    down = roi.y - half * sin - half * cos + cos * step, sin * step
    x, y = (np.add.outer(*map(np.float32, part)) for part in (across, down))
    whole, parts = cv2.convertMaps(x, y, cv2.CV_16SC2)
    border = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
    piece: NDArray[np.uint8] = cv2.remap(rgb, whole, parts, cv2.INTER_LINEAR, borderMode=border)  # type: ignore[assignment]
    return piece
