"""Workers of pose die, hang and are sent away under load: how long sessions stand still, and what is lost.

Live cameras of 40 sessions at 30 frames a second send ready-made pictures below 2 KB to three workers, whose engine
replays landmarks; kinematics and coach work on three of the sessions. Workers are killed with -9 (`gap_p95_s`,
`gap_max_s`, `frames_lost_max`), stopped for ten seconds (`takeover_hung_s`: until the last session has landmarks again)
and sent away one after another (`gap_sent_away_p95_s`, `gap_sent_away_max_s`, `exits_not_0`). In all of it
`stale_accepted` counts landmarks that a receiver took although another owner had claimed the session before, and
`duplicates` frames that it took twice, and moments and events that are stored twice at the end of the chain; both must
be 0. `..._no_invitation` is the yardstick: a worker is killed while cameras leave it to the heartbeat's TTL that it is
gone. `..._real` is the same with the real engine and three sessions of a sample clip. `usual_gap_p95_s`: between frames
while nothing happens. `done_share`: frames that were answered with DONE, by those sent. Progress goes to stderr.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from fleet.fleet import Fleet, Plan, fleet
from fleet.history import Fault, Takeover, histories, intervals_s, repeated, takeovers
from servers.workers import EXIT_S
from store import note, show

CLIP = Path(__file__).parents[1] / "samples" / "clips" / "squat.mp4"
WATCH_S = 4.0
STOPPED_S = 10.0


@dataclass
class Outcome:
    """What a fleet went through."""

    killed: list[Takeover] = field(default_factory=list)
    sent_away: list[Takeover] = field(default_factory=list)
    hung_s: list[float] = field(default_factory=list)
    stale: int = 0
    dropped: int = 0
    duplicates: int = 0
    exits_not_0: int = 0
    done_share: float = 0.0
    usual_gap_p95_s: float = 0.0


def strike(found: Fleet, victim: int, number: signal.Signals) -> Fault:
    """Send a worker a signal."""
    sessions = tuple(found.owned()[victim])
    note(f"{number.name} to {victim}, which owns {len(sessions)}")
    fault = Fault(time.time_ns(), sessions)
    os.kill(victim, number)
    return fault


async def kill(found: Fleet) -> Fault:
    """Kill the busiest worker, and start another in its place."""
    fault = strike(found, found.busiest(), signal.SIGKILL)
    await asyncio.sleep(WATCH_S)
    found.workers.start("pose")
    await asyncio.sleep(2 * WATCH_S)
    return fault


async def hang(found: Fleet) -> Fault:
    """Stop the busiest worker for a while and let it go on."""
    victim = found.busiest()
    fault = strike(found, victim, signal.SIGSTOP)
    await asyncio.sleep(STOPPED_S)
    os.kill(victim, signal.SIGCONT)
    await asyncio.sleep(WATCH_S)
    return fault


async def send_away(found: Fleet) -> tuple[list[Fault], int]:
    """Replace the workers one after another; also tells how many of them did not end well."""
    faults, failed = list[Fault](), 0
    for victim in sorted(found.owned()):
        found.workers.start("pose")
        await asyncio.sleep(2 * WATCH_S)
        faults.append(strike(found, victim, signal.SIGTERM))
        failed += await asyncio.to_thread(found.workers.processes[victim].wait, EXIT_S) != 0
        await asyncio.sleep(WATCH_S)
    return faults, failed


async def suffer(plan: Plan, kills: int, *, only_kills: bool = False) -> Outcome:
    """Put a fleet through all faults."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="motus-failover-") as folder:
        async with fleet(plan, Path(folder)) as found:
            note(f"{plan.sessions} sessions at work: {sorted(map(len, found.owned().values()))} a worker")
            killed = [await kill(found) for _ in range(kills)]
            hung = [] if only_kills else [await hang(found)]
            away, outcome.exits_not_0 = ([], 0) if only_kills else await send_away(found)
            note("reading what was stored")
            stored, twice = await histories(found.bus, found.claims), await repeated(found.bus)
        outcome.killed = [one for fault in killed for one in takeovers(stored, fault)]
        outcome.sent_away = [one for fault in away for one in takeovers(stored, fault)]
        outcome.hung_s = [(one.time_ns - fault.time_ns) / 1e9 for fault in hung for one in takeovers(stored, fault)]
        outcome.usual_gap_p95_s = float(np.quantile(intervals_s(stored), 0.95))
        outcome.stale = sum(history.stale for history in stored.values())
        outcome.dropped = sum(history.dropped for history in stored.values())
        outcome.duplicates = twice + sum(history.duplicates for history in stored.values())
        outcome.done_share = found.done_share
    return outcome


def figures(outcome: Outcome) -> dict[str, float]:
    """An outcome by figure."""
    gaps, away = [one.gap_s for one in outcome.killed], [one.gap_s for one in outcome.sent_away]
    return {
        "sessions_taken_over": len(gaps),
        "gap_p95_s": float(np.quantile(gaps, 0.95)),
        "gap_max_s": max(gaps),
        "usual_gap_p95_s": outcome.usual_gap_p95_s,
        "frames_lost_max": max(one.lost for one in outcome.killed),
        "takeover_hung_s": max(outcome.hung_s, default=0.0),
        "gap_sent_away_p95_s": float(np.quantile(away, 0.95)) if away else 0.0,
        "gap_sent_away_max_s": max(away, default=0.0),
        "exits_not_0": outcome.exits_not_0,
        "stale_accepted": outcome.stale,
        "stale_dropped": outcome.dropped,
        "duplicates": outcome.duplicates,
        "done_share": outcome.done_share,
    }


async def measure(sessions: int, kills: int, real: int) -> dict[str, float]:
    """All figures."""
    plan = Plan(sessions)
    found = figures(await suffer(plan, kills))
    alone = figures(await suffer(replace(plan, inviting=False, measured=0), 1, only_kills=True))
    found |= {f"{name}_no_invitation": alone[name] for name in ("gap_p95_s", "frames_lost_max")}
    if real:
        seen = await suffer(Plan(real, clip=CLIP, measured=real), kills)
        found |= {f"{name}_real": value for name, value in figures(seen).items()}
    return found


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one flat JSON object on stdout and nothing else")
    parser.add_argument("--sessions", type=int, default=40, help="sessions on the engine that replays")
    parser.add_argument("--kills", type=int, default=3, help="workers that are killed, one after another")
    parser.add_argument("--real", type=int, default=3, help="sessions on the real engine; 0 leaves it out")
    arguments = parser.parse_args()
    found = asyncio.run(measure(arguments.sessions, arguments.kills, arguments.real))
    show(found, as_json=arguments.json, digits=4)
    return 0


if __name__ == "__main__":
    sys.exit(main())
