"""Rooms of a real LiveKit server: a client publishes, the source watches and answers."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livekit import api, rtc

from motus_ingest.live import BACK, STALLED, LiveFeed
from motus_ingest.regions import Regions
from motus_ingest.rooms import Room
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.livekit_source import CUE_TOPIC, TEXT_TOPIC, LiveKitSource
from motus_ingest.sources.port import CaptureOrigin, LostError, Picture, Shot, SourceError, Step
from motus_runtime.tally import Tally
from servers.media import LiveKit, livekit_server
from servers.publishing import numbered
from servers.room_publishing import entrance

WIDE, TALL = (320, 180), (180, 320)
WAIT_S = 30.0
FPS = 30


class Phone:
    """A client in a room that films.

    Attributes:
        data: messages that came, with their topics.
        texts: text streams that came, with their attributes.
    """

    def __init__(self, server: LiveKit, room: str, identity: str = "ann") -> None:
        self._server, self._name, self.identity = server, room, identity
        self.room = rtc.Room()
        self.data: asyncio.Queue[tuple[str | None, bytes]] = asyncio.Queue()
        self.texts: asyncio.Queue[tuple[str, dict[str, str]]] = asyncio.Queue()
        self._filming: dict[str, tuple[rtc.LocalVideoTrack, asyncio.Task[None]]] = {}
        self._reading: set[asyncio.Task[None]] = set()

    async def enter(self) -> None:
        """Go into the room."""
        token = entrance(self._server.key, self._server.secret, self._name, self.identity)
        self.room.on("data_received", lambda packet: self.data.put_nowait((packet.topic, packet.data)))
        self.room.register_text_stream_handler(TEXT_TOPIC, self._read)
        await self.room.connect(self._server.url, token)

    async def film(self, name: str = "front", size: tuple[int, int] = WIDE, *, stamped: bool = False, **how) -> str:
        """Publish a track, and return its id."""
        source = rtc.VideoSource(*size)
        track = rtc.LocalVideoTrack.create_video_track(name, source)
        options = rtc.TrackPublishOptions(source=how.get("source", rtc.TrackSource.SOURCE_CAMERA))
        if stamped:
            options.frame_metadata_features.append(rtc.FrameMetadataFeature.FMF_USER_TIMESTAMP)
        publication = await self.room.local_participant.publish_track(track, options)
        rotation = how.get("rotation", rtc.VideoRotation.VIDEO_ROTATION_0)
        task = asyncio.create_task(_capture(source, how.get("sizes", [size]), stamped, rotation))
        self._filming[publication.sid] = (track, task)
        return publication.sid

    def mute(self, sid: str, muted: bool = True) -> None:
        """Mute a track or unmute it."""
        track = self._filming[sid][0]
        track.mute() if muted else track.unmute()

    async def stop(self, sid: str) -> None:
        """Publish a track no more."""
        self._filming.pop(sid)[1].cancel()
        await self.room.local_participant.unpublish_track(sid)

    async def leave(self) -> None:
        """Go out of the room."""
        for _, task in self._filming.values():
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self.room.disconnect()

    def _read(self, reader: rtc.TextStreamReader, sender: str) -> None:
        async def read() -> None:
            self.texts.put_nowait((await reader.read_all(), dict(reader.info.attributes or {})))

        task = asyncio.create_task(read())
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)


async def _capture(source: rtc.VideoSource, sizes: list[tuple[int, int]], stamped: bool, rotation) -> None:
    """Numbered pictures; the size changes each second to the next."""
    start, number = time.monotonic(), 0
    while True:
        size = sizes[min(number // FPS, len(sizes) - 1)]
        pixels = numbered(number, size)
        frame = rtc.VideoFrame(*size, rtc.VideoBufferType.RGB24, bytearray(pixels.tobytes()))
        stamp = rtc.FrameMetadata(user_timestamp=time.time_ns() // 1000) if stamped else None
        source.capture_frame(frame, rotation=rotation, metadata=stamp)
        number += 1
        await asyncio.sleep(max(0.0, start + number / FPS - time.monotonic()))


class Watched:
    """Takes a source's shots until its block ends."""

    def __init__(self, source: LiveKitSource) -> None:
        self.source = source
        self.shots: list[Shot] = []
        self.lost: Exception | None = None
        self.ended = asyncio.Event()
        self._came = asyncio.Event()

    async def take(self) -> None:
        """Until it ends."""
        try:
            async with aclosing(self.source.shots()) as shots:
                async for shot in shots:
                    self.shots.append(shot)
                    self._came.set()
        except (LostError, SourceError) as error:
            self.lost = error
        finally:
            self.ended.set()

    async def until(self, holds: Callable[[Shot], bool], *, more: int = 0) -> Shot:
        """The first shot behind the `more`th for which this holds."""
        seen = more
        async with asyncio.timeout(WAIT_S):
            while True:
                while seen < len(self.shots):
                    if holds(self.shots[seen]):
                        return self.shots[seen]
                    seen += 1
                self._came.clear()
                await self._came.wait()

    async def quiet(self, within_s: float = 0.5) -> None:
        """Wait until nothing has come for a while."""
        async with asyncio.timeout(WAIT_S):
            while True:
                self._came.clear()
                try:
                    async with asyncio.timeout(within_s):
                        await self._came.wait()
                except TimeoutError:
                    return


@asynccontextmanager
async def watching(server: LiveKit, uri: str, **more) -> AsyncIterator[Watched]:
    """A source that is watched within the block."""
    settings = replace(settings_for(server), **more)
    one = Watched(LiveKitSource(uri, settings, f"motus-{time.monotonic_ns()}-1"))
    task = asyncio.create_task(one.take())
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def phone(server: LiveKit, room: str, identity: str = "ann") -> AsyncIterator[Phone]:
    """A client that is in the room within the block."""
    one = Phone(server, room, identity)
    await one.enter()
    try:
        yield one
    finally:
        await one.leave()


def settings_for(server: LiveKit) -> IngestSettings:
    """Settings that open the server's rooms."""
    return IngestSettings(livekit_url=server.url, livekit_key=server.key, livekit_secret=server.secret)


def has_size(size: tuple[int, int]) -> Callable[[Shot], bool]:
    """Says whether a shot has a size."""
    return lambda shot: (shot.frame.width, shot.frame.height) == size


def red(shot: Shot) -> tuple[int, int, int]:
    """The colour at the lower left."""
    pixels = shot.frame.to_ndarray(format="rgb24")
    return tuple(int(value) for value in pixels[-20, 4])


def anything(shot: Shot) -> bool:
    """Holds for every shot."""
    return True


async def test_what_is_filmed_arrives_in_its_size_and_colours(livekit: LiveKit, session: str) -> None:
    """From the camera of somebody who is there already; who filmed first is not asked for by name."""
    async with phone(livekit, session) as ann:
        await ann.film()
        async with watching(livekit, f"livekit://{session}") as watched:
            shot = await watched.until(has_size(WIDE), more=5)
            assert shot.frame.format.name == "yuv420p"
            assert abs(shot.arrived_ns - time.time_ns()) < WAIT_S * 1e9
            assert shot.captured_ns is None
            shot = await watched.until(lambda shot: red(shot)[0] > 150, more=5)
            assert red(shot) == pytest.approx((200, 80, 40), abs=30)


async def test_one_who_comes_later_is_watched_too(livekit: LiveKit, session: str) -> None:
    """The room may be empty at first; nobody sees who watches."""
    async with watching(livekit, f"livekit://{session}/ann") as watched, phone(livekit, session, "bob") as bob:
        await bob.film("front", TALL)
        async with phone(livekit, session, "ann") as ann:
            await ann.film("screen", TALL, source=rtc.TrackSource.SOURCE_SCREENSHARE)
            await ann.film("front", WIDE)
            await watched.until(anything)
            assert all(map(has_size(WIDE), watched.shots))
            assert set(ann.room.remote_participants) == {"bob"}


async def test_the_capture_time_is_the_senders(livekit: LiveKit, session: str) -> None:
    """A publisher that stamps its frames says when they were taken."""
    async with phone(livekit, session) as ann, watching(livekit, f"livekit://{session}") as watched:
        await ann.film(stamped=True)
        shot = await watched.until(lambda shot: shot.captured_ns is not None, more=10)
        assert shot.stamp_s == pytest.approx(shot.captured_ns / 1e9)
        assert 0 < shot.arrived_ns - shot.captured_ns < 2e9


async def test_a_turned_picture_comes_upright(livekit: LiveKit, session: str) -> None:
    """A phone says how it is held instead of turning its pixels."""
    async with phone(livekit, session) as ann, watching(livekit, f"livekit://{session}") as watched:
        await ann.film(rotation=rtc.VideoRotation.VIDEO_ROTATION_90)
        # The bar at the bottom is at the left when it is turned clockwise.
        shot = await watched.until(lambda shot: _redness(shot)[:, 4].max() > 80, more=5)
        assert has_size(TALL)(shot)
        assert _redness(shot)[:, -4].max() < 40


def _redness(shot: Shot) -> np.ndarray:
    pixels = shot.frame.to_ndarray(format="rgb24").astype(int)
    return pixels[:, :, 0] - pixels[:, :, 2]


async def test_a_muted_camera_goes_on_when_it_is_unmuted(livekit: LiveKit, session: str) -> None:
    """In between no frames come, and nothing is lost."""
    async with phone(livekit, session) as ann, watching(livekit, f"livekit://{session}") as watched:
        sid = await ann.film()
        await watched.until(anything)
        ann.mute(sid)
        await watched.quiet()
        before = len(watched.shots)
        ann.mute(sid, False)
        await watched.until(anything, more=before)
        assert not watched.ended.is_set()


async def test_another_camera_of_the_same_phone_takes_over(livekit: LiveKit, session: str) -> None:
    """The tiny black frames of a track that ends are none of its pictures."""
    async with phone(livekit, session) as ann, watching(livekit, f"livekit://{session}/ann") as watched:
        front = await ann.film("front", WIDE)
        await watched.until(has_size(WIDE))
        await ann.film("back", TALL)
        await ann.stop(front)
        await watched.until(has_size(TALL))
        assert {(shot.frame.width, shot.frame.height) for shot in watched.shots} == {WIDE, TALL}


async def test_a_picture_may_change_its_size(livekit: LiveKit, session: str) -> None:
    """As a phone does that is turned; no event tells it."""
    async with phone(livekit, session) as ann, watching(livekit, f"livekit://{session}") as watched:
        await ann.film(sizes=[WIDE, TALL])
        await watched.until(has_size(TALL))


async def test_a_slow_reader_gets_the_newest(livekit: LiveKit, session: str) -> None:
    """What it did not take in time is counted."""
    source = LiveKitSource(f"livekit://{session}", settings_for(livekit), f"motus-{session}-1")
    ages_s = []
    async with phone(livekit, session) as ann, asyncio.timeout(WAIT_S), aclosing(source.shots()) as shots:
        await ann.film(stamped=True)
        async for shot in shots:
            ages_s.append((time.time_ns() - shot.captured_ns) / 1e9)
            if source.overtaken >= 20:
                break
            await asyncio.sleep(0.2)
    assert ages_s[-1] < 0.7


async def test_a_cue_is_received_as_data_and_as_text(livekit: LiveKit, session: str) -> None:
    """By everybody in the room, also by who films; before anybody is connected it is lost, and that is said."""
    async with phone(livekit, session) as ann, watching(livekit, f"livekit://{session}") as watched:
        with pytest.raises(LostError):
            await LiveKitSource(f"livekit://{session}", settings_for(livekit), "motus-x").say("x", b"x")
        await ann.film()
        await watched.until(anything)
        body = json.dumps({"text": "Tiefer!"}).encode()
        await watched.source.say("Tiefer!", body, {"cue_code": "squat_depth_shallow"})
        async with asyncio.timeout(WAIT_S):
            assert await ann.data.get() == (CUE_TOPIC, body)
            assert await ann.texts.get() == ("Tiefer!", {"cue_code": "squat_depth_shallow"})


async def test_a_room_that_is_deleted_ends_it(livekit: LiveKit, session: str) -> None:
    """The other side ended it."""
    async with phone(livekit, session) as ann, watching(livekit, f"livekit://{session}") as watched:
        await ann.film()
        await watched.until(anything)
        async with api.LiveKitAPI(livekit.url, livekit.key, livekit.secret) as operator:
            await operator.room.delete_room(api.DeleteRoomRequest(room=session))
        async with asyncio.timeout(WAIT_S):
            await watched.ended.wait()
        assert watched.lost is None


async def test_who_is_put_out_does_not_come_back(livekit: LiveKit, session: str) -> None:
    """Somebody who may has decided it."""
    async with phone(livekit, session) as ann, watching(livekit, f"livekit://{session}") as watched:
        await ann.film()
        await watched.until(anything)
        async with api.LiveKitAPI(livekit.url, livekit.key, livekit.secret) as operator:
            listed = await operator.room.list_participants(api.ListParticipantsRequest(room=session))
            identity = next(one.identity for one in listed.participants if one.identity != "ann")
            await operator.room.remove_participant(api.RoomParticipantIdentity(room=session, identity=identity))
        async with asyncio.timeout(WAIT_S):
            await watched.ended.wait()
        assert isinstance(watched.lost, SourceError)


async def _only_error(settings: IngestSettings, uri: str = "livekit://gym") -> Exception:
    async with asyncio.timeout(WAIT_S):
        with pytest.raises((LostError, SourceError)) as caught:
            await anext(LiveKitSource(uri, settings, "motus-1-1").shots())
    return caught.value


async def test_a_wrong_key_is_told_without_it(livekit: LiveKit, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the error nor the SDK's log holds the token, nor the key."""
    caplog.set_level(logging.DEBUG)
    secret = "wrong_and_at_least_thirty_two_characters"
    error = await _only_error(replace(settings_for(livekit), livekit_secret=secret))
    assert isinstance(error, SourceError)
    assert str(error) == "The LiveKit server does not accept this server's key."
    async with asyncio.timeout(WAIT_S):
        while "(token)" not in caplog.text:  # the SDK logs from a thread of its own, a little later
            await asyncio.sleep(0.01)
    assert "eyJ" not in caplog.text
    assert secret not in caplog.text


async def test_a_server_that_is_not_there_is_tried_again() -> None:
    """It may come."""
    nowhere = IngestSettings(livekit_url="ws://127.0.0.1:1", livekit_key="k", livekit_secret="s" * 32)
    error = await _only_error(nowhere)
    assert isinstance(error, LostError)
    assert str(error) == "The LiveKit server was not to be reached."


@pytest.mark.parametrize("missing", ["livekit_url", "livekit_key", "livekit_secret"])
async def test_what_the_operator_left_out_is_told(missing: str) -> None:
    """By the variable's name."""
    whole = IngestSettings(livekit_url="ws://127.0.0.1:1", livekit_key="k", livekit_secret="s" * 32)
    error = await _only_error(replace(whole, **{missing: ""}))
    assert isinstance(error, SourceError)
    assert missing.removeprefix("livekit_").upper() in str(error)


async def _entered(server: LiveKit, room: str) -> set[str]:
    """Who is in a room, also who is hidden."""
    async with api.LiveKitAPI(server.url, server.key, server.secret) as operator:
        listed = await operator.room.list_participants(api.ListParticipantsRequest(room=room))
        return {one.identity for one in listed.participants}


async def test_who_gives_up_while_entering_leaves_the_room(livekit: LiveKit, session: str) -> None:
    """The SDK goes on by itself when it is cancelled, and would stay there for ever."""
    async with phone(livekit, session, "ann"):
        trying = asyncio.create_task(anext(LiveKitSource(f"livekit://{session}", settings_for(livekit), "m").shots()))
        async with asyncio.timeout(WAIT_S):
            while "m" not in await _entered(livekit, session):
                pass
            trying.cancel()
            await asyncio.wait({trying})
            while "m" in await _entered(livekit, session):
                pass


async def test_a_feed_plays_a_room_and_outlives_its_server(livekit: LiveKit, tmp_path: Path, session: str) -> None:
    """Pictures with the sender's capture time; what breaks is told, and so is its end."""
    with livekit_server(tmp_path) as server:
        settings = replace(settings_for(server), silence_s=0.7, connect_s=5.0)
        room = Room(lambda: LiveKitSource(f"livekit://{session}", settings, f"motus-{session}-1"))
        feed = LiveFeed(room.connect, settings, Regions(), Tally("ingest"), time.time_ns())
        async with asyncio.timeout(WAIT_S), phone(server, session) as ann, aclosing(feed.steps()) as steps:
            await ann.film(stamped=True)
            picture = await _next_of(steps, lambda step: getattr(step, "origin", None) == CaptureOrigin.SENDER)
            assert (picture.width, picture.height) == WIDE
            await room.say("Up", b"{}")
            assert await ann.texts.get() == ("Up", {})
            server.server.kill()
            await _next_of(steps, lambda step: step == STALLED)
            with pytest.raises(LostError):
                await room.say("Down", b"{}")
            server.server.start()
            await _next_of(steps, lambda step: step == BACK)
            await _next_of(steps, lambda step: isinstance(step, Picture) and step.t_s > picture.t_s)


async def _next_of(steps: AsyncGenerator[Step, None], holds: Callable[[Step], bool]) -> Any:
    async for step in steps:
        if holds(step):
            return step
    raise AssertionError("a feed has no end")


async def test_a_server_that_is_back_soon_is_entered_again_in_place(
    livekit: LiveKit, tmp_path: Path, session: str
) -> None:
    """The SDK mends it; the tracks are others then, and are subscribed again."""
    with livekit_server(tmp_path) as server:
        async with phone(server, session) as ann, watching(server, f"livekit://{session}") as watched:
            await ann.film()
            await watched.until(anything)
            server.server.kill()
            await watched.quiet()
            before = len(watched.shots)
            server.server.start()
            await watched.until(anything, more=before)
            assert not watched.ended.is_set()


@pytest.mark.slow
async def test_a_server_that_stays_away_is_lost(livekit: LiveKit, tmp_path: Path, session: str) -> None:
    """What the SDK gave up on is tried anew by whoever connects; that works once the server is back."""
    with livekit_server(tmp_path) as server:
        async with phone(server, session) as ann, watching(server, f"livekit://{session}") as watched:
            await ann.film()
            await watched.until(anything)
            server.server.kill()
            async with asyncio.timeout(90):
                await watched.ended.wait()
            assert isinstance(watched.lost, LostError)
            server.server.start()
            async with phone(server, session, "bob") as bob, watching(server, f"livekit://{session}") as again:
                await bob.film()
                await again.until(anything)
