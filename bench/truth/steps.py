"""Steps of one synthetic recording of walking or running against those that were told."""

from __future__ import annotations

from dataclasses import dataclass

from motus_kinematics.core.events import Phase, PhaseEvent
from motus_samples.synthetic import Recording, TrueContact
from truth.heard import Heard

EDGE_S = 0.6
"""A step so close to the start or the end of a recording is not judged: its foremost or hindmost point is cut off."""


@dataclass(frozen=True)
class StepScore:
    """What was said of the steps of a set.

    Attributes:
        boundaries_s: Errors of the strikes and lifts that were found, stated minus true.
        found, wanted: Contacts that were found, and how many there are.
        false, said: Contacts that were told where the foot was not on the ground, and how many were told.
    """

    boundaries_s: tuple[float, ...] = ()
    found: int = 0
    wanted: int = 0
    false: int = 0
    said: int = 0


def score_steps(heard: Heard, recording: Recording) -> StepScore:
    """What was said of the contacts of both feet."""
    told = [event for event in heard.steps if event.span.phase is Phase.STANCE]
    true = recording.truth.contacts
    first_s, last_s = recording.t_s[0] + EDGE_S, recording.t_s[-1] - EDGE_S
    judged = [contact for contact in true if first_s < contact.start_s and contact.end_s < last_s]
    pairs = [(contact, event) for contact in judged for event in told if _same(contact, event)]
    errors = [error for c, e in pairs for error in (e.span.start_s - c.start_s, e.span.end_s - c.end_s)]
    false = sum(not any(_same(contact, event) for contact in true) for event in told)
    return StepScore(tuple(errors), len({contact for contact, _ in pairs}), len(judged), false, len(told))


def _same(contact: TrueContact, event: PhaseEvent) -> bool:
    """Whether both share more than half of the shorter one, on the same side."""
    span = event.span
    shared = min(span.end_s, contact.end_s) - max(span.start_s, contact.start_s)
    shorter = min(span.end_s - span.start_s, contact.end_s - contact.start_s)
    return event.side == contact.side and shared > shorter / 2.0
