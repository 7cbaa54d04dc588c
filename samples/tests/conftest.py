"""What the tests of the sample athletes share."""

from pathlib import Path

import pytest

from motus_samples.gl import REMEDY, missing_gl

CLIPS = Path(__file__).resolve().parents[1] / "clips"


@pytest.fixture(scope="session")
def gl() -> None:
    """Skip where off-screen rendering is impossible, saying why and what mends it."""
    reason = missing_gl()
    if reason is not None:
        pytest.skip(f"{reason}; install it with: {REMEDY}")


@pytest.fixture(scope="session")
def clips() -> Path:
    """Return the folder of the committed clips."""
    return CLIPS
