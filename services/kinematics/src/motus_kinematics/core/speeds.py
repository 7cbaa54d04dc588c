"""How fast each phase of a repetition went: velocities, acceleration and smoothness of the primary angle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import DIFFERENTIATED, Absence
from motus_kinematics.core.cycle_rows import MIN_ROWS, CycleRows
from motus_kinematics.core.measured import Measured, absent, graded
from motus_kinematics.core.smoothing import SLOW_RATE_HZ
from motus_kinematics.core.smoothness import sparc
from motus_kinematics.core.timing import Timing
from motus_kinematics.core.turning import turning_points

Paces: TypeAlias = Mapping[str, tuple[Measured, ...]]
"""The measures of each phase by its name."""
MOVING: Final = (
    "mean_velocity_deg_s",
    "peak_velocity_deg_s",
    "time_to_peak_velocity_s",
    "acceleration_deg_s2",
    "sparc",
)
"""Measures of a phase in which something moves."""
HELD: Final = "velocity_rms_deg_s"
"""Measure of a phase in which something is held."""
PEAK_SHARE: Final = 0.9
"""Quantile of the velocity that stands for its peak: the largest one is mostly noise."""
NOISE_SHARE: Final = 0.5
"""Of a velocity's expected error, what is left of it in the quantile of many."""
LENGTH_ERROR: Final = (0.09, 0.135)
"""Of the time between two boundaries, seconds: of no time, and of each second; what is slow begins and ends slowly."""
NEAR_PEAK: Final = 0.8
"""Of the peak: the middle of the time spent above is when it was reached."""
EVEN_HZ: Final = 30.0
MIN_SPARC_ROWS: Final = 8
STICKING_DIP: Final = 0.15
"""Of the first maximum: a smaller dip of the speed is none (van den Tillaar, biomech 5)."""


@dataclass(frozen=True)
class _Errors:
    """How well a phase's measures are known: 80 % of the errors on synthetic athletes with even seeds lie within 1.2816
    of what is stated.

    Attributes:
        peak: Share of the peak: what 30 frames a second and their filter make of it.
        way: Share of how far the angle moved, and of the mean speed: what the boundaries make of it.
        time_s: Of the moment of the peak, seconds: of no time, and of each second of the phase.
        sparc: Of the arc length, likewise: the longer a phase, the more of its spectrum is noise.
    """

    peak: float
    way: float
    time_s: tuple[float, float]
    sparc: tuple[float, float]


_SLOW: Final = _Errors(peak=0.2, way=0.12, time_s=(0.0, 0.145), sparc=(0.08, 0.25))
_FAST: Final = _Errors(peak=0.5, way=0.18, time_s=(0.07, 0.2), sparc=(0.38, 0.0))
"""Of a throw, a swing or a jump, fast at its boundaries; 30 frames a second show half its peaks (biomech 2)."""


@dataclass(frozen=True)
class _Pace:
    """The primary angle's velocity in one phase, positive in the direction of the phase.

    Attributes:
        t_s: (n,) times.
        speed: (n,) degrees per second.
        noise: Usual expected error of it.
        shake: What of that changes from row to row.
        sigma: Expected error of the angle.
        lasts_s: Duration of the phase.
        fast: It is part of a throw, a swing or a jump: still fast where it begins and ends.
    """

    t_s: Floats
    speed: Floats
    noise: float
    shake: float
    sigma: float
    lasts_s: float
    fast: bool

    @property
    def errors(self) -> _Errors:
        """How well its measures are known."""
        return _FAST if self.fast else _SLOW


def paces_of(rows: CycleRows, parts: Timing) -> Paces:
    """The measures of each phase by its name; what never was has the reason."""
    moving = {phase: in_motion(rows, span) for phase, span in parts.spans().items()}
    return {**moving, "turn_hold": (_held(rows, (parts.out_end_s, parts.back_start_s), one_way=parts.one_way),)}


def speeds(paces: Paces) -> tuple[Measured, ...]:
    """The measures of the phases as those of the repetition, with the phase in their names."""
    return tuple(replace(m, name=f"{phase}_{m.name}") for phase, figures in paces.items() for m in figures)


def sticking(rows: CycleRows, parts: Timing) -> Measured:
    """The first dip of the lifting speed, as a share of the maximum before it; 0 when it never dips."""
    name = "sticking_ratio"
    pace = _pace(rows, parts.spans()["concentric"])
    if isinstance(pace, Absence):
        return absent(name, pace)
    peak = _ranked(pace.speed, PEAK_SHARE)
    if peak <= 0.0:
        return absent(name, Absence.NOT_APPLICABLE)
    pivots = turning_points(pace.speed, max(STICKING_DIP * peak, 2.0 * pace.noise))
    heights = [float(pace.speed[pivot.row]) for pivot in pivots]
    tops = [i for i, pivot in enumerate(pivots[:-2]) if pivot.high and heights[i] > 0.0]
    dip = 1.0 - max(heights[tops[0] + 1], 0.0) / heights[tops[0]] if tops else 0.0
    return graded(name, dip, pace.noise / peak)


def in_motion(rows: CycleRows, span: tuple[float, float]) -> tuple[Measured, ...]:
    """The measures of a phase in which something moves, from its start to its end."""
    pace = _pace(rows, span)
    if isinstance(pace, Absence):
        return tuple(absent(name, pace) for name in MOVING)
    mean, peak = float(pace.speed.mean()), _ranked(pace.speed, PEAK_SHARE)
    fast = pace.t_s[pace.speed >= NEAR_PEAK * peak]
    late_s = growing(pace.errors.time_s, pace.lasts_s)
    to_peak_s = _ranked(fast, 0.5) - span[0]
    peak_error = float(np.hypot(NOISE_SHARE * pace.noise, pace.errors.peak * peak))
    mean_error = np.hypot(np.sqrt(2.0) * pace.sigma / pace.lasts_s, pace.errors.way * mean)
    acceleration = peak / max(to_peak_s, late_s)
    relative = float(np.hypot(peak_error / max(abs(peak), 1.0), late_s / max(to_peak_s, late_s)))
    return (
        graded(MOVING[0], mean, float(mean_error)),
        graded(MOVING[1], peak, peak_error),
        graded(MOVING[2], to_peak_s, late_s),
        graded(MOVING[3], acceleration, relative * acceleration),
        _smoothness(pace),
    )


def _smoothness(pace: _Pace) -> Measured:
    """Spectral arc length of the phase; its error is what noise is taken to have made of it."""
    even = np.arange(pace.t_s[0], pace.t_s[-1], 1.0 / EVEN_HZ)
    if len(even) < MIN_SPARC_ROWS:
        return absent(MOVING[4], Absence.TOO_FEW_FRAMES)
    speed = np.interp(even, pace.t_s, pace.speed)
    value, raw = sparc(speed, EVEN_HZ, pace.shake), sparc(speed, EVEN_HZ)
    if not np.isfinite(value):
        return absent(MOVING[4], Absence.IMPLAUSIBLE)
    return graded(MOVING[4], value, growing(pace.errors.sparc, pace.lasts_s) + (value - raw) / 4.0)


def growing(error: tuple[float, float], lasts_s: float) -> float:
    """An error of which a part grows with how long a phase lasts: that of no time, and that of a second."""
    return float(np.hypot(error[0], error[1] * lasts_s))


def _held(rows: CycleRows, span: tuple[float, float], *, one_way: bool) -> Measured:
    """How fast the primary angle wanders while it is held, without the share of noise."""
    pace = Absence.NOT_APPLICABLE if one_way or span[1] <= span[0] else _pace(rows, span)
    if isinstance(pace, Absence):
        return absent(HELD, pace)
    variance = float(pace.speed @ pace.speed) / len(pace.speed) - pace.noise**2
    return graded(HELD, float(np.sqrt(max(variance, 0.0))), pace.noise)


def _pace(rows: CycleRows, span: tuple[float, float]) -> _Pace | Absence:
    """The primary angle's velocity within a phase, or why it is not known."""
    channel, within = rows.primary, rows.within(span)
    if missing := rows.missing("", channel):
        return missing.absence
    if channel not in DIFFERENTIATED or within.stop <= within.start:
        return Absence.NOT_APPLICABLE
    rates, sigmas = rows.rates(channel)[within], rows.rate_sigmas(channel)[within]
    known = np.isfinite(rates) & np.isfinite(sigmas)
    if known.sum() < MIN_ROWS - 1:
        return Absence.TOO_FEW_FRAMES
    speed = rates[known] * (1.0 if rates[known].sum() >= 0.0 else -1.0)
    noise, sigma = _ranked(sigmas[known], 0.5), rows.sigma(channel)
    shake = float(np.sqrt(max(noise**2 - (SLOW_RATE_HZ * sigma) ** 2, 0.0)))
    return _Pace(rows.t_s[within][known], speed, noise, shake, sigma, span[1] - span[0], rows.ballistic)


def _ranked(x: Floats, share: float) -> float:
    """The value that a share of the values do not exceed; np.quantile costs fifty times as much on so few."""
    return float(np.sort(x)[int(share * (len(x) - 1))])
