"""Half an hour at capacity: whether any process's memory grows.

Three workers of pose that replay landmarks, kinematics and coach on three sessions, live cameras of 40 sessions. Every
five seconds the memory (RSS) of each process is read; a straight line is laid through what was read after a tenth of
the time. `rss_slope_mb_per_10min` is the steepest of all, in MB per ten minutes, `rss_slope_<stage>` that of a stage's
worst; `rss_mb_<stage>` the last reading of its largest. `done_share`: frames answered with DONE, by those sent.
Progress goes to stderr.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from fleet.fleet import Fleet, Plan, fleet
from servers.workers import resident_mb
from store import note, show

READ_EVERY_S = 5.0
NOTE_EVERY_S = 60.0
WARM_SHARE = 0.1
Readings = dict[int, list[tuple[float, float]]]


async def readings(found: Fleet, minutes: float) -> Readings:
    """Seconds and megabytes by process id, every few seconds."""
    began, read = time.monotonic(), defaultdict[int, list[tuple[float, float]]](list)
    noted_s = 0.0
    while (now_s := time.monotonic() - began) < 60 * minutes:
        for pid in found.workers.running():
            read[pid].append((now_s, resident_mb(pid)))
        if now_s >= noted_s:
            largest = max(values[-1][1] for values in read.values())
            note(f"{now_s / 60:.0f} of {minutes:g} minutes; largest {largest:.0f} MB")
            noted_s += NOTE_EVERY_S
        await asyncio.sleep(READ_EVERY_S)
    return dict(read)


def slope_mb_per_10min(values: list[tuple[float, float]]) -> float:
    """Slope of the straight line through the readings, but for the first ones, when caches fill."""
    settled = np.array(values)[int(len(values) * WARM_SHARE) :]
    return float(np.polyfit(settled[:, 0] / 600.0, settled[:, 1], 1)[0])


async def measure(sessions: int, minutes: float) -> dict[str, float]:
    """All figures."""
    with tempfile.TemporaryDirectory(prefix="motus-soak-") as folder:
        async with fleet(Plan(sessions), Path(folder)) as found:
            read = await readings(found, minutes)
            stages = found.workers.stages
    slopes = {pid: slope_mb_per_10min(values) for pid, values in read.items()}
    figures = {"rss_slope_mb_per_10min": max(slopes.values())}
    for stage in sorted(set(stages.values())):
        those = [pid for pid in read if stages[pid] == stage]
        figures[f"rss_slope_{stage}"] = max(slopes[pid] for pid in those)
        figures[f"rss_mb_{stage}"] = max(read[pid][-1][1] for pid in those)
    figures["done_share"] = found.done_share
    return figures


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one flat JSON object on stdout and nothing else")
    parser.add_argument("--sessions", type=int, default=40, help="sessions at the same time")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long")
    arguments = parser.parse_args()
    found = asyncio.run(measure(arguments.sessions, arguments.minutes))
    show(found, as_json=arguments.json, digits=4)
    return 0


if __name__ == "__main__":
    sys.exit(main())
