"""A file that was cut off is told from a whole one."""

import io
import struct
from typing import Any

import pytest

from motus_ingest.sources.completeness import cut_off

FORMATS = [
    ("plain.mp4", {}),
    ("front.mp4", {"options": {"movflags": "faststart"}}),
    ("pieces.mp4", {"options": {"movflags": "frag_keyframe+empty_moov"}}),
    ("video.mkv", {}),
    ("video.avi", {"codec": "mpeg4"}),
]


@pytest.mark.parametrize(("name", "options"), FORMATS)
def test_a_whole_file_is_whole(make_video: Any, name: str, options: dict[str, Any]) -> None:
    """No format that we read is refused by mistake."""
    with make_video(name, **options).open("rb") as file:
        assert not cut_off(file)


@pytest.mark.parametrize(("name", "options"), FORMATS[1:])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_cut_file_is_noticed(make_video: Any, name: str, options: dict[str, Any], share: float) -> None:
    """Also where a decoder would play up to the cut and say all is well (between two pieces nobody can tell)."""
    whole = make_video(name, **options).read_bytes()

    assert cut_off(io.BytesIO(whole[: int(len(whole) * share)]))


def test_lengths_of_eight_bytes_and_open_ones_are_understood() -> None:
    """Large files write longer lengths; a length of zero or all ones means up to the end."""
    start = struct.pack(">I4s", 8, b"ftyp")
    long_box = struct.pack(">I4sQ", 1, b"mdat", 116) + bytes(100)
    open_segment = b"\x1a\x45\xdf\xa3\x81\x00" + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + bytes(50)

    assert not cut_off(io.BytesIO(start + long_box))
    assert cut_off(io.BytesIO(start + long_box[:-1]))
    assert not cut_off(io.BytesIO(start + struct.pack(">I4s", 0, b"mdat") + bytes(9)))
    assert not cut_off(io.BytesIO(open_segment))


def test_other_bytes_are_not_judged() -> None:
    """What bears no length is left to the decoder."""
    endless = struct.pack(">I4sI4sQ", 8, b"ftyp", 1, b"free", 2**64 - 1)
    texts = (b"", b"x", bytes(100), b"hello world, this is a text")
    for data in (*texts, struct.pack(">I4s", 3, b"mdat") + bytes(20), endless):
        assert not cut_off(io.BytesIO(data))
