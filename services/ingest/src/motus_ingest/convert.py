"""Domain types to the messages of the bus."""

from typing import Final

from motus.bus.v1 import control_pb2, frame_pb2, landmarks_pb2, samples_pb2
from motus.v1 import event_pb2
from motus_ingest.cutting import Place, Sighting
from motus_ingest.sources.port import CaptureOrigin, Picture, Trouble
from motus_runtime.bus import decode

_ORIGINS: Final = {
    CaptureOrigin.SENDER: frame_pb2.CAPTURE_ORIGIN_SENDER,
    CaptureOrigin.PTS: frame_pb2.CAPTURE_ORIGIN_PTS,
    CaptureOrigin.ARRIVAL: frame_pb2.CAPTURE_ORIGIN_ARRIVAL,
}


def frame_ref(
    spec: control_pb2.SessionSpec,
    epoch: int,
    seq: int,
    t_s: float,
    ingest_time_ns: int,
    origin: CaptureOrigin = CaptureOrigin.PTS,
    captured_ns: int | None = None,
) -> frame_pb2.FrameRef:
    """Identity and times of a frame; where no capture time is given it is the session's start plus the time stamp."""
    return frame_pb2.FrameRef(
        session=spec.session,
        ingest_epoch=epoch,
        frame_seq=seq,
        t_s=t_s,
        capture_time_ns=spec.create_time_ns + round(t_s * 1e9) if captured_ns is None else captured_ns,
        capture_origin=_ORIGINS[origin],
        ingest_time_ns=ingest_time_ns,
    )


def picture_frame(ref: frame_pb2.FrameRef, picture: Picture, *, live: bool = False) -> frame_pb2.Frame:
    """A picture on its way to pose; of a `live` source the newest wins, of a recording every one counts."""
    patches = [
        frame_pb2.Patch(x=one.x, y=one.y, width=one.width, height=one.height, jpeg=one.jpeg, track_id=one.track_id)
        for one in picture.patches
    ]
    delivery = _delivery(live)
    return frame_pb2.Frame(ref=ref, width=picture.width, height=picture.height, patches=patches, delivery=delivery)


def sighting(ack: frame_pb2.FrameAck) -> Sighting:
    """Where those who are followed will be looked for."""
    places = {roi.track_id: Place(roi.x, roi.y, roi.width, roi.height) for roi in ack.rois}
    return Sighting(ack.ref.t_s, places)


def _delivery(live: bool) -> "frame_pb2.Delivery.ValueType":
    return frame_pb2.DELIVERY_NEWEST if live else frame_pb2.DELIVERY_EVERY


def end_frame(
    last: frame_pb2.FrameRef, frames: int, failure: str | None, reason: str, *, live: bool = False
) -> frame_pb2.Frame:
    """Says that no frame follows.

    Args:
        last: the last frame that was sent, or the place where one would have been.
        frames: frames sent in this epoch.
        failure: why the source did not come to its proper end; None when it did.
        reason: why it was stopped; empty when nobody stopped it.
        live: nobody waits for frames that were lost on the way.
    """
    end = frame_pb2.End(failed=failure is not None, reason=failure or reason, frames=frames)
    return frame_pb2.Frame(ref=last, delivery=_delivery(live), end=end)


def position(body: bytes) -> tuple[float, bool]:
    """Where a session stands by its last landmarks: the frame's t_s, and whether its end is there.

    Raises:
        PermanentError: those are no landmarks.
    """
    landmarks = decode(landmarks_pb2.Landmarks, body)
    return landmarks.ref.t_s, landmarks.HasField("end")


def live_report(session: str, epoch: int, report: event_pb2.StageReport) -> samples_pb2.Live:
    """The stage's progress, for those who watch now."""
    return samples_pb2.Live(session=session, epoch=epoch, report=report)


def report_event(last: frame_pb2.FrameRef, report: event_pb2.StageReport) -> samples_pb2.EventEnvelope:
    """The stage's final report; it has the same name whoever says it."""
    event = event_pb2.Event(
        name=f"sessions/{last.session}/events/ingest-report-session-1",
        stage=event_pb2.STAGE_INGEST,
        t_s=last.t_s,
        revision=1,
        report=report,
    )
    return _said(last, event)


def trouble_event(last: frame_pb2.FrameRef, trouble: Trouble, number: int) -> samples_pb2.EventEnvelope:
    """Something about the link that a person should know, the `number`th of its owner."""
    event = event_pb2.Event(
        name=f"sessions/{last.session}/events/ingest-notice-{last.ingest_epoch}-{number}",
        stage=event_pb2.STAGE_INGEST,
        t_s=last.t_s,
        revision=1,
        notice=event_pb2.Notice(code=trouble.code, text=trouble.text, reasons=trouble.reasons),
    )
    return _said(last, event)


def _said(last: frame_pb2.FrameRef, event: event_pb2.Event) -> samples_pb2.EventEnvelope:
    """An event of now, behind a last frame."""
    event.time.GetCurrentTime()
    return samples_pb2.EventEnvelope(session=last.session, epoch=last.ingest_epoch, ref=last, event=event)
