"""Files: every frame in order with its time, and one plain reason for what cannot be played."""

import asyncio
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from motus_ingest.regions import Regions
from motus_ingest.sampling import Omission, Sampling
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.file_source import FileSource
from motus_ingest.sources.offload import in_thread
from motus_ingest.sources.port import Picture, SourceError

OpenSource = Callable[..., FileSource]


async def _steps(source: FileSource) -> list[Picture | Omission]:
    async with aclosing(source.steps()) as steps:
        return [step async for step in steps]


async def _times(source: FileSource) -> list[float]:
    return [step.t_s for step in await _steps(source) if isinstance(step, Picture)]


async def _refusal(source: FileSource) -> str:
    with pytest.raises(SourceError) as refusal:
        await _steps(source)
    return str(refusal.value)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.mov", "a.webm", "a.flv"])
async def test_every_frame_comes_with_its_time(make_video: Any, open_source: OpenSource, name: str) -> None:
    """Whatever the container, frame n lies at n / rate seconds, counted from the stream's start."""
    codec = {"a.avi": "mpeg4", "a.webm": "libvpx", "a.flv": "flv1"}.get(name, "libx264")
    source = open_source(make_video(name, frames=25, rate=25, codec=codec))

    times = await _times(source)

    assert times == pytest.approx([number / 25 for number in range(25)], abs=0.0015)
    assert source.duration_s == pytest.approx(1.0, abs=0.1)


async def test_variable_frame_rate_is_kept(make_video: Any, open_source: OpenSource) -> None:
    """A phone that drops to ten frames per second in the dark is played as it was recorded."""
    stamps_ms = [0, 33, 67, 100, 200, 300, 1300, 1333]

    times = await _times(open_source(make_video("vfr.mkv", frames=8, stamps_ms=stamps_ms)))

    assert times == pytest.approx([stamp / 1000 for stamp in stamps_ms], abs=1e-6)


async def test_a_raw_stream_without_time_stamps_plays_at_its_rate(make_video: Any, open_source: OpenSource) -> None:
    """A file that has no time stamps at all still gives every frame, in order."""
    times = await _times(open_source(make_video("raw.h264", frames=20, rate=30)))

    assert times == pytest.approx([number / 30 for number in range(20)], abs=1e-6)


async def test_more_frames_than_wanted_are_thinned_and_counted(make_video: Any, open_source: OpenSource) -> None:
    """A slow-motion recording of 240 frames per second sends every fourth."""
    steps = await _steps(open_source(make_video(frames=80, rate=240)))

    assert steps.count(Omission.THINNED) == 60
    assert sum(isinstance(step, Picture) for step in steps) == 20


async def test_frames_close_together_are_no_high_rate(make_video: Any, open_source: OpenSource) -> None:
    """A phone that now and then writes two frames within some milliseconds loses none."""
    path = make_video("burst.mp4", frames=8, stamps_ms=[0, 33, 41, 67, 100, 133, 136, 167])

    steps = await _steps(open_source(path))

    assert sum(isinstance(step, Picture) for step in steps) == len(steps) == 8


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi"])
async def test_a_resumed_file_gives_exactly_the_frames_that_are_missing(
    make_video: Any, open_source: OpenSource, name: str
) -> None:
    """Behind the last frame done, none is lost and none comes twice, in formats with an index and without."""
    path = make_video(name, frames=120, rate=30, codec="mpeg4" if name == "a.avi" else "libx264")
    whole = await _times(open_source(path))

    rest = await _times(open_source(path, whole[70]))

    assert rest == whole[71:]


async def test_resuming_in_a_long_file_does_not_decode_what_was_done(make_video: Any, open_source: OpenSource) -> None:
    """A file with an index is entered near the place."""
    path = make_video(frames=300, rate=30)

    steps = await _steps(open_source(path, 9.0))

    assert steps.count(Omission.RESUMED) < 60


def _patched(path: Path, mark: bytes, offset: int, data: bytes) -> Path:
    content = bytearray(path.read_bytes())
    start = content.index(mark) + offset
    content[start : start + len(data)] = data
    path.write_bytes(content)
    return path


def _raw_avi(make_video: Any, width: int, height: int) -> Path:
    """An AVI of bare pixels whose header claims another size."""
    path = make_video("claims.avi", frames=3, codec="rawvideo")
    return _patched(path, b"strf", 12, struct.pack("<ii", width, height))


def _text(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


HOSTILE: dict[str, tuple[Callable[[Any, Path], Path], str]] = {
    "text": (lambda make, folder: _text(folder, "a.mp4", "hello world\n" * 500), "no video that can be read"),
    "picture": (lambda make, folder: make("a.png", codec="png", frames=1), "no video that can be read"),
    "sound": (lambda make, folder: make.audio(), "holds no video"),
    "no index": (lambda make, folder: _cut(make("a.mp4"), 0.7), "cut off"),
    "cut": (lambda make, folder: _cut(make("a.mp4", options={"movflags": "faststart"}), 0.7), "cut off"),
    "header only": (lambda make, folder: _cut(make("a.mp4", options={"movflags": "faststart"}), 0.02), "."),
    "0x0": (lambda make, folder: _raw_avi(make, 0, 0), "no usable picture size"),
    "absurd": (lambda make, folder: _raw_avi(make, 60_000, 60_000), "no usable picture size"),
    "negative": (lambda make, folder: _raw_avi(make, -5, 48), "."),
    "large": (lambda make, folder: make("a.mp4", size=(320, 240), frames=2), "larger than the 70000 pixels"),
    "narrow": (lambda make, folder: make("a.mp4", size=(640, 8), frames=2), "too small or too narrow"),
    "long": (lambda make, folder: make("a.mkv", frames=2, stamps_ms=[0, 99_000]), "at most 60 s"),
    "zeros": (lambda make, folder: _zeros(make("a.mp4", options={"movflags": "faststart"})), "."),
    "playlist": (
        lambda make, folder: _text(folder, "a.m3u8", f"#EXTM3U\n#EXTINF:1,\n{make('seg.ts')}\n#EXT-X-ENDLIST\n"),
        "no video that can be read",
    ),
    "concat": (
        lambda make, folder: _text(folder, "a.mp4", f"ffconcat version 1.0\nfile '{make('seg.ts')}'\n"),
        "no video that can be read",
    ),
}


def _cut(path: Path, share: float) -> Path:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    return path


def _zeros(path: Path) -> Path:
    """A file whose header is whole and whose pictures are zeros."""
    whole = path.read_bytes()
    start = whole.index(b"mdat") + 4
    path.write_bytes(whole[:start] + bytes(len(whole) - start))
    return path


@pytest.mark.parametrize("kind", list(HOSTILE))
async def test_what_cannot_be_played_ends_with_one_plain_reason(
    make_video: Any, settings: IngestSettings, tmp_path: Path, kind: str
) -> None:
    """Hostile and broken files end the source with one sentence for the user, and with nothing else."""
    make, words = HOSTILE[kind]
    path = make(make_video, tmp_path)
    strict = replace(settings, max_source_pixels=70_000, max_duration_s=60.0)

    reason = await _refusal(FileSource(path.as_uri(), strict, Sampling(60), Regions()))

    assert words in reason
    assert reason.endswith(".")
    assert "\n" not in reason
    assert str(tmp_path) not in reason


async def test_a_songs_cover_is_no_video(make_video: Any, open_source: OpenSource, tmp_path: Path) -> None:
    """A picture attached to sound is not played as a video of one frame."""
    path = tmp_path / "song.mp4"
    with av.open(str(make_video.audio("plain.mp4"))) as sound, av.open(str(path), "w") as container:
        copy = container.add_stream_from_template(sound.streams.audio[0])
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame(64, 64, "yuvj420p")))
        for packet in sound.demux(audio=0):
            if packet.dts is not None:
                packet.stream = copy
                container.mux(packet)

    assert "holds no video" in await _refusal(open_source(path))


async def test_a_damaged_spot_is_counted_and_passed_over(make_video: Any, open_source: OpenSource) -> None:
    """A file with some broken packets plays on behind them."""
    path = make_video("a.avi", frames=40, codec="mjpeg")
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.pos]
    content = bytearray(path.read_bytes())
    for position, size in packets[10:13]:
        assert position is not None
        content[position : position + size] = bytes(size)
    path.write_bytes(content)

    steps = await _steps(open_source(path))

    assert steps.count(Omission.CORRUPT) == 3
    assert sum(isinstance(step, Picture) for step in steps) == 37


async def test_decoding_stays_a_bounded_number_ahead() -> None:
    """A slow taker stops the thread: no more than `ahead` items are made before one is taken."""
    made, blocked = 0, asyncio.Event()
    loop = asyncio.get_running_loop()

    def produce() -> Generator[int, None, None]:
        nonlocal made
        while True:
            made += 1
            if made == 3:
                loop.call_soon_threadsafe(blocked.set)
            yield made

    async with aclosing(in_thread(produce, name="bounded", ahead=3, stall_s=5)) as items:
        first = await anext(items)
        await blocked.wait()
        second = await anext(items)

        assert (first, second) == (1, 2)
        assert made <= 5


async def test_closing_ends_the_thread(make_video: Any, open_source: OpenSource) -> None:
    """A session that is stopped leaves no decoder behind."""
    before = set(threading.enumerate())
    async with aclosing(open_source(make_video(frames=200)).steps()) as steps:
        await anext(steps)
        decoders = set(threading.enumerate()) - before

    assert decoders
    for decoder in decoders:
        await asyncio.to_thread(decoder.join, 10)
        assert not decoder.is_alive()


async def test_a_decoder_that_hangs_fails_its_own_source() -> None:
    """What gives nothing for the set time is given up, and the loop never waits for it."""
    hang = threading.Event()

    def produce() -> Generator[int, None, None]:
        hang.wait(30)
        yield 1

    try:
        with pytest.raises(SourceError, match="nothing was decoded"):
            await anext(in_thread(produce, name="hung", ahead=1, stall_s=0.05))
    finally:
        hang.set()


async def test_an_unforeseen_error_of_a_decoder_ends_its_source_alone() -> None:
    """Whatever a file does to the decoder, it is that session's failure and no crash of the service."""

    def produce() -> Generator[int, None, None]:
        yield 1
        raise ZeroDivisionError

    items = in_thread(produce, name="bug", ahead=1, stall_s=5)
    await anext(items)

    with pytest.raises(SourceError, match="could not be decoded"):
        await anext(items)
