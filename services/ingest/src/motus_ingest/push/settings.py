"""What the operator can tell of what clients push: `MOTUS_INGEST_PUSH_<NAME>`, and where it is served."""

from dataclasses import dataclass

from motus_runtime.rpc.server_settings import ServerSettings
from motus_runtime.settings import setting


@dataclass(frozen=True)
class PushSettings:
    """Bounds of what clients push; frames per second and duration are those of every source."""

    max_frame_bytes: int = setting(400_000, "bytes that a pushed picture may have", minimum=1000, maximum=900_000)
    max_side_px: int = setting(1280, "pixels that its long side may have", minimum=64, maximum=4096)
    max_video_bytes: int = setting(500_000_000, "bytes that a pushed video may have", minimum=1)
    max_spool_bytes: int = setting(2_000_000_000, "bytes of all videos that are kept at a time", minimum=1)
    spool: str = setting("", "folder where they are kept while they are played; empty: the system's for such files")
    silence_s: float = setting(10.0, "a call that brings nothing for so many seconds is ended", minimum=0.1)
    abandoned_s: float = setting(
        120.0, "a session into which nobody pushes for so many seconds ends FAILED", minimum=0.1
    )


@dataclass(frozen=True)
class PushServerSettings(ServerSettings):
    """Where IngestService is served, `MOTUS_INGEST_GRPC_<NAME>`."""

    port: int = setting(7444, "port of IngestService; 0 takes a free one", minimum=0, maximum=65535)
    serve: bool = setting(False, "take what clients push")
