"""What the stream of landmarks says of each session afterwards: which frames count, under whom, and when they came."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from motus.bus.v1 import landmarks_pb2, samples_pb2
from motus_kinematics.fence import Fence, Verdict
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.follow import Stored, follow

IN_FLIGHT_NS = 50_000_000
"""What was said before a claim may be stored a moment behind it, since the streams are two."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that a receiver takes: number, epoch of the worker of pose, and when it was stored, Unix nanoseconds."""

    seq: int
    pose_epoch: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker of pose became a session's owner: under which epoch, and when, Unix nanoseconds."""

    session: str
    worker: str
    epoch: int
    time_ns: int


@dataclass
class History:
    """One session's.

    Attributes:
        frames: those that a receiver takes, in order.
        dropped: how many the fence dropped because a newer owner had spoken.
        stale: how many it took although a newer owner had claimed the session well before they were stored.
        duplicates: how many it took of frames up to one that it had taken.
    """

    frames: list[Frame] = field(default_factory=list)
    dropped: int = 0
    stale: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """What was done to a worker: when, Unix nanoseconds, and the sessions that it owned then."""

    time_ns: int
    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Takeover:
    """From one owner to the next: seconds between their frames, and how many frames lie between and are lost."""

    session: str
    gap_s: float
    lost: int
    time_ns: int


async def histories(bus: Bus, claims: Iterable[Claim]) -> dict[str, History]:
    """Of every session in the stream of landmarks, by session."""
    newer = defaultdict[str, list[Claim]](list)
    for claim in claims:
        newer[claim.session].append(claim)
    found, fences = defaultdict[str, History](History), defaultdict[str, Fence](Fence)
    async for stored in _all(bus, topics.LANDMARKS_STREAM, topics.every("landmarks")):
        message = decode(landmarks_pb2.Landmarks, stored.body)
        session = message.ref.session
        frame = Frame(message.ref.frame_seq, message.pose_epoch, stored.time_ns)
        _judge(found[session], fences[session].judge(message), frame, newer[session])
    return dict(found)


async def repeated(bus: Bus) -> int:
    """What is stored twice at the end of the chain: moments of kinematics' samples, and events of one revision."""
    moments, events = Counter[tuple[str, float]](), Counter[tuple[str, int]]()
    async for stored in _all(bus, topics.SAMPLES_STREAM, topics.every("samples")):
        chunk = decode(samples_pb2.SampleChunk, stored.body)
        moments.update((chunk.series.participant, t_s) for t_s in np.frombuffer(chunk.series.t_s_f64, "<f8").tolist())
    async for stored in _all(bus, topics.EVENTS_STREAM, topics.every("events")):
        event = decode(samples_pb2.EventEnvelope, stored.body).event
        events[event.name, event.revision] += 1
    return sum(count - 1 for count in (*moments.values(), *events.values()))


async def _all(bus: Bus, stream: str, subject: str) -> AsyncIterator[Stored]:
    """What a stream holds now."""
    last = (await bus.jetstream.stream_info(stream)).state
    if not last.messages:
        return
    async for stored in follow(bus, stream, subject):
        yield stored
        if stored.sequence >= last.last_seq:
            return


def _judge(history: History, verdict: Verdict, frame: Frame, claims: list[Claim]) -> None:
    history.dropped += verdict is Verdict.STALE
    if verdict is not Verdict.NEW:
        return
    history.stale += any(
        claim.epoch > frame.pose_epoch and claim.time_ns + IN_FLIGHT_NS < frame.time_ns for claim in claims
    )
    history.duplicates += bool(history.frames) and frame.seq <= history.frames[-1].seq
    history.frames.append(frame)


def takeovers(found: dict[str, History], fault: Fault) -> list[Takeover]:
    """How each session that the fault struck first went to another owner; it may move on for balance later."""
    return [
        next(change for change in _changes(session, found[session]) if change.time_ns >= fault.time_ns)
        for session in fault.sessions
    ]


def intervals_s(found: dict[str, History]) -> list[float]:
    """Seconds between any two frames that follow each other under one owner: what is usual without a fault."""
    return [
        (after.time_ns - before.time_ns) / 1e9
        for history in found.values()
        for before, after in pairwise(history.frames)
        if before.pose_epoch == after.pose_epoch
    ]


def _changes(session: str, history: History) -> Iterator[Takeover]:
    for before, after in pairwise(history.frames):
        if before.pose_epoch < after.pose_epoch:
            gap_s = (after.time_ns - before.time_ns) / 1e9
            yield Takeover(session, gap_s, after.seq - before.seq - 1, after.time_ns)
