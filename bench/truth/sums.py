"""Errors added up: cheap to make for a set, to put together over sets and to read figures from."""

from __future__ import annotations

from dataclasses import dataclass
from operator import add

import numpy as np

from motus_kinematics.core.body import Floats

Z80 = 1.2816
"""Half the width of an 80 % interval of a normal distribution, in standard errors."""


@dataclass(frozen=True)
class Sums:
    """Sums over moments.

    Attributes:
        wanted: Moments with a truth.
        n: Those for which a value was stated.
        size, signed, square: Sums of the error's absolute value, of the error and of its square.
        sure: Those with an expected error.
        covered: Those whose truth lies within the 80 % interval that the expected error spans.
    """

    wanted: float = 0.0
    n: float = 0.0
    size: float = 0.0
    signed: float = 0.0
    square: float = 0.0
    sure: float = 0.0
    covered: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        return Sums(*map(add, vars(self).values(), vars(other).values()))

    @property
    def mae(self) -> float:
        """Mean absolute error; NaN of nothing."""
        return self.size / self.n if self.n else np.nan

    @property
    def bias(self) -> float:
        """Mean error, stated minus true; NaN of nothing."""
        return self.signed / self.n if self.n else np.nan

    @property
    def rmse(self) -> float:
        """Root mean square error; NaN of nothing."""
        return float(np.sqrt(self.square / self.n)) if self.n else np.nan

    @property
    def coverage(self) -> float:
        """Share of truths within the stated 80 % interval; NaN of nothing."""
        return self.covered / self.sure if self.sure else np.nan

    @property
    def stated(self) -> float:
        """Share of moments for which a value was stated; NaN of nothing."""
        return self.n / self.wanted if self.wanted else np.nan


def sums(errors: Floats, sigmas: Floats, wanted: int) -> Sums:
    """Adds up errors.

    Args:
        errors: (n,) stated minus true, all finite.
        sigmas: (n,) expected errors, NaN where none was stated.
        wanted: Moments with a truth, stated or not.
    """
    size, sure = np.abs(errors), np.isfinite(sigmas)
    covered = size[sure] <= Z80 * sigmas[sure]
    figures = (len(errors), size.sum(), errors.sum(), (errors**2).sum(), sure.sum(), covered.sum())
    return Sums(float(wanted), *(float(figure) for figure in figures))


def difference(stated: Floats, true: Floats, *, cyclic: bool) -> Floats:
    """Stated minus true; of angles the shorter way round."""
    raw: Floats = stated - true
    return (raw + 180.0) % 360.0 - 180.0 if cyclic else raw
