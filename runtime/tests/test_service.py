"""The loop of every service: how it ends, and what it says then."""

import asyncio
import signal
import sys

from motus_runtime.bus import Bus, BusSettings
from motus_runtime.provision import provision

_PROGRAM = """
import asyncio, sys
from motus_runtime.errors import PermanentError
from motus_runtime.service import run_service

class App:
    async def run(self):
        async with asyncio.TaskGroup() as group:
            group.create_task(self.work())
    async def work(self):
        print("works", flush=True)
        if sys.argv[1] == "fails":
            raise PermanentError("the disk is full")
        await asyncio.Event().wait()
    async def drain(self):
        print("drains", flush=True)

async def build(context):
    return App()

sys.exit(run_service("test", build))
"""


async def _service(nats_url: str, way: str) -> asyncio.subprocess.Process:
    """A service as a process of its own, once it works."""
    bus = await Bus.connect(BusSettings(url=nats_url), "test")
    await provision(bus)
    await bus.close()
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-c", _PROGRAM, way)
    process = await asyncio.create_subprocess_exec(*command, env={"MOTUS_NATS_URL": nats_url}, stdout=pipe, stderr=pipe)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"works\n"
    return process


async def test_an_expected_error_ends_the_service_with_its_own_sentence(nats_url: str) -> None:
    """However deep in groups of tasks it arose, people read what is wrong, and no traceback."""
    process = await _service(nats_url, "fails")

    _, said = await process.communicate()

    assert process.returncode == 1
    assert said.decode().splitlines()[-1] == "motus-test: the disk is full"
    assert b"Traceback" not in said


async def test_a_service_told_to_stop_drains_and_ends_well(nats_url: str) -> None:
    """SIGTERM is no failure."""
    process = await _service(nats_url, "works")

    process.send_signal(signal.SIGTERM)
    said, _ = await process.communicate()

    assert process.returncode == 0
    assert said == b"drains\n"
