"""The API of one sessions process: calls in a second of its processor time, watchers, and what these add to its memory.

The service is a process of its own on SQLite and a real bus, with tokens, limits, rules and the audit log as deployed;
callers and stages are in this process. `unary_per_core_s`: GetSession, each reading the store, over the processor time
of the service. `watchers`: how many got the ten samples a second, of 60 channels, that they asked for, out of 200 on
twenty sessions that are measured 30 times a second; one in ten reads nothing at all, and counts when it is still served
at the end. `watch_rss_growth_mb`: the most memory that the service held meanwhile beyond what it held with one watcher.
Progress goes to stderr.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import uvloop

from motus.bus.v1 import frame_pb2, samples_pb2
from motus.v1 import measure_pb2, sample_pb2, session_service_pb2
from motus_client import Access, AsyncClient
from motus_register import CHANNELS
from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings
from motus_runtime.provision import provision
from servers.nats import nats_server
from servers.sessions import Service, sessions_service

SESSIONS = 20
CALLERS = 32
RATE_HZ, MEASURED_HZ, COLUMNS = 10.0, 30.0, 60
SLOW_EVERY = 10
"""Each tenth watcher reads nothing."""
GOT_ITS_RATE = 0.95


async def calls_per_core_s(service: Service, client: AsyncClient, seconds: float) -> float:
    """GetSession by many callers at once, over the service's processor time."""
    until, done = 0.0, 0

    async def caller(number: int) -> None:
        nonlocal done
        while time.monotonic() < until:
            await client.get_session(f"bench-{number % SESSIONS:02d}")
            done += 1

    for span in (2.0, seconds):  # the first warms up
        until, done, before = time.monotonic() + span, 0, service.processor_s
        await asyncio.gather(*(caller(number) for number in range(CALLERS)))
        used = service.processor_s - before
        print(f"GetSession: {done} calls, {used:.2f} s of processor time", file=sys.stderr)
    return done / used


async def measure(bus: Bus) -> None:
    """All sessions are measured, 30 times a second, until cancelled."""
    names = list(CHANNELS)[:COLUMNS]
    began, number = time.monotonic(), 0
    while True:
        t_s = number / MEASURED_HZ
        for session in range(SESSIONS):
            bare = f"bench-{session:02d}"
            sample = sample_pb2.Sample(
                participant=f"sessions/{bare}/participants/p1",
                t_s=t_s,
                channels=names,
                values=[t_s + column for column in range(COLUMNS)],
                grades=[measure_pb2.GRADE_MEDIUM] * COLUMNS,
            )
            ref = frame_pb2.FrameRef(session=bare, ingest_epoch=1, frame_seq=number, t_s=t_s)
            await bus.publish(topics.live(bare), samples_pb2.Live(session=bare, epoch=1, ref=ref, sample=sample))
        number += 1
        await asyncio.sleep(max(0.0, began + number / MEASURED_HZ - time.monotonic()))


async def watch(service: Service, bus: Bus, watchers: int, seconds: float) -> dict[str, float]:
    """Watchers on all sessions, some of whom read nothing."""
    got: Counter[int] = Counter()
    access = Access(token=service.token)
    connections = [AsyncClient(service.address, access) for _ in range(SESSIONS)]

    async def watcher(number: int) -> None:
        client, session = connections[number % SESSIONS], f"bench-{number % SESSIONS:02d}"
        # In groups of ten per connection: whoever reads nothing must not stop those beside them.
        async for response in client.watch_session(session, sample_rate_hz=RATE_HZ):
            if (number // SESSIONS) % SLOW_EVERY == SLOW_EVERY - 1:
                await asyncio.Event().wait()
            got[number] += response.HasField("sample")

    measuring = asyncio.create_task(measure(bus))
    tasks = [asyncio.create_task(watcher(0))]
    await asyncio.sleep(3)
    before, processor_s, peak = service.resident_mb, service.processor_s, 0.0
    tasks += [asyncio.create_task(watcher(number)) for number in range(1, watchers)]
    await asyncio.sleep(5)
    got.clear()
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        await asyncio.sleep(0.5)
        peak = max(peak, service.resident_mb)
    cores = (service.processor_s - processor_s) / (elapsed + 5)
    slow = {number for number in range(watchers) if (number // SESSIONS) % SLOW_EVERY == SLOW_EVERY - 1}
    least = RATE_HZ * GOT_ITS_RATE * elapsed
    served = [
        number for number in range(watchers) if not tasks[number].done() and (number in slow or got[number] >= least)
    ]
    rates = sorted(got[number] / elapsed for number in range(watchers) if number not in slow)
    print(f"samples a second: {rates[0]:.2f} to {rates[-1]:.2f}; {cores:.2f} cores", file=sys.stderr)
    for task in (measuring, *tasks):
        task.cancel()
    await asyncio.gather(measuring, *tasks, return_exceptions=True)
    for client in connections:
        await client.close()
    return {"watchers": len(served), "watch_rss_growth_mb": peak - before, "watch_cores": cores}


async def figures(watchers: int, seconds: float) -> dict[str, float]:
    """All figures."""
    with tempfile.TemporaryDirectory() as folder, nats_server(Path(folder) / "nats") as url:
        bus = await Bus.connect(BusSettings(url=url), "bench")
        await provision(bus)
        source = session_service_pb2.Source(uri="file:///videos/bench.mp4")
        (Path(folder) / "service").mkdir()
        with sessions_service(Path(folder) / "service", url) as service:
            async with AsyncClient(service.address, Access(token=service.token)) as client:
                for number in range(SESSIONS):
                    session = session_service_pb2.Session(source=source, exercise="squat")
                    await client.create_session(session, session_id=f"bench-{number:02d}")
                unary = await calls_per_core_s(service, client, seconds / 2)
            watched = await watch(service, bus, watchers, seconds)
        with suppress(Exception):
            await bus.close()
    return {"unary_per_core_s": unary, **watched}


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--watchers", type=int, default=200, help="how many (default 200)")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long they are watched (default 30)")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object")
    arguments = parser.parse_args()
    found = uvloop.run(figures(arguments.watchers, arguments.seconds))
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:20} {value:10.2f}")


if __name__ == "__main__":
    main()
