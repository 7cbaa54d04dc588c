"""`motus-provision`: makes every stream and bucket as `topics` has them, and brings existing ones up to date."""

import argparse
import asyncio
import sys
import time

from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from motus_runtime.bus import Bus, BusSettings
from motus_runtime.errors import MotusError
from motus_runtime.settings import SettingsError, load
from motus_runtime.topics import STREAMS, StreamSpec


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
        config = stream_config(spec, replicas)
        try:
            await bus.jetstream.stream_info(spec.name)
            await bus.jetstream.update_stream(config)
        except NotFoundError:
            if spec.rising:
                # Far fewer than a message per microsecond are ever stored, so a later stream begins above this one.
                config.first_seq = time.time_ns() // 1000
            await bus.jetstream.add_stream(config)
    return [spec.name for spec in STREAMS]


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
    arguments = parser.parse_args()
    try:
        asyncio.run(_run(arguments.replicas))
    except (MotusError, SettingsError) as error:
        print(f"motus-provision: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
