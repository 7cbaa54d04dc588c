"""Files of a session, read back by readers that nobody here wrote and compared value by value."""

import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from trc import TRCData

from motus.v1 import session_service_pb2
from motus_register import CHANNELS
from motus_sessions.export.mot import COORDINATES

RATE_HZ, ROWS = 30, 4000
KNEE, LEAN = "knee_flexion_left_deg", "trunk_lean_deg"
SEEN_S = np.arange(40) / RATE_HZ


@dataclass(frozen=True)
class Exporter:
    """A client that asks for the files and series of one session."""

    stub: Any
    session: str

    async def export(self, kind: str, **wish: Any) -> tuple[str, str, bytes]:
        """Name, media type and content of a file."""
        request = session_service_pb2.ExportSessionRequest(
            name=f"sessions/{self.session}", format=f"EXPORT_FORMAT_{kind}", **wish
        )
        parts = [part async for part in self.stub.ExportSession(request, timeout=60)]
        assert all(len(part.data) <= 256 * 1024 for part in parts)
        return parts[0].filename, parts[0].media_type, b"".join(part.data for part in parts)

    async def series(self, channel: str) -> tuple[np.ndarray, np.ndarray]:
        """Times and values of a channel as the API gives them, NaN where absent."""
        request = session_service_pb2.GetSeriesRequest(name=f"sessions/{self.session}", channels=[channel])
        answer = await self.stub.GetSeries(request, timeout=60)
        values = np.frombuffer(answer.columns[0].values_f32, "<f4").astype(float)
        for run in answer.columns[0].absences:
            values[run.start : run.start + run.length] = np.nan
        return np.frombuffer(answer.t_s_f64, "<f8"), values


@pytest.fixture
async def fresh(running: Any) -> Exporter:
    """A session of which nothing is known yet."""
    session = f"export-{uuid.uuid4().hex[:8]}"
    await running.create(session)
    return Exporter(running.stub, session)


@pytest.fixture
async def recorded(fresh: Exporter, running: Any, stages: Callable[[str], Any]) -> Exporter:
    """Over two minutes of a knee and a lean, and some landmarks; the session is over and packed."""
    say = stages(fresh.session)
    await say.see(*SEEN_S[:20].tolist())
    await say.see(*SEEN_S[20:30].tolist(), seen=False)
    await say.see(*SEEN_S[30:].tolist())
    for first in range(0, ROWS, 100):
        await say.measure(first / RATE_HZ, 100, **{KNEE: lambda t: 40 + t / 4, LEAN: lambda t: t - t[0]})
    await say.finish(ROWS / RATE_HZ)
    await running.until_over(fresh.session)
    return fresh


async def test_parquet_holds_every_channel_with_nulls_and_units(recorded: Exporter) -> None:
    """All rows of all channels of the register, as GetSeries has them."""
    name, media_type, content = await recorded.export("PARQUET")

    assert (name, media_type) == (f"{recorded.session}-p1.parquet", "application/vnd.apache.parquet")
    file = pq.ParquetFile(io.BytesIO(content))
    assert file.schema_arrow.names == ["t_s", *CHANNELS]
    assert file.schema_arrow.field(KNEE).metadata == {b"unit": b"deg"}
    frame = pd.read_parquet(io.BytesIO(content))
    for channel in (KNEE, LEAN):
        t_s, values = await recorded.series(channel)
        np.testing.assert_array_equal(frame["t_s"], t_s)
        np.testing.assert_array_equal(frame[channel].astype(float), values)
    assert len(frame) == ROWS
    assert frame["elbow_flexion_left_deg"].isna().all()


async def test_csv_holds_a_line_for_every_time_and_channel(recorded: Exporter) -> None:
    """With its grade, or the reason why it is absent; a span of time and some channels where that is asked for."""
    _, media_type, content = await recorded.export("CSV", channels=[KNEE, LEAN], start_s=50.0, end_s=100.0)

    frame = pd.read_csv(io.BytesIO(content))
    assert (media_type, list(frame)) == ("text/csv", ["t_s", "channel", "value", "grade", "absence"])
    wide = frame.pivot(index="t_s", columns="channel", values="value")
    t_s, knee = await recorded.series(KNEE)
    _, lean = await recorded.series(LEAN)
    within = (t_s >= 50.0) & (t_s < 100.0)
    np.testing.assert_allclose(wide.index, t_s[within], atol=1e-6)
    np.testing.assert_array_equal(wide[KNEE].astype("float32"), knee[within].astype("float32"))
    np.testing.assert_array_equal(wide[LEAN].astype("float32"), lean[within].astype("float32"))
    absent = frame[frame["value"].isna()]
    assert set(absent["absence"]) == {"occluded"}
    assert set(frame["grade"].dropna()) == {"medium"}


async def test_trc_holds_the_markers_with_y_up(recorded: Exporter) -> None:
    """A reader of TRC finds every frame, marker and place; who was not seen has empty cells."""
    name, _, content = await recorded.export("TRC")

    assert name == f"{recorded.session}-p1.trc"
    data = TRCData()
    data.parse(content.decode(), line_sep="\n")
    assert (data["NumFrames"], data["NumMarkers"], data["Units"]) == (len(SEEN_S), 33, "m")
    assert data["DataRate"] == pytest.approx(RATE_HZ, abs=0.01)
    assert data["Markers"][23] == "left_hip"
    for frame, t_s in enumerate(SEEN_S, start=1):
        time, places = data[frame]
        assert time == pytest.approx(t_s, abs=1e-6)
        if 20 < frame <= 30:
            assert not np.isfinite(np.array(places[23], float)).any()
        else:
            np.testing.assert_allclose(places[23], (-t_s / 100, t_s / 100, t_s / 100), atol=3e-4)


async def test_mot_holds_the_angles_under_opensims_names(recorded: Exporter) -> None:
    """By OpenSim's rules: the header's counts are true, `endheader` ends it, degrees, `nan` where absent."""
    _, _, content = await recorded.export("MOT")

    head, _, body = content.decode().partition("endheader\n")
    said = dict(line.split("=") for line in head.splitlines() if "=" in line)
    assert said == {"version": "1", "nRows": str(ROWS), "nColumns": str(1 + len(COORDINATES)), "inDegrees": "yes"}
    frame = pd.read_csv(io.StringIO(body), sep="\t")
    assert list(frame) == ["time", *COORDINATES]
    t_s, knee = await recorded.series(KNEE)
    np.testing.assert_allclose(frame["time"], t_s, atol=1e-6)
    np.testing.assert_allclose(frame["knee_angle_l"], knee, atol=1e-4)
    assert frame["hip_flexion_r"].isna().all()


async def test_a_session_without_rows_gives_a_file_without_rows(fresh: Exporter) -> None:
    """A header, and nothing that a reader would choke on."""
    assert pd.read_parquet(io.BytesIO((await fresh.export("PARQUET"))[2])).empty
    assert pd.read_csv(io.BytesIO((await fresh.export("CSV"))[2])).empty
    data = TRCData()
    data.parse((await fresh.export("TRC"))[2].decode(), line_sep="\n")
    assert data["NumFrames"] == 0
    assert (await fresh.export("MOT"))[2].decode().endswith("\t".join(("time", *COORDINATES)) + "\n")


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "UNSPECIFIED"},
        {"kind": "TRC", "channels": [KNEE]},
        {"kind": "CSV", "channels": ["no_such"]},
        {"kind": "CSV", "start_s": 2.0, "end_s": 1.0},
    ],
)
async def test_a_file_that_cannot_be_is_refused(fresh: Exporter, wish: Any) -> None:
    """INVALID_ARGUMENT before the first byte."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await fresh.export(**wish)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
