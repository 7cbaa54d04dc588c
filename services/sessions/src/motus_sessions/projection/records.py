"""What is kept of a session, as plain values. Ids are bare; `body` is the message as it was, opaque here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from motus_sessions.projection.fence import Fence
from motus_sessions.projection.life import Change, Life, Outcome
from motus_sessions.projection.table import Table

SAMPLES, LANDMARKS, EVENTS = "samples", "landmarks", "events"
"""The kinds of what comes: each a stream, and the first two each a set of tables."""
MEASURES = "measures"
"""Everything but landmarks, where it is said how long something is kept."""


@dataclass(frozen=True)
class ParticipantRecord:
    """One person a session is about.

    Attributes:
        participant: bare id.
        athlete: bare id, or empty.
        display_name: how a screen shows them.
        lane: where they begin: left and right edge as fractions of the picture's width; None: wherever they appear.
    """

    participant: str
    athlete: str = ""
    display_name: str = ""
    lane: tuple[float, float] | None = None


@dataclass(frozen=True)
class SessionRecord:
    """A session as it was asked for, and what became of it.

    Attributes:
        session: bare id.
        source_uri: where the pictures come from.
        pacing: number of the contract's Pacing.
        mirrored: the picture is mirrored.
        participants: at least one.
        exercise: id of the register that the stages begin with.
        muted: the coach says nothing.
        language: BCP-47, or empty.
        landmarks_retention_s: seconds to keep landmarks; None for the default.
        measures_retention_s: seconds to keep everything else; None for the default.
        group: sessions that belong together share it.
        create_time_ns: Unix nanoseconds.
        request_id: id of the request that made it, or empty.
        request_digest: of that request's content.
        life: where it stands.
        reports: newest report of each stage, by stage.
        rep_count: counted repetitions.
        revision: grows with each change that a client wished, from 1.
        wished_exercise: what the exercise was changed to since; None while it is the first.
        in_set: a set was begun (true) or ended (false) by a client; None while sets begin and end by themselves.
    """

    session: str
    source_uri: str
    pacing: int
    mirrored: bool
    participants: tuple[ParticipantRecord, ...]
    exercise: str
    muted: bool
    language: str
    landmarks_retention_s: float | None
    measures_retention_s: float | None
    group: str
    create_time_ns: int
    request_id: str = ""
    request_digest: bytes = b""
    life: Life = field(default_factory=Life)
    reports: tuple[bytes, ...] = ()
    rep_count: int = 0
    revision: int = 1
    wished_exercise: str | None = None
    in_set: bool | None = None


@dataclass(frozen=True)
class Wishes:
    """What a client wishes to change in a session; None: leave it."""

    exercise: str | None = None
    muted: bool | None = None
    in_set: bool | None = None


@dataclass(frozen=True)
class RepRecord:
    """A repetition in one revision; `counted` is false for withdrawn, partial and rejected ones."""

    rep: str
    participant: str
    ordinal: int
    revision: int
    counted: bool
    start_s: float
    body: bytes


@dataclass(frozen=True)
class CueRecord:
    """A cue in one revision, and what the athlete thinks of it whatever its revision."""

    cue: str
    participant: str
    revision: int
    t_s: float
    body: bytes
    dismissed: bool = False
    rating: int | None = None


@dataclass(frozen=True)
class ReportRecord:
    """What a stage has done."""

    body: bytes


@dataclass(frozen=True)
class Learnt:
    """What kinematics has learnt of participants, opaque, by bare participant id, and when; Unix nanoseconds."""

    profiles: Mapping[str, bytes]
    time_ns: int


@dataclass(frozen=True)
class EventRecord:
    """An event in one revision.

    Attributes:
        session: bare session id.
        event: bare event id.
        revision: from 1.
        sequence: place in the stream of events.
        epoch: lease epoch of the stage that says so.
        participant: bare id; empty when it is about the session.
        stage: the stage's name.
        body: the message.
        detail: what of it is kept apart: a rep, cue, report, what was learnt, the last stage's outcome, a change.
    """

    session: str
    event: str
    revision: int
    sequence: int
    epoch: int
    participant: str
    stage: str
    body: bytes
    detail: RepRecord | CueRecord | ReportRecord | Learnt | Outcome | Change | None = None


@dataclass(frozen=True)
class PersonSeen:
    """A participant's points in one frame, packed as in the contract; `world` may be empty."""

    participant: str
    presence_mask: int
    image: bytes
    world: bytes


@dataclass(frozen=True)
class LandmarkRecord:
    """What pose saw in one frame, or that none follows.

    Attributes:
        session: bare session id.
        sequence: place in the stream of landmarks.
        pose_epoch: lease epoch of pose.
        ingest_epoch: lease epoch of ingest.
        t_us: microseconds on the source's clock.
        capture_time_ns: Unix nanoseconds.
        ended: no frame follows, and this is none.
        persons: participants that were seen.
    """

    session: str
    sequence: int
    pose_epoch: int
    ingest_epoch: int
    t_us: int
    capture_time_ns: int
    ended: bool
    persons: tuple[PersonSeen, ...]


@dataclass(frozen=True)
class SampleRecord:
    """Some seconds of one participant's channels; epoch is that of kinematics, capture time that of the first row."""

    session: str
    sequence: int
    epoch: int
    participant: str
    capture_time_ns: int
    table: Table


@dataclass(frozen=True)
class Piece:
    """Rows of one participant that are to be stored as they came, until they are packed."""

    session: str
    participant: str
    kind: str
    table: Table


FenceKey = tuple[str, str, str]
"""Session, kind of what came, stage."""


@dataclass(frozen=True)
class Known:
    """What the store knows of the sessions that a batch is about.

    Attributes:
        lives: by session.
        participants: bare ids by session.
        fences: the newest owners seen.
    """

    lives: Mapping[str, Life]
    participants: Mapping[str, tuple[str, ...]]
    fences: Mapping[FenceKey, Fence]


@dataclass
class Batch:
    """What a batch of messages changes; all of it is stored, or nothing.

    Attributes:
        lives: by session, those that moved.
        started: sessions whose first frame is among the messages.
        fences: those that moved.
        events: to be kept.
        pieces: to be kept.
        stale: messages that were dropped because their stage had been replaced.
        gone: sessions that there are not any more, and of which something came nevertheless.
    """

    lives: dict[str, Life] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    fences: dict[FenceKey, Fence] = field(default_factory=dict)
    events: list[EventRecord] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    stale: int = 0
    gone: set[str] = field(default_factory=set)
