"""The gates on held-out synthetic athletes, medium noise: none gets worse than what was reached."""

import pytest

from truth.gates import GATES, Gate

pytestmark = [pytest.mark.accuracy, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("gate", GATES, ids=[gate.figure for gate in GATES])
def test_gate_holds(gate: Gate, values: dict[str, float]) -> None:
    """The figure meets its aim, or is no worse than the best that was reached so far."""
    assert gate.kept(values[gate.figure]), f"{values[gate.figure]:.4g}: aim {gate.aim}, held at {gate.held}"
