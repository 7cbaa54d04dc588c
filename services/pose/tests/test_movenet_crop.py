"""MoveNet's square: where the authors' cropping algorithm puts it, and that points come back from it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from motus_pose.engines.movenet.crop import HIPS, Crop, cut, next_crop, to_picture, whole_picture

HEIGHT, WIDTH = 400, 600
HIP_Y, HIP_X = 0.5, 0.4
"""In fractions of the picture: 200 pixels down, 240 across."""


def _body(*, shoulders_up: float = 40, ankles_down: float = 50, score: float = 0.9) -> NDArray[np.float64]:
    """(17, 3) in fractions of the picture: hips in their place, all else at the shoulders but knees and ankles."""
    keypoints = np.array([(HIP_Y - shoulders_up / HEIGHT, HIP_X, score)] * 17)
    keypoints[HIPS, :2] = HIP_Y, HIP_X
    keypoints[13:, 0] = HIP_Y + ankles_down / HEIGHT
    return keypoints


def _square(half: float) -> Crop:
    return Crop(HIP_Y * HEIGHT - half, HIP_X * WIDTH - half, 2 * half)


def _is_close(crop: Crop, other: Crop) -> bool:
    return np.allclose((crop.top, crop.left, crop.side), (other.top, other.left, other.side))


@pytest.mark.parametrize(
    ("height", "width", "crop"),
    [(400, 600, Crop(-100, 0, 600)), (600, 400, Crop(0, -100, 600)), (300, 300, Crop(0, 0, 300))],
)
def test_the_whole_picture_lies_in_the_middle_of_its_square(height: int, width: int, crop: Crop) -> None:
    """As long as the longer side, padded alike on both sides of the shorter one."""
    assert whole_picture(height, width) == crop


@pytest.mark.parametrize(
    ("body", "half"),
    [
        pytest.param(_body(), 1.9 * 40, id="1.9 times the torso"),
        pytest.param(_body(ankles_down=90), 1.2 * 90, id="1.2 times the body"),
    ],
)
def test_the_square_is_around_the_hips_with_room_for_the_body(body: NDArray[np.float64], half: float) -> None:
    """Its middle is that of the hips; it reaches as far as torso or body need, whichever is further."""
    assert _is_close(next_crop(body, HEIGHT, WIDTH), _square(half))


def test_what_is_not_reliable_takes_no_room() -> None:
    """An ankle far away with a score below 0.2 does not widen the square; at 0.2 it does."""
    body = _body()
    body[15:, 0] = HIP_Y + 100 / HEIGHT
    body[15:, 2] = 0.19
    narrow = next_crop(body, HEIGHT, WIDTH)
    body[15, 2] = 0.2

    assert _is_close(narrow, _square(1.9 * 40))
    assert _is_close(next_crop(body, HEIGHT, WIDTH), _square(1.2 * 100))


@pytest.mark.parametrize("lost", [(5, 6), (11, 12)], ids=["shoulders", "hips"])
def test_without_a_torso_the_whole_picture_is_looked_at(lost: tuple[int, int]) -> None:
    """Both shoulders or both hips at 0.2 or less: lost; one of each is enough to go on."""
    body = _body()
    body[lost[0], 2] = 0.2
    one_left = next_crop(body, HEIGHT, WIDTH)
    body[lost[1], 2] = 0.2

    assert _is_close(one_left, _square(1.9 * 40))
    assert next_crop(body, HEIGHT, WIDTH) == whole_picture(HEIGHT, WIDTH)


def test_who_fills_the_picture_gets_the_whole_of_it() -> None:
    """A square longer than the picture's longer side would only add black."""
    assert next_crop(_body(shoulders_up=180), HEIGHT, WIDTH) == whole_picture(HEIGHT, WIDTH)


@given(
    st.tuples(*[st.floats(-200, 800)] * 2, st.floats(1, 900)),
    st.lists(st.tuples(*[st.floats(0, 1)] * 3), min_size=17, max_size=17),
)
def test_points_come_back_to_where_they_are(crop: tuple[float, float, float], found: list[tuple[float, ...]]) -> None:
    """Fractions of the square become fractions of the picture: the same pixel, the same score."""
    top, left, side = crop
    said = np.array(found)

    keypoints = to_picture(said, Crop(*crop), HEIGHT, WIDTH)

    np.testing.assert_allclose(keypoints[:, 0] * HEIGHT, top + said[:, 0] * side, atol=1e-6)
    np.testing.assert_allclose(keypoints[:, 1] * WIDTH, left + said[:, 1] * side, atol=1e-6)
    np.testing.assert_array_equal(keypoints[:, 2], said[:, 2])


def test_a_dot_in_the_picture_is_the_same_dot_in_the_square() -> None:
    """What the network finds at a fraction of the square lies at the fraction of the picture that comes back."""
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[150:153, 330:333] = 255
    crop = Crop(100, 300, 64)

    y, x, _ = np.argwhere(cut(rgb, crop, 64) == 255).mean(axis=0)
    (found,) = to_picture(np.array([(y / 63, x / 63, 1.0)]), crop, HEIGHT, WIDTH)

    np.testing.assert_allclose(found[:2] * (HEIGHT - 1, WIDTH - 1), (151, 331), atol=0.6)


def test_beyond_the_picture_it_is_black() -> None:
    """The square around the whole of a wide picture has black above and below, and all of the picture between."""
    piece = cut(np.full((50, 101, 3), 200, np.uint8), whole_picture(50, 101), 101)

    rows = piece[:, :, 0].mean(axis=1)
    assert piece.shape == (101, 101, 3)
    assert (rows[:25] == 0).all()
    assert (rows[76:] == 0).all()
    assert (rows[27:74] == 200).all()
