"""What clients push to the messages of the bus, and counts to what they are told."""

import struct
from typing import Final

from motus.bus.v1 import control_pb2, frame_pb2, landmarks_pb2
from motus.v1 import ingest_service_pb2, sample_pb2
from motus_ingest.sources.port import CaptureOrigin
from motus_runtime.errors import InvalidArgumentError
from motus_runtime.tally import Tally

CLIENT: Final = "client"
_FARTHEST: Final = 1000.0
"""No point of a body lies so many pictures, or metres, away."""
_SENT, _DROPPED = "frames_sent", ("frames_skipped", "frames_thinned")


def landmarks(
    ref: frame_pb2.FrameRef, person: landmarks_pb2.Person | None, start: ingest_service_pb2.LandmarksStart
) -> landmarks_pb2.Landmarks:
    """What the client's device saw at one moment."""
    smoothing = landmarks_pb2.SMOOTHING_ENGINE if start.smoothed else landmarks_pb2.SMOOTHING_RAW
    return landmarks_pb2.Landmarks(
        ref=ref,
        pose_epoch=ref.ingest_epoch,  # one lease stands for both stages: its revision rises with every owner
        width=start.width,
        height=start.height,
        engine=landmarks_pb2.Engine(name=start.engine or CLIENT, model=start.model, device=CLIENT, smoothing=smoothing),
        source=landmarks_pb2.LANDMARK_SOURCE_CLIENT,
        persons=[] if person is None else [person],
    )


def landmarks_end(
    last: frame_pb2.FrameRef, end: frame_pb2.End, start: ingest_service_pb2.LandmarksStart
) -> landmarks_pb2.Landmarks:
    """Says that no moment follows."""
    message = landmarks(last, None, start)
    message.end.CopyFrom(end)
    return message


def person_of(frame: ingest_service_pb2.LandmarksFrame, spec: control_pb2.SessionSpec) -> landmarks_pb2.Person | None:
    """Who is seen; None: nobody.

    Raises:
        InvalidArgumentError: there is no such participant, or the points are no numbers of a body.
    """
    known = [participant.id for participant in spec.participants]
    prefix = f"sessions/{spec.session}/participants/"
    wanted = frame.participant.removeprefix(prefix) if frame.participant else known[0]
    if wanted not in known:
        raise InvalidArgumentError({"frame.participant": "must be one of the session's, or empty for its first"})
    if not frame.HasField("landmarks"):
        return None
    _check(frame.landmarks)
    return landmarks_pb2.Person(
        track_id=1 + known.index(wanted), participant=wanted, landmarks=frame.landmarks, confidence=1.0
    )


def captured(
    frame: ingest_service_pb2.LandmarksFrame | ingest_service_pb2.PushedFrame, now_ns: int
) -> tuple[CaptureOrigin, int]:
    """When the light hit the sensor, and who says so."""
    if frame.HasField("capture_time"):
        return CaptureOrigin.SENDER, frame.capture_time.ToNanoseconds()
    return CaptureOrigin.ARRIVAL, now_ns


def counts_of(tally: Tally) -> ingest_service_pb2.PushCounts:
    """What a client is told of its frames."""
    counts = tally.counts
    dropped = {
        cause: number
        for cause, number in counts.items()
        if number and (cause in _DROPPED or cause.startswith("frames_dropped_"))
    }
    received = counts["frames_in"] + counts["frames_skipped"]
    return ingest_service_pb2.PushCounts(received=received, sent=counts[_SENT], dropped=dropped)


def _check(points: sample_pb2.LandmarkSet) -> None:
    # No NaN crosses a proto; and one absurd point would spoil the filters of all that follow.
    for field, body in (("image_f32", points.image_f32), ("world_f32", points.world_f32)):
        if not all(abs(value) <= _FARTHEST for value in struct.unpack(f"<{len(body) // 4}f", body)):
            raise InvalidArgumentError({f"frame.landmarks.{field}": "must hold finite numbers up to 1000"})
