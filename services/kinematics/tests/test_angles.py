"""Angles of a figure whose angles are known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motus_kinematics.core.angles import measure
from motus_kinematics.core.body import empty_frame, unmirrored
from motus_kinematics.core.channels import INDEX, Absence

SIDE, OTHER_SIDE, FRONT, OBLIQUE = 0.0, 180.0, -90.0, -45.0

HINGE = 2.5
"""Degrees by which an angle may be off that reckons with errors of depth, seen without any."""


def read(lab, pose, facing_deg):
    """All positions of one frame by name."""
    reading, _ = measure(lab.frame(0.0, pose, lab.View(facing_deg)), None)
    return {name: float(reading.values[i]) for name, i in INDEX.items()}


@pytest.mark.parametrize("facing_deg", [SIDE, OTHER_SIDE, FRONT, OBLIQUE])
def test_angles_of_a_deep_squat_are_those_of_the_figure_from_every_side(lab, facing_deg):
    """A view changes no angle of a figure seen without error; hinges, which reckon with errors, not by much."""
    pose = lab.Pose(knee=(80.0, 100.0), hip=(70.0, 90.0), elbow=(60.0, 90.0), shoulder=(40.0, 80.0), lean=30.0)

    seen = read(lab, pose, facing_deg)

    expected = {
        "knee_flexion_left_deg": 80.0,
        "knee_flexion_right_deg": 100.0,
        "hip_flexion_left_deg": 70.0,
        "hip_flexion_right_deg": 90.0,
        "elbow_flexion_left_deg": 60.0,
        "elbow_flexion_right_deg": 90.0,
        "shoulder_elevation_left_deg": 40.0,
        "shoulder_elevation_right_deg": 80.0,
        "thigh_elevation_left_deg": 40.0,
        "thigh_elevation_right_deg": 60.0,
        "trunk_lean_deg": 30.0,
        "trunk_lean_lateral_deg": 0.0,
        "trunk_rotation_deg": 0.0,
    }
    for name, angle in expected.items():
        off = 8.0 if name.startswith("shoulder") else HINGE if name.startswith(("knee", "elbow")) else 0.5
        assert seen[name] == pytest.approx(angle, abs=off), name


@given(
    knee=st.floats(40.0, 130.0),
    hip=st.floats(-10.0, 120.0),
    lean=st.floats(-20.0, 80.0),
    facing_deg=st.sampled_from([SIDE, OTHER_SIDE]),
)
@settings(max_examples=60, deadline=None)
def test_a_side_view_reads_every_pose(lab, knee, hip, lean, facing_deg):
    """From the side hip and lean are right over their whole range, whichever way the athlete faces, and so is the knee
    but for what reckoning with errors that are not there takes."""
    seen = read(lab, lab.Pose(knee=(knee, knee), hip=(hip, hip), lean=lean), facing_deg)

    assert seen["knee_flexion_left_deg"] == pytest.approx(knee, abs=HINGE)
    assert seen["hip_flexion_right_deg"] == pytest.approx(hip, abs=0.5)
    assert seen["trunk_lean_deg"] == pytest.approx(lean, abs=0.5)


@pytest.mark.parametrize("facing_deg", [SIDE, FRONT, OBLIQUE])
def test_a_mirrored_video_reads_as_the_one_that_it_mirrors(lab, facing_deg):
    """Told that a video is mirrored, left is left again, and nothing else changes."""
    pose = lab.Pose(knee=(60.0, 90.0), hip=(50.0, 80.0), elbow=(20.0, 70.0), lean=25.0)
    frame = lab.frame(0.0, pose, lab.View(facing_deg))
    swapped = np.array([0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, *(i + 1 if i % 2 else i - 1 for i in range(11, 33))])
    selfie = replace(
        frame,
        image=((frame.image - (0.5, 0, 0)) * (-1, 1, 1) + (0.5, 0, 0))[swapped],
        world=(frame.world * (-1, 1, 1))[swapped],
    )

    before, after = (measure(each, None)[0].values for each in (frame, unmirrored(selfie)))

    assert after == pytest.approx(before, abs=1e-6, nan_ok=True)


def test_without_being_told_a_mirrored_video_swaps_the_sides(lab):
    """Left and right change places, sagittal angles keep their sign."""
    pose = lab.Pose(knee=(60.0, 90.0), hip=(50.0, 80.0), lean=25.0)
    frame = lab.frame(0.0, pose, lab.View(OBLIQUE))

    before, after = (measure(each, None)[0].values for each in (frame, unmirrored(frame)))

    for name in ("knee_flexion", "hip_flexion", "thigh_elevation"):
        left, right = INDEX[f"{name}_left_deg"], INDEX[f"{name}_right_deg"]
        assert after[left] == pytest.approx(before[right], abs=1e-6)
    lean = INDEX["trunk_lean_deg"]
    assert after[lean] == pytest.approx(before[lean], abs=1e-6)


@pytest.mark.parametrize("facing_deg", [0.0, -30.0, -60.0, -90.0, -150.0, 90.0])
def test_turning_the_athlete_turns_the_yaw_and_nothing_of_the_legs(lab, facing_deg):
    """Whatever way the figure faces, yaw says so and legs read the same, up to what a picture from aside hides."""
    pose = lab.Pose(knee=(80.0, 80.0), hip=(70.0, 70.0), lean=20.0)

    seen = read(lab, pose, facing_deg)

    yaw = (90.0 + facing_deg + 180.0) % 360.0 - 180.0
    for channel in ("pelvis_yaw_deg", "thorax_yaw_deg"):
        assert (seen[channel] - yaw + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=0.5)
    assert seen["knee_flexion_left_deg"] == pytest.approx(80.0, abs=6.0)
    assert seen["hip_abduction_left_deg"] == pytest.approx(0.0, abs=0.5)


def test_what_has_no_meaning_or_cannot_be_seen_says_why(lab):
    """Each channel has its own reason: no hinge with bent knees, no valgus from the side, no plane of a hanging arm."""
    squatting, _ = measure(lab.frame(0.0, lab.squatting), None)
    standing, _ = measure(lab.frame(0.0, lab.standing, lab.View(FRONT)), None)

    assert squatting.absences[INDEX["hip_hinge_deg"]] == Absence.NOT_APPLICABLE
    assert squatting.absences[INDEX["knee_valgus_left_deg"]] == Absence.VIEW
    assert squatting.absences[INDEX["knee_flexion_left_deg"]] == Absence.PRESENT
    assert standing.absences[INDEX["shoulder_plane_left_deg"]] == Absence.NOT_APPLICABLE
    assert standing.absences[INDEX["trunk_shape_ratio"]] == Absence.VIEW
    assert standing.values[INDEX["knee_valgus_left_deg"]] == pytest.approx(0.0, abs=0.5)


def test_standing_still_sets_the_ankles_to_zero(lab):
    """A foot that the pose model draws pointing down reads 0 once the athlete has stood still."""
    stance = None
    for i in range(150):
        frame = lab.frame(i / 30, lab.standing)
        image, world = frame.image.copy(), frame.world.copy()
        image[31:33, 1] += 0.03
        world[31:33, 1] += 0.06
        reading, stance = measure(replace(frame, image=image, world=world), stance)

    assert reading.values[INDEX["ankle_dorsiflexion_left_deg"]] == pytest.approx(0.0, abs=2.0)


def test_a_limb_that_points_at_the_camera_keeps_its_length(lab):
    """Depth guessed too small is drawn out to what the bone's known length demands."""
    _, stance = measure(lab.frame(0.0, lab.standing, lab.View(FRONT)), None)
    frame = lab.frame(1 / 30, lab.Pose(knee=(90.0, 90.0), hip=(90.0, 90.0)), lab.View(FRONT))
    squashed = replace(frame, world=frame.world * (1.0, 1.0, 0.6))

    reading, _ = measure(squashed, stance)
    plain, _ = measure(squashed, None)

    knee = INDEX["thigh_elevation_left_deg"]
    assert abs(reading.values[knee] - 90.0) <= abs(plain.values[knee] - 90.0)
    assert reading.sigmas[knee] > 0.0


@pytest.mark.parametrize("noise_seed", range(5))
def test_a_straight_leg_seen_from_the_front_is_bent_less_than_noisy_depth_bends_it(lab, noise_seed):
    """Noise of depth always bends a straight limb: that is reckoned with."""
    frame = lab.frame(0.0, lab.Pose(knee=(0.0, 0.0), hip=(0.0, 0.0)), lab.View(FRONT))
    depth = np.random.default_rng(noise_seed).normal(0.0, 0.06, (33, 1)) * (0.0, 0.0, 1.0)
    noisy = replace(frame, world=frame.world + depth)

    reading, _ = measure(noisy, None)

    thigh, shank = noisy.world[25] - noisy.world[23], noisy.world[27] - noisy.world[25]
    plain = np.degrees(np.arccos(thigh @ shank / np.linalg.norm(thigh) / np.linalg.norm(shank)))
    assert reading.values[INDEX["knee_flexion_left_deg"]] < 0.8 * plain


def test_the_aspect_ratio_of_the_picture_changes_no_angle(lab):
    """Fractions of width and height are not lengths: a stretched picture's angles are set right."""
    pose = lab.Pose(knee=(90.0, 90.0), hip=(80.0, 80.0), lean=20.0)
    frame = lab.frame(0.0, pose)
    wider = replace(frame, width=1280, height=480, image=frame.image * (640 / 1280, 1, 1))

    usual, wide = (measure(each, None)[0].values[INDEX["knee_flexion_left_deg"]] for each in (frame, wider))

    assert wide == pytest.approx(usual, abs=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_landmark_that_is_no_number_gives_a_reason_instead_of_values(lab, bad):
    """NaN in is flagged out, and the stance stays as it was."""
    frame = lab.frame(0.0, lab.standing)
    world = frame.world.copy()
    world[25, 1] = bad

    reading, stance = measure(replace(frame, world=world), None)

    assert (reading.absences == Absence.IMPLAUSIBLE).all()
    assert np.isnan(reading.values).all()
    assert stance is None


def test_an_empty_frame_says_that_nobody_is_there(lab):
    """A frame without the participant has a reason and no value."""
    reading, _ = measure(empty_frame(1.0, 640, 480), None)

    assert (reading.absences == Absence.NO_PERSON).all()
    assert np.isnan(reading.values).all()


def test_a_trunk_that_is_seen_turned_at_all_times_is_taken_for_straight_in_the_end(lab):
    """Who moves turns to both sides: a pose model that draws one shoulder too near teaches its bias within seconds."""
    stance, seen = None, []
    for i in range(450):
        frame = lab.frame(i / 30, lab.squatting if i // 15 % 2 else lab.standing, lab.View(FRONT))
        world = frame.world.copy()
        world[11, 2] -= 0.08
        reading, stance = measure(replace(frame, world=world), stance)
        seen.append(reading.values[INDEX["trunk_rotation_deg"]])

    assert abs(seen[0]) > 8.0
    assert abs(np.mean(seen[-60:])) < 3.0


def test_points_that_the_engine_lacks_take_only_their_own_angles_with_them(lab):
    """An engine without feet still gives knees, and no ankle angle."""
    frame = lab.frame(0.0, lab.standing)
    presence = frame.presence.copy()
    presence[29:33] = False

    reading, _ = measure(replace(frame, presence=presence), None)

    assert np.isfinite(reading.values[INDEX["knee_flexion_left_deg"]])
    assert np.isnan(reading.values[INDEX["ankle_dorsiflexion_left_deg"]])


def test_without_world_landmarks_the_picture_alone_is_measured(lab):
    """An engine that has no depth still gives the angles of a side view."""
    pose = lab.Pose(knee=(90.0, 90.0), hip=(80.0, 80.0))
    frame = replace(lab.frame(0.0, pose), world=None)

    reading, _ = measure(frame, None)

    assert reading.values[INDEX["knee_flexion_right_deg"]] == pytest.approx(90.0, abs=HINGE)


def test_a_limb_outside_the_picture_is_not_trusted(lab):
    """What lies beyond the edge is guessed by the engine: its expected error says so."""
    frame = lab.frame(0.0, lab.standing)
    image = frame.image.copy()
    image[27, 1] = 1.2

    reading, _ = measure(replace(frame, image=image), None)

    assert reading.sigmas[INDEX["knee_flexion_left_deg"]] > 20.0
    assert reading.sigmas[INDEX["knee_flexion_right_deg"]] < 10.0
