"""Pictures: pieces at their places and in their resolution, refused when they are none."""

import math

import numpy as np
import pytest
import simplejpeg

from motus_pose.engines.blazepose.roi import Roi
from motus_pose.engines.blazepose.warp import cut
from motus_pose.frames import Frame, FrameRef, Patch
from motus_pose.picture import MAX_SIDE_PX, BadPictureError, Picture, Piece, Rgb, read


def _jpeg(width: int, height: int, level: int) -> bytes:
    return bytes(simplejpeg.encode_jpeg(np.full((height, width, 3), level, np.uint8), quality=95))


def _patch(x: float, y: float, width: int, height: int, level: int, finer: float = 1.0) -> Patch:
    jpeg = _jpeg(round(width * finer), round(height * finer), level)
    return Patch(x, y, width, height, jpeg)


def _frame(*patches: Patch, width: int = 64, height: int = 48) -> Frame:
    return Frame(FrameRef("session", 1, 0, 0.0, 0, 0, 0), width, height, patches, True, None)


def _near(picture: Rgb, level: int) -> bool:
    return bool(np.all(np.abs(picture.astype(int) - level) <= 2))


def test_one_whole_patch_is_the_picture() -> None:
    """A patch of full size is the picture, dense in memory as mediapipe needs it."""
    picture = read(_frame(_patch(0, 0, 64, 48, 90)), None)

    assert picture.complete
    assert picture.rgb().shape == (48, 64, 3)
    assert picture.rgb().flags.c_contiguous
    assert _near(picture.rgb(), 90)


def test_a_patch_without_a_size_has_as_many_pixels_as_its_jpeg() -> None:
    """Who sends whole pictures alone need not say how large they are twice."""
    assert read(_frame(Patch(0, 0, 0, 0, _jpeg(64, 48, 90))), None).complete


def test_patches_are_put_at_their_places_on_the_last_whole_picture() -> None:
    """Two patches change only what they cover, however fine they are."""
    before = read(_frame(_patch(0, 0, 64, 48, 10)), None)

    picture = read(_frame(_patch(8, 16, 16, 16, 100, finer=2.0), _patch(40, 0, 24, 8, 200)), before)

    assert not picture.complete
    shown = picture.rgb()
    assert _near(shown[16:32, 8:24], 100)
    assert _near(shown[:8, 40:], 200)
    assert _near(shown[32:], 10)
    assert _near(shown[:16, :40], 10)


def test_a_coarse_whole_picture_stays_coarse() -> None:
    """A whole picture with half the full picture's pixels is whole, and nothing is made up."""
    picture = read(_frame(_patch(0, 0, 64, 48, 150, finer=0.5)), None)

    assert picture.complete
    assert picture.rgb().shape == (24, 32, 3)


def test_patches_without_a_picture_before_lie_on_black() -> None:
    """A picture of another size is no ground for patches of this one."""
    other = Picture.of(np.full((24, 24, 3), 77, np.uint8))

    shown = read(_frame(_patch(0, 0, 16, 16, 100)), other).rgb()

    assert _near(shown[:16, :16], 100)
    assert _near(shown[16:], 0)


def test_the_finest_piece_that_shows_a_part_is_looked_at() -> None:
    """A patch around somebody is preferred to the whole picture, but not where it shows half of them."""
    picture = read(_frame(_patch(0, 0, 64, 48, 10), _patch(16, 8, 24, 24, 200, finer=2.0)), None)
    whole, patch = picture.pieces

    assert picture.showing(np.array([18.0, 10.0]), np.array([38.0, 30.0])) is patch
    assert picture.showing(np.array([0.0, 0.0]), np.array([30.0, 40.0])) is whole


@pytest.mark.parametrize("finer", [0.5, 1.0, 2.0, 3.0])
def test_a_square_shows_the_same_place_whatever_the_piece_is(finer: float) -> None:
    """A ramp of grey that is cut from a finer or coarser patch is the same ramp, to the grey level."""

    def ramp(x: float, width: float) -> Rgb:
        centres = (np.arange(round(width * finer)) + 0.5) / finer - 0.5 + x
        row = np.clip(centres * 3.0, 0, 255).astype(np.float32)
        return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (len(row), len(row), 3)).round(), np.uint8)

    roi = Roi(40.0, 40.0, 16.0, 0.0)
    whole = Picture.of(np.ascontiguousarray(np.broadcast_to((np.arange(80) * 3)[None, :, None], (80, 80, 3)), np.uint8))
    patch = Picture(80, 80, (Piece(20.0, 20.0, 40.0, 40.0, ramp(20.0, 40.0)),), None)

    off = cut(whole, roi, 16, replicate=True).astype(int) - cut(patch, roi, 16, replicate=True)

    assert np.abs(off).max() <= 1


_WHOLE = _jpeg(64, 48, 90)


@pytest.mark.parametrize(
    "frame",
    [
        _frame(width=64),
        _frame(Patch(0, 0, 0, 0, b"no jpeg")),
        _frame(Patch(0, 0, 0, 0, _WHOLE[: len(_WHOLE) // 2])),
        _frame(Patch(8, 0, 0, 0, _WHOLE)),
        _frame(Patch(4_000_000_000, 0, 0, 0, _WHOLE)),
        _frame(Patch(-8, 0, 0, 0, _WHOLE)),
        _frame(Patch(math.nan, 0, 0, 0, _WHOLE)),
        _frame(Patch(0, 0, 0, 0, _WHOLE), width=0, height=0),
        _frame(Patch(0, 0, 0, 0, _WHOLE), width=MAX_SIDE_PX + 1),
        _frame(Patch(0, 0, 0.001, 0.001, _WHOLE)),
        _frame(Patch(0, 0, math.nan, 48, _WHOLE)),
        _frame(Patch(0, 0, math.inf, 48, _WHOLE)),
        _frame(Patch(0, 0, -1.0, 48, _WHOLE)),
        _frame(*[Patch(0, 0, 0, 0, _WHOLE)] * 65),
        _frame(*[Patch(0, 0, 0, 0, _jpeg(4096, 4096, 90))] * 2, width=4096, height=4096),
    ],
    ids=[
        "none",
        "garbage",
        "truncated",
        "outside",
        "far",
        "left",
        "nowhere",
        "0x0",
        "huge",
        "tiny",
        "nan",
        "inf",
        "minus",
        "many",
        "much",
    ],
)
def test_what_is_no_picture_is_refused(frame: Frame) -> None:
    """Every kind of nonsense ends in the one error that the session knows."""
    with pytest.raises(BadPictureError):
        read(frame, None)
