"""One participant of a session: the core's state, and what waits to be stored."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus.bus.v1 import checkpoint_pb2, frame_pb2
from motus_kinematics.commands import Wish
from motus_kinematics.core.channels import PUBLISHED, Codes
from motus_kinematics.core.checkpoint import Format
from motus_kinematics.core.limbs import learnt
from motus_kinematics.core.pipeline import Outputs, State, learn, mark_set
from motus_kinematics.core.profile import Profile, encode
from motus_kinematics.core.sample import Sample
from motus_kinematics.core.taught import together


@dataclass(frozen=True)
class _Rows:
    """Samples in columns, as they will be stored.

    Attributes:
        t_s: (n,) seconds.
        values: (n, C) in the order of PUBLISHED.
        absences, grades: (n, C) codes.
    """

    t_s: NDArray[np.float64]
    values: NDArray[np.float32]
    absences: Codes
    grades: Codes


@dataclass(frozen=True)
class _Kept:
    """What a checkpoint keeps of the core."""

    state: State
    waiting: _Rows


_FORMAT: Final = Format(_Kept)


@dataclass
class Participant:
    """A participant.

    Attributes:
        id: the bare participant id.
        exercise: exercise id that was given; `unknown` when none was.
        learnt: what was learnt of the athlete before the session.
        state: the core's.
        sequence: place in the stream of landmarks of the last message taken in.
        command_sequence: place in the stream of commands of the last one obeyed.
        samples: how many were settled.
        open_refs: the frames that are not settled yet.
        waiting: the samples that are not stored yet.
        first, last: the frames of the first and last of those.
    """

    id: str
    exercise: str
    learnt: Profile = field(default_factory=Profile)
    state: State = field(default_factory=State)
    sequence: int = 0
    command_sequence: int = 0
    samples: int = 0
    open_refs: deque[frame_pb2.FrameRef] = field(default_factory=deque)
    waiting: list[Sample] = field(default_factory=list)
    first: frame_pb2.FrameRef = field(default_factory=frame_pb2.FrameRef)
    last: frame_pb2.FrameRef = field(default_factory=frame_pb2.FrameRef)

    @property
    def reps(self) -> int:
        """Repetitions counted so far."""
        return self.state.review.ledger.counted

    def settle(self, sample: Sample) -> None:
        """Let the next settled sample wait with its frame."""
        self.last = self.open_refs.popleft()
        if not self.waiting:
            self.first = self.last
        self.waiting.append(sample)
        self.samples += 1

    def obey(self, wish: Wish, ref: frame_pb2.FrameRef) -> Outputs:
        """Do what a command wishes, before the frame `ref`; returns what there is to say of it."""
        update, said = wish.command.update, Outputs()
        if update.HasField("exercise"):
            self.exercise = update.exercise or "unknown"
        if update.HasField("in_set"):
            wished_s = ref.t_s - max(0, ref.ingest_time_ns - wish.time_ns) / 1e9
            self.state, said = mark_set(self.state, wished_s, begins=update.in_set)
        teach = wish.command.teach
        if wish.command.HasField("teach") and teach.participant == self.id:
            self.state, said = learn(self.state, ref.t_s, teach.movement, teach.reps)
        return said

    def profile(self) -> bytes:
        """All that is learnt of the athlete, from before the session and in it; empty when there is nothing."""
        taught = together(self.learnt.taught, self.state.learnt)
        return encode(Profile(taught, learnt(self.learnt.limbs, self.state.stance)))

    def checkpoint(self) -> checkpoint_pb2.Checkpoint:
        """All there is to this participant, for `restore`."""
        return checkpoint_pb2.Checkpoint(
            sequence=self.sequence,
            command_sequence=self.command_sequence,
            exercise=self.exercise,
            state=_FORMAT.save(_Kept(self.state, _columns(self.waiting))),
            open=self.open_refs,
            first=self.first,
            last=self.last,
            samples=self.samples,
        )

    def restore(self, kept: checkpoint_pb2.Checkpoint) -> bool:
        """Go on from a checkpoint; returns whether it could be read."""
        core = _FORMAT.load(kept.state)
        if core is None:
            return False
        self.state, self.waiting = core.state, list(_samples(core.waiting))
        self.sequence, self.command_sequence = kept.sequence, kept.command_sequence
        self.exercise, self.samples = kept.exercise, kept.samples
        self.open_refs, self.first, self.last = deque(kept.open), kept.first, kept.last
        return True


def _columns(samples: Iterable[Sample]) -> _Rows:
    """Samples in columns; expected errors are not stored, so they are left out."""
    rows = list(samples)
    shape = len(rows), len(PUBLISHED)
    return _Rows(
        np.array([row.t_s for row in rows], np.float64),
        np.array([row.values for row in rows], np.float32).reshape(shape),
        np.array([row.absences for row in rows], np.uint8).reshape(shape),
        np.array([row.grades for row in rows], np.uint8).reshape(shape),
    )


def _samples(rows: _Rows) -> Iterator[Sample]:
    """The inverse of `_columns`."""
    unknown = np.full(len(PUBLISHED), np.nan)
    for t_s, values, absences, grades in zip(rows.t_s, rows.values, rows.absences, rows.grades, strict=True):
        yield Sample(float(t_s), values.astype(np.float64), absences, grades, unknown)
