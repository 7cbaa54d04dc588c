"""Time series and landmarks as Python values, from the packed columns that travel."""

import struct
from dataclasses import dataclass, field

from motus.v1 import measure_pb2, sample_pb2
from motus_client.names import value_name

_POINTS = 33
_IMAGE_FIELDS = 5


@dataclass(frozen=True)
class TimeSeries:
    """Channels of one participant over a common time axis.

    Attributes:
        participant: `sessions/{session}/participants/{participant}`.
        t_s: seconds on the source's clock, ascending.
        channels: per channel name as many values as `t_s`, in the channel's unit; None where there is none.
        absences: per channel name, for each None, the name of the reason by row number.
        grades: per channel name the trust in it, as `HIGH`; `UNSPECIFIED` when not graded.
        lows: per channel name the lowest value of each row, where rows stand for spans of time and `channels` has
            their means; else empty.
        highs: the highest values, likewise.
    """

    participant: str
    t_s: tuple[float, ...]
    channels: dict[str, tuple[float | None, ...]]
    absences: dict[str, dict[int, str]]
    grades: dict[str, str]
    lows: dict[str, tuple[float | None, ...]] = field(default_factory=dict)
    highs: dict[str, tuple[float | None, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, series: sample_pb2.Series) -> "TimeSeries":
        """Unpack a series.

        Raises:
            ValueError: a column has another length than the time axis.
        """
        t_s = struct.unpack(f"<{len(series.t_s_f64) // 8}d", series.t_s_f64)
        absences = {column.channel: _absences(column) for column in series.columns}
        return cls(
            participant=series.participant,
            t_s=t_s,
            channels=_all(series, "values_f32", len(t_s), absences),
            lows=_all(series, "lows_f32", len(t_s), absences),
            highs=_all(series, "highs_f32", len(t_s), absences),
            absences=absences,
            grades={column.channel: value_name(measure_pb2.Grade, column.grade) for column in series.columns},
        )


@dataclass(frozen=True)
class Landmark:
    """One point of a body in the picture.

    Attributes:
        x: fraction of the picture's width.
        y: fraction of the picture's height.
        visibility: likelihood from 0 to 1 that it is not hidden.
    """

    x: float
    y: float
    visibility: float


def image_landmarks(landmarks: sample_pb2.LandmarkSet) -> tuple[Landmark | None, ...]:
    """The 33 points in the picture, None for those that are not there; empty when nobody was seen."""
    if len(landmarks.image_f32) != _POINTS * _IMAGE_FIELDS * 4:
        return ()
    values = struct.unpack(f"<{_POINTS * _IMAGE_FIELDS}f", landmarks.image_f32)
    rows = [values[start : start + _IMAGE_FIELDS] for start in range(0, len(values), _IMAGE_FIELDS)]
    return tuple(
        Landmark(row[0], row[1], row[3]) if landmarks.presence_mask >> index & 1 else None
        for index, row in enumerate(rows)
    )


def _all(
    series: sample_pb2.Series, name: str, rows: int, absences: dict[str, dict[int, str]]
) -> dict[str, tuple[float | None, ...]]:
    """A field's values by channel; channels for which it is empty are left out where there are rows."""
    packed = {column.channel: getattr(column, name) for column in series.columns}
    return {
        channel: _values(channel, data, rows, absences[channel])
        for channel, data in packed.items()
        if data or name == "values_f32"
    }


def _values(channel: str, data: bytes, rows: int, absences: dict[int, str]) -> tuple[float | None, ...]:
    if len(data) != 4 * rows:
        raise ValueError(f"{channel} has {len(data) // 4} values for {rows} rows")
    values = struct.unpack(f"<{rows}f", data)
    return tuple(None if row in absences else value for row, value in enumerate(values))


def _absences(column: sample_pb2.Column) -> dict[int, str]:
    return {
        row: value_name(measure_pb2.AbsenceReason, run.reason)
        for run in column.absences
        for row in range(run.start, run.start + run.length)
    }
