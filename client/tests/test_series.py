"""Packed columns and landmarks as Python values."""

import struct
from typing import Any

import pytest

from motus.v1 import sample_pb2
from motus_client.series import TimeSeries, image_landmarks


def test_rows_without_a_value_are_none_and_say_why(made: Any) -> None:
    """A hidden row is None, and its reason is there under its row number."""
    series = TimeSeries.of(made.series())

    assert series.channels["knee_flexion_right_deg"][9] is None
    assert series.absences["knee_flexion_right_deg"][9] == "OCCLUDED"
    assert series.channels["knee_flexion_right_deg"][10] == pytest.approx(6.0)
    assert series.grades == {"knee_flexion_left_deg": "HIGH", "knee_flexion_right_deg": "UNSPECIFIED"}


def test_a_column_of_another_length_is_refused(made: Any) -> None:
    """Values that do not belong to the time axis are an error and are not cut to fit."""
    packed = made.series()
    packed.columns[0].values_f32 = packed.columns[0].values_f32[:-4]

    with pytest.raises(ValueError, match="239 values for 240 rows"):
        TimeSeries.of(packed)


def test_landmarks_follow_the_presence_mask() -> None:
    """A point whose bit is not set is None; the others have place and visibility."""
    rows = [value for index in range(33) for value in (index / 33, 0.5, 0.1, 0.75, 1.0)]
    packed = sample_pb2.LandmarkSet(presence_mask=1 << 11, image_f32=struct.pack("<165f", *rows))

    points = image_landmarks(packed)

    assert points[10] is None
    assert points[11] is not None
    assert (points[11].x, points[11].visibility) == (pytest.approx(11 / 33), 0.75)


def test_nobody_seen_gives_no_landmarks() -> None:
    """An empty set is no points rather than 33 at the corner."""
    assert image_landmarks(sample_pb2.LandmarkSet()) == ()
