"""The store: bytes for an hour of an athlete, how many athletes one core records, how fast history is read.

Athletes are synthetic: landmarks as a pose model would say them, samples as kinematics makes them of these, every
published channel, 30 frames a second, in the messages and at the pace of the stages. Sizes are of what is stored at the
end of a session, roll-ups included, `mb_per_athlete_hour` for 60 channels. `athletes_per_core_<database>`: messages
wait on a real bus, the recorder of sessions stores and acknowledges all of them, and its processor time (this process,
without the database server's) goes into the seconds of athletes that they hold. Reading is timed on SQLite, from an
hour of one athlete: `series_p99_ms` five channels in a thousand points, `reps_p99_ms` a page of a hundred repetitions.
Progress goes to stderr.
"""

import argparse
import asyncio
import contextlib
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from google.protobuf.message import Message

from motus.bus.v1 import frame_pb2, landmarks_pb2, samples_pb2
from motus.v1 import sample_pb2
from motus_kinematics.convert import series
from motus_kinematics.core.channels import PUBLISHED
from motus_kinematics.core.pipeline import Config, State, step
from motus_kinematics.core.sample import Sample
from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings
from motus_runtime.provision import provision
from motus_samples.synthetic import Recording, Script, record
from motus_sessions.convert import landmark_record, sample_record
from motus_sessions.projection.recording import record_landmarks, record_samples
from motus_sessions.projection.records import (
    LANDMARKS,
    SAMPLES,
    Batch,
    EventRecord,
    Known,
    LandmarkRecord,
    ParticipantRecord,
    RepRecord,
    SampleRecord,
    SessionRecord,
)
from motus_sessions.recorder import STREAMS, Recorder, acknowledged
from motus_sessions.store.sql import SqlStore
from servers.nats import nats_server
from servers.postgres import postgres
from truth.athletes import frames_of

R = TypeVar("R", SampleRecord, LandmarkRecord)
TENANT = "bench"
MOVEMENTS = ("squat", "run", "dance", "curl")
HOUR_S = 3600.0
CHUNK_S = 2.0
CHANNELS = 60
FIVE = ("knee_flexion_left_deg", "knee_flexion_right_deg", "hip_flexion_left_deg", "trunk_lean_deg", "hip_height_ratio")
POINTS = 1000
TABLES = ("sample_chunks", "sample_rollups", "landmark_chunks")
READS = 200
REPS = 600


@dataclass(frozen=True)
class Said:
    """What the stages say of an athlete who does one thing for some time, over and over.

    Attributes:
        length_s: How long it takes.
        landmarks: One message a frame.
        samples: One message every two seconds.
    """

    length_s: float
    landmarks: list[landmarks_pb2.Landmarks]
    samples: list[samples_pb2.SampleChunk]


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one flat JSON object on stdout and nothing else")
    parser.add_argument("--athletes", type=int, default=60, help="who are recorded at the same time")
    parser.add_argument("--seconds", type=float, default=20.0, help="for how long")
    arguments = parser.parse_args()
    figures = asyncio.run(measure(arguments.athletes, arguments.seconds))
    show(figures, as_json=arguments.json)
    return 0


def show(figures: dict[str, float], *, as_json: bool, digits: int = 3) -> None:
    """Print figures as a table or as one flat JSON object."""
    rounded = {name: round(value, digits) for name, value in figures.items()}
    print(json.dumps(rounded) if as_json else "\n".join(f"{name:40} {value:g}" for name, value in rounded.items()))


async def measure(athletes: int, seconds: float) -> dict[str, float]:
    """All figures."""
    said = [says(movement) for movement in MOVEMENTS]
    figures = dict[str, float]()
    with tempfile.TemporaryDirectory(prefix="motus-bench-") as folder:
        home = Path(folder)
        figures |= await sizes_and_reads(home / "hour.db", said)
        (home / "nats").mkdir()
        with nats_server(home / "nats") as nats, postgres() as server:
            for name, url in (("sqlite", f"sqlite+aiosqlite:///{home}/many.db"), ("postgresql", server.create("many"))):
                note(f"{name}: {athletes} athletes for {seconds:g} s")
                figures[f"athletes_per_core_{name}"] = await recorded_per_core(nats, url, said, athletes, seconds)
    return figures


def note(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr)


def says(movement: str) -> Said:
    """About a minute of a movement as its landmarks and the samples that kinematics makes of them."""
    note(f"{movement}: through kinematics")
    recording = record(Script(movement=movement, seed=4, reps=16, seconds=60.0))
    frames = list(frames_of(recording))
    state, settled = State(), list[Sample]()
    for frame in frames:
        state, outputs = step(state, frame, Config("unknown"))
        settled += outputs.settled
    rows = round(CHUNK_S * 30.0)
    chunks = [settled[i : i + rows] for i in range(0, len(settled), rows)]
    return Said(
        length_s=frames[-1].t_s - frames[0].t_s + 1.0 / 30.0,
        landmarks=[_landmarks(recording, i) for i in range(len(frames))],
        samples=[samples_pb2.SampleChunk(kinematics_epoch=1, series=series("", chunk)) for chunk in chunks],
    )


def _landmarks(recording: Recording, i: int) -> landmarks_pb2.Landmarks:
    message = landmarks_pb2.Landmarks(pose_epoch=1, ref=frame_pb2.FrameRef(ingest_epoch=1, t_s=recording.t_s[i]))
    if recording.found[i]:
        seen = np.full((33, 1), 1.0)
        image = np.hstack((recording.image[i], recording.visibility[i][:, None], seen)).astype("<f4")
        points = sample_pb2.LandmarkSet(
            presence_mask=2**33 - 1, image_f32=image.tobytes(), world_f32=recording.world[i].astype("<f4").tobytes()
        )
        message.persons.add(participant="p1", landmarks=points)
    return message


def messages(said: Said, session: str, seconds: float) -> Iterator[tuple[float, str, Message]]:
    """Time, subject and message of all that is said of a session, in order for each subject."""
    for again in range(int(seconds / said.length_s) + 1):
        later_s = again * said.length_s
        for frame in said.landmarks:
            yield _later(frame, session, later_s)
        for chunk in said.samples:
            yield _later_chunk(chunk, session, later_s)


def _later(frame: landmarks_pb2.Landmarks, session: str, later_s: float) -> tuple[float, str, Message]:
    message = landmarks_pb2.Landmarks()
    message.CopyFrom(frame)
    message.ref.session, message.ref.t_s = session, frame.ref.t_s + later_s
    return message.ref.t_s, topics.landmarks(session), message


def _later_chunk(chunk: samples_pb2.SampleChunk, session: str, later_s: float) -> tuple[float, str, Message]:
    message = samples_pb2.SampleChunk()
    message.CopyFrom(chunk)
    t_s = np.frombuffer(chunk.series.t_s_f64, "<f8") + later_s
    message.session, message.series.participant = session, f"sessions/{session}/participants/p1"
    message.series.t_s_f64 = t_s.astype("<f8").tobytes()
    return float(t_s[-1]), topics.samples(session), message


async def sizes_and_reads(file: Path, said: list[Said]) -> dict[str, float]:
    """Sizes of an hour of each movement, and how fast the first one's history is read."""
    store = await SqlStore.open(f"sqlite+aiosqlite:///{file}")
    sizes = []
    for number, one in enumerate(said):
        note(f"{MOVEMENTS[number]}: an hour into the store")
        session = f"hour-{number}"
        await store.create(TENANT, running(session))
        await keep_hour(store, session, one)
        sizes.append(stored_bytes(file, session))
    samples, rollups, landmarks = np.mean(sizes, axis=0) / 1e6
    await store.record(TENANT, ["hour-0"], lambda _: Batch(events=[rep_event(number) for number in range(REPS)]))
    series_ms = await timed(lambda number: store.summary(TENANT, "hour-0", "p1", FIVE, number * 5_000, None, POINTS))
    reps_ms = await timed(lambda number: store.reps(TENANT, "hour-0", limit=100, after=(number * 2.0, "")))
    await store.close()
    return {
        "channels": len(PUBLISHED),
        "mb_per_athlete_hour": (samples + rollups) * CHANNELS / len(PUBLISHED),
        "rollups_mb_per_athlete_hour": rollups * CHANNELS / len(PUBLISHED),
        "landmarks_mb_per_athlete_hour": landmarks,
        "series_p99_ms": float(np.quantile(series_ms, 0.99)),
        "reps_p99_ms": float(np.quantile(reps_ms, 0.99)),
    }


def running(session: str) -> SessionRecord:
    """A session of one participant that goes on."""
    people = (ParticipantRecord("p1"),)
    return SessionRecord(session, "file:///v.mp4", 2, False, people, "unknown", False, "en", None, None, "", 1)


async def keep_hour(store: SqlStore, session: str, said: Said) -> None:
    """An hour of a session through the projections into the store, packed as at its end."""
    all_of_it = [message for _, _, message in messages(said, session, HOUR_S)]
    frames = [one for one in all_of_it if isinstance(one, landmarks_pb2.Landmarks) and one.ref.t_s < HOUR_S]
    chunks = [one for one in all_of_it if isinstance(one, samples_pb2.SampleChunk)]
    samples = [sample_record(chunk, place) for place, chunk in enumerate(chunks, 1)]
    landmarks = [landmark_record(frame, place) for place, frame in enumerate(frames, 1)]
    for first in range(0, len(samples), 300):
        early = [one for one in samples[first : first + 300] if one.table.t_us[-1] < HOUR_S * 1e6]
        await store.record(TENANT, [session], partial(_recorded, record_samples, early))
    for first in range(0, len(landmarks), 3000):
        await store.record(TENANT, [session], partial(_recorded, record_landmarks, landmarks[first : first + 3000]))
    for kind in (SAMPLES, LANDMARKS):
        await store.pack(TENANT, session, kind, None)


def _recorded(project: Callable[[Known, list[R]], Batch], records: list[R], known: Known) -> Batch:
    return project(known, records)


def stored_bytes(file: Path, session: str) -> list[int]:
    """Bytes of a session's samples, roll-ups and landmarks."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        queries = (f"SELECT sum(length(body)) FROM {table} WHERE session = ?" for table in TABLES)
        return [int(connection.execute(query, [session]).fetchone()[0]) for query in queries]


def rep_event(number: int) -> EventRecord:
    """A repetition as kinematics says it; what is in its message is opaque to the store, its size is usual."""
    detail = RepRecord(f"p1-{number}", "p1", number, 1, True, 6.0 * number, bytes(1500))
    return EventRecord("hour-0", f"rep-{number}", 1, number + 1, 1, "p1", "kinematics", bytes(1500), detail)


async def timed(call: Callable[[int], Awaitable[object]]) -> list[float]:
    """Milliseconds of successive calls."""
    times = []
    for number in range(READS):
        began = time.perf_counter()
        await call(number)
        times.append(1000.0 * (time.perf_counter() - began))
    return times


async def recorded_per_core(nats: str, url: str, said: list[Said], athletes: int, seconds: float) -> float:
    """Seconds of athletes that a second of the recorder's processor time stores."""
    bus = await Bus.connect(BusSettings(url=nats), "sessions")
    await provision(bus)
    store = await SqlStore.open(url)
    names = [f"many-{url[:2]}-{number}" for number in range(athletes)]
    for name in names:
        await store.create(TENANT, running(name))
    whole = [one for i, name in enumerate(names) for one in messages(said[i % len(said)], name, seconds)]
    for t_s, subject, message in sorted(whole, key=lambda one: one[0]):
        if t_s < seconds:
            await bus.client.publish(subject, message.SerializeToString())
    await bus.client.flush()
    began = time.process_time()
    recording = asyncio.create_task(Recorder(bus, store, nobody).run())
    while any(done < last for last, done in (await places(bus)).values()):
        await asyncio.sleep(0.5)
    spent_s = time.process_time() - began
    recording.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await recording
    for stream in STREAMS.values():
        await bus.jetstream.purge_stream(stream)
    await store.close()
    await bus.close()
    return athletes * seconds / spent_s


async def places(bus: Bus) -> dict[str, tuple[int, int]]:
    """By kind the last sequence of its stream, and up to which one all is stored and acknowledged."""
    found = {}
    for kind in (SAMPLES, LANDMARKS):
        stream = await bus.jetstream.stream_info(STREAMS[kind])
        found[kind] = (stream.state.last_seq, await acknowledged(bus, kind))
    return found


async def nobody(_tenant: str, _batch: Batch) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    sys.exit(main())
