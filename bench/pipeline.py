"""Whole pipelines, all processes counted, in one run on one machine: Motus beside a plain design, live and recorded.

Live, from cameras that hold their frames decoded at the size in which they are sent, up to the joint angles of every
frame. The yardstick (`pipelines/plain.py`) sends 720p JPEGs, runs stock MediaPipe in VIDEO mode, nests its messages,
and measures with the same core; Motus sends patches of pictures of 640 pixels. `cpu_ratio`: processor time a frame, the
plain design's over Motus's, two sessions each; `cpu_ms` and `plain_cpu_ms` are the two, `decoding_ms` what decoding a
frame of 720p would cost in addition. `p95_ms` and `plain_p95_ms`: age of the results of one session. `athletes`: most
sessions at 30 frames a second of which each loses at most one frame in a hundred with a p95 of 50 ms;
`athletes_full_stack`: with coach and sessions too, and the store that they write. `overload_p95_ms`: age at one and a
half times as many sessions as are held, `overload_done_share` the frames done of the session that fared worst.

Recorded (`pipelines/recorded.py`): a clip as fast as it goes against a bare MediaPipe loop, `fast_ratio` and others,
and in real time, `realtime_p95_ms` and `realtime_dropped`.
"""

import argparse
import asyncio
import json
import math
import sys
import tempfile
from pathlib import Path

from pipelines import live, recorded
from pipelines.clip import decoding_ms, enlarged
from pipelines.watching import Run

MOST_LOST, SOON_MS = 0.01, 50.0
MOST_SESSIONS = 16
COMPARED = 2
OVERLOAD = 1.5


def held(run: Run) -> bool:
    """Whether every athlete got what they came for."""
    return run.done_share >= 1.0 - MOST_LOST and run.p95_ms <= SOON_MS


def told(name: str, run: Run) -> Run:
    """Say on stderr how a run went."""
    parts = " ".join(f"{part} {ms:.2f}" for part, ms in sorted(run.cpu_ms.items()))
    ages = f"p50 {run.p50_ms:.1f} p95 {run.p95_ms:.1f} ms"
    print(f"{name:24} done {run.done_share:.3f} {ages} cpu {run.total_cpu_ms:.1f} ms: {parts}", file=sys.stderr)
    return run


async def most(clip: Path, seconds: float, first: int, precision: str, *, full: bool) -> int:
    """The most sessions that are held, begun at a guess."""
    count, name = first, "full stack" if full else "motus"

    async def holds(count: int) -> bool:
        return held(told(f"{name} {count}", await live.motus(count, clip, seconds, full=full, precision=precision)))

    if await holds(count):
        while count < MOST_SESSIONS and await holds(count + 1):
            count += 1
        return count
    while count > 1 and not await holds(count - 1):
        count -= 1
    return count - 1


async def measured(clip: Path, enlarged_clip: Path, seconds: float, precision: str) -> dict[str, float]:
    """The live figures."""

    async def motus(sessions: int) -> Run:
        return await live.motus(sessions, clip, seconds, precision=precision)

    plain_two = told("plain 2", await live.plain(COMPARED, enlarged_clip, seconds))
    motus_two = told("motus 2", await motus(COMPARED))
    plain_one = told("plain 1", await live.plain(1, enlarged_clip, seconds))
    motus_one = told("motus 1", await motus(1))
    athletes = await most(clip, seconds, 4, precision, full=False)
    overload = math.ceil(OVERLOAD * max(athletes, 1))
    beyond = told(f"overload {overload}", await motus(overload))
    return {
        "cpu_ratio": plain_two.total_cpu_ms / motus_two.total_cpu_ms,
        "cpu_ms": motus_two.total_cpu_ms,
        "plain_cpu_ms": plain_two.total_cpu_ms,
        "decoding_ms": decoding_ms(enlarged_clip),
        "p95_ms": motus_one.p95_ms,
        "plain_p95_ms": plain_one.p95_ms,
        "athletes": athletes,
        "athletes_full_stack": await most(clip, seconds, max(athletes - 1, 1), precision, full=True),
        "overload_p95_ms": beyond.p95_ms,
        "overload_done_share": beyond.done_share,
    }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, default=recorded.CLIP, help="video to play (default: the sample squat)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the recorded comparison (default 3; 0: none)")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each live run is measured (default 8)")
    parser.add_argument("--precision", default="f32", choices=("f32", "bf16"), help="of pose's network (default f32)")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        larger = enlarged(arguments.clip, Path(folder))
        figures = asyncio.run(measured(arguments.clip, larger, arguments.seconds, arguments.precision))
    if arguments.rounds:
        figures |= recorded.measure(arguments.clip, arguments.rounds)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:20} {value:10.2f}")


if __name__ == "__main__":
    main()
