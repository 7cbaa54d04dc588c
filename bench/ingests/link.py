"""Whether the grades of a link name faults that are planted into clips, and those alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.filter import Graph

from motus_ingest.link import Grade, Link, LinkReport, Seen
from motus_ingest.link_watch import LOOK_EVERY_S
from motus_ingest.sources.look import fingerprint, look_at, luma_of
from store import note

SECONDS: Final = 9.0
FPS: Final = 30.0


@dataclass(frozen=True)
class Fault:
    """A fault that is planted.

    Attributes:
        reason: how it must be named; empty: not at all.
        filter: FFmpeg's, with its arguments, given the frame.
        fps: pictures a second.
        frozen: whether a picture that comes at some time is the one before once more.
    """

    reason: str = ""
    filter: Callable[[av.VideoFrame], tuple[str, str] | None] = lambda frame: None
    fps: float = FPS
    frozen: Callable[[float], bool] = lambda t_s: False


FAULTS: Final = {
    "clean": Fault(),
    "8 fps": Fault("few_frames", fps=8.0),
    "freezes": Fault("freezes", frozen=lambda t_s: t_s % 1.7 < 0.51),
    "160 px": Fault("small_picture", lambda frame: ("scale", _small(frame))),
    "dark": Fault("dark", lambda frame: ("lutyuv", "y=val*0.15")),
    "blurred": Fault("blurred", lambda frame: ("gblur", f"sigma={max(frame.width, frame.height) / 128}")),
}


def link(folder: Path) -> dict[str, float]:
    """`link_named` and `link_clean` over a folder's clips; what is judged otherwise is noted."""
    clips = sorted(folder.rglob("*.mp4"))
    named = clean = 0
    for clip in clips:
        for name, fault in FAULTS.items():
            reasons = {reason for report in _reports(clip, fault) for reason in report.reasons}
            right = reasons == ({fault.reason} if fault.reason else set())
            named, clean = named + (right and bool(fault.reason)), clean + (right and not fault.reason)
            if not right:
                note(f"  {clip.stem}, {name}: {sorted(reasons)}")
    planted = len(clips) * (len(FAULTS) - 1)
    return {"link_named": named / planted, "link_clean": clean / len(clips), "link_clips": len(clips)}


def _reports(clip: Path, fault: Fault) -> Iterator[LinkReport]:
    watch, before, looked_s = Link(), -1, -1.0
    for t_s, frame in _frames(clip, fault):
        mark, look = fingerprint(frame), None
        if t_s - looked_s >= LOOK_EVERY_S and (luma := luma_of(frame)) is not None:
            looked_s, look = t_s, look_at(luma)
        seen = Seen(t_s, min(frame.width, frame.height), mark == before)
        if look is not None:
            seen = Seen(seen.arrived_s, seen.short_side_px, seen.same, look.brightness, look.blur)
        before = mark
        watch.see(seen)
        if (report := watch.judged(t_s)) and (report.grade is not Grade.GOOD or not fault.reason):
            yield report


def _frames(clip: Path, fault: Fault) -> Iterator[tuple[float, av.VideoFrame]]:
    """A clip's frames with the fault in them, at the times when they come."""
    kept: av.VideoFrame | None = None
    for number, frame in enumerate(_again_and_again(clip)):
        t_s = number / fault.fps
        if t_s > SECONDS:
            return
        if kept is None or not fault.frozen(t_s):
            kept = _through(frame, fault)
        yield t_s, kept


def _again_and_again(clip: Path) -> Iterator[av.VideoFrame]:
    """A clip's frames; one that is short begins anew."""
    while True:
        with av.open(str(clip)) as container:
            yield from container.decode(video=0)


def _through(frame: av.VideoFrame, fault: Fault) -> av.VideoFrame:
    chosen = fault.filter(frame)
    if chosen is None:
        return frame
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))
    middle, sink = graph.add(*chosen), graph.add("buffersink")
    source.link_to(middle)
    middle.link_to(sink)
    graph.configure()
    graph.push(frame)
    found = graph.pull()
    assert isinstance(found, av.VideoFrame)
    return found


def _small(frame: av.VideoFrame) -> str:
    return "160:-2" if frame.width < frame.height else "-2:160"
