"""One run of the held-out synthetic athletes for all gates."""

import pytest

from motus_samples.synthetic import MOVEMENTS
from truth.athletes import cases, measure_athletes
from truth.figures import figures
from truth.gates import NOISE, SETS, UNNAMED
from truth.table import confusion_text, gates_text

WORKERS = 2


@pytest.fixture(scope="session")
def values(request: pytest.FixtureRequest) -> dict[str, float]:
    """Every figure of the held-out athletes; all of them are printed beside their aims."""
    scores = measure_athletes(cases(MOVEMENTS, [NOISE], SETS, UNNAMED, holdout=True), WORKERS)
    found = figures(scores)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{gates_text(found)}\n{confusion_text(scores)}")
    return found
