"""The rows of the past that a cycle covers: what its figures are made from."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import DIFFERENTIATED, INDEX, SIDES, Absence
from motus_kinematics.core.composite import GUESSED_DEG
from motus_kinematics.core.course import Steadied, common_course, steadied
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.exercises import Exercise
from motus_kinematics.core.history import Table
from motus_kinematics.core.measured import Measured, absent
from motus_kinematics.core.ranked import Ranked

MIN_ROWS: Final = 5


class CycleRows:
    """The rows of a table that a cycle covers.

    Attributes:
        t_s: (n,) times, ascending.
        side: The side that worked; empty for both.
        paired: Whether the primary angle exists on both sides.
        primaries: The exercise's primary angle on the sides that worked.
        ballistic: The exercise throws the body, a limb or a thing.
    """

    def __init__(self, table: Table, cycle: Cycle, exercise: Exercise) -> None:
        self._table = table.between(cycle.start_s, cycle.end_s)
        self.t_s = self._table.t_s
        sides = (cycle.side,) if cycle.side else SIDES
        self.primaries = tuple(dict.fromkeys(exercise.primary_channel(side) for side in sides))
        self.paired = exercise.paired
        self.ballistic = exercise.strikes or exercise.wind_up
        self.side = cycle.side
        self._steady: dict[str, Steadied] = {}

    @property
    def primary(self) -> str:
        """The primary angle of the better seen side."""
        return min(self.primaries, key=self.sigma)

    @property
    def positions(self) -> Floats:
        """(n, P) smoothed values of all positions."""
        return self._table.values

    @property
    def position_sigmas(self) -> Floats:
        """(n, P) their expected errors."""
        return self._table.sigmas

    @cached_property
    def _values(self) -> Ranked:
        return Ranked(self.positions)

    @cached_property
    def _sigmas(self) -> Ranked:
        return Ranked(np.where(np.isfinite(self.positions), self.position_sigmas, np.nan))

    @cached_property
    def course(self) -> Floats | None:
        """(n,) the common course of the movement; None where too little is seen."""
        return common_course(self.positions, self.position_sigmas)

    def values(self, channel: str) -> Floats:
        """(n,) smoothed values."""
        return self._table.value(channel)

    def steady(self, channel: str) -> Steadied:
        """A channel that was seen, without what errors alone make of it."""
        if channel not in self._steady:
            self._steady[channel] = steadied(self.course, self.values(channel), self.sigma(channel))
        return self._steady[channel]

    def rates(self, channel: str) -> Floats:
        """(n,) velocities; all NaN for a channel that is not differentiated."""
        if channel not in DIFFERENTIATED:
            return np.full(len(self.t_s), np.nan)
        return self._table.rate(channel)

    def rate_sigmas(self, channel: str) -> Floats:
        """(n,) expected errors of the velocities of a differentiated channel."""
        return self._table.rate_sigma(channel)

    def within(self, span: tuple[float, float]) -> slice:
        """The rows from one moment to another, both included."""
        return slice(int(np.searchsorted(self.t_s, span[0])), int(np.searchsorted(self.t_s, span[1], side="right")))

    def sigma(self, channel: str) -> float:
        """Usual expected error; infinite when the channel was hardly seen."""
        column = INDEX[channel]
        return self._sigmas.quantile(column, 0.5) if self._sigmas.known(column) >= MIN_ROWS else np.inf

    def quantile(self, channel: str, share: float) -> float:
        """A quantile of the values that are known; NaN when none is."""
        return self._values.quantile(INDEX[channel], share)

    def missing(self, name: str, channel: str) -> Measured | None:
        """Why a measure of a channel is absent, or None when it can be made."""
        sigma = self.sigma(channel)
        if not np.isfinite(sigma):
            return absent(name, Absence.TOO_FEW_FRAMES if len(self.t_s) < MIN_ROWS else Absence.OCCLUDED)
        if channel.endswith("_deg") and sigma >= GUESSED_DEG:
            return absent(name, Absence.OCCLUDED)
        return None
