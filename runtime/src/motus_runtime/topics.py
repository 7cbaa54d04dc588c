"""The only place where a subject, stream or bucket name exists.

Subjects are `motus.v1.<kind>.<partition>.<session>[.<stage>]`; the partition is a stable hash of the session id.
"""

import re
import zlib
from dataclasses import dataclass

PARTITIONS = 64
STAGES = ("ingest", "pose", "kinematics", "coach", "sessions")
SESSION_ID = re.compile(r"[a-z0-9-]{4,40}")

_ROOT = "motus.v1"


def partition(session: str) -> int:
    """The partition of a session, 0 to 63; the same in every process and release."""
    return zlib.crc32(session.encode()) % PARTITIONS


def partition_unit(session: str) -> str:
    """The lease unit of stages that own partitions."""
    return str(partition(session))


def _subject(kind: str, session: str, stage: str = "") -> str:
    if not SESSION_ID.fullmatch(session):
        raise ValueError(f"not a session id: {session!r}")
    return ".".join(part for part in (_ROOT, kind, str(partition(session)), session, stage) if part)


def frames(session: str) -> str:
    """Pictures on their way to pose; core NATS, request-style."""
    return _subject("frames", session)


def landmarks(session: str) -> str:
    """What pose saw."""
    return _subject("landmarks", session)


def live(session: str) -> str:
    """Samples and progress for those who watch now; core NATS."""
    return _subject("live", session)


def invitations(session: str) -> str:
    """Calls for a new owner by a sender whose frames nobody receives; core NATS."""
    return _subject("invitations", session)


def samples(session: str) -> str:
    """Columnar chunks for the store."""
    return _subject("samples", session)


def events(session: str, stage: str) -> str:
    """What happened, as a stage says so."""
    return _subject("events", session, stage)


def events_of(session: str) -> str:
    """What happened in a session, of every stage."""
    return _subject("events", session, "*")


def commands(session: str) -> str:
    """What a user wishes while a session runs."""
    return _subject("commands", session)


def dead_letters(service: str, subject: str) -> str:
    """Messages that a service gave up on, by the session that their subject names; `_` where it names none."""
    parts = subject.split(".")
    session = parts[4] if len(parts) > 4 and SESSION_ID.fullmatch(parts[4]) else "_"
    return f"{_ROOT}.dlq.{service}.{session}"


def dead_letters_of(service: str) -> str:
    """All messages that a service gave up on."""
    return f"{_ROOT}.dlq.{service}.*"


def kept_of(session: str) -> list[tuple[str, str]]:
    """Every stream that keeps something of a session, with the subject under which it does; but for its spec."""
    return [
        (LANDMARKS_STREAM, landmarks(session)),
        (SAMPLES_STREAM, samples(session)),
        (EVENTS_STREAM, events_of(session)),
        (COMMANDS_STREAM, commands(session)),
        (DEAD_LETTER_STREAM, f"{_ROOT}.dlq.*.{session}"),
        (f"KV_{CHECKPOINTS}", checkpoint_key(session, "*")),
    ]


def every(kind: str) -> str:
    """All subjects of a kind, over all sessions."""
    return f"{_ROOT}.{kind}.>"


def spec_key(session: str) -> str:
    """A session's spec in the bucket of specs."""
    return f"$KV.{SPECS}.{session}"


def member_key(worker: str) -> str:
    """A worker's heartbeat in the bucket of leases."""
    return f"$KV.{LEASES}.mem.{worker}"


def owner_key(stage: str, unit: str) -> str:
    """Who owns a session or partition for a stage, in the bucket of leases."""
    return f"$KV.{LEASES}.own.{stage}.{unit}"


def checkpoint_key(session: str, participant: str) -> str:
    """A participant as kinematics left them, in the bucket of checkpoints."""
    return f"$KV.{CHECKPOINTS}.{session}.{participant}"


SPECS = "motus_specs"
LEASES = "motus_leases"
CHECKPOINTS = "motus_checkpoints"

LANDMARKS_STREAM = "MOTUS_LANDMARKS"
SAMPLES_STREAM = "MOTUS_SAMPLES"
EVENTS_STREAM = "MOTUS_EVENTS"
COMMANDS_STREAM = "MOTUS_COMMANDS"
DEAD_LETTER_STREAM = "MOTUS_DLQ"


@dataclass(frozen=True)
class StreamSpec:
    """A JetStream stream as it must be.

    Attributes:
        name: the stream's name.
        subjects: what it stores.
        max_age_s: how long it keeps a message, seconds.
        max_bytes: how much it keeps.
        discard_new: full means that publishers are told, instead of losing the oldest silently.
        duplicate_window_s: how long message ids are remembered, seconds.
        rising: sequences go on rising even when the stream is lost and made anew, as what fences by them needs.
        per_key: a KV bucket: one message per subject, with TTL and delete markers.
    """

    name: str
    subjects: tuple[str, ...]
    max_age_s: float = 0
    max_bytes: int = -1
    discard_new: bool = False
    duplicate_window_s: float = 600
    per_key: bool = False
    rising: bool = False


MIB = 1024 * 1024
STREAMS = (
    StreamSpec(LANDMARKS_STREAM, (every("landmarks"),), max_age_s=1800, max_bytes=2048 * MIB),
    StreamSpec(SAMPLES_STREAM, (every("samples"),), max_age_s=24 * 3600, max_bytes=2048 * MIB, discard_new=True),
    StreamSpec(EVENTS_STREAM, (every("events"),), max_age_s=24 * 3600, max_bytes=1024 * MIB, discard_new=True),
    StreamSpec(COMMANDS_STREAM, (every("commands"),), max_age_s=24 * 3600, max_bytes=64 * MIB, discard_new=True),
    StreamSpec(DEAD_LETTER_STREAM, (every("dlq"),), max_age_s=14 * 24 * 3600, max_bytes=256 * MIB),
    StreamSpec(f"KV_{SPECS}", (f"$KV.{SPECS}.>",), per_key=True, duplicate_window_s=120),
    StreamSpec(f"KV_{LEASES}", (f"$KV.{LEASES}.>",), per_key=True, duplicate_window_s=120, rising=True),
    StreamSpec(f"KV_{CHECKPOINTS}", (f"$KV.{CHECKPOINTS}.>",), per_key=True, duplicate_window_s=120),
)
