"""Messages to domain types and back; what it returns for the bus goes to the bus and nowhere else."""

import time
from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from motus.bus.v1 import control_pb2, frame_pb2, landmarks_pb2, samples_pb2
from motus.v1 import event_pb2, sample_pb2
from motus_pose.engines.port import ALL_POINTS, POINTS, EngineInfo, PersonPose, points_there
from motus_pose.frames import End, Frame, FrameRef, Patch
from motus_pose.lanes import Lane
from motus_pose.ordering import Done
from motus_pose.places import Region, box
from motus_pose.tracking import Assignment, Track, TrackedPerson, Tracks

ASSIGNED, NOT_ASSIGNED = "participant_assigned", "participant_not_assigned"


def frame_from(message: frame_pb2.Frame) -> Frame:
    """A frame that arrived."""
    ref = message.ref
    return Frame(
        ref=FrameRef(
            session=ref.session,
            ingest_epoch=ref.ingest_epoch,
            frame_seq=ref.frame_seq,
            t_s=ref.t_s,
            capture_time_ns=ref.capture_time_ns,
            capture_origin=ref.capture_origin,
            ingest_time_ns=ref.ingest_time_ns,
        ),
        width=message.width,
        height=message.height,
        patches=tuple(Patch(patch.x, patch.y, patch.width, patch.height, patch.jpeg) for patch in message.patches),
        every=message.delivery == frame_pb2.DELIVERY_EVERY,
        end=_end_from(message.end) if message.HasField("end") else None,
    )


def participants_of(spec: control_pb2.SessionSpec) -> tuple[str, ...]:
    """Bare ids of the people a session is about."""
    return tuple(participant.id for participant in spec.participants)


def lanes_of(spec: control_pb2.SessionSpec) -> tuple[Lane, ...]:
    """Where those participants of a session begin who have a lane."""
    return tuple(Lane(one.id, one.lane.left, one.lane.right) for one in spec.participants if one.HasField("lane"))


def state_from(message: landmarks_pb2.Landmarks, sequence: int) -> tuple[Done, Tracks]:
    """Where the owner before stopped, by the last landmarks it stored.

    Args:
        message: those landmarks.
        sequence: their place in the stream. No more tracks than messages can have begun before it, so ids above it
            are new.
    """
    done = Done(message.ref.ingest_epoch, message.ref.frame_seq, message.HasField("end"))
    known = tuple(
        Track(person.track_id, message.ref.t_s, _where(person), believed=bool(person.participant))
        for person in message.persons
    )
    owned = tuple((person.participant, person.track_id) for person in message.persons if person.participant)
    return done, Tracks(max(sequence, *(person.track_id for person in message.persons), 0) + 1, known, owned)


def _where(person: landmarks_pb2.Person) -> Region | None:
    """Where a person was; None when that cannot be read."""
    landmarks = person.landmarks
    there = points_there(landmarks.presence_mask)
    if not there.any() or len(landmarks.image_f32) != 4 * 5 * POINTS:
        return None
    return box(np.frombuffer(landmarks.image_f32, "<f4").reshape(POINTS, 5)[there])


def landmarks_message(
    frame: Frame, persons: Sequence[TrackedPerson], engine: EngineInfo | None, pose_epoch: int
) -> landmarks_pb2.Landmarks:
    """What pose saw in a frame, or that no frame follows."""
    message = landmarks_pb2.Landmarks(
        ref=_ref_message(frame.ref),
        pose_epoch=pose_epoch,
        width=frame.width,
        height=frame.height,
        source=landmarks_pb2.LANDMARK_SOURCE_SERVER,
        persons=[_person_message(person) for person in persons],
    )
    if engine is not None:
        smoothing = landmarks_pb2.SMOOTHING_ENGINE if engine.smoothed else landmarks_pb2.SMOOTHING_RAW
        message.engine.CopyFrom(
            landmarks_pb2.Engine(name=engine.name, model=engine.model, device=engine.device, smoothing=smoothing)
        )
    if frame.end is not None:
        end = frame.end
        message.end.CopyFrom(frame_pb2.End(failed=end.failed, reason=end.reason, frames=end.frames))
    return message


def points_of(message: landmarks_pb2.Landmarks) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Image (33, 5) and world points (33, 3) of the first person; NaN where there is none, or an engine gave none."""
    image, world = np.full((POINTS, 5), np.nan, "<f4"), np.full((POINTS, 3), np.nan, "<f4")
    if message.persons and message.persons[0].landmarks.presence_mask == ALL_POINTS:
        landmarks = message.persons[0].landmarks
        image = np.frombuffer(landmarks.image_f32, "<f4").reshape(POINTS, 5)
        if landmarks.world_f32:
            world = np.frombuffer(landmarks.world_f32, "<f4").reshape(POINTS, 3)
    return image, world


def ack_message(
    ref: FrameRef | None,
    outcome: frame_pb2.FrameOutcome.ValueType,
    pose_epoch: int,
    *,
    persons: Sequence[TrackedPerson] = (),
    wanted_fps: float = 0.0,
) -> frame_pb2.FrameAck:
    """The answer to a frame, as of now."""
    ack = frame_pb2.FrameAck(outcome=outcome, pose_epoch=pose_epoch, wanted_fps=wanted_fps)
    if ref is not None:
        ack.ref.CopyFrom(_ref_message(ref))
        ack.lag_ms = (time.time_ns() - ref.ingest_time_ns) / 1e6
    for person in persons:
        next_place = person.pose.next_place
        if next_place is not None:
            x, y, width, height = next_place
            ack.rois.add(track_id=person.track_id, x=x, y=y, width=width, height=height)
    return ack


def report_event(ref: FrameRef, report: event_pb2.StageReport, pose_epoch: int) -> samples_pb2.EventEnvelope:
    """The stage's final figures as an event; it has the same name whoever says it."""
    event = event_pb2.Event(
        name=f"sessions/{ref.session}/events/pose-report-session-1",
        stage=event_pb2.STAGE_POSE,
        t_s=ref.t_s,
        revision=1,
        report=report,
    )
    event.time.GetCurrentTime()
    return samples_pb2.EventEnvelope(session=ref.session, epoch=pose_epoch, ref=_ref_message(ref), event=event)


def assignment_from(assign: control_pb2.Assign) -> Assignment:
    """What a user says of who is in view."""
    tap = (assign.tap.x, assign.tap.y) if assign.HasField("tap") else None
    return Assignment(assign.participant, assign.track_id, tap)


def outcome_name(session: str, command: control_pb2.Command) -> str:
    """The name of the event that answers a command."""
    return f"sessions/{session}/events/pose-{command.id}"


def assign_event(
    session: str, command: control_pb2.Command, refusal: str, t_s: float, pose_epoch: int
) -> samples_pb2.EventEnvelope:
    """What became of an assignment; an empty refusal says that it was fulfilled."""
    participant = command.assign.participant
    notice = event_pb2.Notice(code=NOT_ASSIGNED if refusal else ASSIGNED, text=refusal or f"{participant} is in view.")
    event = event_pb2.Event(
        name=outcome_name(session, command),
        participant=f"sessions/{session}/participants/{participant}",
        stage=event_pb2.STAGE_POSE,
        t_s=t_s,
        revision=1,
        notice=notice,
    )
    event.time.GetCurrentTime()
    return samples_pb2.EventEnvelope(session=session, epoch=pose_epoch, event=event)


def live_report(session: str, report: event_pb2.StageReport, pose_epoch: int) -> samples_pb2.Live:
    """The stage's figures so far, for those who watch now."""
    return samples_pb2.Live(session=session, epoch=pose_epoch, report=report)


def refusal(session: str, done: Done, reason: str) -> Frame:
    """The end of a session that cannot be served, behind what was done of it."""
    now_ns = time.time_ns()
    origin = frame_pb2.CAPTURE_ORIGIN_ARRIVAL
    ref = FrameRef(session, max(done.epoch, 1), max(done.seq, 0), 0.0, now_ns, origin, now_ns)
    return Frame(ref, 0, 0, (), every=True, end=End(failed=True, reason=reason, frames=0))


def _end_from(end: frame_pb2.End) -> End:
    return End(failed=end.failed, reason=end.reason, frames=end.frames)


def _ref_message(ref: FrameRef) -> frame_pb2.FrameRef:
    return frame_pb2.FrameRef(
        session=ref.session,
        ingest_epoch=ref.ingest_epoch,
        frame_seq=ref.frame_seq,
        t_s=ref.t_s,
        capture_time_ns=ref.capture_time_ns,
        capture_origin=cast(frame_pb2.CaptureOrigin.ValueType, ref.capture_origin),
        ingest_time_ns=ref.ingest_time_ns,
    )


def _person_message(person: TrackedPerson) -> landmarks_pb2.Person:
    return landmarks_pb2.Person(
        track_id=person.track_id,
        participant=person.participant,
        landmarks=_landmark_set(person.pose),
        confidence=person.pose.confidence,
    )


def _landmark_set(pose: PersonPose) -> sample_pb2.LandmarkSet:
    return sample_pb2.LandmarkSet(
        presence_mask=pose.presence_mask,
        image_f32=pose.image.astype("<f4").tobytes(),
        world_f32=b"" if pose.world is None else pose.world.astype("<f4").tobytes(),
    )
