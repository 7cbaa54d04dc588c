"""Patches around people: where they are, how fine, and when the whole picture is sent."""

import math
import threading
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st

from motus_ingest.cutting import Cut, Cutting, Form, Place, Sighting
from motus_ingest.regions import LAG, Regions
from motus_ingest.sources.picture import PictureForm, encoded, form_of

FORM = Form(640, 360, finest=3.0, patch_px=384)
SMALL = Place(0.5, 0.5, 0.1, 0.3)


def _cuts(t_s: float, sighting: Sighting | None, form: Form = FORM, whole_s: float = 0.0) -> tuple[Cut, ...]:
    return Cutting(whole_s).judge(t_s, sighting, form)[0]


def _seen(place: Place = SMALL, t_s: float = 0.1, before: Sighting | None = None) -> Sighting:
    return Sighting(t_s, {7: place}, before)


def test_the_whole_picture_is_sent_while_nobody_is_followed() -> None:
    """Pose has to find people first."""
    for sighting in (None, Sighting(0.1, {})):
        assert _cuts(0.2, sighting) == (Cut(0, 0.0, 0.0, 640, 360),)


def test_a_small_athlete_is_sent_finer_than_the_whole_picture() -> None:
    """Whoever covers a third of the height gets a patch as fine as the source."""
    (cut,) = _cuts(0.2, _seen())

    assert (cut.track_id, cut.fineness) == (7, pytest.approx(min(3.0, 384 / max(cut.width, cut.height))))
    assert cut.fineness > 2.0
    assert cut.x <= (0.5 - 0.05) * 640
    assert cut.x + cut.width >= (0.5 + 0.05) * 640


def test_the_whole_picture_comes_now_and_then_for_newcomers() -> None:
    """Beside the patches, so that who is followed is seen as finely as before."""
    cutting, wholes = Cutting(0.0), []
    for number in range(1, 91):
        t_s = number / 30
        cuts, cutting = cutting.judge(t_s, _seen(t_s=t_s - 0.1), FORM)
        assert any(cut.track_id == 7 for cut in cuts)
        wholes += [t_s for cut in cuts if cut.track_id == 0]

    assert len(wholes) in (3, 4)


def test_a_patch_that_would_spare_nothing_is_not_cut() -> None:
    """Somebody who fills a picture that has no more pixels is sent with it."""
    assert _cuts(0.2, _seen(Place(0.5, 0.5, 0.9, 1.0)), Form(640, 360, 1.0, 640)) == (Cut(0, 0.0, 0.0, 640, 360),)


def test_who_moves_is_cut_where_they_may_be_by_now() -> None:
    """The patch reaches from where they were to where they run."""
    before = Sighting(0.0, {7: Place(0.47, 0.5, 0.1, 0.3)})

    (cut,) = _cuts(0.2, _seen(before=before))

    assert cut.x <= 0.45 * 640
    assert cut.x + cut.width >= (0.5 + 0.03 + 0.05) * 640


def test_what_was_said_long_ago_cuts_nothing() -> None:
    """After a pause nobody knows where anybody is."""
    assert _cuts(3.0, _seen(t_s=0.1)) == (Cut(0, 0.0, 0.0, 640, 360),)


numbers = st.floats(-3, 3, allow_nan=False)


@given(numbers, numbers, st.floats(0, 5), st.floats(0, 5), st.floats(0.5, 8), st.integers(16, 640))
def test_every_patch_lies_within_the_picture(
    x: float, y: float, width: float, height: float, finest: float, side: int
) -> None:
    """Whatever pose says."""
    for cut in _cuts(0.2, _seen(Place(x, y, width, height)), Form(side, side // 2, finest, 384)):
        assert 0 <= cut.x < cut.x + cut.width <= side
        assert 0 <= cut.y < cut.y + cut.height <= side // 2


def test_a_recording_is_cut_by_what_was_said_of_a_fixed_frame() -> None:
    """However far pose is, so that a recording gives the same pictures each time."""
    regions = Regions()
    for number in range(10):
        regions.tell(number, _seen(t_s=float(number)))

    assert regions.behind(LAG - 1) is None
    sighting = regions.behind(9)
    assert sighting is not None
    assert sighting.t_s == 9 - LAG
    newest = regions.newest()
    assert newest is not None
    assert newest.t_s == 9
    assert newest.before is not None
    assert newest.before.before is None


def test_frames_that_were_not_looked_at_hold_nobody_up() -> None:
    """A worker that can use none of the frames is not waited for, and a live source goes by what was seen last."""
    regions = Regions()
    regions.tell(0, _seen(t_s=0.0))
    for number in range(1, 6):
        regions.tell(number, None)

    assert regions.behind(5) is None
    newest = regions.newest()
    assert newest is not None
    assert newest.t_s == 0.0


def test_a_second_answer_takes_nothing_away() -> None:
    """A frame that was sent again is answered again, and what was seen in it stays known."""
    regions = Regions()
    regions.tell(0, _seen(t_s=0.0))
    regions.tell(0, None)

    assert regions.behind(LAG) is not None


def test_whoever_waits_goes_on_when_nobody_will_say_more() -> None:
    """A source that is closed leaves no thread behind."""
    regions = Regions()
    waiting = threading.Thread(target=lambda: regions.behind(LAG))
    waiting.start()
    regions.close()
    waiting.join(30)

    assert not waiting.is_alive()


def _ramps(width: int, height: int) -> np.ndarray:
    """Red grows to the right, green downwards."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 255, width)[None, :]
    picture[..., 1] = np.linspace(0, 255, height)[:, None]
    return picture


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "nv12"])
def test_a_patch_shows_what_the_whole_picture_shows_there(turns: int, pixels: str) -> None:
    """Whichever way the recording lies, and whatever its pixels are."""
    lying = np.ascontiguousarray(np.rot90(_ramps(960, 540), -turns))
    frame = av.VideoFrame.from_ndarray(lying, format="rgb24").reformat(format=pixels)
    turned = _Turned(frame, 90 * turns)
    form = form_of(turned, Fraction(1), PictureForm(640, 95, 384))
    cut = Cut(1, 400.0, 100.0, 120.0, 160.0, fineness=1.4)

    whole, patch = encoded(turned, form, [Cut(0, 0, 0, form.width, form.height), cut], 95)

    assert (form.width, form.height) == (640, 360)
    assert patch.x <= 400
    assert patch.y <= 100
    assert patch.x + patch.width >= 520
    assert patch.y + patch.height >= 260
    big, small = (simplejpeg.decode_jpeg(one.jpeg).astype(float) for one in (whole, patch))
    middle = big[round(patch.y + patch.height / 2), round(patch.x + patch.width / 2)]
    assert small.shape[:2] == (224, 168)
    assert np.abs(small[112, 84] - middle).max() < 6
    assert np.abs(small[3, 3] - big[round(patch.y + 2), round(patch.x + 2)]).max() < 6


class _Turned:
    """A frame with a display matrix, which PyAV cannot give to a frame that it makes."""

    def __init__(self, frame: av.VideoFrame, rotation: int) -> None:
        self._frame, self.rotation = frame, rotation

    def __getattr__(self, name: str) -> Any:
        return getattr(self._frame, name)


def test_the_state_before_the_first_picture_is_plain() -> None:
    """Nothing was sent yet."""
    assert Cutting().whole_s == -math.inf
