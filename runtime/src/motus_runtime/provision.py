"""`motus-provision`: makes every stream and bucket as `topics` has them, and brings existing ones up to date.

With `--watch` it stays and makes anew what gets lost. Nobody else makes streams: two who did might differ, and whoever
fences by a bucket must know that it is another.
"""

import argparse
import asyncio
import logging
import sys
import time

import nats.errors
import nats.js.errors
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from motus_runtime.bus import Bus, BusSettings, cancellable
from motus_runtime.errors import MotusError
from motus_runtime.service import App, Context, run_service
from motus_runtime.settings import SettingsError, load
from motus_runtime.telemetry import STREAMS_REMADE
from motus_runtime.topics import STREAMS, StreamSpec

log = logging.getLogger("motus.provision")

LOOK_EVERY_S = 2.0
AWAY = (nats.errors.Error, nats.js.errors.Error, TimeoutError)
"""What a server that is away, or has no leader yet, makes provisioning raise."""


def stream_config(spec: StreamSpec, replicas: int) -> StreamConfig:
    """The server's form of a stream's description."""
    config = StreamConfig(
        name=spec.name,
        subjects=list(spec.subjects),
        max_age=spec.max_age_s,
        max_bytes=spec.max_bytes,
        storage=StorageType.FILE,
        num_replicas=replicas,
        discard=DiscardPolicy.NEW if spec.discard_new or spec.per_key else DiscardPolicy.OLD,
        duplicate_window=spec.duplicate_window_s,
        allow_direct=True,
    )
    if spec.per_key:
        config.max_msgs_per_subject = 1
        config.allow_rollup_hdrs, config.deny_delete, config.allow_msg_ttl = True, True, True
        config.subject_delete_marker_ttl = 60.0
    return config


async def provision(bus: Bus, replicas: int = 1) -> list[str]:
    """Make or update all streams and buckets; returns their names."""
    for spec in STREAMS:
        if await _is_there(bus, spec):
            await bus.jetstream.update_stream(stream_config(spec, replicas))
        else:
            await _make(bus, spec, replicas)
    return [spec.name for spec in STREAMS]


async def mend(bus: Bus, replicas: int = 1) -> None:
    """Make anew the streams and buckets that are missing."""
    for spec in STREAMS:
        if not await _is_there(bus, spec):
            log.error("%s was lost with all that it held: it is made anew", spec.name)
            await _make(bus, spec, replicas)
            STREAMS_REMADE.labels(spec.name).inc()


async def _is_there(bus: Bus, spec: StreamSpec) -> bool:
    try:
        await cancellable(bus.jetstream.stream_info(spec.name))
    except NotFoundError:
        return False
    return True


async def _make(bus: Bus, spec: StreamSpec, replicas: int) -> None:
    config = stream_config(spec, replicas)
    if spec.rising:
        # Far fewer than a message per microsecond are ever stored, so a later stream begins above this one.
        config.first_seq = time.time_ns() // 1000
    await cancellable(bus.jetstream.add_stream(config))


class Watch:
    """Provisions at its start, then looks every LOOK_EVERY_S seconds whether all is there still.

    Args:
        context: the service loop's.
        replicas: copies of each stream in a cluster.
    """

    def __init__(self, context: Context, replicas: int) -> None:
        self._bus, self._replicas = context.bus, replicas
        self._fault = "not provisioned yet"
        context.health.require("streams", lambda: self._fault)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                if self._fault:
                    await provision(self._bus, self._replicas)
                    self._fault = ""
                else:
                    await mend(self._bus, self._replicas)
            except AWAY as error:
                log.warning("looking again: %s", str(error) or type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def drain(self) -> None:
        """Nothing is left to finish."""


async def _build(context: Context, replicas: int) -> App:
    return Watch(context, replicas)


async def _run(replicas: int) -> None:
    bus = await Bus.connect(load(BusSettings, "MOTUS_NATS"), "provision")
    try:
        for name in await provision(bus, replicas):
            print(f"{name} is there")
    finally:
        await bus.close()


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicas", type=int, default=1, choices=(1, 3, 5), help="copies in a cluster (default 1)")
    parser.add_argument("--watch", action="store_true", help="stay, and make anew what gets lost")
    arguments = parser.parse_args()
    if arguments.watch:
        return run_service("provision", lambda context: _build(context, arguments.replicas))
    try:
        asyncio.run(_run(arguments.replicas))
    except (MotusError, SettingsError) as error:
        print(f"motus-provision: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
