"""The picture that is sent is upright, has square pixels and fits."""

from collections.abc import Callable
from contextlib import aclosing
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st

from motus_ingest.sources.file_source import FileSource
from motus_ingest.sources.picture import fitted
from motus_ingest.sources.port import Picture

CORNERS = {0: (0, 0), -90: (0, -1), 90: (-1, 0), 180: (-1, -1)}


async def _first(source: FileSource) -> tuple[Picture, np.ndarray]:
    async with aclosing(source.steps()) as steps:
        step = await anext(steps)
    assert isinstance(step, Picture)
    return step, simplejpeg.decode_jpeg(step.patches[0].jpeg, colorspace="RGB")


@pytest.mark.parametrize("rotation", list(CORNERS))
async def test_a_turned_recording_is_sent_upright(
    make_video: Any, open_source: Callable[..., FileSource], rotation: int
) -> None:
    """The red corner lands where a player would show it: a phone's -90 turns the picture clockwise."""
    path = make_video(size=(128, 64), frames=3, rotation=rotation)

    sent, pixels = await _first(open_source(path))

    assert (sent.width, sent.height) == ((64, 128) if abs(rotation) == 90 else (128, 64))
    assert pixels.shape == (sent.height, sent.width, 3)
    row, column = CORNERS[rotation]
    red = pixels[8 if row == 0 else -8, 8 if column == 0 else -8].astype(int)
    assert red[0] - red[2] > 150


@pytest.mark.parametrize("size", [(63, 47), (101, 33), (333, 131), (641, 361)])
async def test_odd_sizes_keep_their_rows(
    make_video: Any, open_source: Callable[..., FileSource], size: tuple[int, int]
) -> None:
    """Padding of decoded rows never reaches the encoder: the corner's edge is straight from top to bottom."""
    _, pixels = await _first(open_source(make_video("odd.mkv", size=size, frames=2)))

    height, width = pixels.shape[:2]
    redness = pixels[:, :, 0].astype(int) - pixels[:, :, 2]
    assert redness[: height // 4 - 3, : width // 4 - 3].min() > 120
    assert redness[height // 4 + 3 :].max() < 80
    assert redness[:, width // 4 + 3 :].max() < 80


async def test_pixels_that_are_not_square_are_made_square(
    make_video: Any, open_source: Callable[..., FileSource]
) -> None:
    """The athlete keeps her proportions, and nothing is enlarged."""
    path = make_video(size=(160, 96), frames=2, pixel_aspect=Fraction(4, 3))

    sent, _ = await _first(open_source(path))

    assert (sent.width, sent.height) == (160, 72)


@pytest.mark.parametrize(
    ("size", "expected"), [((1280, 720), (640, 360)), ((720, 1280), (360, 640)), ((64, 48), (64, 48))]
)
async def test_large_pictures_are_scaled_down_and_small_ones_stay(
    make_video: Any, open_source: Callable[..., FileSource], size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """The long side is at most 640 pixels; a small picture is never enlarged."""
    sent, _ = await _first(open_source(make_video(size=size, frames=2)))

    assert (sent.width, sent.height) == expected


@given(
    st.integers(1, 20000),
    st.integers(1, 20000),
    st.one_of(st.none(), st.fractions(Fraction(1, 100000), 100000)),
    st.integers(64, 1280),
)
def test_the_size_never_grows_and_always_fits(width: int, height: int, aspect: Fraction | None, side: int) -> None:
    """Whatever a header claims."""
    sent = fitted(width, height, aspect, side)

    assert 1 <= sent[0] <= min(width, side)
    assert 1 <= sent[1] <= min(height, side)
