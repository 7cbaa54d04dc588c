"""How a decoded picture looks: brightness, blur, and whether it is the one before once more."""

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from motus_ingest.sources.look import fingerprint, look_at, luma_of


def _picture(seed: int = 0) -> NDArray[np.uint8]:
    """Rectangles of random greys with the noise of a camera."""
    chance = np.random.default_rng(seed)
    pixels = np.kron(chance.integers(20, 235, (18, 32)), np.ones((20, 20)))
    return (pixels + chance.normal(0, 2, pixels.shape)).clip(0, 255).astype(np.uint8)


def _frame(luma: NDArray[np.uint8], name: str = "yuv420p") -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(luma, format="gray").reformat(format=name)


def _blurred(luma: NDArray[np.uint8], reach: int) -> NDArray[np.uint8]:
    rows = [np.roll(luma.astype(float), (down, right), (0, 1)) for down in range(reach) for right in range(reach)]
    return np.mean(rows, axis=0).astype(np.uint8)


def test_blur_grows_with_the_lens_out_of_focus() -> None:
    """The sharp picture is far from the limit, one that is smeared over a dozen pixels beyond it."""
    blurs = [look_at(_blurred(_picture(), reach)).blur for reach in (1, 4, 8, 12)]
    assert blurs == sorted(blurs)
    assert blurs[0] < 0.4
    assert blurs[-1] > 0.54


def test_blur_along_one_direction_counts() -> None:
    """A camera that shakes sideways blurs upright edges alone."""
    sideways = np.mean([np.roll(_picture().astype(float), step, 1) for step in range(24)], axis=0).astype(np.uint8)
    assert look_at(sideways).blur > look_at(_picture()).blur + 0.2


def test_brightness_is_that_of_the_bright_parts() -> None:
    """A dark room with a lamp in it is not bright, a black shirt before a white wall not dark."""
    assert look_at(_picture() // 7).brightness < 0.18
    wall = _picture()
    wall[:, 200:400] = 10
    assert look_at(wall).brightness > 0.7


@pytest.mark.parametrize("name", ["yuv420p", "nv12", "yuv422p"])
def test_pictures_are_told_apart(name: str) -> None:
    """The same twice is the same, two of a camera are not."""
    assert fingerprint(_frame(_picture(1), name)) == fingerprint(_frame(_picture(1), name))
    assert fingerprint(_frame(_picture(1), name)) != fingerprint(_frame(_picture(2), name))
    luma = luma_of(_frame(_picture(1), name))
    assert luma is not None
    assert luma.shape == (360, 640)


def test_what_has_no_luma_is_not_looked_at() -> None:
    """Its other qualities are graded all the same."""
    assert luma_of(av.VideoFrame.from_ndarray(np.zeros((36, 64, 3), np.uint8), format="rgb24")) is None
