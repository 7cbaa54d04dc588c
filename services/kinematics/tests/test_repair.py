"""Landmarks are mended before they are measured: exchanged sides, impossible jumps, gaps, late frames."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motus_kinematics.core.body import POINTS
from motus_kinematics.core.pipeline import Config, State, step
from motus_kinematics.core.repair import HIDDEN, LONGEST_SWAP_S, MOST_HELD, Tracks, mend

LEGS = np.array([*range(25, 33)])
ARMS = np.array([*range(13, 23)])
EVERYTHING = np.arange(11, POINTS)
TWIN = np.array([i + 1 if i % 2 else i - 1 for i in range(POINTS)])


def exchanged(frame, points):
    """The frame with the sides of some landmarks exchanged, as a pose model does that mistakes them."""
    image, world = frame.image.copy(), frame.world.copy()
    image[points], world[points] = frame.image[TWIN[points]], frame.world[TWIN[points]]
    return replace(frame, image=image, world=world)


def moved(frame, point, by_m):
    """The frame with one landmark elsewhere."""
    image, world = frame.image.copy(), frame.world.copy()
    world[point] += by_m
    image[point, :2] += np.array(by_m)[:2] * 200.0 / (frame.width, frame.height)
    return replace(frame, image=image, world=world)


def mended(frames):
    """The frames after mending, and the tracks at the end."""
    tracks, out = Tracks(), []
    for frame in frames:
        tracks, fixed = mend(tracks, frame)
        out.append(fixed)
    return tracks, out


def worst_m(found, wanted):
    """Largest distance of a landmark from where it ought to be."""
    return max(float(np.abs(a.world - b.world).max()) for a, b in zip(found, wanted, strict=True))


@given(
    points=st.sampled_from([LEGS, ARMS, EVERYTHING]),
    first=st.integers(10, 80),
    length=st.integers(1, 8),
    facing=st.sampled_from([0.0, -45.0, -90.0]),
)
@settings(max_examples=25, deadline=None)
def test_a_burst_of_exchanged_sides_is_undone_but_for_the_expected_first_frame(lab, points, first, length, facing):
    """From any side, in any phase of a squat, no landmark is further off than a prediction over one frame."""
    frames = list(lab.film(lab.regular(1), 4.0, view=lab.View(facing), noise_m=0.003))
    burst = [exchanged(f, points) if first <= i < first + length else f for i, f in enumerate(frames)]

    tracks, found = mended(burst)

    assert worst_m(found, frames) < 0.05
    assert tracks.repairs.swaps_repaired <= 2


def test_an_exchange_is_never_made_for_ever(lab):
    """A pose model that goes on saying so is believed after half a second."""
    frames = list(lab.film((), 4.0, noise_m=0.003))
    lasting = [exchanged(f, EVERYTHING) if f.t_s > 1.0 else f for f in frames]

    _, found = mended(lasting)

    believed = [f for f in zip(found, lasting, strict=True) if f[0].t_s > 1.0 + LONGEST_SWAP_S + 0.2]
    assert worst_m(*zip(*believed, strict=True)) == 0.0


def test_arms_that_cross_are_not_exchanged(lab):
    """Sides that change places by moving there keep their names."""
    frames = list(lab.film((), 3.0, view=lab.View(-90.0)))
    crossing = []
    for frame in frames:
        share = lab.min_jerk((frame.t_s - 1.0) / 0.5)
        image, world = frame.image.copy(), frame.world.copy()
        image[ARMS] += share * (frame.image[TWIN[ARMS]] - frame.image[ARMS])
        world[ARMS] += share * (frame.world[TWIN[ARMS]] - frame.world[ARMS])
        crossing.append(replace(frame, image=image, world=world))

    tracks, found = mended(crossing)

    assert tracks.repairs.swaps_repaired == 0
    assert worst_m(found, crossing) == 0.0


@pytest.mark.parametrize("point", [12, 24, 26])
def test_a_landmark_that_jumps_stays_where_it_was_expected_and_is_said_to_be_hidden(lab, point):
    """A shoulder, hip or knee that jumps by 40 cm for a frame is held, with an error that shows it."""
    frames = list(lab.film(lab.regular(1), 3.0, noise_m=0.003))
    jumping = [moved(f, point, (0.4, 0.0, 0.0)) if i == 50 else f for i, f in enumerate(frames)]

    tracks, found = mended(jumping)

    assert worst_m(found, frames) < 0.05
    assert found[50].visibility[point] == HIDDEN
    assert tracks.repairs.teleports_gated == 1


def test_a_landmark_that_stays_elsewhere_is_believed_after_three_frames(lab):
    """The gate holds a landmark for no longer than it must."""
    frames = list(lab.film((), 3.0))
    jumping = [moved(f, 26, (0.0, -0.5, 0.0)) if i >= 50 else f for i, f in enumerate(frames)]

    tracks, found = mended(jumping)

    held = [i for i, frame in enumerate(found) if frame.visibility[26] == HIDDEN]
    assert held == [50 + i for i in range(MOST_HELD)]
    assert worst_m(found[60:], jumping[60:]) == 0.0
    assert tracks.repairs.teleports_gated == MOST_HELD


def test_a_cut_of_the_film_is_not_held_against_anybody(lab):
    """When the whole body is elsewhere at once, nothing is held and nothing counted."""
    frames = list(lab.film((), 2.0))
    cut = [replace(f, image=f.image + np.array([0.3, 0.0, 0.0])) if i >= 30 else f for i, f in enumerate(frames)]

    tracks, found = mended(cut)

    assert tracks.repairs.teleports_gated == 0
    assert worst_m(found, cut) == 0.0


def test_what_is_in_its_place_is_left_as_it_is(lab):
    """A plain movement passes through untouched, the very frame."""
    frames = list(lab.film(lab.regular(2), 6.0, noise_m=0.005))

    tracks, found = mended(frames)

    assert all(a is b for a, b in zip(found, frames, strict=True))
    assert tracks.repairs.teleports_gated == tracks.repairs.swaps_repaired == 0


def test_gaps_and_late_frames_are_counted(lab):
    """Three frames without anybody are a gap that is bridged, ten are a break; a late frame is neither."""
    frames = list(lab.film((), 3.0))
    gappy = [lab.hidden(f) if 10 <= i < 13 or 40 <= i < 50 else f for i, f in enumerate(frames)]
    state = State()
    for frame in (*gappy, frames[5]):
        state, _ = step(state, frame, Config("squat"))

    assert state.tracks.repairs.gaps_bridged == 1
    assert state.tracks.repairs.frames_out_of_order == 1


def test_velocities_survive_exchanged_sides(lab):
    """Bursts of exchanged legs move the velocity of a lopsided squat by less than 20 deg/s."""
    frames = list(lab.film(lab.regular(2), 7.0, far=lab.lopsided, view=lab.View(-45.0), noise_m=0.004))
    bursts = [exchanged(f, LEGS) if i % 40 in (20, 21, 22) else f for i, f in enumerate(frames)]

    calm, rough = (lab.play(film, "squat").published("knee_flexion_velocity_right_deg_s") for film in (frames, bursts))

    assert np.sqrt(np.mean((rough - calm) ** 2)) < 20.0
