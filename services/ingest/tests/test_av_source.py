"""Live video by FFmpeg, given streams that are damaged on purpose: nothing but the connection may end of it."""

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from motus_ingest.settings import IngestSettings
from motus_ingest.sources.av_source import AvSource
from motus_ingest.sources.port import LostError, SourceError
from servers.ports import free_port

_PACKET = 188


@contextmanager
def _sending(body: bytes, port: int) -> Iterator[None]:
    """Sends a stream again and again, as MPEG-TS over UDP does."""
    stopped = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            while not stopped.is_set():
                for at in range(0, len(body), 7 * _PACKET):
                    out.sendto(body[at : at + 7 * _PACKET], ("127.0.0.1", port))
                    if stopped.wait(0.001):
                        break

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(5)


def _damaged(body: bytes, seed: int) -> bytes:
    """A stream with bytes changed, most of them where its headers are."""
    chance, changed = random.Random(seed), bytearray(body)
    for _ in range(chance.choice((3, 30, 300))):
        packet = chance.randrange(0, len(changed) // _PACKET) if chance.random() < 0.5 else chance.randrange(0, 6)
        changed[packet * _PACKET + chance.randrange(_PACKET)] = chance.randrange(256)
    return bytes(changed)


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_stream_gives_pictures_or_is_lost(seed: int, make_video: Callable[..., Path], tmp_path: Path) -> None:
    """Whatever its headers claim: some pictures within bounds, or a sentence; never anything else."""
    body = _damaged(make_video("a.ts", frames=40).read_bytes(), seed)
    port = free_port(udp=True)
    how = IngestSettings(schemes=("udp",), connect_s=2.0, silence_s=1.0, max_source_pixels=100_000)
    source = AvSource(f"udp://127.0.0.1:{port}", how)
    with _sending(body, port), suppress(LostError, SourceError), closing(source._produce()) as shots:
        for _, shot in zip(range(20), shots, strict=False):
            assert shot.frame.width * shot.frame.height <= how.max_source_pixels
