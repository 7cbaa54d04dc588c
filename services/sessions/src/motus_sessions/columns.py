"""Packed columns and landmarks of messages as tables, and back."""

import numpy as np
from numpy.typing import NDArray

from motus.bus.v1 import landmarks_pb2
from motus.v1 import measure_pb2, sample_pb2
from motus_runtime.errors import PermanentError
from motus_sessions.names import participant_name
from motus_sessions.projection.landmarks import IMAGE_BYTES, POINTS, WORLD_BYTES, persons_of
from motus_sessions.projection.records import PersonSeen
from motus_sessions.projection.rollup import Summary
from motus_sessions.projection.table import Table

_MOST_SECONDS = 1e9
_ALL_POINTS = 2**POINTS - 1
_REASONS = set(measure_pb2.AbsenceReason.values())
_GRADES = set(measure_pb2.Grade.values())


def table_of_series(series: sample_pb2.Series) -> Table:
    """Columns over time, times to the microsecond.

    Raises:
        PermanentError: they do not fit together, or hold what is no number.
    """
    t_s = _floats(series.t_s_f64, "<f8")
    if (np.abs(t_s) > _MOST_SECONDS).any():
        raise PermanentError("a series beyond any source's clock")
    t_us = np.rint(t_s * 1e6).astype(np.int64)
    names = tuple(column.channel for column in series.columns)
    if (np.diff(t_us) <= 0).any() or len(set(names)) != len(names) or not all(names):
        raise PermanentError("a series whose times do not rise, or whose columns are not each named once")
    values = np.zeros((len(t_us), len(names)), np.float32)
    absences = np.zeros((len(t_us), len(names)), np.uint8)
    for index, column in enumerate(series.columns):
        numbers = _floats(column.values_f32, "<f4")
        if len(numbers) != len(t_us) or column.grade not in _GRADES:
            raise PermanentError(
                f"{column.channel} has {len(numbers)} values of grade {column.grade}: {len(t_us)} rows"
            )
        values[:, index] = numbers
        _mark(absences[:, index], column)
    return Table(
        t_us, names, np.where(absences == 0, values, 0), absences, tuple(int(column.grade) for column in series.columns)
    )


def _mark(absences: NDArray[np.uint8], column: sample_pb2.Column) -> None:
    for run in column.absences:
        if run.start + run.length > len(absences) or run.reason not in _REASONS or not run.reason:
            raise PermanentError(f"{column.channel} is absent beyond its rows, or for no known reason")
        absences[run.start : run.start + run.length] = run.reason


def _floats(packed: bytes, kind: str) -> NDArray[np.floating]:
    if len(packed) % np.dtype(kind).itemsize:
        raise PermanentError(f"{len(packed)} bytes are no row of numbers")
    numbers: NDArray[np.floating] = np.frombuffer(packed, kind)
    if not np.isfinite(numbers).all():
        raise PermanentError("a column holds what is no number")
    return numbers


def series_message(session: str, participant: str, summary: Summary) -> sample_pb2.Series:
    """A series as clients see it."""
    thinned = summary.thinned
    return sample_pb2.Series(
        participant=participant_name(session, participant),
        t_s_f64=(summary.t_us / 1e6).astype("<f8").tobytes(),
        columns=[
            sample_pb2.Column(
                channel=name,
                values_f32=_packed(summary.means[:, index]),
                lows_f32=_packed(summary.lows[:, index]) if thinned else b"",
                highs_f32=_packed(summary.highs[:, index]) if thinned else b"",
                absences=_runs(summary.absences[:, index]),
                grade=measure_pb2.Grade.ValueType(summary.grades[index]),
            )
            for index, name in enumerate(summary.names)
        ],
    )


def _packed(values: NDArray[np.float32]) -> bytes:
    return values.astype("<f4").tobytes()


def _runs(absences: NDArray[np.uint8]) -> list[sample_pb2.ReasonRun]:
    edges = np.flatnonzero(np.diff(absences)) + 1
    starts, ends = [0, *edges.tolist()], [*edges.tolist(), len(absences)]
    return [
        sample_pb2.ReasonRun(
            start=start, length=end - start, reason=measure_pb2.AbsenceReason.ValueType(int(absences[start]))
        )
        for start, end in zip(starts, ends, strict=True)
        if start < end and absences[start]
    ]


def persons_in(message: landmarks_pb2.Landmarks) -> tuple[PersonSeen, ...]:
    """The people of a frame that are participants.

    Raises:
        PermanentError: points are not packed as the contract says.
    """
    persons = []
    for person in message.persons:
        points = person.landmarks
        if not person.participant:
            continue
        if len(points.image_f32) != IMAGE_BYTES or len(points.world_f32) not in (0, WORLD_BYTES):
            raise PermanentError(f"landmarks of {len(points.image_f32)} and {len(points.world_f32)} bytes")
        _floats(points.image_f32 + points.world_f32, "<f4")
        mask = points.presence_mask & _ALL_POINTS
        persons.append(PersonSeen(person.participant, mask, points.image_f32, points.world_f32))
    return tuple(persons)


def skeleton_frames(session: str, participant: str, table: Table) -> list[sample_pb2.SkeletonFrame]:
    """Rows of landmarks as clients see them."""
    name = participant_name(session, participant)
    return [
        skeleton_frame(name, t_us / 1e6, person)
        for t_us, person in zip(table.t_us.tolist(), persons_of(table), strict=True)
    ]


def skeleton_frame(participant: str, t_s: float, person: PersonSeen | None) -> sample_pb2.SkeletonFrame:
    """One row of landmarks; the name is a whole one."""
    frame = sample_pb2.SkeletonFrame(participant=participant, t_s=t_s)
    if person is not None:
        frame.landmarks.CopyFrom(
            sample_pb2.LandmarkSet(presence_mask=person.presence_mask, image_f32=person.image, world_f32=person.world)
        )
    return frame


def chosen_channels(sample: sample_pb2.Sample, wanted: frozenset[str]) -> sample_pb2.Sample:
    """A sample with the wanted channels alone; nothing wanted means all."""
    if not wanted:
        return sample
    places = [place for place, channel in enumerate(sample.channels) if channel in wanted]
    chosen = sample_pb2.Sample()
    chosen.CopyFrom(sample)
    for name in ("channels", "values", "absences", "grades"):
        before = list(getattr(sample, name))
        chosen.ClearField(name)
        getattr(chosen, name).extend(before[place] for place in places if place < len(before))
    return chosen
