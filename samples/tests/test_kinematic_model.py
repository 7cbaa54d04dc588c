"""Forward kinematics, contacts and the angles read off the joint centres."""

import numpy as np
import pytest

from motus_samples.angles import measure
from motus_samples.body import Arm, Build, Leg, Posture, forward_kinematics, trunk_axes
from motus_samples.clip import stage
from motus_samples.reach import reach_leg
from motus_samples.spec import EXERCISES, ClipSpec

BUILD = Build.of_stature(1.75)


def random_posture(frames: int = 200) -> Posture:
    """Return frames of unrelated postures over the joints' ranges."""
    rng = np.random.default_rng(11)

    def angle(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, frames)

    legs = {
        side: Leg(angle(-20, 110), angle(-5, 25), angle(-20, 20), angle(1, 130), angle(-40, 30))
        for side in ("left", "right")
    }
    arms = {side: Arm(angle(1, 175), angle(-80, 150), angle(-90, 90), angle(1, 140)) for side in ("left", "right")}
    return Posture(rng.normal(size=(frames, 3)), angle(-10, 85), angle(-10, 10), angle(-20, 30), legs, arms)


def test_forward_kinematics_reproduces_commanded_angles() -> None:
    """Every angle measured on the joint centres is the angle that was commanded."""
    posture = random_posture()

    channels = measure(forward_kinematics(BUILD, posture).points)

    np.testing.assert_allclose(channels["trunk_lean_deg"], posture.trunk_lean_deg, atol=1e-6)
    for side in ("left", "right"):
        leg, arm = posture.legs[side], posture.arms[side]
        np.testing.assert_allclose(channels[f"hip_flexion_{side}_deg"], leg.hip_flexion_deg, atol=1e-6)
        np.testing.assert_allclose(channels[f"hip_abduction_{side}_deg"], leg.hip_abduction_deg, atol=1e-6)
        np.testing.assert_allclose(channels[f"knee_flexion_{side}_deg"], leg.knee_flexion_deg, atol=1e-5)
        np.testing.assert_allclose(channels[f"ankle_dorsiflexion_{side}_deg"], leg.ankle_dorsiflexion_deg, atol=1e-6)
        np.testing.assert_allclose(channels[f"elbow_flexion_{side}_deg"], arm.elbow_flexion_deg, atol=1e-5)
        np.testing.assert_allclose(channels[f"shoulder_elevation_{side}_deg"], arm.elevation_deg, atol=1e-5)


def test_segments_keep_their_length() -> None:
    """No posture stretches a thigh, shank, upper arm or forearm."""
    points = forward_kinematics(BUILD, random_posture()).points

    for near, far, length in (
        ("hip", "knee", BUILD.thigh),
        ("knee", "ankle", BUILD.shank),
        ("shoulder", "elbow", BUILD.upper_arm),
        ("elbow", "wrist", BUILD.forearm),
    ):
        for side in ("left", "right"):
            distances = np.linalg.norm(points[f"{side}_{far}"] - points[f"{side}_{near}"], axis=-1)
            np.testing.assert_allclose(distances, length, rtol=1e-9)


def test_leg_reaches_the_planted_ankle() -> None:
    """The contact solver's angles put the ankle where it was asked, the foot level."""
    frames = 50
    pelvis = np.stack([np.linspace(0, -0.3, frames), np.zeros(frames), np.linspace(0.85, 0.5, frames)], axis=-1)
    lean = np.linspace(0, 40, frames)
    ankle = np.tile([0.0, -0.16, 0.07], (frames, 1))
    posture = random_posture(frames)
    hip = pelvis + BUILD.hip_half * np.array([0.0, -1.0, 0.0])

    right = reach_leg(BUILD, trunk_axes(lean), hip, ankle, np.zeros(frames), "right")
    legs = {"left": posture.legs["left"], "right": right}
    still = np.zeros(frames)
    skeleton = forward_kinematics(BUILD, Posture(pelvis, lean, still, still, legs, posture.arms))

    np.testing.assert_allclose(skeleton.points["right_ankle"], ankle, atol=1e-9)
    level = skeleton.points["right_heel"][:, 2] - skeleton.points["right_foot_index"][:, 2]
    np.testing.assert_allclose(level, 0.0, atol=1e-9)


@pytest.mark.parametrize("exercise", [name for name in EXERCISES if name not in ("jump", "lunge", "pushup")])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_standing_feet_do_not_move(exercise: str, seed: int) -> None:
    """Both feet stay where they are in exercises on two feet."""
    points = stage(ClipSpec(exercise, seed=seed)).skeleton.points

    for name in ("left_ankle", "right_ankle"):
        assert np.ptp(points[name], axis=0).max() < 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_pushup_hands_and_toes_do_not_move(seed: int) -> None:
    """In a push-up the wrists and the toes stay planted, the toes on the floor."""
    points = stage(ClipSpec("pushup", seed=seed)).skeleton.points

    for name in ("left_wrist", "right_wrist", "left_foot_index", "right_foot_index"):
        assert np.ptp(points[name], axis=0).max() < 1e-6
    assert abs(points["left_foot_index"][0, 2]) < 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_lunge_front_foot_does_not_move(seed: int) -> None:
    """In a lunge the foot in front stays planted while its rep goes on, the other ankle is behind it at the turn."""
    scene = stage(ClipSpec("lunge", seed=seed))

    for rep in scene.truth.reps:
        going = slice(round(rep.start_s * 30), round(rep.end_s * 30))
        turn = round(rep.turn_s * 30)
        rear = "left" if rep.side == "right" else "right"
        front_ankle = scene.skeleton.points[f"{rep.side}_ankle"]
        assert np.ptp(front_ankle[going], axis=0).max() < 1e-6
        assert scene.skeleton.points[f"{rear}_ankle"][turn, 0] < front_ankle[turn, 0] - 0.4


@pytest.mark.parametrize("exercise", EXERCISES)
@pytest.mark.parametrize("seed", range(6))
def test_no_point_sinks_into_the_floor(exercise: str, seed: int) -> None:
    """Feet, knees and hands stay on or above the floor."""
    points = stage(ClipSpec(exercise, seed=seed)).skeleton.points

    for joint in ("heel", "foot_index", "knee", "wrist"):
        for side in ("left", "right"):
            assert points[f"{side}_{joint}"][:, 2].min() > -0.006, joint


@pytest.mark.parametrize("seed", range(6))
def test_jump_flight_is_ballistic(seed: int) -> None:
    """In flight the toes leave the floor and rise by g t^2 / 8, within what 30 frames a second can show."""
    scene = stage(ClipSpec("jump", seed=seed))
    toes = scene.skeleton.points["left_foot_index"][:, 2]

    flights = [phase for phase in scene.truth.phases if phase.kind == "flight"]
    assert len(flights) == 4
    for flight in flights:
        seconds = flight.end_s - flight.start_s
        inside = toes[int(flight.start_s * 30) : int(flight.end_s * 30) + 2]
        assert inside.max() == pytest.approx(9.81 * seconds**2 / 8, abs=0.01)
