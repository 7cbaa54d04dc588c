"""What the operator can tell the ingest service, each a variable `MOTUS_INGEST_<NAME>`."""

import os
from dataclasses import dataclass
from pathlib import Path

from motus_runtime.settings import setting


@dataclass(frozen=True)
class IngestSettings:
    """The ingest service's own settings; see motus_runtime for those that every service has."""

    roots: tuple[Path, ...] = setting((), "folders below which files may be read, separated as in PATH; empty: none")
    capacity: int = setting(16 * (os.cpu_count() or 1), "sessions this worker takes at most", minimum=1, maximum=1000)
    max_side_px: int = setting(640, "long side of the pictures sent, pixels; never enlarged", minimum=64, maximum=1280)
    patch_px: int = setting(
        384,
        "long side of patches finer than the whole picture, pixels; 0: whole pictures only",
        minimum=0,
        maximum=1280,
    )
    jpeg_quality: int = setting(85, "JPEG quality of the pictures sent", minimum=30, maximum=95)
    max_fps: float = setting(60.0, "frames per second sent at most; more are thinned evenly", minimum=1, maximum=240)
    decode_ahead: int = setting(4, "pictures decoded ahead per session", minimum=1, maximum=64)
    stall_s: float = setting(4.0, "a recording that gives nothing for so many seconds has failed", minimum=0.1)
    max_source_pixels: int = setting(36_000_000, "pixels of a source's picture at most; 8K has 33 million", minimum=256)
    max_duration_s: float = setting(14_400.0, "seconds that a recording may last", minimum=1)
    schemes: tuple[str, ...] = setting(
        ("file", "rtsp", "rtsps", "rtmp", "rtmps", "livekit", "http", "https"),
        "kinds of source that may be asked for, with commas between; "
        "udp, device and lavfi only where all who ask are trusted",
    )
    hosts: tuple[str, ...] = setting(
        (),
        "hosts that may be watched, with commas between: names as *.gym.example, addresses, networks; "
        "*: all that are public; empty: none",
    )
    netrc: str = setting("", "file with names and passwords of cameras, as .netrc has them; empty: none")
    rtsp_transport: str = setting("tcp", "how RTSP brings its packets", choices=("tcp", "udp"))
    tls_verify: bool = setting(True, "whether certificates of cameras are checked")
    ca_file: str = setting("", "file of certificates that cameras' are checked against; empty: the system's")
    connect_s: float = setting(10.0, "seconds until a live source's first picture must be there", minimum=0.5)
    silence_s: float = setting(5.0, "a live source that is silent for so many seconds is opened anew", minimum=0.2)
    max_download_bytes: int = setting(200_000_000, "bytes that a recording fetched by HTTP may have", minimum=1)
    download_s: float = setting(300.0, "seconds that fetching it may take", minimum=1)
    livekit_url: str = setting("", "LiveKit server whose rooms may be watched, ws:// or wss://; empty: none")
    livekit_rooms: tuple[str, ...] = setting(
        ("*",),
        "rooms that may be watched, as gym-* with commas between; {tenant} stands for who asks, as in {tenant}-*",
    )
    livekit_key: str = setting("", "name of the key that opens its rooms")
    livekit_secret: str = setting("", "that key itself, from a secret")
