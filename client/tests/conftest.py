"""A session made by hand from the public messages: three squats, two cues, and the angles that belong to them."""

import math
import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest

from motus.v1 import event_pb2, measure_pb2, movement_pb2, sample_pb2, session_service_pb2
from motus_client.outcome import Outcome, ParticipantPhase

SESSION = "sessions/test-1"
PARTICIPANT = f"{SESSION}/participants/p1"
REP_S = 2.0
FIRST_S = 1.0
REPS = 3


def knee_deg(t_s: float) -> float:
    """Knee flexion: at rest before and after the squats, 10 to 100 degrees within."""
    if not FIRST_S <= t_s <= FIRST_S + REPS * REP_S:
        return 10.0
    return 55.0 - 45.0 * math.cos(2 * math.pi * (t_s - FIRST_S) / REP_S)


class Made:
    """Makes the session's parts."""

    participant = PARTICIPANT

    @staticmethod
    def rep(ordinal: int, **changes: object) -> movement_pb2.Rep:
        """One squat."""
        start_s = FIRST_S + (ordinal - 1) * REP_S
        rep = movement_pb2.Rep(
            name=f"{SESSION}/reps/p1-{ordinal:04d}",
            participant=PARTICIPANT,
            ordinal=ordinal,
            set_ordinal=1,
            exercise="squat",
            state=movement_pb2.REP_STATE_CONFIRMED,
            revision=1,
            start_s=start_s,
            turn_s=start_s + REP_S / 2,
            end_s=start_s + REP_S,
            measures=[
                measure_pb2.Measure(name="rep_duration_s", value=REP_S, grade=measure_pb2.GRADE_HIGH),
                measure_pb2.Measure(name="range_of_motion_deg", value=90.0 - ordinal, grade=measure_pb2.GRADE_MEDIUM),
                measure_pb2.Measure(name="eccentric_s", value=0.9),
                measure_pb2.Measure(name="turn_hold_s", value=0.2),
                measure_pb2.Measure(name="concentric_s", value=0.9),
                measure_pb2.Measure(name="range_asymmetry_percent", absence=measure_pb2.ABSENCE_REASON_VIEW),
            ],
            curve=movement_pb2.Curve(channel="knee_flexion_left_deg", values=[10.0, 100.0, 10.0]),
        )
        rep.MergeFrom(movement_pb2.Rep(**changes))  # type: ignore[arg-type]
        return rep

    @staticmethod
    def cue(ordinal: int, text: str, **changes: object) -> movement_pb2.Cue:
        """One cue."""
        cue = movement_pb2.Cue(
            name=f"{SESSION}/cues/p1-{ordinal:04d}",
            participant=PARTICIPANT,
            cue_code="squat_depth_shallow",
            text=text,
            language="en",
            revision=1,
            kind=movement_pb2.CUE_KIND_CORRECTION,
            severity=movement_pb2.SEVERITY_ADVICE,
            t_s=FIRST_S + ordinal * REP_S,
            evidence=[movement_pb2.Evidence(rep=f"{SESSION}/reps/p1-0001", measure="range_of_motion_deg", value=89.0)],
        )
        cue.MergeFrom(movement_pb2.Cue(**changes))  # type: ignore[arg-type]
        return cue

    @staticmethod
    def phases() -> list[ParticipantPhase]:
        """Down and up of every squat."""
        kinds = (movement_pb2.PHASE_KIND_ECCENTRIC, movement_pb2.PHASE_KIND_CONCENTRIC)
        return [
            ParticipantPhase(
                "p1",
                movement_pb2.Phase(
                    kind=kinds[half % 2],
                    start_s=FIRST_S + half * REP_S / 2,
                    end_s=FIRST_S + (half + 1) * REP_S / 2,
                ),
            )
            for half in range(2 * REPS)
        ]

    @staticmethod
    def session(**changes: object) -> session_service_pb2.Session:
        """The session, ended."""
        latency = event_pb2.LatencyDigest(count=240, p50_ms=31.5, p95_ms=44.25, p99_ms=60.0, max_ms=81.0)
        session = session_service_pb2.Session(
            name=SESSION,
            source=session_service_pb2.Source(uri="file:///videos/squat.mp4"),
            participants=[
                session_service_pb2.Participant(name=PARTICIPANT, athlete="athletes/ana", display_name="Ana")
            ],
            exercise="squat",
            state=event_pb2.SESSION_STATE_ENDED,
            reports=[
                event_pb2.StageReport(stage=event_pb2.STAGE_KINEMATICS, counts={"samples": 238}, latency=latency),
                event_pb2.StageReport(
                    stage=event_pb2.STAGE_POSE,
                    counts={"frames_in": 240, "frames_with_pose": 238, "frames_dropped_bad": 1},
                    latency=latency,
                ),
                event_pb2.StageReport(
                    stage=event_pb2.STAGE_INGEST,
                    counts={"frames_in": 240, "frames_sent": 240, "frames_dropped_corrupt": 2, "frames_dropped_bad": 1},
                ),
            ],
            rep_count=REPS,
        )
        session.MergeFrom(session_service_pb2.Session(**changes))  # type: ignore[arg-type]
        return session

    @staticmethod
    def series() -> sample_pb2.Series:
        """Both knees at 30 Hz; the right one is hidden for the first ten rows."""
        times = [index / 30 for index in range(240)]
        left = [knee_deg(t_s) for t_s in times]
        hidden = sample_pb2.ReasonRun(start=0, length=10, reason=measure_pb2.ABSENCE_REASON_OCCLUDED)
        return sample_pb2.Series(
            participant=PARTICIPANT,
            t_s_f64=struct.pack(f"<{len(times)}d", *times),
            columns=[
                sample_pb2.Column(
                    channel="knee_flexion_left_deg",
                    values_f32=struct.pack(f"<{len(left)}f", *left),
                    grade=measure_pb2.GRADE_HIGH,
                ),
                sample_pb2.Column(
                    channel="knee_flexion_right_deg",
                    values_f32=struct.pack(f"<{len(left)}f", *(0 if i < 10 else v - 4 for i, v in enumerate(left))),
                    absences=[hidden],
                ),
            ],
        )


@pytest.fixture
def made() -> Made:
    """Makes the session's parts."""
    return Made()


@pytest.fixture
def outcome(made: Made) -> Outcome:
    """What the API says of the session."""
    return Outcome(
        session=made.session(),
        exercise="squat",
        reps=tuple(made.rep(ordinal) for ordinal in range(1, REPS + 1)),
        cues=(made.cue(1, "Go a little deeper."), made.cue(2, "Good depth.", severity=movement_pb2.SEVERITY_INFO)),
        phases=tuple(made.phases()),
    )


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Two seconds at 25 frames a second, 160 × 90, whose brightness grows by 4 with each frame."""
    path = tmp_path / "grey.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        for index in range(50):
            frame = av.VideoFrame(160, 90, "gray")
            frame.planes[0].update(bytes([20 + 4 * index]) * frame.planes[0].buffer_size)
            frame.pts = index
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return path
