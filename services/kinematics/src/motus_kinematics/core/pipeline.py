"""The core's one step: a frame and the state before, to the state after and what there is to say.

Everything is a value and time comes with the frame, so a batch is a fold of single steps and a replay says the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from motus_kinematics.core.angles import measure
from motus_kinematics.core.body import Floats, Frame, unmirrored
from motus_kinematics.core.channels import DIFFERENTIATED, Grade, Reading
from motus_kinematics.core.events import Event, PersonEvent, Phase, TaughtEvent
from motus_kinematics.core.gait import Gait, walk_on
from motus_kinematics.core.history import append
from motus_kinematics.core.limbs import Limbs, lengths_of
from motus_kinematics.core.repair import Tracks, late, mend
from motus_kinematics.core.review import Review, close, mark, review
from motus_kinematics.core.sample import Sample, sample
from motus_kinematics.core.stance import Stance
from motus_kinematics.core.stream import Recent, push, settle
from motus_kinematics.core.taught import Shown, TeachError, Template, teach, together
from motus_kinematics.core.taught_reps import remember
from motus_kinematics.core.view import View, watch

REVIEW_INTERVAL_S: Final = 0.1
KEPT_FRAMES: Final = 10
LOST_S: Final = 2.0
"""Out of view for so long, a participant is reported lost."""
_NO_RATES: Final = np.full(len(DIFFERENTIATED), np.nan)


@dataclass(frozen=True)
class Config:
    """What is known of the session.

    Attributes:
        exercise: Id of the register or name of a taught movement; `unknown` when not given.
        mirrored: The video is a mirror image, in which left and right have changed places.
        taught: The athlete's own movements, from their profile.
        limbs: What earlier sessions learnt of their limbs, from there too.
    """

    exercise: str = "unknown"
    mirrored: bool = False
    taught: tuple[Template, ...] = ()
    limbs: Limbs = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """Everything that one step hands to the next; bounded, plain values only.

    Attributes:
        t_s: Time of the newest frame; minus infinity before the first.
        tracks: Where landmarks are expected, and how many were mended.
        stance: Body and view.
        view: How the camera sees the athlete.
        recent: Raw readings of the newest half second.
        rates, rate_sigmas: (D,) velocities of the newest settled moment and their expected errors.
        gait: The feet, and the steps they made.
        review: The current set: its past, its repetitions, the exercise.
        reviewed_s: When the set was last recounted.
        seen_s: When the participant was last seen, or first looked for.
        lost: They were reported lost.
        shown: The latest repetitions, which can teach a movement.
        learnt: The movements that were taught in this session.
    """

    t_s: float = -np.inf
    tracks: Tracks = field(default_factory=Tracks)
    stance: Stance | None = None
    view: View = field(default_factory=View)
    recent: Recent = field(default_factory=Recent)
    rates: Floats = field(default_factory=lambda: _NO_RATES)
    rate_sigmas: Floats = field(default_factory=lambda: _NO_RATES)
    gait: Gait = field(default_factory=Gait)
    review: Review = field(default_factory=Review)
    reviewed_s: float = -np.inf
    seen_s: float = -np.inf
    lost: bool = False
    shown: tuple[Shown, ...] = ()
    learnt: tuple[Template, ...] = ()


@dataclass(frozen=True)
class Outputs:
    """What one step has to say.

    Attributes:
        now: The frame's channels as known now; velocities are those of the newest settled moment. Through ten frames
            without anybody the last ones stay, graded as not to be used. None for a frame that was left out because
            it is not newer than the last.
        settled: Moments that are final now, 67 ms behind: what is stored.
        events: What happened.
    """

    now: Sample | None = None
    settled: tuple[Sample, ...] = ()
    events: tuple[Event, ...] = ()


def step(state: State, frame: Frame, config: Config) -> tuple[State, Outputs]:
    """Takes one frame in. A frame that is not newer than the last one is counted and changes nothing else."""
    if not frame.t_s > state.t_s:
        return replace(state, tracks=late(state.tracks)), Outputs()
    tracks, frame = mend(state.tracks, unmirrored(frame) if config.mirrored else frame)
    reading, stance = measure(frame, state.stance, lengths_of(config.limbs))
    view, seen = watch(state.view, frame, reading, stance)
    state = replace(
        state,
        view=view,
        t_s=frame.t_s,
        tracks=tracks,
        stance=stance,
        recent=push(state.recent, reading, smoothed=frame.smoothed),
    )
    state, settled = _settle(state, frame.t_s)
    state, presence = _watch_presence(state, reading)
    state, events = _review(state, config)
    gait, steps = walk_on(state.gait, frame, stance, state.review.exercise)
    return replace(state, gait=gait), Outputs(_now(state), settled, (*presence, *seen, *events, *steps))


def mark_set(state: State, t_s: float, *, begins: bool) -> tuple[State, Outputs]:
    """Begins or ends a set by command.

    With a marked beginning, counting starts there: what was done before, as setting up at the bar, does not count.
    After a marked end nothing counts until the next marked beginning.

    Args:
        state: The state before.
        t_s: Moment of the command on the source's clock; what has not been seen yet may lie before it.
        begins: A set begins; otherwise the open one ends.
    """
    reviewed, events = mark(state.review, t_s, begins=begins)
    return replace(state, review=reviewed), Outputs(None, (), events)


def learn(state: State, t_s: float, movement: str, reps: Collection[int]) -> tuple[State, Outputs]:
    """Learns a movement by command from the numbered repetitions, of the latest eight; says so, or why it cannot be."""
    try:
        template = teach(state.shown, reps, movement)
    except TeachError as error:
        return state, Outputs(None, (), (TaughtEvent(t_s, movement, str(error)),))
    return replace(state, learnt=together(state.learnt, (template,))), Outputs(None, (), (TaughtEvent(t_s, movement),))


def flush(state: State) -> tuple[State, Outputs]:
    """Ends the stream: settles what is open, judges the last repetition as it stands and closes the set."""
    state, settled = _settle(state, np.inf)
    reviewed, events = close(state.review, state.t_s)
    return replace(state, review=reviewed, reviewed_s=state.t_s), Outputs(None, settled, events)


def phase(state: State) -> Phase:
    """The phase that goes on."""
    return state.review.phase


def _now(state: State) -> Sample:
    """The newest moment. Who is out of sight for a few frames keeps their last values on display, not for use."""
    recent, missed = state.recent, state.tracks.empty
    kept = 0 < missed <= KEPT_FRAMES and missed < len(recent.t_s)
    row = -1 - missed if kept else -1
    columns = (recent.values[row], recent.sigmas[row], state.rates, state.rate_sigmas, recent.absences[row])
    shown = sample(state.t_s, *columns)
    if not kept:
        return shown
    return replace(shown, grades=np.where(shown.absences > 0, shown.grades, Grade.NONE).astype(np.uint8))


def _settle(state: State, now_s: float) -> tuple[State, tuple[Sample, ...]]:
    """Settles readings and files them in the set's past."""
    recent, rows = settle(state.recent, now_s, state.review.exercise)
    if not rows:
        return state, ()
    history = state.review.history
    for row in rows:
        history = append(history, row.t_s, row.values, row.sigmas, row.rates, row.rate_sigmas)
    settled = tuple(sample(row.t_s, row.values, row.sigmas, row.rates, row.rate_sigmas, row.absences) for row in rows)
    review = replace(state.review, history=history)
    newest = rows[-1]
    return replace(state, recent=recent, rates=newest.rates, rate_sigmas=newest.rate_sigmas, review=review), settled


def _watch_presence(state: State, reading: Reading) -> tuple[State, tuple[Event, ...]]:
    """Says once when the participant is lost, and once when they are back."""
    if reading.shown:
        said = (PersonEvent(reading.t_s, lost=False),) if state.lost else ()
        return replace(state, seen_s=reading.t_s, lost=False), said
    if not np.isfinite(state.seen_s):
        return replace(state, seen_s=reading.t_s), ()
    if state.lost or reading.t_s - state.seen_s < LOST_S:
        return state, ()
    return replace(state, lost=True), (PersonEvent(reading.t_s, lost=True),)


def _review(state: State, config: Config) -> tuple[State, tuple[Event, ...]]:
    """Recounts the set when it is time."""
    if state.t_s - state.reviewed_s < REVIEW_INTERVAL_S:
        return state, ()
    reviewed, events = review(state.review, config.exercise, state.t_s, together(config.taught, state.learnt))
    shown = remember(state.shown, state.review.history, events)
    return replace(state, review=reviewed, reviewed_s=state.t_s, shown=shown), events
