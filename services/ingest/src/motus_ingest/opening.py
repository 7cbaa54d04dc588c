"""Which source plays what a session asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count

from motus.bus.v1 import control_pb2, frame_pb2
from motus_ingest.live import LiveFeed
from motus_ingest.regions import Regions
from motus_ingest.rooms import Room, SpeakingSource
from motus_ingest.sampling import Sampling
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.av_source import LIVE_SCHEMES, AvSource
from motus_ingest.sources.file_source import FileSource
from motus_ingest.sources.livekit_source import LiveKitSource
from motus_ingest.sources.livekit_target import check_room
from motus_ingest.sources.port import FrameSource
from motus_ingest.sources.url_source import UrlSource
from motus_runtime.tally import Tally

_LIVEKIT = "livekit"
_DROPPED = frozenset({frame_pb2.FRAME_OUTCOME_SUPERSEDED, frame_pb2.FRAME_OUTCOME_LATE})


@dataclass(frozen=True, slots=True)
class Opened:
    """A source and what follows from its kind.

    Attributes:
        source: gives the pictures.
        live: it goes on whether it is watched or not, so the newest picture wins.
        heard: wants pose's answers.
        room: where the session's cues are said; None: nowhere.
    """

    source: FrameSource
    live: bool
    heard: Callable[[frame_pb2.FrameAck], None] | None = None
    room: Room | None = None


def open_source(
    spec: control_pb2.SessionSpec,
    settings: IngestSettings,
    regions: Regions,
    tally: Tally,
    *,
    epoch: int,
    after_s: float | None,
) -> Opened:
    """The source of a session; what is wrong with it shows when it is played.

    Args:
        spec: of the session.
        settings: bounds, and who may be watched.
        regions: where pose sees people.
        tally: counts what becomes of frames and connections.
        epoch: of this owner.
        after_s: time of the last frame that is done; None: none is.
    """
    uri = spec.source.uri
    scheme = uri.partition(":")[0].lower()
    if scheme not in LIVE_SCHEMES | {_LIVEKIT}:
        recording = UrlSource if scheme in ("http", "https") else FileSource
        return Opened(recording(uri, settings, Sampling.behind(settings.max_fps, after_s), regions), live=False)
    room = Room(partial(_in_room, spec, settings, epoch, count())) if scheme == _LIVEKIT else None
    connect = partial(AvSource, uri, settings) if room is None else room.connect
    feed = LiveFeed(connect, settings, regions, tally, spec.create_time_ns, after_s or 0.0)
    return Opened(feed, live=True, heard=partial(_hear, feed), room=room)


def _in_room(
    spec: control_pb2.SessionSpec, settings: IngestSettings, epoch: int, connections: "count[int]"
) -> SpeakingSource:
    check_room(spec.source.uri, settings.livekit_rooms, spec.tenant)
    # Not even the owner's own last connection may be put out by the next before it has left by itself.
    return LiveKitSource(spec.source.uri, settings, f"motus-{spec.session}-{epoch}-{next(connections)}")


def _hear(feed: LiveFeed, ack: frame_pb2.FrameAck) -> None:
    feed.told(lag_ms=ack.lag_ms, dropped=ack.outcome in _DROPPED, wanted_fps=ack.wanted_fps)
