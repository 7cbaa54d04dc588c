"""Two hosts are cut apart and joined again: sessions go to who can still be reached, and do not wander afterwards."""

import asyncio
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fleet.fleet import Fleet, Plan, fleet_on
from fleet.history import Fault, histories, takeovers
from servers.cluster import nats_nodes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
CUT_S, JOINED_S = 30.0, 10.0
OURS, THEIRS = "10.99.7.1", "10.99.7.2"


@dataclass(frozen=True)
class Host:
    """Another host: a network namespace that a cable of two ends joins to this one.

    Attributes:
        name: of the namespace.
        cable: of its end of the cable.
    """

    name: str
    cable: str

    @property
    def entering(self) -> tuple[str, ...]:
        """A command that becomes another one on that host."""
        return ("ip", "netns", "exec", self.name)

    def plug(self, how: str) -> None:
        """Plug the cable in, `up`, or pull it, `down`."""
        _run(*self.entering, "ip", "link", "set", self.cable, how)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def host() -> Iterator[Host]:
    """Another host that sees this one, and nothing else."""
    if os.geteuid() or shutil.which("ip") is None:
        pytest.skip("needs root and `ip`: apt-get install -y iproute2")
    tag = secrets.token_hex(3)
    there = Host(f"motus-{tag}", f"mtb{tag}")
    try:
        _run("ip", "netns", "add", there.name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this machine makes no network namespaces: {error.stderr.decode().strip()}")
    try:
        _run("ip", "link", "add", f"mta{tag}", "type", "veth", "peer", "name", there.cable, "netns", there.name)
        _run("ip", "address", "add", f"{OURS}/30", "dev", f"mta{tag}")
        _run("ip", "link", "set", f"mta{tag}", "up")
        _run(*there.entering, "ip", "address", "add", f"{THEIRS}/30", "dev", there.cable)
        _run(*there.entering, "ip", "link", "set", "lo", "up")
        there.plug("up")
        yield there
    finally:
        _run("ip", "netns", "delete", there.name)  # the cable goes with it


async def _until(what: Callable[[], bool], found: Fleet) -> None:
    """Wait until something is so that the registry tells of."""
    heard = asyncio.Event()
    found.registry.on_change(heard.set)
    async with asyncio.timeout(60):
        while not what():
            heard.clear()
            await heard.wait()


async def test_a_host_that_is_cut_off_loses_its_sessions_once(host: Host, tmp_path: Path) -> None:
    """30 s apart: the other host takes over by the heartbeats; the old owner, back again, is fenced and stays up."""
    with nats_nodes(tmp_path, host=OURS) as (node,):
        plan = Plan(2, workers=1, measured=0, entering=host.entering)
        async with fleet_on(node.url, plan, tmp_path) as found:
            (far,) = found.owned()
            near = found.workers.start("pose")
            await _until(lambda: near in found.owned(), found)
            struck = tuple(found.owned()[far])
            before = len(found.claims)

            host.plug("down")
            fault = Fault(time.time_ns(), struck)
            await asyncio.sleep(CUT_S)
            host.plug("up")
            await _until(lambda: far in found.owned(), found)
            await asyncio.sleep(JOINED_S)

            moves = [claim.session for claim in found.claims[before:]]
            owned, running = found.owned(), found.workers.running()
            stored = await histories(found.bus, found.claims)

    took_s = [(one.time_ns - fault.time_ns) / 1e9 for one in takeovers(stored, fault)]
    stale = sum(history.stale for history in stored.values())
    dropped = sum(history.dropped for history in stored.values())
    print(f"takeover {max(took_s):.2f} s, moves {sorted(moves)}, stale accepted {stale}, dropped {dropped}")
    assert max(took_s) <= 3.5
    assert sorted(moves) == sorted(struck) == sorted(owned[near])
    assert {far, near} <= set(running)
    assert stale == 0
    assert sum(history.duplicates for history in stored.values()) == 0
