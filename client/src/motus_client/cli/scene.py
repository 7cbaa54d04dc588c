"""What a watcher knows of a session at a moment, built up from what the stream brings; no terminal in here."""

from dataclasses import dataclass, field

from motus.v1 import event_pb2, movement_pb2, sample_pb2, session_service_pb2
from motus_client.measures import measure_of
from motus_client.names import value_name

SHOWN_CHANNELS = (
    "knee_flexion_left_deg",
    "knee_flexion_right_deg",
    "hip_flexion_left_deg",
    "hip_flexion_right_deg",
    "elbow_flexion_left_deg",
    "elbow_flexion_right_deg",
    "shoulder_elevation_left_deg",
    "shoulder_elevation_right_deg",
    "trunk_lean_deg",
)
_NOT_COUNTED = (movement_pb2.REP_STATE_WITHDRAWN, movement_pb2.REP_STATE_PARTIAL, movement_pb2.REP_STATE_REJECTED)


@dataclass(frozen=True)
class News:
    """One thing that happened, as a line says it.

    Attributes:
        t_s: seconds on the source's clock.
        kind: `rep`, `cue`, `exercise`, `notice` or `state`.
        text: the words.
    """

    t_s: float
    kind: str
    text: str


@dataclass
class Scene:
    """The newest of everything.

    Attributes:
        state: the session's state.
        reason: why it is so, if there is a why.
        exercise: the exercise as given or recognised.
        progress: share of the source that is done, 0 to 1; None when it has no known end.
        sample: newest sample; None before the first.
        reps: counted repetitions by name.
        cues: by name, each in its newest revision.
        reports: newest report per stage.
    """

    state: int = event_pb2.SESSION_STATE_PENDING
    reason: str = ""
    exercise: str = "unknown"
    progress: float | None = None
    sample: sample_pb2.Sample | None = None
    reps: dict[str, movement_pb2.Rep] = field(default_factory=dict)
    cues: dict[str, movement_pb2.Cue] = field(default_factory=dict)
    reports: dict[int, event_pb2.StageReport] = field(default_factory=dict)

    @property
    def phase(self) -> str:
        """The phase that goes on, in words; `rest` before the first sample."""
        kind = self.sample.phase if self.sample else movement_pb2.PHASE_KIND_REST
        return value_name(movement_pb2.PhaseKind, kind).lower().replace("_", " ").replace("unspecified", "-")

    @property
    def angles(self) -> dict[str, str]:
        """Angles of the newest sample by joint, left before right: `knee` -> `84° / 86°`; `-` where there is none."""
        sample = self.sample
        if sample is None:
            return {}
        absent = [int(reason) for reason in sample.absences] or [0] * len(sample.channels)
        joints: dict[str, list[str]] = {}
        for channel, value, absence in zip(sample.channels, sample.values, absent, strict=False):
            if channel in SHOWN_CHANNELS:
                joints.setdefault(channel.split("_")[0], []).append("-" if absence else f"{round(value)}°")
        return {joint: " / ".join(values) for joint, values in joints.items()}

    def apply(self, response: session_service_pb2.WatchSessionResponse) -> list[News]:
        """Take in what the stream brought; returns what is worth a line."""
        item = response.WhichOneof("item")
        if item == "sample":
            self.sample = response.sample
            self.exercise = response.sample.exercise or self.exercise
        elif item == "report":
            self._take_report(response.report)
        elif item == "event":
            return self._take_event(response.event)
        return []

    def _take_report(self, report: event_pb2.StageReport) -> None:
        self.reports[report.stage] = report
        if report.HasField("progress"):
            self.progress = report.progress

    def _take_event(self, event: event_pb2.Event) -> list[News]:
        detail = event.WhichOneof("detail")
        if detail == "rep":
            return self._take_rep(event.rep)
        if detail == "cue":
            return self._take_cue(event.cue)
        if detail == "report":
            self._take_report(event.report)
        elif detail == "state":
            self.state, self.reason = event.state.current, event.state.reason
        elif detail == "exercise":
            self.exercise = event.exercise.exercise
            return [News(event.t_s, "exercise", f"{self.exercise} (confidence {event.exercise.confidence:.2f})")]
        elif detail == "notice":
            return [News(event.t_s, "notice", event.notice.text)]
        return []

    def _take_rep(self, rep: movement_pb2.Rep) -> list[News]:
        known = self.reps.get(rep.name)
        if known is not None and known.revision >= rep.revision:
            return []
        if rep.state in _NOT_COUNTED:
            if self.reps.pop(rep.name, None):
                return [News(rep.end_s, "rep", f"{rep.ordinal} withdrawn: {rep.reason}")]
            attempted = rep.state != movement_pb2.REP_STATE_WITHDRAWN
            return [News(rep.end_s, "rep", f"not counted: {rep.reason}")] if attempted else []
        self.reps[rep.name] = rep
        return [] if known else [News(rep.end_s, "rep", rep_line(rep))]

    def _take_cue(self, cue: movement_pb2.Cue) -> list[News]:
        known = self.cues.get(cue.name)
        if known is not None and known.revision >= cue.revision:
            return []
        self.cues[cue.name] = cue
        if known is not None and known.text == cue.text:
            return []
        return [News(cue.t_s, "cue", cue.text if known is None else f"{cue.text} (reworded)")]


def rep_line(rep: movement_pb2.Rep) -> str:
    """A repetition in a few words: ` 3  2.1 s  range 96°  left`."""
    words = [f"{rep.ordinal:2d}", f"{rep.end_s - rep.start_s:.1f} s"]
    motion = measure_of(rep, "range_of_motion_deg")
    if motion is not None:
        words.append(f"range {motion:.0f}°")
    if rep.side:
        words.append(value_name(movement_pb2.Side, rep.side).lower())
    return "  ".join(words)
