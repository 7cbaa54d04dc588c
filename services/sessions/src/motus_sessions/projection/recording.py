"""What a batch of messages changes in what is known, given in the order of their stream."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from motus_sessions.projection import landmarks
from motus_sessions.projection.fence import Fence
from motus_sessions.projection.life import Life, Outcome, saw_frame, saw_outcome
from motus_sessions.projection.records import (
    EVENTS,
    LANDMARKS,
    SAMPLES,
    Batch,
    EventRecord,
    Known,
    LandmarkRecord,
    PersonSeen,
    Piece,
    SampleRecord,
)


def record_events(known: Known, events: Iterable[EventRecord]) -> Batch:
    """Events are kept in every revision; the last stage's end says how the session will end."""
    batch = Batch()
    for event in events:
        if _is_gone(known, batch, event.session):
            continue
        if not _believed(known, batch, event.session, EVENTS, event.sequence, {event.stage: event.epoch}):
            continue
        batch.events.append(event)
        if isinstance(event.detail, Outcome):
            _set_life(known, batch, event.session, saw_outcome(_life(known, batch, event.session), event.detail))
    return batch


def record_samples(known: Known, samples: Iterable[SampleRecord]) -> Batch:
    """Samples of a session's participants are kept; the first start the session."""
    batch = Batch()
    for sample in samples:
        session = sample.session
        if _is_gone(known, batch, session) or sample.participant not in known.participants[session]:
            continue
        if not _believed(known, batch, session, SAMPLES, sample.sequence, {"kinematics": sample.epoch}):
            continue
        batch.pieces.append(Piece(session, sample.participant, SAMPLES, sample.table))
        _start(known, batch, session, sample.capture_time_ns)
    return batch


def record_landmarks(known: Known, frames: Iterable[LandmarkRecord]) -> Batch:
    """Every frame gives one row per participant, seen or not; other people are not kept."""
    batch = Batch()
    seen: defaultdict[tuple[str, str], list[tuple[int, PersonSeen | None]]] = defaultdict(list)
    for frame in frames:
        if _is_gone(known, batch, frame.session):
            continue
        epochs = {"ingest": frame.ingest_epoch, "pose": frame.pose_epoch}
        if not _believed(known, batch, frame.session, LANDMARKS, frame.sequence, epochs) or frame.ended:
            continue
        _start(known, batch, frame.session, frame.capture_time_ns)
        persons = {person.participant: person for person in frame.persons}
        for participant in known.participants[frame.session]:
            seen[frame.session, participant].append((frame.t_us, persons.get(participant)))
    batch.pieces.extend(_pieces(seen.items()))
    return batch


def _is_gone(known: Known, batch: Batch, session: str) -> bool:
    if session in known.lives:
        return False
    batch.gone.add(session)
    return True


def _pieces(
    seen: Iterable[tuple[tuple[str, str], Sequence[tuple[int, PersonSeen | None]]]],
) -> Iterable[Piece]:
    for (session, participant), rows in seen:
        yield Piece(session, participant, LANDMARKS, landmarks.table_of(rows))


def _believed(known: Known, batch: Batch, session: str, kind: str, sequence: int, epochs: dict[str, int]) -> bool:
    """Whether no stage that had a hand in a message had been replaced when it was stored."""
    keys = {(session, kind, stage): epoch for stage, epoch in epochs.items()}
    fences = {key: batch.fences.get(key) or known.fences.get(key) or Fence() for key in keys}
    if not all(fence.lets_through(keys[key], sequence) for key, fence in fences.items()):
        batch.stale += 1
        return False
    for key, fence in fences.items():
        moved = fence.after(keys[key], sequence)
        if moved != known.fences.get(key, Fence()):
            batch.fences[key] = moved
    return True


def _start(known: Known, batch: Batch, session: str, capture_time_ns: int) -> None:
    before = _life(known, batch, session)
    after = saw_frame(before, capture_time_ns)
    if after != before:
        batch.started.add(session)
    _set_life(known, batch, session, after)


def _life(known: Known, batch: Batch, session: str) -> Life:
    return batch.lives.get(session) or known.lives[session]


def _set_life(known: Known, batch: Batch, session: str, life: Life) -> None:
    if life != known.lives[session]:
        batch.lives[session] = life
