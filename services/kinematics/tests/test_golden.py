"""A rendered athlete whose truth is known, as MediaPipe saw it: landmarks recorded from our own sample clip."""

from pathlib import Path

import numpy as np
import pytest

from motus_kinematics.core.body import POINTS, Frame

DATA = Path(__file__).parent / "data" / "squat.npz"


@pytest.fixture(scope="module")
def truth():
    """The recording: landmarks per frame, repetitions as start, turn and end, the near knee per frame."""
    with np.load(DATA) as recording:
        return {name: recording[name].astype(np.float64) for name in recording.files}


def recorded(truth):
    """The recording's frames."""
    for i, t_s in enumerate(truth["t_s"]):
        image, world, visibility = (truth[name][i] for name in ("image", "world", "visibility"))
        seen = np.ones(POINTS, dtype=bool)
        yield Frame(float(t_s), int(truth["width"]), int(truth["height"]), image, world, visibility, seen)


@pytest.mark.parametrize("exercise", ["squat", "unknown"])
def test_the_repetitions_are_exactly_the_truths(lab, truth, exercise):
    """Given or not, as many as were rendered, each with start, turn and end within a quarter of a second."""
    reps = lab.play(recorded(truth), exercise).reps

    times = [[c.start_s, c.turn_s, c.end_s] for c in (rep.record.cycle for rep in reps)]
    assert np.array(times) == pytest.approx(truth["reps"], abs=0.25)


def test_the_near_knee_is_within_five_degrees_of_the_truth(lab, truth):
    """Median error of the knee that faces the camera, over the whole clip."""
    knee = lab.play(recorded(truth), "squat").published("knee_flexion_right_deg")

    assert np.median(np.abs(knee - truth["knee_flexion_right_deg"])) < 5.0
