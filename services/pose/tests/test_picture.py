"""Pictures: put together from patches at their places, refused when they are none."""

import math

import numpy as np
import pytest
import simplejpeg

from motus_pose.frames import Frame, FrameRef, Patch
from motus_pose.picture import MAX_SIDE_PX, BadPictureError, Rgb, compose


def _jpeg(width: int, height: int, level: int) -> bytes:
    return bytes(simplejpeg.encode_jpeg(np.full((height, width, 3), level, np.uint8), quality=95))


def _frame(*patches: Patch, width: int = 64, height: int = 48) -> Frame:
    return Frame(FrameRef("session", 1, 0, 0.0, 0, 0, 0), width, height, patches, True, None)


def _near(picture: Rgb, level: int) -> bool:
    return bool(np.all(np.abs(picture.astype(int) - level) <= 2))


def test_one_whole_patch_is_the_picture() -> None:
    """A patch of full size is the picture, dense in memory as mediapipe needs it."""
    picture = compose(_frame(Patch(0, 0, 1.0, _jpeg(64, 48, 90))), None)

    assert picture.shape == (48, 64, 3)
    assert picture.flags.c_contiguous
    assert _near(picture, 90)


def test_patches_are_put_at_their_places_on_the_picture_before() -> None:
    """Two patches change only what they cover."""
    before = compose(_frame(Patch(0, 0, 1.0, _jpeg(64, 48, 10))), None)

    picture = compose(_frame(Patch(8, 16, 1.0, _jpeg(16, 16, 100)), Patch(40, 0, 1.0, _jpeg(24, 8, 200))), before)

    assert _near(picture[16:32, 8:24], 100)
    assert _near(picture[:8, 40:], 200)
    assert _near(picture[32:], 10)
    assert _near(picture[:16, :40], 10)


def test_scaled_patch_covers_its_share_of_the_picture() -> None:
    """A patch whose pixel is two of the picture's covers twice its own width and height."""
    picture = compose(_frame(Patch(0, 0, 2.0, _jpeg(16, 16, 150))), None)

    assert _near(picture[:32, :32], 150)
    assert _near(picture[32:], 0)
    assert _near(picture[:, 32:], 0)


def test_patches_without_a_picture_before_lie_on_black() -> None:
    """A picture of another size is no ground for patches of this one."""
    other = np.full((24, 24, 3), 77, np.uint8)

    picture = compose(_frame(Patch(0, 0, 1.0, _jpeg(16, 16, 100))), other)

    assert _near(picture[16:], 0)


_WHOLE = _jpeg(64, 48, 90)


@pytest.mark.parametrize(
    "frame",
    [
        _frame(width=64),
        _frame(Patch(0, 0, 1.0, b"no jpeg")),
        _frame(Patch(0, 0, 1.0, _WHOLE[: len(_WHOLE) // 2])),
        _frame(Patch(1, 0, 1.0, _WHOLE)),
        _frame(Patch(4_000_000_000, 0, 1.0, _WHOLE)),
        _frame(Patch(0, 0, 1.0, _WHOLE), width=0, height=0),
        _frame(Patch(0, 0, 1.0, _WHOLE), width=MAX_SIDE_PX + 1),
        _frame(Patch(0, 0, 0.001, _WHOLE)),
        _frame(Patch(0, 0, math.nan, _WHOLE)),
        _frame(Patch(0, 0, math.inf, _WHOLE)),
        _frame(Patch(0, 0, -1.0, _WHOLE)),
        _frame(*[Patch(0, 0, 1.0, _WHOLE)] * 65),
    ],
    ids=["none", "garbage", "truncated", "outside", "far", "0x0", "huge", "tiny-scale", "nan", "inf", "minus", "many"],
)
def test_what_is_no_picture_is_refused(frame: Frame) -> None:
    """Every kind of nonsense ends in the one error that the session knows."""
    with pytest.raises(BadPictureError):
        compose(frame, None)
