"""Messages to values and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motus.bus.v1 import frame_pb2, landmarks_pb2
from motus.v1 import measure_pb2, movement_pb2, sample_pb2
from motus_kinematics import convert
from motus_kinematics.core.channels import PUBLISHED, Absence, Grade
from motus_kinematics.core.events import RepEvent
from motus_kinematics.core.ledger import RepState
from motus_kinematics.core.measured import Measured
from motus_kinematics.core.sample import Sample
from motus_kinematics.fence import Fence, Verdict
from motus_kinematics.speaker import Speaker
from motus_runtime.errors import PermanentError

REF = frame_pb2.FrameRef(session="s", ingest_epoch=1, frame_seq=4, t_s=2.0, capture_time_ns=10_000_000_000)


def points(frame, presence=(1 << 33) - 1):
    """A frame's landmarks in the packed layout."""
    image = np.concatenate((frame.image, frame.visibility[:, None], np.ones((33, 1))), axis=1)
    return sample_pb2.LandmarkSet(
        presence_mask=presence, image_f32=image.astype("<f4").tobytes(), world_f32=frame.world.astype("<f4").tobytes()
    )


def message(frame, landmarks=None, participant="p1"):
    """A message with one person."""
    person = landmarks_pb2.Person(track_id=1, participant=participant, landmarks=landmarks or points(frame))
    return landmarks_pb2.Landmarks(ref=REF, pose_epoch=1, width=640, height=480, persons=[person])


def sample(t_s, value, absence=Absence.PRESENT):
    """A sample with one value in every channel."""
    width = len(PUBLISHED)
    grade = Grade.HIGH if absence is Absence.PRESENT else Grade.ABSENT
    codes = (np.full(width, code, np.uint8) for code in (absence, grade))
    return Sample(t_s, np.full(width, value), *codes, np.full(width, np.nan))


def test_landmarks_come_out_as_they_went_in(lab):
    """The packed layout loses nothing but what float32 loses."""
    frame = lab.frame(2.0, lab.squatting)

    (seen,) = convert.frames_of(message(frame), ["p1"]).values()

    assert seen.t_s == 2.0
    assert (seen.width, seen.height) == (640, 480)
    np.testing.assert_allclose(seen.image, frame.image, atol=1e-6)
    np.testing.assert_allclose(seen.world, frame.world, atol=1e-6)
    np.testing.assert_allclose(seen.visibility, frame.visibility, atol=1e-6)
    assert seen.presence.all()


@pytest.mark.parametrize(("said", "smoothed"), [("RAW", False), ("ENGINE", True), ("UNSPECIFIED", False)])
def test_whether_the_engine_has_smoothed_goes_along(lab, said, smoothed):
    """The core must know, so as not to smooth twice."""
    sent = message(lab.frame(2.0, lab.standing))
    sent.engine.smoothing = landmarks_pb2.Smoothing.Value(f"SMOOTHING_{said}")

    assert convert.frames_of(sent, ["p1"])["p1"].smoothed is smoothed


def test_a_participant_who_is_not_in_the_frame_gets_an_empty_one(lab):
    """Somebody else's landmarks are nobody's of ours."""
    frames = convert.frames_of(message(lab.frame(2.0, lab.standing), participant="p2"), ["p1"])

    assert list(frames) == ["p1"]
    assert frames["p1"].image is None


def test_an_engine_without_world_coordinates_or_points_says_so(lab):
    """Empty world bytes are no world, a bit that is not set is a point that is not there."""
    landmarks = points(lab.frame(2.0, lab.standing), presence=((1 << 33) - 1) & ~(1 << 29))
    landmarks.world_f32 = b""

    seen = convert.frames_of(message(None, landmarks), ["p1"])["p1"]

    assert seen.world is None
    assert not seen.presence[29]
    assert seen.presence.sum() == 32


@given(st.binary(max_size=700).filter(lambda body: len(body) != 660))
def test_bytes_of_the_wrong_length_are_poison(body):
    """A layout that is not the contract's is refused for good."""
    landmarks = sample_pb2.LandmarkSet(presence_mask=1, image_f32=body)

    with pytest.raises(PermanentError):
        convert.frames_of(message(None, landmarks), ["p1"])


def test_a_frame_without_a_finite_time_is_poison():
    """NaN never gets in by the clock either."""
    bad = landmarks_pb2.Landmarks(ref=frame_pb2.FrameRef(t_s=float("nan")))

    with pytest.raises(PermanentError):
        convert.frames_of(bad, ["p1"])


def test_a_series_can_be_read_back_with_its_gaps():
    """Columns hold every value, and run lengths say where there is none and why."""
    rows = [
        sample(0.0, 1.5),
        sample(0.1, 0.0, Absence.NO_PERSON),
        sample(0.2, 0.0, Absence.NO_PERSON),
        sample(0.3, 2.5),
    ]

    series = convert.series("sessions/s/participants/p1", rows)

    assert np.frombuffer(series.t_s_f64, "<f8").tolist() == [0.0, 0.1, 0.2, 0.3]
    assert [column.channel for column in series.columns] == list(PUBLISHED)
    column = series.columns[0]
    assert np.frombuffer(column.values_f32, "<f4").tolist() == [1.5, 0.0, 0.0, 2.5]
    assert [(r.start, r.length, r.reason) for r in column.absences] == [(1, 2, measure_pb2.ABSENCE_REASON_NO_PERSON)]
    assert column.grade == measure_pb2.GRADE_HIGH


def test_a_measure_is_a_value_with_its_error_or_a_reason():
    """Exactly one of both travels, and no NaN."""
    value = convert.measure(Measured("range_of_motion_deg", 92.0, 4.0, Grade.HIGH))
    lacking = convert.measure(Measured("range_asymmetry_percent", np.nan, absence=Absence.VIEW))

    assert (value.value, value.standard_error, value.grade) == (92.0, 4.0, measure_pb2.GRADE_HIGH)
    assert lacking.WhichOneof("result") == "absence"
    assert lacking.absence == measure_pb2.ABSENCE_REASON_VIEW
    assert not lacking.HasField("standard_error")


def test_a_repetition_travels_with_all_it_has(lab):
    """Times, state, phases, curve, thresholds and reason are in the message."""
    (said,) = lab.play(lab.film(lab.regular(1), 4.0), "squat").reps

    rep = convert.rep("sessions/s/reps/p1-0001", "sessions/s/participants/p1", said, REF)

    assert rep.state == movement_pb2.REP_STATE_CONFIRMED
    assert (rep.ordinal, rep.set_ordinal, rep.exercise) == (1, 1, "squat")
    assert rep.start_s < rep.turn_s < rep.end_s
    assert [phase.kind for phase in rep.phases] == [
        movement_pb2.PHASE_KIND_ECCENTRIC,
        movement_pb2.PHASE_KIND_CONCENTRIC,
    ]
    assert len(rep.curve.values) == 32
    assert rep.thresholds["smallest_range"] < rep.thresholds["usual_range"]
    assert rep.reason
    assert rep.end_time.ToNanoseconds() == pytest.approx(10e9 + (rep.end_s - 2.0) * 1e9, abs=1000)
    assert set(convert.REP_STATES) == set(RepState)


def test_an_attempt_has_a_name_of_its_own(lab):
    """It does not take a repetition's number, and its event can be told from theirs."""
    moves = (*lab.regular(2), lab.Excursion(6.5, 1.2, 3.0, 1.0))
    played = lab.play(lab.film(moves, 9.0), "squat")
    said = [e for e in played.events if isinstance(e, RepEvent)][-1]

    (envelope,) = Speaker("s", 1).events("p1", said, REF)

    assert envelope.event.name == "sessions/s/events/kinematics-rep-p1-attempt-1"
    assert envelope.event.rep.name == "sessions/s/reps/p1-attempt-1"
    assert envelope.event.rep.state == movement_pb2.REP_STATE_PARTIAL
    assert envelope.event.rep.ordinal == 0


def fenced(fence, **fields):
    """What a fence says of a message at one time with the given epochs."""
    ref = frame_pb2.FrameRef(ingest_epoch=fields.get("ingest", 1), t_s=fields.get("t_s", 0.0))
    end = frame_pb2.End() if fields.get("end") else None
    return fence.judge(landmarks_pb2.Landmarks(ref=ref, pose_epoch=fields.get("pose", 1), end=end))


def test_a_replaced_worker_and_a_repeated_frame_are_left_out():
    """Lower epochs are stale, times that do not grow are repeated, and the end is neither."""
    fence = Fence()

    verdicts = [
        fenced(fence, t_s=1.0),
        fenced(fence, t_s=1.0),
        fenced(fence, t_s=2.0, pose=3),
        fenced(fence, t_s=3.0, pose=1),
        fenced(fence, t_s=1.5, pose=3),
        fenced(fence, t_s=2.5, pose=3, ingest=2),
        fenced(fence, t_s=4.0, pose=3, ingest=1),
        fenced(fence, t_s=2.5, pose=3, ingest=2, end=True),
    ]

    new, stale, repeated = Verdict.NEW, Verdict.STALE, Verdict.REPEATED
    assert verdicts == [new, repeated, new, stale, repeated, new, stale, new]
