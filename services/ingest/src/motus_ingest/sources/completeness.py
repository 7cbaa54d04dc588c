"""Tells a file that was cut off from a whole one by its container's own lengths.

Decoders play such a file up to the cut and then say that all is well. Formats: ISO/IEC 14496-12 (MP4, MOV) boxes, RIFF
(AVI) and EBML (RFC 8794: Matroska, WebM). Others do not say how long they are.
"""

import os
from typing import BinaryIO

_NEEDED_BOXES = {b"moov", b"mdat", b"moof"}
_FIRST_BOXES = _NEEDED_BOXES | {b"ftyp", b"styp", b"free", b"skip", b"wide", b"pnot"}
_SEGMENT = b"\x18\x53\x80\x67"
# A recording in fragments of a second has two boxes for each; more than this is not walked.
_MAX_BOXES = 100_000


def cut_off(file: BinaryIO) -> bool:
    """Whether the container says that it is longer than the file; False when it does not say."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[4:8] in _FIRST_BOXES:
        return _boxes_end(file, size) > size
    if head[:4] == b"RIFF":
        return 8 + int.from_bytes(head[4:8], "little") > size
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _segment_end(file) > size
    return False


def _boxes_end(file: BinaryIO, size: int) -> int:
    """Where the first box that matters and does not fit ends; 0 when all fit."""
    start = 0
    for _ in range(_MAX_BOXES):
        file.seek(start)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if len(head) < 8:
            # Some writers fill up with zeros; anything else is a box that was cut in its own head.
            return start + 8 if any(head) else 0
        # Length 0 means up to the end of the file; what is shorter than its own head is no box.
        if length < 8:
            return 0
        if start + length > size:
            return start + length if head[4:8] in _NEEDED_BOXES else 0
        start += length
    return 0


def _segment_end(file: BinaryIO) -> int:
    """Where a Matroska segment ends; 0 when it does not say."""
    file.seek(4)
    header = _vint(file)
    if header is None:
        return 0
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != _SEGMENT:
        return 0
    length = _vint(file)
    return 0 if length is None else file.tell() + length


def _vint(file: BinaryIO) -> int | None:
    """An EBML length; None for "unknown", which has all bits set."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    extra = 8 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0x7F >> extra)]) + file.read(extra), "big")
    return None if value == (1 << 7 * (extra + 1)) - 1 else value
