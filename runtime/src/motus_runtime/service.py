"""The loop every service runs in: settings, logs, bus, health, one TaskGroup, signals, drain."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import uvloop

from motus_runtime.bus import Bus, BusSettings
from motus_runtime.errors import MotusError
from motus_runtime.health import Health
from motus_runtime.lease import Leases
from motus_runtime.ownership import Specs
from motus_runtime.settings import SettingsError, load, setting
from motus_runtime.telemetry import start_tracing

log = logging.getLogger("motus.service")

DRAIN_S = 15.0


@dataclass(frozen=True)
class ServiceSettings:
    """What every service can be told."""

    health_host: str = setting("127.0.0.1", "address of /livez, /readyz and /metrics")
    health_port: int = setting(0, "port of /livez, /readyz and /metrics; 0 takes a free one", minimum=0, maximum=65535)
    health_port_file: str = setting("", "file to write that port to once it is bound")
    log_level: str = setting("INFO", "DEBUG, INFO, WARNING or ERROR", choices=("DEBUG", "INFO", "WARNING", "ERROR"))


class App(Protocol):
    """What a service is to its loop."""

    async def run(self) -> None:
        """Work until cancelled."""

    async def drain(self) -> None:
        """Finish what is in flight; called after `run` was cancelled, with the bus still there."""


@dataclass(frozen=True)
class Context:
    """What the loop gives a service to build itself from.

    Attributes:
        bus: the connection to NATS.
        health: where readiness checks are registered.
        leases: the worker's leases; the loop renews them. A service with bounds sets their `capacity`, one that works
            outside of the event loop their `working`.
        specs: the sessions that live now; the loop keeps them up to date.
    """

    bus: Bus
    health: Health
    leases: Leases
    specs: Specs


def run_service(stage: str, build: Callable[[Context], Awaitable[App]]) -> int:
    """Run a service until SIGTERM or SIGINT; returns the exit code.

    Args:
        stage: the service's name, as `pose`.
        build: makes the app, given the context; expected errors end the service with one line, not a traceback.
    """
    code = 0
    try:
        settings = load(ServiceSettings, "MOTUS")
        bus_settings = load(BusSettings, "MOTUS_NATS")
        _start_logging(stage, settings.log_level)
        start_tracing(stage)
        uvloop.run(_serve(stage, settings, bus_settings, build))
    except* (SettingsError, MotusError) as group:
        for error in _leaves(group):
            print(f"motus-{stage}: {error}", file=sys.stderr)
        code = 1
    return code


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group of groups."""
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for inner in error.exceptions:
        yield from _leaves(inner)


async def _serve(
    stage: str,
    settings: ServiceSettings,
    bus_settings: BusSettings,
    build: Callable[[Context], Awaitable[App]],
) -> None:
    stop = _stop_signal()
    health = Health(settings.health_host, settings.health_port)
    if settings.health_port_file:
        _write_atomically(Path(settings.health_port_file), str(health.port))
    state = {"fault": "starting"}
    health.require("service", lambda: state["fault"])
    # From now on, since what follows may take longer than a loop may hang.
    starting = asyncio.create_task(_beat(health, lambda: True))
    bus = await Bus.connect(bus_settings, stage)
    health.require("bus", lambda: "" if bus.connected else "not connected to NATS")
    leases, specs = Leases(bus, stage), Specs(bus)
    health.require("lease", lambda: "" if leases.alive else "heartbeat not renewed")
    app = await build(Context(bus, health, leases, specs))
    starting.cancel()
    beating = asyncio.create_task(_beat(health, leases.working))
    state["fault"] = ""
    log.info("ready; health on port %d", health.port)
    try:
        async with asyncio.TaskGroup() as group:
            loops = (app.run(), leases.run(), specs.run(), bus.closed())
            tasks = [group.create_task(loop) for loop in loops]
            await stop.wait()
            state["fault"] = "draining"
            log.info("draining")
            for task in tasks:
                task.cancel()
        async with asyncio.timeout(DRAIN_S):
            await app.drain()
            await leases.close()
    finally:
        await bus.close()
        beating.cancel()
        health.close()


async def _beat(health: Health, works: Callable[[], bool]) -> None:
    while True:
        if works():
            health.beat()
        await asyncio.sleep(1)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _start_logging(stage: str, level: str) -> None:
    logging.basicConfig(
        level=level, stream=sys.stderr, format=f"%(asctime)s %(levelname)s {stage} %(name)s: %(message)s", force=True
    )


def _write_atomically(path: Path, text: str) -> None:
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(text)
    partial.replace(path)
