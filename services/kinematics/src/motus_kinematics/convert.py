"""Bus messages to the core's values and back. No message passes beyond this module into the core."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Final

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp

from motus.bus.v1 import frame_pb2, landmarks_pb2
from motus.v1 import event_pb2, measure_pb2, movement_pb2, sample_pb2
from motus_kinematics.core.body import POINTS, Flags, Floats, Frame, empty_frame
from motus_kinematics.core.channels import PUBLISHED, Absence, Grade
from motus_kinematics.core.events import Phase, PhaseSpan, RepEvent, SetEvent, ViewEvent
from motus_kinematics.core.ledger import RepState
from motus_kinematics.core.measured import Measured
from motus_kinematics.core.sample import Sample
from motus_runtime.errors import PermanentError

# The core's absence and grade codes are those of the contract; a test holds them together.
PHASES: Final = {
    Phase.UNKNOWN: movement_pb2.PHASE_KIND_UNSPECIFIED,
    Phase.REST: movement_pb2.PHASE_KIND_REST,
    Phase.ECCENTRIC: movement_pb2.PHASE_KIND_ECCENTRIC,
    Phase.TURN_HOLD: movement_pb2.PHASE_KIND_TURN_HOLD,
    Phase.CONCENTRIC: movement_pb2.PHASE_KIND_CONCENTRIC,
    Phase.SWING: movement_pb2.PHASE_KIND_SWING,
    Phase.FOLLOW_THROUGH: movement_pb2.PHASE_KIND_FOLLOW_THROUGH,
    Phase.STANCE: movement_pb2.PHASE_KIND_STANCE,
    Phase.FLIGHT: movement_pb2.PHASE_KIND_FLIGHT,
    Phase.TRANSITION: movement_pb2.PHASE_KIND_TRANSITION,
}
REP_STATES: Final = {
    RepState.PROVISIONAL: movement_pb2.REP_STATE_PROVISIONAL,
    RepState.CONFIRMED: movement_pb2.REP_STATE_CONFIRMED,
    RepState.WITHDRAWN: movement_pb2.REP_STATE_WITHDRAWN,
    RepState.PARTIAL: movement_pb2.REP_STATE_PARTIAL,
    RepState.REJECTED: movement_pb2.REP_STATE_REJECTED,
}
SIDES: Final = {
    "": movement_pb2.SIDE_UNSPECIFIED,
    "left": movement_pb2.SIDE_LEFT,
    "right": movement_pb2.SIDE_RIGHT,
}


def frames_of(message: landmarks_pb2.Landmarks, participants: Collection[str]) -> dict[str, Frame]:
    """What a message shows of each participant; an empty frame for those whom it does not show.

    Raises:
        PermanentError: the message contradicts the layout of the contract.
    """
    t_s = message.ref.t_s
    if not np.isfinite(t_s):
        raise PermanentError("the frame has no finite time", reason="BAD_LANDMARKS")
    frames = {name: empty_frame(t_s, message.width, message.height) for name in participants}
    for person in message.persons:
        if person.participant in frames:
            frames[person.participant] = _frame(message, person.landmarks)
    return frames


def _frame(message: landmarks_pb2.Landmarks, points: sample_pb2.LandmarkSet) -> Frame:
    image = _floats(points.image_f32, 5)
    world = _floats(points.world_f32, 3) if points.world_f32 else None
    return Frame(
        t_s=message.ref.t_s,
        width=message.width,
        height=message.height,
        image=image[:, :3],
        world=world,
        visibility=image[:, 3],
        presence=_bits(points.presence_mask),
        smoothed=message.engine.smoothing == landmarks_pb2.SMOOTHING_ENGINE,
    )


def _floats(body: bytes, columns: int) -> Floats:
    if len(body) != POINTS * columns * 4:
        raise PermanentError(f"{len(body)} bytes are not {POINTS} rows of {columns} float32", reason="BAD_LANDMARKS")
    return np.frombuffer(body, "<f4").reshape(POINTS, columns).astype(np.float64)


def _bits(mask: int) -> Flags:
    flags: Flags = (mask >> np.arange(POINTS, dtype=np.uint64) & np.uint64(1)).astype(np.bool_)
    return flags


def live_sample(
    participant: str, sample: Sample, phase: Phase, reps: int, exercise: str, ref: frame_pb2.FrameRef
) -> sample_pb2.Sample:
    """The channels of one moment; `participant` is a resource name."""
    return sample_pb2.Sample(
        participant=participant,
        t_s=sample.t_s,
        capture_time=capture_time(ref, sample.t_s),
        channels=PUBLISHED,
        values=sample.values.tolist(),
        absences=sample.absences.tolist() if sample.absences.any() else (),
        grades=sample.grades.tolist(),
        phase=PHASES[phase],
        reps=reps,
        exercise=exercise,
    )


def series(participant: str, samples: Sequence[Sample]) -> sample_pb2.Series:
    """The channels of successive moments in columns; `participant` is a resource name."""
    values = np.array([sample.values for sample in samples], "<f4")
    absences = np.array([sample.absences for sample in samples])
    grades = np.array([sample.grades for sample in samples])
    columns = (
        sample_pb2.Column(
            channel=channel,
            values_f32=values[:, i].tobytes(),
            absences=_runs(absences[:, i].tolist()),
            grade=_usual_grade(grades[:, i]),
        )
        for i, channel in enumerate(PUBLISHED)
    )
    t_s = np.array([sample.t_s for sample in samples], "<f8")
    return sample_pb2.Series(participant=participant, t_s_f64=t_s.tobytes(), columns=columns)


def _runs(codes: list[int]) -> Iterator[sample_pb2.ReasonRun]:
    """Run lengths of the rows that have a reason."""
    start = 0
    for code, group in groupby(codes):
        length = len(list(group))
        if code != Absence.PRESENT:
            yield sample_pb2.ReasonRun(start=start, length=length, reason=_absence(Absence(code)))
        start += length


def _usual_grade(grades: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> "measure_pb2.Grade.ValueType":
    """The median grade of the rows that have one, the worse of two middle ones."""
    known = np.sort(grades[grades != Grade.ABSENT])
    return _grade(Grade(int(known[len(known) // 2])) if len(known) else Grade.ABSENT)


def _absence(reason: Absence) -> "measure_pb2.AbsenceReason.ValueType":
    return measure_pb2.AbsenceReason.ValueType(int(reason))


def _grade(grade: Grade) -> "measure_pb2.Grade.ValueType":
    return measure_pb2.Grade.ValueType(int(grade))


def capture_time(ref: frame_pb2.FrameRef, t_s: float) -> Timestamp:
    """When the light of the moment `t_s` hit the sensor, by a frame whose time is known."""
    stamp = Timestamp()
    stamp.FromNanoseconds(ref.capture_time_ns + round((t_s - ref.t_s) * 1e9))
    return stamp


def rep(name: str, participant: str, said: RepEvent, ref: frame_pb2.FrameRef) -> movement_pb2.Rep:
    """A repetition; `name` and `participant` are resource names."""
    record, cycle = said.record, said.record.cycle
    message = movement_pb2.Rep(
        name=name,
        participant=participant,
        ordinal=record.ordinal,
        set_ordinal=record.set_ordinal,
        exercise=record.exercise,
        side=SIDES[cycle.side],
        state=REP_STATES[record.state],
        revision=record.revision,
        start_s=cycle.start_s,
        turn_s=cycle.turn_s,
        end_s=cycle.end_s,
        end_time=capture_time(ref, cycle.end_s),
        measures=map(measure, said.measures),
        phases=map(phase, said.phases),
        thresholds=said.thresholds,
        reason=said.reason,
    )
    if said.curve is not None:
        message.curve.channel = said.curve.channel
        message.curve.values.extend(said.curve.values)
    return message


def measure(measured: Measured) -> measure_pb2.Measure:
    """A figure with its error, or the reason why it is absent."""
    message = measure_pb2.Measure(name=measured.name, grade=_grade(measured.grade))
    if measured.absence is not Absence.PRESENT:
        message.absence = _absence(measured.absence)
        return message
    message.value = measured.value
    if np.isfinite(measured.standard_error):
        message.standard_error = measured.standard_error
    return message


def phase(span: PhaseSpan, side: str = "") -> movement_pb2.Phase:
    """A phase that is over, of one leg or of the whole body."""
    measures = map(measure, span.measures)
    return movement_pb2.Phase(
        kind=PHASES[span.phase], start_s=span.start_s, end_s=span.end_s, measures=measures, side=SIDES[side]
    )


def exercise_set(said: SetEvent) -> movement_pb2.ExerciseSet:
    """A set that began or ended."""
    return movement_pb2.ExerciseSet(
        ordinal=said.ordinal,
        exercise=said.exercise,
        start_s=said.start_s,
        end_s=said.end_s,
        reps=said.reps,
        measures=map(measure, said.measures),
    )


def view(said: ViewEvent) -> event_pb2.ViewReport:
    """How the camera sees the athlete."""
    head, hands, feet = said.cut
    return event_pb2.ViewReport(
        azimuth_deg=said.azimuth_deg,
        distance_m=said.distance_m,
        height_share=said.height_share,
        frame_rate_hz=said.rate_hz if np.isfinite(said.rate_hz) else 0.0,
        head_cut=head,
        hands_cut=hands,
        feet_cut=feet,
        grades=(event_pb2.ChannelGrade(channel=name, grade=_grade(grade)) for name, grade in said.grades.items()),
        hint=said.hint,
    )
