"""Tables survive being bytes, within half a quantum, and damaged bytes are found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from motus_sessions.projection.landmarks import COLUMNS
from motus_sessions.projection.table import Table, empty
from motus_sessions.store.chunks import CorruptChunkError, decode, encode_packed, encode_raw, quantum

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw: st.DrawFn, values: st.SearchStrategy[float] = FINITE) -> Table:
    """Any table: gaps in time, absences in runs, columns of any name."""
    rows, columns = draw(st.integers(0, 40)), draw(st.integers(0, 6))
    steps = draw(arrays.arrays(np.int64, rows, elements=st.integers(1, 10**12)))
    numbers = draw(arrays.arrays(np.float32, (rows, columns), elements=values))
    absences = draw(arrays.arrays(np.uint8, (rows, columns), elements=st.sampled_from([0, 0, 1, 7])))
    names = draw(
        st.lists(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), min_size=columns, max_size=columns, unique=True)
    )
    grades = draw(st.lists(st.integers(0, 4), min_size=columns, max_size=columns))
    return Table(
        np.cumsum(steps) - 10**6, tuple(names), np.where(absences == 0, numbers, np.float32(0)), absences, tuple(grades)
    )


def same_but_values(left: Table, right: Table) -> bool:
    """Everything that no form may change."""
    return (
        left.names == right.names
        and left.grades == right.grades
        and np.array_equal(left.t_us, right.t_us)
        and np.array_equal(left.absences, right.absences)
    )


@given(tables())
def test_raw_bytes_are_exact(table: Table) -> None:
    """What waits to be packed has lost nothing."""
    back = decode(encode_raw(table))

    assert same_but_values(back, table)
    assert np.array_equal(back.values, table.values)


@given(tables(st.floats(-1e6, 1e6, width=32)), st.sampled_from([0.01, 0.0001, 1.0]))
@settings(max_examples=200)
def test_packed_values_are_within_half_a_quantum(table: Table, step: float) -> None:
    """Times, absences, names and grades are exact, values within half a step and float32's own error."""
    back = decode(encode_packed(table, lambda _: step))

    assert same_but_values(back, table)
    error = np.abs(back.values.astype(np.float64) - table.values)
    assert (error <= step / 2 + np.abs(table.values) * 2**-23).all()


@given(tables())
def test_values_too_large_for_their_quantum_stay_exact(table: Table) -> None:
    """No finite value is ever mangled."""
    back = decode(encode_packed(table))

    huge = np.abs(table.values).max(axis=0, initial=0) > 2**30
    assert same_but_values(back, table)
    assert np.array_equal(back.values[:, huge], table.values[:, huge])


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(blob: bytes) -> None:
    """What is no chunk is refused as such."""
    with pytest.raises(CorruptChunkError):
        decode(blob)


@given(tables(), st.data())
def test_a_cut_chunk_is_refused(table: Table, data: st.DataObject) -> None:
    """Half a chunk is no chunk."""
    blob = encode_packed(table)
    cut = data.draw(st.integers(0, len(blob) - 1))

    with pytest.raises(CorruptChunkError):
        decode(blob[:cut])


def test_an_unknown_version_is_refused() -> None:
    """A later release's chunk is not misread."""
    blob = bytearray(encode_raw(empty("ab")))
    blob[2] = 99

    with pytest.raises(CorruptChunkError, match="version 99"):
        decode(bytes(blob))


def test_quanta_fit_their_units() -> None:
    """A hundredth of a degree, a ten-thousandth of a ratio and of the picture, half a millimetre of a landmark."""
    assert quantum("knee_flexion_left_deg") == 0.01
    assert quantum("knee_flexion_velocity_left_deg_s") == 0.01
    assert quantum("hip_height_ratio") == 0.0001
    seen = {name for name in COLUMNS if "visibility" not in name and "presence" not in name}
    assert {quantum(name) for name in seen if name.startswith("image.")} == {0.0001}
    assert {quantum(name) for name in seen if name.startswith("world.")} == {0.0005}


def test_ten_seconds_of_smooth_movement_are_small() -> None:
    """Sixty channels at thirty a second take less than 10 MB an hour."""
    random = np.random.default_rng(0)
    t_s = np.arange(300) / 30
    smooth = 60 * np.sin(2 * np.pi * t_s[:, None] * random.uniform(0.2, 0.6, 60) + random.uniform(0, 6, 60))
    values = (smooth + random.normal(0, 0.3, smooth.shape)).astype(np.float32)
    names = tuple(f"channel_{number}_deg" for number in range(60))
    absences = np.zeros(values.shape, np.uint8)

    blob = encode_packed(Table((t_s * 1e6).astype(np.int64), names, values, absences, (1,) * 60), lambda _: 0.01)

    assert len(blob) * 360 < 10e6
