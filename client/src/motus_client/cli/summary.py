"""The words at the end of a run: reps, tempo, range of motion, cues, frames and latencies."""

from collections.abc import Sequence
from statistics import fmean

from motus.v1 import event_pb2, movement_pb2
from motus_client.cli.tables import figure, table
from motus_client.measures import mean_of, measure_of, tempo
from motus_client.names import last_part, value_name
from motus_client.outcome import Outcome


def summary(outcome: Outcome, report: str | None) -> str:
    """The summary of a session; `report` is the page's path, None when there is none."""
    state = value_name(event_pb2.SessionState, outcome.session.state)
    parts = [
        f"session {last_part(outcome.session.name)}: {state}"
        + (f" ({outcome.session.reason})" if outcome.session.reason else ""),
        f"{outcome.exercise}: {_counted(len(outcome.reps))}" + _means(outcome.reps),
        reps_table(outcome.reps),
        cues_table(outcome.cues),
        _frames(outcome),
        latency_table(outcome.latency_ms),
        f"report: {report}" if report else "",
    ]
    return "\n\n".join(part for part in parts if part)


def reps_table(reps: Sequence[movement_pb2.Rep]) -> str:
    """One row per repetition; empty when there is none."""
    rows = [
        (
            str(rep.ordinal),
            last_part(rep.participant),
            rep.exercise,
            value_name(movement_pb2.Side, rep.side).lower().replace("unspecified", "both"),
            figure(rep.start_s, 2),
            figure(rep.end_s, 2),
            tempo(rep),
            figure(measure_of(rep, "range_of_motion_deg")),
            value_name(movement_pb2.RepState, rep.state).lower(),
        )
        for rep in reps
    ]
    head = ("rep", "who", "exercise", "side", "start s", "end s", "tempo s", "range °", "state")
    return table(head, rows) if rows else ""


def cues_table(cues: Sequence[movement_pb2.Cue]) -> str:
    """One row per cue; empty when there is none."""
    rows = [
        (figure(cue.t_s, 2), last_part(cue.participant), value_name(movement_pb2.CueKind, cue.kind).lower(), cue.text)
        for cue in cues
    ]
    return table(("at s", "who", "kind", "cue"), rows) if rows else ""


def latency_table(latency_ms: dict[str, dict[str, float]]) -> str:
    """One row per stage, milliseconds since the frame's ingest; empty when nothing was measured."""
    rows = [(stage, *(figure(figures[name]) for name in figures)) for stage, figures in latency_ms.items()]
    return table(("stage", "p50 ms", "p95 ms", "p99 ms", "max ms"), rows) if rows else ""


def _counted(reps: int) -> str:
    return f"{reps} rep" if reps == 1 else f"{reps} reps"


def _means(reps: Sequence[movement_pb2.Rep]) -> str:
    if not reps:
        return ""
    duration = fmean(rep.end_s - rep.start_s for rep in reps)
    words = [f"mean {duration:.1f} s"]
    motion = mean_of(reps, "range_of_motion_deg")
    if motion is not None:
        words.append(f"range of motion {motion:.0f}°")
    return ", " + ", ".join(words)


def _frames(outcome: Outcome) -> str:
    frames = outcome.frames
    return f"frames: {frames.read} in, {frames.with_pose} with a pose, {frames.dropped} dropped"
