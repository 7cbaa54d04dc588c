"""Synthetic athletes: the truth is the definition, scripts decide everything, planted knobs show."""

from dataclasses import replace
from itertools import cycle, pairwise

import numpy as np
import pytest

from motus_register import EXERCISES
from motus_samples.angles import measure
from motus_samples.synthetic import MOVEMENTS, PROFILES, VIEWS, Recording, Script, ScriptError, record
from motus_samples.synthetic.catalogue import CATALOGUE
from motus_samples.synthetic.landmarks import INDEX

PRIMARY = {
    "squat": "knee_flexion_{side}_deg",
    "hinge": "trunk_lean_deg",
    "deadlift": "trunk_lean_deg",
    "pushup": "elbow_flexion_{side}_deg",
    "press": "elbow_flexion_{side}_deg",
    "curl": "elbow_flexion_{side}_deg",
    "lateral_raise": "shoulder_elevation_{side}_deg",
    "pullup": "elbow_flexion_{side}_deg",
    "bench": "elbow_flexion_{side}_deg",
    "row": "elbow_flexion_{side}_deg",
    "jumping_jack": "shoulder_elevation_{side}_deg",
    "situp": "trunk_lean_deg",
    "sit_to_stand": "knee_flexion_{side}_deg",
}
REPEATED = (*PRIMARY, "lunge", "russian_twist", "jump", "throw", "swing", "side_bend", "knee_raise")


def named(points: np.ndarray) -> dict[str, np.ndarray]:
    """Return landmarks (n, 33, 3) as the points that the angles are measured on."""
    return {name: points[:, index] for name, index in INDEX.items()}


def primary(recording: Recording, movement: str) -> np.ndarray:
    """Return the mean of both sides of a movement's primary angle."""
    names = {PRIMARY[movement].format(side=side) for side in ("left", "right")}
    return np.mean([recording.truth.channels[name] for name in names], axis=0)


def around(recording: Recording, time_s: float) -> int:
    """Return the frame nearest to a time."""
    return int(np.argmin(np.abs(recording.t_s - time_s)))


@pytest.mark.parametrize(("movement", "view"), [*zip(MOVEMENTS, cycle(VIEWS), strict=False)])
def test_truth_is_the_definition(movement: str, view: str) -> None:
    """What the definitions read off the noise-free world landmarks, gravity known, is the truth to the digit."""
    clean = record(Script(movement, seed=6, view=view, noise="clean"))
    axes = clean.camera.axes

    read = measure(named(clean.world), axes @ [0.0, 0.0, 1.0], axes @ -axes[2])

    for name, values in read.items():
        off = (values - clean.truth.channels[name] + 180) % 360 - 180
        assert np.abs(off).max() < 1e-6, name


def test_every_movement_of_the_register_is_there() -> None:
    """Each exercise of the register can be recorded and is called by its id; idle and the nameless are there too."""
    names = {movement: CATALOGUE[movement].exercise for movement in MOVEMENTS}

    assert all(names[exercise] == exercise for exercise in EXERCISES if exercise != "unknown")
    assert names["idle"] == "idle"
    assert sum(name == "unknown" for name in names.values()) >= 5


@pytest.mark.parametrize("movement", REPEATED)
def test_repetitions_are_as_many_as_asked(movement: str) -> None:
    """What repeats has the repetitions that the script asks for, in order, within its sets, also without a name."""
    truth = record(Script(movement, seed=2, reps=3, sets=2, rest_s=5.0)).truth

    assert len(truth.reps) == 6
    assert all(one.end_s <= after.start_s for one, after in pairwise(truth.reps))
    assert [truth.reps[0].start_s, truth.reps[3].start_s] == [start for start, _ in truth.sets]


@pytest.mark.parametrize("movement", sorted(set(MOVEMENTS) - set(REPEATED)))
def test_what_does_not_repeat_has_no_repetitions(movement: str) -> None:
    """Idle, held and aimless movement, walking and running count nothing."""
    assert record(Script(movement, seed=2)).truth.reps == ()


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_same_script_gives_the_same_recording(movement: str) -> None:
    """A script decides its recording; another seed gives another."""
    one, again, other = (record(Script(movement, seed=seed, seconds=5.0)).image for seed in (8, 8, 10))

    np.testing.assert_array_equal(one, again)
    assert one.shape != other.shape or not np.array_equal(one, other, equal_nan=True)


def test_view_and_noise_change_neither_body_nor_movement() -> None:
    """One seed shows one athlete doing one thing, whatever camera and pose model look."""
    done = {record(Script("squat", seed=4, view=view, noise=noise)).truth.reps for view in VIEWS for noise in PROFILES}

    assert len(done) == 1


def test_planted_knobs_change_neither_body_nor_style() -> None:
    """The first repetition of a set keeps its times and depth whatever is planted in the later ones."""
    plain = record(Script("squat", seed=4, noise="clean", reps=6, shaky=False))
    planted = record(Script("squat", seed=4, noise="clean", reps=6, shaky=False, fatigue=1.0, partials=1))
    deepest = [
        primary(recording, "squat")[around(recording, plain.truth.reps[0].turn_s)] for recording in (plain, planted)
    ]

    assert plain.truth.reps[0] == planted.truth.reps[0]
    assert plain.stature_m == planted.stature_m
    assert deepest[0] == pytest.approx(deepest[1], abs=1e-6)


@pytest.mark.parametrize("movement", PRIMARY)
@pytest.mark.parametrize("seed", [0, 2])
def test_reps_are_where_the_angle_says(movement: str, seed: int) -> None:
    """At rest the primary angle is near its start, at each turn it is far from it."""
    clean = record(Script(movement, seed=seed, noise="clean", alternating=False, shaky=False))
    away = np.abs(primary(clean, movement) - primary(clean, movement)[0])

    assert len(clean.truth.reps) >= 4
    for rep in clean.truth.reps:
        assert rep.start_s < rep.turn_s < rep.end_s
        turn = away[around(clean, rep.turn_s)]
        assert turn > 25
        assert max(away[around(clean, rep.start_s)], away[around(clean, rep.end_s)]) < 0.1 * turn + 3


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_phases_cover_the_recording_without_gaps(movement: str) -> None:
    """Phases follow each other from the start to the end."""
    recording = record(Script(movement, seed=2, drop_share=0.0))
    phases = recording.truth.phases

    assert phases[0].start_s == 0
    assert phases[-1].end_s == pytest.approx(recording.t_s[-1], abs=0.3)
    assert all(one.end_s == after.start_s for one, after in pairwise(phases))


@pytest.mark.parametrize("movement", MOVEMENTS)
@pytest.mark.parametrize("seed", [0, 2])
def test_nothing_leaps_from_frame_to_frame(movement: str, seed: int) -> None:
    """Whatever is planted, no landmark moves faster than a throwing hand, 18 m/s, and every channel is a number."""
    script = Script(movement, seed=seed, noise="clean", fps=60, reps=3, seconds=6.0, fatigue=1.0, asymmetry=0.1)
    recording = record(replace(script, lag_s=0.1, partials=1, setup=True, double_dip=True))

    speed = np.linalg.norm(np.diff(recording.world, axis=0), axis=-1) / np.diff(recording.t_s)[:, None]
    assert speed.max() < 18
    assert all(np.isfinite(values).all() for values in recording.truth.channels.values())


@pytest.mark.parametrize("seed", range(0, 12, 2))
def test_feet_do_not_slide_in_a_squat(seed: int) -> None:
    """The ankles stay where they are while the knees bend, in the camera's axes seen from the planted left ankle."""
    clean = record(Script("squat", seed=seed, noise="clean", fatigue=1.0, asymmetry=0.1))

    apart = clean.world[:, INDEX["right_ankle"]] - clean.world[:, INDEX["left_ankle"]]
    assert np.ptp(apart, axis=0).max() < 0.002


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("seed", range(0, 20, 2))
def test_the_camera_stands_where_its_view_says(view: str, seed: int) -> None:
    """Lateral is within 20 degrees of the side, frontal within 20 of front or back, and everybody is in the picture."""
    clean = record(Script("squat", seed=seed, view=view, noise="clean"))
    yaw = clean.truth.channels["pelvis_yaw_deg"][0]
    off_front = abs((yaw + 90) % 180 - 90)

    assert {"lateral": off_front >= 70, "oblique": 19 < off_front < 71, "frontal": off_front <= 20.5}[view]
    assert (clean.truth.near_side == "") == (view == "frontal")
    assert -0.05 < clean.image[..., :2].min() < clean.image[..., :2].max() < 1.05


@pytest.mark.parametrize(("size", "white", "slow"), [("good", 0.5, 12), ("medium", 1.0, 18), ("hard", 1.2, 25)])
def test_errors_have_the_size_of_their_profile(size: str, white: float, slow: float) -> None:
    """Jitter, slow error and bias of an elbow near the camera are those of the specification, over many sessions."""
    jitter, slow_sd, bias = [], [], []
    for seed in range(0, 24, 2):
        script = Script("idle", seed=seed, view="frontal", noise=size, drop_share=0.0, jitter_s=0.0)
        error = record(script).world - record(replace(script, noise="clean")).world
        elbow = error[np.isfinite(error).all(axis=(1, 2)), 13, :2]
        jitter.append(np.median(np.abs(np.diff(elbow, n=3, axis=0)), axis=0) / 0.6745 / np.sqrt(20))
        slow_sd.append(elbow.std(axis=0))
        bias.append(elbow.mean(axis=0))
    assert 1000 * np.median(jitter, axis=0) == pytest.approx(white * np.array([6, 5]), rel=0.25)
    assert 1000 * np.mean(slow_sd) == pytest.approx(np.hypot(slow, 6 * white), rel=0.25)
    assert 6 < 1000 * np.std(bias) < 30


def test_hard_errors_are_those_that_oblique_cameras_showed() -> None:
    """Angles read off the hard profile's landmarks err as the real pose model did from oblique views (biomech 9.2)."""
    errors: dict[str, list[float]] = {"knee_flexion_left": [], "hip_flexion_left": [], "trunk_rotation": []}
    for movement in ("squat", "walk", "hinge"):
        for seed in range(0, 16, 2):
            recording = record(Script(movement, seed=seed, view="oblique", noise="hard", reps=3, seconds=8.0))
            axes, found = recording.camera.axes, recording.found
            read = measure(named(recording.world[found]), axes @ [0.0, 0.0, 1.0], axes @ -axes[2])
            for name, sizes in errors.items():
                off = read[f"{name}_deg"] - recording.truth.channels[f"{name}_deg"][found]
                sizes.append(np.abs((off + 180) % 360 - 180).mean())

    assert 11 < np.mean(errors["knee_flexion_left"]) < 18
    assert 6 < np.mean(errors["hip_flexion_left"]) < 10
    assert 9 < np.mean(errors["trunk_rotation"]) < 15


def test_bias_is_fixed_within_a_session() -> None:
    """Of the error's mean, the two halves of a long recording tell the same."""
    script = Script("idle", seed=2, noise="medium", seconds=120.0, view="frontal", drop_share=0.0, jitter_s=0.0)
    error = record(script).world - record(replace(script, noise="clean")).world
    half = len(error) // 2

    first, second = np.nanmean(error[:half], axis=0), np.nanmean(error[half:], axis=0)
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.85


@pytest.mark.parametrize("movement", ["squat", "pushup", "curl"])
def test_fatigue_slows_and_shortens(movement: str) -> None:
    """A tired athlete's last lifting half takes longer and goes less far than the first."""
    slower, shorter = [], []
    for seed in range(0, 24, 2):
        tired = record(Script(movement, seed=seed, noise="clean", reps=8, fatigue=1.0, shaky=False, alternating=False))
        lifts = [phase.end_s - phase.start_s for phase in tired.truth.phases if phase.kind == "concentric"]
        angle = primary(tired, movement)
        ranges = [abs(angle[around(tired, rep.turn_s)] - angle[0]) for rep in tired.truth.reps]
        slower.append(np.log(np.mean(lifts[-2:]) / np.mean(lifts[:2])))
        shorter.append(np.log(np.mean(ranges[-2:]) / np.mean(ranges[:2])))
    assert np.exp(np.mean(slower)) == pytest.approx(1.5, abs=0.2)
    assert np.exp(np.mean(shorter)) == pytest.approx(0.83, abs=0.06)


def test_tired_jumps_are_lower() -> None:
    """The flights of tired athletes become shorter, by about an eighth over six jumps."""
    shorter = []
    for seed in range(0, 16, 2):
        phases = record(Script("jump", seed=seed, reps=6, fatigue=1.0)).truth.phases
        flights = [phase.end_s - phase.start_s for phase in phases if phase.kind == "flight"]
        shorter.append(np.mean(flights[-2:]) / np.mean(flights[:2]))

    assert np.mean(shorter) == pytest.approx(0.88, abs=0.05)


def test_legs_behind_the_trunk_are_hardly_visible() -> None:
    """In a push-up with the head towards the camera the knees' visibility is low, the wrists' high."""
    recording = record(Script("pushup", seed=2, yaw_deg=0.0, pitch_deg=0.0, view="frontal"))
    seen = recording.visibility[recording.found].mean(axis=0)

    assert max(seen[25], seen[26]) < 0.8 < min(seen[15], seen[16])


@pytest.mark.parametrize(
    ("movement", "joint", "left_over"), [("squat", "knee", 0.89), ("press", "elbow", 0.85), ("curl", "elbow", 0.85)]
)
def test_asymmetry_shortens_the_weak_side(movement: str, joint: str, left_over: float) -> None:
    """A planted asymmetry takes its share off the weak side's range, in a squat as far as the pelvis can tilt."""
    uneven = record(
        Script(movement, seed=0, noise="clean", asymmetry=0.15, weak_side="left", alternating=False, shaky=False)
    )
    sides = [uneven.truth.channels[f"{joint}_flexion_{side}_deg"] for side in ("left", "right")]
    left, right = (
        np.mean([abs(angle[around(uneven, r.turn_s)] - angle[0]) for r in uneven.truth.reps]) for angle in sides
    )

    assert left / right == pytest.approx(left_over, abs=0.05)


def test_tempo_and_tremor_are_written_into_each_rep() -> None:
    """Explosive repetitions lift in less than 0.7 s, controlled ones take longer; shaky ones say so."""
    for tempo in ("explosive", "controlled"):
        recording = record(Script("squat", seed=2, tempo=tempo, shaky=tempo == "controlled"))
        lifts = [phase.end_s - phase.start_s for phase in recording.truth.phases if phase.kind == "concentric"]
        assert all((lift < 0.7) == (tempo == "explosive") for lift in lifts)
        assert all(rep.explosive == (tempo == "explosive") for rep in recording.truth.reps)
        assert all(rep.shaky == (tempo == "controlled") for rep in recording.truth.reps)


def test_partial_repetitions_are_listed_apart() -> None:
    """Partial repetitions go less than half the way and are not among the repetitions."""
    recording = record(Script("squat", seed=2, noise="clean", reps=6, partials=2, shaky=False))
    knee = primary(recording, "squat")
    full = min(knee[around(recording, rep.turn_s)] for rep in recording.truth.reps)

    assert len(recording.truth.reps) == 6
    assert len(recording.truth.partials) == 2
    assert all(knee[around(recording, rep.turn_s)] < 0.6 * full for rep in recording.truth.partials)


def test_a_double_dip_counts_once() -> None:
    """A repetition that bounces at its turn is one, and its knee comes back by more than 8 degrees there."""
    recording = record(Script("squat", seed=2, noise="clean", reps=3, double_dip=True, shaky=False))
    knee = primary(recording, "squat")

    assert len(recording.truth.reps) == 3
    for hold in (phase for phase in recording.truth.phases if phase.kind == "turn_hold"):
        inside = (recording.t_s > hold.start_s) & (recording.t_s < hold.end_s)
        assert np.ptp(knee[inside]) > 8


@pytest.mark.parametrize("movement", ["squat", "pushup", "bench", "curl"])
def test_setup_moves_come_before_and_after_the_set_and_do_not_count(movement: str) -> None:
    """Getting into position bends the trunk outside of the set, and the repetitions are as many as asked."""
    recording = record(Script(movement, seed=2, noise="clean", reps=3, setup=True))
    truth, lean = recording.truth, recording.truth.channels["trunk_lean_deg"]
    moves = [phase for phase in truth.phases if phase.kind == "transition"]

    assert len(truth.reps) == 3
    assert moves[0].end_s < truth.sets[0][0] < truth.sets[0][1] < moves[1].start_s
    for move in moves:
        assert lean[(recording.t_s > move.start_s) & (recording.t_s < move.end_s)].max() > 35


@pytest.mark.parametrize(("movement", "share"), [("walk", (0.55, 0.67)), ("run", (0.28, 0.42))])
def test_steps_are_where_the_feet_are_low(movement: str, share: tuple[float, float]) -> None:
    """In the middle of a contact that foot is the lower one; walking has no flight, running has."""
    clean = record(Script(movement, seed=2, noise="clean"))
    up = clean.camera.axes @ [0.0, 0.0, 1.0]
    contacts = clean.truth.contacts
    strides = np.diff([contact.start_s for contact in contacts if contact.side == "left"])
    lasts = np.median([contact.end_s - contact.start_s for contact in contacts])

    assert share[0] < lasts / strides.mean() < share[1]
    for contact in contacts[2:-2]:
        frame = clean.world[around(clean, (contact.start_s + contact.end_s) / 2)]
        other = "right" if contact.side == "left" else "left"
        assert frame[INDEX[f"{contact.side}_ankle"]] @ up < frame[INDEX[f"{other}_ankle"]] @ up


def test_foreign_visibility_follows_another_law() -> None:
    """BlazePose's visibility is an average over frames; the foreign model's flickers with the error of each frame."""
    flicker = {
        noise: np.diff(record(Script("curl", seed=2, view="frontal", noise=noise)).visibility[:, 15]).std()
        for noise in ("medium", "foreign")
    }

    assert flicker["foreign"] > 5 * flicker["medium"]


def test_sets_are_apart_by_their_rest() -> None:
    """Two sets have their repetitions each and a rest between them."""
    recording = record(Script("curl", seed=2, reps=5, sets=2, rest_s=10.0))
    (_, end), (start, _) = recording.truth.sets

    assert len(recording.truth.reps) == 10
    assert start - end > 9


def test_a_mirrored_recording_exchanges_the_sides() -> None:
    """A mirrored recording is the picture flipped, the pose model taking left for right; the truth stays."""
    plain, mirrored = (record(Script("curl", seed=2, mirrored=flag)) for flag in (False, True))

    np.testing.assert_allclose(mirrored.image[:, 15, 0], 1 - plain.image[:, 16, 0])
    np.testing.assert_allclose(mirrored.world[:, 23, 1:], plain.world[:, 24, 1:])
    np.testing.assert_array_equal(
        mirrored.truth.channels["elbow_flexion_left_deg"], plain.truth.channels["elbow_flexion_left_deg"]
    )


def test_frames_drop_and_jitter_as_asked() -> None:
    """Dropped frames leave gaps, times stay in order, and about the share that was asked is gone."""
    whole = record(Script("idle", seed=2, seconds=120.0, drop_share=0.0, jitter_s=0.008))
    holey = record(Script("idle", seed=2, seconds=120.0, drop_share=0.1, jitter_s=0.008))

    assert (np.diff(holey.t_s) > 0).all()
    assert 0.05 < 1 - len(holey.t_s) / len(whole.t_s) < 0.16
    assert np.diff(holey.t_s).max() > 0.2
    assert np.diff(whole.t_s).std() > 0.003


def test_an_impossible_script_is_refused_with_its_reason() -> None:
    """What cannot be made is refused and the message says what can."""
    with pytest.raises(ScriptError, match="unknown movement"):
        record(Script("swim", seed=0))
    with pytest.raises(ScriptError, match="fatigue is 2"):
        Script("squat", seed=0, fatigue=2.0)
    with pytest.raises(ScriptError, match="unknown view"):
        Script("squat", seed=0, view="top")
