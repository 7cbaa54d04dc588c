"""Live sources: how late their frames reach the bus, what they cost, how soon another worker has them.

A publisher in a process of its own draws the number of each picture into it and shows picture n at its start plus
n/30 s, so a receiver of frames on the bus reads from the picture itself when it was shown. `<source>_<size>_p95_ms`:
from there to the frame's arrival, with `..._p50_ms` and `..._fps` beside. `cpu_share_720p30`: of one core, ingest with
one RTSP stream of 1280×720. `takeover_s`: from kill -9 of the worker that watches to the first frame of another.
`link_named`: share of clips with a planted fault (8 pictures a second, a third frozen, 160 px, dark, blurred) of which
that fault and no other is named; `link_clean`: of those without one that are good all the time. Needs `make tools`.
Progress goes to stderr.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from ingests.latency import latency, livekit_camera, rtsp_camera, takeover
from ingests.link import link

from servers.media import LIVEKIT, RTSP, missing
from store import note, show

SIZES = {"360p": (640, 360), "720p": (1280, 720)}


async def measure(seconds: float, clips: Path) -> dict[str, float]:
    """All figures."""
    figures = dict[str, float]()
    with tempfile.TemporaryDirectory(prefix="motus-bench-") as folder:
        home = Path(folder)
        for source, filming in {"livekit": livekit_camera, "rtsp": rtsp_camera}.items():
            for name, size in SIZES.items():
                note(f"{source} {name}")
                with filming(home, size) as camera:
                    figures |= await latency(home, f"{source}_{name}", camera, seconds)
        figures["cpu_share_720p30"] = figures["rtsp_720p_cpu_share"]
        note("kill -9 of the worker that watches")
        with rtsp_camera(home, SIZES["360p"]) as camera:
            figures["takeover_s"] = await takeover(home, camera)
    if clips.is_dir():
        note("links of clips, clean and with planted faults")
        figures |= link(clips)
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one flat JSON object")
    parser.add_argument("--seconds", type=float, default=15.0, help="measured per source")
    shared = Path(__file__).resolve().parents[2] / "shared" / "clips"
    parser.add_argument("--clips", type=Path, default=shared, help="folder of videos for the link's grades")
    arguments = parser.parse_args()
    if reason := missing(LIVEKIT, RTSP):
        raise SystemExit(f"the media servers are missing: {reason}")
    show(asyncio.run(measure(arguments.seconds, arguments.clips)), as_json=arguments.json)


if __name__ == "__main__":
    main()
