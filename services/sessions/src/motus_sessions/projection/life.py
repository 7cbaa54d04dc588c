"""A session's life: PENDING, RUNNING, then ENDED or FAILED, as steps from what was seen to what is so now."""

import enum
from dataclasses import dataclass, replace


class State(enum.IntEnum):
    """Where a session stands; the numbers are those of the contract."""

    PENDING = 1
    RUNNING = 2
    ENDED = 3
    FAILED = 4

    @property
    def terminal(self) -> bool:
        """Whether nothing follows."""
        return self in (State.ENDED, State.FAILED)


@dataclass(frozen=True)
class Outcome:
    """What the last stage said when it was through.

    Attributes:
        failed: the source did not come to its proper end.
        reason: why it failed or was stopped; empty when it came to its end.
        t_s: how far it came, seconds on the source's clock.
    """

    failed: bool
    reason: str
    t_s: float


@dataclass(frozen=True)
class Life:
    """What is known of a session's life.

    Attributes:
        state: where it stands.
        reason: why it failed or was stopped.
        start_time_ns: capture time of the first frame, Unix nanoseconds; None before it.
        end_time_ns: when it became terminal, Unix nanoseconds; None before.
        outcome: how it will end; None while a stage is still at work.
    """

    state: State = State.PENDING
    reason: str = ""
    start_time_ns: int | None = None
    end_time_ns: int | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Change:
    """A step in a session's life.

    Attributes:
        before: the state it left.
        after: the state it came to.
        reason: why.
        t_s: seconds on the source's clock.
        time_ns: when, Unix nanoseconds.
    """

    before: State
    after: State
    reason: str
    t_s: float
    time_ns: int


def saw_frame(life: Life, capture_time_ns: int) -> Life:
    """The first frame starts the session; later ones change nothing."""
    if life.state is not State.PENDING:
        return life
    return replace(life, state=State.RUNNING, start_time_ns=capture_time_ns)


def saw_outcome(life: Life, outcome: Outcome) -> Life:
    """The last stage is through. The first word counts."""
    if life.outcome is not None or life.state.terminal:
        return life
    return replace(life, outcome=outcome)


def stored_all(life: Life, now_ns: int) -> Life:
    """Everything the session gave is stored, so it ends as its outcome says; without one it goes on."""
    if life.outcome is None or life.state.terminal:
        return life
    state = State.FAILED if life.outcome.failed else State.ENDED
    return replace(life, state=state, reason=life.outcome.reason, end_time_ns=now_ns)


def called_off(reason: str, life: Life, now_ns: int) -> Life:
    """A session that waits for its turn is stopped: it ends without having begun."""
    if life.state is not State.PENDING:
        return life
    return replace(life, state=State.ENDED, reason=reason, end_time_ns=now_ns)


def change_to(life: Life) -> Change | None:
    """The step that brought a session where it is; None for one that waits for its first frame."""
    if life.state is State.RUNNING:
        return Change(State.PENDING, State.RUNNING, "", 0.0, life.start_time_ns or 0)
    if life.state.terminal:
        before = State.PENDING if life.start_time_ns is None else State.RUNNING
        t_s = life.outcome.t_s if life.outcome else 0.0
        return Change(before, life.state, life.reason, t_s, life.end_time_ns or 0)
    return None
